/* SPDX-License-Identifier: Apache-2.0 */
/* What a made scenario's fault says about PDUs, in the words of pdus.h. DRAW(N) gives 0..N-1. */
#ifndef LQ_SCENARIOS_LANG_TEST_MAKE_PDU_H
#define LQ_SCENARIOS_LANG_TEST_MAKE_PDU_H

#include <string.h>

#include "scenarios/lang/internal.h"

static inline void make_pdu_act(struct lq_scn_fault *fault, uint64_t (*draw)(uint64_t n))
{
    struct lq_scn_pdu *pdu = &fault->pdu;
    const char *field = pdu->kind[0] == '\0' ? "itt" : pdu->kind[1] == 's' ? "cmdsn" : "statsn";
    if (fault->fault == LQ_FAULT_PDU_REPLACE ||
        (fault->fault == LQ_FAULT_PDU_CORRUPT && draw(2) == 1))
        strcpy(pdu->field, draw(3) == 1 ? "byte40" : field);
    if (fault->fault == LQ_FAULT_PDU_CORRUPT && draw(3) == 1)
        strcpy(pdu->field, "data12");
    if (fault->fault == LQ_FAULT_PDU_REPLACE) {
        pdu->change = (uint32_t)draw(3);
        pdu->value = draw(256);
    }
    if (fault->fault == LQ_FAULT_PDU_ANSWER) {
        pdu->has_status = true;
        pdu->status = lq_scn_statuses[draw(8)].value;
        pdu->sense = pdu->status == 2 ? 0x0b4700 : 0;
    }
    if (fault->fault == LQ_FAULT_PDU_INJECT) {
        pdu->before = draw(2) == 1;
        pdu->raw_bytes = 1 + (uint32_t)draw(LQ_PDU_RAW_MAX);
        for (uint32_t i = 0; i < pdu->raw_bytes; i++)
            pdu->raw[i] = (uint8_t)draw(256);
    }
}

static inline void make_pdu(struct lq_scn_fault *fault, uint32_t transport,
                            uint64_t (*draw)(uint64_t n))
{
    struct lq_scn_pdu *pdu = &fault->pdu;
    uint32_t kind = (uint32_t)draw(3);
    if (kind > 0)
        strcpy(pdu->kind, kind == 1 ? "ask" : "answer");
    pdu->direction = draw(2) == 1 ? kind : 0;
    pdu->state = transport == LQ_SCN_OVER_ISCSI ? (uint32_t)draw(3) : LQ_PDU_ANY_STATE;
    pdu->test_count = (uint32_t)draw(LQ_PDU_TESTS_MAX + 1);
    for (uint32_t i = 0; i < pdu->test_count; i++) {
        struct lq_scn_test *test = &pdu->tests[i];
        strcpy(test->field, kind == 1 && draw(2) == 1 ? "lun" : "itt");
        test->operator = (uint32_t)draw(6);
        test->has_mask = draw(2) == 1;
        test->mask = test->has_mask ? draw(65536) : 0;
        test->value = draw(UINT32_MAX);
    }
    make_pdu_act(fault, draw);
    if (transport == LQ_SCN_OVER_FCP && fault->fault == LQ_FAULT_PDU_CORRUPT && draw(2) == 1)
        memcpy(pdu->field, (char[sizeof pdu->field]){"crc"}, sizeof pdu->field);
}

#endif
