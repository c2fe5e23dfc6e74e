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
    [LQ_WRONG_QUEUE_RUNS_ABORTED_COMMAND] =
        {"queue-runs-aborted-command", "TM-3",
         "An abort of a command that waits for its turn is answered, and later the command "
         "runs."},
    [LQ_WRONG_ABORTED_COMMAND_ENDS_TWICE] =
        {"aborted-command-ends-twice", "TM-8",
         "An aborted command in the store ends at the abort, and again when the store has done"
         " it."},
    [LQ_WRONG_HELD_ESCAPE_ABORT] =
        {"held-escape-abort", "TM-3",
         "Commands that are held for an orphan are passed over by TM functions."},
    [LQ_WRONG_SECOND_RESET_FINDS_NOTHING] =
        {"second-reset-finds-nothing", "TM-3",
         "A TM function does not wait for what another one has aborted already."},
    [LQ_WRONG_ABORT_BY_TAG_ALONE] =
        {"abort-by-tag-alone", "TM-3",
         "ABORT TASK takes the commands of all I_T nexuses that have the tag."},
    [LQ_WRONG_CLEAR_TASK_SET_ONLY_OWN] =
        {"clear-task-set-only-own", "TM-3",
         "CLEAR TASK SET clears the commands of its own I_T nexus only."},
    [LQ_WRONG_CLEAR_TELLS_EVERYBODY] =
        {"clear-tells-everybody", "UA-3",
         "CLEAR TASK SET tells I_T nexuses too that lost no command."},
    [LQ_WRONG_ATTENTIONS_BY_INITIATOR_NAME] =
        {"attentions-by-initiator-name", "UA-1",
         "Sessions of one initiator name share their unit attentions: one of them hears of a "
         "reset."},
    [LQ_WRONG_LUN_RESET_OF_ALL_UNITS] =
        {"lun-reset-of-all-units", "TM-3",
         "LOGICAL UNIT RESET aborts the commands of all logical units."},
    [LQ_WRONG_ABORT_TASK_SET_IGNORES_LUN] =
        {"abort-task-set-ignores-lun", "TM-3",
         "ABORT TASK SET aborts the I_T nexus's commands, and others', of all logical units."},
    [LQ_WRONG_TARGET_RESET_OF_ONE_UNIT] =
        {"target-reset-of-one-unit", "TM-3",
         "A target reset aborts the commands of the first logical unit only."},
    [LQ_WRONG_RESETS_WAIT_FOR_EACH_OTHER] =
        {"resets-wait-for-each-other", "TM-7",
         "Two TM functions under way on a logical unit wait for each other."},
    [LQ_WRONG_ABSENT_ABORT_STAYS] =
        {"absent-abort-stays", "TM-7",
         "An ABORT TASK that found nothing stays on a list, for whose end later functions "
         "wait."},
    [LQ_WRONG_ABORT_MISSES_DORMANT] =
        {"abort-misses-dormant", "TM-6",
         "ABORT TASK does not find a command that waits for its turn."},
    [LQ_WRONG_TM_COMPLETE_WITHOUT_UNIT] =
        {"tm-complete-without-unit", "TM-6",
         "A TM function for a logical unit that is not there is answered FUNCTION COMPLETE."},
    [LQ_WRONG_COLD_RESET_KEEPS_SESSIONS] = {"cold-reset-keeps-sessions", "TM-5",
                                            "TARGET COLD RESET leaves the connections open."},
    [LQ_WRONG_HEAD_OF_QUEUE_BEHIND_ORDERED] =
        {"head-of-queue-behind-ordered", "ORD-3",
         "A HEAD OF QUEUE command waits for older ORDERED ones."},
    [LQ_WRONG_HEAD_OF_QUEUE_NOT_COUNTED] = {"head-of-queue-not-counted", "ORD-3",
                                            "Younger commands do not wait for HEAD OF QUEUE ones."},
    [LQ_WRONG_ORDERED_AFTER_FIRST_END] =
        {"ordered-after-first-end", "ORD-1",
         "An ORDERED command begins when the first of several older ones has ended."},
    [LQ_WRONG_ORDERED_PASSES_ORDERED] =
        {"ordered-passes-ordered", "ORD-1",
         "An ORDERED command does not wait for older ORDERED ones."},
    [LQ_WRONG_ABORT_WAKES_NOBODY] =
        {"abort-wakes-nobody", "ORD-6",
         "The end of an aborted command lets none go on that waited for it."},
    [LQ_WRONG_NEXUS_INHERITS_ATTENTIONS] =
        {"nexus-inherits-attentions", "UA-3",
         "A new I_T nexus inherits the unit attentions of its slot's former name."},
    [LQ_WRONG_NEXUS_LOSS_TOLD_ON_ONE_UNIT] =
        {"nexus-loss-told-on-one-unit", "RI-4",
         "I_T NEXUS LOSS OCCURRED is told on the first logical unit only."},
    [LQ_WRONG_NEXUS_LOSS_HITS_OTHERS] =
        {"nexus-loss-hits-others", "RI-5",
         "The end of an I_T nexus aborts waiting commands of others too."},
    [LQ_WRONG_LOGIN_WAITS_FOR_STORE] =
        {"login-waits-for-store", "RI-6",
         "The end of a session waits for a hung store without bound, and so does the next "
         "login."},
    [LQ_WRONG_QUARANTINE_IGNORES_GRANULE] =
        {"quarantine-ignores-granule", "QUAR-5",
         "An orphan's extent is not rounded out to the store's write granularity."},
    [LQ_WRONG_QUARANTINE_OF_ONE_NEXUS] =
        {"quarantine-of-one-nexus", "QUAR-1",
         "Only the commands of an orphan's own I_T nexus are held for it."},
    [LQ_WRONG_CANCEL_TAKEN_FOR_END] =
        {"cancel-taken-for-end", "QUAR-4",
         "An orphan counts as ended when its request has been cancelled, which is only advice."},
    [LQ_WRONG_ORPHAN_NEVER_ENDS] =
        {"orphan-never-ends", "ACC-3",
         "The store's answer to an orphan is dropped: its slot and its extent are never free "
         "again."},
    [LQ_WRONG_HELD_GO_ON_AT_BOUND] =
        {"held-go-on-at-bound", "QUAR-2",
         "A command that was held for long goes on, where it should end BUSY."},
    [LQ_WRONG_UA_FIRST_COME] = {"ua-first-come", "UA-7",
                                "Unit attentions are told in the order in which they arose."},
    [LQ_WRONG_UA_TOLD_AGAIN] = {"ua-told-again", "UA-2",
                                "A unit attention that was reported stays pending."},
    [LQ_WRONG_REQUEST_SENSE_CLEARS_NOTHING] =
        {"request-sense-clears-nothing", "UA-2",
         "A unit attention that REQUEST SENSE returned stays pending."},
    [LQ_WRONG_INQUIRY_CLEARS_ATTENTIONS] = {"inquiry-clears-attentions", "UA-6",
                                            "INQUIRY drops the unit attentions that are pending."},
    [LQ_WRONG_ALLOCATION_LENGTH_IGNORED] =
        {"allocation-length-ignored", "SEQ-20",
         "INQUIRY and its like send all that they have, whatever the allocation length says."},
    [LQ_WRONG_WRITE_ERROR_AS_GOOD] = {"write-error-as-good", "DATA-1",
                                      "A write that the store could not do ends GOOD."},
    [LQ_WRONG_READ_ERROR_AS_GOOD] =
        {"read-error-as-good", "DATA-2",
         "A read that the store could not do ends GOOD, with what the buffer held before."},
    [LQ_WRONG_BUSY_AFTER_EFFECT] = {"busy-after-effect", "DATA-3",
                                    "Every eighth write ends BUSY although it was done."},
    [LQ_WRONG_FUA_IGNORED] = {"fua-ignored", "DUR-1",
                              "A write with FUA ends GOOD while it is in the volatile cache."},
    [LQ_WRONG_WRITE_CACHE_DENIED] =
        {"write-cache-denied", "DUR-1",
         "The caching mode page says WCE 0 over a store with a volatile cache."},
    [LQ_WRONG_SYNCHRONIZE_CACHE_DOES_NOTHING] =
        {"synchronize-cache-does-nothing", "DUR-2",
         "SYNCHRONIZE CACHE ends GOOD and nothing is flushed."},
    [LQ_WRONG_SYNCHRONIZE_CACHE_ONE_BLOCK] =
        {"synchronize-cache-one-block", "DUR-2",
         "SYNCHRONIZE CACHE flushes only the first block that it names."},
    [LQ_WRONG_SYNCHRONIZE_CACHE_JOINS_FLUSH] =
        {"synchronize-cache-joins-flush", "DUR-5",
         "SYNCHRONIZE CACHE ends GOOD at once while a flush is under way that began before it."},
    [LQ_WRONG_FAILED_FLUSH_FORGOTTEN] =
        {"failed-flush-forgotten", "DUR-6",
         "After a failed flush the next SYNCHRONIZE CACHE tries again and ends GOOD."},
    [LQ_WRONG_FLUSHES_OVERLAP] =
        {"flushes-overlap", "DUR-2",
         "A SYNCHRONIZE CACHE that is handed over while an older flush fails ends GOOD."},
    [LQ_WRONG_DISK_RESET_TELLS_NOBODY] =
        {"disk-reset-tells-nobody", "UA-1",
         "A store that was reset fails what was in it, and no initiator hears of the lost cache."},
    [LQ_WRONG_FLUSH_OUTLIVES_RESET] =
        {"flush-outlives-reset", "DUR-6",
         "SYNCHRONIZE CACHE that was at work when the store lost its cache ends well."},
    [LQ_WRONG_RESTART_TELLS_NOBODY] =
        {"restart-tells-nobody", "UA-1",
         "No POWER ON, RESET, OR BUS DEVICE RESET OCCURRED after the target has restarted."},
    [LQ_WRONG_RESTART_WITHOUT_FENCE] =
        {"restart-without-fence", "DUR-8",
         "The target serves again while requests from before its crash can still land."},
    [LQ_WRONG_QUARANTINE_WITHOUT_FENCE] =
        {"quarantine-without-fence", "DUR-8",
         "A TM function answers after --quarantine-after although its store cannot fence, so that "
         "a write can land after a restart whose abort was answered before."},
    [LQ_WRONG_ABORT_AND_LOSS_YIELD] =
        {"abort-and-loss-yield", "RI-6",
         "A command that is aborted when its I_T nexus is lost is left by each to the other: "
         "the loss never ends."},
    [LQ_WRONG_ABORT_ANSWERED_AFTER_MARKING] =
        {"abort-answered-after-marking", "TM-2",
         "ABORT TASK answers once its command is marked; it goes on in the store."},
    [LQ_WRONG_LOGOUT_DROPS_WAIT] =
        {"logout-drops-wait", "QUAR-3",
         "A logout neither awaits nor quarantines the commands in the store."},
    [LQ_WRONG_ABORT_TASK_NOT_SUPPORTED] = {"abort-task-not-supported", "TM-10",
                                           "ABORT TASK is called not supported."},
    [LQ_WRONG_TASK_SET_FUNCTIONS_NOT_SUPPORTED] =
        {"task-set-functions-not-supported", "TM-10",
         "ABORT TASK SET and CLEAR TASK SET are called not supported."},
    [LQ_WRONG_CLEAR_TASK_SET_REJECTED] = {"clear-task-set-rejected", "TM-10",
                                          "CLEAR TASK SET is rejected."},
    [LQ_WRONG_WRITE_OF_ONE_BLOCK_MORE] =
        {"write-of-one-block-more", "DATA-2",
         "Of 4 KiB blocks a write writes one too many, with what the buffer held before."},
    [LQ_WRONG_QUARANTINE_OF_ONE_UNIT] =
        {"quarantine-of-one-unit", "QUAR-1",
         "Only commands of the orphan's own logical unit are held, though others share its "
         "store."},
    [LQ_WRONG_RESIZE_TELLS_NOBODY] = {"resize-tells-nobody", "UA-1",
                                      "No CAPACITY DATA HAS CHANGED after a resize."},
    [LQ_WRONG_REMOVAL_FORGETS_STORE] =
        {"removal-forgets-store", "QUAR-3",
         "A logical unit is removed and its commands in the store are forgotten."},
    [LQ_WRONG_REMOVED_LUN_ANSWERS] = {"removed-lun-answers", "LUN-1",
                                      "A logical unit that was removed goes on answering."},
    [LQ_WRONG_ACCESS_FOR_NEWCOMERS] =
        {"access-for-newcomers", "LUN-2",
         "Write protection applies to I_T nexuses that are established after it only."},
    [LQ_WRONG_REPORT_LUNS_STALE] = {"report-luns-stale", "LUN-3",
                                    "REPORT LUNS goes on listing what was removed."},
    [LQ_WRONG_CHANGE_TOLD_TO_ONE] =
        {"change-told-to-one", "UA-1",
         "One I_T nexus is told that LUNs or a capacity have changed, the others never are."},
    [LQ_WRONG_FLUSH_PASSES_RESERVATION] =
        {"flush-passes-reservation", "PR-1",
         "SYNCHRONIZE CACHE does not look whether the unit is reserved."},
    [LQ_WRONG_EXCLUSIVE_ACCESS_LETS_READ] =
        {"exclusive-access-lets-read", "PR-1",
         "An exclusive access reservation keeps others from writing only."},
    [LQ_WRONG_UNREGISTERED_HOLD_ALL_REGISTRANTS] =
        {"unregistered-hold-all-registrants", "PR-1",
         "Who is not registered counts as a holder of an all registrants reservation."},
    [LQ_WRONG_CONFLICT_AS_GOOD] =
        {"conflict-as-good", "PR-1",
         "A command that conflicts with a reservation is dropped and ends GOOD."},
    [LQ_WRONG_REGISTRANTS_MAY_ONLY_READ_AND_WRITE] =
        {"registrants-may-only-read-and-write", "PR-2",
         "A registrants only reservation lets registrants read and write, and nothing "
         "else."},
    [LQ_WRONG_PREEMPT_ABORTS_NOBODY] =
        {"preempt-aborts-nobody", "PR-3",
         "PREEMPT AND ABORT aborts no command."},
    [LQ_WRONG_PREEMPT_ABORTS_ONLY_HOLDERS] =
        {"preempt-aborts-only-holders", "PR-3",
         "PREEMPT AND ABORT aborts the commands of the holder only, not those of other I_T "
         "nexuses with the key."},
    [LQ_WRONG_PREEMPT_ANSWERED_AFTER_MARKING] =
        {"preempt-answered-after-marking", "PR-3",
         "PREEMPT AND ABORT ends while commands that it aborted go on in the store."},
    [LQ_WRONG_REGISTER_KEEPS_GENERATION] =
        {"register-keeps-generation", "PR-4",
         "REGISTER does not raise PRGENERATION."},
    [LQ_WRONG_RESERVE_RAISES_GENERATION] =
        {"reserve-raises-generation", "PR-4",
         "RESERVE raises PRGENERATION."},
    [LQ_WRONG_KEY_ZERO_REGISTERS] =
        {"key-zero-registers", "PR-4",
         "REGISTER with key 0 does not unregister: the key becomes 0."},
    [LQ_WRONG_SPEC_I_PT_IGNORED] =
        {"spec-i-pt-ignored", "PR-4",
         "REGISTER with SPEC_I_PT registers only the I_T nexus that sent it."},
    [LQ_WRONG_MOVE_LEAVES_RESERVATION] =
        {"move-leaves-reservation", "PR-4",
         "REGISTER AND MOVE registers the other I_T nexus, and the reservation stays."},
    [LQ_WRONG_PREEMPT_SPARES_REGISTRATIONS] =
        {"preempt-spares-registrations", "PR-4",
         "PREEMPT takes the reservation and leaves the registrations that it should "
         "remove."},
    [LQ_WRONG_LAST_REGISTRANT_KEEPS_RESERVATION] =
        {"last-registrant-keeps-reservation", "PR-4",
         "An all registrants reservation stays when its last registrant is gone."},
    [LQ_WRONG_PERSISTENT_RELEASE_BY_ANYBODY] =
        {"persistent-release-by-anybody", "PR-4",
         "RELEASE by a registrant that is not the holder releases the reservation."},
    [LQ_WRONG_REGISTRATION_ENDS_WITH_NEXUS] =
        {"registration-ends-with-nexus", "PR-5",
         "A registration ends with the session of its I_T nexus."},
    [LQ_WRONG_RESET_DROPS_REGISTRATIONS] =
        {"reset-drops-registrations", "PR-5",
         "LOGICAL UNIT RESET removes registrations and reservation."},
    [LQ_WRONG_PREEMPT_TELLS_NOBODY] =
        {"preempt-tells-nobody", "PR-6",
         "PREEMPT tells nobody that his registration is gone."},
    [LQ_WRONG_CLEAR_TELLS_ISSUER] =
        {"clear-tells-issuer", "PR-6",
         "CLEAR tells the I_T nexus that asked for it, too."},
    [LQ_WRONG_RELEASE_TELLS_NOBODY] =
        {"release-tells-nobody", "PR-6",
         "RELEASE of a registrants only reservation tells nobody."},
    [LQ_WRONG_RELEASE_BY_ANYBODY] =
        {"release-by-anybody", "PR-7",
         "RELEASE(6) and RELEASE(10) of another I_T nexus release what RESERVE gave."},
    [LQ_WRONG_RESERVE_OUTLIVES_RESET] =
        {"reserve-outlives-reset", "PR-7",
         "What RESERVE gave survives a reset of the logical unit."},
    [LQ_WRONG_RESERVE_OUTLIVES_SESSION] =
        {"reserve-outlives-session", "PR-7",
         "What RESERVE gave stays when the session has been logged out."},
    [LQ_WRONG_ANY_KEY_REGISTERS] =
        {"any-key-registers", "PR-8",
         "PERSISTENT RESERVE OUT is carried out whatever its RESERVATION KEY is."},
    [LQ_WRONG_RANGE_CHECK_WRAPS] =
        {"range-check-wraps", "SEQ-18",
         "Blocks from the end of all addresses on wrap round to those at the beginning."},
    [LQ_WRONG_VERIFY_COMPARES_NOTHING] =
        {"verify-compares-nothing", "DATA-2",
         "VERIFY with BYTCHK ends GOOD whatever is on the medium."},
    [LQ_WRONG_WRITE_AND_VERIFY_STAYS_IN_CACHE] =
        {"write-and-verify-stays-in-cache", "DUR-1",
         "WRITE AND VERIFY leaves its data in the volatile cache, and verifies that."},
    [LQ_WRONG_MODE_SELECT_TELLS_NOBODY] =
        {"mode-select-tells-nobody", "UA-1",
         "MODE SELECT tells no other I_T nexus that mode parameters have changed."},
    [LQ_WRONG_RESET_KEEPS_MODES] =
        {"reset-keeps-modes", "MODE-3",
         "A reset leaves mode parameters as MODE SELECT has set them."},
    [LQ_WRONG_D_SENSE_IGNORED] =
        {"d-sense-ignored", "MODE-4", "Sense data is in fixed format although D_SENSE is 1."},
    [LQ_WRONG_SWP_IGNORED] =
        {"swp-ignored", "LUN-2", "Writes are carried out although SWP is 1."},
    [LQ_WRONG_WRITE_CACHE_STAYS] =
        {"write-cache-stays", "DUR-1",
         "With WCE 0 writes are still answered when they are in the cache."},
    [LQ_WRONG_MODE_SENSE_SHOWS_DEFAULTS] =
        {"mode-sense-shows-defaults", "MODE-1",
         "MODE SENSE shows default values, whatever MODE SELECT has set."},
    [LQ_WRONG_TST_IGNORED] =
        {"tst-ignored", "ORD-6", "All I_T nexuses share a task set although TST is 001b."},
    [LQ_WRONG_TASK_SETS_PER_NEXUS] =
        {"task-sets-per-nexus", "ORD-1",
         "Each I_T nexus has a task set of its own although TST is 000b."},
    [LQ_WRONG_TAS_IGNORED] =
        {"tas-ignored", "TM-4",
         "Commands that another I_T nexus aborts have no status although TAS is 1."},
    [LQ_WRONG_QERR_IGNORED] =
        {"qerr-ignored", "TM-11", "CHECK CONDITION aborts nothing, whatever QERR is."},
    [LQ_WRONG_QERR_SPARES_OTHERS] =
        {"qerr-spares-others", "TM-11",
         "With QERR 01b only commands of the faulted I_T nexus are aborted."},
    [LQ_WRONG_ACA_LETS_COMMANDS_IN] =
        {"aca-lets-commands-in", "ACA-1", "New commands are taken in spite of an ACA condition."},
    [LQ_WRONG_ACA_BLOCKS_NOTHING] =
        {"aca-blocks-nothing", "ACA-1",
         "Commands of a faulted task set go on in spite of its ACA condition."},
    [LQ_WRONG_NACA_IGNORED] =
        {"naca-ignored", "ACA-2", "CHECK CONDITION establishes no ACA condition for NACA 1."},
    [LQ_WRONG_CLEAR_ACA_BY_ANYBODY] =
        {"clear-aca-by-anybody", "ACA-3",
         "CLEAR ACA of another I_T nexus clears the condition of the faulted one."},
    [LQ_WRONG_QUERY_FINDS_NOTHING] =
        {"query-finds-nothing", "TM-12",
         "QUERY TASK and QUERY TASK SET say that no command is there."},
    [LQ_WRONG_QUERY_HIDES_EVENTS] =
        {"query-hides-events", "TM-12",
         "QUERY ASYNCHRONOUS EVENT says that nothing is pending."},
    [LQ_WRONG_NEXUS_RESET_SPARES_COMMANDS] =
        {"nexus-reset-spares-commands", "TM-3",
         "I_T NEXUS RESET is answered, and the commands of its I_T nexus go on."},
    [LQ_WRONG_MODE_SELECT_FORGOTTEN] =
        {"mode-select-forgotten", "MODE-2", "MODE SELECT ends GOOD and changes nothing."},
    [LQ_WRONG_COMPARE_AND_WRITE_NOT_ATOMIC] =
        {"compare-and-write-not-atomic", "DATA-4",
         "Other commands use the blocks of COMPARE AND WRITE between comparison and write."},
    [LQ_WRONG_COMPARE_AND_WRITE_WRITES_ANYWAY] =
        {"compare-and-write-writes-anyway", "DATA-2",
         "COMPARE AND WRITE writes and ends GOOD, whatever is on the medium."},
    [LQ_WRONG_WRITE_SAME_WRITES_ONE_BLOCK] =
        {"write-same-writes-one-block", "DATA-1",
         "WRITE SAME writes the first of its blocks and ends GOOD."},
    [LQ_WRONG_UNMAP_DOES_NOTHING] =
        {"unmap-does-nothing", "DATA-1", "UNMAP ends GOOD and leaves everything as it is."},
    [LQ_WRONG_UNMAP_TAKES_A_NEIGHBOUR] =
        {"unmap-takes-a-neighbour", "DATA-1",
         "UNMAP unmaps the block behind its last one as well."},
    [LQ_WRONG_SAVE_SKIPPED] = {"save-skipped", "PR-9",
                               "APTPL is answered GOOD, and nothing is saved."},
    [LQ_WRONG_FAILED_SAVE_AS_GOOD] = {"failed-save-as-good", "PR-9",
                                      "A record that could not be saved counts as saved."},
    [LQ_WRONG_RECORD_LEFT_IN_CACHE] = {"record-left-in-cache", "PR-9",
                                       "The record is saved into a volatile cache."},
    [LQ_WRONG_RECORD_CHECKSUM_IGNORED] = {"record-checksum-ignored", "PR-9",
                                          "A torn record counts as whole after power on."},
    [LQ_WRONG_RECORD_IN_ONE_SLOT] = {"record-in-one-slot", "PR-9",
                                     "A record is saved over the one before it."},
    [LQ_WRONG_KEPT_WITHOUT_APTPL] = {"kept-without-aptpl", "PR-9",
                                     "Registrations are there after power on although APTPL was "
                                     "0."},
};
