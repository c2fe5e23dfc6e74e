/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DATA-4: COMPARE AND WRITE is atomic [SBC-4 r22 5.3].
 *
 * One that ends GOOD found its verify instance P on the medium, a read, and put its write instance
 * W there, a write, with nothing in between: in the order of the block W follows P at once. So no
 * other one can have found the same P; and when a read sees W, every value that was over before
 * that read began is older than W, hence older than P: nothing of it began after something of P was
 * over.
 */
#include "conformance/judges/data.h"

static void convict(struct lq_judge *judge, const struct write *write, const struct lq_value *other,
                    uint64_t lba, const char *what)
{
    const struct data *data = lq_data_of(judge);
    struct lq_text text = lq_text_form("COMPARE AND WRITE % of initiator % replaced what it had "
                                       "found in block %, although ",
                                       write->command->sent->serial, write->command->sent->actor,
                                       lba, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, write->command->sent);
    lq_proof_event(&proof, write->ended);
    if (other->write != LQ_NONE) {
        const struct write *between = lq_array_at(&data->writes, other->write);
        lq_text_add(&text, "write ");
        lq_text_number(&text, between->command->sent->serial);
        lq_proof_event(&proof, between->command->sent);
        lq_proof_event(&proof, between->ended);
    }
    lq_text_add(&text, what);
    lq_convict(judge, P_DATA_4, &proof, &text);
}

static bool can_be_judged(struct lq_judge *judge, const struct lq_block *block, uint32_t store)
{
    return (block->marks & (MARK_CORRUPTED | MARK_DOUBTED)) == 0 &&
           !lq_data_is_doubted(judge, store);
}

/* VALUE, in block LBA, took the place of FOUND at once. */
static void follow(struct lq_judge *judge, const struct write *write, uint32_t value,
                   uint32_t found, uint64_t lba)
{
    struct data *data = lq_data_of(judge);
    struct lq_value *before = lq_registers_value(&data->registers, found);
    struct lq_value *now = lq_registers_value(&data->registers, value);
    const struct lq_block *block = lq_data_block(judge, write->command->unit->store, lba);
    if (before->is_shared || now->is_shared || now->epoch < block->epoch ||
        !can_be_judged(judge, block, write->command->unit->store))
        return;
    judge->exercised[P_DATA_4]++;
    if (before->after != LQ_NONE && before->after != value &&
        lq_registers_value(&data->registers, before->after)->epoch >= block->epoch) {
        convict(judge, write, lq_registers_value(&data->registers, before->after), lba,
                " had replaced it already");
        return;
    }
    before->after = value;
    now->before = found;
}

void lq_data_compared(struct lq_judge *judge, const struct write *write)
{
    struct data *data = lq_data_of(judge);
    const struct lq_seen_command *command = write->command;
    for (uint32_t r = lq_data_known(judge, command)->first_read; r != LQ_NONE;) {
        const struct read_run *found = lq_array_at(&data->read_runs, r);
        r = found->next;
        for (uint32_t b = 0; b < found->data->nblocks; b++) {
            uint64_t lba = found->data->lba + b;
            uint32_t value = LQ_NONE;
            for (uint32_t i = write->first_run; i != LQ_NONE;) {
                const struct run *run = lq_array_at(&data->runs, i);
                i = run->next;
                if (lba >= run->lba && lba - run->lba < run->nblocks)
                    value = run->first_value + (uint32_t)(lba - run->lba);
            }
            uint32_t before = lq_data_find_value(judge, command->unit, lba, found->data->value);
            if (value != LQ_NONE && before != LQ_NONE)
                follow(judge, write, value, before, lba);
        }
    }
}

void lq_data_seen_after(struct lq_judge *judge, const struct lq_seen_command *read,
                        const struct lq_block *block, uint32_t value, uint64_t lba)
{
    struct data *data = lq_data_of(judge);
    const struct lq_value *seen = lq_registers_value(&data->registers, value);
    if (seen->before == LQ_NONE || seen->is_shared ||
        !can_be_judged(judge, block, read->unit->store))
        return;
    const struct lq_value *before = lq_registers_value(&data->registers, seen->before);
    for (const struct lq_bucket *bucket = &block->bucket; bucket->begin < read->sent->seq;) {
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t other = bucket->top[i].value;
            if (other == LQ_NONE || other == value || other == seen->before ||
                bucket->top[i].last_begin <= before->first_end)
                continue;
            convict(judge, lq_array_at(&data->writes, seen->write),
                    lq_registers_value(&data->registers, other), lba, " had come in between");
            return;
        }
        if (bucket->next == LQ_NONE)
            return;
        bucket = lq_array_at(&data->registers.buckets, bucket->next);
    }
}
