/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/campaign_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 100 };

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void lq_progress_begin(struct lq_progress *progress, uint64_t seeds, uint64_t done)
{
    *progress = (struct lq_progress){.is_shown = isatty(STDERR_FILENO) != 0,
                                     .seeds = seeds,
                                     .done_before = done,
                                     .begun_ns = now_ns()};
}

/* What never happened so far, as many names as there is room for. */
static void name_zeros(const struct lq_counts *counts, char line[COLUMNS])
{
    struct lq_total_row row;
    uint32_t zeros = 0;
    size_t used = 0;
    char names[COLUMNS] = "";
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++) {
        if (!lq_total_row(counts, i, &row) || row.count != 0 || !row.required)
            continue;
        zeros++;
        size_t bytes = strlen(row.name);
        if (used + bytes + 2 < COLUMNS - 32) {
            memcpy(names + used, " ", 1);
            memcpy(names + used + 1, row.name, bytes + 1);
            used += bytes + 1;
        }
    }
    if (zeros == 0)
        snprintf(line, COLUMNS, "everything has happened at least once");
    else
        snprintf(line, COLUMNS, "never happened: %" PRIu32 ":%.*s", zeros, COLUMNS - 32, names);
}

static uint64_t faults_of(const struct lq_counts *counts)
{
    uint64_t fired = 0;
    for (uint32_t i = 0; i < LQ_FAULTS; i++)
        fired += counts->faults[i];
    return fired;
}

static void print(struct lq_progress *progress, const struct lq_campaign_sum *sum)
{
    char zeros[COLUMNS];
    name_zeros(&sum->counts, zeros);
    uint64_t elapsed_ms = (now_ns() - progress->begun_ns) / 1000000 + 1;
    uint64_t done = sum->done - progress->done_before;
    uint64_t left = progress->seeds > sum->done ? progress->seeds - sum->done : 0;
    uint64_t left_s = done == 0 ? 0 : left * elapsed_ms / done / 1000;
    fprintf(stderr, "%s\r\033[K%s\n\r\033[K", progress->has_lines ? "\033[2A" : "", zeros);
    fprintf(stderr,
            "%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " a second, %" PRIu64 " min %02" PRIu64
            " s to go; %" PRIu64 " commands, %" PRIu64 " faults, %" PRIu64 " failed\n",
            sum->done, progress->seeds, done * 1000 / elapsed_ms, left_s / 60, left_s % 60,
            sum->commands, faults_of(&sum->counts), sum->done - sum->verdicts[LQ_SIM_CLEAN]);
    progress->has_lines = true;
}

void lq_progress_show(struct lq_progress *progress, const struct lq_campaign_sum *sum)
{
    if (progress->is_shown)
        print(progress, sum);
}

void lq_progress_end(struct lq_progress *progress, const struct lq_campaign_sum *sum)
{
    lq_progress_show(progress, sum);
}
