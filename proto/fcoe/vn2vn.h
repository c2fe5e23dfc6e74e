/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VN2VN [FC-BB-6]: VN_Ports on one Ethernet without an FCF choose their N_Port_IDs themselves
 * (probe, claim), find each other (claim, beacon) and exchange service parameters (FLOGI inside
 * FIP), which is answered here, not begun: targets wait for initiators.
 *
 * What this is not: an N_Port: who sends PLOGI is told by events, and FCoE frames are its user's.
 * Sans-IO, time as a value.
 *
 * Each VN_Port probes twice for an address, claims it, and is up when nobody objected for long
 * enough. Then it says so by beacons; peers are there once they claimed an address and send
 * beacons, and gone when these have stopped for two and a half periods.
 */
#ifndef LQ_PROTO_FCOE_VN2VN_H
#define LQ_PROTO_FCOE_VN2VN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/env.h"
#include "proto/fcoe/outbox.h"

struct lq_vn2vn;

enum { LQ_VN2VN_FC_MAP = 0x0efd00 };

#define LQ_VN2VN_NO_PORT UINT32_MAX

struct lq_vn2vn_port_config {
    uint64_t port_name, node_name;
    uint16_t first_id; /* that is tried first, not 0 */
    bool is_target, is_initiator; /* FC-4 features of claims */
};

struct lq_vn2vn_config {
    uint64_t mac; /* of the ENode; all its VN_Ports have it in common */
    uint16_t vlan;
    uint32_t port_count;
    const struct lq_vn2vn_port_config *ports; /* copied */
    uint32_t peers_max; /* known at once; what comes beyond is ignored */
    uint32_t data_bytes_max; /* data fields that we take */
    uint64_t probe_wait_ns, announce_wait_ns, beacon_period_ns;
};

/* 32 peers, 2112 bytes, 100 ms, 400 ms, 8 s [FC-BB-6]. No ports. */
extern const struct lq_vn2vn_config lq_vn2vn_config_default;

/* Carves one, its link down, from ARENA (NULL from a measuring one). ENV and OUTBOX outlive it. */
struct lq_vn2vn *lq_vn2vn_make(struct lq_arena *arena, const struct lq_vn2vn_config *config,
                               struct lq_env *env, struct lq_fip_outbox *outbox);

/* The Ethernet link came up: ports look for addresses. Or went down: all is lost at once. */
void lq_vn2vn_link(struct lq_vn2vn *vn2vn, bool is_up);

enum lq_vn2vn_event_kind {
    LQ_VN2VN_UP = 1,  /* PORT has FC_ID */
    LQ_VN2VN_DOWN,    /* PORT has lost it: somebody else claims it, or the link is down */
    LQ_VN2VN_PEER,    /* the peer at FC_ID, of NAME, has logged in to PORT (FLOGI): of both, the
                         one of the greater name sends PLOGI */
    LQ_VN2VN_PEER_GONE /* the peer at FC_ID, for all ports */
};

struct lq_vn2vn_event {
    enum lq_vn2vn_event_kind kind;
    uint32_t port;
    uint32_t fc_id;
    uint64_t name;
};

/* The next event; false: there is none. To be asked after each call that is not a look. */
bool lq_vn2vn_next(struct lq_vn2vn *vn2vn, struct lq_vn2vn_event *event);

/* A FIP operation arrived. */
void lq_vn2vn_fip(struct lq_vn2vn *vn2vn, const struct lq_ethernet *ethernet,
                  const struct lq_fip_message *message);

/* The port that has FC_ID; LQ_VN2VN_NO_PORT: none. */
uint32_t lq_vn2vn_port(const struct lq_vn2vn *vn2vn, uint32_t fc_id);

/* The VN_Port MAC address of the peer at FC_ID; 0: there is none. */
uint64_t lq_vn2vn_peer_mac(const struct lq_vn2vn *vn2vn, uint32_t fc_id);

uint64_t lq_vn2vn_deadline(const struct lq_vn2vn *vn2vn);
void lq_vn2vn_expire(struct lq_vn2vn *vn2vn);

struct lq_vn2vn_counts {
    uint32_t peers;
    uint64_t claims, conflicts, logins;
    uint64_t ignored;
};

struct lq_vn2vn_counts lq_vn2vn_counts(const struct lq_vn2vn *vn2vn);

/* Mixes in all that its future depends on, but for the outbox. */
void lq_vn2vn_digest(const struct lq_vn2vn *vn2vn, struct lq_digest *digest);

#endif
