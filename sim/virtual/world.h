/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual world: one shard, its disks, its network and its initiators, driven by one seed
 * through the phases safety, heal, liveness and end.
 *
 * What this is not: a judge. Who wants to judge, log or capture attaches sinks to the history.
 *
 * Who uses it: tools (sim), tests.
 */
#ifndef LQ_SIM_VIRTUAL_WORLD_H
#define LQ_SIM_VIRTUAL_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/history.h"
#include "faults/faults.h"
#include "sim/stage/stage.h"

enum lq_run_end {
    LQ_RUN_COMPLETE = 1,
    LQ_RUN_STOPPED,   /* should_stop said so */
    LQ_RUN_DEADLOCK,  /* the event queue is empty and something is outstanding */
    LQ_RUN_LATE       /* something is outstanding after the liveness bound */
};

struct lq_run_result {
    enum lq_run_end end;
    const char *outstanding; /* what is outstanding, one phrase; NULL with the first two ends */
    uint64_t fingerprint;
    uint64_t commands_ended; /* statuses that initiators received */
    uint32_t nexuses_ended;  /* initiators that received any */
    uint64_t time_ns;        /* virtual */
    uint64_t timers_fired, events, tap_bytes;
    uint64_t arena_bytes;
    uint64_t steps; /* events of the safety phase */
    struct lq_fault_count faults[LQ_FAULTS];
};

/* A world that is used for one run after another; its memory grows as needed and is kept. */
struct lq_world *lq_world_make(struct lq_allocator allocator);
void lq_world_free(struct lq_world *world);

/* One run from start to end. */
void lq_world_run(struct lq_world *world, const struct lq_run_request *request,
                  struct lq_run_result *result);

#endif
