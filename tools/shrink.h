/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making something that fails smaller while it still fails: a set of units (delta debugging), and a
 * scenario's lines with their words and numbers.
 *
 * What this is not: what is made smaller, or what it means to fail. Who uses it: cmd_sim_shrink.c.
 */
#ifndef LQ_TOOLS_SHRINK_H
#define LQ_TOOLS_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lines.h"

/* Sets KEPT of COUNT units, all true at first, to a small set with which FAILS is still true: no
 * unit of it can be left out alone. FAILS looks at KEPT. */
void lq_shrink_units(bool *kept, uint32_t count, bool (*fails)(void *context), void *context);

/* The same for LINES: whole lines, words, then lower and rounder numbers. FAILS is asked about
 * candidates, which need not parse. */
void lq_shrink_lines(struct lq_lines *lines,
                     bool (*fails)(void *context, const struct lq_lines *lines), void *context);

#endif
