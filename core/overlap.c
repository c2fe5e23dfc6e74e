/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change blocks in several store steps as if it were one [SBC-4 r22 5.3, 5.15].
 *
 * Such a command begins only when no other command that uses one of its blocks is in the store, and
 * while it is there no other one begins. Who has to wait does so in the order of arrival: a command
 * that wants to be alone is not overtaken by those behind it, so it cannot starve. Who waits has
 * not reached the store: it can be aborted at once.
 */
#include "core/device.h"

static bool uses_medium(const struct lq_engine_task *task)
{
    return task->opcode != NULL && (task->opcode->medium == LQ_MEDIUM_READS ||
                                    task->opcode->medium == LQ_MEDIUM_WRITES);
}

static bool uses_block_of(const struct lq_engine_task *task, const struct lq_engine_task *alone)
{
    if (alone->opcode->run == lq_sanitize)
        return alone->unit == task->unit;
    if (task->opcode->length_rule == LQ_LENGTH_UNMAP)
        return lq_unmap_overlaps(task, alone->lba, alone->nblocks);
    return task->lba < alone->lba + alone->nblocks && alone->lba < task->lba + task->nblocks;
}

static bool wants_to_be_alone(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->opcode->is_alone &&
           !(task->opcode->run == lq_modify &&
             lq_core_wrong(engine, LQ_WRONG_COMPARE_AND_WRITE_NOT_ATOMIC));
}

/* One of them wants to be alone, and they have a block in common. */
static bool clash(const struct lq_engine *engine, const struct lq_engine_task *a,
                  const struct lq_engine_task *b)
{
    return (wants_to_be_alone(engine, a) && uses_block_of(b, a)) ||
           (wants_to_be_alone(engine, b) && uses_block_of(a, b));
}

static bool clashes_with_one_in_store(const struct lq_engine *engine,
                                      const struct lq_engine_task *task)
{
    const struct lq_store_state *store = task->unit->store;
    if (!wants_to_be_alone(engine, task) && store->alone == 0)
        return false;
    for (uint32_t i = 0; i < engine->config.limits.tasks; i++) {
        const struct lq_engine_task *other = &engine->tasks[i];
        /* Between its steps one that is alone is there, too, though ACA holds it up. */
        bool is_there = other->state == LQ_TASK_IN_STORE ||
                        (other->state == LQ_TASK_IN_SET && other->is_alone);
        if (is_there && other->unit->store == store && uses_medium(other) &&
            clash(engine, task, other))
            return true;
    }
    return false;
}

static bool clashes_with_one_ahead(const struct lq_engine *engine,
                                   const struct lq_engine_task *task)
{
    LQ_LIST_EACH(link, &task->unit->store->waiting)
    if (clash(engine, task, LQ_ELEMENT(link, struct lq_engine_task, work_link)))
        return true;
    return false;
}

bool lq_overlap_waits(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_store_state *store = task->unit->store;
    if (clashes_with_one_ahead(engine, task) || clashes_with_one_in_store(engine, task)) {
        task->state = LQ_TASK_WAITING;
        lq_list_append(&store->waiting, &task->work_link);
        return true;
    }
    if (wants_to_be_alone(engine, task)) {
        task->is_alone = true;
        store->alone++;
    }
    return false;
}

/* All that wait look again, in their order: whoever still has to, waits again. */
void lq_overlap_left(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->unit == NULL)
        return;
    struct lq_store_state *store = task->unit->store;
    lq_sanitize_left(task);
    if (task->is_alone) {
        task->is_alone = false;
        store->alone--;
    }
    LQ_LIST_EACH_SAFE(link, following, &store->waiting)
    {
        struct lq_engine_task *other = LQ_ELEMENT(link, struct lq_engine_task, work_link);
        lq_list_remove(&other->work_link);
        other->state = LQ_TASK_IN_SET;
        lq_task_make_ready(engine, other);
    }
}
