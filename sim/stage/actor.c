/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an initiator: it connects, logs in, works in a closed loop, leaves in one of many
 * ways, and comes back.
 *
 * Each step of its work is drawn by the step's number: mostly a command, sometimes a TM function,
 * a ping, or an end of its session.
 */
#include "core/base/assert.h"
#include "sim/stage/state.h"

static const uint64_t US = 1000, MS = 1000000;

static void wake_fires(struct lq_timer *timer);
static void login_timeout_fires(struct lq_timer *timer);

static uint64_t now_of(const struct lq_actor *actor)
{
    return actor->world->env.now_ns;
}

void lq_actor_record(struct lq_actor *actor, struct lq_event event)
{
    event.time_ns = now_of(actor);
    event.actor = (uint16_t)actor->number;
    event.target = actor->target;
    event.connection = actor->connection == NULL ? 0 : actor->connection->number;
    event.nexus = actor->discovers ? 0 : actor->nexus;
    lq_history_add(&actor->world->history, &event);
}

void lq_actor_wake_in(struct lq_actor *actor, uint64_t delay_ns)
{
    uint64_t at = now_of(actor) + delay_ns;
    if (!lq_timer_is_set(&actor->wake) || actor->wake.node.time_ns > at)
        lq_queue_at(&actor->world->queue, &actor->wake, at, wake_fires);
}

/* All steps of ACTOR that a swarm keeps have been. */
static bool is_out_of_steps(const struct lq_actor *actor)
{
    const struct lq_scn_swarm *swarm = actor->world->swarm;
    return swarm != NULL && lq_swarm_step(swarm, actor->number, actor->steps + 1) == 0;
}

void lq_actor_begin(struct lq_actor *actor, struct lq_world *world, uint32_t index)
{
    actor->world = world;
    actor->number = index + 1;
    actor->target = world->plan.ways[index].target;
    actor->port_index = world->plan.ways[index].port;
    actor->state = LQ_ACTOR_DOWN;
    actor->connection = NULL;
    actor->wake = actor->login_timeout = (struct lq_timer){.fire = wake_fires};
    actor->names = actor->logins = actor->steps = actor->aborts = actor->sent_count = 0;
    actor->unanswered = 0;
    actor->known.is_known = false;
    actor->knows_old_session = false;
    actor->moves = actor->discovers = false;
    actor->outstanding = 0;
    actor->remaining = 0;
    actor->ended = 0;
    actor->old_tag = actor->old_cmd_sn = 0;
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        struct lq_actor_command *command = &actor->commands[i];
        command->actor = actor;
        command->place = LQ_COMMAND_FREE;
        command->timeout = command->late_data = (struct lq_timer){.fire = wake_fires};
    }
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        actor->tms[i] = (struct lq_actor_tm){.actor = actor, .timeout = {.fire = wake_fires}};
    actor->is_scripted = world->script != NULL && !lq_script_works(world->script, index + 1);
    actor->port->take_name(actor);
    if (!actor->is_scripted && is_out_of_steps(actor))
        actor->state = LQ_ACTOR_DONE;
    else if (!actor->is_scripted)
        lq_actor_wake_in(actor, index * 10 * US);
}

/* --- connect and log in --------------------------------------------------------------------- */

static bool connect(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    if (!actor->port->open(actor)) {
        lq_actor_wake_in(actor, 50 * MS);
        return false;
    }
    actor->state = LQ_ACTOR_CONNECTING;
    uint64_t subject = lq_actor_serial(actor, ++actor->logins);
    uint64_t new_isid = lq_actor_option(actor, LQ_OPT_NEW_ISID);
    if (actor->logins > 1 && world->phase == LQ_PHASE_SAFETY &&
        lq_actor_choose(actor, LQ_SITE_NEW_ISID, subject, 16) >= 16 - new_isid) {
        actor->names++;
        actor->knows_old_session = false;
        actor->port->take_name(actor);
    }
    actor->bytes_out = 0;
    actor->stall_after = UINT64_MAX;
    if (lq_fault_fires(&world->faults, LQ_FAULT_LOGIN_STALL, subject, actor->connection->number))
        actor->stall_after = lq_actor_choose(actor, LQ_SITE_STALL, subject, 400);
    lq_queue_at(&world->queue, &actor->login_timeout,
                now_of(actor) + world->plan.login_timeout_ns, login_timeout_fires);
    return true;
}

void lq_actor_connected(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    actor->port->log_in(actor);
    actor->state = LQ_ACTOR_LOGIN;
    lq_actor_record(actor, (struct lq_event){
                               .kind = LQ_I_LOGIN,
                               .value = actor->isid,
                               .flags = actor->knows_old_session ? LQ_F_REINSTATES : 0});
    if (lq_fault_fires(&world->faults, LQ_FAULT_LOGIN_RACE, subject, actor->connection->number))
        lq_queue_at(&world->queue, &actor->login_timeout,
                    now_of(actor) + lq_actor_choose(actor, LQ_SITE_RACE, subject,
                                                    4 * world->plan.tcp.latency_max_ns),
                    login_timeout_fires);
    actor->port->mark(actor);
}

/* --- the end of a session ------------------------------------------------------------------- */

/* This end of the connection is not ours any more. */
static void let_go(struct lq_actor *actor)
{
    if (actor->connection != NULL)
        actor->connection->actor = NULL;
    actor->connection = NULL;
}

static bool has_session(const struct lq_actor *actor)
{
    return (actor->state == LQ_ACTOR_UP || actor->state == LQ_ACTOR_LOGOUT) && !actor->discovers;
}

static void come_back(struct lq_actor *actor)
{
    actor->discovers = false;
    if (actor->is_scripted) {
        lq_queue_cancel(&actor->world->queue, &actor->login_timeout);
        actor->state = LQ_ACTOR_DOWN;
        lq_actor_wake_in(actor, 0);
        return;
    }
    actor->moves = false;
    bool is_over = actor->world->phase >= LQ_PHASE_LIVENESS &&
                   (actor->remaining == 0 || is_out_of_steps(actor));
    lq_queue_cancel(&actor->world->queue, &actor->login_timeout);
    lq_queue_cancel(&actor->world->queue, &actor->wake);
    actor->state = is_over ? LQ_ACTOR_DONE : LQ_ACTOR_DOWN;
    if (is_over)
        return;
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    uint64_t longest = lq_actor_choose(actor, LQ_SITE_LOGIN_DELAY, subject, 4) == 3 ? 500 : 5;
    lq_actor_wake_in(actor, lq_actor_choose(actor, LQ_SITE_LOGIN_DELAY, subject, longest * MS));
}

void lq_actor_session_over(struct lq_actor *actor, bool by_itself)
{
    if (actor->state != LQ_ACTOR_CONNECTING)
        lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOST, .code = by_itself});
    actor->port->lost(actor);
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        if (actor->commands[i].place == LQ_COMMAND_QUEUED ||
            actor->commands[i].place == LQ_COMMAND_SENT)
            lq_actor_give_up(&actor->commands[i], false);
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        if (actor->tms[i].in_use)
            lq_actor_tm_forget(&actor->tms[i]);
    lq_actor_unpin(actor);
    actor->unanswered = 0;
    let_go(actor);
    come_back(actor);
}

void lq_actor_connection_lost(struct lq_actor *actor)
{
    if (has_session(actor))
        actor->knows_old_session = false; /* the target's end is gone, too, or hears of it */
    lq_actor_session_over(actor, false);
}

static void reset(struct lq_actor *actor, bool by_itself)
{
    struct lq_connection *connection = actor->connection;
    if (has_session(actor))
        actor->knows_old_session = false;
    lq_actor_session_over(actor, by_itself);
    actor->port->reset(actor, connection);
}

void lq_actor_drop(struct lq_actor *actor)
{
    reset(actor, true);
}

void lq_actor_recover(struct lq_actor *actor)
{
    reset(actor, false);
}

void lq_actor_close(struct lq_actor *actor)
{
    struct lq_connection *connection = actor->connection;
    lq_actor_session_over(actor, true);
    actor->port->close(actor, connection);
}

/* The program is gone, the host still answers for its socket: the target hears nothing. */
static void desert(struct lq_actor *actor)
{
    struct lq_connection *connection = actor->connection;
    if (has_session(actor))
        actor->knows_old_session = true;
    lq_actor_session_over(actor, true);
    actor->port->abandon(actor, connection);
}

/* Nothing is under way any more: the session goes on over a new connection, which replaces the old
 * one. Else later: each answer wakes. */
static void move_session(struct lq_actor *actor)
{
    if (actor->port->keep_session(actor))
        desert(actor);
}

static void vanish(struct lq_actor *actor)
{
    actor->port->cut(actor);
    desert(actor);
}

static void log_out(struct lq_actor *actor, uint64_t serial)
{
    if (!actor->port->log_out(actor, serial)) {
        lq_actor_drop(actor);
        return;
    }
    actor->logout_serial = serial;
    actor->state = LQ_ACTOR_LOGOUT;
    lq_queue_at(&actor->world->queue, &actor->login_timeout,
                now_of(actor) + actor->world->plan.tm_timeout_ns, login_timeout_fires);
    actor->port->mark(actor);
}

void lq_actor_leave(struct lq_actor *actor)
{
    log_out(actor, lq_actor_serial(actor, ++actor->steps));
}

static void login_timeout_fires(struct lq_timer *timer)
{
    struct lq_actor *actor = LQ_ELEMENT(timer, struct lq_actor, login_timeout);
    if (actor->connection == NULL)
        return;
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    bool stays_open = actor->state == LQ_ACTOR_LOGIN &&
                      lq_actor_choose(actor, LQ_SITE_RACE, subject, 3) != 0;
    if (stays_open || actor->state == LQ_ACTOR_STALLED)
        desert(actor);
    else
        lq_actor_drop(actor);
}

/* --- work ----------------------------------------------------------------------------------- */

/* One of the ways to leave a session in the middle of its work; false: none of them now. */
static bool leaves(struct lq_actor *actor, uint64_t serial)
{
    struct lq_faults *faults = &actor->world->faults;
    uint32_t connection = actor->connection->number;
    if (lq_fault_fires(faults, LQ_FAULT_INITIATOR_VANISH, serial, connection)) {
        vanish(actor);
        return true;
    }
    if (lq_fault_fires(faults, LQ_FAULT_INITIATOR_RELOGIN, serial, connection)) {
        actor->moves = actor->port->keep_session != NULL &&
                       lq_actor_choose(actor, LQ_SITE_SAME_SESSION, serial, 2) == 1;
        if (!actor->moves)
            desert(actor);
        return true;
    }
    if (lq_fault_fires(faults, LQ_FAULT_INITIATOR_LOGOUT, serial, connection)) {
        log_out(actor, serial);
        return true;
    }
    return false;
}

static bool has_work(const struct lq_actor *actor)
{
    return (actor->world->phase == LQ_PHASE_SAFETY || actor->remaining > 0) &&
           !is_out_of_steps(actor);
}

bool lq_actor_is_idle(const struct lq_actor *actor)
{
    return actor->state == LQ_ACTOR_DONE ||
           (actor->state == LQ_ACTOR_UP && !has_work(actor) && actor->outstanding == 0);
}

/* One step; false when there was nothing to do, or no room to do it. */
static bool step(struct lq_actor *actor)
{
    actor->steps++;
    if (actor->world->swarm != NULL) /* steps that are left out pass in no time */
        actor->steps = lq_swarm_step(actor->world->swarm, actor->number, actor->steps);
    uint64_t serial = lq_actor_serial(actor, actor->steps);
    bool is_safety = actor->world->phase == LQ_PHASE_SAFETY;
    if (is_safety && leaves(actor, serial))
        return false;
    uint64_t drawn = lq_actor_choose(actor, LQ_SITE_WHAT, serial, 64);
    if (is_safety && drawn >= 64 - lq_actor_option(actor, LQ_OPT_TM) &&
        lq_actor_begin_tm(actor, serial))
        return true;
    uint64_t talk = drawn == 1 ? lq_actor_choose(actor, LQ_SITE_PING, serial, 4) : 0;
    if (talk >= 2 && actor->port->ping(actor, serial, talk == 3))
        return true;
    if (talk == 1 && actor->port->ask_targets != NULL &&
        actor->port->ask_targets(actor, serial, ""))
        return true;
    if (!lq_actor_begin_command(actor, serial))
        return false;
    if (actor->remaining > 0)
        actor->remaining--;
    return true;
}

static void work(struct lq_actor *actor)
{
    uint64_t depth = lq_actor_option(actor, LQ_OPT_DEPTH);
    bool thinks = lq_actor_option(actor, LQ_OPT_THINK) != 0;
    while (!actor->moves && has_work(actor) && actor->outstanding < depth) {
        if (!step(actor))
            break;
        if (thinks) { /* one at a time */
            uint64_t subject = lq_actor_serial(actor, actor->steps);
            uint64_t delay = lq_actor_choose(actor, LQ_SITE_THINK, subject,
                                             lq_actor_option(actor, LQ_OPT_THINK) + 1);
            lq_actor_wake_in(actor, 1 + delay);
            break;
        }
    }
    if (actor->moves)
        move_session(actor);
    if (actor->state != LQ_ACTOR_UP)
        return;
    bool may_leave = !actor->world->shutdown_planned && actor->world->phase != LQ_PHASE_SAFETY;
    if (!has_work(actor) && actor->outstanding == 0 && may_leave)
        lq_actor_leave(actor);
    else
        actor->port->mark(actor);
}

static void wake_fires(struct lq_timer *timer)
{
    struct lq_actor *actor = LQ_ELEMENT(timer, struct lq_actor, wake);
    if (actor->is_scripted)
        lq_script_wake(actor->world->script, actor);
    else if (actor->state == LQ_ACTOR_DOWN)
        (void)connect(actor);
    else if (actor->state == LQ_ACTOR_UP)
        work(actor);
}

void lq_actor_heal(struct lq_actor *actor, uint32_t remaining)
{
    struct lq_world *world = actor->world;
    actor->remaining = remaining;
    actor->moves = false;
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        struct lq_actor_command *command = &actor->commands[i];
        if (command->place == LQ_COMMAND_FREE || !command->holds_data)
            continue;
        command->holds_data = false;
        lq_queue_cancel(&world->queue, &command->late_data);
        if (actor->connection != NULL)
            actor->port->release_data(actor, command->serial);
    }
    if (actor->state == LQ_ACTOR_STALLED) {
        desert(actor);
    } else if (actor->connection != NULL) {
        actor->stall_after = UINT64_MAX;
        actor->port->mark(actor);
    }
    if (actor->state == LQ_ACTOR_UP)
        lq_actor_wake_in(actor, 0);
}

/* --- for scenarios -------------------------------------------------------------------------- */

bool lq_actor_connect(struct lq_actor *actor)
{
    return connect(actor);
}

void lq_actor_desert(struct lq_actor *actor)
{
    desert(actor);
}

void lq_actor_vanish(struct lq_actor *actor)
{
    vanish(actor);
}

void lq_actor_log_out(struct lq_actor *actor, uint64_t serial)
{
    log_out(actor, serial);
}

void lq_actor_turn(struct lq_actor *actor)
{
    actor->port->turn(actor);
}
