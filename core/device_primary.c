/* SPDX-License-Identifier: Apache-2.0 */
/* Primary commands that need no page tables [SPC-4 6]. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"


static const struct lq_sense no_sense = {0, 0, 0};

void lq_test_unit_ready(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

/* Sense data as parameter data [SPC-4 6.39]: a pending unit attention, which this clears; the
 * missing logical unit; or NO SENSE. */
void lq_request_sense(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_sense sense = no_sense;
    if (!lq_task_has_unit(engine, task))
        sense = (struct lq_sense){0x05, 0x25, 0x00};
    else if (lq_ua_take(engine, task))
        sense = (struct lq_sense){0x06, task->reported.asc, task->reported.ascq};
    bool wants_descriptors = (task->cdb[1] & 1) != 0; /* DESC, whatever D_SENSE is */
    lq_end_allocated(engine, task, lq_sense_build(sense, (struct lq_information){0},
                                                  wants_descriptors, task->buffer));
}

/* [SPC-4 6.33] */
void lq_report_luns(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint8_t select = task->cdb[2];
    if (task->defined_bytes < 16 || select > 2) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    uint32_t bytes = 8;
    for (uint32_t i = 0; i < engine->unit_count && select != 1; i++) {
        const struct lq_unit *unit = &engine->units[i];
        bool is_listed = unit->is_there || lq_core_wrong(engine, LQ_WRONG_REPORT_LUNS_STALE);
        if (unit->target != task->nexus->target || !is_listed)
            continue;
        if (bytes + 8 > engine->config.limits.transfer_bytes_max)
            break;
        lq_put_be64(task->buffer + bytes, lq_lun_of_unit(unit));
        bytes += 8;
    }
    memset(task->buffer, 0, 8);
    lq_put_be32(task->buffer, bytes - 8);
    lq_ua_clear(engine, task, (struct lq_ua){0x3f, 0x0e});
    lq_end_allocated(engine, task, bytes);
}
