/* SPDX-License-Identifier: Apache-2.0 */
/* What ENode and N_Port tell their actor: one function for each kind of event. */
#include "sim/stage/port_fcp_events.h"

#include "core/base/assert.h"
#include "sim/stage/state.h"

typedef void (*handler)(struct lq_actor *actor, const struct lq_fc_initiator_event *event);

static bool has_session(const struct lq_actor *actor)
{
    return actor->connection != NULL && actor->state != LQ_ACTOR_CONNECTING;
}

static void port_found(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    if (event->port_name == lq_plan_fcp_name(actor->target, actor->port_index))
        actor->fcp.found_fc_id = event->fc_id;
}

/* Without the target there is nothing to log in to: the login's timeout tries anew. */
static void discovered(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    (void)event;
    if (actor->fcp.wants_login && actor->fcp.found_fc_id == 0)
        actor->fcp.wants_login = false;
}

static void logged_in(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    (void)event;
    if (actor->state == LQ_ACTOR_LOGIN || actor->state == LQ_ACTOR_STALLED)
        lq_actor_logged_in(actor, 0);
}

static void login_failed(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    if (actor->state != LQ_ACTOR_LOGIN)
        return;
    lq_actor_login_failed(actor, event->code);
    lq_actor_drop(actor);
}

/* The target's word, or its loss. */
static void logged_out(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    (void)event;
    if (has_session(actor))
        lq_actor_connection_lost(actor);
}

static void logout_done(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    if (actor->state != LQ_ACTOR_LOGOUT || event->id != actor->logout_serial)
        return;
    if (event->code == 0)
        lq_actor_logout_done(actor, event->id, 0);
    lq_actor_close(actor);
}

static void sent(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    if (actor->connection != NULL)
        lq_actor_sent(actor, event->id, event->ox_id, 0);
}

static void command_done(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    const struct lq_port_end end = {.id = event->id,
                                    .has_status = event->rsp_code == 0,
                                    .status = event->status,
                                    .sense = lq_port_sense(event->sense, event->sense_bytes),
                                    .overflow = event->overflow,
                                    .underflow = event->underflow,
                                    .residual = event->residual,
                                    .in_bytes = event->in_bytes};
    lq_actor_command_done(actor, &end);
}

static void command_failed(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    const struct lq_port_end end = {.id = event->id, .was_lost = true};
    lq_actor_command_done(actor, &end);
}

/* RSP_CODE [FCP-4 9.5]; without an answer the session is given up. */
static void tm_done(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    switch (event->code) {
    case 0x00:
        lq_actor_tm_answered(actor, event->id, LQ_TM_COMPLETE);
        break;
    case 0x04:
        lq_actor_tm_answered(actor, event->id, LQ_TM_NOT_SUPPORTED);
        break;
    case 0x08:
        lq_actor_tm_answered(actor, event->id, LQ_TM_SUCCEEDED);
        break;
    case 0x09:
        lq_actor_tm_answered(actor, event->id, LQ_TM_INCORRECT_LUN);
        break;
    case LQ_FC_I_TIMEOUT:
        lq_actor_drop(actor);
        break;
    default:
        lq_actor_tm_answered(actor, event->id, LQ_TM_REJECTED);
        break;
    }
}

/* BA_ACC; BA_RJT: there is no such exchange; or no answer. */
static void abort_done(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    enum { ACCEPTED, REJECTED };
    if (event->code == ACCEPTED)
        lq_actor_tm_answered(actor, event->id, LQ_TM_COMPLETE);
    else if (event->code == REJECTED)
        lq_actor_tm_answered(actor, event->id, LQ_TM_TASK_ABSENT);
    else
        lq_actor_drop(actor);
}

static void ignored(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    (void)actor, (void)event;
}

static void protocol_error(struct lq_actor *actor, const struct lq_fc_initiator_event *event)
{
    bool came_late = event->code == LQ_FC_I_ERROR_EXCHANGE || /* frames may, in class 3 */
                     event->code == LQ_FC_I_ERROR_AFTER_ABORT;
    if (actor->connection != NULL && !came_late)
        lq_actor_caught(actor, event->code, event->ox_id);
}

static const handler handlers[LQ_FC_I_EVENTS] = {
    [LQ_FC_I_EVENT_PORT_FOUND] = port_found,
    [LQ_FC_I_EVENT_DISCOVERED] = discovered,
    [LQ_FC_I_EVENT_LOGGED_IN] = logged_in,
    [LQ_FC_I_EVENT_LOGIN_FAILED] = login_failed,
    [LQ_FC_I_EVENT_LOGGED_OUT] = logged_out,
    [LQ_FC_I_EVENT_LOGOUT_DONE] = logout_done,
    [LQ_FC_I_EVENT_STATE_CHANGED] = ignored,
    [LQ_FC_I_EVENT_SENT] = sent,
    [LQ_FC_I_EVENT_XFER_RDY] = ignored,
    [LQ_FC_I_EVENT_COMMAND_DONE] = command_done,
    [LQ_FC_I_EVENT_COMMAND_FAILED] = command_failed,
    [LQ_FC_I_EVENT_TM_DONE] = tm_done,
    [LQ_FC_I_EVENT_ABORT_DONE] = abort_done,
    [LQ_FC_I_EVENT_ECHO_DONE] = ignored,
    [LQ_FC_I_EVENT_RECOVERING] = ignored,
    [LQ_FC_I_EVENT_RAW_ANSWER] = ignored,
    [LQ_FC_I_EVENT_PROTOCOL_ERROR] = protocol_error,
};

/* The address came or went. */
static void hear_enode(struct lq_actor *actor, const struct lq_enode_event *event)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    if (event->kind == LQ_ENODE_UP) {
        fcp->data_bytes_max = event->data_bytes_max;
        lq_fc_initiator_attach(fcp->initiator, event->fc_id, event->data_bytes_max);
    } else if (event->kind == LQ_ENODE_DOWN) {
        lq_fc_initiator_detach(fcp->initiator);
        if (has_session(actor))
            lq_actor_connection_lost(actor);
    }
}

bool lq_port_fcp_events(struct lq_actor *actor)
{
    struct lq_enode_event address;
    struct lq_fc_initiator_event event;
    bool was_told = false;
    struct lq_port_fcp *fcp = &actor->fcp;
    for (uint32_t i = 0; i < fcp->untold_count && actor->connection != NULL; i++)
        lq_actor_sent(actor, fcp->untold[i].id, fcp->untold[i].ox_id, 0);
    fcp->untold_count = 0;
    while (lq_enode_next(actor->fcp.enode, &address)) {
        hear_enode(actor, &address);
        was_told = true;
    }
    while (lq_fc_initiator_next(actor->fcp.initiator, &event)) {
        LQ_ASSERT(event.kind >= LQ_FC_I_EVENT_PORT_FOUND && event.kind < LQ_FC_I_EVENTS);
        handlers[event.kind](actor, &event);
        was_told = true;
    }
    return was_told;
}
