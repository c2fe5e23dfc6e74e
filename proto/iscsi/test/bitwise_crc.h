/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C bit by bit, as RFC 7143 13.1 has the polynomial; for tests only. */
#ifndef LQ_PROTO_ISCSI_TEST_BITWISE_CRC_H
#define LQ_PROTO_ISCSI_TEST_BITWISE_CRC_H

#include <stdint.h>

static inline uint32_t bitwise_crc(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0; i < size_bytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc % 2 != 0 ? UINT32_C(0x82f63b78) : 0);
    }
    return crc ^ UINT32_MAX;
}

/* As it stands on the wire: least significant byte first [RFC 7143 A.4]. */
static inline void put_digest(uint8_t *out, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t crc = bitwise_crc(bytes, size_bytes);
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(crc >> 8 * i);
}

#endif
