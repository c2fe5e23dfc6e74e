/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames out: replies, which are complete, and exchanges, whose next frame is made when the world
 * asks. All take turns, frame by frame; the frames of one exchange keep their order.
 */
#include <string.h>

#include "proto/fc/target_state.h"

void lq_fct_queue(struct lq_fc_target *t, struct lq_fct_output *output)
{
    if (!lq_link_is_linked(&output->link))
        lq_list_append(&t->outputs, &output->link);
}

static void free_reply(struct lq_fc_target *t, struct lq_fct_reply *reply)
{
    lq_list_remove(&reply->output.link);
    reply->frame.payload = NULL;
    lq_list_append(&t->free_replies, &reply->output.link);
    t->free_reply_count++;
}

void lq_fct_unqueue(struct lq_fc_target *t, struct lq_fct_output *output)
{
    if (output->kind == LQ_FCT_OUT_REPLY)
        free_reply(t, LQ_ELEMENT(output, struct lq_fct_reply, output));
    else
        lq_list_remove(&output->link);
}

/* --- replies ---------------------------------------------------------------------------------- */

struct lq_fct_reply *lq_fct_reply(struct lq_fc_target *t, uint32_t port, uint32_t d_id,
                                  uint8_t r_ctl, uint8_t type, bool owed)
{
    if (t->free_reply_count == 0 || (!owed && t->free_reply_count <= LQ_FCT_REPLIES_RESERVED)) {
        t->counts.dropped++;
        return NULL;
    }
    struct lq_fct_reply *reply =
        LQ_ELEMENT(lq_list_take(&t->free_replies), struct lq_fct_reply, output.link);
    t->free_reply_count--;
    reply->port = port;
    reply->frame = (struct lq_fc_frame){.sof = LQ_FC_SOF_I3,
                                        .eof = LQ_FC_EOF_T,
                                        .r_ctl = r_ctl,
                                        .type = type,
                                        .d_id = d_id,
                                        .s_id = t->ports[port].fc_id,
                                        .ox_id = LQ_FC_ID_UNASSIGNED,
                                        .rx_id = LQ_FC_ID_UNASSIGNED,
                                        .payload = reply->payload};
    return reply;
}

struct lq_fct_reply *lq_fct_answer(struct lq_fc_target *t, uint32_t port,
                                   const struct lq_fc_frame *frame, uint8_t r_ctl)
{
    struct lq_fct_reply *reply = lq_fct_reply(t, port, frame->s_id, r_ctl, frame->type, false);
    if (reply == NULL)
        return NULL;
    reply->frame.f_ctl = LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_LAST_SEQUENCE |
                         LQ_FC_F_CTL_END_SEQUENCE;
    reply->frame.ox_id = frame->ox_id;
    reply->frame.rx_id = frame->rx_id;
    return reply;
}

void lq_fct_send(struct lq_fc_target *t, struct lq_fct_reply *reply, uint32_t payload_bytes)
{
    LQ_ASSERT(payload_bytes <= sizeof reply->payload);
    reply->frame.payload_bytes = payload_bytes;
    reply->frame.f_ctl |= -payload_bytes & LQ_FC_F_CTL_FILL_MASK;
    lq_fct_queue(t, &reply->output);
}

void lq_fct_send_els(struct lq_fc_target *t, struct lq_fct_reply *reply,
                     const struct lq_fc_els *els)
{
    lq_fct_send(t, reply, lq_fc_els_encode(els, reply->payload));
}

uint16_t lq_fct_request(struct lq_fc_target *t, uint32_t port, uint32_t d_id,
                        const struct lq_fc_els *els)
{
    struct lq_fct_reply *request =
        lq_fct_reply(t, port, d_id, LQ_FC_R_CTL_ELS_REQUEST, LQ_FC_TYPE_ELS, false);
    if (request == NULL)
        return LQ_FC_ID_UNASSIGNED;
    if (t->next_ox_id == LQ_FC_ID_UNASSIGNED)
        t->next_ox_id = 0;
    request->frame.ox_id = t->next_ox_id++;
    request->frame.f_ctl = LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                           LQ_FC_F_CTL_SEQUENCE_INITIATIVE;
    uint16_t ox_id = request->frame.ox_id;
    lq_fct_send_els(t, request, els);
    return ox_id;
}

void lq_fct_reject(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                   uint8_t reason, uint8_t explanation)
{
    bool is_els = frame->type == LQ_FC_TYPE_ELS;
    struct lq_fct_reply *reply = lq_fct_answer(
        t, port, frame, is_els ? LQ_FC_R_CTL_ELS_REPLY : LQ_FC_R_CTL_FC4_REPLY);
    if (reply == NULL)
        return;
    struct lq_fc_els rjt;
    lq_fc_els_begin(&rjt, LQ_FC_ELS_LS_RJT, LQ_FC_ELS_SRR);
    rjt.u.rjt.reason = reason;
    rjt.u.rjt.explanation = explanation;
    t->counts.rejects++;
    lq_fct_send_els(t, reply, &rjt);
}

/* --- frames of exchanges ---------------------------------------------------------------------- */

static void begin_frame(struct lq_fc_target *t, const struct lq_fct_exchange *x, uint8_t r_ctl,
                        uint32_t f_ctl)
{
    t->emit_port = x->port;
    t->frame = (struct lq_fc_frame){.sof = LQ_FC_SOF_I3,
                                    .eof = LQ_FC_EOF_T,
                                    .r_ctl = r_ctl,
                                    .type = LQ_FC_TYPE_FCP,
                                    .d_id = x->s_id,
                                    .s_id = t->ports[x->port].fc_id,
                                    .f_ctl = LQ_FC_F_CTL_RESPONDER | f_ctl,
                                    .seq_id = x->seq_id,
                                    .ox_id = x->ox_id,
                                    .rx_id = x->rx_id,
                                    .payload = t->payload};
}

static void set_payload(struct lq_fc_target *t, const uint8_t *payload, uint32_t bytes)
{
    t->frame.payload = payload;
    t->frame.payload_bytes = bytes;
    t->frame.f_ctl |= -bytes & LQ_FC_F_CTL_FILL_MASK;
}

static void make_ready(struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    struct lq_fcp_xfer_rdy ready = {.offset = x->burst_offset, .burst_bytes = x->burst_bytes};
    if (lq_fct_wrong(t, LQ_WRONG_XFER_RDY_BEYOND_END) &&
        x->burst_offset + x->burst_bytes == x->cmnd.dl)
        ready.burst_bytes += 4;
    begin_frame(t, x, LQ_FC_R_CTL_DATA_DESCRIPTOR,
                LQ_FC_F_CTL_END_SEQUENCE | LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
    lq_fcp_xfer_rdy_encode(&ready, t->payload);
    set_payload(t, t->payload, LQ_FCP_XFER_RDY_BYTES);
}

static uint32_t data_bytes_max(const struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    uint32_t link = t->ports[x->port].data_bytes_max, peer = x->remote->data_bytes_max;
    return link < peer ? link : peer;
}

static void make_data(struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    uint32_t left = x->in_bytes - x->in_sent, most = data_bytes_max(t, x);
    bool is_last = left <= most;
    begin_frame(t, x, LQ_FC_R_CTL_SOLICITED_DATA,
                LQ_FC_F_CTL_RELATIVE_OFFSET | (is_last ? LQ_FC_F_CTL_END_SEQUENCE : 0));
    t->frame.sof = x->in_open ? LQ_FC_SOF_N3 : LQ_FC_SOF_I3;
    t->frame.eof = is_last || lq_fct_wrong(t, LQ_WRONG_MIDDLE_FRAME_ENDS_SEQUENCE) ? LQ_FC_EOF_T
                                                                                   : LQ_FC_EOF_N;
    if (!lq_fct_wrong(t, LQ_WRONG_SEQ_CNT_STANDS_STILL))
        t->frame.seq_cnt = (uint16_t)x->in_seq_cnt;
    if (!is_last || !lq_fct_wrong(t, LQ_WRONG_RELATIVE_OFFSET_ZERO))
        t->frame.parameter = x->in_sent;
    set_payload(t, x->in + x->in_sent, is_last ? left : most);
}

static void make_rsp(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    lq_fct_rsp_prepare(t, x);
    begin_frame(t, x, LQ_FC_R_CTL_COMMAND_STATUS,
                LQ_FC_F_CTL_END_SEQUENCE | (x->asks_confirm ? LQ_FC_F_CTL_SEQUENCE_INITIATIVE
                                                            : LQ_FC_F_CTL_LAST_SEQUENCE));
    set_payload(t, t->payload, lq_fct_rsp(t, x, t->payload));
    if (lq_fct_wrong(t, LQ_WRONG_RX_ID_CHANGES))
        t->frame.rx_id ^= 1;
    if (lq_fct_wrong(t, LQ_WRONG_NOT_AS_RESPONDER))
        t->frame.f_ctl &= ~(uint32_t)LQ_FC_F_CTL_RESPONDER;
}

static bool has_data(const struct lq_fct_exchange *x)
{
    return x->in_sent < x->in_bytes;
}

/* Wrong "fcp-rsp-before-data": only the last frame of it is left. */
static bool hurries(const struct lq_fc_target *t, const struct lq_fct_exchange *x)
{
    return x->send_rsp && x->in_open && x->in_bytes - x->in_sent <= data_bytes_max(t, x) &&
           lq_fct_wrong(t, LQ_WRONG_FCP_RSP_BEFORE_DATA);
}

static bool make_frame(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    if (hurries(t, x))
        make_rsp(t, x);
    else if (x->send_ready)
        make_ready(t, x);
    else if (has_data(x))
        make_data(t, x);
    else if (x->send_rsp)
        make_rsp(t, x);
    return x->send_ready || has_data(x) || x->send_rsp;
}

bool lq_fc_target_emit(struct lq_fc_target *target, uint32_t *port, struct lq_fc_frame *frame)
{
    if (!target->emitted) /* the engine may have spoken since */
        lq_fct_settle(target);
    while (!target->emitted) {
        if (lq_list_is_empty(&target->outputs))
            return false;
        struct lq_fct_output *output =
            LQ_ELEMENT(target->outputs.next, struct lq_fct_output, link);
        if (output->kind == LQ_FCT_OUT_REPLY) {
            const struct lq_fct_reply *reply = LQ_ELEMENT(output, struct lq_fct_reply, output);
            target->frame = reply->frame;
            target->emit_port = reply->port;
        } else if (!make_frame(target, LQ_ELEMENT(output, struct lq_fct_exchange, output))) {
            lq_list_remove(&output->link);
            continue;
        }
        target->emitted = true;
        target->emitting = output;
    }
    *port = target->emit_port;
    *frame = target->frame;
    return true;
}

static void exchange_sent(struct lq_fc_target *t, struct lq_fct_exchange *x)
{
    uint8_t r_ctl = t->frame.r_ctl;
    lq_list_remove(&x->output.link);
    if (r_ctl == LQ_FC_R_CTL_DATA_DESCRIPTOR) {
        bool again = x->ox_id % 16 == 0 && !x->ready_sent &&
                     lq_fct_wrong(t, LQ_WRONG_XFER_RDY_TWICE);
        x->send_ready = again;
        x->ready_sent = true;
        x->seq_id++;
        lq_fct_wait(t, x, &t->bursts);
    } else if (r_ctl == LQ_FC_R_CTL_SOLICITED_DATA) {
        x->in_sent += t->frame.payload_bytes;
        x->in_seq_cnt++;
        x->in_open = has_data(x);
        x->seq_id = (uint8_t)(x->seq_id + (x->in_open ? 0 : 1));
    } else {
        x->send_rsp = !x->rsp_sent && x->ox_id % 16 == 0 && lq_fct_wrong(t, LQ_WRONG_TWO_FCP_RSPS);
        x->rsp_sent = true;
        x->seq_id++;
    }
    if (x->send_ready || has_data(x) || x->send_rsp)
        lq_fct_queue(t, &x->output);
    else if (x->rsp_sent)
        lq_fct_rsp_sent(t, x);
}

void lq_fc_target_sent(struct lq_fc_target *target)
{
    LQ_ASSERT(target->emitted);
    struct lq_fct_output *output = target->emitting;
    target->emitted = false;
    target->counts.frames_out++;
    if (output->kind == LQ_FCT_OUT_REPLY)
        lq_fct_unqueue(target, output);
    else
        exchange_sent(target, LQ_ELEMENT(output, struct lq_fct_exchange, output));
    lq_fct_settle(target);
}
