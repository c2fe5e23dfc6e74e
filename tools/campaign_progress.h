/* SPDX-License-Identifier: Apache-2.0 */
/* How far a campaign is, for people: on a terminal only, and always in the same two lines. */
#ifndef LQ_TOOLS_CAMPAIGN_PROGRESS_H
#define LQ_TOOLS_CAMPAIGN_PROGRESS_H

#include "tools/campaign_store.h"

struct lq_progress {
    bool is_shown;
    bool has_lines; /* the cursor is below them */
    uint64_t seeds, done_before, begun_ns;
};

/* SEEDS in all, DONE of them before. */
void lq_progress_begin(struct lq_progress *progress, uint64_t seeds, uint64_t done);
void lq_progress_show(struct lq_progress *progress, const struct lq_campaign_sum *sum);
void lq_progress_end(struct lq_progress *progress, const struct lq_campaign_sum *sum);

#endif
