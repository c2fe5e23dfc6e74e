/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WRITE A is held in the store; then its nexus aborts it, resets, logs out, vanishes or is
 * reinstated; then WRITE B goes to the same blocks; then A is released.
 *
 * Judged by what an initiator sees and by the store's final content:
 *   safe    B, once acknowledged with GOOD, is not overwritten by A [SAM-5 5.3, 7.1: a task that
 *           was aborted has no effect after the function completed]
 *   live    each answer, each login and the end of each held command come within the target's
 *           own bounds plus HELD_SLACK_MS although A is still held
 * Each event runs twice: A held until B ends BUSY, and A released while B waits.
 */
#include "conformance/suites/held_session.h"
#include "conformance/suites/held_test.h"

#include <string.h>

enum { OLD = 0x11, A = 0xaa, B = 0xbb, C = 0xcc, ELSEWHERE = 0xee };
enum { LBA = 64, LBA_ELSEWHERE = 1024 };

static const char initiator_name[] = "iqn.2026-11.org.lunquake.test:held-a";
static const char other_name[] = "iqn.2026-11.org.lunquake.test:held-b";

struct play {
    struct held_scene *scene;
    struct held_pump pump;
    bool release_early;
    bool released;
    struct held_session victim;       /* sent A */
    struct held_session second;       /* the victim's next session, or the other initiator's */
    bool has_second;
    struct held_session *writer;      /* sends B */
    struct held_op a;
    int64_t answered_ms;              /* when the event's answer came; 0: by now no status of A
                                         is forbidden */
};

/* -- steps ------------------------------------------------------------------------------------ */

static bool login(struct play *play, struct held_session *session, const char *initiator,
                  uint32_t isid, int64_t bound_ms)
{
    struct held_op op;

    held_session_init(session, play->scene->uri[0], initiator, isid);
    held_login(&play->pump, session, &op);
    if (!held_wait(&play->pump, &op.done, HELD_PATIENCE_MS)) {
        held_late(play->scene, "login not answered within %d ms", HELD_PATIENCE_MS);
        held_session_end(&play->pump, session);
        return false;
    }
    if (op.status != SCSI_STATUS_GOOD) {
        held_wrong(play->scene, "login refused: %s", iscsi_get_error(session->iscsi));
        held_session_end(&play->pump, session);
        return false;
    }
    held_in_time(play->scene, "login", op.ended_ms - op.started_ms, bound_ms);
    return true;
}

/* Write and wait; false when it did not end GOOD in time. */
static bool write_now(struct play *play, struct held_session *session, uint32_t lba,
                      unsigned char value, const char *what, int64_t bound_ms)
{
    static struct held_op op;         /* outlives a write that never ends */

    held_write(session, lba, value, &op);
    if (!held_wait(&play->pump, &op.done, bound_ms + HELD_SLACK_MS)) {
        held_late(play->scene, "%s: no end within %" PRId64 " ms", what, bound_ms + HELD_SLACK_MS);
        return false;
    }
    if (op.status != SCSI_STATUS_GOOD) {
        held_wrong(play->scene, "%s: status %#x sense %06x, expected GOOD", what,
                   (unsigned)op.status, (unsigned)op.sense);
        return false;
    }
    return true;
}

static int content(struct play *play)
{
    return held_fill(play->scene->control, 0, (uint64_t)LBA * HELD_BLOCK_BYTES, HELD_EXTENT_BYTES);
}

static void release_a(struct play *play)
{
    held_release(play->scene->control, 0);
    play->released = true;
}

/* Old content, A sent and held. */
static bool hold_a(struct play *play)
{
    struct held_control *control = play->scene->control;
    uint64_t offset = (uint64_t)LBA * HELD_BLOCK_BYTES;
    struct held_event event;
    unsigned from;

    if (!login(play, &play->victim, initiator_name, 1, HELD_PATIENCE_MS) ||
        !held_settle(&play->pump, &play->victim, HELD_PATIENCE_MS) ||
        !write_now(play, &play->victim, LBA, OLD, "first write", HELD_PATIENCE_MS))
        return false;
    if (content(play) != OLD) {
        held_wrong(play->scene, "the store holds %d after the first write, expected %d: is the "
                   "LUN on store0?", content(play), OLD);
        return false;
    }
    from = control->nevents;
    held_hold(control, "write", 0, offset, HELD_EXTENT_BYTES);
    held_write(&play->victim, LBA, A, &play->a);
    if (!held_wait_held(&play->pump, &from, 0, offset, HELD_PATIENCE_MS, &event)) {
        held_wrong(play->scene, "WRITE A never reached the store");
        return false;
    }
    held_pass(control);
    return true;
}

/* -- events: each returns false when the play cannot go on ------------------------------------ */

static bool task_management(struct play *play, struct held_session *from,
                            enum iscsi_task_mgmt_funcs function)
{
    struct held_scene *scene = play->scene;
    static struct held_op op;
    const struct scsi_task *task = function == ISCSI_TM_ABORT_TASK ? play->a.task : NULL;
    bool ended_first;

    held_task_management(from, function, task, &op);
    if (!held_wait(&play->pump, &op.done, scene->quarantine_ms + HELD_SLACK_MS)) {
        held_late(scene, "no answer within %" PRId64 " ms while A is held",
                  scene->quarantine_ms + HELD_SLACK_MS);
        release_a(play);
        if (!held_wait(&play->pump, &op.done, HELD_PATIENCE_MS)) {
            held_wrong(scene, "no answer even after A was released");
            return false;
        }
    }
    ended_first = function == ISCSI_TM_ABORT_TASK && play->a.done &&
                  op.response == ISCSI_TMR_TASK_DOES_NOT_EXIST;
    if (op.status != SCSI_STATUS_GOOD ||
        (op.response != ISCSI_TMR_FUNC_COMPLETE && !ended_first)) {
        held_wrong(scene, "task management response %u (status %#x), expected function complete",
                   (unsigned)op.response, (unsigned)op.status);
        return false;
    }
    held_note(scene, "answered after %" PRId64 " ms", op.ended_ms - op.started_ms);
    if (play->a.done && play->a.status == SCSI_STATUS_GOOD && !play->released)
        held_wrong(scene, "A ended GOOD although the store still holds it");
    play->answered_ms = from == &play->victim && !play->a.done ? op.ended_ms : 0;
    play->writer = from;
    return true;
}

static bool abort_task(struct play *play)
{
    return task_management(play, &play->victim, ISCSI_TM_ABORT_TASK);
}

static bool abort_task_set(struct play *play)
{
    return task_management(play, &play->victim, ISCSI_TM_ABORT_TASK_SET);
}

static bool clear_task_set(struct play *play)
{
    return task_management(play, &play->victim, ISCSI_TM_CLEAR_TASK_SET);
}

static bool lun_reset(struct play *play)
{
    return task_management(play, &play->victim, ISCSI_TM_LUN_RESET);
}

static bool target_warm_reset(struct play *play)
{
    return task_management(play, &play->victim, ISCSI_TM_TARGET_WARM_RESET);
}

static bool lun_reset_by_other(struct play *play)
{
    play->has_second = login(play, &play->second, other_name, 2, HELD_PATIENCE_MS);
    return play->has_second && held_settle(&play->pump, &play->second, HELD_PATIENCE_MS) &&
           task_management(play, &play->second, ISCSI_TM_LUN_RESET);
}

static bool login_again(struct play *play)
{
    play->has_second = login(play, &play->second, initiator_name, 1, play->scene->quarantine_ms);
    play->writer = &play->second;
    return play->has_second;
}

static bool logout_then_login(struct play *play)
{
    static struct held_op op;

    held_logout(&play->victim, &op);
    if (!held_wait(&play->pump, &op.done, play->scene->quarantine_ms + HELD_SLACK_MS))
        held_late(play->scene, "logout not answered within %" PRId64 " ms",
                  play->scene->quarantine_ms + HELD_SLACK_MS);
    else
        held_note(play->scene, "logout answered after %" PRId64 " ms",
                  op.ended_ms - op.started_ms);
    return login_again(play);
}

static bool fin_then_login(struct play *play)
{
    held_drop(&play->pump, &play->victim, false);
    return login_again(play);
}

static bool reset_then_login(struct play *play)
{
    held_drop(&play->pump, &play->victim, true);
    return login_again(play);
}

static bool reinstatement(struct play *play)
{
    return login_again(play);
}

/* -- after the event -------------------------------------------------------------------------- */

/* Wait for B (and the read beside it) to end, with A held all the time or released on the way. */
static void await_b(struct play *play, const struct held_op *b, const struct held_op *read)
{
    struct held_scene *scene = play->scene;
    int64_t bound_ms = scene->busy_ms + HELD_SLACK_MS;

    if (play->release_early) {
        held_wait(&play->pump, &b->done, scene->busy_ms / 4);
        if (!play->released)
            release_a(play);
        bound_ms = HELD_SLACK_MS;
    }
    if (!held_wait(&play->pump, &b->done, bound_ms))
        held_late(scene, "WRITE B: no end within %" PRId64 " ms", bound_ms);
    if (!held_wait(&play->pump, &read->done, b->done ? HELD_SLACK_MS : 0))
        held_late(scene, "READ of the same blocks: no end within %" PRId64 " ms", bound_ms);
}

static void judge_b(struct play *play, const struct held_op *b, const struct held_op *read,
                    bool old_was_read)
{
    struct held_scene *scene = play->scene;
    int now = content(play);

    (void)read;
    if (b->done)
        held_note(scene, "WRITE B ended with status %#x after %" PRId64 " ms", (unsigned)b->status,
                  b->ended_ms - b->started_ms);
    if (b->done && b->status == SCSI_STATUS_GOOD && now != B)
        held_stale(scene, "WRITE B was acknowledged, then the store holds %02x: %s", (unsigned)now,
                   now == A ? "A overwrote it" : "not B");
    if (b->done && b->status == SCSI_STATUS_BUSY && now == B)
        held_wrong(scene, "WRITE B ended BUSY, yet took effect");
    if (b->done && b->status != SCSI_STATUS_GOOD && b->status != SCSI_STATUS_BUSY)
        held_wrong(scene, "WRITE B: status %#x sense %06x, expected GOOD or BUSY",
                   (unsigned)b->status, (unsigned)b->sense);
    if (play->release_early && b->done && b->status != SCSI_STATUS_GOOD)
        held_wrong(scene, "WRITE B did not end GOOD although A was released in time");
    if (old_was_read && now == A)
        held_stale(scene, "a READ after the event saw the old data, then A took effect");
}

static void after_event(struct play *play)
{
    static struct held_op b, read;
    bool old_was_read;

    if (!held_settle(&play->pump, play->writer, HELD_PATIENCE_MS)) {
        held_late(play->scene, "TEST UNIT READY does not become GOOD");
        return;
    }
    if (!write_now(play, play->writer, LBA_ELSEWHERE, ELSEWHERE, "WRITE elsewhere on the LUN",
                   HELD_SLACK_MS))
        return;
    held_read(play->writer, LBA, &read);
    held_write(play->writer, LBA, B, &b);
    await_b(play, &b, &read);
    old_was_read = read.done && read.status == SCSI_STATUS_GOOD && read.fill == OLD;
    if (!play->released)
        release_a(play);
    if (!b.done)                       /* parked until now, as SCST does it: safe, not live */
        held_wait(&play->pump, &b.done, HELD_PATIENCE_MS);
    judge_b(play, &b, &read, old_was_read);
    if (!b.done)
        return;
    if (write_now(play, play->writer, LBA, C, "last write", HELD_SLACK_MS) && content(play) != C)
        held_stale(play->scene, "the last write was acknowledged, then the store holds %02x",
                   (unsigned)content(play));
    if (play->answered_ms != 0 && play->a.done && play->a.ended_ms >= play->answered_ms)
        held_wrong(play->scene, "A got status %#x after its abort was answered",
                   (unsigned)play->a.status);
}

/* B waits for A's fate and never reached the store: aborting it needs no quarantine. */
static void abort_b(struct play *play)
{
    struct held_scene *scene = play->scene;
    static struct held_op b, op;

    if (!held_settle(&play->pump, play->writer, HELD_PATIENCE_MS)) {
        held_late(scene, "TEST UNIT READY does not become GOOD");
        return;
    }
    held_write(play->writer, LBA, B, &b);
    if (held_wait(&play->pump, &b.done, HELD_SLACK_MS)) {
        held_wrong(scene, "WRITE B ended with status %#x while A is held", (unsigned)b.status);
        return;
    }
    held_task_management(play->writer, ISCSI_TM_ABORT_TASK, b.task, &op);
    if (!held_wait(&play->pump, &op.done, HELD_PATIENCE_MS)) {
        held_late(scene, "ABORT TASK of B not answered within %d ms", HELD_PATIENCE_MS);
        return;
    }
    held_in_time(scene, "ABORT TASK of B", op.ended_ms - op.started_ms, 0);
    if (op.response != ISCSI_TMR_FUNC_COMPLETE)
        held_wrong(scene, "ABORT TASK of B: response %u", (unsigned)op.response);
    release_a(play);
    if (write_now(play, play->writer, LBA_ELSEWHERE, ELSEWHERE, "WRITE elsewhere", HELD_SLACK_MS) &&
        content(play) != A)
        held_wrong(scene, "the store holds %02x, expected A's data", (unsigned)content(play));
    if (b.done)
        held_wrong(scene, "B got status %#x although it was aborted", (unsigned)b.status);
    held_session_end(&play->pump, &play->victim);          /* ends b as cancelled */
}

static void play_one(struct held_scene *scene, bool (*event)(struct play *), bool release_early,
                     void (*then)(struct play *))
{
    static struct play play;

    memset(&play, 0, sizeof play);
    play.scene = scene;
    play.pump.control = scene->control;
    play.release_early = release_early;
    if (hold_a(&play) && event(&play))
        then(&play);
    held_release(scene->control, 0);
    if (play.victim.iscsi != NULL)
        held_session_end(&play.pump, &play.victim);
    if (play.a.task != NULL)               /* libiscsi forgets, at logout, what is outstanding */
        scsi_free_scsi_task(play.a.task);
    if (play.has_second)
        held_session_end(&play.pump, &play.second);
}

static void run_abort_held(struct held_scene *scene)
{
    play_one(scene, lun_reset, false, abort_b);
}

#define CASE(function)                                                                             \
    static void run_##function(struct held_scene *scene)                                           \
    {                                                                                              \
        held_note(scene, "A held past B's end:");                                                  \
        play_one(scene, function, false, after_event);                                             \
        held_note(scene, "A released while B waits:");                                             \
        play_one(scene, function, true, after_event);                                              \
    }

CASE(abort_task)
CASE(abort_task_set)
CASE(clear_task_set)
CASE(lun_reset)
CASE(target_warm_reset)
CASE(lun_reset_by_other)
CASE(logout_then_login)
CASE(fin_then_login)
CASE(reset_then_login)
CASE(reinstatement)

const struct held_case held_abort_cases[] = {
    { "abort-task", "ABORT TASK of the held write", run_abort_task },
    { "abort-task-set", "ABORT TASK SET", run_abort_task_set },
    { "clear-task-set", "CLEAR TASK SET", run_clear_task_set },
    { "lun-reset", "LOGICAL UNIT RESET", run_lun_reset },
    { "target-warm-reset", "TARGET WARM RESET", run_target_warm_reset },
    { "lun-reset-other", "LOGICAL UNIT RESET by another initiator", run_lun_reset_by_other },
    { "logout", "logout, then login", run_logout_then_login },
    { "drop-fin", "TCP connection closed (FIN), then login", run_fin_then_login },
    { "drop-rst", "TCP connection reset (RST), then login", run_reset_then_login },
    { "reinstatement", "login with the same ISID, the old session still open", run_reinstatement },
    { "abort-held", "ABORT TASK of a write that waits for an orphan's fate", run_abort_held },
    { NULL, NULL, NULL }
};
