/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users read about the program: --help of the program and of each subcommand, the man page
 * and the bash completion, all made from the tables in options.h. Written to stdout.
 */
#ifndef LQ_TOOLS_MANUAL_H
#define LQ_TOOLS_MANUAL_H

#include "tools/options.h"

/* Lines of at most 80 columns. */
void lq_print_help(void);
void lq_print_subcommand_help(enum lq_subcommand subcommand);

/* lunquake.1 in roff's man macros. */
void lq_print_man_page(void);

void lq_print_bash_completion(void);

#endif
