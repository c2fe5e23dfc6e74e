/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_exhaust.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/cmd_sim_scenario.h"
#include "tools/exhaust.h"
#include "tools/exit_codes.h"
#include "tools/failure.h"
#include "tools/message.h"
#include "tools/version.h"

enum { STEPS_PER_LOOK = 256, FINDINGS_SHOWN = 2 };

struct job {
    const struct lq_options *options;
    const struct lq_sim_settings *settings;
    const char *file;
    struct lq_scenario scenario;
    struct lq_exhaust *exhaust;
    uint64_t begun_ns, told_ns;
    uint32_t looks;
    bool is_terminal;
    int step; /* that was told */
};

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- while it runs -------------------------------------------------------------------------- */

static void print_progress(struct job *job, uint64_t now_ns)
{
    const struct lq_exhaust_counts *counts = lq_exhaust_counts(job->exhaust);
    job->told_ns = now_ns;
    fprintf(stderr, "\r\033[K%s: %" PRIu64 " states, %" PRIu64 " steps, %" PRIu64 " s", job->file,
            counts->states, counts->steps, (now_ns - job->begun_ns) / 1000000000);
}

static bool should_stop(void *context)
{
    struct job *job = context;
    if (++job->looks % STEPS_PER_LOOK != 0)
        return false;
    uint64_t now_ns = clock_ns();
    if (job->is_terminal && now_ns - job->told_ns > 500000000)
        print_progress(job, now_ns);
    uint64_t budget_ns = job->options->exhaust_for_ns;
    return budget_ns != 0 && now_ns - job->begun_ns > budget_ns;
}

/* --- results -------------------------------------------------------------------------------- */

static const char *const verdict_names[] = {[LQ_EXHAUST_CAUGHT] = "protocol-error",
                                            [LQ_EXHAUST_STUCK] = "outstanding",
                                            [LQ_EXHAUST_UNMET] = "expectation"};

static const char *verdict_name(uint32_t verdict)
{
    return verdict < lq_property_count ? lq_property_table[verdict].id
                                       : verdict_names[verdict - lq_property_count];
}

static void print_counts(const struct job *job)
{
    const struct lq_exhaust_counts *counts = lq_exhaust_counts(job->exhaust);
    uint64_t ms = (clock_ns() - job->begun_ns) / 1000000;
    printf("%.6g interleavings, %" PRIu64 " states, %" PRIu64 " steps, depth %" PRIu64
           ", %" PRIu64 " ends; %" PRIu64 " bytes a state, %" PRIu64 ".%03" PRIu64 " s\n",
           counts->interleavings, counts->states, counts->steps, counts->depth, counts->ends,
           counts->state_bytes, ms / 1000, ms % 1000);
}

/* Which verdicts some path has, on one line. */
static void print_verdicts(const struct job *job)
{
    printf("verdicts:");
    bool is_none = true;
    for (uint32_t i = 0; i < lq_exhaust_verdict_count(); i++) {
        if (!lq_exhaust_schedule(job->exhaust, i)->is_known)
            continue;
        printf(" %s", verdict_name(i));
        is_none = false;
    }
    puts(is_none ? " none" : "");
}

static void print_reproduce(const struct job *job, const struct lq_exhaust_schedule *schedule)
{
    const struct lq_wrong *wrong = job->settings->wrong.row;
    printf("reproduce: lunquake sim --exhaust %s --schedule ", job->file);
    for (uint32_t i = 0; i < schedule->count; i++)
        printf("%s%u", i == 0 ? "" : ".", (unsigned)schedule->draws[i]);
    if (schedule->count == 0)
        printf("0");
    printf("%s%s   # version %s\n", wrong == NULL ? "" : " --wrong ",
           wrong == NULL ? "" : wrong->name, LQ_VERSION);
}

static void tell_step(void *context, const char *step)
{
    struct job *job = context;
    printf("  %3d  %s\n", ++job->step, step);
}

/* Findings of the path that was replayed last, that of property FIRST at the head. */
static void print_findings(const struct job *job, uint32_t first)
{
    const struct lq_judge *judge = lq_exhaust_judge(job->exhaust);
    const struct lq_finding *finding;
    uint32_t shown = 0;
    for (uint32_t i = 0; (finding = lq_judge_finding(judge, i)) != NULL; i++)
        if (finding->property == first && shown++ == 0)
            lq_sim_print_finding(finding, stdout);
    for (uint32_t i = 0; (finding = lq_judge_finding(judge, i)) != NULL; i++)
        if (finding->property != first && shown++ < FINDINGS_SHOWN)
            lq_sim_print_finding(finding, stdout);
    if (lq_exhaust_caught(job->exhaust) > 0)
        puts("an initiator caught the target in a protocol error (see --trace)");
    if (lq_exhaust_result(job->exhaust)->outstanding != NULL)
        printf("in the end %s is outstanding\n", lq_exhaust_result(job->exhaust)->outstanding);
    const struct lq_world *world = lq_exhaust_world(job->exhaust);
    for (uint32_t i = 0; i < lq_world_unmet_count(world); i++) {
        const struct lq_unmet *unmet = lq_world_unmet(world, i);
        printf("  %s:%" PRIu32 ": %s\n", job->file, unmet->place.line, unmet->text);
    }
}

static void print_failure(struct job *job, uint32_t verdict)
{
    const struct lq_exhaust_schedule *schedule = lq_exhaust_schedule(job->exhaust, verdict);
    printf("FAILED %s: %s, after %u steps:\n", job->file, verdict_name(verdict),
           (unsigned)schedule->steps);
    job->step = 0;
    lq_exhaust_replay(job->exhaust, schedule, NULL, 0, tell_step, job);
    print_findings(job, verdict);
    print_reproduce(job, schedule);
}

/* The verdict with the shortest schedule that counts as the search's result; none: the number of
 * verdicts. */
static uint32_t worst(const struct job *job)
{
    uint32_t none = lq_exhaust_verdict_count(), found = none;
    if (job->settings->wrong.row != NULL &&
        lq_exhaust_schedule(job->exhaust, job->settings->wrong.property)->is_known)
        return job->settings->wrong.property;
    for (uint32_t i = 0; i < none; i++)
        if (lq_exhaust_schedule(job->exhaust, i)->is_known &&
            (found == none || lq_exhaust_schedule(job->exhaust, i)->steps <
                                  lq_exhaust_schedule(job->exhaust, found)->steps))
            found = i;
    return found;
}

/* What `requires' names and no path put to the test. */
static bool is_all_exercised(const struct job *job)
{
    bool is_all = true;
    for (uint32_t i = 0; i < job->scenario.requires_count; i++) {
        if (lq_exhaust_exercised(job->exhaust, lq_sim_required(job->scenario.requires[i])))
            continue;
        printf("  %s:%" PRIu32 ": requires %s: no path put it to the test\n", job->file,
               job->scenario.requires_places[i].line, job->scenario.requires[i]);
        is_all = false;
    }
    return is_all;
}

static int report_wrong(struct job *job, enum lq_exhaust_end end, uint32_t verdict)
{
    const struct lq_sim_wrong *wrong = &job->settings->wrong;
    bool is_convicted = verdict == wrong->property;
    if (verdict < lq_exhaust_verdict_count() && !job->options->verdicts)
        print_failure(job, verdict);
    print_counts(job);
    printf("%s %s  %s  (%s by %s)\n", is_convicted ? "convicted" : "not convicted", job->file,
           job->scenario.title, wrong->row->name, wrong->row->property);
    if (is_convicted)
        return LQ_EXIT_VIOLATED;
    return end == LQ_EXHAUST_STOPPED ? LQ_EXIT_STOPPED : LQ_EXIT_PASS;
}

static int report(struct job *job, enum lq_exhaust_end end)
{
    if (job->is_terminal)
        fprintf(stderr, "\r\033[K");
    if (end == LQ_EXHAUST_NEVER_CAME) {
        lq_message("%s: never comes to rest at `explore'; expected sessions, and nothing that "
                   "hangs, before it; see docs/SCENARIO.md", job->file);
        return LQ_EXIT_USAGE;
    }
    uint32_t verdict = worst(job);
    if (job->options->verdicts)
        print_verdicts(job);
    if (job->settings->wrong.row != NULL)
        return report_wrong(job, end, verdict);
    if (verdict < lq_exhaust_verdict_count()) {
        print_failure(job, verdict);
        print_counts(job);
        return LQ_EXIT_VIOLATED;
    }
    print_counts(job);
    if (end == LQ_EXHAUST_STOPPED) {
        printf("stopped %s  %s\n", job->file, job->scenario.title);
        return LQ_EXIT_STOPPED;
    }
    bool is_all = is_all_exercised(job);
    printf("%s %s  %s\n", is_all ? "ok" : "failed", job->file, job->scenario.title);
    return is_all ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED;
}

/* --- one path ------------------------------------------------------------------------------- */

static void read_schedule(const char *text, struct lq_exhaust_schedule *schedule)
{
    while (*text != '\0' && schedule->count < LQ_EXHAUST_SCHEDULE_MAX) {
        char *end = NULL;
        unsigned long draw = strtoul(text, &end, 10);
        if (end == text)
            break;
        schedule->draws[schedule->count++] = draw < UINT16_MAX ? (uint16_t)draw : UINT16_MAX;
        text = *end == '.' ? end + 1 : end;
    }
}

static int run_schedule(struct job *job)
{
    struct lq_sim_sinks sinks;
    int code = lq_sim_open_sinks(job->options, job->file, &sinks);
    struct lq_exhaust_schedule *schedule = calloc(1, sizeof *schedule);
    if (code != LQ_EXIT_PASS || schedule == NULL)
        return code != LQ_EXIT_PASS ? code : LQ_EXIT_ENVIRONMENT;
    read_schedule(job->options->schedule, schedule);
    bool came = lq_exhaust_replay(job->exhaust, schedule, sinks.sinks, sinks.count, tell_step, job);
    free(schedule);
    if (!came)
        return report(job, LQ_EXHAUST_NEVER_CAME);
    print_findings(job, job->settings->wrong.row == NULL ? UINT32_MAX
                                                         : job->settings->wrong.property);
    const struct lq_judge *judge = lq_exhaust_judge(job->exhaust);
    const struct lq_run_result *result = lq_exhaust_result(job->exhaust);
    bool is_clean = lq_judge_violations(judge) == 0 && lq_exhaust_caught(job->exhaust) == 0 &&
                    result->end == LQ_RUN_COMPLETE &&
                    lq_world_unmet_count(lq_exhaust_world(job->exhaust)) == 0;
    printf("%s %s fingerprint %016" PRIx64 "  %s\n", is_clean ? "ok" : "failed", job->file,
           result->fingerprint, job->scenario.title);
    return lq_sim_close_sinks(job->options, &sinks, is_clean ? LQ_EXIT_PASS : LQ_EXIT_VIOLATED);
}

/* --- the command ---------------------------------------------------------------------------- */

/* PDUs are told apart by their headers, which do not tell of digests. */
static bool has_digests(const struct lq_scn_values *iscsi)
{
    return lq_scn_value(iscsi, LQ_SCN_HEADER_DIGEST, LQ_SCN_DIGEST_NONE) != LQ_SCN_DIGEST_NONE ||
           lq_scn_value(iscsi, LQ_SCN_DATA_DIGEST, LQ_SCN_DIGEST_NONE) != LQ_SCN_DIGEST_NONE;
}

/* The same of keys that a login says by itself. */
static bool says_digests(const struct lq_scenario *scenario, const struct lq_scn_action *action)
{
    struct lq_slice keys = lq_scn_string(scenario, action->keys);
    uint32_t size = 0;
    for (uint32_t at = 0; at < keys.size_bytes; at += size + 1) {
        const char *key = (const char *)keys.bytes + at;
        size = (uint32_t)strlen(key);
        bool names_one = strncmp(key, "HeaderDigest=", 13) == 0 ||
                         strncmp(key, "DataDigest=", 11) == 0;
        if (names_one && strcmp(strchr(key, '=') + 1, "None") != 0)
            return true;
    }
    return false;
}

/* What no order of STATEMENT's world would show; NULL: nothing. */
static const char *unexplored(const struct lq_scenario *scenario,
                              const struct lq_scn_statement *statement)
{
    enum lq_fault fault = (enum lq_fault)statement->fault.fault;
    if (statement->kind == LQ_SCN_ACTION && says_digests(scenario, &statement->action))
        return "a login with digests; expected none, whole PDUs arrive here";
    if (statement->kind != LQ_SCN_FAULT)
        return NULL;
    if (lq_fault_class(fault)->place == LQ_FAULT_PLACE_WORLD || fault == LQ_FAULT_DISK_RESET)
        return "a catastrophe that waits, and no order has it; expected one that happens at once, "
               "before `explore', or `--every-step'";
    return NULL;
}

static bool is_all_explored(const struct job *job)
{
    for (uint32_t i = 0; i < job->scenario.statement_count; i++) {
        const struct lq_scn_statement *statement = &job->scenario.statements[i];
        const char *what = unexplored(&job->scenario, statement);
        if (what == NULL)
            continue;
        lq_message("%s:%" PRIu32 ":%" PRIu32 ": has %s; see docs/SCENARIO.md", job->file,
                   statement->place.line, statement->place.column, what);
        return false;
    }
    return true;
}

static bool is_explorable(const struct job *job)
{
    bool has_explore = false;
    for (uint32_t i = 0; i < job->scenario.statement_count; i++) {
        const struct lq_scn_statement *statement = &job->scenario.statements[i];
        if (job->scenario.transport != LQ_SCN_OVER_FCP || statement->kind != LQ_SCN_FAULT ||
            lq_fault_class((enum lq_fault)statement->fault.fault)->place != LQ_FAULT_PLACE_PDU)
            continue;
        lq_message("%s:%" PRIu32 ": has a rule about frames, and is over fcp; expected faults of "
                   "disks and initiators; see docs/SCENARIO.md", job->file,
                   statement->place.line);
        return false;
    }
    for (uint32_t i = 0; i < job->scenario.statement_count; i++)
        has_explore |= job->scenario.statements[i].kind == LQ_SCN_EXPLORE;
    for (uint32_t i = 0; i < job->scenario.initiator_count; i++) {
        if (has_digests(&job->scenario.initiators[i].iscsi)) {
            lq_message("%s: has an initiator with digests; expected none, whole PDUs arrive here; "
                       "see docs/SCENARIO.md", job->file);
            return false;
        }
        if (!job->scenario.initiators[i].works)
            continue;
        lq_message("%s: has an initiator with workload; expected only initiators that do what the "
                   "timeline says; see docs/SCENARIO.md", job->file);
        return false;
    }
    if (!has_explore)
        lq_message("%s: has no `explore'; expected it in the timeline, where every order begins; "
                   "see docs/SCENARIO.md", job->file);
    return has_explore && is_all_explored(job);
}

static int run(struct job *job)
{
    if (job->options->schedule != NULL)
        return run_schedule(job);
    return report(job, lq_exhaust_run(job->exhaust));
}

int lq_sim_exhaust(const struct lq_options *options, const struct lq_sim_settings *settings)
{
    if (options->file_count != 1) {
        lq_message("sim: --exhaust is for one scenario file; expected FILE.scn; see "
                   "scenarios/examples/small-world.scn");
        return LQ_EXIT_USAGE;
    }
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return LQ_EXIT_ENVIRONMENT;
    *job = (struct job){.options = options,
                        .settings = settings,
                        .file = options->files[0],
                        .begun_ns = clock_ns(),
                        .is_terminal = isatty(STDERR_FILENO) == 1};
    int code = lq_sim_read_scenario(job->file, settings->transport, &job->scenario);
    if (code == LQ_EXIT_PASS && !is_explorable(job))
        code = LQ_EXIT_USAGE;
    if (code == LQ_EXIT_PASS) {
        struct lq_exhaust_options how = {
            .scenario = &job->scenario,
            .wrongs = settings->wrong.mask,
            .seed = options->seeds_given ? options->first_seed : 1,
            .reduces = !options->no_reduction,
            .wanted = settings->wrong.row != NULL && !options->verdicts ? settings->wrong.property
                                                                        : UINT32_MAX,
            .should_stop = should_stop,
            .context = job};
        job->exhaust = lq_exhaust_make(&how);
        code = run(job);
        lq_exhaust_free(job->exhaust);
    }
    free(job);
    return code;
}
