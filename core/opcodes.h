/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The declarative table of commands: what each one's CDB says, how much data it moves and where,
 * and how reservations, asymmetric access and unit attentions treat it. Decoding, protection
 * against wrong lengths and directions, and the list of supported commands all come from it.
 *
 * Used by core/ only.
 */
#ifndef LQ_CORE_OPCODES_H
#define LQ_CORE_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

struct lq_engine;
struct lq_engine_task;
struct lq_unit;

enum {
    LQ_OPCODE_CDB_BYTES_MAX = 32, /* of the commands here */
    LQ_OPCODE_TIMEOUT_S = 30      /* recommended for most commands */
};

enum lq_direction_of_data { LQ_DIRECTION_NONE, LQ_DIRECTION_IN, LQ_DIRECTION_OUT };

/* What the length field of the CDB counts. */
enum lq_length_rule {
    LQ_LENGTH_NONE,
    LQ_LENGTH_ALLOCATION, /* bytes that the initiator has room for */
    LQ_LENGTH_PARAMETERS, /* bytes of a parameter list */
    LQ_LENGTH_BLOCKS,     /* logical blocks to be moved */
    LQ_LENGTH_VERIFIED,   /* logical blocks to be verified; BYTCHK says which of them are moved */
    LQ_LENGTH_TWICE,      /* logical blocks, of which each is moved twice: COMPARE AND WRITE */
    LQ_LENGTH_SAME,       /* logical blocks to be given the content of one, 0: to the last */
    LQ_LENGTH_UNMAP,      /* bytes of a list of blocks to be unmapped */
    LQ_LENGTH_EXTENT      /* logical blocks spoken of, none moved (SYNCHRONIZE CACHE) */
};

enum lq_medium_use { LQ_MEDIUM_NONE, LQ_MEDIUM_READS, LQ_MEDIUM_WRITES, LQ_MEDIUM_FLUSHES,
                     LQ_MEDIUM_FETCHES /* into a cache, if there is one */ };

/* Reservation classes: rows of the matrix in reserve.c [SPC-4 t65, t66; SBC-4 t13]. */
enum lq_reservation_class {
    LQ_RESERVATION_ALWAYS,     /* allowed whoever holds what */
    LQ_RESERVATION_STATUS,     /* conflicts only with others' RESERVE */
    LQ_RESERVATION_READS,      /* conflicts with exclusive access of others */
    LQ_RESERVATION_WRITES,     /* conflicts with any reservation of others */
    LQ_RESERVATION_PERSISTENT, /* PERSISTENT RESERVE IN and OUT */
    LQ_RESERVATION_START_STOP, /* ALWAYS for START without power condition, else WRITES */
    LQ_RESERVATION_PREVENT,    /* ALWAYS to allow removal, else WRITES */
    LQ_RESERVATION_RESERVE,
    LQ_RESERVATION_RELEASE,
    LQ_RESERVATION_CLASSES
};

/* States of asymmetric access in which the command works [SPC-4 5.15.2.4]. */
enum lq_alua_class {
    LQ_ALUA_ALWAYS, /* in every state: INQUIRY, REPORT LUNS, REQUEST SENSE, ... */
    LQ_ALUA_ACTIVE  /* active/optimized and active/non-optimized only */
};

enum lq_ua_rule {
    LQ_UA_REPORTS, /* CHECK CONDITION while a unit attention is pending */
    LQ_UA_IGNORES  /* works regardless and leaves it pending (or takes it as its data) */
};

/* Which task attribute the command runs with, whatever was asked. */
enum lq_attribute_rule { LQ_ATTRIBUTE_AS_ASKED };

struct lq_cdb_field {
    uint8_t offset, bytes; /* big-endian, 0 bytes: the CDB has no such field */
};

struct lq_opcode {
    const char *name;
    uint8_t code;
    bool has_service_action; /* in bits 4-0 of byte 1, or bytes 8 and 9 of a variable length CDB */
    uint16_t service_action;
    uint8_t cdb_bytes;
    enum lq_direction_of_data direction;
    enum lq_length_rule length_rule;
    struct lq_cdb_field length, lba;
    enum lq_medium_use medium;
    bool is_thin;   /* there is no such command of a unit without thin provisioning */
    bool is_alone;  /* no command on the same blocks may be in the store beside it (overlap.c) */
    bool is_forced; /* what it writes becomes durable before it ends, FUA or not */
    enum lq_reservation_class reservation;
    enum lq_alua_class alua;
    enum lq_ua_rule ua;
    enum lq_attribute_rule attribute;
    /* CDB usage data [SPC-4 6.35.3]: operation code, service action and bits that have a meaning
     * here. A bit that isn't among them has no effect, or is refused. */
    uint8_t usage[LQ_OPCODE_CDB_BYTES_MAX];
    uint16_t timeout_s; /* recommended command timeout; 0: that of most */
    /* Runs the command; its order allows it and its data is in the buffer. */
    void (*run)(struct lq_engine *engine, struct lq_engine_task *task);
    /* Goes on when the store has done what it was asked for; NULL: that was all. */
    void (*next)(struct lq_engine *engine, struct lq_engine_task *task);
};

/* NULL when there is no such command. CDB: at least 10 bytes. */
const struct lq_opcode *lq_opcode_find(const uint8_t *cdb);

/* Row PLACE of the table, in order of operation code and service action; NULL behind the last. */
const struct lq_opcode *lq_opcode_at(uint32_t place);

/* The number in FIELD of CDB; 0 where the CDB has no such field. */
uint64_t lq_cdb_value(const uint8_t *cdb, struct lq_cdb_field field);

/* False: UNIT has no such command. */
bool lq_opcode_is_of(const struct lq_opcode *opcode, const struct lq_unit *unit);

/* WRITE SAME: NDOB says that there is no data. */
bool lq_write_same_has_no_data(const struct lq_engine_task *task);
/* UNMAP, whose list has come: one of its blocks is among NBLOCKS from LBA on. */
bool lq_unmap_overlaps(const struct lq_engine_task *task, uint64_t lba, uint64_t nblocks);

/* The byte of DPO, FUA, protection and BYTCHK; 0 where the CDB has none. BYTCHK alone. */
uint8_t lq_cdb_flags(const struct lq_engine_task *task);
uint32_t lq_cdb_bytchk(const struct lq_engine_task *task);

/* Fills what the CDB says into TASK: opcode, extent, lengths, and a refusal that is known now. */
void lq_opcode_decode(struct lq_engine *engine, struct lq_engine_task *task);

#endif
