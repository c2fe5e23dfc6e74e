/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: writes begin, say what they write, and end. */
#include "conformance/judges/data.h"

void lq_data_write_begins(struct lq_judge *judge, struct lq_seen_command *command)
{
    struct data *data = lq_data_of(judge);
    lq_data_known(judge, command)->write = data->writes.count;
    struct write *write = lq_array_add(&data->writes, judge->allocator);
    write->command = command;
    write->first_run = write->last_run = LQ_NONE;
    lq_list_append(lq_data_unfenced_of(judge, command->nexus), &write->unfenced);
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

uint32_t lq_data_add_values(struct lq_judge *judge, uint32_t count, uint32_t write,
                           const struct lq_event *begin)
{
    struct data *data = lq_data_of(judge);
    uint32_t first = data->registers.values.count;
    for (uint32_t i = 0; i < count; i++) {
        struct lq_value *value = lq_array_add_raw(&data->registers.values, judge->allocator);
        *value = (struct lq_value){
            .write = write,
            .before = LQ_NONE,
            .after = LQ_NONE,
            .epoch = data->losses.count,
            .first_end = LQ_NEVER_ENDED,
            .first_seen = LQ_NEVER_ENDED,
            .last_begin = begin == NULL ? 0 : begin->seq,
            .last_begin_event = begin,
        };
    }
    return first;
}

void lq_data_write_data(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !lq_data_is_on_medium(command->unit, event->lba, event->nblocks) ||
        lq_data_known(judge, command)->write == LQ_NONE)
        return;
    if (event->value == 0) { /* it depends on what was there */
        lq_data_doubt(judge, command->unit, event->lba, event->nblocks);
        return;
    }
    uint32_t number = lq_data_known(judge, command)->write;
    struct write *write = lq_array_at(&data->writes, number);
    uint32_t index = data->runs.count;
    struct run *run = lq_array_add_raw(&data->runs, judge->allocator);
    *run = (struct run){.write = number,
                        .next = LQ_NONE,
                        .store = command->unit->store,
                        .nblocks = event->nblocks,
                        .lba = event->lba,
                        .content = event->value};
    run->first_value = lq_data_add_values(judge, run->nblocks, number, command->sent);
    if (write->last_run == LQ_NONE)
        write->first_run = index;
    else
        ((struct run *)lq_array_at(&data->runs, write->last_run))->next = index;
    write->last_run = index;
    uint32_t *same = lq_map_put(&data->run_of, judge->allocator,
                                lq_data_content_key(run->store, run->content));
    run->same = *same;
    *same = index;
    bool is_initial = run->content == lq_data_initial_content(data, command->unit->block_bytes);
    for (uint32_t i = 0; i < run->nblocks && is_initial; i++)
        lq_registers_value(&data->registers, run->first_value + i)->is_shared = true;
    mark_shared(data, run);
}

void lq_data_fence(struct lq_judge *judge, struct write *write, const struct lq_event *event,
                  enum lq_property_place property)
{
    struct data *data = lq_data_of(judge);
    lq_list_remove(&write->unfenced);
    write->fence = event;
    write->fence_property = property;
    uint32_t mark = property == P_TM_2    ? MARK_TM
                    : property == P_RI_2  ? MARK_NEXUS
                    : property == P_DUR_8 ? MARK_CRASH
                                          : 0;
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
                lq_data_block(judge, run->store, run->lba + b)->marks |= mark;
        }
    }
}

static void write_good(struct lq_judge *judge, struct write *write, const struct lq_event *status)
{
    struct data *data = lq_data_of(judge);
    lq_list_remove(&write->unfenced);
    for (uint32_t i = write->first_run; i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->nblocks; b++) {
            uint32_t index = run->first_value + b;
            struct lq_value *value = lq_registers_value(&data->registers, index);
            struct lq_block *block = lq_data_block(judge, run->store, run->lba + b);
            bool is_of_now = value->epoch >= block->epoch;
            block->marks |= MARK_WRITTEN;
            if (is_of_now && (block->marks & MARK_CORRUPTED))
                lq_data_block_mended(judge, block, value, status);
            if (value->is_there && is_of_now)
                continue;
            /* A fence that was set by others before is loosened: GOOD is what counts. */
            value->first_end = status->seq;
            value->first_end_event = status;
            if (!is_of_now)
                continue; /* its store lost power in between: it is there only if a read sees it */
            lq_registers_enter(&data->registers, block, index);
        }
    }
}

/* [SAM-5 r21 5.3.1]: these statuses end a command before it has done anything; so do the sense
 * keys ILLEGAL REQUEST and UNIT ATTENTION. */
static bool says_no_effect(const struct write *write, const struct lq_event *status)
{
    uint32_t key = status->detail >> 16;
    bool compares = write->command->sent->detail == 0x89; /* COMPARE AND WRITE */
    if (compares && status->code == 0x02 && key == 0x0e) /* MISCOMPARE [SBC-4 r22 5.3] */
        return true;
    return status->code == 0x08 || status->code == 0x18 || status->code == 0x28 ||
           status->code == 0x30 ||
           (status->code == 0x02 && (key == 5 || key == 6));
}

void lq_data_convict_no_effect(struct lq_judge *judge, const struct write *write,
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

void lq_data_write_ends(struct lq_judge *judge, struct write *write, const struct lq_event *status)
{
    if ((lq_view_command_forged(&judge->view, write->command) & ~(uint32_t)LQ_BROKEN) != 0)
        return; /* whatever its initiator was told, nobody knows what became of it */
    if (write->ended != NULL || write->command->gave_up != NULL)
        return;
    write->ended = status;
    bool has_residual = (status->flags & (LQ_F_OVERFLOW | LQ_F_UNDERFLOW)) != 0;
    if (status->code == 0 && !has_residual) {
        write->state = WRITE_GOOD;
        write_good(judge, write, status);
        lq_data_compared(judge, write);
    } else if (says_no_effect(write, status)) {
        write->state = WRITE_NO_EFFECT;
        lq_list_remove(&write->unfenced);
        judge->exercised[P_DATA_3]++;
        if (write->seen_by != NULL)
            lq_data_convict_no_effect(judge, write, write->seen_by, write->seen_end);
    } else {
        write->state = WRITE_MAYBE;
        if (write->fence == NULL)
            lq_data_fence(judge, write, status, P_DATA_1);
    }
}
