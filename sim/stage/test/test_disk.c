/* SPDX-License-Identifier: Apache-2.0 */
/* The disk model against an array that replays the recorded effects, and its moments against what
 * a store may do: effect between submission and completion, each request answered once. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/base/hash.h"
#include "sim/stage/disk.h"
#include "sim/stage/test/support.h"

enum { REQUESTS = 16, BLOCKS = 64, BLOCK_BYTES = 512, MS = 1000000, EXTENT_MAX = 8 };

static uint64_t now;
static struct lq_heap_node *nodes[REQUESTS + 4];
static struct lq_queue queue;
static struct lq_faults faults;
static struct lq_history history;
static struct lq_choice_seeded seeded;
static struct lq_disk disk;

static struct lq_block_request requests[REQUESTS];
static uint8_t data[REQUESTS][EXTENT_MAX * BLOCK_BYTES];
static uint64_t submitted_at[REQUESTS];
static uint32_t effect_blocks[REQUESTS], completions[REQUESTS];
static bool is_out[REQUESTS];
static enum lq_block_status statuses[REQUESTS];
static uint8_t model[BLOCKS][BLOCK_BYTES];
static uint8_t expected[REQUESTS][EXTENT_MAX * BLOCK_BYTES]; /* of reads, taken at the effect */

static void done(void *context, struct lq_disk *from, lq_handle handle,
                 enum lq_block_status status)
{
    (void)context, (void)from;
    CU_ASSERT_FATAL(handle.index < REQUESTS && is_out[handle.index]);
    is_out[handle.index] = false;
    completions[handle.index]++;
    statuses[handle.index] = status;
}

/* Effects in the order of the history are the truth that the medium must have. */
static void see(void *context, const struct lq_event *event)
{
    (void)context;
    if (event->kind != LQ_S_EFFECT)
        return;
    uint32_t which = (uint32_t)event->value;
    const struct lq_block_request *request = &requests[which];
    CU_ASSERT(is_out[which] && now >= submitted_at[which]);
    effect_blocks[which] += event->nblocks;
    for (uint32_t i = 0; i < event->nblocks; i++) {
        uint64_t at = event->lba - request->lba + i;
        if (request->op == LQ_BLOCK_UNMAP)
            memset(model[event->lba + i], 0, BLOCK_BYTES);
        else if (request->op == LQ_BLOCK_WRITE)
            memcpy(model[event->lba + i], data[which] + at * BLOCK_BYTES, BLOCK_BYTES);
        else if (request->op == LQ_BLOCK_READ)
            memcpy(expected[which] + at * BLOCK_BYTES, model[event->lba + i], BLOCK_BYTES);
    }
}

static struct lq_disk_options options;

static void start(uint64_t seed)
{
    now = 0;
    lq_choice_seeded_init(&seeded, seed);
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){.event = see});
    lq_queue_init(&queue, nodes, REQUESTS + 4, &now);
    lq_faults_init(&faults, &seeded.choice, &history, &now);
    options = (struct lq_disk_options){.block_bytes = BLOCK_BYTES,
                                      .nblocks = BLOCKS,
                                      .write_granule_blocks = 1,
                                      .latency_min_ns = 1000,
                                      .latency_max_ns = MS,
                                      .hang_min_ns = 10 * MS,
                                      .hang_max_ns = 50 * MS,
                                      .is_thin = true};
    lq_disk_reset(&disk, &options, REQUESTS, &queue, &faults);
    disk.done = done;
    memset(model, 0, sizeof model);
    memset(is_out, 0, sizeof is_out);
    memset(completions, 0, sizeof completions);
}

static void submit(uint32_t which, enum lq_block_op op, uint64_t lba, uint32_t nblocks,
                   uint8_t fill)
{
    requests[which] = (struct lq_block_request){.handle = {which, 0},
                                                .op = op,
                                                .lba = lba,
                                                .nblocks = nblocks,
                                                .data = data[which]};
    memset(data[which], fill, sizeof data[which]);
    memset(expected[which], 0xee, sizeof expected[which]);
    is_out[which] = true;
    submitted_at[which] = now;
    effect_blocks[which] = 0;
    disk.store.ops->submit(&disk.store, &requests[which]);
    CU_ASSERT(is_out[which]); /* never completes inside submit */
}

static void check_ended(uint32_t which)
{
    const struct lq_block_request *request = &requests[which];
    size_t bytes = (size_t)request->nblocks * BLOCK_BYTES;
    if (statuses[which] == LQ_BLOCK_OK) {
        CU_ASSERT(effect_blocks[which] == request->nblocks);
        if (request->op == LQ_BLOCK_READ)
            CU_ASSERT(memcmp(data[which], expected[which], bytes) == 0);
    } else {
        CU_ASSERT(effect_blocks[which] <= request->nblocks);
    }
}

static void run(uint64_t seed, bool with_faults)
{
    start(seed);
    for (uint32_t i = LQ_FAULT_DISK_LATENCY; with_faults && i <= LQ_FAULT_DISK_FAILED; i++)
        lq_fault_arm(&faults, (enum lq_fault)i, 50);
    uint64_t ended = 0;
    for (uint64_t turn = 0; turn < 2000; turn++) {
        uint64_t drawn = lq_mix(seed, turn);
        uint32_t which = (uint32_t)(drawn % REQUESTS);
        if (!is_out[which]) {
            uint32_t nblocks = 1 + (uint32_t)(drawn >> 16) % EXTENT_MAX;
            uint64_t lba = (drawn >> 24) % (BLOCKS - nblocks + 1);
            static const enum lq_block_op ops[] = {LQ_BLOCK_READ, LQ_BLOCK_WRITE, LQ_BLOCK_WRITE,
                                                   LQ_BLOCK_UNMAP};
            submit(which, ops[drawn >> 8 & 3], lba, nblocks, (uint8_t)(turn + 1));
        }
        uint32_t before[REQUESTS];
        memcpy(before, completions, sizeof before);
        (void)lq_queue_step(&queue);
        for (uint32_t i = 0; i < REQUESTS; i++)
            if (completions[i] != before[i]) {
                check_ended(i);
                ended++;
            }
    }
    lq_disk_heal(&disk);
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT(disk.outstanding == 0);
    CU_ASSERT(ended > 500);
    uint8_t block[BLOCK_BYTES];
    for (uint64_t lba = 0; lba < BLOCKS; lba++) {
        lq_medium_read(&disk.medium, lba, 1, block);
        CU_ASSERT(memcmp(block, model[lba], BLOCK_BYTES) == 0);
    }
}

static void test_effects_explain_the_medium(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        run(seed, false);
        run(seed, true);
    }
}

/* Without faults requests take effect and end in the order of submission. */
static void test_first_in_first_out(void)
{
    start(1);
    for (uint32_t i = 0; i < REQUESTS; i++)
        submit(i, LQ_BLOCK_WRITE, 3, 1, (uint8_t)(i + 1));
    for (uint32_t i = 0; i < REQUESTS; i++) {
        while (completions[i] == 0)
            CU_ASSERT_FATAL(lq_queue_step(&queue));
        for (uint32_t later = i + 1; later < REQUESTS; later++)
            CU_ASSERT(completions[later] == 0);
    }
    CU_ASSERT(model[3][0] == REQUESTS);
}

static void test_hang_waits(void)
{
    start(1);
    lq_fault_arm(&faults, LQ_FAULT_DISK_HANG, 999);
    submit(0, LQ_BLOCK_WRITE, 0, 1, 1);
    lq_faults_disarm(&faults);
    submit(1, LQ_BLOCK_WRITE, 1, 1, 1);
    while (completions[1] == 0)
        CU_ASSERT_FATAL(lq_queue_step(&queue));
    CU_ASSERT(completions[0] == 0 && now <= MS); /* it is overtaken by those that do not hang */
    lq_disk_heal(&disk);
    while (completions[0] == 0)
        CU_ASSERT_FATAL(lq_queue_step(&queue));
    CU_ASSERT(now <= 3 * MS);
}

/* Does one request to its end. */
static enum lq_block_status one(enum lq_block_op op, uint64_t lba, uint32_t nblocks)
{
    uint32_t before = completions[0];
    submit(0, op, lba, nblocks, 0x77);
    while (completions[0] == before)
        CU_ASSERT_FATAL(lq_queue_step(&queue));
    return statuses[0];
}

static void check_status(uint64_t lba, enum lq_provisioning provisioning, uint32_t alike)
{
    CU_ASSERT(one(LQ_BLOCK_STATUS, lba, 16) == LQ_BLOCK_OK);
    CU_ASSERT(requests[0].provisioning == provisioning && requests[0].alike_blocks == alike);
}

/* Room for four blocks: a fifth is refused whole, until another one is given back. */
static void test_thin(void)
{
    start(1);
    options.pool_blocks = 4;
    options.soft_threshold_blocks = 3;
    lq_disk_reset(&disk, &options, REQUESTS, &queue, &faults);
    CU_ASSERT(disk.store.is_thin && disk.store.pool_blocks == 4);
    check_status(8, LQ_BLOCK_DEALLOCATED, 16);
    CU_ASSERT(one(LQ_BLOCK_WRITE, 8, 4) == LQ_BLOCK_OK && disk.store.pool_used_blocks == 4);
    CU_ASSERT(one(LQ_BLOCK_WRITE, 11, 2) == LQ_BLOCK_NO_SPACE && effect_blocks[0] == 0);
    CU_ASSERT(one(LQ_BLOCK_WRITE, 8, 4) == LQ_BLOCK_OK); /* needs no more room */
    CU_ASSERT(one(LQ_BLOCK_UNMAP, 9, 2) == LQ_BLOCK_OK && disk.store.pool_used_blocks == 2);
    check_status(8, LQ_BLOCK_MAPPED, 1);
    check_status(9, LQ_BLOCK_DEALLOCATED, 2);
    check_status(11, LQ_BLOCK_MAPPED, 1);
    CU_ASSERT(one(LQ_BLOCK_WRITE, 11, 2) == LQ_BLOCK_OK && disk.store.pool_used_blocks == 3);
    CU_ASSERT(one(LQ_BLOCK_READ, 8, 4) == LQ_BLOCK_OK);
    CU_ASSERT(data[0][0] == 0x77 && data[0][BLOCK_BYTES] == 0 && data[0][3 * BLOCK_BYTES] == 0x77);
}

/* Power is lost behind an unmap that is not durable: each block has one content or the other. */
static void test_unmap_loses_power(void)
{
    uint32_t seen[2] = {0, 0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        start(seed);
        options.volatile_cache = true;
        lq_disk_reset(&disk, &options, REQUESTS, &queue, &faults);
        CU_ASSERT(one(LQ_BLOCK_WRITE, 0, 1) == LQ_BLOCK_OK);
        CU_ASSERT(one(LQ_BLOCK_FLUSH, 0, 0) == LQ_BLOCK_OK);
        CU_ASSERT(one(LQ_BLOCK_UNMAP, 0, 1) == LQ_BLOCK_OK);
        lq_disk_cut_power(&disk);
        uint8_t block[BLOCK_BYTES];
        lq_medium_read(&disk.medium, 0, 1, block);
        CU_ASSERT((block[0] == 0x77 || block[0] == 0) && block[0] == block[BLOCK_BYTES - 1]);
        CU_ASSERT(lq_medium_is_mapped(&disk.medium, 0) == (block[0] != 0));
        seen[block[0] != 0]++;
    }
    CU_ASSERT(seen[0] > 0 && seen[1] > 0);
}

static void test_medium_far_out(void)
{
    struct lq_medium medium;
    lq_medium_init(&medium, &test_allocator);
    lq_medium_clear(&medium, BLOCK_BYTES);
    uint8_t block[BLOCK_BYTES], zeros[BLOCK_BYTES] = {0};
    for (uint64_t i = 0; i < 3000; i++) { /* more than the table's first size */
        memset(block, (int)(i % 255 + 1), sizeof block);
        lq_medium_write(&medium, (UINT64_C(1) << 40) + 7 * i, 1, block);
    }
    for (uint64_t i = 0; i < 3000; i++) {
        lq_medium_read(&medium, (UINT64_C(1) << 40) + 7 * i, 1, block);
        CU_ASSERT(block[0] == i % 255 + 1 && block[BLOCK_BYTES - 1] == i % 255 + 1);
    }
    lq_medium_read(&medium, 5, 1, block);
    CU_ASSERT(memcmp(block, zeros, sizeof block) == 0);
    lq_medium_clear(&medium, BLOCK_BYTES);
    lq_medium_read(&medium, UINT64_C(1) << 40, 1, block);
    CU_ASSERT(memcmp(block, zeros, sizeof block) == 0);
    lq_medium_fini(&medium);
}

int main(void)
{
    lq_disk_init(&disk, &test_allocator);
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("disk", NULL, NULL);
    CU_add_test(suite, "effects explain the medium", test_effects_explain_the_medium);
    CU_add_test(suite, "first in, first out without faults", test_first_in_first_out);
    CU_add_test(suite, "a hung request waits", test_hang_waits);
    CU_add_test(suite, "a thin disk has room for so much", test_thin);
    CU_add_test(suite, "an unmap has a fate, too", test_unmap_loses_power);
    CU_add_test(suite, "medium far out", test_medium_far_out);
    int code = test_run();
    lq_disk_fini(&disk);
    return code;
}
