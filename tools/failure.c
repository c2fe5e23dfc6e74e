/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/failure.h"

#include <signal.h>
#include <stdlib.h>

#include "core/base/assert.h"
#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/version.h"

/* A hook without argument can learn it from here only. */
static const char *context_line;

void lq_failure_context(const char *line)
{
    context_line = line;
}

static void on_abort(int number)
{
    (void)number;
    _Exit(LQ_EXIT_INTERNAL);
}

void lq_failure_init(void)
{
    signal(SIGABRT, on_abort);
}

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    lq_message("%s:%d: internal error: `%s' does not hold; expected it always to; please report "
               "it with version %s and what was run",
               file, line, condition, LQ_VERSION);
    if (context_line != NULL)
        lq_message("%s:%d: reproduce: %s", file, line, context_line);
    abort();
}
