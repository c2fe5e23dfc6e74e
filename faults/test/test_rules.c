/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of scenarios: which question they hit, where and when; one at rest does nothing. */
#include "core/base/test/unit.h"
#include "faults/rules.h"

enum { RULES = 2 };

static uint64_t draws;

static uint64_t choose(struct lq_choice *choice, uint32_t stream, uint32_t site, uint64_t subject,
                       uint64_t n)
{
    (void)choice, (void)stream, (void)site, (void)subject;
    draws++;
    return n - 1; /* always hits */
}

static uint32_t actor_of(void *context, uint32_t connection)
{
    (void)context;
    return connection / 10; /* connections 10 to 19 are initiator 1's */
}

static struct lq_choice choice = {choose};
static struct lq_history history;
static struct lq_fault_rule rule_list[RULES];
static struct lq_fault_rules rules = {rule_list, RULES, actor_of, NULL};
static struct lq_faults faults;
static uint64_t now;

static struct lq_fault_rule *begin(void)
{
    draws = now = 0;
    lq_history_init(&history);
    lq_faults_init(&faults, &choice, &history, &now);
    for (uint32_t i = 0; i < RULES; i++)
        rule_list[i] = (struct lq_fault_rule){.fault = LQ_FAULT_DISK_HANG,
                                              .until_ns = UINT64_MAX};
    rule_list[0].is_armed = true;
    lq_faults_follow(&faults, &rules, 0);
    return &rule_list[0];
}

/* How often of TIMES questions the fault strikes; bit i of *WHICH: the i-th. */
static uint32_t ask(uint32_t times, uint32_t connection, uint32_t *which)
{
    uint32_t struck = 0;
    *which = 0;
    for (uint32_t i = 0; i < times; i++) {
        bool strikes = lq_fault_fires(&faults, LQ_FAULT_DISK_HANG, i, connection);
        struck += strikes;
        *which |= strikes ? UINT32_C(1) << i : 0;
    }
    return struck;
}

static void test_nth_and_every(void)
{
    uint32_t which = 0;
    begin()->nth = 3;
    CU_ASSERT_EQUAL(ask(8, 0, &which), 1);
    CU_ASSERT_EQUAL(which, 1U << 2);
    begin()->every = 3;
    CU_ASSERT_EQUAL(ask(8, 0, &which), 2);
    CU_ASSERT_EQUAL(which, 1U << 2 | 1U << 5);
    CU_ASSERT_EQUAL(rule_list[0].matched, 8);
    CU_ASSERT_EQUAL(rule_list[0].fired, 2);
    CU_ASSERT_EQUAL(history.event_count, 2);
    CU_ASSERT_EQUAL(draws, 0);
}

static void test_place_and_time(void)
{
    uint32_t which = 0;
    begin()->actor_or_all = 1;
    CU_ASSERT_EQUAL(ask(2, 15, &which), 2);
    CU_ASSERT_EQUAL(ask(2, 25, &which), 0);
    begin()->store_or_all = 2;
    CU_ASSERT_EQUAL(ask(2, 0, &which), 0);
    faults.store_or_none = 2;
    CU_ASSERT_EQUAL(ask(2, 0, &which), 2);
    begin()->until_ns = 100;
    now = 99;
    CU_ASSERT_EQUAL(ask(1, 0, &which), 1);
    now = 100;
    CU_ASSERT_EQUAL(ask(1, 0, &which), 0);
    CU_ASSERT_FALSE(lq_fault_fires(&faults, LQ_FAULT_DISK_LATENCY, 0, 0));
}

static void test_odds(void)
{
    uint32_t which = 0;
    struct lq_fault_rule *rule = begin();
    rule->odds = 1;
    rule->odds_in = 10;
    CU_ASSERT_EQUAL(ask(5, 0, &which), 5);
    CU_ASSERT_EQUAL(draws, 5);
    rule = begin();
    rule->odds = rule->odds_in = 10;
    CU_ASSERT_EQUAL(ask(5, 0, &which), 5);
    CU_ASSERT_EQUAL(draws, 0);
}

static void test_delay(void)
{
    uint32_t which = 0;
    struct lq_fault_rule *rule = begin();
    rule->until_ns = 500;
    now = 100;
    CU_ASSERT_EQUAL(ask(1, 0, &which), 1);
    CU_ASSERT_EQUAL(lq_fault_delay(&faults), 0);
    CU_ASSERT_EQUAL(lq_fault_release(&faults, now), 500);
    rule->by_ns = 30;
    CU_ASSERT_EQUAL(lq_fault_delay(&faults), 30);
    CU_ASSERT_EQUAL(lq_fault_release(&faults, now), 130);
}

static void test_disarmed(void)
{
    uint32_t which = 0;
    struct lq_fault_rule *rule = begin();
    rule->odds = 9;
    rule->odds_in = 10;
    rule->is_armed = false;
    uint64_t before = history.fingerprint;
    CU_ASSERT_EQUAL(ask(10, 0, &which), 0);
    CU_ASSERT_EQUAL(draws, 0);
    CU_ASSERT_EQUAL(rule->matched, 0);
    CU_ASSERT_EQUAL(history.event_count, 0);
    CU_ASSERT_EQUAL(history.fingerprint, before);
}

/* The first rule that strikes is the one that counts. */
static void test_two_rules(void)
{
    uint32_t which = 0;
    begin()->nth = 2;
    rule_list[1].is_armed = true;
    CU_ASSERT_EQUAL(ask(3, 0, &which), 3);
    CU_ASSERT_EQUAL(rule_list[0].fired, 1);
    CU_ASSERT_EQUAL(rule_list[1].fired, 2);
}

int main(void)
{
    CU_TestInfo tests[] = {{"nth and every", test_nth_and_every},
                           {"place and time", test_place_and_time},
                           {"odds", test_odds},
                           {"delay", test_delay},
                           {"a disarmed rule does nothing", test_disarmed},
                           {"two rules", test_two_rules},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"rules", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
