/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin events of a scenario: what it changes about LUNs, in the plan, so that a target that
 * restarts has them as they are, and in the target.
 *
 * Used by sim/stage's script and by worlds.
 */
#ifndef LQ_SIM_STAGE_ADMIN_H
#define LQ_SIM_STAGE_ADMIN_H

#include "sim/shard/shard.h"
#include "sim/stage/plan.h"

struct lq_world;
struct lq_scenario;
struct lq_scn_change;

/* Makes the LUN of CHANGE what it says. Returns what the target refuses, else NULL. */
const char *lq_world_change(struct lq_world *world, const struct lq_scn_change *change);

/* The input that adds unit NUMBER of PLAN as it is now. */
struct lq_admin lq_plan_unit_admin(const struct lq_plan *plan, uint32_t number);

/* All units of PLAN that are there, into a new shard. Returns what is refused, else NULL. */
const char *lq_plan_add_units(const struct lq_plan *plan, struct lq_shard *shard, uint64_t now_ns);

/* Records those that are not: judges must know which disk a command is for that is on its way when
 * its LUN comes. */
void lq_world_announce_units(struct lq_world *world);

#endif
