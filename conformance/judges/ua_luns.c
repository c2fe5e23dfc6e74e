/* SPDX-License-Identifier: Apache-2.0 */
/* Unit attentions that follow from changes of LUNs [SPC-5 r22 6.33; SAM-5 r21 5.14]. */
#include "conformance/judges/ua.h"

/* All nexuses of TARGET hear of KIND by UNIT. */
static void tell_all(struct lq_judge *judge, const struct lq_seen_unit *unit, enum kind kind,
                     const struct lq_event *event)
{
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        if (nexus->target == unit->target)
            lq_ua_owe(judge, nexus, unit, kind, nexus->is_established, event);
    }
}

/* A unit has come or gone: what it had to tell has gone with it, and all others tell of it. */
void lq_ua_lun_comes(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    for (uint32_t n = 0; unit != NULL && n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        if (nexus->target != event->target)
            continue;
        struct place *place = lq_ua_place(judge, nexus, unit);
        *place = (struct place){0};
        place->conditions[COARSE].allowed = unit->is_there ? 1 : 0;
    }
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *other = lq_array_at(&judge->view.units, u);
        if (other != unit && other->unit == u && other->is_there && other->target == event->target)
            tell_all(judge, other, LUNS_CHANGED, event);
    }
}

/* MODE SELECT has changed something: everybody else hears of it [SPC-5 r22 6.9]. */
void lq_ua_modes(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    for (uint32_t n = 0; unit != NULL && event->nexus != 0 && n < judge->view.nexuses.count; n++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        if (nexus->target == unit->target && nexus->nexus != event->nexus)
            lq_ua_owe(judge, nexus, unit, PARAMETERS, nexus->is_established, event);
    }
}

void lq_ua_lun_changes(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    if (event->code == LQ_LUN_REMOVED)
        lq_ua_lun_comes(judge, event);
    else if (unit != NULL && event->code == LQ_LUN_RESIZED)
        tell_all(judge, unit, CAPACITY, event);
    else if (unit != NULL && event->code == LQ_LUN_ACCESS)
        tell_all(judge, unit, PARAMETERS, event);
}
