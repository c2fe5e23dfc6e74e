/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QERR: what a CHECK CONDITION does to other commands of its task set [SPC-5 7.5.10]. It is one
 * more trigger of abort.c's mechanism; its answer is the CHECK CONDITION, which so comes when the
 * others can do no more harm. Where no trigger more has room, the command waits for that, too.
 */
#include "core/state.h"

bool lq_qerr_reaches_others(const struct lq_engine *engine, const struct lq_unit *unit)
{
    return unit->control.qerr == LQ_QERR_ALL && !lq_taskset_is_per_nexus(engine, unit) &&
           !lq_core_wrong(engine, LQ_WRONG_QERR_SPARES_OTHERS);
}

static bool has_victims(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    if (unit == NULL || !unit->is_there || unit->control.qerr == LQ_QERR_NONE ||
        !lq_link_is_linked(&task->set_link) || lq_core_wrong(engine, LQ_WRONG_QERR_IGNORED))
        return false;
    LQ_LIST_EACH(link, &unit->tasks)
    {
        const struct lq_engine_task *other = LQ_ELEMENT(link, struct lq_engine_task, set_link);
        if (other != task && lq_abort_can_be_aborted(engine, other) &&
            (other->nexus == task->nexus || lq_qerr_reaches_others(engine, unit)))
            return true;
    }
    return false;
}

bool lq_qerr_faults(struct lq_engine *engine, struct lq_engine_task *task, struct lq_sense sense)
{
    if (task->is_faulted || !has_victims(engine, task))
        return false;
    task->is_faulted = task->is_trigger = true;
    task->fault = sense;
    task->state = LQ_TASK_IN_SET;
    lq_list_remove(&task->work_link);
    lq_list_append(&engine->faulted, &task->work_link);
    return true;
}

void lq_qerr_end(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->is_trigger = false;
    lq_task_make_ready(engine, task);
}

bool lq_qerr_next(struct lq_engine *engine)
{
    struct lq_link *link =
        lq_abort_has_room_for_qerr(engine) ? lq_list_take(&engine->faulted) : NULL;
    if (link == NULL)
        return false;
    struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, work_link);
    if (has_victims(engine, task))
        lq_abort_start_for(engine, task, LQ_TRIGGER_QERR);
    else /* they have ended meanwhile, or QERR is another */
        lq_qerr_end(engine, task);
    return true;
}
