/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIGESTS: those of the target are right, and nothing comes of a PDU that reached it with a wrong
 * one [RFC 7143 7.8]. Wire only.
 *
 * A broken PDU is kept in mind by its initiator task tag, until it is sent again. What carries that
 * tag afterwards is an answer to it; for a broken Data-Out that was asked for it is a status GOOD
 * that may not come, unless the target asks for its data again. (Of unsolicited data SEQ-11 tells:
 * all that a write needs must come, and what is broken has not.) Whose header is right is owed a
 * Reject, and that before an abort of its task is answered, a logout, or, where the task has ended
 * meanwhile, a command that came later. Of a tag that a broken header shows while a task or another
 * request has it nothing is certain, and nothing is kept.
 */
#include "conformance/judges/digest.h"

enum { BROKEN_MAX = 16 }; /* PDUs of a connection that are kept in mind; the oldest goes first */
enum { OPEN_MAX = 64 };   /* requests without an answer, the same */

struct broken {
    uint32_t itt;
    bool is_data_out, was_asked_for; /* of a task that has begun */
    bool awaits_reject;
    bool has_ended; /* its task, by a status that may have been on its way before */
    uint32_t offset; /* of Data-Out */
    struct lq_moment at;
    uint32_t opcode;
};

struct connection_state {
    uint32_t count;
    struct broken broken[BROKEN_MAX];
    uint32_t open_count, open[OPEN_MAX]; /* tags of requests that are no commands */
};

struct digests {
    struct lq_array connections;
};

static struct digests *digests_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_DIGESTS];
}

static struct connection_state *state_of(struct lq_judge *judge,
                                         const struct lq_seen_connection *connection)
{
    struct lq_array *array = &digests_of(judge)->connections;
    while (array->count <= connection->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, connection->index);
}

static struct broken *find(struct connection_state *state, uint32_t itt)
{
    for (uint32_t i = 0; i < state->count; i++)
        if (state->broken[i].itt == itt)
            return &state->broken[i];
    return NULL;
}

static void forget(struct connection_state *state, struct broken *broken)
{
    struct broken *last = &state->broken[--state->count];
    for (; broken < last; broken++)
        broken[0] = broken[1];
}

/* --- what came broken ------------------------------------------------------------------------- */

static void keep(struct lq_judge *judge, const struct lq_pdu_seen *pdu, bool is_data_out)
{
    struct connection_state *state = state_of(judge, pdu->connection);
    struct broken *same = find(state, lq_wire_itt(pdu->h));
    if (same != NULL)
        forget(state, same);
    if (state->count == BROKEN_MAX)
        forget(state, &state->broken[0]);
    state->broken[state->count++] = (struct broken){
        .itt = lq_wire_itt(pdu->h),
        .is_data_out = is_data_out,
        .was_asked_for = is_data_out && lq_wire_ttt(pdu->h) != LQ_WIRE_NO_TAG,
        .awaits_reject = !pdu->header_broken,
        .offset = lq_wire_buffer_offset(pdu->h),
        .at = pdu->at,
        .opcode = pdu->opcode};
}

static bool is_open(const struct connection_state *state, uint32_t itt)
{
    for (uint32_t i = 0; i < state->open_count; i++)
        if (state->open[i] == itt)
            return true;
    return false;
}

static void close_request(struct connection_state *state, uint32_t itt)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->open_count; i++)
        if (state->open[i] != itt)
            state->open[kept++] = state->open[i];
    state->open_count = kept;
}

static void follow_requests(struct connection_state *state, const struct lq_pdu_seen *pdu)
{
    uint32_t itt = lq_wire_itt(pdu->h);
    bool is_request = pdu->direction == LQ_TO_TARGET;
    if (itt == LQ_WIRE_NO_TAG || (is_request && (pdu->opcode == LQ_WIRE_SCSI_COMMAND ||
                                                 pdu->opcode == LQ_WIRE_DATA_OUT ||
                                                 pdu->opcode == LQ_WIRE_SNACK)))
        return;
    close_request(state, itt);
    if (!is_request)
        return;
    if (state->open_count == OPEN_MAX)
        close_request(state, state->open[0]);
    state->open[state->open_count++] = itt;
}

static void digests_broken_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    bool is_task = (pdu->exchange != NULL && pdu->exchange->response.seq == 0) ||
                   (pdu->header_broken &&
                    is_open(state_of(judge, pdu->connection), lq_wire_itt(pdu->h)));
    bool is_data_out = !pdu->header_broken && pdu->opcode == LQ_WIRE_DATA_OUT;
    if (lq_wire_itt(pdu->h) == LQ_WIRE_NO_TAG || is_task != is_data_out)
        return;
    judge->exercised[P_SEQ_15]++;
    keep(judge, pdu, is_data_out);
}

/* --- what the target sends -------------------------------------------------------------------- */

static void convict(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                    const struct broken *broken, const char *what)
{
    struct lq_text text = lq_text_form("connection %: task %", pdu->connection->number,
                                       broken->itt, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_wire(&proof, broken->at, pdu->connection->number, LQ_TO_TARGET, broken->opcode,
                  broken->itt);
    lq_proof_pdu(&proof, pdu);
    lq_convict(judge, P_SEQ_15, &proof, &text);
}

static void take_reject(struct connection_state *state, const struct lq_pdu_seen *pdu)
{
    enum { DATA_DIGEST_ERROR = 2 }; /* [RFC 7143 11.17.1] */
    if (lq_wire_response(pdu->h) != DATA_DIGEST_ERROR || pdu->kept_bytes < LQ_WIRE_HEADER_BYTES)
        return;
    struct broken *broken = find(state, lq_wire_itt(pdu->data));
    if (broken == NULL)
        return;
    broken->awaits_reject = false;
    if (broken->has_ended)
        forget(state, broken);
}

/* An answer to BY has passed, or an abort's; PDUs that came before it have theirs. */
static void judge_reject(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                         struct broken *broken, struct lq_moment by)
{
    if (!broken->awaits_reject || broken->at.number > by.number ||
        (lq_view_forged(&judge->view, pdu->connection->number, broken->itt) &
         ~(uint32_t)LQ_BROKEN) != 0)
        return;
    convict(judge, pdu, broken, " had data with a wrong digest, which was never rejected");
    broken->awaits_reject = false;
}

static bool is_status(const struct lq_pdu_seen *pdu)
{
    return pdu->opcode == LQ_WIRE_SCSI_RESPONSE ||
           (pdu->opcode == LQ_WIRE_DATA_IN && lq_wire_data_in_has_status(pdu->h));
}

static void take_end(struct lq_judge *judge, struct connection_state *state,
                     const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_function *function = pdu->function;
    bool is_abort = pdu->opcode == LQ_WIRE_TM_RESPONSE && function != NULL &&
                    function->function == LQ_TM_ABORT_TASK;
    for (uint32_t i = 0; i < state->count; i++) {
        struct broken *broken = &state->broken[i];
        if (pdu->opcode == LQ_WIRE_LOGOUT_RESPONSE)
            judge_reject(judge, pdu, broken, pdu->connection->logout_request);
        else if (is_abort && function->referenced_tag == broken->itt)
            judge_reject(judge, pdu, broken, function->request);
        else if (broken->has_ended && is_status(pdu) && pdu->exchange != NULL)
            judge_reject(judge, pdu, broken, pdu->exchange->request);
    }
}

static bool asks_again(const struct lq_pdu_seen *pdu, const struct broken *broken)
{
    uint32_t offset = lq_wire_buffer_offset(pdu->h);
    return pdu->opcode == LQ_WIRE_R2T && offset <= broken->offset &&
           broken->offset - offset < lq_wire_desired_bytes(pdu->h);
}

static void take_answer(struct lq_judge *judge, struct connection_state *state,
                        const struct lq_pdu_seen *pdu, struct broken *broken)
{
    if ((lq_view_forged(&judge->view, pdu->connection->number, lq_wire_itt(pdu->h)) &
         ~(uint32_t)LQ_BROKEN) != 0)
        ; /* it may have come twice, and well */
    else if (!broken->is_data_out)
        convict(judge, pdu, broken, " is answered, but its request came with a wrong digest");
    else if (!is_status(pdu) && !asks_again(pdu, broken))
        return;
    else if (!broken->was_asked_for)
        return; /* its task may have been refused before this data came */
    else if (is_status(pdu) && lq_wire_response(pdu->h) == 0 && lq_wire_status(pdu->h) == 0)
        convict(judge, pdu, broken, " ended GOOD, but some of its data came with a wrong digest");
    else if (is_status(pdu) && broken->awaits_reject) {
        broken->has_ended = true;
        return;
    }
    forget(state, broken);
}

static void judge_digests(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_parameters *agreed = &pdu->connection->parameters;
    if (pdu->opcode == LQ_WIRE_LOGIN_RESPONSE || (!agreed->header_digest && !agreed->data_digest))
        return;
    judge->exercised[P_SEQ_14]++;
    if (!pdu->header_broken && !pdu->data_broken)
        return;
    struct lq_text text = lq_text_form("connection %: a PDU of opcode % carries a wrong ",
                                       pdu->connection->number, pdu->opcode, 0, 0);
    lq_text_add(&text, pdu->header_broken ? "header digest" : "data digest");
    lq_convict_pdu(judge, P_SEQ_14, pdu, &text);
}

static void digests_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    struct connection_state *state = state_of(judge, pdu->connection);
    bool is_from_target = pdu->direction == LQ_FROM_TARGET;
    if (is_from_target)
        judge_digests(judge, pdu);
    follow_requests(state, pdu);
    if (state->count == 0)
        return;
    if (is_from_target && pdu->opcode == LQ_WIRE_REJECT)
        take_reject(state, pdu);
    if (is_from_target)
        take_end(judge, state, pdu);
    struct broken *broken = find(state, lq_wire_itt(pdu->h));
    if (broken == NULL || pdu->opcode == LQ_WIRE_REJECT)
        return;
    if (is_from_target)
        take_answer(judge, state, pdu, broken);
    else if (pdu->opcode != LQ_WIRE_DATA_OUT) /* sent again */
        forget(state, broken);
}

/* --- the part --------------------------------------------------------------------------------- */

static void digests_init(struct lq_judge *judge)
{
    struct digests *digests = lq_state_make(judge, LQ_STATE_DIGESTS, sizeof *digests);
    lq_array_init(&digests->connections, sizeof(struct connection_state));
}

static void digests_free(struct lq_judge *judge)
{
    struct digests *digests = digests_of(judge);
    lq_array_free(&digests->connections, judge->allocator);
    lq_state_free(judge, LQ_STATE_DIGESTS, sizeof *digests);
}

static void digests_reset(struct lq_judge *judge)
{
    lq_array_reset(&digests_of(judge)->connections);
}

static void digests_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        const struct connection_state *state = state_of(judge, connection);
        for (uint32_t r = 0; connection->close == NULL && r < state->open_count; r++)
            lq_digest_word(digest, state->open[r]);
        for (uint32_t b = 0; connection->close == NULL && b < state->count; b++) {
            lq_digest_two(digest, state->broken[b].itt, state->broken[b].offset);
            lq_digest_two(digest, state->broken[b].is_data_out, state->broken[b].awaits_reject);
            lq_digest_two(digest, state->broken[b].was_asked_for, state->broken[b].has_ended);
        }
    }
}

const struct lq_judge_part lq_digests_part = {
    .name = "digests",
    .init = digests_init,
    .free = digests_free,
    .reset = digests_reset,
    .pdu = digests_pdu,
    .broken_pdu = digests_broken_pdu,
    .digest = digests_digest,
};
