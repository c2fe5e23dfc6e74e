/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

static struct story_command command(uint16_t actor, uint64_t serial)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = 0x2a,
                                  .lba = serial,
                                  .nblocks = 1,
                                  .content = serial};
}

static struct story_function function(enum lq_tm_function which, uint64_t referenced)
{
    return (struct story_function){.actor = 1,
                                   .nexus = NEXUS_A,
                                   .connection = 1,
                                   .serial = 90,
                                   .function = which,
                                   .referenced = referenced};
}

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

static void arrive(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
}

/* CLEAR TASK SET ends both, one in the store, one waiting; B hears of it by a unit attention. */
static void test_clear_task_set(void)
{
    begin();
    struct story_command a1 = command(1, 1), b2 = command(2, 2), b3 = command(2, 3),
                         a4 = command(1, 4);
    struct story_function f = function(LQ_TM_CLEAR_TASK_SET, 0);
    arrive(&a1);
    story_submit(&a1);
    arrive(&b2);
    story_ask(&f);
    story_abort(&b2, LQ_TRIGGER_CLEAR_TASK_SET);
    arrive(&a4); /* younger than the function */
    story_complete(&a1);
    story_abort(&a1, LQ_TRIGGER_CLEAR_TASK_SET);
    EV(LQ_E_UA_ESTABLISHED, .nexus = NEXUS_B, .detail = 0x2f00);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(&a1);
    story_submit(&a4);
    story_complete(&a4);
    story_end(&a4, 0, 0, 0);
    arrive(&b3);
    story_end(&b3, 0x02, 0x062f00, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("TM-1") == 1);
    CU_ASSERT(story_exercised("TM-3") == 4);
    CU_ASSERT(story_exercised("TM-7") == 1);
    CU_ASSERT(story_exercised("TM-8") > 0);
}

/* The engine aborted it, the endpoint sends its status all the same. */
static void test_noise_after_answer(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    struct story_function f = function(LQ_TM_ABORT_TASK, 1);
    arrive(&a1);
    story_ask(&f);
    story_abort(&a1, LQ_TRIGGER_ABORT_TASK);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(&a1);
    story_respond(&a1, 0x40, 0);
    CU_ASSERT(story_breaks("TM-1"));
}

/* A status that crossed the function is none: it left before the answer. */
static void test_status_crosses(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    struct story_function f = function(LQ_TM_ABORT_TASK, 1);
    arrive(&a1);
    story_submit(&a1);
    story_complete(&a1);
    story_engine_ends(&a1, 0, 0);
    story_ask(&f);
    story_respond(&a1, 0, 0);
    story_answer(&f, LQ_TM_TASK_ABSENT);
    story_status(&a1, 0, 0, 0);
    story_free(&a1);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("TM-6") == 1);
}

static void test_forgets_a_command(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    struct story_function f = function(LQ_TM_LOGICAL_UNIT_RESET, 0);
    arrive(&a1);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    story_abort(&a1, LQ_TRIGGER_NONE);
    CU_ASSERT(story_breaks("TM-3"));
}

static void test_hits_another_nexus(void)
{
    begin();
    struct story_command b1 = command(2, 1);
    struct story_function f = function(LQ_TM_ABORT_TASK_SET, 0);
    arrive(&b1);
    story_ask(&f);
    story_abort(&b1, LQ_TRIGGER_ABORT_TASK_SET);
    story_answer(&f, LQ_TM_COMPLETE);
    CU_ASSERT(story_breaks("TM-3"));
}

static void test_hits_another_unit(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    a1.lun = 1;
    struct story_function f = function(LQ_TM_ABORT_TASK_SET, 0);
    arrive(&a1);
    story_ask(&f);
    story_abort(&a1, LQ_TRIGGER_ABORT_TASK_SET);
    story_answer(&f, LQ_TM_COMPLETE);
    CU_ASSERT(story_breaks("TM-3"));
}

static void test_denies_a_task(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    struct story_function f = function(LQ_TM_ABORT_TASK, 1);
    arrive(&a1);
    story_ask(&f);
    story_answer(&f, LQ_TM_TASK_ABSENT);
    story_submit(&a1);
    story_complete(&a1);
    story_end(&a1, 0, 0, 0);
    CU_ASSERT(story_breaks("TM-6"));
}

static void test_completes_for_no_unit(void)
{
    begin();
    struct story_function f = function(LQ_TM_LOGICAL_UNIT_RESET, 0);
    f.lun = 5;
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
    CU_ASSERT(story_breaks("TM-6"));
}

static void test_answers_late(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    struct story_function f = function(LQ_TM_ABORT_TASK, 1);
    arrive(&a1);
    story_submit(&a1);
    story_ask(&f);
    story_pass(SECONDS(4));
    story_complete(&a1);
    story_abort(&a1, LQ_TRIGGER_ABORT_TASK);
    story_answer(&f, LQ_TM_COMPLETE);
    CU_ASSERT(story_breaks("TM-7"));
}

static void test_never_answers(void)
{
    begin();
    struct story_function f = function(LQ_TM_ABORT_TASK_SET, 0);
    story_ask(&f);
    story_pass(SECONDS(4));
    EV(LQ_W_FAULT, .code = 1);
    CU_ASSERT(story_breaks("TM-7"));
}

/* The run was cut off before the bound: nothing is proven. */
static void test_not_answered_yet(void)
{
    begin();
    struct story_function f = function(LQ_TM_ABORT_TASK_SET, 0);
    story_ask(&f);
    story_pass(SECONDS(2));
    EV(LQ_W_FAULT, .code = 1);
    CU_ASSERT(story_is_legal());
}

static void test_ends_twice(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    arrive(&a1);
    story_submit(&a1);
    story_complete(&a1);
    story_engine_ends(&a1, 0, 0);
    story_engine_ends(&a1, 0, 0);
    story_respond(&a1, 0, 0);
    story_status(&a1, 0, 0, 0);
    story_free(&a1);
    CU_ASSERT(story_breaks("TM-8"));
}

static void cold_reset(void)
{
    begin();
    struct story_function f = function(LQ_TM_TARGET_COLD_RESET, 0);
    story_ask(&f);
    story_answer(&f, LQ_TM_COMPLETE);
}

static void test_cold_reset(void)
{
    cold_reset();
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_B, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_B, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ESTABLISHED, .nexus = NEXUS_B, .stamp = 2);
    struct story_command b1 = command(2, 1);
    b1.connection = 0;
    story_arrive(&b1);
    story_enable(&b1);
    story_engine_ends(&b1, 0x02, 0x062901);
    story_free(&b1);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("TM-5") == 2);
}

static void test_session_survives_cold_reset(void)
{
    cold_reset();
    struct story_command b1 = command(2, 1);
    arrive(&b1);
    story_end(&b1, 0x02, 0x062901, 0);
    CU_ASSERT(story_breaks("TM-5"));
}

static void logout(void)
{
    TO(1, .opcode = 0x46, .flags = 0x80, .itt = 0x99, .w24 = 1, .w28 = 2);
    FROM(1, .opcode = 0x26, .flags = 0x80, .itt = 0x99, .w24 = 2, .w28 = 1, .w32 = 32);
}

static void test_answer_is_lost(void)
{
    begin();
    struct story_function f = function(LQ_TM_ABORT_TASK_SET, 0);
    story_ask(&f);
    EV(LQ_E_TM_ANSWERED, .nexus = NEXUS_A, .serial = 90, .tag = 90, .code = LQ_TM_COMPLETE);
    logout();
    CU_ASSERT(story_breaks("TM-9"));
}

static void test_not_supported(void)
{
    begin();
    struct story_function f = function(LQ_TM_CLEAR_TASK_SET, 0);
    story_ask(&f);
    story_answer(&f, LQ_TM_NOT_SUPPORTED);
    CU_ASSERT(story_breaks("TM-10"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"clear task set", test_clear_task_set},
        {"noise after the answer", test_noise_after_answer},
        {"status crosses", test_status_crosses},
        {"forgets a command", test_forgets_a_command},
        {"hits another nexus", test_hits_another_nexus},
        {"hits another unit", test_hits_another_unit},
        {"denies a task", test_denies_a_task},
        {"completes for no unit", test_completes_for_no_unit},
        {"answers late", test_answers_late},
        {"never answers", test_never_answers},
        {"not answered yet", test_not_answered_yet},
        {"ends twice", test_ends_twice},
        {"cold reset", test_cold_reset},
        {"session survives a cold reset", test_session_survives_cold_reset},
        {"answer is lost", test_answer_is_lost},
        {"not supported", test_not_supported},
        CU_TEST_INFO_NULL,
    };
    return story_main("tm", tests);
}
