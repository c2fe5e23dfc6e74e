/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint: every PDU that a target sends, cut at every byte into two feeds, has the
 * same result as in one. The exhaustive mode, which delivers whole PDUs, rests on this. */
#include "proto/iscsi/test/byte_target.h"

#include "core/base/hash.h"

static uint8_t in[512], out[512];

static uint32_t begin_command(bool reads, bool writes)
{
    static const uint8_t cdb[6] = {0};
    struct lq_iscsi_initiator_command command = {.id = 1,
                                                 .cdb = cdb,
                                                 .cdb_bytes = 6,
                                                 .read = reads,
                                                 .write = writes,
                                                 .expected_in_bytes = reads ? 512 : 0,
                                                 .expected_out_bytes = writes ? 512 : 0,
                                                 .out = out,
                                                 .out_bytes = 512,
                                                 .in = in,
                                                 .in_bytes = 512};
    log_in();
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(ini, &command));
    CU_ASSERT_FATAL(receive() >= 0);
    exp_cmd_sn++;
    max_cmd_sn++;
    return be(pdu + 16, 4);
}

static void login_response(uint32_t cut)
{
    struct lq_iscsi_initiator_login request = login_request();
    request.skip_security_stage = true;
    make(&lq_iscsi_initiator_config_default);
    stat_sn = 1;
    exp_cmd_sn = request.first_cmd_sn;
    max_cmd_sn = exp_cmd_sn + 7;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_FATAL(receive() > 0);
    cut_at = cut;
    answer_login(0x87, 5, TEXT(full_answer));
}

static void scsi_response(uint32_t cut)
{
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20};
    begin(0x21, 0x80, begin_command(false, false));
    pdu[3] = 2;
    cut_at = cut;
    send_status_pdu(sense, sizeof sense);
}

static void send_data_in(uint32_t cut)
{
    begin(0x25, 0x81, begin_command(true, false));
    put(pdu + 20, 0xffffffff, 4);
    cut_at = cut;
    send_status_pdu(out, 512);
}

static void send_r2t(uint32_t cut)
{
    begin(0x31, 0x80, begin_command(false, true));
    put(pdu + 20, 9, 4);
    put(pdu + 44, 512, 4);
    cut_at = cut;
    send(NULL, 0);
}

static void tm_response(uint32_t cut)
{
    log_in();
    struct lq_iscsi_initiator_tm tm = {.id = 2, .function = 5, .immediate = true,
                                       .referenced_tag = 0xffffffff};
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_tm(ini, &tm));
    CU_ASSERT_FATAL(receive() >= 0);
    begin(0x22, 0x80, be(pdu + 16, 4));
    cut_at = cut;
    send_status_pdu(NULL, 0);
}

static void nop_in(uint32_t cut)
{
    log_in();
    begin(0x20, 0x80, 0xffffffff);
    put(pdu + 20, 3, 4);
    cut_at = cut;
    send(out, 13);
}

static void logout_response(uint32_t cut)
{
    log_in();
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_logout(ini, 3, 0, 0, false));
    CU_ASSERT_FATAL(receive() >= 0);
    exp_cmd_sn++;
    begin(0x26, 0x80, be(pdu + 16, 4));
    cut_at = cut;
    send_status_pdu(NULL, 0);
}

static void async_message(uint32_t cut)
{
    log_in();
    begin(0x32, 0x80, 0xffffffff);
    pdu[36] = 1;
    put(pdu + 44, 3, 2);
    cut_at = cut;
    send_status_pdu(NULL, 0);
}

static void reject(uint32_t cut)
{
    uint8_t header[48] = {0};
    log_in();
    begin(0x3f, 0x80, 0xffffffff);
    pdu[2] = 9;
    cut_at = cut;
    send_status_pdu(header, 48);
}

static const struct kind {
    const char *name;
    void (*send)(uint32_t cut);
    uint32_t pdu_bytes;
} kinds[] = {{"Login Response", login_response, 48 + (sizeof full_answer + 3) / 4 * 4},
             {"SCSI Response", scsi_response, 48 + 20},
             {"SCSI Data-In", send_data_in, 48 + 512},
             {"R2T", send_r2t, 48},
             {"Task Management Function Response", tm_response, 48},
             {"NOP-In", nop_in, 48 + 16},
             {"Logout Response", logout_response, 48},
             {"Asynchronous Message", async_message, 48},
             {"Reject", reject, 48 + 48}};

/* What came of it: events, bytes that go out, data that came in. */
static uint64_t result_of(const struct kind *kind, uint32_t cut, uint32_t *events)
{
    memset(in, 0, sizeof in);
    kind->send(cut);
    CU_ASSERT_EQUAL(cut_at, 0);
    uint64_t hash = 0;
    *events = 0;
    while (lq_iscsi_initiator_next(ini, &event)) {
        hash = lq_mix(lq_mix(hash, event.kind), event.code);
        hash = lq_mix(lq_mix(hash, event.id), event.status);
        hash = lq_hash(hash, event.sense, event.sense_bytes);
        (*events)++;
    }
    pull();
    return lq_hash(lq_hash(hash, output, output_bytes), in, sizeof in);
}

static void test_every_cut(void)
{
    for (uint32_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * 3 + 1);
    for (uint32_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        uint32_t whole_events = 0, events = 0;
        uint64_t whole = result_of(&kinds[k], 0, &whole_events);
        CU_ASSERT(whole_events + output_bytes > 0); /* it was noticed */
        for (uint32_t cut = 1; cut < kinds[k].pdu_bytes; cut++) {
            bool is_same = result_of(&kinds[k], cut, &events) == whole && events == whole_events;
            if (!is_same)
                fprintf(stderr, "%s cut at %u\n", kinds[k].name, (unsigned)cut);
            CU_ASSERT_TRUE(is_same);
        }
    }
}

int main(void)
{
    CU_TestInfo cuts[] = {{"every PDU cut at every byte", test_every_cut}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"cuts", NULL, NULL, NULL, NULL, cuts}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
