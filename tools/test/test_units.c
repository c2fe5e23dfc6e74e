/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as users write them. */
#include <string.h>

#include "core/base/test/unit.h"
#include "tools/units.h"

struct row {
    const char *text;
    uint64_t value;
};

static void test_sizes(void)
{
    static const struct row good[] = {
        {"512", 512},         {"0", 0},
        {"4KiB", 4096},       {"256MiB", UINT64_C(268435456)},
        {"1GiB", 1073741824}, {"2TiB", UINT64_C(2199023255552)},
        {"007", 7},           {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {"",
                                      "KiB",
                                      "4K",
                                      "4kib",
                                      "4 KiB",
                                      "-1",
                                      "+1",
                                      "1.5GiB",
                                      "0x10",
                                      "4KiB ",
                                      " 4KiB",
                                      "18446744073709551616",
                                      "18014398509481984KiB",
                                      "99999999999999999999",
                                      "4KiBKiB"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t value = 1;
        CU_ASSERT_PTR_NULL(lq_parse_size(good[i].text, &value));
        CU_ASSERT_EQUAL(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 77;
        const char *wrong = lq_parse_size(bad[i], &value);
        CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
        CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "; expected "));
        CU_ASSERT_EQUAL(value, 77);
    }
}

static void test_durations(void)
{
    static const struct row good[] = {
        {"10ms", 10000000},
        {"3s", UINT64_C(3000000000)},
        {"1m", UINT64_C(60000000000)},
        {"0", 0},
        {"5ns", 5},
        {"7us", 7000},
        {"0s", 0},
        {"2h", UINT64_C(7200000000000)},
    };
    static const char *const bad[] = {"",    "3",   "s",    "3S",    "1.5s",
                                      "-1s", "3 s", "3sec", "never", "18446744073709551615s"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t value = 1;
        CU_ASSERT_PTR_NULL(lq_parse_duration(good[i].text, &value));
        CU_ASSERT_EQUAL(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 77;
        const char *wrong = lq_parse_duration(bad[i], &value);
        CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
        CU_ASSERT_PTR_NOT_NULL(strstr(wrong, "; expected "));
        CU_ASSERT_EQUAL(value, 77);
    }
}

static void test_numbers(void)
{
    uint64_t number = 0;
    CU_ASSERT_PTR_NULL(lq_parse_number("65535", 65535, &number));
    CU_ASSERT_EQUAL(number, 65535);
    CU_ASSERT_PTR_NOT_NULL(lq_parse_number("65536", 65535, &number));
    CU_ASSERT_PTR_NOT_NULL(lq_parse_number("", 10, &number));
    CU_ASSERT_PTR_NOT_NULL(lq_parse_number("1x", 10, &number));
    CU_ASSERT_EQUAL(number, 65535);
}

static void test_ranges(void)
{
    static const char *const bad[] = {"",    "1",     "1..",     "..2", "2..1",
                                      "1.2", "1...2", "1..2..3", "a..b"};
    uint64_t first = 0, last = 0;
    CU_ASSERT_PTR_NULL(lq_parse_range("1..2000", &first, &last));
    CU_ASSERT_EQUAL(first, 1);
    CU_ASSERT_EQUAL(last, 2000);
    CU_ASSERT_PTR_NULL(lq_parse_range("5..5", &first, &last));
    CU_ASSERT_EQUAL(first, last);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_PTR_NOT_NULL(lq_parse_range(bad[i], &first, &last));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"sizes", test_sizes},     {"durations", test_durations},
        {"numbers", test_numbers}, {"ranges", test_ranges},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "units", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
