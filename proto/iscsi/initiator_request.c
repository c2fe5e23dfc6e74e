/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller asks for: taking requests, and what the caller says about them afterwards. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "proto/iscsi/initiator_state.h"

/* A free slot, if need be that of the command that was abandoned first. */
static struct request *take_slot(struct lq_iscsi_initiator *ini)
{
    if (lq_list_is_empty(&ini->free) && !lq_list_is_empty(&ini->abandoned))
        (void)lq_ini_end(ini, LQ_ELEMENT(ini->abandoned.next, struct request, link));
    struct lq_link *link = lq_list_take(&ini->free);
    return link == NULL ? NULL : LQ_ELEMENT(link, struct request, link);
}

/* A new request of KIND under ID, in LIST; NULL when it can't be taken. */
static struct request *add_request(struct lq_iscsi_initiator *ini, enum request_kind kind,
                                   uint64_t id, bool immediate)
{
    if (ini->phase != FULL_FEATURE || ini->logout_sent)
        return NULL;
    LQ_ASSERT(id != 0 && lq_ini_by_id(ini, id) == NULL);
    struct request *request = take_slot(ini);
    if (request == NULL)
        return NULL;
    memset(request, 0, sizeof *request);
    lq_list_init(&request->data_link);
    lq_list_init(&request->asked_link);
    request->kind = kind;
    request->id = id;
    request->immediate = immediate;
    request->life = QUEUED;
    lq_ini_add_id(ini, request);
    ini->free_count--;
    ini->known_count++;
    ini->queued_count++;
    lq_list_append(immediate ? &ini->urgent : &ini->queue, &request->link);
    return request;
}

/* --- requests ----------------------------------------------------------------------------- */

static uint8_t wire_attribute(enum lq_attribute attribute)
{
    static const uint8_t codes[] = {[LQ_SIMPLE] = LQ_ISCSI_SIMPLE,
                                    [LQ_ORDERED] = LQ_ISCSI_ORDERED,
                                    [LQ_HEAD_OF_QUEUE] = LQ_ISCSI_HEAD_OF_QUEUE,
                                    [LQ_ACA] = LQ_ISCSI_ACA};
    LQ_ASSERT((uint32_t)attribute < sizeof codes);
    return codes[attribute];
}

bool lq_iscsi_initiator_command(struct lq_iscsi_initiator *ini,
                                const struct lq_iscsi_initiator_command *command)
{
    LQ_ASSERT(command->cdb_bytes >= 1 && command->cdb_bytes <= LQ_ISCSI_I_CDB_BYTES_MAX);
    struct request *request = add_request(ini, COMMAND, command->id, command->immediate);
    if (request == NULL)
        return false;
    request->lun = command->lun;
    memcpy(request->cdb, command->cdb, command->cdb_bytes);
    request->cdb_bytes = command->cdb_bytes;
    request->attribute = wire_attribute(command->attribute);
    request->read = command->read;
    request->write = command->write;
    request->expected_in_bytes = command->expected_in_bytes;
    request->expected_out_bytes = command->expected_out_bytes;
    request->out = command->out;
    request->out_bytes = command->out == NULL ? 0 : command->out_bytes;
    request->in = command->in;
    request->in_bytes = command->in == NULL ? 0 : command->in_bytes;
    request->immediate_max = command->immediate_bytes;
    request->unsolicited_max = command->unsolicited_bytes;
    request->segment_max = command->segment_bytes;
    request->hold = command->hold_data_out;
    return true;
}

bool lq_iscsi_initiator_tm(struct lq_iscsi_initiator *ini, const struct lq_iscsi_initiator_tm *tm)
{
    uint32_t tag = tm->referenced_tag, cmd_sn = tm->referenced_cmd_sn;
    bool immediate = false;
    if (tm->referenced_id != 0) {
        const struct request *referenced = lq_ini_by_id(ini, tm->referenced_id);
        if (referenced == NULL || !referenced->has_tag)
            return false;
        tag = referenced->itt;
        cmd_sn = referenced->cmd_sn;
        immediate = referenced->immediate;
    }
    struct request *request = add_request(ini, TASK_MANAGEMENT, tm->id, tm->immediate);
    if (request == NULL)
        return false;
    request->function = tm->function;
    request->lun = tm->lun;
    request->referenced_tag = tag;
    request->referenced_cmd_sn = cmd_sn;
    request->referenced_immediate = immediate;
    return true;
}

bool lq_iscsi_initiator_logout(struct lq_iscsi_initiator *ini, uint64_t id, uint8_t reason,
                               uint16_t cid, bool immediate)
{
    struct request *request = add_request(ini, LOGOUT, id, immediate);
    if (request == NULL)
        return false;
    request->function = reason;
    request->cid = cid;
    return true;
}

/* Copies BYTES into the raw buffer, referenced once; NULL without room. */
static uint8_t *take_raw(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    if (ini->raw_references == 0)
        ini->raw_used_bytes = 0;
    if (size > ini->config.raw_bytes_max - ini->raw_used_bytes)
        return NULL;
    uint8_t *place = ini->raw + ini->raw_used_bytes;
    if (size > 0)
        memcpy(place, bytes, size);
    ini->raw_used_bytes += size;
    ini->raw_references++;
    return place;
}

void lq_ini_raw_drop(struct lq_iscsi_initiator *ini)
{
    LQ_ASSERT(ini->raw_references > 0);
    ini->raw_references--;
}

/* A request that carries SIZE bytes. */
static struct request *add_raw_request(struct lq_iscsi_initiator *ini, enum request_kind kind,
                                       uint64_t id, bool immediate, const uint8_t *bytes,
                                       uint32_t size)
{
    uint8_t *place = take_raw(ini, bytes, size);
    if (place == NULL)
        return NULL;
    struct request *request = add_request(ini, kind, id, immediate);
    if (request == NULL) {
        lq_ini_raw_drop(ini);
        return NULL;
    }
    request->raw = place;
    request->raw_bytes = size;
    return request;
}

bool lq_iscsi_initiator_ping(struct lq_iscsi_initiator *ini, uint64_t id, const uint8_t *data,
                             uint32_t size_bytes, bool immediate)
{
    if (ini->phase != FULL_FEATURE || size_bytes > ini->target_segment_max)
        return false;
    struct request *request = add_raw_request(ini, PING, id, immediate, data, size_bytes);
    if (request == NULL)
        return false;
    /* The echo is limited to what we take in one segment [RFC 7143 11.18.3]. */
    uint32_t own_max = ini->params.max_recv_data_segment_length;
    request->expected_in_bytes = size_bytes < own_max ? size_bytes : own_max;
    request->raw_hash = lq_hash(0, request->raw, request->expected_in_bytes);
    return true;
}

bool lq_iscsi_initiator_send_targets(struct lq_iscsi_initiator *ini, uint64_t id, const char *what)
{
    static const char key[] = "SendTargets=";
    uint8_t text[sizeof key + 223];
    size_t length = strlen(what);
    if (length > 223 || ini->text_slot != NO_SLOT)
        return false;
    memcpy(text, key, sizeof key - 1);
    memcpy(text + sizeof key - 1, what, length + 1);
    struct request *request = add_raw_request(ini, TEXT, id, false, text,
                                              (uint32_t)(sizeof key + length));
    if (request == NULL)
        return false;
    request->ttt = LQ_TAG_NONE;
    ini->text_slot = lq_ini_slot(ini, request);
    ini->text_bytes = 0;
    return true;
}

static bool add_raw_output(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size)
{
    const uint8_t *place = lq_ini_has_output_room(ini) ? take_raw(ini, bytes, size) : NULL;
    if (place == NULL)
        return false;
    struct output *output = lq_ini_output_next(ini);
    output->data = place;
    output->data_bytes = size;
    output->raw = true;
    output->header_bytes = 0;
    ini->output_count++;
    return true;
}

bool lq_iscsi_initiator_raw(struct lq_iscsi_initiator *ini, uint64_t id, uint32_t itt,
                            const uint8_t *bytes, uint32_t size_bytes)
{
    if (ini->phase == IDLE || ini->phase == CLOSING)
        return false;
    if (itt == LQ_TAG_NONE || ini->phase != FULL_FEATURE) {
        if (!add_raw_output(ini, bytes, size_bytes))
            return false;
        ini->raw_used = true;
        return true;
    }
    if (lq_ini_by_tag(ini, itt) != NULL)
        return false;
    struct request *request = add_request(ini, RAW, id, false);
    if (request == NULL)
        return false;
    if (!add_raw_output(ini, bytes, size_bytes)) {
        (void)lq_ini_end(ini, request);
        return false;
    }
    ini->raw_used = true;
    lq_ini_add_tag(ini, request, itt);
    lq_ini_mark_sent(ini, request);
    return true;
}

/* --- what becomes of a request ------------------------------------------------------------ */

void lq_iscsi_initiator_release_data(struct lq_iscsi_initiator *ini, uint64_t id)
{
    struct request *request = lq_ini_by_id(ini, id);
    if (request != NULL && request->hold)
        lq_ini_release(ini, request);
}

bool lq_iscsi_initiator_cancel(struct lq_iscsi_initiator *ini, uint64_t id)
{
    struct request *request = lq_ini_by_id(ini, id);
    if (request == NULL || request->life != QUEUED || request->has_tag)
        return false;
    if (request->raw != NULL)
        lq_ini_raw_drop(ini);
    (void)lq_ini_end(ini, request);
    return true;
}

bool lq_iscsi_initiator_abandon(struct lq_iscsi_initiator *ini, uint64_t id)
{
    struct request *request = lq_ini_by_id(ini, id);
    if (request == NULL || request->life != SENT)
        return false;
    request->life = ABANDONED;
    ini->awaited_count--;
    ini->abandoned_count++;
    lq_list_append(&ini->abandoned, &request->link);
    request->in = NULL;
    request->in_bytes = 0;
    request->tell_released = request->out != NULL && request->write;
    return request->tell_released;
}

bool lq_iscsi_initiator_forget(struct lq_iscsi_initiator *ini, uint64_t id)
{
    struct request *request = lq_ini_by_id(ini, id);
    if (request == NULL || !request->has_tag)
        return false;
    bool was_told = request->tell_released;
    return lq_ini_end(ini, request) || was_told;
}

struct lq_iscsi_initiator_request lq_iscsi_initiator_look(const struct lq_iscsi_initiator *ini,
                                                          uint64_t id)
{
    const struct request *request = lq_ini_by_id(ini, id);
    if (request == NULL)
        return (struct lq_iscsi_initiator_request){.place = LQ_ISCSI_I_UNKNOWN};
    static const enum lq_iscsi_initiator_place places[] = {
        [QUEUED] = LQ_ISCSI_I_QUEUED, [SENT] = LQ_ISCSI_I_SENT, [ABANDONED] = LQ_ISCSI_I_ABANDONED};
    return (struct lq_iscsi_initiator_request){
        .place = places[request->life],
        .itt = request->itt,
        .cmd_sn = request->cmd_sn,
        .data_out_waits = request->hold && (request->window_count > 0 ||
                                            request->unsolicited.next < request->unsolicited.end),
    };
}
