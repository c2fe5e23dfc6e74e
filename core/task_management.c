/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task management service [SAM-5 7.12]: which functions there are, what can be answered at
 * once, and what is a trigger of the one abort mechanism (abort.c).
 */
#include "core/state.h"

static const enum lq_trigger trigger_of_function[LQ_TM_FUNCTIONS] = {
    [LQ_TM_ABORT_TASK] = LQ_TRIGGER_ABORT_TASK,
    [LQ_TM_ABORT_TASK_SET] = LQ_TRIGGER_ABORT_TASK_SET,
    [LQ_TM_CLEAR_ACA] = LQ_TRIGGER_CLEAR_ACA,
    [LQ_TM_CLEAR_TASK_SET] = LQ_TRIGGER_CLEAR_TASK_SET,
    [LQ_TM_LOGICAL_UNIT_RESET] = LQ_TRIGGER_LOGICAL_UNIT_RESET,
    [LQ_TM_TARGET_WARM_RESET] = LQ_TRIGGER_TARGET_WARM_RESET,
    [LQ_TM_TARGET_COLD_RESET] = LQ_TRIGGER_TARGET_COLD_RESET,
    [LQ_TM_I_T_NEXUS_RESET] = LQ_TRIGGER_I_T_NEXUS_RESET,
};

static struct lq_engine_task *find_task(const struct lq_engine *engine,
                                        struct lq_engine_nexus *nexus,
                                        const struct lq_tm_request *request)
{
    LQ_LIST_EACH(link, &nexus->tasks)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        /* One that another function has aborted already and the store still has is found too:
         * this function waits for it as the first does. */
        if (!task->enabled && lq_core_wrong(engine, LQ_WRONG_ABORT_MISSES_DORMANT))
            continue;
        if (task->tag == request->referenced_tag && task->lun == request->lun &&
            lq_abort_can_be_aborted(engine, task) &&
            (int64_t)(task->stamp - request->order_stamp) < 0)
            return task;
    }
    return NULL;
}

static struct lq_unit *unit_of_task(const struct lq_engine_task *task)
{
    return task == NULL ? NULL : task->unit;
}

/* Wrongs "abort-task-not-supported" and "task-set-functions-not-supported". */
static bool is_denied(const struct lq_engine *engine, enum lq_trigger trigger)
{
    if (trigger == LQ_TRIGGER_ABORT_TASK)
        return lq_core_wrong(engine, LQ_WRONG_ABORT_TASK_NOT_SUPPORTED);
    return (trigger == LQ_TRIGGER_ABORT_TASK_SET || trigger == LQ_TRIGGER_CLEAR_TASK_SET) &&
           lq_core_wrong(engine, LQ_WRONG_TASK_SET_FUNCTIONS_NOT_SUPPORTED);
}

/* --- queries: they change nothing, and are answered at once ---------------------------------- */

/* A command of the nexus on UNIT that is in a task set and has not been aborted. */
static bool is_present(const struct lq_engine_task *task, const struct lq_tm_request *request)
{
    return lq_link_is_linked(&task->set_link) && !task->aborted && task->lun == request->lun &&
           (int64_t)(task->stamp - request->order_stamp) < 0;
}

static enum lq_tm_answer query_tasks(const struct lq_engine *engine,
                                     const struct lq_engine_nexus *nexus,
                                     const struct lq_tm_request *request)
{
    bool is_of_one = request->function == LQ_TM_QUERY_TASK;
    LQ_LIST_EACH(link, &nexus->tasks)
    {
        const struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        if (!is_present(task, request) || (is_of_one && task->tag != request->referenced_tag))
            continue;
        if (!lq_core_wrong(engine, LQ_WRONG_QUERY_FINDS_NOTHING))
            return LQ_TM_SUCCEEDED;
    }
    return LQ_TM_COMPLETE;
}

/* UADE DEPTH, SENSE KEY, ADDITIONAL SENSE CODE and its qualifier [SAM-5 7.9]. */
static uint32_t query_event(const struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                            const struct lq_unit *unit)
{
    struct lq_ua first = {0, 0};
    uint32_t count = lq_ua_look(nexus, unit, &first);
    if (count == 0 || lq_core_wrong(engine, LQ_WRONG_QUERY_HIDES_EVENTS))
        return 0;
    uint32_t depth = count == 1 ? 1 : 2;
    return depth << 20 | UINT32_C(6) << 16 | (uint32_t)first.asc << 8 | first.ascq;
}

static bool is_query(enum lq_tm_function function)
{
    return function == LQ_TM_QUERY_TASK || function == LQ_TM_QUERY_TASK_SET ||
           function == LQ_TM_QUERY_ASYNCHRONOUS_EVENT;
}

static enum lq_tm_answer query(const struct lq_engine *engine, const struct lq_tm_request *request,
                               const struct lq_engine_nexus *nexus, const struct lq_unit *unit,
                               uint32_t *information)
{
    if (unit == NULL)
        return LQ_TM_INCORRECT_LUN;
    if (request->function != LQ_TM_QUERY_ASYNCHRONOUS_EVENT)
        return query_tasks(engine, nexus, request);
    *information = query_event(engine, nexus, unit);
    return *information != 0 ? LQ_TM_SUCCEEDED : LQ_TM_COMPLETE;
}

/* --- the service ----------------------------------------------------------------------------- */

bool lq_abort_supports(const struct lq_engine *engine, enum lq_tm_function function)
{
    enum lq_trigger trigger = trigger_of_function[function];
    return is_query(function) || (trigger != LQ_TRIGGER_NONE && !is_denied(engine, trigger));
}

/* What can be said without a slot: LQ_TM_COMPLETE when the function is to be carried out. */
static enum lq_tm_answer check(struct lq_engine *engine, const struct lq_tm_request *request,
                               struct lq_engine_nexus *nexus, struct lq_unit *unit)
{
    enum lq_trigger trigger = request->function < LQ_TM_FUNCTIONS
                                  ? trigger_of_function[request->function]
                                  : LQ_TRIGGER_NONE;
    if (trigger == LQ_TRIGGER_NONE || !lq_abort_supports(engine, request->function))
        return LQ_TM_NOT_SUPPORTED;
    if (trigger == LQ_TRIGGER_CLEAR_TASK_SET &&
        lq_core_wrong(engine, LQ_WRONG_CLEAR_TASK_SET_REJECTED))
        return LQ_TM_REJECTED;
    if (lq_abort_names_unit(trigger) && unit == NULL)
        return LQ_TM_INCORRECT_LUN;
    if (trigger == LQ_TRIGGER_CLEAR_ACA)
        return lq_aca_check_clear(engine, nexus, unit);
    if (trigger == LQ_TRIGGER_ABORT_TASK &&
        find_task(engine, nexus, request) == NULL)
        return LQ_TM_TASK_ABSENT;
    return LQ_TM_COMPLETE;
}

void lq_engine_task_management(struct lq_engine *engine, const struct lq_tm_request *request)
{
    struct lq_engine_nexus *nexus = lq_nexus_of(engine, request->nexus);
    LQ_ASSERT(nexus != NULL && nexus->established);
    struct lq_unit *unit = lq_unit_of_lun(engine, nexus->target, request->lun);
    struct lq_abort refused = {.answers = true,
                               .nexus = nexus,
                               .lun = request->lun,
                               .tag = request->tag,
                               .serial = engine->next_serial++,
                               .stamp = request->order_stamp,
                               .cookie = request->cookie};
    lq_record(engine, (struct lq_event){.kind = LQ_E_TM_RECEIVED,
                                        .target = nexus->target,
                                        .nexus = nexus->hash,
                                        .lun = request->lun,
                                        .tag = request->tag,
                                        .serial = refused.serial,
                                        .stamp = request->order_stamp,
                                        .code = (uint32_t)request->function,
                                        .value = request->referenced_tag});
    if (unit == NULL && request->function == LQ_TM_ABORT_TASK)
        unit = unit_of_task(find_task(engine, nexus, request)); /* of a unit that was removed */
    bool asks = is_query(request->function);
    enum lq_tm_answer found = asks ? query(engine, request, nexus, unit, &refused.information)
                                   : check(engine, request, nexus, unit);
    struct lq_abort *abort = found == LQ_TM_COMPLETE && !asks ? lq_abort_take(engine) : NULL;
    if (found == LQ_TM_TASK_ABSENT && lq_core_wrong(engine, LQ_WRONG_ABSENT_ABORT_STAYS))
        engine->stale_aborts++;
    if (abort == NULL) {
        bool is_wrong = found == LQ_TM_INCORRECT_LUN &&
                        lq_core_wrong(engine, LQ_WRONG_TM_COMPLETE_WITHOUT_UNIT);
        enum lq_tm_answer said = found == LQ_TM_COMPLETE && !asks ? LQ_TM_REJECTED : found;
        lq_abort_answer(engine, &refused, is_wrong ? LQ_TM_COMPLETE : said);
        return;
    }
    uint32_t index = abort->index;
    *abort = refused;
    abort->in_use = true;
    abort->index = index;
    abort->trigger = trigger_of_function[request->function];
    abort->referenced_tag = request->referenced_tag;
    lq_abort_start(engine, abort, lq_abort_names_unit(abort->trigger) ? unit : NULL);
    lq_settle(engine);
}
