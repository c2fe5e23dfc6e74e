/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/reader.h"

#include <string.h>

void lq_wire_reader_init(struct lq_wire_reader *reader)
{
    reader->header_digest = reader->data_digest = false;
    reader->have_bytes = reader->total_bytes = 0;
    reader->data_at = reader->data_bytes = reader->kept_bytes = 0;
    reader->pdus = 0;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The data of these is worth keeping whole; of the others only what sense data may need. */
static uint32_t bytes_worth_keeping(const uint8_t *header)
{
    switch (lq_wire_opcode_of(header)) {
    case LQ_WIRE_LOGIN_REQUEST:
    case LQ_WIRE_LOGIN_RESPONSE:
    case LQ_WIRE_TEXT_REQUEST:
    case LQ_WIRE_TEXT_RESPONSE:
    case LQ_WIRE_SCSI_RESPONSE:
        return LQ_WIRE_DATA_KEPT;
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
    reader->data_at = LQ_WIRE_HEADER_BYTES + lq_wire_ahs_bytes(reader->header) +
                      (reader->header_digest ? 4 : 0);
    uint32_t padded = (reader->data_bytes + 3) & ~UINT32_C(3);
    uint32_t digest = reader->data_digest && padded > 0 ? 4 : 0;
    reader->total_bytes = reader->data_at + padded + digest;
    reader->kept_bytes = 0;
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
    uint32_t keep_end =
        reader->data_at + min_u32(reader->data_bytes, bytes_worth_keeping(reader->header));
    uint32_t from = reader->have_bytes, to = from + step;
    uint32_t keep_from = from > reader->data_at ? from : reader->data_at;
    uint32_t keep_to = min_u32(to, keep_end);
    if (keep_from < keep_to) {
        memcpy(reader->data + (keep_from - reader->data_at), bytes + taken + (keep_from - from),
               keep_to - keep_from);
        reader->kept_bytes = keep_to - reader->data_at;
    }
    reader->have_bytes = to;
    if (reader->have_bytes == reader->total_bytes) {
        *complete = true;
        reader->pdus++;
    }
    return taken + step;
}
