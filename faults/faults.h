/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault catalogue: what a world can break, and whether it breaks now.
 *
 * What this is: one const table of fault classes, and a decider that counts how often each armed
 * class was asked and how often it fired. What it is not: an actor; who asks does the breaking.
 *
 * A class that is not armed draws nothing, records nothing and so changes no byte of a run.
 *
 * Who uses it: sim/stage (disk, initiators), sim/virtual (network), scenarios.
 */
#ifndef LQ_FAULTS_FAULTS_H
#define LQ_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/choice.h"
#include "core/base/history.h"

/* Numbers are in histories (LQ_W_FAULT, code): new ones are appended, none is ever reused. */
enum lq_fault {
    LQ_FAULT_NONE,
    LQ_FAULT_NET_SEGMENT,
    LQ_FAULT_NET_LATENCY,
    LQ_FAULT_NET_STALL,
    LQ_FAULT_NET_RESET,
    LQ_FAULT_NET_FIN,
    LQ_FAULT_NET_HALF_OPEN,
    LQ_FAULT_DISK_LATENCY,
    LQ_FAULT_DISK_REORDER,
    LQ_FAULT_DISK_HANG,
    LQ_FAULT_DISK_MEDIUM_ERROR,
    LQ_FAULT_DISK_FAILED,
    LQ_FAULT_INITIATOR_VANISH,
    LQ_FAULT_INITIATOR_LOGOUT,
    LQ_FAULT_INITIATOR_RELOGIN,
    LQ_FAULT_LOGIN_STALL,
    LQ_FAULT_LOGIN_RACE,
    LQ_FAULT_DATA_WITHHELD,
    LQ_FAULT_DATA_LATE,
    LQ_FAULT_NET_DAMAGE_HEADER,
    LQ_FAULT_NET_DAMAGE_DATA,
    LQ_FAULT_DISK_LATENT_ERROR,
    LQ_FAULT_DISK_MISDIRECTED,
    LQ_FAULT_DISK_FULL,
    LQ_FAULT_DISK_CACHE_LOST,
    LQ_FAULT_POWER_CUT,
    LQ_FAULT_TARGET_CRASH,
    LQ_FAULT_DISK_RESET,
    LQ_FAULT_PDU_DROP,
    LQ_FAULT_PDU_DELAY,
    LQ_FAULT_PDU_STALL,
    LQ_FAULT_PDU_HOLD,
    LQ_FAULT_PDU_REORDER,
    LQ_FAULT_PDU_DUPLICATE,
    LQ_FAULT_PDU_CORRUPT,
    LQ_FAULT_PDU_TRUNCATE,
    LQ_FAULT_PDU_REPLACE,
    LQ_FAULT_PDU_INJECT,
    LQ_FAULT_PDU_ANSWER,
    LQ_FAULT_PDU_RESET,
    LQ_FAULT_PDU_FIN,
    LQ_FAULT_FRAME_DROP,
    LQ_FAULT_FRAME_DUPLICATE,
    LQ_FAULT_FRAME_REORDER,
    LQ_FAULT_FRAME_CORRUPT,
    LQ_FAULT_FRAME_DELAY,
    LQ_FAULT_LINK_DOWN,
    LQ_FAULT_LUN_REMOVE,
    LQ_FAULT_LUN_RESIZE,
    LQ_FAULT_LUN_ACCESS,
    LQ_FAULT_FABRIC_RSCN,
    LQ_FAULT_FABRIC_CLEAR,
    LQ_FAULT_FABRIC_LOGOUT,
    LQ_FAULT_FABRIC_REFUSE,
    LQ_FAULT_FABRIC_SILENT,
    LQ_FAULTS
};

enum lq_fault_place {
    LQ_FAULT_PLACE_NETWORK = 1,
    LQ_FAULT_PLACE_DISK,
    LQ_FAULT_PLACE_INITIATOR,
    LQ_FAULT_PLACE_WORLD,
    LQ_FAULT_PLACE_PDU, /* at the target's end of a connection, as it passes */
    LQ_FAULT_PLACE_FRAME, /* the network of Fibre Channel over Ethernet */
    LQ_FAULT_PLACE_FABRIC
};

struct lq_fault_class {
    const char *name; /* what users type: "disk.hang" */
    enum lq_fault_place place;
    const char *unit;     /* what one firing hits: "segment", "request", "session" */
    const char *contract; /* what must still hold, in the properties' terms */
    const char *sentence; /* what it does */
    uint32_t odds_max;    /* firings per 1,000 questions at most, when a seed arms it */
};

/* Row of FAULT; rows 1..LQ_FAULTS-1 exist. */
const struct lq_fault_class *lq_fault_class(enum lq_fault fault);

/* The fault of NAME, LQ_FAULT_NONE when there is none. */
enum lq_fault lq_fault_by_name(const char *name);

struct lq_fault_count {
    uint64_t asked, fired;
};

struct lq_fault_rule;  /* rules.h */
struct lq_fault_rules;

/* One run's decider. Owned by the world; CHOICE, HISTORY and NOW_NS outlive it. */
struct lq_faults {
    struct lq_choice *choice;
    struct lq_history *history; /* NULL: nothing is recorded */
    const uint64_t *now_ns;
    uint32_t odds[LQ_FAULTS]; /* firings per 1,000 questions; 0: not armed */
    uint64_t can_fire; /* bit FAULT: it is armed, or some rule is of it */
    struct lq_fault_count counts[LQ_FAULTS];
    /* Whether a strike by odds happens at all; NULL: each does. */
    bool (*keep)(const void *context, enum lq_fault fault, uint64_t subject);
    const void *keep_context;
    struct lq_fault_rules *rules; /* NULL: by odds. Else these decide, and odds are not used */
    uint32_t store_or_none;       /* for rules: the store that asks this decider, number + 1 */
    const struct lq_fault_rule *rule; /* the one that struck last; NULL: it was by odds */
};

/* Nothing armed, all counts 0. */
void lq_faults_init(struct lq_faults *faults, struct lq_choice *choice, struct lq_history *history,
                    const uint64_t *now_ns);

/* Arms FAULT with ODDS firings per 1,000 questions (0..1000); 0 disarms. */
void lq_fault_arm(struct lq_faults *faults, enum lq_fault fault, uint32_t odds);

/* Heals: disarms all, keeps the counts. */
void lq_faults_disarm(struct lq_faults *faults);

static inline bool lq_fault_is_armed(const struct lq_faults *faults, enum lq_fault fault)
{
    return faults->odds[fault] != 0;
}

/* From now on RULES decide, which outlive FAULTS and keep their classes; STORE_OR_NONE (number + 1)
 * is the store that asks. */
void lq_faults_follow(struct lq_faults *faults, struct lq_fault_rules *rules,
                      uint32_t store_or_none);

/* FAULT is armed, or some rule is of it: asking makes sense. */
static inline bool lq_fault_can_fire(const struct lq_faults *faults, enum lq_fault fault)
{
    return (faults->can_fire >> fault & 1) != 0;
}

/* The same as lq_fault_fires; for FAULT that can fire. */
bool lq_fault_draws(struct lq_faults *faults, enum lq_fault fault, uint64_t subject,
                    uint32_t connection);

/*
 * Does FAULT hit SUBJECT (as in lq_choose: who asks repeatedly about one thing counts)? On yes it
 * is counted and recorded as LQ_W_FAULT with CONNECTION (0: none). Asked all the time, so that
 * what is not armed costs next to nothing.
 */
static inline bool lq_fault_fires(struct lq_faults *faults, enum lq_fault fault, uint64_t subject,
                                  uint32_t connection)
{
    return lq_fault_can_fire(faults, fault) && lq_fault_draws(faults, fault, subject, connection);
}

/* --- PDUs ----------------------------------------------------------------------------------- */

struct lq_pdu_seen; /* pdu.h */

struct lq_fault_hit {
    enum lq_fault fault;
    const struct lq_fault_rule *rule; /* NULL: it was by odds */
};

/* Some class about PDUs is armed; and may strike now. */
bool lq_fault_touches_pdus(const struct lq_faults *faults);
bool lq_fault_watches_pdus(const struct lq_faults *faults);

/* Is PDU struck, and by what? Only classes in ABLE can (bit fault - LQ_FAULT_PDU_DROP). On yes it
 * is counted; who asked records what became of it. */
bool lq_fault_strikes_pdu(struct lq_faults *faults, const struct lq_pdu_seen *pdu,
                          uint32_t able, uint64_t subject, uint32_t connection,
                          struct lq_fault_hit *hit);

/* --- the rule that struck last -------------------------------------------------------------- */

/* How long the rule that struck last says that its victim is delayed; 0: it does not say. */
uint64_t lq_fault_delay(const struct lq_faults *faults);

/* When what that rule holds is let go, NOW_NS being the time: UINT64_MAX: at heal. */
uint64_t lq_fault_release(const struct lq_faults *faults, uint64_t now_ns);

#endif
