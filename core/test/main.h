/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one CUnit suite from a table of tests; the program's exit code says whether all passed. */
#ifndef LQ_CORE_TEST_MAIN_H
#define LQ_CORE_TEST_MAIN_H

#include <CUnit/Basic.h>

static inline int run_suite(const char *name, const CU_TestInfo *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 99;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (const CU_TestInfo *test = tests; suite != NULL && test->pName != NULL; test++)
        if (CU_add_test(suite, test->pName, test->pTestFunc) == NULL)
            return 99;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}

#endif
