/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to the fabric and to links, when a scenario says so and when a seed draws it: state
 * changes told, virtual links cleared, logins refused, an FCF that is silent.
 *
 * Method: the fabric does it itself (LQ_INPUT_FABRIC), links are the switch's. Where a rule or a
 * seed strikes, the initiator is drawn; 0, the benign answer, stands for all.
 */
#include "core/base/assert.h"
#include "proto/fcoe/enode.h"
#include "sim/virtual/virtual.h"

enum { TARGET = 0, SITE_WHOM = 5000, SITE_TIMES, SITE_LONG, SITE_HOW_LONG };

static const uint64_t MS = 1000000, SILENT_NS = 1000000000;

static const struct {
    enum lq_fault fault;
    uint32_t kind; /* enum lq_scn_fabric_kind */
} rows[] = {{LQ_FAULT_FABRIC_RSCN, LQ_SCN_FABRIC_RSCN},
            {LQ_FAULT_FABRIC_CLEAR, LQ_SCN_FABRIC_CLEAR},
            {LQ_FAULT_FABRIC_LOGOUT, LQ_SCN_FABRIC_LOGOUT},
            {LQ_FAULT_FABRIC_REFUSE, LQ_SCN_FABRIC_REFUSE},
            {LQ_FAULT_FABRIC_SILENT, LQ_SCN_FABRIC_SILENT},
            {LQ_FAULT_LINK_DOWN, LQ_SCN_FABRIC_LINK_DOWN}};

enum { DRAWN = 5, ROWS = sizeof rows / sizeof rows[0] }; /* links go down by frames (frames.c) */

static const char no_target[] = "it never happened: the target was down";
static const char no_address[] = "it never happened: the initiator had no address in the fabric";

/* --- deeds ---------------------------------------------------------------------------------- */

static void give(struct virtual_world *virtual, enum lq_fcoe_deed deed, uint32_t number)
{
    struct lq_input input = {.kind = LQ_INPUT_FABRIC,
                             .now_ns = virtual->world.env.now_ns,
                             .code = (uint32_t)deed,
                             .number = number};
    (void)lq_shard_input(virtual->shard, &input);
}

/* One more state change is told, as long as some are left. */
static void rscn_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, rscn);
    if (virtual->shard != NULL)
        give(virtual, LQ_FCOE_NOTIFY, 0);
    if (--virtual->rscns_left > 0)
        lq_queue_at(&virtual->world.queue, timer, virtual->world.env.now_ns + MS, rscn_fires);
}

static void tell_changes(struct virtual_world *virtual, uint64_t times)
{
    virtual->rscns_left = times;
    rscn_fires(&virtual->rscn);
}

/* To the N_Port of one initiator, or all. Returns why not. */
static const char *tell(struct virtual_world *virtual, enum lq_fcoe_deed deed,
                        uint32_t initiator_or_all)
{
    if (initiator_or_all == 0) {
        give(virtual, deed, 0);
        return NULL;
    }
    const struct lq_actor *actor = &virtual->world.actors[initiator_or_all - 1];
    uint32_t fc_id = lq_enode_address(actor->fcp.enode, 0);
    if (fc_id == 0)
        return no_address;
    give(virtual, deed, fc_id);
    return NULL;
}

static const char *happen(struct virtual_world *virtual, const struct lq_scn_fabric *event)
{
    struct lq_frames *frames = &virtual->frames;
    switch (event->kind) {
    case LQ_SCN_FABRIC_LINK_DOWN:
        lq_frames_flap(frames, event->initiator_or_all, event->for_ns);
        return NULL;
    case LQ_SCN_FABRIC_LINK_UP:
        lq_frames_set_carrier(frames, event->initiator_or_all, true);
        return NULL;
    case LQ_SCN_FABRIC_SILENT:
        lq_frames_mute(frames, TARGET, event->for_ns);
        return NULL;
    default:
        break;
    }
    if (virtual->shard == NULL)
        return no_target;
    switch (event->kind) {
    case LQ_SCN_FABRIC_RSCN:
        tell_changes(virtual, event->times);
        return NULL;
    case LQ_SCN_FABRIC_CLEAR:
        return tell(virtual, LQ_FCOE_CLEAR, event->initiator_or_all);
    case LQ_SCN_FABRIC_LOGOUT:
        return tell(virtual, LQ_FCOE_LOG_OUT, event->initiator_or_all);
    default:
        LQ_ASSERT(event->kind == LQ_SCN_FABRIC_REFUSE);
        give(virtual, LQ_FCOE_REFUSE, (uint32_t)event->times);
        return NULL;
    }
}

const char *lq_fabric_happen(struct lq_world *world, const struct lq_scn_fabric *event)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    const char *refused = happen(virtual, event);
    for (uint32_t row = 0; row < ROWS && refused == NULL; row++)
        if (rows[row].kind == event->kind)
            lq_world_record(world, (struct lq_event){
                                       .kind = LQ_W_FAULT,
                                       .connection = lq_connection_of_link(event->initiator_or_all),
                                       .code = (uint32_t)rows[row].fault});
    return refused;
}

/* --- drawn ---------------------------------------------------------------------------------- */

static uint64_t draw(struct virtual_world *virtual, uint32_t site, uint64_t n)
{
    return lq_choose(virtual->world.faults.choice, LQ_STREAM_FAULT, site, virtual->steps, n);
}

/* Mostly shorter than anybody waits for a sign of life, sometimes longer. */
static uint64_t how_long(struct virtual_world *virtual)
{
    const struct lq_faults *faults = &virtual->world.faults;
    if (faults->rule != NULL)
        return lq_fault_delay(faults) != 0 ? lq_fault_delay(faults) : SILENT_NS;
    bool is_long = draw(virtual, SITE_LONG, 8) == 7;
    return MS + draw(virtual, SITE_HOW_LONG, (is_long ? 30000 : 500) * MS);
}

static void strike(struct virtual_world *virtual, uint32_t kind)
{
    struct lq_scn_fabric event = {.kind = kind, .times = 1};
    if (kind == LQ_SCN_FABRIC_CLEAR || kind == LQ_SCN_FABRIC_LOGOUT)
        event.initiator_or_all =
            (uint32_t)draw(virtual, SITE_WHOM, virtual->world.actor_count + 1);
    else if (kind == LQ_SCN_FABRIC_SILENT)
        event.for_ns = how_long(virtual);
    else
        event.times += draw(virtual, SITE_TIMES, kind == LQ_SCN_FABRIC_RSCN ? 50 : 4);
    (void)happen(virtual, &event);
    virtual->has_struck = true;
}

void lq_fabric_consider(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (world->plan.transport != LQ_OVER_FCP || virtual->shard == NULL)
        return;
    for (uint32_t row = 0; row < DRAWN; row++)
        if (lq_fault_fires(&world->faults, rows[row].fault, virtual->steps, 0))
            strike(virtual, rows[row].kind);
}

void lq_fabric_init(struct virtual_world *virtual)
{
    virtual->rscn = (struct lq_timer){.fire = rscn_fires};
    virtual->rscns_left = 0;
    virtual->world.fabric = virtual->world.plan.transport == LQ_OVER_FCP ? lq_fabric_happen : NULL;
}

void lq_fabric_heal(struct virtual_world *virtual)
{
    lq_queue_cancel(&virtual->world.queue, &virtual->rscn);
    if (virtual->world.plan.transport == LQ_OVER_FCP && virtual->shard != NULL)
        give(virtual, LQ_FCOE_REFUSE, 0);
}
