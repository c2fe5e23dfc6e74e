/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With every request of one LUN held, another LUN's commands and new logins keep their latency.
 *
 * Measured before and while: single READs and WRITEs on LUN B and logins, one at a time. The two
 * are compared by median with a generous factor, since the machine is noisy; a target that lets
 * one hung store stop the others is late by seconds, not by factors.
 */
#include "conformance/suites/held_session.h"
#include "conformance/suites/held_test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 100, LOGINS = 20, HUNG_COMMANDS = 64, FACTOR = 5, ALLOWANCE_US = 3000,
       SETTLE_MS = 200 };

struct figures {
    int64_t command_us;               /* medians */
    int64_t login_us;
    int64_t worst_us;
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int compare(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;

    return (*a > *b) - (*a < *b);
}

static int64_t median(int64_t *values, size_t n)
{
    qsort(values, n, sizeof values[0], compare);
    return values[n / 2];
}

/* Record one measured thing; false when it did not end GOOD in time. */
static bool end_of(struct held_scene *scene, struct held_pump *pump, const struct held_op *op,
                   const char *what, int64_t began_us, int64_t *us, int64_t *worst_us)
{
    if (!held_wait(pump, &op->done, HELD_PATIENCE_MS)) {
        held_late(scene, "%s: no end within %d ms", what, HELD_PATIENCE_MS);
        return false;
    }
    *us = now_us() - began_us;
    if (*us > *worst_us)
        *worst_us = *us;
    if (op->status != SCSI_STATUS_GOOD)
        held_wrong(scene, "%s: status %#x, expected GOOD", what, (unsigned)op->status);
    return op->status == SCSI_STATUS_GOOD;
}

static bool measure(struct held_scene *scene, struct held_pump *pump, struct held_session *session,
                    struct figures *figures)
{
    static struct held_op op;
    int64_t commands[SAMPLES];
    int64_t logins[LOGINS];

    memset(figures, 0, sizeof *figures);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        int64_t began_us = now_us();

        if (i % 2 == 0)
            held_read(session, i * HELD_EXTENT_BLOCKS, &op);
        else
            held_write(session, i * HELD_EXTENT_BLOCKS, 1, &op);
        if (!end_of(scene, pump, &op, "command on the other LUN", began_us, &commands[i],
                    &figures->worst_us))
            return false;
    }
    for (uint32_t i = 0; i < LOGINS; i++) {
        static struct held_session another;
        int64_t began_us = now_us();
        bool good;

        held_session_init(&another, scene->uri[1], "iqn.2026-11.org.lunquake.test:held-new",
                          100 + i);
        held_login(pump, &another, &op);
        good = end_of(scene, pump, &op, "new login", began_us, &logins[i], &figures->worst_us);
        held_session_end(pump, &another);
        if (!good)
            return false;
    }
    figures->command_us = median(commands, SAMPLES);
    figures->login_us = median(logins, LOGINS);
    return true;
}

/* Fill LUN A's store with commands that hang; false when none got there. */
static bool hang(struct held_scene *scene, struct held_pump *pump, struct held_session *session,
                 struct held_op *ops)
{
    struct held_event event;
    unsigned first = scene->control->nevents;
    unsigned from = first;
    unsigned arrived = 0;

    held_hold(scene->control, "any", 0, 0, (uint64_t)HUNG_COMMANDS * HELD_EXTENT_BYTES);
    for (uint32_t i = 0; i < HUNG_COMMANDS; i++) {
        if (i % 2 == 0)
            held_read(session, i * HELD_EXTENT_BLOCKS, &ops[i]);
        else
            held_write(session, i * HELD_EXTENT_BLOCKS, 2, &ops[i]);
    }
    /* How many reach the store at once is the target's choice; it must be at least one. */
    if (held_wait_held(pump, &from, 0, 0, HELD_PATIENCE_MS, &event)) {
        held_wait(pump, NULL, SETTLE_MS);
        arrived = scene->control->nevents - first;
    }
    held_note(scene, "%u of %d commands hang in the store of LUN A", arrived, HUNG_COMMANDS);
    if (arrived == 0)
        held_wrong(scene, "no command reached the store");
    return arrived > 0;
}

static void compare_figures(struct held_scene *scene, const char *what, int64_t before_us,
                            int64_t held_us)
{
    int64_t bound_us = before_us * FACTOR + ALLOWANCE_US;

    if (held_us > bound_us)
        held_late(scene, "median %s takes %" PRId64 " us while LUN A hangs, %" PRId64
                  " us before; allowed %" PRId64 " us", what, held_us, before_us, bound_us);
    else
        held_note(scene, "median %s: %" PRId64 " us before, %" PRId64 " us while LUN A hangs",
                  what, before_us, held_us);
}

static void run_latency(struct held_scene *scene)
{
    static struct held_op ops[HUNG_COMMANDS], op;
    static struct held_session hung, session;
    struct held_pump pump = { .control = scene->control };
    struct figures before, held;

    held_session_init(&hung, scene->uri[0], "iqn.2026-11.org.lunquake.test:held-hung", 1);
    held_login(&pump, &hung, &op);
    if (!held_wait(&pump, &op.done, HELD_PATIENCE_MS) || op.status != SCSI_STATUS_GOOD ||
        !held_settle(&pump, &hung, HELD_PATIENCE_MS)) {
        held_wrong(scene, "no session on LUN A");
        return;
    }
    held_session_init(&session, scene->uri[1], "iqn.2026-11.org.lunquake.test:held-well", 2);
    held_login(&pump, &session, &op);
    if (!held_wait(&pump, &op.done, HELD_PATIENCE_MS) || op.status != SCSI_STATUS_GOOD ||
        !held_settle(&pump, &session, HELD_PATIENCE_MS)) {
        held_wrong(scene, "no session on LUN B");
        return;
    }
    if (measure(scene, &pump, &session, &before) && hang(scene, &pump, &hung, ops) &&
        measure(scene, &pump, &session, &held)) {
        compare_figures(scene, "command", before.command_us, held.command_us);
        compare_figures(scene, "login", before.login_us, held.login_us);
        if (held.worst_us > (int64_t)HELD_SLACK_MS * 1000)
            held_late(scene, "the slowest took %" PRId64 " us", held.worst_us);
    }
    held_release(scene->control, 0);
    for (int i = 0; i < HUNG_COMMANDS; i++) {
        if (!held_wait(&pump, &ops[i].done, HELD_PATIENCE_MS)) {
            held_wrong(scene, "a hung command did not end after its store had let go");
            break;
        }
    }
    held_session_end(&pump, &session);
    held_session_end(&pump, &hung);
}

const struct held_case held_latency_cases[] = {
    { "latency", "another LUN and new logins while every request of one LUN hangs", run_latency },
    { NULL, NULL, NULL }
};
