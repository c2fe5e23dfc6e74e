/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/admin.h"

#include "core/base/assert.h"
#include "scenarios/lang/scenario.h"
#include "sim/stage/print.h"
#include "sim/stage/state.h"

struct lq_admin lq_plan_unit_admin(const struct lq_plan *plan, uint32_t number)
{
    const struct lq_plan_unit *unit = &plan->units[number];
    struct lq_admin admin = {.kind = LQ_ADMIN_ADD,
                             .target = unit->target,
                             .lun = unit->lun,
                             .store = unit->store,
                             .nblocks = unit->nblocks,
                             .read_only = unit->read_only};
    struct lq_print print = lq_print_into(admin.serial, sizeof admin.serial);
    lq_print_text(&print, "LUNQUAKE");
    lq_print_number(&print, number);
    return admin;
}

void lq_world_announce_units(struct lq_world *world)
{
    const struct lq_plan *plan = &world->plan;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct lq_plan_unit *unit = &plan->units[i];
        if (!unit->is_absent)
            continue;
        lq_world_record(world,
                        (struct lq_event){.kind = LQ_W_LUN,
                                          .target = unit->target,
                                          .flags = LQ_F_ABSENT,
                                          .code = unit->store,
                                          .nblocks = plan->disks[unit->store].block_bytes,
                                          .lun = (uint64_t)unit->lun << 48,
                                          .value = unit->nblocks});
    }
}

const char *lq_plan_add_units(const struct lq_plan *plan, struct lq_shard *shard, uint64_t now_ns)
{
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        if (plan->units[i].is_absent)
            continue;
        struct lq_admin admin = lq_plan_unit_admin(plan, i);
        struct lq_input input = {.kind = LQ_INPUT_ADMIN, .now_ns = now_ns, .admin = &admin};
        struct lq_input_result result = lq_shard_input(shard, &input);
        if (result.refused != NULL)
            return result.refused;
    }
    return NULL;
}

/* What is so already, in the plan: the target may be down now, and nobody else changes LUNs. */
static const char *refuse(const struct lq_plan_unit *unit, enum lq_admin_kind kind)
{
    if (kind == LQ_ADMIN_ADD)
        return unit->is_absent ? NULL : "the LUN is in use";
    return unit->is_absent ? "the LUN is not there" : NULL;
}

const char *lq_world_change(struct lq_world *world, const struct lq_scn_change *change)
{
    static const enum lq_admin_kind kinds[] = {[LQ_SCN_ADD] = LQ_ADMIN_ADD,
                                               [LQ_SCN_REMOVE] = LQ_ADMIN_REMOVE,
                                               [LQ_SCN_RESIZE] = LQ_ADMIN_RESIZE,
                                               [LQ_SCN_ACCESS] = LQ_ADMIN_ACCESS};
    struct lq_plan *plan = &world->plan;
    uint32_t number = 0;
    while (number < plan->unit_count && (plan->units[number].target != change->target ||
                                         plan->units[number].lun != change->lun))
        number++;
    LQ_ASSERT(number < plan->unit_count);
    struct lq_plan_unit *unit = &plan->units[number];
    enum lq_admin_kind kind = kinds[change->kind];
    const char *refused = refuse(unit, kind);
    if (refused != NULL)
        return refused;
    struct lq_plan_unit former = *unit;
    if (kind == LQ_ADMIN_ADD || kind == LQ_ADMIN_REMOVE)
        unit->is_absent = kind == LQ_ADMIN_REMOVE;
    if (kind == LQ_ADMIN_RESIZE)
        unit->nblocks = change->value / plan->disks[unit->store].block_bytes;
    if (kind == LQ_ADMIN_ACCESS)
        unit->read_only = change->value == LQ_SCN_READ_ONLY;
    struct lq_admin admin = lq_plan_unit_admin(plan, number);
    admin.kind = kind;
    refused = world->administer(world, &admin);
    if (refused != NULL)
        *unit = former;
    return refused;
}
