/* SPDX-License-Identifier: Apache-2.0 */
/* Small messages: Reject, NOP both ways, Asynchronous Message [RFC 7143 11.9, 11.17 to 11.19]. */
#include <string.h>

#include "proto/iscsi/state.h"

void lq_tgt_reject(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                   enum lq_iscsi_reject_reason reason, const uint8_t *header)
{
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_REJECT, LQ_TAG_NONE, LQ_TAG_NONE);
    note->pdu.u.reject.reason = (uint8_t)reason;
    note->pdu.data_bytes = LQ_BHS_BYTES;
    memcpy(note->copy, header, LQ_BHS_BYTES);
    note->data = note->copy;
    target->counts.rejects++;
    lq_tgt_note_queue(target, conn, note);
}

/* --- NOP -------------------------------------------------------------------------------------- */

/* The answer to a ping: the same data, as far as the initiator takes it in one segment. */
static void echo(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                 const struct lq_iscsi_pdu *pdu, const uint8_t *data)
{
    if (pdu->itt % 4 == 3 && lq_tgt_wrong(t, LQ_WRONG_PING_UNANSWERED))
        return;
    uint32_t ttt = lq_tgt_wrong(t, LQ_WRONG_PING_ANSWERED_WITH_TTT) ? 1 : LQ_TAG_NONE;
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_NOP_IN, pdu->itt, ttt);
    uint32_t bytes =
        pdu->data_bytes < conn->max_send_bytes ? pdu->data_bytes : conn->max_send_bytes;
    if (bytes != 0) {
        if (data != conn->buffer)
            memcpy(conn->buffer, data, bytes);
        note->data = conn->buffer;
        note->pdu.data_bytes = bytes;
        note->after = LQ_AFTER_BUFFER;
        conn->buffer_busy = true;
    }
    lq_tgt_note_queue(t, conn, note);
}

void lq_tgt_nop_out(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                    const struct lq_iscsi_pdu *pdu, const uint8_t *data)
{
    if (pdu->ttt != LQ_TAG_NONE && conn->pinging && pdu->ttt == conn->ping_ttt)
        conn->pinging = false;
    if (pdu->itt != LQ_TAG_NONE)
        echo(target, conn, pdu, data);
    if (!conn->pinging && target->config.nop_interval_ns != 0)
        lq_tgt_wake_by(target, conn, conn->last_input_ns + target->config.nop_interval_ns);
    if (!conn->pinging && !lq_list_is_empty(&conn->unacknowledged))
        lq_tgt_solicit_acknowledgement(target, conn);
}

uint64_t lq_tgt_ping_timeout_ns(const struct lq_iscsi_target *target)
{
    return target->config.nop_timeout_ns != 0 ? target->config.nop_timeout_ns
                                              : target->config.data_timeout_ns;
}

void lq_tgt_ping(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    conn->pinging = true;
    conn->ping_sent_ns = target->env->now_ns;
    do
        conn->ping_ttt = target->next_ttt++;
    while (conn->ping_ttt == LQ_TAG_NONE);
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_NOP_IN, LQ_TAG_NONE, conn->ping_ttt);
    lq_tgt_note_queue(target, conn, note);
    lq_tgt_wake_by(target, conn, conn->ping_sent_ns + lq_tgt_ping_timeout_ns(target));
}

void lq_tgt_announce_window(struct lq_iscsi_target *target, struct lq_tgt_session *session)
{
    struct lq_tgt_conn *conn = session->conn;
    /* Other things that are not input's consequence need notes too: it is tried again later. */
    if (conn != NULL && conn->free_note_count <= LQ_TGT_NOTES_RESERVED / 2)
        return;
    lq_list_remove(&session->closed_link);
    if (conn == NULL || conn->closing != LQ_NOT_CLOSING || conn->phase != LQ_PHASE_FULL)
        return;
    /* What is queued already will carry the new window. */
    if (!lq_list_is_empty(&conn->outputs))
        return;
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_NOP_IN, LQ_TAG_NONE, LQ_TAG_NONE);
    lq_tgt_note_queue(target, conn, note);
}

/* --- Asynchronous Message --------------------------------------------------------------------- */

void lq_tgt_request_logout(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                           uint16_t within_s)
{
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_ASYNC_MESSAGE, LQ_TAG_NONE, 0);
    note->pdu.u.async.event = LQ_ASYNC_LOGOUT_REQUESTED;
    note->pdu.u.async.parameter3 = within_s;
    lq_tgt_note_queue(target, conn, note);
}
