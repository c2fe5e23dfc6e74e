/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in a file or block device, of the size that it has when opened.
 *
 * The file is locked exclusively for as long as any request of ours can still change it (an open
 * file description lock: the kernel keeps it while a write of a killed process is in flight), so a
 * second store on it is refused and a later incarnation never meets writes of an earlier one.
 *
 * What is in memory is read at once and never blocks; the rest is done by the store's own helper
 * threads. Writes are buffered by the system: the volatile cache that SYNCHRONIZE CACHE and FUA
 * speak of. Once flushing has failed nobody can say what is durable: every later flush fails too.
 */
#ifndef LQ_SIM_LIVE_STORE_FILE_H
#define LQ_SIM_LIVE_STORE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/live/problem.h"
#include "sim/live/store.h"

enum { LQ_STORE_FILE_HELPERS = 8 }; /* threads per store; when all hang, the store's queue grows */

/*
 * Opens and locks PATH for reading and writing. NAME is what messages call it, copied.
 * REQUESTS_MAX: how many requests the engine can have out at once. NULL, and PROBLEM says why: not
 * there, no right, not a file or block device, not a whole number of blocks, locked by another.
 *
 * The lock is the store's fence (lq_store_fence): a write of a program that was killed holds it
 * until it has landed. IS_FENCED false is a deliberate wrong: it is not asked for.
 */
struct lq_live_store *lq_store_file_open(const char *name, const char *path, uint32_t requests_max,
                                         bool is_fenced, struct lq_problem *problem);

#endif
