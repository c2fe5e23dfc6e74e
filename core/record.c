/* SPDX-License-Identifier: Apache-2.0 */
#include "core/state.h"

struct lq_event lq_task_event(const struct lq_engine *engine, const struct lq_engine_task *task,
                              enum lq_event_kind kind)
{
    (void)engine;
    return (struct lq_event){
        .kind = (uint16_t)kind,
        .target = task->nexus->target,
        .nexus = task->nexus->hash,
        .lun = task->lun,
        .tag = task->tag,
        .serial = task->serial,
        .stamp = task->stamp,
        .lba = task->lba,
        .nblocks = task->nblocks,
    };
}

void lq_record(struct lq_engine *engine, struct lq_event event)
{
    event.time_ns = engine->env->now_ns;
    lq_history_add(engine->env->history, &event);
}

void lq_record_task(struct lq_engine *engine, const struct lq_engine_task *task,
                    enum lq_event_kind kind)
{
    if (engine->env->history != NULL)
        lq_record(engine, lq_task_event(engine, task, kind));
}
