/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's input: a byte stream becomes PDUs [RFC 7143 11.1], whatever way it is cut.
 *
 * Method: header, AHS, data segment, padding and the digests are filled one after the other. A part
 * that lies whole in what was fed is used in place; what comes in pieces is gathered, Data-Out in
 * its task's buffer, all else in the connection's own. A PDU is begun only when there is room for
 * what it can cause us to send at once; else input is held back until something has been sent.
 *
 * Nothing of a header is believed, its lengths apart, before its digest is right; nothing comes of
 * a data segment whose digest is wrong [RFC 7143 7.8].
 */
#include <string.h>

#include "proto/iscsi/state.h"

static void reset_conn(struct lq_tgt_conn *conn)
{
    conn->open = true;
    conn->phase = LQ_PHASE_LOGIN;
    conn->closing = LQ_NOT_CLOSING;
    conn->blocked = conn->pinging = conn->buffer_busy = conn->text_busy = false;
    conn->text_active = conn->drop_data = false;
    conn->session = NULL;
    conn->rx = LQ_RX_HEADER;
    conn->rx_have = conn->rx_total = 0;
    conn->digests.header = conn->digests.data = false;
    conn->rx_place = NULL;
    conn->rx_burst = NULL;
    conn->data = NULL;
    conn->close_by_ns = LQ_NEVER;
    conn->max_send_bytes = 8192; /* until the initiator declares its own [RFC 7143 13.12] */
    conn->built_first = conn->built_count = conn->sent_bytes = 0;
    conn->text_in_bytes = conn->text_out_bytes = conn->text_out_sent = 0;
    memset(&conn->login, 0, sizeof conn->login);
    lq_list_init(&conn->outputs);
    lq_list_init(&conn->unacknowledged);
    lq_list_init(&conn->open_bursts);
    lq_list_init(&conn->free_notes);
    conn->free_note_count = LQ_TGT_NOTES;
    for (uint32_t i = 0; i < LQ_TGT_NOTES; i++) {
        conn->notes[i].output.kind = LQ_OUT_NOTE;
        lq_list_init(&conn->notes[i].output.link);
        lq_list_append(&conn->free_notes, &conn->notes[i].output.link);
    }
}

lq_conn lq_iscsi_accept(struct lq_iscsi_target *target, uint32_t portal,
                        const char *local_address)
{
    LQ_ASSERT(portal < target->config.portal_count);
    struct lq_link *link = lq_list_take(&target->free_conns);
    if (link == NULL)
        return LQ_NO_HANDLE;
    target->free_conn_count--;
    struct lq_tgt_conn *conn = LQ_ELEMENT(link, struct lq_tgt_conn, free_link);
    reset_conn(conn);
    conn->generation++;
    size_t length = strlen(local_address);
    LQ_ASSERT(length < sizeof conn->address);
    memcpy(conn->address, local_address, length + 1);
    conn->portal = (uint16_t)portal;
    conn->stat_sn = conn->acknowledged_sn = target->config.first_stat_sn;
    conn->accepted_ns = conn->last_input_ns = conn->last_sent_ns = target->env->now_ns;
    lq_tgt_wake_by(target, conn, conn->accepted_ns + target->config.login_timeout_ns);
    return (lq_conn){conn->index, conn->generation};
}

/* --- the end ---------------------------------------------------------------------------------- */

void lq_tgt_close(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                  enum lq_tgt_closing how)
{
    if (conn->closing == LQ_CLOSING_RESET || conn->closing == how)
        return;
    conn->closing = (uint8_t)how;
    lq_tgt_make_ready(target, conn);
    if (how == LQ_CLOSING_FLUSH) {
        lq_tgt_wake_by(target, conn, target->env->now_ns + target->config.data_timeout_ns);
        return;
    }
    if (conn->session != NULL)
        lq_tgt_session_end(target, conn->session, LQ_TRIGGER_NEXUS_LOSS);
}

void lq_iscsi_lost(struct lq_iscsi_target *target, lq_conn handle, enum lq_close how)
{
    (void)how; /* all ends of a connection mean the same to a session at ErrorRecoveryLevel 0 */
    struct lq_tgt_conn *conn = lq_tgt_conn_of(target, handle);
    conn->closing = LQ_CLOSING_RESET;
    if (conn->session != NULL)
        lq_tgt_session_end(target, conn->session, LQ_TRIGGER_NEXUS_LOSS);
    LQ_ASSERT(conn->session == NULL);
    lq_tgt_output_forget(conn);
    lq_heap_remove(&target->timers, &conn->timer);
    lq_list_remove(&conn->ready_link);
    conn->open = false;
    target->free_conn_count++;
    lq_list_push(&target->free_conns, &conn->free_link);
    lq_tgt_settle(target);
}

/* --- time ------------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t after(uint64_t time_ns, uint64_t duration_ns)
{
    return time_ns > LQ_NEVER - duration_ns ? LQ_NEVER : time_ns + duration_ns;
}

static bool has_output(const struct lq_tgt_conn *conn)
{
    return conn->built_count != 0 || !lq_list_is_empty(&conn->outputs);
}

/* The earliest time at which the connection must end if nothing happens on it. */
static uint64_t end_due(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_config *config = &t->config;
    uint64_t due = LQ_NEVER;
    if ((conn->phase == LQ_PHASE_LOGIN || conn->phase == LQ_PHASE_WAITING) &&
        !lq_tgt_wrong(t, LQ_WRONG_NO_LOGIN_TIMEOUT))
        due = after(conn->accepted_ns, config->login_timeout_ns);
    if (has_output(conn)) /* the peer does not read */
        due = earlier(due, after(conn->last_sent_ns, config->data_timeout_ns));
    if (!lq_list_is_empty(&conn->open_bursts)) {
        const struct lq_tgt_burst *oldest =
            LQ_ELEMENT(conn->open_bursts.next, struct lq_tgt_burst, progress);
        due = earlier(due, after(oldest->progress_ns, config->data_timeout_ns));
    }
    if (conn->pinging)
        due = earlier(due, after(conn->ping_sent_ns, lq_tgt_ping_timeout_ns(t)));
    return due;
}

/* When to ask the initiator for a sign: after silence, or for an acknowledgement that is due. */
static uint64_t ping_due(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn)
{
    uint64_t due = LQ_NEVER;
    if (conn->phase != LQ_PHASE_FULL || conn->pinging || conn->closing != LQ_NOT_CLOSING)
        return due;
    if (t->config.nop_interval_ns != 0)
        due = after(conn->last_input_ns, t->config.nop_interval_ns);
    if (!lq_list_is_empty(&conn->unacknowledged))
        due = earlier(due, conn->solicit_ns);
    return due;
}

/* Stops waiting for what the peer still owes to aborted commands. */
static uint64_t stop_awaiting(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    LQ_LIST_EACH_SAFE(link, following, &session->awaiting)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, waiting_link);
        if (command->deadline_ns > t->env->now_ns)
            return command->deadline_ns;
        command->awaits_peer = false;
        lq_tgt_terminated(t, command);
    }
    return LQ_NEVER;
}

void lq_tgt_conn_expire(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    uint64_t now = target->env->now_ns;
    if (conn->closing == LQ_CLOSING_RESET)
        return;
    if (end_due(target, conn) <= now) {
        lq_tgt_close(target, conn, LQ_CLOSING_RESET);
        return;
    }
    if (conn->close_by_ns <= now) {
        conn->close_by_ns = LQ_NEVER;
        lq_tgt_close(target, conn, LQ_CLOSING_FLUSH);
    }
    if (ping_due(target, conn) <= now)
        lq_tgt_ping(target, conn);
    uint64_t next = earlier(end_due(target, conn), conn->close_by_ns);
    next = earlier(next, ping_due(target, conn));
    if (conn->session != NULL)
        next = earlier(next, stop_awaiting(target, conn->session));
    lq_tgt_wake_by(target, conn, next);
}

/* --- one PDU ---------------------------------------------------------------------------------- */

/* A format error [RFC 7143 7.7]: the session's connections are terminated at once. */
static void format_error(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    lq_tgt_close(t, conn, LQ_CLOSING_RESET);
}

typedef void (*pdu_function)(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

static void snack_request(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    /* ErrorRecoveryLevel is 0: nothing is kept that could be sent again. */
    lq_tgt_reject(t, conn, LQ_REJECT_NOT_SUPPORTED, conn->header);
}

static void second_login(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    lq_tgt_reject(t, conn, LQ_REJECT_PROTOCOL_ERROR, conn->header);
}

/* What an initiator may send in full feature phase. */
static const pdu_function full_feature[] = {
    [LQ_OP_NOP_OUT] = lq_tgt_numbered_request,      [LQ_OP_SCSI_COMMAND] = lq_tgt_numbered_request,
    [LQ_OP_TM_REQUEST] = lq_tgt_numbered_request,   [LQ_OP_LOGIN_REQUEST] = second_login,
    [LQ_OP_TEXT_REQUEST] = lq_tgt_numbered_request, [LQ_OP_DATA_OUT] = lq_tgt_data_out_end,
    [LQ_OP_LOGOUT_REQUEST] = lq_tgt_numbered_request, [LQ_OP_SNACK_REQUEST] = snack_request,
};

/* In a discovery session only text, NOP and logout [RFC 7143 4.3]. */
static bool is_discovery_request(uint8_t opcode)
{
    return opcode == LQ_OP_TEXT_REQUEST || opcode == LQ_OP_NOP_OUT ||
           opcode == LQ_OP_LOGOUT_REQUEST || opcode == LQ_OP_LOGIN_REQUEST;
}

static void full_feature_pdu(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    uint8_t opcode = conn->pdu.opcode;
    if (!conn->pdu_known || opcode >= sizeof full_feature / sizeof full_feature[0]) {
        lq_tgt_reject(t, conn, LQ_REJECT_NOT_SUPPORTED, conn->header);
        return;
    }
    lq_tgt_acknowledge(t, conn, conn->pdu.exp_stat_sn);
    if (conn->session->discovery && !is_discovery_request(opcode))
        lq_tgt_reject(t, conn, LQ_REJECT_PROTOCOL_ERROR, conn->header);
    else
        full_feature[opcode](t, conn);
}

/* A payload whose digest is wrong [RFC 7143 7.8]: Reject, and the PDU is discarded. Its header is
 * right, so that it still counts in its run of Data-Out, whose command then cannot end well. */
static void broken_data(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    t->counts.data_digest_errors++;
    if (conn->phase != LQ_PHASE_FULL || conn->session == NULL)
        return;
    if (!lq_tgt_wrong(t, LQ_WRONG_DIGEST_ERROR_NOT_REJECTED))
        lq_tgt_reject(t, conn, LQ_REJECT_DATA_DIGEST, conn->header);
    if (conn->pdu.opcode == LQ_OP_DATA_OUT && !conn->session->discovery)
        lq_tgt_data_out_broken(t, conn);
}

static void end_pdu(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, bool is_broken)
{
    conn->rx = LQ_RX_HEADER;
    conn->rx_have = 0;
    t->counts.pdus_in++;
    if (is_broken)
        broken_data(t, conn);
    else if (conn->phase == LQ_PHASE_LOGIN)
        lq_tgt_login_request(t, conn);
    else if (conn->phase == LQ_PHASE_FULL && conn->session != NULL)
        full_feature_pdu(t, conn);
    conn->data = NULL;
    lq_tgt_settle(t);
}

/* Where the PDU's data segment goes. False: it is no PDU that may stand here. */
static bool place_data(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_opcode_info *info = lq_iscsi_opcode_info(conn->pdu.opcode);
    conn->rx_place = NULL;
    conn->rx_burst = NULL;
    conn->drop_data = false;
    if (conn->phase == LQ_PHASE_LOGIN) /* [RFC 7143 6.3.1]: anything else ends the connection */
        return conn->pdu.opcode == LQ_OP_LOGIN_REQUEST && conn->pdu.immediate &&
               conn->pdu.ahs_words == 0 && conn->pdu.data_bytes <= LQ_TGT_LOGIN_DATA_BYTES;
    if (conn->pdu.data_bytes > t->config.limits.segment_bytes_max)
        return false;
    if (info == NULL || !info->from_initiator || conn->session == NULL ||
        conn->phase != LQ_PHASE_FULL) {
        conn->drop_data = true;
        return true;
    }
    if ((conn->pdu.data_bytes != 0 && !info->data_allowed) ||
        (conn->pdu.ahs_words != 0 && !info->ahs_allowed))
        return false;
    if (conn->pdu.opcode == LQ_OP_DATA_OUT && !conn->session->discovery)
        lq_tgt_data_out_begin(t, conn);
    else if (conn->pdu.opcode == LQ_OP_DATA_OUT || conn->pdu.opcode == LQ_OP_LOGIN_REQUEST)
        conn->drop_data = true;
    return true;
}

/* The header is here, as a whole. False: it is no PDU that may stand here. */
static bool begin_pdu(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    conn->pdu_known = lq_iscsi_pdu_decode(&conn->pdu, conn->header);
    conn->data = conn->buffer;
    conn->rx_crc = 0;
    return place_data(t, conn);
}

static uint32_t part_bytes(const struct lq_tgt_conn *conn)
{
    uint32_t data_bytes = lq_iscsi_bhs_data_bytes(conn->header);
    switch ((enum lq_tgt_rx)conn->rx) {
    case LQ_RX_AHS: return lq_iscsi_bhs_ahs_bytes(conn->header);
    case LQ_RX_HEADER_DIGEST: return conn->digests.header ? LQ_DIGEST_BYTES : 0;
    case LQ_RX_DATA: return data_bytes;
    case LQ_RX_PAD: return lq_iscsi_pad_bytes(data_bytes);
    case LQ_RX_DATA_DIGEST: return conn->digests.data && data_bytes != 0 ? LQ_DIGEST_BYTES : 0;
    default: return 0;
    }
}

/* A part is complete: moves on to the next one that has any bytes, or ends the PDU. */
static void end_part(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, bool is_broken)
{
    do {
        conn->rx++;
        if (conn->rx == LQ_RX_DATA && !begin_pdu(t, conn)) {
            format_error(t, conn);
            return;
        }
        if (conn->rx == LQ_RX_PARTS) {
            end_pdu(t, conn, is_broken);
            return;
        }
        conn->rx_have = 0;
        conn->rx_total = part_bytes(conn);
    } while (conn->rx_total == 0);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* There is room for what a PDU can cause us to queue. */
static bool may_take(const struct lq_tgt_conn *conn)
{
    return conn->phase != LQ_PHASE_WAITING && !conn->buffer_busy && !conn->text_busy &&
           conn->free_note_count > LQ_TGT_NOTES_RESERVED;
}

/* What the next digest covers goes on with BYTES. */
static void digest(const struct lq_iscsi_target *t, struct lq_tgt_conn *conn, bool is_on,
                   const uint8_t *bytes, uint32_t size)
{
    if (is_on)
        conn->rx_crc = t->config.crc32c(conn->rx_crc, bytes, size);
}

/* Gathers the present part, TOTAL long, in OUT. Returns how many of SIZE bytes belong to it. */
static uint32_t gather(struct lq_tgt_conn *conn, uint8_t *out, uint32_t total,
                       const uint8_t *bytes, uint32_t size)
{
    uint32_t n = total - conn->rx_have;
    n = n < size ? n : size;
    memcpy(out + conn->rx_have, bytes, n);
    conn->rx_have += n;
    return n;
}

static uint32_t feed_header(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                            const uint8_t *bytes, uint32_t size)
{
    uint32_t n = gather(conn, conn->header, LQ_BHS_BYTES, bytes, size);
    if (conn->rx_have == LQ_BHS_BYTES) {
        conn->rx_crc = 0;
        digest(t, conn, conn->digests.header, conn->header, LQ_BHS_BYTES);
        end_part(t, conn, false);
    }
    return n;
}

static uint32_t feed_ahs(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, const uint8_t *bytes,
                         uint32_t size)
{
    uint32_t n = gather(conn, conn->ahs, conn->rx_total, bytes, size);
    if (conn->rx_have == conn->rx_total) {
        digest(t, conn, conn->digests.header, conn->ahs, conn->rx_total);
        end_part(t, conn, false);
    }
    return n;
}

/* Where the next PDU begins cannot be known when a header is broken: the connection, and with it
 * the session, is ended [RFC 7143 7.8], as at ErrorRecoveryLevel 0. */
static uint32_t feed_digest(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                            const uint8_t *bytes, uint32_t size)
{
    uint32_t n = gather(conn, conn->rx_digest, LQ_DIGEST_BYTES, bytes, size);
    if (conn->rx_have < LQ_DIGEST_BYTES)
        return n;
    bool is_broken = lq_crc32c_get(conn->rx_digest) != conn->rx_crc &&
                     !lq_tgt_wrong(t, LQ_WRONG_DIGEST_NOT_CHECKED);
    if (is_broken && conn->rx == LQ_RX_HEADER_DIGEST) {
        t->counts.header_digest_errors++;
        lq_tgt_close(t, conn, LQ_CLOSING_RESET);
        return n;
    }
    end_part(t, conn, is_broken);
    return n;
}

/* The place of the next byte of the data segment; NULL: it is dropped. */
static uint8_t *data_place(const struct lq_tgt_conn *conn)
{
    if (conn->drop_data)
        return NULL;
    return (conn->rx_place != NULL ? conn->rx_place : conn->buffer) + conn->rx_have;
}

static uint32_t feed_data(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                          const uint8_t *bytes, uint32_t size)
{
    uint32_t left = conn->rx_total - conn->rx_have;
    uint32_t n = left < size ? left : size;
    uint8_t *place = data_place(conn);
    uint32_t behind = lq_iscsi_pad_bytes(conn->rx_total) +
                      (conn->digests.data ? (uint32_t)LQ_DIGEST_BYTES : 0);
    bool is_whole = conn->rx_have == 0 && conn->rx_place == NULL && size - n >= behind && n == left;
    digest(t, conn, conn->digests.data, bytes, n);
    if (is_whole)
        conn->data = bytes; /* padding and digest follow in the same feed, and then it is used */
    else if (place != NULL && place != bytes)
        memmove(place, bytes, n);
    conn->rx_have += n;
    if (conn->rx_have == conn->rx_total)
        end_part(t, conn, false);
    return n;
}

static uint32_t feed_pad(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, const uint8_t *bytes,
                         uint32_t size)
{
    uint32_t n = conn->rx_total - conn->rx_have;
    n = n < size ? n : size;
    digest(t, conn, conn->digests.data, bytes, n);
    conn->rx_have += n;
    if (conn->rx_have == conn->rx_total)
        end_part(t, conn, false);
    return n;
}

typedef uint32_t (*feed_function)(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                                  const uint8_t *bytes, uint32_t size);

static const feed_function feeds[LQ_RX_PARTS] = {
    [LQ_RX_HEADER] = feed_header, [LQ_RX_AHS] = feed_ahs, [LQ_RX_HEADER_DIGEST] = feed_digest,
    [LQ_RX_DATA] = feed_data,     [LQ_RX_PAD] = feed_pad, [LQ_RX_DATA_DIGEST] = feed_digest,
};

uint32_t lq_iscsi_feed(struct lq_iscsi_target *target, lq_conn handle, const uint8_t *bytes,
                       uint32_t size_bytes)
{
    struct lq_tgt_conn *conn = lq_tgt_conn_of(target, handle);
    uint32_t taken = 0;
    conn->last_input_ns = target->env->now_ns;
    conn->blocked = false;
    while (taken < size_bytes) {
        const uint8_t *at = bytes + taken;
        uint32_t left = size_bytes - taken;
        if (conn->closing != LQ_NOT_CLOSING || conn->phase == LQ_PHASE_LEAVING)
            return size_bytes; /* nothing that still comes matters */
        if (conn->rx == LQ_RX_HEADER && !may_take(conn)) {
            conn->blocked = true;
            break;
        }
        taken += feeds[conn->rx](target, conn, at, left);
    }
    return taken;
}

struct lq_span lq_iscsi_want(struct lq_iscsi_target *target, lq_conn handle)
{
    struct lq_tgt_conn *conn = lq_tgt_conn_of(target, handle);
    if (conn->closing != LQ_NOT_CLOSING || conn->phase == LQ_PHASE_LEAVING ||
        conn->rx != LQ_RX_DATA || conn->drop_data)
        return (struct lq_span){NULL, 0};
    return (struct lq_span){data_place(conn), conn->rx_total - conn->rx_have};
}
