/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COMPARE AND WRITE and ORWRITE [SBC-4 r22 5.3, 5.15]: what is on the medium is read piece by piece
 * behind the command's own data; then that data, or what has become of it, is written at once. No
 * other command uses these blocks in between (overlap.c).
 */
#include "core/device.h"

enum { COMPARE_AND_WRITE = 0x89 };

enum step { STEP_READ, STEP_WRITE };

static const struct lq_sense no_sense = {0, 0, 0};

static bool compares(const struct lq_engine_task *task)
{
    return task->opcode->code == COMPARE_AND_WRITE;
}

static void read_more(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    uint64_t room = (lq_buffer_bytes(engine) - task->out_bytes) / block_bytes;
    uint32_t left = task->nblocks - task->stepped;
    task->step = STEP_READ;
    lq_block_submit_part(engine, task, LQ_BLOCK_READ, task->stepped,
                         left < room ? left : (uint32_t)room, task->buffer + task->out_bytes);
}

void lq_modify(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (task->out_bytes % task->unit->store->store->block_bytes != 0) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00); /* half a block can't be modified */
        return;
    }
    if (lq_block_may_begin(engine, task))
        read_more(engine, task);
}

/* Compares what has been read; false: TASK has been ended. INFORMATION is where in the Data-Out the
 * first byte is that differs [SBC-4 r22 5.3]. */
static bool compare(struct lq_engine *engine, struct lq_engine_task *task, uint64_t from,
                    uint64_t bytes)
{
    uint64_t at = 0;
    while (at < bytes && task->request.data[at] == task->buffer[from + at])
        at++;
    if (at == bytes)
        return true;
    task->has_information = true;
    task->information = from + at;
    lq_check_condition(engine, task, 0x0e, 0x1d, 0x00); /* MISCOMPARE DURING VERIFY OPERATION */
    return false;
}

/* Wrong "compare-and-write-writes-anyway". */
static bool writes_anyway(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    return compares(task) && lq_core_wrong(engine, LQ_WRONG_COMPARE_AND_WRITE_WRITES_ANYWAY);
}

void lq_modify_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint64_t block_bytes = task->unit->store->store->block_bytes;
    uint64_t from = task->stepped * block_bytes, bytes = task->request.nblocks * block_bytes;
    if (task->step == STEP_WRITE) {
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return;
    }
    if (compares(task) && !writes_anyway(engine, task) && !compare(engine, task, from, bytes))
        return;
    for (uint64_t i = 0; i < bytes && !compares(task); i++)
        task->buffer[from + i] |= task->request.data[i];
    task->stepped += task->request.nblocks;
    if (task->stepped < task->nblocks) {
        read_more(engine, task);
        return;
    }
    uint64_t data = compares(task) ? task->nblocks * block_bytes : 0;
    task->step = STEP_WRITE;
    lq_block_submit_part(engine, task, LQ_BLOCK_WRITE, 0, task->nblocks, task->buffer + data);
}
