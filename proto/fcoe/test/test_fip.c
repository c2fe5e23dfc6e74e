/* SPDX-License-Identifier: Apache-2.0 */
/* The FIP codec against bytes put together by hand from FC-BB-5 7.7.7 and FC-BB-6 7.9.7. */
#include "core/base/test/unit.h"

#include <string.h>

#include "proto/fcoe/fip.h"

static const uint8_t solicitation[] = {
    0x10, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x06, 0x80, 0x00, /* version 1, 1/1, 6 words, FP */
    0x02, 0x02, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,             /* MAC */
    0x04, 0x03, 0x00, 0x00, 0x10, 0x00, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, /* name */
    0x06, 0x01, 0x08, 0x6e,                                                 /* 2158 */
};

static const uint8_t advertisement[] = {
    0x10, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x0c, 0x80, 0x07,
    0x01, 0x01, 0x00, 0x80,
    0x02, 0x02, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01,
    0x04, 0x03, 0x00, 0x00, 0x10, 0x00, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01,
    0x05, 0x04, 0x00, 0x00, 0x00, 0x0e, 0xfc, 0x00, 0x10, 0x00, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x02,
    0x0c, 0x02, 0x00, 0x00, 0x00, 0x00, 0x1f, 0x40,
};

static const uint8_t clear_links[] = {
    0x10, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x0f, 0x00, 0x00,
    0x02, 0x02, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01,
    0x04, 0x03, 0x00, 0x00, 0x10, 0x00, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01,
    0x0b, 0x05, 0x0e, 0xfc, 0x00, 0x01, 0x00, 0x02, 0x00, 0x01, 0x00, 0x02,
    0x20, 0x00, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
    0x0b, 0x05, 0x0e, 0xfc, 0x00, 0x01, 0x00, 0x03, 0x00, 0x01, 0x00, 0x03,
    0x20, 0x01, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
};

static const uint8_t vlan_notification[] = {
    0x10, 0x00, 0x00, 0x04, 0x00, 0x02, 0x00, 0x03, 0x80, 0x05,
    0x02, 0x02, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01,
    0x0e, 0x01, 0xf1, 0x02, /* the upper four bits are reserved */
};

static void expect_fields(const struct lq_fip_message *m)
{
    CU_ASSERT_EQUAL(m->operation, LQ_FIP_ADVERTISEMENT);
    CU_ASSERT_EQUAL(m->flags, LQ_FIP_FP | LQ_FIP_A | LQ_FIP_S | LQ_FIP_F);
    CU_ASSERT_EQUAL(m->priority, 128);
    CU_ASSERT_EQUAL(m->mac, UINT64_C(0x024c51000001));
    CU_ASSERT_EQUAL(m->name, UINT64_C(0x1000024c51000001));
    CU_ASSERT_EQUAL(m->vfid, 0);
    CU_ASSERT_EQUAL(m->fabric_fc_map, 0x0efc00);
    CU_ASSERT_EQUAL(m->fabric_name, UINT64_C(0x1000024c51000002));
    CU_ASSERT_EQUAL(m->fka_d, 0);
    CU_ASSERT_EQUAL(m->fka_adv_period_ms, 8000);
}

static void test_discovery(void)
{
    struct lq_fip_message m;
    CU_ASSERT_EQUAL(lq_fip_decode(&m, solicitation, sizeof solicitation), LQ_FIP_OK);
    CU_ASSERT_EQUAL(m.operation, LQ_FIP_SOLICITATION);
    CU_ASSERT_EQUAL(m.flags, LQ_FIP_FP);
    CU_ASSERT_EQUAL(m.mac, UINT64_C(0x525400123456));
    CU_ASSERT_EQUAL(m.name, UINT64_C(0x1000525400123456));
    CU_ASSERT_EQUAL(m.max_fcoe_bytes, 2158);
    CU_ASSERT_EQUAL(lq_fip_decode(&m, advertisement, sizeof advertisement), LQ_FIP_OK);
    expect_fields(&m);
}

static void test_clear_links(void)
{
    struct lq_fip_message m;
    struct lq_fip_vn_port port;
    uint32_t position = 0;
    CU_ASSERT_EQUAL(lq_fip_decode(&m, clear_links, sizeof clear_links), LQ_FIP_OK);
    CU_ASSERT_EQUAL(m.vn_port.fc_id, 0x010002);
    CU_ASSERT_TRUE(lq_fip_vn_port_next(&m, &position, &port));
    CU_ASSERT_EQUAL(port.mac, UINT64_C(0x0efc00010002));
    CU_ASSERT_EQUAL(port.fc_id, 0x010002);
    CU_ASSERT_EQUAL(port.name, UINT64_C(0x2000525400123456));
    CU_ASSERT_TRUE(lq_fip_vn_port_next(&m, &position, &port));
    CU_ASSERT_EQUAL(port.fc_id, 0x010003);
    CU_ASSERT_EQUAL(port.name, UINT64_C(0x2001525400123456));
    CU_ASSERT_FALSE(lq_fip_vn_port_next(&m, &position, &port));
}

static void test_vlan(void)
{
    struct lq_fip_message m;
    uint8_t again[sizeof vlan_notification];
    CU_ASSERT_EQUAL(lq_fip_decode(&m, vlan_notification, sizeof vlan_notification), LQ_FIP_OK);
    CU_ASSERT_EQUAL(m.vlan, 0x102);
    memcpy(again, vlan_notification, sizeof again);
    m.vlan = 0x3fe;
    lq_fip_patch(&m, again);
    CU_ASSERT_EQUAL(again[sizeof again - 2], 0xf3); /* reserved bits stay */
    CU_ASSERT_EQUAL(again[sizeof again - 1], 0xfe);
}

static void test_encode(void)
{
    uint8_t bytes[LQ_FIP_BYTES_MAX];
    struct lq_fip_message m = {
        .operation = LQ_FIP_ADVERTISEMENT,
        .flags = LQ_FIP_FP | LQ_FIP_A | LQ_FIP_S | LQ_FIP_F,
        .present = LQ_FIP_HAS(LQ_FIP_PRIORITY) | LQ_FIP_HAS(LQ_FIP_MAC) | LQ_FIP_HAS(LQ_FIP_NAME) |
                   LQ_FIP_HAS(LQ_FIP_FABRIC) | LQ_FIP_HAS(LQ_FIP_FKA_ADV_PERIOD),
        .priority = 128,
        .mac = UINT64_C(0x024c51000001),
        .name = UINT64_C(0x1000024c51000001),
        .fabric_fc_map = 0x0efc00,
        .fabric_name = UINT64_C(0x1000024c51000002),
        .fka_adv_period_ms = 8000};
    memset(bytes, 0xee, sizeof bytes);
    CU_ASSERT_EQUAL(lq_fip_encode(&m, 0, bytes, sizeof bytes), sizeof advertisement);
    CU_ASSERT_EQUAL(memcmp(bytes, advertisement, sizeof advertisement), 0);
    CU_ASSERT_EQUAL(lq_fip_encode(&m, LQ_FIP_BYTES_MAX, bytes, sizeof bytes), LQ_FIP_BYTES_MAX);
    CU_ASSERT_EQUAL(memcmp(bytes, advertisement, sizeof advertisement), 0);
    CU_ASSERT_EQUAL(bytes[LQ_FIP_BYTES_MAX - 1], 0);
}

/* A login inside: the FC header and the payload, and then the address [FC-BB-5 7.7.7.3.4]. */
static void test_link_service(void)
{
    uint8_t bytes[256] = {0x10, 0, 0, 2, 0, 1, 0, 11, 0x80, 0, 0x09, 9}; /* LOGO: 24 + 8 bytes */
    bytes[14] = 0x22;       /* R_CTL */
    bytes[38] = 0x05;       /* LOGO */
    bytes[46] = LQ_FIP_MAC; /* behind the ELS's 36 bytes */
    bytes[47] = 2;
    bytes[53] = 0x77;
    struct lq_fip_message m;
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, 54), LQ_FIP_OK);
    CU_ASSERT_EQUAL(m.present, LQ_FIP_HAS(LQ_FIP_LOGO) | LQ_FIP_HAS(LQ_FIP_MAC));
    CU_ASSERT_PTR_EQUAL(m.els.bytes, bytes + 14);
    CU_ASSERT_EQUAL(m.els.size_bytes, 32);
    CU_ASSERT_EQUAL(m.mac, 0x77);
    uint8_t again[256];
    CU_ASSERT_EQUAL(lq_fip_encode(&m, 0, again, sizeof again), 54);
    CU_ASSERT_EQUAL(memcmp(again, bytes, 54), 0);
    bytes[11] = 7; /* no payload */
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, 54), LQ_FIP_LENGTH);
    bytes[7] = 2, bytes[10] = LQ_FIP_MAC, bytes[11] = 2; /* no ELS */
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, 54), LQ_FIP_MISSING);
}

static void expect_error(const uint8_t *from, uint32_t size_bytes, uint32_t at, uint8_t value,
                         enum lq_fip_error error)
{
    uint8_t bytes[128];
    struct lq_fip_message m;
    memcpy(bytes, from, size_bytes);
    bytes[at] = value;
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, size_bytes), error);
}

static void test_errors(void)
{
    struct lq_fip_message m;
    for (uint32_t size = 0; size < sizeof advertisement; size++)
        CU_ASSERT_EQUAL(lq_fip_decode(&m, advertisement, size), LQ_FIP_SHORT);
    const uint32_t size = sizeof advertisement;
    expect_error(advertisement, size, 0, 0x20, LQ_FIP_VERSION);
    expect_error(advertisement, size, 3, 0x06, LQ_FIP_UNKNOWN);
    expect_error(advertisement, size, 5, 0x03, LQ_FIP_UNKNOWN);
    expect_error(advertisement, size, 7, 0x0a, LQ_FIP_MISSING);
    expect_error(advertisement, size, 7, 0x0b, LQ_FIP_LENGTH);
    expect_error(advertisement, size, 6, 0x01, LQ_FIP_SHORT);
    expect_error(advertisement, size, 11, 0, LQ_FIP_LENGTH);
    expect_error(advertisement, size, 11, 255, LQ_FIP_LENGTH);
    expect_error(advertisement, size, 10, LQ_FIP_MAX_FCOE_SIZE, LQ_FIP_DESCRIPTOR);
    expect_error(advertisement, size, 10, 0, LQ_FIP_DESCRIPTOR);
    expect_error(advertisement, size, 10, 127, LQ_FIP_DESCRIPTOR);
    expect_error(advertisement, size, 14, LQ_FIP_PRIORITY, LQ_FIP_LENGTH);
    expect_error(advertisement, size, 10, 128, LQ_FIP_MISSING); /* passed over */
    expect_error(vlan_notification, sizeof vlan_notification, 18, LQ_FIP_VLAN, LQ_FIP_OK);
}

static void test_twice(void)
{
    uint8_t bytes[64];
    struct lq_fip_message m;
    memcpy(bytes, solicitation, sizeof solicitation);
    memcpy(bytes + sizeof solicitation, solicitation + 10, 8);
    bytes[7] += 2;
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, sizeof solicitation + 8), LQ_FIP_DESCRIPTOR);
    bytes[sizeof solicitation] = 0xf1; /* a vendor's */
    CU_ASSERT_EQUAL(lq_fip_decode(&m, bytes, sizeof solicitation + 8), LQ_FIP_OK);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"discovery", test_discovery},
        {"clear virtual links", test_clear_links},
        {"VLAN", test_vlan},
        {"encode", test_encode},
        {"link service", test_link_service},
        {"errors", test_errors},
        {"a descriptor twice", test_twice},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"FIP codec", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
