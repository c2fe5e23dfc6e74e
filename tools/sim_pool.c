/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a worker reads seeds from one pipe and writes one message for each into another. The
 * parent keeps two seeds ahead of each worker, so that nobody waits for it, and polls with the
 * earliest bound of a seed under way.
 */
#include "tools/sim_pool.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/exit_codes.h"
#include "tools/message.h"

enum {
    JOBS_MAX = 256,
    TEXT_MAX = 16 * 1024,
    AHEAD = 2,                       /* seeds that a worker has been given */
    TICK_MS = 100,
    WORKER_KIB_MAX = 512 * 1024      /* resident memory beyond which a worker is replaced */
};

struct message {
    uint32_t verdict, text_bytes;
    uint64_t seed, fingerprint, commands, virtual_ns;
    uint32_t has_too_little, is_leaving; /* leaving: the worker ends now, its other seeds not run */
};

struct worker {
    pid_t pid;
    int seeds, results; /* our ends of the pipes */
    uint64_t given[AHEAD];
    uint32_t given_count;
    uint64_t begun_ns; /* of given[0] */
    bool is_running;
};

struct state {
    const struct lq_seed_pool *pool;
    struct worker workers[JOBS_MAX];
    uint32_t running;
    uint64_t returned[JOBS_MAX * AHEAD]; /* seeds that a worker left undone */
    uint32_t returned_count;
    bool has_no_more, is_stopping;
    uint64_t ticked_ns;
    struct lq_seed_result result;
    char text[TEXT_MAX];
};

/* Set by SIGINT and SIGTERM: the pool ends early. */
static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int number)
{
    (void)number;
    was_interrupted = 1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool write_all(int to, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(to, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
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

/* --- the worker ----------------------------------------------------------------------------- */

static uint32_t print_failure(const struct lq_sim *sim, enum lq_sim_verdict verdict,
                              char text[TEXT_MAX])
{
    if (verdict == LQ_SIM_CLEAN)
        return 0;
    memset(text, 0, TEXT_MAX);
    FILE *file = fmemopen(text, TEXT_MAX - 1, "w");
    if (file == NULL)
        return 0;
    lq_sim_print_failure(sim, verdict, file);
    fclose(file);
    return (uint32_t)strlen(text);
}

static bool has_too_little(const struct lq_sim *sim)
{
    const struct lq_run_result *result = lq_sim_result(sim);
    return result->end == LQ_RUN_COMPLETE &&
           (result->commands_ended < lq_sim_plan(sim)->commands || result->nexuses_ended < 2);
}

static bool has_grown(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss > WORKER_KIB_MAX;
}

static void tell(int to, const struct lq_sim *sim, enum lq_sim_verdict verdict, uint64_t seed,
                 bool is_leaving)
{
    char text[TEXT_MAX];
    const struct lq_run_result *result = lq_sim_result(sim);
    struct message message = {.verdict = (uint32_t)verdict,
                              .text_bytes = print_failure(sim, verdict, text),
                              .seed = seed,
                              .fingerprint = result->fingerprint,
                              .commands = result->commands_ended,
                              .virtual_ns = result->time_ns,
                              .has_too_little = has_too_little(sim),
                              .is_leaving = is_leaving};
    if (!write_all(to, &message, sizeof message) || !write_all(to, text, message.text_bytes) ||
        !write_all(to, lq_sim_counts(sim), sizeof(struct lq_counts)) ||
        !write_all(to, lq_sim_verdicts(sim), sizeof(struct lq_verdicts)))
        _exit(LQ_EXIT_ENVIRONMENT); /* the parent is gone */
}

static _Noreturn void work(const struct lq_seed_pool *pool, int from, int to)
{
    signal(SIGINT, SIG_IGN); /* the parent hears it, and ends us */
    signal(SIGTERM, SIG_DFL);
    struct lq_sim *sim = lq_sim_make(pool->settings);
    uint64_t seed = 0;
    bool is_leaving = false;
    while (!is_leaving && read_all(from, &seed, sizeof seed)) {
        bool twice = pool->twice_every != 0 && seed % pool->twice_every == 0;
        lq_sim_forget_totals(sim);
        enum lq_sim_verdict verdict = lq_sim_run(sim, seed, twice);
        is_leaving = has_grown();
        tell(to, sim, verdict, seed, is_leaving);
    }
    lq_sim_free(sim);
    exit(LQ_EXIT_PASS);
}

/* --- the parent ----------------------------------------------------------------------------- */

static bool open_pipes(int down[2], int up[2])
{
    if (pipe(down) != 0)
        return false;
    if (pipe(up) == 0)
        return true;
    close(down[0]);
    close(down[1]);
    return false;
}

static bool start_worker(struct state *state, struct worker *worker)
{
    int down[2], up[2];
    if (!open_pipes(down, up))
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        for (uint32_t i = 0; i < state->pool->jobs; i++) {
            if (!state->workers[i].is_running)
                continue;
            close(state->workers[i].seeds);
            close(state->workers[i].results);
        }
        close(down[1]);
        close(up[0]);
        work(state->pool, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    if (pid < 0) {
        close(down[1]);
        close(up[0]);
        return false;
    }
    *worker = (struct worker){.pid = pid, .seeds = down[1], .results = up[0], .is_running = true};
    state->running++;
    return true;
}

static bool next_seed(struct state *state, uint64_t *seed)
{
    if (state->returned_count > 0) {
        *seed = state->returned[--state->returned_count];
        return true;
    }
    if (!state->has_no_more && !state->pool->next(state->pool->context, seed))
        state->has_no_more = true;
    return !state->has_no_more;
}

static void give_seeds(struct state *state, struct worker *worker)
{
    uint64_t seed = 0;
    while (worker->given_count < AHEAD && next_seed(state, &seed)) {
        if (worker->given_count == 0)
            worker->begun_ns = now_ns();
        worker->given[worker->given_count++] = seed;
        if (!write_all(worker->seeds, &seed, sizeof seed))
            return; /* it has ended, which its other pipe tells */
    }
}

static uint64_t first_given(struct worker *worker)
{
    uint64_t seed = worker->given[0];
    worker->given_count--;
    memmove(worker->given, worker->given + 1, worker->given_count * sizeof seed);
    worker->begun_ns = now_ns();
    return seed;
}

static void hand_over(struct state *state)
{
    if (!state->pool->take(state->pool->context, &state->result))
        state->is_stopping = true;
}

/* One message of WORKER; false at its end. */
static bool take_message(struct state *state, struct worker *worker)
{
    struct message message;
    struct lq_seed_result *result = &state->result;
    if (!read_all(worker->results, &message, sizeof message) || message.text_bytes >= TEXT_MAX ||
        !read_all(worker->results, state->text, message.text_bytes) ||
        !read_all(worker->results, &result->counts, sizeof result->counts) ||
        !read_all(worker->results, &result->verdicts, sizeof result->verdicts))
        return false;
    state->text[message.text_bytes] = '\0';
    result->seed = message.seed;
    result->end = LQ_SEED_RAN;
    result->verdict = (enum lq_sim_verdict)message.verdict;
    result->has_too_little = message.has_too_little != 0;
    result->fingerprint = message.fingerprint;
    result->commands = message.commands;
    result->virtual_ns = message.virtual_ns;
    result->text = state->text;
    (void)first_given(worker);
    hand_over(state);
    return message.is_leaving == 0;
}

/* Reports the seed that WORKER has been running, which has no verdict. */
static void report_lost(struct state *state, struct worker *worker, enum lq_seed_end end,
                        int status)
{
    uint64_t seed = first_given(worker);
    state->result = (struct lq_seed_result){.seed = seed, .end = end, .text = state->text};
    const char *what = "ended with exit code";
    int number = WEXITSTATUS(status);
    if (end == LQ_SEED_HUNG) {
        what = "did not end within seconds:";
        number = (int)(state->pool->seed_bound_ns / 1000000000);
    } else if (WIFSIGNALED(status)) {
        what = "ended with signal";
        number = WTERMSIG(status);
    }
    snprintf(state->text, TEXT_MAX,
             "seed %" PRIu64 " %s %d; expected a verdict; reproduce with `lunquake sim --seed %"
             PRIu64 "'", seed, what, number, seed);
    hand_over(state);
}

static void end_worker(struct state *state, struct worker *worker, enum lq_seed_end end)
{
    int status = 0;
    if (state->is_stopping || end == LQ_SEED_HUNG)
        kill(worker->pid, SIGKILL);
    close(worker->seeds);
    close(worker->results);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    worker->is_running = false;
    state->running--;
    bool has_left = WIFEXITED(status) && WEXITSTATUS(status) == LQ_EXIT_PASS;
    if (!state->is_stopping && !has_left && worker->given_count > 0)
        report_lost(state, worker, end, status);
    for (; worker->given_count > 0; worker->given_count--)
        state->returned[state->returned_count++] = worker->given[worker->given_count - 1];
}

/* Starts WORKER again when there is something left to do. False: it can't. */
static bool replace(struct state *state, struct worker *worker)
{
    if (state->is_stopping || (state->has_no_more && state->returned_count == 0))
        return true;
    if (!start_worker(state, worker))
        return false;
    give_seeds(state, worker);
    return true;
}

static bool serve(struct state *state, struct worker *worker, bool has_news)
{
    bool is_late = worker->given_count > 0 &&
                   now_ns() - worker->begun_ns > state->pool->seed_bound_ns;
    if (has_news && take_message(state, worker)) {
        if (!state->is_stopping)
            give_seeds(state, worker);
        if (worker->given_count > 0)
            return true;
    } else if (!has_news && !is_late) {
        return true;
    }
    end_worker(state, worker, is_late && !has_news ? LQ_SEED_HUNG : LQ_SEED_CRASHED);
    return replace(state, worker);
}

static void tick(struct state *state)
{
    uint64_t now = now_ns();
    if (state->running > 0 && now - state->ticked_ns < TICK_MS * UINT64_C(1000000))
        return;
    state->ticked_ns = now;
    state->pool->tick(state->pool->context);
}

static bool collect(struct state *state)
{
    while (state->running > 0) {
        struct pollfd polls[JOBS_MAX];
        struct worker *polled[JOBS_MAX];
        nfds_t count = 0;
        for (uint32_t i = 0; i < state->pool->jobs; i++) {
            if (!state->workers[i].is_running)
                continue;
            polled[count] = &state->workers[i];
            polls[count++] = (struct pollfd){.fd = state->workers[i].results, .events = POLLIN};
        }
        if (poll(polls, count, TICK_MS) < 0 && errno != EINTR)
            return false;
        state->is_stopping |= was_interrupted != 0;
        for (nfds_t i = 0; i < count && !state->is_stopping; i++)
            if (!serve(state, polled[i], polls[i].revents != 0))
                return false;
        for (nfds_t i = 0; state->is_stopping && i < count; i++)
            if (polled[i]->is_running)
                end_worker(state, polled[i], LQ_SEED_CRASHED);
        tick(state);
    }
    return true;
}

static bool start_all(struct state *state)
{
    for (uint32_t i = 0; i < state->pool->jobs; i++) {
        if (!start_worker(state, &state->workers[i]))
            return false;
        give_seeds(state, &state->workers[i]);
        if (state->workers[i].given_count == 0)
            end_worker(state, &state->workers[i], LQ_SEED_CRASHED);
    }
    return true;
}

enum lq_seed_pool_end lq_seed_pool_run(const struct lq_seed_pool *pool)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return LQ_SEED_POOL_NO_PROCESS;
    state->pool = pool;
    struct sigaction interrupt = {.sa_handler = on_interrupt}; /* no restart: poll is to end */
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    signal(SIGPIPE, SIG_IGN); /* a worker that has ended is noticed by its other pipe */
    enum lq_seed_pool_end end = LQ_SEED_POOL_DONE;
    if (!start_all(state) || !collect(state)) {
        lq_message("sim: a process of %u cannot be started: %s; expected room for it; use fewer "
                   "--jobs", (unsigned)pool->jobs, strerror(errno));
        end = LQ_SEED_POOL_NO_PROCESS;
        state->is_stopping = true;
        for (uint32_t i = 0; i < pool->jobs; i++)
            if (state->workers[i].is_running)
                end_worker(state, &state->workers[i], LQ_SEED_CRASHED);
    }
    free(state);
    return end == LQ_SEED_POOL_DONE && was_interrupted ? LQ_SEED_POOL_INTERRUPTED : end;
}
