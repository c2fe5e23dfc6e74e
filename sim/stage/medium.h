/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The medium of a virtual disk: content of the blocks that were ever written; all others read as
 * zeros. So a disk of any capacity costs only what is written to it. A block that was written is
 * mapped until it is unmapped, and reads as zeros again then.
 */
#ifndef LQ_SIM_STAGE_MEDIUM_H
#define LQ_SIM_STAGE_MEDIUM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "sim/stage/memory.h"

#define LQ_MEDIUM_UNMAPPED UINT32_C(0x80000000)

struct lq_medium {
    const struct lq_allocator *allocator;
    uint32_t block_bytes;
    uint64_t *keys;    /* open addressing: LBA + 1, 0 is empty */
    uint32_t *places;  /* index of the block's page; LQ_MEDIUM_UNMAPPED: which is all zeros */
    uint32_t capacity; /* of keys and places, a power of two */
    uint8_t *pages;
    uint64_t pages_bytes;
    uint32_t used;
    uint64_t mapped; /* blocks */
};

/* An empty medium that has no memory yet. ALLOCATOR outlives it. */
void lq_medium_init(struct lq_medium *medium, const struct lq_allocator *allocator);

/* All blocks zero again, BLOCK_BYTES each; keeps the memory. */
void lq_medium_clear(struct lq_medium *medium, uint32_t block_bytes);

void lq_medium_read(const struct lq_medium *medium, uint64_t lba, uint32_t nblocks, uint8_t *data);
void lq_medium_write(struct lq_medium *medium, uint64_t lba, uint32_t nblocks,
                     const uint8_t *data);

void lq_medium_unmap(struct lq_medium *medium, uint64_t lba, uint32_t nblocks);
bool lq_medium_is_mapped(const struct lq_medium *medium, uint64_t lba);

/* Mixes in the content of the blocks that were written. */
void lq_medium_digest(const struct lq_medium *medium, struct lq_digest *digest);

/* Gives the memory back. */
void lq_medium_fini(struct lq_medium *medium);

#endif
