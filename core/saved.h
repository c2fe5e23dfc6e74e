/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a logical unit keeps through loss of power: one record of it, in two slots of its store.
 *
 * The store has room for records behind its last block (core/store.h, reserved_blocks): places of
 * two slots each, one place for a logical unit. The newest record whose checksum is right counts.
 * The next one goes to the other slot and is durable before anybody hears of it: whatever power
 * does meanwhile, one of the two is whole.
 *
 * A command that changes what is kept runs twice. First it asks lq_saved_holds, lays out the record
 * as it shall be (lq_saved_encode of the unit as it will be, and the unit back as it was), hands it
 * to the store (lq_saved_submit) and returns. When the record is durable the command runs again
 * with task->is_saved, and only then has its effect and ends. When it could not be saved the
 * command ends with CHECK CONDITION and has no effect. One save at a time is out in a store; other
 * commands that would save are held for it.
 *
 * Used inside core/ only; part of core/state.h.
 */
#ifndef LQ_CORE_SAVED_H
#define LQ_CORE_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store.h"

struct lq_engine;
struct lq_engine_task;
struct lq_store_state;
struct lq_unit;

enum { LQ_SAVED_PAGES_BYTES = 512 };

/* Of a logical unit. */
struct lq_saved {
    bool has_place; /* else nothing of it can be kept */
    uint8_t place;
    uint8_t slot;      /* that holds its newest whole record; the next goes to the other */
    uint64_t sequence; /* of the newest record that was handed to the store; 0: none ever */
    bool is_ahead;     /* an orphan's effect holds, whose record may not have become durable */
    /* Room for saved mode pages, each as MODE SENSE returns it; none so far: SP is refused. */
    uint16_t pages_bytes;
    uint8_t pages[LQ_SAVED_PAGES_BYTES];
};

/* Of a store: the save that is out. */
struct lq_save {
    uint8_t *image; /* LQ_SAVED_SLOT_BYTES: what is saved */
    bool is_out;
    /* What its command needs when it runs again, and nobody else gets meanwhile. */
    uint32_t registrations, aborts;
};

/* Takes over what UNIT, which has just been added, has kept; finds its place in the store. */
void lq_saved_open(struct lq_engine *engine, struct lq_unit *unit);

/* True: another save of the store is out, and TASK waits for its end; then it runs anew. */
bool lq_saved_holds(struct lq_engine *engine, struct lq_engine_task *task);

/* Where TASK, which nothing holds, lays out the record that it will save. */
uint8_t *lq_saved_image(const struct lq_engine_task *task);

/* The record of UNIT as it is now, in an IMAGE of LQ_SAVED_SLOT_BYTES. False: it is too long. */
bool lq_saved_encode(const struct lq_unit *unit, uint8_t *image);

/* UNIT is as IMAGE, a whole record, says; but at IS_POWER_ON without what is reserved and who is
 * registered when APTPL is 0. */
void lq_saved_decode(struct lq_engine *engine, struct lq_unit *unit, const uint8_t *image,
                     bool is_power_on);

/* Hands what has been laid out to the store. So many free registrations and places of aborts are
 * kept for when it runs again. */
void lq_saved_submit(struct lq_engine *engine, struct lq_engine_task *task,
                     uint32_t registrations, uint32_t aborts);

/* TASK, whose record is with the store, becomes an orphan: what was aborted is in effect now,
 * before anybody is answered. */
void lq_saved_orphaned(struct lq_engine *engine, struct lq_engine_task *task);

/* The store has ended TASK's save with STATUS: bookkeeping, before its command goes on. While ACA
 * keeps the command from that, its save stays out: nobody saves anything else meanwhile. */
void lq_saved_ended(struct lq_engine *engine, struct lq_engine_task *task,
                    enum lq_block_status status);

/* TASK, which ACA blocks, ends without its status: if its record is durable, it is in effect. */
void lq_saved_blocked_end(struct lq_engine *engine, struct lq_engine_task *task);

/* --- saved_record.c: the record as bytes ------------------------------------------------------ */

/* 0: IMAGE is no whole record. */
uint64_t lq_saved_sequence(const struct lq_engine *engine, const uint8_t *image);
/* Gives it its sequence number, and its checksum. Returns its length. */
uint32_t lq_saved_seal(uint8_t *image, uint64_t sequence);
/* How many I_T nexuses it has registered. */
uint32_t lq_saved_registrations(const uint8_t *image);
/* True when it is of UNIT's LUN. */
bool lq_saved_is_of(const uint8_t *image, const struct lq_unit *unit);

#endif
