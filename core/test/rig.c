/* SPDX-License-Identifier: Apache-2.0 */
#include "core/test/rig.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"

static struct rig_command *command_of(struct rig *rig, uint64_t cookie)
{
    CU_ASSERT_FATAL(cookie < rig->command_count);
    return &rig->commands[cookie];
}

/* --- the transport --------------------------------------------------------------------------- */

static void receive_data_out(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                             uint8_t *buffer)
{
    struct rig_command *command = command_of(transport, cookie);
    CU_ASSERT_EQUAL(offset, 0);
    command->data_wanted = true;
    command->data_out = buffer;
    command->data_out_bytes = bytes;
}

static void send_data_in(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                         const uint8_t *data)
{
    struct rig_command *command = command_of(transport, cookie);
    CU_ASSERT_EQUAL(offset, 0);
    CU_ASSERT_FALSE(command->terminated);
    command->data_in = data;
    command->data_in_bytes = bytes;
}

static bool terminate_data_transfer(void *transport, uint64_t cookie, bool wait_for_peer)
{
    struct rig *rig = transport;
    struct rig_command *command = command_of(rig, cookie);
    CU_ASSERT_FALSE(command->terminated);
    CU_ASSERT_FALSE(command->completed);
    (void)wait_for_peer;
    command->terminated = true;
    return !(rig->keep_windows && command->data_wanted);
}

static void command_complete(void *transport, uint64_t cookie,
                             const struct lq_command_complete *complete)
{
    struct rig_command *command = command_of(transport, cookie);
    CU_ASSERT_FALSE(command->completed);
    CU_ASSERT_FALSE(command->terminated);
    command->completed = true;
    command->status = complete->status;
    command->confirm = complete->confirm;
    command->in_defined = complete->in_bytes_defined;
    command->out_defined = complete->out_bytes_defined;
    if (complete->sense_bytes > 0) {
        bool is_fixed = (complete->sense[0] & 0x7f) == 0x70; /* [SPC-5 4.4.2, 4.4.3] */
        CU_ASSERT_TRUE(is_fixed || complete->sense[0] == 0x72);
        memcpy(command->sense, complete->sense, complete->sense_bytes);
        command->sense_key = complete->sense[is_fixed ? 2 : 1];
        command->asc = complete->sense[is_fixed ? 12 : 2];
        command->ascq = complete->sense[is_fixed ? 13 : 3];
    }
}

static void tm_executed(void *transport, uint64_t cookie, enum lq_tm_answer answer,
                        uint32_t information)
{
    struct rig *rig = transport;
    rig->tm_information = information;
    rig->tm_answers++;
    rig->tm_cookie = cookie;
    rig->tm_answer = answer;
}

static void nexus_ended(void *transport, uint64_t cookie)
{
    struct rig *rig = transport;
    rig->nexus_ends++;
    rig->nexus_end_cookie = cookie;
}

static void close_all(void *transport, uint16_t target)
{
    struct rig *rig = transport;
    CU_ASSERT_EQUAL(target, 0);
    rig->closes++;
}

/* The rig's TransportIDs are four bytes and as many as they say. */
static uint32_t transport_id_canonical(const uint8_t *bytes, uint32_t size_bytes,
                                       uint8_t *canonical, uint32_t *taken_bytes)
{
    if (size_bytes < 8 || bytes[0] != 0x45 || bytes[3] != 4)
        return 0;
    memcpy(canonical, bytes, 8);
    *taken_bytes = 8;
    return 8;
}

static const struct lq_transport rig_transport = {
    .name = "rig",
    .protocol_identifier = 5,
    .transport_id_canonical = transport_id_canonical,
    .receive_data_out = receive_data_out,
    .send_data_in = send_data_in,
    .terminate_data_transfer = terminate_data_transfer,
    .command_complete = command_complete,
    .tm_executed = tm_executed,
    .nexus_ended = nexus_ended,
    .close_all = close_all,
};

/* --- the store ------------------------------------------------------------------------------- */

static void submit(struct lq_store *store, struct lq_block_request *request)
{
    struct rig_store *rig_store = LQ_ELEMENT(store, struct rig_store, store);
    CU_ASSERT_FATAL(rig_store->count < RIG_COMMANDS);
    rig_store->requests[rig_store->count++] = request;
}

static bool load(struct lq_store *store, uint64_t lba, uint32_t nblocks, uint8_t *data)
{
    const struct rig_store *rig_store = LQ_ELEMENT(store, struct rig_store, store);
    memcpy(data, rig_store->blocks + lba * RIG_BLOCK_BYTES, (size_t)nblocks * RIG_BLOCK_BYTES);
    return true;
}

static const struct lq_store_ops store_ops = {.submit = submit, .load = load};

static struct lq_block_request *find_request(const struct rig *rig, uint32_t command,
                                             const struct rig_store **found, uint32_t *place)
{
    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < rig->stores[s].count; i++) {
            struct lq_block_request *request = rig->stores[s].requests[i];
            if (request == NULL || !lq_handle_equal(request->handle, rig->commands[command].task))
                continue;
            *found = &rig->stores[s];
            *place = i;
            return request;
        }
    return NULL;
}

bool rig_is_submitted(const struct rig *rig, uint32_t command)
{
    const struct rig_store *store;
    uint32_t place;
    return find_request(rig, command, &store, &place) != NULL;
}

void rig_complete_with(struct rig *rig, uint32_t command, enum lq_block_status status)
{
    const struct rig_store *found = NULL;
    uint32_t place = 0;
    struct lq_block_request *request = find_request(rig, command, &found, &place);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    struct rig_store *store = &rig->stores[found - rig->stores];
    size_t bytes = (size_t)request->nblocks * RIG_BLOCK_BYTES;
    uint8_t *at = store->blocks + request->lba * RIG_BLOCK_BYTES;
    if (status == LQ_BLOCK_OK && request->op == LQ_BLOCK_WRITE)
        memcpy(at, request->data, bytes);
    if (status == LQ_BLOCK_OK && request->op == LQ_BLOCK_UNMAP)
        memset(at, 0, bytes);
    if (request->op == LQ_BLOCK_STATUS) { /* blocks that begin with a zero are deallocated */
        uint32_t alike = 1;
        while (alike < request->nblocks &&
               (at[(size_t)alike * RIG_BLOCK_BYTES] == 0) == (at[0] == 0))
            alike++;
        request->alike_blocks = alike;
        request->provisioning = at[0] == 0 ? LQ_BLOCK_DEALLOCATED : LQ_BLOCK_MAPPED;
    }
    if (status == LQ_BLOCK_OK && request->op == LQ_BLOCK_READ)
        memcpy(request->data, at, bytes);
    store->requests[place] = NULL;
    lq_engine_store_done(rig->engine, request->handle, status);
}

void rig_complete(struct rig *rig, uint32_t command)
{
    rig_complete_with(rig, command, LQ_BLOCK_OK);
}

void rig_tear(struct rig *rig, uint32_t command, uint32_t nblocks)
{
    const struct rig_store *found = NULL;
    uint32_t place = 0;
    const struct lq_block_request *request = find_request(rig, command, &found, &place);
    CU_ASSERT_PTR_NOT_NULL_FATAL(request);
    CU_ASSERT_FATAL(request->op == LQ_BLOCK_WRITE && nblocks <= request->nblocks);
    memcpy(rig->stores[found - rig->stores].blocks + request->lba * RIG_BLOCK_BYTES, request->data,
           (size_t)nblocks * RIG_BLOCK_BYTES);
}

/* --- making ---------------------------------------------------------------------------------- */

struct lq_engine_config rig_config(void)
{
    struct lq_engine_config config = {
        .limits = lq_limits_virtual,
        .quarantine_after_ns = 1000 * RIG_MS,
        .login_quarantine_after_ns = 0,
        .busy_after_ns = 2000 * RIG_MS,
    };
    return config;
}

lq_nexus rig_establish(struct rig *rig, uint32_t name)
{
    uint8_t id[] = {0x45, 0, 0, 4, 'n', (uint8_t)('0' + name), 0, 0};
    struct lq_nexus_request request = {.target = 0,
                                       .target_port = 1,
                                       .transport_id = id,
                                       .transport_id_bytes = sizeof id,
                                       .transport = &rig_transport,
                                       .transport_context = rig};
    return lq_engine_nexus_established(rig->engine, &request);
}

void rig_return(struct rig *rig, uint32_t nexus)
{
    rig->nexuses[nexus] = rig_establish(rig, nexus);
    CU_ASSERT_FALSE(lq_handle_is_none(rig->nexuses[nexus]));
}

static void make_engine(struct rig *rig, const struct lq_engine_config *config)
{
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    lq_engine_make(&arena, config, &rig->env);
    uint64_t bytes = arena.used_bytes;
    rig->memory = aligned_alloc(64, (size_t)bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->memory);
    lq_arena_init(&arena, rig->memory, bytes);
    rig->engine = lq_engine_make(&arena, config, &rig->env);
    CU_ASSERT_EQUAL(arena.used_bytes, bytes);
}

static void start(struct rig *rig, const struct lq_engine_config *config, bool keeps_records)
{
    make_engine(rig, config);
    for (uint16_t i = 0; i < 2; i++) {
        rig->stores[i].store = (struct lq_store){.ops = &store_ops,
                                                 .is_thin = i == 0,
                                                 .unmap_granule_blocks = i == 0 ? 1 : 0,
                                                 .unmap_blocks_max = i == 0 ? 64 : 0,
                                                 .block_bytes = RIG_BLOCK_BYTES,
                                                 .nblocks = RIG_BLOCKS,
                                                 .reserved_blocks =
                                                     keeps_records
                                                         ? LQ_SAVED_BYTES / RIG_BLOCK_BYTES
                                                         : 0,
                                                 .write_granule_blocks = 8};
        CU_ASSERT_TRUE(lq_engine_store_add(rig->engine, &rig->stores[i].store));
        struct lq_unit_config unit = {.lun = i, .store = &rig->stores[i].store, .serial = "RIG"};
        CU_ASSERT_PTR_NULL(lq_engine_unit_add(rig->engine, &unit));
    }
    for (uint32_t i = 0; i < RIG_NEXUSES; i++) {
        rig_return(rig, i);
        /* POWER ON, RESET, OR BUS DEVICE RESET OCCURRED, once for each unit */
        CU_ASSERT_EQUAL(rig_attention(rig, i, 0), 0x062900);
        CU_ASSERT_EQUAL(rig_attention(rig, i, 1), 0x062900);
        CU_ASSERT_EQUAL(rig_attention(rig, i, 0), 0);
    }
}

void rig_init(struct rig *rig, const struct lq_engine_config *config)
{
    struct lq_wrongs wrongs = rig->env.wrongs;
    memset(rig, 0, sizeof *rig);
    rig->env.wrongs = wrongs;
    rig->env.now_ns = 1000 * RIG_MS;
    rig->config = config != NULL ? *config : rig_config();
    start(rig, &rig->config, false);
}

void rig_power(struct rig *rig)
{
    free(rig->memory);
    memset(rig->commands, 0, sizeof rig->commands);
    rig->command_count = 0;
    for (uint32_t i = 0; i < 2; i++)
        rig->stores[i].count = 0;
    start(rig, &rig->config, true);
}

void rig_fini(struct rig *rig)
{
    free(rig->memory);
}

/* --- commands -------------------------------------------------------------------------------- */

static uint32_t send(struct rig *rig, uint32_t nexus, uint16_t lun, enum lq_attribute attribute,
                     const uint8_t *cdb, uint32_t cdb_bytes, uint64_t expected_in,
                     uint64_t expected_out, const uint8_t *data, uint32_t immediate)
{
    CU_ASSERT_FATAL(rig->command_count < RIG_COMMANDS);
    uint32_t place = rig->command_count++;
    rig->stamp++;
    struct lq_command command = {
        .nexus = rig->nexuses[nexus],
        .lun = (uint64_t)lun << 48,
        .tag = 0xabc00000U + place,
        .attribute = attribute,
        .order_stamp = rig->stamp,
        .cdb = cdb,
        .cdb_bytes = cdb_bytes,
        .expected_in_bytes = expected_in,
        .expected_out_bytes = expected_out,
        .immediate = data,
        .immediate_bytes = immediate,
        .cookie = place,
    };
    rig->commands[place].task = lq_engine_command(rig->engine, &command);
    return place;
}

uint32_t rig_send(struct rig *rig, uint32_t nexus, uint16_t lun, enum lq_attribute attribute,
                  const uint8_t *cdb, uint32_t cdb_bytes, uint64_t expected_in,
                  uint64_t expected_out, uint32_t immediate, uint8_t fill)
{
    static uint8_t data[64 * 1024];
    CU_ASSERT_FATAL(immediate <= sizeof data);
    memset(data, fill, immediate);
    return send(rig, nexus, lun, attribute, cdb, cdb_bytes, expected_in, expected_out, data,
                immediate);
}

uint32_t rig_send_data(struct rig *rig, uint32_t nexus, uint16_t lun, const uint8_t *cdb,
                       uint32_t cdb_bytes, const uint8_t *data, uint32_t data_bytes,
                       uint64_t in_bytes)
{
    return rig_send_data_as(rig, nexus, lun, LQ_SIMPLE, cdb, cdb_bytes, data, data_bytes,
                            in_bytes);
}

uint32_t rig_send_data_as(struct rig *rig, uint32_t nexus, uint16_t lun,
                          enum lq_attribute attribute, const uint8_t *cdb, uint32_t cdb_bytes,
                          const uint8_t *data, uint32_t data_bytes, uint64_t in_bytes)
{
    return send(rig, nexus, lun, attribute, cdb, cdb_bytes, in_bytes, data_bytes, data,
                data_bytes);
}

static uint32_t send_10(struct rig *rig, uint32_t nexus, enum lq_attribute attribute, uint8_t code,
                        uint32_t lba, uint16_t blocks, bool with_data, uint8_t fill)
{
    uint8_t cdb[10] = {
        code,         0, (uint8_t)(lba >> 24),   (uint8_t)(lba >> 16), (uint8_t)(lba >> 8),
        (uint8_t)lba, 0, (uint8_t)(blocks >> 8), (uint8_t)blocks,      0};
    uint32_t bytes = (uint32_t)blocks * RIG_BLOCK_BYTES;
    bool is_read = code == 0x28;
    return rig_send(rig, nexus, 0, attribute, cdb, sizeof cdb, is_read ? bytes : 0,
                    is_read ? 0 : bytes, with_data ? bytes : 0, fill);
}

uint32_t rig_read(struct rig *rig, uint32_t nexus, enum lq_attribute attribute, uint32_t lba,
                  uint16_t blocks)
{
    return send_10(rig, nexus, attribute, 0x28, lba, blocks, false, 0);
}

uint32_t rig_write(struct rig *rig, uint32_t nexus, enum lq_attribute attribute, uint32_t lba,
                   uint16_t blocks, uint8_t fill)
{
    return send_10(rig, nexus, attribute, 0x2a, lba, blocks, true, fill);
}

uint32_t rig_write_waiting(struct rig *rig, uint32_t nexus, enum lq_attribute attribute,
                           uint32_t lba, uint16_t blocks)
{
    uint32_t command = send_10(rig, nexus, attribute, 0x2a, lba, blocks, false, 0);
    CU_ASSERT_TRUE(rig->commands[command].data_wanted);
    return command;
}

void rig_data_out(struct rig *rig, uint32_t place, uint8_t fill)
{
    struct rig_command *command = &rig->commands[place];
    CU_ASSERT_TRUE_FATAL(command->data_wanted);
    memset(command->data_out, fill, command->data_out_bytes);
    command->data_wanted = false;
    lq_engine_data_out_received(rig->engine, command->task, command->data_out_bytes);
}

uint32_t rig_test_unit_ready(struct rig *rig, uint32_t nexus, enum lq_attribute attribute)
{
    const uint8_t cdb[6] = {0};
    return rig_send(rig, nexus, 0, attribute, cdb, sizeof cdb, 0, 0, 0, 0);
}

uint32_t rig_attention(struct rig *rig, uint32_t nexus, uint16_t lun)
{
    const uint8_t cdb[6] = {0};
    uint32_t place = rig_send(rig, nexus, lun, LQ_HEAD_OF_QUEUE, cdb, sizeof cdb, 0, 0, 0, 0);
    struct rig_command *command = &rig->commands[place];
    CU_ASSERT_TRUE(command->completed);
    lq_engine_command_delivered(rig->engine, command->task);
    rig->command_count--; /* its place is free again */
    uint32_t seen =
        (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
    memset(command, 0, sizeof *command);
    return seen;
}

/* --- events ---------------------------------------------------------------------------------- */

uint64_t rig_tm(struct rig *rig, uint32_t nexus, enum lq_tm_function function, uint16_t lun,
                uint32_t referenced_command)
{
    rig->stamp++;
    struct lq_tm_request request = {
        .nexus = rig->nexuses[nexus],
        .function = function,
        .lun = (uint64_t)lun << 48,
        .tag = 0xdef00000U + (uint32_t)rig->stamp,
        .referenced_tag = 0xabc00000U + referenced_command,
        .order_stamp = rig->stamp,
        .cookie = rig->stamp,
    };
    lq_engine_task_management(rig->engine, &request);
    return request.cookie;
}

bool rig_tm_answered(const struct rig *rig, uint64_t cookie)
{
    return rig->tm_answers > 0 && rig->tm_cookie == cookie;
}

void rig_lose(struct rig *rig, uint32_t nexus, enum lq_trigger how)
{
    lq_engine_nexus_lost(rig->engine, rig->nexuses[nexus], how, nexus);
}

void rig_wait(struct rig *rig, uint64_t ns)
{
    uint64_t until = rig->env.now_ns + ns;
    for (uint64_t at; (at = lq_engine_deadline(rig->engine)) <= until;) {
        rig->env.now_ns = at > rig->env.now_ns ? at : rig->env.now_ns;
        lq_engine_expire(rig->engine);
    }
    rig->env.now_ns = until;
}

void rig_control(struct rig *rig, uint32_t nexus, const uint8_t bytes[4])
{
    const uint8_t cdb[6] = {0x15, 0x10, 0, 0, 16, 0};
    const uint8_t list[16] = {0,        0,        0, 0, 0x0a, 10,   bytes[0], bytes[1],
                              bytes[2], bytes[3], 0, 0, 0xff, 0xff, 0,        0};
    uint32_t place = rig_send_data(rig, nexus, 0, cdb, sizeof cdb, list, sizeof list, 0);
    CU_ASSERT_EQUAL(rig->commands[place].status, LQ_GOOD);
    for (uint32_t i = 0; i < RIG_NEXUSES; i++)
        if (i != nexus)
            CU_ASSERT_EQUAL(rig_attention(rig, i, 0), 0x062a01);
}
