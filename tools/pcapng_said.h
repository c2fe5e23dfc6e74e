/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture says of PDUs that faults struck: comments on packets. Used by pcapng.c. */
#ifndef LQ_TOOLS_PCAPNG_SAID_H
#define LQ_TOOLS_PCAPNG_SAID_H

#include <stdint.h>

#include <stdbool.h>
#include <stddef.h>

#include "core/base/history.h"

enum { LQ_SAID_BYTES = 600 };

struct lq_said {
    char text[LQ_SAID_BYTES]; /* one line for each fault, "": nothing; what does not fit is cut */
    uint64_t time_ns;         /* of the newest */
};

/* The text, NULL when there is none. */
static inline const char *lq_said_or_null(const struct lq_said *said)
{
    return said->text[0] == '\0' ? NULL : said->text;
}

/* EVENT is an LQ_W_FAULT about frames, or about what carries them. */
bool lq_said_is_of_frames(const struct lq_event *event);

/* Adds what EVENT did: an LQ_W_FAULT about a PDU, or about frames. */
void lq_said_add(struct lq_said *said, const struct lq_event *event);

#endif
