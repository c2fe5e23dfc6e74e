/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper threads of one store: they do the jobs that could block, so that the loop never
 * does, and say through an eventfd that some are done.
 *
 * Bounded per store: when every helper hangs in the medium, further jobs of this store queue and
 * nobody else notices. Everything here is called on the loop's thread, except the work function,
 * which runs on a helper and sees its job alone.
 *
 * Used by store_file.
 */
#ifndef LQ_SIM_LIVE_HELPERS_H
#define LQ_SIM_LIVE_HELPERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store.h"
#include "sim/live/store.h"

/* A copy of a block request: what a helper may know of it. Offset and size are of its extent. */
struct lq_helper_job {
    lq_handle handle;
    enum lq_block_op op;
    bool fua;
    uint64_t offset_bytes, size_bytes;
    uint8_t *data;
    struct lq_block_request *request; /* LQ_BLOCK_STATUS: where its answer goes; else NULL */
    enum lq_block_status status; /* what the work function returned */
    struct lq_helper_job *next;
};

/* Does JOB, for as long as it takes, on a helper thread. CONTEXT is shared by all helpers. */
typedef enum lq_block_status (*lq_helper_work)(void *context, const struct lq_helper_job *job);

struct lq_helpers;

/* THREADS helpers with room for JOBS_MAX jobs at once. NULL: no memory, threads or descriptors. */
struct lq_helpers *lq_helpers_start(uint32_t threads, uint32_t jobs_max, lq_helper_work work,
                                    void *context);

/* An eventfd, written when a job has ended and none was waiting to be taken. To be watched
 * edge-triggered: it is never read. */
int lq_helpers_wake_fd(const struct lq_helpers *helpers);

/* Notes JOB (copied; status and next are ignored); the helpers get it with the next push. */
void lq_helpers_add(struct lq_helpers *helpers, const struct lq_helper_job *job);
void lq_helpers_push(struct lq_helpers *helpers);

/* Takes up to MAX ended jobs. */
uint32_t lq_helpers_take(struct lq_helpers *helpers, struct lq_completion *completions,
                         uint32_t max);

/* Ends the helpers and frees them; once. False: a helper is at work and may hang; nothing is freed,
 * what CONTEXT names must stay, and each helper ends when the medium lets go of it. */
bool lq_helpers_stop(struct lq_helpers *helpers);

#endif
