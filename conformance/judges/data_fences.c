/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: after what a write can have no effect any more. */
#include "conformance/judges/data.h"

static bool is_covered(const struct lq_seen_function *function,
                       const struct lq_seen_command *command)
{
    if (command->task != NULL && function->received != NULL)
        return lq_function_covers_task(function, command->task);
    return command->exchange != NULL && lq_function_covers(function, command->exchange);
}

void lq_data_function_done(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function = lq_view_function(&judge->view, event);
    if (function == NULL || function->done != event || event->code != LQ_TM_COMPLETE ||
        !lq_function_aborts(function->function) ||
        lq_view_forged(&judge->view, function->sent->connection, function->sent->tag) != 0)
        return;
    bool is_for_all = lq_function_is_for_all(function->function);
    struct data *data = lq_data_of(judge);
    for (uint32_t i = 0; i < data->unfenced.count; i++) {
        if (!is_for_all && i != function->nexus->index)
            continue;
        struct lq_link *list = lq_array_at(&data->unfenced, i);
        LQ_LIST_EACH_SAFE(link, following, list)
        {
            struct write *write = LQ_ELEMENT(link, struct write, unfenced);
            if (is_covered(function, write->command))
                lq_data_fence(judge, write, event, P_TM_2);
        }
    }
}

void lq_data_fence_preempted(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                             const struct lq_seen_task *preempt, const struct lq_event *event)
{
    LQ_LIST_EACH_SAFE(link, following, lq_data_unfenced_of(judge, nexus))
    {
        struct write *write = LQ_ELEMENT(link, struct write, unfenced);
        const struct lq_seen_task *task = write->command->task;
        if (task != NULL && task->entered != NULL && lq_same_unit(task->unit, preempt->unit) &&
            task->entered->seq < preempt->enabled->seq)
            lq_data_fence(judge, write, event, P_PR_3);
    }
}

void lq_data_session_over(struct lq_judge *judge, const struct lq_event *event, bool is_new)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    if (nexus == NULL)
        return;
    LQ_LIST_EACH_SAFE(link, following, lq_data_unfenced_of(judge, nexus))
    {
        struct write *write = LQ_ELEMENT(link, struct write, unfenced);
        if ((write->command->sent->connection == event->connection) != is_new)
            lq_data_fence(judge, write, event, P_RI_2);
    }
}

/* Nothing that was on its way lands any more: the stores lost power with the target, or the target
 * serves again after a crash. */
static void fence_all(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    for (uint32_t i = 0; i < data->unfenced.count; i++)
        LQ_LIST_EACH_SAFE(link, following, (struct lq_link *)lq_array_at(&data->unfenced, i))
        lq_data_fence(judge, LQ_ELEMENT(link, struct write, unfenced), event, P_DUR_8);
}

bool lq_data_is_unfenced(struct lq_judge *judge, const struct write *write)
{
    if (write->first_run == LQ_NONE)
        return false;
    const struct run *run = lq_array_at(&lq_data_of(judge)->runs, write->first_run);
    const struct lq_seen_store *store =
        lq_view_store(&judge->view, judge->allocator, run->store);
    return store != NULL && store->is_unfenced;
}

/* The target's process ends. What a store without a fence was asked and nobody was told of may land
 * whenever it likes: no fence of later holds for it. */
static void crash(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    data->crash = event;
    for (uint32_t i = 0; i < data->unfenced.count; i++) {
        LQ_LIST_EACH_SAFE(link, following, (struct lq_link *)lq_array_at(&data->unfenced, i))
        {
            if (lq_data_is_unfenced(judge, LQ_ELEMENT(link, struct write, unfenced)))
                lq_list_remove(link);
        }
    }
}

void lq_data_power(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->code == LQ_POWER_CRASH)
        crash(judge, event);
    if (event->code == LQ_POWER_CUT || event->code == LQ_POWER_DISK_RESET)
        lq_data_store_lost_power(judge, event);
    if (event->code == LQ_POWER_CUT || event->code == LQ_POWER_ON)
        fence_all(judge, event);
}
