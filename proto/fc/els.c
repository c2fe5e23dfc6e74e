/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a table of fields for each payload (image.h), and a table of which payload a command
 * has. */
#include "proto/fc/els.h"

#include "core/base/bytes.h"
#include "proto/fc/image.h"

#define ROW(member, byte, width) LQ_FC_ROW(struct lq_fc_els, u.member, byte, width)

static const struct lq_fc_row login[] = {ROW(login.version, 4, 2),
                                         ROW(login.credit, 6, 2),
                                         ROW(login.features, 8, 2),
                                         ROW(login.data_bytes_max, 10, 2),
                                         ROW(login.word2, 12, 4),
                                         ROW(login.e_d_tov, 16, 4),
                                         ROW(login.port_name, 20, 8),
                                         ROW(login.node_name, 28, 8),
                                         ROW(login.class3.service_options, 68, 2),
                                         ROW(login.class3.initiator_control, 70, 2),
                                         ROW(login.class3.recipient_control, 72, 2),
                                         ROW(login.class3.data_bytes_max, 74, 2),
                                         ROW(login.class3.concurrent_sequences, 76, 2),
                                         ROW(login.class3.credit, 78, 2),
                                         ROW(login.class3.open_sequences, 80, 2),
                                         LQ_FC_ROWS_END};
static const struct lq_fc_row process[] = {
    ROW(process.page_bytes, 1, 1), ROW(process.payload_bytes, 2, 2), ROW(process.type, 4, 1),
    ROW(process.flags, 6, 2),      ROW(process.parameters, 16, 4),   LQ_FC_ROWS_END};
static const struct lq_fc_row rjt[] = {ROW(rjt.reason, 5, 1), ROW(rjt.explanation, 6, 1),
                                       ROW(rjt.vendor, 7, 1), LQ_FC_ROWS_END};
static const struct lq_fc_row logo[] = {ROW(logo.fc_id, 5, 3), ROW(logo.port_name, 8, 8),
                                        LQ_FC_ROWS_END};
static const struct lq_fc_row adisc[] = {ROW(adisc.hard_address, 5, 3), ROW(adisc.port_name, 8, 8),
                                         ROW(adisc.node_name, 16, 8), ROW(adisc.fc_id, 25, 3),
                                         LQ_FC_ROWS_END};
static const struct lq_fc_row rtv_acc[] = {ROW(rtv.r_a_tov, 4, 4), ROW(rtv.e_d_tov, 8, 4),
                                           ROW(rtv.qualifier, 12, 4), LQ_FC_ROWS_END};
static const struct lq_fc_row rls[] = {ROW(rls.fc_id, 5, 3), LQ_FC_ROWS_END};
static const struct lq_fc_row exchange[] = {ROW(exchange.s_id, 5, 3), ROW(exchange.ox_id, 8, 2),
                                            ROW(exchange.rx_id, 10, 2), LQ_FC_ROWS_END};
static const struct lq_fc_row rec_acc[] = {
    ROW(rec.ox_id, 4, 2),      ROW(rec.rx_id, 6, 2),      ROW(rec.originator, 9, 3),
    ROW(rec.responder, 13, 3), ROW(rec.fc4_value, 16, 4), ROW(rec.e_stat, 20, 4),
    LQ_FC_ROWS_END};
static const struct lq_fc_row srr[] = {ROW(srr.ox_id, 4, 2), ROW(srr.rx_id, 6, 2),
                                       ROW(srr.offset, 8, 4), ROW(srr.r_ctl, 12, 1),
                                       LQ_FC_ROWS_END};
static const struct lq_fc_row scr[] = {ROW(scr.function, 7, 1), LQ_FC_ROWS_END};
static const struct lq_fc_row rscn[] = {ROW(rscn.page_bytes, 1, 1),
                                        ROW(rscn.payload_bytes, 2, 2), LQ_FC_ROWS_END};
static const struct lq_fc_row nothing[] = {LQ_FC_ROWS_END};

/* The payloads of a request and of its accept: fields and least size. */
static const struct kind {
    uint8_t command;
    const struct lq_fc_row *rows;
    uint16_t size_bytes;
    const struct lq_fc_row *accept_rows;
    uint16_t accept_bytes;
} kinds[] = {
    {LQ_FC_ELS_PLOGI, login, LQ_FC_LOGIN_BYTES, login, LQ_FC_LOGIN_BYTES},
    {LQ_FC_ELS_FLOGI, login, LQ_FC_LOGIN_BYTES, login, LQ_FC_LOGIN_BYTES},
    {LQ_FC_ELS_FDISC, login, LQ_FC_LOGIN_BYTES, login, LQ_FC_LOGIN_BYTES},
    {LQ_FC_ELS_PDISC, login, LQ_FC_LOGIN_BYTES, login, LQ_FC_LOGIN_BYTES},
    {LQ_FC_ELS_LOGO, logo, 16, nothing, 4},
    {LQ_FC_ELS_PRLI, process, 20, process, 20},
    {LQ_FC_ELS_PRLO, process, 20, process, 20},
    {LQ_FC_ELS_ADISC, adisc, 28, adisc, 28},
    {LQ_FC_ELS_RTV, nothing, 4, rtv_acc, 16},
    {LQ_FC_ELS_RLS, rls, 8, nothing, 28},
    {LQ_FC_ELS_RRQ, exchange, 12, nothing, 4},
    {LQ_FC_ELS_REC, exchange, 12, rec_acc, 24},
    {LQ_FC_ELS_SRR, srr, 16, nothing, 4},
    {LQ_FC_ELS_RSCN, rscn, 8, nothing, 4},
    {LQ_FC_ELS_SCR, scr, 8, nothing, 4},
};

static const struct kind other = {0, nothing, 4, nothing, 4};

static const struct kind *kind_of(uint8_t command)
{
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].command == command)
            return &kinds[i];
    return &other;
}

static const struct lq_fc_row *rows_of(uint8_t command, uint8_t request, uint16_t *size_bytes)
{
    const struct kind *kind = kind_of(request == 0 ? command : request);
    if (request == 0) {
        *size_bytes = kind->size_bytes;
        return kind->rows;
    }
    if (command == LQ_FC_ELS_LS_ACC) {
        *size_bytes = kind->accept_bytes;
        return kind->accept_rows;
    }
    *size_bytes = command == LQ_FC_ELS_LS_RJT ? 8 : 4;
    return command == LQ_FC_ELS_LS_RJT ? rjt : nothing;
}

bool lq_fc_els_decode(struct lq_fc_els *els, uint8_t request, const uint8_t *payload,
                      uint32_t size_bytes)
{
    if (size_bytes < 4 || size_bytes > LQ_FC_ELS_BYTES_MAX)
        return false;
    uint16_t least;
    const struct lq_fc_row *rows = rows_of(payload[0], request, &least);
    if (size_bytes < least)
        return false;
    *els = (struct lq_fc_els){.command = payload[0],
                              .request = request,
                              .size_bytes = (uint16_t)size_bytes};
    memcpy(els->image, payload, size_bytes);
    lq_fc_rows_read(rows, payload, size_bytes, els);
    return true;
}

void lq_fc_els_begin(struct lq_fc_els *els, uint8_t command, uint8_t request)
{
    *els = (struct lq_fc_els){.command = command, .request = request};
    const struct lq_fc_row *rows = rows_of(command, request, &els->size_bytes);
    if (rows == process) {
        els->u.process.page_bytes = 16;
        els->u.process.payload_bytes = 20;
    } else if (rows == rscn) {
        els->u.rscn.page_bytes = 4;
        els->u.rscn.payload_bytes = 8;
    }
}

uint32_t lq_fc_els_encode(const struct lq_fc_els *els, uint8_t payload[LQ_FC_ELS_BYTES_MAX])
{
    uint16_t least;
    const struct lq_fc_row *rows = rows_of(els->command, els->request, &least);
    memcpy(payload, els->image, els->size_bytes);
    payload[0] = els->command;
    lq_fc_rows_write(rows, payload, els->size_bytes, els);
    return els->size_bytes;
}

bool lq_fc_rscn_page(const struct lq_fc_els *els, uint32_t index, struct lq_fc_rscn_page *page)
{
    uint32_t end = els->u.rscn.payload_bytes < els->size_bytes ? els->u.rscn.payload_bytes
                                                               : els->size_bytes;
    if (els->u.rscn.page_bytes != 4 || index >= LQ_FC_ELS_BYTES_MAX / 4 || 8 + index * 4 > end)
        return false;
    const uint8_t *at = els->image + 4 + index * 4;
    *page = (struct lq_fc_rscn_page){.qualifier = at[0] >> 2 & 15,
                                     .format = at[0] & 3,
                                     .fc_id = lq_get_be24(at + 1)};
    return true;
}

/* --- basic link services ---------------------------------------------------------------------- */

bool lq_fc_ba_acc_decode(struct lq_fc_ba_acc *acc, const uint8_t *payload, uint32_t size_bytes)
{
    if (size_bytes < LQ_FC_BA_ACC_BYTES)
        return false;
    *acc = (struct lq_fc_ba_acc){.seq_id_valid = payload[0],
                                 .seq_id = payload[1],
                                 .reserved = lq_get_be16(payload + 2),
                                 .ox_id = lq_get_be16(payload + 4),
                                 .rx_id = lq_get_be16(payload + 6),
                                 .low_seq_cnt = lq_get_be16(payload + 8),
                                 .high_seq_cnt = lq_get_be16(payload + 10)};
    return true;
}

void lq_fc_ba_acc_encode(const struct lq_fc_ba_acc *acc, uint8_t payload[LQ_FC_BA_ACC_BYTES])
{
    payload[0] = acc->seq_id_valid;
    payload[1] = acc->seq_id;
    lq_put_be16(payload + 2, acc->reserved);
    lq_put_be16(payload + 4, acc->ox_id);
    lq_put_be16(payload + 6, acc->rx_id);
    lq_put_be16(payload + 8, acc->low_seq_cnt);
    lq_put_be16(payload + 10, acc->high_seq_cnt);
}

bool lq_fc_ba_rjt_decode(struct lq_fc_ba_rjt *ba_rjt, const uint8_t *payload, uint32_t size_bytes)
{
    if (size_bytes < LQ_FC_BA_RJT_BYTES)
        return false;
    *ba_rjt = (struct lq_fc_ba_rjt){payload[0], payload[1], payload[2], payload[3]};
    return true;
}

void lq_fc_ba_rjt_encode(const struct lq_fc_ba_rjt *ba_rjt, uint8_t payload[LQ_FC_BA_RJT_BYTES])
{
    payload[0] = ba_rjt->reserved;
    payload[1] = ba_rjt->reason;
    payload[2] = ba_rjt->explanation;
    payload[3] = ba_rjt->vendor;
}
