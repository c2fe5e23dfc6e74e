/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/arena.h"

#include <string.h>

#include "core/base/assert.h"

enum { ALIGNMENT = 64 };

void lq_arena_init_measuring(struct lq_arena *arena)
{
    *arena = (struct lq_arena){.base = NULL, .size_bytes = UINT64_MAX};
}

void lq_arena_init(struct lq_arena *arena, void *memory, uint64_t size_bytes)
{
    LQ_ASSERT(memory != NULL);
    *arena = (struct lq_arena){.base = memory, .size_bytes = size_bytes};
}

void *lq_arena_take(struct lq_arena *arena, uint64_t count, uint64_t size_bytes, bool zeroed)
{
    LQ_ASSERT(size_bytes == 0 || count <= (UINT64_MAX / 4) / size_bytes);
    uint64_t wanted = (count * size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    LQ_ASSERT(wanted <= arena->size_bytes - arena->used_bytes);
    uint64_t at = arena->used_bytes;
    arena->used_bytes += wanted;
    if (arena->base == NULL)
        return NULL;
    if (zeroed)
        memset(arena->base + at, 0, (size_t)wanted);
    return arena->base + at;
}
