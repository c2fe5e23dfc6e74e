/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that strike nothing change no byte: every scenario of the tree has the fingerprint that it
 * has without them. Those about PDUs are outside their time; while one may strike, headers are held
 * until they are whole, so that streams are cut otherwise.
 */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/shard/shard.h"
#include "tools/cmd_sim_run.h"

enum { FILES_MIN = 60, FILE_BYTES_MAX = 64 * 1024 };

static struct lq_scenario scenario;
static struct lq_sim *sim;

/* What a class must say besides its name. */
static const char *act_of(enum lq_fault fault)
{
    switch (fault) {
    case LQ_FAULT_PDU_REPLACE: return " set itt plus 1";
    case LQ_FAULT_PDU_ANSWER: return " status BUSY";
    case LQ_FAULT_PDU_INJECT: return " hex 0000000000000000 0000000000000000 0000000000000000";
    default: return "";
    }
}

/* A rule of each class, all with this CLAUSE. */
static void add_rules(const char *clause, bool has_pdus)
{
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        enum lq_fault fault = (enum lq_fault)i;
        enum lq_fault_place place = lq_fault_class(fault)->place;
        bool over_fcp = scenario.transport == LQ_SCN_OVER_FCP;
        bool is_of_others =
            over_fcp ? place == LQ_FAULT_PLACE_NETWORK || fault == LQ_FAULT_LOGIN_STALL ||
                           fault == LQ_FAULT_PDU_RESET || fault == LQ_FAULT_PDU_FIN
                     : place == LQ_FAULT_PLACE_FRAME || place == LQ_FAULT_PLACE_FABRIC;
        if ((!has_pdus && place == LQ_FAULT_PLACE_PDU) || is_of_others)
            continue;
        char rule[200];
        struct lq_scn_problem problem;
        const char *act = over_fcp && fault == LQ_FAULT_PDU_REPLACE ? " set seq_cnt plus 1"
                                                                    : act_of(fault);
        snprintf(rule, sizeof rule, "%s%s %s", lq_fault_class(fault)->name, act, clause);
        CU_ASSERT_FATAL(lq_scenario_add_fault(&scenario, lq_shard_pdus, rule, strlen(rule),
                                              &problem));
    }
}

static uint64_t fingerprint_of(const char *file)
{
    (void)lq_sim_run_scenario(sim, &scenario, file, 1, false);
    return lq_sim_result(sim)->fingerprint;
}

static void read_file(const char *file)
{
    static char text[FILE_BYTES_MAX];
    struct lq_scn_problem problem;
    FILE *from = fopen(file, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(from);
    size_t size = fread(text, 1, sizeof text, from);
    fclose(from);
    CU_ASSERT_FATAL(size < sizeof text);
    CU_ASSERT_FATAL(lq_scenario_parse(&scenario, lq_shard_pdus, LQ_SCN_OVER_ISCSI, text, size,
                                      &problem));
}

static bool is_timeline(const char *file)
{
    read_file(file);
    return !scenario.swarm.is_given && scenario.statement_count + LQ_FAULTS < LQ_SCN_STATEMENTS_MAX;
}

static void compare(const char *file)
{
    static const struct {
        const char *clause;
        bool has_pdus;
    } rows[] = {{"after 1h", true},
                {"after 59m for 1ns count 1", true},
                {"nth 1000000", false},
                {"every 1000000", false}};
    uint64_t without = fingerprint_of(file);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_file(file);
        add_rules(rows[i].clause, rows[i].has_pdus);
        bool is_same = fingerprint_of(file) == without;
        if (!is_same)
            printf("%s with rules `%s'\n", file, rows[i].clause);
        CU_ASSERT(is_same);
    }
}

static void test_rules_that_strike_nothing(void)
{
    glob_t files;
    uint32_t count = 0;
    const struct lq_sim_settings settings = {.commands = LQ_SIM_COMMANDS_DEFAULT};
    sim = lq_sim_make(&settings);
    CU_ASSERT_EQUAL_FATAL(glob(LQ_SOURCE_DIR "/scenarios/*/*.scn", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        if (!is_timeline(files.gl_pathv[i]))
            continue;
        compare(files.gl_pathv[i]);
        count++;
    }
    CU_ASSERT(count >= FILES_MIN);
    globfree(&files);
    lq_sim_free(sim);
}

int main(void)
{
    CU_TestInfo tests[] = {{"rules that strike nothing", test_rules_that_strike_nothing},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"disarmed rules", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
