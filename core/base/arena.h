/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of memory from which everything of a run is carved at start; nothing is given back.
 *
 * A part writes its carving once and runs it twice: first over a measuring arena, which has no
 * memory and only counts, then over the real one. The program allocates and prints the sum.
 */
#ifndef LQ_CORE_BASE_ARENA_H
#define LQ_CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lq_arena {
    uint8_t *base; /* NULL: measuring */
    uint64_t size_bytes;
    uint64_t used_bytes;
};

/* A measuring arena: lq_arena_take() returns NULL and adds up what would be needed. */
void lq_arena_init_measuring(struct lq_arena *arena);

/* An arena over caller-owned memory, aligned to 64 bytes, which must outlive everything carved. */
void lq_arena_init(struct lq_arena *arena, void *memory, uint64_t size_bytes);

static inline bool lq_arena_is_measuring(const struct lq_arena *arena)
{
    return arena->base == NULL;
}

/*
 * COUNT elements of SIZE bytes each, zeroed when ZEROED, aligned to 64 bytes (a cache line). The
 * caller of the program sized the arena by measuring, so running out is a programmer's error.
 * Returns NULL from a measuring arena.
 */
void *lq_arena_take(struct lq_arena *arena, uint64_t count, uint64_t size_bytes, bool zeroed);

#endif
