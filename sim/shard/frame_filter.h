/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a shard's frame device and Ethernet, and does to frames what fault rules say:
 * filter.h is the same for connections. Frames are whole, so each is looked at once, as it passes,
 * and is kept only when a rule strikes it or one before it waits.
 *
 * What this is not: a network (sim/virtual/frames.h), which loses and damages what it carries.
 * Who uses it: worlds; those without rules about frames make none.
 *
 * Use: what goes to the shard or comes from it is put here; then next, until there is none, says
 * what goes on and where. The captures' taps are on the shard's side, so they show what the target
 * sent and received.
 */
#ifndef LQ_SIM_SHARD_FRAME_FILTER_H
#define LQ_SIM_SHARD_FRAME_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/history.h"
#include "core/base/slice.h"
#include "faults/faults.h"

struct lq_frame_filter;

struct lq_frame_filter_config {
    uint32_t parcels; /* frames that it keeps; what it has no room for is lost */
    /* The connection by which faults and records know frames of LINK's initiator. */
    uint32_t (*connection_of)(void *context, uint32_t link);
    void *context;
};

/* Carves one from ARENA (NULL from a measuring one). FAULTS outlives it. */
struct lq_frame_filter *lq_frame_filter_make(struct lq_arena *arena,
                                             const struct lq_frame_filter_config *config,
                                             struct lq_faults *faults);

/* There may be something to do for it now; when not, frames go past it. */
bool lq_frame_filter_is_active(const struct lq_frame_filter *filter);

/* A frame passes, to or from the initiator of LINK (0: it is of no one initiator). */
void lq_frame_filter_put(struct lq_frame_filter *filter, enum lq_direction direction,
                         uint32_t link, const uint8_t *bytes, uint32_t size_bytes);

/* The next frame that goes on now, and its direction. False: there is none. The bytes are valid
 * until the next call. */
bool lq_frame_filter_next(struct lq_frame_filter *filter, enum lq_direction *direction,
                          struct lq_slice *frame);

/* When next may have something that it has not now; LQ_NEVER: never by itself. */
uint64_t lq_frame_filter_deadline(const struct lq_frame_filter *filter);

#endif
