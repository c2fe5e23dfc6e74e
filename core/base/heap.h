/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive binary heap ordered by (time, sequence): the earliest element first, and of equal
 * times the one that was put in first, so that order never depends on the heap's luck.
 *
 * The element embeds a struct lq_heap_node. The heap owns only its array of pointers, which the
 * caller hands in. Used for deadlines (one per endpoint) and for the virtual world's event queue.
 */
#ifndef LQ_CORE_BASE_HEAP_H
#define LQ_CORE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LQ_NEVER UINT64_MAX /* a deadline that does not come */

struct lq_heap_node {
    uint64_t time_ns;
    uint64_t sequence; /* given by the heap at each insertion or change of time */
    uint32_t position; /* 1-based place in the array; 0: not in a heap */
};

struct lq_heap {
    struct lq_heap_node **nodes;
    uint32_t count, capacity;
    uint64_t next_sequence;
};

/* An empty heap over caller-owned NODES, room for CAPACITY pointers. */
void lq_heap_init(struct lq_heap *heap, struct lq_heap_node **nodes, uint32_t capacity);

/* Puts NODE in at TIME_NS, or moves it there if it is in already. The heap must have room. */
void lq_heap_set(struct lq_heap *heap, struct lq_heap_node *node, uint64_t time_ns);

/* Takes NODE out; harmless when it is not in. */
void lq_heap_remove(struct lq_heap *heap, struct lq_heap_node *node);

/* The earliest node, left in place; NULL when empty. */
static inline struct lq_heap_node *lq_heap_first(const struct lq_heap *heap)
{
    return heap->count == 0 ? NULL : heap->nodes[0];
}

static inline bool lq_heap_holds(const struct lq_heap_node *node)
{
    return node->position != 0;
}

#endif
