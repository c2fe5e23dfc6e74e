/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/swarm.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/print.h"

static const char commands_name[] = "commands";

enum { COMMANDS_MAX = 1000 * 1000 * 1000 };

/* --- check ---------------------------------------------------------------------------------- */

static enum lq_option option_of(const char *name)
{
    uint32_t i = 0;
    while (i < LQ_OPTIONS && strcmp(lq_plan_option_row((enum lq_option)i)->name, name) != 0)
        i++;
    return (enum lq_option)i;
}

static bool has_value(const struct lq_plan_option_row *row, uint64_t value)
{
    for (uint32_t i = 0; i < row->count; i++)
        if (row->values[i] == value)
            return true;
    return false;
}

/* How VALUE of an option is written. */
static enum lq_scn_unit unit_of(enum lq_option_unit unit, uint64_t value)
{
    if (unit == LQ_UNIT_TIME && value != 0)
        return LQ_SCN_OR_NEVER;
    return unit == LQ_UNIT_BYTES && value % 1024 == 0 && value != 0 ? LQ_SCN_SIZE : LQ_SCN_NUMBER;
}

static bool is_good(const struct lq_scn_setting *setting, const struct lq_plan_option_row *row)
{
    bool is_time = setting->unit == (uint32_t)LQ_SCN_OR_NEVER;
    bool is_size = setting->unit == (uint32_t)LQ_SCN_SIZE;
    bool fits = (row->unit == LQ_UNIT_TIME) == is_time && (row->unit == LQ_UNIT_BYTES || !is_size);
    return (fits || setting->value == 0) && has_value(row, setting->value);
}

static bool refuse(const struct lq_scn_setting *setting, struct lq_scn_problem *problem,
                   const char *wrong, const char *expected)
{
    problem->place = setting->place;
    problem->width = (uint32_t)strlen(setting->name);
    struct lq_print print = lq_print_into(problem->text, sizeof problem->text);
    lq_print_text(&print, "`");
    lq_print_text(&print, setting->name);
    lq_print_text(&print, wrong);
    lq_print_text(&print, "; expected ");
    lq_print_text(&print, expected);
    return false;
}

static bool refuse_name(const struct lq_scn_setting *setting, struct lq_scn_problem *problem)
{
    char text[LQ_SCN_PROBLEM_MAX];
    struct lq_print expected = lq_print_into(text, sizeof text);
    lq_print_text(&expected, commands_name);
    for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
        lq_print_text(&expected, ", ");
        lq_print_text(&expected, lq_plan_option_row((enum lq_option)i)->name);
    }
    return refuse(setting, problem, "' is no setting of a swarm", text);
}

static bool refuse_value(const struct lq_scn_setting *setting, struct lq_scn_problem *problem,
                         const struct lq_plan_option_row *row)
{
    char text[LQ_SCN_PROBLEM_MAX];
    struct lq_print expected = lq_print_into(text, sizeof text);
    for (uint32_t i = 0; i < row->count; i++) {
        lq_print_text(&expected, i == 0 ? "" : ", ");
        if (row->unit == LQ_UNIT_TIME && row->values[i] != 0)
            lq_print_duration(&expected, row->values[i]);
        else
            lq_print_number(&expected, row->values[i]);
    }
    return refuse(setting, problem, "' has no such value", text);
}

static bool check_setting(const struct lq_scn_setting *setting, struct lq_scn_problem *problem)
{
    if (strcmp(setting->name, commands_name) == 0)
        return (setting->unit == (uint32_t)LQ_SCN_NUMBER && setting->value > 0 &&
                setting->value <= COMMANDS_MAX) ||
               refuse(setting, problem, "' has no such value", "1 to 1000000000");
    enum lq_option option = option_of(setting->name);
    if (option == LQ_OPTIONS)
        return refuse_name(setting, problem);
    const struct lq_plan_option_row *row = lq_plan_option_row(option);
    return is_good(setting, row) || refuse_value(setting, problem, row);
}

bool lq_swarm_check(const struct lq_scenario *scenario, struct lq_scn_problem *problem)
{
    for (uint32_t i = 0; i < scenario->swarm.setting_count; i++)
        if (!check_setting(&scenario->swarm.settings[i], problem))
            return false;
    return true;
}

/* --- plan ----------------------------------------------------------------------------------- */

void lq_plan_from_swarm(struct lq_plan *plan, struct lq_choice *choice,
                        enum lq_transport_kind transport,
                        const struct lq_scn_swarm *swarm, uint64_t commands)
{
    lq_plan_make(plan, choice, transport, swarm->seed, commands);
    for (uint32_t i = 0; i < swarm->setting_count; i++) {
        const struct lq_scn_setting *setting = &swarm->settings[i];
        enum lq_option option = option_of(setting->name);
        if (option < LQ_OPTIONS)
            plan->options[option] = setting->value;
        else
            plan->commands = setting->value;
    }
    if (plan->options[LQ_OPT_STORES] > plan->options[LQ_OPT_LUNS])
        plan->options[LQ_OPT_STORES] = plan->options[LQ_OPT_LUNS];
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        if (swarm->has_odds[i])
            plan->odds[i] = swarm->odds[i];
    lq_plan_derive(plan);
}

static void add_setting(struct lq_scn_swarm *swarm, const char *name, enum lq_scn_unit unit,
                        uint64_t value)
{
    LQ_ASSERT(swarm->setting_count < LQ_SCN_SETTINGS_MAX && strlen(name) <= LQ_SCN_NAME_MAX);
    struct lq_scn_setting *setting = &swarm->settings[swarm->setting_count++];
    memcpy(setting->name, name, strlen(name) + 1);
    setting->unit = (uint32_t)unit;
    setting->value = value;
}

void lq_swarm_from_plan(struct lq_scenario *scenario, const struct lq_plan *plan)
{
    memset(scenario, 0, sizeof *scenario);
    struct lq_print title = lq_print_into(scenario->title, sizeof scenario->title);
    lq_print_text(&title, "seed ");
    lq_print_number(&title, plan->seed);
    struct lq_scn_swarm *swarm = &scenario->swarm;
    scenario->transport = plan->transport;
    swarm->is_given = true;
    swarm->seed = plan->seed;
    add_setting(swarm, commands_name, LQ_SCN_NUMBER, plan->commands);
    for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
        const struct lq_plan_option_row *row = lq_plan_option_row((enum lq_option)i);
        add_setting(swarm, row->name, unit_of(row->unit, plan->options[i]), plan->options[i]);
    }
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        swarm->has_odds[i] = true;
        swarm->odds[i] = plan->odds[i];
    }
}

/* --- what is kept --------------------------------------------------------------------------- */

uint64_t lq_swarm_step(const struct lq_scn_swarm *swarm, uint32_t number, uint64_t step)
{
    if (swarm->step_count == 0)
        return step;
    for (uint32_t i = 0; i < swarm->step_count; i++) {
        const struct lq_scn_steps *steps = &swarm->steps[i];
        if (steps->initiator == number && steps->last >= step)
            return steps->first > step ? steps->first : step;
    }
    return 0;
}

bool lq_swarm_keeps_strike(const struct lq_scn_swarm *swarm, enum lq_fault fault,
                           uint64_t subject)
{
    for (uint32_t i = 0; i < swarm->strike_count; i++)
        if (swarm->strikes[i].fault == (uint32_t)fault && swarm->strikes[i].subject == subject)
            return true;
    return swarm->strike_count == 0;
}
