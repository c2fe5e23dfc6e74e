/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is free, open (the shard has a handle for it), or lingering (the shard has been told of
 * its end; the socket is half closed by us and drained until the peer closes, for at most
 * LINGER_NS). There are slots for as many lingering as open connections; when all are taken, the
 * one that has lingered longest makes room.
 */
#include "sim/live/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "core/base/list.h"

enum {
    SCRATCH_BYTES = 64 * 1024,
    PIECES_MAX = 64,     /* per sendmsg */
    READS_PER_TURN = 8,  /* of one socket, so that nobody starves the others */
};

#define LINGER_NS UINT64_C(2000000000)
#define FLUSH_NS UINT64_C(5000000000) /* for a peer that does not read our last bytes */

enum state { STATE_FREE, STATE_OPEN, STATE_LINGERING };

struct connection {
    enum state state;
    int fd;
    lq_handle handle;    /* the shard's */
    uint32_t number;     /* in records */
    uint32_t generation; /* of the slot; 24 bits travel in epoll's data */
    bool registered;     /* with epoll, for the events in ASKED and for errors */
    uint32_t asked;
    bool blocked;                 /* the socket takes no more: waits for EPOLLOUT */
    bool closing;                 /* the shard is done with it, its last bytes are not yet sent */
    uint32_t held_at, held_bytes; /* in the slot's held buffer: not yet taken by the shard */
    struct lq_heap_node deadline; /* lingering or closing: then it is reset */
    struct lq_link link;          /* free slots */
};

struct lq_connections {
    struct lq_shard *shard;
    int epoll_fd;
    uint64_t kind;
    uint64_t now_ns;
    uint32_t max, slot_count, open;
    struct connection *slots;
    uint32_t *slot_of;       /* by the index of the shard's handle */
    uint8_t *held;           /* SCRATCH_BYTES per slot; pages come when first used */
    struct lq_link free;
    struct lq_heap deadlines;
    struct lq_heap_node **deadline_nodes;
    uint8_t scratch[SCRATCH_BYTES];
};

/* --- slots ------------------------------------------------------------------------------------ */

static uint32_t slot_count_of(uint32_t max)
{
    return 2 * max;
}

uint64_t lq_connections_memory_bytes(uint32_t max)
{
    uint64_t per_slot = sizeof(struct connection) + sizeof(struct lq_heap_node *) + SCRATCH_BYTES;
    return sizeof(struct lq_connections) + max * sizeof(uint32_t) + slot_count_of(max) * per_slot;
}

struct lq_connections *lq_connections_make(struct lq_shard *shard, int epoll_fd, uint64_t kind,
                                           uint32_t max)
{
    struct lq_connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL)
        return NULL;
    uint32_t count = slot_count_of(max);
    connections->shard = shard;
    connections->epoll_fd = epoll_fd;
    connections->kind = kind;
    connections->max = max;
    connections->slot_count = count;
    connections->slots = calloc(count, sizeof *connections->slots);
    connections->slot_of = calloc(max, sizeof *connections->slot_of);
    connections->deadline_nodes = calloc(count, sizeof(struct lq_heap_node *));
    void *held = mmap(NULL, (size_t)count * SCRATCH_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    connections->held = held == MAP_FAILED ? NULL : held;
    lq_list_init(&connections->free);
    if (connections->slots == NULL || connections->slot_of == NULL ||
        connections->deadline_nodes == NULL || connections->held == NULL) {
        lq_connections_free(connections);
        return NULL;
    }
    lq_heap_init(&connections->deadlines, connections->deadline_nodes, count);
    for (uint32_t i = 0; i < count; i++) {
        connections->slots[i].fd = -1;
        lq_list_append(&connections->free, &connections->slots[i].link);
    }
    return connections;
}

void lq_connections_free(struct lq_connections *connections)
{
    for (uint32_t i = 0; connections->slots != NULL && i < connections->slot_count; i++)
        if (connections->slots[i].fd >= 0)
            close(connections->slots[i].fd);
    if (connections->held != NULL)
        munmap(connections->held, (size_t)connections->slot_count * SCRATCH_BYTES);
    free(connections->deadline_nodes);
    free(connections->slot_of);
    free(connections->slots);
    free(connections);
}

void lq_connections_set_now(struct lq_connections *connections, uint64_t now_ns)
{
    connections->now_ns = now_ns;
}

uint32_t lq_connections_open(const struct lq_connections *connections)
{
    return connections->open;
}

static uint32_t index_of(const struct lq_connections *connections, const struct connection *c)
{
    return (uint32_t)(c - connections->slots);
}

static uint8_t *held_of(const struct lq_connections *connections, const struct connection *c)
{
    return connections->held + (size_t)index_of(connections, c) * SCRATCH_BYTES;
}

/* Tells epoll what C waits for now. */
static bool ask(struct lq_connections *connections, struct connection *c, uint32_t wanted)
{
    if (c->registered && c->asked == wanted)
        return true;
    struct epoll_event event = {.events = wanted};
    event.data.u64 = connections->kind << 56 | (uint64_t)(c->generation & 0xffffff) << 32 |
                     index_of(connections, c);
    int operation = c->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    c->registered = true;
    c->asked = wanted;
    return epoll_ctl(connections->epoll_fd, operation, c->fd, &event) == 0;
}

/* What an open connection waits for follows from its state. */
static void ask_again(struct lq_connections *connections, struct connection *c)
{
    uint32_t wanted = c->blocked ? EPOLLOUT : 0;
    if (c->held_bytes == 0 && !c->closing)
        wanted |= EPOLLIN;
    ask(connections, c, wanted);
}

/* The slot is free again; its socket closes in order, or with RESET by RST. */
static void slot_free(struct lq_connections *connections, struct connection *c, bool reset)
{
    if (reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(c->fd);
    lq_heap_remove(&connections->deadlines, &c->deadline);
    c->fd = -1;
    c->state = STATE_FREE;
    c->generation++;
    lq_list_append(&connections->free, &c->link);
}

/* Tells the shard that C is gone; its socket stays. */
static void tell_lost(struct lq_connections *connections, struct connection *c, enum lq_close how)
{
    LQ_ASSERT(c->state == STATE_OPEN && connections->open > 0);
    connections->open--;
    c->state = STATE_LINGERING;
    const struct lq_input input = {
        .kind = LQ_INPUT_LOST, .now_ns = connections->now_ns, .connection = c->handle, .code = how};
    lq_shard_input(connections->shard, &input);
}

static void end_with_reset(struct lq_connections *connections, struct connection *c,
                           enum lq_close how)
{
    tell_lost(connections, c, how);
    slot_free(connections, c, true);
}

/* Our FIN goes out; what the peer still sends is dropped until its FIN comes. */
static void end_in_order(struct lq_connections *connections, struct connection *c,
                         enum lq_close how)
{
    tell_lost(connections, c, how);
    if (how == LQ_CLOSE_FIN || shutdown(c->fd, SHUT_WR) != 0) {
        slot_free(connections, c, false);
        return;
    }
    lq_heap_set(&connections->deadlines, &c->deadline, connections->now_ns + LINGER_NS);
    ask(connections, c, EPOLLIN);
}

static enum lq_close how_of(int error)
{
    return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ? LQ_CLOSE_TIMEOUT
                                                                               : LQ_CLOSE_RESET;
}

/* --- receiving -------------------------------------------------------------------------------- */

static uint32_t feed(struct lq_connections *connections, const struct connection *c,
                     const uint8_t *bytes, uint32_t size_bytes)
{
    const struct lq_input input = {.kind = LQ_INPUT_BYTES,
                                   .now_ns = connections->now_ns,
                                   .connection = c->handle,
                                   .size_bytes = size_bytes,
                                   .bytes = bytes};
    return lq_shard_input(connections->shard, &input).taken_bytes;
}

/* Feeds BYTES; keeps what the shard does not take now. */
static void feed_or_hold(struct lq_connections *connections, struct connection *c,
                         const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes == 0)
        return;
    LQ_ASSERT(c->held_bytes == 0 && size_bytes <= SCRATCH_BYTES);
    uint32_t taken = feed(connections, c, bytes, size_bytes);
    c->held_at = 0;
    c->held_bytes = size_bytes - taken;
    if (c->held_bytes > 0)
        memcpy(held_of(connections, c), bytes + taken, c->held_bytes);
}

/* Offers again what the shard did not take. */
static void feed_held(struct lq_connections *connections, struct connection *c)
{
    if (c->held_bytes == 0)
        return;
    uint32_t taken = feed(connections, c, held_of(connections, c) + c->held_at, c->held_bytes);
    c->held_at += taken;
    c->held_bytes -= taken;
}

static void send_out(struct lq_connections *connections, struct connection *c);

/* The peer has closed its direction. What was to be said already is said if its socket takes it;
 * then the connection is lost: iSCSI knows no half-closed ones. */
static void peer_closed(struct lq_connections *connections, struct connection *c)
{
    send_out(connections, c);
    if (c->state == STATE_OPEN)
        end_in_order(connections, c, LQ_CLOSE_FIN);
}

static void receive(struct lq_connections *connections, struct connection *c)
{
    for (int reads = 0; reads < READS_PER_TURN && c->held_bytes == 0; reads++) {
        struct lq_span want = lq_shard_want(connections->shard, c->handle);
        struct iovec places[2] = {{want.bytes, want.size_bytes},
                                  {connections->scratch, SCRATCH_BYTES}};
        bool both = want.size_bytes > 0;
        ssize_t got = readv(c->fd, both ? places : places + 1, both ? 2 : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0) {
            end_with_reset(connections, c, how_of(errno));
            return;
        }
        if (got == 0) {
            peer_closed(connections, c);
            return;
        }
        uint32_t bytes = (uint32_t)got;
        uint32_t direct = bytes < want.size_bytes ? bytes : want.size_bytes;
        /* What the shard wanted it takes, unless it is about to close the connection. */
        if (direct > 0)
            feed(connections, c, want.bytes, direct);
        feed_or_hold(connections, c, connections->scratch, bytes - direct);
        if (bytes < want.size_bytes + SCRATCH_BYTES)
            break;
    }
    if (c->held_bytes > 0)
        ask_again(connections, c);
}

/* --- sending ---------------------------------------------------------------------------------- */

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

static void tell_sent(struct lq_connections *connections, const struct connection *c,
                      uint32_t size_bytes)
{
    const struct lq_input input = {.kind = LQ_INPUT_SENT,
                                   .now_ns = connections->now_ns,
                                   .connection = c->handle,
                                   .size_bytes = size_bytes};
    lq_shard_input(connections->shard, &input);
}

/* The socket is full: go on when epoll says so, but do not wait for ever with the last bytes. */
static void block(struct lq_connections *connections, struct connection *c, enum lq_emit_end end)
{
    c->blocked = true;
    if (end == LQ_EMIT_CLOSE_FLUSH && !c->closing) {
        c->closing = true;
        lq_heap_set(&connections->deadlines, &c->deadline, connections->now_ns + FLUSH_NS);
    }
    ask_again(connections, c);
}

/* One batch. False: nothing more to do for C now (or C is gone). */
static bool send_batch(struct lq_connections *connections, struct connection *c)
{
    struct lq_slice slices[PIECES_MAX];
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(connections->shard, c->handle, slices, PIECES_MAX, &end);
    if (end == LQ_EMIT_CLOSE_RESET) {
        end_with_reset(connections, c, LQ_CLOSE_BY_TARGET);
        return false;
    }
    if (count == 0) {
        if (end == LQ_EMIT_CLOSE_FLUSH)
            end_in_order(connections, c, LQ_CLOSE_BY_TARGET);
        return false;
    }
    bool whole = false;
    ssize_t sent = send_slices(c->fd, slices, count, &whole);
    if (sent < 0 && errno != EAGAIN) {
        end_with_reset(connections, c, how_of(errno));
        return false;
    }
    if (sent > 0)
        tell_sent(connections, c, (uint32_t)sent);
    if (!whole) {
        block(connections, c, end);
        return false;
    }
    return true;
}

static void send_out(struct lq_connections *connections, struct connection *c)
{
    if (c->blocked)
        return;
    for (;;) {
        while (send_batch(connections, c))
            ;
        if (c->state != STATE_OPEN)
            return;
        if (c->held_bytes == 0)
            break;
        feed_held(connections, c);
        if (c->held_bytes > 0 || c->blocked)
            break;
    }
    ask_again(connections, c);
}

void lq_connections_drain(struct lq_connections *connections)
{
    for (;;) {
        lq_handle handle = lq_shard_next_ready(connections->shard);
        if (lq_handle_is_none(handle))
            return;
        LQ_ASSERT(handle.index < connections->max);
        struct connection *c = &connections->slots[connections->slot_of[handle.index]];
        LQ_ASSERT(c->state == STATE_OPEN && lq_handle_equal(c->handle, handle));
        send_out(connections, c);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

static struct connection *slot_take(struct lq_connections *connections)
{
    struct lq_heap_node *oldest = lq_heap_first(&connections->deadlines);
    if (lq_list_is_empty(&connections->free) && oldest != NULL) {
        struct connection *c = LQ_ELEMENT(oldest, struct connection, deadline);
        if (c->state == STATE_LINGERING)
            slot_free(connections, c, true);
    }
    struct lq_link *link = lq_list_take(&connections->free);
    return link == NULL ? NULL : LQ_ELEMENT(link, struct connection, link);
}

void lq_connections_accept(struct lq_connections *connections, int fd,
                           const char local[LQ_ADDRESS_BYTES_MAX], struct lq_live_peer peer)
{
    struct connection *c = slot_take(connections);
    if (c == NULL) {
        close(fd);
        return;
    }
    *c = (struct connection){.fd = fd, .generation = c->generation, .number = peer.number};
    lq_list_init(&c->link);
    const struct lq_input input = {.kind = LQ_INPUT_ACCEPT,
                                   .now_ns = connections->now_ns,
                                   .number = peer.number,
                                   .actor = peer.actor,
                                   .portal = peer.portal,
                                   .text = local};
    c->handle = lq_shard_input(connections->shard, &input).connection;
    if (lq_handle_is_none(c->handle)) {
        slot_free(connections, c, false);
        return;
    }
    LQ_ASSERT(c->handle.index < connections->max);
    connections->slot_of[c->handle.index] = index_of(connections, c);
    c->state = STATE_OPEN;
    connections->open++;
    if (!ask(connections, c, EPOLLIN)) /* no memory in the kernel */
        end_with_reset(connections, c, LQ_CLOSE_BY_TARGET);
}

lq_handle lq_connections_handle(const struct lq_connections *connections, uint32_t number)
{
    for (uint32_t i = 0; i < connections->slot_count; i++)
        if (connections->slots[i].state == STATE_OPEN && connections->slots[i].number == number)
            return connections->slots[i].handle;
    return LQ_NO_HANDLE;
}

/* Lingering: whatever comes is dropped; at the peer's end, or at an error, so is the socket. */
static void drop_input(struct lq_connections *connections, struct connection *c)
{
    for (int reads = 0; reads < READS_PER_TURN; reads++) {
        ssize_t got = recv(c->fd, connections->scratch, SCRATCH_BYTES, 0);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got == 0 || (got < 0 && errno != EINTR)) {
            slot_free(connections, c, false);
            return;
        }
    }
}

void lq_connections_event(struct lq_connections *connections, uint64_t name, uint32_t events)
{
    uint32_t index = (uint32_t)name;
    LQ_ASSERT(index < connections->slot_count);
    struct connection *c = &connections->slots[index];
    if (c->state == STATE_FREE || (c->generation & 0xffffff) != ((name >> 32) & 0xffffff))
        return;
    if (c->state == STATE_LINGERING) {
        drop_input(connections, c);
        return;
    }
    if ((events & EPOLLOUT) != 0 && c->blocked) {
        c->blocked = false;
        send_out(connections, c);
        if (c->state != STATE_OPEN)
            return;
    }
    bool reading = c->held_bytes == 0 && !c->closing;
    if (reading && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        receive(connections, c);
    else if (!reading && (events & (EPOLLHUP | EPOLLERR)) != 0)
        end_with_reset(connections, c, LQ_CLOSE_RESET);
}

uint64_t lq_connections_deadline(const struct lq_connections *connections)
{
    const struct lq_heap_node *first = lq_heap_first(&connections->deadlines);
    return first == NULL ? LQ_NEVER : first->time_ns;
}

void lq_connections_expire(struct lq_connections *connections)
{
    for (;;) {
        struct lq_heap_node *first = lq_heap_first(&connections->deadlines);
        if (first == NULL || first->time_ns > connections->now_ns)
            return;
        struct connection *c = LQ_ELEMENT(first, struct connection, deadline);
        if (c->state == STATE_OPEN)
            end_with_reset(connections, c, LQ_CLOSE_TIMEOUT);
        else
            slot_free(connections, c, true);
    }
}

void lq_connections_reset_all(struct lq_connections *connections)
{
    for (uint32_t i = 0; i < connections->slot_count; i++) {
        struct connection *c = &connections->slots[i];
        if (c->state == STATE_OPEN)
            end_with_reset(connections, c, LQ_CLOSE_BY_TARGET);
        else if (c->state == STATE_LINGERING)
            slot_free(connections, c, false);
    }
}
