/* SPDX-License-Identifier: Apache-2.0 */

#include "CUnit/Basic.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

struct lq_standin_test {
    const char *name;
    CU_TestFunc run;
    struct lq_standin_test *next;
};

struct lq_standin_suite {
    const char *name;
    CU_InitializeFunc init;
    CU_CleanupFunc cleanup;
    CU_SetUpFunc set_up;
    CU_TearDownFunc tear_down;
    struct lq_standin_test *first;
    struct lq_standin_test **end;
    struct lq_standin_suite *next;
};

/* CUnit's interface has one registry per program, so this has one too. */
static struct {
    struct lq_standin_suite *first;
    struct lq_standin_suite **end;
    CU_ErrorCode error;
    CU_BasicRunMode mode;
    unsigned int suites_failed;
    unsigned int tests;
    unsigned int tests_failed;
    unsigned int asserts;
    unsigned int failures;
    const char *test_name;
    jmp_buf leave_test;
} registry;

CU_ErrorCode CU_initialize_registry(void)
{
    CU_cleanup_registry();
    registry.end = &registry.first;
    return CUE_SUCCESS;
}

void CU_cleanup_registry(void)
{
    struct lq_standin_suite *suite = registry.first;
    while (suite != NULL) {
        struct lq_standin_suite *next_suite = suite->next;
        struct lq_standin_test *test = suite->first;
        while (test != NULL) {
            struct lq_standin_test *next = test->next;
            free(test);
            test = next;
        }
        free(suite);
        suite = next_suite;
    }
    registry.first = NULL;
    registry.end = NULL;
}

CU_ErrorCode CU_get_error(void)
{
    return registry.error;
}

const char *CU_get_error_msg(void)
{
    return registry.error == CUE_SUCCESS ? "no error" : "no memory or no registry";
}

CU_pSuite CU_add_suite_with_setup_and_teardown(const char *name, CU_InitializeFunc init,
                                               CU_CleanupFunc cleanup, CU_SetUpFunc set_up,
                                               CU_TearDownFunc tear_down)
{
    if (registry.end == NULL) {
        registry.error = CUE_NOREGISTRY;
        return NULL;
    }
    struct lq_standin_suite *suite = calloc(1, sizeof *suite);
    if (suite == NULL) {
        registry.error = CUE_NOMEMORY;
        return NULL;
    }
    suite->name = name;
    suite->init = init;
    suite->cleanup = cleanup;
    suite->set_up = set_up;
    suite->tear_down = tear_down;
    suite->end = &suite->first;
    *registry.end = suite;
    registry.end = &suite->next;
    return suite;
}

CU_pSuite CU_add_suite(const char *name, CU_InitializeFunc init, CU_CleanupFunc cleanup)
{
    return CU_add_suite_with_setup_and_teardown(name, init, cleanup, NULL, NULL);
}

CU_pTest CU_add_test(CU_pSuite suite, const char *name, CU_TestFunc run)
{
    struct lq_standin_test *test = suite == NULL ? NULL : calloc(1, sizeof *test);
    if (test == NULL) {
        registry.error = CUE_NOMEMORY;
        return NULL;
    }
    test->name = name;
    test->run = run;
    *suite->end = test;
    suite->end = &test->next;
    return test;
}

CU_ErrorCode CU_register_suites(CU_SuiteInfo suites[])
{
    for (CU_SuiteInfo *s = suites; s->pName != NULL; s++) {
        CU_pSuite suite = CU_add_suite_with_setup_and_teardown(
            s->pName, s->pInitFunc, s->pCleanupFunc, s->pSetUpFunc, s->pTearDownFunc);
        for (CU_TestInfo *t = s->pTests; t->pName != NULL; t++) {
            if (CU_add_test(suite, t->pName, t->pTestFunc) == NULL) {
                return registry.error;
            }
        }
    }
    return CUE_SUCCESS;
}

unsigned int CU_get_number_of_suites_failed(void)
{
    return registry.suites_failed;
}

unsigned int CU_get_number_of_tests_run(void)
{
    return registry.tests;
}

unsigned int CU_get_number_of_tests_failed(void)
{
    return registry.tests_failed;
}

unsigned int CU_get_number_of_asserts(void)
{
    return registry.asserts;
}

unsigned int CU_get_number_of_failures(void)
{
    return registry.failures;
}

CU_BOOL CU_assertImplementation(CU_BOOL value, unsigned int line, const char *condition,
                                const char *file, const char *function, CU_BOOL fatal)
{
    (void)function;
    registry.asserts++;
    if (!value) {
        registry.failures++;
        printf("%s:%u: %s: failed: %s\n", file, line, registry.test_name, condition);
        fflush(stdout);
        if (fatal) {
            longjmp(registry.leave_test, 1);
        }
    }
    return value;
}

void CU_basic_set_mode(CU_BasicRunMode mode)
{
    registry.mode = mode;
}

static void run_test(const struct lq_standin_suite *suite, const struct lq_standin_test *test)
{
    unsigned int failures_before = registry.failures;
    registry.test_name = test->name;
    if (registry.mode == CU_BRM_VERBOSE) {
        printf("  %s: %s\n", suite->name, test->name);
        fflush(stdout);
    }
    if (suite->set_up != NULL) {
        suite->set_up();
    }
    if (setjmp(registry.leave_test) == 0) {
        test->run();
    }
    if (suite->tear_down != NULL) {
        suite->tear_down();
    }
    registry.tests++;
    if (registry.failures != failures_before) {
        registry.tests_failed++;
    }
}

static void run_suite(const struct lq_standin_suite *suite)
{
    if (suite->init != NULL && suite->init() != 0) {
        printf("suite %s: its initialisation failed\n", suite->name);
        registry.suites_failed++;
        registry.failures++;
        return;
    }
    for (const struct lq_standin_test *test = suite->first; test != NULL; test = test->next) {
        run_test(suite, test);
    }
    if (suite->cleanup != NULL && suite->cleanup() != 0) {
        printf("suite %s: its cleanup failed\n", suite->name);
        registry.suites_failed++;
        registry.failures++;
    }
}

CU_ErrorCode CU_basic_run_tests(void)
{
    if (registry.end == NULL) {
        return CUE_NOREGISTRY;
    }
    for (const struct lq_standin_suite *suite = registry.first; suite != NULL;
         suite = suite->next) {
        run_suite(suite);
    }
    printf("tests %u, failed %u; asserts %u, failed %u\n", registry.tests, registry.tests_failed,
           registry.asserts, registry.failures);
    return CUE_SUCCESS;
}
