/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a whole: carving, stores, time, counts. */
#include "core/engine.h"

#include "core/state.h"

const struct lq_engine_config lq_engine_config_default = {
    .quarantine_after_ns = UINT64_C(3000000000),
    .login_quarantine_after_ns = 0,
    .busy_after_ns = UINT64_C(10000000000),
};

static void init_tasks(struct lq_engine *engine)
{
    const struct lq_limits *limits = &engine->config.limits;
    lq_list_init(&engine->free_tasks);
    lq_list_init(&engine->run);
    lq_list_init(&engine->rescan);
    lq_list_init(&engine->losing);
    lq_list_init(&engine->ended);
    lq_list_init(&engine->faulted);
    engine->tasks_free = limits->tasks;
    for (uint32_t i = 0; i < limits->tasks; i++) {
        struct lq_engine_task *task = &engine->tasks[i];
        task->index = i;
        task->generation = engine->config.first_generation;
        task->buffer = engine->buffers + i * lq_buffer_bytes(engine);
        lq_list_init(&task->set_link);
        lq_list_init(&task->nexus_link);
        lq_list_init(&task->work_link);
        lq_list_init(&task->request.store_link);
        lq_list_append(&engine->free_tasks, &task->work_link);
    }
}

static void init_nexuses(struct lq_engine *engine, struct lq_attentions *attentions)
{
    const struct lq_limits *limits = &engine->config.limits;
    for (uint32_t i = 0; i < limits->nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        nexus->index = i;
        nexus->generation = engine->config.first_generation;
        nexus->attentions = attentions + (uint64_t)i * limits->units;
        lq_list_init(&nexus->tasks);
        lq_list_init(&nexus->losing_link);
        lq_list_init(&nexus->ended_link);
    }
}

struct lq_engine *lq_engine_make(struct lq_arena *arena, const struct lq_engine_config *config,
                                 struct lq_env *env)
{
    const struct lq_limits *limits = &config->limits;
    LQ_ASSERT(lq_limits_check(limits) == NULL);
    struct lq_engine *engine = lq_arena_take(arena, 1, sizeof *engine, true);
    void *tasks = lq_arena_take(arena, limits->tasks, sizeof *engine->tasks, true);
    void *nexuses = lq_arena_take(arena, limits->nexuses, sizeof *engine->nexuses, true);
    void *attentions = lq_arena_take(arena, (uint64_t)limits->nexuses * limits->units,
                                     sizeof *engine->nexuses->attentions, true);
    void *units = lq_arena_take(arena, limits->units, sizeof *engine->units, true);
    void *stores = lq_arena_take(arena, limits->stores, sizeof *engine->stores, true);
    void *aborts = lq_arena_take(arena, limits->aborts + LQ_QERR_SLOTS, sizeof *engine->aborts,
                                 true);
    void *registrations = lq_arena_take(arena, limits->registrations,
                                        sizeof(struct lq_registration), true);
    void *ports = lq_arena_take(arena, limits->targets, sizeof *engine->target_ports, true);
    uint8_t *records = lq_arena_take(arena, (uint64_t)limits->stores + 1, LQ_SAVED_SLOT_BYTES,
                                     false);
    void *buffers = lq_arena_take(arena, limits->tasks,
                                  limits->transfer_bytes_max + LQ_SCRATCH_BYTES, false);
    if (lq_arena_is_measuring(arena))
        return NULL;
    engine->config = *config;
    engine->env = env;
    engine->tasks = tasks;
    engine->nexuses = nexuses;
    engine->units = units;
    engine->stores = stores;
    engine->aborts = aborts;
    engine->target_ports = ports;
    for (uint32_t i = 0; i < limits->targets; i++)
        engine->target_ports[i] = 1;
    engine->record = records;
    for (uint32_t i = 0; i < limits->stores; i++)
        engine->stores[i].save.image = records + (size_t)(i + 1) * LQ_SAVED_SLOT_BYTES;
    engine->buffers = buffers;
    engine->next_serial = (uint64_t)config->incarnation << 40 | 1;
    init_tasks(engine);
    init_nexuses(engine, attentions);
    lq_registrations_init(engine, registrations);
    return engine;
}

bool lq_engine_store_add(struct lq_engine *engine, struct lq_store *store)
{
    if (engine->store_count == engine->config.limits.stores)
        return false;
    store->number = engine->store_count;
    struct lq_store_state *state = &engine->stores[engine->store_count++];
    state->store = store;
    lq_list_init(&state->orphans);
    lq_list_init(&state->held);
    lq_list_init(&state->waiting);
    lq_record(engine, (struct lq_event){.kind = LQ_W_STORE,
                                        .code = store->number,
                                        .nblocks = store->block_bytes,
                                        .detail = store->write_granule_blocks,
                                        .flags = store->cannot_fence ? LQ_F_UNFENCED : 0,
                                        .value = store->nblocks});
    return true;
}

/* --- time and counts ------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t lq_engine_deadline(const struct lq_engine *engine)
{
    return earlier(earlier(lq_abort_deadline(engine), lq_nexus_deadline(engine)),
                   lq_quarantine_deadline_of_held(engine));
}

void lq_engine_expire(struct lq_engine *engine)
{
    lq_abort_expire(engine);
    lq_nexus_expire(engine);
    lq_quarantine_expire(engine);
    lq_settle(engine);
}

struct lq_engine_counts lq_engine_counts(const struct lq_engine *engine)
{
    struct lq_engine_counts counts = {
        .tasks = engine->config.limits.tasks,
        .tasks_free = engine->tasks_free,
        .aborts = engine->config.limits.aborts,
        .aborts_free = engine->config.limits.aborts,
        .orphans = engine->orphan_count,
        .held = engine->held_count,
        .commands_received = engine->commands_received,
        .stale_completions = engine->stale_completions,
    };
    for (uint32_t i = 0; i < engine->config.limits.aborts; i++)
        counts.aborts_free -= engine->aborts[i].in_use ? 1 : 0;
    return counts;
}

uint32_t lq_engine_store_outstanding(const struct lq_engine *engine, uint32_t number)
{
    return number < engine->store_count ? engine->stores[number].outstanding : 0;
}

struct lq_store *lq_engine_store(const struct lq_engine *engine, uint32_t number)
{
    return number < engine->store_count ? engine->stores[number].store : NULL;
}
