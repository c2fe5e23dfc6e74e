/* SPDX-License-Identifier: Apache-2.0 */
/* The abort mechanism: TM functions [SAM-5 7], nexus loss, quarantine. */
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

static void a_function_waits_for_what_is_in_the_store(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint64_t tm = rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, write);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, tm));
    rig_complete(&rig, write);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, tm));
    CU_ASSERT_FALSE(rig.commands[write].completed);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).tasks_free, lq_limits_virtual.tasks);
    rig_fini(&rig);
}

/* D9: two functions wait for one command; each is answered. */
static void two_functions_on_one_command_are_both_answered(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig.tm_answers, 0);
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(rig.tm_answers, 2);
    rig_fini(&rig);
}

static void a_task_that_is_being_aborted_is_not_absent(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, write);
    CU_ASSERT_EQUAL(rig.tm_answers, 0);
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(rig.tm_answers, 2);
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_COMPLETE);
    rig_fini(&rig);
}

static void absent_tasks_and_units_are_told(void)
{
    rig_init(&rig, NULL);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, 12345);
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_TASK_ABSENT);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 7, 0);
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_INCORRECT_LUN);
    rig_tm(&rig, 0, LQ_TM_TASK_REASSIGN, 0, 0);
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_NOT_SUPPORTED);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, theirs); /* another nexus's */
    CU_ASSERT_EQUAL(rig.tm_answer, LQ_TM_TASK_ABSENT);
    rig_complete(&rig, theirs);
    CU_ASSERT_EQUAL(rig.commands[theirs].status, LQ_GOOD);
    rig_fini(&rig);
}

static void abort_task_set_spares_the_others(void)
{
    rig_init(&rig, NULL);
    uint32_t mine = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 2);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_complete(&rig, mine);
    rig_complete(&rig, theirs);
    CU_ASSERT_FALSE(rig.commands[mine].completed);
    CU_ASSERT_EQUAL(rig.commands[theirs].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    rig_fini(&rig);
}

/* CLEAR TASK SET, TST 000b, TAS 0: 2F/00 for others that lost commands, nothing for the rest. */
static void clear_task_set_informs_who_lost_commands(void)
{
    rig_init(&rig, NULL);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 2);
    rig_tm(&rig, 0, LQ_TM_CLEAR_TASK_SET, 0, 0);
    rig_complete(&rig, theirs);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    CU_ASSERT_TRUE(rig.commands[theirs].terminated);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062f00);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0);
    rig_fini(&rig);
}

static void unit_reset_informs_everybody_on_that_unit(void)
{
    rig_init(&rig, NULL);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    for (uint32_t nexus = 0; nexus < RIG_NEXUSES; nexus++) {
        CU_ASSERT_EQUAL(rig_attention(&rig, nexus, 0), 0x062903);
        CU_ASSERT_EQUAL(rig_attention(&rig, nexus, 0), 0);
        CU_ASSERT_EQUAL(rig_attention(&rig, nexus, 1), 0);
    }
    rig_fini(&rig);
}

static void cold_reset_is_a_power_on_and_closes(void)
{
    rig_init(&rig, NULL);
    rig_tm(&rig, 0, LQ_TM_TARGET_COLD_RESET, 0, 0);
    CU_ASSERT_TRUE(rig.closes > 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062901);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 1), 0x062901);
    rig_fini(&rig);
}

static void younger_commands_of_the_nexus_are_spared(void)
{
    rig_init(&rig, NULL);
    uint32_t older = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig.stamp += 5; /* the function was sent before the next command, and is handed over later */
    uint32_t younger = rig_write(&rig, 0, LQ_SIMPLE, 64, 8, 2);
    rig.stamp -= 4;
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_complete(&rig, older);
    rig_complete(&rig, younger);
    CU_ASSERT_FALSE(rig.commands[older].completed);
    CU_ASSERT_TRUE(rig.commands[younger].completed);
    rig_fini(&rig);
}

/* D1: a write still waiting for Data-Out is aborted at once; the issuing nexus's open window is
 * waited for [RFC 7143 4.2.3.3], but not without bound. */
static void open_windows_of_the_issuer_are_waited_for(void)
{
    rig_init(&rig, NULL);
    rig.keep_windows = true;
    uint32_t write = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    CU_ASSERT_EQUAL(rig.tm_answers, 0);
    lq_engine_data_terminated(rig.engine, rig.commands[write].task);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    uint32_t never = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK_SET, 0, 0);
    rig_wait(&rig, 1000 * RIG_MS);
    CU_ASSERT_EQUAL(rig.tm_answers, 2);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, never));
    lq_engine_data_terminated(rig.engine, rig.commands[never].task);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).tasks_free, lq_limits_virtual.tasks);
    rig_fini(&rig);
}

static void single_aborts_wait_for_no_window(void)
{
    rig_init(&rig, NULL);
    rig.keep_windows = true;
    uint32_t write = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 8);
    rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, write);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    rig_fini(&rig);
}

/* --- quarantine ------------------------------------------------------------------------------ */

static void a_hung_store_does_not_hang_a_function(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 3, 2, 1);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_wait(&rig, 999 * RIG_MS);
    CU_ASSERT_EQUAL(rig.tm_answers, 0);
    rig_wait(&rig, 1 * RIG_MS);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 1);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903);
    /* its extent is rounded out to the granule of 8 blocks: 0..7 is held, 8 is free */
    uint32_t held = rig_read(&rig, 1, LQ_SIMPLE, 7, 1);
    uint32_t free = rig_read(&rig, 1, LQ_SIMPLE, 8, 8);
    uint32_t held_write = rig_write(&rig, 1, LQ_SIMPLE, 0, 1, 9);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, held));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, held_write));
    CU_ASSERT_TRUE(rig_is_submitted(&rig, free));
    /* SYNCHRONIZE CACHE speaks of writes that have ended: not held */
    const uint8_t sync[10] = {0x35};
    uint32_t flush = rig_send(&rig, 1, 0, LQ_SIMPLE, sync, 10, 0, 0, 0, 0);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, flush));
    rig_complete(&rig, write);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, held));
    CU_ASSERT_TRUE(rig_is_submitted(&rig, held_write));
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 0);
    rig_fini(&rig);
}

static void held_commands_end_busy_without_effect(void)
{
    rig_init(&rig, NULL);
    uint32_t orphan = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    CU_ASSERT_EQUAL(rig.nexus_ends, 1); /* at once: login quarantine is 0 */
    uint32_t held = rig_write(&rig, 1, LQ_SIMPLE, 4, 8, 2);
    rig_wait(&rig, 1999 * RIG_MS);
    CU_ASSERT_FALSE(rig.commands[held].completed);
    rig_wait(&rig, 1 * RIG_MS);
    CU_ASSERT_TRUE(rig.commands[held].completed);
    CU_ASSERT_EQUAL(rig.commands[held].status, LQ_BUSY);
    rig_complete(&rig, orphan);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, held));
    rig_fini(&rig);
}

static void held_commands_are_aborted_at_once(void)
{
    rig_init(&rig, NULL);
    rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_lose(&rig, 0, LQ_TRIGGER_REINSTATEMENT);
    uint32_t held = rig_write(&rig, 1, LQ_SIMPLE, 4, 8, 2);
    rig_tm(&rig, 1, LQ_TM_ABORT_TASK, 0, held);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).held, 0);
    /* a later reset neither affects the orphan nor waits for it */
    rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig.tm_answers, 2);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 1);
    rig_fini(&rig);
}

static void an_unfenced_store_is_waited_for(void)
{
    rig_init(&rig, NULL);
    rig.stores[0].store.cannot_fence = true;
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_lose(&rig, 0, LQ_TRIGGER_REINSTATEMENT);
    rig_wait(&rig, 100000 * RIG_MS);
    CU_ASSERT_EQUAL(rig.nexus_ends, 0);
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(rig.nexus_ends, 1);
    rig_fini(&rig);
}

static void late_and_repeated_completions_are_ignored(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_complete(&rig, write);
    lq_engine_store_done(rig.engine, rig.commands[write].task, LQ_BLOCK_OK);
    lq_engine_store_done(rig.engine, (lq_handle){1U << 30, 1}, LQ_BLOCK_OK);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).stale_completions, 2);
    rig_fini(&rig);
}

/* --- nexus loss ------------------------------------------------------------------------------ */

static void who_comes_back_is_told(void)
{
    rig_init(&rig, NULL);
    rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    rig_return(&rig, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062907);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0x062907);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* the others are not concerned */
    rig_fini(&rig);
}

static void logout_waits_for_the_store(void)
{
    rig_init(&rig, NULL);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_lose(&rig, 0, LQ_TRIGGER_LOGOUT);
    CU_ASSERT_EQUAL(rig.nexus_ends, 0);
    CU_ASSERT_TRUE(rig.commands[write].terminated);
    rig_complete(&rig, write);
    CU_ASSERT_EQUAL(rig.nexus_ends, 1);
    CU_ASSERT_EQUAL(rig.nexus_end_cookie, 0);
    rig_fini(&rig);
}

static void functions_of_a_lost_nexus_are_not_answered(void)
{
    rig_init(&rig, NULL);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    rig_complete(&rig, theirs);
    CU_ASSERT_EQUAL(rig.tm_answers, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903); /* done all the same */
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).aborts_free, lq_limits_virtual.aborts);
    rig_fini(&rig);
}

static void a_function_in_progress_keeps_its_nexus(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.nexuses = RIG_NEXUSES;
    rig_init(&rig, &config);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    CU_ASSERT_TRUE(lq_handle_is_none(rig_establish(&rig, 9))); /* its slot is not free yet */
    rig_complete(&rig, theirs);
    CU_ASSERT_FALSE(lq_handle_is_none(rig_establish(&rig, 9)));
    rig_fini(&rig);
}

static void a_new_nexus_inherits_nothing_from_its_slot(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.nexuses = RIG_NEXUSES;
    rig_init(&rig, &config);
    rig_write_waiting(&rig, 1, LQ_SIMPLE, 0, 8);
    uint32_t slow = rig_write(&rig, 2, LQ_SIMPLE, 64, 8, 1);
    rig_tm(&rig, 0, LQ_TM_CLEAR_TASK_SET, 0, 0);
    rig_lose(&rig, 1, LQ_TRIGGER_NEXUS_LOSS);
    rig.nexuses[1] = rig_establish(&rig, 9); /* another name in the same slot */
    rig_complete(&rig, slow);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0x062f00);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062900);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* no command of its own was cleared */
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a function waits for what is in the store", a_function_waits_for_what_is_in_the_store},
        {"two functions on one command", two_functions_on_one_command_are_both_answered},
        {"a task that is being aborted", a_task_that_is_being_aborted_is_not_absent},
        {"absent tasks and units are told", absent_tasks_and_units_are_told},
        {"ABORT TASK SET spares the others", abort_task_set_spares_the_others},
        {"CLEAR TASK SET informs", clear_task_set_informs_who_lost_commands},
        {"LOGICAL UNIT RESET informs everybody", unit_reset_informs_everybody_on_that_unit},
        {"COLD RESET is a power on", cold_reset_is_a_power_on_and_closes},
        {"younger commands are spared", younger_commands_of_the_nexus_are_spared},
        {"open windows of the issuer", open_windows_of_the_issuer_are_waited_for},
        {"single aborts wait for no window", single_aborts_wait_for_no_window},
        {"a hung store does not hang a function", a_hung_store_does_not_hang_a_function},
        {"held commands end BUSY", held_commands_end_busy_without_effect},
        {"held commands are aborted at once", held_commands_are_aborted_at_once},
        {"an unfenced store is waited for", an_unfenced_store_is_waited_for},
        {"late completions are ignored", late_and_repeated_completions_are_ignored},
        {"who comes back is told", who_comes_back_is_told},
        {"logout waits for the store", logout_waits_for_the_store},
        {"functions of a lost nexus", functions_of_a_lost_nexus_are_not_answered},
        {"a function in progress keeps its nexus", a_function_in_progress_keeps_its_nexus},
        {"a new nexus inherits nothing", a_new_nexus_inherits_nothing_from_its_slot},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"abort mechanism", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
