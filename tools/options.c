/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tools/message.h"
#include "tools/near.h"

#define SECOND_NS UINT64_C(1000000000)

enum { NAME_BYTES_MAX = 32 };

void lq_options_init(struct lq_options *options, enum lq_subcommand subcommand)
{
    *options = (struct lq_options){
        .subcommand = subcommand,
        .portal = "127.0.0.1",
        .port = subcommand == LQ_SUBCOMMAND_SERVE ? 3260 : 0,
        .portal_count = 1,
        .iqn = "iqn.2026-11.org.lunquake:t0",
        .quarantine_after_ns = 3 * SECOND_NS,
        .header_digest = LQ_DIGEST_PREFER_NONE,
        .data_digest = LQ_DIGEST_PREFER_NONE,
        .busy_after_ns = 10 * SECOND_NS,
        .shutdown_after_ns = 10 * SECOND_NS,
        .shrink_s = 20,
        .first_seed = 1,
        .last_seed = 1,
        .seed_timeout_ns = 300 * SECOND_NS,
    };
}

/* --- what was meant --------------------------------------------------------------------------- */

const char *lq_subcommand_near(const char *text)
{
    struct lq_near near = lq_near_to(text);
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        lq_near_consider(&near, lq_subcommand_rows[i].name);
    return near.best;
}

const char *lq_option_near(enum lq_subcommand subcommand, const char *text)
{
    struct lq_near near = lq_near_to(text);
    for (const struct lq_option_row *row = lq_option_rows; row->name != NULL; row++)
        if ((row->subcommands & 1U << subcommand) != 0)
            lq_near_consider(&near, row->name);
    return near.best;
}

enum lq_subcommand lq_subcommand_find(const char *name)
{
    int found = 0;
    while (found < LQ_SUBCOMMANDS && strcmp(lq_subcommand_rows[found].name, name) != 0)
        found++;
    return (enum lq_subcommand)found;
}

/* --- parsing ---------------------------------------------------------------------------------- */

/* The row of the option that TEXT (behind the dashes) names, up to its end or "=". */
static const struct lq_option_row *find_row(const char *text)
{
    size_t length = strcspn(text, "=");
    for (const struct lq_option_row *row = lq_option_rows; row->name != NULL; row++)
        if (strlen(row->name) == length && strncmp(row->name, text, length) == 0)
            return row;
    return NULL;
}

static bool refuse_unknown(const struct lq_options *options, const char *argument)
{
    const char *subcommand = lq_subcommand_rows[options->subcommand].name;
    char name[NAME_BYTES_MAX + 1];
    size_t length = strcspn(argument + 2, "=");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
             argument + 2);
    const char *near = lq_option_near(options->subcommand, name);
    if (near != NULL)
        lq_message("%s: unknown option `%s'; expected one that `lunquake %s --help' lists; "
                   "did you mean --%s?",
                   subcommand, argument, subcommand, near);
    else
        lq_message("%s: unknown option `%s'; expected one that `lunquake %s --help' lists; "
                   "choose from there",
                   subcommand, argument, subcommand);
    return false;
}

static bool refuse_elsewhere(const struct lq_options *options, const struct lq_option_row *row)
{
    const char *subcommand = lq_subcommand_rows[options->subcommand].name;
    int owner = 0;
    while ((row->subcommands & 1U << owner) == 0)
        owner++;
    lq_message("%s: --%s is not an option of %s; expected one that `lunquake %s --help' lists; "
               "use it with `lunquake %s'",
               subcommand, row->name, subcommand, subcommand, lq_subcommand_rows[owner].name);
    return false;
}

bool lq_options_gave(const struct lq_options *options, const char *name)
{
    for (uint32_t i = 0; lq_option_rows[i].name != NULL; i++)
        if (strcmp(lq_option_rows[i].name, name) == 0)
            return (options->given >> i & 1) != 0;
    return false;
}

static bool is_first(struct lq_options *options, const struct lq_option_row *row)
{
    uint64_t bit = UINT64_C(1) << (row - lq_option_rows);
    bool first = (options->given & bit) == 0;
    options->given |= bit;
    return first;
}

/* Takes the option at ARGUMENTS[*AT] and its argument; *AT is the last place used. */
static bool take_option(struct lq_options *options, int count, char **arguments, int *at)
{
    const char *argument = arguments[*at];
    const struct lq_option_row *row = find_row(argument + 2);
    if (row == NULL)
        return refuse_unknown(options, argument);
    if ((row->subcommands & 1U << options->subcommand) == 0)
        return refuse_elsewhere(options, row);
    const char *equals = strchr(argument, '=');
    const char *value = equals == NULL ? NULL : equals + 1;
    if (row->argument == NULL && value != NULL) {
        lq_message("--%s: `%s' is given to it; expected no argument; leave it away", row->name,
                   value);
        return false;
    }
    if (row->argument != NULL && value == NULL) {
        if (*at + 1 >= count || strcmp(arguments[*at + 1], "--") == 0) {
            lq_message("--%s: its argument is missing; expected %s; write --%s %s", row->name,
                       row->argument, row->name, row->argument);
            return false;
        }
        value = arguments[++*at];
    }
    if (!is_first(options, row) && !row->repeatable) {
        lq_message("--%s: is given twice; expected once; leave one away", row->name);
        return false;
    }
    const char *wrong = row->take(options, value == NULL ? "" : value);
    if (wrong != NULL)
        lq_message("--%s: `%s' %s; see `lunquake %s --help'", row->name, value == NULL ? "" : value,
                   wrong, lq_subcommand_rows[options->subcommand].name);
    return wrong == NULL;
}

/* Both say which seeds; an exploration is no one run to be shown. */
static bool goes_together(const struct lq_options *options)
{
    static const char *const pairs[][2] = {
        {"seed", "seeds"}, {"exhaust", "ladder"}, {"exhaust", "html"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (!lq_options_gave(options, pairs[i][0]) || !lq_options_gave(options, pairs[i][1]))
            continue;
        lq_message("--%s: does not go with --%s; expected one of them; leave the other away",
                   pairs[i][1], pairs[i][0]);
        return false;
    }
    return true;
}

/* The scenario says all of the target but where it listens. */
static bool goes_with_scenario(const struct lq_options *options)
{
    static const char *const others[] = {"ram", "file", "iqn", "quarantine-after", "busy-after",
                                         "max-connections", "max-commands"};
    for (size_t i = 0; options->scenario != NULL && i < sizeof others / sizeof others[0]; i++) {
        if (!lq_options_gave(options, others[i]))
            continue;
        lq_message("--%s: does not go with --scenario; expected the scenario to say it; write it "
                   "there or leave it away",
                   others[i]);
        return false;
    }
    return true;
}

/* What only holds for all options together. */
static bool is_complete(const struct lq_options *options)
{
    if (options->help)
        return true;
    if (options->subcommand == LQ_SUBCOMMAND_WITH && options->command == NULL) {
        lq_message("with: no command is given; expected one after the options; write "
                   "`lunquake with [OPTION]... -- COMMAND [ARGUMENT]...'");
        return false;
    }
    if (options->subcommand == LQ_SUBCOMMAND_SIM && !options->seeds_given &&
        !options->list_wrongs && !options->list_personalities && !options->list_faults &&
        !options->judge_table && options->merge == NULL && options->file_count == 0 &&
        options->replay == NULL) {
        lq_message("sim: no seeds are given; expected --seeds A..B, --seed N or scenario files; "
                   "add one, such as --seeds 1..100");
        return false;
    }
    return goes_together(options) && goes_with_scenario(options);
}

bool lq_options_parse(struct lq_options *options, int count, char **arguments)
{
    int at = 0;
    for (; at < count; at++) {
        if (options->subcommand == LQ_SUBCOMMAND_SIM && arguments[at][0] != '-') {
            options->files = arguments; /* moved to the front, where options stood */
            arguments[options->file_count++] = arguments[at];
            continue;
        }
        if (strncmp(arguments[at], "--", 2) != 0)
            break;
        if (arguments[at][2] == '\0') {
            at++;
            break;
        }
        if (!take_option(options, count, arguments, &at))
            return false;
    }
    if (at < count && options->subcommand == LQ_SUBCOMMAND_WITH) {
        options->command = arguments + at;
    } else if (at < count) {
        lq_message("%s: `%s' is no option; expected options, which begin with --; leave it away or "
                   "see `lunquake %s --help'",
                   lq_subcommand_rows[options->subcommand].name, arguments[at],
                   lq_subcommand_rows[options->subcommand].name);
        return false;
    }
    return is_complete(options);
}
