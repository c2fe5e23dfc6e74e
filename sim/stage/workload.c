/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/workload.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/print.h"

#define S UINT64_C(1000000000)

/* What an initiator that works by itself can be told: options of the plan, and their ranges. */
static const struct setting {
    enum lq_option option;
    uint64_t least, most;
} settings[] = {{LQ_OPT_DEPTH, 1, LQ_PLAN_DEPTH_MAX},
                {LQ_OPT_THINK, 0, 60 * S},
                {LQ_OPT_HOT_BLOCKS, 1, 1024},
                {LQ_OPT_HOT_ODDS, 0, 16},
                {LQ_OPT_COMMAND_BLOCKS, 1, 32},
                {LQ_OPT_WRITES, 0, 16},
                {LQ_OPT_OTHERS, 0, 64},
                {LQ_OPT_BAD, 0, 64},
                {LQ_OPT_TM, 0, 64},
                {LQ_OPT_RESETS, 0, 16},
                {LQ_OPT_ORDERED, 0, 16},
                {LQ_OPT_HEAD_OF_QUEUE, 0, 16},
                {LQ_OPT_COMMAND_TIMEOUT, S / 1000, 60 * S},
                {LQ_OPT_NEW_ISID, 0, 16},
                {LQ_OPT_RESERVATIONS, 0, 64},
                {LQ_OPT_RESERVES, 0, 64},
                {LQ_OPT_NACA, 0, 64},
                {LQ_OPT_MODE_SELECTS, 0, 32}};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static const struct setting *setting_of(const char *name)
{
    for (uint32_t i = 0; i < SETTINGS; i++)
        if (strcmp(lq_plan_option_row(settings[i].option)->name, name) == 0)
            return &settings[i];
    return NULL;
}

/* The number of which a value is a part; 0: of none. */
static uint32_t whole_of(enum lq_option_unit unit)
{
    return unit == LQ_UNIT_OF_16 ? 16 : unit == LQ_UNIT_OF_64 ? 64 : 0;
}

/* --- check ---------------------------------------------------------------------------------- */

static struct lq_print refuse(const struct lq_scn_setting *given, struct lq_scn_problem *problem,
                              const char *wrong)
{
    problem->place = given->place;
    problem->width = (uint32_t)strlen(given->name);
    struct lq_print print = lq_print_into(problem->text, sizeof problem->text);
    lq_print_text(&print, "`");
    lq_print_text(&print, given->name);
    lq_print_text(&print, wrong);
    lq_print_text(&print, "; expected ");
    return print;
}

static bool refuse_name(const struct lq_scn_setting *given, struct lq_scn_problem *problem)
{
    struct lq_print print = refuse(given, problem, "' is no setting of a workload");
    for (uint32_t i = 0; i < SETTINGS; i++) {
        lq_print_text(&print, i == 0 ? "" : ", ");
        lq_print_text(&print, lq_plan_option_row(settings[i].option)->name);
    }
    return false;
}

static bool refuse_value(const struct lq_scn_setting *given, struct lq_scn_problem *problem,
                         const struct setting *setting)
{
    const struct lq_plan_option_row *row = lq_plan_option_row(setting->option);
    struct lq_print print = refuse(given, problem, "' has no such value");
    bool is_time = row->unit == LQ_UNIT_TIME;
    if (is_time)
        lq_print_duration(&print, setting->least);
    else
        lq_print_number(&print, setting->least);
    lq_print_text(&print, " to ");
    if (is_time)
        lq_print_duration(&print, setting->most);
    else
        lq_print_number(&print, setting->most);
    if (whole_of(row->unit) != 0) {
        lq_print_text(&print, " of ");
        lq_print_number(&print, whole_of(row->unit));
    }
    return false;
}

static bool check(const struct lq_scn_setting *given, struct lq_scn_problem *problem)
{
    const struct setting *setting = setting_of(given->name);
    if (setting == NULL)
        return refuse_name(given, problem);
    enum lq_option_unit unit = lq_plan_option_row(setting->option)->unit;
    bool is_time = given->unit == (uint32_t)LQ_SCN_OR_NEVER;
    bool fits = given->value == 0 || is_time == (unit == LQ_UNIT_TIME);
    bool is_whole = given->of == 0 || given->of == whole_of(unit);
    return (fits && is_whole && given->unit != (uint32_t)LQ_SCN_SIZE &&
            given->value >= setting->least && given->value <= setting->most) ||
           refuse_value(given, problem, setting);
}

bool lq_workload_check(const struct lq_scenario *scenario, struct lq_scn_problem *problem)
{
    for (uint32_t i = 0; i < scenario->initiator_count; i++) {
        const struct lq_scn_initiator *initiator = &scenario->initiators[i];
        for (uint32_t s = 0; s < initiator->setting_count; s++)
            if (!check(&initiator->settings[s], problem))
                return false;
    }
    return true;
}

/* --- options -------------------------------------------------------------------------------- */

void lq_workload_apply(const struct lq_scn_initiator *initiator, uint64_t *options)
{
    for (uint32_t i = 0; i < initiator->setting_count; i++) {
        const struct setting *setting = setting_of(initiator->settings[i].name);
        LQ_ASSERT(setting != NULL);
        options[setting->option] = initiator->settings[i].value;
    }
}
