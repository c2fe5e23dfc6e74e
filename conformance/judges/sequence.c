/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEQUENCE, first half: StatSN, the command window, one status a task, sense data, the shape of
 * PDUs [RFC 7143 4.2.2, 11]. Wire only; transfers are in transfer.c, login in negotiation.c.
 */
#include "conformance/judges/digest.h"
#include "conformance/wire/sense.h"

struct connection_state {
    bool has_stat_sn, has_window;
    uint32_t stat_sn;  /* expected next */
    uint32_t exp_cmd_sn, max_cmd_sn; /* last sent by the target */
};

struct sequence {
    struct lq_array connections;
};

static struct sequence *sequence_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_SEQUENCE];
}

static struct connection_state *state_of(struct lq_judge *judge,
                                         const struct lq_seen_connection *connection)
{
    struct lq_array *array = &sequence_of(judge)->connections;
    while (array->count <= connection->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, connection->index);
}

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_pdu_seen *pdu, const char *format, uint64_t a, uint64_t b,
                    uint64_t c)
{
    struct lq_text text = lq_text_form(format, pdu->connection->number, a, b, c);
    lq_convict_pdu(judge, property, pdu, &text);
}

enum { TASK_ABORTED = 0x40 };

/* --- what there is of PDUs that a target sends ------------------------------------------------ */

enum stat_sn_rule { STAT_NEXT, STAT_COUNTS, STAT_IF_S, STAT_IF_ANSWER };

struct pdu_rule {
    uint8_t opcode;
    uint8_t stat_sn; /* enum stat_sn_rule */
    bool has_data;   /* may carry a data segment */
    const char *name;
};

/* [RFC 7143 4.2.2.2]: which PDUs advance StatSN; the others carry the next one. */
static const struct pdu_rule rules[] = {
    {LQ_WIRE_NOP_IN, STAT_IF_ANSWER, true, "NOP-In"},
    {LQ_WIRE_SCSI_RESPONSE, STAT_COUNTS, true, "SCSI Response"},
    {LQ_WIRE_TM_RESPONSE, STAT_COUNTS, false, "TM Function Response"},
    {LQ_WIRE_LOGIN_RESPONSE, STAT_COUNTS, true, "Login Response"},
    {LQ_WIRE_TEXT_RESPONSE, STAT_COUNTS, true, "Text Response"},
    {LQ_WIRE_DATA_IN, STAT_IF_S, true, "Data-In"},
    {LQ_WIRE_LOGOUT_RESPONSE, STAT_COUNTS, false, "Logout Response"},
    {LQ_WIRE_R2T, STAT_NEXT, false, "R2T"},
    {LQ_WIRE_ASYNC, STAT_COUNTS, true, "Asynchronous Message"},
    {LQ_WIRE_REJECT, STAT_COUNTS, true, "Reject"},
};

static const struct pdu_rule *rule_of(uint32_t opcode)
{
    for (uint32_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].opcode == opcode)
            return &rules[i];
    return NULL;
}

/* Only login PDUs, and Reject, before the full feature phase; none of them in it. */
static const char *wrong_shape(const struct lq_pdu_seen *pdu, const struct pdu_rule *rule)
{
    bool is_login = pdu->opcode == LQ_WIRE_LOGIN_RESPONSE;
    bool ends_login = is_login && pdu->connection->login_success.number == pdu->at.number;
    if (rule == NULL)
        return "connection %: the target sent a PDU of opcode %, which targets do not send";
    if (is_login && pdu->connection->full_feature && !ends_login)
        return "connection %: a Login Response (opcode %) came in the full feature phase";
    if (!is_login && pdu->opcode != LQ_WIRE_REJECT && !pdu->connection->full_feature)
        return "connection %: a PDU of opcode % came before the full feature phase";
    if (!rule->has_data && pdu->data_bytes > 0)
        return "connection %: a PDU of opcode % carries a data segment, which it cannot have";
    if (lq_wire_ahs_bytes(pdu->h) > 0)
        return "connection %: a PDU of opcode % carries an additional header segment";
    if (pdu->opcode == LQ_WIRE_NOP_IN && lq_wire_itt(pdu->h) != LQ_WIRE_NO_TAG &&
        lq_wire_ttt(pdu->h) != LQ_WIRE_NO_TAG) /* [RFC 7143 11.19] */
        return "connection %: the answer to a ping (opcode %) carries a target transfer tag";
    if (pdu->opcode == LQ_WIRE_R2T && pdu->exchange != NULL &&
        lq_wire_lun(pdu->h) != pdu->exchange->lun)
        return "connection %: an R2T (opcode %) carries another LUN than its command";
    if (!lq_wire_is_final(pdu->h) && pdu->opcode != LQ_WIRE_DATA_IN && !is_login &&
        pdu->opcode != LQ_WIRE_TEXT_RESPONSE)
        return "connection %: a PDU of opcode % lacks its F bit";
    return NULL;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool advances(const struct lq_pdu_seen *pdu, const struct pdu_rule *rule)
{
    switch ((enum stat_sn_rule)rule->stat_sn) {
    case STAT_NEXT: return false;
    case STAT_COUNTS: return true;
    case STAT_IF_S: return lq_wire_data_in_has_status(pdu->h);
    case STAT_IF_ANSWER: return lq_wire_itt(pdu->h) != LQ_WIRE_NO_TAG;
    }
    return false;
}

static void judge_stat_sn(struct lq_judge *judge, struct connection_state *state,
                          const struct lq_pdu_seen *pdu, const struct pdu_rule *rule)
{
    bool counts = advances(pdu, rule);
    if (rule->stat_sn == STAT_IF_S && !counts)
        return; /* the field is reserved */
    uint32_t stat_sn = lq_wire_stat_sn(pdu->h);
    if (state->has_stat_sn) {
        judge->exercised[P_SEQ_1]++;
        if (stat_sn != state->stat_sn)
            convict(judge, P_SEQ_1, pdu, "connection %: StatSN is % where % was due (opcode %)",
                    stat_sn, state->stat_sn, pdu->opcode);
    }
    state->has_stat_sn = true;
    state->stat_sn = stat_sn + counts;
}

static bool is_before(uint32_t a, uint32_t b) /* [RFC 1982] */
{
    return (int32_t)(a - b) < 0;
}

static void judge_window(struct lq_judge *judge, struct connection_state *state,
                         const struct lq_pdu_seen *pdu)
{
    uint32_t exp = lq_wire_exp_cmd_sn(pdu->h), max = lq_wire_max_cmd_sn(pdu->h);
    judge->exercised[P_SEQ_2]++;
    if (is_before(max, exp - 1))
        convict(judge, P_SEQ_2, pdu, "connection %: MaxCmdSN % is below ExpCmdSN % - 1", max, exp,
                0);
    else if (state->has_window && is_before(exp, state->exp_cmd_sn))
        convict(judge, P_SEQ_2, pdu, "connection %: ExpCmdSN went back from % to %",
                state->exp_cmd_sn, exp, 0);
    else if (state->has_window && is_before(max, state->max_cmd_sn))
        convict(judge, P_SEQ_2, pdu, "connection %: MaxCmdSN went back from % to %",
                state->max_cmd_sn, max, 0);
    else if (pdu->connection->has_cmd_sn && !pdu->connection->is_lost &&
             is_before(pdu->connection->cmd_sn, exp))
        convict(judge, P_SEQ_2, pdu, "connection %: ExpCmdSN is % but % was not received", exp,
                pdu->connection->cmd_sn, 0);
    else if (pdu->exchange != NULL && !pdu->exchange->immediate &&
             !is_before(pdu->exchange->cmd_sn, exp))
        convict(judge, P_SEQ_2, pdu, "connection %: ExpCmdSN % does not cover CmdSN %, whose "
                                     "command is being answered", exp, pdu->exchange->cmd_sn, 0);
    state->has_window = true;
    state->exp_cmd_sn = exp;
    state->max_cmd_sn = max;
}

/* --- one status, and nothing without a task --------------------------------------------------- */

static void judge_task(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    const struct lq_seen_exchange *exchange = pdu->exchange;
    uint32_t itt = lq_wire_itt(pdu->h);
    judge->exercised[P_SEQ_7]++;
    if (exchange == NULL && pdu->connection->is_lost)
        return; /* nobody can tell any more what was asked for */
    if (exchange == NULL) {
        convict(judge, P_SEQ_7, pdu, "connection %: opcode % was sent for task %, which is not "
                                     "there", pdu->opcode, itt, 0);
        return;
    }
    bool is_status = exchange->response.number == pdu->at.number;
    if (exchange->status_count > 0 && !is_status && exchange->silenced_by == NULL)
        convict(judge, P_SEQ_7, pdu, "connection %: opcode % was sent for task % after its status",
                pdu->opcode, itt, 0);
}

static void judge_function(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    judge->exercised[P_SEQ_7]++;
    if (pdu->function == NULL)
        convict(judge, P_SEQ_7, pdu, "connection %: a TM response for tag %, which nobody asked "
                                     "for", lq_wire_itt(pdu->h), 0, 0);
    else if (pdu->function->response.number != pdu->at.number)
        convict(judge, P_SEQ_7, pdu, "connection %: a second TM response for tag %",
                lq_wire_itt(pdu->h), 0, 0);
}

/* --- sense ------------------------------------------------------------------------------------ */

/* [RFC 7143 11.4.7]: SenseLength, then the sense data. */
static void judge_sense(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (lq_wire_response(pdu->h) != 0 || lq_wire_status(pdu->h) != 0x02)
        return;
    judge->exercised[P_SEQ_9]++;
    const char *wrong = NULL;
    struct lq_wire_sense sense;
    if (pdu->kept_bytes < 2)
        wrong = "there is none";
    else if (lq_wire_be16(pdu->data) > pdu->data_bytes - 2)
        wrong = "its length goes beyond the data segment";
    else
        wrong = lq_wire_sense_read(pdu->data + 2, lq_wire_be16(pdu->data), &sense);
    if (wrong == NULL)
        return;
    struct lq_text text = lq_text_form("connection %: the sense data of task % is wrong: ",
                                       pdu->connection->number, lq_wire_itt(pdu->h), 0, 0);
    lq_text_add(&text, wrong);
    lq_convict_pdu(judge, P_SEQ_9, pdu, &text);
}

/* --- the engine's end against the initiator's ------------------------------------------------- */

static const struct lq_event *end_of(const struct lq_seen_task *task)
{
    return task->refused != NULL ? task->refused : task->ended;
}

static bool is_told(const struct lq_event *ended, const struct lq_event *status)
{
    return ended != NULL && ended->code == status->code && ended->detail == status->detail;
}

static void judge_end(struct lq_judge *judge, const struct lq_event *status)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, status);
    if (command == NULL || command->task == NULL || command->status != status)
        return;
    const struct lq_event *ended = end_of(command->task);
    if (ended == NULL || (ended->flags & LQ_F_ABORTED) ||
        (lq_view_command_forged(&judge->view, command) & ~(uint32_t)LQ_BROKEN) != 0)
        return;
    judge->exercised[P_SEQ_13]++;
    /* A frame that a fabric delivers twice, the second time when the first has ended, is another
     * command to an FCP target: initiators use an OX_ID again at once. Either's status counts. */
    if (is_told(ended, status) ||
        (command->again != NULL && is_told(end_of(command->again), status)))
        return;
    struct lq_text text = lq_text_form("command % of initiator % ended with status % but its "
                                       "initiator received status %, or other sense",
                                       status->serial, status->actor, ended->code, status->code);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, command->sent);
    lq_proof_event(&proof, ended);
    lq_proof_event(&proof, status);
    lq_convict(judge, P_SEQ_13, &proof, &text);
}

/* The logout is answered behind every status that was on its way [RFC 7143 11.14]. */
static void judge_left_behind(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    LQ_LIST_EACH(link, &pdu->connection->exchanges)
    {
        const struct lq_seen_exchange *exchange =
            LQ_ELEMENT(link, struct lq_seen_exchange, in_connection);
        const struct lq_seen_task *task = exchange->task;
        if (task == NULL || task->ended == NULL || (task->ended->flags & LQ_F_ABORTED) != 0 ||
            exchange->silenced_by != NULL || exchange->unsolicited_follows ||
            task->ended->code == TASK_ABORTED) /* which waits for data that was asked for */
            continue;
        convict(judge, P_SEQ_13, pdu, "connection %: the logout was answered, but task %, which "
                                      "had ended with status %, got none", exchange->itt,
                task->ended->code, 0);
        return;
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void sequence_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->direction == LQ_TO_TARGET) {
        return;
    }
    const struct pdu_rule *rule = rule_of(pdu->opcode);
    const char *wrong = wrong_shape(pdu, rule);
    judge->exercised[P_SEQ_12]++;
    if (wrong != NULL)
        convict(judge, P_SEQ_12, pdu, wrong, pdu->opcode, 0, 0);
    if (rule == NULL)
        return;
    if (pdu->opcode == LQ_WIRE_LOGIN_RESPONSE && lq_wire_login_status(pdu->h) >> 8 != 0)
        return; /* its numbers are not valid */
    struct connection_state *state = state_of(judge, pdu->connection);
    judge_stat_sn(judge, state, pdu, rule);
    judge_window(judge, state, pdu);
    if (pdu->opcode == LQ_WIRE_SCSI_RESPONSE || pdu->opcode == LQ_WIRE_DATA_IN ||
        pdu->opcode == LQ_WIRE_R2T)
        judge_task(judge, pdu);
    if (pdu->opcode == LQ_WIRE_TM_RESPONSE)
        judge_function(judge, pdu);
    if (pdu->opcode == LQ_WIRE_TEXT_RESPONSE &&
        pdu->data_bytes > pdu->connection->parameters.initiator_segment_bytes)
        convict(judge, P_SEQ_5, pdu, "connection %: a Text Response of % bytes exceeds the "
                                     "initiator's limit of %", pdu->data_bytes,
                pdu->connection->parameters.initiator_segment_bytes, 0);
    if (pdu->opcode == LQ_WIRE_SCSI_RESPONSE)
        judge_sense(judge, pdu);
    if (pdu->opcode == LQ_WIRE_LOGOUT_RESPONSE && lq_wire_response(pdu->h) == 0)
        judge_left_behind(judge, pdu);
}

static void sequence_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->kind == LQ_I_STATUS)
        judge_end(judge, judge->view.event);
}

static void sequence_init(struct lq_judge *judge)
{
    struct sequence *sequence = lq_state_make(judge, LQ_STATE_SEQUENCE, sizeof *sequence);
    lq_array_init(&sequence->connections, sizeof(struct connection_state));
}

static void sequence_free(struct lq_judge *judge)
{
    struct sequence *sequence = sequence_of(judge);
    lq_array_free(&sequence->connections, judge->allocator);
    lq_state_free(judge, LQ_STATE_SEQUENCE, sizeof *sequence);
}

static void sequence_reset(struct lq_judge *judge)
{
    lq_array_reset(&sequence_of(judge)->connections);
}

static void sequence_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        if (connection->close != NULL)
            continue;
        const struct connection_state *state = state_of(judge, connection);
        lq_digest_two(digest, state->has_stat_sn, state->stat_sn);
        lq_digest_two(digest, state->has_window, state->exp_cmd_sn);
        lq_digest_word(digest, state->max_cmd_sn);
    }
}

static const uint16_t kinds[] = {LQ_I_STATUS, LQ_EVENT_NONE};

const struct lq_judge_part lq_sequence_part = {
    .name = "sequence",
    .init = sequence_init,
    .free = sequence_free,
    .reset = sequence_reset,
    .event = sequence_event,
    .kinds = kinds,
    .pdu = sequence_pdu,
    .digest = sequence_digest,
};
