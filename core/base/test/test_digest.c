/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, and the two providers of choice that go with exploring and fuzzing. */
#include "core/base/test/unit.h"

#include "core/base/choice.h"
#include "core/base/digest.h"

/* --- digests -------------------------------------------------------------------------------- */

static uint64_t names(const uint64_t *numbers, uint32_t count)
{
    struct lq_digest digest;
    lq_digest_init(&digest, 0);
    for (uint32_t i = 0; i < count; i++)
        lq_digest_name(&digest, numbers[i]);
    return digest.hash;
}

static void test_names_only_tell_apart(void)
{
    static const uint64_t a[] = {7, 9, 7}, b[] = {100, 3, 100}, c[] = {7, 9, 9};
    CU_ASSERT_EQUAL(names(a, 3), names(b, 3));
    CU_ASSERT_NOT_EQUAL(names(a, 3), names(c, 3));
}

static uint64_t set(const uint64_t *words, uint32_t count)
{
    struct lq_digest digest;
    uint64_t sum = 0;
    lq_digest_init(&digest, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct lq_digest_outer outer = lq_digest_begin(&digest);
        lq_digest_name(&digest, words[i]); /* names are an element's own */
        lq_digest_word(&digest, words[i]);
        lq_digest_end(&digest, outer, &sum);
    }
    lq_digest_word(&digest, sum);
    return digest.hash;
}

static void test_sets_have_no_order(void)
{
    static const uint64_t a[] = {1, 2, 3}, b[] = {3, 1, 2}, c[] = {1, 2, 4}, d[] = {1, 2};
    CU_ASSERT_EQUAL(set(a, 3), set(b, 3));
    CU_ASSERT_NOT_EQUAL(set(a, 3), set(c, 3));
    CU_ASSERT_NOT_EQUAL(set(a, 3), set(d, 2));
}

static uint64_t at(uint64_t now_ns, uint64_t time_ns)
{
    struct lq_digest digest;
    lq_digest_init(&digest, now_ns);
    lq_digest_time(&digest, time_ns);
    return digest.hash;
}

static void test_times_are_from_now(void)
{
    const uint64_t second = 1000000000;
    CU_ASSERT_EQUAL(at(5 * second, 6 * second), at(9 * second, 10 * second));
    CU_ASSERT_EQUAL(at(5 * second, 6 * second), at(5 * second, 6 * second + 999));
    CU_ASSERT_EQUAL(at(5 * second, 4 * second), at(9 * second, 8 * second));
    CU_ASSERT_NOT_EQUAL(at(5 * second, 6 * second), at(5 * second, 7 * second));
    CU_ASSERT_NOT_EQUAL(at(5 * second, 4 * second), at(5 * second, 6 * second));
    CU_ASSERT_EQUAL(at(5, UINT64_MAX), at(6, UINT64_MAX));
}

static void test_words_have_an_order(void)
{
    struct lq_digest a, b;
    lq_digest_init(&a, 0);
    lq_digest_init(&b, 0);
    lq_digest_two(&a, 1, 2);
    lq_digest_two(&b, 2, 1);
    CU_ASSERT_NOT_EQUAL(a.hash, b.hash);
}

/* --- enumerator ----------------------------------------------------------------------------- */

static void test_enumerator_gives_all_answers_once(void)
{
    struct lq_choice_enumerator e;
    uint32_t runs = 0, seen = 0;
    lq_choice_enumerator_init(&e);
    do {
        lq_choice_enumerator_begin(&e);
        uint64_t first = lq_choose(&e.choice, LQ_STREAM_SCHEDULE, 0, 0, 3);
        uint64_t second = first == 1 ? 0 : lq_choose(&e.choice, LQ_STREAM_SCHEDULE, 0, 0, 2);
        uint32_t bit = UINT32_C(1) << (first * 2 + second);
        CU_ASSERT_EQUAL(seen & bit, 0);
        seen |= bit;
        runs++;
    } while (lq_choice_enumerator_next(&e));
    CU_ASSERT_EQUAL(runs, 5); /* 0.0 0.1 1 2.0 2.1 */
    CU_ASSERT_EQUAL(seen, 0x37);
}

static void test_enumerator_strikes_or_not(void)
{
    struct lq_choice_enumerator e;
    bool struck[2] = {false, false};
    uint32_t runs = 0;
    lq_choice_enumerator_init(&e);
    do {
        lq_choice_enumerator_begin(&e);
        struck[runs++ & 1] = lq_chance(&e.choice, LQ_STREAM_FAULT, 0, 0, 1, 1000);
    } while (lq_choice_enumerator_next(&e));
    CU_ASSERT_EQUAL(runs, 2);
    CU_ASSERT_FALSE(struck[0]);
    CU_ASSERT_TRUE(struck[1]);
}

static void test_bytes_answer_until_they_end(void)
{
    static const uint8_t bytes[] = {5, 0x34, 0x12, 9};
    struct lq_choice_bytes b;
    lq_choice_bytes_init(&b, bytes, sizeof bytes);
    CU_ASSERT_EQUAL(lq_choose(&b.choice, 1, 0, 0, 4), 1);          /* 5 mod 4 */
    CU_ASSERT_EQUAL(lq_choose(&b.choice, 1, 0, 0, 1), 0);          /* takes none */
    CU_ASSERT_EQUAL(lq_choose(&b.choice, 1, 0, 0, 65536), 0x1234); /* two, the lowest first */
    CU_ASSERT_EQUAL(lq_choose(&b.choice, 1, 0, 0, 256), 9);
    CU_ASSERT_EQUAL(lq_choose(&b.choice, 1, 0, 0, 256), 0);
}

int main(void)
{
    CU_TestInfo digests[] = {{"names only tell apart", test_names_only_tell_apart},
                             {"sets have no order", test_sets_have_no_order},
                             {"times are from now", test_times_are_from_now},
                             {"words have an order", test_words_have_an_order},
                             CU_TEST_INFO_NULL};
    CU_TestInfo choices[] = {
        {"the enumerator gives all answers once", test_enumerator_gives_all_answers_once},
        {"a fault strikes or does not", test_enumerator_strikes_or_not},
        {"bytes answer until they end", test_bytes_answer_until_they_end},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"digests", NULL, NULL, NULL, NULL, digests},
                             {"choices", NULL, NULL, NULL, NULL, choices},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
