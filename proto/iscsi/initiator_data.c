/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: what a command owes without being asked stands in one list, in the order of commands
 * [RFC 7143 4.2.5.2]; commands that were asked by R2T stand in another and take turns, one sequence
 * each. Data-In goes from the input straight to the caller's memory; DataPDUInOrder and
 * DataSequenceInOrder are always Yes here, so the next offset is always known.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/engine.h"
#include "proto/iscsi/initiator_state.h"

/* --- Data-Out ----------------------------------------------------------------------------- */

void lq_ini_point_at_out(struct lq_iscsi_initiator *ini, struct output *output,
                         struct request *request, uint32_t offset, uint32_t size)
{
    uint32_t there = offset < request->out_bytes ? request->out_bytes - offset : 0;
    if (there > size)
        there = size;
    if (there > 0) {
        output->data = request->out + offset;
        output->data_bytes = there;
        output->slot = lq_ini_slot(ini, request);
        request->outputs++;
    }
    output->zero_bytes = size - there;
    request->encoded_out_bytes += size;
}

void lq_ini_owe_unsolicited(struct lq_iscsi_initiator *ini, struct request *request,
                            uint32_t offset, uint32_t end)
{
    request->unsolicited = (struct window){.ttt = LQ_TAG_NONE, .next = offset, .end = end};
    lq_list_append(&ini->unsolicited, &request->data_link);
}

void lq_ini_release(struct lq_iscsi_initiator *ini, struct request *request)
{
    request->hold = false;
    if (request->window_count > 0)
        lq_list_append(&ini->asked, &request->asked_link);
}

void lq_ini_drop_windows(struct lq_iscsi_initiator *ini, struct request *request)
{
    (void)ini;
    lq_list_remove(&request->asked_link);
    request->window_count = 0;
}

/* The next PDU of WINDOW; true when it was its last. */
static bool encode_from_window(struct lq_iscsi_initiator *ini, struct request *request,
                               struct window *window)
{
    struct output *output = lq_ini_output_next(ini);
    uint32_t size = window->end - window->next;
    uint32_t segment_max = ini->target_segment_max;
    if (request->segment_max != 0 && request->segment_max < segment_max)
        segment_max = request->segment_max;
    if (size > segment_max)
        size = segment_max;
    bool is_last = size == window->end - window->next;
    struct lq_iscsi_pdu pdu;
    pdu.opcode = LQ_OP_DATA_OUT;
    pdu.immediate = false;
    pdu.final = is_last;
    /* The LUN goes with a target transfer tag, else it is reserved [RFC 7143 11.7.4]. */
    pdu.lun = window->ttt == LQ_TAG_NONE ? 0 : request->lun;
    pdu.itt = request->itt;
    pdu.ttt = window->ttt;
    pdu.u.data.data_sn = window->data_sn++;
    pdu.u.data.buffer_offset = window->next;
    lq_ini_point_at_out(ini, output, request, window->next, size);
    window->next += size;
    lq_ini_output_add(ini, output, &pdu);
    return is_last;
}

static bool encode_unsolicited(struct lq_iscsi_initiator *ini)
{
    if (lq_list_is_empty(&ini->unsolicited))
        return false;
    struct request *request = LQ_ELEMENT(ini->unsolicited.next, struct request, data_link);
    if (request->hold)
        return false;
    if (encode_from_window(ini, request, &request->unsolicited)) {
        lq_list_remove(&request->data_link);
        lq_ini_settle(ini, request);
    }
    return true;
}

static bool encode_asked(struct lq_iscsi_initiator *ini)
{
    if (lq_list_is_empty(&ini->asked))
        return false;
    struct request *request = LQ_ELEMENT(ini->asked.next, struct request, asked_link);
    LQ_ASSERT(request->window_count > 0);
    if (!encode_from_window(ini, request, &request->windows[0]))
        return true;
    request->window_count--;
    memmove(&request->windows[0], &request->windows[1],
            request->window_count * sizeof request->windows[0]);
    lq_list_remove(&request->asked_link);
    if (request->window_count > 0)
        lq_list_append(&ini->asked, &request->asked_link);
    return true;
}

bool lq_ini_encode_data_out(struct lq_iscsi_initiator *ini)
{
    return encode_unsolicited(ini) || encode_asked(ini);
}

/* --- R2T ---------------------------------------------------------------------------------- */

static bool ttt_is_in_use(const struct request *request, uint32_t ttt)
{
    for (uint32_t i = 0; i < request->window_count; i++)
        if (request->windows[i].ttt == ttt)
            return true;
    return false;
}

/* Whether the R2T in hand can be answered at all; complains when not, or when it should not be
 * like this. */
static bool check_r2t(struct lq_iscsi_initiator *ini, const struct request *request)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    uint32_t offset = pdu->u.r2t.buffer_offset, size = pdu->u.r2t.desired_bytes;
    if (!request->write || offset > request->expected_out_bytes ||
        size > request->expected_out_bytes - offset) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_R2T_UNASKED);
        return false;
    }
    if (size == 0 || request->window_count == LQ_ISCSI_I_R2T_MAX) {
        lq_ini_error(ini, size == 0 ? LQ_ISCSI_I_ERROR_BURST : LQ_ISCSI_I_ERROR_R2T_OUTSTANDING);
        return false;
    }
    if (pdu->u.r2t.r2t_sn != request->exp_data_sn)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_DATA_SN);
    if (offset != request->asked_end)
        lq_ini_error(ini, offset < request->asked_end ? LQ_ISCSI_I_ERROR_R2T_UNASKED
                                                      : LQ_ISCSI_I_ERROR_BUFFER_OFFSET);
    if (size > ini->params.max_burst_length)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_BURST);
    if (request->window_count >= ini->params.max_outstanding_r2t)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_R2T_OUTSTANDING);
    if (pdu->ttt == LQ_TAG_NONE || ttt_is_in_use(request, pdu->ttt))
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TARGET_TAG);
    if (pdu->lun != request->lun)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_FIELD);
    return true;
}

void lq_ini_handle_r2t(struct lq_iscsi_initiator *ini)
{
    struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    if (request == NULL || request->kind != COMMAND) {
        lq_ini_error(ini, request == NULL ? LQ_ISCSI_I_ERROR_TAG : LQ_ISCSI_I_ERROR_ANSWER_KIND);
        return;
    }
    if (!check_r2t(ini, request))
        return;
    uint32_t offset = ini->pdu.u.r2t.buffer_offset, size = ini->pdu.u.r2t.desired_bytes;
    request->exp_data_sn = ini->pdu.u.r2t.r2t_sn + 1;
    request->asked_end = offset + size;
    request->windows[request->window_count++] = (struct window){
        .ttt = ini->pdu.ttt, .next = offset, .end = offset + size};
    if (request->window_count == 1 && !request->hold)
        lq_list_append(&ini->asked, &request->asked_link);
    if (request->life == ABANDONED)
        return;
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_R2T);
    event->id = request->id;
    event->itt = request->itt;
    event->offset = offset;
    event->size_bytes = size;
}

/* --- Data-In ------------------------------------------------------------------------------ */

static void check_data_in(struct lq_iscsi_initiator *ini, const struct request *request)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    uint32_t offset = pdu->u.data.buffer_offset;
    if (!request->read)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_DATA_UNASKED);
    if (pdu->u.data.data_sn != request->exp_data_sn)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_DATA_SN);
    if (offset != request->in_next || offset > request->expected_in_bytes ||
        pdu->data_bytes > request->expected_in_bytes - offset)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_BUFFER_OFFSET);
    if (request->in_sequence_bytes + pdu->data_bytes > ini->params.max_burst_length)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_BURST);
    if (pdu->u.data.acknowledge) /* only from ErrorRecoveryLevel 1 up [RFC 7143 11.7.2] */
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_FIELD);
}

void lq_ini_begin_data_in(struct lq_iscsi_initiator *ini)
{
    struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    ini->data_slot = NO_SLOT;
    if (request == NULL || request->kind != COMMAND) {
        lq_ini_error(ini, request == NULL ? LQ_ISCSI_I_ERROR_TAG : LQ_ISCSI_I_ERROR_ANSWER_KIND);
        return;
    }
    check_data_in(ini, request);
    ini->data_slot = lq_ini_slot(ini, request);
    request->exp_data_sn = ini->pdu.u.data.data_sn + 1;
    request->had_data_in = true;
    request->in_next = ini->pdu.u.data.buffer_offset;
    request->in_sequence_bytes += ini->pdu.data_bytes; /* below 2^25: no wrap */
    if (ini->pdu.final || request->in_sequence_bytes > LQ_DATA_SEGMENT_BYTES_MAX)
        request->in_sequence_bytes = 0;
}

/* The request of the Data-In in hand, NULL when it has ended (or its slot is another's) since the
 * segment began. */
static struct request *data_in_request(const struct lq_iscsi_initiator *ini)
{
    if (ini->data_slot == NO_SLOT)
        return NULL;
    struct request *request = &ini->requests[ini->data_slot];
    return request->has_tag && request->itt == ini->pdu.itt ? request : NULL;
}

void lq_ini_take_data_in(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    struct request *request = data_in_request(ini);
    if (request == NULL)
        return;
    uint32_t at = request->in_next;
    if (at < request->in_bytes) {
        uint32_t room = request->in_bytes - at;
        memcpy(request->in + at, bytes, size < room ? size : room);
    }
    request->in_next = at + size; /* wraps only when the target's offset did */
    if (request->in_next > request->in_end)
        request->in_end = request->in_next;
}

void lq_ini_end_data_in(struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    struct request *request = data_in_request(ini);
    if (!pdu->u.data.has_status)
        return;
    lq_ini_take_stat_sn(ini, true);
    if (request == NULL)
        return;
    uint8_t status = pdu->u.data.status;
    bool can_be_in_data = status == LQ_GOOD || status == LQ_CONDITION_MET || status == 0x10 ||
                          status == 0x14; /* INTERMEDIATE ones [RFC 7143 11.7.3] */
    if (!pdu->final || !can_be_in_data || request->write)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_STATUS_IN_DATA);
    struct ending ending = {.status = status,
                            .overflow = pdu->u.data.overflow,
                            .underflow = pdu->u.data.underflow,
                            .residual = pdu->u.data.residual};
    lq_ini_finish_command(ini, request, &ending);
}
