/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd_sim_scenario.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/trace_file.h"
#include "tools/version.h"

enum { FIRST_DRAWS = 64 * 1024, TEXT_MAX = 128 * 1024, TRACE_BYTES_MAX = 1024 * 1024 * 1024 };

static const char *const transports[] = {[LQ_OVER_ISCSI] = "iscsi", [LQ_OVER_FCP] = "fcp"};

/* --- record --------------------------------------------------------------------------------- */

struct lq_recording {
    struct lq_choice_trace trace;
    struct lq_choice_seeded placeholder; /* the world puts its own choice in its place */
};

static bool grow(struct lq_choice_trace *trace)
{
    uint64_t capacity = trace->capacity == 0 ? FIRST_DRAWS : 2 * trace->capacity;
    struct lq_draw *draws = realloc(trace->draws, (size_t)capacity * sizeof *draws);
    if (draws == NULL)
        return false;
    trace->draws = draws;
    trace->capacity = capacity;
    return true;
}

struct lq_recording *lq_recording_begin(struct lq_sim *sim)
{
    struct lq_recording *recording = calloc(1, sizeof *recording);
    if (recording == NULL) {
        lq_message("sim: out of memory; expected room for a trace; end other programs");
        exit(LQ_EXIT_ENVIRONMENT);
    }
    lq_choice_seeded_init(&recording->placeholder, 0);
    lq_choice_trace_record(&recording->trace, &recording->placeholder.choice, NULL, 0);
    recording->trace.grow = grow;
    lq_sim_trace(sim, &recording->trace);
    return recording;
}

static bool write_file(const char *path, const uint8_t *bytes, size_t size_bytes)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool is_good = fwrite(bytes, 1, size_bytes, file) == size_bytes;
    return fclose(file) == 0 && is_good;
}

static bool write_trace(const struct lq_trace *trace, const char *path)
{
    size_t size_bytes = 0;
    uint8_t *bytes = lq_trace_encode(trace, &size_bytes);
    errno = ENOMEM;
    bool is_good = bytes != NULL && write_file(path, bytes, size_bytes);
    free(bytes);
    return is_good;
}

static void put_word(char to[LQ_TRACE_WORD_MAX + 1], const char *word)
{
    snprintf(to, LQ_TRACE_WORD_MAX + 1, "%s", word);
}

int lq_recording_end(struct lq_recording *recording, struct lq_sim *sim, const char *path,
                     const struct lq_sim_settings *settings, const struct lq_scenario *scenario,
                     uint64_t seed, enum lq_sim_verdict verdict, int code)
{
    if (recording == NULL)
        return code;
    lq_sim_trace(sim, NULL);
    char *text = calloc(1, TEXT_MAX);
    if (scenario != NULL && text != NULL)
        (void)lq_scenario_print(scenario, text, TEXT_MAX);
    struct lq_trace trace = {.seed = seed,
                             .commands = settings->commands,
                             .fingerprint = lq_sim_result(sim)->fingerprint,
                             .scenario = text,
                             .scenario_bytes = text == NULL ? 0 : strlen(text),
                             .draws = recording->trace.draws,
                             .draw_count = recording->trace.count};
    put_word(trace.program, LQ_VERSION);
    put_word(trace.transport, transports[settings->transport]);
    put_word(trace.wrong, settings->wrong.row == NULL ? "-" : settings->wrong.row->name);
    put_word(trace.verdict, lq_sim_verdict_word(verdict));
    if (text == NULL || recording->trace.overflowed || !write_trace(&trace, path)) {
        lq_message("%s: cannot be written: %s; expected room for the trace; choose another file",
                   path, strerror(errno));
        code = code == LQ_EXIT_PASS ? LQ_EXIT_ENVIRONMENT : code;
    }
    free(text);
    free(recording->trace.draws);
    free(recording);
    return code;
}

/* --- replay --------------------------------------------------------------------------------- */

static int refuse(const char *path, const char *wrong)
{
    lq_message("%s: %s", path, wrong);
    return LQ_EXIT_USAGE;
}

/* Says how the replay went; the exit code. */
static int conclude(const char *path, const struct lq_trace *trace,
                    const struct lq_choice_trace *draws, const struct lq_sim *sim,
                    enum lq_sim_verdict verdict, int code)
{
    bool same = lq_sim_result(sim)->fingerprint == trace->fingerprint &&
                strcmp(trace->verdict, lq_sim_verdict_word(verdict)) == 0;
    if (draws->diverged)
        lq_message("%s: the run left the trace at draw %" PRIu64 " of %" PRIu64 " or later; "
                   "expected the same draws; draws without an entry were answered 0", path,
                   draws->position, draws->count);
    if (same && !draws->diverged) {
        printf("replayed %" PRIu64 " draws: the recorded run\n", draws->count);
        return code;
    }
    printf("recorded: %s, fingerprint %016" PRIx64 "\n", trace->verdict, trace->fingerprint);
    return strcmp(trace->program, LQ_VERSION) == 0 ? LQ_EXIT_NONDETERMINISM : code;
}

static int run(const struct lq_options *options, struct lq_trace *trace,
               const struct lq_scenario *scenario, const struct lq_sim_settings *settings)
{
    const char *path = options->replay;
    struct lq_sim_sinks sinks;
    int code = lq_sim_open_sinks(options, path, &sinks);
    if (code != LQ_EXIT_PASS)
        return code;
    struct lq_choice_trace draws;
    lq_choice_trace_replay(&draws, trace->draws, trace->draw_count);
    struct lq_sim *sim = lq_sim_make(settings);
    lq_sim_watch(sim, sinks.sinks, sinks.count);
    lq_sim_trace(sim, &draws);
    enum lq_sim_verdict verdict =
        scenario == NULL ? lq_sim_run(sim, trace->seed, false)
                         : lq_sim_run_scenario(sim, scenario, path, trace->seed, false);
    if (verdict != LQ_SIM_CLEAN)
        lq_sim_print_failure(sim, verdict, stdout);
    printf("%s %s\nfingerprint %016" PRIx64 "\n", lq_sim_verdict_word(verdict), path,
           lq_sim_result(sim)->fingerprint);
    code = lq_sim_exit_code(verdict, settings->wrong.row != NULL);
    code = conclude(path, trace, &draws, sim, verdict, code);
    char *failure = lq_sim_failure_text(sim, verdict);
    struct lq_verdict_case one = {options->replay, failure};
    code = lq_verdicts_write(lq_sim_verdicts(sim), &one, 1, options->tap, options->junit, code);
    free(failure);
    lq_sim_free(sim);
    return lq_sim_close_sinks(options, &sinks, code);
}

static bool read_transport(const char *word, enum lq_transport_kind *transport)
{
    bool is_fcp = strcmp(word, transports[LQ_OVER_FCP]) == 0;
    *transport = is_fcp ? LQ_OVER_FCP : LQ_OVER_ISCSI;
    return is_fcp || strcmp(word, transports[LQ_OVER_ISCSI]) == 0;
}

static int replay(const struct lq_options *options, struct lq_trace *trace)
{
    struct lq_sim_settings settings = {.commands = trace->commands};
    if (!read_transport(trace->transport, &settings.transport))
        return refuse(options->replay, "has a transport that this version does not have; expected "
                                       "iscsi or fcp; replay it with the program that recorded it");
    if (strcmp(trace->wrong, "-") != 0 && !lq_sim_wrong_find(trace->wrong, &settings.wrong))
        return refuse(options->replay, "has a wrong that this version does not have; expected one "
                                       "that --list-wrongs prints; replay it with the program that "
                                       "recorded it");
    if (strcmp(trace->program, LQ_VERSION) != 0)
        lq_message("%s: was recorded by version %s; expected %s; the replay may leave the trace",
                   options->replay, trace->program, LQ_VERSION);
    if (trace->scenario_bytes == 0)
        return run(options, trace, NULL, &settings);
    struct lq_scenario *scenario = malloc(sizeof *scenario);
    char *text = malloc(trace->scenario_bytes + 1);
    int code = LQ_EXIT_ENVIRONMENT;
    if (scenario != NULL && text != NULL) {
        memcpy(text, trace->scenario, trace->scenario_bytes);
        text[trace->scenario_bytes] = '\0';
        code = lq_sim_parse(options->replay, text, trace->scenario_bytes,
                            settings.transport, scenario);
    }
    if (code == LQ_EXIT_PASS)
        code = run(options, trace, scenario, &settings);
    free(text);
    free(scenario);
    return code;
}

int lq_sim_replay(const struct lq_options *options)
{
    if (options->wrong != NULL || options->seeds_given || options->file_count > 0 ||
        options->over_fcp || options->commands != 0 || options->record != NULL ||
        options->twice || options->bench) {
        lq_message("sim: --replay goes with --trace, --pcap, --json-lines, --tap and --junit only; "
                   "expected a trace alone, which says what is run; leave the others away");
        return LQ_EXIT_USAGE;
    }
    size_t size_bytes = 0;
    int code = LQ_EXIT_PASS;
    char *bytes = lq_sim_read_file(options->replay, TRACE_BYTES_MAX, &size_bytes, &code);
    if (bytes == NULL)
        return code;
    struct lq_trace trace;
    const char *wrong = lq_trace_decode(&trace, (const uint8_t *)bytes, size_bytes);
    code = wrong != NULL ? refuse(options->replay, wrong) : replay(options, &trace);
    if (wrong == NULL)
        free(trace.draws);
    free(bytes);
    return code;
}
