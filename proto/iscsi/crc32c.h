/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C, the polynomial of header and data digests [RFC 7143 13.1].
 *
 * Who uses it: both endpoints, through a function that the world hands in at start; worlds may
 * have faster ones, and this one is always there. All give the same values.
 */
#ifndef LQ_PROTO_ISCSI_CRC32C_H
#define LQ_PROTO_ISCSI_CRC32C_H

#include <stdint.h>

enum { LQ_DIGEST_BYTES = 4 }; /* on the wire, least significant byte first [RFC 7143 A.4] */

/*
 * The CRC32C of some bytes whose first part has CRC (0: there is none) and whose rest are BYTES;
 * so a digest goes on over the parts of a PDU, however they are cut. SIZE_BYTES may be 0.
 */
typedef uint32_t (*lq_crc32c_function)(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes);

/* By tables, eight bytes a step. */
uint32_t lq_crc32c_table(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes);

static inline void lq_crc32c_put(uint8_t *out, uint32_t crc)
{
    for (int i = 0; i < LQ_DIGEST_BYTES; i++)
        out[i] = (uint8_t)(crc >> (8 * i));
}

static inline uint32_t lq_crc32c_get(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

#endif
