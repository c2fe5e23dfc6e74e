/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handle names a slot of a fixed table together with the slot's incarnation, so that a late
 * answer about an object that has ended is detected, never dereferenced.
 */
#ifndef LQ_CORE_BASE_HANDLE_H
#define LQ_CORE_BASE_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#define LQ_NO_INDEX UINT32_MAX

typedef struct {
    uint32_t index;      /* slot number, LQ_NO_INDEX for "none" */
    uint32_t generation; /* incarnation of the slot; wraps */
} lq_handle;

#define LQ_NO_HANDLE ((lq_handle){LQ_NO_INDEX, 0})

static inline bool lq_handle_is_none(lq_handle h)
{
    return h.index == LQ_NO_INDEX;
}

static inline bool lq_handle_equal(lq_handle a, lq_handle b)
{
    return a.index == b.index && a.generation == b.generation;
}

/* One number for records and cookies: generation in the high half. */
static inline uint64_t lq_handle_pack(lq_handle h)
{
    return ((uint64_t)h.generation << 32) | h.index;
}

static inline lq_handle lq_handle_unpack(uint64_t packed)
{
    return (lq_handle){(uint32_t)packed, (uint32_t)(packed >> 32)};
}

#endif
