/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: faults that strike where and when a scenario says, instead of by the odds of a seed.
 *
 * A rule matches a class, a place and a time; what it matches is counted, and of that it hits the
 * Nth, every Nth, or some by odds. As the catalogue, it decides and counts and never acts itself.
 * A rule that is not armed, or whose time has not come or is over, draws nothing, records nothing
 * and so changes no byte of a run.
 *
 * Who uses it: faults (lq_fault_fires asks the rules when it has some), sim/stage's scenarios.
 */
#ifndef LQ_FAULTS_RULES_H
#define LQ_FAULTS_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "faults/faults.h"
#include "faults/pdu.h"

struct lq_fault_rule {
    enum lq_fault fault;
    uint32_t store_or_all; /* store number + 1; 0: any */
    uint32_t actor_or_all; /* initiator number; 0: any */
    uint64_t nth, every;   /* 0: each match */
    uint64_t odds, odds_in; /* odds_in 0: always */
    uint64_t count;        /* strikes so often at most; 0: for ever */
    uint64_t from_ns;      /* strikes from this time on */
    uint64_t until_ns;     /* strikes before this time only; UINT64_MAX: for ever */
    uint64_t by_ns;        /* how long what it hits is delayed or hangs; 0: not said */
    struct lq_pdu_rule pdu; /* of classes whose place is LQ_FAULT_PLACE_PDU */
    bool is_armed;
    uint64_t matched, fired;
};

/* Owned by whoever makes them; all deciders of one world share them. */
struct lq_fault_rules {
    struct lq_fault_rule *rules;
    uint32_t count;
    /* Number of the initiator that has CONNECTION; 0: nobody. */
    uint32_t (*actor_of)(void *context, uint32_t connection);
    void *context;
};

/* The first rule that PDU runs into on CONNECTION, counted; NULL when none strikes. Rules of
 * classes that are not in CLASSES (bit fault - LQ_FAULT_PDU_DROP) cannot strike it. */
const struct lq_fault_rule *lq_fault_rules_strike_pdu(struct lq_fault_rules *rules,
                                                      struct lq_choice *choice, uint64_t now_ns,
                                                      const struct lq_pdu_seen *pdu,
                                                      uint32_t classes, uint64_t subject,
                                                      uint32_t connection);

/* Any rule about PDUs is armed; and may strike at NOW_NS, its window being open and its count not
 * used up. */
bool lq_fault_rules_has_pdu(const struct lq_fault_rules *rules);
bool lq_fault_rules_watch_pdus(const struct lq_fault_rules *rules, uint64_t now_ns);

/* The first rule that FAULT runs into at STORE_OR_NONE (number + 1) or CONNECTION, counted; NULL
 * when none strikes. SUBJECT names the draw. */
const struct lq_fault_rule *lq_fault_rules_strike(struct lq_fault_rules *rules,
                                                  struct lq_choice *choice, uint64_t now_ns,
                                                  enum lq_fault fault, uint64_t subject,
                                                  uint32_t store_or_none, uint32_t connection);

#endif
