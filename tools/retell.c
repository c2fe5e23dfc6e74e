/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: initiators' records say what they did and when; their PDUs say how (CDBs, keys, when
 * Data-Out came); the disks' records say how long requests took; the world's say which faults ended
 * a session.
 */
#include "tools/retell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults/faults.h"
#include "tools/retell_state.h"

struct lq_retelling *lq_retelling_make(void)
{
    struct lq_retelling *retelling = calloc(1, sizeof *retelling);
    if (retelling != NULL)
        lq_wire_crc_init(&retelling->crc);
    return retelling;
}

void lq_retelling_free(struct lq_retelling *retelling)
{
    if (retelling == NULL)
        return;
    for (uint32_t i = 0; i < LQ_TOLD_CONNECTIONS_MAX; i++)
        free(retelling->readers[i]);
    free(retelling);
}

void lq_retelling_reset(struct lq_retelling *told)
{
    for (uint32_t i = 0; i < LQ_TOLD_CONNECTIONS_MAX; i++) {
        if (told->readers[i] != NULL)
            lq_wire_reader_init(told->readers[i], &told->crc);
        told->actor_of[i] = told->doom_of[i] = 0;
        told->header_digest[i] = told->data_digest[i] = false;
        told->last_heard_ns[i] = 0;
    }
    memset(told->actors, 0, sizeof told->actors);
    memset(told->held, 0, sizeof told->held);
    told->action_count = told->command_count = told->held_count = 0;
    told->absent = 0;
    told->phase = LQ_PHASE_SAFETY;
}

static struct lq_told_action *add(struct lq_retelling *told, enum lq_told_kind kind,
                                  const struct lq_event *event)
{
    static struct lq_told_action none;
    if (told->action_count == LQ_TOLD_ACTIONS_MAX)
        return &none;
    struct lq_told_action *action = &told->actions[told->action_count++];
    *action = (struct lq_told_action){
        .kind = kind,
        .sent_ns = event->time_ns,
        .heard_ns = event->time_ns,
        .actor = event->actor,
        .lun = event->lun,
        .itt = (uint32_t)event->tag,
        .is_behind_cut = told->actors[event->actor].is_cut};
    return action;
}

/* The newest command of NEXUS with this tag; NULL: none. */
static struct lq_told_command *by_tag(struct lq_retelling *told, uint64_t nexus, uint32_t actor,
                                      uint64_t tag)
{
    for (uint32_t i = told->command_count; i > 0; i--) {
        struct lq_told_command *command = &told->commands[i - 1];
        if (command->itt == tag &&
            (actor == 0 ? command->nexus == nexus : command->actor == actor))
            return command;
    }
    return NULL;
}

static struct lq_told_command *by_engine_serial(struct lq_retelling *told, uint64_t serial)
{
    for (uint32_t i = told->command_count; serial != 0 && i > 0; i--)
        if (told->commands[i - 1].engine_serial == serial)
            return &told->commands[i - 1];
    return NULL;
}

/* --- sessions ------------------------------------------------------------------------------- */

static void on_login(struct lq_retelling *told, const struct lq_event *event)
{
    struct lq_told_actor *actor = &told->actors[event->actor];
    enum lq_told_kind kind = actor->stalls     ? LQ_TOLD_STALL
                             : actor->deserted ? LQ_TOLD_RELOGIN
                                               : LQ_TOLD_LOGIN;
    add(told, kind, event);
    actor->has_connection = true;
    actor->stalls = actor->deserted = actor->is_leaving = actor->vanishes = false;
    actor->is_cut = false;
    if (event->connection < LQ_TOLD_CONNECTIONS_MAX)
        told->actor_of[event->connection] = event->actor;
}

/* Digests begin with the PDU behind the login. */
static void on_logged_in(struct lq_retelling *told, const struct lq_event *event)
{
    uint32_t connection = event->connection;
    struct lq_told_offer *offer = &told->actors[event->actor].offer;
    told->actors[event->actor].is_logged_in = true;
    if (connection >= LQ_TOLD_CONNECTIONS_MAX || told->readers[connection] == NULL)
        return;
    told->readers[connection]->header_digest = told->header_digest[connection];
    told->readers[connection]->data_digest = told->data_digest[connection];
    snprintf(offer->keys[6], sizeof offer->keys[6], "%s",
             told->header_digest[connection] ? "header-digest crc32c" : "");
    snprintf(offer->keys[7], sizeof offer->keys[7], "%s",
             told->data_digest[connection] ? "data-digest crc32c" : "");
}

static void on_lost(struct lq_retelling *told, const struct lq_event *event)
{
    struct lq_told_actor *actor = &told->actors[event->actor];
    uint32_t doom = event->connection < LQ_TOLD_CONNECTIONS_MAX ? told->doom_of[event->connection]
                                                                : 0;
    bool by_itself = event->code == 1;
    if (actor->is_cut)
        actor->deserted = false;
    else if (by_itself && actor->vanishes)
        add(told, LQ_TOLD_VANISH, event);
    else if (by_itself && !actor->is_leaving)
        actor->deserted = true;
    else if (!by_itself && doom == LQ_FAULT_NET_RESET)
        add(told, LQ_TOLD_DROP, event);
    else if (!by_itself && doom == LQ_FAULT_NET_FIN)
        add(told, LQ_TOLD_CLOSE, event);
    actor->has_connection = actor->is_logged_in = actor->is_leaving = actor->vanishes = false;
    actor->is_cut = false;
}

/* A cable is cut: the initiator vanishes when its last byte has come. */
static void on_cut(struct lq_retelling *told, const struct lq_event *event, uint32_t number)
{
    struct lq_event of_actor = *event;
    of_actor.actor = (uint16_t)number;
    if (number == 0 || told->actors[number].is_cut)
        return;
    add(told, LQ_TOLD_VANISH, &of_actor)->connection = event->connection;
    told->actors[number].is_cut = true;
}

/* A fault that is told as itself stands before what it strikes. */
static void on_plain_fault(struct lq_retelling *told, const struct lq_event *event,
                           uint32_t number)
{
    uint32_t at = told->action_count;
    struct lq_event of_actor = *event;
    of_actor.actor = (uint16_t)number;
    struct lq_told_action *action = add(told, LQ_TOLD_FAULT, &of_actor);
    action->function = event->code;
    bool is_of_last = at > 0 && at < LQ_TOLD_ACTIONS_MAX && number != 0 &&
                      told->actions[at - 1].actor == number &&
                      told->actions[at - 1].sent_ns == event->time_ns;
    if (!is_of_last)
        return;
    struct lq_told_action last = told->actions[at - 1];
    told->actions[at - 1] = *action;
    told->actions[at] = last;
}

/* A LUN changes; one that comes with the target's start is no change. */
static void on_lun(struct lq_retelling *told, const struct lq_event *event)
{
    uint64_t bit = UINT64_C(1) << (event->lun >> 48 & 63);
    bool comes = event->kind == LQ_W_LUN;
    bool goes = !comes && event->code == LQ_LUN_REMOVED;
    if (told->phase >= LQ_PHASE_HEAL || (comes && (told->absent & bit) == 0))
        return;
    struct lq_told_action *action = add(told, LQ_TOLD_CHANGE, event);
    action->function = comes ? 0 : event->code;
    action->value = event->value;
    if (comes || goes)
        told->absent ^= bit;
}

static void on_fault(struct lq_retelling *told, const struct lq_event *event)
{
    uint32_t connection = event->connection < LQ_TOLD_CONNECTIONS_MAX ? event->connection : 0;
    uint32_t number = told->actor_of[connection];
    switch (event->code) {
    case LQ_FAULT_NET_RESET:
    case LQ_FAULT_NET_FIN:
        told->doom_of[connection] = event->code;
        break;
    case LQ_FAULT_NET_HALF_OPEN:
        on_cut(told, event, number);
        break;
    case LQ_FAULT_NET_DAMAGE_HEADER:
    case LQ_FAULT_NET_DAMAGE_DATA:
    case LQ_FAULT_POWER_CUT:
    case LQ_FAULT_TARGET_CRASH:
    case LQ_FAULT_DISK_RESET:
        on_plain_fault(told, event, number);
        break;
    case LQ_FAULT_INITIATOR_VANISH:
        told->actors[number].vanishes = true;
        break;
    case LQ_FAULT_DATA_WITHHELD:
    case LQ_FAULT_DATA_LATE:
        told->held[told->held_count++ % LQ_TOLD_HELD] = event->value;
        break;
    case LQ_FAULT_LOGIN_STALL: /* its subject begins with the initiator's number */
        if (event->value >> 40 < LQ_TOLD_ACTORS_MAX)
            told->actors[event->value >> 40].stalls = true;
        break;
    default:
        break;
    }
}

/* --- requests ------------------------------------------------------------------------------- */

static bool is_held(const struct lq_retelling *told, uint64_t serial)
{
    for (uint32_t i = 0; i < LQ_TOLD_HELD; i++)
        if (told->held[i] == serial)
            return true;
    return false;
}

static void on_command(struct lq_retelling *told, const struct lq_event *event)
{
    if (told->command_count == LQ_TOLD_COMMANDS_MAX)
        return;
    add(told, LQ_TOLD_COMMAND, event)->which = told->command_count;
    told->commands[told->command_count++] =
        (struct lq_told_command){.actor = event->actor,
                                 .itt = (uint32_t)event->tag,
                                 .nexus = event->nexus,
                                 .serial = event->serial,
                                 .sent_ns = event->time_ns,
                                 .heard_ns = event->time_ns,
                                 .lun = event->lun,
                                 .lba = event->lba,
                                 .expected_bytes = event->value,
                                 .nblocks = event->nblocks,
                                 .attribute = event->code,
                                 .opcode = event->detail,
                                 .flags = event->flags,
                                 .holds_data = is_held(told, event->serial)};
}

static void on_tm(struct lq_retelling *told, const struct lq_event *event)
{
    bool names = event->code == LQ_TM_ABORT_TASK || event->code == LQ_TM_QUERY_TASK;
    struct lq_told_command *command = NULL;
    if (names)
        command = by_tag(told, 0, event->actor, event->value);
    if (names && command == NULL)
        return; /* one that was never there */
    struct lq_told_action *action = add(told, LQ_TOLD_TM, event);
    action->function = event->code;
    if (command == NULL)
        return;
    command->is_named = true;
    action->which = (uint32_t)(command - told->commands);
}

static void on_received(struct lq_retelling *told, const struct lq_event *event)
{
    struct lq_told_command *command = by_tag(told, event->nexus, 0, event->tag);
    if (command != NULL && command->engine_serial == 0)
        command->engine_serial = event->serial;
}

static void on_store(struct lq_retelling *told, const struct lq_event *event)
{
    struct lq_told_command *command = by_engine_serial(told, event->serial);
    if (command == NULL)
        return;
    command->was_in_store = true;
    command->store = event->code;
    if (event->kind == LQ_S_SUBMITTED) {
        command->submitted_ns = event->time_ns;
        command->completed_ns = 0;
    } else {
        command->completed_ns = event->time_ns;
        command->error = event->stamp;
    }
}

static void on_phase(struct lq_retelling *told, const struct lq_event *event)
{
    told->phase = (enum lq_phase)event->code;
    if (told->phase == LQ_PHASE_HEAL)
        add(told, LQ_TOLD_HEAL, event);
}

static void on_event(void *context, const struct lq_event *event)
{
    struct lq_retelling *told = context;
    if (event->actor >= LQ_TOLD_ACTORS_MAX)
        return;
    switch (event->kind) {
    case LQ_W_PHASE:
        on_phase(told, event);
        break;
    case LQ_W_FAULT:
        on_fault(told, event);
        break;
    case LQ_W_LUN:
    case LQ_W_LUN_CHANGED:
        on_lun(told, event);
        break;
    case LQ_I_LOGIN:
        on_login(told, event);
        break;
    case LQ_I_LOGGED_IN:
        on_logged_in(told, event);
        break;
    case LQ_I_LOST:
        on_lost(told, event);
        break;
    case LQ_I_LOGOUT:
        told->actors[event->actor].is_leaving = true;
        if (told->phase < LQ_PHASE_HEAL) /* in the end everybody leaves */
            add(told, LQ_TOLD_LOGOUT, event);
        break;
    case LQ_I_COMMAND:
        on_command(told, event);
        break;
    case LQ_I_TM:
        on_tm(told, event);
        break;
    case LQ_E_RECEIVED:
        on_received(told, event);
        break;
    case LQ_S_SUBMITTED:
    case LQ_S_COMPLETED:
        on_store(told, event);
        break;
    default:
        break;
    }
}

/* --- PDUs ----------------------------------------------------------------------------------- */

/* Keys of a login request that scenarios can offer, and their names there. */
static const struct {
    const char *key, *setting;
    bool is_boolean;
} keys[] = {{"InitialR2T=", "initial-r2t", true},
            {"ImmediateData=", "immediate-data", true},
            {"MaxBurstLength=", "max-burst", false},
            {"FirstBurstLength=", "first-burst", false},
            {"MaxRecvDataSegmentLength=", "max-segment", false},
            {"MaxOutstandingR2T=", "max-r2t", false}};

enum { KEYS = sizeof keys / sizeof keys[0] };

static void hear_key(struct lq_told_offer *offer, const char *text)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        size_t size = strlen(keys[i].key);
        if (strncmp(text, keys[i].key, size) != 0)
            continue;
        const char *value = text + size;
        if (keys[i].is_boolean)
            value = *value == 'Y' ? "yes" : "no";
        snprintf(offer->keys[i], sizeof offer->keys[i], "%s %.12s", keys[i].setting, value);
    }
}

static void hear_login(struct lq_told_actor *actor, const struct lq_wire_reader *reader)
{
    char text[LQ_WIRE_DATA_KEPT + 1];
    memcpy(text, reader->data, reader->kept_bytes);
    text[reader->kept_bytes] = '\0';
    for (const char *at = text; at < text + reader->kept_bytes; at += strlen(at) + 1)
        hear_key(&actor->offer, at);
}

/* The target hears of what ACTOR did under the tag ITT. */
static void hear_action(struct lq_retelling *told, uint32_t actor, uint32_t itt, uint64_t time_ns)
{
    for (uint32_t i = told->action_count; i > 0; i--) {
        struct lq_told_action *action = &told->actions[i - 1];
        bool is_request = action->kind == LQ_TOLD_COMMAND || action->kind == LQ_TOLD_TM ||
                          action->kind == LQ_TOLD_LOGOUT;
        if (!is_request || action->actor != actor || action->itt != itt)
            continue;
        if (!action->is_heard)
            action->heard_ns = time_ns;
        action->is_heard = true;
        return;
    }
}

static void hear_content(struct lq_told_command *command, const struct lq_wire_reader *reader)
{
    command->content_bytes = reader->kept_bytes < LQ_TOLD_CONTENT ? reader->kept_bytes
                                                                  : LQ_TOLD_CONTENT;
    memcpy(command->content, reader->data, command->content_bytes);
}

static void hear_pdu(struct lq_retelling *told, const struct lq_tap *tap, uint32_t actor,
                     const struct lq_wire_reader *reader)
{
    const uint8_t *header = reader->header;
    uint32_t opcode = lq_wire_opcode_of(header);
    struct lq_told_command *command = by_tag(told, 0, actor, lq_wire_itt(header));
    const struct lq_event now = {.time_ns = tap->time_ns, .actor = (uint16_t)actor};
    if (opcode == LQ_WIRE_SCSI_COMMAND || opcode == LQ_WIRE_TM_REQUEST ||
        opcode == LQ_WIRE_LOGOUT_REQUEST)
        hear_action(told, actor, lq_wire_itt(header), tap->time_ns);
    if (opcode == LQ_WIRE_LOGIN_REQUEST) {
        hear_login(&told->actors[actor], reader);
    } else if (opcode == LQ_WIRE_NOP_OUT && lq_wire_itt(header) != LQ_WIRE_NO_TAG) {
        add(told, LQ_TOLD_PING, &now);
    } else if (opcode == LQ_WIRE_SCSI_COMMAND && command != NULL) {
        memcpy(command->cdb, lq_wire_cdb(header), sizeof command->cdb);
        command->has_cdb = true;
        command->heard_ns = tap->time_ns;
        command->reads = lq_wire_command_reads(header);
        command->writes = lq_wire_command_writes(header);
        command->immediate_bytes = reader->data_bytes;
        hear_content(command, reader);
    } else if (opcode == LQ_WIRE_DATA_OUT && command != NULL && command->first_data_ns == 0) {
        command->first_data_ns = tap->time_ns;
        if (command->immediate_bytes == 0)
            hear_content(command, reader);
    }
}

static bool has_text(const struct lq_tap *tap, const char *text)
{
    return memmem(tap->bytes, tap->size_bytes, text, strlen(text)) != NULL;
}

/* What the target agrees to in a login. */
static void hear_answer(struct lq_retelling *told, const struct lq_tap *tap)
{
    told->header_digest[tap->connection] |= has_text(tap, "HeaderDigest=CRC32C");
    told->data_digest[tap->connection] |= has_text(tap, "DataDigest=CRC32C");
}

static void on_tap(void *context, const struct lq_tap *tap)
{
    struct lq_retelling *told = context;
    if (tap->connection >= LQ_TOLD_CONNECTIONS_MAX)
        return;
    if (tap->direction != LQ_TO_TARGET) {
        hear_answer(told, tap);
        return;
    }
    struct lq_wire_reader **reader = &told->readers[tap->connection];
    if (*reader == NULL) {
        *reader = malloc(sizeof **reader);
        if (*reader == NULL)
            return;
        lq_wire_reader_init(*reader, &told->crc);
    }
    uint32_t actor = told->actor_of[tap->connection];
    told->last_heard_ns[tap->connection] = tap->time_ns;
    for (uint32_t at = 0; at < tap->size_bytes;) {
        bool complete = false;
        at += lq_wire_take(*reader, tap->bytes + at, tap->size_bytes - at, &complete);
        if (complete && actor != 0)
            hear_pdu(told, tap, actor, *reader);
    }
}

struct lq_history_sink lq_retelling_sink(struct lq_retelling *retelling)
{
    return (struct lq_history_sink){.event = on_event, .tap = on_tap, .context = retelling};
}
