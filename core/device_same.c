/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WRITE SAME [SBC-4 r22 5.52]: one block, or zeros, written to many. The block is copied as often
 * as the buffer has room for it, and that is written piece by piece; zeros that may be unmapped are
 * left to the store. Pieces become visible one after the other, as those of any long write may.
 */
#include <string.h>

#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

enum { ANCHOR = 0x10, UNMAP = 0x08, PBDATA_LBDATA = 0x06, NDOB = 0x01 };

enum step { STEP_WRITE, STEP_UNMAP };

bool lq_write_same_has_no_data(const struct lq_engine_task *task)
{
    return task->opcode->code != 0x41 && (lq_cdb_flags(task) & NDOB) != 0;
}

/* [SBC-4 r22 table 147]: nothing can be anchored here. */
static bool is_invalid(const struct lq_engine_task *task)
{
    uint8_t flags = lq_cdb_flags(task);
    return (flags & (ANCHOR | PBDATA_LBDATA)) != 0 ||
           ((flags & UNMAP) != 0 && !task->unit->store->store->is_thin);
}

static bool is_zeros(const uint8_t *bytes, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void write_more(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_store *store = task->unit->store->store;
    bool unmaps = task->step == STEP_UNMAP;
    uint64_t most = unmaps ? store->unmap_blocks_max
                           : engine->config.limits.transfer_bytes_max / store->block_bytes;
    uint32_t left = task->nblocks - task->stepped;
    lq_block_submit_part(engine, task, unmaps ? LQ_BLOCK_UNMAP : LQ_BLOCK_WRITE, task->stepped,
                         left < most ? left : (uint32_t)most, task->buffer);
}

void lq_write_same(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t block_bytes = task->unit->store->store->block_bytes;
    if (lq_is_write_protected(engine, task))
        return;
    if (is_invalid(task)) {
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    if (!lq_block_may_begin(engine, task))
        return;
    if (lq_write_same_has_no_data(task))
        memset(task->buffer, 0, block_bytes);
    bool may_unmap = (lq_cdb_flags(task) & UNMAP) != 0;
    task->step = may_unmap && is_zeros(task->buffer, block_bytes) ? STEP_UNMAP : STEP_WRITE;
    uint64_t most = engine->config.limits.transfer_bytes_max / block_bytes;
    for (uint64_t i = 1; i < most && i < task->nblocks && task->step == STEP_WRITE; i++)
        memcpy(task->buffer + i * block_bytes, task->buffer, block_bytes);
    if (lq_core_wrong(engine, LQ_WRONG_WRITE_SAME_WRITES_ONE_BLOCK))
        task->nblocks = 1;
    write_more(engine, task);
}

void lq_write_same_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->stepped += task->request.nblocks;
    if (task->stepped < task->nblocks)
        write_more(engine, task);
    else
        lq_task_end(engine, task, LQ_GOOD, no_sense);
}
