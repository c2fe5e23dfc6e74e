/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's history told as the timeline of a scenario: what each initiator did and when, and what
 * disks and network did to it, one statement each.
 *
 * The timeline need not give the same run: latencies are told roughly. Who asks for it runs it and
 * looks (cmd_sim_shrink.c).
 */
#ifndef LQ_TOOLS_RETELL_H
#define LQ_TOOLS_RETELL_H

#include <stdbool.h>

#include "core/base/history.h"
#include "sim/stage/plan.h"
#include "tools/lines.h"

struct lq_retelling;

/* NULL without memory. */
struct lq_retelling *lq_retelling_make(void);
void lq_retelling_free(struct lq_retelling *retelling);

/* Forgets what it has heard, before another run. */
void lq_retelling_reset(struct lq_retelling *retelling);

/* Listens to a run. */
struct lq_history_sink lq_retelling_sink(struct lq_retelling *retelling);

/* How it is told, as bits. */
enum lq_retelling_style {
    LQ_RETELL_EACH = 1,    /* a fault delays each disk request; else only what took long */
    LQ_RETELL_COUNTED = 2, /* that fault passes over who comes to the disk in between */
    LQ_RETELL_HEARD = 4,   /* a request is sent when the target heard it; else when it was sent */
    LQ_RETELL_WITHHELD = 8, /* Data-Out that had not come is withheld; else where a fault says so */
    LQ_RETELL_STYLES = 16
};

/* What it has heard, as lines of a scenario; PLAN is the run's. */
void lq_retelling_write(struct lq_retelling *retelling, const struct lq_plan *plan,
                        uint32_t style, const char *title, struct lq_lines *lines);

#endif
