/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts ask of a disk to see how it is: READ DEFECT DATA [SBC-4 r22 5.17], SEND DIAGNOSTIC and
 * RECEIVE DIAGNOSTIC RESULTS [SPC-4 6.31, 6.42], REPORT TIMESTAMP and SET TIMESTAMP [SPC-4 6.37,
 * 6.48]. There are no defects, a self-test finds nothing, and the clock is the world's.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

/* --- READ DEFECT DATA ------------------------------------------------------------------------ */

enum { READ_DEFECT_DATA_12 = 0xb7 };

/* Both lists are there and empty, in whatever format they are asked for. */
void lq_read_defect_data(struct lq_engine *engine, struct lq_engine_task *task)
{
    bool is_long = task->opcode->code == READ_DEFECT_DATA_12;
    uint8_t asked = task->cdb[is_long ? 1 : 2] & 0x1f; /* lists and format */
    uint32_t bytes = is_long ? 8 : 4;
    memset(task->buffer, 0, bytes);
    task->buffer[1] = asked;
    lq_end_allocated(engine, task, bytes);
}

/* --- diagnostics ----------------------------------------------------------------------------- */

enum { SELF_TEST = 0x04, PAGE_FORMAT = 0x10 };

void lq_send_diagnostic(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t flags = task->cdb[1], code = flags >> 5;
    bool has_list = task->defined_bytes > 0;
    /* SELF-TEST CODE [SPC-4 t249]: the default self-test says none; 011b is reserved. */
    bool is_wrong = ((flags & SELF_TEST) != 0 && (code != 0 || has_list)) || code == 3 ||
                    code == 7 || (code != 0 && has_list);
    if (is_wrong)
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
    else if (has_list) /* the only page that is supported has nothing to be sent */
        lq_check_condition(engine, task, 0x05, 0x26, 0x00);
    else
        lq_task_end(engine, task, LQ_GOOD, no_sense);
}

/* Page 00h, supported diagnostic pages [SPC-4 7.2.4]: this one. */
void lq_receive_diagnostic(struct lq_engine *engine, struct lq_engine_task *task)
{
    static const uint8_t supported[5] = {0x00, 0x00, 0x00, 0x01, 0x00};
    if ((task->cdb[1] & 1) == 0 || task->cdb[2] != 0) { /* PCV; another page */
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    memcpy(task->buffer, supported, sizeof supported);
    lq_end_allocated(engine, task, sizeof supported);
}

/* --- the clock [SPC-4 5.2] ------------------------------------------------------------------- */

/* TIMESTAMP ORIGIN: zero at power on, or SET TIMESTAMP. */
enum { ORIGIN_POWER_ON = 0, ORIGIN_SET = 2, TIMESTAMP_BYTES = 12 };

static uint64_t now_ms(const struct lq_engine *engine)
{
    return engine->env->now_ns / 1000000;
}

void lq_report_timestamp(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    uint64_t timestamp = now_ms(engine) - unit->clock_began_ms + unit->clock_ms;
    memset(task->buffer, 0, TIMESTAMP_BYTES);
    lq_put_be16(task->buffer, TIMESTAMP_BYTES - 2);
    task->buffer[2] = unit->clock_is_set ? ORIGIN_SET : ORIGIN_POWER_ON;
    lq_put_be16(task->buffer + 4, (uint16_t)(timestamp >> 32));
    lq_put_be32(task->buffer + 6, (uint32_t)timestamp);
    lq_end_allocated(engine, task, TIMESTAMP_BYTES);
}

/* TIMESTAMP CHANGED, to all other I_T nexuses. */
static void tell_others(struct lq_engine *engine, const struct lq_engine_task *task)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->known && nexus->target == task->unit->target && nexus != task->nexus)
            lq_ua_establish(engine, nexus, task->unit, (struct lq_ua){0x2a, 0x10});
    }
}

void lq_set_timestamp(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->defined_bytes > 0 && task->out_bytes < TIMESTAMP_BYTES) {
        lq_check_condition(engine, task, 0x05, 0x1a, 0x00); /* PARAMETER LIST LENGTH ERROR */
        return;
    }
    if (task->out_bytes >= TIMESTAMP_BYTES) {
        struct lq_unit *unit = task->unit;
        unit->clock_ms = (uint64_t)lq_get_be16(task->buffer + 4) << 32 |
                         lq_get_be32(task->buffer + 6);
        unit->clock_began_ms = now_ms(engine);
        unit->clock_is_set = true;
        tell_others(engine, task);
    }
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}
