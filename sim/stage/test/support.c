/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/test/support.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/test/heap_allocator.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

struct lq_allocator test_allocator = {lq_heap_allocator_resize, NULL};

static uint64_t answer_zero(struct lq_choice *choice, uint32_t stream, uint32_t site,
                            uint64_t subject, uint64_t n)
{
    (void)choice, (void)stream, (void)site, (void)subject, (void)n;
    return 0;
}

struct lq_choice test_benign = {answer_zero};

int test_run(void)
{
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
