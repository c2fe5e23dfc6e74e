/* SPDX-License-Identifier: Apache-2.0 */
/* Task attributes [SAM-5 8.6]: who may begin when. */
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

/* Commands of one task set: of two I_T nexuses, or, also where each has a task set of its own, of
 * one. */
static uint32_t beside;
static bool is_per_nexus;

static void begin(void)
{
    rig_init(&rig, NULL);
    if (is_per_nexus)
        rig_control(&rig, 0, (const uint8_t[4]){0x20, 0x10}); /* TST 001b [SPC-5 7.5.10] */
}

static int of_two_nexuses(void)
{
    beside = 1;
    is_per_nexus = false;
    return 0;
}

static int of_one_nexus(void)
{
    beside = 0;
    is_per_nexus = false;
    return 0;
}

static int of_one_nexus_with_its_own_set(void)
{
    beside = 0;
    is_per_nexus = true;
    return 0;
}

static void simple_commands_run_together(void)
{
    begin();
    uint32_t a = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t b = rig_write(&rig, beside, LQ_SIMPLE, 0, 8, 2);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, a));
    CU_ASSERT_TRUE(rig_is_submitted(&rig, b));
    rig_fini(&rig);
}

static void ordered_waits_for_the_end_of_older_ones(void)
{
    begin();
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t other = rig_write(&rig, beside, LQ_SIMPLE, 64, 8, 1);
    uint32_t ordered = rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    rig_complete(&rig, older);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered)); /* one task set for all nexuses */
    rig_complete(&rig, other);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, ordered));
    rig_fini(&rig);
}

static void younger_commands_wait_for_an_ordered_one(void)
{
    begin();
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    uint32_t younger = rig_read(&rig, beside, LQ_SIMPLE, 0, 8);
    uint32_t second = rig_write(&rig, beside, LQ_ORDERED, 0, 8, 3);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, younger));
    rig_complete(&rig, older);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, ordered));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, younger));
    rig_complete(&rig, ordered);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, younger));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, second));
    rig_complete(&rig, younger);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, second));
    CU_ASSERT_EQUAL(rig.commands[younger].data_in[0], 2); /* it read what ORDERED wrote */
    rig_fini(&rig);
}

static void head_of_queue_waits_for_nobody(void)
{
    begin();
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    uint32_t head = rig_read(&rig, beside, LQ_HEAD_OF_QUEUE, 512, 8);
    uint32_t younger = rig_read(&rig, beside, LQ_SIMPLE, 768, 8);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, head));
    rig_complete(&rig, older);
    rig_complete(&rig, ordered);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, younger)); /* a HEAD OF QUEUE has not ended */
    rig_complete(&rig, head);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, younger));
    rig_fini(&rig);
}

/* D11: a command is in the task set from its reception, whatever of its data is to come. */
static void a_write_without_its_data_holds_its_place(void)
{
    begin();
    uint32_t slow = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    uint32_t ordered = rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    rig_data_out(&rig, slow, 1);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, slow));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    rig_complete(&rig, slow);
    rig_complete(&rig, ordered);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[0], 2);
    rig_fini(&rig);
}

/* D10: aborting one that only waits for its turn neither runs it nor blocks the others. */
static void an_aborted_waiter_lets_the_others_through(void)
{
    begin();
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    uint32_t younger = rig_write(&rig, 0, LQ_SIMPLE, 64, 8, 3);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, ordered);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_COMPLETE);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, younger));
    rig_complete(&rig, older);
    rig_complete(&rig, younger);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    CU_ASSERT_TRUE(rig.commands[ordered].terminated);
    rig_fini(&rig);
}

static void order_is_per_logical_unit(void)
{
    begin();
    rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_write(&rig, 0, LQ_ORDERED, 0, 8, 2);
    const uint8_t read[10] = {0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    uint32_t elsewhere = rig_send(&rig, 0, 1, LQ_ORDERED, read, 10, 512, 0, 0, 0);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, elsewhere));
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"SIMPLE commands run together", simple_commands_run_together},
        {"ORDERED waits for the end of older ones", ordered_waits_for_the_end_of_older_ones},
        {"younger commands wait for an ORDERED one", younger_commands_wait_for_an_ordered_one},
        {"HEAD OF QUEUE waits for nobody", head_of_queue_waits_for_nobody},
        {"a write without its data holds its place", a_write_without_its_data_holds_its_place},
        {"an aborted waiter lets the others through", an_aborted_waiter_lets_the_others_through},
        {"order is per logical unit", order_is_per_logical_unit},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"task attributes, two I_T nexuses", of_two_nexuses, NULL, NULL, NULL, tests},
        {"task attributes, one I_T nexus", of_one_nexus, NULL, NULL, NULL, tests},
        {"task attributes, TST 001b", of_one_nexus_with_its_own_set, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
