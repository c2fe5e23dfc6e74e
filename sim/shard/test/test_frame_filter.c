/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame filter alone: frames written out by hand from FC-BB-5 and FCP-4 go in, what comes out
 * is compared byte by byte; CRCs are made here, bit by bit [FC-FS-3, CRC-32 of Ethernet].
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/choice.h"
#include "core/base/heap.h"
#include "core/base/test/unit.h"
#include "faults/rules.h"
#include "proto/fcoe/fields.h"
#include "sim/shard/frame_filter.h"

enum { LINK = 2, NUMBER = 7, HEAD = 28, HEADER = 24, PAYLOAD = HEAD + HEADER, MOST = 256 };

static void *memory;
static struct lq_frame_filter *filter;
static struct lq_faults faults;
static struct lq_history history;
static struct lq_event last;
static struct lq_choice_seeded seeded;
static struct lq_fault_rule rule;
static uint64_t now;
static uint8_t out[MOST];
static uint32_t out_bytes;

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

static uint32_t connection_of(void *context, uint32_t link)
{
    (void)context;
    return link == LINK ? NUMBER : 0;
}

/* A new filter, and the one rule of FAULT, armed. */
static struct lq_pdu_rule *begin(enum lq_fault fault)
{
    const struct lq_frame_filter_config config = {.parcels = 4, .connection_of = connection_of};
    struct lq_arena arena;
    now = 1000;
    memset(&last, 0, sizeof last);
    lq_choice_seeded_init(&seeded, 1);
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){.event = keep});
    lq_faults_init(&faults, &seeded.choice, &history, &now);
    faults.rules = &rules;
    rule = (struct lq_fault_rule){.fault = fault, .until_ns = UINT64_MAX, .is_armed = true};
    lq_arena_init_measuring(&arena);
    (void)lq_frame_filter_make(&arena, &config, &faults);
    free(memory);
    memory = aligned_alloc(64, (size_t)((arena.used_bytes + 63) / 64 * 64));
    lq_arena_init(&arena, memory, arena.used_bytes);
    filter = lq_frame_filter_make(&arena, &config, &faults);
    return &rule.pdu;
}

/* --- frames --------------------------------------------------------------------------------- */

static uint32_t crc_of(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0; i < size_bytes; i++) {
        crc ^= bytes[i];
        for (uint32_t bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
    }
    return ~crc;
}

/* An FC frame of R_CTL with OX_ID 1234h and these bytes as its payload, whole words; returns its
 * size. */
static uint32_t make(uint8_t *frame, uint8_t r_ctl, const uint8_t *payload, uint32_t size_bytes)
{
    static const uint8_t head[HEAD] = {0x0e, 0xfc, 0, 1, 0, 2, 0x02, 0x4c, 0x51, 2, 0, 1,
                                       0x89, 0x06, [27] = 0x36};
    static const uint8_t header[HEADER] = {0, 1, 0, 2, 0, 1, 0, 1, 0x08, 0x99, 0, 0, 1, 0, 0, 3,
                                           0x12, 0x34, 0x56, 0x78};
    memcpy(frame, head, HEAD);
    memcpy(frame + HEAD, header, HEADER);
    frame[HEAD] = r_ctl;
    memcpy(frame + PAYLOAD, payload, size_bytes);
    uint32_t crc = crc_of(frame + HEAD, HEADER + size_bytes);
    uint8_t *trailer = frame + PAYLOAD + size_bytes;
    memset(trailer, 0, 8);
    for (uint32_t i = 0; i < 4; i++)
        trailer[i] = (uint8_t)(crc >> (8 * i));
    trailer[4] = 0x42;
    return PAYLOAD + size_bytes + 8;
}

static bool next(void)
{
    enum lq_direction direction;
    struct lq_slice slice;
    if (!lq_frame_filter_next(filter, &direction, &slice))
        return false;
    CU_ASSERT_EQUAL(direction, LQ_FROM_TARGET);
    CU_ASSERT_FATAL(slice.size_bytes <= MOST);
    memcpy(out, slice.bytes, slice.size_bytes);
    out_bytes = slice.size_bytes;
    return true;
}

static bool gives(const uint8_t *frame, uint32_t size_bytes)
{
    return next() && out_bytes == size_bytes && memcmp(out, frame, size_bytes) == 0;
}

static void put(const uint8_t *frame, uint32_t size_bytes)
{
    lq_frame_filter_put(filter, LQ_FROM_TARGET, LINK, frame, size_bytes);
}

/* FCP_XFER_RDY: offset 512, 1,024 bytes [FCP-4 9.3]. */
static const uint8_t ready[12] = {0, 0, 2, 0, 0, 0, 4, 0};

static const struct lq_pdu_kind *kind_of(const char *name)
{
    return lq_pdu_kind_by_name(&lq_fcoe_pdu_table, name);
}

static struct lq_pdu_field field_of(const char *kind, const char *name)
{
    struct lq_pdu_field field = {0};
    CU_ASSERT_TRUE_FATAL(lq_pdu_field_by_name(&lq_fcoe_pdu_table, kind_of(kind), name, &field));
    return field;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void test_matching(void)
{
    uint8_t frame[MOST];
    uint32_t size = make(frame, 0x05, ready, sizeof ready);
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_DROP);
    pdu->kind = kind_of("fcp-xfer-rdy");
    pdu->tests[0] = (struct lq_pdu_test){field_of("fcp-xfer-rdy", "ox_id"), LQ_PDU_EQUAL,
                                         UINT64_MAX, 0x1234};
    pdu->tests[1] = (struct lq_pdu_test){field_of("fcp-xfer-rdy", "burstlength"), LQ_PDU_AT_LEAST,
                                         UINT64_MAX, 1024};
    pdu->tests[2] = (struct lq_pdu_test){field_of("fcp-xfer-rdy", "last-sequence"), LQ_PDU_EQUAL,
                                         UINT64_MAX, 1};
    pdu->tests[3] = (struct lq_pdu_test){field_of("fcp-xfer-rdy", "seq_cnt"), LQ_PDU_EQUAL,
                                         UINT64_MAX, 3};
    pdu->test_count = 4;
    put(frame, size);
    CU_ASSERT_FALSE(next());
    CU_ASSERT_EQUAL(last.connection, NUMBER);
    CU_ASSERT_EQUAL(last.tag, 0x1234);
    pdu->tests[3].value = 4;
    put(frame, size);
    CU_ASSERT_TRUE(gives(frame, size));
    pdu->tests[3].value = 3;
    size = make(frame, 0x01, ready, sizeof ready); /* FCP_DATA */
    put(frame, size);
    CU_ASSERT_TRUE(gives(frame, size));
}

static void test_kinds(void)
{
    static const struct {
        const char *kind;
        uint8_t r_ctl, type, first;
    } rows[] = {{"fcp-cmnd", 0x06, 0x08, 0}, {"abts", 0x81, 0x00, 0}, {"plogi", 0x22, 0x01, 0x03},
                {"logo", 0x22, 0x01, 0x05},  {"rec", 0x22, 0x01, 0x13}, {"rscn", 0x22, 0x01, 0x61},
                {"ls-rjt", 0x23, 0x01, 0x01}, {"srr", 0x32, 0x08, 0x14},
                {"ct-reply", 0x03, 0x20, 1}, {"fcp-conf", 0x03, 0x08, 0}};
    uint8_t frame[MOST], view[LQ_FCOE_VIEW_BYTES], payload[12] = {0};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        payload[0] = rows[i].first;
        uint32_t size = make(frame, rows[i].r_ctl, payload, sizeof payload);
        frame[HEAD + 8] = rows[i].type;
        CU_ASSERT_TRUE_FATAL(lq_fcoe_view(frame, size, view));
        CU_ASSERT_PTR_EQUAL(lq_pdu_kind_of(&lq_fcoe_pdu_table, view), kind_of(rows[i].kind));
    }
    /* FIP: version 1, Virtual Link control, Clear Virtual Links [FC-BB-5 7.8.7]. */
    const uint8_t clear[60] = {[12] = 0x89, 0x14, 0x10, 0, 0, 3, 0, 2, 0, 8, 0x80, 0};
    CU_ASSERT_TRUE_FATAL(lq_fcoe_view(clear, sizeof clear, view));
    CU_ASSERT_PTR_EQUAL(lq_pdu_kind_of(&lq_fcoe_pdu_table, view), kind_of("fip-clear-links"));
    const uint8_t other[60] = {[12] = 0x08, 0x00};
    CU_ASSERT_FALSE(lq_fcoe_view(other, sizeof other, view));
}

static void test_replace(void)
{
    uint8_t frame[MOST], wanted[MOST], other[12];
    uint32_t size = make(frame, 0x05, ready, sizeof ready);
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_REPLACE);
    pdu->field = field_of("fcp-xfer-rdy", "burstlength");
    pdu->change = LQ_PDU_MINUS;
    pdu->value = 512;
    memcpy(other, ready, sizeof other);
    other[6] = 2;
    put(frame, size);
    CU_ASSERT_TRUE(gives(wanted, make(wanted, 0x05, other, sizeof other)));
    CU_ASSERT((last.flags & LQ_F_FORGED) != 0);
}

static void test_corrupt(void)
{
    uint8_t frame[MOST];
    uint32_t size = make(frame, 0x05, ready, sizeof ready), differ = 0;
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_CORRUPT);
    pdu->is_crc = true;
    put(frame, size);
    CU_ASSERT_TRUE_FATAL(next() && out_bytes == size);
    for (uint32_t i = 0; i < size; i++)
        if (out[i] != frame[i]) {
            differ++;
            CU_ASSERT(i >= size - 8 && i < size - 4);
        }
    CU_ASSERT_EQUAL(differ, 1);
    pdu->is_crc = false;
    pdu->is_data = true;
    pdu->data_byte = 5;
    put(frame, size);
    CU_ASSERT_TRUE_FATAL(next() && out_bytes == size);
    CU_ASSERT(out[PAYLOAD + 5] != frame[PAYLOAD + 5]);
    CU_ASSERT_EQUAL(memcmp(out + size - 8, frame + size - 8, 8), 0);
}

static void test_truncate(void)
{
    uint8_t frame[MOST], wanted[MOST];
    const uint8_t left[8] = {0, 0, 2, 0, 0, 0}; /* 6 bytes and 2 to fill up */
    uint32_t size = make(frame, 0x01, ready, sizeof ready);
    begin(LQ_FAULT_PDU_TRUNCATE)->bytes = 6;
    put(frame, size);
    (void)make(wanted, 0x01, left, sizeof left);
    wanted[HEAD + 11] |= 2;
    uint32_t crc = crc_of(wanted + HEAD, HEADER + sizeof left);
    for (uint32_t i = 0; i < 4; i++)
        wanted[PAYLOAD + sizeof left + i] = (uint8_t)(crc >> (8 * i));
    CU_ASSERT_TRUE(gives(wanted, PAYLOAD + sizeof left + 8));
}

/* A frame of one's own: the header as written, in the envelope of the one that was struck. */
static void test_inject(void)
{
    uint8_t frame[MOST], wanted[MOST];
    uint32_t size = make(frame, 0x05, ready, sizeof ready);
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_INJECT);
    uint32_t wanted_bytes = make(wanted, 0x01, (const uint8_t *)"luna", 4);
    memcpy(pdu->raw, wanted + HEAD, HEADER + 4);
    pdu->raw_bytes = HEADER + 4;
    pdu->before = true;
    put(frame, size);
    CU_ASSERT_TRUE(gives(wanted, wanted_bytes));
    CU_ASSERT_TRUE(gives(frame, size));
    CU_ASSERT_FALSE(next());
}

/* FCP_RSP [FCP-4 9.5]: flags in byte 10, status in 11, lengths of sense and RSP info, sense. */
static void test_answer(void)
{
    static const uint8_t good[24] = {0};
    uint8_t frame[MOST], wanted[24 + 18] = {[10] = 0x02, [11] = 0x02, [19] = 18, [24] = 0x70,
                                            [26] = 0x03, [31] = 10, [36] = 0x11, [37] = 0x01};
    uint32_t size = make(frame, 0x07, good, sizeof good);
    struct lq_pdu_rule *pdu = begin(LQ_FAULT_PDU_ANSWER);
    pdu->status = 0x02;
    pdu->sense = 0x031101;
    put(frame, size);
    CU_ASSERT_TRUE_FATAL(next());
    CU_ASSERT_EQUAL(out_bytes, PAYLOAD + 44 + 8);
    CU_ASSERT_EQUAL(memcmp(out + PAYLOAD, wanted, sizeof wanted), 0);
    CU_ASSERT_EQUAL(out[HEAD + 11] & 3, 2);
    size = make(frame, 0x05, ready, sizeof ready); /* no answer: it passes */
    put(frame, size);
    CU_ASSERT_TRUE(gives(frame, size));
}

static void test_waiting(void)
{
    uint8_t a[MOST], b[MOST];
    uint32_t size = make(a, 0x05, ready, sizeof ready);
    (void)make(b, 0x01, ready, sizeof ready);
    (void)begin(LQ_FAULT_PDU_HOLD);
    rule.nth = 1;
    rule.by_ns = 50;
    put(a, size);
    put(b, size);
    CU_ASSERT_TRUE(gives(b, size));
    CU_ASSERT_FALSE(next());
    CU_ASSERT_EQUAL(lq_frame_filter_deadline(filter), 1050);
    now = 1050;
    CU_ASSERT_TRUE(gives(a, size));

    (void)begin(LQ_FAULT_PDU_DELAY);
    rule.nth = 1;
    rule.by_ns = 50;
    put(a, size);
    put(b, size);
    CU_ASSERT_FALSE(next());
    now = 1050;
    CU_ASSERT_TRUE(gives(a, size));
    CU_ASSERT_TRUE(gives(b, size));
    CU_ASSERT_EQUAL(lq_frame_filter_deadline(filter), LQ_NEVER);

    begin(LQ_FAULT_PDU_REORDER)->behind = 1;
    rule.nth = 1;
    put(a, size);
    CU_ASSERT_FALSE(next());
    put(b, size);
    CU_ASSERT_TRUE(gives(b, size));
    CU_ASSERT_TRUE(gives(a, size));

    (void)begin(LQ_FAULT_PDU_STALL);
    rule.nth = 1;
    put(a, size);
    put(b, size);
    CU_ASSERT_FALSE(next());
    rule.is_armed = false; /* disarmed: what it kept goes on */
    CU_ASSERT_TRUE(gives(a, size));
    CU_ASSERT_TRUE(gives(b, size));

    (void)begin(LQ_FAULT_PDU_DUPLICATE);
    put(a, size);
    CU_ASSERT_TRUE(gives(a, size));
    CU_ASSERT_TRUE(gives(a, size));
    CU_ASSERT_FALSE(next());
}

int main(void)
{
    CU_TestInfo tests[] = {{"matching", test_matching},   {"kinds", test_kinds},
                           {"replace", test_replace},     {"corrupt", test_corrupt},
                           {"truncate", test_truncate},   {"inject", test_inject},
                           {"answer", test_answer},       {"waiting", test_waiting},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"frame filter", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    int code = lq_unit_run(suites);
    free(memory);
    return code;
}
