/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data end to end: what one endpoint writes through a whole shard is what the store holds and what
 * is read back, under every way in which iSCSI can move it.
 */
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/hash.h"
#include "sim/shard/test/wire.h"

static uint8_t pattern[WIRE_DATA];

static void fill_pattern(uint64_t seed)
{
    for (uint32_t i = 0; i < WIRE_DATA; i++)
        pattern[i] = (uint8_t)(lq_mix(seed, i / 8) >> (i % 8 * 8));
}

static void nothing_went_wrong(struct wire *wire)
{
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        CU_ASSERT_EQUAL(wire->peers[i].protocol_errors, 0);
    struct lq_engine_counts counts = lq_engine_counts(lq_shard_engine(wire->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(wire->shard));
    CU_ASSERT_EQUAL(counts.tasks, counts.tasks_free);
    CU_ASSERT_EQUAL(iscsi.commands, iscsi.commands_free);
    CU_ASSERT_EQUAL(counts.orphans, 0);
    CU_ASSERT_TRUE(wire_taps_agree(wire));
    CU_ASSERT_EQUAL(iscsi.rejects, 0);
    CU_ASSERT_EQUAL(iscsi.ignored_out_of_window, 0);
}

/* Data-Out PDUs without R2T that stop short of FirstBurstLength although the command has more: an
 * error for the target to report [RFC 7143 11.4.7.2]. */
static bool is_too_short(struct wire *wire, uint32_t size,
                         const struct lq_iscsi_initiator_command *like)
{
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(wire->peers[0].ini);
    uint32_t first = state.params.first_burst_length;
    uint32_t immediate = state.params.immediate_data ? like->immediate_bytes : 0;
    if (immediate > state.target_max_recv_data_segment_length)
        immediate = state.target_max_recv_data_segment_length;
    if (immediate > first)
        immediate = first;
    return !state.params.initial_r2t && like->unsolicited_bytes > 0 && immediate < first &&
           size > first && like->unsolicited_bytes < first - immediate;
}

static void write_too_short(struct wire *wire, struct lq_iscsi_initiator_command write)
{
    uint32_t submitted = wire->stores[0].submitted;
    const struct lq_iscsi_initiator_event *done = wire_run(wire, 0, write);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_CHECK_CONDITION);
    CU_ASSERT_EQUAL(wire_sense(done), 0x0b0c0d);
    CU_ASSERT_EQUAL(wire->stores[0].submitted, submitted);
}

/* Writes NBLOCKS at LBA as LIKE says, then looks into the store and reads back. */
static void write_and_read(struct wire *wire, uint32_t lba, uint32_t nblocks,
                           const struct lq_iscsi_initiator_command *like)
{
    uint32_t size = nblocks * WIRE_BLOCK_BYTES;
    struct wire_store *store = &wire->stores[0];
    uint8_t before = store->blocks[(lba + nblocks) * WIRE_BLOCK_BYTES];
    fill_pattern(lq_mix(lba, nblocks));
    struct lq_iscsi_initiator_command write = wire_write(0, lba, nblocks, pattern);
    write.immediate_bytes = like->immediate_bytes;
    write.unsolicited_bytes = like->unsolicited_bytes;
    write.segment_bytes = like->segment_bytes;
    if (is_too_short(wire, size, like)) {
        write_too_short(wire, write);
        return;
    }
    const struct lq_iscsi_initiator_event *done = wire_run(wire, 0, write);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_GOOD);
    CU_ASSERT_FALSE(done->overflow || done->underflow);
    CU_ASSERT_EQUAL(done->out_bytes, size);
    CU_ASSERT_EQUAL(memcmp(store->blocks + lba * WIRE_BLOCK_BYTES, pattern, size), 0);
    CU_ASSERT_EQUAL(store->blocks[(lba + nblocks) * WIRE_BLOCK_BYTES], before);

    memset(wire->peers[0].in, 0xee, WIRE_DATA);
    done = wire_run(wire, 0, wire_read(wire, 0, 0, lba, nblocks));
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_GOOD);
    CU_ASSERT_EQUAL(done->in_bytes, size);
    CU_ASSERT_FALSE(done->overflow || done->underflow);
    CU_ASSERT_EQUAL(memcmp(wire->peers[0].in, pattern, size), 0);
}

/* --- every parameter ---------------------------------------------------------------------- */

struct parameters {
    uint32_t segment_target, segment_initiator, max_burst, first_burst;
    uint16_t outstanding_r2t;
    bool initial_r2t, immediate_data;
};

static struct wire *wire_with(const struct parameters *p, uint32_t segment_bytes)
{
    struct wire_config config = wire_config_default;
    config.target_offer.max_recv_data_segment_length = p->segment_target;
    struct wire *wire = wire_make(&config);
    wire->segment_bytes = segment_bytes;
    struct lq_iscsi_initiator_offer offer = lq_iscsi_initiator_offer_default;
    offer.max_recv_data_segment_length = p->segment_initiator;
    offer.max_burst_length = p->max_burst;
    offer.first_burst_length = p->first_burst;
    offer.max_outstanding_r2t = p->outstanding_r2t;
    offer.initial_r2t = p->initial_r2t;
    offer.immediate_data = p->immediate_data;
    CU_ASSERT_TRUE_FATAL(wire_login(wire, 0, &offer));
    (void)wire_clear_attentions(wire, 0, 0);
    return wire;
}

static const struct parameters table[] = {
    {8192, 8192, 65536, 65536, 1, true, true},
    {8192, 8192, 65536, 65536, 1, false, true},
    {8192, 8192, 65536, 65536, 1, true, false},
    {8192, 8192, 65536, 65536, 1, false, false},
    {512, 512, 512, 512, 1, false, true},
    {512, 512, 512, 512, 4, false, false},
    {1024, 4096, 3000, 1500, 3, false, true},
    {1500, 777, 5001, 2003, 2, false, true},
    {1500, 777, 5001, 2003, 2, true, true},
    {16384, 65536, 16384, 4096, 4, false, true},
    {16384, 16777215, 65536, 512, 4, true, true},
    {4096, 100000, 16777215, 16777215, 8, false, true},
    {16384, 513, 2049, 2049, 4, false, false},
};

enum { TABLE = sizeof table / sizeof table[0] };

static const struct lq_iscsi_initiator_command ways[] = {
    {.immediate_bytes = LQ_ISCSI_I_ALL, .unsolicited_bytes = LQ_ISCSI_I_ALL},
    {.immediate_bytes = 0, .unsolicited_bytes = LQ_ISCSI_I_ALL},
    {.immediate_bytes = LQ_ISCSI_I_ALL, .unsolicited_bytes = 0},
    {.immediate_bytes = 0, .unsolicited_bytes = 0},
    {.immediate_bytes = 1, .unsolicited_bytes = 3, .segment_bytes = 700},
    {.immediate_bytes = 700, .unsolicited_bytes = 1000, .segment_bytes = 333},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static void test_every_way_at_every_parameter(void)
{
    static const uint32_t sizes[] = {1, 2, 7, 16, 33, 128};
    for (size_t row = 0; row < TABLE; row++) {
        struct wire *wire = wire_with(&table[row], 0);
        wire->into_place = row % 2 == 0;
        for (size_t way = 0; way < WAYS; way++)
            for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++)
                write_and_read(wire, (uint32_t)(way * 160 + size), sizes[size], &ways[way]);
        nothing_went_wrong(wire);
    }
}

static void test_every_segmentation(void)
{
    static const uint32_t segments[] = {1, 2, 3, 47, 48, 49, 100, 511, 1460, 4097};
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
        for (size_t row = 0; row < TABLE; row += 3) {
            struct wire *wire = wire_with(&table[row], segments[i]);
            wire->into_place = i % 2 == 0;
            for (size_t way = 0; way < WAYS; way += 2)
                write_and_read(wire, (uint32_t)(way * 40), segments[i] < 40 ? 9 : 31, &ways[way]);
            nothing_went_wrong(wire);
        }
    }
}

/* --- many commands at once ---------------------------------------------------------------- */

static void test_many_commands_at_once(void)
{
    enum { COMMANDS = 30, BLOCKS = 4, ROUNDS = 6 };
    static uint8_t out[COMMANDS][BLOCKS * WIRE_BLOCK_BYTES];
    static uint8_t in[COMMANDS][BLOCKS * WIRE_BLOCK_BYTES];
    for (size_t row = 0; row < TABLE; row++) {
        struct wire *wire = wire_with(&table[row], 611);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            uint64_t ids[COMMANDS];
            for (uint32_t i = 0; i < COMMANDS; i++) {
                memset(out[i], (int)(round * COMMANDS + i), sizeof out[i]);
                struct lq_iscsi_initiator_command write = wire_write(0, i * BLOCKS, BLOCKS, out[i]);
                write.immediate_bytes = i % 3 == 0 ? 0 : LQ_ISCSI_I_ALL;
                write.unsolicited_bytes = i % 4 == 0 ? 0 : LQ_ISCSI_I_ALL;
                write.attribute = i % 7 == 0 ? LQ_ORDERED : LQ_SIMPLE;
                ids[i] = wire_start(wire, 0, write);
            }
            wire_pump(wire);
            for (uint32_t i = 0; i < COMMANDS; i++) {
                const struct lq_iscsi_initiator_event *done = wire_find(
                    wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, ids[i]);
                CU_ASSERT_PTR_NOT_NULL_FATAL(done);
                CU_ASSERT_EQUAL(done->status, LQ_GOOD);
            }
            wire->peers[0].log_count = 0;
            for (uint32_t i = 0; i < COMMANDS; i++) {
                struct lq_iscsi_initiator_command read = wire_read(wire, 0, 0, i * BLOCKS, BLOCKS);
                read.in = in[i];
                read.in_bytes = sizeof in[i];
                ids[i] = wire_start(wire, 0, read);
            }
            wire_pump(wire);
            wire->peers[0].log_count = 0;
            CU_ASSERT_EQUAL(memcmp(in, out, sizeof in), 0);
        }
        nothing_went_wrong(wire);
    }
}

/* --- lengths that do not fit -------------------------------------------------------------- */

static void test_residuals(void)
{
    struct wire *wire = wire_with(&table[1], 0);
    fill_pattern(3);
    struct lq_iscsi_initiator_command read = wire_read(wire, 0, 0, 0, 2);
    read.expected_in_bytes = 2048; /* more than the CDB's 1024 */
    const struct lq_iscsi_initiator_event *done = wire_run(wire, 0, read);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_GOOD);
    CU_ASSERT_TRUE(done->underflow && done->residual == 1024 && done->in_bytes == 1024);

    read = wire_read(wire, 0, 0, 0, 4);
    read.expected_in_bytes = 512;
    done = wire_run(wire, 0, read);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_TRUE(done->overflow && done->residual == 1536 && done->in_bytes == 512);

    struct lq_iscsi_initiator_command write = wire_write(0, 0, 2, pattern);
    write.expected_out_bytes = 4096;
    write.out_bytes = 4096;
    done = wire_run(wire, 0, write);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_TRUE(done->underflow && done->residual == 4096 - 1024);

    /* Direction contradicts the CDB: an answer, no harm, and the session goes on. */
    write = wire_write(0, 8, 2, pattern);
    write.write = false;
    write.read = true;
    write.expected_in_bytes = 1024;
    done = wire_run(wire, 0, write);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_NOT_EQUAL(done->status, LQ_GOOD);
    read = wire_read(wire, 0, 0, 8, 2);
    read.read = false;
    read.write = true;
    read.expected_out_bytes = 1024;
    read.out = pattern;
    read.out_bytes = 1024;
    done = wire_run(wire, 0, read);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_GOOD); /* it moved nothing, and the residual says so */
    CU_ASSERT_EQUAL(done->residual, 1024);
    done = wire_run(wire, 0, wire_test_unit_ready(0));
    CU_ASSERT_TRUE(done != NULL && done->status == LQ_GOOD);
    nothing_went_wrong(wire);
}

/* --- data that comes late ----------------------------------------------------------------- */

static void test_held_data_comes_when_it_is_released(void)
{
    struct wire *wire = wire_with(&table[0], 0);
    fill_pattern(9);
    struct lq_iscsi_initiator_command write = wire_write(0, 0, 32, pattern);
    write.immediate_bytes = 512;
    write.hold_data_out = true;
    uint64_t id = wire_start(wire, 0, write);
    wire_pump(wire);
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_R2T, id));
    CU_ASSERT_PTR_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, id));
    lq_iscsi_initiator_release_data(wire->peers[0].ini, id);
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *done = wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE,
                                                            id);
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    CU_ASSERT_EQUAL(done->status, LQ_GOOD);
    CU_ASSERT_EQUAL(memcmp(wire->stores[0].blocks, pattern, 32 * WIRE_BLOCK_BYTES), 0);
    nothing_went_wrong(wire);
}

static void test_the_answer_waits_for_who_does_not_read(void)
{
    struct wire *wire = wire_with(&table[1], 0);
    fill_pattern(4);
    write_and_read(wire, 0, 64, &ways[0]);
    wire->peers[0].frozen = true;
    uint64_t id = wire_start(wire, 0, wire_read(wire, 0, 0, 0, 64));
    wire_pump(wire);
    CU_ASSERT_PTR_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, id));
    memset(wire->peers[0].in, 0, WIRE_DATA);
    wire->peers[0].frozen = false;
    wire->segment_bytes = 333;
    wire_pump(wire);
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, id));
    CU_ASSERT_EQUAL(memcmp(wire->peers[0].in, wire->stores[0].blocks, 64 * WIRE_BLOCK_BYTES), 0);
    nothing_went_wrong(wire);
}

int main(void)
{
    CU_TestInfo data[] = {
        {"every way at every parameter", test_every_way_at_every_parameter},
        {"every segmentation", test_every_segmentation},
        {"many commands at once", test_many_commands_at_once},
        {"residuals", test_residuals},
        {"held data comes when it is released", test_held_data_comes_when_it_is_released},
        {"the answer waits for who does not read", test_the_answer_waits_for_who_does_not_read},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"data end to end", NULL, NULL, NULL, NULL, data},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
