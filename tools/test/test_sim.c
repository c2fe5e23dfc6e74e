/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judges over the simulator: every deliberate wrong is convicted by the property that it
 * declares, within the seeds that the project promises or, where seeds are unlikely to, by a
 * scenario that says so (`# wrong: NAME'; CTest runs it), and the same seeds are clean without it.
 */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tools/cmd_sim_run.h"

enum { SEEDS = 500, COMMANDS = 1000, CLEAN_SEEDS = 40 };

static void test_clean_without_wrongs(void)
{
    struct lq_sim_settings settings = {.commands = COMMANDS};
    struct lq_sim *sim = lq_sim_make(&settings);
    for (uint64_t seed = 1; seed <= CLEAN_SEEDS; seed++) {
        enum lq_sim_verdict verdict = lq_sim_run(sim, seed, seed % 8 == 0);
        CU_ASSERT(verdict == LQ_SIM_CLEAN);
        if (verdict != LQ_SIM_CLEAN)
            lq_sim_print_failure(sim, verdict, stdout);
        CU_ASSERT(lq_sim_result(sim)->commands_ended >= COMMANDS);
        CU_ASSERT(lq_sim_result(sim)->nexuses_ended >= 2);
    }
    lq_sim_free(sim);
}

/* The seed that convicts WRONG, 0: none does. */
static uint64_t convicting_seed(const struct lq_sim_wrong *wrong)
{
    bool is_of_fcp = false;
    for (uint32_t i = 0; i < LQ_WRONG_WORDS; i++)
        is_of_fcp |= wrong->mask.fc[i] != 0;
    struct lq_sim_settings settings = {.wrong = *wrong,
                                       .commands = COMMANDS,
                                       .transport = is_of_fcp ? LQ_OVER_FCP : LQ_OVER_ISCSI};
    struct lq_sim *sim = lq_sim_make(&settings);
    uint64_t seed = 1;
    while (seed <= SEEDS && lq_sim_run(sim, seed, false) != LQ_SIM_VIOLATED)
        seed++;
    if (seed <= SEEDS) {
        const struct lq_finding *finding = NULL;
        bool has_own = false;
        for (uint32_t i = 0; (finding = lq_judge_finding(lq_sim_judge(sim), i)) != NULL; i++)
            has_own |= finding->property == wrong->property;
        CU_ASSERT(has_own);
    }
    lq_sim_free(sim);
    return seed <= SEEDS ? seed : 0;
}

/* A file of DIRECTORY has a line that begins with WANTED and has WORD in it. */
static bool has_line(const char *directory, const char *wanted, const char *word)
{
    bool found = false;
    DIR *files = opendir(directory);
    CU_ASSERT_PTR_NOT_NULL_FATAL(files);
    for (const struct dirent *entry; !found && (entry = readdir(files)) != NULL;) {
        char path[512], line[256];
        int length = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        FILE *file = length < (int)sizeof path ? fopen(path, "r") : NULL;
        while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
            found = strncmp(line, wanted, strlen(wanted)) == 0 && strstr(line, word) != NULL;
        if (file != NULL)
            fclose(file);
    }
    closedir(files);
    return found;
}

static bool has_scenario(const struct lq_wrong *row)
{
    char line[128], ending[128];
    snprintf(line, sizeof line, "# wrong: %s\n", row->name);
    snprintf(ending, sizeof ending, " %s\n", row->name);
    return has_line(LQ_SOURCE_DIR "/scenarios/museum", line, row->name) ||
           has_line(LQ_SOURCE_DIR "/scenarios/hostile", line, row->name) ||
           has_line(LQ_SOURCE_DIR "/scenarios/regress", line, row->name) ||
           has_line(LQ_SOURCE_DIR "/scenarios/examples", line, row->name) ||
           has_line(LQ_SOURCE_DIR "/scenarios/examples", "# every-step-wrong: ", ending);
}

static void test_every_wrong_is_convicted(void)
{
    const struct lq_wrong *row;
    uint32_t count = 0;
    for (; (row = lq_sim_wrong_row(count)) != NULL; count++) {
        struct lq_sim_wrong wrong;
        CU_ASSERT_FATAL(lq_sim_wrong_find(row->name, &wrong));
        CU_ASSERT_FATAL(wrong.row == row && wrong.property != LQ_NO_PROPERTY);
        uint64_t seed = convicting_seed(&wrong);
        printf("%-48s %-7s seed %d\n", row->name, row->property, (int)seed);
        CU_ASSERT(seed != 0 || has_scenario(row));
    }
    CU_ASSERT(count >= 60);
}

/* Each property that a personality is said to violate is asked for by one of its scenarios. */
static void test_personalities(void)
{
    for (const struct lq_personality *row = lq_personalities; row->name != NULL; row++) {
        struct lq_sim_wrong wrong = {.row = NULL};
        char line[128];
        snprintf(line, sizeof line, "# personality: %s ", row->name);
        CU_ASSERT(lq_sim_wrong_plant(row, &wrong));
        CU_ASSERT(row->properties[0] != NULL);
        for (const char *const *id = row->properties; *id != NULL; id++) {
            bool is_shown = has_line(LQ_SOURCE_DIR "/scenarios/personalities", line, *id);
            CU_ASSERT(is_shown && lq_property_find(*id) != LQ_NO_PROPERTY);
            if (!is_shown)
                printf("%s: no scenario asks for %s\n", row->name, *id);
        }
    }
    CU_ASSERT(lq_personality_find("no-such-target") == NULL);
}

static void test_unknown_wrong(void)
{
    struct lq_sim_wrong wrong;
    CU_ASSERT_FALSE(lq_sim_wrong_find("no-such-wrong", &wrong));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("sim", NULL, NULL);
    CU_add_test(suite, "clean without wrongs", test_clean_without_wrongs);
    CU_add_test(suite, "every wrong is convicted", test_every_wrong_is_convicted);
    CU_add_test(suite, "personalities", test_personalities);
    CU_add_test(suite, "unknown wrong", test_unknown_wrong);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
