/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reservations: who may use a logical unit.
 *
 * Persistent reservations [SPC-4 5.13] belong to registrations, which belong to I_T nexuses by
 * name: canonical TransportID and relative target port identifier. They outlive the nexus, resets
 * of the logical unit and the engine's memory of the nexus. RESERVE and RELEASE [SPC-2 7.16, 7.21]
 * belong to the nexus itself.
 *
 * Used inside core/ only; part of core/state.h.
 */
#ifndef LQ_CORE_RESERVATIONS_H
#define LQ_CORE_RESERVATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/engine.h"

struct lq_engine_nexus;
struct lq_engine_task;
struct lq_unit;

/* The name of an I_T nexus of a known target. */
struct lq_nexus_name {
    const uint8_t *transport_id; /* canonical */
    uint32_t transport_id_bytes;
    uint16_t target_port;
};

struct lq_registration {
    struct lq_link link; /* its unit's list, oldest first; or the free list */
    uint64_t key;        /* never 0 */
    uint64_t hash;       /* lq_nexus_hash of the name */
    uint16_t target_port;
    uint32_t transport_id_bytes;
    uint8_t transport_id[LQ_TRANSPORT_ID_BYTES_MAX];
};

/* Types of persistent reservations [SPC-4 t175]. */
enum lq_reservation_type {
    LQ_TYPE_NONE,
    LQ_TYPE_WRITE_EXCLUSIVE = 1,
    LQ_TYPE_EXCLUSIVE_ACCESS = 3,
    LQ_TYPE_WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5,
    LQ_TYPE_EXCLUSIVE_ACCESS_REGISTRANTS_ONLY = 6,
    LQ_TYPE_WRITE_EXCLUSIVE_ALL_REGISTRANTS = 7,
    LQ_TYPE_EXCLUSIVE_ACCESS_ALL_REGISTRANTS = 8,
    LQ_TYPES
};

/* What is reserved of a logical unit, and by whom. */
struct lq_reservations {
    struct lq_link registrations;
    uint32_t count;                  /* of them */
    uint8_t type;                    /* enum lq_reservation_type */
    struct lq_registration *holder;  /* NULL: none, or every registrant */
    uint32_t generation;             /* PRGENERATION */
    bool aptpl; /* registrations, type and holder persist through power loss */
    struct lq_engine_nexus *reserver; /* RESERVE; NULL: nobody */
};

/* --- registration.c: who is registered ------------------------------------------------------- */

void lq_registrations_init(struct lq_engine *engine, struct lq_registration *slots);
struct lq_nexus_name lq_name_of(const struct lq_engine_nexus *nexus);
/* NULL when NAME is not registered with UNIT. */
struct lq_registration *lq_registration_find(const struct lq_engine *engine,
                                             const struct lq_unit *unit, struct lq_nexus_name name);
struct lq_registration *lq_registration_of(const struct lq_engine *engine,
                                           const struct lq_unit *unit,
                                           const struct lq_engine_nexus *nexus);
/* True when N more registrations fit into limits.registrations. */
bool lq_registrations_fit(const struct lq_engine *engine, uint32_t n);
/* Registers NAME, which is not registered; there is room. */
struct lq_registration *lq_registration_add(struct lq_engine *engine, struct lq_unit *unit,
                                            struct lq_nexus_name name, uint64_t key);
/* Removes it, and the reservation when it held that or was the last that did. */
void lq_registration_remove(struct lq_engine *engine, struct lq_unit *unit,
                            struct lq_registration *registration);
/* The nexus that it belongs to; NULL when the engine does not know that (any more). */
struct lq_engine_nexus *lq_registration_nexus(struct lq_engine *engine, const struct lq_unit *unit,
                                              const struct lq_registration *registration);
/* Removes all of it: registrations, reservation, PRGENERATION. */
void lq_reservations_forget(struct lq_engine *engine, struct lq_unit *unit);

/* --- reserve.c: what a reservation allows ---------------------------------------------------- */

bool lq_type_is_valid(uint8_t type);
/* Of valid types. */
bool lq_type_is_all_registrants(uint8_t type);
/* Types that let registrants in: registrants only, all registrants. */
bool lq_type_lets_registrants_in(uint8_t type);
/* True when REGISTRATION (NULL: not registered) holds UNIT's persistent reservation. */
bool lq_holds_reservation(const struct lq_engine *engine, const struct lq_unit *unit,
                          const struct lq_registration *registration);
/* True when TASK ends with RESERVATION CONFLICT before it begins. */
bool lq_reservation_conflicts(const struct lq_engine *engine, const struct lq_engine_task *task);
/* The nexus has ended: what RESERVE gave it is free again, unless it comes back at once. */
void lq_reservation_nexus_ended(struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                                enum lq_trigger how);
/* NEXUS's place in the engine is taken by another one. */
void lq_reservation_nexus_forgotten(struct lq_engine *engine, const struct lq_engine_nexus *nexus);
/* UNIT has been reset by TRIGGER. */
void lq_reservation_reset(struct lq_engine *engine, struct lq_unit *unit, enum lq_trigger trigger);

/* RESERVE(6), RESERVE(10), RELEASE(6), RELEASE(10) */
void lq_reserve(struct lq_engine *engine, struct lq_engine_task *task);
void lq_release(struct lq_engine *engine, struct lq_engine_task *task);

/* --- persistent.c, persistent_in.c: the commands [SPC-4 6.15, 6.16] -------------------------- */

void lq_persistent_reserve_out(struct lq_engine *engine, struct lq_engine_task *task);
void lq_persistent_read_keys(struct lq_engine *engine, struct lq_engine_task *task);
void lq_persistent_read_reservation(struct lq_engine *engine, struct lq_engine_task *task);
void lq_persistent_report_capabilities(struct lq_engine *engine, struct lq_engine_task *task);
void lq_persistent_read_full_status(struct lq_engine *engine, struct lq_engine_task *task);

#endif
