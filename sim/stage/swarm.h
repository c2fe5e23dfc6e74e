/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seed written out: the `swarm' of a scenario as a plan, and a plan as a `swarm'.
 *
 * What this is not: the statement's form (scenarios/lang/swarm.c). Who uses it: the worlds, and
 * tools, which print seeds and shrink failures.
 */
#ifndef LQ_SIM_STAGE_SWARM_H
#define LQ_SIM_STAGE_SWARM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/choice.h"
#include "scenarios/lang/scenario.h"
#include "sim/stage/plan.h"

/* All settings of SCENARIO's swarm are of the plan's table, with values that stand there. False:
 * PROBLEM says where and why. A scenario without swarm is good. */
bool lq_swarm_check(const struct lq_scenario *scenario, struct lq_scn_problem *problem);

/* PLAN as SWARM, which is checked, says; CHOICE draws as its seed says, over TRANSPORT. COMMANDS:
 * when it does not say how many. */
void lq_plan_from_swarm(struct lq_plan *plan, struct lq_choice *choice,
                        enum lq_transport_kind transport,
                        const struct lq_scn_swarm *swarm, uint64_t commands);

/* SCENARIO becomes PLAN's seed with nothing left to be drawn: every option, every fault. */
void lq_swarm_from_plan(struct lq_scenario *scenario, const struct lq_plan *plan);

/* The first step from STEP on that SWARM keeps of initiator NUMBER; 0: there is none. */
uint64_t lq_swarm_step(const struct lq_scn_swarm *swarm, uint32_t number, uint64_t step);

/* SWARM keeps this strike of FAULT. */
bool lq_swarm_keeps_strike(const struct lq_scn_swarm *swarm, enum lq_fault fault,
                           uint64_t subject);

#endif
