/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes beyond what was agreed or told: the command window (SEQ-16), unsolicited data (SEQ-17),
 * the capacity (SEQ-18). PDUs by hand, from the figures of RFC 7143 clause 11. The login answer
 * tells MaxCmdSN 32; the first StatSN after it is 2. The capacity is 1000 blocks of 512 bytes.
 */
#include "conformance/judges/test/story.h"

enum { R = 0xc1, W = 0xa1, W_MORE = 0x21, NO_DATA = 0x81 }; /* SCSI Command flags, SIMPLE */

static void begin(const char *keys)
{
    story_begin();
    story_login_with(1, 1, NEXUS_A, keys, keys);
}

static void test_unit_ready(uint32_t itt, uint32_t cmd_sn)
{
    TO(1, .opcode = 0x01, .flags = NO_DATA, .itt = itt, .w24 = cmd_sn, .w28 = 2);
}

/* GOOD of the command that is answered Nth, as command N. */
static void good(uint32_t connection, uint32_t itt, uint32_t n, uint32_t exp_data_sn)
{
    FROM(connection, .opcode = 0x21, .flags = 0x80, .itt = itt, .w24 = n + 1, .w28 = n + 1,
         .w32 = n + 32, .w36 = exp_data_sn);
}

/* --- SEQ-16 ----------------------------------------------------------------------------------- */

static void test_beyond_the_window(void)
{
    begin("");
    test_unit_ready(1, 34);
    test_unit_ready(2, 1);
    good(1, 2, 1, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-16") == 1);
}

static void test_beyond_the_window_answered(void)
{
    begin("");
    test_unit_ready(1, 34);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 2, .w28 = 1, .w32 = 32);
    CU_ASSERT(story_violations_of("SEQ-16") == 1); /* and ExpCmdSN does not cover it: SEQ-2 */
}

/* The target had told of a wider window before the command came, but the PDU left later: it counts
 * no command but the first. One that counts the second may have been made later. */
static void test_beyond_a_window_that_is_told_late(void)
{
    for (int is_told = 0; is_told < 2; is_told++) {
        begin("");
        test_unit_ready(1, 1);
        test_unit_ready(2, 2);
        test_unit_ready(3, 34);
        FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 2, .w28 = is_told ? 2 : 3,
             .w32 = 34);
        for (uint32_t sn = 3; sn < 34; sn++)
            test_unit_ready(sn + 1, sn);
        FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 3, .w24 = 3, .w28 = 35, .w32 = 34);
        CU_ASSERT(story_violations_of("SEQ-16") == (is_told ? 0 : 1));
    }
}

/* Its status was sent as soon as it came: the window is wider by its place. */
static void test_at_the_edge_of_the_window(void)
{
    begin("");
    test_unit_ready(1, 1);
    good(1, 1, 1, 0);
    for (uint32_t n = 2; n <= 34; n++)
        test_unit_ready(n, n);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 34, .w24 = 3, .w28 = 35, .w32 = 66);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-16") == 0);
}

/* Where no status has told the window, it is as wide as it was told. */
static void test_one_beyond_the_window(void)
{
    begin("");
    for (uint32_t n = 1; n <= 33; n++)
        test_unit_ready(n, n);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 33, .w24 = 2, .w28 = 34, .w32 = 65);
    CU_ASSERT(story_breaks("SEQ-16"));
}

static void test_received_before(void)
{
    begin("");
    test_unit_ready(1, 1);
    good(1, 1, 1, 0);
    test_unit_ready(2, 1);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 2, .w24 = 3, .w28 = 2, .w32 = 33);
    CU_ASSERT(story_breaks("SEQ-16"));
}

/* Of a command that was aborted before it came; the answer tells ExpCmdSN. */
static void abort_before_it_comes(uint32_t exp_cmd_sn)
{
    begin("");
    TO(1, .opcode = 0x42, .flags = 0x81, .itt = 9, .w20 = 1, .w24 = 2, .w28 = 2, .w32 = 1);
    FROM(1, .opcode = 0x22, .flags = 0x80, .itt = 9, .w24 = 2, .w28 = exp_cmd_sn, .w32 = 32);
    test_unit_ready(1, 1);
}

static void test_aborted_before_it_came(void)
{
    abort_before_it_comes(2);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-16") == 1);
    abort_before_it_comes(1);
    FROM(1, .opcode = 0x21, .flags = 0x80, .itt = 1, .w24 = 3, .w28 = 2, .w32 = 33);
    CU_ASSERT(story_breaks("SEQ-16"));
}

/* --- SEQ-17 ----------------------------------------------------------------------------------- */

/* WRITE(10) of three blocks, one of which comes with the command and one unasked behind it. */
static void write_unasked(uint32_t connection)
{
    TO(connection, .opcode = 0x01, .flags = W_MORE, .itt = 1, .w20 = 1536, .w24 = 1, .w28 = 2,
       .w32 = 0x2a000000, .w40 = 3U << 24, .data_bytes = 512);
    TO(connection, .opcode = 0x05, .flags = 0x80, .itt = 1, .w20 = UINT32_MAX, .w28 = 2,
       .w40 = 512, .data_bytes = 512);
    FROM(connection, .opcode = 0x31, .flags = 0x80, .itt = 1, .w20 = 7, .w24 = 2, .w28 = 2,
         .w32 = 33, .w40 = 1024, .w44 = 512);
    TO(connection, .opcode = 0x05, .flags = 0x80, .itt = 1, .w20 = 7, .w28 = 2, .w40 = 1024,
       .data_bytes = 512);
}

static void test_as_much_as_agreed(void)
{
    begin("InitialR2T=No;FirstBurstLength=1024");
    write_unasked(1);
    good(1, 1, 1, 1);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-17") == 2);
}

static void test_more_than_agreed(void)
{
    static const char *const keys[] = {"InitialR2T=No;FirstBurstLength=512", "InitialR2T=Yes",
                                       "InitialR2T=No;ImmediateData=No"};
    for (uint32_t i = 0; i < 3; i++) {
        begin(keys[i]);
        write_unasked(1);
        good(1, 1, 1, 1);
        CU_ASSERT(story_breaks("SEQ-17"));
    }
}

/* A login over connection 2 continues the session of connection 1 (TSIH 1): what that one agreed on
 * holds. Its request comes as often as it is said to. */
static void continue_session(uint32_t requests)
{
    static const char names[] = "TargetName=iqn.t\0InitiatorName=iqn.i:";
    static const char answer[] = "TargetPortalGroupTag=1";
    uint64_t isid_and_tsih = (uint64_t)NEXUS_A << 32 | 1;
    EV(LQ_W_ACCEPT, .connection = 2, .actor = 1);
    EV(LQ_I_LOGIN, .connection = 2, .actor = 1, .nexus = NEXUS_A);
    for (uint32_t i = 0; i < requests; i++)
        TO(2, .opcode = 0x43, .flags = 0x87, .lun = isid_and_tsih, .itt = 0x700, .w24 = 1,
           .data = names, .data_bytes = sizeof names);
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_BY_TARGET);
    FROM(2, .opcode = 0x23, .flags = 0x87, .lun = isid_and_tsih, .itt = 0x700, .w24 = 1,
         .w28 = 1, .w32 = 32, .data = answer, .data_bytes = sizeof answer);
}

static void test_continued_session(void)
{
    for (uint32_t requests = 1; requests <= 2; requests++) {
        begin("InitialR2T=No;FirstBurstLength=1024");
        continue_session(requests);
        write_unasked(2);
        good(2, 1, 1, 1);
        CU_ASSERT(story_is_legal());
        CU_ASSERT(story_exercised("SEQ-17") == 2);
        begin("InitialR2T=No;FirstBurstLength=512");
        continue_session(requests);
        write_unasked(2);
        good(2, 1, 1, 1);
        CU_ASSERT(story_breaks("SEQ-17"));
    }
}

/* --- SEQ-18 ----------------------------------------------------------------------------------- */

/* READ(16) of two blocks. */
static void read_at(uint64_t lba)
{
    begin("");
    TO(1, .opcode = 0x01, .flags = R, .itt = 1, .w20 = 1024, .w24 = 1, .w28 = 2,
       .w32 = 0x88000000 | (uint32_t)(lba >> 48), .w36 = (uint32_t)(lba >> 16),
       .w40 = (uint32_t)(lba << 16), .w44 = 2U << 16);
}

static void read_ends(void)
{
    FROM(1, .opcode = 0x25, .flags = 0x80, .itt = 1, .w20 = UINT32_MAX, .w28 = 2, .w32 = 33,
         .data_bytes = 1024);
    good(1, 1, 1, 1);
}

static void test_last_blocks(void)
{
    read_at(998);
    read_ends();
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-18") == 0);
}

static void test_beyond_the_capacity(void)
{
    static const uint64_t lbas[] = {999, 1000, UINT32_MAX, UINT64_MAX, UINT64_MAX - 1};
    for (uint32_t i = 0; i < sizeof lbas / sizeof lbas[0]; i++) {
        read_at(lbas[i]);
        read_ends();
        CU_ASSERT(story_breaks("SEQ-18"));
    }
}

static void test_beyond_the_capacity_refused(void)
{
    static const uint8_t sense[20] = {0, 18, 0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x21};
    read_at(999);
    FROM(1, .opcode = 0x21, .flags = 0x82, .byte3 = 2, .itt = 1, .w24 = 2, .w28 = 2, .w32 = 33,
         .w44 = 1024, .data = sense, .data_bytes = sizeof sense);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("SEQ-18") == 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"beyond the window", test_beyond_the_window},
        {"beyond the window, answered", test_beyond_the_window_answered},
        {"beyond a window that is told late", test_beyond_a_window_that_is_told_late},
        {"at the edge of the window", test_at_the_edge_of_the_window},
        {"one beyond the window, answered", test_one_beyond_the_window},
        {"received before, answered", test_received_before},
        {"aborted before it came", test_aborted_before_it_came},
        {"unsolicited data as agreed", test_as_much_as_agreed},
        {"more unsolicited data than agreed", test_more_than_agreed},
        {"a session goes on over another connection", test_continued_session},
        {"last blocks", test_last_blocks},
        {"beyond the capacity", test_beyond_the_capacity},
        {"beyond the capacity, refused", test_beyond_the_capacity_refused},
        CU_TEST_INFO_NULL,
    };
    return story_main("bounds", tests);
}
