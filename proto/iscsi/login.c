/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The login phase [RFC 7143 6.3, 11.12, 11.13]: stages, text over several PDUs, and every reason
 * for which a login fails.
 *
 * Method: each request is checked against the first, its text is gathered until a PDU without the
 * C bit, then all pairs are taken through the key table (keys.h), then one answer is made. The
 * last answer of a login is made by session.c, when the session can begin.
 */
#include <string.h>

#include "proto/iscsi/state.h"

/* --- answers ---------------------------------------------------------------------------------- */

static struct lq_tgt_note *response(struct lq_tgt_conn *conn, enum lq_login_status status)
{
    const struct lq_tgt_login *login = &conn->login;
    struct lq_tgt_note *note =
        lq_tgt_note(conn, LQ_OP_LOGIN_RESPONSE, login->itt, LQ_TAG_NONE);
    note->pdu.final = false;
    note->pdu.u.login.csg = login->csg;
    note->pdu.u.login.nsg = 0;
    memcpy(note->pdu.u.login.isid, login->isid, LQ_ISID_BYTES);
    note->pdu.u.login.tsih = login->tsih;
    note->pdu.u.login.status = (uint16_t)status;
    return note;
}

void lq_tgt_login_fail(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                       enum lq_login_status status)
{
    lq_tgt_note_queue(target, conn, response(conn, status));
    lq_tgt_close(target, conn, LQ_CLOSING_FLUSH);
}

/* Sends what text_out still holds, as much as one PDU takes. FINAL: the session has begun. */
void lq_tgt_login_send(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, bool final)
{
    struct lq_tgt_login *login = &conn->login;
    struct lq_tgt_note *note = response(conn, LQ_LOGIN_SUCCESS);
    uint32_t left = conn->text_out_bytes - conn->text_out_sent;
    uint32_t now = left < LQ_TGT_LOGIN_DATA_BYTES ? left : LQ_TGT_LOGIN_DATA_BYTES;
    note->data = conn->text_out + conn->text_out_sent;
    note->pdu.data_bytes = now;
    note->after = LQ_AFTER_TEXT;
    conn->text_busy = true;
    conn->text_out_sent += now;
    if (now < left) {
        note->pdu.u.login.more = true;
    } else if (login->transit) {
        note->pdu.final = true;
        note->pdu.u.login.nsg = login->nsg;
        login->csg = login->nsg;
    }
    if (final)
        note->pdu.u.login.tsih = conn->session->tsih;
    lq_tgt_note_queue(target, conn, note);
}

/* --- the first request ------------------------------------------------------------------------ */

static void take_offer(struct lq_negotiation *n, const struct lq_iscsi_offer *offer)
{
    n->ours[LQ_KEY_HEADER_DIGEST] = lq_digest_accepted(offer->header_digest);
    n->ours[LQ_KEY_DATA_DIGEST] = lq_digest_accepted(offer->data_digest);
    n->ours[LQ_KEY_INITIAL_R2T] = offer->initial_r2t;
    n->ours[LQ_KEY_IMMEDIATE_DATA] = offer->immediate_data;
    n->ours[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH] = offer->max_recv_data_segment_length;
    n->ours[LQ_KEY_MAX_BURST_LENGTH] = offer->max_burst_length;
    n->ours[LQ_KEY_FIRST_BURST_LENGTH] = offer->first_burst_length;
    n->ours[LQ_KEY_MAX_OUTSTANDING_R2T] = offer->max_outstanding_r2t;
    n->ours[LQ_KEY_PROTOCOL_LEVEL] = 2; /* [RFC 7144] */
    n->ours[LQ_KEY_DEFAULT_TIME2WAIT] = offer->default_time2wait_s;
    n->ours[LQ_KEY_DEFAULT_TIME2RETAIN] = offer->default_time2retain_s;
}

static void init_negotiation(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    lq_negotiation_init(&conn->negotiation, LQ_TARGET,
                        conn->login.tsih == 0 ? LQ_USE_LEADING_LOGIN : LQ_USE_OTHER_LOGIN);
    take_offer(&conn->negotiation, &t->config.offer);
}

static enum lq_login_status begin(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_pdu *pdu = &conn->pdu;
    struct lq_tgt_login *login = &conn->login;
    login->started = true;
    login->csg = pdu->u.login.csg;
    memcpy(login->isid, pdu->u.login.isid, LQ_ISID_BYTES);
    login->tsih = pdu->u.login.tsih;
    login->cid = pdu->u.login.cid;
    login->itt = pdu->itt;
    login->cmd_sn = pdu->cmd_sn;
    init_negotiation(t, conn);
    if (pdu->u.login.version_min > 0) /* ours is 00h, the only one there is */
        return LQ_LOGIN_UNSUPPORTED_VERSION;
    return t->shutting_down ? LQ_LOGIN_SERVICE_UNAVAILABLE : LQ_LOGIN_SUCCESS;
}

/* What must be the same in all requests of a login [RFC 7143 11.12]. */
static bool is_same_login(const struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_pdu *pdu = &conn->pdu;
    const struct lq_tgt_login *login = &conn->login;
    return memcmp(login->isid, pdu->u.login.isid, LQ_ISID_BYTES) == 0 &&
           login->tsih == pdu->u.login.tsih && login->cid == pdu->u.login.cid &&
           login->itt == pdu->itt && login->cmd_sn == pdu->cmd_sn &&
           login->csg == pdu->u.login.csg;
}

static bool stages_are_valid(const struct lq_iscsi_pdu *pdu)
{
    uint8_t csg = pdu->u.login.csg, nsg = pdu->u.login.nsg;
    if (csg > LQ_STAGE_OPERATIONAL || (pdu->final && pdu->u.login.more))
        return false;
    return !pdu->final || (nsg > csg && nsg != 2);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The target of this name behind the connection's portal; target_count: there is none. */
static uint16_t target_of(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                          struct lq_slice name)
{
    char folded[LQ_TGT_NAME_SIZE];
    uint16_t count = (uint16_t)t->config.target_count;
    if (!lq_iscsi_name_fold(name, folded))
        return count;
    for (uint16_t i = 0; i < count; i++)
        if (strcmp(folded, t->names[i]) == 0 && conn->portal < t->portals_of_target[i])
            return i;
    return count;
}

static enum lq_login_status take_text(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                                      enum lq_key key, struct lq_slice value)
{
    struct lq_tgt_login *login = &conn->login;
    if (key == LQ_KEY_TARGET_NAME) {
        login->has_target = true;
        login->target = target_of(t, conn, value);
    } else if (key == LQ_KEY_INITIATOR_NAME) {
        if (!lq_iscsi_name_fold(value, login->initiator_name))
            return LQ_LOGIN_INITIATOR_ERROR;
        login->has_name = true;
    }
    return LQ_LOGIN_SUCCESS; /* aliases are for people */
}

static enum lq_login_status take_pair(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                                      const struct lq_text_pair *pair,
                                      struct lq_text_writer *writer)
{
    enum lq_key key;
    uint32_t before = writer->size_bytes;
    enum lq_key_result result =
        lq_negotiation_receive(&conn->negotiation, pair, writer, &key);
    if (result == LQ_KEY_UNKNOWN && lq_tgt_wrong(t, LQ_WRONG_UNKNOWN_KEY_IGNORED))
        writer->size_bytes = before;
    if (result == LQ_KEY_UNKNOWN && lq_tgt_wrong(t, LQ_WRONG_UNKNOWN_KEY_ECHOED)) {
        writer->size_bytes = before;
        lq_text_put_slices(writer, pair->key, pair->value);
    }
    switch (result) {
    case LQ_KEY_DONE:
    case LQ_KEY_UNKNOWN:
        return LQ_LOGIN_SUCCESS;
    case LQ_KEY_IS_TEXT:
        return take_text(t, conn, key, pair->value);
    case LQ_KEY_REJECTED:
        if (key == LQ_KEY_AUTH_METHOD)
            return LQ_LOGIN_AUTHENTICATION_FAILURE;
        return key == LQ_KEY_SESSION_TYPE ? LQ_LOGIN_SESSION_TYPE : LQ_LOGIN_SUCCESS;
    case LQ_KEY_TWICE:
    case LQ_KEY_TOO_LONG:
    case LQ_KEY_WRONG_SENDER:
    case LQ_KEY_BAD_ANSWER:
        break;
    }
    return LQ_LOGIN_INITIATOR_ERROR;
}

/* Which keys are irrelevant depends on SessionType, and what we offer on TargetName, wherever in
 * the first request they stand. */
static void look_ahead(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    struct lq_text_reader reader = {{conn->text_in, conn->text_in_bytes}, 0};
    struct lq_text_pair pair;
    while (lq_text_next(&reader, &pair) == LQ_TEXT_PAIR) {
        if (lq_text_equal(pair.key, "SessionType")) {
            conn->login.discovery = lq_text_equal(pair.value, "Discovery");
        } else if (lq_text_equal(pair.key, "TargetName")) {
            uint16_t target = target_of(t, conn, pair.value);
            if (target < t->config.target_count)
                take_offer(&conn->negotiation, &t->offers[target]);
        }
    }
    conn->negotiation.discovery = conn->login.discovery;
}

/* Wrong "key-answered-twice". */
static void answer_wrongly(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                           struct lq_text_writer *writer)
{
    const struct lq_negotiation *n = &conn->negotiation;
    if ((n->received >> LQ_KEY_MAX_BURST_LENGTH & 1U) != 0 &&
        lq_tgt_wrong(t, LQ_WRONG_KEY_ANSWERED_TWICE))
        lq_text_put_number(writer, lq_keys[LQ_KEY_MAX_BURST_LENGTH].name,
                           n->result[LQ_KEY_MAX_BURST_LENGTH]);
}

static enum lq_login_status take_pairs(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                                       struct lq_text_writer *writer)
{
    struct lq_text_reader reader = {{conn->text_in, conn->text_in_bytes}, 0};
    struct lq_text_pair pair;
    enum lq_text_result result;
    while ((result = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR) {
        enum lq_login_status status = take_pair(t, conn, &pair, writer);
        if (status != LQ_LOGIN_SUCCESS)
            return status;
    }
    if (result != LQ_TEXT_END)
        return LQ_LOGIN_INITIATOR_ERROR;
    answer_wrongly(t, conn, writer);
    return writer->overflowed ? LQ_LOGIN_OUT_OF_RESOURCES : LQ_LOGIN_SUCCESS;
}

/* What the first request must have said [RFC 7143 6.3.1, 13.4, 13.5]. */
static enum lq_login_status check_names(struct lq_iscsi_target *t,
                                        struct lq_tgt_conn *conn)
{
    const struct lq_tgt_login *login = &conn->login;
    if (!login->has_name)
        return LQ_LOGIN_MISSING_PARAMETER;
    if (login->discovery)
        return login->tsih == 0 ? LQ_LOGIN_SUCCESS : LQ_LOGIN_NO_SESSION;
    if (!login->has_target)
        return LQ_LOGIN_MISSING_PARAMETER;
    if (login->target >= t->config.target_count)
        return LQ_LOGIN_NOT_FOUND;
    return login->tsih == 0 ? LQ_LOGIN_SUCCESS : lq_tgt_session_check(t, conn);
}

/* --- our own keys ----------------------------------------------------------------------------- */

static void say_ours(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                     struct lq_text_writer *writer)
{
    struct lq_tgt_login *login = &conn->login;
    if (!login->discovery && !login->tag_said) { /* in the first response [RFC 7143 13.9] */
        login->tag_said = true;
        lq_text_put_number(writer, "TargetPortalGroupTag",
                           t->config.portal_group_tag + (uint32_t)conn->portal);
    }
    if (login->csg != LQ_STAGE_OPERATIONAL)
        return;
    for (unsigned key = 0; key < LQ_KEYS; key++)
        if (lq_negotiation_wants(&conn->negotiation, (enum lq_key)key))
            lq_negotiation_offer(&conn->negotiation, (enum lq_key)key, writer);
}

/* --- a request -------------------------------------------------------------------------------- */

static enum lq_login_status gather(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    uint32_t bytes = conn->pdu.data_bytes;
    if (bytes > t->config.limits.login_text_bytes_max - conn->text_in_bytes)
        return LQ_LOGIN_OUT_OF_RESOURCES;
    if (bytes != 0)
        memcpy(conn->text_in + conn->text_in_bytes, conn->data, bytes);
    conn->text_in_bytes += bytes;
    return LQ_LOGIN_SUCCESS;
}

static enum lq_login_status negotiate(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    struct lq_text_writer writer = {conn->text_out, 0, t->text_out_capacity, false};
    if (!conn->login.named)
        look_ahead(t, conn);
    enum lq_login_status status = take_pairs(t, conn, &writer);
    if (status == LQ_LOGIN_SUCCESS && !conn->login.named)
        status = check_names(t, conn);
    if (status != LQ_LOGIN_SUCCESS)
        return status;
    conn->login.named = true;
    say_ours(t, conn, &writer);
    conn->text_in_bytes = 0;
    conn->text_out_bytes = writer.size_bytes;
    conn->text_out_sent = 0;
    return LQ_LOGIN_SUCCESS;
}

/* An answer of ours was longer than one PDU: the initiator asks for the rest with empty requests
 * [RFC 7143 6.2]. */
static bool asks_for_rest(struct lq_tgt_conn *conn)
{
    return conn->text_out_sent < conn->text_out_bytes && conn->pdu.data_bytes == 0 &&
           !conn->pdu.u.login.more;
}

/* Wrong "half-open-login-blocks-others": another login is under way. */
static bool is_locked_out(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn)
{
    if (!lq_tgt_wrong(t, LQ_WRONG_HALF_OPEN_LOGIN_BLOCKS_OTHERS))
        return false;
    for (uint32_t i = 0; i < t->config.limits.connections; i++) {
        const struct lq_tgt_conn *other = &t->conns[i];
        bool is_under_way = other->open && other->phase == LQ_PHASE_LOGIN &&
                            (other->login.started || other->rx_have != 0);
        if (other != conn && is_under_way && other->accepted_ns < conn->accepted_ns)
            return true;
    }
    return false;
}

/* A digest that we insist on and that was refused, or never spoken of, is no login. */
static bool digests_are_acceptable(const struct lq_negotiation *n)
{
    return (n->ours[LQ_KEY_HEADER_DIGEST] >> n->result[LQ_KEY_HEADER_DIGEST] & 1) != 0 &&
           (n->ours[LQ_KEY_DATA_DIGEST] >> n->result[LQ_KEY_DATA_DIGEST] & 1) != 0;
}

void lq_tgt_login_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    if (is_locked_out(target, conn))
        return;
    struct lq_tgt_login *login = &conn->login;
    enum lq_login_status status = LQ_LOGIN_SUCCESS;
    if (!login->started)
        status = begin(target, conn);
    else if (!is_same_login(conn))
        status = LQ_LOGIN_INVALID_REQUEST;
    if (status == LQ_LOGIN_SUCCESS && !stages_are_valid(&conn->pdu))
        status = LQ_LOGIN_INITIATOR_ERROR;
    bool rest = asks_for_rest(conn);
    if (status == LQ_LOGIN_SUCCESS && !rest) {
        conn->text_out_bytes = conn->text_out_sent = 0;
        status = gather(target, conn);
    }
    login->transit = false;
    if (status == LQ_LOGIN_SUCCESS && !rest && !conn->pdu.u.login.more)
        status = negotiate(target, conn);
    if (status != LQ_LOGIN_SUCCESS) {
        lq_tgt_login_fail(target, conn, status);
        return;
    }
    bool fits = conn->text_out_bytes - conn->text_out_sent <= LQ_TGT_LOGIN_DATA_BYTES;
    login->transit = conn->pdu.final && fits && !lq_negotiation_is_waiting(&conn->negotiation);
    login->nsg = conn->pdu.u.login.nsg;
    bool is_over = login->transit && login->nsg == LQ_STAGE_FULL_FEATURE;
    if (!is_over)
        lq_tgt_login_send(target, conn, false);
    else if (digests_are_acceptable(&conn->negotiation))
        lq_tgt_session_begin(target, conn);
    else
        lq_tgt_login_fail(target, conn, LQ_LOGIN_INITIATOR_ERROR);
}
