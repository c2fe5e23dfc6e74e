/* SPDX-License-Identifier: Apache-2.0 */
/* What the frame filter's two files share: frame_filter.c (what waits for what) and frame_act.c
 * (what becomes of a frame that is struck). */
#ifndef LQ_SIM_SHARD_FRAME_FILTER_STATE_H
#define LQ_SIM_SHARD_FRAME_FILTER_STATE_H

#include "core/base/list.h"
#include "faults/rules.h"
#include "proto/fcoe/fcoe.h"
#include "proto/fcoe/fields.h"
#include "sim/shard/frame_filter.h"

struct lq_frame_kept {
    struct lq_link link;
    enum lq_direction direction;
    uint32_t of;         /* link of its initiator */
    uint64_t until_ns;   /* it waits till then, while RULE is armed; 0: it does not */
    const struct lq_fault_rule *rule;
    uint32_t behind;     /* or until so many of its way have overtaken it; 0: not so */
    uint32_t overtaken;
    bool is_stopping;    /* those behind it wait, too */
    uint32_t size_bytes;
    uint8_t bytes[LQ_FCOE_BYTES_MAX];
};

struct lq_frame_filter {
    struct lq_frame_filter_config config;
    struct lq_faults *faults;
    struct lq_frame_kept *frames;
    struct lq_link free, kept; /* kept: in the order in which they came */
    struct lq_frame_kept *out; /* what next gave; NULL: nothing */
    uint64_t seen;             /* frames so far: name draws */
};

/* Behind FRAME there is a copy of it, or room for one that is made; NULL: no room. */
struct lq_frame_kept *lq_frame_filter_take(struct lq_frame_filter *filter,
                                           const struct lq_frame_kept *like);
void lq_frame_filter_keep(struct lq_frame_filter *filter, struct lq_frame_kept *frame);
void lq_frame_filter_drop(struct lq_frame_filter *filter, struct lq_frame_kept *frame);

/* Does with FRAME, which came, what a rule that it runs into says; else it is kept as it is. */
void lq_frame_filter_act(struct lq_frame_filter *filter, struct lq_frame_kept *frame);

#endif
