/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers whose work hangs until the test lets it go: how far the bound of one store reaches.
 */
#include <poll.h>
#include <pthread.h>

#include "core/base/test/unit.h"
#include "sim/live/helpers.h"

enum { THREADS = 3, JOBS = 16, WAIT_MS = 20000 };

/* A gate in the medium: work on an offset below `held` waits until it is opened. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint32_t inside; /* waiting at the gate */
    bool open;
};

static enum lq_block_status work(void *context, const struct lq_helper_job *job)
{
    struct gate *gate = context;
    if (job->op == LQ_BLOCK_WRITE) {
        pthread_mutex_lock(&gate->lock);
        gate->inside++;
        pthread_cond_broadcast(&gate->moved);
        while (!gate->open)
            pthread_cond_wait(&gate->moved, &gate->lock);
        gate->inside--;
        pthread_mutex_unlock(&gate->lock);
    }
    return job->size_bytes == 0 ? LQ_BLOCK_OK : LQ_BLOCK_MEDIUM_ERROR;
}

static void wait_inside(struct gate *gate, uint32_t count)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->inside != count)
        pthread_cond_wait(&gate->moved, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

static void add(struct lq_helpers *helpers, uint32_t index, enum lq_block_op op)
{
    const struct lq_helper_job job = {.handle = {index, 1}, .op = op};
    lq_helpers_add(helpers, &job);
}

static lq_handle next(struct lq_helpers *helpers)
{
    struct lq_completion completion = {.handle = LQ_NO_HANDLE};
    for (int tries = 0; tries < 1000000; tries++) {
        if (lq_helpers_take(helpers, &completion, 1) == 1)
            break;
        struct pollfd ready = {.fd = lq_helpers_wake_fd(helpers), .events = POLLIN};
        CU_ASSERT_EQUAL_FATAL(poll(&ready, 1, WAIT_MS), 1);
    }
    CU_ASSERT_EQUAL(completion.status, LQ_BLOCK_OK);
    return completion.handle;
}

static void test_hung(void)
{
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct gate other = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct lq_helpers *helpers = lq_helpers_start(THREADS, JOBS, work, &gate);
    struct lq_helpers *neighbour = lq_helpers_start(THREADS, JOBS, work, &other);
    CU_ASSERT_PTR_NOT_NULL_FATAL(helpers);
    CU_ASSERT_PTR_NOT_NULL_FATAL(neighbour);

    /* One short of all hang: the store goes on. */
    for (uint32_t i = 0; i < THREADS - 1; i++)
        add(helpers, i, LQ_BLOCK_WRITE);
    lq_helpers_push(helpers);
    wait_inside(&gate, THREADS - 1);
    add(helpers, 10, LQ_BLOCK_READ);
    lq_helpers_push(helpers);
    CU_ASSERT_EQUAL(next(helpers).index, 10);

    /* All hang: its requests queue; another store's do not. */
    add(helpers, 2, LQ_BLOCK_WRITE);
    lq_helpers_push(helpers);
    wait_inside(&gate, THREADS);
    add(helpers, 11, LQ_BLOCK_READ);
    lq_helpers_push(helpers);
    add(neighbour, 12, LQ_BLOCK_READ);
    lq_helpers_push(neighbour);
    CU_ASSERT_EQUAL(next(neighbour).index, 12);
    struct lq_completion none;
    CU_ASSERT_EQUAL(lq_helpers_take(helpers, &none, 1), 0);

    open_gate(&gate);
    uint32_t seen = 0;
    for (int i = 0; i < THREADS + 1; i++)
        seen |= 1U << next(helpers).index;
    CU_ASSERT_EQUAL(seen, 0x7U | 1U << 11);
    CU_ASSERT_TRUE(lq_helpers_stop(helpers));
    CU_ASSERT_TRUE(lq_helpers_stop(neighbour));
}

/* A helper that hangs cannot be joined: the stop says so at once. */
static void test_stop_hung(void)
{
    static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER,
                               .moved = PTHREAD_COND_INITIALIZER};
    static struct lq_helpers *helpers; /* never freed: what is stuck keeps it */
    helpers = lq_helpers_start(THREADS, JOBS, work, &gate);
    CU_ASSERT_PTR_NOT_NULL_FATAL(helpers);
    add(helpers, 0, LQ_BLOCK_WRITE);
    lq_helpers_push(helpers);
    wait_inside(&gate, 1);
    CU_ASSERT_FALSE(lq_helpers_stop(helpers));
    open_gate(&gate);
    CU_ASSERT_EQUAL(next(helpers).index, 0);
}

static void test_order(void)
{
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct lq_helpers *helpers = lq_helpers_start(1, JOBS, work, &gate);
    CU_ASSERT_PTR_NOT_NULL_FATAL(helpers);
    for (uint32_t i = 0; i < JOBS; i++) {
        add(helpers, i, LQ_BLOCK_READ);
        if (i % 3 == 0)
            lq_helpers_push(helpers);
    }
    for (uint32_t i = 0; i < JOBS; i++)
        CU_ASSERT_EQUAL(next(helpers).index, i);
    CU_ASSERT_TRUE(lq_helpers_stop(helpers));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"hung helpers hold up their store alone", test_hung},
        {"a stop does not wait for a hung helper", test_stop_hung},
        {"one helper takes jobs in order", test_order},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "helpers", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
