/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something of the live world could not be done, as the one line that its user will read.
 *
 * The text is "WHERE: what is wrong; what was expected; what to do", without the program's name
 * and without a newline. Whoever calls hands in the place for it; who prints it decides the exit
 * code. Used by sim/live and tools.
 */
#ifndef LQ_SIM_LIVE_PROBLEM_H
#define LQ_SIM_LIVE_PROBLEM_H

#include <stdbool.h>

enum { LQ_PROBLEM_BYTES_MAX = 1024 };

struct lq_problem {
    char text[LQ_PROBLEM_BYTES_MAX];
};

/* Writes the text (cut when too long) and returns false, so that `return lq_problem_set(..)` says
 * it all. */
bool lq_problem_set(struct lq_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
