/* SPDX-License-Identifier: Apache-2.0 */
/* ACA: auto contingent allegiance [SAM-5 5.9]. */
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

static const uint8_t naca[6] = {0x00, 0, 0, 0, 0, 0x04};

static bool has_status(uint32_t place, enum lq_status status)
{
    return rig.commands[place].completed && rig.commands[place].status == status;
}

/* An unknown command with NACA 1. */
static uint32_t fault(uint32_t nexus)
{
    const uint8_t cdb[10] = {0x3e, 0, 0, 0, 0, 0, 0, 0, 0, 0x04};
    uint32_t place = rig_send(&rig, nexus, 0, LQ_HEAD_OF_QUEUE, cdb, sizeof cdb, 0, 0, 0, 0);
    CU_ASSERT_TRUE(has_status(place, LQ_CHECK_CONDITION));
    return place;
}

static uint32_t send_naca(uint32_t nexus, enum lq_attribute attribute)
{
    return rig_send(&rig, nexus, 0, attribute, naca, sizeof naca, 0, 0, 0, 0);
}

static enum lq_tm_answer clear(uint32_t nexus)
{
    CU_ASSERT_TRUE(rig_tm_answered(&rig, rig_tm(&rig, nexus, LQ_TM_CLEAR_ACA, 0, 0)));
    return rig.tm_answer;
}

static bool is_free(uint32_t nexus)
{
    return has_status(rig_test_unit_ready(&rig, nexus, LQ_SIMPLE), LQ_GOOD);
}

static void who_may_send_what(void)
{
    rig_init(&rig, NULL);
    CU_ASSERT_TRUE(has_status(send_naca(0, LQ_SIMPLE), LQ_GOOD)); /* no fault, no condition */
    CU_ASSERT_TRUE(is_free(0));
    fault(0);
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 0, LQ_SIMPLE), LQ_ACA_ACTIVE));
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 0, LQ_HEAD_OF_QUEUE), LQ_ACA_ACTIVE));
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 1, LQ_SIMPLE), LQ_BUSY));
    CU_ASSERT_TRUE(has_status(send_naca(1, LQ_SIMPLE), LQ_ACA_ACTIVE));
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 1, LQ_ACA), LQ_ACA_ACTIVE));
    uint32_t aca = rig_read(&rig, 0, LQ_ACA, 0, 1);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, aca));
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 0, LQ_ACA), LQ_ACA_ACTIVE)); /* one */
    rig_complete(&rig, aca);
    CU_ASSERT_TRUE(has_status(aca, LQ_GOOD));
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 0, LQ_ACA), LQ_GOOD));
    CU_ASSERT_FALSE(is_free(0));
    CU_ASSERT_EQUAL(clear(1), LQ_TM_REJECTED);
    CU_ASSERT_EQUAL(clear(0), LQ_TM_COMPLETE);
    CU_ASSERT_EQUAL(clear(1), LQ_TM_COMPLETE); /* there is none */
    CU_ASSERT_TRUE(is_free(0) && is_free(1));
    uint32_t lost = rig_test_unit_ready(&rig, 0, LQ_ACA);
    CU_ASSERT_EQUAL(rig.commands[lost].asc, 0x49); /* INVALID MESSAGE ERROR */
    rig_fini(&rig);
}

static void what_is_blocked(void)
{
    rig_init(&rig, NULL);
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    uint32_t waits = rig_write_waiting(&rig, 0, LQ_SIMPLE, 64, 8);
    uint32_t ordered = rig_write(&rig, 1, LQ_ORDERED, 128, 8, 1);
    fault(2);
    rig_complete(&rig, in_store);
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    rig_data_out(&rig, waits, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, waits));
    CU_ASSERT_EQUAL(clear(2), LQ_TM_COMPLETE);
    CU_ASSERT_TRUE(has_status(in_store, LQ_GOOD));
    CU_ASSERT_TRUE(rig_is_submitted(&rig, waits));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, ordered));
    rig_complete(&rig, waits);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, ordered));
    rig_fini(&rig);
}

/* Blocked commands can be aborted, at once. */
static void what_is_blocked_can_be_aborted(void)
{
    rig_init(&rig, NULL);
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    fault(2);
    rig_complete(&rig, in_store);
    uint64_t tm = rig_tm(&rig, 1, LQ_TM_ABORT_TASK_SET, 0, 0);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(clear(2), LQ_TM_COMPLETE);
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    rig_fini(&rig);
}

static void what_ends_it(void)
{
    rig_init(&rig, NULL);
    fault(0);
    rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903);
    rig_attention(&rig, 0, 0);
    rig_attention(&rig, 2, 0);
    fault(0);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    CU_ASSERT_TRUE(is_free(1));
    fault(1);
    rig_tm(&rig, 1, LQ_TM_I_T_NEXUS_RESET, 0, 0);
    CU_ASSERT_TRUE(is_free(2));
    fault(2);
    CU_ASSERT_TRUE(lq_engine_unit_remove(rig.engine, 0, 0) == NULL);
    const struct lq_unit_config unit = {.store = &rig.stores[0].store};
    CU_ASSERT_TRUE(lq_engine_unit_add(rig.engine, &unit) == NULL);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0x062900);
    CU_ASSERT_TRUE(is_free(2));
    rig_fini(&rig);
}

/* A fault of the ACA command ends the condition; with NACA 1 there is another one. */
static void a_fault_of_the_aca_command(void)
{
    rig_init(&rig, NULL);
    fault(0);
    const uint8_t unknown[6] = {0xff};
    rig_send(&rig, 0, 0, LQ_ACA, unknown, sizeof unknown, 0, 0, 0, 0);
    CU_ASSERT_TRUE(is_free(0));
    fault(0);
    const uint8_t again[10] = {0x3e, 0, 0, 0, 0, 0, 0, 0, 0, 0x04};
    rig_send(&rig, 0, 0, LQ_ACA, again, sizeof again, 0, 0, 0, 0);
    CU_ASSERT_FALSE(is_free(0));
    rig_fini(&rig);
}

static void task_sets_of_their_own(void)
{
    rig_init(&rig, NULL);
    rig_control(&rig, 0, (const uint8_t[4]){0x20, 0x10}); /* TST 001b */
    fault(0);
    CU_ASSERT_FALSE(is_free(0));
    CU_ASSERT_TRUE(is_free(1));
    fault(1);
    CU_ASSERT_FALSE(is_free(1));
    CU_ASSERT_EQUAL(clear(1), LQ_TM_COMPLETE);
    CU_ASSERT_TRUE(is_free(1));
    CU_ASSERT_FALSE(is_free(0));
    rig_fini(&rig);
}

/* The task sets are parted while one is blocked: what it does not concern any more goes on. */
static void parted_while_blocked(void)
{
    const uint8_t select[6] = {0x15, 0x10, 0, 0, 16, 0};
    const uint8_t list[16] = {0, 0, 0, 0, 0x0a, 10, 0x20, 0x10, 0, 0, 0, 0, 0xff, 0xff, 0, 0};
    rig_init(&rig, NULL);
    uint32_t waits = rig_write_waiting(&rig, 1, LQ_SIMPLE, 64, 8);
    fault(0);
    rig_data_out(&rig, waits, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, waits));
    uint32_t place = rig_send_data_as(&rig, 0, 0, LQ_ACA, select, 6, list, 16, 0);
    CU_ASSERT_TRUE(has_status(place, LQ_GOOD));
    CU_ASSERT_TRUE(has_status(waits, LQ_CHECK_CONDITION)); /* MODE PARAMETERS CHANGED */
    CU_ASSERT_EQUAL(rig.commands[waits].asc, 0x2a);
    rig_fini(&rig);
}

static void tmf_only(void)
{
    rig_init(&rig, NULL);
    rig_control(&rig, 0, (const uint8_t[4]){0x10, 0x10}); /* TMF_ONLY */
    fault(0);
    CU_ASSERT_TRUE(has_status(rig_test_unit_ready(&rig, 0, LQ_ACA), LQ_ACA_ACTIVE));
    CU_ASSERT_EQUAL(clear(0), LQ_TM_COMPLETE);
    CU_ASSERT_TRUE(is_free(0));
    rig_fini(&rig);
}

/* QERR aborts, then the condition is there: nothing is left to be blocked. */
static void with_qerr(void)
{
    rig_init(&rig, NULL);
    rig_control(&rig, 2, (const uint8_t[4]){0, 0x12}); /* QERR 01b */
    uint32_t in_store = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    const uint8_t cdb[10] = {0x3e, 0, 0, 0, 0, 0, 0, 0, 0, 0x04};
    uint32_t faulted = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, sizeof cdb, 0, 0, 0, 0);
    CU_ASSERT_FALSE(rig.commands[faulted].completed);
    rig_complete(&rig, in_store);
    CU_ASSERT_TRUE(has_status(faulted, LQ_CHECK_CONDITION));
    CU_ASSERT_FALSE(is_free(0));
    CU_ASSERT_EQUAL(clear(0), LQ_TM_COMPLETE);
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    CU_ASSERT_TRUE(is_free(0));
    rig_fini(&rig);
}

static void inquiry_says_so(void)
{
    rig_init(&rig, NULL);
    const uint8_t inquiry[6] = {0x12, 0, 0, 0, 36, 0};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, inquiry, 6, 36, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[3] & 0x20, 0x20); /* NORMACA [SPC-5 6.7.2] */
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"who may send what", who_may_send_what},
        {"what is blocked", what_is_blocked},
        {"what is blocked can be aborted", what_is_blocked_can_be_aborted},
        {"what ends it", what_ends_it},
        {"a fault of the ACA command", a_fault_of_the_aca_command},
        {"task sets of their own", task_sets_of_their_own},
        {"parted while blocked", parted_while_blocked},
        {"TMF_ONLY", tmf_only},
        {"with QERR", with_qerr},
        {"INQUIRY says so", inquiry_says_so},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"ACA", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
