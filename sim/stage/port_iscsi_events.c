/* SPDX-License-Identifier: Apache-2.0 */
/* What the iSCSI endpoint tells its actor: one function for each kind of event. */
#include "core/base/assert.h"
#include "sim/stage/port_iscsi.h"
#include "sim/stage/state.h"

typedef void (*handler)(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event);

static void logged_in(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_logged_in(actor, event->tsih);
}

static void login_failed(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_login_failed(actor, event->code);
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
    lq_actor_sent(actor, event->id, event->itt, event->cmd_sn);
}

static void command_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    const struct lq_port_end end = {.id = event->id,
                                    .has_status = event->response == 0,
                                    .status = event->status,
                                    .sense = lq_port_sense(event->sense, event->sense_bytes),
                                    .overflow = event->overflow,
                                    .underflow = event->underflow,
                                    .residual = event->residual,
                                    .in_bytes = event->in_bytes,
                                    .data_out_in_use = event->data_out_in_use};
    lq_actor_command_done(actor, &end);
}

static void data_released(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_data_released(actor, event->id);
}

/* [RFC 7143 11.6.1] */
static enum lq_tm_answer answer_of(uint32_t response)
{
    switch (response) {
    case 0:
        return LQ_TM_COMPLETE;
    case 1:
        return LQ_TM_TASK_ABSENT;
    case 2:
        return LQ_TM_INCORRECT_LUN;
    case 5:
        return LQ_TM_NOT_SUPPORTED;
    case 7:
        return LQ_TM_SUCCEEDED;
    default:
        return LQ_TM_REJECTED;
    }
}

static void tm_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_tm_answered(actor, event->id, answer_of(event->code));
}

static void logout_done(struct lq_actor *actor, const struct lq_iscsi_initiator_event *event)
{
    lq_actor_logout_done(actor, event->id, event->code);
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
    lq_actor_caught(actor, event->code, event->itt);
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
    [LQ_ISCSI_I_EVENT_COMMAND_DONE] = command_done,
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

bool lq_port_iscsi_events(struct lq_actor *actor)
{
    struct lq_iscsi_initiator_event event;
    while (actor->connection != NULL && lq_iscsi_initiator_next(actor->endpoint, &event)) {
        LQ_ASSERT(event.kind >= LQ_ISCSI_I_EVENT_LOGGED_IN && event.kind < LQ_ISCSI_I_EVENTS);
        handlers[event.kind](actor, &event);
    }
    return actor->connection != NULL;
}
