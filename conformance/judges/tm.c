/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TM: silence, scope, cold reset, honesty, time, answers that arrive, and that every command ends
 * once. No late effect (TM-2) is judged by DATA, unit attentions by UA.
 *
 * Silence is judged on the wire alone. What a function must end is what was received before it;
 * its own session's commands are also told apart by their order stamps.
 */
#include "conformance/judges/digest.h"
#include "conformance/judges/tm_query.h"

/* What the world may add to a bound: scheduling in the live world; nothing in the virtual one. */
#define SLACK_NS UINT64_C(500000000)

struct pending {
    struct lq_seen_function *function;
    bool is_overdue; /* said already */
    struct lq_link link;
};

struct tm {
    struct lq_array pending; /* struct pending by function */
    struct lq_link open;     /* received and not answered, oldest first */
    struct lq_array told;    /* bool by exchange: its noise has been told */
    struct lq_array resets;  /* const struct lq_event * by nexus: newest answer to a cold reset */
};

static struct tm *tm_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_TM];
}

static const char *const function_names[] = {
    "function 0",           "ABORT TASK",          "ABORT TASK SET",
    "CLEAR ACA",            "CLEAR TASK SET",      "LOGICAL UNIT RESET",
    "TARGET WARM RESET",    "TARGET COLD RESET",   "TASK REASSIGN",
    "QUERY TASK",           "QUERY TASK SET",      "I_T NEXUS RESET",
    "QUERY ASYNCHRONOUS EVENT",
};

static void text_function(struct lq_text *text, const struct lq_seen_function *function)
{
    uint32_t which = function->function < LQ_TM_FUNCTIONS ? function->function : 0;
    lq_text_add(text, function_names[which]);
    lq_text_add(text, " (tag ");
    lq_text_number(text, function->tag);
    lq_text_add(text, ")");
}

static void proof_function(struct lq_proof *proof, const struct lq_seen_function *function)
{
    lq_proof_event(proof, function->sent);
    if (function->connection != NULL && function->request.seq != 0)
        lq_proof_wire(proof, function->request, function->connection->number, LQ_TO_TARGET,
                      LQ_WIRE_TM_REQUEST, function->tag);
    lq_proof_event(proof, function->received);
    lq_proof_event(proof, function->answered);
    if (function->connection != NULL && function->response.seq != 0)
        lq_proof_wire(proof, function->response, function->connection->number, LQ_FROM_TARGET,
                      LQ_WIRE_TM_RESPONSE, function->tag);
}

/* --- TM-9: the answer arrives ----------------------------------------------------------------- */

/* The logout had ended the session before FUNCTION was carried out: nobody awaits its answer,
 * though the logout's own may still stand behind much else that is to be sent. */
static bool came_too_late(const struct lq_seen_function *function)
{
    return function->nexus != NULL && function->nexus->ended != NULL &&
           function->nexus->ended->seq < function->answered->seq &&
           (function->received == NULL ||
            function->received->seq < function->nexus->ended->seq);
}

/* A logout is answered behind everything else that was to be sent. */
static void judge_answers(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    for (uint32_t i = judge->view.functions.count; i > 0; i--) {
        const struct lq_seen_function *function = lq_array_at(&judge->view.functions, i - 1);
        if (function->connection != pdu->connection || function->answered == NULL ||
            came_too_late(function))
            continue;
        /* What was still at work when the logout came ends with the session [RFC 7143 11.14]. */
        if (function->answered->seq > pdu->connection->logout_request.seq)
            continue;
        judge->exercised[P_TM_9]++;
        const struct lq_event *loss = function->nexus == NULL ? NULL : function->nexus->loss;
        if (function->response.seq != 0 || (loss != NULL && loss->seq < function->answered->seq))
            continue; /* it was still under way at the logout */
        struct lq_text text = {0};
        text_function(&text, function);
        lq_text_add(&text, " was carried out, but its session was logged out without its answer");
        struct lq_proof proof = {0};
        proof_function(&proof, function);
        lq_proof_pdu(&proof, pdu);
        lq_convict(judge, P_TM_9, &proof, &text);
        return;
    }
}

/* --- TM-1: silence ---------------------------------------------------------------------------- */

static bool *told_of(struct lq_judge *judge, const struct lq_seen_exchange *exchange)
{
    struct lq_array *told = &tm_of(judge)->told;
    while (told->count <= exchange->index)
        lq_array_add(told, judge->allocator);
    return lq_array_at(told, exchange->index);
}

static void count_silenced(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->function == NULL)
        return;
    LQ_LIST_EACH(link, &pdu->connection->exchanges)
    {
        if (LQ_ELEMENT(link, struct lq_seen_exchange, in_connection)->silenced_by == pdu->function)
            judge->exercised[P_TM_1]++;
    }
}

static void tm_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->direction != LQ_FROM_TARGET)
        return;
    if (pdu->opcode == LQ_WIRE_TM_RESPONSE)
        count_silenced(judge, pdu);
    if (pdu->opcode == LQ_WIRE_LOGOUT_RESPONSE && lq_wire_response(pdu->h) == 0)
        judge_answers(judge, pdu);
    if (pdu->exchange == NULL || pdu->exchange->silenced_by == NULL ||
        *told_of(judge, pdu->exchange))
        return;
    *told_of(judge, pdu->exchange) = true;
    const char *what = pdu->opcode == LQ_WIRE_R2T       ? "an R2T"
                       : pdu->opcode == LQ_WIRE_DATA_IN ? "Data-In"
                                                        : "a SCSI Response";
    struct lq_text text = {0};
    lq_text_add(&text, what);
    lq_text_add(&text, " was sent for task ");
    lq_text_number(&text, pdu->exchange->itt);
    lq_text_add(&text, " after the answer to ");
    text_function(&text, pdu->exchange->silenced_by);
    lq_text_add(&text, ", which had ended it");
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, pdu->exchange->request, pdu->connection->number, LQ_TO_TARGET,
                  LQ_WIRE_SCSI_COMMAND, pdu->exchange->itt);
    proof_function(&proof, pdu->exchange->silenced_by);
    lq_proof_pdu(&proof, pdu);
    lq_convict(judge, P_TM_1, &proof, &text);
}

/* --- TM-3: scope ------------------------------------------------------------------------------ */

static void convict_scope(struct lq_judge *judge, const struct lq_seen_function *function,
                          const struct lq_seen_task *task, const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, "command ");
    lq_text_number(&text, task->serial);
    lq_text_add(&text, what);
    if (function != NULL)
        text_function(&text, function);
    struct lq_proof proof = {0};
    if (task->exchange != NULL)
        lq_proof_wire(&proof, task->exchange->request, task->exchange->connection->number,
                      LQ_TO_TARGET, LQ_WIRE_SCSI_COMMAND, task->exchange->itt);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->entered);
    lq_proof_event(&proof, task->ended);
    if (function != NULL)
        proof_function(&proof, function);
    lq_convict(judge, P_TM_3, &proof, &text);
}

static bool is_left(const struct lq_seen_task *task)
{
    return task->unit != NULL && task->refused == NULL && task->ended == NULL;
}

/* Counts the commands in the scope of FUNCTION that have not ended; convicts them when asked. */
static uint32_t left_in_scope(struct lq_judge *judge, const struct lq_seen_function *function,
                              bool convicts)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, i);
        if (nexus != function->nexus && !lq_function_is_for_all(function->function))
            continue;
        LQ_LIST_EACH(link, &nexus->tasks)
        {
            struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
            if (!is_left(task) || !lq_function_covers_task(function, task))
                continue;
            count++;
            if (convicts)
                convict_scope(judge, function, task, " had not ended at the answer to ");
        }
    }
    return count;
}

static const uint8_t function_of_trigger[LQ_TRIGGERS] = {
    [LQ_TRIGGER_ABORT_TASK] = LQ_TM_ABORT_TASK,
    [LQ_TRIGGER_ABORT_TASK_SET] = LQ_TM_ABORT_TASK_SET,
    [LQ_TRIGGER_CLEAR_TASK_SET] = LQ_TM_CLEAR_TASK_SET,
    [LQ_TRIGGER_LOGICAL_UNIT_RESET] = LQ_TM_LOGICAL_UNIT_RESET,
    [LQ_TRIGGER_TARGET_WARM_RESET] = LQ_TM_TARGET_WARM_RESET,
    [LQ_TRIGGER_TARGET_COLD_RESET] = LQ_TM_TARGET_COLD_RESET,
    [LQ_TRIGGER_I_T_NEXUS_RESET] = LQ_TM_I_T_NEXUS_RESET,
};

/* A command was aborted: some function under way must be the cause. */
static void judge_cause(struct lq_judge *judge, const struct lq_seen_task *task,
                        const struct lq_event *ended)
{
    if (ended->code >= LQ_TRIGGERS || function_of_trigger[ended->code] == 0)
        return;
    uint32_t wanted = function_of_trigger[ended->code];
    const struct lq_seen_function *other = NULL;
    judge->exercised[P_TM_3]++;
    LQ_LIST_EACH(link, &tm_of(judge)->open)
    {
        const struct lq_seen_function *function =
            LQ_ELEMENT(link, struct pending, link)->function;
        if (function->function != wanted)
            continue;
        if (lq_function_covers_task(function, task))
            return;
        other = function;
    }
    convict_scope(judge, other, task,
                  other != NULL ? " was aborted outside the scope of "
                                : " was aborted while no TM function was under way");
}

/* --- TM-5: cold reset ------------------------------------------------------------------------- */

static const struct lq_event **reset_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct lq_array *resets = &tm_of(judge)->resets;
    while (resets->count <= nexus->index)
        lq_array_add(resets, judge->allocator);
    return lq_array_at(resets, nexus->index);
}

static void note_cold_reset(struct lq_judge *judge, const struct lq_seen_function *function)
{
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, i);
        if (nexus->target != function->nexus->target || !nexus->is_established)
            continue;
        *reset_of(judge, nexus) = function->answered;
        judge->exercised[P_TM_5]++;
    }
}

/* TASK has just been received: is its session one that a cold reset should have ended? */
static void judge_survivor(struct lq_judge *judge, const struct lq_seen_task *task)
{
    if (task == NULL || task->nexus == NULL || task->nexus->established == NULL)
        return;
    const struct lq_event *answered = *reset_of(judge, task->nexus);
    if (answered == NULL || task->nexus->established->seq > answered->seq)
        return;
    *reset_of(judge, task->nexus) = NULL; /* once is enough */
    struct lq_text text = lq_text_form("command % came over a session that a TARGET COLD RESET, "
                                       "answered before, should have ended", task->serial, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, task->nexus->established);
    lq_proof_event(&proof, answered);
    lq_proof_event(&proof, task->received);
    lq_convict(judge, P_TM_5, &proof, &text);
}

/* --- TM-6: honesty ---------------------------------------------------------------------------- */

static void convict_function(struct lq_judge *judge, enum lq_property_place property,
                             const struct lq_seen_function *function,
                             const struct lq_seen_task *task, const char *what)
{
    struct lq_text text = {0};
    text_function(&text, function);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    if (task != NULL) {
        lq_proof_event(&proof, task->received);
        lq_proof_event(&proof, task->entered);
        lq_proof_event(&proof, task->ended);
    }
    proof_function(&proof, function);
    lq_convict(judge, property, &proof, &text);
}

/* [RFC 7143 11.6.1]: "task does not exist" is for tasks that are not there. */
static void judge_absence(struct lq_judge *judge, const struct lq_seen_function *function)
{
    LQ_LIST_EACH(link, &function->nexus->tasks)
    {
        const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
        bool was_there = task->entered != NULL && task->refused == NULL &&
                         task->entered->seq < function->received->seq &&
                         (task->ended == NULL || task->ended->seq > function->received->seq);
        if (was_there && lq_function_covers_task(function, task)) {
            convict_function(judge, P_TM_6, function, task,
                        " was told that its task does not exist, but it was in its task set");
            return;
        }
    }
}

/* TM-10. Where no function is under way there is room for one. */
static void judge_support(struct lq_judge *judge, const struct lq_seen_function *function,
                          uint32_t answer)
{
    switch (function->function) {
    case LQ_TM_ABORT_TASK:
    case LQ_TM_ABORT_TASK_SET:
    case LQ_TM_CLEAR_TASK_SET:
    case LQ_TM_LOGICAL_UNIT_RESET:
        break;
    default:
        return;
    }
    judge->exercised[P_TM_10]++;
    bool is_alone = tm_of(judge)->open.next == &tm_of(judge)->open;
    if (answer == LQ_TM_NOT_SUPPORTED || (answer == LQ_TM_REJECTED && is_alone))
        convict_function(judge, P_TM_10, function, NULL,
                         answer == LQ_TM_REJECTED
                             ? " was rejected although no other function was under way"
                             : " was called not supported, but every logical unit has it");
}

static void judge_honesty(struct lq_judge *judge, const struct lq_seen_function *function,
                          uint32_t answer)
{
    judge_support(judge, function, answer);
    lq_tm_judge_query(judge, function, answer);
    bool names_unit = function->function >= LQ_TM_ABORT_TASK &&
                      function->function <= LQ_TM_LOGICAL_UNIT_RESET;
    judge->exercised[P_TM_6]++;
    if (function->function == LQ_TM_ABORT_TASK && answer == LQ_TM_TASK_ABSENT)
        judge_absence(judge, function);
    if (!names_unit || judge->view.units.count == 0)
        return;
    const struct lq_seen_unit *unit = function->unit;
    uint64_t since = function->sent != NULL ? function->sent->seq : function->received->seq;
    bool has_changed = lq_has_gone_since(unit, since) ||
                       (unit != NULL && unit->added != NULL && unit->added->seq > since);
    if (has_changed)
        return; /* either answer may be right */
    bool is_there = unit != NULL && unit->is_there;
    if (unit != NULL && !is_there && function->function == LQ_TM_ABORT_TASK)
        return; /* the command may outlive its unit until its data has come */
    if (!is_there && answer == LQ_TM_COMPLETE)
        convict_function(judge, P_TM_6, function, NULL,
                         " was completed for a logical unit that is not there");
    if (is_there && answer == LQ_TM_INCORRECT_LUN)
        convict_function(judge, P_TM_6, function, NULL,
                         " was told that its logical unit is not there");
}

/* --- TM-7: time ------------------------------------------------------------------------------- */

static uint64_t bound_of(const struct lq_judge *judge)
{
    uint64_t bound = judge->view.bounds[LQ_BOUND_QUARANTINE_AFTER];
    return bound > UINT64_MAX / 2 ? UINT64_MAX / 2 : bound + SLACK_NS;
}

static void judge_time(struct lq_judge *judge, struct pending *pending)
{
    const struct lq_seen_function *function = pending->function;
    const struct lq_seen_nexus *nexus = function->nexus;
    if (pending->is_overdue || judge->now_ns - function->received->time_ns <= bound_of(judge))
        return;
    pending->is_overdue = true;
    if (nexus->loss != NULL && nexus->loss->seq > function->received->seq)
        return; /* nobody is left to hear the answer */
    struct lq_text text = {0};
    text_function(&text, function);
    lq_text_add(&text, " was not answered within ");
    lq_text_time(&text, judge->view.bounds[LQ_BOUND_QUARANTINE_AFTER]);
    struct lq_proof proof = {0};
    proof_function(&proof, function);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, P_TM_7, &proof, &text);
}

static void judge_overdue(struct lq_judge *judge)
{
    struct tm *tm = tm_of(judge);
    if (lq_list_is_empty(&tm->open))
        return;
    judge_time(judge, LQ_ELEMENT(tm->open.next, struct pending, link));
}

/* --- functions -------------------------------------------------------------------------------- */

static struct pending *pending_of(struct lq_judge *judge, struct lq_seen_function *function)
{
    struct lq_array *array = &tm_of(judge)->pending;
    while (array->count <= function->index) {
        struct pending *pending = lq_array_add(array, judge->allocator);
        lq_list_init(&pending->link);
    }
    struct pending *pending = lq_array_at(array, function->index);
    pending->function = function;
    return pending;
}

static void on_function(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_function *function = lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL)
        return;
    struct pending *pending = pending_of(judge, function);
    if (event->kind == LQ_E_TM_RECEIVED) {
        judge->exercised[P_TM_3] += left_in_scope(judge, function, false);
        lq_list_remove(&pending->link);
        lq_list_append(&tm_of(judge)->open, &pending->link);
        return;
    }
    if (!lq_link_is_linked(&pending->link))
        return;
    judge->exercised[P_TM_7]++;
    judge_time(judge, pending);
    lq_list_remove(&pending->link);
    judge_honesty(judge, function, event->code);
    if (event->code == LQ_TM_COMPLETE && lq_function_aborts(function->function))
        left_in_scope(judge, function, true);
    if (event->code == LQ_TM_COMPLETE && function->function == LQ_TM_TARGET_COLD_RESET)
        note_cold_reset(judge, function);
}

/* --- TM-8: one end ---------------------------------------------------------------------------- */

static void convict_end(struct lq_judge *judge, const struct lq_event *first,
                        const struct lq_event *event, const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, "command ");
    lq_text_number(&text, event->serial);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, first);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_TM_8, &proof, &text);
}

static void on_end(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL)
        return;
    judge->exercised[P_TM_8]++;
    if (task->refused != NULL && task->entered != NULL)
        convict_end(judge, task->entered, event, " was refused after it had entered its task set");
    else if (event->kind == LQ_E_ENDED && task->ended != event)
        convict_end(judge, task->ended, event, " ended twice");
    else if (event->kind == LQ_E_FREED && task->ended == NULL)
        convict_end(judge, task->received, event, " lost its slot before it had ended");
    else if (event->kind == LQ_E_FREED && task->freed != event)
        convict_end(judge, task->freed, event, " gave back its slot twice");
    if (event->kind == LQ_E_ENDED && task->ended == event && (event->flags & LQ_F_ABORTED))
        judge_cause(judge, task, event);
}

static void on_status(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command != NULL && command->status != event)
        convict_end(judge, command->status, event, " got a second status");
}

/* --- the part --------------------------------------------------------------------------------- */

static void tm_event(struct lq_judge *judge, const struct lq_event *event)
{
    judge_overdue(judge);
    event = judge->view.event;
    if (lq_target_ends(event))
        LQ_LIST_EACH_SAFE(link, following, &tm_of(judge)->open)
        lq_list_remove(link);
    switch (event->kind) {
    case LQ_E_TM_RECEIVED:
    case LQ_E_TM_ANSWERED:
        on_function(judge, event);
        break;
    case LQ_E_RECEIVED:
        judge_survivor(judge, lq_view_task(&judge->view, event->serial));
        break;
    case LQ_E_REFUSED:
    case LQ_E_ENDED:
    case LQ_E_FREED:
        on_end(judge, event);
        break;
    case LQ_I_STATUS:
        on_status(judge, event);
        break;
    default:
        break;
    }
}

static void tm_finish(struct lq_judge *judge)
{
    LQ_LIST_EACH(link, &tm_of(judge)->open)
    judge_time(judge, LQ_ELEMENT(link, struct pending, link));
}

static void tm_init(struct lq_judge *judge)
{
    struct tm *tm = lq_state_make(judge, LQ_STATE_TM, sizeof *tm);
    lq_array_init(&tm->pending, sizeof(struct pending));
    lq_array_init(&tm->told, sizeof(bool));
    lq_array_init(&tm->resets, sizeof(const struct lq_event *));
}

static void tm_free(struct lq_judge *judge)
{
    struct tm *tm = tm_of(judge);
    lq_array_free(&tm->pending, judge->allocator);
    lq_array_free(&tm->told, judge->allocator);
    lq_array_free(&tm->resets, judge->allocator);
    lq_state_free(judge, LQ_STATE_TM, sizeof *tm);
}

static void tm_reset(struct lq_judge *judge)
{
    struct tm *tm = tm_of(judge);
    lq_array_reset(&tm->pending);
    lq_array_reset(&tm->told);
    lq_array_reset(&tm->resets);
    lq_list_init(&tm->open);
}

static void tm_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    LQ_LIST_EACH(link, &tm_of(judge)->open)
    {
        const struct pending *pending = LQ_ELEMENT(link, struct pending, link);
        lq_digest_two(digest, lq_name_of_function(pending->function), pending->is_overdue);
    }
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, i);
        const struct lq_event *reset = *reset_of(judge, nexus);
        lq_digest_two(digest, reset != NULL, lq_is_later(nexus->established, reset));
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.exchanges.count; i++) {
        const struct lq_seen_exchange *exchange = lq_array_at(&judge->view.exchanges, i);
        if (*told_of(judge, exchange))
            sum += lq_name_of_exchange(judge, exchange);
    }
    lq_digest_word(digest, sum);
}

const struct lq_judge_part lq_tm_part = {
    .name = "tm",
    .init = tm_init,
    .free = tm_free,
    .reset = tm_reset,
    .event = tm_event,
    .pdu = tm_pdu,
    .finish = tm_finish,
    .digest = tm_digest,
};
