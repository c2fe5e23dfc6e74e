/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program says on stderr: one line per trouble,
 * `lunquake: WHERE: what is wrong; what was expected; what to do`.
 */
#ifndef LQ_TOOLS_MESSAGE_H
#define LQ_TOOLS_MESSAGE_H

/* Prints "lunquake: " and the text as one line; the text brings no newline. Control characters in
 * it (from a user's argument) are shown as "?". */
void lq_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
