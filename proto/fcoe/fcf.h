/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An FCoE Forwarder's FIP side [FC-BB-5 7.7, 7.8]: it advertises itself, takes logins (FLOGI,
 * FDISC, LOGO) for a fabric, keeps a virtual link for each N_Port behind Ethernet, and lets it go
 * when nobody keeps it alive.
 *
 * What this is not: it carries no FCoE frame (station.h) and knows no FC service
 * (proto/fc/fabric.h).
 *
 * A virtual link is a number, 0..links_max-1: what the fabric calls the N_Port's link. It ends by
 * LOGO, by a new FLOGI of its ENode, by 2.5 periods without keep alive, or by our word (clear);
 * then the N_Port is detached from the fabric, and but for LOGO the ENode is told by Clear Virtual
 * Links.
 */
#ifndef LQ_PROTO_FCOE_FCF_H
#define LQ_PROTO_FCOE_FCF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/env.h"
#include "proto/fc/fabric.h"
#include "proto/fcoe/outbox.h"

struct lq_fcf;

enum { LQ_FCF_FC_MAP = 0x0efc00, LQ_FCF_FKA_MS = 8000, LQ_FIP_VN_KEEP_ALIVE_MS = 90000 };

struct lq_fcf_config {
    uint64_t mac;
    uint64_t switch_name, fabric_name;
    uint32_t fc_map;
    uint8_t priority;
    uint32_t fka_adv_period_ms; /* 250..90000 */
    bool wants_no_keep_alive;   /* the D bit */
    bool fabric_provided, server_provided; /* kinds of MAC addresses that are taken; at least one */
    uint16_t vlan;              /* 0: frames have no tag */
    uint32_t links_max;
};

/* 0EFC00h, priority 128, 8 s, keep alives, both kinds, no tag, 126 links. No names. */
extern const struct lq_fcf_config lq_fcf_config_default;

/* Carves one from ARENA (NULL from a measuring one). The others outlive it. */
struct lq_fcf *lq_fcf_make(struct lq_arena *arena, const struct lq_fcf_config *config,
                           struct lq_env *env, struct lq_fc_fabric *fabric,
                           struct lq_fip_outbox *outbox);

/* The Ethernet link came up (advertises at once) or went down (all virtual links end unsaid). */
void lq_fcf_link(struct lq_fcf *fcf, bool is_up);

/* A FIP operation arrived. */
void lq_fcf_fip(struct lq_fcf *fcf, const struct lq_ethernet *ethernet,
                const struct lq_fip_message *message);

/* True when a frame of S_ID may come from SOURCE [FC-BB-5 D.4]; it shows that somebody is there. */
bool lq_fcf_accepts(struct lq_fcf *fcf, uint64_t source, uint32_t s_id);

/* The MAC address at the other end of LINK; 0: it is not there. */
uint64_t lq_fcf_mac(const struct lq_fcf *fcf, uint32_t link);

/* Ends the virtual link of the N_Port at FC_ID, all links when that is 0, and says so. */
void lq_fcf_clear(struct lq_fcf *fcf, uint32_t fc_id);

/* COUNT of the FLOGIs and FDISCs that come next get LS_RJT (busy); 0: none any more. */
void lq_fcf_refuse(struct lq_fcf *fcf, uint32_t count);

uint64_t lq_fcf_deadline(const struct lq_fcf *fcf);
void lq_fcf_expire(struct lq_fcf *fcf);

struct lq_fcf_counts {
    uint32_t links;
    uint64_t solicitations, logins, logouts, rejects, timeouts, cleared;
    uint64_t ignored; /* operations that are not for an FCF, of strangers, or out of place */
};

struct lq_fcf_counts lq_fcf_counts(const struct lq_fcf *fcf);

/* Mixes in all that its future depends on, but for fabric and outbox. */
void lq_fcf_digest(const struct lq_fcf *fcf, struct lq_digest *digest);

#endif
