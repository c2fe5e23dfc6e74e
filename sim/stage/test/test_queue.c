/* SPDX-License-Identifier: Apache-2.0 */
/* The event queue against a naive one: a list that is searched for the least (time, order). */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include "core/base/hash.h"
#include "core/base/list.h"
#include "sim/stage/queue.h"
#include "sim/stage/test/support.h"

enum { TIMERS = 64 };

struct naive {
    uint64_t time, order; /* order 0: not set */
};

static struct lq_timer timers[TIMERS];
static struct naive naive[TIMERS];
static uint64_t now, orders, last_fired;

static void fire(struct lq_timer *timer)
{
    last_fired = (uint64_t)(timer - timers);
}

static uint32_t naive_first(void)
{
    uint32_t best = TIMERS;
    for (uint32_t i = 0; i < TIMERS; i++) {
        if (naive[i].order == 0)
            continue;
        if (best == TIMERS || naive[i].time < naive[best].time ||
            (naive[i].time == naive[best].time && naive[i].order < naive[best].order))
            best = i;
    }
    return best;
}

static void test_against_naive(void)
{
    struct lq_heap_node *nodes[TIMERS];
    struct lq_queue queue;
    lq_queue_init(&queue, nodes, TIMERS, &now);
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t drawn = lq_mix(1, i);
        uint32_t which = (uint32_t)(drawn >> 8) % TIMERS;
        if (drawn % 4 < 2) { /* few different times, so that many are equal */
            uint64_t at = now + (drawn >> 32) % 8;
            lq_queue_at(&queue, &timers[which], at, fire);
            naive[which] = (struct naive){at, ++orders};
        } else if (drawn % 4 == 2) {
            lq_queue_cancel(&queue, &timers[which]);
            naive[which].order = 0;
        } else {
            uint32_t expected = naive_first();
            CU_ASSERT(lq_queue_next(&queue) ==
                      (expected == TIMERS ? LQ_NEVER : naive[expected].time));
            CU_ASSERT(lq_queue_step(&queue) == (expected != TIMERS));
            if (expected == TIMERS)
                continue;
            CU_ASSERT_FATAL(last_fired == expected);
            CU_ASSERT(now == naive[expected].time);
            naive[expected].order = 0;
        }
    }
}

static void test_never_takes_out(void)
{
    struct lq_heap_node *nodes[4];
    struct lq_queue queue;
    struct lq_timer timer = {.fire = NULL};
    uint64_t time = 5;
    lq_queue_init(&queue, nodes, 4, &time);
    lq_queue_at(&queue, &timer, 9, fire);
    CU_ASSERT(lq_timer_is_set(&timer));
    lq_queue_at(&queue, &timer, LQ_NEVER, fire);
    CU_ASSERT_FALSE(lq_timer_is_set(&timer));
    CU_ASSERT_FALSE(lq_queue_step(&queue));
    CU_ASSERT(time == 5);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("queue", NULL, NULL);
    CU_add_test(suite, "order against a naive queue", test_against_naive);
    CU_add_test(suite, "never takes out", test_never_takes_out);
    return test_run();
}
