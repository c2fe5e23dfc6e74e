/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VN_Ports without a fabric: two of them on one Ethernet, and a peer whose frames are put together
 * by hand in the way of a Linux initiator [FC-BB-6].
 */
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/heap.h"
#include "proto/fcoe/vn2vn.h"

#define MS UINT64_C(1000000)

enum { NODES = 2, MEMORY_BYTES = 1 << 20, OPERATIONS_MAX = 64 };

static _Alignas(64) uint8_t memory[MEMORY_BYTES];
static struct lq_env env;

static struct node {
    struct lq_fip_outbox outbox;
    struct lq_vn2vn *vn2vn;
    uint32_t fc_id; /* 0: none */
    uint32_t ups, downs, peers, gone;
    uint64_t peer_name;
} nodes[NODES];

/* What was said, in order. */
static struct {
    enum lq_fip_operation operation;
    uint64_t time_ns, source, destination;
    uint32_t size_bytes;
} said[OPERATIONS_MAX];
static uint32_t said_count;
static bool is_cut;

static void make(uint16_t first_id, uint16_t second_id)
{
    struct lq_arena arena;
    memset(nodes, 0, sizeof nodes);
    env = (struct lq_env){.now_ns = 1000 * MS};
    said_count = 0;
    is_cut = false;
    lq_arena_init(&arena, memory, sizeof memory);
    for (uint32_t i = 0; i < NODES; i++) {
        const struct lq_vn2vn_port_config port = {
            .port_name = UINT64_C(0x2000024c51000001) + i,
            .node_name = UINT64_C(0x1000024c51000001) + i,
            .first_id = i == 0 ? first_id : second_id,
            .is_target = true};
        struct lq_vn2vn_config config = lq_vn2vn_config_default;
        config.mac = UINT64_C(0x024c51000001) + i;
        config.port_count = 1;
        config.ports = &port;
        lq_fip_outbox_make(&nodes[i].outbox, &arena, 16);
        nodes[i].vn2vn = lq_vn2vn_make(&arena, &config, &env, &nodes[i].outbox);
    }
}

static void take_events(struct node *node)
{
    struct lq_vn2vn_event event;
    while (lq_vn2vn_next(node->vn2vn, &event)) {
        node->ups += event.kind == LQ_VN2VN_UP;
        node->downs += event.kind == LQ_VN2VN_DOWN;
        node->peers += event.kind == LQ_VN2VN_PEER;
        node->gone += event.kind == LQ_VN2VN_PEER_GONE;
        if (event.kind == LQ_VN2VN_UP)
            node->fc_id = event.fc_id;
        if (event.kind == LQ_VN2VN_DOWN)
            node->fc_id = 0;
        if (event.kind == LQ_VN2VN_PEER)
            node->peer_name = event.name;
    }
}

static void hear(struct node *node, const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_ethernet ethernet;
    struct lq_fip_message message;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    CU_ASSERT_EQUAL_FATAL(lq_fip_decode(&message, bytes + skip, size_bytes - skip), LQ_FIP_OK);
    lq_vn2vn_fip(node->vn2vn, &ethernet, &message);
    take_events(node);
}

static void note(const uint8_t *bytes, uint32_t size_bytes)
{
    CU_ASSERT_FATAL(said_count < OPERATIONS_MAX);
    said[said_count].operation =
        (enum lq_fip_operation)((uint32_t)lq_get_be16(bytes + 16) << 8 | bytes[19]);
    said[said_count].time_ns = env.now_ns;
    said[said_count].destination = lq_get_be48(bytes);
    said[said_count].source = lq_get_be48(bytes + 6);
    said[said_count++].size_bytes = size_bytes;
}

static void carry(void)
{
    for (bool any = true; any;) {
        any = false;
        for (uint32_t i = 0; i < NODES; i++) {
            struct lq_slice slice = lq_fip_outbox_first(&nodes[i].outbox);
            if (slice.size_bytes == 0)
                continue;
            any = true;
            note(slice.bytes, slice.size_bytes);
            if (!is_cut)
                hear(&nodes[1 - i], slice.bytes, slice.size_bytes);
            lq_fip_outbox_take(&nodes[i].outbox);
        }
    }
}

static void pass(uint64_t time_ns)
{
    uint64_t until_ns = env.now_ns + time_ns;
    carry();
    for (;;) {
        uint64_t deadline_ns = LQ_NEVER;
        for (uint32_t i = 0; i < NODES; i++)
            if (lq_vn2vn_deadline(nodes[i].vn2vn) < deadline_ns)
                deadline_ns = lq_vn2vn_deadline(nodes[i].vn2vn);
        if (deadline_ns > until_ns)
            break;
        env.now_ns = deadline_ns;
        for (uint32_t i = 0; i < NODES; i++) {
            if (lq_vn2vn_deadline(nodes[i].vn2vn) <= env.now_ns)
                lq_vn2vn_expire(nodes[i].vn2vn);
            take_events(&nodes[i]);
        }
        carry();
    }
    env.now_ns = until_ns;
}

/* Probe twice, 100 ms apart; claim 400 ms later; beacon 400 ms later, and every 8 s. */
static void test_alone(void)
{
    static const struct {
        enum lq_fip_operation operation;
        uint64_t time_ns;
    } expected[] = {{LQ_FIP_PROBE_REQUEST, 0},        {LQ_FIP_PROBE_REQUEST, 100 * MS},
                    {LQ_FIP_CLAIM_NOTIFICATION, 500 * MS}, {LQ_FIP_BEACON, 900 * MS},
                    {LQ_FIP_BEACON, 8900 * MS}};
    make(0x77, 0x78);
    lq_vn2vn_link(nodes[0].vn2vn, true);
    pass(9000 * MS);
    CU_ASSERT_EQUAL_FATAL(said_count, 5);
    for (uint32_t i = 0; i < said_count; i++) {
        CU_ASSERT_EQUAL(said[i].operation, expected[i].operation);
        CU_ASSERT_EQUAL(said[i].time_ns - 1000 * MS, expected[i].time_ns);
        CU_ASSERT_EQUAL(said[i].destination, UINT64_C(0x011018010004));
        bool is_beacon = said[i].operation == LQ_FIP_BEACON;
        CU_ASSERT_EQUAL(said[i].source,
                        is_beacon ? UINT64_C(0x0efd00000077) : UINT64_C(0x024c51000001));
    }
    CU_ASSERT_EQUAL(nodes[0].ups, 1);
    CU_ASSERT_EQUAL(nodes[0].fc_id, 0x77);
    CU_ASSERT_EQUAL(lq_vn2vn_port(nodes[0].vn2vn, 0x77), 0);
    CU_ASSERT_EQUAL(lq_vn2vn_port(nodes[0].vn2vn, 0x78), LQ_VN2VN_NO_PORT);
}

static void test_two(void)
{
    make(0x77, 0x78);
    lq_vn2vn_link(nodes[0].vn2vn, true);
    pass(2000 * MS);
    lq_vn2vn_link(nodes[1].vn2vn, true);
    said_count = 0;
    pass(5000 * MS);
    CU_ASSERT_EQUAL(lq_vn2vn_peer_mac(nodes[0].vn2vn, 0x78), UINT64_C(0x0efd00000078));
    CU_ASSERT_EQUAL(lq_vn2vn_peer_mac(nodes[1].vn2vn, 0x77), UINT64_C(0x0efd00000077));
    uint32_t responses = 0, beacons = 0;
    for (uint32_t i = 0; i < said_count; i++) {
        responses += said[i].operation == LQ_FIP_CLAIM_RESPONSE && said[i].size_bytes == 2172;
        beacons += said[i].operation == LQ_FIP_BEACON &&
                   said[i].source == UINT64_C(0x0efd00000077);
    }
    CU_ASSERT_EQUAL(responses, 1); /* padded to the longest frame */
    CU_ASSERT_EQUAL(beacons, 1);   /* soon after the claim, not after 8 s */
    pass(60000 * MS);
    CU_ASSERT_EQUAL(nodes[0].gone + nodes[1].gone, 0);
    is_cut = true;
    said_count = 0;
    pass(21000 * MS);
    CU_ASSERT_EQUAL(nodes[0].gone, 1);
    CU_ASSERT_EQUAL(nodes[1].gone, 1);
    CU_ASSERT_EQUAL(lq_vn2vn_peer_mac(nodes[0].vn2vn, 0x78), 0);
}

/* Two want the same address. */
static void test_conflicts(void)
{
    make(0x77, 0x77); /* one has it */
    lq_vn2vn_link(nodes[0].vn2vn, true);
    pass(2000 * MS);
    lq_vn2vn_link(nodes[1].vn2vn, true);
    pass(5000 * MS);
    CU_ASSERT_EQUAL(nodes[0].fc_id, 0x77);
    CU_ASSERT(nodes[1].fc_id != 0 && nodes[1].fc_id != 0x77);
    CU_ASSERT_EQUAL(nodes[0].downs, 0);
    make(0x77, 0x77); /* both probe: the greater name gets it */
    lq_vn2vn_link(nodes[0].vn2vn, true);
    lq_vn2vn_link(nodes[1].vn2vn, true);
    pass(5000 * MS);
    CU_ASSERT_EQUAL(nodes[1].fc_id, 0x77);
    CU_ASSERT(nodes[0].fc_id != 0 && nodes[0].fc_id != 0x77);
    make(0x77, 0x77); /* both have it: two networks become one */
    is_cut = true;
    lq_vn2vn_link(nodes[0].vn2vn, true);
    lq_vn2vn_link(nodes[1].vn2vn, true);
    pass(5000 * MS);
    is_cut = false;
    said_count = 0;
    pass(12000 * MS);
    CU_ASSERT_EQUAL(nodes[1].fc_id, 0x77);
    CU_ASSERT_EQUAL(nodes[1].downs, 0);
    CU_ASSERT_EQUAL(nodes[0].downs, 1);
    CU_ASSERT(nodes[0].fc_id != 0 && nodes[0].fc_id != 0x77);
}

/* FLOGI inside FIP, from 000001h to 000077h, and its accept. */
static void test_login(void)
{
    uint8_t flogi[176] = {0x02, 0x4c, 0x51, 0,    0, 1,  0x52, 0x54, 0, 0,    0, 1,
                          0x89, 0x14, 0x10, 0,    0, 2,  0,    1,    0, 0x26, 0, 0,
                          7,    0x24, 0,    0,    0x22, 0, 0,  0x77, 0, 0,    0, 1,
                          1,    0x29, 0,    0};
    lq_put_be16(flogi + 44, 0x12); /* OX_ID; the FC header is at 28 */
    lq_put_be16(flogi + 46, 0xffff);
    flogi[52] = 0x04;
    lq_put_be16(flogi + 62, 2112);
    lq_put_be64(flogi + 72, UINT64_C(0x2000525400000001));
    lq_put_be64(flogi + 80, UINT64_C(0x1000525400000001));
    flogi[168] = 2, flogi[169] = 2;
    lq_put_be48(flogi + 170, UINT64_C(0x0efd00000001));
    make(0x77, 0x78);
    lq_vn2vn_link(nodes[0].vn2vn, true);
    pass(2000 * MS);
    hear(&nodes[0], flogi, sizeof flogi);
    CU_ASSERT_EQUAL(nodes[0].peers, 1);
    CU_ASSERT_EQUAL(nodes[0].peer_name, UINT64_C(0x2000525400000001));
    CU_ASSERT_EQUAL(lq_vn2vn_peer_mac(nodes[0].vn2vn, 1), UINT64_C(0x0efd00000001));
    struct lq_slice answer = lq_fip_outbox_first(&nodes[0].outbox);
    CU_ASSERT_EQUAL_FATAL(answer.size_bytes, 176);
    static const uint8_t head[] = {0x52, 0x54, 0, 0, 0, 1, 0x02, 0x4c, 0x51, 0, 0, 1, 0x89, 0x14,
                                   0x10, 0, 0, 2, 0, 2, 0, 0x26, 0, 0, 7, 0x24, 0, 0, 0x23, 0, 0,
                                   1, 0, 0, 0, 0x77, 1, 0x99, 0, 0};
    CU_ASSERT_EQUAL(memcmp(answer.bytes, head, sizeof head), 0);
    CU_ASSERT_EQUAL(lq_get_be16(answer.bytes + 44), 0x12);
    CU_ASSERT_EQUAL(answer.bytes[52], 0x02);
    CU_ASSERT_EQUAL(lq_get_be64(answer.bytes + 72), UINT64_C(0x2000024c51000001));
    CU_ASSERT_EQUAL(lq_get_be48(answer.bytes + 170), UINT64_C(0x0efd00000077));
    lq_vn2vn_link(nodes[0].vn2vn, false);
    take_events(&nodes[0]);
    CU_ASSERT_EQUAL(nodes[0].gone, 1);
    CU_ASSERT_EQUAL(nodes[0].downs, 1);
    CU_ASSERT_EQUAL(lq_vn2vn_deadline(nodes[0].vn2vn), LQ_NEVER);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"alone", test_alone},
        {"two", test_two},
        {"conflicts", test_conflicts},
        {"login", test_login},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"VN2VN", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
