/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtual disk would lose with its power: the youngest writes that are not durable yet, with
 * what they replaced.
 *
 * The medium (medium.h) always has the newest content, as reads see it. A write that is not durable
 * is kept here until a flush covers it, a durable write replaces it, or so many younger ones come
 * that it has gone to the platter by itself. When power is lost each of them has one of three
 * fates, independent of the others: kept, lost, or torn, some of its blocks new and some old. So
 * writes that were cached reach the platter in any order.
 *
 * What this is not: a read cache, or who decides the fates. Who uses it: disk.c, disk_power.c.
 */
#ifndef LQ_SIM_STAGE_CACHE_H
#define LQ_SIM_STAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"
#include "sim/stage/medium.h"

enum { LQ_CACHE_WRITES = 32 };

struct lq_cached_write {
    uint64_t lba, serial; /* serial: the command's, for records */
    uint32_t nblocks;
    bool is_unmap;     /* its new content is zeros, and is not kept */
    bool is_forgotten; /* counts as clean, but is not: no flush makes it durable */
    uint8_t *is_safe;  /* by block: durable, or replaced by what is. Then follow the old content
                          and the new content of all blocks, in the same memory */
    uint64_t bytes;    /* of that memory */
};

struct lq_cache {
    struct lq_medium *medium;
    struct lq_cached_write writes[LQ_CACHE_WRITES]; /* a ring, oldest at first */
    uint32_t first, count;
};

/* Decides about a write of NBLOCKS blocks. Of a torn one *CUT (1..NBLOCKS - 1) blocks at its
 * beginning are new, or old when *IS_TAIL. */
typedef enum lq_fate (*lq_fate_function)(void *context, const struct lq_cached_write *write,
                                         uint32_t *cut, bool *is_tail);

/* An empty cache over MEDIUM, which gives the memory, too. */
void lq_cache_init(struct lq_cache *cache, struct lq_medium *medium);
void lq_cache_fini(struct lq_cache *cache);

/* Forgets everything: what is on the medium is durable. Keeps the memory. */
void lq_cache_clear(struct lq_cache *cache);

/* Writes NBLOCKS blocks of DATA to the medium; unmaps them when DATA is NULL. */
void lq_cache_write(struct lq_cache *cache, uint64_t lba, uint32_t nblocks, const uint8_t *data,
                    uint64_t serial, bool is_durable);

/* What is cached becomes durable, of blocks LBA.. only when NBLOCKS is not 0; not what was
 * forgotten. */
void lq_cache_flush(struct lq_cache *cache, uint64_t lba, uint32_t nblocks);

/* What is cached counts as clean from now on, but is not. And: it counts as what it is again. */
void lq_cache_forget(struct lq_cache *cache);
void lq_cache_remember(struct lq_cache *cache);

/* Power is lost: the medium has what survives; the cache is empty. FATE is asked for each write
 * that is not durable, the oldest first. */
void lq_cache_lose(struct lq_cache *cache, lq_fate_function fate, void *context);

#endif
