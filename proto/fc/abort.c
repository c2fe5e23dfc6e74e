/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ABTS, which is FCP's ABORT TASK, and task management by FCP_CMND [FCP-4 4.9, FC-FS-3 ABTS].
 *
 * BA_ACC says that the exchange will do nothing more: it waits for the engine's answer. An exchange
 * that is not known although the initiator was told an RX_ID gets BA_RJT; without RX_ID its
 * FCP_CMND may still be on its way, so its identity is held as that of an aborted one.
 */
#include "proto/fc/target_state.h"

/* --- answers to ABTS -------------------------------------------------------------------------- */

static struct lq_fct_reply *basic_answer(struct lq_fc_target *t, const struct lq_fct_exchange *x,
                                         uint8_t r_ctl)
{
    struct lq_fct_reply *reply = lq_fct_reply(t, x->port, x->s_id, r_ctl, LQ_FC_TYPE_BLS, true);
    if (reply == NULL)
        return NULL;
    reply->frame.f_ctl = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE |
                         LQ_FC_F_CTL_END_SEQUENCE;
    reply->frame.seq_id = x->abts_seq_id;
    reply->frame.ox_id = x->ox_id;
    reply->frame.rx_id = x->rx_id;
    return reply;
}

static void send_ba_acc(struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    struct lq_fct_reply *reply = basic_answer(t, x, LQ_FC_R_CTL_BA_ACC);
    if (reply == NULL)
        return; /* the initiator will ask again */
    struct lq_fc_ba_acc acc = {.ox_id = x->ox_id, .rx_id = x->rx_id, .high_seq_cnt = 0xffff};
    lq_fc_ba_acc_encode(&acc, reply->payload);
    t->counts.aborts++;
    lq_fct_send(t, reply, LQ_FC_BA_ACC_BYTES);
}

static void send_ba_rjt(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                        uint8_t reason, uint8_t explanation)
{
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_BA_RJT);
    if (reply == NULL)
        return;
    reply->frame.seq_id = frame->seq_id;
    struct lq_fc_ba_rjt rjt = {.reason = reason, .explanation = explanation};
    lq_fc_ba_rjt_encode(&rjt, reply->payload);
    t->counts.rejects++;
    lq_fct_send(t, reply, LQ_FC_BA_RJT_BYTES);
}

/* --- ABTS ------------------------------------------------------------------------------------- */

static void ask_engine(struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    struct lq_tm_request request = {.nexus = x->remote->nexus,
                                    .function = LQ_TM_ABORT_TASK,
                                    .lun = x->cmnd.lun,
                                    .tag = x->ox_id,
                                    .referenced_tag = x->ox_id,
                                    .order_stamp = ++t->order_stamp,
                                    .cookie = lq_fct_cookie(x)};
    lq_engine_task_management(t->engine, &request);
}

/* The engine has ended it already: its data and status stay unsent, or unconfirmed. */
static void silence(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    lq_task task = x->task;
    x->task = LQ_NO_HANDLE;
    lq_fct_exchange_quiet(t, x);
    x->state = LQ_FCT_ABORTED;
    if (!lq_handle_is_none(task))
        lq_engine_command_lost(t->engine, task);
}

static void abort_live(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    bool again = x->abts;
    x->abts = true;
    if (again)
        return; /* one answer, to the latest */
    if (x->state == LQ_FCT_HELD) {
        lq_fct_exchange_quiet(t, x);
        x->state = LQ_FCT_ABORTED;
        lq_fct_crn_pass(t, x->remote, x->cmnd.lun, x->cmnd.crn);
    } else if (x->state == LQ_FCT_ENDED || x->state == LQ_FCT_CONFIRM) {
        silence(t, x);
    } else if (!x->is_tm && lq_fct_wrong(t, LQ_WRONG_BA_ACC_BEFORE_QUIESCE)) {
        send_ba_acc(t, x);
        x->abts = false;
    }
    if (!x->is_tm)
        ask_engine(t, x);
    else if (x->state == LQ_FCT_ABORTED) /* a function that was answered already */
        lq_fct_tm_executed(t, x, LQ_TM_COMPLETE, 0);
}

/* Nothing is known of it, and it got no RX_ID: should its FCP_CMND still come, it is an aborted
 * one's. */
static void abort_unseen(struct lq_fc_target *t, struct lq_fct_remote *remote,
                         const struct lq_fc_frame *frame)
{
    struct lq_fct_exchange *x = lq_fct_exchange_take(t, remote, frame, true);
    if (x == NULL) {
        send_ba_rjt(t, remote->port, frame, LQ_FC_REASON_LOGICAL_BUSY, 0);
        return;
    }
    x->rx_id = LQ_FC_ID_UNASSIGNED;
    x->abts_seq_id = frame->seq_id;
    send_ba_acc(t, x);
    lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
}

void lq_fct_abts(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame)
{
    struct lq_fct_remote *remote = lq_fct_remote_at(t, port, frame->s_id);
    struct lq_fct_exchange *x = lq_fct_exchange_find(t, port, frame->s_id, frame->ox_id);
    bool matches = x != NULL && !lq_fct_exchange_is_stale(t, x) &&
                   (frame->rx_id == LQ_FC_ID_UNASSIGNED || frame->rx_id == x->rx_id);
    bool has_nexus = remote != NULL && remote->nexus_state == LQ_FCT_NEXUS;
    if (!matches && has_nexus && frame->rx_id == LQ_FC_ID_UNASSIGNED) {
        if (x != NULL)
            lq_fct_exchange_end(t, x, LQ_FCT_FREE);
        abort_unseen(t, remote, frame);
    } else if (!matches) {
        send_ba_rjt(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_BA_EXPLAIN_EXCHANGE);
    } else {
        x->abts_seq_id = frame->seq_id;
        if (x->state == LQ_FCT_DONE)
            lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
        if (x->state == LQ_FCT_DEAD && !x->engine_done && has_nexus)
            lq_fct_exchange_revive(t, x, LQ_FCT_ABORTED);
        if (x->state == LQ_FCT_DEAD)
            send_ba_acc(t, x);
        else
            abort_live(t, x);
    }
}

/* --- functions by FCP_CMND -------------------------------------------------------------------- */

static enum lq_tm_function function_of(uint8_t flag)
{
    switch (flag) {
    case LQ_FCP_QUERY_TASK_SET: return LQ_TM_QUERY_TASK_SET;
    case LQ_FCP_ABORT_TASK_SET: return LQ_TM_ABORT_TASK_SET;
    case LQ_FCP_CLEAR_TASK_SET: return LQ_TM_CLEAR_TASK_SET;
    case LQ_FCP_QUERY_ASYNCHRONOUS_EVENT: return LQ_TM_QUERY_ASYNCHRONOUS_EVENT;
    case LQ_FCP_LOGICAL_UNIT_RESET: return LQ_TM_LOGICAL_UNIT_RESET;
    case LQ_FCP_TARGET_RESET: return LQ_TM_TARGET_WARM_RESET;
    default: return LQ_TM_CLEAR_ACA;
    }
}

/* The units whose order of commands begins anew, with every initiator, by a reset. */
static void reset_crns(struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    bool all = x->cmnd.tm_flags == LQ_FCP_TARGET_RESET;
    uint16_t target = t->ports[x->port].config.target;
    if (!all && x->cmnd.tm_flags != LQ_FCP_LOGICAL_UNIT_RESET)
        return;
    for (uint32_t i = 0; i < t->config.remotes_max; i++) {
        struct lq_fct_remote *remote = &t->remotes[i];
        if (!remote->used || t->ports[remote->port].config.target != target)
            continue;
        for (uint32_t j = 0; j < t->config.units_max; j++)
            if (all || remote->crns[j].lun == x->cmnd.lun)
                remote->crns[j].used = false;
    }
}

/* Commands of the same initiator that wait for a lower CRN are older than the function. */
static void abort_held(struct lq_fc_target *t, const struct lq_fct_exchange *tm)
{
    uint8_t flag = tm->cmnd.tm_flags;
    bool all = flag == LQ_FCP_TARGET_RESET;
    if ((flag & (LQ_FCP_ABORT_TASK_SET | LQ_FCP_CLEAR_TASK_SET | LQ_FCP_LOGICAL_UNIT_RESET |
                 LQ_FCP_TARGET_RESET)) == 0)
        return;
    for (uint32_t i = 0; i < t->config.exchanges_max; i++) {
        struct lq_fct_exchange *x = &t->exchanges[i];
        if (x->state != LQ_FCT_HELD || x->remote != tm->remote ||
            (!all && x->cmnd.lun != tm->cmnd.lun))
            continue;
        lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
        lq_fct_crn_pass(t, x->remote, x->cmnd.lun, x->cmnd.crn);
    }
}

/* Answers that the engine has ended, but which are not out, would come behind the function's: the
 * initiator drops them with their exchanges [SAM-5 7.12]. */
static bool is_affected(const struct lq_fct_exchange *x, const struct lq_fct_exchange *tm)
{
    uint8_t flag = tm->cmnd.tm_flags;
    if (x->remote != tm->remote || x->is_tm || x->state != LQ_FCT_ENDED)
        return false;
    return flag == LQ_FCP_TARGET_RESET ||
           ((flag & (LQ_FCP_ABORT_TASK_SET | LQ_FCP_CLEAR_TASK_SET |
                     LQ_FCP_LOGICAL_UNIT_RESET)) != 0 &&
            x->cmnd.lun == tm->cmnd.lun);
}

static void silence_ended(struct lq_fc_target *t, const struct lq_fct_exchange *tm)
{
    for (uint32_t i = 0; i < t->config.exchanges_max; i++) {
        struct lq_fct_exchange *x = &t->exchanges[i];
        if (!is_affected(x, tm))
            continue;
        silence(t, x);
        lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
    }
}

void lq_fct_tm(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    abort_held(t, x);
    silence_ended(t, x);
    struct lq_tm_request request = {.nexus = x->remote->nexus,
                                    .function = function_of(x->cmnd.tm_flags),
                                    .lun = x->cmnd.lun,
                                    .tag = x->ox_id,
                                    .order_stamp = ++t->order_stamp,
                                    .cookie = lq_fct_cookie(x)};
    reset_crns(t, x);
    lq_engine_task_management(t->engine, &request);
}

/* [FCP-4, RSP_CODE] */
static const uint8_t codes[] = {
    [LQ_TM_COMPLETE] = LQ_FCP_TM_COMPLETE,
    [LQ_TM_TASK_ABSENT] = LQ_FCP_TM_COMPLETE,
    [LQ_TM_INCORRECT_LUN] = LQ_FCP_TM_INCORRECT_LUN,
    [LQ_TM_NOT_SUPPORTED] = LQ_FCP_TM_REJECTED,
    [LQ_TM_REJECTED] = LQ_FCP_TM_FAILED,
    [LQ_TM_SUCCEEDED] = LQ_FCP_TM_SUCCEEDED,
};

/* The engine had no room for the ABORT TASK: the command goes on, or what is left of it. */
static void refuse_abort(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    struct lq_fct_reply *reply = basic_answer(t, x, LQ_FC_R_CTL_BA_RJT);
    x->abts = false;
    if (x->state == LQ_FCT_ABORTED)
        lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
    if (reply == NULL)
        return;
    struct lq_fc_ba_rjt rjt = {.reason = LQ_FC_REASON_LOGICAL_BUSY};
    lq_fc_ba_rjt_encode(&rjt, reply->payload);
    t->counts.rejects++;
    lq_fct_send(t, reply, LQ_FC_BA_RJT_BYTES);
}

void lq_fct_tm_executed(struct lq_fc_target *t, struct lq_fct_exchange *x,
                        enum lq_tm_answer answer, uint32_t information)
{
    if (x->abts && !x->is_tm && answer == LQ_TM_REJECTED &&
        (x->state != LQ_FCT_ABORTED || !x->engine_done)) {
        refuse_abort(t, x);
    } else if (x->abts) {
        send_ba_acc(t, x);
        x->abts = false;
        x->engine_done = true;
        if (lq_handle_is_none(x->task) && lq_fct_wrong(t, LQ_WRONG_ABORTED_EXCHANGE_GOES_ON))
            lq_fct_complete(t, x, &(struct lq_command_complete){.status = LQ_TASK_ABORTED});
        else if (lq_handle_is_none(x->task)) /* always, of an engine that keeps its word */
            lq_fct_exchange_end(t, x, lq_fct_wrong(t, LQ_WRONG_RX_ID_AT_ONCE) ? LQ_FCT_FREE
                                                                             : LQ_FCT_DEAD);
    } else {
        x->state = LQ_FCT_ENDED;
        x->has_info = true;
        x->rsp_code = codes[answer];
        x->rsp_information = information;
        x->send_rsp = true;
        lq_fct_queue(t, &x->output);
    }
}
