/* SPDX-License-Identifier: Apache-2.0 */
/* Numbering, sinks and fingerprint of the history. Fixed values were computed from the definitions
 * with unbounded integers. */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "core/base/history.h"

struct log {
    uint64_t seqs[16];
    uint32_t kinds[16]; /* 0 for a tap */
    uint32_t count;
    struct lq_tap last_tap;
    uint8_t last_bytes[16];
};

static void log_event(void *context, const struct lq_event *event)
{
    struct log *log = context;
    log->seqs[log->count] = event->seq;
    log->kinds[log->count++] = event->kind;
}

static void log_tap(void *context, const struct lq_tap *tap)
{
    struct log *log = context;
    log->seqs[log->count] = tap->seq;
    log->kinds[log->count++] = 0;
    log->last_tap = *tap;
    memcpy(log->last_bytes, tap->bytes, tap->size_bytes);
}

static const struct lq_event full_event = {.time_ns = 1000,
                                           .seq = 99,
                                           .kind = 11,
                                           .actor = 1,
                                           .target = 2,
                                           .flags = 3,
                                           .connection = 4,
                                           .code = 5,
                                           .detail = 6,
                                           .nblocks = 7,
                                           .nexus = 8,
                                           .lun = 9,
                                           .tag = 10,
                                           .serial = 11,
                                           .stamp = 12,
                                           .lba = 13,
                                           .value = 14};

static void add_full(struct lq_history *history)
{
    struct lq_event event = full_event;
    lq_history_add(history, &event);
}

static const uint8_t wire[] = "abcdefghijk";

static void test_numbers_events_and_taps_in_one_order(void)
{
    struct lq_history history;
    struct log all = {.count = 0}, events = {.count = 0};
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){
                                    .event = log_event, .tap = log_tap, .context = &all});
    lq_history_attach(&history, (struct lq_history_sink){.event = log_event, .context = &events});
    add_full(&history); /* its own idea of seq does not count */
    lq_history_tap(&history, 2000, 4, LQ_FROM_TARGET, wire, 11);
    lq_history_add(&history, &(struct lq_event){.time_ns = 2000, .kind = LQ_I_LOST});

    static const uint64_t seqs[] = {1, 2, 3};
    static const uint32_t kinds[] = {11, 0, LQ_I_LOST};
    CU_ASSERT_EQUAL_FATAL(all.count, 3);
    CU_ASSERT_EQUAL(memcmp(all.seqs, seqs, sizeof seqs), 0);
    CU_ASSERT_EQUAL(memcmp(all.kinds, kinds, sizeof kinds), 0);
    CU_ASSERT_EQUAL_FATAL(events.count, 2);
    CU_ASSERT_EQUAL(events.seqs[1], 3);
    CU_ASSERT_EQUAL(history.event_count, 2);
    CU_ASSERT_EQUAL(history.tap_bytes, 11);
    CU_ASSERT_EQUAL(all.last_tap.time_ns, 2000);
    CU_ASSERT_EQUAL(all.last_tap.connection, 4);
    CU_ASSERT_EQUAL(all.last_tap.direction, LQ_FROM_TARGET);
    CU_ASSERT_EQUAL(all.last_tap.size_bytes, 11);
    CU_ASSERT_EQUAL(memcmp(all.last_bytes, wire, 11), 0);
}

static void test_fingerprint_is_the_same_everywhere(void)
{
    struct lq_history history;
    lq_history_init(&history);
    CU_ASSERT_EQUAL(history.fingerprint, 0);
    add_full(&history);
    CU_ASSERT_EQUAL(history.fingerprint, UINT64_C(0x7ecef1b0366728d4));
    lq_history_tap(&history, 2000, 4, LQ_FROM_TARGET, wire, 11);
    CU_ASSERT_EQUAL(history.fingerprint, UINT64_C(0xab2c64a516849f59));
}

static uint64_t fingerprint_of(struct lq_event event)
{
    struct lq_history history;
    lq_history_init(&history);
    lq_history_add(&history, &event);
    return history.fingerprint;
}

static void test_fingerprint_sees_every_field(void)
{
    uint64_t plain = fingerprint_of(full_event);
    struct lq_event event = full_event;
    event.seq = 1; /* given by the history */
    CU_ASSERT_EQUAL(fingerprint_of(event), plain);
#define DIFFERS(field)                                                                             \
    do {                                                                                           \
        event = full_event;                                                                        \
        event.field++;                                                                             \
        CU_ASSERT_NOT_EQUAL(fingerprint_of(event), plain);                                         \
    } while (0)
    DIFFERS(time_ns);
    DIFFERS(kind);
    DIFFERS(actor);
    DIFFERS(target);
    DIFFERS(flags);
    DIFFERS(connection);
    DIFFERS(code);
    DIFFERS(detail);
    DIFFERS(nblocks);
    DIFFERS(nexus);
    DIFFERS(lun);
    DIFFERS(tag);
    DIFFERS(serial);
    DIFFERS(stamp);
    DIFFERS(lba);
    DIFFERS(value);
#undef DIFFERS
}

static uint64_t fingerprint_of_tap(uint32_t connection, enum lq_direction direction,
                                   const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_history history;
    lq_history_init(&history);
    lq_history_tap(&history, 0, connection, direction, bytes, size_bytes);
    return history.fingerprint;
}

static void test_fingerprint_sees_bytes_direction_and_connection(void)
{
    uint64_t plain = fingerprint_of_tap(1, LQ_TO_TARGET, wire, 8);
    CU_ASSERT_EQUAL(fingerprint_of_tap(1, LQ_TO_TARGET, wire, 8), plain);
    CU_ASSERT_NOT_EQUAL(fingerprint_of_tap(1, LQ_FROM_TARGET, wire, 8), plain);
    CU_ASSERT_NOT_EQUAL(fingerprint_of_tap(2, LQ_TO_TARGET, wire, 8), plain);
    CU_ASSERT_NOT_EQUAL(fingerprint_of_tap(1, LQ_TO_TARGET, wire, 7), plain);
    CU_ASSERT_NOT_EQUAL(fingerprint_of_tap(1, LQ_TO_TARGET, wire + 1, 8), plain);
}

static void test_frames_are_no_bytes_of_a_connection(void)
{
    struct lq_history history;
    struct log taps = {0}, frames = {0};
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){.tap = log_tap, .context = &taps});
    lq_history_attach(&history, (struct lq_history_sink){.frame = log_tap, .context = &frames});
    lq_history_frame(&history, 7, 1, LQ_TO_TARGET, wire, 8);
    CU_ASSERT_EQUAL(taps.count, 0);
    CU_ASSERT_EQUAL(frames.count, 1);
    CU_ASSERT_EQUAL(frames.seqs[0], 1);
    CU_ASSERT_EQUAL(frames.last_tap.time_ns, 7);
    CU_ASSERT_EQUAL(frames.last_tap.connection, 1);
    CU_ASSERT_EQUAL(frames.last_tap.direction, LQ_TO_TARGET);
    CU_ASSERT_EQUAL(frames.last_tap.size_bytes, 8);
    CU_ASSERT_EQUAL(history.tap_bytes, 8);
    CU_ASSERT_NOT_EQUAL(history.fingerprint, fingerprint_of_tap(1, LQ_TO_TARGET, wire, 8));
}

static void test_without_a_history_nothing_happens(void)
{
    add_full(NULL);
    lq_history_frame(NULL, 0, 1, LQ_TO_TARGET, wire, 8);
    lq_history_tap(NULL, 0, 1, LQ_TO_TARGET, wire, 8);
    CU_PASS("no history, no crash");
}

static void test_has_room_for_its_sinks_and_no_more(void)
{
    struct lq_history history;
    lq_history_init(&history);
    for (int i = 0; i < LQ_HISTORY_SINKS_MAX; i++)
        lq_history_attach(&history, (struct lq_history_sink){0});
    add_full(&history); /* sinks without functions are no harm */
    LQ_UNIT_EXPECT_ASSERTION(lq_history_attach(&history, (struct lq_history_sink){0}));
}

static void test_nexus_hash_names_a_nexus(void)
{
    static const uint8_t id[] = {0x05, 0x00, 0x00, 0x10, 'i', 'q', 'n', '.', 'x'};
    CU_ASSERT_EQUAL(lq_nexus_hash(id, sizeof id, 3), UINT64_C(0x9ee82f434a143d53));
    CU_ASSERT_NOT_EQUAL(lq_nexus_hash(id, sizeof id, 4), lq_nexus_hash(id, sizeof id, 3));
    CU_ASSERT_NOT_EQUAL(lq_nexus_hash(id, sizeof id - 1, 3), lq_nexus_hash(id, sizeof id, 3));
}

static void test_every_kind_has_its_own_name(void)
{
    for (uint32_t kind = 0; kind < LQ_EVENT_KINDS; kind++) {
        const char *name = lq_event_kind_name(kind);
        CU_ASSERT_STRING_NOT_EQUAL(name, "?");
        for (uint32_t other = 0; other < kind; other++)
            CU_ASSERT_STRING_NOT_EQUAL(name, lq_event_kind_name(other));
    }
    CU_ASSERT_STRING_EQUAL(lq_event_kind_name(LQ_E_ENDED), "E_ENDED");
    CU_ASSERT_STRING_EQUAL(lq_event_kind_name(LQ_EVENT_KINDS), "?");
    CU_ASSERT_STRING_EQUAL(lq_event_kind_name(UINT32_MAX), "?");
}

int main(void)
{
    CU_TestInfo history[] = {
        {"numbers events and taps in one order", test_numbers_events_and_taps_in_one_order},
        {"fingerprint is the same everywhere", test_fingerprint_is_the_same_everywhere},
        {"fingerprint sees every field", test_fingerprint_sees_every_field},
        {"fingerprint sees bytes, direction and connection",
         test_fingerprint_sees_bytes_direction_and_connection},
        {"frames are no bytes of a connection", test_frames_are_no_bytes_of_a_connection},
        {"without a history nothing happens", test_without_a_history_nothing_happens},
        {"has room for its sinks and no more", test_has_room_for_its_sinks_and_no_more},
        {"nexus hash names a nexus", test_nexus_hash_names_a_nexus},
        {"every kind has its own name", test_every_kind_has_its_own_name},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"history", NULL, NULL, NULL, NULL, history},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
