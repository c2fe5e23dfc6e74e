/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network as initiators use it: the seam between a scenario's or seed's initiators and what
 * carries their bytes, TCP of the virtual world (sim/virtual/tcp.h) or sockets (sim/live).
 *
 * Functions act at the initiator's end of a connection. None of them calls back: that a connection
 * has been made, has bytes or room, or is over, the network tells later, from the world's own turn
 * (lq_actor_connected, lq_actor_turn, lq_actor_connection_lost).
 */
#ifndef LQ_SIM_STAGE_NETWORK_H
#define LQ_SIM_STAGE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

struct lq_actor;
struct lq_world;

/* An initiator's end; the network embeds it in what it keeps for the connection. */
struct lq_connection {
    struct lq_actor *actor; /* NULL: deserted or closed */
    uint32_t number;        /* of the run's connections, from 1: in records and draws */
};

struct lq_network_ops {
    /* A connection of ACTOR to its target port begins. NULL: there is no room. */
    struct lq_connection *(*open)(struct lq_world *world, struct lq_actor *actor);
    /* Takes as many bytes as there is room for, and says how many; when not all, the connection
     * gets a turn as soon as there is room again. */
    uint32_t (*write)(struct lq_connection *connection, const uint8_t *bytes, uint32_t size_bytes);
    /* What has arrived, as the first contiguous run (size 0: nothing), and that the first
     * SIZE_BYTES of it have been taken. */
    struct lq_slice (*peek)(struct lq_connection *connection);
    void (*take)(struct lq_connection *connection, uint32_t size_bytes);
    /* This end is over: in order (FIN behind what was written), by RST, or without a word. */
    void (*close)(struct lq_connection *connection);
    void (*reset)(struct lq_connection *connection);
    void (*abandon)(struct lq_connection *connection);
    /* The cable is pulled: from now on nothing passes in either direction. */
    void (*cut)(struct lq_connection *connection);
    /* The connection's initiator may be able to go on: it gets a turn at this instant. */
    void (*mark)(struct lq_world *world, struct lq_connection *connection);
    /* Heal: who still has one end of a dead connection learns of it. */
    void (*heal)(struct lq_world *world);
};

/* Ethernet as initiators use it: each has a link to a switch of its world. */
struct lq_frame_network_ops {
    /* ACTOR's link has a carrier from now on, or has none. */
    void (*set_carrier)(struct lq_world *world, struct lq_actor *actor, bool is_up);
    /* It may send now; when not, it gets a turn as soon as it may. */
    bool (*has_room)(struct lq_world *world, struct lq_actor *actor);
    void (*send)(struct lq_world *world, struct lq_actor *actor, const uint8_t *bytes,
                 uint32_t size_bytes);
    /* It gets a turn at this instant. */
    void (*mark)(struct lq_world *world, struct lq_actor *actor);
};

/* What faults take for the connection of a frame to or from the station of LINK. */
static inline uint32_t lq_connection_of_link(uint32_t link)
{
    return UINT32_C(0x80000000) | link;
}

/* The link behind it; 0: it is of no link, or of the target's. */
static inline uint32_t lq_link_of_connection(uint32_t connection)
{
    return connection >> 31 == 0 ? 0 : connection & INT32_MAX;
}

/* TCP as the virtual world models it. */
struct lq_tcp_options {
    uint64_t latency_min_ns, latency_max_ns; /* one way */
    uint64_t byte_ns_x16;   /* sixteenths of a nanosecond that one byte takes */
    uint64_t stall_max_ns;  /* of a stalled direction */
    uint64_t timeout_ns;    /* a cut is noticed this long after a byte could not be delivered */
    uint32_t window_bytes;  /* a power of two, at most LQ_TCP_WINDOW_BYTES_MAX */
};

/* A link to the Ethernet switch of the virtual world. */
struct lq_frame_options {
    uint64_t latency_min_ns, latency_max_ns; /* from station to station */
    uint64_t byte_ns_x16; /* sixteenths of a nanosecond that one byte takes */
    uint64_t down_max_ns; /* how long it is down by a fault; 0: never */
};

#endif
