/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UA: unit attentions [SAM-5 r21 5.14]: who must be told what, once, and nothing else.
 *
 * What is owed follows from causes (answers to TM functions, ends of I_T nexuses), never from what
 * the engine says it has established; that only tells whether a missing one was forgotten or
 * dropped. A condition is owed to a nexus for a logical unit from its cause on, and a command that
 * was received later and ends GOOD while it is owed proves that it is missing.
 *
 * Codes are grouped by kind; which of the reset codes a reset uses is its own choice.
 */
#include "conformance/judges/ua.h"

struct place *lq_ua_place(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                          const struct lq_seen_unit *unit)
{
    struct ua *ua = ua_of(judge);
    uint32_t *at = lq_map_put(&ua->place_of, judge->allocator,
                              (uint64_t)nexus->index << 32 | unit->unit);
    if (*at == LQ_NONE) {
        *at = ua->places.count;
        lq_array_add(&ua->places, judge->allocator);
    }
    return lq_array_at(&ua->places, *at);
}

/* --- convictions ------------------------------------------------------------------------------ */

static void text_codes(struct lq_text *text, uint32_t detail)
{
    lq_text_hex(text, detail >> 8 & 0xff, 2);
    lq_text_add(text, "/");
    lq_text_hex(text, detail & 0xff, 2);
}

static enum lq_property_place property_of(const struct condition *condition, enum kind kind)
{
    if (condition->put_back)
        return condition->claimed ? P_UA_6 : P_UA_5;
    if (condition->claimed)
        return P_UA_6;
    return kind == NEXUS_LOSS ? P_RI_4 : kind >= RESERVATIONS_PREEMPTED ? P_PR_6 : P_UA_1;
}

static void convict_missing(struct lq_judge *judge, struct condition *condition, enum kind kind,
                            const struct lq_seen_task *task)
{
    enum lq_property_place property = property_of(condition, kind);
    struct lq_text text =
        lq_text_form("command % ended GOOD although its I_T nexus had yet to be told of ",
                     task->serial, 0, 0, 0);
    lq_text_add(&text, kind_names[kind]);
    if (condition->put_back)
        lq_text_add(&text, ", which had been reported in a status that was lost");
    struct lq_proof proof = {0};
    lq_proof_event(&proof, condition->cause);
    lq_proof_event(&proof, condition->last_report);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->ended);
    lq_convict(judge, property, &proof, &text);
    condition->owed = false; /* once is enough */
}

static void convict_report(struct lq_judge *judge, enum lq_property_place property,
                           const struct lq_seen_task *task, const struct lq_event *event,
                           const struct lq_event *before, const char *what)
{
    struct lq_text text = lq_text_form("command % reported unit attention ", task->serial, 0, 0, 0);
    text_codes(&text, event->detail & 0xffff);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, before);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, event);
    lq_convict(judge, property, &proof, &text);
}

/* --- causes ----------------------------------------------------------------------------------- */

void lq_ua_owe(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
               const struct lq_seen_unit *unit, enum kind kind, bool must,
               const struct lq_event *cause)
{
    struct place *place = lq_ua_place(judge, nexus, unit);
    struct condition *condition = &place->conditions[kind];
    if (place->merged != NULL && place->merged->time_ns == cause->time_ns)
        must = false;
    if (condition->early) {
        condition->early = false;
        return;
    }
    if (condition->owed)
        return; /* one that is pending already says it */
    if (!must) {
        condition->allowed = 1;
        return;
    }
    bool claimed = condition->claimed;
    condition->owed = true;
    condition->put_back = false;
    condition->claimed = claimed;
    condition->allowed = 0;
    condition->cause = cause;
}

static bool is_unit_affected(const struct lq_seen_function *function,
                             const struct lq_seen_unit *unit)
{
    if (unit->target != function->nexus->target)
        return false;
    return function->function == LQ_TM_TARGET_WARM_RESET ||
           function->function == LQ_TM_TARGET_COLD_RESET ||
           function->function == LQ_TM_I_T_NEXUS_RESET || lq_same_unit(unit, function->unit);
}

static void reset_done(struct lq_judge *judge, const struct lq_seen_function *function,
                       const struct lq_event *event)
{
    enum kind kind = function->function == LQ_TM_TARGET_COLD_RESET ? POWER_ON : RESET;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->unit != u || !is_unit_affected(function, unit))
            continue;
        for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
            const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
            if (nexus->target == unit->target)
                lq_ua_owe(judge, nexus, unit, kind, nexus->is_established, event);
        }
    }
}

/* I_T NEXUS RESET: its own nexus hears of a loss, by each unit [SAM-5 r21 7.6]. */
static void nexus_reset_done(struct lq_judge *judge, const struct lq_seen_function *function,
                             const struct lq_event *event)
{
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->unit == u && unit->is_there && unit->target == function->nexus->target)
            lq_ua_owe(judge, function->nexus, unit, NEXUS_LOSS, true, event);
    }
}

static void on_answered(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL)
        return;
    lq_ua_clear_closes(judge, function);
    if (event->code != LQ_TM_COMPLETE)
        return;
    switch (function->function) {
    case LQ_TM_LOGICAL_UNIT_RESET:
    case LQ_TM_TARGET_WARM_RESET:
    case LQ_TM_TARGET_COLD_RESET:
        reset_done(judge, function, event);
        break;
    case LQ_TM_I_T_NEXUS_RESET:
        nexus_reset_done(judge, function, event);
        break;
    case LQ_TM_CLEAR_TASK_SET:
        if (function->unit != NULL)
            lq_ua_clear_done(judge, function, event);
        break;
    default:
        break;
    }
}

static void on_nexus(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    if (nexus == NULL)
        return;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->unit != u || unit->target != nexus->target)
            continue;
        struct place *place = lq_ua_place(judge, nexus, unit);
        if (event->kind == LQ_E_NEXUS_ENDED) {
            bool must = event->code != LQ_TRIGGER_LOGOUT;
            lq_ua_owe(judge, nexus, unit, NEXUS_LOSS, must, event);
        } else if (event->stamp <= 1) {
            *place = (struct place){0};
            if (ua_of(judge)->restarted != NULL) /* it must hear that the target has restarted */
                lq_ua_owe(judge, nexus, unit, COARSE, true, event);
            else
                place->conditions[COARSE].allowed = 1;
        }
    }
}

static void on_power(struct lq_judge *judge, const struct lq_event *event)
{
    struct ua *ua = ua_of(judge);
    if (event->code == LQ_POWER_ON) {
        ua->restarted = event;
    } else if (lq_target_ends(event)) { /* what was owed is forgotten: power on is owed to all */
        lq_array_reset(&ua->places);
        lq_map_reset(&ua->place_of);
        ua->open_count = 0;
    }
}

/* A store answers that it was reset: what was cached may be lost, and everybody must hear. */
static void on_store_reset(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->stamp != STORE_WAS_RESET)
        return;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->unit != u || unit->store != event->code)
            continue;
        for (uint32_t n = 0; n < judge->view.nexuses.count; n++) {
            const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, n);
            if (nexus->target == unit->target)
                lq_ua_owe(judge, nexus, unit, STORE_RESET, nexus->is_established, event);
        }
    }
}

/* --- reports ---------------------------------------------------------------------------------- */

/* Could a function under way have established this already? */
static bool is_under_way(struct lq_judge *judge, const struct lq_seen_unit *unit, enum kind kind)
{
    for (uint32_t i = judge->view.functions.count; i > 0; i--) {
        const struct lq_seen_function *function = lq_array_at(&judge->view.functions, i - 1);
        if (function->received == NULL || function->answered != NULL ||
            function->nexus == NULL || !is_unit_affected(function, unit))
            continue;
        bool is_cold = function->function == LQ_TM_TARGET_COLD_RESET;
        if (kind == NEXUS_LOSS && function->function == LQ_TM_I_T_NEXUS_RESET)
            return true;
        if ((kind == POWER_ON && is_cold) ||
            (kind == RESET && (function->function == LQ_TM_LOGICAL_UNIT_RESET ||
                               function->function == LQ_TM_TARGET_WARM_RESET)))
            return true;
    }
    return false;
}

static void count_report(struct lq_judge *judge, const struct place *place)
{
    uint32_t owed = 0;
    for (uint32_t k = 0; k < KINDS; k++)
        owed += place->conditions[k].owed;
    judge->exercised[P_UA_2]++;
    judge->exercised[P_UA_3]++;
    judge->exercised[P_UA_6] += owed > 1;
    judge->exercised[P_RI_4] += place->conditions[NEXUS_LOSS].owed;
    judge->exercised[P_UA_1] +=
        place->conditions[RESET].owed || place->conditions[STORE_RESET].owed ||
        place->conditions[CLEARED].owed || place->conditions[LUNS_CHANGED].owed ||
        place->conditions[CAPACITY].owed || place->conditions[PARAMETERS].owed;
}

/* UA-7: nothing that is owed since before the report ranks before what was reported. */
static void judge_precedence(struct lq_judge *judge, const struct place *place,
                             const struct lq_seen_task *task, const struct lq_event *event)
{
    /* Of an owed reset the code is not known: the lowest rank of its kind. */
    static const uint32_t rank_of_kind[KINDS] = {
        [COARSE] = 0, [POWER_ON] = 1, [STORE_RESET] = 1, [RESET] = 3, [NEXUS_LOSS] = 4,
        [CLEARED] = 5, [LUNS_CHANGED] = 5, [CAPACITY] = 5, [PARAMETERS] = 5,
        [RESERVATIONS_PREEMPTED] = 5, [RESERVATIONS_RELEASED] = 5,
        [REGISTRATIONS_PREEMPTED] = 5};
    uint32_t reported = rank_of(event->detail & 0xffff);
    for (uint32_t k = 0; k < KINDS; k++) {
        const struct condition *condition = &place->conditions[k];
        bool is_forgotten = condition->put_back && !condition->claimed; /* UA-5 tells of it */
        if (!condition->owed || is_forgotten || condition->cause->time_ns == event->time_ns)
            continue;
        judge->exercised[P_UA_7]++;
        if (rank_of_kind[k] < reported)
            convict_report(judge, P_UA_7, task, event, condition->cause,
                           " although one of higher precedence was pending");
    }
}

static bool may_be(const struct place *place, enum kind kind)
{
    return place->conditions[kind].owed || place->conditions[kind].allowed > 0;
}

/* 29/00 may be said of a power on or a reset too, and 29/01 to a new nexus: the finest that is
 * pending counts. */
static enum kind kind_in(const struct place *place, uint32_t detail)
{
    enum kind kind = kind_of(detail);
    if (kind == COARSE && !may_be(place, COARSE))
        kind = may_be(place, POWER_ON) ? POWER_ON : may_be(place, RESET) ? RESET : COARSE;
    else if (kind == POWER_ON && !may_be(place, POWER_ON) && may_be(place, COARSE))
        kind = COARSE;
    return kind;
}

static void on_report(struct lq_judge *judge, const struct lq_seen_task *task,
                      const struct lq_event *event)
{
    struct place *place = lq_ua_place(judge, task->nexus, task->unit);
    enum kind kind = kind_in(place, event->detail & 0xffff);
    if (kind == OTHER_KIND)
        return;
    count_report(judge, place);
    judge_precedence(judge, place, task, event);
    struct condition *condition = &place->conditions[kind];
    const struct lq_event *before = condition->last_report;
    condition->last_report = event;
    condition->reported++;
    condition->claimed = false;
    if (condition->owed) {
        condition->owed = condition->put_back = false;
    } else if (condition->allowed > 0) {
        condition->allowed--;
    } else if (is_under_way(judge, task->unit, kind)) {
        condition->early = true;
    } else if (kind >= RESERVATIONS_PREEMPTED) {
        if (!lq_reservation_may_tell(judge, task->unit))
            convict_report(judge, P_PR_6, task, event, before, ", which nothing explains");
    } else if (condition->reported > 1) {
        convict_report(judge, P_UA_2, task, event, before, " once more than it was established");
    } else {
        convict_report(judge, P_UA_3, task, event, NULL, ", which nothing explains");
    }
}

static void on_good(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct place *place = lq_ua_place(judge, task->nexus, task->unit);
    for (uint32_t k = 0; k < KINDS; k++) {
        struct condition *condition = &place->conditions[k];
        if (condition->owed && condition->cause->seq < task->received->seq)
            convict_missing(judge, condition, (enum kind)k, task);
    }
}

/* PREEMPT AND ABORT ends commands of others: they may hear of it (TAS 0). */
static void on_preempted(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (event->code == LQ_TRIGGER_PREEMPT_AND_ABORT && task != NULL && task->nexus != NULL &&
        task->unit != NULL)
        lq_ua_owe(judge, task->nexus, task->unit, CLEARED, false, event);
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->ended != event || task->nexus == NULL || task->unit == NULL ||
        task->received == NULL)
        return;
    if (event->flags & LQ_F_ABORTED) {
        if (event->code == LQ_TRIGGER_CLEAR_TASK_SET)
            lq_ua_cleared(judge, task);
        on_preempted(judge, event);
        return;
    }
    if (event->code == 0x02)
        lq_ua_qerr_done(judge, task, event);
    if (event->code == 0x02 && event->detail >> 16 == 6)
        on_report(judge, task, event);
    else if (event->code == 0 && !is_exempt(task->opcode))
        on_good(judge, task);
}

/* What TASK has reported, as status or, REQUEST SENSE, in its data; OTHER_KIND: nothing. */
static enum kind reported_by(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct place *place = lq_ua_place(judge, task->nexus, task->unit);
    for (uint32_t k = 0; k < KINDS; k++)
        if (place->conditions[k].last_report != NULL &&
            place->conditions[k].last_report->serial == task->serial)
            return (enum kind)k;
    return OTHER_KIND;
}

/* The initiator may never have seen what TASK reported: it is owed again. */
static void on_lost(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->nexus == NULL || task->unit == NULL || task->ended == NULL)
        return;
    if (task->received == NULL || lq_has_gone_since(task->unit, task->received->seq))
        return; /* with the unit all that it had to tell has gone */
    enum kind kind = reported_by(judge, task);
    if (kind == OTHER_KIND)
        return;
    judge->exercised[P_UA_5]++;
    struct condition *condition = &lq_ua_place(judge, task->nexus, task->unit)->conditions[kind];
    if (condition->owed)
        return;
    condition->owed = condition->put_back = true;
    condition->cause = event;
}

/* --- what the engine and initiators say ------------------------------------------------------- */

static void on_claim(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    enum kind kind = kind_of(event->detail & 0xffff);
    if (nexus == NULL || unit == NULL || kind == OTHER_KIND)
        return;
    struct place *place = lq_ua_place(judge, nexus, unit);
    place->conditions[kind].claimed = event->kind != LQ_E_UA_CLEARED;
    /* A status that was aborted before it was sent: nobody else tells of it. */
    if (event->kind == LQ_E_UA_PUT_BACK && !place->conditions[kind].owed)
        place->conditions[kind].allowed = 1;
    if (event->kind != LQ_E_UA_CLEARED)
        return;
    place->conditions[kind].owed = false;
    if (kind == LUNS_CHANGED && event->serial != 0) { /* REPORT LUNS [SPC-4 6.33] */
        place->conditions[kind].allowed = 0;
        return;
    }
    place->merged = event;
    place->conditions[COARSE].allowed = 1;
    /* What is being put back is in it, too, and what has just been caused. */
    for (uint32_t k = 0; k < KINDS; k++) {
        struct condition *condition = &place->conditions[k];
        bool is_new = condition->put_back || k == STORE_RESET || k >= LUNS_CHANGED;
        if (is_new && condition->owed && condition->cause->time_ns == event->time_ns)
            condition->owed = false;
    }
}

/* REQUEST SENSE tells in its data. */
static void on_told_in_data(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task != NULL && task->opcode == 0x03 && task->nexus != NULL && task->unit != NULL)
        on_report(judge, task, event);
}

static void on_status(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !is_exempt(command->sent->detail))
        return;
    judge->exercised[P_UA_4]++;
    if (event->code != 0x02 || event->detail >> 16 != 6)
        return;
    struct lq_text text = lq_text_form("command % (operation code %), which reports no unit "
                                       "attention, ended CHECK CONDITION with ",
                                       command->sent->serial, command->sent->detail, 0, 0);
    text_codes(&text, event->detail & 0xffff);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, command->sent);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_UA_4, &proof, &text);
}

/* --- the part --------------------------------------------------------------------------------- */

static void ua_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    switch (event->kind) {
    case LQ_I_STATUS:
        on_status(judge, event);
        break;
    case LQ_E_NEXUS_ESTABLISHED:
    case LQ_E_NEXUS_ENDED:
        on_nexus(judge, event);
        break;
    case LQ_W_LUN:
        if ((event->flags & LQ_F_ABSENT) == 0)
            lq_ua_lun_comes(judge, event);
        break;
    case LQ_W_LUN_CHANGED:
        lq_ua_lun_changes(judge, event);
        break;
    case LQ_E_MODES:
        lq_ua_modes(judge, event);
        break;
    case LQ_W_POWER:
        on_power(judge, event);
        break;
    case LQ_S_COMPLETED:
        on_store_reset(judge, event);
        break;
    case LQ_E_TM_RECEIVED:
        lq_ua_clear_received(judge, event);
        break;
    case LQ_E_TM_ANSWERED:
        on_answered(judge, event);
        break;
    case LQ_E_ENDED:
        on_ended(judge, event);
        break;
    case LQ_E_AFFECTED:
        on_preempted(judge, event);
        lq_ua_qerr_affects(judge, event);
        break;
    case LQ_E_STATUS_LOST:
        on_lost(judge, event);
        break;
    case LQ_E_UA_ESTABLISHED:
    case LQ_E_UA_PUT_BACK:
    case LQ_E_UA_CLEARED:
        on_claim(judge, event);
        break;
    case LQ_E_UA_REPORTED:
        on_told_in_data(judge, event);
        break;
    default:
        break;
    }
}

static void ua_init(struct lq_judge *judge)
{
    struct ua *ua = lq_state_make(judge, LQ_STATE_UA, sizeof *ua);
    lq_array_init(&ua->places, sizeof(struct place));
    lq_map_init(&ua->place_of);
}

static void ua_free(struct lq_judge *judge)
{
    struct ua *ua = ua_of(judge);
    lq_array_free(&ua->places, judge->allocator);
    lq_map_free(&ua->place_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_UA, sizeof *ua);
}

static void ua_reset(struct lq_judge *judge)
{
    struct ua *ua = ua_of(judge);
    lq_array_reset(&ua->places);
    lq_map_reset(&ua->place_of);
    ua->open_count = 0;
    ua->restarted = NULL;
}

static const uint16_t kinds[] = {
    LQ_I_STATUS, LQ_E_NEXUS_ESTABLISHED, LQ_E_NEXUS_ENDED, LQ_W_LUN, LQ_W_LUN_CHANGED,
    LQ_W_POWER, LQ_S_COMPLETED, LQ_E_MODES, LQ_E_TM_RECEIVED, LQ_E_TM_ANSWERED, LQ_E_AFFECTED,
    LQ_E_ENDED, LQ_E_STATUS_LOST, LQ_E_UA_ESTABLISHED, LQ_E_UA_PUT_BACK, LQ_E_UA_CLEARED,
    LQ_E_UA_REPORTED, LQ_EVENT_NONE};

const struct lq_judge_part lq_ua_part = {
    .name = "ua",
    .init = ua_init,
    .free = ua_free,
    .reset = ua_reset,
    .event = ua_event,
    .kinds = kinds,
    .digest = lq_ua_digest,
};
