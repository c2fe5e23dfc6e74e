/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story as a ladder of text: a column for each initiator, the target and each store, arrows for
 * what passes between them, and what it is on the right. Plain ASCII; colour when asked for.
 */
#ifndef LQ_TOOLS_LADDER_H
#define LQ_TOOLS_LADDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/judges/judge.h"
#include "tools/story.h"

/* All of STORY; rows that prove FINDING (NULL: none) are marked. */
void lq_ladder_print(FILE *to, const struct lq_story *story, const struct lq_finding *finding,
                     bool in_colour);

/* The ROWS rows around FINDING that are of the I_T nexuses and stores that prove it. */
void lq_ladder_print_around(FILE *to, const struct lq_story *story,
                            const struct lq_finding *finding, uint32_t rows, bool in_colour);

/* A terminal, and the user does not object (NO_COLOR). */
bool lq_ladder_wants_colour(FILE *to);

#endif
