/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DATA's digest. Moments count only against each other, as register.h compares them: of a block,
 * which value had ended before an open read began, and which was begun or seen after another one
 * had ended. The buckets follow from these.
 */
#include "conformance/judges/data.h"
#include "conformance/judges/digest.h"

enum { VALUES_MAX = 64 };

/* The values of one block. */
struct values {
    uint32_t count;
    const struct lq_value *list[VALUES_MAX];
    uint64_t names[VALUES_MAX];
};

static uint64_t name_of_write(struct data *data, uint32_t write)
{
    if (write == LQ_NONE)
        return 0;
    const struct lq_event *sent = ((const struct write *)lq_array_at(&data->writes,
                                                                     write))->command->sent;
    return lq_mix(sent->actor, sent->serial);
}

static void add(struct data *data, struct values *values, uint32_t index)
{
    if (values->count == VALUES_MAX)
        return;
    const struct lq_value *value = lq_registers_value(&data->registers, index);
    values->names[values->count] = name_of_write(data, value->write);
    values->list[values->count++] = value;
}

static void collect(struct data *data, const struct lq_block *block, uint32_t store, uint64_t lba,
                    struct values *values)
{
    values->count = 0;
    if (block->initial != LQ_NONE)
        add(data, values, block->initial);
    for (uint32_t i = 0; i < data->runs.count; i++) {
        const struct run *run = lq_array_at(&data->runs, i);
        if (run->store == store && lba >= run->lba && lba - run->lba < run->nblocks)
            add(data, values, run->first_value + (uint32_t)(lba - run->lba));
    }
}

/* VALUE against another one. */
static uint64_t against_value(const struct lq_value *value, const struct lq_value *other)
{
    return (uint64_t)(value->last_begin > other->first_end) << 3 |
           (uint64_t)(value->last_begin > other->last_begin) << 2 |
           (uint64_t)(value->first_end > other->last_begin) << 1 |
           (value->first_seen > other->last_begin);
}

/* The write of a value; 0: of none. */
static uint64_t name_of_value(struct data *data, uint32_t value)
{
    return value == LQ_NONE
               ? 0
               : name_of_write(data, lq_registers_value(&data->registers, value)->write);
}

static void mix_value(struct data *data, const struct lq_block *block, const struct values *values,
                      uint32_t at, struct lq_digest *digest)
{
    const struct lq_value *value = values->list[at];
    lq_digest_two(digest, values->names[at],
                  (uint64_t)value->is_there << 1 | value->is_shared);
    lq_digest_two(digest, value->first_end == LQ_NEVER_ENDED, value->first_seen == LQ_NEVER_ENDED);
    lq_digest_word(digest, value->first_end < value->first_seen);
    lq_digest_two(digest, name_of_value(data, value->before), name_of_value(data, value->after));
    const struct write *writer =
        value->write == LQ_NONE ? NULL : lq_array_at(&data->writes, value->write);
    lq_digest_word(digest, writer != NULL && writer->fence != NULL &&
                               writer->fence == value->first_end_event);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < values->count; i++)
        if (i != at)
            sum += lq_mix(values->names[i], against_value(value, values->list[i]));
    lq_digest_word(digest, sum);
    /* Open reads, in the order of their begin. */
    for (uint32_t next = block->bucket.next; next != LQ_NONE;) {
        const struct lq_bucket *bucket = lq_array_at(&data->registers.buckets, next);
        lq_digest_word(digest, (uint64_t)(value->first_end < bucket->begin) << 2 |
                                   (uint64_t)(value->first_seen > bucket->begin) << 1 |
                                   (value->last_begin < bucket->begin));
        next = bucket->next;
    }
}

static void mix_block(struct data *data, const struct lq_block *block, uint32_t store,
                      uint64_t lba, struct lq_digest *digest)
{
    struct values values;
    uint64_t sum = 0;
    collect(data, block, store, lba, &values);
    for (uint32_t i = 0; i < values.count; i++) {
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_value(data, block, &values, i, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

static void mix_blocks(struct data *data, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < data->registers.pages.count; i++) {
        const struct lq_page *page = lq_array_at(&data->registers.pages, i);
        uint32_t store = (uint32_t)(page->key >> 48);
        uint64_t first = (page->key & ((UINT64_C(1) << 48) - 1)) * LQ_PAGE_BLOCKS;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_word(digest, page->key);
        for (uint32_t b = 0; b < LQ_PAGE_BLOCKS; b++)
            mix_block(data, &page->blocks[b], store, first + b, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

/* An open read in the order of the others; buckets have no names. */
static void mix_reads(struct lq_judge *judge, struct lq_digest *digest)
{
    struct data *data = lq_data_of(judge);
    for (uint32_t i = 0; i < judge->view.commands.count; i++) {
        const struct lq_seen_command *command = lq_array_at(&judge->view.commands, i);
        const struct known *known = lq_data_known(judge, command);
        if (known->is_open_read)
            lq_digest_two(digest, command->sent->actor, command->sent->serial);
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < data->writes.count; i++) {
        const struct write *write = lq_array_at(&data->writes, i);
        uint64_t bits = (uint64_t)(write->fence != NULL) << 3 |
                        (uint64_t)(write->ended != NULL) << 2 |
                        (uint64_t)(write->seen_by != NULL) << 1 |
                        lq_link_is_linked(&write->unfenced);
        sum += lq_mix(lq_mix(name_of_write(data, i), bits),
                      (uint64_t)write->state << 32 | (uint64_t)write->fence_property);
    }
    lq_digest_word(digest, sum);
}

void lq_data_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.stores.count; i++)
        lq_digest_word(digest, lq_data_is_doubted(judge, i));
    mix_blocks(lq_data_of(judge), digest);
    mix_reads(judge, digest);
}
