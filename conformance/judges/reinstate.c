/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REINSTATE: the end of sessions: reinstatement, loss, logout. No late effect (RI-2) is judged by
 * DATA, I_T NEXUS LOSS OCCURRED (RI-4) by UA.
 */
#include "conformance/judges/digest.h"

/* White box: what the world may add to a bound. Wire: also what a full output may add. */
#define SLACK_NS      UINT64_C(500000000)
#define WIRE_SLACK_NS UINT64_C(5000000000)

struct nexus_state {
    bool is_open;   /* established, its end not answered */
    bool is_losing; /* lost, its end not answered */
    bool is_told;   /* its lateness */
    const struct lq_event *loss; /* the newest */
    uint64_t deadline_ns;
};

struct connection_state {
    struct lq_moment request; /* login or logout request without answer */
    uint64_t since_ns;        /* of it; of what left after it and stood before its answer */
    uint32_t opcode;          /* which of them */
    bool is_noise_told, is_late_told;
    bool is_stopped; /* the network keeps a PDU of the target, and all behind it */
    uint64_t stopped_ns;
    bool has_doubt; /* a request came ahead of a hole: the target may not have kept it, and then
                       those behind it wait until it is sent again */
    uint32_t doubtful; /* the last such CmdSN */
};

struct reinstate {
    struct lq_array nexuses, connections;
    uint64_t replaced; /* as the view counted */
};

static struct reinstate *reinstate_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_REINSTATE];
}

static struct nexus_state *state_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct lq_array *array = &reinstate_of(judge)->nexuses;
    while (array->count <= nexus->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, nexus->index);
}

static struct connection_state *connection_of(struct lq_judge *judge, uint32_t number)
{
    struct lq_array *array = &reinstate_of(judge)->connections;
    uint32_t index = lq_view_connection(&judge->view, number)->index;
    while (array->count <= index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, index);
}

/* --- RI-1: silence of the old session --------------------------------------------------------- */

static void reinstate_tap(struct lq_judge *judge, const struct lq_tap *tap)
{
    if (tap->direction != LQ_FROM_TARGET)
        return;
    if (tap->time_ns > connection_of(judge, tap->connection)->stopped_ns)
        connection_of(judge, tap->connection)->is_stopped = false;
    const struct lq_seen_connection *connection = lq_view_connection(&judge->view, tap->connection);
    if (connection->silent_since.seq == 0 || connection->silent_since.seq == tap->seq)
        return;
    struct connection_state *state = connection_of(judge, tap->connection);
    if (state->is_noise_told)
        return;
    state->is_noise_told = true;
    struct lq_text text =
        lq_text_form("% bytes were sent on connection % although a newer session of its I_T nexus "
                     "had begun", tap->size_bytes, tap->connection, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, connection->login_success, connection->number, LQ_FROM_TARGET,
                  LQ_WIRE_LOGIN_RESPONSE, 0);
    lq_proof_wire(&proof, connection->silent_since, 0, LQ_FROM_TARGET, LQ_WIRE_LOGIN_RESPONSE, 0);
    lq_proof_wire(&proof, (struct lq_moment){tap->time_ns, tap->seq, 0}, tap->connection,
                  LQ_FROM_TARGET, LQ_WIRE_NOP_IN, 0);
    lq_convict(judge, P_RI_1, &proof, &text);
}

/* --- RI-6 on the wire, RI-8 ------------------------------------------------------------------- */

static void judge_wire_time(struct lq_judge *judge, uint32_t number,
                            struct connection_state *state)
{
    bool is_login = state->opcode == LQ_WIRE_LOGIN_REQUEST;
    uint64_t bound = judge->view.bounds[is_login ? LQ_BOUND_LOGIN_QUARANTINE_AFTER
                                                 : LQ_BOUND_QUARANTINE_AFTER];
    if (state->request.seq == 0 || state->is_late_told || bound > UINT64_MAX / 2 ||
        judge->now_ns - state->since_ns <= bound + WIRE_SLACK_NS)
        return;
    state->is_late_told = true;
    struct lq_text text = lq_text_form(is_login ? "a login request on connection % was not "
                                                  "answered within "
                                                : "a logout request on connection % was not "
                                                  "answered within ", number, 0, 0, 0);
    lq_text_time(&text, bound);
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, state->request, number, LQ_TO_TARGET, state->opcode, 0);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, P_RI_6, &proof, &text);
}

static void judge_logout(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_nexus *nexus = pdu->connection->nexus;
    if (nexus == NULL || lq_wire_response(pdu->h) != 0)
        return;
    LQ_LIST_EACH(link, &nexus->tasks)
    {
        const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
        if (task->exchange == NULL || task->exchange->connection != pdu->connection ||
            task->unit == NULL)
            continue;
        if (task->ended != NULL && (task->requests_out == 0 || task->orphaned != NULL))
            continue;
        struct lq_text text =
            lq_text_form("the logout on connection % was answered while command % was still at "
                         "work", pdu->connection->number, task->serial, 0, 0);
        struct lq_proof proof = {0};
        lq_proof_event(&proof, task->received);
        lq_proof_event(&proof, task->submitted);
        lq_proof_event(&proof, task->ended);
        lq_proof_wire(&proof, pdu->connection->logout_request, pdu->connection->number,
                      LQ_TO_TARGET, LQ_WIRE_LOGOUT_REQUEST, 0);
        lq_proof_pdu(&proof, pdu);
        lq_convict(judge, P_RI_8, &proof, &text);
        return;
    }
}

static void count_logout(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_nexus *nexus = pdu->connection->nexus;
    if (nexus != NULL && !lq_list_is_empty(&nexus->tasks))
        judge->exercised[P_RI_8]++;
}

static void take_request(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct connection_state *state = connection_of(judge, pdu->connection->number);
    bool may_wait = pdu->came_ahead || (state->has_doubt && pdu->is_numbered);
    if (may_wait || state->is_stopped)
        return; /* it waits for what the network lost, its answer for what it keeps */
    if (pdu->came_again)
        return; /* its CmdSN is outside of the window: it is ignored [RFC 7143 4.2.2.1] */
    if (pdu->opcode == LQ_WIRE_LOGIN_REQUEST && pdu->connection->full_feature)
        return; /* no login: it is rejected */
    state->request = pdu->at;
    state->since_ns = pdu->at.time_ns;
    state->opcode = pdu->opcode;
}

/* A full output goes on leaving, and the answer stands behind it. A ping is no part of that. */
static void take_progress(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->direction == LQ_FROM_TARGET && pdu->opcode != LQ_WIRE_NOP_IN)
        connection_of(judge, pdu->connection->number)->since_ns = pdu->at.time_ns;
}

static void take_answer(struct lq_judge *judge, uint32_t number)
{
    struct connection_state *state = connection_of(judge, number);
    judge_wire_time(judge, number, state);
    state->request = (struct lq_moment){0, 0, 0};
}

/* Which requests the target has: ExpCmdSN tells [RFC 7143 4.2.2.1]. */
static void follow_numbers(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct connection_state *state = connection_of(judge, pdu->connection->number);
    uint32_t cmd_sn = lq_wire_cmd_sn(pdu->h); /* ExpCmdSN has another place */
    if (pdu->came_ahead && (!state->has_doubt || (int32_t)(state->doubtful - cmd_sn) < 0))
        state->doubtful = cmd_sn;
    if (pdu->came_ahead)
        state->has_doubt = true;
    if (pdu->direction == LQ_FROM_TARGET && state->has_doubt &&
        (int32_t)(state->doubtful - lq_wire_exp_cmd_sn(pdu->h)) < 0)
        state->has_doubt = false;
}

static void reinstate_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    follow_numbers(judge, pdu);
    switch (pdu->opcode) {
    case LQ_WIRE_LOGIN_REQUEST:
        take_request(judge, pdu);
        break;
    case LQ_WIRE_LOGIN_RESPONSE:
        take_answer(judge, pdu->connection->number);
        judge->exercised[P_RI_1] += judge->view.replaced - reinstate_of(judge)->replaced;
        reinstate_of(judge)->replaced = judge->view.replaced;
        break;
    case LQ_WIRE_LOGOUT_REQUEST:
        take_request(judge, pdu);
        count_logout(judge, pdu);
        break;
    case LQ_WIRE_LOGOUT_RESPONSE:
        take_answer(judge, pdu->connection->number);
        judge_logout(judge, pdu);
        break;
    default:
        take_progress(judge, pdu);
        break;
    }
}

/* --- RI-3, RI-5, RI-6: the engine ------------------------------------------------------------- */

static void convict_nexus(struct lq_judge *judge, enum lq_property_place property,
                          const struct lq_event *first, const struct lq_event *then,
                          const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, first);
    lq_proof_event(&proof, then);
    lq_convict(judge, property, &proof, &text);
}

static void judge_loss_time(struct lq_judge *judge, struct nexus_state *state)
{
    if (!state->is_losing || state->is_told || judge->now_ns <= state->deadline_ns)
        return;
    state->is_told = true;
    convict_nexus(judge, P_RI_6, state->loss, judge->view.event,
                  "the end of an I_T nexus was not answered within its bound");
}

static void on_lost(struct lq_judge *judge, struct nexus_state *state,
                    const struct lq_seen_nexus *lost, const struct lq_event *event)
{
    uint64_t bound = judge->view.bounds[event->code == LQ_TRIGGER_LOGOUT
                                            ? LQ_BOUND_QUARANTINE_AFTER
                                            : LQ_BOUND_LOGIN_QUARANTINE_AFTER];
    state->is_losing = true;
    state->loss = event;
    state->deadline_ns = bound > UINT64_MAX / 2 ? UINT64_MAX : event->time_ns + bound + SLACK_NS;
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        const struct lq_seen_nexus *other = lq_array_at(&judge->view.nexuses, i);
        if (other != lost && other->target == lost->target && !lq_list_is_empty(&other->tasks))
            judge->exercised[P_RI_5]++;
    }
}

static void on_nexus(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    if (nexus == NULL)
        return;
    struct nexus_state *state = state_of(judge, nexus);
    switch (event->kind) {
    case LQ_E_NEXUS_ESTABLISHED:
        judge->exercised[P_RI_3] += state->loss != NULL;
        if (state->is_open)
            convict_nexus(judge, P_RI_3, state->loss, event,
                          "an I_T nexus was established while its former session was not over");
        *state = (struct nexus_state){.is_open = true, .loss = state->loss};
        break;
    case LQ_E_NEXUS_LOST:
        on_lost(judge, state, nexus, event);
        break;
    case LQ_E_NEXUS_ENDED:
        judge->exercised[P_RI_6]++;
        judge_loss_time(judge, state);
        state->is_open = state->is_losing = false;
        break;
    default:
        break;
    }
}

/* A command ended for the end of an I_T nexus: it must be its own. */
static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    if (!(event->flags & LQ_F_ABORTED) || event->code < LQ_TRIGGER_NEXUS_LOSS ||
        event->code >= LQ_TRIGGERS)
        return;
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->nexus == NULL || state_of(judge, task->nexus)->is_losing)
        return;
    convict_nexus(judge, P_RI_5, task->received, event,
                  "a command was aborted for the end of an I_T nexus that is not its own");
}

/* The target is gone: no session is open, and no login waits for an answer. */
static void forget_all(struct lq_judge *judge)
{
    struct reinstate *reinstate = reinstate_of(judge);
    for (uint32_t i = 0; i < reinstate->nexuses.count; i++)
        *(struct nexus_state *)lq_array_at(&reinstate->nexuses, i) = (struct nexus_state){0};
    for (uint32_t i = 0; i < reinstate->connections.count; i++)
        ((struct connection_state *)lq_array_at(&reinstate->connections, i))->request =
            (struct lq_moment){0, 0, 0};
}

/* What the target has to say may not leave it until the network goes on. */
static void on_fault(struct lq_judge *judge, const struct lq_event *fault)
{
    if ((fault->flags & LQ_F_STOPS) == 0 || (fault->flags & LQ_F_FROM_TARGET) == 0 ||
        lq_view_connection(&judge->view, fault->connection) == NULL)
        return;
    struct connection_state *state = connection_of(judge, fault->connection);
    state->is_stopped = true;
    state->stopped_ns = fault->time_ns;
    state->request = (struct lq_moment){0, 0, 0};
}

static void reinstate_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    switch (event->kind) {
    case LQ_E_NEXUS_ESTABLISHED:
    case LQ_E_NEXUS_LOST:
    case LQ_E_NEXUS_ENDED:
        on_nexus(judge, event);
        break;
    case LQ_E_ENDED:
        on_ended(judge, event);
        break;
    case LQ_W_FAULT:
        on_fault(judge, event);
        break;
    case LQ_W_POWER:
        if (lq_target_ends(event))
            forget_all(judge);
        break;
    case LQ_W_CLOSE:
        if (event->code == LQ_CLOSE_TIMEOUT) /* nothing got through: no fault of the target's */
            connection_of(judge, event->connection)->request = (struct lq_moment){0, 0, 0};
        else
            take_answer(judge, event->connection);
        break;
    default:
        break;
    }
}

static void reinstate_finish(struct lq_judge *judge)
{
    struct reinstate *reinstate = reinstate_of(judge);
    for (uint32_t i = 0; i < reinstate->nexuses.count; i++)
        judge_loss_time(judge, lq_array_at(&reinstate->nexuses, i));
    for (uint32_t i = 0; i < reinstate->connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        judge_wire_time(judge, connection->number, lq_array_at(&reinstate->connections, i));
    }
}

static void reinstate_init(struct lq_judge *judge)
{
    struct reinstate *reinstate = lq_state_make(judge, LQ_STATE_REINSTATE, sizeof *reinstate);
    lq_array_init(&reinstate->nexuses, sizeof(struct nexus_state));
    lq_array_init(&reinstate->connections, sizeof(struct connection_state));
}

static void reinstate_free(struct lq_judge *judge)
{
    struct reinstate *reinstate = reinstate_of(judge);
    lq_array_free(&reinstate->nexuses, judge->allocator);
    lq_array_free(&reinstate->connections, judge->allocator);
    lq_state_free(judge, LQ_STATE_REINSTATE, sizeof *reinstate);
}

static void reinstate_reset(struct lq_judge *judge)
{
    struct reinstate *reinstate = reinstate_of(judge);
    lq_array_reset(&reinstate->nexuses);
    lq_array_reset(&reinstate->connections);
    reinstate->replaced = 0;
}

static void reinstate_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        const struct nexus_state *state = state_of(judge, lq_array_at(&judge->view.nexuses, i));
        lq_digest_two(digest, state->is_open, state->is_losing);
        lq_digest_two(digest, state->is_told, state->loss != NULL);
        if (state->is_losing)
            lq_digest_time(digest, state->deadline_ns);
    }
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        const struct connection_state *state = connection_of(judge, connection->number);
        lq_digest_two(digest, state->is_noise_told, state->is_late_told);
        lq_digest_two(digest, state->is_stopped, state->has_doubt);
        lq_digest_word(digest, state->has_doubt ? state->doubtful : 0);
        if (state->request.seq == 0)
            continue;
        lq_digest_word(digest, state->opcode);
        lq_digest_time(digest, state->since_ns);
    }
    lq_digest_word(digest, judge->view.replaced - reinstate_of(judge)->replaced);
}

static const uint16_t kinds[] = {
    LQ_E_NEXUS_ESTABLISHED, LQ_E_NEXUS_LOST, LQ_E_NEXUS_ENDED, LQ_E_ENDED, LQ_W_FAULT,
    LQ_W_POWER, LQ_W_CLOSE, LQ_EVENT_NONE};

const struct lq_judge_part lq_reinstate_part = {
    .name = "reinstate",
    .init = reinstate_init,
    .free = reinstate_free,
    .reset = reinstate_reset,
    .event = reinstate_event,
    .kinds = kinds,
    .tap = reinstate_tap,
    .pdu = reinstate_pdu,
    .finish = reinstate_finish,
    .digest = reinstate_digest,
};
