/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/medium.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"

enum { FIRST_CAPACITY = 1024 };

void lq_medium_init(struct lq_medium *medium, const struct lq_allocator *allocator)
{
    *medium = (struct lq_medium){.allocator = allocator};
}

static void make_table(struct lq_medium *medium, uint32_t capacity)
{
    medium->keys = lq_resize(medium->allocator, NULL, 0, capacity * sizeof *medium->keys);
    medium->places = lq_resize(medium->allocator, NULL, 0, capacity * sizeof *medium->places);
    medium->capacity = capacity;
    memset(medium->keys, 0, capacity * sizeof *medium->keys);
}

static void drop_table(const struct lq_medium *medium, uint64_t *keys, uint32_t *places,
                       uint32_t capacity)
{
    if (keys == NULL)
        return;
    (void)lq_resize(medium->allocator, keys, capacity * sizeof *keys, 0);
    (void)lq_resize(medium->allocator, places, capacity * sizeof *places, 0);
}

void lq_medium_clear(struct lq_medium *medium, uint32_t block_bytes)
{
    LQ_ASSERT(block_bytes > 0);
    medium->block_bytes = block_bytes;
    medium->used = 0;
    medium->mapped = 0;
    if (medium->keys == NULL)
        make_table(medium, FIRST_CAPACITY);
    else
        memset(medium->keys, 0, medium->capacity * sizeof *medium->keys);
}

/* The slot of LBA, or the empty one where it would be. */
static uint32_t find(const struct lq_medium *medium, uint64_t lba)
{
    uint32_t mask = medium->capacity - 1;
    uint32_t at = (uint32_t)lq_mix(0, lba) & mask;
    while (medium->keys[at] != 0 && medium->keys[at] != lba + 1)
        at = (at + 1) & mask;
    return at;
}

static void grow_table(struct lq_medium *medium)
{
    uint64_t *keys = medium->keys;
    uint32_t *places = medium->places;
    uint32_t capacity = medium->capacity;
    make_table(medium, capacity * 2);
    for (uint32_t i = 0; i < capacity; i++) {
        if (keys[i] == 0)
            continue;
        uint32_t at = find(medium, keys[i] - 1);
        medium->keys[at] = keys[i];
        medium->places[at] = places[i];
    }
    drop_table(medium, keys, places, capacity);
}

/* The page in a slot of the table that is not empty. */
static uint8_t *page_in(const struct lq_medium *medium, uint32_t at)
{
    uint32_t place = medium->places[at] & ~LQ_MEDIUM_UNMAPPED;
    return medium->pages + (uint64_t)place * medium->block_bytes;
}

/* The page of LBA, which is mapped from now on. */
static uint8_t *page_of(struct lq_medium *medium, uint64_t lba)
{
    uint32_t at = find(medium, lba);
    if (medium->keys[at] == 0) {
        if (medium->used >= medium->capacity / 2) {
            grow_table(medium);
            at = find(medium, lba);
        }
        medium->keys[at] = lba + 1;
        medium->places[at] = medium->used++;
        medium->mapped++;
        uint64_t wanted = (uint64_t)medium->used * medium->block_bytes;
        if (wanted > medium->pages_bytes) {
            uint64_t bytes = wanted * 2;
            medium->pages =
                lq_resize(medium->allocator, medium->pages, medium->pages_bytes, bytes);
            medium->pages_bytes = bytes;
        }
    }
    medium->mapped += (medium->places[at] & LQ_MEDIUM_UNMAPPED) != 0 ? 1 : 0;
    medium->places[at] &= ~LQ_MEDIUM_UNMAPPED;
    return page_in(medium, at);
}

void lq_medium_read(const struct lq_medium *medium, uint64_t lba, uint32_t nblocks, uint8_t *data)
{
    for (uint32_t i = 0; i < nblocks; i++, data += medium->block_bytes) {
        uint32_t at = find(medium, lba + i);
        if (medium->keys[at] == 0)
            memset(data, 0, medium->block_bytes);
        else
            memcpy(data, page_in(medium, at), medium->block_bytes);
    }
}

bool lq_medium_is_mapped(const struct lq_medium *medium, uint64_t lba)
{
    uint32_t at = find(medium, lba);
    return medium->keys[at] != 0 && (medium->places[at] & LQ_MEDIUM_UNMAPPED) == 0;
}

void lq_medium_unmap(struct lq_medium *medium, uint64_t lba, uint32_t nblocks)
{
    for (uint32_t i = 0; i < nblocks; i++) {
        uint32_t at = find(medium, lba + i);
        if (medium->keys[at] == 0 || (medium->places[at] & LQ_MEDIUM_UNMAPPED) != 0)
            continue;
        memset(page_in(medium, at), 0, medium->block_bytes);
        medium->places[at] |= LQ_MEDIUM_UNMAPPED;
        medium->mapped--;
    }
}

void lq_medium_write(struct lq_medium *medium, uint64_t lba, uint32_t nblocks, const uint8_t *data)
{
    for (uint32_t i = 0; i < nblocks; i++, data += medium->block_bytes)
        memcpy(page_of(medium, lba + i), data, medium->block_bytes);
}

void lq_medium_fini(struct lq_medium *medium)
{
    drop_table(medium, medium->keys, medium->places, medium->capacity);
    if (medium->pages != NULL)
        (void)lq_resize(medium->allocator, medium->pages, medium->pages_bytes, 0);
    lq_medium_init(medium, medium->allocator);
}

void lq_medium_digest(const struct lq_medium *medium, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < medium->capacity; i++)
        if (medium->keys[i] != 0 && (medium->places[i] & LQ_MEDIUM_UNMAPPED) == 0)
            sum += lq_hash(medium->keys[i], page_in(medium, i), medium->block_bytes);
    lq_digest_word(digest, sum);
}
