/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit attentions: a queue per I_T_L nexus, kept as code pairs and turned into sense when reported
 * [SAM-5 5.14]. Reporting one clears that one only; one whose status was lost is put back.
 */
#include <string.h>

#include "core/state.h"

/* Precedence, highest first [SAM-4 5.14]; what is not listed ranks last, in order of arrival, and
 * below RESERVATION CONFLICT [SAM-5 5.3.3]. */
static const struct lq_ua precedence[] = {
    {0x29, 0x00}, {0x29, 0x01}, {0x29, 0x04}, {0x29, 0x02},
    {0x3f, 0x01}, {0x29, 0x03}, {0x29, 0x07}, {0x2f, 0x01},
};

static bool is_same(struct lq_ua a, struct lq_ua b)
{
    return a.asc == b.asc && a.ascq == b.ascq;
}

static size_t rank_of(struct lq_ua ua)
{
    size_t rank = 0;
    while (rank < sizeof precedence / sizeof precedence[0] && !is_same(precedence[rank], ua))
        rank++;
    return rank;
}

static void record(struct lq_engine *engine, enum lq_event_kind kind,
                   const struct lq_engine_nexus *nexus, const struct lq_unit *unit, struct lq_ua ua,
                   uint64_t serial)
{
    lq_record(engine, (struct lq_event){.kind = (uint16_t)kind,
                                        .target = nexus->target,
                                        .nexus = nexus->hash,
                                        .lun = lq_lun_of_unit(unit),
                                        .serial = serial,
                                        .detail = (uint32_t)ua.asc << 8 | ua.ascq});
}

/* True when UA was not pending. */
static bool insert(struct lq_engine *engine, struct lq_engine_nexus *nexus, struct lq_unit *unit,
                   struct lq_ua ua)
{
    struct lq_attentions *queue = &nexus->attentions[unit->slot];
    for (uint32_t i = 0; i < queue->count; i++)
        if (is_same(queue->pending[i], ua))
            return false;
    if (queue->count == engine->config.limits.unit_attentions) {
        /* No room: all that is pending is said by the coarsest condition there is. */
        for (uint32_t i = 0; i < queue->count; i++)
            record(engine, LQ_E_UA_CLEARED, nexus, unit, queue->pending[i], 0);
        queue->count = 0;
        ua = (struct lq_ua){0x29, 0x00};
    }
    queue->pending[queue->count++] = ua;
    return true;
}

void lq_ua_establish(struct lq_engine *engine, struct lq_engine_nexus *nexus, struct lq_unit *unit,
                     struct lq_ua ua)
{
    if (insert(engine, nexus, unit, ua))
        record(engine, LQ_E_UA_ESTABLISHED, nexus, unit,
               nexus->attentions[unit->slot].pending[nexus->attentions[unit->slot].count - 1],
               0);
}

static bool stays_pending(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    bool is_request_sense = task->opcode != NULL && task->opcode->code == 0x03;
    return lq_core_wrong(engine, is_request_sense ? LQ_WRONG_REQUEST_SENSE_CLEARS_NOTHING
                                                  : LQ_WRONG_UA_TOLD_AGAIN);
}

void lq_ua_forget(struct lq_engine_task *task)
{
    task->nexus->attentions[task->unit->slot].count = 0;
}

bool lq_ua_is_of_reset(const struct lq_engine_task *task)
{
    const struct lq_attentions *queue = &task->nexus->attentions[task->unit->slot];
    for (uint32_t i = 0; i < queue->count; i++)
        if (rank_of(queue->pending[i]) < sizeof precedence / sizeof precedence[0])
            return true;
    return false;
}

bool lq_ua_is_pending(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return lq_task_has_unit(engine, task) &&
           task->nexus->attentions[task->unit->slot].count > 0;
}

uint32_t lq_ua_look(const struct lq_engine_nexus *nexus, const struct lq_unit *unit,
                    struct lq_ua *first)
{
    const struct lq_attentions *queue = &nexus->attentions[unit->slot];
    for (uint32_t i = 0; i < queue->count; i++)
        if (i == 0 || rank_of(queue->pending[i]) < rank_of(*first))
            *first = queue->pending[i];
    return queue->count;
}

bool lq_ua_take(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (!lq_task_has_unit(engine, task))
        return false;
    struct lq_attentions *queue = &task->nexus->attentions[task->unit->slot];
    if (queue->count == 0)
        return false;
    uint32_t best = 0;
    for (uint32_t i = 1; i < queue->count && !lq_core_wrong(engine, LQ_WRONG_UA_FIRST_COME); i++)
        if (rank_of(queue->pending[i]) < rank_of(queue->pending[best]))
            best = i;
    task->reported = queue->pending[best];
    if (!stays_pending(engine, task)) {
        queue->count--;
        memmove(&queue->pending[best], &queue->pending[best + 1],
                (queue->count - best) * sizeof queue->pending[0]);
    }
    if (lq_core_wrong(engine, LQ_WRONG_UA_LIST_DROPPED))
        queue->count = 0;
    record(engine, LQ_E_UA_REPORTED, task->nexus, task->unit, task->reported, task->serial);
    return true;
}

void lq_ua_put_back(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->reported.asc == 0 || !task->unit->is_there ||
        lq_core_wrong(engine, LQ_WRONG_UA_NOT_PUT_BACK))
        return;
    if (insert(engine, task->nexus, task->unit, task->reported))
        record(engine, LQ_E_UA_PUT_BACK, task->nexus, task->unit, task->reported, task->serial);
    task->reported = (struct lq_ua){0, 0};
}

void lq_ua_clear(struct lq_engine *engine, const struct lq_engine_task *task, struct lq_ua ua)
{
    struct lq_engine_nexus *nexus = task->nexus;
    for (uint32_t u = 0; u < engine->unit_count; u++) {
        struct lq_attentions *queue = &nexus->attentions[u];
        for (uint32_t i = 0; i < queue->count; i++) {
            if (!is_same(queue->pending[i], ua))
                continue;
            queue->count--;
            memmove(&queue->pending[i], &queue->pending[i + 1],
                    (queue->count - i) * sizeof queue->pending[0]);
            record(engine, LQ_E_UA_CLEARED, nexus, &engine->units[u], ua, task->serial);
            break;
        }
    }
}
