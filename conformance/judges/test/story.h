/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little hand-written histories for the judges' unit tests. One story at a time.
 */
#ifndef LQ_CONFORMANCE_JUDGES_TEST_STORY_H
#define LQ_CONFORMANCE_JUDGES_TEST_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include "conformance/judges/judge.h"

enum { NEXUS_A = 0xa, NEXUS_B = 0xb, NEXUS_C = 0xc };
enum { BLOCK = 512 };

/* A world of one target with LUN 0 (store 0) and LUN 1 (store 1), bounds 3 s, 0, 10 s, and 60 s. */
void story_begin(void);

/* Adds a record; each comes 1 us after the one before. */
void story_add(struct lq_event event);
/* The same, at the very time of what came before. */
void story_at_once(struct lq_event event);
#define EV(which, ...) story_add((struct lq_event){.kind = (which), __VA_ARGS__})

void story_pass(uint64_t duration_ns);
#define SECONDS(n) ((uint64_t)(n) * 1000000000)

/* Ends the story. True when it breaks nothing; else what it is said to break is printed. */
bool story_is_legal(void);

/* Ends the story. True when it breaks the property of this id and no other. */
bool story_breaks(const char *id);

/* Ends the story. How many promises it breaks. */
uint64_t story_violations(void);

/* How many findings are kept. After the end. */
uint32_t story_findings(void);

/* The same, how often ID is broken, whatever else is. */
uint64_t story_violations_of(const char *id);

/* How often the property of this id was put to the test. After the end. */
uint64_t story_exercised(const char *id);

/* The first finding of the story; after the end. NULL when there is none. */
const struct lq_finding *story_finding(void);

/* --- the wire --------------------------------------------------------------------------------- */

struct story_pdu {
    uint8_t opcode, flags, byte2, byte3;
    uint64_t lun;
    uint32_t itt;
    uint32_t w20, w24, w28, w32, w36, w40, w44; /* the words from these offsets on */
    const void *data;
    uint32_t data_bytes;
    uint8_t digests; /* it carries: 1 a header digest, 2 a data digest */
    uint8_t broken;  /* of these: they are wrong */
};

void story_wire(uint32_t connection, enum lq_direction direction, struct story_pdu pdu);
#define TO(connection, ...) story_wire(connection, LQ_TO_TARGET, (struct story_pdu){__VA_ARGS__})
#define FROM(connection, ...) \
    story_wire(connection, LQ_FROM_TARGET, (struct story_pdu){__VA_ARGS__})

/* A frame at device 1. */
void story_frame(enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes);

/* Login in one exchange over CONNECTION: tap and initiator records. TEXT is what the initiator
 * offers beside the names, ANSWER what the target says, "key=value;key=value". */
void story_login_with(uint32_t connection, uint16_t actor, uint64_t nexus, const char *text,
                      const char *answer);
void story_login(uint32_t connection, uint16_t actor, uint64_t nexus);

/* --- commands, all views at once -------------------------------------------------------------- */

struct story_command {
    uint16_t actor;
    uint64_t nexus;
    uint32_t connection; /* 0: nothing on the wire */
    uint64_t serial;     /* initiator's and engine's alike; the tag too */
    uint64_t lun;        /* 0 or 1 */
    uint32_t opcode;     /* 0x28, 0x2a, ... */
    enum lq_attribute attribute;
    uint64_t lba;
    uint32_t nblocks;
    uint64_t content; /* of a write */
    /* Another CDB than that of OPCODE and its extent, 10 bytes; with Data-Out that comes with it,
     * or Data-In that it tells. */
    const uint8_t *cdb, *list, *told;
    uint32_t list_bytes, told_bytes;
};

uint64_t story_lun(uint64_t lun); /* the 8-byte LUN as a number */

void story_send(const struct story_command *command);    /* LQ_I_COMMAND (and data) */
void story_arrive(const struct story_command *command);  /* PDU, LQ_E_RECEIVED, LQ_E_ENTERED */
void story_enable(const struct story_command *command);  /* LQ_E_ENABLED */
void story_submit(const struct story_command *command);  /* LQ_S_SUBMITTED */
void story_complete(const struct story_command *command); /* LQ_S_EFFECT, LQ_S_COMPLETED */
/* LQ_E_ENDED with status, Data-In and SCSI Response on the wire, LQ_I_STATUS; delivered, freed.
 * A read finds CONTENT. SENSE as in LQ_I_STATUS. */
void story_end(const struct story_command *command, uint32_t status, uint32_t sense,
               uint64_t content);
/* The same in steps. */
void story_engine_ends(const struct story_command *command, uint32_t status, uint32_t sense);
void story_respond(const struct story_command *command, uint32_t status, uint32_t sense);
void story_status(const struct story_command *command, uint32_t status, uint32_t sense,
                  uint64_t content);
void story_free(const struct story_command *command);
/* LQ_E_ENDED with LQ_F_ABORTED, LQ_E_FREED. */
void story_abort(const struct story_command *command, enum lq_trigger trigger);
void story_give_up(const struct story_command *command);

/* Everything of a command that goes well. */
void story_run(const struct story_command *command, uint64_t content);

/* --- TM functions ----------------------------------------------------------------------------- */

struct story_function {
    uint16_t actor;
    uint64_t nexus;
    uint32_t connection;
    uint64_t serial; /* tag, engine's serial */
    enum lq_tm_function function;
    uint64_t lun;
    uint64_t referenced;
};

void story_ask(const struct story_function *function); /* LQ_I_TM, PDU, LQ_E_TM_RECEIVED */
void story_answer(const struct story_function *function, enum lq_tm_answer answer);

/* Runs the tests of one program. */
int story_main(const char *suite, const CU_TestInfo *tests);

#endif
