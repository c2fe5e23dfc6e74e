/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: units go in chunks, half of them first, then smaller ones down to one, until none can go.
 * Lines are units; then runs of words inside lines go the same way, and numbers are replaced by
 * lower and rounder ones, all equal ones behind the same word together first.
 */
#include "tools/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64, RUN_MAX = 6, ROUNDS_MAX = 4, CANDIDATES_MAX = 24, HALVES_MAX = 40 };

/* --- units ---------------------------------------------------------------------------------- */

/* Leaves out the next CHUNK units that are kept from *AT on; false: none is left. */
static bool leave_out(bool *kept, bool *left_out, uint32_t count, uint32_t chunk, uint32_t *at)
{
    uint32_t taken = 0;
    memset(left_out, 0, count * sizeof *left_out);
    for (; *at < count && taken < chunk; ++*at) {
        if (!kept[*at])
            continue;
        kept[*at] = false;
        left_out[*at] = true;
        taken++;
    }
    return taken > 0;
}

static void put_back(bool *kept, const bool *left_out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        kept[i] |= left_out[i];
}

static uint32_t kept_of(const bool *kept, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += kept[i];
    return sum;
}

void lq_shrink_units(bool *kept, uint32_t count, bool (*fails)(void *context), void *context)
{
    bool *left_out = calloc(count + 1, sizeof *left_out);
    if (left_out == NULL)
        return;
    uint32_t chunk = kept_of(kept, count);
    while (chunk > 0) {
        bool changed = false;
        uint32_t at = 0;
        while (leave_out(kept, left_out, count, chunk, &at)) {
            if (fails(context))
                changed = true;
            else
                put_back(kept, left_out, count);
        }
        uint32_t left = kept_of(kept, count);
        if (chunk == 1 && !changed)
            break;
        chunk = chunk > left ? left : chunk == 1 ? 1 : chunk / 2;
    }
    free(left_out);
}

/* --- lines ---------------------------------------------------------------------------------- */

struct line_shrinker {
    struct lq_lines *lines;     /* the best so far */
    struct lq_lines *candidate;
    bool (*fails)(void *context, const struct lq_lines *lines);
    void *context;
    bool kept[LQ_LINES_MAX];
};

static void take_kept(const struct line_shrinker *shrinker)
{
    shrinker->candidate->count = 0;
    for (uint32_t i = 0; i < shrinker->lines->count; i++)
        if (shrinker->kept[i])
            memcpy(shrinker->candidate->text[shrinker->candidate->count++],
                   shrinker->lines->text[i], LQ_LINE_MAX);
}

static bool fails_with_kept(void *context)
{
    struct line_shrinker *shrinker = context;
    take_kept(shrinker);
    return shrinker->fails(shrinker->context, shrinker->candidate);
}

/* The candidate becomes the best when it fails. */
static bool try(struct line_shrinker *shrinker)
{
    if (!shrinker->fails(shrinker->context, shrinker->candidate))
        return false;
    memcpy(shrinker->lines, shrinker->candidate, sizeof *shrinker->lines);
    return true;
}

static void begin_candidate(struct line_shrinker *shrinker)
{
    memcpy(shrinker->candidate, shrinker->lines, sizeof *shrinker->candidate);
}

static bool shrink_whole_lines(struct line_shrinker *shrinker)
{
    uint32_t before = shrinker->lines->count;
    for (uint32_t i = 0; i < before; i++)
        shrinker->kept[i] = true;
    lq_shrink_units(shrinker->kept, before, fails_with_kept, shrinker);
    take_kept(shrinker);
    memcpy(shrinker->lines, shrinker->candidate, sizeof *shrinker->lines);
    return shrinker->lines->count < before;
}

/* --- words ---------------------------------------------------------------------------------- */

/* Where the words of LINE begin and end; a `;' or a comma behind a word is a word. */
static uint32_t words_of(const char *line, uint32_t begins[WORDS_MAX], uint32_t ends[WORDS_MAX])
{
    uint32_t count = 0, at = 0;
    while (line[at] != '\0' && count < WORDS_MAX) {
        at += (uint32_t)strspn(line + at, " ");
        if (line[at] == '\0')
            break;
        uint32_t size = (uint32_t)strcspn(line + at, " ;,");
        begins[count] = at;
        at += size == 0 ? 1 : size;
        ends[count++] = at;
    }
    return count;
}

static bool is_title(const char *line)
{
    return strncmp(line, "scenario ", 9) == 0;
}

static bool drop_words(struct line_shrinker *shrinker, uint32_t line, uint32_t first, uint32_t run)
{
    uint32_t begins[WORDS_MAX], ends[WORDS_MAX];
    begin_candidate(shrinker);
    char *text = shrinker->candidate->text[line];
    uint32_t count = words_of(text, begins, ends);
    if (first + run > count || run == count)
        return false;
    uint32_t from = ends[first + run - 1];
    bool has_space = begins[first] == 0 || text[begins[first] - 1] == ' ';
    from += has_space ? (uint32_t)strspn(text + from, begins[first] == 0 ? " ;," : " ") : 0;
    memmove(text + begins[first], text + from, strlen(text + from) + 1);
    for (size_t size = strlen(text); size > 0 && text[size - 1] == ' '; size--)
        text[size - 1] = '\0';
    return try(shrinker);
}

static bool shrink_words(struct line_shrinker *shrinker)
{
    bool changed = false;
    for (uint32_t line = 0; line < shrinker->lines->count; line++) {
        if (is_title(shrinker->lines->text[line]))
            continue;
        for (uint32_t run = RUN_MAX; run > 0; run--)
            for (uint32_t first = 0; first < WORDS_MAX; first++)
                changed |= drop_words(shrinker, line, first, run);
    }
    return changed;
}

/* --- numbers -------------------------------------------------------------------------------- */

/* What stands before and after the digits of WORD; false when it is no number. */
static bool split_number(const char *word, bool *has_plus, uint64_t *number, char unit[8])
{
    *has_plus = *word == '+';
    word += *has_plus;
    char *end = NULL;
    if (*word < '0' || *word > '9')
        return false;
    *number = strtoull(word, &end, 10);
    if (strlen(end) >= 8 || strspn(end, "nusmhKMGTiB") != strlen(end))
        return false;
    memcpy(unit, end, strlen(end) + 1);
    return true;
}

static const struct {
    const char *name;
    uint64_t ns;
} times[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};

enum { TIMES = sizeof times / sizeof times[0] };

static void add_time(char candidates[][24], uint32_t *count, bool has_plus, uint64_t time_ns)
{
    uint32_t unit = TIMES - 1;
    while (time_ns % times[unit].ns != 0)
        unit--;
    if (*count < CANDIDATES_MAX)
        snprintf(candidates[(*count)++], 24, "%s%" PRIu64 "%s", has_plus ? "+" : "",
                 time_ns / times[unit].ns, time_ns == 0 ? "" : times[unit].name);
}

/* Rounder times than TIME_NS, the roundest first. */
static uint32_t round_times(char candidates[][24], bool has_plus, uint64_t time_ns)
{
    static const uint64_t round[] = {0, 1000000, 10000000, 100000000, 1000000000, 10000,
                                     UINT64_C(10000000000)};
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizeof round / sizeof round[0]; i++) {
        if (round[i] == time_ns)
            return count;
        add_time(candidates, &count, has_plus, round[i]);
    }
    uint64_t step = 1;
    while (time_ns / step >= 10)
        step *= 10;
    for (uint32_t i = 0; i < 3 && step > 0; i++, step /= 10) {
        if (time_ns % step == 0)
            return count;
        add_time(candidates, &count, has_plus, (time_ns / step + 1) * step);
        add_time(candidates, &count, has_plus, time_ns / step * step);
    }
    return count;
}

/* Lower numbers than NUMBER. */
static uint32_t low_numbers(char candidates[][24], uint64_t number)
{
    static const uint64_t low[] = {0, 1, 2, 3, 4, 8, 16};
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizeof low / sizeof low[0] && low[i] < number; i++)
        snprintf(candidates[count++], 24, "%" PRIu64, low[i]);
    if (number > 16)
        snprintf(candidates[count++], 24, "%" PRIu64, number / 2);
    return count;
}

static uint32_t simpler(const char *word, char candidates[CANDIDATES_MAX][24])
{
    bool has_plus = false;
    uint64_t number = 0;
    char unit[8];
    if (!split_number(word, &has_plus, &number, unit))
        return 0;
    for (uint32_t i = 0; i < TIMES; i++)
        if (strcmp(times[i].name, unit) == 0)
            return round_times(candidates, has_plus, number * times[i].ns);
    if (unit[0] == '\0')
        return low_numbers(candidates, number);
    snprintf(candidates[0], 24, "1MiB"); /* of a disk */
    return strcmp(word, candidates[0]) != 0 && strcmp(unit, "KiB") != 0;
}

static void copy_word(char to[64], const char *line, uint32_t begin, uint32_t end)
{
    snprintf(to, 64, "%.*s", (int)(end - begin < 63 ? end - begin : 63), line + begin);
}

/* In LINE: word AT becomes NEW, when it is OLD behind BEFORE. */
static void replace(char *line, uint32_t at, const char *before, const char *old, const char *new)
{
    uint32_t begins[WORDS_MAX], ends[WORDS_MAX];
    uint32_t count = words_of(line, begins, ends);
    char word[64], previous[64] = "", rest[LQ_LINE_MAX];
    if (at >= count)
        return;
    copy_word(word, line, begins[at], ends[at]);
    if (at > 0)
        copy_word(previous, line, begins[at - 1], ends[at - 1]);
    if (strcmp(word, old) != 0 || strcmp(previous, before) != 0)
        return;
    memcpy(rest, line + ends[at], strlen(line + ends[at]) + 1);
    snprintf(line + begins[at], LQ_LINE_MAX - begins[at], "%s%s", new, rest);
}

/* Word AT of LINE becomes NEW; EVERYWHERE: all like it too. */
static bool try_number(struct line_shrinker *shrinker, uint32_t line, uint32_t at,
                       const char *before, const char *old, const char *new, bool everywhere)
{
    begin_candidate(shrinker);
    for (uint32_t i = 0; i < shrinker->candidate->count; i++)
        for (uint32_t word = 0; word < WORDS_MAX; word++)
            if (everywhere || (i == line && word == at))
                replace(shrinker->candidate->text[i], word, before, old, new);
    return try(shrinker);
}

static bool shrink_number(struct line_shrinker *shrinker, uint32_t line, uint32_t at)
{
    uint32_t begins[WORDS_MAX], ends[WORDS_MAX];
    char candidates[CANDIDATES_MAX][24], word[64], before[64] = "";
    const char *text = shrinker->lines->text[line];
    if (at >= words_of(text, begins, ends))
        return false;
    copy_word(word, text, begins[at], ends[at]);
    if (at > 0)
        copy_word(before, text, begins[at - 1], ends[at - 1]);
    uint32_t count = simpler(word, candidates);
    for (uint32_t i = 0; i < count; i++)
        if (try_number(shrinker, line, at, before, word, candidates[i], true) ||
            try_number(shrinker, line, at, before, word, candidates[i], false))
            return true;
    return false;
}

static bool shrink_numbers(struct line_shrinker *shrinker)
{
    bool changed = false;
    for (uint32_t line = 0; line < shrinker->lines->count; line++)
        for (uint32_t at = 0; at < WORDS_MAX && !is_title(shrinker->lines->text[line]); at++)
            for (uint32_t i = 0; i < HALVES_MAX && shrink_number(shrinker, line, at); i++)
                changed = true;
    return changed;
}

/* --- commands ------------------------------------------------------------------------------- */

/* How many bytes the words of a CDB take from TEXT on: `cdb', bytes, `in' and `out' with a size. */
static size_t cdb_size(const char *text)
{
    static const char *const sizes[] = {" in ", " out "};
    size_t at = 3;
    while (text[at] == ' ' && strspn(text + at + 1, "0123456789abcdef") == 2)
        at += 3;
    for (uint32_t i = 0; i < 2; i++) {
        size_t size = strlen(sizes[i]);
        if (strncmp(text + at, sizes[i], size) == 0)
            at += size + strspn(text + at + size, "0123456789");
    }
    return at;
}

/* A CDB of its own may be an ordinary command as well. */
static bool shrink_cdbs(struct line_shrinker *shrinker)
{
    static const char *const plain[] = {"test-unit-ready", "read lba 0 blocks 1",
                                        "write lba 0 blocks 1"};
    bool changed = false;
    for (uint32_t line = 0; line < shrinker->lines->count; line++) {
        for (uint32_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
            begin_candidate(shrinker);
            char *text = shrinker->candidate->text[line], rest[LQ_LINE_MAX];
            char *cdb = strstr(text, " cdb ");
            if (is_title(text) || cdb == NULL)
                break;
            snprintf(rest, sizeof rest, "%s", cdb + 1 + cdb_size(cdb + 1));
            snprintf(cdb + 1, LQ_LINE_MAX - (size_t)(cdb + 1 - text), "%s%s", plain[i], rest);
            if (try(shrinker)) {
                changed = true;
                break;
            }
        }
    }
    return changed;
}

/* --- moments -------------------------------------------------------------------------------- */

static bool read_time(const char *line, uint64_t *time_ns)
{
    bool has_plus = false;
    char unit[8];
    *time_ns = 0;
    if (strncmp(line, "at ", 3) != 0 || !split_number(line + 3, &has_plus, time_ns, unit) ||
        has_plus)
        return false;
    for (uint32_t i = 0; i < TIMES; i++)
        if (strcmp(times[i].name, unit) == 0)
            *time_ns *= times[i].ns;
    return true;
}

/* Moments by what has passed since the one before: so each can be rounded alone. */
static void make_relative(struct line_shrinker *shrinker)
{
    uint64_t before = 0;
    bool is_first = true;
    begin_candidate(shrinker);
    for (uint32_t i = 0; i < shrinker->candidate->count; i++) {
        uint64_t time_ns = 0;
        char text[1][24];
        uint32_t count = 0;
        if (!read_time(shrinker->candidate->text[i], &time_ns))
            continue;
        add_time(text, &count, !is_first && time_ns >= before,
                 is_first ? 0 : time_ns >= before ? time_ns - before : 0);
        snprintf(shrinker->candidate->text[i], LQ_LINE_MAX, "at %s", text[0]);
        before = time_ns;
        is_first = false;
    }
    (void)try(shrinker);
}

void lq_shrink_lines(struct lq_lines *lines,
                     bool (*fails)(void *context, const struct lq_lines *lines), void *context)
{
    struct line_shrinker *shrinker = calloc(1, sizeof *shrinker);
    struct lq_lines *candidate = calloc(1, sizeof *candidate);
    if (shrinker != NULL && candidate != NULL) {
        *shrinker = (struct line_shrinker){
            .lines = lines, .candidate = candidate, .fails = fails, .context = context};
        shrink_whole_lines(shrinker);
        make_relative(shrinker);
        for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
            bool changed = shrink_cdbs(shrinker);
            changed |= shrink_words(shrinker);
            changed |= shrink_numbers(shrinker);
            changed |= shrink_whole_lines(shrinker);
            if (!changed)
                break;
        }
    }
    free(candidate);
    free(shrinker);
}
