/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's canonical digest. Commands and TM functions are known by their I_T nexus and tag;
 * slots, generations, serials, cookies and order stamps only count, but for the order of stamps
 * within a nexus. What nexuses were used last matters only when their slots run out, which is no
 * business of small worlds.
 */
#include "core/base/digest.h"
#include "core/state.h"

static void name_task(const struct lq_engine_task *task, struct lq_digest *digest)
{
    lq_digest_two(digest, task->nexus == NULL ? 0 : task->nexus->hash, task->tag);
}

/* Bits of aborts in use that are set in MASK. */
static void mix_waiters(const struct lq_engine *engine, uint64_t mask, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < lq_abort_slots(engine); i++)
        if ((mask >> i & 1) != 0)
            sum += lq_mix(engine->aborts[i].nexus->hash, engine->aborts[i].tag);
    lq_digest_word(digest, sum);
}

/* --- commands ------------------------------------------------------------------------------- */

static void mix_flags(const struct lq_engine_task *task, struct lq_digest *digest)
{
    const bool flags[] = {task->enabled,    task->data_wanted, task->aborted, task->loss_waits,
                          task->confirm,    task->linked_to_transport, task->is_alone,
                          task->owes_status,  task->has_naca,    task->is_answered,
                          task->is_trigger,  task->is_faulted,
                          task->saves, task->waits_for_save};
    uint64_t bits = 0;
    for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        bits |= (uint64_t)flags[i] << i;
    lq_digest_two(digest, bits, task->state);
}

static void mix_request(const struct lq_engine_task *task, struct lq_digest *digest)
{
    const struct lq_block_request *request = &task->request;
    if (task->state != LQ_TASK_IN_STORE && task->state != LQ_TASK_ORPHAN)
        return;
    lq_digest_two(digest, request->op, request->fua);
    lq_digest_two(digest, request->lba, request->nblocks);
    if (request->op == LQ_BLOCK_FLUSH)
        lq_digest_word(digest, task->resets_seen == task->unit->store->resets);
    const struct lq_store *store = task->unit->store->store;
    if (store->ops->digest != NULL)
        store->ops->digest(store, request, digest);
}

static void mix_task(const struct lq_engine *engine, const struct lq_engine_task *task,
                     struct lq_digest *digest)
{
    name_task(task, digest);
    mix_flags(task, digest);
    lq_digest_two(digest, task->aborted_by, task->attribute);
    lq_digest_two(digest, task->unit == NULL ? UINT64_MAX : task->unit->number, task->lun);
    mix_waiters(engine, task->waiters, digest);
    lq_digest_word(digest, (uint64_t)task->refusal.key << 16 | (uint64_t)task->refusal.asc << 8 |
                               task->refusal.ascq);
    if (task->is_answered)
        lq_digest_word(digest, task->store_status);
    if (task->is_faulted)
        lq_digest_two(digest, task->fault.key, (uint64_t)task->fault.asc << 8 | task->fault.ascq);
    lq_digest_two(digest, task->lba, task->nblocks);
    lq_digest_two(digest, (uint64_t)task->requests << 32 | task->step, task->stepped);
    lq_digest_two(digest, task->expected_in_bytes, task->expected_out_bytes);
    lq_digest_two(digest, task->defined_bytes, task->out_bytes);
    lq_digest_two(digest, task->reported.asc, task->reported.ascq);
    lq_digest_bytes(digest, task->cdb, task->cdb_bytes);
    mix_request(task, digest);
    if (task->state == LQ_TASK_HELD)
        lq_digest_time(digest, task->held_until_ns);
    /* Data-Out that is there; what is still coming is the transport's. */
    bool has_data = task->out_bytes > 0 && !task->data_wanted && task->state != LQ_TASK_ENDED;
    if (has_data && task->out_bytes <= engine->config.limits.transfer_bytes_max)
        lq_digest_bytes(digest, task->buffer, task->out_bytes);
}

static void mix_tasks(const struct lq_engine *engine, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < engine->config.limits.tasks; i++) {
        if (engine->tasks[i].state == LQ_TASK_FREE)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_task(engine, &engine->tasks[i], digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

/* --- task sets, stores ---------------------------------------------------------------------- */

static void mix_order(const struct lq_link *list, size_t offset, struct lq_digest *digest)
{
    LQ_LIST_EACH(link, list)
    name_task((const struct lq_engine_task *)(const void *)((const char *)link - offset), digest);
    lq_digest_word(digest, 0);
}

static void mix_reservations(const struct lq_unit *unit, struct lq_digest *digest)
{
    const struct lq_reservations *reservations = &unit->reservations;
    lq_digest_two(digest, reservations->type, reservations->generation);
    lq_digest_two(digest, reservations->aptpl,
                  (uint64_t)unit->saved.slot << 1 | unit->saved.is_ahead);
    lq_digest_bytes(digest, unit->saved.pages, unit->saved.pages_bytes);
    lq_digest_word(digest, reservations->reserver == NULL ? 0 : reservations->reserver->hash);
    LQ_LIST_EACH(link, &reservations->registrations)
    {
        const struct lq_registration *registration =
            LQ_ELEMENT(link, struct lq_registration, link);
        lq_digest_two(digest, registration->hash, registration->key);
        lq_digest_word(digest, registration == reservations->holder);
    }
    lq_digest_word(digest, reservations->count);
}

static void mix_units(const struct lq_engine *engine, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < engine->unit_count; i++)
        lq_digest_two(digest,
                      (uint64_t)engine->units[i].owes_flush << 2 |
                          (uint64_t)engine->units[i].is_stopped << 1 | engine->units[i].is_ejected,
                      (uint64_t)(engine->units[i].sanitizer != NULL) << 2 |
                          (uint64_t)engine->units[i].sanitize_failed << 1 |
                          engine->units[i].sanitize_ause);
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        mix_reservations(&engine->units[i], digest);
        lq_digest_bytes(digest, engine->units[i].modes, sizeof engine->units[i].modes);
    }
    for (uint32_t i = 0; i < engine->unit_count; i++)
        mix_order(&engine->units[i].tasks, offsetof(struct lq_engine_task, set_link), digest);
    for (uint32_t i = 0; i < engine->store_count; i++) {
        lq_digest_two(digest, engine->stores[i].cache_lost, engine->stores[i].threshold_reached);
        lq_digest_word(digest, engine->stores[i].save.is_out);
        mix_order(&engine->stores[i].orphans, offsetof(struct lq_engine_task, work_link), digest);
        mix_order(&engine->stores[i].held, offsetof(struct lq_engine_task, work_link), digest);
        mix_order(&engine->stores[i].waiting, offsetof(struct lq_engine_task, work_link), digest);
    }
    mix_order(&engine->faulted, offsetof(struct lq_engine_task, work_link), digest);
    mix_order(&engine->run, offsetof(struct lq_engine_task, work_link), digest);
}

/* --- nexuses -------------------------------------------------------------------------------- */

static void mix_attentions(const struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                           struct lq_digest *digest)
{
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        const struct lq_attentions *attentions = &nexus->attentions[i];
        lq_digest_two(digest, attentions->count, attentions->prevents_removal);
        lq_digest_word(digest, attentions->has_aca);
        for (uint32_t u = 0; u < attentions->count; u++)
            lq_digest_two(digest, attentions->pending[u].asc, attentions->pending[u].ascq);
    }
}

static void mix_nexus(const struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                      struct lq_digest *digest)
{
    lq_digest_two(digest, nexus->hash, nexus->established);
    lq_digest_two(digest, nexus->losing, nexus->loss);
    lq_digest_two(digest, nexus->loss_waiting, nexus->established_count > 1);
    if (nexus->losing)
        lq_digest_time(digest, nexus->loss_deadline_ns);
    mix_waiters(engine, nexus->cleared_by, digest);
    lq_digest_two(digest, nexus->task_count, nexus->orphan_count);
    mix_order(&nexus->tasks, offsetof(struct lq_engine_task, nexus_link), digest);
    mix_attentions(engine, nexus, digest);
}

static void mix_nexuses(const struct lq_engine *engine, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        if (!engine->nexuses[i].known)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_nexus(engine, &engine->nexuses[i], digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

/* --- TM functions --------------------------------------------------------------------------- */

static void mix_abort(const struct lq_abort *abort, struct lq_digest *digest)
{
    lq_digest_two(digest, abort->nexus->hash, abort->tag);
    lq_digest_two(digest, abort->trigger, abort->is_of_unit ? abort->unit_lun : UINT64_MAX);
    lq_digest_word(digest, abort->later_units);
    lq_digest_two(digest, abort->lun, abort->referenced_tag);
    lq_digest_two(digest, abort->answers, abort->quarantined);
    lq_digest_word(digest, abort->waiting);
    lq_digest_time(digest, abort->deadline_ns);
    LQ_LIST_EACH(link, &abort->nexus->tasks)
    {
        const struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        lq_digest_word(digest, (int64_t)(task->stamp - abort->stamp) < 0);
    }
}

void lq_engine_digest(const struct lq_engine *engine, struct lq_digest *digest)
{
    uint64_t sum = 0;
    mix_tasks(engine, digest);
    mix_units(engine, digest);
    mix_nexuses(engine, digest);
    for (uint32_t i = 0; i < lq_abort_slots(engine); i++) {
        if (!engine->aborts[i].in_use)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_abort(&engine->aborts[i], digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}
