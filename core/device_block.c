/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of direct access block devices [SBC-3 5]. */
#include "core/base/bytes.h"
#include "core/device.h"

#include <string.h>

static const struct lq_sense no_sense = {0, 0, 0};

/* Wrong "write-of-one-block-more": where there is a block more, and room for it in the buffer. */
static bool writes_too_much(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    const struct lq_store *store = task->unit->store->store;
    return task->request.op == LQ_BLOCK_WRITE && store->block_bytes == 4096 &&
           lq_core_wrong(engine, LQ_WRONG_WRITE_OF_ONE_BLOCK_MORE) &&
           task->lba + task->nblocks < store->nblocks &&
           ((uint64_t)task->nblocks + 1) * 4096 <= engine->config.limits.transfer_bytes_max;
}

void lq_block_submit(struct lq_engine *engine, struct lq_engine_task *task, enum lq_block_op op)
{
    struct lq_store_state *store = task->unit->store;
    bool has_fua_bit = task->opcode->cdb_bytes > 6 && op != LQ_BLOCK_FLUSH;
    task->request.handle = (lq_handle){task->index, task->generation};
    task->request.serial = task->serial;
    task->request.op = op;
    task->request.fua = has_fua_bit && (task->cdb[1] & 0x08) != 0 &&
                        !lq_core_wrong(engine, LQ_WRONG_FUA_IGNORED);
    task->request.lba = op == LQ_BLOCK_FLUSH ? 0 : task->lba;
    task->request.nblocks = op == LQ_BLOCK_FLUSH ? 0 : task->nblocks;
    if (op == LQ_BLOCK_FLUSH && lq_core_wrong(engine, LQ_WRONG_SYNCHRONIZE_CACHE_ONE_BLOCK)) {
        task->request.lba = lq_cdb_value(task->cdb, task->opcode->lba);
        task->request.nblocks = 1;
    }
    task->request.data = task->buffer;
    if (writes_too_much(engine, task))
        task->request.nblocks++;
    task->state = LQ_TASK_IN_STORE;
    store->outstanding++;
    store->store->ops->submit(store->store, &task->request);
    lq_taskset_dispatched(engine, task->unit);
}

void lq_block_run(struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_unit *unit = task->unit;
    if (task->opcode->medium == LQ_MEDIUM_WRITES &&
        lq_unit_is_read_only(engine, unit, task->nexus)) {
        lq_check_condition(engine, task, 0x07, 0x27, 0x00); /* WRITE PROTECTED */
        return;
    }
    if (task->nblocks == 0) { /* no data is no error [SBC-3 5.8] */
        lq_task_end(engine, task, LQ_GOOD, no_sense);
        return;
    }
    if (task->lba > unit->nblocks || task->nblocks > unit->nblocks - task->lba) {
        lq_check_condition(engine, task, 0x05, 0x21, 0x00); /* it has shrunk meanwhile */
        return;
    }
    if (lq_quarantine_holds(engine, task))
        return;
    lq_block_submit(engine, task,
                    task->opcode->medium == LQ_MEDIUM_WRITES ? LQ_BLOCK_WRITE : LQ_BLOCK_READ);
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
    lq_end_allocated(engine, task, 32);
}
