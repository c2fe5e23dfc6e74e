/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in memory: zeroed at start, gone at the end. A request takes effect when it is
 * submitted and completes when the loop next takes completions. It cannot hang or fail.
 */
#ifndef LQ_SIM_LIVE_STORE_RAM_H
#define LQ_SIM_LIVE_STORE_RAM_H

#include <stdint.h>

#include "sim/live/problem.h"
#include "sim/live/store.h"

enum { LQ_LIVE_BLOCK_BYTES = 512, LQ_LIVE_UNMAP_BLOCKS_MAX = 1 << 22 };

/*
 * A store of SIZE_BYTES (a positive multiple of LQ_LIVE_BLOCK_BYTES). NAME is what messages call
 * it, copied. REQUESTS_MAX: how many requests the engine can have out at once. NULL, and PROBLEM
 * says why: a bad size, no memory.
 */
struct lq_live_store *lq_store_ram_open(const char *name, uint64_t size_bytes,
                                        uint32_t requests_max, struct lq_problem *problem);

#endif
