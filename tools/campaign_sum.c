/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tools/campaign_store.h"

static const char *const verdict_names[LQ_SIM_VERDICTS] = {
    [LQ_SIM_CLEAN] = "clean",   [LQ_SIM_VIOLATED] = "violated", [LQ_SIM_ELSEWHERE] = "elsewhere",
    [LQ_SIM_CAUGHT] = "caught", [LQ_SIM_STUCK] = "stuck",       [LQ_SIM_UNMET] = "unmet",
    [LQ_SIM_UNSTEADY] = "unsteady"};

const char *lq_seed_verdict_name(const struct lq_seed_result *result)
{
    if (result->end != LQ_SEED_RAN)
        return result->end == LQ_SEED_HUNG ? "hung" : "crashed";
    return verdict_names[result->verdict];
}

void lq_campaign_keep_failure(struct lq_campaign_sum *sum, uint64_t seed, const char *text)
{
    uint32_t at = sum->failure_count;
    if (at == LQ_CAMPAIGN_FAILURES && sum->failures[at - 1].seed < seed)
        return;
    char *copy = strdup(text);
    if (copy == NULL)
        return;
    if (at < LQ_CAMPAIGN_FAILURES)
        sum->failure_count++;
    else
        free(sum->failures[--at].text);
    for (; at > 0 && sum->failures[at - 1].seed > seed; at--)
        sum->failures[at] = sum->failures[at - 1];
    sum->failures[at] = (struct lq_campaign_failure){seed, copy};
}

void lq_campaign_sum_add(struct lq_campaign_sum *sum, const struct lq_seed_result *result)
{
    sum->done++;
    /* With a wrong, what others say is of interest only when its own property says nothing. */
    bool is_elsewhere = result->end == LQ_SEED_RAN && result->verdict == LQ_SIM_ELSEWHERE;
    if (result->text[0] != '\0')
        lq_campaign_keep_failure(
            sum, is_elsewhere ? result->seed | UINT64_C(1) << 63 : result->seed, result->text);
    if (result->end != LQ_SEED_RAN) {
        sum->lost++;
        return;
    }
    sum->commands += result->commands;
    sum->virtual_ns += result->virtual_ns;
    sum->too_few += result->has_too_little;
    sum->verdicts[result->verdict]++;
    lq_counts_add(&sum->counts, &result->counts);
    lq_verdicts_add(&sum->properties, &result->verdicts);
}
