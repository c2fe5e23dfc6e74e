/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quarantine: safe and live at once.
 *
 * A request that the store still has when its trigger must answer becomes an orphan of the store.
 * It keeps its task slot and buffer, is in no task set, and until the store completes it every
 * command that reads or changes a block of its extent (rounded out to the store's write granule)
 * is held; a held command never reached the store, so it can be aborted at once, and it ends BUSY
 * without effect when the orphan's fate stays unknown too long. Nobody can see the medium flip:
 * who asks after the answer sees the orphan's data from the first read on, or never.
 */
#include "core/device.h"
#include "core/state.h"

/* The blocks that a write request may disturb. */
struct extent {
    uint64_t first, end; /* end is one past */
};

static struct extent extent_of(const struct lq_engine *engine, const struct lq_store *store,
                               uint64_t lba, uint32_t nblocks)
{
    uint64_t granule = store->write_granule_blocks > 1 ? store->write_granule_blocks : 1;
    if (lq_core_wrong(engine, LQ_WRONG_QUARANTINE_IGNORES_GRANULE))
        granule = 1;
    uint64_t end = (lba + nblocks + granule - 1) / granule * granule;
    return (struct extent){lba / granule * granule, end < store->nblocks ? end : store->nblocks};
}

static struct extent orphan_extent(const struct lq_engine *engine,
                                   const struct lq_engine_task *orphan)
{
    if (orphan->saves)
        return (struct extent){0, 0}; /* what waits for it, core/saved.c knows */
    if (orphan->request.op != LQ_BLOCK_WRITE && orphan->request.op != LQ_BLOCK_UNMAP)
        return (struct extent){0, 0}; /* changes nothing: only its slot is kept */
    struct extent extent = extent_of(engine, orphan->unit->store->store, orphan->request.lba,
                                     orphan->request.nblocks);
    if (lq_core_wrong(engine, LQ_WRONG_QUARANTINE_FORGETS_BLOCK))
        extent.end--;
    return extent;
}

uint64_t lq_quarantine_deadline(const struct lq_engine *engine, const struct lq_unit *unit,
                                uint64_t after_ns)
{
    if (after_ns == LQ_DURATION_NEVER || after_ns > LQ_NEVER - 1 - engine->env->now_ns)
        return LQ_NEVER;
    /* A store without a fence makes every wait through it endless: an orphan of it could land
     * after a restart, where nobody would hold its extent. */
    for (uint32_t i = 0; i < engine->store_count; i++) {
        const struct lq_store_state *state = &engine->stores[i];
        if (state->store->cannot_fence && (unit == NULL || unit->store == state) &&
            !lq_core_wrong(engine, LQ_WRONG_QUARANTINE_WITHOUT_FENCE))
            return LQ_NEVER;
    }
    return engine->env->now_ns + after_ns;
}

static void record_orphan(struct lq_engine *engine, const struct lq_engine_task *task,
                          enum lq_event_kind kind)
{
    if (engine->env->history == NULL)
        return;
    struct extent extent = orphan_extent(engine, task);
    struct lq_event event = lq_task_event(engine, task, kind);
    event.code = task->unit->store->store->number;
    event.lba = extent.first;
    event.nblocks = (uint32_t)(extent.end - extent.first);
    event.value = lq_handle_pack(task->request.handle);
    lq_record(engine, event);
}

/* Wrongs "nexus-loss-drops-wait", "logout-drops-wait" and "removal-forgets-store". */
static bool is_dropped(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return (task->aborted_by >= LQ_TRIGGER_NEXUS_LOSS &&
            lq_core_wrong(engine, LQ_WRONG_NEXUS_LOSS_DROPS_WAIT)) ||
           (task->aborted_by == LQ_TRIGGER_LOGOUT &&
            lq_core_wrong(engine, LQ_WRONG_LOGOUT_DROPS_WAIT)) ||
           (!task->aborted && lq_core_wrong(engine, LQ_WRONG_REMOVAL_FORGETS_STORE));
}

void lq_quarantine_leave(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_store_state *store = task->unit->store;
    task->state = LQ_TASK_ORPHAN;
    lq_list_remove(&task->nexus_link);
    lq_nexus_give_slot(engine, task->nexus);
    task->nexus->orphan_count++;
    engine->orphan_count++;
    if (!is_dropped(engine, task)) {
        record_orphan(engine, task, LQ_E_ORPHANED);
        lq_list_append(&store->orphans, &task->work_link);
    }
    if (task->saves)
        lq_saved_orphaned(engine, task);
    if (store->store->ops->cancel != NULL)
        store->store->ops->cancel(store->store, &task->request);
    if (lq_link_is_linked(&task->work_link) &&
        lq_core_wrong(engine, LQ_WRONG_CANCEL_TAKEN_FOR_END)) {
        record_orphan(engine, task, LQ_E_ORPHAN_ENDED);
        lq_list_remove(&task->work_link);
    }
    lq_abort_release(engine, task);
}

void lq_quarantine_orphan(struct lq_engine *engine, struct lq_engine_task *task)
{
    LQ_ASSERT(task->state == LQ_TASK_IN_STORE && task->aborted);
    task->defined_bytes = 0;
    if (task->owes_status)
        lq_task_end(engine, task, LQ_TASK_ABORTED, (struct lq_sense){0, 0, 0});
    else
        lq_task_end_aborted(engine, task);
    lq_quarantine_leave(engine, task);
}

static bool overlaps_orphan(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    struct lq_store_state *store = task->unit->store;
    /* A write disturbs its whole granules, a read needs its own blocks only. */
    struct extent wanted = {task->lba, task->lba + task->nblocks};
    if (task->opcode->medium == LQ_MEDIUM_WRITES)
        wanted = extent_of(engine, store->store, task->lba, task->nblocks);
    if (task->opcode->run == lq_sanitize) /* all of it, whatever fits into the task's fields */
        wanted = (struct extent){0, UINT64_MAX};
    LQ_LIST_EACH(link, &store->orphans)
    {
        const struct lq_engine_task *orphan = LQ_ELEMENT(link, struct lq_engine_task, work_link);
        if (orphan->nexus != task->nexus &&
            lq_core_wrong(engine, LQ_WRONG_QUARANTINE_OF_ONE_NEXUS))
            continue;
        if (orphan->unit != task->unit && lq_core_wrong(engine, LQ_WRONG_QUARANTINE_OF_ONE_UNIT))
            continue;
        struct extent kept = orphan_extent(engine, orphan);
        if (wanted.first < kept.end && kept.first < wanted.end)
            return true;
    }
    return false;
}

/* A flush waits for no orphan but an older flush: should that fail, a younger one that was out with
 * it proves nothing [durability.c]. */
static bool must_wait(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    const struct lq_store_state *store = task->unit->store;
    if (task->waits_for_save)
        return store->save.is_out;
    if (task->opcode->medium == LQ_MEDIUM_FLUSHES || task->opcode->run == lq_mode_select)
        return store->flushes_out > 0 && !lq_core_wrong(engine, LQ_WRONG_FLUSHES_OVERLAP);
    return !lq_list_is_empty(&store->orphans) && overlaps_orphan(engine, task);
}

bool lq_quarantine_holds(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->was_held || !must_wait(engine, task))
        return false;
    lq_quarantine_hold(engine, task);
    return true;
}

void lq_quarantine_hold(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_store_state *store = task->unit->store;
    lq_record_task(engine, task, LQ_E_HELD);
    task->state = LQ_TASK_HELD;
    task->held_until_ns = engine->config.busy_after_ns < LQ_NEVER - engine->env->now_ns
                              ? engine->env->now_ns + engine->config.busy_after_ns
                              : LQ_NEVER;
    engine->held_count++;
    lq_list_append(&store->held, &task->work_link); /* equal bounds: the list is in time order */
}

void lq_quarantine_forget_held(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_list_remove(&task->work_link);
    engine->held_count--;
}

static void release(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_quarantine_forget_held(engine, task);
    task->state = LQ_TASK_IN_SET;
    task->waits_for_save = false;
    lq_record_task(engine, task, LQ_E_RELEASED);
    lq_task_make_ready(engine, task);
}

void lq_quarantine_release(struct lq_engine *engine, struct lq_store_state *store)
{
    LQ_LIST_EACH_SAFE(link, following, &store->held)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, work_link);
        if (!must_wait(engine, task))
            release(engine, task);
    }
}

void lq_quarantine_orphan_done(struct lq_engine *engine, struct lq_engine_task *orphan)
{
    struct lq_store_state *store = orphan->unit->store;
    if (lq_core_wrong(engine, LQ_WRONG_ORPHAN_NEVER_ENDS))
        return;
    orphan->nexus->orphan_count--;
    engine->orphan_count--;
    if (lq_link_is_linked(&orphan->work_link))
        record_orphan(engine, orphan, LQ_E_ORPHAN_ENDED);
    lq_list_remove(&orphan->work_link);
    lq_task_free(engine, orphan);
    lq_quarantine_release(engine, store);
}

uint64_t lq_quarantine_deadline_of_held(const struct lq_engine *engine)
{
    uint64_t earliest = LQ_NEVER;
    if (engine->held_count == 0 || lq_core_wrong(engine, LQ_WRONG_HELD_FOR_EVER))
        return earliest;
    for (uint32_t i = 0; i < engine->store_count; i++) {
        const struct lq_link *first = engine->stores[i].held.next;
        if (first == &engine->stores[i].held)
            continue;
        const struct lq_engine_task *task =
            LQ_ELEMENT(engine->stores[i].held.next, struct lq_engine_task, work_link);
        if (task->held_until_ns < earliest)
            earliest = task->held_until_ns;
    }
    return earliest;
}

void lq_quarantine_expire(struct lq_engine *engine)
{
    if (engine->held_count == 0 || lq_core_wrong(engine, LQ_WRONG_HELD_FOR_EVER))
        return;
    for (uint32_t i = 0; i < engine->store_count; i++) {
        LQ_LIST_EACH_SAFE(link, following, &engine->stores[i].held)
        {
            struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, work_link);
            if (task->held_until_ns > engine->env->now_ns)
                break;
            if (lq_core_wrong(engine, LQ_WRONG_HELD_GO_ON_AT_BOUND)) {
                task->was_held = true;
                release(engine, task);
                continue;
            }
            lq_quarantine_forget_held(engine, task);
            lq_task_end(engine, task, LQ_BUSY, (struct lq_sense){0, 0, 0});
        }
    }
}
