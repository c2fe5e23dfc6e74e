/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lunquake sim`: runs seeds in the virtual world, judges them, and says what happened.
 *
 * Who uses it: the program (main.c) and lunquake-sim (sim_main.c), which has nothing else.
 */
#ifndef LQ_TOOLS_CMD_SIM_H
#define LQ_TOOLS_CMD_SIM_H

#include "tools/campaign_store.h"
#include "tools/options.h"

/* Runs what OPTIONS ask for; returns the exit code. STORE keeps campaigns; NULL: this program has
 * none. */
int lq_cmd_sim(const struct lq_options *options, const struct lq_campaign_store_ops *store);

#endif
