/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --fault RULE of serve and with: rules in the scenario language's own words, added to a scenario
 * (--scenario) or alone; and what has become of a live run's rules. Used by trial.c and target.c.
 */
#ifndef LQ_TOOLS_FAULT_OPTION_H
#define LQ_TOOLS_FAULT_OPTION_H

#include <stdbool.h>
#include <stdio.h>

#include "scenarios/lang/scenario.h"
#include "tools/options.h"

/* Adds the rules of OPTIONS to SCENARIO; all zeros: there is none. False after a message. */
bool lq_fault_options_add(const struct lq_options *options, struct lq_scenario *scenario);

/* A line for each fault of SCENARIO: how many PDUs, requests and the like its rule in RULES (by
 * statement) has matched, and how many it has struck. */
void lq_faults_print(const struct lq_scenario *scenario, const struct lq_fault_rule *rules,
                     FILE *to);

/* Some rule has struck nothing. */
bool lq_faults_any_unfired(const struct lq_scenario *scenario, const struct lq_fault_rule *rules);

#endif
