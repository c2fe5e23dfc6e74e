/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a stream is at the boundary between two PDUs, holds the header of the next, passes a PDU
 * or collects one that is struck. Collected PDUs are parcels: on their way in order, or set aside
 * until time, PDUs behind them, or their rule let them go. Only at a boundary does a parcel go in.
 */
#include "sim/shard/filter.h"

#include <string.h>

#include "core/base/assert.h"
#include "faults/pdu.h"
#include "faults/rules.h"
#include "proto/iscsi/fields.h"
#include "proto/iscsi/pdu.h"
#include "sim/shard/filter_state.h"

static struct stream *stream_of(struct lq_filter *filter, uint32_t slot,
                                enum lq_direction direction)
{
    LQ_ASSERT(slot < filter->config.connections);
    return &filter->connections[slot].streams[direction];
}

/* --- parcels -------------------------------------------------------------------------------- */

struct parcel *lq_filter_take(struct lq_filter *filter)
{
    struct lq_link *link = lq_list_take(&filter->free);
    LQ_ASSERT(link != NULL); /* whoever asks the rules looked */
    struct parcel *parcel = LQ_ELEMENT(link, struct parcel, link);
    parcel->size_bytes = parcel->at = parcel->behind = 0;
    parcel->until_ns = 0;
    parcel->rule = NULL;
    parcel->is_noticed = false;
    filter->free_count--;
    return parcel;
}

void lq_filter_drop(struct lq_filter *filter, struct parcel *parcel)
{
    lq_list_remove(&parcel->link);
    lq_list_append(&filter->free, &parcel->link);
    filter->free_count++;
}

static void drop_all(struct lq_filter *filter, struct stream *stream)
{
    LQ_LIST_EACH_SAFE(link, following, &stream->out)
        lq_filter_drop(filter, LQ_ELEMENT(link, struct parcel, link));
    LQ_LIST_EACH_SAFE(link, following, &stream->aside)
        lq_filter_drop(filter, LQ_ELEMENT(link, struct parcel, link));
    if (stream->collected != NULL)
        lq_filter_drop(filter, stream->collected);
    stream->collected = NULL;
}

/* The rule that keeps something back lets it go when it is disarmed. */
static bool is_due(const struct lq_filter *filter, uint64_t until_ns,
                   const struct lq_fault_rule *rule)
{
    bool has_come = filter->is_timeless ? until_ns == 0 : *filter->faults->now_ns >= until_ns;
    return has_come || (rule != NULL && !rule->is_armed);
}

static bool is_stalled(const struct lq_filter *filter, const struct stream *stream)
{
    return stream->stalled_until_ns != 0 &&
           !is_due(filter, stream->stalled_until_ns, stream->stall_rule);
}

/* What was set aside and may go on now goes on. */
static void let_go(const struct lq_filter *filter, struct stream *stream)
{
    LQ_LIST_EACH_SAFE(link, following, &stream->aside)
    {
        struct parcel *parcel = LQ_ELEMENT(link, struct parcel, link);
        bool is_overtaken = parcel->behind != 0 && parcel->overtaken >= parcel->behind;
        if (!is_overtaken && !is_due(filter, parcel->until_ns, parcel->rule))
            continue;
        lq_list_remove(link);
        lq_list_append(&stream->out, link);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

struct lq_filter *lq_filter_make(struct lq_arena *arena, const struct lq_filter_config *config,
                                 struct lq_faults *faults)
{
    LQ_ASSERT(config->pdu_bytes >= LQ_BHS_BYTES + LQ_ALTER_MADE_MAX);
    struct lq_filter *filter = lq_arena_take(arena, 1, sizeof *filter, true);
    struct filter_connection *connections =
        lq_arena_take(arena, config->connections, sizeof *connections, true);
    struct parcel *parcels = lq_arena_take(arena, config->parcels, sizeof *parcels, true);
    uint8_t *bytes = lq_arena_take(arena, config->parcels, config->pdu_bytes, false);
    if (filter == NULL)
        return NULL;
    filter->config = *config;
    filter->faults = faults;
    filter->table = &lq_iscsi_pdu_table;
    filter->connections = connections;
    lq_list_init(&filter->in_use);
    lq_list_init(&filter->free);
    for (uint32_t i = 0; i < config->parcels; i++) {
        parcels[i].bytes = bytes + (uint64_t)i * config->pdu_bytes;
        lq_list_append(&filter->free, &parcels[i].link);
    }
    filter->free_count = config->parcels;
    for (uint32_t i = 0; i < config->connections; i++) {
        lq_list_init(&connections[i].in_use);
        for (uint32_t way = 0; way < 2; way++) {
            lq_list_init(&connections[i].streams[way].out);
            lq_list_init(&connections[i].streams[way].aside);
        }
    }
    return filter;
}

void lq_filter_open(struct lq_filter *filter, uint32_t slot, uint32_t number)
{
    lq_filter_close(filter, slot);
    filter->connections[slot].number = number;
    lq_list_append(&filter->in_use, &filter->connections[slot].in_use);
}

void lq_filter_close(struct lq_filter *filter, uint32_t slot)
{
    struct filter_connection *connection = &filter->connections[slot];
    for (uint32_t way = 0; way < 2; way++) {
        drop_all(filter, &connection->streams[way]);
        connection->streams[way] = (struct stream){.direction = (enum lq_direction)way};
        lq_list_init(&connection->streams[way].out);
        lq_list_init(&connection->streams[way].aside);
    }
    lq_list_remove(&connection->in_use);
    connection->number = 0;
    connection->is_full_feature = false;
    connection->header_digest_bytes = connection->data_digest_bytes = 0;
}

void lq_filter_digests(struct lq_filter *filter, uint32_t slot, bool of_header, bool of_data)
{
    filter->connections[slot].header_digest_bytes = of_header ? LQ_ALTER_DIGEST_BYTES : 0;
    filter->connections[slot].data_digest_bytes = of_data ? LQ_ALTER_DIGEST_BYTES : 0;
}

bool lq_filter_keeps(const struct lq_filter *filter, uint32_t slot, enum lq_direction direction)
{
    const struct stream *stream = &filter->connections[slot].streams[direction];
    return !lq_list_is_empty(&stream->out) || !lq_list_is_empty(&stream->aside) ||
           stream->is_holding || stream->held_bytes > 0 || stream->collected != NULL;
}

bool lq_filter_is_active(const struct lq_filter *filter, uint32_t slot,
                         enum lq_direction direction)
{
    const struct stream *stream = &filter->connections[slot].streams[direction];
    return lq_filter_keeps(filter, slot, direction) || stream->end != 0 ||
           stream->stalled_until_ns != 0 || lq_fault_watches_pdus(filter->faults);
}

void lq_filter_flush(struct lq_filter *filter, uint32_t slot, enum lq_direction direction)
{
    struct stream *stream = stream_of(filter, slot, direction);
    LQ_LIST_EACH(link, &stream->aside)
        LQ_ELEMENT(link, struct parcel, link)->until_ns = 0;
}

/* When what waits is worth a look: at its time, and at once when a rule lets it go before. Once it
 * has been looked at it waits for a PDU under way to pass, which needs no timer. */
static uint64_t look_at(const struct lq_filter *filter, uint64_t until_ns,
                        const struct lq_fault_rule *rule, bool is_noticed)
{
    if (!is_due(filter, until_ns, rule))
        return until_ns;
    return is_noticed ? UINT64_MAX : *filter->faults->now_ns;
}

/* Something is kept that waits for its time: a parcel, as there is of a stalled stream, too. */
static bool keeps_any(const struct lq_filter *filter)
{
    return filter->free_count < filter->config.parcels && !filter->is_timeless;
}

/* When something that STREAM keeps is worth a look. */
static uint64_t look_at_stream(const struct lq_filter *filter, const struct stream *stream)
{
    uint64_t deadline = UINT64_MAX;
    if (stream->stalled_until_ns != 0)
        deadline = look_at(filter, stream->stalled_until_ns, stream->stall_rule,
                           stream->is_noticed);
    LQ_LIST_EACH(link, &stream->aside)
    {
        const struct parcel *parcel = LQ_ELEMENT(link, struct parcel, link);
        uint64_t next = look_at(filter, parcel->until_ns, parcel->rule, parcel->is_noticed);
        deadline = next < deadline ? next : deadline;
    }
    return deadline;
}

uint64_t lq_filter_deadline(const struct lq_filter *filter)
{
    uint64_t deadline = UINT64_MAX;
    if (!keeps_any(filter))
        return deadline;
    LQ_LIST_EACH(link, &filter->in_use)
    {
        const struct filter_connection *connection =
            LQ_ELEMENT(link, struct filter_connection, in_use);
        for (uint32_t way = 0; way < 2; way++) {
            uint64_t next = look_at_stream(filter, &connection->streams[way]);
            deadline = next < deadline ? next : deadline;
        }
    }
    return deadline;
}

void lq_filter_expire(struct lq_filter *filter)
{
    if (!keeps_any(filter))
        return;
    for (uint32_t i = 0; i < 2 * filter->config.connections; i++) {
        struct stream *stream = &filter->connections[i / 2].streams[i % 2];
        stream->is_noticed = is_due(filter, stream->stalled_until_ns, stream->stall_rule);
        LQ_LIST_EACH(link, &stream->aside)
        {
            struct parcel *parcel = LQ_ELEMENT(link, struct parcel, link);
            parcel->is_noticed = is_due(filter, parcel->until_ns, parcel->rule);
        }
    }
}

void lq_filter_heal(struct lq_filter *filter)
{
    for (uint32_t i = 0; i < 2 * filter->config.connections; i++) {
        struct stream *stream = &filter->connections[i / 2].streams[i % 2];
        if (stream->stalled_until_ns != 0)
            stream->stalled_until_ns = 1; /* long ago: it is looked at, and goes on */
        stream->is_noticed = false;
        lq_filter_flush(filter, i / 2, (enum lq_direction)(i % 2));
    }
}

/* --- following PDUs ------------------------------------------------------------------------- */

/* The header of a PDU is whole: how much follows it, and what it changes for those behind it. */
static void begin_pdu(struct lq_filter *filter, struct filter_connection *connection,
                      struct stream *stream)
{
    (void)filter;
    bool has_digests = connection->is_full_feature;
    stream->rest_bytes =
        lq_alter_rest_bytes(stream->header, has_digests ? connection->header_digest_bytes : 0,
                            has_digests ? connection->data_digest_bytes : 0);
    stream->pdus++;
    stream->ends_login = stream->direction == LQ_FROM_TARGET &&
                         lq_alter_ends_login(stream->header);
}

/* The PDU in hand has passed or is collected. */
static void end_pdu(struct filter_connection *connection, struct stream *stream)
{
    stream->header_bytes = 0;
    if (stream->ends_login)
        connection->is_full_feature = true;
    stream->ends_login = false;
}

static void count_overtaking(struct stream *stream)
{
    LQ_LIST_EACH(link, &stream->aside)
        LQ_ELEMENT(link, struct parcel, link)->overtaken++;
}

/* BYTES pass: where in the stream of PDUs are we behind them? */
static void follow(struct lq_filter *filter, struct filter_connection *connection,
                   struct stream *stream, const uint8_t *bytes, uint32_t size_bytes)
{
    while (size_bytes > 0) {
        uint32_t piece = LQ_BHS_BYTES - stream->header_bytes;
        bool in_header = piece > 0;
        if (!in_header)
            piece = stream->rest_bytes < size_bytes ? (uint32_t)stream->rest_bytes : size_bytes;
        else if (piece > size_bytes)
            piece = size_bytes;
        if (in_header) {
            memcpy(stream->header + stream->header_bytes, bytes, piece);
            stream->header_bytes += piece;
            if (stream->header_bytes == LQ_BHS_BYTES)
                begin_pdu(filter, connection, stream);
        } else {
            stream->rest_bytes -= piece;
        }
        if (stream->header_bytes == LQ_BHS_BYTES && stream->rest_bytes == 0) {
            end_pdu(connection, stream);
            count_overtaking(stream);
        }
        bytes += piece;
        size_bytes -= piece;
    }
}

void lq_filter_saw(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                   const uint8_t *bytes, uint32_t size_bytes, uint32_t left_bytes)
{
    struct stream *stream = stream_of(filter, slot, direction);
    follow(filter, &filter->connections[slot], stream, bytes, size_bytes);
    stream->promised_bytes = left_bytes;
}

/* --- steps ---------------------------------------------------------------------------------- */

static uint32_t at_most(uint64_t bytes, uint32_t limit)
{
    return bytes < limit ? (uint32_t)bytes : limit;
}

static struct lq_filter_step give(const uint8_t *bytes, uint32_t size_bytes, bool is_own)
{
    return (struct lq_filter_step){.give = {bytes, size_bytes}, .is_own = is_own};
}

/* No PDU is on its way through. */
static bool is_at_boundary(const struct stream *stream)
{
    return stream->header_bytes == 0 || stream->is_holding;
}

/* What goes before anything that comes: parcels, in order; nothing while the stream is stalled. */
static bool give_kept(struct lq_filter *filter, struct stream *stream, struct lq_filter_step *step)
{
    *step = (struct lq_filter_step){.end = 0};
    if (is_stalled(filter, stream))
        return true;
    stream->stalled_until_ns = 0;
    let_go(filter, stream);
    if (lq_list_is_empty(&stream->out))
        return false;
    const struct parcel *first = LQ_ELEMENT(stream->out.next, struct parcel, link);
    *step = give(first->bytes + first->at, first->size_bytes - first->at, true);
    return true;
}

/* Eats of what came for the PDU that is collected; acts when it is whole. */
static struct lq_filter_step collect(struct lq_filter *filter,
                                     struct filter_connection *connection, struct stream *stream,
                                     struct lq_slice came)
{
    struct parcel *parcel = stream->collected;
    uint32_t eaten = at_most(stream->rest_bytes, came.size_bytes);
    if (eaten > 0)
        memcpy(parcel->bytes + parcel->size_bytes, came.bytes, eaten);
    parcel->size_bytes += eaten;
    stream->rest_bytes -= eaten;
    if (stream->rest_bytes > 0)
        return (struct lq_filter_step){.eaten_bytes = eaten};
    stream->collected = NULL;
    lq_filter_act(filter, connection, stream, parcel);
    end_pdu(connection, stream);
    return (struct lq_filter_step){.eaten_bytes = eaten, .end = stream->end};
}

/* The header that is held is whole: its PDU is struck, or goes on from the held bytes. */
static void decide(struct lq_filter *filter, struct filter_connection *connection,
                   struct stream *stream)
{
    begin_pdu(filter, connection, stream);
    stream->is_holding = false;
    if (!lq_filter_strikes(filter, connection, stream)) {
        stream->held_bytes = LQ_BHS_BYTES;
        return;
    }
    stream->collected = lq_filter_take(filter);
    memcpy(stream->collected->bytes, stream->header, LQ_BHS_BYTES);
    stream->collected->size_bytes = LQ_BHS_BYTES;
}

/* Holds the next header: eats of it; begins to only while a rule may strike, or something waits
 * for PDUs to pass. */
static struct lq_filter_step hold(struct lq_filter *filter, struct filter_connection *connection,
                                  struct stream *stream, struct lq_slice came)
{
    bool matters = lq_fault_watches_pdus(filter->faults) || !lq_list_is_empty(&stream->aside);
    if (!stream->is_holding && (came.size_bytes == 0 || !matters))
        return give(came.bytes, came.size_bytes, false);
    stream->is_holding = true;
    uint32_t eaten = at_most(LQ_BHS_BYTES - stream->header_bytes, came.size_bytes);
    if (eaten > 0)
        memcpy(stream->header + stream->header_bytes, came.bytes, eaten);
    stream->header_bytes += eaten;
    if (stream->header_bytes < LQ_BHS_BYTES)
        return (struct lq_filter_step){.eaten_bytes = eaten};
    decide(filter, connection, stream);
    if (stream->collected != NULL && stream->rest_bytes == 0) {
        struct lq_filter_step step =
            collect(filter, connection, stream, (struct lq_slice){NULL, 0});
        step.eaten_bytes = eaten;
        return step;
    }
    return (struct lq_filter_step){.eaten_bytes = eaten};
}

struct lq_filter_step lq_filter_next(struct lq_filter *filter, uint32_t slot,
                                     enum lq_direction direction, struct lq_slice came)
{
    struct filter_connection *connection = &filter->connections[slot];
    struct stream *stream = stream_of(filter, slot, direction);
    struct lq_filter_step step;
    if (stream->end != 0) /* nothing passes any more */
        return (struct lq_filter_step){.eaten_bytes = came.size_bytes, .end = stream->end};
    if (stream->promised_bytes > 0)
        return give(came.bytes, at_most(stream->promised_bytes, came.size_bytes), false);
    if (stream->held_bytes > 0)
        return give(stream->header + LQ_BHS_BYTES - stream->held_bytes, stream->held_bytes, true);
    if (stream->collected != NULL)
        return collect(filter, connection, stream, came);
    if (is_at_boundary(stream)) {
        if (give_kept(filter, stream, &step))
            return step;
        return hold(filter, connection, stream, came);
    }
    if (stream->header_bytes < LQ_BHS_BYTES) /* it began to pass before a rule was armed */
        return give(came.bytes, at_most(LQ_BHS_BYTES - stream->header_bytes, came.size_bytes),
                    false);
    return give(came.bytes, at_most(stream->rest_bytes, came.size_bytes), false);
}

uint32_t lq_filter_passed(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                          const struct lq_filter_step *step, uint32_t taken_bytes)
{
    struct filter_connection *connection = &filter->connections[slot];
    struct stream *stream = stream_of(filter, slot, direction);
    if (!step->is_own) {
        lq_filter_saw(filter, slot, direction, step->give.bytes, taken_bytes,
                      step->give.size_bytes - taken_bytes);
        return taken_bytes;
    }
    if (stream->held_bytes > 0) {
        stream->held_bytes -= taken_bytes;
        if (stream->held_bytes == 0 && stream->rest_bytes == 0) {
            end_pdu(connection, stream);
            count_overtaking(stream);
        }
        return 0;
    }
    struct parcel *first = LQ_ELEMENT(stream->out.next, struct parcel, link);
    first->at += taken_bytes;
    if (first->at == first->size_bytes) {
        lq_filter_drop(filter, first);
        count_overtaking(stream);
    }
    return 0;
}
