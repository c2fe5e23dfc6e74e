/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory whose whole content is saved and restored by copying: a block that gives itself out as an
 * allocator and never moves, so that addresses in it stay what they are.
 *
 * Whatever was allocated here and points nowhere else but to constants is back in its former state
 * after a restore. What is given back is used again only when it was given out last: this is for
 * runs that begin small and end soon.
 *
 * Only pages that were ever written to since lq_snapshot_begin are copied: until then they are
 * protected, and the first write to one takes note of it. One such block at a time.
 *
 * Who uses it: exhaust.c.
 */
#ifndef LQ_TOOLS_SNAPSHOT_H
#define LQ_TOOLS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"

struct lq_snapshot_memory;

/* SIZE_BYTES, zeroed. NULL: there is no room. IS_FULL is called when they are used up; it must not
 * return. */
struct lq_snapshot_memory *lq_snapshot_make(size_t size_bytes, void (*is_full)(void));
void lq_snapshot_free(struct lq_snapshot_memory *memory);

struct lq_allocator lq_snapshot_allocator(struct lq_snapshot_memory *memory);

/* Gives everything back; pages are not followed. */
void lq_snapshot_clear(struct lq_snapshot_memory *memory);

/* What is there now is the same in all states but where they write from now on. */
void lq_snapshot_begin(struct lq_snapshot_memory *memory);

/* A state: copies of pages. One that is all zeros is empty, and free. */
struct lq_snapshot {
    uint8_t *pages; /* malloced */
    size_t capacity_bytes;
    size_t used_bytes; /* of the memory */
    uint32_t page_count; /* of those that had been written to then */
};

/* The present content into SNAPSHOT; back from it. */
void lq_snapshot_save(const struct lq_snapshot_memory *memory, struct lq_snapshot *snapshot);
void lq_snapshot_restore(struct lq_snapshot_memory *memory, const struct lq_snapshot *snapshot);

#endif
