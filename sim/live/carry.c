/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between sockets, the filter and the shard. Without a filter payload is received where the
 * shard wants it; with one all comes by way of the scratch buffer, and what the filter has nothing
 * to do with passes it uncopied.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/base/assert.h"
#include "sim/live/connection_state.h"

enum {
    PIECES_MAX = 64,    /* per sendmsg */
    READS_PER_TURN = 8, /* of one socket, so that nobody starves the others */
};

#define FLUSH_NS UINT64_C(5000000000) /* for a peer that does not read our last bytes */

static enum lq_close how_of(int error)
{
    return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ? LQ_CLOSE_TIMEOUT
                                                                               : LQ_CLOSE_RESET;
}

/* --- the filter ------------------------------------------------------------------------------- */

/* Bytes pass by the filter untouched: there is none, or nothing to do for it. */
static bool is_plain(const struct lq_connections *connections, const struct connection *c,
                     enum lq_direction direction)
{
    if (connections->filter == NULL)
        return true;
    struct lq_iscsi_digests digests =
        lq_iscsi_digests(lq_shard_iscsi(connections->shard), c->handle);
    lq_filter_digests(connections->filter, c->handle.index, digests.header, digests.data);
    return !lq_filter_is_active(connections->filter, c->handle.index, direction);
}

static void saw(const struct lq_connections *connections, const struct connection *c,
                enum lq_direction direction, struct lq_slice slice, uint32_t passed_bytes)
{
    uint32_t left = direction == LQ_TO_TARGET ? slice.size_bytes - passed_bytes : 0;
    if (connections->filter != NULL)
        lq_filter_saw(connections->filter, c->handle.index, direction, slice.bytes, passed_bytes,
                      left);
}

/* The connection ends at a PDU: both sides lose it, in order or by RST. */
static void end_by_filter(struct lq_connections *connections, struct connection *c,
                          enum lq_close how)
{
    if (how == LQ_CLOSE_FIN)
        lq_connection_end(connections, c, how, true);
    else
        lq_connection_reset(connections, c, how);
}

/* --- to the shard ----------------------------------------------------------------------------- */

static uint32_t offer(const struct lq_connections *connections, const struct connection *c,
                      struct lq_slice slice)
{
    const struct lq_input input = {.kind = LQ_INPUT_BYTES,
                                   .now_ns = connections->now_ns,
                                   .connection = c->handle,
                                   .size_bytes = slice.size_bytes,
                                   .bytes = slice.bytes};
    return lq_shard_input(connections->shard, &input).taken_bytes;
}

/* CAME as it is; false: no more now. USED: how much of it is done with. */
static bool feed_plain(const struct lq_connections *connections, const struct connection *c,
                       struct lq_slice came, uint32_t *used)
{
    *used = came.size_bytes == 0 ? 0 : offer(connections, c, came);
    saw(connections, c, LQ_TO_TARGET, came, *used);
    return *used > 0;
}

/* One step of what the filter makes of CAME; false: no more now, or C has ended. */
static bool feed_filtered(struct lq_connections *connections, struct connection *c,
                          struct lq_slice came, uint32_t *used)
{
    uint32_t slot = c->handle.index;
    struct lq_filter_step step = lq_filter_next(connections->filter, slot, LQ_TO_TARGET, came);
    *used = step.eaten_bytes;
    if (step.end != 0) {
        end_by_filter(connections, c, step.end);
        return false;
    }
    if (step.give.size_bytes == 0)
        return step.eaten_bytes > 0;
    uint32_t taken = offer(connections, c, step.give);
    *used += lq_filter_passed(connections->filter, slot, LQ_TO_TARGET, &step, taken);
    return taken > 0;
}

/* Feeds SLICE, perhaps nothing, and what the filter has kept; returns how much of SLICE is done
 * with. C may have ended then. */
static uint32_t feed(struct lq_connections *connections, struct connection *c,
                     struct lq_slice slice)
{
    uint32_t at = 0;
    bool moved = true;
    while (moved && c->state == STATE_OPEN) {
        struct lq_slice came = {slice.bytes + at, slice.size_bytes - at};
        uint32_t used = 0;
        moved = is_plain(connections, c, LQ_TO_TARGET) ? feed_plain(connections, c, came, &used)
                                                       : feed_filtered(connections, c, came, &used);
        at += used;
    }
    return at;
}

static uint8_t *held_of(const struct lq_connections *connections, const struct connection *c)
{
    return connections->held + (size_t)lq_connection_index(connections, c) * SCRATCH_BYTES;
}

/* Feeds BYTES; keeps what the shard does not take now. */
static void feed_or_hold(struct lq_connections *connections, struct connection *c,
                         const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes == 0)
        return;
    LQ_ASSERT(c->held_bytes == 0 && size_bytes <= SCRATCH_BYTES);
    uint32_t taken = feed(connections, c, (struct lq_slice){bytes, size_bytes});
    if (c->state != STATE_OPEN)
        return;
    c->held_at = 0;
    c->held_bytes = size_bytes - taken;
    if (c->held_bytes > 0)
        memcpy(held_of(connections, c), bytes + taken, c->held_bytes);
}

/* Offers again what the shard, or the filter, did not take, or has kept. True: some was taken. */
static bool feed_held(struct lq_connections *connections, struct connection *c)
{
    bool keeps = connections->filter != NULL && !c->closing &&
                 lq_filter_keeps(connections->filter, c->handle.index, LQ_TO_TARGET);
    if (c->held_bytes == 0 && !keeps)
        return false;
    const uint8_t *held = held_of(connections, c) + c->held_at;
    uint32_t taken = feed(connections, c, (struct lq_slice){held, c->held_bytes});
    if (c->state != STATE_OPEN)
        return false;
    c->held_at += taken;
    c->held_bytes -= taken;
    return taken > 0;
}

/* The peer has closed its direction. What was to be said already is said if its socket takes it;
 * then the connection is lost: iSCSI knows no half-closed ones. */
static void peer_closed(struct lq_connections *connections, struct connection *c)
{
    lq_connection_send(connections, c);
    if (c->state == STATE_OPEN)
        lq_connection_end(connections, c, LQ_CLOSE_FIN, false);
}

/* One read; false: nothing more to do for C now. */
static bool receive_some(struct lq_connections *connections, struct connection *c)
{
    struct lq_span want = {NULL, 0};
    if (connections->filter == NULL)
        want = lq_shard_want(connections->shard, c->handle);
    struct iovec places[2] = {{want.bytes, want.size_bytes},
                              {connections->scratch, SCRATCH_BYTES}};
    bool both = want.size_bytes > 0;
    ssize_t got;
    do {
        got = readv(c->fd, both ? places : places + 1, both ? 2 : 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got < 0) {
        lq_connection_reset(connections, c, how_of(errno));
        return false;
    }
    if (got == 0) {
        peer_closed(connections, c);
        return false;
    }
    uint32_t bytes = (uint32_t)got;
    uint32_t direct = bytes < want.size_bytes ? bytes : want.size_bytes;
    /* What the shard wanted it takes, unless it is about to close the connection. */
    if (direct > 0)
        offer(connections, c, (struct lq_slice){want.bytes, direct});
    feed_or_hold(connections, c, connections->scratch, bytes - direct);
    return c->state == STATE_OPEN && bytes == want.size_bytes + SCRATCH_BYTES;
}

void lq_connection_receive(struct lq_connections *connections, struct connection *c)
{
    for (int reads = 0; reads < READS_PER_TURN && c->held_bytes == 0; reads++)
        if (!receive_some(connections, c))
            break;
    if (c->state == STATE_OPEN && c->held_bytes > 0)
        lq_connection_ask(connections, c);
}

/* --- to the socket ---------------------------------------------------------------------------- */

/* Sends COUNT slices; returns what sendmsg does. WHOLE is set when all of it went out. */
static ssize_t send_slices(int fd, const struct lq_slice *slices, uint32_t count, bool *whole)
{
    struct iovec pieces[PIECES_MAX];
    size_t size_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        /* sendmsg only reads, but its iovec has no const. */
        union {
            const uint8_t *from;
            void *base;
        } place = {.from = slices[i].bytes};
        pieces[i] = (struct iovec){place.base, slices[i].size_bytes};
        size_bytes += slices[i].size_bytes;
    }
    const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    *whole = sent >= 0 && (size_t)sent == size_bytes;
    return sent;
}

static void tell_sent(const struct lq_connections *connections, const struct connection *c,
                      uint32_t size_bytes)
{
    const struct lq_input input = {.kind = LQ_INPUT_SENT,
                                   .now_ns = connections->now_ns,
                                   .connection = c->handle,
                                   .size_bytes = size_bytes};
    if (size_bytes > 0)
        lq_shard_input(connections->shard, &input);
}

/* The socket is full: go on when epoll says so, but do not wait for ever with the last bytes. */
static void block(struct lq_connections *connections, struct connection *c, enum lq_emit_end end)
{
    c->blocked = true;
    if (end == LQ_EMIT_CLOSE_FLUSH && !lq_heap_holds(&c->deadline)) {
        c->closing = true;
        lq_heap_set(&connections->deadlines, &c->deadline, connections->now_ns + FLUSH_NS);
    }
    lq_connection_ask(connections, c);
}

/* What goes out as the shard emits it has passed the filter. */
static void saw_sent(const struct lq_connections *connections, const struct connection *c,
                     const struct lq_slice *slices, uint32_t sent_bytes)
{
    for (; sent_bytes > 0 && connections->filter != NULL; slices++) {
        uint32_t piece = slices->size_bytes < sent_bytes ? slices->size_bytes : sent_bytes;
        saw(connections, c, LQ_FROM_TARGET, *slices, piece);
        sent_bytes -= piece;
    }
}

/* One batch. False: nothing more to do for C now (or C is gone). */
static bool send_plain(struct lq_connections *connections, struct connection *c)
{
    struct lq_slice slices[PIECES_MAX];
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(connections->shard, c->handle, slices, PIECES_MAX, &end);
    if (end == LQ_EMIT_CLOSE_RESET) {
        lq_connection_reset(connections, c, LQ_CLOSE_BY_TARGET);
        return false;
    }
    if (count == 0) {
        if (end == LQ_EMIT_CLOSE_FLUSH)
            lq_connection_end(connections, c, LQ_CLOSE_BY_TARGET, true);
        return false;
    }
    bool whole = false;
    ssize_t sent = send_slices(c->fd, slices, count, &whole);
    if (sent < 0 && errno != EAGAIN) {
        lq_connection_reset(connections, c, how_of(errno));
        return false;
    }
    saw_sent(connections, c, slices, sent > 0 ? (uint32_t)sent : 0);
    tell_sent(connections, c, sent > 0 ? (uint32_t)sent : 0);
    if (!whole)
        block(connections, c, end);
    return whole;
}

/* The shard is done with C, and emits nothing more. True: neither does the filter. */
static bool is_over(struct lq_connections *connections, struct connection *c)
{
    lq_filter_flush(connections->filter, c->handle.index, LQ_FROM_TARGET);
    c->closing = true;
    return !lq_filter_keeps(connections->filter, c->handle.index, LQ_FROM_TARGET);
}

/* One step of what the filter makes of what the shard emits. False: no more now, or C is gone. */
static bool send_filtered(struct lq_connections *connections, struct connection *c)
{
    uint32_t slot = c->handle.index;
    struct lq_slice came = {NULL, 0};
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(connections->shard, c->handle, &came, 1, &end);
    bool is_last = count == 0 && end == LQ_EMIT_CLOSE_FLUSH;
    if (end == LQ_EMIT_CLOSE_RESET) {
        lq_connection_reset(connections, c, LQ_CLOSE_BY_TARGET);
        return false;
    }
    if (is_last && is_over(connections, c)) {
        lq_connection_end(connections, c, LQ_CLOSE_BY_TARGET, true);
        return false;
    }
    struct lq_filter_step step = lq_filter_next(connections->filter, slot, LQ_FROM_TARGET, came);
    if (step.end != 0) {
        end_by_filter(connections, c, step.end);
        return false;
    }
    tell_sent(connections, c, step.eaten_bytes);
    if (step.give.size_bytes == 0)
        return step.eaten_bytes > 0;
    bool whole = false;
    ssize_t sent = send_slices(c->fd, &step.give, 1, &whole);
    if (sent < 0 && errno != EAGAIN) {
        lq_connection_reset(connections, c, how_of(errno));
        return false;
    }
    tell_sent(connections, c,
              lq_filter_passed(connections->filter, slot, LQ_FROM_TARGET, &step,
                               sent > 0 ? (uint32_t)sent : 0));
    if (!whole)
        block(connections, c, end);
    return whole;
}

static bool send_some(struct lq_connections *connections, struct connection *c)
{
    return is_plain(connections, c, LQ_FROM_TARGET) ? send_plain(connections, c)
                                                    : send_filtered(connections, c);
}

void lq_connection_send(struct lq_connections *connections, struct connection *c)
{
    if (c->blocked)
        return;
    do {
        while (c->state == STATE_OPEN && send_some(connections, c))
            continue;
    } while (c->state == STATE_OPEN && feed_held(connections, c) && !c->blocked);
    if (c->state == STATE_OPEN)
        lq_connection_ask(connections, c);
}
