/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SANITIZE [SBC-4 r22 4.11, 5.30]: afterwards nothing of what was on the medium can be had again.
 * Overwrite writes a pattern, block erase and cryptographic erase zeros (or unmap), piece by piece.
 * One that does not come to its end leaves the unit in failure mode: its blocks can't be used until
 * another one succeeds, or until it may leave that mode. It is answered when it is done, IMMED or
 * not. What aborts the command ends it, which is less than is asked for: it should go on after a
 * reset and the loss of its I_T nexus [4.11.2].
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

enum { OVERWRITE = 0x01, BLOCK_ERASE = 0x02, CRYPTOGRAPHIC_ERASE = 0x03, EXIT_FAILURE_MODE = 0x1f };
enum { AUSE = 0x20, INVERT = 0x80, LIST_HEADER_BYTES = 4 };

static uint8_t action_of(const struct lq_engine_task *task)
{
    return (uint8_t)task->opcode->service_action;
}

bool lq_sanitize_refuses(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    bool uses = task->opcode->medium != LQ_MEDIUM_NONE || task->opcode->code == 0x00;
    if (!uses || task->opcode->code == 0x48)
        return false;
    if (unit->sanitizer != NULL)
        lq_check_condition(engine, task, 0x02, 0x04, 0x1b); /* SANITIZE IN PROGRESS */
    else if (unit->sanitize_failed)
        lq_check_condition(engine, task, 0x03, 0x31, 0x03); /* SANITIZE COMMAND FAILED */
    return unit->sanitizer != NULL || unit->sanitize_failed;
}

/* The parameter list of OVERWRITE [SBC-4 r22 t103]. */
static bool list_is_valid(const struct lq_engine_task *task)
{
    if (task->out_bytes <= LIST_HEADER_BYTES)
        return false;
    uint32_t pattern = lq_get_be16(task->buffer + 2);
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    return (task->buffer[0] & 0x1f) != 0 && pattern > 0 && pattern <= block_bytes &&
           pattern == task->out_bytes - LIST_HEADER_BYTES;
}

/* Fills the buffer with the pattern; inverted in each other pass, so that the last is as asked. */
static void fill(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t pattern[4096] = {0};
    uint32_t block_bytes = task->unit->store->store->block_bytes, bytes = 1;
    uint32_t passes = 1;
    bool inverts = false;
    if (action_of(task) == OVERWRITE) {
        bytes = lq_get_be16(task->buffer + 2);
        memcpy(pattern, task->buffer + LIST_HEADER_BYTES, bytes);
        passes = task->buffer[0] & 0x1f;
        inverts = (task->buffer[0] & INVERT) != 0 && passes % 2 == 0;
    }
    uint64_t room = engine->config.limits.transfer_bytes_max / block_bytes * block_bytes;
    for (uint64_t i = 0; i < room; i++) {
        uint8_t value = pattern[i % block_bytes % bytes];
        task->buffer[i] = inverts ? (uint8_t)~value : value;
    }
    task->step = passes;
}

/* The next piece of this pass, or of the next one. */
static void go_on(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_store *store = task->unit->store->store;
    bool unmaps = store->is_thin && action_of(task) != OVERWRITE;
    uint64_t most = unmaps ? store->unmap_blocks_max
                           : engine->config.limits.transfer_bytes_max / store->block_bytes;
    if (task->lba >= task->unit->nblocks && task->step > 1) {
        task->lba = 0;
        task->step--;
        for (uint64_t i = 0; i < most * store->block_bytes && task->is_inverting; i++)
            task->buffer[i] = (uint8_t)~task->buffer[i];
    }
    if (task->lba >= task->unit->nblocks) {
        task->unit->sanitize_failed = false;
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return;
    }
    uint64_t left = task->unit->nblocks - task->lba;
    lq_block_submit_part(engine, task, unmaps ? LQ_BLOCK_UNMAP : LQ_BLOCK_WRITE, 0,
                         (uint32_t)(left < most ? left : most), task->buffer);
}

static void leave_failure_mode(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->unit->sanitize_failed = false;
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

/* One without AUSE that failed is over only when another one without it succeeds [5.30.1]. */
static bool is_restricted(const struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    return unit->sanitize_failed && !unit->sanitize_ause &&
           (action_of(task) == EXIT_FAILURE_MODE || (task->cdb[1] & AUSE) != 0);
}

static bool has_reserved(const struct lq_engine_task *task)
{
    uint8_t reserved = (uint8_t)(task->cdb[1] & 0x40); /* ZNR is of zoned units */
    for (uint32_t i = 2; i < 7; i++)
        reserved |= task->cdb[i];
    return reserved != 0;
}

void lq_sanitize(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    bool overwrites = action_of(task) == OVERWRITE;
    bool has_list = task->defined_bytes > LIST_HEADER_BYTES;
    if (has_reserved(task) || (overwrites ? !has_list : task->defined_bytes != 0)) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    if (overwrites && !list_is_valid(task)) {
        lq_check_condition(engine, task, 0x05, 0x26, 0x00);
        return;
    }
    if (unit->sanitizer != NULL) {
        lq_check_condition(engine, task, 0x02, 0x04, 0x1b);
        return;
    }
    if (lq_is_write_protected(engine, task))
        return;
    if (is_restricted(task)) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    if (action_of(task) == EXIT_FAILURE_MODE) {
        leave_failure_mode(engine, task);
        return;
    }
    task->lba = 0; /* all that there is, to begin with */
    task->nblocks = unit->nblocks < UINT32_MAX ? (uint32_t)unit->nblocks : UINT32_MAX;
    if (lq_quarantine_holds(engine, task) || lq_overlap_waits(engine, task))
        return;
    unit->sanitizer = task;
    unit->sanitize_ause = (task->cdb[1] & AUSE) != 0;
    unit->sanitize_failed = true; /* until it has succeeded */
    task->is_inverting = overwrites && (task->buffer[0] & INVERT) != 0;
    fill(engine, task);
    go_on(engine, task);
}

void lq_sanitize_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->lba += task->request.nblocks;
    go_on(engine, task);
}

void lq_sanitize_left(const struct lq_engine_task *task)
{
    if (task->unit->sanitizer == task)
        task->unit->sanitizer = NULL;
}
