/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: records of a history as readable lines, totals as aligned tables. */
#ifndef LQ_TOOLS_CMD_SIM_REPORT_H
#define LQ_TOOLS_CMD_SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/history.h"
#include "sim/stage/plan.h"
#include "sim/virtual/totals.h"

/* EVENT as one line, newline included, after INDENT spaces. */
void lq_report_event(FILE *to, const struct lq_event *event, int indent);

/* What EVENT is and says in short, without time and author: at most SIZE bytes, NUL included;
 * what had to be cut ends with "...". */
void lq_report_event_text(const struct lq_event *event, char *text, size_t size);

/* A sink that writes every record to TO, one a line. */
struct lq_history_sink lq_report_trace(FILE *to);

/* The options and the armed faults of PLAN, one a line. */
void lq_report_plan(FILE *to, const struct lq_plan *plan);

/* Tables of COUNTS; rows that are 0 come first. Returns how many required rows are 0. */
uint32_t lq_report_counts(FILE *to, const struct lq_counts *counts);

/* The rate of COMMANDS in the processor time that WHOM (RUSAGE_SELF, RUSAGE_CHILDREN) has used. */
void lq_report_bench(FILE *to, int whom, uint64_t commands, bool is_unjudged);

#endif
