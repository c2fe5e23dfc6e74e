/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I_T nexuses: established, lost, remembered.
 *
 * A nexus is known by the canonical TransportID of its initiator port and the target port, so that
 * who comes back is told what happened meanwhile. Its loss runs through the same steps as a TM
 * function: affected commands, wait, unit attention (I_T NEXUS LOSS OCCURRED), answer.
 */
#include <string.h>

#include "core/state.h"

struct lq_engine_nexus *lq_nexus_of(struct lq_engine *engine, lq_nexus handle)
{
    if (handle.index >= engine->config.limits.nexuses)
        return NULL;
    struct lq_engine_nexus *nexus = &engine->nexuses[handle.index];
    return nexus->known && nexus->generation == handle.generation ? nexus : NULL;
}

uint64_t lq_engine_nexus_hash(const struct lq_engine *engine, lq_nexus handle)
{
    return handle.index < engine->config.limits.nexuses ? engine->nexuses[handle.index].hash : 0;
}

/* --- shares of the task slots ----------------------------------------------------------------- */

/*
 * How many nexuses have a first slot coming to them. Where slots are plenty that is everybody who
 * may ever be established, so that newcomers too find one; else those who are established now.
 */
static uint32_t entitled(const struct lq_engine *engine)
{
    const struct lq_limits *limits = &engine->config.limits;
    uint32_t most = limits->nexuses < limits->sessions ? limits->nexuses : limits->sessions;
    bool is_plenty = limits->tasks / 2 >= most && most >= engine->established;
    return is_plenty ? most : engine->established;
}

/*
 * A nexus may use its share of the slots (limits.tasks_per_nexus), but a first slot is kept for
 * every other one: whoever hoards slots, by writes whose data never comes, can't keep the others
 * from theirs.
 */
uint32_t lq_nexus_slots(const struct lq_engine *engine, const struct lq_engine_nexus *nexus)
{
    uint32_t most = engine->config.limits.tasks_per_nexus;
    uint32_t own = nexus->task_count < most ? most - nexus->task_count : 0;
    bool is_idle = nexus->established && nexus->task_count == 0;
    uint32_t kept = entitled(engine) - engine->busy_nexuses - (is_idle ? 1 : 0);
    uint32_t open = engine->tasks_free > kept ? engine->tasks_free - kept : 0;
    if (open == 0 && is_idle && engine->tasks_free > 0)
        open = 1;
    return own < open ? own : open;
}

uint32_t lq_engine_tasks_free(const struct lq_engine *engine, lq_nexus handle)
{
    return lq_nexus_slots(engine, &engine->nexuses[handle.index]);
}

void lq_nexus_take_slot(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    if (nexus->task_count++ == 0 && nexus->established)
        engine->busy_nexuses++;
}

void lq_nexus_give_slot(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    LQ_ASSERT(nexus->task_count > 0);
    if (--nexus->task_count == 0 && nexus->established)
        engine->busy_nexuses--;
}

/* --- establishment ---------------------------------------------------------------------------- */

static bool has_name(const struct lq_engine_nexus *nexus, const struct lq_nexus_request *request,
                     uint64_t hash)
{
    return nexus->known && nexus->hash == hash && nexus->target == request->target &&
           nexus->target_port == request->target_port &&
           nexus->transport_id_bytes == request->transport_id_bytes &&
           memcmp(nexus->transport_id, request->transport_id, request->transport_id_bytes) == 0;
}

/* The nexus of this name, else an unused slot, else the one that has been away longest. */
static struct lq_engine_nexus *find_slot(struct lq_engine *engine,
                                         const struct lq_nexus_request *request, uint64_t hash)
{
    struct lq_engine_nexus *oldest = NULL;
    for (uint32_t i = 0; i < engine->config.limits.nexuses; i++) {
        struct lq_engine_nexus *nexus = &engine->nexuses[i];
        if (has_name(nexus, request, hash))
            return nexus;
        if (nexus->established || nexus->losing || nexus->task_count > 0 ||
            nexus->orphan_count > 0 || lq_abort_is_by(engine, nexus))
            continue;
        if (oldest == NULL || nexus->last_used < oldest->last_used)
            oldest = nexus;
    }
    return oldest;
}

/* A name that the engine has not seen since it started: POWER ON, RESET, OR BUS DEVICE RESET
 * OCCURRED on each unit; of the codes that would do, the one that initiators know best. */
static void introduce(struct lq_engine *engine, struct lq_engine_nexus *nexus,
                      const struct lq_nexus_request *request, uint64_t hash)
{
    if (nexus->known)
        lq_reservation_nexus_forgotten(engine, nexus);
    nexus->known = true;
    nexus->established_count = 0;
    nexus->cleared_by = 0; /* what a CLEAR TASK SET ended was of the slot's former name */
    nexus->hash = hash;
    nexus->target = request->target;
    nexus->target_port = request->target_port;
    nexus->transport_id_bytes = request->transport_id_bytes;
    memcpy(nexus->transport_id, request->transport_id, request->transport_id_bytes);
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        if (!lq_core_wrong(engine, LQ_WRONG_NEXUS_INHERITS_ATTENTIONS))
            nexus->attentions[i].count = 0;
        if (engine->units[i].target == nexus->target && engine->units[i].is_there &&
            !lq_core_wrong(engine, LQ_WRONG_RESTART_TELLS_NOBODY))
            lq_ua_establish(engine, nexus, &engine->units[i], (struct lq_ua){0x29, 0x00});
    }
}

static void record_nexus(struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                         enum lq_event_kind kind, uint32_t code)
{
    lq_record(engine, (struct lq_event){.kind = (uint16_t)kind,
                                        .target = nexus->target,
                                        .nexus = nexus->hash,
                                        .stamp = nexus->established_count,
                                        .code = code});
}

lq_nexus lq_engine_nexus_established(struct lq_engine *engine,
                                     const struct lq_nexus_request *request)
{
    LQ_ASSERT(request->transport_id_bytes <= LQ_TRANSPORT_ID_BYTES_MAX);
    uint64_t hash = lq_nexus_hash(request->transport_id, request->transport_id_bytes,
                                  request->target_port);
    struct lq_engine_nexus *nexus = find_slot(engine, request, hash);
    if (nexus == NULL)
        return LQ_NO_HANDLE;
    LQ_ASSERT(!nexus->established && !nexus->losing);
    if (!has_name(nexus, request, hash))
        introduce(engine, nexus, request, hash);
    nexus->generation++;
    nexus->established = true;
    engine->established++;
    if (nexus->task_count > 0)
        engine->busy_nexuses++;
    nexus->established_count++;
    nexus->last_used = engine->uses++;
    nexus->transport = request->transport;
    nexus->transport_context = request->transport_context;
    record_nexus(engine, nexus, LQ_E_NEXUS_ESTABLISHED, 0);
    return (lq_nexus){nexus->index, nexus->generation};
}

/* --- loss ------------------------------------------------------------------------------------ */

/* Aborted commands whose Data-Out windows the peer never answered: with the session the windows are
 * gone too, and nothing can fill the buffers any more. */
static void drop_open_windows(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    LQ_LIST_EACH_SAFE(link, following, &nexus->tasks)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        if (task->state != LQ_TASK_TERMINATING ||
            lq_core_wrong(engine, LQ_WRONG_TASK_LEAKED_AT_ABORT))
            continue;
        lq_abort_release(engine, task);
        lq_task_free(engine, task);
    }
}

static void tell_of_loss(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    if (lq_core_wrong(engine, LQ_WRONG_NEXUS_LOSS_TELLS_NOBODY))
        return;
    for (uint32_t i = 0; i < engine->unit_count; i++) {
        if (engine->units[i].target != nexus->target || !engine->units[i].is_there)
            continue;
        lq_ua_establish(engine, nexus, &engine->units[i], (struct lq_ua){0x29, 0x07});
        if (lq_core_wrong(engine, LQ_WRONG_NEXUS_LOSS_TOLD_ON_ONE_UNIT))
            return;
    }
}

static void finish_loss(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    nexus->losing = false;
    drop_open_windows(engine, nexus);
    lq_list_remove(&nexus->losing_link);
    engine->established--;
    if (nexus->task_count > 0)
        engine->busy_nexuses--;
    nexus->established = false;
    nexus->last_used = engine->uses++;
    lq_abort_forget_nexus(engine, nexus);
    lq_reservation_nexus_ended(engine, nexus, nexus->loss);
    lq_medium_nexus_ended(engine, nexus);
    lq_aca_clear_nexus(engine, nexus);
    tell_of_loss(engine, nexus);
    record_nexus(engine, nexus, LQ_E_NEXUS_ENDED, (uint32_t)nexus->loss);
    nexus->transport->nexus_ended(nexus->transport_context, nexus->loss_cookie);
}

void lq_nexus_loss_step(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    if (nexus->losing && nexus->loss_waiting == 0 && !lq_link_is_linked(&nexus->ended_link))
        lq_list_append(&engine->ended, &nexus->ended_link);
}

void lq_nexus_settle(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    if (nexus->losing && nexus->loss_waiting == 0)
        finish_loss(engine, nexus);
}

/* A command whose status was handed over before its connection went. */
static void lose_ended(struct lq_engine *engine, struct lq_engine_task *task)
{
    lq_record_task(engine, task, LQ_E_STATUS_LOST);
    lq_ua_put_back(engine, task);
    lq_task_free(engine, task);
}

static void lose_task(struct lq_engine *engine, struct lq_engine_nexus *nexus,
                      struct lq_engine_task *task, enum lq_trigger how)
{
    bool transport_is_gone = how != LQ_TRIGGER_LOGOUT;
    bool owed_status = task->owes_status;
    task->owes_status = false;
    if (transport_is_gone)
        task->linked_to_transport = false;
    switch (task->state) {
    case LQ_TASK_ENDED:
        if (transport_is_gone)
            lose_ended(engine, task);
        break;
    case LQ_TASK_TERMINATING:
        if (transport_is_gone || (owed_status && lq_abort_silence(task))) {
            lq_abort_release(engine, task);
            lq_task_free(engine, task);
        }
        break;
    case LQ_TASK_IN_SET:
    case LQ_TASK_HELD:
    case LQ_TASK_WAITING:
    case LQ_TASK_IN_STORE:
        if (task->aborted && lq_core_wrong(engine, LQ_WRONG_ABORT_AND_LOSS_YIELD))
            nexus->loss_waiting++; /* and nobody takes it back */
        if (lq_abort_task(engine, task, how, false, 0) && !task->loss_waits) {
            task->loss_waits = true;
            nexus->loss_waiting++;
        }
        break;
    case LQ_TASK_FREE:
    case LQ_TASK_ORPHAN:
        break;
    }
}

/* Wrong "nexus-loss-hits-others". */
static void lose_dormant_of_others(struct lq_engine *engine, const struct lq_engine_nexus *nexus,
                                   enum lq_trigger how)
{
    for (uint32_t i = 0; i < engine->config.limits.tasks; i++) {
        struct lq_engine_task *task = &engine->tasks[i];
        if (task->state == LQ_TASK_IN_SET && !task->enabled && task->nexus != nexus &&
            lq_link_is_linked(&task->set_link))
            (void)lq_abort_task(engine, task, how, false, 0);
    }
}

/* What is still in the store when the bound has come: orphans, each of them. */
static void quarantine_loss(struct lq_engine *engine, struct lq_engine_nexus *nexus)
{
    nexus->loss_deadline_ns = LQ_NEVER;
    LQ_LIST_EACH_SAFE(link, following, &nexus->tasks)
    {
        struct lq_engine_task *task = LQ_ELEMENT(link, struct lq_engine_task, nexus_link);
        if (task->loss_waits && task->state == LQ_TASK_IN_STORE)
            lq_quarantine_orphan(engine, task);
    }
}

static uint64_t bound_of(const struct lq_engine *engine, enum lq_trigger how)
{
    if (how == LQ_TRIGGER_LOGOUT && lq_core_wrong(engine, LQ_WRONG_LOGOUT_DROPS_WAIT))
        return 0;
    if (lq_core_wrong(engine, LQ_WRONG_LOGIN_WAITS_FOR_STORE))
        return LQ_DURATION_NEVER;
    return how == LQ_TRIGGER_LOGOUT ? engine->config.quarantine_after_ns
                                    : engine->config.login_quarantine_after_ns;
}

void lq_engine_nexus_lost(struct lq_engine *engine, lq_nexus handle, enum lq_trigger how,
                          uint64_t cookie)
{
    struct lq_engine_nexus *nexus = lq_nexus_of(engine, handle);
    LQ_ASSERT(nexus != NULL && nexus->established);
    record_nexus(engine, nexus, LQ_E_NEXUS_LOST, (uint32_t)how);
    nexus->loss = how;
    nexus->loss_cookie = cookie;
    if (!nexus->losing) {
        nexus->losing = true;
        nexus->loss_waiting = 0;
        lq_list_append(&engine->losing, &nexus->losing_link);
    }
    if (how != LQ_TRIGGER_LOGOUT)
        lq_abort_forget_nexus(engine, nexus);
    LQ_LIST_EACH_SAFE(link, following, &nexus->tasks)
    lose_task(engine, nexus, LQ_ELEMENT(link, struct lq_engine_task, nexus_link), how);
    if (lq_core_wrong(engine, LQ_WRONG_NEXUS_LOSS_HITS_OTHERS))
        lose_dormant_of_others(engine, nexus, how);
    nexus->loss_deadline_ns = lq_quarantine_deadline(engine, NULL, bound_of(engine, how));
    if (nexus->loss_deadline_ns <= engine->env->now_ns)
        quarantine_loss(engine, nexus);
    lq_nexus_loss_step(engine, nexus);
    lq_settle(engine);
}

uint64_t lq_nexus_deadline(const struct lq_engine *engine)
{
    uint64_t earliest = LQ_NEVER;
    LQ_LIST_EACH(link, &engine->losing)
    {
        const struct lq_engine_nexus *nexus = LQ_ELEMENT(link, struct lq_engine_nexus, losing_link);
        if (nexus->loss_deadline_ns < earliest)
            earliest = nexus->loss_deadline_ns;
    }
    return earliest;
}

void lq_nexus_expire(struct lq_engine *engine)
{
    LQ_LIST_EACH_SAFE(link, following, &engine->losing)
    {
        struct lq_engine_nexus *nexus = LQ_ELEMENT(link, struct lq_engine_nexus, losing_link);
        if (nexus->loss_deadline_ns <= engine->env->now_ns)
            quarantine_loss(engine, nexus);
    }
}
