/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data from the initiator: unsolicited data, R2T and its answers, and what still comes for
 * commands that have been aborted.
 *
 * A burst stands for each run of Data-Out PDUs that the peer may send. Nothing is taken but what
 * continues a burst in DataSN and offset [RFC 7143 7.9]: a command whose data came otherwise is
 * told to the engine as short, after the run's last PDU, and never ends well. A burst of an aborted
 * command becomes a zombie of its session: what comes for it is dropped, and its target transfer
 * tag is not used again while it lives.
 */
#include <string.h>

#include "proto/iscsi/state.h"

/* --- bursts ----------------------------------------------------------------------------------- */

void lq_tgt_burst_free(struct lq_iscsi_target *target, struct lq_tgt_burst *burst)
{
    struct lq_tgt_command *command = burst->command;
    if (command != NULL && command->unsolicited == burst)
        command->unsolicited = NULL;
    if (burst->zombie)
        burst->session->zombie_count--;
    struct lq_tgt_conn *conn = burst->session->conn;
    if (conn != NULL && conn->rx_burst == burst)
        conn->rx_burst = NULL;
    burst->command = NULL;
    lq_list_remove(&burst->output.link);
    lq_list_remove(&burst->progress);
    lq_list_remove(&burst->link);
    lq_list_push(&target->free_bursts, &burst->link);
}

void lq_tgt_zombies_free(struct lq_iscsi_target *target, struct lq_tgt_session *session)
{
    while (!lq_list_is_empty(&session->zombies))
        lq_tgt_burst_free(target, LQ_ELEMENT(session->zombies.next, struct lq_tgt_burst, link));
}

uint32_t lq_tgt_take_ttt(struct lq_iscsi_target *target, struct lq_tgt_session *session)
{
    if (session->has_freed_ttt && lq_tgt_wrong(target, LQ_WRONG_STALE_DATA_OUT_ACCEPTED)) {
        session->has_freed_ttt = false;
        return session->freed_ttt;
    }
    if (lq_tgt_wrong(target, LQ_WRONG_ONE_TRANSFER_TAG_FOR_ALL))
        return 1;
    for (;;) {
        uint32_t ttt = target->next_ttt++;
        bool in_use = ttt == LQ_TAG_NONE;
        LQ_LIST_EACH(link, &session->zombies)
        in_use = in_use || LQ_ELEMENT(link, struct lq_tgt_burst, link)->ttt == ttt;
        if (!in_use)
            return ttt;
    }
}

static struct lq_tgt_burst *take_burst(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                                       uint32_t offset, uint32_t bytes)
{
    /* There is one for each that lives, so when all are taken, some are of peers that do not
     * answer the R2Ts of commands that they have aborted: the oldest is forgotten. */
    if (lq_list_is_empty(&t->free_bursts) && !lq_list_is_empty(&t->idle_zombies))
        lq_tgt_burst_free(t, LQ_ELEMENT(t->idle_zombies.next, struct lq_tgt_burst, progress));
    struct lq_link *link = lq_list_take(&t->free_bursts);
    if (link == NULL)
        return NULL;
    struct lq_tgt_burst *burst = LQ_ELEMENT(link, struct lq_tgt_burst, link);
    burst->command = command;
    burst->session = command->session;
    burst->itt = command->itt;
    burst->ttt = LQ_TAG_NONE;
    burst->offset = offset;
    burst->bytes = bytes;
    burst->received = burst->data_sn = 0;
    burst->asked = burst->zombie = false;
    burst->progress_ns = t->env->now_ns;
    lq_list_append(&command->bursts, link);
    return burst;
}

void lq_tgt_expect_unsolicited(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                               uint32_t offset, uint32_t bytes)
{
    struct lq_tgt_conn *conn = command->session->conn;
    struct lq_tgt_burst *burst = take_burst(target, command, offset, bytes);
    if (burst == NULL) /* what comes is then dropped as unknown, and solicited */
        return;
    burst->asked = true;
    command->unsolicited = burst;
    lq_list_append(&conn->open_bursts, &burst->progress);
    lq_tgt_wake_by(target, conn, burst->progress_ns + target->config.data_timeout_ns);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool ask(struct lq_iscsi_target *t, struct lq_tgt_command *command, uint32_t left)
{
    struct lq_tgt_session *session = command->session;
    uint32_t bytes = session->parameters.max_burst_length;
    if (left < bytes || lq_tgt_wrong(t, LQ_WRONG_R2T_BEYOND_BURST))
        bytes = left;
    struct lq_tgt_burst *burst = take_burst(t, command, command->next_offset, bytes);
    if (burst == NULL)
        return false;
    burst->ttt = lq_tgt_take_ttt(t, session);
    command->next_offset += bytes;
    command->open_count++;
    lq_tgt_queue(t, session->conn, &burst->output);
    return true;
}

void lq_tgt_solicit(struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    if (command->window == NULL || command->done_told || command->completed ||
        command->terminating || command->unsolicited != NULL)
        return;
    uint32_t end = command->window_offset + command->window_bytes;
    uint32_t most = command->session->parameters.max_outstanding_r2t;
    if (lq_tgt_wrong(target, LQ_WRONG_ONE_R2T_TOO_MANY))
        most++;
    while (!command->data_failed && command->next_offset < end && command->open_count < most)
        if (!ask(target, command, end - command->next_offset))
            command->data_failed = true;
    bool is_over = command->data_failed || command->next_offset >= end;
    bool all_came = command->open_count == 0 ||
                    lq_tgt_wrong(target, LQ_WRONG_WRITE_BEGINS_BEFORE_ITS_DATA);
    if (is_over && all_came && !lq_link_is_linked(&command->waiting_link))
        lq_list_append(&target->todo, &command->waiting_link);
}

void lq_tgt_data_out_settle(struct lq_iscsi_target *target)
{
    struct lq_link *link;
    while ((link = lq_list_take(&target->todo)) != NULL) {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, waiting_link);
        uint32_t bytes = command->window_bytes;
        if (command->data_failed) {
            uint32_t good = command->filled > command->window_offset
                                ? command->filled - command->window_offset
                                : 0;
            bytes = good < bytes ? good : bytes - 1;
        }
        command->done_told = true;
        if (command->digest_failed) /* protocol service CRC error [RFC 7143 7.8, 11.4.7.2] */
            lq_engine_data_out_failed(target->engine, command->task, 0x0b, 0x47, 0x05);
        else
            lq_engine_data_out_received(target->engine, command->task, bytes);
    }
}

/* --- Data-Out --------------------------------------------------------------------------------- */

static struct lq_tgt_burst *find_in(struct lq_link *bursts, uint32_t itt, uint32_t ttt)
{
    LQ_LIST_EACH(link, bursts)
    {
        struct lq_tgt_burst *burst = LQ_ELEMENT(link, struct lq_tgt_burst, link);
        if (burst->itt == itt && burst->ttt == ttt && burst->asked)
            return burst;
    }
    return NULL;
}

/* Wrong "stale-data-out-accepted": the transfer tag alone decides. */
static struct lq_tgt_burst *find_by_ttt(struct lq_tgt_session *session, uint32_t ttt)
{
    LQ_LIST_EACH(link, &session->commands)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
        struct lq_tgt_burst *burst = find_in(&command->bursts, command->itt, ttt);
        if (burst != NULL)
            return burst;
    }
    return NULL;
}

static struct lq_tgt_burst *find_burst(const struct lq_iscsi_target *t,
                                       struct lq_tgt_session *session,
                                       const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_command *command = lq_tgt_find(t, session, pdu->itt);
    struct lq_tgt_burst *burst = NULL;
    if (command != NULL)
        burst = find_in(&command->bursts, pdu->itt, pdu->ttt);
    if (burst == NULL)
        burst = find_in(&session->zombies, pdu->itt, pdu->ttt);
    if (burst == NULL && pdu->ttt != LQ_TAG_NONE &&
        lq_tgt_wrong(t, LQ_WRONG_STALE_DATA_OUT_ACCEPTED))
        burst = find_by_ttt(session, pdu->ttt);
    return burst;
}

/* The PDU continues BURST: the next DataSN, the next offset, not beyond its end. */
static bool continues(const struct lq_tgt_burst *burst, const struct lq_iscsi_pdu *pdu)
{
    if (pdu->itt != burst->itt) /* wrong "stale-data-out-accepted": whatever fits */
        return pdu->u.data.buffer_offset >= burst->offset &&
               pdu->u.data.buffer_offset - burst->offset <= burst->bytes &&
               pdu->data_bytes <= burst->bytes - (pdu->u.data.buffer_offset - burst->offset);
    return pdu->u.data.data_sn == burst->data_sn &&
           pdu->u.data.buffer_offset == burst->offset + burst->received &&
           pdu->data_bytes <= burst->bytes - burst->received;
}

void lq_tgt_data_out_begin(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_pdu *pdu = &conn->pdu;
    struct lq_tgt_burst *burst = find_burst(target, conn->session, pdu);
    conn->rx_burst = burst;
    conn->drop_data = true;
    if (burst == NULL || burst->command == NULL || burst->zombie)
        return;
    struct lq_tgt_command *command = burst->command;
    if (!continues(burst, pdu)) {
        command->data_failed = true;
        return;
    }
    if (command->window == NULL || command->data_failed)
        return;
    conn->drop_data = false;
    /* A segment that lies partly outside of the window is gathered elsewhere and then cut. */
    uint64_t begin = pdu->u.data.buffer_offset, end = begin + pdu->data_bytes;
    if (begin >= command->window_offset &&
        end <= (uint64_t)command->window_offset + command->window_bytes)
        conn->rx_place = command->window + (begin - command->window_offset);
}

/* Copies what of a gathered segment lies in the window. */
static void copy_into_window(struct lq_tgt_command *command, const struct lq_iscsi_pdu *pdu,
                             const uint8_t *data)
{
    uint64_t begin = pdu->u.data.buffer_offset, end = begin + pdu->data_bytes;
    uint64_t low = command->window_offset, high = low + command->window_bytes;
    uint64_t from = begin > low ? begin : low, to = end < high ? end : high;
    if (from < to)
        memcpy(command->window + (from - low), data + (from - begin), (size_t)(to - from));
}

/* Too few bytes came [RFC 7143 11.4.7.2]: fewer than an R2T asked for, or unsolicited data that is
 * not the whole first burst though the command has more. Else the rest is solicited. */
static bool is_wrong_amount(const struct lq_tgt_session *session,
                            const struct lq_tgt_burst *burst)
{
    if (burst->received == burst->bytes)
        return false;
    return burst->ttt != LQ_TAG_NONE ||
           burst->command->expected_out_bytes > session->parameters.first_burst_length;
}

/* The last PDU of BURST has come. */
static void close_burst(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                        struct lq_tgt_burst *burst)
{
    struct lq_tgt_command *command = burst->command;
    bool solicited = burst->ttt != LQ_TAG_NONE;
    bool zombie = burst->zombie;
    if (zombie && solicited && command == NULL &&
        lq_tgt_wrong(t, LQ_WRONG_LATE_DATA_ENDS_CONNECTION)) {
        lq_tgt_close(t, session->conn, LQ_CLOSING_RESET);
        return;
    }
    bool takes_any = !solicited && lq_tgt_wrong(t, LQ_WRONG_FIRST_BURST_EXCEEDED);
    bool is_wrong = !zombie && !takes_any && is_wrong_amount(session, burst);
    lq_tgt_burst_free(t, burst);
    if (zombie) {
        if (command != NULL && --command->open_count == 0) {
            command->awaits_peer = false;
            lq_tgt_terminated(t, command);
        }
        return;
    }
    if (solicited)
        command->open_count--;
    if (is_wrong)
        command->data_failed = true;
    if (!solicited)
        command->next_offset = command->filled;
    if (command->completed && command->unsolicited == NULL)
        lq_tgt_queue(t, session->conn, &command->output); /* all has been drained */
    else
        lq_tgt_solicit(t, command);
}

/* A PDU of BURST is over. */
static void go_on(struct lq_iscsi_target *t, struct lq_tgt_conn *conn, struct lq_tgt_burst *burst)
{
    if (conn->pdu.final) {
        close_burst(t, conn->session, burst);
    } else if (!burst->zombie) {
        burst->progress_ns = t->env->now_ns;
        lq_list_remove(&burst->progress);
        lq_list_append(&conn->open_bursts, &burst->progress);
    }
}

void lq_tgt_data_out_end(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    const struct lq_iscsi_pdu *pdu = &conn->pdu;
    struct lq_tgt_burst *burst = conn->rx_burst;
    conn->rx_burst = NULL;
    if (burst == NULL) {
        /* Unsolicited data of a command that was ignored or refused is dropped with it; a transfer
         * tag that names nothing is the initiator's error [RFC 7143 11.17.1 note 2]. */
        if (pdu->ttt != LQ_TAG_NONE)
            lq_tgt_reject(target, conn, LQ_REJECT_INVALID_FIELD, conn->header);
        return;
    }
    struct lq_tgt_command *command = burst->command;
    bool counts = !burst->zombie && command != NULL && !command->data_failed;
    if (counts) {
        burst->received += pdu->data_bytes;
        burst->data_sn++;
        if (command->window != NULL) {
            if (conn->rx_place == NULL && !conn->drop_data)
                copy_into_window(command, pdu, conn->data);
            command->filled += pdu->data_bytes;
        }
    }
    go_on(target, conn, burst);
}

void lq_tgt_data_out_broken(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    struct lq_tgt_burst *burst = conn->rx_burst;
    conn->rx_burst = NULL;
    if (burst == NULL)
        return;
    if (!burst->zombie && burst->command != NULL)
        burst->command->data_failed = burst->command->digest_failed = true;
    go_on(target, conn, burst);
}

/* --- the end of aborted commands -------------------------------------------------------------- */

/* A burst whose command is aborted; true when the peer will still send for it. */
static bool make_zombie(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                        struct lq_tgt_burst *burst, bool wait)
{
    if (!burst->asked) { /* its R2T has not been built */
        lq_tgt_burst_free(t, burst);
        return false;
    }
    if (burst->ttt != LQ_TAG_NONE && lq_tgt_wrong(t, LQ_WRONG_STALE_DATA_OUT_ACCEPTED)) {
        session->freed_ttt = burst->ttt;
        session->has_freed_ttt = true;
        lq_tgt_burst_free(t, burst);
        return false;
    }
    burst->zombie = true;
    lq_list_remove(&burst->progress);
    if (!wait) {
        burst->command = NULL;
        lq_list_append(&t->idle_zombies, &burst->progress);
    }
    lq_list_remove(&burst->link);
    lq_list_append(&session->zombies, &burst->link);
    session->zombie_count++;
    return true;
}

/* Who never answers R2Ts of aborted commands must not make searches long: the oldest are forgotten
 * beyond what all commands that a session may have at once can leave. */
static void bound_zombies(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    uint32_t most = t->config.limits.commands_per_session *
                    (session->parameters.max_outstanding_r2t + 1U);
    LQ_LIST_EACH_SAFE(link, following, &session->zombies)
    {
        struct lq_tgt_burst *burst = LQ_ELEMENT(link, struct lq_tgt_burst, link);
        if (session->zombie_count <= most)
            return;
        if (burst->command == NULL)
            lq_tgt_burst_free(t, burst);
    }
}

bool lq_tgt_terminate(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                      bool wait_for_peer)
{
    struct lq_tgt_session *session = command->session;
    struct lq_tgt_conn *conn = session->conn;
    command->terminating = true;
    lq_tgt_command_unhash(target, command);
    lq_tgt_leave_window(target, command);
    lq_list_remove(&command->output.link);
    lq_list_remove(&command->waiting_link);
    if (conn != NULL && conn->rx_burst != NULL && conn->rx_burst->command == command) {
        conn->drop_data = true; /* the rest of the segment under way */
        conn->rx_place = NULL;
    }
    command->open_count = 0;
    command->unsolicited = NULL;
    LQ_LIST_EACH_SAFE(link, following, &command->bursts)
    {
        struct lq_tgt_burst *burst = LQ_ELEMENT(link, struct lq_tgt_burst, link);
        if (make_zombie(target, session, burst, wait_for_peer) && wait_for_peer)
            command->open_count++;
    }
    bound_zombies(target, session);
    if (command->open_count != 0) {
        command->awaits_peer = true;
        command->deadline_ns = target->env->now_ns + target->config.data_timeout_ns;
        lq_list_append(&session->awaiting, &command->waiting_link);
        lq_tgt_wake_by(target, conn, command->deadline_ns);
        return false;
    }
    if (command->built != 0)
        return false;
    lq_tgt_command_free(target, command);
    return true;
}

void lq_tgt_terminated(struct lq_iscsi_target *target, struct lq_tgt_command *command)
{
    if (!command->terminating || command->awaits_peer || command->built != 0)
        return;
    lq_task task = command->task;
    lq_tgt_command_free(target, command);
    lq_engine_data_terminated(target->engine, task);
}
