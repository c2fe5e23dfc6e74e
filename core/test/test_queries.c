/* SPDX-License-Identifier: Apache-2.0 */
/* QUERY TASK, QUERY TASK SET, QUERY ASYNCHRONOUS EVENT, I_T NEXUS RESET [SAM-5 7.6, 7.9 on]. */
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

static enum lq_tm_answer ask(uint32_t nexus, enum lq_tm_function function, uint32_t command)
{
    CU_ASSERT_TRUE(rig_tm_answered(&rig, rig_tm(&rig, nexus, function, 0, command)));
    return rig.tm_answer;
}

static void commands_that_are_there(void)
{
    rig_init(&rig, NULL);
    uint32_t own = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 64, 8, 1);
    CU_ASSERT_EQUAL(ask(0, LQ_TM_QUERY_TASK, own), LQ_TM_SUCCEEDED);
    CU_ASSERT_EQUAL(ask(0, LQ_TM_QUERY_TASK, in_store), LQ_TM_SUCCEEDED);
    CU_ASSERT_EQUAL(ask(0, LQ_TM_QUERY_TASK_SET, 0), LQ_TM_SUCCEEDED);
    CU_ASSERT_EQUAL(ask(1, LQ_TM_QUERY_TASK, own), LQ_TM_COMPLETE); /* another's */
    CU_ASSERT_EQUAL(ask(1, LQ_TM_QUERY_TASK_SET, 0), LQ_TM_COMPLETE);
    rig_complete(&rig, in_store);
    CU_ASSERT_EQUAL(ask(0, LQ_TM_QUERY_TASK, in_store), LQ_TM_COMPLETE);
    CU_ASSERT_FALSE(rig.commands[own].terminated); /* it has only been asked for */
    rig_data_out(&rig, own, 1);
    rig_complete(&rig, own);
    CU_ASSERT_EQUAL(rig.commands[own].status, LQ_GOOD);
    CU_ASSERT_EQUAL(ask(0, LQ_TM_QUERY_TASK_SET, 0), LQ_TM_COMPLETE);
    rig_tm(&rig, 0, LQ_TM_QUERY_TASK_SET, 9, 0);
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_INCORRECT_LUN);
    rig_fini(&rig);
}

/* [SAM-5 7.9]: UADE DEPTH 1 of one, 2 of more; then sense key, ASC, ASCQ of the first. */
static void events_that_are_pending(void)
{
    rig_init(&rig, NULL);
    CU_ASSERT_EQUAL(ask(1, LQ_TM_QUERY_ASYNCHRONOUS_EVENT, 0), LQ_TM_COMPLETE);
    CU_ASSERT_EQUAL(rig.tm_information, 0);
    CU_ASSERT_TRUE(lq_engine_unit_resize(rig.engine, 0, 0, 512) == NULL);
    CU_ASSERT_EQUAL(ask(1, LQ_TM_QUERY_ASYNCHRONOUS_EVENT, 0), LQ_TM_SUCCEEDED);
    CU_ASSERT_EQUAL(rig.tm_information, 0x162a09);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(ask(1, LQ_TM_QUERY_ASYNCHRONOUS_EVENT, 0), LQ_TM_SUCCEEDED);
    CU_ASSERT_EQUAL(rig.tm_information, 0x262903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062a09);
    rig_fini(&rig);
}

static void the_nexus_is_reset(void)
{
    rig_init(&rig, NULL);
    const uint8_t reserve[6] = {0x16};
    uint32_t reserved = rig_send(&rig, 0, 1, LQ_SIMPLE, reserve, 6, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[reserved].status, LQ_GOOD);
    uint32_t own = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_I_T_NEXUS_RESET, 0, 0);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, tm));
    rig_complete(&rig, own);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_COMPLETE);
    CU_ASSERT_FALSE(rig.commands[own].completed);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062907);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0x062907);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 1), 0); /* RESERVE is over, too */
    rig_complete(&rig, others);
    CU_ASSERT_EQUAL(rig.commands[others].status, LQ_GOOD);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"commands that are there", commands_that_are_there},
        {"events that are pending", events_that_are_pending},
        {"the I_T nexus is reset", the_nexus_is_reset},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"queries", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
