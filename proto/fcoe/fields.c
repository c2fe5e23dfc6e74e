/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets as in the standards' figures: of the FC header from 0, of payloads from PAYLOAD, of FIP's
 * header from FIP on. */
#include "proto/fcoe/fields.h"

#include <stddef.h>
#include <string.h>

#include "core/base/bytes.h"
#include "proto/fc/els.h"
#include "proto/fcoe/fcoe.h"
#include "proto/fcoe/fip.h"

enum {
    PAYLOAD = 24,
    PAYLOAD_BYTES = 48,
    FIP = 76,
    FIP_BYTES = 10,
    OPERATION = 2, /* in FIP's header, and its subcode */
    SUBCODE = 5,
    TYPE = 8, /* in the FC header */
    /* Codes of kinds: R_CTL of FC-4 frames and basic link services; else with one of these. */
    FRAME = 0x10000, /* of all: no PDU of another transport has it */
    REQUEST = FRAME | 0x100, /* ELS requests and replies, by their first byte */
    REPLY = FRAME | 0x200,
    CT = FRAME | 0x300,
    FIP_CODE = FRAME | 0x8000 /* with operation and subcode */
};

#define BITS(name, byte, bit, width) {name, byte, bit, width, false}
#define FLAG(name, byte, bit) BITS(name, byte, bit, 1)
#define BYTE(name, byte) BITS(name, byte, 0, 8)
#define WORD16(name, byte) BITS(name, byte, 0, 16)
#define WORD24(name, byte) BITS(name, byte, 0, 24)
#define WORD(name, byte) BITS(name, byte, 0, 32)
#define WORD64(name, byte) BITS(name, byte, 0, 64)
#define COUNTER(name, byte, width) {name, byte, 0, width, true}
#define END BITS(NULL, 0, 0, 0)

static const struct lq_pdu_field common[] = {BYTE("r_ctl", 0),
                                             WORD24("d_id", 1),
                                             BYTE("cs_ctl", 4),
                                             WORD24("s_id", 5),
                                             BYTE("type", TYPE),
                                             WORD24("f_ctl", 9),
                                             FLAG("responder", 9, 7),
                                             FLAG("first-sequence", 9, 5),
                                             FLAG("last-sequence", 9, 4),
                                             FLAG("end-sequence", 9, 3),
                                             FLAG("initiative", 9, 0),
                                             FLAG("relative-offset", 11, 3),
                                             BITS("fill-bytes", 11, 0, 2),
                                             COUNTER("seq_id", 12, 8),
                                             BYTE("df_ctl", 13),
                                             COUNTER("seq_cnt", 14, 16),
                                             WORD16("ox_id", 16),
                                             WORD16("rx_id", 18),
                                             COUNTER("parameter", 20, 32),
                                             END};

static const struct lq_pdu_field none[] = {END};
static const struct lq_pdu_field cmnd[] = {WORD64("lun", PAYLOAD),
                                           BYTE("crn", PAYLOAD + 8),
                                           BITS("attribute", PAYLOAD + 9, 0, 3),
                                           BYTE("tmflags", PAYLOAD + 10),
                                           FLAG("read", PAYLOAD + 11, 1),
                                           FLAG("write", PAYLOAD + 11, 0),
                                           BYTE("operationcode", PAYLOAD + 12),
                                           COUNTER("fcp_dl", PAYLOAD + 28, 32),
                                           END};
static const struct lq_pdu_field xfer_rdy[] = {COUNTER("offset", PAYLOAD, 32),
                                               COUNTER("burstlength", PAYLOAD + 4, 32), END};
static const struct lq_pdu_field rsp[] = {BYTE("flags", PAYLOAD + 10),
                                          FLAG("confirm", PAYLOAD + 10, 4),
                                          FLAG("underflow", PAYLOAD + 10, 3),
                                          FLAG("overflow", PAYLOAD + 10, 2),
                                          FLAG("sense-valid", PAYLOAD + 10, 1),
                                          FLAG("info-valid", PAYLOAD + 10, 0),
                                          BYTE("status", PAYLOAD + 11),
                                          COUNTER("residual", PAYLOAD + 12, 32),
                                          COUNTER("senselength", PAYLOAD + 16, 32),
                                          COUNTER("rsplength", PAYLOAD + 20, 32),
                                          BYTE("rsp_code", PAYLOAD + 27),
                                          END};
static const struct lq_pdu_field ba_acc[] = {WORD16("aborted-ox_id", PAYLOAD + 4),
                                             WORD16("aborted-rx_id", PAYLOAD + 6),
                                             COUNTER("low-seq_cnt", PAYLOAD + 8, 16),
                                             COUNTER("high-seq_cnt", PAYLOAD + 10, 16),
                                             END};
static const struct lq_pdu_field rjt[] = {BYTE("els", PAYLOAD), BYTE("reason", PAYLOAD + 5),
                                          BYTE("explanation", PAYLOAD + 6), END};
static const struct lq_pdu_field ba_rjt[] = {BYTE("reason", PAYLOAD + 1),
                                             BYTE("explanation", PAYLOAD + 2), END};
static const struct lq_pdu_field els[] = {BYTE("els", PAYLOAD), END};
static const struct lq_pdu_field login[] = {BYTE("els", PAYLOAD),
                                            WORD16("features", PAYLOAD + 8),
                                            BITS("data-bytes", PAYLOAD + 10, 0, 12),
                                            WORD64("port-name", PAYLOAD + 20),
                                            WORD64("node-name", PAYLOAD + 28),
                                            END};
static const struct lq_pdu_field process[] = {BYTE("els", PAYLOAD),
                                              BYTE("fc4-type", PAYLOAD + 4),
                                              WORD16("flags", PAYLOAD + 6),
                                              WORD("parameters", PAYLOAD + 16),
                                              END};
static const struct lq_pdu_field logo[] = {BYTE("els", PAYLOAD), WORD24("port-id", PAYLOAD + 5),
                                           WORD64("port-name", PAYLOAD + 8), END};
static const struct lq_pdu_field recovery[] = {BYTE("els", PAYLOAD),
                                               WORD24("exchange-s_id", PAYLOAD + 5),
                                               WORD16("exchange-ox_id", PAYLOAD + 8),
                                               WORD16("exchange-rx_id", PAYLOAD + 10),
                                               END};
static const struct lq_pdu_field srr[] = {BYTE("els", PAYLOAD),
                                          WORD16("exchange-ox_id", PAYLOAD + 4),
                                          WORD16("exchange-rx_id", PAYLOAD + 6),
                                          COUNTER("offset", PAYLOAD + 8, 32),
                                          BYTE("iu", PAYLOAD + 12),
                                          END};
static const struct lq_pdu_field ct[] = {WORD16("command", PAYLOAD + 8), END};
static const struct lq_pdu_field fip[] = {WORD16("operation", FIP + OPERATION),
                                          BYTE("subcode", FIP + SUBCODE),
                                          COUNTER("descriptor-words", FIP + 6, 16),
                                          WORD16("flags", FIP + 8),
                                          END};

#define BOTH LQ_PDU_EITHER
#define TO LQ_PDU_TO_TARGET
#define FROM LQ_PDU_FROM_TARGET

static const struct lq_pdu_kind kinds[] = {
    {"fcp-cmnd", FRAME | 0x06, TO, cmnd},
    {"fcp-xfer-rdy", FRAME | 0x05, FROM, xfer_rdy},
    {"fcp-data", FRAME | 0x01, BOTH, none},
    {"fcp-rsp", FRAME | 0x07, FROM, rsp},
    {"fcp-conf", FRAME | 0x03, TO, none},
    {"abts", FRAME | 0x81, BOTH, none},
    {"ba-acc", FRAME | 0x84, BOTH, ba_acc},
    {"ba-rjt", FRAME | 0x85, BOTH, ba_rjt},
    {"plogi", REQUEST | LQ_FC_ELS_PLOGI, BOTH, login},
    {"logo", REQUEST | LQ_FC_ELS_LOGO, BOTH, logo},
    {"prli", REQUEST | LQ_FC_ELS_PRLI, BOTH, process},
    {"prlo", REQUEST | LQ_FC_ELS_PRLO, BOTH, process},
    {"adisc", REQUEST | LQ_FC_ELS_ADISC, BOTH, els},
    {"rrq", REQUEST | LQ_FC_ELS_RRQ, BOTH, recovery},
    {"rec", REQUEST | LQ_FC_ELS_REC, BOTH, recovery},
    {"echo", REQUEST | LQ_FC_ELS_ECHO, BOTH, els},
    {"scr", REQUEST | LQ_FC_ELS_SCR, BOTH, els},
    {"rscn", REQUEST | LQ_FC_ELS_RSCN, BOTH, els},
    {"rtv", REQUEST | LQ_FC_ELS_RTV, BOTH, els},
    {"ls-acc", REPLY | LQ_FC_ELS_LS_ACC, BOTH, els},
    {"ls-rjt", REPLY | LQ_FC_ELS_LS_RJT, BOTH, rjt},
    {"srr", FRAME | 0x32, BOTH, srr},
    {"fc4-reply", FRAME | 0x33, BOTH, els},
    {"ct-request", CT | 0x02, BOTH, ct},
    {"ct-reply", CT | 0x03, BOTH, ct},
    {"fip-solicitation", FIP_CODE | 0x0101, TO, fip},
    {"fip-advertisement", FIP_CODE | 0x0102, FROM, fip},
    {"fip-link-request", FIP_CODE | 0x0201, TO, fip},
    {"fip-link-reply", FIP_CODE | 0x0202, FROM, fip},
    {"fip-keep-alive", FIP_CODE | 0x0301, TO, fip},
    {"fip-clear-links", FIP_CODE | 0x0302, FROM, fip},
    {"fip-vlan-request", FIP_CODE | 0x0401, TO, fip},
    {"fip-vlan-notification", FIP_CODE | 0x0402, FROM, fip},
    {NULL, 0, 0, NULL}};

static uint32_t code_of(const uint8_t *view)
{
    uint32_t r_ctl = view[0], type = view[TYPE], first = view[PAYLOAD];
    if (view[FIP] != 0 || lq_get_be16(view + FIP + OPERATION) != 0)
        return FIP_CODE | (view[FIP + OPERATION + 1] & 0x7fU) << 8 | view[FIP + SUBCODE];
    if (type == LQ_FC_TYPE_ELS && r_ctl == LQ_FC_R_CTL_ELS_REQUEST)
        return REQUEST | first;
    if (type == LQ_FC_TYPE_ELS && r_ctl == LQ_FC_R_CTL_ELS_REPLY)
        return REPLY | first;
    return (type == LQ_FC_TYPE_CT ? CT : FRAME) | r_ctl;
}

const struct lq_pdu_table lq_fcoe_pdu_table = {.transport = "fcp",
                                               .header_bytes = PAYLOAD + PAYLOAD_BYTES,
                                               .code_of = code_of,
                                               .tag = WORD16("ox_id", 16),
                                               .has_crc = true,
                                               .injected_bytes_min = LQ_FC_HEADER_BYTES,
                                               .common = common,
                                               .kinds = kinds};

/* --- frames --------------------------------------------------------------------------------- */

uint32_t lq_fcoe_payload(const uint8_t *bytes, uint32_t size_bytes, uint32_t *payload_bytes)
{
    static const uint32_t around = LQ_FCOE_HEADER_BYTES + LQ_FC_HEADER_BYTES;
    struct lq_ethernet ethernet;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    if (skip == 0 || ethernet.type != LQ_ETHERTYPE_FCOE ||
        size_bytes < skip + around + LQ_FCOE_TRAILER_BYTES)
        return 0;
    *payload_bytes = size_bytes - skip - around - LQ_FCOE_TRAILER_BYTES;
    return skip + around;
}

/* COUNT bytes from AT on of a view stand in its frame from PLACE on. */
struct part {
    uint32_t at, place, count;
};

static bool find_part(const uint8_t *bytes, uint32_t size_bytes, struct part *part)
{
    struct lq_ethernet ethernet;
    uint32_t payload_bytes = 0, payload = lq_fcoe_payload(bytes, size_bytes, &payload_bytes);
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    if (payload != 0) {
        *part = (struct part){0, payload - LQ_FC_HEADER_BYTES, LQ_FC_HEADER_BYTES + payload_bytes};
        if (part->count > PAYLOAD + PAYLOAD_BYTES)
            part->count = PAYLOAD + PAYLOAD_BYTES;
        return true;
    }
    *part = (struct part){FIP, skip, FIP_BYTES};
    return skip != 0 && ethernet.type == LQ_ETHERTYPE_FIP && size_bytes >= skip + FIP_BYTES;
}

bool lq_fcoe_view(const uint8_t *bytes, uint32_t size_bytes, uint8_t view[LQ_FCOE_VIEW_BYTES])
{
    struct part part;
    memset(view, 0, LQ_FCOE_VIEW_BYTES);
    if (!find_part(bytes, size_bytes, &part))
        return false;
    memcpy(view + part.at, bytes + part.place, part.count);
    return true;
}

void lq_fcoe_unview(const uint8_t view[LQ_FCOE_VIEW_BYTES], uint8_t *bytes, uint32_t size_bytes)
{
    struct part part;
    if (find_part(bytes, size_bytes, &part))
        memcpy(bytes + part.place, view + part.at, part.count);
}
