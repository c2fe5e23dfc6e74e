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
#include "core/base/hash.h"

enum { BLOCKS_MAX = 1 << 16 }; /* of one command; what is longer is not judged */

struct known *lq_data_known(struct lq_judge *judge, const struct lq_seen_command *command)
{
    struct data *data = lq_data_of(judge);
    while (data->known.count <= command->index) {
        struct known *known = lq_array_add_raw(&data->known, judge->allocator);
        *known = (struct known){LQ_NONE, LQ_NONE, LQ_NONE, false};
    }
    return lq_array_at(&data->known, command->index);
}

static struct lq_link *unfenced_of(struct lq_judge *judge, const struct lq_seen_nexus *nexus)
{
    struct data *data = lq_data_of(judge);
    while (data->unfenced.count <= nexus->index)
        lq_list_init(lq_array_add_raw(&data->unfenced, judge->allocator));
    return lq_array_at(&data->unfenced, nexus->index);
}

/* --- epochs ----------------------------------------------------------------------------------- */

static uint32_t epoch_of_store(const struct data *data, uint32_t store)
{
    uint32_t epoch = data->losses.count == 0 ? LQ_NONE : lq_map_get(&data->store_epoch, store);
    return epoch == LQ_NONE ? 0 : epoch;
}

/* Begins an epoch with EVENT; returns its number. */
static uint32_t new_epoch(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_array *losses = &lq_data_of(judge)->losses;
    *(const struct lq_event **)lq_array_add(losses, judge->allocator) = event;
    return losses->count;
}

struct lq_block *lq_data_block(struct lq_judge *judge, uint32_t store, uint64_t lba)
{
    struct data *data = lq_data_of(judge);
    struct lq_block *block = lq_registers_block(&data->registers, judge->allocator, store, lba);
    uint32_t epoch = epoch_of_store(data, store);
    if (block->epoch < epoch) {
        lq_registers_restart(&data->registers, block);
        block->epoch = epoch;
        if (block->marks & MARK_LIED)
            block->marks |= MARK_CORRUPTED;
    }
    return block;
}

const struct lq_event *lq_data_loss(const struct lq_judge *judge, const struct lq_block *block)
{
    return block->epoch == 0 ? NULL
                             : *(const struct lq_event **)lq_array_at(&lq_data_of(judge)->losses,
                                                                      block->epoch - 1);
}

static void store_lost_power(struct lq_judge *judge, const struct lq_event *event)
{
    uint32_t epoch = new_epoch(judge, event);
    for (uint32_t i = 0; i < judge->view.stores.count; i++)
        if (event->code == LQ_POWER_CUT || event->detail == i)
            *lq_map_put(&lq_data_of(judge)->store_epoch, judge->allocator, i) = epoch;
}

/* The store lies about some blocks: nothing that is read there is the target's fault until they
 * are written again. */
static void blocks_corrupted(struct lq_judge *judge, const struct lq_event *event)
{
    uint32_t epoch = new_epoch(judge, event);
    for (uint32_t i = 0; i < event->nblocks && i < BLOCKS_MAX; i++) {
        struct lq_block *block = lq_data_block(judge, event->code, event->lba + i);
        lq_registers_restart(&lq_data_of(judge)->registers, block);
        block->epoch = epoch;
        block->marks |= MARK_CORRUPTED | MARK_LIED;
    }
}

/* STATUS ends a write of VALUE that began after the lie: from now on BLOCK can be judged again. */
static void block_mended(struct lq_judge *judge, struct lq_block *block, struct lq_value *value,
                         const struct lq_event *status)
{
    block->marks &= ~(uint32_t)MARK_CORRUPTED;
    block->epoch = new_epoch(judge, status);
    value->epoch = block->epoch;
}

uint64_t lq_data_content_key(uint32_t store, uint64_t content)
{
    return lq_mix(store, content);
}

/* Content that a block of this size has before anything was written. */
uint64_t lq_data_initial_content(uint32_t block_bytes)
{
    static const uint8_t zeros[4096];
    return lq_hash(0, zeros, block_bytes <= sizeof zeros ? block_bytes : sizeof zeros);
}

bool lq_data_is_on_medium(const struct lq_seen_unit *unit, uint64_t lba, uint32_t nblocks)
{
    return unit != NULL && nblocks <= BLOCKS_MAX && lba < unit->blocks &&
           nblocks <= unit->blocks - lba;
}

/* --- writes ----------------------------------------------------------------------------------- */

static void write_begins(struct lq_judge *judge, struct lq_seen_command *command)
{
    struct data *data = lq_data_of(judge);
    lq_data_known(judge, command)->write = data->writes.count;
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

uint32_t lq_data_add_values(struct lq_judge *judge, uint32_t count, uint32_t write,
                           const struct lq_event *begin)
{
    struct data *data = lq_data_of(judge);
    uint32_t first = data->registers.values.count;
    for (uint32_t i = 0; i < count; i++) {
        struct lq_value *value = lq_array_add_raw(&data->registers.values, judge->allocator);
        *value = (struct lq_value){
            .write = write,
            .epoch = data->losses.count,
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
    struct data *data = lq_data_of(judge);
    struct lq_seen_command *command = lq_view_command(&judge->view, event);
    if (command == NULL || !lq_data_is_on_medium(command->unit, event->lba, event->nblocks) ||
        lq_data_known(judge, command)->write == LQ_NONE)
        return;
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
    bool is_initial = run->content == lq_data_initial_content(command->unit->block_bytes);
    for (uint32_t i = 0; i < run->nblocks && is_initial; i++)
        lq_registers_value(&data->registers, run->first_value + i)->is_shared = true;
    mark_shared(data, run);
}

/* Nothing of WRITE happens after EVENT; if a read sees it later, PROPERTY is at stake. */
static void fence(struct lq_judge *judge, struct write *write, const struct lq_event *event,
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
                block_mended(judge, block, value, status);
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
static bool says_no_effect(const struct lq_event *status)
{
    uint32_t key = status->detail >> 16;
    return status->code == 0x08 || status->code == 0x18 || status->code == 0x28 ||
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

static void write_ends(struct lq_judge *judge, struct write *write, const struct lq_event *status)
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
    } else if (says_no_effect(status)) {
        write->state = WRITE_NO_EFFECT;
        lq_list_remove(&write->unfenced);
        judge->exercised[P_DATA_3]++;
        if (write->seen_by != NULL)
            lq_data_convict_no_effect(judge, write, write->seen_by, write->seen_end);
    } else {
        write->state = WRITE_MAYBE;
        if (write->fence == NULL)
            fence(judge, write, status, P_DATA_1);
    }
}

/* --- fences ----------------------------------------------------------------------------------- */

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
        !lq_function_aborts(function->function) ||
        lq_view_forged(&judge->view, function->sent->connection, function->sent->tag) != 0)
        return;
    bool is_for_all = lq_function_is_for_all(function->function);
    struct data *data = lq_data_of(judge);
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

void lq_data_fence_preempted(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                             const struct lq_seen_task *preempt, const struct lq_event *event)
{
    LQ_LIST_EACH_SAFE(link, following, unfenced_of(judge, nexus))
    {
        struct write *write = LQ_ELEMENT(link, struct write, unfenced);
        const struct lq_seen_task *task = write->command->task;
        if (task != NULL && task->entered != NULL && lq_same_unit(task->unit, preempt->unit) &&
            task->entered->seq < preempt->enabled->seq)
            fence(judge, write, event, P_PR_3);
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

/* Nothing that was on its way lands any more: the stores lost power with the target, or the target
 * serves again after a crash. */
static void fence_all(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    for (uint32_t i = 0; i < data->unfenced.count; i++)
        LQ_LIST_EACH_SAFE(link, following, (struct lq_link *)lq_array_at(&data->unfenced, i))
        fence(judge, LQ_ELEMENT(link, struct write, unfenced), event, P_DUR_8);
}

bool lq_data_is_unfenced(struct lq_judge *judge, const struct write *write)
{
    if (write->first_run == LQ_NONE)
        return false;
    const struct run *run = lq_array_at(&lq_data_of(judge)->runs, write->first_run);
    const struct lq_seen_store *store =
        lq_view_store(&judge->view, judge->allocator, run->store);
    return store != NULL && store->is_unfenced;
}

/* The target's process ends. What a store without a fence was asked and nobody was told of may land
 * whenever it likes: no fence of later holds for it. */
static void crash(struct lq_judge *judge, const struct lq_event *event)
{
    struct data *data = lq_data_of(judge);
    data->crash = event;
    for (uint32_t i = 0; i < data->unfenced.count; i++) {
        LQ_LIST_EACH_SAFE(link, following, (struct lq_link *)lq_array_at(&data->unfenced, i))
        {
            if (lq_data_is_unfenced(judge, LQ_ELEMENT(link, struct write, unfenced)))
                lq_list_remove(link);
        }
    }
}

static void power_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->code == LQ_POWER_CRASH)
        crash(judge, event);
    if (event->code == LQ_POWER_CUT || event->code == LQ_POWER_DISK_RESET)
        store_lost_power(judge, event);
    if (event->code == LQ_POWER_CUT || event->code == LQ_POWER_ON)
        fence_all(judge, event);
}

/* --- what the network forged ---------------------------------------------------------------- */

/* Whatever these blocks have is nobody's fault any more. */
static void doubt(struct lq_judge *judge, const struct lq_seen_unit *unit, uint64_t lba,
                  uint64_t nblocks)
{
    if (nblocks > BLOCKS_MAX || !lq_data_is_on_medium(unit, lba, (uint32_t)nblocks))
        return;
    for (uint64_t i = 0; i < nblocks; i++)
        lq_registers_block(&lq_data_of(judge)->registers, judge->allocator, unit->store, lba + i)
            ->marks |= MARK_DOUBTED;
}

static void doubt_command(struct lq_judge *judge, const struct lq_event *fault, uint64_t tag)
{
    const struct lq_seen_command *command = lq_view_command_on(&judge->view, fault->connection,
                                                               tag);
    if (command != NULL && (command->sent->flags & LQ_F_MEDIUM_WRITE) != 0)
        doubt(judge, command->unit, command->sent->lba, command->sent->nblocks);
}

/* A write whose command or data were not what its initiator sent. */
static void fault_strikes(struct lq_judge *judge, const struct lq_event *fault)
{
    bool is_forged = (fault->flags & LQ_F_PDU) != 0 && (fault->flags & LQ_F_FORGED) != 0;
    if (!is_forged || (fault->flags & LQ_F_FROM_TARGET) != 0)
        return;
    doubt_command(judge, fault, fault->tag);
    doubt_command(judge, fault, fault->stamp);
}

/* A forged command may write where its initiator never meant to [SBC-4 r22 5]. */
static void data_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->opcode != LQ_WIRE_SCSI_COMMAND || pdu->exchange == NULL ||
        (lq_view_forged(&judge->view, pdu->connection->number, pdu->exchange->itt) &
         LQ_FORGED_TO_TARGET) == 0)
        return;
    const struct lq_seen_exchange *exchange = pdu->exchange;
    const uint8_t *cdb = lq_wire_cdb(pdu->h);
    switch (cdb[0]) {
    case 0x0a: /* WRITE (6) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb) & 0x1fffff, cdb[4] == 0 ? 256 : cdb[4]);
        break;
    case 0x2a: /* WRITE (10) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb + 2), lq_wire_be16(cdb + 7));
        break;
    case 0xaa: /* WRITE (12) */
        doubt(judge, exchange->unit, lq_wire_be32(cdb + 2), lq_wire_be32(cdb + 6));
        break;
    case 0x8a: /* WRITE (16) */
        doubt(judge, exchange->unit,
              (uint64_t)lq_wire_be32(cdb + 2) << 32 | lq_wire_be32(cdb + 6),
              lq_wire_be32(cdb + 10));
        break;
    default:
        break;
    }
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
        write_ends(judge, lq_array_at(&lq_data_of(judge)->writes, write), event);
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
        power_event(judge, judge->view.event);
    else if (event->kind == LQ_S_CORRUPTED)
        blocks_corrupted(judge, judge->view.event);
    else if (event->kind == LQ_W_FAULT)
        fault_strikes(judge, event);
    event = judge->view.event;
    struct lq_seen_command *command;
    switch (event->kind) {
    case LQ_I_COMMAND:
        command = lq_view_command(&judge->view, event);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_WRITE))
            write_begins(judge, command);
        if (command != NULL && (event->flags & LQ_F_MEDIUM_READ))
            lq_data_read_moves(judge, command, true);
        break;
    case LQ_I_WRITE_DATA:
        write_data(judge, event);
        break;
    case LQ_I_READ_DATA:
        lq_data_read_data(judge, event);
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
        if (event->code == 0 && !is_logout_forged(judge, event))
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
    lq_array_init(&data->losses, sizeof(const struct lq_event *));
    lq_map_init(&data->store_epoch);
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
    lq_map_reset(&data->run_of);
}


static const uint16_t kinds[] = {
    LQ_W_POWER, LQ_W_FAULT, LQ_S_CORRUPTED, LQ_I_COMMAND, LQ_I_WRITE_DATA, LQ_I_READ_DATA,
    LQ_I_STATUS, LQ_I_GAVE_UP, LQ_I_TM_DONE, LQ_I_LOGGED_IN, LQ_I_LOGOUT_DONE, LQ_EVENT_NONE};

const struct lq_judge_part lq_data_part = {
    .name = "data",
    .init = data_init,
    .free = data_free,
    .reset = data_reset,
    .event = data_event,
    .kinds = kinds,
    .pdu = data_pdu,
    .digest = lq_data_digest,
};
