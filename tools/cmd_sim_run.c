/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/wrongs.h"
#include "proto/fc/wrongs.h"
#include "proto/iscsi/wrongs.h"
#include "sim/machine/crc.h"
#include "tools/cmd_sim_report.h"
#include "tools/exit_codes.h"
#include "tools/failure.h"
#include "tools/ladder.h"
#include "tools/message.h"
#include "tools/version.h"

enum { FINDINGS_SHOWN = 4, REPRODUCE_SIZE = 512, LADDER_ROWS = 16 };

struct lq_sim {
    struct lq_sim_settings settings;
    struct lq_world *world;
    struct lq_judge *judge;
    struct lq_totals *totals;
    struct lq_run_result result;
    struct lq_choice_trace *trace; /* NULL: none */
    struct lq_history_sink watchers[LQ_SIM_WATCHERS_MAX];
    uint32_t watcher_count;
    const struct lq_scenario *scenario; /* NULL: a seed's run */
    const char *file;                   /* where it stands */
    uint64_t seed, other_fingerprint;
    char reproduce[REPRODUCE_SIZE];
    struct lq_verdicts verdicts;
    struct lq_story *story; /* NULL: none is kept */
    enum lq_fault strike; /* LQ_FAULT_NONE: none */
    uint64_t strike_step;
};

/* --- wrongs --------------------------------------------------------------------------------- */

const struct lq_wrong *lq_sim_wrong_row(uint32_t index)
{
    if (index < LQ_CORE_WRONGS)
        return &lq_core_wrongs[index];
    index -= LQ_CORE_WRONGS;
    if (index < LQ_ISCSI_WRONGS)
        return &lq_iscsi_wrongs[index];
    index -= LQ_ISCSI_WRONGS;
    return index < LQ_FC_WRONGS ? &lq_fc_wrongs[index] : NULL;
}

/* Sets the bit of row INDEX. */
static void plant(struct lq_wrongs *mask, uint32_t index)
{
    _Static_assert((unsigned)LQ_CORE_WRONGS <= 64U * LQ_WRONG_WORDS, "a bit for each");
    _Static_assert((unsigned)LQ_ISCSI_WRONGS <= 64U * LQ_WRONG_WORDS, "a bit for each");
    _Static_assert((unsigned)LQ_FC_WRONGS <= 64U * LQ_WRONG_WORDS, "a bit for each");
    uint64_t *words = mask->core;
    uint32_t bit = index;
    if (bit >= LQ_CORE_WRONGS) {
        bit -= LQ_CORE_WRONGS;
        words = mask->iscsi;
    }
    if (words == mask->iscsi && bit >= LQ_ISCSI_WRONGS) {
        bit -= LQ_ISCSI_WRONGS;
        words = mask->fc;
    }
    words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

bool lq_sim_wrong_find(const char *name, struct lq_sim_wrong *wrong)
{
    const struct lq_wrong *row;
    for (uint32_t i = 0; (row = lq_sim_wrong_row(i)) != NULL; i++) {
        if (strcmp(row->name, name) != 0)
            continue;
        *wrong = (struct lq_sim_wrong){.row = row, .property = lq_property_find(row->property)};
        plant(&wrong->mask, i);
        return true;
    }
    return false;
}

bool lq_sim_wrong_plant(const struct lq_personality *personality, struct lq_sim_wrong *wrong)
{
    for (const char *const *name = personality->wrongs; *name != NULL; name++) {
        struct lq_sim_wrong one;
        if (!lq_sim_wrong_find(*name, &one))
            return false;
        for (uint32_t i = 0; i < LQ_WRONG_WORDS; i++) {
            wrong->mask.core[i] |= one.mask.core[i];
            wrong->mask.iscsi[i] |= one.mask.iscsi[i];
            wrong->mask.fc[i] |= one.mask.fc[i];
        }
    }
    return true;
}

/* --- life ----------------------------------------------------------------------------------- */

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    void *memory = realloc(old, new_size);
    if (memory == NULL) {
        lq_message("sim: out of memory; expected %zu more bytes; use fewer --jobs", new_size);
        exit(LQ_EXIT_ENVIRONMENT);
    }
    return memory;
}

struct lq_allocator lq_sim_allocator(void)
{
    return (struct lq_allocator){resize, NULL};
}

struct lq_sim *lq_sim_make(const struct lq_sim_settings *settings)
{
    struct lq_allocator allocator = lq_sim_allocator();
    struct lq_sim *sim = resize(NULL, NULL, 0, sizeof *sim);
    memset(sim, 0, sizeof *sim);
    sim->settings = *settings;
    sim->world = lq_world_make(allocator);
    sim->judge = lq_judge_make(allocator);
    sim->totals = resize(NULL, NULL, 0, sizeof *sim->totals);
    lq_totals_init(sim->totals);
    return sim;
}

void lq_sim_free(struct lq_sim *sim)
{
    lq_world_free(sim->world);
    lq_judge_free(sim->judge);
    free(sim->totals);
    lq_story_free(sim->story);
    free(sim);
}

void lq_sim_keep_story(struct lq_sim *sim)
{
    if (sim->story == NULL)
        sim->story = lq_story_make();
}

void lq_sim_watch(struct lq_sim *sim, const struct lq_history_sink *sinks, uint32_t count)
{
    LQ_ASSERT(count <= LQ_SIM_WATCHERS_MAX);
    for (uint32_t i = 0; i < count; i++)
        sim->watchers[i] = sinks[i];
    sim->watcher_count = count;
}

void lq_sim_trace(struct lq_sim *sim, struct lq_choice_trace *trace)
{
    sim->trace = trace;
}

const char *lq_sim_verdict_word(enum lq_sim_verdict verdict)
{
    static const char *const words[] = {
        [LQ_SIM_CLEAN] = "clean",     [LQ_SIM_VIOLATED] = "violated",
        [LQ_SIM_ELSEWHERE] = "violated-elsewhere", [LQ_SIM_CAUGHT] = "caught",
        [LQ_SIM_STUCK] = "stuck",     [LQ_SIM_UNMET] = "unmet",
        [LQ_SIM_UNSTEADY] = "unsteady"};
    return words[verdict];
}

/* --- runs ----------------------------------------------------------------------------------- */

static bool is_convicted(void *context)
{
    const struct lq_sim *sim = context;
    if (sim->settings.wrong.row != NULL)
        return lq_judge_violations_of(sim->judge, sim->settings.wrong.property) > 0;
    return lq_judge_violations(sim->judge) > 0;
}

void lq_sim_strike(struct lq_sim *sim, enum lq_fault fault, uint64_t step)
{
    sim->strike = fault;
    sim->strike_step = step;
}

static void begin_story(struct lq_sim *sim)
{
    lq_story_reset(sim->story);
    for (uint32_t i = 0; sim->scenario != NULL && i < sim->scenario->initiator_count; i++)
        lq_story_name(sim->story, i + 1, sim->scenario->initiators[i].name);
}

/* Of a personality everything is to be known. */
static bool should_stop(void *context)
{
    const struct lq_sim *sim = context;
    return sim->settings.personality == NULL && is_convicted(context);
}

static void run_once(struct lq_sim *sim, bool counts)
{
    struct lq_history_sink sinks[LQ_HISTORY_SINKS_MAX] = {lq_judge_sink(sim->judge)};
    uint32_t sink_count = sim->settings.unjudged ? 0 : 1;
    if (counts) {
        sinks[sink_count++] = lq_totals_sink(sim->totals);
        for (uint32_t i = 0; i < sim->watcher_count; i++)
            sinks[sink_count++] = sim->watchers[i];
    }
    if (counts && sim->story != NULL) {
        begin_story(sim);
        sinks[sink_count++] = lq_story_sink(sim->story);
    }
    struct lq_run_request request = {.scenario = sim->scenario,
                                     .seed = sim->seed,
                                     .commands = sim->settings.commands,
                                     .transport = sim->settings.transport,
                                     .trace = sim->trace,
                                     .wrongs = sim->settings.wrong.mask,
                                     .sinks = sinks,
                                     .sink_count = sink_count,
                                     .strike = sim->strike,
                                     .strike_step = sim->strike_step,
                                     .crc32c = lq_crc_processor().function,
                                     .should_stop = should_stop,
                                     .stop_context = sim};
    if (sim->trace != NULL && sim->trace->from != NULL)
        sim->trace->count = 0;
    else if (sim->trace != NULL)
        sim->trace->position = 0;
    lq_judge_reset(sim->judge);
    lq_totals_next_run(sim->totals);
    lq_world_run(sim->world, &request, &sim->result);
    if (sim->result.end != LQ_RUN_STOPPED)
        lq_judge_finish(sim->judge);
    if (counts)
        lq_verdicts_add_run(&sim->verdicts, sim->judge);
}

static void make_reproduce_line(struct lq_sim *sim)
{
    char commands[40] = "";
    if (sim->settings.commands != LQ_SIM_COMMANDS_DEFAULT)
        snprintf(commands, sizeof commands, " --commands %" PRIu64, sim->settings.commands);
    const struct lq_wrong *wrong = sim->settings.wrong.row;
    char seed[40] = "";
    if (sim->scenario == NULL || sim->seed != 1)
        snprintf(seed, sizeof seed, " --seed %" PRIu64, sim->seed);
    char strike[80] = "";
    if (sim->strike != LQ_FAULT_NONE)
        snprintf(strike, sizeof strike, " --every-step %s --step %" PRIu64,
                 lq_fault_class(sim->strike)->name, sim->strike_step);
    const struct lq_personality *personality = sim->settings.personality;
    snprintf(sim->reproduce, sizeof sim->reproduce,
             "lunquake sim%s%s%s%s%s%s%s%s%s%s   # version %s",
             sim->scenario == NULL ? "" : " ", sim->scenario == NULL ? "" : sim->file, seed,
             wrong == NULL ? "" : " --wrong ", wrong == NULL ? "" : wrong->name,
             personality == NULL ? "" : " --personality ",
             personality == NULL ? "" : personality->name,
             sim->settings.transport == LQ_OVER_FCP ? " --transport fcp" : "", commands, strike,
             LQ_VERSION);
    lq_failure_context(sim->reproduce);
}

uint32_t lq_sim_required(const char *name)
{
    for (uint32_t i = 0; i < lq_property_count; i++)
        if (strcmp(lq_property_table[i].id, name) == 0 ||
            strcmp(lq_property_table[i].slug, name) == 0)
            return i;
    return LQ_NO_PROPERTY;
}

bool lq_sim_is_exercised(const struct lq_scenario *scenario, const struct lq_judge *judge,
                         uint32_t index)
{
    uint32_t property = lq_sim_required(scenario->requires[index]);
    const char *transport = lq_property_transport(property); /* that alone can test it */
    bool is_of_iscsi = transport != NULL && strcmp(transport, "iscsi") == 0;
    return lq_judge_exercised(judge, property) > 0 ||
           (scenario->transport == LQ_SCN_OVER_FCP && is_of_iscsi);
}

static bool is_met(const struct lq_sim *sim)
{
    if (sim->strike != LQ_FAULT_NONE || sim->settings.unjudged)
        return true;
    bool met = lq_world_unmet_count(sim->world) == 0;
    for (uint32_t i = 0; sim->scenario != NULL && i < sim->scenario->requires_count; i++)
        met &= lq_sim_is_exercised(sim->scenario, sim->judge, i);
    return met;
}

static uint64_t protocol_errors(const struct lq_sim *sim)
{
    return sim->totals->counts.others[LQ_TOTAL_PROTOCOL_ERRORS];
}

static enum lq_sim_verdict run(struct lq_sim *sim, bool twice)
{
    make_reproduce_line(sim);
    if (twice) {
        run_once(sim, false);
        sim->other_fingerprint = sim->result.fingerprint;
    }
    uint64_t caught = protocol_errors(sim);
    run_once(sim, true);
    if (twice && sim->other_fingerprint != sim->result.fingerprint)
        return LQ_SIM_UNSTEADY;
    if (is_convicted(sim))
        return LQ_SIM_VIOLATED;
    if (lq_judge_violations(sim->judge) > 0)
        return LQ_SIM_ELSEWHERE;
    if (protocol_errors(sim) > caught)
        return LQ_SIM_CAUGHT;
    if (sim->result.end == LQ_RUN_DEADLOCK || sim->result.end == LQ_RUN_LATE)
        return LQ_SIM_STUCK;
    return is_met(sim) ? LQ_SIM_CLEAN : LQ_SIM_UNMET;
}

enum lq_sim_verdict lq_sim_run(struct lq_sim *sim, uint64_t seed, bool twice)
{
    sim->seed = seed;
    sim->scenario = NULL;
    return run(sim, twice);
}

enum lq_sim_verdict lq_sim_run_scenario(struct lq_sim *sim, const struct lq_scenario *scenario,
                                        const char *file, uint64_t seed, bool twice)
{
    sim->seed = seed;
    sim->scenario = scenario;
    sim->file = file;
    return run(sim, twice);
}

const struct lq_run_result *lq_sim_result(const struct lq_sim *sim)
{
    return &sim->result;
}

const struct lq_plan *lq_sim_plan(const struct lq_sim *sim)
{
    return lq_world_plan(sim->world);
}

const struct lq_judge *lq_sim_judge(const struct lq_sim *sim)
{
    return sim->judge;
}

const struct lq_story *lq_sim_story(const struct lq_sim *sim)
{
    return sim->story;
}

const char *lq_sim_reproduce(const struct lq_sim *sim)
{
    return sim->reproduce;
}

const struct lq_finding *lq_sim_finding(const struct lq_sim *sim)
{
    const struct lq_finding *finding;
    for (uint32_t i = 0; (finding = lq_judge_finding(sim->judge, i)) != NULL; i++)
        if (sim->settings.wrong.row == NULL || finding->property == sim->settings.wrong.property)
            return finding;
    return lq_judge_finding(sim->judge, 0);
}

const struct lq_counts *lq_sim_counts(const struct lq_sim *sim)
{
    return &sim->totals->counts;
}

const struct lq_verdicts *lq_sim_verdicts(const struct lq_sim *sim)
{
    return &sim->verdicts;
}

void lq_sim_forget_totals(struct lq_sim *sim)
{
    lq_totals_init(sim->totals);
    sim->verdicts = (struct lq_verdicts){.exercised = {0}};
}

/* --- failures ------------------------------------------------------------------------------- */

void lq_sim_print_finding(const struct lq_finding *finding, FILE *to)
{
    const struct lq_property *property = &lq_property_table[finding->property];
    fprintf(to, "%s %s [%s]\n  %s\n", property->id, property->slug, property->clause,
            property->sentence);
    fprintf(to, "  broken at %" PRIu64 ".%09" PRIu64 "s: %s\n", finding->time_ns / 1000000000,
            finding->time_ns % 1000000000, finding->text);
    if (finding->proof_count > 0) {
        fputs("  first cause:\n", to);
        lq_report_event(to, &finding->cause, 4);
        fputs("  proof:\n", to);
    }
    for (uint32_t i = 0; i < finding->proof_count; i++)
        lq_report_event(to, &finding->proof[i], 4);
}

void lq_sim_print_findings(const struct lq_judge *judge, const struct lq_sim_wrong *wrong, FILE *to)
{
    const struct lq_finding *finding;
    uint32_t shown = 0;
    /* The wrong's own property first. */
    for (uint32_t i = 0; wrong->row != NULL &&
                         (finding = lq_judge_finding(judge, i)) != NULL; i++) {
        if (finding->property == wrong->property && shown == 0) {
            lq_sim_print_finding(finding, to);
            shown++;
        }
    }
    for (uint32_t i = 0; (finding = lq_judge_finding(judge, i)) != NULL; i++) {
        if (wrong->row != NULL && finding->property == wrong->property)
            continue;
        if (shown++ < FINDINGS_SHOWN)
            lq_sim_print_finding(finding, to);
    }
    if (shown > FINDINGS_SHOWN)
        fprintf(to, "and %u findings more\n", (unsigned)(shown - FINDINGS_SHOWN));
}

void lq_sim_print_not_exercised(const char *file, const struct lq_scenario *scenario,
                                const struct lq_judge *judge, FILE *to)
{
    for (uint32_t i = 0; i < scenario->requires_count; i++)
        if (!lq_sim_is_exercised(scenario, judge, i))
            fprintf(to, "  %s:%" PRIu32 ": requires %s: this run never put it to the test\n", file,
                    scenario->requires_places[i].line, scenario->requires[i]);
}

void lq_sim_print_unmet(const char *file, const struct lq_world *world, FILE *to)
{
    for (uint32_t i = 0; i < lq_world_unmet_count(world); i++) {
        const struct lq_unmet *unmet = lq_world_unmet(world, i);
        if (unmet->place.line == 0) /* of no file */
            fprintf(to, "  --fault: %s\n", unmet->text);
        else
            fprintf(to, "  %s:%" PRIu32 ": %s\n", file, unmet->place.line, unmet->text);
    }
}

const char *lq_sim_verdict_text(enum lq_sim_verdict verdict)
{
    static const char *const headings[] = {
        [LQ_SIM_CLEAN] = "nothing wrong",
        [LQ_SIM_VIOLATED] = "property violated",
        [LQ_SIM_ELSEWHERE] = "violated, but not the property that the wrong declares",
        [LQ_SIM_CAUGHT] = "an initiator caught the target in a protocol error (see --trace)",
        [LQ_SIM_STUCK] = "outstanding at the end",
        [LQ_SIM_UNMET] = "not what the scenario expects",
        [LQ_SIM_UNSTEADY] = "nondeterminism: one seed, two fingerprints"};
    return headings[verdict];
}

/* What happened around the finding that says most. */
static void print_ladder(const struct lq_sim *sim, FILE *to)
{
    const struct lq_finding *finding = lq_sim_finding(sim);
    if (sim->story == NULL || finding == NULL)
        return;
    fprintf(to, "around %s:\n", lq_property_table[finding->property].id);
    lq_ladder_print_around(to, sim->story, finding, LADDER_ROWS, lq_ladder_wants_colour(to));
}

/* What is outstanding, unmet or unsteady. */
static void print_outcome(const struct lq_sim *sim, enum lq_sim_verdict verdict, FILE *to)
{
    if (verdict == LQ_SIM_UNSTEADY)
        fprintf(to, "  %016" PRIx64 " and %016" PRIx64 "\n", sim->other_fingerprint,
                sim->result.fingerprint);
    if (sim->result.end == LQ_RUN_DEADLOCK)
        fprintf(to, "  deadlock: no event is left, and %s is outstanding\n",
                sim->result.outstanding == NULL ? "nothing" : sim->result.outstanding);
    if (sim->result.end == LQ_RUN_LATE)
        fprintf(to, "  the liveness bound has passed, and %s is outstanding\n",
                sim->result.outstanding == NULL ? "nothing" : sim->result.outstanding);
    if (sim->scenario != NULL && sim->result.end != LQ_RUN_STOPPED) {
        lq_sim_print_not_exercised(sim->file, sim->scenario, sim->judge, to);
        lq_sim_print_unmet(sim->file, sim->world, to);
    }
}

char *lq_sim_failure_text(const struct lq_sim *sim, enum lq_sim_verdict verdict)
{
    if (lq_sim_passes(verdict, sim->settings.wrong.row != NULL))
        return NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return strdup(lq_sim_verdict_text(verdict));
    fputs(lq_sim_verdict_text(verdict), to);
    fputc('\n', to);
    print_outcome(sim, verdict, to);
    for (uint32_t i = 0; i < lq_property_count; i++)
        if (lq_judge_violations_of(sim->judge, i) > 0)
            fprintf(to, "  violated %s %s\n", lq_property_table[i].id, lq_property_table[i].slug);
    fprintf(to, "reproduce: %s", sim->reproduce);
    fclose(to);
    return text;
}

bool lq_sim_passes(enum lq_sim_verdict verdict, bool is_wrong)
{
    return verdict == LQ_SIM_CLEAN ||
           (is_wrong && verdict != LQ_SIM_VIOLATED && verdict != LQ_SIM_UNSTEADY);
}

void lq_sim_print_failure(const struct lq_sim *sim, enum lq_sim_verdict verdict, FILE *to)
{
    const struct lq_wrong *wrong = sim->settings.wrong.row;
    fputs(lq_sim_passes(verdict, wrong != NULL) ? "not convicted " : "FAILED ", to);
    if (sim->scenario != NULL)
        fprintf(to, "%s: %s\n", sim->file, lq_sim_verdict_text(verdict));
    else
        fprintf(to, "seed %" PRIu64 ": %s\n", sim->seed, lq_sim_verdict_text(verdict));
    if (wrong != NULL)
        fprintf(to, "  planted wrong %s, to be convicted by %s: %s\n", wrong->name,
                wrong->property, wrong->sentence);
    print_outcome(sim, verdict, to);
    lq_sim_print_findings(sim->judge, &sim->settings.wrong, to);
    print_ladder(sim, to);
    fprintf(to, "reproduce: %s\n", sim->reproduce);
}
