/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure made small: from a seed or a scenario that violates a property to a short scenario file
 * that violates the same one.
 *
 * Who uses it: cmd_sim.c, cmd_sim_scenario.c and cmd_sim_campaign.c, after a failure.
 */
#ifndef LQ_TOOLS_CMD_SIM_SHRINK_H
#define LQ_TOOLS_CMD_SIM_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#include "scenarios/lang/scenario.h"
#include "tools/cmd_sim_run.h"
#include "tools/options.h"

/* OPTIONS want failures of these SETTINGS shrunk: --no-shrink is not given, and with a planted
 * wrong --shrink is. */
bool lq_shrink_is_wanted(const struct lq_options *options, const struct lq_sim_settings *settings);

/* Shrinks SEED, or SCENARIO (read from FILE) unless it is NULL, which fails, writes the file and
 * says where it is and how to run it. Nothing is done unless a judge, an initiator or its end
 * failed it. */
void lq_sim_shrink(const struct lq_options *options, const struct lq_sim_settings *settings,
                   const struct lq_scenario *scenario, const char *file, uint64_t seed);

#endif
