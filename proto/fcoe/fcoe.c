/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fcoe/fcoe.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"

enum { VERSION_BYTE_RESERVED = 0x0f, SOF_AT = 13, EOF_AT = 4, TRAILER_RESERVED_AT = 5 };

uint32_t lq_ethernet_decode(struct lq_ethernet *ethernet, const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes < LQ_ETHERNET_BYTES)
        return 0;
    *ethernet = (struct lq_ethernet){.destination = lq_get_be48(bytes),
                                     .source = lq_get_be48(bytes + 6),
                                     .type = lq_get_be16(bytes + 12)};
    if (ethernet->type != LQ_ETHERTYPE_VLAN)
        return LQ_ETHERNET_BYTES;
    if (size_bytes < LQ_ETHERNET_BYTES + LQ_ETHERNET_TAG_BYTES)
        return 0;
    ethernet->is_tagged = true;
    ethernet->tag = lq_get_be16(bytes + 14);
    ethernet->type = lq_get_be16(bytes + 16);
    return LQ_ETHERNET_BYTES + LQ_ETHERNET_TAG_BYTES;
}

uint32_t lq_ethernet_encode(const struct lq_ethernet *ethernet, uint8_t *bytes)
{
    lq_put_be48(bytes, ethernet->destination);
    lq_put_be48(bytes + 6, ethernet->source);
    uint32_t at = 12;
    if (ethernet->is_tagged) {
        lq_put_be16(bytes + at, LQ_ETHERTYPE_VLAN);
        lq_put_be16(bytes + at + 2, ethernet->tag);
        at += LQ_ETHERNET_TAG_BYTES;
    }
    lq_put_be16(bytes + at, ethernet->type);
    return at + 2;
}

static uint32_t get_le32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

enum lq_fcoe_error lq_fcoe_decode(struct lq_fcoe *fcoe, const uint8_t *bytes, uint32_t size_bytes,
                                  lq_fc_crc32_function crc32)
{
    static const uint32_t around = LQ_FCOE_HEADER_BYTES + LQ_FCOE_TRAILER_BYTES;
    if (size_bytes < around + LQ_FC_HEADER_BYTES ||
        size_bytes > around + LQ_FC_HEADER_BYTES + LQ_FC_PAYLOAD_BYTES_MAX)
        return LQ_FCOE_LENGTH;
    const uint8_t *frame = bytes + LQ_FCOE_HEADER_BYTES;
    uint32_t frame_bytes = size_bytes - around;
    const uint8_t *trailer = frame + frame_bytes;
    if (frame_bytes % 4 != 0)
        return LQ_FCOE_LENGTH;
    if (bytes[0] >> 4 != 0)
        return LQ_FCOE_VERSION;
    if ((crc32 == NULL ? lq_fc_crc32 : crc32)(0, frame, frame_bytes) != get_le32(trailer))
        return LQ_FCOE_CRC;
    if (!lq_fc_frame_decode(&fcoe->fc, frame, frame_bytes))
        return LQ_FCOE_FRAME;
    fcoe->fc.sof = bytes[SOF_AT];
    fcoe->fc.eof = trailer[EOF_AT];
    fcoe->version = bytes[0] >> 4;
    memcpy(fcoe->reserved, bytes, sizeof fcoe->reserved);
    fcoe->reserved[0] &= VERSION_BYTE_RESERVED;
    memcpy(fcoe->trailer_reserved, trailer + TRAILER_RESERVED_AT, sizeof fcoe->trailer_reserved);
    return LQ_FCOE_OK;
}

bool lq_fcoe_is_class_3(const struct lq_fc_frame *frame)
{
    return (frame->sof == LQ_FC_SOF_I3 || frame->sof == LQ_FC_SOF_N3) &&
           (frame->eof == LQ_FC_EOF_N || frame->eof == LQ_FC_EOF_T);
}

void lq_fcoe_encode(const struct lq_ethernet *ethernet, const struct lq_fcoe *fcoe,
                    lq_fc_crc32_function crc32, struct lq_fcoe_ends *ends)
{
    const struct lq_fc_frame *fc = &fcoe->fc;
    uint32_t fill = lq_fc_frame_fill_bytes(fc);
    LQ_ASSERT((fc->payload_bytes + fill) % 4 == 0 &&
              fc->payload_bytes + fill <= LQ_FC_PAYLOAD_BYTES_MAX);
    uint8_t *header = ends->head + lq_ethernet_encode(ethernet, ends->head);
    memcpy(header, fcoe->reserved, sizeof fcoe->reserved);
    header[0] = (uint8_t)(fcoe->version << 4 | (header[0] & VERSION_BYTE_RESERVED));
    header[SOF_AT] = fc->sof;
    uint8_t *frame = header + LQ_FCOE_HEADER_BYTES;
    lq_fc_frame_encode(fc, frame);
    ends->head_bytes = (uint32_t)(frame - ends->head) + LQ_FC_HEADER_BYTES;
    memcpy(ends->tail, fc->fill, fill);
    if (crc32 == NULL)
        crc32 = lq_fc_crc32;
    uint32_t crc = crc32(crc32(0, frame, LQ_FC_HEADER_BYTES), fc->payload, fc->payload_bytes);
    crc = crc32(crc, fc->fill, fill);
    uint8_t *trailer = ends->tail + fill;
    for (uint32_t i = 0; i < LQ_FC_CRC_BYTES; i++)
        trailer[i] = (uint8_t)(crc >> (8 * i));
    trailer[EOF_AT] = fc->eof;
    memcpy(trailer + TRAILER_RESERVED_AT, fcoe->trailer_reserved, sizeof fcoe->trailer_reserved);
    ends->tail_bytes = fill + LQ_FCOE_TRAILER_BYTES;
}
