/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PERSISTENT RESERVE OUT [SPC-4 5.13, 6.16]: a table of service actions over one check of what all
 * of them have in common. An action either ends the command without effect or does all it does.
 *
 * While APTPL is 1, and when it becomes so or no longer is, what changes is saved before it holds
 * [SPC-4 5.13.5]: the action is rehearsed, and what it would leave is laid out as a record
 * (core/saved.h); when that is durable, the action is carried out.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/persistent.h"

enum { LU_SCOPE = 0 };

static const struct lq_sense no_sense = {0, 0, 0};
static const struct lq_sense invalid_field_in_cdb = {0x05, 0x24, 0x00};
static const struct lq_sense invalid_field_in_list = {0x05, 0x26, 0x00};
static const struct lq_sense invalid_release = {0x05, 0x26, 0x04};
static const struct lq_sense list_length_error = {0x05, 0x1a, 0x00};
static const struct lq_sense no_room = {0x05, 0x55, 0x04}; /* REGISTRATION RESOURCES */

/* --- how it ends ----------------------------------------------------------------------------- */

void lq_persist_end_good(struct lq_engine *engine, const struct lq_persist *request)
{
    if (request->rehearses)
        return;
    lq_task_end(engine, request->task, LQ_GOOD, no_sense);
}

void lq_persist_end_conflict(struct lq_engine *engine, const struct lq_persist *request)
{
    request->task->defined_bytes = 0;
    lq_task_end(engine, request->task, LQ_RESERVATION_CONFLICT, no_sense);
}

void lq_persist_end_sense(struct lq_engine *engine, const struct lq_persist *request,
                          struct lq_sense sense)
{
    lq_check_condition(engine, request->task, sense.key, sense.asc, sense.ascq);
}

void lq_persist_count_generation(const struct lq_engine *engine, const struct lq_persist *request)
{
    if (!(request->action == LQ_PERSIST_REGISTER &&
          lq_core_wrong(engine, LQ_WRONG_REGISTER_KEEPS_GENERATION)))
        request->unit->reservations.generation++;
}

/* --- who hears of it ------------------------------------------------------------------------- */

/* The I_T nexus of REGISTRATION. One that the engine has forgotten will be told that all may have
 * changed when it comes back. */
static void tell(struct lq_engine *engine, const struct lq_persist *request,
                 const struct lq_registration *registration, uint8_t ascq)
{
    struct lq_engine_nexus *nexus = lq_registration_nexus(engine, request->unit, registration);
    if (!request->rehearses && nexus != NULL && nexus != request->task->nexus)
        lq_ua_establish(engine, nexus, request->unit, (struct lq_ua){0x2a, ascq});
}

void lq_persist_tell_all(struct lq_engine *engine, const struct lq_persist *request, uint8_t ascq)
{
    LQ_LIST_EACH(link, &request->unit->reservations.registrations)
    tell(engine, request, LQ_ELEMENT(link, struct lq_registration, link), ascq);
}

/* --- RESERVE, RELEASE, CLEAR ------------------------------------------------------------------ */

/* UNIT is reserved with TYPE for the registration that asked. */
static void reserve(const struct lq_persist *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    reservations->type = request->type;
    reservations->holder = lq_type_is_all_registrants(request->type) ? NULL : request->own;
}

/* [SPC-4 5.13.9] */
static void do_reserve(struct lq_engine *engine, const struct lq_persist *request)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    if (reservations->type != LQ_TYPE_NONE) {
        bool is_again = lq_holds_reservation(engine, request->unit, request->own) &&
                        request->type == reservations->type;
        if (!is_again) {
            lq_persist_end_conflict(engine, request);
            return;
        }
    } else {
        reserve(request);
    }
    if (lq_core_wrong(engine, LQ_WRONG_RESERVE_RAISES_GENERATION))
        lq_persist_count_generation(engine, request);
    lq_persist_end_good(engine, request);
}

/* [SPC-4 5.13.11.2.2] */
static void do_release(struct lq_engine *engine, const struct lq_persist *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    bool is_holder = lq_holds_reservation(engine, request->unit, request->own) ||
                     lq_core_wrong(engine, LQ_WRONG_PERSISTENT_RELEASE_BY_ANYBODY);
    uint8_t type = reservations->type;
    if (type == LQ_TYPE_NONE || !is_holder) {
        lq_persist_end_good(engine, request);
        return;
    }
    if (request->type != type) {
        lq_persist_end_sense(engine, request, invalid_release);
        return;
    }
    reservations->type = LQ_TYPE_NONE;
    reservations->holder = NULL;
    if (lq_type_lets_registrants_in(type) &&
        !lq_core_wrong(engine, LQ_WRONG_RELEASE_TELLS_NOBODY))
        lq_persist_tell_all(engine, request, LQ_PERSIST_RELEASED);
    lq_persist_end_good(engine, request);
}

/* [SPC-4 5.13.11.2.5] */
static void do_clear(struct lq_engine *engine, const struct lq_persist *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    lq_persist_tell_all(engine, request, LQ_PERSIST_PREEMPTED);
    if (!request->rehearses && lq_core_wrong(engine, LQ_WRONG_CLEAR_TELLS_ISSUER))
        lq_ua_establish(engine, request->task->nexus, request->unit,
                        (struct lq_ua){0x2a, LQ_PERSIST_PREEMPTED});
    uint32_t generation = reservations->generation;
    bool aptpl = reservations->aptpl;
    lq_reservations_forget(engine, request->unit);
    reservations->generation = generation;
    reservations->aptpl = aptpl;
    lq_persist_count_generation(engine, request);
    lq_persist_end_good(engine, request);
}

/* --- PREEMPT, PREEMPT AND ABORT [SPC-4 5.13.11.2.4, 5.13.11.2.6] ----------------------------- */

static bool is_key_registered(const struct lq_persist *request)
{
    LQ_LIST_EACH(link, &request->unit->reservations.registrations)
    if (LQ_ELEMENT(link, struct lq_registration, link)->key == request->service_key)
        return true;
    return false;
}

/* Marks whose commands PREEMPT AND ABORT aborts: of every I_T nexus that is registered with the
 * key, the issuer's included; of all that are registered when the key is 0. */
static void mark_preempted(struct lq_engine *engine, const struct lq_persist *request)
{
    LQ_LIST_EACH(link, &request->unit->reservations.registrations)
    {
        struct lq_registration *registration = LQ_ELEMENT(link, struct lq_registration, link);
        if (request->service_key != 0 && registration->key != request->service_key)
            continue;
        if (registration != request->unit->reservations.holder &&
            lq_core_wrong(engine, LQ_WRONG_PREEMPT_ABORTS_ONLY_HOLDERS))
            continue;
        struct lq_engine_nexus *nexus = lq_registration_nexus(engine, request->unit, registration);
        if (nexus != NULL)
            nexus->is_preempted = true;
    }
}

/* Removes the registrations with the key, or all (key 0); the issuer's own stays when it gets the
 * reservation. */
static void preempt_registrations(struct lq_engine *engine, const struct lq_persist *request,
                                  bool spares_own)
{
    if (lq_core_wrong(engine, LQ_WRONG_PREEMPT_SPARES_REGISTRATIONS))
        return;
    LQ_LIST_EACH_SAFE(link, following, &request->unit->reservations.registrations)
    {
        struct lq_registration *registration = LQ_ELEMENT(link, struct lq_registration, link);
        bool is_meant = request->service_key == 0 || registration->key == request->service_key;
        if (!is_meant || (spares_own && registration == request->own))
            continue;
        if (!lq_core_wrong(engine, LQ_WRONG_PREEMPT_TELLS_NOBODY))
            tell(engine, request, registration, LQ_PERSIST_REGISTRATIONS_PREEMPTED);
        lq_registration_remove(engine, request->unit, registration);
    }
}

/* The reservation goes from whom it belonged to the issuer. */
static void preempt_reservation(struct lq_engine *engine, const struct lq_persist *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    uint8_t former = reservations->type;
    preempt_registrations(engine, request, true);
    reserve(request);
    if (former == request->type)
        return;
    LQ_LIST_EACH(link, &reservations->registrations) /* who is left learns of another type */
    tell(engine, request, LQ_ELEMENT(link, struct lq_registration, link), LQ_PERSIST_RELEASED);
}

/* What stands against it; key 0: nothing. CONFLICTS: it ends with RESERVATION CONFLICT. */
static struct lq_sense check_preempt(const struct lq_persist *request, bool takes, bool *conflicts)
{
    bool is_all = lq_type_is_all_registrants(request->unit->reservations.type);
    if (request->service_key == 0 && !is_all)
        return invalid_field_in_list;
    *conflicts = request->service_key != 0 && !is_key_registered(request);
    if (takes && (request->scope != LU_SCOPE || !lq_type_is_valid(request->type)))
        return invalid_field_in_cdb;
    return no_sense;
}

static void do_preempt(struct lq_engine *engine, const struct lq_persist *request)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    bool aborts = request->action == LQ_PERSIST_PREEMPT_AND_ABORT && !request->rehearses;
    bool takes = reservations->holder != NULL
                     ? reservations->holder->key == request->service_key
                     : reservations->type != LQ_TYPE_NONE && request->service_key == 0;
    bool conflicts = false;
    struct lq_sense sense = check_preempt(request, takes, &conflicts);
    if (sense.key != 0) {
        lq_persist_end_sense(engine, request, sense);
        return;
    }
    if (conflicts) {
        lq_persist_end_conflict(engine, request);
        return;
    }
    if (request->action == LQ_PERSIST_PREEMPT_AND_ABORT && !lq_abort_has_room(engine)) {
        request->task->defined_bytes = 0;
        lq_task_end(engine, request->task, LQ_BUSY, no_sense);
        return;
    }
    if (aborts)
        mark_preempted(engine, request);
    if (takes)
        preempt_reservation(engine, request);
    else
        preempt_registrations(engine, request, false);
    lq_persist_count_generation(engine, request);
    if (aborts)
        lq_abort_preempted(engine, request->task);
    else
        lq_persist_end_good(engine, request);
}

/* --- REPLACE LOST RESERVATION [SPC-4 5.13.11.3] ----------------------------------------------- */

/* Nothing is ever lost that was said to be kept: nothing is. */
static void do_replace_lost(struct lq_engine *engine, const struct lq_persist *request)
{
    if (request->own == NULL)
        lq_persist_end_conflict(engine, request);
    else
        lq_persist_end_sense(engine, request, invalid_release);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct action {
    bool needs_registration; /* else RESERVATION CONFLICT, with or without a reservation */
    bool ignores_key;        /* RESERVATION KEY need not be the registered one */
    bool has_type;           /* SCOPE and TYPE of the CDB mean something */
    bool has_long_list;      /* its parameter list may go on after the basic 24 bytes */
    void (*carry_out)(struct lq_engine *engine, const struct lq_persist *request);
} actions[LQ_PERSIST_ACTIONS] = {
    [LQ_PERSIST_REGISTER] = {false, false, false, true, lq_persist_register},
    [LQ_PERSIST_RESERVE] = {true, false, true, false, do_reserve},
    [LQ_PERSIST_RELEASE] = {true, false, true, false, do_release},
    [LQ_PERSIST_CLEAR] = {true, false, false, false, do_clear},
    [LQ_PERSIST_PREEMPT] = {true, false, false, false, do_preempt}, /* looks at them itself */
    [LQ_PERSIST_PREEMPT_AND_ABORT] = {true, false, false, false, do_preempt},
    [LQ_PERSIST_REGISTER_AND_IGNORE] = {false, true, false, true, lq_persist_register},
    [LQ_PERSIST_REGISTER_AND_MOVE] = {true, false, false, true, lq_persist_move},
    [LQ_PERSIST_REPLACE_LOST] = {false, true, false, false, do_replace_lost},
};

/* The first check that fails, by length and form alone. */
static struct lq_sense check_form(const struct lq_persist *request)
{
    const struct action *action = &actions[request->action];
    const struct lq_engine_task *task = request->task;
    if (task->defined_bytes < LQ_PERSIST_LIST_BYTES || task->out_bytes < task->defined_bytes)
        return list_length_error;
    bool is_long = action->has_long_list &&
                   (request->action == LQ_PERSIST_REGISTER_AND_MOVE || request->spec_i_pt);
    if (!is_long && request->list_bytes != LQ_PERSIST_LIST_BYTES)
        return list_length_error;
    if (action->has_type && (request->scope != LU_SCOPE || !lq_type_is_valid(request->type)))
        return invalid_field_in_cdb;
    /* Of an initiator port's list only REGISTER can make something. */
    if (request->spec_i_pt && request->action != LQ_PERSIST_REGISTER &&
        request->action != LQ_PERSIST_REGISTER_AND_MOVE)
        return invalid_field_in_list;
    return no_sense;
}

/* [SPC-4 5.13.7, t66]: who is not registered has key 0. */
static bool is_key_right(const struct lq_engine *engine, const struct lq_persist *request)
{
    const struct action *action = &actions[request->action];
    if (action->needs_registration && request->own == NULL)
        return false;
    if (action->ignores_key || lq_core_wrong(engine, LQ_WRONG_ANY_KEY_REGISTERS))
        return true;
    return request->key == (request->own != NULL ? request->own->key : 0);
}

/* --- what persists through power loss --------------------------------------------------------- */

/* Nothing is saved where APTPL is 0 and stays so. */
static bool may_persist(const struct lq_persist *request)
{
    bool moves = request->action == LQ_PERSIST_REGISTER_AND_MOVE;
    return request->unit->reservations.aptpl || request->aptpl ||
           (moves && (request->list[17] & LQ_PERSIST_MOVE_APTPL) != 0);
}

/* The unit as REQUEST, which has been looked at, would leave it, in AFTER; it is then as BEFORE
 * says again. False: the command has ended, or there is no room. */
static bool rehearse(struct lq_engine *engine, struct lq_persist request, uint8_t *after,
                     uint8_t *before)
{
    if (!lq_saved_encode(request.unit, before)) {
        lq_persist_end_sense(engine, &request, no_room);
        return false;
    }
    request.rehearses = true;
    actions[request.action].carry_out(engine, &request);
    bool fits = lq_saved_encode(request.unit, after);
    lq_saved_decode(engine, request.unit, before, false);
    bool has_ended = request.task->state != LQ_TASK_IN_SET || request.task->is_faulted;
    if (!has_ended && !fits)
        lq_persist_end_sense(engine, &request, no_room);
    return !has_ended && fits;
}

/* True: REQUEST has ended, or goes on when what it changes is durable. */
static bool saves_first(struct lq_engine *engine, const struct lq_persist *request)
{
    struct lq_engine_task *task = request->task;
    if (task->is_saved || !request->unit->saved.has_place ||
        lq_core_wrong(engine, LQ_WRONG_SAVE_SKIPPED))
        return false;
    /* Also what saves nothing: the record that is out has been laid out without it. */
    if (lq_saved_holds(engine, task))
        return true;
    if (!may_persist(request))
        return false;
    struct lq_reservations *reservations = &request->unit->reservations;
    uint8_t *after = lq_saved_image(task), *before = engine->record;
    uint32_t count = reservations->count, generation = reservations->generation;
    bool goes_on = rehearse(engine, *request, after, before);
    reservations->generation = generation;
    if (!goes_on)
        return true;
    if (memcmp(before, after, LQ_SAVED_SLOT_BYTES) == 0 && !request->unit->saved.is_ahead)
        return false;
    uint32_t after_count = lq_saved_registrations(after);
    lq_saved_submit(engine, task, after_count > count ? after_count - count : 0,
                    request->action == LQ_PERSIST_PREEMPT_AND_ABORT ? 1 : 0);
    return true;
}

void lq_persistent_reserve_out(struct lq_engine *engine, struct lq_engine_task *task)
{
    const uint8_t *list = task->buffer;
    struct lq_persist request = {
        .task = task,
        .unit = task->unit,
        .own = lq_registration_of(engine, task->unit, task->nexus),
        .list = list,
        .list_bytes = task->out_bytes,
        .action = task->cdb[1] & 0x1f,
        .scope = task->cdb[2] >> 4,
        .type = task->cdb[2] & 0x0f,
    };
    LQ_ASSERT(request.action < LQ_PERSIST_ACTIONS);
    bool is_basic = request.action != LQ_PERSIST_REGISTER_AND_MOVE;
    if (is_basic && request.list_bytes >= LQ_PERSIST_LIST_BYTES) {
        request.spec_i_pt = (list[20] & 0x08) != 0;
        request.all_tg_pt = (list[20] & 0x04) != 0;
        request.aptpl = (list[20] & 0x01) != 0;
    }
    struct lq_sense sense = check_form(&request);
    if (sense.key != 0) {
        lq_persist_end_sense(engine, &request, sense);
        return;
    }
    request.key = lq_get_be64(list);
    request.service_key = lq_get_be64(list + 8);
    if (!is_key_right(engine, &request)) {
        lq_persist_end_conflict(engine, &request);
        return;
    }
    if (saves_first(engine, &request))
        return;
    /* A rehearsal has put others in the place of what was found. */
    request.own = lq_registration_of(engine, task->unit, task->nexus);
    actions[request.action].carry_out(engine, &request);
}
