/* SPDX-License-Identifier: Apache-2.0 */
/* A transport's table as a codec hands it in, small and made up, for tests of the language. */
#ifndef LQ_SCENARIOS_LANG_TEST_PDUS_H
#define LQ_SCENARIOS_LANG_TEST_PDUS_H

#include <stddef.h>

#include "faults/pdu.h"

static const struct lq_pdu_field common_fields[] = {{"opcode", 0, 0, 6, false},
                                                    {"itt", 16, 0, 32, false},
                                                    {NULL, 0, 0, 0, false}};
static const struct lq_pdu_field ask_fields[] = {{"lun", 8, 0, 64, false},
                                                 {"flag", 1, 7, 1, false},
                                                 {"cmdsn", 24, 0, 32, true},
                                                 {NULL, 0, 0, 0, false}};
static const struct lq_pdu_field answer_fields[] = {{"status", 3, 0, 8, false},
                                                    {"statsn", 24, 0, 32, true},
                                                    {NULL, 0, 0, 0, false}};
static const struct lq_pdu_kind pdu_kinds[] = {{"ask", 1, LQ_PDU_TO_TARGET, ask_fields},
                                               {"answer", 33, LQ_PDU_FROM_TARGET, answer_fields},
                                               {NULL, 0, 0, NULL}};
static const struct lq_pdu_table pdu_table = {.transport = "iscsi",
                                              .header_bytes = 48,
                                              .code = {"opcode", 0, 0, 6, false},
                                              .tag = {"itt", 16, 0, 32, false},
                                              .common = common_fields,
                                              .kinds = pdu_kinds};
static const struct lq_pdu_table fcp_table = {.transport = "fcp",
                                              .has_crc = true,
                                              .header_bytes = 48,
                                              .code = {"opcode", 0, 0, 6, false},
                                              .tag = {"itt", 16, 0, 32, false},
                                              .common = common_fields,
                                              .kinds = pdu_kinds};
static const struct lq_pdu_table *const pdus[] = {&pdu_table, &fcp_table, NULL};

#endif
