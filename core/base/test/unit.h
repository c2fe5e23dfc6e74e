/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CUnit program of this project needs beside its tests: the assertion hook, which a test
 * may expect to be called, and a main body. To be included once per program, by its test file.
 */
#ifndef LQ_CORE_BASE_TEST_UNIT_H
#define LQ_CORE_BASE_TEST_UNIT_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"

static jmp_buf lq_unit_assertion;
static bool lq_unit_assertion_expected;

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    if (lq_unit_assertion_expected) {
        lq_unit_assertion_expected = false;
        longjmp(lq_unit_assertion, 1);
    }
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    abort();
}

/* Passes when STATEMENT runs into an assertion of the code under test. */
#define LQ_UNIT_EXPECT_ASSERTION(statement)                                                        \
    do {                                                                                           \
        if (setjmp(lq_unit_assertion) == 0) {                                                      \
            lq_unit_assertion_expected = true;                                                     \
            statement;                                                                             \
            lq_unit_assertion_expected = false;                                                    \
            CU_FAIL("no assertion in: " #statement);                                               \
        } else {                                                                                   \
            CU_PASS("assertion in: " #statement);                                                  \
        }                                                                                          \
    } while (0)

/* Runs SUITES (ended by CU_SUITE_INFO_NULL). The result is main's. */
static inline int lq_unit_run(CU_SuiteInfo *suites)
{
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    bool passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                  CU_get_number_of_tests_run() > 0 && CU_get_number_of_suites_failed() == 0;
    CU_cleanup_registry();
    return passed ? 0 : 1;
}

#endif
