/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/frame.h"

#include <string.h>

#include "conformance/wire/pdu.h"

enum {
    MAC_BYTES = 6,
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    FCOE_BYTES = 14,   /* version, reserved, SOF [FC-BB-6 7.7] */
    TRAILER_BYTES = 8, /* CRC, EOF, reserved */
    FC_BYTES = 24,
    DATA_BYTES_MAX = 2112,
    CRC_BYTES = 4,
    FIP_BYTES = 10
};

enum { TYPE_FCOE = 0x8906, TYPE_FIP = 0x8914, TYPE_VLAN = 0x8100 };

/* The polynomial of IEEE 802.3, bits reflected. */
#define POLYNOMIAL UINT32_C(0xedb88320)

void lq_wire_crc32_init(struct lq_wire_crc32 *crc)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++)
            rest = (rest & 1) != 0 ? rest >> 1 ^ POLYNOMIAL : rest >> 1;
        crc->table[byte] = rest;
    }
}

static uint32_t crc_of(const struct lq_wire_crc32 *crc, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t state = UINT32_MAX;
    for (uint32_t i = 0; i < size_bytes; i++)
        state = state >> 8 ^ crc->table[(state ^ bytes[i]) & 0xff];
    return state ^ UINT32_MAX;
}

/* Optional headers between header and payload [FC-FS-4 10]: network 16 bytes, association obsolete
 * 32, device 16, 32 or 64. */
static uint32_t optional_bytes(uint8_t df_ctl)
{
    static const uint8_t device[] = {0, 16, 32, 64};
    return ((df_ctl & 0x20) != 0 ? 16U : 0) + ((df_ctl & 0x10) != 0 ? 32U : 0) +
           device[df_ctl & 3];
}

static enum lq_wire_frame_fault read_fc(const struct lq_wire_crc32 *crc, const uint8_t *bytes,
                                        uint32_t size_bytes, struct lq_wire_frame *frame)
{
    if (size_bytes < FCOE_BYTES + FC_BYTES + TRAILER_BYTES)
        return LQ_WIRE_FRAME_SHORT;
    if (bytes[0] >> 4 != 0)
        return LQ_WIRE_FRAME_VERSION;
    const uint8_t *fc = bytes + FCOE_BYTES, *trailer = bytes + size_bytes - TRAILER_BYTES;
    uint32_t fc_bytes = (uint32_t)(trailer - fc);
    frame->sof = bytes[FCOE_BYTES - 1];
    frame->eof = trailer[CRC_BYTES];
    frame->r_ctl = fc[0];
    frame->d_id = lq_wire_be24(fc + 1);
    frame->cs_ctl = fc[4];
    frame->s_id = lq_wire_be24(fc + 5);
    frame->type = fc[8];
    frame->f_ctl = lq_wire_be24(fc + 9);
    frame->seq_id = fc[12];
    frame->df_ctl = fc[13];
    frame->seq_cnt = (uint16_t)lq_wire_be16(fc + 14);
    frame->ox_id = (uint16_t)lq_wire_be16(fc + 16);
    frame->rx_id = (uint16_t)lq_wire_be16(fc + 18);
    frame->parameter = lq_wire_be32(fc + 20);
    if (fc_bytes % 4 != 0)
        return LQ_WIRE_FRAME_SHORT;
    if (fc_bytes > FC_BYTES + DATA_BYTES_MAX)
        return LQ_WIRE_FRAME_LONG;
    /* The CRC goes out least significant byte first, unlike all else. */
    uint32_t said = (uint32_t)trailer[3] << 24 | (uint32_t)trailer[2] << 16 |
                    (uint32_t)trailer[1] << 8 | trailer[0];
    if (said != crc_of(crc, fc, fc_bytes))
        return LQ_WIRE_FRAME_CRC;
    uint32_t before = FC_BYTES + optional_bytes(frame->df_ctl);
    uint32_t behind = frame->f_ctl & LQ_WIRE_FILL;
    if (before + behind > fc_bytes)
        return LQ_WIRE_FRAME_FILL;
    frame->payload = fc + before;
    frame->payload_bytes = fc_bytes - before - behind;
    return LQ_WIRE_FRAME_GOOD;
}

static void read_fip(const uint8_t *bytes, uint32_t size_bytes, struct lq_wire_frame *frame)
{
    if (size_bytes < FIP_BYTES)
        return;
    uint32_t descriptors = (uint32_t)(uint16_t)lq_wire_be16(bytes + 6) * 4;
    frame->kind = LQ_WIRE_FIP;
    frame->operation = (uint16_t)lq_wire_be16(bytes + 2);
    frame->subcode = bytes[5];
    frame->flags = (uint16_t)lq_wire_be16(bytes + 8);
    frame->payload = bytes + FIP_BYTES;
    frame->payload_bytes = descriptors;
    if (FIP_BYTES + descriptors > size_bytes) {
        frame->payload_bytes = size_bytes - FIP_BYTES;
        frame->fault = LQ_WIRE_FRAME_SHORT;
    }
}

void lq_wire_frame_read(const struct lq_wire_crc32 *crc, const uint8_t *bytes,
                        uint32_t size_bytes, struct lq_wire_frame *frame)
{
    *frame = (struct lq_wire_frame){.kind = LQ_WIRE_OTHER};
    if (size_bytes < ETHERNET_BYTES)
        return;
    uint32_t at = ETHERNET_BYTES;
    frame->destination = lq_wire_be48(bytes);
    frame->source = lq_wire_be48(bytes + MAC_BYTES);
    uint32_t type = (uint16_t)lq_wire_be16(bytes + at - 2);
    if (type == TYPE_VLAN && size_bytes >= at + TAG_BYTES) {
        at += TAG_BYTES;
        type = (uint16_t)lq_wire_be16(bytes + at - 2);
    }
    if (type == TYPE_FCOE) {
        frame->kind = LQ_WIRE_FCOE;
        frame->fault = read_fc(crc, bytes + at, size_bytes - at, frame);
    } else if (type == TYPE_FIP) {
        read_fip(bytes + at, size_bytes - at, frame);
    }
}

/* --- information units ------------------------------------------------------------------------ */

bool lq_wire_cmnd_read(const struct lq_wire_frame *frame, struct lq_wire_cmnd *cmnd)
{
    const uint8_t *p = frame->payload;
    if (frame->payload_bytes < 32)
        return false;
    uint32_t more = (uint32_t)(p[11] >> 2) * 4; /* additional CDB bytes */
    if (frame->payload_bytes < 32 + more)
        return false;
    *cmnd = (struct lq_wire_cmnd){.lun = lq_wire_be64(p),
                                  .crn = p[8],
                                  .attribute = p[9] & 7,
                                  .tm_flags = p[10],
                                  .reads = (p[11] & 2) != 0,
                                  .writes = (p[11] & 1) != 0,
                                  .expected_bytes = lq_wire_be32(p + 28 + more)};
    memcpy(cmnd->cdb, p + 12, sizeof cmnd->cdb);
    return true;
}

bool lq_wire_rsp_read(const struct lq_wire_frame *frame, struct lq_wire_rsp *rsp)
{
    const uint8_t *p = frame->payload;
    if (frame->payload_bytes < 24)
        return false;
    bool has_info = (p[10] & 1) != 0, has_sense = (p[10] & 2) != 0;
    uint32_t info_bytes = has_info ? lq_wire_be32(p + 20) : 0;
    uint32_t sense_bytes = has_sense ? lq_wire_be32(p + 16) : 0;
    if (info_bytes > 8 || sense_bytes > 252 ||
        frame->payload_bytes < 24 + info_bytes + sense_bytes)
        return false;
    *rsp = (struct lq_wire_rsp){.status = p[11],
                                .flags = p[10],
                                .overflow = (p[10] & 4) != 0,
                                .underflow = (p[10] & 8) != 0,
                                .wants_confirmation = (p[10] & 0x10) != 0,
                                .residual = lq_wire_be32(p + 12),
                                .has_code = info_bytes >= 4,
                                .code = info_bytes >= 4 ? p[27] : 0,
                                .sense_bytes = sense_bytes,
                                .sense = p + 24 + info_bytes};
    return true;
}

bool lq_wire_ready_read(const struct lq_wire_frame *frame, struct lq_wire_ready *ready)
{
    if (frame->payload_bytes < 12)
        return false;
    ready->offset = lq_wire_be32(frame->payload);
    ready->burst_bytes = lq_wire_be32(frame->payload + 4);
    return true;
}

uint8_t lq_wire_els_command(const struct lq_wire_frame *frame)
{
    return frame->payload_bytes > 0 ? frame->payload[0] : 0;
}
