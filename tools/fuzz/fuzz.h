/* SPDX-License-Identifier: Apache-2.0 */
/* A world with judges for libFuzzer's targets: what convicts or sticks aborts the program. */
#ifndef LQ_TOOLS_FUZZ_FUZZ_H
#define LQ_TOOLS_FUZZ_FUZZ_H

#include "conformance/judges/judge.h"
#include "sim/virtual/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The world and the judge, made once. */
struct lq_world *lq_fuzz_world(void);
struct lq_judge *lq_fuzz_judge(void);

/* What to attach to the history of a run. */
struct lq_history_sink lq_fuzz_begin(void);

/* The run is over: aborts when it was not clean. */
void lq_fuzz_end(const struct lq_run_result *result);

#endif
