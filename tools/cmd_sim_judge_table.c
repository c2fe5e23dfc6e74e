/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_judge_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd_sim_scenario.h"
#include "tools/exit_codes.h"
#include "tools/message.h"

enum {
    CAMPAIGNS = 20,
    SEEDS = 500,   /* of a campaign */
    BUDGET = 2000, /* seeds for one wrong: no campaign begins behind them */
};

struct files {
    char *const *names;
    struct lq_scenario *scenarios;
    uint32_t count;
};

/* Rank of the first seed of CAMPAIGN that convicts; SEEDS + 1: none does. */
static uint32_t first_rank(struct lq_sim *sim, uint32_t campaign)
{
    for (uint32_t rank = 1; rank <= SEEDS; rank++)
        if (lq_sim_run(sim, (uint64_t)campaign * SEEDS + rank, false) == LQ_SIM_VIOLATED)
            return rank;
    return SEEDS + 1;
}

static int compare(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return one < other ? -1 : one > other;
}

/* The median of the campaigns that BUDGET allows; above SEEDS: half of them or more convict nobody.
 * Who convicts nobody in the first campaign is not tried again. */
static uint32_t median_rank(struct lq_sim *sim)
{
    uint32_t ranks[CAMPAIGNS];
    uint32_t count = 0, spent = 0;
    while (count < CAMPAIGNS && spent < BUDGET) {
        ranks[count] = first_rank(sim, count);
        spent += ranks[count] > SEEDS ? SEEDS : ranks[count];
        count++;
        if (ranks[0] > SEEDS)
            break;
    }
    qsort(ranks, count, sizeof ranks[0], compare);
    return (ranks[(count - 1) / 2] + ranks[count / 2]) / 2;
}

/* The first file that convicts; NULL: none does. */
static const char *first_file(struct lq_sim *sim, const struct files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        if (lq_sim_run_scenario(sim, &files->scenarios[i], files->names[i], 1, false) ==
            LQ_SIM_VIOLATED)
            return files->names[i];
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool print_row(const struct lq_wrong *row, const struct lq_sim_settings *settings,
                      const struct files *files)
{
    struct lq_sim_settings own = *settings;
    if (!lq_sim_wrong_find(row->name, &own.wrong))
        return false;
    struct lq_sim *sim = lq_sim_make(&own);
    uint32_t median = median_rank(sim);
    const char *file = first_file(sim, files);
    printf("| %s | %s | ", row->name, row->property);
    if (median <= SEEDS)
        printf("%" PRIu32, median);
    printf(" | %s |\n", file == NULL ? "" : base_name(file));
    fflush(stdout);
    lq_sim_free(sim);
    if (median > SEEDS && file == NULL)
        lq_message("--judge-table: %s is convicted by neither %d seeds nor a scenario; expected %s "
                   "to; mend the judge, or give a scenario", row->name, SEEDS, row->property);
    return median <= SEEDS || file != NULL;
}

static void print_head(void)
{
    printf("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
           "# How soon the judges convict\n\n"
           "Made by `lunquake sim --judge-table scenarios/museum/*.scn scenarios/hostile/*.scn "
           "scenarios/examples/*.scn\nscenarios/regress/*.scn`, which takes some ten minutes of "
           "one processor (a row alone: `--wrong NAME`);\nCTest tries some of the rows. Seeds: the "
           "median of %d campaigns of %d seeds each, of 1,000 commands, of\nthe first seed that "
           "convicts the wrong by its own property; of as many campaigns as %d seeds allow "
           "where\nthat takes long; empty where half of them, or the first, convict nobody. "
           "Scenario: the first one that\nconvicts it. A wrong without a row has not been "
           "measured yet.\n\n"
           "| wrong | property | seeds | scenario |\n|---|---|---|---|\n",
           CAMPAIGNS, SEEDS, BUDGET);
}

static int print_all(const struct lq_sim_settings *settings, const struct files *files)
{
    bool all = true;
    if (settings->wrong.row != NULL)
        return print_row(settings->wrong.row, settings, files) ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED;
    print_head();
    const struct lq_wrong *row;
    for (uint32_t i = 0; (row = lq_sim_wrong_row(i)) != NULL; i++)
        all &= print_row(row, settings, files);
    return all ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED;
}

int lq_sim_judge_table(const struct lq_options *options, const struct lq_sim_settings *settings)
{
    struct files files = {.names = (char *const *)options->files, .count = options->file_count};
    files.scenarios = calloc(files.count + 1, sizeof *files.scenarios);
    if (files.scenarios == NULL) {
        lq_message("sim: out of memory; expected room for the scenarios; give fewer files");
        return LQ_EXIT_ENVIRONMENT;
    }
    int code = LQ_EXIT_PASS;
    for (uint32_t i = 0; i < files.count && code == LQ_EXIT_PASS; i++)
        code = lq_sim_read_scenario(options->files[i], LQ_OVER_ISCSI, &files.scenarios[i]);
    if (code == LQ_EXIT_PASS)
        code = print_all(settings, &files);
    free(files.scenarios);
    return code;
}
