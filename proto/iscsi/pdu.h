/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec of iSCSI PDUs [RFC 7143 11]: basic header segments of every opcode in both directions,
 * and additional header segments.
 *
 * What this is not: it moves no data segment, computes no digest and judges no contents beyond
 * what it needs to find its way; who receives a PDU decides what its values are worth. Used by
 * both endpoints.
 */
#ifndef LQ_PROTO_ISCSI_PDU_H
#define LQ_PROTO_ISCSI_PDU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

enum {
    LQ_BHS_BYTES = 48,
    LQ_AHS_BYTES_MAX = 255 * 4,       /* TotalAHSLength counts words in one byte */
    LQ_DATA_SEGMENT_BYTES_MAX = 0xffffff,
    LQ_ISID_BYTES = 6
};

#define LQ_TAG_NONE UINT32_C(0xffffffff) /* the reserved value of ITT and TTT */

/* [RFC 7143 11.2.1.2] */
enum lq_iscsi_opcode {
    LQ_OP_NOP_OUT = 0x00,
    LQ_OP_SCSI_COMMAND = 0x01,
    LQ_OP_TM_REQUEST = 0x02,
    LQ_OP_LOGIN_REQUEST = 0x03,
    LQ_OP_TEXT_REQUEST = 0x04,
    LQ_OP_DATA_OUT = 0x05,
    LQ_OP_LOGOUT_REQUEST = 0x06,
    LQ_OP_SNACK_REQUEST = 0x10,
    LQ_OP_NOP_IN = 0x20,
    LQ_OP_SCSI_RESPONSE = 0x21,
    LQ_OP_TM_RESPONSE = 0x22,
    LQ_OP_LOGIN_RESPONSE = 0x23,
    LQ_OP_TEXT_RESPONSE = 0x24,
    LQ_OP_DATA_IN = 0x25,
    LQ_OP_LOGOUT_RESPONSE = 0x26,
    LQ_OP_R2T = 0x31,
    LQ_OP_ASYNC_MESSAGE = 0x32,
    LQ_OP_REJECT = 0x3f
};

/* What an opcode is. One row per opcode of the RFC. */
struct lq_iscsi_opcode_info {
    uint8_t opcode;
    const char *name;
    bool from_initiator;
    bool numbered;       /* non-immediate ones take a CmdSN */
    bool data_allowed;   /* may have a data segment */
    bool ahs_allowed;
};

/* The row of OPCODE, NULL when the RFC knows none such (vendor opcodes included). */
const struct lq_iscsi_opcode_info *lq_iscsi_opcode_info(uint8_t opcode);

/* [RFC 7143 11.3.1] */
enum lq_iscsi_attribute {
    LQ_ISCSI_UNTAGGED,
    LQ_ISCSI_SIMPLE,
    LQ_ISCSI_ORDERED,
    LQ_ISCSI_HEAD_OF_QUEUE,
    LQ_ISCSI_ACA
};

/* [RFC 7143 11.5.1], [RFC 7144 4.1] */
enum lq_iscsi_tm_function {
    LQ_ISCSI_ABORT_TASK = 1,
    LQ_ISCSI_ABORT_TASK_SET,
    LQ_ISCSI_CLEAR_ACA,
    LQ_ISCSI_CLEAR_TASK_SET,
    LQ_ISCSI_LOGICAL_UNIT_RESET,
    LQ_ISCSI_TARGET_WARM_RESET,
    LQ_ISCSI_TARGET_COLD_RESET,
    LQ_ISCSI_TASK_REASSIGN,
    LQ_ISCSI_QUERY_TASK,
    LQ_ISCSI_QUERY_TASK_SET,
    LQ_ISCSI_I_T_NEXUS_RESET,
    LQ_ISCSI_QUERY_ASYNCHRONOUS_EVENT
};

/* [RFC 7143 11.6.1] */
enum lq_iscsi_tm_response {
    LQ_TM_RSP_COMPLETE = 0,
    LQ_TM_RSP_NO_TASK = 1,
    LQ_TM_RSP_NO_LUN = 2,
    LQ_TM_RSP_STILL_ALLEGIANT = 3,
    LQ_TM_RSP_NO_REASSIGNMENT = 4,
    LQ_TM_RSP_NOT_SUPPORTED = 5,
    LQ_TM_RSP_NOT_AUTHORIZED = 6,
    LQ_TM_RSP_SUCCEEDED = 7,
    LQ_TM_RSP_REJECTED = 255
};

/* Login stages [RFC 7143 11.12.3]; 2 is not used. */
enum lq_iscsi_stage {
    LQ_STAGE_SECURITY = 0,
    LQ_STAGE_OPERATIONAL = 1,
    LQ_STAGE_FULL_FEATURE = 3
};

/* Login status: class << 8 | detail [RFC 7143 11.13.5]. */
enum lq_login_status {
    LQ_LOGIN_SUCCESS = 0x0000,
    LQ_LOGIN_MOVED_TEMPORARILY = 0x0101,
    LQ_LOGIN_MOVED_PERMANENTLY = 0x0102,
    LQ_LOGIN_INITIATOR_ERROR = 0x0200,
    LQ_LOGIN_AUTHENTICATION_FAILURE = 0x0201,
    LQ_LOGIN_AUTHORIZATION_FAILURE = 0x0202,
    LQ_LOGIN_NOT_FOUND = 0x0203,
    LQ_LOGIN_TARGET_REMOVED = 0x0204,
    LQ_LOGIN_UNSUPPORTED_VERSION = 0x0205,
    LQ_LOGIN_TOO_MANY_CONNECTIONS = 0x0206,
    LQ_LOGIN_MISSING_PARAMETER = 0x0207,
    LQ_LOGIN_CANNOT_INCLUDE = 0x0208,
    LQ_LOGIN_SESSION_TYPE = 0x0209,
    LQ_LOGIN_NO_SESSION = 0x020a,
    LQ_LOGIN_INVALID_REQUEST = 0x020b,
    LQ_LOGIN_TARGET_ERROR = 0x0300,
    LQ_LOGIN_SERVICE_UNAVAILABLE = 0x0301,
    LQ_LOGIN_OUT_OF_RESOURCES = 0x0302
};

/* [RFC 7143 11.14.1] and [RFC 7143 11.15.1] */
enum lq_iscsi_logout_reason {
    LQ_LOGOUT_CLOSE_SESSION,
    LQ_LOGOUT_CLOSE_CONNECTION,
    LQ_LOGOUT_REMOVE_FOR_RECOVERY
};

enum lq_iscsi_logout_response {
    LQ_LOGOUT_CLOSED,
    LQ_LOGOUT_NO_CID,
    LQ_LOGOUT_NO_RECOVERY,
    LQ_LOGOUT_CLEANUP_FAILED
};

/* [RFC 7143 11.17.1] */
enum lq_iscsi_reject_reason {
    LQ_REJECT_DATA_DIGEST = 0x02,
    LQ_REJECT_SNACK = 0x03,
    LQ_REJECT_PROTOCOL_ERROR = 0x04,
    LQ_REJECT_NOT_SUPPORTED = 0x05,
    LQ_REJECT_TOO_MANY_IMMEDIATE = 0x06,
    LQ_REJECT_TASK_IN_PROGRESS = 0x07,
    LQ_REJECT_INVALID_DATA_ACK = 0x08,
    LQ_REJECT_INVALID_FIELD = 0x09,
    LQ_REJECT_LONG_OPERATION = 0x0a,
    LQ_REJECT_WAITING_FOR_LOGOUT = 0x0c
};

/* [RFC 7143 11.9.1] */
enum lq_iscsi_async_event {
    LQ_ASYNC_SCSI = 0,
    LQ_ASYNC_LOGOUT_REQUESTED = 1,
    LQ_ASYNC_CONNECTION_DROP = 2,
    LQ_ASYNC_SESSION_DROP = 3,
    LQ_ASYNC_NEGOTIATE = 4,
    LQ_ASYNC_TASKS_TERMINATED = 5
};

/*
 * A basic header segment, decoded. Fields that many PDUs have at the same place are outside the
 * union; a field that the PDU does not have is decoded as whatever stands at its place and is not
 * encoded. FINAL is bit 7 of byte 1 under all its names (F, T of login).
 */
struct lq_iscsi_pdu {
    uint8_t opcode;      /* enum lq_iscsi_opcode, without the I bit */
    bool immediate;      /* I bit */
    bool final;
    uint8_t ahs_words;   /* TotalAHSLength, in words of four bytes */
    uint32_t data_bytes; /* DataSegmentLength, without padding */
    uint64_t lun;        /* all but login, logout, Reject, SCSI and TM response */
    uint32_t itt;        /* all but Async Message and Reject (there LQ_TAG_NONE) */
    uint32_t ttt;        /* NOP, Text, Data, R2T, SNACK */
    uint32_t cmd_sn, exp_stat_sn;             /* from the initiator (no CmdSN: Data-Out, SNACK) */
    uint32_t stat_sn, exp_cmd_sn, max_cmd_sn; /* from the target */
    union {
        struct { /* [RFC 7143 11.3] */
            bool read, write;
            uint8_t attribute; /* enum lq_iscsi_attribute */
            uint8_t priority;  /* [RFC 7144 4.3], 0..15 */
            uint32_t expected_bytes; /* Expected Data Transfer Length */
            uint8_t cdb[16];
        } command;
        struct { /* [RFC 7143 11.4] */
            bool bidi_overflow, bidi_underflow, overflow, underflow;
            uint8_t response, status;
            uint32_t snack_tag;
            uint32_t exp_data_sn;
            uint32_t bidi_residual, residual;
        } response;
        struct { /* [RFC 7143 11.5] */
            uint8_t function; /* enum lq_iscsi_tm_function */
            uint32_t referenced_itt, ref_cmd_sn, exp_data_sn;
        } tm;
        struct { /* [RFC 7143 11.6] */
            uint8_t response; /* enum lq_iscsi_tm_response */
            uint32_t information; /* 24 bits: Additional Response Information [RFC 7144] */
        } tm_response;
        struct { /* [RFC 7143 11.7]; the second line only in Data-In */
            uint32_t data_sn, buffer_offset;
            bool acknowledge, overflow, underflow, has_status;
            uint8_t status;
            uint32_t residual;
        } data;
        struct { /* [RFC 7143 11.8] */
            uint32_t r2t_sn, buffer_offset, desired_bytes;
        } r2t;
        struct { /* [RFC 7143 11.9] */
            uint8_t event, vendor_code; /* enum lq_iscsi_async_event */
            uint16_t parameter1, parameter2, parameter3;
        } async;
        struct { /* [RFC 7143 11.10], [RFC 7143 11.11] */
            bool more; /* C bit */
        } text;
        struct { /* [RFC 7143 11.12], [RFC 7143 11.13]; the status only in the response */
            bool more; /* C bit; T is FINAL */
            uint8_t csg, nsg; /* enum lq_iscsi_stage */
            uint8_t version_max; /* the response's Version-max */
            uint8_t version_min; /* the request's Version-min, the response's Version-active */
            uint8_t isid[LQ_ISID_BYTES];
            uint16_t tsih, cid; /* CID only in the request */
            uint16_t status;    /* enum lq_login_status */
        } login;
        struct { /* [RFC 7143 11.14] */
            uint8_t reason; /* enum lq_iscsi_logout_reason */
            uint16_t cid;
        } logout;
        struct { /* [RFC 7143 11.15] */
            uint8_t response; /* enum lq_iscsi_logout_response */
            uint16_t time2wait_s, time2retain_s;
        } logout_response;
        struct { /* [RFC 7143 11.16] */
            uint8_t type;
            uint32_t beg_run, run_length;
        } snack;
        struct { /* [RFC 7143 11.17] */
            uint8_t reason; /* enum lq_iscsi_reject_reason */
            uint32_t data_sn;
        } reject;
    } u;
};

/* Decodes LQ_BHS_BYTES. False when the opcode is none of the RFC's: then only opcode, immediate,
 * final, lengths and ITT are set. */
bool lq_iscsi_pdu_decode(struct lq_iscsi_pdu *pdu, const uint8_t *bhs);

/* Encodes PDU into LQ_BHS_BYTES; reserved fields are zero (those that have a reserved value other
 * than zero get it). Its opcode must be one of the RFC's. */
void lq_iscsi_pdu_encode(const struct lq_iscsi_pdu *pdu, uint8_t *bhs);

/* As lq_iscsi_pdu_encode, over a header that is there already: bits that the codec has no name for
 * stay as they are. For replaying and for faults. */
void lq_iscsi_pdu_patch(const struct lq_iscsi_pdu *pdu, uint8_t *bhs);

/* Sizes of what follows a header, without decoding it. */
static inline uint32_t lq_iscsi_bhs_ahs_bytes(const uint8_t *bhs)
{
    return (uint32_t)bhs[4] * 4;
}

static inline uint32_t lq_iscsi_bhs_data_bytes(const uint8_t *bhs)
{
    return ((uint32_t)bhs[5] << 16) | ((uint32_t)bhs[6] << 8) | bhs[7];
}

/* Bytes of padding after a data segment of DATA_BYTES [RFC 7143 11.1]. */
static inline uint32_t lq_iscsi_pad_bytes(uint32_t data_bytes)
{
    return (0U - data_bytes) & 3U;
}

/* --- additional header segments [RFC 7143 11.2.2] ------------------------------------------- */

enum lq_iscsi_ahs_type { LQ_AHS_EXTENDED_CDB = 1, LQ_AHS_BIDI_READ_LENGTH = 2 };

struct lq_iscsi_ahs {
    uint8_t type;
    struct lq_slice contents; /* after the AHS-Specific byte, without padding */
};

/*
 * Takes the AHS at *POSITION of AHS_BYTES bytes and moves *POSITION behind it. Returns 1 with AHS
 * set, 0 at the end, -1 when a length runs over the end or is 0.
 */
int lq_iscsi_ahs_next(const uint8_t *bytes, uint32_t ahs_bytes, uint32_t *position,
                      struct lq_iscsi_ahs *ahs);

/* Writes the part of a CDB beyond 16 bytes as an Extended CDB AHS [RFC 7143 11.2.2.3]; EXTRA_BYTES
 * 1..244. OUT needs lq_iscsi_ahs_size(EXTRA_BYTES) bytes; returns that size. */
uint32_t lq_iscsi_ahs_put_cdb(uint8_t *out, const uint8_t *extra, uint32_t extra_bytes);

/* Writes an Expected Bidirectional Read Data Length AHS [RFC 7143 11.2.2.4]: 8 bytes. */
uint32_t lq_iscsi_ahs_put_bidi(uint8_t *out, uint32_t read_bytes);

/* Size with header and padding of an AHS of CONTENT_BYTES. */
static inline uint32_t lq_iscsi_ahs_size(uint32_t content_bytes)
{
    return (4 + content_bytes + 3) & ~UINT32_C(3);
}

#endif
