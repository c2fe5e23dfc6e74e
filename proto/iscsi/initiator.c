/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: requests live in one table of slots, found by tag and by id through chained buckets.
 * Their lists say what is to be done next, so no call looks through the table. Two kinds of events
 * are not kept in the ring of events, because there must always be room for them: DATA_RELEASED is
 * a list of slots, CLOSE_WANTED a flag.
 */
#include "proto/iscsi/initiator.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "proto/iscsi/initiator_state.h"

const struct lq_iscsi_initiator_config lq_iscsi_initiator_config_default = {
    .requests_max = 64,
    .events_max = 64,
    .output_pdus_max = 16,
    .raw_bytes_max = 4096,
    .text_bytes_max = 16384,
};

/* --- making ------------------------------------------------------------------------------- */

static void forget_everything(struct lq_iscsi_initiator *ini)
{
    lq_list_init(&ini->free);
    lq_list_init(&ini->urgent);
    lq_list_init(&ini->queue);
    lq_list_init(&ini->abandoned);
    lq_list_init(&ini->released);
    lq_list_init(&ini->unsolicited);
    lq_list_init(&ini->asked);
    for (uint32_t i = 0; i < ini->config.requests_max; i++) {
        struct request *request = &ini->requests[i];
        request->life = FREE;
        request->has_tag = false;
        lq_list_init(&request->data_link);
        lq_list_init(&request->asked_link);
        lq_list_append(&ini->free, &request->link);
    }
    for (uint32_t i = 0; i <= ini->bucket_mask; i++)
        ini->by_tag[i] = ini->by_id[i] = NO_SLOT;
    ini->free_count = ini->config.requests_max;
    ini->known_count = ini->queued_count = ini->abandoned_count = ini->awaited_count = 0;
    ini->output_first = ini->output_count = ini->output_sent_bytes = 0;
    ini->nop_first = ini->nop_count = 0;
    ini->raw_used_bytes = ini->raw_references = 0;
    ini->header_bytes = 0;
    ini->in_pdu = false;
    ini->text_slot = NO_SLOT;
    ini->text_bytes = 0;
    ini->raw_used = ini->logout_sent = false;
    ini->close_untold = false;
    ini->phase = IDLE;
}

struct lq_iscsi_initiator *lq_iscsi_initiator_make(struct lq_arena *arena,
                                                   const struct lq_iscsi_initiator_config *config,
                                                   struct lq_env *env)
{
    LQ_ASSERT(config->requests_max >= 1 && config->requests_max <= 65536);
    LQ_ASSERT(config->events_max >= 2 * EVENTS_PER_STEP && config->output_pdus_max >= 2);
    LQ_ASSERT(config->raw_bytes_max >= 64 && config->text_bytes_max >= 8192);
    uint32_t buckets = 16;
    while (buckets < 2 * config->requests_max)
        buckets *= 2;
    struct lq_iscsi_initiator *ini = lq_arena_take(arena, 1, sizeof *ini, true);
    struct request *requests = lq_arena_take(arena, config->requests_max, sizeof *requests, true);
    uint32_t *by_tag = lq_arena_take(arena, buckets, sizeof *by_tag, false);
    uint32_t *by_id = lq_arena_take(arena, buckets, sizeof *by_id, false);
    struct output *outputs = lq_arena_take(arena, config->output_pdus_max, sizeof *outputs, true);
    struct lq_iscsi_initiator_event *events = lq_arena_take(arena, config->events_max,
                                                            sizeof *events, true);
    uint8_t *raw = lq_arena_take(arena, config->raw_bytes_max, 1, false);
    uint8_t *segment = lq_arena_take(arena, config->text_bytes_max, 1, false);
    uint8_t *text = lq_arena_take(arena, config->text_bytes_max, 1, false);
    if (ini == NULL)
        return NULL;
    ini->config = *config;
    if (ini->config.crc32c == NULL)
        ini->config.crc32c = lq_crc32c_table;
    ini->env = env;
    ini->requests = requests;
    ini->by_tag = by_tag;
    ini->by_id = by_id;
    ini->bucket_mask = buckets - 1;
    ini->outputs = outputs;
    ini->events = events;
    ini->raw = raw;
    ini->segment = segment;
    ini->text = text;
    forget_everything(ini);
    return ini;
}

void lq_iscsi_initiator_lost(struct lq_iscsi_initiator *ini)
{
    forget_everything(ini);
}

/* --- events ------------------------------------------------------------------------------- */

bool lq_ini_has_event_room(const struct lq_iscsi_initiator *ini)
{
    return ini->config.events_max - ini->event_count >= EVENTS_PER_STEP;
}

struct lq_iscsi_initiator_event *lq_ini_push(struct lq_iscsi_initiator *ini,
                                             enum lq_iscsi_initiator_event_kind kind)
{
    LQ_ASSERT(ini->event_count < ini->config.events_max);
    uint32_t place = lq_ini_ring(ini->event_first, ini->event_count++, ini->config.events_max);
    struct lq_iscsi_initiator_event *event = &ini->events[place];
    memset(event, 0, offsetof(struct lq_iscsi_initiator_event, sense));
    event->kind = kind;
    event->itt = LQ_TAG_NONE;
    return event;
}

void lq_ini_error(struct lq_iscsi_initiator *ini, enum lq_iscsi_initiator_error code)
{
    if (ini->error_told)
        return;
    ini->error_told = true;
    struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_PROTOCOL_ERROR);
    event->code = code;
    event->itt = ini->pdu.itt;
    memcpy(event->header, ini->header, LQ_BHS_BYTES);
    const struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    event->id = request == NULL ? 0 : request->id;
}

void lq_ini_close(struct lq_iscsi_initiator *ini, uint32_t code)
{
    if (ini->phase == CLOSING)
        return;
    ini->phase = CLOSING;
    ini->close_untold = true;
    ini->close_code = code;
}

static void free_slot(struct lq_iscsi_initiator *ini, struct request *request)
{
    request->life = FREE;
    ini->free_count++;
    lq_list_append(&ini->free, &request->link);
}

static void take_event(struct lq_iscsi_initiator *ini, struct lq_iscsi_initiator_event *event)
{
    const struct lq_iscsi_initiator_event *first = &ini->events[ini->event_first];
    memcpy(event, first, offsetof(struct lq_iscsi_initiator_event, sense));
    memcpy(event->sense, first->sense, first->sense_bytes);
    ini->event_first = lq_ini_ring(ini->event_first, 1, ini->config.events_max);
    ini->event_count--;
}

bool lq_iscsi_initiator_next(struct lq_iscsi_initiator *ini, struct lq_iscsi_initiator_event *event)
{
    if (ini->event_count > 0) {
        take_event(ini, event);
        return true;
    }
    struct lq_link *link = lq_list_take(&ini->released);
    if (link == NULL && !ini->close_untold)
        return false;
    memset(event, 0, offsetof(struct lq_iscsi_initiator_event, sense));
    event->itt = LQ_TAG_NONE;
    if (link != NULL) {
        struct request *request = LQ_ELEMENT(link, struct request, link);
        event->kind = LQ_ISCSI_I_EVENT_DATA_RELEASED;
        event->id = request->id;
        free_slot(ini, request);
        return true;
    }
    ini->close_untold = false;
    event->kind = LQ_ISCSI_I_EVENT_CLOSE_WANTED;
    event->code = ini->close_code;
    return true;
}

static const char *const error_texts[LQ_ISCSI_I_ERRORS] = {
    [LQ_ISCSI_I_ERROR_NONE] = "nothing is wrong",
    [LQ_ISCSI_I_ERROR_OPCODE] = "the opcode is none of a target's, or not allowed now",
    [LQ_ISCSI_I_ERROR_TAG] = "nothing that is outstanding has this initiator task tag",
    [LQ_ISCSI_I_ERROR_ANSWER_KIND] = "this PDU does not answer that kind of request",
    [LQ_ISCSI_I_ERROR_STAT_SN] = "StatSN is not the next one",
    [LQ_ISCSI_I_ERROR_EXP_CMD_SN] = "ExpCmdSN acknowledges what was never sent",
    [LQ_ISCSI_I_ERROR_MAX_CMD_SN] = "MaxCmdSN is below ExpCmdSN-1",
    [LQ_ISCSI_I_ERROR_SEGMENT_LENGTH] = "the data segment is longer than allowed",
    [LQ_ISCSI_I_ERROR_AHS] = "a target's PDU has additional header segments",
    [LQ_ISCSI_I_ERROR_DATA_SN] = "DataSN, R2TSN or ExpDataSN is not the next one",
    [LQ_ISCSI_I_ERROR_BUFFER_OFFSET] = "Buffer Offset is out of order or beyond the end",
    [LQ_ISCSI_I_ERROR_DATA_UNASKED] = "Data-In belongs to a command that does not read",
    [LQ_ISCSI_I_ERROR_BURST] = "a sequence is longer than MaxBurstLength or has no bytes",
    [LQ_ISCSI_I_ERROR_R2T_UNASKED] = "R2T asks for data that is not there or was asked for before",
    [LQ_ISCSI_I_ERROR_R2T_OUTSTANDING] = "more R2Ts are outstanding than MaxOutstandingR2T",
    [LQ_ISCSI_I_ERROR_TARGET_TAG] = "the target transfer tag is reserved or in use",
    [LQ_ISCSI_I_ERROR_STATUS_IN_DATA] = "Data-In carries a status that it cannot carry",
    [LQ_ISCSI_I_ERROR_RESIDUAL] = "the residual does not fit what was transferred",
    [LQ_ISCSI_I_ERROR_SENSE] = "the sense data is missing or does not fit its segment",
    [LQ_ISCSI_I_ERROR_FIELD] = "a field has a value that it must not have",
    [LQ_ISCSI_I_ERROR_LOGIN_STAGE] = "the login response has wrong stages, flags, ISID or TSIH",
    [LQ_ISCSI_I_ERROR_LOGIN_KEY] = "the answer to a key is illegal",
    [LQ_ISCSI_I_ERROR_TEXT] = "the text is not made of pairs, or too long",
    [LQ_ISCSI_I_ERROR_ECHO] = "the NOP-In does not carry what the NOP-Out did",
};

const char *lq_iscsi_initiator_error_text(uint32_t code)
{
    return code < LQ_ISCSI_I_ERRORS && error_texts[code] != NULL ? error_texts[code] : "?";
}

/* --- finding requests --------------------------------------------------------------------- */

uint32_t lq_ini_slot(const struct lq_iscsi_initiator *ini, const struct request *request)
{
    return (uint32_t)(request - ini->requests);
}

static uint32_t *tag_bucket(const struct lq_iscsi_initiator *ini, uint32_t itt)
{
    return &ini->by_tag[itt & ini->bucket_mask];
}

static uint32_t *id_bucket(const struct lq_iscsi_initiator *ini, uint64_t id)
{
    return &ini->by_id[lq_mix(0, id) & ini->bucket_mask];
}

struct request *lq_ini_by_tag(const struct lq_iscsi_initiator *ini, uint32_t itt)
{
    for (uint32_t at = *tag_bucket(ini, itt); at != NO_SLOT; at = ini->requests[at].next_by_tag)
        if (ini->requests[at].itt == itt)
            return &ini->requests[at];
    return NULL;
}

struct request *lq_ini_by_id(const struct lq_iscsi_initiator *ini, uint64_t id)
{
    for (uint32_t at = *id_bucket(ini, id); at != NO_SLOT; at = ini->requests[at].next_by_id)
        if (ini->requests[at].id == id)
            return &ini->requests[at];
    return NULL;
}

void lq_ini_add_tag(struct lq_iscsi_initiator *ini, struct request *request, uint32_t itt)
{
    uint32_t *bucket = tag_bucket(ini, itt);
    request->itt = itt;
    request->has_tag = true;
    request->next_by_tag = *bucket;
    *bucket = lq_ini_slot(ini, request);
}

static void remove_tag(struct lq_iscsi_initiator *ini, struct request *request)
{
    uint32_t *at = tag_bucket(ini, request->itt);
    while (*at != lq_ini_slot(ini, request))
        at = &ini->requests[*at].next_by_tag;
    *at = request->next_by_tag;
    request->has_tag = false;
}

void lq_ini_add_id(struct lq_iscsi_initiator *ini, struct request *request)
{
    uint32_t *bucket = id_bucket(ini, request->id);
    request->next_by_id = *bucket;
    *bucket = lq_ini_slot(ini, request);
}

static void remove_id(struct lq_iscsi_initiator *ini, const struct request *request)
{
    uint32_t *at = id_bucket(ini, request->id);
    while (*at != lq_ini_slot(ini, request))
        at = &ini->requests[*at].next_by_id;
    *at = request->next_by_id;
}

/* --- the life of a request ---------------------------------------------------------------- */

void lq_ini_mark_sent(struct lq_iscsi_initiator *ini, struct request *request)
{
    lq_list_remove(&request->link);
    ini->queued_count--;
    request->life = SENT;
    if (ini->awaited_count++ == 0)
        ini->waiting_since_ns = ini->env->now_ns;
    if (request->has_tag) /* a text exchange goes on */
        return;
    while (ini->next_itt == LQ_TAG_NONE || lq_ini_by_tag(ini, ini->next_itt) != NULL)
        ini->next_itt++;
    lq_ini_add_tag(ini, request, ini->next_itt++);
}

void lq_ini_settle(struct lq_iscsi_initiator *ini, struct request *request)
{
    if (request->life != OWING || request->outputs > 0 ||
        request->unsolicited.next < request->unsolicited.end)
        return;
    if (request->tell_released) {
        request->life = RELEASED;
        lq_list_append(&ini->released, &request->link);
    } else {
        free_slot(ini, request);
    }
}

bool lq_ini_end(struct lq_iscsi_initiator *ini, struct request *request)
{
    if (request->has_tag)
        remove_tag(ini, request);
    remove_id(ini, request);
    ini->known_count--;
    ini->queued_count -= request->life == QUEUED;
    ini->awaited_count -= request->life == SENT;
    ini->abandoned_count -= request->life == ABANDONED;
    if (ini->text_slot == lq_ini_slot(ini, request))
        ini->text_slot = NO_SLOT;
    lq_list_remove(&request->link);
    lq_ini_drop_windows(ini, request);
    request->hold = false;
    request->life = OWING;
    bool in_use = request->out != NULL &&
                  (request->outputs > 0 || request->unsolicited.next < request->unsolicited.end);
    request->tell_released = request->tell_released || in_use;
    lq_ini_settle(ini, request);
    return in_use;
}

/* --- time --------------------------------------------------------------------------------- */

uint64_t lq_iscsi_initiator_deadline(const struct lq_iscsi_initiator *ini)
{
    if (ini->phase == LOGIN)
        return ini->login.deadline_ns;
    if (ini->phase != FULL_FEATURE || ini->awaited_count == 0 || ini->config.answer_timeout_ns == 0)
        return LQ_NEVER;
    return ini->waiting_since_ns + ini->config.answer_timeout_ns;
}

void lq_iscsi_initiator_expire(struct lq_iscsi_initiator *ini)
{
    if (lq_iscsi_initiator_deadline(ini) <= ini->env->now_ns)
        lq_ini_close(ini, 2);
}

struct lq_iscsi_initiator_state lq_iscsi_initiator_state(const struct lq_iscsi_initiator *ini)
{
    return (struct lq_iscsi_initiator_state){
        .idle = ini->phase == IDLE,
        .full_feature = ini->phase == FULL_FEATURE,
        .closing = ini->phase == CLOSING,
        .tsih = ini->tsih,
        .cmd_sn = ini->cmd_sn,
        .exp_cmd_sn = ini->exp_cmd_sn,
        .max_cmd_sn = ini->max_cmd_sn,
        .exp_stat_sn = ini->exp_stat_sn,
        .requests = ini->known_count,
        .queued = ini->queued_count,
        .abandoned = ini->abandoned_count,
        .requests_free = ini->free_count,
        .params = ini->params,
        .target_max_recv_data_segment_length = ini->target_segment_max,
    };
}
