/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block store seam: what the engine asks of a medium, and how the medium answers.
 *
 * A request is embedded in the engine's task and belongs to the store from submit until its
 * completion has come back as an event (lq_engine_store_done); a store never calls back into the
 * engine. Start, effect on the medium and end are three moments. Late, duplicate and never-coming
 * completions are normal inputs: they carry a handle, which the engine checks.
 *
 * Who implements it: sim/stage (the disk model), sim/live (RAM, file). Who uses it: core.
 */
#ifndef LQ_CORE_STORE_H
#define LQ_CORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/handle.h"
#include "core/base/list.h"

enum lq_block_op {
    LQ_BLOCK_READ = 1,
    LQ_BLOCK_WRITE,
    LQ_BLOCK_FLUSH, /* everything that ended before becomes durable; lba and nblocks are 0. With
                       nblocks, a store may leave out what is outside the extent */
    LQ_BLOCK_UNMAP, /* thin stores: a write of zeros that needs no data and gives room back, by
                       whole granules; at most unmap_blocks_max blocks; fua as of a write */
    LQ_BLOCK_STATUS /* thin stores: how the blocks from lba on are provisioned; no data */
};

/* Behind its last block a store may have room that no command reaches, where the engine keeps the
 * records of logical units (core/saved.h): places of two slots. */
enum { LQ_SAVED_SLOT_BYTES = 16384, LQ_SAVED_PLACES = 4,
       LQ_SAVED_BYTES = LQ_SAVED_PLACES * 2 * LQ_SAVED_SLOT_BYTES };

/* PROVISIONING STATUS of GET LBA STATUS [SBC-3 t41]. */
enum lq_provisioning { LQ_BLOCK_MAPPED, LQ_BLOCK_DEALLOCATED };

enum lq_block_status {
    LQ_BLOCK_OK,
    LQ_BLOCK_MEDIUM_ERROR, /* the extent can't be read or written */
    LQ_BLOCK_NO_SPACE, /* a thin store has no room for what is new */
    LQ_BLOCK_FAILED, /* anything else: the store itself is in trouble */
    /* Like LQ_BLOCK_FAILED; and what was cached may never become durable, although reads still
     * return it and a later flush may succeed without it (a failed fsync). */
    LQ_BLOCK_CACHE_LOST,
    /* Like LQ_BLOCK_FAILED; and the store was reset: what was not durable may be gone already.
     * Requests that were out then end so; if there were none, the next one, before any other has
     * an effect. */
    LQ_BLOCK_RESET
};

struct lq_block_request {
    lq_handle handle; /* the engine's; travels with the completion */
    uint64_t serial;  /* the command's serial, for records */
    enum lq_block_op op;
    bool fua; /* write: durable before the completion */
    uint64_t lba;
    uint32_t nblocks;
    uint8_t *data; /* nblocks * block_bytes; the engine keeps it untouched until completion */
    /* Of LQ_BLOCK_STATUS, written by the store before its completion: so many blocks from lba on,
     * 1 to nblocks, are alike. */
    uint32_t alike_blocks;
    enum lq_provisioning provisioning;
    struct lq_link store_link; /* the store's own use while it has the request */
};

struct lq_store;

struct lq_store_ops {
    /* Takes REQUEST. Never blocks, never completes inside the call. */
    void (*submit)(struct lq_store *store, struct lq_block_request *request);
    /* Advice that nobody waits for REQUEST any more; it is completed all the same. May be NULL. */
    void (*cancel)(struct lq_store *store, struct lq_block_request *request);
    /* Requests of an earlier incarnation of the target can no longer land: they have ended, or
     * never will. False: not yet, ask again. NULL: true, always. Asked before a target serves. */
    bool (*fence)(struct lq_store *store);
    /* Reads reserved blocks, at once: when a logical unit is added. False: they cannot be read.
     * NULL: there are none. */
    bool (*load)(struct lq_store *store, uint64_t lba, uint32_t nblocks, uint8_t *data);
    /* Mixes in how far REQUEST, which is out, has come. NULL: this store is not explored. */
    void (*digest)(const struct lq_store *store, const struct lq_block_request *request,
                   struct lq_digest *digest);
};

/* The part of a store that the engine sees; a world embeds it in its own. */
struct lq_store {
    const struct lq_store_ops *ops;
    uint32_t number;            /* place in the shard, for records; given by lq_engine_store_add */
    uint32_t block_bytes;       /* logical block: 512, 1024, 2048 or 4096 */
    uint64_t nblocks;           /* capacity */
    /* LQ_SAVED_BYTES in blocks behind nblocks, or 0. LQ_BLOCK_WRITE with fua works there, of
     * at most one slot; a write that ends badly, or never, may have changed any part of it. */
    uint32_t reserved_blocks;
    uint32_t physical_exponent; /* 2^n logical blocks per physical block */
    uint32_t write_granule_blocks; /* a write may disturb its neighbours up to this boundary */
    bool volatile_cache;           /* a completed write may need LQ_BLOCK_FLUSH to be durable */
    bool read_only;
    /* Thin provisioning: LQ_BLOCK_UNMAP and _STATUS work, and what is unmapped reads as zeros. Else
     * the rest is 0. */
    bool is_thin;
    uint32_t unmap_granule_blocks; /* room comes and goes in such units, aligned to them */
    uint32_t unmap_blocks_max;     /* in one request */
    /* Room for mapped blocks, how many are mapped, and with how many a warning is due. The store
     * keeps pool_used_blocks. 0: not known, no warning. */
    uint64_t pool_blocks, pool_used_blocks, soft_threshold_blocks;
    /* Requests of an earlier incarnation of this program can still land after the store was
     * opened: then nothing may be answered while requests are out (quarantine is "never"). */
    bool cannot_fence;
};

#endif
