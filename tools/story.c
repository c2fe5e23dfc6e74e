/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: rows are kept as they come; lanes are numbered when all is known, so a row keeps what it
 * is about (enum below) until it is read.
 */
#include "tools/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/wire/crc.h"
#include "conformance/wire/reader.h"
#include "conformance/wire/text.h"
#include "tools/cmd_sim_report.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/pdu_text.h"

enum { INITIATORS_MAX = 10, STORES_MAX = LQ_STORY_LANES_MAX - INITIATORS_MAX - 1, NAME_MAX = 32 };

/* Who a row is about, before lanes are numbered: initiator n is n, store n is STORE + n. */
enum { TARGET = 100, STORE = 200 };

struct stream {
    uint32_t connection; /* 0: the slot is free */
    uint32_t actor;
    uint64_t nexus;
    bool header_digest, data_digest;  /* as the login has it so far */
    struct lq_wire_reader readers[2]; /* by enum lq_direction */
};

struct lq_story {
    struct lq_story_row *rows;
    uint32_t count, capacity;
    struct stream *streams;
    uint32_t stream_count, stream_capacity;
    uint32_t initiators, stores; /* seen so far */
    char names[INITIATORS_MAX + 1][NAME_MAX];
    char store_names[STORES_MAX][NAME_MAX];
    struct lq_wire_crc crc;
};

/* COUNT elements of ELEMENT bytes are needed; doubles the array. */
static void *grow(void *array, uint32_t *capacity, uint32_t count, size_t element)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 256 : *capacity * 2;
    void *grown = realloc(array, *capacity * element);
    if (grown == NULL) {
        lq_message("sim: out of memory; expected room for the run's story; run fewer commands");
        exit(LQ_EXIT_ENVIRONMENT);
    }
    return grown;
}

struct lq_story *lq_story_make(void)
{
    struct lq_story *story = calloc(1, sizeof *story);
    if (story == NULL) {
        lq_message("sim: out of memory; expected room for the run's story; end other programs");
        exit(LQ_EXIT_ENVIRONMENT);
    }
    lq_wire_crc_init(&story->crc);
    lq_story_reset(story);
    return story;
}

void lq_story_free(struct lq_story *story)
{
    if (story == NULL)
        return;
    free(story->rows);
    free(story->streams);
    free(story);
}

void lq_story_reset(struct lq_story *story)
{
    story->count = story->stream_count = 0;
    story->initiators = story->stores = 0;
    for (uint32_t i = 0; i <= INITIATORS_MAX; i++)
        snprintf(story->names[i], NAME_MAX, "i%" PRIu32, i);
    for (uint32_t i = 0; i < STORES_MAX; i++)
        snprintf(story->store_names[i], NAME_MAX, "disk%" PRIu32, i);
}

void lq_story_name(struct lq_story *story, uint32_t number, const char *name)
{
    if (number > 0 && number <= INITIATORS_MAX)
        snprintf(story->names[number], NAME_MAX, "%s", name);
}

static uint32_t initiator_of(struct lq_story *story, uint32_t actor)
{
    if (actor > INITIATORS_MAX)
        actor = INITIATORS_MAX;
    if (actor > story->initiators)
        story->initiators = actor;
    return actor;
}

static uint32_t store_of(struct lq_story *story, uint32_t number)
{
    if (number >= STORES_MAX)
        number = STORES_MAX - 1;
    if (number >= story->stores)
        story->stores = number + 1;
    return STORE + number;
}

static struct lq_story_row *add_row(struct lq_story *story, enum lq_story_kind kind,
                                    uint64_t time_ns, uint64_t seq)
{
    story->rows = grow(story->rows, &story->capacity, story->count, sizeof *story->rows);
    struct lq_story_row *row = &story->rows[story->count++];
    memset(row, 0, sizeof *row);
    row->kind = kind;
    row->time_ns = time_ns;
    row->seq = seq;
    return row;
}

/* --- records -------------------------------------------------------------------------------- */

static struct stream *stream_of(struct lq_story *story, uint32_t connection)
{
    for (uint32_t i = story->stream_count; i > 0; i--)
        if (story->streams[i - 1].connection == connection)
            return &story->streams[i - 1];
    story->streams = grow(story->streams, &story->stream_capacity, story->stream_count,
                          sizeof *story->streams);
    struct stream *stream = &story->streams[story->stream_count++];
    memset(stream, 0, sizeof *stream);
    stream->connection = connection;
    lq_wire_reader_init(&stream->readers[LQ_TO_TARGET], &story->crc);
    lq_wire_reader_init(&stream->readers[LQ_FROM_TARGET], &story->crc);
    return stream;
}

static bool is_initiators(const struct lq_event *event)
{
    return event->kind >= LQ_I_LOGIN && event->kind <= LQ_I_PROTOCOL;
}

static bool is_stores(const struct lq_event *event)
{
    return event->kind >= LQ_S_SUBMITTED && event->kind <= LQ_S_COMPLETED;
}

static void place(struct lq_story *story, struct lq_story_row *row, const struct lq_event *event)
{
    row->from = row->to = TARGET;
    if (is_initiators(event)) {
        row->from = row->to = (uint16_t)initiator_of(story, event->actor);
    } else if (is_stores(event)) {
        row->from = row->to = (uint16_t)store_of(story, event->code);
        if (event->kind == LQ_S_SUBMITTED)
            row->from = TARGET;
        if (event->kind == LQ_S_COMPLETED)
            row->to = TARGET;
    }
}

/* What is known of connections before anything passes on them. */
static void note(struct lq_story *story, const struct lq_event *event)
{
    if (event->kind == LQ_W_ACCEPT && event->connection != 0)
        stream_of(story, event->connection)->actor = initiator_of(story, event->actor);
    if (event->kind == LQ_I_LOGIN && event->connection != 0)
        stream_of(story, event->connection)->nexus = event->nexus;
    if (event->kind == LQ_W_STORE)
        (void)store_of(story, event->code);
}

static void take_event(void *context, const struct lq_event *event)
{
    struct lq_story *story = context;
    note(story, event);
    enum lq_story_kind kind = LQ_STORY_EVENT;
    if (is_stores(event))
        kind = LQ_STORY_STORE;
    else if (event->kind == LQ_W_FAULT)
        kind = LQ_STORY_FAULT;
    else if (event->kind < LQ_I_LOGIN && event->kind != LQ_W_ACCEPT && event->kind != LQ_W_CLOSE)
        kind = LQ_STORY_WORLD;
    struct lq_story_row *row = add_row(story, kind, event->time_ns, event->seq);
    row->event = *event;
    row->connection = event->connection;
    row->nexus = event->nexus;
    row->tag = event->tag;
    row->has_tag = event->tag != 0;
    place(story, row, event);
    lq_report_event_text(event, row->text, sizeof row->text);
}

/* --- PDUs ----------------------------------------------------------------------------------- */

static void add_pdu(struct lq_story *story, struct stream *stream, const struct lq_tap *tap,
                    const struct lq_wire_reader *reader)
{
    struct lq_story_row *row = add_row(story, LQ_STORY_PDU, tap->time_ns, tap->seq);
    row->from = row->to = TARGET;
    *(tap->direction == LQ_TO_TARGET ? &row->from : &row->to) =
        (uint16_t)initiator_of(story, stream->actor == 0 ? 1 : stream->actor);
    row->connection = tap->connection;
    row->nexus = stream->nexus;
    row->tag = lq_wire_itt(reader->header);
    row->has_tag = true;
    row->data_bytes = reader->data_bytes;
    memcpy(row->header, reader->header, sizeof row->header);
    lq_pdu_text(reader->header, reader->data_bytes, row->text, sizeof row->text);
}

/* Digests stand in the PDUs behind the login that agreed on them [RFC 7143 13.1]: the answer, which
 * is no list, says which. */
static void read_login(struct stream *stream, const struct lq_wire_reader *reader)
{
    struct lq_wire_pair pair;
    uint32_t opcode = lq_wire_opcode_of(reader->header), at = 0;
    if (opcode != LQ_WIRE_LOGIN_REQUEST && opcode != LQ_WIRE_LOGIN_RESPONSE)
        return;
    while (lq_wire_next_pair(reader->data, reader->kept_bytes, &at, &pair)) {
        if (lq_wire_key_is(&pair, "HeaderDigest"))
            stream->header_digest = lq_wire_value_is(&pair, "CRC32C");
        if (lq_wire_key_is(&pair, "DataDigest"))
            stream->data_digest = lq_wire_value_is(&pair, "CRC32C");
    }
    bool is_over = opcode == LQ_WIRE_LOGIN_RESPONSE && lq_wire_is_final(reader->header) &&
                   lq_wire_login_status(reader->header) == 0 &&
                   lq_wire_next_stage(reader->header) == 3;
    for (uint32_t i = 0; is_over && i < 2; i++) {
        stream->readers[i].header_digest = stream->header_digest;
        stream->readers[i].data_digest = stream->data_digest;
    }
}

static void take_tap(void *context, const struct lq_tap *tap)
{
    struct lq_story *story = context;
    struct stream *stream = stream_of(story, tap->connection);
    struct lq_wire_reader *reader = &stream->readers[tap->direction];
    for (uint32_t at = 0; at < tap->size_bytes;) {
        bool is_complete = false;
        at += lq_wire_take(reader, tap->bytes + at, tap->size_bytes - at, &is_complete);
        if (!is_complete)
            continue;
        add_pdu(story, stream, tap, reader);
        read_login(stream, reader);
    }
}

struct lq_history_sink lq_story_sink(struct lq_story *story)
{
    return (struct lq_history_sink){.event = take_event, .tap = take_tap, .context = story};
}

/* --- reading -------------------------------------------------------------------------------- */

uint32_t lq_story_rows(const struct lq_story *story)
{
    return story->count;
}

static uint16_t lane_of(const struct lq_story *story, uint16_t who)
{
    if (who >= STORE)
        return (uint16_t)(story->initiators + 1 + (who - STORE));
    return who >= TARGET ? (uint16_t)story->initiators : (uint16_t)(who == 0 ? 0 : who - 1);
}

void lq_story_row(const struct lq_story *story, uint32_t index, struct lq_story_row *row)
{
    *row = story->rows[index];
    row->from = lane_of(story, row->from);
    row->to = lane_of(story, row->to);
}

uint32_t lq_story_lanes(const struct lq_story *story)
{
    return story->initiators + 1 + story->stores;
}

const char *lq_story_lane(const struct lq_story *story, uint32_t lane)
{
    if (lane < story->initiators)
        return story->names[lane + 1];
    return lane == story->initiators ? "target"
                                     : story->store_names[lane - story->initiators - 1];
}

uint32_t lq_story_row_of(const struct lq_story *story, uint64_t seq)
{
    uint32_t low = 0, high = story->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (story->rows[middle].seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : low - 1;
}
