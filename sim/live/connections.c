/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is free, open (the shard has a handle for it), or lingering (the shard has been told of
 * its end; the socket is half closed by us and drained until the peer closes, for at most
 * LINGER_NS). There are slots for as many lingering as open connections; when all are taken, the
 * one that has lingered longest makes room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "sim/live/connection_state.h"

enum {
    READS_PER_TURN = 8, /* of one socket, so that nobody starves the others */
};

#define LINGER_NS UINT64_C(2000000000)

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

struct lq_connections *lq_connections_make(struct lq_shard *shard, struct lq_filter *filter,
                                           int epoll_fd, uint64_t kind, uint32_t max)
{
    struct lq_connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL)
        return NULL;
    uint32_t count = slot_count_of(max);
    connections->shard = shard;
    connections->filter = filter;
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

/* Tells epoll what C waits for now. */
static bool ask(struct lq_connections *connections, struct connection *c, uint32_t wanted)
{
    if (c->registered && c->asked == wanted)
        return true;
    struct epoll_event event = {.events = wanted};
    event.data.u64 = connections->kind << 56 | (uint64_t)(c->generation & 0xffffff) << 32 |
                     lq_connection_index(connections, c);
    int operation = c->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    c->registered = true;
    c->asked = wanted;
    return epoll_ctl(connections->epoll_fd, operation, c->fd, &event) == 0;
}

void lq_connection_ask(struct lq_connections *connections, struct connection *c)
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
    if (connections->filter != NULL)
        lq_filter_close(connections->filter, c->handle.index);
    const struct lq_input input = {
        .kind = LQ_INPUT_LOST, .now_ns = connections->now_ns, .connection = c->handle, .code = how};
    lq_shard_input(connections->shard, &input);
}

void lq_connection_reset(struct lq_connections *connections, struct connection *c,
                         enum lq_close how)
{
    tell_lost(connections, c, how);
    slot_free(connections, c, true);
}

void lq_connection_end(struct lq_connections *connections, struct connection *c, enum lq_close how,
                       bool lingers)
{
    tell_lost(connections, c, how);
    if (!lingers || shutdown(c->fd, SHUT_WR) != 0) {
        slot_free(connections, c, false);
        return;
    }
    lq_heap_set(&connections->deadlines, &c->deadline, connections->now_ns + LINGER_NS);
    ask(connections, c, EPOLLIN);
}

/* --- sending ---------------------------------------------------------------------------------- */

void lq_connections_drain(struct lq_connections *connections)
{
    for (;;) {
        lq_handle handle = lq_shard_next_ready(connections->shard);
        if (lq_handle_is_none(handle))
            return;
        LQ_ASSERT(handle.index < connections->max);
        struct connection *c = &connections->slots[connections->slot_of[handle.index]];
        LQ_ASSERT(c->state == STATE_OPEN && lq_handle_equal(c->handle, handle));
        lq_connection_send(connections, c);
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
    connections->slot_of[c->handle.index] = lq_connection_index(connections, c);
    c->state = STATE_OPEN;
    connections->open++;
    if (connections->filter != NULL)
        lq_filter_open(connections->filter, c->handle.index, peer.number);
    if (!ask(connections, c, EPOLLIN)) /* no memory in the kernel */
        lq_connection_reset(connections, c, LQ_CLOSE_BY_TARGET);
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
        lq_connection_send(connections, c);
        if (c->state != STATE_OPEN)
            return;
    }
    bool reading = c->held_bytes == 0 && !c->closing;
    if (reading && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        lq_connection_receive(connections, c);
    else if (!reading && (events & (EPOLLHUP | EPOLLERR)) != 0)
        lq_connection_reset(connections, c, LQ_CLOSE_RESET);
}

static uint64_t filter_deadline(const struct lq_connections *connections)
{
    return connections->filter == NULL ? LQ_NEVER : lq_filter_deadline(connections->filter);
}

uint64_t lq_connections_deadline(const struct lq_connections *connections)
{
    const struct lq_heap_node *first = lq_heap_first(&connections->deadlines);
    uint64_t filter_ns = filter_deadline(connections);
    return first != NULL && first->time_ns < filter_ns ? first->time_ns : filter_ns;
}

/* What the filter has kept may go on, in either direction. */
static void let_go(struct lq_connections *connections)
{
    lq_filter_expire(connections->filter);
    for (uint32_t i = 0; i < connections->slot_count; i++)
        if (connections->slots[i].state == STATE_OPEN)
            lq_connection_send(connections, &connections->slots[i]);
}

void lq_connections_expire(struct lq_connections *connections)
{
    if (filter_deadline(connections) <= connections->now_ns)
        let_go(connections);
    for (;;) {
        struct lq_heap_node *first = lq_heap_first(&connections->deadlines);
        if (first == NULL || first->time_ns > connections->now_ns)
            return;
        struct connection *c = LQ_ELEMENT(first, struct connection, deadline);
        if (c->state == STATE_OPEN)
            lq_connection_reset(connections, c, LQ_CLOSE_TIMEOUT);
        else
            slot_free(connections, c, true);
    }
}

void lq_connections_reset_all(struct lq_connections *connections)
{
    for (uint32_t i = 0; i < connections->slot_count; i++) {
        struct connection *c = &connections->slots[i];
        if (c->state == STATE_OPEN)
            lq_connection_reset(connections, c, LQ_CLOSE_BY_TARGET);
        else if (c->state == STATE_LINGERING)
            slot_free(connections, c, false);
    }
}
