/* SPDX-License-Identifier: Apache-2.0 */
/* The mixing hash and the providers of choice. Fixed values were computed from the definition in
 * core/base/hash.h with unbounded integers, so every machine and byte order must give them. */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "core/base/choice.h"
#include "core/base/hash.h"

/* --- hash ------------------------------------------------------------------------------------ */

static void test_hash_is_the_same_everywhere(void)
{
    uint8_t counting[20];
    for (uint8_t i = 0; i < 20; i++)
        counting[i] = (uint8_t)(i + 1);
    CU_ASSERT_EQUAL(lq_mix(0, 0), UINT64_C(0x632be59bd9b4e019));
    CU_ASSERT_EQUAL(lq_mix(1, 2), UINT64_C(0x4b05107cf8da5bf1));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 0), UINT64_C(0x632be59bd9b4e019));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 1), UINT64_C(0x014f2259b6c72f89));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 7), UINT64_C(0x877fd95a00566cac));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 8), UINT64_C(0x01c7c26c622f2e66));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 9), UINT64_C(0x484bacd4e453b7c9));
    CU_ASSERT_EQUAL(lq_hash(0, counting, 20), UINT64_C(0xef650e7c9f5c60ff));
    CU_ASSERT_EQUAL(lq_hash(UINT64_MAX, "lunquake", 8), UINT64_C(0x4c96af6ad5074eed));

    uint8_t long_run[600];
    for (uint32_t i = 0; i < sizeof long_run; i++)
        long_run[i] = (uint8_t)(i * 7);
    CU_ASSERT_EQUAL(lq_hash(0, long_run, 127), UINT64_C(0xce70701aa0d9ae92));
    CU_ASSERT_EQUAL(lq_hash(0, long_run, 128), UINT64_C(0x95aa248483238412));
    CU_ASSERT_EQUAL(lq_hash(0, long_run, 159), UINT64_C(0xd0c2d6f278305a5a));
    CU_ASSERT_EQUAL(lq_hash(0, long_run, 160), UINT64_C(0x97f3af0e4965f590));
    CU_ASSERT_EQUAL(lq_hash(0, long_run, 600), UINT64_C(0x0fb7600d180590eb));
}

static void test_hash_ignores_alignment(void)
{
    uint8_t room[40];
    uint64_t expected = 0;
    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i < 29; i++)
            room[shift + i] = (uint8_t)(i * 37);
        uint64_t hash = lq_hash(5, room + shift, 29);
        if (shift == 0)
            expected = hash;
        CU_ASSERT_EQUAL(hash, expected);
    }
}

static void tells_apart(uint8_t *bytes, size_t size)
{
    memset(bytes, 0, size);
    uint64_t plain = lq_hash(0, bytes, size);
    CU_ASSERT_NOT_EQUAL(lq_hash(0, bytes, size - 1), plain); /* trailing zeros count */
    CU_ASSERT_NOT_EQUAL(lq_hash(1, bytes, size), plain);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CU_ASSERT_NOT_EQUAL(lq_hash(0, bytes, size), plain);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    /* The same word at another place is another run. */
    bytes[0] = 1;
    uint64_t first = lq_hash(0, bytes, size);
    bytes[0] = 0;
    for (size_t at = 8; at < size; at += 8) {
        bytes[at] = 1;
        CU_ASSERT_NOT_EQUAL(lq_hash(0, bytes, size), first);
        bytes[at] = 0;
    }
}

static void test_hash_tells_length_state_place_and_each_bit_apart(void)
{
    uint8_t bytes[512];
    tells_apart(bytes, 24);
    tells_apart(bytes, 199);
    tells_apart(bytes, 512);
}

/* --- seeded ---------------------------------------------------------------------------------- */

static void test_seeded_draws_are_named_not_counted(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 42);
    struct lq_choice *choice = &seeded.choice;
    static const uint64_t expected[] = {532, 846, 250, 179};
    for (uint64_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(lq_choose(choice, LQ_STREAM_NETWORK, 7, i, 1000), expected[i]);
    /* Backwards, twice, and with foreign draws between: the same. */
    for (uint64_t i = 4; i-- > 0;) {
        (void)lq_choose(choice, LQ_STREAM_DISK, 7, i, 3);
        CU_ASSERT_EQUAL(lq_choose(choice, LQ_STREAM_NETWORK, 7, i, 1000), expected[i]);
        CU_ASSERT_EQUAL(lq_choose(choice, LQ_STREAM_NETWORK, 7, i, 1000), expected[i]);
    }
    CU_ASSERT_EQUAL(lq_choose(choice, LQ_STREAM_DISK, 7, 0, UINT64_C(1) << 40),
                    UINT64_C(93796938888));
}

/* How many of 1000 subjects get the same answer of 16 from both. */
static int agreements(struct lq_choice *a, uint32_t stream_a, uint32_t site_a, struct lq_choice *b,
                      uint32_t stream_b, uint32_t site_b)
{
    int same = 0;
    for (uint64_t i = 0; i < 1000; i++)
        same += lq_choose(a, stream_a, site_a, i, 16) == lq_choose(b, stream_b, site_b, i, 16);
    return same;
}

static void test_seeded_streams_sites_and_seeds_are_independent(void)
{
    struct lq_choice_seeded one, two;
    lq_choice_seeded_init(&one, 1);
    lq_choice_seeded_init(&two, 2);
    /* Independent draws agree 62.5 times on average, standard deviation 7.7. */
    int same[] = {agreements(&one.choice, 1, 1, &two.choice, 1, 1),
                  agreements(&one.choice, 1, 1, &one.choice, 2, 1),
                  agreements(&one.choice, 1, 1, &one.choice, 1, 2)};
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_TRUE(same[i] > 20 && same[i] < 110);
    CU_ASSERT_EQUAL(agreements(&one.choice, 3, 9, &one.choice, 3, 9), 1000);
}

static void test_seeded_draws_fill_their_range(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 7);
    int count[10] = {0};
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t drawn = lq_choose_range(&seeded.choice, LQ_STREAM_PLAN, 3, i, 100, 109);
        CU_ASSERT_FATAL(drawn >= 100 && drawn <= 109);
        count[drawn - 100]++;
    }
    for (int i = 0; i < 10; i++)
        CU_ASSERT_TRUE(count[i] > 850 && count[i] < 1150); /* 5 standard deviations */
}

static void test_chance_has_its_odds(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 9);
    int hits = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        hits += lq_chance(&seeded.choice, LQ_STREAM_FAULT, 1, i, 3, 10);
        CU_ASSERT_FALSE(lq_chance(&seeded.choice, LQ_STREAM_FAULT, 2, i, 0, 10));
    }
    CU_ASSERT_TRUE(hits > 2770 && hits < 3230);
}

static void test_a_choice_of_one_asks_nobody(void)
{
    struct lq_choice nobody = {NULL};
    CU_ASSERT_EQUAL(lq_choose(&nobody, 1, 1, 1, 1), 0);
    CU_ASSERT_EQUAL(lq_choose_range(&nobody, 1, 1, 1, 17, 17), 17);
}

static void test_subjects_tell_occurrences_apart(void)
{
    CU_ASSERT_EQUAL(lq_subject(3, 4), lq_subject(3, 4));
    CU_ASSERT_NOT_EQUAL(lq_subject(3, 4), lq_subject(4, 3));
    CU_ASSERT_NOT_EQUAL(lq_subject(3, 4), lq_subject(3, 5));
}

/* --- trace ----------------------------------------------------------------------------------- */

enum { DRAWS = 20 };

static void draw_all(struct lq_choice *choice, uint64_t *values)
{
    for (uint32_t i = 0; i < DRAWS; i++)
        values[i] = lq_choose(choice, 1 + i % 3, i, i * 5, 50);
}

static void test_trace_replays_what_it_recorded(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 11);
    struct lq_draw draws[DRAWS];
    struct lq_choice_trace trace;
    uint64_t plain[DRAWS], recorded[DRAWS], replayed[DRAWS];
    draw_all(&seeded.choice, plain);
    lq_choice_trace_record(&trace, &seeded.choice, draws, DRAWS);
    draw_all(&trace.choice, recorded);
    CU_ASSERT_EQUAL(memcmp(plain, recorded, sizeof plain), 0); /* recording changes nothing */
    CU_ASSERT_EQUAL(trace.count, DRAWS);
    CU_ASSERT_FALSE(trace.overflowed);

    lq_choice_trace_replay(&trace, draws, DRAWS);
    draw_all(&trace.choice, replayed);
    CU_ASSERT_EQUAL(memcmp(plain, replayed, sizeof plain), 0);
    CU_ASSERT_FALSE(trace.diverged);
    /* One more than was recorded is answered benignly, and told. */
    CU_ASSERT_EQUAL(lq_choose(&trace.choice, 1, 1, 1, 50), 0);
    CU_ASSERT_TRUE(trace.diverged);
}

static void test_trace_says_when_a_run_diverges(void)
{
    static const struct lq_draw other[] = {
        {2, 5, 6, 9, 0}, {1, 6, 6, 9, 0}, {1, 5, 7, 9, 0}, {1, 5, 6, 10, 0}};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct lq_draw draws[] = {{1, 5, 6, 9, 8}, {1, 5, 8, 9, 7}};
        struct lq_choice_trace trace;
        lq_choice_trace_replay(&trace, draws, 2);
        CU_ASSERT_EQUAL(
            lq_choose(&trace.choice, other[i].stream, other[i].site, other[i].subject, other[i].n),
            0);
        CU_ASSERT_TRUE(trace.diverged);
        CU_ASSERT_EQUAL(lq_choose(&trace.choice, 1, 5, 8, 9), 7); /* in step again */
        CU_ASSERT_TRUE(trace.diverged);
    }
}

static void test_trace_says_when_it_overflows(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 11);
    struct lq_draw draws[DRAWS - 1];
    struct lq_choice_trace trace;
    uint64_t plain[DRAWS], recorded[DRAWS];
    draw_all(&seeded.choice, plain);
    lq_choice_trace_record(&trace, &seeded.choice, draws, DRAWS - 1);
    draw_all(&trace.choice, recorded);
    CU_ASSERT_TRUE(trace.overflowed);
    CU_ASSERT_EQUAL(trace.count, DRAWS - 1);
    CU_ASSERT_EQUAL(memcmp(plain, recorded, sizeof plain), 0);
}

int main(void)
{
    CU_TestInfo hash[] = {
        {"is the same everywhere", test_hash_is_the_same_everywhere},
        {"ignores alignment", test_hash_ignores_alignment},
        {"tells length, state, place and each bit apart",
         test_hash_tells_length_state_place_and_each_bit_apart},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo seeded[] = {
        {"draws are named, not counted", test_seeded_draws_are_named_not_counted},
        {"streams, sites and seeds are independent",
         test_seeded_streams_sites_and_seeds_are_independent},
        {"draws fill their range", test_seeded_draws_fill_their_range},
        {"chance has its odds", test_chance_has_its_odds},
        {"a choice of one asks nobody", test_a_choice_of_one_asks_nobody},
        {"subjects tell occurrences apart", test_subjects_tell_occurrences_apart},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo trace[] = {
        {"replays what it recorded", test_trace_replays_what_it_recorded},
        {"says when a run diverges", test_trace_says_when_a_run_diverges},
        {"says when it overflows", test_trace_says_when_it_overflows},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"hash", NULL, NULL, NULL, NULL, hash},
        {"seeded", NULL, NULL, NULL, NULL, seeded},
        {"trace", NULL, NULL, NULL, NULL, trace},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
