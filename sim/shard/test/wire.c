/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/shard/test/wire.h"

#include <stdio.h>
#include <string.h>

#include "core/base/heap.h"

enum { MEMORY = 24 << 20, PUMP_LIMIT = 4000000 };

const struct wire_config wire_config_default = {
    .target_offer =
        {
            .max_recv_data_segment_length = 16384,
            .max_burst_length = 65536,
            .first_burst_length = 65536,
            .max_outstanding_r2t = 4,
            .initial_r2t = false,
            .immediate_data = true,
            .default_time2wait_s = 2,
            .default_time2retain_s = 20,
        },
    .requests_max = 40,
    .quarantine_after_ns = UINT64_C(3000000000),
    .busy_after_ns = UINT64_C(10000000000),
    .first_stat_sn = 0xfffffff0,
};

/* --- stores ------------------------------------------------------------------------------- */

static void submit(struct lq_store *store, struct lq_block_request *request)
{
    void *whole = store;
    struct wire_store *ours = whole;
    ours->submitted++;
    lq_list_append(&ours->requests, &request->store_link);
}

static const struct lq_store_ops store_ops = {.submit = submit};

static enum lq_block_status carry_out(struct wire_store *store, struct lq_block_request *request)
{
    if (request->op == LQ_BLOCK_FLUSH)
        return LQ_BLOCK_OK;
    CU_ASSERT_FATAL(request->lba + request->nblocks <= WIRE_BLOCKS);
    uint8_t *blocks = store->blocks + request->lba * WIRE_BLOCK_BYTES;
    size_t size = (size_t)request->nblocks * WIRE_BLOCK_BYTES;
    if (request->op == LQ_BLOCK_WRITE)
        memcpy(blocks, request->data, size);
    else
        memcpy(request->data, blocks, size);
    return LQ_BLOCK_OK;
}

static bool complete_one(struct wire *wire, struct wire_store *store)
{
    struct lq_link *link = store->held ? NULL : lq_list_take(&store->requests);
    if (link == NULL)
        return false;
    struct lq_block_request *request = LQ_ELEMENT(link, struct lq_block_request, store_link);
    struct lq_input input = {.kind = LQ_INPUT_STORE_DONE,
                             .now_ns = wire->env.now_ns,
                             .request = request->handle,
                             .code = carry_out(store, request)};
    (void)lq_shard_input(wire->shard, &input);
    return true;
}

/* --- records ------------------------------------------------------------------------------ */

static void add_to_stream(struct wire_stream *stream, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        stream->hash = lq_mix(stream->hash, bytes[i]);
    stream->bytes += size;
}

static void on_event(void *context, const struct lq_event *event)
{
    struct wire *wire = context;
    wire->events[event->kind]++;
    wire->last[event->kind] = *event;
}

static void on_tap(void *context, const struct lq_tap *tap)
{
    struct wire *wire = context;
    CU_ASSERT_FATAL(tap->connection > 0 && tap->connection < WIRE_CONNECTIONS);
    CU_ASSERT_FATAL(tap->size_bytes > 0);
    add_to_stream(&wire->tapped[tap->connection][tap->direction], tap->bytes, tap->size_bytes);
}

bool wire_taps_agree(const struct wire *wire)
{
    for (uint32_t i = 0; i < WIRE_CONNECTIONS; i++)
        for (uint32_t way = 0; way < 2; way++)
            if (wire->moved[i][way].bytes != wire->tapped[i][way].bytes ||
                wire->moved[i][way].hash != wire->tapped[i][way].hash)
                return false;
    return true;
}

/* --- making ------------------------------------------------------------------------------- */

static struct lq_shard_config shard_config(const struct wire_config *config)
{
    static const char *const names[] = {WIRE_TARGET};
    struct lq_shard_config shard = {.engine = lq_engine_config_default,
                                    .iscsi = lq_iscsi_config_default};
    shard.engine.limits = lq_limits_virtual;
    shard.engine.quarantine_after_ns = config->quarantine_after_ns;
    shard.engine.busy_after_ns = config->busy_after_ns;
    shard.iscsi.limits = shard.engine.limits;
    shard.iscsi.target_count = 1;
    shard.iscsi.target_names = names;
    shard.iscsi.offer = config->target_offer;
    shard.iscsi.first_stat_sn = config->first_stat_sn;
    return shard;
}

static void carve(struct wire *wire, struct lq_arena *arena, const struct wire_config *config)
{
    struct lq_shard_config shard = shard_config(config);
    struct lq_iscsi_initiator_config ini = lq_iscsi_initiator_config_default;
    ini.requests_max = config->requests_max;
    wire->shard = lq_shard_make(arena, &shard, &wire->env);
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        wire->peers[i].ini = lq_iscsi_initiator_make(arena, &ini, &wire->env);
    for (uint32_t i = 0; i < WIRE_STORES; i++)
        wire->stores[i].blocks = lq_arena_take(arena, WIRE_BLOCKS, WIRE_BLOCK_BYTES, true);
}

struct wire *wire_make(const struct wire_config *config)
{
    static struct wire wire;
    static _Alignas(64) uint8_t memory[MEMORY];
    memset(&wire, 0, sizeof wire);
    lq_history_init(&wire.history);
    lq_history_attach(&wire.history, (struct lq_history_sink){
                                         .event = on_event, .tap = on_tap, .context = &wire});
    lq_choice_seeded_init(&wire.seeded, 1);
    wire.env = (struct lq_env){
        .now_ns = 1000, .choice = &wire.seeded.choice, .history = &wire.history};
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    carve(&wire, &arena, config);
    CU_ASSERT_FATAL(arena.used_bytes <= sizeof memory);
    memset(memory, 0xa5, (size_t)arena.used_bytes); /* nothing may rely on fresh memory */
    lq_arena_init(&arena, memory, sizeof memory);
    carve(&wire, &arena, config);
    for (uint32_t i = 0; i < WIRE_STORES; i++) {
        struct wire_store *store = &wire.stores[i];
        lq_list_init(&store->requests);
        store->store = (struct lq_store){.ops = &store_ops,
                                         .block_bytes = WIRE_BLOCK_BYTES,
                                         .nblocks = WIRE_BLOCKS,
                                         .write_granule_blocks = 1};
        CU_ASSERT_TRUE_FATAL(lq_engine_store_add(lq_shard_engine(wire.shard), &store->store));
        struct lq_unit_config unit = {.lun = (uint16_t)i, .store = &store->store, .serial = "W0"};
        CU_ASSERT_PTR_NULL_FATAL(lq_engine_unit_add(lq_shard_engine(wire.shard), &unit));
    }
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        wire.peers[i].connection = LQ_NO_HANDLE;
    wire.next_number = 1;
    return &wire;
}

/* --- connections -------------------------------------------------------------------------- */

void wire_connect(struct wire *wire, uint32_t peer)
{
    struct lq_input input = {.kind = LQ_INPUT_ACCEPT,
                             .now_ns = wire->env.now_ns,
                             .number = wire->next_number++,
                             .actor = peer + 1,
                             .text = "127.0.0.1:3260"};
    struct lq_input_result result = lq_shard_input(wire->shard, &input);
    CU_ASSERT_FALSE_FATAL(lq_handle_is_none(result.connection));
    CU_ASSERT_FATAL(input.number < WIRE_CONNECTIONS);
    wire->peers[peer].number = input.number;
    wire->peers[peer].connection = result.connection;
    wire->peers[peer].connected = true;
    wire->peers[peer].ready = false;
}

static void target_loses(struct wire *wire, struct wire_peer *peer, enum lq_close how)
{
    struct lq_input input = {.kind = LQ_INPUT_LOST,
                             .now_ns = wire->env.now_ns,
                             .connection = peer->connection,
                             .code = how};
    peer->connected = false;
    (void)lq_shard_input(wire->shard, &input);
    lq_iscsi_initiator_lost(peer->ini);
}

void wire_cut(struct wire *wire, uint32_t peer, enum lq_close how)
{
    target_loses(wire, &wire->peers[peer], how);
}

static uint32_t cut_to_segment(const struct wire *wire, uint32_t size)
{
    return wire->segment_bytes != 0 && size > wire->segment_bytes ? wire->segment_bytes : size;
}

static bool poll_events(struct wire_peer *peer)
{
    bool any = false;
    struct lq_iscsi_initiator_event event;
    while (lq_iscsi_initiator_next(peer->ini, &event)) {
        any = true;
        if (event.kind == LQ_ISCSI_I_EVENT_PROTOCOL_ERROR) {
            peer->protocol_errors++;
            if (!peer->quiet)
                printf("\n    protocol error: %s (opcode %02x)\n",
                       lq_iscsi_initiator_error_text(event.code), event.header[0]);
        }
        CU_ASSERT_FATAL(peer->log_count < WIRE_LOG);
        peer->log[peer->log_count++] = event;
    }
    return any;
}

static bool move_to_target(struct wire *wire, struct wire_peer *peer)
{
    struct lq_slice slice;
    if (lq_iscsi_initiator_emit(peer->ini, &slice, 1) == 0)
        return false;
    struct lq_input input = {.kind = LQ_INPUT_BYTES,
                             .now_ns = wire->env.now_ns,
                             .connection = peer->connection,
                             .bytes = slice.bytes,
                             .size_bytes = cut_to_segment(wire, slice.size_bytes)};
    struct lq_span span = lq_shard_want(wire->shard, peer->connection);
    if (wire->into_place && span.size_bytes > 0) {
        if (input.size_bytes > span.size_bytes)
            input.size_bytes = span.size_bytes;
        memcpy(span.bytes, input.bytes, input.size_bytes);
        input.bytes = span.bytes;
    }
    uint32_t taken = lq_shard_input(wire->shard, &input).taken_bytes;
    add_to_stream(&wire->moved[peer->number][LQ_TO_TARGET], input.bytes, taken);
    lq_iscsi_initiator_sent(peer->ini, taken);
    return taken > 0;
}

static bool move_from_target(struct wire *wire, struct wire_peer *peer)
{
    struct lq_slice slice;
    enum lq_emit_end end = LQ_EMIT_OPEN;
    uint32_t count = lq_shard_emit(wire->shard, peer->connection, &slice, 1, &end);
    if (end == LQ_EMIT_CLOSE_RESET || (end == LQ_EMIT_CLOSE_FLUSH && count == 0)) {
        target_loses(wire, peer, LQ_CLOSE_BY_TARGET);
        return true;
    }
    peer->ready = peer->ready && count > 0;
    if (count == 0)
        return false;
    uint32_t taken = lq_iscsi_initiator_feed(peer->ini, slice.bytes,
                                             cut_to_segment(wire, slice.size_bytes));
    CU_ASSERT_FATAL(taken > 0);
    add_to_stream(&wire->moved[peer->number][LQ_FROM_TARGET], slice.bytes, taken);
    struct lq_input input = {.kind = LQ_INPUT_SENT,
                             .now_ns = wire->env.now_ns,
                             .connection = peer->connection,
                             .size_bytes = taken};
    (void)lq_shard_input(wire->shard, &input);
    return true;
}

static struct wire_peer *peer_of(struct wire *wire, lq_handle connection)
{
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        if (wire->peers[i].connected && lq_handle_equal(wire->peers[i].connection, connection))
            return &wire->peers[i];
    return NULL;
}

static void note_ready(struct wire *wire)
{
    lq_handle connection;
    for (int i = 0; !lq_handle_is_none(connection = lq_shard_next_ready(wire->shard)); i++) {
        struct wire_peer *peer = peer_of(wire, connection);
        CU_ASSERT_PTR_NOT_NULL_FATAL(peer);
        CU_ASSERT_FATAL(i < 2 * WIRE_PEERS); /* each once per turn */
        peer->ready = true;
    }
}

static bool step(struct wire *wire)
{
    bool moved = false;
    for (uint32_t i = 0; i < WIRE_PEERS; i++) {
        struct wire_peer *peer = &wire->peers[i];
        moved = poll_events(peer) || moved;
        if (peer->connected)
            moved = move_to_target(wire, peer) || moved;
        note_ready(wire);
        if (peer->connected && peer->ready && !peer->frozen)
            moved = move_from_target(wire, peer) || moved;
    }
    for (uint32_t i = 0; i < WIRE_STORES; i++)
        moved = complete_one(wire, &wire->stores[i]) || moved;
    return moved;
}

void wire_pump(struct wire *wire)
{
    uint32_t steps = 0;
    while (step(wire))
        CU_ASSERT_FATAL(++steps < PUMP_LIMIT);
    note_ready(wire);
    /* Nothing may be left to send that was not called ready. */
    for (uint32_t i = 0; i < WIRE_PEERS; i++) {
        struct lq_slice slice;
        enum lq_emit_end end;
        if (wire->peers[i].connected && !wire->peers[i].frozen)
            CU_ASSERT_EQUAL(lq_shard_emit(wire->shard, wire->peers[i].connection, &slice, 1, &end),
                            0);
    }
}

static void expire(struct wire *wire)
{
    struct lq_input input = {.kind = LQ_INPUT_EXPIRE, .now_ns = wire->env.now_ns};
    (void)lq_shard_input(wire->shard, &input);
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        lq_iscsi_initiator_expire(wire->peers[i].ini);
    wire_pump(wire);
}

void wire_pass(struct wire *wire, uint64_t duration_ns)
{
    wire_pump(wire);
    uint64_t end = wire->env.now_ns + duration_ns;
    uint64_t deadline;
    for (int i = 0; (deadline = lq_shard_deadline(wire->shard)) <= end; i++) {
        CU_ASSERT_FATAL(i < 10000); /* a deadline that does not go away */
        wire->env.now_ns = deadline > wire->env.now_ns ? deadline : wire->env.now_ns;
        expire(wire);
    }
    wire->env.now_ns = end;
    expire(wire);
}

/* --- requests ----------------------------------------------------------------------------- */

uint64_t wire_isid(uint32_t peer)
{
    return UINT64_C(0x400000000000) + peer;
}

bool wire_login(struct wire *wire, uint32_t peer, const struct lq_iscsi_initiator_offer *offer)
{
    struct lq_iscsi_initiator_login request = {.initiator_name = "iqn.2026-11.org.lunquake:i0",
                                               .target_name = WIRE_TARGET,
                                               .isid = wire_isid(peer),
                                               .cid = 7,
                                               .first_cmd_sn = 0xfffffffa,
                                               .first_itt = 0xfffffff0,
                                               .offer = lq_iscsi_initiator_offer_default};
    if (offer != NULL)
        request.offer = *offer;
    wire_connect(wire, peer);
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(wire->peers[peer].ini, &request));
    wire_pump(wire);
    return wire_find(wire, peer, LQ_ISCSI_I_EVENT_LOGGED_IN, 0) != NULL;
}

const struct lq_iscsi_initiator_event *
wire_find(struct wire *wire, uint32_t peer, enum lq_iscsi_initiator_event_kind kind, uint64_t id)
{
    static struct lq_iscsi_initiator_event found;
    struct wire_peer *p = &wire->peers[peer];
    (void)poll_events(p);
    for (uint32_t i = 0; i < p->log_count; i++) {
        if (p->log[i].kind != kind || (id != 0 && p->log[i].id != id))
            continue;
        found = p->log[i];
        memmove(&p->log[i], &p->log[i + 1], (p->log_count - i - 1) * sizeof p->log[0]);
        p->log_count--;
        return &found;
    }
    return NULL;
}

uint64_t wire_start(struct wire *wire, uint32_t peer, struct lq_iscsi_initiator_command command)
{
    struct wire_peer *p = &wire->peers[peer];
    command.id = ++p->next_id;
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(p->ini, &command));
    return command.id;
}

const struct lq_iscsi_initiator_event *wire_run(struct wire *wire, uint32_t peer,
                                                struct lq_iscsi_initiator_command command)
{
    uint64_t id = wire_start(wire, peer, command);
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *done = wire_find(wire, peer,
                                                            LQ_ISCSI_I_EVENT_COMMAND_DONE, id);
    wire->peers[peer].log_count = 0;
    return done;
}

static uint64_t lun_field(uint32_t lun)
{
    return (uint64_t)lun << 48;
}

uint64_t wire_tm(struct wire *wire, uint32_t peer, uint8_t function, uint32_t lun,
                 uint64_t referenced)
{
    struct wire_peer *p = &wire->peers[peer];
    struct lq_iscsi_initiator_tm tm = {.id = ++p->next_id,
                                       .function = function,
                                       .immediate = true,
                                       .lun = lun_field(lun),
                                       .referenced_id = referenced,
                                       .referenced_tag = LQ_ISCSI_I_NO_TAG};
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_tm(p->ini, &tm));
    return tm.id;
}

struct lq_iscsi_initiator_command wire_test_unit_ready(uint32_t lun)
{
    static const uint8_t cdb[6];
    return (struct lq_iscsi_initiator_command){.lun = lun_field(lun), .cdb = cdb, .cdb_bytes = 6};
}

struct lq_iscsi_initiator_command wire_inquiry(struct wire *wire, uint32_t peer, uint32_t lun)
{
    static const uint8_t cdb[6] = {0x12, 0, 0, 0, 255, 0};
    return (struct lq_iscsi_initiator_command){.lun = lun_field(lun),
                                               .cdb = cdb,
                                               .cdb_bytes = 6,
                                               .read = true,
                                               .expected_in_bytes = 255,
                                               .in = wire->peers[peer].in,
                                               .in_bytes = 255};
}

/* READ(10) or WRITE(10). The CDB is copied when the command is given to the endpoint. */
static const uint8_t *cdb10(uint8_t opcode, uint32_t lba, uint32_t nblocks)
{
    static uint8_t cdb[10];
    memset(cdb, 0, sizeof cdb);
    cdb[0] = opcode;
    cdb[2] = (uint8_t)(lba >> 24);
    cdb[3] = (uint8_t)(lba >> 16);
    cdb[4] = (uint8_t)(lba >> 8);
    cdb[5] = (uint8_t)lba;
    cdb[7] = (uint8_t)(nblocks >> 8);
    cdb[8] = (uint8_t)nblocks;
    return cdb;
}

struct lq_iscsi_initiator_command wire_read(struct wire *wire, uint32_t peer, uint32_t lun,
                                            uint32_t lba, uint32_t nblocks)
{
    return (struct lq_iscsi_initiator_command){.lun = lun_field(lun),
                                               .cdb = cdb10(0x28, lba, nblocks),
                                               .cdb_bytes = 10,
                                               .read = true,
                                               .expected_in_bytes = nblocks * WIRE_BLOCK_BYTES,
                                               .in = wire->peers[peer].in,
                                               .in_bytes = WIRE_DATA};
}

struct lq_iscsi_initiator_command wire_write(uint32_t lun, uint32_t lba, uint32_t nblocks,
                                             const uint8_t *out)
{
    return (struct lq_iscsi_initiator_command){.lun = lun_field(lun),
                                               .cdb = cdb10(0x2a, lba, nblocks),
                                               .cdb_bytes = 10,
                                               .write = true,
                                               .expected_out_bytes = nblocks * WIRE_BLOCK_BYTES,
                                               .out = out,
                                               .out_bytes = nblocks * WIRE_BLOCK_BYTES,
                                               .immediate_bytes = LQ_ISCSI_I_ALL,
                                               .unsolicited_bytes = LQ_ISCSI_I_ALL};
}

uint32_t wire_clear_attentions(struct wire *wire, uint32_t peer, uint32_t lun)
{
    for (uint32_t count = 0; count < 20; count++) {
        const struct lq_iscsi_initiator_event *done = wire_run(wire, peer,
                                                               wire_test_unit_ready(lun));
        CU_ASSERT_PTR_NOT_NULL_FATAL(done);
        if (done->status == LQ_GOOD)
            return count;
        CU_ASSERT_EQUAL(wire_sense(done) >> 16, 6);
    }
    CU_FAIL("unit attentions without end");
    return 0;
}

uint32_t wire_sense(const struct lq_iscsi_initiator_event *done)
{
    if (done->sense_bytes < 14)
        return 0;
    return ((uint32_t)done->sense[2] & 15) << 16 | (uint32_t)done->sense[12] << 8 | done->sense[13];
}
