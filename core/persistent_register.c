/* SPDX-License-Identifier: Apache-2.0 */
/* PERSISTENT RESERVE OUT, the service actions that register I_T nexuses [SPC-4 5.13.7, 5.13.8]. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/persistent.h"

static const struct lq_sense no_sense = {0, 0, 0};
static const struct lq_sense invalid_field_in_cdb = {0x05, 0x24, 0x00};
static const struct lq_sense invalid_field_in_list = {0x05, 0x26, 0x00};
static const struct lq_sense list_length_error = {0x05, 0x1a, 0x00};
static const struct lq_sense no_room = {0x05, 0x55, 0x04}; /* REGISTRATION RESOURCES */

/* --- registering ----------------------------------------------------------------------------- */

/* The holder of a registrants only reservation gives it up with its registration: the others hear
 * of it [SPC-4 5.13.11.2.3]. */
static void unregister(struct lq_engine *engine, const struct lq_persist *request,
                       struct lq_registration *registration)
{
    const struct lq_reservations *reservations = &request->unit->reservations;
    bool ends_sharing = reservations->holder == registration &&
                        lq_type_lets_registrants_in(reservations->type);
    lq_registration_remove(engine, request->unit, registration);
    if (ends_sharing)
        lq_persist_tell_all(engine, request, LQ_PERSIST_RELEASED);
}

/* The newest registering that ended well says whether all of it persists [SPC-4 5.13.5]. */
static void end_registered(struct lq_engine *engine, const struct lq_persist *request)
{
    request->unit->reservations.aptpl = request->aptpl;
    lq_persist_end_good(engine, request);
}

/* Ports of the target through which the request registers: its own, or all [SPC-4 ALL_TG_PT]. */
static void port_range(const struct lq_engine *engine, const struct lq_persist *request,
                       uint16_t *first, uint16_t *last)
{
    *first = *last = request->task->nexus->target_port;
    if (request->all_tg_pt) {
        *first = 1;
        *last = engine->target_ports[request->unit->target];
    }
}

/* Length of the list of TransportIDs, which follows 28 bytes; false: the lengths disagree. */
static bool transport_id_list(const struct lq_persist *request, const uint8_t **ids,
                              uint32_t *bytes)
{
    *ids = request->list;
    *bytes = 0;
    if (!request->spec_i_pt)
        return request->list_bytes == LQ_PERSIST_LIST_BYTES;
    if (request->list_bytes < LQ_PERSIST_LIST_BYTES + 4)
        return false;
    *ids = request->list + LQ_PERSIST_LIST_BYTES + 4;
    *bytes = lq_get_be32(request->list + LQ_PERSIST_LIST_BYTES);
    return *bytes == request->list_bytes - LQ_PERSIST_LIST_BYTES - 4;
}

/* The next initiator port of the list; false: it is not well-formed. */
static bool next_port(const struct lq_persist *request, const uint8_t **ids, uint32_t *bytes,
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
static void register_port(struct lq_engine *engine, const struct lq_persist *request,
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
static bool register_ports(struct lq_engine *engine, const struct lq_persist *request,
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
static void register_new(struct lq_engine *engine, const struct lq_persist *request)
{
    uint32_t count = 0;
    if (!register_ports(engine, request, &count)) {
        lq_persist_end_sense(engine, request, invalid_field_in_list);
        return;
    }
    if (!lq_registrations_fit(engine, count)) {
        lq_persist_end_sense(engine, request, no_room);
        return;
    }
    register_ports(engine, request, NULL);
    lq_persist_count_generation(engine, request);
    end_registered(engine, request);
}

/* A registration that is there gets another key, or goes; through each port of the request. */
static void register_again(struct lq_engine *engine, const struct lq_persist *request)
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
            lq_persist_end_sense(engine, request, no_room);
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
    lq_persist_count_generation(engine, request);
    end_registered(engine, request);
}

void lq_persist_register(struct lq_engine *engine, const struct lq_persist *request)
{
    if (request->spec_i_pt && (request->own != NULL || request->action != LQ_PERSIST_REGISTER))
        lq_persist_end_sense(engine, request, invalid_field_in_list);
    else if (request->aptpl && !request->unit->saved.has_place) /* PTPL_C is 0 */
        lq_persist_end_sense(engine, request, invalid_field_in_list);
    else if (request->own != NULL)
        register_again(engine, request);
    else if (request->service_key == 0)
        end_registered(engine, request);
    else
        register_new(engine, request);
}

/* --- REGISTER AND MOVE [SPC-4 5.13.8, 6.16.4] ------------------------------------------------- */

/* The I_T nexus that the list names, in NAME over CANONICAL. */
static struct lq_sense parse_move(const struct lq_engine *engine, const struct lq_persist *request,
                                  uint8_t *canonical, struct lq_nexus_name *name)
{
    uint32_t bytes = lq_get_be32(request->list + 20);
    if (bytes != request->list_bytes - LQ_PERSIST_LIST_BYTES)
        return list_length_error;
    const uint8_t *id = request->list + LQ_PERSIST_LIST_BYTES;
    name->target_port = lq_get_be16(request->list + 18);
    bool keeps = (request->list[17] & LQ_PERSIST_MOVE_APTPL) != 0;
    if (request->service_key == 0 || (keeps && !request->unit->saved.has_place) ||
        name->target_port < 1 ||
        name->target_port > engine->target_ports[request->unit->target] ||
        !next_port(request, &id, &bytes, canonical, name) || bytes != 0)
        return invalid_field_in_list;
    const struct lq_engine_nexus *nexus = request->task->nexus;
    bool is_own = name->transport_id_bytes == nexus->transport_id_bytes &&
                  memcmp(name->transport_id, nexus->transport_id, nexus->transport_id_bytes) == 0;
    return is_own ? invalid_field_in_list : no_sense;
}

void lq_persist_move(struct lq_engine *engine, const struct lq_persist *request)
{
    struct lq_reservations *reservations = &request->unit->reservations;
    if (reservations->type == LQ_TYPE_NONE) {
        lq_persist_end_sense(engine, request, invalid_field_in_cdb);
        return;
    }
    if (reservations->holder != request->own) { /* all registrants: nobody in particular */
        lq_persist_end_conflict(engine, request);
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
        lq_persist_end_sense(engine, request, sense);
        return;
    }
    if (other == NULL)
        other = lq_registration_add(engine, request->unit, name, request->service_key);
    other->key = request->service_key;
    if (!lq_core_wrong(engine, LQ_WRONG_MOVE_LEAVES_RESERVATION))
        reservations->holder = other;
    if ((request->list[17] & LQ_PERSIST_MOVE_UNREG) != 0)
        lq_registration_remove(engine, request->unit, request->own);
    reservations->aptpl = (request->list[17] & LQ_PERSIST_MOVE_APTPL) != 0;
    lq_persist_count_generation(engine, request);
    lq_persist_end_good(engine, request);
}
