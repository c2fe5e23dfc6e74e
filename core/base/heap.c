/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/heap.h"

#include "core/base/assert.h"

static bool is_before(const struct lq_heap_node *a, const struct lq_heap_node *b)
{
    return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->sequence < b->sequence);
}

static void place(struct lq_heap *heap, uint32_t at, struct lq_heap_node *node)
{
    heap->nodes[at] = node;
    node->position = at + 1;
}

static void sift_up(struct lq_heap *heap, uint32_t at, struct lq_heap_node *node)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!is_before(node, heap->nodes[parent]))
            break;
        place(heap, at, heap->nodes[parent]);
        at = parent;
    }
    place(heap, at, node);
}

static void sift_down(struct lq_heap *heap, uint32_t at, struct lq_heap_node *node)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && is_before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!is_before(heap->nodes[child], node))
            break;
        place(heap, at, heap->nodes[child]);
        at = child;
    }
    place(heap, at, node);
}

void lq_heap_init(struct lq_heap *heap, struct lq_heap_node **nodes, uint32_t capacity)
{
    *heap = (struct lq_heap){.nodes = nodes, .capacity = capacity};
}

void lq_heap_set(struct lq_heap *heap, struct lq_heap_node *node, uint64_t time_ns)
{
    uint64_t before_ns = node->time_ns;
    node->time_ns = time_ns;
    node->sequence = heap->next_sequence++;
    if (node->position == 0) {
        LQ_ASSERT(heap->count < heap->capacity);
        sift_up(heap, heap->count++, node);
    } else if (time_ns < before_ns) {
        sift_up(heap, node->position - 1, node);
    } else {
        sift_down(heap, node->position - 1, node);
    }
}

void lq_heap_remove(struct lq_heap *heap, struct lq_heap_node *node)
{
    if (node->position == 0)
        return;
    uint32_t at = node->position - 1;
    LQ_ASSERT(at < heap->count && heap->nodes[at] == node);
    node->position = 0;
    struct lq_heap_node *last = heap->nodes[--heap->count];
    if (last == node)
        return;
    if (at > 0 && is_before(last, heap->nodes[(at - 1) / 2]))
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}
