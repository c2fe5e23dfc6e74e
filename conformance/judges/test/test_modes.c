/* SPDX-License-Identifier: Apache-2.0 */
/* MODES, and what UA, LUNS and DURABLE make of mode parameters [SPC-5 r22 6.9, 6.14, 7.5.10]. */
#include "conformance/judges/test/story.h"

enum { TEST_UNIT_READY = 0x00, WRITE = 0x2a };

/* Bytes 2 to 5 of the Control mode page, byte 2 of the Caching mode page. */
enum { PLAIN = 0x00100000, D_SENSE = 0x04100000, SWP = 0x00100800, WCE = 0x04 };

static const uint8_t select_cdb[10] = {0x55, 0x10, 0, 0, 0, 0, 0, 0, 20};
static const uint8_t sense_cdb[10] = {0x5a, 0x08, 0x0a, 0, 0, 0, 0, 0, 20};
static const uint8_t list_of_d_sense[20] = {0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 10, 0x04, 0x10,
                                            0, 0, 0, 0, 0xff, 0xff};

static struct story_command command(uint16_t actor, uint64_t serial, uint32_t opcode)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = opcode,
                                  .nblocks = opcode == WRITE ? 1 : 0,
                                  .content = opcode == WRITE ? serial : 0};
}

static void modes(uint32_t control, uint64_t nexus, uint64_t serial)
{
    EV(LQ_E_MODES, .lun = story_lun(0), .code = control, .detail = WCE, .nexus = nexus,
       .serial = serial);
}

static void begin(void)
{
    story_begin();
    modes(PLAIN, 0, 0);
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

/* MODE SELECT by actor 1, after which CONTROL holds. */
static void select_d_sense(uint64_t serial, uint32_t control)
{
    struct story_command c = command(1, serial, 0x55);
    c.cdb = select_cdb;
    c.list = list_of_d_sense;
    c.list_bytes = sizeof list_of_d_sense;
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    if (control != PLAIN)
        modes(control, NEXUS_A, serial);
    story_end(&c, 0, 0, 0);
}

static void ends(uint16_t actor, uint64_t serial, uint32_t opcode, uint32_t sense)
{
    struct story_command c = command(actor, serial, opcode);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, sense != 0 ? 0x02 : 0, sense, 0);
}

static void test_shown(void)
{
    static const uint8_t right[20] = {0, 18, 0, 0x10, 0, 0, 0, 0, 0x0a, 10, 0, 0x10,
                                      0, 0,  0, 0,    0xff, 0xff};
    static const uint8_t wrong[20] = {0, 18, 0, 0x10, 0, 0, 0, 0, 0x0a, 10, 0x20, 0x10,
                                      0, 0,  0, 0,    0xff, 0xff};
    for (int i = 0; i < 2; i++) {
        begin();
        struct story_command c = command(1, 1, 0x5a);
        c.cdb = sense_cdb;
        c.told = i == 0 ? right : wrong;
        c.told_bytes = 20;
        story_send(&c);
        story_arrive(&c);
        story_enable(&c);
        story_end(&c, 0, 0, 0);
        if (i == 0) {
            CU_ASSERT_TRUE(story_is_legal());
        } else {
            CU_ASSERT_TRUE(story_breaks("MODE-1"));
        }
        CU_ASSERT_EQUAL(story_exercised("MODE-1"), 1);
    }
}

static void test_selected(void)
{
    begin();
    select_d_sense(1, D_SENSE);
    ends(2, 2, TEST_UNIT_READY, 0x062a01);
    ends(2, 3, TEST_UNIT_READY, 0);
    CU_ASSERT_EQUAL(story_violations_of("MODE-2"), 0);
    begin();
    select_d_sense(1, PLAIN);
    CU_ASSERT_TRUE(story_breaks("MODE-2"));
}

static void test_told(void)
{
    begin();
    select_d_sense(1, D_SENSE);
    ends(1, 2, TEST_UNIT_READY, 0); /* who did it is not told */
    ends(2, 3, TEST_UNIT_READY, 0);
    CU_ASSERT_TRUE(story_breaks("UA-1"));
}

static void test_format(void)
{
    begin();
    select_d_sense(1, D_SENSE);
    ends(1, 2, TEST_UNIT_READY, 0x052000); /* the story's sense data is in fixed format */
    CU_ASSERT_TRUE(story_breaks("MODE-4"));
}

static void test_write_protection(void)
{
    begin();
    modes(SWP, NEXUS_B, 9);
    struct story_command w = command(1, 1, WRITE);
    story_send(&w);
    story_arrive(&w);
    story_enable(&w);
    story_submit(&w);
    CU_ASSERT_TRUE(story_breaks("LUN-2"));
}

static void test_reset(void)
{
    for (int i = 0; i < 2; i++) {
        begin();
        select_d_sense(1, D_SENSE);
        struct story_function f = {.actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 2,
                                   .function = LQ_TM_LOGICAL_UNIT_RESET};
        story_ask(&f);
        if (i == 0)
            modes(PLAIN, 0, 0);
        story_answer(&f, LQ_TM_COMPLETE);
        if (i == 0) {
            CU_ASSERT_TRUE(story_is_legal());
        } else {
            CU_ASSERT_TRUE(story_breaks("MODE-3"));
        }
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"MODE SENSE shows what holds", test_shown},
        {"MODE SELECT does what it says", test_selected},
        {"others hear of it", test_told},
        {"sense data has the format that was asked for", test_format},
        {"software write protection", test_write_protection},
        {"a reset restores mode parameters", test_reset},
        CU_TEST_INFO_NULL,
    };
    return story_main("modes", tests);
}
