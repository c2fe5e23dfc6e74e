/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reservations of initiators that work by themselves: each has a key of its own, and now and then
 * uses one that all share, another's or none; and it mostly keeps to one type for a logical unit,
 * so that what is drawn at random often fits what others did before.
 */
#include <string.h>

#include "core/base/bytes.h"
#include "sim/stage/port.h"
#include "sim/stage/state.h"

enum { PERSISTENT_IN = 0x5e, PERSISTENT_OUT = 0x5f, BASIC_LIST_BYTES = 24, SHARED_KEY = 0x5a5a };

/* Service actions of PERSISTENT RESERVE OUT [SPC-4 t174]. */
enum {
    REGISTER,
    RESERVE,
    RELEASE,
    CLEAR,
    PREEMPT,
    PREEMPT_AND_ABORT,
    REGISTER_AND_IGNORE,
    REGISTER_AND_MOVE
};

/* What is asked, as often as it stands here. */
static const struct ask {
    uint8_t opcode, action;
} asks[] = {
    {PERSISTENT_OUT, REGISTER_AND_IGNORE}, {PERSISTENT_OUT, REGISTER_AND_IGNORE},
    {PERSISTENT_OUT, REGISTER_AND_IGNORE}, {PERSISTENT_OUT, REGISTER_AND_IGNORE},
    {PERSISTENT_OUT, REGISTER_AND_IGNORE}, {PERSISTENT_OUT, REGISTER_AND_IGNORE},
    {PERSISTENT_OUT, REGISTER},            {PERSISTENT_OUT, REGISTER},
    {PERSISTENT_OUT, REGISTER},            {PERSISTENT_OUT, REGISTER},
    {PERSISTENT_OUT, RESERVE},             {PERSISTENT_OUT, RESERVE},
    {PERSISTENT_OUT, RESERVE},             {PERSISTENT_OUT, RESERVE},
    {PERSISTENT_OUT, RELEASE},             {PERSISTENT_OUT, RELEASE},
    {PERSISTENT_OUT, RELEASE},             {PERSISTENT_OUT, CLEAR},
    {PERSISTENT_OUT, PREEMPT},             {PERSISTENT_OUT, PREEMPT},
    {PERSISTENT_OUT, PREEMPT_AND_ABORT},   {PERSISTENT_OUT, PREEMPT_AND_ABORT},
    {PERSISTENT_OUT, PREEMPT_AND_ABORT},   {PERSISTENT_OUT, REGISTER_AND_MOVE},
    {PERSISTENT_IN, 0x00},                 {PERSISTENT_IN, 0x00},
    {PERSISTENT_IN, 0x01},                 {PERSISTENT_IN, 0x01},
    {PERSISTENT_IN, 0x02},                 {PERSISTENT_IN, 0x03},
};

static uint64_t choose(struct lq_actor_command *command, enum lq_actor_site site, uint64_t n)
{
    return lq_actor_choose(command->actor, (uint32_t)site, command->serial, n);
}

/* Another actor of the world, or itself where there is none. */
static const struct lq_actor *other_actor(struct lq_actor_command *command)
{
    const struct lq_world *world = command->actor->world;
    return &world->actors[choose(command, LQ_SITE_RESERVE_OTHER, world->actor_count)];
}

static uint64_t key_of(const struct lq_actor *actor)
{
    return UINT64_C(0x4c51000000000000) | actor->number;
}

/* Of 16: ZERO times 0, OTHERS times another's, once the key that all share, else its own. */
static uint64_t draw_key(struct lq_actor_command *command, enum lq_actor_site site, uint64_t zero,
                         uint64_t others)
{
    uint64_t drawn = choose(command, site, 16);
    if (drawn < zero)
        return 0;
    if (drawn < zero + others)
        return key_of(other_actor(command));
    return drawn == 15 ? SHARED_KEY : key_of(command->actor);
}

static uint8_t draw_type(struct lq_actor_command *command)
{
    static const uint8_t types[] = {1, 3, 5, 6, 7, 8};
    uint64_t drawn = choose(command, LQ_SITE_RESERVE_TYPE, 16);
    if (drawn == 15)
        return 2; /* none that there is */
    if (drawn >= 12)
        return types[choose(command, LQ_SITE_RESERVE_TYPE, sizeof types)];
    return types[lq_actor_choose(command->actor, LQ_SITE_RESERVE_TYPE, command->lun, sizeof types)];
}

/* REGISTER AND MOVE: to whom [SPC-4 6.16.4]. */
static uint32_t put_move(struct lq_actor_command *command, uint8_t *list)
{
    const struct lq_actor *to = other_actor(command);
    uint8_t id[LQ_PORT_ID_BYTES_MAX];
    uint32_t bytes = to->port->transport_id(to, id);
    list[17] = choose(command, LQ_SITE_RESERVE_TYPE, 2) == 1 ? 0x02 : 0; /* UNREG */
    lq_put_be16(list + 18, to->port->target_port(to));
    lq_put_be32(list + 20, bytes);
    memcpy(list + BASIC_LIST_BYTES, id, bytes);
    return BASIC_LIST_BYTES + bytes;
}

/* REGISTER with SPEC_I_PT: who else. */
static uint32_t put_port(struct lq_actor_command *command, uint8_t *list)
{
    uint8_t id[LQ_PORT_ID_BYTES_MAX];
    const struct lq_actor *other = other_actor(command);
    uint32_t bytes = other->port->transport_id(other, id);
    list[20] = 0x08;
    lq_put_be32(list + BASIC_LIST_BYTES, bytes);
    memcpy(list + BASIC_LIST_BYTES + 4, id, bytes);
    return BASIC_LIST_BYTES + 4 + bytes;
}

/* Whoever registers may ask that all registrations persist through power loss. */
static void put_aptpl(struct lq_actor_command *command, uint8_t action, uint8_t *list)
{
    bool registers = action == REGISTER || action == REGISTER_AND_IGNORE ||
                     action == REGISTER_AND_MOVE;
    if (registers && choose(command, LQ_SITE_RESERVE_APTPL, 16) <
                         lq_actor_option(command->actor, LQ_OPT_APTPL))
        list[action == REGISTER_AND_MOVE ? 17 : 20] |= 0x01;
}

static uint64_t service_key(struct lq_actor_command *command, uint8_t action)
{
    if (action == REGISTER || action == REGISTER_AND_IGNORE)
        return draw_key(command, LQ_SITE_RESERVE_SERVICE_KEY, 4, 0);
    if (action == REGISTER_AND_MOVE)
        return key_of(other_actor(command));
    return draw_key(command, LQ_SITE_RESERVE_SERVICE_KEY, 4, 9);
}

static void generate_out(struct lq_actor_command *command, uint8_t action)
{
    uint8_t *list = command->out;
    uint32_t bytes = BASIC_LIST_BYTES;
    memset(list, 0, BASIC_LIST_BYTES + 4 + LQ_PORT_ID_BYTES_MAX);
    lq_put_be64(list, draw_key(command, LQ_SITE_RESERVE_KEY, action == REGISTER ? 8 : 1, 0));
    lq_put_be64(list + 8, service_key(command, action));
    if (action == REGISTER_AND_MOVE)
        bytes = put_move(command, list);
    else if (action == REGISTER && choose(command, LQ_SITE_RESERVE_TYPE, 4) == 3)
        bytes = put_port(command, list);
    put_aptpl(command, action, list);
    command->cdb[0] = PERSISTENT_OUT;
    command->cdb[1] = action;
    command->cdb[2] = draw_type(command);
    lq_put_be32(command->cdb + 5, bytes);
    command->cdb_bytes = 10;
    command->expected_out_bytes = command->out_bytes = bytes;
}

static void generate_in(struct lq_actor_command *command, uint8_t action)
{
    static const uint16_t lengths[] = {512, 512, 512, 24, 8};
    uint16_t bytes = lengths[choose(command, LQ_SITE_RESERVE_TYPE, 5)];
    command->cdb[0] = PERSISTENT_IN;
    command->cdb[1] = action;
    lq_put_be16(command->cdb + 7, bytes);
    command->cdb_bytes = 10;
    command->expected_in_bytes = bytes;
}

static void generate_reserve(struct lq_actor_command *command)
{
    static const uint8_t codes[] = {0x16, 0x17, 0x56, 0x57};
    uint8_t code = codes[choose(command, LQ_SITE_RESERVE_ACTION, sizeof codes)];
    command->cdb[0] = code;
    command->cdb_bytes = code < 0x20 ? 6 : 10;
}

bool lq_command_reserves(struct lq_actor_command *command)
{
    uint64_t persistent = lq_actor_option(command->actor, LQ_OPT_RESERVATIONS);
    uint64_t reserves = lq_actor_option(command->actor, LQ_OPT_RESERVES);
    if (persistent + reserves == 0)
        return false;
    uint64_t drawn = choose(command, LQ_SITE_RESERVES, 64);
    if (drawn < reserves) {
        generate_reserve(command);
        return true;
    }
    if (drawn - reserves >= persistent)
        return false;
    const struct ask *ask =
        &asks[choose(command, LQ_SITE_RESERVE_ACTION, sizeof asks / sizeof asks[0])];
    if (ask->opcode == PERSISTENT_OUT)
        generate_out(command, ask->action);
    else
        generate_in(command, ask->action);
    return true;
}
