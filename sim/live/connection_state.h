/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the loop's connections share: connections.c (slots, sockets, their ends)
 * and carry.c (bytes between sockets, the filter and the shard). Nobody else's. */
#ifndef LQ_SIM_LIVE_CONNECTION_STATE_H
#define LQ_SIM_LIVE_CONNECTION_STATE_H

#include "core/base/heap.h"
#include "core/base/list.h"
#include "sim/live/connections.h"

enum { SCRATCH_BYTES = 64 * 1024 };

enum connection_state { STATE_FREE, STATE_OPEN, STATE_LINGERING };

struct connection {
    enum connection_state state;
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
    struct lq_filter *filter; /* NULL: none */
    struct connection *slots;
    uint32_t *slot_of;       /* by the index of the shard's handle */
    uint8_t *held;           /* SCRATCH_BYTES per slot; pages come when first used */
    struct lq_link free;
    struct lq_heap deadlines;
    struct lq_heap_node **deadline_nodes;
    uint8_t scratch[SCRATCH_BYTES];
};

static inline uint32_t lq_connection_index(const struct lq_connections *connections,
                                           const struct connection *c)
{
    return (uint32_t)(c - connections->slots);
}

/* Tells epoll what an open connection waits for, which follows from its state. */
void lq_connection_ask(struct lq_connections *connections, struct connection *c);

/* The shard hears that C is gone, and HOW: its socket is reset, or closes in order. LINGERS: the
 * peer has not closed yet; what it still sends is dropped until it does. */
void lq_connection_reset(struct lq_connections *connections, struct connection *c,
                         enum lq_close how);
void lq_connection_end(struct lq_connections *connections, struct connection *c, enum lq_close how,
                       bool lingers);

/* --- carry.c ---------------------------------------------------------------------------------- */

/* The socket of C can be read: some of what it has goes to the shard. */
void lq_connection_receive(struct lq_connections *connections, struct connection *c);

/* Sends what there is for C, as far as its socket takes it; offers again what the shard did not
 * take before. */
void lq_connection_send(struct lq_connections *connections, struct connection *c);

#endif
