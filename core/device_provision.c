/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logical block provisioning [SBC-4 r22 4.7]: UNMAP and GET LBA STATUS. What is unmapped reads as
 * zeros, and always is: nothing is left mapped for convenience.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/device.h"

static const struct lq_sense no_sense = {0, 0, 0};

/* --- UNMAP [SBC-4 r22 5.35] ------------------------------------------------------------------ */

enum { LIST_HEADER_BYTES = 8, DESCRIPTOR_BYTES = 16 };

/* Of an incomplete descriptor at the end nothing is looked at. */
static uint32_t descriptors_of(const struct lq_engine_task *task)
{
    if (task->out_bytes < LIST_HEADER_BYTES)
        return 0;
    uint32_t bytes = task->out_bytes - LIST_HEADER_BYTES;
    uint32_t data = lq_get_be16(task->buffer), said = lq_get_be16(task->buffer + 2);
    data = data < LIST_HEADER_BYTES - 2 ? 0 : data - (LIST_HEADER_BYTES - 2);
    bytes = data < bytes ? data : bytes;
    return (said < bytes ? said : bytes) / DESCRIPTOR_BYTES;
}

/* Makes descriptor PLACE the extent of TASK. */
static void take_descriptor(struct lq_engine_task *task, uint32_t place)
{
    const uint8_t *at = task->buffer + LIST_HEADER_BYTES + (uint64_t)place * DESCRIPTOR_BYTES;
    task->lba = lq_get_be64(at);
    task->nblocks = lq_get_be32(at + 8);
}

bool lq_unmap_overlaps(const struct lq_engine_task *task, uint64_t lba, uint64_t nblocks)
{
    for (uint32_t i = 0; i < descriptors_of(task); i++) {
        const uint8_t *at = task->buffer + LIST_HEADER_BYTES + (uint64_t)i * DESCRIPTOR_BYTES;
        uint64_t first = lq_get_be64(at), count = lq_get_be32(at + 8);
        if (first < lba + nblocks && lba < first + count)
            return true;
    }
    return false;
}

/* True when the list is in order; else TASK has been ended. */
static bool list_is_valid(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t count = descriptors_of(task);
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        take_descriptor(task, i);
        total += task->nblocks;
        if (task->lba > task->unit->nblocks || task->nblocks > task->unit->nblocks - task->lba) {
            lq_check_condition(engine, task, 0x05, 0x21, 0x00); /* ADDRESS OUT OF RANGE */
            return false;
        }
    }
    if (count <= LQ_UNMAP_DESCRIPTORS_MAX && total <= LQ_UNMAP_BLOCKS_MAX)
        return true;
    lq_check_condition(engine, task, 0x05, 0x26, 0x00); /* INVALID FIELD IN PARAMETER LIST */
    return false;
}

/* Wrong "unmap-takes-a-neighbour": where there is one, and the store takes as many. */
static bool takes_neighbour(const struct lq_engine *engine, const struct lq_engine_task *task,
                            uint32_t blocks)
{
    return task->stepped + blocks == task->nblocks &&
           blocks < task->unit->store->store->unmap_blocks_max &&
           task->lba + task->nblocks < task->unit->nblocks &&
           lq_core_wrong(engine, LQ_WRONG_UNMAP_TAKES_A_NEIGHBOUR);
}

/* The next piece; without any left, GOOD. */
static void unmap_more(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t count = descriptors_of(task), most = task->unit->store->store->unmap_blocks_max;
    for (; task->step < count; task->step++, task->stepped = 0) {
        take_descriptor(task, task->step);
        uint32_t left = task->nblocks - task->stepped;
        if (left == 0)
            continue;
        uint32_t blocks = left < most ? left : most;
        if (takes_neighbour(engine, task, blocks))
            blocks++;
        lq_block_submit_part(engine, task, LQ_BLOCK_UNMAP, task->stepped, blocks, NULL);
        return;
    }
    lq_task_end(engine, task, LQ_GOOD, no_sense);
}

void lq_unmap(struct lq_engine *engine, struct lq_engine_task *task)
{
    if ((task->cdb[1] & 1) != 0) { /* ANCHOR */
        lq_check_condition(engine, task, 0x05, 0x24, 0x00);
        return;
    }
    if (task->out_bytes > 0 && task->out_bytes < LIST_HEADER_BYTES) {
        lq_check_condition(engine, task, 0x05, 0x1a, 0x00); /* PARAMETER LIST LENGTH ERROR */
        return;
    }
    if (lq_is_write_protected(engine, task) || !list_is_valid(engine, task))
        return;
    for (uint32_t i = 0; i < descriptors_of(task); i++) {
        take_descriptor(task, i);
        if (lq_quarantine_holds(engine, task))
            return;
    }
    if (lq_overlap_waits(engine, task))
        return;
    task->step = task->stepped = 0;
    if (lq_core_wrong(engine, LQ_WRONG_UNMAP_DOES_NOTHING))
        task->step = descriptors_of(task);
    unmap_more(engine, task);
}

void lq_unmap_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->stepped += task->request.nblocks;
    if (task->stepped > task->nblocks)
        task->stepped = task->nblocks; /* the wrong */
    unmap_more(engine, task);
}

/* --- GET LBA STATUS [SBC-4 r22 5.7] ---------------------------------------------------------- */

enum { STATUS_HEADER_BYTES = 8, STATUS_DESCRIPTORS_MAX = 32, STATUS_REQUESTS_MAX = 16,
       STATUS_BLOCKS_MAX = 1 << 22 };

/* Adds BLOCKS of PROVISIONING to the parameter data, to the descriptor before if it is alike. */
static void put_status(struct lq_engine_task *task, uint64_t lba, uint32_t blocks,
                       enum lq_provisioning provisioning)
{
    uint8_t *at = task->buffer + STATUS_HEADER_BYTES + (uint64_t)task->step * DESCRIPTOR_BYTES;
    uint8_t *before = task->step > 0 ? at - DESCRIPTOR_BYTES : NULL;
    if (before != NULL && before[12] == provisioning &&
        lq_get_be32(before + 8) <= UINT32_MAX - blocks) {
        lq_put_be32(before + 8, lq_get_be32(before + 8) + blocks);
        return;
    }
    memset(at, 0, DESCRIPTOR_BYTES);
    lq_put_be64(at, lba);
    lq_put_be32(at + 8, blocks);
    at[12] = (uint8_t)provisioning;
    task->step++;
}

static void end_status(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t bytes = STATUS_HEADER_BYTES + task->step * DESCRIPTOR_BYTES;
    memset(task->buffer, 0, STATUS_HEADER_BYTES);
    lq_put_be32(task->buffer, bytes - 4);
    lq_end_allocated(engine, task, bytes);
}

/* As many descriptors as the initiator has room for, and no more of the medium than is worth it. */
static void ask_more(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint64_t room = task->defined_bytes < STATUS_HEADER_BYTES + DESCRIPTOR_BYTES
                        ? 1
                        : (task->defined_bytes - STATUS_HEADER_BYTES) / DESCRIPTOR_BYTES;
    uint64_t next = task->lba + task->stepped;
    uint64_t left = next < task->unit->nblocks ? task->unit->nblocks - next : 0; /* it may shrink */
    bool is_enough = task->step >= room || task->step >= STATUS_DESCRIPTORS_MAX ||
                     task->requests >= STATUS_REQUESTS_MAX;
    if (left == 0 || (task->step > 0 && is_enough)) {
        end_status(engine, task);
        return;
    }
    task->requests++;
    lq_block_submit_part(engine, task, LQ_BLOCK_STATUS, task->stepped,
                         left < STATUS_BLOCKS_MAX ? (uint32_t)left : STATUS_BLOCKS_MAX, NULL);
}

void lq_get_lba_status(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->lba = lq_get_be64(task->cdb + 2);
    task->step = task->stepped = task->requests = 0;
    if (task->lba >= task->unit->nblocks) {
        lq_check_condition(engine, task, 0x05, 0x21, 0x00);
    } else if (!task->unit->store->store->is_thin) {
        uint64_t left = task->unit->nblocks - task->lba;
        put_status(task, task->lba, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX,
                   LQ_BLOCK_MAPPED);
        end_status(engine, task);
    } else {
        ask_more(engine, task);
    }
}

void lq_get_lba_status_step(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint32_t blocks = task->request.alike_blocks;
    put_status(task, task->lba + task->stepped, blocks, task->request.provisioning);
    task->stepped += blocks;
    ask_more(engine, task);
}
