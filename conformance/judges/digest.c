/* SPDX-License-Identifier: Apache-2.0 */
/* The view's digest, and that of a judge as a whole. */
#include "conformance/judges/digest.h"

#include "core/base/assert.h"

/* --- who ------------------------------------------------------------------------------------ */

static void mix_nexus(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                      struct lq_digest *digest)
{
    const struct lq_event *events[] = {nexus->login, nexus->logged_in, nexus->login_failed,
                                       nexus->lost,  nexus->logout,    nexus->logout_done};
    uint64_t bits = nexus->is_established;
    for (uint32_t i = 0; i < 6; i++)
        for (uint32_t k = 0; k < 6; k++)
            bits = bits << 1 | lq_is_later(events[i], events[k]);
    lq_digest_two(digest, nexus->key, bits);
    lq_digest_two(digest, nexus->loss != NULL,
                  nexus->connection == NULL
                      ? LQ_NONE
                      : lq_map_get(&judge->view.connection_of, nexus->connection->number));
}

static void mix_parameters(const struct lq_seen_parameters *parameters, struct lq_digest *digest)
{
    lq_digest_two(digest, parameters->initiator_segment_bytes, parameters->target_segment_bytes);
    lq_digest_two(digest, parameters->max_burst, parameters->first_burst);
    lq_digest_two(digest, parameters->max_outstanding_r2t, parameters->initial_r2t);
    lq_digest_two(digest, parameters->immediate_data, parameters->discovery);
    lq_digest_two(digest, parameters->header_digest, parameters->data_digest);
    lq_digest_two(digest, parameters->pdu_in_order, parameters->sequence_in_order);
}

static void mix_connection(struct lq_judge *judge, const struct lq_seen_connection *connection,
                           struct lq_digest *digest)
{
    const struct lq_view *view = &judge->view;
    bool is_newest = connection->identity != 0 &&
                     lq_map_get(&view->session_of, connection->identity) == connection->number;
    lq_digest_two(digest, connection->nexus == NULL ? LQ_NONE : connection->nexus->index,
                  connection->close != NULL);
    lq_digest_two(digest, is_newest, connection->silent_since.seq != 0);
    lq_digest_two(digest, connection->full_feature, connection->identity);
    lq_digest_two(digest, connection->request_tsih != 0, connection->login_request.seq != 0);
    lq_digest_word(digest, connection->login_hurried);
    lq_digest_two(digest, connection->logout_request.seq != 0,
                  connection->logout_response.seq != 0);
    lq_digest_two(digest, connection->has_cmd_sn, connection->cmd_sn);
    for (uint32_t i = 0; i < LQ_AHEAD_MAX / 64; i++)
        lq_digest_word(digest, connection->ahead[i]);
    lq_digest_two(digest, connection->has_window, connection->max_cmd_sn);
    if (connection->has_doubt)
        lq_digest_two(digest, connection->first_doubtful, connection->last_doubtful);
    mix_parameters(&connection->parameters, digest);
    if (connection->readers == LQ_NONE || connection->close != NULL)
        return;
    const struct lq_seen_readers *readers = lq_array_at(&view->readers, connection->readers);
    for (uint32_t i = 0; i < 2; i++)
        lq_digest_word(digest, lq_wire_is_inside(&readers->of[i]) ? readers->of[i].have_bytes : 0);
}

/* --- commands ------------------------------------------------------------------------------- */

static void mix_command(const struct lq_seen_command *command, struct lq_digest *digest)
{
    const struct lq_seen_nexus *nexus = command->nexus;
    lq_digest_two(digest, command->sent->actor, command->sent->serial);
    lq_digest_two(digest, command->status != NULL, command->gave_up != NULL);
    if (command->status != NULL)
        return;
    bool is_current = nexus->connection != NULL &&
                      nexus->connection->number == command->sent->connection;
    lq_digest_two(digest, command->task != NULL, is_current);
    lq_digest_two(digest, lq_is_later(nexus->lost, command->sent),
                  lq_is_later(nexus->logout, command->sent));
    lq_digest_two(digest, lq_is_later(nexus->logout_done, command->sent),
                  command->exchange != NULL && command->exchange->response.seq != 0);
}

static void mix_task(const struct lq_seen_task *task, struct lq_digest *digest)
{
    lq_digest_word(digest, lq_name_of_task(task));
    if (lq_is_done_with(task))
        return;
    const struct lq_event *events[] = {task->received, task->refused,      task->entered,
                                       task->enabled,  task->ended,        task->freed,
                                       task->orphaned, task->orphan_ended, task->submitted};
    uint64_t bits = task->command != NULL;
    for (uint32_t i = 0; i < sizeof events / sizeof events[0]; i++)
        bits = bits << 1 | (events[i] != NULL);
    lq_digest_two(digest, bits << 1 | (task->requests > 1), task->requests_out);
    lq_digest_two(digest, task->attribute, task->opcode);
    const struct lq_event *end = task->refused != NULL ? task->refused : task->ended;
    if (end != NULL) {
        lq_digest_two(digest, end->code, end->detail);
        lq_digest_word(digest, end->flags);
    }
    if (task->submitted != NULL)
        lq_digest_two(digest, task->submitted->lba, task->submitted->nblocks);
}

static void mix_exchange(struct lq_judge *judge, const struct lq_seen_exchange *exchange,
                         struct lq_digest *digest)
{
    lq_digest_word(digest, lq_name_of_exchange(judge, exchange));
    lq_digest_two(digest, exchange->status_count > 1 ? 2 : exchange->status_count,
                  exchange->silenced_by == NULL ? 0
                                                : 1 + lq_name_of_function(exchange->silenced_by));
    lq_digest_two(digest, exchange->command != NULL, exchange->task != NULL);
    lq_digest_two(digest, exchange->data_bytes, exchange->unsolicited_follows);
}

/* --- TM functions --------------------------------------------------------------------------- */

/* Which commands came before FUNCTION, as its judges ask. */
static void mix_scope(struct lq_judge *judge, const struct lq_seen_function *function,
                      struct lq_digest *digest)
{
    const struct lq_view *view = &judge->view;
    uint64_t sum = 0;
    for (uint32_t i = 0; function->received != NULL && i < view->tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&view->tasks, i);
        if (lq_is_done_with(task))
            continue;
        uint64_t bits = (uint64_t)lq_function_covers_task(function, task) << 2 |
                        (uint64_t)lq_is_later(function->received, task->entered) << 1 |
                        lq_is_later(task->ended, function->received);
        sum += lq_mix(lq_name_of_task(task), bits);
    }
    for (uint32_t i = 0; function->request.seq != 0 && i < view->exchanges.count; i++) {
        const struct lq_seen_exchange *exchange = lq_array_at(&view->exchanges, i);
        if (exchange->connection == function->connection && exchange->status_count == 0)
            sum += lq_mix(lq_name_of_exchange(judge, exchange),
                          lq_function_covers(function, exchange));
    }
    lq_digest_word(digest, sum);
}

static void mix_function(struct lq_judge *judge, const struct lq_seen_function *function,
                         struct lq_digest *digest)
{
    bool is_heard = function->done != NULL || function->gave_up != NULL;
    uint64_t bits = (uint64_t)(function->sent != NULL) << 6 | (uint64_t)is_heard << 5 |
                    (uint64_t)(function->received != NULL) << 4 |
                    (uint64_t)(function->answered != NULL) << 3 |
                    (uint64_t)(function->request.seq != 0) << 2 |
                    (uint64_t)(function->response.seq != 0) << 1 | (function->done != NULL);
    lq_digest_two(digest, lq_name_of_function(function), bits);
    lq_digest_two(digest, function->function, function->lun);
    lq_digest_word(digest, function->referenced_tag);
    if (is_heard && function->answered != NULL)
        return;
    const struct lq_seen_nexus *nexus = function->nexus;
    if (nexus != NULL && function->sent != NULL)
        lq_digest_word(digest, lq_is_later(nexus->lost, function->sent));
    if (nexus != NULL && function->received != NULL && function->answered == NULL) {
        lq_digest_word(digest, lq_is_later(nexus->loss, function->received));
        lq_digest_time(digest, function->received->time_ns);
    }
    mix_scope(judge, function, digest);
}

/* --- all ------------------------------------------------------------------------------------ */

typedef void (*element_digest)(struct lq_judge *judge, const void *element,
                               struct lq_digest *digest);

static void nexus_element(struct lq_judge *judge, const void *element, struct lq_digest *digest)
{
    mix_nexus(judge, element, digest);
}

static void connection_element(struct lq_judge *judge, const void *element,
                               struct lq_digest *digest)
{
    mix_connection(judge, element, digest);
}

static void command_element(struct lq_judge *judge, const void *element, struct lq_digest *digest)
{
    (void)judge;
    mix_command(element, digest);
}

static void task_element(struct lq_judge *judge, const void *element, struct lq_digest *digest)
{
    (void)judge;
    mix_task(element, digest);
}

static void function_element(struct lq_judge *judge, const void *element,
                             struct lq_digest *digest)
{
    mix_function(judge, element, digest);
}

static void exchange_element(struct lq_judge *judge, const void *element,
                             struct lq_digest *digest)
{
    const struct lq_seen_exchange *exchange = element;
    if (exchange->connection->close == NULL)
        mix_exchange(judge, exchange, digest);
}

static void mix_set(struct lq_judge *judge, const struct lq_array *array, element_digest mix,
                    struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < array->count; i++) {
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix(judge, lq_array_at(array, i), digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

void lq_view_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    const struct lq_view *view = &judge->view;
    mix_set(judge, &view->nexuses, nexus_element, digest);
    mix_set(judge, &view->connections, connection_element, digest);
    mix_set(judge, &view->commands, command_element, digest);
    mix_set(judge, &view->tasks, task_element, digest);
    mix_set(judge, &view->functions, function_element, digest);
    mix_set(judge, &view->exchanges, exchange_element, digest);
}

void lq_judge_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < LQ_PROPERTIES; i++)
        lq_digest_word(digest, judge->violations[i] > 0);
    for (uint32_t i = 0; i < lq_judge_part_count; i++) {
        LQ_ASSERT(lq_judge_parts[i]->digest != NULL);
        lq_judge_parts[i]->digest(judge, digest);
    }
}
