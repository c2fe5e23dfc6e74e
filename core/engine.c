/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a whole: carving, stores, logical units, time, counts. */
#include "core/engine.h"

#include <string.h>

#include "core/device.h"
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
    engine->tasks_free = limits->tasks;
    for (uint32_t i = 0; i < limits->tasks; i++) {
        struct lq_engine_task *task = &engine->tasks[i];
        task->index = i;
        task->generation = engine->config.first_generation;
        task->buffer = engine->buffers + (uint64_t)i * limits->transfer_bytes_max;
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
    void *aborts = lq_arena_take(arena, limits->aborts, sizeof *engine->aborts, true);
    void *buffers = lq_arena_take(arena, limits->tasks, limits->transfer_bytes_max, false);
    if (lq_arena_is_measuring(arena))
        return NULL;
    engine->config = *config;
    engine->env = env;
    engine->tasks = tasks;
    engine->nexuses = nexuses;
    engine->units = units;
    engine->stores = stores;
    engine->aborts = aborts;
    engine->buffers = buffers;
    engine->next_serial = (uint64_t)config->incarnation << 40 | 1;
    init_tasks(engine);
    init_nexuses(engine, attentions);
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
    lq_record(engine, (struct lq_event){.kind = LQ_W_STORE,
                                        .code = store->number,
                                        .nblocks = store->block_bytes,
                                        .detail = store->write_granule_blocks,
                                        .value = store->nblocks});
    return true;
}

/* --- logical units --------------------------------------------------------------------------- */

static void copy_text(char *to, uint32_t size_bytes, const char *text, const char *fallback)
{
    const char *from = text != NULL ? text : fallback;
    uint32_t i = 0;
    for (; i + 1 < size_bytes && from[i] != '\0'; i++)
        to[i] = from[i];
    to[i] = '\0';
}

static const char *check_unit(const struct lq_engine *engine, const struct lq_unit_config *config)
{
    const struct lq_store *store = config->store;
    if (engine->unit_count == engine->config.limits.units)
        return "there are as many logical units as limits.units allows";
    if (config->target >= engine->config.limits.targets)
        return "the target's number is not below limits.targets";
    if (config->lun > 0x3fff)
        return "the LUN is above 16383";
    if (store->number >= engine->store_count || engine->stores[store->number].store != store)
        return "the store has not been added to the engine";
    bool is_power = (store->block_bytes & (store->block_bytes - 1)) == 0;
    if (store->block_bytes < 512 || store->block_bytes > 4096 || !is_power)
        return "the block size is none of 512, 1024, 2048, 4096";
    if (store->nblocks == 0)
        return "the store is smaller than one block";
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (engine->units[i].target == config->target && engine->units[i].lun == config->lun)
            return "the LUN is in use";
    return NULL;
}

const char *lq_engine_unit_add(struct lq_engine *engine, const struct lq_unit_config *config)
{
    const char *problem = check_unit(engine, config);
    if (problem != NULL)
        return problem;
    struct lq_unit *unit = &engine->units[engine->unit_count];
    unit->number = engine->unit_count++;
    unit->target = config->target;
    unit->lun = config->lun;
    unit->store = &engine->stores[config->store->number];
    lq_list_init(&unit->tasks);
    lq_list_init(&unit->rescan_link);
    copy_text(unit->vendor, sizeof unit->vendor, config->vendor, "LUNQUAKE");
    copy_text(unit->product, sizeof unit->product, config->product, "SIMULATED DISK");
    copy_text(unit->revision, sizeof unit->revision, config->revision, "0001");
    copy_text(unit->serial, sizeof unit->serial, config->serial, "0");
    const struct lq_store *store = config->store;
    lq_record(engine, (struct lq_event){.kind = LQ_W_LUN,
                                        .target = unit->target,
                                        .code = store->number,
                                        .detail = unit->number,
                                        .nblocks = store->block_bytes,
                                        .flags = lq_has_write_cache(engine, unit)
                                                     ? LQ_F_WRITE_CACHE
                                                     : 0,
                                        .lun = lq_lun_of_unit(unit),
                                        .value = store->nblocks});
    return NULL;
}

/* Peripheral device addressing below 256, flat space addressing from there [SAM-5 4.7.7]. */
uint64_t lq_lun_of_unit(const struct lq_unit *unit)
{
    uint64_t first = unit->lun < 256 ? unit->lun : (0x4000U | unit->lun);
    return first << 48;
}

struct lq_unit *lq_unit_of_lun(struct lq_engine *engine, uint16_t target, uint64_t lun)
{
    uint16_t first = (uint16_t)(lun >> 48);
    uint16_t method = first >> 14, wanted = first & 0x3fff;
    bool is_single_level = (lun & UINT64_C(0xffffffffffff)) == 0;
    bool is_peripheral = method == 0 && wanted < 256; /* bus 0 */
    if (!is_single_level || !(is_peripheral || method == 1))
        return NULL;
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (engine->units[i].target == target && engine->units[i].lun == wanted)
            return &engine->units[i];
    return NULL;
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
