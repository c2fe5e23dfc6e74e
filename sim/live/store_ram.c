/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One anonymous mapping; reads and writes are memcpy. Pages come into being when first touched, so
 * a large LUN of which little is used costs little. A bit for each page says that it was written;
 * unmapping gives pages back.
 */
#include "sim/live/store_ram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/assert.h"
#include "sim/live/completions.h"

enum { PAGE_BYTES = 4096, PAGE_BLOCKS = PAGE_BYTES / LQ_LIVE_BLOCK_BYTES };
enum { STATUS_PAGES_MAX = 65536 }; /* looked at for one answer */

struct ram_store {
    struct lq_live_store live;
    uint8_t *memory;
    size_t size_bytes;
    uint8_t *is_mapped; /* a bit for each page */
    size_t is_mapped_bytes;
    struct lq_completions ended;
    char *name;
};

static struct ram_store *ram_of(struct lq_live_store *live)
{
    return LQ_ELEMENT(live, struct ram_store, live);
}

/* --- pages ------------------------------------------------------------------------------------ */

static bool is_mapped(const struct ram_store *ram, uint64_t page)
{
    return (ram->is_mapped[page / 8] >> (page % 8) & 1) != 0;
}

static void map(struct ram_store *ram, const struct lq_block_request *request)
{
    uint64_t last = (request->lba + request->nblocks - 1) / PAGE_BLOCKS;
    for (uint64_t page = request->lba / PAGE_BLOCKS; page <= last; page++) {
        ram->live.store.pool_used_blocks += is_mapped(ram, page) ? 0 : PAGE_BLOCKS;
        ram->is_mapped[page / 8] |= (uint8_t)(1U << (page % 8));
    }
}

/* Zeros, and whole pages back to the system. */
static void unmap(struct ram_store *ram, const struct lq_block_request *request)
{
    uint64_t end = (request->lba + request->nblocks) * LQ_LIVE_BLOCK_BYTES;
    for (uint64_t at = request->lba * LQ_LIVE_BLOCK_BYTES; at < end;) {
        uint64_t page = at / PAGE_BYTES, next = (page + 1) * PAGE_BYTES;
        uint64_t stop = next < end ? next : end;
        bool is_whole = stop - at == PAGE_BYTES;
        if (is_mapped(ram, page) && is_whole &&
            madvise(ram->memory + at, PAGE_BYTES, MADV_DONTNEED) == 0) {
            ram->is_mapped[page / 8] &= (uint8_t)~(1U << (page % 8));
            ram->live.store.pool_used_blocks -= PAGE_BLOCKS;
        } else if (is_mapped(ram, page)) {
            memset(ram->memory + at, 0, (size_t)(stop - at));
        }
        at = stop;
    }
}

static void tell_status(const struct ram_store *ram, struct lq_block_request *request)
{
    uint64_t page = request->lba / PAGE_BLOCKS;
    uint64_t end = (request->lba + request->nblocks - 1) / PAGE_BLOCKS + 1;
    uint64_t next = page + 1;
    while (next < end && next - page < STATUS_PAGES_MAX &&
           is_mapped(ram, next) == is_mapped(ram, page))
        next++;
    uint64_t alike = next * PAGE_BLOCKS - request->lba;
    request->alike_blocks = alike < request->nblocks ? (uint32_t)alike : request->nblocks;
    request->provisioning = is_mapped(ram, page) ? LQ_BLOCK_MAPPED : LQ_BLOCK_DEALLOCATED;
}

/* --- the store -------------------------------------------------------------------------------- */

static void ram_submit(struct lq_store *store, struct lq_block_request *request)
{
    struct ram_store *ram = LQ_ELEMENT(store, struct ram_store, live.store);
    LQ_ASSERT(request->lba <= store->nblocks && request->nblocks <= store->nblocks - request->lba);
    uint8_t *place = ram->memory + request->lba * store->block_bytes;
    size_t size_bytes = (size_t)request->nblocks * store->block_bytes;
    if (request->op == LQ_BLOCK_READ) {
        memcpy(request->data, place, size_bytes);
    } else if (request->op == LQ_BLOCK_WRITE) {
        map(ram, request);
        memcpy(place, request->data, size_bytes);
    } else if (request->op == LQ_BLOCK_UNMAP) {
        unmap(ram, request);
    } else if (request->op == LQ_BLOCK_STATUS) {
        tell_status(ram, request);
    }
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
    if (ram->is_mapped != NULL)
        munmap(ram->is_mapped, ram->is_mapped_bytes);
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

/* Zeros that cost nothing until they are touched; NULL: the system refuses. */
static uint8_t *map_memory(size_t size_bytes)
{
    void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
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
    ram->size_bytes = (size_t)size_bytes;
    ram->memory = map_memory(ram->size_bytes);
    ram->is_mapped_bytes = ram->size_bytes / PAGE_BYTES / 8 + 1;
    ram->is_mapped = map_memory(ram->is_mapped_bytes);
    ram->name = strdup(name);
    ram->live = (struct lq_live_store){
        .store = {.ops = &ram_ops,
                  .block_bytes = LQ_LIVE_BLOCK_BYTES,
                  .nblocks = size_bytes / LQ_LIVE_BLOCK_BYTES,
                  .write_granule_blocks = 1,
                  .is_thin = true,
                  .unmap_granule_blocks = PAGE_BLOCKS,
                  .unmap_blocks_max = LQ_LIVE_UNMAP_BLOCKS_MAX},
        .ops = &ram_live_ops,
        .name = ram->name,
        .wake_fd = -1,
    };
    if (!lq_completions_init(&ram->ended, requests_max) || ram->memory == NULL ||
        ram->is_mapped == NULL || ram->name == NULL) {
        lq_problem_set(problem,
                       "%s: the system gives no %" PRIu64 " bytes of memory; expected it to; "
                       "give a smaller size or use --file",
                       name, size_bytes);
        ram_close(&ram->live);
        return NULL;
    }
    return &ram->live;
}
