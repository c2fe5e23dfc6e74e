/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of ended requests, first in first out, of one thread: what a store could serve at once
 * waits here for the loop, because a completion never comes from inside submit.
 *
 * Used by the stores of sim/live.
 */
#ifndef LQ_SIM_LIVE_COMPLETIONS_H
#define LQ_SIM_LIVE_COMPLETIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/store.h"

struct lq_completions {
    struct lq_completion *ring; /* owned */
    uint32_t mask;              /* room - 1; room is a power of two */
    uint32_t head, count;
};

/* Room for CAPACITY (1 or more) completions at once. False: no memory. */
bool lq_completions_init(struct lq_completions *completions, uint32_t capacity);
void lq_completions_fini(struct lq_completions *completions);

/* Adds one; there must be room. */
void lq_completions_put(struct lq_completions *completions, lq_handle handle,
                        enum lq_block_status status);

/* Takes up to MAX of the oldest into OUT; returns how many. */
uint32_t lq_completions_take(struct lq_completions *completions, struct lq_completion *out,
                             uint32_t max);

#endif
