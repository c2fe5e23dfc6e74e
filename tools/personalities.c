/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: tgt, lio, scst, istgt are what today's versions showed when a write of theirs was held
 * in the store (tgt 1.0.85, LIO of Linux 6.1 and 6.12, SCST 3.11-pre, istgt 0.4); stgt, iet and
 * lio-2011 are what their sources and change logs say of the versions of their time.
 */
#include "tools/personalities.h"

#include <stddef.h>
#include <string.h>

const struct lq_personality lq_personalities[] = {
    {"tgt",
     "tgt 1.0.85: a session's end forgets what the store still has; CLEAR TASK SET is rejected.",
     {"nexus-loss-drops-wait", "logout-drops-wait", "clear-task-set-rejected"},
     {"RI-2", "QUAR-3", "TM-10"}},
    {"lio",
     "LIO of Linux 6: a logout forgets what the store has, a lost session's next login waits for "
     "it; SIMPLE passes ORDERED; no functions on task sets.",
     {"logout-drops-wait", "login-waits-for-store", "simple-overtakes-ordered",
      "enters-after-data-out", "abort-wakes-nobody", "task-set-functions-not-supported"},
     {"RI-2", "QUAR-3", "RI-6", "ORD-2", "ORD-4", "ORD-6", "TM-10"}},
    {"scst",
     "SCST 3.11: sessions end safely; an asynchronous store is given ORDERED commands too early.",
     {"ordered-waits-for-dispatch", "enters-after-data-out"},
     {"ORD-1", "ORD-4"}},
    {"istgt",
     "istgt 0.4: one command at a time; whoever logs in again waits for a held one.",
     {"login-waits-for-store"},
     {"RI-6"}},
    {"stgt",
     "STGT of 2013: a write joins its task set with its last data, a second function takes the "
     "first one's place, aborted commands run in their queue, sessions end at once.",
     {"nexus-loss-drops-wait", "logout-drops-wait", "clear-task-set-rejected",
      "abort-task-set-ignores-lun", "enters-after-data-out", "second-tm-overwrites-waiter",
      "queue-runs-aborted-command", "simple-overtakes-ordered", "r2t-without-window",
      "data-in-offset-wrong"},
     {"RI-2", "QUAR-3", "TM-10", "TM-7", "ORD-2", "ORD-4"}},
    {"iet",
     "IET 1.4: TM functions answer at once, ORDERED is SIMPLE, sessions end at once.",
     {"tm-answered-after-marking", "ordered-as-simple", "nexus-loss-drops-wait",
      "logout-drops-wait"},
     {"TM-2", "ORD-1", "RI-2", "QUAR-3"}},
    {"lio-2011",
     "LIO of Linux 2.6.38: of the TM functions only LOGICAL UNIT RESET waits, and it tells one "
     "path; ORDERED is SIMPLE, sessions end at once, one unit attention drops the others.",
     {"abort-answered-after-marking", "task-set-functions-not-supported", "ua-only-to-issuer",
      "ua-list-dropped", "attentions-by-initiator-name", "ordered-as-simple",
      "no-residual-for-writes", "nexus-loss-drops-wait", "logout-drops-wait"},
     {"TM-2", "TM-10", "UA-1", "ORD-1", "RI-2", "QUAR-3"}},
    {NULL, NULL, {NULL}, {NULL}},
};

const struct lq_personality *lq_personality_find(const char *name)
{
    for (const struct lq_personality *row = lq_personalities; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}
