/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of integers at any alignment, byte by byte.
 *
 * What this is: the only way by which a number enters or leaves a wire image, so that neither
 * alignment nor the machine's byte order can matter. What it is not: a codec; who knows a field's
 * place calls these. Used by everything that reads or writes bytes.
 */
#ifndef LQ_CORE_BASE_BYTES_H
#define LQ_CORE_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t lq_get_be16(const uint8_t *p)
{
    return (uint16_t)(((uint32_t)p[0] << 8) | p[1]);
}

static inline uint32_t lq_get_be24(const uint8_t *p)
{
    return ((uint32_t)p[0] << 16) | ((uint32_t)p[1] << 8) | p[2];
}

static inline uint32_t lq_get_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline uint64_t lq_get_be48(const uint8_t *p)
{
    return ((uint64_t)lq_get_be16(p) << 32) | lq_get_be32(p + 2);
}

static inline uint64_t lq_get_be64(const uint8_t *p)
{
    return ((uint64_t)lq_get_be32(p) << 32) | lq_get_be32(p + 4);
}

static inline uint64_t lq_get_le64(const uint8_t *p)
{
    return (uint64_t)p[0] | ((uint64_t)p[1] << 8) | ((uint64_t)p[2] << 16) |
           ((uint64_t)p[3] << 24) | ((uint64_t)p[4] << 32) | ((uint64_t)p[5] << 40) |
           ((uint64_t)p[6] << 48) | ((uint64_t)p[7] << 56);
}

static inline void lq_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void lq_put_be24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void lq_put_be32(uint8_t *p, uint32_t v)
{
    lq_put_be16(p, (uint16_t)(v >> 16));
    lq_put_be16(p + 2, (uint16_t)v);
}

static inline void lq_put_be48(uint8_t *p, uint64_t v)
{
    lq_put_be16(p, (uint16_t)(v >> 32));
    lq_put_be32(p + 2, (uint32_t)v);
}

static inline void lq_put_be64(uint8_t *p, uint64_t v)
{
    lq_put_be32(p, (uint32_t)(v >> 32));
    lq_put_be32(p + 4, (uint32_t)v);
}

static inline void lq_put_le64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

#endif
