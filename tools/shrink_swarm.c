/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: faults that are not needed are disarmed, options become as tame as they can be; then what
 * is left of steps and strikes is listed, and units of the lists are left out.
 */
#include "tools/shrink_swarm.h"

#include <stdlib.h>
#include <string.h>

#include "sim/stage/plan.h"
#include "tools/shrink.h"

enum { STEPS_MAX = 16 * 1024, STRIKES_MAX = 16 * 1024 };

/* Steps have serials below this; ABORT TASKs after a timeout come by themselves. */
#define STEP_LIMIT (UINT64_C(1) << 39)

/* --- inventory ------------------------------------------------------------------------------ */

struct lq_inventory *lq_inventory_make(void)
{
    struct lq_inventory *inventory = calloc(1, sizeof *inventory);
    if (inventory == NULL)
        return NULL;
    inventory->steps = calloc(STEPS_MAX, sizeof *inventory->steps);
    inventory->strikes = calloc(STRIKES_MAX, sizeof *inventory->strikes);
    if (inventory->steps != NULL && inventory->strikes != NULL)
        return inventory;
    lq_inventory_free(inventory);
    return NULL;
}

void lq_inventory_free(struct lq_inventory *inventory)
{
    if (inventory == NULL)
        return;
    free(inventory->steps);
    free(inventory->strikes);
    free(inventory);
}

void lq_inventory_reset(struct lq_inventory *inventory)
{
    inventory->step_count = inventory->strike_count = 0;
    inventory->records = 0;
}

static void note_step(struct lq_inventory *inventory, uint64_t serial)
{
    uint32_t initiator = (uint32_t)(serial >> 40);
    uint64_t step = serial & ((UINT64_C(1) << 40) - 1);
    if (initiator == 0 || initiator > LQ_PLAN_NEXUSES_MAX || step == 0 || step >= STEP_LIMIT ||
        inventory->step_count == STEPS_MAX)
        return;
    inventory->steps[inventory->step_count++] = (struct lq_scn_steps){initiator, step, step};
}

static void note_strike(struct lq_inventory *inventory, const struct lq_event *event)
{
    if (inventory->strike_count < STRIKES_MAX)
        inventory->strikes[inventory->strike_count++] =
            (struct lq_scn_strike){event->code, event->value};
}

static void on_event(void *context, const struct lq_event *event)
{
    struct lq_inventory *inventory = context;
    inventory->records++;
    switch (event->kind) {
    case LQ_I_COMMAND:
    case LQ_I_TM:
    case LQ_I_LOGOUT:
        note_step(inventory, event->serial);
        break;
    case LQ_W_FAULT:
        note_strike(inventory, event);
        if (event->code == LQ_FAULT_INITIATOR_VANISH || event->code == LQ_FAULT_INITIATOR_RELOGIN)
            note_step(inventory, event->value);
        break;
    default:
        break;
    }
}

struct lq_history_sink lq_inventory_sink(struct lq_inventory *inventory)
{
    return (struct lq_history_sink){.event = on_event, .context = inventory};
}

static int by_step(const void *a, const void *b)
{
    const struct lq_scn_steps *left = a, *right = b;
    if (left->initiator != right->initiator)
        return left->initiator < right->initiator ? -1 : 1;
    return left->first < right->first ? -1 : left->first > right->first;
}

static void sort_steps(struct lq_inventory *inventory)
{
    qsort(inventory->steps, inventory->step_count, sizeof inventory->steps[0], by_step);
    uint32_t count = 0;
    for (uint32_t i = 0; i < inventory->step_count; i++)
        if (count == 0 || by_step(&inventory->steps[count - 1], &inventory->steps[i]) != 0)
            inventory->steps[count++] = inventory->steps[i];
    inventory->step_count = count;
}

/* --- candidates ----------------------------------------------------------------------------- */

struct swarm_shrinker {
    struct lq_scenario *best, *candidate;
    struct lq_inventory *inventory;
    bool (*fails)(void *context, const struct lq_scenario *scenario);
    void *context;
    uint64_t records; /* of the best one's run */
    bool *kept;
    struct lq_scn_steps *steps; /* the units, while steps or strikes go */
    struct lq_scn_strike *strikes;
    uint32_t count;
};

static struct lq_scn_swarm *begin(struct swarm_shrinker *shrinker)
{
    memcpy(shrinker->candidate, shrinker->best, sizeof *shrinker->candidate);
    return &shrinker->candidate->swarm;
}

/* The candidate becomes the best one when it fails, and does not take much longer to do so. */
static bool try(struct swarm_shrinker *shrinker)
{
    if (!shrinker->fails(shrinker->context, shrinker->candidate) ||
        shrinker->inventory->records > shrinker->records + shrinker->records / 4)
        return false;
    memcpy(shrinker->best, shrinker->candidate, sizeof *shrinker->best);
    shrinker->records = shrinker->inventory->records;
    return true;
}

static void disarm_faults(struct swarm_shrinker *shrinker)
{
    memset(begin(shrinker)->odds, 0, sizeof shrinker->best->swarm.odds);
    if (try(shrinker))
        return;
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        if (shrinker->best->swarm.odds[i] == 0)
            continue;
        begin(shrinker)->odds[i] = 0;
        (void)try(shrinker);
    }
}

static uint64_t tamest(const struct lq_scn_setting *setting)
{
    for (uint32_t i = 0; i < LQ_OPTIONS; i++) {
        const struct lq_plan_option_row *row = lq_plan_option_row((enum lq_option)i);
        if (strcmp(row->name, setting->name) == 0)
            return row->values[0];
    }
    return setting->value > 1 ? setting->value / 2 : setting->value; /* commands */
}

static void tame_options(struct swarm_shrinker *shrinker)
{
    for (uint32_t i = 0; i < shrinker->best->swarm.setting_count; i++) {
        for (uint32_t halves = 0; halves < 12; halves++) {
            const struct lq_scn_setting *setting = &shrinker->best->swarm.settings[i];
            uint64_t value = tamest(setting);
            if (value == setting->value)
                break;
            begin(shrinker)->settings[i].value = value;
            if (!try(shrinker))
                break;
        }
    }
}

/* --- steps and strikes ---------------------------------------------------------------------- */

/* The steps that are kept, as ranges; false when there are too many. */
static bool keep_steps(struct swarm_shrinker *shrinker)
{
    struct lq_scn_swarm *swarm = begin(shrinker);
    swarm->step_count = 0;
    bool goes_on = false;
    for (uint32_t i = 0; i < shrinker->count; i++) {
        const struct lq_scn_steps *steps = &shrinker->steps[i];
        struct lq_scn_steps *last = &swarm->steps[swarm->step_count - (swarm->step_count > 0)];
        if (!shrinker->kept[i]) {
            goes_on = false;
        } else if (goes_on && last->initiator == steps->initiator) {
            last->last = steps->last; /* what lies between did nothing */
        } else {
            if (swarm->step_count == LQ_SCN_KEPT_MAX)
                return false;
            swarm->steps[swarm->step_count++] = *steps;
            goes_on = true;
        }
    }
    return swarm->step_count > 0; /* none would be all */
}

static bool fails_with_steps(void *context)
{
    struct swarm_shrinker *shrinker = context;
    return keep_steps(shrinker) && try(shrinker);
}

static bool keep_strikes(struct swarm_shrinker *shrinker)
{
    struct lq_scn_swarm *swarm = begin(shrinker);
    bool needed[LQ_FAULTS] = {false};
    swarm->strike_count = 0;
    for (uint32_t i = 0; i < shrinker->count; i++) {
        if (!shrinker->kept[i])
            continue;
        if (swarm->strike_count == LQ_SCN_KEPT_MAX)
            return false;
        needed[shrinker->strikes[i].fault] = true;
        swarm->strikes[swarm->strike_count++] = shrinker->strikes[i];
    }
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        if (!needed[i])
            swarm->odds[i] = 0;
    return true;
}

static bool fails_with_strikes(void *context)
{
    struct swarm_shrinker *shrinker = context;
    return keep_strikes(shrinker) && try(shrinker);
}

/* Runs the best one again, so that the inventory is its own. */
static bool take_stock(struct swarm_shrinker *shrinker)
{
    bool fails = shrinker->fails(shrinker->context, shrinker->best);
    shrinker->records = shrinker->inventory->records;
    return fails;
}

static void leave_out_steps(struct swarm_shrinker *shrinker)
{
    struct lq_inventory *inventory = shrinker->inventory;
    sort_steps(inventory);
    shrinker->count = inventory->step_count;
    shrinker->steps = malloc((shrinker->count + 1) * sizeof *shrinker->steps);
    if (shrinker->steps == NULL)
        return;
    memcpy(shrinker->steps, inventory->steps, shrinker->count * sizeof *shrinker->steps);
    for (uint32_t i = 0; i < shrinker->count; i++)
        shrinker->kept[i] = true;
    lq_shrink_units(shrinker->kept, shrinker->count, fails_with_steps, shrinker);
    free(shrinker->steps);
}

static void leave_out_strikes(struct swarm_shrinker *shrinker)
{
    struct lq_inventory *inventory = shrinker->inventory;
    shrinker->count = inventory->strike_count;
    shrinker->strikes = malloc((shrinker->count + 1) * sizeof *shrinker->strikes);
    if (shrinker->strikes == NULL)
        return;
    memcpy(shrinker->strikes, inventory->strikes, shrinker->count * sizeof *shrinker->strikes);
    for (uint32_t i = 0; i < shrinker->count; i++)
        shrinker->kept[i] = true;
    lq_shrink_units(shrinker->kept, shrinker->count, fails_with_strikes, shrinker);
    free(shrinker->strikes);
}

static void shrink(struct swarm_shrinker *shrinker)
{
    enum { ROUNDS = 2 };
    for (uint32_t round = 0; round < ROUNDS && take_stock(shrinker); round++) {
        uint64_t before = shrinker->records;
        disarm_faults(shrinker);
        tame_options(shrinker);
        if (take_stock(shrinker))
            leave_out_strikes(shrinker);
        if (take_stock(shrinker))
            leave_out_steps(shrinker);
        if (round > 0 && shrinker->records == before)
            break;
    }
}

void lq_shrink_swarm(struct lq_scenario *scenario, struct lq_inventory *inventory,
                     bool (*fails)(void *context, const struct lq_scenario *scenario),
                     void *context)
{
    struct swarm_shrinker shrinker = {.best = scenario,
                                      .candidate = malloc(sizeof *scenario),
                                      .inventory = inventory,
                                      .fails = fails,
                                      .context = context,
                                      .kept = calloc(STEPS_MAX + STRIKES_MAX, sizeof(bool))};
    if (shrinker.candidate != NULL && shrinker.kept != NULL)
        shrink(&shrinker);
    free(shrinker.candidate);
    free(shrinker.kept);
}
