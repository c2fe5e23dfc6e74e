/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual world's state, shared by its files and by nobody else.
 *
 * Ownership: the world owns all. Whoever changes what a connection could do next marks it; settling
 * then moves bytes until nothing moves at this instant.
 */
#ifndef LQ_SIM_VIRTUAL_VIRTUAL_H
#define LQ_SIM_VIRTUAL_VIRTUAL_H

#include "core/base/list.h"
#include "sim/shard/filter.h"
#include "sim/shard/frame_filter.h"
#include "sim/shard/shard.h"
#include "sim/stage/state.h"
#include "sim/virtual/damage.h"
#include "sim/virtual/frames.h"
#include "sim/virtual/tcp.h"
#include "sim/virtual/world.h"

/* A connection's slot is the slot of its TCP connection. */
struct virtual_connection {
    struct lq_connection end; /* the initiator's */
    struct lq_link dirty;
    struct lq_tcp *tcp;
    lq_handle handle;
    uint32_t portal;
    bool is_at_target; /* the shard knows it */
    bool has_room;     /* the target was refused room for bytes, and may go on */
    struct lq_damage damage[LQ_TCP_SIDES]; /* of what each side writes */
    bool is_closing;   /* the target is done with it, the filter not yet with what it sent */
};

/* What is to be undone about a LUN. */
struct virtual_change {
    struct lq_timer undo; /* set: it is changed */
    struct virtual_world *virtual;
    uint32_t unit, row;
    uint64_t former; /* what it is set to then */
};

/* An arena in memory that grows from run to run. */
struct virtual_region {
    struct lq_arena arena;
    void *memory; /* as allocated */
    uint64_t memory_bytes;
};

struct virtual_world {
    struct lq_world world; /* what users of world.h hold */
    struct lq_net net;
    struct lq_frames frames; /* over FCP instead of it */
    struct virtual_region endpoints; /* the initiators' */
    struct virtual_region target;    /* the shard: as long as it lives, not as long as the run */
    struct lq_shard *shard;          /* NULL: the target is down */
    struct lq_filter *filter; /* NULL: no fault of this run is about PDUs */
    struct lq_frame_filter *frame_filter; /* over FCP instead of it */
    struct lq_timer frame_deadline;
    uint64_t frame_deadline_ns;
    struct virtual_connection connections[LQ_PLAN_CONNECTIONS_MAX];
    struct virtual_connection *by_handle[LQ_PLAN_CONNECTIONS_MAX];
    struct lq_link dirty;
    struct lq_timer deadline, filter_deadline;
    uint64_t deadline_ns, filter_deadline_ns;
    bool shutdown_begun;
    struct lq_timer restart; /* while the target is down: when it tries to start */
    struct virtual_change changes[LQ_PLAN_UNITS_MAX]; /* by unit */
    struct lq_timer rscn; /* while state changes are being told */
    uint64_t rscns_left;
    uint32_t incarnation;    /* how often it has been started before */
    bool has_struck;         /* since it was asked last */
    uint64_t steps;          /* events of the safety phase so far */
    char step_text[LQ_SCN_LINE_MAX]; /* exploring: what the last step was */
};

static inline struct virtual_world *lq_virtual_of(struct lq_world *world)
{
    return LQ_ELEMENT(world, struct virtual_world, world);
}

/* Everything as REQUEST says, the first timer set. */
void lq_virtual_build(struct virtual_world *virtual, const struct lq_run_request *request);

/* Fires timers until IS_OVER, the time limit, or a stop. */
enum lq_run_end lq_virtual_run_until(struct virtual_world *virtual, uint64_t limit_ns,
                                     bool (*is_over)(const struct virtual_world *virtual));

/* --- carry.c -------------------------------------------------------------------------------- */

static inline uint32_t lq_virtual_slot(const struct virtual_world *virtual,
                                       const struct virtual_connection *connection)
{
    return (uint32_t)(connection - virtual->connections);
}

void lq_virtual_mark(struct virtual_world *virtual, struct virtual_connection *connection);

/* SIDE writes: returns how many bytes were taken, perhaps damaged. */
uint32_t lq_virtual_write(struct virtual_world *virtual, struct virtual_connection *connection,
                          enum lq_tcp_side side, const uint8_t *bytes, uint32_t size_bytes);

/* INPUT about CONNECTION, of KIND, at this instant. */
struct lq_input_result lq_virtual_input(struct virtual_connection *connection,
                                        struct virtual_world *virtual, enum lq_input_kind kind,
                                        struct lq_input input);

/* The target's end of CONNECTION is gone, if it had one. */
void lq_virtual_lost(struct virtual_world *virtual, struct virtual_connection *connection,
                     enum lq_close how);

/* Moves bytes until nothing moves at this instant. */
void lq_virtual_settle(struct virtual_world *virtual);

/* The safety phase has come to END: what is left of the run. */
void lq_virtual_finish(struct virtual_world *virtual, enum lq_run_end end,
                       struct lq_run_result *result);

/* Makes the shard, its stores and units: a target that remembers nothing. */
void lq_virtual_make_target(struct virtual_world *virtual);

/* --- ethernet.c: the same over FCP; nothing over iSCSI --------------------------------------- */

/* For a new run: no links; and, when all is built, those of target and initiators. */
void lq_ethernet_reset(struct virtual_world *virtual);
void lq_ethernet_open(struct virtual_world *virtual);

/* What fault rules do to frames, from ARENA. */
struct lq_frame_filter *lq_ethernet_filter(struct virtual_world *virtual, struct lq_arena *arena);

/* The target, which is the fabric, too, goes dark or is back: every link loses its carrier, or has
 * it again. */
void lq_ethernet_power(struct virtual_world *virtual, bool is_on);

/* Frames go where they can at this instant. True when something moved. */
bool lq_ethernet_settle(struct virtual_world *virtual);

/* --- fabric.c: what happens to it; nothing over iSCSI ----------------------------------------- */

void lq_fabric_init(struct virtual_world *virtual);

/* EVENT, now. Returns why it cannot be, else NULL. */
const char *lq_fabric_happen(struct lq_world *world, const struct lq_scn_fabric *event);

/* One more event is over: does something happen to the fabric now? */
void lq_fabric_consider(struct virtual_world *virtual);

/* Nobody is refused any more, and nothing is told. */
void lq_fabric_heal(struct virtual_world *virtual);

/* --- region.c ------------------------------------------------------------------------------- */

/* REGION for what CARVE takes from it: from a measuring arena first, then from a real one. */
void lq_region_make(struct virtual_world *virtual, struct virtual_region *region,
                    void (*carve)(struct virtual_world *virtual, struct lq_arena *arena));
void lq_region_free(const struct lq_allocator *allocator, struct virtual_region *region);

/* --- power.c: the three catastrophes -------------------------------------------------------- */

/* For a new run. */
void lq_power_init(struct virtual_world *virtual);

/* The catastrophe FAULT happens now; a target that goes down starts again after DOWN_NS, or when
 * its stores are fenced. STORE is for a disk reset. Nothing happens while the target is down. */
void lq_power_strike(struct lq_world *world, enum lq_fault fault, uint32_t store,
                     uint64_t down_ns);

/* After each event: does one of the catastrophes come now? */
void lq_power_consider(struct virtual_world *virtual);

/* Heal: a target that is down starts now, when it can. */
void lq_power_heal(struct virtual_world *virtual);

/* --- changes.c ------------------------------------------------------------------------------ */

void lq_changes_init(struct virtual_world *virtual);

/* One more event is over: does an administrator change a LUN now? */
void lq_changes_consider(struct virtual_world *virtual);

/* All LUNs are as they should be, as soon as they can. */
void lq_changes_heal(struct virtual_world *virtual);

#endif
