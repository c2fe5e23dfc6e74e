/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparison with other targets (docs/FEATURES.tsv, embedded in the program), and which tests
 * have passed, as ctest prints it. Who uses it: cmd_features.c.
 */
#ifndef LQ_TOOLS_FEATURES_H
#define LQ_TOOLS_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A piece of the table's text; not ended by NUL. */
struct lq_piece {
    const char *text;
    size_t length;
};

enum lq_feature_column {
    LQ_FEATURE_ID,
    LQ_FEATURE_NAME,
    LQ_FEATURE_SCST,
    LQ_FEATURE_STGT,
    LQ_FEATURE_IET,
    LQ_FEATURE_LIO,
    LQ_FEATURE_OURS,
    LQ_FEATURE_PROOFS, /* names of tests, separated by spaces */
    LQ_FEATURE_COLUMNS
};

/* A line of the table: a row, or a section when ID is "#" (NAME is its title then). */
struct lq_feature {
    struct lq_piece columns[LQ_FEATURE_COLUMNS];
};

/* Takes a line off *TEXT; false: there is none left. Columns that the line lacks are empty. */
bool lq_feature_next(const char **text, struct lq_feature *feature);

/* Takes a word off *PIECE; its length is 0 when there is none left. */
struct lq_piece lq_piece_word(struct lq_piece *piece);
bool lq_piece_is(struct lq_piece piece, const char *text);

enum lq_test_verdict { LQ_TEST_NOT_RUN, LQ_TEST_PASSED, LQ_TEST_SKIPPED, LQ_TEST_FAILED };

struct lq_test_results; /* of one file */

/* Reads what ctest printed on STREAM: of a test that ran more than once, the last time counts.
 * NULL: out of memory. */
struct lq_test_results *lq_test_results_read(FILE *stream);
void lq_test_results_free(struct lq_test_results *results);
size_t lq_test_results_count(const struct lq_test_results *results);
enum lq_test_verdict lq_test_results_find(const struct lq_test_results *results,
                                          struct lq_piece name);

#endif
