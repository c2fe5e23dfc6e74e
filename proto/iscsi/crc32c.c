/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: slicing by eight. tables[k][b] is the remainder of byte b with k zero bytes behind it.
 * A remainder is linear in its byte, so each table follows from eight numbers, those of its single
 * bits, 80h first; all 64 are one sequence: the polynomial 82f63b78h (reflected), each time
 * multiplied by x. The test computes them anew.
 */
#include "proto/iscsi/crc32c.h"

#define BYTE(n, a, b, c, d, e, f, g, h)                                                          \
    (((n) & 0x80 ? a : 0) ^ ((n) & 0x40 ? b : 0) ^ ((n) & 0x20 ? c : 0) ^ ((n) & 0x10 ? d : 0) ^ \
     ((n) & 0x08 ? e : 0) ^ ((n) & 0x04 ? f : 0) ^ ((n) & 0x02 ? g : 0) ^ ((n) & 0x01 ? h : 0))
#define BYTES4(n, ...)                                                                           \
    BYTE(n, __VA_ARGS__), BYTE(n + 1, __VA_ARGS__), BYTE(n + 2, __VA_ARGS__),                    \
        BYTE(n + 3, __VA_ARGS__)
#define BYTES16(n, ...)                                                                          \
    BYTES4(n, __VA_ARGS__), BYTES4(n + 4, __VA_ARGS__), BYTES4(n + 8, __VA_ARGS__),              \
        BYTES4(n + 12, __VA_ARGS__)
#define BYTES64(n, ...)                                                                          \
    BYTES16(n, __VA_ARGS__), BYTES16(n + 16, __VA_ARGS__), BYTES16(n + 32, __VA_ARGS__),         \
        BYTES16(n + 48, __VA_ARGS__)
#define SLICE(...)                                                                               \
    {                                                                                            \
        BYTES64(0, __VA_ARGS__), BYTES64(64, __VA_ARGS__), BYTES64(128, __VA_ARGS__),            \
            BYTES64(192, __VA_ARGS__)                                                            \
    }

static const uint32_t tables[8][256] = {
    SLICE(0x82f63b78, 0x417b1dbc, 0x20bd8ede, 0x105ec76f,
          0x8ad958cf, 0xc79a971f, 0xe13b70f7, 0xf26b8303),
    SLICE(0xfbc3faf9, 0xff17c604, 0x7f8be302, 0x3fc5f181,
          0x9d14c3b8, 0x4e8a61dc, 0x274530ee, 0x13a29877),
    SLICE(0x8b277743, 0xc76580d9, 0xe144fb14, 0x70a27d8a,
          0x38513ec5, 0x9edea41a, 0x4f6f520d, 0xa541927e),
    SLICE(0x52a0c93f, 0xaba65fe7, 0xd725148b, 0xe964b13d,
          0xf64463e6, 0x7b2231f3, 0xbf672381, 0xdd45aab8),
    SLICE(0x6ea2d55c, 0x37516aae, 0x1ba8b557, 0x8f2261d3,
          0xc5670b91, 0xe045beb0, 0x7022df58, 0x38116fac),
    SLICE(0x1c08b7d6, 0x0e045beb, 0x85f4168d, 0xc00c303e,
          0x6006181f, 0xb2f53777, 0xdb8ca0c3, 0xef306b19),
    SLICE(0xf56e0ef4, 0x7ab7077a, 0x3d5b83bd, 0x9c5bfaa6,
          0x4e2dfd53, 0xa5e0c5d1, 0xd0065990, 0x68032cc8),
    SLICE(0x34019664, 0x1a00cb32, 0x0d006599, 0x847609b4,
          0x423b04da, 0x211d826d, 0x9278fa4e, 0x493c7d27),
};

static uint32_t step_eight(uint32_t crc, const uint8_t *p)
{
    uint32_t low = crc ^ lq_crc32c_get(p);
    return tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
           tables[4][low >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
           tables[0][p[7]];
}

uint32_t lq_crc32c_table(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes)
{
    crc = ~crc;
    for (; size_bytes >= 8; size_bytes -= 8, bytes += 8)
        crc = step_eight(crc, bytes);
    for (; size_bytes > 0; size_bytes--)
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes++) & 0xff];
    return ~crc;
}
