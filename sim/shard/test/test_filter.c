/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter alone: PDUs written out by hand from RFC 7143 11 go in, cut at any place; what comes
 * out is compared byte by byte.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/choice.h"
#include "core/base/test/unit.h"
#include "faults/rules.h"
#include "proto/iscsi/fields.h"
#include "sim/shard/filter.h"

enum { SLOT = 1, NUMBER = 7, PDU_BYTES = 4096, ROOM = 16384 };

/* SCSI Response, GOOD: ITT 00000105h, StatSN 9, ExpCmdSN 5, MaxCmdSN 24h [RFC 7143 11.4]. */
static const uint8_t response[48] = {0x21, 0x80, 0, 0, [16] = 0, 0, 1, 5, [24] = 0, 0, 0, 9,
                                     [28] = 0, 0, 0, 5, [32] = 0, 0, 0, 0x24};
/* Data-In of 6 bytes and 2 of padding, F and S bits, GOOD, DataSN 3, offset 512 [RFC 7143 11.7]. */
static const uint8_t data_in[56] = {0x25, 0x83, 0, 0, 0, 0, 0, 6, [16] = 0, 0, 1, 6,
                                    [20] = 0xff, 0xff, 0xff, 0xff, [24] = 0, 0, 0, 10,
                                    [28] = 0, 0, 0, 6, [32] = 0, 0, 0, 0x25, [36] = 0, 0, 0, 3,
                                    [40] = 0, 0, 2, 0, [44] = 0, 0, 0, 2,
                                    [48] = 'a', 'b', 'c', 'd', 'e', 'f', 0, 0};
/* NOP-In that asks for nothing: ITT and TTT reserved, StatSN 11 [RFC 7143 11.19]. */
static const uint8_t nop_in[48] = {0x20, 0x80, [16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, [24] = 0, 0, 0, 11, [28] = 0, 0, 0, 6,
                                   [32] = 0, 0, 0, 0x25};

static void *memory;
static struct lq_filter *filter;
static struct lq_faults faults;
static struct lq_history history;
static struct lq_event last;
static struct lq_choice_seeded seeded;
static struct lq_fault_rule rule;
static uint64_t now;
static uint8_t in[ROOM], out[ROOM];
static uint32_t in_bytes, out_bytes;

static uint32_t nobody(void *context, uint32_t connection)
{
    (void)context, (void)connection;
    return 0;
}

static struct lq_fault_rules rules = {&rule, 1, nobody, NULL};

static void keep(void *context, const struct lq_event *event)
{
    (void)context;
    last = *event;
}

/* A new filter, and the one rule of FAULT, armed. */
static struct lq_pdu_rule *begin(enum lq_fault fault)
{
    const struct lq_filter_config config = {
        .connections = 2, .parcels = 4, .pdu_bytes = PDU_BYTES};
    struct lq_arena arena;
    now = 1000;
    in_bytes = out_bytes = 0;
    memset(&last, 0, sizeof last);
    lq_choice_seeded_init(&seeded, 1);
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){.event = keep});
    lq_faults_init(&faults, &seeded.choice, &history, &now);
    rule = (struct lq_fault_rule){.fault = fault, .until_ns = UINT64_MAX, .is_armed = true};
    lq_faults_follow(&faults, &rules, 0);
    lq_arena_init_measuring(&arena);
    (void)lq_filter_make(&arena, &config, &faults);
    free(memory);
    memory = aligned_alloc(64, (size_t)((arena.used_bytes + 63) / 64 * 64));
    lq_arena_init(&arena, memory, arena.used_bytes);
    filter = lq_filter_make(&arena, &config, &faults);
    lq_filter_open(filter, SLOT, NUMBER);
    return &rule.pdu;
}

static void put(const uint8_t *bytes, uint32_t size_bytes)
{
    memcpy(in + in_bytes, bytes, size_bytes);
    in_bytes += size_bytes;
}

/* What has been put goes through, PIECE bytes at a time each way; how the connection ends. */
static enum lq_close go(uint32_t piece)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t size = in_bytes - at < piece ? in_bytes - at : piece;
        struct lq_slice came = {in + at, size};
        struct lq_filter_step step = lq_filter_next(filter, SLOT, LQ_FROM_TARGET, came);
        at += step.eaten_bytes;
        if (step.end != 0)
            return step.end;
        uint32_t taken = step.give.size_bytes < piece ? step.give.size_bytes : piece;
        if (taken == 0 && step.eaten_bytes == 0)
            break;
        if (taken == 0)
            continue;
        memcpy(out + out_bytes, step.give.bytes, taken);
        out_bytes += taken;
        at += lq_filter_passed(filter, SLOT, LQ_FROM_TARGET, &step, taken);
    }
    in_bytes -= at;
    memmove(in, in + at, in_bytes);
    return 0;
}

static bool is_out(const uint8_t *one, uint32_t one_bytes, const uint8_t *two, uint32_t two_bytes,
                   const uint8_t *three, uint32_t three_bytes)
{
    uint8_t expected[256];
    const uint8_t *parts[] = {one, two, three}; /* NULL: none */
    uint32_t sizes[] = {one_bytes, two_bytes, three_bytes}, at = 0;
    for (uint32_t i = 0; i < 3; at += sizes[i++])
        if (parts[i] != NULL)
            memcpy(expected + at, parts[i], sizes[i]);
    uint32_t total = one_bytes + two_bytes + three_bytes;
    bool is_equal = out_bytes == total && memcmp(out, expected, total) == 0;
    out_bytes = 0;
    return is_equal;
}

static void put_three(void)
{
    put(response, sizeof response);
    put(data_in, sizeof data_in);
    put(nop_in, sizeof nop_in);
}

static const struct lq_pdu_kind *kind(const char *name)
{
    return lq_pdu_kind_by_name(&lq_iscsi_pdu_table, name);
}

static struct lq_pdu_field field(const char *of, const char *name)
{
    struct lq_pdu_field found = {0};
    CU_ASSERT_TRUE(lq_pdu_field_by_name(&lq_iscsi_pdu_table, kind(of), name, &found));
    return found;
}

/* --- nothing to do -------------------------------------------------------------------------- */

/* A rule that is not armed, and one that matches nothing, change no byte; and nothing is held by
 * the former. */
static void test_untouched(void)
{
    for (uint32_t piece = 1; piece < 160; piece++) {
        begin(LQ_FAULT_PDU_DROP);
        rule.is_armed = false;
        CU_ASSERT_FALSE(lq_filter_is_active(filter, SLOT, LQ_FROM_TARGET));
        put_three();
        CU_ASSERT_EQUAL(go(piece), 0);
        CU_ASSERT_TRUE(is_out(response, 48, data_in, 56, nop_in, 48));
        rule.is_armed = true;
        rule.pdu.kind = kind("r2t");
        put_three();
        CU_ASSERT_EQUAL(go(piece), 0);
        CU_ASSERT_TRUE(is_out(response, 48, data_in, 56, nop_in, 48));
        CU_ASSERT_EQUAL(history.event_count, 0);
    }
}

/* A rule that is armed in the middle of a PDU strikes the next one. */
static void test_armed_midway(void)
{
    for (uint32_t cut = 1; cut < sizeof data_in; cut++) {
        begin(LQ_FAULT_PDU_DROP);
        rule.is_armed = false;
        put(data_in, cut);
        (void)go(ROOM);
        rule.is_armed = true;
        put(data_in + cut, (uint32_t)sizeof data_in - cut);
        put(response, sizeof response);
        (void)go(ROOM);
        CU_ASSERT_TRUE(is_out(data_in, 56, NULL, 0, NULL, 0));
        CU_ASSERT_EQUAL(rule.fired, 1);
    }
}

/* A rule that is disarmed while a header is held, or a PDU collected, loses nothing. */
static void test_disarmed_midway(void)
{
    for (uint32_t cut = 1; cut < sizeof data_in; cut++) {
        begin(LQ_FAULT_PDU_HOLD)->kind = kind("data-in");
        put(data_in, cut);
        (void)go(ROOM);
        rule.is_armed = false;
        CU_ASSERT_TRUE(lq_filter_is_active(filter, SLOT, LQ_FROM_TARGET));
        put(data_in + cut, (uint32_t)sizeof data_in - cut);
        put(response, sizeof response);
        (void)go(ROOM);
        (void)go(ROOM);
        CU_ASSERT_TRUE(is_out(data_in, 56, response, 48, NULL, 0));
    }
}

/* Bytes that the receiver saw and did not take are not taken back. */
static void test_promised(void)
{
    begin(LQ_FAULT_PDU_DROP);
    rule.is_armed = false;
    put_three();
    lq_filter_saw(filter, SLOT, LQ_FROM_TARGET, in, 0, in_bytes);
    rule.is_armed = true;
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(response, 48, data_in, 56, nop_in, 48));
    put(nop_in, sizeof nop_in);
    (void)go(ROOM);
    CU_ASSERT_EQUAL(out_bytes, 0);
}

/* --- each class ----------------------------------------------------------------------------- */

static void test_drop(void)
{
    for (uint32_t piece = 1; piece < 160; piece++) {
        begin(LQ_FAULT_PDU_DROP)->kind = kind("data-in");
        put_three();
        CU_ASSERT_EQUAL(go(piece), 0);
        CU_ASSERT_TRUE(is_out(response, 48, nop_in, 48, NULL, 0));
    }
    CU_ASSERT(last.kind == LQ_W_FAULT && last.code == LQ_FAULT_PDU_DROP);
    CU_ASSERT(last.connection == NUMBER && last.tag == 0x106 && last.stamp == 0x106);
    CU_ASSERT(last.detail == 0x25 && last.lba == 56);
    CU_ASSERT_EQUAL(last.flags, LQ_F_PDU | LQ_F_FROM_TARGET);
}

static void test_delay(void)
{
    begin(LQ_FAULT_PDU_DELAY)->kind = kind("data-in");
    rule.by_ns = 50;
    put_three();
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
    CU_ASSERT_EQUAL(last.flags, LQ_F_PDU | LQ_F_FROM_TARGET | LQ_F_STOPS);
    CU_ASSERT_EQUAL(lq_filter_deadline(filter), 1050);
    now = 1050;
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(data_in, 56, nop_in, 48, NULL, 0));
    CU_ASSERT_EQUAL(lq_filter_deadline(filter), UINT64_MAX);
}

/* Until the rule is disarmed; and until heal. */
static void test_stall(void)
{
    for (uint32_t heals = 0; heals < 2; heals++) {
        begin(LQ_FAULT_PDU_STALL)->kind = kind("data-in");
        put_three();
        (void)go(ROOM);
        CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
        CU_ASSERT_EQUAL(lq_filter_deadline(filter), UINT64_MAX);
        if (heals == 1)
            lq_filter_heal(filter);
        else
            rule.is_armed = false;
        (void)go(ROOM);
        CU_ASSERT_TRUE(is_out(data_in, 56, nop_in, 48, NULL, 0));
    }
}

static void test_hold(void)
{
    begin(LQ_FAULT_PDU_HOLD)->kind = kind("scsi-response");
    rule.by_ns = 50;
    put_three();
    (void)go(7);
    CU_ASSERT_TRUE(is_out(data_in, 56, nop_in, 48, NULL, 0));
    CU_ASSERT_EQUAL(lq_filter_deadline(filter), 1050);
    now = 1051;
    (void)go(7);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
}

static void test_reorder(void)
{
    for (uint32_t behind = 1; behind < 4; behind++) {
        begin(LQ_FAULT_PDU_REORDER)->kind = kind("scsi-response");
        rule.pdu.behind = behind;
        put_three();
        (void)go(ROOM);
        CU_ASSERT_TRUE(behind == 1   ? is_out(data_in, 56, response, 48, nop_in, 48)
                       : behind == 2 ? is_out(data_in, 56, nop_in, 48, response, 48)
                                     : is_out(data_in, 56, nop_in, 48, NULL, 0));
    }
    lq_filter_flush(filter, SLOT, LQ_FROM_TARGET);
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
}

static void test_duplicate(void)
{
    begin(LQ_FAULT_PDU_DUPLICATE)->kind = kind("data-in");
    put(data_in, sizeof data_in);
    put(nop_in, sizeof nop_in);
    (void)go(5);
    CU_ASSERT_TRUE(is_out(data_in, 56, data_in, 56, nop_in, 48));
    CU_ASSERT((last.flags & LQ_F_FORGED) != 0);
}

static void test_corrupt(void)
{
    uint8_t expected[56];
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_CORRUPT);
    pdu->field = field("data-in", "bufferoffset");
    put(data_in, sizeof data_in);
    (void)go(ROOM);
    memcpy(expected, data_in, 56);
    expected[43] = 1;
    CU_ASSERT_TRUE(is_out(expected, 56, NULL, 0, NULL, 0));
    pdu = begin(LQ_FAULT_PDU_CORRUPT);
    pdu->is_data = true;
    pdu->data_byte = 2;
    put(data_in, sizeof data_in);
    (void)go(ROOM);
    CU_ASSERT(memcmp(out, data_in, 50) == 0 && memcmp(out + 51, data_in + 51, 5) == 0);
    uint32_t flipped = out[50] ^ data_in[50];
    CU_ASSERT(flipped != 0 && (flipped & (flipped - 1)) == 0);
}

static void test_truncate(void)
{
    uint8_t expected[56];
    begin(LQ_FAULT_PDU_TRUNCATE)->bytes = 2;
    put_three(); /* two of them have no data to lose */
    (void)go(ROOM);
    memcpy(expected, data_in, 56);
    expected[7] = 2;
    expected[50] = expected[51] = 0; /* padding */
    CU_ASSERT_TRUE(is_out(response, 48, expected, 52, nop_in, 48));
    CU_ASSERT_EQUAL(rule.fired, 1);
}

static void test_replace(void)
{
    static const struct {
        enum lq_pdu_change change;
        uint32_t value;
        uint8_t statsn[4];
    } rows[] = {{LQ_PDU_SET_TO, 0x01020304, {1, 2, 3, 4}},
                {LQ_PDU_PLUS, 2, {0, 0, 0, 11}},
                {LQ_PDU_MINUS, 10, {0xff, 0xff, 0xff, 0xff}}};
    for (uint32_t i = 0; i < 3; i++) {
        struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_REPLACE);
        pdu->field = field("scsi-response", "statsn");
        pdu->change = rows[i].change;
        pdu->value = rows[i].value;
        put(response, sizeof response);
        (void)go(ROOM);
        uint8_t expected[48];
        memcpy(expected, response, 48);
        memcpy(expected + 24, rows[i].statsn, 4);
        CU_ASSERT_TRUE(is_out(expected, 48, NULL, 0, NULL, 0));
    }
    begin(LQ_FAULT_PDU_REPLACE)->field = field("scsi-response", "itt");
    rule.pdu.value = 0x77;
    put(response, sizeof response);
    (void)go(ROOM);
    CU_ASSERT(last.tag == 0x105 && last.stamp == 0x77);
}

static void test_inject(void)
{
    for (uint32_t before = 0; before < 2; before++) {
        struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_INJECT);
        pdu->kind = kind("scsi-response");
        pdu->before = before == 1;
        memcpy(pdu->raw, nop_in, sizeof nop_in);
        pdu->raw_bytes = sizeof nop_in;
        put(response, sizeof response);
        (void)go(ROOM);
        CU_ASSERT_TRUE(before == 1 ? is_out(nop_in, 48, response, 48, NULL, 0)
                                   : is_out(response, 48, nop_in, 48, NULL, 0));
    }
}

/* CHECK CONDITION with fixed format sense [RFC 7143 11.4.7, SPC-5 4.4.3]. */
static const uint8_t sense[20] = {0, 18, 0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11, 0x01};

static void test_answer(void)
{
    uint8_t expected[68];
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_ANSWER);
    pdu->status = 0x02;
    pdu->sense = 0x031101;
    put(nop_in, sizeof nop_in); /* has no status */
    put(response, sizeof response);
    (void)go(ROOM);
    memcpy(expected, response, 48);
    expected[3] = 0x02;
    expected[7] = 20;
    memcpy(expected + 48, sense, 20);
    CU_ASSERT_TRUE(is_out(nop_in, 48, expected, 68, NULL, 0));
}

/* A Data-In cannot carry BUSY [RFC 7143 11.7.3]: a SCSI Response does, with the numbers and the
 * residual; ExpDataSN counts the Data-In PDUs. */
static void test_answer_in_data(void)
{
    uint8_t stripped[56], answer[48] = {0x21, 0x82, 0, 0x08, [16] = 0, 0, 1, 6,
                                        [24] = 0, 0, 0, 10, [28] = 0, 0, 0, 6,
                                        [32] = 0, 0, 0, 0x25, [36] = 0, 0, 0, 4,
                                        [44] = 0, 0, 0, 2};
    begin(LQ_FAULT_PDU_ANSWER)->status = 0x08;
    put(data_in, sizeof data_in);
    (void)go(ROOM);
    memcpy(stripped, data_in, 56);
    stripped[1] = 0x80;
    stripped[27] = stripped[47] = 0;
    CU_ASSERT_TRUE(is_out(stripped, 56, answer, 48, NULL, 0));
}

static void test_ends(void)
{
    begin(LQ_FAULT_PDU_RESET)->kind = kind("data-in");
    put_three();
    CU_ASSERT_EQUAL(go(ROOM), LQ_CLOSE_RESET);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
    begin(LQ_FAULT_PDU_FIN)->kind = kind("data-in");
    put_three();
    CU_ASSERT_EQUAL(go(9), LQ_CLOSE_FIN);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
}

/* Full feature begins behind the Login Response that ends the login [RFC 7143 11.13.3]. */
static void test_state(void)
{
    static const uint8_t login[48] = {0x23, 0x87, [36] = 0};
    begin(LQ_FAULT_PDU_DROP)->state = LQ_PDU_FULL_FEATURE;
    put(response, sizeof response);
    put(login, sizeof login);
    put(nop_in, sizeof nop_in);
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(response, 48, login, 48, NULL, 0));
}

/* With no place left for a PDU no rule is asked; what is too long passes. */
static void test_no_room(void)
{
    static const uint8_t zeros[1024];
    uint8_t header[48] = {0x25, 0x80, 0, 0, 0, 0, 0x20, 0};
    begin(LQ_FAULT_PDU_HOLD);
    for (uint32_t i = 0; i < 6; i++)
        put(response, sizeof response);
    (void)go(ROOM);
    CU_ASSERT_EQUAL(rule.fired, 3);
    CU_ASSERT_EQUAL(out_bytes, 3 * 48);
    begin(LQ_FAULT_PDU_DROP);
    put(header, sizeof header);
    for (uint32_t i = 0; i < 8; i++)
        put(zeros, sizeof zeros);
    (void)go(500);
    CU_ASSERT_EQUAL(out_bytes, 48 + 8192);
    CU_ASSERT_EQUAL(rule.matched, 0);
}

/* --- without time --------------------------------------------------------------------------- */

static uint64_t digest_now(void)
{
    struct lq_digest digest;
    lq_digest_init(&digest, now);
    lq_filter_digest(filter, SLOT, &digest);
    return digest.hash;
}

/* A PDU that is held goes on when it is told to, whatever the time; one that is held until heal
 * never does. What is kept, and in which state, is in the digest; when it came is not. */
static void test_timeless(void)
{
    begin(LQ_FAULT_PDU_HOLD)->kind = kind("scsi-response");
    rule.by_ns = 50;
    lq_filter_set_timeless(filter, true);
    uint64_t empty = digest_now();
    put_three();
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(data_in, 56, nop_in, 48, NULL, 0));
    uint64_t kept = digest_now();
    CU_ASSERT_NOT_EQUAL(kept, empty);
    now += 1000;
    (void)go(ROOM);
    CU_ASSERT_EQUAL(out_bytes, 0);
    CU_ASSERT_EQUAL(lq_filter_deadline(filter), UINT64_MAX);
    CU_ASSERT_EQUAL(digest_now(), kept);
    CU_ASSERT_EQUAL(lq_filter_waiting(filter, SLOT, LQ_FROM_TARGET), 1);
    CU_ASSERT_EQUAL(lq_filter_waiting(filter, SLOT, LQ_TO_TARGET), 0);
    lq_filter_let_go(filter, SLOT, LQ_FROM_TARGET, 0);
    CU_ASSERT_EQUAL(lq_filter_waiting(filter, SLOT, LQ_FROM_TARGET), 0);
    uint64_t due = digest_now();
    CU_ASSERT(due != kept && due != empty);
    (void)go(ROOM);
    CU_ASSERT_TRUE(is_out(response, 48, NULL, 0, NULL, 0));
    CU_ASSERT_EQUAL(digest_now(), empty);
    rule.by_ns = 0;
    put(response, sizeof response);
    (void)go(ROOM);
    CU_ASSERT_EQUAL(lq_filter_waiting(filter, SLOT, LQ_FROM_TARGET), 0);
    uint64_t for_good = digest_now();
    CU_ASSERT(for_good != kept && for_good != due && for_good != empty);
}

int main(void)
{
    CU_TestInfo tests[] = {{"untouched", test_untouched},
                           {"armed midway", test_armed_midway},
                           {"disarmed midway", test_disarmed_midway},
                           {"promised", test_promised},
                           {"drop", test_drop},
                           {"delay", test_delay},
                           {"stall", test_stall},
                           {"hold", test_hold},
                           {"reorder", test_reorder},
                           {"duplicate", test_duplicate},
                           {"corrupt", test_corrupt},
                           {"truncate", test_truncate},
                           {"replace", test_replace},
                           {"inject", test_inject},
                           {"answer", test_answer},
                           {"answer in Data-In", test_answer_in_data},
                           {"ends", test_ends},
                           {"state", test_state},
                           {"no room", test_no_room},
                           {"without time", test_timeless},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"filter", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    int code = lq_unit_run(suites);
    free(memory);
    return code;
}
