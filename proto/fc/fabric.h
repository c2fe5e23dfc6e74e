/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A minimal fabric [FC-SW, FC-LS-2, FC-GS-6]: addresses for N_Ports that log in, the F_Port
 * controller (FFFFFEh), the directory server (FFFFFCh) and the fabric controller with its state
 * change notifications (FFFFFDh).
 *
 * What this is not: a link. It knows FC frames and, for each N_Port, a number that its user gave
 * (link); how frames get there is the user's (proto/fcoe/fcf.h). Nor does it zone: everybody sees
 * everybody. Sans-IO, time as a value, class 3.
 *
 * N_Ports come by attach (of the shard itself: they register nothing, all is said at once) or by
 * login (FLOGI, FDISC), and go by detach. The same port name gets the same address again as long as
 * addresses are plenty. Whoever has registered for state changes (SCR) is told of each N_Port that
 * comes, goes or registers FCP; a notification that is not accepted within 2 E_D_TOV is repeated,
 * LQ_FC_FABRIC_TRIES times in all, and gathers what changed meanwhile.
 */
#ifndef LQ_PROTO_FC_FABRIC_H
#define LQ_PROTO_FC_FABRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/env.h"
#include "proto/fc/els.h"
#include "proto/fc/frame.h"

struct lq_fc_fabric;

enum { LQ_FC_FABRIC_PORTS_MAX = 126, LQ_FC_FABRIC_TRIES = 4 };

#define LQ_FC_NO_LINK UINT32_MAX

struct lq_fc_fabric_config {
    uint64_t fabric_name;
    uint64_t port_name;  /* of F_Ports and well-known addresses */
    uint32_t ports_max;  /* N_Ports at once: 1..LQ_FC_FABRIC_PORTS_MAX */
    uint32_t frames_max; /* that wait to be sent, at least 16; what comes beyond is dropped */
    uint8_t domain;      /* first byte of addresses: 1..EFh */
    uint16_t data_bytes_max; /* receive data field size of F_Ports: 256..2112 */
    uint32_t e_d_tov_ms, r_a_tov_ms;
    uint16_t first_ox_id;
};

/* 126 ports, 64 frames, domain 1, 2112 bytes, 2 s, 10 s, OX_ID 1. No names. */
extern const struct lq_fc_fabric_config lq_fc_fabric_config_default;

/* Carves a fabric from ARENA (NULL from a measuring one). ENV outlives it. */
struct lq_fc_fabric *lq_fc_fabric_make(struct lq_arena *arena,
                                       const struct lq_fc_fabric_config *config,
                                       struct lq_env *env);

/* --- N_Ports come and go ------------------------------------------------------------------- */

/* An FCP target of our own. Returns its address, 0 when there are ports_max. */
uint32_t lq_fc_fabric_attach(struct lq_fc_fabric *fabric, uint32_t link, uint64_t port_name,
                             uint64_t node_name);

/* Decides on REQUEST, FLOGI or FDISC, of an N_Port behind LINK, and makes the reply. Returns the
 * N_Port's address, 0 when the reply is a reject. An N_Port of this name that was logged in already
 * keeps its address and starts anew (the caller ends its old link). */
uint32_t lq_fc_fabric_login(struct lq_fc_fabric *fabric, uint32_t link,
                            const struct lq_fc_els *request, struct lq_fc_els *reply);

/* The N_Port is gone: what it registered is forgotten, the others are told. Unknown: ignored. */
void lq_fc_fabric_detach(struct lq_fc_fabric *fabric, uint32_t fc_id);

/* Tells those who registered for it that something about FC_ID may have changed; 0: all. */
void lq_fc_fabric_notify(struct lq_fc_fabric *fabric, uint32_t fc_id);

/* Who has FC_ID; LQ_FC_NO_LINK: nobody. */
uint32_t lq_fc_fabric_link(const struct lq_fc_fabric *fabric, uint32_t fc_id);

/* How long data fields of frames to FC_ID may be. */
uint32_t lq_fc_fabric_data_bytes(const struct lq_fc_fabric *fabric, uint32_t fc_id);

/* --- frames -------------------------------------------------------------------------------- */

/* True for addresses that the fabric itself answers at. */
static inline bool lq_fc_fabric_is_server(uint32_t d_id)
{
    return d_id >= UINT32_C(0xfffff0);
}

/* A frame for one of these addresses, or (copied) from one N_Port to another. */
void lq_fc_fabric_feed(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame);

/* The next frame to be sent to the N_Port that has its D_ID: always the same until sent. */
bool lq_fc_fabric_emit(struct lq_fc_fabric *fabric, struct lq_fc_frame *frame);
void lq_fc_fabric_sent(struct lq_fc_fabric *fabric);

/* When expire wants to be called; LQ_NEVER when not at all. */
uint64_t lq_fc_fabric_deadline(const struct lq_fc_fabric *fabric);
void lq_fc_fabric_expire(struct lq_fc_fabric *fabric);

/* --- looking inside ------------------------------------------------------------------------ */

struct lq_fc_fabric_counts {
    uint32_t ports, frames_waiting;
    uint64_t logins, notifications, rejects;
    uint64_t dropped; /* frames that nobody here understands, of strangers, or for want of room */
};

struct lq_fc_fabric_counts lq_fc_fabric_counts(const struct lq_fc_fabric *fabric);

/* Mixes in all that the fabric's future depends on. */
void lq_fc_fabric_digest(const struct lq_fc_fabric *fabric, struct lq_digest *digest);

#endif
