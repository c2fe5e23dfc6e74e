/* SPDX-License-Identifier: Apache-2.0 */
/* FRAMES: data, its requests and the response of an exchange [FCP-4 9.3 to 9.5]. */
#include "conformance/judges/frames.h"

#define RESEND_NS UINT64_C(100000000)

void lq_frames_unit_came(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         struct lq_seen_fcp *exchange)
{
    (void)judge;
    const struct lq_wire_frame *frame = &seen->frame;
    if ((frame->f_ctl & LQ_WIRE_RELATIVE_OFFSET) == 0 || frame->parameter != exchange->out_bytes) {
        exchange->has_recovered = true; /* a frame was lost, or came out of order */
        if (frame->parameter + frame->payload_bytes <= exchange->out_bytes)
            return;
    }
    exchange->out_bytes = frame->parameter + frame->payload_bytes;
}

/* To those who judge what is in it. */
void lq_frames_tell_data(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         const struct lq_seen_fcp *exchange)
{
    const struct lq_wire_frame *frame = &seen->frame;
    if ((frame->f_ctl & LQ_WIRE_RELATIVE_OFFSET) == 0 || frame->payload_bytes == 0)
        return;
    const struct lq_data_seen data = {.asked = exchange->asked,
                                      .direction = seen->direction,
                                      .offset = frame->parameter,
                                      .data_bytes = frame->payload_bytes,
                                      .data = frame->payload,
                                      .kept_bytes = frame->payload_bytes,
                                      .opcode = frame->r_ctl,
                                      .at = seen->at};
    lq_judge_data(judge, &data);
}

/* --- from the target -------------------------------------------------------------------------- */

static void judge_data(struct lq_judge *judge, const struct lq_frame_seen *seen,
                       struct lq_seen_fcp *exchange)
{
    const struct lq_wire_frame *frame = &seen->frame;
    uint64_t end = (uint64_t)frame->parameter + frame->payload_bytes;
    const char *what = NULL;
    judge->exercised[P_FRAME_4]++;
    if (!exchange->cmnd.reads)
        what = "which reads nothing";
    else if ((frame->f_ctl & LQ_WIRE_RELATIVE_OFFSET) == 0)
        what = "without a relative offset";
    else if (end > exchange->cmnd.expected_bytes)
        what = "beyond FCP_DL";
    else if (exchange->resend_r_ctl == 0 && frame->parameter != exchange->in_bytes)
        what = "that does not go on where the last one ended";
    if (what != NULL)
        lq_frames_convict(judge, P_FRAME_4, seen, exchange, what);
    exchange->in_bytes = (uint32_t)end;
}

static void judge_ready(struct lq_judge *judge, const struct lq_frame_seen *seen,
                        struct lq_seen_fcp *exchange)
{
    struct lq_wire_ready ready;
    const char *what = NULL;
    judge->exercised[P_FRAME_5]++;
    if (!lq_wire_ready_read(&seen->frame, &ready)) {
        lq_frames_convict(judge, P_FRAME_5, seen, exchange, "that is too short");
        return;
    }
    if (!exchange->cmnd.writes)
        what = "which writes nothing";
    else if (ready.burst_bytes == 0)
        what = "that asks for nothing";
    else if ((uint64_t)ready.offset + ready.burst_bytes > exchange->cmnd.expected_bytes)
        what = "that asks for data beyond FCP_DL";
    else if (exchange->resend_r_ctl == 0 && !exchange->has_recovered &&
             exchange->burst_end > exchange->out_bytes)
        what = "before what it asked for last had come";
    else if (exchange->resend_r_ctl == 0 && !exchange->has_recovered &&
             ready.offset != exchange->asked_bytes)
        what = "that does not go on where the last one ended";
    if (what != NULL)
        lq_frames_convict(judge, P_FRAME_5, seen, exchange, what);
    exchange->asked_bytes = exchange->burst_end = ready.offset + ready.burst_bytes;
    if (exchange->has_recovered)
        exchange->out_bytes = ready.offset;
}

/* What an SRR has asked for again comes from where it said [FCP-4, SRR]. */
static void judge_resent(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         struct lq_seen_fcp *exchange)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_wire_ready ready = {0, 0};
    uint8_t wanted = exchange->resend_r_ctl;
    judge->exercised[P_FRAME_12]++;
    judge->exercised[P_FRAME_14] += frame->r_ctl == wanted;
    if (frame->r_ctl != wanted)
        return;
    exchange->resend_r_ctl = 0;
    exchange->has_recovered = true;
    if (wanted == LQ_WIRE_FCP_DATA)
        exchange->in_bytes = frame->parameter;
    bool is_right = wanted == LQ_WIRE_FCP_RSP ||
                    (wanted == LQ_WIRE_FCP_DATA && frame->parameter == exchange->resend_offset) ||
                    (wanted == LQ_WIRE_FCP_XFER_RDY && lq_wire_ready_read(frame, &ready) &&
                     ready.offset == exchange->resend_offset);
    if (!is_right)
        lq_frames_convict(judge, P_FRAME_12, seen, exchange,
                          "from another offset than SRR had asked for");
}

/* It goes out at once; what is sent is seen here even when it is lost later. */
void lq_frames_asks_on(struct lq_judge *judge, const struct lq_frame_seen *seen,
                       struct lq_seen_fcp *exchange)
{
    if (exchange->resend_r_ctl == 0 || exchange->is_repeated ||
        exchange->silent_since.seq != 0)
        return;
    judge->exercised[P_FRAME_14]++;
    if (seen->at.time_ns - exchange->resend_since.time_ns < RESEND_NS)
        return;
    struct lq_text text = {0};
    lq_text_add(&text, "the target accepted an SRR for exchange ");
    lq_text_hex(&text, exchange->ox_id, 4);
    lq_text_add(&text, " and sent nothing of what it asked for");
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, exchange->begun, seen->device, LQ_TO_TARGET, LQ_WIRE_FCP_CMND,
                  exchange->ox_id);
    lq_proof_wire(&proof, exchange->resend_since, seen->device, LQ_FROM_TARGET,
                  LQ_WIRE_FC4_REPLY, exchange->ox_id);
    lq_proof_wire(&proof, seen->at, seen->device, LQ_TO_TARGET, seen->frame.r_ctl,
                  seen->frame.ox_id);
    lq_convict(judge, P_FRAME_14, &proof, &text);
    exchange->resend_r_ctl = 0;
}

/* Data and residual agree with what the command expected [FCP-4 9.5.8]. */
static const char *residual_fault(const struct lq_seen_fcp *exchange,
                                  const struct lq_wire_rsp *rsp)
{
    uint32_t expected = exchange->cmnd.expected_bytes;
    if (rsp->overflow && rsp->underflow)
        return "with an overflow and an underflow";
    if ((rsp->overflow || rsp->underflow) != (rsp->residual != 0))
        return "whose residual and its flags do not agree";
    if (rsp->underflow && rsp->residual > expected)
        return "whose residual is above FCP_DL";
    if (rsp->status != 0 || exchange->has_recovered)
        return NULL;
    uint32_t moved = rsp->underflow ? expected - rsp->residual : expected;
    if (exchange->cmnd.reads && !exchange->cmnd.writes && exchange->in_bytes != moved)
        return "with GOOD, whose residual is not what was sent";
    if (exchange->cmnd.writes && !exchange->cmnd.reads && exchange->out_bytes < moved)
        return "with GOOD before all of its data had come";
    return NULL;
}

static void judge_response(struct lq_judge *judge, const struct lq_frame_seen *seen,
                           struct lq_seen_fcp *exchange)
{
    struct lq_wire_rsp rsp;
    judge->exercised[P_FRAME_9]++;
    if (!lq_wire_rsp_read(&seen->frame, &rsp)) {
        lq_frames_convict(judge, P_FRAME_9, seen, exchange, "whose lengths do not fit");
        return;
    }
    const char *what = exchange->cmnd.tm_flags == 0 ? residual_fault(exchange, &rsp) : NULL;
    if (what != NULL)
        lq_frames_convict(judge, P_FRAME_9, seen, exchange, what);
    const struct lq_seen_port *port =
        lq_frames_port(judge, exchange->remote, exchange->local, false);
    judge->exercised[P_FRAME_10] += port != NULL;
    if (port != NULL && !port->has_prli && rsp.status == 0 && !rsp.has_code)
        lq_frames_convict(judge, P_FRAME_10, seen, exchange,
                          "to an N_Port that has no process login");
}

void lq_frames_unit_sent(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         struct lq_seen_fcp *exchange)
{
    bool is_response = seen->frame.r_ctl == LQ_WIRE_FCP_RSP;
    judge->exercised[P_FRAME_6] += is_response;
    if (exchange->response.seq != 0 && exchange->resend_r_ctl == 0 && !exchange->has_recovered) {
        lq_frames_convict(judge, P_FRAME_6, seen, exchange, "after its response");
        return;
    }
    if (exchange->resend_r_ctl != 0)
        judge_resent(judge, seen, exchange);
    if (seen->frame.r_ctl == LQ_WIRE_FCP_DATA)
        judge_data(judge, seen, exchange);
    else if (is_response)
        judge_response(judge, seen, exchange);
    else
        judge_ready(judge, seen, exchange);
    if (is_response) {
        exchange->response = seen->at;
        exchange->is_over = exchange->asked->is_over = true;
    }
}
