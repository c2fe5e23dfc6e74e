/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DURABLE: what a target said to be safe is there after a loss of power. Black box, but DUR-5.
 *
 * Method: each block has a floor, the youngest content that was promised to be durable: by the GOOD
 * of a write with FUA (or any write where WCE is 0), or of a SYNCHRONIZE CACHE over the block that
 * was sent after the write had ended. A loss of power may take everything that is younger than the
 * floor, never the floor. What the first read after it finds is the floor from then on: it has
 * survived, so it stays.
 *
 * What becomes of a block while power is on, or after it was first read, is DATA's to judge.
 */
#include "conformance/judges/durable.h"

#include "conformance/judges/data.h"
#include "conformance/judges/digest.h"
#include "core/base/hash.h"

enum { FLUSH_REQUEST = 3 }; /* history.h, LQ_S_SUBMITTED */

struct floor {
    uint32_t value;      /* of DATA's registers; LQ_NONE: nothing is promised */
    uint64_t begin;      /* of its write; of the loss that it survived */
    enum lq_property_place property; /* at stake when it is missing */
    const struct lq_event *promise;  /* the status that made it one; the read that saw it */
};

/* A write that ended GOOD and is not promised to be durable yet. */
struct pending {
    uint32_t write; /* of DATA */
    struct lq_link link;
};

struct store_state {
    struct lq_link pending;             /* struct pending, by their ends */
    const struct lq_event *failed_sync; /* the newest */
    uint64_t flushed_from;              /* the youngest flush that succeeded was submitted here */
};

/* A loss of power. */
struct loss {
    uint32_t store;
    const struct lq_event *event;
};

/* The newest word of a loss, by the seq of its record; 0: none. */
struct told {
    uint64_t reported; /* by the target */
    uint64_t heard;    /* by the initiator */
};

struct durable {
    struct lq_array floors, pending, stores;
    struct lq_array losses; /* struct loss, the newest last */
    struct lq_array told; /* struct told, of an I_T_L nexus */
    struct lq_map store_of, floor_of, told_of; /* store; (store, lba); nexus << 32 | unit */
};

static struct durable *durable_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_DURABLE];
}

static struct store_state *store_of(struct lq_judge *judge, uint32_t store)
{
    struct durable *durable = durable_of(judge);
    uint32_t *at = lq_map_put(&durable->store_of, judge->allocator, store);
    if (*at == LQ_NONE) {
        *at = durable->stores.count;
        struct store_state *state = lq_array_add(&durable->stores, judge->allocator);
        lq_list_init(&state->pending);
    }
    return lq_array_at(&durable->stores, *at);
}

static struct floor *floor_of(struct lq_judge *judge, uint32_t store, uint64_t lba)
{
    struct durable *durable = durable_of(judge);
    uint32_t *at = lq_map_put(&durable->floor_of, judge->allocator,
                              lq_mix(lq_mix(0, store), lba));
    if (*at == LQ_NONE) {
        *at = durable->floors.count;
        ((struct floor *)lq_array_add(&durable->floors, judge->allocator))->value = LQ_NONE;
    }
    return lq_array_at(&durable->floors, *at);
}

static struct told *told_at(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                            const struct lq_seen_unit *unit)
{
    struct durable *durable = durable_of(judge);
    uint32_t *at = lq_map_put(&durable->told_of, judge->allocator,
                              (uint64_t)nexus->index << 32 | unit->unit);
    if (*at == LQ_NONE) {
        *at = durable->told.count;
        lq_array_add(&durable->told, judge->allocator);
    }
    return lq_array_at(&durable->told, *at);
}

static uint64_t *told_of(struct lq_judge *judge, const struct lq_seen_command *command)
{
    return &told_at(judge, command->nexus, command->unit)->heard;
}

static uint64_t *reported_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                             const struct lq_seen_unit *unit)
{
    return &told_at(judge, nexus, unit)->reported;
}

/* --- promises --------------------------------------------------------------------------------- */

struct extent {
    uint64_t first, end;
};

/* The blocks of WRITE in EXTENT are promised to be durable. True: all its blocks are in it. */
static bool promise(struct lq_judge *judge, const struct write *write, struct extent extent,
                    enum lq_property_place property, const struct lq_event *by)
{
    const struct data *data = lq_data_of(judge);
    uint64_t begin = write->command->sent->seq;
    bool is_whole = true;
    for (uint32_t i = write->first_run; i != LQ_NONE;) {
        const struct run *run = lq_array_at(&data->runs, i);
        i = run->next;
        for (uint32_t b = 0; b < run->nblocks; b++) {
            uint64_t lba = run->lba + b;
            if (lba < extent.first || lba >= extent.end) {
                is_whole = false;
                continue;
            }
            struct floor *floor = floor_of(judge, run->store, lba);
            if (floor->value == LQ_NONE || floor->begin < begin)
                *floor = (struct floor){run->first_value + b, begin, property, by};
        }
    }
    return is_whole;
}

/* WCE was 0 when COMMAND was sent, and is. */
static bool is_cache_off(const struct lq_seen_command *command)
{
    const struct lq_seen_unit *unit = command->unit;
    return !unit->has_write_cache && (unit->modes == NULL || unit->modes->seq < command->sent->seq);
}

static void write_ended(struct lq_judge *judge, const struct lq_seen_command *command,
                        uint32_t number, const struct lq_event *status)
{
    const struct write *write = lq_array_at(&lq_data_of(judge)->writes, number);
    if (write->state != WRITE_GOOD || write->ended != status || command->unit == NULL)
        return;
    bool is_forced = (command->sent->flags & LQ_F_FUA) != 0 || is_cache_off(command);
    if (is_forced) {
        promise(judge, write, (struct extent){0, UINT64_MAX}, P_DUR_1, status);
        return;
    }
    struct pending *pending = lq_array_add(&durable_of(judge)->pending, judge->allocator);
    pending->write = number;
    lq_list_append(&store_of(judge, command->unit->store)->pending, &pending->link);
}

static uint64_t field(const uint8_t *cdb, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | cdb[i];
    return value;
}

/* What SYNCHRONIZE CACHE(10) or (16) asks for [SBC-3 5.24, 5.25]; false: it promises nothing. */
static bool extent_of(const uint8_t *cdb, struct extent *extent)
{
    bool is_long = cdb[0] == 0x91;
    uint64_t count = field(cdb + (is_long ? 10 : 7), is_long ? 4 : 2);
    extent->first = field(cdb + 2, is_long ? 8 : 4);
    extent->end = count == 0 ? UINT64_MAX : extent->first + count;
    return (cdb[1] & 2) == 0; /* IMMED: it may be answered before anything is done */
}

static bool is_synchronize(uint32_t opcode)
{
    return opcode == 0x35 || opcode == 0x91;
}

/* The first loss of STORE after WRITE was sent, of the target's power if IS_CUT; NULL: none. */
static const struct lq_event *loss_after(struct lq_judge *judge, uint32_t store,
                                         const struct write *write, bool is_cut)
{
    const struct lq_array *losses = &durable_of(judge)->losses;
    const struct lq_event *first = NULL;
    for (uint32_t i = losses->count; i > 0; i--) {
        const struct loss *loss = lq_array_at(losses, i - 1);
        if (loss->event->seq < write->command->sent->seq)
            break;
        if (loss->store == store && (!is_cut || loss->event->code == LQ_POWER_CUT))
            first = loss->event;
    }
    return first;
}

/* SYNC's initiator has been told of LOSS. Frames of FCP may pass each other, and lost ones come
 * again: what was reported before SYNC ended may come to it later. */
static bool was_told(struct lq_judge *judge, const struct lq_seen_command *sync,
                     const struct lq_event *loss)
{
    bool is_fcp = sync->asked != NULL && sync->asked->ports != 0;
    return *told_of(judge, sync) > loss->seq ||
           (is_fcp && *reported_of(judge, sync->nexus, sync->unit) > loss->seq);
}

/* What SYNC, GOOD by now, says of a write that ended before it was sent. P_DATA_1: nothing. */
static enum lq_property_place claim_of(struct lq_judge *judge, const struct store_state *store,
                                       const struct lq_seen_command *sync,
                                       const struct write *write)
{
    const struct lq_event *failed = store->failed_sync;
    const struct lq_event *loss = loss_after(judge, sync->unit->store, write, false);
    const struct lq_event *cut = loss_after(judge, sync->unit->store, write, true);
    bool is_after_loss = loss != NULL && sync->sent->seq > loss->seq;
    if ((loss != NULL && was_told(judge, sync, loss)) ||
        (cut != NULL && sync->sent->seq > cut->seq))
        return P_DATA_1; /* its initiator knows that the write may be gone */
    bool has_failed = failed != NULL && failed->seq > write->ended->seq &&
                      failed->seq < sync->sent->seq;
    return is_after_loss || has_failed ? P_DUR_6 : P_DUR_2;
}

static void sync_ended(struct lq_judge *judge, const struct lq_seen_command *sync,
                       const struct lq_event *status)
{
    struct extent extent;
    if (sync->asked == NULL || !extent_of(sync->asked->cdb, &extent))
        return;
    struct store_state *store = store_of(judge, sync->unit->store);
    LQ_LIST_EACH_SAFE(link, following, &store->pending)
    {
        const struct pending *pending = LQ_ELEMENT(link, struct pending, link);
        const struct write *write = lq_array_at(&lq_data_of(judge)->writes, pending->write);
        if (write->ended->seq >= sync->sent->seq)
            break;
        enum lq_property_place property = claim_of(judge, store, sync, write);
        if (property == P_DATA_1 || promise(judge, write, extent, property, status))
            lq_list_remove(link);
    }
}

/* Power on, resets and the device's own reset tell that a cache may be gone; 29/07, the loss of an
 * I_T nexus, says nothing of it [SPC-5 4.4.8]. */
static bool is_word_of_loss(uint32_t asc_and_ascq)
{
    return asc_and_ascq >= 0x2900 && asc_and_ascq <= 0x2904;
}

/* A UNIT ATTENTION, or what REQUEST SENSE has fetched of one. */
static bool tells_of_loss(struct lq_judge *judge, const struct lq_seen_command *command,
                          const struct lq_event *status)
{
    if (status->code == 0x02)
        return status->detail >> 16 == 0x06 && is_word_of_loss(status->detail & 0xffff);
    return status->code == 0 && command->sent->detail == 0x03 &&
           *reported_of(judge, command->nexus, command->unit) > command->sent->seq;
}

static void on_status(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || command->status != event || command->unit == NULL)
        return;
    uint32_t write = lq_data_known(judge, command)->write;
    if (write != LQ_NONE)
        write_ended(judge, command, write, event);
    if (tells_of_loss(judge, command, event))
        *told_of(judge, command) = event->seq;
    if (!is_synchronize(command->sent->detail))
        return;
    uint32_t key = event->detail >> 16;
    if (event->code == 0)
        sync_ended(judge, command, event);
    else if (event->code == 0x02 && key != 5 && key != 6)
        store_of(judge, command->unit->store)->failed_sync = event;
}

/* --- after a loss: DUR-1, DUR-2, DUR-3, DUR-6 ------------------------------------------------- */

static void text_value(struct lq_text *text, const struct data *data, const struct lq_value *value)
{
    if (value->write == LQ_NONE) {
        lq_text_add(text, "its initial content");
        return;
    }
    const struct write *write = lq_array_at(&data->writes, value->write);
    lq_text_add(text, "the data of write ");
    lq_text_number(text, write->command->sent->serial);
}

static void convict(struct lq_judge *judge, const struct lq_seen_command *read,
                    const struct lq_event *end, uint64_t lba, const struct floor *floor,
                    const struct lq_value *seen, const struct lq_event *loss)
{
    const struct data *data = lq_data_of(judge);
    const struct lq_value *missing = lq_registers_value(&data->registers, floor->value);
    struct lq_text text = lq_text_form("after a loss of power, read % of initiator % returned for "
                                       "block % ", read->sent->serial, read->sent->actor, lba, 0);
    text_value(&text, data, seen);
    lq_text_add(&text, ", although ");
    text_value(&text, data, missing);
    lq_text_add(&text, floor->property == P_DUR_3 ? " had survived an earlier one"
                       : floor->property == P_DUR_1
                           ? ", younger, had ended GOOD as a forced write"
                           : ", younger, was said to be safe by SYNCHRONIZE CACHE");
    struct lq_proof proof = {0};
    if (missing->write != LQ_NONE) {
        const struct write *write = lq_array_at(&data->writes, missing->write);
        lq_proof_event(&proof, write->command->sent);
        lq_proof_event(&proof, write->ended);
    }
    lq_proof_event(&proof, floor->promise);
    lq_proof_event(&proof, loss);
    lq_proof_event(&proof, read->sent);
    lq_proof_event(&proof, end);
    lq_convict(judge, floor->property, &proof, &text);
}

bool lq_durable_survives(struct lq_judge *judge, const struct lq_seen_command *read,
                         const struct lq_event *end, uint64_t lba, uint32_t value,
                         const struct lq_event *loss)
{
    const struct lq_registers *registers = &lq_data_of(judge)->registers;
    struct floor *floor = floor_of(judge, read->unit->store, lba);
    const struct lq_value *seen = lq_registers_value(registers, value);
    if (loss->kind != LQ_W_POWER) { /* the store had lied: nothing is promised */
        floor->value = LQ_NONE;
        return true;
    }
    if (floor->value != LQ_NONE &&
        (floor->begin > loss->seq || floor->promise->seq > read->sent->seq))
        return true; /* promised since: DATA's; or while the read was under way */
    bool is_right = true;
    if (floor->value != LQ_NONE) {
        const struct lq_value *promised = lq_registers_value(registers, floor->value);
        judge->exercised[floor->property]++;
        is_right = floor->value == value || seen->is_shared || promised->is_shared ||
                   seen->first_end >= promised->last_begin;
        if (!is_right)
            convict(judge, read, end, lba, floor, seen, loss);
    }
    if (seen->first_end <= loss->seq) /* else it may have come after the loss */
        *floor = (struct floor){value, loss->seq, P_DUR_3, end};
    return is_right;
}

/* --- the store's own records: DUR-5 ----------------------------------------------------------- */

static void on_completed(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->submitted == NULL || task->submitted->detail != FLUSH_REQUEST ||
        event->stamp != 0 || task->unit == NULL)
        return;
    struct store_state *store = store_of(judge, task->unit->store);
    if (task->submitted->seq > store->flushed_from)
        store->flushed_from = task->submitted->seq;
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    bool is_good = !(event->flags & LQ_F_ABORTED) && event->code == 0;
    if (!is_good || task == NULL || task->unit == NULL || task->received == NULL ||
        !is_synchronize(task->opcode) || !task->unit->has_write_cache)
        return;
    judge->exercised[P_DUR_5]++;
    if (store_of(judge, task->unit->store)->flushed_from > task->received->seq)
        return;
    struct lq_text text = lq_text_form("SYNCHRONIZE CACHE % ended GOOD, but no flush of store % "
                                       "that began after it was received had succeeded",
                                       task->serial, task->unit->store, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->submitted);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_DUR_5, &proof, &text);
}

static void on_reported(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task != NULL && task->nexus != NULL && task->unit != NULL && is_word_of_loss(event->detail))
        *reported_of(judge, task->nexus, task->unit) = event->seq;
}

static void on_power(struct lq_judge *judge, const struct lq_event *event)
{
    for (uint32_t i = 0; i < judge->view.stores.count; i++) {
        if (event->code != LQ_POWER_CUT &&
            (event->code != LQ_POWER_DISK_RESET || event->detail != i))
            continue;
        struct loss *loss = lq_array_add(&durable_of(judge)->losses, judge->allocator);
        *loss = (struct loss){i, event};
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void durable_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    switch (event->kind) {
    case LQ_I_STATUS:
        on_status(judge, event);
        break;
    case LQ_S_COMPLETED:
        on_completed(judge, event);
        break;
    case LQ_E_ENDED:
        on_ended(judge, event);
        break;
    case LQ_E_UA_REPORTED:
        on_reported(judge, event);
        break;
    case LQ_W_POWER:
        on_power(judge, event);
        break;
    default:
        break;
    }
}

static void durable_init(struct lq_judge *judge)
{
    struct durable *durable = lq_state_make(judge, LQ_STATE_DURABLE, sizeof *durable);
    lq_array_init(&durable->floors, sizeof(struct floor));
    lq_array_init(&durable->pending, sizeof(struct pending));
    lq_array_init(&durable->stores, sizeof(struct store_state));
    lq_array_init(&durable->told, sizeof(struct told));
    lq_array_init(&durable->losses, sizeof(struct loss));
    lq_map_init(&durable->store_of);
    lq_map_init(&durable->floor_of);
    lq_map_init(&durable->told_of);
}

static void durable_free(struct lq_judge *judge)
{
    struct durable *durable = durable_of(judge);
    lq_array_free(&durable->floors, judge->allocator);
    lq_array_free(&durable->pending, judge->allocator);
    lq_array_free(&durable->stores, judge->allocator);
    lq_array_free(&durable->told, judge->allocator);
    lq_array_free(&durable->losses, judge->allocator);
    lq_map_free(&durable->store_of, judge->allocator);
    lq_map_free(&durable->floor_of, judge->allocator);
    lq_map_free(&durable->told_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_DURABLE, sizeof *durable);
}

static void durable_reset(struct lq_judge *judge)
{
    struct durable *durable = durable_of(judge);
    lq_array_reset(&durable->floors);
    lq_array_reset(&durable->pending);
    lq_array_reset(&durable->stores);
    lq_array_reset(&durable->told);
    lq_array_reset(&durable->losses);
    lq_map_reset(&durable->store_of);
    lq_map_reset(&durable->floor_of);
    lq_map_reset(&durable->told_of);
}

/* Begins and ends of writes against what was promised, flushed or told. */
static void mix_floor(struct lq_judge *judge, const struct floor *floor, struct lq_digest *digest)
{
    struct data *data = lq_data_of(judge);
    uint64_t sum = 0;
    if (floor->value == LQ_NONE)
        return;
    lq_digest_two(digest, floor->property,
                  lq_registers_value(&data->registers, floor->value)->write);
    for (uint32_t i = 0; i < data->writes.count; i++) {
        const struct write *write = lq_array_at(&data->writes, i);
        sum += lq_mix(i, write->command->sent->seq > floor->begin);
    }
    lq_digest_word(digest, sum);
}

static void mix_store(struct lq_judge *judge, const struct store_state *state,
                      struct lq_digest *digest)
{
    struct data *data = lq_data_of(judge);
    lq_digest_two(digest, durable_of(judge)->losses.count, state->failed_sync != NULL);
    LQ_LIST_EACH(link, &state->pending)
    lq_digest_word(digest, LQ_ELEMENT(link, struct pending, link)->write);
    for (uint32_t i = 0; i < data->writes.count; i++) {
        const struct write *write = lq_array_at(&data->writes, i);
        lq_digest_word(digest, write->ended != NULL && write->ended->seq < state->flushed_from);
    }
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        lq_digest_word(digest, task->requests_out > 0 && task->submitted != NULL &&
                                   task->submitted->seq > state->flushed_from);
    }
}

/* Writes have their numbers here: in small worlds they mostly come in one order. */
static void durable_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    struct durable *durable = durable_of(judge);
    for (uint32_t i = 0; i < durable->floors.count; i++)
        mix_floor(judge, lq_array_at(&durable->floors, i), digest);
    for (uint32_t i = 0; i < durable->stores.count; i++)
        mix_store(judge, lq_array_at(&durable->stores, i), digest);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.commands.count; i++) {
        const struct lq_seen_command *command = lq_array_at(&judge->view.commands, i);
        if (command->unit != NULL && lq_is_awaited(command))
            sum += lq_mix(lq_mix(command->sent->actor, command->sent->serial),
                          (command->sent->seq > *told_of(judge, command)) * 2U +
                              (command->sent->seq >
                               *reported_of(judge, command->nexus, command->unit)));
    }
    lq_digest_word(digest, sum);
}

static const uint16_t kinds[] = {
    LQ_I_STATUS, LQ_S_COMPLETED, LQ_E_ENDED, LQ_E_UA_REPORTED, LQ_W_POWER, LQ_EVENT_NONE};

const struct lq_judge_part lq_durable_part = {
    .name = "durable",
    .init = durable_init,
    .free = durable_free,
    .reset = durable_reset,
    .event = durable_event,
    .kinds = kinds,
    .digest = durable_digest,
};
