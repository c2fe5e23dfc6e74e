/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LIVENESS: whatever was asked for ends, at the latest within the liveness bound after the heal.
 * Black box. A history that tells of no phases (a live run cut off anywhere) proves nothing here.
 */
#include "conformance/judges/digest.h"

#define LOST_BEFORE_NS UINT64_C(10000000000)

struct liveness {
    const struct lq_event *fault; /* newest */
    bool has_ended; /* the world says that the run is over */
    struct lq_array answered; /* by nexus: struct lq_moment of the newest TM answer */
};

static struct liveness *liveness_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_LIVENESS];
}

static uint64_t *answered_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct lq_array *array = &liveness_of(judge)->answered;
    while (array->count <= nexus->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, nexus->index);
}

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_event *begin, const struct lq_event *end, const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, what);
    lq_text_number(&text, begin->serial);
    lq_text_add(&text, " of initiator ");
    lq_text_number(&text, begin->actor);
    lq_text_add(&text, ", sent at ");
    lq_text_time(&text, begin->time_ns);
    lq_text_add(&text, end == NULL ? ", has not ended" : ", ended too late");
    struct lq_proof proof = {0};
    lq_proof_event(&proof, begin);
    lq_proof_event(&proof, end);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, property, &proof, &text);
}

/* Past its bound, counted from the heal when it was sent before. */
static bool is_overdue(const struct lq_judge *judge, const struct lq_event *begin)
{
    uint64_t bound = judge->view.bounds[LQ_BOUND_LIVENESS], heal = judge->view.heal_ns;
    if (bound > UINT64_MAX / 2 || heal == UINT64_MAX)
        return false;
    uint64_t from = begin->time_ns > heal ? begin->time_ns : heal;
    return judge->now_ns > from && judge->now_ns - from > bound;
}

static void on_end(struct lq_judge *judge, enum lq_property_place property,
                   const struct lq_event *begin, const struct lq_event *end, const char *what)
{
    if (begin == NULL)
        return;
    judge->exercised[property]++;
    if (is_overdue(judge, begin))
        convict(judge, property, begin, end, what);
}

/* The transport could not recover what was lost on its way, and something was: a fault struck after
 * the command was sent, or shortly before. */
static bool was_lost(const struct lq_judge *judge, const struct lq_seen_command *command,
                     const struct lq_event *event)
{
    const struct lq_event *fault = liveness_of(judge)->fault;
    return event->code == LQ_GAVE_UP_LOST && fault != NULL &&
           fault->time_ns + LOST_BEFORE_NS >= command->sent->time_ns;
}

/* The target ended it without a status, as it has to with TAS 0: another initiator's TM function,
 * or its PREEMPT AND ABORT [SAM-5 r21 5.6]. Whether that was right is TM-3. An initiator that asks
 * its transport (REC) learns it before the unit attention tells. */
static bool was_ended(const struct lq_seen_command *command)
{
    const struct lq_seen_task *task = command->task;
    return task != NULL && task->ended != NULL && (task->ended->flags & LQ_F_ABORTED) != 0;
}

/* LIVE-5: the connection is gone, a TM function was answered, it logged out, iSCSI gave a response
 * that is no SCSI status, or there was nothing to wait for any more. */
static void judge_giving_up(struct lq_judge *judge, const struct lq_seen_command *command,
                            const struct lq_event *event)
{
    const struct lq_seen_nexus *nexus = command->nexus;
    uint64_t sent = command->sent->seq;
    judge->exercised[P_LIVE_5]++;
    bool has_cause = (nexus->lost != NULL && nexus->lost->seq > sent) ||
                     (nexus->logout != NULL && nexus->logout->seq > sent) ||
                     (nexus->logout_done != NULL && nexus->logout_done->seq > sent) ||
                     *answered_of(judge, nexus) > sent ||
                     (command->exchange != NULL && command->exchange->response.seq != 0) ||
                     was_lost(judge, command, event) ||
                     (event->code == LQ_GAVE_UP_LOST && was_ended(command));
    if (has_cause)
        return;
    struct lq_text text = lq_text_form("command % of initiator % was given up without a cause",
                                       event->serial, event->actor, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, command->sent);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_LIVE_5, &proof, &text);
}

static void on_command_over(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || (command->status != event && command->gave_up != event))
        return;
    on_end(judge, P_LIVE_1, command->sent, event, "command ");
    if (command->gave_up == event)
        judge_giving_up(judge, command, event);
}

static void liveness_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    const struct lq_seen_function *function;
    const struct lq_seen_nexus *nexus;
    switch (event->kind) {
    case LQ_W_PHASE:
        liveness_of(judge)->has_ended = event->code == LQ_PHASE_END;
        break;
    case LQ_W_FAULT:
        liveness_of(judge)->fault = event;
        break;
    case LQ_I_STATUS:
    case LQ_I_GAVE_UP:
        on_command_over(judge, event);
        break;
    case LQ_I_TM_DONE:
        function = lq_view_function(&judge->view, event);
        if (function == NULL || function->nexus == NULL)
            break;
        *answered_of(judge, function->nexus) = event->seq;
        on_end(judge, P_LIVE_2, function->sent, event, "TM function ");
        break;
    case LQ_I_LOGGED_IN:
    case LQ_I_LOGIN_FAILED:
        nexus = lq_view_nexus(&judge->view, event);
        if (nexus != NULL)
            on_end(judge, P_LIVE_3, nexus->login, event, "login ");
        break;
    case LQ_I_LOGOUT_DONE:
        nexus = lq_view_nexus(&judge->view, event);
        if (nexus != NULL)
            on_end(judge, P_LIVE_4, nexus->logout, event, "logout ");
        break;
    default:
        break;
    }
}

static bool is_after(const struct lq_event *event, const struct lq_event *begin)
{
    return event != NULL && event->seq > begin->seq;
}

static bool must_have_ended(const struct lq_judge *judge, const struct lq_event *begin)
{
    return liveness_of(judge)->has_ended || is_overdue(judge, begin);
}

static void judge_nexus(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    LQ_LIST_EACH(link, &nexus->commands)
    {
        const struct lq_event *sent = LQ_ELEMENT(link, struct lq_seen_command, in_nexus)->sent;
        if (must_have_ended(judge, sent))
            convict(judge, P_LIVE_1, sent, NULL, "command ");
    }
    const struct lq_event *login = nexus->login, *logout = nexus->logout;
    if (login != NULL && must_have_ended(judge, login) && !is_after(nexus->logged_in, login) &&
        !is_after(nexus->login_failed, login) && !is_after(nexus->lost, login))
        convict(judge, P_LIVE_3, login, NULL, "login ");
    if (logout != NULL && must_have_ended(judge, logout) &&
        !is_after(nexus->logout_done, logout) && !is_after(nexus->lost, logout))
        convict(judge, P_LIVE_4, logout, NULL, "logout ");
}

static void liveness_finish(struct lq_judge *judge)
{
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++)
        judge_nexus(judge, lq_array_at(&judge->view.nexuses, i));
    for (uint32_t i = 0; i < judge->view.functions.count; i++) {
        const struct lq_seen_function *function = lq_array_at(&judge->view.functions, i);
        if (function->sent != NULL && function->done == NULL && function->gave_up == NULL &&
            must_have_ended(judge, function->sent) &&
            !is_after(function->nexus->lost, function->sent))
            convict(judge, P_LIVE_2, function->sent, NULL, "TM function ");
    }
}

static void liveness_init(struct lq_judge *judge)
{
    struct liveness *liveness = lq_state_make(judge, LQ_STATE_LIVENESS, sizeof *liveness);
    lq_array_init(&liveness->answered, sizeof(uint64_t));
}

static void liveness_free(struct lq_judge *judge)
{
    struct liveness *liveness = liveness_of(judge);
    lq_array_free(&liveness->answered, judge->allocator);
    lq_state_free(judge, LQ_STATE_LIVENESS, sizeof *liveness);
}

static void liveness_reset(struct lq_judge *judge)
{
    liveness_of(judge)->has_ended = false;
    lq_array_reset(&liveness_of(judge)->answered);
}

static void liveness_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.commands.count; i++) {
        const struct lq_seen_command *command = lq_array_at(&judge->view.commands, i);
        if (lq_is_awaited(command) && *answered_of(judge, command->nexus) > command->sent->seq)
            sum += lq_mix(command->sent->actor, command->sent->serial);
    }
    lq_digest_two(digest, liveness_of(judge)->has_ended, sum);
}

static const uint16_t kinds[] = {
    LQ_W_PHASE,       LQ_W_FAULT,     LQ_I_STATUS,        LQ_I_GAVE_UP,     LQ_I_TM_DONE,
    LQ_I_LOGGED_IN,   LQ_I_LOGIN_FAILED, LQ_I_LOGOUT_DONE, LQ_EVENT_NONE};

const struct lq_judge_part lq_liveness_part = {
    .name = "liveness",
    .init = liveness_init,
    .free = liveness_free,
    .reset = liveness_reset,
    .event = liveness_event,
    .kinds = kinds,
    .finish = liveness_finish,
    .digest = liveness_digest,
};
