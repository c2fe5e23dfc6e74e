/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reservations allow: the conflict matrix as data [SPC-4 t65, t66; SBC-4 t13], and RESERVE and
 * RELEASE [SPC-2 7.16, 7.21] with their compatibility rules [SPC-4 5.13.3].
 */
#include "core/device.h"

/* --- the matrix ------------------------------------------------------------------------------ */

/* Types of persistent reservations [SPC-4 5.13.6]. */
static const struct type {
    bool is_valid;
    bool is_exclusive;         /* exclusive access; else write exclusive */
    bool lets_registrants_in;
    bool is_all_registrants;   /* every registrant holds it */
} types[LQ_TYPES] = {
    [LQ_TYPE_WRITE_EXCLUSIVE] = {true, false, false, false},
    [LQ_TYPE_EXCLUSIVE_ACCESS] = {true, true, false, false},
    [LQ_TYPE_WRITE_EXCLUSIVE_REGISTRANTS_ONLY] = {true, false, true, false},
    [LQ_TYPE_EXCLUSIVE_ACCESS_REGISTRANTS_ONLY] = {true, true, true, false},
    [LQ_TYPE_WRITE_EXCLUSIVE_ALL_REGISTRANTS] = {true, false, true, true},
    [LQ_TYPE_EXCLUSIVE_ACCESS_ALL_REGISTRANTS] = {true, true, true, true},
};

/* Commands of a class that end with RESERVATION CONFLICT while somebody else has ... */
static const struct conflicts {
    bool with_reserve;          /* ... the logical unit by RESERVE */
    bool with_write_exclusive;  /* ... a write exclusive reservation that keeps us out */
    bool with_exclusive_access; /* ... one of exclusive access */
} matrix[LQ_RESERVATION_CLASSES] = {
    [LQ_RESERVATION_ALWAYS] = {false, false, false},
    [LQ_RESERVATION_STATUS] = {true, false, false},
    [LQ_RESERVATION_READS] = {true, false, true},
    [LQ_RESERVATION_WRITES] = {true, true, true},
    [LQ_RESERVATION_START_STOP] = {true, true, true}, /* class_of() says more of these two */
    [LQ_RESERVATION_PREVENT] = {true, true, true},
    [LQ_RESERVATION_PERSISTENT] = {true, false, false}, /* persistent.c says more */
    [LQ_RESERVATION_RESERVE] = {true, false, false},    /* below */
    [LQ_RESERVATION_RELEASE] = {false, false, false},   /* below */
};

bool lq_type_is_valid(uint8_t type)
{
    return type < LQ_TYPES && types[type].is_valid;
}

bool lq_type_is_all_registrants(uint8_t type)
{
    return types[type].is_all_registrants;
}

bool lq_type_lets_registrants_in(uint8_t type)
{
    return types[type].lets_registrants_in;
}

bool lq_holds_reservation(const struct lq_engine *engine, const struct lq_unit *unit,
                          const struct lq_registration *registration)
{
    const struct lq_reservations *reservations = &unit->reservations;
    if (reservations->type == LQ_TYPE_NONE)
        return false;
    /* The wrong compares with a holder that this type does not have: nobody is as good as he. */
    if (lq_core_wrong(engine, LQ_WRONG_UNREGISTERED_HOLD_ALL_REGISTRANTS))
        return registration == reservations->holder;
    return registration != NULL && (types[reservations->type].is_all_registrants ||
                                    registration == reservations->holder);
}

/* Wrongs that look away from some command. */
static bool is_overlooked(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    if (task->opcode->medium == LQ_MEDIUM_FLUSHES)
        return lq_core_wrong(engine, LQ_WRONG_FLUSH_PASSES_RESERVATION);
    return task->opcode->medium == LQ_MEDIUM_READS &&
           lq_core_wrong(engine, LQ_WRONG_EXCLUSIVE_ACCESS_LETS_READ);
}

/* Wrong "registrants-may-only-read-and-write". */
static bool is_denied_registrants(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->opcode->medium == LQ_MEDIUM_FLUSHES &&
           lq_core_wrong(engine, LQ_WRONG_REGISTRANTS_MAY_ONLY_READ_AND_WRITE);
}

/* The class of a command may depend on its fields [SBC-4 t13]. */
static enum lq_reservation_class class_of(const struct lq_engine_task *task)
{
    enum lq_reservation_class class = task->opcode->reservation;
    bool starts = class == LQ_RESERVATION_START_STOP && (task->cdb[4] & 0xf1) == 0x01;
    bool allows = class == LQ_RESERVATION_PREVENT && (task->cdb[4] & 0x03) == 0;
    return starts || allows ? LQ_RESERVATION_ALWAYS : class;
}

static bool conflicts_persistently(const struct lq_engine *engine,
                                   const struct lq_engine_task *task)
{
    const struct lq_reservations *reservations = &task->unit->reservations;
    const struct conflicts *row = &matrix[class_of(task)];
    const struct type *type = &types[reservations->type];
    bool is_hit = type->is_exclusive ? row->with_exclusive_access : row->with_write_exclusive;
    if (!is_hit || is_overlooked(engine, task))
        return false;
    const struct lq_registration *registration =
        lq_registration_of(engine, task->unit, task->nexus);
    if (lq_holds_reservation(engine, task->unit, registration))
        return false;
    return registration == NULL || !type->lets_registrants_in ||
           is_denied_registrants(engine, task);
}

bool lq_reservation_conflicts(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    const struct lq_reservations *reservations = &task->unit->reservations;
    if (task->opcode == NULL)
        return false;
    if (reservations->reserver != NULL && reservations->reserver != task->nexus &&
        matrix[class_of(task)].with_reserve)
        return true;
    return reservations->type != LQ_TYPE_NONE && conflicts_persistently(engine, task);
}

/* --- RESERVE and RELEASE --------------------------------------------------------------------- */

static const struct lq_sense no_sense = {0, 0, 0};

/* Third parties, extents and elements are long obsolete [SPC-2 7.16.2]. */
static bool asks_too_much(const struct lq_engine_task *task)
{
    return (task->cdb[1] & 0x1f) != 0;
}

/*
 * While I_T nexuses are registered [SPC-4 5.13.3, CRH 1]: GOOD and no effect for whom the
 * persistent reservation lets in, RESERVATION CONFLICT for all others. True: TASK has been ended.
 */
static bool is_handled_compatibly(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_reservations *reservations = &task->unit->reservations;
    if (reservations->count == 0)
        return false;
    const struct lq_registration *registration =
        lq_registration_of(engine, task->unit, task->nexus);
    bool is_in = lq_holds_reservation(engine, task->unit, registration) ||
                 (registration != NULL && reservations->type != LQ_TYPE_NONE &&
                  types[reservations->type].lets_registrants_in);
    lq_task_end(engine, task, is_in ? LQ_GOOD : LQ_RESERVATION_CONFLICT, no_sense);
    return true;
}

void lq_reserve(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (asks_too_much(task)) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    struct lq_reservations *reservations = &task->unit->reservations;
    if (reservations->reserver == NULL && is_handled_compatibly(engine, task))
        return;
    reservations->reserver = task->nexus;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_release(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (asks_too_much(task)) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    struct lq_reservations *reservations = &task->unit->reservations;
    if (reservations->reserver == NULL && is_handled_compatibly(engine, task))
        return;
    /* By anybody else it is no error and changes nothing [SPC-2 7.21.1]. */
    if (reservations->reserver == task->nexus ||
        lq_core_wrong(engine, LQ_WRONG_RELEASE_BY_ANYBODY))
        reservations->reserver = NULL;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

/* --- what ends them -------------------------------------------------------------------------- */

/* Wrong "registration-ends-with-nexus". */
static void forget_registrations_of(struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *unit = &engine->units[i];
        struct lq_registration *registration =
            unit->target == nexus->target ? lq_registration_of(engine, unit, nexus) : NULL;
        if (registration != NULL)
            lq_registration_remove(engine, unit, registration);
    }
}

void lq_reservation_nexus_forgotten(struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (engine->units[i].reservations.reserver == nexus)
            engine->units[i].reservations.reserver = NULL;
}

void lq_reservation_nexus_ended(struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                                enum lq_trigger how)
{
    if (lq_core_wrong(engine, LQ_WRONG_REGISTRATION_ENDS_WITH_NEXUS))
        forget_registrations_of(engine, nexus);
    /* Reinstatement preserves it, as is preferred [RFC 7143 4.4.3.2]. */
    bool is_kept = how == LQ_TRIGGER_REINSTATEMENT ||
                   lq_core_wrong(engine, LQ_WRONG_RESERVE_OUTLIVES_SESSION);
    if (!is_kept)
        lq_reservation_nexus_forgotten(engine, nexus);
}

void lq_reservation_reset(struct lq_engine *engine, struct lq_unit *unit, enum lq_trigger trigger)
{
    if (!lq_core_wrong(engine, LQ_WRONG_RESERVE_OUTLIVES_RESET))
        unit->reservations.reserver = NULL;
    /* A cold reset is a power on event [RFC 7143 11.5.1]. */
    bool is_power_on = trigger == LQ_TRIGGER_TARGET_COLD_RESET;
    if ((is_power_on && !unit->reservations.aptpl) ||
        lq_core_wrong(engine, LQ_WRONG_RESET_DROPS_REGISTRATIONS))
        lq_reservations_forget(engine, unit);
    else if (is_power_on)
        unit->reservations.generation = 0; /* [SPC-4 5.13.5] */
}
