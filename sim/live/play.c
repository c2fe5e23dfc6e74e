/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a turn the timers that are due fire, and after each the initiators send what they can: bytes
 * of one moment's statements reach the target in the statements' order (epoll tells of sockets in
 * the order in which they became readable), and after the whole moment, as in the virtual world.
 */
#include "sim/live/play.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "sim/live/guest.h"
#include "sim/live/relay.h"
#include "sim/live/store_disk.h"
#include "sim/stage/admin.h"
#include "sim/stage/state.h"

enum phase { PHASE_READY, PHASE_PLAYING, PHASE_LEAVING, PHASE_OVER };

enum {
    NAME_BYTES_MAX = 40,
    TIMERS_PER_TURN = 64, /* so that the target gets its turns, too */
    PARCELS = 48
};

struct lq_play {
    struct lq_world world;
    struct lq_play_config config;
    struct lq_network_ops network; /* the relay's, and the filter's heal */
    struct lq_relay *relay;
    struct lq_filter *filter; /* NULL: no fault of it is about PDUs */
    struct lq_live *live; /* while it plays */
    void *memory; /* of the endpoints */
    struct lq_loop_guest guest;
    enum phase phase;
    bool is_held;
    uint64_t leave_until_ns; /* no initiator takes longer to leave */
    const char *outstanding;
    uint32_t others;
    struct lq_live_store *stores[LQ_PLAN_STORES_MAX];
    struct lq_live_unit units[LQ_PLAN_UNITS_MAX];
    struct lq_live_shard shard;
    char addresses[LQ_PLAN_PORTS_MAX][LQ_ADDRESS_BYTES_MAX + 8];
    const char *address_rows[LQ_PLAN_PORTS_MAX];
};

struct lq_relay *lq_relay_of(struct lq_world *world)
{
    return LQ_ELEMENT(world, struct lq_play, world)->relay;
}

/* --- what the loop asks ----------------------------------------------------------------------- */

static void set_now(void *context, uint64_t now_ns)
{
    struct lq_play *play = context;
    play->world.env.now_ns = now_ns;
}

static uint64_t deadline(const void *context)
{
    const struct lq_play *play = context;
    if (play->phase == PHASE_READY)
        return LQ_NEVER;
    if (lq_relay_is_marked(play->relay))
        return 0;
    uint64_t next = lq_queue_next(&play->world.queue);
    bool is_leaving = play->phase == PHASE_LEAVING && play->leave_until_ns < next;
    return is_leaving ? play->leave_until_ns : next;
}

static struct lq_live_peer accepted(void *context, int fd)
{
    struct lq_play *play = context;
    const struct lq_connection *end = lq_relay_find(play->relay, fd);
    if (end != NULL)
        return (struct lq_live_peer){.number = end->number,
                                     .actor = end->actor == NULL ? 0 : end->actor->number};
    play->others++; /* past the relay */
    return (struct lq_live_peer){.number = ++play->world.connection_numbers};
}

static void leave(struct lq_play *play)
{
    struct lq_world *world = &play->world;
    if (world->phase == LQ_PHASE_SAFETY)
        lq_world_heal(world);
    lq_script_finish(world->script);
    play->leave_until_ns = world->env.now_ns + world->plan.liveness_ns;
    play->phase = PHASE_LEAVING;
}

static void consider_the_end(struct lq_play *play)
{
    if (play->phase == PHASE_PLAYING && !play->is_held && lq_play_is_told(play))
        leave(play);
    if (play->phase != PHASE_LEAVING)
        return;
    play->outstanding = lq_world_awaited(&play->world);
    if (play->outstanding != NULL && play->world.env.now_ns < play->leave_until_ns)
        return;
    play->phase = PHASE_OVER;
    play->config.is_over(play->config.context);
}

static void turn(void *context)
{
    struct lq_play *play = context;
    struct lq_world *world = &play->world;
    if (play->phase == PHASE_READY)
        return;
    lq_relay_turn(play->relay);
    for (int i = 0; i < TIMERS_PER_TURN && lq_queue_next(&world->queue) <= world->env.now_ns; i++) {
        (void)lq_queue_step(&world->queue);
        lq_relay_turn(play->relay);
    }
    consider_the_end(play);
}

/* Its turn comes anyway; this only wakes the loop. */
static void socket_is_ready(void *context)
{
    (void)context;
}

static const char *administer(struct lq_world *world, const struct lq_admin *admin)
{
    const struct lq_play *play = LQ_ELEMENT(world, struct lq_play, world);
    const struct lq_input input = {
        .kind = LQ_INPUT_ADMIN, .now_ns = world->env.now_ns, .admin = admin};
    return lq_shard_input(lq_live_shard(play->live), &input).refused;
}

static void heal(struct lq_world *world)
{
    const struct lq_play *play = LQ_ELEMENT(world, struct lq_play, world);
    if (play->filter != NULL)
        lq_filter_heal(play->filter);
    lq_relay_ops.heal(world);
}

/* --- life ------------------------------------------------------------------------------------- */

static void carve(struct lq_play *play, struct lq_arena *arena)
{
    const struct lq_limits *limits = &play->world.plan.shard.engine.limits;
    const struct lq_filter_config config = {
        .connections = limits->connections,
        .parcels = PARCELS,
        .pdu_bytes = limits->segment_bytes_max + LQ_FILTER_AROUND_BYTES};
    if (lq_script_has_pdu_faults(play->world.script))
        play->filter = lq_filter_make(arena, &config, &play->world.faults);
    lq_world_carve_endpoints(&play->world, arena);
}

static bool make_endpoints(struct lq_play *play)
{
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    carve(play, &arena);
    uint64_t bytes = arena.used_bytes;
    /* As large as its alignment asks for: aligned_alloc wants multiples. */
    enum { ALIGNMENT = 64 };
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    play->memory = aligned_alloc(ALIGNMENT, (size_t)bytes);
    if (play->memory == NULL)
        return false;
    lq_arena_init(&arena, play->memory, bytes);
    carve(play, &arena);
    return true;
}

struct lq_play *lq_play_make(struct lq_allocator allocator, const struct lq_play_config *config,
                             struct lq_problem *problem)
{
    struct lq_play *play = allocator.resize(allocator.context, NULL, 0, sizeof *play);
    memset(play, 0, sizeof *play);
    play->network = lq_relay_ops;
    play->network.heal = heal;
    lq_world_init(&play->world, allocator, &play->network);
    play->world.administer = administer;
    play->world.slack_ns = LQ_PLAY_SLACK_NS;
    play->world.patience_ns = LQ_PLAY_PATIENCE_NS;
    play->config = *config;
    play->guest = (struct lq_loop_guest){set_now, deadline, turn, accepted, play};
    lq_world_prepare(&play->world, config->request);
    play->relay = lq_relay_make(&play->world);
    if (play->relay == NULL || !make_endpoints(play)) {
        lq_problem_set(problem,
                       "scenario: its initiators cannot be made (%s); expected memory and "
                       "descriptors; free some or raise `ulimit -n`",
                       strerror(errno));
        lq_play_free(play);
        return NULL;
    }
    return play;
}

static bool open_stores(struct lq_play *play, struct lq_problem *problem)
{
    const struct lq_plan *plan = &play->world.plan;
    uint32_t tasks = plan->shard.engine.limits.tasks;
    lq_world_reset_disks(&play->world, NULL, NULL);
    for (uint32_t i = 0; i < plan->options[LQ_OPT_STORES]; i++) {
        char name[NAME_BYTES_MAX];
        snprintf(name, sizeof name, "scenario disk %" PRIu32, i);
        play->stores[i] = lq_store_disk_open(name, &play->world.disks[i], tasks, problem);
        if (play->stores[i] != NULL)
            continue;
        while (i > 0)
            lq_live_store_close(play->stores[--i]);
        return false;
    }
    return true;
}

bool lq_play_configure(struct lq_play *play, struct lq_live_config *live,
                       struct lq_problem *problem)
{
    const struct lq_plan *plan = &play->world.plan;
    uint32_t portals = plan->shard.iscsi.portal_count;
    if (!lq_relay_listen(play->relay, portals, live->host, live->port, problem) ||
        !open_stores(play, problem))
        return false;
    for (uint32_t i = 0; i < portals; i++) {
        const struct lq_listener *listener = lq_relay_listener(play->relay, i);
        snprintf(play->addresses[i], sizeof play->addresses[i], "%s:%u", listener->host,
                 (unsigned)listener->port);
        play->address_rows[i] = play->addresses[i];
    }
    uint32_t unit_count = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        const struct lq_plan_unit *unit = &plan->units[i];
        if (!unit->is_absent)
            play->units[unit_count++] =
                (struct lq_live_unit){unit->target, unit->lun, unit->store, unit->nblocks};
    }
    play->world.addresses = play->address_rows;
    play->shard = (struct lq_live_shard){.config = &plan->shard,
                                         .stores = play->stores,
                                         .store_count = (uint32_t)plan->options[LQ_OPT_STORES],
                                         .addresses = play->address_rows,
                                         .units = play->units,
                                         .unit_count = unit_count};
    live->shard = &play->shard;
    live->lun_count = 0;
    live->host = "127.0.0.1";
    live->port = 0;
    live->engine = plan->shard.engine;
    live->target_name = plan->shard.iscsi.target_names[0];
    live->history = &play->world.history;
    live->wrongs = play->world.env.wrongs;
    live->guest = &play->guest;
    live->filter = play->filter;
    return true;
}

bool lq_play_start(struct lq_play *play, struct lq_live *live, struct lq_problem *problem)
{
    play->world.env.now_ns = lq_live_now_ns();
    if (!lq_relay_aim(play->relay, live) ||
        !lq_loop_watch(lq_live_loop(live), lq_relay_fd(play->relay), socket_is_ready, NULL))
        return lq_problem_set(problem,
                              "scenario: its initiators cannot reach the target (%s); expected "
                              "memory and descriptors; free some",
                              strerror(errno));
    play->live = live;
    play->phase = PHASE_PLAYING;
    lq_world_announce_units(&play->world);
    lq_world_begin(&play->world);
    return true;
}

const struct lq_listener *lq_play_listener(const struct lq_play *play)
{
    return lq_relay_listener(play->relay, 0);
}

void lq_play_hold(struct lq_play *play, bool is_held)
{
    play->is_held = is_held;
}

bool lq_play_is_held(const struct lq_play *play)
{
    return play->is_held;
}

bool lq_play_is_told(const struct lq_play *play)
{
    return lq_script_is_over(play->world.script);
}

struct lq_play_result lq_play_end(struct lq_play *play, struct lq_live *live)
{
    bool is_complete = play->phase == PHASE_OVER;
    if (is_complete) {
        lq_world_account(&play->world, lq_live_shard(live));
        lq_world_enter(&play->world, LQ_PHASE_END);
        lq_script_judge(play->world.script);
    }
    return (struct lq_play_result){is_complete, play->outstanding,
                                   play->others + lq_relay_others(play->relay)};
}

const struct lq_world *lq_play_world(const struct lq_play *play)
{
    return &play->world;
}

struct lq_history *lq_play_history(struct lq_play *play)
{
    return &play->world.history;
}

void lq_play_free(struct lq_play *play)
{
    struct lq_allocator allocator = play->world.allocator;
    if (play->relay != NULL)
        lq_relay_free(play->relay);
    free(play->memory);
    lq_world_fini(&play->world);
    allocator.resize(allocator.context, play, sizeof *play, 0);
}
