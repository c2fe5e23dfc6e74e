/* SPDX-License-Identifier: Apache-2.0 */
/* The program: finds the subcommand, reads its options and runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/cmd_features.h"
#include "tools/cmd_serve.h"
#include "tools/cmd_sim.h"
#include "tools/cmd_with.h"
#include "tools/exit_codes.h"
#include "tools/failure.h"
#include "tools/manual.h"
#include "tools/message.h"
#include "tools/options.h"
#include "tools/version.h"

typedef int (*command_function)(const struct lq_options *options);

static int cmd_sim(const struct lq_options *options)
{
    static const struct lq_sim_extras extras = {&lq_campaign_sqlite, lq_page_write};
    return lq_cmd_sim(options, &extras);
}

static const command_function commands[LQ_SUBCOMMANDS] = {
    [LQ_SUBCOMMAND_SERVE] = lq_cmd_serve,
    [LQ_SUBCOMMAND_WITH] = lq_cmd_with,
    [LQ_SUBCOMMAND_SIM] = cmd_sim,
    [LQ_SUBCOMMAND_FEATURES] = lq_cmd_features,
};

static void print_version(void)
{
    printf("lunquake %s\n", LQ_VERSION);
}

struct general_option {
    const char *name, *argument;
    void (*print)(void);
};

static const struct general_option general_options[] = {
    {"--help", NULL, lq_print_help},
    {"--version", NULL, print_version},
    {"--man", NULL, lq_print_man_page},
    {"--completion", "bash", lq_print_bash_completion},
};

/* What was printed must have arrived: `lunquake --man > /dev/full` fails. */
static int finish_output(int code)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    if (code != LQ_EXIT_PASS)
        return code;
    lq_message("standard output: cannot be written; expected room; redirect it elsewhere");
    return LQ_EXIT_ENVIRONMENT;
}

static int run_general(int count, char **arguments)
{
    for (size_t i = 0; i < sizeof general_options / sizeof general_options[0]; i++) {
        const struct general_option *option = &general_options[i];
        if (strcmp(arguments[0], option->name) != 0)
            continue;
        int wanted = option->argument == NULL ? 1 : 2;
        if (count != wanted || (wanted == 2 && strcmp(arguments[1], option->argument) != 0)) {
            lq_message("%s: its arguments are wrong; expected %s; leave away the rest",
                       option->name, option->argument == NULL ? "none" : option->argument);
            return LQ_EXIT_USAGE;
        }
        option->print();
        return finish_output(LQ_EXIT_PASS);
    }
    lq_message("unknown option `%s'; expected a subcommand or --help, --version, --man, "
               "--completion bash; see `lunquake --help'",
               arguments[0]);
    return LQ_EXIT_USAGE;
}

static int refuse_subcommand(const char *name)
{
    const char *near = lq_subcommand_near(name);
    if (near != NULL)
        lq_message("unknown subcommand `%s'; expected one that `lunquake --help' lists; did you "
                   "mean %s?",
                   name, near);
    else
        lq_message("unknown subcommand `%s'; expected one that `lunquake --help' lists; choose "
                   "from there",
                   name);
    return LQ_EXIT_USAGE;
}

int main(int count, char **arguments)
{
    lq_failure_init();
    if (count < 2) {
        lq_message("no subcommand is given; expected serve, with, sim or features; see "
                   "`lunquake --help'");
        return LQ_EXIT_USAGE;
    }
    if (arguments[1][0] == '-')
        return run_general(count - 1, arguments + 1);
    enum lq_subcommand subcommand = lq_subcommand_find(arguments[1]);
    if (subcommand == LQ_SUBCOMMANDS)
        return refuse_subcommand(arguments[1]);
    struct lq_options options;
    lq_options_init(&options, subcommand);
    if (!lq_options_parse(&options, count - 2, arguments + 2))
        return subcommand == LQ_SUBCOMMAND_WITH ? LQ_EXIT_WITH_FAILED : LQ_EXIT_USAGE;
    if (options.help) {
        lq_print_subcommand_help(subcommand);
        return finish_output(LQ_EXIT_PASS);
    }
    return finish_output(commands[subcommand](&options));
}
