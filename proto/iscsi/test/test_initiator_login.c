/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint: login, discovery. */
#include "proto/iscsi/test/byte_target.h"

/* --- login -------------------------------------------------------------------------------- */

static void test_login_in_two_stages(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    stat_sn = 77;
    exp_cmd_sn = request.first_cmd_sn;
    max_cmd_sn = exp_cmd_sn + 3;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));

    CU_ASSERT_FATAL(receive() > 0);
    CU_ASSERT_EQUAL(pdu[0], 0x43);      /* immediate login request */
    CU_ASSERT_EQUAL(pdu[1], 0x81);      /* T, CSG 0, NSG 1 */
    CU_ASSERT_EQUAL(be(pdu + 2, 2), 0); /* versions */
    static const uint8_t isid_tsih[] = {0x40, 0x00, 0x01, 0x37, 0x00, 0x00, 0x00, 0x00};
    CU_ASSERT_EQUAL(memcmp(pdu + 8, isid_tsih, 8), 0);
    CU_ASSERT_EQUAL(be(pdu + 16, 4), 0xfffffff0);
    CU_ASSERT_EQUAL(be(pdu + 20, 2), 1); /* CID */
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xfffffffe);
    CU_ASSERT_TRUE(has_text("InitiatorName=iqn.2026-11.org.example:i"));
    CU_ASSERT_TRUE(has_text("TargetName=iqn.2026-11.org.example:t"));
    CU_ASSERT_TRUE(has_text("SessionType=Normal"));
    CU_ASSERT_TRUE(has_text("AuthMethod=None"));
    CU_ASSERT_FALSE(has_text("MaxBurstLength=262144"));
    answer_login(0x81, 0, TEXT("AuthMethod=None\0TargetPortalGroupTag=1"));

    CU_ASSERT_FATAL(receive() > 0);
    CU_ASSERT_EQUAL(pdu[1], 0x87); /* T, CSG 1, NSG 3 */
    CU_ASSERT_EQUAL(be(pdu + 16, 4), 0xfffffff0);
    CU_ASSERT_EQUAL(be(pdu + 28, 4), 78); /* ExpStatSN */
    CU_ASSERT_FALSE(has_text("InitiatorName=iqn.2026-11.org.example:i"));
    CU_ASSERT_TRUE(has_text("MaxRecvDataSegmentLength=8192"));
    CU_ASSERT_TRUE(has_text("InitialR2T=Yes"));
    CU_ASSERT_TRUE(has_text("ImmediateData=Yes"));
    CU_ASSERT_TRUE(has_text("MaxBurstLength=262144"));
    CU_ASSERT_TRUE(has_text("FirstBurstLength=65536"));
    CU_ASSERT_TRUE(has_text("MaxOutstandingR2T=1"));
    CU_ASSERT_TRUE(has_text("ErrorRecoveryLevel=0"));
    answer_login(0x87, 0x1234, TEXT(full_answer));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    CU_ASSERT_EQUAL(event.tsih, 0x1234);
    CU_ASSERT_TRUE(no_event());
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(ini);
    CU_ASSERT_TRUE(state.full_feature);
    CU_ASSERT_EQUAL(state.cmd_sn, 0xfffffffe); /* login takes no CmdSN */
    CU_ASSERT_EQUAL(state.max_cmd_sn, 1);
    CU_ASSERT_EQUAL(state.exp_stat_sn, 79);
}

static void test_login_takes_what_was_negotiated(void)
{
    log_in_small();
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(ini);
    CU_ASSERT_EQUAL(state.params.max_burst_length, 4096);
    CU_ASSERT_EQUAL(state.params.first_burst_length, 2048);
    CU_ASSERT_EQUAL(state.params.max_outstanding_r2t, 2);
    CU_ASSERT_FALSE(state.params.initial_r2t);
    CU_ASSERT_TRUE(state.params.immediate_data);
    CU_ASSERT_EQUAL(state.params.max_recv_data_segment_length, 8192);
    CU_ASSERT_EQUAL(state.target_max_recv_data_segment_length, 1024);
}

static void test_login_key_by_key(void)
{
    static const char *const offers[] = {"HeaderDigest=None",      "DataDigest=None",
                                         "ErrorRecoveryLevel=0",   "MaxRecvDataSegmentLength=8192",
                                         "DefaultTime2Wait=2",     "DefaultTime2Retain=20",
                                         "MaxConnections=1",       "InitialR2T=Yes",
                                         "ImmediateData=Yes",      "MaxBurstLength=262144",
                                         "FirstBurstLength=65536", "MaxOutstandingR2T=1",
                                         "DataPDUInOrder=Yes",     "DataSequenceInOrder=Yes"};
    enum { OFFERS = sizeof offers / sizeof offers[0] };
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.skip_security_stage = true;
    request.one_key_per_pdu = true;
    stat_sn = 1;
    exp_cmd_sn = max_cmd_sn = request.first_cmd_sn;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    for (size_t i = 0; i < OFFERS; i++) {
        bool is_last = i == OFFERS - 1;
        CU_ASSERT_FATAL(receive() > 0);
        CU_ASSERT_EQUAL(pdu[1], is_last ? 0x87 : 0x04);
        CU_ASSERT_TRUE(has_text(offers[i]));
        answer_login(is_last ? 0x87 : 0x04, is_last ? 1 : 0, offers[i],
                     (uint32_t)strlen(offers[i]) + 1);
    }
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    CU_ASSERT_TRUE(no_event());
}

static void test_login_answer_in_pieces_and_with_questions(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.skip_security_stage = true;
    stat_sn = 1;
    exp_cmd_sn = max_cmd_sn = request.first_cmd_sn;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_FATAL(receive() > 0);
    answer_login(0x44, 0, full_answer, 100); /* C: cut within a pair */
    CU_ASSERT_EQUAL_FATAL(receive(), 0);
    CU_ASSERT_EQUAL(pdu[1], 0x04);
    answer_login(0x44, 0, full_answer + 100, 100);
    CU_ASSERT_EQUAL_FATAL(receive(), 0);
    answer_login(0x04, 0, full_answer + 200, sizeof full_answer - 200);
    CU_ASSERT_EQUAL_FATAL(receive(), 0);
    CU_ASSERT_EQUAL(pdu[1], 0x87);
    answer_login(0x04, 0, TEXT("X-com.example.Odd=7\0TaskReporting=RFC3720"));
    CU_ASSERT_FATAL(receive() > 0);
    CU_ASSERT_TRUE(has_text("X-com.example.Odd=NotUnderstood"));
    CU_ASSERT_TRUE(has_text("TaskReporting=NotUnderstood"));
    answer_login(0x87, 9, NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    CU_ASSERT_TRUE(no_event());
}

static void test_login_is_refused(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_FATAL(receive() > 0);
    uint32_t itt = be(pdu + 16, 4);
    begin(0x23, 0, itt);
    put(pdu + 36, 0x0203, 2);
    send(NULL, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGIN_FAILED) && event.code == 0x0203);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 0);
    CU_ASSERT_TRUE(no_event());
    feed(pdu, 48); /* whatever comes now is dropped */
    CU_ASSERT_TRUE(no_event());
    lq_iscsi_initiator_lost(ini);
    CU_ASSERT_TRUE(lq_iscsi_initiator_state(ini).idle);
    CU_ASSERT_PTR_NULL(lq_iscsi_initiator_login(ini, &request)); /* and again */
    CU_ASSERT_TRUE(receive() > 0);
}

static void test_login_catches_illegal_answers(void)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"MaxBurstLength=262144", "MaxBurstLength=262145"}, /* above the offer */
        {"MaxBurstLength=262144", "MaxBurstLength=511"},
        {"MaxBurstLength=262144", "MaxBurstLength=abcdef"},
        {"DefaultTime2Wait=2", "DefaultTime2Wait=1"}, /* the function is Max */
        {"InitialR2T=Yes", "InitialR2T=No"},          /* OR */
        {"ImmediateData=Yes", "ImmediateData=yes"},
        {"DataPDUInOrder=Yes", "DataPDUInOrder=No"},
        {"HeaderDigest=None", "HeaderDigest=CRC32C"},
        {"MaxOutstandingR2T=1", "MaxOutstandingR2T=2"},
        {"MaxConnections=1", "X-Max=1"}, /* unanswered; and the odd key is never answered */
        {"ErrorRecoveryLevel=0", "DefaultTime2Wait=2"}, /* twice */
        {"MaxRecvDataSegmentLength=8192", "MaxRecvDataSegmentLength=16777216"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char text[600];
        uint32_t size = 0;
        for (const char *pair = full_answer; pair < full_answer + sizeof full_answer;
             pair += strlen(pair) + 1) {
            const char *used = strcmp(pair, changes[i].from) == 0 ? changes[i].to : pair;
            memcpy(text + size, used, strlen(used) + 1);
            size += (uint32_t)strlen(used) + 1;
        }
        make(&lq_iscsi_initiator_config_default);
        struct lq_iscsi_initiator_login request = login_request();
        request.skip_security_stage = true;
        exp_cmd_sn = max_cmd_sn = request.first_cmd_sn;
        CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
        CU_ASSERT_FATAL(receive() > 0);
        answer_login(0x87, 5, text, size);
        CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_LOGIN_KEY));
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    }
}

static void test_login_catches_wrong_stages(void)
{
    static const struct {
        uint8_t at, value;
    } changes[] = {
        {1, 0x83},  /* CSG 0 while we are in 1 */
        {1, 0x86},  /* NSG 2 */
        {9, 0xff},  /* ISID */
        {3, 0x01},  /* version active */
        {19, 0x01}, /* ITT */
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        make(&lq_iscsi_initiator_config_default);
        struct lq_iscsi_initiator_login request = login_request();
        request.skip_security_stage = true;
        exp_cmd_sn = max_cmd_sn = request.first_cmd_sn;
        CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
        CU_ASSERT_FATAL(receive() > 0);
        uint8_t asked[48];
        memcpy(asked, pdu, 48);
        begin(0x23, 0x87, be(asked + 16, 4));
        memcpy(pdu + 8, asked + 8, 6);
        put(pdu + 14, 5, 2);
        pdu[changes[i].at] = changes[i].value;
        send(TEXT(full_answer));
        CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_LOGIN_STAGE));
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 1);
    }
}

static void test_login_refuses_nonsense_of_the_caller(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.offer.max_burst_length = 511;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_initiator_login(ini, &request));
    request = login_request();
    request.offer.first_burst_length = 262145;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_initiator_login(ini, &request));
    request = login_request();
    request.isid = UINT64_C(1) << 48;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_initiator_login(ini, &request));
    request = login_request();
    request.initiator_name = "";
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_TRUE(lq_iscsi_initiator_state(ini).idle);
    CU_ASSERT_EQUAL(receive(), -1);
}

static void test_login_times_out(void)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.login_timeout_ns = 500;
    env.now_ns = 1000;
    make(&config);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), LQ_NEVER);
    struct lq_iscsi_initiator_login request = login_request();
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), 1500);
    env.now_ns = 1499;
    lq_iscsi_initiator_expire(ini);
    CU_ASSERT_TRUE(no_event());
    env.now_ns = 1500;
    lq_iscsi_initiator_expire(ini);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 2);
    CU_ASSERT_EQUAL(lq_iscsi_initiator_deadline(ini), LQ_NEVER);
}

static void test_discovery(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.target_name = NULL;
    request.skip_security_stage = true;
    stat_sn = 3;
    exp_cmd_sn = request.first_cmd_sn;
    max_cmd_sn = exp_cmd_sn + 3;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_FATAL(receive() > 0);
    CU_ASSERT_TRUE(has_text("SessionType=Discovery"));
    CU_ASSERT_FALSE(has_text("InitialR2T=Yes"));
    answer_login(0x87, 2,
                 TEXT("HeaderDigest=None\0DataDigest=None\0ErrorRecoveryLevel=0\0"
                      "DefaultTime2Wait=2\0DefaultTime2Retain=20"));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    CU_ASSERT_TRUE(lq_iscsi_initiator_send_targets(ini, 4, "All"));
    CU_ASSERT_EQUAL_FATAL(receive(), 16);
    CU_ASSERT_EQUAL(pdu[0], 0x04);
    CU_ASSERT_EQUAL(pdu[1], 0x80);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 0xffffffff);
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xfffffffe);
    CU_ASSERT_TRUE(has_text("SendTargets=All"));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    uint32_t itt = be(pdu + 16, 4);
    exp_cmd_sn++;
    begin(0x24, 0x40, itt); /* not final, to be continued */
    put(pdu + 20, 0x777, 4);
    send_status_pdu(TEXT("TargetName=iqn.2026-11.org.example:t\0TargetAddress=127.0.0.1:3260,1"));
    CU_ASSERT_EQUAL_FATAL(receive(), 0);
    CU_ASSERT_EQUAL(be(pdu + 16, 4), itt);
    CU_ASSERT_EQUAL(be(pdu + 20, 4), 0x777);
    CU_ASSERT_EQUAL(be(pdu + 24, 4), 0xffffffff);
    exp_cmd_sn++;
    begin(0x24, 0x80, itt);
    put(pdu + 20, 0xffffffff, 4);
    send_status_pdu(TEXT("TargetAddress=[::1]:3260,1"));
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_TEXT_DONE) && event.id == 4);
    static const char all[] = "TargetName=iqn.2026-11.org.example:t\0TargetAddress=127.0.0.1:3260,1"
                              "\0TargetAddress=[::1]:3260,1";
    CU_ASSERT_EQUAL_FATAL(event.text.size_bytes, sizeof all);
    CU_ASSERT_EQUAL(memcmp(event.text.bytes, all, sizeof all), 0);
    CU_ASSERT_TRUE(no_event());
}

int main(void)
{
    CU_TestInfo login[] = {
        {"in two stages", test_login_in_two_stages},
        {"takes what was negotiated", test_login_takes_what_was_negotiated},
        {"key by key", test_login_key_by_key},
        {"answer in pieces and with questions", test_login_answer_in_pieces_and_with_questions},
        {"is refused", test_login_is_refused},
        {"catches illegal answers", test_login_catches_illegal_answers},
        {"catches wrong stages", test_login_catches_wrong_stages},
        {"refuses nonsense of the caller", test_login_refuses_nonsense_of_the_caller},
        {"times out", test_login_times_out},
        {"discovery", test_discovery},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"login", NULL, NULL, NULL, NULL, login},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
