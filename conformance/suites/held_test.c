/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held_test: one held-write case against a target that already runs on heldfs's files.
 *
 * held.py starts the target and heldfs and calls this once per case. Prints what it saw and a
 * closing line `result CASE safe|STALE live|LATE ok|WRONG`; exits 0 when all are good, else 1.
 */
#include "conformance/suites/held_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CASE_TIMEOUT_S = 120 };

static const struct held_case *const tables[] = { held_abort_cases, held_order_cases,
                                                  held_latency_cases };

static void print(const char *mark, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void print(const char *mark, const char *format, va_list arguments)
{
    printf("    %s", mark);
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
}

#define SAY(name, mark, record)                                                                    \
    void name(struct held_scene *scene, const char *format, ...)                                   \
    {                                                                                              \
        va_list arguments;                                                                         \
                                                                                                   \
        va_start(arguments, format);                                                               \
        print(mark, format, arguments);                                                            \
        va_end(arguments);                                                                         \
        record;                                                                                    \
    }

SAY(held_note, "", (void)scene)
SAY(held_stale, "STALE: ", scene->stale = true)
SAY(held_late, "LATE: ", scene->late = true)
SAY(held_wrong, "WRONG: ", scene->wrong = true)

bool held_in_time(struct held_scene *scene, const char *what, int64_t took_ms, int64_t bound_ms)
{
    if (took_ms > bound_ms + HELD_SLACK_MS) {
        held_late(scene, "%s took %" PRId64 " ms; bound %" PRId64 " + %d ms", what, took_ms,
                  bound_ms, HELD_SLACK_MS);
        return false;
    }
    held_note(scene, "%s took %" PRId64 " ms", what, took_ms);
    return true;
}

static const struct held_case *find_case(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct held_case *at = tables[i]; at->name != NULL; at++)
            if (strcmp(at->name, name) == 0)
                return at;
    return NULL;
}

static int list(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct held_case *at = tables[i]; at->name != NULL; at++)
            printf("%s\t%s\n", at->name, at->what);
    return 0;
}

int main(int argc, char **argv)
{
    static struct held_control control;
    struct held_scene scene = { .control = &control };
    const struct held_case *played;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    played = argc == 7 ? find_case(argv[1]) : NULL;
    if (played == NULL) {
        fprintf(stderr, "usage: held_test --list\n"
                        "       held_test CASE SOCKET URI0 URI1 QUARANTINE_MS BUSY_MS\n"
                        "Use held.py, which starts the target and heldfs.\n");
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    alarm(CASE_TIMEOUT_S);                /* the last resort against a hang of our own */
    scene.case_name = argv[1];
    scene.uri[0] = argv[3];
    scene.uri[1] = argv[4];
    scene.quarantine_ms = atoi(argv[5]);
    scene.busy_ms = atoi(argv[6]);
    held_open(&control, argv[2]);
    played->run(&scene);
    held_close(&control);
    printf("result %s %s %s %s\n", scene.case_name, scene.stale ? "STALE" : "safe",
           scene.late ? "LATE" : "live", scene.wrong ? "WRONG" : "ok");
    return scene.stale || scene.late || scene.wrong;
}
