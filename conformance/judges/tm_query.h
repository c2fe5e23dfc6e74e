/* SPDX-License-Identifier: Apache-2.0 */
/* Of the judge of TM alone: answers to queries. */
#ifndef LQ_CONFORMANCE_JUDGES_TM_QUERY_H
#define LQ_CONFORMANCE_JUDGES_TM_QUERY_H

#include "conformance/judges/internal.h"

/* FUNCTION has just been given ANSWER; does nothing when it is no query. */
void lq_tm_judge_query(struct lq_judge *judge, const struct lq_seen_function *function,
                       uint32_t answer);

#endif
