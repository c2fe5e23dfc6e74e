/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client of heldfs: hold, watch and release the requests of a store under a target.
 *
 * What it is not: it knows nothing of SCSI. Used by the held-write tests. Every wait is bounded;
 * when heldfs misbehaves the test process ends with exit code 3 and one line.
 */
#ifndef LQ_CONFORMANCE_SUITES_HELD_CONTROL_H
#define LQ_CONFORMANCE_SUITES_HELD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HELD_EVENTS_MAX = 4096 };

/* A request that reached the store, in the order of arrival. */
struct held_event {
    uint64_t id;
    bool held;                  /* it waits for a release; otherwise a write that passed */
    bool is_write;
    unsigned file;
    uint64_t offset;            /* bytes */
    uint64_t length;            /* bytes */
};

struct held_control {
    int fd;
    char text[8192];            /* received, not yet a whole line */
    size_t text_used;
    unsigned nevents;
    struct held_event events[HELD_EVENTS_MAX];
    bool answered;
    char answer[256];
};

/* Connect to heldfs's control socket. */
void held_open(struct held_control *control, const char *socket_path);

/* Closing releases everything that is held. */
void held_close(struct held_control *control);

/* Read what is there, without waiting; new events are appended to control->events. */
void held_poll(struct held_control *control);

/* From now on hold write, read or "any" requests that touch this extent (bytes). */
void held_hold(struct held_control *control, const char *op, unsigned file, uint64_t offset,
               uint64_t length);

/* Hold nothing new; what is held stays so. */
void held_pass(struct held_control *control);

/* Let one request, or (id 0) all of them, take effect and complete. Returns when it is done. */
void held_release(struct held_control *control, uint64_t id);

/* The value of every byte of an extent in the store, or -1 when they differ. */
int held_fill(struct held_control *control, unsigned file, uint64_t offset, uint64_t length);

/* The first event at or after *from that touches the extent; NULL when none. Advances *from
 * behind it. */
const struct held_event *held_find(const struct held_control *control, unsigned *from,
                                   unsigned file, uint64_t offset, uint64_t length);

/* Monotonic clock, milliseconds. */
int64_t held_now_ms(void);

#endif
