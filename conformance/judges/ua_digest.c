/* SPDX-License-Identifier: Apache-2.0 */
/* UA's digest. Whether two things happened at the same moment is no question later. */
#include "conformance/judges/digest.h"
#include "conformance/judges/ua.h"

/* Commands that CONDITION's cause came before, and the one that reported it last. */
static void mix_cause(struct lq_judge *judge, const struct condition *condition,
                      struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        if (lq_is_done_with(task))
            continue;
        bool is_reporter = condition->last_report != NULL &&
                           condition->last_report->serial == task->serial;
        bool is_older = condition->owed && lq_is_later(task->received, condition->cause);
        sum += lq_mix(lq_name_of_task(task), (uint64_t)is_reporter << 1 | is_older);
    }
    lq_digest_word(digest, sum);
}

static void mix_place(struct lq_judge *judge, const struct place *place, struct lq_digest *digest)
{
    for (uint32_t k = 0; k < KINDS; k++) {
        const struct condition *condition = &place->conditions[k];
        lq_digest_two(digest, (uint64_t)condition->owed << 3 | (uint64_t)condition->put_back << 2 |
                                  (uint64_t)condition->claimed << 1 | condition->early,
                      condition->allowed);
        lq_digest_word(digest, condition->reported > 1 ? 2 : condition->reported);
        mix_cause(judge, condition, digest);
    }
    lq_digest_word(digest, place->cleared_by == NULL ? 0 : lq_name_of_function(place->cleared_by));
    for (uint32_t i = 0; i < ua_of(judge)->open_count; i++)
        lq_digest_word(digest, place->clearing != NULL &&
                                   place->clearing->seq >= ua_of(judge)->open[i]->received->seq);
}

void lq_ua_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t n = 0; n < judge->view.nexuses.count; n++)
        for (uint32_t u = 0; u < judge->view.units.count; u++) {
            const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
            if (unit->unit == u)
                mix_place(judge, lq_ua_place(judge, lq_array_at(&judge->view.nexuses, n), unit),
                          digest);
        }
    for (uint32_t i = 0; i < ua_of(judge)->open_count; i++)
        lq_digest_word(digest, lq_name_of_function(ua_of(judge)->open[i]));
    lq_digest_word(digest, ua_of(judge)->restarted != NULL);
}
