/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in an iSCSI PDU, written from RFC 7143 clause 11 for readers who judge.
 *
 * What this is not: a codec; it encodes nothing, and nothing of proto/ knows it. All numbers are
 * big-endian. `h` is the 48-byte basic header segment.
 */
#ifndef LQ_CONFORMANCE_WIRE_PDU_H
#define LQ_CONFORMANCE_WIRE_PDU_H

#include <stdbool.h>
#include <stdint.h>

/* Big-endian loads of its own, so that nothing is shared with who wrote the bytes. */
static inline uint32_t lq_wire_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t lq_wire_be24(const uint8_t *p)
{
    return lq_wire_be16(p) << 8 | p[2];
}

static inline uint32_t lq_wire_be32(const uint8_t *p)
{
    return lq_wire_be16(p) << 16 | lq_wire_be16(p + 2);
}

static inline uint64_t lq_wire_be48(const uint8_t *p)
{
    return (uint64_t)lq_wire_be32(p) << 16 | lq_wire_be16(p + 4);
}

static inline uint64_t lq_wire_be64(const uint8_t *p)
{
    return (uint64_t)lq_wire_be32(p) << 32 | lq_wire_be32(p + 4);
}

enum { LQ_WIRE_HEADER_BYTES = 48 };

/* [RFC 7143 11.2.1.2] */
enum lq_wire_opcode {
    LQ_WIRE_NOP_OUT = 0x00,
    LQ_WIRE_SCSI_COMMAND = 0x01,
    LQ_WIRE_TM_REQUEST = 0x02,
    LQ_WIRE_LOGIN_REQUEST = 0x03,
    LQ_WIRE_TEXT_REQUEST = 0x04,
    LQ_WIRE_DATA_OUT = 0x05,
    LQ_WIRE_LOGOUT_REQUEST = 0x06,
    LQ_WIRE_SNACK = 0x10,
    LQ_WIRE_NOP_IN = 0x20,
    LQ_WIRE_SCSI_RESPONSE = 0x21,
    LQ_WIRE_TM_RESPONSE = 0x22,
    LQ_WIRE_LOGIN_RESPONSE = 0x23,
    LQ_WIRE_TEXT_RESPONSE = 0x24,
    LQ_WIRE_DATA_IN = 0x25,
    LQ_WIRE_LOGOUT_RESPONSE = 0x26,
    LQ_WIRE_R2T = 0x31,
    LQ_WIRE_ASYNC = 0x32,
    LQ_WIRE_REJECT = 0x3f
};

#define LQ_WIRE_NO_TAG UINT32_C(0xffffffff)

/* Common to all [RFC 7143 11.2.1]. */
static inline uint32_t lq_wire_opcode_of(const uint8_t *h)
{
    return h[0] & 0x3fU;
}

static inline bool lq_wire_is_immediate(const uint8_t *h)
{
    return (h[0] & 0x40) != 0;
}

static inline bool lq_wire_is_final(const uint8_t *h) /* F; T of a login PDU */
{
    return (h[1] & 0x80) != 0;
}

static inline bool lq_wire_continues(const uint8_t *h) /* C of login and text PDUs */
{
    return (h[1] & 0x40) != 0;
}

static inline uint32_t lq_wire_ahs_bytes(const uint8_t *h)
{
    return 4U * h[4];
}

static inline uint32_t lq_wire_data_bytes(const uint8_t *h)
{
    return lq_wire_be24(h + 5);
}

static inline uint64_t lq_wire_lun(const uint8_t *h)
{
    return lq_wire_be64(h + 8);
}

static inline uint32_t lq_wire_itt(const uint8_t *h)
{
    return lq_wire_be32(h + 16);
}

/* Data-Out, R2T, NOPs, text, Data-In; the referenced task tag of a TM request has its place. */
static inline uint32_t lq_wire_ttt(const uint8_t *h)
{
    return lq_wire_be32(h + 20);
}

/* Initiator to target, all but Data-Out and SNACK. */
static inline uint32_t lq_wire_cmd_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 24);
}

/* Initiator to target. */
static inline uint32_t lq_wire_exp_stat_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 28);
}

/* Target to initiator. */
static inline uint32_t lq_wire_stat_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 24);
}

static inline uint32_t lq_wire_exp_cmd_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 28);
}

static inline uint32_t lq_wire_max_cmd_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 32);
}

/* DataSN of Data-In and Data-Out, R2TSN of R2T. */
static inline uint32_t lq_wire_data_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 36);
}

/* Data-In, Data-Out, R2T. */
static inline uint32_t lq_wire_buffer_offset(const uint8_t *h)
{
    return lq_wire_be32(h + 40);
}

/* SCSI Response, Data-In. */
static inline uint32_t lq_wire_residual(const uint8_t *h)
{
    return lq_wire_be32(h + 44);
}

/* R2T. */
static inline uint32_t lq_wire_desired_bytes(const uint8_t *h)
{
    return lq_wire_be32(h + 44);
}

/* SCSI Command [RFC 7143 11.3]. */
static inline bool lq_wire_command_reads(const uint8_t *h)
{
    return (h[1] & 0x40) != 0;
}

static inline bool lq_wire_command_writes(const uint8_t *h)
{
    return (h[1] & 0x20) != 0;
}

static inline uint32_t lq_wire_expected_bytes(const uint8_t *h)
{
    return lq_wire_be32(h + 20);
}

static inline const uint8_t *lq_wire_cdb(const uint8_t *h)
{
    return h + 32;
}

/* SCSI Response and Data-In with S [RFC 7143 11.4, 11.7]. */
static inline uint32_t lq_wire_status(const uint8_t *h)
{
    return h[3];
}

static inline bool lq_wire_overflow(const uint8_t *h)
{
    return (h[1] & 0x04) != 0;
}

static inline bool lq_wire_underflow(const uint8_t *h)
{
    return (h[1] & 0x02) != 0;
}

static inline bool lq_wire_data_in_has_status(const uint8_t *h)
{
    return (h[1] & 0x01) != 0;
}

/* Response of SCSI Response, TM response, logout response; reason of Reject. */
static inline uint32_t lq_wire_response(const uint8_t *h)
{
    return h[2];
}

/* TM function, logout reason [RFC 7143 11.5.1, 11.14.1]. */
static inline uint32_t lq_wire_function(const uint8_t *h)
{
    return h[1] & 0x7fU;
}

static inline uint32_t lq_wire_ref_cmd_sn(const uint8_t *h)
{
    return lq_wire_be32(h + 32);
}

/* Login [RFC 7143 11.12, 11.13]. */
static inline uint64_t lq_wire_isid(const uint8_t *h)
{
    return lq_wire_be48(h + 8);
}

static inline uint32_t lq_wire_tsih(const uint8_t *h)
{
    return lq_wire_be16(h + 14);
}

static inline uint32_t lq_wire_current_stage(const uint8_t *h)
{
    return (h[1] >> 2) & 3U;
}

static inline uint32_t lq_wire_next_stage(const uint8_t *h)
{
    return h[1] & 3U;
}

static inline uint32_t lq_wire_login_status(const uint8_t *h) /* class << 8 | detail */
{
    return lq_wire_be16(h + 36);
}

#endif
