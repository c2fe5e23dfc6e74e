/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: each pipe keeps its bytes in a ring, and the ends and arrival times of its segments in a
 * small queue; one timer per pipe stands at the earliest arrival. Draws are named by connection,
 * side and stream offset.
 */
#include "sim/virtual/tcp.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/list.h"

enum site { SITE_LATENCY = 1, SITE_CUT_AT, SITE_SLOW, SITE_STALL, SITE_DOOM, SITE_CONNECT };

enum { SLOW_FACTOR = 30, PIECE_FACTOR = 3 };

static const uint64_t SYN_AGAIN_NS = 1000000000;

static void pipe_fire(struct lq_timer *timer);
static void doom_fire(struct lq_timer *timer);
static void connect_fire(struct lq_timer *timer);

void lq_net_init(struct lq_net *net, const struct lq_allocator *allocator, uint32_t capacity)
{
    *net = (struct lq_net){.allocator = allocator, .capacity = capacity};
    net->connections = lq_resize(allocator, NULL, 0, capacity * sizeof *net->connections);
    net->rings = lq_resize(allocator, NULL, 0,
                           (uint64_t)capacity * LQ_TCP_SIDES * LQ_TCP_WINDOW_BYTES_MAX);
}

void lq_net_fini(struct lq_net *net)
{
    (void)lq_resize(net->allocator, net->connections, net->capacity * sizeof *net->connections, 0);
    (void)lq_resize(net->allocator, net->rings,
                    (uint64_t)net->capacity * LQ_TCP_SIDES * LQ_TCP_WINDOW_BYTES_MAX, 0);
}

static void reset_pipe(struct lq_tcp_pipe *pipe, struct lq_tcp *tcp, uint8_t *ring)
{
    pipe->timer = (struct lq_timer){.fire = pipe_fire};
    pipe->tcp = tcp;
    pipe->ring = ring;
    pipe->written = pipe->arrived = pipe->taken = 0;
    pipe->busy_until_ns = pipe->last_arrival_ns = 0;
    pipe->first_segment = pipe->segment_count = 0;
    pipe->is_finished = pipe->is_refused = false;
}

static void reset_slot(struct lq_net *net, uint32_t at)
{
    struct lq_tcp *tcp = &net->connections[at];
    tcp->net = net;
    tcp->connect_timer = tcp->doom_timer = (struct lq_timer){.fire = doom_fire};
    tcp->number = tcp->doom = 0;
    tcp->is_open[LQ_TCP_INITIATOR] = tcp->is_open[LQ_TCP_TARGET] = false;
    tcp->is_accepted = tcp->is_cut = tcp->is_forgotten = false;
    tcp->user = NULL;
    for (uint32_t side = 0; side < LQ_TCP_SIDES; side++)
        reset_pipe(&tcp->pipes[side], tcp,
                   net->rings + ((uint64_t)at * LQ_TCP_SIDES + side) * LQ_TCP_WINDOW_BYTES_MAX);
}

void lq_net_reset(struct lq_net *net, struct lq_queue *queue, struct lq_faults *faults,
                  const struct lq_tcp_events *events, void *context)
{
    net->queue = queue;
    net->faults = faults;
    net->events = events;
    net->context = context;
    net->in_use = 0;
    net->message_bytes = NULL;
    net->target_is_off = false;
    for (uint32_t i = 0; i < net->capacity; i++)
        reset_slot(net, i);
}

static enum lq_tcp_side other(enum lq_tcp_side side)
{
    return side == LQ_TCP_INITIATOR ? LQ_TCP_TARGET : LQ_TCP_INITIATOR;
}

static uint64_t now_of(const struct lq_tcp *tcp)
{
    return *tcp->net->queue->now_ns;
}

static uint64_t between(const struct lq_tcp *tcp, enum site site, uint64_t subject, uint64_t low,
                        uint64_t high)
{
    return lq_choose_range(tcp->net->faults->choice, LQ_STREAM_NETWORK, (uint32_t)site, subject,
                           low, high);
}

static uint64_t subject_of(const struct lq_tcp *tcp, enum lq_tcp_side side, uint64_t offset)
{
    return lq_subject((uint64_t)tcp->number << 1 | (uint64_t)side, offset);
}

static uint64_t latency_of(const struct lq_tcp *tcp, enum site site, uint64_t subject)
{
    const struct lq_tcp_options *options = tcp->options;
    return between(tcp, site, subject, options->latency_min_ns, options->latency_max_ns);
}

/* --- life ----------------------------------------------------------------------------------- */

struct lq_tcp *lq_tcp_open(struct lq_net *net, const struct lq_tcp_options *options,
                           uint32_t number, void *user)
{
    LQ_ASSERT(options->window_bytes > 0 && options->window_bytes <= LQ_TCP_WINDOW_BYTES_MAX &&
              (options->window_bytes & (options->window_bytes - 1)) == 0);
    LQ_ASSERT(options->latency_min_ns <= options->latency_max_ns);
    LQ_ASSERT(number != 0);
    for (uint32_t i = 0; i < net->capacity; i++) {
        struct lq_tcp *tcp = &net->connections[i];
        if (tcp->number != 0)
            continue;
        reset_slot(net, i);
        net->in_use++;
        tcp->number = number;
        tcp->options = options;
        tcp->user = user;
        tcp->is_open[LQ_TCP_INITIATOR] = tcp->is_open[LQ_TCP_TARGET] = true;
        uint64_t latency = latency_of(tcp, SITE_CONNECT, subject_of(tcp, LQ_TCP_INITIATOR, 0));
        lq_queue_at(net->queue, &tcp->connect_timer, now_of(tcp) + latency, connect_fire);
        return tcp;
    }
    return NULL;
}

/* Frees the slot when neither side listens and nothing is on its way to one that does. */
static void settle(struct lq_tcp *tcp)
{
    if (tcp->number == 0 || tcp->is_open[LQ_TCP_INITIATOR] || tcp->is_open[LQ_TCP_TARGET])
        return;
    struct lq_queue *queue = tcp->net->queue;
    lq_queue_cancel(queue, &tcp->connect_timer);
    lq_queue_cancel(queue, &tcp->doom_timer);
    lq_queue_cancel(queue, &tcp->pipes[LQ_TCP_INITIATOR].timer);
    lq_queue_cancel(queue, &tcp->pipes[LQ_TCP_TARGET].timer);
    tcp->number = 0;
    tcp->net->in_use--;
}

static void lose(struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    if (!tcp->is_open[side])
        return;
    tcp->is_open[side] = false;
    if (side == LQ_TCP_INITIATOR || tcp->is_accepted)
        tcp->net->events->lost(tcp->net->context, tcp, side, how);
}

static void connect_fire(struct lq_timer *timer)
{
    struct lq_tcp *tcp = LQ_ELEMENT(timer, struct lq_tcp, connect_timer);
    struct lq_net *net = tcp->net;
    if (!tcp->is_accepted) {
        if (net->target_is_off && !tcp->is_cut) { /* SYN again [RFC 6298 2] */
            lq_queue_at(net->queue, timer, now_of(tcp) + SYN_AGAIN_NS, connect_fire);
            return;
        }
        if (tcp->is_cut) {
            tcp->is_open[LQ_TCP_TARGET] = false; /* it never heard of it */
            lq_queue_at(net->queue, timer, now_of(tcp) + tcp->options->timeout_ns, connect_fire);
            tcp->is_accepted = true;
            return;
        }
        uint64_t latency = latency_of(tcp, SITE_CONNECT, subject_of(tcp, LQ_TCP_TARGET, 0));
        lq_queue_at(net->queue, timer, now_of(tcp) + latency, connect_fire);
        tcp->is_accepted = true;
        net->events->accepted(net->context, tcp);
    } else if (!tcp->is_cut) {
        if (tcp->is_open[LQ_TCP_INITIATOR])
            net->events->connected(net->context, tcp);
    } else {
        lose(tcp, LQ_TCP_INITIATOR, LQ_CLOSE_TIMEOUT);
        settle(tcp);
    }
}

/* --- bytes ---------------------------------------------------------------------------------- */

static uint64_t arrival_of(struct lq_tcp *tcp, enum lq_tcp_side side, uint64_t offset,
                           uint32_t bytes)
{
    struct lq_net *net = tcp->net;
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    uint64_t subject = subject_of(tcp, side, offset);
    uint64_t now = now_of(tcp);
    if (pipe->busy_until_ns < now)
        pipe->busy_until_ns = now;
    pipe->busy_until_ns += bytes * tcp->options->byte_ns_x16 / 16;
    uint64_t latency = latency_of(tcp, SITE_LATENCY, subject);
    if (lq_fault_fires(net->faults, LQ_FAULT_NET_LATENCY, subject, tcp->number))
        latency = latency * (1 + between(tcp, SITE_SLOW, subject, 1, SLOW_FACTOR)) +
                  lq_fault_delay(net->faults);
    if (lq_fault_fires(net->faults, LQ_FAULT_NET_STALL, subject, tcp->number))
        latency += between(tcp, SITE_STALL, subject, latency,
                           latency + tcp->options->stall_max_ns) +
                   lq_fault_delay(net->faults);
    uint64_t arrival = pipe->busy_until_ns + latency;
    if (arrival < pipe->last_arrival_ns)
        arrival = pipe->last_arrival_ns;
    pipe->last_arrival_ns = arrival;
    return arrival;
}

static void add_segment(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t bytes)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    LQ_ASSERT(pipe->segment_count < LQ_TCP_SEGMENTS);
    uint32_t at = (pipe->first_segment + pipe->segment_count++) % LQ_TCP_SEGMENTS;
    uint64_t arrival = arrival_of(tcp, side, pipe->written, bytes);
    pipe->written += bytes;
    pipe->segments[at] = (struct lq_tcp_segment){pipe->written, now_of(tcp), arrival};
    if (pipe->segment_count == 1)
        lq_queue_at(tcp->net->queue, &pipe->timer, arrival, pipe_fire);
}

/* Lengthens the last segment when it was written at this instant. */
static bool lengthen_segment(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t bytes)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    uint32_t at = (pipe->first_segment + pipe->segment_count - 1) % LQ_TCP_SEGMENTS;
    struct lq_tcp_segment *segment = &pipe->segments[at];
    if (pipe->segment_count == 0 || segment->written_ns != now_of(tcp))
        return false;
    uint64_t duration = bytes * tcp->options->byte_ns_x16 / 16;
    pipe->written += bytes;
    pipe->busy_until_ns += duration;
    pipe->last_arrival_ns += duration;
    segment->end = pipe->written;
    segment->arrival_ns = pipe->last_arrival_ns;
    if (pipe->segment_count == 1 && duration > 0)
        lq_queue_at(tcp->net->queue, &pipe->timer, segment->arrival_ns, pipe_fire);
    return true;
}

static void copy_in(struct lq_tcp_pipe *pipe, uint32_t window, const uint8_t *bytes, uint32_t size)
{
    uint32_t at = (uint32_t)pipe->written & (window - 1);
    uint32_t first = size < window - at ? size : window - at;
    memcpy(pipe->ring + at, bytes, first);
    if (first < size)
        memcpy(pipe->ring, bytes + first, size - first);
}

/* Asks once per write whether this connection is to end, some time from now. */
static void consider_doom(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    static const enum lq_fault dooms[] = {LQ_FAULT_NET_RESET, LQ_FAULT_NET_FIN,
                                          LQ_FAULT_NET_HALF_OPEN};
    uint64_t subject = subject_of(tcp, side, tcp->pipes[side].written);
    for (uint32_t i = 0; i < sizeof dooms / sizeof dooms[0] && tcp->doom == 0; i++)
        if (lq_fault_fires(tcp->net->faults, dooms[i], subject, tcp->number))
            tcp->doom = (uint32_t)dooms[i];
    if (tcp->doom != 0)
        lq_queue_at(tcp->net->queue, &tcp->doom_timer,
                    now_of(tcp) + between(tcp, SITE_DOOM, subject, 0,
                                          2 * tcp->options->latency_max_ns),
                    doom_fire);
}

uint32_t lq_tcp_write(struct lq_tcp *tcp, enum lq_tcp_side side, const uint8_t *bytes,
                      uint32_t size_bytes)
{
    LQ_ASSERT(tcp->is_open[side]);
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    uint32_t window = tcp->options->window_bytes;
    uint32_t room = window - (uint32_t)(pipe->written - pipe->taken);
    if (pipe->segment_count + 2 > LQ_TCP_SEGMENTS)
        room = 0;
    uint32_t size = size_bytes < room ? size_bytes : room;
    pipe->is_refused = size < size_bytes;
    if (size == 0)
        return 0;
    if (tcp->is_cut) {
        pipe->written += size;
        if (!lq_timer_is_set(&pipe->timer))
            lq_queue_at(tcp->net->queue, &pipe->timer, now_of(tcp) + tcp->options->timeout_ns,
                        pipe_fire);
        return size;
    }
    if (tcp->doom == 0)
        consider_doom(tcp, side);
    copy_in(pipe, window, bytes, size);
    if (tcp->net->message_bytes != NULL) {
        pipe->written += size;
        return size;
    }
    uint64_t subject = subject_of(tcp, side, pipe->written);
    if (size > 1 && lq_fault_fires(tcp->net->faults, LQ_FAULT_NET_SEGMENT, subject, tcp->number)) {
        uint32_t first = (uint32_t)between(tcp, SITE_CUT_AT, subject, 1, size - 1);
        add_segment(tcp, side, first);
        pipe->busy_until_ns += PIECE_FACTOR * tcp->options->latency_min_ns;
        add_segment(tcp, side, size - first);
    } else if (!lengthen_segment(tcp, side, size)) {
        add_segment(tcp, side, size);
    }
    return size;
}

void lq_tcp_damage(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t from_end, uint8_t mask)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    LQ_ASSERT(from_end > 0);
    if (tcp->is_cut || from_end > pipe->written - pipe->arrived)
        return;
    uint32_t window = tcp->options->window_bytes;
    pipe->ring[(uint32_t)(pipe->written - from_end) & (window - 1)] ^= mask;
}

struct lq_slice lq_tcp_peek(const struct lq_tcp *tcp, enum lq_tcp_side side)
{
    const struct lq_tcp_pipe *pipe = &tcp->pipes[other(side)];
    uint32_t window = tcp->options->window_bytes;
    uint32_t at = (uint32_t)pipe->taken & (window - 1);
    uint32_t size = (uint32_t)(pipe->arrived - pipe->taken);
    if (size > window - at)
        size = window - at;
    return (struct lq_slice){pipe->ring + at, size};
}

void lq_tcp_take(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t size_bytes)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[other(side)];
    LQ_ASSERT(size_bytes <= pipe->arrived - pipe->taken);
    pipe->taken += size_bytes;
}

bool lq_tcp_wants_room(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    if (!pipe->is_refused || !tcp->is_open[side] ||
        pipe->written - pipe->taken >= tcp->options->window_bytes ||
        pipe->segment_count + 2 > LQ_TCP_SEGMENTS)
        return false;
    pipe->is_refused = false;
    return true;
}

/* --- ends ----------------------------------------------------------------------------------- */

/* A segment has reached a host that has forgotten the connection. It is sent again until the host
 * answers, or the sender gives up. */
static void knock(struct lq_tcp *tcp)
{
    const struct lq_net *net = tcp->net;
    if (lq_timer_is_set(&tcp->doom_timer))
        return;
    tcp->doom = LQ_FAULT_NET_RESET;
    lq_queue_at(net->queue, &tcp->doom_timer,
                now_of(tcp) + (net->target_is_off ? tcp->options->timeout_ns
                                                  : tcp->options->latency_min_ns), doom_fire);
}

void lq_net_target_off(struct lq_net *net)
{
    net->target_is_off = true;
    for (uint32_t i = 0; i < net->capacity; i++) {
        struct lq_tcp *tcp = &net->connections[i];
        if (tcp->number == 0 || !tcp->is_accepted || !tcp->is_open[LQ_TCP_TARGET])
            continue;
        tcp->is_open[LQ_TCP_TARGET] = false;
        tcp->is_forgotten = !tcp->is_cut;
        lq_queue_cancel(net->queue, &tcp->doom_timer);
        tcp->doom = 0;
        settle(tcp);
    }
}

void lq_net_target_on(struct lq_net *net)
{
    net->target_is_off = false;
    for (uint32_t i = 0; i < net->capacity; i++) {
        struct lq_tcp *tcp = &net->connections[i];
        if (tcp->number != 0 && tcp->is_forgotten && lq_timer_is_set(&tcp->doom_timer))
            lq_queue_at(net->queue, &tcp->doom_timer,
                        *net->queue->now_ns + tcp->options->latency_max_ns, doom_fire);
    }
}

/* Something of PIPE has arrived. */
static void tell_arrival(struct lq_tcp_pipe *pipe, enum lq_tcp_side reader)
{
    struct lq_tcp *tcp = pipe->tcp;
    if (!tcp->is_open[reader])
        pipe->taken = pipe->arrived; /* nobody reads: the host drops it */
    if (tcp->is_forgotten && reader == LQ_TCP_TARGET)
        knock(tcp);
    tcp->net->events->arrived(tcp->net->context, tcp, reader);
    settle(tcp);
}

/* The timer of a live world may fire late: the next segment may be due already. */
static void await_segment(struct lq_tcp_pipe *pipe)
{
    uint64_t arrival_ns = pipe->segments[pipe->first_segment].arrival_ns;
    uint64_t now_ns = now_of(pipe->tcp);
    lq_queue_at(pipe->tcp->net->queue, &pipe->timer, arrival_ns < now_ns ? now_ns : arrival_ns,
                pipe_fire);
}

/* Bytes of PIPE, or its FIN, arrive; or the sender of a cut pipe gives up. */
static void pipe_fire(struct lq_timer *timer)
{
    struct lq_tcp_pipe *pipe = LQ_ELEMENT(timer, struct lq_tcp_pipe, timer);
    struct lq_tcp *tcp = pipe->tcp;
    struct lq_net *net = tcp->net;
    enum lq_tcp_side writer = pipe == &tcp->pipes[LQ_TCP_TARGET] ? LQ_TCP_TARGET
                                                                 : LQ_TCP_INITIATOR;
    if (tcp->is_cut) {
        lose(tcp, writer, LQ_CLOSE_TIMEOUT);
        settle(tcp);
        return;
    }
    if (pipe->segment_count > 0) {
        pipe->arrived = pipe->segments[pipe->first_segment].end;
        pipe->first_segment = (pipe->first_segment + 1) % LQ_TCP_SEGMENTS;
        pipe->segment_count--;
    }
    if (pipe->segment_count > 0)
        await_segment(pipe);
    else if (pipe->is_finished && pipe->taken == pipe->written)
        lose(tcp, other(writer), LQ_CLOSE_FIN);
    else if (pipe->is_finished)
        lq_queue_at(net->queue, timer, now_of(tcp) + tcp->options->latency_max_ns, pipe_fire);
    tell_arrival(pipe, other(writer));
}

/* --- whole messages ------------------------------------------------------------------------- */

/* Length of the message of PIPE that has not arrived, 0: there is none yet. */
static uint32_t first_message(const struct lq_tcp *tcp, const struct lq_tcp_pipe *pipe)
{
    uint64_t there = pipe->written - pipe->arrived;
    if (there < LQ_TCP_MESSAGE_HEAD_BYTES)
        return 0;
    uint8_t head[LQ_TCP_MESSAGE_HEAD_BYTES];
    for (uint32_t i = 0; i < LQ_TCP_MESSAGE_HEAD_BYTES; i++)
        head[i] = pipe->ring[(uint32_t)(pipe->arrived + i) & (tcp->options->window_bytes - 1)];
    uint32_t bytes = tcp->net->message_bytes(head);
    return bytes <= there ? bytes : 0;
}

bool lq_tcp_is_due(const struct lq_tcp *tcp, enum lq_tcp_side writer)
{
    const struct lq_tcp_pipe *pipe = &tcp->pipes[writer];
    if (tcp->number == 0 || tcp->is_cut)
        return false;
    return first_message(tcp, pipe) > 0 ||
           (pipe->is_finished && pipe->taken == pipe->written && tcp->is_open[other(writer)]);
}

bool lq_tcp_has_message(const struct lq_tcp *tcp, enum lq_tcp_side writer)
{
    return first_message(tcp, &tcp->pipes[writer]) > 0;
}

uint8_t lq_tcp_first_byte(const struct lq_tcp *tcp, enum lq_tcp_side writer)
{
    const struct lq_tcp_pipe *pipe = &tcp->pipes[writer];
    return pipe->ring[(uint32_t)pipe->arrived & (tcp->options->window_bytes - 1)];
}

void lq_tcp_deliver(struct lq_tcp *tcp, enum lq_tcp_side writer)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[writer];
    uint32_t bytes = first_message(tcp, pipe);
    if (bytes == 0)
        lose(tcp, other(writer), LQ_CLOSE_FIN);
    pipe->arrived += bytes;
    tell_arrival(pipe, other(writer));
}

/* --- the ways to end ------------------------------------------------------------------------ */

/* True when the target has not heard of the connection yet: then nobody else needs to. */
static bool ends_unheard(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    if (tcp->is_accepted || side != LQ_TCP_INITIATOR)
        return false;
    tcp->is_open[LQ_TCP_INITIATOR] = tcp->is_open[LQ_TCP_TARGET] = false;
    settle(tcp);
    return true;
}

static void finish(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    struct lq_tcp_pipe *pipe = &tcp->pipes[side];
    pipe->is_finished = true;
    if (!tcp->is_cut && pipe->segment_count == 0 && tcp->net->message_bytes == NULL)
        lq_queue_at(tcp->net->queue, &pipe->timer, arrival_of(tcp, side, pipe->written, 0),
                    pipe_fire);
}

void lq_tcp_close(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    LQ_ASSERT(tcp->is_open[side]);
    if (ends_unheard(tcp, side))
        return;
    tcp->is_open[side] = false;
    finish(tcp, side);
    settle(tcp);
}

void lq_tcp_abandon(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    if (ends_unheard(tcp, side))
        return;
    tcp->is_open[side] = false;
    settle(tcp);
}

static void drop_all(struct lq_tcp *tcp)
{
    for (uint32_t side = 0; side < LQ_TCP_SIDES; side++) {
        struct lq_tcp_pipe *pipe = &tcp->pipes[side];
        lq_queue_cancel(tcp->net->queue, &pipe->timer);
        pipe->written = pipe->arrived = pipe->taken;
        pipe->segment_count = 0;
    }
}

void lq_tcp_reset(struct lq_tcp *tcp, enum lq_tcp_side side)
{
    if (ends_unheard(tcp, side))
        return;
    tcp->is_open[side] = false;
    if (!tcp->is_cut) {
        drop_all(tcp);
        tcp->doom = LQ_FAULT_NET_RESET;
        lq_queue_at(tcp->net->queue, &tcp->doom_timer,
                    now_of(tcp) + tcp->options->latency_min_ns, doom_fire);
    }
    settle(tcp);
}

void lq_tcp_cut(struct lq_tcp *tcp)
{
    if (tcp->is_cut)
        return;
    tcp->is_cut = true;
    tcp->is_forgotten = false;
    lq_queue_cancel(tcp->net->queue, &tcp->doom_timer);
    for (uint32_t side = 0; side < LQ_TCP_SIDES; side++) {
        struct lq_tcp_pipe *pipe = &tcp->pipes[side];
        bool unheard = pipe->written > pipe->arrived;
        pipe->segment_count = 0;
        lq_queue_at(tcp->net->queue, &pipe->timer,
                    unheard ? now_of(tcp) + tcp->options->timeout_ns : LQ_NEVER, pipe_fire);
    }
    settle(tcp);
}

static void doom_fire(struct lq_timer *timer)
{
    struct lq_tcp *tcp = LQ_ELEMENT(timer, struct lq_tcp, doom_timer);
    switch (tcp->doom) {
    case LQ_FAULT_NET_HALF_OPEN:
        lq_tcp_cut(tcp);
        return;
    case LQ_FAULT_NET_FIN:
        if (!tcp->is_open[LQ_TCP_INITIATOR])
            return;
        finish(tcp, LQ_TCP_INITIATOR);
        lose(tcp, LQ_TCP_INITIATOR, LQ_CLOSE_FIN);
        settle(tcp);
        return;
    default:
        drop_all(tcp);
        lose(tcp, LQ_TCP_TARGET, LQ_CLOSE_RESET);
        lose(tcp, LQ_TCP_INITIATOR, LQ_CLOSE_RESET);
        settle(tcp);
        return;
    }
}

void lq_net_heal(struct lq_net *net)
{
    for (uint32_t i = 0; i < net->capacity; i++) {
        struct lq_tcp *tcp = &net->connections[i];
        if (tcp->doom == LQ_FAULT_NET_HALF_OPEN && !tcp->is_cut) { /* not pulled yet: never */
            tcp->doom = 0;
            lq_queue_cancel(net->queue, &tcp->doom_timer);
        }
        bool is_deserted = !tcp->is_open[LQ_TCP_INITIATOR] &&
                           !tcp->pipes[LQ_TCP_INITIATOR].is_finished;
        if (tcp->number == 0 || (!tcp->is_cut && !is_deserted && !tcp->is_forgotten))
            continue;
        tcp->doom = LQ_FAULT_NET_RESET;
        lq_queue_at(net->queue, &tcp->doom_timer,
                    *net->queue->now_ns + tcp->options->latency_max_ns, doom_fire);
    }
}
