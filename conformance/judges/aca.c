/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACA: the auto contingent allegiance condition [SAM-5 r21 5.9]. While it is there nothing of the
 * faulted task set goes on and no other command is taken; it comes from a CHECK CONDITION for NACA
 * 1, and CLEAR ACA is the faulted I_T nexus's own.
 *
 * Method: the view knows from the engine's records who has a condition by which unit. NACA is read
 * from CDBs on the wire. BUSY and TASK ABORTED end commands whatever is blocked.
 */
#include "conformance/judges/digest.h"

enum { CHECK_CONDITION = 0x02, BUSY = 0x08, ACA_ACTIVE = 0x30, TASK_ABORTED = 0x40 };

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_seen_task *task, const char *what)
{
    struct lq_text text = lq_text_form("command % ", task->serial, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    if (task->unit != NULL)
        lq_proof_event(&proof, task->unit->aca_changed);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->entered);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, property, &proof, &text);
}

static bool is_preempt_and_abort(const struct lq_seen_task *task)
{
    return task->opcode == 0x5f && (task->asked == NULL ||
                                    (task->asked->cdb[1] & 0x1f) == 0x05);
}

/* TASK is one of those that a condition keeps from going on. */
static bool is_kept_back(const struct lq_seen_task *task)
{
    const struct lq_seen_unit *unit = task->unit;
    if (unit == NULL || unit->acas == 0 || !unit->is_there || task->nexus == NULL ||
        task->attribute == LQ_ACA || is_preempt_and_abort(task))
        return false;
    if (unit->modes != NULL && unit->modes->serial == task->serial)
        return false; /* the MODE SELECT by which it has come into the faulted task set */
    /* Of a unit that was there before. */
    if (task->received == NULL || unit->added == NULL || unit->added->seq > task->received->seq)
        return false;
    return !lq_has_tst_per_nexus(unit) || lq_has_aca(unit, task->nexus);
}

static bool has_naca(const struct lq_seen_asked *asked)
{
    static const uint8_t control_of_group[8] = {5, 9, 9, 0, 15, 11, 0, 0}; /* [SPC-5 r22 4.2.5] */
    uint32_t at = asked->cdb[0] == 0x7f ? 1 : control_of_group[asked->cdb[0] >> 5];
    return at != 0 && (asked->cdb[at] & 0x04) != 0;
}

static void on_ended(struct lq_judge *judge, const struct lq_seen_task *task,
                     const struct lq_event *event)
{
    if ((event->flags & LQ_F_ABORTED) != 0 || event->code == BUSY || event->code == TASK_ABORTED ||
        task->unit == NULL || task->nexus == NULL)
        return;
    bool is_faulted = task->unit->faulted_serial == task->serial;
    if (is_kept_back(task) && !is_faulted)
        convict(judge, P_ACA_1, task, "ended although an ACA condition blocks it");
    bool wants = event->code == CHECK_CONDITION && task->asked != NULL &&
                 task->entered != NULL && has_naca(task->asked) && task->unit->is_there &&
                 task->unit->added->seq < task->received->seq &&
                 (task->command == NULL ||
                  lq_view_command_forged(&judge->view, task->command) == 0);
    judge->exercised[P_ACA_2] += wants;
    if (wants && !lq_has_aca(task->unit, task->nexus))
        convict(judge, P_ACA_2, task,
                "ended with CHECK CONDITION for NACA 1, but established no ACA condition");
}

static void on_refused(struct lq_judge *judge, const struct lq_seen_task *task,
                       const struct lq_event *event)
{
    if (event->code != ACA_ACTIVE || task->unit == NULL)
        return;
    judge->exercised[P_ACA_1]++;
    if (task->unit->acas == 0)
        convict(judge, P_ACA_2, task,
                "was refused with ACA ACTIVE, but there is no such condition");
}

/* Who asks for CLEAR ACA without having a condition, while another one has it. */
static void on_answered(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL || function->function != LQ_TM_CLEAR_ACA)
        return;
    judge->exercised[P_ACA_3] += function->is_of_others_aca;
    if (!function->is_of_others_aca || event->code != LQ_TM_COMPLETE)
        return;
    struct lq_text text = lq_text_form("CLEAR ACA (tag %) was carried out, but the condition was "
                                       "another I_T nexus's", function->tag, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, function->unit->aca_changed);
    lq_proof_event(&proof, function->received);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_ACA_3, &proof, &text);
}

static void aca_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    if (event->kind == LQ_E_TM_ANSWERED) {
        on_answered(judge, event);
        return;
    }
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL)
        return;
    switch (event->kind) {
    case LQ_E_REFUSED: on_refused(judge, task, event); break;
    case LQ_E_ENDED: on_ended(judge, task, event); break;
    case LQ_E_ENTERED:
    case LQ_E_ENABLED:
    case LQ_S_SUBMITTED:
        if (is_kept_back(task))
            convict(judge, P_ACA_1, task, "went on although an ACA condition keeps it back");
        break;
    default: break;
    }
}

static void nothing(struct lq_judge *judge)
{
    (void)judge;
}

static void aca_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        uint64_t sum = 0;
        for (uint32_t i = 0; i < unit->acas && i < LQ_ACAS_MAX; i++)
            sum += lq_mix(unit->faulted[i], 1);
        lq_digest_word(digest, sum);
    }
}

static const uint16_t kinds[] = {LQ_E_REFUSED, LQ_E_ENTERED,     LQ_E_ENABLED,  LQ_E_ENDED,
                                 LQ_S_SUBMITTED, LQ_E_TM_ANSWERED, LQ_EVENT_NONE};

const struct lq_judge_part lq_aca_part = {
    .name = "aca",
    .init = nothing,
    .free = nothing,
    .reset = nothing,
    .event = aca_event,
    .kinds = kinds,
    .digest = aca_digest,
};
