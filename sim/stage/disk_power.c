/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a virtual disk loses its power, and what becomes of requests whose target has crashed.
 *
 * Method: what is on its way when power goes has reached the disk or not; what has is cached like
 * anything else, so that the three fates of the cache are all there is.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "sim/stage/disk_request.h"

/* What is lost is a fault's draw: by a seed in scenarios, too. */
enum { FATES = 4, SITE_FATE = 3000, SITE_CUT, SITE_IN_FLIGHT };

static uint64_t choose(const struct lq_disk *disk, uint32_t site, uint64_t subject, uint64_t n)
{
    return lq_choose(disk->faults->choice, LQ_STREAM_FAULT, site, subject, n);
}

static void record_fate(const struct lq_disk *disk, const struct lq_cached_write *write,
                        enum lq_fate fate)
{
    lq_history_add(disk->faults->history, &(struct lq_event){.time_ns = *disk->queue->now_ns,
                                                            .kind = LQ_S_FATE,
                                                            .code = disk->store.number,
                                                            .detail = (uint32_t)fate,
                                                            .lba = write->lba,
                                                            .nblocks = write->nblocks,
                                                            .serial = write->serial});
}

static enum lq_fate decide(void *context, const struct lq_cached_write *write, uint32_t *cut,
                           bool *is_tail)
{
    static const enum lq_fate fates[FATES] = {LQ_FATE_KEPT, LQ_FATE_LOST, LQ_FATE_LOST,
                                              LQ_FATE_TORN};
    struct lq_disk *disk = context;
    uint64_t id = lq_mix(lq_mix(disk->losses, write->serial), write->lba);
    uint64_t subject = lq_subject(id, disk->store.number);
    enum lq_fate fate = fates[choose(disk, SITE_FATE, subject, FATES)];
    if (fate == LQ_FATE_TORN && write->nblocks == 1)
        fate = LQ_FATE_LOST; /* a block is written whole or not at all */
    if (fate == LQ_FATE_TORN) {
        uint64_t drawn = choose(disk, SITE_CUT, subject, 2 * ((uint64_t)write->nblocks - 1));
        *cut = 1 + (uint32_t)(drawn / 2);
        *is_tail = drawn % 2 == 1;
    }
    record_fate(disk, write, fate);
    return fate;
}

/* The rest of a write that is on its way may have reached the disk already. */
static void catch_up(struct lq_disk_request *slot)
{
    bool is_change = slot->request->op == LQ_BLOCK_WRITE || slot->request->op == LQ_BLOCK_UNMAP;
    if (!is_change || slot->status != LQ_BLOCK_OK ||
        slot->done_blocks == slot->effect_blocks ||
        choose(slot->disk, SITE_IN_FLIGHT, slot->subject, 2) == 0)
        return;
    lq_disk_take_effect(slot, slot->effect_blocks - slot->done_blocks);
}

static void lose_power(struct lq_disk *disk)
{
    disk->losses++;
    disk->is_losing = true;
    for (uint32_t i = 0; i < disk->request_capacity; i++)
        if (disk->requests[i].request != NULL)
            catch_up(&disk->requests[i]);
    disk->is_losing = false;
    lq_cache_lose(&disk->cache, decide, disk);
    disk->last_effect_ns = disk->last_end_ns = 0;
    disk->holds_until_heal = false;
}

void lq_disk_cut_power(struct lq_disk *disk)
{
    lose_power(disk);
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request == NULL)
            continue;
        lq_queue_cancel(disk->queue, &slot->timer);
        lq_disk_release(slot);
    }
    disk->tells_reset = false;
}

void lq_disk_reset_power(struct lq_disk *disk)
{
    lose_power(disk);
    bool is_told = false;
    for (uint32_t i = 0; i < disk->request_capacity; i++)
        disk->requests[i].is_struck = disk->requests[i].request != NULL;
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (!slot->is_struck || slot->request == NULL)
            continue;
        slot->is_struck = slot->goes_bad = false;
        slot->status = LQ_BLOCK_RESET;
        is_told |= !slot->is_deserted;
        lq_queue_cancel(disk->queue, &slot->timer);
        lq_disk_end(slot);
    }
    disk->tells_reset |= !is_told;
}

/* --- the end of a target -------------------------------------------------------------------- */

static void keep_copy(struct lq_disk_request *slot)
{
    struct lq_disk *disk = slot->disk;
    bool has_data = slot->request->op == LQ_BLOCK_READ || slot->request->op == LQ_BLOCK_WRITE;
    uint64_t bytes = has_data ? (uint64_t)slot->request->nblocks * disk->options.block_bytes : 0;
    if (bytes > slot->data_bytes) {
        slot->data = lq_resize(disk->medium.allocator, slot->data, slot->data_bytes, bytes);
        slot->data_bytes = bytes;
    }
    if (slot->request->op == LQ_BLOCK_WRITE)
        memcpy(slot->data, slot->request->data, (size_t)bytes);
    slot->copy = *slot->request;
    slot->copy.data = slot->data;
    slot->request = &slot->copy;
    slot->is_deserted = true;
}

/* By seeds, what nobody waits for ends soon: a target that waits for its fence would only wait. */
static void hurry(struct lq_disk *disk)
{
    enum { DESERTED_NS = 300 * 1000 * 1000 };
    if (disk->faults->rules == NULL)
        lq_disk_release_until(disk, *disk->queue->now_ns + DESERTED_NS);
}

void lq_disk_desert(struct lq_disk *disk)
{
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request != NULL && !slot->is_deserted)
            keep_copy(slot);
    }
    hurry(disk);
    lq_cache_remember(&disk->cache); /* what a failed flush forgot was the target's own to forget */
}

bool lq_disk_fence(struct lq_store *store)
{
    struct lq_disk *disk = LQ_ELEMENT(store, struct lq_disk, store);
    if (disk->options.is_unfenced)
        return true;
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request == NULL || !slot->is_deserted)
            continue;
        if (disk->options.fence_waits)
            return false;
        lq_queue_cancel(disk->queue, &slot->timer);
        lq_disk_release(slot);
    }
    return true;
}
