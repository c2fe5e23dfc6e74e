/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/memory.h"
#include "sim/virtual/virtual.h"

enum { ARENA_ALIGNMENT = 64 };

void lq_region_make(struct virtual_world *virtual, struct virtual_region *region,
                    void (*carve)(struct virtual_world *virtual, struct lq_arena *arena))
{
    struct lq_allocator *allocator = &virtual->world.allocator;
    struct lq_arena measure;
    lq_arena_init_measuring(&measure);
    carve(virtual, &measure);
    uint64_t wanted = measure.used_bytes + ARENA_ALIGNMENT;
    if (wanted > region->memory_bytes) {
        if (region->memory != NULL)
            (void)lq_resize(allocator, region->memory, region->memory_bytes, 0);
        region->memory = lq_resize(allocator, NULL, 0, wanted);
        region->memory_bytes = wanted;
    }
    uint8_t *memory = region->memory;
    uint64_t offset = (uint64_t)((uintptr_t)memory % ARENA_ALIGNMENT);
    if (offset != 0)
        memory += ARENA_ALIGNMENT - offset;
    lq_arena_init(&region->arena, memory, measure.used_bytes);
    carve(virtual, &region->arena);
}

void lq_region_free(const struct lq_allocator *allocator, struct virtual_region *region)
{
    if (region->memory != NULL)
        (void)lq_resize(allocator, region->memory, region->memory_bytes, 0);
}
