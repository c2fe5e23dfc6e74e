/* SPDX-License-Identifier: Apache-2.0 */
/* What ends commands from outside, as a table: whom a trigger reaches, and who hears of it. Of
 * abort.c alone. */
#ifndef LQ_CORE_TRIGGERS_H
#define LQ_CORE_TRIGGERS_H

#include "core/state.h"

enum scope {
    SCOPE_TASK,
    SCOPE_NEXUS_UNIT,
    SCOPE_ACA, /* a command with the ACA attribute */
    SCOPE_UNIT,
    SCOPE_TARGET,
    SCOPE_NEXUS, /* all units of the target, one I_T nexus */
    SCOPE_PREEMPTED,
    SCOPE_FAULTED /* the task set of a command that ends with CHECK CONDITION, by QERR */
};

/* Whom a trigger informs by a unit attention [SPC-4 7.5.8, standards of TM: SAM-5 7]. */
enum informs { INFORMS_NOBODY, INFORMS_OTHERS_WITH_COMMANDS, INFORMS_OWN, INFORMS_ALL };

struct lq_trigger_row {
    enum scope scope;
    enum informs informs;
    struct lq_ua ua;
    bool closes_connections;
};

extern const struct lq_trigger_row lq_triggers[LQ_TRIGGERS];

/* The answer waits for what initiators still send to commands of its own I_T nexus. ABORT TASK's
 * needs not [RFC 7143 4.2.3.3], and a fault must not wait for them. */
bool lq_trigger_waits_for_peers(enum lq_trigger trigger);

#endif
