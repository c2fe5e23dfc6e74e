/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ENode: the FIP client of one Ethernet port, and the encapsulation for its VN_Ports [FC-BB-5
 * 7.7, 7.8]. It finds a VLAN (where wanted) and an FCF, logs the VN_Ports in (FLOGI for the first,
 * FDISC for the others), keeps them alive and starts anew when the FCF is gone or clears a link.
 *
 * What this is not: an N_Port: what comes inside frames is for proto/fc/initiator.h. Sans-IO:
 * frames in, frames out, time as a value.
 *
 * Use: make; link(up); feed every frame that arrives; then until there is nothing: next (events),
 * emit and sent. Events say when a VN_Port has an address and when it has lost it.
 */
#ifndef LQ_PROTO_FCOE_ENODE_H
#define LQ_PROTO_FCOE_ENODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/slice.h"
#include "core/env.h"
#include "proto/fcoe/fcoe.h"

struct lq_enode;

enum { LQ_ENODE_PORTS_MAX = 8, LQ_ENODE_NO_PORT = UINT16_MAX };

struct lq_enode_config {
    uint64_t mac, node_name;
    uint32_t port_count; /* 1..LQ_ENODE_PORTS_MAX */
    uint64_t port_names[LQ_ENODE_PORTS_MAX];
    bool discovers_vlan; /* asks for the VLAN first; else VLAN is it */
    uint16_t vlan;       /* 0: frames have no tag */
    bool server_provided; /* asks for its own MAC address as VN_Port's (SPMA; one port only) */
    uint32_t data_bytes_max; /* data fields that we take: 256..2112, a multiple of 4 */
    uint64_t select_ns; /* from the first solicited advertisement to the choice of an FCF */
    uint64_t retry_ns;  /* solicitations and VLAN requests are repeated after it */
    uint64_t login_timeout_ns; /* an unanswered login is repeated after it */
    uint32_t login_tries;      /* then another FCF is looked for */
    uint64_t vn_keep_alive_ns; /* 90 s [FC-BB-5] */
    uint16_t first_ox_id;
};

/* One port, no VLAN, 2112 bytes, 100 ms, 1 s, 2 s, 3 tries, 90 s, OX_ID 1. No names. */
extern const struct lq_enode_config lq_enode_config_default;

/* Carves one, its link down, from ARENA (NULL from a measuring one). ENV outlives it. */
struct lq_enode *lq_enode_make(struct lq_arena *arena, const struct lq_enode_config *config,
                               struct lq_env *env);

/* The Ethernet link came up: discovery begins. Or went down: all addresses are lost at once. */
void lq_enode_link(struct lq_enode *enode, bool is_up);

/* Gives the address of PORT back (FIP LOGO); of port 0 that of all. DOWN follows; only link(up)
 * after a link(down), or login, brings it back. Harmless when it has none. */
void lq_enode_logout(struct lq_enode *enode, uint32_t port);
void lq_enode_login(struct lq_enode *enode, uint32_t port);

enum lq_enode_event_kind {
    LQ_ENODE_UP = 1, /* fc_id and data_bytes_max */
    LQ_ENODE_DOWN,
    LQ_ENODE_REJECTED /* the login, by reason and explanation; it is tried again */
};

struct lq_enode_event {
    enum lq_enode_event_kind kind;
    uint32_t port;
    uint32_t fc_id;
    uint32_t data_bytes_max; /* what the fabric and we both carry */
    uint8_t reason, explanation;
};

/* The next event; false: there is none. To be asked after each call that is not a look. */
bool lq_enode_next(struct lq_enode *enode, struct lq_enode_event *event);

/* --- frames -------------------------------------------------------------------------------- */

/* A frame arrived. Returns the VN_Port for which there is an FC frame in it, whose payload points
 * into BYTES; LQ_ENODE_NO_PORT: it was FIP, or was dropped. */
uint32_t lq_enode_feed(struct lq_enode *enode, const uint8_t *bytes, uint32_t size_bytes,
                       struct lq_fc_frame *frame);

/* The next FIP frame to be sent; without bytes: none. Valid until sent. */
struct lq_slice lq_enode_emit(struct lq_enode *enode);
void lq_enode_sent(struct lq_enode *enode);

/* What goes around the payload of FRAME, which PORT sends. False: it has no address. */
bool lq_enode_encapsulate(const struct lq_enode *enode, uint32_t port,
                          const struct lq_fc_frame *frame, struct lq_fcoe_ends *ends);

uint64_t lq_enode_deadline(const struct lq_enode *enode);
void lq_enode_expire(struct lq_enode *enode);

/* --- looking inside ------------------------------------------------------------------------ */

struct lq_enode_counts {
    uint64_t solicitations, logins, cleared, timeouts;
    uint64_t dropped; /* frames that make no sense or are not for us */
};

struct lq_enode_counts lq_enode_counts(const struct lq_enode *enode);

/* The address of PORT; 0: none. */
uint32_t lq_enode_address(const struct lq_enode *enode, uint32_t port);

/* Mixes in all that its future depends on. */
void lq_enode_digest(const struct lq_enode *enode, struct lq_digest *digest);

#endif
