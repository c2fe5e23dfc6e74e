/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an actor's command: begun, sent, ended or given up; and the records of it.
 *
 * A slot belongs to the command until its answer has come and its Data-Out memory is free.
 */
#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/state.h"

static const uint64_t MS = 1000000;

static uint64_t now_of(const struct lq_actor *actor)
{
    return actor->world->env.now_ns;
}

struct lq_actor_command *lq_actor_command_of(struct lq_actor *actor, uint64_t serial)
{
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        if (actor->commands[i].place != LQ_COMMAND_FREE && actor->commands[i].serial == serial)
            return &actor->commands[i];
    return NULL;
}

/* --- records -------------------------------------------------------------------------------- */

static struct lq_event event_of(const struct lq_actor_command *command, enum lq_event_kind kind)
{
    return (struct lq_event){.kind = (uint16_t)kind,
                             .lun = command->lun,
                             .tag = command->itt,
                             .serial = command->serial,
                             .stamp = command->cmd_sn,
                             .lba = command->lba,
                             .nblocks = command->nblocks};
}

/* One record per run of COUNT blocks at BYTES with the same content. */
static void record_data(const struct lq_actor_command *command, enum lq_event_kind kind,
                        const uint8_t *bytes, uint32_t count)
{
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    for (uint32_t first = 0; first < count;) {
        const uint8_t *block = bytes + (uint64_t)first * block_bytes;
        uint32_t end = command->repeats ? count : first + 1;
        while (end < count &&
               memcmp(block, bytes + (uint64_t)end * block_bytes, block_bytes) == 0)
            end++;
        struct lq_event event = event_of(command, kind);
        event.lba = command->lba + first;
        event.nblocks = end - first;
        event.value = lq_hash(0, block, block_bytes);
        lq_actor_record(command->actor, event);
        first = end;
    }
}

/* UNMAP: zeros to each extent of its list. */
static void record_unmapped(const struct lq_actor_command *command)
{
    static const uint8_t zeros[4096];
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    struct lq_event event = event_of(command, LQ_I_WRITE_DATA);
    event.value = lq_hash(0, zeros, block_bytes);
    for (uint32_t i = 0; lq_block_unmapped(command, i, &event.lba, &event.nblocks); i++)
        if (event.nblocks > 0)
            lq_actor_record(command->actor, event);
}

static void record_command(const struct lq_actor_command *command)
{
    struct lq_event event = event_of(command, LQ_I_COMMAND);
    event.code = (uint32_t)command->attribute;
    event.detail = command->cdb[0];
    event.value = command->expected_out_bytes > 0 ? command->expected_out_bytes
                                                  : command->expected_in_bytes;
    uint32_t flags = (command->is_immediate ? (uint32_t)LQ_F_IMMEDIATE : 0) |
                     (command->fua ? (uint32_t)LQ_F_FUA : 0) |
                     (command->writes_medium ? (uint32_t)LQ_F_MEDIUM_WRITE : 0) |
                     (command->reads_medium ? (uint32_t)LQ_F_MEDIUM_READ : 0);
    event.flags = (uint16_t)flags;
    lq_actor_record(command->actor, event);
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    if (command->unmaps) {
        record_unmapped(command);
    } else if (command->is_unknown) {
        lq_actor_record(command->actor, event_of(command, LQ_I_WRITE_DATA));
    } else if (command->writes_medium) {
        const uint8_t *written = command->out;
        if (command->compares)
            written += (size_t)command->nblocks * block_bytes;
        record_data(command, LQ_I_WRITE_DATA, written, command->nblocks);
    }
}

/* --- begin ---------------------------------------------------------------------------------- */

static struct lq_actor_command *free_slot(struct lq_actor *actor)
{
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++)
        if (actor->commands[i].place == LQ_COMMAND_FREE)
            return &actor->commands[i];
    return NULL;
}

static uint32_t draw_part(struct lq_actor_command *command, uint32_t bytes)
{
    uint64_t drawn =
        lq_actor_choose(command->actor, LQ_SITE_FIRST_DATA, command->serial + bytes, 4);
    if (drawn == 0)
        return LQ_PORT_ALL;
    if (drawn == 1)
        return 0;
    return (uint32_t)lq_actor_choose(command->actor, LQ_SITE_FIRST_BYTES, command->serial,
                                     (uint64_t)command->expected_out_bytes + 1) & ~UINT32_C(3);
}

/* How much of the Data-Out goes without being asked for, and whether the rest is withheld. */
static void draw_data_out(struct lq_actor_command *command, struct lq_port_command *ask)
{
    struct lq_actor *actor = command->actor;
    struct lq_faults *faults = &actor->world->faults;
    uint32_t connection = actor->connection->number;
    command->holds_data = false;
    if (command->expected_out_bytes == 0)
        return;
    ask->immediate_bytes = draw_part(command, 1);
    ask->unsolicited_bytes = draw_part(command, 2);
    if (lq_actor_choose(actor, LQ_SITE_SEGMENT_BYTES, command->serial, 4) == 3)
        ask->segment_bytes = 512;
    bool is_late = lq_fault_fires(faults, LQ_FAULT_DATA_LATE, command->serial, connection);
    bool is_withheld = lq_fault_fires(faults, LQ_FAULT_DATA_WITHHELD, command->serial, connection);
    if (!is_late && !is_withheld)
        return;
    ask->hold_data_out = command->holds_data = true;
    ask->immediate_bytes = ask->unsolicited_bytes = 0;
}

struct lq_actor_command *lq_actor_slot(struct lq_actor *actor, uint64_t serial)
{
    struct lq_actor_command *command = free_slot(actor);
    if (command == NULL)
        return NULL;
    command->actor = actor;
    command->serial = serial;
    command->abort_asked = command->holds_data = command->has_naca = false;
    command->late_ns = 0;
    command->long_cdb = NULL;
    command->itt = command->cmd_sn = 0;
    return command;
}

struct lq_port_command lq_actor_request_of(const struct lq_actor_command *command)
{
    return (struct lq_port_command){.id = command->serial,
                                    .lun = command->lun,
                                    .cdb = command->long_cdb != NULL ? command->long_cdb
                                                                     : command->cdb,
                                    .cdb_bytes = command->cdb_bytes,
                                    .attribute = command->attribute,
                                    .immediate = command->is_immediate,
                                    .read = command->expected_in_bytes > 0,
                                    .write = command->expected_out_bytes > 0,
                                    .expected_in_bytes = command->expected_in_bytes,
                                    .expected_out_bytes = command->expected_out_bytes,
                                    .out = command->out,
                                    .out_bytes = command->out_bytes,
                                    .in = command->in,
                                    .in_bytes = LQ_COMMAND_BYTES_MAX};
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A lost Data-In leaves a hole in what is read: it must not show what was there before. */
bool lq_actor_hand_over(struct lq_actor_command *command,
                        const struct lq_port_command *request)
{
    struct lq_actor *actor = command->actor;
    if (request->read && lq_fault_touches_pdus(&actor->world->faults))
        memset(command->in, 0, least(request->expected_in_bytes, LQ_COMMAND_BYTES_MAX));
    if (!actor->port->command(actor, request))
        return false;
    command->place = LQ_COMMAND_QUEUED;
    actor->outstanding++;
    return true;
}

bool lq_actor_begin_command(struct lq_actor *actor, uint64_t serial)
{
    struct lq_actor_command *command = lq_actor_slot(actor, serial);
    if (command == NULL)
        return false;
    lq_command_generate(command);
    struct lq_port_command ask = lq_actor_request_of(command);
    draw_data_out(command, &ask);
    if (!lq_actor_hand_over(command, &ask))
        return false;
    lq_actor_watch(command, actor->world->plan.tm_timeout_ns);
    return true;
}

static void late_data_fires(struct lq_timer *timer)
{
    struct lq_actor_command *command = LQ_ELEMENT(timer, struct lq_actor_command, late_data);
    struct lq_actor *actor = command->actor;
    command->holds_data = false;
    if (command->place == LQ_COMMAND_FREE || actor->connection == NULL)
        return;
    actor->port->release_data(actor, command->serial);
    actor->port->mark(actor);
}

/* One command after the other has waited too long. */
static bool is_stuck(const struct lq_actor *actor)
{
    return !actor->is_scripted && actor->unanswered > 2 * lq_actor_option(actor, LQ_OPT_DEPTH);
}

/* A command that could not be sent for so long waits for a window that a lost PDU keeps closed: the
 * session is given up [RFC 7143 7.9]. So it is when nothing is answered any more: a command whose
 * number never came holds up all behind it. Else one that was sent is aborted. */
static void timeout_fires(struct lq_timer *timer)
{
    struct lq_actor_command *command = LQ_ELEMENT(timer, struct lq_actor_command, timeout);
    struct lq_actor *actor = command->actor;
    actor->unanswered++;
    if ((command->place == LQ_COMMAND_QUEUED || is_stuck(actor)) && actor->connection != NULL)
        lq_actor_drop(actor);
    else
        lq_actor_abort(command);
}

void lq_actor_watch(struct lq_actor_command *command, uint64_t delay_ns)
{
    lq_queue_at(&command->actor->world->queue, &command->timeout,
                now_of(command->actor) + delay_ns, timeout_fires);
}

void lq_actor_command_sent(struct lq_actor *actor, uint64_t serial, uint32_t tag, uint32_t stamp)
{
    struct lq_actor_command *command = lq_actor_command_of(actor, serial);
    if (command == NULL || command->place != LQ_COMMAND_QUEUED)
        return;
    struct lq_world *world = actor->world;
    command->place = LQ_COMMAND_SENT;
    command->itt = tag;
    command->cmd_sn = stamp;
    command->sent_order = actor->sent_count++;
    record_command(command);
    uint64_t timeout = lq_actor_option(actor, LQ_OPT_COMMAND_TIMEOUT);
    if (!actor->is_scripted || world->phase != LQ_PHASE_SAFETY)
        lq_actor_watch(command, timeout);
    if (!command->holds_data)
        return;
    if (actor->is_scripted) {
        if (command->late_ns != 0)
            lq_queue_at(&world->queue, &command->late_data, now_of(actor) + command->late_ns,
                        late_data_fires);
        return;
    }
    /* Withheld data is late data that waits for the target to lose patience, or for heal. */
    uint64_t bound = lq_fault_is_armed(&world->faults, LQ_FAULT_DATA_LATE) ? 2 * timeout : 0;
    uint64_t drawn = lq_actor_choose(actor, LQ_SITE_LATE_DATA, command->serial, 4);
    if (bound != 0 && drawn != 3)
        lq_queue_at(&world->queue, &command->late_data,
                    now_of(actor) + 1 + lq_actor_choose(actor, LQ_SITE_LATE_DATA,
                                                        command->serial, bound) / (1 + 9 * drawn),
                    late_data_fires);
}

/* --- end ------------------------------------------------------------------------------------ */

static void free_command(struct lq_actor_command *command, bool is_pinned)
{
    struct lq_actor *actor = command->actor;
    lq_queue_cancel(&actor->world->queue, &command->timeout);
    if (command->place == LQ_COMMAND_QUEUED || command->place == LQ_COMMAND_SENT)
        actor->outstanding--;
    command->place = is_pinned ? LQ_COMMAND_PINNED : LQ_COMMAND_FREE;
    if (!is_pinned)
        lq_queue_cancel(&actor->world->queue, &command->late_data);
}

uint32_t lq_port_sense(const uint8_t *sense, uint32_t size_bytes)
{
    uint8_t format = size_bytes > 0 ? sense[0] & 0x7f : 0;
    if ((format == 0x70 || format == 0x71) && size_bytes >= 14)
        return (uint32_t)(sense[2] & 0x0f) << 16 | (uint32_t)sense[12] << 8 | sense[13];
    if ((format == 0x72 || format == 0x73) && size_bytes >= 4)
        return (uint32_t)(sense[1] & 0x0f) << 16 | (uint32_t)sense[2] << 8 | sense[3];
    return 0;
}

/* Commands of this LUN that are older than a reset or a CLEAR TASK SET of somebody else get no
 * status any more: look after them soon. */
static void suspect_older(const struct lq_actor_command *command)
{
    struct lq_actor *actor = command->actor;
    if (actor->is_scripted && actor->world->phase == LQ_PHASE_SAFETY)
        return;
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        struct lq_actor_command *other = &actor->commands[i];
        if (other->place == LQ_COMMAND_SENT && other->lun == command->lun &&
            other->sent_order < command->sent_order && !other->abort_asked)
            lq_queue_at(&actor->world->queue, &other->timeout,
                        now_of(actor) + 50 * MS, timeout_fires);
    }
}

static void record_status(const struct lq_actor_command *command,
                          const struct lq_port_end *end)
{
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    if (command->verifies && end->status == LQ_GOOD) {
        record_data(command, LQ_I_READ_DATA, command->out, command->nblocks);
    } else if (command->reads_medium && end->status == LQ_GOOD) {
        uint32_t blocks = end->in_bytes / block_bytes;
        record_data(command, LQ_I_READ_DATA, command->in,
                    blocks < command->nblocks ? blocks : command->nblocks);
    }
    struct lq_event status = event_of(command, LQ_I_STATUS);
    status.code = end->status;
    status.detail = end->sense;
    status.value = end->residual;
    status.flags = (uint16_t)((end->overflow ? (uint32_t)LQ_F_OVERFLOW : 0) |
                              (end->underflow ? (uint32_t)LQ_F_UNDERFLOW : 0));
    lq_actor_record(command->actor, status);
}

/* The first block of a READ or WRITE that ended GOOD has this content now, as far as COMMAND's
 * actor knows. */
static void remember(const struct lq_actor_command *command)
{
    struct lq_known_block *known = &command->actor->known;
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    const uint8_t *block = command->writes_medium ? command->out : command->in;
    if (command->compares)
        block += (size_t)command->nblocks * block_bytes;
    bool has_block = command->reads_medium || command->writes_medium;
    bool only_verifies = command->verifies && !command->compares;
    if (!has_block || only_verifies || command->is_unknown || command->unmaps ||
        command->nblocks == 0 || command->actor->is_scripted)
        return;
    enum { BYTES = sizeof known->bytes };
    known->is_known = memcmp(block, block + BYTES, block_bytes - BYTES) == 0;
    known->lun = command->lun;
    known->lba = command->lba;
    memcpy(known->bytes, block, BYTES);
}

static void give_up(struct lq_actor_command *command, bool at_endpoint, uint32_t code)
{
    struct lq_actor *actor = command->actor;
    bool is_pinned = false;
    struct lq_event event = event_of(command, LQ_I_GAVE_UP);
    event.code = code;
    if (command->place == LQ_COMMAND_SENT)
        lq_actor_record(actor, event);
    if (at_endpoint) {
        if (actor->port->cancel(actor, command->serial))
            is_pinned = false;
        else if (actor->is_scripted && command->holds_data) /* it goes late all the same */
            is_pinned = actor->port->give_up(actor, command->serial);
        else
            is_pinned = actor->port->forget(actor, command->serial);
    }
    free_command(command, is_pinned);
    lq_actor_wake_in(actor, 0);
}

/* An ACA condition is mostly cleared soon, and in the end always. */
static bool clears_aca(const struct lq_actor_command *command, const struct lq_port_end *end)
{
    struct lq_actor *actor = command->actor;
    bool is_faulted = end->status == LQ_CHECK_CONDITION && command->has_naca;
    if (actor->is_scripted || (!is_faulted && end->status != LQ_ACA_ACTIVE))
        return false;
    return actor->world->phase != LQ_PHASE_SAFETY ||
           lq_actor_choose(actor, LQ_SITE_NACA, command->serial, 4) != 3;
}

void lq_actor_command_done(struct lq_actor *actor, const struct lq_port_end *end)
{
    struct lq_actor_command *command = lq_actor_command_of(actor, end->id);
    if (command == NULL || command->place != LQ_COMMAND_SENT)
        return;
    struct lq_world *world = actor->world;
    if (!end->has_status) {
        give_up(command, false, end->was_lost ? LQ_GAVE_UP_LOST : 0);
        return;
    }
    record_status(command, end);
    if (end->status == LQ_GOOD)
        remember(command);
    uint32_t asc = end->sense >> 8 & 0xff;
    bool is_fault = end->status == LQ_CHECK_CONDITION &&
                    lq_actor_option(actor, LQ_OPT_MODE_SELECTS) != 0; /* QERR may not be 0 */
    if (is_fault || (end->sense >> 16 == 0x06 && (asc == 0x29 || asc == 0x2f)))
        suspect_older(command);
    if (clears_aca(command, end))
        lq_actor_clear_aca(actor, command->lun);
    actor->old_tag = command->itt;
    actor->old_cmd_sn = command->cmd_sn;
    actor->unanswered = 0;
    actor->ended++;
    world->commands_ended++;
    uint64_t serial = command->serial;
    free_command(command, end->data_out_in_use);
    uint64_t delay = lq_actor_choose(actor, LQ_SITE_THINK, serial,
                                     lq_actor_option(actor, LQ_OPT_THINK) + 1);
    if (end->status == LQ_BUSY || end->status == LQ_TASK_SET_FULL ||
        end->status == LQ_ACA_ACTIVE)
        delay += MS + lq_actor_choose(actor, LQ_SITE_BACKOFF, serial, 20 * MS);
    lq_actor_wake_in(actor, delay);
}

void lq_actor_give_up(struct lq_actor_command *command, bool at_endpoint)
{
    give_up(command, at_endpoint, 0);
}

void lq_actor_data_released(struct lq_actor *actor, uint64_t serial)
{
    struct lq_actor_command *command = lq_actor_command_of(actor, serial);
    if (command != NULL && command->place == LQ_COMMAND_PINNED)
        free_command(command, false);
    lq_actor_wake_in(actor, 0);
}

void lq_actor_unpin(struct lq_actor *actor)
{
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        LQ_ASSERT(actor->commands[i].place == LQ_COMMAND_FREE ||
                  actor->commands[i].place == LQ_COMMAND_PINNED);
        if (actor->commands[i].place == LQ_COMMAND_PINNED)
            free_command(&actor->commands[i], false);
    }
}
