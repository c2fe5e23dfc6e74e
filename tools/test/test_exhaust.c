/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that is saved and restored, and the digests of a whole world with its judges: the same
 * for states that differ in numbers only, another after every step. */
#include "core/base/test/unit.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/judges/judge.h"
#include "core/base/test/heap_allocator.h"
#include "scenarios/lang/scenario.h"
#include "sim/shard/shard.h"
#include "sim/virtual/explore.h"
#include "tools/exhaust.h"
#include "tools/snapshot.h"

/* --- snapshots ------------------------------------------------------------------------------ */

static void is_full(void)
{
    CU_FAIL_FATAL("the memory is full");
}

static void test_restore_brings_everything_back(void)
{
    enum { BLOCK = 20000 };
    struct lq_snapshot_memory *memory = lq_snapshot_make(1 << 20, is_full);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    struct lq_allocator allocator = lq_snapshot_allocator(memory);
    uint8_t *block = allocator.resize(allocator.context, NULL, 0, BLOCK);
    memset(block, 1, BLOCK);
    lq_snapshot_begin(memory);
    struct lq_snapshot first = {0}, second = {0};
    lq_snapshot_save(memory, &first);
    block[0] = 2;
    lq_snapshot_save(memory, &second);
    block[BLOCK - 1] = 3; /* a page that neither knows */
    uint8_t *more = allocator.resize(allocator.context, NULL, 0, 100);
    memset(more, 4, 100);
    lq_snapshot_restore(memory, &second);
    CU_ASSERT_EQUAL(block[0], 2);
    CU_ASSERT_EQUAL(block[BLOCK - 1], 1);
    CU_ASSERT_PTR_EQUAL(allocator.resize(allocator.context, NULL, 0, 100), more);
    lq_snapshot_restore(memory, &first);
    CU_ASSERT_EQUAL(block[0], 1);
    lq_snapshot_restore(memory, &second);
    CU_ASSERT_EQUAL(block[0], 2);
    free(first.pages);
    free(second.pages);
    lq_snapshot_free(memory);
}

/* --- digests -------------------------------------------------------------------------------- */

static const char text[] =
    "scenario \"two\"\n"
    "target t { lun 0 disk 64KiB; lun 1 disk 64KiB }\n"
    "initiator a -> t\n"
    "initiator b -> t\n"
    "at 0\n"
    " a login; b login\n"
    " a test-unit-ready lun 0; b test-unit-ready lun 1\n"
    "at +1s\n"
    " explore\n"
    " a write lun 0 lba 0 blocks 1 as w\n"
    " b read lun 1 lba 0 blocks 1 as r\n";

enum { STEPS_MAX = 32 };

static struct lq_scenario scenario;

/* The digests before each step and at the end of the path that DRAWS takes. */
static uint32_t digests_of(const uint32_t *draws, uint32_t count, uint64_t digests[STEPS_MAX])
{
    struct lq_allocator allocator = lq_heap_allocator();
    struct lq_world *world = lq_world_make(allocator);
    struct lq_judge *judge = lq_judge_make(allocator);
    lq_judge_reset(judge);
    struct lq_history_sink sinks[] = {lq_judge_sink(judge)};
    struct lq_run_request request = {
        .scenario = &scenario, .seed = 1, .sinks = sinks, .sink_count = 1, .explores = true};
    struct lq_choice_enumerator choice;
    lq_choice_enumerator_init(&choice);
    CU_ASSERT_TRUE_FATAL(lq_world_explore(world, &request, &choice.choice));
    uint32_t taken = 0;
    for (;;) {
        struct lq_digest digest;
        lq_world_digest(world, &digest);
        lq_judge_digest(judge, &digest);
        CU_ASSERT_FATAL(taken < STEPS_MAX);
        digests[taken] = digest.hash;
        choice.count = 1;
        choice.digits[0] = taken < count ? draws[taken] : 0;
        lq_choice_enumerator_begin(&choice);
        if (!lq_world_step(world))
            break;
        taken++;
    }
    lq_world_free(world);
    lq_judge_free(judge);
    return taken;
}

static void test_digests(void)
{
    struct lq_scn_problem problem;
    CU_ASSERT_TRUE_FATAL(lq_scenario_parse(&scenario, lq_shard_pdus, LQ_SCN_OVER_ISCSI, text,
                                           sizeof text - 1, &problem));
    /* Both act; then a's command arrives first, or b's: what the engine numbers differs, slots and
     * addresses too, and nothing else. */
    static const uint32_t a_first[] = {0, 0, 0, 0}, b_first[] = {1, 0, 1, 0};
    uint64_t of_a[STEPS_MAX], of_b[STEPS_MAX];
    uint32_t steps = digests_of(a_first, 4, of_a);
    CU_ASSERT_EQUAL(digests_of(b_first, 4, of_b), steps);
    CU_ASSERT_EQUAL(of_a[0], of_b[0]);
    CU_ASSERT_NOT_EQUAL(of_a[1], of_b[1]);
    CU_ASSERT_EQUAL(of_a[2], of_b[2]);
    CU_ASSERT_NOT_EQUAL(of_a[3], of_b[3]);
    CU_ASSERT_EQUAL(of_a[4], of_b[4]);
    CU_ASSERT_EQUAL(of_a[steps], of_b[steps]);
    for (uint32_t i = 0; i <= steps; i++)
        for (uint32_t k = 0; k < i; k++)
            CU_ASSERT_NOT_EQUAL(of_a[i], of_a[k]);
}

int main(void)
{
    CU_TestInfo tests[] = {{"restore brings everything back", test_restore_brings_everything_back},
                           {"digests tell what matters and nothing else", test_digests},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"exhaust", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
