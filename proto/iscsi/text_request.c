/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text requests in full feature phase [RFC 7143 11.10, 11.11]: SendTargets [RFC 7143 Appendix C]
 * and the few keys that may still be negotiated.
 *
 * One exchange at a time. Values take effect when it is complete (F from both); a new exchange, an
 * error or the connection's end drops what was negotiated half way [RFC 7143 7.12].
 */
#include <string.h>

#include "proto/iscsi/state.h"

/* --- SendTargets ------------------------------------------------------------------------------ */

static void put_target(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                       uint32_t number, struct lq_text_writer *writer)
{
    lq_text_put(writer, "TargetName", t->names[number]);
    for (uint32_t i = 0; i < t->portals_of_target[number]; i++)
        lq_text_put_address(writer, t->addresses != NULL ? t->addresses[i] : conn->address,
                            (uint16_t)(t->config.portal_group_tag + i));
}

static void send_targets(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                         struct lq_slice value, struct lq_text_writer *writer)
{
    const struct lq_tgt_session *session = conn->session;
    if (!session->discovery) { /* only of its own target */
        char folded[LQ_TGT_NAME_SIZE];
        bool own = value.size_bytes == 0 ||
                   (lq_iscsi_name_fold(value, folded) &&
                    strcmp(folded, t->names[session->target]) == 0);
        if (own)
            put_target(t, conn, session->target, writer);
        else
            lq_text_put(writer, "SendTargets", "Reject");
        return;
    }
    if (value.size_bytes == 0) { /* a discovery session has no target of its own */
        lq_text_put(writer, "SendTargets", "Reject");
        return;
    }
    char folded[LQ_TGT_NAME_SIZE];
    bool all = lq_text_equal(value, "All");
    bool named = !all && lq_iscsi_name_fold(value, folded);
    for (uint32_t i = 0; i < t->config.target_count; i++)
        if (all || (named && strcmp(folded, t->names[i]) == 0))
            put_target(t, conn, i, writer);
}

/* --- an exchange ------------------------------------------------------------------------------ */

static void abandon(struct lq_tgt_conn *conn)
{
    conn->text_active = false;
    conn->text_in_bytes = conn->text_out_bytes = conn->text_out_sent = 0;
}

static void send_text(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, bool final)
{
    struct lq_tgt_note *note =
        lq_tgt_note(conn, LQ_OP_TEXT_RESPONSE, conn->text_itt, LQ_TAG_NONE);
    uint32_t left = conn->text_out_bytes - conn->text_out_sent;
    bool in_one_piece = lq_tgt_wrong(t, LQ_WRONG_TEXT_IN_ONE_PIECE);
    uint32_t now = left < conn->max_send_bytes || in_one_piece ? left : conn->max_send_bytes;
    note->data = conn->text_out + conn->text_out_sent;
    note->pdu.data_bytes = now;
    note->after = LQ_AFTER_TEXT;
    conn->text_busy = true;
    conn->text_out_sent += now;
    note->pdu.u.text.more = now < left;
    note->pdu.final = final && now == left;
    if (!note->pdu.final)
        note->pdu.ttt = conn->text_ttt;
    lq_tgt_note_queue(t, conn, note);
    if (note->pdu.final) { /* complete: what was said holds from here */
        conn->negotiation = conn->staged;
        conn->max_send_bytes = conn->negotiation.result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH];
        conn->text_active = false;
    }
}

/* Takes all pairs. False: the request is to be rejected. */
static bool take_pairs(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    struct lq_text_reader reader = {{conn->text_in, conn->text_in_bytes}, 0};
    struct lq_text_writer writer = {conn->text_out, 0, t->text_out_capacity, false};
    struct lq_text_pair pair;
    enum lq_text_result found;
    while ((found = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR) {
        enum lq_key key;
        enum lq_key_result result =
            lq_negotiation_receive(&conn->staged, &pair, &writer, &key);
        if (result == LQ_KEY_IS_TEXT && key == LQ_KEY_SEND_TARGETS)
            send_targets(t, conn, pair.value, &writer);
        else if (result != LQ_KEY_DONE && result != LQ_KEY_UNKNOWN && result != LQ_KEY_REJECTED &&
                 result != LQ_KEY_IS_TEXT)
            return false;
    }
    conn->text_in_bytes = 0;
    conn->text_out_bytes = writer.size_bytes;
    conn->text_out_sent = 0;
    return found == LQ_TEXT_END && !writer.overflowed;
}

static void begin_exchange(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                           const struct lq_iscsi_pdu *pdu)
{
    abandon(conn);
    conn->text_active = true;
    conn->text_itt = pdu->itt;
    conn->text_ttt = lq_tgt_take_ttt(t, conn->session);
    conn->staged = conn->negotiation;
    conn->staged.discovery = conn->session->discovery;
    lq_negotiation_begin_text(&conn->staged);
}

static void reject(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                   enum lq_iscsi_reject_reason reason, const uint8_t *header)
{
    abandon(conn);
    lq_tgt_reject(t, conn, reason, header);
}

void lq_tgt_text_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                         const struct lq_iscsi_pdu *pdu, const uint8_t *data,
                         const uint8_t *header)
{
    if (pdu->ttt == LQ_TAG_NONE) {
        begin_exchange(target, conn, pdu);
    } else if (!conn->text_active || pdu->ttt != conn->text_ttt || pdu->itt != conn->text_itt) {
        reject(target, conn, LQ_REJECT_PROTOCOL_ERROR, header);
        return;
    }
    if (pdu->final && pdu->u.text.more) {
        reject(target, conn, LQ_REJECT_PROTOCOL_ERROR, header);
        return;
    }
    if (conn->text_out_sent < conn->text_out_bytes && pdu->data_bytes == 0) {
        send_text(target, conn, pdu->final); /* the rest of a long answer */
        return;
    }
    if (pdu->data_bytes > target->config.limits.login_text_bytes_max - conn->text_in_bytes) {
        reject(target, conn, LQ_REJECT_INVALID_FIELD, header);
        return;
    }
    if (pdu->data_bytes != 0)
        memcpy(conn->text_in + conn->text_in_bytes, data, pdu->data_bytes);
    conn->text_in_bytes += pdu->data_bytes;
    conn->text_out_bytes = conn->text_out_sent = 0;
    if (!pdu->u.text.more && !take_pairs(target, conn)) {
        reject(target, conn, LQ_REJECT_PROTOCOL_ERROR, header);
        return;
    }
    send_text(target, conn, pdu->final);
}
