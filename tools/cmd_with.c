/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target runs in this process; the command is its child and is watched through a pidfd by the
 * same loop. The listener is bound before the command starts, so there is nothing to wait for: a
 * connection made at once is accepted in the loop's first turn.
 */
#include "tools/cmd_with.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/target.h"

extern char **environ;

struct run {
    struct lq_target target;
    pid_t child;
    int child_fd; /* its pidfd; readable when it has ended */
    int code;     /* what we return */
};

/* --- {uri} and the others in arguments -------------------------------------------------------- */

struct word {
    const char *name, *value;
};

enum { WORDS = 4 };

/* The word that TEXT begins with; NULL: none. */
static const struct word *word_at(const struct word *words, const char *text)
{
    for (int i = 0; i < WORDS; i++)
        if (strncmp(text, words[i].name, strlen(words[i].name)) == 0)
            return &words[i];
    return NULL;
}

/* TEXT with its words replaced, allocated; NULL: no memory. */
static char *replace_words(const struct word *words, const char *text)
{
    size_t size_bytes = 1;
    for (const char *c = text; *c != '\0';) {
        const struct word *word = word_at(words, c);
        size_bytes += word == NULL ? 1 : strlen(word->value);
        c += word == NULL ? 1 : strlen(word->name);
    }
    char *replaced = malloc(size_bytes);
    if (replaced == NULL)
        return NULL;
    char *out = replaced;
    for (const char *c = text; *c != '\0';) {
        const struct word *word = word_at(words, c);
        if (word == NULL) {
            *out++ = *c++;
            continue;
        }
        size_t length = strlen(word->value);
        memcpy(out, word->value, length);
        out += length;
        c += strlen(word->name);
    }
    *out = '\0';
    return replaced;
}

static void free_arguments(char **arguments)
{
    for (char **argument = arguments; arguments != NULL && *argument != NULL; argument++)
        free(*argument);
    free(arguments);
}

static char **make_arguments(const struct lq_target *target)
{
    const struct lq_listener *listener = lq_target_listener(target);
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)listener->port);
    const struct word words[WORDS] = {{"{uri}", target->uri},
                                      {"{host}", listener->host},
                                      {"{port}", port},
                                      {"{iqn}", target->options->iqn}};
    size_t count = 0;
    while (target->options->command[count] != NULL)
        count++;
    char **arguments = calloc(count + 1, sizeof(char *));
    for (size_t i = 0; arguments != NULL && i < count; i++) {
        arguments[i] = replace_words(words, target->options->command[i]);
        if (arguments[i] == NULL) {
            free_arguments(arguments);
            return NULL;
        }
    }
    return arguments;
}

/* --- the child -------------------------------------------------------------------------------- */

/* The child gets signals as we got them: none blocked, SIGTERM and SIGINT as usual. */
static int spawn(pid_t *child, char **arguments)
{
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGABRT);
    sigaddset(&usual, SIGPIPE);
    int error = posix_spawnattr_init(&attributes);
    if (error != 0)
        return error;
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawnp(child, arguments[0], NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static int refuse_command(const char *name, int error)
{
    bool missing = error == ENOENT || error == ENOTDIR;
    lq_message("with: `%s' cannot be run (%s); expected %s; check its name and PATH", name,
               strerror(error), missing ? "a program that is there" : "an executable program");
    return missing ? LQ_EXIT_NOT_FOUND : LQ_EXIT_NOT_EXECUTABLE;
}

static bool start_child(struct run *run)
{
    char **arguments = make_arguments(&run->target);
    if (arguments == NULL) {
        lq_message("with: no memory; expected some; free some");
        return false;
    }
    int error = spawn(&run->child, arguments);
    if (error != 0) {
        run->code = refuse_command(arguments[0], error);
        free_arguments(arguments);
        return false;
    }
    free_arguments(arguments);
    run->child_fd = (int)syscall(SYS_pidfd_open, run->child, 0);
    if (run->child_fd >= 0)
        return true;
    lq_message("with: the command cannot be watched (%s); expected Linux 5.3 or later; use "
               "`lunquake serve'",
               strerror(errno));
    kill(run->child, SIGTERM);
    return false;
}

/* --- what the loop watches -------------------------------------------------------------------- */

static void on_child_end(void *context)
{
    struct run *run = context;
    int status = 0;
    if (waitpid(run->child, &status, WNOHANG) != run->child)
        return;
    run->child = 0;
    run->code = WIFSIGNALED(status) ? LQ_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    lq_loop_unwatch(lq_live_loop(run->target.live), run->child_fd);
    lq_target_release(&run->target);
}

/* A terminal's Ctrl-C has reached the child as well; what was sent to us alone is passed on. */
static void on_signal(void *context)
{
    struct run *run = context;
    struct signalfd_siginfo info;
    while (read(run->target.signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (run->child == 0)
            lq_target_stop(&run->target);
        else if (info.ssi_code != SI_KERNEL)
            kill(run->child, (int)info.ssi_signo);
    }
}

static bool watch(struct run *run)
{
    struct lq_loop *loop = lq_live_loop(run->target.live);
    if (lq_loop_watch(loop, run->child_fd, on_child_end, run) &&
        lq_loop_watch(loop, run->target.signal_fd, on_signal, run))
        return true;
    lq_message("with: the command cannot be watched; expected memory to be free; free some");
    kill(run->child, SIGTERM);
    return false;
}

int lq_cmd_with(const struct lq_options *options)
{
    struct run run = {.child_fd = -1, .code = LQ_EXIT_WITH_FAILED};
    int code = lq_target_open(&run.target, options);
    if (code != LQ_EXIT_PASS)
        return code == LQ_EXIT_USAGE ? code : LQ_EXIT_WITH_FAILED;
    if (start_child(&run) && watch(&run) && lq_target_start(&run.target))
        lq_live_run(run.target.live);
    if (run.child_fd >= 0)
        close(run.child_fd);
    int own = lq_target_close(&run.target);
    if (run.code != 0 || own == LQ_EXIT_PASS)
        return run.code;
    return own == LQ_EXIT_ENVIRONMENT ? LQ_EXIT_WITH_FAILED : own; /* or the scenario's verdict */
}
