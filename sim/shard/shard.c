/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one table from input kind to a small function; one row per connection that ties the
 * endpoint's handle to the world's number, for records. Nothing is scanned per input: what has to
 * be sent is the endpoint's ready list, what has to happen is the earlier of two deadlines.
 *
 * Taps come before their consequences: bytes are tapped before they are fed, so that a judge meets
 * the command before the engine's records of it, and sent bytes before their release.
 */
#include "sim/shard/shard.h"

#include <string.h>

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "proto/fcoe/fields.h"
#include "proto/iscsi/fields.h"

enum { TAP_SLICES = 64 };

const struct lq_pdu_table *const lq_shard_pdus[] = {&lq_iscsi_pdu_table, &lq_fcoe_pdu_table, NULL};

struct connection {
    bool is_open;
    uint32_t generation; /* of the endpoint's handle */
    uint32_t number;     /* the world's */
    uint32_t actor;
    uint32_t tapped_ahead; /* bytes tapped when they were offered but not taken; they come again */
};

struct lq_shard {
    struct lq_env *env;
    struct lq_engine *engine;
    struct lq_iscsi_target *iscsi;
    struct connection *connections; /* by the handle's index */
    uint32_t connection_count;
    struct lq_fc_target *fc; /* NULL: there is no frame device */
    struct lq_fcoe_station *station;
    uint8_t *frame; /* for taps: the emitted one in one piece */
};

struct frame_device {
    struct lq_fc_target *fc;
    struct lq_fcoe_station *station;
    uint8_t *frame;
};

static struct frame_device make_frames(struct lq_arena *arena, const struct lq_shard_frames *frames,
                                       struct lq_env *env, struct lq_engine *engine)
{
    struct frame_device device = {NULL, NULL, NULL};
    if (frames == NULL)
        return device;
    struct lq_fcoe_station_config station = frames->station;
    station.port_count = frames->fc.port_count;
    station.ports = frames->fc.ports;
    device.fc = lq_fc_target_make(arena, &frames->fc, env, engine);
    device.station = lq_fcoe_station_make(arena, &station, env, device.fc);
    device.frame = lq_arena_take(arena, LQ_FCOE_BYTES_MAX, 1, false);
    return device;
}

struct lq_shard *lq_shard_make(struct lq_arena *arena, const struct lq_shard_config *config,
                               struct lq_env *env)
{
    struct lq_iscsi_config iscsi = config->iscsi;
    iscsi.limits = config->engine.limits;
    struct lq_shard *shard = lq_arena_take(arena, 1, sizeof *shard, true);
    struct connection *connections = lq_arena_take(arena, iscsi.limits.connections,
                                                   sizeof *connections, true);
    struct lq_engine *engine = lq_engine_make(arena, &config->engine, env);
    struct lq_iscsi_target *target = lq_iscsi_target_make(arena, &iscsi, env, engine);
    struct frame_device device = make_frames(arena, config->frames, env, engine);
    if (shard == NULL)
        return NULL;
    shard->env = env;
    shard->engine = engine;
    shard->iscsi = target;
    shard->connections = connections;
    shard->connection_count = iscsi.limits.connections;
    shard->fc = device.fc;
    shard->station = device.station;
    shard->frame = device.frame;
    return shard;
}

struct lq_engine *lq_shard_engine(struct lq_shard *shard)
{
    return shard->engine;
}

struct lq_iscsi_target *lq_shard_iscsi(struct lq_shard *shard)
{
    return shard->iscsi;
}

struct lq_fc_target *lq_shard_fc(struct lq_shard *shard)
{
    return shard->fc;
}

struct lq_fcoe_station *lq_shard_station(struct lq_shard *shard)
{
    return shard->station;
}

static struct connection *connection_of(struct lq_shard *shard, lq_handle handle)
{
    LQ_ASSERT(handle.index < shard->connection_count);
    struct connection *connection = &shard->connections[handle.index];
    LQ_ASSERT(connection->is_open && connection->generation == handle.generation);
    return connection;
}

static void record(struct lq_shard *shard, const struct connection *connection, uint16_t kind,
                   uint32_t code)
{
    lq_history_add(shard->env->history, &(struct lq_event){.time_ns = shard->env->now_ns,
                                                          .kind = kind,
                                                          .actor = (uint16_t)connection->actor,
                                                          .connection = connection->number,
                                                          .code = code});
}

/* --- inputs, one function each ------------------------------------------------------------ */

static void input_accept(struct lq_shard *shard, const struct lq_input *input,
                         struct lq_input_result *result)
{
    lq_handle handle = lq_iscsi_accept(shard->iscsi, input->portal, input->text);
    result->connection = handle;
    if (lq_handle_is_none(handle))
        return;
    LQ_ASSERT(handle.index < shard->connection_count);
    struct connection *connection = &shard->connections[handle.index];
    LQ_ASSERT(!connection->is_open);
    *connection = (struct connection){.is_open = true,
                                      .generation = handle.generation,
                                      .number = input->number,
                                      .actor = input->actor};
    record(shard, connection, LQ_W_ACCEPT, 0);
}

static void input_bytes(struct lq_shard *shard, const struct lq_input *input,
                        struct lq_input_result *result)
{
    struct connection *connection = connection_of(shard, input->connection);
    uint32_t size_bytes = input->size_bytes;
    uint32_t known = connection->tapped_ahead < size_bytes ? connection->tapped_ahead : size_bytes;
    if (known < size_bytes)
        lq_history_tap(shard->env->history, shard->env->now_ns, connection->number, LQ_TO_TARGET,
                       input->bytes + known, size_bytes - known);
    uint32_t tapped = connection->tapped_ahead > size_bytes ? connection->tapped_ahead : size_bytes;
    result->taken_bytes = lq_iscsi_feed(shard->iscsi, input->connection, input->bytes, size_bytes);
    LQ_ASSERT(result->taken_bytes <= size_bytes);
    connection->tapped_ahead = tapped - result->taken_bytes;
}

/* Taps the first SIZE_BYTES of what stands to be sent, as far as TAP_SLICES slices reach. */
static uint32_t tap_emitted(struct lq_shard *shard, const struct lq_input *input,
                            uint32_t size_bytes)
{
    struct connection *connection = connection_of(shard, input->connection);
    struct lq_slice slices[TAP_SLICES];
    enum lq_emit_end end;
    uint32_t count = lq_iscsi_emit(shard->iscsi, input->connection, slices, TAP_SLICES, &end);
    uint32_t tapped = 0;
    for (uint32_t i = 0; i < count && tapped < size_bytes; i++) {
        uint32_t left = size_bytes - tapped;
        uint32_t piece = slices[i].size_bytes < left ? slices[i].size_bytes : left;
        lq_history_tap(shard->env->history, shard->env->now_ns, connection->number, LQ_FROM_TARGET,
                       slices[i].bytes, piece);
        tapped += piece;
    }
    return tapped;
}

static void input_sent(struct lq_shard *shard, const struct lq_input *input,
                       struct lq_input_result *result)
{
    (void)result;
    uint32_t left = input->size_bytes;
    while (left > 0) {
        uint32_t piece = left;
        if (shard->env->history != NULL)
            piece = tap_emitted(shard, input, left);
        LQ_ASSERT(piece > 0); /* more was sent than emitted */
        lq_iscsi_sent(shard->iscsi, input->connection, piece);
        left -= piece;
    }
}

static void input_lost(struct lq_shard *shard, const struct lq_input *input,
                       struct lq_input_result *result)
{
    (void)result;
    struct connection *connection = connection_of(shard, input->connection);
    record(shard, connection, LQ_W_CLOSE, input->code);
    connection->is_open = false;
    lq_iscsi_lost(shard->iscsi, input->connection, (enum lq_close)input->code);
}

static void input_store_done(struct lq_shard *shard, const struct lq_input *input,
                             struct lq_input_result *result)
{
    (void)result;
    lq_engine_store_done(shard->engine, input->request, (enum lq_block_status)input->code);
}

static void input_expire(struct lq_shard *shard, const struct lq_input *input,
                         struct lq_input_result *result)
{
    (void)result;
    if (lq_engine_deadline(shard->engine) <= input->now_ns)
        lq_engine_expire(shard->engine);
    if (lq_iscsi_deadline(shard->iscsi) <= input->now_ns)
        lq_iscsi_expire(shard->iscsi);
    if (shard->station == NULL)
        return;
    if (lq_fc_target_deadline(shard->fc) <= input->now_ns)
        lq_fc_target_expire(shard->fc);
    if (lq_fcoe_station_deadline(shard->station) <= input->now_ns)
        lq_fcoe_station_expire(shard->station);
}

static void input_shutdown(struct lq_shard *shard, const struct lq_input *input,
                           struct lq_input_result *result)
{
    (void)input;
    (void)result;
    lq_iscsi_shutdown(shard->iscsi);
    if (shard->fc != NULL)
        lq_fc_target_shutdown(shard->fc);
}

static const char *administer(struct lq_engine *engine, const struct lq_admin *admin)
{
    const struct lq_unit_config unit = {.target = admin->target,
                                        .lun = admin->lun,
                                        .store = lq_engine_store(engine, admin->store),
                                        .serial = admin->serial,
                                        .nblocks = admin->nblocks,
                                        .read_only = admin->read_only};
    switch (admin->kind) {
    case LQ_ADMIN_ADD:
        return unit.store == NULL ? "there is no such store" : lq_engine_unit_add(engine, &unit);
    case LQ_ADMIN_REMOVE: return lq_engine_unit_remove(engine, admin->target, admin->lun);
    case LQ_ADMIN_RESIZE:
        return lq_engine_unit_resize(engine, admin->target, admin->lun, admin->nblocks);
    case LQ_ADMIN_ACCESS:
        return lq_engine_unit_access(engine, admin->target, admin->lun, admin->read_only);
    }
    return "there is no such change";
}

static void input_admin(struct lq_shard *shard, const struct lq_input *input,
                        struct lq_input_result *result)
{
    result->refused = administer(shard->engine, input->admin);
}

static void input_frame(struct lq_shard *shard, const struct lq_input *input,
                        struct lq_input_result *result)
{
    (void)result;
    lq_history_frame(shard->env->history, shard->env->now_ns, LQ_SHARD_DEVICE, LQ_TO_TARGET,
                     input->bytes, input->size_bytes);
    lq_fcoe_station_feed(shard->station, input->bytes, input->size_bytes);
}

static void tap_frame(struct lq_shard *shard)
{
    struct lq_slice slices[LQ_FCOE_FRAME_SLICES];
    uint32_t count = lq_fcoe_station_emit(shard->station, slices);
    const uint8_t *bytes = slices[0].bytes;
    uint32_t size_bytes = slices[0].size_bytes;
    if (count > 1) {
        size_bytes = 0;
        for (uint32_t i = 0; i < count; i++) {
            LQ_ASSERT(slices[i].size_bytes <= LQ_FCOE_BYTES_MAX - size_bytes);
            if (slices[i].size_bytes > 0)
                memcpy(shard->frame + size_bytes, slices[i].bytes, slices[i].size_bytes);
            size_bytes += slices[i].size_bytes;
        }
        bytes = shard->frame;
    }
    lq_history_frame(shard->env->history, shard->env->now_ns, LQ_SHARD_DEVICE, LQ_FROM_TARGET,
                     bytes, size_bytes);
}

static void input_frame_sent(struct lq_shard *shard, const struct lq_input *input,
                             struct lq_input_result *result)
{
    (void)input;
    (void)result;
    if (shard->env->history != NULL)
        tap_frame(shard);
    lq_fcoe_station_sent(shard->station);
}

static void input_link(struct lq_shard *shard, const struct lq_input *input,
                       struct lq_input_result *result)
{
    (void)result;
    lq_fcoe_station_link(shard->station, input->code != 0);
}

static void input_fabric(struct lq_shard *shard, const struct lq_input *input,
                         struct lq_input_result *result)
{
    (void)result;
    lq_fcoe_station_do(shard->station, (enum lq_fcoe_deed)input->code, input->number);
}

typedef void (*input_function)(struct lq_shard *shard, const struct lq_input *input,
                               struct lq_input_result *result);

static const input_function input_functions[] = {
    [LQ_INPUT_ACCEPT] = input_accept,
    [LQ_INPUT_BYTES] = input_bytes,
    [LQ_INPUT_SENT] = input_sent,
    [LQ_INPUT_LOST] = input_lost,
    [LQ_INPUT_STORE_DONE] = input_store_done,
    [LQ_INPUT_EXPIRE] = input_expire,
    [LQ_INPUT_SHUTDOWN] = input_shutdown,
    [LQ_INPUT_ADMIN] = input_admin,
    [LQ_INPUT_FRAME] = input_frame,
    [LQ_INPUT_FRAME_SENT] = input_frame_sent,
    [LQ_INPUT_LINK] = input_link,
    [LQ_INPUT_FABRIC] = input_fabric,
};

struct lq_input_result lq_shard_input(struct lq_shard *shard, const struct lq_input *input)
{
    uint32_t kind = (uint32_t)input->kind;
    LQ_ASSERT(kind >= LQ_INPUT_ACCEPT && kind < sizeof input_functions / sizeof input_functions[0]);
    LQ_ASSERT(kind < LQ_INPUT_FRAME || shard->station != NULL);
    LQ_ASSERT(input->now_ns >= shard->env->now_ns);
    shard->env->now_ns = input->now_ns;
    struct lq_input_result result = {.connection = LQ_NO_HANDLE};
    input_functions[kind](shard, input, &result);
    return result;
}

/* --- output and time ---------------------------------------------------------------------- */

lq_handle lq_shard_next_ready(struct lq_shard *shard)
{
    return lq_iscsi_next_ready(shard->iscsi);
}

uint32_t lq_shard_emit(struct lq_shard *shard, lq_handle connection, struct lq_slice *slices,
                       uint32_t max, enum lq_emit_end *end)
{
    return lq_iscsi_emit(shard->iscsi, connection, slices, max, end);
}

struct lq_span lq_shard_want(struct lq_shard *shard, lq_handle connection)
{
    return lq_iscsi_want(shard->iscsi, connection);
}

uint32_t lq_shard_emit_frame(struct lq_shard *shard, struct lq_slice slices[LQ_FCOE_FRAME_SLICES])
{
    return shard->station == NULL ? 0 : lq_fcoe_station_emit(shard->station, slices);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t lq_shard_deadline(const struct lq_shard *shard)
{
    uint64_t time_ns = least(lq_engine_deadline(shard->engine), lq_iscsi_deadline(shard->iscsi));
    if (shard->station == NULL)
        return time_ns;
    time_ns = least(time_ns, lq_fc_target_deadline(shard->fc));
    return least(time_ns, lq_fcoe_station_deadline(shard->station));
}
