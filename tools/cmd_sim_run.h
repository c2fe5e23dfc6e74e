/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One seed after another in one process: a world, a judge over its history, and totals.
 *
 * What this is not: the campaign (cmd_sim_campaign.h), which spreads seeds over processes.
 */
#ifndef LQ_TOOLS_CMD_SIM_RUN_H
#define LQ_TOOLS_CMD_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/judges/judge.h"
#include "core/base/allocator.h"
#include "core/env.h"
#include "sim/virtual/totals.h"
#include "sim/virtual/world.h"
#include "tools/cmd_sim_verdicts.h"
#include "tools/personalities.h"
#include "tools/story.h"

/* A planted wrong: its row, its bit, and the property that must convict it. */
struct lq_sim_wrong {
    const struct lq_wrong *row; /* NULL: none is planted */
    struct lq_wrongs mask;
    uint32_t property; /* place in lq_property_table */
};

/* Row INDEX of all parts' tables, one after another; NULL past the last. */
const struct lq_wrong *lq_sim_wrong_row(uint32_t index);

/* Finds the wrong called NAME. False when there is none. */
bool lq_sim_wrong_find(const char *name, struct lq_sim_wrong *wrong);

/* Plants all wrongs of PERSONALITY. False: it names one that does not exist. */
bool lq_sim_wrong_plant(const struct lq_personality *personality, struct lq_sim_wrong *wrong);

struct lq_sim_settings {
    struct lq_sim_wrong wrong;
    const struct lq_personality *personality; /* its wrongs are planted; NULL: none */
    uint64_t commands;
    enum lq_transport_kind transport; /* of seeds, and of scenarios that name none */
    bool unjudged; /* nobody judges: to see how fast the world alone is */
};

/* A history has room for these besides the judges, the totals, a story and a script. */
enum { LQ_SIM_COMMANDS_DEFAULT = 1000, LQ_SIM_WATCHERS_MAX = LQ_HISTORY_SINKS_MAX - 4 };

enum lq_sim_verdict {
    LQ_SIM_CLEAN,
    LQ_SIM_VIOLATED,  /* for a wrong: by its own property */
    LQ_SIM_ELSEWHERE, /* a wrong is planted, and only other properties were violated */
    LQ_SIM_CAUGHT,    /* an initiator caught the target in a protocol error, and no judge did */
    LQ_SIM_STUCK,     /* something is outstanding at the end, and no judge has said so */
    LQ_SIM_UNMET,     /* a scenario did not get what it expects */
    LQ_SIM_UNSTEADY   /* the same seed gave two fingerprints */
};

/* One word: clean, violated, ... */
const char *lq_sim_verdict_word(enum lq_sim_verdict verdict);

struct lq_sim;

struct lq_sim *lq_sim_make(const struct lq_sim_settings *settings);
void lq_sim_free(struct lq_sim *sim);

/* From now on each run is kept as a story, for the ladder of a failure and other readings. */
void lq_sim_keep_story(struct lq_sim *sim);

/* Further sinks for the runs that follow (a capture, a trace); at most LQ_SIM_WATCHERS_MAX.
 * NULL and 0: none. */
void lq_sim_watch(struct lq_sim *sim, const struct lq_history_sink *sinks, uint32_t count);

/* The runs that follow are recorded in TRACE, or replayed from it, each from its start; NULL:
 * neither. */
void lq_sim_trace(struct lq_sim *sim, struct lq_choice_trace *trace);

/* The runs that follow are struck by FAULT (a catastrophe) at event STEP of their safety phase, and
 * what their scenarios expect does not count. LQ_FAULT_NONE: none are. */
void lq_sim_strike(struct lq_sim *sim, enum lq_fault fault, uint64_t step);

/* Runs SEED, a second time when TWICE, and judges it. */
enum lq_sim_verdict lq_sim_run(struct lq_sim *sim, uint64_t seed, bool twice);

/* The same for SCENARIO, which outlives the run and was read from FILE; SEED is for the odds of its
 * faults. Its required properties exist (lq_sim_required). */
enum lq_sim_verdict lq_sim_run_scenario(struct lq_sim *sim, const struct lq_scenario *scenario,
                                        const char *file, uint64_t seed, bool twice);

/* Place of the property with this id or slug; LQ_NO_PROPERTY when there is none. */
uint32_t lq_sim_required(const char *name);

/* Of the last run. */
const struct lq_run_result *lq_sim_result(const struct lq_sim *sim);
const struct lq_plan *lq_sim_plan(const struct lq_sim *sim);
const struct lq_judge *lq_sim_judge(const struct lq_sim *sim);
const struct lq_story *lq_sim_story(const struct lq_sim *sim); /* NULL: none is kept */
const char *lq_sim_reproduce(const struct lq_sim *sim); /* the command line */
const char *lq_sim_verdict_text(enum lq_sim_verdict verdict);

/* The finding that says most: of the wrong's own property, else the first; NULL: there is none. */
const struct lq_finding *lq_sim_finding(const struct lq_sim *sim);

/* Of all runs since the last lq_sim_forget_totals. */
const struct lq_counts *lq_sim_counts(const struct lq_sim *sim);

/* What the judges said of each property in all runs. */
const struct lq_verdicts *lq_sim_verdicts(const struct lq_sim *sim);

/* Begins both anew. */
void lq_sim_forget_totals(struct lq_sim *sim);

/* --- for runs that are judged elsewhere, too ------------------------------------------------ */

/* Ends the program when there is no memory. */
struct lq_allocator lq_sim_allocator(void);

/* The INDEX-th property that SCENARIO requires was put to the test; over FCP, what iSCSI's PDUs
 * decide is not required. */
bool lq_sim_is_exercised(const struct lq_scenario *scenario, const struct lq_judge *judge,
                         uint32_t index);

/* Those that were not, of the scenario read from FILE; and what that expected and did not get. */
void lq_sim_print_not_exercised(const char *file, const struct lq_scenario *scenario,
                                const struct lq_judge *judge, FILE *to);
void lq_sim_print_unmet(const char *file, const struct lq_world *world, FILE *to);

/* The first few findings with their proof; those of WRONG's property first. */
void lq_sim_print_findings(const struct lq_judge *judge, const struct lq_sim_wrong *wrong,
                           FILE *to);

/* With a wrong planted only its conviction is a failure, and an unsteady run. */
bool lq_sim_passes(enum lq_sim_verdict verdict, bool is_wrong);

/* Why the last run, which ended with VERDICT, failed, in lines; the caller frees it. NULL: it
 * passed. */
char *lq_sim_failure_text(const struct lq_sim *sim, enum lq_sim_verdict verdict);

/* What people read when VERDICT is not clean: the findings with their proof and the line that
 * reproduces them. */
void lq_sim_print_failure(const struct lq_sim *sim, enum lq_sim_verdict verdict, FILE *to);

/* One finding with its proof. */
void lq_sim_print_finding(const struct lq_finding *finding, FILE *to);

#endif
