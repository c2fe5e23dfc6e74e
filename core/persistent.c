/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PERSISTENT RESERVE OUT [SPC-4 5.13, 6.16]: a table of service actions over one check of what all
 * of them have in common. An action either ends the command without effect or does all it does.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

enum {
    REGISTER,
    RESERVE,
    RELEASE,
    CLEAR,
    PREEMPT,
    PREEMPT_AND_ABORT,
    REGISTER_AND_IGNORE,
    REGISTER_AND_MOVE,
    REPLACE_LOST,
    ACTIONS
};

enum { BASIC_LIST_BYTES = 24, LU_SCOPE = 0 };

/* What the CDB and the parameter list say [SPC-4 6.16.3]. */
struct request {
    struct lq_engine_task *task;
    struct lq_unit *unit;
    struct lq_registration *own; /* NULL: not registered */
    const uint8_t *list;
    uint32_t list_bytes;
    uint8_t action, scope, type;
    uint64_t key, service_key;
    bool spec_i_pt, all_tg_pt, aptpl;
};

static const struct lq_sense no_sense = {0, 0, 0};
static const struct lq_sense invalid_field_in_cdb = {0x05, 0x24, 0x00};
static const struct lq_sense invalid_field_in_list = {0x05, 0x26, 0x00};
static const struct lq_sense invalid_release = {0x05, 0x26, 0x04};
static const struct lq_sense list_length_error = {0x05, 0x1a, 0x00};
static const struct lq_sense no_room = {0x05, 0x55, 0x04}; /* REGISTRATION RESOURCES */

/* --- how it ends ----------------------------------------------------------------------------- */

static void end_good(struct lq_engine *engine, const struct request *request)
{
    lq_task_end(engine, request->task, LQ_GOOD, no_sense);
}

static void end_conflict(struct lq_engine *engine, const struct request *request)
{
    request->task->defined_bytes = 0;
    lq_task_end(engine, request->task, LQ_RESERVATION_CONFLICT, no_sense);
}

static void end_sense(struct lq_engine *engine, const struct request *request,
                      struct lq_sense sense)
{
    lq_check_condition(engine, request->task, sense.key, sense.asc, sense.ascq);
}

/* PRGENERATION counts requests that were carried out [SPC-4 5.13.5]: not RESERVE, not RELEASE. */
static void count_generation(const struct lq_engine *engine, const struct request *request)
{
    if (!(request->action == REGISTER && lq_core_wrong(engine, LQ_WRONG_REGISTER_KEEPS_GENERATION)))
        request->unit->reservations.generation++;
}

/* --- who hears of it ------------------------------------------------------------------------- */

/* The I_T nexus of REGISTRATION. One that the engine has forgotten will be told that all may have
 * changed when it comes back. */
static void tell(struct lq_engine *engine, const struct request *request,
                 const struct lq_registration *registration, uint8_t ascq)
{
    struct lq_engine_nexus *nexus = lq_registration_nexus(engine, request->unit, registration);
    if (nexus != NULL && nexus != request->task->nexus)
        lq_ua_establish(engine, nexus, request->unit, (struct lq_ua){0x2a, ascq});
}

/* RESERVATIONS PREEMPTED, RESERVATIONS RELEASED, REGISTRATIONS PREEMPTED [SPC-4 t D.1] */
enum { PREEMPTED = 0x03, RELEASED = 0x04, REGISTRATIONS_PREEMPTED = 0x05 };

static void tell_all_registered(struct lq_engine *engine, const struct request *request,
                                uint8_t ascq)
{
    LQ_LIST_EACH(link, &request->unit->reservations.registrations)
    tell(engine, request, LQ_ELEMENT(link, struct lq_registration, link), ascq);
}

/* --- registering ----------------------------------------------------------------------------- */

/* The holder of a registrants only reservation gives it up with its registration: the others hear
 * of it [SPC-4 5.13.11.2.3]. */
static void unregister(struct lq_engine *engine, const struct request *request,
                       struct lq_registration *registration)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    bool ends_sharing = reservations->holder == registration &&
                        lq_type_lets_registrants_in(reservations->type);
    lq_registration_remove(engine, request->unit, registration);
    if (ends_sharing)
        tell_all_registered(engine, request, RELEASED);
}

/* Ports of the target through which the request registers: its own, or all [SPC-4 ALL_TG_PT]. */
static void port_range(const struct lq_engine *engine, const struct request *request,
                       uint16_t *first, uint16_t *last)
{
    *first = *last = request->task->nexus->target_port;
    if (request->all_tg_pt) {
        *first = 1;
        *last = engine->target_ports[request->unit->target];
    }
}

/* Length of the list of TransportIDs, which follows 28 bytes; false: the lengths disagree. */
static bool transport_id_list(const struct request *request, const uint8_t **ids, uint32_t *bytes)
{
    *ids = request->list;
    *bytes = 0;
    if (!request->spec_i_pt)
        return request->list_bytes == BASIC_LIST_BYTES;
    if (request->list_bytes < BASIC_LIST_BYTES + 4)
        return false;
    *ids = request->list + BASIC_LIST_BYTES + 4;
    *bytes = lq_get_be32(request->list + BASIC_LIST_BYTES);
    return *bytes == request->list_bytes - BASIC_LIST_BYTES - 4;
}

/* The next initiator port of the list; false: it is not well-formed. */
static bool next_port(const struct request *request, const uint8_t **ids, uint32_t *bytes,
                      uint8_t *canonical, struct lq_nexus_name *name)
{
    const struct lq_transport *transport = request->task->nexus->transport;
    uint32_t taken = 0;
    if (transport->transport_id_canonical == NULL)
        return false;
    name->transport_id = canonical;
    name->transport_id_bytes =
        transport->transport_id_canonical(*ids, *bytes, canonical, &taken);
    if (name->transport_id_bytes == 0 || taken > *bytes)
        return false;
    *ids += taken;
    *bytes -= taken;
    return true;
}

/* Registers NAME through each port of the request: all that are not registered yet. With COUNT,
 * only says how many they are. */
static void register_port(struct lq_engine *engine, const struct request *request,
                          struct lq_nexus_name name, uint32_t *count)
{
    uint16_t first, last;
    port_range(engine, request, &first, &last);
    for (uint32_t port = first; port <= last; port++) {
        name.target_port = (uint16_t)port;
        if (lq_registration_find(engine, request->unit, name) != NULL)
            continue;
        if (count != NULL)
            (*count)++;
        else
            lq_registration_add(engine, request->unit, name, request->service_key);
    }
}

/* All initiator ports that the request speaks of. False: one of them is not well-formed. */
static bool register_ports(struct lq_engine *engine, const struct request *request,
                           uint32_t *count)
{
    const uint8_t *ids;
    uint32_t bytes;
    register_port(engine, request, lq_name_of(request->task->nexus), count);
    if (!transport_id_list(request, &ids, &bytes))
        return false;
    if (lq_core_wrong(engine, LQ_WRONG_SPEC_I_PT_IGNORED))
        return true;
    while (bytes > 0) {
        uint8_t canonical[LQ_TRANSPORT_ID_BYTES_MAX];
        struct lq_nexus_name name = {0};
        if (!next_port(request, &ids, &bytes, canonical, &name))
            return false;
        register_port(engine, request, name, count);
    }
    return true;
}

/* New registrations, all or none. */
static void register_new(struct lq_engine *engine, const struct request *request)
{
    uint32_t count = 0;
    if (!register_ports(engine, request, &count)) {
        end_sense(engine, request, invalid_field_in_list);
        return;
    }
    if (!lq_registrations_fit(engine, count)) {
        end_sense(engine, request, no_room);
        return;
    }
    register_ports(engine, request, NULL);
    count_generation(engine, request);
    end_good(engine, request);
}

/* A registration that is there gets another key, or goes; through each port of the request. */
static void register_again(struct lq_engine *engine, const struct request *request)
{
    uint16_t first, last;
    struct lq_nexus_name name = lq_name_of(request->task->nexus);
    port_range(engine, request, &first, &last);
    bool unregisters = request->service_key == 0 &&
                       !lq_core_wrong(engine, LQ_WRONG_KEY_ZERO_REGISTERS);
    if (!unregisters) {
        uint32_t count = 0;
        register_port(engine, request, name, &count);
        if (!lq_registrations_fit(engine, count)) {
            end_sense(engine, request, no_room);
            return;
        }
        register_port(engine, request, name, NULL);
    }
    for (uint32_t port = first; port <= last; port++) {
        name.target_port = (uint16_t)port;
        struct lq_registration *registration =
            lq_registration_find(engine, request->unit, name);
        if (registration != NULL && unregisters)
            unregister(engine, request, registration);
        else if (registration != NULL)
            registration->key = request->service_key;
    }
    count_generation(engine, request);
    end_good(engine, request);
}

/* REGISTER and REGISTER AND IGNORE EXISTING KEY [SPC-4 5.13.7]; the key has been looked at. */
static void do_register(struct lq_engine *engine, const struct request *request)
{
    if (request->spec_i_pt && (request->own != NULL || request->action != REGISTER))
        end_sense(engine, request, invalid_field_in_list);
    else if (request->aptpl) /* nothing here persists through power loss: PTPL_C is 0 */
        end_sense(engine, request, invalid_field_in_list);
    else if (request->own != NULL)
        register_again(engine, request);
    else if (request->service_key == 0)
        end_good(engine, request);
    else
        register_new(engine, request);
}

/* --- RESERVE, RELEASE, CLEAR ------------------------------------------------------------------ */

/* UNIT is reserved with TYPE for the registration that asked. */
static void reserve(const struct request *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    reservations->type = request->type;
    reservations->holder = lq_type_is_all_registrants(request->type) ? NULL : request->own;
}

/* [SPC-4 5.13.9] */
static void do_reserve(struct lq_engine *engine, const struct request *request)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    if (reservations->type != LQ_TYPE_NONE) {
        bool is_again = lq_holds_reservation(engine, request->unit, request->own) &&
                        request->type == reservations->type;
        if (!is_again) {
            end_conflict(engine, request);
            return;
        }
    } else {
        reserve(request);
    }
    if (lq_core_wrong(engine, LQ_WRONG_RESERVE_RAISES_GENERATION))
        count_generation(engine, request);
    end_good(engine, request);
}

/* [SPC-4 5.13.11.2.2] */
static void do_release(struct lq_engine *engine, const struct request *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    bool is_holder = lq_holds_reservation(engine, request->unit, request->own) ||
                     lq_core_wrong(engine, LQ_WRONG_PERSISTENT_RELEASE_BY_ANYBODY);
    uint8_t type = reservations->type;
    if (type == LQ_TYPE_NONE || !is_holder) {
        end_good(engine, request);
        return;
    }
    if (request->type != type) {
        end_sense(engine, request, invalid_release);
        return;
    }
    reservations->type = LQ_TYPE_NONE;
    reservations->holder = NULL;
    if (lq_type_lets_registrants_in(type) &&
        !lq_core_wrong(engine, LQ_WRONG_RELEASE_TELLS_NOBODY))
        tell_all_registered(engine, request, RELEASED);
    end_good(engine, request);
}

/* [SPC-4 5.13.11.2.5] */
static void do_clear(struct lq_engine *engine, const struct request *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    tell_all_registered(engine, request, PREEMPTED);
    if (lq_core_wrong(engine, LQ_WRONG_CLEAR_TELLS_ISSUER))
        lq_ua_establish(engine, request->task->nexus, request->unit,
                        (struct lq_ua){0x2a, PREEMPTED});
    uint32_t generation = reservations->generation;
    lq_reservations_forget(engine, request->unit);
    reservations->generation = generation;
    count_generation(engine, request);
    end_good(engine, request);
}

/* --- PREEMPT, PREEMPT AND ABORT [SPC-4 5.13.11.2.4, 5.13.11.2.6] ----------------------------- */

static bool is_key_registered(const struct request *request)
{
    LQ_LIST_EACH(link, &request->unit->reservations.registrations)
    if (LQ_ELEMENT(link, struct lq_registration, link)->key == request->service_key)
        return true;
    return false;
}

/* Marks whose commands PREEMPT AND ABORT aborts: of every I_T nexus that is registered with the
 * key, the issuer's included; of all that are registered when the key is 0. */
static void mark_preempted(struct lq_engine *engine, const struct request *request)
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
static void preempt_registrations(struct lq_engine *engine, const struct request *request,
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
            tell(engine, request, registration, REGISTRATIONS_PREEMPTED);
        lq_registration_remove(engine, request->unit, registration);
    }
}

/* The reservation goes from whom it belonged to the issuer. */
static void preempt_reservation(struct lq_engine *engine, const struct request *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    uint8_t former = reservations->type;
    preempt_registrations(engine, request, true);
    reserve(request);
    if (former == request->type)
        return;
    LQ_LIST_EACH(link, &reservations->registrations) /* who is left learns of another type */
    tell(engine, request, LQ_ELEMENT(link, struct lq_registration, link), RELEASED);
}

/* What stands against it; key 0: nothing. CONFLICTS: it ends with RESERVATION CONFLICT. */
static struct lq_sense check_preempt(const struct request *request, bool takes, bool *conflicts)
{
    bool is_all = lq_type_is_all_registrants(request->unit->reservations.type);
    if (request->service_key == 0 && !is_all)
        return invalid_field_in_list;
    *conflicts = request->service_key != 0 && !is_key_registered(request);
    if (takes && (request->scope != LU_SCOPE || !lq_type_is_valid(request->type)))
        return invalid_field_in_cdb;
    return no_sense;
}

static void do_preempt(struct lq_engine *engine, const struct request *request)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    bool aborts = request->action == PREEMPT_AND_ABORT;
    bool takes = reservations->holder != NULL
                     ? reservations->holder->key == request->service_key
                     : reservations->type != LQ_TYPE_NONE && request->service_key == 0;
    bool conflicts = false;
    struct lq_sense sense = check_preempt(request, takes, &conflicts);
    if (sense.key != 0) {
        end_sense(engine, request, sense);
        return;
    }
    if (conflicts) {
        end_conflict(engine, request);
        return;
    }
    if (aborts && !lq_abort_has_room(engine)) {
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
    count_generation(engine, request);
    if (aborts)
        lq_abort_preempted(engine, request->task);
    else
        end_good(engine, request);
}

/* --- REGISTER AND MOVE [SPC-4 5.13.8, 6.16.4] ------------------------------------------------- */

enum { MOVE_UNREG = 0x02, MOVE_APTPL = 0x01 };

/* The I_T nexus that the list names, in NAME over CANONICAL. */
static struct lq_sense parse_move(const struct lq_engine *engine, const struct request *request,
                                  uint8_t *canonical, struct lq_nexus_name *name)
{
    uint32_t bytes = lq_get_be32(request->list + 20);
    if (bytes != request->list_bytes - BASIC_LIST_BYTES)
        return list_length_error;
    const uint8_t *id = request->list + BASIC_LIST_BYTES;
    name->target_port = lq_get_be16(request->list + 18);
    if (request->service_key == 0 || (request->list[17] & MOVE_APTPL) != 0 ||
        name->target_port < 1 ||
        name->target_port > engine->target_ports[request->unit->target] ||
        !next_port(request, &id, &bytes, canonical, name) || bytes != 0)
        return invalid_field_in_list;
    const struct lq_engine_nexus *nexus = request->task->nexus;
    bool is_own = name->transport_id_bytes == nexus->transport_id_bytes &&
                  memcmp(name->transport_id, nexus->transport_id, nexus->transport_id_bytes) == 0;
    return is_own ? invalid_field_in_list : no_sense;
}

static void do_move(struct lq_engine *engine, const struct request *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    if (reservations->type == LQ_TYPE_NONE) {
        end_sense(engine, request, invalid_field_in_cdb);
        return;
    }
    if (reservations->holder != request->own) { /* all registrants: nobody in particular */
        end_conflict(engine, request);
        return;
    }
    uint8_t canonical[LQ_TRANSPORT_ID_BYTES_MAX];
    struct lq_nexus_name name = {0};
    struct lq_sense sense = parse_move(engine, request, canonical, &name);
    struct lq_registration *other = NULL;
    if (sense.key == 0)
        other = lq_registration_find(engine, request->unit, name);
    if (sense.key == 0 && other == NULL && !lq_registrations_fit(engine, 1))
        sense = no_room;
    if (sense.key != 0) {
        end_sense(engine, request, sense);
        return;
    }
    if (other == NULL)
        other = lq_registration_add(engine, request->unit, name, request->service_key);
    other->key = request->service_key;
    if (!lq_core_wrong(engine, LQ_WRONG_MOVE_LEAVES_RESERVATION))
        reservations->holder = other;
    if ((request->list[17] & MOVE_UNREG) != 0)
        lq_registration_remove(engine, request->unit, request->own);
    count_generation(engine, request);
    end_good(engine, request);
}

/* --- REPLACE LOST RESERVATION [SPC-4 5.13.11.3] ----------------------------------------------- */

/* Nothing is ever lost that was said to be kept: nothing is. */
static void do_replace_lost(struct lq_engine *engine, const struct request *request)
{
    if (request->own == NULL)
        end_conflict(engine, request);
    else
        end_sense(engine, request, invalid_release);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct action {
    bool needs_registration; /* else RESERVATION CONFLICT, with or without a reservation */
    bool ignores_key;        /* RESERVATION KEY need not be the registered one */
    bool has_type;           /* SCOPE and TYPE of the CDB mean something */
    bool has_long_list;      /* its parameter list may go on after the basic 24 bytes */
    void (*carry_out)(struct lq_engine *engine, const struct request *request);
} actions[ACTIONS] = {
    [REGISTER] = {false, false, false, true, do_register},
    [RESERVE] = {true, false, true, false, do_reserve},
    [RELEASE] = {true, false, true, false, do_release},
    [CLEAR] = {true, false, false, false, do_clear},
    [PREEMPT] = {true, false, false, false, do_preempt}, /* looks at them itself */
    [PREEMPT_AND_ABORT] = {true, false, false, false, do_preempt},
    [REGISTER_AND_IGNORE] = {false, true, false, true, do_register},
    [REGISTER_AND_MOVE] = {true, false, false, true, do_move},
    [REPLACE_LOST] = {false, true, false, false, do_replace_lost},
};

/* The first check that fails, by length and form alone. */
static struct lq_sense check_form(const struct request *request)
{
    const struct action *action = &actions[request->action];
    const struct lq_engine_task *task = request->task;
    if (task->defined_bytes < BASIC_LIST_BYTES || task->out_bytes < task->defined_bytes)
        return list_length_error;
    bool is_long = action->has_long_list &&
                   (request->action == REGISTER_AND_MOVE || request->spec_i_pt);
    if (!is_long && request->list_bytes != BASIC_LIST_BYTES)
        return list_length_error;
    if (action->has_type && (request->scope != LU_SCOPE || !lq_type_is_valid(request->type)))
        return invalid_field_in_cdb;
    /* Of an initiator port's list only REGISTER can make something. */
    if (request->spec_i_pt && request->action != REGISTER && request->action != REGISTER_AND_MOVE)
        return invalid_field_in_list;
    return no_sense;
}

/* [SPC-4 5.13.7, t66]: who is not registered has key 0. */
static bool is_key_right(const struct lq_engine *engine, const struct request *request)
{
    const struct action *action = &actions[request->action];
    if (action->needs_registration && request->own == NULL)
        return false;
    if (action->ignores_key || lq_core_wrong(engine, LQ_WRONG_ANY_KEY_REGISTERS))
        return true;
    return request->key == (request->own != NULL ? request->own->key : 0);
}

void lq_persistent_reserve_out(struct lq_engine *engine, struct lq_engine_task *task)
{
    const uint8_t *list = task->buffer;
    struct request request = {
        .task = task,
        .unit = task->unit,
        .own = lq_registration_of(engine, task->unit, task->nexus),
        .list = list,
        .list_bytes = task->out_bytes,
        .action = task->cdb[1] & 0x1f,
        .scope = task->cdb[2] >> 4,
        .type = task->cdb[2] & 0x0f,
    };
    LQ_ASSERT(request.action < ACTIONS);
    if (request.list_bytes >= BASIC_LIST_BYTES && request.action != REGISTER_AND_MOVE) {
        request.spec_i_pt = (list[20] & 0x08) != 0;
        request.all_tg_pt = (list[20] & 0x04) != 0;
        request.aptpl = (list[20] & 0x01) != 0;
    }
    struct lq_sense sense = check_form(&request);
    if (sense.key != 0) {
        end_sense(engine, &request, sense);
        return;
    }
    request.key = lq_get_be64(list);
    request.service_key = lq_get_be64(list + 8);
    if (is_key_right(engine, &request))
        actions[request.action].carry_out(engine, &request);
    else
        end_conflict(engine, &request);
}
