/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: build everything from the plan, then fire one timer after another; after each, bytes
 * move between the shard, the pipes and the initiators until nothing moves at this instant.
 */
#include "sim/virtual/world.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/virtual/memory.h"
#include "sim/virtual/state.h"

enum { ARENA_ALIGNMENT = 64, COMMANDS_AFTER_HEAL = 8, SAME_INSTANT_MAX = 10000 };

enum { SITE_SHUTDOWN = 1 };

static void accepted(void *context, struct lq_tcp *tcp);
static void connected(void *context, struct lq_tcp *tcp);
static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side);
static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how);

static const struct lq_tcp_events tcp_events = {accepted, connected, arrived, lost};

/* --- life of the world ---------------------------------------------------------------------- */

struct lq_world *lq_world_make(struct lq_allocator allocator)
{
    struct lq_world *world = lq_resize(&allocator, NULL, 0, sizeof *world);
    memset(world, 0, sizeof *world);
    world->allocator = allocator;
    lq_net_init(&world->net, &world->allocator, LQ_PLAN_CONNECTIONS_MAX);
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++)
        lq_disk_init(&world->disks[i], &world->allocator);
    uint64_t slots = (uint64_t)LQ_PLAN_NEXUSES_MAX * LQ_COMMAND_SLOTS;
    world->buffers = lq_resize(&world->allocator, NULL, 0, slots * 2 * LQ_COMMAND_BYTES_MAX);
    for (uint64_t i = 0; i < slots; i++) {
        struct lq_actor *actor = &world->actors[i / LQ_COMMAND_SLOTS];
        struct lq_actor_command *command = &actor->commands[i % LQ_COMMAND_SLOTS];
        command->out = world->buffers + i * 2 * LQ_COMMAND_BYTES_MAX;
        command->in = command->out + LQ_COMMAND_BYTES_MAX;
    }
    return world;
}

void lq_world_free(struct lq_world *world)
{
    struct lq_allocator allocator = world->allocator;
    uint64_t slots = (uint64_t)LQ_PLAN_NEXUSES_MAX * LQ_COMMAND_SLOTS;
    lq_net_fini(&world->net);
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++)
        lq_disk_fini(&world->disks[i]);
    (void)lq_resize(&allocator, world->buffers, slots * 2 * LQ_COMMAND_BYTES_MAX, 0);
    if (world->memory != NULL)
        (void)lq_resize(&allocator, world->memory, world->memory_bytes, 0);
    if (world->script_memory != NULL)
        lq_script_free(world->script_memory, &allocator);
    (void)lq_resize(&allocator, world, sizeof *world, 0);
}

uint32_t lq_world_unmet_count(const struct lq_world *world)
{
    return world->script == NULL ? 0 : lq_script_unmet_count(world->script);
}

const struct lq_unmet *lq_world_unmet(const struct lq_world *world, uint32_t index)
{
    return lq_script_unmet(world->script, index);
}

const struct lq_plan *lq_world_plan(const struct lq_world *world)
{
    return &world->plan;
}

/* --- build ---------------------------------------------------------------------------------- */

/* The shard and the initiators' endpoints, from a measuring arena or a real one. */
static void carve(struct lq_world *world, struct lq_arena *arena)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.raw_bytes_max = 512;
    struct lq_shard *shard = lq_shard_make(arena, &world->plan.shard, &world->env);
    if (!lq_arena_is_measuring(arena))
        world->shard = shard;
    for (uint32_t i = 0; i < world->actor_count; i++) {
        struct lq_iscsi_initiator *endpoint = lq_iscsi_initiator_make(arena, &config, &world->env);
        world->actors[i].endpoint = endpoint;
    }
}

static void make_arena(struct lq_world *world)
{
    struct lq_arena measure;
    lq_arena_init_measuring(&measure);
    carve(world, &measure);
    uint64_t wanted = measure.used_bytes + ARENA_ALIGNMENT;
    if (wanted > world->memory_bytes) {
        if (world->memory != NULL)
            (void)lq_resize(&world->allocator, world->memory, world->memory_bytes, 0);
        world->memory = lq_resize(&world->allocator, NULL, 0, wanted);
        world->memory_bytes = wanted;
    }
    uint8_t *memory = world->memory;
    uint64_t offset = (uint64_t)((uintptr_t)memory % ARENA_ALIGNMENT);
    if (offset != 0)
        memory += ARENA_ALIGNMENT - offset;
    lq_arena_init(&world->arena, memory, measure.used_bytes);
    carve(world, &world->arena);
}

static void record(struct lq_world *world, struct lq_event event)
{
    event.time_ns = world->env.now_ns;
    lq_history_add(&world->history, event);
}

static void disk_done(void *context, struct lq_disk *disk, lq_handle handle,
                      enum lq_block_status status)
{
    (void)disk;
    struct lq_world *world = context;
    struct lq_input input = {.kind = LQ_INPUT_STORE_DONE,
                             .now_ns = world->env.now_ns,
                             .request = handle,
                             .code = (uint32_t)status};
    (void)lq_shard_input(world->shard, &input);
}

static void make_disks_and_units(struct lq_world *world)
{
    const struct lq_plan *plan = &world->plan;
    struct lq_engine *engine = lq_shard_engine(world->shard);
    uint32_t stores = (uint32_t)plan->options[LQ_OPT_STORES];
    for (uint32_t i = 0; i < stores; i++) {
        struct lq_disk *disk = &world->disks[i];
        struct lq_faults *faults = &world->faults;
        if (world->script != NULL)
            faults = lq_script_disk_faults(world->script, i);
        lq_disk_reset(disk, &plan->disks[i], plan->shard.engine.limits.tasks, &world->queue,
                      faults);
        disk->done = disk_done;
        disk->context = world;
        bool added = lq_engine_store_add(engine, &disk->store);
        LQ_ASSERT(added);
    }
    for (uint32_t lun = 0; lun < plan->options[LQ_OPT_LUNS]; lun++) {
        char serial[] = "LUNQUAKE0";
        serial[8] = (char)('0' + lun);
        struct lq_disk *disk = &world->disks[plan->store_of_lun[lun]];
        struct lq_unit_config config = {
            .lun = (uint16_t)lun, .store = &disk->store, .serial = serial};
        const char *wrong = lq_engine_unit_add(engine, &config);
        LQ_ASSERT(wrong == NULL);
    }
}

static void record_bounds(struct lq_world *world)
{
    const struct lq_plan *plan = &world->plan;
    const uint64_t bounds[] = {
        [LQ_BOUND_QUARANTINE_AFTER] = plan->shard.engine.quarantine_after_ns,
        [LQ_BOUND_LOGIN_QUARANTINE_AFTER] = plan->shard.engine.login_quarantine_after_ns,
        [LQ_BOUND_BUSY_AFTER] = plan->shard.engine.busy_after_ns,
        [LQ_BOUND_LIVENESS] = plan->liveness_ns};
    for (uint32_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        record(world, (struct lq_event){.kind = LQ_W_BOUND, .code = i, .value = bounds[i]});
}

static void enter_phase(struct lq_world *world, enum lq_phase phase)
{
    world->phase = phase;
    record(world, (struct lq_event){.kind = LQ_W_PHASE, .code = (uint32_t)phase});
}

static void build(struct lq_world *world, const struct lq_run_request *request)
{
    world->script = request->scenario == NULL ? NULL : world->script_memory;
    if (world->script != NULL)
        lq_plan_from_scenario(&world->plan, request->scenario);
    else
        lq_plan_make(&world->plan, request->seed, request->commands);
    lq_choice_seeded_init(&world->seeded, request->seed);
    lq_history_init(&world->history);
    for (uint32_t i = 0; i < request->sink_count; i++)
        lq_history_attach(&world->history, request->sinks[i]);
    world->env = (struct lq_env){.choice = &world->seeded.choice,
                                 .history = &world->history,
                                 .wrongs = request->wrongs};
    if (world->script != NULL)
        world->env.choice = lq_script_begin(world->script, world, request->scenario);
    lq_faults_init(&world->faults, world->env.choice, &world->history, &world->env.now_ns);
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        lq_fault_arm(&world->faults, (enum lq_fault)i, world->plan.odds[i]);
    if (world->script != NULL)
        lq_script_arm(world->script);
    lq_queue_init(&world->queue, world->timers, LQ_TIMERS_MAX, &world->env.now_ns);
    lq_net_reset(&world->net, &world->plan.tcp, &world->queue, &world->faults, &tcp_events, world);
    lq_list_init(&world->dirty);
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        world->connections[i] = (struct lq_connection){.handle = LQ_NO_HANDLE};
        lq_list_init(&world->connections[i].dirty);
        world->by_handle[i] = NULL;
    }
    world->deadline = (struct lq_timer){.fire = NULL};
    world->deadline_ns = LQ_NEVER;
    world->connection_numbers = 0;
    world->commands_ended = 0;
    world->shutdown_planned = world->shutdown_begun = false;
    world->actor_count = (uint32_t)world->plan.options[LQ_OPT_NEXUSES];
    LQ_ASSERT(world->plan.shard.engine.limits.connections <= LQ_PLAN_CONNECTIONS_MAX);
    make_arena(world);
    make_disks_and_units(world);
    record_bounds(world);
    enter_phase(world, LQ_PHASE_SAFETY);
    for (uint32_t i = 0; i < world->actor_count; i++)
        lq_actor_begin(&world->actors[i], world, i);
    if (world->script != NULL)
        lq_script_start(world->script);
}

/* --- connections ---------------------------------------------------------------------------- */

void lq_connection_mark(struct lq_world *world, struct lq_connection *connection)
{
    if (!lq_link_is_linked(&connection->dirty))
        lq_list_append(&world->dirty, &connection->dirty);
}

static struct lq_input_result shard_input(struct lq_connection *connection, struct lq_world *world,
                                          enum lq_input_kind kind, struct lq_input input)
{
    input.kind = kind;
    input.now_ns = world->env.now_ns;
    input.connection = connection->handle;
    return lq_shard_input(world->shard, &input);
}

static void accepted(void *context, struct lq_tcp *tcp)
{
    struct lq_world *world = context;
    struct lq_connection *connection = tcp->user;
    uint32_t actor = connection->actor == NULL ? 0 : connection->actor->number;
    struct lq_input_result result =
        shard_input(connection, world, LQ_INPUT_ACCEPT,
                    (struct lq_input){.number = connection->number,
                                      .actor = actor,
                                      .text = "192.0.2.1:3260"});
    if (lq_handle_is_none(result.connection)) {
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
        return;
    }
    connection->handle = result.connection;
    connection->is_at_target = true;
    world->by_handle[connection->handle.index] = connection;
}

static void connected(void *context, struct lq_tcp *tcp)
{
    (void)context;
    struct lq_connection *connection = tcp->user;
    if (connection->actor != NULL)
        lq_actor_connected(connection->actor);
}

static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side)
{
    (void)side;
    lq_connection_mark(context, tcp->user);
}

static void tell_target_lost(struct lq_world *world, struct lq_connection *connection,
                             enum lq_close how)
{
    if (!connection->is_at_target)
        return;
    connection->is_at_target = false;
    world->by_handle[connection->handle.index] = NULL;
    (void)shard_input(connection, world, LQ_INPUT_LOST, (struct lq_input){.code = (uint32_t)how});
}

static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    struct lq_connection *connection = tcp->user;
    if (side == LQ_TCP_TARGET)
        tell_target_lost(context, connection, how);
    else if (connection->actor != NULL)
        lq_actor_connection_lost(connection->actor);
}

/* --- moving bytes --------------------------------------------------------------------------- */

static void feed_target(struct lq_world *world, struct lq_connection *connection)
{
    while (connection->is_at_target) {
        struct lq_slice slice = lq_tcp_peek(connection->tcp, LQ_TCP_TARGET);
        if (slice.size_bytes == 0)
            return;
        struct lq_input_result result =
            shard_input(connection, world, LQ_INPUT_BYTES,
                        (struct lq_input){.bytes = slice.bytes, .size_bytes = slice.size_bytes});
        lq_tcp_take(connection->tcp, LQ_TCP_TARGET, result.taken_bytes);
        if (result.taken_bytes == 0)
            return;
    }
}

static void close_target(struct lq_world *world, struct lq_connection *connection,
                         enum lq_emit_end end)
{
    struct lq_tcp *tcp = connection->tcp;
    tell_target_lost(world, connection, LQ_CLOSE_BY_TARGET);
    if (end == LQ_EMIT_CLOSE_FLUSH)
        lq_tcp_close(tcp, LQ_TCP_TARGET);
    else
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
}

static void pump_target(struct lq_world *world, struct lq_connection *connection)
{
    enum { SLICES = 32 };
    struct lq_slice slices[SLICES];
    while (connection->is_at_target) {
        enum lq_emit_end end = LQ_EMIT_OPEN;
        uint32_t count =
            lq_shard_emit(world->shard, connection->handle, slices, SLICES, &end);
        if (end == LQ_EMIT_CLOSE_RESET || (count == 0 && end == LQ_EMIT_CLOSE_FLUSH)) {
            close_target(world, connection, end);
            return;
        }
        uint32_t total = 0;
        bool is_full = false;
        for (uint32_t i = 0; i < count && !is_full; i++) {
            uint32_t written = lq_tcp_write(connection->tcp, LQ_TCP_TARGET, slices[i].bytes,
                                            slices[i].size_bytes);
            total += written;
            is_full = written < slices[i].size_bytes;
        }
        if (total > 0)
            (void)shard_input(connection, world, LQ_INPUT_SENT,
                              (struct lq_input){.size_bytes = total});
        if (total > 0 && lq_tcp_peek(connection->tcp, LQ_TCP_TARGET).size_bytes > 0)
            lq_connection_mark(world, connection); /* what it held back may be taken now */
        if (is_full || count == 0)
            return;
    }
}

static void serve(struct lq_world *world, struct lq_connection *connection)
{
    if (connection->is_at_target) {
        feed_target(world, connection);
        pump_target(world, connection);
    }
    if (connection->actor != NULL && connection->tcp->number != 0 &&
        connection->actor->state >= LQ_ACTOR_LOGIN)
        lq_actor_turn(connection->actor);
    struct lq_tcp *tcp = connection->tcp;
    if (tcp->number != 0 &&
        (lq_tcp_wants_room(tcp, LQ_TCP_TARGET) || lq_tcp_wants_room(tcp, LQ_TCP_INITIATOR)))
        lq_connection_mark(world, connection);
}

static void deadline_fires(struct lq_timer *timer)
{
    struct lq_world *world = LQ_ELEMENT(timer, struct lq_world, deadline);
    world->deadline_ns = LQ_NEVER;
    struct lq_input input = {.kind = LQ_INPUT_EXPIRE, .now_ns = world->env.now_ns};
    (void)lq_shard_input(world->shard, &input);
}

/* Moves bytes until nothing moves at this instant. */
static void settle(struct lq_world *world)
{
    for (;;) {
        lq_handle ready;
        while (!lq_handle_is_none(ready = lq_shard_next_ready(world->shard))) {
            struct lq_connection *connection = world->by_handle[ready.index];
            LQ_ASSERT(connection != NULL);
            pump_target(world, connection);
        }
        struct lq_link *link = lq_list_take(&world->dirty);
        if (link == NULL)
            break;
        serve(world, LQ_ELEMENT(link, struct lq_connection, dirty));
    }
    uint64_t deadline = lq_shard_deadline(world->shard);
    if (deadline == world->deadline_ns)
        return;
    world->deadline_ns = deadline;
    if (deadline < world->env.now_ns)
        deadline = world->env.now_ns;
    lq_queue_at(&world->queue, &world->deadline, deadline, deadline_fires);
}

/* --- phases --------------------------------------------------------------------------------- */

static uint32_t nexuses_ended(const struct lq_world *world)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->actor_count; i++)
        count += world->actors[i].ended > 0;
    return count;
}

/* When everybody is idle the target stops in order, where that is planned. */
static void consider_shutdown(struct lq_world *world)
{
    if (!world->shutdown_planned || world->shutdown_begun)
        return;
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (!lq_actor_is_idle(&world->actors[i]))
            return;
    world->shutdown_begun = true;
    struct lq_input input = {.kind = LQ_INPUT_SHUTDOWN, .now_ns = world->env.now_ns};
    (void)lq_shard_input(world->shard, &input);
    settle(world);
}

/* Fires timers until IS_OVER, the time limit, or a stop. */
static enum lq_run_end run_until(struct lq_world *world, const struct lq_run_request *request,
                                 uint64_t limit_ns, bool (*is_over)(const struct lq_world *world))
{
    uint64_t instant = 0, fired_then = 0;
    while (!is_over(world)) {
        uint64_t next = lq_queue_next(&world->queue);
        if (next == LQ_NEVER)
            return LQ_RUN_DEADLOCK;
        if (next > limit_ns)
            return LQ_RUN_LATE;
        if (next > instant) {
            instant = next;
            fired_then = world->queue.fired;
        }
        /* Time that stands still is an error of the program: somebody wakes for nothing. */
        LQ_ASSERT(world->queue.fired - fired_then < SAME_INSTANT_MAX);
        (void)lq_queue_step(&world->queue);
        settle(world);
        consider_shutdown(world);
        if (request->should_stop != NULL && request->should_stop(request->stop_context))
            return LQ_RUN_STOPPED;
    }
    return LQ_RUN_COMPLETE;
}

static bool safety_is_over(const struct lq_world *world)
{
    return world->commands_ended >= world->plan.commands && nexuses_ended(world) >= 2;
}

static bool script_is_over(const struct lq_world *world)
{
    return lq_script_is_over(world->script);
}

void lq_world_heal(struct lq_world *world)
{
    enter_phase(world, LQ_PHASE_HEAL);
    lq_faults_disarm(&world->faults);
    if (world->script != NULL)
        lq_script_disarm(world->script);
    for (uint32_t i = 0; i < world->plan.options[LQ_OPT_STORES]; i++)
        lq_disk_heal(&world->disks[i]);
    uint64_t missing = world->commands_ended < world->plan.commands
                           ? world->plan.commands - world->commands_ended
                           : 0;
    enter_phase(world, LQ_PHASE_LIVENESS);
    world->shutdown_planned =
        world->script == NULL &&
        lq_choose(&world->seeded.choice, LQ_STREAM_SCHEDULE, SITE_SHUTDOWN, 0, 3) == 1;
    for (uint32_t i = 0; i < world->actor_count; i++)
        lq_actor_heal(&world->actors[i],
                      world->actors[i].is_scripted
                          ? 0
                          : COMMANDS_AFTER_HEAL + (uint32_t)(missing / world->actor_count));
    lq_net_heal(&world->net);
}

/* What is outstanding, first of all what initiators wait for; NULL: nothing. */
static const char *outstanding(const struct lq_world *world)
{
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (world->actors[i].state != LQ_ACTOR_DONE)
            return world->actors[i].state == LQ_ACTOR_UP ? "an initiator's commands"
                                                         : "an initiator's login or logout";
    struct lq_engine_counts engine = lq_engine_counts(lq_shard_engine(world->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(world->shard));
    if (world->net.in_use != 0)
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

static bool all_is_over(const struct lq_world *world)
{
    if (world->net.in_use != 0)
        return false; /* the usual reason, cheap to see */
    return outstanding(world) == NULL;
}

static void account(struct lq_world *world)
{
    struct lq_engine_counts engine = lq_engine_counts(lq_shard_engine(world->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(world->shard));
    const struct {
        uint32_t free, slots;
        enum lq_pool pool;
    } pools[] = {{engine.tasks_free, engine.tasks, LQ_POOL_TASKS},
                 {engine.aborts_free, engine.aborts, LQ_POOL_TASK_MANAGEMENT},
                 {iscsi.commands_free, iscsi.commands, LQ_POOL_TRANSPORT_COMMANDS},
                 {iscsi.sessions_free, iscsi.sessions, LQ_POOL_SESSIONS},
                 {iscsi.connections_free, iscsi.connections, LQ_POOL_CONNECTIONS}};
    for (uint32_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
        record(world, (struct lq_event){.kind = LQ_W_ACCOUNT,
                                        .code = i + 1,
                                        .value = pools[i].free,
                                        .lba = pools[i].slots,
                                        .detail = (uint32_t)pools[i].pool});
}

void lq_world_run(struct lq_world *world, const struct lq_run_request *request,
                  struct lq_run_result *result)
{
    if (request->scenario != NULL && world->script_memory == NULL)
        world->script_memory = lq_script_make(&world->allocator);
    build(world, request);
    bool is_scripted = world->script != NULL;
    enum lq_run_end end = run_until(world, request, world->plan.safety_ns,
                                    is_scripted ? script_is_over : safety_is_over);
    if (end != LQ_RUN_STOPPED) {
        if (world->phase == LQ_PHASE_SAFETY)
            lq_world_heal(world);
        if (is_scripted)
            lq_script_finish(world->script);
        settle(world);
        end = run_until(world, request, world->env.now_ns + world->plan.liveness_ns, all_is_over);
    }
    if (end != LQ_RUN_STOPPED) {
        account(world);
        enter_phase(world, LQ_PHASE_END);
        if (is_scripted)
            lq_script_judge(world->script);
    }
    *result = (struct lq_run_result){
        .end = end,
        .outstanding = end >= LQ_RUN_DEADLOCK ? outstanding(world) : NULL,
        .fingerprint = world->history.fingerprint,
        .commands_ended = world->commands_ended,
        .nexuses_ended = nexuses_ended(world),
        .time_ns = world->env.now_ns,
        .timers_fired = world->queue.fired,
        .events = world->history.event_count,
        .tap_bytes = world->history.tap_bytes,
        .arena_bytes = world->arena.used_bytes};
    memcpy(result->faults, world->faults.counts, sizeof result->faults);
}
