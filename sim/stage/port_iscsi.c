/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator port of iSCSI: an initiator endpoint over one TCP connection of the network. What
 * the endpoint tells is in port_iscsi_events.c. */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "sim/stage/port_iscsi.h"
#include "sim/stage/state.h"

static void carve(struct lq_actor *actor, struct lq_arena *arena)
{
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.raw_bytes_max = 512;
    config.crc32c = actor->world->request.crc32c;
    actor->endpoint = lq_iscsi_initiator_make(arena, &config, &actor->world->env);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Initiator port format [SPC-5 7.6.4.6]. */
static uint32_t transport_id(const struct lq_actor *actor, uint8_t *id)
{
    uint32_t at = 4;
    memset(id, 0, LQ_PORT_ID_BYTES_MAX);
    id[0] = 0x45;
    for (const char *name = actor->name; *name != '\0'; name++)
        id[at++] = (uint8_t)*name;
    for (const char *separator = ",i,0x"; *separator != '\0'; separator++)
        id[at++] = (uint8_t)*separator;
    for (int shift = 44; shift >= 0; shift -= 4)
        id[at++] = (uint8_t)"0123456789abcdef"[actor->isid >> shift & 15];
    at = (at + 1 + 3) / 4 * 4; /* a NUL at least, then padding */
    lq_put_be16(id + 2, (uint16_t)(at - 4));
    return at;
}

/* Two actors may have one initiator name; their ISIDs tell them apart. */
static uint16_t target_port(const struct lq_actor *actor)
{
    return (uint16_t)(actor->port_index + 1);
}

static void take_name(struct lq_actor *actor)
{
    static const char prefix[] = "iqn.2026-11.org.lunquake:i";
    uint32_t owner = actor->number;
    if (owner == 2 && lq_actor_option(actor, LQ_OPT_SHARED_NAME) != 0)
        owner = 1;
    memcpy(actor->name, prefix, sizeof prefix);
    actor->name[sizeof prefix - 1] = (char)('0' + owner);
    actor->name[sizeof prefix] = '\0';
    actor->isid = UINT64_C(0x800000000000) | (uint64_t)actor->number << 16 | actor->names;
    actor->kept_tsih = 0;
    if (actor->world->script != NULL)
        lq_script_name(actor->world->script, actor);
    uint8_t id[LQ_PORT_ID_BYTES_MAX];
    uint32_t bytes = transport_id(actor, id);
    actor->nexus = lq_nexus_hash(id, bytes, (uint16_t)(actor->port_index + 1));
}

/* --- connect and log in --------------------------------------------------------------------- */

/* Of a run with digests (bit WHICH) most logins get one. */
static enum lq_digest_offer draw_digest(struct lq_actor *actor, uint64_t which, uint32_t site,
                                        uint64_t subject)
{
    static const uint8_t offers[] = {LQ_DIGEST_CRC32C,        LQ_DIGEST_PREFER_CRC32C,
                                     LQ_DIGEST_PREFER_CRC32C, LQ_DIGEST_CRC32C,
                                     LQ_DIGEST_PREFER_NONE,   LQ_DIGEST_NONE,
                                     LQ_DIGEST_CRC32C,        LQ_DIGEST_CRC32C};
    if ((lq_actor_option(actor, LQ_OPT_DIGESTS) & which) == 0)
        return LQ_DIGEST_NONE;
    return (enum lq_digest_offer)offers[lq_actor_choose(actor, site, subject, sizeof offers)];
}

static void make_offer(struct lq_actor *actor, struct lq_iscsi_initiator_offer *offer)
{
    static const uint32_t segments[] = {8192, 16384, 512, 4096};
    static const uint32_t bursts[] = {262144, 16384, 1024, 8192};
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    uint64_t drawn[6];
    for (uint32_t i = 0; i < 6; i++)
        drawn[i] = lq_actor_choose(actor, LQ_SITE_OFFER + i, subject, 4);
    *offer = lq_iscsi_initiator_offer_default;
    offer->max_recv_data_segment_length = segments[drawn[0]];
    offer->max_burst_length = bursts[drawn[1]];
    offer->first_burst_length = offer->max_burst_length < 65536 ? offer->max_burst_length : 65536;
    if (drawn[2] == 1)
        offer->first_burst_length = 512;
    offer->initial_r2t = drawn[3] < 2;
    offer->immediate_data = drawn[4] != 1;
    offer->max_outstanding_r2t = (uint16_t)(1 + drawn[5]);
    offer->header_digest = draw_digest(actor, 1, LQ_SITE_HEADER_DIGEST, subject);
    offer->data_digest = draw_digest(actor, 2, LQ_SITE_DATA_DIGEST, subject);
}

static void log_in(struct lq_actor *actor)
{
    uint64_t subject = lq_actor_serial(actor, actor->logins);
    bool near_wrap = lq_actor_option(actor, LQ_OPT_NEAR_WRAP) != 0;
    struct lq_iscsi_initiator_login login = {
        .initiator_name = actor->name,
        .target_name = lq_plan_target_names[actor->target],
        .isid = actor->isid,
        .first_cmd_sn = near_wrap ? UINT32_MAX - 10 : 1 + (uint32_t)actor->logins,
        .first_itt = near_wrap ? UINT32_MAX - 5 : (uint32_t)actor->logins << 8,
        .skip_security_stage = lq_actor_choose(actor, LQ_SITE_OFFER + 6, subject, 4) == 1,
        .one_key_per_pdu = lq_actor_choose(actor, LQ_SITE_OFFER + 7, subject, 8) == 1};
    make_offer(actor, &login.offer);
    /* Most speak of it: without, there are no queries and no I_T NEXUS RESET [RFC 7144]. */
    static const char level[] = "iSCSIProtocolLevel=2";
    if (!actor->is_scripted &&
        lq_actor_choose(actor, LQ_SITE_PROTOCOL_LEVEL, subject, 4) != 1) {
        login.more_keys = level;
        login.more_keys_bytes = sizeof level;
    }
    if (actor->world->script != NULL)
        lq_script_login(actor->world->script, actor, &login);
    if (actor->kept_tsih != 0) { /* the same session on a new connection [RFC 7143 6.3.4] */
        login.tsih = actor->kept_tsih;
        login.first_cmd_sn = actor->kept_cmd_sn;
        actor->kept_tsih = 0;
    }
    const char *wrong = lq_iscsi_initiator_login(actor->endpoint, &login);
    LQ_ASSERT(wrong == NULL);
}

static bool open_connection(struct lq_actor *actor)
{
    actor->connection = actor->world->network->open(actor->world, actor);
    return actor->connection != NULL;
}

static bool log_out(struct lq_actor *actor, uint64_t id)
{
    return lq_iscsi_initiator_logout(actor->endpoint, id, 0, 0, false);
}

static void lost(struct lq_actor *actor)
{
    lq_iscsi_initiator_lost(actor->endpoint);
    struct lq_iscsi_initiator_event untold;
    while (lq_iscsi_initiator_next(actor->endpoint, &untold))
        continue;
}

static bool keep_session(struct lq_actor *actor)
{
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(actor->endpoint);
    if (state.requests != 0 || state.cmd_sn != state.exp_cmd_sn)
        return false;
    actor->kept_tsih = state.tsih;
    actor->kept_cmd_sn = state.cmd_sn;
    return true;
}

/* --- the connection ------------------------------------------------------------------------- */

static void reset_connection(struct lq_actor *actor, struct lq_connection *connection)
{
    actor->world->network->reset(connection);
}

static void close_connection(struct lq_actor *actor, struct lq_connection *connection)
{
    actor->world->network->close(connection);
}

static void abandon_connection(struct lq_actor *actor, struct lq_connection *connection)
{
    actor->world->network->abandon(connection);
}

static void cut(struct lq_actor *actor)
{
    actor->world->network->cut(actor->connection);
}

static void mark(struct lq_actor *actor)
{
    actor->world->network->mark(actor->world, actor->connection);
}

/* --- bytes ---------------------------------------------------------------------------------- */

static bool take_in(struct lq_actor *actor)
{
    const struct lq_network_ops *network = actor->world->network;
    struct lq_slice slice = network->peek(actor->connection);
    if (slice.size_bytes == 0)
        return false;
    uint32_t taken = lq_iscsi_initiator_feed(actor->endpoint, slice.bytes, slice.size_bytes);
    network->take(actor->connection, taken);
    return taken > 0;
}

/* Sends what stands to be sent; what is encoded is recorded before its first byte goes. */
static bool send_out(struct lq_actor *actor, bool *is_open)
{
    enum { SLICES = 16 };
    struct lq_slice slices[SLICES];
    uint32_t count = lq_iscsi_initiator_emit(actor->endpoint, slices, SLICES);
    *is_open = lq_port_iscsi_events(actor);
    if (!*is_open)
        return false;
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t left = actor->stall_after - actor->bytes_out;
        uint32_t size = slices[i].size_bytes < left ? slices[i].size_bytes : (uint32_t)left;
        uint32_t written = size == 0 ? 0 : actor->world->network->write(actor->connection,
                                                                        slices[i].bytes, size);
        total += written;
        actor->bytes_out += written;
        if (written < slices[i].size_bytes)
            break;
    }
    if (total > 0)
        lq_iscsi_initiator_sent(actor->endpoint, total);
    if (actor->bytes_out == actor->stall_after)
        actor->state = LQ_ACTOR_STALLED;
    return total > 0;
}

static void turn(struct lq_actor *actor)
{
    bool moved = true, is_open = true;
    while (moved && actor->state != LQ_ACTOR_STALLED) {
        moved = take_in(actor);
        is_open = lq_port_iscsi_events(actor);
        if (!is_open)
            return;
        moved |= send_out(actor, &is_open);
        if (!is_open)
            return;
    }
}

/* --- requests ------------------------------------------------------------------------------- */

static bool command(struct lq_actor *actor, const struct lq_port_command *asked)
{
    const struct lq_iscsi_initiator_command request = {
        .id = asked->id,
        .lun = asked->lun,
        .cdb = asked->cdb,
        .cdb_bytes = asked->cdb_bytes,
        .attribute = asked->attribute,
        .immediate = asked->immediate,
        .read = asked->read,
        .write = asked->write,
        .expected_in_bytes = asked->expected_in_bytes,
        .expected_out_bytes = asked->expected_out_bytes,
        .out = asked->out,
        .out_bytes = asked->out_bytes,
        .in = asked->in,
        .in_bytes = asked->in_bytes,
        .immediate_bytes = asked->immediate_bytes,
        .unsolicited_bytes = asked->unsolicited_bytes,
        .segment_bytes = asked->segment_bytes,
        .hold_data_out = asked->hold_data_out};
    return lq_iscsi_initiator_command(actor->endpoint, &request);
}

static bool task_management(struct lq_actor *actor, const struct lq_port_tm *asked)
{
    const struct lq_iscsi_initiator_tm request = {.id = asked->id,
                                                  .function = asked->function,
                                                  .immediate = asked->immediate,
                                                  .lun = asked->lun,
                                                  .referenced_id = asked->referenced_id,
                                                  .referenced_tag = asked->referenced_tag,
                                                  .referenced_cmd_sn = asked->referenced_stamp};
    return lq_iscsi_initiator_tm(actor->endpoint, &request);
}

static bool ping(struct lq_actor *actor, uint64_t id, bool immediate)
{
    return lq_iscsi_initiator_ping(actor->endpoint, id, (const uint8_t *)"lunquake", 8, immediate);
}

static bool ask_targets(struct lq_actor *actor, uint64_t id, const char *what)
{
    return lq_iscsi_initiator_send_targets(actor->endpoint, id, what);
}

static void release_data(struct lq_actor *actor, uint64_t id)
{
    lq_iscsi_initiator_release_data(actor->endpoint, id);
}

static bool cancel(struct lq_actor *actor, uint64_t id)
{
    return lq_iscsi_initiator_cancel(actor->endpoint, id);
}

static bool give_up(struct lq_actor *actor, uint64_t id)
{
    return lq_iscsi_initiator_abandon(actor->endpoint, id);
}

static bool forget(struct lq_actor *actor, uint64_t id)
{
    return lq_iscsi_initiator_forget(actor->endpoint, id);
}

static void digest(const struct lq_actor *actor, struct lq_digest *digest)
{
    lq_iscsi_initiator_digest(actor->endpoint, digest);
}

const struct lq_port_ops lq_port_iscsi = {.name = "iscsi",
                                          .carve = carve,
                                          .take_name = take_name,
    .transport_id = transport_id,
    .target_port = target_port,
                                          .open = open_connection,
                                          .log_in = log_in,
                                          .log_out = log_out,
                                          .lost = lost,
                                          .keep_session = keep_session,
                                          .reset = reset_connection,
                                          .close = close_connection,
                                          .abandon = abandon_connection,
                                          .cut = cut,
                                          .mark = mark,
                                          .turn = turn,
                                          .command = command,
                                          .task_management = task_management,
                                          .ping = ping,
                                          .ask_targets = ask_targets,
                                          .release_data = release_data,
                                          .cancel = cancel,
                                          .give_up = give_up,
                                          .forget = forget,
                                          .digest = digest};
