/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/view.h"

#include "conformance/judges/internal.h"

/* --- looking up ------------------------------------------------------------------------------- */

static void *look(const struct lq_array *array, const struct lq_map *map, uint64_t key)
{
    uint32_t index = lq_map_get(map, key);
    return index == LQ_NONE ? NULL : lq_array_at(array, index);
}

static uint64_t nexus_key(const struct lq_event *event)
{
    return lq_key(event->nexus, event->target);
}

struct lq_seen_nexus *lq_view_nexus(const struct lq_view *view, const struct lq_event *event)
{
    return event->nexus == 0 ? NULL : look(&view->nexuses, &view->nexus_of, nexus_key(event));
}

struct lq_seen_command *lq_view_command(const struct lq_view *view, const struct lq_event *event)
{
    if (view->command != NULL && view->command->sent->serial == event->serial &&
        view->command->sent->actor == event->actor)
        return view->command;
    return look(&view->commands, &view->command_of, lq_key(event->actor, event->serial));
}

struct lq_seen_task *lq_view_task(const struct lq_view *view, uint64_t serial)
{
    if (view->task != NULL && view->task->serial == serial)
        return view->task;
    return look(&view->tasks, &view->task_of, serial);
}

struct lq_seen_function *lq_view_function(const struct lq_view *view, const struct lq_event *event)
{
    return look(&view->functions, &view->function_of, lq_key(event->actor, event->serial));
}

struct lq_seen_function *lq_view_engine_function(const struct lq_view *view, uint64_t serial)
{
    return look(&view->functions, &view->function_of_engine, serial);
}

struct lq_seen_connection *lq_view_connection(const struct lq_view *view, uint32_t number)
{
    if (view->connection != NULL && view->connection->number == number)
        return view->connection;
    return look(&view->connections, &view->connection_of, number);
}

struct lq_seen_store *lq_view_store(struct lq_view *view, struct lq_allocator allocator,
                                    uint32_t number)
{
    if (number >= 4096)
        return NULL; /* no world has that many; keep absurd numbers from taking memory */
    while (view->stores.count <= number)
        lq_array_add(&view->stores, allocator);
    return lq_array_at(&view->stores, number);
}

/* --- making ----------------------------------------------------------------------------------- */

static struct lq_seen_nexus *nexus_make(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    if (event->nexus == 0)
        return NULL;
    uint64_t key = nexus_key(event);
    if (view->nexus != NULL && view->nexus->key == key)
        return view->nexus;
    uint32_t *at = lq_map_put(&view->nexus_of, judge->allocator, key);
    if (*at != LQ_NONE)
        return view->nexus = lq_array_at(&view->nexuses, *at);
    *at = view->nexuses.count;
    struct lq_seen_nexus *nexus = lq_array_add(&view->nexuses, judge->allocator);
    view->nexus = nexus;
    nexus->key = key;
    nexus->nexus = event->nexus;
    nexus->target = event->target;
    nexus->actor = event->actor;
    nexus->index = *at;
    lq_list_init(&nexus->commands);
    lq_list_init(&nexus->tasks);
    return nexus;
}

struct lq_seen_connection *lq_view_connection_make(struct lq_judge *judge, uint32_t number)
{
    struct lq_view *view = &judge->view;
    if (view->connection != NULL && view->connection->number == number)
        return view->connection;
    uint32_t *at = lq_map_put(&view->connection_of, judge->allocator, number);
    if (*at != LQ_NONE)
        return view->connection = lq_array_at(&view->connections, *at);
    *at = view->connections.count;
    struct lq_seen_connection *connection = lq_array_add(&view->connections, judge->allocator);
    view->connection = connection;
    connection->number = number;
    connection->index = view->connections.count - 1;
    connection->readers = LQ_NONE;
    lq_parameters_default(&connection->parameters);
    lq_list_init(&connection->exchanges);
    return connection;
}

struct lq_seen_readers *lq_view_readers(struct lq_judge *judge,
                                        struct lq_seen_connection *connection)
{
    struct lq_view *view = &judge->view;
    if (connection->readers != LQ_NONE)
        return lq_array_at(&view->readers, connection->readers);
    struct lq_seen_readers *readers;
    connection->readers = view->free_readers;
    if (connection->readers == LQ_NONE) {
        connection->readers = view->readers.count;
        readers = lq_array_add_raw(&view->readers, judge->allocator);
    } else {
        readers = lq_array_at(&view->readers, connection->readers);
        view->free_readers = readers->next_free;
    }
    lq_wire_reader_init(&readers->of[LQ_TO_TARGET], &view->crc);
    lq_wire_reader_init(&readers->of[LQ_FROM_TARGET], &view->crc);
    return readers;
}

/* Nothing passes on CONNECTION any more. */
static void give_readers_back(struct lq_view *view, struct lq_seen_connection *connection)
{
    if (connection->readers == LQ_NONE)
        return;
    struct lq_seen_readers *readers = lq_array_at(&view->readers, connection->readers);
    const struct lq_wire_reader *last = &readers->of[LQ_TO_TARGET];
    if (lq_wire_is_inside(last) && last->have_bytes >= last->data_at && last->header_broken)
        connection->is_lost = true; /* the rest of that PDU never came */
    readers->next_free = view->free_readers;
    view->free_readers = connection->readers;
    connection->readers = LQ_NONE;
}

struct lq_seen_function *lq_view_function_make(struct lq_judge *judge)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_function *function = lq_array_add(&view->functions, judge->allocator);
    function->index = view->functions.count - 1;
    return function;
}

/* --- world ------------------------------------------------------------------------------------ */

/* The target is gone, with all that it knew: nexuses, commands and functions end without a word. */
static void target_ended(struct lq_view *view, const struct lq_event *event)
{
    for (uint32_t i = 0; i < view->nexuses.count; i++) {
        struct lq_seen_nexus *nexus = lq_array_at(&view->nexuses, i);
        nexus->is_established = false;
        for (struct lq_link *link; (link = lq_list_take(&nexus->tasks)) != NULL;)
            LQ_ELEMENT(link, struct lq_seen_task, in_nexus)->cut = event;
    }
}

static void world_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_connection *connection;
    if (lq_target_ends(event))
        target_ended(view, event);
    switch (event->kind) {
    case LQ_W_LUN:
        lq_view_unit_comes(judge, event);
        break;
    case LQ_W_LUN_CHANGED:
        lq_view_unit_changes(view, event);
        break;
    case LQ_W_STORE: {
        struct lq_seen_store *store = lq_view_store(view, judge->allocator, event->code);
        if (store != NULL)
            *store = (struct lq_seen_store){event->detail, event->nblocks, event->value,
                                            (event->flags & LQ_F_UNFENCED) != 0};
        break;
    }
    case LQ_W_BOUND:
        if (event->code < 8)
            view->bounds[event->code] = event->value;
        break;
    case LQ_W_PHASE:
        if (event->code == LQ_PHASE_HEAL)
            view->heal_ns = event->time_ns;
        break;
    case LQ_W_ACCEPT:
        lq_view_connection_make(judge, event->connection)->accept = event;
        break;
    case LQ_W_CLOSE:
        connection = lq_view_connection_make(judge, event->connection);
        connection->close = event;
        give_readers_back(view, connection);
        break;
    default:
        break;
    }
}

/* --- initiators ------------------------------------------------------------------------------- */

static void command_sent(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_nexus *nexus = nexus_make(judge, event);
    if (nexus == NULL)
        return;
    uint32_t index = view->commands.count;
    struct lq_seen_command *command = lq_array_add(&view->commands, judge->allocator);
    command->sent = event;
    command->nexus = nexus;
    command->unit = lq_view_unit(view, event->target, event->lun);
    command->index = index;
    lq_list_append(&nexus->commands, &command->in_nexus);
    view->command = command;
    *lq_map_put(&view->command_of, judge->allocator, lq_key(event->actor, event->serial)) = index;
    *lq_map_put(&view->command_by_tag, judge->allocator, lq_key(nexus->key, event->tag)) = index;
}

static void function_sent(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_nexus *nexus = nexus_make(judge, event);
    if (nexus == NULL)
        return;
    struct lq_seen_function *function = lq_view_function_make(judge);
    function->sent = event;
    function->function = event->code;
    function->lun = event->lun;
    function->tag = event->tag;
    function->referenced_tag = event->value;
    function->nexus = nexus;
    function->unit = lq_view_unit(view, event->target, event->lun);
    function->connection = nexus->connection;
    *lq_map_put(&view->function_of, judge->allocator, lq_key(event->actor, event->serial)) =
        function->index;
    *lq_map_put(&view->function_by_tag, judge->allocator, lq_key(nexus->key, event->tag)) =
        function->index;
}

static void session_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_nexus *nexus = nexus_make(judge, event);
    if (nexus == NULL)
        return;
    switch (event->kind) {
    case LQ_I_LOGIN:
        nexus->login = event;
        nexus->actor = event->actor;
        nexus->connection = lq_view_connection_make(judge, event->connection);
        nexus->connection->nexus = nexus;
        nexus->connection->login = event;
        break;
    case LQ_I_LOGGED_IN:
        nexus->logged_in = event;
        break;
    case LQ_I_LOGIN_FAILED:
        nexus->login_failed = event;
        break;
    case LQ_I_LOST:
        nexus->lost = event;
        break;
    case LQ_I_LOGOUT:
        nexus->logout = event;
        break;
    case LQ_I_LOGOUT_DONE:
        nexus->logout_done = event;
        break;
    default:
        break;
    }
}

static void initiator_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_command *command;
    struct lq_seen_function *function;
    switch (event->kind) {
    case LQ_I_COMMAND:
        command_sent(judge, event);
        break;
    case LQ_I_STATUS:
        command = view->command = lq_view_command(view, event);
        if (command != NULL && command->status == NULL) {
            command->status = event;
            lq_list_remove(&command->in_nexus);
        }
        break;
    case LQ_I_GAVE_UP:
        command = view->command = lq_view_command(view, event);
        if (command != NULL && command->gave_up == NULL) {
            command->gave_up = event;
            lq_list_remove(&command->in_nexus);
        }
        function = command == NULL ? lq_view_function(view, event) : NULL;
        if (function != NULL)
            function->gave_up = event;
        break;
    case LQ_I_TM:
        function_sent(judge, event);
        break;
    case LQ_I_TM_DONE:
        function = lq_view_function(view, event);
        if (function != NULL && function->done == NULL)
            function->done = event;
        break;
    default:
        session_event(judge, event);
        break;
    }
}

/* --- engine ----------------------------------------------------------------------------------- */

/* What a fabric delivers twice. */
static void came_again(struct lq_seen_task *task, struct lq_seen_command *command)
{
    command->again = task;
    task->copied = command;
    if (command->asked != NULL && command->asked->ports != 0)
        task->asked = command->asked;
}

static struct lq_seen_task *task_make(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    uint32_t *at = lq_map_put(&view->task_of, judge->allocator, event->serial);
    if (*at != LQ_NONE)
        return lq_array_at(&view->tasks, *at);
    *at = view->tasks.count;
    struct lq_seen_task *task = lq_array_add(&view->tasks, judge->allocator);
    task->serial = event->serial;
    task->tag = event->tag;
    task->stamp = event->stamp;
    task->index = view->tasks.count - 1;
    task->nexus = nexus_make(judge, event);
    task->unit = lq_view_unit(view, event->target, event->lun);
    lq_list_init(&task->in_nexus);
    if (task->nexus == NULL)
        return task;
    lq_list_append(&task->nexus->tasks, &task->in_nexus);
    task->command =
        look(&view->commands, &view->command_by_tag, lq_key(task->nexus->key, event->tag));
    if (task->command != NULL && task->command->task == NULL) {
        task->command->task = task;
        task->exchange = task->command->exchange;
        task->asked = task->command->asked;
        if (task->exchange != NULL)
            task->exchange->task = task;
    } else if (task->command != NULL) {
        came_again(task, task->command);
        task->command = NULL;
    }
    if (task->asked != NULL)
        task->asked->task = task;
    return task;
}

static void task_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_task *task = event->kind == LQ_E_RECEIVED || event->kind == LQ_E_REFUSED
                                    ? task_make(judge, event)
                                    : lq_view_task(&judge->view, event->serial);
    judge->view.task = task;
    if (task == NULL)
        return;
    switch (event->kind) {
    case LQ_E_RECEIVED:
        task->received = event;
        task->attribute = event->code;
        task->opcode = event->detail;
        break;
    case LQ_E_REFUSED:
        task->refused = event;
        lq_list_remove(&task->in_nexus);
        break;
    case LQ_E_ENTERED:
        task->entered = event;
        break;
    case LQ_E_ENABLED:
        if (task->enabled == NULL)
            task->enabled = event;
        break;
    case LQ_E_ENDED:
        if (task->ended == NULL)
            task->ended = event;
        break;
    case LQ_E_AFFECTED:
        if (task->affected == NULL)
            task->affected = event;
        break;
    case LQ_E_FREED:
        task->freed = event;
        lq_list_remove(&task->in_nexus);
        break;
    case LQ_E_ORPHANED:
        task->orphaned = event;
        break;
    case LQ_E_ORPHAN_ENDED:
        task->orphan_ended = event;
        break;
    default:
        break;
    }
}

static void engine_function(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_seen_function *function = lq_view_engine_function(view, event->serial);
    if (event->kind == LQ_E_TM_ANSWERED) {
        if (function != NULL && function->answered == NULL)
            function->answered = event;
        return;
    }
    struct lq_seen_nexus *nexus = nexus_make(judge, event);
    if (nexus == NULL)
        return;
    function = look(&view->functions, &view->function_by_tag, lq_key(nexus->key, event->tag));
    if (function == NULL || function->received != NULL) {
        function = lq_view_function_make(judge);
        function->function = event->code;
        function->lun = event->lun;
        function->tag = event->tag;
        function->referenced_tag = event->value;
        function->nexus = nexus;
        function->unit = lq_view_unit(view, event->target, event->lun);
    }
    lq_view_function_received(function, event);
    *lq_map_put(&view->function_of_engine, judge->allocator, event->serial) = function->index;
}

static void engine_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_nexus *nexus;
    switch (event->kind) {
    case LQ_E_NEXUS_ESTABLISHED:
        nexus = nexus_make(judge, event);
        if (nexus == NULL)
            break;
        nexus->established = event;
        nexus->is_established = true;
        break;
    case LQ_E_NEXUS_LOST:
        nexus = nexus_make(judge, event);
        if (nexus == NULL)
            break;
        nexus->loss = event;
        nexus->is_established = false;
        break;
    case LQ_E_NEXUS_ENDED:
        nexus = nexus_make(judge, event);
        if (nexus != NULL)
            nexus->ended = event;
        break;
    case LQ_E_TM_RECEIVED:
    case LQ_E_TM_ANSWERED:
        engine_function(judge, event);
        break;
    case LQ_E_ACA:
        lq_view_unit_aca(&judge->view, event);
        break;
    case LQ_E_MODES:
        lq_view_unit_modes(&judge->view, event);
        break;
    default:
        task_event(judge, event);
        break;
    }
}

static void store_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    judge->view.task = task;
    if (task == NULL)
        return;
    if (event->kind == LQ_S_SUBMITTED) {
        task->submitted = event;
        task->requests++;
        task->requests_out++;
    } else if (event->kind == LQ_S_COMPLETED && task->requests_out > 0) {
        task->requests_out--;
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void view_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_view *view = &judge->view;
    struct lq_event *copy = lq_array_add_raw(&view->events, judge->allocator);
    *copy = *event;
    view->event = copy;
    view->end_ns = event->time_ns;
    if (event->kind <= LQ_W_ACCOUNT)
        world_event(judge, copy);
    else if (event->kind <= LQ_I_PROTOCOL)
        initiator_event(judge, copy);
    else if (event->kind <= LQ_E_UA_CLEARED)
        engine_event(judge, copy);
    else
        store_event(judge, copy);
}

struct view_array {
    size_t offset, element_size;
};

static const struct view_array arrays[] = {
    {offsetof(struct lq_view, events), sizeof(struct lq_event)},
    {offsetof(struct lq_view, units), sizeof(struct lq_seen_unit)},
    {offsetof(struct lq_view, stores), sizeof(struct lq_seen_store)},
    {offsetof(struct lq_view, nexuses), sizeof(struct lq_seen_nexus)},
    {offsetof(struct lq_view, connections), sizeof(struct lq_seen_connection)},
    {offsetof(struct lq_view, readers), sizeof(struct lq_seen_readers)},
    {offsetof(struct lq_view, commands), sizeof(struct lq_seen_command)},
    {offsetof(struct lq_view, tasks), sizeof(struct lq_seen_task)},
    {offsetof(struct lq_view, functions), sizeof(struct lq_seen_function)},
    {offsetof(struct lq_view, exchanges), sizeof(struct lq_seen_exchange)},
};

static const size_t maps[] = {
    offsetof(struct lq_view, unit_of),         offsetof(struct lq_view, nexus_of),
    offsetof(struct lq_view, connection_of),   offsetof(struct lq_view, command_of),
    offsetof(struct lq_view, command_by_tag),  offsetof(struct lq_view, task_of),
    offsetof(struct lq_view, function_of),     offsetof(struct lq_view, function_by_tag),
    offsetof(struct lq_view, function_of_engine), offsetof(struct lq_view, exchange_of),
    offsetof(struct lq_view, session_of),      offsetof(struct lq_view, function_on_wire),
};

enum {
    ARRAYS = sizeof arrays / sizeof arrays[0],
    MAPS = sizeof maps / sizeof maps[0]
};

static struct lq_array *array_of(struct lq_judge *judge, uint32_t i)
{
    return (struct lq_array *)(void *)((char *)&judge->view + arrays[i].offset);
}

static struct lq_map *map_of(struct lq_judge *judge, uint32_t i)
{
    return (struct lq_map *)(void *)((char *)&judge->view + maps[i]);
}

static void view_init(struct lq_judge *judge)
{
    for (uint32_t i = 0; i < ARRAYS; i++)
        lq_array_init(array_of(judge, i), arrays[i].element_size);
    for (uint32_t i = 0; i < MAPS; i++)
        lq_map_init(map_of(judge, i));
    judge->view.free_readers = LQ_NONE;
    lq_wire_crc_init(&judge->view.crc);
}

static void view_free(struct lq_judge *judge)
{
    for (uint32_t i = 0; i < ARRAYS; i++)
        lq_array_free(array_of(judge, i), judge->allocator);
    for (uint32_t i = 0; i < MAPS; i++)
        lq_map_free(map_of(judge, i), judge->allocator);
}

static void view_reset(struct lq_judge *judge)
{
    for (uint32_t i = 0; i < ARRAYS; i++)
        lq_array_reset(array_of(judge, i));
    for (uint32_t i = 0; i < MAPS; i++)
        lq_map_reset(map_of(judge, i));
    for (uint32_t i = 0; i < 8; i++)
        judge->view.bounds[i] = LQ_NO_BOUND;
    judge->view.free_readers = LQ_NONE;
    judge->view.heal_ns = UINT64_MAX;
    judge->view.end_ns = 0;
    judge->view.pdus = judge->view.replaced = 0;
    judge->view.event = NULL;
    judge->view.task = NULL;
    judge->view.command = NULL;
    judge->view.connection = NULL;
    judge->view.nexus = NULL;
}

const struct lq_judge_part lq_view_part = {
    .name = "view",
    .init = view_init,
    .free = view_free,
    .reset = view_reset,
    .event = view_event,
    .tap = lq_view_tap,
    .digest = lq_view_digest,
};
