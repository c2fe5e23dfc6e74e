/* SPDX-License-Identifier: Apache-2.0 */
/* The filter's second half: which PDUs are struck, and what becomes of one that is. */
#include <string.h>

#include "core/base/assert.h"
#include "faults/rules.h"
#include "sim/shard/filter_state.h"

enum site {
    SITE_DELAY = 3000,
    SITE_HOLD,
    SITE_BEHIND,
    SITE_BYTE,
    SITE_BIT,
    SITE_BYTES,
    SITE_FIELD,
    SITE_CHANGE,
    SITE_BEFORE,
    SITE_STATUS
};

enum { PARCELS_OF_A_HIT = 2, BEHIND_MAX = 3 };

#define BIT(fault) (UINT32_C(1) << ((fault)-LQ_FAULT_PDU_DROP))

/* By odds these strike in the full feature phase alone: what they make of a login is another login,
 * which a scenario may ask for. */
static const uint32_t not_in_login = BIT(LQ_FAULT_PDU_CORRUPT) | BIT(LQ_FAULT_PDU_REPLACE) |
                                     BIT(LQ_FAULT_PDU_TRUNCATE) | BIT(LQ_FAULT_PDU_INJECT);

/* What arrives was never sent so. */
static const uint32_t forging = BIT(LQ_FAULT_PDU_CORRUPT) | BIT(LQ_FAULT_PDU_REPLACE) |
                                BIT(LQ_FAULT_PDU_TRUNCATE) | BIT(LQ_FAULT_PDU_INJECT) |
                                BIT(LQ_FAULT_PDU_ANSWER) | BIT(LQ_FAULT_PDU_DUPLICATE);

/* What its sender says next is not taken before the PDU goes on. */
static const uint32_t stopping = BIT(LQ_FAULT_PDU_DELAY) | BIT(LQ_FAULT_PDU_STALL);

static const uint64_t DELAY_MAX_NS = 200000000, HOLD_MAX_NS = 2000000000;

/* --- strikes -------------------------------------------------------------------------------- */

static uint32_t count_counters(const struct lq_pdu_kind *kind)
{
    uint32_t count = 0;
    for (const struct lq_pdu_field *field = kind->fields; field->name != NULL; field++)
        count += field->counts;
    return count;
}

/* The classes that can strike PDUs such as this. */
static uint32_t classes_of(const struct lq_filter *filter, const struct lq_pdu_seen *pdu)
{
    uint32_t classes = UINT32_MAX;
    bool is_by_odds = filter->faults->rules == NULL;
    bool has_data = lq_iscsi_bhs_data_bytes(pdu->header) > 0;
    if (!has_data)
        classes &= ~BIT(LQ_FAULT_PDU_TRUNCATE);
    if (!lq_alter_has_status(pdu->header))
        classes &= ~BIT(LQ_FAULT_PDU_ANSWER);
    if (is_by_odds && !has_data)
        classes &= ~BIT(LQ_FAULT_PDU_CORRUPT);
    if (is_by_odds && (pdu->kind == NULL || count_counters(pdu->kind) == 0))
        classes &= ~BIT(LQ_FAULT_PDU_REPLACE);
    if (is_by_odds && pdu->state == LQ_PDU_LOGIN)
        classes &= ~not_in_login;
    return classes;
}

static uint64_t subject_of(const struct filter_connection *connection, const struct stream *stream)
{
    return lq_subject((uint64_t)connection->number << 1 | (uint64_t)stream->direction,
                      stream->pdus);
}

bool lq_filter_strikes(struct lq_filter *filter, const struct filter_connection *connection,
                       struct stream *stream)
{
    const struct lq_pdu_seen pdu = {
        .table = filter->table,
        .kind = lq_pdu_kind_of(filter->table, stream->header),
        .direction = stream->direction == LQ_TO_TARGET ? LQ_PDU_TO_TARGET : LQ_PDU_FROM_TARGET,
        .state = connection->is_full_feature ? LQ_PDU_FULL_FEATURE : LQ_PDU_LOGIN,
        .header = stream->header};
    if (filter->free_count < PARCELS_OF_A_HIT ||
        LQ_BHS_BYTES + stream->rest_bytes > filter->config.pdu_bytes)
        return false;
    return lq_fault_strikes_pdu(filter->faults, &pdu, classes_of(filter, &pdu),
                                subject_of(connection, stream), connection->number, &stream->hit);
}

/* --- what a hit leaves open is drawn -------------------------------------------------------- */

struct act {
    struct lq_filter *filter;
    const struct filter_connection *connection;
    struct stream *stream;
    struct parcel *parcel;
    struct lq_alter_pdu pdu;
    const struct lq_fault_rule *rule; /* NULL: by odds */
    uint64_t subject;
};

static uint64_t draw(const struct act *act, enum site site, uint64_t n)
{
    return lq_choose(act->filter->faults->choice, LQ_STREAM_FAULT, (uint32_t)site, act->subject,
                     n);
}

/* When what is kept goes on: after the rule's `by', else with its end; by odds within MAX_NS. */
static uint64_t until(const struct act *act, enum site site, uint64_t max_ns)
{
    uint64_t now = *act->filter->faults->now_ns;
    if (act->rule == NULL)
        return now + 1 + draw(act, site, max_ns);
    return act->rule->by_ns != 0 ? now + act->rule->by_ns : act->rule->until_ns;
}

static void put_out(const struct act *act, struct parcel *parcel)
{
    lq_list_append(&act->stream->out, &parcel->link);
}

/* --- one function each ---------------------------------------------------------------------- */

static void drop(struct act *act)
{
    lq_filter_drop(act->filter, act->parcel);
}

static void stall(struct act *act, uint64_t until_ns)
{
    act->stream->stalled_until_ns = until_ns;
    act->stream->stall_rule = act->rule;
    act->stream->is_noticed = false;
    put_out(act, act->parcel);
}

static void act_delay(struct act *act)
{
    stall(act, until(act, SITE_DELAY, DELAY_MAX_NS));
}

static void act_stall(struct act *act)
{
    stall(act, until(act, SITE_HOLD, HOLD_MAX_NS));
}

static void set_aside(struct act *act, uint32_t behind)
{
    struct parcel *parcel = act->parcel;
    parcel->until_ns = until(act, SITE_HOLD, HOLD_MAX_NS);
    parcel->rule = act->rule;
    parcel->behind = behind;
    parcel->overtaken = 0;
    lq_list_append(&act->stream->aside, &parcel->link);
}

static void act_hold(struct act *act)
{
    set_aside(act, 0);
}

static void act_reorder(struct act *act)
{
    set_aside(act, act->rule != NULL ? act->rule->pdu.behind
                                     : 1 + (uint32_t)draw(act, SITE_BEHIND, BEHIND_MAX));
}

static void act_duplicate(struct act *act)
{
    struct parcel *copy = lq_filter_take(act->filter);
    memcpy(copy->bytes, act->parcel->bytes, act->parcel->size_bytes);
    copy->size_bytes = act->parcel->size_bytes;
    put_out(act, act->parcel);
    put_out(act, copy);
}

static void act_corrupt(struct act *act)
{
    uint32_t size = 0;
    const uint8_t *data = lq_alter_data(&act->pdu, &size);
    const struct lq_pdu_rule *rule = act->rule == NULL ? NULL : &act->rule->pdu;
    if (rule != NULL && rule->field.name != NULL) {
        uint64_t flipped = lq_pdu_get(act->pdu.bytes, &rule->field) ^ 1;
        lq_alter_change(&act->pdu, &rule->field, LQ_PDU_SET_TO, flipped);
    } else {
        uint32_t first = data == NULL ? 0 : (uint32_t)(data - act->pdu.bytes);
        uint32_t count = data == NULL ? LQ_BHS_BYTES : size;
        uint32_t byte = rule != NULL && rule->is_data ? rule->data_byte
                                                      : (uint32_t)draw(act, SITE_BYTE, count);
        lq_alter_flip(&act->pdu, first + (byte < count ? byte : count - 1),
                      (uint32_t)draw(act, SITE_BIT, 8));
    }
    put_out(act, act->parcel);
}

static void act_truncate(struct act *act)
{
    uint32_t size = 0;
    (void)lq_alter_data(&act->pdu, &size);
    lq_alter_truncate(&act->pdu, act->rule != NULL ? act->rule->pdu.bytes
                                                   : (uint32_t)draw(act, SITE_BYTES, size));
    act->parcel->size_bytes = act->pdu.size_bytes;
    lq_alter_seal(&act->pdu);
    put_out(act, act->parcel);
}

/* A counter of the PDU's kind, and a little more or less than it was. */
static void replace_drawn(struct act *act)
{
    static const uint64_t steps[] = {1, 1, 2, 512, UINT64_C(0x80000000)};
    const struct lq_pdu_kind *kind = lq_pdu_kind_of(act->filter->table, act->pdu.bytes);
    uint64_t place = draw(act, SITE_FIELD, count_counters(kind));
    const struct lq_pdu_field *field = kind->fields;
    for (; !field->counts || place > 0; field++)
        place -= field->counts;
    uint64_t how = draw(act, SITE_CHANGE, 2 * (sizeof steps / sizeof steps[0]));
    lq_alter_change(&act->pdu, field, how % 2 == 0 ? LQ_PDU_PLUS : LQ_PDU_MINUS, steps[how / 2]);
}

static void act_replace(struct act *act)
{
    if (act->rule == NULL)
        replace_drawn(act);
    else
        lq_alter_change(&act->pdu, &act->rule->pdu.field, (enum lq_pdu_change)act->rule->pdu.change,
                        act->rule->pdu.value);
    lq_alter_seal(&act->pdu);
    put_out(act, act->parcel);
}

static void act_inject(struct act *act)
{
    struct parcel *made = lq_filter_take(act->filter);
    const struct lq_pdu_rule *rule = act->rule == NULL ? NULL : &act->rule->pdu;
    bool before = rule != NULL ? rule->before : draw(act, SITE_BEFORE, 2) == 1;
    if (rule != NULL) {
        memcpy(made->bytes, rule->raw, rule->raw_bytes);
        made->size_bytes = rule->raw_bytes;
    } else {
        lq_alter_nothing(act->stream->direction == LQ_TO_TARGET ? LQ_PDU_TO_TARGET
                                                                : LQ_PDU_FROM_TARGET,
                         act->pdu.bytes, made->bytes);
        made->size_bytes = LQ_BHS_BYTES;
    }
    made->size_bytes = lq_alter_add_digests(&act->pdu, made->bytes, made->size_bytes);
    put_out(act, before ? made : act->parcel);
    put_out(act, before ? act->parcel : made);
}

static void act_answer(struct act *act)
{
    static const uint32_t statuses[] = {0x08, 0x28, 0x02, 0x00}; /* [SAM-5 5.3.1] */
    uint8_t made[LQ_ALTER_MADE_MAX];
    uint32_t status = act->rule != NULL ? act->rule->pdu.status
                                        : statuses[draw(act, SITE_STATUS, 4)];
    uint32_t sense = act->rule != NULL ? act->rule->pdu.sense : 0x0b4700; /* ABORTED COMMAND */
    uint32_t size = lq_alter_answer(&act->pdu, status, sense, made);
    lq_alter_seal(&act->pdu);
    act->parcel->size_bytes = act->pdu.size_bytes;
    put_out(act, act->parcel);
    if (size == 0)
        return;
    struct parcel *response = lq_filter_take(act->filter);
    memcpy(response->bytes, made, size);
    response->size_bytes = size;
    put_out(act, response);
}

static void act_reset(struct act *act)
{
    act->stream->end = LQ_CLOSE_RESET;
    drop(act);
}

static void act_fin(struct act *act)
{
    act->stream->end = LQ_CLOSE_FIN;
    drop(act);
}

static void (*const acts[])(struct act *act) = {
    [LQ_FAULT_PDU_DROP - LQ_FAULT_PDU_DROP] = drop,
    [LQ_FAULT_PDU_DELAY - LQ_FAULT_PDU_DROP] = act_delay,
    [LQ_FAULT_PDU_STALL - LQ_FAULT_PDU_DROP] = act_stall,
    [LQ_FAULT_PDU_HOLD - LQ_FAULT_PDU_DROP] = act_hold,
    [LQ_FAULT_PDU_REORDER - LQ_FAULT_PDU_DROP] = act_reorder,
    [LQ_FAULT_PDU_DUPLICATE - LQ_FAULT_PDU_DROP] = act_duplicate,
    [LQ_FAULT_PDU_CORRUPT - LQ_FAULT_PDU_DROP] = act_corrupt,
    [LQ_FAULT_PDU_TRUNCATE - LQ_FAULT_PDU_DROP] = act_truncate,
    [LQ_FAULT_PDU_REPLACE - LQ_FAULT_PDU_DROP] = act_replace,
    [LQ_FAULT_PDU_INJECT - LQ_FAULT_PDU_DROP] = act_inject,
    [LQ_FAULT_PDU_ANSWER - LQ_FAULT_PDU_DROP] = act_answer,
    [LQ_FAULT_PDU_RESET - LQ_FAULT_PDU_DROP] = act_reset,
    [LQ_FAULT_PDU_FIN - LQ_FAULT_PDU_DROP] = act_fin};

void lq_filter_act(struct lq_filter *filter, const struct filter_connection *connection,
                   struct stream *stream, struct parcel *parcel)
{
    enum lq_fault fault = stream->hit.fault;
    bool has_digests = connection->is_full_feature;
    struct act act = {.filter = filter,
                      .connection = connection,
                      .stream = stream,
                      .parcel = parcel,
                      .pdu = {parcel->bytes, parcel->size_bytes,
                              has_digests ? connection->header_digest_bytes : 0,
                              has_digests ? connection->data_digest_bytes : 0},
                      .rule = stream->hit.rule,
                      .subject = subject_of(connection, stream)};
    struct lq_event event = {.time_ns = *filter->faults->now_ns,
                             .kind = LQ_W_FAULT,
                             .flags = LQ_F_PDU,
                             .connection = connection->number,
                             .code = (uint32_t)fault,
                             .detail = (uint32_t)lq_pdu_get(stream->header, &filter->table->code),
                             .tag = lq_pdu_get(stream->header, &filter->table->tag),
                             .lba = parcel->size_bytes,
                             .value = act.subject};
    if (stream->direction == LQ_FROM_TARGET)
        event.flags |= LQ_F_FROM_TARGET;
    if ((forging & BIT(fault)) != 0)
        event.flags |= LQ_F_FORGED;
    if ((stopping & BIT(fault)) != 0)
        event.flags |= LQ_F_STOPS;
    acts[fault - LQ_FAULT_PDU_DROP](&act);
    event.stamp = lq_pdu_get(parcel->bytes, &filter->table->tag);
    lq_history_add(filter->faults->history, &event);
}
