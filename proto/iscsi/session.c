/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: their beginning, their end, and the one's place taken by the other [RFC 7143 6.3.5].
 *
 * A session that replaces another of the same I_T nexus waits until the engine has ended the old
 * one: only then does its nexus exist and its last login response go out. The old session's slot is
 * kept until then, which is why there are more slots than sessions.
 */
#include <string.h>

#include "proto/iscsi/state.h"

/* The same initiator port at the same target port: target and portal group [RFC 7143 4.4.1]. */
static bool is_nexus(const struct lq_tgt_session *session, const struct lq_tgt_conn *conn)
{
    const struct lq_tgt_login *login = &conn->login;
    return session->state != LQ_SESSION_FREE && !session->discovery &&
           session->target == login->target && session->portal == conn->portal &&
           memcmp(session->isid, login->isid, LQ_ISID_BYTES) == 0 &&
           strcmp(session->initiator_name, login->initiator_name) == 0;
}

/* The session of the login's I_T nexus in a state of STATES (bits), NULL: none. */
static struct lq_tgt_session *find(struct lq_iscsi_target *t, const struct lq_tgt_conn *conn,
                                   unsigned states)
{
    for (uint32_t i = 0; i < t->session_slots; i++) {
        struct lq_tgt_session *session = &t->sessions[i];
        if (((states >> session->state) & 1U) != 0 && is_nexus(session, conn))
            return session;
    }
    return NULL;
}

enum {
    ACTIVE = 1U << LQ_SESSION_ACTIVE,
    WAITING = 1U << LQ_SESSION_WAITING,
    ENDING = 1U << LQ_SESSION_ENDING,
    LEAVING = 1U << LQ_SESSION_LEAVING
};

enum lq_login_status lq_tgt_session_check(struct lq_iscsi_target *target,
                                          const struct lq_tgt_conn *conn)
{
    const struct lq_tgt_session *session = find(target, conn, ACTIVE);
    if (session == NULL || session->tsih != conn->login.tsih)
        return LQ_LOGIN_NO_SESSION;
    /* Its only connection can be replaced, but no second one be added: MaxConnections is 1. */
    return session->cid == conn->login.cid ? LQ_LOGIN_SUCCESS : LQ_LOGIN_TOO_MANY_CONNECTIONS;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_session(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    LQ_ASSERT(lq_list_is_empty(&session->commands) && session->zombie_count == 0);
    lq_list_remove(&session->closed_link);
    session->state = LQ_SESSION_FREE;
    session->generation++;
    t->sessions_used--;
}

/* Cuts session and connection apart; nothing of the session is sent or taken in any more. */
static void detach(struct lq_tgt_session *session)
{
    struct lq_tgt_conn *conn = session->conn;
    if (conn == NULL)
        return;
    session->conn = NULL;
    conn->session = NULL;
    conn->drop_data = true;
    conn->rx_place = NULL;
    conn->rx_burst = NULL;
    conn->text_active = false;
    lq_tgt_output_forget(conn);
}

/* Frees a command of which the engine still waits to hear. */
static void drop_command(struct lq_iscsi_target *t, struct lq_tgt_command *command)
{
    lq_task task = command->task;
    bool terminating = command->terminating, completed = command->completed;
    command->built = 0;
    lq_tgt_command_free(t, command);
    if (lq_handle_is_none(task))
        return;
    if (terminating)
        lq_engine_data_terminated(t->engine, task);
    else if (completed)
        lq_engine_command_lost(t->engine, task);
}

/* Frees the session's commands. KNOWN: the engine has not forgotten them with the nexus. */
static void free_commands(struct lq_iscsi_target *t, struct lq_tgt_session *session, bool known)
{
    LQ_LIST_EACH_SAFE(link, following, &session->commands)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
        if (known) {
            drop_command(t, command);
        } else {
            command->built = 0;
            lq_tgt_command_free(t, command);
        }
    }
    lq_tgt_zombies_free(t, session);
}

static void tell_engine(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                        enum lq_trigger how)
{
    session->state = LQ_SESSION_ENDING;
    session->end_how = (uint8_t)how;
    lq_engine_nexus_lost(t->engine, session->nexus, how,
                         lq_handle_pack((lq_handle){session->index, session->generation}));
}

static void end_active(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                       enum lq_trigger how)
{
    lq_list_remove(&session->closed_link);
    session->ended = false;
    if (how != LQ_TRIGGER_LOGOUT) {
        detach(session);
        free_commands(t, session, false);
    }
    if (session->discovery)
        free_session(t, session);
    else
        tell_engine(t, session, how);
}

/* Wrong "ghost-session": it seems to end, and nobody ever says that it has. */
static void become_ghost(struct lq_tgt_session *session)
{
    session->state = LQ_SESSION_ENDING;
    session->end_how = LQ_TRIGGER_NEXUS_LOSS;
}

void lq_tgt_session_end(struct lq_iscsi_target *target, struct lq_tgt_session *session,
                        enum lq_trigger how)
{
    switch ((enum lq_tgt_session_state)session->state) {
    case LQ_SESSION_FREE:
        LQ_ASSERT(false);
        break;
    case LQ_SESSION_WAITING:
        detach(session);
        if (lq_tgt_wrong(target, LQ_WRONG_GHOST_SESSION))
            become_ghost(session);
        else
            free_session(target, session);
        break;
    case LQ_SESSION_ACTIVE:
        end_active(target, session, how);
        break;
    case LQ_SESSION_ENDING:
        detach(session);
        free_commands(target, session, true);
        /* A logout may wait long for the store; who logs in anew shall not. */
        if (how == LQ_TRIGGER_REINSTATEMENT && session->end_how == LQ_TRIGGER_LOGOUT &&
            !session->ended)
            tell_engine(target, session, how);
        break;
    case LQ_SESSION_LEAVING:
        detach(session);
        free_commands(target, session, true);
        free_session(target, session);
        break;
    }
}

void lq_tgt_session_left(struct lq_iscsi_target *target, struct lq_tgt_session *session)
{
    /* The logout response went out behind every status, on the same connection: who reads the one
     * has read the others. */
    LQ_LIST_EACH_SAFE(link, following, &session->commands)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
        if (command->completed && !lq_handle_is_none(command->task))
            lq_engine_command_delivered(target->engine, command->task);
        drop_command(target, command);
    }
    lq_tgt_zombies_free(target, session);
    detach(session);
    if (session->state == LQ_SESSION_LEAVING)
        free_session(target, session);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static uint16_t take_tsih(struct lq_iscsi_target *t)
{
    for (;;) {
        uint16_t tsih = t->next_tsih++;
        bool in_use = tsih == 0;
        if (lq_tgt_wrong(t, LQ_WRONG_ONE_TSIH_FOR_ALL))
            return 1;
        for (uint32_t i = 0; i < t->session_slots && !in_use; i++)
            in_use = t->sessions[i].state != LQ_SESSION_FREE && t->sessions[i].tsih == tsih;
        if (!in_use)
            return tsih;
    }
}

/* A free slot, when one more session is within the limit besides the one that is replaced. */
static struct lq_tgt_session *take_session(struct lq_iscsi_target *t,
                                           const struct lq_tgt_session *replaced)
{
    struct lq_tgt_session *slot = NULL;
    uint32_t living = 0;
    for (uint32_t i = 0; i < t->session_slots; i++) {
        struct lq_tgt_session *session = &t->sessions[i];
        if (session->state == LQ_SESSION_FREE)
            slot = slot == NULL ? session : slot;
        else if (session->state != LQ_SESSION_ENDING && session != replaced)
            living++;
    }
    return living < t->config.limits.sessions ? slot : NULL;
}

static void fill_session(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                         struct lq_tgt_conn *conn, const struct lq_tgt_session *inherited)
{
    const struct lq_tgt_login *login = &conn->login;
    const uint32_t *result = conn->negotiation.result;
    session->discovery = login->discovery;
    session->ended = session->close_noted = false;
    session->logout_itt = LQ_TAG_NONE;
    session->reserves_used = 0;
    session->cid = login->cid;
    session->target = login->target;
    session->portal = conn->portal;
    memcpy(session->isid, login->isid, LQ_ISID_BYTES);
    memcpy(session->initiator_name, login->initiator_name, sizeof session->initiator_name);
    session->conn = conn;
    conn->session = session;
    session->nexus = LQ_NO_HANDLE;
    session->window_used = 0;
    session->has_freed_ttt = false;
    session->zombie_count = 0;
    memset(session->buckets, 0,
           sizeof session->buckets[0] * t->config.limits.commands_per_session);
    lq_list_init(&session->commands);
    lq_list_init(&session->held);
    lq_list_init(&session->zombies);
    lq_list_init(&session->awaiting);
    if (inherited != NULL) { /* connection reinstatement: the session goes on [RFC 7143 6.3.4] */
        session->tsih = inherited->tsih;
        session->exp_cmd_sn = inherited->exp_cmd_sn;
        session->max_cmd_sn = inherited->max_cmd_sn;
        session->parameters = inherited->parameters;
    } else {
        session->tsih = take_tsih(t);
        session->exp_cmd_sn = login->cmd_sn;
        session->max_cmd_sn = login->cmd_sn; /* what earlier login responses said */
        session->parameters = (struct lq_tgt_parameters){
            .max_burst_length = result[LQ_KEY_MAX_BURST_LENGTH],
            .first_burst_length = result[LQ_KEY_FIRST_BURST_LENGTH],
            .max_outstanding_r2t = result[LQ_KEY_MAX_OUTSTANDING_R2T],
            .protocol_level = result[LQ_KEY_PROTOCOL_LEVEL],
            .initial_r2t = result[LQ_KEY_INITIAL_R2T] != 0,
            .immediate_data = result[LQ_KEY_IMMEDIATE_DATA] != 0};
    }
    conn->max_send_bytes = result[LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH];
    session->state = LQ_SESSION_WAITING;
    t->sessions_used++;
}

/* Gives way to a new session of the same nexus. */
static void replace(struct lq_iscsi_target *t, struct lq_tgt_session *old)
{
    struct lq_tgt_conn *conn = old->conn;
    bool was_active = old->state == LQ_SESSION_ACTIVE;
    if (was_active)
        t->counts.reinstatements++;
    lq_tgt_session_end(t, old, LQ_TRIGGER_REINSTATEMENT);
    if (conn == NULL)
        return;
    if (was_active && lq_tgt_wrong(t, LQ_WRONG_REINSTATEMENT_KEEPS_OLD_SESSION_TALKING))
        lq_tgt_ping(t, conn);
    else
        lq_tgt_close(t, conn, LQ_CLOSING_RESET);
}

static void begin_full_feature(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    struct lq_tgt_conn *conn = session->conn;
    session->state = LQ_SESSION_ACTIVE;
    conn->phase = LQ_PHASE_FULL;
    const uint32_t *result = conn->negotiation.result;
    conn->digests.header = result[LQ_KEY_HEADER_DIGEST] == LQ_DIGEST_RESULT_CRC32C;
    conn->digests.data = result[LQ_KEY_DATA_DIGEST] == LQ_DIGEST_RESULT_CRC32C;
    t->counts.logins++;
    lq_tgt_login_send(t, conn, true);
    if (t->config.nop_interval_ns != 0)
        lq_tgt_wake_by(t, conn, t->env->now_ns + t->config.nop_interval_ns);
}

/* Makes the nexus, if the one before is no more. */
static void establish(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    struct lq_tgt_conn *conn = session->conn;
    if (find(t, conn, ENDING) != NULL)
        return;
    uint8_t id[LQ_TRANSPORT_ID_BYTES_MAX];
    struct lq_nexus_request request = {
        .target = session->target,
        .target_port = (uint16_t)(session->portal + 1),
        .transport_id = id,
        .transport_id_bytes = lq_tgt_transport_id(session->initiator_name, session->isid, id),
        .transport = &lq_iscsi_transport,
        .transport_context = t};
    session->nexus = lq_engine_nexus_established(t->engine, &request);
    if (lq_handle_is_none(session->nexus)) {
        lq_tgt_session_end(t, session, LQ_TRIGGER_NEXUS_LOSS);
        lq_tgt_login_fail(t, conn, LQ_LOGIN_OUT_OF_RESOURCES);
        return;
    }
    begin_full_feature(t, session);
}

void lq_tgt_session_begin(struct lq_iscsi_target *target, struct lq_tgt_conn *conn)
{
    const struct lq_tgt_login *login = &conn->login;
    struct lq_tgt_session *old =
        login->discovery ? NULL : find(target, conn, ACTIVE | ENDING | LEAVING);
    struct lq_tgt_session *waiting = login->discovery ? NULL : find(target, conn, WAITING);
    enum lq_login_status status = LQ_LOGIN_SUCCESS;
    if (login->tsih != 0)
        status = lq_tgt_session_check(target, conn);
    if (waiting != NULL && status == LQ_LOGIN_SUCCESS)
        replace(target, waiting);
    struct lq_tgt_session *session = take_session(target, old);
    if (status == LQ_LOGIN_SUCCESS && session == NULL)
        status = LQ_LOGIN_OUT_OF_RESOURCES;
    if (status != LQ_LOGIN_SUCCESS) {
        lq_tgt_login_fail(target, conn, status);
        return;
    }
    fill_session(target, session, conn, login->tsih != 0 ? old : NULL);
    if (session->discovery) {
        begin_full_feature(target, session);
        return;
    }
    conn->phase = LQ_PHASE_WAITING;
    if (old != NULL)
        replace(target, old);
    establish(target, session);
}

/* --- nexus_ended ------------------------------------------------------------------------------ */

/* The logout can be answered, behind the statuses that are on their way. */
static void leave(struct lq_iscsi_target *t, struct lq_tgt_session *session)
{
    session->state = LQ_SESSION_LEAVING;
    LQ_LIST_EACH_SAFE(link, following, &session->commands)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
        bool on_its_way = command->built != 0 || lq_link_is_linked(&command->output.link);
        if (!on_its_way)
            drop_command(t, command);
    }
    lq_tgt_logout_answer(t, session->conn, session->logout_itt, LQ_LOGOUT_CLOSED);
}

void lq_tgt_session_settle(struct lq_iscsi_target *target)
{
    target->nexus_ended_noted = false;
    for (uint32_t i = 0; i < target->session_slots; i++) {
        struct lq_tgt_session *session = &target->sessions[i];
        if (session->state != LQ_SESSION_ENDING || !session->ended)
            continue;
        if (session->conn != NULL) {
            if (session->logout_itt != LQ_TAG_NONE)
                leave(target, session);
            else /* wrong "logout-answered-at-once": the response is on its way */
                session->state = LQ_SESSION_LEAVING;
            continue;
        }
        free_commands(target, session, true);
        free_session(target, session);
    }
    for (uint32_t i = 0; i < target->session_slots; i++)
        if (target->sessions[i].state == LQ_SESSION_WAITING)
            establish(target, &target->sessions[i]);
}
