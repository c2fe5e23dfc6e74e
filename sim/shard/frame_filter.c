/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one list of frames in the order in which they came. One goes on when its own wait is over
 * and no stopping one of its way (initiator and direction) waits before it.
 */
#include "sim/shard/frame_filter.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "sim/shard/frame_filter_state.h"

struct lq_frame_filter *lq_frame_filter_make(struct lq_arena *arena,
                                             const struct lq_frame_filter_config *config,
                                             struct lq_faults *faults)
{
    struct lq_frame_filter *filter = lq_arena_take(arena, 1, sizeof *filter, true);
    struct lq_frame_kept *frames = lq_arena_take(arena, config->parcels, sizeof *frames, true);
    if (filter == NULL)
        return NULL;
    *filter = (struct lq_frame_filter){.config = *config, .faults = faults, .frames = frames};
    lq_list_init(&filter->free);
    lq_list_init(&filter->kept);
    for (uint32_t i = 0; i < config->parcels; i++) {
        lq_list_init(&frames[i].link);
        lq_list_append(&filter->free, &frames[i].link);
    }
    return filter;
}

bool lq_frame_filter_is_active(const struct lq_frame_filter *filter)
{
    return !lq_list_is_empty(&filter->kept) || lq_fault_watches_pdus(filter->faults);
}

/* --- frames --------------------------------------------------------------------------------- */

struct lq_frame_kept *lq_frame_filter_take(struct lq_frame_filter *filter,
                                           const struct lq_frame_kept *like)
{
    struct lq_link *link = lq_list_take(&filter->free);
    if (link == NULL)
        return NULL;
    struct lq_frame_kept *frame = LQ_ELEMENT(link, struct lq_frame_kept, link);
    frame->direction = like->direction;
    frame->of = like->of;
    frame->until_ns = 0;
    frame->rule = NULL;
    frame->behind = frame->overtaken = 0;
    frame->is_stopping = false;
    frame->size_bytes = like->size_bytes;
    if (like->size_bytes > 0)
        memcpy(frame->bytes, like->bytes, like->size_bytes);
    return frame;
}

void lq_frame_filter_keep(struct lq_frame_filter *filter, struct lq_frame_kept *frame)
{
    lq_list_append(&filter->kept, &frame->link);
}

void lq_frame_filter_drop(struct lq_frame_filter *filter, struct lq_frame_kept *frame)
{
    lq_list_remove(&frame->link);
    lq_list_append(&filter->free, &frame->link);
}

void lq_frame_filter_put(struct lq_frame_filter *filter, enum lq_direction direction,
                         uint32_t link, const uint8_t *bytes, uint32_t size_bytes)
{
    LQ_ASSERT(size_bytes <= LQ_FCOE_BYTES_MAX);
    const struct lq_frame_kept like = {.direction = direction, .of = link};
    struct lq_frame_kept *frame = lq_frame_filter_take(filter, &like);
    filter->seen++;
    if (frame == NULL)
        return;
    memcpy(frame->bytes, bytes, size_bytes);
    frame->size_bytes = size_bytes;
    lq_frame_filter_act(filter, frame);
}

/* --- what waits for what -------------------------------------------------------------------- */

static bool is_same_way(const struct lq_frame_kept *a, const struct lq_frame_kept *b)
{
    return a->direction == b->direction && a->of == b->of;
}

/* FRAME's own wait is not over. What a rule keeps goes on when it is disarmed, too. */
static bool waits(const struct lq_frame_filter *filter, const struct lq_frame_kept *frame)
{
    return frame->until_ns > *filter->faults->now_ns && frame->rule->is_armed &&
           (frame->behind == 0 || frame->overtaken < frame->behind);
}

static bool is_stopped(const struct lq_frame_filter *filter, const struct lq_frame_kept *frame)
{
    LQ_LIST_EACH(link, &filter->kept)
    {
        const struct lq_frame_kept *before = LQ_ELEMENT(link, struct lq_frame_kept, link);
        if (before == frame)
            break;
        if (before->is_stopping && is_same_way(before, frame) && waits(filter, before))
            return true;
    }
    return false;
}

/* Those that came before FRAME and still wait have been overtaken. */
static void overtake(struct lq_frame_filter *filter, const struct lq_frame_kept *frame)
{
    LQ_LIST_EACH(link, &filter->kept)
    {
        struct lq_frame_kept *before = LQ_ELEMENT(link, struct lq_frame_kept, link);
        if (before == frame)
            break;
        before->overtaken += is_same_way(before, frame);
    }
}

bool lq_frame_filter_next(struct lq_frame_filter *filter, enum lq_direction *direction,
                          struct lq_slice *slice)
{
    if (filter->out != NULL)
        lq_frame_filter_drop(filter, filter->out);
    filter->out = NULL;
    LQ_LIST_EACH(link, &filter->kept)
    {
        struct lq_frame_kept *frame = LQ_ELEMENT(link, struct lq_frame_kept, link);
        if (waits(filter, frame) || is_stopped(filter, frame))
            continue;
        overtake(filter, frame);
        lq_list_remove(&frame->link);
        filter->out = frame;
        *direction = frame->direction;
        *slice = (struct lq_slice){frame->bytes, frame->size_bytes};
        return true;
    }
    return false;
}

uint64_t lq_frame_filter_deadline(const struct lq_frame_filter *filter)
{
    uint64_t deadline_ns = LQ_NEVER;
    LQ_LIST_EACH(link, &filter->kept)
    {
        const struct lq_frame_kept *frame = LQ_ELEMENT(link, struct lq_frame_kept, link);
        if (waits(filter, frame) && frame->until_ns < deadline_ns)
            deadline_ns = frame->until_ns;
    }
    return deadline_ns;
}
