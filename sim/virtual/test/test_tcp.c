/* SPDX-License-Identifier: Apache-2.0 */
/* What TCP promises, whatever the model does to segments: every byte once, in order, never more
 * than the window unread, and an end that both sides learn. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

#include "core/base/hash.h"
#include "sim/virtual/tcp.h"
#include "sim/stage/test/support.h"

enum { TIMERS = 64, MS = 1000000 };

static uint64_t now;
static struct lq_heap_node *nodes[TIMERS];
static struct lq_queue queue;
static struct lq_faults faults;
static struct lq_net net;
static struct lq_choice_seeded seeded;
static uint32_t accepts, connects, losses[LQ_TCP_SIDES];
static enum lq_close how_lost[LQ_TCP_SIDES];

static void accepted(void *context, struct lq_tcp *tcp)
{
    (void)context, (void)tcp;
    accepts++;
}

static void connected(void *context, struct lq_tcp *tcp)
{
    (void)context, (void)tcp;
    connects++;
}

static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side)
{
    (void)context, (void)tcp, (void)side;
}

static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    (void)context, (void)tcp;
    losses[side]++;
    how_lost[side] = how;
}

static const struct lq_tcp_events events = {accepted, connected, arrived, lost};

static struct lq_tcp_options options;

static struct lq_tcp *start(uint64_t seed, uint32_t window_bytes)
{
    now = 0;
    accepts = connects = losses[0] = losses[1] = 0;
    lq_choice_seeded_init(&seeded, seed);
    lq_queue_init(&queue, nodes, TIMERS, &now);
    lq_faults_init(&faults, &seeded.choice, NULL, &now);
    options = (struct lq_tcp_options){.latency_min_ns = 1000,
                                     .latency_max_ns = MS,
                                     .byte_ns_x16 = 13,
                                     .stall_max_ns = 100 * MS,
                                     .timeout_ns = 50 * MS,
                                     .window_bytes = window_bytes};
    lq_net_reset(&net, &queue, &faults, &events, NULL);
    struct lq_tcp *tcp = lq_tcp_open(&net, &options, 1, NULL);
    CU_ASSERT_FATAL(tcp != NULL);
    while (connects == 0)
        CU_ASSERT_FATAL(lq_queue_step(&queue));
    CU_ASSERT(accepts == 1);
    return tcp;
}

static uint8_t byte_at(uint32_t side, uint64_t offset)
{
    return (uint8_t)lq_mix(side, offset);
}

static uint32_t write_some(struct lq_tcp *tcp, enum lq_tcp_side side, uint64_t offset,
                           uint32_t size)
{
    uint8_t bytes[4096];
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = byte_at((uint32_t)side, offset + i);
    return lq_tcp_write(tcp, side, bytes, size);
}

static uint32_t read_some(struct lq_tcp *tcp, enum lq_tcp_side side, uint64_t offset)
{
    struct lq_slice slice = lq_tcp_peek(tcp, side);
    for (uint32_t i = 0; i < slice.size_bytes; i++)
        CU_ASSERT_FATAL(slice.bytes[i] == byte_at((uint32_t)(1 - side), offset + i));
    lq_tcp_take(tcp, side, slice.size_bytes);
    return slice.size_bytes;
}

/* Both directions at once, with every fault that keeps the connection. */
static void stream(uint64_t seed, uint32_t window_bytes)
{
    struct lq_tcp *tcp = start(seed, window_bytes);
    lq_fault_arm(&faults, LQ_FAULT_NET_SEGMENT, 400);
    lq_fault_arm(&faults, LQ_FAULT_NET_LATENCY, 50);
    lq_fault_arm(&faults, LQ_FAULT_NET_STALL, 5);
    uint64_t written[LQ_TCP_SIDES] = {0}, taken[LQ_TCP_SIDES] = {0};
    for (uint64_t turn = 0; turn < 3000; turn++) {
        uint64_t drawn = lq_mix(seed, turn);
        for (uint32_t side = 0; side < LQ_TCP_SIDES; side++) {
            uint32_t size = 1 + (uint32_t)(drawn >> (16 * side)) % 3000;
            written[side] += write_some(tcp, (enum lq_tcp_side)side, written[side], size);
            if ((drawn >> 40 & 3) != side)
                taken[1 - side] += read_some(tcp, (enum lq_tcp_side)(1 - side), taken[1 - side]);
            CU_ASSERT_FATAL(written[side] - taken[1 - side] <= window_bytes);
        }
        (void)lq_queue_step(&queue);
    }
    while (lq_queue_step(&queue) || taken[0] < written[1] || taken[1] < written[0])
        for (uint32_t side = 0; side < LQ_TCP_SIDES; side++)
            taken[side] += read_some(tcp, (enum lq_tcp_side)side, taken[side]);
    CU_ASSERT(written[0] > 100000 && written[1] > 100000);
    CU_ASSERT(taken[0] == written[1] && taken[1] == written[0]);
    CU_ASSERT(faults.counts[LQ_FAULT_NET_SEGMENT].fired > 0);
    CU_ASSERT(losses[0] == 0 && losses[1] == 0);
}

static void test_bytes_in_order(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        stream(seed, 4096);
        stream(seed, LQ_TCP_WINDOW_BYTES_MAX);
    }
}

static void test_back_pressure(void)
{
    struct lq_tcp *tcp = start(1, 4096);
    CU_ASSERT(write_some(tcp, LQ_TCP_TARGET, 0, 3000) == 3000);
    CU_ASSERT(write_some(tcp, LQ_TCP_TARGET, 3000, 3000) == 1096);
    CU_ASSERT_FALSE(lq_tcp_wants_room(tcp, LQ_TCP_TARGET));
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT_FALSE(lq_tcp_wants_room(tcp, LQ_TCP_TARGET)); /* arrived, not read */
    CU_ASSERT(read_some(tcp, LQ_TCP_INITIATOR, 0) == 4096);
    CU_ASSERT(lq_tcp_wants_room(tcp, LQ_TCP_TARGET));
    CU_ASSERT_FALSE(lq_tcp_wants_room(tcp, LQ_TCP_TARGET)); /* told once */
}

static void test_fin_comes_after_the_last_byte(void)
{
    struct lq_tcp *tcp = start(2, 4096);
    CU_ASSERT(write_some(tcp, LQ_TCP_INITIATOR, 0, 100) == 100);
    lq_tcp_close(tcp, LQ_TCP_INITIATOR);
    while (lq_tcp_peek(tcp, LQ_TCP_TARGET).size_bytes == 0)
        CU_ASSERT_FATAL(lq_queue_step(&queue));
    CU_ASSERT(losses[LQ_TCP_TARGET] == 0);
    CU_ASSERT(read_some(tcp, LQ_TCP_TARGET, 0) == 100);
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT(losses[LQ_TCP_TARGET] == 1 && how_lost[LQ_TCP_TARGET] == LQ_CLOSE_FIN);
    CU_ASSERT(losses[LQ_TCP_INITIATOR] == 0); /* it closed by itself */
    CU_ASSERT(net.in_use == 0);
}

static void test_reset_drops_what_is_under_way(void)
{
    struct lq_tcp *tcp = start(3, 4096);
    (void)write_some(tcp, LQ_TCP_INITIATOR, 0, 100);
    lq_tcp_reset(tcp, LQ_TCP_TARGET);
    while (lq_queue_step(&queue))
        CU_ASSERT(net.in_use == 0 || lq_tcp_peek(tcp, LQ_TCP_TARGET).size_bytes == 0);
    CU_ASSERT(losses[LQ_TCP_INITIATOR] == 1 && how_lost[LQ_TCP_INITIATOR] == LQ_CLOSE_RESET);
    CU_ASSERT(losses[LQ_TCP_TARGET] == 0);
    CU_ASSERT(net.in_use == 0);
}

/* Who has said nothing hears nothing; who speaks into a cut cable gives up after the timeout. */
static void test_cut_cable(void)
{
    struct lq_tcp *tcp = start(4, 4096);
    lq_tcp_cut(tcp);
    CU_ASSERT_FALSE(lq_queue_step(&queue));
    uint64_t cut_at = now;
    (void)write_some(tcp, LQ_TCP_TARGET, 0, 10);
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT(losses[LQ_TCP_TARGET] == 1 && how_lost[LQ_TCP_TARGET] == LQ_CLOSE_TIMEOUT);
    CU_ASSERT(now == cut_at + 50 * MS);
    CU_ASSERT(losses[LQ_TCP_INITIATOR] == 0 && net.in_use == 1);
    lq_net_heal(&net);
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT(losses[LQ_TCP_INITIATOR] == 1 && net.in_use == 0);
}

/* A cable that a fault was about to pull is not pulled after heal. */
static void test_heal_comes_before_the_cut(void)
{
    uint32_t spared = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct lq_tcp *tcp = start(seed, 4096);
        lq_fault_arm(&faults, LQ_FAULT_NET_HALF_OPEN, 999);
        CU_ASSERT(write_some(tcp, LQ_TCP_INITIATOR, 0, 10) == 10);
        lq_faults_disarm(&faults);
        spared += tcp->doom == LQ_FAULT_NET_HALF_OPEN;
        lq_net_heal(&net);
        while (lq_queue_step(&queue))
            continue;
        CU_ASSERT(!tcp->is_cut && read_some(tcp, LQ_TCP_TARGET, 0) == 10);
    }
    CU_ASSERT(spared > 10);
}

static void test_deserted_connection_swallows(void)
{
    struct lq_tcp *tcp = start(5, 4096);
    lq_tcp_abandon(tcp, LQ_TCP_INITIATOR);
    uint32_t passed = 0;
    for (uint32_t i = 0; i < 20; i++) {
        passed += write_some(tcp, LQ_TCP_TARGET, passed, 1000);
        while (lq_queue_step(&queue))
            continue;
    }
    CU_ASSERT(passed == 20000 && losses[LQ_TCP_TARGET] == 0);
    lq_net_heal(&net);
    while (lq_queue_step(&queue))
        continue;
    CU_ASSERT(losses[LQ_TCP_TARGET] == 1 && net.in_use == 0);
}

int main(void)
{
    lq_net_init(&net, &test_allocator, 4);
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("tcp", NULL, NULL);
    CU_add_test(suite, "bytes arrive once and in order", test_bytes_in_order);
    CU_add_test(suite, "back-pressure", test_back_pressure);
    CU_add_test(suite, "FIN after the last byte", test_fin_comes_after_the_last_byte);
    CU_add_test(suite, "RST drops what is under way", test_reset_drops_what_is_under_way);
    CU_add_test(suite, "cut cable", test_cut_cable);
    CU_add_test(suite, "heal comes before the cut", test_heal_comes_before_the_cut);
    CU_add_test(suite, "deserted connection", test_deserted_connection_swallows);
    int code = test_run();
    lq_net_fini(&net);
    return code;
}
