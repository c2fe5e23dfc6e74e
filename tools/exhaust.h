/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order of a small world: a depth-first search over the steps of sim/virtual/explore.h, with
 * the judges on, that goes no further from a state whose digest it has met.
 *
 * What this is not: the command (cmd_sim_exhaust.h), which prints. Who uses it: that command.
 *
 * World, judges and history live in one block of memory; a state is a copy of it (snapshot.h).
 */
#ifndef LQ_TOOLS_EXHAUST_H
#define LQ_TOOLS_EXHAUST_H

#include "conformance/judges/judge.h"
#include "scenarios/lang/scenario.h"
#include "sim/virtual/world.h"

enum { LQ_EXHAUST_SCHEDULE_MAX = 4096 }; /* draws of one path */

/* What is wrong with a path, beside the properties: numbers behind them. */
enum lq_exhaust_verdict {
    LQ_EXHAUST_CAUGHT, /* an initiator caught the target in a protocol error */
    LQ_EXHAUST_STUCK,  /* something is outstanding in the end */
    LQ_EXHAUST_UNMET,  /* an expectation of the scenario */
    LQ_EXHAUST_VERDICTS
};

struct lq_exhaust_options {
    const struct lq_scenario *scenario;
    struct lq_wrongs wrongs;
    uint64_t seed; /* of the odds of faults before `explore' */
    bool reduces;  /* states are met once */
    /* Ends the search at the first path with this verdict; UINT32_MAX: looks at all. */
    uint32_t wanted;
    /* Asked after each step: true ends the search. */
    bool (*should_stop)(void *context);
    void *context;
};

/* The shortest path known to a verdict: the answers to its draws. */
struct lq_exhaust_schedule {
    uint32_t count; /* draws; 0: there is none, or it takes no draw */
    uint32_t steps;
    bool is_known;
    uint16_t draws[LQ_EXHAUST_SCHEDULE_MAX];
};

struct lq_exhaust_counts {
    uint64_t states, steps, ends; /* states that nothing follows but heal */
    uint64_t depth;               /* steps of the longest path */
    uint64_t state_bytes;
    double interleavings;         /* paths from the first state to an end */
};

struct lq_exhaust;

struct lq_exhaust *lq_exhaust_make(const struct lq_exhaust_options *options);
void lq_exhaust_free(struct lq_exhaust *exhaust);

enum lq_exhaust_end {
    LQ_EXHAUST_ALL,       /* every path was looked at */
    LQ_EXHAUST_FOUND,     /* the wanted verdict */
    LQ_EXHAUST_STOPPED,   /* should_stop said so */
    LQ_EXHAUST_NEVER_CAME /* to `explore', or not to rest there */
};

enum lq_exhaust_end lq_exhaust_run(struct lq_exhaust *exhaust);

/* Of what was looked at so far. */
const struct lq_exhaust_counts *lq_exhaust_counts(const struct lq_exhaust *exhaust);

/* The schedule to VERDICT: the place of a property, or lq_property_count + enum
 * lq_exhaust_verdict. */
const struct lq_exhaust_schedule *lq_exhaust_schedule(const struct lq_exhaust *exhaust,
                                                      uint32_t verdict);
uint32_t lq_exhaust_verdict_count(void);

/* A path put the property at place PROPERTY to the test. */
bool lq_exhaust_exercised(const struct lq_exhaust *exhaust, uint32_t property);

/*
 * One path alone: answers the draws by SCHEDULE, until it is used up, then ends the run; TOLD hears
 * what each step was. Findings are in lq_exhaust_judge(), what was not met in lq_exhaust_world().
 * False: the world never came to `explore'.
 */
bool lq_exhaust_replay(struct lq_exhaust *exhaust, const struct lq_exhaust_schedule *schedule,
                       const struct lq_history_sink *sinks, uint32_t sink_count,
                       void (*told)(void *context, const char *step), void *context);
const struct lq_judge *lq_exhaust_judge(const struct lq_exhaust *exhaust);
const struct lq_world *lq_exhaust_world(const struct lq_exhaust *exhaust);
const struct lq_run_result *lq_exhaust_result(const struct lq_exhaust *exhaust);

/* Protocol errors that initiators caught. */
uint64_t lq_exhaust_caught(const struct lq_exhaust *exhaust);

#endif
