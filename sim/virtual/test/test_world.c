/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs: they complete, repeat exactly, do not depend on what ran before, and initiators and
 * engine call a nexus by the same number. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "sim/stage/test/support.h"
#include "sim/virtual/totals.h"
#include "sim/virtual/world.h"

static struct lq_run_result run(struct lq_world *world, uint64_t seed, uint64_t commands,
                                const struct lq_history_sink *sink, uint32_t sinks)
{
    struct lq_run_request request = {
        .seed = seed, .commands = commands, .sinks = sink, .sink_count = sinks};
    struct lq_run_result result;
    lq_world_run(world, &request, &result);
    return result;
}

static void test_runs_complete_and_repeat(void)
{
    struct lq_world *one = lq_world_make(test_allocator);
    struct lq_world *other = lq_world_make(test_allocator);
    uint64_t former = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct lq_run_result first = run(one, seed, 200, NULL, 0);
        struct lq_run_result second = run(other, seed, 200, NULL, 0);
        CU_ASSERT(first.end == LQ_RUN_COMPLETE);
        CU_ASSERT(first.commands_ended >= 200 && first.nexuses_ended >= 2);
        CU_ASSERT(first.fingerprint == second.fingerprint);
        CU_ASSERT(first.time_ns == second.time_ns && first.events == second.events);
        CU_ASSERT(first.fingerprint != former);
        former = first.fingerprint;
        (void)run(other, 1000 + seed, 50, NULL, 0); /* what ran before must not matter */
    }
    lq_world_free(one);
    lq_world_free(other);
}

static bool stop_soon(void *context)
{
    uint64_t *left = context;
    return --*left == 0;
}

/* A run that is stopped anywhere leaves nothing behind. */
static void test_stopped_runs_leave_nothing(void)
{
    struct lq_world *fresh = lq_world_make(test_allocator);
    struct lq_world *used = lq_world_make(test_allocator);
    for (uint64_t seed = 20; seed < 40; seed++) {
        uint64_t left = 50 * (seed - 19);
        struct lq_run_request request = {
            .seed = seed + 500, .commands = 1000, .should_stop = stop_soon, .stop_context = &left};
        struct lq_run_result result;
        lq_world_run(used, &request, &result);
        CU_ASSERT(result.end == LQ_RUN_STOPPED);
        uint64_t expected = run(fresh, seed, 60, NULL, 0).fingerprint;
        CU_ASSERT(run(used, seed, 60, NULL, 0).fingerprint == expected);
    }
    lq_world_free(fresh);
    lq_world_free(used);
}

enum { NEXUSES = 64 };

struct names {
    uint64_t established[NEXUSES];
    uint32_t count;
    uint32_t logins;
};

static void see_names(void *context, const struct lq_event *event)
{
    struct names *names = context;
    if (event->kind == LQ_E_NEXUS_ESTABLISHED && names->count < NEXUSES)
        names->established[names->count++] = event->nexus;
    if (event->kind != LQ_I_LOGGED_IN)
        return;
    names->logins++;
    bool is_known = false;
    for (uint32_t i = 0; i < names->count; i++)
        is_known |= names->established[i] == event->nexus;
    CU_ASSERT(is_known);
}

static void test_one_number_per_nexus(void)
{
    struct lq_world *world = lq_world_make(test_allocator);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct names names = {.count = 0};
        struct lq_history_sink sink = {.event = see_names, .context = &names};
        (void)run(world, seed, 50, &sink, 1);
        CU_ASSERT(names.logins >= 2);
    }
    lq_world_free(world);
}

/* Swarm testing: over many seeds each option has each of its values, each fault is armed in about
 * a quarter of the runs, and sequence numbers (generations of handles among them) start near their
 * wrap in about a third. */
static void test_plans_differ(void)
{
    enum { PLANS = 400 };
    uint64_t smallest[LQ_OPTIONS], largest[LQ_OPTIONS];
    uint32_t armed[LQ_FAULTS] = {0}, near_wrap = 0;
    for (uint64_t seed = 1; seed <= PLANS; seed++) {
        struct lq_plan plan;
        struct lq_choice_seeded seeded;
        lq_choice_seeded_init(&seeded, seed);
        lq_plan_make(&plan, &seeded.choice, LQ_OVER_ISCSI, seed, 1000);
        for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
            if (seed == 1 || plan.options[i] < smallest[i])
                smallest[i] = plan.options[i];
            if (seed == 1 || plan.options[i] > largest[i])
                largest[i] = plan.options[i];
        }
        for (uint32_t i = 1; i < LQ_FAULTS; i++)
            armed[i] += plan.odds[i] != 0;
        bool wraps = plan.options[LQ_OPT_NEAR_WRAP] != 0;
        near_wrap += wraps;
        CU_ASSERT(wraps == (plan.shard.engine.first_generation > UINT32_MAX - 4));
        CU_ASSERT(wraps == (plan.shard.iscsi.first_generation > UINT32_MAX - 4));
        CU_ASSERT(wraps == (plan.shard.iscsi.first_tsih > UINT16_MAX - 4));
        CU_ASSERT(wraps == (plan.shard.iscsi.first_stat_sn > UINT32_MAX - 40));
        CU_ASSERT(wraps == (plan.shard.iscsi.first_target_transfer_tag > UINT32_MAX - 40));
        CU_ASSERT(lq_limits_check(&plan.shard.engine.limits) == NULL);
        CU_ASSERT(lq_iscsi_config_check(&plan.shard.iscsi) == NULL);
    }
    for (uint32_t i = 0; i < LQ_OPTIONS; i++)
        CU_ASSERT(smallest[i] < largest[i]);
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        CU_ASSERT(lq_plan_has_fault(LQ_OVER_ISCSI, (enum lq_fault)i)
                      ? armed[i] > PLANS / 16 && armed[i] < PLANS / 2
                      : armed[i] == 0);
    CU_ASSERT(near_wrap > PLANS / 4 && near_wrap < PLANS / 2);
}

static void test_option_text(void)
{
    struct lq_plan plan;
    lq_plan_tame(&plan);
    char text[81];
    plan.options[LQ_OPT_QUARANTINE_AFTER] = LQ_DURATION_NEVER;
    lq_plan_option_text(&plan, LQ_OPT_QUARANTINE_AFTER, text);
    CU_ASSERT_STRING_EQUAL(text, "quarantine-after never");
    plan.options[LQ_OPT_THINK] = 150 * 1000000;
    lq_plan_option_text(&plan, LQ_OPT_THINK, text);
    CU_ASSERT_STRING_EQUAL(text, "think 150ms");
    plan.options[LQ_OPT_HOT_ODDS] = 12;
    lq_plan_option_text(&plan, LQ_OPT_HOT_ODDS, text);
    CU_ASSERT_STRING_EQUAL(text, "hot-odds 12 of 16");
}

static void count_commands(void *context, const struct lq_event *event)
{
    *(uint64_t *)context += event->kind == LQ_I_STATUS;
}

static void test_totals(void)
{
    static struct lq_totals totals;
    struct lq_world *world = lq_world_make(test_allocator);
    uint64_t commands = 0;
    struct lq_history_sink sinks[] = {lq_totals_sink(&totals),
                                      {.event = count_commands, .context = &commands}};
    lq_totals_init(&totals);
    uint64_t faults = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        lq_totals_next_run(&totals);
        struct lq_run_result result = run(world, seed, 300, sinks, 2);
        faults += result.faults[LQ_FAULT_NET_SEGMENT].fired;
    }
    CU_ASSERT(totals.counts.others[LQ_TOTAL_COMMANDS] == commands && commands >= 900);
    CU_ASSERT(totals.counts.faults[LQ_FAULT_NET_SEGMENT] == faults);
    CU_ASSERT(totals.task_count == 0); /* every command's slot was freed */
    struct lq_counts sum = totals.counts;
    lq_counts_add(&sum, &totals.counts);
    uint32_t rows = 0;
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++) {
        struct lq_total_row row, twice;
        if (!lq_total_row(&totals.counts, i, &row))
            continue;
        CU_ASSERT(lq_total_row(&sum, i, &twice) && twice.count == 2 * row.count);
        CU_ASSERT(row.group[0] != '\0' && row.name[0] != '\0');
        rows++;
    }
    /* All but the fault that is none, and protocol errors, which are no row. */
    CU_ASSERT(rows == LQ_TOTAL_COUNTS - 2);
    CU_ASSERT(totals.counts.others[LQ_TOTAL_PROTOCOL_ERRORS] == 0);
    lq_world_free(world);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("world", NULL, NULL);
    CU_add_test(suite, "runs complete and repeat", test_runs_complete_and_repeat);
    CU_add_test(suite, "stopped runs leave nothing", test_stopped_runs_leave_nothing);
    CU_add_test(suite, "one number per nexus", test_one_number_per_nexus);
    CU_add_test(suite, "plans differ", test_plans_differ);
    CU_add_test(suite, "option text", test_option_text);
    CU_add_test(suite, "totals", test_totals);
    return test_run();
}
