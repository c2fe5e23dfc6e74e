/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario on trial in the live world: its file, its play (sim/live/play.h), the judges that read
 * along, and the verdict. Who uses it: target.c, for serve and with --scenario.
 */
#ifndef LQ_TOOLS_TRIAL_H
#define LQ_TOOLS_TRIAL_H

#include <stdbool.h>

#include "sim/live/play.h"
#include "tools/cmd_sim_run.h"
#include "tools/options.h"

struct lq_trial;

/* Reads --scenario FILE of OPTIONS and makes its play. IS_OVER is called in the loop when its
 * initiators have left. NULL after a message; CODE is the exit code then. */
struct lq_trial *lq_trial_make(const struct lq_options *options, const struct lq_sim_wrong *wrong,
                               void (*is_over)(void *context), void *context, int *code);
void lq_trial_free(struct lq_trial *trial);

/* See play.h. False after a message. */
bool lq_trial_configure(struct lq_trial *trial, struct lq_live_config *live);
bool lq_trial_start(struct lq_trial *trial, struct lq_live *live);

struct lq_play *lq_trial_play(struct lq_trial *trial);

/* After the loop, before the target is closed: prints the verdict. LQ_EXIT_PASS, LQ_EXIT_VIOLATED,
 * or LQ_EXIT_STOPPED when the play had not come to its end. */
int lq_trial_end(struct lq_trial *trial, struct lq_live *live);

#endif
