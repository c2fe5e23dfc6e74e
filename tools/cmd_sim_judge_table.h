/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How soon each deliberate wrong is convicted, as the Markdown of docs/JUDGES.md on standard
 * output: the median, over campaigns of seeds that have none in common, of the first convicting
 * seed's rank, and the first of the given scenarios that convicts it.
 */
#ifndef LQ_TOOLS_CMD_SIM_JUDGE_TABLE_H
#define LQ_TOOLS_CMD_SIM_JUDGE_TABLE_H

#include "tools/cmd_sim_run.h"
#include "tools/options.h"

/* SETTINGS name one wrong, or none: then all have a row. Returns an exit code; a wrong that neither
 * seeds nor scenarios convict makes it LQ_EXIT_VIOLATED. */
int lq_sim_judge_table(const struct lq_options *options, const struct lq_sim_settings *settings);

#endif
