/* SPDX-License-Identifier: Apache-2.0 */
/* A request in a virtual disk: shared by disk.c and disk_power.c, and by nobody else. */
#ifndef LQ_SIM_STAGE_DISK_REQUEST_H
#define LQ_SIM_STAGE_DISK_REQUEST_H

#include "sim/stage/disk.h"

/* Questions that the disk asks, one number each. */
enum lq_disk_site {
    LQ_DISK_SITE_LATENCY = 1,
    LQ_DISK_SITE_EFFECT,
    LQ_DISK_SITE_SPLIT,
    LQ_DISK_SITE_SLOW,
    LQ_DISK_SITE_OVERTAKEN,
    LQ_DISK_SITE_HANG,
    LQ_DISK_SITE_UNTIL_HEAL,
    LQ_DISK_SITE_LATE_EFFECT,
    LQ_DISK_SITE_ERROR_BLOCKS,
    LQ_DISK_SITE_BAD_BLOCK,
    LQ_DISK_SITE_ASTRAY
};

struct lq_disk_request {
    struct lq_timer timer;
    struct lq_disk *disk;
    struct lq_block_request *request; /* NULL: the slot is free */
    struct lq_disk_request *next_free;
    uint64_t subject;                    /* of its draws */
    uint64_t effect_ns, rest_ns, end_ns; /* first and second half of the effect, end */
    uint32_t first_blocks;               /* what takes effect in the first half */
    uint32_t effect_blocks;              /* of all; fewer than nblocks after an error */
    uint32_t done_blocks;                /* have taken effect */
    bool has_begun, has_effect, hangs;
    bool goes_bad;        /* one of its blocks cannot be read afterwards */
    uint64_t astray_by;   /* its data goes so many blocks too far; 0: to its place */
    bool is_deserted;     /* its target has crashed: it goes on from COPY, and nobody is told */
    bool is_struck;       /* out at a reset that is being told */
    enum lq_block_status status;
    struct lq_block_request copy;
    uint8_t *data; /* of the copy */
    uint64_t data_bytes;
};

static inline uint64_t lq_disk_choose(const struct lq_disk *disk, enum lq_disk_site site,
                                      uint64_t subject, uint64_t n)
{
    return lq_choose(disk->faults->choice, LQ_STREAM_DISK, (uint32_t)site, subject, n);
}

void lq_disk_record(const struct lq_disk_request *slot, uint16_t kind, uint32_t done_blocks,
                    uint32_t nblocks);

/* The next COUNT blocks of the request take effect. */
void lq_disk_take_effect(struct lq_disk_request *slot, uint32_t count);

/* What hangs goes on, so that nothing takes longer than LATEST. */
void lq_disk_release_until(struct lq_disk *disk, uint64_t latest);

/* The slot is free again. */
void lq_disk_release(struct lq_disk_request *slot);

/* The request ends; the engine is told unless it is deserted. */
void lq_disk_end(struct lq_disk_request *slot);

bool lq_disk_fence(struct lq_store *store);

#endif
