/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: blocks, their epochs and their initial content. */
#include "conformance/judges/data.h"
#include "core/base/hash.h"

static uint32_t epoch_of_store(const struct data *data, uint32_t store)
{
    uint32_t epoch = data->losses.count == 0 ? LQ_NONE : lq_map_get(&data->store_epoch, store);
    return epoch == LQ_NONE ? 0 : epoch;
}

/* Begins an epoch with EVENT; returns its number. */
static uint32_t new_epoch(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_array *losses = &lq_data_of(judge)->losses;
    *(const struct lq_event **)lq_array_add(losses, judge->allocator) = event;
    return losses->count;
}

struct lq_block *lq_data_block(struct lq_judge *judge, uint32_t store, uint64_t lba)
{
    struct data *data = lq_data_of(judge);
    struct lq_block *block = lq_registers_block(&data->registers, judge->allocator, store, lba);
    uint32_t epoch = epoch_of_store(data, store);
    if (block->epoch < epoch) {
        lq_registers_restart(&data->registers, block);
        block->epoch = epoch;
        if (block->marks & MARK_LIED)
            block->marks |= MARK_CORRUPTED;
    }
    return block;
}

const struct lq_event *lq_data_loss(const struct lq_judge *judge, const struct lq_block *block)
{
    return block->epoch == 0 ? NULL
                             : *(const struct lq_event **)lq_array_at(&lq_data_of(judge)->losses,
                                                                      block->epoch - 1);
}

void lq_data_store_lost_power(struct lq_judge *judge, const struct lq_event *event)
{
    uint32_t epoch = new_epoch(judge, event);
    for (uint32_t i = 0; i < judge->view.stores.count; i++)
        if (event->code == LQ_POWER_CUT || event->detail == i)
            *lq_map_put(&lq_data_of(judge)->store_epoch, judge->allocator, i) = epoch;
}

void lq_data_blocks_corrupted(struct lq_judge *judge, const struct lq_event *event)
{
    uint32_t epoch = new_epoch(judge, event);
    for (uint32_t i = 0; i < event->nblocks && i < BLOCKS_MAX; i++) {
        struct lq_block *block = lq_data_block(judge, event->code, event->lba + i);
        lq_registers_restart(&lq_data_of(judge)->registers, block);
        block->epoch = epoch;
        block->marks |= MARK_CORRUPTED | MARK_LIED;
    }
}

void lq_data_block_mended(struct lq_judge *judge, struct lq_block *block, struct lq_value *value,
                         const struct lq_event *status)
{
    block->marks &= ~(uint32_t)MARK_CORRUPTED;
    block->epoch = new_epoch(judge, status);
    value->epoch = block->epoch;
}

void lq_data_doubt_store(struct lq_judge *judge, uint32_t store)
{
    *lq_map_put(&lq_data_of(judge)->doubted, judge->allocator, store) = 1;
}

bool lq_data_is_doubted(const struct lq_judge *judge, uint32_t store)
{
    return lq_map_get(&lq_data_of(judge)->doubted, store) == 1;
}

uint64_t lq_data_content_key(uint32_t store, uint64_t content)
{
    return lq_mix(store, content);
}

uint64_t lq_data_initial_content(struct data *data, uint32_t block_bytes)
{
    static const uint8_t zeros[4096];
    if (data->zeros_bytes != block_bytes)
        data->zeros = lq_hash(0, zeros, block_bytes <= sizeof zeros ? block_bytes : sizeof zeros);
    data->zeros_bytes = block_bytes;
    return data->zeros;
}

bool lq_data_is_on_medium(const struct lq_seen_unit *unit, uint64_t lba, uint32_t nblocks)
{
    return unit != NULL && nblocks <= BLOCKS_MAX && lba < unit->blocks &&
           nblocks <= unit->blocks - lba;
}
