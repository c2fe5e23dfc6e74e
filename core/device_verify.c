/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VERIFY and WRITE AND VERIFY [SBC-4 r22 5.36, 5.49]: what is on the medium is read piece by piece
 * behind the command's own data, and compared with it if BYTCHK says so.
 */
#include <string.h>

#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

enum { BYTCHK_ALL = 1, BYTCHK_ONE = 3 };

enum step { STEP_VERIFY, STEP_WRITE };

static bool is_miscompared(const struct lq_engine_task *task, const uint8_t *read)
{
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    uint32_t bytchk = lq_cdb_bytchk(task);
    for (uint32_t i = 0; i < task->request.nblocks && bytchk != 0; i++) {
        uint64_t at = bytchk == BYTCHK_ONE ? 0 : (uint64_t)(task->stepped + i) * block_bytes;
        if (memcmp(task->buffer + at, read + (uint64_t)i * block_bytes, block_bytes) != 0)
            return true;
    }
    return false;
}

/* Reads as much of what is left as there is room for. */
static void read_more(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    uint64_t kept = ((uint64_t)task->out_bytes + block_bytes - 1) / block_bytes * block_bytes;
    uint64_t room = (lq_buffer_bytes(engine) - kept) / block_bytes;
    uint32_t left = task->nblocks - task->stepped;
    task->step = STEP_VERIFY;
    lq_block_submit_part(engine, task, LQ_BLOCK_READ, task->stepped,
                         left < room ? left : (uint32_t)room, task->buffer + kept);
}

void lq_verify(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (lq_block_may_begin(engine, task))
        read_more(engine, task);
}

void lq_write_and_verify(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (!lq_block_may_begin(engine, task))
        return;
    task->step = STEP_WRITE;
    lq_block_submit(engine, task, LQ_BLOCK_WRITE);
}

void lq_verify_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->step == STEP_WRITE) {
        read_more(engine, task);
        return;
    }
    if (is_miscompared(task, task->request.data) &&
        !lq_core_wrong(engine, LQ_WRONG_VERIFY_COMPARES_NOTHING)) {
        /* MISCOMPARE DURING VERIFY OPERATION */
        lq_check_condition(engine, task, 0x0e, 0x1d, 0x00);
        return;
    }
    task->stepped += task->request.nblocks;
    if (task->stepped < task->nblocks)
        read_more(engine, task);
    else
        lq_task_end(engine, task, LQ_GOOD, no_sense);
}
