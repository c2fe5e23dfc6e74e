/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Fibre Channel target endpoint: the N_Ports of a shard's targets [FC-FS-3, FC-LS-2], their
 * logins, and the mapping of FCP [FCP-4] to the engine's services. Sans-IO: whole frames in, whole
 * frames out, time as a value. Class 3.
 *
 * What this is not: a link, a fabric or a SCSI device server. Addresses come from whoever owns the
 * link (attach); how frames get to their destination is its matter, too. One object serves all
 * N_Ports of a shard. Who uses it: proto/fcoe, which stands between it and a frame device.
 *
 * Rules of every call: `now` is env->now_ns, written by the world before. Input is pushed (feed,
 * attach, detach, expire), output is pulled (emit). Nothing that a peer sends is an error of the
 * program: what is no frame of an exchange is counted and dropped, or answered as FC-LS says.
 *
 * Who logs in and what it costs: PLOGI makes a remote N_Port known to a port, PRLI establishes its
 * I_T nexus (named by both port names). LOGO and PRLO are answered when the engine has ended all
 * commands of the nexus (LQ_TRIGGER_LOGOUT); a new PLOGI or PRLI replaces it
 * (LQ_TRIGGER_REINSTATEMENT), and PRLI is answered when the old one has ended; detach loses it
 * (LQ_TRIGGER_NEXUS_LOSS).
 */
#ifndef LQ_PROTO_FC_TARGET_H
#define LQ_PROTO_FC_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/engine.h"
#include "proto/fc/frame.h"

struct lq_fc_target;

/* An N_Port of a target. */
struct lq_fc_port_config {
    uint16_t target;      /* the engine's SCSI target device */
    uint16_t target_port; /* its relative target port identifier [SPC-5], from 1; different
                             from those of the target's ports of other transports */
    uint64_t port_name, node_name; /* World Wide Names [FC-FS-3, Name_Identifiers] */
};

/* Whose FCP_RSP asks for FCP_CONF, when both sides can [FCP-4, FCP_CONF_REQ]. */
enum lq_fc_confirm {
    LQ_FC_CONFIRM_ATTENTIONS, /* what the engine must know delivered: unit attentions */
    LQ_FC_CONFIRM_DATA,       /* and, when RETRY is agreed, what has sent data, which is kept for
                                 retransmission until then */
    LQ_FC_CONFIRM_ALL
};

struct lq_fc_target_config {
    uint32_t port_count; /* at least 1 */
    const struct lq_fc_port_config *ports; /* copied; N_Port p is the p-th of them */
    uint32_t remotes_max;   /* remote N_Ports logged in at once, all ports together */
    uint32_t exchanges_max; /* SCSI exchanges known at once, those included that are held for
                               R_A_TOV; a power of two, 32..16384. What comes beyond is answered
                               BUSY */
    uint32_t replies_max;   /* link service frames and refusals that wait to be sent; at least 16.
                               Requests beyond are dropped, as if lost */
    uint32_t units_max;     /* logical units whose CRN is followed, for each remote N_Port */
    uint32_t data_bytes_max;  /* largest data field that we take: 256..2112, a multiple of 4 */
    uint32_t burst_bytes_max; /* Data-Out that one FCP_XFER_RDY asks for, at most */
    uint64_t e_d_tov_ns, r_a_tov_ns; /* [FC-FS-3]: 2 s, 10 s */
    uint64_t rr_tov_ns;    /* how long an FCP_CONF is waited for and a status is remembered for REC
                              and SRR [FCP-4, RR_TOV] */
    uint64_t data_timeout_ns; /* Data-Out without progress ends the command; 0: never */
    bool offers_retry, offers_confirm; /* RETRY and CONFIRMED COMPLETION ALLOWED of PRLI */
    bool precise_delivery; /* commands with CRN other than 0 are taken in its order, per logical
                              unit, as if EPDC were set [FCP-4, precise delivery] */
    enum lq_fc_confirm confirm;
    uint16_t first_ox_id; /* of requests that we originate; worlds start it near its wrap */
    uint16_t first_rx_generation; /* likewise of RX_IDs */
};

/* 64 remotes, 1024 exchanges, 64 replies, 64 units, 2112 bytes, 256 KiB bursts, 2 s, 10 s, 9 s,
 * 30 s, retry, confirm and precise delivery, LQ_FC_CONFIRM_DATA, ids from 1. No ports. */
extern const struct lq_fc_target_config lq_fc_target_config_default;

/* NULL, or one sentence saying which value of CONFIG is wrong and what is expected. */
const char *lq_fc_target_config_check(const struct lq_fc_target_config *config);

/* Carves the endpoint from ARENA (NULL from a measuring one). ENV and ENGINE outlive it. */
struct lq_fc_target *lq_fc_target_make(struct lq_arena *arena,
                                       const struct lq_fc_target_config *config,
                                       struct lq_env *env, struct lq_engine *engine);

/* --- the link ------------------------------------------------------------------------------ */

/*
 * N_Port PORT has address FC_ID (24 bits, not 0), and frames with data fields of DATA_BYTES_MAX
 * can pass its link (what the fabric's service parameters or the link's MTU allow; 256..2112).
 * A port that is attached already, with another address, is detached first.
 */
void lq_fc_target_attach(struct lq_fc_target *target, uint32_t port, uint32_t fc_id,
                         uint32_t data_bytes_max);

/* The port's link or address is gone: every login of it ends without a frame (I_T nexus loss).
 * Harmless when it has none. */
void lq_fc_target_detach(struct lq_fc_target *target, uint32_t port);

bool lq_fc_target_is_attached(const struct lq_fc_target *target, uint32_t port);

/* The port's address; 0: none. */
uint32_t lq_fc_target_address(const struct lq_fc_target *target, uint32_t port);

/* Sends PLOGI to the N_Port at REMOTE_FC_ID, unless it is logged in or asked already (VN2VN: the
 * N_Port with the greater name begins [FC-BB-6]). Given up silently after three tries. */
void lq_fc_target_greet(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id);

/* The N_Port at REMOTE_FC_ID is gone (a fabric's or VN2VN's word, not its own): its login ends
 * without a frame (I_T nexus loss). Unknown: ignored. */
void lq_fc_target_forget(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id);

/* Sends LOGO to the N_Port at REMOTE_FC_ID, which PORT has logged in; 0: to all of them. Its login
 * is over at once (I_T nexus loss). Unknown: ignored. */
void lq_fc_target_log_out(struct lq_fc_target *target, uint32_t port, uint32_t remote_fc_id);

/* --- frames -------------------------------------------------------------------------------- */

/* A frame arrived for PORT, its CRC being right. Its D_ID is compared with the port's address. The
 * payload is only looked at during the call. */
void lq_fc_target_feed(struct lq_fc_target *target, uint32_t port,
                       const struct lq_fc_frame *frame);

/*
 * The next frame to be sent, and the port that sends it: always the same until lq_fc_target_sent.
 * False: there is none. The payload is valid until sent, which has to come before any other call
 * that is not a look. Exchanges take turns frame by frame.
 */
bool lq_fc_target_emit(struct lq_fc_target *target, uint32_t *port, struct lq_fc_frame *frame);

/* The emitted frame has been taken: sent, or lost on the way. */
void lq_fc_target_sent(struct lq_fc_target *target);

/* --- time and end -------------------------------------------------------------------------- */

/* When lq_fc_target_expire wants to be called; LQ_NEVER (core/base/heap.h) when not at all. */
uint64_t lq_fc_target_deadline(const struct lq_fc_target *target);
void lq_fc_target_expire(struct lq_fc_target *target);

/* Graceful stop: all commands end as with an I_T nexus loss, and a LOGO goes to every remote
 * N_Port; new logins get LS_RJT (logical busy). */
void lq_fc_target_shutdown(struct lq_fc_target *target);

/* --- looking inside ------------------------------------------------------------------------ */

struct lq_fc_target_counts {
    uint32_t remotes, remotes_free;       /* remote N_Ports logged in, or ending */
    uint32_t nexuses;                     /* of these with an I_T nexus */
    uint32_t exchanges, exchanges_free;   /* under way; free also counts what may be taken over */
    uint32_t replies_free;
    uint64_t frames_in, frames_out;
    uint64_t dropped;      /* frames for no exchange, of nobody logged in, or out of place */
    uint64_t logins, logouts, reinstatements, rejects; /* LS_RJT, FCP_RJT and BA_RJT sent */
    uint64_t aborts;       /* ABTS answered by BA_ACC */
    uint64_t recoveries;   /* SRR accepted */
};

struct lq_fc_target_counts lq_fc_target_counts(const struct lq_fc_target *target);

/* The transport's own table, for those who name it. */
extern const struct lq_transport lq_fc_transport;

/* Mixes in all that the endpoint's future depends on. */
void lq_fc_target_digest(const struct lq_fc_target *target, struct lq_digest *digest);

#endif
