/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target endpoint's canonical digest: connections with their sessions, and sessions that have
 * lost theirs. Slots, generations and TSIHs only count; target transfer tags are names.
 */
#include "core/base/digest.h"
#include "proto/iscsi/state.h"

/* --- commands ------------------------------------------------------------------------------- */

static void mix_burst(const struct lq_tgt_burst *burst, struct lq_digest *digest)
{
    lq_digest_two(digest, burst->command == NULL ? LQ_TAG_NONE : burst->command->itt, burst->itt);
    lq_digest_name(digest, burst->ttt);
    lq_digest_two(digest, burst->offset, burst->bytes);
    lq_digest_two(digest, burst->received, burst->data_sn);
    lq_digest_two(digest, burst->asked, burst->zombie);
    lq_digest_time(digest, burst->progress_ns);
}

static void mix_bursts(const struct lq_link *list, struct lq_digest *digest)
{
    LQ_LIST_EACH(link, list)
    mix_burst(LQ_ELEMENT(link, struct lq_tgt_burst, link), digest);
    lq_digest_word(digest, 0);
}

static void mix_flags(const struct lq_tgt_command *command, struct lq_digest *digest)
{
    const bool flags[] = {command->hashed,        command->in_window,    command->completed,
                          command->confirm,       command->terminating,  command->awaits_peer,
                          command->status_built,  command->data_failed,  command->done_told,
                          command->digest_failed,
                          command->overflow,      command->underflow,    command->bidi_overflow,
                          command->bidi_underflow, command->unsolicited != NULL,
                          lq_link_is_linked(&command->output.link)};
    uint64_t bits = 0;
    for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        bits |= (uint64_t)flags[i] << i;
    lq_digest_word(digest, bits);
}

static void mix_data(const struct lq_tgt_command *command, struct lq_digest *digest)
{
    lq_digest_two(digest, command->in_bytes, command->in_built);
    lq_digest_word(digest, command->in_sequence);
    if (command->in != NULL)
        lq_digest_bytes(digest, command->in, command->in_bytes);
    lq_digest_two(digest, command->expected_in_bytes, command->expected_out_bytes);
    lq_digest_two(digest, command->window_offset, command->window_bytes);
    lq_digest_two(digest, command->next_offset, command->filled);
    lq_digest_word(digest, command->open_count);
    if (command->window != NULL && command->filled > command->window_offset)
        lq_digest_bytes(digest, command->window, command->filled - command->window_offset);
    mix_bursts(&command->bursts, digest);
}

static void mix_command(const struct lq_tgt_command *command, struct lq_digest *digest)
{
    lq_digest_two(digest, command->itt, command->cmd_sn);
    lq_digest_two(digest, command->kind, command->reserve);
    lq_digest_two(digest, command->lun, lq_handle_is_none(command->task));
    mix_flags(command, digest);
    lq_digest_two(digest, command->built, command->stat_sn);
    lq_digest_word(digest, command->data_sn);
    mix_data(command, digest);
    lq_digest_two(digest, command->status, command->residual);
    lq_digest_two(digest, command->bidi_residual, command->sense_segment_bytes);
    lq_digest_bytes(digest, command->sense_segment, command->sense_segment_bytes);
    lq_digest_two(digest, command->tm_response, command->tm_absent_response);
    lq_digest_word(digest, command->tm_information);
    if (command->awaits_peer)
        lq_digest_time(digest, command->deadline_ns);
    if (command->kind == LQ_CMD_HELD)
        lq_digest_bytes(digest, command->header, sizeof command->header);
    if (command->kind == LQ_CMD_HELD && command->extra_cdb_bytes > 0)
        lq_digest_bytes(digest, command->extra_cdb, command->extra_cdb_bytes);
}

/* --- sessions ------------------------------------------------------------------------------- */

static void mix_session(const struct lq_tgt_session *session, struct lq_digest *digest)
{
    lq_digest_two(digest, session->state, session->discovery);
    lq_digest_two(digest, session->ended, session->close_noted);
    lq_digest_two(digest, session->logout_itt, session->closed_announced);
    lq_digest_two(digest, session->reserves_used, session->end_how);
    lq_digest_two(digest, session->cid, session->target);
    lq_digest_word(digest, session->portal);
    lq_digest_bytes(digest, session->isid, sizeof session->isid);
    lq_digest_bytes(digest, session->initiator_name, sizeof session->initiator_name);
    const struct lq_tgt_parameters *parameters = &session->parameters;
    lq_digest_two(digest, parameters->max_burst_length, parameters->first_burst_length);
    lq_digest_two(digest, parameters->max_outstanding_r2t,
                  (uint64_t)parameters->initial_r2t << 1 | parameters->immediate_data);
    lq_digest_two(digest, session->exp_cmd_sn, session->max_cmd_sn);
    lq_digest_two(digest, session->window_used, session->zombie_count);
    LQ_LIST_EACH(link, &session->commands)
    mix_command(LQ_ELEMENT(link, struct lq_tgt_command, link), digest);
    lq_digest_word(digest, 0);
    LQ_LIST_EACH(link, &session->held)
    lq_digest_word(digest, LQ_ELEMENT(link, struct lq_tgt_command, held_link)->itt);
    mix_bursts(&session->zombies, digest);
    if (session->has_freed_ttt)
        lq_digest_name(digest, session->freed_ttt);
}

/* --- connections ---------------------------------------------------------------------------- */

static void mix_output(struct lq_tgt_output *output, struct lq_digest *digest)
{
    lq_digest_word(digest, output->kind);
    if (output->kind == LQ_OUT_COMMAND || output->kind == LQ_OUT_TM) {
        lq_digest_word(digest, LQ_ELEMENT(output, struct lq_tgt_command, output)->itt);
        return;
    }
    if (output->kind != LQ_OUT_NOTE)
        return; /* an R2T: its burst says that it is not asked yet */
    const struct lq_tgt_note *note = LQ_ELEMENT(output, struct lq_tgt_note, output);
    lq_digest_two(digest, note->pdu.opcode, note->pdu.itt);
    lq_digest_two(digest, note->after, note->pdu.data_bytes);
    if (note->data != NULL)
        lq_digest_bytes(digest, note->data, note->pdu.data_bytes);
}

static void mix_input(const struct lq_tgt_conn *conn, struct lq_digest *digest)
{
    lq_digest_two(digest, conn->rx, conn->rx_have);
    lq_digest_two(digest, conn->blocked, conn->buffer_busy);
    if (conn->rx == LQ_RX_HEADER)
        lq_digest_bytes(digest, conn->header, conn->rx_have);
    else
        lq_digest_bytes(digest, conn->header, sizeof conn->header);
}

static void mix_login(const struct lq_tgt_conn *conn, struct lq_digest *digest)
{
    const struct lq_tgt_login *login = &conn->login;
    lq_digest_two(digest, login->started, login->named);
    lq_digest_two(digest, login->tag_said, login->discovery);
    lq_digest_two(digest, login->has_name, login->has_target);
    lq_digest_two(digest, login->transit, (uint64_t)login->csg << 8 | login->nsg);
    lq_digest_bytes(digest, login->isid, sizeof login->isid);
    lq_digest_two(digest, login->tsih, login->cid);
    lq_digest_two(digest, login->itt, login->cmd_sn);
    lq_digest_two(digest, conn->text_in_bytes, conn->text_out_bytes);
    lq_digest_two(digest, conn->text_out_sent, conn->text_busy);
    lq_digest_time(digest, conn->accepted_ns);
}

/* Times that something waits for. */
static void mix_times(const struct lq_iscsi_target *target, const struct lq_tgt_conn *conn,
                      struct lq_digest *digest)
{
    lq_digest_time(digest, conn->close_by_ns);
    if (target->config.nop_interval_ns != 0)
        lq_digest_time(digest, conn->last_input_ns);
    if (conn->built_count > 0 || !lq_list_is_empty(&conn->outputs))
        lq_digest_time(digest, conn->last_sent_ns);
    lq_digest_word(digest, conn->pinging);
    if (conn->pinging)
        lq_digest_time(digest, conn->ping_sent_ns);
    if (!lq_list_is_empty(&conn->unacknowledged))
        lq_digest_time(digest, conn->solicit_ns);
}

static void mix_conn(const struct lq_iscsi_target *target, const struct lq_tgt_conn *conn,
                     struct lq_digest *digest)
{
    lq_digest_two(digest, conn->phase, conn->closing);
    lq_digest_two(digest, conn->stat_sn, conn->acknowledged_sn);
    lq_digest_two(digest, conn->max_send_bytes, conn->free_note_count);
    lq_digest_two(digest, conn->portal,
                  (uint64_t)conn->digests.header << 1 | conn->digests.data);
    mix_input(conn, digest);
    mix_times(target, conn, digest);
    if (conn->phase == LQ_PHASE_LOGIN || conn->phase == LQ_PHASE_WAITING)
        mix_login(conn, digest);
    lq_digest_two(digest, conn->built_count, conn->sent_bytes);
    for (uint32_t i = 0; i < conn->built_count; i++)
        lq_digest_bytes(digest, conn->built[(conn->built_first + i) % LQ_TGT_BUILT].header,
                        LQ_BHS_BYTES);
    LQ_LIST_EACH(link, &conn->outputs)
    mix_output(LQ_ELEMENT(link, struct lq_tgt_output, link), digest);
    lq_digest_word(digest, 0);
    LQ_LIST_EACH(link, &conn->unacknowledged)
    lq_digest_word(digest, LQ_ELEMENT(link, struct lq_tgt_command, output.link)->itt);
    lq_digest_word(digest, conn->session != NULL);
    if (conn->session != NULL)
        mix_session(conn->session, digest);
}

void lq_iscsi_digest_conn(const struct lq_iscsi_target *target, lq_conn handle,
                          struct lq_digest *digest)
{
    LQ_ASSERT(handle.index < target->config.limits.connections);
    mix_conn(target, &target->conns[handle.index], digest);
}

void lq_iscsi_digest_rest(const struct lq_iscsi_target *target, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < target->session_slots; i++) {
        const struct lq_tgt_session *session = &target->sessions[i];
        if (session->state == LQ_SESSION_FREE || session->conn != NULL)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_session(session, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
    lq_digest_two(digest, target->general_used, target->sessions_used);
    lq_digest_two(digest, target->free_command_count, target->free_conn_count);
    lq_digest_two(digest, target->shutting_down, target->close_all_noted);
}
