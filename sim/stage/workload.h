/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an initiator of a scenario that works by itself is told to do: settings of its `workload'
 * block, which are options of the plan by their own names.
 *
 * What this is not: the block's form (scenarios/lang/world.c). Who uses it: the stage, tools.
 */
#ifndef LQ_SIM_STAGE_WORKLOAD_H
#define LQ_SIM_STAGE_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "scenarios/lang/scenario.h"
#include "sim/stage/plan.h"

/* All settings of SCENARIO's workloads are such options, with values in their range. False: PROBLEM
 * says where and why. */
bool lq_workload_check(const struct lq_scenario *scenario, struct lq_scn_problem *problem);

/* OPTIONS (LQ_OPTIONS of them) become those of INITIATOR, which is checked. */
void lq_workload_apply(const struct lq_scn_initiator *initiator, uint64_t *options);

#endif
