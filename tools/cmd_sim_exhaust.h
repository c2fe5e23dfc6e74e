/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lunquake sim --exhaust FILE.scn`: every order of a small world (exhaust.h), in words.
 *
 * Who uses it: cmd_sim.c.
 */
#ifndef LQ_TOOLS_CMD_SIM_EXHAUST_H
#define LQ_TOOLS_CMD_SIM_EXHAUST_H

#include "tools/cmd_sim_run.h"
#include "tools/options.h"

/* Explores the one file of OPTIONS; returns the exit code. */
int lq_sim_exhaust(const struct lq_options *options, const struct lq_sim_settings *settings);

#endif
