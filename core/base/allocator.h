/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that grows, handed to pure parts by whoever may allocate (tools, unit tests).
 *
 * Only parts outside of the engine use it: judges, histories. The engine lives in its arena.
 */
#ifndef LQ_CORE_BASE_ALLOCATOR_H
#define LQ_CORE_BASE_ALLOCATOR_H

#include <stddef.h>

struct lq_allocator {
    /* As realloc: OLD (NULL: none, OLD_SIZE 0) becomes a block of NEW_SIZE bytes with the old
     * contents, aligned for any object; NEW_SIZE 0 frees and returns NULL. Never fails otherwise:
     * the program ends itself when it has no memory. */
    void *(*resize)(void *context, void *old, size_t old_size, size_t new_size);
    void *context;
};

#endif
