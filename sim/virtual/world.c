/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: build everything from the plan, then fire one timer after another; after each, bytes
 * move between the shard, the pipes and the initiators until nothing moves at this instant.
 */
#include "sim/virtual/world.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/admin.h"
#include "sim/stage/memory.h"
#include "sim/stage/print.h"
#include "sim/virtual/virtual.h"

enum { SAME_INSTANT_MAX = 10000 };

static void accepted(void *context, struct lq_tcp *tcp);
static void connected(void *context, struct lq_tcp *tcp);
static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side);
static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how);

static const struct lq_tcp_events tcp_events = {accepted, connected, arrived, lost};

/* --- the network as initiators use it ------------------------------------------------------- */

static struct lq_tcp *tcp_of(struct lq_connection *end)
{
    return LQ_ELEMENT(end, struct virtual_connection, end)->tcp;
}

static struct lq_connection *net_open(struct lq_world *world, struct lq_actor *actor)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    struct lq_tcp *tcp = lq_tcp_open(&virtual->net, &world->plan.ways[actor->number - 1].tcp,
                                     world->connection_numbers + 1, NULL);
    if (tcp == NULL)
        return NULL;
    struct virtual_connection *connection = &virtual->connections[tcp - virtual->net.connections];
    tcp->user = connection;
    lq_list_remove(&connection->dirty);
    connection->tcp = tcp;
    connection->end = (struct lq_connection){actor, ++world->connection_numbers};
    connection->portal = actor->port;
    connection->handle = LQ_NO_HANDLE;
    connection->is_at_target = connection->has_room = false;
    memset(connection->damage, 0, sizeof connection->damage);
    return &connection->end;
}

/* SIDE writes, and what it writes may suffer. */
static uint32_t write(struct virtual_world *virtual, struct virtual_connection *connection,
                      enum lq_tcp_side side, const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_iscsi_digests digests = {false, false};
    if (connection->is_at_target)
        digests = lq_iscsi_digests(lq_shard_iscsi(virtual->shard), connection->handle);
    uint32_t written = lq_tcp_write(connection->tcp, side, bytes, size_bytes);
    lq_damage_written(&connection->damage[side], connection->tcp, side, bytes, written, digests);
    return written;
}

static uint32_t net_write(struct lq_connection *end, const uint8_t *bytes, uint32_t size_bytes)
{
    return write(lq_virtual_of(end->actor->world), LQ_ELEMENT(end, struct virtual_connection, end),
                 LQ_TCP_INITIATOR, bytes, size_bytes);
}

static struct lq_slice net_peek(struct lq_connection *end)
{
    return lq_tcp_peek(tcp_of(end), LQ_TCP_INITIATOR);
}

static void net_take(struct lq_connection *end, uint32_t size_bytes)
{
    lq_tcp_take(tcp_of(end), LQ_TCP_INITIATOR, size_bytes);
}

static void net_close(struct lq_connection *end)
{
    lq_tcp_close(tcp_of(end), LQ_TCP_INITIATOR);
}

static void net_reset(struct lq_connection *end)
{
    lq_tcp_reset(tcp_of(end), LQ_TCP_INITIATOR);
}

static void net_abandon(struct lq_connection *end)
{
    lq_tcp_abandon(tcp_of(end), LQ_TCP_INITIATOR);
}

static void net_cut(struct lq_connection *end)
{
    lq_tcp_cut(tcp_of(end));
}

static void mark(struct virtual_world *virtual, struct virtual_connection *connection)
{
    if (!lq_link_is_linked(&connection->dirty))
        lq_list_append(&virtual->dirty, &connection->dirty);
}

static void net_mark(struct lq_world *world, struct lq_connection *end)
{
    mark(lq_virtual_of(world), LQ_ELEMENT(end, struct virtual_connection, end));
}

static void net_heal(struct lq_world *world)
{
    lq_power_heal(lq_virtual_of(world));
    lq_net_heal(&lq_virtual_of(world)->net);
}

static const struct lq_network_ops network_ops = {.open = net_open,
                                                  .write = net_write,
                                                  .peek = net_peek,
                                                  .take = net_take,
                                                  .close = net_close,
                                                  .reset = net_reset,
                                                  .abandon = net_abandon,
                                                  .cut = net_cut,
                                                  .mark = net_mark,
                                                  .heal = net_heal};

/* --- life of the world ---------------------------------------------------------------------- */

struct lq_world *lq_world_make(struct lq_allocator allocator)
{
    struct virtual_world *virtual = lq_resize(&allocator, NULL, 0, sizeof *virtual);
    memset(virtual, 0, sizeof *virtual);
    lq_world_init(&virtual->world, allocator, &network_ops);
    lq_net_init(&virtual->net, &virtual->world.allocator, LQ_PLAN_CONNECTIONS_MAX);
    return &virtual->world;
}

void lq_world_free(struct lq_world *world)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    struct lq_allocator allocator = world->allocator;
    lq_net_fini(&virtual->net);
    lq_world_fini(world);
    lq_region_free(&allocator, &virtual->endpoints);
    lq_region_free(&allocator, &virtual->target);
    (void)lq_resize(&allocator, virtual, sizeof *virtual, 0);
}

/* --- build ---------------------------------------------------------------------------------- */

static void carve_endpoints(struct virtual_world *virtual, struct lq_arena *arena)
{
    lq_world_carve_endpoints(&virtual->world, arena);
}

static void carve_target(struct virtual_world *virtual, struct lq_arena *arena)
{
    struct lq_shard_config config = virtual->world.plan.shard;
    config.engine.incarnation = virtual->incarnation;
    struct lq_shard *shard = lq_shard_make(arena, &config, &virtual->world.env);
    if (!lq_arena_is_measuring(arena))
        virtual->shard = shard;
}

static void disk_done(void *context, struct lq_disk *disk, lq_handle handle,
                      enum lq_block_status status)
{
    (void)disk;
    struct virtual_world *virtual = context;
    struct lq_input input = {.kind = LQ_INPUT_STORE_DONE,
                             .now_ns = virtual->world.env.now_ns,
                             .request = handle,
                             .code = (uint32_t)status};
    (void)lq_shard_input(virtual->shard, &input);
}

static void add_stores_and_units(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    const struct lq_plan *plan = &world->plan;
    struct lq_engine *engine = lq_shard_engine(virtual->shard);
    for (uint32_t i = 0; i < plan->options[LQ_OPT_STORES]; i++) {
        bool added = lq_engine_store_add(engine, &world->disks[i].store);
        LQ_ASSERT(added);
    }
    const char *wrong = lq_plan_add_units(plan, virtual->shard, world->env.now_ns);
    LQ_ASSERT(wrong == NULL);
}

static const char *administer(struct lq_world *world, const struct lq_admin *admin)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    if (virtual->shard == NULL)
        return NULL; /* it will have it so when it restarts */
    struct lq_input input = {.kind = LQ_INPUT_ADMIN, .now_ns = world->env.now_ns, .admin = admin};
    return lq_shard_input(virtual->shard, &input).refused;
}

void lq_virtual_make_target(struct virtual_world *virtual)
{
    lq_region_make(virtual, &virtual->target, carve_target);
    add_stores_and_units(virtual);
}

void lq_virtual_build(struct virtual_world *virtual, const struct lq_run_request *request)
{
    struct lq_world *world = &virtual->world;
    lq_world_prepare(world, request);
    lq_net_reset(&virtual->net, &world->queue, &world->faults, &tcp_events, virtual);
    lq_list_init(&virtual->dirty);
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        virtual->connections[i] = (struct virtual_connection){.handle = LQ_NO_HANDLE};
        lq_list_init(&virtual->connections[i].dirty);
        virtual->by_handle[i] = NULL;
    }
    virtual->deadline = (struct lq_timer){.fire = NULL};
    virtual->deadline_ns = LQ_NEVER;
    virtual->shutdown_begun = false;
    LQ_ASSERT(world->plan.shard.engine.limits.connections <= LQ_PLAN_CONNECTIONS_MAX);
    lq_power_init(virtual);
    world->strike = lq_power_strike;
    world->administer = administer;
    lq_region_make(virtual, &virtual->endpoints, carve_endpoints);
    lq_world_reset_disks(world, disk_done, virtual);
    lq_virtual_make_target(virtual);
    lq_world_announce_units(world);
    lq_world_begin(world);
}

/* --- connections ---------------------------------------------------------------------------- */

static struct lq_input_result shard_input(struct virtual_connection *connection,
                                          struct virtual_world *virtual, enum lq_input_kind kind,
                                          struct lq_input input)
{
    input.kind = kind;
    input.now_ns = virtual->world.env.now_ns;
    input.connection = connection->handle;
    return lq_shard_input(virtual->shard, &input);
}

static void accepted(void *context, struct lq_tcp *tcp)
{
    struct virtual_world *virtual = context;
    struct virtual_connection *connection = tcp->user;
    uint32_t actor = connection->end.actor == NULL ? 0 : connection->end.actor->number;
    if (virtual->shard == NULL) { /* the host lives, nobody listens */
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
        return;
    }
    struct lq_input_result result =
        shard_input(connection, virtual, LQ_INPUT_ACCEPT,
                    (struct lq_input){.number = connection->end.number,
                                      .actor = actor,
                                      .portal = connection->portal,
                                      .text = lq_plan_addresses[connection->portal]});
    if (lq_handle_is_none(result.connection)) {
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
        return;
    }
    connection->handle = result.connection;
    connection->is_at_target = true;
    virtual->by_handle[connection->handle.index] = connection;
}

static void connected(void *context, struct lq_tcp *tcp)
{
    (void)context;
    struct virtual_connection *connection = tcp->user;
    if (connection->end.actor != NULL)
        lq_actor_connected(connection->end.actor);
}

static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side)
{
    (void)side;
    mark(context, tcp->user);
}

static void tell_target_lost(struct virtual_world *virtual, struct virtual_connection *connection,
                             enum lq_close how)
{
    if (!connection->is_at_target)
        return;
    connection->is_at_target = false;
    virtual->by_handle[connection->handle.index] = NULL;
    (void)shard_input(connection, virtual, LQ_INPUT_LOST, (struct lq_input){.code = (uint32_t)how});
}

static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    struct virtual_connection *connection = tcp->user;
    if (side == LQ_TCP_TARGET)
        tell_target_lost(context, connection, how);
    else if (connection->end.actor != NULL)
        lq_actor_connection_lost(connection->end.actor);
}

/* --- moving bytes --------------------------------------------------------------------------- */

/* True when the target took some. */
static bool feed_target(struct virtual_world *virtual, struct virtual_connection *connection)
{
    bool took = false;
    while (connection->is_at_target) {
        struct lq_slice slice = lq_tcp_peek(connection->tcp, LQ_TCP_TARGET);
        if (slice.size_bytes == 0)
            break;
        struct lq_input_result result =
            shard_input(connection, virtual, LQ_INPUT_BYTES,
                        (struct lq_input){.bytes = slice.bytes, .size_bytes = slice.size_bytes});
        lq_tcp_take(connection->tcp, LQ_TCP_TARGET, result.taken_bytes);
        if (result.taken_bytes == 0)
            break;
        took = true;
    }
    return took;
}

static void close_target(struct virtual_world *virtual, struct virtual_connection *connection,
                         enum lq_emit_end end)
{
    struct lq_tcp *tcp = connection->tcp;
    tell_target_lost(virtual, connection, LQ_CLOSE_BY_TARGET);
    if (end == LQ_EMIT_CLOSE_FLUSH)
        lq_tcp_close(tcp, LQ_TCP_TARGET);
    else
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
}

/* Sends what the target has for CONNECTION, as far as there is room: when there is more, or it is
 * to be closed, the shard says so again (lq_shard_next_ready). */
static void pump_target(struct virtual_world *virtual, struct virtual_connection *connection)
{
    enum { SLICES = 32 };
    struct lq_slice slices[SLICES];
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(virtual->shard, connection->handle, slices, SLICES, &end);
    if (end == LQ_EMIT_CLOSE_RESET || (count == 0 && end == LQ_EMIT_CLOSE_FLUSH)) {
        close_target(virtual, connection, end);
        return;
    }
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t written = write(virtual, connection, LQ_TCP_TARGET, slices[i].bytes,
                                 slices[i].size_bytes);
        total += written;
        if (written < slices[i].size_bytes)
            break;
    }
    if (total == 0)
        return;
    (void)shard_input(connection, virtual, LQ_INPUT_SENT,
                      (struct lq_input){.size_bytes = total});
    if (lq_tcp_peek(connection->tcp, LQ_TCP_TARGET).size_bytes > 0)
        mark(virtual, connection); /* what it held back may be taken now */
}

static void serve(struct virtual_world *virtual, struct virtual_connection *connection)
{
    bool took = feed_target(virtual, connection);
    if (connection->is_at_target && (took || connection->has_room))
        pump_target(virtual, connection);
    connection->has_room = false;
    if (connection->end.actor != NULL && connection->tcp->number != 0 &&
        connection->end.actor->state >= LQ_ACTOR_LOGIN)
        lq_actor_turn(connection->end.actor);
    struct lq_tcp *tcp = connection->tcp;
    if (tcp->number == 0)
        return;
    connection->has_room = lq_tcp_wants_room(tcp, LQ_TCP_TARGET);
    if (connection->has_room || lq_tcp_wants_room(tcp, LQ_TCP_INITIATOR))
        mark(virtual, connection);
}

static void deadline_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, deadline);
    virtual->deadline_ns = LQ_NEVER;
    struct lq_input input = {.kind = LQ_INPUT_EXPIRE, .now_ns = virtual->world.env.now_ns};
    (void)lq_shard_input(virtual->shard, &input);
}

void lq_virtual_settle(struct virtual_world *virtual)
{
    for (;;) {
        lq_handle ready;
        while (virtual->shard != NULL &&
               !lq_handle_is_none(ready = lq_shard_next_ready(virtual->shard))) {
            struct virtual_connection *connection = virtual->by_handle[ready.index];
            LQ_ASSERT(connection != NULL);
            pump_target(virtual, connection);
        }
        struct lq_link *link = lq_list_take(&virtual->dirty);
        if (link == NULL)
            break;
        serve(virtual, LQ_ELEMENT(link, struct virtual_connection, dirty));
    }
    uint64_t deadline = virtual->shard == NULL ? LQ_NEVER : lq_shard_deadline(virtual->shard);
    if (deadline == virtual->deadline_ns)
        return;
    virtual->deadline_ns = deadline;
    if (deadline < virtual->world.env.now_ns)
        deadline = virtual->world.env.now_ns;
    lq_queue_at(&virtual->world.queue, &virtual->deadline, deadline, deadline_fires);
}

/* --- phases --------------------------------------------------------------------------------- */

static uint32_t nexuses_ended(const struct virtual_world *virtual)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < virtual->world.actor_count; i++)
        count += virtual->world.actors[i].ended > 0;
    return count;
}

/* When everybody is idle the target stops in order, where that is planned. */
static void consider_shutdown(struct virtual_world *virtual)
{
    if (!virtual->world.shutdown_planned || virtual->shutdown_begun || virtual->shard == NULL)
        return;
    for (uint32_t i = 0; i < virtual->world.actor_count; i++)
        if (!lq_actor_is_idle(&virtual->world.actors[i]))
            return;
    virtual->shutdown_begun = true;
    struct lq_input input = {.kind = LQ_INPUT_SHUTDOWN, .now_ns = virtual->world.env.now_ns};
    (void)lq_shard_input(virtual->shard, &input);
    lq_virtual_settle(virtual);
}

enum lq_run_end lq_virtual_run_until(struct virtual_world *virtual, uint64_t limit_ns,
                                     bool (*is_over)(const struct virtual_world *virtual))
{
    const struct lq_run_request *request = &virtual->world.request;
    uint64_t instant = 0, fired_then = 0;
    while (!is_over(virtual)) {
        uint64_t next = lq_queue_next(&virtual->world.queue);
        if (next == LQ_NEVER)
            return LQ_RUN_DEADLOCK;
        if (next > limit_ns)
            return LQ_RUN_LATE;
        if (next > instant) {
            instant = next;
            fired_then = virtual->world.queue.fired;
        }
        /* Time that stands still is an error of the program: somebody wakes for nothing. */
        LQ_ASSERT(virtual->world.queue.fired - fired_then < SAME_INSTANT_MAX);
        (void)lq_queue_step(&virtual->world.queue);
        lq_virtual_settle(virtual);
        lq_power_consider(virtual);
        consider_shutdown(virtual);
        if (request->should_stop != NULL && request->should_stop(request->stop_context))
            return LQ_RUN_STOPPED;
    }
    return LQ_RUN_COMPLETE;
}

static bool safety_is_over(const struct virtual_world *virtual)
{
    const struct lq_world *world = &virtual->world;
    if (world->commands_ended >= world->plan.commands && nexuses_ended(virtual) >= 2)
        return true;
    if (world->swarm == NULL || world->swarm->step_count == 0)
        return false;
    for (uint32_t i = 0; i < world->actor_count; i++) /* all steps that are kept have been */
        if (!lq_actor_is_idle(&world->actors[i]))
            return false;
    return true;
}

static bool script_is_over(const struct virtual_world *virtual)
{
    return lq_script_is_over(virtual->world.script);
}

/* What is outstanding, first of all what initiators wait for; NULL: nothing. */
static const char *outstanding(const struct virtual_world *virtual)
{
    const char *awaited = lq_world_awaited(&virtual->world);
    if (awaited != NULL)
        return awaited;
    if (virtual->shard == NULL)
        return "the target's start";
    struct lq_engine_counts engine = lq_engine_counts(lq_shard_engine(virtual->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(virtual->shard));
    if (virtual->net.in_use != 0)
        return "a connection";
    if (engine.orphans != 0 || engine.held != 0)
        return "an orphan or a held command";
    if (engine.tasks_free != engine.tasks)
        return "a task slot";
    if (engine.aborts_free != engine.aborts)
        return "a task management slot";
    if (iscsi.connections_free != iscsi.connections || iscsi.sessions_free != iscsi.sessions)
        return "a session";
    if (iscsi.commands_free != iscsi.commands)
        return "a transport command";
    return NULL;
}

static bool all_is_over(const struct virtual_world *virtual)
{
    if (virtual->net.in_use != 0)
        return false; /* the usual reason, cheap to see */
    return outstanding(virtual) == NULL;
}

void lq_world_run(struct lq_world *world, const struct lq_run_request *request,
                  struct lq_run_result *result)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    lq_virtual_build(virtual, request);
    enum lq_run_end end = lq_virtual_run_until(
        virtual, world->plan.safety_ns, world->script != NULL ? script_is_over : safety_is_over);
    lq_virtual_finish(virtual, end, result);
}

void lq_virtual_finish(struct virtual_world *virtual, enum lq_run_end end,
                       struct lq_run_result *result)
{
    struct lq_world *world = &virtual->world;
    bool is_scripted = world->script != NULL;
    if (end != LQ_RUN_STOPPED) {
        if (world->phase == LQ_PHASE_SAFETY)
            lq_world_heal(world);
        if (is_scripted)
            lq_script_finish(world->script);
        lq_virtual_settle(virtual);
        end = lq_virtual_run_until(virtual, world->env.now_ns + world->plan.liveness_ns,
                                   all_is_over);
    }
    if (end != LQ_RUN_STOPPED) {
        if (virtual->shard != NULL)
            lq_world_account(world, virtual->shard);
        lq_world_enter(world, LQ_PHASE_END);
        if (is_scripted)
            lq_script_judge(world->script);
    }
    *result = (struct lq_run_result){
        .end = end,
        .outstanding = end >= LQ_RUN_DEADLOCK ? outstanding(virtual) : NULL,
        .fingerprint = world->history.fingerprint,
        .commands_ended = world->commands_ended,
        .nexuses_ended = nexuses_ended(virtual),
        .time_ns = world->env.now_ns,
        .timers_fired = world->queue.fired,
        .events = world->history.event_count,
        .tap_bytes = world->history.tap_bytes,
        .steps = virtual->steps,
        .arena_bytes = virtual->endpoints.arena.used_bytes + virtual->target.arena.used_bytes};
    memcpy(result->faults, world->faults.counts, sizeof result->faults);
}
