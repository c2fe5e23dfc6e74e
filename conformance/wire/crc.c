/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/crc.h"

/* x^32+x^28+x^27+x^26+x^25+x^23+x^22+x^20+x^19+x^18+x^14+x^13+x^11+x^10+x^9+x^8+x^6+1
 * [RFC 7143 13.1], its highest power in the lowest bit. */
static uint32_t polynomial(void)
{
    static const uint8_t powers[] = {28, 27, 26, 25, 23, 22, 20, 19, 18,
                                     14, 13, 11, 10, 9,  8,  6,  0};
    uint32_t bits = 0;
    for (uint32_t i = 0; i < sizeof powers; i++)
        bits |= UINT32_C(1) << (31 - powers[i]);
    return bits;
}

static uint32_t shift_byte(uint32_t state)
{
    for (int bit = 0; bit < 8; bit++)
        state = state >> 1 ^ (state % 2 != 0 ? polynomial() : 0);
    return state;
}

void lq_wire_crc_init(struct lq_wire_crc *crc)
{
    for (uint32_t byte = 0; byte < 256; byte++)
        crc->table[0][byte] = shift_byte(byte);
    for (uint32_t n = 1; n < LQ_WIRE_CRC_STEP; n++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t before = crc->table[n - 1][byte];
            crc->table[n][byte] = before >> 8 ^ crc->table[0][before & 0xff];
        }
}

/* What four bytes come to that have N more behind them in the step. */
static inline uint32_t four(const struct lq_wire_crc *crc, const uint8_t *bytes, uint32_t n)
{
    return crc->table[n + 3][bytes[0]] ^ crc->table[n + 2][bytes[1]] ^
           crc->table[n + 1][bytes[2]] ^ crc->table[n][bytes[3]];
}

/* Sixteen bytes a step: a step waits for the one before only with its first four. */
uint32_t lq_wire_crc_go_on(const struct lq_wire_crc *crc, uint32_t state, const uint8_t *bytes,
                           uint32_t size_bytes)
{
    uint32_t i = 0;
    for (; size_bytes - i >= LQ_WIRE_CRC_STEP; i += LQ_WIRE_CRC_STEP) {
        uint32_t rest = four(crc, bytes + i + 4, 8) ^ four(crc, bytes + i + 8, 4) ^
                        four(crc, bytes + i + 12, 0);
        state = rest ^ crc->table[15][(state ^ bytes[i]) & 0xff] ^
                crc->table[14][(state >> 8 ^ bytes[i + 1]) & 0xff] ^
                crc->table[13][(state >> 16 ^ bytes[i + 2]) & 0xff] ^
                crc->table[12][(state >> 24 ^ bytes[i + 3]) & 0xff];
    }
    for (; i < size_bytes; i++)
        state = state >> 8 ^ crc->table[0][(state ^ bytes[i]) & 0xff];
    return state;
}
