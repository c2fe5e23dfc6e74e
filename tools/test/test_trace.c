/* SPDX-License-Identifier: Apache-2.0 */
/* Trace files: what is written is read again; cut, changed or made-up bytes are refused. */
#include "tools/trace_file.h"

#include <string.h>

#include "core/base/choice.h"
#include "core/base/test/unit.h"

enum { DRAWS = 200 };

static struct lq_draw draws[DRAWS];

/* Draws of every size, and a scenario's text. */
static uint8_t *make(struct lq_trace *trace, size_t *size_bytes)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 1);
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint64_t bits = i % 65, n = bits == 64 ? UINT64_MAX : (UINT64_C(1) << (bits % 64)) + 1;
        draws[i] = (struct lq_draw){.stream = i == 3 ? UINT32_MAX : 1 + i % 7,
                                    .site = i == 5 ? UINT32_MAX : i,
                                    .subject = i % 3 == 0 ? UINT64_MAX - i : i / 3,
                                    .n = n,
                                    .value = lq_choose(&seeded.choice, 1, i, 0, n)};
    }
    *trace = (struct lq_trace){.program = "1.2.3", .seed = UINT64_MAX, .commands = 1000,
                               .transport = "fcp", .wrong = "two-statuses", .verdict = "violated",
                               .fingerprint = 77, .scenario = "scenario \"x\"\n",
                               .scenario_bytes = 13, .draws = draws, .draw_count = DRAWS};
    return lq_trace_encode(trace, size_bytes);
}

static void test_round_trip(void)
{
    struct lq_trace trace, read;
    size_t size_bytes = 0;
    uint8_t *bytes = make(&trace, &size_bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_PTR_NULL_FATAL(lq_trace_decode(&read, bytes, size_bytes));
    CU_ASSERT_STRING_EQUAL(read.program, "1.2.3");
    CU_ASSERT_STRING_EQUAL(read.transport, "fcp");
    CU_ASSERT_STRING_EQUAL(read.wrong, "two-statuses");
    CU_ASSERT_STRING_EQUAL(read.verdict, "violated");
    CU_ASSERT_EQUAL(read.seed, UINT64_MAX);
    CU_ASSERT_EQUAL(read.commands, 1000);
    CU_ASSERT_EQUAL(read.fingerprint, 77);
    CU_ASSERT_EQUAL(read.scenario_bytes, 13);
    CU_ASSERT_EQUAL(memcmp(read.scenario, "scenario \"x\"\n", 13), 0);
    CU_ASSERT_EQUAL_FATAL(read.draw_count, DRAWS);
    for (uint32_t i = 0; i < DRAWS; i++)
        CU_ASSERT(read.draws[i].stream == draws[i].stream && read.draws[i].site == draws[i].site &&
                  read.draws[i].subject == draws[i].subject && read.draws[i].n == draws[i].n &&
                  read.draws[i].value == draws[i].value);
    free(read.draws);
    free(bytes);
}

static void test_cut(void)
{
    struct lq_trace trace, read;
    size_t size_bytes = 0;
    uint8_t *bytes = make(&trace, &size_bytes);
    for (size_t size = 0; size < size_bytes; size++) {
        uint8_t *cut = malloc(size + 1); /* so that a sanitizer sees what is read behind it */
        memcpy(cut, bytes, size);
        CU_ASSERT_PTR_NOT_NULL(lq_trace_decode(&read, cut, size));
        free(cut);
    }
    free(bytes);
}

/* No change of one byte crashes; none in the draws or in what they are counted by is accepted. */
static void test_changed(void)
{
    struct lq_trace trace, read;
    size_t size_bytes = 0, refused = 0;
    uint8_t *bytes = make(&trace, &size_bytes);
    for (size_t at = 0; at < size_bytes; at++) {
        for (uint32_t change = 1; change < 256; change *= 2) {
            bytes[at] ^= (uint8_t)change;
            const char *wrong = lq_trace_decode(&read, bytes, size_bytes);
            refused += wrong != NULL;
            if (wrong == NULL)
                free(read.draws);
            bytes[at] ^= (uint8_t)change;
        }
    }
    CU_ASSERT(refused > 8 * (size_bytes - 200));
    free(bytes);
}

static void test_refused(void)
{
    static const struct {
        const char *bytes, *words;
    } cases[] = {
        {"", "is no trace"},
        {"lunquake-trace\n", "is no trace"},
        {"lunquake-trace 2\n", "has no version"},
        {"lunquake-trace 1 1.0\n", "another format version; expected version 2"},
        {"lunquake-trace 2 1.0\nseed x\n", "is damaged"},
        {"lunquake-trace 2 1.0\nseed 18446744073709551616\n", "is damaged"},
        {"lunquake-trace 2 1.0\nseed 1\ncommands 1\ntransport fcp\nwrong -\nverdict clean\n"
         "fingerprint 1\nscenario 18446744073709551615\n\ndraws 0\n", "is damaged"},
        {"lunquake-trace 2 1.0\nseed 1\ncommands 1\ntransport fcp\nwrong -\nverdict clean\n"
         "fingerprint 1\nscenario 0\n\ndraws 18446744073709551615\nbytes 0\ncheck 0\n",
         "is damaged"},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lq_trace read;
        const char *wrong =
            lq_trace_decode(&read, (const uint8_t *)cases[i].bytes, strlen(cases[i].bytes));
        CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
        if (strstr(wrong, cases[i].words) == NULL)
            CU_FAIL(cases[i].words);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"what is written is read", test_round_trip},
                           {"cut anywhere", test_cut},
                           {"changed anywhere", test_changed},
                           {"refused", test_refused},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"trace files", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
