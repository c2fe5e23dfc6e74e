/* SPDX-License-Identifier: Apache-2.0 */
/* FC-2 frames: bytes written from FC-FS-3, the CRC against its polynomial bit by bit. */
#include "core/base/test/unit.h"

#include <string.h>

#include "proto/fc/frame.h"

/* The definition: the remainder by 04c11db7h, bits reflected, complemented at both ends. */
static uint32_t bitwise_crc(const uint8_t *bytes, uint32_t size)
{
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void test_crc(void)
{
    static uint8_t bytes[400];
    CU_ASSERT_EQUAL(lq_fc_crc32(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
    CU_ASSERT_EQUAL(lq_fc_crc32(0, NULL, 0), 0);
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 7 + i / 3);
    for (uint32_t from = 0; from < 16; from++) {
        for (uint32_t size = 0; size < 120; size++) {
            uint32_t right = bitwise_crc(bytes + from, size), cut = size * from / 16;
            uint32_t crc = lq_fc_crc32(0, bytes + from, cut);
            CU_ASSERT_EQUAL(lq_fc_crc32(crc, bytes + from + cut, size - cut), right);
        }
    }
}

/* FCP_DATA from 0102EFh to 010203h, Exchange Responder, end of sequence, relative offset 4660h,
 * 6 bytes and 2 fill bytes. */
static const uint8_t data_frame[32] = {
    0x01, 0x01, 0x02, 0x03, 0x5a, 0x01, 0x02, 0xef, 0x08, 0x88, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x09,
    0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x46, 0x60, 'a',  'b',  'c',  'd',  'e',  'f',  0xee, 0xdd};

static void test_fields(void)
{
    struct lq_fc_frame frame;
    CU_ASSERT_TRUE_FATAL(lq_fc_frame_decode(&frame, data_frame, sizeof data_frame));
    CU_ASSERT_EQUAL(frame.r_ctl, LQ_FC_R_CTL_SOLICITED_DATA);
    CU_ASSERT_EQUAL(frame.d_id, 0x010203);
    CU_ASSERT_EQUAL(frame.cs_ctl, 0x5a);
    CU_ASSERT_EQUAL(frame.s_id, 0x0102ef);
    CU_ASSERT_EQUAL(frame.type, LQ_FC_TYPE_FCP);
    CU_ASSERT_EQUAL(frame.f_ctl, LQ_FC_F_CTL_RESPONDER | LQ_FC_F_CTL_END_SEQUENCE |
                                     LQ_FC_F_CTL_RELATIVE_OFFSET | 2);
    CU_ASSERT_EQUAL(frame.seq_id, 7);
    CU_ASSERT_EQUAL(frame.df_ctl, 0);
    CU_ASSERT_EQUAL(frame.seq_cnt, 9);
    CU_ASSERT_EQUAL(frame.ox_id, 0x1234);
    CU_ASSERT_EQUAL(frame.rx_id, 0x5678);
    CU_ASSERT_EQUAL(frame.parameter, 0x4660);
    CU_ASSERT_EQUAL(frame.payload_bytes, 6);
    CU_ASSERT_PTR_EQUAL(frame.payload, data_frame + 24);
    CU_ASSERT_EQUAL(frame.fill[0], 0xee);
    CU_ASSERT_EQUAL(frame.fill[1], 0xdd);
    CU_ASSERT_EQUAL(lq_fc_frame_crc(&frame), bitwise_crc(data_frame, sizeof data_frame));
    uint8_t header[24];
    lq_fc_frame_encode(&frame, header);
    CU_ASSERT_EQUAL(memcmp(header, data_frame, sizeof header), 0);
}

static void test_sizes(void)
{
    static uint8_t bytes[LQ_FC_HEADER_BYTES + LQ_FC_PAYLOAD_BYTES_MAX + 4];
    struct lq_fc_frame frame;
    CU_ASSERT_FALSE(lq_fc_frame_decode(&frame, bytes, 0));
    CU_ASSERT_FALSE(lq_fc_frame_decode(&frame, bytes, 20));
    CU_ASSERT_FALSE(lq_fc_frame_decode(&frame, bytes, 26)); /* not whole words */
    CU_ASSERT_TRUE(lq_fc_frame_decode(&frame, bytes, 24));
    CU_ASSERT_EQUAL(frame.payload_bytes, 0);
    CU_ASSERT_TRUE(lq_fc_frame_decode(&frame, bytes, sizeof bytes - 4));
    CU_ASSERT_EQUAL(frame.payload_bytes, 2112);
    CU_ASSERT_FALSE(lq_fc_frame_decode(&frame, bytes, sizeof bytes));
    bytes[11] = 3;
    CU_ASSERT_FALSE(lq_fc_frame_decode(&frame, bytes, 24)); /* fill bytes of no data */
    CU_ASSERT_TRUE(lq_fc_frame_decode(&frame, bytes, 28));
    CU_ASSERT_EQUAL(frame.payload_bytes, 1);
}

static void test_optional_headers(void)
{
    static const struct {
        uint8_t df_ctl;
        uint32_t payload, left;
        bool fits;
    } rows[] = {{0, 100, 100, true},    {0x20, 100, 84, true}, {0x01, 100, 84, true},
                {0x02, 100, 68, true},  {0x03, 100, 36, true}, {0x23, 100, 20, true},
                {0x20, 16, 0, true},    {0x20, 15, 0, false},  {0x40, 100, 0, false}};
    static const uint8_t payload[100];
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lq_fc_frame frame = {
            .df_ctl = rows[i].df_ctl, .payload = payload, .payload_bytes = rows[i].payload};
        struct lq_slice data = {NULL, 0};
        CU_ASSERT_EQUAL(lq_fc_frame_data(&frame, &data), rows[i].fits);
        CU_ASSERT_EQUAL(data.size_bytes, rows[i].left);
        CU_ASSERT(!rows[i].fits || data.bytes + data.size_bytes == payload + rows[i].payload);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"crc", test_crc},
                           {"fields", test_fields},
                           {"sizes", test_sizes},
                           {"optional headers", test_optional_headers},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "frame", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
