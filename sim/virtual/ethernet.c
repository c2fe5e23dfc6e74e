/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries frames between the switch, the target's frame device and the initiators' ports. Link
 * 0 is the target's, link N that of initiator N. The target is the fabric, too: when its link has
 * no carrier, nobody's has.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/heap.h"
#include "sim/virtual/virtual.h"

enum { TARGET = 0, ADDRESS_BYTES = 6, FILTERED_FRAMES = 128 };

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

static void give_frame(struct virtual_world *virtual, const uint8_t *bytes, uint32_t size_bytes)
{
    give(virtual, (struct lq_input){.kind = LQ_INPUT_FRAME, .bytes = bytes,
                                    .size_bytes = size_bytes});
}

/* The initiator's link that ADDRESS is behind; 0: it is of no one initiator. */
static uint32_t link_of(const struct virtual_world *virtual, const uint8_t *address)
{
    uint32_t link = lq_frames_look_up(&virtual->frames, lq_get_be48(address));
    return link == LQ_FRAME_LINKS_MAX ? 0 : link;
}

static bool is_filtered(const struct virtual_world *virtual)
{
    return virtual->frame_filter != NULL && lq_frame_filter_is_active(virtual->frame_filter);
}

/* --- what the switch tells ------------------------------------------------------------------ */

static void arrived(void *context, uint32_t link, const uint8_t *bytes, uint32_t size_bytes)
{
    struct virtual_world *virtual = context;
    if (link != TARGET)
        lq_port_fcp_frame(actor_of(virtual, link), bytes, size_bytes);
    else if (is_filtered(virtual))
        lq_frame_filter_put(virtual->frame_filter, LQ_TO_TARGET,
                            link_of(virtual, bytes + ADDRESS_BYTES), bytes, size_bytes);
    else
        give_frame(virtual, bytes, size_bytes);
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

static void frame_deadline_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, frame_deadline);
    virtual->frame_deadline_ns = LQ_NEVER; /* settling lets pass what may */
}

/* --- life ----------------------------------------------------------------------------------- */

void lq_ethernet_reset(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    lq_frames_reset(&virtual->frames, &world->queue, &world->faults, &frame_events, virtual);
    world->ethernet = &ethernet_ops;
    virtual->frame_deadline = (struct lq_timer){.fire = frame_deadline_fires};
    virtual->frame_deadline_ns = LQ_NEVER;
}

/* Of an initiator's session, so that records of its commands and of their frames meet. */
static uint32_t connection_of(void *context, uint32_t link)
{
    struct virtual_world *virtual = context;
    const struct lq_connection *connection =
        link == TARGET ? NULL : actor_of(virtual, link)->connection;
    return connection != NULL ? connection->number : lq_connection_of_link(link);
}

struct lq_frame_filter *lq_ethernet_filter(struct virtual_world *virtual, struct lq_arena *arena)
{
    const struct lq_frame_filter_config config = {
        .parcels = FILTERED_FRAMES, .connection_of = connection_of, .context = virtual};
    return lq_frame_filter_make(arena, &config, &virtual->world.faults);
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
        if (is_filtered(virtual))
            lq_frame_filter_put(virtual->frame_filter, LQ_FROM_TARGET, link_of(virtual, bytes),
                                bytes, size_bytes);
        else
            lq_frames_send(&virtual->frames, TARGET, bytes, size_bytes);
        moved = true;
    }
    return moved;
}

/* What the filter has let pass. */
static bool pass(struct virtual_world *virtual)
{
    enum lq_direction direction;
    struct lq_slice frame;
    bool moved = false;
    while (virtual->frame_filter != NULL &&
           lq_frame_filter_next(virtual->frame_filter, &direction, &frame)) {
        moved = true;
        if (direction == LQ_TO_TARGET)
            give_frame(virtual, frame.bytes, frame.size_bytes);
        else
            lq_frames_send(&virtual->frames, TARGET, frame.bytes, frame.size_bytes);
    }
    return moved;
}

static void watch_filter(struct virtual_world *virtual)
{
    uint64_t deadline_ns = virtual->frame_filter == NULL
                               ? LQ_NEVER
                               : lq_frame_filter_deadline(virtual->frame_filter);
    if (deadline_ns == virtual->frame_deadline_ns)
        return;
    virtual->frame_deadline_ns = deadline_ns;
    lq_queue_at(&virtual->world.queue, &virtual->frame_deadline, deadline_ns,
                frame_deadline_fires);
}

bool lq_ethernet_settle(struct virtual_world *virtual)
{
    struct lq_world *world = &virtual->world;
    if (world->plan.transport != LQ_OVER_FCP)
        return false;
    bool moved = pump(virtual);
    moved |= pass(virtual);
    watch_filter(virtual);
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
