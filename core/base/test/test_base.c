/* SPDX-License-Identifier: Apache-2.0 */
/* Arena, bytes, handles, list, and the heap against a model that sorts by brute force. */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/handle.h"
#include "core/base/hash.h"
#include "core/base/heap.h"
#include "core/base/list.h"

/* --- arena ----------------------------------------------------------------------------------- */

static void carve(struct lq_arena *arena, void *taken[4])
{
    taken[0] = lq_arena_take(arena, 3, 7, true);
    taken[1] = lq_arena_take(arena, 1, 64, false);
    taken[2] = lq_arena_take(arena, 0, 16, true);
    taken[3] = lq_arena_take(arena, 5, 100, true);
}

static void test_arena_measures_what_it_takes(void)
{
    struct lq_arena measuring;
    lq_arena_init_measuring(&measuring);
    void *taken[4];
    carve(&measuring, taken);
    CU_ASSERT_TRUE(lq_arena_is_measuring(&measuring));
    for (int i = 0; i < 4; i++)
        CU_ASSERT_PTR_NULL(taken[i]);
    CU_ASSERT_EQUAL(measuring.used_bytes, 64 + 64 + 0 + 512); /* rounded up to cache lines */

    static _Alignas(64) uint8_t memory[64 + 64 + 512];
    memset(memory, 0xee, sizeof memory);
    struct lq_arena arena;
    lq_arena_init(&arena, memory, measuring.used_bytes);
    CU_ASSERT_FALSE(lq_arena_is_measuring(&arena));
    carve(&arena, taken);
    CU_ASSERT_EQUAL(arena.used_bytes, measuring.used_bytes);
    CU_ASSERT_PTR_EQUAL(taken[0], memory);
    CU_ASSERT_PTR_EQUAL(taken[1], memory + 64);
    CU_ASSERT_PTR_EQUAL(taken[3], memory + 128);
    static const uint8_t zeros[512];
    CU_ASSERT_EQUAL(memcmp(taken[0], zeros, 21), 0);
    CU_ASSERT_EQUAL(memory[64], 0xee); /* not asked to be zeroed */
    CU_ASSERT_EQUAL(memcmp(taken[3], zeros, 500), 0);
}

static void test_arena_refuses_more_than_it_has(void)
{
    static _Alignas(64) uint8_t memory[128];
    struct lq_arena arena;
    lq_arena_init(&arena, memory, sizeof memory);
    CU_ASSERT_PTR_NOT_NULL(lq_arena_take(&arena, 1, 65, true)); /* 128 with its alignment */
    LQ_UNIT_EXPECT_ASSERTION(lq_arena_take(&arena, 1, 1, true));
    LQ_UNIT_EXPECT_ASSERTION(lq_arena_take(&arena, UINT64_MAX / 8, 16, true)); /* no wrap */
}

/* --- bytes and handles ----------------------------------------------------------------------- */

static void test_bytes_have_the_wire_order(void)
{
    static const uint8_t wire[] = {0x00, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};
    CU_ASSERT_EQUAL(lq_get_be16(wire + 1), 0x8192);
    CU_ASSERT_EQUAL(lq_get_be24(wire + 1), 0x8192a3);
    CU_ASSERT_EQUAL(lq_get_be32(wire + 1), 0x8192a3b4);
    CU_ASSERT_EQUAL(lq_get_be48(wire + 1), UINT64_C(0x8192a3b4c5d6));
    CU_ASSERT_EQUAL(lq_get_be64(wire + 1), UINT64_C(0x8192a3b4c5d6e7f8));
    CU_ASSERT_EQUAL(lq_get_le64(wire + 1), UINT64_C(0xf8e7d6c5b4a39281));

    uint8_t out[9] = {0};
    lq_put_be16(out + 1, 0x8192);
    CU_ASSERT_EQUAL(memcmp(out, wire, 3), 0);
    lq_put_be24(out + 1, 0x8192a3);
    CU_ASSERT_EQUAL(memcmp(out, wire, 4), 0);
    lq_put_be32(out + 1, 0x8192a3b4);
    CU_ASSERT_EQUAL(memcmp(out, wire, 5), 0);
    lq_put_be48(out + 1, UINT64_C(0xffff8192a3b4c5d6)); /* the upper 16 bits do not fit */
    CU_ASSERT_EQUAL(memcmp(out, wire, 7), 0);
    CU_ASSERT_EQUAL(out[7], 0);
    lq_put_be64(out + 1, UINT64_C(0x8192a3b4c5d6e7f8));
    CU_ASSERT_EQUAL(memcmp(out, wire, 9), 0);
    lq_put_le64(out + 1, UINT64_C(0xf8e7d6c5b4a39281));
    CU_ASSERT_EQUAL(memcmp(out, wire, 9), 0);
}

static void test_handles_pack_and_compare(void)
{
    lq_handle handle = {7, 0x80000001};
    CU_ASSERT_EQUAL(lq_handle_pack(handle), UINT64_C(0x8000000100000007));
    CU_ASSERT_TRUE(lq_handle_equal(lq_handle_unpack(lq_handle_pack(handle)), handle));
    CU_ASSERT_FALSE(lq_handle_equal(handle, (lq_handle){7, 1}));
    CU_ASSERT_FALSE(lq_handle_equal(handle, (lq_handle){8, 0x80000001}));
    CU_ASSERT_FALSE(lq_handle_is_none(handle));
    CU_ASSERT_TRUE(lq_handle_is_none(LQ_NO_HANDLE));
    CU_ASSERT_TRUE(lq_handle_is_none(lq_handle_unpack(lq_handle_pack(LQ_NO_HANDLE))));
}

/* --- list ------------------------------------------------------------------------------------ */

struct item {
    char name;
    struct lq_link link;
};

static const char *names_of(struct lq_link *list)
{
    static char names[16];
    size_t count = 0;
    LQ_LIST_EACH(link, list)
    names[count++] = LQ_ELEMENT(link, struct item, link)->name;
    names[count] = '\0';
    return names;
}

static void make_items(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i].name = (char)('a' + (int)i);
        lq_list_init(&items[i].link);
    }
}

static void test_list_keeps_order(void)
{
    struct lq_link list;
    struct item items[4];
    lq_list_init(&list);
    make_items(items, 4);
    CU_ASSERT_TRUE(lq_list_is_empty(&list));
    CU_ASSERT_PTR_NULL(lq_list_take(&list));
    lq_list_append(&list, &items[0].link);
    lq_list_append(&list, &items[1].link);
    lq_list_push(&list, &items[2].link);
    lq_list_insert_before(&items[1].link, &items[3].link);
    CU_ASSERT_STRING_EQUAL(names_of(&list), "cadb");
    CU_ASSERT_PTR_EQUAL(list.prev, &items[1].link);
    CU_ASSERT_PTR_EQUAL(items[1].link.prev, &items[3].link);
    CU_ASSERT_PTR_EQUAL(lq_list_take(&list), &items[2].link);
    CU_ASSERT_FALSE(lq_link_is_linked(&items[2].link));
    CU_ASSERT_TRUE(lq_link_is_linked(&items[0].link));
    CU_ASSERT_STRING_EQUAL(names_of(&list), "adb");
}

static void test_list_removal_is_harmless_twice(void)
{
    struct lq_link list;
    struct item items[3];
    lq_list_init(&list);
    make_items(items, 3);
    for (int i = 0; i < 3; i++)
        lq_list_append(&list, &items[i].link);
    lq_list_remove(&items[1].link);
    lq_list_remove(&items[1].link);
    CU_ASSERT_STRING_EQUAL(names_of(&list), "ac");
    size_t seen = 0;
    LQ_LIST_EACH_SAFE(link, following, &list)
    {
        seen++;
        lq_list_remove(link);
    }
    CU_ASSERT_EQUAL(seen, 2);
    CU_ASSERT_TRUE(lq_list_is_empty(&list));
}

/* --- heap against a model -------------------------------------------------------------------- */

enum { NODES = 97, STEPS = 40000 };

struct model {
    struct lq_heap_node nodes[NODES];
    bool is_in[NODES];
    uint64_t time_ns[NODES], put_in_at_step[NODES];
};

static uint32_t model_first(const struct model *model)
{
    uint32_t first = NODES;
    for (uint32_t i = 0; i < NODES; i++) {
        if (!model->is_in[i])
            continue;
        if (first == NODES || model->time_ns[i] < model->time_ns[first] ||
            (model->time_ns[i] == model->time_ns[first] &&
             model->put_in_at_step[i] < model->put_in_at_step[first]))
            first = i;
    }
    return first;
}

static uint32_t model_count(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < NODES; i++)
        count += model->is_in[i];
    return count;
}

static bool heap_agrees(const struct lq_heap *heap, const struct model *model)
{
    uint32_t first = model_first(model);
    if (heap->count != model_count(model))
        return false;
    for (uint32_t i = 0; i < NODES; i++)
        if (lq_heap_holds(&model->nodes[i]) != model->is_in[i])
            return false;
    return lq_heap_first(heap) == (first == NODES ? NULL : &model->nodes[first]);
}

static void test_heap_agrees_with_a_model(void)
{
    static struct model model;
    static struct lq_heap_node *places[NODES];
    struct lq_heap heap;
    lq_heap_init(&heap, places, NODES);
    CU_ASSERT_PTR_NULL(lq_heap_first(&heap));
    bool agrees = true;
    uint64_t random = 1;
    for (uint64_t step = 0; step < STEPS && agrees; step++) {
        random = lq_mix(random, step);
        /* Phases that fill and phases that drain; few distinct times, so that ties abound. */
        uint32_t at = (uint32_t)(random >> 32) % NODES;
        bool put = random % 8 < (step / 1000 % 2 == 0 ? 6U : 2U);
        if (!put && random % 3 == 0 && model_first(&model) != NODES)
            at = model_first(&model);
        if (put) {
            model.time_ns[at] = random >> 16 & 15;
            model.put_in_at_step[at] = step;
            lq_heap_set(&heap, &model.nodes[at], model.time_ns[at]);
        } else {
            lq_heap_remove(&heap, &model.nodes[at]);
        }
        model.is_in[at] = put;
        agrees = heap_agrees(&heap, &model);
    }
    CU_ASSERT_TRUE(agrees);
}

static void test_heap_gives_equal_times_in_order_of_insertion(void)
{
    struct lq_heap_node nodes[5] = {0};
    struct lq_heap_node *places[5];
    struct lq_heap heap;
    lq_heap_init(&heap, places, 5);
    for (int i = 0; i < 5; i++)
        lq_heap_set(&heap, &nodes[i], i == 3 ? 1 : 2);
    lq_heap_set(&heap, &nodes[0], 2); /* moved to the time it had: behind its equals */
    static const int expected[] = {3, 1, 2, 4, 0};
    for (int i = 0; i < 5; i++) {
        struct lq_heap_node *first = lq_heap_first(&heap);
        CU_ASSERT_PTR_EQUAL(first, &nodes[expected[i]]);
        lq_heap_remove(&heap, first);
    }
    CU_ASSERT_PTR_NULL(lq_heap_first(&heap));
}

static void test_heap_refuses_more_than_its_room(void)
{
    struct lq_heap_node nodes[3] = {0};
    struct lq_heap_node *places[2];
    struct lq_heap heap;
    lq_heap_init(&heap, places, 2);
    lq_heap_set(&heap, &nodes[0], 1);
    lq_heap_set(&heap, &nodes[1], LQ_NEVER);
    lq_heap_set(&heap, &nodes[0], 3); /* in already: no more room needed */
    CU_ASSERT_EQUAL(heap.count, 2);
    CU_ASSERT_PTR_EQUAL(lq_heap_first(&heap), &nodes[0]);
    LQ_UNIT_EXPECT_ASSERTION(lq_heap_set(&heap, &nodes[2], 2));
}

int main(void)
{
    CU_TestInfo memory[] = {
        {"arena measures what it takes", test_arena_measures_what_it_takes},
        {"arena refuses more than it has", test_arena_refuses_more_than_it_has},
        {"bytes have the wire's order", test_bytes_have_the_wire_order},
        {"handles pack and compare", test_handles_pack_and_compare},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo containers[] = {
        {"list keeps order", test_list_keeps_order},
        {"list removal is harmless twice", test_list_removal_is_harmless_twice},
        {"heap agrees with a model", test_heap_agrees_with_a_model},
        {"heap gives equal times in order of insertion",
         test_heap_gives_equal_times_in_order_of_insertion},
        {"heap refuses more than its room", test_heap_refuses_more_than_its_room},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"memory", NULL, NULL, NULL, NULL, memory},
        {"containers", NULL, NULL, NULL, NULL, containers},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
