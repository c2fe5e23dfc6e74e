/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C: the vectors of RFC 7143 A.4, and against the polynomial bit by bit. */
#include "core/base/test/unit.h"

#include <string.h>

#include "proto/iscsi/crc32c.h"
#include "proto/iscsi/test/bitwise_crc.h"

static void expect(const uint8_t *bytes, uint32_t size, const char *digest)
{
    uint8_t out[LQ_DIGEST_BYTES];
    lq_crc32c_put(out, lq_crc32c_table(0, bytes, size));
    CU_ASSERT_EQUAL(memcmp(out, digest, sizeof out), 0);
    CU_ASSERT_EQUAL(lq_crc32c_get(out), lq_crc32c_table(0, bytes, size));
}

/* [RFC 7143 A.4] */
static void test_vectors(void)
{
    static const uint8_t command[48] = {
        0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
        0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0};
    uint8_t bytes[32] = {0};
    expect(bytes, 32, "\xaa\x36\x91\x8a");
    memset(bytes, 0xff, sizeof bytes);
    expect(bytes, 32, "\x43\xab\xa8\x62");
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    expect(bytes, 32, "\x4e\x79\xdd\x46");
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    expect(bytes, 32, "\x5c\xdb\x3f\x11");
    expect(command, 48, "\x56\x3a\x96\xd9");
    CU_ASSERT_EQUAL(lq_crc32c_table(0, NULL, 0), 0);
}

/* Any alignment, any length, cut anywhere. */
static void test_against_the_polynomial(void)
{
    static uint8_t bytes[400];
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 7 + i / 3);
    for (uint32_t from = 0; from < 16; from++) {
        for (uint32_t size = 0; size < 120; size++) {
            uint32_t right = bitwise_crc(bytes + from, size);
            CU_ASSERT_EQUAL(lq_crc32c_table(0, bytes + from, size), right);
            uint32_t cut = size * from / 16;
            uint32_t crc = lq_crc32c_table(0, bytes + from, cut);
            CU_ASSERT_EQUAL(lq_crc32c_table(crc, bytes + from + cut, size - cut), right);
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"vectors", test_vectors},
        {"against the polynomial", test_against_the_polynomial},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"iSCSI: CRC32C", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
