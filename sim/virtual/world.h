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
#include "core/env.h"
#include "faults/faults.h"
#include "scenarios/lang/scenario.h"
#include "sim/virtual/plan.h"

struct lq_world;

struct lq_run_request {
    const struct lq_scenario *scenario; /* outlives the run. NULL: what SEED means */
    uint64_t seed;
    uint64_t commands; /* the safety phase ends when so many have got their status */
    struct lq_wrongs wrongs;
    const struct lq_history_sink *sinks; /* at most LQ_HISTORY_SINKS_MAX */
    uint32_t sink_count;
    /* Asked between events: true ends the run at once. NULL: never. */
    bool (*should_stop)(void *context);
    void *stop_context;
};

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
    struct lq_fault_count faults[LQ_FAULTS];
};

/* What a scenario asks for and did not get. */
struct lq_unmet {
    struct lq_scn_place place; /* of the statement */
    char text[LQ_SCN_LINE_MAX + 160]; /* the statement, and what happened instead */
};

/* A world that is used for one run after another; its memory grows as needed and is kept. */
struct lq_world *lq_world_make(struct lq_allocator allocator);
void lq_world_free(struct lq_world *world);

/* One run from start to end. */
void lq_world_run(struct lq_world *world, const struct lq_run_request *request,
                  struct lq_run_result *result);

/* Of the last run, which was a scenario's and was not stopped: in the order of the statements. */
uint32_t lq_world_unmet_count(const struct lq_world *world);
const struct lq_unmet *lq_world_unmet(const struct lq_world *world, uint32_t index);

/* The plan of the present or last run. */
const struct lq_plan *lq_world_plan(const struct lq_world *world);

#endif
