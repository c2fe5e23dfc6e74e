/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live target as the options of serve and with describe it: what both have in common.
 */
#ifndef LQ_TOOLS_TARGET_H
#define LQ_TOOLS_TARGET_H

#include <stdbool.h>

#include "sim/live/live.h"
#include "sim/live/rules.h"
#include "tools/options.h"
#include "tools/pcapng.h"
#include "tools/trial.h"

struct lq_target {
    const struct lq_options *options;
    struct lq_live *live;
    struct lq_history history;
    struct lq_pcapng *pcapng; /* NULL: no capture */
    struct lq_trial *trial;   /* of --scenario; NULL: none */
    struct lq_scenario *faults;  /* of --fault without it; NULL: none */
    struct lq_live_rules *rules; /* these, armed */
    struct lq_sim_wrong wrong;
    bool stopping;
    bool is_started; /* the scenario */
    int signal_fd; /* SIGTERM, SIGINT; -1: none yet */
    char uri[512]; /* iscsi://HOST:PORT/IQN/0 */
};

/* Opens the target and its capture, and turns SIGTERM and SIGINT into reads of signal_fd.
 * LQ_EXIT_PASS; else a message has been printed, nothing is left open, and it is the exit code. */
int lq_target_open(struct lq_target *target, const struct lq_options *options);

/* Where initiators find it. */
const struct lq_listener *lq_target_listener(const struct lq_target *target);

/* Prints the portals but the first, a line each; not those of a scenario. */
void lq_target_print_portals(const struct lq_target *target);

/* The scenario's time begins; call it last before the run. False after a message. */
bool lq_target_start(struct lq_target *target);

/* Nobody needs the target any more but the scenario: once that has ended, the target stops within
 * --shutdown-after. */
void lq_target_release(struct lq_target *target);

/* Begins a stop within --shutdown-after; a second call stops at once. A scenario whose timeline has
 * been told ends in order first. */
void lq_target_stop(struct lq_target *target);

/* After the run: names the stores that still hold requests, ends the capture, frees everything.
 * Returns LQ_EXIT_PASS, LQ_EXIT_ENVIRONMENT when something was to be named, the scenario's verdict,
 * or LQ_EXIT_VIOLATED when a rule of --fault never struck. */
int lq_target_close(struct lq_target *target);

#endif
