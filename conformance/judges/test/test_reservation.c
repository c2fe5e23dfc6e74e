/* SPDX-License-Identifier: Apache-2.0 */
/* PR: a legal history and an illegal one for each property; bytes from SPC-4 6.15 and 6.16. */
#include <string.h>

#include "conformance/judges/test/story.h"

enum { TEST_UNIT_READY = 0x00, WRITE = 0x2a, RESERVE_6 = 0x16, RELEASE_6 = 0x17 };
enum { GOOD = 0x00, CHECK_CONDITION = 0x02, CONFLICT = 0x18 };
enum { REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT };

static uint64_t serial;

static uint64_t nexus_of(uint16_t actor)
{
    return actor == 1 ? NEXUS_A : actor == 2 ? NEXUS_B : NEXUS_C;
}

static struct story_command command(uint16_t actor, uint32_t opcode)
{
    serial++;
    return (struct story_command){.actor = actor,
                                  .nexus = nexus_of(actor),
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = opcode,
                                  .nblocks = opcode == WRITE ? 1 : 0,
                                  .content = opcode == WRITE ? serial : 0};
}

static void begin(void)
{
    serial = 0;
    story_begin();
    for (uint16_t actor = 1; actor <= 3; actor++)
        story_login(actor, actor, nexus_of(actor));
}

/* A command that ends at once. */
static void ends(uint16_t actor, uint32_t opcode, uint32_t status, uint32_t sense)
{
    struct story_command c = command(actor, opcode);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, status, sense, 0);
}

/* A write that is done. */
static void writes(uint16_t actor)
{
    struct story_command c = command(actor, WRITE);
    story_run(&c, 0);
}

static uint8_t list[24], cdb[10];
static uint8_t list_flags; /* byte 20 of the list: APTPL is bit 0 */

static struct story_command out(uint16_t actor, uint8_t action, uint8_t type, uint8_t key,
                                uint8_t service_key)
{
    struct story_command c = command(actor, 0x5f);
    const uint8_t bytes[10] = {0x5f, action, type, 0, 0, 0, 0, 0, 24};
    memcpy(cdb, bytes, sizeof cdb);
    memset(list, 0, sizeof list);
    list[7] = key;
    list[15] = service_key;
    list[20] = list_flags;
    c.cdb = cdb;
    c.list = list;
    c.list_bytes = sizeof list;
    return c;
}

static void asks(uint16_t actor, uint8_t action, uint8_t type, uint8_t key, uint8_t service_key,
                 uint32_t status)
{
    struct story_command c = out(actor, action, type, key, service_key);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, status, 0, 0);
}

/* Keys 1 and 2 are registered; actor 1 holds a reservation of TYPE. */
static void begin_reserved(uint8_t type)
{
    begin();
    asks(1, REGISTER, 0, 0, 1, GOOD);
    asks(2, REGISTER, 0, 0, 2, GOOD);
    asks(1, RESERVE, type, 1, 0, GOOD);
}

/* PERSISTENT RESERVE IN, and what it tells: N bytes. */
static void reads_by(uint32_t connection, uint16_t actor, uint8_t action, const uint8_t *told,
                     uint32_t n)
{
    struct story_command c = command(actor, 0x5e);
    c.connection = connection;
    const uint8_t bytes[10] = {0x5e, action, 0, 0, 0, 0, 0, 0, (uint8_t)n};
    memcpy(cdb, bytes, sizeof cdb);
    c.cdb = cdb;
    c.told = told;
    c.told_bytes = n;
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, GOOD, 0, 0);
}

static void reads(uint16_t actor, uint8_t action, const uint8_t *told, uint32_t n)
{
    reads_by(actor, actor, action, told, n);
}

static void test_fence(void)
{
    begin_reserved(1);
    writes(1);
    ends(2, WRITE, CONFLICT, 0);
    ends(3, WRITE, CONFLICT, 0);
    ends(3, TEST_UNIT_READY, GOOD, 0);
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("PR-1"), 2);

    begin_reserved(1);
    writes(2);
    CU_ASSERT_TRUE(story_breaks("PR-1"));

    begin_reserved(5); /* registrants only */
    writes(2);
    CU_ASSERT_TRUE(story_is_legal());
    begin_reserved(5);
    writes(3);
    CU_ASSERT_TRUE(story_breaks("PR-1"));
    begin_reserved(7); /* all registrants */
    writes(3);
    CU_ASSERT_TRUE(story_breaks("PR-1"));
}

static void test_no_false_conflict(void)
{
    begin_reserved(5);
    ends(2, WRITE, CONFLICT, 0);
    CU_ASSERT_TRUE(story_breaks("PR-2"));
    begin_reserved(1);
    ends(3, TEST_UNIT_READY, CONFLICT, 0);
    CU_ASSERT_TRUE(story_breaks("PR-2"));
}

static void test_preempt(void)
{
    struct story_command victim, other, preempt;
    for (int wrong = 0; wrong < 4; wrong++) {
        begin_reserved(1);
        if (wrong == 3) { /* with ALL_TG_PT: who is registered is not known any more */
            list_flags = 0x04;
            asks(3, REGISTER, 0, 0, 3, GOOD);
            list_flags = 0;
        }
        victim = command(1, WRITE);
        story_send(&victim);
        story_arrive(&victim);
        story_enable(&victim);
        preempt = out(2, PREEMPT_AND_ABORT, 1, 2, 1);
        story_send(&preempt);
        story_arrive(&preempt);
        story_enable(&preempt);
        if (wrong == 2) { /* the command of one that it does not preempt */
            other = command(3, TEST_UNIT_READY);
            story_send(&other);
            story_arrive(&other);
            EV(LQ_E_AFFECTED, .nexus = NEXUS_C, .serial = other.serial, .tag = other.serial,
               .code = LQ_TRIGGER_PREEMPT_AND_ABORT, .value = preempt.serial);
        }
        if (wrong == 0 || wrong == 2) {
            EV(LQ_E_AFFECTED, .nexus = NEXUS_A, .serial = victim.serial, .tag = victim.serial,
               .code = LQ_TRIGGER_PREEMPT_AND_ABORT, .value = preempt.serial);
            story_abort(&victim, LQ_TRIGGER_PREEMPT_AND_ABORT);
        }
        story_end(&preempt, GOOD, 0, 0);
        CU_ASSERT_EQUAL(story_violations_of("PR-3"), wrong == 1 || wrong == 2 ? 1 : 0);
    }
}

static void test_told(void)
{
    /* PRGENERATION 2, keys 1 and 2 */
    static const uint8_t keys[24] = {0, 0, 0, 2, 0, 0, 0, 16, [15] = 1, [23] = 2};
    static const uint8_t held[24] = {0, 0, 0, 2, 0, 0, 0, 16, [15] = 1, [21] = 1};
    begin_reserved(1);
    reads(3, 0, keys, 24);
    reads(3, 1, held, 24);
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("PR-4"), 2);

    static const uint8_t generation[24] = {0, 0, 0, 3, 0, 0, 0, 16, [15] = 1, [23] = 2};
    begin_reserved(1);
    reads(3, 0, generation, 24);
    CU_ASSERT_TRUE(story_breaks("PR-4"));

    static const uint8_t other_key[24] = {0, 0, 0, 2, 0, 0, 0, 16, [15] = 1, [23] = 9};
    begin_reserved(1);
    reads(3, 0, other_key, 24);
    CU_ASSERT_TRUE(story_breaks("PR-4"));

    static const uint8_t other_type[24] = {0, 0, 0, 2, 0, 0, 0, 16, [15] = 1, [21] = 3};
    begin_reserved(1);
    reads(3, 1, other_type, 24);
    CU_ASSERT_TRUE(story_breaks("PR-4"));

    static const uint8_t nothing[8] = {0, 0, 0, 2};
    begin_reserved(1);
    reads(3, 1, nothing, 8);
    CU_ASSERT_TRUE(story_breaks("PR-4"));
}

/* The session of A ends, and its registration does not. */
static void test_survival(void)
{
    static const uint8_t keys[24] = {0, 0, 0, 2, 0, 0, 0, 16, [15] = 1, [23] = 2};
    static const uint8_t one[16] = {0, 0, 0, 2, 0, 0, 0, 8, [15] = 2};
    for (uint64_t wrong = 0; wrong < 2; wrong++) {
        begin_reserved(1);
        EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .code = LQ_TRIGGER_NEXUS_LOSS);
        EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .code = LQ_TRIGGER_NEXUS_LOSS);
        reads(3, 0, wrong ? one : keys, wrong ? 16 : 24);
        CU_ASSERT_EQUAL(story_violations_of("PR-5"), wrong);
        CU_ASSERT_EQUAL(story_violations_of("PR-4"), 0);
    }
}

static void test_informing(void)
{
    begin_reserved(1);
    asks(2, PREEMPT, 1, 2, 1, GOOD);
    ends(1, TEST_UNIT_READY, CHECK_CONDITION, 0x062a05);
    ends(1, TEST_UNIT_READY, GOOD, 0);
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("PR-6"), 1);

    begin_reserved(1);
    asks(2, PREEMPT, 1, 2, 1, GOOD);
    ends(1, TEST_UNIT_READY, GOOD, 0);
    CU_ASSERT_TRUE(story_breaks("PR-6"));

    begin_reserved(1); /* WE: whom it kept out anyway hears nothing of its end */
    asks(1, RELEASE, 1, 1, 0, GOOD);
    ends(2, TEST_UNIT_READY, CHECK_CONDITION, 0x062a04);
    CU_ASSERT_TRUE(story_breaks("PR-6"));

    begin_reserved(5);
    asks(1, CLEAR, 0, 1, 0, GOOD);
    ends(1, TEST_UNIT_READY, CHECK_CONDITION, 0x062a03);
    CU_ASSERT_TRUE(story_breaks("PR-6"));
}

/* With ALL_TG_PT: at which ports, the judge does not know, until a CLEAR. */
static void registers_at_all_ports(uint16_t actor, uint8_t service_key)
{
    struct story_command c = out(actor, REGISTER, 0, 0, service_key);
    list[20] = 4;
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, GOOD, 0, 0);
}

static void test_informing_of_unknown(void)
{
    for (int is_known = 0; is_known < 2; is_known++) {
        begin_reserved(1);
        registers_at_all_ports(3, 3);
        asks(1, CLEAR, 0, 1, 0, GOOD);
        if (is_known) {
            asks(1, REGISTER, 0, 0, 1, GOOD);
            asks(2, REGISTER, 0, 0, 2, GOOD);
            asks(1, CLEAR, 0, 1, 0, GOOD);
        }
        ends(2, TEST_UNIT_READY, GOOD, 0);
        CU_ASSERT_TRUE(is_known ? story_breaks("PR-6") : story_is_legal());
    }
}

static void test_reserve(void)
{
    begin();
    ends(1, RESERVE_6, GOOD, 0);
    ends(2, RESERVE_6, CONFLICT, 0);
    ends(2, TEST_UNIT_READY, CONFLICT, 0);
    ends(2, RELEASE_6, GOOD, 0);
    ends(2, TEST_UNIT_READY, CONFLICT, 0);
    writes(1);
    ends(1, RELEASE_6, GOOD, 0);
    writes(2);
    CU_ASSERT_TRUE(story_is_legal());

    begin();
    ends(1, RESERVE_6, GOOD, 0);
    writes(2);
    CU_ASSERT_TRUE(story_breaks("PR-7"));
    begin();
    ends(1, RESERVE_6, GOOD, 0);
    ends(2, RESERVE_6, GOOD, 0);
    CU_ASSERT_TRUE(story_breaks("PR-7"));
    begin();
    ends(2, RESERVE_6, CONFLICT, 0);
    CU_ASSERT_TRUE(story_breaks("PR-7"));
}

static void test_honest(void)
{
    begin();
    asks(1, REGISTER, 0, 7, 1, CONFLICT); /* who is not registered has key 0 */
    asks(1, RESERVE, 1, 0, 0, CONFLICT);
    asks(1, REGISTER, 0, 0, 1, GOOD);
    asks(1, RESERVE, 1, 1, 0, GOOD);
    asks(1, PREEMPT, 1, 1, 9, CONFLICT); /* nobody has that key */
    CU_ASSERT_TRUE(story_is_legal());
    CU_ASSERT_EQUAL(story_exercised("PR-8"), 5);

    begin();
    asks(1, REGISTER, 0, 7, 1, GOOD);
    CU_ASSERT_TRUE(story_breaks("PR-8"));
    begin_reserved(1);
    asks(2, RESERVE, 1, 2, 0, GOOD);
    CU_ASSERT_TRUE(story_breaks("PR-8"));
    begin_reserved(1);
    asks(1, CLEAR, 0, 1, 0, CONFLICT);
    CU_ASSERT_TRUE(story_breaks("PR-8"));
}

/* Nexus 1 is registered with APTPL or without; behind a loss of power it is there, or not. */
static void test_power(void)
{
    static const uint8_t none[8] = {0}, one[16] = {[7] = 8, [15] = 1};
    for (uint32_t story = 0; story < 4; story++) {
        bool persists = story % 2 != 0, is_there = story / 2 != 0;
        begin();
        list_flags = persists;
        asks(1, REGISTER, 0, 0, 1, GOOD);
        list_flags = 0;
        EV(LQ_W_POWER, .code = LQ_POWER_CUT);
        EV(LQ_W_CLOSE, .connection = 3, .code = LQ_CLOSE_RESET);
        EV(LQ_I_LOST, .actor = 3, .nexus = NEXUS_C, .connection = 3);
        EV(LQ_W_POWER, .code = LQ_POWER_ON, .value = 1);
        story_login(4, 3, NEXUS_C);
        reads_by(4, 3, 0, is_there ? one : none, is_there ? 16 : 8);
        CU_ASSERT_EQUAL(story_violations_of("PR-9"), persists != is_there);
        CU_ASSERT_EQUAL(story_violations_of("PR-4"), 0);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"PR-1 fence", test_fence},
                           {"PR-2 no false conflict", test_no_false_conflict},
                           {"PR-3 PREEMPT AND ABORT", test_preempt},
                           {"PR-4 what is told", test_told},
                           {"PR-5 survival", test_survival},
                           {"PR-6 informing", test_informing},
                           {"PR-6 informing of what is not known", test_informing_of_unknown},
                           {"PR-7 RESERVE", test_reserve},
                           {"PR-8 honest", test_honest},
                           {"PR-9 loss of power", test_power},
                           CU_TEST_INFO_NULL};
    return story_main("reservation", tests);
}
