/* SPDX-License-Identifier: Apache-2.0 */
/* All ways to a CRC32C that work here: the vectors of RFC 7143 A.4, and each against the others;
 * and how fast they are. */
#include "core/base/test/unit.h"

#include <string.h>
#include <time.h>

#include "sim/live/crc.h"

static struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX];
static uint32_t count;

static void test_vectors(void)
{
    uint8_t zeros[32] = {0}, up[32], down[32], ones[32];
    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++) {
        up[i] = i;
        down[i] = (uint8_t)(31 - i);
    }
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(providers[i].function(0, zeros, 32), 0x8a9136aa);
        CU_ASSERT_EQUAL(providers[i].function(0, ones, 32), 0x62a8ab43);
        CU_ASSERT_EQUAL(providers[i].function(0, up, 32), 0x46dd794e);
        CU_ASSERT_EQUAL(providers[i].function(0, down, 32), 0x113fdb5c);
        CU_ASSERT_EQUAL(providers[i].function(0, zeros, 0), 0);
    }
}

/* Any alignment, any length up to some, and some long ones; cut in two anywhere. */
static void test_agreement(void)
{
    static uint8_t bytes[70000];
    uint32_t state = 1;
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t from = 0; from < 17; from++) {
            for (uint32_t size = 0; size < 300; size += size < 80 ? 1 : 7) {
                uint32_t right = lq_crc32c_table(0, bytes + from, size), cut = size * from / 17;
                uint32_t crc = providers[i].function(0, bytes + from, cut);
                crc = providers[i].function(crc, bytes + from + cut, size - cut);
                CU_ASSERT_EQUAL(crc, right);
            }
            CU_ASSERT_EQUAL(providers[i].function(0, bytes + from, 65536),
                            lq_crc32c_table(0, bytes + from, 65536));
        }
    }
    CU_ASSERT_EQUAL(lq_crc_fastest(), providers[0].function);
}

/* No bound, a row to read: MB/s of 64 KiB pieces. */
static void test_speed(void)
{
    enum { PIECE = 65536, PIECES = 400 };
    static uint8_t bytes[PIECE];
    for (uint32_t i = 0; i < count; i++) {
        struct timespec begin, end;
        uint32_t crc = 0;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
        for (uint32_t n = 0; n < PIECES; n++)
            crc = providers[i].function(crc, bytes, PIECE);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9;
        ns += (double)(end.tv_nsec - begin.tv_nsec);
        printf("%s %.0f MB/s ", providers[i].name, (double)PIECE * PIECES * 1e3 / (ns + 1));
        CU_ASSERT_NOT_EQUAL(crc, 0);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"vectors", test_vectors},
        {"agreement", test_agreement},
        {"speed", test_speed},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"live: CRC32C", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    count = lq_crc_providers(providers);
    return lq_unit_run(suites);
}
