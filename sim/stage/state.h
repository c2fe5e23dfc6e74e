/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the stage: what every world has beside a target and a network, the virtual one and
 * the live one. Shared by the stage's files and by whoever builds a world on it (sim/virtual/world,
 * sim/live/play), which embeds struct lq_world.
 *
 * Ownership: the world owns all; actors live in its array, connections in the network's. Whoever
 * changes what a connection could do next marks it; the world then moves bytes until nothing moves
 * at this instant.
 */
#ifndef LQ_SIM_STAGE_STATE_H
#define LQ_SIM_STAGE_STATE_H

#include "core/base/list.h"
#include "proto/iscsi/initiator.h"
#include "sim/shard/shard.h"
#include "sim/stage/blocks.h"
#include "sim/stage/disk.h"
#include "sim/stage/network.h"
#include "sim/stage/plan.h"
#include "sim/stage/port.h"
#include "sim/stage/port_fcp.h"
#include "sim/stage/queue.h"
#include "sim/stage/script.h"
#include "sim/stage/stage.h"
#include "sim/stage/swarm.h"

enum {
    LQ_COMMAND_SLOTS = 24, /* of an actor; more than the depth: some are pinned by Data-Out */
    LQ_COMMAND_BYTES_MAX = 16384, /* of the commands whose content is kept */
    LQ_TM_SLOTS = 4,
    LQ_TIMERS_MAX = 2048
};

/* --- commands of an actor ------------------------------------------------------------------- */

enum lq_command_place {
    LQ_COMMAND_FREE,
    LQ_COMMAND_QUEUED, /* handed to the endpoint */
    LQ_COMMAND_SENT,
    LQ_COMMAND_PINNED  /* over, but its Data-Out memory is still in use */
};

struct lq_actor_command {
    struct lq_timer timeout;
    struct lq_timer late_data; /* held Data-Out goes when it fires */
    struct lq_actor *actor;
    enum lq_command_place place;
    uint64_t serial;   /* and its id at the endpoint, and the subject of its draws */
    uint64_t sent_order;
    uint64_t lun;
    enum lq_attribute attribute;
    bool is_immediate, reads_medium, writes_medium, fua;
    bool verifies;     /* reads_medium: GOOD says that the blocks hold what it sent */
    bool compares;     /* and writes what it sends behind that */
    bool is_unknown;   /* writes_medium: what will be there depends on what was */
    bool unmaps;       /* writes_medium: zeros to the blocks in the list that it sends */
    bool repeats;      /* all its blocks have the content of the one that it sent */
    bool holds_data;   /* its Data-Out waits for late_data, or for ever */
    bool abort_asked;
    bool has_naca; /* an ACA condition follows when it ends with CHECK CONDITION */
    uint64_t late_ns;  /* of a scenario: held Data-Out goes so long after the command; 0: at heal */
    uint32_t itt, cmd_sn;
    uint64_t lba;
    uint32_t nblocks;  /* that the command really moves */
    uint32_t expected_in_bytes, expected_out_bytes;
    uint32_t out_bytes; /* of `out` that are filled */
    uint32_t content_blocks; /* 1: all blocks have the content of the first; else each its own */
    uint8_t cdb[32];
    const uint8_t *long_cdb; /* cdb_bytes of it instead; NULL: none */
    uint32_t cdb_bytes;
    uint8_t *out, *in; /* LQ_COMMAND_BYTES_MAX each */
};

struct lq_actor_tm {
    struct lq_timer timeout;
    struct lq_actor *actor;
    bool in_use, is_sent;
    uint64_t serial, sent_order, lun;
    uint64_t referenced_serial; /* 0: a task that is not there */
    uint32_t referenced_tag;
    uint8_t function;
    bool is_immediate;
};

/* --- actors --------------------------------------------------------------------------------- */

enum lq_actor_state {
    LQ_ACTOR_DOWN, /* no connection; wakes to make one */
    LQ_ACTOR_CONNECTING,
    LQ_ACTOR_LOGIN,
    LQ_ACTOR_STALLED, /* stopped in the middle of its login */
    LQ_ACTOR_UP,
    LQ_ACTOR_LOGOUT,
    LQ_ACTOR_DONE
};

/* A block whose content an actor knows: 16 bytes over and over. */
struct lq_known_block {
    bool is_known;
    uint64_t lun, lba;
    uint8_t bytes[16];
};

struct lq_actor {
    struct lq_world *world;
    uint32_t number; /* from 1 */
    enum lq_actor_state state;
    const struct lq_port_ops *port;
    struct lq_connection *connection; /* NULL: none */
    struct lq_timer wake;
    struct lq_timer login_timeout;
    uint16_t target, port_index; /* of the target's ports, from 0 */
    uint64_t nexus;
    uint64_t names;        /* used so far */
    /* Of port_iscsi alone. */
    struct lq_iscsi_initiator *endpoint;
    char name[64];
    uint64_t isid;
    uint16_t kept_tsih; /* not 0: the next login goes on with this session */
    uint32_t kept_cmd_sn;
    struct lq_port_fcp fcp; /* of port_fcp alone */
    bool discovers; /* in a discovery session, which has no nexus */
    bool moves; /* ends what is under way, to go on over a new connection */
    bool knows_old_session; /* the target may still have a session of this nexus */
    uint64_t logins, steps, aborts, sent_count;
    uint64_t unanswered;   /* commands that waited too long since the last status */
    uint64_t stall_after;  /* bytes of this login that go out, UINT64_MAX: all */
    uint64_t bytes_out;
    uint32_t outstanding;  /* commands queued or sent */
    uint32_t remaining;    /* commands still to be begun in the liveness phase */
    uint64_t ended;
    uint64_t logout_serial;
    struct lq_known_block known; /* of the last command that told */
    bool is_scripted;      /* does what a scenario says, and nothing else */
    uint32_t old_tag, old_cmd_sn; /* of the command that ended last */
    struct lq_actor_command commands[LQ_COMMAND_SLOTS];
    struct lq_actor_tm tms[LQ_TM_SLOTS];
};

/* --- the world ------------------------------------------------------------------------------ */

struct lq_world {
    struct lq_allocator allocator;
    const struct lq_network_ops *network;
    const struct lq_frame_network_ops *ethernet; /* NULL: there is none in this world */
    struct lq_env env;
    const char *const *addresses; /* of portals, as the target gives them */
    uint64_t slack_ns; /* what a bound of a scenario may be late by: 0 where time is virtual */
    uint64_t patience_ns; /* how long a scenario waits at most for what may never come */
    struct lq_choice_seeded seeded;
    struct lq_choice *draws; /* what seeds decide: of seeded, or of whoever explores */
    struct lq_run_request request;
    struct lq_history history;
    struct lq_faults faults;
    struct lq_faults disk_faults[LQ_PLAN_STORES_MAX]; /* of a scenario: each knows its store */
    const struct lq_scn_swarm *swarm; /* NULL: none */
    struct lq_script *script; /* NULL: a seed's run; kept for the next scenario in script_memory */
    struct lq_script *script_memory;
    struct lq_queue queue;
    struct lq_heap_node *timers[LQ_TIMERS_MAX];
    struct lq_plan plan;
    struct lq_disk disks[LQ_PLAN_STORES_MAX];
    uint8_t *buffers; /* of all actors' commands */
    struct lq_actor actors[LQ_PLAN_NEXUSES_MAX];
    uint32_t actor_count;
    uint32_t connection_numbers; /* given so far */
    /* A catastrophe happens now (sim/virtual/power.c); NULL: not in this world. */
    void (*strike)(struct lq_world *world, enum lq_fault fault, uint32_t store, uint64_t down_ns);
    /* Something happens to the fabric now. Returns why it cannot be. NULL: there is no fabric. */
    const char *(*fabric)(struct lq_world *world, const struct lq_scn_fabric *event);
    /* Gives the target an input of kind ADMIN. Returns what it refuses, else NULL. */
    const char *(*administer)(struct lq_world *world, const struct lq_admin *admin);
    enum lq_phase phase;
    bool shutdown_planned; /* in the end the target stops, and asks initiators to log out */
    uint64_t commands_ended;
};

/* --- stage.c: for who builds a world, in this order ----------------------------------------- */

/* Once; all of WORLD is set. */
void lq_world_init(struct lq_world *world, struct lq_allocator allocator,
                   const struct lq_network_ops *network);
void lq_world_fini(struct lq_world *world);

/* For a new run, at env.now_ns 0: plan, history with its sinks, choice, faults, script, queue. */
void lq_world_prepare(struct lq_world *world, const struct lq_run_request *request);

/* The actors' endpoints, from a measuring arena or a real one. */
void lq_world_carve_endpoints(struct lq_world *world, struct lq_arena *arena);

/* The disks; each end of a request is told to DONE with CONTEXT. */
void lq_world_reset_disks(struct lq_world *world,
                          void (*done)(void *context, struct lq_disk *disk, lq_handle handle,
                                       enum lq_block_status status),
                          void *context);

/* All is built: the safety phase, the initiators and the script begin. */
void lq_world_begin(struct lq_world *world);

/* Nothing is broken, withheld or hung any more; the liveness phase begins. */
void lq_world_heal(struct lq_world *world);

/* What initiators still wait for, one phrase; NULL: nothing. */
const char *lq_world_awaited(const struct lq_world *world);

/* Records how many slots of SHARD are free, for judges. */
void lq_world_account(struct lq_world *world, struct lq_shard *shard);

/* Records EVENT, now. */
void lq_world_record(struct lq_world *world, struct lq_event event);
void lq_world_enter(struct lq_world *world, enum lq_phase phase);

/* A record with time and ACTOR's names filled in (connection and nexus, when it has them). */
void lq_actor_record(struct lq_actor *actor, struct lq_event event);

/* A draw of ACTOR about SUBJECT. */
static inline uint64_t lq_actor_choose(struct lq_actor *actor, uint32_t site, uint64_t subject,
                                       uint64_t n)
{
    return lq_choose(actor->world->env.choice, LQ_STREAM_INITIATOR, site, subject, n);
}

/* The COUNT-th serial of ACTOR; also the subject of draws about what has it. */
static inline uint64_t lq_actor_serial(const struct lq_actor *actor, uint64_t count)
{
    return (uint64_t)actor->number << 40 | count;
}

static inline uint64_t lq_actor_option(const struct lq_actor *actor, enum lq_option option)
{
    return actor->world->plan.ways[actor->number - 1].options[option];
}

/* LUNs of ACTOR's target. */
static inline uint32_t lq_actor_luns(const struct lq_actor *actor)
{
    return lq_plan_luns_of(&actor->world->plan, actor->target);
}

/* Questions that actors ask, one number each. */
enum lq_actor_site {
    LQ_SITE_WHAT = 1,
    LQ_SITE_THINK,
    LQ_SITE_LOGIN_DELAY,
    LQ_SITE_NEW_ISID,
    LQ_SITE_OFFER, /* and the next eight */
    LQ_SITE_STALL = LQ_SITE_OFFER + 10,
    LQ_SITE_RACE,
    LQ_SITE_KIND,
    LQ_SITE_LUN,
    LQ_SITE_ATTRIBUTE,
    LQ_SITE_IMMEDIATE,
    LQ_SITE_HOT,
    LQ_SITE_LBA,
    LQ_SITE_BLOCKS,
    LQ_SITE_CDB_SIZE,
    LQ_SITE_CDB_FLAGS,
    LQ_SITE_CONTENT,
    LQ_SITE_OTHER,
    LQ_SITE_BAD,
    LQ_SITE_BAD_LENGTH,
    LQ_SITE_FIRST_DATA,
    LQ_SITE_FIRST_BYTES,
    LQ_SITE_SEGMENT_BYTES,
    LQ_SITE_LATE_DATA,
    LQ_SITE_TM_RESET,
    LQ_SITE_TM_FUNCTION,
    LQ_SITE_TM_TASK,
    LQ_SITE_TM_ABSENT,
    LQ_SITE_TM_LUN,
    LQ_SITE_TM_IMMEDIATE,
    LQ_SITE_BACKOFF,
    LQ_SITE_PING,
    LQ_SITE_SAME_SESSION,
    LQ_SITE_HEADER_DIGEST,
    LQ_SITE_DATA_DIGEST,
    LQ_SITE_RESERVES,
    LQ_SITE_RESERVE_ACTION,
    LQ_SITE_RESERVE_TYPE,
    LQ_SITE_RESERVE_KEY,
    LQ_SITE_RESERVE_SERVICE_KEY,
    LQ_SITE_RESERVE_OTHER,
    LQ_SITE_FORM,
    LQ_SITE_LONG_CDB,
    LQ_SITE_KNOWN,
    LQ_SITE_MODES,
    LQ_SITE_RESERVE_APTPL,
    LQ_SITE_NACA,
    LQ_SITE_PROTOCOL_LEVEL,
};

/* --- actor.c: life of an initiator ---------------------------------------------------------- */

/* ACTOR number INDEX + 1 for a new run; its endpoint has been made. */
void lq_actor_begin(struct lq_actor *actor, struct lq_world *world, uint32_t index);

/* The ways to begin and to leave a session. Connect: false without room for a connection. */
bool lq_actor_connect(struct lq_actor *actor);
void lq_actor_desert(struct lq_actor *actor);
void lq_actor_vanish(struct lq_actor *actor);
void lq_actor_log_out(struct lq_actor *actor, uint64_t serial);

void lq_actor_connected(struct lq_actor *actor);
void lq_actor_connection_lost(struct lq_actor *actor);

/* Takes what has arrived and sends what it can. */
void lq_actor_turn(struct lq_actor *actor);

/* Heal: nothing is withheld any more, a few more commands, then the end. */
void lq_actor_heal(struct lq_actor *actor, uint32_t remaining);

/* The session is over for this initiator; everything outstanding is given up, its end of the
 * connection has been dealt with by the caller. BY_ITSELF: it was not told by the network. */
void lq_actor_session_over(struct lq_actor *actor, bool by_itself);

/* Logs out in order, its work being done. */
void lq_actor_leave(struct lq_actor *actor);

/* True when ACTOR has done what it had to do. */
bool lq_actor_is_idle(const struct lq_actor *actor);

/* Drops the connection by RST and comes back. */
void lq_actor_drop(struct lq_actor *actor);

/* The same because the connection has lost what only session recovery brings back
 * [RFC 7143 7.12]. */
void lq_actor_recover(struct lq_actor *actor);

/* Closes the connection in order. */
void lq_actor_close(struct lq_actor *actor);

/* Wakes ACTOR after DELAY_NS unless it wakes earlier anyway. */
void lq_actor_wake_in(struct lq_actor *actor, uint64_t delay_ns);

/* --- events.c: what a port tells ------------------------------------------------------------ */

/* VALUE: what the target calls the session, if it does. */
void lq_actor_logged_in(struct lq_actor *actor, uint64_t value);
void lq_actor_login_failed(struct lq_actor *actor, uint32_t code);

/* Request ID goes out now, as TAG with order STAMP. */
void lq_actor_sent(struct lq_actor *actor, uint64_t id, uint32_t tag, uint32_t stamp);
void lq_actor_tm_answered(struct lq_actor *actor, uint64_t id, enum lq_tm_answer answer);
void lq_actor_logout_done(struct lq_actor *actor, uint64_t id, uint32_t code);

/* The target broke the protocol: the port's number for it, and the tag that it was about. */
void lq_actor_caught(struct lq_actor *actor, uint32_t code, uint32_t tag);

/* --- command.c ------------------------------------------------------------------------------ */

/* A slot for command SERIAL, its fields unset; NULL when there is no room. */
struct lq_actor_command *lq_actor_slot(struct lq_actor *actor, uint64_t serial);

/* What COMMAND, filled in, is for the endpoint; the caller may change it. */
struct lq_port_command lq_actor_request_of(const struct lq_actor_command *command);

/* Hands it over; false when the endpoint has no room. */
bool lq_actor_hand_over(struct lq_actor_command *command,
                        const struct lq_port_command *request);

/* COMMAND is aborted when it has not ended after DELAY_NS. */
void lq_actor_watch(struct lq_actor_command *command, uint64_t delay_ns);

/* Begins command SERIAL; false when there is no room. */
bool lq_actor_begin_command(struct lq_actor *actor, uint64_t serial);
void lq_actor_command_sent(struct lq_actor *actor, uint64_t serial, uint32_t tag, uint32_t stamp);
void lq_actor_command_done(struct lq_actor *actor, const struct lq_port_end *end);
void lq_actor_data_released(struct lq_actor *actor, uint64_t serial);

/* The command of SERIAL that is queued, sent or pinned; NULL when there is none. */
struct lq_actor_command *lq_actor_command_of(struct lq_actor *actor, uint64_t serial);

/* No answer is expected any more: LQ_I_GAVE_UP. AT_ENDPOINT: the endpoint still knows it. */
void lq_actor_give_up(struct lq_actor_command *command, bool at_endpoint);

/* All Data-Out memory is the actor's again. */
void lq_actor_unpin(struct lq_actor *actor);

/* --- generate.c: what a command is to be ---------------------------------------------------- */

/* Sets NACA in COMMAND's CDB, where it has a CONTROL byte that is known. */
void lq_command_set_naca(struct lq_actor_command *command);

/* Content that no other write has into the Data-Out of COMMAND, whose extent is set. */
void lq_command_fill(struct lq_actor_command *command);

/* Fills LUN, CDB, extent, lengths and attribute of COMMAND, whose serial is set. */
void lq_command_generate(struct lq_actor_command *command);

/* --- reserve.c: reservations ----------------------------------------------------------------- */

/* Makes COMMAND one about reservations, as often as its actor's options say; false: it is none. */
bool lq_command_reserves(struct lq_actor_command *command);

/* --- modes.c: mode parameters ---------------------------------------------------------------- */

/* The same of mode parameters. */
bool lq_command_sets_modes(struct lq_actor_command *command);

/* --- task_management.c ---------------------------------------------------------------------- */

/* Begins a TM function as drawn; false when there is no room, or nothing to name. */
bool lq_actor_begin_tm(struct lq_actor *actor, uint64_t serial);

/* Begins FUNCTION. COMMAND is what it names, or NULL, then TAG and CMD_SN are. */
bool lq_actor_begin_function(struct lq_actor *actor, uint64_t serial, uint8_t function,
                             uint64_t lun, struct lq_actor_command *command, uint32_t tag,
                             uint32_t cmd_sn);

/* CLEAR ACA for LUN, when there is room. */
void lq_actor_clear_aca(struct lq_actor *actor, uint64_t lun);

/* ABORT TASK for COMMAND, which has waited too long. */
void lq_actor_abort(struct lq_actor_command *command);
struct lq_actor_tm *lq_actor_tm_of(struct lq_actor *actor, uint64_t serial);
void lq_actor_tm_sent(struct lq_actor_tm *tm, uint32_t tag, uint32_t stamp);
void lq_actor_tm_done(struct lq_actor_tm *tm, enum lq_tm_answer answer);
void lq_actor_tm_forget(struct lq_actor_tm *tm);

#endif
