/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: an undo log. To lose power is to put back what the writes replaced, youngest first, and
 * then to write those again that are kept, oldest first. A block of a write that is durable, or
 * that something durable has replaced since, is marked safe and left out of both.
 */
#include "sim/stage/cache.h"

#include <string.h>

#include "core/base/assert.h"

void lq_cache_init(struct lq_cache *cache, struct lq_medium *medium)
{
    *cache = (struct lq_cache){.medium = medium};
}

void lq_cache_fini(struct lq_cache *cache)
{
    for (uint32_t i = 0; i < LQ_CACHE_WRITES; i++) {
        struct lq_cached_write *write = &cache->writes[i];
        if (write->is_safe != NULL)
            (void)lq_resize(cache->medium->allocator, write->is_safe, write->bytes, 0);
    }
    *cache = (struct lq_cache){.medium = cache->medium};
}

void lq_cache_clear(struct lq_cache *cache)
{
    cache->first = cache->count = 0;
}

static struct lq_cached_write *write_at(struct lq_cache *cache, uint32_t age)
{
    return &cache->writes[(cache->first + age) % LQ_CACHE_WRITES];
}

/* Content of block I of WRITE before it, and after it. */
static uint8_t *old_block(const struct lq_cache *cache, const struct lq_cached_write *write,
                          uint32_t i)
{
    return write->is_safe + write->nblocks + (uint64_t)i * cache->medium->block_bytes;
}

static uint8_t *new_block(const struct lq_cache *cache, const struct lq_cached_write *write,
                          uint32_t i)
{
    return old_block(cache, write, write->nblocks + i);
}

/* Block LBA as the writes of age BELOW and older left it does not matter any more. */
static void make_safe(struct lq_cache *cache, uint32_t below, uint64_t lba)
{
    for (uint32_t age = 0; age < below; age++) {
        struct lq_cached_write *write = write_at(cache, age);
        if (lba >= write->lba && lba - write->lba < write->nblocks)
            write->is_safe[lba - write->lba] = 1;
    }
}

static struct lq_cached_write *append(struct lq_cache *cache, uint32_t nblocks)
{
    if (cache->count == LQ_CACHE_WRITES) { /* the oldest has gone to the platter long ago */
        cache->first = (cache->first + 1) % LQ_CACHE_WRITES;
        cache->count--;
    }
    struct lq_cached_write *write = write_at(cache, cache->count++);
    uint64_t wanted = nblocks * (1 + 2 * (uint64_t)cache->medium->block_bytes);
    if (wanted > write->bytes) {
        write->is_safe =
            lq_resize(cache->medium->allocator, write->is_safe, write->bytes, wanted);
        write->bytes = wanted;
    }
    return write;
}

void lq_cache_write(struct lq_cache *cache, uint64_t lba, uint32_t nblocks, const uint8_t *data,
                    uint64_t serial, bool is_durable)
{
    if (is_durable) {
        for (uint32_t i = 0; i < nblocks && cache->count > 0; i++)
            make_safe(cache, cache->count, lba + i);
    } else {
        struct lq_cached_write *write = append(cache, nblocks);
        write->lba = lba;
        write->serial = serial;
        write->nblocks = nblocks;
        write->is_unmap = data == NULL;
        write->is_forgotten = false;
        memset(write->is_safe, 0, nblocks);
        lq_medium_read(cache->medium, lba, nblocks, old_block(cache, write, 0));
        if (data != NULL)
            memcpy(new_block(cache, write, 0), data,
                   (uint64_t)nblocks * cache->medium->block_bytes);
    }
    if (data != NULL)
        lq_medium_write(cache->medium, lba, nblocks, data);
    else
        lq_medium_unmap(cache->medium, lba, nblocks);
}

static bool has_forgotten(struct lq_cache *cache)
{
    bool has = false;
    for (uint32_t age = 0; age < cache->count; age++)
        has |= write_at(cache, age)->is_forgotten;
    return has;
}

void lq_cache_flush(struct lq_cache *cache, uint64_t lba, uint32_t nblocks)
{
    if (nblocks == 0 && !has_forgotten(cache)) {
        lq_cache_clear(cache);
        return;
    }
    for (uint32_t age = 0; age < cache->count; age++) {
        const struct lq_cached_write *write = write_at(cache, age);
        for (uint32_t i = 0; i < write->nblocks && !write->is_forgotten; i++) {
            uint64_t at = write->lba + i;
            if (nblocks == 0 || (at >= lba && at - lba < nblocks))
                make_safe(cache, age + 1, at);
        }
    }
}

void lq_cache_forget(struct lq_cache *cache)
{
    for (uint32_t age = 0; age < cache->count; age++)
        write_at(cache, age)->is_forgotten = true;
}

void lq_cache_remember(struct lq_cache *cache)
{
    for (uint32_t age = 0; age < cache->count; age++)
        write_at(cache, age)->is_forgotten = false;
}

static bool is_all_safe(const struct lq_cached_write *write)
{
    return memchr(write->is_safe, 0, write->nblocks) == NULL;
}

static void redo(struct lq_cache *cache, const struct lq_cached_write *write, uint32_t from,
                 uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        if (write->is_safe[i] != 0)
            continue;
        if (write->is_unmap)
            lq_medium_unmap(cache->medium, write->lba + i, 1);
        else
            lq_medium_write(cache->medium, write->lba + i, 1, new_block(cache, write, i));
    }
}

void lq_cache_lose(struct lq_cache *cache, lq_fate_function fate, void *context)
{
    for (uint32_t age = cache->count; age > 0; age--) {
        const struct lq_cached_write *write = write_at(cache, age - 1);
        for (uint32_t i = 0; i < write->nblocks; i++)
            if (write->is_safe[i] == 0)
                lq_medium_write(cache->medium, write->lba + i, 1, old_block(cache, write, i));
    }
    for (uint32_t age = 0; age < cache->count; age++) {
        const struct lq_cached_write *write = write_at(cache, age);
        if (is_all_safe(write))
            continue;
        uint32_t cut = 0;
        bool is_tail = false;
        enum lq_fate chosen = fate(context, write, &cut, &is_tail);
        LQ_ASSERT(chosen != LQ_FATE_TORN || (cut > 0 && cut < write->nblocks));
        if (chosen == LQ_FATE_KEPT)
            redo(cache, write, 0, write->nblocks);
        else if (chosen == LQ_FATE_TORN)
            redo(cache, write, is_tail ? cut : 0, is_tail ? write->nblocks : cut);
    }
    lq_cache_clear(cache);
}
