/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries bytes between TCP, the filter and the shard, and tells the shard of it, until
 * nothing moves at this instant.
 */
#include "core/base/assert.h"
#include "sim/virtual/virtual.h"

void lq_virtual_mark(struct virtual_world *virtual, struct virtual_connection *connection)
{
    if (!lq_link_is_linked(&connection->dirty))
        lq_list_append(&virtual->dirty, &connection->dirty);
}

struct lq_input_result lq_virtual_input(struct virtual_connection *connection,
                                        struct virtual_world *virtual, enum lq_input_kind kind,
                                        struct lq_input input)
{
    input.kind = kind;
    input.now_ns = virtual->world.env.now_ns;
    input.connection = connection->handle;
    return lq_shard_input(virtual->shard, &input);
}

void lq_virtual_lost(struct virtual_world *virtual, struct virtual_connection *connection,
                     enum lq_close how)
{
    if (!connection->is_at_target)
        return;
    connection->is_at_target = false;
    if (virtual->filter != NULL)
        lq_filter_close(virtual->filter, lq_virtual_slot(virtual, connection));
    virtual->by_handle[connection->handle.index] = NULL;
    (void)lq_virtual_input(connection, virtual, LQ_INPUT_LOST,
                           (struct lq_input){.code = (uint32_t)how});
}

/* Digests that PDUs of CONNECTION have since its login ended. */
static struct lq_iscsi_digests digests_of(struct virtual_world *virtual,
                                          const struct virtual_connection *connection)
{
    if (!connection->is_at_target)
        return (struct lq_iscsi_digests){false, false};
    return lq_iscsi_digests(lq_shard_iscsi(virtual->shard), connection->handle);
}

uint32_t lq_virtual_write(struct virtual_world *virtual, struct virtual_connection *connection,
                          enum lq_tcp_side side, const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t written = lq_tcp_write(connection->tcp, side, bytes, size_bytes);
    if (!lq_damage_is_over(&virtual->world.faults))
        lq_damage_written(&connection->damage[side], connection->tcp, side, bytes, written,
                          digests_of(virtual, connection));
    return written;
}

/* --- to the target -------------------------------------------------------------------------- */

/* Bytes pass by the filter untouched: there is none, or nothing to do for it. */
static bool is_plain(struct virtual_world *virtual, const struct virtual_connection *connection,
                     enum lq_direction direction)
{
    if (virtual->filter == NULL)
        return true;
    uint32_t slot = lq_virtual_slot(virtual, connection);
    struct lq_iscsi_digests digests = digests_of(virtual, connection);
    lq_filter_digests(virtual->filter, slot, digests.header, digests.data);
    return !lq_filter_is_active(virtual->filter, slot, direction);
}

static void saw(struct virtual_world *virtual, struct virtual_connection *connection,
                enum lq_direction direction, struct lq_slice slice, uint32_t taken_bytes)
{
    uint32_t left = direction == LQ_TO_TARGET ? slice.size_bytes - taken_bytes : 0;
    if (virtual->filter != NULL)
        lq_filter_saw(virtual->filter, lq_virtual_slot(virtual, connection), direction,
                      slice.bytes, taken_bytes, left);
}

static uint32_t offer(struct virtual_world *virtual, struct virtual_connection *connection,
                      struct lq_slice slice)
{
    struct lq_input input = {.bytes = slice.bytes, .size_bytes = slice.size_bytes};
    return lq_virtual_input(connection, virtual, LQ_INPUT_BYTES, input).taken_bytes;
}

static void tell_sent(struct virtual_world *virtual, struct virtual_connection *connection,
                      uint32_t size_bytes)
{
    if (size_bytes == 0)
        return;
    (void)lq_virtual_input(connection, virtual, LQ_INPUT_SENT,
                           (struct lq_input){.size_bytes = size_bytes});
    if (lq_tcp_peek(connection->tcp, LQ_TCP_TARGET).size_bytes > 0)
        lq_virtual_mark(virtual, connection); /* what it held back may be taken now */
}

/* The connection ends at a PDU: both sides lose it, in order or by RST. */
static void end_by_filter(struct virtual_world *virtual, struct virtual_connection *connection,
                          enum lq_close how)
{
    lq_virtual_lost(virtual, connection, how);
    if (how == LQ_CLOSE_FIN)
        lq_tcp_close(connection->tcp, LQ_TCP_TARGET);
    else
        lq_tcp_reset(connection->tcp, LQ_TCP_TARGET);
}

/* One step of what the filter makes of the bytes that have come; false: no more now. */
static bool feed_filtered(struct virtual_world *virtual, struct virtual_connection *connection)
{
    uint32_t slot = lq_virtual_slot(virtual, connection);
    struct lq_slice came = lq_tcp_peek(connection->tcp, LQ_TCP_TARGET);
    struct lq_filter_step step = lq_filter_next(virtual->filter, slot, LQ_TO_TARGET, came);
    if (step.end != 0) {
        end_by_filter(virtual, connection, step.end);
        return false;
    }
    lq_tcp_take(connection->tcp, LQ_TCP_TARGET, step.eaten_bytes);
    if (step.give.size_bytes == 0)
        return step.eaten_bytes > 0;
    uint32_t taken = offer(virtual, connection, step.give);
    lq_tcp_take(connection->tcp, LQ_TCP_TARGET,
                lq_filter_passed(virtual->filter, slot, LQ_TO_TARGET, &step, taken));
    return taken > 0;
}

/* As they are; false: no more now. */
static bool feed_plain(struct virtual_world *virtual, struct virtual_connection *connection)
{
    struct lq_slice slice = lq_tcp_peek(connection->tcp, LQ_TCP_TARGET);
    if (slice.size_bytes == 0)
        return false;
    uint32_t taken = offer(virtual, connection, slice);
    saw(virtual, connection, LQ_TO_TARGET, slice, taken);
    lq_tcp_take(connection->tcp, LQ_TCP_TARGET, taken);
    return taken > 0;
}

/* True when the target, or the filter, took some. */
static bool feed_target(struct virtual_world *virtual, struct virtual_connection *connection)
{
    bool took = false;
    while (connection->is_at_target) {
        bool moved = is_plain(virtual, connection, LQ_TO_TARGET)
                         ? feed_plain(virtual, connection)
                         : feed_filtered(virtual, connection);
        if (!moved)
            break;
        took = true;
    }
    return took;
}

/* --- from the target ------------------------------------------------------------------------ */

static void close_target(struct virtual_world *virtual, struct virtual_connection *connection,
                         enum lq_emit_end end)
{
    struct lq_tcp *tcp = connection->tcp;
    lq_virtual_lost(virtual, connection, LQ_CLOSE_BY_TARGET);
    if (end == LQ_EMIT_CLOSE_FLUSH)
        lq_tcp_close(tcp, LQ_TCP_TARGET);
    else
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
}

/* One step of what the filter makes of what the shard emits; false: no more now. */
static bool pump_filtered(struct virtual_world *virtual, struct virtual_connection *connection)
{
    uint32_t slot = lq_virtual_slot(virtual, connection);
    struct lq_slice came = {NULL, 0};
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(virtual->shard, connection->handle, &came, 1, &end);
    if (end == LQ_EMIT_CLOSE_FLUSH && count == 0)
        lq_filter_flush(virtual->filter, slot, LQ_FROM_TARGET);
    struct lq_filter_step step = lq_filter_next(virtual->filter, slot, LQ_FROM_TARGET, came);
    if (step.end != 0) {
        end_by_filter(virtual, connection, step.end);
        return false;
    }
    bool is_over = count == 0 && !lq_filter_keeps(virtual->filter, slot, LQ_FROM_TARGET);
    connection->is_closing = end == LQ_EMIT_CLOSE_FLUSH && count == 0;
    if (end == LQ_EMIT_CLOSE_RESET || (end == LQ_EMIT_CLOSE_FLUSH && is_over)) {
        close_target(virtual, connection, end);
        return false;
    }
    tell_sent(virtual, connection, step.eaten_bytes);
    if (step.give.size_bytes == 0)
        return step.eaten_bytes > 0;
    uint32_t written = lq_virtual_write(virtual, connection, LQ_TCP_TARGET, step.give.bytes,
                                        step.give.size_bytes);
    tell_sent(virtual, connection,
              lq_filter_passed(virtual->filter, slot, LQ_FROM_TARGET, &step, written));
    return written == step.give.size_bytes;
}

/* Sends what the target has for CONNECTION, as far as there is room: when there is more, or it is
 * to be closed, the shard says so again (lq_shard_next_ready). */
static void pump_target(struct virtual_world *virtual, struct virtual_connection *connection)
{
    enum { SLICES = 32 };
    struct lq_slice slices[SLICES];
    if (!is_plain(virtual, connection, LQ_FROM_TARGET)) {
        while (connection->is_at_target && pump_filtered(virtual, connection))
            continue;
        return;
    }
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(virtual->shard, connection->handle, slices, SLICES, &end);
    if (end == LQ_EMIT_CLOSE_RESET || (count == 0 && end == LQ_EMIT_CLOSE_FLUSH)) {
        close_target(virtual, connection, end);
        return;
    }
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t written = lq_virtual_write(virtual, connection, LQ_TCP_TARGET, slices[i].bytes,
                                            slices[i].size_bytes);
        total += written;
        saw(virtual, connection, LQ_FROM_TARGET, slices[i], written);
        if (written < slices[i].size_bytes)
            break;
    }
    tell_sent(virtual, connection, total);
}

/* --- turns ---------------------------------------------------------------------------------- */

static void serve(struct virtual_world *virtual, struct virtual_connection *connection)
{
    bool took = !connection->is_closing && feed_target(virtual, connection);
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
        lq_virtual_mark(virtual, connection);
}

static void deadline_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, deadline);
    virtual->deadline_ns = LQ_NEVER;
    struct lq_input input = {.kind = LQ_INPUT_EXPIRE, .now_ns = virtual->world.env.now_ns};
    (void)lq_shard_input(virtual->shard, &input);
}

static void filter_deadline_fires(struct lq_timer *timer)
{
    struct virtual_world *virtual = LQ_ELEMENT(timer, struct virtual_world, filter_deadline);
    virtual->filter_deadline_ns = LQ_NEVER;
    lq_filter_expire(virtual->filter);
    for (uint32_t i = 0; i < LQ_PLAN_CONNECTIONS_MAX; i++) {
        if (!virtual->connections[i].is_at_target)
            continue;
        virtual->connections[i].has_room = true;
        lq_virtual_mark(virtual, &virtual->connections[i]);
    }
}

/* What the filter keeps goes on at its time. */
static void watch_filter(struct virtual_world *virtual)
{
    uint64_t deadline = virtual->filter == NULL ? LQ_NEVER : lq_filter_deadline(virtual->filter);
    if (deadline == virtual->filter_deadline_ns)
        return;
    virtual->filter_deadline_ns = deadline;
    if (deadline < virtual->world.env.now_ns)
        deadline = virtual->world.env.now_ns;
    lq_queue_at(&virtual->world.queue, &virtual->filter_deadline, deadline, filter_deadline_fires);
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
        if (link == NULL && !lq_ethernet_settle(virtual))
            break;
        if (link != NULL)
            serve(virtual, LQ_ELEMENT(link, struct virtual_connection, dirty));
    }
    watch_filter(virtual);
    uint64_t deadline = virtual->shard == NULL ? LQ_NEVER : lq_shard_deadline(virtual->shard);
    if (deadline == virtual->deadline_ns)
        return;
    virtual->deadline_ns = deadline;
    if (deadline < virtual->world.env.now_ns)
        deadline = virtual->world.env.now_ns;
    lq_queue_at(&virtual->world.queue, &virtual->deadline, deadline, deadline_fires);
}
