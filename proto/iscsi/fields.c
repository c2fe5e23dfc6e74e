/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets as in the figures of RFC 7143 11; one table a PDU. */
#include "proto/iscsi/fields.h"

#include <stddef.h>

#include "proto/iscsi/pdu.h"

#define BITS(name, byte, bit, width) {name, byte, bit, width, false}
#define FLAG(name, byte, bit) BITS(name, byte, bit, 1)
#define BYTE(name, byte) BITS(name, byte, 0, 8)
#define WORD16(name, byte) BITS(name, byte, 0, 16)
#define WORD(name, byte) BITS(name, byte, 0, 32)
#define COUNTER(name, byte) {name, byte, 0, 32, true}
#define LUN BITS("lun", 8, 0, 64)
#define END BITS(NULL, 0, 0, 0)
#define FROM_INITIATOR COUNTER("cmdsn", 24), COUNTER("expstatsn", 28)
#define FROM_TARGET COUNTER("statsn", 24), COUNTER("expcmdsn", 28), COUNTER("maxcmdsn", 32)

static const struct lq_pdu_field common[] = {BITS("opcode", 0, 0, 6),
                                             FLAG("immediate", 0, 6),
                                             FLAG("final", 1, 7),
                                             BYTE("totalahslength", 4),
                                             BITS("datasegmentlength", 5, 0, 24),
                                             WORD("itt", 16),
                                             END};

static const struct lq_pdu_field nop_out[] = {LUN, COUNTER("ttt", 20), FROM_INITIATOR, END};
static const struct lq_pdu_field scsi_command[] = {FLAG("read", 1, 6),
                                                   FLAG("write", 1, 5),
                                                   BITS("attribute", 1, 0, 3),
                                                   LUN,
                                                   COUNTER("edtl", 20),
                                                   FROM_INITIATOR,
                                                   BYTE("operationcode", 32),
                                                   END};
static const struct lq_pdu_field tm_request[] = {BITS("function", 1, 0, 7),
                                                 LUN,
                                                 COUNTER("referencedtasktag", 20),
                                                 FROM_INITIATOR,
                                                 COUNTER("refcmdsn", 32),
                                                 WORD("expdatasn", 36),
                                                 END};
static const struct lq_pdu_field login_request[] = {FLAG("continue", 1, 6),
                                                    BITS("csg", 1, 2, 2),
                                                    BITS("nsg", 1, 0, 2),
                                                    BYTE("versionmax", 2),
                                                    BYTE("versionmin", 3),
                                                    BITS("isid", 8, 0, 48),
                                                    WORD16("tsih", 14),
                                                    WORD16("cid", 20),
                                                    FROM_INITIATOR,
                                                    END};
static const struct lq_pdu_field text_request[] = {FLAG("continue", 1, 6), LUN,
                                                   COUNTER("ttt", 20), FROM_INITIATOR, END};
static const struct lq_pdu_field data_out[] = {LUN,
                                               COUNTER("ttt", 20),
                                               COUNTER("expstatsn", 28),
                                               COUNTER("datasn", 36),
                                               COUNTER("bufferoffset", 40),
                                               END};
static const struct lq_pdu_field logout_request[] = {BITS("reason", 1, 0, 7), WORD16("cid", 20),
                                                     FROM_INITIATOR, END};
static const struct lq_pdu_field snack_request[] = {BITS("type", 1, 0, 4),
                                                    LUN,
                                                    COUNTER("ttt", 20),
                                                    COUNTER("expstatsn", 28),
                                                    COUNTER("begrun", 40),
                                                    COUNTER("runlength", 44),
                                                    END};
static const struct lq_pdu_field nop_in[] = {LUN, COUNTER("ttt", 20), FROM_TARGET, END};
static const struct lq_pdu_field scsi_response[] = {FLAG("bidioverflow", 1, 4),
                                                    FLAG("bidiunderflow", 1, 3),
                                                    FLAG("overflow", 1, 2),
                                                    FLAG("underflow", 1, 1),
                                                    BYTE("response", 2),
                                                    BYTE("status", 3),
                                                    WORD("snacktag", 20),
                                                    FROM_TARGET,
                                                    COUNTER("expdatasn", 36),
                                                    WORD("bidiresidual", 40),
                                                    COUNTER("residual", 44),
                                                    END};
static const struct lq_pdu_field tm_response[] = {BYTE("response", 2), FROM_TARGET, END};
static const struct lq_pdu_field login_response[] = {FLAG("continue", 1, 6),
                                                     BITS("csg", 1, 2, 2),
                                                     BITS("nsg", 1, 0, 2),
                                                     BYTE("versionmax", 2),
                                                     BYTE("versionactive", 3),
                                                     BITS("isid", 8, 0, 48),
                                                     WORD16("tsih", 14),
                                                     FROM_TARGET,
                                                     BYTE("statusclass", 36),
                                                     BYTE("statusdetail", 37),
                                                     END};
static const struct lq_pdu_field text_response[] = {FLAG("continue", 1, 6), LUN,
                                                    COUNTER("ttt", 20), FROM_TARGET, END};
static const struct lq_pdu_field data_in[] = {FLAG("acknowledge", 1, 6),
                                              FLAG("overflow", 1, 2),
                                              FLAG("underflow", 1, 1),
                                              FLAG("hasstatus", 1, 0),
                                              BYTE("status", 3),
                                              LUN,
                                              COUNTER("ttt", 20),
                                              FROM_TARGET,
                                              COUNTER("datasn", 36),
                                              COUNTER("bufferoffset", 40),
                                              COUNTER("residual", 44),
                                              END};
static const struct lq_pdu_field logout_response[] = {BYTE("response", 2), FROM_TARGET,
                                                      WORD16("time2wait", 40),
                                                      WORD16("time2retain", 42), END};
static const struct lq_pdu_field r2t[] = {LUN,
                                          COUNTER("ttt", 20),
                                          FROM_TARGET,
                                          COUNTER("r2tsn", 36),
                                          COUNTER("bufferoffset", 40),
                                          COUNTER("desiredlength", 44),
                                          END};
static const struct lq_pdu_field async_message[] = {LUN,
                                                    FROM_TARGET,
                                                    BYTE("event", 36),
                                                    BYTE("vendorcode", 37),
                                                    WORD16("parameter1", 38),
                                                    WORD16("parameter2", 40),
                                                    WORD16("parameter3", 42),
                                                    END};
static const struct lq_pdu_field reject[] = {BYTE("reason", 2), FROM_TARGET,
                                             COUNTER("datasn", 36), END};

static const struct lq_pdu_kind kinds[] = {
    {"nop-out", LQ_OP_NOP_OUT, LQ_PDU_TO_TARGET, nop_out},
    {"scsi-command", LQ_OP_SCSI_COMMAND, LQ_PDU_TO_TARGET, scsi_command},
    {"tm-request", LQ_OP_TM_REQUEST, LQ_PDU_TO_TARGET, tm_request},
    {"login-request", LQ_OP_LOGIN_REQUEST, LQ_PDU_TO_TARGET, login_request},
    {"text-request", LQ_OP_TEXT_REQUEST, LQ_PDU_TO_TARGET, text_request},
    {"data-out", LQ_OP_DATA_OUT, LQ_PDU_TO_TARGET, data_out},
    {"logout-request", LQ_OP_LOGOUT_REQUEST, LQ_PDU_TO_TARGET, logout_request},
    {"snack-request", LQ_OP_SNACK_REQUEST, LQ_PDU_TO_TARGET, snack_request},
    {"nop-in", LQ_OP_NOP_IN, LQ_PDU_FROM_TARGET, nop_in},
    {"scsi-response", LQ_OP_SCSI_RESPONSE, LQ_PDU_FROM_TARGET, scsi_response},
    {"tm-response", LQ_OP_TM_RESPONSE, LQ_PDU_FROM_TARGET, tm_response},
    {"login-response", LQ_OP_LOGIN_RESPONSE, LQ_PDU_FROM_TARGET, login_response},
    {"text-response", LQ_OP_TEXT_RESPONSE, LQ_PDU_FROM_TARGET, text_response},
    {"data-in", LQ_OP_DATA_IN, LQ_PDU_FROM_TARGET, data_in},
    {"logout-response", LQ_OP_LOGOUT_RESPONSE, LQ_PDU_FROM_TARGET, logout_response},
    {"r2t", LQ_OP_R2T, LQ_PDU_FROM_TARGET, r2t},
    {"async-message", LQ_OP_ASYNC_MESSAGE, LQ_PDU_FROM_TARGET, async_message},
    {"reject", LQ_OP_REJECT, LQ_PDU_FROM_TARGET, reject},
    {NULL, 0, 0, NULL}};

const struct lq_pdu_table lq_iscsi_pdu_table = {.transport = "iscsi",
                                                .header_bytes = LQ_BHS_BYTES,
                                                .code = BITS("opcode", 0, 0, 6),
                                                .tag = WORD("itt", 16),
                                                .common = common,
                                                .kinds = kinds};
