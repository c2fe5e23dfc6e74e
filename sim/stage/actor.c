/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an initiator: it connects, logs in, works in a closed loop, leaves in one of many
 * ways, and comes back.
 *
 * Each step of its work is drawn by the step's number: mostly a command, sometimes a TM function,
 * a ping, or an end of its session.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
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
    lq_history_add(&actor->world->history, event);
}

void lq_actor_wake_in(struct lq_actor *actor, uint64_t delay_ns)
{
    uint64_t at = now_of(actor) + delay_ns;
    if (!lq_timer_is_set(&actor->wake) || actor->wake.node.time_ns > at)
        lq_queue_at(&actor->world->queue, &actor->wake, at, wake_fires);
}

/* --- names ---------------------------------------------------------------------------------- */

/* The number of this I_T nexus in records: of the canonical TransportID, initiator port format
 * [SPC-5 7.6.4.6], at the relative target port. */
static uint64_t nexus_number(const char *name, uint64_t isid, uint16_t target_port)
{
    uint8_t id[128] = {0x45, 0};
    uint32_t at = 4;
    for (; *name != '\0'; name++)
        id[at++] = (uint8_t)*name;
    for (const char *separator = ",i,0x"; *separator != '\0'; separator++)
        id[at++] = (uint8_t)*separator;
    for (int shift = 44; shift >= 0; shift -= 4)
        id[at++] = (uint8_t)"0123456789abcdef"[isid >> shift & 15];
    at = (at + 1 + 3) / 4 * 4; /* a NUL at least, then padding */
    lq_put_be16(id + 2, (uint16_t)(at - 4));
    return lq_nexus_hash(id, at, target_port);
}

/* Two actors may have one initiator name; their ISIDs tell them apart. */
static void take_name(struct lq_actor *actor)
{
    static const char prefix[] = "iqn.2026-11.org.lunquake:i";
    uint32_t owner = actor->number;
    if (owner == 2 && lq_actor_option(actor, LQ_OPT_SHARED_NAME) != 0)
        owner = 1;
    memcpy(actor->name, prefix, sizeof prefix);
    actor->name[sizeof prefix - 1] = (char)('0' + owner);
    actor->name[sizeof prefix] = '\0';
    actor->isid = UINT64_C(0x800000000000) | (uint64_t)actor->number << 16 | actor->isids;
    if (actor->world->script != NULL)
        lq_script_name(actor->world->script, actor);
    actor->nexus = nexus_number(actor->name, actor->isid, (uint16_t)(actor->port + 1));
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
    actor->port = world->plan.ways[index].port;
    actor->state = LQ_ACTOR_DOWN;
    actor->connection = NULL;
    actor->wake = actor->login_timeout = (struct lq_timer){.fire = wake_fires};
    actor->isids = actor->logins = actor->steps = actor->aborts = actor->sent_count = 0;
    actor->knows_old_session = false;
    actor->kept_tsih = 0;
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
    take_name(actor);
    if (!actor->is_scripted && is_out_of_steps(actor))
        actor->state = LQ_ACTOR_DONE;
    else if (!actor->is_scripted)
        lq_actor_wake_in(actor, index * 10 * US);
}

/* --- connect and log in --------------------------------------------------------------------- */

/* Of a run with digests (bit WHICH) most logins get one. */
static enum lq_digest_offer draw_digest(struct lq_actor *actor, uint64_t which, uint32_t site,
                                        uint64_t subject)
{
    static const uint8_t offers[] = {LQ_DIGEST_CRC32C,        LQ_DIGEST_PREFER_CRC32C,
                                     LQ_DIGEST_PREFER_CRC32C, LQ_DIGEST_CRC32C,
                                     LQ_DIGEST_PREFER_NONE,   LQ_DIGEST_NONE,
                                     LQ_DIGEST_CRC32C,        LQ_DIGEST_CRC32C};
    if ((lq_actor_option(actor, LQ_OPT_DIGESTS) & which) == 0)
        return LQ_DIGEST_NONE;
    return (enum lq_digest_offer)offers[lq_actor_choose(actor, site, subject, sizeof offers)];
}

static void make_offer(struct lq_actor *actor, struct lq_iscsi_initiator_offer *offer)
{
    static const uint32_t segments[] = {8192, 16384, 512, 4096};
    static const uint32_t bursts[] = {262144, 16384, 1024, 8192};
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    uint64_t drawn[6];
    for (uint32_t i = 0; i < 6; i++)
        drawn[i] = lq_actor_choose(actor, LQ_SITE_OFFER + i, subject, 4);
    *offer = lq_iscsi_initiator_offer_default;
    offer->max_recv_data_segment_length = segments[drawn[0]];
    offer->max_burst_length = bursts[drawn[1]];
    offer->first_burst_length = offer->max_burst_length < 65536 ? offer->max_burst_length : 65536;
    if (drawn[2] == 1)
        offer->first_burst_length = 512;
    offer->initial_r2t = drawn[3] < 2;
    offer->immediate_data = drawn[4] != 1;
    offer->max_outstanding_r2t = (uint16_t)(1 + drawn[5]);
    offer->header_digest = draw_digest(actor, 1, LQ_SITE_HEADER_DIGEST, subject);
    offer->data_digest = draw_digest(actor, 2, LQ_SITE_DATA_DIGEST, subject);
}

static bool connect(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    struct lq_connection *connection = world->network->open(world, actor);
    if (connection == NULL) {
        lq_actor_wake_in(actor, 50 * MS);
        return false;
    }
    actor->connection = connection;
    actor->state = LQ_ACTOR_CONNECTING;
    uint64_t subject = lq_actor_serial(actor, ++actor->logins);
    uint64_t new_isid = lq_actor_option(actor, LQ_OPT_NEW_ISID);
    if (actor->logins > 1 && world->phase == LQ_PHASE_SAFETY &&
        lq_actor_choose(actor, LQ_SITE_NEW_ISID, subject, 16) >= 16 - new_isid) {
        actor->isids++;
        actor->kept_tsih = 0;
        actor->knows_old_session = false;
        take_name(actor);
    }
    actor->bytes_out = 0;
    actor->stall_after = UINT64_MAX;
    if (lq_fault_fires(&world->faults, LQ_FAULT_LOGIN_STALL, subject, connection->number))
        actor->stall_after = lq_actor_choose(actor, LQ_SITE_STALL, subject, 400);
    lq_queue_at(&world->queue, &actor->login_timeout,
                now_of(actor) + world->plan.login_timeout_ns, login_timeout_fires);
    return true;
}

void lq_actor_connected(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    bool near_wrap = lq_actor_option(actor, LQ_OPT_NEAR_WRAP) != 0;
    struct lq_iscsi_initiator_login login = {
        .initiator_name = actor->name,
        .target_name = lq_plan_target_names[actor->target],
        .isid = actor->isid,
        .first_cmd_sn = near_wrap ? UINT32_MAX - 10 : 1 + (uint32_t)actor->logins,
        .first_itt = near_wrap ? UINT32_MAX - 5 : (uint32_t)actor->logins << 8,
        .skip_security_stage = lq_actor_choose(actor, LQ_SITE_OFFER + 6, subject, 4) == 1,
        .one_key_per_pdu = lq_actor_choose(actor, LQ_SITE_OFFER + 7, subject, 8) == 1};
    make_offer(actor, &login.offer);
    if (actor->is_scripted)
        lq_script_login(world->script, actor, &login);
    if (actor->kept_tsih != 0) { /* the same session on a new connection [RFC 7143 6.3.4] */
        login.tsih = actor->kept_tsih;
        login.first_cmd_sn = actor->kept_cmd_sn;
        actor->kept_tsih = 0;
    }
    const char *wrong = lq_iscsi_initiator_login(actor->endpoint, &login);
    LQ_ASSERT(wrong == NULL);
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
    lq_connection_mark(world, actor->connection);
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
    lq_iscsi_initiator_lost(actor->endpoint);
    struct lq_iscsi_initiator_event untold;
    while (lq_iscsi_initiator_next(actor->endpoint, &untold))
        continue;
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        if (actor->commands[i].place == LQ_COMMAND_QUEUED ||
            actor->commands[i].place == LQ_COMMAND_SENT)
            lq_actor_give_up(&actor->commands[i], false);
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        if (actor->tms[i].in_use)
            lq_actor_tm_forget(&actor->tms[i]);
    lq_actor_unpin(actor);
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
    actor->world->network->reset(connection);
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
    actor->world->network->close(connection);
}

/* The program is gone, the host still answers for its socket: the target hears nothing. */
static void desert(struct lq_actor *actor)
{
    struct lq_connection *connection = actor->connection;
    if (has_session(actor))
        actor->knows_old_session = true;
    lq_actor_session_over(actor, true);
    actor->world->network->abandon(connection);
}

/* Nothing is under way any more: the session goes on over a new connection, which replaces the old
 * one. */
static void move_session(struct lq_actor *actor)
{
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(actor->endpoint);
    if (state.requests != 0 || state.cmd_sn != state.exp_cmd_sn)
        return; /* later: each answer wakes */
    desert(actor);
    actor->kept_tsih = state.tsih;
    actor->kept_cmd_sn = state.cmd_sn;
}

static void vanish(struct lq_actor *actor)
{
    actor->world->network->cut(actor->connection);
    desert(actor);
}

static void log_out(struct lq_actor *actor, uint64_t serial)
{
    if (!lq_iscsi_initiator_logout(actor->endpoint, serial, 0, 0, false)) {
        lq_actor_drop(actor);
        return;
    }
    actor->logout_serial = serial;
    actor->state = LQ_ACTOR_LOGOUT;
    lq_queue_at(&actor->world->queue, &actor->login_timeout,
                now_of(actor) + actor->world->plan.tm_timeout_ns, login_timeout_fires);
    lq_connection_mark(actor->world, actor->connection);
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
        actor->moves = lq_actor_choose(actor, LQ_SITE_SAME_SESSION, serial, 2) == 1;
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
    if (talk >= 2 && lq_iscsi_initiator_ping(actor->endpoint, serial, (const uint8_t *)"lunquake",
                                             8, talk == 3))
        return true;
    if (talk == 1 && lq_iscsi_initiator_send_targets(actor->endpoint, serial, ""))
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
        lq_connection_mark(actor->world, actor->connection);
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
            lq_iscsi_initiator_release_data(actor->endpoint, command->serial);
    }
    if (actor->state == LQ_ACTOR_STALLED) {
        desert(actor);
    } else if (actor->connection != NULL) {
        actor->stall_after = UINT64_MAX;
        lq_connection_mark(world, actor->connection);
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

/* --- bytes ---------------------------------------------------------------------------------- */

static bool take_in(struct lq_actor *actor)
{
    const struct lq_network_ops *network = actor->world->network;
    struct lq_slice slice = network->peek(actor->connection);
    if (slice.size_bytes == 0)
        return false;
    uint32_t taken = lq_iscsi_initiator_feed(actor->endpoint, slice.bytes, slice.size_bytes);
    network->take(actor->connection, taken);
    return taken > 0;
}

/* Sends what stands to be sent; what is encoded is recorded before its first byte goes. */
static bool send_out(struct lq_actor *actor, bool *is_open)
{
    enum { SLICES = 16 };
    struct lq_slice slices[SLICES];
    uint32_t count = lq_iscsi_initiator_emit(actor->endpoint, slices, SLICES);
    *is_open = lq_actor_events(actor);
    if (!*is_open)
        return false;
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t left = actor->stall_after - actor->bytes_out;
        uint32_t size = slices[i].size_bytes < left ? slices[i].size_bytes : (uint32_t)left;
        uint32_t written = size == 0 ? 0 : actor->world->network->write(actor->connection,
                                                                        slices[i].bytes, size);
        total += written;
        actor->bytes_out += written;
        if (written < slices[i].size_bytes)
            break;
    }
    if (total > 0)
        lq_iscsi_initiator_sent(actor->endpoint, total);
    if (actor->bytes_out == actor->stall_after)
        actor->state = LQ_ACTOR_STALLED;
    return total > 0;
}

void lq_actor_turn(struct lq_actor *actor)
{
    bool moved = true, is_open = true;
    while (moved && actor->state != LQ_ACTOR_STALLED) {
        moved = take_in(actor);
        is_open = lq_actor_events(actor);
        if (!is_open)
            return;
        moved |= send_out(actor, &is_open);
        if (!is_open)
            return;
    }
}
