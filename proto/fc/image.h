/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads as data: a row says where a field stands in a payload and in a struct, and one function
 * reads all rows, another writes them. What no row names stays as it was in the payload.
 *
 * Who uses it: the codecs of link services and of CT.
 */
#ifndef LQ_PROTO_FC_IMAGE_H
#define LQ_PROTO_FC_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* WIDTH bytes at BYTE of a payload, most significant first; the unsigned integer of SIZE bytes at
 * PLACE of the struct. WIDTH 0 ends a table. */
struct lq_fc_row {
    uint16_t byte;
    uint8_t width;
    uint8_t size;
    uint16_t place;
};

#define LQ_FC_ROW(type, member, byte, width)                                                     \
    {                                                                                            \
        byte, width, sizeof(((type *)0)->member), offsetof(type, member)                         \
    }
#define LQ_FC_ROWS_END                                                                           \
    {                                                                                            \
        0, 0, 0, 0                                                                               \
    }

static inline void lq_fc_row_store(uint8_t *place, uint8_t size, uint64_t value)
{
    uint8_t v8 = (uint8_t)value;
    uint16_t v16 = (uint16_t)value;
    uint32_t v32 = (uint32_t)value;
    memcpy(place, size == 1 ? (void *)&v8 : size == 2 ? (void *)&v16 : size == 4 ? (void *)&v32 :
           (void *)&value, size);
}

static inline uint64_t lq_fc_row_load(const uint8_t *place, uint8_t size)
{
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    switch (size) {
    case 1: memcpy(&v8, place, 1); return v8;
    case 2: memcpy(&v16, place, 2); return v16;
    case 4: memcpy(&v32, place, 4); return v32;
    default: memcpy(&v64, place, 8); return v64;
    }
}

/* Reads the fields that lie within SIZE_BYTES of PAYLOAD into the struct at OBJECT; others: 0. */
static inline void lq_fc_rows_read(const struct lq_fc_row *rows, const uint8_t *payload,
                                   uint32_t size_bytes, void *object)
{
    for (; rows->width != 0; rows++) {
        uint64_t value = 0;
        for (uint32_t i = 0; i < rows->width && rows->byte + rows->width <= size_bytes; i++)
            value = value << 8 | payload[rows->byte + i];
        lq_fc_row_store((uint8_t *)object + rows->place, rows->size, value);
    }
}

/* Writes them, as far as they lie within SIZE_BYTES. */
static inline void lq_fc_rows_write(const struct lq_fc_row *rows, uint8_t *payload,
                                    uint32_t size_bytes, const void *object)
{
    for (; rows->width != 0; rows++) {
        uint64_t value = lq_fc_row_load((const uint8_t *)object + rows->place, rows->size);
        for (uint32_t i = 0; i < rows->width && rows->byte + rows->width <= size_bytes; i++)
            payload[rows->byte + i] = (uint8_t)(value >> (8 * (rows->width - 1 - i)));
    }
}

#endif
