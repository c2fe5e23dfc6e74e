/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/grow.h"

#include <string.h>

#include "core/base/assert.h"

enum { CHUNK_BYTES = 32768 };

void lq_array_init(struct lq_array *array, size_t element_size)
{
    *array = (struct lq_array){.size = (uint32_t)element_size};
    while (((size_t)2 << array->shift) * element_size <= CHUNK_BYTES)
        array->shift++;
}

static size_t chunk_bytes(const struct lq_array *array)
{
    return (size_t)array->size << array->shift;
}

void lq_array_free(struct lq_array *array, struct lq_allocator allocator)
{
    for (uint32_t i = 0; i < array->chunk_count; i++)
        allocator.resize(allocator.context, array->chunks[i], chunk_bytes(array), 0);
    if (array->chunks != NULL)
        allocator.resize(allocator.context, array->chunks,
                         array->chunk_capacity * sizeof *array->chunks, 0);
    lq_array_init(array, array->size);
}

void lq_array_grow(struct lq_array *array, struct lq_allocator allocator)
{
    LQ_ASSERT(array->count < LQ_NONE);
    if (array->chunk_count == array->chunk_capacity) {
        uint32_t capacity = array->chunk_capacity == 0 ? 16 : array->chunk_capacity * 2;
        LQ_ASSERT(capacity > array->chunk_capacity);
        array->chunks = allocator.resize(allocator.context, array->chunks,
                                         array->chunk_capacity * sizeof *array->chunks,
                                         capacity * sizeof *array->chunks);
        array->chunk_capacity = capacity;
    }
    array->chunks[array->chunk_count++] =
        allocator.resize(allocator.context, NULL, 0, chunk_bytes(array));
}

void *lq_array_add(struct lq_array *array, struct lq_allocator allocator)
{
    void *element = lq_array_add_raw(array, allocator);
    memset(element, 0, array->size);
    return element;
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

static void grow(struct lq_map *map, struct lq_allocator allocator)
{
    struct lq_map old = *map;
    map->capacity = old.capacity == 0 ? 64 : old.capacity * 2;
    LQ_ASSERT(map->capacity > old.capacity);
    map->slots = allocator.resize(allocator.context, NULL, 0, map->capacity * sizeof *map->slots);
    memset(map->slots, 0, map->capacity * sizeof *map->slots);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slots[i].generation == map->generation)
            *lq_map_probe(map, old.slots[i].key) = old.slots[i];
    if (old.slots != NULL)
        allocator.resize(allocator.context, old.slots, old.capacity * sizeof *old.slots, 0);
}

uint32_t *lq_map_put(struct lq_map *map, struct lq_allocator allocator, uint64_t key)
{
    if (map->count >= map->capacity / 2)
        grow(map, allocator);
    struct lq_map_slot *slot = lq_map_probe(map, key);
    if (slot->generation != map->generation) {
        *slot = (struct lq_map_slot){key, LQ_NONE, map->generation};
        map->count++;
    }
    return &slot->value;
}
