/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the live world: one thread that carries bytes between sockets, a shard and stores.
 *
 * One turn: wait; read the clock once; drain readable sockets into the shard; drain the stores'
 * completions; drain the connections that have something to send, up to 64 pieces per system call;
 * hand new requests to the stores' helpers. Nothing in a turn blocks but the wait, whose bound is
 * the earliest deadline.
 *
 * What this is not: a policy. When to stop and what a signal means is said by who runs it.
 * Used by tools (serve, with) through sim/live/live.h.
 */
#ifndef LQ_SIM_LIVE_LOOP_H
#define LQ_SIM_LIVE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/frames.h"
#include "sim/live/guest.h"
#include "sim/live/listener.h"
#include "sim/live/problem.h"
#include "sim/live/store.h"
#include "sim/shard/filter.h"
#include "sim/shard/shard.h"

struct lq_loop;

struct lq_loop_config {
    struct lq_shard *shard;
    struct lq_live_store *const *stores; /* as added to the shard's engine, by number */
    uint32_t store_count;
    uint32_t connections;         /* limits.connections of the shard */
    struct lq_filter *filter;     /* between it and its connections; NULL: none */
    struct lq_listener *listeners; /* by portal; the loop closes them when it stops */
    uint32_t listener_count;
    struct lq_frame_device *frames; /* of the shard; NULL: none */
    const struct lq_loop_guest *guest; /* NULL: nobody */
};

/* Nanoseconds of the monotonic clock. */
uint64_t lq_live_now_ns(void);

/* Bytes that a loop for CONNECTIONS allocates, once, at start. */
uint64_t lq_loop_memory_bytes(uint32_t connections);

/* All in CONFIG outlives the loop. NULL, and PROBLEM says why. */
struct lq_loop *lq_loop_make(const struct lq_loop_config *config, struct lq_problem *problem);
void lq_loop_free(struct lq_loop *loop);

/* The shard's handle of the connection that has NUMBER in records; none when it is over. */
lq_handle lq_loop_connection(const struct lq_loop *loop, uint32_t number);

/* READABLE(CONTEXT) is called in the turn after FD became readable, until lq_loop_unwatch. At most
 * LQ_LOOP_WATCHES at once. False: the system refuses. */
enum { LQ_LOOP_WATCHES = 4 };
bool lq_loop_watch(struct lq_loop *loop, int fd, void (*readable)(void *context), void *context);
void lq_loop_unwatch(struct lq_loop *loop, int fd);

/* Turns until stopped: no connection is left and no store holds a request, or the bound of
 * lq_loop_stop has passed; then connections that are left are reset. */
void lq_loop_run(struct lq_loop *loop);

/* Begins a graceful stop, at most BOUND_NS long: no more connections are accepted, sessions are
 * asked to end. A second call only shortens the bound. Callable from a watch. */
void lq_loop_stop(struct lq_loop *loop, uint64_t bound_ns);

#endif
