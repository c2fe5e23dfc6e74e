/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of PDUs: where their bits are, tests of them, which PDUs a rule matches. */
#include <string.h>

#include "core/base/test/unit.h"
#include "faults/rules.h"

static const struct lq_pdu_field fields[] = {{"wide", 0, 0, 64, false},
                                             {"flag", 1, 7, 1, false},
                                             {"nibble", 1, 2, 4, false},
                                             {"three", 5, 0, 24, false},
                                             {NULL, 0, 0, 0, false}};
static const struct lq_pdu_field common[] = {{"code", 0, 0, 6, false}, {NULL, 0, 0, 0, false}};
static const struct lq_pdu_kind kinds[] = {{"one", 1, LQ_PDU_TO_TARGET, fields},
                                           {"two", 0x3f, LQ_PDU_FROM_TARGET, fields},
                                           {NULL, 0, 0, NULL}};
static const struct lq_pdu_table table = {.transport = "made up",
                                          .header_bytes = 8,
                                          .code = {"code", 0, 0, 6, false},
                                          .tag = {"tag", 4, 0, 32, false},
                                          .common = common,
                                          .kinds = kinds};

static void test_get_and_set(void)
{
    static const uint8_t header[8] = {0x41, 0xa6, 3, 4, 5, 0xaa, 0xbb, 0xcc};
    CU_ASSERT_EQUAL(lq_pdu_get(header, &fields[0]), UINT64_C(0x41a6030405aabbcc));
    CU_ASSERT_EQUAL(lq_pdu_get(header, &fields[1]), 1);
    CU_ASSERT_EQUAL(lq_pdu_get(header, &fields[2]), 9);
    CU_ASSERT_EQUAL(lq_pdu_get(header, &fields[3]), 0xaabbcc);
    CU_ASSERT_EQUAL(lq_pdu_get(header, &table.code), 1);
    uint8_t changed[8];
    memcpy(changed, header, sizeof changed);
    lq_pdu_set(changed, &fields[2], 0x16); /* the upper bit does not fit */
    CU_ASSERT_EQUAL(changed[1], 0x9a);
    lq_pdu_set(changed, &fields[1], 0);
    CU_ASSERT_EQUAL(changed[1], 0x1a);
    lq_pdu_set(changed, &fields[3], 0x010203);
    CU_ASSERT(changed[4] == 5 && changed[5] == 1 && changed[6] == 2 && changed[7] == 3);
    lq_pdu_set(changed, &fields[0], UINT64_C(0x1122334455667788));
    CU_ASSERT(changed[0] == 0x11 && changed[7] == 0x88);
}

static void test_names(void)
{
    struct lq_pdu_field field;
    static const uint8_t two[8] = {0x7f};
    CU_ASSERT_PTR_EQUAL(lq_pdu_kind_of(&table, two), &kinds[1]);
    CU_ASSERT_PTR_NULL(lq_pdu_kind_by_name(&table, "three"));
    CU_ASSERT_TRUE(lq_pdu_field_by_name(&table, &kinds[0], "nibble", &field));
    CU_ASSERT_FALSE(lq_pdu_field_by_name(&table, NULL, "nibble", &field));
    CU_ASSERT_TRUE(lq_pdu_field_by_name(&table, NULL, "code", &field));
    CU_ASSERT_TRUE(lq_pdu_field_by_name(&table, NULL, "byte7", &field));
    CU_ASSERT(field.byte == 7 && field.width == 8);
    CU_ASSERT_FALSE(lq_pdu_field_by_name(&table, NULL, "byte8", &field));
    CU_ASSERT_FALSE(lq_pdu_field_by_name(&table, NULL, "byte", &field));
    CU_ASSERT_FALSE(lq_pdu_field_by_name(&table, NULL, "byte99999999999", &field));
}

static void test_operators(void)
{
    static const uint8_t header[8] = {1, 0x50};
    static const struct {
        uint32_t operator;
        bool below, equal, above; /* for 0x4f, 0x50, 0x51 */
    } rows[] = {{LQ_PDU_EQUAL, false, true, false},   {LQ_PDU_NOT_EQUAL, true, false, true},
                {LQ_PDU_LESS, false, false, true},    {LQ_PDU_GREATER, true, false, false},
                {LQ_PDU_AT_MOST, false, true, true},  {LQ_PDU_AT_LEAST, true, true, false}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lq_pdu_test test = {{"byte", 1, 0, 8, false}, rows[i].operator, 0xff, 0x4f};
        CU_ASSERT_EQUAL(lq_pdu_test_holds(&test, header), rows[i].below);
        test.value = 0x50;
        CU_ASSERT_EQUAL(lq_pdu_test_holds(&test, header), rows[i].equal);
        test.value = 0x51;
        CU_ASSERT_EQUAL(lq_pdu_test_holds(&test, header), rows[i].above);
    }
    struct lq_pdu_test masked = {{"byte", 1, 0, 8, false}, LQ_PDU_EQUAL, 0x0f, 0};
    CU_ASSERT_TRUE(lq_pdu_test_holds(&masked, header));
}

static void test_matching(void)
{
    static const uint8_t header[8] = {1, 0x50};
    struct lq_pdu_seen seen = {&table, &kinds[0], LQ_PDU_TO_TARGET, LQ_PDU_LOGIN, header};
    struct lq_pdu_rule rule = {.kind = NULL};
    CU_ASSERT_TRUE(lq_pdu_rule_matches(&rule, &seen));
    rule.kind = &kinds[1];
    CU_ASSERT_FALSE(lq_pdu_rule_matches(&rule, &seen));
    rule.kind = &kinds[0];
    rule.direction = LQ_PDU_TO_TARGET;
    rule.state = LQ_PDU_LOGIN;
    CU_ASSERT_TRUE(lq_pdu_rule_matches(&rule, &seen));
    seen.state = LQ_PDU_FULL_FEATURE;
    CU_ASSERT_FALSE(lq_pdu_rule_matches(&rule, &seen));
    rule.state = LQ_PDU_ANY_STATE;
    rule.direction = LQ_PDU_FROM_TARGET;
    CU_ASSERT_FALSE(lq_pdu_rule_matches(&rule, &seen));
    rule.direction = LQ_PDU_EITHER;
    rule.test_count = 2;
    rule.tests[0] = (struct lq_pdu_test){fields[1], LQ_PDU_EQUAL, UINT64_MAX, 0};
    rule.tests[1] = (struct lq_pdu_test){fields[2], LQ_PDU_EQUAL, UINT64_MAX, 4};
    CU_ASSERT_TRUE(lq_pdu_rule_matches(&rule, &seen));
    rule.tests[1].value = 5;
    CU_ASSERT_FALSE(lq_pdu_rule_matches(&rule, &seen));
}

static uint32_t nobody(void *context, uint32_t connection)
{
    (void)context, (void)connection;
    return 0;
}

/* A window, a number of times, and classes that cannot strike this PDU. */
static void test_striking(void)
{
    static const uint8_t header[8] = {1};
    struct lq_pdu_seen seen = {&table, &kinds[0], LQ_PDU_TO_TARGET, LQ_PDU_LOGIN, header};
    struct lq_fault_rule rule = {.fault = LQ_FAULT_PDU_HOLD, .count = 2, .from_ns = 10,
                                 .until_ns = 20, .is_armed = true};
    struct lq_fault_rules rules = {&rule, 1, nobody, NULL};
    uint32_t hold = 1U << (LQ_FAULT_PDU_HOLD - LQ_FAULT_PDU_DROP);
    CU_ASSERT_TRUE(lq_fault_rules_has_pdu(&rules));
    CU_ASSERT_FALSE(lq_fault_rules_watch_pdus(&rules, 9));
    CU_ASSERT_TRUE(lq_fault_rules_watch_pdus(&rules, 10));
    CU_ASSERT_FALSE(lq_fault_rules_watch_pdus(&rules, 20));
    CU_ASSERT_PTR_NULL(lq_fault_rules_strike_pdu(&rules, NULL, 9, &seen, hold, 1, 1));
    CU_ASSERT_PTR_NULL(lq_fault_rules_strike_pdu(&rules, NULL, 10, &seen, ~hold, 1, 1));
    CU_ASSERT_PTR_EQUAL(lq_fault_rules_strike_pdu(&rules, NULL, 10, &seen, hold, 1, 1), &rule);
    CU_ASSERT_PTR_EQUAL(lq_fault_rules_strike_pdu(&rules, NULL, 19, &seen, hold, 1, 1), &rule);
    CU_ASSERT_PTR_NULL(lq_fault_rules_strike_pdu(&rules, NULL, 19, &seen, hold, 1, 1));
    CU_ASSERT_EQUAL(rule.fired, 2);
    CU_ASSERT_FALSE(lq_fault_rules_watch_pdus(&rules, 19));
    CU_ASSERT_EQUAL(rule.matched, 2);
    rule.is_armed = false;
    CU_ASSERT_FALSE(lq_fault_rules_has_pdu(&rules));
}

int main(void)
{
    CU_TestInfo tests[] = {{"get and set", test_get_and_set},
                           {"names", test_names},
                           {"operators", test_operators},
                           {"matching", test_matching},
                           {"striking", test_striking},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"PDUs", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
