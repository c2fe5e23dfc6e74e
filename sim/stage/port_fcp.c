/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initiator port of FCP. A session is a process login with the target's N_Port, which the
 * directory server knows by name; the address comes from the fabric and stays from one session to
 * the next. What the endpoints tell is in port_fcp_events.c.
 */
#include "sim/stage/port_fcp.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/heap.h"
#include "sim/stage/port_fcp_events.h"
#include "sim/stage/state.h"

enum { HIDDEN = 1 }; /* the id of a logout that nobody waits for */

static void deadline_fires(struct lq_timer *timer);

/* --- names ---------------------------------------------------------------------------------- */

static uint64_t port_name_of(uint32_t number)
{
    return UINT64_C(0x2000024c51010000) | number;
}

static void carve(struct lq_actor *actor, struct lq_arena *arena)
{
    struct lq_world *world = actor->world;
    const struct lq_fc_target_config *target = &world->plan.frames.fc;
    uint32_t number = (uint32_t)(actor - world->actors) + 1;
    bool near_wrap = world->plan.options[LQ_OPT_NEAR_WRAP] != 0;
    struct lq_fc_initiator_config config = lq_fc_initiator_config_default;
    struct lq_enode_config enode = lq_enode_config_default;
    config.port_name = port_name_of(number);
    config.node_name = UINT64_C(0x1000024c51010000) | number;
    config.e_d_tov_ns = target->e_d_tov_ns;
    config.r_a_tov_ns = target->r_a_tov_ns;
    config.rec_tov_ns = 2 * target->e_d_tov_ns;
    if (near_wrap)
        config.first_ox_id = UINT16_MAX - 20;
    enode.mac = UINT64_C(0x024c51010000) | number;
    enode.select_ns = world->plan.fcf_select_ns;
    enode.node_name = config.node_name;
    enode.port_names[0] = config.port_name;
    actor->fcp.port_name = config.port_name;
    actor->fcp.initiator = lq_fc_initiator_make(arena, &config, &world->env);
    actor->fcp.enode = lq_enode_make(arena, &enode, &world->env);
}

/* That of an N_Port [SPC-5 7.6.4.2]. */
static uint32_t transport_id(const struct lq_actor *actor, uint8_t *id)
{
    enum { ID_BYTES = 24, NAME = 8 };
    memset(id, 0, ID_BYTES);
    lq_put_be64(id + NAME, actor->fcp.port_name);
    return ID_BYTES;
}

static uint16_t target_port(const struct lq_actor *actor)
{
    return lq_plan_fcp_port(actor->port_index);
}

static void take_name(struct lq_actor *actor)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    uint8_t id[LQ_PORT_ID_BYTES_MAX];
    uint32_t bytes = transport_id(actor, id);
    actor->isid = fcp->port_name;
    actor->nexus = lq_nexus_hash(id, bytes, target_port(actor));
    if (actor->names != 0) /* there is but one name */
        return;
    fcp->link = (struct lq_connection){NULL, 0};
    fcp->deadline = (struct lq_timer){.fire = deadline_fires};
    fcp->deadline_ns = LQ_NEVER;
    fcp->found_fc_id = 0;
    fcp->untold_count = 0;
    fcp->wants_login = fcp->is_marked = false;
}

/* --- sessions ------------------------------------------------------------------------------- */

static bool open_link(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    actor->fcp.link = (struct lq_connection){actor, ++world->connection_numbers};
    actor->connection = &actor->fcp.link;
    world->ethernet->set_carrier(world, actor, true);
    world->ethernet->mark(world, actor);
    return true;
}

static void log_in(struct lq_actor *actor)
{
    actor->fcp.wants_login = true;
    actor->fcp.found_fc_id = 0;
}

/* ID has gone out in exchange OX_ID; its actor will know by the next turn. */
static void tell_later(struct lq_actor *actor, uint64_t id, uint16_t ox_id)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    LQ_ASSERT(fcp->untold_count < LQ_PORT_FCP_UNTOLD_MAX);
    fcp->untold[fcp->untold_count].id = id;
    fcp->untold[fcp->untold_count++].ox_id = ox_id;
    actor->world->ethernet->mark(actor->world, actor);
}

static bool log_out(struct lq_actor *actor, uint64_t id)
{
    bool process_only = (id & 1) != 0;
    if (!lq_fc_initiator_logout(actor->fcp.initiator, id, process_only))
        return false;
    tell_later(actor, id, LQ_FC_ID_UNASSIGNED);
    return true;
}

static void lost(struct lq_actor *actor)
{
    struct lq_fc_initiator_event untold;
    actor->fcp.wants_login = false;
    actor->fcp.untold_count = 0;
    while (lq_fc_initiator_next(actor->fcp.initiator, &untold))
        continue;
}

/* The N_Port knows nothing of its peers any more, and keeps its address. */
static void forget_peers(struct lq_actor *actor)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    uint32_t fc_id = lq_enode_address(fcp->enode, 0);
    uint32_t data_bytes = fcp->data_bytes_max;
    lq_fc_initiator_detach(fcp->initiator);
    lost(actor);
    if (fc_id != 0)
        lq_fc_initiator_attach(fcp->initiator, fc_id, data_bytes);
}

static void mark(struct lq_actor *actor)
{
    actor->world->ethernet->mark(actor->world, actor);
}

static void reset(struct lq_actor *actor, struct lq_connection *connection)
{
    (void)connection;
    if (!lq_fc_initiator_logout(actor->fcp.initiator, HIDDEN, false))
        forget_peers(actor);
    mark(actor);
}

static void close_link(struct lq_actor *actor, struct lq_connection *connection)
{
    (void)actor, (void)connection; /* the logout has been answered */
}

static void abandon(struct lq_actor *actor, struct lq_connection *connection)
{
    (void)connection;
    forget_peers(actor);
    mark(actor);
}

static void cut(struct lq_actor *actor)
{
    actor->world->ethernet->set_carrier(actor->world, actor, false);
}

/* --- requests ------------------------------------------------------------------------------- */

static bool command(struct lq_actor *actor, const struct lq_port_command *asked)
{
    const struct lq_fc_initiator_command request = {
        .id = asked->id,
        .lun = asked->lun,
        .cdb = asked->cdb,
        .cdb_bytes = asked->cdb_bytes,
        .attribute = asked->attribute,
        .read = asked->read,
        .write = asked->write,
        .expected_in_bytes = asked->expected_in_bytes,
        .expected_out_bytes = asked->expected_out_bytes,
        .out = asked->out,
        .out_bytes = asked->out_bytes,
        .in = asked->in,
        .in_bytes = asked->in_bytes,
        .hold_data_out = asked->hold_data_out};
    return lq_fc_initiator_command(actor->fcp.initiator, &request);
}

static bool task_management(struct lq_actor *actor, const struct lq_port_tm *asked)
{
    struct lq_fc_initiator *initiator = actor->fcp.initiator;
    if (asked->function != LQ_TM_ABORT_TASK)
        return lq_fc_initiator_tm(initiator, asked->id, (enum lq_tm_function)asked->function,
                                  asked->lun);
    if (asked->referenced_id == 0)
        return false;
    uint16_t ox_id = lq_fc_initiator_look(initiator, asked->referenced_id).ox_id;
    if (!lq_fc_initiator_abort(initiator, asked->id, asked->referenced_id))
        return false;
    tell_later(actor, asked->id, ox_id);
    return true;
}

static bool ping(struct lq_actor *actor, uint64_t id, bool immediate)
{
    (void)immediate;
    return lq_fc_initiator_echo(actor->fcp.initiator, id, (const uint8_t *)"lunquake", 8);
}

static void release_data(struct lq_actor *actor, uint64_t id)
{
    lq_fc_initiator_release_data(actor->fcp.initiator, id);
}

static bool cancel(struct lq_actor *actor, uint64_t id)
{
    return lq_fc_initiator_cancel(actor->fcp.initiator, id);
}

/* The exchange is aborted; memory is free at once. */
static bool forget(struct lq_actor *actor, uint64_t id)
{
    lq_fc_initiator_abandon(actor->fcp.initiator, id);
    return false;
}

/* --- frames --------------------------------------------------------------------------------- */

void lq_port_fcp_frame(struct lq_actor *actor, const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fc_frame frame;
    if (lq_enode_feed(actor->fcp.enode, bytes, size_bytes, &frame) == 0)
        lq_fc_initiator_feed(actor->fcp.initiator, &frame);
    mark(actor);
}

void lq_port_fcp_carrier(struct lq_actor *actor, bool is_up)
{
    lq_enode_link(actor->fcp.enode, is_up);
    mark(actor);
}

static bool send_fip(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    struct lq_slice fip = lq_enode_emit(actor->fcp.enode);
    if (fip.size_bytes == 0)
        return false;
    uint8_t bytes[LQ_FCOE_BYTES_MAX];
    LQ_ASSERT(fip.size_bytes <= sizeof bytes);
    memcpy(bytes, fip.bytes, fip.size_bytes);
    lq_enode_sent(actor->fcp.enode); /* before: the link may go down when it sends */
    world->ethernet->send(world, actor, bytes, fip.size_bytes);
    return true;
}

static bool send_fc(struct lq_actor *actor)
{
    struct lq_world *world = actor->world;
    struct lq_port_fcp *fcp = &actor->fcp;
    uint8_t bytes[LQ_FCOE_BYTES_MAX];
    struct lq_fc_frame frame;
    struct lq_fcoe_ends ends;
    if (!lq_fc_initiator_emit(fcp->initiator, &frame))
        return false;
    uint32_t at = 0;
    if (lq_enode_encapsulate(fcp->enode, 0, &frame, &ends)) {
        at = ends.head_bytes;
        memcpy(bytes, ends.head, at);
        if (frame.payload_bytes > 0)
            memcpy(bytes + at, frame.payload, frame.payload_bytes);
        at += frame.payload_bytes;
        memcpy(bytes + at, ends.tail, ends.tail_bytes);
        at += ends.tail_bytes;
    }
    lq_fc_initiator_sent(fcp->initiator);
    if (at > 0)
        world->ethernet->send(world, actor, bytes, at);
    return true;
}

static void deadline_fires(struct lq_timer *timer)
{
    struct lq_actor *actor = LQ_ELEMENT(timer, struct lq_actor, fcp.deadline);
    struct lq_port_fcp *fcp = &actor->fcp;
    uint64_t now_ns = actor->world->env.now_ns;
    fcp->deadline_ns = LQ_NEVER;
    if (lq_enode_deadline(fcp->enode) <= now_ns)
        lq_enode_expire(fcp->enode);
    if (lq_fc_initiator_deadline(fcp->initiator) <= now_ns)
        lq_fc_initiator_expire(fcp->initiator);
    mark(actor);
}

static void watch(struct lq_actor *actor)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    uint64_t enode = lq_enode_deadline(fcp->enode);
    uint64_t deadline_ns = lq_fc_initiator_deadline(fcp->initiator);
    if (enode < deadline_ns)
        deadline_ns = enode;
    if (deadline_ns == fcp->deadline_ns)
        return;
    fcp->deadline_ns = deadline_ns;
    if (deadline_ns < actor->world->env.now_ns)
        deadline_ns = actor->world->env.now_ns;
    lq_queue_at(&actor->world->queue, &fcp->deadline, deadline_ns, deadline_fires);
}

/* What an actor waits for to log in may have come. */
static bool advance_login(struct lq_actor *actor)
{
    struct lq_port_fcp *fcp = &actor->fcp;
    struct lq_fc_initiator_state state = lq_fc_initiator_state(fcp->initiator);
    if (actor->connection == NULL || !state.attached)
        return false;
    if (actor->state == LQ_ACTOR_CONNECTING) {
        lq_actor_connected(actor);
        return true;
    }
    if (!fcp->wants_login || state.discovering || state.logging_in)
        return false;
    if (fcp->found_fc_id == 0)
        return lq_fc_initiator_discover(fcp->initiator);
    const struct lq_fc_initiator_login login = {.fc_id = fcp->found_fc_id};
    fcp->wants_login = !lq_fc_initiator_login(fcp->initiator, &login);
    return !fcp->wants_login;
}

static void turn(struct lq_actor *actor)
{
    const struct lq_frame_network_ops *ethernet = actor->world->ethernet;
    bool moved = true;
    while (moved) {
        moved = lq_port_fcp_events(actor);
        moved |= advance_login(actor);
        if (actor->state == LQ_ACTOR_STALLED || !ethernet->has_room(actor->world, actor))
            break;
        moved |= send_fip(actor) || send_fc(actor);
    }
    watch(actor);
}

static void digest(const struct lq_actor *actor, struct lq_digest *digest)
{
    lq_fc_initiator_digest(actor->fcp.initiator, digest);
    lq_enode_digest(actor->fcp.enode, digest);
}

const struct lq_port_ops lq_port_fcp = {.name = "fcp",
                                        .carve = carve,
                                        .transport_id = transport_id,
                                        .target_port = target_port,
                                        .take_name = take_name,
                                        .open = open_link,
                                        .log_in = log_in,
                                        .log_out = log_out,
                                        .lost = lost,
                                        .reset = reset,
                                        .close = close_link,
                                        .abandon = abandon,
                                        .cut = cut,
                                        .mark = mark,
                                        .turn = turn,
                                        .command = command,
                                        .task_management = task_management,
                                        .ping = ping,
                                        .release_data = release_data,
                                        .cancel = cancel,
                                        .give_up = forget,
                                        .forget = forget,
                                        .digest = digest};
