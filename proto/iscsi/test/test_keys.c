/* SPDX-License-Identifier: Apache-2.0 */
/* The key table and negotiations by it, in both roles [RFC 7143 13, 6.2]. */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "proto/iscsi/keys.h"

static uint8_t output[4096];
static struct lq_text_writer writer;
static struct lq_negotiation target, initiator;

static void begin(void)
{
    lq_negotiation_init(&target, LQ_TARGET, LQ_USE_LEADING_LOGIN);
    lq_negotiation_init(&initiator, LQ_INITIATOR, LQ_USE_LEADING_LOGIN);
    target.ours[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH] = 65536;
}

static struct lq_text_pair pair_of(const char *text)
{
    struct lq_text_reader reader = {{(const uint8_t *)text, (uint32_t)strlen(text) + 1}, 0};
    struct lq_text_pair pair;
    CU_ASSERT_EQUAL_FATAL(lq_text_next(&reader, &pair), LQ_TEXT_PAIR);
    return pair;
}

static enum lq_key_result receive(struct lq_negotiation *negotiation, const char *text)
{
    enum lq_key key;
    struct lq_text_pair pair = pair_of(text);
    memset(output, 0, sizeof output);
    writer = (struct lq_text_writer){output, 0, sizeof output, false};
    return lq_negotiation_receive(negotiation, &pair, &writer, &key);
}

/* What the target answers to one offer, from the start. */
static const char *answer(const char *offer)
{
    begin();
    (void)receive(&target, offer);
    return (const char *)output;
}

/* --- each key's result ------------------------------------------------------------------------ */

static void test_result_functions(void)
{
    static const struct {
        enum lq_key key;
        uint32_t ours;
        const char *offer, *answer;
    } rows[] = {
        {LQ_KEY_INITIAL_R2T, 0, "InitialR2T=No", "InitialR2T=No"},
        {LQ_KEY_INITIAL_R2T, 0, "InitialR2T=Yes", "InitialR2T=Yes"},
        {LQ_KEY_INITIAL_R2T, 1, "InitialR2T=No", "InitialR2T=Yes"},
        {LQ_KEY_INITIAL_R2T, 1, "InitialR2T=Yes", "InitialR2T=Yes"},
        {LQ_KEY_IMMEDIATE_DATA, 0, "ImmediateData=No", "ImmediateData=No"},
        {LQ_KEY_IMMEDIATE_DATA, 0, "ImmediateData=Yes", "ImmediateData=No"},
        {LQ_KEY_IMMEDIATE_DATA, 1, "ImmediateData=No", "ImmediateData=No"},
        {LQ_KEY_IMMEDIATE_DATA, 1, "ImmediateData=Yes", "ImmediateData=Yes"},
        {LQ_KEY_DATA_PDU_IN_ORDER, 1, "DataPDUInOrder=No", "DataPDUInOrder=Yes"},
        {LQ_KEY_DATA_SEQUENCE_IN_ORDER, 0, "DataSequenceInOrder=No", "DataSequenceInOrder=No"},
        {LQ_KEY_MAX_BURST_LENGTH, 4096, "MaxBurstLength=512", "MaxBurstLength=512"},
        {LQ_KEY_MAX_BURST_LENGTH, 4096, "MaxBurstLength=0x1001", "MaxBurstLength=4096"},
        {LQ_KEY_MAX_BURST_LENGTH, 4096, "MaxBurstLength=16777215", "MaxBurstLength=4096"},
        {LQ_KEY_MAX_BURST_LENGTH, 4096, "MaxBurstLength=16777216", "MaxBurstLength=Reject"},
        {LQ_KEY_MAX_BURST_LENGTH, 4096, "MaxBurstLength=511", "MaxBurstLength=Reject"},
        {LQ_KEY_FIRST_BURST_LENGTH, 4096, "FirstBurstLength=8192", "FirstBurstLength=4096"},
        {LQ_KEY_FIRST_BURST_LENGTH, 4096, "FirstBurstLength=x", "FirstBurstLength=Reject"},
        {LQ_KEY_DEFAULT_TIME2WAIT, 5, "DefaultTime2Wait=2", "DefaultTime2Wait=5"},
        {LQ_KEY_DEFAULT_TIME2WAIT, 5, "DefaultTime2Wait=3600", "DefaultTime2Wait=3600"},
        {LQ_KEY_DEFAULT_TIME2WAIT, 5, "DefaultTime2Wait=3601", "DefaultTime2Wait=Reject"},
        {LQ_KEY_DEFAULT_TIME2RETAIN, 5, "DefaultTime2Retain=2", "DefaultTime2Retain=2"},
        {LQ_KEY_DEFAULT_TIME2RETAIN, 5, "DefaultTime2Retain=20", "DefaultTime2Retain=5"},
        {LQ_KEY_MAX_OUTSTANDING_R2T, 4, "MaxOutstandingR2T=65535", "MaxOutstandingR2T=4"},
        {LQ_KEY_MAX_OUTSTANDING_R2T, 4, "MaxOutstandingR2T=0", "MaxOutstandingR2T=Reject"},
        {LQ_KEY_MAX_CONNECTIONS, 1, "MaxConnections=8", "MaxConnections=1"},
        {LQ_KEY_ERROR_RECOVERY_LEVEL, 0, "ErrorRecoveryLevel=2", "ErrorRecoveryLevel=0"},
        {LQ_KEY_ERROR_RECOVERY_LEVEL, 0, "ErrorRecoveryLevel=3", "ErrorRecoveryLevel=Reject"},
        {LQ_KEY_HEADER_DIGEST, 1, "HeaderDigest=CRC32C,None", "HeaderDigest=None"},
        {LQ_KEY_HEADER_DIGEST, 3, "HeaderDigest=CRC32C,None", "HeaderDigest=CRC32C"},
        {LQ_KEY_HEADER_DIGEST, 3, "HeaderDigest=X-new,None,CRC32C", "HeaderDigest=None"},
        {LQ_KEY_DATA_DIGEST, 1, "DataDigest=CRC32C", "DataDigest=Reject"},
        {LQ_KEY_DATA_DIGEST, 1, "DataDigest=", "DataDigest=Reject"},
        {LQ_KEY_AUTH_METHOD, 1, "AuthMethod=CHAP,None", "AuthMethod=None"},
        {LQ_KEY_AUTH_METHOD, 1, "AuthMethod=KRB5", "AuthMethod=Reject"},
        {LQ_KEY_TASK_REPORTING, 1, "TaskReporting=FastAbort,RFC3720", "TaskReporting=RFC3720"},
        {LQ_KEY_PROTOCOL_LEVEL, 1, "iSCSIProtocolLevel=2", "iSCSIProtocolLevel=1"},
        {LQ_KEY_INITIAL_R2T, 0, "InitialR2T=yes", "InitialR2T=Reject"},
        {LQ_KEY_INITIAL_R2T, 0, "InitialR2T=", "InitialR2T=Reject"},
        {LQ_KEY_IF_MARKER, 0, "IFMarker=Yes", "IFMarker=Reject"},
        {LQ_KEY_OF_MARK_INT, 0, "OFMarkInt=2048~8192", "OFMarkInt=Reject"},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        target.ours[rows[i].key] = rows[i].ours;
        enum lq_key_result result = receive(&target, rows[i].offer);
        bool rejected = strstr(rows[i].answer, "=Reject") != NULL;
        CU_ASSERT_EQUAL(result, rejected ? LQ_KEY_REJECTED : LQ_KEY_DONE);
        CU_ASSERT_STRING_EQUAL((const char *)output, rows[i].answer);
        if (rejected)
            CU_ASSERT_EQUAL(target.result[rows[i].key], lq_keys[rows[i].key].initial);
    }
}

static void test_defaults(void)
{
    begin();
    CU_ASSERT_EQUAL(target.result[LQ_KEY_INITIAL_R2T], 1);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_IMMEDIATE_DATA], 1);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_BURST_LENGTH], 262144);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_FIRST_BURST_LENGTH], 65536);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH], 8192);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_DEFAULT_TIME2WAIT], 2);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_DEFAULT_TIME2RETAIN], 20);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_OUTSTANDING_R2T], 1);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_ERROR_RECOVERY_LEVEL], 0);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_DATA_PDU_IN_ORDER], 1);
}

static void test_others(void)
{
    CU_ASSERT_STRING_EQUAL(answer("X-org.example.what=1"), "X-org.example.what=NotUnderstood");
    CU_ASSERT_STRING_EQUAL(answer("initialr2t=Yes"), "initialr2t=NotUnderstood"); /* case matters */
    CU_ASSERT_STRING_EQUAL(answer("NoSuchKey=NotUnderstood"), ""); /* no endless politeness */
    CU_ASSERT_STRING_EQUAL(answer("MaxRecvDataSegmentLength=1024"), ""); /* declared */
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH], 1024);
    CU_ASSERT_STRING_EQUAL(answer("MaxRecvDataSegmentLength=511"),
                           "MaxRecvDataSegmentLength=Reject");
    CU_ASSERT_STRING_EQUAL(answer("SessionType=Discovery"), "");
    CU_ASSERT_EQUAL(target.result[LQ_KEY_SESSION_TYPE], 1);
    CU_ASSERT_STRING_EQUAL(answer("SendTargets=All"), "SendTargets=Reject"); /* not at login */
    begin();
    CU_ASSERT_EQUAL(receive(&target, "InitiatorName=iqn.x"), LQ_KEY_IS_TEXT);
    CU_ASSERT_EQUAL(receive(&target, "InitiatorName=iqn.x"), LQ_KEY_TWICE);
    CU_ASSERT_EQUAL(receive(&target, "TargetAlias=x"), LQ_KEY_WRONG_SENDER);
    CU_ASSERT_EQUAL(receive(&target, "ImmediateData=Yes"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(receive(&target, "ImmediateData=Yes"), LQ_KEY_TWICE);
    char long_value[400] = "InitiatorAlias=";
    memset(long_value + 15, 'x', 256);
    CU_ASSERT_EQUAL(receive(&target, long_value), LQ_KEY_TOO_LONG);
    begin();
    target.discovery = true;
    CU_ASSERT_EQUAL(receive(&target, "MaxBurstLength=512"), LQ_KEY_DONE);
    CU_ASSERT_STRING_EQUAL((const char *)output, "MaxBurstLength=Irrelevant");
    CU_ASSERT_EQUAL(receive(&target, "DefaultTime2Wait=2"), LQ_KEY_DONE);
    CU_ASSERT_STRING_EQUAL((const char *)output, "DefaultTime2Wait=2");
}

static void test_first_burst_and_its_neighbours(void)
{
    begin();
    target.ours[LQ_KEY_FIRST_BURST_LENGTH] = 65536;
    (void)receive(&target, "MaxBurstLength=4096");
    (void)receive(&target, "FirstBurstLength=65536"); /* must not exceed MaxBurstLength */
    CU_ASSERT_STRING_EQUAL((const char *)output, "FirstBurstLength=4096");
    begin();
    (void)receive(&target, "InitialR2T=Yes");
    (void)receive(&target, "ImmediateData=No");
    (void)receive(&target, "FirstBurstLength=65536"); /* there is no first burst */
    CU_ASSERT_STRING_EQUAL((const char *)output, "FirstBurstLength=Irrelevant");
}

/* --- offers ----------------------------------------------------------------------------------- */

static void offer(enum lq_key key)
{
    memset(output, 0, sizeof output);
    writer = (struct lq_text_writer){output, 0, sizeof output, false};
    lq_negotiation_offer(&initiator, key, &writer);
}

static void test_offers(void)
{
    begin();
    initiator.ours[LQ_KEY_HEADER_DIGEST] = 3;
    offer(LQ_KEY_HEADER_DIGEST);
    CU_ASSERT_STRING_EQUAL((const char *)output, "HeaderDigest=None,CRC32C");
    CU_ASSERT_TRUE(lq_negotiation_is_waiting(&initiator));
    CU_ASSERT_EQUAL(receive(&initiator, "HeaderDigest=CRC32C"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(writer.size_bytes, 0); /* an answer is not answered */
    CU_ASSERT_EQUAL(initiator.result[LQ_KEY_HEADER_DIGEST], 1);
    CU_ASSERT_FALSE(lq_negotiation_is_waiting(&initiator));

    initiator.ours[LQ_KEY_MAX_BURST_LENGTH] = 8192;
    offer(LQ_KEY_MAX_BURST_LENGTH);
    CU_ASSERT_STRING_EQUAL((const char *)output, "MaxBurstLength=8192");
    CU_ASSERT_EQUAL(receive(&initiator, "MaxBurstLength=4096"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(initiator.result[LQ_KEY_MAX_BURST_LENGTH], 4096);

    offer(LQ_KEY_MAX_OUTSTANDING_R2T); /* 1 */
    CU_ASSERT_EQUAL(receive(&initiator, "MaxOutstandingR2T=2"), LQ_KEY_BAD_ANSWER);

    initiator.ours[LQ_KEY_IMMEDIATE_DATA] = 0;
    offer(LQ_KEY_IMMEDIATE_DATA);
    CU_ASSERT_STRING_EQUAL((const char *)output, "ImmediateData=No");
    CU_ASSERT_EQUAL(receive(&initiator, "ImmediateData=Yes"), LQ_KEY_BAD_ANSWER);

    initiator.ours[LQ_KEY_TASK_REPORTING] = 3;
    offer(LQ_KEY_TASK_REPORTING);
    CU_ASSERT_EQUAL(receive(&initiator, "TaskReporting=FastAbort"), LQ_KEY_BAD_ANSWER);

    initiator.ours[LQ_KEY_PROTOCOL_LEVEL] = 2;
    offer(LQ_KEY_PROTOCOL_LEVEL);
    CU_ASSERT_EQUAL(receive(&initiator, "iSCSIProtocolLevel=NotUnderstood"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(initiator.result[LQ_KEY_PROTOCOL_LEVEL], 1);
    CU_ASSERT_TRUE((initiator.refused >> LQ_KEY_PROTOCOL_LEVEL) & 1);

    initiator.ours[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH] = 4096; /* declared: each its own */
    offer(LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH);
    CU_ASSERT_FALSE(lq_negotiation_is_waiting(&initiator));
    CU_ASSERT_EQUAL(receive(&initiator, "MaxRecvDataSegmentLength=65536"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(initiator.result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH], 65536);
    CU_ASSERT_EQUAL(writer.size_bytes, 0);
}

static void test_wants(void)
{
    begin();
    CU_ASSERT_FALSE(lq_negotiation_wants(&target, LQ_KEY_MAX_BURST_LENGTH));
    target.ours[LQ_KEY_MAX_BURST_LENGTH] = 4096; /* silence would mean 262144 */
    CU_ASSERT_TRUE(lq_negotiation_wants(&target, LQ_KEY_MAX_BURST_LENGTH));
    target.ours[LQ_KEY_MAX_BURST_LENGTH] = 1 << 20; /* silence is what we could live with */
    CU_ASSERT_FALSE(lq_negotiation_wants(&target, LQ_KEY_MAX_BURST_LENGTH));
    target.ours[LQ_KEY_INITIAL_R2T] = 0; /* OR: silence means Yes, whatever we want */
    CU_ASSERT_FALSE(lq_negotiation_wants(&target, LQ_KEY_INITIAL_R2T));
    target.ours[LQ_KEY_IMMEDIATE_DATA] = 0;
    CU_ASSERT_TRUE(lq_negotiation_wants(&target, LQ_KEY_IMMEDIATE_DATA));
    (void)receive(&target, "ImmediateData=Yes");
    CU_ASSERT_FALSE(lq_negotiation_wants(&target, LQ_KEY_IMMEDIATE_DATA)); /* it is settled */
    (void)receive(&target, "MaxRecvDataSegmentLength=512");
    CU_ASSERT_TRUE(lq_negotiation_wants(&target, LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH));
}

static void test_full_feature_phase(void)
{
    begin();
    (void)receive(&target, "MaxRecvDataSegmentLength=1024");
    (void)receive(&target, "MaxBurstLength=4096");
    lq_negotiation_begin_text(&target);
    CU_ASSERT_EQUAL(receive(&target, "MaxRecvDataSegmentLength=2048"), LQ_KEY_DONE);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH], 2048);
    CU_ASSERT_EQUAL(receive(&target, "MaxBurstLength=512"), LQ_KEY_REJECTED);
    CU_ASSERT_EQUAL(target.result[LQ_KEY_MAX_BURST_LENGTH], 4096);
    CU_ASSERT_EQUAL(receive(&target, "SendTargets=All"), LQ_KEY_IS_TEXT);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"result functions", test_result_functions},
        {"defaults", test_defaults},
        {"other keys", test_others},
        {"FirstBurstLength and its neighbours", test_first_burst_and_its_neighbours},
        {"offers", test_offers},
        {"wants", test_wants},
        {"full feature phase", test_full_feature_phase},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"keys", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
