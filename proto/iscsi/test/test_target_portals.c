/* SPDX-License-Identifier: Apache-2.0 */
/* Several portals: each is a portal group, and so a SCSI target port, of its own
 * [RFC 7143 3.4.1, 4.4.1, 6.3.5, 13.8, 13.9]. */
#include <string.h>

#include "core/base/test/unit.h"
#include "proto/iscsi/test/target_bench.h"

#define NAME "InitiatorName=iqn.2026-11.org.example:i\0"
#define T0 NAME "TargetName=iqn.2026-11.org.example:t0"
#define T1 NAME "TargetName=iqn.2026-11.org.example:t1"

/* t0 is behind two portals, t1 behind the first. */
static const char *const addresses[] = {"192.0.2.1:3260", "[2001:db8::2]:3260"};
static const uint32_t portals_of_target[] = {2, 1};
static struct lq_iscsi_offer offers[2];

static void two_portals(struct lq_iscsi_config *config)
{
    config->portal_count = 2;
    config->portal_addresses = addresses;
    config->portals_of_target = portals_of_target;
    offers[0] = offers[1] = config->offer;
    offers[1].max_burst_length = 8192;
    offers[1].first_burst_length = 4096;
    config->target_offers = offers;
}

/* Asks to log in; the status. */
static uint32_t log_in(struct peer *peer, const void *text, uint32_t text_bytes)
{
    send_login(peer, 0x87, text, text_bytes);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x23));
    return be(peer->got + 36, 2);
}

static void test_a_portal_is_a_target_port(void)
{
    bench_make(two_portals);
    struct peer *first = bench_accept_at(0, addresses[0]);
    CU_ASSERT_EQUAL(log_in(first, TEXT(T0)), 0);
    CU_ASSERT_TRUE(has_text(first, "TargetPortalGroupTag=1"));
    CU_ASSERT_EQUAL(bench.nexus_target, 0);
    CU_ASSERT_EQUAL(bench.nexus_target_port, 1);
    struct peer *second = bench_accept_at(1, addresses[1]);
    CU_ASSERT_EQUAL(log_in(second, TEXT(T0)), 0);
    CU_ASSERT_TRUE(has_text(second, "TargetPortalGroupTag=2"));
    CU_ASSERT_EQUAL(bench.nexus_target_port, 2);
    /* One initiator port and two target ports: two nexuses, and nobody is replaced. */
    CU_ASSERT_EQUAL(bench.nexus_count, 2);
    CU_ASSERT_EQUAL(bench.nexus_lost_count, 0);
    CU_ASSERT_EQUAL(first->end, LQ_EMIT_OPEN);
    struct peer *again = bench_accept_at(1, addresses[1]);
    send_login(again, 0x87, TEXT(T0));
    CU_ASSERT_EQUAL(second->end, LQ_EMIT_CLOSE_RESET);
    CU_ASSERT_EQUAL(first->end, LQ_EMIT_OPEN);
}

static void test_a_session_stays_in_its_portal_group(void)
{
    bench_make(two_portals);
    struct peer *first = bench_accept_at(0, addresses[0]);
    CU_ASSERT_EQUAL(log_in(first, TEXT(T0)), 0);
    uint32_t tsih = be(first->got + 14, 2);
    struct peer *second = bench_accept_at(1, addresses[1]);
    begin(second, 0x43, 0x87, 0x77);
    memset(second->pdu + 8, 0, 16);
    put(second->pdu + 14, tsih, 2);
    put(second->pdu + 16, 0x77, 4);
    send(second, TEXT(T0));
    CU_ASSERT_TRUE_FATAL(take_op(second, 0x23));
    CU_ASSERT_EQUAL(be(second->got + 36, 2), 0x020a); /* session does not exist */
    CU_ASSERT_EQUAL(first->end, LQ_EMIT_OPEN);
}

static void test_a_target_that_is_not_behind_this_portal(void)
{
    bench_make(two_portals);
    struct peer *peer = bench_accept_at(1, addresses[1]);
    CU_ASSERT_EQUAL(log_in(peer, TEXT(T1)), 0x0203); /* not found */
    CU_ASSERT_EQUAL(bench.nexus_count, 0);
}

static void ask(struct peer *peer, const void *pairs, uint32_t pairs_bytes)
{
    begin(peer, 0x04, 0x80, peer->itt++);
    peer->cmd_sn++;
    send(peer, pairs, pairs_bytes);
    CU_ASSERT_TRUE_FATAL(take_op(peer, 0x24));
}

/* The answer holds these bytes, which may have NULs in them. */
static bool holds(const struct peer *peer, const char *bytes, uint32_t size_bytes)
{
    for (uint32_t i = 0; i + size_bytes <= peer->data_bytes; i++)
        if (memcmp(peer->data + i, bytes, size_bytes) == 0)
            return true;
    return false;
}

static void test_send_targets_lists_all_portals(void)
{
    static const char t0[] = "TargetName=iqn.2026-11.org.example:t0\0"
                             "TargetAddress=192.0.2.1:3260,1\0"
                             "TargetAddress=[2001:db8::2]:3260,2";
    static const char t1[] = "TargetName=iqn.2026-11.org.example:t1\0"
                             "TargetAddress=192.0.2.1:3260,1";
    bench_make(two_portals);
    struct peer *peer = bench_accept_at(1, addresses[1]);
    CU_ASSERT_EQUAL(log_in(peer, TEXT(NAME "SessionType=Discovery")), 0);
    ask(peer, TEXT("SendTargets=All"));
    CU_ASSERT_TRUE(holds(peer, t0, sizeof t0));
    CU_ASSERT_TRUE(holds(peer, t1, sizeof t1));
    CU_ASSERT_EQUAL(peer->data_bytes, sizeof t0 + sizeof t1);
    peer = bench_accept_at(0, addresses[0]);
    CU_ASSERT_EQUAL(log_in(peer, TEXT(T0)), 0);
    ask(peer, TEXT("SendTargets=")); /* in a normal session: its own target, all portals */
    CU_ASSERT_TRUE(holds(peer, t0, sizeof t0));
    CU_ASSERT_EQUAL(peer->data_bytes, sizeof t0);
}

static void test_each_target_offers_its_own(void)
{
    bench_make(two_portals);
    struct peer *peer = bench_accept_at(0, addresses[0]);
    CU_ASSERT_EQUAL(log_in(peer, TEXT("MaxBurstLength=65536\0" T0)), 0);
    CU_ASSERT_TRUE(has_text(peer, "MaxBurstLength=65536"));
    peer = bench_accept_at(0, addresses[0]);
    /* What the target's name decides holds for keys that stand before it. */
    CU_ASSERT_EQUAL(log_in(peer, TEXT("MaxBurstLength=65536\0" T1)), 0);
    CU_ASSERT_TRUE(has_text(peer, "MaxBurstLength=8192"));
}

static void test_a_configuration_that_makes_no_sense(void)
{
    static const char *const names[] = {"iqn.2026-11.org.example:t0"};
    static const uint32_t three[] = {3};
    struct lq_iscsi_config config = lq_iscsi_config_default;
    config.limits = lq_limits_virtual;
    config.target_count = 1;
    config.target_names = names;
    config.offer.max_recv_data_segment_length = 512;
    CU_ASSERT_PTR_NULL(lq_iscsi_config_check(&config));
    config.portal_count = 2;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_config_check(&config)); /* no addresses */
    config.portal_addresses = addresses;
    CU_ASSERT_PTR_NULL(lq_iscsi_config_check(&config));
    config.portals_of_target = three;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_config_check(&config));
    config.portals_of_target = NULL;
    struct lq_iscsi_offer offer = config.offer;
    offer.max_outstanding_r2t = config.offer.max_outstanding_r2t + 1;
    config.target_offers = &offer;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_config_check(&config));
    config.target_offers = NULL;
    config.portal_count = 0;
    CU_ASSERT_PTR_NOT_NULL(lq_iscsi_config_check(&config));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a portal is a target port", test_a_portal_is_a_target_port},
        {"a session stays in its portal group", test_a_session_stays_in_its_portal_group},
        {"a target that is not behind this portal",
         test_a_target_that_is_not_behind_this_portal},
        {"SendTargets lists all portals", test_send_targets_lists_all_portals},
        {"each target offers its own", test_each_target_offers_its_own},
        {"a configuration that makes no sense", test_a_configuration_that_makes_no_sense},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"target: portals", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
