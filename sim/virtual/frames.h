/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet as stations of Fibre Channel feel it: a switch that learns addresses, and a link to each
 * station, with latency, bandwidth, an end, and faults.
 *
 * What a station sends arrives whole at one station or, to a group or an unknown address, at all
 * others; later, in order on its way from one station to another, or never. A link holds a bounded
 * number of its station's frames: whoever sends waits for room, as Ethernet's pause has it, so that
 * nothing is lost but by a fault.
 *
 * What this is not: FCoE, FIP or Fibre Channel; but that a frame of FCoE has a CRC of its own,
 * which finds damage that a switch does, is known here.
 *
 * Who uses it: the virtual world, which moves frames between links, the shard and the initiators.
 */
#ifndef LQ_SIM_VIRTUAL_FRAMES_H
#define LQ_SIM_VIRTUAL_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "faults/faults.h"
#include "sim/stage/memory.h"
#include "sim/stage/network.h"
#include "sim/stage/queue.h"

enum {
    LQ_FRAME_BYTES_MAX = 2200,
    LQ_FRAME_LINKS_MAX = 9,  /* stations */
    LQ_FRAMES_OF_LINK = 64,  /* of one station on their way */
    LQ_FRAME_ADDRESSES = 64  /* that the switch remembers */
};

struct lq_frame_link {
    struct lq_frames *frames;
    const struct lq_frame_options *options;
    struct lq_timer up_timer; /* a link that went down by a fault comes up again */
    bool is_open, is_up;
    uint32_t outstanding;   /* sent by its station and not arrived */
    uint64_t sent;          /* frames so far: names them in draws */
    uint64_t busy_until_ns;
    uint64_t arrived_ns[LQ_FRAME_LINKS_MAX]; /* at each station: the last of ours */
    uint64_t silent_until_ns; /* its station neither sends nor hears */
    bool wants_room;
};

/* A frame on its way. */
struct lq_frame_parcel {
    struct lq_timer timer;
    struct lq_frames *frames;
    uint32_t from, to, size_bytes;
    uint64_t number; /* of all frames that were sent: their order */
    bool in_use, is_counted; /* counted: it takes room of its sender's */
    struct lq_frame_parcel *next_free;
    uint8_t *bytes; /* LQ_FRAME_BYTES_MAX */
};

/* Told to the world; it may call anything of this header from there but reset. */
struct lq_frame_events {
    void (*arrived)(void *context, uint32_t link, const uint8_t *bytes, uint32_t size_bytes);
    void (*room)(void *context, uint32_t link);          /* after has_room said no */
    void (*carrier)(void *context, uint32_t link, bool is_up);
};

struct lq_frames {
    struct lq_queue *queue;
    struct lq_faults *faults;
    const struct lq_frame_events *events;
    void *context;
    const struct lq_allocator *allocator;
    struct lq_frame_link links[LQ_FRAME_LINKS_MAX];
    struct lq_frame_parcel *parcels, *free;
    uint8_t *bytes;
    uint32_t in_use;
    struct {
        uint64_t address;
        uint32_t link;
    } learned[LQ_FRAME_ADDRESSES];
    uint32_t learned_count, learned_next;
    uint64_t numbers;
    uint64_t overflows; /* frames that were dropped for want of room: must stay 0 */
};

/* Once; ALLOCATOR outlives it. */
void lq_frames_init(struct lq_frames *frames, const struct lq_allocator *allocator);
void lq_frames_fini(struct lq_frames *frames);

/* For a new run: no links. */
void lq_frames_reset(struct lq_frames *frames, struct lq_queue *queue, struct lq_faults *faults,
                     const struct lq_frame_events *events, void *context);

/* LINK is there, with a carrier. OPTIONS outlive it. */
void lq_frames_open(struct lq_frames *frames, uint32_t link,
                    const struct lq_frame_options *options);

/* The link behind which the station with ADDRESS is; LQ_FRAME_LINKS_MAX: not known, or a group. */
uint32_t lq_frames_look_up(const struct lq_frames *frames, uint64_t address);

/* The station of LINK may send now; when not, room() is told later. */
bool lq_frames_has_room(struct lq_frames *frames, uint32_t link);

/* It sends a frame of 14..LQ_FRAME_BYTES_MAX bytes; on a link without carrier it is lost. */
void lq_frames_send(struct lq_frames *frames, uint32_t link, const uint8_t *bytes,
                    uint32_t size_bytes);

/* The carrier of LINK comes or goes now, and carrier() is told; what was on its way over it is
 * lost. Nothing changes when it is so already. */
void lq_frames_set_carrier(struct lq_frames *frames, uint32_t link, bool is_up);

/* The carrier of LINK goes, and comes again after DOWN_NS; 0: when somebody says so. */
void lq_frames_flap(struct lq_frames *frames, uint32_t link, uint64_t down_ns);

/* For so long LINK's station neither sends nor hears, and its carrier stays. */
void lq_frames_mute(struct lq_frames *frames, uint32_t link, uint64_t for_ns);

/* Frames of LINK's station that are on their way are lost: its host has lost power. */
void lq_frames_lose(struct lq_frames *frames, uint32_t link);

/* Nobody is silent any more; WITH_CARRIERS: all cables are well again. */
void lq_frames_heal(struct lq_frames *frames, bool with_carriers);

/* --- exploration: each way is first in, first out ------------------------------------------- */

/* From way *AT on, which starts at 0, the next way with a frame on it, and its first frame; NULL:
 * there is none. *AT moves on behind it. */
struct lq_frame_parcel *lq_frames_first(const struct lq_frames *frames, uint32_t *at);

/* Mixes in all that their future depends on. */
void lq_frames_digest(const struct lq_frames *frames, struct lq_digest *digest);

#endif
