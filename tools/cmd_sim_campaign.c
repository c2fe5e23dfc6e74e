/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the pool runs the seeds of this shard that the database does not have yet; each result is
 * added to the sum and handed to the database. The summary is made from the sum alone, so it is the
 * same for a campaign that ran at once, went on after a stop, or was put together from shards.
 */
#include "tools/cmd_sim_campaign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/campaign_progress.h"
#include "tools/cmd_sim_report.h"
#include "tools/exit_codes.h"
#include "tools/message.h"

enum {
    TWICE_EVERY = 50,   /* seeds that are run twice anyway */
    REQUIRE_FROM = 500, /* seeds from which on a total of 0 fails */
    FAILURES_TO_STOP = 20,
    FINGERPRINTS_MAX = 10 * 1000 * 1000,
    FLUSH_TICKS = 2
};

struct fingerprint {
    uint64_t seed, value;
};

struct state {
    const struct lq_campaign *campaign;
    struct lq_campaign_store *store; /* NULL: none */
    struct lq_progress progress;
    struct lq_campaign_sum sum;
    uint64_t next_seed;
    bool has_no_next, store_failed;
    uint32_t ticks;
    struct fingerprint *fingerprints;
    size_t fingerprint_count;
};

/* --- for the pool --------------------------------------------------------------------------- */

static bool next(void *context, uint64_t *seed)
{
    struct state *state = context;
    const struct lq_campaign *campaign = state->campaign;
    uint64_t last = campaign->identity.last_seed, step = campaign->identity.shards;
    while (!state->has_no_next) {
        *seed = state->next_seed;
        state->has_no_next = last - *seed < step;
        state->next_seed += step;
        if (state->store == NULL || !campaign->store->has(state->store, *seed))
            return true;
    }
    return false;
}

/* Enough is known: a wrong is convicted, or too much fails. */
static bool is_enough(const struct state *state)
{
    const struct lq_campaign_sum *sum = &state->sum;
    if (state->campaign->settings.wrong.row != NULL)
        return sum->verdicts[LQ_SIM_VIOLATED] > 0;
    return state->store == NULL && sum->done - sum->verdicts[LQ_SIM_CLEAN] >= FAILURES_TO_STOP;
}

static bool take(void *context, const struct lq_seed_result *result)
{
    struct state *state = context;
    lq_campaign_sum_add(&state->sum, result);
    if (state->fingerprints != NULL && result->end == LQ_SEED_RAN)
        state->fingerprints[state->fingerprint_count++] =
            (struct fingerprint){result->seed, result->fingerprint};
    if (state->store != NULL && !state->campaign->store->put(state->store, result))
        state->store_failed = true;
    return !state->store_failed && !is_enough(state);
}

static void tick(void *context)
{
    struct state *state = context;
    lq_progress_show(&state->progress, &state->sum);
    if (state->store != NULL && ++state->ticks % FLUSH_TICKS == 0)
        state->store_failed |= !state->campaign->store->flush(state->store);
}

/* --- the summary ---------------------------------------------------------------------------- */

static int by_seed(const void *a, const void *b)
{
    const struct fingerprint *left = a, *right = b;
    return left->seed < right->seed ? -1 : left->seed > right->seed;
}

static void print_fingerprints(struct state *state)
{
    qsort(state->fingerprints, state->fingerprint_count, sizeof state->fingerprints[0], by_seed);
    for (size_t i = 0; i < state->fingerprint_count; i++)
        printf("seed %" PRIu64 " fingerprint %016" PRIx64 "\n", state->fingerprints[i].seed,
               state->fingerprints[i].value);
}

static void print_failures(struct state *state)
{
    for (uint32_t i = 0; i < state->sum.failure_count; i++) {
        bool is_of_interest = state->campaign->settings.wrong.row == NULL || i == 0;
        if (is_of_interest)
            printf("%s\n", state->sum.failures[i].text);
        free(state->sum.failures[i].text);
    }
}

/* With a wrong: 1 when its own property convicts it. */
static int conclude_wrong(const struct state *state)
{
    const struct lq_wrong *row = state->campaign->settings.wrong.row;
    const struct lq_campaign_sum *sum = &state->sum;
    printf("%s: %s by %s after %" PRIu64 " seeds (%" PRIu64 " clean, %" PRIu64
           " violated elsewhere)\n", row->name,
           sum->verdicts[LQ_SIM_VIOLATED] > 0 ? "convicted" : "NOT convicted", row->property,
           sum->done, sum->verdicts[LQ_SIM_CLEAN], sum->verdicts[LQ_SIM_ELSEWHERE]);
    if (sum->verdicts[LQ_SIM_UNSTEADY] > 0)
        return LQ_EXIT_NONDETERMINISM;
    return sum->verdicts[LQ_SIM_VIOLATED] > 0 ? LQ_EXIT_VIOLATED : LQ_EXIT_PASS;
}

/* A property that no run put to the test proves nothing. Returns how many there are of those that
 * the campaign's transport can put to the test. */
static uint32_t report_unexercised(const struct state *state)
{
    uint32_t count = 0;
    bool is_fcp = state->campaign->settings.transport == LQ_OVER_FCP;
    for (uint32_t i = 0; i < lq_property_count; i++) {
        const char *transport = lq_property_transport(i);
        bool is_of_other = transport != NULL && (strcmp(transport, "fcp") == 0) != is_fcp;
        if (state->sum.properties.exercised[i] != 0 || is_of_other)
            continue;
        printf("never put to the test: %s %s\n", lq_property_table[i].id,
               lq_property_table[i].slug);
        count++;
    }
    return count;
}

/* Seeds that this campaign, or this shard of it, is to run. */
static uint64_t seeds_of(const struct lq_campaign_identity *identity)
{
    uint64_t span = identity->last_seed - identity->first_seed;
    if (identity->shard == 0)
        return span + 1;
    return span < identity->shard - 1 ? 0 : (span - (identity->shard - 1)) / identity->shards + 1;
}

static void tell_of_stop(const struct state *state, uint64_t seeds)
{
    uint64_t done = state->sum.done;
    if (done >= seeds)
        return;
    printf("stopped early: %" PRIu64 " of %" PRIu64 " seeds are still to be run", seeds - done,
           seeds);
    if (is_enough(state))
        printf("; %d that fail are enough, unless a campaign is kept with --campaign",
               FAILURES_TO_STOP);
    printf("\n");
}

static int conclude(const struct state *state, uint32_t missing)
{
    const struct lq_campaign_sum *sum = &state->sum;
    uint64_t seeds = seeds_of(&state->campaign->identity);
    uint64_t violated = sum->verdicts[LQ_SIM_VIOLATED] + sum->verdicts[LQ_SIM_ELSEWHERE] +
                        sum->verdicts[LQ_SIM_CAUGHT] + sum->verdicts[LQ_SIM_STUCK];
    printf("%" PRIu64 " seeds, %" PRIu64 " commands, %" PRIu64 " virtual seconds: %" PRIu64
           " clean, %" PRIu64 " violated, %" PRIu64 " with too few commands, %" PRIu64
           " unsteady\n", sum->done, sum->commands, sum->virtual_ns / 1000000000,
           sum->verdicts[LQ_SIM_CLEAN], violated, sum->too_few, sum->verdicts[LQ_SIM_UNSTEADY]);
    if (sum->lost > 0)
        printf("%" PRIu64 " seeds crashed or hung\n", sum->lost);
    if (missing > 0 && seeds < REQUIRE_FROM)
        printf("%" PRIu32 " required totals are 0; from %d seeds on that fails\n", missing,
               REQUIRE_FROM);
    tell_of_stop(state, seeds);
    if (sum->verdicts[LQ_SIM_UNSTEADY] > 0)
        return LQ_EXIT_NONDETERMINISM;
    bool lacks = missing > 0 && seeds >= REQUIRE_FROM;
    if (violated > 0 || sum->too_few > 0 || lacks)
        return LQ_EXIT_VIOLATED;
    return sum->done >= seeds ? LQ_EXIT_PASS : LQ_EXIT_STOPPED;
}

/* The properties, and all seeds as one case. */
static int write_verdicts(const struct state *state, int code)
{
    const struct lq_campaign *campaign = state->campaign;
    const struct lq_campaign_sum *sum = &state->sum;
    char name[60], first[40] = "", failure[200];
    snprintf(name, sizeof name, "seeds %" PRIu64 "..%" PRIu64, campaign->identity.first_seed,
             campaign->identity.last_seed);
    if (sum->failure_count > 0)
        snprintf(first, sizeof first, "; seed %" PRIu64 " failed", sum->failures[0].seed);
    snprintf(failure, sizeof failure, "exit code %d: of %" PRIu64 " seeds %" PRIu64 " ran, %" PRIu64
             " of them clean%s", code, seeds_of(&campaign->identity), sum->done,
             sum->verdicts[LQ_SIM_CLEAN], first);
    struct lq_verdict_case one = {name, code == LQ_EXIT_PASS ? NULL : failure};
    return lq_verdicts_write(&sum->properties, &one, 1, campaign->tap, campaign->junit, code);
}

static int summarise(struct state *state, bool is_whole)
{
    const struct lq_campaign *campaign = state->campaign;
    bool is_wrong = campaign->settings.wrong.row != NULL;
    uint32_t missing = 0;
    if (state->fingerprints != NULL)
        print_fingerprints(state);
    if (!is_wrong && !campaign->print_fingerprints && is_whole) {
        missing = report_unexercised(state);
        missing += lq_report_counts(stdout, &state->sum.counts);
    }
    print_failures(state);
    if (campaign->bench)
        lq_report_bench(stdout, RUSAGE_CHILDREN, state->sum.commands,
                        campaign->settings.unjudged);
    int code = is_wrong ? conclude_wrong(state) : conclude(state, missing);
    if (state->sum.lost > 0)
        code = LQ_EXIT_INTERNAL;
    return write_verdicts(state, code);
}

/* --- all ------------------------------------------------------------------------------------ */

static bool want_fingerprints(struct state *state)
{
    const struct lq_campaign_identity *identity = &state->campaign->identity;
    uint64_t span = identity->last_seed - identity->first_seed;
    if (!state->campaign->print_fingerprints)
        return true;
    if (span < FINGERPRINTS_MAX)
        state->fingerprints = calloc((size_t)span + 1, sizeof state->fingerprints[0]);
    if (state->fingerprints == NULL)
        lq_message("sim: too many seeds to print their fingerprints; expected at most %d; ask for "
                   "them in parts", FINGERPRINTS_MAX);
    return state->fingerprints != NULL;
}

static bool open_store(struct state *state)
{
    const struct lq_campaign *campaign = state->campaign;
    if (campaign->database == NULL)
        return true;
    state->store = campaign->store->open(campaign->database, &campaign->identity);
    return state->store != NULL && campaign->store->load(state->store, &state->sum);
}

static int run(struct state *state)
{
    const struct lq_campaign *campaign = state->campaign;
    struct lq_seed_pool pool = {.settings = &campaign->settings,
                           .jobs = campaign->jobs,
                           .twice_every = campaign->bench ? 0 : campaign->twice ? 1 : TWICE_EVERY,
                           .seed_bound_ns = campaign->seed_bound_ns,
                           .next = next,
                           .take = take,
                           .tick = tick,
                           .context = state};
    lq_progress_begin(&state->progress, seeds_of(&campaign->identity), state->sum.done);
    enum lq_seed_pool_end end = is_enough(state) ? LQ_SEED_POOL_DONE : lq_seed_pool_run(&pool);
    lq_progress_end(&state->progress, &state->sum);
    if (state->store != NULL && !campaign->store->close(state->store))
        state->store_failed = true;
    if (end == LQ_SEED_POOL_NO_PROCESS || state->store_failed)
        return LQ_EXIT_ENVIRONMENT;
    bool is_whole = state->sum.done >= seeds_of(&campaign->identity);
    int code = summarise(state, is_whole);
    bool has_failed = state->sum.failure_count > 0 && state->sum.lost == 0 &&
                      state->sum.failures[0].seed <= campaign->identity.last_seed;
    if (has_failed && campaign->failed != NULL && end == LQ_SEED_POOL_DONE)
        campaign->failed(campaign->context, state->sum.failures[0].seed);
    return end == LQ_SEED_POOL_INTERRUPTED && code == LQ_EXIT_PASS ? LQ_EXIT_STOPPED : code;
}

int lq_campaign_run(const struct lq_campaign *campaign)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return LQ_EXIT_ENVIRONMENT;
    state->campaign = campaign;
    state->next_seed = campaign->identity.first_seed + campaign->identity.shard - 1;
    state->has_no_next = seeds_of(&campaign->identity) == 0;
    int code = LQ_EXIT_ENVIRONMENT;
    if (!want_fingerprints(state))
        code = LQ_EXIT_USAGE;
    else if (open_store(state))
        code = run(state);
    free(state->fingerprints);
    free(state);
    return code;
}

static bool same_campaign(const struct lq_campaign_identity *a,
                          const struct lq_campaign_identity *b)
{
    return a->first_seed == b->first_seed && a->last_seed == b->last_seed &&
           a->commands == b->commands && strcmp(a->wrong, b->wrong) == 0;
}

/* Puts SHARD into STATE's new database. */
static bool merge_one(struct state *state, const char *shard)
{
    const struct lq_campaign_store_ops *ops = state->campaign->store;
    struct lq_campaign_identity identity;
    struct lq_campaign_store *store = ops->open_to_read(shard, &identity);
    if (store == NULL)
        return false;
    bool is_same = same_campaign(&state->campaign->identity, &identity);
    (void)ops->close(store);
    if (is_same)
        return ops->merge(state->store, shard);
    lq_message("%s: is of another campaign than the first file; expected the same seeds, commands "
               "and wrong; merge each campaign alone", shard);
    return false;
}

static bool merge_all(struct state *state, const char *into, char **shards, uint32_t count)
{
    const struct lq_campaign_store_ops *ops = state->campaign->store;
    state->store = ops->open(into, &state->campaign->identity);
    if (state->store == NULL)
        return false;
    bool is_good = true;
    for (uint32_t i = 0; i < count && is_good; i++)
        is_good = merge_one(state, shards[i]);
    is_good = is_good && ops->load(state->store, &state->sum);
    is_good = ops->close(state->store) && is_good;
    if (!is_good)
        (void)unlink(into); /* half a campaign would look like a whole one */
    return is_good;
}

int lq_campaign_merge(const struct lq_campaign *campaign, const char *into, char **files,
                      uint32_t count)
{
    const struct lq_campaign_store_ops *ops = campaign->store;
    struct lq_campaign_identity first = {.shard = 0};
    if (access(into, F_OK) == 0) {
        lq_message("%s: is there already; expected the name of a new database; choose another one",
                   into);
        return LQ_EXIT_ENVIRONMENT;
    }
    struct lq_campaign_store *reader = ops->open_to_read(files[0], &first);
    if (reader == NULL)
        return LQ_EXIT_ENVIRONMENT;
    struct lq_campaign merged = *campaign;
    merged.identity = first;
    merged.identity.shard = 0;
    merged.identity.shards = 1;
    int code = LQ_EXIT_ENVIRONMENT;
    struct state *state = calloc(1, sizeof *state);
    if (state != NULL) {
        state->campaign = &merged;
        if (merge_all(state, into, files, count))
            code = summarise(state, state->sum.done >= seeds_of(&merged.identity));
    }
    (void)ops->close(reader);
    free(state);
    return code;
}
