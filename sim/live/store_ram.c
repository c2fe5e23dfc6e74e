/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One anonymous mapping; reads and writes are memcpy. Pages come into being when first touched, so
 * a large LUN of which little is used costs little.
 */
#include "sim/live/store_ram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/assert.h"
#include "sim/live/completions.h"

struct ram_store {
    struct lq_live_store live;
    uint8_t *memory;
    size_t size_bytes;
    struct lq_completions ended;
    char *name;
};

static struct ram_store *ram_of(struct lq_live_store *live)
{
    return LQ_ELEMENT(live, struct ram_store, live);
}

static void ram_submit(struct lq_store *store, struct lq_block_request *request)
{
    struct ram_store *ram = LQ_ELEMENT(store, struct ram_store, live.store);
    LQ_ASSERT(request->lba <= store->nblocks && request->nblocks <= store->nblocks - request->lba);
    uint8_t *place = ram->memory + request->lba * store->block_bytes;
    size_t size_bytes = (size_t)request->nblocks * store->block_bytes;
    if (request->op == LQ_BLOCK_READ)
        memcpy(request->data, place, size_bytes);
    else if (request->op == LQ_BLOCK_WRITE)
        memcpy(place, request->data, size_bytes);
    lq_completions_put(&ram->ended, request->handle, LQ_BLOCK_OK);
}

static uint32_t ram_take(struct lq_live_store *live, struct lq_completion *completions,
                         uint32_t max)
{
    return lq_completions_take(&ram_of(live)->ended, completions, max);
}

static bool ram_close(struct lq_live_store *live)
{
    struct ram_store *ram = ram_of(live);
    if (ram->memory != NULL)
        munmap(ram->memory, ram->size_bytes);
    lq_completions_fini(&ram->ended);
    free(ram->name);
    free(ram);
    return true;
}

static const struct lq_store_ops ram_ops = {.submit = ram_submit};
static const struct lq_live_store_ops ram_live_ops = {.take = ram_take, .close = ram_close};

static bool size_is_usable(const char *name, uint64_t size_bytes, struct lq_problem *problem)
{
    if (size_bytes == 0 || size_bytes % LQ_LIVE_BLOCK_BYTES != 0)
        return lq_problem_set(problem,
                              "%s: %" PRIu64 " bytes is not a size of whole blocks; expected a "
                              "positive multiple of %d; give such a size",
                              name, size_bytes, LQ_LIVE_BLOCK_BYTES);
    if (size_bytes > SIZE_MAX / 2)
        return lq_problem_set(problem,
                              "%s: %" PRIu64 " bytes do not fit into this machine's address space; "
                              "expected less; give a smaller size",
                              name, size_bytes);
    return true;
}

struct lq_live_store *lq_store_ram_open(const char *name, uint64_t size_bytes,
                                        uint32_t requests_max, struct lq_problem *problem)
{
    if (!size_is_usable(name, size_bytes, problem))
        return NULL;
    struct ram_store *ram = calloc(1, sizeof *ram);
    if (ram == NULL) {
        lq_problem_set(problem, "%s: no memory for the store; expected some; free some", name);
        return NULL;
    }
    void *memory = mmap(NULL, (size_t)size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ram->memory = memory == MAP_FAILED ? NULL : memory;
    ram->size_bytes = (size_t)size_bytes;
    ram->name = strdup(name);
    ram->live = (struct lq_live_store){
        .store = {.ops = &ram_ops,
                  .block_bytes = LQ_LIVE_BLOCK_BYTES,
                  .nblocks = size_bytes / LQ_LIVE_BLOCK_BYTES,
                  .write_granule_blocks = 1},
        .ops = &ram_live_ops,
        .name = ram->name,
        .wake_fd = -1,
    };
    if (!lq_completions_init(&ram->ended, requests_max) || ram->memory == NULL ||
        ram->name == NULL) {
        lq_problem_set(problem,
                       "%s: the system gives no %" PRIu64 " bytes of memory; expected it to; "
                       "give a smaller size or use --file",
                       name, size_bytes);
        ram_close(&ram->live);
        return NULL;
    }
    return &ram->live;
}
