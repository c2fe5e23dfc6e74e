/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both endpoints against each other over a link that loses, swaps and repeats frames: what the
 * initiator is told of a command is what has happened to the medium.
 */
#include "proto/fc/test/target_bench.h"

#include "proto/fc/initiator.h"

enum { EVENTS = 256, WIRE = 512 };

static struct lq_fc_initiator *ini;
static struct lq_fc_initiator_event events[EVENTS]; /* since the last look */
static uint32_t event_count;

/* The link: frames on their way, in order; whom it harms. */
static struct {
    bool to_target;
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
} wire[WIRE];

static uint32_t wire_count;
static uint32_t frames;       /* that have passed, lost ones included */
static uint32_t lose_from, lose_count; /* frames of these numbers are lost */
static uint32_t lose_odds;    /* one in so many; 0: none */
static bool swaps;            /* neighbours change places at random */
static uint64_t random_state;

static uint32_t draw(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % n;
}

static void put_on_wire(const struct lq_fc_frame *frame, bool to_target)
{
    uint32_t number = frames++;
    if ((number >= lose_from && number - lose_from < lose_count) ||
        (lose_odds != 0 && draw(lose_odds) == 0))
        return;
    CU_ASSERT_FATAL(wire_count < WIRE);
    uint32_t at = wire_count++;
    if (swaps && at > 0 && draw(4) == 0) { /* overtakes the last one */
        wire[at] = wire[at - 1];
        wire[at].frame.payload = wire[at].payload;
        at--;
    }
    wire[at].to_target = to_target;
    wire[at].frame = *frame;
    memcpy(wire[at].payload, frame->payload, frame->payload_bytes);
    wire[at].frame.payload = wire[at].payload;
}

static bool emit_both(void)
{
    struct lq_fc_frame frame;
    uint32_t port, before = frames;
    turn();
    while (wire_count < 64 && lq_fc_target_emit(target, &port, &frame)) {
        put_on_wire(&frame, false);
        lq_fc_target_sent(target);
    }
    while (wire_count < 64 && lq_fc_initiator_emit(ini, &frame)) {
        put_on_wire(&frame, true);
        lq_fc_initiator_sent(ini);
    }
    return frames != before;
}

static void take_events(void)
{
    while (event_count < EVENTS && lq_fc_initiator_next(ini, &events[event_count]))
        event_count++;
}

static void deliver_first(void)
{
    if (wire[0].to_target)
        lq_fc_target_feed(target, 0, &wire[0].frame);
    else
        lq_fc_initiator_feed(ini, &wire[0].frame);
    wire_count--;
    for (uint32_t i = 0; i < wire_count; i++) {
        wire[i] = wire[i + 1];
        wire[i].frame.payload = wire[i].payload;
    }
}

/* Until nothing is on its way. */
static void run(void)
{
    while (emit_both() || wire_count > 0) {
        if (wire_count > 0)
            deliver_first();
        take_events();
    }
    take_events();
}

static uint64_t next_deadline(void)
{
    uint64_t a = lq_fc_target_deadline(target), b = lq_fc_initiator_deadline(ini);
    uint64_t c = lq_engine_deadline(engine);
    a = b < a ? b : a;
    return c < a ? c : a;
}

/* And time passes, for NS at most. */
static void run_for(uint64_t ns)
{
    uint64_t end = env.now_ns + ns;
    for (;;) {
        run();
        uint64_t at = next_deadline();
        if (at > end)
            break;
        env.now_ns = at > env.now_ns ? at : env.now_ns;
        lq_engine_expire(engine);
        lq_fc_target_expire(target);
        lq_fc_initiator_expire(ini);
    }
    env.now_ns = end;
}

static const struct lq_fc_initiator_event *told(enum lq_fc_initiator_event_kind kind, uint64_t id)
{
    for (uint32_t i = 0; i < event_count; i++)
        if (events[i].kind == kind && (id == 0 || events[i].id == id))
            return &events[i];
    return NULL;
}

static void make(const struct lq_fc_target_config *changes)
{
    static _Alignas(64) uint8_t room[4 << 20];
    struct lq_fc_initiator_config config = lq_fc_initiator_config_default;
    struct lq_arena arena;
    make_target(changes);
    config.port_name = OUR_NAME;
    config.node_name = OUR_NAME + 1;
    config.first_ox_id = 0xfff0; /* near its wrap */
    config.task_retry_id = true;
    lq_arena_init_measuring(&arena);
    CU_ASSERT_PTR_NULL(lq_fc_initiator_make(&arena, &config, &env));
    CU_ASSERT_FATAL(arena.used_bytes <= sizeof room);
    lq_arena_init(&arena, room, sizeof room);
    ini = lq_fc_initiator_make(&arena, &config, &env);
    wire_count = frames = lose_count = lose_odds = event_count = 0;
    swaps = false;
    random_state = 1;
    lq_fc_initiator_attach(ini, OUR_ID, 2112);
}

static void test_unit(uint64_t id)
{
    static const uint8_t cdb[6] = {0};
    struct lq_fc_initiator_command command = {.id = id, .cdb = cdb, .cdb_bytes = 6};
    CU_ASSERT_TRUE(lq_fc_initiator_command(ini, &command));
}

static void enter(void)
{
    struct lq_fc_initiator_login login = {.fc_id = TARGET_ID, .port_name = TARGET_NAME};
    CU_ASSERT_TRUE(lq_fc_initiator_login(ini, &login));
    CU_ASSERT_FALSE(lq_fc_initiator_login(ini, &login));
    run();
    const struct lq_fc_initiator_event *in = told(LQ_FC_I_EVENT_LOGGED_IN, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    CU_ASSERT(in->fc_id == TARGET_ID && in->port_name == TARGET_NAME);
    CU_ASSERT_EQUAL(in->code & 0x392, 0x392);
    for (uint64_t id = 900; id < 905; id++) {
        test_unit(id);
        run();
        CU_ASSERT_PTR_NOT_NULL_FATAL(told(LQ_FC_I_EVENT_COMMAND_DONE, id));
        if (told(LQ_FC_I_EVENT_COMMAND_DONE, id)->status == 0)
            break;
    }
    event_count = 0;
}

static uint8_t out_data[64 * 512], in_data[64 * 512];

static bool start(uint64_t id, bool write, uint32_t lba, uint16_t blocks, bool hold)
{
    uint8_t cdb[10] = {write ? 0x2a : 0x28};
    put(cdb + 2, lba, 4);
    put(cdb + 7, blocks, 2);
    struct lq_fc_initiator_command command = {.id = id,
                                              .cdb = cdb,
                                              .cdb_bytes = 10,
                                              .read = !write,
                                              .write = write,
                                              .expected_in_bytes = write ? 0 : blocks * 512U,
                                              .expected_out_bytes = write ? blocks * 512U : 0,
                                              .out = out_data,
                                              .out_bytes = sizeof out_data,
                                              .in = in_data,
                                              .in_bytes = sizeof in_data,
                                              .hold_data_out = hold};
    return lq_fc_initiator_command(ini, &command);
}

static bool is_good(uint64_t id)
{
    const struct lq_fc_initiator_event *done = told(LQ_FC_I_EVENT_COMMAND_DONE, id);
    return done != NULL && done->status == 0 && done->rsp_code == 0 && done->residual == 0;
}

static void fill(uint8_t seed)
{
    for (uint32_t i = 0; i < sizeof out_data; i++)
        out_data[i] = (uint8_t)(i / 512 * 3 + i * 7 + seed);
}

static struct lq_fc_target_config small_bursts(void)
{
    struct lq_fc_target_config config = lq_fc_target_config_default;
    config.burst_bytes_max = 5000;
    return config;
}

static void test_life(void)
{
    struct lq_fc_target_config config = small_bursts();
    make(&config);
    CU_ASSERT_FALSE(start(1, false, 0, 1, false)); /* not logged in */
    enter();
    fill(1);
    CU_ASSERT_TRUE(start(1, true, 7, 40, false));
    CU_ASSERT_FALSE(start(1, true, 7, 40, false)); /* the id is known */
    CU_ASSERT_EQUAL(lq_fc_initiator_look(ini, 1).place, LQ_FC_I_QUEUED);
    run();
    CU_ASSERT_TRUE(is_good(1));
    CU_ASSERT_EQUAL(told(LQ_FC_I_EVENT_COMMAND_DONE, 1)->out_bytes, 40 * 512);
    CU_ASSERT_EQUAL(memcmp(ram.blocks + 7 * 512, out_data, 40 * 512), 0);
    uint32_t bursts = 0;
    for (uint32_t i = 0; i < event_count; i++)
        bursts += events[i].kind == LQ_FC_I_EVENT_XFER_RDY ? 1 : 0;
    CU_ASSERT_EQUAL(bursts, 5);
    CU_ASSERT_TRUE(start(2, false, 7, 40, false));
    CU_ASSERT_TRUE(lq_fc_initiator_echo(ini, 3, (const uint8_t *)"lunquake", 8));
    run();
    CU_ASSERT_TRUE(is_good(2));
    CU_ASSERT_EQUAL(told(LQ_FC_I_EVENT_COMMAND_DONE, 2)->in_bytes, 40 * 512);
    CU_ASSERT_EQUAL(memcmp(in_data, out_data, 40 * 512), 0);
    CU_ASSERT(told(LQ_FC_I_EVENT_ECHO_DONE, 3) != NULL &&
              told(LQ_FC_I_EVENT_ECHO_DONE, 3)->code == 0);
    CU_ASSERT_PTR_NULL(told(LQ_FC_I_EVENT_PROTOCOL_ERROR, 0));
    CU_ASSERT_TRUE(lq_fc_initiator_logout(ini, 4, false));
    run();
    CU_ASSERT_PTR_NOT_NULL(told(LQ_FC_I_EVENT_LOGOUT_DONE, 4));
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
    event_count = 0;
    enter();
    lq_fc_target_shutdown(target);
    run();
    CU_ASSERT(told(LQ_FC_I_EVENT_LOGGED_OUT, 0) != NULL &&
              told(LQ_FC_I_EVENT_LOGGED_OUT, 0)->code == 0x05);
}

static void test_aborts(void)
{
    make(NULL);
    enter();
    fill(2);
    ram.holds = true;
    CU_ASSERT_TRUE(start(1, true, 3, 2, false));
    run();
    CU_ASSERT_TRUE(lq_fc_initiator_abort(ini, 10, 1));
    CU_ASSERT_FALSE(lq_fc_initiator_abort(ini, 11, 1));
    run();
    CU_ASSERT_PTR_NULL(told(LQ_FC_I_EVENT_ABORT_DONE, 10)); /* it is in the store */
    CU_ASSERT_EQUAL(lq_fc_initiator_look(ini, 1).place, LQ_FC_I_ABORTING);
    ram.holds = false;
    run();
    CU_ASSERT(told(LQ_FC_I_EVENT_ABORT_DONE, 10) != NULL &&
              told(LQ_FC_I_EVENT_ABORT_DONE, 10)->code == 0);
    CU_ASSERT_PTR_NULL(told(LQ_FC_I_EVENT_COMMAND_DONE, 1));
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).held_ox_ids, 1);
    CU_ASSERT_TRUE(start(2, true, 3, 2, true)); /* its data is held, and a reset ends it */
    run();
    CU_ASSERT_TRUE(lq_fc_initiator_look(ini, 2).data_out_waits);
    CU_ASSERT_TRUE(lq_fc_initiator_tm(ini, 12, LQ_TM_LOGICAL_UNIT_RESET, 0));
    CU_ASSERT_FALSE(lq_fc_initiator_tm(ini, 13, LQ_TM_ABORT_TASK, 0));
    run();
    CU_ASSERT(told(LQ_FC_I_EVENT_TM_DONE, 12) != NULL &&
              told(LQ_FC_I_EVENT_TM_DONE, 12)->code == 0);
    lq_fc_initiator_abandon(ini, 2);
    run_for(11 * SECOND); /* RRQ gives the identities back */
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).held_ox_ids, 0);
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).requests, 0);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).rejects, 0);
    CU_ASSERT_TRUE(start(3, true, 3, 2, true));
    CU_ASSERT_TRUE(lq_fc_initiator_cancel(ini, 3));
    CU_ASSERT_TRUE(start(3, false, 0, 1, false));
    run();
    CU_ASSERT_EQUAL(told(LQ_FC_I_EVENT_COMMAND_DONE, 3)->status, 2); /* of the reset */
    CU_ASSERT_TRUE(start(4, true, 3, 2, true));
    run();
    lq_fc_initiator_release_data(ini, 4);
    run();
    CU_ASSERT_TRUE(is_good(4));
}

/* A write and then a read, of which the frames from number N on, COUNT of them, are lost. Every
 * command ends; with one frame lost and RETRY agreed, well. */
static bool lose(uint32_t n, uint32_t count)
{
    struct lq_fc_target_config config = small_bursts();
    make(&config);
    enter();
    fill((uint8_t)n);
    frames = 0;
    lose_from = n;
    lose_count = count;
    CU_ASSERT_TRUE(start(1, true, 9, 14, false));
    run_for(300 * SECOND);
    bool failed = told(LQ_FC_I_EVENT_COMMAND_FAILED, 1) != NULL;
    CU_ASSERT_TRUE(failed || is_good(1));
    if (!failed)
        CU_ASSERT_EQUAL(memcmp(ram.blocks + 9 * 512, out_data, 14 * 512), 0);
    memcpy(ram.blocks + 9 * 512, out_data, 14 * 512);
    bool was_lost = frames > n;
    memset(in_data, 0, sizeof in_data);
    CU_ASSERT_TRUE(start(2, false, 9, 14, false));
    run_for(300 * SECOND);
    bool read_failed = told(LQ_FC_I_EVENT_COMMAND_FAILED, 2) != NULL;
    CU_ASSERT_TRUE(read_failed || is_good(2));
    if (!read_failed)
        CU_ASSERT_EQUAL(memcmp(in_data, out_data, 14 * 512), 0);
    /* A lost FCP_CMND is told: whether it was carried out and forgotten cannot be known. */
    if (count == 1 && n > 0 && was_lost)
        CU_ASSERT_FALSE(failed);
    CU_ASSERT_PTR_NULL(told(LQ_FC_I_EVENT_PROTOCOL_ERROR, 0));
    CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).requests, 0);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 0);
    CU_ASSERT_EQUAL(lq_engine_counts(engine).tasks_free, lq_engine_counts(engine).tasks);
    return frames > n;
}

static void test_lost_frames(void)
{
    uint32_t n = 0;
    while (lose(n, 1))
        n++;
    CU_ASSERT(n >= 14); /* two commands, two bursts of 5 frames, 4 frames of data, responses */
    for (n = 0; n < 14; n++)
        (void)lose(n, 2 + n % 3);
    (void)lose(1, 1000); /* the line is dead */
}

/* Loss and disorder over many commands: each ends, and data that came well is right. */
static void storm(uint64_t seed)
{
    struct lq_fc_target_config config = small_bursts();
    make(&config);
    enter();
    random_state = seed;
    lose_odds = 30;
    swaps = true;
    for (uint64_t id = 1; id <= 60; id++) {
        uint32_t lba = draw(100);
        uint16_t blocks = (uint16_t)(1 + draw(30));
        bool write = draw(2) == 0;
        fill((uint8_t)id);
        if (!write)
            memcpy(ram.blocks + lba * 512, out_data, blocks * 512U);
        event_count = 0;
        CU_ASSERT_TRUE_FATAL(start(id, write, lba, blocks, false));
        if (draw(8) == 0) {
            run_for(SECOND);
            (void)lq_fc_initiator_abort(ini, 1000 + id, id);
        }
        run_for(300 * SECOND);
        if (is_good(id))
            CU_ASSERT_EQUAL(memcmp(write ? ram.blocks + lba * 512 : in_data, out_data,
                                   blocks * 512U), 0);
        CU_ASSERT(is_good(id) || told(LQ_FC_I_EVENT_COMMAND_FAILED, id) != NULL ||
                  told(LQ_FC_I_EVENT_ABORT_DONE, 1000 + id) != NULL);
        CU_ASSERT_EQUAL(lq_fc_initiator_state(ini).requests, 0);
    }
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 0);
    CU_ASSERT_EQUAL(lq_engine_counts(engine).tasks_free, lq_engine_counts(engine).tasks);
}

static void test_storms(void)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        storm(seed);
}

int main(void)
{
    CU_TestInfo tests[] = {{"life", test_life},
                           {"aborts", test_aborts},
                           {"lost frames", test_lost_frames},
                           {"storms", test_storms},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "link", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
