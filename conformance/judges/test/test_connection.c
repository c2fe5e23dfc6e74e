/* SPDX-License-Identifier: Apache-2.0 */
/* PDUs by hand, from the figures of RFC 7143 clause 11. The first StatSN after login is 2. */
#include "conformance/judges/test/story.h"

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
}

static void ping(uint32_t itt)
{
    TO(1, .opcode = 0x40, .flags = 0x80, .itt = itt, .w20 = 0xffffffff, .w24 = 1, .w28 = 2);
}

static void pong(uint32_t itt, uint32_t stat_sn)
{
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = itt, .w20 = 0xffffffff, .w24 = stat_sn, .w28 = 1,
         .w32 = 32);
}

static void logout(uint32_t stat_sn)
{
    TO(1, .opcode = 0x46, .flags = 0x80, .itt = 0x99, .w24 = 1, .w28 = 2);
    FROM(1, .opcode = 0x26, .flags = 0x80, .itt = 0x99, .w24 = stat_sn, .w28 = 1, .w32 = 32);
}

static void test_pings(void)
{
    begin();
    ping(5);
    pong(5, 2);
    logout(3);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("LIVE-6") == 1);
}

static void numbered_ping(uint32_t itt, uint32_t cmd_sn)
{
    TO(1, .opcode = 0x00, .flags = 0x80, .itt = itt, .w20 = 0xffffffff, .w24 = cmd_sn, .w28 = 2);
}

/* Two requests change places on their way; the count goes on behind them. */
static void test_ping_behind_a_filled_hole(void)
{
    begin();
    numbered_ping(5, 2);
    numbered_ping(6, 1);
    pong(6, 2);
    pong(5, 3);
    numbered_ping(7, 3);
    logout(4);
    CU_ASSERT(story_violations_of("LIVE-6") == 1);
}

static void test_ping_is_forgotten(void)
{
    begin();
    ping(5);
    ping(6);
    pong(6, 2);
    logout(3);
    CU_ASSERT(story_breaks("LIVE-6"));
}

static void test_login_is_given_up(void)
{
    story_begin();
    EV(LQ_W_ACCEPT, .connection = 1, .actor = 1);
    story_pass(SECONDS(15));
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_BY_TARGET);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("RI-9") == 1);
}

static void test_login_is_kept(void)
{
    story_begin();
    EV(LQ_W_ACCEPT, .connection = 1, .actor = 1);
    story_pass(SECONDS(17));
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_BY_TARGET);
    CU_ASSERT(story_breaks("RI-9"));
}

/* Of the same names but another ISID: TSIH is in bytes 14 and 15, ISID in bytes 8 to 13. */
static void second_session(uint32_t tsih)
{
    static const char names[] = "TargetName=iqn.t\0InitiatorName=iqn.i:";
    EV(LQ_W_ACCEPT, .connection = 2, .actor = 2);
    TO(2, .opcode = 0x43, .flags = 0x87, .lun = UINT64_C(0x4d) << 16, .itt = 0x700, .w24 = 1,
       .data = names, .data_bytes = sizeof names);
    FROM(2, .opcode = 0x23, .flags = 0x87, .lun = UINT64_C(0x4d) << 16 | tsih, .itt = 0x700,
         .w24 = 1, .w28 = 1, .w32 = 32);
}

static void test_handles_differ(void)
{
    begin(); /* its TSIH is 1 */
    second_session(2);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("RI-10") == 1);
}

static void test_handle_is_shared(void)
{
    begin();
    second_session(1);
    CU_ASSERT(story_breaks("RI-10"));
}

static void test_handle_is_zero(void)
{
    begin();
    second_session(0);
    CU_ASSERT(story_breaks("RI-10"));
}

/* A write with an R2T is aborted, and its data comes late; then the connection is closed. */
static void late_data_while(enum lq_close how, bool waits)
{
    begin();
    if (waits) /* for the answer to a ping */
        FROM(1, .opcode = 0x20, .flags = 0x80, .itt = UINT32_MAX, .w20 = 5, .w24 = 2, .w28 = 1,
             .w32 = 32);
    TO(1, .opcode = 0x01, .flags = 0xa1, .itt = 7, .w20 = 512, .w24 = 1, .w28 = 2,
       .w32 = 0x2a000000, .w40 = 1U << 24);
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = 7, .w20 = 77, .w24 = 2, .w28 = 2, .w32 = 33,
         .w44 = 512);
    TO(1, .opcode = 0x42, .flags = 0x81, .itt = 8, .w20 = 7, .w24 = 2, .w28 = 2, .w32 = 1);
    FROM(1, .opcode = 0x22, .flags = 0x80, .itt = 8, .w24 = 2, .w28 = 2, .w32 = 33);
    TO(1, .opcode = 0x05, .flags = 0x80, .itt = 7, .w20 = 77, .w28 = 3, .data_bytes = 512);
    story_at_once((struct lq_event){.kind = LQ_W_CLOSE, .connection = 1, .code = (uint32_t)how});
}

static void late_data(enum lq_close how)
{
    late_data_while(how, false);
}

/* The target's patience with the initiator may have come to its end at that very moment. */
static void test_late_data_and_patience(void)
{
    late_data_while(LQ_CLOSE_BY_TARGET, true);
    CU_ASSERT(story_is_legal());
}

static void test_late_data_passes(void)
{
    late_data(LQ_CLOSE_RESET); /* by the initiator */
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("LIVE-7") == 1);
}

static void test_late_data_ends_connection(void)
{
    late_data(LQ_CLOSE_BY_TARGET);
    CU_ASSERT(story_breaks("LIVE-7"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"pings", test_pings},
        {"ping is forgotten", test_ping_is_forgotten},
    {"ping behind a filled hole", test_ping_behind_a_filled_hole},
        {"login is given up", test_login_is_given_up},
        {"login is kept", test_login_is_kept},
        {"handles differ", test_handles_differ},
        {"handle is shared", test_handle_is_shared},
        {"handle is zero", test_handle_is_zero},
        {"late data passes", test_late_data_passes},
        {"late data ends the connection", test_late_data_ends_connection},
        {"late data when patience ends", test_late_data_and_patience},
        CU_TEST_INFO_NULL,
    };
    return story_main("connection", tests);
}
