/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who lives in the live world's loop beside the target: has timers of its own, and knows who made
 * a connection. The scenario of serve and with (play.h) is one. Called on the loop's thread.
 */
#ifndef LQ_SIM_LIVE_GUEST_H
#define LQ_SIM_LIVE_GUEST_H

#include <stdint.h>

/* A connection as histories name it. */
struct lq_live_peer {
    uint32_t number; /* of the connection, from 1 */
    uint32_t actor;  /* of the initiator in this process; 0: somebody else's */
    uint32_t portal; /* that it has come to; the loop fills it in */
};

struct lq_loop_guest {
    /* The time of the turn; first of all calls in it. */
    void (*set_now)(void *context, uint64_t now_ns);
    /* When it wants a turn at the latest; LQ_NEVER. */
    uint64_t (*deadline)(const void *context);
    /* Its turn: after sockets were read, before stores are asked for what they have ended. */
    void (*turn)(void *context);
    /* The target has accepted the socket FD. */
    struct lq_live_peer (*accepted)(void *context, int fd);
    void *context;
};

#endif
