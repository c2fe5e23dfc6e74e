/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens when the program itself is wrong: lq_assert_fail (core/base/assert.h) prints one
 * line and aborts; an abort, whoever caused it, ends the program with exit code 99.
 */
#ifndef LQ_TOOLS_FAILURE_H
#define LQ_TOOLS_FAILURE_H

/* To be called first in main. */
void lq_failure_init(void);

/* LINE (lives as long as the program, or until the next call) reproduces what runs now: it is
 * printed when an assertion fails. NULL: nothing to say. */
void lq_failure_context(const char *line);

#endif
