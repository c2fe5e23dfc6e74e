/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wrongs.h"

const struct lq_wrong lq_core_wrongs[LQ_CORE_WRONGS] = {
    [LQ_WRONG_ORDERED_AS_SIMPLE] = {"ordered-as-simple", "ORD-1",
                                    "An ORDERED command is enabled as if it were SIMPLE."},
    [LQ_WRONG_SIMPLE_OVERTAKES_ORDERED] = {"simple-overtakes-ordered", "ORD-2",
                                           "A SIMPLE command passes an ORDERED one that waits."},
    [LQ_WRONG_ORDERED_WAITS_FOR_DISPATCH] =
        {"ordered-waits-for-dispatch", "ORD-1",
         "ORDERED waits until older commands are in the store, not until they have ended."},
    [LQ_WRONG_HEAD_OF_QUEUE_WAITS] = {"head-of-queue-waits", "ORD-3",
                                      "A HEAD OF QUEUE command waits as a SIMPLE one does."},
    [LQ_WRONG_ENTERS_AFTER_DATA_OUT] =
        {"enters-after-data-out", "ORD-4",
         "A command enters the task set only when its Data-Out is complete."},
    [LQ_WRONG_TM_ANSWERED_AFTER_MARKING] =
        {"tm-answered-after-marking", "TM-2",
         "A TM function answers once its commands are marked; those in the store go on."},
    [LQ_WRONG_ABORTED_COMMAND_ANSWERS] =
        {"aborted-command-answers", "TM-1",
         "A command that was in the store when it was aborted still sends its status."},
    [LQ_WRONG_RESET_FORGETS_DATA_WAITERS] =
        {"reset-forgets-data-waiters", "TM-3",
         "LOGICAL UNIT RESET passes over commands that wait for Data-Out."},
    [LQ_WRONG_SECOND_TM_OVERWRITES_WAITER] =
        {"second-tm-overwrites-waiter", "TM-7",
         "A second TM function on a command takes the place of the first, which stays unanswered."},
    [LQ_WRONG_RESET_HANGS_BEHIND_STORE] = {"reset-hangs-behind-store", "TM-7",
                                           "A TM function waits for a hung store without bound."},
    [LQ_WRONG_ABORT_TASK_SET_HITS_EVERYBODY] =
        {"abort-task-set-hits-everybody", "TM-3",
         "ABORT TASK SET aborts the commands of other I_T nexuses too."},
    [LQ_WRONG_NEXUS_LOSS_DROPS_WAIT] =
        {"nexus-loss-drops-wait", "QUAR-3",
         "Nexus loss forgets the commands in the store: neither awaited nor quarantined."},
    [LQ_WRONG_NEXUS_LOSS_TELLS_NOBODY] = {"nexus-loss-tells-nobody", "RI-4",
                                          "No I_T NEXUS LOSS OCCURRED after a nexus loss."},
    [LQ_WRONG_QUARANTINE_FORGETS_BLOCK] = {"quarantine-forgets-block", "QUAR-1",
                                           "The last block of an orphan's extent is not held."},
    [LQ_WRONG_HELD_FOR_EVER] = {"held-for-ever", "QUAR-2",
                                "A command held for an orphan is never answered BUSY."},
    [LQ_WRONG_UA_ONLY_TO_ISSUER] = {"ua-only-to-issuer", "UA-1",
                                    "A reset tells only the I_T nexus that asked for it."},
    [LQ_WRONG_UA_LIST_DROPPED] = {"ua-list-dropped", "UA-6",
                                  "Reporting one unit attention drops the others."},
    [LQ_WRONG_UA_NOT_PUT_BACK] = {"ua-not-put-back", "UA-5",
                                  "A unit attention whose status was lost is forgotten."},
    [LQ_WRONG_UA_HITS_INQUIRY] = {"ua-hits-inquiry", "UA-4",
                                  "INQUIRY, REPORT LUNS and REQUEST SENSE report unit attentions."},
    [LQ_WRONG_TASK_LEAKED_AT_ABORT] = {"task-leaked-at-abort", "ACC-1",
                                       "The slot of an aborted waiting command is never freed."},
};
