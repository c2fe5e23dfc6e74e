/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DATA: every logical block is a register (register.h), seen by initiators only: black box.
 *
 * A write takes effect between its begin and its end: GOOD status, or a fence after which it can
 * no more: the answer to a TM function that covers it (TM-2), the login that replaces its session
 * or the answer to its logout (RI-2), another status. A write without GOOD is a "maybe": it is
 * there only if a read saw it. The store's own records are never asked: an orphan that lands late
 * is no harm as long as no read can tell.
 */
#include "conformance/judges/data.h"

struct known *lq_data_known(struct lq_judge *judge, const struct lq_seen_command *command)
{
    struct data *data = lq_data_of(judge);
    while (data->known.count <= command->index) {
        struct known *known = lq_array_add_raw(&data->known, judge->allocator);
        *known = (struct known){LQ_NONE, LQ_NONE, LQ_NONE, false};
    }
    return lq_array_at(&data->known, command->index);
}

struct lq_link *lq_data_unfenced_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct data *data = lq_data_of(judge);
    while (data->unfenced.count <= nexus->index)
        lq_list_init(lq_array_add_raw(&data->unfenced, judge->allocator));
    return lq_array_at(&data->unfenced, nexus->index);
}

/* --- the part --------------------------------------------------------------------------------- */

static void command_over(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || command->nexus == NULL)
        return;
    bool is_status = event->kind == LQ_I_STATUS && command->status == event;
    if (command->sent->flags & LQ_F_MEDIUM_READ) {
        if (is_status && event->code == 0 && command->gave_up == NULL)
            lq_data_read_ends(judge, command, event);
        lq_data_read_moves(judge, command, false);
    }
    uint32_t write = lq_data_known(judge, command)->write;
    if (write != LQ_NONE && is_status)
        lq_data_write_ends(judge, lq_array_at(&lq_data_of(judge)->writes, write), event);
}

static bool is_logout_forged(const struct lq_judge *judge, const struct lq_event *done)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, done);
    return nexus != NULL && nexus->logout != NULL &&
           lq_view_forged(&judge->view, done->connection, nexus->logout->tag) != 0;
}

static void data_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->kind == LQ_W_POWER)
        lq_data_power(judge, judge->view.event);
    else if (event->kind == LQ_S_CORRUPTED)
        lq_data_blocks_corrupted(judge, judge->view.event);
    else if (event->kind == LQ_W_FAULT)
        lq_data_fault_strikes(judge, event);
    event = judge->view.event;
    struct lq_seen_command *command;
    switch (event->kind) {
    case LQ_I_COMMAND:
        command = lq_view_command(&judge->view, event);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_WRITE))
            lq_data_write_begins(judge, command);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_READ))
            lq_data_read_moves(judge, command, true);
        break;
    case LQ_E_RECEIVED:
        lq_data_task_received(judge, event);
        break;
    case LQ_I_WRITE_DATA:
        lq_data_write_data(judge, event);
        break;
    case LQ_I_READ_DATA:
        lq_data_read_data(judge, event);
        break;
    case LQ_I_STATUS:
    case LQ_I_GAVE_UP:
        command_over(judge, event);
        break;
    case LQ_I_TM_DONE:
        lq_data_function_done(judge, event);
        break;
    case LQ_I_LOGGED_IN:
        lq_data_session_over(judge, event, true);
        break;
    case LQ_I_LOGOUT_DONE:
        if (event->code == 0 && !is_logout_forged(judge, event))
            lq_data_session_over(judge, event, false);
        break;
    default:
        break;
    }
}

static void data_init(struct lq_judge *judge)
{
    struct data *data = lq_state_make(judge, LQ_STATE_DATA, sizeof *data);
    lq_registers_init(&data->registers);
    lq_array_init(&data->writes, sizeof(struct write));
    lq_array_init(&data->runs, sizeof(struct run));
    lq_array_init(&data->read_runs, sizeof(struct read_run));
    lq_array_init(&data->known, sizeof(struct known));
    lq_array_init(&data->unfenced, sizeof(struct lq_link));
    lq_array_init(&data->losses, sizeof(const struct lq_event *));
    lq_map_init(&data->store_epoch);
    lq_map_init(&data->doubted);
    lq_map_init(&data->run_of);
}

static void data_free(struct lq_judge *judge)
{
    struct data *data = lq_data_of(judge);
    lq_registers_free(&data->registers, judge->allocator);
    lq_array_free(&data->writes, judge->allocator);
    lq_array_free(&data->runs, judge->allocator);
    lq_array_free(&data->read_runs, judge->allocator);
    lq_array_free(&data->known, judge->allocator);
    lq_array_free(&data->unfenced, judge->allocator);
    lq_array_free(&data->losses, judge->allocator);
    lq_map_free(&data->store_epoch, judge->allocator);
    lq_map_free(&data->doubted, judge->allocator);
    lq_map_free(&data->run_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_DATA, sizeof *data);
}

static void data_reset(struct lq_judge *judge)
{
    struct data *data = lq_data_of(judge);
    lq_registers_reset(&data->registers);
    lq_array_reset(&data->writes);
    lq_array_reset(&data->runs);
    lq_array_reset(&data->read_runs);
    lq_array_reset(&data->known);
    lq_array_reset(&data->unfenced);
    lq_array_reset(&data->losses);
    lq_map_reset(&data->store_epoch);
    lq_map_reset(&data->doubted);
    lq_map_reset(&data->run_of);
}

static const uint16_t kinds[] = {
    LQ_W_POWER, LQ_W_FAULT, LQ_S_CORRUPTED, LQ_E_RECEIVED, LQ_I_COMMAND, LQ_I_WRITE_DATA,
    LQ_I_READ_DATA, LQ_I_STATUS, LQ_I_GAVE_UP, LQ_I_TM_DONE, LQ_I_LOGGED_IN, LQ_I_LOGOUT_DONE,
    LQ_EVENT_NONE};

const struct lq_judge_part lq_data_part = {
    .name = "data",
    .init = data_init,
    .free = data_free,
    .reset = data_reset,
    .event = data_event,
    .kinds = kinds,
    .pdu = lq_data_pdu,
    .digest = lq_data_digest,
};
