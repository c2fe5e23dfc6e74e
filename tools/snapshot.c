/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: pages that were written to stand in a list in the order of their first write, so that an
 * older state has copies of a prefix of it; what the rest held then is what they held at
 * lq_snapshot_begin, of which there is a copy, too.
 */
#include "tools/snapshot.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "tools/exit_codes.h"
#include "tools/message.h"

enum { ALIGNMENT = 64 };

struct lq_snapshot_memory {
    uint8_t *memory, *first; /* FIRST: the content at begin */
    size_t size_bytes, used_bytes, page_bytes;
    uint32_t *written; /* numbers of pages, in the order of their first write */
    uint32_t written_count;
    void (*is_full)(void);
    bool is_followed;
    struct sigaction former;
};

/* The signal has no context: there is one at a time. */
static struct lq_snapshot_memory *followed;

static uint8_t *map(size_t size_bytes)
{
    void *memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct lq_snapshot_memory *lq_snapshot_make(size_t size_bytes, void (*is_full)(void))
{
    struct lq_snapshot_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return NULL;
    memory->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    memory->size_bytes = size_bytes;
    memory->is_full = is_full;
    memory->memory = map(size_bytes);
    memory->first = map(size_bytes);
    memory->written = calloc(size_bytes / memory->page_bytes, sizeof *memory->written);
    if (memory->memory != NULL && memory->first != NULL && memory->written != NULL)
        return memory;
    lq_snapshot_free(memory);
    return NULL;
}

static void stop_following(struct lq_snapshot_memory *memory)
{
    if (!memory->is_followed)
        return;
    (void)mprotect(memory->memory, memory->size_bytes, PROT_READ | PROT_WRITE);
    (void)sigaction(SIGSEGV, &memory->former, NULL);
    memory->is_followed = false;
    followed = NULL;
}

void lq_snapshot_free(struct lq_snapshot_memory *memory)
{
    stop_following(memory);
    if (memory->memory != NULL)
        munmap(memory->memory, memory->size_bytes);
    if (memory->first != NULL)
        munmap(memory->first, memory->size_bytes);
    free(memory->written);
    free(memory);
}

/* --- the allocator -------------------------------------------------------------------------- */

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *take(struct lq_snapshot_memory *memory, size_t bytes)
{
    if (rounded(bytes) > memory->size_bytes - memory->used_bytes)
        memory->is_full();
    void *taken = memory->memory + memory->used_bytes;
    memory->used_bytes += rounded(bytes);
    return taken;
}

/* The block that was given out last can shrink, grow, and be given back. */
static bool is_last(const struct lq_snapshot_memory *memory, const void *block, size_t bytes)
{
    return (const uint8_t *)block + rounded(bytes) == memory->memory + memory->used_bytes;
}

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    struct lq_snapshot_memory *memory = context;
    if (old != NULL && is_last(memory, old, old_size)) {
        memory->used_bytes -= rounded(old_size);
        return new_size == 0 ? NULL : take(memory, new_size);
    }
    if (new_size == 0)
        return NULL;
    void *new = take(memory, new_size);
    if (old != NULL)
        memcpy(new, old, old_size < new_size ? old_size : new_size);
    return new;
}

struct lq_allocator lq_snapshot_allocator(struct lq_snapshot_memory *memory)
{
    return (struct lq_allocator){resize, memory};
}

void lq_snapshot_clear(struct lq_snapshot_memory *memory)
{
    stop_following(memory);
    memory->used_bytes = 0;
}

/* --- pages ---------------------------------------------------------------------------------- */

/* The first write to a page: from now on it is copied. Any other fault is what it was before. */
static void page_is_written(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number, (void)context;
    struct lq_snapshot_memory *memory = followed;
    const uint8_t *address = info->si_addr;
    if (memory == NULL || address < memory->memory ||
        address >= memory->memory + memory->size_bytes) {
        (void)sigaction(SIGSEGV, &memory->former, NULL); /* and the fault comes again */
        return;
    }
    size_t page = (size_t)(address - memory->memory) / memory->page_bytes;
    memory->written[memory->written_count++] = (uint32_t)page;
    (void)mprotect(memory->memory + page * memory->page_bytes, memory->page_bytes,
                   PROT_READ | PROT_WRITE);
}

void lq_snapshot_begin(struct lq_snapshot_memory *memory)
{
    LQ_ASSERT(followed == NULL);
    memcpy(memory->first, memory->memory, memory->used_bytes);
    memset(memory->memory + memory->used_bytes, 0, memory->size_bytes - memory->used_bytes);
    memory->written_count = 0;
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = page_is_written;
    sigemptyset(&action.sa_mask);
    followed = memory;
    memory->is_followed = true;
    int wrong = sigaction(SIGSEGV, &action, &memory->former);
    wrong |= mprotect(memory->memory, memory->size_bytes, PROT_READ);
    LQ_ASSERT(wrong == 0);
}

void lq_snapshot_save(const struct lq_snapshot_memory *memory, struct lq_snapshot *snapshot)
{
    size_t page_bytes = memory->page_bytes, bytes = memory->written_count * page_bytes;
    if (bytes > snapshot->capacity_bytes) {
        free(snapshot->pages);
        snapshot->capacity_bytes = bytes + 16 * page_bytes;
        snapshot->pages = malloc(snapshot->capacity_bytes);
        if (snapshot->pages == NULL) {
            lq_message("sim: out of memory; expected %zu more bytes for a state; explore a smaller "
                       "world", (size_t)bytes);
            exit(LQ_EXIT_ENVIRONMENT);
        }
    }
    for (uint32_t i = 0; i < memory->written_count; i++)
        memcpy(snapshot->pages + i * page_bytes, memory->memory + memory->written[i] * page_bytes,
               page_bytes);
    snapshot->page_count = memory->written_count;
    snapshot->used_bytes = memory->used_bytes;
}

void lq_snapshot_restore(struct lq_snapshot_memory *memory, const struct lq_snapshot *snapshot)
{
    size_t page_bytes = memory->page_bytes;
    for (uint32_t i = 0; i < memory->written_count; i++) {
        size_t at = memory->written[i] * page_bytes;
        const uint8_t *from = i < snapshot->page_count ? snapshot->pages + i * page_bytes
                                                       : memory->first + at;
        memcpy(memory->memory + at, from, page_bytes);
    }
    memory->used_bytes = snapshot->used_bytes;
}
