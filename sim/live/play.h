/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario in the live world: its disks, initiators, faults and timeline, on the wall clock and
 * over sockets, beside the live target that it describes. The initiators, the script and the disks
 * are the virtual world's own object files (sim/stage).
 *
 * What this is not: the target (live.h) or a judge. Who uses it: tools (serve, with), tests.
 *
 * In this order: make, configure, lq_live_open, start, lq_live_run, end.
 */
#ifndef LQ_SIM_LIVE_PLAY_H
#define LQ_SIM_LIVE_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "sim/live/live.h"
#include "sim/live/problem.h"
#include "sim/stage/stage.h"

struct lq_play;

struct lq_play_config {
    const struct lq_run_request *request; /* with a scenario; needed during lq_play_make only */
    /* Called once, in the loop: the initiators have left; who runs the loop may stop it. */
    void (*is_over)(void *context);
    void *context;
};

/* Expectations with `within' may be met so much later: a busy machine is no fault of the target.
 * And what may never come is waited for as long as this; time costs time here. */
#define LQ_PLAY_SLACK_NS UINT64_C(1000000000)
#define LQ_PLAY_PATIENCE_NS UINT64_C(15000000000)

/* NULL, and PROBLEM says why. The scenario and ALLOCATOR outlive the play. */
struct lq_play *lq_play_make(struct lq_allocator allocator, const struct lq_play_config *config,
                             struct lq_problem *problem);

/* Listens at LIVE's host and port, and fills in what the scenario says of the target behind them:
 * shard, history, wrongs, guest, a private address. The play outlives the live target. False, and
 * PROBLEM says why. */
bool lq_play_configure(struct lq_play *play, struct lq_live_config *live,
                       struct lq_problem *problem);

/* The first portal of the first target, for others. */
const struct lq_listener *lq_play_listener(const struct lq_play *play);

/* The scenario's time 0 is now. False, and PROBLEM says why. */
bool lq_play_start(struct lq_play *play, struct lq_live *live, struct lq_problem *problem);

/* Before: the play goes on, even when its timeline has been told, until nobody holds it. */
void lq_play_hold(struct lq_play *play, bool is_held);
bool lq_play_is_held(const struct lq_play *play);

/* The timeline has been told, and its initiators wait for nothing any more. */
bool lq_play_is_told(const struct lq_play *play);

struct lq_play_result {
    bool is_complete;        /* it came to its end; else nothing is judged */
    const char *outstanding; /* what initiators still waited for in the end; NULL: nothing */
    uint32_t others;         /* connections of initiators that are not the scenario's */
};

/* After the loop: accounts, and compares with what the scenario expects (lq_world_unmet). */
struct lq_play_result lq_play_end(struct lq_play *play, struct lq_live *live);

const struct lq_world *lq_play_world(const struct lq_play *play);
struct lq_history *lq_play_history(struct lq_play *play);

/* After the live target has been closed. */
void lq_play_free(struct lq_play *play);

#endif
