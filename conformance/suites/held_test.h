/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the held-write cases share: the scene they play in, and their table. Internal to held_test.
 */
#ifndef LQ_CONFORMANCE_SUITES_HELD_TEST_H
#define LQ_CONFORMANCE_SUITES_HELD_TEST_H

#include "conformance/suites/held_control.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

enum { HELD_SLACK_MS = 500, HELD_PATIENCE_MS = 5000 };

struct held_scene {
    struct held_control *control;
    const char *uri[2];               /* LUNs on store0 and store1 */
    int64_t quarantine_ms;            /* the target's --quarantine-after */
    int64_t busy_ms;                  /* the target's --busy-after */
    const char *case_name;
    bool stale;                       /* an acknowledged write was overwritten, or order broken */
    bool late;                        /* an answer came too late or not at all */
    bool wrong;                       /* anything else that must not be */
};

/* One line of the report; the other three also record the verdict they name. */
void held_note(struct held_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void held_stale(struct held_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void held_late(struct held_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void held_wrong(struct held_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether took_ms is within bound_ms plus the slack; notes it, or records it as late. */
bool held_in_time(struct held_scene *scene, const char *what, int64_t took_ms, int64_t bound_ms);

struct held_case {
    const char *name;
    const char *what;
    void (*run)(struct held_scene *scene);
};

extern const struct held_case held_abort_cases[];      /* each table ends with name NULL */
extern const struct held_case held_order_cases[];
extern const struct held_case held_latency_cases[];

#endif
