/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of Fibre Channel over Ethernet for readers who judge: where fields are, from the
 * standards [FC-BB-6, FC-FS-4, FCP-4, FC-LS-3], lenient, and nothing in common with those who
 * wrote the frames.
 *
 * What this is not: it keeps nothing; whose frame belongs to what is the judges' (judges/fc.c).
 * Who uses it: judges; tests that read foreign captures.
 */
#ifndef LQ_CONFORMANCE_WIRE_FRAME_H
#define LQ_CONFORMANCE_WIRE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum lq_wire_frame_kind {
    LQ_WIRE_OTHER, /* no frame that we read */
    LQ_WIRE_FCOE,  /* type 8906h */
    LQ_WIRE_FIP    /* type 8914h */
};

/* What is wrong with a frame of FCoE; the fields hold what could be read. */
enum lq_wire_frame_fault {
    LQ_WIRE_FRAME_GOOD,
    LQ_WIRE_FRAME_SHORT,   /* than all its headers, or not of whole words */
    LQ_WIRE_FRAME_LONG,    /* a data field of more than 2112 bytes */
    LQ_WIRE_FRAME_VERSION, /* of FCoE other than 0 */
    LQ_WIRE_FRAME_CRC,
    LQ_WIRE_FRAME_FILL     /* more fill bytes than data */
};

struct lq_wire_frame {
    enum lq_wire_frame_kind kind;
    enum lq_wire_frame_fault fault;
    uint64_t destination, source; /* MAC addresses */
    uint8_t sof, eof;
    uint8_t r_ctl, cs_ctl, type, seq_id, df_ctl;
    uint32_t d_id, s_id, f_ctl;
    uint16_t seq_cnt, ox_id, rx_id;
    uint32_t parameter;
    const uint8_t *payload; /* behind optional headers, without fill bytes */
    uint32_t payload_bytes;
    /* FIP: operation and subcode, flags; descriptors stand in the payload. */
    uint16_t operation, flags;
    uint8_t subcode;
};

/* R_CTL, whole bytes [FC-FS-4 9.2, FCP-4 table 22]. */
enum {
    LQ_WIRE_FCP_DATA = 0x01,
    LQ_WIRE_FCP_CONF = 0x03,
    LQ_WIRE_FCP_XFER_RDY = 0x05,
    LQ_WIRE_FCP_CMND = 0x06,
    LQ_WIRE_FCP_RSP = 0x07,
    LQ_WIRE_ELS_REQUEST = 0x22,
    LQ_WIRE_ELS_REPLY = 0x23,
    LQ_WIRE_FC4_REQUEST = 0x32, /* of type FCP: SRR */
    LQ_WIRE_FC4_REPLY = 0x33,
    LQ_WIRE_ABTS = 0x81,
    LQ_WIRE_BA_ACC = 0x84,
    LQ_WIRE_BA_RJT = 0x85
};

/* F_CTL bits [FC-FS-4 9.9]. */
enum {
    LQ_WIRE_RESPONDER = 0x800000,
    LQ_WIRE_FIRST_SEQUENCE = 0x200000,
    LQ_WIRE_LAST_SEQUENCE = 0x100000,
    LQ_WIRE_END_SEQUENCE = 0x080000,
    LQ_WIRE_INITIATIVE = 0x010000,
    LQ_WIRE_RELATIVE_OFFSET = 0x000008,
    LQ_WIRE_FILL = 0x000003
};

enum { LQ_WIRE_TYPE_BLS = 0x00, LQ_WIRE_TYPE_ELS = 0x01, LQ_WIRE_TYPE_FCP = 0x08 };

/* ELS command codes [FC-LS-3 table 3]. */
enum {
    LQ_WIRE_LS_RJT = 0x01,
    LQ_WIRE_LS_ACC = 0x02,
    LQ_WIRE_PLOGI = 0x03,
    LQ_WIRE_FLOGI = 0x04,
    LQ_WIRE_LOGO = 0x05,
    LQ_WIRE_RRQ = 0x12,
    LQ_WIRE_REC = 0x13,
    LQ_WIRE_SRR = 0x14, /* an FC-4 link service [FCP-4] */
    LQ_WIRE_PRLI = 0x20,
    LQ_WIRE_PRLO = 0x21,
    LQ_WIRE_FDISC = 0x51,
    LQ_WIRE_RSCN = 0x61
};

/* The remainders of CRC-32; digests of iSCSI have another polynomial (crc.h). */
struct lq_wire_crc32 {
    uint32_t table[256];
};

void lq_wire_crc32_init(struct lq_wire_crc32 *crc);

/* Reads an Ethernet frame from its destination address on; one VLAN tag is passed over. */
void lq_wire_frame_read(const struct lq_wire_crc32 *crc, const uint8_t *bytes,
                        uint32_t size_bytes, struct lq_wire_frame *frame);

/* --- information units [FCP-4 9] -------------------------------------------------------------- */

struct lq_wire_cmnd {
    uint64_t lun;
    uint8_t crn, attribute, tm_flags;
    bool reads, writes;
    uint8_t cdb[16];
    uint32_t expected_bytes; /* FCP_DL */
};

/* False: too short. */
bool lq_wire_cmnd_read(const struct lq_wire_frame *frame, struct lq_wire_cmnd *cmnd);

struct lq_wire_rsp {
    uint8_t status, flags;
    bool overflow, underflow, wants_confirmation;
    uint32_t residual;
    bool has_code;
    uint8_t code; /* RSP_CODE */
    uint32_t sense_bytes;
    const uint8_t *sense;
};

bool lq_wire_rsp_read(const struct lq_wire_frame *frame, struct lq_wire_rsp *rsp);

struct lq_wire_ready {
    uint32_t offset, burst_bytes;
};

bool lq_wire_ready_read(const struct lq_wire_frame *frame, struct lq_wire_ready *ready);

/* The command of an ELS or FC-4 link service; 0 when the frame has none. */
uint8_t lq_wire_els_command(const struct lq_wire_frame *frame);

#endif
