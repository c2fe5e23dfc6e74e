/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": which of many names is nearest to a word that is none of them. Who uses it:
 * options.c, cmd_sim_scenario.c.
 */
#ifndef LQ_TOOLS_NEAR_H
#define LQ_TOOLS_NEAR_H

#include <stddef.h>

struct lq_near {
    const char *text; /* what was written */
    const char *best; /* the nearest name so far; NULL: none is near */
    size_t distance;  /* its own */
};

struct lq_near lq_near_to(const char *text);

/* Takes NAME, which stays the caller's, into account. A name must share more with the text than it
 * differs; names and texts of more than 48 bytes are near to nothing. */
void lq_near_consider(struct lq_near *near, const char *name);

#endif
