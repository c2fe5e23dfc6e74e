/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a made scenario's fabric, and what transports have. DRAW(N) gives 0..N-1. */
#ifndef LQ_SCENARIOS_LANG_TEST_MAKE_FABRIC_H
#define LQ_SCENARIOS_LANG_TEST_MAKE_FABRIC_H

#include "scenarios/lang/internal.h"

/* Scenarios of TRANSPORT may have FAULT, which is of PLACE. */
static inline bool is_fault_of(uint32_t transport, uint32_t fault, enum lq_fault_place place)
{
    if (place == LQ_FAULT_PLACE_NETWORK || fault == LQ_FAULT_LOGIN_STALL ||
        fault == LQ_FAULT_PDU_RESET || fault == LQ_FAULT_PDU_FIN)
        return transport == LQ_SCN_OVER_ISCSI;
    return (place != LQ_FAULT_PLACE_FRAME && place != LQ_FAULT_PLACE_FABRIC) ||
           transport == LQ_SCN_OVER_FCP;
}

/* False: heal stands before, or there is no fabric. */
static inline bool make_fabric(const struct lq_scenario *made, struct lq_scn_statement *statement,
                               uint64_t (*draw)(uint64_t n))
{
    struct lq_scn_fabric *fabric = &statement->fabric;
    if (made->transport != LQ_SCN_OVER_FCP || lq_scn_has_kind(made, LQ_SCN_HEAL))
        return false;
    statement->kind = LQ_SCN_FABRIC;
    fabric->kind = LQ_SCN_FABRIC_RSCN + (uint32_t)draw(LQ_SCN_FABRIC_LINK_UP);
    if (fabric->kind == LQ_SCN_FABRIC_RSCN || fabric->kind == LQ_SCN_FABRIC_REFUSE)
        fabric->times = 1 + draw(1000);
    else if (fabric->kind != LQ_SCN_FABRIC_SILENT)
        fabric->initiator_or_all = (uint32_t)draw(made->initiator_count + 1);
    if (fabric->kind == LQ_SCN_FABRIC_SILENT ||
        (fabric->kind == LQ_SCN_FABRIC_LINK_DOWN && draw(2) == 1))
        fabric->for_ns = 1 + draw(1000000000);
    return true;
}

#endif
