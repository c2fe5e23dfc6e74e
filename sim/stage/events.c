/* SPDX-License-Identifier: Apache-2.0 */
/* What an initiator's endpoint tells its actor: one function for each kind of event. */
#include "core/base/assert.h"
#include "sim/stage/state.h"

typedef void (*handler)(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event);

static void logged_in(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_queue_cancel(&actor->world->queue, &actor->login_timeout);
    actor->state = LQ_ACTOR_UP;
    if (!actor->discovers)
        actor->knows_old_session = false;
    actor->stall_after = UINT64_MAX;
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGGED_IN, .value = event->tsih});
    if (actor->discovers &&
        !lq_iscsi_initiator_send_targets(actor->endpoint, lq_actor_serial(actor, ++actor->steps),
                                         "All"))
        lq_actor_leave(actor);
    lq_actor_wake_in(actor, 0);
}

static void login_failed(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGIN_FAILED, .code = event->code});
}

static void login_text(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    if (actor->is_scripted)
        lq_script_hear(actor->world->script, actor, event->text, false);
}

/* All that a discovery session is for. */
static void text_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    if (!actor->discovers)
        return;
    lq_script_hear(actor->world->script, actor, event->text, true);
    lq_actor_leave(actor);
}

static void sent(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    struct lq_actor_tm *tm = lq_actor_tm_of(actor, event->id);
    if (tm != NULL)
        lq_actor_tm_sent(tm, event);
    else if (actor->state == LQ_ACTOR_LOGOUT && event->id == actor->logout_serial)
        lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGOUT,
                                                 .tag = event->itt,
                                                 .serial = event->id,
                                                 .stamp = event->cmd_sn});
    else
        lq_actor_command_sent(actor, event);
}

static void data_released(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_data_released(actor, event->id);
}

static void tm_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    struct lq_actor_tm *tm = lq_actor_tm_of(actor, event->id);
    if (tm != NULL)
        lq_actor_tm_done(tm, event->code);
}

static void logout_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGOUT_DONE,
                                             .code = event->code,
                                             .serial = event->id});
    actor->knows_old_session = false;
}

/* The target wants the session closed [RFC 7143 11.9.1]; other events are for those who look. */
static void asynchronous(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    enum { LOGOUT_REQUESTED = 1 };
    if (event->code == LOGOUT_REQUESTED && actor->state == LQ_ACTOR_UP)
        lq_actor_leave(actor);
}

static void ignored(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    (void)actor, (void)event;
}

static void protocol_error(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_PROTOCOL,
                                             .code = event->code,
                                             .tag = event->itt});
}

/* What was rejected for its data digest is lost, and its CmdSN with it: at ErrorRecoveryLevel 0
 * nothing but a new session helps. Of Data-Out the command's status tells. Other rejected requests
 * are given up by their timeouts. */
static void rejected(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    enum { DATA_DIGEST_ERROR = 2, DATA_OUT = 5 };
    if (actor->is_scripted)
        lq_script_answered(actor->world->script, event->id, true, event->code);
    if (event->code == DATA_DIGEST_ERROR && (event->header[0] & 0x3f) != DATA_OUT)
        lq_actor_recover(actor);
}

static void raw_answer(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    if (actor->is_scripted)
        lq_script_answered(actor->world->script, event->id, false, 0);
}

/* The connection is over for this end: after a logout in order, else by RST. */
static void close_wanted(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    enum { WRONG_DIGEST = 3 };
    if (event->code == WRONG_DIGEST)
        lq_actor_recover(actor);
    else if (event->code != 0)
        lq_actor_drop(actor);
    else
        lq_actor_close(actor);
}

static const handler handlers[LQ_ISCSI_I_EVENTS] = {
    [LQ_ISCSI_I_EVENT_LOGGED_IN] = logged_in,
    [LQ_ISCSI_I_EVENT_LOGIN_FAILED] = login_failed,
    [LQ_ISCSI_I_EVENT_LOGIN_TEXT] = login_text,
    [LQ_ISCSI_I_EVENT_SENT] = sent,
    [LQ_ISCSI_I_EVENT_COMMAND_DONE] = lq_actor_command_done,
    [LQ_ISCSI_I_EVENT_DATA_RELEASED] = data_released,
    [LQ_ISCSI_I_EVENT_R2T] = ignored,
    [LQ_ISCSI_I_EVENT_TM_DONE] = tm_done,
    [LQ_ISCSI_I_EVENT_LOGOUT_DONE] = logout_done,
    [LQ_ISCSI_I_EVENT_NOP_DONE] = ignored,
    [LQ_ISCSI_I_EVENT_NOP_ASKED] = ignored,
    [LQ_ISCSI_I_EVENT_TEXT_DONE] = text_done,
    [LQ_ISCSI_I_EVENT_ASYNC] = asynchronous,
    [LQ_ISCSI_I_EVENT_REJECTED] = rejected,
    [LQ_ISCSI_I_EVENT_RAW_ANSWER] = raw_answer,
    [LQ_ISCSI_I_EVENT_PROTOCOL_ERROR] = protocol_error,
    [LQ_ISCSI_I_EVENT_CLOSE_WANTED] = close_wanted,
};

bool lq_actor_events(struct lq_actor *actor)
{
    struct lq_iscsi_initiator_event event;
    while (actor->connection != NULL && lq_iscsi_initiator_next(actor->endpoint, &event)) {
        LQ_ASSERT(event.kind >= LQ_ISCSI_I_EVENT_LOGGED_IN && event.kind < LQ_ISCSI_I_EVENTS);
        handlers[event.kind](actor, &event);
    }
    return actor->connection != NULL;
}
