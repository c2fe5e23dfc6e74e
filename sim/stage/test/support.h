/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of the stage and of the virtual world share: an allocator, and a choice whose
 * answers are all benign or come from a seed. */
#ifndef LQ_SIM_STAGE_TEST_SUPPORT_H
#define LQ_SIM_STAGE_TEST_SUPPORT_H

#include "core/base/allocator.h"
#include "core/base/choice.h"
#include "core/base/history.h"

extern struct lq_allocator test_allocator;
extern struct lq_choice test_benign; /* answers 0 to everything */

/* Runs SUITE's registered tests; the exit code. */
int test_run(void);

#endif
