/* SPDX-License-Identifier: Apache-2.0 */
/* DATA, second half: what reads saw, and what that contradicts. */
#include "conformance/judges/data.h"
#include "conformance/judges/durable.h"

void lq_data_read_moves(struct lq_judge *judge, struct lq_seen_command *command, bool begins)
{
    struct data *data = lq_data_of(judge);
    const struct lq_event *sent = command->sent;
    if (!lq_data_is_on_medium(command->unit, sent->lba, sent->nblocks))
        return;
    struct known *known = lq_data_known(judge, command);
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

void lq_data_read_data(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !lq_data_is_on_medium(command->unit, event->lba, event->nblocks))
        return;
    uint32_t index = data->read_runs.count;
    struct read_run *run = lq_array_add_raw(&data->read_runs, judge->allocator);
    *run = (struct read_run){event, LQ_NONE};
    struct known *known = lq_data_known(judge, command);
    if (known->last_read == LQ_NONE)
        known->first_read = index;
    else
        ((struct read_run *)lq_array_at(&data->read_runs, known->last_read))->next = index;
    known->last_read = index;
}

static uint32_t initial_value(struct lq_judge *judge, struct lq_block *block)
{
    struct data *data = lq_data_of(judge);
    if (block->initial == LQ_NONE) {
        block->initial = lq_data_add_values(judge, 1, LQ_NONE, NULL);
        struct lq_value *initial = lq_registers_value(&data->registers, block->initial);
        initial->first_end = 0;
        initial->epoch = 0;
    }
    return block->initial;
}

/* The value of this content that BLOCK at LBA can have; LQ_NONE when there is none. */
static uint32_t find_value(struct lq_judge *judge, const struct lq_seen_unit *unit,
                           struct lq_block *block, uint64_t lba, uint64_t content)
{
    struct data *data = lq_data_of(judge);
    for (uint32_t i = lq_map_get(&data->run_of, lq_data_content_key(unit->store, content));
         i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        if (lba >= run->lba && lba - run->lba < run->nblocks)
            return run->first_value + (uint32_t)(lba - run->lba);
        i = run->same;
    }
    bool is_initial = content == lq_data_initial_content(data, unit->block_bytes);
    return is_initial ? initial_value(judge, block) : LQ_NONE;
}

uint32_t lq_data_find_value(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                            uint64_t content)
{
    return find_value(judge, unit, lq_data_block(judge, unit->store, lba), lba, content);
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

/* It was there before its store lost power. */
static bool is_survivor(const struct lq_value *value)
{
    const struct lq_event *event = value->first_end_event;
    return event != NULL && event->kind == LQ_W_POWER && event->code != LQ_POWER_ON;
}

/* What the fence of WRITER was to keep: on a store without one, over a crash, DUR-8. */
static enum lq_property_place property_of_fence(struct lq_judge *judge, const struct write *writer)
{
    const struct lq_event *crash = lq_data_of(judge)->crash;
    bool is_over_crash = crash != NULL && writer->fence->seq < crash->seq;
    return is_over_crash && lq_data_is_unfenced(judge, writer) ? P_DUR_8 : writer->fence_property;
}

static enum lq_property_place which_property(struct lq_judge *judge, const struct lq_value *seen,
                                             const struct lq_value *other,
                                             const struct lq_event *begin)
{
    struct data *data = lq_data_of(judge);
    if (is_survivor(seen) && is_survivor(other))
        return P_DUR_3;
    const struct write *writer = writer_of(data, seen);
    if (writer != NULL && writer->fence == seen->first_end_event && writer->fence != NULL &&
        needs_fence(seen, other->last_begin))
        return property_of_fence(judge, writer);
    writer = writer_of(data, other);
    if (writer != NULL && writer->fence == other->first_end_event && writer->fence != NULL &&
        needs_fence(other, begin->seq))
        return property_of_fence(judge, writer);
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
    struct data *data = lq_data_of(judge);
    const struct lq_value *seen = lq_registers_value(&data->registers, seen_index);
    const struct lq_value *other = lq_registers_value(&data->registers, other_index);
    const struct write *seen_writer = writer_of(data, seen), *writer = writer_of(data, other);
    enum lq_property_place property = which_property(judge, seen, other, read->sent);
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
                            const struct lq_event *found, const struct lq_event *loss,
                            uint64_t lba)
{
    struct lq_text text =
        lq_text_form("read % of initiator % returned for block % content that nobody wrote there: ",
                     read->sent->serial, read->sent->actor, lba, 0);
    lq_text_hex(&text, found->value, 16);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, read->sent);
    lq_proof_event(&proof, found);
    lq_proof_event(&proof, loss);
    lq_convict(judge, loss != NULL && loss->kind == LQ_W_POWER ? P_DUR_4 : P_DATA_2, &proof,
               &text);
}

static void exercise(struct lq_judge *judge, struct lq_block *block, const struct lq_event *loss)
{
    judge->exercised[P_DATA_2]++;
    judge->exercised[P_DATA_1] += (block->marks & MARK_WRITTEN) != 0;
    judge->exercised[P_TM_2] += (block->marks & MARK_TM) != 0;
    judge->exercised[P_RI_2] += (block->marks & MARK_NEXUS) != 0;
    judge->exercised[P_DUR_8] += (block->marks & MARK_CRASH) != 0;
    judge->exercised[P_DUR_4] += loss != NULL && loss->kind == LQ_W_POWER;
    block->marks &= MARK_WRITTEN | MARK_LIED;
}

/* VALUE, from before LOSS, is seen for the first time after it: what had ended by then has its
 * place in the new order there, once and for all. */
static void survive(struct lq_value *value, uint32_t epoch, const struct lq_event *loss)
{
    value->epoch = epoch;
    value->before = value->after = LQ_NONE;
    value->first_seen = LQ_NEVER_ENDED;
    if (value->first_end > loss->seq || loss->kind != LQ_W_POWER)
        return; /* it was open: it may have come afterwards; or it was overwritten since the lie */
    value->first_end = value->last_begin = loss->seq;
    value->first_end_event = value->last_begin_event = loss;
}

/* A value of a content that several writes gave. Each of them may be the one that was seen: nothing
 * is wrong as long as one of them explains it. True then; else OTHER contradicts. */
static bool some_value_explains(struct lq_judge *judge, const struct lq_seen_command *read,
                                struct lq_block *block, uint64_t lba, uint64_t content,
                                uint32_t *other)
{
    struct data *data = lq_data_of(judge);
    for (uint32_t i = lq_map_get(&data->run_of, lq_data_content_key(read->unit->store, content));
         i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->same;
        if (lba < run->lba || lba - run->lba >= run->nblocks)
            continue;
        uint32_t index = run->first_value + (uint32_t)(lba - run->lba);
        const struct lq_value *value = lq_registers_value(&data->registers, index);
        if (writer_of(data, value)->state == WRITE_NO_EFFECT)
            continue;
        if (value->epoch < block->epoch || value->first_end == LQ_NEVER_ENDED)
            return true;
        *other = lq_registers_contradicts(&data->registers, block, index, read->sent);
        if (*other == LQ_NONE)
            return true;
    }
    if (content != lq_data_initial_content(lq_data_of(judge), read->unit->block_bytes))
        return *other == LQ_NONE;
    uint32_t initial = initial_value(judge, block);
    if (block->epoch > 0)
        return true;
    *other = lq_registers_contradicts(&data->registers, block, initial, read->sent);
    return *other == LQ_NONE;
}

/* True when it was in order. */
static bool read_block(struct lq_judge *judge, struct lq_seen_command *read,
                       const struct lq_event *found, const struct lq_event *end, uint64_t lba)
{
    struct data *data = lq_data_of(judge);
    struct lq_block *block = lq_data_block(judge, read->unit->store, lba);
    const struct lq_event *loss = lq_data_loss(judge, block);
    bool is_lied_about = (block->marks & (MARK_CORRUPTED | MARK_DOUBTED)) != 0 ||
                        lq_data_is_doubted(judge, read->unit->store);
    if (is_lied_about || (loss != NULL && read->sent->seq < loss->seq))
        return true; /* store or network lie; or it lost power under the read */
    exercise(judge, block, loss);
    uint32_t index = find_value(judge, read->unit, block, lba, found->value);
    if (index == LQ_NONE) {
        convict_foreign(judge, read, found, loss, lba);
        return false;
    }
    struct lq_value *value = lq_registers_value(&data->registers, index);
    struct write *writer = writer_of(data, value);
    if (writer != NULL && writer->seen_by == NULL && !value->is_shared) {
        writer->seen_by = read->sent;
        writer->seen_end = end;
    }
    if (writer != NULL && writer->state == WRITE_NO_EFFECT && !value->is_shared) {
        lq_data_convict_no_effect(judge, writer, read->sent, end);
        return false;
    }
    if (value->is_shared) {
        uint32_t contradiction = LQ_NONE;
        if (value->epoch < block->epoch &&
            !lq_durable_survives(judge, read, end, lba, index, loss))
            return false;
        if (some_value_explains(judge, read, block, lba, found->value, &contradiction))
            return true;
        convict_order(judge, read, end, lba, index, contradiction);
        return false;
    }
    if (value->epoch < block->epoch) {
        if (!lq_durable_survives(judge, read, end, lba, index, loss))
            return false;
        survive(value, block->epoch, loss);
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
    else
        lq_data_seen_after(judge, read, block, index, lba);
    return other == LQ_NONE;
}

/* One finding a read is enough: its other blocks mostly tell the same. */
void lq_data_read_ends(struct lq_judge *judge, struct lq_seen_command *read,
                      const struct lq_event *end)
{
    struct data *data = lq_data_of(judge);
    bool is_in_order = lq_view_command_forged(&judge->view, read) == 0;
    for (uint32_t i = lq_data_known(judge, read)->first_read; i != LQ_NONE && is_in_order;) {
        const struct read_run *run = lq_array_at(&data->read_runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->data->nblocks && is_in_order; b++)
            is_in_order = read_block(judge, read, run->data, end, run->data->lba + b);
    }
}
