/* SPDX-License-Identifier: Apache-2.0 */
/* The network of frames: who gets what when, and what faults make of it. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/base/bytes.h"
#include "sim/stage/test/support.h"
#include "sim/virtual/frames.h"

enum { STATIONS = 3, SIZE = 80, GOT_MAX = 400 };

struct got {
    uint32_t link;
    uint64_t time_ns;
    uint8_t bytes[SIZE];
};

static struct world {
    uint64_t now_ns;
    struct lq_queue queue;
    struct lq_heap_node *nodes[2048];
    struct lq_choice_seeded seeded;
    struct lq_faults faults;
    struct lq_frames frames;
    struct got got[GOT_MAX];
    uint32_t got_count, rooms, carriers;
} w;

static const struct lq_frame_options options = {
    .latency_min_ns = 1000, .latency_max_ns = 9000, .byte_ns_x16 = 16, .down_max_ns = 1000000};

static void arrived(void *context, uint32_t link, const uint8_t *bytes, uint32_t size_bytes)
{
    (void)context;
    struct got *got = &w.got[w.got_count++ % GOT_MAX];
    got->link = link;
    got->time_ns = w.now_ns;
    memcpy(got->bytes, bytes, size_bytes < SIZE ? size_bytes : SIZE);
}

static void room(void *context, uint32_t link)
{
    (void)context, (void)link;
    w.rooms++;
}

static void carrier(void *context, uint32_t link, bool is_up)
{
    (void)context, (void)link, (void)is_up;
    w.carriers++;
}

static const struct lq_frame_events events = {arrived, room, carrier};

static void begin(void)
{
    w.now_ns = 0;
    w.got_count = w.rooms = w.carriers = 0;
    lq_choice_seeded_init(&w.seeded, 7);
    lq_faults_init(&w.faults, &w.seeded.choice, NULL, &w.now_ns);
    lq_queue_init(&w.queue, w.nodes, 2048, &w.now_ns);
    lq_frames_init(&w.frames, &test_allocator);
    lq_frames_reset(&w.frames, &w.queue, &w.faults, &events, NULL);
    for (uint32_t i = 0; i < STATIONS; i++)
        lq_frames_open(&w.frames, i, &options);
}

static void end(void)
{
    CU_ASSERT_EQUAL(w.frames.overflows, 0);
    lq_frames_fini(&w.frames);
}

/* From station FROM to TO (9: a group), of FCoE, with N in the FC frame. */
static void send(uint32_t from, uint32_t to, uint32_t n)
{
    uint8_t frame[SIZE] = {0};
    lq_put_be48(frame, to == 9 ? UINT64_C(0x011018010002) : UINT64_C(0x0efc00000000) + to);
    lq_put_be48(frame + 6, UINT64_C(0x0efc00000000) + from);
    lq_put_be16(frame + 12, 0x8906);
    lq_put_be32(frame + 30, n);
    lq_frames_send(&w.frames, from, frame, SIZE);
}

static void run(void)
{
    while (lq_queue_step(&w.queue))
        continue;
}

static void test_reaches_whom_it_names_in_order(void)
{
    begin();
    send(1, 9, 100);
    run();
    CU_ASSERT_EQUAL(w.got_count, 2); /* a group: everybody else */
    CU_ASSERT_EQUAL(w.got[0].link + w.got[1].link, 2);
    w.got_count = 0;
    for (uint32_t i = 0; i < 20; i++)
        send(0, 1, i); /* learned from the first */
    run();
    CU_ASSERT_EQUAL(w.got_count, 20);
    for (uint32_t i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(w.got[i].link, 1);
        CU_ASSERT_EQUAL(lq_get_be32(w.got[i].bytes + 30), i);
    }
    w.got_count = 0;
    send(0, 2, 1); /* nobody has heard of it: everybody else */
    run();
    CU_ASSERT_EQUAL(w.got_count, 2);
    end();
}

static void test_waits_for_room(void)
{
    begin();
    send(1, 0, 0);
    run();
    w.got_count = 0;
    uint32_t sent = 0;
    for (; lq_frames_has_room(&w.frames, 0); sent++)
        send(0, 1, sent);
    CU_ASSERT_EQUAL(sent, LQ_FRAMES_OF_LINK);
    CU_ASSERT_EQUAL(w.rooms, 0);
    run();
    CU_ASSERT_EQUAL(w.rooms, 1);
    CU_ASSERT_EQUAL(w.got_count, sent);
    CU_ASSERT(lq_frames_has_room(&w.frames, 0));
    end();
}

static void test_without_a_carrier_nothing_passes(void)
{
    begin();
    send(1, 0, 0);
    lq_frames_set_carrier(&w.frames, 1, false);
    lq_frames_set_carrier(&w.frames, 1, false);
    send(1, 0, 1);
    send(0, 1, 2);
    run();
    CU_ASSERT_EQUAL(w.got_count, 0); /* the switch knows which link 1 is behind */
    CU_ASSERT_EQUAL(w.carriers, 1);
    lq_frames_heal(&w.frames, true);
    CU_ASSERT_EQUAL(w.carriers, 2);
    w.got_count = 0;
    send(1, 0, 3);
    run();
    CU_ASSERT(w.got_count > 0);
    CU_ASSERT_EQUAL(lq_get_be32(w.got[0].bytes + 30), 3);
    end();
}

/* How many of 200 frames arrive under FAULT, in how many the order is wrong, how many are bad. */
static void under(enum lq_fault fault, uint32_t *count, uint32_t *late, uint32_t *bad)
{
    begin();
    send(1, 0, 0);
    run();
    w.got_count = 0;
    lq_fault_arm(&w.faults, fault, 100);
    for (uint32_t i = 0; i < 200; i++) {
        send(0, 1, i + 1);
        if (!lq_frames_has_room(&w.frames, 0) || i % 32 == 31)
            run();
    }
    run();
    *count = w.got_count;
    *late = *bad = 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < w.got_count && i < GOT_MAX; i++) {
        uint8_t clean[SIZE] = {0};
        uint32_t n = lq_get_be32(w.got[i].bytes + 30);
        memcpy(clean, w.got[i].bytes, 28);
        lq_put_be32(clean + 30, n);
        if (memcmp(clean, w.got[i].bytes, SIZE) != 0 || n > 200) {
            ++*bad;
            continue;
        }
        *late += n <= last;
        last = n > last ? n : last;
    }
    CU_ASSERT(w.faults.counts[fault].fired > 0);
    end();
}

static void test_each_fault_does_its_own_and_nothing_else(void)
{
    uint32_t count, late, bad;
    under(LQ_FAULT_FRAME_DROP, &count, &late, &bad);
    CU_ASSERT(count < 200 && count > 100 && late == 0 && bad == 0);
    under(LQ_FAULT_FRAME_DUPLICATE, &count, &late, &bad);
    CU_ASSERT(count > 200 && late > 0 && bad == 0);
    under(LQ_FAULT_FRAME_REORDER, &count, &late, &bad);
    CU_ASSERT(count == 200 && late > 0 && bad == 0);
    under(LQ_FAULT_FRAME_CORRUPT, &count, &late, &bad);
    CU_ASSERT(count == 200 && bad > 0);
    under(LQ_FAULT_FRAME_DELAY, &count, &late, &bad);
    CU_ASSERT(count == 200 && late == 0 && bad == 0);
    under(LQ_FAULT_LINK_DOWN, &count, &late, &bad);
    CU_ASSERT(count < 200 && bad == 0);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("frames", NULL, NULL);
    CU_add_test(suite, "reach whom they name, in order", test_reaches_whom_it_names_in_order);
    CU_add_test(suite, "wait for room", test_waits_for_room);
    CU_add_test(suite, "without a carrier nothing passes", test_without_a_carrier_nothing_passes);
    CU_add_test(suite, "each fault does its own and nothing else",
                test_each_fault_does_its_own_and_nothing_else);
    return test_run();
}
