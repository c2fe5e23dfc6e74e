/* SPDX-License-Identifier: Apache-2.0 */
/* A small world, larger than can be exhausted, whose every step is from the bytes. */
#include <string.h>

#include "core/base/assert.h"
#include "sim/shard/shard.h"
#include "sim/virtual/explore.h"
#include "tools/fuzz/fuzz.h"

static const char text[] =
    "scenario \"steps from bytes\"\n"
    "limits { quarantine after 1s; login quarantine after 2s; busy after 5s }\n"
    "target t { lun 0 disk 64KiB }\n"
    "initiator a -> t\n"
    "initiator b -> t { iscsi { immediate-data no } }\n"
    "at 0\n a login; b login\n a test-unit-ready; b test-unit-ready\n"
    "at +1s\n"
    " fault disk.medium-error odds 1 in 2 as scratch\n"
    " explore\n"
    " a write lba 0 blocks 2 as w1\n a write lba 1 blocks 2 ordered as w2\n a abort w1 as x1\n"
    " a read lba 0 blocks 3 as r1\n a relogin\n a read lba 0 blocks 3 as r2\n"
    " b write lba 0 blocks 1 as w3\n b lun-reset lun 0 as x2\n b read lba 0 blocks 3 as r3\n"
    " b clear-task-set lun 0 as x3\n b write lba 2 blocks 1 head-of-queue as w4\n b logout\n";

static struct lq_scenario scenario;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lq_choice_bytes bytes;
    struct lq_history_sink sinks[] = {lq_fuzz_begin()};
    struct lq_run_result result;
    struct lq_scn_problem problem;
    if (scenario.statement_count == 0)
        LQ_ASSERT(lq_scenario_parse(&scenario, lq_shard_pdus, LQ_SCN_OVER_ISCSI, text,
                                    sizeof text - 1, &problem));
    lq_choice_bytes_init(&bytes, data, size);
    struct lq_run_request request = {
        .scenario = &scenario, .seed = 1, .sinks = sinks, .sink_count = 1, .explores = true};
    LQ_ASSERT(lq_world_explore(lq_fuzz_world(), &request, &bytes.choice));
    for (uint32_t steps = 0; lq_world_step(lq_fuzz_world()); steps++)
        LQ_ASSERT(steps < 10000);
    lq_world_explored(lq_fuzz_world(), &result);
    lq_fuzz_end(&result);
    return 0;
}
