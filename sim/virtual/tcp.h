/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP as endpoints feel it: two byte pipes with latency, bandwidth, a bounded window and an end.
 *
 * What one side writes arrives at the other later, in order, cut at any byte, or never. A pipe
 * holds at most its window of bytes that the reader has not taken: the writer is refused the rest,
 * so back-pressure reaches whoever produces. Ends: FIN after the last byte, RST at once, or a cut
 * cable, of which a side hears only when what it wrote has not got through for too long.
 *
 * What this is not: packets, sequence numbers or retransmission. Who uses it: the virtual world,
 * which moves bytes between pipes, the shard and the initiators' endpoints.
 */
#ifndef LQ_SIM_VIRTUAL_TCP_H
#define LQ_SIM_VIRTUAL_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"
#include "faults/faults.h"
#include "sim/stage/memory.h"
#include "sim/stage/network.h"
#include "sim/stage/queue.h"

enum {
    LQ_TCP_WINDOW_BYTES_MAX = 64 * 1024,
    LQ_TCP_SEGMENTS = 64 /* on their way in one pipe */
};

enum lq_tcp_side { LQ_TCP_INITIATOR, LQ_TCP_TARGET, LQ_TCP_SIDES };

/* What was written at one instant travels together, unless a fault cuts it. */
struct lq_tcp_segment {
    uint64_t end; /* stream offset behind it */
    uint64_t written_ns, arrival_ns;
};

/* What one side sends. Offsets count all bytes since the connection began. */
struct lq_tcp_pipe {
    struct lq_timer timer; /* next arrival; when cut: the sender's timeout */
    struct lq_tcp *tcp;
    uint8_t *ring;         /* LQ_TCP_WINDOW_BYTES_MAX bytes */
    uint64_t written, arrived, taken;
    uint64_t busy_until_ns, last_arrival_ns;
    struct lq_tcp_segment segments[LQ_TCP_SEGMENTS];
    uint32_t first_segment, segment_count;
    bool is_finished; /* the writer has closed */
    bool is_refused;  /* the writer was refused bytes and waits for room */
};

struct lq_net;

struct lq_tcp {
    struct lq_net *net;
    const struct lq_tcp_options *options;
    struct lq_tcp_pipe pipes[LQ_TCP_SIDES]; /* by writer */
    struct lq_timer connect_timer, doom_timer;
    uint32_t number;  /* the world's, for records and draws; 0: slot is free */
    uint32_t doom;    /* enum lq_fault that ends this connection soon, 0: none */
    bool is_open[LQ_TCP_SIDES]; /* this side still wants to hear */
    bool is_accepted, is_cut;
    bool is_forgotten; /* the target's host has lost power since: it answers by RST, once it can */
    void *user; /* the world's */
};

/* Told to the world; it may call anything of this header from there but lq_net_reset. */
struct lq_tcp_events {
    void (*accepted)(void *context, struct lq_tcp *tcp);  /* at the target */
    void (*connected)(void *context, struct lq_tcp *tcp); /* at the initiator */
    /* Bytes for SIDE have arrived, and the other side may have room to write. */
    void (*arrived)(void *context, struct lq_tcp *tcp, enum lq_tcp_side side);
    /* The connection is over for SIDE, which is closed; nothing more is told to it. */
    void (*lost)(void *context, struct lq_tcp *tcp, enum lq_tcp_side side, enum lq_close how);
};

struct lq_net {
    struct lq_queue *queue;
    struct lq_faults *faults;
    const struct lq_tcp_events *events;
    void *context;
    const struct lq_allocator *allocator;
    struct lq_tcp *connections;
    uint8_t *rings;
    uint32_t capacity, in_use;
    /* Not NULL: what was written arrives in whole messages, each when lq_tcp_deliver says so, and
     * never by itself. Told the first LQ_TCP_MESSAGE_HEAD_BYTES of a message, it returns its
     * length. */
    uint32_t (*message_bytes)(const uint8_t *head);
    bool target_is_off; /* its host answers nothing */
};

enum { LQ_TCP_MESSAGE_HEAD_BYTES = 8 };

/* Once, with room for CAPACITY connections; ALLOCATOR outlives it. */
void lq_net_init(struct lq_net *net, const struct lq_allocator *allocator, uint32_t capacity);

/* No connections, for a new run; and bytes arrive by time. */
void lq_net_reset(struct lq_net *net, struct lq_queue *queue, struct lq_faults *faults,
                  const struct lq_tcp_events *events, void *context);

void lq_net_fini(struct lq_net *net);

/* Begins a connection: accepted(), then connected() follow. NULL when all are in use. NUMBER is
 * not 0. OPTIONS outlive it. */
struct lq_tcp *lq_tcp_open(struct lq_net *net, const struct lq_tcp_options *options,
                           uint32_t number, void *user);

/* SIDE writes; returns how many bytes were taken. When fewer than SIZE_BYTES, lq_tcp_wants_room()
 * becomes true, and lq_tcp_take() by the other side makes room. */
uint32_t lq_tcp_write(struct lq_tcp *tcp, enum lq_tcp_side side, const uint8_t *bytes,
                      uint32_t size_bytes);

/* Turns the bits of MASK over in a byte that SIDE has written and that is still on its way: the one
 * FROM_END bytes before the end of all that it wrote (1: the last). */
void lq_tcp_damage(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t from_end, uint8_t mask);

/* What SIDE can take now, as the first contiguous run; size 0: nothing. */
struct lq_slice lq_tcp_peek(const struct lq_tcp *tcp, enum lq_tcp_side side);

/* SIDE has taken the first SIZE_BYTES of what has arrived. */
void lq_tcp_take(struct lq_tcp *tcp, enum lq_tcp_side side, uint32_t size_bytes);

/* SIDE was refused bytes, and there is room now; asking clears it. */
bool lq_tcp_wants_room(struct lq_tcp *tcp, enum lq_tcp_side side);

/* SIDE closes in order: what it wrote still arrives, then the other side loses the connection. */
void lq_tcp_close(struct lq_tcp *tcp, enum lq_tcp_side side);

/* SIDE resets: what is under way in both directions is lost. */
void lq_tcp_reset(struct lq_tcp *tcp, enum lq_tcp_side side);

/* SIDE is gone without a word; what it wrote may still arrive unless the cable is cut. */
void lq_tcp_abandon(struct lq_tcp *tcp, enum lq_tcp_side side);

/* From now on nothing passes in either direction. */
void lq_tcp_cut(struct lq_tcp *tcp);

/* With messages: what WRITER has sent, a message or the end, can arrive next. */
bool lq_tcp_is_due(const struct lq_tcp *tcp, enum lq_tcp_side writer);

/* What is due is a message, not the end; and its first byte. */
bool lq_tcp_has_message(const struct lq_tcp *tcp, enum lq_tcp_side writer);
uint8_t lq_tcp_first_byte(const struct lq_tcp *tcp, enum lq_tcp_side writer);

/* It arrives. */
void lq_tcp_deliver(struct lq_tcp *tcp, enum lq_tcp_side writer);

/* The target's host loses power: it is silent, and forgets its connections; what it sent before
 * still arrives. When power is back, it answers by RST what comes for a connection that it has
 * forgotten. The world has let go of the target's ends. */
void lq_net_target_off(struct lq_net *net);
void lq_net_target_on(struct lq_net *net);

/* Hosts and cables are well again: who still has one end of a dead connection learns it. */
void lq_net_heal(struct lq_net *net);

#endif
