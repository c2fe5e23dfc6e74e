/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

static const char keys[] = "HeaderDigest=CRC32C,None;DataDigest=CRC32C";
static const char answers[] = "HeaderDigest=CRC32C;DataDigest=CRC32C;ImmediateData=Yes";

static uint32_t exp_cmd_sn; /* the target's */

static void begin(void)
{
    story_begin();
    story_login_with(1, 1, NEXUS_A, keys, answers);
    exp_cmd_sn = 1;
}

#define CARRIED .digests = 3

/* A command that sends 8 bytes, 6 of them with it; BROKEN as in struct story_pdu. */
static void command(uint32_t itt, uint32_t cmd_sn, uint8_t broken)
{
    exp_cmd_sn += broken == 0 && cmd_sn == exp_cmd_sn;
    TO(1, .opcode = 0x01, .flags = 0xa1, .itt = itt, .w20 = 8, .w24 = cmd_sn, .w28 = 2,
       .data = "abcdef", .data_bytes = 6, CARRIED, .broken = broken);
}

static void r2t(uint32_t itt, uint32_t stat_sn)
{
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = itt, .w20 = 7, .w24 = stat_sn,
         .w28 = exp_cmd_sn, .w32 = 32, .w40 = 6, .w44 = 2, CARRIED);
}

static void data_out(uint32_t itt, uint8_t broken)
{
    TO(1, .opcode = 0x05, .flags = 0x80, .itt = itt, .w20 = 7, .w28 = 2, .w40 = 6, .data = "gh",
       .data_bytes = 2, CARRIED, .broken = broken);
}

static void reject_at(uint32_t itt, uint8_t opcode, uint32_t stat_sn)
{
    uint8_t header[48] = {[0] = opcode, [18] = (uint8_t)(itt >> 8), [19] = (uint8_t)itt};
    FROM(1, .opcode = 0x3f, .flags = 0x80, .byte2 = 2, .itt = UINT32_MAX, .w24 = stat_sn,
         .w28 = exp_cmd_sn, .w32 = 32, .data = header, .data_bytes = 48, CARRIED);
}

static void reject(uint32_t itt, uint8_t opcode)
{
    reject_at(itt, opcode, 2);
}

/* StatSN, and status; with sense when it is CHECK CONDITION. */
static void response(uint32_t itt, uint32_t stat_sn, uint8_t status, uint8_t broken)
{
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 0x0b, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x47, 5};
    uint32_t bytes = status != 0 ? sizeof sense : 0;
    FROM(1, .opcode = 0x21, .flags = 0x80, .byte3 = status, .itt = itt, .w24 = stat_sn,
         .w28 = exp_cmd_sn, .w32 = 32, .w36 = 1, .data = sense, .data_bytes = bytes, CARRIED,
         .broken = broken);
}

static void test_right(void)
{
    begin();
    command(5, 1, 0);
    r2t(5, 2);
    data_out(5, 0);
    response(5, 2, 0, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-14") == 2);
    CU_ASSERT(story_exercised("SEQ-15") == 0);
}

/* What the target sends. */
static void test_wrong(void)
{
    for (uint8_t which = 1; which <= 2; which++) {
        begin();
        command(5, 1, 0);
        r2t(5, 2);
        data_out(5, 0);
        response(5, 2, 2, which);
        CU_ASSERT(story_breaks("SEQ-14"));
    }
}

/* A command with broken data is rejected, and never was; sent again it is another. */
static void test_broken_command(void)
{
    begin();
    command(5, 1, 2);
    reject(5, 0x01);
    command(5, 1, 0);
    r2t(5, 3);
    data_out(5, 0);
    response(5, 3, 0, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-15") == 1);
}

/* Bit WHICH of a ping's digests is wrong, and it is answered. */
static void test_broken_ping(void)
{
    for (uint8_t which = 0; which <= 2; which++) {
        begin();
        TO(1, .opcode = 0x40, .flags = 0x80, .itt = 9, .w20 = UINT32_MAX, .w24 = 1, .w28 = 2,
           .data = "ping", .data_bytes = 4, CARRIED, .broken = which);
        FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 9, .w20 = UINT32_MAX, .w24 = 2, .w28 = 1,
             .w32 = 32, .data = "ping", .data_bytes = 4, CARRIED);
        CU_ASSERT(which == 0 ? story_is_legal() : story_breaks("SEQ-15"));
    }
}

/* Nothing comes of a broken header, nor of what stands behind it. */
static void test_broken_header(void)
{
    begin();
    command(5, 1, 1);
    command(6, 2, 0);
    CU_ASSERT(story_is_legal());
}

/* The tag in it may be that of a request which is answered rightly: here, of a ping. */
static void test_broken_header_with_a_tag_in_use(void)
{
    for (int is_in_use = 0; is_in_use < 2; is_in_use++) {
        begin();
        if (is_in_use)
            TO(1, .opcode = 0x40, .flags = 0x80, .itt = 9, .w20 = UINT32_MAX, .w24 = 1, .w28 = 2,
               .data = "ping", .data_bytes = 4, CARRIED);
        command(9, 1, 1);
        FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 9, .w20 = UINT32_MAX, .w24 = 2, .w28 = 1,
             .w32 = 32, .data = "ping", .data_bytes = 4, CARRIED);
        CU_ASSERT(is_in_use ? story_is_legal() : story_breaks("SEQ-15"));
    }
}

static void broken_data_out(bool is_rejected, uint8_t status)
{
    begin();
    command(5, 1, 0);
    r2t(5, 2);
    data_out(5, 2);
    if (is_rejected)
        reject(5, 0x05);
    response(5, is_rejected ? 3 : 2, status, 0);
}

static void test_broken_data_out(void)
{
    broken_data_out(true, 2);
    CU_ASSERT(story_is_legal());
    broken_data_out(true, 0);
    CU_ASSERT(story_breaks("SEQ-15"));
    /* Its status may have been decided before; a command that came later may not be answered. */
    broken_data_out(false, 2);
    CU_ASSERT(story_is_legal());
    broken_data_out(false, 2);
    command(6, 2, 0);
    r2t(6, 3);
    response(6, 3, 2, 0);
    CU_ASSERT(story_breaks("SEQ-15"));
    broken_data_out(false, 2);
    reject_at(5, 0x05, 3);
    command(6, 2, 0);
    r2t(6, 4);
    response(6, 4, 2, 0);
    CU_ASSERT(story_is_legal());
}

/* Data that came with a command, or unasked behind it, is owed a Reject as well: before an abort of
 * its task is answered, and before a logout is. */
static void test_reject_is_owed(void)
{
    for (int is_rejected = 0; is_rejected < 2; is_rejected++) {
        begin();
        command(5, 1, 2);
        if (is_rejected)
            reject(5, 0x01);
        TO(1, .opcode = 0x42, .flags = 0x81, .itt = 7, .w20 = 5, .w24 = 2, .w28 = 2, .w32 = 1,
           CARRIED);
        FROM(1, .opcode = 0x22, .flags = 0x80, .itt = 7, .w24 = 2 + (uint32_t)is_rejected,
             .w28 = 2, .w32 = 33, CARRIED);
        CU_ASSERT(is_rejected ? story_is_legal() : story_breaks("SEQ-15"));

        begin();
        command(5, 1, 2);
        if (is_rejected)
            reject(5, 0x01);
        TO(1, .opcode = 0x46, .flags = 0x80, .itt = 8, .w24 = 1, .w28 = 2, CARRIED);
        FROM(1, .opcode = 0x26, .flags = 0x80, .itt = 8, .w24 = 2 + (uint32_t)is_rejected,
             .w28 = 1, .w32 = 32, CARRIED);
        CU_ASSERT(is_rejected ? story_is_legal() : story_breaks("SEQ-15"));

        begin();
        exp_cmd_sn = 2;
        TO(1, .opcode = 0x01, .flags = 0x21, .itt = 5, .w20 = 8, .w24 = 1, .w28 = 2,
           .data = "abcdef", .data_bytes = 6, CARRIED);
        TO(1, .opcode = 0x05, .flags = 0x80, .itt = 5, .w20 = UINT32_MAX, .w28 = 2, .w40 = 6,
           .data = "gh", .data_bytes = 2, CARRIED, .broken = 2);
        /* BUSY: the target said so before that data came. */
        FROM(1, .opcode = 0x21, .flags = 0x80, .byte3 = 8, .itt = 5, .w24 = 2, .w28 = 2, .w32 = 32,
             CARRIED);
        TO(1, .opcode = 0x46, .flags = 0x80, .itt = 8, .w24 = 2, .w28 = 3, CARRIED);
        if (is_rejected)
            reject_at(5, 0x05, 3);
        FROM(1, .opcode = 0x26, .flags = 0x80, .itt = 8, .w24 = 3 + (uint32_t)is_rejected,
             .w28 = 2, .w32 = 32, CARRIED);
        CU_ASSERT(is_rejected ? story_is_legal() : story_breaks("SEQ-15"));
    }
}

/* SEQ-2: a hole in CmdSN, requests behind it, and an ABORT TASK that counts for what never came
 * [RFC 7143 11.5.5]. */
static void test_hole(void)
{
    for (int is_aborted = 0; is_aborted < 2; is_aborted++) {
        begin();
        command(5, 1, 2);
        reject(5, 0x01);
        command(6, 2, 0);
        if (is_aborted)
            TO(1, .opcode = 0x42, .flags = 0x81, .itt = 7, .w20 = 5, .w24 = 3, .w28 = 3, .w32 = 1,
               CARRIED);
        FROM(1, .opcode = 0x20, .flags = 0x80, .itt = UINT32_MAX, .w20 = UINT32_MAX, .w24 = 3,
             .w28 = 3, .w32 = 34, CARRIED);
        CU_ASSERT(is_aborted ? story_is_legal() : story_breaks("SEQ-2"));
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"right", test_right},
        {"wrong", test_wrong},
        {"broken command", test_broken_command},
        {"broken header", test_broken_header},
        {"broken header with a tag in use", test_broken_header_with_a_tag_in_use},
        {"broken ping", test_broken_ping},
        {"broken Data-Out", test_broken_data_out},
        {"Reject is owed", test_reject_is_owed},
        {"hole", test_hole},
        CU_TEST_INFO_NULL,
    };
    return story_main("digests", tests);
}
