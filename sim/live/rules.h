/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault rules beside a live target that no scenario describes: they strike PDUs of whoever is
 * connected, from the start on.
 *
 * What this is not: a scenario (play.h), which has rules of its own. Who uses it: tools (--fault).
 */
#ifndef LQ_SIM_LIVE_RULES_H
#define LQ_SIM_LIVE_RULES_H

#include "core/base/history.h"
#include "core/limits.h"
#include "scenarios/lang/scenario.h"
#include "sim/live/guest.h"
#include "sim/shard/filter.h"

struct lq_live_rules;

/* The rules that the faults of SCENARIO, all about PDUs, mean for a target of LIMITS. What they
 * strike is recorded in HISTORY (NULL: nowhere), which outlives them, as SCENARIO does. NULL: no
 * memory. */
struct lq_live_rules *lq_live_rules_make(const struct lq_scenario *scenario,
                                         const struct lq_limits *limits,
                                         struct lq_history *history);
void lq_live_rules_free(struct lq_live_rules *rules);

/* For the target's configuration: both are needed. */
struct lq_filter *lq_live_rules_filter(struct lq_live_rules *rules);
const struct lq_loop_guest *lq_live_rules_guest(const struct lq_live_rules *rules);

/* By statement of SCENARIO. */
const struct lq_fault_rule *lq_live_rules_table(const struct lq_live_rules *rules);

#endif
