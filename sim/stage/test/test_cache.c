/* SPDX-License-Identifier: Apache-2.0 */
/* The cache against what a disk may have after a loss of power: the youngest durable content of a
 * block, or anything that was written to it since. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/base/hash.h"
#include "sim/stage/cache.h"
#include "sim/stage/test/support.h"

enum { BLOCKS = 24, BLOCK_BYTES = 512, EXTENT_MAX = 6, STEPS = 4000 };

static struct lq_medium medium;
static struct lq_cache cache;
static struct lq_choice_seeded seeded;
static uint64_t draws, fates[LQ_FATE_TORN + 1];
static uint32_t now_on[BLOCKS];     /* number of the write that a read sees */
static uint32_t durable_on[BLOCKS]; /* and that a loss of power cannot take */
static uint32_t numbers;

static uint64_t draw(uint64_t n)
{
    return lq_choose(&seeded.choice, LQ_STREAM_DISK, 1, ++draws, n);
}

static uint32_t read_block(uint64_t lba)
{
    uint8_t block[BLOCK_BYTES];
    lq_medium_read(&medium, lba, 1, block);
    uint32_t number = (uint32_t)block[0] << 16 | (uint32_t)block[1] << 8 | block[2];
    for (uint32_t i = 3; i < BLOCK_BYTES; i++)
        CU_ASSERT_FATAL(block[i] == (uint8_t)number); /* never torn inside */
    return number;
}

static void write_some(bool is_durable)
{
    static uint8_t data[EXTENT_MAX * BLOCK_BYTES];
    uint32_t nblocks = 1 + (uint32_t)draw(EXTENT_MAX);
    uint64_t lba = draw(BLOCKS - nblocks + 1);
    numbers++;
    memset(data, (uint8_t)numbers, sizeof data);
    for (uint32_t i = 0; i < nblocks; i++) {
        uint8_t *block = data + (size_t)i * BLOCK_BYTES;
        block[0] = (uint8_t)(numbers >> 16);
        block[1] = (uint8_t)(numbers >> 8);
        block[2] = (uint8_t)numbers;
        now_on[lba + i] = numbers;
        if (is_durable)
            durable_on[lba + i] = numbers;
    }
    lq_cache_write(&cache, lba, nblocks, data, numbers, is_durable);
}

static void flush_some(void)
{
    uint32_t nblocks = (uint32_t)draw(5);
    uint64_t lba = draw(BLOCKS - nblocks);
    lq_cache_flush(&cache, lba, nblocks);
    for (uint64_t i = 0; i < BLOCKS; i++)
        if (nblocks == 0 || (i >= lba && i < lba + nblocks))
            durable_on[i] = now_on[i];
}

static enum lq_fate decide(void *context, const struct lq_cached_write *write, uint32_t *cut,
                           bool *is_tail)
{
    (void)context;
    enum lq_fate fate = (enum lq_fate)(1 + draw(3));
    if (fate == LQ_FATE_TORN && write->nblocks == 1)
        fate = LQ_FATE_KEPT;
    if (fate == LQ_FATE_TORN) {
        *cut = 1 + (uint32_t)draw(write->nblocks - 1);
        *is_tail = draw(2) == 1;
    }
    fates[fate]++;
    return fate;
}

static void lose(void)
{
    lq_cache_lose(&cache, decide, NULL);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        uint32_t found = read_block(i);
        CU_ASSERT(found >= durable_on[i] && found <= now_on[i]);
        now_on[i] = durable_on[i] = found;
    }
}

static void start(uint64_t seed)
{
    lq_choice_seeded_init(&seeded, seed);
    lq_medium_init(&medium, &test_allocator);
    lq_cache_init(&cache, &medium);
    lq_medium_clear(&medium, BLOCK_BYTES);
    lq_cache_clear(&cache);
    memset(now_on, 0, sizeof now_on);
    memset(durable_on, 0, sizeof durable_on);
    numbers = 0;
}

static void stop(void)
{
    lq_cache_fini(&cache);
    lq_medium_fini(&medium);
}

static void test_what_survives(void)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        start(seed);
        for (uint32_t i = 0; i < STEPS; i++) {
            uint64_t what = draw(64);
            if (what < 44)
                write_some(false);
            else if (what < 52)
                write_some(true);
            else if (what < 60)
                flush_some();
            else if (what < 62)
                lose();
        }
        for (uint64_t i = 0; i < BLOCKS; i++)
            CU_ASSERT(read_block(i) == now_on[i]);
        lose();
        stop();
    }
    for (uint32_t fate = LQ_FATE_KEPT; fate <= LQ_FATE_TORN; fate++)
        CU_ASSERT(fates[fate] > 0);
}

static enum lq_fate all_lost(void *context, const struct lq_cached_write *write, uint32_t *cut,
                             bool *is_tail)
{
    (void)context, (void)write, (void)cut, (void)is_tail;
    return LQ_FATE_LOST;
}

/* A failed fsync: the next one succeeds, and the data is gone all the same. */
static void test_forgotten(void)
{
    start(9);
    static uint8_t data[BLOCK_BYTES];
    memset(data, 1, sizeof data);
    lq_cache_write(&cache, 3, 1, data, 1, false);
    lq_cache_forget(&cache);
    memset(data, 2, sizeof data);
    lq_cache_write(&cache, 4, 1, data, 2, false);
    lq_cache_flush(&cache, 0, 0);
    lq_cache_lose(&cache, all_lost, NULL);
    lq_medium_read(&medium, 3, 1, data);
    CU_ASSERT(data[0] == 0);
    lq_medium_read(&medium, 4, 1, data);
    CU_ASSERT(data[0] == 2);
    memset(data, 3, sizeof data);
    lq_cache_write(&cache, 3, 1, data, 3, false);
    lq_cache_forget(&cache);
    lq_cache_remember(&cache);
    lq_cache_flush(&cache, 0, 0);
    lq_cache_lose(&cache, all_lost, NULL);
    lq_medium_read(&medium, 3, 1, data);
    CU_ASSERT(data[0] == 3);
    stop();
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("cache", NULL, NULL);
    CU_add_test(suite, "what survives a loss of power", test_what_survives);
    CU_add_test(suite, "what a failed flush forgot", test_forgotten);
    return test_run();
}
