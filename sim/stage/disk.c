/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: submit draws the whole course of a request (a plan of at most three moments), and one
 * timer per request walks through it. Draws are named by what the request is (operation, extent)
 * and how often such a one came before, so that other requests do not change them.
 */
#include "sim/stage/disk.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"

enum { SLOW_FACTOR = 20, OVERTAKEN_FACTOR = 4, UNTIL_HEAL_IN = 4, SPLIT_IN = 8 };

enum site {
    SITE_LATENCY = 1,
    SITE_EFFECT,
    SITE_SPLIT,
    SITE_SLOW,
    SITE_OVERTAKEN,
    SITE_HANG,
    SITE_UNTIL_HEAL,
    SITE_LATE_EFFECT,
    SITE_ERROR_BLOCKS
};

struct lq_disk_request {
    struct lq_timer timer;
    struct lq_disk *disk;
    struct lq_block_request *request;
    struct lq_disk_request *next_free;
    uint64_t effect_ns, rest_ns, end_ns; /* first and second half of the effect, end */
    uint32_t first_blocks;               /* what takes effect in the first half */
    uint32_t effect_blocks;              /* of all; fewer than nblocks after an error */
    bool has_begun, has_effect, hangs;
    enum lq_block_status status;
};

static void submit(struct lq_store *store, struct lq_block_request *request);

static const struct lq_store_ops disk_ops = {submit, NULL};

void lq_disk_init(struct lq_disk *disk, const struct lq_allocator *allocator)
{
    *disk = (struct lq_disk){0};
    lq_medium_init(&disk->medium, allocator);
}

void lq_disk_reset(struct lq_disk *disk, const struct lq_disk_options *options, uint32_t requests,
                   struct lq_queue *queue, struct lq_faults *faults)
{
    LQ_ASSERT(options->latency_min_ns > 0 && options->latency_min_ns <= options->latency_max_ns);
    LQ_ASSERT(options->hang_min_ns <= options->hang_max_ns);
    disk->options = *options;
    disk->queue = queue;
    disk->faults = faults;
    disk->last_effect_ns = disk->last_end_ns = 0;
    disk->outstanding = 0;
    disk->holds_until_heal = false;
    disk->store = (struct lq_store){.ops = &disk_ops,
                                    .block_bytes = options->block_bytes,
                                    .nblocks = options->nblocks,
                                    .physical_exponent = options->physical_exponent,
                                    .write_granule_blocks = options->write_granule_blocks,
                                    .volatile_cache = options->volatile_cache};
    memset(disk->occurrences, 0, sizeof disk->occurrences);
    lq_medium_clear(&disk->medium, options->block_bytes);
    if (requests > disk->request_capacity) {
        disk->requests = lq_resize(
            disk->medium.allocator, disk->requests,
            disk->request_capacity * sizeof *disk->requests, requests * sizeof *disk->requests);
        disk->request_capacity = requests;
    }
    disk->free_requests = NULL;
    /* All slots, not only those of this run: the last one may have been stopped in its middle. */
    for (uint32_t i = disk->request_capacity; i > 0; i--) {
        struct lq_disk_request *slot = &disk->requests[i - 1];
        *slot = (struct lq_disk_request){.disk = disk, .next_free = disk->free_requests};
        if (i <= requests)
            disk->free_requests = slot;
    }
}

static uint64_t choose(const struct lq_disk *disk, enum site site, uint64_t subject, uint64_t n)
{
    return lq_choose(disk->faults->choice, LQ_STREAM_DISK, (uint32_t)site, subject, n);
}

static uint64_t between(const struct lq_disk *disk, enum site site, uint64_t subject, uint64_t low,
                        uint64_t high)
{
    return low + choose(disk, site, subject, high - low + 1);
}

static uint64_t later_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void record(const struct lq_disk_request *slot, uint16_t kind, uint32_t done_blocks,
                   uint32_t nblocks)
{
    const struct lq_block_request *request = slot->request;
    struct lq_event event = {.time_ns = *slot->disk->queue->now_ns,
                             .kind = kind,
                             .code = slot->disk->store.number,
                             .detail = (uint32_t)request->op,
                             .nblocks = nblocks,
                             .serial = request->serial,
                             .lba = request->lba + done_blocks,
                             .value = lq_handle_pack(request->handle)};
    if (kind == LQ_S_COMPLETED)
        event.stamp = (uint64_t)slot->status;
    if (request->fua)
        event.flags |= LQ_F_FUA;
    lq_history_add(slot->disk->faults->history, event);
}

static bool is_durable_at_effect(const struct lq_disk_request *slot)
{
    return slot->request->op == LQ_BLOCK_FLUSH ||
           (slot->request->op == LQ_BLOCK_WRITE &&
            (!slot->disk->options.volatile_cache || slot->request->fua));
}

/* Blocks FROM.. of the request, COUNT of them, take effect. */
static void take_effect(const struct lq_disk_request *slot, uint32_t from, uint32_t count)
{
    const struct lq_block_request *request = slot->request;
    struct lq_disk *disk = slot->disk;
    if (request->op != LQ_BLOCK_FLUSH) {
        if (count == 0)
            return;
        uint8_t *data = request->data + (uint64_t)from * disk->options.block_bytes;
        if (request->op == LQ_BLOCK_READ)
            lq_medium_read(&disk->medium, request->lba + from, count, data);
        else
            lq_medium_write(&disk->medium, request->lba + from, count, data);
    }
    record(slot, LQ_S_EFFECT, from, count);
    if (is_durable_at_effect(slot))
        record(slot, LQ_S_DURABLE, from, count);
}

static void end(struct lq_disk_request *slot)
{
    struct lq_disk *disk = slot->disk;
    lq_handle handle = slot->request->handle;
    enum lq_block_status status = slot->status;
    record(slot, LQ_S_COMPLETED, 0, slot->request->nblocks);
    slot->request = NULL;
    slot->next_free = disk->free_requests;
    disk->free_requests = slot;
    disk->outstanding--;
    disk->done(disk->context, disk, handle, status);
}

static void step(struct lq_timer *timer)
{
    struct lq_disk_request *slot = LQ_ELEMENT(timer, struct lq_disk_request, timer);
    struct lq_queue *queue = slot->disk->queue;
    slot->hangs = false;
    if (!slot->has_begun) {
        slot->has_begun = true;
        slot->has_effect = queue->is_free && slot->first_blocks == slot->effect_blocks;
        take_effect(slot, 0, slot->first_blocks);
        uint64_t next = slot->has_effect ? slot->end_ns : slot->rest_ns;
        lq_queue_at(queue, timer, later_of(next, *queue->now_ns), step);
    } else if (!slot->has_effect) {
        slot->has_effect = true;
        if (slot->effect_blocks > slot->first_blocks)
            take_effect(slot, slot->first_blocks, slot->effect_blocks - slot->first_blocks);
        if (slot->end_ns > *queue->now_ns || queue->is_free)
            lq_queue_at(queue, timer, slot->end_ns, step);
        else
            end(slot);
    } else {
        end(slot);
    }
}

/* The name of REQUEST in draws. */
static uint64_t subject_of(struct lq_disk *disk, const struct lq_block_request *request)
{
    uint64_t id = lq_mix(lq_mix((uint64_t)disk->store.number << 8 | (uint64_t)request->op,
                                request->lba), request->nblocks);
    return lq_subject(id, disk->occurrences[id % LQ_DISK_OCCURRENCES]++);
}

static void plan_errors(struct lq_disk_request *slot, uint64_t subject)
{
    struct lq_faults *faults = slot->disk->faults;
    uint32_t nblocks = slot->request->nblocks;
    slot->status = LQ_BLOCK_OK;
    slot->effect_blocks = nblocks;
    if (slot->request->op != LQ_BLOCK_FLUSH &&
        lq_fault_fires(faults, LQ_FAULT_DISK_MEDIUM_ERROR, subject, 0))
        slot->status = LQ_BLOCK_MEDIUM_ERROR;
    else if (lq_fault_fires(faults, LQ_FAULT_DISK_FAILED, subject, 0))
        slot->status = LQ_BLOCK_FAILED;
    if (slot->status != LQ_BLOCK_OK && slot->request->op != LQ_BLOCK_FLUSH)
        slot->effect_blocks =
            (uint32_t)choose(slot->disk, SITE_ERROR_BLOCKS, subject, (uint64_t)nblocks + 1);
    slot->first_blocks = slot->effect_blocks;
    if (slot->effect_blocks > 1 && choose(slot->disk, SITE_SPLIT, subject, SPLIT_IN) == 1)
        slot->first_blocks = slot->effect_blocks / 2;
}

/* A request that hangs: nothing happens for a while, or only its answer is withheld. */
static void plan_hang(struct lq_disk_request *slot, uint64_t subject, uint64_t now,
                      uint64_t latency)
{
    struct lq_disk *disk = slot->disk;
    uint64_t until = 0;
    if (disk->faults->rule != NULL)
        until = lq_fault_release(disk->faults, now);
    else
        until = now + between(disk, SITE_HANG, subject, disk->options.hang_min_ns,
                              disk->options.hang_max_ns);
    if (disk->faults->rule == NULL && !disk->holds_until_heal &&
        choose(disk, SITE_UNTIL_HEAL, subject, UNTIL_HEAL_IN) == 1) {
        disk->holds_until_heal = true;
        until = LQ_NEVER;
    }
    slot->hangs = true;
    slot->end_ns = until == LQ_NEVER ? LQ_NEVER : until + latency;
    if (choose(disk, SITE_LATE_EFFECT, subject, 4) != 1)
        slot->effect_ns = slot->rest_ns = until;
}

static void plan_times(struct lq_disk_request *slot, uint64_t subject, uint64_t now)
{
    struct lq_disk *disk = slot->disk;
    struct lq_faults *faults = disk->faults;
    const struct lq_disk_options *options = &disk->options;
    uint64_t latency = between(disk, SITE_LATENCY, subject, options->latency_min_ns,
                               options->latency_max_ns);
    if (lq_fault_fires(faults, LQ_FAULT_DISK_LATENCY, subject, 0))
        latency = latency * (1 + between(disk, SITE_SLOW, subject, 1, SLOW_FACTOR)) +
                  lq_fault_delay(faults);
    bool overtaken = lq_fault_fires(faults, LQ_FAULT_DISK_REORDER, subject, 0);
    if (overtaken)
        latency = latency * (1 + between(disk, SITE_OVERTAKEN, subject, 1, OVERTAKEN_FACTOR)) +
                  lq_fault_delay(faults);
    uint64_t until_effect = between(disk, SITE_EFFECT, subject, 0, latency);
    slot->effect_ns = now + until_effect;
    slot->end_ns = now + latency;
    slot->hangs = false;
    bool hung = lq_fault_fires(faults, LQ_FAULT_DISK_HANG, subject, 0);
    if (!overtaken && !hung) {
        slot->effect_ns = later_of(slot->effect_ns, disk->last_effect_ns);
        slot->end_ns = later_of(later_of(slot->end_ns, disk->last_end_ns), slot->effect_ns);
        disk->last_effect_ns = slot->effect_ns;
        disk->last_end_ns = slot->end_ns;
    }
    slot->rest_ns = slot->effect_ns;
    if (slot->first_blocks < slot->effect_blocks)
        slot->rest_ns += (slot->end_ns - slot->effect_ns) / 2;
    if (hung)
        plan_hang(slot, subject, now, latency);
}

static void submit(struct lq_store *store, struct lq_block_request *request)
{
    struct lq_disk *disk = LQ_ELEMENT(store, struct lq_disk, store);
    struct lq_disk_request *slot = disk->free_requests;
    LQ_ASSERT(slot != NULL); /* the engine has at most one request per task slot */
    LQ_ASSERT(request->op == LQ_BLOCK_FLUSH ||
              (request->nblocks > 0 && request->lba < disk->options.nblocks &&
               request->nblocks <= disk->options.nblocks - request->lba));
    disk->free_requests = slot->next_free;
    disk->outstanding++;
    slot->request = request;
    slot->has_begun = slot->has_effect = false;
    record(slot, LQ_S_SUBMITTED, 0, request->nblocks);
    uint64_t subject = subject_of(disk, request);
    plan_errors(slot, subject);
    plan_times(slot, subject, *disk->queue->now_ns);
    lq_queue_at(disk->queue, &slot->timer, slot->effect_ns, step);
}

void lq_disk_heal(struct lq_disk *disk)
{
    uint64_t now = *disk->queue->now_ns;
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request == NULL || slot->disk != disk)
            continue;
        uint64_t latest = now + disk->options.latency_max_ns;
        uint64_t *moments[] = {&slot->effect_ns, &slot->rest_ns, &slot->end_ns};
        for (uint32_t m = 0; m < 3; m++)
            if (*moments[m] > latest)
                *moments[m] = latest;
        uint64_t next = !slot->has_begun ? slot->effect_ns
                        : !slot->has_effect ? slot->rest_ns
                                            : slot->end_ns;
        lq_queue_at(disk->queue, &slot->timer, later_of(next, now), step);
    }
    disk->holds_until_heal = false;
}

struct lq_timer *lq_disk_next_step(struct lq_disk *disk, uint32_t *at)
{
    while (*at < disk->request_capacity) {
        struct lq_disk_request *slot = &disk->requests[(*at)++];
        if (slot->request != NULL && lq_timer_is_set(&slot->timer))
            return &slot->timer;
    }
    return NULL;
}

void lq_disk_describe(const struct lq_disk *disk, const struct lq_timer *timer,
                      struct lq_print *print)
{
    static const char *const operations[] = {
        [LQ_BLOCK_READ] = "read", [LQ_BLOCK_WRITE] = "write", [LQ_BLOCK_FLUSH] = "flush"};
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        const struct lq_disk_request *slot = &disk->requests[i];
        if (&slot->timer != timer)
            continue;
        lq_print_text(print, "store ");
        lq_print_number(print, disk->store.number);
        lq_print_text(print, ": the ");
        lq_print_text(print, operations[slot->request->op]);
        lq_print_text(print, " of command ");
        lq_print_number(print, slot->request->serial);
        lq_print_text(print, slot->has_effect ? " ends" : " takes effect");
    }
}

void lq_disk_fini(struct lq_disk *disk)
{
    if (disk->requests != NULL)
        (void)lq_resize(disk->medium.allocator, disk->requests,
                               disk->request_capacity * sizeof *disk->requests, 0);
    lq_medium_fini(&disk->medium);
    disk->requests = NULL;
    disk->request_capacity = 0;
}
