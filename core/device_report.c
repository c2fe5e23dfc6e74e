/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the logical unit is able to do: REPORT SUPPORTED OPERATION CODES, from the rows by which
 * commands are decoded, and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS, from those by which they
 * are carried out.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

/* CDB_BYTE is at fault. */
static void refuse(struct lq_engine *engine, struct lq_engine_task *task, uint8_t cdb_byte)
{
    task->cdb_byte = cdb_byte;
    lq_check_condition(engine, task, 0x05, 0x24, 0x00); /* INVALID FIELD IN CDB */
}

/* --- REPORT SUPPORTED OPERATION CODES [SPC-4 6.35] ------------------------------------------- */

enum {
    DESCRIPTOR_BYTES = 8,
    TIMEOUTS_BYTES = 12,
    /* SUPPORT */
    NOT_SUPPORTED = 1,
    SUPPORTED = 3
};

/* Command timeouts descriptor [SPC-4 6.35.4]: no nominal time is known. */
static uint32_t put_timeouts(uint8_t *at, const struct lq_opcode *opcode)
{
    memset(at, 0, TIMEOUTS_BYTES);
    lq_put_be16(at, TIMEOUTS_BYTES - 2);
    lq_put_be32(at + 8, opcode->timeout_s != 0 ? opcode->timeout_s : LQ_OPCODE_TIMEOUT_S);
    return TIMEOUTS_BYTES;
}

/* [SPC-4 6.35.2] */
static void report_all(struct lq_engine *engine, struct lq_engine_task *task, bool wants_timeouts)
{
    uint32_t bytes = 4;
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        if (!lq_opcode_is_of(opcode, task->unit))
            continue;
        uint8_t *at = task->buffer + bytes;
        LQ_ASSERT(bytes + DESCRIPTOR_BYTES + TIMEOUTS_BYTES <=
                  engine->config.limits.transfer_bytes_max);
        memset(at, 0, DESCRIPTOR_BYTES);
        at[0] = opcode->code;
        lq_put_be16(at + 2, opcode->service_action);
        at[5] = (uint8_t)((wants_timeouts ? 0x02 : 0) | (opcode->has_service_action ? 0x01 : 0));
        lq_put_be16(at + 6, opcode->cdb_bytes);
        bytes += DESCRIPTOR_BYTES;
        if (wants_timeouts)
            bytes += put_timeouts(task->buffer + bytes, opcode);
    }
    lq_put_be32(task->buffer, bytes - 4);
    lq_end_allocated(engine, task, bytes);
}

/* [SPC-4 6.35.3]; OPCODE NULL: there is no such command. */
static void report_one(struct lq_engine *engine, struct lq_engine_task *task,
                       const struct lq_opcode *opcode, bool wants_timeouts)
{
    uint8_t *data = task->buffer;
    memset(data, 0, 4);
    if (opcode == NULL) {
        data[1] = NOT_SUPPORTED;
        lq_end_allocated(engine, task, 4);
        return;
    }
    data[1] = (uint8_t)((wants_timeouts ? 0x80 : 0) | SUPPORTED);
    lq_put_be16(data + 2, opcode->cdb_bytes);
    memcpy(data + 4, opcode->usage, opcode->cdb_bytes);
    uint32_t bytes = 4 + opcode->cdb_bytes;
    if (wants_timeouts)
        bytes += put_timeouts(data + bytes, opcode);
    lq_end_allocated(engine, task, bytes);
}

/* The row of CODE (and, where the command has one, ACTION); by HAS_ACTIONS whether its rows have
 * service actions. */
static const struct lq_opcode *find(uint8_t code, uint16_t action, bool *has_actions)
{
    *has_actions = false;
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        if (opcode->code != code)
            continue;
        *has_actions = opcode->has_service_action;
        if (!opcode->has_service_action || opcode->service_action == action)
            return opcode;
    }
    return NULL;
}

void lq_report_supported_opcodes(struct lq_engine *engine, struct lq_engine_task *task)
{
    /* REPORTING OPTIONS [SPC-4 t217] */
    enum { ALL = 0, BY_CODE = 1, BY_CODE_AND_ACTION = 2, EITHER = 3 };
    uint8_t options = task->cdb[2] & 0x07, code = task->cdb[3];
    uint16_t action = lq_get_be16(task->cdb + 4);
    bool wants_timeouts = (task->cdb[2] & 0x80) != 0;
    if (options == ALL) {
        report_all(engine, task, wants_timeouts);
        return;
    }
    bool has_actions;
    const struct lq_opcode *opcode = find(code, action, &has_actions);
    if (opcode != NULL && !lq_opcode_is_of(opcode, task->unit))
        opcode = NULL;
    bool is_there = opcode != NULL || has_actions; /* with this action or with another */
    bool is_invalid = options > EITHER || (options == BY_CODE && has_actions) ||
                      (options == BY_CODE_AND_ACTION && is_there && !has_actions);
    if (options == EITHER && !has_actions && action != 0)
        opcode = NULL;
    if (is_invalid)
        refuse(engine, task, 2); /* REPORTING OPTIONS */
    else
        report_one(engine, task, opcode, wants_timeouts);
}

/* --- REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS [SPC-4 6.36] --------------------------------- */

/* Where the bit of each function stands, and that of its timeout six bytes later. */
static const struct {
    enum lq_tm_function function;
    uint8_t byte, bit;
    bool is_short; /* answered without waiting for a command */
} functions[] = {
    {LQ_TM_ABORT_TASK, 0, 0x80, false},
    {LQ_TM_ABORT_TASK_SET, 0, 0x40, false},
    {LQ_TM_CLEAR_ACA, 0, 0x20, false},
    {LQ_TM_CLEAR_TASK_SET, 0, 0x10, false},
    {LQ_TM_LOGICAL_UNIT_RESET, 0, 0x08, false},
    {LQ_TM_QUERY_TASK, 0, 0x04, true},
    {LQ_TM_QUERY_ASYNCHRONOUS_EVENT, 1, 0x04, true},
    {LQ_TM_QUERY_TASK_SET, 1, 0x02, true},
    {LQ_TM_I_T_NEXUS_RESET, 1, 0x01, false},
};

enum {
    BASIC_BYTES = 4,
    EXTENDED_BYTES = 16,
    TIMEOUTS_VALID = 0x01, /* TMFTMOV */
    SHORT_TIMEOUT_100MS = 10
};

/* TM functions that abort answer within the quarantine's bound, if there is one. */
static void put_tm_timeouts(const struct lq_engine *engine, uint8_t *data)
{
    uint64_t bound_ns = engine->config.quarantine_after_ns;
    uint64_t bound_100ms = bound_ns / UINT64_C(100000000) + SHORT_TIMEOUT_100MS;
    data[3] = EXTENDED_BYTES - 4;
    if (bound_ns == LQ_DURATION_NEVER || bound_100ms > UINT32_MAX)
        return;
    data[4] = TIMEOUTS_VALID;
    for (uint32_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (functions[i].is_short && lq_abort_supports(engine, functions[i].function))
            data[6 + functions[i].byte] |= functions[i].bit;
    lq_put_be32(data + 8, (uint32_t)bound_100ms);
    lq_put_be32(data + 12, SHORT_TIMEOUT_100MS);
}

void lq_report_supported_tmfs(struct lq_engine *engine, struct lq_engine_task *task)
{
    bool is_extended = (task->cdb[2] & 0x80) != 0; /* REPD */
    if (task->defined_bytes < BASIC_BYTES) {
        refuse(engine, task, 6); /* ALLOCATION LENGTH */
        return;
    }
    uint8_t *data = task->buffer;
    memset(data, 0, EXTENDED_BYTES);
    for (uint32_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (lq_abort_supports(engine, functions[i].function))
            data[functions[i].byte] |= functions[i].bit;
    if (is_extended)
        put_tm_timeouts(engine, data);
    lq_end_allocated(engine, task, is_extended ? EXTENDED_BYTES : BASIC_BYTES);
}
