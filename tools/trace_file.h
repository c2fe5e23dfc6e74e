/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorded run as bytes: what was run, what came of it, and every draw. A line with format name,
 * format version and program version; lines of a word and a value; the scenario's text, where there
 * is one; the draws as variable-length numbers (a command's draws differ little from one another:
 * a few bytes each).
 *
 * What this is not: the recording or the replay (core/base/choice.h). Who uses it: cmd_sim_trace.c.
 */
#ifndef LQ_TOOLS_TRACE_FILE_H
#define LQ_TOOLS_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/choice.h"

enum { LQ_TRACE_VERSION = 2, LQ_TRACE_WORD_MAX = 63 };

struct lq_trace {
    char program[LQ_TRACE_WORD_MAX + 1]; /* version that recorded it */
    uint64_t seed, commands;
    char transport[LQ_TRACE_WORD_MAX + 1]; /* of the seed, or of a scenario that names none */
    char wrong[LQ_TRACE_WORD_MAX + 1];   /* "-": none */
    char verdict[LQ_TRACE_WORD_MAX + 1];
    uint64_t fingerprint;
    const char *scenario; /* not NUL-terminated; size 0: a seed's run. Read: in the bytes read */
    size_t scenario_bytes;
    struct lq_draw *draws; /* read: allocated, the caller frees them */
    uint64_t draw_count;
};

/* Makes the file of TRACE: allocated, the caller frees it. NULL without memory. */
uint8_t *lq_trace_encode(const struct lq_trace *trace, size_t *size_bytes);

/* Reads BYTES, which may be any. NULL, or "what is wrong; what was expected; what to do": then
 * nothing has been allocated. */
const char *lq_trace_decode(struct lq_trace *trace, const uint8_t *bytes, size_t size_bytes);

#endif
