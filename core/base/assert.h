/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions that stay on in release builds: a programmer's error, never a peer's or a user's.
 *
 * The hook lq_assert_fail() is defined by the program (tools print the history's tail and the line
 * that reproduces the run, then abort); pure parts only refer to it.
 */
#ifndef LQ_CORE_BASE_ASSERT_H
#define LQ_CORE_BASE_ASSERT_H

/* Reports the failed condition and does not return. Defined once per program. */
#if defined(__GNUC__)
__attribute__((cold)) /* what leads to it stands apart from what runs */
#endif
_Noreturn void lq_assert_fail(const char *condition, const char *file, int line);

#define LQ_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : lq_assert_fail(#condition, __FILE__, __LINE__))

#endif
