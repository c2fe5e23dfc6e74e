/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a scenario's initiators in the live world: sockets to the target's own portal.
 * Implements sim/stage/network.h.
 *
 * What differs from the virtual network: latency is the system's, and a pulled cable is a peer
 * that neither reads nor writes nor closes any more; TCP itself does not give up on it.
 *
 * Who uses it: play.c. All memory is allocated at start.
 */
#ifndef LQ_SIM_LIVE_SOCKETS_H
#define LQ_SIM_LIVE_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/stage/network.h"

struct lq_sockets;

extern const struct lq_network_ops lq_sockets_ops;

/* The sockets of WORLD, which is a play's (play.c). */
struct lq_sockets *lq_sockets_of(struct lq_world *world);

/* NULL: no memory or no descriptor, as errno says. */
struct lq_sockets *lq_sockets_make(void);
void lq_sockets_free(struct lq_sockets *sockets);

/* Connections to PORT go to where LISTENER_FD listens. False: the system does not say where that
 * is. */
bool lq_sockets_aim(struct lq_sockets *sockets, uint32_t port, int listener_fd);

/* Readable when a socket wants lq_sockets_turn. */
int lq_sockets_fd(const struct lq_sockets *sockets);

/* Moves bytes until nothing moves; tells actors of connections that were made or are over. */
void lq_sockets_turn(struct lq_sockets *sockets);

/* A connection has been marked and waits for lq_sockets_turn. */
bool lq_sockets_are_marked(const struct lq_sockets *sockets);

/* The connection whose other end is the accepted socket FD; NULL: none of ours. */
const struct lq_connection *lq_sockets_find(const struct lq_sockets *sockets, int fd);

#endif
