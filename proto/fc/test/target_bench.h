/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target endpoint with the real engine behind it, one logical unit on a store that completes when
 * the test says so, and an initiator made of bytes: frames are put together here from FC-FS-3,
 * FC-LS-2 and FCP-4; no encoder of the project is used. To be included once per program.
 */
#ifndef LQ_PROTO_FC_TEST_TARGET_BENCH_H
#define LQ_PROTO_FC_TEST_TARGET_BENCH_H

#include "core/base/test/unit.h"

#include <string.h>

#include "core/engine.h"
#include "proto/fc/target.h"

enum {
    BLOCKS = 4096,
    BLOCK_BYTES = 512,
    REQUESTS = 64,
    OUR_ID = 0x010203,    /* the initiator's address */
    TARGET_ID = 0x0102ef, /* the target's */
    MEMORY = 64 << 20
};

#define SECOND UINT64_C(1000000000)
#define OUR_NAME UINT64_C(0x2100000000000001)
#define TARGET_NAME UINT64_C(0x5000000000000011)

struct ram {
    struct lq_store store;
    struct lq_block_request *requests[REQUESTS];
    uint32_t count;
    bool holds; /* completes only by complete_all */
    uint8_t blocks[BLOCKS * BLOCK_BYTES];
};

static _Alignas(64) uint8_t memory[MEMORY];
static struct lq_env env;
static struct lq_engine *engine;
static struct lq_fc_target *target;
static struct ram ram;

/* The frame in hand, from the target, and its payload. */
static struct lq_fc_frame got;
static uint8_t got_payload[LQ_FC_PAYLOAD_BYTES_MAX];

static void submit(struct lq_store *store, struct lq_block_request *request)
{
    (void)store;
    CU_ASSERT_FATAL(ram.count < REQUESTS);
    ram.requests[ram.count++] = request;
}

static const struct lq_store_ops ops = {.submit = submit};

static inline void complete_all(void)
{
    while (ram.count > 0) {
        struct lq_block_request *request = ram.requests[0];
        memmove(ram.requests, ram.requests + 1, --ram.count * sizeof ram.requests[0]);
        uint8_t *at = ram.blocks + request->lba * BLOCK_BYTES;
        uint32_t bytes = request->nblocks * BLOCK_BYTES;
        if (request->op == LQ_BLOCK_READ)
            memcpy(request->data, at, bytes);
        else if (request->op == LQ_BLOCK_WRITE)
            memcpy(at, request->data, bytes);
        lq_engine_store_done(engine, request->handle, LQ_BLOCK_OK);
    }
}

/* What has time to happen, happens. */
static inline void turn(void)
{
    if (!ram.holds)
        complete_all();
}

static inline void make_target(const struct lq_fc_target_config *changes)
{
    static const struct lq_fc_port_config port = {0, 1, TARGET_NAME, TARGET_NAME + 1};
    struct lq_engine_config engine_config = lq_engine_config_default;
    struct lq_fc_target_config config = changes != NULL ? *changes : lq_fc_target_config_default;
    config.ports = &port;
    config.port_count = 1;
    engine_config.limits = lq_limits_virtual;
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    (void)lq_engine_make(&arena, &engine_config, &env);
    CU_ASSERT_PTR_NULL(lq_fc_target_make(&arena, &config, &env, NULL));
    CU_ASSERT_FATAL(arena.used_bytes <= sizeof memory);
    lq_arena_init(&arena, memory, sizeof memory);
    env = (struct lq_env){.now_ns = 1000 * SECOND};
    engine = lq_engine_make(&arena, &engine_config, &env);
    target = lq_fc_target_make(&arena, &config, &env, engine);
    ram.count = 0;
    ram.holds = false;
    memset(ram.blocks, 0, sizeof ram.blocks);
    ram.store = (struct lq_store){.ops = &ops,
                                  .block_bytes = BLOCK_BYTES,
                                  .nblocks = BLOCKS,
                                  .write_granule_blocks = 1};
    CU_ASSERT_TRUE_FATAL(lq_engine_store_add(engine, &ram.store));
    struct lq_unit_config unit = {.store = &ram.store, .serial = "1"};
    CU_ASSERT_PTR_NULL_FATAL(lq_engine_unit_add(engine, &unit));
    lq_fc_target_attach(target, 0, TARGET_ID, 2112);
}

/* The target's next frame goes to `got`; false: there is none. */
static inline bool pull(void)
{
    uint32_t port;
    turn();
    if (!lq_fc_target_emit(target, &port, &got))
        return false;
    CU_ASSERT_EQUAL(port, 0);
    CU_ASSERT_EQUAL(got.s_id, TARGET_ID);
    CU_ASSERT_EQUAL(got.d_id, OUR_ID);
    CU_ASSERT_FATAL(got.payload_bytes <= sizeof got_payload);
    CU_ASSERT_EQUAL((got.payload_bytes + (got.f_ctl & 3)) % 4, 0);
    memcpy(got_payload, got.payload, got.payload_bytes);
    got.payload = got_payload;
    lq_fc_target_sent(target);
    return true;
}

static inline bool silent(void)
{
    return !pull();
}

/* Sends a frame that is a sequence of its own. */
static inline void send(uint8_t r_ctl, uint8_t type, uint32_t f_ctl, uint16_t ox_id,
                        uint16_t rx_id, const uint8_t *payload, uint32_t bytes)
{
    struct lq_fc_frame frame = {.sof = 0x2e,
                                .eof = 0x42,
                                .r_ctl = r_ctl,
                                .type = type,
                                .d_id = TARGET_ID,
                                .s_id = OUR_ID,
                                .f_ctl = f_ctl,
                                .ox_id = ox_id,
                                .rx_id = rx_id,
                                .payload = payload,
                                .payload_bytes = bytes};
    lq_fc_target_feed(target, 0, &frame);
}

static inline void send_els(uint16_t ox_id, const uint8_t *payload, uint32_t bytes)
{
    send(0x22, 0x01, 0x290000, ox_id, 0xffff, payload, bytes);
}

static inline void put(uint8_t *p, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

static inline uint64_t be(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

/* The answer to an ELS with OX_ID is in hand: LS_ACC of BYTES. */
static inline bool accepted(uint16_t ox_id, uint32_t bytes)
{
    return pull() && got.r_ctl == 0x23 && got.type == 0x01 && got.ox_id == ox_id &&
           (got.f_ctl & 0xffff00) == 0x980000 && got_payload[0] == 2 && got.payload_bytes == bytes;
}

static inline bool rejected(uint16_t ox_id, uint8_t reason, uint8_t explanation)
{
    return pull() && got.r_ctl == 0x23 && got.ox_id == ox_id && got_payload[0] == 1 &&
           got_payload[5] == reason && got_payload[6] == explanation;
}

static inline void plogi_payload(uint8_t plogi[116])
{
    memset(plogi, 0, 116);
    put(plogi, 0x03, 1);
    put(plogi + 4, 0x2020, 2);
    put(plogi + 8, 0x8000, 2);
    put(plogi + 10, 2112, 2);
    put(plogi + 12, 0x00ff001f, 4);
    put(plogi + 16, 2000, 4);
    put(plogi + 20, OUR_NAME, 8);
    put(plogi + 28, OUR_NAME + 1, 8);
    put(plogi + 68, 0x8800, 2);
    put(plogi + 74, 2112, 2);
    put(plogi + 76, 255, 2);
    put(plogi + 80, 1, 2);
}

static inline void send_plogi(uint16_t ox_id)
{
    uint8_t plogi[116];
    plogi_payload(plogi);
    send_els(ox_id, plogi, sizeof plogi);
}

/* PRLI with the FCP page's word 3. */
static inline void send_prli(uint16_t ox_id, uint32_t parameters)
{
    uint8_t prli[20] = {0x20, 0x10, 0, 0x14, 0x08, 0, 0x20};
    put(prli + 16, parameters, 4);
    send_els(ox_id, prli, sizeof prli);
}

enum { INITIATOR = 0x22, RETRY = 0x100, CONFIRM = 0x80 };

static inline void send_command(uint16_t ox_id, uint8_t crn, uint8_t directions, uint32_t dl,
                                const uint8_t *cdb, uint32_t cdb_bytes)
{
    uint8_t cmnd[32] = {[8] = crn, [11] = directions};
    memcpy(cmnd + 12, cdb, cdb_bytes);
    put(cmnd + 28, dl, 4);
    send(0x06, 0x08, 0x290000, ox_id, 0xffff, cmnd, sizeof cmnd);
}

static inline void send_tm(uint16_t ox_id, uint8_t flags)
{
    uint8_t cmnd[32] = {[10] = flags};
    send(0x06, 0x08, 0x290000, ox_id, 0xffff, cmnd, sizeof cmnd);
}

static inline void test_unit_ready(uint16_t ox_id)
{
    static const uint8_t cdb[6] = {0};
    send_command(ox_id, 0, 0, 0, cdb, 6);
}

static inline void read_blocks(uint16_t ox_id, uint32_t lba, uint16_t blocks)
{
    uint8_t cdb[10] = {0x28};
    put(cdb + 2, lba, 4);
    put(cdb + 7, blocks, 2);
    send_command(ox_id, 0, 2, blocks * 512U, cdb, 10);
}

static inline void write_blocks(uint16_t ox_id, uint32_t lba, uint16_t blocks)
{
    uint8_t cdb[10] = {0x2a};
    put(cdb + 2, lba, 4);
    put(cdb + 7, blocks, 2);
    send_command(ox_id, 0, 1, blocks * 512U, cdb, 10);
}

/* FCP_RSP of OX_ID with STATUS is in hand. */
static inline bool responded(uint16_t ox_id, uint8_t status)
{
    return pull() && got.r_ctl == 0x07 && got.type == 0x08 && got.ox_id == ox_id &&
           got.payload_bytes >= 24 && got_payload[11] == status;
}

/* FCP_XFER_RDY of OX_ID for BYTES at OFFSET is in hand. */
static inline bool asked(uint16_t ox_id, uint32_t offset, uint32_t bytes)
{
    return pull() && got.r_ctl == 0x05 && got.ox_id == ox_id && got.payload_bytes == 12 &&
           (got.f_ctl & 0xffff00) == 0x890000 && be(got_payload, 4) == offset &&
           be(got_payload + 4, 4) == bytes;
}

/* One frame of Data-Out, filled with FILL. */
static inline void send_data(uint16_t ox_id, uint16_t rx_id, uint16_t seq_cnt, uint32_t offset,
                             uint32_t bytes, uint8_t fill, bool last)
{
    uint8_t data[2112];
    memset(data, fill, bytes);
    struct lq_fc_frame frame = {.r_ctl = 0x01,
                                .type = 0x08,
                                .d_id = TARGET_ID,
                                .s_id = OUR_ID,
                                .f_ctl = last ? 0x090008 : 0x000008,
                                .seq_id = 1,
                                .seq_cnt = seq_cnt,
                                .ox_id = ox_id,
                                .rx_id = rx_id,
                                .parameter = offset,
                                .payload = data,
                                .payload_bytes = bytes};
    lq_fc_target_feed(target, 0, &frame);
}

/* PLOGI and PRLI, and the unit attention of the first command is taken. */
static inline void log_in(uint32_t parameters)
{
    send_plogi(1);
    CU_ASSERT_TRUE_FATAL(accepted(1, 116));
    send_prli(2, INITIATOR | parameters);
    CU_ASSERT_TRUE_FATAL(accepted(2, 20));
    for (uint16_t i = 3; i < 8; i++) {
        test_unit_ready(i);
        CU_ASSERT_TRUE_FATAL(pull() && got.r_ctl == 0x07);
        uint16_t rx_id = got.rx_id;
        if ((got_payload[10] & 0x10) != 0)
            send(0x03, 0x08, 0x190000, i, rx_id, NULL, 0);
        if (got_payload[11] == 0)
            return;
    }
    CU_FAIL_FATAL("unit attentions do not end");
}

#endif
