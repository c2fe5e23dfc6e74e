/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: SCSI commands, data both ways, status, the command window. */
#include "core/base/test/unit.h"
#include "proto/iscsi/test/target_bench.h"

static uint8_t pattern[32768];

static void fill_pattern(void)
{
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 11 + 3);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void test_status_alone(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt = command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench_newest()->command.tag, itt);
    CU_ASSERT_EQUAL(bench_newest()->command.lun, UINT64_C(0x0001000000000000));
    CU_ASSERT_EQUAL(bench_newest()->command.cdb_bytes, 16);
    CU_ASSERT_EQUAL(bench_newest()->cdb[0], 0x28);
    CU_ASSERT_EQUAL(bench_newest()->command.expected_in_bytes, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got, 4), 0x21800000); /* F, completed at target, GOOD */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), 0xffffffff); /* StatSN */
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), 0xffffffff); /* ExpCmdSN */
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), 0xffffffff + 15);
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 0);
    CU_ASSERT_TRUE(bench_newest()->delivered);
}

static void test_status_in_last_data_in(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.in_bytes = bench.in_defined = 9001;
    uint32_t itt = command(peer, 0xc1, 9001, NULL, 0);
    CU_ASSERT_EQUAL(bench_newest()->command.expected_in_bytes, 9001);
    uint32_t offset = 0;
    static const uint32_t sizes[] = {2048, 2048, 2048, 2048, 809}; /* sequences of 8192 */
    static const uint8_t flags[] = {0, 0, 0, 0x80, 0x81};
    for (uint32_t i = 0; i < 5; i++) {
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x25));
        CU_ASSERT_EQUAL(peer->got[1], flags[i]);
        CU_ASSERT_EQUAL(peer->data_bytes, sizes[i]);
        CU_ASSERT_EQUAL(be(peer->got + 8, 4), 0);
        CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
        CU_ASSERT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
        CU_ASSERT_EQUAL(be(peer->got + 36, 4), i);
        CU_ASSERT_EQUAL(be(peer->got + 40, 4), offset);
        CU_ASSERT_EQUAL(memcmp(peer->data, bench_newest()->buffer + offset, sizes[i]), 0);
        offset += sizes[i];
    }
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), 0xffffffff);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_TRUE(bench_newest()->delivered);
}

static void test_residuals(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.in_bytes = bench.in_defined = 36;
    command(peer, 0xc1, 4096, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x25));
    CU_ASSERT_EQUAL(peer->got[1], 0x83); /* F, U, S */
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 4060);
    bench.in_bytes = 4;
    command(peer, 0xc1, 4, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x25));
    CU_ASSERT_EQUAL(peer->got[1], 0x85); /* F, O, S */
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 32);
    bench.in_bytes = 0;
    bench.in_defined = 8;
    command(peer, 0x81, 0, NULL, 0); /* neither R nor W */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[1], 0x84);
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 8);
}

static void test_sense_and_confirmation(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    bench.confirm = true;
    command(peer, 0xc1, 512, NULL, 0);
    static const uint8_t sense[18] = {0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 1};
    struct bench_task *task = bench_newest();
    bench_end(task, LQ_CHECK_CONDITION, sense, 18);
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got, 4), 0x21820002); /* U: nothing of 512 came */
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 512);
    CU_ASSERT_EQUAL(peer->data_bytes, 20);
    CU_ASSERT_EQUAL(be(peer->data, 2), 18);
    CU_ASSERT_EQUAL(memcmp(peer->data + 2, sense, 18), 0);
    CU_ASSERT_FALSE(task->delivered); /* sent, but not acknowledged */
    begin(peer, 0x40, 0x80, 0xffffffff);
    put(peer->pdu + 28, peer->exp_stat_sn - 1, 4);
    send(peer, NULL, 0);
    CU_ASSERT_FALSE(task->delivered);
    begin(peer, 0x40, 0x80, 0xffffffff); /* ExpStatSN acknowledges */
    send(peer, NULL, 0);
    CU_ASSERT_TRUE(task->delivered);
    CU_ASSERT_FALSE(take(peer));
}

static void test_unacknowledged_status_is_asked_for(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.confirm = true;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    pass(SECOND);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20)); /* NOP-In that wants an answer */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0xffffffff);
    uint32_t ttt = be(peer->got + 20, 4);
    CU_ASSERT_NOT_EQUAL(ttt, 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), peer->exp_stat_sn); /* next StatSN, not used up */
    begin(peer, 0x40, 0x80, 0xffffffff);
    put(peer->pdu + 20, ttt, 4);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE(bench_newest()->delivered);
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    lose(peer);
    CU_ASSERT_FALSE(bench_newest()->delivered);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void test_immediate_data(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.out_defined = 4096;
    command(peer, 0xa1, 4096, pattern, 4096);
    CU_ASSERT_EQUAL(bench_newest()->command.immediate_bytes, 4096);
    CU_ASSERT_EQUAL(memcmp(bench_newest()->buffer, pattern, 4096), 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got, 4), 0x21800000);
}

static uint32_t take_r2t(struct peer *peer, uint32_t itt, uint32_t sn, uint32_t offset,
                         uint32_t bytes)
{
    if (!take_op(peer, 0x31))
        return 0;
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 8, 4), 0x00010000); /* LUN of the command */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
    CU_ASSERT_NOT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), peer->exp_stat_sn);
    CU_ASSERT_EQUAL(be(peer->got + 36, 4), sn);
    CU_ASSERT_EQUAL(be(peer->got + 40, 4), offset);
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), bytes);
    CU_ASSERT_EQUAL(peer->data_bytes, 0);
    return be(peer->got + 20, 4);
}

static void test_solicited_data(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.out_defined = 20000;
    uint32_t itt = command(peer, 0xa1, 20000, NULL, 0);
    uint32_t first = take_r2t(peer, itt, 0, 0, 8192);
    uint32_t second = take_r2t(peer, itt, 1, 8192, 8192);
    CU_ASSERT_FALSE(take(peer)); /* MaxOutstandingR2T is 2 */
    CU_ASSERT_NOT_EQUAL(first, second);
    data_out(peer, 0x00, itt, first, 0, 0, pattern, 4096);
    data_out(peer, 0x00, itt, first, 1, 4096, NULL, 0); /* an empty one is no error */
    data_out(peer, 0x80, itt, first, 2, 4096, pattern + 4096, 4096);
    uint32_t third = take_r2t(peer, itt, 2, 16384, 3616);
    data_out(peer, 0x80, itt, second, 0, 8192, pattern + 8192, 8192);
    data_out(peer, 0x00, itt, third, 0, 16384, pattern + 16384, 3615);
    CU_ASSERT_FALSE(bench_newest()->filled);
    data_out(peer, 0x80, itt, third, 1, 19999, pattern + 19999, 1);
    CU_ASSERT_TRUE(bench_newest()->filled);
    CU_ASSERT_EQUAL(bench_newest()->filled_bytes, 20000);
    CU_ASSERT_EQUAL(memcmp(bench_newest()->buffer, pattern, 20000), 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got, 4), 0x21800000);
    CU_ASSERT_EQUAL(be(peer->got + 36, 4), 3); /* ExpDataSN: R2Ts are counted */
    /* The tag is of no use any more: [RFC 7143 11.17.1] note 2. */
    data_out(peer, 0x80, itt, third, 0, 0, pattern, 512);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x09);
}

static void test_unsolicited_data(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt = command(peer, 0x21, 6000, pattern, 1000); /* F=0: more follows unasked */
    CU_ASSERT_EQUAL(bench_newest()->command.unsolicited_bytes, 3096);
    CU_ASSERT_FALSE(take(peer));
    data_out(peer, 0x00, itt, 0xffffffff, 0, 1000, pattern + 1000, 2000);
    data_out(peer, 0x80, itt, 0xffffffff, 1, 3000, pattern + 3000, 1096);
    uint32_t ttt = take_r2t(peer, itt, 0, 4096, 1904);
    data_out(peer, 0x80, itt, ttt, 0, 4096, pattern + 4096, 1904);
    CU_ASSERT_EQUAL(bench_newest()->filled_bytes, 6000);
    CU_ASSERT_EQUAL(memcmp(bench_newest()->buffer, pattern, 6000), 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
}

static void expect_short(struct peer *peer)
{
    CU_ASSERT_TRUE(bench_newest()->filled);
    CU_ASSERT(bench_newest()->filled_bytes < bench_newest()->command.expected_out_bytes);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[3], 2);
    CU_ASSERT_FALSE(take(peer));
}

static void test_data_out_of_sequence(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt = command(peer, 0xa1, 8192, NULL, 0);
    uint32_t ttt = take_r2t(peer, itt, 0, 0, 8192);
    data_out(peer, 0x00, itt, ttt, 1, 0, pattern, 4096); /* DataSN should be 0 */
    CU_ASSERT_FALSE(take(peer)); /* nothing before the last of the sequence */
    data_out(peer, 0x80, itt, ttt, 2, 4096, pattern, 4096);
    expect_short(peer);

    itt = command(peer, 0xa1, 8192, NULL, 0); /* offset */
    ttt = take_r2t(peer, itt, 0, 0, 8192);
    data_out(peer, 0x80, itt, ttt, 0, 512, pattern, 4096);
    expect_short(peer);

    itt = command(peer, 0xa1, 4096, NULL, 0); /* beyond what was asked for */
    ttt = take_r2t(peer, itt, 0, 0, 4096);
    bench_newest()->buffer[4096] = 0xee;
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 8192);
    CU_ASSERT_EQUAL(bench_newest()->buffer[4096], 0xee);
    expect_short(peer);

    itt = command(peer, 0xa1, 8192, NULL, 0); /* less */
    ttt = take_r2t(peer, itt, 0, 0, 8192);
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 4096);
    expect_short(peer);

    itt = command(peer, 0x21, 8192, NULL, 0); /* less unsolicited data than FirstBurstLength */
    data_out(peer, 0x80, itt, 0xffffffff, 0, 0, pattern, 512);
    expect_short(peer);
}

static void expect_unexpected_data(struct peer *peer)
{
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[3], 2);
    CU_ASSERT_EQUAL(peer->data[2 + 2], 0x0b); /* [RFC 7143 11.4.7.2] */
    CU_ASSERT_EQUAL(be(peer->data + 2 + 12, 2), 0x0c0c);
}

static void test_unexpected_unsolicited_data(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    command(peer, 0xa1, 8192, pattern, 4100); /* beyond FirstBurstLength */
    expect_unexpected_data(peer);
    command(peer, 0xa1, 512, pattern, 1024); /* beyond the expected length */
    expect_unexpected_data(peer);
    command(peer, 0xc1, 512, pattern, 512); /* a read */
    expect_unexpected_data(peer);
    CU_ASSERT_EQUAL(bench.task_count, 0);

    bench_make(NULL);
    peer = bench_accept();
    CU_ASSERT_EQUAL_FATAL(login(peer, TEXT("ImmediateData=No\0InitialR2T=Yes")), 0);
    command(peer, 0xa1, 512, pattern, 512);
    expect_unexpected_data(peer);
    uint32_t itt = command(peer, 0x21, 512, NULL, 0);
    CU_ASSERT_FALSE(take(peer)); /* the response waits for the last of the data */
    data_out(peer, 0x80, itt, 0xffffffff, 0, 0, pattern, 512);
    expect_unexpected_data(peer);
    itt = command(peer, 0xa1, 512, NULL, 0); /* and the session goes on */
    uint32_t ttt = take_r2t(peer, itt, 0, 0, 512);
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 512);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[3], 0);
}

static void test_refused_command_is_drained(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.asks_data = false; /* ended without having asked for its data */
    uint32_t itt = command(peer, 0x21, 4096, NULL, 0);
    CU_ASSERT_FALSE(take(peer));
    data_out(peer, 0x00, itt, 0xffffffff, 0, 0, pattern, 2048);
    data_out(peer, 0x80, itt, 0xffffffff, 1, 2048, pattern, 2048);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    bench.refuse_commands = true;
    itt = command(peer, 0x21, 4096, NULL, 0);
    data_out(peer, 0x80, itt, 0xffffffff, 0, 0, pattern, 4096);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[3], 8); /* BUSY */
    CU_ASSERT_FALSE(take(peer));
}

static void test_data_timeout(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt = command(peer, 0xa1, 8192, NULL, 0);
    uint32_t ttt = take_r2t(peer, itt, 0, 0, 8192);
    pass(20 * SECOND);
    data_out(peer, 0x00, itt, ttt, 0, 0, pattern, 512);
    pass(20 * SECOND); /* there was progress in between */
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);
    pass(10 * SECOND);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_NEXUS_LOSS);
}

static void test_want_names_the_task_buffer(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t itt = command(peer, 0xa1, 4096, NULL, 0);
    uint32_t ttt = take_r2t(peer, itt, 0, 0, 4096);
    begin(peer, 0x05, 0x80, itt);
    put(peer->pdu + 20, ttt, 4);
    put(peer->pdu + 36, 0, 8);
    put(peer->pdu + 5, 4096, 3);
    CU_ASSERT_EQUAL(lq_iscsi_want(bench.target, peer->conn).size_bytes, 0);
    feed(peer, peer->pdu, 48);
    feed(peer, pattern, 1000);
    struct lq_span span = lq_iscsi_want(bench.target, peer->conn);
    CU_ASSERT_EQUAL(span.bytes, bench_newest()->buffer + 1000);
    CU_ASSERT_EQUAL(span.size_bytes, 3096);
    memcpy(span.bytes, pattern + 1000, span.size_bytes);
    feed(peer, span.bytes, span.size_bytes);
    CU_ASSERT_EQUAL(bench_newest()->filled_bytes, 4096);
    CU_ASSERT_EQUAL(memcmp(bench_newest()->buffer, pattern, 4096), 0);
}

/* --- extended CDB, attributes ----------------------------------------------------------------- */

static void test_ahs(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    static const uint8_t attributes[] = {LQ_SIMPLE, LQ_SIMPLE, LQ_ORDERED, LQ_HEAD_OF_QUEUE,
                                         LQ_ACA};
    for (uint8_t i = 0; i < 5; i++) {
        command(peer, 0x80 | i, 0, NULL, 0);
        CU_ASSERT_EQUAL(bench_newest()->command.attribute, attributes[i]);
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    }
    command(peer, 0x87, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x09);

    /* A 32-byte CDB and a bidirectional read length [RFC 7143 11.2.2.3, 11.2.2.4]. */
    uint8_t whole[48 + 20 + 8];
    begin(peer, 0x01, 0xe1, peer->itt++);
    peer->cmd_sn++;
    peer->pdu[4] = 7; /* TotalAHSLength in words */
    put(peer->pdu + 20, 0, 4);
    memset(peer->pdu + 32, 0x7f, 16);
    memcpy(whole, peer->pdu, 48);
    memset(whole + 48, 0, 28);
    put(whole + 48, 17, 2);
    whole[50] = 1;
    for (uint8_t i = 0; i < 16; i++)
        whole[52 + i] = (uint8_t)(0xc0 + i);
    put(whole + 68, 5, 2);
    whole[70] = 2;
    put(whole + 72, 1234, 4);
    feed(peer, whole, sizeof whole);
    CU_ASSERT_EQUAL(bench_newest()->command.cdb_bytes, 32);
    CU_ASSERT_EQUAL(bench_newest()->cdb[15], 0x7f);
    CU_ASSERT_EQUAL(bench_newest()->cdb[16], 0xc0);
    CU_ASSERT_EQUAL(bench_newest()->cdb[31], 0xcf);
    CU_ASSERT_EQUAL(bench_newest()->command.expected_in_bytes, 1234);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));

    /* One that runs over its end is a format error: the connection ends [RFC 7143 7.7]. */
    put(whole + 16, peer->itt++, 4);
    put(whole + 24, peer->cmd_sn, 4);
    put(whole + 68, 6, 2);
    feed(peer, whole, sizeof whole);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
    CU_ASSERT_FALSE(take(peer));
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void test_window(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    for (uint32_t i = 0; i < 16; i++)
        command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 16);
    command(peer, 0x81, 0, NULL, 0); /* beyond MaxCmdSN: ignored */
    CU_ASSERT_EQUAL(bench.task_count, 16);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).ignored_out_of_window, 1);
    begin(peer, 0x40, 0x80, 0x55); /* a ping shows the window */
    send(peer, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), 0xfffffffe + 16);
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), 0xfffffffe + 15); /* shut: MaxCmdSN = ExpCmdSN - 1 */
    begin(peer, 0x41, 0x81, 0x56); /* immediate commands need no room in the window */
    put(peer->pdu + 20, 0, 4);
    send(peer, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 17);
    bench_end(&bench.tasks[3], LQ_GOOD, NULL, 0);
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), 0xfffffffe + 16);
    peer->cmd_sn--;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 18);
}

static void test_shut_window_is_announced(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.tasks_free = 0; /* others use the engine up */
    for (uint32_t i = 0; i < 15; i++) {
        command(peer, 0x81, 0, NULL, 0);
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    }
    command(peer, 0x81, 0, NULL, 0); /* the last that the old window has */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), be(peer->got + 28, 4) - 1);
    pump();
    CU_ASSERT_FALSE(take(peer));
    bench.tasks_free = 5;
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20)); /* ITT and TTT ffffffffh: no answer wanted */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), peer->exp_stat_sn);
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), be(peer->got + 28, 4) + 4);
}

static void test_duplicates_and_retries(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    uint32_t itt = command(peer, 0xa1, 8192, NULL, 0);
    uint32_t ttt = take_r2t(peer, itt, 0, 0, 8192);
    peer->itt--;
    peer->cmd_sn--;
    command(peer, 0xa1, 8192, NULL, 0); /* a retry of the same: dropped */
    CU_ASSERT_EQUAL(bench.task_count, 1);
    CU_ASSERT_FALSE(take(peer));
    peer->itt--;
    command(peer, 0xa1, 8192, NULL, 0); /* the tag in use with another CmdSN */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x07);
    bench.ends_good = true;
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 8192);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    peer->cmd_sn -= 2;
    command(peer, 0x81, 0, NULL, 0); /* an old CmdSN: ignored */
    CU_ASSERT_EQUAL(bench.task_count, 1);
    CU_ASSERT_FALSE(take(peer));
    peer->cmd_sn++;
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
}

static void test_holes(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.out_defined = 512;
    uint32_t first = peer->cmd_sn;
    peer->cmd_sn = first + 2;
    uint32_t third = command(peer, 0xa1, 512, NULL, 0);
    peer->cmd_sn = first + 1;
    uint32_t second = command(peer, 0x82, 0, NULL, 0);
    peer->cmd_sn = first + 1;
    command(peer, 0x81, 0, NULL, 0); /* the same number again: ignored */
    begin(peer, 0x00, 0x80, 0x99);   /* a ping behind them */
    put(peer->pdu + 24, first + 3, 4);
    send(peer, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 0);
    CU_ASSERT_FALSE(take(peer));
    peer->cmd_sn = first;
    uint32_t hole = command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 3);
    CU_ASSERT_EQUAL(bench.tasks[0].command.tag, hole);
    CU_ASSERT_EQUAL(bench.tasks[1].command.tag, second);
    CU_ASSERT_EQUAL(bench.tasks[1].command.attribute, LQ_ORDERED);
    CU_ASSERT_EQUAL(bench.tasks[2].command.tag, third);
    CU_ASSERT(bench.tasks[0].command.order_stamp < bench.tasks[1].command.order_stamp);
    CU_ASSERT(bench.tasks[1].command.order_stamp < bench.tasks[2].command.order_stamp);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    uint32_t ttt = take_r2t(peer, third, 0, 0, 512);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), first + 4);
    data_out(peer, 0x80, third, ttt, 0, 0, pattern, 512);
    CU_ASSERT_EQUAL(memcmp(bench.tasks[2].buffer, pattern, 512), 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
}

static void test_many_pings_behind_a_hole(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    uint32_t first = peer->cmd_sn;
    for (uint32_t i = 1; i < 15; i++) {
        begin(peer, i < 8 ? 0x00 : 0x04, 0x80, 0x500 + i); /* NOP-Out and text */
        put(peer->pdu + 24, first + i, 4);
        send(peer, NULL, 0);
    }
    CU_ASSERT_FALSE(take(peer));
    command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20)); /* one is remembered; for others the hole is left */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0x501);
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), first + 2);
    CU_ASSERT_FALSE(take(peer));
}

static void few_tasks(struct lq_iscsi_config *config)
{
    config->limits.tasks = 2;
}

static void test_no_slot(void)
{
    bench_make(few_tasks);
    struct peer *peer = logged_in();
    struct peer *other = bench_accept();
    send_login(other, 0x87, TEXT("InitiatorName=iqn.2026-11.org.example:other\0"
                                 "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_TRUE_FATAL(take_op(other, 0x23));
    bench.ends_good = false;
    command(peer, 0x81, 0, NULL, 0);
    command(peer, 0x81, 0, NULL, 0);
    command(other, 0xc1, 512, NULL, 0); /* inside its window, but all slots are gone */
    CU_ASSERT_TRUE_FATAL(take_op(other, 0x21));
    CU_ASSERT_EQUAL(be(other->got, 4), 0x21820008);
    CU_ASSERT_EQUAL(be(other->got + 44, 4), 512);
    begin(other, 0x41, 0x81, 0x200); /* one immediate command and one TM function have a place */
    put(other->pdu + 20, 0, 4);
    send(other, NULL, 0);
    CU_ASSERT_EQUAL(bench.task_count, 3);
    begin(other, 0x41, 0x81, 0x201);
    put(other->pdu + 20, 0, 4);
    send(other, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(other, 0x3f));
    CU_ASSERT_EQUAL(other->got[2], 0x06);
    tm(other, 5, 0xffffffff, 0);
    CU_ASSERT_TRUE_FATAL(take_op(other, 0x22));
    CU_ASSERT_EQUAL(other->got[2], 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"status alone", test_status_alone},
        {"status in last Data-In", test_status_in_last_data_in},
        {"residuals", test_residuals},
        {"sense and confirmation", test_sense_and_confirmation},
        {"unacknowledged status is asked for", test_unacknowledged_status_is_asked_for},
        {"immediate data", test_immediate_data},
        {"solicited data", test_solicited_data},
        {"unsolicited data", test_unsolicited_data},
        {"data out of sequence", test_data_out_of_sequence},
        {"unexpected unsolicited data", test_unexpected_unsolicited_data},
        {"refused command is drained", test_refused_command_is_drained},
        {"data timeout", test_data_timeout},
        {"want names the task's buffer", test_want_names_the_task_buffer},
        {"AHS", test_ahs},
        {"window", test_window},
        {"shut window is announced", test_shut_window_is_announced},
        {"duplicates and retries", test_duplicates_and_retries},
        {"holes", test_holes},
        {"many pings behind a hole", test_many_pings_behind_a_hole},
        {"no slot", test_no_slot},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: commands", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    fill_pattern();
    return lq_unit_run(suites);
}
