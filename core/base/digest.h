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
 *   set     things whose order means nothing: the sum of their own digests
 *   name    a number of which only matters whether it is the same as another in its element of a
 *           set (a target transfer tag): the order in which such numbers are first mentioned there
 *
 * Who uses it: exhaustive exploration (sim/virtual/explore.h) over all parts that it runs.
 */
#ifndef LQ_CORE_BASE_DIGEST_H
#define LQ_CORE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/hash.h"

enum { LQ_DIGEST_NAMES_MAX = 256 };

/* Times that are nearer to each other are the same time. */
#define LQ_DIGEST_GRAIN_NS UINT64_C(10000000)

struct lq_digest {
    uint64_t hash;
    uint64_t now_ns;
    uint32_t first_name, name_count; /* of the present element */
    uint64_t names[LQ_DIGEST_NAMES_MAX];
};

static inline void lq_digest_init(struct lq_digest *digest, uint64_t now_ns)
{
    digest->hash = 0;
    digest->now_ns = now_ns;
    digest->first_name = digest->name_count = 0;
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

/* TIME_NS from now, before or after, to LQ_DIGEST_GRAIN_NS; UINT64_MAX (never) is itself. */
static inline void lq_digest_time(struct lq_digest *digest, uint64_t time_ns)
{
    uint64_t middle = LQ_DIGEST_GRAIN_NS * (UINT64_C(1) << 36) + LQ_DIGEST_GRAIN_NS / 2;
    uint64_t grains = (time_ns - digest->now_ns + middle) / LQ_DIGEST_GRAIN_NS;
    lq_digest_word(digest, time_ns == UINT64_MAX ? time_ns : grains);
}

/* NUMBER by its order of mention; when there are too many it stands for itself. */
static inline void lq_digest_name(struct lq_digest *digest, uint64_t number)
{
    uint32_t i = digest->first_name;
    while (i < digest->name_count && digest->names[i] != number)
        i++;
    if (i == digest->name_count && i < LQ_DIGEST_NAMES_MAX)
        digest->names[digest->name_count++] = number;
    lq_digest_word(digest, i < LQ_DIGEST_NAMES_MAX ? i - digest->first_name : number);
}

/*
 * An element of a set: between begin and end the digest is the element's own; end puts it into SUM,
 * which the caller begins with 0 and mixes in as a word when all elements are in it.
 */
struct lq_digest_outer {
    uint64_t hash;
    uint32_t first_name, name_count;
};

static inline struct lq_digest_outer lq_digest_begin(struct lq_digest *digest)
{
    struct lq_digest_outer outer = {digest->hash, digest->first_name, digest->name_count};
    digest->hash = 1;
    digest->first_name = digest->name_count;
    return outer;
}

static inline void lq_digest_end(struct lq_digest *digest, struct lq_digest_outer outer,
                                 uint64_t *sum)
{
    *sum += lq_mix(digest->hash, 2);
    digest->hash = outer.hash;
    digest->first_name = outer.first_name;
    digest->name_count = outer.name_count;
}

#endif
