/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "sim/live/connections.h"

enum {
    EVENTS_MAX = 256,
    COMPLETIONS_MAX = 256,
    ACCEPTS_PER_TURN = 64,
    FRAMES_PER_TURN = 128, /* each way */
    ROUNDS_PER_TURN = 16,    /* of stores and senders feeding each other */
    WAIT_MS_MAX = 60 * 1000,
};

/* What an event is about: the top byte of epoll's data. */
enum kind { KIND_LISTENER = 1, KIND_CONNECTION, KIND_STORE, KIND_WATCH, KIND_FRAMES };

struct watch {
    int fd;
    void (*readable)(void *context);
    void *context;
};

struct lq_loop {
    struct lq_loop_config config;
    int epoll_fd;
    struct lq_connections *connections;
    struct watch watches[LQ_LOOP_WATCHES];
    uint64_t now_ns;
    uint32_t connection_numbers; /* given so far, without a guest */
    bool waits_for_room; /* of the frame device */
    bool unfinished; /* the turn's rounds were used up: do not wait */
    bool stopping;
    uint64_t stop_ns; /* stopping: no longer than until then */
    struct epoll_event events[EVENTS_MAX];
    struct lq_completion completions[COMPLETIONS_MAX];
};

uint64_t lq_live_now_ns(void)
{
    struct timespec now;
    int result = clock_gettime(CLOCK_MONOTONIC, &now);
    LQ_ASSERT(result == 0);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t lq_loop_memory_bytes(uint32_t connections)
{
    return sizeof(struct lq_loop) + lq_connections_memory_bytes(connections);
}

/* --- making ----------------------------------------------------------------------------------- */

static bool add_fd(const struct lq_loop *loop, int fd, enum kind kind, uint32_t index,
                   uint32_t events)
{
    struct epoll_event event = {.events = events};
    event.data.u64 = (uint64_t)kind << 56 | index;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool start(struct lq_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return false;
    loop->connections = lq_connections_make(loop->config.shard, loop->config.filter, loop->epoll_fd,
                                            KIND_CONNECTION, loop->config.connections);
    if (loop->connections == NULL)
        return false;
    /* Stores' eventfds are never read: each write is an edge. */
    for (uint32_t i = 0; i < loop->config.store_count; i++) {
        int fd = loop->config.stores[i]->wake_fd;
        if (fd >= 0 && !add_fd(loop, fd, KIND_STORE, i, EPOLLIN | EPOLLET))
            return false;
    }
    for (uint32_t i = 0; i < loop->config.listener_count; i++)
        if (!add_fd(loop, loop->config.listeners[i].fd, KIND_LISTENER, i, EPOLLIN))
            return false;
    const struct lq_frame_device *frames = loop->config.frames;
    return frames == NULL || add_fd(loop, frames->fd, KIND_FRAMES, 0, EPOLLIN);
}

struct lq_loop *lq_loop_make(const struct lq_loop_config *config, struct lq_problem *problem)
{
    struct lq_loop *loop = calloc(1, sizeof *loop);
    if (loop != NULL) {
        loop->config = *config;
        loop->epoll_fd = -1;
        for (int i = 0; i < LQ_LOOP_WATCHES; i++)
            loop->watches[i].fd = -1;
        if (start(loop))
            return loop;
        lq_loop_free(loop);
    }
    lq_problem_set(problem,
                   "start: the event loop cannot be made (%s); expected memory and "
                   "descriptors; free some or raise `ulimit -n`",
                   strerror(errno));
    return NULL;
}

void lq_loop_free(struct lq_loop *loop)
{
    if (loop->connections != NULL)
        lq_connections_free(loop->connections);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    free(loop);
}

lq_handle lq_loop_connection(const struct lq_loop *loop, uint32_t number)
{
    return lq_connections_handle(loop->connections, number);
}

bool lq_loop_watch(struct lq_loop *loop, int fd, void (*readable)(void *context), void *context)
{
    for (uint32_t i = 0; i < LQ_LOOP_WATCHES; i++) {
        if (loop->watches[i].fd >= 0)
            continue;
        loop->watches[i] = (struct watch){fd, readable, context};
        return add_fd(loop, fd, KIND_WATCH, i, EPOLLIN);
    }
    return false;
}

void lq_loop_unwatch(struct lq_loop *loop, int fd)
{
    for (uint32_t i = 0; i < LQ_LOOP_WATCHES; i++) {
        if (loop->watches[i].fd == fd) {
            epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
            loop->watches[i].fd = -1;
        }
    }
}

/* --- a turn ----------------------------------------------------------------------------------- */

static uint64_t earliest(const struct lq_loop *loop)
{
    uint64_t time_ns = lq_shard_deadline(loop->config.shard);
    uint64_t connections_ns = lq_connections_deadline(loop->connections);
    if (connections_ns < time_ns)
        time_ns = connections_ns;
    if (loop->stopping && loop->stop_ns < time_ns)
        time_ns = loop->stop_ns;
    const struct lq_loop_guest *guest = loop->config.guest;
    uint64_t guest_ns = guest == NULL ? LQ_NEVER : guest->deadline(guest->context);
    return guest_ns < time_ns ? guest_ns : time_ns;
}

static uint64_t wait_ns(const struct lq_loop *loop)
{
    static const uint64_t longest_ns = WAIT_MS_MAX * UINT64_C(1000000);
    if (loop->unfinished)
        return 0;
    uint64_t until_ns = earliest(loop);
    uint64_t now_ns = lq_live_now_ns();
    if (until_ns <= now_ns)
        return 0;
    return until_ns - now_ns < longest_ns ? until_ns - now_ns : longest_ns;
}

/* Fills in events; returns how many. Milliseconds are rounded up: waking before a deadline would be
 * a turn for nothing. A guest's network has latencies far below one: it is woken in time. */
static int wait_for_events(struct lq_loop *loop)
{
    uint64_t time_ns = wait_ns(loop);
    int ms = (int)((time_ns + 999999) / 1000000);
    if (loop->config.guest != NULL && ms > 0) {
        struct pollfd epoll = {.fd = loop->epoll_fd, .events = POLLIN};
        struct timespec time = {(time_t)(time_ns / 1000000000), (long)(time_ns % 1000000000)};
        (void)ppoll(&epoll, 1, &time, NULL);
        ms = 0;
    }
    return epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, ms);
}

static void accept_some(struct lq_loop *loop, uint32_t portal)
{
    char local[LQ_ADDRESS_BYTES_MAX];
    for (int i = 0; i < ACCEPTS_PER_TURN && !loop->stopping; i++) {
        int fd = lq_listener_accept(&loop->config.listeners[portal], local);
        if (fd < 0)
            return;
        const struct lq_loop_guest *guest = loop->config.guest;
        struct lq_live_peer peer = {.number = ++loop->connection_numbers};
        if (guest != NULL)
            peer = guest->accepted(guest->context, fd);
        peer.portal = portal;
        lq_connections_accept(loop->connections, fd, local, peer);
    }
}

/* --- the frame device ------------------------------------------------------------------------- */

static void give_frames(struct lq_loop *loop)
{
    uint8_t bytes[LQ_DEVICE_FRAME_BYTES_MAX];
    bool is_empty = false;
    for (int i = 0; i < FRAMES_PER_TURN && !is_empty; i++) {
        uint32_t size_bytes = lq_frame_device_receive(loop->config.frames, bytes, &is_empty);
        const struct lq_input input = {.kind = LQ_INPUT_FRAME,
                                       .now_ns = loop->now_ns,
                                       .bytes = bytes,
                                       .size_bytes = size_bytes};
        if (size_bytes > 0)
            lq_shard_input(loop->config.shard, &input);
    }
}

static void wait_for_room(struct lq_loop *loop, bool wait)
{
    struct epoll_event event = {.events = wait ? EPOLLIN | EPOLLOUT : EPOLLIN};
    event.data.u64 = (uint64_t)KIND_FRAMES << 56;
    if (loop->waits_for_room != wait)
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, loop->config.frames->fd, &event);
    loop->waits_for_room = wait;
}

/* Sends what the station emits, until there is no more or no room. True when it was too much for
 * one turn. */
static bool drain_frames(struct lq_loop *loop)
{
    struct lq_frame_device *frames = loop->config.frames;
    struct lq_slice slices[LQ_FCOE_FRAME_SLICES];
    const struct lq_input sent = {.kind = LQ_INPUT_FRAME_SENT, .now_ns = loop->now_ns};
    if (frames == NULL)
        return false;
    for (int i = 0; lq_frame_device_flush(frames); i++) {
        if (i == FRAMES_PER_TURN)
            return true;
        uint32_t count = lq_shard_emit_frame(loop->config.shard, slices);
        if (count == 0)
            break;
        lq_frame_device_send(frames, slices, count);
        lq_shard_input(loop->config.shard, &sent);
    }
    wait_for_room(loop, frames->pending_bytes > 0);
    return false;
}

static void set_link(struct lq_loop *loop, bool is_up)
{
    const struct lq_input input = {
        .kind = LQ_INPUT_LINK, .now_ns = loop->now_ns, .code = is_up};
    if (loop->config.frames != NULL)
        lq_shard_input(loop->config.shard, &input);
}

/* --- events ----------------------------------------------------------------------------------- */

static void handle_event(struct lq_loop *loop, const struct epoll_event *event)
{
    uint64_t data = event->data.u64;
    switch ((enum kind)(data >> 56)) {
    case KIND_CONNECTION:
        lq_connections_event(loop->connections, data, event->events);
        break;
    case KIND_LISTENER:
        accept_some(loop, (uint32_t)data);
        break;
    case KIND_FRAMES: /* what there is room for is sent in every turn */
        give_frames(loop);
        break;
    case KIND_STORE: /* it is looked at in every turn */
        break;
    case KIND_WATCH: {
        const struct watch *watch = &loop->watches[(uint32_t)data];
        if (watch->fd >= 0)
            watch->readable(watch->context);
        break;
    }
    }
}

/* True when any store had ended something. */
static bool drain_stores(struct lq_loop *loop)
{
    bool any = false;
    for (uint32_t i = 0; i < loop->config.store_count; i++) {
        uint32_t count = lq_live_store_take(loop->config.stores[i], loop->completions,
                                            COMPLETIONS_MAX);
        for (uint32_t k = 0; k < count; k++) {
            const struct lq_input input = {.kind = LQ_INPUT_STORE_DONE,
                                           .now_ns = loop->now_ns,
                                           .request = loop->completions[k].handle,
                                           .code = loop->completions[k].status};
            lq_shard_input(loop->config.shard, &input);
        }
        any = any || count > 0;
    }
    return any;
}

/* Completions give senders work, and what is sent frees the way for new requests: until neither
 * has any. */
static void settle(struct lq_loop *loop)
{
    loop->unfinished = true;
    for (int round = 0; round < ROUNDS_PER_TURN && loop->unfinished; round++) {
        loop->unfinished = drain_stores(loop);
        lq_connections_drain(loop->connections);
        loop->unfinished = drain_frames(loop) || loop->unfinished;
        for (uint32_t i = 0; i < loop->config.store_count; i++)
            lq_live_store_push(loop->config.stores[i]);
    }
}

static void expire(struct lq_loop *loop)
{
    if (lq_shard_deadline(loop->config.shard) <= loop->now_ns) {
        const struct lq_input input = {.kind = LQ_INPUT_EXPIRE, .now_ns = loop->now_ns};
        lq_shard_input(loop->config.shard, &input);
    }
    lq_connections_expire(loop->connections);
}

static void set_now(struct lq_loop *loop)
{
    loop->now_ns = lq_live_now_ns();
    lq_connections_set_now(loop->connections, loop->now_ns);
    if (loop->config.guest != NULL)
        loop->config.guest->set_now(loop->config.guest->context, loop->now_ns);
}

static bool is_listener(const struct epoll_event *event)
{
    return (enum kind)(event->data.u64 >> 56) == KIND_LISTENER;
}

static void wait_and_read(struct lq_loop *loop)
{
    int count = wait_for_events(loop);
    LQ_ASSERT(count >= 0 || errno == EINTR);
    set_now(loop);
    /* Who comes gets the place of somebody who has just left, so newcomers are last. */
    for (int i = 0; i < count; i++)
        if (!is_listener(&loop->events[i]))
            handle_event(loop, &loop->events[i]);
    for (int i = 0; i < count; i++)
        if (is_listener(&loop->events[i]))
            handle_event(loop, &loop->events[i]);
}

static void turn(struct lq_loop *loop)
{
    wait_and_read(loop);
    expire(loop);
    if (loop->config.guest != NULL)
        loop->config.guest->turn(loop->config.guest->context);
    settle(loop);
}

/* --- the end ---------------------------------------------------------------------------------- */

static uint32_t requests_outstanding(const struct lq_loop *loop)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < loop->config.store_count; i++)
        sum += lq_engine_store_outstanding(lq_shard_engine(loop->config.shard),
                                           loop->config.stores[i]->store.number);
    return sum;
}

static bool is_over(const struct lq_loop *loop)
{
    if (!loop->stopping)
        return false;
    if (loop->now_ns >= loop->stop_ns)
        return true;
    return lq_connections_open(loop->connections) == 0 && requests_outstanding(loop) == 0;
}

void lq_loop_stop(struct lq_loop *loop, uint64_t bound_ns)
{
    set_now(loop);
    uint64_t until_ns = bound_ns < UINT64_MAX - loop->now_ns ? loop->now_ns + bound_ns : UINT64_MAX;
    if (loop->stopping) {
        if (until_ns < loop->stop_ns)
            loop->stop_ns = until_ns;
        return;
    }
    loop->stopping = true;
    loop->stop_ns = until_ns;
    for (uint32_t i = 0; i < loop->config.listener_count; i++)
        lq_listener_close(&loop->config.listeners[i]);
    const struct lq_input input = {.kind = LQ_INPUT_SHUTDOWN, .now_ns = loop->now_ns};
    lq_shard_input(loop->config.shard, &input);
}

void lq_loop_run(struct lq_loop *loop)
{
    set_now(loop);
    set_link(loop, true);
    settle(loop);
    while (!is_over(loop))
        turn(loop);
    lq_connections_reset_all(loop->connections);
    settle(loop);
}
