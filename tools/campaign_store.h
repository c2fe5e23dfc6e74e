/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a campaign is kept: the sum of what its seeds said, and the table of operations of a store.
 *
 * What this is not: SQLite (campaign_sqlite.c, which lunquake has and lunquake-sim does not).
 */
#ifndef LQ_TOOLS_CAMPAIGN_STORE_H
#define LQ_TOOLS_CAMPAIGN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sim_pool.h"

enum { LQ_CAMPAIGN_FAILURES = 5 };

enum { LQ_SIM_VERDICTS = LQ_SIM_UNSTEADY + 1 };

/* A failure's text; of the lowest seeds that failed. */
struct lq_campaign_failure {
    uint64_t seed;
    char *text; /* malloc's */
};

/* All seeds so far, added up. */
struct lq_campaign_sum {
    uint64_t done, commands, virtual_ns, too_few;
    uint64_t verdicts[LQ_SIM_VERDICTS];
    uint64_t lost; /* crashed or hung */
    struct lq_counts counts;
    struct lq_verdicts properties;
    struct lq_campaign_failure failures[LQ_CAMPAIGN_FAILURES];
    uint32_t failure_count;
};

/* Adds what came of a seed. */
void lq_campaign_sum_add(struct lq_campaign_sum *sum, const struct lq_seed_result *result);

/* Keeps a copy of TEXT when SEED is among the lowest. */
void lq_campaign_keep_failure(struct lq_campaign_sum *sum, uint64_t seed, const char *text);

/* What two runs must have in common to be one campaign. */
struct lq_campaign_identity {
    uint64_t first_seed, last_seed; /* of the whole campaign */
    uint64_t commands;              /* a seed's */
    const char *wrong;              /* "" for none */
    uint32_t shard, shards;         /* 1..shards; of a merged campaign 0 */
};

struct lq_campaign_store;

/* Each function that fails says so to the user and returns false or NULL. */
struct lq_campaign_store_ops {
    /* Opens or creates PATH for IDENTITY, alone. Refuses what another program version or another
     * campaign has begun. */
    struct lq_campaign_store *(*open)(const char *path,
                                      const struct lq_campaign_identity *identity);
    /* The same to read one: says what it is in IDENTITY, whose texts live as long as the store. */
    struct lq_campaign_store *(*open_to_read)(const char *path,
                                              struct lq_campaign_identity *identity);
    /* What it holds. */
    bool (*load)(struct lq_campaign_store *store, struct lq_campaign_sum *sum);
    /* True when SEED is in it. */
    bool (*has)(struct lq_campaign_store *store, uint64_t seed);
    /* Takes RESULT; it is durable after the next flush. */
    bool (*put)(struct lq_campaign_store *store, const struct lq_seed_result *result);
    /* Seeds and sums become durable together: whoever goes on later counts nothing twice. */
    bool (*flush)(struct lq_campaign_store *store);
    /* Takes all that FROM holds; refuses a seed that is there already. */
    bool (*merge)(struct lq_campaign_store *store, const char *from);
    /* Flushes and closes. */
    bool (*close)(struct lq_campaign_store *store);
};

extern const struct lq_campaign_store_ops lq_campaign_sqlite;

/* "clean", "violated", ...; of a seed without a verdict "crashed" or "hung". */
const char *lq_seed_verdict_name(const struct lq_seed_result *result);

#endif
