/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's output. What is to be said stands in a queue; PDUs are built from its head only
 * when the world pulls, so that an abort takes back what was not built, and numbers (StatSN,
 * ExpCmdSN, MaxCmdSN) are those of the moment. Built PDUs stay in a ring until they are sent.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/iscsi/state.h"

void lq_tgt_queue(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                  struct lq_tgt_output *output)
{
    LQ_ASSERT(!lq_link_is_linked(&output->link));
    if (conn->built_count == 0 && lq_list_is_empty(&conn->outputs)) {
        conn->last_sent_ns = target->env->now_ns;
        lq_tgt_wake_by(target, conn, conn->last_sent_ns + target->config.data_timeout_ns);
    }
    lq_list_append(&conn->outputs, &output->link);
    lq_tgt_make_ready(target, conn);
}

/* --- notes ------------------------------------------------------------------------------------ */

struct lq_tgt_note *lq_tgt_note(struct lq_tgt_conn *conn, enum lq_iscsi_opcode opcode,
                                uint32_t itt, uint32_t ttt)
{
    struct lq_link *link = lq_list_take(&conn->free_notes);
    LQ_ASSERT(link != NULL); /* input is held back long before */
    conn->free_note_count--;
    struct lq_tgt_note *note = LQ_ELEMENT(link, struct lq_tgt_note, output.link);
    memset(&note->pdu, 0, sizeof note->pdu);
    note->pdu.opcode = (uint8_t)opcode;
    note->pdu.final = true;
    note->pdu.itt = itt;
    note->pdu.ttt = ttt;
    note->data = NULL;
    note->after = LQ_AFTER_NOTHING;
    return note;
}

void lq_tgt_note_queue(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                       struct lq_tgt_note *note)
{
    lq_tgt_queue(target, conn, &note->output);
}

/* --- the window [RFC 7143 4.2.2.1] ------------------------------------------------------------ */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t lq_tgt_window(const struct lq_iscsi_target *target, const struct lq_tgt_session *session)
{
    uint32_t width = target->config.limits.commands_per_session;
    width = session->window_used < width ? width - session->window_used : 0;
    if (session->state != LQ_SESSION_ACTIVE || session->discovery)
        return width;
    uint32_t slots = target->config.limits.tasks;
    slots = target->general_used < slots ? slots - target->general_used : 0;
    return smaller(width, smaller(slots, lq_engine_tasks_free(target->engine, session->nexus)));
}

/* The MaxCmdSN to be sent now; it never goes back. */
static uint32_t advertise(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    uint32_t width = lq_tgt_window(t, session);
    uint32_t wanted = session->exp_cmd_sn + width - 1;
    if (lq_sn_before(session->max_cmd_sn, wanted))
        session->max_cmd_sn = wanted;
    bool is_shut = session->max_cmd_sn == session->exp_cmd_sn - 1;
    if (is_shut && !lq_link_is_linked(&session->closed_link))
        lq_list_append(&t->closed_windows, &session->closed_link);
    else if (!is_shut)
        lq_list_remove(&session->closed_link);
    if (lq_tgt_wrong(t, LQ_WRONG_MAX_CMD_SN_REGRESSES) && session->window_used >= 4)
        return session->exp_cmd_sn - 1;
    return session->max_cmd_sn;
}

/* --- building --------------------------------------------------------------------------------- */

/* True for PDUs that use their StatSN up [RFC 7143 4.2.2.2]. */
static bool takes_stat_sn(const struct lq_iscsi_target *t, const struct lq_iscsi_pdu *pdu)
{
    switch (pdu->opcode) {
    case LQ_OP_R2T:
        return lq_tgt_wrong(t, LQ_WRONG_R2T_ADVANCES_STAT_SN);
    case LQ_OP_NOP_IN:
        return pdu->itt != LQ_TAG_NONE;
    case LQ_OP_DATA_IN:
        return pdu->u.data.has_status;
    default:
        return true;
    }
}

/* Every 16th status repeats the StatSN before it. */
static bool reuses_stat_sn(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                           const struct lq_iscsi_pdu *pdu)
{
    return lq_tgt_wrong(t, LQ_WRONG_STAT_SN_REUSED) && conn->stat_sn % 16 == 0 &&
           (pdu->opcode == LQ_OP_DATA_IN || pdu->opcode == LQ_OP_SCSI_RESPONSE);
}

/* The data digest, behind the padding, which it covers too [RFC 7143 13.1]. */
static void put_data_digest(const struct lq_iscsi_target *t, struct lq_tgt_built *built)
{
    uint32_t crc = t->config.crc32c(0, built->data, built->data_bytes);
    if (!lq_tgt_wrong(t, LQ_WRONG_DIGEST_WITHOUT_PADDING))
        crc = t->config.crc32c(crc, built->trailer, built->trailer_bytes);
    lq_crc32c_put(built->trailer + built->trailer_bytes, crc);
    built->trailer_bytes += LQ_DIGEST_BYTES;
}

static void put_header_digest(const struct lq_iscsi_target *t, struct lq_tgt_built *built)
{
    uint8_t numbered_late[LQ_BHS_BYTES];
    const uint8_t *header = built->header;
    if (lq_tgt_wrong(t, LQ_WRONG_HEADER_DIGEST_STALE)) {
        memcpy(numbered_late, header, LQ_BHS_BYTES);
        memset(numbered_late + 24, 0, 12); /* StatSN, ExpCmdSN, MaxCmdSN */
        header = numbered_late;
    }
    lq_crc32c_put(built->header + LQ_BHS_BYTES, t->config.crc32c(0, header, LQ_BHS_BYTES));
    built->header_bytes += LQ_DIGEST_BYTES;
}

/* What stands around the data segment of BUILT, whose header is encoded. */
static void frame(const struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                  struct lq_tgt_built *built, bool is_digested)
{
    built->header_bytes = LQ_BHS_BYTES;
    built->trailer_bytes = (uint8_t)lq_iscsi_pad_bytes(built->data_bytes);
    memset(built->trailer, 0, sizeof built->trailer);
    if (is_digested && conn->digests.header)
        put_header_digest(t, built);
    if (is_digested && conn->digests.data && built->data_bytes != 0)
        put_data_digest(t, built);
}

/* Numbers PDU and encodes it as BUILT's header. */
static void finish(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, struct lq_iscsi_pdu *pdu,
                   struct lq_tgt_built *built)
{
    if (conn->session != NULL && conn->phase != LQ_PHASE_WAITING) {
        pdu->max_cmd_sn = advertise(t, conn->session);
        pdu->exp_cmd_sn = conn->session->exp_cmd_sn;
    } else {
        pdu->exp_cmd_sn = pdu->max_cmd_sn = conn->login.cmd_sn;
        if (conn->login.tsih != 0)
            pdu->max_cmd_sn--; /* how wide the window of a session that goes on is, is its affair */
    }
    bool has_stat_sn = pdu->opcode != LQ_OP_DATA_IN || pdu->u.data.has_status;
    pdu->stat_sn = has_stat_sn ? conn->stat_sn : 0;
    if (pdu->opcode == LQ_OP_R2T && lq_tgt_wrong(t, LQ_WRONG_R2T_WITHOUT_WINDOW))
        pdu->exp_cmd_sn = pdu->max_cmd_sn = 0;
    if (takes_stat_sn(t, pdu)) {
        conn->stat_sn++;
        if (reuses_stat_sn(t, conn, pdu))
            pdu->stat_sn--;
    }
    pdu->data_bytes = built->data_bytes;
    lq_iscsi_pdu_encode(pdu, built->header);
    frame(t, conn, built, pdu->opcode != LQ_OP_LOGIN_RESPONSE);
}

static void build_r2t(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                      struct lq_tgt_burst *burst, struct lq_tgt_built *built)
{
    struct lq_tgt_command *command = burst->command;
    struct lq_iscsi_pdu pdu = {.opcode = LQ_OP_R2T, .final = true};
    pdu.lun = lq_tgt_wrong(t, LQ_WRONG_R2T_WITHOUT_LUN) ? ~command->lun : command->lun;
    pdu.itt = burst->itt;
    pdu.ttt = burst->ttt;
    pdu.u.r2t.r2t_sn = command->data_sn++;
    pdu.u.r2t.buffer_offset = burst->offset;
    pdu.u.r2t.desired_bytes = burst->bytes;
    burst->asked = true;
    burst->progress_ns = t->env->now_ns;
    lq_list_append(&conn->open_bursts, &burst->progress);
    lq_tgt_wake_by(t, conn, burst->progress_ns + t->config.data_timeout_ns);
    finish(t, conn, &pdu, built);
}

static void build_tm(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                     struct lq_tgt_command *command, struct lq_tgt_built *built)
{
    struct lq_iscsi_pdu pdu = {.opcode = LQ_OP_TM_RESPONSE, .final = true, .itt = command->itt};
    pdu.u.tm_response.response = command->tm_response;
    pdu.u.tm_response.information = command->tm_information;
    if (command->tm_response == LQ_TM_RSP_REJECTED &&
        lq_tgt_wrong(t, LQ_WRONG_TM_REFUSED_WITH_SCSI_STATUS)) {
        pdu = (struct lq_iscsi_pdu){.opcode = LQ_OP_SCSI_RESPONSE, .final = true,
                                    .itt = command->itt, .u.response = {.status = LQ_BUSY}};
    }
    built->command = command;
    built->ends_command = true;
    command->built++;
    command->status_built = true;
    lq_tgt_command_unhash(t, command);
    lq_tgt_leave_window(t, command);
    finish(t, conn, &pdu, built);
}

/* Builds the next PDU of the queue's head. */
static void build_next(struct lq_iscsi_target *t, struct lq_tgt_conn *conn)
{
    struct lq_tgt_built *built =
        &conn->built[(conn->built_first + conn->built_count) % LQ_TGT_BUILT];
    built->data = NULL;
    built->data_bytes = 0;
    built->note = NULL;
    built->command = NULL;
    built->ends_command = false;
    struct lq_tgt_output *output =
        LQ_ELEMENT(conn->outputs.next, struct lq_tgt_output, link);
    switch ((enum lq_tgt_output_kind)output->kind) {
    case LQ_OUT_COMMAND: {
        struct lq_tgt_command *command = LQ_ELEMENT(output, struct lq_tgt_command, output);
        struct lq_iscsi_pdu pdu = {.final = false};
        if (lq_tgt_build_command(t, command, &pdu, built))
            lq_list_remove(&output->link);
        finish(t, conn, &pdu, built);
        if (built->ends_command)
            command->stat_sn = pdu.stat_sn;
        break;
    }
    case LQ_OUT_R2T:
        lq_list_remove(&output->link);
        build_r2t(t, conn, LQ_ELEMENT(output, struct lq_tgt_burst, output), built);
        break;
    case LQ_OUT_TM:
        lq_list_remove(&output->link);
        build_tm(t, conn, LQ_ELEMENT(output, struct lq_tgt_command, output), built);
        break;
    case LQ_OUT_NOTE:
        lq_list_remove(&output->link);
        built->note = LQ_ELEMENT(output, struct lq_tgt_note, output);
        built->data = built->note->data;
        built->data_bytes = built->note->pdu.data_bytes;
        finish(t, conn, &built->note->pdu, built);
        break;
    }
    conn->built_count++;
    t->counts.pdus_out++;
}

/* --- pulling ---------------------------------------------------------------------------------- */

struct cutter {
    struct lq_slice *slices;
    uint32_t count, max;
    uint32_t skip_bytes; /* sent already */
};

/* False when there is no room for the piece. */
static bool cut(struct cutter *cutter, const uint8_t *bytes, uint32_t size_bytes)
{
    if (cutter->skip_bytes >= size_bytes) {
        cutter->skip_bytes -= size_bytes;
        return true;
    }
    if (cutter->count == cutter->max)
        return false;
    cutter->slices[cutter->count++] =
        (struct lq_slice){bytes + cutter->skip_bytes, size_bytes - cutter->skip_bytes};
    cutter->skip_bytes = 0;
    return true;
}

static bool cut_pdu(struct cutter *cutter, const struct lq_tgt_built *built)
{
    return cut(cutter, built->header, built->header_bytes) &&
           cut(cutter, built->data, built->data_bytes) &&
           cut(cutter, built->trailer, built->trailer_bytes);
}

uint32_t lq_iscsi_emit(struct lq_iscsi_target *target, lq_conn handle, struct lq_slice *slices,
                       uint32_t max, enum lq_emit_end *end)
{
    struct lq_tgt_conn *conn = lq_tgt_conn_of(target, handle);
    *end = LQ_EMIT_OPEN;
    if (conn->closing == LQ_CLOSING_RESET) {
        *end = LQ_EMIT_CLOSE_RESET;
        return 0;
    }
    struct cutter cutter = {slices, 0, max, conn->sent_bytes};
    bool all = true;
    for (uint32_t i = 0; all; i++) {
        if (i == conn->built_count) {
            if (lq_list_is_empty(&conn->outputs))
                break;
            if (i == LQ_TGT_BUILT || cutter.count == max) {
                all = false;
                break;
            }
            build_next(target, conn);
        }
        all = cut_pdu(&cutter, &conn->built[(conn->built_first + i) % LQ_TGT_BUILT]);
    }
    if (all && conn->closing == LQ_CLOSING_FLUSH)
        *end = LQ_EMIT_CLOSE_FLUSH;
    return cutter.count;
}

/* --- sent ------------------------------------------------------------------------------------- */

static void note_sent(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                      struct lq_tgt_note *note)
{
    enum lq_tgt_after after = (enum lq_tgt_after)note->after;
    lq_list_append(&conn->free_notes, &note->output.link);
    conn->free_note_count++;
    if (after == LQ_AFTER_BUFFER)
        conn->buffer_busy = false;
    else if (after == LQ_AFTER_TEXT)
        conn->text_busy = false;
    else if (after == LQ_AFTER_LOGOUT && conn->session != NULL)
        lq_tgt_session_left(t, conn->session);
}

static void command_sent(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                         struct lq_tgt_command *command, bool ends)
{
    command->built--;
    if (command->terminating) {
        lq_tgt_terminated(t, command);
        return;
    }
    if (!ends || command->built != 0)
        return;
    if (command->confirm && !lq_handle_is_none(command->task)) {
        if (lq_list_is_empty(&conn->unacknowledged))
            lq_tgt_solicit_acknowledgement(t, conn);
        lq_list_append(&conn->unacknowledged, &command->output.link);
        return;
    }
    if (!lq_handle_is_none(command->task))
        lq_engine_command_delivered(t->engine, command->task);
    lq_tgt_command_free(t, command);
}

void lq_iscsi_sent(struct lq_iscsi_target *target, lq_conn handle, uint32_t size_bytes)
{
    struct lq_tgt_conn *conn = lq_tgt_conn_of(target, handle);
    if (size_bytes != 0)
        conn->last_sent_ns = target->env->now_ns;
    while (size_bytes != 0) {
        LQ_ASSERT(conn->built_count != 0);
        struct lq_tgt_built *built = &conn->built[conn->built_first];
        uint32_t left = built->header_bytes + built->data_bytes + built->trailer_bytes -
                        conn->sent_bytes;
        if (size_bytes < left) {
            conn->sent_bytes += size_bytes;
            break;
        }
        size_bytes -= left;
        conn->sent_bytes = 0;
        conn->built_first = (conn->built_first + 1) % LQ_TGT_BUILT;
        conn->built_count--;
        if (built->note != NULL)
            note_sent(target, conn, built->note);
        else if (built->command != NULL)
            command_sent(target, conn, built->command, built->ends_command);
    }
    bool has_more = conn->built_count != 0 || !lq_list_is_empty(&conn->outputs);
    if (has_more || conn->closing != LQ_NOT_CLOSING)
        lq_tgt_make_ready(target, conn);
    lq_tgt_settle(target);
}

/* An initiator that has nothing to say acknowledges nothing; when every slot is held by such a
 * status, its window is shut and it can say nothing. */
void lq_tgt_solicit_acknowledgement(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    static const uint64_t patience_ns = 50000000;
    conn->solicit_ns = target->env->now_ns + patience_ns;
    lq_tgt_wake_by(target, conn, conn->solicit_ns);
}

void lq_tgt_acknowledge(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                        uint32_t exp_stat_sn)
{
    if (!lq_sn_within(exp_stat_sn, conn->acknowledged_sn, conn->stat_sn))
        return;
    conn->acknowledged_sn = exp_stat_sn;
    LQ_LIST_EACH_SAFE(link, following, &conn->unacknowledged)
    {
        struct lq_tgt_output *output = LQ_ELEMENT(link, struct lq_tgt_output, link);
        struct lq_tgt_command *command = LQ_ELEMENT(output, struct lq_tgt_command, output);
        if (!lq_sn_before(command->stat_sn, exp_stat_sn))
            break;
        lq_list_remove(link);
        lq_engine_command_delivered(target->engine, command->task);
        lq_tgt_command_free(target, command);
    }
}

void lq_tgt_output_forget(struct lq_tgt_conn *conn)
{
    while (lq_list_take(&conn->outputs) != NULL)
        continue;
    while (lq_list_take(&conn->unacknowledged) != NULL)
        continue;
    while (lq_list_take(&conn->free_notes) != NULL)
        continue;
    conn->built_count = conn->built_first = conn->sent_bytes = 0;
    conn->buffer_busy = conn->text_busy = false;
    conn->free_note_count = LQ_TGT_NOTES;
    for (uint32_t i = 0; i < LQ_TGT_NOTES; i++)
        lq_list_append(&conn->free_notes, &conn->notes[i].output.link);
}
