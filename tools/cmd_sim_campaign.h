/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many seeds, spread over processes, and what all of them say together; kept in a database when the
 * campaign has one, so that it can go on later and be put together from shards.
 */
#ifndef LQ_TOOLS_CMD_SIM_CAMPAIGN_H
#define LQ_TOOLS_CMD_SIM_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/campaign_store.h"
#include "tools/cmd_sim_run.h"

struct lq_campaign {
    struct lq_sim_settings settings;
    struct lq_campaign_identity identity; /* seeds first..last, of which this shard runs its own */
    const struct lq_campaign_store_ops *store; /* NULL: this program has none */
    const char *database;    /* file; NULL: nothing is kept */
    uint32_t jobs;           /* processes, at least 1 */
    uint64_t seed_bound_ns;  /* of wall time, for one seed */
    bool print_fingerprints; /* one line a seed, and nothing else on stdout */
    bool twice;              /* every seed twice, not only some */
    bool bench;              /* print commands and processor seconds */
    const char *tap, *junit; /* files for the verdicts, NULL: none */
    /* Told the lowest seed that failed, after the summary; NULL: nobody is. */
    void (*failed)(void *context, uint64_t seed);
    void *context;
};

/* Runs it and prints its summary. Returns the exit code. */
int lq_campaign_run(const struct lq_campaign *campaign);

/* Puts the databases FILES (COUNT shards of one campaign, at least 1) together into the new one
 * INTO, and prints the summary of what they hold. Of CAMPAIGN its store and output files count.
 * Returns the exit code. */
int lq_campaign_merge(const struct lq_campaign *campaign, const char *into, char **files,
                      uint32_t count);

#endif
