/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ENode against an FCF with its fabric: discovery, logins, keep alives, and ends of all kinds.
 * The frames of each are judged by the other, and by bytes of FC-BB-5 where a Linux initiator's
 * capture says what they have to be.
 */
#include "core/base/test/heap_allocator.h"
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/heap.h"
#include "proto/fc/ct.h"
#include "proto/fcoe/enode.h"
#include "proto/fcoe/fcf.h"

#define SECOND UINT64_C(1000000000)
#define ENODE_MAC UINT64_C(0x525400000001)
#define FCF_MAC UINT64_C(0x024c51000001)

enum { MEMORY_BYTES = 4 << 20 };

static _Alignas(64) uint8_t memory[MEMORY_BYTES];

static struct {
    struct lq_env env;
    struct lq_fc_fabric *fabric;
    struct lq_fip_outbox outbox;
    struct lq_fcf *fcf;
    struct lq_enode *enode;
    bool is_cut;       /* frames are lost */
    uint32_t drop_fip; /* so many frames to the FCF are lost */
    struct lq_enode_event last;
    uint32_t ups, downs, rejects;
    uint8_t from_fcf[LQ_FIP_FRAME_BYTES_MAX]; /* the last one */
    uint32_t from_fcf_bytes;
} rig;

static void make(const struct lq_enode_config *enode, const struct lq_fcf_config *fcf,
                 uint32_t ports_max)
{
    struct lq_arena arena;
    memset(&rig, 0, sizeof rig);
    rig.env.now_ns = 5 * SECOND;
    lq_arena_init(&arena, memory, sizeof memory);
    struct lq_fc_fabric_config fabric = lq_fc_fabric_config_default;
    fabric.ports_max = ports_max;
    fabric.fabric_name = UINT64_C(0x1000024c51000002);
    fabric.port_name = UINT64_C(0x2001024c51000001);
    rig.fabric = lq_fc_fabric_make(&arena, &fabric, &rig.env);
    lq_fip_outbox_make(&rig.outbox, &arena, 16);
    rig.fcf = lq_fcf_make(&arena, fcf, &rig.env, rig.fabric, &rig.outbox);
    rig.enode = lq_enode_make(&arena, enode, &rig.env);
}

static struct lq_fcf_config fcf_config(void)
{
    struct lq_fcf_config config = lq_fcf_config_default;
    config.mac = FCF_MAC;
    config.switch_name = UINT64_C(0x1000024c51000001);
    config.fabric_name = UINT64_C(0x1000024c51000002);
    return config;
}

static struct lq_enode_config enode_config(uint32_t ports)
{
    struct lq_enode_config config = lq_enode_config_default;
    config.mac = ENODE_MAC;
    config.node_name = UINT64_C(0x1000525400000001);
    config.port_count = ports;
    for (uint32_t i = 0; i < ports; i++)
        config.port_names[i] = UINT64_C(0x2000525400000001) + ((uint64_t)i << 48);
    return config;
}

/* A frame to the FCF, as a station does with it. */
static void feed_fcf(const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_ethernet ethernet;
    struct lq_fip_message message;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    CU_ASSERT_EQUAL_FATAL(ethernet.type, LQ_ETHERTYPE_FIP);
    CU_ASSERT_EQUAL_FATAL(lq_fip_decode(&message, bytes + skip, size_bytes - skip), LQ_FIP_OK);
    if (rig.drop_fip > 0)
        rig.drop_fip--;
    else
        lq_fcf_fip(rig.fcf, &ethernet, &message);
}

static void take_events(void)
{
    struct lq_enode_event event;
    while (lq_enode_next(rig.enode, &event)) {
        rig.last = event;
        rig.ups += event.kind == LQ_ENODE_UP;
        rig.downs += event.kind == LQ_ENODE_DOWN;
        rig.rejects += event.kind == LQ_ENODE_REJECTED;
    }
}

static void carry(void)
{
    struct lq_slice slice;
    struct lq_fc_frame frame;
    for (bool any = true; any;) {
        any = false;
        while ((slice = lq_enode_emit(rig.enode)).size_bytes > 0) {
            if (!rig.is_cut)
                feed_fcf(slice.bytes, slice.size_bytes);
            lq_enode_sent(rig.enode);
            any = true;
        }
        while ((slice = lq_fip_outbox_first(&rig.outbox)).size_bytes > 0) {
            memcpy(rig.from_fcf, slice.bytes, slice.size_bytes);
            rig.from_fcf_bytes = slice.size_bytes;
            if (!rig.is_cut)
                CU_ASSERT_EQUAL(lq_enode_feed(rig.enode, slice.bytes, slice.size_bytes, &frame),
                                LQ_ENODE_NO_PORT);
            lq_fip_outbox_take(&rig.outbox);
            any = true;
        }
        take_events();
    }
}

/* Time passes, deadline by deadline. */
static void pass(uint64_t time_ns)
{
    uint64_t until_ns = rig.env.now_ns + time_ns;
    carry();
    for (;;) {
        uint64_t deadline_ns = lq_enode_deadline(rig.enode);
        if (lq_fcf_deadline(rig.fcf) < deadline_ns)
            deadline_ns = lq_fcf_deadline(rig.fcf);
        if (deadline_ns > until_ns)
            break;
        if (deadline_ns > rig.env.now_ns)
            rig.env.now_ns = deadline_ns;
        if (lq_fcf_deadline(rig.fcf) <= rig.env.now_ns)
            lq_fcf_expire(rig.fcf);
        if (lq_enode_deadline(rig.enode) <= rig.env.now_ns)
            lq_enode_expire(rig.enode);
        carry();
    }
    rig.env.now_ns = until_ns;
}

static void bring_up(uint32_t ports)
{
    const struct lq_enode_config enode = enode_config(ports);
    const struct lq_fcf_config fcf = fcf_config();
    make(&enode, &fcf, 16);
    lq_fcf_link(rig.fcf, true);
    lq_enode_link(rig.enode, true);
    pass(SECOND);
}

static void test_login(void)
{
    bring_up(1);
    CU_ASSERT_EQUAL(rig.ups, 1);
    CU_ASSERT_EQUAL(rig.last.fc_id, 0x010001);
    CU_ASSERT_EQUAL(rig.last.data_bytes_max, 2112);
    CU_ASSERT_EQUAL(lq_enode_address(rig.enode, 0), 0x010001);
    CU_ASSERT_TRUE(lq_fcf_accepts(rig.fcf, UINT64_C(0x0efc00010001), 0x010001));
    CU_ASSERT_FALSE(lq_fcf_accepts(rig.fcf, ENODE_MAC, 0x010001));
    CU_ASSERT_FALSE(lq_fcf_accepts(rig.fcf, UINT64_C(0x0efc00010001), 0x010002));
    CU_ASSERT_EQUAL(lq_fcf_mac(rig.fcf, lq_fc_fabric_link(rig.fabric, 0x010001)),
                    UINT64_C(0x0efc00010001));
    pass(600 * SECOND); /* keep alives keep it */
    CU_ASSERT_EQUAL(rig.downs, 0);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 1);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).ignored, 0);
    CU_ASSERT_EQUAL(lq_enode_counts(rig.enode).dropped, 0);
}

/* The reply of a login, as a capture of a Linux initiator that accepted one shows it: FLOGI's
 * accept first, from FFFFFEh to the new address, then the MAC address. */
static void test_accept_bytes(void)
{
    bring_up(1);
    rig.is_cut = true;
    lq_enode_link(rig.enode, false);
    lq_enode_link(rig.enode, true);
    carry();
    rig.is_cut = false;
    rig.from_fcf_bytes = 0;
    pass(SECOND * 3 / 2);
    static const uint8_t head[] = {
        0x52, 0x54, 0x00, 0x00, 0x00, 0x01, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01, 0x89, 0x14, 0x10,
        0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x26, 0x80, 0x00, 0x07, 0x24, 0x00, 0x00, 0x23, 0x01,
        0x00, 0x01, 0x00, 0xff, 0xff, 0xfe, 0x01, 0x99, 0x00, 0x00};
    static const uint8_t tail[] = {0x02, 0x02, 0x0e, 0xfc, 0x00, 0x01, 0x00, 0x01};
    CU_ASSERT_EQUAL_FATAL(rig.from_fcf_bytes, 176);
    CU_ASSERT_EQUAL(memcmp(rig.from_fcf, head, sizeof head), 0);
    CU_ASSERT_EQUAL(memcmp(rig.from_fcf + 176 - sizeof tail, tail, sizeof tail), 0);
    CU_ASSERT_EQUAL(rig.from_fcf[52], 0x02); /* LS_ACC */
    CU_ASSERT_EQUAL(lq_get_be16(rig.from_fcf + 60) & 0x3000, 0x3000); /* F_Port, and FDISC */
    CU_ASSERT_EQUAL(lq_get_be32(rig.from_fcf + 64), 10000); /* R_A_TOV */
    CU_ASSERT_EQUAL(lq_get_be32(rig.from_fcf + 68), 2000);  /* E_D_TOV */
}

static void test_more_ports(void)
{
    bring_up(3);
    CU_ASSERT_EQUAL(rig.ups, 3);
    CU_ASSERT_EQUAL(lq_enode_address(rig.enode, 1), 0x010002);
    CU_ASSERT_EQUAL(lq_enode_address(rig.enode, 2), 0x010003);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 3);
    lq_enode_logout(rig.enode, 1);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.downs, 1);
    CU_ASSERT_EQUAL(lq_enode_address(rig.enode, 1), 0);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 2);
    lq_enode_login(rig.enode, 1);
    pass(SECOND);
    CU_ASSERT_EQUAL(lq_enode_address(rig.enode, 1), 0x010002); /* its name's address */
    lq_fcf_clear(rig.fcf, 0x010003);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.ups, 5);
    CU_ASSERT_EQUAL(rig.downs, 2);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 3);
    lq_enode_logout(rig.enode, 0);
    pass(SECOND);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 0);
    CU_ASSERT_EQUAL(rig.downs, 5);
    pass(60 * SECOND);
    CU_ASSERT_EQUAL(rig.ups, 5);
}

static void test_cleared(void)
{
    bring_up(2);
    lq_fcf_clear(rig.fcf, 0);
    pass(2 * SECOND);
    CU_ASSERT_EQUAL(rig.downs, 2);
    CU_ASSERT_EQUAL(rig.ups, 4);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).cleared, 2);
}

/* The word that a link has ended is lost: the next keep alive is answered by it. */
static void test_cleared_again(void)
{
    bring_up(1);
    rig.is_cut = true;
    lq_fcf_clear(rig.fcf, 0);
    carry();
    rig.is_cut = false;
    CU_ASSERT_EQUAL(rig.downs, 0);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 0);
    pass(9 * SECOND); /* FKA_ADV_PERIOD is 8 s */
    CU_ASSERT_EQUAL(rig.downs, 1);
    CU_ASSERT_EQUAL(rig.ups, 2);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 1);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).cleared, 2);
}

/* Who is silent for two and a half periods is gone. */
static void test_silence(void)
{
    bring_up(1);
    rig.is_cut = true;
    pass(18 * SECOND);
    CU_ASSERT_EQUAL(rig.downs, 0);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 1);
    pass(10 * SECOND);
    CU_ASSERT_EQUAL(rig.downs, 1);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 0);
    CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).timeouts, 1);
    rig.is_cut = false;
    pass(3 * SECOND);
    CU_ASSERT_EQUAL(rig.ups, 2);
}

static void test_lost_frames(void)
{
    const struct lq_enode_config enode = enode_config(1);
    const struct lq_fcf_config fcf = fcf_config();
    for (uint32_t lost = 1; lost < 6; lost++) {
        make(&enode, &fcf, 16);
        rig.drop_fip = lost;
        lq_fcf_link(rig.fcf, true);
        lq_enode_link(rig.enode, true);
        pass(20 * SECOND);
        CU_ASSERT_EQUAL(rig.ups, 1);
        CU_ASSERT_EQUAL(lq_fcf_counts(rig.fcf).links, 1);
    }
}

static void test_vlan(void)
{
    struct lq_enode_config enode = enode_config(1);
    struct lq_fcf_config fcf = fcf_config();
    enode.discovers_vlan = true;
    fcf.vlan = 1002;
    make(&enode, &fcf, 16);
    lq_fcf_link(rig.fcf, true);
    carry();
    lq_enode_link(rig.enode, true);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.ups, 1);
    CU_ASSERT_EQUAL(lq_get_be16(rig.from_fcf + 12), LQ_ETHERTYPE_VLAN);
    CU_ASSERT_EQUAL(lq_get_be16(rig.from_fcf + 14) & 0xfff, 1002);
}

static void test_server_provided(void)
{
    struct lq_enode_config enode = enode_config(1);
    struct lq_fcf_config fcf = fcf_config();
    enode.server_provided = true;
    make(&enode, &fcf, 16);
    lq_fcf_link(rig.fcf, true);
    lq_enode_link(rig.enode, true);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.ups, 1);
    CU_ASSERT_TRUE(lq_fcf_accepts(rig.fcf, ENODE_MAC, 0x010001));
    fcf.server_provided = false;
    make(&enode, &fcf, 16);
    lq_fcf_link(rig.fcf, true);
    lq_enode_link(rig.enode, true);
    pass(10 * SECOND);
    CU_ASSERT_EQUAL(rig.ups, 0);
}

static void test_full(void)
{
    const struct lq_enode_config enode = enode_config(3);
    const struct lq_fcf_config fcf = fcf_config();
    make(&enode, &fcf, 2);
    lq_fcf_link(rig.fcf, true);
    lq_enode_link(rig.enode, true);
    pass(SECOND);
    CU_ASSERT_EQUAL(rig.ups, 2);
    CU_ASSERT_EQUAL(rig.rejects, 1);
    CU_ASSERT_EQUAL(rig.last.reason, LQ_FC_REASON_UNABLE);
}

/* --- what the fabric says -------------------------------------------------------------------- */

static struct lq_fc_frame answer;

static bool next_answer(void)
{
    static uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
    if (!lq_fc_fabric_emit(rig.fabric, &answer))
        return false;
    memcpy(payload, answer.payload, answer.payload_bytes);
    answer.payload = payload;
    lq_fc_fabric_sent(rig.fabric);
    return true;
}

static void say(uint32_t s_id, uint32_t d_id, uint8_t r_ctl, uint8_t type, const uint8_t *payload,
                uint32_t payload_bytes)
{
    const struct lq_fc_frame frame = {.sof = LQ_FC_SOF_I3,
                                      .eof = LQ_FC_EOF_T,
                                      .r_ctl = r_ctl,
                                      .type = type,
                                      .s_id = s_id,
                                      .d_id = d_id,
                                      .f_ctl = 0x290000,
                                      .ox_id = 0x77,
                                      .rx_id = 0xffff,
                                      .payload = payload,
                                      .payload_bytes = payload_bytes};
    lq_fc_fabric_feed(rig.fabric, &frame);
}

static void els(uint32_t s_id, uint32_t d_id, const uint8_t *payload, uint32_t payload_bytes)
{
    say(s_id, d_id, 0x22, 0x01, payload, payload_bytes);
}

static const uint8_t plogi[116] = {0x03, 0, 0, 0, 0x20, 0x20, 0, 10, 0x80, 0, 0x08, 0x40};

static void log_in_to_directory(uint32_t s_id)
{
    els(s_id, 0xfffffc, plogi, sizeof plogi);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload[0], 0x02);
}

/* CT_IU preamble: revision 1, directory service, name server, COMMAND [FC-GS-6]. */
static void ct(uint32_t s_id, uint16_t command, const uint8_t *rest, uint32_t rest_bytes)
{
    uint8_t payload[128] = {1, 0, 0, 0, 0xfc, 0x02, 0, 0, (uint8_t)(command >> 8),
                            (uint8_t)command};
    memcpy(payload + 16, rest, rest_bytes);
    say(s_id, 0xfffffc, 0x02, 0x20, payload, 16 + rest_bytes);
}

/* Notices may come between. */
static void expect_ct_accept(void)
{
    while (next_answer() && answer.r_ctl != 0x03)
        continue;
    CU_ASSERT_EQUAL(answer.r_ctl, 0x03);
    CU_ASSERT_EQUAL(lq_get_be16(answer.payload + 8), 0x8002);
}

/* FCP is type 08h: of the first word's bytes the third, bit 0. */
static void register_fcp(uint8_t port)
{
    const uint8_t types[36] = {0, 0x01, 0x00, port, 0, 0, 0x01, 0};
    const uint8_t features[8] = {0, 0x01, 0x00, port, 0, 0, 0x02, 0x08};
    ct(0x010000U | port, 0x0217, types, sizeof types);
    expect_ct_accept();
    ct(0x010000U | port, 0x021f, features, sizeof features);
    expect_ct_accept();
}

static void test_directory(void)
{
    bring_up(2);
    CU_ASSERT_EQUAL(lq_fc_fabric_attach(rig.fabric, 1000, UINT64_C(0x2000024c51000010),
                                        UINT64_C(0x1000024c51000010)),
                    0x010003);
    static const uint8_t gpn_ft[] = {0, 0, 0, 0x08};
    ct(0x010001, 0x0172, gpn_ft, sizeof gpn_ft);
    CU_ASSERT_FALSE(next_answer()); /* not logged in there */
    log_in_to_directory(0x010001);
    register_fcp(1);
    ct(0x010001, 0x0172, gpn_ft, sizeof gpn_ft);
    CU_ASSERT_TRUE(next_answer());
    static const uint8_t list[] = {
        0x00, 0x01, 0x00, 0x01, 0, 0, 0, 0, 0x20, 0x00, 0x52, 0x54, 0x00, 0x00, 0x00, 0x01,
        0x80, 0x01, 0x00, 0x03, 0, 0, 0, 0, 0x20, 0x00, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x10};
    CU_ASSERT_EQUAL(answer.r_ctl, 0x03);
    CU_ASSERT_EQUAL(answer.f_ctl, 0x990000);
    CU_ASSERT_EQUAL_FATAL(answer.payload_bytes, 16 + sizeof list);
    CU_ASSERT_EQUAL(lq_get_be16(answer.payload + 8), 0x8002);
    CU_ASSERT_EQUAL(memcmp(answer.payload + 16, list, sizeof list), 0);
    static const uint8_t gff_id[] = {0, 0x01, 0x00, 0x03};
    ct(0x010001, 0x011f, gff_id, sizeof gff_id);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload[16 + 7], 0x01); /* target */
    ct(0x010001, 0x0112, (const uint8_t[]){0, 0x01, 0x00, 0x09}, 4);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(lq_get_be16(answer.payload + 8), 0x8001);
    CU_ASSERT_EQUAL(answer.payload[13], 0x09);
    CU_ASSERT_EQUAL(answer.payload[14], 0x01);
    ct(0x010001, 0x0213, (const uint8_t[]){0, 0x01, 0x00, 0x02, 0, 0, 0, 0, 0, 0, 0, 1}, 12);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(lq_get_be16(answer.payload + 8), 0x8001); /* only for itself */
    ct(0x010001, 0x7777, gpn_ft, 4);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload[13], 0x0b);
}

static void accept_notice(void)
{
    const struct lq_fc_frame frame = {.r_ctl = 0x23,
                                      .type = 0x01,
                                      .s_id = answer.d_id,
                                      .d_id = answer.s_id,
                                      .ox_id = answer.ox_id,
                                      .payload = (const uint8_t[]){0x02, 0, 0, 0},
                                      .payload_bytes = 4};
    lq_fc_fabric_feed(rig.fabric, &frame);
}

static void test_notices(void)
{
    static const uint8_t scr[] = {0x62, 0, 0, 0, 0, 0, 0, 0x03};
    bring_up(3);
    els(0x010001, 0xfffffd, scr, sizeof scr);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload[0], 0x02);
    log_in_to_directory(0x010002);
    register_fcp(2);
    CU_ASSERT_EQUAL(lq_fc_fabric_counts(rig.fabric).notifications, 1); /* the next one waits */
    CU_ASSERT_FALSE(next_answer());
    rig.env.now_ns = lq_fc_fabric_deadline(rig.fabric);
    lq_fc_fabric_expire(rig.fabric);
    CU_ASSERT_TRUE(next_answer());
    static const uint8_t rscn[] = {0x61, 0x04, 0x00, 0x08, 0x00, 0x01, 0x00, 0x02};
    CU_ASSERT_EQUAL(answer.d_id, 0x010001);
    CU_ASSERT_EQUAL(answer.s_id, 0xfffffd);
    CU_ASSERT_EQUAL(answer.f_ctl, 0x290000);
    CU_ASSERT_EQUAL_FATAL(answer.payload_bytes, sizeof rscn);
    CU_ASSERT_EQUAL(memcmp(answer.payload, rscn, sizeof rscn), 0);
    accept_notice();
    CU_ASSERT_EQUAL(lq_fc_fabric_deadline(rig.fabric), LQ_NEVER);
    CU_ASSERT_FALSE(next_answer()); /* both changes were in it */
    lq_fc_fabric_detach(rig.fabric, 0x010002);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(memcmp(answer.payload, rscn, sizeof rscn), 0);
    for (uint32_t i = 1; i < LQ_FC_FABRIC_TRIES; i++) {
        rig.env.now_ns = lq_fc_fabric_deadline(rig.fabric);
        lq_fc_fabric_expire(rig.fabric);
        CU_ASSERT_TRUE(next_answer());
    }
    rig.env.now_ns = lq_fc_fabric_deadline(rig.fabric);
    lq_fc_fabric_expire(rig.fabric);
    CU_ASSERT_FALSE(next_answer()); /* given up */
    CU_ASSERT_EQUAL(lq_fc_fabric_deadline(rig.fabric), LQ_NEVER);
}

static void test_link_services(void)
{
    bring_up(1);
    els(0x010001, 0xfffffe, (const uint8_t[]){0x0e, 0, 0, 0}, 4);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload_bytes, 16);
    CU_ASSERT_EQUAL(lq_get_be32(answer.payload + 4), 10000);
    els(0x010001, 0xfffffc, (const uint8_t[]){0x10, 0, 0, 0, 1, 2, 3, 4, 5}, 9);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload_bytes, 9);
    CU_ASSERT_EQUAL(answer.f_ctl, 0x990003); /* three fill bytes */
    CU_ASSERT_EQUAL(memcmp(answer.payload, "\x02\0\0\0\1\2\3\4\5", 9), 0);
    els(0x010001, 0xfffffd, (const uint8_t[]){0x7f, 0, 0, 0}, 4);
    CU_ASSERT_TRUE(next_answer());
    CU_ASSERT_EQUAL(answer.payload[0], 0x01);
    CU_ASSERT_EQUAL(answer.payload[5], 0x0b);
    els(0x010009, 0xfffffd, (const uint8_t[]){0x0e, 0, 0, 0}, 4); /* a stranger */
    CU_ASSERT_FALSE(next_answer());
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"login", test_login},
        {"an accept's bytes", test_accept_bytes},
        {"more ports", test_more_ports},
        {"cleared", test_cleared},
        {"cleared again", test_cleared_again},
        {"silence", test_silence},
        {"lost frames", test_lost_frames},
        {"VLAN", test_vlan},
        {"server provided addresses", test_server_provided},
        {"full", test_full},
        {"directory", test_directory},
        {"notices", test_notices},
        {"link services", test_link_services},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"ENode and FCF", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
