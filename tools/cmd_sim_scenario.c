/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_scenario.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/stage/swarm.h"
#include "sim/stage/workload.h"
#include "tools/cmd_sim_report.h"
#include "tools/cmd_sim_show.h"
#include "tools/cmd_sim_shrink.h"
#include "tools/cmd_sim_trace.h"
#include "tools/cmd_sim_verdicts.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/near.h"

enum { FILE_BYTES_MAX = 1024 * 1024, TEXT_MAX = 128 * 1024, FAILURES_SHOWN = 3 };

/* --- read ----------------------------------------------------------------------------------- */

char *lq_sim_read_file(const char *path, size_t most, size_t *size, int *code)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(most + 1);
    *code = LQ_EXIT_ENVIRONMENT;
    bool is_read = false;
    if (file != NULL && text != NULL) {
        errno = 0;
        *size = fread(text, 1, most + 1, file);
        is_read = ferror(file) == 0;
    }
    if (!is_read)
        lq_message("%s: cannot be read: %s; expected a file; check its name", path,
                   strerror(errno));
    else if (*size > most) {
        lq_message("%s: is too long; expected at most %zu MiB; choose another file", path,
                   most >> 20);
        is_read = false;
        *code = LQ_EXIT_USAGE;
    }
    if (file != NULL)
        fclose(file);
    if (is_read) {
        text[*size] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

/* The line of TEXT where PLACE is, and a caret under it. */
static void show_line(const char *text, struct lq_scn_place place, uint32_t width)
{
    for (uint32_t line = 1; line < place.line; line++) {
        const char *end = strchr(text, '\n');
        if (end == NULL)
            return;
        text = end + 1;
    }
    size_t length = strcspn(text, "\n");
    if (length > 200)
        length = 200;
    for (size_t i = 0; i < length; i++)
        fputc((text[i] < ' ' || text[i] > '~') && text[i] != '\t' ? '?' : text[i], stderr);
    fputc('\n', stderr);
    for (uint32_t i = 1; i < place.column && i <= length; i++)
        fputc(text[i - 1] == '\t' ? '\t' : ' ', stderr);
    fputc('^', stderr);
    for (uint32_t i = 1; i < width && i < 100; i++)
        fputc('~', stderr);
    fputc('\n', stderr);
}

void lq_sim_refuse(const char *path, const char *text, const struct lq_scn_problem *problem)
{
    lq_message("%s:%" PRIu32 ":%" PRIu32 ": %s; see docs/SCENARIO.md", path, problem->place.line,
               problem->place.column, problem->text);
    show_line(text, problem->place, problem->width);
}

/* The id or slug that NAME, which is none, is nearest to; NULL: there is none near. */
static const char *near_property(const char *name)
{
    struct lq_near near = lq_near_to(name);
    for (uint32_t i = 0; i < lq_property_count; i++) {
        lq_near_consider(&near, lq_property_table[i].slug);
        lq_near_consider(&near, lq_property_table[i].id);
    }
    return near.best;
}

/* Properties are the judges', so the language does not know them. */
static bool knows_properties(const char *path, const char *text,
                             const struct lq_scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->requires_count; i++) {
        const char *name = scenario->requires[i];
        if (lq_sim_required(name) != LQ_NO_PROPERTY)
            continue;
        const char *near = near_property(name);
        struct lq_scn_problem problem = {.place = scenario->requires_places[i],
                                         .width = (uint32_t)strlen(name)};
        snprintf(problem.text, sizeof problem.text,
                 "`%s' is no property; expected an id or a slug of docs/PROPERTIES.tsv%s%s%s",
                 name, near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
                 near == NULL ? "" : "'?");
        lq_sim_refuse(path, text, &problem);
        return false;
    }
    return true;
}

int lq_sim_parse(const char *path, const char *text, size_t size, enum lq_transport_kind transport,
                 struct lq_scenario *scenario)
{
    struct lq_scn_problem problem;
    bool is_good = lq_scenario_parse(scenario, lq_shard_pdus, (enum lq_scn_transport)transport,
                                     text, size, &problem);
    if (!is_good)
        lq_sim_refuse(path, text, &problem);
    else if (!lq_swarm_check(scenario, &problem) || !lq_workload_check(scenario, &problem)) {
        is_good = false;
        lq_sim_refuse(path, text, &problem);
    } else
        is_good = knows_properties(path, text, scenario);
    return is_good ? LQ_EXIT_PASS : LQ_EXIT_USAGE;
}

int lq_sim_read_scenario(const char *path, enum lq_transport_kind transport,
                         struct lq_scenario *scenario)
{
    size_t size = 0;
    int code = LQ_EXIT_PASS;
    char *text = lq_sim_read_file(path, FILE_BYTES_MAX, &size, &code);
    if (text != NULL)
        code = lq_sim_parse(path, text, size, transport, scenario);
    free(text);
    return code;
}

/* --- run ------------------------------------------------------------------------------------ */

/* The properties that the target violated, in the order of their registry. */
static void print_violated(const struct lq_sim *sim, const struct lq_personality *personality)
{
    printf("  (%s by", personality->name);
    for (uint32_t i = 0; i < lq_property_count; i++)
        if (lq_judge_violations_of(lq_sim_judge(sim), i) > 0)
            printf(" %s", lq_property_table[i].id);
    putchar(')');
}

static void print_result(const struct lq_sim *sim, const struct lq_sim_settings *settings,
                         const char *path, const struct lq_scenario *scenario,
                         enum lq_sim_verdict verdict, bool prints_fingerprint)
{
    const struct lq_wrong *wrong = settings->wrong.row;
    if (verdict != LQ_SIM_CLEAN)
        lq_sim_print_failure(sim, verdict, stdout);
    const char *word = verdict == LQ_SIM_CLEAN ? "ok" : "failed";
    if (settings->personality != NULL && verdict == LQ_SIM_VIOLATED)
        word = "convicted";
    if (wrong != NULL)
        word = verdict == LQ_SIM_VIOLATED ? "convicted" : "not convicted";
    printf("%s %s fingerprint %016" PRIx64 "  %s", word, path, lq_sim_result(sim)->fingerprint,
           scenario->title);
    if (wrong != NULL)
        printf("  (%s by %s)", wrong->name, wrong->property);
    if (settings->personality != NULL && verdict == LQ_SIM_VIOLATED)
        print_violated(sim, settings->personality);
    putchar('\n');
    if (prints_fingerprint)
        printf("fingerprint %016" PRIx64 "\n", lq_sim_result(sim)->fingerprint);
}

/* With several: the first of 99, 5, 1, 3. */
static int worse(int a, int b)
{
    static const int order[] = {LQ_EXIT_INTERNAL, LQ_EXIT_NONDETERMINISM, LQ_EXIT_VIOLATED,
                                LQ_EXIT_ENVIRONMENT};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return LQ_EXIT_PASS;
}

static int run_all(const struct lq_options *options, const struct lq_sim_settings *settings,
                   const struct lq_scenario *scenarios, const struct lq_sim_extras *extras)
{
    struct lq_sim_sinks sinks;
    int code = lq_sim_open_sinks(options, options->files[0], &sinks);
    if (code != LQ_EXIT_PASS)
        return code;
    struct lq_allocator allocator = lq_sim_allocator();
    struct lq_verdict_case *cases =
        allocator.resize(allocator.context, NULL, 0, options->file_count * sizeof *cases);
    char **failures =
        allocator.resize(allocator.context, NULL, 0, options->file_count * sizeof *failures);
    struct lq_sim *sim = lq_sim_make(settings);
    lq_sim_watch(sim, sinks.sinks, sinks.count);
    struct lq_recording *recording = options->record == NULL ? NULL : lq_recording_begin(sim);
    if (!options->bench)
        lq_sim_keep_story(sim);
    uint64_t commands = 0;
    uint32_t failed = options->file_count; /* the first one */
    for (uint32_t i = 0; i < options->file_count; i++) {
        enum lq_sim_verdict verdict = lq_sim_run_scenario(sim, &scenarios[i], options->files[i],
                                                          options->first_seed, options->twice);
        print_result(sim, settings, options->files[i], &scenarios[i], verdict,
                     options->fingerprint);
        commands += lq_sim_result(sim)->commands_ended;
        if (verdict != LQ_SIM_CLEAN && failed == options->file_count)
            failed = i;
        code = worse(code, lq_sim_exit_code(verdict, settings->wrong.row != NULL));
        code = lq_recording_end(recording, sim, options->record, settings, &scenarios[i],
                                options->first_seed, verdict, code);
        code = lq_sim_show(options, extras, sim, scenarios[i].title, verdict, code);
        failures[i] = lq_sim_failure_text(sim, verdict);
        cases[i] = (struct lq_verdict_case){options->files[i], failures[i]};
    }
    if (options->bench)
        lq_report_bench(stdout, RUSAGE_SELF, commands, settings->unjudged);
    code = lq_verdicts_write(lq_sim_verdicts(sim), cases, options->file_count, options->tap,
                             options->junit, code);
    for (uint32_t i = 0; i < options->file_count; i++)
        free(failures[i]);
    free(failures);
    free(cases);
    lq_sim_free(sim);
    code = lq_sim_close_sinks(options, &sinks, code);
    if (failed < options->file_count && lq_shrink_is_wanted(options, settings))
        lq_sim_shrink(options, settings, &scenarios[failed], options->files[failed],
                      options->first_seed);
    return code;
}

/* Runs SCENARIO with the catastrophe at one event after another; says each conviction. */
static int strike_every_step(const struct lq_options *options,
                             const struct lq_sim_settings *settings,
                             const struct lq_scenario *scenario, const char *path)
{
    enum lq_fault fault = lq_fault_by_name(options->every_step);
    struct lq_sim *sim = lq_sim_make(settings);
    (void)lq_sim_run_scenario(sim, scenario, path, options->first_seed, false);
    uint64_t steps = lq_sim_result(sim)->steps, first = 1, bad = 0, convicted = 0;
    if (options->step != 0)
        first = steps = options->step;
    bool is_wrong = settings->wrong.row != NULL;
    for (uint64_t step = first; step <= steps; step++) {
        lq_sim_strike(sim, fault, step);
        enum lq_sim_verdict verdict =
            lq_sim_run_scenario(sim, scenario, path, options->first_seed, options->twice);
        bad += verdict != LQ_SIM_CLEAN;
        convicted += verdict == LQ_SIM_VIOLATED;
        if (verdict != LQ_SIM_CLEAN && bad <= FAILURES_SHOWN)
            lq_sim_print_failure(sim, verdict, stdout);
    }
    lq_sim_free(sim);
    printf("%s %s: %s at each of %" PRIu64 " events, %" PRIu64 " %s\n",
           is_wrong ? convicted > 0 ? "convicted" : "not convicted" : bad == 0 ? "ok" : "failed",
           path, options->every_step, steps - first + 1, is_wrong ? convicted : bad,
           is_wrong ? "convicted" : "failed");
    return (is_wrong ? convicted > 0 : bad > 0) ? LQ_EXIT_VIOLATED : LQ_EXIT_PASS;
}

static int refuse_together(const char *what)
{
    lq_message("sim: %s does not go with these scenario files; expected one file with --pcap, "
               "--json-lines, --record or --html, and --seed N at most; leave one of them away",
               what);
    return LQ_EXIT_USAGE;
}

static int print_text(const struct lq_scenario *scenario)
{
    char *text = malloc(TEXT_MAX);
    if (text == NULL || !lq_scenario_print(scenario, text, TEXT_MAX)) {
        lq_message("sim: out of memory; expected room for a scenario's text; end other programs");
        free(text);
        return LQ_EXIT_ENVIRONMENT;
    }
    fputs(text, stdout);
    free(text);
    return LQ_EXIT_PASS;
}

int lq_sim_print_seed(uint64_t seed, const struct lq_sim_settings *settings)
{
    struct lq_scenario *scenario = malloc(sizeof *scenario);
    if (scenario == NULL)
        return LQ_EXIT_ENVIRONMENT;
    struct lq_choice_seeded seeded;
    struct lq_plan plan;
    lq_choice_seeded_init(&seeded, seed);
    lq_plan_make(&plan, &seeded.choice, settings->transport, seed, settings->commands);
    lq_swarm_from_plan(scenario, &plan);
    int code = print_text(scenario);
    free(scenario);
    return code;
}

int lq_sim_scenarios(const struct lq_options *options, const struct lq_sim_settings *settings,
                     const struct lq_sim_extras *extras)
{
    if (options->first_seed != options->last_seed)
        return refuse_together("--seeds");
    if (options->bench && (options->ladder || options->html != NULL || options->every_step != NULL))
        return refuse_together("--bench");
    if (options->file_count > 1 && options->pcap != NULL)
        return refuse_together("--pcap");
    if (options->file_count > 1 && options->record != NULL)
        return refuse_together("--record");
    if (options->file_count > 1 && options->json_lines != NULL)
        return refuse_together("--json-lines");
    if (options->file_count > 1 && options->html != NULL)
        return refuse_together("--html");
    struct lq_scenario *scenarios = calloc(options->file_count, sizeof *scenarios);
    if (scenarios == NULL) {
        lq_message("sim: out of memory; expected room for the scenarios; give fewer files");
        return LQ_EXIT_ENVIRONMENT;
    }
    int code = LQ_EXIT_PASS;
    for (uint32_t i = 0; i < options->file_count; i++) {
        int wrong = lq_sim_read_scenario(options->files[i], settings->transport, &scenarios[i]);
        code = code == LQ_EXIT_PASS ? wrong : code;
    }
    for (uint32_t i = 0; i < options->file_count && code == LQ_EXIT_PASS; i++)
        if (scenarios[i].swarm.is_given && options->seeds_given)
            code = refuse_together("--seed");
    for (uint32_t i = 0; i < options->file_count && options->print_scenario; i++)
        code = code == LQ_EXIT_PASS ? print_text(&scenarios[i]) : code;
    bool strikes = options->every_step != NULL && !options->print_scenario;
    for (uint32_t i = 0; i < options->file_count && strikes; i++)
        if (code == LQ_EXIT_PASS || code == LQ_EXIT_VIOLATED)
            code = worse(code, strike_every_step(options, settings, &scenarios[i],
                                                 options->files[i]));
    if (code == LQ_EXIT_PASS && !options->print_scenario && !strikes)
        code = run_all(options, settings, scenarios, extras);
    free(scenarios);
    return code;
}
