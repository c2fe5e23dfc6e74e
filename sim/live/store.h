/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block store of the live world: the engine's view of it (core/store.h) and what the loop does
 * with it beside.
 *
 * What this is not: a medium; store_ram.h and store_file.h are. Who uses it: the loop, which
 * pushes and takes once per turn, and who assembles a live target.
 *
 * A store lives on the loop's thread. It may have helper threads, which touch nothing of the
 * engine but the data buffer of the request that they work on.
 */
#ifndef LQ_SIM_LIVE_STORE_H
#define LQ_SIM_LIVE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store.h"

/* The end of one request: what becomes LQ_INPUT_STORE_DONE. */
struct lq_completion {
    lq_handle handle;
    enum lq_block_status status;
};

struct lq_live_store;

struct lq_live_store_ops {
    /* Hands to the helpers what was submitted since the last push. NULL: there are none. */
    void (*push)(struct lq_live_store *live);
    /* Takes up to MAX ended requests, oldest first. Never blocks. */
    uint32_t (*take)(struct lq_live_store *live, struct lq_completion *completions, uint32_t max);
    /* Frees the store. False: a helper is stuck in the medium and keeps what it needs; then only
     * the end of the process ends it. */
    bool (*close)(struct lq_live_store *live);
};

struct lq_live_store {
    struct lq_store store; /* hand &live->store to the engine */
    const struct lq_live_store_ops *ops;
    const char *name; /* for messages: "--file disk.img"; the store's own */
    int wake_fd; /* has an edge when a helper has ended something (never read); -1: no helpers */
};

static inline void lq_live_store_push(struct lq_live_store *live)
{
    if (live->ops->push != NULL)
        live->ops->push(live);
}

static inline uint32_t lq_live_store_take(struct lq_live_store *live,
                                          struct lq_completion *completions, uint32_t max)
{
    return live->ops->take(live, completions, max);
}

static inline bool lq_live_store_close(struct lq_live_store *live)
{
    return live->ops->close(live);
}

#endif
