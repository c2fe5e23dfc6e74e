/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live target as the options of serve and with describe it: what both have in common.
 */
#ifndef LQ_TOOLS_TARGET_H
#define LQ_TOOLS_TARGET_H

#include <stdbool.h>

#include "sim/live/live.h"
#include "tools/options.h"
#include "tools/pcapng.h"

struct lq_target {
    const struct lq_options *options;
    struct lq_live *live;
    struct lq_history history;
    struct lq_pcapng *pcapng; /* NULL: no capture */
    bool stopping;
    int signal_fd; /* SIGTERM, SIGINT; -1: none yet */
    char uri[512]; /* iscsi://HOST:PORT/IQN/0 */
};

/* Opens the target and its capture, and turns SIGTERM and SIGINT into reads of signal_fd. False: a
 * message has been printed, nothing is left open. */
bool lq_target_open(struct lq_target *target, const struct lq_options *options);

/* Begins a stop within --shutdown-after; a second call stops at once. */
void lq_target_stop(struct lq_target *target);

/* After the run: names the stores that still hold requests, ends the capture, frees everything.
 * Returns LQ_EXIT_PASS, or LQ_EXIT_ENVIRONMENT when something was to be named. */
int lq_target_close(struct lq_target *target);

#endif
