/* SPDX-License-Identifier: Apache-2.0 */
/* The exit codes of the program; --help and the man page print them from lq_exit_rows. */
#ifndef LQ_TOOLS_EXIT_CODES_H
#define LQ_TOOLS_EXIT_CODES_H

enum lq_exit {
    LQ_EXIT_PASS = 0,
    LQ_EXIT_VIOLATED = 1,
    LQ_EXIT_USAGE = 2,
    LQ_EXIT_ENVIRONMENT = 3,
    LQ_EXIT_STOPPED = 4,
    LQ_EXIT_NONDETERMINISM = 5,
    LQ_EXIT_SKIPPED = 77,
    LQ_EXIT_INTERNAL = 99,
    LQ_EXIT_WITH_FAILED = 125, /* `with`: the target's own failure */
    LQ_EXIT_NOT_EXECUTABLE = 126,
    LQ_EXIT_NOT_FOUND = 127,
    LQ_EXIT_SIGNAL = 128 /* plus the signal's number */
};

#endif
