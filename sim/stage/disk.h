/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual disk: a block store whose requests take effect and end at chosen moments.
 *
 * A request is submitted, takes effect at one or two moments between its start and its end, and
 * ends. Without faults requests take effect and end in the order of submission. Faults: slow
 * requests, overtaken ones, hung ones (which take effect and end only after a while, or at heal),
 * and errors, where a write may have changed any number of its first blocks; blocks that go bad
 * unnoticed, writes to the wrong place, no room, a flush that fails and forgets. A thin disk
 * may have room for fewer blocks than it has. A write that is not durable may be kept, lost or torn
 * when power is lost (cache.h).
 *
 * What this is not: a judge of what the engine submits; and not the owner of the requests, which
 * are the engine's, but for those whose target has crashed: they go on from copies. Who uses it:
 * the virtual world.
 */
#ifndef LQ_SIM_STAGE_DISK_H
#define LQ_SIM_STAGE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store.h"
#include "faults/faults.h"
#include "sim/stage/cache.h"
#include "sim/stage/medium.h"
#include "sim/stage/print.h"
#include "sim/stage/queue.h"

struct lq_disk_options {
    uint32_t block_bytes; /* 512, 1024, 2048 or 4096 */
    uint64_t nblocks;
    uint32_t physical_exponent;
    uint32_t write_granule_blocks;
    bool volatile_cache;
    bool keeps_records; /* has room behind its last block (reserved_blocks in core/store.h) */
    bool is_thin;
    uint64_t pool_blocks, soft_threshold_blocks; /* of a thin disk, as in core/store.h */
    bool fence_waits; /* requests of a crashed target: are waited for when the next one opens the
                         disk, as for a file's lock; else they are dropped then */
    bool is_unfenced; /* they land whenever they like (cannot_fence) */
    uint64_t latency_min_ns, latency_max_ns;
    uint64_t hang_min_ns, hang_max_ns; /* how long a hung request hangs */
};

struct lq_disk_request; /* internal */

enum { LQ_DISK_OCCURRENCES = 1024, LQ_DISK_BAD_MAX = 8 };

struct lq_disk {
    struct lq_store store; /* what the engine is given */
    struct lq_disk_options options;
    struct lq_medium medium;
    struct lq_cache cache; /* over the medium; without a volatile cache it is empty */
    struct lq_queue *queue;
    struct lq_faults *faults; /* gives choice, history and now, too */
    /* Told of each end; turns it into the shard's input. */
    void (*done)(void *context, struct lq_disk *disk, lq_handle handle,
                 enum lq_block_status status);
    void *context;
    struct lq_disk_request *requests;
    uint32_t request_capacity;
    uint32_t outstanding;
    struct lq_disk_request *free_requests;
    uint64_t last_effect_ns, last_end_ns; /* of the requests that keep their order */
    bool holds_until_heal;                /* one request hangs until heal, no second one does */
    bool tells_reset;                     /* the next request learns that the disk was reset */
    uint64_t bad[LQ_DISK_BAD_MAX];        /* blocks that cannot be read until they are written */
    uint32_t bad_count;
    bool is_losing;  /* power is going: nothing becomes durable any more */
    uint64_t losses; /* of power, and resets: names of draws */
    uint32_t occurrences[LQ_DISK_OCCURRENCES]; /* of the questions' subjects, see disk.c */
};

/* Once; ALLOCATOR outlives the disk. */
void lq_disk_init(struct lq_disk *disk, const struct lq_allocator *allocator);

/* A fresh disk for a run, all zeros, that holds at most REQUESTS at once. */
void lq_disk_reset(struct lq_disk *disk, const struct lq_disk_options *options, uint32_t requests,
                   struct lq_queue *queue, struct lq_faults *faults);

/* What hangs goes on now. */
void lq_disk_heal(struct lq_disk *disk);

/* The timers at which the requests that are out go on: the first from place *AT on, which moves
 * behind it; NULL: no more. One that hangs has none. */
struct lq_timer *lq_disk_next_step(struct lq_disk *disk, uint32_t *at);

/* What such a timer means, for people. */
void lq_disk_describe(const struct lq_disk *disk, const struct lq_timer *timer,
                      struct lq_print *print);

/* Power is lost: nothing is answered any more, and of what was not durable each write has its
 * fate. The disk can be used again at once. */
void lq_disk_cut_power(struct lq_disk *disk);

/* The target has crashed: what is in the disk goes on, and nobody is told. The engine's memory is
 * not used any more. */
void lq_disk_desert(struct lq_disk *disk);

/* The disk alone loses power for a moment: as above, but what is out is answered LQ_BLOCK_RESET
 * now; when nothing is, the next request is, which then does nothing. */
void lq_disk_reset_power(struct lq_disk *disk);

/* Mixes in the medium; how far requests are the engine asks for by itself (core/store.h). */
void lq_disk_digest(const struct lq_disk *disk, struct lq_digest *digest);

void lq_disk_fini(struct lq_disk *disk);

#endif
