/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum [RFC 1071] of packets that are made up. Used by pcapng.c. */
#ifndef LQ_TOOLS_INTERNET_CHECKSUM_H
#define LQ_TOOLS_INTERNET_CHECKSUM_H

#include <stdint.h>

#include "core/base/bytes.h"

/* Over 16-bit words; SUM carries on from the bytes before. */
static inline uint32_t lq_add_words(uint32_t sum, const uint8_t *bytes, uint32_t size_bytes)
{
    for (uint32_t i = 0; i + 1 < size_bytes; i += 2) {
        sum += lq_get_be16(bytes + i);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    if (size_bytes % 2 != 0)
        sum += (uint32_t)bytes[size_bytes - 1] << 8;
    return (sum & 0xffff) + (sum >> 16);
}

static inline uint16_t lq_checksum_of(uint32_t sum)
{
    return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

#endif
