/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/manual.h"

#include <stdio.h>
#include <string.h>

#include "tools/exit_codes.h"
#include "tools/version.h"

enum { COLUMNS = 80, INDENT = 6 };

static const char what_it_is[] =
    "lunquake is a SCSI target simulator: a full SCSI target engine that runs either as a live "
    "iSCSI target or in a virtual world of simulated network, disks and initiators that one seed "
    "drives, with judges that say whether it was safe.";

struct exit_row {
    int code;
    const char *meaning;
};

static const struct exit_row exit_rows[] = {
    {LQ_EXIT_PASS, "Everything passed."},
    {LQ_EXIT_VIOLATED, "A property was violated, or something required never happened."},
    {LQ_EXIT_USAGE, "The command line is wrong."},
    {LQ_EXIT_ENVIRONMENT, "The environment does not allow it: a file, a port, memory."},
    {LQ_EXIT_STOPPED, "Stopped before a verdict."},
    {LQ_EXIT_NONDETERMINISM, "The same seed gave two different runs."},
    {LQ_EXIT_SKIPPED, "Everything was skipped."},
    {LQ_EXIT_INTERNAL, "An internal error of lunquake: please report it."},
    {LQ_EXIT_WITH_FAILED, "with: lunquake itself failed; else the command's own status, 126, 127 "
                          "or 128 plus a signal's number."},
};

enum { EXIT_ROWS = sizeof exit_rows / sizeof exit_rows[0] };

/* --- help ------------------------------------------------------------------------------------- */

static void print_blanks(int count)
{
    printf("%*s", count, "");
}

/* TEXT in lines of COLUMNS, each after INDENT blanks; the first begins at column AT. */
static void print_wrapped(const char *text, int indent, int at)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (at > indent && at + 1 + length > COLUMNS) {
            putchar('\n');
            at = 0;
        }
        if (at < indent) {
            print_blanks(indent - at);
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", length, text);
        at += length;
        text += length;
        text += *text == ' ';
    }
    putchar('\n');
}

static void print_examples(const struct lq_subcommand_row *row)
{
    printf("\nExamples:\n");
    for (const char *const *example = row->examples; *example != NULL; example++)
        printf("  %s\n", *example);
}

static void print_exit_codes(void)
{
    printf("\nExit status:\n");
    for (int i = 0; i < EXIT_ROWS; i++) {
        printf("  %3d ", exit_rows[i].code);
        print_wrapped(exit_rows[i].meaning, INDENT, INDENT);
    }
}

void lq_print_help(void)
{
    printf("Usage: lunquake SUBCOMMAND [OPTION]...\n\n");
    print_wrapped(what_it_is, 0, 0);
    printf("\nSubcommands:\n");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        printf("  %-6s %s\n", lq_subcommand_rows[i].name, lq_subcommand_rows[i].sentence);
    printf("\n`lunquake SUBCOMMAND --help' lists a subcommand's options. Besides:\n"
           "  --version          Print the version.\n"
           "  --help             Print this help.\n"
           "  --man              Print the man page, lunquake.1.\n"
           "  --completion bash  Print the completion for bash.\n");
    printf("\nExamples:\n");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        printf("  %s\n", lq_subcommand_rows[i].examples[0]);
    print_exit_codes();
}

void lq_print_subcommand_help(enum lq_subcommand subcommand)
{
    const struct lq_subcommand_row *row = &lq_subcommand_rows[subcommand];
    printf("Usage: lunquake %s %s\n\n", row->name, row->synopsis);
    print_wrapped(row->sentence, 0, 0);
    for (const char *const *paragraph = row->paragraphs; *paragraph != NULL; paragraph++) {
        putchar('\n');
        print_wrapped(*paragraph, 0, 0);
    }
    printf("\nOptions:\n");
    for (const struct lq_option_row *option = lq_option_rows; option->name != NULL; option++) {
        if ((option->subcommands & 1U << subcommand) == 0)
            continue;
        printf("  --%s%s%s%s\n", option->name, option->argument == NULL ? "" : " ",
               option->argument == NULL ? "" : option->argument,
               option->repeatable ? " (repeatable)" : "");
        print_wrapped(option->sentence, INDENT, 0);
    }
    print_examples(row);
    print_exit_codes();
}

/* --- man page --------------------------------------------------------------------------------- */

/* TEXT with what roff would read otherwise made plain: backslashes, hyphens, leading dots. */
static void print_roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\'')
            fputs("\\(aq", stdout);
        else if (*text == '`')
            fputs("\\(ga", stdout);
        else
            putchar(*text);
    }
}

static void print_roff_paragraph(const char *text)
{
    printf(".PP\n");
    print_roff(text);
    putchar('\n');
}

static void print_man_option(const struct lq_option_row *option)
{
    printf(".TP\n\\fB\\-\\-");
    print_roff(option->name);
    printf("\\fR");
    if (option->argument != NULL) {
        printf(" \\fI");
        print_roff(option->argument);
        printf("\\fR");
    }
    putchar('\n');
    print_roff(option->sentence);
    if (option->repeatable)
        printf(" Can be given several times.");
    putchar('\n');
}

static void print_man_subcommand(enum lq_subcommand subcommand)
{
    const struct lq_subcommand_row *row = &lq_subcommand_rows[subcommand];
    printf(".SS lunquake %s ", row->name);
    print_roff(row->synopsis);
    putchar('\n');
    print_roff(row->sentence);
    putchar('\n');
    for (const char *const *paragraph = row->paragraphs; *paragraph != NULL; paragraph++)
        print_roff_paragraph(*paragraph);
    for (const struct lq_option_row *option = lq_option_rows; option->name != NULL; option++)
        if ((option->subcommands & 1U << subcommand) != 0)
            print_man_option(option);
}

void lq_print_man_page(void)
{
    printf(".\\\" SPDX-License-Identifier: Apache-2.0\n"
           ".TH LUNQUAKE 1 \"\" \"lunquake %s\" \"User Commands\"\n"
           ".SH NAME\nlunquake \\- SCSI target simulator\n.SH SYNOPSIS\n",
           LQ_VERSION);
    for (int i = 0; i < LQ_SUBCOMMANDS; i++) {
        printf("%s\\fBlunquake %s\\fR ", i == 0 ? "" : ".br\n", lq_subcommand_rows[i].name);
        print_roff(lq_subcommand_rows[i].synopsis);
        putchar('\n');
    }
    printf(".SH DESCRIPTION\n");
    print_roff(what_it_is);
    printf("\n.SH SUBCOMMANDS\n");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        print_man_subcommand((enum lq_subcommand)i);
    printf(".SH EXIT STATUS\n");
    for (int i = 0; i < EXIT_ROWS; i++) {
        printf(".TP\n%d\n", exit_rows[i].code);
        print_roff(exit_rows[i].meaning);
        putchar('\n');
    }
    printf(".SH EXAMPLES\n.nf\n");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        for (const char *const *example = lq_subcommand_rows[i].examples; *example != NULL;
             example++) {
            print_roff(*example);
            putchar('\n');
        }
    printf(".fi\n");
}

/* --- completion ------------------------------------------------------------------------------- */

static void print_completion_of(enum lq_subcommand subcommand)
{
    printf("    %s) options=\"", lq_subcommand_rows[subcommand].name);
    for (const struct lq_option_row *option = lq_option_rows; option->name != NULL; option++)
        if ((option->subcommands & 1U << subcommand) != 0)
            printf("--%s ", option->name);
    printf("\" ;;\n");
}

/* Options whose argument is TEXT, as alternatives of a case label. */
static void print_options_taking(const char *first, const char *second)
{
    const char *separator = "";
    for (const struct lq_option_row *option = lq_option_rows; option->name != NULL; option++) {
        if (option->argument == NULL)
            continue;
        if (strcmp(option->argument, first) != 0 && strcmp(option->argument, second) != 0)
            continue;
        printf("%s--%s", separator, option->name);
        separator = "|";
    }
}

static void print_options_taking_others(void)
{
    const char *separator = "";
    for (const struct lq_option_row *option = lq_option_rows; option->name != NULL; option++) {
        if (option->argument == NULL || strcmp(option->argument, "FILE") == 0 ||
            strcmp(option->argument, "PATH") == 0 || strcmp(option->name, "wrong") == 0)
            continue;
        printf("%s--%s", separator, option->name);
        separator = "|";
    }
}

void lq_print_bash_completion(void)
{
    printf("# SPDX-License-Identifier: Apache-2.0\n"
           "_lunquake()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options i\n"
           "    COMPREPLY=()\n"
           "    if (( COMP_CWORD == 1 )); then\n"
           "        COMPREPLY=($(compgen -W \"");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        printf("%s ", lq_subcommand_rows[i].name);
    printf("--help --version --man --completion\" -- \"$word\"))\n"
           "        return\n"
           "    fi\n"
           "    for (( i = 2; i < COMP_CWORD; i++ )); do\n"
           "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
           "            if (( i == COMP_CWORD - 1 )); then\n"
           "                COMPREPLY=($(compgen -c -- \"$word\"))\n"
           "            else\n"
           "                COMPREPLY=($(compgen -W '{uri} {host} {port} {iqn}' -- \"$word\")\n"
           "                           $(compgen -f -- \"$word\"))\n"
           "            fi\n"
           "            return\n"
           "        fi\n"
           "    done\n"
           "    case $before in\n"
           "    ");
    print_options_taking("FILE", "PATH");
    printf(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
           "    --wrong) COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" sim --list-wrongs "
           "2>/dev/null | cut -d' ' -f1)\" -- \"$word\")); return ;;\n"
           "    ");
    print_options_taking_others();
    printf(") return ;;\n"
           "    esac\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (int i = 0; i < LQ_SUBCOMMANDS; i++)
        print_completion_of((enum lq_subcommand)i);
    printf("    esac\n"
           "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
           "}\n"
           "complete -o filenames -F _lunquake lunquake\n");
}
