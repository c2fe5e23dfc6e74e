/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries frames between the switch, the target's frame device and the initiators' ports. Link
 * 0 is the target's, link N that of initiator N. The target is the fabric, too: when its link has
 * no carrier, nobody's has.
 */
#include <string.h>

#include "core/base/assert.h"
#include "sim/virtual/virtual.h"

enum { TARGET = 0 };

static struct lq_actor *actor_of(struct virtual_world *virtual, uint32_t link)
{
    return &virtual->world.actors[link - 1];
}

static void give(struct virtual_world *virtual, struct lq_input input)
{
    if (virtual->shard == NULL)
        return;
    input.now_ns = virtual->world.env.now_ns;
    (void)lq_shard_input(virtual->shard, &input);
}

/* --- what the switch tells ------------------------------------------------------------------ */

static void arrived(void *context, uint32_t link, const uint8_t *bytes, uint32_t size_bytes)
{
    struct virtual_world *virtual = context;
    if (link == TARGET)
        give(virtual, (struct lq_input){.kind = LQ_INPUT_FRAME, .bytes = bytes,
                                        .size_bytes = size_bytes});
    else
        lq_port_fcp_frame(actor_of(virtual, link), bytes, size_bytes);
}

static void room(void *context, uint32_t link)
{
    struct virtual_world *virtual = context;
    if (link != TARGET)
        actor_of(virtual, link)->fcp.is_marked = true;
}

static void carrier(void *context, uint32_t link, bool is_up)
{
    struct virtual_world *virtual = context;
    if (link != TARGET) {
        lq_port_fcp_carrier(actor_of(virtual, link), is_up);
        return;
    }
    give(virtual, (struct lq_input){.kind = LQ_INPUT_LINK, .code = is_up});
    for (uint32_t i = 1; i <= virtual->world.actor_count; i++)
        lq_frames_set_carrier(&virtual->frames, i, is_up);
}

static const struct lq_frame_events frame_events = {arrived, room, carrier};

/* --- the network as initiators use it ------------------------------------------------------- */

static void set_carrier(struct lq_world *world, struct lq_actor *actor, bool is_up)
{
    lq_frames_set_carrier(&lq_virtual_of(world)->frames, actor->number, is_up);
}

static bool has_room(struct lq_world *world, struct lq_actor *actor)
{
    return lq_frames_has_room(&lq_virtual_of(world)->frames, actor->number);
}

static void send(struct lq_world *world, struct lq_actor *actor, const uint8_t *bytes,
                 uint32_t size_bytes)
{
    lq_frames_send(&lq_virtual_of(world)->frames, actor->number, bytes, size_bytes);
}

static void mark(struct lq_world *world, struct lq_actor *actor)
{
    (void)world;
    actor->fcp.is_marked = true;
}

static const struct lq_frame_network_ops ethernet_ops = {set_carrier, has_room, send, mark};

/* --- life ----------------------------------------------------------------------------------- */

void lq_ethernet_reset(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    lq_frames_reset(&virtual->frames, &world->queue, &world->faults, &frame_events, virtual);
    world->ethernet = &ethernet_ops;
}

void lq_ethernet_open(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (world->plan.transport != LQ_OVER_FCP)
        return;
    LQ_ASSERT(world->actor_count < LQ_FRAME_LINKS_MAX);
    lq_frames_open(&virtual->frames, TARGET, &world->plan.link);
    carrier(virtual, TARGET, true);
    for (uint32_t i = 1; i <= world->actor_count; i++) {
        lq_frames_open(&virtual->frames, i, &world->plan.ways[i - 1].link);
        carrier(virtual, i, true);
    }
}

void lq_ethernet_power(struct virtual_world *virtual, bool is_on)
{
    struct lq_world *world = &virtual->world;
    if (world->plan.transport != LQ_OVER_FCP)
        return;
    if (!is_on)
        lq_frames_lose(&virtual->frames, TARGET);
    lq_frames_set_carrier(&virtual->frames, TARGET, is_on);
}

/* --- turns ---------------------------------------------------------------------------------- */

/* Sends what the target has, as far as there is room. */
static bool pump(struct virtual_world *virtual)
{
    struct lq_slice slices[LQ_FCOE_FRAME_SLICES];
    uint8_t bytes[LQ_FCOE_BYTES_MAX];
    bool moved = false;
    while (virtual->shard != NULL && lq_frames_has_room(&virtual->frames, TARGET)) {
        uint32_t count = lq_shard_emit_frame(virtual->shard, slices), size_bytes = 0;
        if (count == 0)
            break;
        for (uint32_t i = 0; i < count; i++) {
            LQ_ASSERT(slices[i].size_bytes <= sizeof bytes - size_bytes);
            if (slices[i].size_bytes > 0)
                memcpy(bytes + size_bytes, slices[i].bytes, slices[i].size_bytes);
            size_bytes += slices[i].size_bytes;
        }
        give(virtual, (struct lq_input){.kind = LQ_INPUT_FRAME_SENT});
        lq_frames_send(&virtual->frames, TARGET, bytes, size_bytes);
        moved = true;
    }
    return moved;
}

bool lq_ethernet_settle(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (world->plan.transport != LQ_OVER_FCP)
        return false;
    bool moved = pump(virtual);
    for (uint32_t i = 0; i < world->actor_count; i++) {
        struct lq_actor *actor = &world->actors[i];
        if (!actor->fcp.is_marked)
            continue;
        actor->fcp.is_marked = false;
        lq_actor_turn(actor);
        moved = true;
    }
    return moved;
}
