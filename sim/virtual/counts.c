/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of several runs or processes, added up. */
#include "sim/virtual/totals.h"

void lq_counts_add(struct lq_counts *sum, const struct lq_counts *more)
{
    for (uint32_t i = 0; i < LQ_TOTAL_OPCODES; i++)
        sum->opcodes[i] += more->opcodes[i];
    for (uint32_t i = 0; i < LQ_TOTAL_ATTRIBUTES * LQ_TOTAL_ATTRIBUTES; i++)
        sum->pairs[i] += more->pairs[i];
    for (uint32_t i = 0; i < LQ_TOTAL_FUNCTIONS * LQ_TOTAL_STATES; i++)
        sum->functions[i] += more->functions[i];
    for (uint32_t i = 0; i < LQ_TOTAL_TEARDOWNS * LQ_TOTAL_STATES; i++)
        sum->teardowns[i] += more->teardowns[i];
    for (uint32_t i = 0; i < LQ_TOTAL_QUARANTINE; i++)
        sum->quarantine[i] += more->quarantine[i];
    for (uint32_t i = 0; i < LQ_FAULTS; i++)
        sum->faults[i] += more->faults[i];
    for (uint32_t i = 0; i < LQ_TOTAL_OTHERS; i++)
        sum->others[i] += more->others[i];
}
