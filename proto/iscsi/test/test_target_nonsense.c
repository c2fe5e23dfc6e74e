/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: streams cut anywhere, random bytes, peers that read nothing. */
#include "core/base/test/unit.h"
#include "core/base/hash.h"
#include "proto/iscsi/test/target_bench.h"

static uint8_t stream[200000];
static uint32_t stream_bytes;

static void add(const void *bytes, uint32_t size_bytes)
{
    CU_ASSERT_FATAL(stream_bytes + size_bytes <= sizeof stream);
    memcpy(stream + stream_bytes, bytes, size_bytes);
    stream_bytes += size_bytes;
}

static uint8_t header[48];

static uint8_t *start(uint8_t opcode, uint8_t flags, uint32_t itt, uint32_t cmd_sn)
{
    memset(header, 0, 48);
    header[0] = opcode;
    header[1] = flags;
    put(header + 16, itt, 4);
    put(header + 20, 0xffffffff, 4);
    put(header + 24, cmd_sn, 4);
    return header;
}

static void finish(const void *data, uint32_t size_bytes)
{
    static const uint8_t zeros[4];
    put(header + 5, size_bytes, 3);
    add(header, 48);
    if (size_bytes != 0)
        add(data, size_bytes);
    add(zeros, (4 - size_bytes % 4) % 4);
}

/* A session's worth of requests. Data-Out answers R2Ts with the tags that the bench's target is
 * known to give out (from fffffffdh, ffffffffh left out). */
static void make_stream(void)
{
    static uint8_t data[9000];
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i ^ (i >> 8));
    stream_bytes = 0;
    start(0x43, 0x87, 9, 5);
    put(header + 20, 0, 4);
    finish(TEXT("InitiatorName=iqn.2026-11.org.example:i\0"
                "TargetName=iqn.2026-11.org.example:t0\0MaxBurstLength=8192\0"
                "FirstBurstLength=4096\0InitialR2T=No\0MaxOutstandingR2T=1"));
    put(start(0x01, 0xa1, 0x10, 5) + 20, 4001, 4); /* immediate data, odd length */
    finish(data, 4001);
    put(start(0x01, 0xc1, 0x11, 6) + 20, 512, 4); /* read */
    finish(NULL, 0);
    put(start(0x01, 0x21, 0x12, 7) + 20, 9000, 4); /* all three ways */
    finish(data, 1001);
    start(0x05, 0x80, 0x12, 0);
    put(header + 40, 1001, 4);
    finish(data + 1001, 3095);
    start(0x05, 0x00, 0x12, 0);
    put(header + 20, 0xfffffffd, 4);
    put(header + 40, 4096, 4);
    finish(data + 4096, 3);
    start(0x05, 0x80, 0x12, 0);
    put(header + 20, 0xfffffffd, 4);
    put(header + 36, 1, 4);
    put(header + 40, 4099, 4);
    finish(data + 4099, 4901);
    start(0x40, 0x80, 0x13, 8);
    finish(data, 333);
    start(0x42, 0x85, 0x14, 8);
    finish(NULL, 0);
    start(0x04, 0x80, 0x15, 8);
    finish(TEXT("SendTargets="));
    start(0x1d, 0x80, 0x16, 9);
    finish(data, 77);
    start(0x46, 0x80, 0x17, 9);
    put(header + 20, 0, 4);
    finish(NULL, 0);
}

static uint8_t whole_output[100000];
static uint32_t whole_bytes;

/* Feeds the stream STEP bytes at a time; 0: PDU by PDU. What is said depends on when it is asked
 * for, so no step is so long that two PDUs end in it. */
static void run_stream(uint32_t step)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    for (uint32_t at = 0, size; at < stream_bytes; at += size) {
        size = step;
        if (step == 0)
            size = 48 + ((be(stream + at + 5, 3) + 3) & ~3U);
        if (size > stream_bytes - at)
            size = stream_bytes - at;
        uint8_t *piece = malloc(size); /* exactly so large, for the sanitizers to watch */
        CU_ASSERT_FATAL(piece != NULL);
        memcpy(piece, stream + at, size);
        feed(peer, piece, size);
        free(piece);
    }
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
    CU_ASSERT_EQUAL(bench.task_count, 3);
    CU_ASSERT_EQUAL(bench.tasks[2].filled_bytes, 9000);
}

static void test_cut_anywhere(void)
{
    static const uint32_t steps[] = {1, 2, 3, 5, 7, 31, 47, 48};
    make_stream();
    run_stream(0);
    whole_bytes = peers[0].out_bytes;
    memcpy(whole_output, peers[0].out, whole_bytes);
    CU_ASSERT(whole_bytes > 48 * 9);
    for (uint32_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        run_stream(steps[i]);
        CU_ASSERT_EQUAL(peers[0].out_bytes, whole_bytes);
        CU_ASSERT_EQUAL(memcmp(peers[0].out, whole_output, whole_bytes), 0);
    }
}

/* --- random bytes ----------------------------------------------------------------------------- */

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
    seed = lq_mix(seed, 0x1234);
    return (uint32_t)((seed >> 20) % n);
}

/* What the endpoint must be able to say after anything: nothing is left behind. */
static void expect_all_free(void)
{
    for (uint32_t i = 0; i < BENCH_CONNECTIONS; i++)
        if (peers[i].open)
            lose(&peers[i]);
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.connections_free, counts.connections);
    CU_ASSERT_EQUAL(counts.sessions_free, counts.sessions);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
    CU_ASSERT_EQUAL(lq_iscsi_deadline(bench.target), LQ_NEVER);
}

/* Feeds BYTES in pieces of random size until the connection is over. */
static void feed_randomly(struct peer *peer, const uint8_t *bytes, uint32_t size_bytes)
{
    for (uint32_t at = 0; at < size_bytes && peer->end == LQ_EMIT_OPEN;) {
        uint32_t size = 1 + draw(draw(4) == 0 ? 4000 : 100);
        if (size > size_bytes - at)
            size = size_bytes - at;
        uint8_t *piece = malloc(size); /* exactly so large */
        CU_ASSERT_FATAL(piece != NULL);
        memcpy(piece, bytes + at, size);
        feed(peer, piece, size);
        free(piece);
        at += size;
        if (peer->out_bytes > sizeof peer->out / 2)
            peer->out_bytes = peer->out_read = 0;
    }
}

static void test_random_bytes(void)
{
    seed = 1;
    for (uint32_t round = 0; round < 300; round++) {
        bench_make(NULL);
        struct peer *peer = bench_accept();
        uint8_t noise[2000];
        for (uint32_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)draw(256);
        if (draw(2))
            noise[0] = 0x43;
        noise[4] = 0;
        noise[5] = noise[6] = 0;
        feed_randomly(peer, noise, sizeof noise);
        expect_all_free();
    }
}

/* The good session with a few bytes changed. */
static void test_changed_bytes(void)
{
    static uint8_t changed[sizeof stream];
    seed = 2;
    make_stream();
    for (uint32_t round = 0; round < 3000; round++) {
        bench_make(NULL);
        bench.ends_good = draw(4) != 0;
        bench.hold_nexus_end = draw(4) == 0;
        struct peer *peer = bench_accept();
        memcpy(changed, stream, stream_bytes);
        for (uint32_t n = 1 + draw(4); n != 0; n--) {
            uint32_t place = draw(stream_bytes);
            changed[place] = (uint8_t)draw(256);
        }
        feed_randomly(peer, changed, stream_bytes);
        bench.hold_nexus_end = false;
        if (bench.nexus_lost_count != 0)
            bench_nexus_ended();
        pump();
        expect_all_free();
    }
}

/* Requests in random order with random fields, and random acts of the engine in between. */
static void random_request(struct peer *peer)
{
    static const uint8_t opcodes[] = {0x00, 0x01, 0x01, 0x01, 0x02, 0x04, 0x05, 0x05, 0x10, 0x06};
    static uint8_t data[9000];
    uint8_t opcode = opcodes[draw(draw(20) == 0 ? 10 : 9)];
    uint32_t itt = draw(8);
    bool immediate = draw(4) == 0;
    uint8_t flags = (uint8_t)draw(256);
    begin(peer, (uint8_t)(opcode | (immediate ? 0x40 : 0)), flags, itt);
    peer->cmd_sn += draw(8) == 0 ? draw(3) : 1;
    if (draw(16) == 0)
        peer->cmd_sn = be(peer->pdu + 24, 4) - draw(4);
    peer->pdu[4] = 0;
    if (opcode == 0x05 || opcode == 0x04)
        put(peer->pdu + 20, draw(3) == 0 ? 0xffffffff : 0xfffffffd + draw(8), 4);
    if (opcode == 0x01)
        put(peer->pdu + 20, draw(9000), 4);
    if (opcode == 0x02)
        peer->pdu[1] = (uint8_t)(0x80 | (1 + draw(8)));
    put(peer->pdu + 36, draw(2), 4);
    put(peer->pdu + 40, draw(3) * 2048, 4);
    bool has_data = opcode != 0x02 && opcode != 0x06 && opcode != 0x10;
    send(peer, data, has_data && draw(2) ? draw(draw(4) == 0 ? 9000 : 600) : 0);
}

static void random_act(void)
{
    if (bench.task_count == 0)
        return;
    struct bench_task *task = &bench.tasks[draw(bench.task_count)];
    if (!task->live || task->ended)
        return;
    if (draw(2)) {
        task->ended = true; /* as an aborted task: nothing may end it again */
        (void)bench_terminate(task, draw(2) != 0);
    } else if (task->filled || task->command.expected_out_bytes == 0) {
        bench_end(task, LQ_GOOD, NULL, 0);
    }
}

static void test_random_requests(void)
{
    seed = 3;
    for (uint32_t round = 0; round < 200; round++) {
        bench_make(NULL);
        bench.tm_answers = true;
        struct peer *peer = logged_in();
        for (uint32_t i = 0; i < 40 && peer->end == LQ_EMIT_OPEN; i++) {
            bench.ends_good = draw(3) != 0;
            bench.confirm = draw(3) == 0;
            bench.in_bytes = draw(2) ? 0 : draw(5000);
            bench.tm_count = 0;
            random_request(peer);
            peer->out_bytes = peer->out_read = 0;
            random_act();
            if (draw(8) == 0)
                pass(draw(20) * SECOND);
        }
        expect_all_free();
    }
}

/* --- a peer that does not read ---------------------------------------------------------------- */

static void test_input_is_held_back(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 1000; i++) { /* requests that each want an answer */
        begin(peer, 0x10, 0x80, i);
        uint32_t n = lq_iscsi_feed(bench.target, peer->conn, peer->pdu, 48);
        taken += n / 48;
        if (n == 0)
            break;
    }
    CU_ASSERT(taken > 2 && taken < 100);
    pump();
    uint32_t rejects = 0;
    while (take(peer))
        rejects++;
    CU_ASSERT_EQUAL(rejects, taken);
    send(peer, NULL, 0); /* and goes on */
    CU_ASSERT_TRUE(take_op(peer, 0x3f));
    begin(peer, 0x40, 0x80, 1); /* a peer that never reads is dropped in the end */
    CU_ASSERT_EQUAL(lq_iscsi_feed(bench.target, peer->conn, peer->pdu, 48), 48);
    bench.env.now_ns += 31 * SECOND;
    lq_iscsi_expire(bench.target);
    enum lq_emit_end end;
    struct lq_slice slice;
    CU_ASSERT_EQUAL(lq_iscsi_emit(bench.target, peer->conn, &slice, 1, &end), 0);
    CU_ASSERT_EQUAL(end, LQ_EMIT_CLOSE_RESET);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cut anywhere", test_cut_anywhere},
        {"random bytes", test_random_bytes},
        {"changed bytes", test_changed_bytes},
        {"random requests", test_random_requests},
        {"input is held back", test_input_is_held_back},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: nonsense", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
