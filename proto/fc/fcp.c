/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets as in the tables of FCP-4 clause 9. */
#include "proto/fc/fcp.h"

#include <string.h>

#include "core/base/bytes.h"

bool lq_fcp_cmnd_decode(struct lq_fcp_cmnd *cmnd, const uint8_t *payload, uint32_t size_bytes)
{
    if (size_bytes < LQ_FCP_CMND_BYTES)
        return false;
    cmnd->lun = lq_get_be64(payload);
    cmnd->crn = payload[8];
    cmnd->priority_attribute = payload[9];
    cmnd->tm_flags = payload[10];
    cmnd->lengths_directions = payload[11];
    uint32_t more = (cmnd->lengths_directions >> 2) * 4U;
    cmnd->has_bidi_dl = lq_fcp_reads(cmnd) && lq_fcp_writes(cmnd) && cmnd->tm_flags == 0;
    if (size_bytes < LQ_FCP_CMND_BYTES + more + (cmnd->has_bidi_dl ? 4U : 0U))
        return false;
    cmnd->cdb_bytes = 16 + more;
    memcpy(cmnd->cdb, payload + 12, cmnd->cdb_bytes);
    cmnd->dl = lq_get_be32(payload + 28 + more);
    cmnd->bidi_dl = cmnd->has_bidi_dl ? lq_get_be32(payload + 32 + more) : 0;
    return true;
}

uint32_t lq_fcp_cmnd_encode(const struct lq_fcp_cmnd *cmnd, uint8_t payload[LQ_FCP_CMND_BYTES_MAX])
{
    uint32_t more = (cmnd->lengths_directions >> 2) * 4U;
    lq_put_be64(payload, cmnd->lun);
    payload[8] = cmnd->crn;
    payload[9] = cmnd->priority_attribute;
    payload[10] = cmnd->tm_flags;
    payload[11] = cmnd->lengths_directions;
    memset(payload + 12, 0, 16 + more);
    memcpy(payload + 12, cmnd->cdb, cmnd->cdb_bytes < 16 + more ? cmnd->cdb_bytes : 16 + more);
    lq_put_be32(payload + 28 + more, cmnd->dl);
    if (cmnd->has_bidi_dl)
        lq_put_be32(payload + 32 + more, cmnd->bidi_dl);
    return LQ_FCP_CMND_BYTES + more + (cmnd->has_bidi_dl ? 4U : 0U);
}

bool lq_fcp_xfer_rdy_decode(struct lq_fcp_xfer_rdy *ready, const uint8_t *payload,
                            uint32_t size_bytes)
{
    if (size_bytes < LQ_FCP_XFER_RDY_BYTES)
        return false;
    ready->offset = lq_get_be32(payload);
    ready->burst_bytes = lq_get_be32(payload + 4);
    ready->reserved = lq_get_be32(payload + 8);
    return true;
}

void lq_fcp_xfer_rdy_encode(const struct lq_fcp_xfer_rdy *ready,
                            uint8_t payload[LQ_FCP_XFER_RDY_BYTES])
{
    lq_put_be32(payload, ready->offset);
    lq_put_be32(payload + 4, ready->burst_bytes);
    lq_put_be32(payload + 8, ready->reserved);
}

/* Bytes of response information and of sense that are there. */
static uint32_t info_bytes(const struct lq_fcp_rsp *rsp)
{
    return (rsp->flags & LQ_FCP_INFO_VALID) != 0 ? rsp->info_bytes : 0;
}

static uint32_t sense_bytes(const struct lq_fcp_rsp *rsp)
{
    return (rsp->flags & LQ_FCP_SENSE_VALID) != 0 ? rsp->sense_bytes : 0;
}

bool lq_fcp_rsp_decode(struct lq_fcp_rsp *rsp, const uint8_t *payload, uint32_t size_bytes)
{
    if (size_bytes < LQ_FCP_RSP_BYTES)
        return false;
    *rsp = (struct lq_fcp_rsp){.reserved = lq_get_be64(payload),
                               .retry_delay = lq_get_be16(payload + 8),
                               .flags = payload[10],
                               .status = payload[11],
                               .residual = lq_get_be32(payload + 12),
                               .sense_bytes = lq_get_be32(payload + 16),
                               .info_bytes = lq_get_be32(payload + 20),
                               .info = payload + LQ_FCP_RSP_BYTES};
    uint32_t info = info_bytes(rsp), left = size_bytes - LQ_FCP_RSP_BYTES;
    if ((info != 0 && info != 4 && info != 8) || info > left || sense_bytes(rsp) > left - info)
        return false;
    rsp->sense = rsp->info + info;
    left -= info + sense_bytes(rsp);
    rsp->has_bidi = (rsp->flags & LQ_FCP_BIDI) != 0;
    if (rsp->has_bidi && left < 4)
        return false;
    if (rsp->has_bidi)
        rsp->bidi_residual = lq_get_be32(rsp->sense + sense_bytes(rsp));
    return true;
}

uint32_t lq_fcp_rsp_bytes(const struct lq_fcp_rsp *rsp)
{
    return LQ_FCP_RSP_BYTES + info_bytes(rsp) + sense_bytes(rsp) + (rsp->has_bidi ? 4U : 0U);
}

void lq_fcp_rsp_encode(const struct lq_fcp_rsp *rsp, uint8_t *payload)
{
    uint32_t info = info_bytes(rsp), sense = sense_bytes(rsp);
    lq_put_be64(payload, rsp->reserved);
    lq_put_be16(payload + 8, rsp->retry_delay);
    payload[10] = rsp->flags;
    payload[11] = rsp->status;
    lq_put_be32(payload + 12, rsp->residual);
    lq_put_be32(payload + 16, rsp->sense_bytes);
    lq_put_be32(payload + 20, rsp->info_bytes);
    if (info != 0)
        memcpy(payload + LQ_FCP_RSP_BYTES, rsp->info, info);
    if (sense != 0)
        memcpy(payload + LQ_FCP_RSP_BYTES + info, rsp->sense, sense);
    if (rsp->has_bidi)
        lq_put_be32(payload + LQ_FCP_RSP_BYTES + info + sense, rsp->bidi_residual);
}
