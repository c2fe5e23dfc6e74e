/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: submit draws the whole course of a request (a plan of at most three moments), and one
 * timer per request walks through it. Draws are named by what the request is (operation, extent)
 * and how often such a one came before, so that other requests do not change them.
 */
#include "sim/stage/disk_request.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"

enum { SLOW_FACTOR = 20, OVERTAKEN_FACTOR = 4, UNTIL_HEAL_IN = 4, SPLIT_IN = 8, ASTRAY_MAX = 32 };

enum { UNMAP_BLOCKS_MAX = 256, STATUS_BLOCKS_MAX = 4096 };

static void submit(struct lq_store *store, struct lq_block_request *request);

static void mix_request(const struct lq_store *store, const struct lq_block_request *request,
                        struct lq_digest *digest);

/* Records of logical units, when the target starts. */
static bool load(struct lq_store *store, uint64_t lba, uint32_t nblocks, uint8_t *data)
{
    const struct lq_disk *disk = LQ_ELEMENT(store, struct lq_disk, store);
    lq_medium_read(&disk->medium, lba, nblocks, data);
    return true;
}

static const struct lq_store_ops disk_ops = {submit, NULL, lq_disk_fence, load, mix_request};

void lq_disk_init(struct lq_disk *disk, const struct lq_allocator *allocator)
{
    *disk = (struct lq_disk){0};
    lq_medium_init(&disk->medium, allocator);
    lq_cache_init(&disk->cache, &disk->medium);
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
    disk->holds_until_heal = disk->tells_reset = disk->is_losing = false;
    disk->bad_count = 0;
    disk->losses = 0;
    disk->store = (struct lq_store){.ops = &disk_ops,
                                    .block_bytes = options->block_bytes,
                                    .nblocks = options->nblocks,
                                    .reserved_blocks =
                                        options->keeps_records
                                            ? LQ_SAVED_BYTES / options->block_bytes
                                            : 0,
                                    .physical_exponent = options->physical_exponent,
                                    .write_granule_blocks = options->write_granule_blocks,
                                    .volatile_cache = options->volatile_cache,
                                    .is_thin = options->is_thin,
                                    .unmap_granule_blocks = options->is_thin ? 1 : 0,
                                    .unmap_blocks_max = options->is_thin ? UNMAP_BLOCKS_MAX : 0,
                                    .pool_blocks = options->pool_blocks,
                                    .soft_threshold_blocks = options->soft_threshold_blocks,
                                    .cannot_fence = options->is_unfenced};
    memset(disk->occurrences, 0, sizeof disk->occurrences);
    lq_medium_clear(&disk->medium, options->block_bytes);
    lq_cache_clear(&disk->cache);
    if (requests > disk->request_capacity) {
        disk->requests = lq_resize(
            disk->medium.allocator, disk->requests,
            disk->request_capacity * sizeof *disk->requests, requests * sizeof *disk->requests);
        memset(disk->requests + disk->request_capacity, 0,
               (requests - disk->request_capacity) * sizeof *disk->requests);
        disk->request_capacity = requests;
    }
    disk->free_requests = NULL;
    /* All slots, not only those of this run: the last one may have been stopped in its middle. */
    for (uint32_t i = disk->request_capacity; i > 0; i--) {
        struct lq_disk_request *slot = &disk->requests[i - 1];
        *slot = (struct lq_disk_request){.disk = disk,
                                         .next_free = disk->free_requests,
                                         .data = slot->data,
                                         .data_bytes = slot->data_bytes};
        if (i <= requests)
            disk->free_requests = slot;
    }
}

static uint64_t between(const struct lq_disk *disk, enum lq_disk_site site, uint64_t subject,
                        uint64_t low, uint64_t high)
{
    return low + lq_disk_choose(disk, site, subject, high - low + 1);
}

static uint64_t later_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void lq_disk_record(const struct lq_disk_request *slot, uint16_t kind, uint32_t done_blocks,
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
    lq_history_add(slot->disk->faults->history, &event);
}

/* Changes blocks of the medium. */
static bool is_change(const struct lq_block_request *request)
{
    return request->op == LQ_BLOCK_WRITE || request->op == LQ_BLOCK_UNMAP;
}

static bool is_durable_at_effect(const struct lq_disk_request *slot)
{
    if (slot->request->op == LQ_BLOCK_FLUSH)
        return slot->status == LQ_BLOCK_OK;
    return is_change(slot->request) && !slot->disk->is_losing &&
           (!slot->disk->options.volatile_cache || slot->request->fua);
}

static bool is_within(uint64_t lba, uint64_t first, uint32_t count)
{
    return lba >= first && lba - first < count;
}

/* Blocks FIRST.. have been written: they can be read again. */
static void mend(struct lq_disk *disk, uint64_t first, uint32_t count)
{
    for (uint32_t i = disk->bad_count; i > 0; i--)
        if (is_within(disk->bad[i - 1], first, count))
            disk->bad[i - 1] = disk->bad[--disk->bad_count];
}

static void write_blocks(const struct lq_disk_request *slot, uint32_t from, uint32_t count,
                         const uint8_t *data)
{
    struct lq_disk *disk = slot->disk;
    uint64_t lba = slot->request->lba + from + slot->astray_by;
    mend(disk, lba, count);
    lq_cache_write(&disk->cache, lba, count, data, slot->request->serial,
                   is_durable_at_effect(slot));
    if (slot->astray_by == 0)
        return;
    /* Where it went, and where it should have gone. */
    lq_disk_record(slot, LQ_S_CORRUPTED, (uint32_t)(from + slot->astray_by), count);
    lq_disk_record(slot, LQ_S_CORRUPTED, from, count);
}

static void flush(const struct lq_disk_request *slot)
{
    if (slot->status == LQ_BLOCK_OK)
        lq_cache_flush(&slot->disk->cache, slot->request->lba, slot->request->nblocks);
    else if (slot->status == LQ_BLOCK_CACHE_LOST)
        lq_cache_forget(&slot->disk->cache);
}

/* How the first blocks are provisioned, and how many are alike. */
static void tell_status(struct lq_disk *disk, struct lq_block_request *request)
{
    uint32_t most = request->nblocks < STATUS_BLOCKS_MAX ? request->nblocks : STATUS_BLOCKS_MAX;
    bool is_mapped = lq_medium_is_mapped(&disk->medium, request->lba);
    uint32_t alike = 1;
    while (alike < most && lq_medium_is_mapped(&disk->medium, request->lba + alike) == is_mapped)
        alike++;
    request->alike_blocks = alike;
    request->provisioning = is_mapped ? LQ_BLOCK_MAPPED : LQ_BLOCK_DEALLOCATED;
}

void lq_disk_take_effect(struct lq_disk_request *slot, uint32_t count)
{
    struct lq_block_request *request = slot->request;
    struct lq_disk *disk = slot->disk;
    uint32_t from = slot->done_blocks;
    slot->done_blocks += count;
    if (request->op == LQ_BLOCK_FLUSH) {
        flush(slot);
    } else {
        if (count == 0)
            return;
        bool has_data = request->op == LQ_BLOCK_READ || request->op == LQ_BLOCK_WRITE;
        uint8_t *data =
            has_data ? request->data + (uint64_t)from * disk->options.block_bytes : NULL;
        if (request->op == LQ_BLOCK_READ)
            lq_medium_read(&disk->medium, request->lba + from, count, data);
        else if (request->op == LQ_BLOCK_STATUS)
            tell_status(disk, request);
        else
            write_blocks(slot, from, count, data);
        disk->store.pool_used_blocks = disk->options.is_thin ? disk->medium.mapped : 0;
    }
    lq_disk_record(slot, LQ_S_EFFECT, from, count);
    if (is_durable_at_effect(slot))
        lq_disk_record(slot, LQ_S_DURABLE, from, count);
}

/* One block of the write cannot be read any more. */
static void go_bad(const struct lq_disk_request *slot)
{
    struct lq_disk *disk = slot->disk;
    const struct lq_block_request *request = slot->request;
    if (!slot->goes_bad || disk->bad_count == LQ_DISK_BAD_MAX)
        return;
    disk->bad[disk->bad_count++] =
        request->lba + lq_disk_choose(disk, LQ_DISK_SITE_BAD_BLOCK, slot->subject,
                                      request->nblocks);
}

void lq_disk_release(struct lq_disk_request *slot)
{
    struct lq_disk *disk = slot->disk;
    slot->request = NULL;
    slot->next_free = disk->free_requests;
    disk->free_requests = slot;
    disk->outstanding--;
}

void lq_disk_end(struct lq_disk_request *slot)
{
    struct lq_disk *disk = slot->disk;
    lq_handle handle = slot->request->handle;
    enum lq_block_status status = slot->status;
    bool is_told = !slot->is_deserted;
    go_bad(slot);
    lq_disk_record(slot, LQ_S_COMPLETED, 0, slot->request->nblocks);
    lq_disk_release(slot);
    if (is_told)
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
        lq_disk_take_effect(slot, slot->first_blocks);
        uint64_t next = slot->has_effect ? slot->end_ns : slot->rest_ns;
        lq_queue_at(queue, timer, later_of(next, *queue->now_ns), step);
    } else if (!slot->has_effect) {
        slot->has_effect = true;
        if (slot->effect_blocks > slot->first_blocks)
            lq_disk_take_effect(slot, slot->effect_blocks - slot->first_blocks);
        if (slot->end_ns > *queue->now_ns || queue->is_free)
            lq_queue_at(queue, timer, slot->end_ns, step);
        else
            lq_disk_end(slot);
    } else {
        lq_disk_end(slot);
    }
}

/* The name of REQUEST in draws. */
static uint64_t subject_of(struct lq_disk *disk, const struct lq_block_request *request)
{
    uint64_t id = lq_mix(lq_mix((uint64_t)disk->store.number << 8 | (uint64_t)request->op,
                                request->lba), request->nblocks);
    return lq_subject(id, disk->occurrences[id % LQ_DISK_OCCURRENCES]++);
}

static bool is_bad(const struct lq_disk *disk, const struct lq_block_request *request)
{
    for (uint32_t i = 0; i < disk->bad_count; i++)
        if (is_within(disk->bad[i], request->lba, request->nblocks))
            return true;
    return false;
}

/* A thin disk has no room for all that the write would map. */
static bool is_full(const struct lq_disk *disk, const struct lq_block_request *request)
{
    uint64_t pool = disk->options.is_thin ? disk->options.pool_blocks : 0;
    if (pool == 0 || disk->medium.mapped + request->nblocks <= pool)
        return false;
    uint64_t wanted = disk->medium.mapped;
    for (uint32_t i = 0; i < request->nblocks; i++)
        wanted += lq_medium_is_mapped(&disk->medium, request->lba + i) ? 0 : 1;
    return wanted > pool;
}

/* How a request ends. */
static enum lq_block_status plan_status(struct lq_disk *disk,
                                        const struct lq_block_request *request, uint64_t subject)
{
    struct lq_faults *faults = disk->faults;
    if (request->op != LQ_BLOCK_FLUSH && request->op != LQ_BLOCK_STATUS &&
        lq_fault_fires(faults, LQ_FAULT_DISK_MEDIUM_ERROR, subject, 0))
        return LQ_BLOCK_MEDIUM_ERROR;
    if (request->op == LQ_BLOCK_READ && is_bad(disk, request))
        return LQ_BLOCK_MEDIUM_ERROR;
    if (lq_fault_fires(faults, LQ_FAULT_DISK_FAILED, subject, 0))
        return LQ_BLOCK_FAILED;
    if (request->op == LQ_BLOCK_WRITE &&
        (is_full(disk, request) || lq_fault_fires(faults, LQ_FAULT_DISK_FULL, subject, 0)))
        return LQ_BLOCK_NO_SPACE;
    if (request->op == LQ_BLOCK_FLUSH && disk->options.volatile_cache &&
        lq_fault_fires(faults, LQ_FAULT_DISK_CACHE_LOST, subject, 0))
        return LQ_BLOCK_CACHE_LOST;
    return LQ_BLOCK_OK;
}

/* What a write that ends well does wrong all the same. */
static void plan_lies(struct lq_disk_request *slot, uint64_t subject)
{
    const struct lq_disk *disk = slot->disk;
    const struct lq_block_request *request = slot->request;
    if (request->lba >= disk->options.nblocks)
        return; /* that a record is gone could not be told from one that was never there */
    slot->goes_bad = lq_fault_fires(disk->faults, LQ_FAULT_DISK_LATENT_ERROR, subject, 0);
    if (!lq_fault_fires(disk->faults, LQ_FAULT_DISK_MISDIRECTED, subject, 0))
        return;
    slot->astray_by = request->nblocks + lq_disk_choose(disk, LQ_DISK_SITE_ASTRAY, subject,
                                                        ASTRAY_MAX);
    if (slot->astray_by >= disk->options.nblocks - request->lba ||
        request->nblocks > disk->options.nblocks - request->lba - slot->astray_by)
        slot->astray_by = 0; /* there is nothing behind it */
}

static void plan_errors(struct lq_disk_request *slot, uint64_t subject)
{
    uint32_t nblocks = slot->request->nblocks;
    slot->status = plan_status(slot->disk, slot->request, subject);
    slot->goes_bad = false;
    slot->astray_by = 0;
    slot->effect_blocks = slot->request->op == LQ_BLOCK_FLUSH ? 0 : nblocks;
    if (slot->status == LQ_BLOCK_NO_SPACE)
        slot->effect_blocks = 0;
    else if (slot->status != LQ_BLOCK_OK && slot->request->op != LQ_BLOCK_FLUSH)
        slot->effect_blocks = (uint32_t)lq_disk_choose(slot->disk, LQ_DISK_SITE_ERROR_BLOCKS,
                                                       subject, (uint64_t)nblocks + 1);
    if (slot->status == LQ_BLOCK_OK && slot->request->op == LQ_BLOCK_WRITE)
        plan_lies(slot, subject);
    slot->first_blocks = slot->effect_blocks;
    if (slot->effect_blocks > 1 && slot->request->op != LQ_BLOCK_STATUS &&
        lq_disk_choose(slot->disk, LQ_DISK_SITE_SPLIT, subject, SPLIT_IN) == 1)
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
        until = now + between(disk, LQ_DISK_SITE_HANG, subject, disk->options.hang_min_ns,
                              disk->options.hang_max_ns);
    if (disk->faults->rule == NULL && !disk->holds_until_heal &&
        lq_disk_choose(disk, LQ_DISK_SITE_UNTIL_HEAL, subject, UNTIL_HEAL_IN) == 1) {
        disk->holds_until_heal = true;
        until = LQ_NEVER;
    }
    slot->hangs = true;
    slot->end_ns = until == LQ_NEVER ? LQ_NEVER : until + latency;
    if (lq_disk_choose(disk, LQ_DISK_SITE_LATE_EFFECT, subject, 4) != 1)
        slot->effect_ns = slot->rest_ns = until;
}

static void plan_times(struct lq_disk_request *slot, uint64_t subject, uint64_t now)
{
    struct lq_disk *disk = slot->disk;
    struct lq_faults *faults = disk->faults;
    const struct lq_disk_options *options = &disk->options;
    uint64_t latency = between(disk, LQ_DISK_SITE_LATENCY, subject, options->latency_min_ns,
                               options->latency_max_ns);
    if (lq_fault_fires(faults, LQ_FAULT_DISK_LATENCY, subject, 0))
        latency = latency * (1 + between(disk, LQ_DISK_SITE_SLOW, subject, 1, SLOW_FACTOR)) +
                  lq_fault_delay(faults);
    bool overtaken = lq_fault_fires(faults, LQ_FAULT_DISK_REORDER, subject, 0);
    if (overtaken)
        latency = latency * (1 + between(disk, LQ_DISK_SITE_OVERTAKEN, subject, 1,
                                         OVERTAKEN_FACTOR)) +
                  lq_fault_delay(faults);
    uint64_t until_effect = between(disk, LQ_DISK_SITE_EFFECT, subject, 0, latency);
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

/* Room for a request: of one that nobody waits for when there is no other. */
static struct lq_disk_request *take_slot(struct lq_disk *disk)
{
    for (uint32_t i = 0; i < disk->request_capacity && disk->free_requests == NULL; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request == NULL || !slot->is_deserted)
            continue;
        lq_queue_cancel(disk->queue, &slot->timer);
        lq_disk_release(slot);
    }
    struct lq_disk_request *slot = disk->free_requests;
    LQ_ASSERT(slot != NULL); /* the engine has at most one request per task slot */
    disk->free_requests = slot->next_free;
    disk->outstanding++;
    return slot;
}

static void submit(struct lq_store *store, struct lq_block_request *request)
{
    struct lq_disk *disk = LQ_ELEMENT(store, struct lq_disk, store);
    uint64_t end = disk->options.nblocks + disk->store.reserved_blocks;
    LQ_ASSERT(request->op < LQ_BLOCK_UNMAP || disk->options.is_thin);
    LQ_ASSERT(request->op == LQ_BLOCK_FLUSH ||
              (request->nblocks > 0 && request->lba < end &&
               request->nblocks <= end - request->lba));
    struct lq_disk_request *slot = take_slot(disk);
    slot->request = request;
    slot->done_blocks = 0;
    slot->has_begun = slot->has_effect = slot->is_deserted = slot->is_struck = false;
    lq_disk_record(slot, LQ_S_SUBMITTED, 0, request->nblocks);
    slot->subject = subject_of(disk, request);
    plan_errors(slot, slot->subject);
    plan_times(slot, slot->subject, *disk->queue->now_ns);
    if (disk->tells_reset) {
        disk->tells_reset = false;
        slot->status = LQ_BLOCK_RESET;
        slot->effect_blocks = slot->first_blocks = 0;
        slot->goes_bad = slot->hangs = false;
        slot->effect_ns = slot->rest_ns = slot->end_ns = *disk->queue->now_ns;
    }
    lq_queue_at(disk->queue, &slot->timer, slot->effect_ns, step);
}

void lq_disk_release_until(struct lq_disk *disk, uint64_t latest)
{
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request == NULL || slot->disk != disk)
            continue;
        uint64_t *moments[] = {&slot->effect_ns, &slot->rest_ns, &slot->end_ns};
        for (uint32_t m = 0; m < 3; m++)
            if (*moments[m] > latest)
                *moments[m] = latest;
        uint64_t next = !slot->has_begun ? slot->effect_ns
                        : !slot->has_effect ? slot->rest_ns
                                            : slot->end_ns;
        lq_queue_at(disk->queue, &slot->timer, later_of(next, *disk->queue->now_ns), step);
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
        [LQ_BLOCK_READ] = "read", [LQ_BLOCK_WRITE] = "write", [LQ_BLOCK_FLUSH] = "flush",
        [LQ_BLOCK_UNMAP] = "unmapping", [LQ_BLOCK_STATUS] = "status"};
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

static void mix_request(const struct lq_store *store, const struct lq_block_request *request,
                        struct lq_digest *digest)
{
    const struct lq_disk *disk =
        (const struct lq_disk *)(const void *)((const char *)store -
                                                       offsetof(struct lq_disk, store));
    for (uint32_t i = 0; i < disk->request_capacity; i++) {
        const struct lq_disk_request *slot = &disk->requests[i];
        if (slot->request != request)
            continue;
        lq_digest_two(digest, slot->has_begun, slot->has_effect);
        lq_digest_two(digest, lq_timer_is_set(&slot->timer), slot->status);
        lq_digest_two(digest, slot->first_blocks, slot->effect_blocks);
        lq_digest_two(digest, slot->done_blocks, slot->goes_bad);
        lq_digest_two(digest, slot->astray_by, slot->is_struck);
        if (request->op == LQ_BLOCK_WRITE || (request->op == LQ_BLOCK_READ && slot->has_begun))
            lq_digest_bytes(digest, request->data,
                            (size_t)request->nblocks * disk->options.block_bytes);
    }
}

void lq_disk_digest(const struct lq_disk *disk, struct lq_digest *digest)
{
    lq_digest_two(digest, disk->outstanding, disk->holds_until_heal);
    lq_digest_two(digest, disk->tells_reset, disk->is_losing);
    lq_digest_two(digest, disk->bad_count, disk->cache.count);
    for (uint32_t i = 0; i < disk->bad_count; i++)
        lq_digest_word(digest, disk->bad[i]);
    for (uint32_t i = 0; i < disk->cache.count; i++) {
        const struct lq_cached_write *write =
            &disk->cache.writes[(disk->cache.first + i) % LQ_CACHE_WRITES];
        lq_digest_two(digest, write->lba, write->nblocks);
        lq_digest_word(digest, write->is_forgotten);
        lq_digest_bytes(digest, write->is_safe, write->nblocks);
    }
    lq_medium_digest(&disk->medium, digest);
}

void lq_disk_heal(struct lq_disk *disk)
{
    lq_disk_release_until(disk, *disk->queue->now_ns + disk->options.latency_max_ns);
}

void lq_disk_fini(struct lq_disk *disk)
{
    for (uint32_t i = 0; i < disk->request_capacity; i++)
        if (disk->requests[i].data != NULL)
            (void)lq_resize(disk->medium.allocator, disk->requests[i].data,
                            disk->requests[i].data_bytes, 0);
    if (disk->requests != NULL)
        (void)lq_resize(disk->medium.allocator, disk->requests,
                               disk->request_capacity * sizeof *disk->requests, 0);
    lq_cache_fini(&disk->cache);
    lq_medium_fini(&disk->medium);
    disk->requests = NULL;
    disk->request_capacity = 0;
}
