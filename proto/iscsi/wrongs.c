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
    [LQ_WRONG_R2T_WITHOUT_WINDOW] = {"r2t-without-window", "SEQ-2",
                                     "an R2T carries ExpCmdSN and MaxCmdSN 0"},
    [LQ_WRONG_R2T_ADVANCES_STAT_SN] = {"r2t-advances-stat-sn", "SEQ-1", "an R2T uses a StatSN up"},
    [LQ_WRONG_R2T_WITHOUT_LUN] = {"r2t-with-another-lun", "SEQ-12",
                                  "an R2T carries another LUN than its command"},
    [LQ_WRONG_PING_UNANSWERED] = {"ping-unanswered", "LIVE-6", "every fourth ping is not answered"},
    [LQ_WRONG_PING_ANSWERED_WITH_TTT] =
        {"ping-answered-with-ttt", "SEQ-12",
         "the answer to a ping carries a target transfer tag, as if it were one"},
    [LQ_WRONG_NO_RESIDUAL_FOR_WRITES] = {"no-residual-for-writes", "SEQ-6",
                                         "writes have no residual count"},
    [LQ_WRONG_OVERFLOW_FOR_UNDERFLOW] = {"overflow-for-underflow", "SEQ-6",
                                         "an underflow is called an overflow"},
    [LQ_WRONG_WRITE_STATUS_LOST_BETWEEN_LAYERS] = {"write-status-lost-between-layers", "SEQ-13",
                                                   "a write that failed is answered GOOD"},
    [LQ_WRONG_SENSE_LENGTH_COUNTS_ITSELF] = {"sense-length-counts-itself", "SEQ-9",
                                             "SenseLength counts its own two bytes"},
    [LQ_WRONG_DATA_IN_SEGMENT_TOO_LONG] =
        {"data-in-segment-too-long", "SEQ-5",
         "Data-In segments are as long as the burst, whatever the initiator takes"},
    [LQ_WRONG_SEQUENCE_ENDS_WITHOUT_F] =
        {"sequence-ends-without-f", "SEQ-5",
         "the last PDU of a Data-In sequence lacks its F bit when another sequence follows"},
    [LQ_WRONG_EXP_DATA_SN_WRONG] = {"exp-data-sn-wrong", "SEQ-3",
                                    "ExpDataSN counts one PDU too few"},
    [LQ_WRONG_ONE_TRANSFER_TAG_FOR_ALL] = {"one-transfer-tag-for-all", "SEQ-8",
                                           "all R2Ts have the same target transfer tag"},
    [LQ_WRONG_ONE_R2T_TOO_MANY] = {"one-r2t-too-many", "SEQ-5",
                                   "one R2T more than MaxOutstandingR2T is out"},
    [LQ_WRONG_WRITE_BEGINS_BEFORE_ITS_DATA] =
        {"write-begins-before-its-data", "SEQ-11",
         "a write begins when the last of its data was asked for, not when it came"},
    [LQ_WRONG_LATE_DATA_ENDS_CONNECTION] =
        {"late-data-ends-connection", "LIVE-7",
         "Data-Out that comes late for an aborted write ends the connection"},
    [LQ_WRONG_KEY_ANSWERED_TWICE] = {"key-answered-twice", "SEQ-10",
                                     "MaxBurstLength is answered twice"},
    [LQ_WRONG_HALF_OPEN_LOGIN_BLOCKS_OTHERS] =
        {"half-open-login-blocks-others", "RI-6",
         "while a login is under way, later ones are not answered"},
    [LQ_WRONG_NO_LOGIN_TIMEOUT] =
        {"no-login-timeout", "RI-9",
         "a login that stops in its middle keeps its connection for ever"},
    [LQ_WRONG_GHOST_SESSION] =
        {"ghost-session", "RI-6",
         "a login cut off while it waits leaves a session for whose end the next one waits"},
    [LQ_WRONG_ONE_TSIH_FOR_ALL] = {"one-tsih-for-all", "RI-10", "all sessions have the same TSIH"},
    [LQ_WRONG_LOGOUT_WITH_COMMANDS_UNANSWERED] =
        {"logout-with-commands-unanswered", "RI-6",
         "a logout of a session that has commands is not answered"},
    [LQ_WRONG_ONE_TM_RESPONSE_A_SESSION] =
        {"one-tm-response-a-session", "TM-9",
         "of two TM functions under way in a session one is never answered"},
    [LQ_WRONG_DIGEST_NOT_CHECKED] =
        {"digest-not-checked", "SEQ-15",
         "a PDU is taken whatever its header and data digests say"},
    [LQ_WRONG_DIGEST_ERROR_NOT_REJECTED] =
        {"digest-error-not-rejected", "SEQ-15",
         "a PDU with a wrong data digest is dropped without a word"},
    [LQ_WRONG_DIGEST_WITHOUT_PADDING] = {"digest-without-padding", "SEQ-14",
                                         "a data digest leaves the padding out"},
    [LQ_WRONG_HEADER_DIGEST_STALE] =
        {"header-digest-stale", "SEQ-14",
         "a header digest is computed before the PDU gets its numbers"},
    [LQ_WRONG_ABORT_STOPS_READ_HALF_WAY] =
        {"abort-stops-read-half-way", "SEQ-13",
         "an abort of a read whose data is on its way is told that there is no task, and stops"
         " it"},
    [LQ_WRONG_IMMEDIATE_ADVANCES_CMD_SN] = {"immediate-advances-cmd-sn", "SEQ-2",
                                            "an immediate command uses a CmdSN up"},
    [LQ_WRONG_TM_REFUSED_WITH_SCSI_STATUS] =
        {"tm-refused-with-scsi-status", "SEQ-7",
         "a TM function that is rejected gets a SCSI Response with BUSY"},
    [LQ_WRONG_UNKNOWN_KEY_IGNORED] = {"unknown-key-ignored", "SEQ-10",
                                      "a key that is not known gets no answer"},
    [LQ_WRONG_UNKNOWN_KEY_ECHOED] = {"unknown-key-echoed", "SEQ-10",
                                     "a key that is not known is answered with what was offered"},
    [LQ_WRONG_TEXT_IN_ONE_PIECE] =
        {"text-in-one-piece", "SEQ-5",
         "a text answer is sent in one PDU, whatever the initiator takes"},
    [LQ_WRONG_WINDOW_NOT_KEPT] = {"window-not-kept", "SEQ-16",
                                  "a command beyond MaxCmdSN is carried out at once"},
    [LQ_WRONG_WINDOW_ONE_TOO_WIDE] = {"window-one-too-wide", "SEQ-16",
                                      "the command behind MaxCmdSN is taken, too"},
    [LQ_WRONG_DUPLICATE_EXECUTED] =
        {"duplicate-executed", "SEQ-16",
         "a command whose CmdSN has been received is carried out once more"},
    [LQ_WRONG_TAG_IN_USE_ACCEPTED] =
        {"tag-in-use-accepted", "SEQ-7",
         "a command whose initiator task tag is in use becomes a task of its own"},
    [LQ_WRONG_FIRST_BURST_EXCEEDED] =
        {"first-burst-exceeded", "SEQ-17",
         "unsolicited data is taken beyond FirstBurstLength"},
    [LQ_WRONG_IMMEDIATE_DATA_UNASKED] =
        {"immediate-data-unasked", "SEQ-17",
         "immediate data is taken although ImmediateData is No"},
    [LQ_WRONG_ABORT_FORGETS_HOLE] =
        {"abort-forgets-hole", "SEQ-16",
         "a command that comes after its abort was answered is carried out"},
};
