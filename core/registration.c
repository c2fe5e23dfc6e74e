/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registrations of I_T nexuses with logical units [SPC-4 5.13.7]: slots of one pool, which all
 * logical units share, in a list of each unit.
 */
#include <string.h>

#include "core/state.h"

void lq_registrations_init(struct lq_engine *engine, struct lq_registration *slots)
{
    lq_list_init(&engine->free_registrations);
    engine->registrations_free = engine->config.limits.registrations;
    for (uint32_t i = 0; i < engine->config.limits.registrations; i++)
        lq_list_append(&engine->free_registrations, &slots[i].link);
}

void lq_engine_target_ports(struct lq_engine *engine, uint16_t target, uint16_t ports)
{
    LQ_ASSERT(target < engine->config.limits.targets);
    if (ports > engine->target_ports[target])
        engine->target_ports[target] = ports;
}

struct lq_nexus_name lq_name_of(const struct lq_engine_nexus *nexus)
{
    return (struct lq_nexus_name){nexus->transport_id, nexus->transport_id_bytes,
                                  nexus->target_port};
}

struct lq_registration *lq_registration_find(const struct lq_engine *engine,
                                             const struct lq_unit *unit, struct lq_nexus_name name)
{
    (void)engine;
    uint64_t hash = lq_nexus_hash(name.transport_id, name.transport_id_bytes, name.target_port);
    LQ_LIST_EACH(link, &unit->reservations.registrations)
    {
        struct lq_registration *registration = LQ_ELEMENT(link, struct lq_registration, link);
        if (registration->hash == hash && registration->target_port == name.target_port &&
            registration->transport_id_bytes == name.transport_id_bytes &&
            memcmp(registration->transport_id, name.transport_id, name.transport_id_bytes) == 0)
            return registration;
    }
    return NULL;
}

struct lq_registration *lq_registration_of(const struct lq_engine *engine,
                                           const struct lq_unit *unit,
                                           const struct lq_engine_nexus *nexus)
{
    return lq_registration_find(engine, unit, lq_name_of(nexus));
}

bool lq_registrations_fit(const struct lq_engine *engine, uint32_t n)
{
    return n <= engine->registrations_free;
}

struct lq_registration *lq_registration_add(struct lq_engine *engine, struct lq_unit *unit,
                                            struct lq_nexus_name name, uint64_t key)
{
    struct lq_link *link = lq_list_take(&engine->free_registrations);
    LQ_ASSERT(link != NULL && name.transport_id_bytes <= LQ_TRANSPORT_ID_BYTES_MAX);
    struct lq_registration *registration = LQ_ELEMENT(link, struct lq_registration, link);
    engine->registrations_free--;
    registration->key = key;
    registration->hash =
        lq_nexus_hash(name.transport_id, name.transport_id_bytes, name.target_port);
    registration->target_port = name.target_port;
    registration->transport_id_bytes = name.transport_id_bytes;
    memcpy(registration->transport_id, name.transport_id, name.transport_id_bytes);
    lq_list_append(&unit->reservations.registrations, &registration->link);
    unit->reservations.count++;
    return registration;
}

void lq_registration_remove(struct lq_engine *engine, struct lq_unit *unit,
                            struct lq_registration *registration)
{
    struct lq_reservations *reservations = &unit->reservations;
    bool is_last = reservations->count == 1;
    if (reservations->holder == registration ||
        (is_last && !lq_core_wrong(engine, LQ_WRONG_LAST_REGISTRANT_KEEPS_RESERVATION))) {
        reservations->holder = NULL;
        reservations->type = LQ_TYPE_NONE;
    }
    reservations->count--;
    lq_list_remove(&registration->link);
    lq_list_append(&engine->free_registrations, &registration->link);
    engine->registrations_free++;
}

struct lq_engine_nexus *lq_registration_nexus(struct lq_engine *engine, const struct lq_unit *unit,
                                              const struct lq_registration *registration)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->known && nexus->hash == registration->hash && nexus->target == unit->target &&
            nexus->target_port == registration->target_port &&
            nexus->transport_id_bytes == registration->transport_id_bytes &&
            memcmp(nexus->transport_id, registration->transport_id,
                   nexus->transport_id_bytes) == 0)
            return nexus;
    }
    return NULL;
}

void lq_reservations_forget(struct lq_engine *engine, struct lq_unit *unit)
{
    struct lq_reservations *reservations = &unit->reservations;
    LQ_LIST_EACH_SAFE(link, following, &reservations->registrations)
    lq_registration_remove(engine, unit, LQ_ELEMENT(link, struct lq_registration, link));
    reservations->type = LQ_TYPE_NONE;
    reservations->holder = NULL;
    reservations->generation = 0;
    reservations->aptpl = false;
}
