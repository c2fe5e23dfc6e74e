/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a command's processing: what may stop it, in order of precedence, then its own
 * function. Status precedence is [SAM-5 5.3.3]; ILLEGAL REQUEST may rank anywhere and comes last.
 */
#include "core/device.h"

#include <string.h>

static const struct lq_sense no_sense = {0, 0, 0};
static const struct lq_sense no_such_unit = {0x05, 0x25, 0x00};

void lq_check_condition(struct lq_engine *engine, struct lq_engine_task *task, uint8_t key,
                        uint8_t asc, uint8_t ascq)
{
    task->defined_bytes = 0;
    lq_task_end(engine, task, LQ_CHECK_CONDITION, (struct lq_sense){key, asc, ascq});
}

void lq_end_allocated(struct lq_engine *engine, struct lq_engine_task *task, uint32_t bytes)
{
    if (lq_core_wrong(engine, LQ_WRONG_ALLOCATION_LENGTH_IGNORED))
        task->defined_bytes = bytes;
    lq_task_end_data(engine, task,
                     bytes < task->defined_bytes ? bytes : (uint32_t)task->defined_bytes);
}

void lq_put_ascii(uint8_t *to, uint32_t size_bytes, const char *text)
{
    uint32_t i = 0;
    for (; i < size_bytes && text[i] != '\0'; i++)
        to[i] = (uint8_t)text[i];
    for (; i < size_bytes; i++)
        to[i] = ' ';
}

/* A LUN behind which nothing is [SPC-4 6.6.2, SAM-5 5.11]: INQUIRY, REPORT LUNS and REQUEST SENSE
 * are answered, everything else learns LOGICAL UNIT NOT SUPPORTED. */
static void begin_without_unit(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->opcode != NULL && task->opcode->ua == LQ_UA_IGNORES) {
        task->defined_bytes = lq_cdb_value(task->cdb, task->opcode->length);
        task->opcode->run(engine, task);
        return;
    }
    lq_task_end(engine, task, LQ_CHECK_CONDITION, no_such_unit);
}

static bool reports_attention(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->opcode == NULL || task->opcode->ua == LQ_UA_REPORTS ||
           lq_core_wrong(engine, LQ_WRONG_UA_HITS_INQUIRY);
}

/* Any attempt to write is told of write protection [SBC-4 r22 4.12], whatever else is wrong. */
static bool writes(const struct lq_engine_task *task)
{
    return task->opcode != NULL && task->opcode->medium == LQ_MEDIUM_WRITES;
}

void lq_device_begin(struct lq_engine *engine, struct lq_engine_task *task)
{
    LQ_ASSERT(task->state == LQ_TASK_IN_SET && task->enabled && !task->data_wanted);
    if (lq_aca_blocks(engine, task))
        return; /* aca.c makes it ready again */
    if (task->is_answered) {
        task->is_answered = false;
        task->state = LQ_TASK_IN_STORE; /* as if it were answered now */
        if (task->saves)
            lq_saved_ended(engine, task, task->store_status);
        lq_device_store_done(engine, task, task->store_status);
        return;
    }
    if (!lq_task_has_unit(engine, task)) {
        begin_without_unit(engine, task);
        return;
    }
    if (task->opcode != NULL && task->opcode->code == 0x12 &&
        lq_core_wrong(engine, LQ_WRONG_INQUIRY_CLEARS_ATTENTIONS))
        lq_ua_forget(task);
    if (task->is_faulted && task->fault.key != 0) { /* else a unit attention is still to be taken */
        lq_task_end(engine, task, LQ_CHECK_CONDITION, task->fault);
        return;
    }
    bool reports = reports_attention(engine, task);
    bool conflicts = lq_reservation_conflicts(engine, task);
    if (reports && (!conflicts || lq_ua_is_of_reset(task)) && lq_ua_is_pending(engine, task)) {
        if (lq_qerr_faults(engine, task, no_sense))
            return;
        (void)lq_ua_take(engine, task);
        lq_check_condition(engine, task, 0x06, task->reported.asc, task->reported.ascq);
        return;
    }
    task->is_faulted = false; /* what it was to report has been reported meanwhile */
    if (conflicts) {
        task->defined_bytes = 0;
        lq_task_end(engine, task,
                    lq_core_wrong(engine, LQ_WRONG_CONFLICT_AS_GOOD) ? LQ_GOOD
                                                                     : LQ_RESERVATION_CONFLICT,
                    no_sense);
        return;
    }
    if (task->refusal.key != 0) {
        if (writes(task) && lq_is_write_protected(engine, task))
            return;
        task->defined_bytes = 0;
        lq_task_end(engine, task, LQ_CHECK_CONDITION, task->refusal);
        return;
    }
    if (lq_medium_is_missed(engine, task) || lq_sanitize_refuses(engine, task))
        return;
    task->opcode->run(engine, task);
}

/* Sense for what a store could not do [SPC-4 4.5.6], by operation and status. */
static struct lq_sense store_sense(enum lq_block_op op, enum lq_block_status status)
{
    switch (status) {
    case LQ_BLOCK_MEDIUM_ERROR:
        /* UNRECOVERED READ ERROR; WRITE ERROR */
        return op == LQ_BLOCK_READ || op == LQ_BLOCK_STATUS
                   ? (struct lq_sense){0x03, 0x11, 0x00}
                   : (struct lq_sense){0x03, 0x0c, 0x00};
    case LQ_BLOCK_NO_SPACE: /* SPACE ALLOCATION FAILED WRITE PROTECT */
        return (struct lq_sense){0x07, 0x27, 0x07};
    case LQ_BLOCK_CACHE_LOST: /* WRITE ERROR */ return (struct lq_sense){0x03, 0x0c, 0x00};
    case LQ_BLOCK_FAILED: /* INTERNAL TARGET FAILURE */ return (struct lq_sense){0x04, 0x44, 0x00};
    case LQ_BLOCK_RESET: /* LOGICAL UNIT COMMUNICATION FAILURE: it may be sent again */
        return (struct lq_sense){0x0b, 0x08, 0x00};
    case LQ_BLOCK_OK: break;
    }
    return no_sense;
}

static bool is_swallowed(const struct lq_engine *engine, enum lq_block_op op)
{
    return (op == LQ_BLOCK_WRITE && lq_core_wrong(engine, LQ_WRONG_WRITE_ERROR_AS_GOOD)) ||
           (op == LQ_BLOCK_READ && lq_core_wrong(engine, LQ_WRONG_READ_ERROR_AS_GOOD));
}

/* Wrong "busy-after-effect": every eighth. */
static bool ends_busy(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return task->request.op == LQ_BLOCK_WRITE && task->serial % 8 == 0 &&
           lq_core_wrong(engine, LQ_WRONG_BUSY_AFTER_EFFECT);
}

void lq_device_store_done(struct lq_engine *engine, struct lq_engine_task *task,
                          enum lq_block_status status)
{
    if (status == LQ_BLOCK_OK && lq_flush_is_void(engine, task))
        status = LQ_BLOCK_RESET;
    struct lq_sense sense = store_sense(task->request.op, status);
    if (!lq_task_has_unit(engine, task) && (task->is_saved || task->opcode->next != NULL)) {
        /* Its unit was removed, from a store that allows no orphans: it goes no further. */
        lq_check_condition(engine, task, 0x0b, 0x08, 0x00);
        return;
    }
    if (task->is_saved) {
        task->opcode->run(engine, task);
        return;
    }
    if (!task->saves && is_swallowed(engine, task->request.op))
        sense = no_sense;
    if (!task->saves && ends_busy(engine, task)) {
        lq_task_end(engine, task, LQ_BUSY, no_sense);
    } else if (sense.key != 0) {
        task->defined_bytes = 0;
        lq_task_end(engine, task, LQ_CHECK_CONDITION, sense);
    } else if (task->opcode->next != NULL) {
        task->opcode->next(engine, task);
    } else if (task->request.op == LQ_BLOCK_READ) {
        lq_task_end_data(engine, task, (uint32_t)task->defined_bytes);
    } else {
        lq_task_end(engine, task, LQ_GOOD, no_sense);
    }
}
