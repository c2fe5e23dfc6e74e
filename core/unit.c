/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logical units come and go, grow and shrink, and are write protected, while initiators use them.
 *
 * All of it applies at once: to the command that comes next, and to those that wait. Who has to
 * know is told by a unit attention: of what there is, all I_T nexuses of the target by all other
 * units (REPORTED LUNS DATA HAS CHANGED, which REPORT LUNS clears [SPC-4 6.33]); of a unit's
 * capacity and write protection, all of them by that unit.
 */
#include "core/device.h"

static const char not_there[] = "the LUN is not there";

static struct lq_unit *find_unit(struct lq_engine *engine, uint16_t target, uint16_t lun)
{
    struct lq_unit *removed = NULL;
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *unit = &engine->units[i];
        if (unit->target != target || unit->lun != lun)
            continue;
        if (unit->is_there)
            return unit;
        removed = unit;
    }
    return lq_core_wrong(engine, LQ_WRONG_REMOVED_LUN_ANSWERS) ? removed : NULL;
}

/* --- who hears of it ------------------------------------------------------------------------- */

/* By UNIT, all I_T nexuses that have ever been there. */
static void tell(struct lq_engine *engine, struct lq_unit *unit, struct lq_ua ua)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (!nexus->known || nexus->target != unit->target)
            continue;
        lq_ua_establish(engine, nexus, unit, ua);
        if (lq_core_wrong(engine, LQ_WRONG_CHANGE_TOLD_TO_ONE))
            break;
    }
}

/* REPORTED LUNS DATA HAS CHANGED, by all units but UNIT. */
static void tell_others(struct lq_engine *engine, const struct lq_unit *unit)
{
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *other = &engine->units[i];
        if (other != unit && other->is_there && other->target == unit->target)
            tell(engine, other, (struct lq_ua){0x3f, 0x0e});
    }
}

/* What was to be told of a former unit in this place. */
static void forget_attentions(struct lq_engine *engine, const struct lq_unit *unit)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++)
        engine->nexuses[i].attentions[unit->slot] = (struct lq_attentions){0};
}

/* --- adding ---------------------------------------------------------------------------------- */

static void copy_text(char *to, uint32_t size_bytes, const char *text, const char *fallback)
{
    const char *from = text != NULL ? text : fallback;
    uint32_t i = 0;
    for (; i + 1 < size_bytes && from[i] != '\0'; i++)
        to[i] = from[i];
    to[i] = '\0';
}

/* A place that nobody needs any more, else a new one; NULL: limits.units are in use. */
static struct lq_unit *find_place(struct lq_engine *engine)
{
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (!engine->units[i].is_there && engine->units[i].task_count == 0)
            return &engine->units[i];
    if (engine->unit_count == engine->config.limits.units)
        return NULL;
    struct lq_unit *unit = &engine->units[engine->unit_count];
    unit->slot = engine->unit_count++;
    lq_list_init(&unit->reservations.registrations);
    lq_list_init(&unit->tasks);
    lq_list_init(&unit->rescan_link);
    return unit;
}

static const char *check_unit(const struct lq_engine *engine, const struct lq_unit_config *config)
{
    const struct lq_store *store = config->store;
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
    if (config->nblocks > store->nblocks)
        return "the capacity is beyond the end of the store";
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (engine->units[i].is_there && engine->units[i].target == config->target &&
            engine->units[i].lun == config->lun)
            return "the LUN is in use";
    return NULL;
}

static void record_unit(struct lq_engine *engine, const struct lq_unit *unit)
{
    const struct lq_store *store = unit->store->store;
    bool has_cache = lq_has_write_cache(engine, unit);
    lq_record(engine, (struct lq_event){.kind = LQ_W_LUN,
                                        .target = unit->target,
                                        .code = store->number,
                                        .detail = unit->number,
                                        .nblocks = store->block_bytes,
                                        .flags = has_cache ? LQ_F_WRITE_CACHE : 0,
                                        .lun = lq_lun_of_unit(unit),
                                        .value = unit->nblocks});
}

const char *lq_engine_unit_add(struct lq_engine *engine, const struct lq_unit_config *config)
{
    const char *problem = check_unit(engine, config);
    if (problem != NULL)
        return problem;
    struct lq_unit *unit = find_place(engine);
    if (unit == NULL)
        return "there are as many logical units as limits.units allows";
    unit->number = engine->next_unit_number++;
    unit->is_there = true;
    unit->log = (struct lq_unit_log){0};
    unit->added_ns = engine->env->now_ns;
    unit->acas = 0;
    unit->read_only = config->read_only;
    unit->removable = config->removable;
    unit->sanitizer = NULL;
    unit->sanitize_failed = unit->sanitize_ause = false;
    unit->clock_is_set = false;
    unit->clock_began_ms = engine->env->now_ns / 1000000;
    unit->clock_ms = 0;
    unit->is_stopped = unit->is_ejected = unit->owes_flush = false;
    unit->read_only_use = 0;
    unit->target = config->target;
    unit->lun = config->lun;
    unit->store = &engine->stores[config->store->number];
    unit->nblocks = config->nblocks != 0 ? config->nblocks : config->store->nblocks;
    copy_text(unit->vendor, sizeof unit->vendor, config->vendor, "LUNQUAKE");
    copy_text(unit->product, sizeof unit->product, config->product, "SIMULATED DISK");
    copy_text(unit->revision, sizeof unit->revision, config->revision, "0001");
    copy_text(unit->serial, sizeof unit->serial, config->serial, "0");
    lq_saved_open(engine, unit);
    record_unit(engine, unit);
    lq_modes_reset(engine, unit);
    forget_attentions(engine, unit);
    tell(engine, unit, (struct lq_ua){0x29, 0x00}); /* to whom it is new, it has been switched on */
    tell_others(engine, unit);
    return NULL;
}

/* --- removing -------------------------------------------------------------------------------- */

static void record_change(struct lq_engine *engine, const struct lq_unit *unit,
                          enum lq_lun_change change, uint64_t value)
{
    lq_record(engine, (struct lq_event){.kind = LQ_W_LUN_CHANGED,
                                        .target = unit->target,
                                        .code = (uint32_t)change,
                                        .detail = unit->number,
                                        .lun = lq_lun_of_unit(unit),
                                        .value = value});
}

/*
 * A command of a unit that is removed. What waits has done nothing and learns that the unit is not
 * there. What is in the store may land still: its end says that nobody knows, and its request is
 * an orphan, so that no other unit on the store can be surprised by it. A store without a fence
 * allows no orphans; there the command ends when its request does. One that waits for Data-Out ends
 * when that is there, as it would with any refusal.
 */
static void end_command(struct lq_engine *engine, struct lq_engine_task *task)
{
    bool is_in_store = task->state == LQ_TASK_IN_STORE;
    if (task->data_wanted || (is_in_store && task->unit->store->store->cannot_fence))
        return;
    if (is_in_store && task->aborted) {
        lq_quarantine_orphan(engine, task);
    } else if (is_in_store) {
        lq_check_condition(engine, task, 0x0b, 0x08, 0x00); /* COMMUNICATION FAILURE */
        lq_quarantine_leave(engine, task);
    } else {
        if (task->state == LQ_TASK_HELD)
            lq_quarantine_forget_held(engine, task);
        lq_saved_blocked_end(engine, task);
        lq_check_condition(engine, task, 0x05, 0x25, 0x00); /* LOGICAL UNIT NOT SUPPORTED */
    }
}

const char *lq_engine_unit_remove(struct lq_engine *engine, uint16_t target, uint16_t lun)
{
    struct lq_unit *unit = find_unit(engine, target, lun);
    if (unit == NULL)
        return not_there;
    unit->is_there = false;
    lq_aca_clear_unit(engine, unit);
    record_change(engine, unit, LQ_LUN_REMOVED, 0);
    LQ_LIST_EACH_SAFE(link, following, &unit->tasks)
    {
        if (lq_core_wrong(engine, LQ_WRONG_REMOVED_LUN_ANSWERS))
            break;
        end_command(engine, LQ_ELEMENT(link, struct lq_engine_task, set_link));
    }
    lq_reservations_forget(engine, unit);
    unit->reservations.reserver = NULL;
    forget_attentions(engine, unit);
    tell_others(engine, unit);
    lq_settle(engine);
    return NULL;
}

bool lq_task_has_unit(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->unit != NULL &&
           (task->unit->is_there || lq_core_wrong(engine, LQ_WRONG_REMOVED_LUN_ANSWERS));
}

/* --- changing -------------------------------------------------------------------------------- */

const char *lq_engine_unit_resize(struct lq_engine *engine, uint16_t target, uint16_t lun,
                                  uint64_t nblocks)
{
    struct lq_unit *unit = find_unit(engine, target, lun);
    if (unit == NULL)
        return not_there;
    if (nblocks == 0)
        return "the capacity is no block at all";
    if (nblocks > unit->store->store->nblocks)
        return "the capacity is beyond the end of the store";
    if (nblocks == unit->nblocks)
        return NULL;
    unit->nblocks = nblocks;
    record_change(engine, unit, LQ_LUN_RESIZED, nblocks);
    if (!lq_core_wrong(engine, LQ_WRONG_RESIZE_TELLS_NOBODY))
        tell(engine, unit, (struct lq_ua){0x2a, 0x09}); /* CAPACITY DATA HAS CHANGED */
    return NULL;
}

const char *lq_engine_unit_access(struct lq_engine *engine, uint16_t target, uint16_t lun,
                                  bool read_only)
{
    struct lq_unit *unit = find_unit(engine, target, lun);
    if (unit == NULL)
        return not_there;
    if (unit->read_only == read_only)
        return NULL;
    unit->read_only = read_only;
    unit->read_only_use = engine->uses++;
    record_change(engine, unit, LQ_LUN_ACCESS, read_only);
    tell(engine, unit, (struct lq_ua){0x2a, 0x01}); /* MODE PARAMETERS CHANGED: WP is one */
    return NULL;
}

bool lq_unit_is_read_only(const struct lq_engine *engine, const struct lq_unit *unit,
                          const struct lq_engine_nexus *nexus)
{
    bool is_spared = nexus->last_used < unit->read_only_use &&
                     lq_core_wrong(engine, LQ_WRONG_ACCESS_FOR_NEWCOMERS);
    return unit->store->store->read_only || (unit->read_only && !is_spared);
}

/* --- finding --------------------------------------------------------------------------------- */

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
    return find_unit(engine, target, wanted);
}
