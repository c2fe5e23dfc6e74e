/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint's frames out, and the OX_IDs that they begin with. */
#include <string.h>

#include "proto/fc/initiator_state.h"

/* --- identities ------------------------------------------------------------------------------- */

static bool is_used(const struct lq_fc_initiator *i, uint16_t ox_id)
{
    if ((i->session.step != LQ_FCI_STEP_NONE && i->session.ox_id == ox_id) ||
        (i->directory.step != LQ_FCI_STEP_NONE && i->directory.ox_id == ox_id) ||
        ox_id == i->raw_ox_id)
        return true;
    LQ_LIST_EACH(link, &i->live)
    {
        const struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        bool is_it = request->stage != LQ_FCI_QUEUED && request->ox_id == ox_id;
        bool beside = request->side_ox_id == ox_id &&
                      (request->stage == LQ_FCI_REC || request->stage == LQ_FCI_SRR);
        if (is_it || beside)
            return true;
    }
    for (uint32_t n = 0; n < i->held_count; n++)
        if (i->held[n].ox_id == ox_id)
            return true;
    return false;
}

uint16_t lq_fci_take_ox_id(struct lq_fc_initiator *i)
{
    for (uint32_t n = 0; n < i->config.ox_ids; n++) {
        uint32_t number = (uint32_t)i->config.first_ox_id + i->next_ox_id;
        uint16_t ox_id = (uint16_t)(number % LQ_FC_ID_UNASSIGNED);
        i->next_ox_id = (uint16_t)((i->next_ox_id + 1U) % i->config.ox_ids);
        if (!is_used(i, ox_id))
            return ox_id;
    }
    return LQ_FC_ID_UNASSIGNED;
}

/* --- replies ---------------------------------------------------------------------------------- */

void lq_fci_queue(struct lq_fc_initiator *i, struct lq_fci_output *output)
{
    if (!lq_link_is_linked(&output->link))
        lq_list_append(&i->outputs, &output->link);
}

struct lq_fci_reply *lq_fci_reply(struct lq_fc_initiator *i, uint32_t d_id, uint8_t r_ctl,
                                  uint8_t type, uint32_t f_ctl)
{
    struct lq_link *link = lq_list_take(&i->free_replies);
    if (link == NULL)
        return NULL;
    i->free_reply_count--;
    struct lq_fci_reply *reply = LQ_ELEMENT(link, struct lq_fci_reply, output.link);
    reply->frame = (struct lq_fc_frame){.sof = LQ_FC_SOF_I3,
                                        .eof = LQ_FC_EOF_T,
                                        .r_ctl = r_ctl,
                                        .type = type,
                                        .d_id = d_id,
                                        .s_id = i->fc_id,
                                        .f_ctl = f_ctl,
                                        .ox_id = LQ_FC_ID_UNASSIGNED,
                                        .rx_id = LQ_FC_ID_UNASSIGNED,
                                        .payload = reply->payload};
    return reply;
}

void lq_fci_send(struct lq_fc_initiator *i, struct lq_fci_reply *reply, uint32_t payload_bytes)
{
    LQ_ASSERT(payload_bytes <= sizeof reply->payload);
    reply->frame.payload_bytes = payload_bytes;
    reply->frame.f_ctl |= -payload_bytes & LQ_FC_F_CTL_FILL_MASK;
    lq_fci_queue(i, &reply->output);
}

static uint16_t send_request(struct lq_fc_initiator *i, uint32_t d_id, uint8_t r_ctl, uint8_t type,
                             const struct lq_fc_els *els, uint32_t parameter)
{
    uint16_t ox_id = lq_fci_take_ox_id(i);
    if (ox_id == LQ_FC_ID_UNASSIGNED)
        return ox_id;
    struct lq_fci_reply *request =
        lq_fci_reply(i, d_id, r_ctl, type,
                     LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                         LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
    if (request == NULL)
        return LQ_FC_ID_UNASSIGNED;
    request->frame.ox_id = ox_id;
    request->frame.parameter = parameter;
    lq_fci_send(i, request, lq_fc_els_encode(els, request->payload));
    return ox_id;
}

uint16_t lq_fci_send_els(struct lq_fc_initiator *i, uint32_t d_id, const struct lq_fc_els *els,
                         uint32_t parameter)
{
    return send_request(i, d_id, LQ_FC_R_CTL_ELS_REQUEST, LQ_FC_TYPE_ELS, els, parameter);
}

uint16_t lq_fci_send_srr(struct lq_fc_initiator *i, uint32_t d_id, const struct lq_fc_els *els,
                         uint32_t parameter)
{
    return send_request(i, d_id, LQ_FC_R_CTL_FC4_REQUEST, LQ_FC_TYPE_FCP, els, parameter);
}

bool lq_fc_initiator_raw(struct lq_fc_initiator *initiator, const struct lq_fc_frame *frame)
{
    if (initiator->fc_id == 0 || frame->payload_bytes > LQ_FC_PAYLOAD_BYTES_MAX)
        return false;
    struct lq_fci_reply *reply = lq_fci_reply(initiator, frame->d_id, frame->r_ctl, frame->type, 0);
    if (reply == NULL)
        return false;
    reply->frame = *frame;
    reply->frame.payload = reply->payload;
    if (frame->payload_bytes != 0)
        memcpy(reply->payload, frame->payload, frame->payload_bytes);
    initiator->raw_ox_id = frame->ox_id;
    lq_fci_queue(initiator, &reply->output);
    return true;
}

/* --- frames of requests ----------------------------------------------------------------------- */

static void begin_frame(struct lq_fc_initiator *i, const struct lq_fci_request *request,
                        uint8_t r_ctl, uint8_t type, uint32_t f_ctl)
{
    i->frame = (struct lq_fc_frame){.sof = LQ_FC_SOF_I3,
                                    .eof = LQ_FC_EOF_T,
                                    .r_ctl = r_ctl,
                                    .type = type,
                                    .d_id = i->target_id,
                                    .s_id = i->fc_id,
                                    .f_ctl = f_ctl,
                                    .seq_id = request->seq_id,
                                    .ox_id = request->ox_id,
                                    .rx_id = request->rx_id,
                                    .payload = i->payload};
}

static void set_payload(struct lq_fc_initiator *i, const uint8_t *payload, uint32_t bytes)
{
    i->frame.payload = payload;
    i->frame.payload_bytes = bytes;
    i->frame.f_ctl |= -bytes & LQ_FC_F_CTL_FILL_MASK;
}

/* The first frame: FCP_CMND or ECHO. False: it waits for an OX_ID or for room. */
static bool make_first(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    if (!lq_fci_has_room(i) || i->held_count == i->held_max)
        return false;
    uint16_t ox_id = lq_fci_take_ox_id(i);
    if (ox_id == LQ_FC_ID_UNASSIGNED)
        return false;
    request->ox_id = ox_id;
    request->rx_id = LQ_FC_ID_UNASSIGNED;
    bool is_echo = request->kind == LQ_FCI_ECHO;
    begin_frame(i, request,
                is_echo ? LQ_FC_R_CTL_ELS_REQUEST : LQ_FC_R_CTL_UNSOLICITED_COMMAND,
                is_echo ? LQ_FC_TYPE_ELS : LQ_FC_TYPE_FCP,
                LQ_FC_F_CTL_FIRST_SEQUENCE | LQ_FC_F_CTL_END_SEQUENCE |
                    LQ_FC_F_CTL_SEQUENCE_INITIATIVE);
    if (is_echo) {
        set_payload(i, request->echo, request->echo_bytes);
        return true;
    }
    if (i->task_retry_id)
        request->task_retry_id = ++i->next_task_retry_id;
    i->frame.parameter = request->task_retry_id;
    set_payload(i, i->payload, lq_fcp_cmnd_encode(&request->cmnd, i->payload));
    return true;
}

static void make_data(struct lq_fc_initiator *i, const struct lq_fci_request *request)
{
    uint32_t most = i->link_bytes_max < i->target_bytes_max ? i->link_bytes_max
                                                            : i->target_bytes_max;
    uint32_t left = request->burst_bytes - request->burst_sent;
    uint32_t bytes = left < most ? left : most;
    uint32_t offset = request->burst_offset + request->burst_sent;
    bool is_last = bytes == left;
    begin_frame(i, request, LQ_FC_R_CTL_SOLICITED_DATA, LQ_FC_TYPE_FCP,
                LQ_FC_F_CTL_RELATIVE_OFFSET |
                    (is_last ? LQ_FC_F_CTL_END_SEQUENCE | LQ_FC_F_CTL_SEQUENCE_INITIATIVE : 0));
    i->frame.sof = request->burst_sent == 0 ? LQ_FC_SOF_I3 : LQ_FC_SOF_N3;
    i->frame.eof = is_last ? LQ_FC_EOF_T : LQ_FC_EOF_N;
    i->frame.seq_cnt = (uint16_t)(request->burst_sent / most);
    i->frame.parameter = offset;
    uint32_t have = request->out != NULL && offset < request->out_bytes
                        ? request->out_bytes - offset
                        : 0;
    if (have >= bytes) {
        set_payload(i, request->out + offset, bytes);
        return;
    }
    memset(i->payload, 0, bytes);
    if (have != 0)
        memcpy(i->payload, request->out + offset, have);
    set_payload(i, i->payload, bytes);
}

static bool owes_data(const struct lq_fci_request *request)
{
    return request->burst_open && !request->hold_data && request->stage != LQ_FCI_ABTS;
}

static bool make_frame(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    if (request->stage == LQ_FCI_QUEUED)
        return make_first(i, request);
    if (!owes_data(request))
        return false;
    make_data(i, request);
    return true;
}

/* Queued requests go out in their order: one that has to wait keeps back those behind it. */
static bool pick(struct lq_fc_initiator *i)
{
    bool first_waits = false;
    LQ_LIST_EACH_SAFE(link, following, &i->outputs)
    {
        struct lq_fci_output *output = LQ_ELEMENT(link, struct lq_fci_output, link);
        i->emitting = output;
        if (output->kind == LQ_FCI_OUT_REPLY) {
            i->frame = LQ_ELEMENT(output, struct lq_fci_reply, output)->frame;
            return true;
        }
        struct lq_fci_request *request = LQ_ELEMENT(output, struct lq_fci_request, output);
        bool is_queued = request->stage == LQ_FCI_QUEUED;
        if (is_queued && first_waits)
            continue;
        if (make_frame(i, request))
            return true;
        first_waits = first_waits || is_queued;
        if (!is_queued)
            lq_list_remove(link);
    }
    return false;
}

bool lq_fc_initiator_emit(struct lq_fc_initiator *initiator, struct lq_fc_frame *frame)
{
    if (!initiator->emitted)
        initiator->emitted = initiator->fc_id != 0 && pick(initiator);
    if (initiator->emitted)
        *frame = initiator->frame;
    return initiator->emitted;
}

static void request_sent(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    lq_list_remove(&request->output.link);
    lq_fci_heard(i, request);
    if (request->stage == LQ_FCI_QUEUED) {
        request->stage = LQ_FCI_SENT;
        request->tries = 1;
        request->seq_id++;
        if (request->kind != LQ_FCI_COMMAND)
            request->deadline_ns = lq_fci_after(i, 2 * i->config.r_a_tov_ns);
        else
            lq_fci_heard(i, request);
        struct lq_fc_initiator_event *event = lq_fci_event(i, LQ_FC_I_EVENT_SENT);
        if (event != NULL) {
            event->id = request->id;
            event->ox_id = request->ox_id;
        }
        return;
    }
    request->burst_sent += i->frame.payload_bytes;
    uint32_t end = request->burst_offset + request->burst_sent;
    request->out_sent = end > request->out_sent ? end : request->out_sent;
    if (request->burst_sent == request->burst_bytes) {
        request->burst_open = false;
        request->seq_id++;
    } else {
        lq_fci_queue(i, &request->output);
    }
}

void lq_fc_initiator_sent(struct lq_fc_initiator *initiator)
{
    LQ_ASSERT(initiator->emitted);
    struct lq_fci_output *output = initiator->emitting;
    initiator->emitted = false;
    if (output->kind == LQ_FCI_OUT_REQUEST) {
        request_sent(initiator, LQ_ELEMENT(output, struct lq_fci_request, output));
        return;
    }
    lq_list_remove(&output->link);
    lq_list_append(&initiator->free_replies, &output->link);
    initiator->free_reply_count++;
}
