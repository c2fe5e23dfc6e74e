/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durability: what the target says of a store's volatile cache, and what it does when the store
 * loses it [SBC-3 4.15, 5.24, 6.5.5].
 *
 * A flush that failed may have made the store count as clean what it never wrote: from then on a
 * later flush proves nothing, and SYNCHRONIZE CACHE fails until the store is opened anew. One that
 * was out with it proves nothing either, whichever ended first (of two fdatasyncs at once one gets
 * the error), so each waits for the one before it, held as quarantine.c holds. A store
 * that was reset shows what it has lost, so it suffices that everybody hears of it; but a flush
 * that was under way meanwhile proves nothing of what was written before, and fails.
 */
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

bool lq_has_write_cache(const struct lq_engine *engine, const struct lq_unit *unit)
{
    return unit->store->store->volatile_cache &&
           !lq_core_wrong(engine, LQ_WRONG_WRITE_CACHE_DENIED);
}

bool lq_store_fence(struct lq_store *store, const struct lq_env *env)
{
    return store->ops->fence == NULL ||
           LQ_WRONG(env->wrongs.core, LQ_WRONG_RESTART_WITHOUT_FENCE) || store->ops->fence(store);
}

void lq_synchronize_cache(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_store_state *store = task->unit->store;
    if (store->cache_lost && !lq_core_wrong(engine, LQ_WRONG_FAILED_FLUSH_FORGOTTEN)) {
        lq_check_condition(engine, task, 0x03, 0x0c, 0x00); /* WRITE ERROR */
        return;
    }
    bool is_skipped = lq_core_wrong(engine, LQ_WRONG_SYNCHRONIZE_CACHE_DOES_NOTHING) ||
                      (store->flushes_out > 0 &&
                       lq_core_wrong(engine, LQ_WRONG_SYNCHRONIZE_CACHE_JOINS_FLUSH));
    if (is_skipped) {
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return;
    }
    if (lq_quarantine_holds(engine, task))
        return;
    /* Covers writes that have ended; waits for no orphan. IMMED is answered when it is done: a
     * device server may [SBC-3 5.24]. */
    store->flushes_out++;
    task->resets_seen = store->resets;
    lq_block_submit(engine, task, LQ_BLOCK_FLUSH);
}

bool lq_flush_is_void(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->request.op == LQ_BLOCK_FLUSH && task->resets_seen != task->unit->store->resets &&
           !lq_core_wrong(engine, LQ_WRONG_FLUSH_OUTLIVES_RESET);
}

/* UA to every I_T nexus, for each unit on STORE. */
static void tell_all(struct lq_engine *engine, const struct lq_store_state *store,
                     struct lq_ua ua)
{
    for (uint32_t u = 0; u < engine->unit_count; u++) {
        struct lq_unit *unit = &engine->units[u];
        if (unit->store != store || !unit->is_there)
            continue;
        for (uint32_t n = 0; n < engine->config.limits.nexuses; n++)
            if (engine->nexuses[n].known && engine->nexuses[n].target == unit->target)
                lq_ua_establish(engine, &engine->nexuses[n], unit, ua);
    }
}

/* THIN PROVISIONING SOFT THRESHOLD REACHED [SBC-3 4.7.3.8], each time that it is. */
static void notice_threshold(struct lq_engine *engine, struct lq_store_state *store)
{
    const struct lq_store *pool = store->store;
    bool was_reached = store->threshold_reached;
    store->threshold_reached = pool->soft_threshold_blocks != 0 &&
                               pool->pool_used_blocks >= pool->soft_threshold_blocks;
    if (store->threshold_reached && !was_reached)
        tell_all(engine, store, (struct lq_ua){0x38, 0x07});
}

void lq_store_noticed(struct lq_engine *engine, struct lq_store_state *store, enum lq_block_op op,
                      enum lq_block_status status)
{
    notice_threshold(engine, store);
    if (status == LQ_BLOCK_CACHE_LOST)
        store->cache_lost = true;
    if (op == LQ_BLOCK_FLUSH) {
        store->flushes_out--;
        lq_quarantine_release(engine, store);
    }
    if (status != LQ_BLOCK_RESET)
        return;
    store->resets++;
    if (!lq_core_wrong(engine, LQ_WRONG_DISK_RESET_TELLS_NOBODY))
        tell_all(engine, store, (struct lq_ua){0x29, 0x04}); /* DEVICE INTERNAL RESET */
}
