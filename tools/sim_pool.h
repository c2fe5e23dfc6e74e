/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that run seeds: the caller says which seed is next and takes what came of each.
 *
 * What this is not: a campaign (cmd_sim_campaign.h), which says what all of it means.
 *
 * No worker is waited for without a bound: when one does not end its seed in time, it is killed;
 * when one crashes, that is noticed. The seed is reported, and another process takes its place. A
 * worker whose memory has grown is replaced, too.
 */
#ifndef LQ_TOOLS_SIM_POOL_H
#define LQ_TOOLS_SIM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/cmd_sim_run.h"

enum lq_seed_end {
    LQ_SEED_RAN,
    LQ_SEED_CRASHED, /* its process ended without a verdict */
    LQ_SEED_HUNG     /* it took longer than the bound */
};

/* What came of one seed; valid during the call that hands it over. */
struct lq_seed_result {
    uint64_t seed;
    enum lq_seed_end end; /* unless LQ_SEED_RAN only seed and text are set */
    enum lq_sim_verdict verdict;
    bool has_too_little; /* the run was complete, and too few commands ended */
    uint64_t fingerprint, commands, virtual_ns;
    const char *text; /* what a failure prints; "" for a clean run */
    struct lq_counts counts;
    struct lq_verdicts verdicts;
};

struct lq_seed_pool {
    const struct lq_sim_settings *settings;
    uint32_t jobs;           /* processes, at least 1 */
    uint32_t twice_every;    /* each so many-th seed is run twice; 0: none */
    uint64_t seed_bound_ns;  /* of wall time, for one seed */
    /* The next seed; false: there is none. */
    bool (*next)(void *context, uint64_t *seed);
    /* False: enough is known, the pool ends. */
    bool (*take)(void *context, const struct lq_seed_result *result);
    /* About ten times a second, for progress. */
    void (*tick)(void *context);
    void *context;
};

enum lq_seed_pool_end {
    LQ_SEED_POOL_DONE,        /* all seeds, or take() said that enough is known */
    LQ_SEED_POOL_INTERRUPTED, /* SIGINT or SIGTERM */
    LQ_SEED_POOL_NO_PROCESS   /* none can be started; that has been said */
};

/* Runs until there are no more seeds. Results come in no particular order. */
enum lq_seed_pool_end lq_seed_pool_run(const struct lq_seed_pool *pool);

#endif
