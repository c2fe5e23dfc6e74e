/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/iscsi/wrongs.h"

const struct lq_wrong lq_iscsi_wrongs[LQ_ISCSI_WRONGS] = {
    [LQ_WRONG_STAT_SN_REUSED] = {"stat-sn-reused", "SEQ-1",
                                 "every 16th SCSI status carries the StatSN of the PDU before it"},
    [LQ_WRONG_RESIDUAL_WRONG] = {"residual-wrong", "SEQ-6",
                                 "a residual count is one byte too large"},
    [LQ_WRONG_STALE_DATA_OUT_ACCEPTED] =
        {"stale-data-out-accepted", "SEQ-11",
         "the tag of an aborted command's R2T is used again at once, and late data lands in the "
         "other command"},
    [LQ_WRONG_LOGOUT_ANSWERED_AT_ONCE] =
        {"logout-answered-at-once", "RI-8",
         "the logout response does not wait for the session's commands"},
    [LQ_WRONG_MAX_CMD_SN_REGRESSES] = {"max-cmd-sn-regresses", "SEQ-2",
                                       "the command window is taken back when slots are scarce"},
    [LQ_WRONG_R2T_BEYOND_BURST] = {"r2t-beyond-burst", "SEQ-5",
                                   "an R2T asks for more than MaxBurstLength"},
    [LQ_WRONG_DATA_SN_GAP] = {"data-sn-gap", "SEQ-3",
                              "DataSN skips a number after a command's first Data-In"},
    [LQ_WRONG_TASK_LEAKED_AT_LOGOUT] =
        {"task-leaked-at-logout", "ACC-2",
         "a command that a logout ends keeps its transport slot for ever"},
    [LQ_WRONG_TWO_STATUSES] = {"two-statuses", "SEQ-7",
                               "every 16th command gets its SCSI Response twice"},
    [LQ_WRONG_REINSTATEMENT_KEEPS_OLD_SESSION_TALKING] =
        {"reinstatement-keeps-old-session-talking", "RI-1",
         "the connection of a reinstated session stays open and is pinged"},
    [LQ_WRONG_DATA_IN_OFFSET_WRONG] = {"data-in-offset-wrong", "SEQ-4",
                                       "the last of several Data-In PDUs has buffer offset 0"},
};
