/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lunquake sim --record FILE` and `--replay FILE`: a run with all its draws in a file, and the
 * same run from it.
 *
 * Who uses it: cmd_sim.c and cmd_sim_scenario.c.
 */
#ifndef LQ_TOOLS_CMD_SIM_TRACE_H
#define LQ_TOOLS_CMD_SIM_TRACE_H

#include "scenarios/lang/scenario.h"
#include "tools/cmd_sim_run.h"
#include "tools/options.h"

struct lq_recording;

/* SIM records its runs from now on, until lq_recording_end. */
struct lq_recording *lq_recording_begin(struct lq_sim *sim);

/* Writes SIM's last run, of SCENARIO or, when it is NULL, of SEED, to PATH, and frees RECORDING.
 * CODE is the run's exit code; returns it, or another one when the file can't be written. RECORDING
 * may be NULL: nothing is done. */
int lq_recording_end(struct lq_recording *recording, struct lq_sim *sim, const char *path,
                     const struct lq_sim_settings *settings, const struct lq_scenario *scenario,
                     uint64_t seed, enum lq_sim_verdict verdict, int code);

/* Runs what the trace of OPTIONS recorded; returns the exit code. */
int lq_sim_replay(const struct lq_options *options);

#endif
