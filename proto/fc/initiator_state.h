/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initiator endpoint's inside, shared by its sources only (initiator*.c).
 *
 * Who owns what: the endpoint owns all slots. A request (command, TM function, ECHO) is queued
 * until its first frame is emitted and known until its answer, or until its ABTS is answered.
 * OX_IDs of aborted exchanges are held beyond that. Replies are frames that belong to no request.
 * Logging in and asking the directory are two chains of steps, one request of each under way at a
 * time.
 */
#ifndef LQ_PROTO_FC_INITIATOR_STATE_H
#define LQ_PROTO_FC_INITIATOR_STATE_H

#include "core/base/assert.h"
#include "core/base/list.h"
#include "proto/fc/ct.h"
#include "proto/fc/els.h"
#include "proto/fc/fcp.h"
#include "proto/fc/initiator.h"
#include "proto/fc/ranges.h"

enum { LQ_FCI_ECHO_BYTES_MAX = 1024, LQ_FCI_EVENTS_RESERVED = 8, LQ_FCI_SRR_MAX = 16 };

enum lq_fci_output_kind { LQ_FCI_OUT_REPLY, LQ_FCI_OUT_REQUEST };

struct lq_fci_output {
    struct lq_link link;
    uint8_t kind; /* enum lq_fci_output_kind */
};

struct lq_fci_reply {
    struct lq_fci_output output;
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
};

enum lq_fci_kind { LQ_FCI_FREE, LQ_FCI_COMMAND, LQ_FCI_TM, LQ_FCI_ECHO };

/* What a request waits for, and asks for again when that does not come. */
enum lq_fci_stage {
    LQ_FCI_QUEUED,
    LQ_FCI_SENT,
    LQ_FCI_REC,  /* REC is out */
    LQ_FCI_SRR,  /* SRR is out */
    LQ_FCI_ABTS  /* ABTS is out, or about to be */
};

/* Who is told of the answer to ABTS. */
enum lq_fci_purpose { LQ_FCI_NOBODY, LQ_FCI_ABORT_REQUEST, LQ_FCI_FAILED_COMMAND };

struct lq_fci_request {
    struct lq_link link; /* free, or live in order of the calls */
    struct lq_fci_output output;
    uint64_t id;
    uint8_t kind;  /* enum lq_fci_kind */
    uint8_t stage; /* enum lq_fci_stage */
    uint8_t tries; /* of the present stage */
    uint8_t seq_id;
    uint16_t ox_id, rx_id;
    uint16_t side_ox_id; /* of REC and SRR */
    uint64_t deadline_ns; /* LQ_NEVER: none */
    uint32_t task_retry_id;

    struct lq_fcp_cmnd cmnd;
    const uint8_t *out;
    uint8_t *in;
    uint32_t out_bytes, in_bytes;
    uint32_t expected_in, expected_out;
    bool hold_data;
    bool burst_open;
    uint32_t burst_offset, burst_bytes, burst_sent, out_sent;
    struct lq_fc_ranges ranges; /* Data-In that has come */
    uint8_t srr_count; /* of this command */
    uint8_t srr_r_ctl;
    uint32_t srr_offset;

    uint8_t purpose; /* enum lq_fci_purpose */
    uint64_t abort_id;

    uint32_t echo_bytes; /* with the command code's word */
    uint8_t echo[4 + LQ_FCI_ECHO_BYTES_MAX];
};

/* An OX_ID that must not be used. */
struct lq_fci_held {
    uint16_t ox_id, rx_id;
    uint64_t until_ns;
    bool owes_rrq;
};

enum lq_fci_step {
    LQ_FCI_STEP_NONE,
    LQ_FCI_STEP_PLOGI,
    LQ_FCI_STEP_PRLI,
    LQ_FCI_STEP_LOGO,
    LQ_FCI_STEP_PRLO,
    LQ_FCI_STEP_DIRECTORY_PLOGI, /* from here on in this order */
    LQ_FCI_STEP_RNN_ID,
    LQ_FCI_STEP_RFT_ID,
    LQ_FCI_STEP_RFF_ID,
    LQ_FCI_STEP_SCR,
    LQ_FCI_STEP_GPN_FT
};

/* A request of a chain that waits for its answer. */
struct lq_fci_chain {
    uint8_t step; /* enum lq_fci_step */
    uint8_t tries;
    uint16_t ox_id;
    uint32_t d_id;
    uint64_t deadline_ns;
};

struct lq_fc_initiator {
    struct lq_fc_initiator_config config;
    struct lq_env *env;
    uint32_t fc_id; /* 0: detached */
    uint32_t link_bytes_max;

    struct lq_fci_chain session, directory;
    bool registered; /* with the directory, since attach */
    uint64_t logout_id;
    bool logged_in; /* process login */
    bool has_plogi; /* N_Port login, ours or the target's */
    uint32_t target_id;
    uint64_t target_name, wanted_name;
    uint32_t target_bytes_max;
    bool retry, confirm, task_retry_id;

    struct lq_fci_request *requests;
    struct lq_fci_reply *replies;
    struct lq_fci_held *held;
    uint32_t held_count, held_max;
    struct lq_link free_requests, live, free_replies, outputs;
    uint32_t request_count, free_reply_count;
    uint16_t next_ox_id; /* counted from 0 within config's range */
    uint32_t next_task_retry_id;
    uint16_t raw_ox_id;

    struct lq_fc_initiator_event *events;
    uint32_t event_first, event_count;

    bool emitted;
    struct lq_fci_output *emitting;
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
};

static inline uint64_t lq_fci_after(const struct lq_fc_initiator *i, uint64_t ns)
{
    return i->env->now_ns + ns;
}

/* --- initiator.c ------------------------------------------------------------------------------ */

/* The next event, of KIND; NULL when there is no room. */
struct lq_fc_initiator_event *lq_fci_event(struct lq_fc_initiator *i,
                                           enum lq_fc_initiator_event_kind kind);
void lq_fci_error(struct lq_fc_initiator *i, uint32_t code, uint16_t ox_id);
bool lq_fci_has_room(const struct lq_fc_initiator *i);

/* No login and no request any more. */
void lq_fci_forget_all(struct lq_fc_initiator *i);

/* --- initiator_output.c ----------------------------------------------------------------------- */

/* An OX_ID that nobody uses; LQ_FC_ID_UNASSIGNED: there is none. */
uint16_t lq_fci_take_ox_id(struct lq_fc_initiator *i);
void lq_fci_queue(struct lq_fc_initiator *i, struct lq_fci_output *output);

/* A reply slot whose frame goes to D_ID as a sequence of its own; NULL: there is none. */
struct lq_fci_reply *lq_fci_reply(struct lq_fc_initiator *i, uint32_t d_id, uint8_t r_ctl,
                                  uint8_t type, uint32_t f_ctl);
void lq_fci_send(struct lq_fc_initiator *i, struct lq_fci_reply *reply, uint32_t payload_bytes);

/* An ELS request of its own exchange; its OX_ID, or LQ_FC_ID_UNASSIGNED. */
uint16_t lq_fci_send_els(struct lq_fc_initiator *i, uint32_t d_id, const struct lq_fc_els *els,
                         uint32_t parameter);
/* Likewise as FC-4 link service. */
uint16_t lq_fci_send_srr(struct lq_fc_initiator *i, uint32_t d_id, const struct lq_fc_els *els,
                         uint32_t parameter);

/* --- initiator_request.c ---------------------------------------------------------------------- */

struct lq_fci_request *lq_fci_find(const struct lq_fc_initiator *i, uint64_t id);
struct lq_fci_request *lq_fci_find_ox_id(const struct lq_fc_initiator *i, uint16_t ox_id);
void lq_fci_request_free(struct lq_fc_initiator *i, struct lq_fci_request *request);

/* --- initiator_login.c ------------------------------------------------------------------------ */

/* ELS and CT: true when FRAME was an answer to a step. */
bool lq_fci_chain_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                         struct lq_slice data);
void lq_fci_els_request(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                        struct lq_slice data);
void lq_fci_chains_expire(struct lq_fc_initiator *i);

/* --- initiator_input.c ------------------------------------------------------------------------ */

void lq_fci_fcp_frame(struct lq_fc_initiator *i, struct lq_fci_request *request,
                      const struct lq_fc_frame *frame, struct lq_slice data);

/* --- initiator_recovery.c --------------------------------------------------------------------- */

/* Something was heard of it: silence is counted from now. */
void lq_fci_heard(struct lq_fc_initiator *i, struct lq_fci_request *request);
void lq_fci_start_abort(struct lq_fc_initiator *i, struct lq_fci_request *request,
                        enum lq_fci_purpose purpose);
void lq_fci_start_srr(struct lq_fc_initiator *i, struct lq_fci_request *request, uint8_t r_ctl,
                      uint32_t offset);
void lq_fci_basic_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame);
/* True when FRAME answers a REC or SRR. */
bool lq_fci_recovery_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                            struct lq_slice data);
void lq_fci_requests_expire(struct lq_fc_initiator *i);
void lq_fci_held_expire(struct lq_fc_initiator *i);
uint64_t lq_fci_held_deadline(const struct lq_fc_initiator *i);

#endif
