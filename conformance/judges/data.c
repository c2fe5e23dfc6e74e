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
#include "conformance/judges/internal.h"
#include "conformance/judges/register.h"
#include "core/base/hash.h"

enum write_state {
    WRITE_OPEN,     /* no status yet, and perhaps never */
    WRITE_GOOD,
    WRITE_MAYBE,    /* ended otherwise: may have had effect until then */
    WRITE_NO_EFFECT /* its status says that nothing happened */
};

struct write {
    struct lq_seen_command *command;
    enum write_state state;
    enum lq_property_place fence_property;
    const struct lq_event *fence; /* NULL: may still take effect */
    const struct lq_event *ended; /* status, when it had one */
    const struct lq_event *seen_by, *seen_end; /* first read that saw it: sent, and status */
    uint32_t first_run, last_run; /* LQ_NONE: no data recorded */
    struct lq_link unfenced; /* in its nexus's list */
};

struct run {
    uint32_t write, next; /* next run of the same write */
    uint32_t same;        /* next run with the same content */
    uint32_t store;
    uint32_t nblocks;
    uint32_t first_value; /* of its first block; the others follow */
    uint64_t lba, content;
};

struct read_run {
    const struct lq_event *data;
    uint32_t next;
};

/* By command. */
struct known {
    uint32_t write;               /* LQ_NONE: it is none */
    uint32_t first_read, last_read; /* read_run, LQ_NONE */
    bool is_open_read;
};

struct data {
    struct lq_registers registers;
    struct lq_array writes, runs, read_runs, known, unfenced; /* unfenced: struct lq_link by nexus */
    struct lq_map run_of; /* (store, content) -> newest run */
};

enum { MARK_TM = 1, MARK_NEXUS = 2, MARK_WRITTEN = 4 };

static struct data *data_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_DATA];
}

static struct known *known_of(struct lq_judge *judge, const struct lq_seen_command *command)
{
    struct data *data = data_of(judge);
    while (data->known.count <= command->index) {
        struct known *known = lq_array_add_raw(&data->known, judge->allocator);
        *known = (struct known){LQ_NONE, LQ_NONE, LQ_NONE, false};
    }
    return lq_array_at(&data->known, command->index);
}

static struct lq_link *unfenced_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct data *data = data_of(judge);
    while (data->unfenced.count <= nexus->index)
        lq_list_init(lq_array_add_raw(&data->unfenced, judge->allocator));
    return lq_array_at(&data->unfenced, nexus->index);
}

static uint64_t content_key(uint32_t store, uint64_t content)
{
    return lq_mix(store, content);
}

/* Content that a block of this size has before anything was written. */
static uint64_t initial_content(uint32_t block_bytes)
{
    static const uint8_t zeros[4096];
    return lq_hash(0, zeros, block_bytes <= sizeof zeros ? block_bytes : sizeof zeros);
}

static bool is_on_medium(const struct lq_seen_unit *unit, uint64_t lba, uint32_t nblocks)
{
    return unit != NULL && unit->blocks > 0 && lba < unit->blocks &&
           nblocks <= unit->blocks - lba;
}

/* --- writes ------------------------------------------------------------------------------------- */

static void write_begins(struct lq_judge *judge, struct lq_seen_command *command)
{
    struct data *data = data_of(judge);
    known_of(judge, command)->write = data->writes.count;
    struct write *write = lq_array_add(&data->writes, judge->allocator);
    write->command = command;
    write->first_run = write->last_run = LQ_NONE;
    lq_list_append(unfenced_of(judge, command->nexus), &write->unfenced);
}

/* Reads cannot tell apart two writes of one content to one block: such a value proves nothing. */
static void mark_shared(struct data *data, struct run *run)
{
    for (uint32_t i = run->same; i != LQ_NONE;) {
        const struct run *other = lq_array_at(&data->runs, i);
        i = other->same;
        uint64_t from = run->lba > other->lba ? run->lba : other->lba;
        uint64_t run_end = run->lba + run->nblocks, other_end = other->lba + other->nblocks;
        uint64_t to = run_end < other_end ? run_end : other_end;
        for (uint64_t lba = from; lba < to; lba++) {
            lq_registers_value(&data->registers,
                               run->first_value + (uint32_t)(lba - run->lba))->is_shared = true;
            lq_registers_value(&data->registers,
                               other->first_value + (uint32_t)(lba - other->lba))->is_shared =
                true;
        }
    }
}

static uint32_t add_values(struct lq_judge *judge, uint32_t count, uint32_t write,
                           const struct lq_event *begin)
{
    struct data *data = data_of(judge);
    uint32_t first = data->registers.values.count;
    for (uint32_t i = 0; i < count; i++) {
        struct lq_value *value = lq_array_add_raw(&data->registers.values, judge->allocator);
        *value = (struct lq_value){
            .write = write,
            .first_end = LQ_NEVER_ENDED,
            .first_seen = LQ_NEVER_ENDED,
            .last_begin = begin == NULL ? 0 : begin->seq,
            .last_begin_event = begin,
        };
    }
    return first;
}

static void write_data(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = data_of(judge);
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !is_on_medium(command->unit, event->lba, event->nblocks) ||
        known_of(judge, command)->write == LQ_NONE)
        return;
    uint32_t number = known_of(judge, command)->write;
    struct write *write = lq_array_at(&data->writes, number);
    uint32_t index = data->runs.count;
    struct run *run = lq_array_add_raw(&data->runs, judge->allocator);
    *run = (struct run){.write = number,
                        .next = LQ_NONE,
                        .store = command->unit->store,
                        .nblocks = event->nblocks,
                        .lba = event->lba,
                        .content = event->value};
    run->first_value = add_values(judge, run->nblocks, number, command->sent);
    if (write->last_run == LQ_NONE)
        write->first_run = index;
    else
        ((struct run *)lq_array_at(&data->runs, write->last_run))->next = index;
    write->last_run = index;
    uint32_t *same = lq_map_put(&data->run_of, judge->allocator,
                                content_key(run->store, run->content));
    run->same = *same;
    *same = index;
    bool is_initial = run->content == initial_content(command->unit->block_bytes);
    for (uint32_t i = 0; i < run->nblocks && is_initial; i++)
        lq_registers_value(&data->registers, run->first_value + i)->is_shared = true;
    mark_shared(data, run);
}

/* Nothing of WRITE happens after EVENT; if a read sees it later, PROPERTY is at stake. */
static void fence(struct lq_judge *judge, struct write *write, const struct lq_event *event,
                  enum lq_property_place property)
{
    struct data *data = data_of(judge);
    lq_list_remove(&write->unfenced);
    write->fence = event;
    write->fence_property = property;
    uint32_t mark = property == P_TM_2 ? MARK_TM : property == P_RI_2 ? MARK_NEXUS : 0;
    for (uint32_t i = write->first_run; i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->nblocks; b++) {
            struct lq_value *value = lq_registers_value(&data->registers, run->first_value + b);
            if (value->first_end == LQ_NEVER_ENDED) {
                value->first_end = event->seq;
                value->first_end_event = event;
            }
            if (mark != 0)
                lq_registers_block(&data->registers, judge->allocator, run->store, run->lba + b)
                    ->marks |= mark;
        }
    }
}

static void write_good(struct lq_judge *judge, struct write *write, const struct lq_event *status)
{
    struct data *data = data_of(judge);
    lq_list_remove(&write->unfenced);
    for (uint32_t i = write->first_run; i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->nblocks; b++) {
            uint32_t index = run->first_value + b;
            struct lq_value *value = lq_registers_value(&data->registers, index);
            struct lq_block *block =
                lq_registers_block(&data->registers, judge->allocator, run->store, run->lba + b);
            block->marks |= MARK_WRITTEN;
            if (value->is_there)
                continue;
            /* A fence that was set by others before is loosened: GOOD is what counts. */
            value->first_end = status->seq;
            value->first_end_event = status;
            lq_registers_enter(&data->registers, block, index);
        }
    }
}

/* [SAM-5 r21 5.3.1]: these statuses end a command before it has done anything; so do the sense
 * keys ILLEGAL REQUEST and UNIT ATTENTION. */
static bool says_no_effect(const struct lq_event *status)
{
    uint32_t key = status->detail >> 16;
    return status->code == 0x08 || status->code == 0x18 || status->code == 0x28 ||
           (status->code == 0x02 && (key == 5 || key == 6));
}

static void convict_no_effect(struct lq_judge *judge, const struct write *write,
                              const struct lq_event *read, const struct lq_event *read_end)
{
    struct lq_text text = lq_text_form("write % ended with status % and sense %, so without "
                                       "effect, but read % returned its data",
                                       write->command->sent->serial, write->ended->code,
                                       write->ended->detail, read->serial);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, write->command->sent);
    lq_proof_event(&proof, write->ended);
    lq_proof_event(&proof, read);
    lq_proof_event(&proof, read_end);
    lq_convict(judge, P_DATA_3, &proof, &text);
}

static void write_ends(struct lq_judge *judge, struct write *write, const struct lq_event *status)
{
    if (write->ended != NULL || write->command->gave_up != NULL)
        return;
    write->ended = status;
    bool has_residual = (status->flags & (LQ_F_OVERFLOW | LQ_F_UNDERFLOW)) != 0;
    if (status->code == 0 && !has_residual) {
        write->state = WRITE_GOOD;
        write_good(judge, write, status);
    } else if (says_no_effect(status)) {
        write->state = WRITE_NO_EFFECT;
        lq_list_remove(&write->unfenced);
        judge->exercised[P_DATA_3]++;
        if (write->seen_by != NULL)
            convict_no_effect(judge, write, write->seen_by, write->seen_end);
    } else {
        write->state = WRITE_MAYBE;
        if (write->fence == NULL)
            fence(judge, write, status, P_DATA_1);
    }
}

/* --- fences ------------------------------------------------------------------------------------- */

static bool is_covered(const struct lq_seen_function *function,
                       const struct lq_seen_command *command)
{
    if (command->task != NULL && function->received != NULL)
        return lq_function_covers_task(function, command->task);
    return command->exchange != NULL && lq_function_covers(function, command->exchange);
}

static void function_done(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function = lq_view_function(&judge->view, event);
    if (function == NULL || function->done != event || event->code != LQ_TM_COMPLETE ||
        !lq_function_aborts(function->function))
        return;
    bool is_for_all = lq_function_is_for_all(function->function);
    struct data *data = data_of(judge);
    for (uint32_t i = 0; i < data->unfenced.count; i++) {
        if (!is_for_all && i != function->nexus->index)
            continue;
        struct lq_link *list = lq_array_at(&data->unfenced, i);
        LQ_LIST_EACH_SAFE(link, following, list)
        {
            struct write *write = LQ_ELEMENT(link, struct write, unfenced);
            if (is_covered(function, write->command))
                fence(judge, write, event, P_TM_2);
        }
    }
}

/* The session of CONNECTION is over, or all but that of CONNECTION when IS_NEW. */
static void session_over(struct lq_judge *judge, const struct lq_event *event, bool is_new)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    if (nexus == NULL)
        return;
    LQ_LIST_EACH_SAFE(link, following, unfenced_of(judge, nexus))
    {
        struct write *write = LQ_ELEMENT(link, struct write, unfenced);
        if ((write->command->sent->connection == event->connection) != is_new)
            fence(judge, write, event, P_RI_2);
    }
}

/* --- reads -------------------------------------------------------------------------------------- */

static void read_moves(struct lq_judge *judge, struct lq_seen_command *command, bool begins)
{
    struct data *data = data_of(judge);
    const struct lq_event *sent = command->sent;
    if (!is_on_medium(command->unit, sent->lba, sent->nblocks))
        return;
    struct known *known = known_of(judge, command);
    if (known->is_open_read == begins)
        return;
    known->is_open_read = begins;
    for (uint32_t i = 0; i < sent->nblocks; i++) {
        struct lq_block *block = lq_registers_block(&data->registers, judge->allocator,
                                                    command->unit->store, sent->lba + i);
        if (begins)
            lq_registers_open(&data->registers, judge->allocator, block, sent->seq);
        else
            lq_registers_close(&data->registers, block, sent->seq);
    }
}

static void read_data(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = data_of(judge);
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !is_on_medium(command->unit, event->lba, event->nblocks))
        return;
    uint32_t index = data->read_runs.count;
    struct read_run *run = lq_array_add_raw(&data->read_runs, judge->allocator);
    *run = (struct read_run){event, LQ_NONE};
    struct known *known = known_of(judge, command);
    if (known->last_read == LQ_NONE)
        known->first_read = index;
    else
        ((struct read_run *)lq_array_at(&data->read_runs, known->last_read))->next = index;
    known->last_read = index;
}

/* The value of this content that BLOCK at LBA can have; LQ_NONE when there is none. */
static uint32_t find_value(struct lq_judge *judge, const struct lq_seen_unit *unit,
                           struct lq_block *block, uint64_t lba, uint64_t content)
{
    struct data *data = data_of(judge);
    for (uint32_t i = lq_map_get(&data->run_of, content_key(unit->store, content));
         i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        if (lba >= run->lba && lba - run->lba < run->nblocks)
            return run->first_value + (uint32_t)(lba - run->lba);
        i = run->same;
    }
    if (content != initial_content(unit->block_bytes))
        return LQ_NONE;
    if (block->initial == LQ_NONE) {
        block->initial = add_values(judge, 1, LQ_NONE, NULL);
        lq_registers_value(&data->registers, block->initial)->first_end = 0;
    }
    return block->initial;
}

static struct write *writer_of(struct data *data, const struct lq_value *value)
{
    return value->write == LQ_NONE ? NULL : lq_array_at(&data->writes, value->write);
}

/* Was the first end of VALUE needed for the contradiction only because of a fence? LATER is what
 * it had to be before. */
static bool needs_fence(const struct lq_value *value, uint64_t later)
{
    return value->first_end_event != NULL && value->first_end < value->first_seen &&
           value->first_seen > later;
}

static enum lq_property_place which_property(struct data *data, const struct lq_value *seen,
                                             const struct lq_value *other,
                                             const struct lq_event *begin)
{
    const struct write *writer = writer_of(data, seen);
    if (writer != NULL && writer->fence == seen->first_end_event && writer->fence != NULL &&
        needs_fence(seen, other->last_begin))
        return writer->fence_property;
    writer = writer_of(data, other);
    if (writer != NULL && writer->fence == other->first_end_event && writer->fence != NULL &&
        needs_fence(other, begin->seq))
        return writer->fence_property;
    return P_DATA_1;
}

static void text_value(struct lq_text *text, const struct write *writer)
{
    if (writer == NULL) {
        lq_text_add(text, "its initial content");
        return;
    }
    lq_text_add(text, "the data of write ");
    lq_text_number(text, writer->command->sent->serial);
    lq_text_add(text, " of initiator ");
    lq_text_number(text, writer->command->sent->actor);
}

static void convict_order(struct lq_judge *judge, const struct lq_seen_command *read,
                          const struct lq_event *end, uint64_t lba, uint32_t seen_index,
                          uint32_t other_index)
{
    struct data *data = data_of(judge);
    const struct lq_value *seen = lq_registers_value(&data->registers, seen_index);
    const struct lq_value *other = lq_registers_value(&data->registers, other_index);
    const struct write *seen_writer = writer_of(data, seen), *writer = writer_of(data, other);
    enum lq_property_place property = which_property(data, seen, other, read->sent);
    struct lq_text text = {0};
    lq_text_add(&text, "read ");
    lq_text_number(&text, read->sent->serial);
    lq_text_add(&text, " of initiator ");
    lq_text_number(&text, read->sent->actor);
    lq_text_add(&text, " returned for block ");
    lq_text_number(&text, lba);
    lq_text_add(&text, " ");
    text_value(&text, seen_writer);
    if (seen_writer != NULL && seen_writer->fence != NULL &&
        seen_writer->fence == seen->first_end_event)
        lq_text_add(&text, ", which could take effect only before the fence");
    lq_text_add(&text, ", although ");
    text_value(&text, writer);
    lq_text_add(&text, " had been there after it and before the read");
    struct lq_proof proof = {0};
    lq_proof_event(&proof, read->sent);
    lq_proof_event(&proof, end);
    lq_proof_event(&proof, seen->first_end_event);
    lq_proof_event(&proof, other->last_begin_event);
    lq_proof_event(&proof, other->first_end_event);
    if (seen_writer != NULL)
        lq_proof_event(&proof, seen_writer->command->sent);
    if (writer != NULL)
        lq_proof_event(&proof, writer->command->sent);
    lq_convict(judge, property, &proof, &text);
}

static void convict_foreign(struct lq_judge *judge, const struct lq_seen_command *read,
                            const struct lq_event *found, uint64_t lba)
{
    struct lq_text text =
        lq_text_form("read % of initiator % returned for block % content that nobody wrote there: ",
                     read->sent->serial, read->sent->actor, lba, 0);
    lq_text_hex(&text, found->value, 16);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, read->sent);
    lq_proof_event(&proof, found);
    lq_convict(judge, P_DATA_2, &proof, &text);
}

static void exercise(struct lq_judge *judge, struct lq_block *block)
{
    judge->exercised[P_DATA_2]++;
    judge->exercised[P_DATA_1] += (block->marks & MARK_WRITTEN) != 0;
    judge->exercised[P_TM_2] += (block->marks & MARK_TM) != 0;
    judge->exercised[P_RI_2] += (block->marks & MARK_NEXUS) != 0;
    block->marks &= MARK_WRITTEN;
}

/* True when it was in order. */
static bool read_block(struct lq_judge *judge, struct lq_seen_command *read,
                       const struct lq_event *found, const struct lq_event *end, uint64_t lba)
{
    struct data *data = data_of(judge);
    struct lq_block *block =
        lq_registers_block(&data->registers, judge->allocator, read->unit->store, lba);
    exercise(judge, block);
    uint32_t index = find_value(judge, read->unit, block, lba, found->value);
    if (index == LQ_NONE) {
        convict_foreign(judge, read, found, lba);
        return false;
    }
    struct lq_value *value = lq_registers_value(&data->registers, index);
    struct write *writer = writer_of(data, value);
    if (writer != NULL && writer->seen_by == NULL) {
        writer->seen_by = read->sent;
        writer->seen_end = end;
    }
    if (writer != NULL && writer->state == WRITE_NO_EFFECT && !value->is_shared) {
        convict_no_effect(judge, writer, read->sent, end);
        return false;
    }
    if (value->first_seen == LQ_NEVER_ENDED)
        value->first_seen = end->seq;
    if (value->first_end == LQ_NEVER_ENDED) {
        value->first_end = end->seq;
        value->first_end_event = end;
    }
    uint32_t other = lq_registers_read(&data->registers, block, index, read->sent);
    if (other != LQ_NONE)
        convict_order(judge, read, end, lba, index, other);
    return other == LQ_NONE;
}

/* One finding a read is enough: its other blocks mostly tell the same. */
static void read_ends(struct lq_judge *judge, struct lq_seen_command *read,
                      const struct lq_event *end)
{
    struct data *data = data_of(judge);
    bool is_in_order = true;
    for (uint32_t i = known_of(judge, read)->first_read; i != LQ_NONE && is_in_order;) {
        const struct read_run *run = lq_array_at(&data->read_runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->data->nblocks && is_in_order; b++)
            is_in_order = read_block(judge, read, run->data, end, run->data->lba + b);
    }
}

/* --- the part ----------------------------------------------------------------------------------- */

static void command_over(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || command->nexus == NULL)
        return;
    bool is_status = event->kind == LQ_I_STATUS && command->status == event;
    if (command->sent->flags & LQ_F_MEDIUM_READ) {
        if (is_status && event->code == 0 && command->gave_up == NULL)
            read_ends(judge, command, event);
        read_moves(judge, command, false);
    }
    uint32_t write = known_of(judge, command)->write;
    if (write != LQ_NONE && is_status)
        write_ends(judge, lq_array_at(&data_of(judge)->writes, write), event);
}

static void data_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->kind < LQ_I_LOGIN || event->kind > LQ_I_PROTOCOL)
        return;
    event = judge->view.event;
    struct lq_seen_command *command;
    switch (event->kind) {
    case LQ_I_COMMAND:
        command = lq_view_command(&judge->view, event);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_WRITE))
            write_begins(judge, command);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_READ))
            read_moves(judge, command, true);
        break;
    case LQ_I_WRITE_DATA:
        write_data(judge, event);
        break;
    case LQ_I_READ_DATA:
        read_data(judge, event);
        break;
    case LQ_I_STATUS:
    case LQ_I_GAVE_UP:
        command_over(judge, event);
        break;
    case LQ_I_TM_DONE:
        function_done(judge, event);
        break;
    case LQ_I_LOGGED_IN:
        session_over(judge, event, true);
        break;
    case LQ_I_LOGOUT_DONE:
        if (event->code == 0)
            session_over(judge, event, false);
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
    lq_map_init(&data->run_of);
}

static void data_free(struct lq_judge *judge)
{
    struct data *data = data_of(judge);
    lq_registers_free(&data->registers, judge->allocator);
    lq_array_free(&data->writes, judge->allocator);
    lq_array_free(&data->runs, judge->allocator);
    lq_array_free(&data->read_runs, judge->allocator);
    lq_array_free(&data->known, judge->allocator);
    lq_array_free(&data->unfenced, judge->allocator);
    lq_map_free(&data->run_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_DATA, sizeof *data);
}

static void data_reset(struct lq_judge *judge)
{
    struct data *data = data_of(judge);
    lq_registers_reset(&data->registers);
    lq_array_reset(&data->writes);
    lq_array_reset(&data->runs);
    lq_array_reset(&data->read_runs);
    lq_array_reset(&data->known);
    lq_array_reset(&data->unfenced);
    lq_map_reset(&data->run_of);
}

const struct lq_judge_part lq_data_part = {
    .name = "data",
    .init = data_init,
    .free = data_free,
    .reset = data_reset,
    .event = data_event,
};
