/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stand-in for the part of CUnit's interface that this project's unit tests use, so that the
 * same tests also run where no foreign library can be had (cross builds) or may be linked
 * (MemorySanitizer wants every object instrumented). It is not a replacement for CUnit: ordinary
 * builds use the system's. Only cmake/Lunquake.cmake refers to it.
 */
#ifndef LQ_STANDIN_CUNIT_H
#define LQ_STANDIN_CUNIT_H

#include <string.h>

typedef int CU_BOOL;
#define CU_TRUE  1
#define CU_FALSE 0

typedef enum { CUE_SUCCESS = 0, CUE_NOMEMORY = 1, CUE_NOREGISTRY = 10 } CU_ErrorCode;

typedef int (*CU_InitializeFunc)(void);
typedef int (*CU_CleanupFunc)(void);
typedef void (*CU_TestFunc)(void);
typedef void (*CU_SetUpFunc)(void);
typedef void (*CU_TearDownFunc)(void);

typedef struct lq_standin_suite *CU_pSuite;
typedef struct lq_standin_test *CU_pTest;

typedef struct CU_TestInfo {
    const char *pName;
    CU_TestFunc pTestFunc;
} CU_TestInfo;
#define CU_TEST_INFO_NULL { NULL, NULL }

typedef struct CU_SuiteInfo {
    const char *pName;
    CU_InitializeFunc pInitFunc;
    CU_CleanupFunc pCleanupFunc;
    CU_SetUpFunc pSetUpFunc;
    CU_TearDownFunc pTearDownFunc;
    CU_TestInfo *pTests;
} CU_SuiteInfo;
#define CU_SUITE_INFO_NULL { NULL, NULL, NULL, NULL, NULL, NULL }

/* One registry for the program. Names are not copied: they must live as long as it does. */
CU_ErrorCode CU_initialize_registry(void);
void CU_cleanup_registry(void);
CU_ErrorCode CU_get_error(void);
const char *CU_get_error_msg(void);

/* NULL, and CU_get_error() says why, when memory is short or there is no registry. */
CU_pSuite CU_add_suite(const char *name, CU_InitializeFunc init, CU_CleanupFunc cleanup);
CU_pSuite CU_add_suite_with_setup_and_teardown(const char *name, CU_InitializeFunc init,
                                               CU_CleanupFunc cleanup, CU_SetUpFunc set_up,
                                               CU_TearDownFunc tear_down);
CU_pTest CU_add_test(CU_pSuite suite, const char *name, CU_TestFunc test);
#define CU_ADD_TEST(suite, test) (CU_add_test(suite, #test, (CU_TestFunc)test))
/* suites ends with CU_SUITE_INFO_NULL, each of its lists of tests with CU_TEST_INFO_NULL. */
CU_ErrorCode CU_register_suites(CU_SuiteInfo suites[]);

unsigned int CU_get_number_of_suites_failed(void);
unsigned int CU_get_number_of_tests_run(void);
unsigned int CU_get_number_of_tests_failed(void);
unsigned int CU_get_number_of_asserts(void);
unsigned int CU_get_number_of_failures(void);

/* Notes one assertion of the running test; a failed fatal one leaves the test at once. */
CU_BOOL CU_assertImplementation(CU_BOOL value, unsigned int line, const char *condition,
                                const char *file, const char *function, CU_BOOL fatal);

#define LQ_STANDIN_CHECK(ok, text, fatal)                                                          \
    CU_assertImplementation((ok) ? CU_TRUE : CU_FALSE, __LINE__, text, __FILE__, "", fatal)

#define CU_PASS(msg)       LQ_STANDIN_CHECK(1, "CU_PASS(" #msg ")", CU_FALSE)
#define CU_FAIL(msg)       LQ_STANDIN_CHECK(0, "CU_FAIL(" #msg ")", CU_FALSE)
#define CU_FAIL_FATAL(msg) LQ_STANDIN_CHECK(0, "CU_FAIL_FATAL(" #msg ")", CU_TRUE)

#define CU_TEST(value)               LQ_STANDIN_CHECK((value), #value, CU_FALSE)
#define CU_TEST_FATAL(value)         LQ_STANDIN_CHECK((value), #value, CU_TRUE)
#define CU_ASSERT(value)             LQ_STANDIN_CHECK((value), #value, CU_FALSE)
#define CU_ASSERT_FATAL(value)       LQ_STANDIN_CHECK((value), #value, CU_TRUE)
#define CU_ASSERT_TRUE(value)        LQ_STANDIN_CHECK((value), "true: " #value, CU_FALSE)
#define CU_ASSERT_TRUE_FATAL(value)  LQ_STANDIN_CHECK((value), "true: " #value, CU_TRUE)
#define CU_ASSERT_FALSE(value)       LQ_STANDIN_CHECK(!(value), "false: " #value, CU_FALSE)
#define CU_ASSERT_FALSE_FATAL(value) LQ_STANDIN_CHECK(!(value), "false: " #value, CU_TRUE)

#define CU_ASSERT_EQUAL(a, b)           LQ_STANDIN_CHECK((a) == (b), #a " == " #b, CU_FALSE)
#define CU_ASSERT_EQUAL_FATAL(a, b)     LQ_STANDIN_CHECK((a) == (b), #a " == " #b, CU_TRUE)
#define CU_ASSERT_NOT_EQUAL(a, b)       LQ_STANDIN_CHECK((a) != (b), #a " != " #b, CU_FALSE)
#define CU_ASSERT_NOT_EQUAL_FATAL(a, b) LQ_STANDIN_CHECK((a) != (b), #a " != " #b, CU_TRUE)

#define LQ_STANDIN_SAME_PTR(a, b)           ((const void *)(a) == (const void *)(b))
#define CU_ASSERT_PTR_EQUAL(a, b)                                                                  \
    LQ_STANDIN_CHECK(LQ_STANDIN_SAME_PTR(a, b), #a " same as " #b, CU_FALSE)
#define CU_ASSERT_PTR_EQUAL_FATAL(a, b)                                                            \
    LQ_STANDIN_CHECK(LQ_STANDIN_SAME_PTR(a, b), #a " same as " #b, CU_TRUE)
#define CU_ASSERT_PTR_NOT_EQUAL(a, b)                                                              \
    LQ_STANDIN_CHECK(!LQ_STANDIN_SAME_PTR(a, b), #a " not same as " #b, CU_FALSE)
#define CU_ASSERT_PTR_NOT_EQUAL_FATAL(a, b)                                                        \
    LQ_STANDIN_CHECK(!LQ_STANDIN_SAME_PTR(a, b), #a " not same as " #b, CU_TRUE)
#define CU_ASSERT_PTR_NULL(p)               LQ_STANDIN_CHECK((p) == NULL, "null: " #p, CU_FALSE)
#define CU_ASSERT_PTR_NULL_FATAL(p)         LQ_STANDIN_CHECK((p) == NULL, "null: " #p, CU_TRUE)
#define CU_ASSERT_PTR_NOT_NULL(p)           LQ_STANDIN_CHECK((p) != NULL, "not null: " #p, CU_FALSE)
#define CU_ASSERT_PTR_NOT_NULL_FATAL(p)     LQ_STANDIN_CHECK((p) != NULL, "not null: " #p, CU_TRUE)

#define LQ_STANDIN_SAME(a, b)     (strcmp((const char *)(a), (const char *)(b)) == 0)
#define LQ_STANDIN_NSAME(a, b, n) (strncmp((const char *)(a), (const char *)(b), (size_t)(n)) == 0)
#define CU_ASSERT_STRING_EQUAL(a, b)                                                               \
    LQ_STANDIN_CHECK(LQ_STANDIN_SAME(a, b), #a " is " #b, CU_FALSE)
#define CU_ASSERT_STRING_EQUAL_FATAL(a, b)                                                         \
    LQ_STANDIN_CHECK(LQ_STANDIN_SAME(a, b), #a " is " #b, CU_TRUE)
#define CU_ASSERT_STRING_NOT_EQUAL(a, b)                                                           \
    LQ_STANDIN_CHECK(!LQ_STANDIN_SAME(a, b), #a " is not " #b, CU_FALSE)
#define CU_ASSERT_STRING_NOT_EQUAL_FATAL(a, b)                                                     \
    LQ_STANDIN_CHECK(!LQ_STANDIN_SAME(a, b), #a " is not " #b, CU_TRUE)
#define CU_ASSERT_NSTRING_EQUAL(a, b, n)                                                           \
    LQ_STANDIN_CHECK(LQ_STANDIN_NSAME(a, b, n), #a " is " #b " for " #n, CU_FALSE)
#define CU_ASSERT_NSTRING_EQUAL_FATAL(a, b, n)                                                     \
    LQ_STANDIN_CHECK(LQ_STANDIN_NSAME(a, b, n), #a " is " #b " for " #n, CU_TRUE)
#define CU_ASSERT_NSTRING_NOT_EQUAL(a, b, n)                                                       \
    LQ_STANDIN_CHECK(!LQ_STANDIN_NSAME(a, b, n), #a " is not " #b " for " #n, CU_FALSE)
#define CU_ASSERT_NSTRING_NOT_EQUAL_FATAL(a, b, n)                                                 \
    LQ_STANDIN_CHECK(!LQ_STANDIN_NSAME(a, b, n), #a " is not " #b " for " #n, CU_TRUE)

#endif
