/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: task management, NOP, text, Reject. */
#include "core/base/test/unit.h"
#include "proto/iscsi/test/target_bench.h"

static const uint8_t pattern[8192] = {1, 2, 3, 4, 5, 6, 7, 8};

static uint32_t tm_response(struct peer *peer, uint32_t itt)
{
    if (!take_op(peer, 0x22))
        return 0xffff;
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
    CU_ASSERT_EQUAL(peer->data_bytes, 0);
    return peer->got[2];
}

/* --- functions and answers -------------------------------------------------------------------- */

static void test_functions(void)
{
    static const struct {
        uint8_t code;
        enum lq_tm_function function; /* 0: the engine does not hear of it */
        uint32_t response;
    } rows[] = {
        {2, LQ_TM_ABORT_TASK_SET, 0},  {3, LQ_TM_CLEAR_ACA, 0},
        {4, LQ_TM_CLEAR_TASK_SET, 0},  {5, LQ_TM_LOGICAL_UNIT_RESET, 0},
        {6, LQ_TM_TARGET_WARM_RESET, 0}, {7, LQ_TM_TARGET_COLD_RESET, 0},
        {8, 0, 4},                     {9, 0, 5},
        {10, 0, 5},                    {11, 0, 5},
        {12, 0, 5},                    {0, 0, 5},
        {99, 0, 5},
    };
    bench_make(NULL);
    struct peer *peer = logged_in();
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t before = bench.tm_count;
        uint32_t itt = tm(peer, rows[i].code, 0xffffffff, 0);
        CU_ASSERT_EQUAL(tm_response(peer, itt), rows[i].response);
        CU_ASSERT_EQUAL(bench.tm_count - before, rows[i].function != 0);
        if (rows[i].function != 0)
            CU_ASSERT_EQUAL(bench.tms[before].request.function, rows[i].function);
    }
}

static void test_answers(void)
{
    static const struct {
        enum lq_tm_answer answer;
        uint32_t response;
    } rows[] = {{LQ_TM_COMPLETE, 0},      {LQ_TM_INCORRECT_LUN, 2}, {LQ_TM_NOT_SUPPORTED, 5},
                {LQ_TM_REJECTED, 255},    {LQ_TM_SUCCEEDED, 7},     {LQ_TM_TASK_ABSENT, 1}};
    bench_make(NULL);
    struct peer *peer = logged_in();
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench.tm_answer = rows[i].answer;
        uint32_t itt = tm(peer, 5, 0xffffffff, 0);
        CU_ASSERT_EQUAL(tm_response(peer, itt), rows[i].response);
    }
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
}

/* --- ABORT TASK [RFC 7143 11.6.1] ------------------------------------------------------------- */

static void test_abort_of_what_is_not_there(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.tm_answer = LQ_TM_TASK_ABSENT;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    uint32_t itt = tm(peer, 1, 0x100, peer->cmd_sn - 1); /* ended: its CmdSN is behind us */
    CU_ASSERT_EQUAL(tm_response(peer, itt), 1);
    itt = tm(peer, 1, 0x999, peer->cmd_sn + 40); /* outside of the window */
    CU_ASSERT_EQUAL(tm_response(peer, itt), 1);
    itt = tm(peer, 1, 0x999, peer->cmd_sn); /* not lower than the function's own */
    CU_ASSERT_EQUAL(tm_response(peer, itt), 1);
    CU_ASSERT_EQUAL(bench.tm_count, 3);
    CU_ASSERT_EQUAL(bench.tms[0].request.referenced_tag, 0x100);
}

static void test_abort_fills_a_hole(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.tm_answer = LQ_TM_TASK_ABSENT;
    uint32_t hole = peer->cmd_sn++;
    uint32_t itt = command(peer, 0x81, 0, NULL, 0); /* waits for the hole */
    CU_ASSERT_EQUAL(bench.task_count, 0);
    uint32_t function = tm(peer, 1, 0x999, hole);
    CU_ASSERT_EQUAL(tm_response(peer, function), 0); /* counted as received */
    CU_ASSERT_EQUAL(bench.task_count, 1);
    CU_ASSERT_EQUAL(bench.tasks[0].command.tag, itt);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    uint32_t sn = peer->cmd_sn;
    peer->cmd_sn = hole; /* the command of that number comes late: ignored */
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 1);
    CU_ASSERT_FALSE(take(peer));
    peer->cmd_sn = sn;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 2);
}

static void test_abort_of_a_held_command(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t hole = peer->cmd_sn++;
    uint32_t held = command(peer, 0x81, 0, NULL, 0);
    uint32_t function = tm(peer, 1, held, peer->cmd_sn - 1);
    CU_ASSERT_EQUAL(tm_response(peer, function), 0);
    CU_ASSERT_EQUAL(bench.tm_count, 0);
    uint32_t sn = peer->cmd_sn;
    peer->cmd_sn = hole;
    command(peer, 0x81, 0, NULL, 0);
    peer->cmd_sn = sn;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 2); /* the held one never came to the engine */
    CU_ASSERT_NOT_EQUAL(bench.tasks[0].command.tag, held);
    CU_ASSERT_NOT_EQUAL(bench.tasks[1].command.tag, held);
}

static void test_abort_of_a_function(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.tm_answers = false;
    uint32_t reset = tm(peer, 5, 0xffffffff, 0);
    uint32_t abort = tm(peer, 1, reset, peer->cmd_sn);
    CU_ASSERT_EQUAL(tm_response(peer, abort), 255);
    bench_tm_executed(&bench.tms[0], LQ_TM_COMPLETE);
    pump();
    CU_ASSERT_EQUAL(tm_response(peer, reset), 0);
}

/* --- waiting for lower numbers ---------------------------------------------------------------- */

static void test_function_waits_for_holes(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    uint32_t hole = peer->cmd_sn++;
    uint32_t function = tm(peer, 2, 0xffffffff, 0); /* immediate, CmdSN after the hole */
    uint32_t later = command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.tm_count, 0);
    uint32_t sn = peer->cmd_sn;
    peer->cmd_sn = hole;
    uint32_t filler = command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.tm_count, 1);
    CU_ASSERT_EQUAL(bench.task_count, 2);
    CU_ASSERT_EQUAL(bench.tasks[0].command.tag, filler);
    CU_ASSERT_EQUAL(bench.tasks[1].command.tag, later);
    uint64_t stamp = bench.tms[0].request.order_stamp;
    CU_ASSERT(bench.tasks[0].command.order_stamp < stamp);
    CU_ASSERT(stamp < bench.tasks[1].command.order_stamp);
    CU_ASSERT_EQUAL(tm_response(peer, function), 0);
    peer->cmd_sn = sn;
    begin(peer, 0x02, 0x82, 0x500); /* not immediate: takes a number and its turn */
    put(peer->pdu + 24, sn + 1, 4);
    send(peer, NULL, 0);
    CU_ASSERT_EQUAL(bench.tm_count, 1);
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.tm_count, 2);
    CU_ASSERT_EQUAL(tm_response(peer, 0x500), 0);
}

/* --- aborted writes --------------------------------------------------------------------------- */

static struct bench_task *write_with_r2t(struct peer *peer, uint32_t *itt, uint32_t *ttt)
{
    *itt = command(peer, 0xa1, 8192, NULL, 0);
    CU_ASSERT_TRUE(take_op(peer, 0x31));
    *ttt = be(peer->got + 20, 4);
    return bench_newest();
}

static void test_late_data_is_dropped(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt, ttt, other_itt, other_ttt;
    struct bench_task *task = write_with_r2t(peer, &itt, &ttt);
    data_out(peer, 0x00, itt, ttt, 0, 0, pattern, 512);
    CU_ASSERT_TRUE(bench_terminate(task, false));
    memset(task->buffer, 0x5a, sizeof task->buffer);
    struct bench_task *other = write_with_r2t(peer, &other_itt, &other_ttt);
    CU_ASSERT_NOT_EQUAL(other_ttt, ttt);
    data_out(peer, 0x00, itt, ttt, 1, 512, pattern, 1024);
    data_out(peer, 0x80, itt, ttt, 2, 1536, pattern, 1024);
    CU_ASSERT_FALSE(take(peer)); /* no status, no Reject */
    CU_ASSERT_EQUAL(task->buffer[512], 0x5a);
    CU_ASSERT_FALSE(task->terminated); /* it was told at once */
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 512); /* now the window is closed */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    data_out(peer, 0x80, other_itt, other_ttt, 0, 0, pattern, 8192);
    CU_ASSERT_EQUAL(other->filled_bytes, 8192);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
}

static void test_abort_in_the_middle_of_a_segment(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt, ttt;
    struct bench_task *task = write_with_r2t(peer, &itt, &ttt);
    begin(peer, 0x05, 0x80, itt);
    put(peer->pdu + 20, ttt, 4);
    put(peer->pdu + 24, 0, 4);
    put(peer->pdu + 5, 8192, 3);
    feed(peer, peer->pdu, 48);
    feed(peer, pattern, 4096);
    CU_ASSERT_TRUE(bench_terminate(task, false));
    memset(task->buffer, 0x5a, sizeof task->buffer);
    CU_ASSERT_EQUAL(lq_iscsi_want(bench.target, peer->conn).size_bytes, 0);
    feed(peer, pattern, 4096);
    for (uint32_t i = 0; i < 8192; i++)
        if (task->buffer[i] != 0x5a) {
            CU_FAIL("the rest of the segment reached the buffer");
            break;
        }
    begin(peer, 0x40, 0x80, 0x44);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE(take_op(peer, 0x20)); /* framing is kept */
}

static void no_pings(struct lq_iscsi_config *config)
{
    config->nop_interval_ns = 0;
}

static void test_end_waits_for_the_peer(void)
{
    bench_make(no_pings);
    struct peer *peer = logged_in();
    uint32_t itt, ttt;
    struct bench_task *task = write_with_r2t(peer, &itt, &ttt);
    CU_ASSERT_FALSE(bench_terminate(task, true));
    data_out(peer, 0x00, itt, ttt, 0, 0, pattern, 512);
    CU_ASSERT_FALSE(task->terminated);
    data_out(peer, 0x80, itt, ttt, 1, 512, pattern, 512);
    CU_ASSERT_TRUE(task->terminated);
    CU_ASSERT_FALSE(take(peer));

    task = write_with_r2t(peer, &itt, &ttt); /* and when it never answers: a bound */
    CU_ASSERT_FALSE(bench_terminate(task, true));
    pass(29 * SECOND);
    CU_ASSERT_FALSE(task->terminated);
    pass(SECOND);
    CU_ASSERT_TRUE(task->terminated);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);

    task = write_with_r2t(peer, &itt, &ttt); /* or logs out */
    CU_ASSERT_FALSE(bench_terminate(task, true));
    task->ended = true; /* the bench's logout shall not abort it again */
    begin(peer, 0x46, 0x80, 0x700);
    put(peer->pdu + 20, 0, 4);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE(task->terminated);
    CU_ASSERT_TRUE(take_op(peer, 0x26));
    lose(peer);
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
}

static void test_draining_command_is_silenced(void)
{
    for (uint8_t function = 1; function <= 7; function++) {
        if (function == 3)
            continue;
        bench_make(NULL);
        struct peer *peer = logged_in();
        bench.asks_data = false; /* ends without its data: the status waits for the rest of it */
        bench.tm_answer = function == 1 ? LQ_TM_TASK_ABSENT : LQ_TM_COMPLETE;
        uint32_t itt = command(peer, 0x21, 4096, NULL, 0);
        struct bench_task *task = bench_newest();
        CU_ASSERT_TRUE(task->ended);
        uint32_t abort = tm(peer, function, itt, peer->cmd_sn - 1);
        CU_ASSERT_EQUAL(tm_response(peer, abort), 0);
        CU_ASSERT_TRUE(task->lost);
        data_out(peer, 0x00, itt, 0xffffffff, 0, 0, pattern, 2048);
        data_out(peer, 0x80, itt, 0xffffffff, 1, 2048, pattern, 2048);
        CU_ASSERT_FALSE(take(peer));
    }
}

static void test_unbuilt_output_is_taken_back(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    bench.asks_data = true;
    /* An R2T that the world has not pulled: its command is aborted, it never goes out. */
    begin(peer, 0x01, 0xa1, 0x300);
    put(peer->pdu + 20, 8192, 4);
    CU_ASSERT_EQUAL(lq_iscsi_feed(bench.target, peer->conn, peer->pdu, 48), 48);
    CU_ASSERT_TRUE(bench_terminate(bench_newest(), true));
    pump();
    CU_ASSERT_FALSE(take(peer));
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
}

static void test_cold_reset_closes_after_the_response(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.tm_answers = false;
    uint32_t itt = tm(peer, 7, 0xffffffff, 0);
    bench_tm_executed(&bench.tms[0], LQ_TM_COMPLETE);
    lq_iscsi_transport.close_all(bench.target, 1); /* another target: not ours */
    pump();
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);
    lq_iscsi_transport.close_all(bench.target, 0);
    pump();
    CU_ASSERT_EQUAL(tm_response(peer, itt), 0);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
    lose(peer);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_NEXUS_LOSS);
}

/* --- NOP -------------------------------------------------------------------------------------- */

static void test_ping(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    begin(peer, 0x40, 0x80, 0x11);
    send(peer, pattern, 7);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 8, 4), 0);
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0x11);
    CU_ASSERT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), 0xfffffffe);
    CU_ASSERT_EQUAL(peer->data_bytes, 7);
    CU_ASSERT_EQUAL(memcmp(peer->data, pattern, 7), 0);
    begin(peer, 0x00, 0x80, 0x12); /* not immediate: takes a CmdSN */
    peer->cmd_sn++;
    send(peer, pattern, 4000); /* longer than the initiator takes in one segment */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), 0xffffffff);
    CU_ASSERT_EQUAL(peer->data_bytes, 2048);
    begin(peer, 0x40, 0x80, 0xffffffff); /* no answer wanted */
    send(peer, NULL, 0);
    CU_ASSERT_FALSE(take(peer));
}

static void test_silence(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    pass(29 * SECOND);
    CU_ASSERT_FALSE(take(peer));
    pass(SECOND);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), peer->exp_stat_sn);
    uint32_t ttt = be(peer->got + 20, 4);
    pass(14 * SECOND);
    begin(peer, 0x40, 0x80, 0xffffffff);
    put(peer->pdu + 20, ttt, 4);
    send(peer, NULL, 0);
    pass(20 * SECOND);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);
    pass(10 * SECOND);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    pass(15 * SECOND); /* unanswered */
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_NEXUS_LOSS);
}

/* --- text ------------------------------------------------------------------------------------- */

static uint8_t *text_pdu(struct peer *peer, uint8_t flags, uint32_t itt, uint32_t ttt)
{
    begin(peer, 0x04, flags, itt);
    put(peer->pdu + 20, ttt, 4);
    peer->cmd_sn++;
    return peer->pdu;
}

static uint32_t segment_size(struct peer *peer)
{
    bench.in_bytes = bench.in_defined = 4096;
    command(peer, 0xc1, 4096, NULL, 0);
    CU_ASSERT_TRUE(take_op(peer, 0x25));
    uint32_t size = peer->data_bytes;
    while (take(peer))
        continue;
    return size;
}

static void test_text_negotiation(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    text_pdu(peer, 0x00, 0x20, 0xffffffff); /* F=0: more may follow */
    send(peer, TEXT("MaxRecvDataSegmentLength=1024"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_EQUAL(peer->got[1], 0x00);
    uint32_t ttt = be(peer->got + 20, 4);
    CU_ASSERT_NOT_EQUAL(ttt, 0xffffffff);
    CU_ASSERT_EQUAL(segment_size(peer), 2048); /* not yet */
    text_pdu(peer, 0x80, 0x20, ttt);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(segment_size(peer), 1024);

    text_pdu(peer, 0x80, 0x21, 0xffffffff); /* out of range: rejected, not used */
    send(peer, TEXT("MaxRecvDataSegmentLength=511\0X-a=b\0MaxConnections=2"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_TRUE(has_text(peer, "MaxRecvDataSegmentLength=Reject"));
    CU_ASSERT_TRUE(has_text(peer, "X-a=NotUnderstood"));
    CU_ASSERT_TRUE(has_text(peer, "MaxConnections=Reject")); /* only at login */
    CU_ASSERT_EQUAL(segment_size(peer), 1024);

    text_pdu(peer, 0x80, 0x22, 0xffffffff); /* twice */
    send(peer, TEXT("MaxRecvDataSegmentLength=512\0MaxRecvDataSegmentLength=512"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x04);
    CU_ASSERT_EQUAL(segment_size(peer), 1024);

    text_pdu(peer, 0x40, 0x23, 0xffffffff); /* C: a pair in two PDUs */
    send(peer, "MaxRecvDataSeg", 14);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_EQUAL(peer->data_bytes, 0);
    ttt = be(peer->got + 20, 4);
    text_pdu(peer, 0x80, 0x24, ttt); /* another ITT breaks it off */
    send(peer, TEXT("mentLength=4096"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    text_pdu(peer, 0x80, 0x25, 0xffffffff);
    send(peer, TEXT("MaxRecvDataSegmentLength=4096"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_EQUAL(segment_size(peer), 4096);
    text_pdu(peer, 0xc0, 0x26, 0xffffffff); /* F with C */
    send(peer, TEXT("MaxRecvDataSegmentLength=512"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(segment_size(peer), 4096);
}

static void test_send_targets_in_a_normal_session(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    text_pdu(peer, 0x80, 0x20, 0xffffffff);
    send(peer, TEXT("SendTargets=All"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_TRUE(has_text(peer, "SendTargets=Reject"));
    text_pdu(peer, 0x80, 0x21, 0xffffffff);
    send(peer, TEXT("SendTargets="));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_TRUE(has_text(peer, "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_TRUE(has_text(peer, "TargetAddress=127.0.0.1:3260,1"));
    CU_ASSERT_FALSE(has_text(peer, "TargetName=iqn.2026-11.org.example:t1"));
}

/* --- what is no request ----------------------------------------------------------------------- */

static void test_rejects(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    static const struct {
        uint8_t opcode, reason;
    } rows[] = {{0x10, 0x05}, {0x1c, 0x05}, {0x43, 0x04}, {0x3f, 0x05}, {0x0a, 0x05}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(peer, rows[i].opcode, 0x80, 0x60 + i);
        send(peer, pattern, rows[i].opcode == 0x10 ? 0 : 100);
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
        CU_ASSERT_EQUAL(peer->got[2], rows[i].reason);
        CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0xffffffff);
        CU_ASSERT_EQUAL(peer->data_bytes, 48);
        CU_ASSERT_EQUAL(memcmp(peer->data, peer->pdu, 48), 0);
    }
    begin(peer, 0x46, 0x80, 0x80); /* a logout has no data segment: format error */
    send(peer, pattern, 4);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
    CU_ASSERT_FALSE(take(peer));
}

static void test_segment_too_long(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    begin(peer, 0x40, 0x80, 0x80);
    put(peer->pdu + 5, BENCH_SEGMENT + 1, 3);
    feed(peer, peer->pdu, 48);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"functions", test_functions},
        {"answers", test_answers},
        {"abort of what is not there", test_abort_of_what_is_not_there},
        {"abort fills a hole", test_abort_fills_a_hole},
        {"abort of a held command", test_abort_of_a_held_command},
        {"abort of a function", test_abort_of_a_function},
        {"function waits for holes", test_function_waits_for_holes},
        {"late data is dropped", test_late_data_is_dropped},
        {"abort in the middle of a segment", test_abort_in_the_middle_of_a_segment},
        {"end waits for the peer", test_end_waits_for_the_peer},
        {"draining command is silenced", test_draining_command_is_silenced},
        {"unbuilt output is taken back", test_unbuilt_output_is_taken_back},
        {"cold reset closes after the response", test_cold_reset_closes_after_the_response},
        {"ping", test_ping},
        {"silence", test_silence},
        {"text negotiation", test_text_negotiation},
        {"SendTargets in a normal session", test_send_targets_in_a_normal_session},
        {"rejects", test_rejects},
        {"segment too long", test_segment_too_long},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: task management", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
