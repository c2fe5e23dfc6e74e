/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened in a run or campaign, counted from the history: the proof that the simulator
 * really went where bugs live. A count of 0 says that a campaign proves nothing about its row.
 *
 * What this is not: a judge; and it asks the engine nothing. Who uses it: tools (sim), tests.
 *
 * Counts are plain arrays: those of several runs or processes are added up.
 */
#ifndef LQ_SIM_VIRTUAL_TOTALS_H
#define LQ_SIM_VIRTUAL_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"
#include "faults/faults.h"
#include "sim/virtual/tampered.h"

enum {
    LQ_TOTAL_OPCODES = 43,   /* the last: any other */
    LQ_TOTAL_ATTRIBUTES = 3, /* SIMPLE, ORDERED, HEAD OF QUEUE */
    LQ_TOTAL_FUNCTIONS = 6,  /* TM functions that end commands */
    LQ_TOTAL_TEARDOWNS = 3,  /* nexus loss, logout, reinstatement */
    LQ_TOTAL_STATES = 6
};

/* Where a command was when a TM function or a teardown came. */
enum lq_total_state {
    LQ_STATE_DORMANT,
    LQ_STATE_WAITING_FOR_DATA,
    LQ_STATE_IN_STORE,
    LQ_STATE_HELD,
    LQ_STATE_DELIVERING, /* ended, status or data still on their way */
    LQ_STATE_ABSENT      /* no command was affected */
};

enum lq_total_quarantine {
    LQ_TOTAL_ORPHANED,
    LQ_TOTAL_ORPHANS_ENDED,
    LQ_TOTAL_HELD,
    LQ_TOTAL_HELD_BUSY,
    LQ_TOTAL_RELEASED,
    LQ_TOTAL_QUARANTINED_ANSWERS,
    LQ_TOTAL_QUARANTINE
};

enum lq_total_other {
    LQ_TOTAL_COMMANDS, /* statuses received */
    LQ_TOTAL_GOOD,
    LQ_TOTAL_CHECK_CONDITION,
    LQ_TOTAL_BUSY,
    LQ_TOTAL_RESERVATION_CONFLICT,
    LQ_TOTAL_TASK_SET_FULL,
    LQ_TOTAL_GIVEN_UP,
    LQ_TOTAL_LOGINS,
    LQ_TOTAL_REINSTATEMENTS,
    LQ_TOTAL_CONNECTION_REINSTATEMENTS, /* the session went on */
    LQ_TOTAL_LOGINS_FAILED,
    LQ_TOTAL_LOGOUTS,
    LQ_TOTAL_CONNECTIONS_LOST,
    LQ_TOTAL_UA_POWER_ON,
    LQ_TOTAL_UA_RESET,
    LQ_TOTAL_UA_NEXUS_LOSS,
    LQ_TOTAL_UA_CLEARED,
    LQ_TOTAL_UA_PUT_BACK,
    LQ_TOTAL_UA_RESERVATIONS_PREEMPTED,
    LQ_TOTAL_UA_RESERVATIONS_RELEASED,
    LQ_TOTAL_UA_REGISTRATIONS_PREEMPTED,
    LQ_TOTAL_PREEMPTED, /* commands that a PREEMPT AND ABORT ended */
    LQ_TOTAL_FATES_KEPT, /* of unflushed writes at a loss of power */
    LQ_TOTAL_FATES_LOST,
    LQ_TOTAL_FATES_TORN,
    LQ_TOTAL_RESTARTS,
    LQ_TOTAL_PROTOCOL_ERRORS, /* of the target, as its initiators see it: 0 is right */
    LQ_TOTAL_OTHERS
};

struct lq_counts {
    uint64_t opcodes[LQ_TOTAL_OPCODES];
    uint64_t pairs[LQ_TOTAL_ATTRIBUTES * LQ_TOTAL_ATTRIBUTES]; /* older * 3 + younger */
    uint64_t functions[LQ_TOTAL_FUNCTIONS * LQ_TOTAL_STATES];
    uint64_t teardowns[LQ_TOTAL_TEARDOWNS * LQ_TOTAL_STATES];
    uint64_t quarantine[LQ_TOTAL_QUARANTINE];
    uint64_t faults[LQ_FAULTS];
    uint64_t others[LQ_TOTAL_OTHERS];
};

enum { LQ_TOTAL_COUNTS = sizeof(struct lq_counts) / sizeof(uint64_t) };

/* One row for people: group, name, and whether a campaign without it fails. */
struct lq_total_row {
    const char *group;
    char name[64];
    uint64_t count;
    bool required;
};

/* Row INDEX (0..LQ_TOTAL_COUNTS-1) of COUNTS; false for rows that cannot happen. */
bool lq_total_row(const struct lq_counts *counts, uint32_t index, struct lq_total_row *row);

void lq_counts_add(struct lq_counts *sum, const struct lq_counts *more);

/* --- the sink ------------------------------------------------------------------------------- */

enum { LQ_TOTAL_TASKS = 1024, LQ_TOTAL_TMS = 128, LQ_TOTAL_ACTORS = 16 };

struct lq_total_task {
    uint64_t serial, nexus, lun, unit, lba, tag;
    uint32_t nblocks;
    uint8_t attribute;
    bool in_set, enabled, held, in_store, ended;
};

struct lq_total_tm {
    uint64_t serial;
    uint32_t function;
    bool affected;
};

struct lq_totals {
    struct lq_counts counts;
    struct lq_total_task tasks[LQ_TOTAL_TASKS]; /* alive, in no order */
    uint32_t task_count;
    uint16_t place_of[LQ_TOTAL_TASKS]; /* by serial, of the newest with this remainder: a guess */
    struct lq_total_tm tms[LQ_TOTAL_TMS];
    uint32_t tm_count;
    uint64_t tsih[LQ_TOTAL_ACTORS]; /* of each initiator's last session */
    struct lq_tampered tampered;
};

/* Forgets everything. */
void lq_totals_init(struct lq_totals *totals);

/* Before the next run: keeps the counts, forgets what is alive. */
void lq_totals_next_run(struct lq_totals *totals);

struct lq_history_sink lq_totals_sink(struct lq_totals *totals);

#endif
