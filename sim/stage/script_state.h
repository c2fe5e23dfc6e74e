/* SPDX-License-Identifier: Apache-2.0 */
/* What the script's own files share (script, script_action, script_facts, script_judge). */
#ifndef LQ_SIM_STAGE_SCRIPT_STATE_H
#define LQ_SIM_STAGE_SCRIPT_STATE_H

#include "faults/rules.h"
#include "sim/stage/state.h"

enum {
    LQ_SCRIPT_BLOCKS_MAX = 32, /* of one command, and of one expectation */
    LQ_SCRIPT_MARKS_MAX = 64,  /* of one initiator */
    LQ_SCRIPT_UNMET_MAX = 32,
    LQ_SCRIPT_PLACE_BITS = 24 /* of a request's serial: its statement's place + 1 */
};

/* When something happened; seq 0: it did not. */
struct lq_script_when {
    uint64_t seq, time_ns;
};

/* What is known of one statement that is an action. */
struct lq_script_fact {
    bool is_begun; /* it left its initiator's list of things to do */
    bool is_dropped; /* it never began */
    uint32_t times;  /* that it began; all else is about the last time */
    uint64_t serial; /* 0: no request */
    uint64_t nexus;
    uint32_t itt, cmd_sn;
    struct lq_script_when sent, ended, gave_up, fate;
    uint32_t status, sense, answer; /* of a raw PDU: status is why it was rejected */
    bool is_rejected;
    uint64_t engine_serial; /* 0: the engine has not received it */
    bool is_in_store;
    uint64_t lba;
    uint32_t nblocks;
    uint32_t content_blocks; /* of content that are known, from the first block on */
    uint64_t content[LQ_SCRIPT_BLOCKS_MAX];
};

enum lq_script_mark_kind { LQ_SCRIPT_LOGGED_IN = 1, LQ_SCRIPT_REFUSED, LQ_SCRIPT_LOGGED_OUT,
                           LQ_SCRIPT_LOST };

struct lq_script_mark {
    enum lq_script_mark_kind kind;
    uint32_t code; /* refused: why */
    struct lq_script_when when;
};

struct lq_script_initiator {
    uint16_t todo[LQ_SCN_STATEMENTS_MAX]; /* places of statements */
    uint32_t first, count;
    struct lq_script_mark marks[LQ_SCRIPT_MARKS_MAX];
    uint32_t mark_count;
    uint32_t free_next; /* exploring: of its actions behind `explore', the next or a later place */
    uint32_t login_or_none; /* place of the login statement that it follows, + 1 */
    struct lq_script_when answered; /* the newest status that it got */
    uint32_t status, sense;
};

/* Blocks that must not flip. */
struct lq_script_stable {
    uint64_t content[LQ_SCRIPT_BLOCKS_MAX];
    uint8_t state[LQ_SCRIPT_BLOCKS_MAX]; /* enum lq_script_block */
    struct lq_script_when flipped;
    uint64_t flipped_lba;
    bool is_read;
};

enum lq_script_block { LQ_SCRIPT_UNKNOWN, LQ_SCRIPT_SEEN, LQ_SCRIPT_WRITTEN };

/* What is told one statement after another: the timeline, or a `when'. */
struct lq_script_line {
    struct lq_timer timer; /* the next statement or moment */
    struct lq_script *script;
    uint32_t moment;       /* present one, or next when not begun */
    uint32_t next;         /* statement */
    bool has_begun, waits; /* the moment has; it waits for its event */
    bool is_held;          /* the statement before `next' is an expectation to wait for */
    uint64_t before_ns;    /* when the moment before began */
    uint64_t seen;         /* of a `when': events up to this number count no more */
    uint32_t times, pending; /* events that counted; of these those still to be answered */
};

struct lq_script {
    struct lq_choice choice; /* benign */
    struct lq_world *world;
    const struct lq_scenario *scenario;
    uint64_t start_ns; /* the scenario's time 0 */
    struct lq_fault_rules rules;
    struct lq_fault_rule rule_of[LQ_SCN_STATEMENTS_MAX]; /* by statement */
    bool was_armed[LQ_SCN_STATEMENTS_MAX];
    const char *refused[LQ_SCN_STATEMENTS_MAX]; /* why it was not done; NULL: it was, or waits */
    struct lq_timer patience; /* ends the wait for what is under way */
    uint64_t seq;             /* of the newest record */
    struct lq_script_line lines[LQ_SCN_WHENS_MAX + 1]; /* the timeline, then each `when' */
    uint32_t line_count;
    bool has_come[LQ_SCN_MOMENTS_MAX + 1];
    uint64_t moment_ns[LQ_SCN_MOMENTS_MAX + 1]; /* when it began, last */
    bool is_told, is_impatient, is_finishing;
    bool is_exploring; /* the timeline has come to `explore', and whoever runs it explores */
    struct lq_script_initiator initiators[LQ_SCN_INITIATORS_MAX];
    struct lq_script_fact facts[LQ_SCN_STATEMENTS_MAX];
    struct lq_script_stable stable[LQ_SCN_STATEMENTS_MAX];
    uint64_t zeros; /* content hash of a block of zeros */
    struct lq_unmet unmet[LQ_SCRIPT_UNMET_MAX];
    uint32_t unmet_count;
};

/* --- script.c ------------------------------------------------------------------------------- */

/* Statement PLACE happens. */
void lq_script_tell(struct lq_script *script, uint32_t place);

/* --- script_line.c -------------------------------------------------------------------------- */

void lq_script_begin_lines(struct lq_script *script);
void lq_script_end_lines(struct lq_script *script);

/* Something happened: a moment or a statement that waits for it begins. */
void lq_script_consider(struct lq_script *script);

/* A `when' is being told, or has not come. */
bool lq_script_lines_wait(const struct lq_script *script);

/* --- script_action.c ------------------------------------------------------------------------ */

/* Begins the action of statement PLACE, whose initiator is ACTOR; false when it must wait. */
bool lq_script_act(struct lq_script *script, struct lq_actor *actor, uint32_t place);

/* --- script_raw.c --------------------------------------------------------------------------- */

bool lq_script_send_raw(struct lq_script *script, struct lq_actor *actor, uint32_t place,
                        uint64_t serial);
/* ACTOR still waits for what may answer a raw PDU. */
bool lq_script_awaits_raw(const struct lq_script *script, const struct lq_actor *actor);

/* --- script_login.c ------------------------------------------------------------------------- */

/* What LOGIN says besides, and to whom. */
void lq_script_say(const struct lq_script *script, const struct lq_actor *actor,
                   struct lq_iscsi_initiator_login *login);

/* --- script_judge.c ------------------------------------------------------------------------- */

/* The expectation of statement PLACE can be decided now. */
bool lq_script_is_decided(const struct lq_script *script, uint32_t place);

/* --- script_facts.c ------------------------------------------------------------------------- */

struct lq_history_sink lq_script_sink(struct lq_script *script);

/* When EVENT happened (a login: the last one); seq 0: not yet. */
struct lq_script_when lq_script_event(const struct lq_script *script,
                                      const struct lq_scn_event *event);

/* script_reserve.c: fills COMMAND in when ACTION is one about reservations; false: it is none. */
bool lq_script_reserves(struct lq_actor_command *command, const struct lq_scn_action *action);

/* script_modes.c: the same of mode parameters. */
bool lq_script_sets_modes(struct lq_actor_command *command, const struct lq_scn_action *action);

#endif
