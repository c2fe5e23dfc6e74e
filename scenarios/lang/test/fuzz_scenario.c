/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's entry: any bytes parse or are refused with a place; what parses prints, and parses
 * again to the same text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "scenarios/lang/scenario.h"
#include "scenarios/lang/test/pdus.h"

enum { TEXT_MAX = 128 * 1024 };

static struct lq_scenario scenario;
static struct lq_scn_problem problem;
static char once[TEXT_MAX], twice[TEXT_MAX];

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!lq_scenario_parse(&scenario, pdus, LQ_SCN_OVER_ISCSI, (const char *)data, size,
                           &problem)) {
        LQ_ASSERT(problem.place.line > 0 && problem.place.column > 0 && problem.text[0] != '\0');
        return 0;
    }
    LQ_ASSERT(lq_scenario_print(&scenario, once, sizeof once));
    LQ_ASSERT(lq_scenario_parse(&scenario, pdus, LQ_SCN_OVER_ISCSI, once, strlen(once),
                                &problem));
    LQ_ASSERT(lq_scenario_print(&scenario, twice, sizeof twice));
    LQ_ASSERT(strcmp(once, twice) == 0);
    return 0;
}
