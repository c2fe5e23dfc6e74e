/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a seed becomes a swarm, the swarm a smaller one, its run a timeline, the timeline a
 * shorter one. Each candidate is run and must fail as the first run did: by the same verdict and
 * the same property. Where no timeline fails so, the swarm is what is left.
 */
#include "tools/cmd_sim_shrink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/shard/shard.h"
#include "sim/stage/swarm.h"
#include "tools/lines.h"
#include "tools/message.h"
#include "tools/retell.h"
#include "tools/shrink.h"
#include "tools/shrink_swarm.h"
#include "tools/version.h"

enum { TEXT_MAX = 256 * 1024, PATH_SIZE = 4096 };

struct shrinker {
    const struct lq_options *options;
    const struct lq_sim_settings *settings;
    struct lq_sim *sim;
    uint64_t seed; /* of a scenario: for the odds of its faults */
    enum lq_sim_verdict verdict;
    uint32_t property; /* LQ_NO_PROPERTY: the verdict alone counts */
    struct lq_inventory *inventory;
    struct lq_retelling *retelling;
    struct lq_scenario *swarm, *parsed;
    struct lq_lines *lines;
    char *text;          /* in the end the file's */
    uint32_t line_count; /* of it */
    struct timespec begin;
    double until_s;
    uint64_t runs;
    bool is_late; /* the time is spent */
};

bool lq_shrink_is_wanted(const struct lq_options *options, const struct lq_sim_settings *settings)
{
    if (options->no_shrink)
        return false;
    return (settings->wrong.row == NULL && settings->personality == NULL) || options->shrink_given;
}

/* --- candidates ----------------------------------------------------------------------------- */

static double seconds_of(const struct shrinker *shrinker)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - shrinker->begin.tv_sec) +
           (double)(now.tv_nsec - shrinker->begin.tv_nsec) / 1e9;
}

static bool is_same_failure(const struct shrinker *shrinker, enum lq_sim_verdict verdict)
{
    if (verdict != shrinker->verdict)
        return false;
    return shrinker->property == LQ_NO_PROPERTY ||
           lq_judge_violations_of(lq_sim_judge(shrinker->sim), shrinker->property) > 0;
}

static bool fails(void *context, const struct lq_scenario *scenario)
{
    struct shrinker *shrinker = context;
    shrinker->is_late |= seconds_of(shrinker) > shrinker->until_s;
    if (shrinker->is_late)
        return false;
    shrinker->runs++;
    lq_inventory_reset(shrinker->inventory);
    enum lq_sim_verdict verdict =
        lq_sim_run_scenario(shrinker->sim, scenario, "shrunk.scn", shrinker->seed, false);
    return is_same_failure(shrinker, verdict);
}

static bool parses(struct shrinker *shrinker, const struct lq_lines *lines)
{
    struct lq_scn_problem problem;
    return !lines->overflowed && lq_lines_join(lines, shrinker->text, TEXT_MAX) &&
           lq_scenario_parse(shrinker->parsed, lq_shard_pdus, LQ_SCN_OVER_ISCSI, shrinker->text,
                             strlen(shrinker->text), &problem) &&
           lq_swarm_check(shrinker->parsed, &problem);
}

/* Leaves out what the language cannot say, and what names it. */
static bool make_parse(struct shrinker *shrinker)
{
    struct lq_lines *lines = shrinker->lines;
    struct lq_scn_problem problem;
    while (lq_lines_join(lines, shrinker->text, TEXT_MAX)) {
        if (lq_scenario_parse(shrinker->parsed, lq_shard_pdus, LQ_SCN_OVER_ISCSI, shrinker->text,
                             strlen(shrinker->text), &problem))
            return true;
        if (problem.place.line == 0 || problem.place.line > lines->count)
            return false;
        lq_lines_remove(lines, problem.place.line - 1);
    }
    return false;
}

static bool lines_fail(void *context, const struct lq_lines *lines)
{
    struct shrinker *shrinker = context;
    return parses(shrinker, lines) && fails(shrinker, shrinker->parsed);
}

/* --- the way down --------------------------------------------------------------------------- */

/* Runs SCENARIO, NULL: the seed, once more with everybody listening. */
static void listen(struct shrinker *shrinker, const struct lq_scenario *scenario)
{
    const struct lq_history_sink sinks[] = {lq_inventory_sink(shrinker->inventory),
                                            lq_retelling_sink(shrinker->retelling)};
    lq_sim_watch(shrinker->sim, sinks, 2);
    lq_inventory_reset(shrinker->inventory);
    lq_retelling_reset(shrinker->retelling);
    if (scenario == NULL)
        shrinker->verdict = lq_sim_run(shrinker->sim, shrinker->seed, false);
    else
        shrinker->verdict =
            lq_sim_run_scenario(shrinker->sim, scenario, "shrunk.scn", shrinker->seed, false);
    lq_sim_watch(shrinker->sim, sinks, 1);
}

static void name_property(struct shrinker *shrinker)
{
    const struct lq_finding *finding = lq_judge_finding(lq_sim_judge(shrinker->sim), 0);
    shrinker->property = LQ_NO_PROPERTY;
    if (shrinker->verdict == LQ_SIM_VIOLATED && shrinker->settings->wrong.row != NULL)
        shrinker->property = shrinker->settings->wrong.property;
    else if (shrinker->verdict == LQ_SIM_VIOLATED && finding != NULL)
        shrinker->property = finding->property;
}

static const char *property_text(const struct shrinker *shrinker)
{
    return shrinker->property == LQ_NO_PROPERTY ? lq_sim_verdict_word(shrinker->verdict)
                                                : lq_property_table[shrinker->property].slug;
}

/* Tells SCENARIO's run as a timeline that fails; false: none does. */
static bool retell(struct shrinker *shrinker, const struct lq_scenario *scenario)
{
    char title[LQ_SCN_TITLE_MAX + 1];
    snprintf(title, sizeof title, "seed %" PRIu64 ", shrunk: %s", scenario->swarm.seed,
             property_text(shrinker));
    for (uint32_t style = 0; style < LQ_RETELL_STYLES; style++) {
        listen(shrinker, scenario);
        lq_retelling_write(shrinker->retelling, lq_sim_plan(shrinker->sim),
                           style, title, shrinker->lines);
        if (make_parse(shrinker) && fails(shrinker, shrinker->parsed))
            return true;
    }
    return false;
}

/* SCENARIO as text; returns how many lines it has. */
static uint32_t print_scenario(struct shrinker *shrinker, const struct lq_scenario *scenario)
{
    uint32_t lines = 0;
    (void)lq_scenario_print(scenario, shrinker->text, TEXT_MAX);
    for (const char *at = shrinker->text; *at != '\0'; at++)
        lines += *at == '\n' && at[1] != '\n';
    return lines;
}

static void shrink_lines(struct shrinker *shrinker)
{
    lq_shrink_lines(shrinker->lines, lines_fail, shrinker);
    struct lq_lines *renamed = malloc(sizeof *renamed);
    if (renamed != NULL) {
        memcpy(renamed, shrinker->lines, sizeof *renamed);
        lq_lines_rename(renamed);
        if (lines_fail(shrinker, renamed))
            memcpy(shrinker->lines, renamed, sizeof *renamed);
    }
    free(renamed);
    shrinker->line_count = lq_lines_print(shrinker->lines, shrinker->text, TEXT_MAX);
}

/* In parts of the budget, so that what follows has its time. */
static void spend(struct shrinker *shrinker, double seconds)
{
    shrinker->until_s = seconds_of(shrinker) + seconds;
    if (shrinker->until_s > (double)shrinker->options->shrink_s)
        shrinker->until_s = (double)shrinker->options->shrink_s;
    shrinker->is_late = false;
}

/* Mostly the last part of the run alone fails as the whole did. */
static void shrink_seed(struct shrinker *shrinker)
{
    double budget = (double)shrinker->options->shrink_s;
    bool is_told = retell(shrinker, shrinker->swarm);
    if (!is_told) {
        spend(shrinker, budget / 2);
        lq_shrink_swarm(shrinker->swarm, shrinker->inventory, fails, shrinker);
        spend(shrinker, budget);
        is_told = retell(shrinker, shrinker->swarm);
    }
    if (is_told)
        shrink_lines(shrinker);
    else
        shrinker->line_count = print_scenario(shrinker, shrinker->swarm);
}

static void shrink_scenario(struct shrinker *shrinker, const struct lq_scenario *scenario)
{
    (void)print_scenario(shrinker, scenario);
    lq_lines_split(shrinker->lines, shrinker->text);
    shrink_lines(shrinker);
}

/* --- the file ------------------------------------------------------------------------------- */

static void make_path(const struct shrinker *shrinker, const char *file, char path[PATH_SIZE])
{
    const char *directory = shrinker->options->out == NULL ? "." : shrinker->options->out;
    const char *slash = file == NULL ? NULL : strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    if (file == NULL)
        snprintf(path, PATH_SIZE, "%s/shrunk-%" PRIu64 ".scn", directory, shrinker->seed);
    else
        snprintf(path, PATH_SIZE, "%s/shrunk-%s", directory, base);
}

static void write_heading(const struct shrinker *shrinker, FILE *to)
{
    const struct lq_wrong *wrong = shrinker->settings->wrong.row;
    if (shrinker->property != LQ_NO_PROPERTY)
        fprintf(to, "# Violates %s: %s\n", lq_property_table[shrinker->property].id,
                lq_property_table[shrinker->property].sentence);
    if (wrong != NULL)
        fprintf(to, "# wrong: %s\n", wrong->name);
    fprintf(to, "# version %s\n", LQ_VERSION);
}

static bool write_file(const struct shrinker *shrinker, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    write_heading(shrinker, file);
    fputs(shrinker->text, file);
    bool is_good = ferror(file) == 0;
    return fclose(file) == 0 && is_good;
}

static void tell(struct shrinker *shrinker, const char *file)
{
    char path[PATH_SIZE];
    make_path(shrinker, file, path);
    if (!write_file(shrinker, path)) {
        lq_message("%s: cannot be written: %s; expected a directory that can be written; choose "
                   "another one with --out", path, strerror(errno));
        return;
    }
    const struct lq_wrong *wrong = shrinker->settings->wrong.row;
    printf("shrunk to %" PRIu32 " lines in %.1f s and %" PRIu64 " runs%s: %s\n",
           shrinker->line_count, seconds_of(shrinker), shrinker->runs,
           shrinker->is_late ? " (more --shrink SECONDS may make it smaller)" : "", path);
    printf("reproduce: lunquake sim %s%s%s   # version %s\n", path,
           wrong == NULL ? "" : " --wrong ", wrong == NULL ? "" : wrong->name, LQ_VERSION);
}

/* --- all ------------------------------------------------------------------------------------ */

static bool make(struct shrinker *shrinker)
{
    shrinker->inventory = lq_inventory_make();
    shrinker->retelling = lq_retelling_make();
    shrinker->swarm = malloc(sizeof *shrinker->swarm);
    shrinker->parsed = malloc(sizeof *shrinker->parsed);
    shrinker->lines = malloc(sizeof *shrinker->lines);
    shrinker->text = malloc(TEXT_MAX);
    shrinker->sim = lq_sim_make(shrinker->settings);
    return shrinker->inventory != NULL && shrinker->retelling != NULL &&
           shrinker->swarm != NULL && shrinker->parsed != NULL && shrinker->lines != NULL &&
           shrinker->text != NULL;
}

static void discard(struct shrinker *shrinker)
{
    lq_sim_free(shrinker->sim);
    lq_inventory_free(shrinker->inventory);
    lq_retelling_free(shrinker->retelling);
    free(shrinker->swarm);
    free(shrinker->parsed);
    free(shrinker->lines);
    free(shrinker->text);
}

/* What a scenario expects is its own; two fingerprints are nothing that a candidate could have. */
static bool can_shrink(enum lq_sim_verdict verdict)
{
    return verdict == LQ_SIM_VIOLATED || verdict == LQ_SIM_CAUGHT || verdict == LQ_SIM_STUCK;
}

void lq_sim_shrink(const struct lq_options *options, const struct lq_sim_settings *settings,
                   const struct lq_scenario *scenario, const char *file, uint64_t seed)
{
    struct shrinker shrinker = {.options = options, .settings = settings, .seed = seed};
    clock_gettime(CLOCK_MONOTONIC, &shrinker.begin);
    if (make(&shrinker)) {
        listen(&shrinker, scenario);
        name_property(&shrinker);
        bool is_swarm = scenario == NULL || scenario->swarm.is_given;
        if (can_shrink(shrinker.verdict)) {
            if (scenario == NULL)
                lq_swarm_from_plan(shrinker.swarm, lq_sim_plan(shrinker.sim));
            else
                memcpy(shrinker.swarm, scenario, sizeof *scenario);
            spend(&shrinker, (double)options->shrink_s);
            is_swarm ? shrink_seed(&shrinker) : shrink_scenario(&shrinker, scenario);
            tell(&shrinker, file);
        }
    }
    discard(&shrinker);
}
