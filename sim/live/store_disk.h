/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk of a scenario (sim/stage/disk.h) as a store of the live world: its timers run on the
 * wall clock, its faults strike as in the virtual world, its medium is RAM.
 *
 * Who uses it: play.c, which owns disks and their queue. Closing the store leaves the disk alone.
 */
#ifndef LQ_SIM_LIVE_STORE_DISK_H
#define LQ_SIM_LIVE_STORE_DISK_H

#include "sim/live/problem.h"
#include "sim/live/store.h"
#include "sim/stage/disk.h"

/* DISK has been reset for its run and outlives the store; holds at most REQUESTS_MAX requests at
 * once. NULL, and PROBLEM says why. NAME is for messages and copied. */
struct lq_live_store *lq_store_disk_open(const char *name, struct lq_disk *disk,
                                         uint32_t requests_max, struct lq_problem *problem);

#endif
