/* SPDX-License-Identifier: Apache-2.0 */
/* The view's logical units: they come, go and change. */
#include "conformance/judges/internal.h"

/* A LUN of one level may be written in two ways [SAM-5 r21 4.7.7]: peripheral device addressing
 * (00b, bus 0) up to 255, flat space addressing (01b) up to 16383. */
static uint64_t plain_lun(uint64_t lun)
{
    bool is_flat = lun >> 62 == 1;
    return is_flat && (lun >> 48 & 0x3fff) < 256 ? lun & ~(UINT64_C(0x4000) << 48) : lun;
}

static struct lq_seen_unit *find(const struct lq_view *view, uint16_t target, uint64_t lun)
{
    uint32_t index = lq_map_get(&view->unit_of, lq_key(target, plain_lun(lun)));
    return index == LQ_NONE ? NULL : lq_array_at(&view->units, index);
}

const struct lq_seen_unit *lq_view_unit(const struct lq_view *view, uint16_t target, uint64_t lun)
{
    return find(view, target, lun);
}

static void unit_comes(struct lq_seen_unit *unit, const struct lq_event *event)
{
    unit->is_there = (event->flags & LQ_F_ABSENT) == 0;
    if (!unit->is_there) {
        unit->removed = event;
        return;
    }
    unit->added = event;
    unit->modes = unit->modes_at_first = NULL;
    unit->acas = 0;
    unit->has_write_cache = (event->flags & LQ_F_WRITE_CACHE) != 0;
}

void lq_view_unit_aca(struct lq_view *view, const struct lq_event *event)
{
    struct lq_seen_unit *unit = find(view, event->target, event->lun);
    if (unit == NULL)
        return;
    unit->aca_changed = event;
    if (event->code != 0 && unit->acas < LQ_ACAS_MAX) {
        unit->faulted[unit->acas++] = event->nexus;
        unit->faulted_serial = event->serial;
        return;
    }
    for (uint32_t i = 0; i < unit->acas; i++)
        if (unit->faulted[i] == event->nexus)
            unit->faulted[i--] = unit->faulted[--unit->acas];
}

void lq_view_unit_modes(struct lq_view *view, const struct lq_event *event)
{
    struct lq_seen_unit *unit = find(view, event->target, event->lun);
    if (unit == NULL)
        return;
    unit->modes = event;
    unit->has_write_cache = (event->detail & 0x04) != 0;
    if (unit->modes_at_first == NULL)
        unit->modes_at_first = event;
}

void lq_view_unit_changes(struct lq_view *view, const struct lq_event *event)
{
    struct lq_seen_unit *unit = find(view, event->target, event->lun);
    if (unit == NULL)
        return;
    if (event->code == LQ_LUN_REMOVED) {
        unit->is_there = false;
        unit->removed = event;
    } else if (event->code == LQ_LUN_ACCESS) {
        unit->is_read_only = event->value != 0;
        unit->access = event;
    }
}

void lq_view_unit_comes(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    uint32_t *at = lq_map_put(&view->unit_of, judge->allocator,
                              lq_key(event->target, plain_lun(event->lun)));
    if (*at != LQ_NONE) {
        unit_comes(lq_array_at(&view->units, *at), event);
        return;
    }
    *at = view->units.count;
    const struct lq_seen_store *store = lq_view_store(view, judge->allocator, event->code);
    bool is_larger = store != NULL && store->blocks > event->value;
    struct lq_seen_unit *unit = lq_array_add(&view->units, judge->allocator);
    *unit = (struct lq_seen_unit){.target = event->target,
                                  .lun = event->lun,
                                  .store = event->code,
                                  .unit = *at,
                                  .block_bytes = event->nblocks,
                                  .blocks = is_larger ? store->blocks : event->value};
    unit_comes(unit, event);
    if (event->flags & LQ_F_ABSENT)
        return;
    /* Units are numbered by the engine; a second LUN of one number is the same logical unit. */
    uint32_t *same = lq_map_put(&view->unit_of, judge->allocator,
                                lq_key(UINT64_MAX - event->target, event->detail));
    if (*same == LQ_NONE)
        *same = *at;
    unit = lq_array_at(&view->units, view->units.count - 1);
    unit->unit = *same;
}

void lq_view_function_received(struct lq_seen_function *function, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = function->unit;
    function->received = event;
    if (unit == NULL || function->nexus == NULL)
        return;
    function->is_per_nexus = lq_has_tst_per_nexus(unit);
    function->has_tas = lq_has_tas(unit);
    function->is_of_others_aca = unit->acas > 0 && !function->is_per_nexus &&
                                 !lq_has_aca(unit, function->nexus);
}
