/* SPDX-License-Identifier: Apache-2.0 */
/* What DATA asks DURABLE. Internal to the judges. */
#ifndef LQ_CONFORMANCE_JUDGES_DURABLE_H
#define LQ_CONFORMANCE_JUDGES_DURABLE_H

#include "conformance/judges/internal.h"

/* READ, which ended with END, is the first to see after LOSS what block LBA has: VALUE, from
 * before. False: a younger value had been promised to be durable, and that has been said. */
bool lq_durable_survives(struct lq_judge *judge, const struct lq_seen_command *read,
                         const struct lq_event *end, uint64_t lba, uint32_t value,
                         const struct lq_event *loss);

#endif
