/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical digest of a state: equal for two states that behave alike from now on.
 *
 * Every part that has state mixes in what its future depends on and nothing else: no address, no
 * number that only counts, no order that nobody asks for, and times only by how far they are from
 * now. What is in doubt is mixed in: it costs states that are told apart for nothing, never a state
 * that is taken for another.
 *
 *   word    a value
 *   time    how far a time is from now
 *   name    a number of which only matters whether it is the same as another (a target transfer
 *           tag): it is replaced by the order in which such numbers are first mentioned
 *   set     things whose order means nothing: the sum of their own digests
 *
 * Who uses it: exhaustive exploration (sim/virtual/explore.h) over all parts that it runs.
 */
#ifndef LQ_CORE_BASE_DIGEST_H
#define LQ_CORE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/hash.h"

enum { LQ_DIGEST_NAMES_MAX = 256 };

struct lq_digest {
    uint64_t hash;
    uint64_t now_ns;
    uint32_t name_count;
    uint64_t names[LQ_DIGEST_NAMES_MAX];
};

static inline void lq_digest_init(struct lq_digest *digest, uint64_t now_ns)
{
    digest->hash = 0;
    digest->now_ns = now_ns;
    digest->name_count = 0;
}

static inline void lq_digest_word(struct lq_digest *digest, uint64_t word)
{
    digest->hash = lq_mix(digest->hash, word);
}

static inline void lq_digest_two(struct lq_digest *digest, uint64_t a, uint64_t b)
{
    lq_digest_word(digest, a);
    lq_digest_word(digest, b);
}

static inline void lq_digest_bytes(struct lq_digest *digest, const void *bytes, size_t size_bytes)
{
    digest->hash = lq_hash(digest->hash, bytes, size_bytes);
}

/* TIME_NS from now, whether before or after; UINT64_MAX (never) is itself. */
static inline void lq_digest_time(struct lq_digest *digest, uint64_t time_ns)
{
    lq_digest_word(digest, time_ns == UINT64_MAX ? time_ns : time_ns - digest->now_ns);
}

/* NUMBER by its order of mention; when there are too many it stands for itself. */
static inline void lq_digest_name(struct lq_digest *digest, uint64_t number)
{
    uint32_t i = 0;
    while (i < digest->name_count && digest->names[i] != number)
        i++;
    if (i == digest->name_count && i < LQ_DIGEST_NAMES_MAX)
        digest->names[digest->name_count++] = number;
    lq_digest_word(digest, i < LQ_DIGEST_NAMES_MAX ? i : number);
}

/*
 * An element of a set: between begin and end the digest is the element's own; end puts it into SUM,
 * which the caller begins with 0 and mixes in as a word when all elements are in it.
 */
static inline uint64_t lq_digest_begin_element(struct lq_digest *digest)
{
    uint64_t outer = digest->hash;
    digest->hash = 1;
    return outer;
}

static inline void lq_digest_end_element(struct lq_digest *digest, uint64_t outer, uint64_t *sum)
{
    *sum += lq_mix(digest->hash, 2);
    digest->hash = outer;
}

#endif
