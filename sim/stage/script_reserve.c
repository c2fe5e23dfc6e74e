/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's reservations: what each verb sends [SPC-4 6.15, 6.16; SPC-2 7.16, 7.21]. */
#include <string.h>

#include "core/base/bytes.h"
#include "sim/stage/port.h"
#include "sim/stage/script_state.h"

enum { BASIC_LIST_BYTES = 24, SPEC_I_PT = 0x08, APTPL = 0x01, READ_BYTES = 1024 };

static const struct row {
    enum lq_scn_verb verb;
    uint8_t opcode, action;
} rows[] = {
    {LQ_SCN_RESERVE, 0x16, 0},
    {LQ_SCN_RELEASE, 0x17, 0},
    {LQ_SCN_READ_KEYS, 0x5e, 0x00},
    {LQ_SCN_READ_RESERVATION, 0x5e, 0x01},
    {LQ_SCN_REGISTER, 0x5f, 0x00},
    {LQ_SCN_PERSISTENT_RESERVE, 0x5f, 0x01},
    {LQ_SCN_PERSISTENT_RELEASE, 0x5f, 0x02},
    {LQ_SCN_CLEAR, 0x5f, 0x03},
    {LQ_SCN_PREEMPT, 0x5f, 0x04},
    {LQ_SCN_PREEMPT_AND_ABORT, 0x5f, 0x05},
    {LQ_SCN_REGISTER_AND_IGNORE, 0x5f, 0x06},
    {LQ_SCN_REGISTER_AND_MOVE, 0x5f, 0x07},
};

static uint64_t value(const struct lq_scn_action *action, enum lq_scn_clause which)
{
    return lq_scn_value(&action->clauses, which, 0);
}

/* Who else: by REGISTER with SPEC_I_PT, or to whom REGISTER AND MOVE moves. */
static uint32_t put_other(const struct lq_actor_command *command,
                          const struct lq_scn_action *action, uint8_t *list)
{
    const struct lq_actor *other =
        &command->actor->world->actors[value(action, LQ_SCN_TO)];
    bool moves = action->verb == LQ_SCN_REGISTER_AND_MOVE;
    uint8_t id[LQ_PORT_ID_BYTES_MAX];
    uint32_t bytes = other->port->transport_id(other, id);
    uint32_t at = moves ? BASIC_LIST_BYTES : BASIC_LIST_BYTES + 4;
    if (moves)
        lq_put_be16(list + 18, other->port->target_port(other));
    else
        list[20] = SPEC_I_PT;
    lq_put_be32(list + at - 4, bytes);
    memcpy(list + at, id, bytes);
    return at + bytes;
}

static void build_out(struct lq_actor_command *command, const struct lq_scn_action *action)
{
    uint8_t *list = command->out;
    uint32_t bytes = BASIC_LIST_BYTES;
    memset(list, 0, BASIC_LIST_BYTES + 4);
    lq_put_be64(list, value(action, LQ_SCN_KEY));
    lq_put_be64(list + 8, value(action, LQ_SCN_NEW_KEY));
    if (lq_scn_has(&action->clauses, LQ_SCN_TO))
        bytes = put_other(command, action, list);
    if (lq_scn_has(&action->clauses, LQ_SCN_APTPL)) /* in both forms of the list it is bit 0 */
        list[action->verb == LQ_SCN_REGISTER_AND_MOVE ? 17 : 20] |= APTPL;
    command->cdb[2] = (uint8_t)value(action, LQ_SCN_TYPE);
    lq_put_be32(command->cdb + 5, bytes);
    command->expected_out_bytes = command->out_bytes = bytes;
}

bool lq_script_reserves(struct lq_actor_command *command, const struct lq_scn_action *action)
{
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].verb != (enum lq_scn_verb)action->verb)
            continue;
        command->cdb[0] = rows[i].opcode;
        command->cdb[1] = rows[i].action;
        command->cdb_bytes = rows[i].opcode < 0x20 ? 6 : 10;
        if (rows[i].opcode == 0x5f)
            build_out(command, action);
        if (rows[i].opcode == 0x5e) {
            lq_put_be16(command->cdb + 7, READ_BYTES);
            command->expected_in_bytes = READ_BYTES;
        }
        return true;
    }
    return false;
}
