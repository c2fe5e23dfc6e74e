/* SPDX-License-Identifier: Apache-2.0 */
/* What iSCSI's PDUs decide: runs over another transport say nothing about it. */
#include "conformance/judges/judge.h"
#include "conformance/judges/property.h"

static const uint8_t of_pdus[] = {
    P_TM_1,   P_TM_5,   P_TM_9,   P_RI_1,   P_RI_8,   P_RI_9,   P_RI_10,
    P_SEQ_1,  P_SEQ_2,  P_SEQ_3,  P_SEQ_4,  P_SEQ_5,  P_SEQ_6,  P_SEQ_7,  P_SEQ_8,
    P_SEQ_9,  P_SEQ_10, P_SEQ_11, P_SEQ_12, P_SEQ_14, P_SEQ_15, P_SEQ_16, P_SEQ_17,
    P_SEQ_18, P_SEQ_20, P_DUR_2,  P_DUR_6,  P_LUN_3,  P_PR_1,   P_PR_2,   P_PR_3,
    P_PR_4,   P_PR_5,   P_PR_6,   P_PR_7,   P_PR_8,   P_PR_9,   P_LIVE_6, P_LIVE_7,
    P_MODE_1, P_MODE_2, P_MODE_4, P_ACA_2};

bool lq_property_is_of_pdus(uint32_t property)
{
    for (uint32_t i = 0; i < sizeof of_pdus; i++)
        if (of_pdus[i] == property)
            return true;
    return false;
}
