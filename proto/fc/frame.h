/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FC-2 frames [FC-FS-3]: the header, the fields of F_CTL, start and end of frame, CRC.
 *
 * What this is not: an exchange, nor a link. A frame is a value that points to its payload; nothing
 * of it is kept here. Bytes that nobody knows stay: what was decoded is encoded byte for byte.
 *
 * Who uses it: all of proto/fc and proto/fcoe.
 */
#ifndef LQ_PROTO_FC_FRAME_H
#define LQ_PROTO_FC_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

enum {
    LQ_FC_HEADER_BYTES = 24,
    LQ_FC_PAYLOAD_BYTES_MAX = 2112, /* data field: optional headers, payload and fill bytes */
    LQ_FC_CRC_BYTES = 4
};

/* Start and end of frame as FCoE codes them [FC-BB-6 7.7, RFC 3643 table 1]. */
enum lq_fc_sof { LQ_FC_SOF_F = 0x28, LQ_FC_SOF_I3 = 0x2e, LQ_FC_SOF_N3 = 0x36 };
enum lq_fc_eof {
    LQ_FC_EOF_N = 0x41,
    LQ_FC_EOF_T = 0x42,
    LQ_FC_EOF_NI = 0x49,
    LQ_FC_EOF_A = 0x50
};

/* R_CTL: routing and information [FC-FS-3, R_CTL field]. */
enum lq_fc_r_ctl {
    LQ_FC_R_CTL_SOLICITED_DATA = 0x01,        /* FCP_DATA */
    LQ_FC_R_CTL_UNSOLICITED_CONTROL = 0x02,   /* a CT request */
    LQ_FC_R_CTL_SOLICITED_CONTROL = 0x03,     /* a CT reply, FCP_CONF */
    LQ_FC_R_CTL_DATA_DESCRIPTOR = 0x05,       /* FCP_XFER_RDY */
    LQ_FC_R_CTL_UNSOLICITED_COMMAND = 0x06,   /* FCP_CMND */
    LQ_FC_R_CTL_COMMAND_STATUS = 0x07,        /* FCP_RSP */
    LQ_FC_R_CTL_ELS_REQUEST = 0x22,
    LQ_FC_R_CTL_ELS_REPLY = 0x23,
    LQ_FC_R_CTL_FC4_REQUEST = 0x32,           /* FC-4 link service: SRR */
    LQ_FC_R_CTL_FC4_REPLY = 0x33,
    LQ_FC_R_CTL_NOP = 0x80,
    LQ_FC_R_CTL_ABTS = 0x81,
    LQ_FC_R_CTL_BA_ACC = 0x84,
    LQ_FC_R_CTL_BA_RJT = 0x85
};

/* TYPE [FC-FS-3, TYPE field]. */
enum lq_fc_type {
    LQ_FC_TYPE_BLS = 0x00,
    LQ_FC_TYPE_ELS = 0x01,
    LQ_FC_TYPE_FCP = 0x08,
    LQ_FC_TYPE_CT = 0x20
};

/* Bits of F_CTL [FC-FS-3, F_CTL field]. */
enum lq_fc_f_ctl {
    LQ_FC_F_CTL_RESPONDER = 0x800000,          /* Exchange Context: sent by the Responder */
    LQ_FC_F_CTL_SEQUENCE_RECIPIENT = 0x400000, /* Sequence Context */
    LQ_FC_F_CTL_FIRST_SEQUENCE = 0x200000,
    LQ_FC_F_CTL_LAST_SEQUENCE = 0x100000,
    LQ_FC_F_CTL_END_SEQUENCE = 0x080000,
    LQ_FC_F_CTL_PRIORITY = 0x020000,
    LQ_FC_F_CTL_SEQUENCE_INITIATIVE = 0x010000, /* transferred */
    LQ_FC_F_CTL_ABORT_MASK = 0x000030,          /* Abort Sequence Condition */
    LQ_FC_F_CTL_RELATIVE_OFFSET = 0x000008,     /* the parameter field holds one */
    LQ_FC_F_CTL_FILL_MASK = 0x000003            /* how many fill bytes */
};

/* Well-known addresses [FC-FS-3, well-known addresses]. */
#define LQ_FC_FLOGI_ADDRESS UINT32_C(0xfffffe)      /* F_Port Controller */
#define LQ_FC_CONTROLLER_ADDRESS UINT32_C(0xfffffd) /* Fabric Controller */
#define LQ_FC_DIRECTORY_ADDRESS UINT32_C(0xfffffc)  /* Directory Server */
#define LQ_FC_BROADCAST_ADDRESS UINT32_C(0xffffff)

#define LQ_FC_ID_UNASSIGNED UINT16_C(0xffff) /* OX_ID, RX_ID */

struct lq_fc_frame {
    uint8_t sof, eof; /* enum lq_fc_sof, enum lq_fc_eof */
    uint8_t r_ctl, cs_ctl, type, seq_id, df_ctl;
    uint32_t d_id, s_id, f_ctl; /* 24 bits each */
    uint16_t seq_cnt, ox_id, rx_id;
    uint32_t parameter;
    const uint8_t *payload; /* optional headers included, fill bytes not */
    uint32_t payload_bytes; /* 0..LQ_FC_PAYLOAD_BYTES_MAX */
    uint8_t fill[3];        /* what stands in the fill bytes, F_CTL saying how many */
};

/* Takes BYTES apart: header and data field, without CRC. SOF and EOF are the caller's to set;
 * the payload points into BYTES. False: not a frame (too short or long, not of whole words, more
 * fill bytes than data); FRAME is then undefined. */
bool lq_fc_frame_decode(struct lq_fc_frame *frame, const uint8_t *bytes, uint32_t size_bytes);

/* Writes the header; payload and lq_fc_frame_fill_bytes() bytes of frame->fill go behind it. */
void lq_fc_frame_encode(const struct lq_fc_frame *frame, uint8_t header[LQ_FC_HEADER_BYTES]);

/* How many fill bytes follow the payload [FC-FS-3, F_CTL bits 1-0]. */
static inline uint32_t lq_fc_frame_fill_bytes(const struct lq_fc_frame *frame)
{
    return frame->f_ctl & LQ_FC_F_CTL_FILL_MASK;
}

/* The payload behind the optional headers that DF_CTL tells of. False: they do not
 * fit, or are of a kind that hides it (Encapsulating Security Payload). */
bool lq_fc_frame_data(const struct lq_fc_frame *frame, struct lq_slice *data);

/* The frame's CRC over header, payload and fill bytes [FC-FS-3, CRC]; on FCoE its least
 * significant byte goes first. */
uint32_t lq_fc_frame_crc(const struct lq_fc_frame *frame);

/* The CRC-32 of bytes whose first part has CRC (0: there is none) and whose rest are BYTES. */
uint32_t lq_fc_crc32(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes);

#endif
