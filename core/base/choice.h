/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choice: the single source of nondeterminism of a run.
 *
 * Whoever could do one thing or another asks here; 0 is always the benign answer (no fault, no
 * delay, first in first out). Providers are interchangeable: seeded (counter-based, without state),
 * recorded (replays a trace), an enumerator (all answers, one after the other), a fuzzer's bytes.
 *
 * A draw is named by (stream, site, subject): stream says whose randomness, site which question,
 * subject about what. Where one subject is asked the same question repeatedly, the caller counts:
 * lq_subject(id, occurrence). No draw depends on another, so leaving a command out changes no
 * other draw.
 */
#ifndef LQ_CORE_BASE_CHOICE_H
#define LQ_CORE_BASE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/hash.h"

enum lq_stream {
    LQ_STREAM_PLAN = 1, /* expanding options from the seed */
    LQ_STREAM_NETWORK,
    LQ_STREAM_DISK,
    LQ_STREAM_INITIATOR,
    LQ_STREAM_SCHEDULE,
    LQ_STREAM_ENGINE,
    LQ_STREAM_FAULT
};

struct lq_choice {
    /* Returns 0..n-1; n >= 1. */
    uint64_t (*choose)(struct lq_choice *choice, uint32_t stream, uint32_t site, uint64_t subject,
                       uint64_t n);
};

static inline uint64_t lq_choose(struct lq_choice *choice, uint32_t stream, uint32_t site,
                                 uint64_t subject, uint64_t n)
{
    return n <= 1 ? 0 : choice->choose(choice, stream, site, subject, n);
}

/* True with odds NUMERATOR in DENOMINATOR, which is greater; false is the benign answer. */
static inline bool lq_chance(struct lq_choice *choice, uint32_t stream, uint32_t site,
                             uint64_t subject, uint64_t numerator, uint64_t denominator)
{
    uint64_t drawn = lq_choose(choice, stream, site, subject, denominator);
    return drawn != 0 && drawn >= denominator - numerator;
}

/* LOW..HIGH inclusive; LOW is the benign answer. */
static inline uint64_t lq_choose_range(struct lq_choice *choice, uint32_t stream, uint32_t site,
                                       uint64_t subject, uint64_t low, uint64_t high)
{
    return low + lq_choose(choice, stream, site, subject, high - low + 1);
}

/* Subject for the OCCURRENCE-th time that ID is asked the same question. */
static inline uint64_t lq_subject(uint64_t id, uint64_t occurrence)
{
    return lq_mix(lq_mix(UINT64_C(0x5eed), id), occurrence);
}

/* --- seeded: value = mix(seed, stream, site, subject) ---------------------------------------- */

struct lq_choice_seeded {
    struct lq_choice choice; /* hand out &seeded.choice */
    uint64_t seed;
};

void lq_choice_seeded_init(struct lq_choice_seeded *seeded, uint64_t seed);

/* --- recorded: a trace of draws, made by wrapping a provider, and its replay ----------------- */

struct lq_draw {
    uint32_t stream, site;
    uint64_t subject, n, value;
};

struct lq_choice_trace {
    struct lq_choice choice; /* hand out &trace.choice */
    struct lq_choice *from;  /* recording: draws are passed on and noted. NULL: replaying */
    struct lq_draw *draws;   /* caller-owned, room for CAPACITY */
    uint64_t count, capacity;
    /* Recording without room: makes some (more DRAWS, a greater CAPACITY); false: there is none.
     * NULL: as if false. */
    bool (*grow)(struct lq_choice_trace *trace);
    uint64_t position; /* replaying: next draw */
    bool diverged;     /* replaying: a draw's name did not match its entry, or none was left */
    bool overflowed;   /* recording: there was no room for a draw */
};

/* Records what FROM answers into DRAWS. */
void lq_choice_trace_record(struct lq_choice_trace *trace, struct lq_choice *from,
                            struct lq_draw *draws, uint64_t capacity);

/* Answers from COUNT recorded DRAWS, in order; a draw that does not match is answered 0 (the
 * benign answer) and marks the run diverged. */
void lq_choice_trace_replay(struct lq_choice_trace *trace, struct lq_draw *draws, uint64_t count);

/* --- enumerator: all answers to the draws of a short piece of work, like an odometer --------- */

enum { LQ_CHOICE_DIGITS_MAX = 64 }; /* draws of one piece of work */

/*
 *     lq_choice_enumerator_init(&e);
 *     do {
 *         lq_choice_enumerator_begin(&e);
 *         ... the work, from the same state each time, with &e.choice ...
 *     } while (lq_choice_enumerator_next(&e));
 *
 * A draw of LQ_STREAM_FAULT has two answers whatever its odds: no, and yes. DIGITS, with COUNT, may
 * be set by hand before begin, to repeat a piece of work.
 */
struct lq_choice_enumerator {
    struct lq_choice choice; /* hand out &enumerator.choice */
    uint32_t digits[LQ_CHOICE_DIGITS_MAX], radices[LQ_CHOICE_DIGITS_MAX];
    uint32_t count;    /* digits that are set; draws beyond them are answered 0 */
    uint32_t position; /* draws made */
};

void lq_choice_enumerator_init(struct lq_choice_enumerator *enumerator);
void lq_choice_enumerator_begin(struct lq_choice_enumerator *enumerator);

/* The next answers; false when there were all. */
bool lq_choice_enumerator_next(struct lq_choice_enumerator *enumerator);

/* --- a fuzzer's bytes: each draw takes the next ones; when they end all is benign ------------ */

struct lq_choice_bytes {
    struct lq_choice choice; /* hand out &bytes.choice */
    const uint8_t *bytes;    /* caller-owned */
    uint64_t size_bytes, position;
};

void lq_choice_bytes_init(struct lq_choice_bytes *bytes, const uint8_t *from, uint64_t size_bytes);

#endif
