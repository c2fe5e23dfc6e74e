/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C for readers who judge: tables made from the polynomial when they begin, and nothing in
 * common with those who wrote the digests.
 */
#ifndef LQ_CONFORMANCE_WIRE_CRC_H
#define LQ_CONFORMANCE_WIRE_CRC_H

#include <stdint.h>

enum { LQ_WIRE_CRC_STEP = 16 }; /* bytes taken at once */

struct lq_wire_crc {
    /* [n][byte]: remainder of the byte with n bytes behind it */
    uint32_t table[LQ_WIRE_CRC_STEP][256];
};

void lq_wire_crc_init(struct lq_wire_crc *crc);

/* What is begun, goes on with bytes, and ends; the end is the digest's value. */
static inline uint32_t lq_wire_crc_begin(void)
{
    return UINT32_MAX;
}

uint32_t lq_wire_crc_go_on(const struct lq_wire_crc *crc, uint32_t state, const uint8_t *bytes,
                           uint32_t size_bytes);

static inline uint32_t lq_wire_crc_end(uint32_t state)
{
    return state ^ UINT32_MAX;
}

#endif
