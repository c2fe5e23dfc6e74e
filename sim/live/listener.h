/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP portal: an address literal to listen on, and connections accepted from it.
 *
 * What this is not: a resolver; names are not looked up, so that what is bound is what was said.
 * Used by the loop and by who assembles a live target.
 */
#ifndef LQ_SIM_LIVE_LISTENER_H
#define LQ_SIM_LIVE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/problem.h"

/* "[" 45 characters of IPv6 "%" interface "]" ":" port */
enum { LQ_ADDRESS_BYTES_MAX = 96 };

struct lq_listener {
    int fd;
    int spare_fd;  /* given up for a moment to turn a peer away when descriptors have run out */
    uint16_t port; /* the one that is bound */
    bool loopback; /* only this machine reaches it */
    char host[LQ_ADDRESS_BYTES_MAX]; /* for a URI: IPv6 in brackets; the loopback address where
                                        all addresses are bound */
};

/*
 * Listens on HOST (an IPv4 or IPv6 literal, brackets allowed) and PORT (0: a free one). False, and
 * PROBLEM says why.
 */
bool lq_listener_open(struct lq_listener *listener, const char *host, uint16_t port,
                      struct lq_problem *problem);
void lq_listener_close(struct lq_listener *listener);

/*
 * The next connection, non-blocking and without Nagle's delay; its local end is written to LOCAL
 * ("127.0.0.1:3260", "[::1]:3260"). -1: none waits, or there are no descriptors (then one peer has
 * been turned away, so that the listener does not stay ready for ever).
 */
int lq_listener_accept(struct lq_listener *listener, char local[LQ_ADDRESS_BYTES_MAX]);

#endif
