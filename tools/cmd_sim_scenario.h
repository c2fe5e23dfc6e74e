/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lunquake sim FILE.scn...`: reads scenario files, runs and judges them, one line of result each.
 *
 * What this is not: the language (scenarios/lang) or its execution (sim/stage). Who uses it:
 * cmd_sim.c.
 */
#ifndef LQ_TOOLS_CMD_SIM_SCENARIO_H
#define LQ_TOOLS_CMD_SIM_SCENARIO_H

#include <stdio.h>

#include "tools/cmd_sim.h"
#include "tools/cmd_sim_run.h"
#include "tools/options.h"
#include "tools/pcapng.h"

/* Runs the files of OPTIONS; returns the exit code. Nothing runs when one of them is wrong. */
int lq_sim_scenarios(const struct lq_options *options, const struct lq_sim_settings *settings,
                     const struct lq_sim_extras *extras);

/* The whole of PATH, at most MOST bytes, NUL-terminated; the caller frees it. NULL after a message:
 * CODE is the exit code. */
char *lq_sim_read_file(const char *path, size_t most, size_t *size, int *code);

/* Makes SCENARIO from TEXT (NUL-terminated) of PATH, with all that it names known; it is over
 * TRANSPORT when it names none. LQ_EXIT_PASS, or the exit code after a message. */
int lq_sim_parse(const char *path, const char *text, size_t size, enum lq_transport_kind transport,
                 struct lq_scenario *scenario);

/* Prints what SEED means as a scenario file; returns the exit code. */
int lq_sim_print_seed(uint64_t seed, const struct lq_sim_settings *settings);

/* Reads PATH, in the same way. */
int lq_sim_read_scenario(const char *path, enum lq_transport_kind transport,
                         struct lq_scenario *scenario);

/* Says on stderr what is wrong where in TEXT, which is PATH's. */
void lq_sim_refuse(const char *path, const char *text, const struct lq_scn_problem *problem);

/* --- of cmd_sim.c, for both kinds of run ---------------------------------------------------- */

/* What --pcap, --trace and --json-lines ask for. */
struct lq_sim_sinks {
    struct lq_history_sink sinks[3];
    uint32_t count;
    struct lq_pcapng *capture; /* NULL: none */
    FILE *json_lines;          /* NULL: none */
};

/* Opens them; NAME is the run's in the capture. LQ_EXIT_PASS, or the exit code after a message. */
int lq_sim_open_sinks(const struct lq_options *options, const char *name,
                      struct lq_sim_sinks *sinks);

/* CODE is the run's exit code; returns it, or another one when a file can't be written. */
int lq_sim_close_sinks(const struct lq_options *options, struct lq_sim_sinks *sinks, int code);

/* With a wrong planted only its conviction is a failure. */
int lq_sim_exit_code(enum lq_sim_verdict verdict, bool is_wrong);

#endif
