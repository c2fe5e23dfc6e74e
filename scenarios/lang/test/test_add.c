/* SPDX-License-Identifier: Apache-2.0 */
/* A fault that is added to a scenario, and one that stands alone. */
#include <string.h>

#include "core/base/test/unit.h"
#include "scenarios/lang/scenario.h"
#include "scenarios/lang/test/pdus.h"

static const char example[] = "scenario \"two initiators\"\n"
                              "target t0 { lun 0 disk 1MiB }\n"
                              "initiator a -> t0\n"
                              "initiator b -> t0\n"
                              "at 0 a login; b login\n"
                              "at +1s heal\n"; /* which a rule from the start comes before */

/* A rule of the command line: with a scenario's names and without any. */
static void test_added_faults(void)
{
    static const struct {
        const char *text, *printed;
        bool in_empty;
        uint32_t column; /* of what is wrong */
    } rows[] = {
        {"pdu.drop pdu answer", "fault pdu.drop pdu answer as fault-", true, 0},
        {"fault pdu.drop nth 2 as x1", "fault pdu.drop nth 2 as x1", true, 0},
        {"disk.hang lun t0/0 for 1s", "fault disk.hang lun t0/0 for 1s as fault-", false, 0},
        {"pdu.drop initiator b", "fault pdu.drop initiator b as fault-", false, 0},
        {"pdu.drop pdu nonsense", NULL, false, 14},
        {"pdu.drop; pdu.drop", NULL, false, 9},
        {"", NULL, false, 1}};
    static struct lq_scenario made;
    struct lq_scn_problem problem;
    char text[LQ_SCN_LINE_MAX];
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t is_empty = 0; is_empty < 2; is_empty++) {
            memset(&made, 0, sizeof made);
            if (is_empty == 0)
                CU_ASSERT_FATAL(lq_scenario_parse(&made, pdus, LQ_SCN_OVER_ISCSI, example,
                                                  sizeof example - 1, &problem));
            uint32_t count = made.statement_count;
            bool is_good = lq_scenario_add_fault(&made, pdus, rows[i].text,
                                                 strlen(rows[i].text), &problem);
            bool is_right = rows[i].printed != NULL && (is_empty == 0 || rows[i].in_empty);
            CU_ASSERT_EQUAL(is_good, is_right);
            CU_ASSERT_EQUAL(made.statement_count, count + is_good);
            if (rows[i].column != 0)
                CU_ASSERT_EQUAL(problem.place.column, rows[i].column);
            if (!is_good)
                continue;
            CU_ASSERT_EQUAL(made.statements[count].moment, LQ_SCN_FROM_START);
            lq_scenario_print_statement(&made, count, text);
            CU_ASSERT_EQUAL(strncmp(text, rows[i].printed, strlen(rows[i].printed)), 0);
        }
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"rules of the command line", test_added_faults}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"a fault alone", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
