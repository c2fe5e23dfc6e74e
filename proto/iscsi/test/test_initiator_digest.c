/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint: header and data digests [RFC 7143 13.1]. */
#include "proto/iscsi/test/bitwise_crc.h"
#include "proto/iscsi/test/byte_target.h"

#define OTHER_KEYS                                                                                 \
    "ErrorRecoveryLevel=0\0MaxRecvDataSegmentLength=8192\0DefaultTime2Wait=2\0"                    \
    "DefaultTime2Retain=20\0MaxConnections=1\0InitialR2T=Yes\0ImmediateData=Yes\0"                 \
    "MaxBurstLength=262144\0FirstBurstLength=65536\0MaxOutstandingR2T=1\0DataPDUInOrder=Yes\0"     \
    "DataSequenceInOrder=Yes"

/* Logged in with both digests. */
static void log_in_digested(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.offer.header_digest = LQ_DIGEST_CRC32C;
    request.offer.data_digest = LQ_DIGEST_PREFER_CRC32C;
    log_in_with(request, TEXT("HeaderDigest=CRC32C\0DataDigest=CRC32C\0" OTHER_KEYS));
    CU_ASSERT_TRUE(no_event());
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(ini);
    CU_ASSERT_EQUAL(state.params.header_digest, LQ_DIGEST_CRC32C);
    CU_ASSERT_EQUAL(state.params.data_digest, LQ_DIGEST_CRC32C);
}

enum spoil { NOTHING, THE_HEADER, THE_AHS_LENGTH, THE_DATA };

/* Sends `pdu` with its digests, cut into pieces of CUT bytes. */
static void send_digested(const uint8_t *data, uint32_t size, enum spoil spoil, uint32_t cut)
{
    static uint8_t whole[4096];
    uint32_t padded = (size + 3) & ~3U, end = 52 + padded;
    put(pdu + 5, size, 3);
    memcpy(whole, pdu, 48);
    put_digest(whole + 48, whole, 48);
    memset(whole + 52, 0, padded);
    if (size != 0) {
        memcpy(whole + 52, data, size);
        put_digest(whole + end, whole + 52, padded);
        end += 4;
    }
    if (spoil == THE_HEADER)
        whole[40] ^= 1;
    if (spoil == THE_AHS_LENGTH)
        whole[4] ^= 0x40;
    if (spoil == THE_DATA)
        whole[52 + size - 1] ^= 0x80;
    for (uint32_t at = 0; at < end; at += cut)
        feed(whole + at, end - at < cut ? end - at : cut);
}

/* Takes the initiator's next PDU, with AHS_BYTES of AHS and DATA_BYTES of data, and checks its
 * digests. */
static void receive_digested(uint32_t ahs_bytes, uint32_t data_bytes)
{
    pull();
    uint32_t head = 48 + ahs_bytes, padded = (data_bytes + 3) & ~3U;
    uint32_t whole = head + 4 + (padded != 0 ? padded + 4 : 0);
    CU_ASSERT_FATAL(output_bytes >= whole);
    CU_ASSERT_EQUAL(output[4], ahs_bytes / 4);
    CU_ASSERT_EQUAL(be(output + 5, 3), data_bytes);
    uint8_t right[4];
    put_digest(right, output, head);
    CU_ASSERT_EQUAL(memcmp(output + head, right, 4), 0);
    put_digest(right, output + head + 4, padded);
    if (padded != 0)
        CU_ASSERT_EQUAL(memcmp(output + head + 4 + padded, right, 4), 0);
    memcpy(pdu, output, 48);
    output_bytes -= whole;
    memmove(output, output + whole, output_bytes);
}

static void begin_login(const struct lq_iscsi_initiator_login *request)
{
    exp_cmd_sn = request->first_cmd_sn;
    max_cmd_sn = exp_cmd_sn + 7;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, request));
}

/* --- agreement -------------------------------------------------------------------------------- */

struct agreement {
    enum lq_digest_offer offer;
    const char *said, *answer;
    bool is_good;
};

static void test_agreement(void)
{
    static const struct agreement table[] = {
        {LQ_DIGEST_NONE, "HeaderDigest=None", "None", true},
        {LQ_DIGEST_CRC32C, "HeaderDigest=CRC32C", "CRC32C", true},
        {LQ_DIGEST_PREFER_NONE, "HeaderDigest=None,CRC32C", "CRC32C", true},
        {LQ_DIGEST_PREFER_CRC32C, "HeaderDigest=CRC32C,None", "None", true},
        {LQ_DIGEST_NONE, "HeaderDigest=None", "CRC32C", false},
        {LQ_DIGEST_PREFER_CRC32C, "HeaderDigest=CRC32C,None", "CRC32C,None", false},
    };
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct agreement *row = &table[i];
        make(&lq_iscsi_initiator_config_default);
        struct lq_iscsi_initiator_login request = login_request();
        request.offer.header_digest = row->offer;
        request.skip_security_stage = true;
        begin_login(&request);
        CU_ASSERT_FATAL(receive() > 0);
        CU_ASSERT_TRUE(has_text(row->said));
        char text[512];
        uint32_t size = (uint32_t)sprintf(text, "HeaderDigest=%s", row->answer) + 1;
        static const char others[] = "DataDigest=None\0" OTHER_KEYS;
        memcpy(text + size, others, sizeof others);
        answer_login(0x87, 5, text, size + (uint32_t)sizeof others);
        if (!row->is_good)
            CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_LOGIN_KEY));
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
        bool is_on = lq_iscsi_initiator_state(ini).params.header_digest == LQ_DIGEST_CRC32C;
        CU_ASSERT_EQUAL(is_on, row->is_good && strcmp(row->answer, "CRC32C") == 0);
    }
}

/* What is insisted on and refused is no session. */
static void test_insistence(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.offer.data_digest = LQ_DIGEST_CRC32C;
    request.skip_security_stage = true;
    begin_login(&request);
    CU_ASSERT_FATAL(receive() > 0);
    answer_login(0x87, 5, TEXT("HeaderDigest=None\0DataDigest=Reject\0" OTHER_KEYS));
    CU_ASSERT_TRUE(error(LQ_ISCSI_I_ERROR_LOGIN_KEY));
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 1);
}

/* A target that speaks first is answered with one value of its list. */
static void test_target_first(void)
{
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.offer.header_digest = LQ_DIGEST_PREFER_NONE;
    begin_login(&request);
    CU_ASSERT_FATAL(receive() > 0);
    answer_login(0x81, 0, TEXT("AuthMethod=None\0HeaderDigest=CRC32C,None"));
    CU_ASSERT_FATAL(receive() > 0);
    CU_ASSERT_TRUE(has_text("HeaderDigest=CRC32C"));
    CU_ASSERT_EQUAL(lq_iscsi_initiator_state(ini).params.header_digest, LQ_DIGEST_CRC32C);
    CU_ASSERT_TRUE(no_event());
}

/* --- traffic ---------------------------------------------------------------------------------- */

static void test_output(void)
{
    log_in_digested();
    struct lq_iscsi_initiator_command command = write_command(1, 7001);
    command.out_bytes = 1500; /* the rest is zeros */
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(ini, &command));
    receive_digested(0, 7001);
    uint8_t cdb[32] = {0x7f, [7] = 24};
    command = read_command(2, 0);
    command.cdb = cdb;
    command.cdb_bytes = sizeof cdb;
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(ini, &command));
    receive_digested(20, 0);
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_ping(ini, 3, (const uint8_t *)"hello", 5, false));
    receive_digested(0, 5);
    pull();
    CU_ASSERT_EQUAL(output_bytes, 0);
}

/* Begins a read of 1501 bytes and leaves its Data-In header in `pdu`. */
static void begin_read(void)
{
    struct lq_iscsi_initiator_command command = read_command(1, 1501);
    log_in_digested();
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(ini, &command));
    receive_digested(0, 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT));
    exp_cmd_sn++;
    begin(0x25, 0x81, event.itt);
    put(pdu + 20, 0xffffffff, 4);
}

static void test_input(void)
{
    uint8_t data[1501];
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 11);
    static const uint32_t cuts[] = {1, 7, 50, 4096};
    for (uint32_t i = 0; i < 4; i++) {
        begin_read();
        send_digested(data, sizeof data, NOTHING, cuts[i]);
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_COMMAND_DONE) && event.status == 0);
        CU_ASSERT_EQUAL(memcmp(in_buffer, data, sizeof data), 0);
        CU_ASSERT_TRUE(no_event());
    }
}

/* A broken PDU means nothing, and at ErrorRecoveryLevel 0 the session is over [RFC 7143 7.8]. */
static void test_broken(void)
{
    static const uint8_t data[1501] = {1};
    for (enum spoil spoil = THE_HEADER; spoil <= THE_DATA; spoil++) {
        begin_read();
        send_digested(data, sizeof data, spoil, 4096);
        CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_CLOSE_WANTED) && event.code == 3);
        CU_ASSERT_TRUE(no_event());
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"agreement", test_agreement},       {"insistence", test_insistence},
        {"target first", test_target_first}, {"output", test_output},
        {"input", test_input},               {"broken", test_broken},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"initiator: digests", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
