/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of direct access block devices [SBC-3 5]. */
#include "core/base/bytes.h"
#include "core/device.h"

#include <string.h>

static const struct lq_sense no_sense = {0, 0, 0};

/* Wrong "write-of-one-block-more": where there is a block more, and room for it in the buffer. */
static bool writes_too_much(const struct lq_engine *engine, const struct lq_engine_task *task,
                            enum lq_block_op op)
{
    const struct lq_store *store = task->unit->store->store;
    return op == LQ_BLOCK_WRITE && store->block_bytes == 4096 &&
           lq_core_wrong(engine, LQ_WRONG_WRITE_OF_ONE_BLOCK_MORE) &&
           task->lba + task->nblocks < store->nblocks &&
           ((uint64_t)task->nblocks + 1) * 4096 <= engine->config.limits.transfer_bytes_max;
}

/* [SBC-4 r22 5.36, 5.40]: FUA, and what WRITE AND VERIFY writes. VERIFY has no FUA bit. */
static bool is_forced(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    if (task->opcode->is_forced)
        return !lq_core_wrong(engine, LQ_WRONG_WRITE_AND_VERIFY_STAYS_IN_CACHE);
    enum lq_length_rule rule = task->opcode->length_rule;
    return (lq_cdb_flags(task) & 0x08) != 0 &&
           (rule == LQ_LENGTH_BLOCKS || rule == LQ_LENGTH_TWICE);
}

/* WCE is 0 although the store has a cache: each write goes through it. */
static bool is_cache_off(const struct lq_engine *engine, const struct lq_unit *unit)
{
    return lq_has_write_cache(engine, unit) && !unit->control.write_cache &&
           !lq_core_wrong(engine, LQ_WRONG_WRITE_CACHE_STAYS);
}

/* Hands over the request, whose extent and data are filled in. */
static void submit(struct lq_engine *engine, struct lq_engine_task *task, enum lq_block_op op)
{
    struct lq_store_state *store = task->unit->store;
    task->request.handle = (lq_handle){task->index, task->generation};
    task->request.serial = task->serial;
    task->request.op = op;
    task->request.fua = (op != LQ_BLOCK_FLUSH && is_forced(engine, task) &&
                         !lq_core_wrong(engine, LQ_WRONG_FUA_IGNORED)) ||
                        ((op == LQ_BLOCK_WRITE || op == LQ_BLOCK_UNMAP) &&
                         is_cache_off(engine, task->unit));
    task->state = LQ_TASK_IN_STORE;
    store->outstanding++;
    store->store->ops->submit(store->store, &task->request);
    lq_taskset_dispatched(engine, task->unit);
}

void lq_block_submit(struct lq_engine *engine, struct lq_engine_task *task, enum lq_block_op op)
{
    task->request.lba = op == LQ_BLOCK_FLUSH ? 0 : task->lba;
    task->request.nblocks = op == LQ_BLOCK_FLUSH ? 0 : task->nblocks;
    if (op == LQ_BLOCK_FLUSH && lq_core_wrong(engine, LQ_WRONG_SYNCHRONIZE_CACHE_ONE_BLOCK)) {
        task->request.lba = lq_cdb_value(task->cdb, task->opcode->lba);
        task->request.nblocks = 1;
    }
    task->request.data = task->buffer;
    if (writes_too_much(engine, task, op))
        task->request.nblocks++;
    submit(engine, task, op);
}

void lq_block_submit_part(struct lq_engine *engine, struct lq_engine_task *task,
                          enum lq_block_op op, uint32_t first, uint32_t nblocks, uint8_t *data)
{
    task->request.lba = task->lba + first;
    task->request.nblocks = nblocks;
    task->request.data = data;
    submit(engine, task, op);
}

bool lq_is_write_protected(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (lq_unit_is_read_only(engine, task->unit, task->nexus)) {
        lq_check_condition(engine, task, 0x07, 0x27, 0x00); /* WRITE PROTECTED */
        return true;
    }
    if (task->unit->control.swp && !lq_core_wrong(engine, LQ_WRONG_SWP_IGNORED)) {
        lq_check_condition(engine, task, 0x07, 0x27, 0x02); /* ... SOFTWARE WRITE PROTECTED */
        return true;
    }
    return false;
}

bool lq_block_may_begin(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    if (task->opcode->medium == LQ_MEDIUM_WRITES && lq_is_write_protected(engine, task))
        return false;
    if (task->nblocks == 0) { /* no data is no error [SBC-3 5.8] */
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return false;
    }
    if (task->lba > unit->nblocks || task->nblocks > unit->nblocks - task->lba) {
        lq_check_condition(engine, task, 0x05, 0x21, 0x00); /* it has shrunk meanwhile */
        return false;
    }
    return !lq_quarantine_holds(engine, task) && !lq_overlap_waits(engine, task);
}

void lq_block_run(struct lq_engine *engine, struct lq_engine_task *task)
{
    if (lq_block_may_begin(engine, task))
        lq_block_submit(engine, task, task->opcode->medium == LQ_MEDIUM_WRITES ? LQ_BLOCK_WRITE
                                                                               : LQ_BLOCK_READ);
}

uint32_t lq_compare_blocks_max(const struct lq_engine *engine, const struct lq_unit *unit)
{
    uint64_t most = engine->config.limits.transfer_bytes_max / 2 / unit->store->store->block_bytes;
    return most < UINT8_MAX ? (uint32_t)most : UINT8_MAX;
}

void lq_read_capacity_10(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_store *store = task->unit->store->store;
    uint64_t last = task->unit->nblocks - 1;
    lq_put_be32(task->buffer, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
    lq_put_be32(task->buffer + 4, store->block_bytes);
    task->defined_bytes = 8;
    lq_end_allocated(engine, task, 8);
}

void lq_read_capacity_16(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_store *store = task->unit->store->store;
    memset(task->buffer, 0, 32);
    lq_put_be64(task->buffer, task->unit->nblocks - 1);
    lq_put_be32(task->buffer + 8, store->block_bytes);
    task->buffer[13] = (uint8_t)(store->physical_exponent & 0x0f);
    task->buffer[14] = store->is_thin ? 0xc0 : 0; /* LBPME, LBPRZ */
    lq_end_allocated(engine, task, 32);
}
