/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/test/heap_allocator.h"

static struct lq_world *world;
static struct lq_judge *judge;

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

struct lq_world *lq_fuzz_world(void)
{
    if (world == NULL)
        world = lq_world_make(lq_heap_allocator());
    return world;
}

struct lq_judge *lq_fuzz_judge(void)
{
    if (judge == NULL)
        judge = lq_judge_make(lq_heap_allocator());
    return judge;
}

struct lq_history_sink lq_fuzz_begin(void)
{
    lq_judge_reset(lq_fuzz_judge());
    return lq_judge_sink(lq_fuzz_judge());
}

void lq_fuzz_end(const struct lq_run_result *result)
{
    lq_judge_finish(judge);
    const struct lq_finding *finding;
    for (uint32_t i = 0; (finding = lq_judge_finding(judge, i)) != NULL; i++)
        fprintf(stderr, "%s: %s\n", lq_property_table[finding->property].id, finding->text);
    if (result->outstanding != NULL)
        fprintf(stderr, "outstanding: %s\n", result->outstanding);
    LQ_ASSERT(lq_judge_violations(judge) == 0);
    LQ_ASSERT(result->end == LQ_RUN_COMPLETE);
}
