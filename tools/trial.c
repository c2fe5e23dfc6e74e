/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges see times since the scenario's start. They know initiators by their own records, so their
 * findings count when all initiators were the scenario's; of others only the expectations can tell.
 * What a required property needs to be put to the test may take a moment that the system alone
 * chooses here, so one that was not is a note, and not a failure as in the virtual world.
 */
#include "tools/trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/virtual/tampered.h"
#include "tools/cmd_sim_scenario.h"
#include "tools/exit_codes.h"
#include "tools/fault_option.h"
#include "tools/message.h"

struct lq_trial {
    const char *file;
    struct lq_scenario scenario;
    struct lq_sim_wrong wrong; /* row NULL: none */
    struct lq_play *play;
    struct lq_judge *judge;
    struct lq_history_sink judge_sink;
    uint64_t start_ns;
    struct lq_tampered tampered;
    uint64_t protocol_errors; /* of the target, that initiators caught */
};

/* --- reading along ---------------------------------------------------------------------------- */

static void on_event(void *context, const struct lq_event *event)
{
    struct lq_trial *trial = context;
    struct lq_event since_start = *event;
    since_start.time_ns -= trial->start_ns;
    if (event->kind == LQ_W_FAULT && (event->flags & LQ_F_PDU) != 0)
        lq_tampered_note(&trial->tampered, event);
    trial->protocol_errors +=
        event->kind == LQ_I_PROTOCOL && !lq_tampered_excuses(&trial->tampered, event);
    trial->judge_sink.event(trial->judge_sink.context, &since_start);
}

static void on_tap(void *context, const struct lq_tap *tap)
{
    struct lq_trial *trial = context;
    struct lq_tap since_start = *tap;
    since_start.time_ns -= trial->start_ns;
    trial->judge_sink.tap(trial->judge_sink.context, &since_start);
}

/* --- life ------------------------------------------------------------------------------------- */

static bool make_play(struct lq_trial *trial, void (*is_over)(void *context), void *context)
{
    struct lq_problem problem;
    struct lq_history_sink sink = {
        .event = on_event, .tap = on_tap, .context = trial};
    const struct lq_run_request request = {.scenario = &trial->scenario,
                                           .seed = 1,
                                           .wrongs = trial->wrong.mask,
                                           .sinks = &sink,
                                           .sink_count = 1};
    const struct lq_play_config config = {&request, is_over, context};
    trial->play = lq_play_make(lq_sim_allocator(), &config, &problem);
    if (trial->play == NULL)
        lq_message("%s", problem.text);
    return trial->play != NULL;
}

static bool refuse(const char *file, struct lq_scn_place place, const char *what)
{
    lq_message("%s:%" PRIu32 ":%" PRIu32 ": %s; run it with `lunquake sim'", file, place.line,
               place.column, what);
    return false;
}

/* False, after a message: SCENARIO has something that only the virtual world has. */
static bool can_be_live(const char *file, const struct lq_scenario *scenario)
{
    if (scenario->transport == LQ_SCN_OVER_FCP)
        return refuse(file, (struct lq_scn_place){1, 1}, "is over fcp; expected `transport iscsi' "
                                                         "in the live world");
    if (scenario->swarm.is_given)
        return refuse(file, scenario->swarm.place, "`swarm' is a seed's run; expected a timeline, "
                                                   "as time is wall time here");
    for (uint32_t i = 0; i < scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &scenario->statements[i];
        if (statement->kind != LQ_SCN_FAULT && statement->kind != LQ_SCN_STRIKE)
            continue;
        const struct lq_fault_class *class =
            lq_fault_class((enum lq_fault)statement->fault.fault);
        if (class->place == LQ_FAULT_PLACE_WORLD)
            return refuse(file, statement->place, "this catastrophe needs the virtual world; "
                                                  "expected faults of network, PDUs, disks and "
                                                  "initiators here");
        if (statement->kind == LQ_SCN_STRIKE)
            return refuse(file, statement->place, "this needs the virtual world; expected faults "
                                                  "of network, PDUs, disks and initiators here");
    }
    return true;
}

struct lq_trial *lq_trial_make(const struct lq_options *options, const struct lq_sim_wrong *wrong,
                               void (*is_over)(void *context), void *context, int *code)
{
    struct lq_allocator allocator = lq_sim_allocator();
    struct lq_trial *trial = allocator.resize(allocator.context, NULL, 0, sizeof *trial);
    memset(trial, 0, sizeof *trial);
    trial->file = options->scenario;
    trial->wrong = *wrong;
    *code = lq_sim_read_scenario(trial->file, LQ_OVER_ISCSI, &trial->scenario);
    if (*code == LQ_EXIT_PASS && (!can_be_live(trial->file, &trial->scenario) ||
                                  !lq_fault_options_add(options, &trial->scenario)))
        *code = LQ_EXIT_USAGE;
    if (*code == LQ_EXIT_PASS) {
        trial->judge = lq_judge_make(allocator);
        trial->judge_sink = lq_judge_sink(trial->judge);
        if (make_play(trial, is_over, context))
            return trial;
        *code = LQ_EXIT_ENVIRONMENT;
    }
    lq_trial_free(trial);
    return NULL;
}

void lq_trial_free(struct lq_trial *trial)
{
    if (trial->play != NULL)
        lq_play_free(trial->play);
    if (trial->judge != NULL)
        lq_judge_free(trial->judge);
    free(trial);
}

struct lq_play *lq_trial_play(struct lq_trial *trial)
{
    return trial->play;
}

bool lq_trial_configure(struct lq_trial *trial, struct lq_live_config *live)
{
    struct lq_problem problem;
    if (lq_play_configure(trial->play, live, &problem))
        return true;
    lq_message("%s", problem.text);
    return false;
}

bool lq_trial_start(struct lq_trial *trial, struct lq_live *live)
{
    struct lq_problem problem;
    trial->start_ns = lq_live_now_ns();
    if (lq_play_start(trial->play, live, &problem))
        return true;
    lq_message("%s", problem.text);
    return false;
}

/* --- verdict ---------------------------------------------------------------------------------- */

static const char *heading(const struct lq_trial *trial, const struct lq_play_result *result)
{
    bool judges = result->others == 0;
    if (judges && lq_judge_violations(trial->judge) > 0)
        return "property violated";
    if (judges && trial->protocol_errors > 0)
        return "an initiator caught the target in a protocol error";
    if (result->outstanding != NULL)
        return "outstanding at the end";
    if (lq_world_unmet_count(lq_play_world(trial->play)) > 0)
        return "not what the scenario expects";
    return NULL;
}

static void print_failure(const struct lq_trial *trial, const struct lq_play_result *result,
                          const char *why)
{
    printf("FAILED %s: %s\n", trial->file, why);
    if (trial->wrong.row != NULL)
        printf("  planted wrong %s, to be convicted by %s: %s\n", trial->wrong.row->name,
               trial->wrong.row->property, trial->wrong.row->sentence);
    if (result->outstanding != NULL)
        printf("  the liveness bound has passed, and %s is outstanding\n", result->outstanding);
    lq_sim_print_unmet(trial->file, lq_play_world(trial->play), stdout);
    if (result->others == 0)
        lq_sim_print_findings(trial->judge, &trial->wrong, stdout);
}

int lq_trial_end(struct lq_trial *trial, struct lq_live *live)
{
    struct lq_play_result result = lq_play_end(trial->play, live);
    if (!result.is_complete) {
        printf("stopped %s  %s\n", trial->file, trial->scenario.title);
        fflush(stdout);
        return LQ_EXIT_STOPPED;
    }
    lq_judge_finish(trial->judge);
    lq_faults_print(&trial->scenario, lq_world_rules(lq_play_world(trial->play)), stdout);
    const char *why = heading(trial, &result);
    if (why != NULL)
        print_failure(trial, &result, why);
    if (result.others == 0)
        lq_sim_print_not_exercised(trial->file, &trial->scenario, trial->judge, stdout);
    printf("%s %s live  %s", why == NULL ? "ok" : "failed", trial->file, trial->scenario.title);
    if (result.others > 0)
        printf("  (judges: none, %" PRIu32 " connections were not its own)", result.others);
    putchar('\n');
    fflush(stdout);
    return why == NULL ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED;
}
