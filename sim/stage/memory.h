/* SPDX-License-Identifier: Apache-2.0 */
/* Shorthand for the allocator that the program hands to a world; what has grown is kept
 * for the next run. */
#ifndef LQ_SIM_STAGE_MEMORY_H
#define LQ_SIM_STAGE_MEMORY_H

#include <stdint.h>

#include "core/base/allocator.h"

/* OLD (NULL: none) of OLD_BYTES becomes a block of NEW_BYTES; see core/base/allocator.h. */
static inline void *lq_resize(const struct lq_allocator *allocator, void *old, uint64_t old_bytes,
                              uint64_t new_bytes)
{
    return allocator->resize(allocator->context, old, (size_t)old_bytes, (size_t)new_bytes);
}

#endif
