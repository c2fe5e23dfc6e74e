/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_features.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/exit_codes.h"
#include "tools/features.h"
#include "tools/message.h"

/* docs/FEATURES.tsv, embedded by CMake; ends with a NUL. */
extern const char lq_features_tsv[];

struct counts {
    unsigned rows, proved, unproved, not_yet, never;
};

static const char *const verdict_words[] = {
    [LQ_TEST_NOT_RUN] = "NOT RUN",
    [LQ_TEST_PASSED] = "passed",
    [LQ_TEST_SKIPPED] = "SKIPPED",
    [LQ_TEST_FAILED] = "FAILED",
};

static void print_piece(const char *before, struct lq_piece piece)
{
    printf("%s%.*s", before, (int)piece.length, piece.text);
}

/* Prints the tests that prove FEATURE; true when RESULTS has each as passed. */
static bool print_proofs(const struct lq_feature *feature, const struct lq_test_results *results)
{
    struct lq_piece proofs = feature->columns[LQ_FEATURE_PROOFS], name;
    bool all = true;
    printf("     proved by");
    while ((name = lq_piece_word(&proofs)).length > 0) {
        print_piece(" ", name);
        if (results == NULL)
            continue;
        enum lq_test_verdict verdict = lq_test_results_find(results, name);
        printf(" (%s)", verdict_words[verdict]);
        all &= verdict == LQ_TEST_PASSED;
    }
    putchar('\n');
    return all;
}

static void complain(const struct lq_feature *feature)
{
    struct lq_piece id = feature->columns[LQ_FEATURE_ID], name = feature->columns[LQ_FEATURE_NAME];
    lq_message("features: %.*s (%.*s) is claimed and not shown by the results; expected each test "
               "that it names to have passed; mend the test, or write \"not yet\" in "
               "docs/FEATURES.tsv",
               (int)id.length, id.text, (int)name.length, name.text);
}

static void print_row(const struct lq_feature *feature, const struct lq_test_results *results,
                      struct counts *counts)
{
    static const char *const names[] = {"SCST: ", "STGT: ", "IET: ", "LIO: ", "Lunquake: "};
    const struct lq_piece *columns = feature->columns;
    print_piece("\n", columns[LQ_FEATURE_ID]);
    print_piece("  ", columns[LQ_FEATURE_NAME]);
    for (int i = LQ_FEATURE_SCST; i <= LQ_FEATURE_OURS; i++) {
        printf("%s%s", i == LQ_FEATURE_SCST ? "\n     " : " | ", names[i - LQ_FEATURE_SCST]);
        print_piece("", columns[i]);
    }
    putchar('\n');
    counts->rows++;
    if (columns[LQ_FEATURE_PROOFS].length == 0) {
        bool is_never = lq_piece_is(columns[LQ_FEATURE_OURS], "-");
        counts->never += is_never;
        counts->not_yet += !is_never;
    } else if (print_proofs(feature, results)) {
        counts->proved++;
    } else {
        counts->unproved++;
        complain(feature);
    }
}

static void print_table(const struct lq_test_results *results, struct counts *counts)
{
    const char *text = lq_features_tsv;
    struct lq_feature feature;
    while (lq_feature_next(&text, &feature)) {
        const struct lq_piece *columns = feature.columns;
        if (lq_piece_is(columns[LQ_FEATURE_ID], "#"))
            printf("\n%.*s\n", (int)columns[LQ_FEATURE_NAME].length, columns[LQ_FEATURE_NAME].text);
        else if (columns[LQ_FEATURE_ID].length > 0 && columns[LQ_FEATURE_ID].text[0] != '#' &&
                 !lq_piece_is(columns[LQ_FEATURE_ID], "id"))
            print_row(&feature, results, counts);
    }
}

/* NULL: a message has been printed. */
static struct lq_test_results *read_results(const char *path)
{
    FILE *stream = fopen(path, "r");
    if (stream == NULL) {
        lq_message("--results: `%s' cannot be read (%s); expected what ctest printed; write it "
                   "with ctest --output-log FILE",
                   path, strerror(errno));
        return NULL;
    }
    struct lq_test_results *results = lq_test_results_read(stream);
    fclose(stream);
    if (results == NULL) {
        lq_message("--results: out of memory; expected room for the results; give a shorter file");
    } else if (lq_test_results_count(results) == 0) {
        lq_message("--results: `%s' tells of no test; expected what ctest printed; write it with "
                   "ctest --output-log FILE",
                   path);
        lq_test_results_free(results);
        results = NULL;
    }
    return results;
}

int lq_cmd_features(const struct lq_options *options)
{
    struct lq_test_results *results = NULL;
    if (options->results != NULL && (results = read_results(options->results)) == NULL)
        return LQ_EXIT_ENVIRONMENT;
    printf("What targets can do: SCST, STGT, IET and LIO as of 2011 to 2013, and Lunquake now.\n"
           "Not yet: no test proves it. -: it is not to come.\n");
    struct counts counts = {0};
    print_table(results, &counts);
    printf("\n%u rows: %u %s, ", counts.rows, counts.proved,
           results == NULL ? "claimed" : "claimed and proved");
    if (counts.unproved > 0)
        printf("%u CLAIMED AND NOT PROVED, ", counts.unproved);
    printf("%u not yet, %u not to come\n", counts.not_yet, counts.never);
    if (results == NULL)
        printf("The tests that are named have not been looked at: --results FILE does that.\n");
    lq_test_results_free(results);
    return counts.unproved > 0 ? LQ_EXIT_VIOLATED : LQ_EXIT_PASS;
}
