/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/property.h"

#include <string.h>

#include "conformance/judges/judge.h"

/* Documents: SAM-5 is T10/BSR INCITS 515 r21, SPC-5 502 r22, SBC-4 506 r22. */
const struct lq_property lq_property_table[] = {
    [P_DATA_1] =
        {"DATA-1", "data-no-stale-read", "SBC-4 r22 4.2", "data",
         "A read never returns content that a write which ended before the read began had "
         "replaced."},
    [P_DATA_2] =
        {"DATA-2", "data-only-written-content", "SBC-4 r22 4.2", "data",
         "A read returns only content that was written to that block, or its initial content."},
    [P_DATA_3] =
        {"DATA-3", "data-no-effect-means-none", "SAM-5 r21 5.3.1", "data",
         "A write that ended BUSY, TASK SET FULL, RESERVATION CONFLICT, UNIT ATTENTION or "
         "ILLEGAL REQUEST has changed nothing."},
    [P_DATA_4] = {"DATA-4", "compare-and-write-atomic", "SBC-4 r22 5.3", "data",
                  "Nothing comes in between the comparison and the write of COMPARE AND WRITE."},
    [P_ORD_1] =
        {"ORD-1", "ordered-waits-for-older", "SAM-5 r21 8.6.3", "order",
         "An ORDERED command is enabled only when every older command of its task set has "
         "ended."},
    [P_ORD_2] =
        {"ORD-2", "nothing-overtakes-ordered", "SAM-5 r21 8.6.2", "order",
         "A SIMPLE or ORDERED command is not enabled before an older ORDERED command has "
         "ended."},
    [P_ORD_3] =
        {"ORD-3", "head-of-queue-first", "SAM-5 r21 8.6.4", "order",
         "A HEAD OF QUEUE command waits for no other, and no younger SIMPLE or ORDERED one is "
         "enabled before it has ended."},
    [P_ORD_4] =
        {"ORD-4", "entry-on-receipt", "SAM-5 r21 5.4.2.3; RFC 7143 4.2.2.1", "order",
         "Commands of an I_T nexus enter a task set in the order in which they were received."},
    [P_ORD_5] =
        {"ORD-5", "ordered-reaches-store-last", "SAM-5 r21 8.6.3", "order",
         "No store request of an ORDERED command is submitted while one of an older command is"
         " out, nor one of a younger command before the ORDERED one has ended."},
    [P_ORD_6] =
        {"ORD-6", "oldest-is-enabled", "SAM-5 r21 8.6", "order",
         "The oldest command of a task set does not wait for its turn."},
    [P_TM_1] =
        {"TM-1", "tm-silence", "RFC 7143 11.5.1; SAM-5 r21 7.2", "tm",
         "After the answer to a TM function its session sees no data, R2T or status of a "
         "command that it aborted."},
    [P_TM_2] =
        {"TM-2", "tm-no-late-effect", "SAM-5 r21 7.2, 5.5", "data",
         "An aborted write takes effect before the answer to the TM function, or never."},
    [P_TM_3] =
        {"TM-3", "tm-scope", "SAM-5 r21 7.2 to 7.7", "tm",
         "A TM function ends every command inside its scope before it is answered, and none "
         "outside."},
    [P_TM_4] =
        {"TM-4", "task-aborted-as-tas-says", "SPC-5 r22 7.5.10; SAM-5 r21 5.3.1", "faulted",
         "A command that another I_T nexus aborts ends with TASK ABORTED when TAS is 1, and no "
         "other command does."},
    [P_TM_5] =
        {"TM-5", "cold-reset-closes", "RFC 7143 11.5.1", "tm",
         "After the answer to TARGET COLD RESET no command of a session from before it is "
         "received: its connection is closed."},
    [P_TM_6] =
        {"TM-6", "tm-honest-answer", "RFC 7143 11.6.1", "tm",
         "The answer to a TM function says what was so: no absent task that is there, no "
         "success on a logical unit that is not."},
    [P_TM_7] =
        {"TM-7", "tm-answered-in-time", "docs/ARCHITECTURE.md, quarantine", "tm",
         "A TM function is answered within quarantine_after even while a store hangs."},
    [P_TM_8] =
        {"TM-8", "task-ends-once", "SAM-5 r21 5.4.1", "tm",
         "Every command ends exactly once."},
    [P_TM_9] =
        {"TM-9", "tm-answer-sent", "RFC 7143 11.6", "tm",
         "What a TM function was answered is sent to its initiator before a logout of its session"
         " is answered."},
    [P_TM_10] =
        {"TM-10", "tm-supported", "SAM-5 r21 7.2, 7.3, 7.5, 7.7", "tm",
         "ABORT TASK, ABORT TASK SET, CLEAR TASK SET and LOGICAL UNIT RESET are carried out, not "
         "called unsupported."},
    [P_TM_11] =
        {"TM-11", "check-condition-as-qerr-says", "SPC-5 r22 7.5.10", "faulted",
         "A CHECK CONDITION aborts those commands of its task set that QERR says, before it is "
         "sent, and no others."},
    [P_TM_12] =
        {"TM-12", "query-honest", "SAM-5 r21 7.9 to 7.11; RFC 7144", "tm",
         "A query is told of a command that is in the task set, or of an event that is pending, "
         "and of none that is not."},
    [P_RI_1] =
        {"RI-1", "old-session-silent", "RFC 7143 6.3.5", "reinstate",
         "After the success of a reinstating login the old session sends nothing."},
    [P_RI_2] =
        {"RI-2", "nexus-no-late-effect", "RFC 7143 6.3.5; SAM-5 r21 6.3.4", "data",
         "A write of a session that was reinstated or logged out takes effect before the login"
         " or logout is answered, or never."},
    [P_RI_3] =
        {"RI-3", "one-session-per-nexus", "RFC 7143 4.4.1", "reinstate",
         "At every instant an I_T nexus has at most one session."},
    [P_RI_4] =
        {"RI-4", "nexus-loss-told-once", "SAM-5 r21 5.14, 6.3.4; RFC 7143 6.3.5.1", "ua",
         "After a nexus loss the first eligible command of the new session reports I_T NEXUS "
         "LOSS OCCURRED, once."},
    [P_RI_5] =
        {"RI-5", "nexus-loss-disturbs-nobody", "SAM-5 r21 6.3.4", "reinstate",
         "Loss, logout or reinstatement of one I_T nexus ends no command of another."},
    [P_RI_6] =
        {"RI-6", "login-in-time", "docs/ARCHITECTURE.md, quarantine", "reinstate",
         "A login or logout is answered within its bound even while a store hangs."},
    [P_RI_8] =
        {"RI-8", "logout-fence", "RFC 7143 11.14; SAM-5 r21 6.3.4", "reinstate",
         "A logout is answered only when no command of the session is left but orphans."},
    [P_RI_9] =
        {"RI-9", "stalled-login-ends", "RFC 7143 7.1, 10.1.3", "connection",
         "A connection whose login does not end is closed by the target within its login timeout."},
    [P_RI_10] =
        {"RI-10", "session-handles-differ", "RFC 7143 4.4.3", "connection",
         "TSIHs are not 0, and those of an initiator's sessions with a target all differ."},
    [P_QUAR_1] =
        {"QUAR-1", "orphan-extent-untouched", "docs/ARCHITECTURE.md, quarantine", "quarantine",
         "While an orphan's fate is open nothing that overlaps its extent, rounded out to the "
         "write granularity, reaches the store."},
    [P_QUAR_2] =
        {"QUAR-2", "held-commands-end", "docs/ARCHITECTURE.md, quarantine", "quarantine",
         "A held command ends BUSY within busy_after or goes on after the orphan's end, not "
         "before."},
    [P_QUAR_3] =
        {"QUAR-3", "no-request-forgotten", "docs/ARCHITECTURE.md, quarantine", "quarantine",
         "When a trigger is answered, every store request of its commands has ended or is an "
         "orphan."},
    [P_QUAR_4] =
        {"QUAR-4", "orphan-keeps-slot", "docs/ARCHITECTURE.md, quarantine", "quarantine",
         "An orphan lasts exactly as long as its store request, and its slot is not freed "
         "before."},
    [P_QUAR_5] =
        {"QUAR-5", "orphan-extent-rounded-out", "docs/ARCHITECTURE.md, quarantine", "quarantine",
         "The extent of an orphan covers its request, rounded out to the store's write "
         "granularity."},
    [P_UA_1] =
        {"UA-1", "ua-told-to-all", "SAM-5 r21 5.14, 7.3, 7.5, 7.7; SPC-5 r22 7.5.11", "ua",
         "Every I_T nexus that must hear of a reset or of cleared commands gets its unit "
         "attention."},
    [P_UA_2] =
        {"UA-2", "ua-told-once", "SAM-5 r21 5.14", "ua",
         "A unit attention is reported once for each time it was established."},
    [P_UA_3] =
        {"UA-3", "ua-not-to-others", "SAM-5 r21 5.14", "ua",
         "No I_T nexus gets a unit attention that nothing explains."},
    [P_UA_4] =
        {"UA-4", "ua-exempt-commands", "SAM-5 r21 5.14; SPC-5 r22 6.7, 6.33, 6.39", "ua",
         "INQUIRY, REPORT LUNS and REQUEST SENSE do not end CHECK CONDITION for a unit "
         "attention."},
    [P_UA_5] =
        {"UA-5", "ua-put-back", "SAM-5 r21 5.14", "ua",
         "A unit attention whose status was lost is reported again."},
    [P_UA_6] =
        {"UA-6", "ua-none-dropped", "SAM-5 r21 5.14", "ua",
         "Reporting one unit attention drops no other."},
    [P_UA_7] =
        {"UA-7", "ua-precedence", "SAM-4 r14 5.14", "ua",
         "Of several unit attentions the one of highest precedence is reported first."},
    [P_SEQ_1] =
        {"SEQ-1", "stat-sn-counts", "RFC 7143 4.2.2.2", "sequence",
         "StatSN goes up by one with each PDU that carries status, and only then."},
    [P_SEQ_2] =
        {"SEQ-2", "command-window-monotone", "RFC 7143 4.2.2.1", "sequence",
         "ExpCmdSN and MaxCmdSN never go back, the window is never negative, and ExpCmdSN "
         "tells what has been received."},
    [P_SEQ_3] =
        {"SEQ-3", "data-sn-contiguous", "RFC 7143 4.2.2.3, 11.7.5, 11.8.3", "sequence",
         "DataSN and R2TSN of a command count from 0 without holes."},
    [P_SEQ_4] =
        {"SEQ-4", "data-offsets-contiguous", "RFC 7143 11.7.3, 11.8.4", "sequence",
         "Data-In and R2T cover the data in order, without gap or overlap, within the expected"
         " length."},
    [P_SEQ_5] =
        {"SEQ-5", "negotiated-limits", "RFC 7143 13.10 to 13.18", "sequence",
         "The target keeps the negotiated limits of segments, bursts and outstanding R2Ts."},
    [P_SEQ_6] =
        {"SEQ-6", "residuals", "RFC 7143 11.4.5", "sequence",
         "Residual counts are the difference between what was expected and what the command "
         "defines."},
    [P_SEQ_7] =
        {"SEQ-7", "one-status-per-task", "RFC 7143 11.4, 4.2.2.1", "sequence",
         "A task gets one status, and nothing is sent for a task that is not there."},
    [P_SEQ_8] =
        {"SEQ-8", "transfer-tags-unique", "RFC 7143 11.8.5", "sequence",
         "The Target Transfer Tags of outstanding R2Ts are all different."},
    [P_SEQ_9] =
        {"SEQ-9", "sense-well-formed", "SPC-5 r22 4.5; RFC 7143 11.4.7", "sequence",
         "CHECK CONDITION carries well-formed sense data."},
    [P_SEQ_10] =
        {"SEQ-10", "login-answers", "RFC 7143 6.1, 6.2, 11.13", "sequence",
         "Every key of a login is answered once and within what was offered."},
    [P_SEQ_11] =
        {"SEQ-11", "write-has-its-own-data", "RFC 7143 11.7.4, 11.8.5", "sequence",
         "A write ends GOOD only after all of its data arrived under its own tags."},
    [P_SEQ_12] =
        {"SEQ-12", "pdu-well-formed", "RFC 7143 11", "sequence",
         "The target sends only PDUs whose opcode, lengths and fixed fields are legal, and "
         "only in their phase."},
    [P_SEQ_13] =
        {"SEQ-13", "status-as-ended", "SAM-5 r21 5.4.2.5", "sequence",
         "An initiator receives the status and sense with which its command ended."},
    [P_SEQ_14] =
        {"SEQ-14", "digests-right", "RFC 7143 11.1, 13.1", "digests",
         "What the target sends carries the digests that were negotiated, and they are right."},
    [P_SEQ_15] =
        {"SEQ-15", "broken-pdu-without-effect", "RFC 7143 7.8", "digests",
         "Nothing comes of a PDU whose digest is wrong, and a wrong data digest is rejected."},
    [P_SEQ_16] =
        {"SEQ-16", "outside-window-ignored", "RFC 7143 4.2.2.1", "connection",
         "A request outside of the window, or one that had been received, gets no answer."},
    [P_SEQ_17] =
        {"SEQ-17", "unsolicited-data-bounded", "RFC 7143 4.2.5.3, 13.10, 13.11, 13.14", "sequence",
         "A write with more unsolicited data than was agreed does not end GOOD."},
    [P_SEQ_18] =
        {"SEQ-18", "blocks-in-range", "SBC-3 5.8", "sequence",
         "A READ or WRITE of blocks beyond the capacity does not end GOOD."},
    [P_SEQ_20] =
        {"SEQ-20", "allocation-length-kept", "SPC-5 r22 4.2.5.6", "sequence",
         "A command that has an allocation length sends no more Data-In than that."},
    [P_DUR_1] =
        {"DUR-1", "forced-write-survives", "SBC-3 4.15, 6.5.5", "durable",
         "A write with FUA, or any write where WCE is 0, survives a loss of power once it has "
         "ended GOOD."},
    [P_DUR_2] =
        {"DUR-2", "synchronized-write-survives", "SBC-3 4.15, 5.24", "durable",
         "A write that had ended GOOD before a SYNCHRONIZE CACHE over its blocks was sent survives "
         "a loss of power once that has ended GOOD."},
    [P_DUR_3] =
        {"DUR-3", "no-flip-after-power-loss", "SBC-4 r22 4.2; SBC-3 4.15", "durable",
         "What a read returned after a loss of power stays until the block is written again, over "
         "further losses too."},
    [P_DUR_4] =
        {"DUR-4", "no-torn-block", "SBC-4 r22 4.2, 4.6", "data",
         "After a loss of power each block has whole content that was written to it, or that it "
         "had before."},
    [P_DUR_5] =
        {"DUR-5", "flush-before-answer", "SBC-3 5.24", "durable",
         "SYNCHRONIZE CACHE ends GOOD only after a flush of its store that began after it was "
         "received has succeeded."},
    [P_DUR_6] =
        {"DUR-6", "no-silent-loss", "SBC-3 4.15, 5.24", "durable",
         "Once a SYNCHRONIZE CACHE has failed, or a store has lost its cache, no later GOOD claims "
         "that the lost data is safe."},
    [P_DUR_8] =
        {"DUR-8", "restart-fences-old-writes", "docs/ARCHITECTURE.md, restarts", "data",
         "A write that was on its way when its target ended takes effect before the target serves "
         "again, or never; on a store that cannot fence one does so whose abort was answered."},
    [P_LUN_1] =
        {"LUN-1", "removed-lun-is-silent", "SAM-5 r21 5.11; SPC-5 r22 6.7.2", "luns",
         "No command that was received after its logical unit had been removed, or waited for its "
         "turn then, ends GOOD."},
    [P_LUN_2] =
        {"LUN-2", "write-protection-at-once", "SBC-4 r22 4.12; docs/ARCHITECTURE.md, admin events",
         "luns", "No write begins once its logical unit is write protected."},
    [P_LUN_3] =
        {"LUN-3", "report-luns-as-it-is", "SPC-5 r22 6.33", "luns",
         "REPORT LUNS lists the logical units that are there, all of them and no other."},
    [P_ACA_1] =
        {"ACA-1", "aca-blocks", "SAM-5 r21 5.9", "aca",
         "While an ACA condition is there, no command of the faulted task set is taken, begins or "
         "ends but those with the ACA attribute and PREEMPT AND ABORT."},
    [P_ACA_2] =
        {"ACA-2", "aca-by-naca", "SAM-5 r21 5.2, 5.9", "aca",
         "CHECK CONDITION for a command with NACA 1 establishes an ACA condition, and ACA ACTIVE "
         "is said only where there is one."},
    [P_ACA_3] =
        {"ACA-3", "clear-aca-by-the-faulted", "SAM-5 r21 5.9, 7.4", "aca",
         "CLEAR ACA is not carried out for an I_T nexus when the condition is another one's."},
    [P_MODE_1] =
        {"MODE-1", "mode-sense-as-it-is", "SPC-5 r22 6.14, 7.5.10; SBC-4 r22 6.5.6", "modes",
         "MODE SENSE shows the mode parameters that hold."},
    [P_MODE_2] =
        {"MODE-2", "mode-select-holds", "SPC-5 r22 6.9", "modes",
         "After a MODE SELECT that ended GOOD its mode parameters hold."},
    [P_MODE_3] =
        {"MODE-3", "reset-restores-modes", "SAM-5 r21 6.3.3; SPC-5 r22 7.5", "modes",
         "After a reset mode parameters are what they were before any MODE SELECT."},
    [P_MODE_4] =
        {"MODE-4", "sense-format-as-asked", "SPC-5 r22 4.4, 7.5.10", "modes",
         "Sense data is in descriptor format when D_SENSE is 1, in fixed format when it is 0."},
    [P_PR_1] =
        {"PR-1", "reservation-fence", "SPC-4 r36f 5.13.1, t65; SBC-4 t13",
         "reservation",
         "No command is carried out for an I_T nexus that a persistent reservation keeps "
         "out."},
    [P_PR_2] =
        {"PR-2", "no-false-conflict", "SPC-4 r36f 5.13.1, t65; SBC-4 t13",
         "reservation",
         "No command ends RESERVATION CONFLICT that no reservation keeps out."},
    [P_PR_3] =
        {"PR-3", "preempt-fence", "SPC-4 r36f 5.13.11.2.6",
         "reservation",
         "When PREEMPT AND ABORT ends, every older command of the preempted I_T nexuses has "
         "ended, and no other was aborted."},
    [P_PR_4] =
        {"PR-4", "reservations-as-they-are", "SPC-4 r36f 5.13.5 to 5.13.11, 6.15",
         "reservation",
         "PERSISTENT RESERVE IN tells the keys, the reservation and the PRGENERATION that "
         "the requests before it made."},
    [P_PR_5] =
        {"PR-5", "registrations-survive", "SPC-4 r36f 5.13.1, 5.13.5",
         "reservation",
         "Registrations and reservations survive the end of an I_T nexus and resets of the "
         "logical unit."},
    [P_PR_6] =
        {"PR-6", "reservations-told", "SPC-4 r36f 5.13.11, 7.5.8",
         "reservation",
         "Whose registration or reservation was taken away, and nobody else, is told by a "
         "unit attention, once."},
    [P_PR_7] =
        {"PR-7", "reserve-and-release", "SPC-2 r20 7.16, 7.21; SPC-4 r36f 5.13.3",
         "reservation",
         "RESERVE keeps all other I_T nexuses out until its own releases it, logs out, or "
         "the logical unit is reset."},
    [P_PR_8] =
        {"PR-8", "persistent-reserve-out-honest", "SPC-4 r36f 5.13.7 to 5.13.11, t66",
         "reservation",
         "PERSISTENT RESERVE OUT succeeds or conflicts as keys, types and registrations say."},
    [P_PR_9] =
        {"PR-9", "aptpl-survives-power-loss", "SPC-4 r36f 5.13.5, 6.16.3",
         "reservation",
         "After a loss of power what was registered and reserved is there when the newest "
         "registering had APTPL 1, and is not when it had 0."},
    [P_LIVE_1] =
        {"LIVE-1", "command-ends", "docs/ARCHITECTURE.md, phases of a run", "liveness",
         "Every command ends, or is given up for a known cause, within the liveness bound."},
    [P_LIVE_2] =
        {"LIVE-2", "tm-ends", "docs/ARCHITECTURE.md, phases of a run", "liveness",
         "Every TM function is answered unless its connection is gone."},
    [P_LIVE_3] =
        {"LIVE-3", "login-ends", "docs/ARCHITECTURE.md, phases of a run", "liveness",
         "Every login ends unless its connection is gone."},
    [P_LIVE_4] =
        {"LIVE-4", "logout-ends", "docs/ARCHITECTURE.md, phases of a run", "liveness",
         "Every logout is answered unless its connection is gone."},
    [P_LIVE_5] =
        {"LIVE-5", "given-up-for-a-cause", "docs/ARCHITECTURE.md, phases of a run", "liveness",
         "An initiator gives up a command only for a known cause."},
    [P_LIVE_6] =
        {"LIVE-6", "ping-answered", "RFC 7143 11.18, 11.19", "connection",
         "Every ping is answered before the logout that follows it."},
    [P_LIVE_7] =
        {"LIVE-7", "connection-outlives-noise", "RFC 7143 4.2.2.1, 11.5.1", "connection",
         "The target does not close a connection for a PDU that it must ignore."},
    [P_ACC_1] =
        {"ACC-1", "slots-come-back", "docs/ARCHITECTURE.md, judges", "accounting",
         "Every command that was received has ended and its slot is free again at the end."},
    [P_ACC_2] =
        {"ACC-2", "pools-full", "docs/ARCHITECTURE.md, judges", "accounting",
         "Every pool is full at the end."},
    [P_ACC_3] =
        {"ACC-3", "orphans-end", "docs/ARCHITECTURE.md, judges", "accounting",
         "Every orphan has ended, or its request is still in the store."},
    [P_FRAME_1] =
        {"FRAME-1", "frames-well-formed", "FC-BB-6 7.7; FC-FS-4 9", "frames",
         "A frame has the form, the CRC, the start and the end that its place in its sequence "
         "asks for."},
    [P_FRAME_2] =
        {"FRAME-2", "frames-of-open-exchanges", "FC-FS-4, exchanges; FCP-4 4.9", "frames",
         "An information unit belongs to an exchange that its initiator has begun, under one "
         "RX_ID."},
    [P_FRAME_3] =
        {"FRAME-3", "sequence-counts", "FC-FS-4, SEQ_CNT", "frames",
         "The frames of a sequence count by one and end before another sequence of the "
         "exchange begins."},
    [P_FRAME_4] =
        {"FRAME-4", "frame-data-in-order", "FCP-4 9.4", "frames",
         "FCP_DATA follows without gap, within FCP_DL, only where the command reads."},
    [P_FRAME_5] =
        {"FRAME-5", "transfer-ready-in-turn", "FCP-4 9.3", "frames",
         "FCP_XFER_RDY asks for what comes next, within FCP_DL, when all that was asked for "
         "has come."},
    [P_FRAME_6] =
        {"FRAME-6", "response-once-and-last", "FCP-4 9.5", "frames",
         "An exchange has one FCP_RSP, and nothing follows it but what SRR asks for."},
    [P_FRAME_7] =
        {"FRAME-7", "ended-exchange-silent", "FCP-4 12.3.2; SAM-5 r21 7.2", "frames",
         "Nothing of an exchange follows BA_ACC, the answer to a TM function, or the login or "
         "logout that ended it."},
    [P_FRAME_8] =
        {"FRAME-8", "abort-answered-when-quiet", "FCP-4 12.3.2; SAM-5 r21 7.2", "frames",
         "BA_ACC comes when the aborted command can do no more harm."},
    [P_FRAME_9] =
        {"FRAME-9", "frame-residuals", "FCP-4 9.5.8", "frames",
         "Status GOOD comes behind all data, and the residual is what was not transferred."},
    [P_FRAME_10] =
        {"FRAME-10", "commands-need-a-login", "FCP-4 6.3", "frames",
         "A command is carried out only for an N_Port that has a process login."},
    [P_FRAME_11] =
        {"FRAME-11", "link-service-answered-once", "FC-LS-3 4", "frames",
         "A link service request gets one answer, and nothing else gets one."},
    [P_FRAME_12] =
        {"FRAME-12", "recovery-from-offset", "FCP-4, SRR", "frames",
         "What an SRR asks for again comes from the offset that it said."},
    [P_FRAME_13] =
        {"FRAME-13", "fabric-tells-of-changes", "FC-LS-3, RSCN, SCR", "frames",
         "An N_Port that has asked for state change notification is told of each N_Port that "
         "registers."},
    [P_FRAME_14] =
        {"FRAME-14", "asked-again-is-sent", "FCP-4, SRR", "frames",
         "What an accepted SRR asked for is sent."},
    [P_FRAME_15] =
        {"FRAME-15", "exchange-identity-held", "FC-FS-4, Recovery Qualifier", "frames",
         "The RX_ID of an aborted exchange is not used again before R_A_TOV has passed or RRQ "
         "was accepted."},
};

const uint32_t lq_property_count = LQ_PROPERTIES;

uint32_t lq_property_find(const char *id)
{
    for (uint32_t i = 0; i < LQ_PROPERTIES; i++)
        if (strcmp(lq_property_table[i].id, id) == 0)
            return i;
    return LQ_NO_PROPERTY;
}

/* Those that only iSCSI's PDUs show. */
static const uint8_t of_iscsi[] = {
    P_TM_1,  P_TM_5,  P_TM_9,  P_RI_1,  P_RI_8,   P_RI_9,   P_RI_10,  P_SEQ_1,  P_SEQ_2,  P_SEQ_3,
    P_SEQ_4, P_SEQ_5, P_SEQ_6, P_SEQ_7, P_SEQ_8,  P_SEQ_9,  P_SEQ_10, P_SEQ_11, P_SEQ_12, P_SEQ_14,
    P_SEQ_15, P_SEQ_16, P_SEQ_17, P_SEQ_18, P_SEQ_20, P_MODE_1, P_MODE_2, P_MODE_4, P_LIVE_6,
    P_LIVE_7};

const char *lq_property_transport(uint32_t property)
{
    if (strcmp(lq_property_table[property].judge, "frames") == 0)
        return "fcp";
    for (uint32_t i = 0; i < sizeof of_iscsi / sizeof of_iscsi[0]; i++)
        if (of_iscsi[i] == property)
            return "iscsi";
    return NULL;
}
