/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts, crashes of the target, resets of a disk; and the target's next start.
 *
 * Method: a target that goes down loses its arena; its connections end as the host would end them,
 * by silence or by the kernel's FIN or RST; its disks lose power with it, or go on without it. It
 * starts again in a fresh arena once every store is fenced against what it had asked before.
 */
#include "core/base/assert.h"
#include "sim/virtual/virtual.h"

/* Of a seed's events each SEED_STRIDEth is asked, of a scenario's each. */
enum { SEED_STRIDE = 256, SITE_DOWN = 100, SITE_KERNEL_CLOSES, SITE_HOW_LONG };

static const uint64_t MS = 1000000, DOWN_NS = 1000000000, FENCE_AGAIN_NS = 1000000;

static const struct {
    enum lq_fault fault;
    enum lq_power kind;
} catastrophes[] = {{LQ_FAULT_POWER_CUT, LQ_POWER_CUT},
                    {LQ_FAULT_TARGET_CRASH, LQ_POWER_CRASH},
                    {LQ_FAULT_DISK_RESET, LQ_POWER_DISK_RESET}};

enum { CATASTROPHES = sizeof catastrophes / sizeof catastrophes[0] };

static void restart_fires(struct lq_timer *timer);

void lq_power_init(struct virtual_world *virtual)
{
    virtual->restart = (struct lq_timer){.fire = restart_fires};
    virtual->incarnation = 0;
    virtual->steps = 0;
}

static uint32_t store_count(const struct lq_world *world)
{
    return (uint32_t)world->plan.options[LQ_OPT_STORES];
}

static uint64_t choose(struct virtual_world *virtual, uint32_t site, uint64_t subject, uint64_t n)
{
    return lq_choose(virtual->world.env.choice, LQ_STREAM_SCHEDULE, site, subject, n);
}

/* --- down ----------------------------------------------------------------------------------- */

/* A process that ends leaves its sockets to the kernel, which closes them in order, or by RST. */
static void close_sockets(struct virtual_world *virtual)
{
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        struct virtual_connection *connection = &virtual->connections[i];
        if (!connection->is_at_target)
            continue;
        if (choose(virtual, SITE_KERNEL_CLOSES, connection->end.number, 2) == 1)
            lq_tcp_close(connection->tcp, LQ_TCP_TARGET);
        else
            lq_tcp_reset(connection->tcp, LQ_TCP_TARGET);
    }
}

static void forget_connections(struct virtual_world *virtual)
{
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        struct virtual_connection *connection = &virtual->connections[i];
        if (!connection->is_at_target)
            continue;
        virtual->by_handle[connection->handle.index] = NULL;
        connection->is_at_target = connection->has_room = false;
        connection->handle = LQ_NO_HANDLE;
        if (virtual->filter != NULL)
            lq_filter_close(virtual->filter, lq_virtual_slot(virtual, connection));
        lq_world_record(&virtual->world, (struct lq_event){.kind = LQ_W_CLOSE,
                                                           .connection = connection->end.number,
                                                           .code = LQ_CLOSE_RESET});
    }
}

static void go_down(struct virtual_world *virtual, bool is_power, uint64_t down_ns)
{
    struct lq_world *world = &virtual->world;
    virtual->shard = NULL;
    lq_queue_cancel(&world->queue, &virtual->deadline);
    virtual->deadline_ns = LQ_NEVER;
    for (uint32_t i = 0; i < store_count(world); i++) {
        if (is_power)
            lq_disk_cut_power(&world->disks[i]);
        else
            lq_disk_desert(&world->disks[i]);
    }
    if (is_power)
        lq_net_target_off(&virtual->net);
    else
        close_sockets(virtual);
    forget_connections(virtual);
    lq_ethernet_power(virtual, false);
    for (uint32_t i = 0; i < world->actor_count; i++)
        world->actors[i].knows_old_session = false; /* there is none any more */
    lq_queue_at(&world->queue, &virtual->restart, world->env.now_ns + down_ns, restart_fires);
}

void lq_power_strike(struct lq_world *world, enum lq_fault fault, uint32_t store,
                     uint64_t down_ns)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    if (virtual->shard == NULL)
        return;
    uint32_t which = 0;
    while (which < CATASTROPHES && catastrophes[which].fault != fault)
        which++;
    LQ_ASSERT(which < CATASTROPHES);
    enum lq_power kind = catastrophes[which].kind;
    lq_world_record(world, (struct lq_event){.kind = LQ_W_POWER,
                                             .code = (uint32_t)kind,
                                             .detail = store});
    if (kind == LQ_POWER_DISK_RESET)
        lq_disk_reset_power(&world->disks[store]);
    else
        go_down(virtual, kind == LQ_POWER_CUT, down_ns);
    virtual->has_struck = true;
}

/* --- up ------------------------------------------------------------------------------------- */

static bool is_fenced(struct lq_world *world)
{
    bool is_fenced = true;
    for (uint32_t i = 0; i < store_count(world); i++)
        is_fenced &= lq_store_fence(&world->disks[i].store, &world->env);
    return is_fenced;
}

static void restart_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, restart);
    struct lq_world *world = &virtual->world;
    if (!is_fenced(world)) {
        lq_queue_at(&world->queue, timer, world->env.now_ns + FENCE_AGAIN_NS, restart_fires);
        return;
    }
    virtual->incarnation++;
    lq_virtual_make_target(virtual);
    lq_net_target_on(&virtual->net);
    lq_ethernet_power(virtual, true);
    lq_world_record(world, (struct lq_event){.kind = LQ_W_POWER,
                                             .code = LQ_POWER_ON,
                                             .value = virtual->incarnation});
}

void lq_power_heal(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (virtual->shard == NULL)
        lq_queue_at(&world->queue, &virtual->restart, world->env.now_ns, restart_fires);
}

/* --- when ----------------------------------------------------------------------------------- */

/* How long a target that a fault struck stays down: as its rule says, or as a seed draws. */
static uint64_t down_time(struct virtual_world *virtual)
{
    const struct lq_world *world = &virtual->world;
    if (world->script == NULL) {
        bool is_long = choose(virtual, SITE_HOW_LONG, virtual->steps, 4) == 3;
        return MS + choose(virtual, SITE_DOWN, virtual->steps, (is_long ? 500 : 10) * MS);
    }
    return lq_fault_delay(&world->faults) != 0 ? lq_fault_delay(&world->faults) : DOWN_NS;
}

static void consider_faults(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    for (uint32_t i = 0; i < CATASTROPHES; i++) {
        if (!lq_fault_can_fire(&world->faults, catastrophes[i].fault))
            continue;
        enum lq_power kind = catastrophes[i].kind;
        uint32_t stores = kind == LQ_POWER_DISK_RESET ? store_count(world) : 1;
        for (uint32_t store = 0; store < stores && virtual->shard != NULL; store++) {
            struct lq_faults *faults = &world->faults;
            if (kind == LQ_POWER_DISK_RESET)
                faults = world->disks[store].faults;
            if (lq_fault_fires(faults, catastrophes[i].fault, lq_subject(virtual->steps, store),
                               0))
                lq_power_strike(world, catastrophes[i].fault, store, down_time(virtual));
        }
    }
}

void lq_power_consider(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (world->phase != LQ_PHASE_SAFETY)
        return;
    virtual->steps++;
    const struct lq_run_request *request = &world->request;
    bool is_asked = request->strike != LQ_FAULT_NONE && virtual->steps == request->strike_step;
    for (uint32_t i = 0; is_asked && i < CATASTROPHES; i++)
        if (catastrophes[i].fault == request->strike)
            lq_power_strike(world, request->strike, 0, DOWN_NS / 10);
    if (world->script != NULL || virtual->steps % SEED_STRIDE == 0) {
        consider_faults(virtual);
        lq_changes_consider(virtual);
        lq_fabric_consider(virtual);
    }
    if (virtual->has_struck)
        lq_virtual_settle(virtual);
    virtual->has_struck = false;
}
