/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the C library as a struct lq_allocator, for tests and small helper programs: out of
 * memory ends them. */
#ifndef LQ_CORE_BASE_TEST_HEAP_ALLOCATOR_H
#define LQ_CORE_BASE_TEST_HEAP_ALLOCATOR_H

#include <stdlib.h>

#include "core/base/allocator.h"

static inline void *lq_heap_allocator_resize(void *context, void *old, size_t old_size,
                                             size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    void *block = realloc(old, new_size);
    if (block == NULL)
        abort();
    return block;
}

static inline struct lq_allocator lq_heap_allocator(void)
{
    return (struct lq_allocator){lq_heap_allocator_resize, NULL};
}

#endif
