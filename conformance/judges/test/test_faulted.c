/* SPDX-License-Identifier: Apache-2.0 */
/* FAULTED: TAS and QERR [SPC-5 r22 7.5.10]; TST in ORDER, TM and UA; ACA; and queries. */
#include "conformance/judges/test/story.h"

enum { TEST_UNIT_READY = 0x00 };

/* Bytes 2 to 5 of the Control mode page. */
enum { PLAIN = 0x00100000, TAS = 0x00100040, QERR_ALL = 0x00120000, QERR_NEXUS = 0x00160000,
       TST = 0x20100000 };

static struct story_command command(uint16_t actor, uint64_t serial)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = TEST_UNIT_READY};
}

static void begin(uint32_t control)
{
    story_begin();
    EV(LQ_E_MODES, .lun = story_lun(0), .code = control);
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

static struct story_command waits(uint16_t actor, uint64_t serial)
{
    struct story_command c = command(actor, serial);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    return c;
}

static void affect(const struct story_command *c, enum lq_trigger trigger, uint64_t by)
{
    EV(LQ_E_AFFECTED, .nexus = c->nexus, .lun = story_lun(0), .serial = c->serial,
       .code = trigger, .value = by);
}

static struct story_function clears(uint16_t actor, uint64_t serial)
{
    struct story_function f = {.actor = actor,
                               .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                               .connection = actor,
                               .serial = serial,
                               .function = LQ_TM_CLEAR_TASK_SET};
    story_ask(&f);
    return f;
}

static void test_status(void)
{
    for (int i = 0; i < 4; i++) { /* TAS 1 or 0; with status or without */
        bool has_tas = i < 2, has_status = i % 2 == 0;
        begin(has_tas ? TAS : PLAIN);
        struct story_command c = waits(2, 1);
        struct story_function f = clears(1, 2);
        affect(&c, LQ_TRIGGER_CLEAR_TASK_SET, 2);
        if (has_status)
            story_end(&c, 0x40, 0, 0);
        else
            story_abort(&c, LQ_TRIGGER_CLEAR_TASK_SET);
        story_answer(&f, LQ_TM_COMPLETE);
        CU_ASSERT_EQUAL(story_is_legal(), has_tas == has_status);
        CU_ASSERT_EQUAL(story_violations_of("TM-4"), has_tas != has_status);
    }
    begin(TAS); /* of its own I_T nexus */
    struct story_command c = waits(1, 1);
    struct story_function f = clears(1, 2);
    affect(&c, LQ_TRIGGER_CLEAR_TASK_SET, 2);
    story_engine_ends(&c, 0x40, 0);
    story_answer(&f, LQ_TM_COMPLETE);
    CU_ASSERT_TRUE(story_breaks("TM-4"));
}

/* Actor 1's command ends with CHECK CONDITION while one of ACTOR is in the task set; it is aborted,
 * or it is not. */
static void fault(uint32_t control, uint16_t actor, bool is_aborted)
{
    begin(control);
    struct story_command other = waits(actor, 1);
    struct story_command c = command(1, 2);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    if (is_aborted) {
        affect(&other, LQ_TRIGGER_QERR, 2);
        story_abort(&other, LQ_TRIGGER_QERR);
    }
    story_end(&c, 0x02, 0x052000, 0);
    if (!is_aborted)
        story_end(&other, 0, 0, 0);
}

static void test_qerr(void)
{
    static const struct {
        uint32_t control;
        uint16_t actor;
        bool aborts;
    } rows[] = {{PLAIN, 1, false},      {PLAIN, 2, false},     {QERR_ALL, 1, true},
                {QERR_ALL, 2, true},    {QERR_NEXUS, 1, true}, {QERR_NEXUS, 2, false},
                {QERR_ALL | TST, 1, true}, {QERR_ALL | TST, 2, false}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fault(rows[i].control, rows[i].actor, rows[i].aborts);
        CU_ASSERT_TRUE(story_is_legal());
        fault(rows[i].control, rows[i].actor, !rows[i].aborts);
        CU_ASSERT_TRUE(story_breaks("TM-11"));
    }
}

static void test_others_hear_of_it(void)
{
    fault(QERR_ALL, 2, true);
    struct story_command c = command(2, 5);
    story_run(&c, 0);
    CU_ASSERT_TRUE(story_breaks("UA-1"));
    fault(QERR_ALL, 2, true);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_end(&c, 0x02, 0x062f00, 0);
    CU_ASSERT_TRUE(story_is_legal());
}

/* An ORDERED command of actor 2 begins while one of actor 1 is in its task set, or beside it. */
static void test_task_sets(void)
{
    begin(PLAIN);
    struct story_command older = waits(1, 1), c = command(2, 2);
    c.attribute = LQ_ORDERED;
    story_run(&c, 0);
    CU_ASSERT_TRUE(story_breaks("ORD-1"));

    begin(TST);
    older = waits(1, 1);
    story_run(&c, 0);
    story_end(&older, 0, 0, 0);
    CU_ASSERT_TRUE(story_is_legal());

    begin(TST); /* it waits for nothing */
    older = waits(1, 1);
    story_send(&c);
    story_arrive(&c);
    story_pass(SECONDS(1));
    story_end(&older, 0, 0, 0);
    story_enable(&c);
    story_end(&c, 0, 0, 0);
    CU_ASSERT_TRUE(story_breaks("ORD-6"));
}

static void test_clear_reaches_one_set(void)
{
    for (int i = 0; i < 2; i++) {
        begin(i == 0 ? PLAIN : TST);
        struct story_command c = waits(2, 1);
        struct story_function f = clears(1, 2);
        story_answer(&f, LQ_TM_COMPLETE);
        story_end(&c, 0, 0, 0);
        if (i == 0) {
            CU_ASSERT_TRUE(story_breaks("TM-3"));
        } else {
            CU_ASSERT_TRUE(story_is_legal());
        }
    }
}

static void aca(uint32_t code, uint64_t nexus, uint64_t serial)
{
    EV(LQ_E_ACA, .lun = story_lun(0), .nexus = nexus, .serial = serial, .code = code);
}

/* While actor 1 has an ACA condition. */
static void test_aca_blocks(void)
{
    for (int i = 0; i < 3; i++) {
        begin(i == 1 ? TST : PLAIN);
        struct story_command older = waits(2, 1);
        aca(1, NEXUS_A, 9);
        if (i == 2)
            aca(0, NEXUS_A, 0);
        story_end(&older, 0, 0, 0);
        if (i == 0) {
            CU_ASSERT_TRUE(story_breaks("ACA-1"));
        } else { /* it does not concern actor 2, or is over */
            CU_ASSERT_TRUE(story_is_legal());
        }
    }
    begin(PLAIN);
    aca(1, NEXUS_A, 9);
    struct story_command c = command(2, 2);
    story_send(&c);
    story_arrive(&c); /* into the task set, instead of BUSY */
    CU_ASSERT_TRUE(story_violations() > 0);
    CU_ASSERT_EQUAL(story_violations_of("ACA-1"), 1);
}

static void test_naca(void)
{
    static const uint8_t naca[10] = {0x00, 0, 0, 0, 0, 0x04};
    for (int i = 0; i < 2; i++) {
        begin(PLAIN);
        struct story_command c = command(1, 1);
        c.cdb = naca;
        story_send(&c);
        story_arrive(&c);
        story_enable(&c);
        if (i == 0)
            aca(1, NEXUS_A, 1);
        story_end(&c, 0x02, 0x052000, 0);
        if (i == 0) {
            CU_ASSERT_TRUE(story_is_legal());
        } else {
            CU_ASSERT_TRUE(story_breaks("ACA-2"));
        }
    }
}

static struct story_function asks(uint16_t actor, enum lq_tm_function function, uint64_t referenced)
{
    struct story_function f = {.actor = actor,
                               .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                               .connection = actor,
                               .serial = 7,
                               .function = function,
                               .referenced = referenced};
    story_ask(&f);
    return f;
}

static void test_clear_aca(void)
{
    for (int i = 0; i < 3; i++) {
        begin(PLAIN);
        aca(1, NEXUS_A, 9);
        struct story_function f = asks(i == 0 ? 1 : 2, LQ_TM_CLEAR_ACA, 0);
        if (i != 1)
            aca(0, NEXUS_A, 0);
        story_answer(&f, i == 1 ? LQ_TM_REJECTED : LQ_TM_COMPLETE);
        if (i < 2) {
            CU_ASSERT_TRUE(story_is_legal());
        } else {
            CU_ASSERT_TRUE(story_breaks("ACA-3"));
        }
    }
}

static void test_queries(void)
{
    for (int i = 0; i < 4; i++) { /* it is there or not; and what is said */
        bool is_there = i < 2, says_so = i % 2 == 0;
        begin(PLAIN);
        struct story_command c = waits(1, 1);
        if (!is_there)
            story_end(&c, 0, 0, 0);
        struct story_function f = asks(1, LQ_TM_QUERY_TASK, 1);
        story_answer(&f, says_so ? LQ_TM_SUCCEEDED : LQ_TM_COMPLETE);
        if (is_there)
            story_end(&c, 0, 0, 0);
        if (is_there == says_so) {
            CU_ASSERT_TRUE(story_is_legal());
        } else {
            CU_ASSERT_TRUE(story_breaks("TM-12"));
        }
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"TASK ABORTED as TAS says", test_status},
        {"QERR", test_qerr},
        {"others hear of what QERR aborts", test_others_hear_of_it},
        {"task sets", test_task_sets},
        {"CLEAR TASK SET reaches one task set", test_clear_reaches_one_set},
        {"ACA blocks", test_aca_blocks},
        {"NACA", test_naca},
        {"CLEAR ACA", test_clear_aca},
        {"queries", test_queries},
        CU_TEST_INFO_NULL,
    };
    return story_main("faulted", tests);
}
