/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint: every PDU that an initiator sends, cut at every byte into two feeds, has the
 * same result as in one. The exhaustive mode, which delivers whole PDUs, rests on this. */
#include "core/base/test/unit.h"
#include "proto/iscsi/test/target_bench.h"

static uint8_t pattern[64];

/* A session, and the PDU in question sent with CUT. */
struct kind {
    const char *name;
    void (*send)(struct peer *peer, uint32_t cut);
    uint32_t pdu_bytes; /* its length: cuts at 1..pdu_bytes - 1 */
    bool is_login;
};

static const char login_text[] = "InitiatorName=iqn.2026-11.org.example:i\0SessionType=Discovery";

static void send_login_request(struct peer *peer, uint32_t cut)
{
    bench_cut_at = cut;
    send_login(peer, 0x87, TEXT(login_text));
}

static void send_command(struct peer *peer, uint32_t cut)
{
    bench.ends_good = true;
    bench_cut_at = cut;
    command(peer, 0xa1, 64, pattern, 64);
}

static void send_data_out(struct peer *peer, uint32_t cut)
{
    bench.asks_data = true;
    uint32_t itt = command(peer, 0xa1, 64, NULL, 0);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x31));
    bench_cut_at = cut;
    data_out(peer, 0x80, itt, be(peer->got + 20, 4), 0, 0, pattern, 64);
}

static void send_tm(struct peer *peer, uint32_t cut)
{
    bench.tm_answers = true;
    bench_cut_at = cut;
    tm(peer, 5, 0xffffffff, 0);
}

static void send_nop_out(struct peer *peer, uint32_t cut)
{
    put(begin(peer, 0x40, 0x80, 77) + 20, 0xffffffff, 4);
    bench_cut_at = cut;
    send(peer, pattern, 61);
}

static void send_text(struct peer *peer, uint32_t cut)
{
    static const char text[] = "SendTargets=";
    put(begin(peer, 0x04, 0x80, 78) + 20, 0xffffffff, 4);
    peer->cmd_sn++;
    bench_cut_at = cut;
    send(peer, TEXT(text));
}

static void send_logout(struct peer *peer, uint32_t cut)
{
    begin(peer, 0x46, 0x80, 79);
    bench_cut_at = cut;
    send(peer, NULL, 0);
}

static void send_snack(struct peer *peer, uint32_t cut)
{
    put(begin(peer, 0x10, 0x80, 80) + 20, 0xffffffff, 4);
    bench_cut_at = cut;
    send(peer, NULL, 0);
}

static const struct kind kinds[] = {
    {"Login Request", send_login_request, 48 + (sizeof login_text + 3) / 4 * 4, true},
    {"SCSI Command", send_command, 48 + 64, false},
    {"SCSI Data-Out", send_data_out, 48 + 64, false},
    {"Task Management Function Request", send_tm, 48, false},
    {"NOP-Out", send_nop_out, 48 + 64, false},
    {"Text Request", send_text, 48 + 16, false},
    {"Logout Request", send_logout, 48, false},
    {"SNACK Request", send_snack, 48, false},
};

static uint8_t whole_out[sizeof peers[0].out];

/* What the target said to it, with the PDU cut at CUT; the number of bytes. */
static uint32_t say(const struct kind *kind, uint32_t cut, struct peer **peer)
{
    bench_make(NULL);
    *peer = kind->is_login ? bench_accept() : logged_in();
    kind->send(*peer, cut);
    CU_ASSERT_EQUAL(bench_cut_at, 0); /* it was used */
    pump();
    return (*peer)->out_bytes;
}

static void test_every_cut(void)
{
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 5 + 1);
    for (uint32_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct peer *peer = NULL;
        uint32_t whole = say(&kinds[k], 0, &peer);
        memcpy(whole_out, peer->out, whole);
        uint32_t whole_tasks = bench.task_count, whole_tms = bench.tm_count;
        enum lq_emit_end whole_end = peer->end;
        for (uint32_t cut = 1; cut < kinds[k].pdu_bytes; cut++) {
            uint32_t bytes = say(&kinds[k], cut, &peer);
            bool is_same = bytes == whole && memcmp(peer->out, whole_out, whole) == 0 &&
                           bench.task_count == whole_tasks && bench.tm_count == whole_tms &&
                           peer->end == whole_end;
            if (!is_same)
                fprintf(stderr, "%s cut at %u\n", kinds[k].name, (unsigned)cut);
            CU_ASSERT_TRUE(is_same);
        }
        CU_ASSERT(whole > 0 || peer->end != LQ_EMIT_OPEN); /* it said something of it */
    }
}

int main(void)
{
    CU_TestInfo cuts[] = {{"every PDU cut at every byte", test_every_cut}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"cuts", NULL, NULL, NULL, NULL, cuts}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
