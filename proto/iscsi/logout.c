/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logout [RFC 7143 11.14, 11.15]: the response goes out only when the engine has ended the
 * session's nexus, and behind every status that was on its way.
 */
#include "proto/iscsi/state.h"

void lq_tgt_logout_answer(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, uint32_t itt,
                          enum lq_iscsi_logout_response response)
{
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_LOGOUT_RESPONSE, itt, 0);
    note->pdu.u.logout_response.response = (uint8_t)response;
    note->pdu.u.logout_response.time2wait_s = target->config.offer.default_time2wait_s;
    note->pdu.u.logout_response.time2retain_s = target->config.offer.default_time2retain_s;
    if (response == LQ_LOGOUT_CLOSED)
        note->after = LQ_AFTER_LOGOUT;
    lq_tgt_note_queue(target, conn, note);
    if (response == LQ_LOGOUT_CLOSED)
        lq_tgt_close(target, conn, LQ_CLOSING_FLUSH);
}

/* Forgets what waits for the initiator: neither will a hole be filled nor an R2T answered. */
static void forget_waiting(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    while (!lq_list_is_empty(&session->held))
        lq_tgt_command_free(t, LQ_ELEMENT(session->held.next, struct lq_tgt_command, held_link));
    LQ_LIST_EACH_SAFE(link, following, &session->awaiting)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, waiting_link);
        command->awaits_peer = false;
        lq_tgt_terminated(t, command);
    }
}

/* Wrong "task-leaked-at-logout": a slot of the session's never comes back. */
static void leak(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    if (lq_tgt_wrong(t, LQ_WRONG_TASK_LEAKED_AT_LOGOUT) && !lq_list_is_empty(&session->commands) &&
        !lq_list_is_empty(&t->free_commands)) {
        (void)lq_list_take(&t->free_commands);
        t->free_command_count--;
        t->general_used++;
    }
}

/* Wrong "logout-with-commands-unanswered". */
static bool is_forgotten(const struct lq_iscsi_target *t, const struct lq_tgt_session *session)
{
    return !lq_list_is_empty(&session->commands) &&
           lq_tgt_wrong(t, LQ_WRONG_LOGOUT_WITH_COMMANDS_UNANSWERED);
}

static void close_session(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, uint32_t itt)
{
    struct lq_tgt_session *session = conn->session;
    leak(t, session);
    forget_waiting(t, session);
    conn->phase = LQ_PHASE_LEAVING;
    if (session->discovery) {
        session->state = LQ_SESSION_LEAVING;
        lq_tgt_logout_answer(t, conn, itt, LQ_LOGOUT_CLOSED);
        return;
    }
    if (lq_tgt_wrong(t, LQ_WRONG_LOGOUT_ANSWERED_AT_ONCE))
        lq_tgt_logout_answer(t, conn, itt, LQ_LOGOUT_CLOSED);
    else if (!is_forgotten(t, session))
        session->logout_itt = itt;
    lq_tgt_session_end(t, session, LQ_TRIGGER_LOGOUT);
}

void lq_tgt_logout(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                   const struct lq_iscsi_pdu *pdu, const uint8_t *header)
{
    struct lq_tgt_session *session = conn->session;
    switch (pdu->u.logout.reason) {
    case LQ_LOGOUT_CLOSE_SESSION:
        close_session(target, conn, pdu->itt);
        break;
    case LQ_LOGOUT_CLOSE_CONNECTION: /* the session's last */
        if (session->discovery)
            lq_tgt_reject(target, conn, LQ_REJECT_PROTOCOL_ERROR, header);
        else if (pdu->u.logout.cid != session->cid)
            lq_tgt_logout_answer(target, conn, pdu->itt, LQ_LOGOUT_NO_CID);
        else
            close_session(target, conn, pdu->itt);
        break;
    case LQ_LOGOUT_REMOVE_FOR_RECOVERY:
        lq_tgt_logout_answer(target, conn, pdu->itt, LQ_LOGOUT_NO_RECOVERY);
        break;
    default:
        lq_tgt_reject(target, conn, LQ_REJECT_INVALID_FIELD, header);
        break;
    }
}
