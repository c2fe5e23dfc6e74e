/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/shard/shard.h"
#include "tools/cmd_sim_campaign.h"
#include "tools/cmd_sim_exhaust.h"
#include "tools/cmd_sim_judge_table.h"
#include "tools/cmd_sim_report.h"
#include "tools/cmd_sim_run.h"
#include "tools/cmd_sim_scenario.h"
#include "tools/cmd_sim_shrink.h"
#include "tools/cmd_sim_trace.h"
#include "tools/cmd_sim_show.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/pcapng.h"

enum { JOBS_MAX = 256 };

static int list_wrongs(void)
{
    const struct lq_wrong *row;
    for (uint32_t i = 0; (row = lq_sim_wrong_row(i)) != NULL; i++)
        printf("%-48s %-7s %s\n", row->name, row->property, row->sentence);
    return LQ_EXIT_PASS;
}

static int list_personalities(void)
{
    for (const struct lq_personality *row = lq_personalities; row->name != NULL; row++) {
        printf("%s\n    %s\n    violates", row->name, row->sentence);
        for (const char *const *id = row->properties; *id != NULL; id++)
            printf(" %s", *id);
        printf("\n    by");
        for (const char *const *name = row->wrongs; *name != NULL; name++)
            printf(" %s", *name);
        putchar('\n');
    }
    return LQ_EXIT_PASS;
}

/* Plants what --personality asks for. False after a message. */
static bool take_personality(const char *name, struct lq_sim_settings *settings)
{
    settings->personality = lq_personality_find(name);
    if (settings->personality == NULL || settings->wrong.row != NULL ||
        !lq_sim_wrong_plant(settings->personality, &settings->wrong)) {
        lq_message("--personality: `%s' does not go; expected one that --list-personalities "
                   "prints, and no --wrong beside it; choose from there", name);
        return false;
    }
    return true;
}

static void list_fields(const struct lq_pdu_field *fields)
{
    for (; fields->name != NULL; fields++)
        printf(" `%s`", fields->name);
}

static void list_pdus(const struct lq_pdu_table *table)
{
    static const char *const ways[] = {[LQ_PDU_EITHER] = "either way",
                                       [LQ_PDU_TO_TARGET] = "to-target",
                                       [LQ_PDU_FROM_TARGET] = "from-target"};
    printf("\n| PDU of %s | goes | fields |\n", table->transport);
    puts("|---|---|---|");
    fputs("| any | |", stdout);
    list_fields(table->common);
    puts(" `byteN` |");
    for (const struct lq_pdu_kind *kind = table->kinds; kind->name != NULL; kind++) {
        printf("| `%s` | %s |", kind->name, ways[kind->direction]);
        list_fields(kind->fields);
        puts(" |");
    }
}

/* The catalogue and the words about PDUs, as the tables of docs/FAULTS.md. */
static int list_faults(void)
{
    static const char *const places[] = {[LQ_FAULT_PLACE_NETWORK] = "network",
                                         [LQ_FAULT_PLACE_DISK] = "disk",
                                         [LQ_FAULT_PLACE_INITIATOR] = "initiator",
                                         [LQ_FAULT_PLACE_WORLD] = "world",
                                         [LQ_FAULT_PLACE_PDU] = "PDU",
                                         [LQ_FAULT_PLACE_FRAME] = "frames",
                                         [LQ_FAULT_PLACE_FABRIC] = "fabric"};
    puts("| class | place | strikes a | what it does | what must still hold |");
    puts("|---|---|---|---|---|");
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        const struct lq_fault_class *row = lq_fault_class((enum lq_fault)i);
        printf("| `%s` | %s | %s | %s | %s |\n", row->name, places[row->place], row->unit,
               row->sentence, row->contract);
    }
    for (uint32_t i = 0; lq_shard_pdus[i] != NULL; i++)
        list_pdus(lq_shard_pdus[i]);
    return LQ_EXIT_PASS;
}

static uint32_t jobs_of(const struct lq_options *options)
{
    uint64_t seeds = options->last_seed - options->first_seed;
    uint64_t jobs = options->jobs;
    if (jobs == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        jobs = processors > 0 ? (uint64_t)processors : 1;
    }
    if (jobs > JOBS_MAX)
        jobs = JOBS_MAX;
    return seeds < jobs ? (uint32_t)seeds + 1 : (uint32_t)jobs;
}

static void print_run(const struct lq_sim *sim, enum lq_sim_verdict verdict, bool has_totals)
{
    const struct lq_run_result *result = lq_sim_result(sim);
    if (has_totals) {
        lq_report_plan(stdout, lq_sim_plan(sim));
        lq_report_counts(stdout, lq_sim_counts(sim));
    }
    if (verdict != LQ_SIM_CLEAN)
        lq_sim_print_failure(sim, verdict, stdout);
    printf("seed %" PRIu64 ": %s; %" PRIu64 " commands of %" PRIu32 " nexuses ended in %" PRIu64
           ".%09" PRIu64 " virtual seconds; %" PRIu64 " records, %" PRIu64
           " bytes on the wire, %" PRIu64 " bytes of arena\n",
           lq_sim_plan(sim)->seed, lq_sim_verdict_word(verdict), result->commands_ended,
           result->nexuses_ended,
           result->time_ns / 1000000000, result->time_ns % 1000000000, result->events,
           result->tap_bytes, result->arena_bytes);
}

int lq_sim_exit_code(enum lq_sim_verdict verdict, bool is_wrong)
{
    if (verdict == LQ_SIM_UNSTEADY)
        return LQ_EXIT_NONDETERMINISM;
    return lq_sim_passes(verdict, is_wrong) ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED;
}

static int close_capture(struct lq_pcapng *capture, const char *path, int code)
{
    int wrong = lq_pcapng_close(capture);
    if (wrong == 0)
        return code;
    lq_message("%s: cannot be written: %s; expected room for the capture; choose another file",
               path, strerror(wrong));
    return code == LQ_EXIT_PASS ? LQ_EXIT_ENVIRONMENT : code;
}

/* The sink for --json-lines. False: the file can't be made, and that has been said. */
static bool open_json_lines(const char *path, FILE **file, struct lq_history_sink *sink)
{
    *file = fopen(path, "w");
    if (*file == NULL) {
        lq_message("%s: cannot be created: %s; expected a file that can be written; choose "
                   "another one", path, strerror(errno));
        return false;
    }
    *sink = lq_json_lines(*file);
    return true;
}

int lq_sim_open_sinks(const struct lq_options *options, const char *name,
                      struct lq_sim_sinks *sinks)
{
    *sinks = (struct lq_sim_sinks){.count = 0};
    if (options->pcap != NULL) {
        sinks->capture = lq_pcapng_open(options->pcap);
        if (sinks->capture == NULL) {
            lq_message("%s: cannot be created: %s; expected a file that can be written; choose "
                       "another one", options->pcap, strerror(errno));
            return LQ_EXIT_ENVIRONMENT;
        }
        sinks->sinks[sinks->count++] = lq_pcapng_begin(sinks->capture, name, "virtual time", 0);
    }
    if (options->trace)
        sinks->sinks[sinks->count++] = lq_report_trace(stdout);
    if (options->json_lines != NULL &&
        !open_json_lines(options->json_lines, &sinks->json_lines, &sinks->sinks[sinks->count++]))
        return LQ_EXIT_ENVIRONMENT;
    return LQ_EXIT_PASS;
}

int lq_sim_close_sinks(const struct lq_options *options, struct lq_sim_sinks *sinks, int code)
{
    if (sinks->json_lines != NULL && fclose(sinks->json_lines) != 0)
        code = LQ_EXIT_ENVIRONMENT;
    return sinks->capture == NULL ? code : close_capture(sinks->capture, options->pcap, code);
}

static int run_seed(const struct lq_options *options, const struct lq_sim_settings *settings,
                    const struct lq_sim_extras *extras)
{
    struct lq_sim_sinks sinks;
    char name[40];
    snprintf(name, sizeof name, "seed %" PRIu64, options->first_seed);
    int opened = lq_sim_open_sinks(options, name, &sinks);
    if (opened != LQ_EXIT_PASS)
        return opened;
    struct lq_sim *sim = lq_sim_make(settings);
    lq_sim_watch(sim, sinks.sinks, sinks.count);
    struct lq_recording *recording = options->record == NULL ? NULL : lq_recording_begin(sim);
    lq_sim_keep_story(sim);
    enum lq_sim_verdict verdict = lq_sim_run(sim, options->first_seed, options->twice);
    if (!options->fingerprint)
        print_run(sim, verdict, options->totals);
    else if (verdict != LQ_SIM_CLEAN)
        lq_sim_print_failure(sim, verdict, stderr);
    printf("fingerprint %016" PRIx64 "\n", lq_sim_result(sim)->fingerprint);
    int code = lq_sim_exit_code(verdict, settings->wrong.row != NULL);
    code = lq_recording_end(recording, sim, options->record, settings, NULL, options->first_seed,
                            verdict, code);
    code = lq_sim_show(options, extras, sim, name, verdict, code);
    char *failure = lq_sim_failure_text(sim, verdict);
    struct lq_verdict_case one = {name, failure};
    code = lq_verdicts_write(lq_sim_verdicts(sim), &one, 1, options->tap, options->junit, code);
    free(failure);
    lq_sim_free(sim);
    code = lq_sim_close_sinks(options, &sinks, code);
    if (verdict != LQ_SIM_CLEAN && lq_shrink_is_wanted(options, settings))
        lq_sim_shrink(options, settings, NULL, NULL, options->first_seed);
    return code;
}

static int refuse_campaign(const char *what)
{
    lq_message("sim: %s is for one seed; expected --seed N with it; leave away one of them", what);
    return LQ_EXIT_USAGE;
}

static struct lq_campaign campaign_of(const struct lq_options *options,
                                      const struct lq_sim_settings *settings,
                                      const struct lq_campaign_store_ops *store)
{
    const struct lq_wrong *wrong = settings->wrong.row;
    return (struct lq_campaign){
        .settings = *settings,
        .identity = {.first_seed = options->first_seed,
                     .last_seed = options->last_seed,
                     .commands = settings->commands,
                     .wrong = wrong == NULL ? "" : wrong->name,
                     .shard = options->shards == 0 ? 1 : options->shard,
                     .shards = options->shards == 0 ? 1 : options->shards},
        .store = store,
        .database = options->campaign,
        .jobs = jobs_of(options),
        .seed_bound_ns = options->seed_timeout_ns,
        .print_fingerprints = options->fingerprint,
        .twice = options->twice,
        .bench = options->bench,
        .tap = options->tap,
        .junit = options->junit};
}

struct shrinking {
    const struct lq_options *options;
    const struct lq_sim_settings *settings;
};

static void shrink_seed(void *context, uint64_t seed)
{
    const struct shrinking *shrinking = context;
    lq_sim_shrink(shrinking->options, shrinking->settings, NULL, NULL, seed);
}

static int run_campaign(const struct lq_options *options, const struct lq_sim_settings *settings,
                        const struct lq_campaign_store_ops *store)
{
    struct lq_campaign campaign = campaign_of(options, settings, store);
    struct shrinking shrinking = {options, settings};
    campaign.failed = lq_shrink_is_wanted(options, settings) ? shrink_seed : NULL;
    campaign.context = &shrinking;
    if (options->campaign == NULL || store != NULL)
        return lq_campaign_run(&campaign);
    lq_message("--campaign: this program has no database; expected `lunquake sim'; use that");
    return LQ_EXIT_USAGE;
}

static int merge(const struct lq_options *options, const struct lq_sim_settings *settings,
                 const struct lq_campaign_store_ops *store)
{
    struct lq_campaign campaign = campaign_of(options, settings, store);
    if (store == NULL) {
        lq_message("--merge: this program has no database; expected `lunquake sim'; use that");
        return LQ_EXIT_USAGE;
    }
    if (options->file_count == 0 || options->campaign != NULL || options->seeds_given) {
        lq_message("--merge: takes the databases of shards as files, and neither seeds nor "
                   "--campaign; expected --merge NEW.db SHARD.db...; see `lunquake sim --help'");
        return LQ_EXIT_USAGE;
    }
    return lq_campaign_merge(&campaign, options->merge, options->files, options->file_count);
}

int lq_cmd_sim(const struct lq_options *options, const struct lq_sim_extras *extras)
{
    if (options->list_wrongs)
        return list_wrongs();
    if (options->list_personalities)
        return list_personalities();
    if (options->list_faults)
        return list_faults();
    if (!lq_sim_can_write(options))
        return LQ_EXIT_ENVIRONMENT;
    if (options->replay != NULL)
        return lq_sim_replay(options);
    if (!options->seeds_given && options->merge == NULL && options->file_count == 0) {
        lq_message("sim: no seed is given; expected --seeds A..B or --seed N; try --seeds 1..100");
        return LQ_EXIT_USAGE;
    }
    struct lq_sim_settings settings = {
        .commands = options->commands == 0 ? LQ_SIM_COMMANDS_DEFAULT : options->commands,
        .transport = options->over_fcp ? LQ_OVER_FCP : LQ_OVER_ISCSI};
    if (options->wrong != NULL && !lq_sim_wrong_find(options->wrong, &settings.wrong)) {
        lq_message("--wrong: `%s' is no wrong; expected one that --list-wrongs prints; choose from "
                   "there", options->wrong);
        return LQ_EXIT_USAGE;
    }
    if (options->personality != NULL && !take_personality(options->personality, &settings))
        return LQ_EXIT_USAGE;
    if (settings.wrong.row != NULL && settings.wrong.property == LQ_NO_PROPERTY) {
        lq_message("--wrong: `%s' declares %s, which is no property; expected one of "
                   "docs/PROPERTIES.tsv; mend its table", options->wrong,
                   settings.wrong.row->property);
        return LQ_EXIT_INTERNAL;
    }
    settings.unjudged = options->unjudged;
    if (options->unjudged && !options->bench) {
        lq_message("--unjudged: it says nothing about the target; expected --bench beside it; "
                   "use both or neither");
        return LQ_EXIT_USAGE;
    }
    if (options->exhaust)
        return lq_sim_exhaust(options, &settings);
    if (options->judge_table)
        return lq_sim_judge_table(options, &settings);
    if (options->merge != NULL)
        return merge(options, &settings, extras->store);
    if (options->file_count > 0)
        return lq_sim_scenarios(options, &settings, extras);
    bool is_single = options->first_seed == options->last_seed;
    if (options->print_scenario)
        return is_single ? lq_sim_print_seed(options->first_seed, &settings)
                         : refuse_campaign("--print-scenario");
    if (is_single && !options->bench && options->campaign == NULL)
        return run_seed(options, &settings, extras);
    if (options->pcap != NULL)
        return refuse_campaign("--pcap");
    if (options->record != NULL)
        return refuse_campaign("--record");
    if (options->trace)
        return refuse_campaign("--trace");
    if (options->json_lines != NULL)
        return refuse_campaign("--json-lines");
    if (options->ladder)
        return refuse_campaign("--ladder");
    if (options->html != NULL)
        return refuse_campaign("--html");
    return run_campaign(options, &settings, extras->store);
}
