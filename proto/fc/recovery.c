/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an initiator does about lost frames [FCP-4, error detection and recovery]: it asks about an
 * exchange (REC), has an information unit sent again (SRR), or gives identities back (RRQ).
 */
#include "proto/fc/target_state.h"

/* The initiator has had all of it, or our status at least was sent. */
static bool is_over(const struct lq_fct_exchange *x)
{
    return x->state == LQ_FCT_CONFIRM || x->state == LQ_FCT_DONE || x->state == LQ_FCT_DEAD;
}

/*
 * The exchange of FRAME's sender that a request names; NULL: there is none such (any more), or its
 * task retry identifier is another command's.
 *
 * Who names no RX_ID has heard nothing of its exchange. When ours of that OX_ID is over, it may be
 * another command's, which was lost: initiators use an OX_ID again as soon as they have the status.
 * To answer for it would give a write that never came the status of one that did; so there is none
 * such, unless the task retry identifier says which it is.
 */
static struct lq_fct_exchange *named(struct lq_fc_target *t, uint32_t port,
                                     const struct lq_fc_frame *frame, uint16_t ox_id,
                                     uint16_t rx_id)
{
    struct lq_fct_exchange *x = lq_fct_exchange_find(t, port, frame->s_id, ox_id);
    if (x == NULL || lq_fct_exchange_is_stale(t, x) ||
        (rx_id != LQ_FC_ID_UNASSIGNED && rx_id != x->rx_id))
        return NULL;
    if (x->remote->task_retry_id)
        return x->task_retry_id == frame->parameter ? x : NULL;
    return rx_id == LQ_FC_ID_UNASSIGNED && is_over(x) ? NULL : x;
}

/* --- REC -------------------------------------------------------------------------------------- */

/* Who holds the sequence initiative, and whether all is over [FC-FS-3, Exchange Status Block]. */
static uint32_t status_of(const struct lq_fct_exchange *x)
{
    switch ((enum lq_fct_exchange_state)x->state) {
    case LQ_FCT_DONE: return LQ_FC_E_STAT_RESPONDER | LQ_FC_E_STAT_COMPLETE;
    case LQ_FCT_DEAD:
        return LQ_FC_E_STAT_RESPONDER | LQ_FC_E_STAT_COMPLETE | LQ_FC_E_STAT_ABNORMAL;
    case LQ_FCT_CONFIRM: return LQ_FC_E_STAT_RESPONDER;
    case LQ_FCT_ACTIVE:
        return LQ_FC_E_STAT_RESPONDER |
               (x->window != NULL && x->ready_sent ? 0 : LQ_FC_E_STAT_INITIATIVE);
    case LQ_FCT_FREE:
    case LQ_FCT_HELD:
    case LQ_FCT_ENDED:
    case LQ_FCT_ABORTED: break;
    }
    return LQ_FC_E_STAT_RESPONDER | LQ_FC_E_STAT_INITIATIVE;
}

void lq_fct_rec(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                const struct lq_fc_els *els)
{
    const struct lq_fct_exchange *x =
        named(t, port, frame, els->u.exchange.ox_id, els->u.exchange.rx_id);
    if (x == NULL || els->u.exchange.s_id != frame->s_id) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_EXPLAIN_EXCHANGE);
        return;
    }
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_ELS_REPLY);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_REC);
    acc.u.rec.ox_id = x->ox_id;
    acc.u.rec.rx_id = x->rx_id;
    acc.u.rec.originator = x->s_id;
    acc.u.rec.responder = t->ports[port].fc_id;
    acc.u.rec.fc4_value = lq_fcp_writes(&x->cmnd) ? lq_fct_out_bytes(x) : x->in_sent;
    acc.u.rec.e_stat = status_of(x);
    lq_fct_send_els(t, reply, &acc);
}

/* --- SRR -------------------------------------------------------------------------------------- */

/* FCP_XFER_RDY once more, from OFFSET on. */
static bool ask_again(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset)
{
    if (x->state != LQ_FCT_ACTIVE || x->window == NULL || x->data_wrong ||
        lq_link_is_linked(&x->todo_link) || offset < x->window_offset ||
        offset - x->window_offset >= x->window_bytes)
        return false;
    if (lq_fct_wrong(t, LQ_WRONG_SRR_FROM_THE_START))
        offset = x->window_offset;
    lq_fct_ask(t, x, offset);
    return true;
}

static void respond_again(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (x->state == LQ_FCT_DONE)
        lq_fct_exchange_revive(t, x, LQ_FCT_ENDED);
    lq_list_remove(&x->timer_link);
    lq_list_remove(&x->output.link); /* the answer goes first */
    x->state = LQ_FCT_ENDED;
    x->send_rsp = true;
    lq_fct_queue(t, &x->output);
}

/* The data from OFFSET on, while it is here, and FCP_RSP. */
static bool send_again(struct lq_fc_target *t, struct lq_fct_exchange *x, uint32_t offset)
{
    bool has_data = (x->state == LQ_FCT_ENDED || x->state == LQ_FCT_CONFIRM) && x->in != NULL;
    if (!has_data || offset >= x->in_bytes)
        return false;
    x->in_sent = lq_fct_wrong(t, LQ_WRONG_SRR_FROM_THE_START) ? 0 : offset;
    x->in_seq_cnt = 0;
    x->seq_id = (uint8_t)(x->seq_id + (x->in_open ? 1 : 0));
    x->in_open = false;
    respond_again(t, x);
    return true;
}

static bool repeat(struct lq_fc_target *t, struct lq_fct_exchange *x, const struct lq_fc_els *srr)
{
    if (x->abts)
        return false;
    if (srr->u.srr.r_ctl == LQ_FC_R_CTL_DATA_DESCRIPTOR)
        return ask_again(t, x, srr->u.srr.offset);
    if (srr->u.srr.r_ctl == LQ_FC_R_CTL_SOLICITED_DATA)
        return send_again(t, x, srr->u.srr.offset);
    bool has_ended = x->state == LQ_FCT_ENDED || x->state == LQ_FCT_CONFIRM ||
                     x->state == LQ_FCT_DONE;
    if (srr->u.srr.r_ctl != LQ_FC_R_CTL_COMMAND_STATUS || !has_ended)
        return false;
    respond_again(t, x);
    return true;
}

void lq_fct_srr(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                struct lq_slice data)
{
    struct lq_fc_els srr;
    bool is_srr = lq_fc_els_decode(&srr, 0, data.bytes, data.size_bytes) &&
                  srr.command == LQ_FC_ELS_SRR;
    struct lq_fct_exchange *x =
        is_srr ? named(t, port, frame, srr.u.srr.ox_id, srr.u.srr.rx_id) : NULL;
    if (!is_srr) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_INVALID_COMMAND, LQ_FC_EXPLAIN_NOTHING);
        return;
    }
    if (x == NULL || !x->remote->retry || x->is_tm) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_EXPLAIN_EXCHANGE);
        return;
    }
    /* The answer goes first. */
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_FC4_REPLY);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_SRR);
    lq_fct_send_els(t, reply, &acc);
    if (lq_fct_wrong(t, LQ_WRONG_SRR_FORGOTTEN) || repeat(t, x, &srr)) {
        t->counts.recoveries++;
        return;
    }
    lq_fct_unqueue(t, &reply->output);
    lq_fct_reject(t, port, frame, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_NO_DATA);
}

/* --- RRQ -------------------------------------------------------------------------------------- */

void lq_fct_rrq(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                const struct lq_fc_els *els)
{
    struct lq_fct_exchange *x =
        lq_fct_exchange_find(t, port, els->u.exchange.s_id, els->u.exchange.ox_id);
    bool is_held = x != NULL && x->state == LQ_FCT_DEAD && els->u.exchange.s_id == frame->s_id &&
                   (els->u.exchange.rx_id == LQ_FC_ID_UNASSIGNED ||
                    els->u.exchange.rx_id == x->rx_id);
    if (!is_held) {
        lq_fct_reject(t, port, frame, LQ_FC_REASON_LOGICAL_ERROR, LQ_FC_EXPLAIN_EXCHANGE);
        return;
    }
    lq_fct_exchange_end(t, x, LQ_FCT_FREE);
    struct lq_fct_reply *reply = lq_fct_answer(t, port, frame, LQ_FC_R_CTL_ELS_REPLY);
    if (reply == NULL)
        return;
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_RRQ);
    lq_fct_send_els(t, reply, &acc);
}
