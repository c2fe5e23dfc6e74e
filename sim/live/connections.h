/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop's TCP connections: bytes from sockets into the shard, what the shard emits into
 * sockets, and the ends of both.
 *
 * Payload is received where the shard wants it (lq_shard_want), everything else into one shared
 * scratch buffer. What the shard holds back waits in a buffer of the connection, which is not read
 * from meanwhile. A connection that we close in order lingers until the peer has closed too, so
 * that our last bytes are not overtaken by a reset.
 *
 * Who uses it: loop.c alone. All memory is allocated at start.
 */
#ifndef LQ_SIM_LIVE_CONNECTIONS_H
#define LQ_SIM_LIVE_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/guest.h"
#include "sim/live/listener.h"
#include "sim/shard/filter.h"
#include "sim/shard/shard.h"

struct lq_connections;

/* For at most MAX connections that the shard knows. FILTER (NULL: none) stands between them and the
 * shard; its slots are the indexes of the shard's handles. Events of their sockets are asked for
 * from EPOLL_FD with the data (KIND << 56 | a name for lq_connections_event). NULL: no memory. */
struct lq_connections *lq_connections_make(struct lq_shard *shard, struct lq_filter *filter,
                                           int epoll_fd, uint64_t kind, uint32_t max);
void lq_connections_free(struct lq_connections *connections);
uint64_t lq_connections_memory_bytes(uint32_t max);

/* Time of the turn: every input that follows carries it. */
void lq_connections_set_now(struct lq_connections *connections, uint64_t now_ns);

/* Takes FD over; LOCAL is its own address, PEER its name. Closes it when the shard has no room. */
void lq_connections_accept(struct lq_connections *connections, int fd,
                           const char local[LQ_ADDRESS_BYTES_MAX], struct lq_live_peer peer);

/* The shard's handle of the connection that has this number; none when it is not open. */
lq_handle lq_connections_handle(const struct lq_connections *connections, uint32_t number);

/* EVENTS (EPOLL*) of the socket called NAME; a name of a connection that has ended is ignored. */
void lq_connections_event(struct lq_connections *connections, uint64_t name, uint32_t events);

/* Sends what the shard's ready connections emit. */
void lq_connections_drain(struct lq_connections *connections);

/* When lq_connections_expire wants to be called; LQ_NEVER. */
uint64_t lq_connections_deadline(const struct lq_connections *connections);
void lq_connections_expire(struct lq_connections *connections);

/* Connections that the shard still knows. */
uint32_t lq_connections_open(const struct lq_connections *connections);

/* Resets all of them. */
void lq_connections_reset_all(struct lq_connections *connections);

#endif
