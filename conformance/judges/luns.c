/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LUNS: logical units come and go, and are write protected, while initiators use them. That all
 * I_T nexuses are told is judged by UA, what becomes of data by DATA and QUARANTINE.
 *
 * It keeps nothing: the view knows when each unit came and went last, and a command around which
 * more than one of that happened proves nothing.
 */
#include "conformance/judges/internal.h"
#include "conformance/judges/ua_kinds.h"

enum { REPORT_LUNS = 0xa0, LIST_HEADER_BYTES = 8, LUN_BYTES = 8, WRITE_PROTECTED = 0x072700,
       SOFTWARE_WRITE_PROTECTED = 0x072702, SWP = 0x00000800 };

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_seen_task *task, const struct lq_event *change,
                    const struct lq_event *event, const char *what)
{
    struct lq_text text = lq_text_form("command % ", task->serial, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, change);
    lq_proof_event(&proof, event);
    lq_convict(judge, property, &proof, &text);
}

/* --- LUN-1, LUN-2 ----------------------------------------------------------------------------- */

/* From TASK's reception to its end UNIT was not there, or went for good. */
static bool is_to_nobody(const struct lq_seen_unit *unit, const struct lq_seen_task *task)
{
    if (unit->removed == NULL || unit->removed->seq > task->ended->seq)
        return false;
    uint64_t added = unit->added == NULL ? 0 : unit->added->seq;
    if (unit->removed->seq > task->received->seq)
        return added < task->received->seq;
    return added < unit->removed->seq || added > task->received->seq;
}

/* SWP of the Control mode page [SPC-5 r22 7.5.10]. */
static bool has_swp(const struct lq_seen_unit *unit)
{
    return unit->modes != NULL && (unit->modes->code & SWP) != 0;
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->ended != event || task->unit == NULL || task->received == NULL ||
        (event->flags & LQ_F_ABORTED) || is_exempt(task->opcode))
        return;
    judge->exercised[P_LUN_2] +=
        (event->detail == WRITE_PROTECTED && task->unit->is_read_only) ||
        (event->detail == SOFTWARE_WRITE_PROTECTED && has_swp(task->unit));
    if (!is_to_nobody(task->unit, task))
        return;
    judge->exercised[P_LUN_1]++;
    if (event->code == 0)
        convict(judge, P_LUN_1, task, task->unit->removed, event,
                "ended GOOD although its logical unit had been removed");
}

static void on_submitted(struct lq_judge *judge, const struct lq_event *event)
{
    enum { WRITE = 2, UNMAP = 4 }; /* history.h, LQ_S_SUBMITTED */
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    bool writes = event->detail == WRITE || event->detail == UNMAP;
    if (!writes || task == NULL || task->unit == NULL)
        return;
    const struct lq_seen_store *store =
        lq_view_store(&judge->view, judge->allocator, event->code);
    if (store != NULL && store->blocks != 0 && event->lba >= store->blocks)
        return; /* behind the last block: what logical units keep of themselves */
    if (!task->unit->is_read_only && !has_swp(task->unit))
        return;
    const struct lq_event *since = task->unit->is_read_only ? task->unit->access
                                                            : task->unit->modes;
    bool had_begun = task->requests > 1 && since != NULL && task->enabled != NULL &&
                     task->enabled->seq < since->seq;
    if (had_begun)
        return; /* it goes on */
    convict(judge, P_LUN_2, task, since, event,
            "began to write although its logical unit had been write protected");
}

/* --- LUN-3 ------------------------------------------------------------------------------------ */

static bool is_listed(const struct lq_data_seen *data, uint32_t end, uint64_t lun)
{
    for (uint32_t at = LIST_HEADER_BYTES; at + LUN_BYTES <= end; at += LUN_BYTES)
        if (lq_wire_be64(data->data + at) == lun)
            return true;
    return false;
}

/* A LUN of TARGET has come or gone since SEQ. */
static bool has_changed(const struct lq_view *view, uint16_t target, uint64_t seq)
{
    for (uint32_t u = 0; u < view->units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&view->units, u);
        if (unit->target == target && (lq_has_gone_since(unit, seq) ||
                                       (unit->added != NULL && unit->added->seq > seq)))
            return true;
    }
    return false;
}

static void convict_list(struct lq_judge *judge, const struct lq_data_seen *data, uint64_t lun,
                         const char *what)
{
    struct lq_text text = lq_text_form("REPORT LUNS ", 0, 0, 0, 0);
    lq_text_add(&text, what);
    lq_text_hex(&text, lun >> 32, 8);
    lq_convict_data(judge, P_LUN_3, data, &text);
}

static void luns_data(struct lq_judge *judge, const struct lq_data_seen *data)
{
    if (data->direction != LQ_FROM_TARGET || data->asked->cdb[0] != REPORT_LUNS ||
        data->asked->cdb[2] == 1)
        return;
    const struct lq_seen_task *task = data->asked->task;
    bool is_whole = data->offset == 0 && data->kept_bytes == data->data_bytes &&
                    data->kept_bytes >= LIST_HEADER_BYTES;
    if (task == NULL || task->ended == NULL || task->nexus == NULL || !is_whole ||
        lq_wire_be32(data->data) != data->kept_bytes - LIST_HEADER_BYTES ||
        has_changed(&judge->view, task->nexus->target, task->ended->seq))
        return;
    judge->exercised[P_LUN_3]++;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->target != task->nexus->target)
            continue;
        bool listed = is_listed(data, data->kept_bytes, unit->lun);
        if (listed && !unit->is_there)
            convict_list(judge, data, unit->lun, "lists a LUN that is not there: ");
        else if (!listed && unit->is_there)
            convict_list(judge, data, unit->lun, "leaves out a LUN: ");
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void luns_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    if (event->kind == LQ_E_ENDED)
        on_ended(judge, event);
    else if (event->kind == LQ_S_SUBMITTED)
        on_submitted(judge, event);
}

static void luns_nothing(struct lq_judge *judge)
{
    (void)judge;
}

static void luns_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    (void)judge;
    (void)digest;
}

static const uint16_t kinds[] = {LQ_E_ENDED, LQ_S_SUBMITTED, LQ_EVENT_NONE};

const struct lq_judge_part lq_luns_part = {
    .name = "luns",
    .init = luns_nothing,
    .free = luns_nothing,
    .reset = luns_nothing,
    .event = luns_event,
    .kinds = kinds,
    .data = luns_data,
    .digest = luns_digest,
};
