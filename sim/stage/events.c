/* SPDX-License-Identifier: Apache-2.0 */
/* What an initiator port tells its actor: of sessions, and whom a request's fate concerns. */
#include "sim/stage/state.h"

/* All that a discovery session is for. */
static bool ask_for_all_targets(struct lq_actor *actor)
{
    uint64_t serial = lq_actor_serial(actor, ++actor->steps);
    return actor->port->ask_targets != NULL && actor->port->ask_targets(actor, serial, "All");
}

void lq_actor_logged_in(struct lq_actor *actor, uint64_t value)
{
    lq_queue_cancel(&actor->world->queue, &actor->login_timeout);
    actor->state = LQ_ACTOR_UP;
    if (!actor->discovers)
        actor->knows_old_session = false;
    actor->stall_after = UINT64_MAX;
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGGED_IN, .value = value});
    if (actor->discovers && !ask_for_all_targets(actor))
        lq_actor_leave(actor);
    lq_actor_wake_in(actor, 0);
}

void lq_actor_login_failed(struct lq_actor *actor, uint32_t code)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGIN_FAILED, .code = code});
}

void lq_actor_sent(struct lq_actor *actor, uint64_t id, uint32_t tag, uint32_t stamp)
{
    struct lq_actor_tm *tm = lq_actor_tm_of(actor, id);
    if (tm != NULL)
        lq_actor_tm_sent(tm, tag, stamp);
    else if (actor->state == LQ_ACTOR_LOGOUT && id == actor->logout_serial)
        lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGOUT,
                                                 .tag = tag,
                                                 .serial = id,
                                                 .stamp = stamp});
    else
        lq_actor_command_sent(actor, id, tag, stamp);
}

void lq_actor_tm_answered(struct lq_actor *actor, uint64_t id, enum lq_tm_answer answer)
{
    struct lq_actor_tm *tm = lq_actor_tm_of(actor, id);
    if (tm != NULL)
        lq_actor_tm_done(tm, answer);
}

void lq_actor_logout_done(struct lq_actor *actor, uint64_t id, uint32_t code)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_LOGOUT_DONE, .code = code, .serial = id});
    actor->knows_old_session = false;
}

void lq_actor_caught(struct lq_actor *actor, uint32_t code, uint32_t tag)
{
    lq_actor_record(actor, (struct lq_event){.kind = LQ_I_PROTOCOL, .code = code, .tag = tag});
}
