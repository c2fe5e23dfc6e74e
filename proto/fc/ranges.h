/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bytes of a burst have come: a few disjoint runs, since class 3 may deliver the frames of a
 * sequence in any order. Used by both endpoints.
 */
#ifndef LQ_PROTO_FC_RANGES_H
#define LQ_PROTO_FC_RANGES_H

#include <stdbool.h>
#include <stdint.h>

enum { LQ_FC_RANGES_MAX = 16 };

struct lq_fc_ranges {
    uint32_t count;
    struct {
        uint32_t begin, end;
    } runs[LQ_FC_RANGES_MAX]; /* in order, neither touching nor overlapping */
};

/* Adds BEGIN..END-1. False: there is no room for one more run; nothing was added. */
static inline bool lq_fc_ranges_add(struct lq_fc_ranges *ranges, uint32_t begin, uint32_t end)
{
    uint32_t first = 0, behind;
    if (begin == end)
        return true;
    while (first < ranges->count && ranges->runs[first].end < begin)
        first++;
    behind = first;
    while (behind < ranges->count && ranges->runs[behind].begin <= end) {
        begin = ranges->runs[behind].begin < begin ? ranges->runs[behind].begin : begin;
        end = ranges->runs[behind].end > end ? ranges->runs[behind].end : end;
        behind++;
    }
    if (behind == first) { /* a new run */
        if (ranges->count == LQ_FC_RANGES_MAX)
            return false;
        for (uint32_t i = ranges->count; i > first; i--)
            ranges->runs[i] = ranges->runs[i - 1];
        ranges->count++;
    } else { /* those from first on become one */
        for (uint32_t i = behind; i < ranges->count; i++)
            ranges->runs[first + 1 + i - behind] = ranges->runs[i];
        ranges->count -= behind - first - 1;
    }
    ranges->runs[first].begin = begin;
    ranges->runs[first].end = end;
    return true;
}

/* The end of the run that holds BEGIN, BEGIN when there is none. */
static inline uint32_t lq_fc_ranges_end(const struct lq_fc_ranges *ranges, uint32_t begin)
{
    for (uint32_t i = 0; i < ranges->count; i++)
        if (ranges->runs[i].begin <= begin && begin < ranges->runs[i].end)
            return ranges->runs[i].end;
    return begin;
}

static inline bool lq_fc_ranges_hold(const struct lq_fc_ranges *ranges, uint32_t begin,
                                     uint32_t end)
{
    return lq_fc_ranges_end(ranges, begin) >= end;
}

#endif
