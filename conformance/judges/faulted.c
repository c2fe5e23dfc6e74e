/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FAULTED: what becomes of commands that others abort: TASK ABORTED or no status, as TAS says, and
 * which of them a CHECK CONDITION aborts, as QERR says [SPC-5 r22 7.5.10; SAM-5 r21 5.3.1, 5.9].
 *
 * TAS counts as it is when the command is affected. Who has been affected twice may end either way:
 * what its own I_T nexus aborts has no status. QERR is judged where it had been what it is since
 * before the faulted command began.
 */
#include "conformance/judges/digest.h"

enum { CHECK_CONDITION = 0x02, TASK_ABORTED = 0x40 };

struct fate { /* by task */
    bool is_affected, wants_status, is_open;
    const struct lq_event *affected;
};

static struct lq_array *fates_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_FAULTED];
}

static struct fate *fate_of(struct lq_judge *judge, const struct lq_seen_task *task)
{
    while (fates_of(judge)->count <= task->index)
        lq_array_add(fates_of(judge), judge->allocator);
    return lq_array_at(fates_of(judge), task->index);
}

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_seen_task *task, const struct lq_event *cause, const char *what)
{
    struct lq_text text = lq_text_form("command % ", task->serial, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    if (task->unit != NULL)
        lq_proof_event(&proof, task->unit->modes);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->entered);
    lq_proof_event(&proof, cause);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, property, &proof, &text);
}

/* --- TM-4: TAS -------------------------------------------------------------------------------- */

/* Who is behind the record of an affected command; NULL: not known. */
static const struct lq_seen_nexus *issuer_of(const struct lq_judge *judge,
                                             const struct lq_event *event,
                                             const struct lq_seen_task *task)
{
    if (event->code >= LQ_TRIGGER_NEXUS_LOSS)
        return task->nexus;
    if (event->code == LQ_TRIGGER_PREEMPT_AND_ABORT || event->code == LQ_TRIGGER_QERR) {
        const struct lq_seen_task *by = lq_view_task(&judge->view, event->value);
        return by == NULL ? NULL : by->nexus;
    }
    const struct lq_seen_function *by = lq_view_engine_function(&judge->view, event->value);
    return by == NULL ? NULL : by->nexus;
}

/* Of a unit that was there before by the same number: its task set and parameters were others. */
static bool is_of_former(const struct lq_seen_task *task)
{
    return task->received != NULL && task->unit->added != NULL &&
           task->unit->added->seq > task->received->seq;
}

static bool reaches(const struct lq_seen_unit *unit, const struct lq_seen_task *faulted,
                    const struct lq_seen_task *task)
{
    bool is_for_all = lq_qerr_of(unit) == 1 && !lq_has_tst_per_nexus(unit);
    return lq_qerr_of(unit) != 0 && (is_for_all || faulted->nexus == task->nexus) &&
           is_of_former(faulted) == is_of_former(task);
}

static void on_affected(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->nexus == NULL || task->unit == NULL)
        return;
    struct fate *fate = fate_of(judge, task);
    const struct lq_seen_nexus *issuer = issuer_of(judge, event, task);
    bool wants_status = issuer != task->nexus && lq_has_tas(task->unit);
    if (fate->is_affected || issuer == NULL || is_of_former(task) || !task->unit->is_there)
        fate->is_open = true;
    else
        fate->wants_status = wants_status;
    fate->is_affected = true;
    fate->affected = event;
    const struct lq_seen_task *faulted =
        event->code == LQ_TRIGGER_QERR ? lq_view_task(&judge->view, event->value) : NULL;
    if (faulted == NULL)
        return;
    judge->exercised[P_TM_11]++;
    if (!reaches(task->unit, faulted, task))
        convict(judge, P_TM_11, task, faulted->received,
                "was aborted by QERR, which does not reach it");
}

static void judge_status(struct lq_judge *judge, const struct lq_seen_task *task,
                         const struct lq_event *event)
{
    const struct fate *fate = fate_of(judge, task);
    bool is_aborted = (event->flags & LQ_F_ABORTED) != 0;
    if (!is_aborted && event->code == TASK_ABORTED) {
        judge->exercised[P_TM_4]++;
        if (!fate->is_affected || (!fate->is_open && !fate->wants_status))
            convict(judge, P_TM_4, task, fate->affected,
                    "ended TASK ABORTED, for which there is no cause");
    } else if (is_aborted && fate->is_affected && !fate->is_open && fate->wants_status) {
        convict(judge, P_TM_4, task, fate->affected,
                "was aborted by another I_T nexus, and had no status although TAS is 1");
    }
}

/* --- TM-11: QERR ------------------------------------------------------------------------------ */

/* OTHER was in the task set when TASK began, and is in it still. */
static bool is_left(const struct lq_seen_task *other, const struct lq_seen_task *task)
{
    return other != task && other->entered != NULL && other->refused == NULL &&
           other->ended == NULL && lq_same_unit(other->unit, task->unit) &&
           other->entered->seq < task->enabled->seq;
}

/* TASK has ended with CHECK CONDITION. */
static void judge_faults(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct lq_seen_unit *unit = task->unit;
    if (!unit->is_there || lq_qerr_of(unit) == 0 || task->enabled == NULL ||
        task->entered == NULL || unit->modes->seq > task->enabled->seq)
        return;
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
        struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
        LQ_LIST_EACH(link, &nexus->tasks)
        {
            const struct lq_seen_task *other = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
            if (is_left(other, task) && reaches(unit, task, other)) {
                convict(judge, P_TM_11, other, task->received,
                        "was not aborted when another one ended with CHECK CONDITION, although "
                        "QERR says so");
                return;
            }
        }
    }
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->ended != event || task->unit == NULL || task->nexus == NULL)
        return;
    judge_status(judge, task, event);
    if ((event->flags & LQ_F_ABORTED) == 0 && event->code == CHECK_CONDITION)
        judge_faults(judge, task);
}

/* --- the part --------------------------------------------------------------------------------- */

static void faulted_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    if (event->kind == LQ_E_AFFECTED)
        on_affected(judge, event);
    else if (event->kind == LQ_E_ENDED)
        on_ended(judge, event);
}

static void faulted_init(struct lq_judge *judge)
{
    lq_array_init(lq_state_make(judge, LQ_STATE_FAULTED, sizeof(struct lq_array)),
                  sizeof(struct fate));
}

static void faulted_free(struct lq_judge *judge)
{
    lq_array_free(fates_of(judge), judge->allocator);
    lq_state_free(judge, LQ_STATE_FAULTED, sizeof(struct lq_array));
}

static void faulted_reset(struct lq_judge *judge)
{
    lq_array_reset(fates_of(judge));
}

static void faulted_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        if (task->unit == NULL || task->ended != NULL || lq_is_done_with(task))
            continue;
        const struct fate *fate = fate_of(judge, task);
        bool is_old = task->enabled != NULL && task->unit->modes != NULL &&
                      task->unit->modes->seq > task->enabled->seq;
        sum += lq_mix(lq_name_of_task(task),
                      (uint64_t)fate->is_affected | (uint64_t)fate->wants_status << 1 |
                          (uint64_t)fate->is_open << 2 | (uint64_t)is_old << 3);
    }
    lq_digest_word(digest, sum);
}

static const uint16_t kinds[] = {LQ_E_AFFECTED, LQ_E_ENDED, LQ_EVENT_NONE};

const struct lq_judge_part lq_faulted_part = {
    .name = "faulted",
    .init = faulted_init,
    .free = faulted_free,
    .reset = faulted_reset,
    .event = faulted_event,
    .kinds = kinds,
    .digest = faulted_digest,
};
