/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage: what the virtual and the live world have in common. Time as a queue of timers, draws,
 * records, faults, disks, initiators and the script that a scenario writes for them.
 *
 * What this is not: a world. A target, a network and what drives time make it one.
 *
 * Who uses it: sim/virtual, sim/live, tools.
 */
#ifndef LQ_SIM_STAGE_STAGE_H
#define LQ_SIM_STAGE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"
#include "core/env.h"
#include "proto/iscsi/crc32c.h"
#include "scenarios/lang/scenario.h"
#include "sim/stage/plan.h"

struct lq_world;

struct lq_run_request {
    const struct lq_scenario *scenario; /* outlives the run. NULL: what SEED means */
    uint64_t seed;     /* a swarm has its own */
    enum lq_transport_kind transport; /* of a seed; a scenario says its own */
    uint64_t commands; /* the safety phase ends when so many have got their status */
    /* Recording (from any `from' but NULL): notes all draws. Replaying: all draws come from it. */
    struct lq_choice_trace *trace;
    struct lq_wrongs wrongs;
    const struct lq_history_sink *sinks; /* at most LQ_HISTORY_SINKS_MAX */
    uint32_t sink_count;
    /* Asked between events: true ends the run at once. NULL: never. */
    bool (*should_stop)(void *context);
    void *stop_context;
    struct lq_choice *choice; /* decides instead of the seed; NULL: none */
    /* For sim/virtual/explore.h: the world is made small, and `explore' means something. */
    bool explores;
    /* A catastrophe (LQ_FAULT_POWER_CUT, _TARGET_CRASH, _DISK_RESET of store 0) comes after this
     * event of the safety phase, from 1. LQ_FAULT_NONE: none. Virtual world only. */
    enum lq_fault strike;
    uint64_t strike_step;
    lq_crc32c_function crc32c; /* of all iSCSI endpoints; NULL: lq_crc32c_table */
};

/* What a scenario asks for and did not get. */
struct lq_unmet {
    struct lq_scn_place place; /* of the statement */
    char text[LQ_SCN_LINE_MAX + 160]; /* the statement, and what happened instead */
};

/* Of the last run, which was a scenario's and was not stopped: in the order of the statements. */
uint32_t lq_world_unmet_count(const struct lq_world *world);
const struct lq_unmet *lq_world_unmet(const struct lq_world *world, uint32_t index);

/* The rules of its faults, by statement, and how often each has struck. */
const struct lq_fault_rule *lq_world_rules(const struct lq_world *world);

/* The plan of the present or last run. */
const struct lq_plan *lq_world_plan(const struct lq_world *world);

#endif
