/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order within a task set [SAM-5 8.6 to 8.9]. A logical unit has one for all I_T nexuses (TST 000b)
 * or one for each (TST 001b); its list has them all, in order of entry.
 *
 *   SIMPLE         is enabled when no older ORDERED or HEAD OF QUEUE command is in the set
 *   ORDERED        is enabled when every older command has ended
 *   HEAD OF QUEUE  is enabled when it is received; the order of two of them is open
 *
 * "Ended" is ended: status handed over, not merely given to the store.
 */
#include "core/state.h"

static bool may_begin(const struct lq_engine *engine, const struct lq_engine_task *task,
                      const struct lq_ahead *ahead)
{
    if (task->unit->acas > 0 && (lq_aca_passes(task) || lq_aca_blocks(engine, task)))
        return lq_aca_passes(task);
    switch (task->attribute) {
    case LQ_HEAD_OF_QUEUE:
        return !(lq_core_wrong(engine, LQ_WRONG_HEAD_OF_QUEUE_WAITS) && ahead->any) &&
               !(lq_core_wrong(engine, LQ_WRONG_HEAD_OF_QUEUE_BEHIND_ORDERED) && ahead->ordered);
    case LQ_ORDERED:
        if (lq_core_wrong(engine, LQ_WRONG_ORDERED_AS_SIMPLE))
            break;
        if (lq_core_wrong(engine, LQ_WRONG_ORDERED_WAITS_FOR_DISPATCH))
            return !ahead->any_not_dispatched;
        if (lq_core_wrong(engine, LQ_WRONG_ORDERED_AFTER_FIRST_END) && ahead->rescan)
            return true;
        if (lq_core_wrong(engine, LQ_WRONG_ORDERED_PASSES_ORDERED))
            return !ahead->any_but_ordered;
        return !ahead->any;
    case LQ_SIMPLE:
    case LQ_ACA: break;
    }
    if (lq_core_wrong(engine, LQ_WRONG_HEAD_OF_QUEUE_NOT_COUNTED))
        return !ahead->ordered;
    return !ahead->barrier || lq_core_wrong(engine, LQ_WRONG_SIMPLE_OVERTAKES_ORDERED);
}

static bool is_barrier(const struct lq_engine_task *task)
{
    return task->attribute == LQ_ORDERED || task->attribute == LQ_HEAD_OF_QUEUE;
}

bool lq_taskset_is_per_nexus(const struct lq_engine *engine, const struct lq_unit *unit)
{
    return (unit->control.is_per_nexus && !lq_core_wrong(engine, LQ_WRONG_TST_IGNORED)) ||
           lq_core_wrong(engine, LQ_WRONG_TASK_SETS_PER_NEXUS);
}

static void enable(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->enabled = true;
    lq_record_task(engine, task, LQ_E_ENABLED);
    lq_task_make_ready(engine, task);
}

static void mark_for_rescan(struct lq_engine *engine, struct lq_unit *unit)
{
    if (unit->dormant > 0 && !lq_link_is_linked(&unit->rescan_link))
        lq_list_append(&engine->rescan, &unit->rescan_link);
}

/* What entry takes for waiting may be let go at once by these wrongs. */
static void looks_closer(struct lq_engine *engine, struct lq_unit *unit)
{
    lq_taskset_dispatched(engine, unit);
    if (lq_core_wrong(engine, LQ_WRONG_ORDERED_PASSES_ORDERED) ||
        lq_core_wrong(engine, LQ_WRONG_HEAD_OF_QUEUE_NOT_COUNTED))
        mark_for_rescan(engine, unit);
}

static void look_at(struct lq_ahead *ahead, const struct lq_engine_task *task)
{
    ahead->any = true;
    ahead->barrier = ahead->barrier || is_barrier(task);
    ahead->ordered = ahead->ordered || task->attribute == LQ_ORDERED;
    ahead->any_but_ordered = ahead->any_but_ordered || task->attribute != LQ_ORDERED;
    ahead->any_not_dispatched = ahead->any_not_dispatched || task->state == LQ_TASK_IN_SET ||
                                task->state == LQ_TASK_HELD || task->state == LQ_TASK_WAITING;
}

/* What a command of NEXUS finds when it enters. Of one task set only the wrongs ask for details:
 * they look closer, at the next rescan. */
static struct lq_ahead ahead_at_entry(const struct lq_engine *engine, const struct lq_unit *unit,
                                      const struct lq_engine_nexus *nexus)
{
    bool any = !lq_list_is_empty(&unit->tasks), barrier = unit->barriers > 0;
    struct lq_ahead ahead = {.any = any,
                             .barrier = barrier,
                             .ordered = barrier,
                             .any_but_ordered = any,
                             .any_not_dispatched = any};
    if (!any || !lq_taskset_is_per_nexus(engine, unit))
        return ahead;
    ahead = (struct lq_ahead){0};
    LQ_LIST_EACH(link, &unit->tasks)
    {
        const struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, set_link);
        if (task->nexus == nexus)
            look_at(&ahead, task);
    }
    return ahead;
}

void lq_taskset_enter(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    if (unit == NULL) { /* no logical unit, no task set: it only gets its refusal */
        task->enabled = true;
        lq_task_make_ready(engine, task);
        return;
    }
    if (engine->env->history != NULL) {
        struct lq_event event = lq_task_event(engine, task, LQ_E_ENTERED);
        event.code = (uint32_t)task->attribute;
        event.value = unit->number;
        lq_record(engine, event);
    }
    struct lq_ahead ahead = ahead_at_entry(engine, unit, task->nexus);
    lq_list_append(&unit->tasks, &task->set_link);
    if (is_barrier(task))
        unit->barriers++;
    if (may_begin(engine, task, &ahead)) {
        enable(engine, task);
    } else {
        unit->dormant++;
        looks_closer(engine, unit);
    }
}

void lq_taskset_dispatched(struct lq_engine *engine, struct lq_unit *unit)
{
    if (lq_core_wrong(engine, LQ_WRONG_ORDERED_WAITS_FOR_DISPATCH))
        mark_for_rescan(engine, unit);
}

void lq_taskset_leave(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    if (unit == NULL || !lq_link_is_linked(&task->set_link))
        return;
    lq_list_remove(&task->set_link);
    if (is_barrier(task))
        unit->barriers--;
    if (!task->enabled)
        unit->dormant--;
    if (!(task->aborted && lq_core_wrong(engine, LQ_WRONG_ABORT_WAKES_NOBODY)))
        mark_for_rescan(engine, unit);
}

void lq_taskset_changed(struct lq_engine *engine, struct lq_unit *unit)
{
    if (!lq_link_is_linked(&unit->rescan_link))
        lq_list_append(&engine->rescan, &unit->rescan_link);
}

/* What an ACA condition has held up looks whether it still does. */
static void wake_blocked(struct lq_engine *engine, struct lq_unit *unit)
{
    LQ_LIST_EACH(link, &unit->tasks)
    lq_task_make_ready(engine, LQ_ELEMENT(link, struct lq_engine_task, set_link));
}

/* Whoever waits in the one task set holds up all behind it: it is ORDERED, or waits for a barrier
 * as they do. Only wrongs let somebody pass. */
static bool holds_up_all(const struct lq_engine *engine)
{
    uint64_t wrongs = 0;
    for (uint32_t i = 0; i < LQ_WRONG_WORDS; i++)
        wrongs |= engine->env->wrongs.core[i];
    return wrongs == 0;
}

void lq_taskset_rescan(struct lq_engine *engine, struct lq_unit *unit)
{
    struct lq_ahead shared = {.rescan = true};
    bool is_per_nexus = lq_taskset_is_per_nexus(engine, unit);
    for (uint32_t i = 0; is_per_nexus && i < engine->config.limits.nexuses; i++)
        engine->nexuses[i].ahead = shared;
    if (unit->acas > 0)
        wake_blocked(engine, unit);
    LQ_LIST_EACH(link, &unit->tasks)
    {
        if (unit->dormant == 0)
            return;
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, set_link);
        struct lq_ahead *ahead = is_per_nexus ? &task->nexus->ahead : &shared;
        bool waits = !task->enabled && !may_begin(engine, task, ahead);
        if (waits && !is_per_nexus && holds_up_all(engine))
            return;
        if (!task->enabled && !waits) {
            unit->dormant--;
            enable(engine, task);
        }
        look_at(ahead, task);
    }
}
