/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture says of PDUs that faults struck: comments on packets. Used by pcapng.c. */
#ifndef LQ_TOOLS_PCAPNG_SAID_H
#define LQ_TOOLS_PCAPNG_SAID_H

#include <stdint.h>

#include "core/base/history.h"

enum { LQ_SAID_BYTES = 600 };

struct lq_said {
    char text[LQ_SAID_BYTES]; /* one line for each fault, "": nothing; what does not fit is cut */
    uint64_t time_ns;         /* of the newest */
};

/* Adds what EVENT, an LQ_W_FAULT about a PDU, did. */
void lq_said_add(struct lq_said *said, const struct lq_event *event);

#endif
