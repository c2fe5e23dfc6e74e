/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task management functions [RFC 7143 11.5, 11.6]: which of them the engine knows, what an ABORT
 * TASK means whose task has not come, and the answers' codes.
 *
 * A function that affects more than one task waits in the endpoint until every request with a lower
 * CmdSN has come [RFC 7143 4.2.3.3]; an ABORT TASK names its one task and need not.
 */
#include "proto/iscsi/state.h"

/* The engine's functions; 0: answered here. TASK REASSIGN needs ErrorRecoveryLevel 2, the last
 * four iSCSIProtocolLevel 2 [RFC 7144]. */
static const uint8_t functions[] = {
    [LQ_ISCSI_ABORT_TASK] = LQ_TM_ABORT_TASK,
    [LQ_ISCSI_ABORT_TASK_SET] = LQ_TM_ABORT_TASK_SET,
    [LQ_ISCSI_CLEAR_ACA] = LQ_TM_CLEAR_ACA,
    [LQ_ISCSI_CLEAR_TASK_SET] = LQ_TM_CLEAR_TASK_SET,
    [LQ_ISCSI_LOGICAL_UNIT_RESET] = LQ_TM_LOGICAL_UNIT_RESET,
    [LQ_ISCSI_TARGET_WARM_RESET] = LQ_TM_TARGET_WARM_RESET,
    [LQ_ISCSI_TARGET_COLD_RESET] = LQ_TM_TARGET_COLD_RESET,
    [LQ_ISCSI_QUERY_TASK] = LQ_TM_QUERY_TASK,
    [LQ_ISCSI_QUERY_TASK_SET] = LQ_TM_QUERY_TASK_SET,
    [LQ_ISCSI_I_T_NEXUS_RESET] = LQ_TM_I_T_NEXUS_RESET,
    [LQ_ISCSI_QUERY_ASYNCHRONOUS_EVENT] = LQ_TM_QUERY_ASYNCHRONOUS_EVENT,
};

static uint8_t engine_function(const struct lq_tgt_session *session, uint8_t function)
{
    bool is_new = function >= LQ_ISCSI_QUERY_TASK;
    if (function >= sizeof functions || (is_new && session->parameters.protocol_level < 2))
        return 0;
    return functions[function];
}

/* They change nothing, and say what is so now. */
static bool is_query(uint8_t function)
{
    return function == LQ_ISCSI_QUERY_TASK || function == LQ_ISCSI_QUERY_TASK_SET ||
           function == LQ_ISCSI_QUERY_ASYNCHRONOUS_EVENT;
}

static void answer(struct lq_iscsi_target *t, struct lq_tgt_command *command, uint8_t response)
{
    command->tm_response = response;
    lq_tgt_queue(t, command->session->conn, &command->output);
}

/* --- ABORT TASK [RFC 7143 11.6.1] ------------------------------------------------------------- */

static const struct lq_tgt_command *held_at(const struct lq_tgt_session *session, uint32_t cmd_sn)
{
    LQ_LIST_EACH(link, &session->held)
    {
        const struct lq_tgt_command *held = LQ_ELEMENT(link, struct lq_tgt_command, held_link);
        bool immediate = held->kind == LQ_CMD_HELD && (held->header[0] & 0x40) != 0;
        if (!immediate && held->cmd_sn == cmd_sn)
            return held;
    }
    return NULL;
}

/* Counts CMD_SN, a hole, as received. False: there is no slot to note it. */
static bool plug_hole(struct lq_iscsi_target *t, struct lq_tgt_session *session, uint32_t cmd_sn)
{
    struct lq_tgt_command *plug =
        lq_tgt_command_take(t, session, LQ_CMD_PLUG, LQ_TAG_NONE, false);
    if (plug == NULL)
        return false;
    plug->cmd_sn = cmd_sn;
    struct lq_link *at = session->held.next;
    while (at != &session->held &&
           lq_sn_before(LQ_ELEMENT(at, struct lq_tgt_command, held_link)->cmd_sn, cmd_sn))
        at = at->next;
    /* behind immediate functions of the same number */
    while (at != &session->held &&
           LQ_ELEMENT(at, struct lq_tgt_command, held_link)->cmd_sn == cmd_sn)
        at = at->next;
    lq_list_insert_before(at, &plug->held_link);
    return true;
}

/* What the answer is when the engine does not know the task: (b) and (c) of the clause. */
static uint8_t absent_response(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                               const struct lq_iscsi_pdu *pdu)
{
    uint32_t ref = pdu->u.tm.ref_cmd_sn;
    if (lq_tgt_find(t, session, pdu->u.tm.referenced_itt) != NULL ||
        !lq_sn_within(ref, session->exp_cmd_sn, session->max_cmd_sn) ||
        !lq_sn_before(ref, pdu->cmd_sn) || held_at(session, ref) != NULL)
        return LQ_TM_RSP_NO_TASK;
    if (lq_tgt_wrong(t, LQ_WRONG_ABORT_FORGETS_HOLE))
        return LQ_TM_RSP_COMPLETE;
    return plug_hole(t, session, ref) ? LQ_TM_RSP_COMPLETE : LQ_TM_RSP_REJECTED;
}

/* The referenced request is one that only we know. True: it has been answered. */
static bool aborts_ours(struct lq_iscsi_target *t, struct lq_tgt_command *command,
                        const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_command *task =
        lq_tgt_find(t, command->session, pdu->u.tm.referenced_itt);
    if (task == NULL || task->kind == LQ_CMD_SCSI)
        return false;
    bool is_held_command =
        task->kind == LQ_CMD_HELD && (task->header[0] & 0x3f) == LQ_OP_SCSI_COMMAND;
    if (is_held_command) { /* it keeps its CmdSN and is nothing else any more */
        lq_tgt_command_unhash(t, task);
        lq_tgt_command_drop_bursts(t, task);
        task->kind = LQ_CMD_PLUG;
        answer(t, command, LQ_TM_RSP_COMPLETE);
    } else {
        answer(t, command, LQ_TM_RSP_REJECTED); /* functions are not aborted */
    }
    return true;
}

/* --- commands that have ended but wait for the rest of their unsolicited data */

static bool is_affected(const struct lq_tgt_command *command, const struct lq_iscsi_pdu *pdu)
{
    switch (pdu->u.tm.function) {
    case LQ_ISCSI_ABORT_TASK:
        return command->itt == pdu->u.tm.referenced_itt && command->lun == pdu->lun;
    case LQ_ISCSI_ABORT_TASK_SET:
    case LQ_ISCSI_CLEAR_TASK_SET:
    case LQ_ISCSI_LOGICAL_UNIT_RESET:
        return command->lun == pdu->lun;
    case LQ_ISCSI_TARGET_WARM_RESET:
    case LQ_ISCSI_TARGET_COLD_RESET:
    case LQ_ISCSI_I_T_NEXUS_RESET:
        return true;
    default:
        return false;
    }
}

/* The engine has done with them, so it can't abort them, and their status would come behind the
 * function's answer: it is dropped. True when there was one. */
static bool silence_draining(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                             const struct lq_iscsi_pdu *pdu)
{
    bool found = false;
    LQ_LIST_EACH_SAFE(link, following, &session->commands)
    {
        struct lq_tgt_command *command = LQ_ELEMENT(link, struct lq_tgt_command, link);
        if (command->kind != LQ_CMD_SCSI || !command->completed ||
            command->unsolicited == NULL || !is_affected(command, pdu))
            continue;
        lq_task task = command->task;
        found = lq_tgt_terminate(t, command, false);
        if (!lq_handle_is_none(task))
            lq_engine_command_lost(t->engine, task);
    }
    return found;
}

/* Wrong "abort-stops-read-half-way". */
static void stop_half_way(struct lq_iscsi_target *t, struct lq_tgt_session *session,
                          const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_command *command = lq_tgt_find(t, session, pdu->u.tm.referenced_itt);
    if (command != NULL && command->kind == LQ_CMD_SCSI && command->completed &&
        !command->status_built && lq_tgt_wrong(t, LQ_WRONG_ABORT_STOPS_READ_HALF_WAY))
        lq_list_remove(&command->output.link);
}

/* --- all functions ---------------------------------------------------------------------------- */

/* Behind the last request that waits for a hole to be filled; without one there is no hole. */
static uint32_t behind_held(const struct lq_tgt_session *session)
{
    for (struct lq_link *at = session->held.prev; at != &session->held; at = at->prev) {
        const struct lq_tgt_command *held = LQ_ELEMENT(at, struct lq_tgt_command, held_link);
        if (held->kind == LQ_CMD_PLUG || (held->header[0] & 0x40) == 0)
            return held->cmd_sn + 1;
    }
    return session->exp_cmd_sn;
}

uint32_t lq_tgt_tm_turn(const struct lq_tgt_session *session, const struct lq_iscsi_pdu *pdu)
{
    if (!pdu->immediate || pdu->u.tm.function == LQ_ISCSI_ABORT_TASK ||
        engine_function(session, pdu->u.tm.function) == 0 || is_query(pdu->u.tm.function) ||
        !lq_sn_before(session->exp_cmd_sn, pdu->cmd_sn))
        return session->exp_cmd_sn;
    /* Not all numbers up to one beyond the window will come, but those before what is held will. */
    return lq_sn_within(pdu->cmd_sn, session->exp_cmd_sn, session->max_cmd_sn + 1)
               ? pdu->cmd_sn
               : behind_held(session);
}

void lq_tgt_tm_deliver(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                       const struct lq_iscsi_pdu *pdu)
{
    struct lq_tgt_session *session = command->session;
    uint8_t function = pdu->u.tm.function;
    command->kind = LQ_CMD_TM;
    command->output.kind = LQ_OUT_TM;
    command->cmd_sn = pdu->cmd_sn;
    command->lun = pdu->lun;
    command->in_window = !pdu->immediate;
    session->window_used += command->in_window ? 1 : 0;
    command->tm_absent_response = LQ_TM_RSP_NO_TASK;
    command->tm_information = 0;
    if (engine_function(session, function) == 0) {
        answer(target, command,
               function == LQ_ISCSI_TASK_REASSIGN ? LQ_TM_RSP_NO_REASSIGNMENT
                                                  : LQ_TM_RSP_NOT_SUPPORTED);
        return;
    }
    if (function == LQ_ISCSI_ABORT_TASK) {
        if (aborts_ours(target, command, pdu))
            return;
        command->tm_absent_response = absent_response(target, session, pdu);
        stop_half_way(target, session, pdu);
    }
    if (silence_draining(target, session, pdu))
        command->tm_absent_response = LQ_TM_RSP_COMPLETE;
    struct lq_tm_request request = {
        .nexus = session->nexus,
        .function = (enum lq_tm_function)engine_function(session, function),
        .lun = pdu->lun,
        .tag = command->itt,
        .referenced_tag = pdu->u.tm.referenced_itt,
        .order_stamp = ++target->order_stamp,
        .cookie = lq_tgt_cookie(command)};
    lq_engine_task_management(target->engine, &request);
}
