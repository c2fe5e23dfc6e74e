/* SPDX-License-Identifier: Apache-2.0 */
/* Who judges, in the order in which they hear of a record. */
#include "conformance/judges/internal.h"

const struct lq_judge_part *const lq_judge_parts[] = {
    &lq_view_part, &lq_forged_part, /* first: the others look things up in it */
    &lq_data_part,
    &lq_order_part,
    &lq_tm_part,
    &lq_reinstate_part,
    &lq_quarantine_part,
    &lq_reservation_part, /* before UA, through which it tells what is owed */
    &lq_ua_part,
    &lq_luns_part,
    &lq_modes_part,
    &lq_faulted_part,
    &lq_aca_part,
    &lq_digests_part,
    &lq_sequence_part,
    &lq_transfer_part,
    &lq_negotiation_part,
    &lq_connection_part,
    &lq_durable_part,
    &lq_liveness_part,
    &lq_accounting_part,
    &lq_frames_part,
};

const uint32_t lq_judge_part_count = sizeof lq_judge_parts / sizeof lq_judge_parts[0];
