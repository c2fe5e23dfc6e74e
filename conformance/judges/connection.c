/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CONNECTION: what a target owes to a connection: that a login which stops does not keep it for
 * ever, that pings are answered, that requests which must be ignored are, and that it does not end
 * for them. Wire, with the world's record of who closed what.
 */
#include "conformance/judges/digest.h"

/* What the world may add to a bound. */
#define SLACK_NS UINT64_C(500000000)

enum { PINGS_MAX = 8, IGNORED_MAX = 16, PLUGGED_MAX = 8 };

struct ignored { /* a request that must not be answered */
    uint32_t itt, cmd_sn;
    uint32_t due; /* the first CmdSN that had not come before it */
};

struct connection_state {
    bool is_late_told;
    bool is_held_up; /* the network keeps what the target sends: when it closed is not seen */
    uint32_t tsih;       /* of its session; 0: none yet */
    uint32_t ping_count; /* pings to be answered */
    uint32_t pings[PINGS_MAX];
    bool awaits_pong; /* the target has pinged */
    bool has_exp_cmd_sn;
    uint32_t exp_cmd_sn; /* last sent by the target */
    /* The end of a request told a window up to this. Until something tells a wider one, there may
     * be room for one more, as the request has its place until that was sent. */
    bool has_end_max;
    uint32_t end_max;
    uint32_t ignored_count;
    struct ignored ignored[IGNORED_MAX];
    uint32_t plugged_count;
    uint32_t plugged[PLUGGED_MAX]; /* CmdSNs whose command was aborted before it came */
    struct lq_moment harmless; /* newest PDU, when it is one that ends no connection */
    const char *why;           /* it is harmless; NULL: it is not */
};

struct connections {
    struct lq_array states;
    uint64_t cold_reset_ns; /* when the newest TARGET COLD RESET was answered */
};

static struct connections *connections_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_CONNECTION];
}

static struct connection_state *state_of(struct lq_judge *judge, uint32_t number)
{
    struct lq_array *array = &connections_of(judge)->states;
    uint32_t index = lq_map_get(&judge->view.connection_of, number);
    while (array->count <= index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, index);
}

static bool is_before(uint32_t a, uint32_t b) /* [RFC 1982] */
{
    return (int32_t)(a - b) < 0;
}

static uint32_t find(const uint32_t *tags, uint32_t count, uint32_t tag)
{
    uint32_t i = 0;
    while (i < count && tags[i] != tag)
        i++;
    return i;
}

static void forget(uint32_t *tags, uint32_t *count, uint32_t tag)
{
    uint32_t place = find(tags, *count, tag);
    if (place < *count)
        tags[place] = tags[--*count];
}

static void remember(uint32_t *tags, uint32_t *count, uint32_t max, uint32_t tag)
{
    if (find(tags, *count, tag) == *count && *count < max)
        tags[(*count)++] = tag;
}

/* --- RI-10: TSIH ------------------------------------------------------------------------------ */

/* [RFC 7143 4.4.3]: of one initiator's sessions with a target each has a handle of its own. */
static void judge_tsih(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                       struct connection_state *state)
{
    const struct lq_seen_connection *own = pdu->connection;
    state->tsih = lq_wire_tsih(pdu->h);
    bool is_shared = state->tsih == 0;
    for (uint32_t i = 0; i < judge->view.connections.count && !is_shared; i++) {
        const struct lq_seen_connection *other = lq_array_at(&judge->view.connections, i);
        if (other == own || other->close != NULL || !other->full_feature ||
            other->silent_since.seq != 0 || other->logout_response.seq != 0 ||
            lq_names_hash(other) != lq_names_hash(own))
            continue;
        judge->exercised[P_RI_10]++;
        is_shared = state_of(judge, other->number)->tsih == state->tsih;
    }
    if (!is_shared)
        return;
    struct lq_text text = lq_text_form("connection %: TSIH % is 0, or that of another session of "
                                       "the same initiator", own->number, state->tsih, 0, 0);
    lq_convict_pdu(judge, P_RI_10, pdu, &text);
}

/* --- RI-9: a login that stops ----------------------------------------------------------------- */

static void judge_login_time(struct lq_judge *judge, const struct lq_seen_connection *connection,
                             uint64_t until_ns)
{
    uint64_t bound = judge->view.bounds[LQ_BOUND_LOGIN_TIMEOUT];
    struct connection_state *state = state_of(judge, connection->number);
    if (connection->full_feature || connection->accept == NULL || state->is_late_told ||
        bound > UINT64_MAX / 2)
        return;
    judge->exercised[P_RI_9]++;
    if (until_ns - connection->accept->time_ns <= bound + SLACK_NS)
        return;
    state->is_late_told = true;
    struct lq_text text = lq_text_form("connection % was kept although its login had not ended "
                                       "within ", connection->number, 0, 0, 0);
    lq_text_time(&text, bound);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, connection->accept);
    lq_proof_event(&proof, connection->close);
    lq_convict(judge, P_RI_9, &proof, &text);
}

/* --- requests --------------------------------------------------------------------------------- */

/* [RFC 7143 4.2.2.1]: outside of the window a request is silently ignored. */
static const char *why_ignored(const struct lq_pdu_seen *pdu)
{
    bool is_ping = pdu->opcode == LQ_WIRE_NOP_OUT;
    if (!pdu->connection->has_window || !pdu->is_numbered ||
        (is_ping && lq_wire_itt(pdu->h) == LQ_WIRE_NO_TAG))
        return NULL;
    if (pdu->is_beyond)
        return "a request beyond MaxCmdSN";
    return pdu->came_again ? "a request whose CmdSN had been received" : NULL;
}

/* [RFC 7143 11.5.1]: data for an aborted task may still be under way, and is dropped. */
static bool is_late_data(const struct lq_pdu_seen *pdu)
{
    return pdu->opcode == LQ_WIRE_DATA_OUT && pdu->exchange != NULL &&
           pdu->exchange->silenced_by != NULL && lq_wire_ttt(pdu->h) != LQ_WIRE_NO_TAG;
}

/* SEQ-16: outside of the window that the target has told. It is wider by one as soon as the status
 * that told it has been sent, whose command has its place until then; only a network that forges
 * makes use of that. A retry of a task that has no status yet is answered with it. */
static bool must_be_ignored(const struct lq_judge *judge, const struct connection_state *state,
                            const struct lq_pdu_seen *pdu)
{
    uint32_t itt = lq_wire_itt(pdu->h);
    if (!pdu->connection->has_window || !pdu->is_numbered || itt == LQ_WIRE_NO_TAG ||
        lq_view_forged(&judge->view, pdu->connection->number, itt) != 0)
        return false;
    bool is_open = (pdu->exchange != NULL && pdu->exchange->request.number != pdu->at.number) ||
                   (pdu->function != NULL && pdu->function->request.number != pdu->at.number) ||
                   find(state->pings, state->ping_count, itt) < state->ping_count;
    uint32_t cmd_sn = lq_wire_cmd_sn(pdu->h);
    uint32_t most = pdu->connection->max_cmd_sn + (state->has_end_max ? 1 : 0);
    bool is_beyond = is_before(most, cmd_sn);
    return !is_open &&
           (is_beyond || (state->has_exp_cmd_sn && is_before(cmd_sn, state->exp_cmd_sn)) ||
            find(state->plugged, state->plugged_count, cmd_sn) < state->plugged_count);
}

/* An ABORT TASK was told complete whose command has not come: its CmdSN counts as received
 * [RFC 7143 11.5.5, 11.6.1 b]. */
static void take_abort(const struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                       struct connection_state *state)
{
    const struct lq_seen_function *function = pdu->function;
    uint32_t exp = lq_wire_exp_cmd_sn(pdu->h), number = pdu->connection->number;
    for (uint32_t i = state->plugged_count; i > 0; i--)
        if (is_before(state->plugged[i - 1], exp))
            state->plugged[i - 1] = state->plugged[--state->plugged_count];
    if (pdu->opcode != LQ_WIRE_TM_RESPONSE || function == NULL || lq_wire_response(pdu->h) != 0 ||
        function->function != LQ_TM_ABORT_TASK ||
        !is_before(function->ref_cmd_sn, function->cmd_sn))
        return;
    bool has_come = lq_map_get(&judge->view.exchange_of,
                               lq_key(number, function->referenced_tag)) != LQ_NONE;
    bool is_forged = lq_view_forged(&judge->view, number, function->tag) != 0 ||
                     lq_view_forged(&judge->view, number, function->referenced_tag) != 0;
    if (!has_come && !is_forged && !is_before(function->ref_cmd_sn, exp))
        remember(state->plugged, &state->plugged_count, PLUGGED_MAX, function->ref_cmd_sn);
}

static void forget_ignored(struct connection_state *state, struct ignored *ignored)
{
    *ignored = state->ignored[--state->ignored_count];
}

static struct ignored *find_ignored(struct connection_state *state, uint32_t itt)
{
    for (uint32_t i = 0; i < state->ignored_count; i++)
        if (state->ignored[i].itt == itt)
            return &state->ignored[i];
    return NULL;
}

/* The last that is sent for a request. */
static bool ends_request(const struct lq_pdu_seen *pdu)
{
    return pdu->opcode == LQ_WIRE_SCSI_RESPONSE || pdu->opcode == LQ_WIRE_TM_RESPONSE ||
           pdu->opcode == LQ_WIRE_TEXT_RESPONSE ||
           (pdu->opcode == LQ_WIRE_NOP_IN && lq_wire_itt(pdu->h) != LQ_WIRE_NO_TAG) ||
           (pdu->opcode == LQ_WIRE_DATA_IN && (pdu->h[1] & 0x01) != 0); /* S */
}

/* A full output keeps PDUs that tell of a wider window. One that was made before the target had
 * read as far as the request, as its ExpCmdSN says, tells the window that the request was in; and
 * so does the end of another one, whose place it may have. */
static void excuse_told_late(struct connection_state *state, const struct lq_pdu_seen *pdu)
{
    uint32_t exp = lq_wire_exp_cmd_sn(pdu->h), max = lq_wire_max_cmd_sn(pdu->h);
    for (uint32_t i = state->ignored_count; i > 0; i--) {
        struct ignored *ignored = &state->ignored[i - 1];
        bool has_place = ends_request(pdu) && !is_before(ignored->cmd_sn, exp) &&
                         ignored->cmd_sn == max + 1;
        bool is_older = is_before(exp, ignored->due) || exp == ignored->cmd_sn;
        if (has_place || (is_older && !is_before(max, ignored->cmd_sn)))
            forget_ignored(state, ignored);
    }
}

/* What names a task or a ping, and is no Reject. */
static void judge_ignored(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                          struct connection_state *state)
{
    uint32_t itt = lq_wire_itt(pdu->h);
    struct ignored *ignored = itt == LQ_WIRE_NO_TAG ? NULL : find_ignored(state, itt);
    if (ignored != NULL) {
        forget_ignored(state, ignored);
        struct lq_text text = lq_text_form("connection %: a request of tag % that was outside of "
                                           "the command window, or had been received, is answered",
                                           pdu->connection->number, itt, 0, 0);
        lq_convict_pdu(judge, P_SEQ_16, pdu, &text);
    }
    excuse_told_late(state, pdu);
}

static void follow_ignored(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                           struct connection_state *state)
{
    uint32_t itt = lq_wire_itt(pdu->h);
    bool must = must_be_ignored(judge, state, pdu);
    judge->exercised[P_SEQ_16] += must;
    struct ignored *former = find_ignored(state, itt);
    if (former != NULL && (must || pdu->opcode != LQ_WIRE_DATA_OUT))
        forget_ignored(state, former); /* the tag is another request's now */
    if (!must || state->ignored_count == IGNORED_MAX)
        return;
    uint32_t cmd_sn = lq_wire_cmd_sn(pdu->h), next = pdu->connection->cmd_sn;
    state->ignored[state->ignored_count++] =
        (struct ignored){itt, cmd_sn, is_before(cmd_sn, next) ? cmd_sn : next};
}

static void take_request(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    follow_ignored(judge, pdu, state_of(judge, pdu->connection->number));
    struct connection_state *state = state_of(judge, pdu->connection->number);
    uint32_t itt = lq_wire_itt(pdu->h);
    const char *why = why_ignored(pdu);
    /* What waits behind a hole may never have its turn, and nobody owes it an answer until then. */
    bool has_turn = lq_wire_is_immediate(pdu->h) ||
                    (pdu->is_numbered && why == NULL && !pdu->came_ahead);
    if (is_late_data(pdu))
        why = "late data of an aborted task";
    state->why = why;
    state->harmless = pdu->at;
    judge->exercised[P_LIVE_7] += why != NULL;
    if (pdu->opcode == LQ_WIRE_NOP_OUT && lq_wire_ttt(pdu->h) != LQ_WIRE_NO_TAG)
        state->awaits_pong = false;
    if (pdu->opcode == LQ_WIRE_NOP_OUT && itt != LQ_WIRE_NO_TAG && has_turn)
        remember(state->pings, &state->ping_count, PINGS_MAX, itt);
}

/* --- pings: LIVE-6 ---------------------------------------------------------------------------- */

/* A logout is answered behind everything else: a ping that came before has been answered. */
static void judge_pings(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                        struct connection_state *state)
{
    if (state->ping_count == 0)
        return;
    struct lq_text text = lq_text_form("connection %: the logout was answered, but the ping of "
                                       "tag % before it was not", pdu->connection->number,
                                       state->pings[0], 0, 0);
    lq_convict_pdu(judge, P_LIVE_6, pdu, &text);
    state->ping_count = 0;
}

static void take_response(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct connection_state *state = state_of(judge, pdu->connection->number);
    bool is_login = pdu->opcode == LQ_WIRE_LOGIN_RESPONSE;
    bool is_success = pdu->connection->login_success.number == pdu->at.number;
    judge_ignored(judge, pdu, state);
    take_abort(judge, pdu, state);
    if (is_login && is_success)
        judge_tsih(judge, pdu, state);
    if (pdu->opcode == LQ_WIRE_NOP_IN && lq_wire_itt(pdu->h) != LQ_WIRE_NO_TAG) {
        judge->exercised[P_LIVE_6]++;
        forget(state->pings, &state->ping_count, lq_wire_itt(pdu->h));
    }
    if (pdu->opcode == LQ_WIRE_NOP_IN && lq_wire_ttt(pdu->h) != LQ_WIRE_NO_TAG)
        state->awaits_pong = true;
    if (pdu->opcode == LQ_WIRE_TM_RESPONSE && pdu->function != NULL &&
        pdu->function->function == LQ_TM_TARGET_COLD_RESET)
        connections_of(judge)->cold_reset_ns = pdu->at.time_ns;
    uint32_t exp = lq_wire_exp_cmd_sn(pdu->h);
    if (!is_login && (!state->has_exp_cmd_sn || is_before(state->exp_cmd_sn, exp)))
        state->exp_cmd_sn = exp;
    state->has_exp_cmd_sn |= !is_login;
    uint32_t max = pdu->connection->max_cmd_sn;
    if (ends_request(pdu)) {
        state->has_end_max = true;
        state->end_max = max;
    } else if (max != state->end_max) {
        state->has_end_max = false;
    }
    if (pdu->opcode == LQ_WIRE_LOGOUT_RESPONSE && lq_wire_response(pdu->h) == 0)
        judge_pings(judge, pdu, state);
}

static void connection_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->direction == LQ_TO_TARGET)
        take_request(judge, pdu);
    else
        take_response(judge, pdu);
}

/* --- ends: LIVE-7 ----------------------------------------------------------------------------- */

/* The target may have waited for something: data, an answer to a ping, a peer that reads. Its
 * patience may end at the very moment at which something else comes. */
static bool may_have_waited(const struct lq_seen_connection *connection,
                            const struct connection_state *state)
{
    LQ_LIST_EACH(link, &connection->exchanges)
        if (LQ_ELEMENT(link, struct lq_seen_exchange, in_connection)->silenced_by == NULL)
            return true;
    return state->awaits_pong || state->ping_count > 0;
}

/* The target closed CONNECTION at the moment at which a PDU came that is no reason to. */
static void judge_close(struct lq_judge *judge, const struct lq_seen_connection *connection,
                        const struct lq_event *close)
{
    const struct connection_state *state = state_of(judge, connection->number);
    if (close->code != LQ_CLOSE_BY_TARGET || state->why == NULL || !connection->full_feature ||
        state->is_held_up || connection->is_lost || /* and a reason it is [RFC 7143 7.8] */
        connection->silent_since.seq != 0 || connection->logout_request.seq != 0 ||
        state->harmless.time_ns != close->time_ns || may_have_waited(connection, state) ||
        connections_of(judge)->cold_reset_ns == close->time_ns)
        return;
    struct lq_text text = lq_text_form("connection % was closed for ", connection->number, 0, 0, 0);
    lq_text_add(&text, state->why);
    lq_text_add(&text, ", which is to be ignored");
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, state->harmless, connection->number, LQ_TO_TARGET, 0, 0);
    lq_proof_event(&proof, close);
    lq_convict(judge, P_LIVE_7, &proof, &text);
}

static void connection_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    const struct lq_seen_connection *connection;
    switch (event->kind) {
    case LQ_W_FAULT:
        if ((event->flags & LQ_F_PDU) != 0 && (event->flags & LQ_F_FROM_TARGET) != 0 &&
            lq_view_connection(&judge->view, event->connection) != NULL)
            state_of(judge, event->connection)->is_held_up = true;
        break;
    case LQ_W_CLOSE:
        connection = lq_view_connection(&judge->view, event->connection);
        if (connection == NULL)
            break;
        judge_login_time(judge, connection, event->time_ns);
        judge_close(judge, connection, event);
        break;
    default:
        break;
    }
}

static void connection_finish(struct lq_judge *judge)
{
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        if (connection->close == NULL)
            judge_login_time(judge, connection, judge->view.end_ns);
    }
}

static void connection_init(struct lq_judge *judge)
{
    struct connections *connections =
        lq_state_make(judge, LQ_STATE_CONNECTION, sizeof *connections);
    lq_array_init(&connections->states, sizeof(struct connection_state));
}

static void connection_free(struct lq_judge *judge)
{
    struct connections *connections = connections_of(judge);
    lq_array_free(&connections->states, judge->allocator);
    lq_state_free(judge, LQ_STATE_CONNECTION, sizeof *connections);
}

static void connection_reset(struct lq_judge *judge)
{
    lq_array_reset(&connections_of(judge)->states);
    connections_of(judge)->cold_reset_ns = UINT64_MAX;
}

/* What came or was answered at this very moment is no business of a later one. */
static void connection_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        if (connection->close != NULL)
            continue;
        const struct connection_state *state = state_of(judge, connection->number);
        lq_digest_two(digest, state->is_held_up, state->is_late_told);
        lq_digest_word(digest, state->tsih);
        uint64_t ignored = 0;
        for (uint32_t g = 0; g < state->ignored_count; g++)
            ignored += lq_mix(state->ignored[g].cmd_sn, state->ignored[g].itt);
        lq_digest_two(digest, state->exp_cmd_sn, ignored);
        for (uint32_t p = 0; p < state->plugged_count; p++)
            lq_digest_word(digest, state->plugged[p]);
        uint64_t pings = 0;
        for (uint32_t p = 0; p < state->ping_count; p++)
            pings += lq_mix(1, state->pings[p]);
        lq_digest_two(digest, (uint64_t)state->awaits_pong << 32 | state->ping_count, pings);
        if (!connection->full_feature && connection->accept != NULL)
            lq_digest_time(digest, connection->accept->time_ns);
    }
}

static const uint16_t kinds[] = {LQ_W_CLOSE, LQ_W_FAULT, LQ_EVENT_NONE};

const struct lq_judge_part lq_connection_part = {
    .name = "connection",
    .init = connection_init,
    .free = connection_free,
    .reset = connection_reset,
    .event = connection_event,
    .kinds = kinds,
    .pdu = connection_pdu,
    .finish = connection_finish,
    .digest = connection_digest,
};
