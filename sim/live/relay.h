/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a scenario in the live world: between whoever is an initiator and the target's
 * own portals stands the TCP of the virtual world (sim/virtual/tcp.h), on the wall clock, with its
 * latencies and faults; from there on bytes travel through sockets.
 *
 * The scenario's initiators write into it directly (sim/stage/network.h), all others connect to
 * portals of the relay. Each connection has one socket to the target.
 *
 * Who uses it: play.c.
 */
#ifndef LQ_SIM_LIVE_RELAY_H
#define LQ_SIM_LIVE_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/listener.h"
#include "sim/live/problem.h"
#include "sim/stage/network.h"

struct lq_relay;
struct lq_live;

extern const struct lq_network_ops lq_relay_ops;

/* The relay of WORLD, which is a play's (play.c). */
struct lq_relay *lq_relay_of(struct lq_world *world);

/* For WORLD, which has been prepared and outlives it. NULL: no memory or no descriptor, as errno
 * says. */
struct lq_relay *lq_relay_make(struct lq_world *world);
void lq_relay_free(struct lq_relay *relay);

/* The relay listens at HOST for others, one portal after another, the first at PORT and the rest at
 * free ones. False, and PROBLEM says why. */
bool lq_relay_listen(struct lq_relay *relay, uint32_t portals, const char *host, uint16_t port,
                     struct lq_problem *problem);
const struct lq_listener *lq_relay_listener(const struct lq_relay *relay, uint32_t portal);

/* Connections go on to the portals of LIVE. False: the system does not say where these are. */
bool lq_relay_aim(struct lq_relay *relay, const struct lq_live *live);

/* Readable when a socket wants lq_relay_turn. */
int lq_relay_fd(const struct lq_relay *relay);

/* Moves bytes until nothing moves; what takes time is in the world's queue. */
void lq_relay_turn(struct lq_relay *relay);

/* Something waits for lq_relay_turn. */
bool lq_relay_is_marked(const struct lq_relay *relay);

/* The connection whose target's end is FD, a socket that was just accepted, once; its actor is NULL
 * when it is not the scenario's. NULL: it did not come through here. */
const struct lq_connection *lq_relay_find(struct lq_relay *relay, int fd);

/* Connections that others have made. */
uint32_t lq_relay_others(const struct lq_relay *relay);

#endif
