/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's state, shared by the files of core/ and by nobody else.
 *
 * Ownership: everything lives in the engine's arena. A task is in its unit's task set from
 * reception to its end, in its nexus's list until its slot is free or it becomes an orphan, and in
 * the run list while it has something to do. Calls into this part set work aside (run, rescan and
 * ended lists) and lq_settle() does it before they return, so nothing recurses.
 */
#ifndef LQ_CORE_STATE_H
#define LQ_CORE_STATE_H

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "core/engine.h"
#include "core/modes.h"
#include "core/opcodes.h"
#include "core/reservations.h"
#include "core/saved.h"
#include "core/wrongs.h"

enum lq_task_state {
    LQ_TASK_FREE,
    LQ_TASK_IN_SET,      /* waits: to be enabled, for Data-Out, or to be run */
    LQ_TASK_HELD,        /* waits for the fate of an orphan that it overlaps, of an older flush */
    LQ_TASK_WAITING,     /* waits for commands that it overlaps to end (overlap.c) */
    LQ_TASK_IN_STORE,    /* its request is out */
    LQ_TASK_ENDED,       /* status handed over; slot and buffer wait for delivery */
    LQ_TASK_TERMINATING, /* aborted; the transport still moves the tail of its data */
    LQ_TASK_ORPHAN       /* aborted and answered; its request is still out */
};

struct lq_ua {
    uint8_t asc, ascq;
};

/* Sense that a command ends with. */
struct lq_sense {
    uint8_t key, asc, ascq;
};

/* Behind what a command transfers its buffer has room for a block at least, so that any of them
 * can compare with what is on the medium. */
enum { LQ_SCRATCH_BYTES = 4096 };

struct lq_engine_task {
    struct lq_link set_link;   /* unit's task set */
    struct lq_link nexus_link; /* nexus's commands */
    struct lq_link work_link;  /* run list; held list and orphan list of a store; free list */
    struct lq_block_request request;
    uint32_t index, generation;
    enum lq_task_state state;
    bool enabled;             /* its order allows it to begin */
    bool data_wanted;         /* a Data-Out window is open */
    bool aborted;             /* in the store, and its status must not be sent */
    bool loss_waits;          /* its nexus's loss waits for it */
    bool saves;               /* its request is a save of its unit's record */
    bool is_saved;            /* which is durable: now it has its effect */
    bool waits_for_save;      /* held for another command's save */
    bool was_held;            /* wrong "held-go-on-at-bound" */
    bool has_naca;            /* its CHECK CONDITION establishes ACA */
    bool is_trigger;          /* waits for those that it aborts */
    bool is_answered;         /* by the store, with store_status; ACA blocks it */
    bool owes_status;         /* aborted by another I_T nexus: ends with TASK ABORTED */
    bool is_faulted;          /* ends with `fault' when those that QERR aborts have ended */
    bool confirm;             /* ended, and reports something that may have to be put back */
    bool linked_to_transport; /* the transport still knows its cookie */
    bool is_alone;            /* in the store, and nothing that it overlaps may be */
    bool is_inverting;        /* SANITIZE: each pass writes the inverse of the one before */
    uint8_t cdb_byte;         /* that its sense data names; 0: none */
    bool has_information;     /* its sense data says INFORMATION */
    enum lq_trigger aborted_by;
    enum lq_attribute attribute;
    struct lq_engine_nexus *nexus;
    struct lq_unit *unit; /* NULL: addressed a LUN that is not there */
    uint64_t waiters;     /* bit i: engine->aborts[i] waits for it */
    uint64_t lun, tag, serial, stamp, cookie;
    const struct lq_opcode *opcode; /* NULL: unknown */
    struct lq_sense refusal;        /* known at reception; key 0: none */
    struct lq_sense fault;
    enum lq_block_status store_status;
    uint64_t lba;
    uint32_t nblocks;
    uint64_t expected_in_bytes, expected_out_bytes;
    uint32_t resets_seen;   /* flush: resets of its store when it was handed over */
    uint64_t defined_bytes; /* what the CDB defines, in its direction */
    uint32_t out_bytes;     /* Data-Out to be fetched */
    uint32_t step;          /* of a command of several store steps: its own number of it */
    uint32_t stepped;       /* blocks that these have done */
    uint32_t requests;      /* GET LBA STATUS: that it has made */
    uint64_t information;
    uint64_t held_until_ns;
    struct lq_ua reported; /* asc 0: none */
    uint8_t *buffer;       /* the slot's own, limits.transfer_bytes_max and LQ_SCRATCH_BYTES */
    uint32_t cdb_bytes;
    uint8_t cdb[LQ_CDB_BYTES_MAX];
};

/* What the commands ahead of one in its task set look like. */
struct lq_ahead {
    bool any;                /* any command */
    bool barrier;            /* an ORDERED or HEAD OF QUEUE one */
    bool ordered;            /* an ORDERED one */
    bool any_but_ordered;    /* any but ORDERED ones */
    bool rescan;             /* one has ended since the command entered */
    bool any_not_dispatched; /* one that is not in the store yet */
};

struct lq_attentions { /* of an I_T_L nexus */
    uint8_t count;
    bool has_aca; /* faulted: an ACA condition is there */
    struct lq_ua pending[16];
    bool prevents_removal; /* of the medium, by PREVENT ALLOW MEDIUM REMOVAL */
};

struct lq_engine_nexus {
    uint32_t index, generation;
    bool known; /* has a name */
    bool established;
    bool losing; /* its loss waits */
    bool is_preempted; /* between the two halves of a PREEMPT AND ABORT, inside one call */
    enum lq_trigger loss;
    uint32_t loss_waiting; /* commands in the store that the loss waits for */
    uint64_t loss_deadline_ns, loss_cookie;
    uint64_t cleared_by; /* bit i: engine->aborts[i] ended a command of this nexus */
    uint64_t established_count, last_used;
    uint64_t hash; /* records' number */
    uint16_t target, target_port;
    uint32_t task_count;
    uint32_t orphan_count; /* of former commands that are still in a store */
    struct lq_link tasks;
    struct lq_ahead ahead; /* of taskset.c, within a rescan */
    struct lq_link losing_link;
    struct lq_link ended_link; /* nothing is waited for any more: its loss ends at the settling */
    const struct lq_transport *transport;
    void *transport_context;
    struct lq_attentions *attentions; /* by slot of the unit */
    uint32_t transport_id_bytes;
    uint8_t transport_id[LQ_TRANSPORT_ID_BYTES_MAX];
};

/* What log pages tell (device_log.c). Decides nothing, so it is no part of the digest. */
struct lq_unit_log {
    uint64_t reads, writes; /* commands that ended GOOD, and what they moved */
    uint64_t blocks_read, blocks_written;
    uint64_t read_errors, write_errors, verify_errors; /* that ended with MEDIUM ERROR */
};

/* A logical unit, or the place of one: what is removed keeps it until its last command is freed. */
struct lq_unit {
    uint32_t number; /* for records; each unit has another one, also of the same LUN */
    uint32_t slot;   /* place in the engine, and of its unit attentions in a nexus */
    bool is_there;
    bool read_only;
    struct lq_engine_task *sanitizer; /* SANITIZE that is under way; NULL */
    bool sanitize_failed, sanitize_ause; /* device_sanitize.c; the second: it may leave that mode */
    bool clock_is_set; /* by SET TIMESTAMP */
    uint64_t clock_began_ms, clock_ms; /* it was at clock_ms when the world was at clock_began_ms */
    bool removable, is_stopped, is_ejected; /* device_medium.c */
    uint16_t target, lun;
    uint32_t task_count;    /* slots of commands that were addressed to it, orphans included */
    uint64_t nblocks;       /* capacity; the store may be larger */
    uint64_t read_only_use; /* engine->uses when its access was changed */
    struct lq_store_state *store;
    struct lq_link tasks;       /* the task set, in order of entry */
    uint32_t dormant;           /* not enabled */
    uint32_t acas;              /* nexuses that have an ACA condition */
    bool owes_flush;            /* MODE SELECT wanted one that has not been good yet */
    uint32_t barriers;          /* ORDERED and HEAD OF QUEUE in the set */
    struct lq_link rescan_link; /* linked: a task ended, others may be enabled */
    struct lq_reservations reservations;
    uint8_t modes[LQ_MODE_BYTES_MAX]; /* current values of all pages, in the table's order */
    struct lq_control control;        /* what they say */
    struct lq_saved saved;
    struct lq_unit_log log;
    uint64_t added_ns;
    char vendor[9], product[17], revision[5], serial[33];
};

struct lq_store_state {
    struct lq_store *store;
    struct lq_link orphans, held;
    struct lq_link waiting; /* for commands that they overlap, in the order in which they came */
    uint32_t alone;         /* commands of which is_alone */
    uint32_t outstanding, flushes_out;
    uint32_t resets; /* that it has told of */
    struct lq_save save;
    bool threshold_reached; /* as told: the pool of a thin store gets full */
    bool cache_lost; /* a flush has failed: no later one proves anything */
};

/* A TM function in progress: trigger -> affected set -> wait -> unit attentions -> answer. */
struct lq_abort {
    bool in_use;
    bool answers; /* its nexus still wants to hear of it */
    bool quarantined;
    uint32_t index;
    enum lq_trigger trigger;
    struct lq_engine_nexus *nexus;
    bool is_of_unit;      /* of the LUN below; else a target reset */
    uint16_t unit_lun;    /* by number: its unit may go and its place be taken while this waits */
    uint32_t later_units; /* units with this number or above came after the trigger */
    lq_task task;         /* PREEMPT AND ABORT, QERR: the command that it answers */
    uint64_t lun, tag, referenced_tag, serial, stamp, cookie;
    uint32_t waiting;
    uint32_t information; /* of its answer */
    uint64_t deadline_ns;
};

struct lq_engine {
    struct lq_engine_config config;
    struct lq_env *env;
    struct lq_engine_task *tasks;
    struct lq_engine_nexus *nexuses;
    struct lq_unit *units;
    struct lq_store_state *stores;
    struct lq_abort *aborts;
    uint16_t *target_ports; /* of each target: its ports are 1 to this */
    uint8_t *buffers;
    uint32_t unit_count, store_count; /* places of units used so far */
    uint32_t next_unit_number;
    uint32_t tasks_free;
    uint32_t established, busy_nexuses; /* busy: established and with a command at least */
    uint64_t aborts_in_use;             /* bit mask */
    uint64_t next_serial, uses;
    uint64_t commands_received, stale_completions;
    uint32_t orphan_count, held_count;
    uint32_t aborts_promised;    /* free places that saves need afterwards */
    uint8_t *record;             /* one that is being loaded, or that has to be restored */
    uint32_t stale_aborts; /* wrong "absent-abort-stays" */
    struct lq_link free_tasks, run, rescan, losing, ended;
    struct lq_link faulted; /* commands that are to be triggers of QERR when there is room */
    struct lq_link free_registrations;
    uint32_t registrations_free;
};

static inline bool lq_core_wrong(const struct lq_engine *engine, enum lq_core_wrong wrong)
{
    return LQ_WRONG(engine->env->wrongs.core, wrong);
}

/* Of each task's buffer. */
static inline uint64_t lq_buffer_bytes(const struct lq_engine *engine)
{
    return (uint64_t)engine->config.limits.transfer_bytes_max + LQ_SCRATCH_BYTES;
}

/* --- sense.c --------------------------------------------------------------------------------- */

/* INFORMATION field of sense data [SPC-5 4.4.2.2, 4.4.3], and the byte of the CDB that is at fault
 * [SPC-5 4.4.2.4.2]; 0: none is named. */
struct lq_information {
    bool is_valid;
    uint64_t value;
    uint8_t cdb_byte;
};

/* Sense data to BYTES (LQ_SENSE_BYTES_MAX), in descriptor format or in fixed format; returns its
 * length. */
uint32_t lq_sense_build(struct lq_sense sense, struct lq_information information,
                        bool has_descriptors, uint8_t *bytes);

/* Beside those of TM functions, so that no fault takes the place of one. */
enum { LQ_QERR_SLOTS = 4 };

static inline uint32_t lq_abort_slots(const struct lq_engine *engine)
{
    return engine->config.limits.aborts + LQ_QERR_SLOTS;
}

/* --- record.c: the engine's records ---------------------------------------------------------- */

/* A record about TASK with its names filled in. */
struct lq_event lq_task_event(const struct lq_engine *engine, const struct lq_engine_task *task,
                              enum lq_event_kind kind);
void lq_record(struct lq_engine *engine, struct lq_event event);
void lq_record_task(struct lq_engine *engine, const struct lq_engine_task *task,
                    enum lq_event_kind kind);

/* --- task.c: life of a command --------------------------------------------------------------- */

void lq_settle(struct lq_engine *engine);
/* Puts TASK on the run list when nothing but itself holds it back. */
void lq_task_make_ready(struct lq_engine *engine, struct lq_engine_task *task);
void lq_task_end(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                 struct lq_sense sense);
/* Ends with BYTES of the buffer as Data-In, cut to what the initiator expects, and GOOD. */
void lq_task_end_data(struct lq_engine *engine, struct lq_engine_task *task, uint32_t bytes);
/* The first half of an end: TASK is in no task set any more, and will have STATUS. */
void lq_task_leave(struct lq_engine *engine, struct lq_engine_task *task, enum lq_status status,
                   struct lq_sense sense);
/* Ends without status: the command has been aborted. */
void lq_task_end_aborted(struct lq_engine *engine, struct lq_engine_task *task);
void lq_task_free(struct lq_engine *engine, struct lq_engine_task *task);
struct lq_engine_task *lq_task_of(struct lq_engine *engine, lq_handle handle);

/* --- taskset.c: order ------------------------------------------------------------------------ */

void lq_taskset_enter(struct lq_engine *engine, struct lq_engine_task *task);
void lq_taskset_leave(struct lq_engine *engine, struct lq_engine_task *task);
/* A command of UNIT is in the store now; matters only to a wrong. */
void lq_taskset_dispatched(struct lq_engine *engine, struct lq_unit *unit);
void lq_taskset_rescan(struct lq_engine *engine, struct lq_unit *unit);
/* TST 001b: each I_T nexus has a task set of its own. */
bool lq_taskset_is_per_nexus(const struct lq_engine *engine, const struct lq_unit *unit);
/* TST of UNIT has changed. */
void lq_taskset_changed(struct lq_engine *engine, struct lq_unit *unit);

/* --- abort.c: the one mechanism -------------------------------------------------------------- */

/* Tells everybody who waits for TASK that it can do no more harm. */
void lq_abort_release(struct lq_engine *engine, struct lq_engine_task *task);
uint64_t lq_abort_deadline(const struct lq_engine *engine);
void lq_abort_expire(struct lq_engine *engine);
/* True when FUNCTION is one that the engine carries out. */
bool lq_abort_supports(const struct lq_engine *engine, enum lq_tm_function function);
/* True while a TM function more can be carried out. */
bool lq_abort_has_room(const struct lq_engine *engine);
/* The same of QERR. */
bool lq_abort_has_room_for_qerr(const struct lq_engine *engine);
/* For task_management.c: the steps of a function. */
bool lq_abort_can_be_aborted(const struct lq_engine *engine, const struct lq_engine_task *task);
bool lq_abort_names_unit(enum lq_trigger trigger);
/* NULL: there is no room. */
struct lq_abort *lq_abort_take(struct lq_engine *engine);
/* Aborts what is affected, and answers when that can do no more harm; NAMED is NULL: of all of the
 * target. */
void lq_abort_start(struct lq_engine *engine, struct lq_abort *abort, const struct lq_unit *named);
void lq_abort_answer(struct lq_engine *engine, const struct lq_abort *abort,
                     enum lq_tm_answer tm_answer);
/* TASK has ended, and its status, which waits, is not told. True: nothing of its data is on its way
 * any more. */
bool lq_abort_silence(struct lq_engine_task *task);
/* The trigger is TASK, a command, which ends when the others can do no more harm. There is room. */
void lq_abort_start_for(struct lq_engine *engine, struct lq_engine_task *task,
                        enum lq_trigger trigger);
/* PREEMPT AND ABORT, by TASK: aborts the commands of TASK's unit whose nexuses are marked as
 * preempted, but TASK, which ends GOOD when they can do no more harm. There is room. */
void lq_abort_preempted(struct lq_engine *engine, struct lq_engine_task *task);
/* True while a TM function of NEXUS is in progress. */
bool lq_abort_is_by(const struct lq_engine *engine, const struct lq_engine_nexus *nexus);
void lq_abort_forget_nexus(struct lq_engine *engine, const struct lq_engine_nexus *nexus);
/* Aborts TASK for TRIGGER; true when the trigger has to wait for it. */
bool lq_abort_task(struct lq_engine *engine, struct lq_engine_task *task, enum lq_trigger trigger,
                   bool own_nexus, uint64_t tm_serial);

/* --- aca.c ----------------------------------------------------------------------------------- */

/* With what COMMAND of NEXUS to UNIT is refused; GOOD: it may enter. */
enum lq_status lq_aca_gate(const struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                           const struct lq_unit *unit, const struct lq_command *command);
/* TASK has been received and decoded. */
void lq_aca_enters(struct lq_engine_task *task);
/* TASK goes on in spite of the condition, which is there. */
bool lq_aca_passes(const struct lq_engine_task *task);
/* TASK is to be neither enabled nor run, nor to end, now. */
bool lq_aca_blocks(const struct lq_engine *engine, const struct lq_engine_task *task);
/* TASK ends with CHECK CONDITION. */
void lq_aca_faulted(struct lq_engine *engine, const struct lq_engine_task *task);
/* What was blocked goes on. */
void lq_aca_clear(struct lq_engine *engine, struct lq_unit *unit, struct lq_engine_nexus *nexus);
void lq_aca_clear_unit(struct lq_engine *engine, struct lq_unit *unit);
void lq_aca_clear_nexus(struct lq_engine *engine, struct lq_engine_nexus *nexus);
/* CLEAR ACA of NEXUS: COMPLETE when it is to be carried out, or has nothing to do. */
enum lq_tm_answer lq_aca_check_clear(struct lq_engine *engine, struct lq_engine_nexus *nexus,
                                     struct lq_unit *unit);

/* --- qerr.c ---------------------------------------------------------------------------------- */

/* QERR of UNIT reaches all of the task set, not only the faulted I_T nexus. */
bool lq_qerr_reaches_others(const struct lq_engine *engine, const struct lq_unit *unit);
/* TASK is about to end with CHECK CONDITION. True: QERR makes it wait for others, and it will end
 * with SENSE, or, key 0, be run again. */
bool lq_qerr_faults(struct lq_engine *engine, struct lq_engine_task *task, struct lq_sense sense);
/* The others of TASK, which is faulted, have ended. */
void lq_qerr_end(struct lq_engine *engine, struct lq_engine_task *task);
/* Begins what waits for room; false: nothing does. */
bool lq_qerr_next(struct lq_engine *engine);

/* --- nexus.c --------------------------------------------------------------------------------- */

/* Commands that NEXUS may still send without being refused. */
uint32_t lq_nexus_slots(const struct lq_engine *engine, const struct lq_engine_nexus *nexus);
void lq_nexus_take_slot(struct lq_engine *engine, struct lq_engine_nexus *nexus);
void lq_nexus_give_slot(struct lq_engine *engine, struct lq_engine_nexus *nexus);
struct lq_engine_nexus *lq_nexus_of(struct lq_engine *engine, lq_nexus handle);
/* Something that NEXUS's loss waited for has ended. */
void lq_nexus_loss_step(struct lq_engine *engine, struct lq_engine_nexus *nexus);
/* Ends NEXUS's loss, unless it waits again. */
void lq_nexus_settle(struct lq_engine *engine, struct lq_engine_nexus *nexus);
uint64_t lq_nexus_deadline(const struct lq_engine *engine);
void lq_nexus_expire(struct lq_engine *engine);

/* --- quarantine.c ---------------------------------------------------------------------------- */

/* How long TRIGGER may wait for a command of UNIT's store (now + bound, or LQ_NEVER). */
uint64_t lq_quarantine_deadline(const struct lq_engine *engine, const struct lq_unit *unit,
                                uint64_t after_ns);
/* Makes a task in the store, whose end is recorded, an orphan and releases who waits for it. */
void lq_quarantine_leave(struct lq_engine *engine, struct lq_engine_task *task);
/* Ends an aborted task in the store, which becomes an orphan. */
void lq_quarantine_orphan(struct lq_engine *engine, struct lq_engine_task *task);
/* True when TASK, about to use the medium, has to wait: it is held now. */
bool lq_quarantine_holds(struct lq_engine *engine, struct lq_engine_task *task);
/* Holds TASK until what it waits for is over, or for busy_after. */
void lq_quarantine_hold(struct lq_engine *engine, struct lq_engine_task *task);
/* Lets go of whom nothing holds any more. */
void lq_quarantine_release(struct lq_engine *engine, struct lq_store_state *store);
void lq_quarantine_orphan_done(struct lq_engine *engine, struct lq_engine_task *task);
uint64_t lq_quarantine_deadline_of_held(const struct lq_engine *engine);
void lq_quarantine_expire(struct lq_engine *engine);
void lq_quarantine_forget_held(struct lq_engine *engine, struct lq_engine_task *task);

/* --- overlap.c ------------------------------------------------------------------------------- */

/* True when TASK, about to use the medium, has to wait for others: it does now. */
bool lq_overlap_waits(struct lq_engine *engine, struct lq_engine_task *task);
/* TASK has ended, one way or the other. */
void lq_overlap_left(struct lq_engine *engine, struct lq_engine_task *task);

/* --- device_medium.c ------------------------------------------------------------------------- */

/* NEXUS has ended; UNIT was reset: what prevented removal of a medium does no longer. */
void lq_medium_nexus_ended(struct lq_engine *engine, struct lq_engine_nexus *nexus);
void lq_medium_reset(struct lq_engine *engine, struct lq_unit *unit);

/* --- attention.c: unit attentions ------------------------------------------------------------ */

void lq_ua_establish(struct lq_engine *engine, struct lq_engine_nexus *nexus, struct lq_unit *unit,
                     struct lq_ua ua);
/* True when one of those that rank above RESERVATION CONFLICT is pending for TASK's nexus. */
bool lq_ua_is_of_reset(const struct lq_engine_task *task);
/* One is pending for TASK's I_T_L nexus. */
bool lq_ua_is_pending(const struct lq_engine *engine, const struct lq_engine_task *task);
/* How many are pending for NEXUS and UNIT, and by FIRST the one of highest precedence. */
uint32_t lq_ua_look(const struct lq_engine_nexus *nexus, const struct lq_unit *unit,
                    struct lq_ua *first);
/* Takes the one of highest precedence for TASK to report. False: none is pending. */
bool lq_ua_take(struct lq_engine *engine, struct lq_engine_task *task);
/* Wrong "inquiry-clears-attentions": what is pending for TASK's I_T_L nexus is dropped. */
void lq_ua_forget(struct lq_engine_task *task);
void lq_ua_put_back(struct lq_engine *engine, struct lq_engine_task *task);
/* TASK has told its nexus of UA, of all units. */
void lq_ua_clear(struct lq_engine *engine, const struct lq_engine_task *task, struct lq_ua ua);

/* --- unit.c: logical units come and go ------------------------------------------------------- */

/* False: TASK addressed a LUN that is not there, or that has been removed since. */
bool lq_task_has_unit(const struct lq_engine *engine, const struct lq_engine_task *task);
/* True: the medium must not be changed for NEXUS. */
bool lq_unit_is_read_only(const struct lq_engine *engine, const struct lq_unit *unit,
                          const struct lq_engine_nexus *nexus);

/* device_log.c: TASK ends. */
void lq_log_count(struct lq_engine_task *task, enum lq_status status, struct lq_sense sense);

/* --- device servers -------------------------------------------------------------------------- */

/* Runs an enabled command whose data is there. */
void lq_device_begin(struct lq_engine *engine, struct lq_engine_task *task);
/* The answer of the store to a command that has not been aborted. */
void lq_device_store_done(struct lq_engine *engine, struct lq_engine_task *task,
                          enum lq_block_status status);
struct lq_unit *lq_unit_of_lun(struct lq_engine *engine, uint16_t target, uint64_t lun);
/* The 8-byte LUN of a unit as a number [SAM-5 4.7]. */
uint64_t lq_lun_of_unit(const struct lq_unit *unit);

#endif
