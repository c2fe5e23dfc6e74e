/* SPDX-License-Identifier: Apache-2.0 */
#include "faults/rules.h"

#include <stddef.h>

enum { SITE_RULE = 1000 };

static bool is_in_place(const struct lq_fault_rules *rules, const struct lq_fault_rule *rule,
                        uint32_t store_or_none, uint32_t connection)
{
    if (rule->store_or_all != 0 && rule->store_or_all != store_or_none)
        return false;
    return rule->actor_or_all == 0 ||
           rules->actor_of(rules->context, connection) == rule->actor_or_all;
}

/* RULE has just matched: does it hit this one? */
static bool hits(const struct lq_fault_rule *rule, struct lq_choice *choice, uint32_t site,
                 uint64_t subject)
{
    if (rule->nth != 0 && rule->matched != rule->nth)
        return false;
    if (rule->every != 0 && rule->matched % rule->every != 0)
        return false;
    return rule->odds_in == 0 || rule->odds == rule->odds_in ||
           lq_chance(choice, LQ_STREAM_FAULT, site, subject, rule->odds, rule->odds_in);
}

const struct lq_fault_rule *lq_fault_rules_strike(struct lq_fault_rules *rules,
                                                  struct lq_choice *choice, uint64_t now_ns,
                                                  enum lq_fault fault, uint64_t subject,
                                                  uint32_t store_or_none, uint32_t connection)
{
    const struct lq_fault_rule *struck = NULL;
    for (uint32_t i = 0; i < rules->count && struck == NULL; i++) {
        struct lq_fault_rule *rule = &rules->rules[i];
        if (!rule->is_armed || rule->fault != fault || now_ns >= rule->until_ns ||
            !is_in_place(rules, rule, store_or_none, connection))
            continue;
        rule->matched++;
        if (!hits(rule, choice, SITE_RULE + i, subject))
            continue;
        rule->fired++;
        struck = rule;
    }
    return struck;
}
