/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/grow.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"

void lq_array_init(struct lq_array *array, size_t element_size)
{
    *array = (struct lq_array){.size = (uint32_t)element_size};
}

void lq_array_free(struct lq_array *array, struct lq_allocator allocator)
{
    if (array->elements != NULL)
        allocator.resize(allocator.context, array->elements,
                         (size_t)array->capacity * array->size, 0);
    lq_array_init(array, array->size);
}

void lq_array_extend(struct lq_array *array, struct lq_allocator allocator, uint32_t count)
{
    if (count > array->capacity) {
        uint32_t capacity = array->capacity == 0 ? 64 : array->capacity;
        while (capacity < count) {
            LQ_ASSERT(capacity <= UINT32_MAX / 2);
            capacity *= 2;
        }
        array->elements = allocator.resize(allocator.context, array->elements,
                                           (size_t)array->capacity * array->size,
                                           (size_t)capacity * array->size);
        array->capacity = capacity;
    }
    if (count > array->count)
        memset(lq_array_at(array, array->count), 0, (size_t)(count - array->count) * array->size);
    array->count = count;
}

void *lq_array_add(struct lq_array *array, struct lq_allocator allocator)
{
    lq_array_extend(array, allocator, array->count + 1);
    return lq_array_at(array, array->count - 1);
}

void lq_map_init(struct lq_map *map)
{
    *map = (struct lq_map){.generation = 1};
}

void lq_map_free(struct lq_map *map, struct lq_allocator allocator)
{
    if (map->slots != NULL)
        allocator.resize(allocator.context, map->slots, map->capacity * sizeof *map->slots, 0);
    lq_map_init(map);
}

void lq_map_reset(struct lq_map *map)
{
    map->count = 0;
    map->generation++;
    if (map->generation == 0) {
        if (map->slots != NULL)
            memset(map->slots, 0, map->capacity * sizeof *map->slots);
        map->generation = 1;
    }
}

/* The slot of KEY, or the free one where it belongs. */
static struct lq_map_slot *probe(const struct lq_map *map, uint64_t key)
{
    uint32_t mask = map->capacity - 1;
    uint32_t at = (uint32_t)lq_mix(0, key) & mask;
    while (map->slots[at].generation == map->generation && map->slots[at].key != key)
        at = (at + 1) & mask;
    return &map->slots[at];
}

uint32_t lq_map_get(const struct lq_map *map, uint64_t key)
{
    if (map->capacity == 0)
        return LQ_NONE;
    const struct lq_map_slot *slot = probe(map, key);
    return slot->generation == map->generation ? slot->value : LQ_NONE;
}

static void grow(struct lq_map *map, struct lq_allocator allocator)
{
    struct lq_map old = *map;
    map->capacity = old.capacity == 0 ? 64 : old.capacity * 2;
    LQ_ASSERT(map->capacity > old.capacity);
    map->slots = allocator.resize(allocator.context, NULL, 0, map->capacity * sizeof *map->slots);
    memset(map->slots, 0, map->capacity * sizeof *map->slots);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slots[i].generation == map->generation)
            *probe(map, old.slots[i].key) = old.slots[i];
    if (old.slots != NULL)
        allocator.resize(allocator.context, old.slots, old.capacity * sizeof *old.slots, 0);
}

uint32_t *lq_map_put(struct lq_map *map, struct lq_allocator allocator, uint64_t key)
{
    if (map->count >= map->capacity / 2)
        grow(map, allocator);
    struct lq_map_slot *slot = probe(map, key);
    if (slot->generation != map->generation) {
        *slot = (struct lq_map_slot){key, LQ_NONE, map->generation};
        map->count++;
    }
    return &slot->value;
}
