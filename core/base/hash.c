/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: words are mixed one after the other. Each step waits for the one before, so long runs
 * (blocks, data segments) are stirred in four lanes side by side, which are mixed together at the
 * end.
 */
#include "core/base/hash.h"

#include "core/base/bytes.h"

enum { LANES = 4, LONG_BYTES = 128 };

/* Mixes the first whole groups of LANES words of P, which has SIZE_BYTES. */
static uint64_t mix_lanes(uint64_t hash, const uint8_t *p, size_t size_bytes)
{
    uint64_t a = lq_mix(hash, 1), b = lq_mix(hash, 2), c = lq_mix(hash, 3), d = lq_mix(hash, 4);
    for (size_t left = size_bytes; left >= 8 * LANES; left -= 8 * LANES, p += 8 * LANES) {
        a = lq_stir(a, lq_get_le64(p));
        b = lq_stir(b, lq_get_le64(p + 8));
        c = lq_stir(c, lq_get_le64(p + 16));
        d = lq_stir(d, lq_get_le64(p + 24));
    }
    return lq_mix(lq_mix(lq_mix(lq_mix(hash, a), b), c), d);
}

uint64_t lq_hash(uint64_t state, const void *bytes, size_t size_bytes)
{
    const uint8_t *p = bytes;
    uint64_t hash = lq_mix(state, size_bytes);
    size_t left = size_bytes;
    if (size_bytes >= LONG_BYTES) {
        hash = mix_lanes(hash, p, size_bytes);
        left = size_bytes % (8 * LANES);
        p += size_bytes - left;
    }
    for (; left >= 8; left -= 8, p += 8)
        hash = lq_mix(hash, lq_get_le64(p));
    if (left > 0) {
        uint64_t tail = 0;
        for (size_t i = 0; i < left; i++)
            tail |= (uint64_t)p[i] << (8 * i);
        hash = lq_mix(hash, tail);
    }
    return hash;
}
