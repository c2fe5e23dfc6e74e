/* SPDX-License-Identifier: Apache-2.0 */
/* Method: a table of fields for each request and accept (image.h). */
#include "proto/fc/ct.h"

#include "core/base/bytes.h"
#include "proto/fc/image.h"

#define ROW(member, byte, width) LQ_FC_ROW(struct lq_fc_ct, member, byte, width)

static const struct lq_fc_row preamble[] = {
    ROW(revision, 0, 1), ROW(in_id, 1, 3),     ROW(gs_type, 4, 1),      ROW(gs_subtype, 5, 1),
    ROW(options, 6, 1),  ROW(command, 8, 2),   ROW(residual, 10, 2),    ROW(fragment, 12, 1),
    ROW(reason, 13, 1),  ROW(explanation, 14, 1), ROW(vendor, 15, 1),   LQ_FC_ROWS_END};

static const struct lq_fc_row nothing[] = {LQ_FC_ROWS_END};
static const struct lq_fc_row port_id[] = {ROW(fc_id, 17, 3), LQ_FC_ROWS_END};
static const struct lq_fc_row name[] = {ROW(name, 16, 8), LQ_FC_ROWS_END};
static const struct lq_fc_row port_id_name[] = {ROW(fc_id, 17, 3), ROW(name, 20, 8),
                                                LQ_FC_ROWS_END};
static const struct lq_fc_row scope_type[] = {ROW(domain, 17, 1), ROW(area, 18, 1),
                                              ROW(type, 19, 1), LQ_FC_ROWS_END};
static const struct lq_fc_row port_type[] = {ROW(type, 16, 1), ROW(domain, 17, 1),
                                             ROW(area, 18, 1), LQ_FC_ROWS_END};
static const struct lq_fc_row features[] = {ROW(fc_id, 17, 3), ROW(features, 22, 1),
                                            ROW(type, 23, 1), LQ_FC_ROWS_END};
static const struct lq_fc_row port_text[] = {ROW(fc_id, 17, 3), ROW(text_bytes, 20, 1),
                                             LQ_FC_ROWS_END};
static const struct lq_fc_row node_text[] = {ROW(name, 16, 8), ROW(text_bytes, 24, 1),
                                             LQ_FC_ROWS_END};
static const struct lq_fc_row next_acc[] = {ROW(fc_id, 17, 3), ROW(name, 20, 8), LQ_FC_ROWS_END};

/* Of a request and its accept: fields, least size; of an accept that is a list, an entry's size. */
static const struct kind {
    uint16_t command;
    const struct lq_fc_row *rows;
    uint16_t size_bytes;
    const struct lq_fc_row *accept_rows;
    uint16_t accept_bytes;
    uint16_t entry_bytes;
} kinds[] = {
    {LQ_FC_CT_GA_NXT, port_id, 20, next_acc, 28, 0},
    {LQ_FC_CT_GPN_ID, port_id, 20, name, 24, 0},
    {LQ_FC_CT_GNN_ID, port_id, 20, name, 24, 0},
    {LQ_FC_CT_GFT_ID, port_id, 20, nothing, 48, 0},
    {LQ_FC_CT_GFF_ID, port_id, 20, nothing, 144, 0},
    {LQ_FC_CT_GID_PN, name, 24, port_id, 20, 0},
    {LQ_FC_CT_GID_NN, name, 24, nothing, 20, 4},
    {LQ_FC_CT_GID_PT, port_type, 20, nothing, 20, 4},
    {LQ_FC_CT_GID_FT, scope_type, 20, nothing, 20, 4},
    {LQ_FC_CT_GPN_FT, scope_type, 20, nothing, 32, 16},
    {LQ_FC_CT_GNN_FT, scope_type, 20, nothing, 32, 16},
    {LQ_FC_CT_RPN_ID, port_id_name, 28, nothing, 16, 0},
    {LQ_FC_CT_RNN_ID, port_id_name, 28, nothing, 16, 0},
    {LQ_FC_CT_RFT_ID, port_id, 52, nothing, 16, 0},
    {LQ_FC_CT_RSPN_ID, port_text, 21, nothing, 16, 0},
    {LQ_FC_CT_RFF_ID, features, 24, nothing, 16, 0},
    {LQ_FC_CT_RSNN_NN, node_text, 25, nothing, 16, 0},
    {LQ_FC_CT_DA_ID, port_id, 20, nothing, 16, 0},
};

static const struct kind other = {0, nothing, LQ_FC_CT_PREAMBLE_BYTES, nothing,
                                  LQ_FC_CT_PREAMBLE_BYTES, 0};

static const struct kind *kind_of(uint16_t command)
{
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].command == command)
            return &kinds[i];
    return &other;
}

static const struct lq_fc_row *rows_of(uint16_t command, uint16_t request, uint16_t *size_bytes)
{
    const struct kind *kind = kind_of(request == 0 ? command : request);
    if (request == 0) {
        *size_bytes = kind->size_bytes;
        return kind->rows;
    }
    bool accepts = command == LQ_FC_CT_ACCEPT;
    *size_bytes = accepts ? kind->accept_bytes : (uint16_t)LQ_FC_CT_PREAMBLE_BYTES;
    return accepts ? kind->accept_rows : nothing;
}

bool lq_fc_ct_decode(struct lq_fc_ct *ct, uint16_t request, const uint8_t *payload,
                     uint32_t size_bytes)
{
    if (size_bytes < LQ_FC_CT_PREAMBLE_BYTES || size_bytes > LQ_FC_CT_BYTES_MAX)
        return false;
    *ct = (struct lq_fc_ct){.size_bytes = (uint16_t)size_bytes};
    lq_fc_rows_read(preamble, payload, size_bytes, ct);
    ct->request = request != 0 ? request : ct->command;
    uint16_t least;
    const struct lq_fc_row *rows = rows_of(ct->command, request, &least);
    lq_fc_rows_read(rows, payload, size_bytes, ct);
    bool replies = ct->command == LQ_FC_CT_ACCEPT || ct->command == LQ_FC_CT_REJECT;
    return size_bytes >= least && replies == (request != 0);
}

void lq_fc_ct_begin(struct lq_fc_ct *ct, uint16_t command, uint16_t request)
{
    *ct = (struct lq_fc_ct){.revision = 1,
                            .gs_type = LQ_FC_CT_DIRECTORY,
                            .gs_subtype = LQ_FC_CT_NAME_SERVER,
                            .command = command,
                            .request = request != 0 ? request : command};
    (void)rows_of(command, request, &ct->size_bytes);
}

void lq_fc_ct_encode(const struct lq_fc_ct *ct, uint8_t *payload)
{
    uint16_t least;
    uint16_t request = ct->request == ct->command ? 0 : ct->request;
    const struct lq_fc_row *rows = rows_of(ct->command, request, &least);
    lq_fc_rows_write(preamble, payload, ct->size_bytes, ct);
    lq_fc_rows_write(rows, payload, ct->size_bytes, ct);
}

/* Eight words of 32 types each, the first for types 0..31; bit 0 of a word is its first type. */
static uint32_t byte_of(uint8_t type)
{
    return type / 32 * 4U + (3 - type % 32 / 8U);
}

bool lq_fc_ct_types_has(const uint8_t *types, uint8_t type)
{
    return (types[byte_of(type)] >> (type % 8) & 1) != 0;
}

void lq_fc_ct_types_add(uint8_t *types, uint8_t type)
{
    types[byte_of(type)] |= (uint8_t)(1U << (type % 8));
}

uint32_t lq_fc_ct_entry_bytes(uint16_t request)
{
    return kind_of(request)->entry_bytes;
}

bool lq_fc_ct_entry_get(uint16_t request, const uint8_t *payload, uint32_t size_bytes,
                        uint32_t index, struct lq_fc_ct_entry *entry)
{
    uint32_t bytes = lq_fc_ct_entry_bytes(request);
    if (bytes == 0 || size_bytes < LQ_FC_CT_PREAMBLE_BYTES ||
        index >= (size_bytes - LQ_FC_CT_PREAMBLE_BYTES) / bytes)
        return false;
    const uint8_t *at = payload + LQ_FC_CT_PREAMBLE_BYTES + index * bytes;
    entry->last = (at[0] & 0x80) != 0;
    entry->fc_id = lq_get_be24(at + 1);
    entry->name = bytes == 16 ? lq_get_be64(at + 8) : 0;
    return true;
}

void lq_fc_ct_entry_put(uint16_t request, uint8_t *payload, uint32_t index,
                        const struct lq_fc_ct_entry *entry)
{
    uint32_t bytes = lq_fc_ct_entry_bytes(request);
    uint8_t *at = payload + LQ_FC_CT_PREAMBLE_BYTES + index * bytes;
    at[0] = entry->last ? 0x80 : 0;
    lq_put_be24(at + 1, entry->fc_id);
    if (bytes == 16) {
        lq_put_be32(at + 4, 0);
        lq_put_be64(at + 8, entry->name);
    }
}
