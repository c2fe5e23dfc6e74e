/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot is free, connecting, open (an initiator has it), draining (closed or deserted: what comes
 * is dropped until the target closes) or cut (left alone until heal). Events are edges: a socket is
 * read when its initiator takes bytes, until it has no more.
 */
#include "sim/live/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/list.h"
#include "sim/stage/state.h"

enum { SLOTS = LQ_PLAN_CONNECTIONS_MAX, INPUT_BYTES = 64 * 1024, EVENTS_MAX = 32 };

enum state { STATE_FREE, STATE_CONNECTING, STATE_OPEN, STATE_DRAINING, STATE_CUT };

struct slot {
    struct lq_connection end;
    struct lq_link dirty;
    struct lq_sockets *sockets;
    enum state state;
    int fd;
    in_port_t port; /* of our end; kept when the slot is free: the target may still accept */
    bool is_lost;   /* the connection is over; its initiator has not been told */
    bool is_deserted;
    uint32_t at, count; /* of input that has been read and not taken */
    uint8_t *input;     /* INPUT_BYTES */
};

struct lq_sockets {
    int epoll_fd;
    struct sockaddr_storage targets[LQ_PLAN_PORTS_MAX]; /* by port */
    socklen_t target_bytes[LQ_PLAN_PORTS_MAX];
    struct lq_link dirty;
    uint8_t *inputs;
    struct slot slots[SLOTS];
};

static struct slot *slot_of(struct lq_connection *end)
{
    return LQ_ELEMENT(end, struct slot, end);
}

/* --- life ------------------------------------------------------------------------------------- */

struct lq_sockets *lq_sockets_make(void)
{
    struct lq_sockets *sockets = calloc(1, sizeof *sockets);
    if (sockets == NULL)
        return NULL;
    sockets->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    sockets->inputs = malloc((size_t)SLOTS * INPUT_BYTES);
    lq_list_init(&sockets->dirty);
    for (uint32_t i = 0; i < SLOTS; i++) {
        sockets->slots[i].sockets = sockets;
        sockets->slots[i].fd = -1;
        lq_list_init(&sockets->slots[i].dirty);
        if (sockets->inputs != NULL)
            sockets->slots[i].input = sockets->inputs + (size_t)i * INPUT_BYTES;
    }
    if (sockets->epoll_fd >= 0 && sockets->inputs != NULL)
        return sockets;
    lq_sockets_free(sockets);
    return NULL;
}

void lq_sockets_free(struct lq_sockets *sockets)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        if (sockets->slots[i].fd >= 0)
            close(sockets->slots[i].fd);
    if (sockets->epoll_fd >= 0)
        close(sockets->epoll_fd);
    free(sockets->inputs);
    free(sockets);
}

bool lq_sockets_aim(struct lq_sockets *sockets, uint32_t port, int listener_fd)
{
    /* To connect to "all addresses" is to connect to this machine. */
    sockets->target_bytes[port] = sizeof sockets->targets[port];
    return getsockname(listener_fd, (struct sockaddr *)&sockets->targets[port],
                       &sockets->target_bytes[port]) == 0;
}

int lq_sockets_fd(const struct lq_sockets *sockets)
{
    return sockets->epoll_fd;
}

static in_port_t port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return v6.sin6_port;
    }
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    return v4.sin_port;
}

const struct lq_connection *lq_sockets_find(const struct lq_sockets *sockets, int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t peer_bytes = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) != 0)
        return NULL;
    const struct slot *newest = NULL;
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &sockets->slots[i];
        if (slot->end.number != 0 && slot->port == port_of(&peer) &&
            (newest == NULL || slot->end.number > newest->end.number))
            newest = slot;
    }
    return newest == NULL ? NULL : &newest->end;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void slot_free(struct slot *slot, bool by_reset)
{
    if (by_reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(slot->fd);
    lq_list_remove(&slot->dirty);
    slot->fd = -1;
    slot->state = STATE_FREE;
    slot->end.actor = NULL;
}

/* Drops what has come; at the target's end the slot is free. */
static void drain(struct slot *slot)
{
    for (;;) {
        ssize_t got = recv(slot->fd, slot->input, INPUT_BYTES, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            slot_free(slot, false);
            return;
        }
    }
}

static void op_close(struct lq_connection *end)
{
    struct slot *slot = slot_of(end);
    shutdown(slot->fd, SHUT_WR);
    slot->state = STATE_DRAINING;
    drain(slot);
}

static void op_reset(struct lq_connection *end)
{
    slot_free(slot_of(end), true);
}

static void op_abandon(struct lq_connection *end)
{
    struct slot *slot = slot_of(end);
    slot->is_deserted = true;
    if (slot->state == STATE_CUT)
        return;
    slot->state = STATE_DRAINING;
    drain(slot);
}

static void op_cut(struct lq_connection *end)
{
    struct slot *slot = slot_of(end);
    slot->state = STATE_CUT;
    epoll_ctl(slot->sockets->epoll_fd, EPOLL_CTL_DEL, slot->fd, NULL);
}

static void op_heal(struct lq_world *world)
{
    struct lq_sockets *sockets = lq_sockets_of(world);
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &sockets->slots[i];
        if (slot->state == STATE_CUT || (slot->state == STATE_DRAINING && slot->is_deserted))
            slot_free(slot, true);
    }
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void mark(struct slot *slot)
{
    if (!lq_link_is_linked(&slot->dirty))
        lq_list_append(&slot->sockets->dirty, &slot->dirty);
}

static void op_mark(struct lq_world *world, struct lq_connection *end)
{
    (void)world;
    mark(slot_of(end));
}

static void lose(struct slot *slot)
{
    slot->is_lost = true;
    mark(slot);
}

/* Begins to connect SLOT's socket to PORT; its own port is known from then on. */
static bool start(struct slot *slot, uint32_t port)
{
    const struct lq_sockets *sockets = slot->sockets;
    struct sockaddr_storage own = {0};
    socklen_t own_bytes = sizeof own;
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
                                .data.u64 = (uint64_t)(slot - sockets->slots)};
    if (connect(slot->fd, (const struct sockaddr *)&sockets->targets[port],
                sockets->target_bytes[port]) != 0 &&
        errno != EINPROGRESS)
        return false;
    setsockopt(slot->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (getsockname(slot->fd, (struct sockaddr *)&own, &own_bytes) != 0)
        return false;
    slot->port = port_of(&own);
    return epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) == 0;
}

static struct lq_connection *op_open(struct lq_world *world, struct lq_actor *actor)
{
    struct lq_sockets *sockets = lq_sockets_of(world);
    struct slot *slot = NULL;
    for (uint32_t i = 0; i < SLOTS && slot == NULL; i++)
        if (sockets->slots[i].state == STATE_FREE)
            slot = &sockets->slots[i];
    if (slot == NULL)
        return NULL;
    int fd = socket(sockets->targets[actor->port].ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    slot->fd = fd;
    slot->state = STATE_CONNECTING;
    slot->is_lost = slot->is_deserted = false;
    slot->at = slot->count = 0;
    slot->port = 0;
    slot->end = (struct lq_connection){actor, ++world->connection_numbers};
    if (!start(slot, actor->port))
        lose(slot);
    return &slot->end;
}

static uint32_t op_write(struct lq_connection *end, const uint8_t *bytes, uint32_t size_bytes)
{
    struct slot *slot = slot_of(end);
    if (slot->is_lost)
        return 0;
    ssize_t sent;
    do {
        sent = send(slot->fd, bytes, size_bytes, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN)
        lose(slot);
    return sent < 0 ? 0 : (uint32_t)sent;
}

static struct lq_slice op_peek(struct lq_connection *end)
{
    struct slot *slot = slot_of(end);
    if (slot->count == 0 && !slot->is_lost) {
        ssize_t got;
        do {
            got = recv(slot->fd, slot->input, INPUT_BYTES, 0);
        } while (got < 0 && errno == EINTR);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            lose(slot);
        slot->at = 0;
        slot->count = got > 0 ? (uint32_t)got : 0;
    }
    return (struct lq_slice){slot->input + slot->at, slot->count};
}

static void op_take(struct lq_connection *end, uint32_t size_bytes)
{
    struct slot *slot = slot_of(end);
    slot->at += size_bytes;
    slot->count -= size_bytes;
}

const struct lq_network_ops lq_sockets_ops = {.open = op_open,
                                              .write = op_write,
                                              .peek = op_peek,
                                              .take = op_take,
                                              .close = op_close,
                                              .reset = op_reset,
                                              .abandon = op_abandon,
                                              .cut = op_cut,
                                              .mark = op_mark,
                                              .heal = op_heal};

/* --- turns ------------------------------------------------------------------------------------ */

static void finish_connecting(struct slot *slot)
{
    int error = 0;
    socklen_t error_bytes = sizeof error;
    getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
    if (error != 0) {
        lose(slot);
        return;
    }
    slot->state = STATE_OPEN;
    if (slot->end.actor != NULL)
        lq_actor_connected(slot->end.actor);
}

static void handle_event(struct slot *slot)
{
    if (slot->state == STATE_CONNECTING)
        finish_connecting(slot);
    else if (slot->state == STATE_OPEN)
        mark(slot);
    else if (slot->state == STATE_DRAINING)
        drain(slot);
}

/* The initiator's turn; then it may be told that this was the last one. */
static void serve(struct slot *slot)
{
    struct lq_actor *actor = slot->end.actor;
    bool is_open = slot->state == STATE_OPEN && actor != NULL && actor->state >= LQ_ACTOR_LOGIN;
    if (is_open && !(slot->is_lost && slot->count == 0))
        lq_actor_turn(actor);
    if (is_open && slot->end.actor == actor && actor->state == LQ_ACTOR_STALLED)
        (void)op_peek(&slot->end); /* it reads nothing, but hears of the end */
    if (!slot->is_lost || slot->end.actor == NULL)
        return;
    actor = slot->end.actor;
    lq_actor_connection_lost(actor);
    slot_free(slot, false);
}

void lq_sockets_turn(struct lq_sockets *sockets)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(sockets->epoll_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++)
        handle_event(&sockets->slots[events[i].data.u64]);
    struct lq_link *link;
    while ((link = lq_list_take(&sockets->dirty)) != NULL)
        serve(LQ_ELEMENT(link, struct slot, dirty));
}

bool lq_sockets_are_marked(const struct lq_sockets *sockets)
{
    return !lq_list_is_empty(&sockets->dirty);
}
