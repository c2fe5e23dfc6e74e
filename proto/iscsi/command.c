/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that CmdSN numbers [RFC 7143 4.2.2.1]: the window, holes, retries; and SCSI commands on
 * their way to the engine.
 *
 * A request ahead of ExpCmdSN is kept in a command slot until the hole is filled. Its immediate and
 * unsolicited data is not: there is no buffer for it before the engine has taken the command, so
 * it is asked for by R2T then. With one connection a hole is the initiator's doing anyway.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "proto/iscsi/state.h"

/* --- slots and tags --------------------------------------------------------------------------- */

static struct lq_tgt_command **bucket_of(const struct lq_iscsi_target *t,
                                         const struct lq_tgt_session *session, uint32_t itt)
{
    uint32_t mixed = itt * UINT32_C(0x9e3779b1);
    return &session->buckets[(mixed >> 16) & (t->config.limits.commands_per_session - 1)];
}

struct lq_tgt_command *lq_tgt_find(const struct lq_iscsi_target *target,
                                   const struct lq_tgt_session *session, uint32_t itt)
{
    struct lq_tgt_command *command = *bucket_of(target, session, itt);
    while (command != NULL && command->itt != itt)
        command = command->hash_next;
    return command;
}

void lq_tgt_command_hash(const struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    struct lq_tgt_command **bucket = bucket_of(target, command->session, command->itt);
    command->hash_next = *bucket;
    *bucket = command;
    command->hashed = true;
}

void lq_tgt_command_unhash(const struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    if (!command->hashed)
        return;
    struct lq_tgt_command **at = bucket_of(target, command->session, command->itt);
    while (*at != command)
        at = &(*at)->hash_next;
    *at = command->hash_next;
    command->hashed = false;
}

/* What a new slot is charged to; false: there is none for this kind of request. */
static bool charge(struct lq_iscsi_target *t, struct lq_tgt_session *session, bool is_tm,
                   bool immediate, enum lq_tgt_reserve *reserve)
{
    *reserve = LQ_RESERVE_NONE;
    if (t->general_used < t->config.limits.tasks) {
        t->general_used++;
        return true;
    }
    if (!is_tm && !immediate)
        return false;
    *reserve = is_tm ? LQ_RESERVE_TM : LQ_RESERVE_IMMEDIATE;
    uint8_t bit = (uint8_t)(1U << *reserve);
    if ((session->reserves_used & bit) != 0)
        return false;
    session->reserves_used |= bit;
    return true;
}

struct lq_tgt_command *lq_tgt_command_take(struct lq_iscsi_target *target,
                                           struct lq_tgt_session *session,
                                           enum lq_tgt_command_kind kind, uint32_t itt,
                                           bool immediate)
{
    enum lq_tgt_reserve reserve;
    if (!charge(target, session, kind == LQ_CMD_TM, immediate, &reserve))
        return NULL;
    struct lq_link *link = lq_list_take(&target->free_commands);
    LQ_ASSERT(link != NULL);
    target->free_command_count--;
    struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
    command->session = session;
    command->itt = itt;
    command->task = LQ_NO_HANDLE;
    command->kind = (uint8_t)kind;
    command->reserve = (uint8_t)reserve;
    command->hashed = command->in_window = command->completed = command->confirm = false;
    command->terminating = command->awaits_peer = command->status_built = false;
    command->built = command->data_sn = 0;
    command->in = NULL;
    command->in_bytes = command->in_built = command->in_sequence = 0;
    command->window = NULL;
    command->next_offset = command->filled = command->open_count = 0;
    command->unsolicited = NULL;
    command->data_failed = command->digest_failed = command->done_told = false;
    command->output.kind = kind == LQ_CMD_TM ? LQ_OUT_TM : LQ_OUT_COMMAND;
    lq_list_append(&session->commands, link);
    return command;
}

void lq_tgt_leave_window(struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    (void)target;
    if (command->in_window)
        command->session->window_used--;
    command->in_window = false;
}

void lq_tgt_command_drop_bursts(struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    while (!lq_list_is_empty(&command->bursts))
        lq_tgt_burst_free(target, LQ_ELEMENT(command->bursts.next, struct lq_tgt_burst, link));
}

static void free_bursts(struct lq_iscsi_target *t, struct lq_tgt_command *command)
{
    lq_tgt_command_drop_bursts(t, command);
    if (!command->terminating || command->open_count == 0)
        return;
    LQ_LIST_EACH(link, &command->session->zombies)
    {
        struct lq_tgt_burst *burst = LQ_ELEMENT(link, struct lq_tgt_burst, link);
        if (burst->command != command)
            continue;
        burst->command = NULL;
        lq_list_append(&t->idle_zombies, &burst->progress);
    }
}

void lq_tgt_command_free(struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    LQ_ASSERT(command->kind != LQ_CMD_FREE && command->built == 0);
    struct lq_tgt_session *session = command->session;
    lq_tgt_leave_window(target, command);
    lq_tgt_command_unhash(target, command);
    free_bursts(target, command);
    lq_list_remove(&command->output.link);
    lq_list_remove(&command->waiting_link);
    lq_list_remove(&command->held_link);
    if (command->reserve == LQ_RESERVE_NONE)
        target->general_used--;
    else
        session->reserves_used &= (uint8_t)~(1U << command->reserve);
    command->kind = LQ_CMD_FREE;
    command->generation++;
    lq_list_remove(&command->link);
    lq_list_push(&target->free_commands, &command->link);
    target->free_command_count++;
}

struct lq_tgt_command *lq_tgt_command_of(struct lq_iscsi_target *target, uint64_t cookie)
{
    lq_handle handle = lq_handle_unpack(cookie);
    LQ_ASSERT(handle.index < target->command_slots);
    struct lq_tgt_command *command = &target->commands[handle.index];
    bool is_it = command->generation == handle.generation && command->kind != LQ_CMD_FREE;
    return is_it ? command : NULL;
}

/* --- SCSI commands ---------------------------------------------------------------------------- */

/* [RFC 7143 11.3.1]; untagged is SIMPLE [SAM-5 8.6]. */
static const enum lq_attribute attributes[] = {
    [LQ_ISCSI_UNTAGGED] = LQ_SIMPLE, [LQ_ISCSI_SIMPLE] = LQ_SIMPLE, [LQ_ISCSI_ORDERED] = LQ_ORDERED,
    [LQ_ISCSI_HEAD_OF_QUEUE] = LQ_HEAD_OF_QUEUE, [LQ_ISCSI_ACA] = LQ_ACA,
};

/* What a SCSI command is, wherever it was kept. */
struct received {
    const struct lq_iscsi_pdu *pdu;
    uint8_t cdb[LQ_CDB_BYTES_MAX];
    uint32_t cdb_bytes;
    uint32_t bidi_bytes;
    const uint8_t *immediate;
    uint32_t immediate_bytes;
    bool was_held; /* the data that came with it, or behind it unasked, has been dropped */
};

/* Unsolicited data that negotiation does not allow [RFC 7143 13.10, 13.11, 13.14]. */
static bool breaks_first_burst(const struct lq_iscsi_target *t,
                               const struct lq_tgt_session *session, const struct received *r)
{
    const struct lq_tgt_parameters *p = &session->parameters;
    bool takes_immediate = p->immediate_data || lq_tgt_wrong(t, LQ_WRONG_IMMEDIATE_DATA_UNASKED);
    const struct lq_iscsi_pdu *pdu = r->pdu;
    if (!pdu->final && pdu->u.command.write && p->initial_r2t)
        return true;
    if (r->immediate_bytes == 0)
        return false;
    return !takes_immediate || !pdu->u.command.write ||
           r->immediate_bytes > p->first_burst_length ||
           r->immediate_bytes > pdu->u.command.expected_bytes;
}

/* Bytes of unsolicited Data-Out that follow the command. */
static uint32_t unsolicited_bytes(const struct lq_iscsi_target *t,
                                  const struct lq_tgt_session *session, const struct received *r)
{
    if (r->pdu->final || !r->pdu->u.command.write)
        return 0;
    uint32_t most = session->parameters.first_burst_length;
    if (lq_tgt_wrong(t, LQ_WRONG_FIRST_BURST_EXCEEDED))
        most = session->parameters.max_burst_length;
    if (r->pdu->u.command.expected_bytes < most)
        most = r->pdu->u.command.expected_bytes;
    return most > r->immediate_bytes ? most - r->immediate_bytes : 0;
}

static void give_to_engine(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                           const struct received *r, uint32_t unsolicited)
{
    struct lq_tgt_session *session = command->session;
    struct lq_command given = {
        .nexus = session->nexus,
        .lun = command->lun,
        .tag = command->itt,
        .attribute = attributes[r->pdu->u.command.attribute],
        .priority = r->pdu->u.command.priority,
        .order_stamp = ++t->order_stamp,
        .cdb = r->cdb,
        .cdb_bytes = r->cdb_bytes,
        .expected_in_bytes = command->expected_in_bytes,
        .expected_out_bytes = command->expected_out_bytes,
        .immediate = r->immediate,
        .immediate_bytes = r->immediate_bytes,
        .unsolicited_bytes = unsolicited,
        .cookie = lq_tgt_cookie(command)};
    command->task = lq_engine_command(t->engine, &given);
}

/* Data that came unasked for a command that had to wait for its turn was not kept, and cannot be
 * asked for once more at ErrorRecoveryLevel 0: the initiator may send the whole command again. */
static bool lacks_data(const struct received *r)
{
    return r->was_held && r->pdu->u.command.write &&
           (r->pdu->data_bytes != 0 || !r->pdu->final);
}

static void start_command(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                          const struct received *r)
{
    const struct lq_iscsi_pdu *pdu = r->pdu;
    struct lq_tgt_session *session = command->session;
    bool read = pdu->u.command.read, write = pdu->u.command.write;
    command->kind = LQ_CMD_SCSI;
    command->cmd_sn = pdu->cmd_sn;
    command->lun = pdu->lun;
    command->in_window = !pdu->immediate;
    session->window_used += command->in_window ? 1 : 0;
    command->expected_out_bytes = write ? pdu->u.command.expected_bytes : 0;
    command->expected_in_bytes = write ? r->bidi_bytes : pdu->u.command.expected_bytes;
    if (!read)
        command->expected_in_bytes = 0;
    command->filled = r->immediate_bytes;
    if (lacks_data(r)) {
        lq_tgt_complete(t, command, &(struct lq_command_complete){.status = LQ_BUSY});
        return;
    }
    uint32_t unsolicited = unsolicited_bytes(t, session, r);
    bool broken = breaks_first_burst(t, session, r);
    if (unsolicited != 0 || (broken && !pdu->final))
        lq_tgt_expect_unsolicited(t, command, r->immediate_bytes, unsolicited);
    if (broken) /* unexpected unsolicited data [RFC 7143 11.4.7.2] */
        lq_tgt_command_fail(t, command, LQ_CHECK_CONDITION, 0x0b, 0x0c, 0x0c);
    else
        give_to_engine(t, command, r, unsolicited);
}

/* CDB and bidirectional read length out of header and AHS. False: they contradict themselves. */
static bool collect(struct received *r, const uint8_t *ahs_bytes)
{
    memcpy(r->cdb, r->pdu->u.command.cdb, 16);
    r->cdb_bytes = 16;
    r->bidi_bytes = 0;
    bool has_cdb = false, has_bidi = false;
    uint32_t position = 0;
    struct lq_iscsi_ahs ahs;
    int found;
    while ((found = lq_iscsi_ahs_next(ahs_bytes, (uint32_t)r->pdu->ahs_words * 4, &position,
                                      &ahs)) > 0) {
        if (ahs.type == LQ_AHS_EXTENDED_CDB && !has_cdb) {
            if (ahs.contents.size_bytes == 0 || ahs.contents.size_bytes > LQ_TGT_EXTRA_CDB_BYTES)
                return false;
            memcpy(r->cdb + 16, ahs.contents.bytes, ahs.contents.size_bytes);
            r->cdb_bytes += ahs.contents.size_bytes;
            has_cdb = true;
        } else if (ahs.type == LQ_AHS_BIDI_READ_LENGTH && !has_bidi) {
            if (ahs.contents.size_bytes != 4)
                return false;
            r->bidi_bytes = lq_get_be32(ahs.contents.bytes);
            has_bidi = true;
        } else {
            return false;
        }
    }
    return found == 0;
}

/* No slot: the status that SAM has for it, without one. */
static void answer_busy(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                        const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_note *note = lq_tgt_note(conn, LQ_OP_SCSI_RESPONSE, pdu->itt, 0);
    note->pdu.u.response.status = LQ_BUSY;
    note->pdu.u.response.residual = pdu->u.command.expected_bytes;
    note->pdu.u.response.underflow = pdu->u.command.expected_bytes != 0;
    lq_tgt_note_queue(t, conn, note);
}

static void scsi_command(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                         const struct lq_iscsi_pdu *pdu)
{
    struct received r; /* not cleared: of its CDB only what the command has is looked at */
    r.pdu = pdu;
    r.immediate = conn->data;
    r.immediate_bytes = pdu->data_bytes;
    r.was_held = false;
    if (!collect(&r, conn->ahs)) { /* [RFC 7143 7.7] */
        lq_tgt_close(t, conn, LQ_CLOSING_RESET);
        return;
    }
    if (pdu->u.command.attribute > LQ_ISCSI_ACA) {
        lq_tgt_reject(t, conn, LQ_REJECT_INVALID_FIELD, conn->header);
        return;
    }
    struct lq_tgt_command *command =
        lq_tgt_command_take(t, conn->session, LQ_CMD_SCSI, pdu->itt, pdu->immediate);
    if (command == NULL && pdu->immediate) {
        lq_tgt_reject(t, conn, LQ_REJECT_TOO_MANY_IMMEDIATE, conn->header);
    } else if (command == NULL) {
        answer_busy(t, conn, pdu);
    } else {
        lq_tgt_command_hash(t, command);
        start_command(t, command, &r);
    }
}

static void tm_request(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                       const struct lq_iscsi_pdu *pdu);

/* --- by opcode -------------------------------------------------------------------------------- */

/* NOP-Out, text and logout: nothing that enters a task set. */
static void execute_other(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                          const struct lq_iscsi_pdu *pdu, const uint8_t *header)
{
    if (pdu->opcode == LQ_OP_NOP_OUT) {
        lq_tgt_nop_out(t, conn, pdu, conn->data);
    } else if (pdu->opcode == LQ_OP_TEXT_REQUEST) {
        lq_tgt_text_request(t, conn, pdu, conn->data, header);
    } else {
        LQ_ASSERT(pdu->opcode == LQ_OP_LOGOUT_REQUEST);
        lq_tgt_logout(t, conn, pdu, header);
    }
}

/* Carries out the request that has just been received. */
static void execute(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                    const struct lq_iscsi_pdu *pdu)
{
    if (pdu->opcode == LQ_OP_SCSI_COMMAND)
        scsi_command(t, conn, pdu);
    else if (pdu->opcode == LQ_OP_TM_REQUEST)
        tm_request(t, conn, pdu);
    else
        execute_other(t, conn, pdu, conn->header);
}

/* --- holes ------------------------------------------------------------------------------------ */

/* Puts COMMAND into the session's list of held requests, by CmdSN; an immediate TM function stands
 * before the request of the same number. False: that number is there already. */
static bool insert_held(struct lq_tgt_session *session, struct lq_tgt_command *command,
                        bool immediate)
{
    struct lq_link *at = session->held.prev;
    for (; at != &session->held; at = at->prev) {
        const struct lq_tgt_command *other = LQ_ELEMENT(at, struct lq_tgt_command, held_link);
        bool other_immediate =
            other->kind == LQ_CMD_HELD && (other->header[0] & 0x40) != 0;
        if (lq_sn_before(other->cmd_sn, command->cmd_sn))
            break;
        if (other->cmd_sn != command->cmd_sn)
            continue;
        if (other_immediate)
            break;
        if (!immediate)
            return false;
    }
    lq_list_insert_before(at->next, &command->held_link);
    return true;
}

/* Room is kept for commands and TM functions, whose answers have a place in their slots, and for
 * one logout or ping, but for no text and nobody's data. */
static bool may_hold(const struct lq_tgt_session *session, const struct lq_iscsi_pdu *pdu)
{
    if (pdu->opcode == LQ_OP_SCSI_COMMAND || pdu->opcode == LQ_OP_TM_REQUEST)
        return true;
    if (pdu->opcode == LQ_OP_TEXT_REQUEST || pdu->data_bytes != 0)
        return false;
    LQ_LIST_EACH(link, &session->held)
    {
        const struct lq_tgt_command *held = LQ_ELEMENT(link, struct lq_tgt_command, held_link);
        uint8_t opcode = held->kind == LQ_CMD_HELD ? held->header[0] & 0x3f : LQ_OP_SCSI_COMMAND;
        if (opcode != LQ_OP_SCSI_COMMAND && opcode != LQ_OP_TM_REQUEST)
            return false;
    }
    return true;
}

/* Keeps the PDU that has just been received until its TURN, a CmdSN. */
static void hold(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                 const struct lq_iscsi_pdu *pdu, uint32_t turn)
{
    struct lq_tgt_session *session = conn->session;
    bool is_scsi = pdu->opcode == LQ_OP_SCSI_COMMAND;
    if (is_scsi && pdu->u.command.attribute > LQ_ISCSI_ACA) {
        lq_tgt_reject(t, conn, LQ_REJECT_INVALID_FIELD, conn->header);
        return;
    }
    struct received r = {.pdu = pdu, .immediate_bytes = pdu->data_bytes};
    if (is_scsi && !collect(&r, conn->ahs)) {
        lq_tgt_close(t, conn, LQ_CLOSING_RESET);
        return;
    }
    struct lq_tgt_command *command = NULL;
    if (may_hold(session, pdu))
        command = lq_tgt_command_take(t, session, LQ_CMD_HELD, pdu->itt, pdu->immediate);
    if (command == NULL) {
        t->counts.ignored_out_of_window++;
        return;
    }
    command->cmd_sn = turn;
    command->extra_cdb_bytes = is_scsi ? r.cdb_bytes - 16 : 0;
    command->bidi_bytes = r.bidi_bytes;
    memcpy(command->header, conn->header, LQ_BHS_BYTES);
    if (command->extra_cdb_bytes != 0)
        memcpy(command->extra_cdb, r.cdb + 16, command->extra_cdb_bytes);
    if (!insert_held(session, command, pdu->immediate)) {
        t->counts.ignored_out_of_window++;
        lq_tgt_command_free(t, command);
        return;
    }
    if (pdu->itt != LQ_TAG_NONE)
        lq_tgt_command_hash(t, command);
    command->expected_out_bytes = is_scsi ? pdu->u.command.expected_bytes : 0;
    if (is_scsi && pdu->u.command.write && !pdu->final)
        lq_tgt_expect_unsolicited(t, command, pdu->data_bytes, unsolicited_bytes(t, session, &r));
}

static void start_held_command(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                               const struct lq_iscsi_pdu *pdu)
{
    struct received r = {.pdu = pdu, .was_held = true};
    memcpy(r.cdb, pdu->u.command.cdb, 16);
    memcpy(r.cdb + 16, command->extra_cdb, command->extra_cdb_bytes);
    r.cdb_bytes = 16 + command->extra_cdb_bytes;
    r.bidi_bytes = command->bidi_bytes;
    start_command(t, command, &r);
}

/* The turn of a held request has come. */
static void release(struct lq_iscsi_target *t, struct lq_tgt_command *command)
{
    struct lq_iscsi_pdu pdu;
    lq_list_remove(&command->held_link);
    if (command->kind == LQ_CMD_PLUG) {
        lq_tgt_command_free(t, command);
        return;
    }
    (void)lq_iscsi_pdu_decode(&pdu, command->header);
    if (pdu.opcode == LQ_OP_SCSI_COMMAND) {
        start_held_command(t, command, &pdu);
    } else if (pdu.opcode == LQ_OP_TM_REQUEST) {
        lq_tgt_tm_deliver(t, command, &pdu);
    } else {
        uint8_t header[LQ_BHS_BYTES];
        struct lq_tgt_conn *conn = command->session->conn;
        memcpy(header, command->header, LQ_BHS_BYTES);
        lq_tgt_command_free(t, command);
        execute_other(t, conn, &pdu, header);
    }
}

void lq_tgt_advance(struct lq_iscsi_target *target, struct lq_tgt_session *session)
{
    while (session->state == LQ_SESSION_ACTIVE && !session->close_noted &&
           !lq_list_is_empty(&session->held)) {
        struct lq_tgt_command *first =
            LQ_ELEMENT(session->held.next, struct lq_tgt_command, held_link);
        if (lq_sn_before(session->exp_cmd_sn, first->cmd_sn))
            return;
        bool immediate = first->kind == LQ_CMD_HELD && (first->header[0] & 0x40) != 0;
        if (!immediate)
            session->exp_cmd_sn++;
        release(target, first);
    }
}

/* --- reception -------------------------------------------------------------------------------- */

static void tm_request(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                       const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_session *session = conn->session;
    uint32_t turn = lq_tgt_tm_turn(session, pdu);
    if (turn != session->exp_cmd_sn) {
        hold(t, conn, pdu, turn);
        return;
    }
    struct lq_tgt_command *command =
        lq_tgt_command_take(t, session, LQ_CMD_TM, pdu->itt, pdu->immediate);
    if (command == NULL) {
        lq_tgt_reject(t, conn, LQ_REJECT_TOO_MANY_IMMEDIATE, conn->header);
        return;
    }
    lq_tgt_command_hash(t, command);
    lq_tgt_tm_deliver(t, command, pdu);
}

/* The tag is in use. The same CmdSN makes it a retry, which is dropped; else it is an error. */
static void tag_in_use(struct lq_iscsi_target *t, struct lq_tgt_conn *conn,
                       const struct lq_iscsi_pdu *pdu, const struct lq_tgt_command *command)
{
    struct lq_tgt_session *session = conn->session;
    if (!pdu->immediate && command->cmd_sn == pdu->cmd_sn) {
        t->counts.ignored_out_of_window++;
        return;
    }
    bool numbered = !pdu->immediate;
    if (numbered && !lq_sn_within(pdu->cmd_sn, session->exp_cmd_sn, session->max_cmd_sn)) {
        t->counts.ignored_out_of_window++;
        return;
    }
    lq_tgt_reject(t, conn, LQ_REJECT_TASK_IN_PROGRESS, conn->header);
    if (numbered && pdu->cmd_sn == session->exp_cmd_sn) {
        session->exp_cmd_sn++; /* it was received; a hole would stop the session for ever */
        lq_tgt_advance(t, session);
    }
}

/* Wrongs "window-not-kept" and "duplicate-executed". */
static bool is_executed_all_the_same(const struct lq_iscsi_target *t,
                                     const struct lq_tgt_session *session,
                                     const struct lq_iscsi_pdu *pdu)
{
    bool is_behind = lq_sn_before(pdu->cmd_sn, session->exp_cmd_sn);
    return pdu->opcode == LQ_OP_SCSI_COMMAND &&
           lq_tgt_wrong(t, is_behind ? LQ_WRONG_DUPLICATE_EXECUTED : LQ_WRONG_WINDOW_NOT_KEPT);
}

void lq_tgt_numbered_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_pdu *pdu = &conn->pdu;
    struct lq_tgt_session *session = conn->session;
    bool is_task = pdu->opcode == LQ_OP_SCSI_COMMAND || pdu->opcode == LQ_OP_TM_REQUEST;
    if (pdu->itt == LQ_TAG_NONE && pdu->opcode != LQ_OP_NOP_OUT) {
        lq_tgt_reject(target, conn, LQ_REJECT_INVALID_FIELD, conn->header);
        return;
    }
    const struct lq_tgt_command *same = is_task ? lq_tgt_find(target, session, pdu->itt) : NULL;
    if (same != NULL && !lq_tgt_wrong(target, LQ_WRONG_TAG_IN_USE_ACCEPTED)) {
        tag_in_use(target, conn, pdu, same);
        return;
    }
    /* A NOP-Out without ITT is immediate whatever its I bit says: it takes no CmdSN. */
    bool numbered = !pdu->immediate && pdu->itt != LQ_TAG_NONE;
    uint32_t max = session->max_cmd_sn + lq_tgt_wrong(target, LQ_WRONG_WINDOW_ONE_TOO_WIDE);
    if (numbered && !lq_sn_within(pdu->cmd_sn, session->exp_cmd_sn, max)) {
        target->counts.ignored_out_of_window++;
        if (is_executed_all_the_same(target, session, pdu))
            execute(target, conn, pdu);
        return;
    }
    if (numbered && pdu->cmd_sn != session->exp_cmd_sn) {
        hold(target, conn, pdu, pdu->cmd_sn);
        return;
    }
    session->exp_cmd_sn += numbered ? 1 : 0;
    if (!numbered && pdu->opcode == LQ_OP_SCSI_COMMAND &&
        lq_tgt_wrong(target, LQ_WRONG_IMMEDIATE_ADVANCES_CMD_SN))
        session->exp_cmd_sn++;
    execute(target, conn, pdu);
    if (!lq_list_is_empty(&session->held)) /* also when an ABORT TASK has filled a hole */
        lq_tgt_advance(target, session);
}
