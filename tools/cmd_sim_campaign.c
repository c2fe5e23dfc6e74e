/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: each process runs every jobs-th seed and tells the parent by messages through a pipe:
 * which seed it begins (so that a crash has a name), how it ended, and its totals at the end. The
 * parent adds up, shows progress on a terminal, and prints the failures in order of their seeds.
 */
#include "tools/cmd_sim_campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cmd_sim_report.h"
#include "tools/exit_codes.h"
#include "tools/message.h"

enum {
    JOBS_MAX = 256,
    TEXT_MAX = 16 * 1024,
    FAILURES_SHOWN = 5,
    TWICE_EVERY = 50,      /* seeds that are run twice anyway */
    REQUIRE_FROM = 500,    /* seeds from which on a total of 0 fails */
    FAILURES_TO_STOP = 20,
    FINGERPRINTS_MAX = 10 * 1000 * 1000
};

enum message_kind { MESSAGE_BEGIN = 1, MESSAGE_END, MESSAGE_COUNTS };

struct message {
    uint32_t kind, verdict;
    uint64_t seed;
    uint64_t fingerprint, commands, virtual_ns, few_commands;
    uint32_t text_bytes; /* follows: what a failure prints */
    uint32_t unused;     /* no padding: all of it is sent */
};

struct failure {
    uint64_t seed;
    char *text;
};

struct worker {
    pid_t pid;
    int pipe;
    uint64_t seed; /* under way */
    bool is_running;
};

struct fingerprint {
    uint64_t seed, value;
};

struct state {
    const struct lq_campaign *campaign;
    struct worker workers[JOBS_MAX];
    uint32_t running;
    uint64_t done, commands, virtual_ns, slow_seeds;
    uint64_t verdicts[LQ_SIM_UNSTEADY + 1];
    struct lq_counts counts;
    struct lq_verdicts property_verdicts;
    struct failure failures[FAILURES_SHOWN];
    uint32_t failure_count;
    struct fingerprint *fingerprints;
    size_t fingerprint_count;
    bool has_crashed, is_stopping;
};

/* Set by SIGINT and SIGTERM: the campaign ends early, and says what it knows. */
static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    was_interrupted = 1;
}

/* --- the worker ----------------------------------------------------------------------------- */

static void write_all(int to, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(to, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            _exit(LQ_EXIT_ENVIRONMENT); /* the parent is gone */
        at += written;
        size -= (size_t)written;
    }
}

static bool has_too_little(const struct lq_sim *sim)
{
    const struct lq_run_result *result = lq_sim_result(sim);
    return result->commands_ended < lq_sim_plan(sim)->commands || result->nexuses_ended < 2;
}

static void tell_end(int to, const struct lq_sim *sim, enum lq_sim_verdict verdict, uint64_t seed,
                     char *text)
{
    const struct lq_run_result *result = lq_sim_result(sim);
    struct message message = {.kind = MESSAGE_END,
                              .verdict = (uint32_t)verdict,
                              .seed = seed,
                              .fingerprint = result->fingerprint,
                              .commands = result->commands_ended,
                              .virtual_ns = result->time_ns,
                              .few_commands = result->end == LQ_RUN_COMPLETE &&
                                              has_too_little(sim)};
    if (verdict != LQ_SIM_CLEAN) {
        FILE *file = fmemopen(text, TEXT_MAX, "w");
        if (file != NULL) {
            lq_sim_print_failure(sim, verdict, file);
            fclose(file);
            text[TEXT_MAX - 1] = '\0';
            message.text_bytes = (uint32_t)strlen(text);
        }
    }
    write_all(to, &message, sizeof message);
    write_all(to, text, message.text_bytes);
}

static _Noreturn void work(const struct lq_campaign *campaign, uint32_t index, int to)
{
    signal(SIGINT, SIG_IGN); /* the parent hears it, and ends us */
    signal(SIGTERM, SIG_DFL);
    struct lq_sim *sim = lq_sim_make(&campaign->settings);
    char *text = calloc(1, TEXT_MAX);
    if (text == NULL)
        _exit(LQ_EXIT_ENVIRONMENT);
    for (uint64_t seed = campaign->first_seed + index;
         seed >= campaign->first_seed && seed <= campaign->last_seed; seed += campaign->jobs) {
        struct message begin = {.kind = MESSAGE_BEGIN, .seed = seed};
        write_all(to, &begin, sizeof begin);
        bool twice = campaign->twice || seed % TWICE_EVERY == 0;
        enum lq_sim_verdict verdict = lq_sim_run(sim, seed, twice && !campaign->bench);
        tell_end(to, sim, verdict, seed, text);
    }
    struct message counts = {.kind = MESSAGE_COUNTS};
    write_all(to, &counts, sizeof counts);
    write_all(to, lq_sim_counts(sim), sizeof(struct lq_counts));
    write_all(to, lq_sim_verdicts(sim), sizeof(struct lq_verdicts));
    lq_sim_free(sim);
    free(text);
    exit(LQ_EXIT_PASS);
}

/* --- the parent ----------------------------------------------------------------------------- */

static bool start_worker(struct state *state, uint32_t index)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (pid == 0) {
        close(ends[0]);
        for (uint32_t i = 0; i < index; i++)
            close(state->workers[i].pipe);
        work(state->campaign, index, ends[1]);
    }
    close(ends[1]);
    state->workers[index] = (struct worker){.pid = pid, .pipe = ends[0], .is_running = true};
    state->running++;
    return true;
}

static bool read_all(int from, void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        ssize_t got = read(from, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

/* Keeps the failures of the lowest seeds. */
static void keep_failure(struct state *state, uint64_t seed, char *text)
{
    uint32_t at = state->failure_count;
    if (at < FAILURES_SHOWN)
        state->failure_count++;
    else if (state->failures[--at].seed > seed)
        free(state->failures[at].text);
    else {
        free(text);
        return;
    }
    while (at > 0 && state->failures[at - 1].seed > seed) {
        state->failures[at] = state->failures[at - 1];
        at--;
    }
    state->failures[at] = (struct failure){seed, text};
}

/* Enough is known: a wrong is convicted, or too much fails. */
static void consider_stop(struct state *state)
{
    uint64_t failed = state->done - state->verdicts[LQ_SIM_CLEAN];
    bool is_wrong = state->campaign->settings.wrong.row != NULL;
    if (is_wrong ? state->verdicts[LQ_SIM_VIOLATED] > 0 : failed >= FAILURES_TO_STOP)
        state->is_stopping = true;
}

static bool take_end(struct state *state, struct worker *worker, const struct message *message)
{
    char *text = NULL;
    if (message->text_bytes > 0) {
        text = calloc(1, (size_t)message->text_bytes + 1);
        if (text == NULL || !read_all(worker->pipe, text, message->text_bytes)) {
            free(text);
            return false;
        }
    }
    state->done++;
    state->commands += message->commands;
    state->virtual_ns += message->virtual_ns;
    state->slow_seeds += message->few_commands;
    state->verdicts[message->verdict]++;
    if (state->fingerprints != NULL)
        state->fingerprints[state->fingerprint_count++] =
            (struct fingerprint){message->seed, message->fingerprint};
    /* With a wrong, what others say is of interest only when its own property says nothing. */
    if (text != NULL)
        keep_failure(state, message->verdict == LQ_SIM_ELSEWHERE ? message->seed | 1ULL << 63
                                                                 : message->seed, text);
    consider_stop(state);
    return true;
}

/* One message of WORKER; false at its end. */
static bool take_message(struct state *state, struct worker *worker)
{
    struct message message;
    struct lq_counts counts;
    struct lq_verdicts verdicts;
    if (!read_all(worker->pipe, &message, sizeof message))
        return false;
    switch (message.kind) {
    case MESSAGE_BEGIN:
        worker->seed = message.seed;
        return true;
    case MESSAGE_END:
        return take_end(state, worker, &message);
    default:
        if (!read_all(worker->pipe, &counts, sizeof counts) ||
            !read_all(worker->pipe, &verdicts, sizeof verdicts))
            return false;
        lq_counts_add(&state->counts, &counts);
        lq_verdicts_add(&state->property_verdicts, &verdicts);
        return true;
    }
}

static void end_worker(struct state *state, struct worker *worker)
{
    int status = 0;
    if (state->is_stopping)
        kill(worker->pid, SIGKILL);
    close(worker->pipe);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    worker->is_running = false;
    state->running--;
    if (state->is_stopping || (WIFEXITED(status) && WEXITSTATUS(status) == LQ_EXIT_PASS))
        return;
    state->has_crashed = true;
    if (WIFSIGNALED(status))
        lq_message("sim: seed %" PRIu64 " ended with signal %d; expected a verdict; reproduce with "
                   "`lunquake sim --seed %" PRIu64 "'", worker->seed, WTERMSIG(status),
                   worker->seed);
    else
        lq_message("sim: seed %" PRIu64 " ended with exit code %d; expected a verdict; reproduce "
                   "with `lunquake sim --seed %" PRIu64 "'", worker->seed, WEXITSTATUS(status),
                   worker->seed);
}

static void show_progress(const struct state *state, bool is_last)
{
    if (!isatty(STDERR_FILENO))
        return;
    uint64_t seeds = state->campaign->last_seed - state->campaign->first_seed + 1;
    fprintf(stderr,
            "\r%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " commands, %" PRIu64 " failed%s",
            state->done, seeds, state->commands, state->done - state->verdicts[LQ_SIM_CLEAN],
            is_last ? "\n" : "");
}

static void collect(struct state *state)
{
    while (state->running > 0) {
        struct pollfd polls[JOBS_MAX];
        struct worker *polled[JOBS_MAX];
        nfds_t count = 0;
        for (uint32_t i = 0; i < state->campaign->jobs; i++) {
            if (!state->workers[i].is_running)
                continue;
            polled[count] = &state->workers[i];
            polls[count++] = (struct pollfd){.fd = state->workers[i].pipe, .events = POLLIN};
        }
        if (poll(polls, count, -1) < 0 && errno != EINTR)
            break;
        if (was_interrupted)
            state->is_stopping = true;
        for (nfds_t i = 0; i < count; i++)
            if ((polls[i].revents != 0 || state->is_stopping) &&
                (state->is_stopping || !take_message(state, polled[i])))
                end_worker(state, polled[i]);
        for (nfds_t i = 0; state->is_stopping && i < count; i++)
            if (polled[i]->is_running)
                end_worker(state, polled[i]);
        show_progress(state, state->running == 0);
    }
}

/* --- the summary ---------------------------------------------------------------------------- */

static int by_seed(const void *a, const void *b)
{
    const struct fingerprint *left = a, *right = b;
    return left->seed < right->seed ? -1 : left->seed > right->seed;
}

static void print_fingerprints(struct state *state)
{
    qsort(state->fingerprints, state->fingerprint_count, sizeof state->fingerprints[0], by_seed);
    for (size_t i = 0; i < state->fingerprint_count; i++)
        printf("seed %" PRIu64 " fingerprint %016" PRIx64 "\n", state->fingerprints[i].seed,
               state->fingerprints[i].value);
}

static void print_failures(struct state *state)
{
    for (uint32_t i = 0; i < state->failure_count; i++) {
        bool is_of_interest = state->campaign->settings.wrong.row == NULL || i == 0;
        if (is_of_interest)
            printf("%s\n", state->failures[i].text);
        free(state->failures[i].text);
    }
}

static void print_bench(const struct state *state)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    uint64_t us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec +
                  (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    printf("bench: %" PRIu64 " commands, %" PRIu64 ".%03" PRIu64 " processor seconds, %" PRIu64
           " commands per processor second\n", state->commands, us / 1000000, us / 1000 % 1000,
           us == 0 ? 0 : state->commands * 1000000 / us);
}

/* With a wrong: 1 when its own property convicts it. */
static int conclude_wrong(const struct state *state)
{
    const struct lq_wrong *row = state->campaign->settings.wrong.row;
    printf("%s: %s by %s after %" PRIu64 " seeds (%" PRIu64 " clean, %" PRIu64
           " violated elsewhere)\n", row->name,
           state->verdicts[LQ_SIM_VIOLATED] > 0 ? "convicted" : "NOT convicted", row->property,
           state->done, state->verdicts[LQ_SIM_CLEAN], state->verdicts[LQ_SIM_ELSEWHERE]);
    if (state->verdicts[LQ_SIM_UNSTEADY] > 0)
        return LQ_EXIT_NONDETERMINISM;
    return state->verdicts[LQ_SIM_VIOLATED] > 0 ? LQ_EXIT_VIOLATED : LQ_EXIT_PASS;
}

/* A property that no run put to the test proves nothing. Returns how many there are. */
static uint32_t report_unexercised(const struct state *state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < lq_property_count; i++) {
        if (state->property_verdicts.exercised[i] != 0)
            continue;
        printf("never put to the test: %s %s\n", lq_property_table[i].id,
               lq_property_table[i].slug);
        count++;
    }
    return count;
}

static int conclude(const struct state *state, uint32_t missing)
{
    uint64_t seeds = state->campaign->last_seed - state->campaign->first_seed + 1;
    uint64_t violated = state->verdicts[LQ_SIM_VIOLATED] + state->verdicts[LQ_SIM_ELSEWHERE] +
                        state->verdicts[LQ_SIM_CAUGHT] + state->verdicts[LQ_SIM_STUCK];
    printf("%" PRIu64 " seeds, %" PRIu64 " commands, %" PRIu64 " virtual seconds: %" PRIu64
           " clean, %" PRIu64 " violated, %" PRIu64 " with too few commands, %" PRIu64
           " unsteady\n", state->done, state->commands, state->virtual_ns / 1000000000,
           state->verdicts[LQ_SIM_CLEAN], violated, state->slow_seeds,
           state->verdicts[LQ_SIM_UNSTEADY]);
    if (missing > 0 && seeds < REQUIRE_FROM)
        printf("%" PRIu32 " required totals are 0; from %d seeds on that fails\n", missing,
               REQUIRE_FROM);
    if (state->verdicts[LQ_SIM_UNSTEADY] > 0)
        return LQ_EXIT_NONDETERMINISM;
    bool lacks = missing > 0 && seeds >= REQUIRE_FROM;
    return violated > 0 || state->slow_seeds > 0 || lacks ? LQ_EXIT_VIOLATED : LQ_EXIT_PASS;
}

static int summarise(struct state *state)
{
    if (state->campaign->print_fingerprints)
        print_fingerprints(state);
    uint32_t missing = 0;
    bool is_wrong = state->campaign->settings.wrong.row != NULL;
    if (!is_wrong && !state->campaign->print_fingerprints && !state->is_stopping) {
        missing = report_unexercised(state);
        missing += lq_report_counts(stdout, &state->counts);
    }
    print_failures(state);
    if (state->campaign->bench)
        print_bench(state);
    int code = is_wrong ? conclude_wrong(state) : conclude(state, missing);
    code = lq_verdicts_write(&state->property_verdicts, state->campaign->tap,
                             state->campaign->junit, code);
    if (was_interrupted && code == LQ_EXIT_PASS)
        code = LQ_EXIT_STOPPED;
    return state->has_crashed ? LQ_EXIT_INTERNAL : code;
}

int lq_campaign_run(const struct lq_campaign *campaign)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return LQ_EXIT_ENVIRONMENT;
    state->campaign = campaign;
    uint64_t span = campaign->last_seed - campaign->first_seed;
    if (campaign->print_fingerprints && span < FINGERPRINTS_MAX)
        state->fingerprints = calloc((size_t)span + 1, sizeof state->fingerprints[0]);
    if (campaign->print_fingerprints && state->fingerprints == NULL) {
        lq_message("sim: too many seeds to print their fingerprints; expected at most %d; ask for "
                   "them in parts", FINGERPRINTS_MAX);
        free(state);
        return LQ_EXIT_USAGE;
    }
    struct sigaction interrupt = {.sa_handler = on_interrupt}; /* no restart: poll is to end */
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    for (uint32_t i = 0; i < campaign->jobs; i++) {
        if (!start_worker(state, i)) {
            lq_message("sim: process %u of %u cannot be started: %s; expected room for it; use "
                       "fewer --jobs", (unsigned)i + 1, (unsigned)campaign->jobs, strerror(errno));
            state->is_stopping = true;
            for (uint32_t j = 0; j < i; j++)
                end_worker(state, &state->workers[j]);
            free(state->fingerprints);
            free(state);
            return LQ_EXIT_ENVIRONMENT;
        }
    }
    collect(state);
    int code = summarise(state);
    free(state->fingerprints);
    free(state);
    return code;
}
