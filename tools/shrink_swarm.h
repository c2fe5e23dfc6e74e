/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A swarm made smaller: fewer faults, tamer options, less of what initiators do and of what strikes
 * them.
 *
 * Who uses it: cmd_sim_shrink.c.
 */
#ifndef LQ_TOOLS_SHRINK_SWARM_H
#define LQ_TOOLS_SHRINK_SWARM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"
#include "scenarios/lang/scenario.h"

/* What happened in a run that could be left out. */
struct lq_inventory {
    struct lq_scn_steps *steps; /* one each, in order, without doubles */
    uint32_t step_count;
    struct lq_scn_strike *strikes;
    uint32_t strike_count;
    uint64_t records;
};

struct lq_inventory *lq_inventory_make(void); /* NULL without memory */
void lq_inventory_free(struct lq_inventory *inventory);
void lq_inventory_reset(struct lq_inventory *inventory);
struct lq_history_sink lq_inventory_sink(struct lq_inventory *inventory);

/* Makes SCENARIO's swarm, which fails, smaller. FAILS runs a scenario; INVENTORY listens to its
 * runs, and FAILS resets it before each. */
void lq_shrink_swarm(struct lq_scenario *scenario, struct lq_inventory *inventory,
                     bool (*fails)(void *context, const struct lq_scenario *scenario),
                     void *context);

#endif
