/* SPDX-License-Identifier: Apache-2.0 */
/* The view's wire half: PDUs out of taps, and which exchange, function and session they are of. */
#include <string.h>

#include "conformance/judges/internal.h"
#include "conformance/wire/sense.h"

static void *look(const struct lq_array *array, const struct lq_map *map, uint64_t key)
{
    uint32_t index = lq_map_get(map, key);
    return index == LQ_NONE ? NULL : lq_array_at(array, index);
}

bool lq_function_aborts(uint32_t function)
{
    return function == LQ_TM_ABORT_TASK || function == LQ_TM_ABORT_TASK_SET ||
           function == LQ_TM_CLEAR_TASK_SET || function == LQ_TM_LOGICAL_UNIT_RESET ||
           function == LQ_TM_TARGET_WARM_RESET || function == LQ_TM_TARGET_COLD_RESET ||
           function == LQ_TM_I_T_NEXUS_RESET;
}

bool lq_function_is_for_all(uint32_t function)
{
    return function == LQ_TM_CLEAR_TASK_SET || function == LQ_TM_LOGICAL_UNIT_RESET ||
           function == LQ_TM_TARGET_WARM_RESET || function == LQ_TM_TARGET_COLD_RESET;
}

static bool same_lun(const struct lq_seen_unit *a, uint64_t lun_a, const struct lq_seen_unit *b,
                     uint64_t lun_b)
{
    return a != NULL && b != NULL ? a->unit == b->unit : lun_a == lun_b;
}

bool lq_function_covers(const struct lq_seen_function *function,
                        const struct lq_seen_exchange *exchange)
{
    if (function->request.seq == 0 || exchange->request.number > function->request.number ||
        exchange->connection != function->connection)
        return false;
    /* What came ahead of the function is behind it in the order of CmdSN [RFC 7143 4.2.2.1]. */
    if (!exchange->immediate && (int32_t)(exchange->cmd_sn - function->cmd_sn) >= 0)
        return false;
    bool lun_is_same = same_lun(function->unit, function->lun, exchange->unit, exchange->lun);
    switch (function->function) {
    case LQ_TM_ABORT_TASK:
        return exchange->itt == function->referenced_tag && lun_is_same;
    case LQ_TM_ABORT_TASK_SET:
    case LQ_TM_CLEAR_TASK_SET:
    case LQ_TM_LOGICAL_UNIT_RESET:
        return lun_is_same;
    case LQ_TM_TARGET_WARM_RESET:
    case LQ_TM_TARGET_COLD_RESET:
    case LQ_TM_I_T_NEXUS_RESET:
        return true;
    default:
        return false;
    }
}

bool lq_function_covers_task(const struct lq_seen_function *function,
                              const struct lq_seen_task *task)
{
    if (function->received == NULL || function->nexus == NULL || task->received == NULL ||
        task->nexus == NULL || task->received->seq > function->received->seq ||
        task->nexus->target != function->nexus->target)
        return false;
    bool is_own = task->nexus == function->nexus;
    /* Stamps count the commands and functions of a nexus in delivery order. */
    if (is_own && (int64_t)(task->stamp - function->received->stamp) >= 0)
        return false;
    bool lun_is_same = same_lun(function->unit, function->lun, task->unit, task->received->lun);
    switch (function->function) {
    case LQ_TM_ABORT_TASK:
        return is_own && task->tag == function->referenced_tag && lun_is_same;
    case LQ_TM_ABORT_TASK_SET:
        return is_own && lun_is_same;
    case LQ_TM_CLEAR_TASK_SET: /* one task set, whose ever it is [SPC-5 r22 7.5.10, TST] */
        return lun_is_same && (is_own || !function->is_per_nexus);
    case LQ_TM_LOGICAL_UNIT_RESET:
        return lun_is_same;
    case LQ_TM_TARGET_WARM_RESET:
    case LQ_TM_TARGET_COLD_RESET:
        return true;
    case LQ_TM_I_T_NEXUS_RESET:
        return is_own;
    default:
        return false;
    }
}

/* --- to the target ---------------------------------------------------------------------------- */

static void take_command(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_connection *connection = pdu->connection;
    uint32_t itt = lq_wire_itt(pdu->h);
    uint32_t *at =
        lq_map_put(&view->exchange_of, judge->allocator, lq_key(connection->number, itt));
    if (*at != LQ_NONE) {
        struct lq_seen_exchange *open = lq_array_at(&view->exchanges, *at);
        if (open->status_count == 0 && open->silenced_by == NULL) {
            pdu->exchange = open; /* a retry: the task is there already [RFC 7143 4.2.2.1] */
            return;
        }
        lq_list_remove(&open->in_connection);
    }
    *at = view->exchanges.count;
    struct lq_seen_exchange *exchange = lq_array_add(&view->exchanges, judge->allocator);
    exchange->connection = connection;
    exchange->itt = itt;
    exchange->index = view->exchanges.count - 1;
    exchange->lun = lq_wire_lun(pdu->h);
    exchange->request = pdu->at;
    exchange->came_ahead = pdu->came_ahead;
    exchange->asked = (struct lq_seen_asked){.index = exchange->index,
                                             .connection = connection->number,
                                             .opcode = LQ_WIRE_SCSI_COMMAND,
                                             .tag = itt,
                                             .request = pdu->at,
                                             .expected_bytes = lq_wire_expected_bytes(pdu->h)};
    memcpy(exchange->asked.cdb, lq_wire_cdb(pdu->h), sizeof exchange->asked.cdb);
    exchange->immediate = lq_wire_is_immediate(pdu->h);
    exchange->reads = lq_wire_command_reads(pdu->h);
    exchange->writes = lq_wire_command_writes(pdu->h);
    exchange->attribute = pdu->h[1] & 7U;
    exchange->cmd_sn = lq_wire_cmd_sn(pdu->h);
    exchange->data_bytes = pdu->data_bytes;
    exchange->unsolicited_follows = !lq_wire_is_final(pdu->h);
    lq_list_append(&connection->exchanges, &exchange->in_connection);
    pdu->exchange = exchange;
    if (connection->nexus == NULL)
        return;
    exchange->unit = lq_view_unit(view, connection->nexus->target, exchange->lun);
    struct lq_seen_command *command = look(&view->commands, &view->command_by_tag,
                                           lq_key(connection->nexus->key, itt));
    if (command != NULL && command->exchange == NULL &&
        command->sent->connection == connection->number) {
        command->exchange = exchange;
        command->asked = &exchange->asked;
        exchange->command = command;
    }
}

static void take_function(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_connection *connection = pdu->connection;
    uint32_t itt = lq_wire_itt(pdu->h);
    struct lq_seen_function *function = look(&view->functions, &view->function_on_wire,
                                             lq_key(connection->number, itt));
    if (function != NULL && function->response.seq == 0) {
        pdu->function = function; /* it came twice */
        return;
    }
    function = NULL;
    if (connection->nexus != NULL)
        function = look(&view->functions, &view->function_by_tag,
                        lq_key(connection->nexus->key, itt));
    if (function == NULL || function->request.seq != 0) {
        function = lq_view_function_make(judge);
        function->nexus = connection->nexus;
        if (function->nexus != NULL)
            function->unit = lq_view_unit(view, function->nexus->target, lq_wire_lun(pdu->h));
    }
    function->connection = connection;
    function->function = lq_wire_function(pdu->h);
    function->lun = lq_wire_lun(pdu->h);
    function->tag = itt;
    function->referenced_tag = lq_wire_ttt(pdu->h);
    function->cmd_sn = lq_wire_cmd_sn(pdu->h);
    function->ref_cmd_sn = lq_wire_ref_cmd_sn(pdu->h);
    function->request = pdu->at;
    *lq_map_put(&view->function_on_wire, judge->allocator,
                lq_key(connection->number, itt)) = function->index;
    pdu->function = function;
}

static void take_login_request(struct lq_pdu_seen *pdu)
{
    struct lq_seen_connection *connection = pdu->connection;
    connection->login_hurried |= connection->login_request.seq != 0;
    connection->login_request = pdu->at;
    connection->isid = lq_wire_isid(pdu->h);
    connection->request_tsih = lq_wire_tsih(pdu->h);
    lq_login_text(connection, LQ_TO_TARGET, pdu->data, pdu->kept_bytes);
}

/* --- from the target -------------------------------------------------------------------------- */

static void take_status(struct lq_pdu_seen *pdu)
{
    struct lq_seen_exchange *exchange = pdu->exchange;
    if (exchange == NULL)
        return;
    exchange->status_count++;
    if (exchange->status_count > 1)
        return;
    exchange->response = pdu->at;
    exchange->asked.is_over = true;
    exchange->status = lq_wire_status(pdu->h);
    lq_list_remove(&exchange->in_connection);
    struct lq_wire_sense sense;
    if (pdu->opcode == LQ_WIRE_SCSI_RESPONSE && pdu->kept_bytes > 2) {
        lq_wire_sense_read(pdu->data + 2, pdu->kept_bytes - 2, &sense);
        exchange->sense_key = sense.key;
        exchange->asc = sense.asc;
        exchange->ascq = sense.ascq;
    }
}

/* What a TM function ends is silent on its own session from now on [RFC 7143 11.5.1]. */
static void silence(struct lq_seen_function *function)
{
    struct lq_seen_connection *connection = function->connection;
    LQ_LIST_EACH_SAFE(link, following, &connection->exchanges)
    {
        struct lq_seen_exchange *exchange = LQ_ELEMENT(link, struct lq_seen_exchange,
                                                       in_connection);
        if (exchange->silenced_by == NULL && lq_function_covers(function, exchange))
            exchange->silenced_by = function;
    }
}

static void take_function_response(struct lq_pdu_seen *pdu)
{
    struct lq_seen_function *function = pdu->function;
    if (function == NULL || function->response.seq != 0)
        return;
    function->response = pdu->at;
    function->response_code = lq_wire_response(pdu->h);
    if (function->response_code == 0 && lq_function_aborts(function->function))
        silence(function);
}

/* An older session of the same initiator port to the same target port is over
 * [RFC 7143 4.4.1, 6.3.5]. */
static void replace_session(struct lq_judge *judge, struct lq_seen_connection *connection,
                            struct lq_moment at)
{
    struct lq_view *view = &judge->view;
    if (connection->identity == 0 || connection->parameters.discovery)
        return;
    uint32_t *newest = lq_map_put(&view->session_of, judge->allocator, connection->identity);
    if (*newest != LQ_NONE) {
        struct lq_seen_connection *older = look(&view->connections, &view->connection_of, *newest);
        if (older != NULL && older != connection && older->silent_since.seq == 0) {
            older->silent_since = at;
            view->replaced += older->close == NULL;
        }
    }
    *newest = connection->number;
}

/* A session that goes on over another connection keeps what its first login agreed on; only the
 * digests and the segment lengths are each connection's own [RFC 7143 13]. */
static void keep_parameters(struct lq_judge *judge, struct lq_seen_connection *connection)
{
    struct lq_view *view = &judge->view;
    uint32_t older_number = lq_map_get(&view->session_of, connection->identity);
    const struct lq_seen_connection *older = older_number == LQ_NONE
                                                 ? NULL
                                                 : look(&view->connections, &view->connection_of,
                                                        older_number);
    if (connection->identity == 0 || older == NULL || older == connection)
        return;
    struct lq_seen_parameters own = connection->parameters;
    connection->parameters = older->parameters;
    connection->parameters.initiator_segment_bytes = own.initiator_segment_bytes;
    connection->parameters.target_segment_bytes = own.target_segment_bytes;
    connection->parameters.header_digest = own.header_digest;
    connection->parameters.data_digest = own.data_digest;
}

static void take_login_response(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    struct lq_seen_connection *connection = pdu->connection;
    lq_login_text(connection, LQ_FROM_TARGET, pdu->data, pdu->kept_bytes);
    connection->login_request = (struct lq_moment){0, 0, 0};
    if (lq_wire_login_status(pdu->h) != 0 || !lq_wire_is_final(pdu->h) ||
        lq_wire_next_stage(pdu->h) != 3)
        return;
    connection->full_feature = true;
    connection->login_success = pdu->at;
    if (lq_names_hash(connection) != 0)
        connection->identity = lq_key(lq_key(lq_names_hash(connection), connection->isid),
                                    connection->portal_group_tag);
    struct lq_seen_readers *readers = lq_view_readers(judge, connection);
    for (uint32_t i = 0; i < 2; i++) {
        readers->of[i].header_digest = connection->parameters.header_digest;
        readers->of[i].data_digest = connection->parameters.data_digest;
    }
    connection->is_lost = connection->login_hurried && (connection->parameters.header_digest ||
                                                        connection->parameters.data_digest);
    if (connection->request_tsih != 0)
        keep_parameters(judge, connection);
    replace_session(judge, connection, pdu->at);
}

/* --- all -------------------------------------------------------------------------------------- */

static void find_exchange(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    pdu->exchange = look(&judge->view.exchanges, &judge->view.exchange_of,
                         lq_key(pdu->connection->number, lq_wire_itt(pdu->h)));
}

/* Nothing comes of a broken PDU; one that the initiator sent stays what it is, though. */
static void take_broken(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    pdu->connection->is_lost = pdu->header_broken;
    find_exchange(judge, pdu);
}

static void take_pdu(struct lq_judge *judge, struct lq_pdu_seen *pdu)
{
    if (pdu->direction == LQ_TO_TARGET && (pdu->header_broken || pdu->data_broken)) {
        take_broken(judge, pdu);
        return;
    }
    switch (pdu->opcode) {
    case LQ_WIRE_SCSI_COMMAND:
        take_command(judge, pdu);
        break;
    case LQ_WIRE_TM_REQUEST:
        take_function(judge, pdu);
        break;
    case LQ_WIRE_LOGIN_REQUEST:
        take_login_request(pdu);
        break;
    case LQ_WIRE_LOGOUT_REQUEST:
        pdu->connection->logout_request = pdu->at;
        pdu->connection->logout_reason = lq_wire_function(pdu->h);
        break;
    case LQ_WIRE_DATA_OUT:
    case LQ_WIRE_R2T:
        find_exchange(judge, pdu);
        break;
    case LQ_WIRE_SCSI_RESPONSE:
        find_exchange(judge, pdu);
        take_status(pdu);
        break;
    case LQ_WIRE_DATA_IN:
        find_exchange(judge, pdu);
        if (lq_wire_data_in_has_status(pdu->h))
            take_status(pdu);
        break;
    case LQ_WIRE_TM_RESPONSE:
        pdu->function = look(&judge->view.functions, &judge->view.function_on_wire,
                             lq_key(pdu->connection->number, lq_wire_itt(pdu->h)));
        take_function_response(pdu);
        break;
    case LQ_WIRE_LOGIN_RESPONSE:
        take_login_response(judge, pdu);
        break;
    case LQ_WIRE_LOGOUT_RESPONSE:
        pdu->connection->logout_response = pdu->at;
        break;
    default:
        break;
    }
}

void lq_view_tap(struct lq_judge *judge, const struct lq_tap *tap)
{
    judge->view.end_ns = tap->time_ns;
    struct lq_seen_connection *connection = lq_view_connection_make(judge, tap->connection);
    struct lq_wire_reader *reader = &lq_view_readers(judge, connection)->of[tap->direction];
    uint32_t at = 0;
    while (at < tap->size_bytes && !(tap->direction == LQ_TO_TARGET && connection->is_lost)) {
        bool complete;
        at += lq_wire_take(reader, tap->bytes + at, tap->size_bytes - at, &complete);
        if (!complete)
            continue;
        struct lq_pdu_seen pdu = {
            .connection = connection,
            .direction = tap->direction,
            .opcode = lq_wire_opcode_of(reader->header),
            .h = reader->header,
            .data = reader->data,
            .data_bytes = reader->data_bytes,
            .kept_bytes = reader->kept_bytes,
            .header_broken = reader->header_broken,
            .data_broken = reader->data_broken,
            .at = {tap->time_ns, tap->seq, ++judge->view.pdus},
        };
        lq_view_number(&pdu);
        take_pdu(judge, &pdu);
        lq_view_window(&pdu);
        lq_judge_pdu(judge, &pdu);
    }
}
