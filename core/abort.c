/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one abort mechanism: trigger -> affected set -> wait -> unit attentions -> answer.
 *
 * Every TM function is a row of triggers.c's table; losses of an I_T nexus (nexus.c) use the same
 * steps on a command. A command that waits (for order, for data, for an orphan) ends at once. One
 * that is in the store can still change the medium: the trigger waits for it, but at most as long
 * as the quarantine bound says (quarantine.c), and then answers, the command being an orphan.
 */
#include <string.h>

#include "core/state.h"
#include "core/triggers.h"

static const struct lq_sense no_sense = {0, 0, 0};

static uint64_t bit_of(const struct lq_abort *abort)
{
    return UINT64_C(1) << abort->index;
}

/* --- one command ----------------------------------------------------------------------------- */

static void record_affected(struct lq_engine *engine, const struct lq_engine_task *task,
                            enum lq_trigger trigger, uint64_t tm_serial)
{
    if (engine->env->history == NULL)
        return;
    struct lq_event event = lq_task_event(engine, task, LQ_E_AFFECTED);
    event.code = (uint32_t)trigger;
    event.value = tm_serial;
    lq_record(engine, event);
}

/* Takes the command from the transport. True: nothing of its data is on its way any more. */
static bool unlink_transport(struct lq_engine_task *task, bool wait_for_peer)
{
    if (!task->linked_to_transport)
        return true;
    task->linked_to_transport = false;
    return task->nexus->transport->terminate_data_transfer(task->nexus->transport_context,
                                                           task->cookie, wait_for_peer);
}

/*
 * TASK ABORTED for a command that waits: at once, or where its peer has been asked for data, when
 * that has come; until then it is in no task set. The trigger waits for neither
 * [RFC 7143 4.2.3.3].
 */
static void end_with_status(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->defined_bytes = 0;
    if (!task->data_wanted) {
        lq_task_end(engine, task, LQ_TASK_ABORTED, no_sense);
        return;
    }
    lq_task_leave(engine, task, LQ_TASK_ABORTED, no_sense);
    task->state = LQ_TASK_TERMINATING;
}

bool lq_abort_silence(struct lq_engine_task *task)
{
    bool is_over = unlink_transport(task, false);
    task->data_wanted = !is_over;
    return is_over;
}

/* Ends a command that waits. True: the trigger waits for what the peer still sends. */
static bool abort_waiting(struct lq_engine *engine, struct lq_engine_task *task, bool own_nexus)
{
    if (task->state == LQ_TASK_HELD)
        lq_quarantine_forget_held(engine, task);
    if (task->owes_status) {
        end_with_status(engine, task);
        return false;
    }
    lq_task_end_aborted(engine, task);
    task->state = LQ_TASK_TERMINATING;
    /* [RFC 7143 4.2.3.3 b]: the issuing session's open windows are waited for, others' not. */
    if (unlink_transport(task, own_nexus)) {
        task->data_wanted = false;
        if (!lq_core_wrong(engine, LQ_WRONG_TASK_LEAKED_AT_ABORT))
            lq_task_free(engine, task);
        return false;
    }
    task->data_wanted = true;
    return own_nexus;
}

bool lq_abort_task(struct lq_engine *engine, struct lq_engine_task *task, enum lq_trigger trigger,
                   bool own_nexus, uint64_t tm_serial)
{
    record_affected(engine, task, trigger, tm_serial);
    if (!task->aborted && task->state == LQ_TASK_IN_STORE && trigger < LQ_TRIGGER_NEXUS_LOSS &&
        lq_core_wrong(engine, LQ_WRONG_ABORTED_COMMAND_ANSWERS))
        return false;
    if (task->state == LQ_TASK_IN_SET && !task->enabled && trigger < LQ_TRIGGER_NEXUS_LOSS &&
        lq_core_wrong(engine, LQ_WRONG_QUEUE_RUNS_ABORTED_COMMAND))
        return false;
    if (!task->aborted)
        task->aborted_by = trigger;
    task->aborted = true;
    if (task->state != LQ_TASK_IN_STORE) {
        lq_saved_blocked_end(engine, task);
        return abort_waiting(engine, task, own_nexus);
    }
    if (!task->owes_status)
        (void)unlink_transport(task, false); /* all of its data is here, none has been sent */
    if (lq_core_wrong(engine, LQ_WRONG_ABORTED_COMMAND_ENDS_TWICE))
        lq_task_end_aborted(engine, task);
    if (trigger == LQ_TRIGGER_ABORT_TASK &&
        lq_core_wrong(engine, LQ_WRONG_ABORT_ANSWERED_AFTER_MARKING))
        return false;
    if (trigger == LQ_TRIGGER_PREEMPT_AND_ABORT &&
        lq_core_wrong(engine, LQ_WRONG_PREEMPT_ANSWERED_AFTER_MARKING))
        return false;
    return !lq_core_wrong(engine, LQ_WRONG_TM_ANSWERED_AFTER_MARKING) ||
           trigger >= LQ_TRIGGER_NEXUS_LOSS;
}

/* --- the affected set ------------------------------------------------------------------------ */

bool lq_abort_can_be_aborted(const struct lq_engine *engine, const struct lq_engine_task *task)
{
    switch (task->state) {
    case LQ_TASK_IN_SET:
    case LQ_TASK_WAITING: return true;
    case LQ_TASK_HELD: return !lq_core_wrong(engine, LQ_WRONG_HELD_ESCAPE_ABORT);
    case LQ_TASK_IN_STORE:
        return !(task->aborted && lq_core_wrong(engine, LQ_WRONG_SECOND_RESET_FINDS_NOTHING));
    case LQ_TASK_TERMINATING: return task->owes_status;
    case LQ_TASK_FREE:
    case LQ_TASK_ENDED:
    case LQ_TASK_ORPHAN: break;
    }
    return false;
}

/* What TASK's LUN is now: its mode pages say what is done to a command of a unit before it, too. */
static const struct lq_unit *present_unit(struct lq_engine *engine,
                                          const struct lq_engine_task *task)
{
    const struct lq_unit *unit = lq_unit_of_lun(engine, task->unit->target, task->lun);
    return unit != NULL ? unit : task->unit;
}

static bool is_in_scope(struct lq_engine *engine, const struct lq_abort *abort,
                        const struct lq_engine_task *task)
{
    bool own = task->nexus == abort->nexus;
    if (lq_triggers[abort->trigger].scope == SCOPE_PREEMPTED)
        return task->nexus->is_preempted && task->index != abort->task.index &&
               !lq_core_wrong(engine, LQ_WRONG_PREEMPT_ABORTS_NOBODY);
    if (lq_triggers[abort->trigger].scope == SCOPE_FAULTED)
        return task->index != abort->task.index &&
               (own || lq_qerr_reaches_others(engine, task->unit));
    if (own && (int64_t)(task->stamp - abort->stamp) >= 0)
        return false; /* younger than the function */
    switch (lq_triggers[abort->trigger].scope) {
    case SCOPE_TASK:
        return (own || lq_core_wrong(engine, LQ_WRONG_ABORT_BY_TAG_ALONE)) &&
               task->tag == abort->referenced_tag && task->lun == abort->lun;
    case SCOPE_ACA: return own && task->attribute == LQ_ACA;
    case SCOPE_NEXUS:
        return own && !lq_core_wrong(engine, LQ_WRONG_NEXUS_RESET_SPARES_COMMANDS);
    case SCOPE_NEXUS_UNIT:
        return own || lq_core_wrong(engine, LQ_WRONG_ABORT_TASK_SET_HITS_EVERYBODY);
    case SCOPE_UNIT:
    case SCOPE_TARGET:
        if (abort->trigger == LQ_TRIGGER_CLEAR_TASK_SET)
            return own || (!lq_taskset_is_per_nexus(engine, present_unit(engine, task)) &&
                           !lq_core_wrong(engine, LQ_WRONG_CLEAR_TASK_SET_ONLY_OWN));
        return !(task->data_wanted && abort->trigger == LQ_TRIGGER_LOGICAL_UNIT_RESET &&
                 lq_core_wrong(engine, LQ_WRONG_RESET_FORGETS_DATA_WAITERS));
    case SCOPE_PREEMPTED:
    case SCOPE_FAULTED: break;
    }
    return false;
}

/* TAS: a command that another I_T nexus aborts ends with TASK ABORTED [SPC-5 7.5.10]. What its own
 * one aborts, now or before, has no status [SAM-5 5.3.1]. True: its nexus hears of it by a unit
 * attention. */
static bool decide_status(struct lq_engine *engine, struct lq_engine_task *task, bool own)
{
    bool has_tas = present_unit(engine, task)->control.tas &&
                   !lq_core_wrong(engine, LQ_WRONG_TAS_IGNORED);
    task->owes_status = !own && (task->aborted ? task->owes_status : has_tas);
    return !own && !has_tas;
}

static void wait_for(struct lq_engine *engine, struct lq_abort *abort, struct lq_engine_task *task)
{
    if (task->waiters != 0 && lq_core_wrong(engine, LQ_WRONG_SECOND_TM_OVERWRITES_WAITER))
        task->waiters = 0;
    task->waiters |= bit_of(abort);
    abort->waiting++;
}

static uint32_t affect_unit(struct lq_engine *engine, struct lq_abort *abort, struct lq_unit *unit)
{
    uint32_t affected = 0;
    LQ_LIST_EACH_SAFE(link, following, &unit->tasks)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, set_link);
        if (!lq_abort_can_be_aborted(engine, task) || !is_in_scope(engine, abort, task))
            continue;
        affected++;
        bool own = task->nexus == abort->nexus;
        if (decide_status(engine, task, own))
            task->nexus->cleared_by |= bit_of(abort);
        bool waits = own && lq_trigger_waits_for_peers(abort->trigger);
        if (lq_abort_task(engine, task, abort->trigger, waits, abort->serial))
            wait_for(engine, abort, task);
    }
    return affected;
}

/* A unit that was removed has commands until their data has come: to initiators they are commands
 * of its LUN, whatever unit that has become. */
static bool is_affected(const struct lq_abort *abort, const struct lq_unit *unit)
{
    bool is_named = !abort->is_of_unit || unit->lun == abort->unit_lun;
    return is_named && unit->target == abort->nexus->target;
}

/* Commands of the function's own nexus that another one has ended, whose TASK ABORTED waits for
 * data: the function's answer comes, so they have no status any more. */
static void silence(struct lq_engine *engine, struct lq_abort *abort)
{
    bool waits = lq_trigger_waits_for_peers(abort->trigger);
    LQ_LIST_EACH_SAFE(link, following, &abort->nexus->tasks)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        if (task->state != LQ_TASK_TERMINATING || !task->owes_status ||
            !is_affected(abort, task->unit) || !is_in_scope(engine, abort, task))
            continue;
        task->owes_status = false;
        if (unlink_transport(task, waits)) {
            task->data_wanted = false;
            lq_task_free(engine, task);
        } else if (waits) {
            wait_for(engine, abort, task);
        }
    }
}

/* --- unit attentions and the answer ---------------------------------------------------------- */

/* A TransportID up to what tells the ports of an initiator apart [SPC-4 7.6.4.6]. */
static uint32_t name_bytes(const struct lq_engine_nexus *nexus)
{
    const uint8_t *end = memchr(nexus->transport_id, ',', nexus->transport_id_bytes);
    return end == NULL ? nexus->transport_id_bytes : (uint32_t)(end - nexus->transport_id);
}

/* Wrong "attentions-by-initiator-name": an established nexus of the same initiator name comes
 * first, and of what there is to tell one queue is kept for both. */
static bool shares_attentions(const struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    if (!lq_core_wrong(engine, LQ_WRONG_ATTENTIONS_BY_INITIATOR_NAME))
        return false;
    for (uint32_t i = 0; i < nexus->index; i++) {
        const struct lq_engine_nexus *other = &engine->nexuses[i];
        uint32_t bytes = name_bytes(nexus);
        if (other->established && other->target == nexus->target && name_bytes(other) == bytes &&
            memcmp(other->transport_id, nexus->transport_id, bytes) == 0)
            return true;
    }
    return false;
}

static void inform_unit(struct lq_engine *engine, const struct lq_abort *abort,
                        struct lq_unit *unit)
{
    const struct lq_trigger_row *row = &lq_triggers[abort->trigger];
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (!nexus->known || nexus->target != unit->target)
            continue;
        if (row->informs == INFORMS_OTHERS_WITH_COMMANDS && !(nexus->cleared_by & bit_of(abort)) &&
            (nexus == abort->nexus || !lq_core_wrong(engine, LQ_WRONG_CLEAR_TELLS_EVERYBODY)))
            continue;
        if (row->informs == INFORMS_OWN && nexus != abort->nexus)
            continue;
        if (shares_attentions(engine, nexus))
            continue;
        if (nexus != abort->nexus && lq_core_wrong(engine, LQ_WRONG_UA_ONLY_TO_ISSUER))
            continue;
        lq_ua_establish(engine, nexus, unit, row->ua);
    }
}

/* A unit that came after the trigger is reset with its LUN, but has lost no commands to it. */
static bool has_news(const struct lq_abort *abort, const struct lq_unit *unit)
{
    return lq_triggers[abort->trigger].informs >= INFORMS_OWN || unit->number < abort->later_units;
}

static void inform(struct lq_engine *engine, const struct lq_abort *abort)
{
    if (lq_triggers[abort->trigger].informs == INFORMS_NOBODY)
        return;
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *unit = &engine->units[i];
        if (unit->is_there && is_affected(abort, unit) && has_news(abort, unit))
            inform_unit(engine, abort, unit);
    }
}

void lq_abort_answer(struct lq_engine *engine, const struct lq_abort *abort,
                     enum lq_tm_answer tm_answer)
{
    lq_record(engine, (struct lq_event){
                          .kind = LQ_E_TM_ANSWERED,
                          .target = abort->nexus->target,
                          .flags = abort->quarantined ? LQ_F_QUARANTINED : 0,
                          .nexus = abort->nexus->hash,
                          .lun = abort->lun,
                          .tag = abort->tag,
                          .serial = abort->serial,
                          .stamp = abort->stamp,
                          .code = (uint32_t)tm_answer,
                      });
    if (abort->answers)
        abort->nexus->transport->tm_executed(abort->nexus->transport_context, abort->cookie,
                                             tm_answer, abort->information);
}

static void close_connections(struct lq_engine *engine, uint16_t target)
{
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        const struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->established && nexus->target == target && nexus->transport->close_all != NULL)
            nexus->transport->close_all(nexus->transport_context, target);
    }
}

/* Ends the command that was the trigger, unless something has ended it meanwhile. */
static void end_command(struct lq_engine *engine, const struct lq_abort *abort)
{
    struct lq_engine_task *task = lq_task_of(engine, abort->task);
    if (task == NULL || task->state != LQ_TASK_IN_SET)
        return;
    if (abort->trigger == LQ_TRIGGER_QERR)
        lq_qerr_end(engine, task);
    else
        lq_task_end(engine, task, LQ_GOOD, no_sense);
}

/* What a reset does beyond commands: reservations end, mode parameters are what they were saved or
 * by default [SAM-5 6.3.3]. */
static void reset_units(struct lq_engine *engine, const struct lq_abort *abort)
{
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *unit = &engine->units[i];
        if (!is_affected(abort, unit))
            continue;
        lq_reservation_reset(engine, unit, abort->trigger);
        lq_medium_reset(engine, unit);
        lq_aca_clear_unit(engine, unit);
        if (unit->is_there && !lq_core_wrong(engine, LQ_WRONG_RESET_KEEPS_MODES))
            lq_modes_reset(engine, unit);
    }
}

static void reset_nexus(struct lq_engine *engine, const struct lq_abort *abort)
{
    lq_reservation_nexus_ended(engine, abort->nexus, abort->trigger);
    lq_aca_clear_nexus(engine, abort->nexus);
}

static void clear_aca(struct lq_engine *engine, const struct lq_abort *abort)
{
    for (uint32_t i = 0; i < engine->unit_count; i++)
        if (is_affected(abort, &engine->units[i]))
            lq_aca_clear(engine, &engine->units[i], abort->nexus);
}

static void finish(struct lq_engine *engine, struct lq_abort *abort)
{
    if (lq_triggers[abort->trigger].informs == INFORMS_ALL)
        reset_units(engine, abort);
    else if (abort->trigger == LQ_TRIGGER_I_T_NEXUS_RESET)
        reset_nexus(engine, abort);
    else if (abort->trigger == LQ_TRIGGER_CLEAR_ACA)
        clear_aca(engine, abort);
    inform(engine, abort);
    if (lq_triggers[abort->trigger].scope >= SCOPE_PREEMPTED)
        end_command(engine, abort);
    else
        lq_abort_answer(engine, abort, LQ_TM_COMPLETE);
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++)
        engine->nexuses[i].cleared_by &= ~bit_of(abort);
    abort->in_use = false;
    engine->aborts_in_use &= ~bit_of(abort);
    if (lq_triggers[abort->trigger].closes_connections &&
        !lq_core_wrong(engine, LQ_WRONG_COLD_RESET_KEEPS_SESSIONS))
        close_connections(engine, abort->nexus->target);
}

void lq_abort_release(struct lq_engine *engine, struct lq_engine_task *task)
{
    uint64_t waiters = task->waiters;
    bool loss_waits = task->loss_waits;
    task->waiters = 0;
    task->loss_waits = false;
    for (uint32_t i = 0; waiters != 0; i++, waiters >>= 1) {
        struct lq_abort *abort = &engine->aborts[i];
        if ((waiters & 1) && abort->in_use && --abort->waiting == 0)
            finish(engine, abort);
    }
    if (loss_waits) {
        LQ_ASSERT(task->nexus->loss_waiting > 0);
        task->nexus->loss_waiting--;
        lq_nexus_loss_step(engine, task->nexus);
    }
}

/* --- the beginning --------------------------------------------------------------------------- */

/* One of the slots from FIRST to END; NULL: all are in use. */
static struct lq_abort *take(struct lq_engine *engine, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        struct lq_abort *abort = &engine->aborts[i];
        if (abort->in_use)
            continue;
        *abort = (struct lq_abort){.in_use = true, .answers = true, .index = i};
        engine->aborts_in_use |= bit_of(abort);
        return abort;
    }
    return NULL;
}

struct lq_abort *lq_abort_take(struct lq_engine *engine)
{
    return lq_abort_has_room(engine) ? take(engine, 0, engine->config.limits.aborts) : NULL;
}

static bool reaches_too_far(const struct lq_engine *engine, const struct lq_abort *abort,
                            const struct lq_unit *unit)
{
    if (unit->target != abort->nexus->target)
        return false;
    return (abort->trigger == LQ_TRIGGER_LOGICAL_UNIT_RESET &&
            lq_core_wrong(engine, LQ_WRONG_LUN_RESET_OF_ALL_UNITS)) ||
           (abort->trigger == LQ_TRIGGER_ABORT_TASK_SET &&
            lq_core_wrong(engine, LQ_WRONG_ABORT_TASK_SET_IGNORES_LUN));
}

/* Wrong "resets-wait-for-each-other". */
static void wait_for_each_other(struct lq_engine *engine, struct lq_abort *abort)
{
    for (uint32_t i = 0; i < lq_abort_slots(engine); i++) {
        struct lq_abort *other = &engine->aborts[i];
        if (other == abort || !other->in_use || other->is_of_unit != abort->is_of_unit ||
            other->unit_lun != abort->unit_lun)
            continue;
        other->waiting++;
        abort->waiting++;
    }
}

void lq_abort_start(struct lq_engine *engine, struct lq_abort *abort, const struct lq_unit *named)
{
    abort->is_of_unit = named != NULL;
    abort->unit_lun = named != NULL ? named->lun : 0;
    abort->later_units = engine->next_unit_number;
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        struct lq_unit *unit = &engine->units[i];
        /* A fault aborts in its own unit, whatever was there before by its LUN [SPC-5 7.5.10]. */
        bool is_reached = abort->trigger == LQ_TRIGGER_QERR ? unit == named
                                                            : is_affected(abort, unit);
        if (is_reached || reaches_too_far(engine, abort, unit))
            affect_unit(engine, abort, unit);
        if (named == NULL && is_affected(abort, unit) &&
            lq_core_wrong(engine, LQ_WRONG_TARGET_RESET_OF_ONE_UNIT))
            break;
    }
    silence(engine, abort);
    if (lq_core_wrong(engine, LQ_WRONG_RESETS_WAIT_FOR_EACH_OTHER))
        wait_for_each_other(engine, abort);
    if (named != NULL && engine->stale_aborts > 0)
        abort->waiting++; /* wrong "absent-abort-stays" */
    if (abort->waiting == 0) {
        finish(engine, abort);
        return;
    }
    abort->deadline_ns = lq_quarantine_deadline(engine, named,
                                                engine->config.quarantine_after_ns);
    if (lq_core_wrong(engine, LQ_WRONG_RESET_HANGS_BEHIND_STORE))
        abort->deadline_ns = LQ_NEVER;
}

/* How many of the slots from FIRST to END are free. */
static uint32_t count_free(const struct lq_engine *engine, uint32_t first, uint32_t end)
{
    uint32_t free = 0;
    for (uint32_t i = first; i < end; i++)
        free += engine->aborts[i].in_use ? 0 : 1;
    return free;
}

bool lq_abort_has_room(const struct lq_engine *engine)
{
    return count_free(engine, 0, engine->config.limits.aborts) > engine->aborts_promised;
}

bool lq_abort_has_room_for_qerr(const struct lq_engine *engine)
{
    return count_free(engine, engine->config.limits.aborts, lq_abort_slots(engine)) > 0;
}

void lq_abort_start_for(struct lq_engine *engine, struct lq_engine_task *task,
                        enum lq_trigger trigger)
{
    uint32_t tm_slots = engine->config.limits.aborts;
    struct lq_abort *abort = trigger == LQ_TRIGGER_QERR
                                 ? take(engine, tm_slots, lq_abort_slots(engine))
                                 : lq_abort_take(engine);
    LQ_ASSERT(abort != NULL);
    abort->trigger = trigger;
    abort->nexus = task->nexus;
    abort->task = (lq_task){task->index, task->generation};
    abort->lun = task->lun;
    abort->tag = task->tag;
    abort->serial = task->serial;
    abort->stamp = task->stamp;
    task->is_trigger = true;
    lq_abort_start(engine, abort, task->unit);
}

void lq_abort_preempted(struct lq_engine *engine, struct lq_engine_task *task)
{
    struct lq_unit *unit = task->unit;
    lq_abort_start_for(engine, task, LQ_TRIGGER_PREEMPT_AND_ABORT);
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (nexus->is_preempted)
            lq_aca_clear(engine, unit, nexus); /* [SPC-4 5.13.11.2.6] */
        nexus->is_preempted = false;
    }
}

/* --- time ------------------------------------------------------------------------------------ */

uint64_t lq_abort_deadline(const struct lq_engine *engine)
{
    uint64_t earliest = LQ_NEVER;
    uint64_t in_use = engine->aborts_in_use;
    for (uint32_t i = 0; in_use != 0; i++, in_use >>= 1)
        if ((in_use & 1) && engine->aborts[i].deadline_ns < earliest)
            earliest = engine->aborts[i].deadline_ns;
    return earliest;
}

/* The bound has come: what is in the store becomes an orphan, what the peer still owes is left to
 * the transport, which drops it. */
static void quarantine(struct lq_engine *engine, struct lq_abort *abort)
{
    abort->deadline_ns = LQ_NEVER;
    for (uint32_t i = 0; i < engine->config.limits.tasks && abort->in_use; i++) {
        struct lq_engine_task *task = &engine->tasks[i];
        if (!(task->waiters & bit_of(abort)))
            continue;
        if (task->state == LQ_TASK_IN_STORE) {
            abort->quarantined = true;
            lq_quarantine_orphan(engine, task);
        } else {
            lq_abort_release(engine, task);
        }
    }
}

void lq_abort_expire(struct lq_engine *engine)
{
    for (uint32_t i = 0; i < lq_abort_slots(engine); i++) {
        struct lq_abort *abort = &engine->aborts[i];
        if (abort->in_use && abort->deadline_ns <= engine->env->now_ns)
            quarantine(engine, abort);
    }
}

void lq_abort_forget_nexus(struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; i < lq_abort_slots(engine); i++)
        if (engine->aborts[i].in_use && engine->aborts[i].nexus == nexus)
            engine->aborts[i].answers = false;
}

bool lq_abort_is_by(const struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    for (uint32_t i = 0; engine->aborts_in_use != 0 && i < lq_abort_slots(engine); i++)
        if (engine->aborts[i].in_use && engine->aborts[i].nexus == nexus)
            return true;
    return false;
}
