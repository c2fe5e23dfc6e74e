/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

enum { TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12 };

static struct story_command command(uint16_t actor, uint64_t serial, uint32_t opcode)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = opcode};
}

static struct story_function reset(uint64_t serial)
{
    return (struct story_function){.actor = 1,
                                   .nexus = NEXUS_A,
                                   .connection = 1,
                                   .serial = serial,
                                   .function = LQ_TM_LOGICAL_UNIT_RESET};
}

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

/* A command that ends with unit attention DETAIL (ASC << 8 | ASCQ); GOOD with 0. */
static void ends(const struct story_command *c, uint32_t detail)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
    story_end(c, detail != 0 ? 0x02 : 0, detail != 0 ? 0x060000 | detail : 0, 0);
}

static void claim(uint64_t nexus, uint32_t detail)
{
    EV(LQ_E_UA_ESTABLISHED, .nexus = nexus, .detail = detail);
}

/* Reset: everybody hears, the issuer too, once; INQUIRY passes; power on is heard first. */
static void test_reset_tells_all(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command c[7];
    for (uint32_t i = 0; i < 7; i++)
        c[i] = command(i < 3 ? 1 : 2, i + 1, i == 0 || i == 3 ? INQUIRY : TEST_UNIT_READY);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    ends(&c[0], 0);
    ends(&c[1], 0x2903);
    ends(&c[2], 0);
    ends(&c[3], 0);
    ends(&c[4], 0x2901);
    ends(&c[5], 0x2903);
    ends(&c[6], 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("UA-1") == 3);
    CU_ASSERT(story_exercised("UA-2") == 3);
    CU_ASSERT(story_exercised("UA-4") == 2);
}

/* A command that came before the answer need not report it. */
static void test_older_command_passes(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command c1 = command(2, 1, TEST_UNIT_READY), c2 = command(2, 2, TEST_UNIT_READY);
    c1.lun = 1; /* another unit: not reset */
    story_send(&c1);
    story_arrive(&c1);
    story_enable(&c1);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    story_end(&c1, 0, 0, 0);
    ends(&c2, 0x2903);
    CU_ASSERT(story_is_legal());
}

static void test_only_issuer_is_told(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command a = command(1, 1, TEST_UNIT_READY), b = command(2, 2, TEST_UNIT_READY);
    story_ask(&f);
    claim(NEXUS_A, 0x2903);
    story_answer(&f, LQ_TM_COMPLETE);
    ends(&a, 0x2903);
    ends(&b, 0);
    CU_ASSERT(story_breaks("UA-1"));
}

static void test_told_twice(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command a = command(1, 1, TEST_UNIT_READY), b = command(1, 2, TEST_UNIT_READY);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    ends(&a, 0x2903);
    ends(&b, 0x2903);
    CU_ASSERT(story_breaks("UA-2"));
}

static void test_told_for_nothing(void)
{
    begin();
    struct story_command a = command(1, 1, TEST_UNIT_READY);
    ends(&a, 0x2f00);
    CU_ASSERT(story_breaks("UA-3"));
}

static void test_inquiry_is_hit(void)
{
    begin();
    struct story_command a = command(1, 1, INQUIRY);
    ends(&a, 0x2901);
    CU_ASSERT(story_breaks("UA-4"));
}

/* A's session is lost with the status that reported the reset on its way. */
static void lose_report(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command a = command(1, 1, TEST_UNIT_READY);
    story_ask(&f);
    claim(NEXUS_A, 0x2903);
    story_answer(&f, LQ_TM_COMPLETE);
    story_send(&a);
    story_arrive(&a);
    story_enable(&a);
    EV(LQ_E_UA_REPORTED, .nexus = NEXUS_A, .serial = 1, .detail = 0x2903);
    story_engine_ends(&a, 0x02, 0x062903);
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_RESET);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    story_give_up(&a);
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_STATUS_LOST, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
}

static void come_back(void)
{
    claim(NEXUS_A, 0x2907);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_W_ACCEPT, .connection = 3, .actor = 1);
    EV(LQ_I_LOGIN, .connection = 3, .actor = 1, .nexus = NEXUS_A);
    EV(LQ_E_NEXUS_ESTABLISHED, .nexus = NEXUS_A, .stamp = 2);
    EV(LQ_I_LOGGED_IN, .connection = 3, .actor = 1, .nexus = NEXUS_A, .value = 2);
}

static void test_lost_report_comes_again(void)
{
    lose_report();
    EV(LQ_E_UA_PUT_BACK, .nexus = NEXUS_A, .serial = 1, .detail = 0x2903);
    come_back();
    struct story_command c[3];
    for (uint32_t i = 0; i < 3; i++) {
        c[i] = command(1, 10 + i, TEST_UNIT_READY);
        c[i].connection = 0;
    }
    ends(&c[0], 0x2903);
    ends(&c[1], 0x2907);
    ends(&c[2], 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("UA-5") == 1);
    CU_ASSERT(story_exercised("UA-6") == 1);
    CU_ASSERT(story_exercised("RI-4") == 2);
}

static void test_lost_report_is_forgotten(void)
{
    lose_report();
    come_back();
    struct story_command b = command(1, 10, TEST_UNIT_READY), c = command(1, 11, TEST_UNIT_READY);
    b.connection = c.connection = 0;
    ends(&b, 0x2907);
    ends(&c, 0);
    CU_ASSERT(story_breaks("UA-5"));
}

static void test_list_is_dropped(void)
{
    lose_report();
    EV(LQ_E_UA_PUT_BACK, .nexus = NEXUS_A, .serial = 1, .detail = 0x2903);
    come_back();
    struct story_command b = command(1, 10, TEST_UNIT_READY), c = command(1, 11, TEST_UNIT_READY);
    b.connection = c.connection = 0;
    ends(&b, 0x2903);
    ends(&c, 0); /* 29/07 is gone */
    CU_ASSERT(story_breaks("UA-6"));
}

static void test_loss_is_not_told(void)
{
    begin();
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_I_LOGIN, .connection = 3, .actor = 1, .nexus = NEXUS_A);
    EV(LQ_E_NEXUS_ESTABLISHED, .nexus = NEXUS_A, .stamp = 2);
    EV(LQ_I_LOGGED_IN, .connection = 3, .actor = 1, .nexus = NEXUS_A, .value = 2);
    struct story_command a = command(1, 1, TEST_UNIT_READY);
    a.connection = 0;
    ends(&a, 0);
    CU_ASSERT(story_breaks("RI-4"));
}

/* REQUEST SENSE tells in its data, with GOOD. */
static void test_request_sense(void)
{
    begin();
    struct story_function f = reset(90);
    struct story_command s = command(1, 1, REQUEST_SENSE), t = command(1, 2, TEST_UNIT_READY);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    story_send(&s);
    story_arrive(&s);
    story_enable(&s);
    EV(LQ_E_UA_REPORTED, .nexus = NEXUS_A, .serial = 1, .detail = 0x2903);
    story_end(&s, 0, 0, 0);
    ends(&t, 0);
    CU_ASSERT(story_is_legal());
}

/* Cleared commands, then a reset: 29/03 ranks before 2F/00 [SAM-4 r14 5.14]. */
static void two_conditions(uint32_t first, uint32_t second)
{
    begin();
    struct story_function clear = reset(90), f = reset(91);
    clear.function = LQ_TM_CLEAR_TASK_SET;
    struct story_command b1 = command(2, 1, 0x28), t2 = command(2, 2, TEST_UNIT_READY),
                         t3 = command(2, 3, TEST_UNIT_READY);
    story_send(&b1);
    story_arrive(&b1);
    story_enable(&b1);
    story_ask(&clear);
    story_abort(&b1, LQ_TRIGGER_CLEAR_TASK_SET);
    story_answer(&clear, LQ_TM_COMPLETE);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    ends(&t2, first);
    ends(&t3, second);
}

static void test_precedence(void)
{
    two_conditions(0x2903, 0x2f00);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("UA-7") > 0);
}

static void test_precedence_is_ignored(void)
{
    two_conditions(0x2f00, 0x2903);
    CU_ASSERT(story_breaks("UA-7"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"reset tells all", test_reset_tells_all},
        {"older command passes", test_older_command_passes},
        {"only the issuer is told", test_only_issuer_is_told},
        {"told twice", test_told_twice},
        {"told for nothing", test_told_for_nothing},
        {"INQUIRY is hit", test_inquiry_is_hit},
        {"lost report comes again", test_lost_report_comes_again},
        {"lost report is forgotten", test_lost_report_is_forgotten},
        {"list is dropped", test_list_is_dropped},
        {"loss is not told", test_loss_is_not_told},
        {"REQUEST SENSE", test_request_sense},
        {"precedence", test_precedence},
        {"precedence is ignored", test_precedence_is_ignored},
        CU_TEST_INFO_NULL,
    };
    return story_main("ua", tests);
}
