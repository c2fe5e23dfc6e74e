/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/queue.h"

#include "core/base/assert.h"
#include "core/base/list.h"

void lq_queue_init(struct lq_queue *queue, struct lq_heap_node **nodes, uint32_t capacity,
                   uint64_t *now_ns)
{
    *queue = (struct lq_queue){.now_ns = now_ns};
    lq_heap_init(&queue->heap, nodes, capacity);
}

void lq_queue_at(struct lq_queue *queue, struct lq_timer *timer, uint64_t time_ns,
                 void (*fire)(struct lq_timer *timer))
{
    if (time_ns == LQ_NEVER) {
        lq_queue_cancel(queue, timer);
        return;
    }
    if (queue->is_free && time_ns < *queue->now_ns)
        time_ns = *queue->now_ns;
    LQ_ASSERT(time_ns >= *queue->now_ns);
    timer->fire = fire;
    lq_heap_set(&queue->heap, &timer->node, time_ns);
}

uint64_t lq_queue_next(const struct lq_queue *queue)
{
    const struct lq_heap_node *first = lq_heap_first(&queue->heap);
    return first == NULL ? LQ_NEVER : first->time_ns;
}

bool lq_queue_step(struct lq_queue *queue)
{
    struct lq_heap_node *first = lq_heap_first(&queue->heap);
    if (first == NULL)
        return false;
    struct lq_timer *timer = LQ_ELEMENT(first, struct lq_timer, node);
    lq_heap_remove(&queue->heap, first);
    if (first->time_ns > *queue->now_ns)
        *queue->now_ns = first->time_ns;
    queue->fired++;
    timer->fire(timer);
    return true;
}

void lq_queue_fire(struct lq_queue *queue, struct lq_timer *timer)
{
    LQ_ASSERT(queue->is_free && lq_timer_is_set(timer));
    lq_heap_remove(&queue->heap, &timer->node);
    queue->fired++;
    timer->fire(timer);
}

void lq_queue_bind(struct lq_queue *queue)
{
    queue->is_free = false;
    struct lq_heap_node *first;
    while ((first = lq_heap_first(&queue->heap)) != NULL && first->time_ns < *queue->now_ns)
        lq_heap_set(&queue->heap, first, *queue->now_ns);
}
