/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: login, discovery, reinstatement, the end of sessions. */
#include "core/base/test/unit.h"
#include "proto/iscsi/test/target_bench.h"

#define NAMES "InitiatorName=iqn.2026-11.org.example:i\0TargetName=iqn.2026-11.org.example:t0\0"

/* --- login that succeeds ---------------------------------------------------------------------- */

static void test_one_request(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    uint32_t status = login(peer, TEXT("HeaderDigest=CRC32C,None\0DataDigest=None\0"
                                       "MaxBurstLength=16776192\0FirstBurstLength=262144\0"
                                       "InitialR2T=No\0ImmediateData=Yes\0MaxConnections=4\0"
                                       "MaxOutstandingR2T=8\0ErrorRecoveryLevel=2\0"
                                       "DefaultTime2Wait=10\0DefaultTime2Retain=0\0"
                                       "IFMarker=No\0OFMarkInt=2048\0X-org.example.key=1\0"
                                       "DataPDUInOrder=No\0MaxRecvDataSegmentLength=65536"));
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(peer->got[1], 0x87); /* T, CSG 1, NSG 3 */
    CU_ASSERT_EQUAL(be(peer->got + 2, 2), 0);
    CU_ASSERT_EQUAL(memcmp(peer->got + 8, "\x40\x00\x01\x37\x00\x00", 6), 0);
    CU_ASSERT_NOT_EQUAL(be(peer->got + 14, 2), 0); /* TSIH */
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0x77);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), 0xfffffffe); /* StatSN */
    CU_ASSERT_EQUAL(be(peer->got + 28, 4), 0xfffffffe); /* ExpCmdSN: login takes no number */
    CU_ASSERT_EQUAL(be(peer->got + 32, 4), 0xfffffffe + 15);
    CU_ASSERT_TRUE(has_text(peer, "TargetPortalGroupTag=1"));
    CU_ASSERT_TRUE(has_text(peer, "HeaderDigest=CRC32C"));
    CU_ASSERT_TRUE(has_text(peer, "MaxBurstLength=262144"));
    CU_ASSERT_TRUE(has_text(peer, "FirstBurstLength=65536"));
    CU_ASSERT_TRUE(has_text(peer, "InitialR2T=No"));
    CU_ASSERT_TRUE(has_text(peer, "ImmediateData=Yes"));
    CU_ASSERT_TRUE(has_text(peer, "MaxConnections=1"));
    CU_ASSERT_TRUE(has_text(peer, "MaxOutstandingR2T=2"));
    CU_ASSERT_TRUE(has_text(peer, "ErrorRecoveryLevel=0"));
    CU_ASSERT_TRUE(has_text(peer, "DefaultTime2Wait=10"));
    CU_ASSERT_TRUE(has_text(peer, "DefaultTime2Retain=0"));
    CU_ASSERT_TRUE(has_text(peer, "IFMarker=Reject"));
    CU_ASSERT_TRUE(has_text(peer, "OFMarkInt=Reject"));
    CU_ASSERT_TRUE(has_text(peer, "X-org.example.key=NotUnderstood"));
    CU_ASSERT_TRUE(has_text(peer, "DataPDUInOrder=Yes"));
    CU_ASSERT_TRUE(has_text(peer, "MaxRecvDataSegmentLength=16384"));
    CU_ASSERT_EQUAL(bench.nexus_count, 1);
    /* [SPC-5 7.6.4.6]: 45h, length, folded name, ",i,0x", ISID, NUL, padding */
    static const char id[] = "iqn.2026-11.org.example:i,i,0x400001370000";
    CU_ASSERT_EQUAL(bench.transport_id[0], 0x45);
    CU_ASSERT_EQUAL(be(bench.transport_id + 2, 2), 44);
    CU_ASSERT_EQUAL(bench.transport_id_bytes, 48);
    CU_ASSERT_EQUAL(memcmp(bench.transport_id + 4, id, sizeof id), 0);
    CU_ASSERT_TRUE(lq_iscsi_transport.transport_id_is_valid(bench.transport_id, 48));
}

static void test_two_stages(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    send_login(peer, 0x81, TEXT(NAMES "SessionType=Normal\0AuthMethod=CHAP,None"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x81);
    CU_ASSERT_EQUAL(be(peer->got + 14, 2), 0); /* no TSIH before the end */
    CU_ASSERT_TRUE(has_text(peer, "AuthMethod=None"));
    CU_ASSERT_TRUE(has_text(peer, "TargetPortalGroupTag=1"));
    CU_ASSERT_FALSE(has_text(peer, "MaxRecvDataSegmentLength=16384"));
    send_login(peer, 0x04, TEXT("InitialR2T=Yes")); /* T=0: not ready yet */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x04);
    CU_ASSERT_TRUE(has_text(peer, "InitialR2T=Yes"));
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), 0xffffffff);
    send_login(peer, 0x87, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
    CU_ASSERT_EQUAL(be(peer->got + 24, 4), 0); /* StatSN wrapped */
    CU_ASSERT_EQUAL(be(peer->got + 36, 2), 0);
    CU_ASSERT_FALSE(has_text(peer, "TargetPortalGroupTag=1")); /* once */
    CU_ASSERT_EQUAL(bench.nexus_count, 1);
}

static void test_key_split_over_requests(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    send_login(peer, 0x44, "InitiatorName=iqn.2026-11.org.example:i\0Targ", 44);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x04); /* T=0, no text: go on */
    CU_ASSERT_EQUAL(peer->data_bytes, 0);
    send_login(peer, 0x87, TEXT("etName=iqn.2026-11.org.example:t1"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(be(peer->got + 36, 2), 0);
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
}

static void never_immediate(struct lq_iscsi_config *config)
{
    config->offer.immediate_data = false;
}

static void test_offers_what_the_default_is_not(void)
{
    bench_make(never_immediate);
    struct peer *peer = bench_accept();
    send_login(peer, 0x87, TEXT(NAMES));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x04); /* T=0: an answer is due */
    CU_ASSERT_TRUE(has_text(peer, "ImmediateData=No"));
    CU_ASSERT_FALSE(has_text(peer, "MaxBurstLength=262144"));
    send_login(peer, 0x87, TEXT("ImmediateData=No"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
}

static void much_text(struct lq_iscsi_config *config)
{
    config->limits.login_text_bytes_max = 32768;
}

static void test_a_long_answer_in_parts(void)
{
    bench_make(much_text);
    struct peer *peer = bench_accept();
    char text[8100];
    uint32_t size = sizeof NAMES - 1;
    memcpy(text, NAMES, size);
    for (uint32_t i = 0; size + 8 < sizeof text; i++, size += 8) {
        memcpy(text + size, "X-0000=", 8);
        put((uint8_t *)text + size + 2, 0x30303030 + (i % 10) + (i / 10 % 10 << 8) +
            (i / 100 % 10 << 16) + (i / 1000 << 24), 4);
    }
    send_login(peer, 0x87, text, size);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(be(peer->got + 36, 2), 0);
    CU_ASSERT_EQUAL(peer->got[1], 0x44); /* C: more follows */
    CU_ASSERT_EQUAL(peer->data_bytes, 8192);
    uint32_t parts = 0;
    while (peer->got[1] == 0x44 && parts++ < 10) {
        send_login(peer, 0x87, NULL, 0);
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    }
    CU_ASSERT_EQUAL(peer->got[1], 0x87);
    CU_ASSERT_EQUAL(parts, 2);
}

/* --- login that fails ------------------------------------------------------------------------- */

struct refusal {
    const char *what;
    uint8_t flags;
    uint8_t version_min;
    uint16_t tsih;
    const char *text;
    uint32_t text_bytes;
    uint32_t status;
};

static const struct refusal refusals[] = {
    {"version", 0x87, 1, 0, TEXT(NAMES), 0x0205},
    {"no InitiatorName", 0x87, 0, 0, TEXT("TargetName=iqn.2026-11.org.example:t0"), 0x0207},
    {"no TargetName", 0x87, 0, 0, TEXT("InitiatorName=iqn.2026-11.org.example:i"), 0x0207},
    {"unknown target", 0x87, 0, 0,
     TEXT("InitiatorName=iqn.2026-11.org.example:i\0TargetName=iqn.2026-11.org.example:t9"),
     0x0203},
    {"session type", 0x87, 0, 0, TEXT(NAMES "SessionType=Garbage"), 0x0209},
    {"unknown TSIH", 0x87, 0, 9, TEXT(NAMES), 0x020a},
    {"T and C", 0xc7, 0, 0, TEXT(NAMES), 0x0200},
    {"NSG 2", 0x86, 0, 0, TEXT(NAMES), 0x0200},
    {"CSG 2", 0x8b, 0, 0, TEXT(NAMES), 0x0200},
    {"NSG not above CSG", 0x85, 0, 0, TEXT(NAMES), 0x0200},
    {"key twice", 0x87, 0, 0, TEXT(NAMES "ImmediateData=Yes\0ImmediateData=Yes"), 0x0200},
    {"CHAP only", 0x81, 0, 0, TEXT(NAMES "AuthMethod=CHAP"), 0x0201},
    {"no equals sign", 0x87, 0, 0, TEXT(NAMES "Nonsense"), 0x0200},
    {"not terminated", 0x87, 0, 0, NAMES "X-a=b", sizeof NAMES - 1 + 5, 0x0200},
    {"target's key", 0x87, 0, 0, TEXT(NAMES "TargetAlias=x"), 0x0200},
    {"bad name", 0x87, 0, 0,
     TEXT("InitiatorName=iqn bad\0TargetName=iqn.2026-11.org.example:t0"), 0x0200},
};

static void test_refusals(void)
{
    for (uint32_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        bench_make(NULL);
        struct peer *peer = bench_accept();
        begin(peer, 0x43, r->flags, 0x77);
        memset(peer->pdu + 8, 0, 16);
        put(peer->pdu + 16, 0x77, 4);
        peer->pdu[2] = peer->pdu[3] = r->version_min;
        put(peer->pdu + 14, r->tsih, 2);
        send(peer, r->text, r->text_bytes);
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
        uint32_t status = be(peer->got + 36, 2);
        if (status != r->status)
            CU_FAIL(r->what);
        CU_ASSERT_EQUAL(peer->got[1] & 0x80, 0);
        CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
        CU_ASSERT_EQUAL(bench.nexus_count, 0);
        lose(peer);
        CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).connections_free, BENCH_CONNECTIONS);
        CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).sessions_free, BENCH_SESSIONS);
    }
}

static void test_changed_login(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    send_login(peer, 0x04, TEXT(NAMES));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    begin(peer, 0x43, 0x87, 0x78); /* another ITT */
    memcpy(peer->pdu + 8, "\x40\x00\x01\x37\x00\x00", 6);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(be(peer->got + 36, 2), 0x020b);
}

static void test_first_pdu_is_no_login(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    begin(peer, 0x40, 0x80, 1);
    send(peer, NULL, 0);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
    lose(peer);
    peer = bench_accept(); /* and a login whose data segment is longer than 8192 */
    begin(peer, 0x43, 0x87, 1);
    put(peer->pdu + 5, 8193, 3);
    feed(peer, peer->pdu, 48);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
}

static void test_limits(void)
{
    bench_make(NULL);
    for (uint32_t i = 0; i < BENCH_SESSIONS + 1; i++) {
        struct peer *peer = bench_accept();
        char text[] = "InitiatorName=iqn.2026-11.org.example:0\0"
                      "TargetName=iqn.2026-11.org.example:t0";
        text[38] = (char)('0' + i);
        send_login(peer, 0x87, TEXT(text));
        CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
        CU_ASSERT_EQUAL(be(peer->got + 36, 2), i < BENCH_SESSIONS ? 0 : 0x0302);
    }
    bench_make(NULL);
    bench.refuse_nexus = true;
    CU_ASSERT_EQUAL(login(bench_accept(), NULL, 0), 0x0302);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).sessions_free, BENCH_SESSIONS);
    for (uint32_t i = 1; i < BENCH_CONNECTIONS; i++)
        CU_ASSERT_PTR_NOT_NULL(bench_accept());
    CU_ASSERT_PTR_NULL(bench_accept());
}

static void test_login_timeout(void)
{
    bench_make(NULL);
    struct peer *peer = bench_accept();
    send_login(peer, 0x04, TEXT(NAMES));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(lq_iscsi_deadline(bench.target), 16 * SECOND);
    pass(14 * SECOND);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);
    pass(SECOND);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_RESET);
}

/* --- reinstatement ---------------------------------------------------------------------------- */

static void test_session_reinstatement(void)
{
    bench_make(NULL);
    struct peer *old = logged_in();
    bench.ends_good = false;
    command(old, 0xc1, 512, NULL, 0);
    bench.hold_nexus_end = true;
    struct peer *new = bench_accept();
    send_login(new, 0x87, TEXT("InitiatorName=iqn.2026-11.org.example:I\0"
                               "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_FALSE(take(new)); /* the answer waits for the old session's end */
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 1);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_REINSTATEMENT);
    CU_ASSERT_EQUAL(old->end, LQ_EMIT_CLOSE_RESET);
    bench_end(&bench.tasks[0], LQ_GOOD, NULL, 0); /* a stale cookie: no effect */
    pump();
    CU_ASSERT_FALSE(take(old));
    bench_nexus_ended();
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(new, 0x23));
    CU_ASSERT_EQUAL(be(new->got + 36, 2), 0);
    CU_ASSERT_EQUAL(bench.nexus_count, 2);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).reinstatements, 1);
    lose(old);
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 1);
    bench.ends_good = true;
    uint32_t itt = command(new, 0x81, 0, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(new, 0x21));
    CU_ASSERT_EQUAL(be(new->got + 16, 4), itt);
}

static void test_third_login_takes_the_waiting_ones_place(void)
{
    bench_make(NULL);
    struct peer *first = logged_in();
    bench.hold_nexus_end = true;
    struct peer *second = bench_accept();
    send_login(second, 0x87, TEXT("InitiatorName=iqn.2026-11.org.example:I\0"
                                  "TargetName=iqn.2026-11.org.example:t0"));
    struct peer *third = bench_accept();
    send_login(third, 0x87, TEXT("InitiatorName=iqn.2026-11.org.example:I\0"
                                 "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_EQUAL(second->end, LQ_EMIT_CLOSE_RESET);
    lose(second);
    lose(first);
    bench_nexus_ended();
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(third, 0x23));
    CU_ASSERT_EQUAL(be(third->got + 36, 2), 0);
    CU_ASSERT_EQUAL(bench.nexus_count, 2);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).sessions_free, BENCH_SESSIONS - 1);
}

static void test_connection_reinstatement(void)
{
    bench_make(NULL);
    struct peer *old = logged_in();
    uint32_t tsih = be(old->got + 14, 2);
    struct peer *other = bench_accept(); /* another CID: a second connection */
    put(other->pdu + 14, tsih, 2);
    put(other->pdu + 20, 5, 2);
    CU_ASSERT_EQUAL(login(other, NULL, 0), 0x0206);
    struct peer *new = bench_accept();
    put(new->pdu + 14, tsih, 2);
    new->cmd_sn = old->cmd_sn;
    CU_ASSERT_EQUAL(login(new, NULL, 0), 0);
    CU_ASSERT_EQUAL(be(new->got + 14, 2), tsih);
    CU_ASSERT_EQUAL(old->end, LQ_EMIT_CLOSE_RESET);
}

/* --- discovery, logout ------------------------------------------------------------------------ */

static struct peer *discovery(void)
{
    struct peer *peer = bench_accept();
    send_login(peer, 0x87, TEXT("MaxBurstLength=512\0SessionType=Discovery\0"
                                "InitiatorName=iqn.2026-11.org.example:i\0"
                                "MaxRecvDataSegmentLength=512"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    CU_ASSERT_EQUAL(be(peer->got + 36, 2), 0);
    CU_ASSERT_TRUE(has_text(peer, "MaxBurstLength=Irrelevant"));
    CU_ASSERT_FALSE(has_text(peer, "TargetPortalGroupTag=1"));
    return peer;
}

static void text(struct peer *peer, const void *pairs, uint32_t pairs_bytes)
{
    begin(peer, 0x04, 0x80, peer->itt++);
    peer->cmd_sn++;
    send(peer, pairs, pairs_bytes);
}

static void test_discovery(void)
{
    bench_make(NULL);
    struct peer *peer = discovery();
    CU_ASSERT_EQUAL(bench.nexus_count, 0);
    text(peer, TEXT("SendTargets=All"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 20, 4), 0xffffffff);
    CU_ASSERT_TRUE(has_text(peer, "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_TRUE(has_text(peer, "TargetName=iqn.2026-11.org.example:t1"));
    CU_ASSERT_TRUE(has_text(peer, "TargetAddress=127.0.0.1:3260,1"));
    text(peer, TEXT("SendTargets=iqn.2026-11.ORG.example:t1"));
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
    CU_ASSERT_FALSE(has_text(peer, "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_TRUE(has_text(peer, "TargetName=iqn.2026-11.org.example:t1"));
    command(peer, 0x81, 0, NULL, 0); /* no SCSI in a discovery session */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x3f));
    CU_ASSERT_EQUAL(peer->got[2], 0x04);
    CU_ASSERT_EQUAL(peer->data_bytes, 48);
    CU_ASSERT_EQUAL(memcmp(peer->data, peer->pdu, 48), 0);
    begin(peer, 0x46, 0x80, 0x900); /* logout */
    put(peer->pdu + 20, 0, 4);
    send(peer, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x26));
    CU_ASSERT_EQUAL(peer->got[2], 0);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
    lose(peer);
    CU_ASSERT_EQUAL(lq_iscsi_counts(bench.target).sessions_free, BENCH_SESSIONS);
}

static void logout(struct peer *peer, uint8_t reason, uint16_t cid)
{
    begin(peer, 0x46, (uint8_t)(0x80 | reason), 0x900);
    put(peer->pdu + 20, (uint32_t)cid << 16, 4);
    send(peer, NULL, 0);
}

static void test_logout_waits_for_the_engine(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    command(peer, 0xc1, 512, NULL, 0);
    bench.hold_nexus_end = true;
    logout(peer, 1, 7); /* a CID that there is not */
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x26));
    CU_ASSERT_EQUAL(peer->got[2], 1);
    logout(peer, 2, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x26));
    CU_ASSERT_EQUAL(peer->got[2], 2);
    logout(peer, 0, 0);
    CU_ASSERT_FALSE(take(peer));
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_LOGOUT);
    bench_nexus_ended();
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x26));
    CU_ASSERT_EQUAL(peer->got[2], 0);
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0x900);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
    lose(peer);
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
    CU_ASSERT_EQUAL(counts.sessions_free, BENCH_SESSIONS);
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 1);
}

static void test_relogin_while_a_logout_waits(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.hold_nexus_end = true;
    logout(peer, 0, 0);
    lose(peer);
    struct peer *new = bench_accept();
    send_login(new, 0x87, TEXT("InitiatorName=iqn.2026-11.org.example:I\0"
                               "TargetName=iqn.2026-11.org.example:t0"));
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 2); /* told again: reinstatement waits less */
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_REINSTATEMENT);
    CU_ASSERT_FALSE(take(new));
    bench_nexus_ended();
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(new, 0x23));
    CU_ASSERT_EQUAL(be(new->got + 36, 2), 0);
}

static void test_nexus_loss(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    bench.ends_good = false;
    command(peer, 0xc1, 512, NULL, 0);
    lose(peer);
    CU_ASSERT_EQUAL(bench.lost_how, LQ_TRIGGER_NEXUS_LOSS);
    struct lq_iscsi_counts counts = lq_iscsi_counts(bench.target);
    CU_ASSERT_EQUAL(counts.commands_free, counts.commands);
    CU_ASSERT_EQUAL(counts.sessions_free, BENCH_SESSIONS);
    CU_ASSERT_EQUAL(counts.connections_free, BENCH_CONNECTIONS);
    CU_ASSERT_EQUAL(lq_iscsi_deadline(bench.target), LQ_NEVER);
}

static void test_shutdown(void)
{
    bench_make(NULL);
    struct peer *peer = logged_in();
    struct peer *half = bench_accept();
    lq_iscsi_shutdown(bench.target);
    pump();
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x32));
    CU_ASSERT_EQUAL(peer->got[1], 0x80);
    CU_ASSERT_EQUAL(be(peer->got + 16, 4), 0xffffffff);
    CU_ASSERT_EQUAL(peer->got[36], 1);       /* logout requested */
    CU_ASSERT_EQUAL(be(peer->got + 38, 4), 0);
    CU_ASSERT_EQUAL(be(peer->got + 42, 2), 1); /* within one second */
    CU_ASSERT_EQUAL(half->end, LQ_EMIT_CLOSE_FLUSH);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_OPEN);
    CU_ASSERT_EQUAL(login(bench_accept(), NULL, 0), 0x0301);
    pass(SECOND);
    CU_ASSERT_EQUAL(peer->end, LQ_EMIT_CLOSE_FLUSH);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one request", test_one_request},
        {"two stages", test_two_stages},
        {"key split over requests", test_key_split_over_requests},
        {"offers what the default is not", test_offers_what_the_default_is_not},
        {"a long answer in parts", test_a_long_answer_in_parts},
        {"refusals", test_refusals},
        {"changed login", test_changed_login},
        {"first PDU is no login", test_first_pdu_is_no_login},
        {"limits", test_limits},
        {"login timeout", test_login_timeout},
        {"session reinstatement", test_session_reinstatement},
        {"third login takes the waiting one's place",
         test_third_login_takes_the_waiting_ones_place},
        {"connection reinstatement", test_connection_reinstatement},
        {"discovery", test_discovery},
        {"logout waits for the engine", test_logout_waits_for_the_engine},
        {"relogin while a logout waits", test_relogin_while_a_logout_waits},
        {"nexus loss", test_nexus_loss},
        {"shutdown", test_shutdown},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: login", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
