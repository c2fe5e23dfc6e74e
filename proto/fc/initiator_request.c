/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the initiator endpoint: made, found, taken back. */
#include <string.h>

#include "proto/fc/initiator_state.h"

struct lq_fci_request *lq_fci_find(const struct lq_fc_initiator *i, uint64_t id)
{
    LQ_LIST_EACH(link, &i->live)
    {
        struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if (request->id == id && request->purpose == LQ_FCI_NOBODY && request->id != 0)
            return request;
    }
    return NULL;
}

struct lq_fci_request *lq_fci_find_ox_id(const struct lq_fc_initiator *i, uint16_t ox_id)
{
    LQ_LIST_EACH(link, &i->live)
    {
        struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if (request->stage != LQ_FCI_QUEUED && request->ox_id == ox_id)
            return request;
    }
    return NULL;
}

void lq_fci_request_free(struct lq_fc_initiator *i, struct lq_fci_request *request)
{
    request->kind = LQ_FCI_FREE;
    lq_list_remove(&request->output.link);
    lq_list_remove(&request->link);
    lq_list_append(&i->free_requests, &request->link);
    i->request_count--;
}

/* ID is in use, be it by a request that is being aborted. */
static bool is_known(const struct lq_fc_initiator *i, uint64_t id)
{
    LQ_LIST_EACH(link, &i->live)
    {
        const struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if (request->id == id || (request->purpose == LQ_FCI_ABORT_REQUEST &&
                                  request->abort_id == id))
            return true;
    }
    return false;
}

static struct lq_fci_request *take(struct lq_fc_initiator *i, uint64_t id, enum lq_fci_kind kind)
{
    if (!i->logged_in || id == 0 || is_known(i, id))
        return NULL;
    struct lq_link *link = lq_list_take(&i->free_requests);
    if (link == NULL)
        return NULL;
    struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
    request->id = id;
    request->kind = (uint8_t)kind;
    request->stage = LQ_FCI_QUEUED;
    request->purpose = LQ_FCI_NOBODY;
    request->tries = request->seq_id = request->srr_count = 0;
    request->ox_id = request->rx_id = request->side_ox_id = LQ_FC_ID_UNASSIGNED;
    request->deadline_ns = LQ_NEVER;
    request->task_retry_id = 0;
    request->out = NULL;
    request->in = NULL;
    request->out_bytes = request->in_bytes = request->expected_in = request->expected_out = 0;
    request->hold_data = request->burst_open = false;
    request->burst_offset = request->burst_bytes = request->burst_sent = request->out_sent = 0;
    request->ranges.count = 0;
    i->request_count++;
    lq_list_append(&i->live, link);
    lq_fci_queue(i, &request->output);
    return request;
}

static const uint8_t attribute_codes[] = {[LQ_SIMPLE] = LQ_FCP_SIMPLE,
                                          [LQ_ORDERED] = LQ_FCP_ORDERED,
                                          [LQ_HEAD_OF_QUEUE] = LQ_FCP_HEAD_OF_QUEUE,
                                          [LQ_ACA] = LQ_FCP_ACA};

bool lq_fc_initiator_command(struct lq_fc_initiator *initiator,
                             const struct lq_fc_initiator_command *command)
{
    if (command->cdb_bytes == 0 || command->cdb_bytes > LQ_FC_I_CDB_BYTES_MAX)
        return false;
    struct lq_fci_request *request = take(initiator, command->id, LQ_FCI_COMMAND);
    if (request == NULL)
        return false;
    uint32_t more = command->cdb_bytes > 16 ? (command->cdb_bytes - 16 + 3) / 4 : 0;
    struct lq_fcp_cmnd *cmnd = &request->cmnd;
    cmnd->lun = command->lun;
    cmnd->crn = command->crn;
    cmnd->priority_attribute =
        (uint8_t)((command->priority & 15U) << 3 | attribute_codes[command->attribute]);
    cmnd->tm_flags = 0;
    cmnd->lengths_directions = (uint8_t)(more << 2 | (command->read ? LQ_FCP_READ : 0U) |
                                         (command->write ? LQ_FCP_WRITE : 0U));
    cmnd->cdb_bytes = command->cdb_bytes;
    memcpy(cmnd->cdb, command->cdb, command->cdb_bytes);
    request->expected_in = command->read ? command->expected_in_bytes : 0;
    request->expected_out = command->write ? command->expected_out_bytes : 0;
    cmnd->has_bidi_dl = command->read && command->write;
    cmnd->dl = command->write ? request->expected_out : request->expected_in;
    cmnd->bidi_dl = cmnd->has_bidi_dl ? request->expected_in : 0;
    request->out = command->out;
    request->out_bytes = command->out_bytes;
    request->in = command->in;
    request->in_bytes = command->in_bytes;
    request->hold_data = command->hold_data_out;
    return true;
}

static uint8_t flag_of(enum lq_tm_function function)
{
    switch (function) {
    case LQ_TM_ABORT_TASK_SET: return LQ_FCP_ABORT_TASK_SET;
    case LQ_TM_CLEAR_TASK_SET: return LQ_FCP_CLEAR_TASK_SET;
    case LQ_TM_LOGICAL_UNIT_RESET: return LQ_FCP_LOGICAL_UNIT_RESET;
    case LQ_TM_TARGET_WARM_RESET: return LQ_FCP_TARGET_RESET;
    case LQ_TM_CLEAR_ACA: return LQ_FCP_CLEAR_ACA;
    case LQ_TM_QUERY_TASK_SET: return LQ_FCP_QUERY_TASK_SET;
    case LQ_TM_QUERY_ASYNCHRONOUS_EVENT: return LQ_FCP_QUERY_ASYNCHRONOUS_EVENT;
    default: return 0;
    }
}

bool lq_fc_initiator_tm(struct lq_fc_initiator *initiator, uint64_t id,
                        enum lq_tm_function function, uint64_t lun)
{
    uint8_t flag = flag_of(function);
    struct lq_fci_request *request = flag == 0 ? NULL : take(initiator, id, LQ_FCI_TM);
    if (request == NULL)
        return false;
    request->cmnd.lun = lun;
    request->cmnd.crn = request->cmnd.priority_attribute = 0;
    request->cmnd.tm_flags = flag;
    request->cmnd.lengths_directions = 0;
    request->cmnd.cdb_bytes = 0;
    request->cmnd.dl = request->cmnd.bidi_dl = 0;
    request->cmnd.has_bidi_dl = false;
    return true;
}

bool lq_fc_initiator_echo(struct lq_fc_initiator *initiator, uint64_t id, const uint8_t *data,
                          uint32_t size_bytes)
{
    if (size_bytes > LQ_FCI_ECHO_BYTES_MAX)
        return false;
    struct lq_fci_request *request = take(initiator, id, LQ_FCI_ECHO);
    if (request == NULL)
        return false;
    memset(request->echo, 0, 4);
    request->echo[0] = LQ_FC_ELS_ECHO;
    if (size_bytes != 0)
        memcpy(request->echo + 4, data, size_bytes);
    request->echo_bytes = 4 + size_bytes;
    return true;
}

bool lq_fc_initiator_abort(struct lq_fc_initiator *initiator, uint64_t id, uint64_t referenced)
{
    struct lq_fci_request *request = lq_fci_find(initiator, referenced);
    if (!initiator->logged_in || id == 0 || is_known(initiator, id) || request == NULL ||
        request->kind != LQ_FCI_COMMAND || request->stage == LQ_FCI_QUEUED ||
        request->stage == LQ_FCI_ABTS)
        return false;
    request->abort_id = id;
    lq_fci_start_abort(initiator, request, LQ_FCI_ABORT_REQUEST);
    return true;
}

void lq_fc_initiator_release_data(struct lq_fc_initiator *initiator, uint64_t id)
{
    struct lq_fci_request *request = lq_fci_find(initiator, id);
    if (request == NULL)
        return;
    request->hold_data = false;
    if (request->burst_open)
        lq_fci_queue(initiator, &request->output);
}

bool lq_fc_initiator_cancel(struct lq_fc_initiator *initiator, uint64_t id)
{
    struct lq_fci_request *request = lq_fci_find(initiator, id);
    LQ_ASSERT(!initiator->emitted);
    if (request == NULL || request->stage != LQ_FCI_QUEUED)
        return false;
    lq_fci_request_free(initiator, request);
    return true;
}

void lq_fc_initiator_abandon(struct lq_fc_initiator *initiator, uint64_t id)
{
    struct lq_fci_request *request = lq_fci_find(initiator, id);
    if (request == NULL || request->stage == LQ_FCI_QUEUED || request->stage == LQ_FCI_ABTS)
        return;
    lq_fci_start_abort(initiator, request, LQ_FCI_NOBODY);
    request->in = NULL;
    request->id = 0;
}

struct lq_fc_initiator_request
lq_fc_initiator_look(const struct lq_fc_initiator *initiator, uint64_t id)
{
    static const uint8_t places[] = {[LQ_FCI_QUEUED] = LQ_FC_I_QUEUED,
                                     [LQ_FCI_SENT] = LQ_FC_I_SENT,
                                     [LQ_FCI_REC] = LQ_FC_I_SENT,
                                     [LQ_FCI_SRR] = LQ_FC_I_SENT,
                                     [LQ_FCI_ABTS] = LQ_FC_I_ABORTING};
    struct lq_fc_initiator_request look = {.place = LQ_FC_I_UNKNOWN,
                                           .ox_id = LQ_FC_ID_UNASSIGNED,
                                           .rx_id = LQ_FC_ID_UNASSIGNED};
    LQ_LIST_EACH(link, &initiator->live)
    {
        const struct lq_fci_request *request = LQ_ELEMENT(link, struct lq_fci_request, link);
        if (request->id != id || id == 0)
            continue;
        look.place = (enum lq_fc_initiator_place)places[request->stage];
        look.ox_id = request->ox_id;
        look.rx_id = request->rx_id;
        look.data_out_waits = request->burst_open && request->hold_data;
    }
    return look;
}
