/* SPDX-License-Identifier: Apache-2.0 */
/* LUNS, and what UA makes of LUNs that change. LUN-3 is shown by scenarios with its wrong. */
#include "conformance/judges/test/story.h"

enum { TEST_UNIT_READY = 0x00, WRITE = 0x2a };

static struct story_command command(uint16_t actor, uint64_t serial, uint32_t opcode, uint64_t lun)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .lun = lun,
                                  .opcode = opcode,
                                  .nblocks = opcode == WRITE ? 1 : 0,
                                  .content = opcode == WRITE ? serial : 0};
}

/* Power on is taken from LUN 0 and 1. */
static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

static void ends(uint16_t actor, uint64_t serial, uint32_t opcode, uint64_t lun, uint32_t sense)
{
    struct story_command c = command(actor, serial, opcode, lun);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, sense != 0 ? 0x02 : 0, sense, 0);
}

static void change(uint64_t lun, enum lq_lun_change what, uint64_t value)
{
    EV(LQ_W_LUN_CHANGED, .lun = story_lun(lun), .code = what, .detail = (uint32_t)lun,
       .value = value);
}

static void comes(uint64_t lun)
{
    EV(LQ_W_LUN, .lun = story_lun(lun), .code = (uint32_t)lun, .detail = 7, .nblocks = BLOCK,
       .value = 1000);
}

static void test_removed(void)
{
    begin();
    change(1, LQ_LUN_REMOVED, 0);
    ends(1, 1, TEST_UNIT_READY, 1, 0x052500);
    ends(1, 2, TEST_UNIT_READY, 0, 0x063f0e);
    ends(2, 3, TEST_UNIT_READY, 0, 0x063f0e);
    comes(1);
    ends(1, 4, TEST_UNIT_READY, 1, 0x062900);
    ends(1, 5, TEST_UNIT_READY, 1, 0);
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("LUN-1"), 1);

    begin();
    change(1, LQ_LUN_REMOVED, 0);
    ends(1, 1, TEST_UNIT_READY, 1, 0);
    CU_ASSERT_TRUE(story_breaks("LUN-1"));

    begin(); /* one that waited when its unit was removed */
    struct story_command c = command(1, 1, TEST_UNIT_READY, 1);
    story_send(&c);
    story_arrive(&c);
    change(1, LQ_LUN_REMOVED, 0);
    story_enable(&c);
    story_end(&c, 0, 0, 0);
    CU_ASSERT_TRUE(story_breaks("LUN-1"));
}

static void test_told_to_all(void)
{
    begin();
    change(0, LQ_LUN_RESIZED, 500);
    ends(1, 1, TEST_UNIT_READY, 0, 0x062a09);
    ends(2, 2, TEST_UNIT_READY, 0, 0);
    CU_ASSERT_TRUE(story_breaks("UA-1"));

    begin();
    change(0, LQ_LUN_RESIZED, 500);
    ends(1, 1, TEST_UNIT_READY, 0, 0x062a09);
    ends(1, 2, TEST_UNIT_READY, 0, 0x062a09);
    CU_ASSERT_TRUE(story_breaks("UA-2"));

    begin(); /* a unit that has gone tells of nothing any more */
    change(1, LQ_LUN_RESIZED, 500);
    change(1, LQ_LUN_REMOVED, 0);
    comes(1);
    ends(1, 1, TEST_UNIT_READY, 1, 0);
    CU_ASSERT_TRUE(story_is_legal());
}

static void test_write_protection(void)
{
    begin();
    struct story_command w = command(1, 1, WRITE, 0);
    story_send(&w);
    story_arrive(&w);
    story_enable(&w);
    story_submit(&w); /* it is in the store, and may go on */
    change(0, LQ_LUN_ACCESS, 1);
    story_complete(&w);
    story_end(&w, 0, 0, 0);
    ends(1, 2, TEST_UNIT_READY, 0, 0x062a01);
    ends(1, 3, WRITE, 0, 0x072700);
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("LUN-2"), 1);

    begin();
    change(0, LQ_LUN_ACCESS, 1);
    ends(1, 1, TEST_UNIT_READY, 0, 0x062a01);
    w = command(1, 2, WRITE, 0);
    story_run(&w, 0);
    CU_ASSERT_TRUE(story_breaks("LUN-2"));
}

int main(void)
{
    const CU_TestInfo tests[] = {
        {"removed", test_removed},
        {"told to all", test_told_to_all},
        {"write protection", test_write_protection},
        CU_TEST_INFO_NULL,
    };
    return story_main("luns", tests);
}
