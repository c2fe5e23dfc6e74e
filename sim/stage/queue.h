/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world's event queue: timers in one total order (time, sequence of insertion).
 *
 * What this is not: a clock. Virtual time is the time of the timer that fires; it is written to
 * the `now` that the world shares with everybody, before the timer's function runs. In the live
 * world the clock writes it, and a timer may fire somewhat later than it was set to.
 *
 * Timers are embedded in what they belong to; the queue owns only its array.
 */
#ifndef LQ_SIM_STAGE_QUEUE_H
#define LQ_SIM_STAGE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/heap.h"

struct lq_timer {
    struct lq_heap_node node;
    void (*fire)(struct lq_timer *timer);
};

struct lq_queue {
    struct lq_heap heap;
    uint64_t *now_ns; /* moved on before each timer's function */
    uint64_t fired;
    bool is_free; /* timers fire by lq_queue_fire: a time that has passed is now */
};

/* An empty queue over caller-owned NODES (CAPACITY pointers) at *NOW_NS. */
void lq_queue_init(struct lq_queue *queue, struct lq_heap_node **nodes, uint32_t capacity,
                   uint64_t *now_ns);

/* FIRE runs at TIME_NS, not before now; a timer that is set already moves there. LQ_NEVER: it is
 * taken out. */
void lq_queue_at(struct lq_queue *queue, struct lq_timer *timer, uint64_t time_ns,
                 void (*fire)(struct lq_timer *timer));

static inline void lq_queue_cancel(struct lq_queue *queue, struct lq_timer *timer)
{
    lq_heap_remove(&queue->heap, &timer->node);
}

static inline bool lq_timer_is_set(const struct lq_timer *timer)
{
    return lq_heap_holds(&timer->node);
}

/* Fires TIMER, which is set, now, whatever its time. Only while the queue is free. */
void lq_queue_fire(struct lq_queue *queue, struct lq_timer *timer);

/* The queue is free no longer: whose time has passed meanwhile fires now, in order of time. */
void lq_queue_bind(struct lq_queue *queue);

/* When the next timer fires; LQ_NEVER when the queue is empty. */
uint64_t lq_queue_next(const struct lq_queue *queue);

/* Fires the next timer. False when there is none. */
bool lq_queue_step(struct lq_queue *queue);

#endif
