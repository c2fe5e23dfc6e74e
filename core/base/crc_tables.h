/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reflected 32-bit CRCs by tables, eight bytes a step (slicing by eight). tables[k][b] is the
 * remainder of byte b with k zero bytes behind it.
 *
 * A remainder is linear in its byte, so each table follows from eight numbers, those of its single
 * bits, 80h first; all 64 are one sequence: the reflected polynomial, each time multiplied by x.
 * Tests compute them anew.
 *
 * Who uses it: who owns a polynomial (CRC32C of iSCSI's digests, CRC-32 of FC-2 frames).
 */
#ifndef LQ_CORE_BASE_CRC_TABLES_H
#define LQ_CORE_BASE_CRC_TABLES_H

#include <stdint.h>

#define LQ_CRC_BYTE(n, a, b, c, d, e, f, g, h)                                                   \
    (((n) & 0x80 ? a : 0) ^ ((n) & 0x40 ? b : 0) ^ ((n) & 0x20 ? c : 0) ^ ((n) & 0x10 ? d : 0) ^ \
     ((n) & 0x08 ? e : 0) ^ ((n) & 0x04 ? f : 0) ^ ((n) & 0x02 ? g : 0) ^ ((n) & 0x01 ? h : 0))
#define LQ_CRC_BYTES4(n, ...)                                                                    \
    LQ_CRC_BYTE(n, __VA_ARGS__), LQ_CRC_BYTE(n + 1, __VA_ARGS__),                                \
        LQ_CRC_BYTE(n + 2, __VA_ARGS__), LQ_CRC_BYTE(n + 3, __VA_ARGS__)
#define LQ_CRC_BYTES16(n, ...)                                                                   \
    LQ_CRC_BYTES4(n, __VA_ARGS__), LQ_CRC_BYTES4(n + 4, __VA_ARGS__),                            \
        LQ_CRC_BYTES4(n + 8, __VA_ARGS__), LQ_CRC_BYTES4(n + 12, __VA_ARGS__)
#define LQ_CRC_BYTES64(n, ...)                                                                   \
    LQ_CRC_BYTES16(n, __VA_ARGS__), LQ_CRC_BYTES16(n + 16, __VA_ARGS__),                         \
        LQ_CRC_BYTES16(n + 32, __VA_ARGS__), LQ_CRC_BYTES16(n + 48, __VA_ARGS__)
#define LQ_CRC_SLICE(...)                                                                        \
    {                                                                                            \
        LQ_CRC_BYTES64(0, __VA_ARGS__), LQ_CRC_BYTES64(64, __VA_ARGS__),                         \
            LQ_CRC_BYTES64(128, __VA_ARGS__), LQ_CRC_BYTES64(192, __VA_ARGS__)                   \
    }

static inline uint32_t lq_crc_step_eight(const uint32_t (*tables)[256], uint32_t crc,
                                         const uint8_t *p)
{
    uint32_t low = crc ^ ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]);
    return tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
           tables[4][low >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
           tables[0][p[7]];
}

/* The CRC of bytes whose first part has CRC (0: there is none) and whose rest are BYTES. */
static inline uint32_t lq_crc_by_tables(const uint32_t (*tables)[256], uint32_t crc,
                                        const uint8_t *bytes, uint32_t size_bytes)
{
    crc = ~crc;
    for (; size_bytes >= 8; size_bytes -= 8, bytes += 8)
        crc = lq_crc_step_eight(tables, crc, bytes);
    for (; size_bytes > 0; size_bytes--)
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes++) & 0xff];
    return ~crc;
}

#endif
