/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LUNs that an administrator removes, makes smaller or write protects while initiators use them,
 * and later has as they were.
 *
 * Method: one change of a LUN at a time. Which LUN, and for how long, is drawn; a timer undoes it.
 * A target that has no place for a LUN yet (an orphan of its former self holds one) is asked again.
 */
#include "core/base/assert.h"
#include "scenarios/lang/scenario.h"
#include "sim/stage/admin.h"
#include "sim/virtual/virtual.h"

enum { SITE_WHICH = 4000, SITE_LONG, SITE_HOW_LONG, SITE_SIZE };

static const uint64_t MS = 1000000, CHANGED_NS = 1000000000, AGAIN_NS = 10000000;

static const struct {
    enum lq_fault fault;
    uint32_t change, undone_by; /* enum lq_scn_change_kind */
} rows[] = {{LQ_FAULT_LUN_REMOVE, LQ_SCN_REMOVE, LQ_SCN_ADD},
            {LQ_FAULT_LUN_RESIZE, LQ_SCN_RESIZE, LQ_SCN_RESIZE},
            {LQ_FAULT_LUN_ACCESS, LQ_SCN_ACCESS, LQ_SCN_ACCESS}};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void undo_fires(struct lq_timer *timer);

void lq_changes_init(struct virtual_world *virtual)
{
    for (uint32_t i = 0; i < LQ_PLAN_UNITS_MAX; i++) {
        virtual->changes[i] = (struct virtual_change){.virtual = virtual, .unit = i};
        virtual->changes[i].undo.fire = undo_fires;
    }
}

static uint64_t draw(struct virtual_world *virtual, uint32_t site, uint64_t n)
{
    return lq_choose(virtual->world.faults.choice, LQ_STREAM_FAULT, site, virtual->steps, n);
}

static const char *change(struct virtual_world *virtual, uint32_t number, uint32_t kind,
                          uint64_t value)
{
    const struct lq_plan_unit *unit = &virtual->world.plan.units[number];
    struct lq_scn_change change = {.kind = kind, .target = unit->target, .lun = unit->lun,
                                   .value = value};
    return lq_world_change(&virtual->world, &change);
}

/* --- there ---------------------------------------------------------------------------------- */

/* A capacity in bytes below the present one: most of the time in the blocks that all use. */
static uint64_t smaller(struct virtual_world *virtual, uint64_t nblocks, uint32_t block_bytes)
{
    static const uint64_t blocks[] = {4, 16, 64, 1024};
    uint64_t drawn = blocks[draw(virtual, SITE_SIZE, sizeof blocks / sizeof blocks[0])];
    return (drawn < nblocks ? drawn : (nblocks + 1) / 2) * block_bytes;
}

/* How long a change holds: as its rule says, or as a seed draws. */
static uint64_t how_long(struct virtual_world *virtual)
{
    const struct lq_faults *faults = &virtual->world.faults;
    if (faults->rule != NULL)
        return lq_fault_delay(faults) != 0 ? lq_fault_delay(faults) : CHANGED_NS;
    bool is_long = draw(virtual, SITE_LONG, 4) == 3;
    return MS + draw(virtual, SITE_HOW_LONG, (is_long ? 1000 : 20) * MS);
}

static void begin(struct virtual_world *virtual, uint32_t row, uint32_t number)
{
    struct virtual_change *changed = &virtual->changes[number];
    const struct lq_plan_unit *unit = &virtual->world.plan.units[number];
    const struct lq_disk_options *disk = &virtual->world.plan.disks[unit->store];
    uint64_t nblocks = unit->nblocks != 0 ? unit->nblocks : disk->nblocks;
    uint64_t value = 0;
    changed->row = row;
    changed->former = nblocks * disk->block_bytes;
    if (rows[row].fault == LQ_FAULT_LUN_RESIZE)
        value = smaller(virtual, nblocks, disk->block_bytes);
    if (rows[row].fault == LQ_FAULT_LUN_ACCESS) {
        changed->former = unit->read_only ? LQ_SCN_READ_ONLY : LQ_SCN_READ_WRITE;
        value = LQ_SCN_READ_ONLY;
    }
    const char *refused = change(virtual, number, rows[row].change, value);
    LQ_ASSERT(refused == NULL);
    lq_queue_at(&virtual->world.queue, &changed->undo,
                virtual->world.env.now_ns + how_long(virtual), undo_fires);
    virtual->has_struck = true;
}

/* --- and back ------------------------------------------------------------------------------- */

static void undo_fires(struct lq_timer *timer)
{
    struct virtual_change *changed = LQ_ELEMENT(timer, struct virtual_change, undo);
    struct virtual_world *virtual = changed->virtual;
    /* A scenario may have removed it, or added it, meanwhile: then there is nothing to undo. */
    bool is_absent = virtual->world.plan.units[changed->unit].is_absent;
    bool is_added = rows[changed->row].undone_by == LQ_SCN_ADD;
    bool has_to_wait = virtual->shard == NULL; /* nobody would see it now */
    if (!has_to_wait && is_absent == is_added)
        has_to_wait = change(virtual, changed->unit, rows[changed->row].undone_by,
                             changed->former) != NULL;
    if (has_to_wait)
        lq_queue_at(&virtual->world.queue, timer, virtual->world.env.now_ns + AGAIN_NS,
                    undo_fires);
}

void lq_changes_heal(struct virtual_world *virtual)
{
    for (uint32_t i = 0; i < LQ_PLAN_UNITS_MAX; i++)
        if (lq_timer_is_set(&virtual->changes[i].undo))
            lq_queue_at(&virtual->world.queue, &virtual->changes[i].undo,
                        virtual->world.env.now_ns, undo_fires);
}

/* --- when ----------------------------------------------------------------------------------- */

/* The PLACE-th LUN that is there as it should be; unit_count: there are not so many. */
static uint32_t unchanged(const struct virtual_world *virtual, uint64_t place)
{
    const struct lq_plan *plan = &virtual->world.plan;
    uint32_t i = 0;
    for (; i < plan->unit_count; i++)
        if (!plan->units[i].is_absent && !lq_timer_is_set(&virtual->changes[i].undo) &&
            place-- == 0)
            break;
    return i;
}

static uint32_t draw_unit(struct virtual_world *virtual)
{
    uint32_t count = 0;
    while (unchanged(virtual, count) < virtual->world.plan.unit_count)
        count++;
    return unchanged(virtual, draw(virtual, SITE_WHICH, count == 0 ? 1 : count));
}

void lq_changes_consider(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (virtual->shard == NULL)
        return;
    for (uint32_t row = 0; row < ROWS; row++) {
        if (!lq_fault_can_fire(&world->faults, rows[row].fault))
            continue;
        uint32_t unit = draw_unit(virtual);
        if (unit < world->plan.unit_count &&
            lq_fault_fires(&world->faults, rows[row].fault, virtual->steps, 0))
            begin(virtual, row, unit);
    }
}
