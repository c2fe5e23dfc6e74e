/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target endpoint's inside, shared by its sources only (target.c, output.c, exchange.c,
 * remote.c, link_services.c, command.c, data.c, abort.c, recovery.c, transport.c,
 * target_digest.c).
 *
 * Who owns what: the target owns all slots. A remote N_Port is a slot for as long as it is logged
 * in or its nexus is ending. An exchange belongs to a remote from its first frame until its end,
 * and then keeps its identity: what ended with FCP_RSP is remembered for REC and SRR, what ended
 * without is held for R_A_TOV. Replies are frames that belong to no exchange of ours.
 *
 * The engine calls transport.c from inside our calls to it; what that notes is acted upon by
 * lq_fct_settle(), at the end of every entry point.
 */
#ifndef LQ_PROTO_FC_TARGET_STATE_H
#define LQ_PROTO_FC_TARGET_STATE_H

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "core/base/list.h"
#include "proto/fc/els.h"
#include "proto/fc/fcp.h"
#include "proto/fc/ranges.h"
#include "proto/fc/target.h"
#include "proto/fc/wrongs.h"

enum {
    LQ_FCT_RESERVED = 8, /* exchanges that are kept for task management */
    LQ_FCT_REPLIES_RESERVED = 8, /* replies that are kept for answers that somebody waits for */
    LQ_FCT_GREET_TRIES = 3
};

/* Something that will become frames when the world pulls. */
enum lq_fct_output_kind { LQ_FCT_OUT_REPLY, LQ_FCT_OUT_EXCHANGE };

struct lq_fct_output {
    struct lq_link link;
    uint8_t kind; /* enum lq_fct_output_kind */
};

/* A frame that is complete. */
struct lq_fct_reply {
    struct lq_fct_output output;
    uint32_t port;
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
};

/* --- exchanges -------------------------------------------------------------------------------- */

enum lq_fct_exchange_state {
    LQ_FCT_FREE,
    LQ_FCT_HELD,    /* waits for a lower CRN */
    LQ_FCT_ACTIVE,  /* with the engine */
    LQ_FCT_ENDED,   /* the engine has ended it: data and FCP_RSP go out */
    LQ_FCT_CONFIRM, /* FCP_RSP is out, FCP_CONF awaited */
    LQ_FCT_ABORTED, /* it will do nothing more, but ABTS is not answered yet */
    LQ_FCT_DONE,    /* over; its FCP_RSP is remembered */
    LQ_FCT_DEAD     /* over without FCP_RSP; its identity is held */
};

struct lq_fct_remote;

struct lq_fct_exchange {
    struct lq_link link;       /* target's reusable or dead exchanges, or remote's */
    struct lq_link timer_link; /* target's bursts, confirms or holes, oldest since_ns first */
    struct lq_link todo_link;  /* the engine is told next that its window is filled */
    struct lq_fct_output output;
    struct lq_fct_exchange *hash_next;
    struct lq_fct_remote *remote;
    uint32_t index, generation;
    uint32_t port, s_id;
    uint16_t ox_id, rx_id;
    uint8_t state; /* enum lq_fct_exchange_state */
    bool is_tm, hashed;
    uint8_t seq_id; /* of our next sequence */
    uint64_t since_ns;     /* of timer_link; DEAD, DONE: its end */
    uint32_t task_retry_id; /* parameter field of its FCP_CMND */
    lq_task task;
    struct lq_fcp_cmnd cmnd;

    /* ABTS under way */
    bool abts;
    bool engine_done; /* ABORTED, DEAD: nothing of the command is left in the engine */
    uint8_t abts_seq_id;

    /* Data-In */
    const uint8_t *in;
    uint32_t in_bytes, in_sent, in_seq_cnt;
    bool in_open; /* a sequence has begun */

    /* Data-Out: the engine's window, and the burst of it that has been asked for */
    uint8_t *window; /* NULL: none is open */
    uint32_t window_offset, window_bytes;
    uint32_t burst_offset, burst_bytes;
    struct lq_fc_ranges ranges; /* of the burst that has come */
    uint32_t last_end; /* where the last frame of its sequence ends; 0: not seen */
    bool send_ready, ready_sent; /* FCP_XFER_RDY of the burst */
    bool data_wrong;             /* FCP_DATA was not what was asked for */
    uint8_t rsp_code;            /* of FCP_RSP_INFO, when has_info */
    uint32_t rsp_information;    /* 24 bits before it [FCP-4, FCP_RSP_INFO] */

    /* FCP_RSP */
    bool send_rsp, rsp_sent, has_info, engine_confirm, asks_confirm;
    uint8_t status, flags;
    uint32_t residual, bidi_residual;
    uint32_t sense_bytes;
    uint8_t sense[LQ_SENSE_BYTES_MAX];
};

/* --- remote N_Ports --------------------------------------------------------------------------- */

enum lq_fct_nexus_state { LQ_FCT_NO_NEXUS, LQ_FCT_NEXUS, LQ_FCT_NEXUS_ENDING };

/* The next CRN of a logical unit, and those beyond it that need not be waited for. */
struct lq_fct_crn {
    uint64_t lun;
    bool used;
    uint8_t next; /* 1..255 */
    uint64_t passed[4];
};

struct lq_fct_remote {
    bool used;
    uint32_t index, generation;
    uint32_t port, fc_id;
    uint64_t port_name, node_name;
    bool logged_in;
    uint32_t data_bytes_max; /* that it takes */
    bool retry, confirm, task_retry_id; /* agreed by PRLI */

    uint8_t nexus_state; /* enum lq_fct_nexus_state */
    uint8_t end_how;     /* enum lq_trigger */
    bool ended;          /* nexus_ended has come */
    lq_nexus nexus;

    uint8_t owed; /* the request that is answered when the nexus has ended: LOGO, PRLO, PRLI; 0 */
    uint16_t owed_ox_id;
    uint32_t owed_fc_id;
    struct lq_fc_process_page owed_page;

    bool greeting; /* our PLOGI is out */
    uint8_t greet_tries;
    uint16_t greet_ox_id;
    uint64_t greet_deadline_ns;

    struct lq_link exchanges;
    struct lq_fct_crn *crns; /* config.units_max */
};

/* --- the target ------------------------------------------------------------------------------- */

struct lq_fct_port {
    struct lq_fc_port_config config;
    uint32_t fc_id; /* 0: not attached */
    uint32_t data_bytes_max;
    bool close; /* close_all wants its logins to end */
};

struct lq_fc_target {
    struct lq_fc_target_config config;
    struct lq_env *env;
    struct lq_engine *engine;
    struct lq_fct_port *ports;
    struct lq_fct_remote *remotes;
    struct lq_fct_exchange *exchanges;
    struct lq_fct_exchange **buckets; /* exchanges_max of them */
    struct lq_fct_reply *replies;
    struct lq_link free_replies;
    uint32_t free_reply_count;
    struct lq_link outputs;
    struct lq_link reusable; /* FREE and DONE, the one that ended first in front */
    struct lq_link dead;     /* likewise DEAD */
    struct lq_link bursts, confirms, holes, todo;
    uint32_t live_count; /* exchanges in no list of those */
    uint64_t order_stamp;
    uint16_t next_ox_id;
    bool nexus_ended_noted, close_noted, shutting_down;

    bool emitted; /* frame is what the world looks at */
    struct lq_fct_output *emitting;
    uint32_t emit_port;
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FCP_RSP_BYTES + LQ_FCP_RSP_INFO_BYTES + LQ_SENSE_BYTES_MAX + 8];
    struct lq_fc_target_counts counts;
};

static inline bool lq_fct_wrong(const struct lq_fc_target *t, enum lq_fc_wrong wrong)
{
    return LQ_WRONG(t->env->wrongs.fc, wrong) != 0;
}

/* --- target.c --------------------------------------------------------------------------------- */

/* Does what the engine's calls have noted. Every entry point ends with it. */
void lq_fct_settle(struct lq_fc_target *t);

/* --- output.c --------------------------------------------------------------------------------- */

void lq_fct_queue(struct lq_fc_target *t, struct lq_fct_output *output);
void lq_fct_unqueue(struct lq_fc_target *t, struct lq_fct_output *output);

/* A reply slot, its frame from PORT to D_ID, a sequence of its own in one frame; NULL: none. The
 * caller fills in payload and what is special. OWED: somebody waits for it. */
struct lq_fct_reply *lq_fct_reply(struct lq_fc_target *t, uint32_t port, uint32_t d_id,
                                  uint8_t r_ctl, uint8_t type, bool owed);

/* The answer to the request in FRAME, which came to PORT. */
struct lq_fct_reply *lq_fct_answer(struct lq_fc_target *t, uint32_t port,
                                   const struct lq_fc_frame *frame, uint8_t r_ctl);
void lq_fct_send(struct lq_fc_target *t, struct lq_fct_reply *reply, uint32_t payload_bytes);
void lq_fct_send_els(struct lq_fc_target *t, struct lq_fct_reply *reply,
                     const struct lq_fc_els *els);

/* A request that we originate; returns its OX_ID, LQ_FC_ID_UNASSIGNED when there was no slot. */
uint16_t lq_fct_request(struct lq_fc_target *t, uint32_t port, uint32_t d_id,
                        const struct lq_fc_els *els);

/* LS_RJT, or FCP_RJT when the request was an FC-4 link service. */
void lq_fct_reject(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                   uint8_t reason, uint8_t explanation);

/* --- exchange.c ------------------------------------------------------------------------------- */

/* A slot for the exchange that FRAME begins; NULL: none is free. */
struct lq_fct_exchange *lq_fct_exchange_take(struct lq_fc_target *t, struct lq_fct_remote *remote,
                                             const struct lq_fc_frame *frame, bool reserved);
struct lq_fct_exchange *lq_fct_exchange_find(struct lq_fc_target *t, uint32_t port, uint32_t s_id,
                                             uint16_t ox_id);
struct lq_fct_exchange *lq_fct_exchange_of(struct lq_fc_target *t, uint64_t cookie);
static inline uint64_t lq_fct_cookie(const struct lq_fct_exchange *x)
{
    return lq_handle_pack((lq_handle){x->index, x->generation});
}

/* Nothing of it is sent or waited for any more. */
void lq_fct_exchange_quiet(struct lq_fc_target *t, struct lq_fct_exchange *x);

/* Its end: remembered (DONE), held (DEAD), forgotten (FREE). */
void lq_fct_exchange_end(struct lq_fc_target *t, struct lq_fct_exchange *x,
                         enum lq_fct_exchange_state state);

/* A DONE one lives again as ENDED, to repeat its FCP_RSP, a DEAD one as ABORTED. */
void lq_fct_exchange_revive(struct lq_fc_target *t, struct lq_fct_exchange *x,
                            enum lq_fct_exchange_state state);

/* It is remembered no longer than config says. */
bool lq_fct_exchange_is_stale(const struct lq_fc_target *t, const struct lq_fct_exchange *x);

/* Puts X into LIST by the present time. */
void lq_fct_wait(struct lq_fc_target *t, struct lq_fct_exchange *x, struct lq_link *list);

/* --- remote.c --------------------------------------------------------------------------------- */

/* The remote that is logged in to PORT from FC_ID; NULL: none. */
struct lq_fct_remote *lq_fct_remote_at(struct lq_fc_target *t, uint32_t port, uint32_t fc_id);

void lq_fct_plogi(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                  const struct lq_fc_els *els);
void lq_fct_prli(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                 const struct lq_fc_els *els);
void lq_fct_prlo(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                 const struct lq_fc_els *els);
void lq_fct_logo(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame);

/* An answer to a request of ours came. */
void lq_fct_els_reply(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                      struct lq_slice data);

/* Our LS_ACC's login parameters, or our PLOGI's. */
void lq_fct_login_parameters(const struct lq_fc_target *t, uint32_t port,
                             struct lq_fc_login *login);

/* The login ends without a frame of the peer: HOW is LQ_TRIGGER_NEXUS_LOSS. TELL: LOGO is sent. */
void lq_fct_remote_lose(struct lq_fc_target *t, struct lq_fct_remote *remote, bool tell);

void lq_fct_remotes_settle(struct lq_fc_target *t);
uint64_t lq_fct_remotes_deadline(const struct lq_fc_target *t);
void lq_fct_remotes_expire(struct lq_fc_target *t);

/* --- link_services.c -------------------------------------------------------------------------- */

void lq_fct_els_request(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                        struct lq_slice data);

/* --- command.c -------------------------------------------------------------------------------- */

void lq_fct_fcp_cmnd(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                     struct lq_slice data);
void lq_fct_fcp_conf(struct lq_fc_target *t, struct lq_fct_exchange *x);

/* Forms FCP_RSP from what the engine says and queues it. */
void lq_fct_complete(struct lq_fc_target *t, struct lq_fct_exchange *x,
                     const struct lq_command_complete *complete);

/* Writes FCP_RSP of X to PAYLOAD; returns its length. */
uint32_t lq_fct_rsp(const struct lq_fc_target *t, const struct lq_fct_exchange *x,
                    uint8_t *payload);

/* FCP_RSP of X goes out next: whether it asks for FCP_CONF. */
void lq_fct_rsp_prepare(const struct lq_fc_target *t, struct lq_fct_exchange *x);

/* FCP_RSP of X has been sent. */
void lq_fct_rsp_sent(struct lq_fc_target *t, struct lq_fct_exchange *x);

/* The CRN of a command that will not be handed to the engine counts as come. */
void lq_fct_crn_pass(struct lq_fc_target *t, struct lq_fct_remote *remote, uint64_t lun,
                     uint8_t crn);
void lq_fct_holes_expire(struct lq_fc_target *t);

/* --- data.c ----------------------------------------------------------------------------------- */

void lq_fct_window(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset,
                   uint32_t bytes, uint8_t *buffer);
void lq_fct_fcp_data(struct lq_fc_target *t, struct lq_fct_exchange *x,
                     const struct lq_fc_frame *frame, struct lq_slice data);
/* Asks for the burst at OFFSET of the window. */
void lq_fct_ask(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset);
/* Data-Out that has come in order. */
uint32_t lq_fct_out_bytes(const struct lq_fct_exchange *x);
void lq_fct_data_settle(struct lq_fc_target *t);
void lq_fct_bursts_expire(struct lq_fc_target *t);

/* --- abort.c ---------------------------------------------------------------------------------- */

void lq_fct_abts(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame);
void lq_fct_tm(struct lq_fc_target *t, struct lq_fct_exchange *x);
void lq_fct_tm_executed(struct lq_fc_target *t, struct lq_fct_exchange *x,
                        enum lq_tm_answer answer, uint32_t information);

/* --- recovery.c ------------------------------------------------------------------------------- */

void lq_fct_rec(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                const struct lq_fc_els *els);
void lq_fct_rrq(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                const struct lq_fc_els *els);
void lq_fct_srr(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                struct lq_slice data);

#endif
