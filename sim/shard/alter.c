/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/shard/alter.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "proto/iscsi/crc32c.h"
#include "proto/iscsi/pdu.h"

enum { CHECK_CONDITION = 0x02, FIXED_SENSE_BYTES = 18 };

uint64_t lq_alter_rest_bytes(const uint8_t *header, uint32_t header_digest_bytes,
                             uint32_t data_digest_bytes)
{
    uint32_t data = lq_iscsi_bhs_data_bytes(header);
    return (uint64_t)lq_iscsi_bhs_ahs_bytes(header) + header_digest_bytes + data +
           lq_iscsi_pad_bytes(data) + (data > 0 ? data_digest_bytes : 0);
}

static uint32_t data_at(const struct lq_alter_pdu *pdu)
{
    return LQ_BHS_BYTES + lq_iscsi_bhs_ahs_bytes(pdu->bytes) + pdu->header_digest_bytes;
}

uint8_t *lq_alter_data(const struct lq_alter_pdu *pdu, uint32_t *size_bytes)
{
    *size_bytes = lq_iscsi_bhs_data_bytes(pdu->bytes);
    return *size_bytes == 0 ? NULL : pdu->bytes + data_at(pdu);
}

void lq_alter_flip(struct lq_alter_pdu *pdu, uint32_t byte, uint32_t bit)
{
    LQ_ASSERT(byte < pdu->size_bytes && bit < 8);
    pdu->bytes[byte] ^= (uint8_t)(1U << bit);
}

static void put_data_bytes(uint8_t *header, uint32_t bytes)
{
    header[5] = (uint8_t)(bytes >> 16);
    header[6] = (uint8_t)(bytes >> 8);
    header[7] = (uint8_t)bytes;
}

void lq_alter_truncate(struct lq_alter_pdu *pdu, uint32_t bytes)
{
    uint32_t size = 0;
    uint8_t *data = lq_alter_data(pdu, &size);
    if (data == NULL || bytes >= size)
        return;
    uint32_t pad = lq_iscsi_pad_bytes(bytes);
    memset(data + bytes, 0, pad);
    put_data_bytes(pdu->bytes, bytes);
    pdu->size_bytes = data_at(pdu) + bytes + pad + (bytes > 0 ? pdu->data_digest_bytes : 0);
}

void lq_alter_change(struct lq_alter_pdu *pdu, const struct lq_pdu_field *field,
                     enum lq_pdu_change change, uint64_t value)
{
    uint64_t now = lq_pdu_get(pdu->bytes, field);
    lq_pdu_set(pdu->bytes, field,
               change == LQ_PDU_SET_TO ? value : change == LQ_PDU_PLUS ? now + value
                                                                       : now - value);
}

bool lq_alter_has_status(const uint8_t *header)
{
    uint8_t opcode = header[0] & 0x3f;
    return opcode == LQ_OP_SCSI_RESPONSE || (opcode == LQ_OP_DATA_IN && (header[1] & 1) != 0);
}

/* SenseLength and sense data of fixed format as the data segment of PDU [RFC 7143 11.4.7, SPC-5
 * 4.4.3], or none, as STATUS wants it. */
static void put_sense(struct lq_alter_pdu *pdu, uint32_t status, uint32_t sense)
{
    uint32_t bytes = status == CHECK_CONDITION ? 2 + FIXED_SENSE_BYTES : 0;
    pdu->bytes[4] = 0; /* no additional header segments */
    put_data_bytes(pdu->bytes, bytes);
    pdu->size_bytes = data_at(pdu) + bytes + (bytes > 0 ? pdu->data_digest_bytes : 0);
    if (bytes == 0)
        return;
    uint8_t *data = pdu->bytes + data_at(pdu);
    memset(data, 0, bytes);
    lq_put_be16(data, FIXED_SENSE_BYTES);
    data[2] = 0x70;
    data[4] = (uint8_t)(sense >> 16);
    data[9] = FIXED_SENSE_BYTES - 8;
    data[14] = (uint8_t)(sense >> 8);
    data[15] = (uint8_t)sense;
}

/* The Response that takes over from a Data-In with status: its numbers and residual. */
static uint32_t split_data_in(const struct lq_alter_pdu *data_in, uint32_t status, uint32_t sense,
                              uint8_t *made)
{
    struct lq_iscsi_pdu from;
    (void)lq_iscsi_pdu_decode(&from, data_in->bytes);
    struct lq_iscsi_pdu response = {.opcode = LQ_OP_SCSI_RESPONSE,
                                    .final = true,
                                    .itt = from.itt,
                                    .stat_sn = from.stat_sn,
                                    .exp_cmd_sn = from.exp_cmd_sn,
                                    .max_cmd_sn = from.max_cmd_sn};
    response.u.response.status = (uint8_t)status;
    response.u.response.overflow = from.u.data.overflow;
    response.u.response.underflow = from.u.data.underflow;
    response.u.response.residual = from.u.data.residual;
    response.u.response.exp_data_sn = from.u.data.data_sn + 1;
    lq_iscsi_pdu_encode(&response, made);
    from.u.data.has_status = from.u.data.overflow = from.u.data.underflow = false;
    from.u.data.status = 0;
    from.u.data.residual = from.stat_sn = 0;
    lq_iscsi_pdu_patch(&from, data_in->bytes);
    struct lq_alter_pdu answer = {made, LQ_BHS_BYTES, data_in->header_digest_bytes,
                                  data_in->data_digest_bytes};
    put_sense(&answer, status, sense);
    lq_alter_seal(&answer);
    return answer.size_bytes;
}

uint32_t lq_alter_answer(struct lq_alter_pdu *pdu, uint32_t status, uint32_t sense,
                         uint8_t made[LQ_ALTER_MADE_MAX])
{
    if ((pdu->bytes[0] & 0x3f) == LQ_OP_DATA_IN)
        return split_data_in(pdu, status, sense, made);
    pdu->bytes[2] = 0; /* Command Completed at Target */
    pdu->bytes[3] = (uint8_t)status;
    put_sense(pdu, status, sense);
    return 0;
}

/* [RFC 7143 11.2.3, 11.2.4]: over the header with what is added to it, and over the data with
 * padding. */
void lq_alter_seal(struct lq_alter_pdu *pdu)
{
    uint32_t header_bytes = LQ_BHS_BYTES + lq_iscsi_bhs_ahs_bytes(pdu->bytes);
    uint32_t data_bytes = lq_iscsi_bhs_data_bytes(pdu->bytes);
    data_bytes += lq_iscsi_pad_bytes(data_bytes);
    uint32_t end = data_at(pdu) + data_bytes + (data_bytes > 0 ? pdu->data_digest_bytes : 0);
    if (end > pdu->size_bytes)
        return; /* its lengths are no longer its own */
    if (pdu->header_digest_bytes > 0)
        lq_crc32c_put(pdu->bytes + header_bytes, lq_crc32c_table(0, pdu->bytes, header_bytes));
    if (pdu->data_digest_bytes > 0 && data_bytes > 0)
        lq_crc32c_put(pdu->bytes + data_at(pdu) + data_bytes,
                      lq_crc32c_table(0, pdu->bytes + data_at(pdu), data_bytes));
}

uint32_t lq_alter_add_digests(const struct lq_alter_pdu *like, uint8_t *made, uint32_t size_bytes)
{
    if (size_bytes < LQ_BHS_BYTES ||
        size_bytes != LQ_BHS_BYTES + lq_alter_rest_bytes(made, 0, 0) ||
        lq_iscsi_bhs_ahs_bytes(made) > 0)
        return size_bytes; /* no whole PDU: as it stands */
    struct lq_alter_pdu pdu = {made, size_bytes + like->header_digest_bytes,
                               like->header_digest_bytes, like->data_digest_bytes};
    memmove(made + LQ_BHS_BYTES + like->header_digest_bytes, made + LQ_BHS_BYTES,
            size_bytes - LQ_BHS_BYTES);
    if (size_bytes > LQ_BHS_BYTES)
        pdu.size_bytes += like->data_digest_bytes;
    lq_alter_seal(&pdu);
    return pdu.size_bytes;
}

void lq_alter_nothing(enum lq_pdu_direction direction, const uint8_t *header, uint8_t made[48])
{
    struct lq_iscsi_pdu from;
    (void)lq_iscsi_pdu_decode(&from, header);
    struct lq_iscsi_pdu nop = {.opcode = LQ_OP_NOP_IN, .final = true, .itt = LQ_TAG_NONE,
                               .ttt = LQ_TAG_NONE, .stat_sn = from.stat_sn,
                               .exp_cmd_sn = from.exp_cmd_sn, .max_cmd_sn = from.max_cmd_sn};
    if (direction == LQ_PDU_TO_TARGET) {
        nop.opcode = LQ_OP_NOP_OUT;
        nop.immediate = true;
        nop.cmd_sn = from.cmd_sn;
        nop.exp_stat_sn = from.exp_stat_sn;
    }
    lq_iscsi_pdu_encode(&nop, made);
}

bool lq_alter_ends_login(const uint8_t *header)
{
    return (header[0] & 0x3f) == LQ_OP_LOGIN_RESPONSE && (header[1] & 0x80) != 0 &&
           (header[1] & 3) == LQ_STAGE_FULL_FEATURE && header[36] == 0;
}
