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
    for (uint32_t n = 1; n < 8; n++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t before = crc->table[n - 1][byte];
            crc->table[n][byte] = before >> 8 ^ crc->table[0][before & 0xff];
        }
}

uint32_t lq_wire_crc_go_on(const struct lq_wire_crc *crc, uint32_t state, const uint8_t *bytes,
                           uint32_t size_bytes)
{
    uint32_t i = 0;
    for (; size_bytes - i >= 8; i += 8)
        state = crc->table[7][(state ^ bytes[i]) & 0xff] ^
                crc->table[6][(state >> 8 ^ bytes[i + 1]) & 0xff] ^
                crc->table[5][(state >> 16 ^ bytes[i + 2]) & 0xff] ^
                crc->table[4][(state >> 24 ^ bytes[i + 3]) & 0xff] ^
                crc->table[3][bytes[i + 4]] ^ crc->table[2][bytes[i + 5]] ^
                crc->table[1][bytes[i + 6]] ^ crc->table[0][bytes[i + 7]];
    for (; i < size_bytes; i++)
        state = state >> 8 ^ crc->table[0][(state ^ bytes[i]) & 0xff];
    return state;
}
