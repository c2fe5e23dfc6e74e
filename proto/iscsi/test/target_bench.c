/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/iscsi/test/target_bench.h"

#include "proto/iscsi/test/bitwise_crc.h"

struct bench bench;
struct peer peers[BENCH_CONNECTIONS];
static _Alignas(64) uint8_t memory[8 << 20];

/* --- the engine ------------------------------------------------------------------------------- */

static const struct lq_transport *const transport = &lq_iscsi_transport;

void lq_engine_target_ports(struct lq_engine *engine, uint16_t target, uint16_t ports)
{
    (void)engine;
    CU_ASSERT_TRUE(target < 4 && ports >= 1);
}

lq_nexus lq_engine_nexus_established(struct lq_engine *engine,
                                     const struct lq_nexus_request *request)
{
    (void)engine;
    if (bench.refuse_nexus)
        return LQ_NO_HANDLE;
    memcpy(bench.transport_id, request->transport_id, request->transport_id_bytes);
    bench.transport_id_bytes = request->transport_id_bytes;
    bench.nexus_target = request->target;
    bench.nexus_target_port = request->target_port;
    return (lq_nexus){bench.nexus_count++, 1};
}

void lq_engine_nexus_lost(struct lq_engine *engine, lq_nexus nexus, enum lq_trigger how,
                          uint64_t cookie)
{
    (void)engine;
    (void)nexus;
    bench.nexus_lost_count++;
    bench.lost_how = how;
    bench.lost_cookie = cookie;
    for (uint32_t i = 0; i < bench.task_count && how == LQ_TRIGGER_LOGOUT; i++)
        if (bench.tasks[i].live && !bench.tasks[i].ended)
            (void)bench_terminate(&bench.tasks[i], false);
    if (!bench.hold_nexus_end)
        bench_nexus_ended();
}

void bench_nexus_ended(void)
{
    transport->nexus_ended(bench.target, bench.lost_cookie);
}

static void answer_command(struct bench_task *task)
{
    if (bench.in_bytes != 0) {
        for (uint32_t i = 0; i < bench.in_bytes; i++)
            task->buffer[i] = (uint8_t)(i * 7 + 1);
        transport->send_data_in(bench.target, task->command.cookie, 0, bench.in_bytes,
                                task->buffer);
    }
    if (bench.ends_good)
        bench_end(task, LQ_GOOD, NULL, 0);
}

lq_task lq_engine_command(struct lq_engine *engine, const struct lq_command *given)
{
    (void)engine;
    if (bench.refuse_commands) {
        struct lq_command_complete complete = {.status = LQ_BUSY};
        transport->command_complete(bench.target, given->cookie, &complete);
        return LQ_NO_HANDLE;
    }
    if (bench.task_count == BENCH_TASKS)
        bench.task_count = 0;
    struct bench_task *task = &bench.tasks[bench.task_count++];
    uint32_t generation = task->generation + 1;
    *task = (struct bench_task){.command = *given, .generation = generation, .live = true};
    memcpy(task->cdb, given->cdb, given->cdb_bytes);
    CU_ASSERT_FATAL(given->immediate_bytes <= BENCH_BUFFER);
    if (given->immediate_bytes != 0)
        memcpy(task->buffer, given->immediate, given->immediate_bytes);
    uint32_t out = (uint32_t)given->expected_out_bytes;
    if (bench.asks_data && out > given->immediate_bytes)
        transport->receive_data_out(bench.target, given->cookie, 0, out, task->buffer);
    else
        answer_command(task);
    return (lq_task){(uint32_t)(task - bench.tasks), generation};
}

static struct bench_task *task_of(lq_task handle)
{
    if (handle.index >= BENCH_TASKS || bench.tasks[handle.index].generation != handle.generation)
        return NULL;
    return &bench.tasks[handle.index];
}

void lq_engine_data_out_received(struct lq_engine *engine, lq_task handle, uint32_t bytes)
{
    (void)engine;
    struct bench_task *task = task_of(handle);
    CU_ASSERT_FATAL(task != NULL);
    task->filled = true;
    task->filled_bytes = bytes;
    if (bytes == task->command.expected_out_bytes) {
        answer_command(task);
    } else {
        static const uint8_t sense[18] = {0x70, 0, 0x0b, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0c, 0x0d};
        bench_end(task, LQ_CHECK_CONDITION, sense, sizeof sense);
    }
}

void lq_engine_data_out_failed(struct lq_engine *engine, lq_task handle, uint8_t key, uint8_t asc,
                               uint8_t ascq)
{
    (void)engine;
    struct bench_task *task = task_of(handle);
    CU_ASSERT_FATAL(task != NULL);
    task->filled = true;
    task->filled_bytes = 0;
    uint8_t sense[18] = {0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq};
    bench_end(task, LQ_CHECK_CONDITION, sense, sizeof sense);
}

void lq_engine_data_terminated(struct lq_engine *engine, lq_task handle)
{
    (void)engine;
    struct bench_task *task = task_of(handle);
    CU_ASSERT_FATAL(task != NULL);
    CU_ASSERT_FALSE(task->terminated);
    task->terminated = true;
    task->live = false;
}

void lq_engine_command_delivered(struct lq_engine *engine, lq_task handle)
{
    (void)engine;
    struct bench_task *task = task_of(handle);
    CU_ASSERT_FATAL(task != NULL && task->live && task->ended);
    task->delivered = true;
    task->live = false;
}

void lq_engine_command_lost(struct lq_engine *engine, lq_task handle)
{
    (void)engine;
    struct bench_task *task = task_of(handle);
    CU_ASSERT_FATAL(task != NULL && task->live && task->ended);
    task->lost = true;
    task->live = false;
}

uint32_t lq_engine_tasks_free(const struct lq_engine *engine, lq_nexus nexus)
{
    (void)engine;
    (void)nexus;
    return bench.tasks_free;
}

void lq_engine_task_management(struct lq_engine *engine, const struct lq_tm_request *request)
{
    (void)engine;
    CU_ASSERT_FATAL(bench.tm_count < 16);
    struct bench_tm *new = &bench.tms[bench.tm_count++];
    new->request = *request;
    if (bench.tm_answers)
        bench_tm_executed(new, bench.tm_answer);
}

void bench_tm_executed(struct bench_tm *function, enum lq_tm_answer answer)
{
    transport->tm_executed(bench.target, function->request.cookie, answer, 0);
}

void bench_end(struct bench_task *task, enum lq_status status, const uint8_t *sense,
               uint32_t sense_bytes)
{
    task->ended = true;
    struct lq_command_complete complete = {.status = status,
                                           .sense = sense,
                                           .sense_bytes = sense_bytes,
                                           .in_bytes_defined = bench.in_defined,
                                           .out_bytes_defined = bench.out_defined,
                                           .confirm = bench.confirm};
    transport->command_complete(bench.target, task->command.cookie, &complete);
}

bool bench_terminate(struct bench_task *task, bool wait_for_peer)
{
    bool done =
        transport->terminate_data_transfer(bench.target, task->command.cookie, wait_for_peer);
    if (done)
        task->live = false;
    return done;
}

struct bench_task *bench_newest(void)
{
    CU_ASSERT_FATAL(bench.task_count != 0);
    return &bench.tasks[bench.task_count - 1];
}

/* --- making ----------------------------------------------------------------------------------- */

void bench_make(void (*tweak)(struct lq_iscsi_config *config))
{
    static const char *const names[] = {"iqn.2026-11.org.example:t0", "iqn.2026-11.org.example:t1"};
    struct lq_iscsi_config config = lq_iscsi_config_default;
    config.limits = lq_limits_virtual;
    config.limits.targets = 2;
    config.limits.connections = BENCH_CONNECTIONS;
    config.limits.sessions = BENCH_SESSIONS;
    config.limits.tasks = 32;
    config.limits.commands_per_session = 16;
    config.limits.segment_bytes_max = BENCH_SEGMENT;
    config.target_count = 2;
    config.target_names = names;
    config.offer.max_recv_data_segment_length = BENCH_SEGMENT;
    config.offer.max_burst_length = 262144;
    config.offer.first_burst_length = 65536;
    config.offer.max_outstanding_r2t = 2;
    config.first_stat_sn = 0xfffffffe; /* near the wrap */
    config.first_target_transfer_tag = 0xfffffffd;
    if (tweak != NULL)
        tweak(&config);
    memset(&bench, 0, sizeof bench);
    memset(peers, 0, sizeof peers);
    bench.env.now_ns = SECOND;
    bench.tasks_free = 100;
    bench.ends_good = bench.asks_data = bench.tm_answers = true;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_config_check(&config));
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    CU_ASSERT_PTR_NULL(lq_iscsi_target_make(&arena, &config, &bench.env, NULL));
    CU_ASSERT_FATAL(arena.used_bytes <= sizeof memory);
    uint64_t measured = arena.used_bytes;
    memset(memory, 0xa5, (size_t)measured);
    lq_arena_init(&arena, memory, sizeof memory);
    bench.target = lq_iscsi_target_make(&arena, &config, &bench.env, NULL);
    CU_ASSERT_EQUAL(arena.used_bytes, measured);
}

struct peer *bench_accept(void)
{
    return bench_accept_at(0, "127.0.0.1:3260");
}

struct peer *bench_accept_at(uint32_t portal, const char *address)
{
    lq_conn conn = lq_iscsi_accept(bench.target, portal, address);
    if (lq_handle_is_none(conn))
        return NULL;
    struct peer *peer = &peers[conn.index];
    memset(peer, 0, sizeof *peer);
    peer->conn = conn;
    peer->open = true;
    peer->cmd_sn = 0xfffffffe;
    peer->itt = 0x100;
    return peer;
}

/* --- bytes ------------------------------------------------------------------------------------ */

uint32_t be(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

void put(uint8_t *p, uint32_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

/* Each emit is asked for twice: the second must begin with what the first said. */
static void pump_one(struct peer *peer)
{
    for (;;) {
        struct lq_slice few[2], slices[8];
        uint32_t some = lq_iscsi_emit(bench.target, peer->conn, few, 2, &peer->end);
        uint32_t count = lq_iscsi_emit(bench.target, peer->conn, slices, 8, &peer->end);
        CU_ASSERT_FATAL(count >= some);
        for (uint32_t i = 0; i < some; i++)
            CU_ASSERT_EQUAL(few[i].bytes, slices[i].bytes);
        if (count == 0)
            return;
        uint32_t size = slices[0].size_bytes; /* slice by slice */
        CU_ASSERT_FATAL(peer->out_bytes + size <= sizeof peer->out);
        memcpy(peer->out + peer->out_bytes, slices[0].bytes, size);
        peer->out_bytes += size;
        uint32_t half = size / 2;
        lq_iscsi_sent(bench.target, peer->conn, half);
        lq_iscsi_sent(bench.target, peer->conn, size - half);
    }
}

void pump(void)
{
    lq_conn conn;
    while (!lq_handle_is_none(conn = lq_iscsi_next_ready(bench.target)))
        pump_one(&peers[conn.index]);
}

uint32_t bench_cut_at;

void feed(struct peer *peer, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t cut_at = bench_cut_at;
    bench_cut_at = 0;
    if (cut_at > 0 && cut_at < size_bytes) {
        feed(peer, bytes, cut_at);
        bytes += cut_at;
        size_bytes -= cut_at;
    }
    while (size_bytes != 0) {
        uint32_t taken = lq_iscsi_feed(bench.target, peer->conn, bytes, size_bytes);
        CU_ASSERT_FATAL(taken <= size_bytes);
        bytes += taken;
        size_bytes -= taken;
        pump();
        CU_ASSERT_FATAL(taken != 0 || peer->end != LQ_EMIT_OPEN);
        if (taken == 0)
            return;
    }
}

uint8_t *begin(struct peer *peer, uint8_t opcode, uint8_t flags, uint32_t itt)
{
    memset(peer->pdu, 0, 48);
    peer->pdu[0] = opcode;
    peer->pdu[1] = flags;
    put(peer->pdu + 16, itt, 4);
    put(peer->pdu + 20, 0xffffffff, 4);
    put(peer->pdu + 24, peer->cmd_sn, 4);
    put(peer->pdu + 28, peer->exp_stat_sn, 4);
    return peer->pdu;
}

void send(struct peer *peer, const void *data, uint32_t data_bytes)
{
    static uint8_t whole[48 + 4 + 70000 + 4];
    put(peer->pdu + 5, data_bytes, 3);
    memcpy(whole, peer->pdu, 48);
    uint32_t at = 48, padded = (data_bytes + 3) & ~3U;
    if (peer->header_digest) {
        put_digest(whole + at, whole, 48);
        whole[at] ^= peer->spoil_header ? 0x10 : 0;
        at += 4;
    }
    memset(whole + at, 0, padded);
    if (data_bytes != 0)
        memcpy(whole + at, data, data_bytes);
    at += padded;
    if (peer->data_digest && data_bytes != 0) {
        put_digest(whole + at, whole + at - padded, padded);
        whole[at] ^= peer->spoil_data ? 0x10 : 0;
        at += 4;
    }
    peer->spoil_header = peer->spoil_data = false;
    feed(peer, whole, at);
}

/* The digest at AT is that of the SIZE bytes before it. */
static void check_digest(const uint8_t *at, uint32_t size)
{
    uint8_t right[4];
    put_digest(right, at - size, size);
    CU_ASSERT_EQUAL(memcmp(at, right, 4), 0);
}

bool take(struct peer *peer)
{
    uint32_t left = peer->out_bytes - peer->out_read;
    if (left == 0)
        return false;
    CU_ASSERT_FATAL(left >= 48);
    peer->got = peer->out + peer->out_read;
    peer->data_bytes = be(peer->got + 5, 3);
    uint32_t padded = (peer->data_bytes + 3) & ~3U;
    uint32_t head = peer->header_digest ? 52 : 48;
    uint32_t digest = peer->data_digest && padded != 0 ? 4 : 0;
    CU_ASSERT_EQUAL(peer->got[4], 0);
    CU_ASSERT_FATAL(left >= head + padded + digest);
    if (head > 48)
        check_digest(peer->got + 48, 48);
    if (digest != 0)
        check_digest(peer->got + head + padded, padded);
    peer->data = peer->got + head;
    for (uint32_t i = peer->data_bytes; i < padded; i++)
        CU_ASSERT_EQUAL(peer->data[i], 0);
    peer->out_read += head + padded + digest;
    uint8_t op = peer->got[0] & 0x3f;
    bool has_status = op != 0x31 && !(op == 0x25 && !(peer->got[1] & 1)) &&
                      !(op == 0x20 && be(peer->got + 16, 4) == 0xffffffff);
    if (has_status)
        peer->exp_stat_sn = be(peer->got + 24, 4) + 1;
    return true;
}

bool take_op(struct peer *peer, uint8_t opcode)
{
    bool taken = take(peer);
    CU_ASSERT_TRUE(taken);
    if (taken)
        CU_ASSERT_EQUAL(peer->got[0], opcode);
    return taken && peer->got[0] == opcode;
}

bool has_text(const struct peer *peer, const char *pair)
{
    uint32_t length = (uint32_t)strlen(pair) + 1;
    for (uint32_t i = 0; i + length <= peer->data_bytes; i++)
        if ((i == 0 || peer->data[i - 1] == 0) && memcmp(peer->data + i, pair, length) == 0)
            return true;
    return false;
}

void lose(struct peer *peer)
{
    peer->open = false;
    lq_iscsi_lost(bench.target, peer->conn, LQ_CLOSE_RESET);
    pump();
}

void pass(uint64_t duration_ns)
{
    bench.env.now_ns += duration_ns;
    if (lq_iscsi_deadline(bench.target) <= bench.env.now_ns)
        lq_iscsi_expire(bench.target);
    pump();
}

/* --- requests --------------------------------------------------------------------------------- */

void send_login(struct peer *peer, uint8_t flags, const void *text, uint32_t text_bytes)
{
    static const uint8_t isid[] = {0x40, 0x00, 0x01, 0x37, 0x00, 0x00};
    uint8_t tsih[2] = {peer->pdu[14], peer->pdu[15]};
    uint8_t cid[2] = {peer->pdu[20], peer->pdu[21]};
    begin(peer, 0x43, flags, 0x77);
    memcpy(peer->pdu + 8, isid, 6);
    memcpy(peer->pdu + 14, tsih, 2);
    put(peer->pdu + 20, 0, 4);
    memcpy(peer->pdu + 20, cid, 2);
    send(peer, text, text_bytes);
}

uint32_t login(struct peer *peer, const void *more, uint32_t more_bytes)
{
    static const char names[] = "InitiatorName=iqn.2026-11.org.example:I\0"
                                "TargetName=iqn.2026-11.org.example:t0";
    uint8_t text[4096];
    memcpy(text, names, sizeof names);
    if (more_bytes != 0)
        memcpy(text + sizeof names, more, more_bytes);
    send_login(peer, 0x87, text, (uint32_t)sizeof names + more_bytes);
    if (!take_op(peer, 0x23))
        return 0xffff;
    uint32_t status = be(peer->got + 36, 2);
    return status;
}

struct peer *logged_in(void)
{
    struct peer *peer = bench_accept();
    CU_ASSERT_FATAL(peer != NULL);
    CU_ASSERT_EQUAL_FATAL(login(peer, TEXT("MaxRecvDataSegmentLength=2048\0"
                                           "MaxBurstLength=8192\0FirstBurstLength=4096\0"
                                           "InitialR2T=No\0ImmediateData=Yes\0"
                                           "MaxOutstandingR2T=2")),
                          0);
    /* The target had to declare its own MaxRecvDataSegmentLength, which needs no answer. */
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
    return peer;
}

uint32_t command(struct peer *peer, uint8_t flags, uint32_t expected, const void *data,
                 uint32_t data_bytes)
{
    static const uint8_t cdb[16] = {0x28, 0, 0, 0, 0, 1, 0, 0, 1};
    uint32_t itt = peer->itt++;
    begin(peer, 0x01, flags, itt);
    put(peer->pdu + 8, 0x00010000, 4);
    put(peer->pdu + 20, expected, 4);
    memcpy(peer->pdu + 32, cdb, 16);
    peer->cmd_sn++;
    send(peer, data, data_bytes);
    return itt;
}

void data_out(struct peer *peer, uint8_t flags, uint32_t itt, uint32_t ttt, uint32_t data_sn,
              uint32_t offset, const void *data, uint32_t data_bytes)
{
    begin(peer, 0x05, flags, itt);
    put(peer->pdu + 20, ttt, 4);
    put(peer->pdu + 24, 0, 4);
    put(peer->pdu + 36, data_sn, 4);
    put(peer->pdu + 40, offset, 4);
    send(peer, data, data_bytes);
}

uint32_t tm(struct peer *peer, uint8_t function, uint32_t referenced, uint32_t ref_cmd_sn)
{
    uint32_t itt = peer->itt++;
    begin(peer, 0x42, (uint8_t)(0x80 | function), itt);
    put(peer->pdu + 8, 0x00010000, 4);
    put(peer->pdu + 20, referenced, 4);
    put(peer->pdu + 32, ref_cmd_sn, 4);
    send(peer, NULL, 0);
    return itt;
}
