/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as users write them, one grammar for the whole program.
 *
 *   SIZE  digits and KiB, MiB, GiB, TiB or nothing (bytes): 512, 4KiB, 256MiB
 *   DUR   digits and ns, us, ms, s, m, h: 10ms, 3s, 1m; 0 needs no unit
 *
 * No sign, no fraction, no space. Each function returns NULL when TEXT is well formed and writes
 * the value; else what is wrong and what was expected, for a message: "is no size; expected ...".
 */
#ifndef LQ_TOOLS_UNITS_H
#define LQ_TOOLS_UNITS_H

#include <stdint.h>

const char *lq_parse_size(const char *text, uint64_t *bytes);
const char *lq_parse_duration(const char *text, uint64_t *ns);

/* A decimal number of at most MAX. */
const char *lq_parse_number(const char *text, uint64_t max, uint64_t *number);

/* "A..B" with A <= B. */
const char *lq_parse_range(const char *text, uint64_t *first, uint64_t *last);

#endif
