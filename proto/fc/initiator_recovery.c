/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Silence, and what is done about it [FCP-4, error detection and recovery]: REC asks what became of
 * an exchange, SRR has an information unit sent again, ABTS ends it; identities of aborted
 * exchanges are held for R_A_TOV and then given back by RRQ [FC-FS-3].
 */
#include <string.h>

#include "proto/fc/initiator_state.h"

static bool recovers(const struct lq_fc_initiator *i, const struct lq_fci_request *request)
{
    return i->retry && i->config.rec_tov_ns != 0 && request->kind == LQ_FCI_COMMAND;
}

/* While data that was asked for is held, it is we who are silent. */
void lq_fci_heard(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    if (request->stage == LQ_FCI_ABTS || request->kind != LQ_FCI_COMMAND)
        return;
    bool is_our_turn = request->burst_open && request->hold_data;
    if (request->stage != LQ_FCI_QUEUED) {
        request->stage = LQ_FCI_SENT;
        request->tries = 1;
    }
    request->deadline_ns = recovers(i, request) && !is_our_turn
                               ? lq_fci_after(i, i->config.rec_tov_ns)
                               : LQ_NEVER;
}

/* --- ABTS ------------------------------------------------------------------------------------- */

static void send_abts(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    struct lq_fci_reply *reply =
        lq_fci_reply(i, i->target_id, LQ_FC_R_CTL_ABTS, LQ_FC_TYPE_BLS,
                     LQ_FC_F_CTL_END_SEQUENCE | LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
    request->deadline_ns = lq_fci_after(i, 2 * i->config.r_a_tov_ns);
    if (reply == NULL) { /* again, soon */
        request->deadline_ns = lq_fci_after(i, i->config.e_d_tov_ns);
        return;
    }
    request->tries++;
    reply->frame.seq_id = request->seq_id;
    reply->frame.ox_id = request->ox_id;
    reply->frame.rx_id = request->rx_id;
    lq_fci_send(i, reply, 0);
}

void lq_fci_start_abort(struct lq_fc_initiator *i, struct lq_fci_request *request,
                        enum lq_fci_purpose purpose)
{
    request->stage = LQ_FCI_ABTS;
    request->tries = 0;
    request->purpose = (uint8_t)purpose;
    request->burst_open = false;
    lq_list_remove(&request->output.link);
    send_abts(i, request);
}

static void hold_ox_id(struct lq_fc_initiator *i, const struct lq_fci_request *request,
                       bool owes_rrq)
{
    LQ_ASSERT(i->held_count < i->held_max);
    i->held[i->held_count++] = (struct lq_fci_held){.ox_id = request->ox_id,
                                                    .rx_id = request->rx_id,
                                                    .until_ns =
                                                        lq_fci_after(i, i->config.r_a_tov_ns),
                                                    .owes_rrq = owes_rrq};
}

/* CODE as of LQ_FC_I_EVENT_COMMAND_FAILED. */
static void aborted(struct lq_fc_initiator *i, struct lq_fci_request *request, uint32_t code)
{
    struct lq_fc_initiator_event *event = NULL;
    if (request->purpose == LQ_FCI_ABORT_REQUEST)
        event = lq_fci_event(i, LQ_FC_I_EVENT_ABORT_DONE);
    else if (request->purpose == LQ_FCI_FAILED_COMMAND)
        event = lq_fci_event(i, LQ_FC_I_EVENT_COMMAND_FAILED);
    if (event != NULL) {
        event->id = request->purpose == LQ_FCI_ABORT_REQUEST ? request->abort_id : request->id;
        event->code = code;
        event->ox_id = request->ox_id;
    }
    if (i->held_count < i->held_max)
        hold_ox_id(i, request, code == 0);
    lq_fci_request_free(i, request);
}

void lq_fci_basic_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame)
{
    struct lq_fci_request *request = lq_fci_find_ox_id(i, frame->ox_id);
    if (request->stage != LQ_FCI_ABTS)
        lq_fci_error(i, LQ_FC_I_ERROR_FRAME, frame->ox_id);
    else if (frame->r_ctl == LQ_FC_R_CTL_BA_ACC || frame->r_ctl == LQ_FC_R_CTL_BA_RJT)
        aborted(i, request, frame->r_ctl == LQ_FC_R_CTL_BA_ACC ? 0 : 1);
}

/* --- REC and SRR ------------------------------------------------------------------------------ */

static void send_rec(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    struct lq_fc_els rec;
    lq_fc_els_begin(&rec, LQ_FC_ELS_REC, 0);
    rec.u.exchange.s_id = i->fc_id;
    rec.u.exchange.ox_id = request->ox_id;
    rec.u.exchange.rx_id = request->rx_id;
    request->tries = request->stage == LQ_FCI_REC ? request->tries : 0;
    request->stage = LQ_FCI_REC;
    request->tries++;
    request->side_ox_id = lq_fci_send_els(i, i->target_id, &rec, request->task_retry_id);
    request->deadline_ns = lq_fci_after(i, i->config.rec_tov_ns);
}

static void send_srr(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    struct lq_fc_els srr;
    lq_fc_els_begin(&srr, LQ_FC_ELS_SRR, 0);
    srr.u.srr.ox_id = request->ox_id;
    srr.u.srr.rx_id = request->rx_id;
    srr.u.srr.offset = request->srr_offset;
    srr.u.srr.r_ctl = request->srr_r_ctl;
    request->tries++;
    request->side_ox_id = lq_fci_send_srr(i, i->target_id, &srr, request->task_retry_id);
    request->deadline_ns = lq_fci_after(i, i->config.rec_tov_ns);
}

void lq_fci_start_srr(struct lq_fc_initiator *i, struct lq_fci_request *request, uint8_t r_ctl,
                      uint32_t offset)
{
    if (++request->srr_count > LQ_FCI_SRR_MAX) {
        lq_fci_start_abort(i, request, LQ_FCI_FAILED_COMMAND);
        return;
    }
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_RECOVERING);
    if (event != NULL) {
        event->id = request->id;
        event->code = r_ctl;
        event->ox_id = request->ox_id;
    }
    request->stage = LQ_FCI_SRR;
    request->srr_r_ctl = r_ctl;
    request->srr_offset = offset;
    if (r_ctl == LQ_FC_R_CTL_DATA_DESCRIPTOR)
        request->burst_open = false;
    lq_list_remove(&request->output.link);
    send_srr(i, request);
}

/* What the target says of the exchange tells what was lost [FCP-4, REC]. */
static void recover(struct lq_fc_initiator *i, struct lq_fci_request *request,
                    const struct lq_fc_els *acc)
{
    uint32_t got = lq_fc_ranges_end(&request->ranges, 0), theirs = acc->u.rec.fc4_value;
    bool writes = request->expected_out != 0;
    if (request->rx_id == LQ_FC_ID_UNASSIGNED)
        request->rx_id = acc->u.rec.rx_id;
    if ((acc->u.rec.e_stat & LQ_FC_E_STAT_COMPLETE) == 0 &&
        (acc->u.rec.e_stat & LQ_FC_E_STAT_INITIATIVE) != 0) {
        lq_fci_heard(i, request); /* it is at work */
    } else if (writes && theirs < request->expected_out &&
               (acc->u.rec.e_stat & LQ_FC_E_STAT_COMPLETE) == 0) {
        lq_fci_start_srr(i, request, LQ_FC_R_CTL_DATA_DESCRIPTOR, theirs);
    } else if (!writes && got < theirs) {
        lq_fci_start_srr(i, request, LQ_FC_R_CTL_SOLICITED_DATA, got);
    } else {
        lq_fci_start_srr(i, request, LQ_FC_R_CTL_COMMAND_STATUS, 0);
    }
}

static struct lq_fci_request *asked_beside(const struct lq_fc_initiator *i, uint16_t ox_id)
{
    LQ_LIST_EACH(link, &i->live)
    {
        struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if ((request->stage == LQ_FCI_REC || request->stage == LQ_FCI_SRR) &&
            request->side_ox_id == ox_id && ox_id != LQ_FC_ID_UNASSIGNED)
            return request;
    }
    return NULL;
}

bool lq_fci_recovery_answer(struct lq_fc_initiator *i, const struct lq_fc_frame *frame,
                            struct lq_slice data)
{
    struct lq_fci_request *request =
        frame->s_id == i->target_id ? asked_beside(i, frame->ox_id) : NULL;
    if (request == NULL)
        return false;
    struct lq_fc_els els;
    bool is_rec = request->stage == LQ_FCI_REC;
    bool is_good = lq_fc_els_decode(&els, is_rec ? LQ_FC_ELS_REC : LQ_FC_ELS_SRR, data.bytes,
                                    data.size_bytes) &&
                   els.command == LQ_FC_ELS_LS_ACC;
    if (!is_good) /* it is not known (any more), or cannot be repeated */
        lq_fci_start_abort(i, request, LQ_FCI_FAILED_COMMAND);
    else if (is_rec)
        recover(i, request, &els);
    else
        request->side_ox_id = LQ_FC_ID_UNASSIGNED; /* and now what was asked for */
    return true;
}

/* --- time ------------------------------------------------------------------------------------- */

/* TM functions and ECHO: nobody will answer any more. */
static void give_up(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    struct lq_fc_initiator_event *event =
        lq_fci_event(i, request->kind == LQ_FCI_TM ? LQ_FC_I_EVENT_TM_DONE
                                                   : LQ_FC_I_EVENT_ECHO_DONE);
    if (event != NULL) {
        event->id = request->id;
        event->ox_id = request->ox_id;
        event->code = LQ_FC_I_TIMEOUT;
    }
    request->id = 0;
    lq_fci_start_abort(i, request, LQ_FCI_NOBODY);
}

static void expire(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    bool again = request->tries < i->config.tries_max;
    if (request->stage == LQ_FCI_ABTS && again)
        send_abts(i, request);
    else if (request->stage == LQ_FCI_ABTS)
        aborted(i, request, 2);
    else if (request->kind != LQ_FCI_COMMAND)
        give_up(i, request);
    else if (request->stage == LQ_FCI_SENT || (request->stage == LQ_FCI_REC && again))
        send_rec(i, request);
    else if (request->stage == LQ_FCI_SRR && again)
        send_srr(i, request);
    else
        lq_fci_start_abort(i, request, LQ_FCI_FAILED_COMMAND);
}

void lq_fci_requests_expire(struct lq_fc_initiator *i)
{
    LQ_LIST_EACH_SAFE(link, following, &i->live)
    {
        struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if (request->deadline_ns <= i->env->now_ns && lq_fci_has_room(i))
            expire(i, request);
    }
}

uint64_t lq_fci_held_deadline(const struct lq_fc_initiator *i)
{
    return i->held_count == 0 ? LQ_NEVER : i->held[0].until_ns;
}

void lq_fci_held_expire(struct lq_fc_initiator *i)
{
    uint32_t over = 0;
    while (over < i->held_count && i->held[over].until_ns <= i->env->now_ns)
        over++;
    for (uint32_t n = 0; n < over; n++) {
        struct lq_fc_els rrq;
        lq_fc_els_begin(&rrq, LQ_FC_ELS_RRQ, 0);
        rrq.u.exchange.s_id = i->fc_id;
        rrq.u.exchange.ox_id = i->held[n].ox_id;
        rrq.u.exchange.rx_id = i->held[n].rx_id;
        if (i->held[n].owes_rrq && i->logged_in)
            (void)lq_fci_send_els(i, i->target_id, &rrq, 0);
    }
    i->held_count -= over;
    memmove(i->held, i->held + over, i->held_count * sizeof i->held[0]);
}
