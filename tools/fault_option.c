/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/fault_option.h"

#include <inttypes.h>
#include <string.h>

#include "sim/shard/shard.h"
#include "tools/cmd_sim_scenario.h"
#include "tools/message.h"

/* --- read ------------------------------------------------------------------------------------- */

static bool is_of(const struct lq_scenario *scenario, enum lq_fault_place place)
{
    const struct lq_scn_statement *newest = &scenario->statements[scenario->statement_count - 1];
    return lq_fault_class((enum lq_fault)newest->fault.fault)->place == place;
}

static bool add(struct lq_scenario *scenario, const char *rule, bool is_alone)
{
    struct lq_scn_problem problem;
    if (!lq_scenario_add_fault(scenario, lq_shard_pdus, rule, strlen(rule), &problem)) {
        lq_sim_refuse("--fault", rule, &problem);
        return false;
    }
    if (is_alone && !is_of(scenario, LQ_FAULT_PLACE_PDU)) {
        lq_message("--fault: `%s' is about no PDUs; expected a fault pdu.*, as LUNs of --ram and "
                   "--file have no faults; describe the target in a file and give it with "
                   "--scenario",
                   rule);
        return false;
    }
    if (is_of(scenario, LQ_FAULT_PLACE_WORLD)) {
        lq_message("--fault: `%s' needs the virtual world; expected a fault of network, PDUs, "
                   "disks or initiators; write it in a file and run that with `lunquake sim'",
                   rule);
        return false;
    }
    return true;
}

bool lq_fault_options_add(const struct lq_options *options, struct lq_scenario *scenario)
{
    bool is_alone = scenario->target_count == 0;
    for (uint32_t i = 0; i < options->fault_count; i++)
        if (!add(scenario, options->faults[i], is_alone))
            return false;
    return true;
}

/* --- printed ---------------------------------------------------------------------------------- */

void lq_faults_print(const struct lq_scenario *scenario, const struct lq_fault_rule *rules,
                     FILE *to)
{
    for (uint32_t i = 0; i < scenario->statement_count; i++) {
        char text[LQ_SCN_LINE_MAX];
        if (scenario->statements[i].kind != LQ_SCN_FAULT)
            continue;
        lq_scenario_print_statement(scenario, i, text);
        fprintf(to, "%s: fired %" PRIu64 " of %" PRIu64 "\n", text, rules[i].fired,
                rules[i].matched);
    }
    fflush(to);
}

bool lq_faults_any_unfired(const struct lq_scenario *scenario, const struct lq_fault_rule *rules)
{
    for (uint32_t i = 0; i < scenario->statement_count; i++)
        if (scenario->statements[i].kind == LQ_SCN_FAULT && rules[i].fired == 0)
            return true;
    return false;
}
