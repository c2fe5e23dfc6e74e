/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: header and data digests [RFC 7143 13.1], and what becomes of broken PDUs
 * [RFC 7143 7.8]. The bench checks every digest that the target sends. */
#include "core/base/test/unit.h"
#include "proto/iscsi/test/bitwise_crc.h"
#include "proto/iscsi/test/target_bench.h"

static uint8_t pattern[65536];

#define KEYS                                                                                       \
    "MaxRecvDataSegmentLength=2048\0MaxBurstLength=8192\0FirstBurstLength=4096\0InitialR2T=No\0"   \
    "ImmediateData=Yes\0MaxOutstandingR2T=2\0"

/* Logged in with both digests. */
static struct peer *digested(void)
{
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 13 + i / 256);
    bench_make(NULL);
    struct peer *peer = bench_accept();
    CU_ASSERT_EQUAL_FATAL(login(peer, TEXT(KEYS "HeaderDigest=CRC32C\0DataDigest=CRC32C,None")), 0);
    CU_ASSERT_TRUE(has_text(peer, "HeaderDigest=CRC32C"));
    CU_ASSERT_TRUE(has_text(peer, "DataDigest=CRC32C"));
    peer->header_digest = peer->data_digest = true;
    return peer;
}

static bool is_reset(const struct peer *peer)
{
    return peer->end == LQ_EMIT_CLOSE_RESET;
}

/* Reject of reason 2 with the header of the PDU that was sent last. */
static void expect_reject(struct peer *peer)
{
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x02);
    CU_ASSERT_EQUAL(peer->data_bytes, 48);
    CU_ASSERT_EQUAL(memcmp(peer->data, peer->pdu, 48), 0);
}

/* --- agreement -------------------------------------------------------------------------------- */

struct agreement {
    enum lq_digest_offer target;
    const char *offer;  /* the initiator's; "": none */
    const char *answer; /* "": the target does not speak of it */
    uint32_t status;
};

static const struct agreement *now;

static void take_offer(struct lq_iscsi_config *config)
{
    config->offer.header_digest = now->target;
    config->offer.data_digest = LQ_DIGEST_NONE;
}

/* The first of the initiator's values that the target accepts; none in common ends the login. */
static void test_agreement(void)
{
    static const struct agreement table[] = {
        {LQ_DIGEST_NONE, "None", "None", 0},
        {LQ_DIGEST_NONE, "CRC32C,None", "None", 0},
        {LQ_DIGEST_NONE, "CRC32C", "Reject", 0},
        {LQ_DIGEST_NONE, "", "", 0},
        {LQ_DIGEST_PREFER_NONE, "CRC32C,None", "CRC32C", 0},
        {LQ_DIGEST_PREFER_CRC32C, "None,CRC32C", "None", 0},
        {LQ_DIGEST_PREFER_NONE, "X-more,CRC32C", "CRC32C", 0},
        {LQ_DIGEST_PREFER_CRC32C, "", "", 0},
        {LQ_DIGEST_CRC32C, "None,CRC32C", "CRC32C", 0},
        {LQ_DIGEST_CRC32C, "None", "Reject", 0x0200},
    };
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        now = &table[i];
        bench_make(take_offer);
        struct peer *peer = bench_accept();
        char text[64] = "MaxBurstLength=8192", pair[64];
        uint32_t size = 20;
        if (now->offer[0] != '\0')
            size += (uint32_t)sprintf(text + size, "HeaderDigest=%s", now->offer) + 1;
        CU_ASSERT_EQUAL(login(peer, text, size), now->status);
        if (now->status != 0)
            continue;
        sprintf(pair, "HeaderDigest=%s", now->answer);
        CU_ASSERT_EQUAL(has_text(peer, pair), now->answer[0] != '\0');
        struct lq_iscsi_digests digests = lq_iscsi_digests(bench.target, peer->conn);
        CU_ASSERT_EQUAL(digests.header, strcmp(now->answer, "CRC32C") == 0);
        CU_ASSERT_FALSE(digests.data);
        peer->header_digest = digests.header;
        command(peer, 0x81, 0, NULL, 0);
        CU_ASSERT_TRUE(take_op(peer, 0x21));
    }
}

/* A target that insists speaks first when the initiator does not. */
static void test_insistence(void)
{
    static const struct agreement insists = {.target = LQ_DIGEST_CRC32C};
    now = &insists;
    for (int refused = 0; refused < 2; refused++) {
        bench_make(take_offer);
        struct peer *peer = bench_accept();
        CU_ASSERT_EQUAL(login(peer, NULL, 0), 0);
        CU_ASSERT_EQUAL(peer->got[1] & 0x80, 0); /* not over */
        CU_ASSERT_TRUE(has_text(peer, "HeaderDigest=CRC32C"));
        if (refused)
            send_login(peer, 0x87, TEXT("HeaderDigest=Reject"));
        else
            send_login(peer, 0x87, TEXT("HeaderDigest=CRC32C"));
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
        CU_ASSERT_EQUAL(be(peer->got + 36, 2), refused ? 0x0200 : 0);
        CU_ASSERT_EQUAL(bench.nexus_count, refused ? 0 : 1);
    }
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* Data-In of whole and broken words, a status with sense, an R2T, an echo: the bench checks each
 * digest. */
static void test_output(void)
{
    struct peer *peer = digested();
    bench.in_bytes = bench.in_defined = 4101;
    command(peer, 0xc1, 4101, NULL, 0);
    uint32_t bytes = 0;
    do {
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x25));
        bytes += peer->data_bytes;
    } while ((peer->got[1] & 1) == 0);
    CU_ASSERT_EQUAL(bytes, 4101);
    CU_ASSERT_EQUAL(peer->data[4], (uint8_t)(4100 * 7 + 1));
    begin(peer, 0x40, 0x80, 0x55);
    put(peer->pdu + 20, 0xffffffff, 4);
    send(peer, "hello", 5);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x20));
    CU_ASSERT_EQUAL(peer->data_bytes, 5);
    bench.in_bytes = bench.in_defined = 0;
    uint32_t itt = command(peer, 0xa1, 6000, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
    CU_ASSERT_FALSE(take(peer));
}

/* Before the full feature phase there are none, not in the response that ends login either. */
static void test_login_has_none(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    CU_ASSERT_EQUAL(login(peer, TEXT("HeaderDigest=CRC32C\0DataDigest=CRC32C")), 0);
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(peer->out_bytes, 48 + ((peer->data_bytes + 3) & ~3U));
}

/* --- what is received ------------------------------------------------------------------------- */

static void test_write(void)
{
    struct peer *peer = digested();
    bench.out_defined = 7001;
    uint32_t itt = command(peer, 0xa1, 7001, pattern, 1001);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    uint32_t ttt = be(peer->got + 20, 4);
    data_out(peer, 0x00, itt, ttt, 0, 1001, pattern + 1001, 2999);
    data_out(peer, 0x80, itt, ttt, 1, 4000, pattern + 4000, 3001);
    CU_ASSERT_EQUAL(bench_newest()->filled_bytes, 7001);
    CU_ASSERT_EQUAL(memcmp(bench_newest()->buffer, pattern, 7001), 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(peer->got[3], 0);
}

/* AHS stand before the header digest, which covers them; byte by byte. */
static void test_ahs(void)
{
    for (int spoilt = 0; spoilt < 2; spoilt++) {
        struct peer *peer = digested();
        uint8_t pdu[48 + 20 + 4] = {0};
        begin(peer, 0x01, 0x81, 0x300);
        peer->cmd_sn++;
        memcpy(pdu, peer->pdu, 48);
        pdu[4] = 5; /* words: an extended CDB of 16 more bytes */
        static const uint8_t ahs[] = {0, 17, 1, 0};
        memcpy(pdu + 48, ahs, sizeof ahs);
        memset(pdu + 52, 0xcd, 16);
        put_digest(pdu + 68, pdu, 68);
        pdu[60] ^= spoilt ? 1 : 0;
        for (uint32_t i = 0; i < sizeof pdu; i++)
            feed(peer, pdu + i, 1);
        CU_ASSERT_EQUAL(is_reset(peer), spoilt);
        CU_ASSERT_EQUAL(bench.task_count, spoilt ? 0 : 1);
        if (!spoilt)
            CU_ASSERT_EQUAL(bench_newest()->command.cdb_bytes, 32);
    }
}

/* --- broken headers --------------------------------------------------------------------------- */

/* Nothing of it is believed, and the connection ends: where the next PDU begins is unknown. */
static void test_broken_header(void)
{
    struct peer *peer = digested();
    peer->spoil_header = true;
    command(peer, 0xa1, 4096, pattern, 4096);
    CU_ASSERT_TRUE(is_reset(peer));
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(bench.task_count, 0);
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 1);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_NEXUS_LOSS);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).header_digest_errors, 1);
}

/* Of Data-Out no byte has been put anywhere before its header is known to be right. */
static void test_broken_data_out_header(void)
{
    struct peer *peer = digested();
    uint32_t itt = command(peer, 0xa1, 4096, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    uint32_t ttt = be(peer->got + 20, 4);
    memset(bench_newest()->buffer, 0xee, 4096);
    peer->spoil_header = true;
    data_out(peer, 0x80, itt, ttt, 0, 0, pattern, 4096);
    CU_ASSERT_TRUE(is_reset(peer));
    CU_ASSERT_FALSE(bench_newest()->filled);
    for (uint32_t i = 0; i < 4096; i++)
        CU_ASSERT_EQUAL(bench_newest()->buffer[i], 0xee);
}

/* --- broken data ------------------------------------------------------------------------------ */

/* Command, NOP-Out and text with broken data: Reject, and it never was. Its CmdSN stays open for
 * the PDU sent again. */
static void test_broken_requests(void)
{
    struct peer *peer = digested();
    peer->spoil_data = true;
    command(peer, 0xa1, 4096, pattern, 4096);
    expect_reject(peer);
    CU_ASSERT_EQUAL(bench.task_count, 0);
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), peer->cmd_sn - 1); /* ExpCmdSN has not moved */
    peer->cmd_sn--;
    command(peer, 0xa1, 4096, pattern, 4096);
    CU_ASSERT_TRUE(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(bench.task_count, 1);
    begin(peer, 0x40, 0x80, 0x55);
    put(peer->pdu + 20, 0xffffffff, 4);
    peer->spoil_data = true;
    send(peer, "hello", 5);
    expect_reject(peer);
    begin(peer, 0x44, 0x80, 0x56);
    put(peer->pdu + 20, 0xffffffff, 4);
    peer->spoil_data = true;
    send(peer, TEXT("SendTargets="));
    expect_reject(peer);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_FALSE(is_reset(peer));
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).data_digest_errors, 3);
}

/* Data-Out: Reject at once, CHECK CONDITION 0B/47/05 when all that was asked for has come. */
static void test_broken_data_out(void)
{
    struct peer *peer = digested();
    uint32_t itt = command(peer, 0xa1, 16000, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    uint32_t first = be(peer->got + 20, 4);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    uint32_t second = be(peer->got + 20, 4);
    data_out(peer, 0x00, itt, first, 0, 0, pattern, 4096);
    peer->spoil_data = true;
    data_out(peer, 0x80, itt, first, 1, 4096, pattern + 4096, 4096);
    expect_reject(peer);
    CU_ASSERT_FALSE(take(peer)); /* the second run is still to come */
    data_out(peer, 0x00, itt, second, 0, 8192, pattern + 8192, 4096);
    CU_ASSERT_FALSE(bench_newest()->filled);
    data_out(peer, 0x80, itt, second, 1, 12288, pattern + 12288, 3712);
    CU_ASSERT_TRUE(bench_newest()->filled);
    CU_ASSERT_EQUAL(bench_newest()->filled_bytes, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), itt);
    CU_ASSERT_EQUAL(peer->got[3], 0x02);
    CU_ASSERT_EQUAL(peer->data[4] & 0x0f, 0x0b);
    CU_ASSERT_EQUAL(be(peer->data + 14, 2), 0x4705);
    CU_ASSERT_FALSE(take(peer));
}

/* Unsolicited data, and data of a command that is not there: as above, and a plain Reject. */
static void test_broken_unsolicited(void)
{
    struct peer *peer = digested();
    uint32_t itt = command(peer, 0x21, 4096, NULL, 0); /* F=0: Data-Out follow */
    peer->spoil_data = true;
    data_out(peer, 0x80, itt, 0xffffffff, 0, 0, pattern, 4096);
    expect_reject(peer);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->data + 14, 2), 0x4705);
    peer->spoil_data = true;
    data_out(peer, 0x80, 0x999, 0x77, 0, 0, pattern, 512);
    expect_reject(peer);
    CU_ASSERT_FALSE(take(peer));
}

/* A hole that a broken command left, and writes behind it: their data is not kept, so that they end
 * BUSY when an ABORT TASK has closed the hole; those without data run. */
static void test_behind_the_hole(void)
{
    struct peer *peer = digested();
    peer->spoil_data = true;
    uint32_t broken = command(peer, 0xa1, 4096, pattern, 4096);
    expect_reject(peer);
    uint32_t hole = peer->cmd_sn - 1;
    uint32_t immediate = command(peer, 0xa1, 4096, pattern, 4096);
    uint32_t unsolicited = command(peer, 0x21, 4096, NULL, 0);
    data_out(peer, 0x00, unsolicited, 0xffffffff, 0, 0, pattern, 2048);
    uint32_t aborted = command(peer, 0x21, 4096, NULL, 0);
    uint32_t plain = command(peer, 0x81, 0, NULL, 0);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(bench.task_count, 0);
    uint32_t function = tm(peer, 1, aborted, peer->cmd_sn - 2);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x22));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), function);
    tm(peer, 1, broken, hole);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x22));
    CU_ASSERT_EQUAL(peer->got[2], 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), immediate);
    CU_ASSERT_EQUAL(be(peer->got, 4), 0x21820008); /* U, BUSY */
    CU_ASSERT_EQUAL(be(peer->got + 44, 4), 4096);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), plain);
    CU_ASSERT_EQUAL(peer->got[3], 0);
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), peer->cmd_sn);
    CU_ASSERT_FALSE(take(peer)); /* the rest of its unsolicited data is still to come */
    data_out(peer, 0x80, unsolicited, 0xffffffff, 1, 2048, pattern, 2048);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x21));
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), unsolicited);
    CU_ASSERT_EQUAL(peer->got[3], 0x08);
    data_out(peer, 0x80, aborted, 0xffffffff, 0, 0, pattern, 2048);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(bench.task_count, 1);
    pass(60 * SECOND); /* nothing is waited for */
    CU_ASSERT_FALSE(is_reset(peer));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"agreement", test_agreement},
        {"insistence", test_insistence},
        {"output", test_output},
        {"login has none", test_login_has_none},
        {"write", test_write},
        {"AHS", test_ahs},
        {"broken header", test_broken_header},
        {"broken header of Data-Out", test_broken_data_out_header},
        {"broken requests", test_broken_requests},
        {"broken Data-Out", test_broken_data_out},
        {"broken unsolicited data", test_broken_unsolicited},
        {"behind the hole", test_behind_the_hole},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: digests", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
