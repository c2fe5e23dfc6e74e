/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint: reading, writing, the command window. */
#include "proto/iscsi/test/byte_target.h"

/* --- reading ------------------------------------------------------------------------------ */

static void test_read(void)
{
    log_in();
    memset(in_buffer, 0xcc, sizeof in_buffer);
    struct lq_iscsi_initiator_command command = read_command(11, 1024);
    command.attribute = LQ_ORDERED;
    uint32_t itt = start(command);
    CU_ASSERT_EQUAL(itt, 0xfffffff1);
    CU_ASSERT_EQUAL(pdu[0], 0x01);
    CU_ASSERT_EQUAL(pdu[1], 0xc2); /* F, R, ordered */
    CU_ASSERT_EQUAL(be(pdu + 8, 4), 0x00010000);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 1024);
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xfffffffe);
    CU_ASSERT_EQUAL(be(pdu + 28, 4), 0); /* ExpStatSN wrapped: ffffffff was the login's */
    CU_ASSERT_EQUAL(memcmp(pdu + 32, read_cdb, 10), 0);
    CU_ASSERT_EQUAL(event.cmd_sn, 0xfffffffe);
    data_in(itt, 0x00, 0, 0, 512, 1);
    CU_ASSERT_TRUE(no_event());
    data_in(itt, 0x81, 1, 512, 512, 2); /* F, S */
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_EQUAL(event.id, 11);
    CU_ASSERT_EQUAL(event.status, 0);
    CU_ASSERT_EQUAL(event.in_bytes, 1024);
    CU_ASSERT_FALSE(event.underflow || event.overflow || event.data_out_in_use);
    CU_ASSERT_TRUE(in_buffer[0] == 1 && in_buffer[511] == 1 && in_buffer[512] == 2);
    CU_ASSERT_TRUE(in_buffer[1023] == 2 && in_buffer[1024] == 0xcc);
    CU_ASSERT_TRUE(no_event());
    CU_ASSERT_EQUAL(lq_iscsi_initiator_state(ini).requests, 0);
}

static void test_read_ends_with_sense_and_residual(void)
{
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11};
    log_in();
    uint32_t itt = start(read_command(11, 2048));
    data_in(itt, 0x80, 0, 0, 512, 1);
    begin(0x21, 0x82, itt); /* underflow */
    pdu[3] = 0x02;
    put(pdu + 36, 1, 4); /* ExpDataSN */
    put(pdu + 44, 1536, 4);
    send_status_pdu(sense, 20);
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_EQUAL(event.status, 2);
    CU_ASSERT_TRUE(event.underflow && event.residual == 1536);
    CU_ASSERT_EQUAL(event.sense_bytes, 18);
    CU_ASSERT_EQUAL(event.sense[2], 3);
    CU_ASSERT_EQUAL(event.sense[12], 0x11);
    CU_ASSERT_TRUE(no_event());
}

static void test_read_more_than_the_caller_has_room_for(void)
{
    log_in();
    struct lq_iscsi_initiator_command command = read_command(11, 1024);
    command.in_bytes = 300;
    memset(in_buffer, 0xcc, sizeof in_buffer);
    uint32_t itt = start(command);
    data_in(itt, 0x00, 0, 0, 512, 1);
    data_in(itt, 0x81, 1, 512, 512, 2);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.in_bytes == 1024);
    CU_ASSERT_TRUE(in_buffer[299] == 1 && in_buffer[300] == 0xcc);
}

static void test_everything_byte_by_byte(void)
{
    log_in();
    uint32_t itt = start(read_command(11, 13));
    uint8_t bytes[48 + 16];
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 0x25;
    bytes[1] = 0x81;
    put(bytes + 5, 13, 3);
    put(bytes + 16, itt, 4);
    put(bytes + 24, stat_sn, 4);
    put(bytes + 28, exp_cmd_sn, 4);
    put(bytes + 32, max_cmd_sn, 4);
    memcpy(bytes + 48, "thirteenbytes", 13);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        CU_ASSERT_TRUE(no_event());
        feed(bytes + i, 1);
    }
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.in_bytes == 13);
    CU_ASSERT_EQUAL(memcmp(in_buffer, "thirteenbytes", 13), 0);
}

/* --- writing ------------------------------------------------------------------------------ */

static void test_write_in_all_three_ways(void)
{
    log_in_small();
    /* 1024 immediate (one segment), 1024 unsolicited (the rest of FirstBurstLength), 4000 asked. */
    uint32_t itt = start(write_command(21, 6048));
    CU_ASSERT_EQUAL(event.out_bytes, 2048);
    CU_ASSERT_EQUAL(pdu[1], 0x21); /* no F: more follows; W, simple */
    CU_ASSERT_EQUAL(be(pdu + 5, 3), 1024);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 6048);
    CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer, 1024), 0);

    CU_ASSERT_EQUAL_FATAL(receive(), 1024);
    CU_ASSERT_EQUAL(pdu[0], 0x05);
    CU_ASSERT_EQUAL(pdu[1], 0x80);
    CU_ASSERT_EQUAL(be(pdu + 8, 4), 0); /* LUN is reserved without a TTT */
    CU_ASSERT_EQUAL(be(pdu + 16, 4), itt);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(pdu + 36, 4), 0);
    CU_ASSERT_EQUAL(be(pdu + 40, 4), 1024);
    CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer + 1024, 1024), 0);
    CU_ASSERT_EQUAL(receive(), -1);

    r2t(itt, 0x42, 0, 2048, 2500);
    r2t(itt, 0x43, 1, 4548, 1500);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T) && event.offset == 2048 && event.size_bytes == 2500);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T) && event.offset == 4548 && event.size_bytes == 1500);
    static const struct {
        uint32_t ttt, data_sn, offset, size;
        bool final;
    } expected[] = {{0x42, 0, 2048, 1024, false},
                    {0x42, 1, 3072, 1024, false},
                    {0x42, 2, 4096, 452, true},
                    {0x43, 0, 4548, 1024, false},
                    {0x43, 1, 5572, 476, true}};
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL_FATAL(receive(), (int32_t)expected[i].size);
        CU_ASSERT_EQUAL(pdu[1], expected[i].final ? 0x80 : 0);
        CU_ASSERT_EQUAL(be(pdu + 8, 4), 0x00010000);
        CU_ASSERT_EQUAL(be(pdu + 20, 4), expected[i].ttt);
        CU_ASSERT_EQUAL(be(pdu + 36, 4), expected[i].data_sn);
        CU_ASSERT_EQUAL(be(pdu + 40, 4), expected[i].offset);
        CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer + expected[i].offset, expected[i].size), 0);
    }
    respond(itt, 0);
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_EQUAL(event.out_bytes, 6048);
    CU_ASSERT_FALSE(event.data_out_in_use);
    CU_ASSERT_TRUE(no_event());
}

static void test_write_as_the_caller_chooses(void)
{
    log_in_small();
    struct lq_iscsi_initiator_command command = write_command(21, 3000);
    command.immediate_bytes = 0;
    command.unsolicited_bytes = 700;
    command.segment_bytes = 300;
    command.out_bytes = 500; /* the rest is sent as zeros */
    uint32_t itt = start(command);
    CU_ASSERT_EQUAL(be(pdu + 5, 3), 0);
    CU_ASSERT_EQUAL(event.out_bytes, 700);
    static const uint8_t zeros[300];
    CU_ASSERT_EQUAL(receive(), 300);
    CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer, 300), 0);
    CU_ASSERT_EQUAL(receive(), 300);
    CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer + 300, 200), 0);
    CU_ASSERT_EQUAL(memcmp(pdu + 248, zeros, 100), 0);
    CU_ASSERT_EQUAL(receive(), 100);
    CU_ASSERT_EQUAL(pdu[1], 0x80);
    r2t(itt, 1, 0, 700, 2300);
    for (int i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(receive(), i < 7 ? 300 : 200);
    CU_ASSERT_EQUAL(pdu[1], 0x80);
    CU_ASSERT_EQUAL(receive(), -1);
}

static void test_write_without_unsolicited_data(void)
{
    log_in();
    struct lq_iscsi_initiator_command command = write_command(21, 100);
    command.immediate_bytes = 0;
    (void)start(command);
    CU_ASSERT_EQUAL(pdu[1], 0xa1); /* F: InitialR2T=Yes */
    CU_ASSERT_EQUAL(receive(), -1);
    (void)start(write_command(22, 101)); /* immediate and padded */
    CU_ASSERT_EQUAL(be(pdu + 5, 3), 101);
    CU_ASSERT_TRUE(pdu[48 + 101] == 0 && pdu[48 + 103] == 0);
}

static void test_held_data_waits_for_its_release(void)
{
    log_in_small();
    struct lq_iscsi_initiator_command command = write_command(21, 6000);
    command.immediate_bytes = 0;
    command.hold_data_out = true;
    uint32_t itt = start(command);
    CU_ASSERT_EQUAL(receive(), -1);
    r2t(itt, 0x42, 0, 2048, 3952);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_R2T));
    CU_ASSERT_EQUAL(receive(), -1);
    CU_ASSERT_TRUE(lq_iscsi_initiator_look(ini, 21).data_out_waits);
    /* Unsolicited data of a later command waits behind it, commands do not. */
    command = write_command(22, 1500);
    (void)start(command);
    CU_ASSERT_EQUAL(receive(), -1);
    lq_iscsi_initiator_release_data(ini, 21);
    CU_ASSERT_FALSE(lq_iscsi_initiator_look(ini, 21).data_out_waits);
    CU_ASSERT_TRUE(receive() == 1024 && be(pdu + 16, 4) == itt);
    CU_ASSERT_TRUE(receive() == 1024 && be(pdu + 16, 4) == itt);
    CU_ASSERT_TRUE(receive() == 476 && be(pdu + 16, 4) == itt + 1);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(receive() == (i < 3 ? 1024 : 880) && be(pdu + 20, 4) == 0x42);
    CU_ASSERT_EQUAL(receive(), -1);
    lq_iscsi_initiator_release_data(ini, 99); /* unknown: nothing */
}

static void test_status_comes_before_the_data_is_out(void)
{
    log_in_small();
    struct lq_iscsi_initiator_command command = write_command(21, 2048);
    command.hold_data_out = true;
    uint32_t itt = start(command);
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 7};
    begin(0x21, 0x80, itt);
    pdu[3] = 2;
    send_status_pdu(sense, 20);
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_TRUE(event.data_out_in_use);
    CU_ASSERT_TRUE(no_event());
    CU_ASSERT_TRUE(receive() == 1024 && be(pdu + 16, 4) == itt); /* owed: the target drains it */
    CU_ASSERT_EQUAL(memcmp(pdu + 48, out_buffer + 1024, 1024), 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_DATA_RELEASED) && event.id == 21);
    CU_ASSERT_TRUE(no_event());
    CU_ASSERT_EQUAL(lq_iscsi_initiator_state(ini).requests_free, 64);
}

/* --- the command window ------------------------------------------------------------------- */

static void test_commands_wait_for_the_window(void)
{
    log_in();
    for (uint64_t id = 1; id <= 12; id++) {
        struct lq_iscsi_initiator_command command = read_command(id, 0);
        CU_ASSERT_TRUE(lq_iscsi_initiator_command(ini, &command));
    }
    for (uint32_t i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(receive(), 0);
        CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xfffffffe + i);
    }
    uint32_t itt = be(pdu + 16, 4);
    CU_ASSERT_EQUAL(receive(), -1);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_state(ini).queued, 4);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_look(ini, 9).place, LQ_ISCSI_I_QUEUED);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_look(ini, 8).place, LQ_ISCSI_I_SENT);
    /* An immediate request goes past, with the CmdSN of the next command. */
    struct lq_iscsi_initiator_tm tm = {
        .id = 20, .function = 5, .immediate = true, .referenced_tag = LQ_ISCSI_I_NO_TAG};
    CU_ASSERT_TRUE(lq_iscsi_initiator_tm(ini, &tm));
    CU_ASSERT_EQUAL(receive(), 0);
    CU_ASSERT_TRUE(pdu[0] == 0x42 && be(pdu + 24, 4) == 6);
    /* A command that was not sent can be taken back. */
    CU_ASSERT_TRUE(lq_iscsi_initiator_cancel(ini, 10));
    CU_ASSERT_FALSE(lq_iscsi_initiator_cancel(ini, 8));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_look(ini, 10).place, LQ_ISCSI_I_UNKNOWN);
    for (int i = 0; i < 9; i++)
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    /* Two more are let in. */
    exp_cmd_sn += 8;
    max_cmd_sn += 2;
    respond(itt, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.id == 8);
    CU_ASSERT_TRUE(receive() == 0 && be(pdu + 24, 4) == 6);
    CU_ASSERT_TRUE(receive() == 0 && be(pdu + 24, 4) == 7);
    CU_ASSERT_EQUAL(receive(), -1);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT) && event.id == 9);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT) && event.id == 11);
}

static void test_room_for_requests_ends(void)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.requests_max = 2;
    make(&config);
    log_in_with(login_request(), TEXT(full_answer));
    (void)start(read_command(1, 0));
    uint32_t itt = start(read_command(2, 0));
    struct lq_iscsi_initiator_command third = read_command(3, 0);
    CU_ASSERT_FALSE(lq_iscsi_initiator_command(ini, &third));
    CU_ASSERT_FALSE(lq_iscsi_initiator_abandon(ini, 2));     /* no Data-Out memory */
    CU_ASSERT_TRUE(lq_iscsi_initiator_command(ini, &third)); /* the abandoned one makes room */
    respond(itt, 0);
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_TAG)); /* and is unknown now */
}

static void test_events_hold_input_back(void)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.events_max = 8;
    make(&config);
    log_in_with(login_request(), TEXT(full_answer));
    uint8_t bytes[48 * 20];
    for (uint32_t i = 0; i < 20; i++) {
        begin(0x32, 0x80, 0xffffffff); /* Async Message */
        pdu[36] = 255;
        put(pdu + 24, stat_sn++, 4);
        memcpy(bytes + 48 * i, pdu, 48);
    }
    uint32_t fed = 0, events = 0;
    while (fed < sizeof bytes) {
        uint32_t taken = lq_iscsi_initiator_feed(ini, bytes + fed, (uint32_t)sizeof bytes - fed);
        fed += taken;
        uint32_t polled = 0;
        while (lq_iscsi_initiator_next(ini, &event)) {
            CU_ASSERT_EQUAL(event.kind, LQ_ISCSI_I_EVENT_ASYNC);
            polled++;
        }
        CU_ASSERT_FATAL(polled > 0 && polled <= 8);
        events += polled;
    }
    CU_ASSERT_EQUAL(events, 20);
}

static void test_long_cdb_and_both_directions(void)
{
    log_in();
    uint8_t cdb[32];
    for (uint8_t i = 0; i < 32; i++)
        cdb[i] = (uint8_t)(0x7f - i);
    struct lq_iscsi_initiator_command command = read_command(1, 512);
    command.cdb = cdb;
    command.cdb_bytes = 32;
    command.write = true;
    command.expected_out_bytes = 1024;
    uint32_t itt = start(command);
    CU_ASSERT_EQUAL(pdu[1], 0xe1);
    CU_ASSERT_EQUAL(pdu[4], (4 + 16 + 8) / 4);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 1024);
    static const uint8_t cdb_ahs[] = {0, 17, 1, 0}, bidi_ahs[] = {0, 5, 2, 0, 0, 0, 2, 0};
    CU_ASSERT_EQUAL(memcmp(pdu + 32, cdb, 16), 0);
    CU_ASSERT_EQUAL(memcmp(pdu + 48, cdb_ahs, 4), 0);
    CU_ASSERT_EQUAL(memcmp(pdu + 52, cdb + 16, 16), 0);
    CU_ASSERT_EQUAL(memcmp(pdu + 68, bidi_ahs, 8), 0);
    begin(0x21, 0x80 | 0x08 | 0x02, itt); /* bidi underflow and underflow */
    put(pdu + 40, 512, 4);
    put(pdu + 44, 1024, 4);
    send_status_pdu(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE));
    CU_ASSERT_TRUE(event.bidi_underflow && event.bidi_residual == 512);
    CU_ASSERT_TRUE(event.underflow && event.residual == 1024);
    CU_ASSERT_TRUE(no_event());
}

int main(void)
{
    CU_TestInfo commands[] = {
        {"read", test_read},
        {"read ends with sense and residual", test_read_ends_with_sense_and_residual},
        {"read more than there is room for", test_read_more_than_the_caller_has_room_for},
        {"byte by byte", test_everything_byte_by_byte},
        {"write in all three ways", test_write_in_all_three_ways},
        {"write as the caller chooses", test_write_as_the_caller_chooses},
        {"write without unsolicited data", test_write_without_unsolicited_data},
        {"held data waits for its release", test_held_data_waits_for_its_release},
        {"status comes before the data is out", test_status_comes_before_the_data_is_out},
        {"long CDB and both directions", test_long_cdb_and_both_directions},
        {"commands wait for the window", test_commands_wait_for_the_window},
        {"room for requests ends", test_room_for_requests_ends},
        {"events hold input back", test_events_hold_input_back},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"commands", NULL, NULL, NULL, NULL, commands},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
