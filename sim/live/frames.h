/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame devices of the live world: where whole Ethernet frames come and go.
 *
 *     tap:NAME            a TAP interface, made when there is none; its other end is this machine's
 *                         network (a bridge, a Linux FCoE initiator)
 *     packet:NAME         any Ethernet interface, by a packet socket: FCoE and FIP frames only
 *     unix:LOCAL:REMOTE   datagram sockets, one frame each, as `qemu -netdev dgram` has them;
 *                         needs no privilege. REMOTE need not be there yet: frames to nobody are
 *                         lost
 *
 * Who uses it: the loop, which moves frames between it and the shard's station.
 */
#ifndef LQ_SIM_LIVE_FRAMES_H
#define LQ_SIM_LIVE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "core/base/slice.h"
#include "sim/live/problem.h"

enum { LQ_DEVICE_FRAME_BYTES_MAX = 2560 };

struct lq_frame_device {
    int fd;
    uint32_t mtu;           /* bytes behind the Ethernet header */
    struct sockaddr_un local, remote; /* unix; sun_path[0] 0: another kind */
    bool is_connected;      /* unix: to REMOTE */
    bool has_local;         /* unix: LOCAL is there and ours */
    uint32_t pending_bytes; /* of a frame that the system could not take yet */
    uint8_t pending[LQ_DEVICE_FRAME_BYTES_MAX];
};

/* Opens what SPECIFICATION names; false, and PROBLEM says why. */
bool lq_frame_device_open(struct lq_frame_device *device, const char *specification,
                          struct lq_problem *problem);

/* Harmless on one that was closed. */
void lq_frame_device_close(struct lq_frame_device *device);

/* The next frame that has arrived, into BYTES; returns its size, 0: none (or one that is too long
 * for any FCoE frame, which is lost). */
uint32_t lq_frame_device_receive(struct lq_frame_device *device,
                                 uint8_t bytes[LQ_DEVICE_FRAME_BYTES_MAX], bool *is_empty);

/* Sends a frame, or keeps it as pending. Must not be called while one is. */
void lq_frame_device_send(struct lq_frame_device *device, const struct lq_slice *slices,
                          uint32_t count);

/* Tries to send what is pending; true: nothing is any more. */
bool lq_frame_device_flush(struct lq_frame_device *device);

#endif
