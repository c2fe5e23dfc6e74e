/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/features.h"

#include <stdlib.h>
#include <string.h>

/* --- the table ------------------------------------------------------------------------------- */

bool lq_piece_is(struct lq_piece piece, const char *text)
{
    return strlen(text) == piece.length && memcmp(piece.text, text, piece.length) == 0;
}

struct lq_piece lq_piece_word(struct lq_piece *piece)
{
    size_t start = 0;
    while (start < piece->length && piece->text[start] == ' ')
        start++;
    size_t end = start;
    while (end < piece->length && piece->text[end] != ' ')
        end++;
    struct lq_piece word = {piece->text + start, end - start};
    piece->text += end;
    piece->length -= end;
    return word;
}

bool lq_feature_next(const char **text, struct lq_feature *feature)
{
    if (**text == '\0')
        return false;
    const char *at = *text, *end = at + strcspn(at, "\n");
    for (int i = 0; i < LQ_FEATURE_COLUMNS; i++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        const char *stop = tab == NULL ? end : tab;
        feature->columns[i] = (struct lq_piece){at, (size_t)(stop - at)};
        at = tab == NULL ? end : tab + 1;
    }
    *text = *end == '\0' ? end : end + 1;
    return true;
}

/* --- results --------------------------------------------------------------------------------- */

enum { NAME_MAX_CHARACTERS = 255, LINE_MAX_CHARACTERS = 1024 };

struct result {
    char name[NAME_MAX_CHARACTERS + 1];
    enum lq_test_verdict verdict;
};

struct lq_test_results {
    struct result *results;
    size_t count, room;
};

/* "12/516 Test  #3: sim_seeds .....   Passed    0.02 sec", or "***Failed", "***Skipped",
 * "***Timeout" and others instead. False: no such line. */
static bool read_line(const char *line, struct result *result)
{
    line += strspn(line, " ");
    size_t digits = strspn(line, "0123456789");
    if (digits == 0 || line[digits] != '/')
        return false;
    line += digits + 1;
    line += strspn(line, "0123456789");
    if (strncmp(line, " Test ", 6) != 0)
        return false;
    line += 6;
    line += strspn(line, " ");
    if (*line != '#')
        return false;
    line += 1 + strspn(line + 1, "0123456789");
    if (strncmp(line, ": ", 2) != 0)
        return false;
    line += 2;
    size_t length = strcspn(line, " ");
    if (length == 0 || length > NAME_MAX_CHARACTERS)
        return false;
    memcpy(result->name, line, length);
    result->name[length] = '\0';
    const char *said = line + length;
    said += strspn(said, " .");
    if (*said == '\n' || *said == '\0' || strncmp(said, "***Not Run", 10) == 0)
        result->verdict = LQ_TEST_NOT_RUN;
    else if (strncmp(said, "Passed", 6) == 0)
        result->verdict = LQ_TEST_PASSED;
    else if (strncmp(said, "***Skipped", 10) == 0)
        result->verdict = LQ_TEST_SKIPPED;
    else
        result->verdict = LQ_TEST_FAILED;
    return true;
}

static bool add(struct lq_test_results *results, const struct result *result)
{
    if (results->count == results->room) {
        size_t room = results->room == 0 ? 256 : 2 * results->room;
        struct result *more = realloc(results->results, room * sizeof *more);
        if (more == NULL)
            return false;
        results->results = more;
        results->room = room;
    }
    results->results[results->count++] = *result;
    return true;
}

struct lq_test_results *lq_test_results_read(FILE *stream)
{
    struct lq_test_results *results = calloc(1, sizeof *results);
    char line[LINE_MAX_CHARACTERS];
    bool begins = true; /* what fgets returns is the beginning of a line */
    while (results != NULL && fgets(line, sizeof line, stream) != NULL) {
        struct result result;
        if (begins && read_line(line, &result) && !add(results, &result)) {
            lq_test_results_free(results);
            return NULL;
        }
        begins = strchr(line, '\n') != NULL;
    }
    return results;
}

void lq_test_results_free(struct lq_test_results *results)
{
    if (results == NULL)
        return;
    free(results->results);
    free(results);
}

size_t lq_test_results_count(const struct lq_test_results *results)
{
    return results->count;
}

enum lq_test_verdict lq_test_results_find(const struct lq_test_results *results,
                                          struct lq_piece name)
{
    for (size_t i = results->count; i > 0; i--)
        if (lq_piece_is(name, results->results[i - 1].name))
            return results->results[i - 1].verdict;
    return LQ_TEST_NOT_RUN;
}
