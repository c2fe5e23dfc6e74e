/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COMMANDS CLEARED BY ANOTHER INITIATOR: who must be told after a CLEAR TASK SET or what QERR
 * aborts, where TAS is 0 [SPC-5 r22 7.5.10]; where it is 1, the commands have a status.
 */
#include "conformance/judges/ua.h"

/* Whoever else lost commands must hear of it; whose commands something else had aborted already,
 * but had not ended yet, may. */
void lq_ua_clear_done(struct lq_judge *judge, const struct lq_seen_function *function,
                      const struct lq_event *event)
{
    uint64_t since = function->received->seq;
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        struct place *place = lq_ua_place(judge, nexus, function->unit);
        bool may = place->clearing != NULL && place->clearing->seq >= since;
        bool must = place->cleared_by == function;
        if (nexus == function->nexus || !(may || must))
            continue;
        lq_ua_owe(judge, nexus, function->unit, CLEARED, must, event);
        place->cleared_by = NULL;
    }
}

void lq_ua_clear_closes(struct lq_judge *judge, const struct lq_seen_function *function)
{
    struct ua *ua = ua_of(judge);
    for (uint32_t i = 0; i < ua->open_count; i++)
        if (ua->open[i] == function)
            ua->open[i--] = ua->open[--ua->open_count];
}

/* A command was ended by a CLEAR TASK SET. When only one can have done it, its nexus must hear. */
void lq_ua_cleared(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct ua *ua = ua_of(judge);
    const struct lq_seen_function *only = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < ua->open_count; i++) {
        if (!lq_function_covers_task(ua->open[i], task))
            continue;
        only = ua->open[i];
        count++;
    }
    if (count == 1 && only->nexus != task->nexus && !only->has_tas)
        lq_ua_place(judge, task->nexus, task->unit)->cleared_by = only;
}

void lq_ua_clear_received(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL || function->function != LQ_TM_CLEAR_TASK_SET || function->unit == NULL)
        return;
    if (ua_of(judge)->open_count < OPEN_MAX)
        ua_of(judge)->open[ua_of(judge)->open_count++] = function;
    if (function->has_tas)
        return; /* its status tells */
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        LQ_LIST_EACH(link, &nexus->tasks)
        {
            const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
            if (nexus != function->nexus && task->ended == NULL &&
                lq_function_covers_task(function, task))
                lq_ua_place(judge, nexus, function->unit)->clearing = event;
        }
    }
}

/* --- QERR ------------------------------------------------------------------------------------- */

/* A command is aborted by QERR. */
void lq_ua_qerr_affects(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    const struct lq_seen_task *faulted = lq_view_task(&judge->view, event->value);
    if (event->code != LQ_TRIGGER_QERR || task == NULL || faulted == NULL || task->nexus == NULL ||
        task->unit == NULL || faulted->nexus == task->nexus || lq_has_tas(task->unit))
        return;
    struct place *place = lq_ua_place(judge, task->nexus, task->unit);
    if (place->faulted != faulted->serial)
        place->conditions[CLEARED].allowed++;
    place->faulted = faulted->serial;
}

/* FAULTED has ended with CHECK CONDITION: by now others must hear what they have lost. */
void lq_ua_qerr_done(struct lq_judge *judge, const struct lq_seen_task *faulted,
                     const struct lq_event *event)
{
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        struct place *place = lq_ua_place(judge, nexus, faulted->unit);
        if (nexus->target != faulted->unit->target || place->faulted != faulted->serial)
            continue;
        place->faulted = 0;
        uint32_t *allowed = &place->conditions[CLEARED].allowed;
        uint32_t of_others = *allowed > 0 ? *allowed - 1 : 0;
        lq_ua_owe(judge, nexus, faulted->unit, CLEARED, true, event);
        /* What a reset has taken up at this time may be told all the same. */
        bool is_merged = place->merged != NULL && place->merged->time_ns == event->time_ns;
        *allowed = is_merged ? of_others + 1 : of_others;
    }
}
