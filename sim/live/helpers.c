/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock, one queue, one condition. The loop gathers jobs without the lock and splices them in
 * once per turn; a helper ends a job and takes the next under one locking. The loop wakes one
 * helper; a helper that leaves jobs in the queue wakes the next, so that short jobs cost one
 * wake-up and long ones spread over all helpers.
 */
#include "sim/live/helpers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/assert.h"

enum { STACK_BYTES = 128 * 1024 };

struct job_queue {
    struct lq_helper_job *first, **last;
};

struct lq_helpers {
    /* The loop's alone. */
    struct lq_helper_job *jobs, *free;
    struct job_queue added; /* since the last push */
    struct job_queue taken; /* ended, out of the lock, not yet handed to the loop */

    /* Fixed before the threads start. */
    lq_helper_work work;
    void *context;
    int wake_fd;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wanted;
    struct job_queue queued, ended;
    uint32_t idle, busy, woken; /* woken: signalled and not yet running */
    bool stopping;
    atomic_bool some_ended; /* for a look without the lock */

    uint32_t thread_count;
    pthread_t threads[];
};

static void queue_init(struct job_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_put(struct job_queue *queue, struct lq_helper_job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct lq_helper_job *queue_take(struct job_queue *queue)
{
    struct lq_helper_job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return job;
}

/* All of FROM goes to the end of TO. */
static void queue_splice(struct job_queue *to, struct job_queue *from)
{
    if (from->first == NULL)
        return;
    *to->last = from->first;
    to->last = from->last;
    queue_init(from);
}

/* Locked. Another helper is of use when jobs wait and none is on its way already. */
static void wake_one(struct lq_helpers *helpers)
{
    if (helpers->queued.first != NULL && helpers->idle > helpers->woken) {
        helpers->woken++;
        pthread_cond_signal(&helpers->wanted);
    }
}

/* Locked. Waits for a job; NULL: the helper is to end. */
static struct lq_helper_job *next_job(struct lq_helpers *helpers)
{
    while (helpers->queued.first == NULL && !helpers->stopping) {
        helpers->idle++;
        pthread_cond_wait(&helpers->wanted, &helpers->lock);
        helpers->idle--;
        if (helpers->woken > 0)
            helpers->woken--;
    }
    if (helpers->stopping)
        return NULL;
    struct lq_helper_job *job = queue_take(&helpers->queued);
    wake_one(helpers);
    return job;
}

/* Locked. Only the first of an empty queue is announced: the loop takes all that it finds. */
static void put_ended(struct lq_helpers *helpers, struct lq_helper_job *job)
{
    bool first = helpers->ended.first == NULL;
    queue_put(&helpers->ended, job);
    if (!first)
        return;
    atomic_store(&helpers->some_ended, true);
    uint64_t one = 1;
    ssize_t written = write(helpers->wake_fd, &one, sizeof one);
    LQ_ASSERT(written == (ssize_t)sizeof one); /* 2^64 announcements would fill the counter */
}

static void *help(void *argument)
{
    struct lq_helpers *helpers = argument;
    pthread_mutex_lock(&helpers->lock);
    for (;;) {
        struct lq_helper_job *job = next_job(helpers);
        if (job == NULL)
            break;
        helpers->busy++;
        pthread_mutex_unlock(&helpers->lock);
        job->status = helpers->work(helpers->context, job);
        pthread_mutex_lock(&helpers->lock);
        helpers->busy--;
        put_ended(helpers, job);
    }
    pthread_mutex_unlock(&helpers->lock);
    return NULL;
}

/* Signals are the loop's: helpers start with all of them blocked. */
static uint32_t start_threads(struct lq_helpers *helpers, uint32_t threads)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return 0;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    uint32_t started = 0;
    while (started < threads &&
           pthread_create(&helpers->threads[started], &attributes, help, helpers) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

static void helpers_free(struct lq_helpers *helpers)
{
    if (helpers->wake_fd >= 0)
        close(helpers->wake_fd);
    pthread_cond_destroy(&helpers->wanted);
    pthread_mutex_destroy(&helpers->lock);
    free(helpers->jobs);
    free(helpers);
}

struct lq_helpers *lq_helpers_start(uint32_t threads, uint32_t jobs_max, lq_helper_work work,
                                    void *context)
{
    LQ_ASSERT(threads > 0 && jobs_max > 0);
    struct lq_helpers *helpers = calloc(1, sizeof *helpers + threads * sizeof(pthread_t));
    if (helpers == NULL)
        return NULL;
    helpers->work = work;
    helpers->context = context;
    queue_init(&helpers->added);
    queue_init(&helpers->taken);
    queue_init(&helpers->queued);
    queue_init(&helpers->ended);
    pthread_mutex_init(&helpers->lock, NULL);
    pthread_cond_init(&helpers->wanted, NULL);
    helpers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    helpers->jobs = calloc(jobs_max, sizeof *helpers->jobs);
    if (helpers->wake_fd < 0 || helpers->jobs == NULL) {
        helpers_free(helpers);
        return NULL;
    }
    for (uint32_t i = 0; i < jobs_max; i++) {
        helpers->jobs[i].next = helpers->free;
        helpers->free = &helpers->jobs[i];
    }
    helpers->thread_count = start_threads(helpers, threads);
    if (helpers->thread_count < threads) {
        lq_helpers_stop(helpers);
        return NULL;
    }
    return helpers;
}

int lq_helpers_wake_fd(const struct lq_helpers *helpers)
{
    return helpers->wake_fd;
}

void lq_helpers_add(struct lq_helpers *helpers, const struct lq_helper_job *job)
{
    struct lq_helper_job *own = helpers->free;
    LQ_ASSERT(own != NULL);
    helpers->free = own->next;
    *own = *job;
    queue_put(&helpers->added, own);
}

void lq_helpers_push(struct lq_helpers *helpers)
{
    if (helpers->added.first == NULL)
        return;
    pthread_mutex_lock(&helpers->lock);
    queue_splice(&helpers->queued, &helpers->added);
    wake_one(helpers);
    pthread_mutex_unlock(&helpers->lock);
}

static void fetch_ended(struct lq_helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    queue_splice(&helpers->taken, &helpers->ended);
    atomic_store(&helpers->some_ended, false);
    pthread_mutex_unlock(&helpers->lock);
}

uint32_t lq_helpers_take(struct lq_helpers *helpers, struct lq_completion *completions,
                         uint32_t max)
{
    if (helpers->taken.first == NULL && atomic_load(&helpers->some_ended))
        fetch_ended(helpers);
    uint32_t taken = 0;
    while (taken < max) {
        struct lq_helper_job *job = queue_take(&helpers->taken);
        if (job == NULL)
            break;
        completions[taken++] = (struct lq_completion){job->handle, job->status};
        job->next = helpers->free;
        helpers->free = job;
    }
    return taken;
}

bool lq_helpers_stop(struct lq_helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    helpers->stopping = true;
    bool busy = helpers->busy > 0;
    pthread_cond_broadcast(&helpers->wanted);
    pthread_mutex_unlock(&helpers->lock);
    for (uint32_t i = 0; i < helpers->thread_count; i++) {
        if (busy)
            pthread_detach(helpers->threads[i]);
        else
            pthread_join(helpers->threads[i], NULL);
    }
    if (!busy)
        helpers_free(helpers);
    return !busy;
}
