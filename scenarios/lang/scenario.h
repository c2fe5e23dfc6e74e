/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario: what is in the world, what happens when, and what must hold; as plain structs, with
 * the parser that makes it from text and the printer that makes text from it.
 *
 * What this is not: a run. Nothing here knows the engine, a world or a clock. docs/SCENARIO.md is
 * the language for people. parse(print(x)) = x, places apart.
 *
 * Who uses it: sim/stage (runs it), tools (read files, show problems).
 *
 * Ownership: a scenario is one block of memory without pointers; copy and compare it as you like.
 * The parser clears it first, so equal scenarios are equal bytes but for their places.
 */
#ifndef LQ_SCENARIOS_LANG_SCENARIO_H
#define LQ_SCENARIOS_LANG_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"
#include "faults/faults.h"
#include "faults/pdu.h"
#include "faults/rules.h"

enum {
    LQ_SCN_NAME_MAX = 31,
    LQ_SCN_SLUG_MAX = 47,
    LQ_SCN_TITLE_MAX = 95,
    LQ_SCN_IQN_MAX = 47,
    LQ_SCN_REQUIRES_MAX = 16,
    LQ_SCN_STORES_MAX = 8,
    LQ_SCN_TARGETS_MAX = 4,
    LQ_SCN_PORTS_MAX = 4, /* of a target */
    LQ_SCN_LUNS_MAX = 8,  /* of a target */
    LQ_SCN_INITIATORS_MAX = 8,
    LQ_SCN_WORKLOAD_MAX = 16, /* settings */
    LQ_SCN_POOL_MAX = 8192, /* bytes of strings and the like */
    LQ_SCN_MOMENTS_MAX = 64,
    LQ_SCN_FROM_START = LQ_SCN_MOMENTS_MAX, /* a moment without a place: the run's beginning */
    LQ_SCN_WHENS_MAX = 16, /* of the moments */
    LQ_SCN_STATEMENTS_MAX = 192,
    LQ_SCN_VALUES_MAX = 32,
    LQ_SCN_CDB_MAX = 260, /* [SPC-5 4.2.1] */
    LQ_SCN_CONTENT_MAX = 64,
    LQ_SCN_ALTERNATIVES_MAX = 4,
    LQ_SCN_TRANSFER_MAX = 16384, /* bytes of one command */
    LQ_SCN_SETTINGS_MAX = 64,
    LQ_SCN_KEPT_MAX = 512, /* ranges of steps, and as many strikes of faults */
    LQ_SCN_FIELD_MAX = 23,
    LQ_SCN_LINE_MAX = 1200       /* one printed statement, NUL included */
};

/* What carries commands. */
enum lq_scn_transport { LQ_SCN_OVER_ISCSI, LQ_SCN_OVER_FCP, LQ_SCN_TRANSPORTS };

/* Where something stands in the text; both from 1. 0: it was not read from a text. */
struct lq_scn_place {
    uint32_t line, column;
};

/* How a value is written. */
enum lq_scn_unit {
    LQ_SCN_FLAG,
    LQ_SCN_NUMBER,
    LQ_SCN_SIZE,     /* 512, 64MiB */
    LQ_SCN_DURATION, /* 10ms */
    LQ_SCN_OR_NEVER, /* a duration or "never" */
    LQ_SCN_YES_NO,
    LQ_SCN_CACHE_KIND,
    LQ_SCN_DIGEST,
    LQ_SCN_STRING /* in double quotes; its value is for lq_scn_string */
};

/* Settings and clauses: one table each (table.c) says names, units and ranges; bit i of GIVEN
 * tells whether VALUES[i] was written. Times are in ns, sizes in bytes. */
struct lq_scn_values {
    uint32_t given;
    uint64_t values[LQ_SCN_VALUES_MAX];
};

static inline bool lq_scn_has(const struct lq_scn_values *values, uint32_t which)
{
    return (values->given >> which & 1) != 0;
}

/* The value, or OTHERWISE when it was not written. */
static inline uint64_t lq_scn_value(const struct lq_scn_values *values, uint32_t which,
                                    uint64_t otherwise)
{
    return lq_scn_has(values, which) ? values->values[which] : otherwise;
}

enum lq_scn_limit {
    LQ_SCN_QUARANTINE_AFTER, /* UINT64_MAX: never; and the next two */
    LQ_SCN_LOGIN_QUARANTINE_AFTER,
    LQ_SCN_BUSY_AFTER,
    LQ_SCN_LOGIN_TIMEOUT,
    LQ_SCN_DATA_TIMEOUT,
    LQ_SCN_NOP_INTERVAL, /* 0: never */
    LQ_SCN_TASKS,
    LQ_SCN_TASKS_PER_NEXUS,
    LQ_SCN_TM_FUNCTIONS,
    LQ_SCN_UNIT_ATTENTIONS,
    LQ_SCN_COMMAND_WINDOW,
    LQ_SCN_LIMITS
};

enum lq_scn_disk { LQ_SCN_CACHE, LQ_SCN_BLOCK, LQ_SCN_GRANULE, LQ_SCN_LATENCY, LQ_SCN_UNFENCED,
                   LQ_SCN_THIN, LQ_SCN_DISK };

enum { LQ_SCN_WRITETHROUGH, LQ_SCN_WRITEBACK }; /* of LQ_SCN_CACHE */

/* Keys of iSCSI that an initiator or a target offers; the last two as its own numbers begin. */
enum lq_scn_iscsi {
    LQ_SCN_INITIAL_R2T,
    LQ_SCN_IMMEDIATE_DATA,
    LQ_SCN_MAX_BURST,
    LQ_SCN_FIRST_BURST,
    LQ_SCN_MAX_SEGMENT,
    LQ_SCN_MAX_R2T,
    LQ_SCN_HEADER_DIGEST, /* enum lq_scn_digest: what is offered and accepted */
    LQ_SCN_DATA_DIGEST,
    LQ_SCN_FIRST_SN,  /* initiator: CmdSN; target: StatSN */
    LQ_SCN_FIRST_TAG, /* initiator: initiator task tag; target: target transfer tag */
    LQ_SCN_ISID,      /* this and the rest: of an initiator; else made from its place */
    LQ_SCN_ISCSI_NAME,
    LQ_SCN_ISCSI
};

enum lq_scn_digest {
    LQ_SCN_DIGEST_NONE,
    LQ_SCN_DIGEST_CRC32C,
    LQ_SCN_DIGEST_PREFER_NONE, /* either, this one and the next */
    LQ_SCN_DIGEST_PREFER_CRC32C,
    LQ_SCN_DIGESTS
};

/* The way between an initiator and its target. */
enum lq_scn_link { LQ_SCN_LINK_LATENCY, LQ_SCN_LINK_BANDWIDTH, LQ_SCN_LINK_WINDOW, LQ_SCN_LINK };

/* NAME VALUE [of N], of names that the world knows and the language does not. */
struct lq_scn_setting {
    char name[LQ_SCN_NAME_MAX + 1];
    uint32_t unit; /* enum lq_scn_unit, as it was written */
    uint32_t of;   /* 0: not written */
    uint64_t value;
    struct lq_scn_place place;
};

/* A disk. */
struct lq_scn_store {
    char name[LQ_SCN_NAME_MAX + 1]; /* "": its LUN's own */
    uint64_t size_bytes;
    uint64_t most_bytes; /* what a resize of one of its LUNs needs; else 0 */
    struct lq_scn_values disk;
    struct lq_scn_place place;
};

struct lq_scn_lun {
    bool is_absent; /* at first */
    uint32_t store; /* several LUNs, of several targets, may be on one */
    struct lq_scn_place place;
};

struct lq_scn_target {
    char name[LQ_SCN_NAME_MAX + 1];
    char ports[LQ_SCN_PORTS_MAX][LQ_SCN_NAME_MAX + 1]; /* relative target ports 1, 2 ... */
    uint32_t port_count;                               /* 0: one without a name */
    struct lq_scn_values iscsi;
    struct lq_scn_lun luns[LQ_SCN_LUNS_MAX]; /* LUN i is luns[i] */
    uint32_t lun_count;
    struct lq_scn_place place;
};

struct lq_scn_initiator {
    char name[LQ_SCN_NAME_MAX + 1];
    uint32_t target, port; /* places */
    bool works; /* by itself, as in a seed's run; the scenario gives it nothing to do */
    struct lq_scn_setting settings[LQ_SCN_WORKLOAD_MAX]; /* of sim/stage/workload.h */
    uint32_t setting_count;
    struct lq_scn_values iscsi;
    struct lq_scn_values link;
    struct lq_scn_place place;
};

/* --- what happens --------------------------------------------------------------------------- */

enum lq_scn_event_kind {
    LQ_SCN_NO_EVENT,
    LQ_SCN_ENDED,      /* statement WHICH got its status or answer */
    LQ_SCN_SENT,       /* it was sent */
    LQ_SCN_FATE_KNOWN, /* its store request, if any, has ended */
    LQ_SCN_FIRED,      /* the fault of statement WHICH has struck */
    LQ_SCN_LOGIN,      /* initiator WHICH has logged in; and so on */
    LQ_SCN_REFUSED,
    LQ_SCN_LOGGED_OUT,
    LQ_SCN_LOST,       /* its connection, not by its own doing */
    LQ_SCN_GOT         /* it got this status, with this sense; of a `when' only */
};

struct lq_scn_event {
    uint32_t kind;  /* enum lq_scn_event_kind */
    uint32_t which; /* place of a statement or an initiator */
    uint32_t status, sense, sense_mask; /* as in struct lq_scn_expect */
};

enum lq_scn_moment_kind { LQ_SCN_AT, LQ_SCN_AT_PLUS, LQ_SCN_AFTER, LQ_SCN_WHEN,
                          LQ_SCN_WHEN_EVERY };

/* Statements that happen together. Moments come one after another, but for `when', which comes once
 * or each time its event happens, once the moment before it has begun. */
struct lq_scn_moment {
    uint32_t kind;    /* enum lq_scn_moment_kind */
    uint64_t time_ns; /* from the start; from the moment before; from the event */
    struct lq_scn_event event;
    struct lq_scn_place place;
};

enum lq_scn_statement_kind { LQ_SCN_ACTION, LQ_SCN_FAULT, LQ_SCN_DISARM, LQ_SCN_HEAL,
                             LQ_SCN_EXPLORE, LQ_SCN_STRIKE, LQ_SCN_EXPECT, LQ_SCN_CHANGE,
                             LQ_SCN_FABRIC };

enum lq_scn_verb {
    LQ_SCN_LOG_IN,
    LQ_SCN_LOG_OUT,
    LQ_SCN_VANISH,
    LQ_SCN_RELOGIN,
    LQ_SCN_DROP,
    LQ_SCN_CLOSE,
    LQ_SCN_DISCOVER,
    LQ_SCN_PING,
    LQ_SCN_READ,
    LQ_SCN_WRITE,
    LQ_SCN_TEST_UNIT_READY,
    LQ_SCN_INQUIRY,
    LQ_SCN_SYNCHRONIZE_CACHE,
    LQ_SCN_REQUEST_SENSE,
    LQ_SCN_RESERVE, /* RESERVE(6); and so on, to READ_RESERVATION */
    LQ_SCN_RELEASE,
    LQ_SCN_REGISTER, /* PERSISTENT RESERVE OUT */
    LQ_SCN_REGISTER_AND_IGNORE,
    LQ_SCN_REGISTER_AND_MOVE,
    LQ_SCN_PERSISTENT_RESERVE,
    LQ_SCN_PERSISTENT_RELEASE,
    LQ_SCN_CLEAR,
    LQ_SCN_PREEMPT,
    LQ_SCN_PREEMPT_AND_ABORT,
    LQ_SCN_READ_KEYS, /* PERSISTENT RESERVE IN */
    LQ_SCN_READ_RESERVATION,
    LQ_SCN_MODE_SELECT,
    LQ_SCN_MODE_SENSE,
    LQ_SCN_CDB,
    LQ_SCN_ABORT,
    LQ_SCN_QUERY_TASK,
    LQ_SCN_QUERY_TASK_SET,
    LQ_SCN_QUERY_ASYNCHRONOUS_EVENT,
    LQ_SCN_NEXUS_RESET,
    LQ_SCN_ABORT_TASK_SET,
    LQ_SCN_CLEAR_TASK_SET,
    LQ_SCN_CLEAR_ACA,
    LQ_SCN_LUN_RESET,
    LQ_SCN_WARM_RESET,
    LQ_SCN_COLD_RESET,
    LQ_SCN_RAW, /* bytes of the transport: header in CDB, data in CONTENT */
    LQ_SCN_VERBS
};

enum lq_scn_clause {
    LQ_SCN_LUN,
    LQ_SCN_LBA,
    LQ_SCN_BLOCKS,
    LQ_SCN_IN,
    LQ_SCN_OUT,
    LQ_SCN_ORDERED,
    LQ_SCN_HEAD_OF_QUEUE,
    LQ_SCN_FUA,
    LQ_SCN_IMMEDIATE,
    LQ_SCN_WITHHELD,
    LQ_SCN_LATE,
    LQ_SCN_STALL,
    LQ_SCN_KEY,     /* of reservations */
    LQ_SCN_NEW_KEY,
    LQ_SCN_TYPE,
    LQ_SCN_TO,      /* place of an initiator */
    LQ_SCN_D_SENSE, /* of mode pages */
    LQ_SCN_SWP,
    LQ_SCN_WCE,
    LQ_SCN_TST,
    LQ_SCN_QERR,
    LQ_SCN_TAS,
    LQ_SCN_REORDERING,
    LQ_SCN_UA_INTLCK,
    LQ_SCN_TMF_ONLY,
    LQ_SCN_APTPL, /* of reservations: they persist through power loss */
    LQ_SCN_NACA,
    LQ_SCN_ACA_ATTRIBUTE,
    LQ_SCN_CLAUSES
};

struct lq_scn_action {
    uint32_t initiator;
    uint32_t verb; /* enum lq_scn_verb */
    struct lq_scn_values clauses;
    uint32_t subject; /* ABORT, QUERY_TASK: place of the command's statement */
    uint64_t keys, without; /* LOG_IN and the like: for lq_scn_string, each ended by a NUL */
    uint64_t cdb, content; /* for lq_scn_string; of Data-Out, over and over; 0: not given */
};

enum lq_scn_rule {
    LQ_SCN_NTH,
    LQ_SCN_EVERY,
    LQ_SCN_FOR,
    LQ_SCN_BY,
    LQ_SCN_ODDS,
    LQ_SCN_ODDS_IN,
    LQ_SCN_RULE_AFTER,
    LQ_SCN_RULE_COUNT,
    LQ_SCN_RULE_BEHIND, /* pdu.reorder */
    LQ_SCN_RULE_BYTES,  /* pdu.truncate */
    LQ_SCN_RULE
};

struct lq_scn_test {
    char field[LQ_SCN_FIELD_MAX + 1];
    uint32_t operator; /* enum lq_pdu_operator */
    bool has_mask;
    uint64_t mask, value;
};

/* Which PDUs a fault hits and what it makes of them: faults/pdu.h says what each means. Kinds and
 * fields have the names of the transport's table; "": not given. */
struct lq_scn_pdu {
    uint32_t direction, state; /* enum lq_pdu_direction, enum lq_pdu_state */
    char kind[LQ_SCN_FIELD_MAX + 1];
    struct lq_scn_test tests[LQ_PDU_TESTS_MAX];
    uint32_t test_count;
    char field[LQ_SCN_FIELD_MAX + 1]; /* corrupt, replace; "dataN": byte N of the data segment */
    uint32_t change;                  /* enum lq_pdu_change */
    uint64_t value;
    bool has_status;
    uint32_t status, sense; /* answer */
    bool before;            /* inject */
    uint32_t raw_bytes;
    uint8_t raw[LQ_PDU_RAW_MAX];
};

enum lq_scn_change_kind { LQ_SCN_ADD, LQ_SCN_REMOVE, LQ_SCN_RESIZE, LQ_SCN_ACCESS,
                          LQ_SCN_CHANGES };

enum { LQ_SCN_READ_WRITE, LQ_SCN_READ_ONLY }; /* of LQ_SCN_ACCESS */

/* What an administrator does to a LUN. */
struct lq_scn_change {
    uint32_t kind; /* enum lq_scn_change_kind */
    uint32_t target, lun;
    uint64_t value; /* RESIZE: bytes; ACCESS */
};

enum lq_scn_fabric_kind {
    LQ_SCN_FABRIC_RSCN = 1,  /* to all who have registered, TIMES times */
    LQ_SCN_FABRIC_CLEAR,     /* Clear Virtual Links */
    LQ_SCN_FABRIC_LOGOUT,    /* LOGO of the target's N_Ports */
    LQ_SCN_FABRIC_REFUSE,    /* the next TIMES logins into the fabric */
    LQ_SCN_FABRIC_SILENT,    /* the target's station neither sends nor hears, FOR_NS long */
    LQ_SCN_FABRIC_LINK_DOWN, /* the carrier; FOR_NS long, 0: until it is up again */
    LQ_SCN_FABRIC_LINK_UP
};

/* What happens to a fabric and its links. */
struct lq_scn_fabric {
    uint32_t kind; /* enum lq_scn_fabric_kind */
    uint32_t initiator_or_all; /* initiator's place + 1; 0: all; of a link: the target's */
    uint64_t times, for_ns;
};

struct lq_scn_fault {
    uint32_t fault; /* enum lq_fault */
    uint32_t store_or_all; /* the disk's place + 1; 0: any */
    uint32_t initiator_or_all; /* initiator's place + 1; 0: any */
    struct lq_scn_values rule;
    struct lq_scn_pdu pdu; /* of classes whose place is LQ_FAULT_PLACE_PDU */
};

enum lq_scn_expect_kind {
    LQ_SCN_EXPECT_STATUS,
    LQ_SCN_EXPECT_NOTHING, /* neither status nor answer, ever */
    LQ_SCN_EXPECT_ANSWER,
    LQ_SCN_EXPECT_DATA,
    LQ_SCN_EXPECT_LOGIN,
    LQ_SCN_EXPECT_REFUSED,
    LQ_SCN_EXPECT_LOGOUT,
    LQ_SCN_EXPECT_LOST,
    LQ_SCN_EXPECT_FIRED,
    LQ_SCN_EXPECT_STABLE,
    LQ_SCN_EXPECT_KEY,   /* a login was answered with this pair */
    LQ_SCN_EXPECT_FINDS, /* discovery named this target, at this port */
    LQ_SCN_EXPECT_ANSWERED, /* a raw PDU got an answer */
    LQ_SCN_EXPECT_REJECTED  /* it was rejected, for reason CODE */
};

#define LQ_SCN_ZEROS UINT32_MAX /* among the writers of LQ_SCN_EXPECT_DATA */

struct lq_scn_expect {
    uint32_t kind;    /* enum lq_scn_expect_kind */
    uint32_t subject; /* place of a statement (status to data, fired) or an initiator */
    uint32_t code;    /* SCSI status; enum lq_tm_answer */
    uint32_t sense;   /* key << 16 | ASC << 8 | ASCQ */
    uint32_t sense_mask; /* what of it was written: 0, ff0000h or ffffffh */
    uint64_t times;   /* fired so often */
    uint32_t target, lun, nblocks;
    uint32_t port_or_any; /* finds: the port's place + 1 */
    uint64_t text;        /* key: for lq_scn_string, with a NUL */
    bool has_code;        /* refused: with CODE, two bytes */
    uint64_t lba;
    uint32_t writers[LQ_SCN_ALTERNATIVES_MAX]; /* the read returns what one of them wrote */
    uint32_t writer_count;
    bool has_within;
    uint64_t within_ns; /* from the moment that it stands in */
    struct lq_scn_event after;
};

struct lq_scn_statement {
    uint32_t kind;   /* enum lq_scn_statement_kind */
    uint32_t moment; /* place of its moment; LQ_SCN_FROM_START */
    char label[LQ_SCN_NAME_MAX + 1]; /* "": none */
    struct lq_scn_place place;
    struct lq_scn_action action;
    struct lq_scn_fault fault; /* FAULT; STRIKE: a catastrophe now, BY says how long the target is
                                  down */
    uint32_t rule;             /* DISARM: place of the fault's statement */
    struct lq_scn_change change;
    struct lq_scn_fabric fabric;
    struct lq_scn_expect expect;
};

/* --- a seed instead of a world and a timeline ----------------------------------------------- */

struct lq_scn_steps {
    uint32_t initiator; /* number, from 1 */
    uint64_t first, last;
};

struct lq_scn_strike {
    uint32_t fault; /* enum lq_fault */
    uint64_t subject;
};

/* What SEED means. Settings and odds that are left out are drawn from the seed. */
struct lq_scn_swarm {
    bool is_given;
    uint64_t seed;
    struct lq_scn_setting settings[LQ_SCN_SETTINGS_MAX];
    uint32_t setting_count;
    bool has_odds[LQ_FAULTS];
    uint32_t odds[LQ_FAULTS]; /* of 1,000 */
    struct lq_scn_steps steps[LQ_SCN_KEPT_MAX]; /* these and no others; none: all */
    uint32_t step_count;
    struct lq_scn_strike strikes[LQ_SCN_KEPT_MAX]; /* these and no others; none: all */
    uint32_t strike_count;
    struct lq_scn_place place;
};

struct lq_scenario {
    char title[LQ_SCN_TITLE_MAX + 1];
    char requires[LQ_SCN_REQUIRES_MAX][LQ_SCN_SLUG_MAX + 1]; /* ids or slugs of properties */
    struct lq_scn_place requires_places[LQ_SCN_REQUIRES_MAX];
    uint32_t requires_count;
    uint32_t transport; /* enum lq_scn_transport: the one that is named, or whoever reads it says */
    struct lq_scn_swarm swarm; /* given: there is nothing behind it */
    struct lq_scn_values limits;
    struct lq_scn_store stores[LQ_SCN_STORES_MAX];
    uint32_t store_count;
    struct lq_scn_target targets[LQ_SCN_TARGETS_MAX];
    uint32_t target_count;
    struct lq_scn_initiator initiators[LQ_SCN_INITIATORS_MAX];
    uint32_t initiator_count;
    struct lq_scn_moment moments[LQ_SCN_MOMENTS_MAX];
    uint32_t moment_count;
    struct lq_scn_statement statements[LQ_SCN_STATEMENTS_MAX];
    uint32_t statement_count;
    uint8_t pool[LQ_SCN_POOL_MAX]; /* of lq_scn_string, in the order of the text */
    uint32_t pool_bytes;
};

/* The bytes of a value that is a string: its offset in the pool << 32 | its size. */
static inline struct lq_slice lq_scn_string(const struct lq_scenario *scenario, uint64_t value)
{
    return (struct lq_slice){scenario->pool + (value >> 32), (uint32_t)value};
}

static inline uint64_t lq_scn_block_bytes(const struct lq_scn_store *store)
{
    return lq_scn_value(&store->disk, LQ_SCN_BLOCK, 512);
}

/* The largest capacity that a LUN on STORE ever has. */
static inline uint64_t lq_scn_most_bytes(const struct lq_scn_store *store)
{
    return store->most_bytes > store->size_bytes ? store->most_bytes : store->size_bytes;
}

/* The store of LUN of TARGET, NULL when there is none. */
static inline const struct lq_scn_store *
lq_scn_store_of(const struct lq_scenario *scenario, uint32_t target, uint64_t lun)
{
    const struct lq_scn_target *of = &scenario->targets[target];
    return lun < of->lun_count ? &scenario->stores[of->luns[lun].store] : NULL;
}

/* --- text ----------------------------------------------------------------------------------- */

enum { LQ_SCN_PROBLEM_MAX = 1000 };

struct lq_scn_problem {
    struct lq_scn_place place;
    uint32_t width; /* characters that the caret line marks; at least 1 */
    char text[LQ_SCN_PROBLEM_MAX]; /* "what is wrong; expected what" */
};

/* Reads TEXT (SIZE_BYTES, any bytes); what names no transport is over OTHERWISE. PDUS, which ends
 * with NULL, has the tables of transports, for rules. False: PROBLEM says where and why. */
bool lq_scenario_parse(struct lq_scenario *scenario, const struct lq_pdu_table *const *pdus,
                       enum lq_scn_transport otherwise, const char *text, uint64_t size_bytes,
                       struct lq_scn_problem *problem);

/* Of tables that end with NULL, that of TRANSPORT; NULL: there is none. */
const struct lq_pdu_table *lq_scenario_table(const struct lq_pdu_table *const *pdus,
                                             uint32_t transport);

/* The word of TRANSPORT. */
const char *lq_scenario_transport_name(uint32_t transport);

/* Reads TEXT as a `fault` statement, with or without that word and a label, and adds it to SCENARIO
 * as its last statement, armed from the start. SCENARIO may be all zeros: then no LUN and no
 * initiator can be named. */
bool lq_scenario_add_fault(struct lq_scenario *scenario, const struct lq_pdu_table *const *pdus,
                           const char *text, uint64_t size_bytes, struct lq_scn_problem *problem);

/* FAULT as a rule that is not armed; PDUS is the transport's table, whose names were checked when
 * it was read. */
struct lq_fault_rule lq_scenario_rule(const struct lq_scn_fault *fault,
                                      const struct lq_pdu_table *pdus);

/* Arms RULE, made of FAULT, from NOW_NS on. */
void lq_scenario_arm(struct lq_fault_rule *rule, const struct lq_scn_fault *fault,
                     uint64_t now_ns);

/* Writes SCENARIO as text, NUL-terminated; false when SIZE_BYTES were not enough (128 KiB always
 * are). */
bool lq_scenario_print(const struct lq_scenario *scenario, char *text, uint32_t size_bytes);

/* A status or a sense key as scenarios write it; "?" when it has no name. */
const char *lq_scenario_status_name(uint32_t status);
const char *lq_scenario_sense_name(uint32_t key);

/* Statement PLACE, or a moment's heading, alone; at most LQ_SCN_LINE_MAX with the NUL. */
void lq_scenario_print_statement(const struct lq_scenario *scenario, uint32_t place,
                                 char text[LQ_SCN_LINE_MAX]);
void lq_scenario_print_moment(const struct lq_scenario *scenario, uint32_t place,
                              char text[LQ_SCN_LINE_MAX]);

#endif
