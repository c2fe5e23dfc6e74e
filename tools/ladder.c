/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ladder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LANE_COLUMNS = 4, COLUMNS = 100, NEXUSES_MAX = LQ_PROOF_EVENTS_MAX };

/* Half a number would be another one. */
static const char CUT[] = "...";

struct ladder {
    FILE *to;
    const struct lq_story *story;
    const struct lq_finding *finding;
    bool in_colour;
    uint64_t last_ns;
    bool has_last;
};

bool lq_ladder_wants_colour(FILE *to)
{
    const char *no_color = getenv("NO_COLOR");
    return (no_color == NULL || no_color[0] == '\0') && isatty(fileno(to)) != 0;
}

/* --- one row -------------------------------------------------------------------------------- */

static void print_heading(const struct ladder *ladder)
{
    uint32_t lanes = lq_story_lanes(ladder->story);
    fprintf(ladder->to, "%16s ", "");
    for (uint32_t lane = 0; lane < lanes; lane++) {
        const char *name = lq_story_lane(ladder->story, lane);
        size_t length = strlen(name);
        /* disk0, disk1: what tells them apart is at the end. */
        if (length < LANE_COLUMNS)
            fprintf(ladder->to, " %-*s", LANE_COLUMNS - 1, name);
        else if (strncmp(name, "disk", 4) == 0)
            fprintf(ladder->to, " d%-*s", LANE_COLUMNS - 2, name + 4);
        else
            fprintf(ladder->to, " %.*s", LANE_COLUMNS - 1, name);
    }
    fputc('\n', ladder->to);
}

/* The lanes' columns of ROW: `|' where nothing happens, an arrow from lane to lane. */
static void draw_lanes(const struct ladder *ladder, const struct lq_story_row *row, char *lanes)
{
    uint32_t count = lq_story_lanes(ladder->story);
    memset(lanes, ' ', (size_t)count * LANE_COLUMNS);
    lanes[count * LANE_COLUMNS] = '\0';
    for (uint32_t lane = 0; lane < count; lane++)
        lanes[lane * LANE_COLUMNS + 1] = '|';
    if (row->kind == LQ_STORY_FAULT || row->kind == LQ_STORY_WORLD) {
        memset(lanes, row->kind == LQ_STORY_FAULT ? '~' : '-', (size_t)count * LANE_COLUMNS);
        return;
    }
    uint32_t from = row->from * LANE_COLUMNS + 1U, to = row->to * LANE_COLUMNS + 1U;
    uint32_t left = from < to ? from : to, right = from < to ? to : from;
    if (left == right) {
        lanes[left] = '*';
        return;
    }
    memset(lanes + left + 1, row->kind == LQ_STORY_PDU ? '-' : '=', right - left - 1);
    lanes[to > from ? right - 1 : left + 1] = to > from ? '>' : '<';
}

static bool proves(const struct ladder *ladder, const struct lq_story_row *row)
{
    const struct lq_finding *finding = ladder->finding;
    for (uint32_t i = 0; finding != NULL && i < finding->proof_count; i++)
        if (finding->proof[i].seq == row->seq &&
            (finding->proof[i].kind != LQ_EVENT_NONE || finding->proof[i].tag == row->tag))
            return true;
    return false;
}

static const char *colour_of(const struct ladder *ladder, const struct lq_story_row *row,
                             bool is_proof)
{
    static const char *const colours[] = {[LQ_STORY_PDU] = "\033[36m",
                                          [LQ_STORY_STORE] = "\033[33m",
                                          [LQ_STORY_EVENT] = "",
                                          [LQ_STORY_FAULT] = "\033[35m",
                                          [LQ_STORY_WORLD] = "\033[2m"};
    if (!ladder->in_colour)
        return "";
    return is_proof ? "\033[1;31m" : colours[row->kind];
}

static void print_row(struct ladder *ladder, const struct lq_story_row *row)
{
    char lanes[LQ_STORY_LANES_MAX * LANE_COLUMNS + 1];
    draw_lanes(ladder, row, lanes);
    bool is_proof = proves(ladder, row);
    const char *colour = colour_of(ladder, row, is_proof);
    if (ladder->has_last && ladder->last_ns == row->time_ns)
        fprintf(ladder->to, "%16s", "");
    else
        fprintf(ladder->to, "%5" PRIu64 ".%09" PRIu64 "s", row->time_ns / 1000000000,
                row->time_ns % 1000000000);
    ladder->has_last = true;
    ladder->last_ns = row->time_ns;
    int room = COLUMNS - 18 - (int)strlen(lanes);
    bool is_cut = (int)strlen(row->text) > room;
    fprintf(ladder->to, "%c%s%s %.*s%s%s\n", is_proof ? '!' : ' ', colour, lanes,
            is_cut ? room - (int)strlen(CUT) : room, row->text, is_cut ? CUT : "",
            colour[0] == '\0' ? "" : "\033[0m");
}

void lq_ladder_print(FILE *to, const struct lq_story *story, const struct lq_finding *finding,
                     bool in_colour)
{
    struct ladder ladder = {to, story, finding, in_colour, 0, false};
    struct lq_story_row row;
    print_heading(&ladder);
    for (uint32_t i = 0; i < lq_story_rows(story); i++) {
        lq_story_row(story, i, &row);
        print_row(&ladder, &row);
    }
}

/* --- an excerpt ----------------------------------------------------------------------------- */

struct nexuses {
    uint64_t of[NEXUSES_MAX];
    uint32_t count;
};

static bool is_among(const struct nexuses *nexuses, uint64_t nexus)
{
    for (uint32_t i = 0; i < nexuses->count; i++)
        if (nexuses->of[i] == nexus)
            return true;
    return false;
}

static void find_nexuses(const struct lq_story *story, const struct lq_finding *finding,
                         struct nexuses *nexuses)
{
    struct lq_story_row row;
    nexuses->count = 0;
    for (uint32_t i = 0; i < finding->proof_count; i++) {
        lq_story_row(story, lq_story_row_of(story, finding->proof[i].seq), &row);
        if (row.nexus != 0 && !is_among(nexuses, row.nexus))
            nexuses->of[nexuses->count++] = row.nexus;
    }
}

/* What passes at the stores belongs to everybody; so do faults. */
static bool concerns(const struct nexuses *nexuses, const struct lq_story_row *row)
{
    return nexuses->count == 0 || row->nexus == 0 || is_among(nexuses, row->nexus);
}

/* The first row of the excerpt: HALF rows that concern somebody stand between it and LAST. */
static uint32_t begin_of(const struct lq_story *story, const struct nexuses *nexuses,
                         uint32_t last, uint32_t rows)
{
    struct lq_story_row row;
    uint32_t first = last;
    while (first > 0 && rows > 0) {
        lq_story_row(story, --first, &row);
        rows -= concerns(nexuses, &row) ? 1 : 0;
    }
    return first;
}

void lq_ladder_print_around(FILE *to, const struct lq_story *story,
                            const struct lq_finding *finding, uint32_t rows, bool in_colour)
{
    struct ladder ladder = {to, story, finding, in_colour, 0, false};
    struct nexuses nexuses;
    struct lq_story_row row;
    if (lq_story_rows(story) == 0)
        return;
    find_nexuses(story, finding, &nexuses);
    uint32_t place = lq_story_row_of(story, finding->seq);
    uint32_t first = begin_of(story, &nexuses, place, rows);
    print_heading(&ladder);
    /* What proves it may be long ago. */
    uint32_t gap = UINT32_MAX;
    for (uint32_t i = 0; i < finding->proof_count; i++) {
        uint32_t at = lq_story_row_of(story, finding->proof[i].seq);
        if (at >= first || at == gap)
            continue;
        lq_story_row(story, at, &row);
        print_row(&ladder, &row);
        gap = at;
    }
    if (gap != UINT32_MAX)
        fprintf(to, "%16s  ...\n", "");
    for (uint32_t i = first; i <= place + rows / 2 && i < lq_story_rows(story); i++) {
        lq_story_row(story, i, &row);
        if (concerns(&nexuses, &row))
            print_row(&ladder, &row);
    }
}
