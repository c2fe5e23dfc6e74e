/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wire's slot is the slot of its TCP connection. It has up to two tails: a socket to the target,
 * and one to an initiator that is not ours. Events of sockets are edges: a tail is read until it
 * has no more, or the pipe no room. A socket that is closed in order drains until its peer closes,
 * so that our last bytes are not overtaken by a reset.
 */
#include "sim/live/relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/list.h"
#include "sim/live/live.h"
#include "sim/stage/state.h"
#include "sim/virtual/damage.h"
#include "sim/virtual/tcp.h"

enum {
    WIRES = LQ_PLAN_CONNECTIONS_MAX,
    INPUT_BYTES = 16 * 1024,
    EVENTS_MAX = 32,
    DRAINS = 64,
    READS_PER_DRAIN = 16, /* and others have their turn */
    ACCEPTS_PER_TURN = 64
};

/* What an event is about: the top byte of epoll's data. */
enum kind { KIND_LISTENER = 1, KIND_WIRE, KIND_DRAIN };

struct tail {
    int fd;             /* -1: none (any more) */
    uint32_t at, count; /* of input that the pipe has had no room for */
    uint8_t *input;     /* INPUT_BYTES */
};

struct wire {
    struct lq_connection end;
    struct lq_link dirty;
    struct lq_relay *relay;
    struct lq_tcp *tcp;
    uint32_t portal;
    struct sockaddr_storage own; /* of our end to the target, until it has accepted it; it may do so
                                    after the end in order. AF_UNSPEC: none */
    bool is_foreign, is_connected;
    struct tail tails[LQ_TCP_SIDES];
    struct lq_damage damage[LQ_TCP_SIDES]; /* of what each side writes */
};

struct lq_relay {
    struct lq_world *world;
    const struct lq_live *live; /* the target */
    struct lq_net net;
    int epoll_fd;
    struct lq_listener listeners[LQ_PLAN_PORTS_MAX];
    uint32_t listener_count;
    struct sockaddr_storage targets[LQ_PLAN_PORTS_MAX];
    socklen_t target_bytes[LQ_PLAN_PORTS_MAX];
    struct lq_link dirty;
    uint32_t others;
    int drains[DRAINS]; /* -1: free */
    uint32_t next_drain;
    uint8_t *inputs;
    struct wire wires[WIRES];
};

/* Of others: as fast as the system. */
static const struct lq_tcp_options foreign_options = {.latency_max_ns = 1000000,
                                                      .stall_max_ns = 2000000000,
                                                      .timeout_ns = 20000000000,
                                                      .window_bytes = LQ_TCP_WINDOW_BYTES_MAX};

static void mark(struct wire *wire)
{
    if (!lq_link_is_linked(&wire->dirty))
        lq_list_append(&wire->relay->dirty, &wire->dirty);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static bool watch(const struct lq_relay *relay, int fd, enum kind kind, uint32_t index)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (kind == KIND_WIRE)
        event.events |= EPOLLOUT | EPOLLET;
    event.data.u64 = (uint64_t)kind << 56 | index;
    return epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Drops some of what has come. False: the peer has closed, too. */
static bool drain(int fd)
{
    uint8_t scratch[4096];
    for (int i = 0; i < READS_PER_DRAIN; i++) {
        ssize_t got = recv(fd, scratch, sizeof scratch, 0);
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
    }
    return true;
}

static void end_drain(struct lq_relay *relay, uint32_t index)
{
    if (relay->drains[index] >= 0)
        close(relay->drains[index]);
    relay->drains[index] = -1;
}

/* SIDE's socket is over: by RST, or in order and then it drains. */
static void end_tail(struct wire *wire, enum lq_tcp_side side, bool by_reset)
{
    struct lq_relay *relay = wire->relay;
    struct tail *tail = &wire->tails[side];
    int fd = tail->fd;
    tail->fd = -1;
    tail->count = 0;
    if (fd < 0)
        return;
    epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    if (by_reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (side == LQ_TCP_TARGET)
            wire->own.ss_family = AF_UNSPEC; /* the system may give the port to others */
    }
    if (by_reset || shutdown(fd, SHUT_WR) != 0 || !drain(fd)) {
        close(fd);
        return;
    }
    uint32_t index = relay->next_drain++ % DRAINS; /* the oldest makes room */
    end_drain(relay, index);
    relay->drains[index] = fd;
    if (!watch(relay, fd, KIND_DRAIN, index))
        end_drain(relay, index);
}

static in_port_t port_of(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    memcpy(&v6, address, sizeof v6);
    memcpy(&v4, address, sizeof v4);
    return address->ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port;
}

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6) {
        struct sockaddr_in6 a6, b6;
        memcpy(&a6, a, sizeof a6);
        memcpy(&b6, b, sizeof b6);
        return port_of(a) == port_of(b) &&
               memcmp(&a6.sin6_addr, &b6.sin6_addr, sizeof a6.sin6_addr) == 0;
    }
    struct sockaddr_in a4, b4;
    memcpy(&a4, a, sizeof a4);
    memcpy(&b4, b, sizeof b4);
    return port_of(a) == port_of(b) && a4.sin_addr.s_addr == b4.sin_addr.s_addr;
}

/* A socket that begins to connect WIRE to the target; -1: the system refuses. */
static int connect_to_target(struct wire *wire)
{
    const struct lq_relay *relay = wire->relay;
    const struct sockaddr_storage *target = &relay->targets[wire->portal];
    struct sockaddr_storage own = {0};
    socklen_t own_bytes = sizeof own;
    int on = 1;
    int fd = socket(target->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool begins = connect(fd, (const struct sockaddr *)target,
                          relay->target_bytes[wire->portal]) == 0 ||
                  errno == EINPROGRESS;
    if (begins && getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
        watch(relay, fd, KIND_WIRE, (uint32_t)(wire - relay->wires))) {
        wire->own = own;
        return fd;
    }
    close(fd);
    return -1;
}

/* --- the pipes' events ------------------------------------------------------------------------ */

static void accepted(void *context, struct lq_tcp *tcp)
{
    (void)context;
    struct wire *wire = tcp->user;
    wire->tails[LQ_TCP_TARGET].fd = connect_to_target(wire);
    if (wire->tails[LQ_TCP_TARGET].fd < 0)
        lq_tcp_reset(tcp, LQ_TCP_TARGET);
}

static void connected(void *context, struct lq_tcp *tcp)
{
    (void)context;
    struct wire *wire = tcp->user;
    wire->is_connected = true;
    mark(wire);
    if (wire->end.actor != NULL)
        lq_actor_connected(wire->end.actor);
}

static void arrived(void *context, struct lq_tcp *tcp, enum lq_tcp_side side)
{
    (void)context, (void)side;
    mark(tcp->user);
}

static void lost(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how)
{
    (void)context;
    struct wire *wire = tcp->user;
    end_tail(wire, side, how != LQ_CLOSE_FIN);
    if (side == LQ_TCP_INITIATOR && wire->end.actor != NULL)
        lq_actor_connection_lost(wire->end.actor);
}

static const struct lq_tcp_events tcp_events = {accepted, connected, arrived, lost};

/* --- life ------------------------------------------------------------------------------------- */

struct lq_relay *lq_relay_make(struct lq_world *world)
{
    struct lq_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL)
        return NULL;
    relay->world = world;
    lq_net_init(&relay->net, &world->allocator, WIRES);
    lq_net_reset(&relay->net, &world->queue, &world->faults, &tcp_events, relay);
    relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    relay->inputs = malloc((size_t)WIRES * LQ_TCP_SIDES * INPUT_BYTES);
    lq_list_init(&relay->dirty);
    for (uint32_t i = 0; i < DRAINS; i++)
        relay->drains[i] = -1;
    for (uint32_t i = 0; i < WIRES; i++) {
        struct wire *wire = &relay->wires[i];
        wire->relay = relay;
        wire->tails[LQ_TCP_INITIATOR].fd = wire->tails[LQ_TCP_TARGET].fd = -1;
        lq_list_init(&wire->dirty);
        for (uint32_t side = 0; side < LQ_TCP_SIDES && relay->inputs != NULL; side++)
            wire->tails[side].input = relay->inputs + (size_t)(i * LQ_TCP_SIDES + side) *
                                                          INPUT_BYTES;
    }
    if (relay->epoll_fd >= 0 && relay->inputs != NULL)
        return relay;
    lq_relay_free(relay);
    return NULL;
}

void lq_relay_free(struct lq_relay *relay)
{
    for (uint32_t i = 0; i < WIRES; i++)
        for (uint32_t side = 0; side < LQ_TCP_SIDES; side++)
            if (relay->wires[i].tails[side].fd >= 0)
                close(relay->wires[i].tails[side].fd);
    for (uint32_t i = 0; i < DRAINS; i++)
        end_drain(relay, i);
    for (uint32_t i = 0; i < relay->listener_count; i++)
        lq_listener_close(&relay->listeners[i]);
    if (relay->epoll_fd >= 0)
        close(relay->epoll_fd);
    lq_net_fini(&relay->net);
    free(relay->inputs);
    free(relay);
}

bool lq_relay_listen(struct lq_relay *relay, uint32_t portals, const char *host, uint16_t port,
                     struct lq_problem *problem)
{
    for (; relay->listener_count < portals; relay->listener_count++) {
        uint32_t i = relay->listener_count;
        if (!lq_listener_open(&relay->listeners[i], host, i == 0 ? port : 0, problem))
            return false;
        if (!watch(relay, relay->listeners[i].fd, KIND_LISTENER, i)) {
            lq_listener_close(&relay->listeners[i]);
            return lq_problem_set(problem, "--scenario: its portals cannot be watched (%s); "
                                           "expected memory to be free; free some",
                                  strerror(errno));
        }
    }
    return true;
}

const struct lq_listener *lq_relay_listener(const struct lq_relay *relay, uint32_t portal)
{
    return &relay->listeners[portal];
}

bool lq_relay_aim(struct lq_relay *relay, const struct lq_live *live)
{
    relay->live = live;
    for (uint32_t i = 0; i < relay->listener_count; i++) {
        relay->target_bytes[i] = sizeof relay->targets[i];
        if (getsockname(lq_live_listener(live, i)->fd, (struct sockaddr *)&relay->targets[i],
                        &relay->target_bytes[i]) != 0)
            return false;
    }
    return true;
}

int lq_relay_fd(const struct lq_relay *relay)
{
    return relay->epoll_fd;
}

const struct lq_connection *lq_relay_find(struct lq_relay *relay, int fd)
{
    struct sockaddr_storage peer = {0}, local = {0};
    socklen_t peer_bytes = sizeof peer, local_bytes = sizeof local;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) != 0 ||
        getsockname(fd, (struct sockaddr *)&local, &local_bytes) != 0)
        return NULL;
    for (uint32_t i = 0; i < WIRES; i++) {
        struct wire *wire = &relay->wires[i];
        bool is_it = wire->own.ss_family != AF_UNSPEC && is_same(&wire->own, &peer) &&
                     port_of(&relay->targets[wire->portal]) == port_of(&local);
        if (!is_it)
            continue;
        wire->own.ss_family = AF_UNSPEC;
        return &wire->end;
    }
    return NULL;
}

uint32_t lq_relay_others(const struct lq_relay *relay)
{
    return relay->others;
}

/* --- the network as the scenario's initiators use it ------------------------------------------ */

static struct lq_tcp *tcp_of(struct lq_connection *end)
{
    return LQ_ELEMENT(end, struct wire, end)->tcp;
}

/* SIDE writes; what the digests of the connection would show may be damaged on its way. */
static uint32_t write_pipe(struct wire *wire, enum lq_tcp_side side, const uint8_t *bytes,
                           uint32_t size_bytes)
{
    uint32_t written = lq_tcp_write(wire->tcp, side, bytes, size_bytes);
    struct lq_iscsi_digests digests = lq_live_digests(wire->relay->live, wire->end.number);
    lq_damage_written(&wire->damage[side], wire->tcp, side, bytes, written, digests);
    return written;
}

static struct wire *open_wire(struct lq_relay *relay, const struct lq_tcp_options *options,
                              struct lq_actor *actor, uint32_t portal)
{
    uint32_t number = relay->world->connection_numbers + 1;
    struct lq_tcp *tcp = lq_tcp_open(&relay->net, options, number, NULL);
    if (tcp == NULL)
        return NULL;
    relay->world->connection_numbers = number;
    struct wire *wire = &relay->wires[tcp - relay->net.connections];
    lq_list_remove(&wire->dirty);
    tcp->user = wire;
    wire->tcp = tcp;
    wire->end = (struct lq_connection){actor, number};
    wire->portal = portal;
    wire->own.ss_family = AF_UNSPEC;
    wire->is_foreign = actor == NULL;
    wire->is_connected = false;
    memset(wire->damage, 0, sizeof wire->damage);
    return wire;
}

static struct lq_connection *op_open(struct lq_world *world, struct lq_actor *actor)
{
    struct wire *wire = open_wire(lq_relay_of(world), &world->plan.ways[actor->number - 1].tcp,
                                  actor, actor->port_index);
    return wire == NULL ? NULL : &wire->end;
}

static uint32_t op_write(struct lq_connection *end, const uint8_t *bytes, uint32_t size_bytes)
{
    return write_pipe(LQ_ELEMENT(end, struct wire, end), LQ_TCP_INITIATOR, bytes, size_bytes);
}

static struct lq_slice op_peek(struct lq_connection *end)
{
    return lq_tcp_peek(tcp_of(end), LQ_TCP_INITIATOR);
}

static void op_take(struct lq_connection *end, uint32_t size_bytes)
{
    lq_tcp_take(tcp_of(end), LQ_TCP_INITIATOR, size_bytes);
}

static void op_close(struct lq_connection *end)
{
    lq_tcp_close(tcp_of(end), LQ_TCP_INITIATOR);
}

static void op_reset(struct lq_connection *end)
{
    lq_tcp_reset(tcp_of(end), LQ_TCP_INITIATOR);
}

static void op_abandon(struct lq_connection *end)
{
    lq_tcp_abandon(tcp_of(end), LQ_TCP_INITIATOR);
}

static void op_cut(struct lq_connection *end)
{
    lq_tcp_cut(tcp_of(end));
}

static void op_mark(struct lq_world *world, struct lq_connection *end)
{
    (void)world;
    mark(LQ_ELEMENT(end, struct wire, end));
}

static void op_heal(struct lq_world *world)
{
    lq_net_heal(&lq_relay_of(world)->net);
}

const struct lq_network_ops lq_relay_ops = {.open = op_open,
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

/* What SIDE's socket has goes into the pipe. False: the socket is over. */
static bool take_in(struct wire *wire, enum lq_tcp_side side)
{
    struct tail *tail = &wire->tails[side];
    for (;;) {
        if (tail->count == 0) {
            ssize_t got = recv(tail->fd, tail->input, INPUT_BYTES, 0);
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0 && errno == EAGAIN)
                return true;
            if (got <= 0) {
                end_tail(wire, side, got < 0);
                if (got == 0)
                    lq_tcp_close(wire->tcp, side);
                else
                    lq_tcp_reset(wire->tcp, side);
                return false;
            }
            tail->at = 0;
            tail->count = (uint32_t)got;
        }
        uint32_t written = write_pipe(wire, side, tail->input + tail->at, tail->count);
        tail->at += written;
        tail->count -= written;
        if (tail->count > 0)
            return true;
    }
}

/* What has come through the pipe for SIDE goes into its socket. */
static void send_out(struct wire *wire, enum lq_tcp_side side)
{
    struct tail *tail = &wire->tails[side];
    for (;;) {
        struct lq_slice slice = lq_tcp_peek(wire->tcp, side);
        if (slice.size_bytes == 0)
            return;
        ssize_t sent = send(tail->fd, slice.bytes, slice.size_bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN) {
            end_tail(wire, side, true);
            lq_tcp_reset(wire->tcp, side);
        }
        if (sent < 0)
            return;
        lq_tcp_take(wire->tcp, side, (uint32_t)sent);
    }
}

static void serve_tail(struct wire *wire, enum lq_tcp_side side)
{
    const struct lq_tcp *tcp = wire->tcp;
    if (wire->tails[side].fd < 0 || tcp->number != wire->end.number || !tcp->is_open[side])
        return;
    if (take_in(wire, side))
        send_out(wire, side);
}

static void serve(struct wire *wire)
{
    struct lq_tcp *tcp = wire->tcp;
    serve_tail(wire, LQ_TCP_TARGET);
    if (wire->is_connected)
        serve_tail(wire, LQ_TCP_INITIATOR);
    struct lq_actor *actor = wire->end.actor;
    if (tcp->number == wire->end.number && actor != NULL && actor->state >= LQ_ACTOR_LOGIN)
        lq_actor_turn(actor);
    if (tcp->number == wire->end.number &&
        (lq_tcp_wants_room(tcp, LQ_TCP_TARGET) || lq_tcp_wants_room(tcp, LQ_TCP_INITIATOR)))
        mark(wire);
}

static void accept_others(struct lq_relay *relay, uint32_t portal)
{
    char local[LQ_ADDRESS_BYTES_MAX];
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = lq_listener_accept(&relay->listeners[portal], local);
        if (fd < 0)
            return;
        struct wire *wire = open_wire(relay, &foreign_options, NULL, portal);
        if (wire == NULL || !watch(relay, fd, KIND_WIRE, (uint32_t)(wire - relay->wires))) {
            if (wire != NULL)
                lq_tcp_reset(wire->tcp, LQ_TCP_INITIATOR);
            close(fd);
            continue;
        }
        wire->tails[LQ_TCP_INITIATOR].fd = fd;
        relay->others++;
    }
}

void lq_relay_turn(struct lq_relay *relay)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(relay->epoll_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        uint32_t index = (uint32_t)events[i].data.u64;
        switch ((enum kind)(events[i].data.u64 >> 56)) {
        case KIND_LISTENER:
            accept_others(relay, index);
            break;
        case KIND_WIRE:
            mark(&relay->wires[index]);
            break;
        case KIND_DRAIN:
            if (relay->drains[index] >= 0 && !drain(relay->drains[index]))
                end_drain(relay, index);
            break;
        }
    }
    struct lq_link *link;
    while ((link = lq_list_take(&relay->dirty)) != NULL)
        serve(LQ_ELEMENT(link, struct wire, dirty));
}

bool lq_relay_is_marked(const struct lq_relay *relay)
{
    return !lq_list_is_empty(&relay->dirty);
}
