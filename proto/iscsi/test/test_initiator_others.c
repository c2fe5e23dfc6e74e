/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint: other requests, and what it catches targets in. */
#include "proto/iscsi/test/byte_target.h"

/* --- task management, logout, NOP --------------------------------------------------------- */

static void test_abort_task_names_its_task(void)
{
    log_in();
    uint32_t itt = start(read_command(1, 512));
    struct lq_iscsi_initiator_command waiting = read_command(2, 0);
    struct lq_iscsi_initiator_tm tm = {.id = 3,
                                       .function = 1,
                                       .immediate = true,
                                       .lun = UINT64_C(0x0001000000000000),
                                       .referenced_id = 1};
    CU_ASSERT_TRUE(lq_iscsi_initiator_tm(ini, &tm));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_EQUAL(pdu[0], 0x42);
    CU_ASSERT_EQUAL(pdu[1], 0x81);
    CU_ASSERT_EQUAL(be(pdu + 8, 4), 0x00010000);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), itt);
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(pdu + 32, 4), 0xfffffffe); /* RefCmdSN */
    uint32_t tm_itt = be(pdu + 16, 4);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT) && event.id == 3);
    begin(0x22, 0x80, tm_itt);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_TM_DONE) && event.id == 3 && event.code == 0);
    /* What was not sent cannot be referred to. */
    CU_ASSERT_TRUE(lq_iscsi_initiator_command(ini, &waiting));
    tm.id = 4;
    tm.referenced_id = 2;
    CU_ASSERT_FALSE(lq_iscsi_initiator_tm(ini, &tm));
    tm.referenced_id = 77;
    CU_ASSERT_FALSE(lq_iscsi_initiator_tm(ini, &tm));
    /* The aborted command is known until the caller says otherwise. */
    CU_ASSERT_FALSE(lq_iscsi_initiator_forget(ini, 1));
    data_in(itt, 0x80, 0, 0, 512, 1);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG));
}

static void test_abort_of_an_immediate_command(void)
{
    log_in();
    struct lq_iscsi_initiator_command command = read_command(1, 512);
    command.immediate = true;
    uint32_t itt = start(command);
    CU_ASSERT_TRUE(pdu[0] == 0x41 && be(pdu + 24, 4) == 0xfffffffe);
    (void)start(read_command(2, 0)); /* takes the same CmdSN */
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xfffffffe);
    struct lq_iscsi_initiator_tm tm = {
        .id = 3, .function = 1, .immediate = true, .referenced_id = 1};
    CU_ASSERT_TRUE(lq_iscsi_initiator_tm(ini, &tm));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), itt);
    CU_ASSERT_EQUAL(be(pdu + 32, 4), be(pdu + 24, 4)); /* RefCmdSN is the function's CmdSN */
}

static void test_abandoned_command_still_sends_and_is_silent(void)
{
    log_in_small();
    struct lq_iscsi_initiator_command command = write_command(21, 3048);
    command.hold_data_out = true;
    command.unsolicited_bytes = 0;
    uint32_t itt = start(command);
    r2t(itt, 0x42, 0, 1024, 2024);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T));
    CU_ASSERT_TRUE(lq_iscsi_initiator_abandon(ini, 21));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_state(ini).abandoned, 1);
    CU_ASSERT_EQUAL(receive(), -1);
    lq_iscsi_initiator_release_data(ini, 21);
    CU_ASSERT_TRUE(receive() == 1024 && be(pdu + 20, 4) == 0x42);
    CU_ASSERT_TRUE(receive() == 1000 && pdu[1] == 0x80);
    CU_ASSERT_TRUE(no_event());
    respond(itt, 0x40); /* TASK ABORTED arrives after all */
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_DATA_RELEASED) && event.id == 21);
    CU_ASSERT_TRUE(no_event());
}

static void test_logout(void)
{
    log_in();
    CU_ASSERT_TRUE(lq_iscsi_initiator_logout(ini, 9, 0, 0, false));
    struct lq_iscsi_initiator_command late = read_command(1, 0);
    CU_ASSERT_TRUE(lq_iscsi_initiator_command(ini, &late));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_TRUE(pdu[0] == 0x06 && pdu[1] == 0x80);
    uint32_t itt = be(pdu + 16, 4);
    CU_ASSERT_EQUAL(receive(), -1); /* nothing goes out behind a logout */
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    exp_cmd_sn++;
    begin(0x26, 0x80, itt);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGOUT_DONE) && event.id == 9 && event.code == 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 0);
    CU_ASSERT_TRUE(no_event());
    CU_ASSERT_FALSE(lq_iscsi_initiator_logout(ini, 10, 0, 0, false));
}

static void test_nop_both_ways(void)
{
    log_in();
    CU_ASSERT_TRUE(lq_iscsi_initiator_ping(ini, 5, (const uint8_t *)"hello", 5, true));
    CU_ASSERT_EQUAL(receive(), 5);
    CU_ASSERT_TRUE(pdu[0] == 0x40 && be(pdu + 20, 4) == 0xffffffff);
    uint32_t itt = be(pdu + 16, 4);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    begin(0x20, 0x80, itt);
    put(pdu + 20, 0xffffffff, 4);
    send_status_pdu("hello", 5);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_NOP_DONE) && event.id == 5);
    CU_ASSERT_TRUE(no_event());

    begin(0x20, 0x80, 0xffffffff); /* the target asks; StatSN is not taken */
    put(pdu + 8, 0x00010000, 4);
    put(pdu + 20, 0x99, 4);
    send(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_NOP_ASKED));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_TRUE(pdu[0] == 0x40 && be(pdu + 16, 4) == 0xffffffff && be(pdu + 20, 4) == 0x99);
    CU_ASSERT_EQUAL(be(pdu + 8, 4), 0x00010000);

    begin(0x20, 0x80, 0xffffffff); /* only tells numbers: no answer */
    put(pdu + 20, 0xffffffff, 4);
    send(NULL, 0);
    CU_ASSERT_TRUE(no_event());
    CU_ASSERT_EQUAL(receive(), -1);

    CU_ASSERT_TRUE(lq_iscsi_initiator_ping(ini, 6, (const uint8_t *)"hello", 5, false));
    CU_ASSERT_EQUAL(receive(), 5);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    exp_cmd_sn++;
    begin(0x20, 0x80, be(pdu + 16, 4));
    put(pdu + 20, 0xffffffff, 4);
    send_status_pdu("hellp", 5);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_ECHO));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_NOP_DONE));
}

static void test_reject_names_what_was_rejected(void)
{
    log_in();
    struct lq_iscsi_initiator_tm tm = {.id = 3, .function = 12, .immediate = true};
    CU_ASSERT_TRUE(lq_iscsi_initiator_tm(ini, &tm));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    uint8_t bad[48];
    memcpy(bad, pdu, 48);
    begin(0x3f, 0x80, 0xffffffff);
    pdu[2] = 0x05;
    send_status_pdu(bad, 48);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_REJECTED) && event.code == 5 && event.id == 3);
    CU_ASSERT_EQUAL(memcmp(event.header, bad, 48), 0);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_look(ini, 3).place, LQ_ISCSI_I_UNKNOWN);
    begin(0x3f, 0x80, 0xffffffff);
    send_status_pdu(bad, 47);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_SEGMENT_LENGTH));
}

static void test_async_message(void)
{
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 6};
    log_in();
    begin(0x32, 0x80, 0xffffffff);
    put(pdu + 8, 0x00020000, 4);
    send_status_pdu(sense, 20);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_ASYNC) && event.code == 0);
    CU_ASSERT_TRUE(event.lun == UINT64_C(0x0002000000000000) && event.sense_bytes == 18);
    begin(0x32, 0x80, 0xffffffff);
    pdu[36] = 1;
    put(pdu + 42, 10, 2);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_ASYNC) && event.code == 1 && event.header[43] == 10);
    CU_ASSERT_TRUE(no_event());
}

static void test_raw_bytes_go_out_and_their_answers_are_told(void)
{
    log_in();
    uint8_t bytes[48] = {0x50}; /* SNACK, immediate */
    put(bytes + 16, 0x1234, 4);
    CU_ASSERT_TRUE(lq_iscsi_initiator_raw(ini, 8, 0x1234, bytes, 48));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_EQUAL(memcmp(pdu, bytes, 48), 0);
    begin(0x21, 0x80, 0x1234);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_RAW_ANSWER) && event.id == 8 && event.header[0] == 0x21);
    CU_ASSERT_FALSE(lq_iscsi_initiator_forget(ini, 8));
    begin(0x21, 0x80, 0x1234);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG));
}

static void test_silence_ends_in_a_timeout(void)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.answer_timeout_ns = 100;
    env.now_ns = 0;
    make(&config);
    log_in_with(login_request(), TEXT(full_answer));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), LQ_NEVER);
    env.now_ns = 50;
    uint32_t itt = start(read_command(1, 512));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), 150);
    env.now_ns = 120;
    data_in(itt, 0x80, 0, 0, 512, 0);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), 220);
    env.now_ns = 220;
    lq_iscsi_initiator_expire(ini);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 2);
}

/* --- what targets do wrong ---------------------------------------------------------------- */

static void test_catches_wrong_numbers(void)
{
    log_in();
    uint32_t itt = start(read_command(1, 0));
    stat_sn++; /* one is left out */
    respond(itt, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_STAT_SN));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    itt = start(read_command(2, 0));
    stat_sn--; /* one is used twice */
    respond(itt, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_STAT_SN));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    itt = start(read_command(3, 0));
    exp_cmd_sn++; /* what was never sent */
    respond(itt, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_EXP_CMD_SN));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    exp_cmd_sn--;
    itt = start(read_command(4, 0));
    max_cmd_sn = exp_cmd_sn - 2;
    respond(itt, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_MAX_CMD_SN));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_TRUE(no_event());
}

static void test_catches_wrong_tags_and_kinds(void)
{
    log_in();
    uint32_t itt = start(read_command(1, 512));
    respond(itt + 1, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG));
    data_in(itt + 1, 0x80, 0, 0, 512, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG));
    r2t(itt + 1, 1, 0, 0, 512);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG));
    begin(0x22, 0x80, itt); /* a TM response */
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_ANSWER_KIND));
    begin(0x01, 0x80, itt); /* an initiator's opcode */
    send(NULL, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_OPCODE));
    begin(0x3c, 0x80, itt); /* a vendor's */
    send("some data", 9);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_OPCODE));
    begin(0x23, 0x80, itt); /* login is over */
    send(NULL, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_OPCODE));
    CU_ASSERT_TRUE(no_event());
    data_in(itt, 0x81, 0, 0, 512, 0); /* and yet the command is fine */
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.id == 1);
}

static void test_catches_wrong_data_in(void)
{
    log_in();
    uint32_t itt = start(read_command(1, 1024));
    data_in(itt, 0x00, 1, 0, 512, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_DATA_SN));
    data_in(itt, 0x00, 2, 0, 512, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_BUFFER_OFFSET)); /* again from 0 */
    data_in(itt, 0x00, 3, 512, 513, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_BUFFER_OFFSET)); /* beyond the expected length */
    data_in(itt, 0xc0, 4, 1025, 0, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_BUFFER_OFFSET));
    data_in(itt, 0x01, 5, 1024, 0, 0); /* S without F; then the length is wrong too */
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_BUFFER_OFFSET) ||
                   event.code == LQ_ISCSI_I_ERROR_STATUS_IN_DATA);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));

    itt = start(read_command(2, 512));
    begin(0x25, 0x81, itt);
    pdu[3] = 0x02; /* CHECK CONDITION cannot come in Data-In */
    send_status_pdu(in_buffer, 512);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_STATUS_IN_DATA));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));

    itt = start(write_command(3, 512));
    data_in(itt, 0x80, 0, 0, 4, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_DATA_UNASKED));

    itt = start(read_command(4, 512));
    begin(0x25, 0x80, itt);
    pdu[4] = 1;
    put(pdu + 5, 0, 3);
    feed(pdu, 52);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_AHS));
    CU_ASSERT_TRUE(no_event());
}

static void test_catches_wrong_r2t(void)
{
    log_in_small();
    struct lq_iscsi_initiator_command command = write_command(1, 16384);
    command.immediate_bytes = command.unsolicited_bytes = 0;
    command.hold_data_out = true;
    uint32_t itt = start(command);
    static const struct {
        uint32_t ttt, r2t_sn, offset, size, error;
    } steps[] = {
        {1, 0, 0, 0, LQ_ISCSI_I_ERROR_BURST},
        {1, 1, 0, 512, LQ_ISCSI_I_ERROR_DATA_SN},
        {2, 2, 0, 512, LQ_ISCSI_I_ERROR_R2T_UNASKED}, /* the same bytes again */
        {3, 3, 512, 512, LQ_ISCSI_I_ERROR_R2T_OUTSTANDING},
        {4, 4, 16384, 1, LQ_ISCSI_I_ERROR_R2T_UNASKED},
        {4, 4, 0xffffffff, 0xffffffff, LQ_ISCSI_I_ERROR_R2T_UNASKED},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        r2t(itt, steps[i].ttt, steps[i].r2t_sn, steps[i].offset, steps[i].size);
        CU_ASSERT_TRUE(error(steps[i].error));
        while (!no_event())
            CU_ASSERT_EQUAL(event.kind, LQ_ISCSI_I_EVENT_R2T);
    }
    command.id = 2;
    itt = start(command);
    r2t(itt, 1, 0, 0, 4097);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_BURST));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T));
    r2t(itt, 1, 1, 4097, 512);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TARGET_TAG));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T));
    command.id = 3;
    itt = start(command);
    r2t(itt, 0xffffffff, 0, 0, 512);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TARGET_TAG));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T));
    itt = start(read_command(4, 512));
    r2t(itt, 1, 0, 0, 512);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_R2T_UNASKED));
}

static void test_catches_wrong_residuals_and_sense(void)
{
    static const struct {
        uint8_t flags, response, status;
        uint32_t residual, error;
    } steps[] = {
        {0x86, 0, 0, 0, LQ_ISCSI_I_ERROR_RESIDUAL},   /* O and U */
        {0x82, 0, 8, 513, LQ_ISCSI_I_ERROR_RESIDUAL}, /* more left than expected */
        {0x82, 1, 0, 512, LQ_ISCSI_I_ERROR_RESIDUAL}, /* with a response other than 0 */
        {0x80, 0, 0, 0, LQ_ISCSI_I_ERROR_RESIDUAL},   /* GOOD, and no data came */
        {0x80, 0, 2, 0, LQ_ISCSI_I_ERROR_SENSE},      /* CHECK CONDITION without sense */
        {0x00, 0, 8, 0, LQ_ISCSI_I_ERROR_FIELD},      /* bit 7 is 1 */
    };
    log_in();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        uint32_t itt = start(read_command(i + 1, 512));
        begin(0x21, steps[i].flags, itt);
        pdu[2] = steps[i].response;
        pdu[3] = steps[i].status;
        put(pdu + 44, steps[i].residual, 4);
        send_status_pdu(NULL, 0);
        CU_ASSERT_TRUE(error(steps[i].error));
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    }
    static const uint8_t sense[6] = {0, 18, 0x70, 0, 6, 0}; /* says 18, has 4 */
    uint32_t itt = start(read_command(90, 512));
    begin(0x21, 0x80, itt);
    pdu[3] = 2;
    send_status_pdu(sense, 6);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_SENSE));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.sense_bytes == 4);
}

static void test_catches_too_long_segments(void)
{
    log_in();
    uint32_t itt = start(read_command(1, 65536));
    static uint8_t data[65536];
    begin(0x25, 0x80, itt);
    send(data, 8193);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_SEGMENT_LENGTH));
    begin(0x26, 0x80, itt); /* a logout response has no data at all, and no more room is there */
    send_status_pdu(data, 40000);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_SEGMENT_LENGTH));
    respond(itt, 8);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_DATA_SN)); /* ExpDataSN 0, and one came */
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.in_bytes == 8193);
}

static void test_every_error_has_a_text(void)
{
    for (uint32_t code = 0; code < LQ_ISCSI_I_ERRORS; code++)
        CU_ASSERT_STRING_NOT_EQUAL(lq_iscsi_initiator_error_text(code), "?");
    CU_ASSERT_STRING_EQUAL(lq_iscsi_initiator_error_text(LQ_ISCSI_I_ERRORS), "?");
}

int main(void)
{
    CU_TestInfo others[] = {
        {"abort task names its task", test_abort_task_names_its_task},
        {"abort of an immediate command", test_abort_of_an_immediate_command},
        {"abandoned command still sends", test_abandoned_command_still_sends_and_is_silent},
        {"logout", test_logout},
        {"NOP both ways", test_nop_both_ways},
        {"reject names what was rejected", test_reject_names_what_was_rejected},
        {"async message", test_async_message},
        {"raw bytes", test_raw_bytes_go_out_and_their_answers_are_told},
        {"silence ends in a timeout", test_silence_ends_in_a_timeout},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo errors[] = {
        {"wrong numbers", test_catches_wrong_numbers},
        {"wrong tags and kinds", test_catches_wrong_tags_and_kinds},
        {"wrong Data-In", test_catches_wrong_data_in},
        {"wrong R2T", test_catches_wrong_r2t},
        {"wrong residuals and sense", test_catches_wrong_residuals_and_sense},
        {"too long segments", test_catches_too_long_segments},
        {"every error has a text", test_every_error_has_a_text},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"other requests", NULL, NULL, NULL, NULL, others},
        {"what targets do wrong", NULL, NULL, NULL, NULL, errors},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
