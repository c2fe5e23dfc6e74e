/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Information units of FCP [FCP-4 9]: FCP_CMND, FCP_XFER_RDY, FCP_RSP. FCP_DATA is all data,
 * FCP_CONF has no payload.
 *
 * What this is not: it knows no exchange. What was decoded is encoded byte for byte: reserved bytes
 * stay, and so does what follows the fields.
 *
 * Who uses it: both endpoints.
 */
#ifndef LQ_PROTO_FC_FCP_H
#define LQ_PROTO_FC_FCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

enum {
    LQ_FCP_CMND_BYTES = 32, /* without additional CDB and bidirectional read length */
    LQ_FCP_CMND_BYTES_MAX = 32 + 252 + 4,
    LQ_FCP_CDB_BYTES_MAX = 16 + 252,
    LQ_FCP_XFER_RDY_BYTES = 12,
    LQ_FCP_RSP_BYTES = 24, /* without response information and sense */
    LQ_FCP_RSP_INFO_BYTES = 8
};

/* Task attribute codes. */
enum lq_fcp_attribute {
    LQ_FCP_SIMPLE,
    LQ_FCP_HEAD_OF_QUEUE,
    LQ_FCP_ORDERED,
    LQ_FCP_ACA = 4,
    LQ_FCP_UNTAGGED
};

/* Task management flags. */
enum lq_fcp_tm {
    LQ_FCP_QUERY_TASK_SET = 0x01,
    LQ_FCP_ABORT_TASK_SET = 0x02,
    LQ_FCP_CLEAR_TASK_SET = 0x04,
    LQ_FCP_QUERY_ASYNCHRONOUS_EVENT = 0x08,
    LQ_FCP_LOGICAL_UNIT_RESET = 0x10,
    LQ_FCP_TARGET_RESET = 0x20, /* obsolete since FCP-3 */
    LQ_FCP_CLEAR_ACA = 0x40
};

/* The last byte of FCP_CMND's control field. */
enum { LQ_FCP_WRITE = 0x01, LQ_FCP_READ = 0x02 };

struct lq_fcp_cmnd {
    uint64_t lun;
    uint8_t crn;
    uint8_t priority_attribute; /* bit 7 reserved, 6-3 priority, 2-0 attribute */
    uint8_t tm_flags;
    uint8_t lengths_directions; /* bits 7-2 additional CDB words, RDDATA, WRDATA */
    uint8_t cdb[LQ_FCP_CDB_BYTES_MAX];
    uint32_t cdb_bytes; /* 16 and the additional CDB; of a TM function 16 */
    uint32_t dl;        /* FCP_DL */
    bool has_bidi_dl;
    uint32_t bidi_dl; /* FCP_BIDIRECTIONAL_READ_DL */
};

static inline uint8_t lq_fcp_attribute(const struct lq_fcp_cmnd *cmnd)
{
    return cmnd->priority_attribute & 7;
}

static inline uint8_t lq_fcp_priority(const struct lq_fcp_cmnd *cmnd)
{
    return cmnd->priority_attribute >> 3 & 15;
}

static inline bool lq_fcp_reads(const struct lq_fcp_cmnd *cmnd)
{
    return (cmnd->lengths_directions & LQ_FCP_READ) != 0;
}

static inline bool lq_fcp_writes(const struct lq_fcp_cmnd *cmnd)
{
    return (cmnd->lengths_directions & LQ_FCP_WRITE) != 0;
}

/* False: shorter than its lengths say. */
bool lq_fcp_cmnd_decode(struct lq_fcp_cmnd *cmnd, const uint8_t *payload, uint32_t size_bytes);

/* Returns the payload's length. */
uint32_t lq_fcp_cmnd_encode(const struct lq_fcp_cmnd *cmnd,
                            uint8_t payload[LQ_FCP_CMND_BYTES_MAX]);

struct lq_fcp_xfer_rdy {
    uint32_t offset, burst_bytes, reserved;
};

bool lq_fcp_xfer_rdy_decode(struct lq_fcp_xfer_rdy *ready, const uint8_t *payload,
                            uint32_t size_bytes);
void lq_fcp_xfer_rdy_encode(const struct lq_fcp_xfer_rdy *ready,
                            uint8_t payload[LQ_FCP_XFER_RDY_BYTES]);

/* Flags of FCP_RSP. */
enum lq_fcp_rsp_flag {
    LQ_FCP_INFO_VALID = 0x01,
    LQ_FCP_SENSE_VALID = 0x02,
    LQ_FCP_OVERFLOW = 0x04,
    LQ_FCP_UNDERFLOW = 0x08,
    LQ_FCP_CONFIRM_WANTED = 0x10,
    LQ_FCP_BIDI_OVERFLOW = 0x20,
    LQ_FCP_BIDI_UNDERFLOW = 0x40,
    LQ_FCP_BIDI = 0x80
};

/* RSP_CODE of FCP_RSP_INFO. */
enum lq_fcp_rsp_code {
    LQ_FCP_TM_COMPLETE = 0x00,
    LQ_FCP_DATA_LENGTH = 0x01, /* FCP_DATA length differs from FCP_BURST_LEN */
    LQ_FCP_INVALID_FIELD = 0x02,
    LQ_FCP_OFFSET_MISMATCH = 0x03,
    LQ_FCP_TM_REJECTED = 0x04,
    LQ_FCP_TM_FAILED = 0x05,
    LQ_FCP_TM_SUCCEEDED = 0x08,
    LQ_FCP_TM_INCORRECT_LUN = 0x09
};

struct lq_fcp_rsp {
    uint64_t reserved;
    uint16_t retry_delay; /* STATUS QUALIFIER */
    uint8_t flags, status;
    uint32_t residual;
    uint32_t sense_bytes, info_bytes; /* FCP_SNS_LEN, FCP_RSP_LEN; there when the flags say so */
    /* of decode: where they stand in the payload; of encode: what is copied there */
    const uint8_t *info, *sense;
    bool has_bidi;
    uint32_t bidi_residual;
};

/* False: shorter than its lengths say, or FCP_RSP_LEN is neither 0, 4 nor 8. */
bool lq_fcp_rsp_decode(struct lq_fcp_rsp *rsp, const uint8_t *payload, uint32_t size_bytes);

/* The payload's length; what lq_fcp_rsp_encode writes. */
uint32_t lq_fcp_rsp_bytes(const struct lq_fcp_rsp *rsp);
void lq_fcp_rsp_encode(const struct lq_fcp_rsp *rsp, uint8_t *payload);

#endif
