/* SPDX-License-Identifier: Apache-2.0 */
/* What people asked to see of a run: --ladder and --html; and whether it can be written. */
#ifndef LQ_TOOLS_CMD_SIM_SHOW_H
#define LQ_TOOLS_CMD_SIM_SHOW_H

#include "tools/cmd_sim.h"
#include "tools/cmd_sim_run.h"

/* Shows the last run of SIM, called TITLE, which ended with VERDICT. CODE is its exit code; returns
 * it, or another one when a file can't be written. */
int lq_sim_show(const struct lq_options *options, const struct lq_sim_extras *extras,
                const struct lq_sim *sim, const char *title, enum lq_sim_verdict verdict,
                int code);

/* The files and the directory that OPTIONS name for what comes after a run can be written: they are
 * looked at before it, and left as they are. False after a message. */
bool lq_sim_can_write(const struct lq_options *options);

#endif
