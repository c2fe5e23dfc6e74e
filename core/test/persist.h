/* SPDX-License-Identifier: Apache-2.0 */
/* Reservation commands for the engine's unit tests, built byte by byte from SPC-4 6.15 and 6.16. */
#ifndef LQ_CORE_TEST_PERSIST_H
#define LQ_CORE_TEST_PERSIST_H

#include "core/test/rig.h"

/* Service actions of PERSISTENT RESERVE OUT [SPC-4 t174]. */
enum {
    OUT_REGISTER,
    OUT_RESERVE,
    OUT_RELEASE,
    OUT_CLEAR,
    OUT_PREEMPT,
    OUT_PREEMPT_AND_ABORT,
    OUT_REGISTER_AND_IGNORE,
    OUT_REGISTER_AND_MOVE,
    OUT_REPLACE_LOST
};

/* Types [SPC-4 t175]. */
enum { WE = 1, EA = 3, WE_RO = 5, EA_RO = 6, WE_AR = 7, EA_AR = 8 };

enum { SPEC_I_PT = 0x08, ALL_TG_PT = 0x04, APTPL = 0x01 };

/* How a command ended, with sense key << 16 | ASC << 8 | ASCQ below the status; ANSWER_NONE: not
 * yet. */
#define ANSWER_NONE UINT32_MAX
#define ANSWER_GOOD UINT32_C(0)
#define ANSWER_CONFLICT UINT32_C(0x18000000)
#define ANSWER_SENSE(sense) (UINT32_C(0x02000000) | (sense))

/* A rig with a fourth nexus, 3, which is never registered: nothing of reservations is told to
 * it. */
void persist_init(struct rig *rig, const struct lq_engine_config *config);

/* The same with three registered nexuses, keys A, B, C; TYPE (0: nothing) reserved by nexus 0. */
void persist_begin(struct rig *rig, uint8_t type);

/* What is known of command PLACE; when it has ended its place is free again. */
uint32_t persist_answer(struct rig *rig, uint32_t place);

/* PERSISTENT RESERVE OUT with the basic parameter list; its answer. */
uint32_t persist_out(struct rig *rig, uint32_t nexus, uint8_t action, uint8_t type, uint64_t key,
                     uint64_t service_key);
/* The same with byte 20 FLAGS and MORE bytes after the list. */
uint32_t persist_out_list(struct rig *rig, uint32_t nexus, uint8_t action, uint64_t key,
                          uint64_t service_key, uint8_t flags, const uint8_t *more,
                          uint32_t more_bytes);
/* REGISTER AND MOVE to PORT of the initiator port NAME. */
uint32_t persist_move(struct rig *rig, uint32_t nexus, uint64_t key, uint64_t service_key,
                      uint8_t flags, uint16_t port, uint32_t name);
/* The TransportID of initiator port NAME, 8 bytes (rig_establish). */
void persist_name(uint32_t name, uint8_t *id);

/* PERSISTENT RESERVE IN: bytes to DATA (at most SIZE); returns how many came. */
uint32_t persist_in(struct rig *rig, uint32_t nexus, uint8_t action, uint8_t *data,
                    uint16_t size);
/* These ask through nexus 3.
 *
 * READ KEYS: true when exactly these N keys are registered, in any order. */
bool persist_keys_are(struct rig *rig, const uint64_t *keys, uint32_t n);
uint32_t persist_generation(struct rig *rig);
/* READ RESERVATION: its type, 0 when there is none, and its key. */
uint8_t persist_type(struct rig *rig, uint64_t *key);

/* RESERVE(6), RELEASE(6) */
uint32_t persist_reserve_6(struct rig *rig, uint32_t nexus);
uint32_t persist_release_6(struct rig *rig, uint32_t nexus);

#endif
