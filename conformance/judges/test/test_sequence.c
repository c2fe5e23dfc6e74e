/* SPDX-License-Identifier: Apache-2.0 */
/* PDUs by hand, from the figures of RFC 7143 clause 11. The first StatSN after login is 2. */
#include "conformance/judges/test/story.h"

enum { R = 0xc1, W = 0xa1, NO_DATA = 0x81, W_MORE = 0x21 }; /* SCSI Command flags, SIMPLE */

static void begin(const char *text, const char *answer)
{
    story_begin();
    story_login_with(1, 1, NEXUS_A, text, answer);
}

/* READ(10) or WRITE(10) of NBLOCKS at LBA 0 with IMMEDIATE bytes of data. */
static void medium_command(uint32_t itt, uint8_t flags, uint32_t expected, uint32_t cmd_sn,
                           uint32_t nblocks, uint32_t immediate)
{
    TO(1, .opcode = 0x01, .flags = flags, .itt = itt, .w20 = expected, .w24 = cmd_sn, .w28 = 2,
       .w32 = flags & 0x40 ? 0x28000000 : 0x2a000000, .w40 = nblocks << 24,
       .data_bytes = immediate);
}

static void response(uint32_t itt, uint32_t stat_sn, uint32_t exp_cmd_sn, uint32_t exp_data_sn)
{
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = itt, .w24 = stat_sn, .w28 = exp_cmd_sn,
         .w32 = exp_cmd_sn + 31, .w36 = exp_data_sn);
}

static void data_in(uint32_t itt, uint32_t data_sn, uint32_t offset, uint32_t bytes, bool final)
{
    FROM(1, .opcode = 0x25, .flags = final ? 0x80 : 0, .itt = itt, .w20 = 0xffffffff, .w28 = 2,
         .w32 = 33, .w36 = data_sn, .w40 = offset, .data_bytes = bytes);
}

static void r2t(uint32_t itt, uint32_t ttt, uint32_t r2t_sn, uint32_t offset, uint32_t bytes)
{
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = itt, .w20 = ttt, .w24 = 2, .w28 = 2, .w32 = 33,
         .w36 = r2t_sn, .w40 = offset, .w44 = bytes);
}

static void data_out(uint32_t itt, uint32_t ttt, uint32_t offset, uint32_t bytes, bool final)
{
    TO(1, .opcode = 0x05, .flags = final ? 0x80 : 0, .itt = itt, .w20 = ttt, .w28 = 2,
       .w40 = offset, .data_bytes = bytes);
}

/* One of each that a target sends in the full feature phase. */
static void test_legal(void)
{
    begin("MaxBurstLength=16384;MaxRecvDataSegmentLength=1024;InitialR2T=Yes;HeaderDigest=None",
          "MaxBurstLength=16384;MaxRecvDataSegmentLength=8192;InitialR2T=Yes;HeaderDigest=None");
    medium_command(1, R, 2048, 1, 4, 0);
    data_in(1, 0, 0, 1024, false);
    FROM(1, .opcode = 0x25, .flags = 0x81, .itt = 1, .w20 = 0xffffffff, .w24 = 2, .w28 = 2,
         .w32 = 33, .w36 = 1, .w40 = 1024, .data_bytes = 1024);
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 0xffffffff, .w20 = 9, .w24 = 3, .w28 = 2,
         .w32 = 33);
    TO(1, .opcode = 0x40, .flags = 0x80, .itt = 5, .w20 = 0xffffffff, .w24 = 2, .w28 = 3);
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 5, .w20 = 0xffffffff, .w24 = 3, .w28 = 2,
         .w32 = 33);
    medium_command(2, W, 2048, 2, 4, 512);
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = 2, .w20 = 7, .w24 = 4, .w28 = 3, .w32 = 34,
         .w36 = 0, .w40 = 512, .w44 = 1536);
    TO(1, .opcode = 0x05, .flags = 0, .itt = 2, .w20 = 7, .w28 = 4, .w40 = 512, .data_bytes = 512);
    TO(1, .opcode = 0x05, .flags = 0x80, .itt = 2, .w20 = 7, .w28 = 4, .w36 = 1, .w40 = 1024,
       .data_bytes = 1024);
    response(2, 4, 3, 1);
    FROM(1, .opcode = 0x32, .flags = 0x80, .itt = 0xffffffff, .w24 = 5, .w28 = 3, .w32 = 34,
         .w36 = 0x01000000);
    FROM(1, .opcode = 0x3f, .flags = 0x80, .byte2 = 5, .itt = 0xffffffff, .w24 = 6, .w28 = 3,
         .w32 = 34, .data_bytes = 48);
    CU_ASSERT(story_is_legal());
    for (uint32_t i = 1; i <= 12; i++) {
        char id[7] = {'S', 'E', 'Q', '-', (char)('0' + i % 10), '\0', '\0'};
        if (i >= 10) {
            id[4] = '1';
            id[5] = (char)('0' + i % 10);
        }
        bool is_elsewhere = i == 8 || i == 9;
        CU_ASSERT(is_elsewhere || story_exercised(id) > 0);
    }
}

static void test_stat_sn_reused(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    medium_command(2, NO_DATA, 0, 2, 0, 0);
    response(1, 2, 3, 0);
    response(2, 2, 3, 0);
    CU_ASSERT(story_breaks("SEQ-1"));
}

static void test_window_goes_back(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 20);
    CU_ASSERT(story_breaks("SEQ-2"));
}

static void test_window_is_negative(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 0);
    CU_ASSERT(story_breaks("SEQ-2"));
}

static void test_window_tells_too_much(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    response(1, 2, 9, 0);
    CU_ASSERT(story_breaks("SEQ-2"));
}

static void test_window_does_not_cover(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 2, .w28 = 1, .w32 = 32);
    CU_ASSERT(story_breaks("SEQ-2"));
}

static void test_data_sn_gap(void)
{
    begin("", "");
    medium_command(1, R, 1024, 1, 2, 0);
    data_in(1, 0, 0, 512, false);
    data_in(1, 2, 512, 512, true);
    response(1, 2, 2, 3);
    CU_ASSERT(story_breaks("SEQ-3"));
}

static void test_wrong_exp_data_sn(void)
{
    begin("", "");
    medium_command(1, R, 512, 1, 1, 0);
    data_in(1, 0, 0, 512, true);
    response(1, 2, 2, 0);
    CU_ASSERT(story_breaks("SEQ-3"));
}

static void test_data_in_overlaps(void)
{
    begin("", "");
    medium_command(1, R, 1024, 1, 2, 0);
    data_in(1, 0, 0, 1024, false);
    data_in(1, 1, 512, 512, true);
    response(1, 2, 2, 2);
    CU_ASSERT(story_breaks("SEQ-4"));
}

static void test_r2t_beyond_expected(void)
{
    begin("", "");
    medium_command(1, W, 512, 1, 1, 0);
    r2t(1, 7, 0, 0, 1024);
    data_out(1, 7, 0, 512, true);
    response(1, 2, 2, 1);
    CU_ASSERT(story_breaks("SEQ-4"));
}

static void test_r2t_leaves_a_gap(void)
{
    begin("MaxOutstandingR2T=2", "MaxOutstandingR2T=2");
    medium_command(1, W, 1536, 1, 3, 0);
    r2t(1, 7, 0, 0, 512);
    r2t(1, 8, 1, 1024, 512);
    FROM(1, .opcode = 0x21, .flags = 0x82, .byte3 = 8, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 33,
         .w36 = 2, .w44 = 1536);
    CU_ASSERT(story_breaks("SEQ-4"));
}

static void test_segment_too_long(void)
{
    begin("MaxRecvDataSegmentLength=512", "MaxRecvDataSegmentLength=65536");
    medium_command(1, R, 1024, 1, 2, 0);
    data_in(1, 0, 0, 1024, true);
    response(1, 2, 2, 1);
    CU_ASSERT(story_breaks("SEQ-5"));
}

static void test_burst_too_long(void)
{
    begin("MaxBurstLength=512", "MaxBurstLength=512");
    medium_command(1, R, 1024, 1, 2, 0);
    data_in(1, 0, 0, 512, false);
    data_in(1, 1, 512, 512, true);
    response(1, 2, 2, 2);
    CU_ASSERT(story_breaks("SEQ-5"));
}

static void test_too_many_r2ts(void)
{
    begin("", "");
    medium_command(1, W, 1024, 1, 2, 0);
    r2t(1, 7, 0, 0, 512);
    r2t(1, 8, 1, 512, 512);
    data_out(1, 7, 0, 512, true);
    data_out(1, 8, 512, 512, true);
    response(1, 2, 2, 2);
    CU_ASSERT(story_breaks("SEQ-5"));
}

static void test_residual_off_by_one(void)
{
    begin("", "");
    medium_command(1, R, 1024, 1, 1, 0);
    data_in(1, 0, 0, 512, true);
    FROM(1, .opcode = 0x21, .flags = 0x82, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 33, .w36 = 1,
         .w44 = 511);
    CU_ASSERT(story_breaks("SEQ-6"));
}

static void test_overflow_is_missing(void)
{
    begin("", "");
    medium_command(1, R, 512, 1, 2, 0);
    data_in(1, 0, 0, 512, true);
    response(1, 2, 2, 1);
    CU_ASSERT(story_breaks("SEQ-6"));
}

static void test_two_statuses(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    response(1, 2, 2, 0);
    response(1, 3, 2, 0);
    CU_ASSERT(story_breaks("SEQ-7"));
}

static void test_status_of_nothing(void)
{
    begin("", "");
    response(44, 2, 1, 0);
    CU_ASSERT(story_breaks("SEQ-7"));
}

static void test_tag_in_use(void)
{
    begin("", "");
    medium_command(1, W, 512, 1, 1, 0);
    medium_command(2, W, 512, 2, 1, 0);
    r2t(1, 7, 0, 0, 512);
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = 2, .w20 = 7, .w24 = 2, .w28 = 3, .w32 = 34,
         .w44 = 512);
    CU_ASSERT(story_breaks("SEQ-8"));
}

static void test_no_sense(void)
{
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    FROM(1, .opcode = 0x21, .flags = 0x80, .byte3 = 2, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 33);
    CU_ASSERT(story_breaks("SEQ-9"));
}

static void test_sense_too_long(void)
{
    static const uint8_t data[20] = {0, 18, 0x70, 0, 5, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0x24};
    begin("", "");
    medium_command(1, NO_DATA, 0, 1, 0, 0);
    FROM(1, .opcode = 0x21, .flags = 0x80, .byte3 = 2, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 33,
         .data = data, .data_bytes = 20);
    CU_ASSERT(story_breaks("SEQ-9"));
}

static void test_answer_beyond_offer(void)
{
    begin("MaxBurstLength=8192;ImmediateData=No", "MaxBurstLength=65536;ImmediateData=No");
    CU_ASSERT(story_breaks("SEQ-10"));
}

static void test_key_without_answer(void)
{
    begin("InitialR2T=No;MaxBurstLength=8192", "MaxBurstLength=8192");
    CU_ASSERT(story_breaks("SEQ-10"));
}

static void test_answered_twice(void)
{
    begin("ImmediateData=Yes", "ImmediateData=Yes;ImmediateData=No");
    CU_ASSERT(story_breaks("SEQ-10"));
}

/* Command 1 was aborted, its tag 7 went to command 2; late data of 1 must not count for 2. */
static void test_stale_data_out(void)
{
    begin("", "");
    medium_command(1, W, 512, 1, 1, 0);
    r2t(1, 7, 0, 0, 512);
    TO(1, .opcode = 0x42, .flags = 0x81, .itt = 9, .w20 = 1, .w24 = 2, .w28 = 2, .w32 = 1);
    FROM(1, .opcode = 0x22, .flags = 0x80, .itt = 9, .w24 = 2, .w28 = 2, .w32 = 33);
    medium_command(2, W, 512, 2, 1, 0);
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = 2, .w20 = 7, .w24 = 3, .w28 = 3, .w32 = 34,
         .w44 = 512);
    data_out(1, 7, 0, 512, true);
    response(2, 3, 3, 1);
    CU_ASSERT(story_breaks("SEQ-11"));
}

static void test_unsolicited_data_counts(void)
{
    begin("InitialR2T=No;FirstBurstLength=1024", "InitialR2T=No;FirstBurstLength=1024");
    medium_command(1, W_MORE, 1536, 1, 3, 512);
    data_out(1, 0xffffffff, 512, 512, true);
    r2t(1, 7, 0, 1024, 512);
    data_out(1, 7, 1024, 512, true);
    response(1, 2, 2, 1);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-11") == 1);
}

static void test_unknown_opcode(void)
{
    begin("", "");
    FROM(1, .opcode = 0x05, .flags = 0x80, .itt = 0xffffffff, .w24 = 2, .w28 = 1, .w32 = 32);
    CU_ASSERT(story_breaks("SEQ-12"));
}

static void test_response_before_login(void)
{
    story_begin();
    TO(1, .opcode = 0x43, .flags = 0x81, .itt = 1, .w24 = 1);
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 0xffffffff, .w20 = 1, .w24 = 1, .w28 = 1,
         .w32 = 1);
    EV(LQ_W_CLOSE, .connection = 1);
    CU_ASSERT(story_breaks("SEQ-12"));
}

static void test_another_status_arrives(void)
{
    begin("", "");
    struct story_command c = {.actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 1};
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_engine_ends(&c, 0x08, 0);
    story_respond(&c, 0, 0);
    story_status(&c, 0, 0, 0);
    story_free(&c);
    CU_ASSERT(story_breaks("SEQ-13"));
}

/* An FCP target took a frame that was delivered twice for two commands. */
static void test_either_status_arrives(void)
{
    begin("", "");
    struct story_command c = {.actor = 1, .nexus = NEXUS_A, .serial = 1};
    story_send(&c);
    story_arrive(&c);
    story_engine_ends(&c, 0x28, 0);
    EV(LQ_E_RECEIVED, .nexus = NEXUS_A, .serial = 2, .tag = 1, .stamp = 2);
    EV(LQ_E_ENTERED, .nexus = NEXUS_A, .serial = 2, .tag = 1, .stamp = 2);
    EV(LQ_E_ENABLED, .nexus = NEXUS_A, .serial = 2, .tag = 1, .stamp = 2);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 2, .tag = 1, .stamp = 2);
    story_status(&c, 0, 0, 0);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 2, .tag = 1, .stamp = 2);
    story_free(&c);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-13") == 1);
}

/* INQUIRY whose allocation length is 36 and expected length 96. */
static void inquiry(uint32_t bytes)
{
    begin("MaxBurstLength=16384", "MaxBurstLength=16384");
    TO(1, .opcode = 0x01, .flags = R, .itt = 1, .w20 = 96, .w24 = 1, .w28 = 2, .w32 = 0x12000000,
       .w36 = 0x24000000);
    data_in(1, 0, 0, bytes, true);
    FROM(1, .opcode = 0x21, .flags = bytes == 96 ? 0x80 : 0x82, .itt = 1, .w24 = 2, .w28 = 2,
         .w32 = 33, .w36 = 1, .w44 = 96 - bytes);
}

static void test_allocation_length(void)
{
    inquiry(36);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-20") == 1);
}

static void test_allocation_length_is_ignored(void)
{
    inquiry(96);
    CU_ASSERT(story_breaks("SEQ-20"));
}

static void test_ping_answered_as_a_ping(void)
{
    begin("", "");
    TO(1, .opcode = 0x40, .flags = 0x80, .itt = 5, .w20 = 0xffffffff, .w24 = 1, .w28 = 2);
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 5, .w20 = 9, .w24 = 2, .w28 = 1, .w32 = 32);
    CU_ASSERT(story_breaks("SEQ-12"));
}

static void test_r2t_with_another_lun(void)
{
    begin("InitialR2T=Yes", "InitialR2T=Yes");
    medium_command(1, W, 512, 1, 1, 0);
    FROM(1, .opcode = 0x31, .flags = 0x80, .lun = story_lun(1), .itt = 1, .w20 = 7, .w24 = 2,
         .w28 = 2, .w32 = 33, .w44 = 512);
    CU_ASSERT(story_breaks("SEQ-12"));
}

static void test_private_key(void)
{
    begin("X-org.lunquake.a=1", "X-org.lunquake.a=NotUnderstood");
    CU_ASSERT(story_is_legal());
}

/* A vendor may know its own keys; nobody has any under these names, and every target knows the
 * standard's. */
static void test_answers_to_strangers(void)
{
    static const struct {
        const char *offer, *answer;
        bool is_legal;
    } rows[] = {
        {"X-com.vendor.a=1", "X-com.vendor.a=2", true},
        {"X-com.vendor.a=1", "X-com.vendor.b=NotUnderstood", false},
        {"X-com.vendor.a=1", "X-com.vendor.a=2;X-com.vendor.a=2", false},
        {"X-org.lunquake.a=1", "X-org.lunquake.a=1", false},
        {"X-com.example.a=1", "X-com.example.a=Reject", false},
        {"X-org.lunquake.a=NotUnderstood", "", true},
        {"", "X-com.vendor.a=1", true},
        {"Colour=blue", "Colour=NotUnderstood", true},
        {"Colour=blue", "Colour=blue", false},
        {"Colour=blue", "", false},
        {"TaskReporting=RFC3720", "TaskReporting=NotUnderstood", true},
        {"MaxBurstLength=8192", "MaxBurstLength=NotUnderstood", false},
        {"InitiatorAlias=a", "TargetAlias=t", true},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].offer, rows[i].answer);
        CU_ASSERT(rows[i].is_legal ? story_is_legal() : story_breaks("SEQ-10"));
    }
}

static void test_private_key_without_answer(void)
{
    begin("X-org.lunquake.a=1", "");
    CU_ASSERT(story_breaks("SEQ-10"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"legal", test_legal},
        {"StatSN reused", test_stat_sn_reused},
        {"window goes back", test_window_goes_back},
        {"window is negative", test_window_is_negative},
        {"window tells too much", test_window_tells_too_much},
        {"window does not cover", test_window_does_not_cover},
        {"DataSN gap", test_data_sn_gap},
        {"wrong ExpDataSN", test_wrong_exp_data_sn},
        {"Data-In overlaps", test_data_in_overlaps},
        {"R2T beyond expected length", test_r2t_beyond_expected},
        {"R2T leaves a gap", test_r2t_leaves_a_gap},
        {"segment too long", test_segment_too_long},
        {"burst too long", test_burst_too_long},
        {"too many R2Ts", test_too_many_r2ts},
        {"residual off by one", test_residual_off_by_one},
        {"overflow is missing", test_overflow_is_missing},
        {"two statuses", test_two_statuses},
        {"status of nothing", test_status_of_nothing},
        {"tag in use", test_tag_in_use},
        {"no sense", test_no_sense},
        {"sense too long", test_sense_too_long},
        {"answer beyond the offer", test_answer_beyond_offer},
        {"key without answer", test_key_without_answer},
        {"answered twice", test_answered_twice},
        {"stale Data-Out", test_stale_data_out},
        {"unsolicited data counts", test_unsolicited_data_counts},
        {"unknown opcode", test_unknown_opcode},
        {"response before login", test_response_before_login},
        {"another status arrives", test_another_status_arrives},
        {"either status arrives", test_either_status_arrives},
        {"allocation length", test_allocation_length},
        {"allocation length is ignored", test_allocation_length_is_ignored},
        {"ping answered as a ping", test_ping_answered_as_a_ping},
        {"R2T with another LUN", test_r2t_with_another_lun},
        {"private key", test_private_key},
        {"private key without answer", test_private_key_without_answer},
        {"answers to keys of no standard", test_answers_to_strangers},
        CU_TEST_INFO_NULL,
    };
    return story_main("sequence", tests);
}
