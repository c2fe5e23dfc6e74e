/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shard's frame device from outside: an ENode and an initiator find the target through the fabric
 * and read from it; the fabric's faults; frames that make no sense.
 */
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/heap.h"
#include "proto/fc/initiator.h"
#include "proto/fcoe/enode.h"
#include "sim/shard/shard.h"

#define SECOND UINT64_C(1000000000)
#define ENODE_MAC UINT64_C(0x525400000001)

enum { MEMORY_BYTES = 64 << 20, FRAME_BYTES = LQ_FCOE_BYTES_MAX, NOISE = 20000 };

static _Alignas(64) uint8_t memory[MEMORY_BYTES];

static struct {
    struct lq_env env;
    struct lq_choice_seeded seeded;
    struct lq_history history;
    struct lq_shard *shard;
    struct lq_enode *enode;
    struct lq_fc_initiator *initiator;
    uint64_t frames_tapped[2], frames_moved[2];
    uint8_t last[FRAME_BYTES]; /* to the target */
    uint32_t last_bytes;
    uint32_t ups, downs, found, logged_in, done, changes;
    uint32_t target_id;
    struct lq_fc_initiator_event command;
    uint8_t in[256];
} rig;

static struct lq_input_result input(struct lq_input in)
{
    in.now_ns = rig.env.now_ns;
    return lq_shard_input(rig.shard, &in);
}

static void on_frame(void *context, const struct lq_tap *frame)
{
    (void)context;
    CU_ASSERT_EQUAL(frame->connection, LQ_SHARD_DEVICE);
    rig.frames_tapped[frame->direction]++;
}

static void carve(struct lq_arena *arena)
{
    static const char *const names[] = {"iqn.2026-11.example:t0"};
    static const struct lq_fc_port_config port = {.target_port = 9,
                                                  .port_name = UINT64_C(0x2000024c51000010),
                                                  .node_name = UINT64_C(0x1000024c51000010)};
    struct lq_shard_frames frames = {.fc = lq_fc_target_config_default,
                                     .station = lq_fcoe_station_config_default};
    frames.fc.port_count = 1;
    frames.fc.ports = &port;
    frames.station.mac = UINT64_C(0x024c51000001);
    frames.station.fcf.switch_name = UINT64_C(0x1000024c51000001);
    frames.station.fabric.fabric_name = UINT64_C(0x1000024c51000001);
    frames.station.fabric.port_name = UINT64_C(0x2001024c51000001);
    struct lq_shard_config shard = {.engine = lq_engine_config_default,
                                    .iscsi = lq_iscsi_config_default,
                                    .frames = &frames};
    shard.engine.limits = lq_limits_virtual;
    shard.iscsi.target_count = 1;
    shard.iscsi.target_names = names;
    shard.iscsi.offer.max_recv_data_segment_length = shard.engine.limits.segment_bytes_max;
    struct lq_enode_config enode = lq_enode_config_default;
    enode.mac = ENODE_MAC;
    enode.node_name = UINT64_C(0x1000525400000001);
    enode.port_names[0] = UINT64_C(0x2000525400000001);
    struct lq_fc_initiator_config initiator = lq_fc_initiator_config_default;
    initiator.port_name = enode.port_names[0];
    initiator.node_name = enode.node_name;
    rig.shard = lq_shard_make(arena, &shard, &rig.env);
    rig.enode = lq_enode_make(arena, &enode, &rig.env);
    rig.initiator = lq_fc_initiator_make(arena, &initiator, &rig.env);
}

static void make(void)
{
    struct lq_arena arena;
    memset(&rig, 0, sizeof rig);
    lq_history_init(&rig.history);
    lq_history_attach(&rig.history, (struct lq_history_sink){.frame = on_frame});
    lq_choice_seeded_init(&rig.seeded, 1);
    rig.env = (struct lq_env){
        .now_ns = SECOND, .choice = &rig.seeded.choice, .history = &rig.history};
    lq_arena_init_measuring(&arena);
    carve(&arena);
    CU_ASSERT_FATAL(arena.used_bytes <= sizeof memory);
    memset(memory, 0xa5, (size_t)arena.used_bytes);
    lq_arena_init(&arena, memory, sizeof memory);
    carve(&arena);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void to_shard(const struct lq_slice *slices, uint32_t count)
{
    rig.last_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (slices[i].size_bytes > 0)
            memcpy(rig.last + rig.last_bytes, slices[i].bytes, slices[i].size_bytes);
        rig.last_bytes += slices[i].size_bytes;
    }
    rig.frames_moved[LQ_TO_TARGET]++;
    input((struct lq_input){
        .kind = LQ_INPUT_FRAME, .bytes = rig.last, .size_bytes = rig.last_bytes});
}

static bool send_one(void)
{
    struct lq_slice slice = lq_enode_emit(rig.enode);
    struct lq_fc_frame frame;
    struct lq_fcoe_ends ends;
    if (slice.size_bytes > 0) {
        to_shard(&slice, 1);
        lq_enode_sent(rig.enode);
        return true;
    }
    if (!lq_fc_initiator_emit(rig.initiator, &frame))
        return false;
    if (lq_enode_encapsulate(rig.enode, 0, &frame, &ends)) {
        const struct lq_slice slices[] = {{ends.head, ends.head_bytes},
                                          {frame.payload, frame.payload_bytes},
                                          {ends.tail, ends.tail_bytes}};
        to_shard(slices, 3);
    }
    lq_fc_initiator_sent(rig.initiator);
    return true;
}

static bool receive_one(void)
{
    struct lq_slice slices[LQ_FCOE_FRAME_SLICES];
    uint8_t bytes[FRAME_BYTES];
    struct lq_fc_frame frame;
    uint32_t size_bytes = 0, count = lq_shard_emit_frame(rig.shard, slices);
    if (count == 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (slices[i].size_bytes > 0)
            memcpy(bytes + size_bytes, slices[i].bytes, slices[i].size_bytes);
        size_bytes += slices[i].size_bytes;
    }
    rig.frames_moved[LQ_FROM_TARGET]++;
    input((struct lq_input){.kind = LQ_INPUT_FRAME_SENT});
    if (lq_enode_feed(rig.enode, bytes, size_bytes, &frame) != LQ_ENODE_NO_PORT)
        lq_fc_initiator_feed(rig.initiator, &frame);
    return true;
}

static void take_link_events(void)
{
    struct lq_enode_event event;
    while (lq_enode_next(rig.enode, &event)) {
        if (event.kind == LQ_ENODE_UP) {
            rig.ups++;
            lq_fc_initiator_attach(rig.initiator, event.fc_id, event.data_bytes_max);
            CU_ASSERT_TRUE(lq_fc_initiator_discover(rig.initiator));
        } else if (event.kind == LQ_ENODE_DOWN) {
            rig.downs++;
            lq_fc_initiator_detach(rig.initiator);
        }
    }
}

static void take_events(void)
{
    struct lq_fc_initiator_event event;
    take_link_events();
    while (lq_fc_initiator_next(rig.initiator, &event)) {
        rig.logged_in += event.kind == LQ_FC_I_EVENT_LOGGED_IN;
        rig.changes += event.kind == LQ_FC_I_EVENT_STATE_CHANGED;
        CU_ASSERT_NOT_EQUAL(event.kind, LQ_FC_I_EVENT_PROTOCOL_ERROR);
        if (event.kind == LQ_FC_I_EVENT_PORT_FOUND) {
            rig.found++;
            rig.target_id = event.fc_id;
        } else if (event.kind == LQ_FC_I_EVENT_DISCOVERED) {
            const struct lq_fc_initiator_login login = {.fc_id = rig.target_id};
            CU_ASSERT_TRUE(lq_fc_initiator_login(rig.initiator, &login));
        } else if (event.kind == LQ_FC_I_EVENT_COMMAND_DONE) {
            rig.done++;
            rig.command = event;
        }
    }
}

static void carry(void)
{
    take_events();
    while (send_one() || receive_one())
        take_events();
}

static uint64_t deadline(void)
{
    uint64_t deadline_ns = lq_shard_deadline(rig.shard);
    if (lq_enode_deadline(rig.enode) < deadline_ns)
        deadline_ns = lq_enode_deadline(rig.enode);
    if (lq_fc_initiator_deadline(rig.initiator) < deadline_ns)
        deadline_ns = lq_fc_initiator_deadline(rig.initiator);
    return deadline_ns;
}

static void pass(uint64_t time_ns)
{
    uint64_t until_ns = rig.env.now_ns + time_ns;
    carry();
    while (deadline() <= until_ns) {
        if (deadline() > rig.env.now_ns)
            rig.env.now_ns = deadline();
        if (lq_shard_deadline(rig.shard) <= rig.env.now_ns)
            input((struct lq_input){.kind = LQ_INPUT_EXPIRE});
        if (lq_enode_deadline(rig.enode) <= rig.env.now_ns)
            lq_enode_expire(rig.enode);
        if (lq_fc_initiator_deadline(rig.initiator) <= rig.env.now_ns)
            lq_fc_initiator_expire(rig.initiator);
        carry();
    }
    rig.env.now_ns = until_ns;
}

static void set_link(bool is_up)
{
    input((struct lq_input){.kind = LQ_INPUT_LINK, .code = is_up});
    lq_enode_link(rig.enode, is_up);
}

/* REPORT LUNS [SPC-5 6.33]: a target has it even without a unit. */
static void expect_answer(uint64_t id)
{
    static const uint8_t cdb[16] = {0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    const struct lq_fc_initiator_command command = {.id = id,
                                                    .cdb = cdb,
                                                    .cdb_bytes = sizeof cdb,
                                                    .read = true,
                                                    .expected_in_bytes = sizeof rig.in,
                                                    .in = rig.in,
                                                    .in_bytes = sizeof rig.in};
    uint32_t before = rig.done;
    CU_ASSERT_TRUE(lq_fc_initiator_command(rig.initiator, &command));
    pass(SECOND);
    if (rig.done == before + 1 && rig.command.status == LQ_CHECK_CONDITION) { /* a unit attention */
        CU_ASSERT_EQUAL(rig.command.sense[2] & 0x0f, 0x06);
        CU_ASSERT_TRUE(lq_fc_initiator_command(rig.initiator, &command));
        pass(SECOND);
        before++;
    }
    CU_ASSERT_EQUAL(rig.done, before + 1);
    CU_ASSERT_EQUAL(rig.command.id, id);
    CU_ASSERT_EQUAL(rig.command.status, LQ_GOOD);
    CU_ASSERT(rig.command.in_bytes >= 8);
}

static void bring_up(void)
{
    make();
    set_link(true);
    pass(3 * SECOND);
    CU_ASSERT_EQUAL(rig.ups, 1);
    CU_ASSERT_EQUAL(rig.found, 1);
    CU_ASSERT_EQUAL(rig.target_id, 0x010001);
    CU_ASSERT_EQUAL_FATAL(rig.logged_in, 1);
}

static void test_a_command(void)
{
    bring_up();
    expect_answer(1);
    CU_ASSERT_EQUAL(rig.frames_tapped[LQ_TO_TARGET], rig.frames_moved[LQ_TO_TARGET]);
    CU_ASSERT_EQUAL(rig.frames_tapped[LQ_FROM_TARGET], rig.frames_moved[LQ_FROM_TARGET]);
    CU_ASSERT(rig.frames_moved[LQ_FROM_TARGET] > 10);
}

static void test_faults(void)
{
    bring_up();
    input((struct lq_input){.kind = LQ_INPUT_FABRIC, .code = LQ_FCOE_NOTIFY, .number = 0x010001});
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.changes, 1);
    expect_answer(2);
    input((struct lq_input){.kind = LQ_INPUT_FABRIC, .code = LQ_FCOE_CLEAR});
    pass(5 * SECOND);
    CU_ASSERT_EQUAL(rig.downs, 1);
    CU_ASSERT_EQUAL(rig.ups, 2);
    CU_ASSERT_EQUAL(rig.logged_in, 2);
    expect_answer(3);
    set_link(false);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.downs, 2);
    set_link(true);
    pass(5 * SECOND);
    CU_ASSERT_EQUAL(rig.logged_in, 3);
    expect_answer(4);
}

/* --- nonsense -------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t i, uint64_t what, uint64_t n)
{
    return lq_mix(lq_mix(7, i), what) % n;
}

/* Random bytes; every other one with the addresses and the type of a good frame. */
static void random_frame(uint64_t i, uint8_t *bytes, uint32_t *size_bytes)
{
    *size_bytes = (uint32_t)draw(i, 1, FRAME_BYTES) + 1;
    for (uint32_t k = 0; k < *size_bytes; k++)
        bytes[k] = (uint8_t)draw(i, 100 + k, 256);
    if (*size_bytes > 16 && i % 2 == 0) {
        memcpy(bytes, rig.last, 12);
        bytes[12] = 0x89;
        bytes[13] = i % 4 == 0 ? 0x06 : 0x14;
        bytes[14] = i % 4 == 0 ? 0x00 : 0x10;
    }
}

/* The last good frame, cut, or with some bytes changed; of some the CRC is put right again. */
static void spoiled_frame(uint64_t i, const uint8_t *good, uint32_t good_bytes, uint8_t *bytes,
                          uint32_t *size_bytes)
{
    *size_bytes = draw(i, 2, 4) == 0 ? (uint32_t)draw(i, 3, good_bytes) + 1 : good_bytes;
    memcpy(bytes, good, *size_bytes);
    uint32_t changes = (uint32_t)draw(i, 4, 4) + 1;
    for (uint32_t k = 0; k < changes; k++)
        bytes[draw(i, 5 + k, *size_bytes)] = (uint8_t)draw(i, 20 + k, 256);
    if (*size_bytes < 60 || draw(i, 30, 2) == 0)
        return;
    uint32_t crc = lq_fc_crc32(0, bytes + 28, *size_bytes - 36);
    for (uint32_t k = 0; k < 4; k++)
        bytes[*size_bytes - 8 + k] = (uint8_t)(crc >> (8 * k));
}

static void drain(void)
{
    struct lq_slice slices[LQ_FCOE_FRAME_SLICES];
    while (lq_shard_emit_frame(rig.shard, slices) > 0)
        input((struct lq_input){.kind = LQ_INPUT_FRAME_SENT});
}

static void test_noise(void)
{
    static uint8_t bytes[FRAME_BYTES + 1], good[FRAME_BYTES];
    uint32_t size_bytes, good_bytes;
    bring_up();
    expect_answer(5);
    memcpy(good, rig.last, rig.last_bytes);
    good_bytes = rig.last_bytes;
    for (uint64_t i = 0; i < NOISE; i++) {
        if (i % 3 == 0)
            random_frame(i, bytes, &size_bytes);
        else
            spoiled_frame(i, good, good_bytes, bytes, &size_bytes);
        input((struct lq_input){
            .kind = LQ_INPUT_FRAME, .bytes = bytes, .size_bytes = size_bytes});
        drain();
    }
    struct lq_fcoe_station_counts counts = lq_fcoe_station_counts(lq_shard_station(rig.shard));
    CU_ASSERT(counts.malformed > 100 && counts.crc_errors > 100 && counts.not_for_us > 100);
    set_link(false); /* whatever somebody said in our name is over with the link */
    set_link(true);
    pass(10 * SECOND);
    expect_answer(6);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a command", test_a_command},
        {"faults of the fabric", test_faults},
        {"noise", test_noise},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"shard: frames", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
