/* SPDX-License-Identifier: Apache-2.0 */
/* The FCoE codec against frames put together by hand from FC-BB-5 7.6 and FC-FS-3; their CRCs are
 * zlib's. */
#include "core/base/test/unit.h"

#include <string.h>

#include "proto/fcoe/fcoe.h"

/* RTV to the F_Port controller. */
static const uint8_t rtv[] = {
    0x02, 0x4c, 0x51, 0x00, 0x00, 0x01, 0x0e, 0xfc, 0x00, 0x01, 0x00, 0x01, 0x89, 0x06,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2e,
    0x22, 0xff, 0xff, 0xfe, 0x00, 0x01, 0x00, 0x01, 0x01, 0x29, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x12, 0x34, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00,
    0x34, 0xc8, 0x29, 0x55, 0x42, 0x00, 0x00, 0x00,
};

/* Three bytes of data with a fill byte, in the middle of a sequence, in VLAN 258 with priority 3;
 * reserved bytes are not zero. */
static const uint8_t data[] = {
    0x0e, 0xfc, 0x00, 0x01, 0x00, 0x01, 0x02, 0x4c, 0x51, 0x00, 0x00, 0x01, 0x81, 0x00, 0x61, 0x02,
    0x89, 0x06,
    0x0a, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x99, 0x36,
    0x01, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x02, 0x08, 0x88, 0x00, 0x09,
    0x11, 0x00, 0x00, 0x05, 0x00, 0x21, 0x00, 0x42, 0x00, 0x00, 0x04, 0x00,
    0xde, 0xad, 0xbe, 0x00, 0x9b, 0xdb, 0x42, 0x4e, 0x41, 0x00, 0x55, 0x00,
};

static void expect_same(const struct lq_ethernet *ethernet, const struct lq_fcoe *fcoe,
                        const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fcoe_ends ends;
    memset(&ends, 0xee, sizeof ends);
    lq_fcoe_encode(ethernet, fcoe, NULL, &ends);
    CU_ASSERT_EQUAL_FATAL(ends.head_bytes + fcoe->fc.payload_bytes + ends.tail_bytes, size_bytes);
    CU_ASSERT_EQUAL(memcmp(ends.head, bytes, ends.head_bytes), 0);
    CU_ASSERT_EQUAL(memcmp(ends.tail, bytes + size_bytes - ends.tail_bytes, ends.tail_bytes), 0);
}

static void test_short_frame(void)
{
    struct lq_ethernet ethernet;
    struct lq_fcoe fcoe;
    CU_ASSERT_EQUAL(lq_ethernet_decode(&ethernet, rtv, sizeof rtv), 14);
    CU_ASSERT_EQUAL(ethernet.destination, UINT64_C(0x024c51000001));
    CU_ASSERT_EQUAL(ethernet.source, lq_fcoe_mac(0x0efc00, 0x010001));
    CU_ASSERT_EQUAL(ethernet.type, LQ_ETHERTYPE_FCOE);
    CU_ASSERT_FALSE(ethernet.is_tagged);
    CU_ASSERT_EQUAL(lq_fcoe_decode(&fcoe, rtv + 14, sizeof rtv - 14, NULL), LQ_FCOE_OK);
    CU_ASSERT_EQUAL(fcoe.fc.sof, LQ_FC_SOF_I3);
    CU_ASSERT_EQUAL(fcoe.fc.eof, LQ_FC_EOF_T);
    CU_ASSERT_EQUAL(fcoe.fc.d_id, LQ_FC_FLOGI_ADDRESS);
    CU_ASSERT_EQUAL(fcoe.fc.payload_bytes, 4);
    CU_ASSERT_EQUAL(fcoe.fc.payload[0], 0x0e);
    CU_ASSERT_TRUE(lq_fcoe_is_class_3(&fcoe.fc));
    expect_same(&ethernet, &fcoe, rtv, sizeof rtv);
}

static void test_tag_and_fill(void)
{
    struct lq_ethernet ethernet;
    struct lq_fcoe fcoe;
    CU_ASSERT_EQUAL(lq_ethernet_decode(&ethernet, data, sizeof data), 18);
    CU_ASSERT_TRUE(ethernet.is_tagged);
    CU_ASSERT_EQUAL(ethernet.tag, 0x6102);
    CU_ASSERT_EQUAL(ethernet.type, LQ_ETHERTYPE_FCOE);
    CU_ASSERT_EQUAL(lq_fcoe_decode(&fcoe, data + 18, sizeof data - 18, NULL), LQ_FCOE_OK);
    CU_ASSERT_EQUAL(fcoe.fc.sof, LQ_FC_SOF_N3);
    CU_ASSERT_EQUAL(fcoe.fc.eof, LQ_FC_EOF_N);
    CU_ASSERT_EQUAL(fcoe.fc.payload_bytes, 3);
    CU_ASSERT_EQUAL(fcoe.fc.parameter, 0x400);
    expect_same(&ethernet, &fcoe, data, sizeof data);
}

static enum lq_fcoe_error changed(uint32_t at, uint8_t bits)
{
    uint8_t bytes[sizeof rtv];
    struct lq_fcoe fcoe;
    memcpy(bytes, rtv, sizeof rtv);
    bytes[at] ^= bits;
    return lq_fcoe_decode(&fcoe, bytes + 14, sizeof rtv - 14, NULL);
}

static void test_errors(void)
{
    struct lq_ethernet ethernet;
    struct lq_fcoe fcoe;
    static uint8_t long_one[LQ_FCOE_BYTES_MAX + 4];
    CU_ASSERT_EQUAL(lq_ethernet_decode(&ethernet, rtv, 13), 0);
    CU_ASSERT_EQUAL(lq_ethernet_decode(&ethernet, data, 17), 0);
    for (uint32_t size = 0; size < sizeof rtv - 14; size++)
        CU_ASSERT_NOT_EQUAL(lq_fcoe_decode(&fcoe, rtv + 14, size, NULL), LQ_FCOE_OK);
    CU_ASSERT_EQUAL(lq_fcoe_decode(&fcoe, rtv + 14, sizeof rtv - 15, NULL), LQ_FCOE_LENGTH);
    CU_ASSERT_EQUAL(lq_fcoe_decode(&fcoe, long_one, sizeof long_one - 14, NULL), LQ_FCOE_LENGTH);
    CU_ASSERT_EQUAL(changed(14, 0x10), LQ_FCOE_VERSION);
    CU_ASSERT_EQUAL(changed(14, 0x01), LQ_FCOE_OK);
    for (uint32_t at = 28; at < sizeof rtv - 4; at++)
        for (uint32_t bit = 0; bit < 8; bit++)
            CU_ASSERT_EQUAL(changed(at, (uint8_t)(1U << bit)), LQ_FCOE_CRC);
}

/* Class 2 and 4, aborted and invalid frames are nobody's here. */
static void test_delimiters(void)
{
    static const uint8_t codes[][2] = {{0x2d, 0x42}, {0x35, 0x41}, {0x29, 0x42}, {0x28, 0x42},
                                       {0x2e, 0x49}, {0x2e, 0x50}, {0x2e, 0x4e}, {0, 0}};
    for (uint32_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct lq_fc_frame frame = {.sof = codes[i][0], .eof = codes[i][1]};
        CU_ASSERT_FALSE(lq_fcoe_is_class_3(&frame));
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a short frame", test_short_frame},
        {"a tag and fill bytes", test_tag_and_fill},
        {"errors", test_errors},
        {"delimiters", test_delimiters},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"FCoE codec", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
