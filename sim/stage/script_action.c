/* SPDX-License-Identifier: Apache-2.0 */
/* What an initiator does when a scenario says so: one function for each kind of action. */
#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/script_state.h"

static const uint64_t LATE_NS = 1000000000; /* of data.late that does not say how late */

static uint64_t clause(const struct lq_scn_action *action, enum lq_scn_clause which,
                       uint64_t otherwise)
{
    return lq_scn_value(&action->clauses, which, otherwise);
}

static bool has(const struct lq_scn_action *action, enum lq_scn_clause which)
{
    return lq_scn_has(&action->clauses, which);
}

static uint64_t lun_of(const struct lq_scn_action *action)
{
    return clause(action, LQ_SCN_LUN, 0) << 48;
}

/* The serial of statement PLACE's request when it begins for the TIMES-th time: what the world adds
 * by itself has places of its own (OWN_STEPS in script.c). */
static uint64_t serial_of(const struct lq_actor *actor, uint32_t place, uint32_t times)
{
    return lq_actor_serial(actor, (uint64_t)times << LQ_SCRIPT_PLACE_BITS | ((uint64_t)place + 1));
}

/* It cannot be done, and the script goes on without it. */
static bool give_up(struct lq_script *script, uint32_t place, const char *why)
{
    script->refused[place] = why;
    script->facts[place].is_dropped = true;
    return true;
}

/* --- sessions ------------------------------------------------------------------------------- */

static bool log_in(struct lq_script *script, struct lq_actor *actor, uint32_t place)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    bool discovers = action->verb == LQ_SCN_DISCOVER;
    if (actor->state == LQ_ACTOR_LOGOUT)
        return false;
    if (actor->state != LQ_ACTOR_DOWN)
        return !discovers &&
               give_up(script, place, "it never happened: there was a session, or a login under "
                                      "way; relogin replaces one");
    if (!lq_actor_connect(actor))
        return false;
    script->initiators[actor->number - 1].login_or_none = place + 1;
    actor->discovers = discovers;
    if (has(action, LQ_SCN_STALL))
        actor->stall_after = action->clauses.values[LQ_SCN_STALL];
    return true;
}

static bool ping(struct lq_actor *actor, uint64_t serial)
{
    actor->port->mark(actor);
    return actor->port->ping(actor, serial, false);
}

static bool act_on_session(struct lq_script *script, struct lq_actor *actor, uint32_t place,
                           uint64_t serial)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    bool is_up = actor->state == LQ_ACTOR_UP;
    bool has_connection = actor->connection != NULL;
    switch (action->verb) {
    case LQ_SCN_LOG_IN:
    case LQ_SCN_DISCOVER:
        return log_in(script, actor, place);
    case LQ_SCN_RELOGIN:
        if (has_connection)
            lq_actor_desert(actor);
        return log_in(script, actor, place);
    case LQ_SCN_LOG_OUT:
        if (is_up)
            lq_actor_log_out(actor, serial);
        return is_up;
    case LQ_SCN_VANISH:
    case LQ_SCN_DROP:
    case LQ_SCN_CLOSE:
        if (!has_connection)
            return give_up(script, place, "it never happened: there was no connection");
        if (action->verb == LQ_SCN_VANISH)
            lq_actor_vanish(actor);
        else if (action->verb == LQ_SCN_DROP)
            lq_actor_drop(actor);
        else
            lq_actor_close(actor);
        return true;
    default:
        return is_up && ping(actor, serial);
    }
}

/* --- commands ------------------------------------------------------------------------------- */

/* Commands without data of their own to name. */
static const struct {
    enum lq_scn_verb verb;
    uint32_t cdb_bytes, in_bytes;
    uint8_t cdb[10];
} plain[] = {{LQ_SCN_TEST_UNIT_READY, 6, 0, {0x00}},
             {LQ_SCN_INQUIRY, 6, 36, {0x12, 0, 0, 0, 36}},
             {LQ_SCN_REQUEST_SENSE, 6, 252, {0x03, 0, 0, 0, 252}},
             {LQ_SCN_SYNCHRONIZE_CACHE, 10, 0, {0x35}}};

/* READ and WRITE [SBC-4 5.15, 5.40]: of 10 bytes where the block's address allows it. */
static void build_medium(struct lq_actor_command *command, const struct lq_scn_action *action)
{
    bool writes = action->verb == LQ_SCN_WRITE;
    uint8_t flags = has(action, LQ_SCN_FUA) ? 0x08 : 0;
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    command->lba = action->clauses.values[LQ_SCN_LBA];
    command->nblocks = (uint32_t)action->clauses.values[LQ_SCN_BLOCKS];
    command->fua = flags != 0;
    command->reads_medium = !writes;
    command->writes_medium = writes;
    command->cdb[1] = flags;
    command->cdb_bytes = command->lba <= UINT32_MAX ? 10 : 16;
    lq_block_put(lq_block_form_for(writes ? LQ_EFFECT_WRITES : LQ_EFFECT_READS,
                                   command->cdb_bytes),
                 command->cdb, command->lba, command->nblocks);
    if (writes) {
        command->expected_out_bytes = command->nblocks * block_bytes;
        lq_command_fill(command);
    } else {
        command->expected_in_bytes = command->nblocks * block_bytes;
    }
}

/* CONTENT over and over. */
static void fill_with(struct lq_actor_command *command, struct lq_slice content)
{
    command->content_blocks = command->nblocks;
    command->out_bytes = command->expected_out_bytes;
    for (uint32_t i = 0; i < command->out_bytes; i++)
        command->out[i] = content.bytes[i % content.size_bytes];
}

static void build_cdb(struct lq_actor_command *command, const struct lq_scenario *scenario,
                      const struct lq_scn_action *action)
{
    struct lq_slice cdb = lq_scn_string(scenario, action->cdb);
    uint32_t size = cdb.size_bytes;
    memcpy(command->cdb, cdb.bytes, size < sizeof command->cdb ? size : sizeof command->cdb);
    command->cdb_bytes = size;
    if (size > sizeof command->cdb)
        command->long_cdb = cdb.bytes;
    command->expected_in_bytes = (uint32_t)clause(action, LQ_SCN_IN, 0);
    command->expected_out_bytes = (uint32_t)clause(action, LQ_SCN_OUT, (uint32_t)action->content);
    lq_block_tell(command);
    if (action->content != 0) {
        fill_with(command, lq_scn_string(scenario, action->content));
        lq_block_tell(command); /* UNMAP says its blocks in there */
    } else if (command->verifies) {
        command->out_bytes = command->expected_out_bytes;
        memset(command->out, 0, command->out_bytes);
    } else if (command->writes_medium && command->expected_out_bytes > 0) {
        lq_command_fill(command);
    }
}

static void build(struct lq_actor_command *command, const struct lq_scenario *scenario,
                  const struct lq_scn_action *action)
{
    command->lun = lun_of(action);
    command->attribute = has(action, LQ_SCN_ORDERED)         ? LQ_ORDERED
                         : has(action, LQ_SCN_HEAD_OF_QUEUE) ? LQ_HEAD_OF_QUEUE
                         : has(action, LQ_SCN_ACA_ATTRIBUTE) ? LQ_ACA
                                                             : LQ_SIMPLE;
    command->is_immediate = has(action, LQ_SCN_IMMEDIATE);
    command->reads_medium = command->writes_medium = command->fua = false;
    command->verifies = command->unmaps = command->repeats = false;
    command->compares = command->is_unknown = false;
    command->lba = 0;
    command->nblocks = command->content_blocks = command->out_bytes = 0;
    command->expected_in_bytes = command->expected_out_bytes = 0;
    memset(command->cdb, 0, sizeof command->cdb);
    if (action->verb == LQ_SCN_CDB) {
        build_cdb(command, scenario, action);
        return;
    }
    if (lq_script_reserves(command, action) || lq_script_sets_modes(command, action))
        return;
    for (uint32_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (plain[i].verb != (enum lq_scn_verb)action->verb)
            continue;
        memcpy(command->cdb, plain[i].cdb, sizeof plain[i].cdb);
        command->cdb_bytes = plain[i].cdb_bytes;
        command->expected_in_bytes = plain[i].in_bytes;
        return;
    }
    build_medium(command, action);
}

/* Whether its Data-Out waits: the scenario's word, or a fault's. */
static void plan_data(struct lq_actor_command *command, const struct lq_scn_action *action,
                      struct lq_port_command *request)
{
    struct lq_actor *actor = command->actor;
    struct lq_faults *faults = &actor->world->faults;
    request->immediate_bytes = request->unsolicited_bytes = LQ_PORT_ALL;
    if (command->expected_out_bytes == 0)
        return;
    bool is_withheld = has(action, LQ_SCN_WITHHELD) ||
                       lq_fault_fires(faults, LQ_FAULT_DATA_WITHHELD, command->serial,
                                      actor->connection->number);
    command->late_ns = clause(action, LQ_SCN_LATE, 0);
    if (!is_withheld && command->late_ns == 0 &&
        lq_fault_fires(faults, LQ_FAULT_DATA_LATE, command->serial, actor->connection->number)) {
        command->late_ns = lq_fault_delay(faults);
        if (command->late_ns == 0)
            command->late_ns = LATE_NS;
    }
    if (!is_withheld && command->late_ns == 0)
        return;
    request->hold_data_out = command->holds_data = true;
    request->immediate_bytes = request->unsolicited_bytes = 0;
}

static bool send_command(struct lq_actor *actor, const struct lq_scn_action *action,
                         uint64_t serial)
{
    struct lq_actor_command *command = lq_actor_slot(actor, serial);
    if (command == NULL)
        return false;
    build(command, actor->world->request.scenario, action);
    if (has(action, LQ_SCN_NACA))
        lq_command_set_naca(command);
    struct lq_port_command request = lq_actor_request_of(command);
    plan_data(command, action, &request);
    return lq_actor_hand_over(command, &request);
}

/* --- task management ------------------------------------------------------------------------ */

static uint8_t function_of(uint32_t verb)
{
    switch (verb) {
    case LQ_SCN_ABORT:
        return LQ_TM_ABORT_TASK;
    case LQ_SCN_QUERY_TASK:
        return LQ_TM_QUERY_TASK;
    case LQ_SCN_QUERY_TASK_SET:
        return LQ_TM_QUERY_TASK_SET;
    case LQ_SCN_QUERY_ASYNCHRONOUS_EVENT:
        return LQ_TM_QUERY_ASYNCHRONOUS_EVENT;
    case LQ_SCN_NEXUS_RESET:
        return LQ_TM_I_T_NEXUS_RESET;
    case LQ_SCN_ABORT_TASK_SET:
        return LQ_TM_ABORT_TASK_SET;
    case LQ_SCN_CLEAR_TASK_SET:
        return LQ_TM_CLEAR_TASK_SET;
    case LQ_SCN_CLEAR_ACA:
        return LQ_TM_CLEAR_ACA;
    case LQ_SCN_LUN_RESET:
        return LQ_TM_LOGICAL_UNIT_RESET;
    case LQ_SCN_WARM_RESET:
        return LQ_TM_TARGET_WARM_RESET;
    default:
        LQ_ASSERT(verb == LQ_SCN_COLD_RESET);
        return LQ_TM_TARGET_COLD_RESET;
    }
}

static bool ask(struct lq_script *script, struct lq_actor *actor, uint32_t place, uint64_t serial)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    uint8_t function = function_of(action->verb);
    if (function != LQ_TM_ABORT_TASK && function != LQ_TM_QUERY_TASK)
        return lq_actor_begin_function(actor, serial, function, lun_of(action), NULL,
                                       LQ_PORT_NO_TAG, 0);
    const struct lq_scn_action *subject = &script->scenario->statements[action->subject].action;
    const struct lq_script_fact *fact = &script->facts[action->subject];
    struct lq_actor_command *command = lq_actor_command_of(actor, fact->serial);
    if (command != NULL && command->place == LQ_COMMAND_QUEUED)
        return false;
    if (fact->sent.seq == 0)
        return fact->is_dropped &&
               give_up(script, place, "it never happened: its command was never sent");
    if (command != NULL && command->place != LQ_COMMAND_SENT)
        command = NULL;
    if (command == NULL && actor->port == &lq_port_fcp)
        return give_up(script, place, "it never happened: its command had ended, and FCP aborts "
                                      "exchanges that are open");
    return lq_actor_begin_function(actor, serial, function, lun_of(subject), command, fact->itt,
                                   fact->cmd_sn);
}

bool lq_script_act(struct lq_script *script, struct lq_actor *actor, uint32_t place)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    struct lq_script_fact *fact = &script->facts[place];
    uint64_t serial = serial_of(actor, place, fact->times);
    if (action->verb <= LQ_SCN_PING)
        return act_on_session(script, actor, place, serial);
    if (actor->state != LQ_ACTOR_UP)
        return false;
    *fact = (struct lq_script_fact){.times = fact->times, .serial = serial,
                                    .nexus = actor->nexus};
    bool is_begun = action->verb == LQ_SCN_RAW   ? lq_script_send_raw(script, actor, place, serial)
                    : action->verb <= LQ_SCN_CDB ? send_command(actor, action, serial)
                                                 : ask(script, actor, place, serial);
    if (is_begun)
        actor->port->mark(actor);
    return is_begun;
}
