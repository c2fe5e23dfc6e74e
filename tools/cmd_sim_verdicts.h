/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For machines: what the judges said of each property over all runs, as TAP or JUnit XML, and the
 * history of a run as JSON Lines. A property is a test case: it passed, failed, or was never put to
 * the test (skipped).
 */
#ifndef LQ_TOOLS_CMD_SIM_VERDICTS_H
#define LQ_TOOLS_CMD_SIM_VERDICTS_H

#include <stdint.h>
#include <stdio.h>

#include "conformance/judges/judge.h"
#include "core/base/history.h"

enum { LQ_VERDICTS_MAX = 128 }; /* properties */

/* By place in lq_property_table. */
struct lq_verdicts {
    uint64_t exercised[LQ_VERDICTS_MAX]; /* how often it was put to the test */
    uint64_t violated[LQ_VERDICTS_MAX];
};

/* Adds what JUDGE found in the run that has ended. */
void lq_verdicts_add_run(struct lq_verdicts *verdicts, const struct lq_judge *judge);
void lq_verdicts_add(struct lq_verdicts *verdicts, const struct lq_verdicts *more);

/* One scenario file or all seeds of a run: a test case besides the properties, for what fails
 * without violating one. */
struct lq_verdict_case {
    const char *name;
    const char *failure; /* lines that say why it failed; NULL: it passed */
};

/* Writes VERDICTS and the COUNT cases as TAP 14 to the file TAP and as JUnit XML to the file JUNIT
 * ("-": stdout, NULL: not at all). Returns CODE, the run's exit code; when a file can't be written
 * that is said, and a pass becomes LQ_EXIT_ENVIRONMENT. */
int lq_verdicts_write(const struct lq_verdicts *verdicts, const struct lq_verdict_case *cases,
                      uint32_t count, const char *tap, const char *junit, int code);

/* A sink that writes every record and tap to TO, one JSON object a line, after a line that names
 * the format. */
struct lq_history_sink lq_json_lines(FILE *to);

#endif
