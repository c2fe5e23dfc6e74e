/* SPDX-License-Identifier: Apache-2.0 */
/* What a target sends to a request of ours: FCP_DATA, FCP_XFER_RDY, FCP_RSP [FCP-4 9], and the
 * answer to an ECHO. */
#include <string.h>

#include "proto/fc/initiator_state.h"

static uint32_t in_order(const struct lq_fci_request *request)
{
    return lq_fc_ranges_end(&request->ranges, 0);
}

static void data_in(struct lq_fc_initiator *i, struct lq_fci_request *request,
                    const struct lq_fc_frame *frame, struct lq_slice data)
{
    uint64_t begin = frame->parameter, end = begin + data.size_bytes;
    if (request->expected_in == 0) {
        lq_fci_error(i, LQ_FC_I_ERROR_DATA_UNASKED, frame->ox_id);
        return;
    }
    if ((frame->f_ctl & LQ_FC_F_CTL_RELATIVE_OFFSET) == 0 || end > request->expected_in) {
        lq_fci_error(i, LQ_FC_I_ERROR_OFFSET, frame->ox_id);
        return;
    }
    if (!lq_fc_ranges_add(&request->ranges, (uint32_t)begin, (uint32_t)end))
        return; /* as if lost */
    uint64_t room = begin < request->in_bytes ? request->in_bytes - begin : 0;
    if (request->in != NULL && room != 0 && data.size_bytes != 0)
        memcpy(request->in + begin, data.bytes,
               data.size_bytes < room ? data.size_bytes : (size_t)room);
    lq_fci_heard(i, request);
}

static void transfer_ready(struct lq_fc_initiator *i, struct lq_fci_request *request,
                           struct lq_slice data)
{
    struct lq_fcp_xfer_rdy ready;
    if (!lq_fcp_xfer_rdy_decode(&ready, data.bytes, data.size_bytes)) {
        lq_fci_error(i, LQ_FC_I_ERROR_FRAME, request->ox_id);
        return;
    }
    uint64_t end = (uint64_t)ready.offset + ready.burst_bytes;
    bool is_again = ready.offset == request->burst_offset &&
                    ready.burst_bytes == request->burst_bytes;
    if (ready.burst_bytes == 0 || end > request->expected_out ||
        (request->burst_open && !is_again)) {
        lq_fci_error(i, LQ_FC_I_ERROR_XFER_RDY, request->ox_id);
        return;
    }
    request->burst_open = true;
    request->burst_offset = ready.offset;
    request->burst_bytes = ready.burst_bytes;
    request->burst_sent = 0;
    lq_fci_heard(i, request);
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_XFER_RDY);
    if (event != NULL) {
        event->id = request->id;
        event->ox_id = request->ox_id;
        event->offset = ready.offset;
        event->size_bytes = ready.burst_bytes;
    }
    if (!request->hold_data)
        lq_fci_queue(i, &request->output);
}

/* --- FCP_RSP ---------------------------------------------------------------------------------- */

static uint8_t rsp_code(const struct lq_fcp_rsp *rsp)
{
    return (rsp->flags & LQ_FCP_INFO_VALID) != 0 && rsp->info_bytes >= 4 ? rsp->info[3] : 0;
}

static void send_conf(struct lq_fc_initiator *i, const struct lq_fci_request *request)
{
    struct lq_fci_reply *reply =
        lq_fci_reply(i, i->target_id, LQ_FC_R_CTL_SOLICITED_CONTROL, LQ_FC_TYPE_FCP,
                     LQ_FC_F_CTL_LAST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE);
    if (reply == NULL)
        return;
    reply->frame.seq_id = request->seq_id;
    reply->frame.ox_id = request->ox_id;
    reply->frame.rx_id = request->rx_id;
    lq_fci_send(i, reply, 0);
}

/* Data that the target says it has sent: what was asked for, but for the residual. */
static uint32_t in_due(const struct lq_fci_request *request, const struct lq_fcp_rsp *rsp)
{
    bool is_bidi = request->cmnd.has_bidi_dl;
    uint8_t under = is_bidi ? LQ_FCP_BIDI_UNDERFLOW : LQ_FCP_UNDERFLOW;
    uint32_t residual = is_bidi ? rsp->bidi_residual : rsp->residual;
    if ((rsp->flags & under) == 0)
        return request->expected_in;
    return residual < request->expected_in ? request->expected_in - residual : 0;
}

static void command_done(struct lq_fc_initiator *i, struct lq_fci_request *request,
                         const struct lq_fcp_rsp *rsp)
{
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_COMMAND_DONE);
    if (event == NULL)
        return; /* cannot be: a frame is taken in only with room */
    uint32_t sense = (rsp->flags & LQ_FCP_SENSE_VALID) != 0 ? rsp->sense_bytes : 0;
    event->id = request->id;
    event->ox_id = request->ox_id;
    event->rx_id = request->rx_id;
    event->rsp_code = rsp_code(rsp);
    event->status = rsp->status;
    event->retry_delay = rsp->retry_delay;
    event->overflow = (rsp->flags & LQ_FCP_OVERFLOW) != 0;
    event->underflow = (rsp->flags & LQ_FCP_UNDERFLOW) != 0;
    event->bidi_overflow = (rsp->flags & LQ_FCP_BIDI_OVERFLOW) != 0;
    event->bidi_underflow = (rsp->flags & LQ_FCP_BIDI_UNDERFLOW) != 0;
    event->residual = event->overflow || event->underflow ? rsp->residual : 0;
    event->bidi_residual = rsp->bidi_residual;
    event->in_bytes = in_order(request);
    event->out_bytes = request->out_sent;
    event->sense_bytes = sense < LQ_FC_I_SENSE_BYTES_MAX ? sense : LQ_FC_I_SENSE_BYTES_MAX;
    if (event->sense_bytes != 0)
        memcpy(event->sense, rsp->sense, event->sense_bytes);
}

static void finish(struct lq_fc_initiator *i, struct lq_fci_request *request,
                   const struct lq_fcp_rsp *rsp)
{
    if ((rsp->flags & LQ_FCP_CONFIRM_WANTED) != 0 && i->confirm)
        send_conf(i, request);
    if (request->kind == LQ_FCI_TM) {
        struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_TM_DONE);
        if (event != NULL) {
            event->id = request->id;
            event->ox_id = request->ox_id;
            event->code = rsp_code(rsp);
        }
    } else {
        command_done(i, request, rsp);
    }
    lq_fci_request_free(i, request);
}

static void response(struct lq_fc_initiator *i, struct lq_fci_request *request,
                     struct lq_slice data)
{
    struct lq_fcp_rsp rsp;
    uint8_t both = LQ_FCP_OVERFLOW | LQ_FCP_UNDERFLOW;
    if (!lq_fcp_rsp_decode(&rsp, data.bytes, data.size_bytes) || (rsp.flags & both) == both) {
        lq_fci_error(i, LQ_FC_I_ERROR_RESPONSE, request->ox_id);
        return;
    }
    bool is_plain = request->kind == LQ_FCI_COMMAND && rsp.status == 0 && rsp_code(&rsp) == 0;
    uint32_t due = in_due(request, &rsp);
    if (is_plain && in_order(request) < due) { /* frames were lost */
        if (i->retry)
            lq_fci_start_srr(i, request, LQ_FC_R_CTL_SOLICITED_DATA, in_order(request));
        else
            lq_fci_start_abort(i, request, LQ_FCI_FAILED_COMMAND);
        return;
    }
    if (is_plain && in_order(request) > due)
        lq_fci_error(i, LQ_FC_I_ERROR_RESIDUAL, request->ox_id);
    finish(i, request, &rsp);
}

/* --- by information category ------------------------------------------------------------------ */

static void echo_answer(struct lq_fc_initiator *i, struct lq_fci_request *request,
                        struct lq_slice data)
{
    struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_ECHO_DONE);
    bool is_same = data.size_bytes == request->echo_bytes && data.bytes[0] == LQ_FC_ELS_LS_ACC &&
                   memcmp(data.bytes + 1, request->echo + 1, data.size_bytes - 1) == 0;
    if (event != NULL) {
        event->id = request->id;
        event->code = is_same ? 0 : LQ_FC_I_UNFIT;
        if (data.size_bytes >= 8 && data.bytes[0] == LQ_FC_ELS_LS_RJT)
            event->code = (uint32_t)data.bytes[5] << 8 | data.bytes[6];
    }
    lq_fci_request_free(i, request);
}

/* RX_ID is the responder's from its first frame on. */
static bool rx_id_fits(struct lq_fci_request *request, uint16_t rx_id)
{
    if (request->rx_id == LQ_FC_ID_UNASSIGNED)
        request->rx_id = rx_id;
    return request->rx_id == rx_id;
}

void lq_fci_fcp_frame(struct lq_fc_initiator *i, struct lq_fci_request *request,
                      const struct lq_fc_frame *frame, struct lq_slice data)
{
    if (request->stage == LQ_FCI_ABTS)
        return; /* it is being aborted: what was on its way may still come */
    if (request->kind == LQ_FCI_ECHO) {
        if (frame->type == LQ_FC_TYPE_ELS && frame->r_ctl == LQ_FC_R_CTL_ELS_REPLY)
            echo_answer(i, request, data);
        return;
    }
    if (!rx_id_fits(request, frame->rx_id)) {
        lq_fci_error(i, LQ_FC_I_ERROR_EXCHANGE, frame->ox_id);
        return;
    }
    bool is_command = request->kind == LQ_FCI_COMMAND;
    if (frame->type != LQ_FC_TYPE_FCP)
        lq_fci_error(i, LQ_FC_I_ERROR_FRAME, frame->ox_id);
    else if (frame->r_ctl == LQ_FC_R_CTL_COMMAND_STATUS)
        response(i, request, data);
    else if (frame->r_ctl == LQ_FC_R_CTL_SOLICITED_DATA && is_command)
        data_in(i, request, frame, data);
    else if (frame->r_ctl == LQ_FC_R_CTL_DATA_DESCRIPTOR && is_command)
        transfer_ready(i, request, data);
    else
        lq_fci_error(i, LQ_FC_I_ERROR_FRAME, frame->ox_id);
}
