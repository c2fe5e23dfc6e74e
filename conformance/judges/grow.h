/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the judges: arrays that grow in chunks, and maps from 64-bit keys to 32-bit values.
 * Both keep their memory over a reset. Internal to the judges.
 */
#ifndef LQ_CONFORMANCE_JUDGES_GROW_H
#define LQ_CONFORMANCE_JUDGES_GROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/hash.h"

#define LQ_NONE UINT32_MAX /* "no index" */

/* Elements of one size. They never move: pointers to them stay good until the reset. */
struct lq_array {
    uint8_t **chunks;
    uint32_t chunk_count, chunk_capacity;
    uint32_t count;
    uint32_t size;  /* of one element */
    uint32_t shift; /* a chunk holds 1 << shift elements */
};

void lq_array_init(struct lq_array *array, size_t element_size);
void lq_array_free(struct lq_array *array, struct lq_allocator allocator);

static inline void lq_array_reset(struct lq_array *array)
{
    array->count = 0;
}

static inline void *lq_array_at(const struct lq_array *array, uint32_t index)
{
    return array->chunks[index >> array->shift] +
           (size_t)(index & ((UINT32_C(1) << array->shift) - 1)) * array->size;
}

/* Room for one element more. */
void lq_array_grow(struct lq_array *array, struct lq_allocator allocator);

/* Appends an element and returns it, zeroed or as it happens to be; its index is count - 1
 * afterwards. */
void *lq_array_add(struct lq_array *array, struct lq_allocator allocator);
static inline void *lq_array_add_raw(struct lq_array *array, struct lq_allocator allocator)
{
    if (array->count >> array->shift == array->chunk_count)
        lq_array_grow(array, allocator);
    return lq_array_at(array, array->count++);
}

/* An open-addressed map. A reset only bumps the generation. */
struct lq_map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t generation; /* of the run that filled it */
};

struct lq_map {
    struct lq_map_slot *slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
    uint32_t generation;
};

void lq_map_init(struct lq_map *map);
void lq_map_free(struct lq_map *map, struct lq_allocator allocator);
void lq_map_reset(struct lq_map *map);

/* A key of two numbers. Numbers B that follow each other make keys that do. */
static inline uint64_t lq_key(uint64_t a, uint64_t b)
{
    return lq_mix(0, a) + b;
}

/* The slot of KEY, or the free one where it belongs; of a map that has some. Four keys that follow
 * each other (tags, serials, blocks) are neighbours in memory, as they are in time. */
static inline struct lq_map_slot *lq_map_probe(const struct lq_map *map, uint64_t key)
{
    uint32_t mask = map->capacity - 1;
    uint64_t group = (key >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    uint32_t at = (uint32_t)(group << 2 | (key & 3)) & mask;
    while (map->slots[at].generation == map->generation && map->slots[at].key != key)
        at = (at + 1) & mask;
    return &map->slots[at];
}

/* The value of KEY, LQ_NONE when it has none. */
static inline uint32_t lq_map_get(const struct lq_map *map, uint64_t key)
{
    if (map->capacity == 0)
        return LQ_NONE;
    const struct lq_map_slot *slot = lq_map_probe(map, key);
    return slot->generation == map->generation ? slot->value : LQ_NONE;
}

/* Where the value of KEY is kept, LQ_NONE at first. Valid until the next call. */
uint32_t *lq_map_put(struct lq_map *map, struct lq_allocator allocator, uint64_t key);

#endif
