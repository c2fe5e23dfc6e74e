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

/* RULE is on now. */
static bool is_on(const struct lq_fault_rule *rule, uint64_t now_ns)
{
    return rule->is_armed && now_ns >= rule->from_ns && now_ns < rule->until_ns &&
           (rule->count == 0 || rule->fired < rule->count);
}

/* Counts a match of the rule at PLACE; true when it strikes. */
static bool strikes(struct lq_fault_rules *rules, uint32_t place, struct lq_choice *choice,
                    uint64_t subject)
{
    struct lq_fault_rule *rule = &rules->rules[place];
    rule->matched++;
    if (!hits(rule, choice, SITE_RULE + place, subject))
        return false;
    rule->fired++;
    return true;
}

const struct lq_fault_rule *lq_fault_rules_strike(struct lq_fault_rules *rules,
                                                  struct lq_choice *choice, uint64_t now_ns,
                                                  enum lq_fault fault, uint64_t subject,
                                                  uint32_t store_or_none, uint32_t connection)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct lq_fault_rule *rule = &rules->rules[i];
        if (rule->fault == fault && is_on(rule, now_ns) &&
            is_in_place(rules, rule, store_or_none, connection) &&
            strikes(rules, i, choice, subject))
            return rule;
    }
    return NULL;
}

static bool is_of_pdus(const struct lq_fault_rule *rule)
{
    return rule->fault >= LQ_FAULT_PDU_DROP && rule->fault <= LQ_FAULT_PDU_FIN;
}

const struct lq_fault_rule *lq_fault_rules_strike_pdu(struct lq_fault_rules *rules,
                                                      struct lq_choice *choice, uint64_t now_ns,
                                                      const struct lq_pdu_seen *pdu,
                                                      uint32_t classes, uint64_t subject,
                                                      uint32_t connection)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct lq_fault_rule *rule = &rules->rules[i];
        if (is_on(rule, now_ns) && is_of_pdus(rule) &&
            (classes >> (rule->fault - LQ_FAULT_PDU_DROP) & 1) != 0 &&
            lq_pdu_rule_matches(&rule->pdu, pdu) && is_in_place(rules, rule, 0, connection) &&
            strikes(rules, i, choice, subject))
            return rule;
    }
    return NULL;
}

bool lq_fault_rules_has_pdu(const struct lq_fault_rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (rules->rules[i].is_armed && is_of_pdus(&rules->rules[i]))
            return true;
    return false;
}

bool lq_fault_rules_watch_pdus(const struct lq_fault_rules *rules, uint64_t now_ns)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (is_of_pdus(&rules->rules[i]) && is_on(&rules->rules[i], now_ns))
            return true;
    return false;
}
