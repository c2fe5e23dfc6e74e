/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fc/frame.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/crc_tables.h"

/* The polynomial edb88320h (reflected) [FC-FS-3, CRC]. */
static const uint32_t tables[8][256] = {
    LQ_CRC_SLICE(0xedb88320, 0x76dc4190, 0x3b6e20c8, 0x1db71064,
                 0x0edb8832, 0x076dc419, 0xee0e612c, 0x77073096),
    LQ_CRC_SLICE(0x3b83984b, 0xf0794f05, 0x958424a2, 0x4ac21251,
                 0xc8d98a08, 0x646cc504, 0x32366282, 0x191b3141),
    LQ_CRC_SLICE(0xe1351b80, 0x709a8dc0, 0x384d46e0, 0x1c26a370,
                 0x0e1351b8, 0x0709a8dc, 0x0384d46e, 0x01c26a37),
    LQ_CRC_SLICE(0xed59b63b, 0x9b14583d, 0xa032af3e, 0x5019579f,
                 0xc5b428ef, 0x8f629757, 0xaa09c88b, 0xb8bc6765),
    LQ_CRC_SLICE(0xb1e6b092, 0x58f35849, 0xc1c12f04, 0x60e09782,
                 0x30704bc1, 0xf580a6c0, 0x7ac05360, 0x3d6029b0),
    LQ_CRC_SLICE(0x1eb014d8, 0x0f580a6c, 0x07ac0536, 0x03d6029b,
                 0xec53826d, 0x9b914216, 0x4dc8a10b, 0xcb5cd3a5),
    LQ_CRC_SLICE(0x8816eaf2, 0x440b7579, 0xcfbd399c, 0x67de9cce,
                 0x33ef4e67, 0xf44f2413, 0x979f1129, 0xa6770bb4),
    LQ_CRC_SLICE(0x533b85da, 0x299dc2ed, 0xf9766256, 0x7cbb312b,
                 0xd3e51bb5, 0x844a0efa, 0x4225077d, 0xccaa009e),
};

uint32_t lq_fc_crc32(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes)
{
    return lq_crc_by_tables(tables, crc, bytes, size_bytes);
}

bool lq_fc_frame_decode(struct lq_fc_frame *frame, const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes < LQ_FC_HEADER_BYTES || size_bytes % 4 != 0 ||
        size_bytes > LQ_FC_HEADER_BYTES + LQ_FC_PAYLOAD_BYTES_MAX)
        return false;
    *frame = (struct lq_fc_frame){.r_ctl = bytes[0],
                                  .d_id = lq_get_be24(bytes + 1),
                                  .cs_ctl = bytes[4],
                                  .s_id = lq_get_be24(bytes + 5),
                                  .type = bytes[8],
                                  .f_ctl = lq_get_be24(bytes + 9),
                                  .seq_id = bytes[12],
                                  .df_ctl = bytes[13],
                                  .seq_cnt = lq_get_be16(bytes + 14),
                                  .ox_id = lq_get_be16(bytes + 16),
                                  .rx_id = lq_get_be16(bytes + 18),
                                  .parameter = lq_get_be32(bytes + 20),
                                  .payload = bytes + LQ_FC_HEADER_BYTES};
    uint32_t data_field = size_bytes - LQ_FC_HEADER_BYTES, fill = lq_fc_frame_fill_bytes(frame);
    if (fill > data_field)
        return false;
    frame->payload_bytes = data_field - fill;
    memcpy(frame->fill, frame->payload + frame->payload_bytes, fill);
    return true;
}

void lq_fc_frame_encode(const struct lq_fc_frame *frame, uint8_t header[LQ_FC_HEADER_BYTES])
{
    header[0] = frame->r_ctl;
    lq_put_be24(header + 1, frame->d_id);
    header[4] = frame->cs_ctl;
    lq_put_be24(header + 5, frame->s_id);
    header[8] = frame->type;
    lq_put_be24(header + 9, frame->f_ctl);
    header[12] = frame->seq_id;
    header[13] = frame->df_ctl;
    lq_put_be16(header + 14, frame->seq_cnt);
    lq_put_be16(header + 16, frame->ox_id);
    lq_put_be16(header + 18, frame->rx_id);
    lq_put_be32(header + 20, frame->parameter);
}

/* Bits of DF_CTL [FC-FS-3]; association headers are obsolete. */
enum { ENCAPSULATED = 0x40, NETWORK_HEADER = 0x20, DEVICE_HEADER_MASK = 0x03 };

bool lq_fc_frame_data(const struct lq_fc_frame *frame, struct lq_slice *data)
{
    static const uint8_t device_header_bytes[] = {0, 16, 32, 64};
    uint32_t skip = device_header_bytes[frame->df_ctl & DEVICE_HEADER_MASK];
    skip += (frame->df_ctl & NETWORK_HEADER) != 0 ? 16 : 0;
    if ((frame->df_ctl & ENCAPSULATED) != 0 || skip > frame->payload_bytes)
        return false;
    data->bytes = skip == 0 ? frame->payload : frame->payload + skip;
    data->size_bytes = frame->payload_bytes - skip;
    return true;
}

uint32_t lq_fc_frame_crc(const struct lq_fc_frame *frame)
{
    uint8_t header[LQ_FC_HEADER_BYTES];
    lq_fc_frame_encode(frame, header);
    uint32_t crc = lq_fc_crc32(0, header, sizeof header);
    crc = lq_fc_crc32(crc, frame->payload, frame->payload_bytes);
    return lq_fc_crc32(crc, frame->fill, lq_fc_frame_fill_bytes(frame));
}
