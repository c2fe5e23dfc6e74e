/* SPDX-License-Identifier: Apache-2.0 */
/* What both worlds do alike: build the stage for a run, begin, and heal. */
#include "sim/stage/stage.h"

#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/memory.h"
#include "sim/stage/state.h"

enum { COMMANDS_AFTER_HEAL = 8, COMMANDS_OF_ALL = LQ_PLAN_NEXUSES_MAX * LQ_COMMAND_SLOTS };

enum { SITE_SHUTDOWN = 1 };

static const uint64_t PATIENCE_NS = UINT64_C(120000000000);
static const uint64_t BUFFER_BYTES = (uint64_t)COMMANDS_OF_ALL * 2 * LQ_COMMAND_BYTES_MAX;

/* --- life ----------------------------------------------------------------------------------- */

void lq_world_init(struct lq_world *world, struct lq_allocator allocator,
                   const struct lq_network_ops *network)
{
    memset(world, 0, sizeof *world);
    world->allocator = allocator;
    world->network = network;
    world->patience_ns = PATIENCE_NS;
    world->addresses = lq_plan_addresses;
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++)
        lq_disk_init(&world->disks[i], &world->allocator);
    world->buffers = lq_resize(&world->allocator, NULL, 0, BUFFER_BYTES);
    for (uint64_t i = 0; i < COMMANDS_OF_ALL; i++) {
        struct lq_actor *actor = &world->actors[i / LQ_COMMAND_SLOTS];
        struct lq_actor_command *command = &actor->commands[i % LQ_COMMAND_SLOTS];
        command->out = world->buffers + i * 2 * LQ_COMMAND_BYTES_MAX;
        command->in = command->out + LQ_COMMAND_BYTES_MAX;
    }
}

void lq_world_fini(struct lq_world *world)
{
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++)
        lq_disk_fini(&world->disks[i]);
    (void)lq_resize(&world->allocator, world->buffers, BUFFER_BYTES, 0);
    if (world->script_memory != NULL)
        lq_script_free(world->script_memory, &world->allocator);
}

uint32_t lq_world_unmet_count(const struct lq_world *world)
{
    return world->script == NULL ? 0 : lq_script_unmet_count(world->script);
}

const struct lq_unmet *lq_world_unmet(const struct lq_world *world, uint32_t index)
{
    return lq_script_unmet(world->script, index);
}

const struct lq_fault_rule *lq_world_rules(const struct lq_world *world)
{
    return lq_script_rules(world->script);
}

const struct lq_plan *lq_world_plan(const struct lq_world *world)
{
    return &world->plan;
}

/* --- build ---------------------------------------------------------------------------------- */

/* What happens: a scenario's timeline, what a swarm says of its seed, or what a seed means. */
static void take_request(struct lq_world *world, const struct lq_run_request *request)
{
    const struct lq_scenario *scenario = request->scenario;
    bool is_swarm = scenario != NULL && scenario->swarm.is_given;
    world->swarm = is_swarm ? &scenario->swarm : NULL;
    if (scenario != NULL && !is_swarm && world->script_memory == NULL)
        world->script_memory = lq_script_make(&world->allocator);
    world->script = scenario == NULL || is_swarm ? NULL : world->script_memory;
    lq_choice_seeded_init(&world->seeded, is_swarm ? scenario->swarm.seed : request->seed);
}

/* CHOICE, through the trace that records it, or the trace instead. */
static struct lq_choice *traced(const struct lq_run_request *request, struct lq_choice *choice)
{
    if (request->trace == NULL)
        return choice;
    if (request->trace->from != NULL)
        request->trace->from = choice;
    return &request->trace->choice;
}

static void make_plan(struct lq_world *world, const struct lq_run_request *request)
{
    struct lq_choice *choice = traced(request, world->draws);
    if (world->script != NULL)
        lq_plan_from_scenario(&world->plan, request->scenario);
    else if (world->swarm != NULL)
        lq_plan_from_swarm(&world->plan, choice,
                           (enum lq_transport_kind)request->scenario->transport, world->swarm,
                           request->commands);
    else
        lq_plan_make(&world->plan, choice, request->transport, request->seed, request->commands);
}

static bool keep(const void *context, enum lq_fault fault, uint64_t subject)
{
    return lq_swarm_keeps_strike(context, fault, subject);
}

void lq_world_prepare(struct lq_world *world, const struct lq_run_request *request)
{
    world->request = *request;
    take_request(world, request);
    world->draws = request->choice != NULL ? request->choice : &world->seeded.choice;
    make_plan(world, request);
    world->plan.shard.iscsi.crc32c = request->crc32c;
    lq_history_init(&world->history);
    for (uint32_t i = 0; i < request->sink_count; i++)
        lq_history_attach(&world->history, request->sinks[i]);
    world->env = (struct lq_env){.choice = traced(request, world->draws),
                                 .history = &world->history,
                                 .wrongs = request->wrongs};
    if (world->script != NULL)
        world->env.choice =
            traced(request, lq_script_begin(world->script, world, request->scenario));
    lq_faults_init(&world->faults, world->env.choice, &world->history, &world->env.now_ns);
    world->faults.keep = world->swarm != NULL ? keep : NULL;
    world->faults.keep_context = world->swarm;
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        lq_fault_arm(&world->faults, (enum lq_fault)i, world->plan.odds[i]);
    if (world->script != NULL)
        lq_script_arm(world->script);
    lq_queue_init(&world->queue, world->timers, LQ_TIMERS_MAX, &world->env.now_ns);
    world->connection_numbers = 0;
    world->commands_ended = 0;
    world->shutdown_planned = false;
    world->actor_count = (uint32_t)world->plan.options[LQ_OPT_NEXUSES];
}

void lq_world_carve_endpoints(struct lq_world *world, struct lq_arena *arena)
{
    for (uint32_t i = 0; i < world->actor_count; i++) {
        struct lq_actor *actor = &world->actors[i];
        actor->world = world;
        actor->port = world->plan.transport == LQ_OVER_FCP ? &lq_port_fcp : &lq_port_iscsi;
        actor->port->carve(actor, arena);
    }
}

void lq_world_reset_disks(struct lq_world *world,
                          void (*done)(void *context, struct lq_disk *disk, lq_handle handle,
                                       enum lq_block_status status),
                          void *context)
{
    const struct lq_plan *plan = &world->plan;
    for (uint32_t i = 0; i < plan->options[LQ_OPT_STORES]; i++) {
        struct lq_disk *disk = &world->disks[i];
        struct lq_faults *faults = &world->faults;
        if (world->script != NULL)
            faults = lq_script_disk_faults(world->script, i);
        lq_disk_reset(disk, &plan->disks[i], plan->shard.engine.limits.tasks, &world->queue,
                      faults);
        disk->done = done;
        disk->context = context;
    }
}

/* --- begin, heal ---------------------------------------------------------------------------- */

void lq_world_record(struct lq_world *world, struct lq_event event)
{
    event.time_ns = world->env.now_ns;
    lq_history_add(&world->history, &event);
}

/* A store that cannot fence makes quarantine `never'. */
static bool has_unfenced(const struct lq_plan *plan)
{
    for (uint32_t i = 0; i < plan->options[LQ_OPT_STORES]; i++)
        if (plan->disks[i].is_unfenced)
            return true;
    return false;
}

static void record_bounds(struct lq_world *world)
{
    const struct lq_plan *plan = &world->plan;
    const struct lq_engine_config *engine = &plan->shard.engine;
    bool is_never = has_unfenced(plan);
    const uint64_t bounds[] = {
        [LQ_BOUND_QUARANTINE_AFTER] = is_never ? LQ_DURATION_NEVER : engine->quarantine_after_ns,
        [LQ_BOUND_LOGIN_QUARANTINE_AFTER] = is_never ? LQ_DURATION_NEVER
                                                     : engine->login_quarantine_after_ns,
        [LQ_BOUND_BUSY_AFTER] = engine->busy_after_ns,
        [LQ_BOUND_LIVENESS] = plan->liveness_ns,
        [LQ_BOUND_LOGIN_TIMEOUT] = plan->shard.iscsi.login_timeout_ns};
    for (uint32_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        lq_world_record(world,
                        (struct lq_event){.kind = LQ_W_BOUND, .code = i, .value = bounds[i]});
}

void lq_world_enter(struct lq_world *world, enum lq_phase phase)
{
    world->phase = phase;
    lq_world_record(world, (struct lq_event){.kind = LQ_W_PHASE, .code = (uint32_t)phase});
}

void lq_world_begin(struct lq_world *world)
{
    record_bounds(world);
    lq_world_enter(world, LQ_PHASE_SAFETY);
    for (uint32_t i = 0; i < world->actor_count; i++)
        lq_actor_begin(&world->actors[i], world, i);
    if (world->script != NULL)
        lq_script_start(world->script);
}

void lq_world_heal(struct lq_world *world)
{
    lq_world_enter(world, LQ_PHASE_HEAL);
    lq_faults_disarm(&world->faults);
    if (world->script != NULL)
        lq_script_disarm(world->script);
    for (uint32_t i = 0; i < world->plan.options[LQ_OPT_STORES]; i++)
        lq_disk_heal(&world->disks[i]);
    uint64_t missing = world->commands_ended < world->plan.commands
                           ? world->plan.commands - world->commands_ended
                           : 0;
    lq_world_enter(world, LQ_PHASE_LIVENESS);
    world->shutdown_planned =
        world->script == NULL &&
        lq_choose(world->env.choice, LQ_STREAM_SCHEDULE, SITE_SHUTDOWN, 0, 3) == 1;
    for (uint32_t i = 0; i < world->actor_count; i++)
        lq_actor_heal(&world->actors[i],
                      world->actors[i].is_scripted
                          ? 0
                          : COMMANDS_AFTER_HEAL + (uint32_t)(missing / world->actor_count));
    world->network->heal(world);
}

const char *lq_world_awaited(const struct lq_world *world)
{
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (world->actors[i].state != LQ_ACTOR_DONE)
            return world->actors[i].state == LQ_ACTOR_UP ? "an initiator's commands"
                                                         : "an initiator's login or logout";
    return NULL;
}

void lq_world_account(struct lq_world *world, struct lq_shard *shard)
{
    struct lq_engine_counts engine = lq_engine_counts(lq_shard_engine(shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(shard));
    const struct {
        uint32_t free, slots;
        enum lq_pool pool;
    } pools[] = {{engine.tasks_free, engine.tasks, LQ_POOL_TASKS},
                 {engine.aborts_free, engine.aborts, LQ_POOL_TASK_MANAGEMENT},
                 {iscsi.commands_free, iscsi.commands, LQ_POOL_TRANSPORT_COMMANDS},
                 {iscsi.sessions_free, iscsi.sessions, LQ_POOL_SESSIONS},
                 {iscsi.connections_free, iscsi.connections, LQ_POOL_CONNECTIONS}};
    for (uint32_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
        lq_world_record(world, (struct lq_event){.kind = LQ_W_ACCOUNT,
                                        .code = i + 1,
                                        .value = pools[i].free,
                                        .lba = pools[i].slots,
                                        .detail = (uint32_t)pools[i].pool});
}
