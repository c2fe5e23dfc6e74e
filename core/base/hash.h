/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 64-bit mixing hash for fingerprints, block contents and counter-based choice. Not for secrets.
 *
 * Bytes are taken as little-endian words whatever the machine, so a hash is the same everywhere.
 */
#ifndef LQ_CORE_BASE_HASH_H
#define LQ_CORE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Mixes WORD into STATE; a bijection of STATE for each WORD, with good diffusion. */
static inline uint64_t lq_mix(uint64_t state, uint64_t word)
{
    uint64_t x = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 29;
    return x + UINT64_C(0x632be59bd9b4e019);
}

/* The same, cheaper and not as well spread: for words that lq_mix comes behind. */
static inline uint64_t lq_stir(uint64_t state, uint64_t word)
{
    uint64_t x = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return x << 32 | x >> 32;
}

/* Hash of SIZE bytes, continuing from STATE (any value starts). Equal bytes, equal STATE: equal. */
uint64_t lq_hash(uint64_t state, const void *bytes, size_t size_bytes);

#endif
