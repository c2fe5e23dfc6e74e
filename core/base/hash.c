/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/hash.h"

#include "core/base/bytes.h"

uint64_t lq_hash(uint64_t state, const void *bytes, size_t size_bytes)
{
    const uint8_t *p = bytes;
    uint64_t hash = lq_mix(state, size_bytes);
    size_t left = size_bytes;
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
