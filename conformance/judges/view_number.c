/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view's count of CmdSN: which has been received, in order or ahead of a hole. A network that
 * loses or reorders PDUs makes holes; what comes ahead waits for its turn [RFC 7143 4.2.2.1].
 */
#include "conformance/judges/internal.h"

static bool is_before(uint32_t a, uint32_t b) /* [RFC 1982] */
{
    return (int32_t)(a - b) < 0;
}

static uint64_t *ahead_of(struct lq_seen_connection *connection, uint32_t cmd_sn)
{
    return &connection->ahead[cmd_sn % LQ_AHEAD_MAX / 64];
}

static uint64_t ahead_bit(uint32_t cmd_sn)
{
    return UINT64_C(1) << cmd_sn % 64;
}

static bool has_received(struct lq_seen_connection *connection, uint32_t cmd_sn)
{
    return is_before(cmd_sn, connection->cmd_sn) ||
           (cmd_sn - connection->cmd_sn < LQ_AHEAD_MAX &&
            (*ahead_of(connection, cmd_sn) & ahead_bit(cmd_sn)) != 0);
}

static void receive(struct lq_seen_connection *connection, uint32_t cmd_sn)
{
    uint32_t *first = &connection->cmd_sn;
    if (cmd_sn - *first >= LQ_AHEAD_MAX)
        return;
    *ahead_of(connection, cmd_sn) |= ahead_bit(cmd_sn);
    while ((*ahead_of(connection, *first) & ahead_bit(*first)) != 0) {
        *ahead_of(connection, *first) &= ~ahead_bit(*first);
        ++*first;
    }
}

void lq_view_window(const struct lq_pdu_seen *pdu)
{
    struct lq_seen_connection *connection = pdu->connection;
    if (pdu->direction == LQ_TO_TARGET)
        return;
    bool is_login = pdu->opcode == LQ_WIRE_LOGIN_RESPONSE;
    if (is_login && connection->login_success.number != pdu->at.number)
        return; /* the window begins with the session */
    uint32_t exp = lq_wire_exp_cmd_sn(pdu->h), max = lq_wire_max_cmd_sn(pdu->h);
    if (!connection->has_window || is_before(connection->max_cmd_sn, max))
        connection->max_cmd_sn = max;
    connection->has_window = true;
    if (is_before(connection->first_doubtful, exp))
        connection->first_doubtful = exp;
    if (is_before(connection->last_doubtful, exp))
        connection->has_doubt = false;
}

static void doubt(struct lq_seen_connection *connection, uint32_t cmd_sn)
{
    if (!connection->has_doubt || is_before(cmd_sn, connection->first_doubtful))
        connection->first_doubtful = cmd_sn;
    if (!connection->has_doubt || is_before(connection->last_doubtful, cmd_sn))
        connection->last_doubtful = cmd_sn;
    connection->has_doubt = true;
}

void lq_view_number(struct lq_pdu_seen *pdu)
{
    struct lq_seen_connection *connection = pdu->connection;
    if (pdu->direction != LQ_TO_TARGET)
        return;
    uint32_t cmd_sn = lq_wire_cmd_sn(pdu->h);
    if (pdu->opcode == LQ_WIRE_LOGIN_REQUEST && !connection->has_cmd_sn) {
        connection->has_cmd_sn = true;
        connection->cmd_sn = cmd_sn;
    }
    if (pdu->header_broken || pdu->data_broken)
        return;
    /* ABORT TASK of a command that never came counts for it [RFC 7143 11.5.5, 11.6.1]. */
    if (pdu->opcode == LQ_WIRE_TM_REQUEST && lq_wire_function(pdu->h) == LQ_TM_ABORT_TASK &&
        is_before(lq_wire_ref_cmd_sn(pdu->h), cmd_sn))
        receive(connection, lq_wire_ref_cmd_sn(pdu->h));
    pdu->is_numbered = connection->has_cmd_sn && pdu->opcode != LQ_WIRE_DATA_OUT &&
                       pdu->opcode != LQ_WIRE_SNACK && pdu->opcode != LQ_WIRE_LOGIN_REQUEST &&
                       !lq_wire_is_immediate(pdu->h);
    if (!pdu->is_numbered)
        return;
    pdu->is_beyond = connection->has_window && is_before(connection->max_cmd_sn, cmd_sn);
    if (pdu->is_beyond)
        doubt(connection, cmd_sn);
    bool is_doubtful =
        connection->has_doubt && !is_before(cmd_sn, connection->first_doubtful);
    pdu->came_ahead = is_doubtful || is_before(connection->cmd_sn, cmd_sn);
    pdu->came_again = !is_doubtful && has_received(connection, cmd_sn);
    receive(connection, cmd_sn);
}
