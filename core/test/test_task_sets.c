/* SPDX-License-Identifier: Apache-2.0 */
/* TST, TAS and QERR of the Control mode page [SPC-5 7.5.10]. */
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

enum { CLEARED = 0x062f00, UNKNOWN_OPCODE = 0x052000 };

static const uint8_t tst_1[4] = {0x20, 0x10}, tas_1[4] = {0, 0x10, 0, 0x40},
                     qerr_1[4] = {0, 0x12}, qerr_3[4] = {0, 0x16},
                     qerr_1_tas_1[4] = {0, 0x12, 0, 0x40}, qerr_1_tst_1[4] = {0x20, 0x12};

static void begin(const uint8_t control[4])
{
    rig_init(&rig, NULL);
    rig_control(&rig, 2, control);
}

static uint32_t fault(uint32_t nexus)
{
    const uint8_t unknown[6] = {0xff};
    return rig_send(&rig, nexus, 0, LQ_SIMPLE, unknown, sizeof unknown, 0, 0, 0, 0);
}

static bool has_sense(uint32_t place, uint32_t sense)
{
    const struct rig_command *command = &rig.commands[place];
    return command->completed && command->status == LQ_CHECK_CONDITION &&
           ((uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq) ==
               sense;
}

static void a_task_set_for_each(void)
{
    begin(tst_1);
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 1, LQ_ORDERED, 64, 8, 2);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, ordered));
    uint32_t own = rig_write(&rig, 0, LQ_ORDERED, 128, 8, 3);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, own));
    uint64_t tm = rig_tm(&rig, 1, LQ_TM_CLEAR_TASK_SET, 0, 0);
    rig_complete(&rig, ordered);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm)); /* it waits for nothing of nexus 0 */
    rig_complete(&rig, older);
    CU_ASSERT_EQUAL(rig.commands[older].status, LQ_GOOD);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, own));
    rig_fini(&rig);
}

/* What waits is let go, or must wait, from when TST changes. */
static void task_sets_are_split(void)
{
    rig_init(&rig, NULL);
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t ordered = rig_write(&rig, 1, LQ_ORDERED, 64, 8, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    const uint8_t cdb[6] = {0x15, 0x10, 0, 0, 16, 0};
    static const uint8_t list[16] = {0, 0, 0, 0, 0x0a, 10, 0x20, 0x10, 0, 0, 0, 0, 0xff, 0xff};
    uint32_t select = rig_send_data(&rig, 2, 0, cdb, sizeof cdb, list, sizeof list, 0);
    CU_ASSERT_FALSE(rig.commands[select].completed); /* behind the ORDERED command */
    rig_complete(&rig, older);
    rig_complete(&rig, ordered);
    CU_ASSERT_TRUE(rig.commands[select].completed);
    rig_fini(&rig);
}

static void status_for_others(void)
{
    begin(tas_1);
    uint32_t own = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint32_t waits = rig_write_waiting(&rig, 1, LQ_SIMPLE, 128, 8);
    uint32_t dormant = rig_write(&rig, 1, LQ_ORDERED, 192, 8, 1);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_CLEAR_TASK_SET, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[dormant].status, LQ_TASK_ABORTED);
    CU_ASSERT_FALSE(rig.commands[in_store].completed); /* it can still land */
    rig_complete(&rig, in_store);
    CU_ASSERT_EQUAL(rig.commands[in_store].status, LQ_TASK_ABORTED);
    rig_complete(&rig, own);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_FALSE(rig.commands[own].completed);
    CU_ASSERT_TRUE(rig.commands[own].terminated);
    CU_ASSERT_FALSE(rig.commands[waits].completed); /* its data has been asked for */
    rig_data_out(&rig, waits, 2);
    CU_ASSERT_EQUAL(rig.commands[waits].status, LQ_TASK_ABORTED);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, waits));
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* their status says it all */
    rig_fini(&rig);
}

/* What its own I_T nexus aborts, then, has no status. */
static void no_status_after_an_answer(void)
{
    begin(tas_1);
    uint32_t waits = rig_write_waiting(&rig, 1, LQ_SIMPLE, 0, 8);
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    rig_tm(&rig, 0, LQ_TM_CLEAR_TASK_SET, 0, 0);
    uint64_t tm = rig_tm(&rig, 1, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_complete(&rig, in_store);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_TRUE(rig.commands[waits].terminated);
    CU_ASSERT_FALSE(rig.commands[waits].completed);
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    rig_fini(&rig);
}

/* An orphan's status says no more than that it was aborted. */
static void status_of_an_orphan(void)
{
    begin(tas_1);
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_wait(&rig, 1001 * RIG_MS);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(rig.commands[in_store].status, LQ_TASK_ABORTED);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 1);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903); /* a reset is told besides */
    rig_complete(&rig, in_store);
    rig_fini(&rig);
}

static void a_fault_aborts_the_task_set(void)
{
    begin(qerr_1);
    uint32_t own = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    uint32_t others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint32_t faulted = fault(0);
    CU_ASSERT_TRUE(rig.commands[own].terminated);
    CU_ASSERT_FALSE(rig.commands[faulted].completed); /* the store still has one of them */
    rig_complete(&rig, others);
    CU_ASSERT_TRUE(has_sense(faulted, UNKNOWN_OPCODE));
    CU_ASSERT_FALSE(rig.commands[others].completed);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), CLEARED);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    rig_fini(&rig);
}

static void a_fault_waits_no_longer_than_a_reset(void)
{
    begin(qerr_1);
    uint32_t others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint32_t faulted = fault(0);
    rig_wait(&rig, 1001 * RIG_MS);
    CU_ASSERT_TRUE(has_sense(faulted, UNKNOWN_OPCODE));
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 1);
    rig_complete(&rig, others);
    rig_fini(&rig);
}

static void who_is_spared(void)
{
    begin(qerr_3);
    uint32_t others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    CU_ASSERT_TRUE(has_sense(fault(0), UNKNOWN_OPCODE));
    rig_complete(&rig, others);
    CU_ASSERT_EQUAL(rig.commands[others].status, LQ_GOOD);
    rig_fini(&rig);
    begin(qerr_1_tst_1);
    others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    CU_ASSERT_TRUE(has_sense(fault(0), UNKNOWN_OPCODE));
    rig_complete(&rig, others);
    CU_ASSERT_EQUAL(rig.commands[others].status, LQ_GOOD);
    rig_fini(&rig);
    begin(qerr_1_tas_1);
    others = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint32_t faulted = fault(0);
    rig_complete(&rig, others);
    CU_ASSERT_TRUE(has_sense(faulted, UNKNOWN_OPCODE));
    CU_ASSERT_EQUAL(rig.commands[others].status, LQ_TASK_ABORTED);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    rig_fini(&rig);
}

/* More faults than there is room for: each in its turn. */
static void many_faults(void)
{
    begin(qerr_3);
    uint32_t writes[3], faults[3];
    for (uint32_t i = 0; i < 3; i++)
        writes[i] = rig_write(&rig, i, LQ_SIMPLE, 64 * i, 8, 1);
    for (uint32_t i = 0; i < 3; i++)
        faults[i] = fault(i);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_FALSE(rig.commands[faults[i]].completed);
        rig_complete(&rig, writes[i]);
        CU_ASSERT_TRUE(has_sense(faults[i], UNKNOWN_OPCODE));
    }
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a task set for each", a_task_set_for_each},
        {"task sets are split", task_sets_are_split},
        {"TASK ABORTED for others", status_for_others},
        {"no status after an answer", no_status_after_an_answer},
        {"status of an orphan", status_of_an_orphan},
        {"a fault aborts the task set", a_fault_aborts_the_task_set},
        {"a fault waits no longer than a reset", a_fault_waits_no_longer_than_a_reset},
        {"who is spared", who_is_spared},
        {"many faults", many_faults},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"task sets", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
