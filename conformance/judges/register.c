/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/register.h"

#include "core/base/hash.h"

void lq_registers_init(struct lq_registers *registers)
{
    lq_array_init(&registers->pages, sizeof(struct lq_page));
    lq_array_init(&registers->buckets, sizeof(struct lq_bucket));
    lq_array_init(&registers->values, sizeof(struct lq_value));
    lq_map_init(&registers->page_of);
    registers->free_bucket = LQ_NONE;
}

void lq_registers_free(struct lq_registers *registers, struct lq_allocator allocator)
{
    lq_array_free(&registers->pages, allocator);
    lq_array_free(&registers->buckets, allocator);
    lq_array_free(&registers->values, allocator);
    lq_map_free(&registers->page_of, allocator);
}

void lq_registers_reset(struct lq_registers *registers)
{
    lq_array_reset(&registers->pages);
    lq_array_reset(&registers->buckets);
    lq_array_reset(&registers->values);
    lq_map_reset(&registers->page_of);
    registers->newest = NULL;
    registers->free_bucket = LQ_NONE;
}

static void clear_bucket(struct lq_bucket *bucket, uint64_t begin)
{
    *bucket = (struct lq_bucket){.begin = begin, .next = LQ_NONE};
    bucket->top[0].value = bucket->top[1].value = LQ_NONE;
}

static struct lq_page *page_of(struct lq_registers *registers, struct lq_allocator allocator,
                               uint64_t key)
{
    uint32_t *at = lq_map_put(&registers->page_of, allocator, key);
    if (*at != LQ_NONE)
        return lq_array_at(&registers->pages, *at);
    *at = registers->pages.count;
    struct lq_page *page = lq_array_add_raw(&registers->pages, allocator);
    page->key = key;
    for (uint32_t i = 0; i < LQ_PAGE_BLOCKS; i++) {
        clear_bucket(&page->blocks[i].bucket, 0);
        page->blocks[i].initial = LQ_NONE;
        page->blocks[i].marks = 0;
        page->blocks[i].epoch = 0;
    }
    return page;
}

struct lq_block *lq_registers_block(struct lq_registers *registers, struct lq_allocator allocator,
                                    uint32_t store, uint64_t lba)
{
    uint64_t key = (uint64_t)store << 48 ^ lba / LQ_PAGE_BLOCKS;
    if (registers->newest == NULL || registers->newest->key != key)
        registers->newest = page_of(registers, allocator, key);
    return &registers->newest->blocks[lba % LQ_PAGE_BLOCKS];
}

static void top_put(struct lq_bucket *bucket, uint32_t value, uint64_t last_begin)
{
    uint32_t place = bucket->top[0].value == value ? 0 : 1;
    bool is_in = bucket->top[place].value == value;
    if (!is_in && bucket->top[1].value != LQ_NONE && bucket->top[1].last_begin >= last_begin)
        return;
    if (is_in && bucket->top[place].last_begin >= last_begin)
        return;
    if (!is_in && bucket->top[0].value == LQ_NONE)
        place = 0;
    bucket->top[place].value = value;
    bucket->top[place].last_begin = last_begin;
    if (place == 1 && last_begin > bucket->top[0].last_begin) {
        bucket->top[1] = bucket->top[0];
        bucket->top[0].value = value;
        bucket->top[0].last_begin = last_begin;
    }
}

/* The bucket in which values whose first end is END are. */
static struct lq_bucket *bucket_of(struct lq_registers *registers, struct lq_block *block,
                                   uint64_t end)
{
    struct lq_bucket *bucket = &block->bucket;
    while (bucket->next != LQ_NONE) {
        struct lq_bucket *next = lq_array_at(&registers->buckets, bucket->next);
        if (next->begin > end)
            break;
        bucket = next;
    }
    return bucket;
}

void lq_registers_open(struct lq_registers *registers, struct lq_allocator allocator,
                       struct lq_block *block, uint64_t begin)
{
    struct lq_bucket *last = bucket_of(registers, block, UINT64_MAX);
    uint32_t index = registers->free_bucket;
    struct lq_bucket *bucket;
    if (index == LQ_NONE) {
        index = registers->buckets.count;
        bucket = lq_array_add_raw(&registers->buckets, allocator);
    } else {
        bucket = lq_array_at(&registers->buckets, index);
        registers->free_bucket = bucket->next;
    }
    clear_bucket(bucket, begin);
    last->next = index;
}

void lq_registers_close(struct lq_registers *registers, struct lq_block *block, uint64_t begin)
{
    struct lq_bucket *before = &block->bucket;
    while (before->next != LQ_NONE) {
        uint32_t index = before->next;
        struct lq_bucket *bucket = lq_array_at(&registers->buckets, index);
        if (bucket->begin != begin) {
            before = bucket;
            continue;
        }
        for (uint32_t i = 0; i < 2; i++)
            if (bucket->top[i].value != LQ_NONE)
                top_put(before, bucket->top[i].value, bucket->top[i].last_begin);
        before->next = bucket->next;
        bucket->next = registers->free_bucket;
        registers->free_bucket = index;
        return;
    }
}

void lq_registers_restart(struct lq_registers *registers, struct lq_block *block)
{
    struct lq_bucket *bucket = &block->bucket;
    for (;;) {
        bucket->top[0].value = bucket->top[1].value = LQ_NONE;
        bucket->top[0].last_begin = bucket->top[1].last_begin = 0;
        if (bucket->next == LQ_NONE)
            return;
        bucket = lq_array_at(&registers->buckets, bucket->next);
    }
}

void lq_registers_enter(struct lq_registers *registers, struct lq_block *block, uint32_t value)
{
    struct lq_value *entered = lq_registers_value(registers, value);
    entered->is_there = true;
    top_put(bucket_of(registers, block, entered->first_end), value, entered->last_begin);
}

uint32_t lq_registers_contradicts(const struct lq_registers *registers,
                                  const struct lq_block *block, uint32_t value,
                                  const struct lq_event *begin)
{
    uint32_t contradiction = LQ_NONE;
    uint64_t latest = lq_registers_value(registers, value)->first_end;
    for (const struct lq_bucket *bucket = &block->bucket; bucket->begin < begin->seq;) {
        for (uint32_t i = 0; i < 2; i++) {
            if (bucket->top[i].value == LQ_NONE || bucket->top[i].value == value)
                continue;
            if (bucket->top[i].last_begin > latest) {
                latest = bucket->top[i].last_begin;
                contradiction = bucket->top[i].value;
            }
        }
        if (bucket->next == LQ_NONE)
            break;
        bucket = lq_array_at(&registers->buckets, bucket->next);
    }
    return contradiction;
}

uint32_t lq_registers_read(struct lq_registers *registers, struct lq_block *block, uint32_t value,
                           const struct lq_event *begin)
{
    struct lq_value *seen = lq_registers_value(registers, value);
    uint32_t contradiction = lq_registers_contradicts(registers, block, value, begin);
    if (begin->seq > seen->last_begin) {
        seen->last_begin = begin->seq;
        seen->last_begin_event = begin;
    }
    lq_registers_enter(registers, block, value);
    return contradiction;
}
