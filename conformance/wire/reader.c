/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/reader.h"

#include <string.h>

void lq_wire_reader_init(struct lq_wire_reader *reader, const struct lq_wire_crc *crc)
{
    reader->crc = crc;
    reader->header_digest = reader->data_digest = false;
    reader->header_broken = reader->data_broken = false;
    reader->have_bytes = reader->total_bytes = 0;
    reader->data_at = reader->data_bytes = reader->kept_bytes = 0;
    reader->header_end = reader->data_end = 0;
    reader->pdus = 0;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The data of these is worth keeping whole; of the others only what sense data and parameter
 * lists may need. */
static uint32_t bytes_worth_keeping(const uint8_t *header)
{
    switch (lq_wire_opcode_of(header)) {
    case LQ_WIRE_LOGIN_REQUEST:
    case LQ_WIRE_LOGIN_RESPONSE:
    case LQ_WIRE_TEXT_REQUEST:
    case LQ_WIRE_TEXT_RESPONSE:
    case LQ_WIRE_SCSI_RESPONSE:
        return LQ_WIRE_DATA_KEPT;
    case LQ_WIRE_SCSI_COMMAND:
    case LQ_WIRE_DATA_OUT:
    case LQ_WIRE_DATA_IN:
    case LQ_WIRE_ASYNC:
    case LQ_WIRE_REJECT:
        return 256;
    default:
        return 0;
    }
}

/* The header is here: all lengths follow from it [RFC 7143 11.1]. */
static void measure(struct lq_wire_reader *reader)
{
    reader->data_bytes = lq_wire_data_bytes(reader->header);
    reader->header_end = LQ_WIRE_HEADER_BYTES + lq_wire_ahs_bytes(reader->header);
    reader->data_at = reader->header_end + (reader->header_digest ? 4 : 0);
    reader->data_end = reader->data_at + ((reader->data_bytes + 3) & ~UINT32_C(3));
    reader->total_bytes =
        reader->data_end + (reader->data_digest && reader->data_bytes > 0 ? 4 : 0);
    reader->kept_bytes = 0;
    reader->header_says = reader->data_says = 0;
    reader->header_crc = reader->data_crc = lq_wire_crc_begin();
    if (reader->header_digest)
        reader->header_crc = lq_wire_crc_go_on(reader->crc, reader->header_crc, reader->header,
                                               LQ_WIRE_HEADER_BYTES);
}

/* The part of a piece, which stands at FROM and ends at TO, that lies between LOW and HIGH. */
struct part {
    const uint8_t *bytes;
    uint32_t at, size; /* at: counted from LOW */
};

static struct part part_of(const uint8_t *piece, uint32_t from, uint32_t to, uint32_t low,
                           uint32_t high)
{
    uint32_t begin = from > low ? from : low, end = min_u32(to, high);
    if (begin >= end)
        return (struct part){piece, 0, 0};
    return (struct part){piece + (begin - from), begin - low, end - begin};
}

static void keep_data(struct lq_wire_reader *reader, const uint8_t *piece, uint32_t from,
                      uint32_t to)
{
    uint32_t worth = min_u32(reader->data_bytes, bytes_worth_keeping(reader->header));
    struct part part = part_of(piece, from, to, reader->data_at, reader->data_at + worth);
    if (part.size == 0)
        return;
    memcpy(reader->data + part.at, part.bytes, part.size);
    reader->kept_bytes = part.at + part.size;
}

/* What a digest covers lies between LOW and HIGH, and the digest behind it, its least significant
 * byte first [RFC 7143 A.4]. */
static void check(const struct lq_wire_reader *reader, const uint8_t *piece, uint32_t from,
                  uint32_t to, uint32_t low, uint32_t high, uint32_t *crc, uint32_t *says)
{
    struct part covered = part_of(piece, from, to, low, high);
    struct part digest = part_of(piece, from, to, high, high + 4);
    *crc = lq_wire_crc_go_on(reader->crc, *crc, covered.bytes, covered.size);
    for (uint32_t i = 0; i < digest.size; i++)
        *says |= (uint32_t)digest.bytes[i] << 8 * (digest.at + i);
}

static void check_digests(struct lq_wire_reader *reader, const uint8_t *piece, uint32_t from,
                          uint32_t to)
{
    bool has_header = reader->data_at > reader->header_end;
    bool has_data = reader->total_bytes > reader->data_end;
    if (has_header && from < reader->data_at)
        check(reader, piece, from, to, LQ_WIRE_HEADER_BYTES, reader->header_end,
              &reader->header_crc, &reader->header_says);
    if (has_data)
        check(reader, piece, from, to, reader->data_at, reader->data_end, &reader->data_crc,
              &reader->data_says);
    reader->header_broken =
        has_header && lq_wire_crc_end(reader->header_crc) != reader->header_says;
    reader->data_broken = has_data && lq_wire_crc_end(reader->data_crc) != reader->data_says;
}

uint32_t lq_wire_take(struct lq_wire_reader *reader, const uint8_t *bytes, uint32_t size_bytes,
                      bool *complete)
{
    uint32_t taken = 0;
    *complete = false;
    if (reader->have_bytes == reader->total_bytes)
        reader->have_bytes = reader->total_bytes = 0;
    if (reader->have_bytes < LQ_WIRE_HEADER_BYTES) {
        taken = min_u32(size_bytes, LQ_WIRE_HEADER_BYTES - reader->have_bytes);
        if (taken > 0)
            memcpy(reader->header + reader->have_bytes, bytes, taken);
        reader->have_bytes += taken;
        if (reader->have_bytes < LQ_WIRE_HEADER_BYTES)
            return taken;
        measure(reader);
    }
    uint32_t step = min_u32(size_bytes - taken, reader->total_bytes - reader->have_bytes);
    uint32_t from = reader->have_bytes, to = from + step;
    keep_data(reader, bytes + taken, from, to);
    check_digests(reader, bytes + taken, from, to);
    reader->have_bytes = to;
    if (reader->have_bytes == reader->total_bytes) {
        *complete = true;
        reader->pdus++;
    }
    return taken + step;
}
