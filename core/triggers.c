/* SPDX-License-Identifier: Apache-2.0 */
#include "core/triggers.h"

const struct lq_trigger_row lq_triggers[LQ_TRIGGERS] = {
    [LQ_TRIGGER_ABORT_TASK] = {SCOPE_TASK, INFORMS_NOBODY, {0, 0}, false},
    [LQ_TRIGGER_ABORT_TASK_SET] = {SCOPE_NEXUS_UNIT, INFORMS_NOBODY, {0, 0}, false},
    /* TAS=0: no status for other nexuses' commands, COMMANDS CLEARED BY ANOTHER INITIATOR */
    [LQ_TRIGGER_CLEAR_TASK_SET] = {SCOPE_UNIT, INFORMS_OTHERS_WITH_COMMANDS, {0x2f, 0x00}, false},
    /* BUS DEVICE RESET FUNCTION OCCURRED, to everybody, the issuer too */
    [LQ_TRIGGER_LOGICAL_UNIT_RESET] = {SCOPE_UNIT, INFORMS_ALL, {0x29, 0x03}, false},
    [LQ_TRIGGER_TARGET_WARM_RESET] = {SCOPE_TARGET, INFORMS_ALL, {0x29, 0x03}, false},
    /* a power on event [RFC 7143 11.5.1]: POWER ON OCCURRED, connections closed */
    [LQ_TRIGGER_TARGET_COLD_RESET] = {SCOPE_TARGET, INFORMS_ALL, {0x29, 0x01}, true},
    /* a command [SPC-4 5.13.11.2.6]; of registrations that are gone, persistent.c tells */
    [LQ_TRIGGER_PREEMPT_AND_ABORT] = {SCOPE_PREEMPTED, INFORMS_OTHERS_WITH_COMMANDS, {0x2f, 0x00},
                                      false},
    [LQ_TRIGGER_CLEAR_ACA] = {SCOPE_ACA, INFORMS_NOBODY, {0, 0}, false},
    /* I_T NEXUS LOSS OCCURRED, to the one that is lost; its session goes on [SAM-5 7.6] */
    [LQ_TRIGGER_I_T_NEXUS_RESET] = {SCOPE_NEXUS, INFORMS_OWN, {0x29, 0x07}, false},
    /* a command, too [SPC-5 7.5.10, QERR] */
    [LQ_TRIGGER_QERR] = {SCOPE_FAULTED, INFORMS_OTHERS_WITH_COMMANDS, {0x2f, 0x00}, false},
};

bool lq_abort_names_unit(enum lq_trigger trigger)
{
    return lq_triggers[trigger].scope != SCOPE_TARGET && lq_triggers[trigger].scope != SCOPE_NEXUS;
}

bool lq_trigger_waits_for_peers(enum lq_trigger trigger)
{
    return lq_triggers[trigger].scope != SCOPE_TASK && trigger != LQ_TRIGGER_QERR;
}
