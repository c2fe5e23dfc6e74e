/* SPDX-License-Identifier: Apache-2.0 */
/* Records of logical units in their stores: places and slots, saves, and who waits for them. */
#include "core/saved.h"

#include "core/device.h"

/* --- places and slots ------------------------------------------------------------------------ */

/* The first block of a slot. */
static uint64_t slot_lba(const struct lq_store *store, uint32_t place, uint32_t slot)
{
    return store->nblocks +
           (uint64_t)(place * 2 + slot) * (LQ_SAVED_SLOT_BYTES / store->block_bytes);
}

/* What the engine's room for a record holds of a slot. Its sequence number; 0: no whole record. */
static uint64_t load(const struct lq_engine *engine, struct lq_store *store, uint32_t place,
                     uint32_t slot)
{
    return store->ops->load(store, slot_lba(store, place, slot),
                            LQ_SAVED_SLOT_BYTES / store->block_bytes, engine->record)
               ? lq_saved_sequence(engine, engine->record)
               : 0;
}

/* The newest whole record of PLACE, loaded, and in which slot it is. 0: there is none. */
static uint64_t load_newest(const struct lq_engine *engine, struct lq_store *store, uint32_t place,
                            uint8_t *slot)
{
    uint64_t first = load(engine, store, place, 0), second = load(engine, store, place, 1);
    *slot = second > first ? 1 : 0;
    return load(engine, store, place, *slot);
}

/* True when a logical unit that is there has PLACE of STORE. */
static bool is_taken(const struct lq_engine *engine, const struct lq_unit *unit, uint32_t place)
{
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        const struct lq_unit *other = &engine->units[i];
        if (other != unit && other->is_there && other->store == unit->store &&
            other->saved.has_place && other->saved.place == place)
            return true;
    }
    return false;
}

/* Takes PLACE for UNIT, and what its record says. */
static void settle_in(struct lq_engine *engine, struct lq_unit *unit, uint32_t place)
{
    struct lq_saved *saved = &unit->saved;
    saved->has_place = true;
    saved->place = (uint8_t)place;
    saved->sequence = load_newest(engine, unit->store->store, place, &saved->slot);
    if (saved->sequence != 0 && lq_saved_is_of(engine->record, unit))
        lq_saved_decode(engine, unit, engine->record, true);
}

/* How well PLACE suits UNIT: its own record, no record, another's that is not there any more. */
static uint32_t fitness(const struct lq_engine *engine, const struct lq_unit *unit, uint32_t place)
{
    uint8_t slot;
    if (is_taken(engine, unit, place))
        return 0;
    if (load_newest(engine, unit->store->store, place, &slot) == 0)
        return 2;
    return lq_saved_is_of(engine->record, unit) ? 3 : 1;
}

void lq_saved_open(struct lq_engine *engine, struct lq_unit *unit)
{
    const struct lq_store *store = unit->store->store;
    unit->saved = (struct lq_saved){0};
    if (store->reserved_blocks == 0)
        return;
    uint32_t best = 0, best_fitness = 0;
    for (uint32_t place = 0; place < LQ_SAVED_PLACES; place++) {
        uint32_t fits = fitness(engine, unit, place);
        if (fits > best_fitness) {
            best = place;
            best_fitness = fits;
        }
    }
    if (best_fitness > 0)
        settle_in(engine, unit, best);
}

/* --- a save ---------------------------------------------------------------------------------- */

bool lq_saved_holds(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (!task->unit->store->save.is_out)
        return false;
    task->waits_for_save = true;
    lq_quarantine_hold(engine, task);
    return true;
}

uint8_t *lq_saved_image(const struct lq_engine_task *task)
{
    LQ_ASSERT(!task->unit->store->save.is_out);
    return task->unit->store->save.image;
}

void lq_saved_submit(struct lq_engine *engine, struct lq_engine_task *task,
                     uint32_t registrations, uint32_t aborts)
{
    struct lq_store_state *store = task->unit->store;
    struct lq_saved *saved = &task->unit->saved;
    LQ_ASSERT(saved->has_place && !store->save.is_out);
    LQ_ASSERT(registrations <= engine->registrations_free);
    uint8_t *image = store->save.image;
    uint32_t bytes = lq_saved_seal(image, ++saved->sequence);
    uint32_t slot = lq_core_wrong(engine, LQ_WRONG_RECORD_IN_ONE_SLOT) ? 0 : 1U - saved->slot;
    store->save = (struct lq_save){image, true, registrations, aborts};
    engine->registrations_free -= registrations;
    engine->aborts_promised += aborts;
    task->saves = true;
    task->request.handle = (lq_handle){task->index, task->generation};
    task->request.serial = task->serial;
    task->request.op = LQ_BLOCK_WRITE;
    task->request.fua = !lq_core_wrong(engine, LQ_WRONG_RECORD_LEFT_IN_CACHE);
    task->request.lba = slot_lba(store->store, saved->place, slot);
    task->request.nblocks = (bytes + store->store->block_bytes - 1) / store->store->block_bytes;
    task->request.data = image;
    task->state = LQ_TASK_IN_STORE;
    store->outstanding++;
    store->store->ops->submit(store->store, &task->request);
}

/* What TASK would have done, when its status cannot be sent any more. */
static void take_effect(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->unit->is_there)
        lq_saved_decode(engine, task->unit, task->unit->store->save.image, false);
}

/* What was kept for when the command runs again is there for all. */
static void give_back(struct lq_engine *engine, struct lq_save *save)
{
    engine->registrations_free += save->registrations;
    engine->aborts_promised -= save->aborts;
    save->registrations = save->aborts = 0;
}

void lq_saved_orphaned(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (!task->aborted)
        return;
    give_back(engine, &task->unit->store->save);
    take_effect(engine, task);
    task->unit->saved.is_ahead = true;
}

void lq_saved_ended(struct lq_engine *engine, struct lq_engine_task *task,
                    enum lq_block_status status)
{
    struct lq_store_state *store = task->unit->store;
    give_back(engine, &store->save);
    store->save.is_out = false;
    if (status == LQ_BLOCK_OK) {
        task->unit->saved.slot = 1 - task->unit->saved.slot;
        task->unit->saved.is_ahead = false;
    }
    if (task->state == LQ_TASK_IN_STORE && !task->aborted) {
        task->is_saved = status == LQ_BLOCK_OK ||
                         lq_core_wrong(engine, LQ_WRONG_FAILED_SAVE_AS_GOOD);
        if (task->is_saved)
            task->state = LQ_TASK_IN_SET;
    } else if (task->state == LQ_TASK_IN_STORE && status == LQ_BLOCK_OK) {
        take_effect(engine, task);
    }
    lq_quarantine_release(engine, store);
}

void lq_saved_blocked_end(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (!task->is_answered || !task->saves)
        return;
    bool was_aborted = task->aborted;
    enum lq_task_state state = task->state;
    task->aborted = true;
    task->state = LQ_TASK_IN_STORE;
    lq_saved_ended(engine, task, task->store_status);
    task->aborted = was_aborted;
    task->state = state;
    task->saves = false;
}
