/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_serve.h"

#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/exit_codes.h"
#include "tools/message.h"
#include "tools/target.h"

static void on_signal(void *context)
{
    struct lq_target *target = context;
    struct signalfd_siginfo info;
    while (read(target->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        lq_target_stop(target);
}

/* The one line that scripts wait for. A reader that has gone away is no reason to stop. */
static void print_ready(const struct lq_target *target)
{
    lq_target_print_portals(target);
    printf("ready %s\n", target->uri);
    fflush(stdout);
}

int lq_cmd_serve(const struct lq_options *options)
{
    struct lq_target target;
    int code = lq_target_open(&target, options);
    if (code != LQ_EXIT_PASS)
        return code;
    if (!lq_loop_watch(lq_live_loop(target.live), target.signal_fd, on_signal, &target)) {
        lq_message("serve: signals cannot be watched; expected memory to be free; free some");
        lq_target_close(&target);
        return LQ_EXIT_ENVIRONMENT;
    }
    print_ready(&target);
    if (!lq_target_start(&target)) {
        lq_target_close(&target);
        return LQ_EXIT_ENVIRONMENT;
    }
    lq_live_run(target.live);
    return lq_target_close(&target);
}
