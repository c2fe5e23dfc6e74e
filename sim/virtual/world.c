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

enum {
    SAME_INSTANT_MAX = 10000,
    PARCELS = 48,
    PDU_BYTES_MAX = 18 * 1024 /* a segment of 16 KiB with all that may stand around it */
};

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
    connection->portal = actor->port_index;
    connection->handle = LQ_NO_HANDLE;
    connection->is_at_target = connection->has_room = false;
    memset(connection->damage, 0, sizeof connection->damage);
    return &connection->end;
}

static uint32_t net_write(struct lq_connection *end, const uint8_t *bytes, uint32_t size_bytes)
{
    return lq_virtual_write(lq_virtual_of(end->actor->world),
                            LQ_ELEMENT(end, struct virtual_connection, end), LQ_TCP_INITIATOR,
                            bytes, size_bytes);
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

static void net_mark(struct lq_world *world, struct lq_connection *end)
{
    lq_virtual_mark(lq_virtual_of(world), LQ_ELEMENT(end, struct virtual_connection, end));
}

static void net_heal(struct lq_world *world)
{
    lq_power_heal(lq_virtual_of(world));
    lq_changes_heal(lq_virtual_of(world));
    lq_fabric_heal(lq_virtual_of(world));
    if (lq_virtual_of(world)->filter != NULL)
        lq_filter_heal(lq_virtual_of(world)->filter);
    lq_net_heal(&lq_virtual_of(world)->net);
    /* A target that is down has no carrier, nor has anybody: all have it when it starts. */
    lq_frames_heal(&lq_virtual_of(world)->frames, lq_virtual_of(world)->shard != NULL);
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
    lq_frames_init(&virtual->frames, &virtual->world.allocator);
    return &virtual->world;
}

void lq_world_free(struct lq_world *world)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    struct lq_allocator allocator = world->allocator;
    lq_net_fini(&virtual->net);
    lq_frames_fini(&virtual->frames);
    lq_world_fini(world);
    lq_region_free(&allocator, &virtual->endpoints);
    lq_region_free(&allocator, &virtual->target);
    (void)lq_resize(&allocator, virtual, sizeof *virtual, 0);
}

/* --- build ---------------------------------------------------------------------------------- */

/* Faults of this run, by odds or by rules, may strike PDUs. */
static bool plans_pdu_faults(const struct lq_world *world)
{
    return lq_fault_touches_pdus(&world->faults) ||
           (world->script != NULL && lq_script_has_pdu_faults(world->script));
}

/* What outlives the target: initiators, and what the network does to PDUs. */
static void carve_endpoints(struct virtual_world *virtual, struct lq_arena *arena)
{
    struct lq_world *world = &virtual->world;
    struct lq_filter *filter = NULL;
    struct lq_frame_filter *frame_filter = NULL;
    bool over_fcp = world->plan.transport == LQ_OVER_FCP;
    if (plans_pdu_faults(world) && over_fcp) {
        frame_filter = lq_ethernet_filter(virtual, arena);
    } else if (plans_pdu_faults(world)) {
        const struct lq_filter_config config = {.connections = LQ_PLAN_CONNECTIONS_MAX,
                                                .parcels = PARCELS, .pdu_bytes = PDU_BYTES_MAX};
        filter = lq_filter_make(arena, &config, &world->faults);
    }
    if (!lq_arena_is_measuring(arena)) {
        virtual->filter = filter;
        virtual->frame_filter = frame_filter;
    }
    lq_world_carve_endpoints(world, arena);
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
    lq_ethernet_reset(virtual);
    lq_list_init(&virtual->dirty);
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        virtual->connections[i] = (struct virtual_connection){.handle = LQ_NO_HANDLE};
        lq_list_init(&virtual->connections[i].dirty);
        virtual->by_handle[i] = NULL;
    }
    virtual->deadline = (struct lq_timer){.fire = NULL};
    virtual->filter_deadline = (struct lq_timer){.fire = NULL};
    virtual->deadline_ns = virtual->filter_deadline_ns = LQ_NEVER;
    virtual->shutdown_begun = false;
    LQ_ASSERT(world->plan.shard.engine.limits.connections <= LQ_PLAN_CONNECTIONS_MAX);
    lq_power_init(virtual);
    lq_changes_init(virtual);
    lq_fabric_init(virtual);
    world->strike = lq_power_strike;
    world->administer = administer;
    lq_region_make(virtual, &virtual->endpoints, carve_endpoints);
    lq_world_reset_disks(world, disk_done, virtual);
    lq_virtual_make_target(virtual);
    lq_world_announce_units(world);
    lq_world_begin(world);
    lq_ethernet_open(virtual);
}

/* --- connections ---------------------------------------------------------------------------- */

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
        lq_virtual_input(connection, virtual, LQ_INPUT_ACCEPT,
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
    connection->is_closing = false;
    if (virtual->filter != NULL)
        lq_filter_open(virtual->filter, lq_virtual_slot(virtual, connection),
                       connection->end.number);
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
    lq_virtual_mark(context, tcp->user);
}

static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    struct virtual_connection *connection = tcp->user;
    if (side == LQ_TCP_TARGET)
        lq_virtual_lost(context, connection, how);
    else if (connection->end.actor != NULL)
        lq_actor_connection_lost(connection->end.actor);
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
