/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/problem.h"

#include <stdarg.h>
#include <stdio.h>

bool lq_problem_set(struct lq_problem *problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return false;
}
