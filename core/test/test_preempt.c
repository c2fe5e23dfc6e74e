/* SPDX-License-Identifier: Apache-2.0 */
/* PREEMPT AND ABORT [SPC-4 5.13.11.2.6]: whose commands end, and when it answers. */
#include "core/base/test/unit.h"
#include "core/test/persist.h"

static struct rig rig;

enum { REGISTRATIONS_PREEMPTED = 0x062a05 };

static uint32_t preempt_and_abort(uint32_t nexus, uint64_t key, uint64_t service_key)
{
    uint8_t cdb[10] = {0x5f, OUT_PREEMPT_AND_ABORT, WE, 0, 0, 0, 0, 0, 24};
    uint8_t list[24] = {0};
    list[7] = (uint8_t)key;
    list[15] = (uint8_t)service_key;
    return rig_send_data(&rig, nexus, 0, cdb, 10, list, 24, 0);
}

static void preempt_and_abort_waits(void)
{
    persist_begin(&rig, WE);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t waiting = rig_write_waiting(&rig, 0, LQ_SIMPLE, 64, 8);
    uint32_t others = rig_read(&rig, 2, LQ_SIMPLE, 128, 8);
    uint32_t preempt = preempt_and_abort(1, 0xb, 0xa);
    CU_ASSERT_TRUE(rig.commands[waiting].terminated);
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_NONE);
    uint32_t late = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 2); /* it keeps him out already */
    CU_ASSERT_EQUAL(persist_answer(&rig, late), ANSWER_CONFLICT);
    rig_complete(&rig, in_store);
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_GOOD);
    rig_complete(&rig, others);
    CU_ASSERT_EQUAL(persist_answer(&rig, others), ANSWER_GOOD);
    /* he lost his registration and his commands */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), REGISTRATIONS_PREEMPTED);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062f00);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).aborts_free, lq_limits_virtual.aborts);
    rig_fini(&rig);
}

/* Quarantine: it answers in time, and the orphan's blocks are held. */
static void preempt_and_abort_answers_in_time(void)
{
    persist_begin(&rig, WE);
    uint32_t stuck = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t preempt = preempt_and_abort(1, 0xb, 0xa);
    rig_wait(&rig, 999 * RIG_MS);
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_NONE);
    rig_wait(&rig, RIG_MS);
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_GOOD);
    uint32_t write = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, write));
    rig_complete(&rig, stuck);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, write));
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(persist_answer(&rig, write), ANSWER_GOOD);
    rig_fini(&rig);
}

/* Not only the holder's: everybody's who has the key, the issuer's other commands too. */
static void preempt_and_abort_of_shared_keys(void)
{
    persist_init(&rig, NULL);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(persist_out(&rig, i, OUT_REGISTER, 0, 0, 0xa), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_out(&rig, 0, OUT_RESERVE, WE_RO, 0xa, 0), ANSWER_GOOD);
    uint32_t writes[3];
    for (uint32_t i = 0; i < 3; i++)
        writes[i] = rig_write(&rig, i, LQ_SIMPLE, 64 * i, 8, 1);
    uint32_t preempt = preempt_and_abort(1, 0xa, 0xa);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_NONE);
        rig_complete(&rig, writes[i]);
        CU_ASSERT_FALSE(rig.commands[writes[i]].completed);
    }
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_GOOD);
    CU_ASSERT_TRUE(persist_keys_are(&rig, (const uint64_t[]){0xa}, 1)); /* the issuer's */
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    rig_fini(&rig);
}

static void preempt_and_abort_is_aborted_itself(void)
{
    persist_begin(&rig, WE);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t preempt = preempt_and_abort(1, 0xb, 0xa);
    uint64_t tm = rig_tm(&rig, 1, LQ_TM_ABORT_TASK, 0, preempt);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_TRUE(rig.commands[preempt].terminated);
    rig_complete(&rig, write);
    CU_ASSERT_FALSE(rig.commands[preempt].completed);
    CU_ASSERT_FALSE(rig.commands[write].completed);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).aborts_free, lq_limits_virtual.aborts);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).tasks_free, lq_limits_virtual.tasks);
    rig_fini(&rig);
}

/* Two that are under way at once wait for no one but the store. */
static void resets_beside_preempt_and_abort(void)
{
    persist_begin(&rig, WE);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t preempt = preempt_and_abort(1, 0xb, 0xa);
    uint64_t tm = rig_tm(&rig, 2, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_TRUE(rig.commands[preempt].terminated);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, tm));
    rig_complete(&rig, write);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_EQUAL(rig_attention(&rig, 3, 0), 0x062903);
    CU_ASSERT_TRUE(persist_keys_are(&rig, (const uint64_t[]){0xb, 0xc}, 2));
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"PREEMPT AND ABORT waits", preempt_and_abort_waits},
        {"PREEMPT AND ABORT answers in time", preempt_and_abort_answers_in_time},
        {"PREEMPT AND ABORT of shared keys", preempt_and_abort_of_shared_keys},
        {"PREEMPT AND ABORT is aborted", preempt_and_abort_is_aborted_itself},
        {"a reset beside PREEMPT AND ABORT", resets_beside_preempt_and_abort},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"PREEMPT AND ABORT", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
