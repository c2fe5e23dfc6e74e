/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target made of bytes, for tests of the initiator endpoint: PDUs are put together and taken
 * apart here from RFC 7143, field by field; no encoder or decoder of the project is used. To be
 * included once per program, by its test file.
 */
#ifndef LQ_PROTO_ISCSI_TEST_BYTE_TARGET_H
#define LQ_PROTO_ISCSI_TEST_BYTE_TARGET_H

#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "proto/iscsi/initiator.h"

enum { MEMORY = 256 * 1024, OUTPUT = 300000 };

static _Alignas(64) uint8_t memory[MEMORY];
static struct lq_env env;
static struct lq_iscsi_initiator *ini;
static struct lq_iscsi_initiator_event event;
static uint8_t output[OUTPUT]; /* what the initiator sent since the last look */
static uint32_t output_bytes;
static uint8_t pdu[48 + 70000]; /* the PDU in hand, from either side */
static uint32_t stat_sn;
static uint32_t exp_cmd_sn, max_cmd_sn;

static inline uint32_t be(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static inline void put(uint8_t *p, uint32_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

static uint32_t cut_at; /* the next feed comes in two pieces, cut at this byte; 0: in one */

static inline void feed(const uint8_t *bytes, uint32_t size)
{
    uint32_t first = cut_at;
    cut_at = 0;
    if (first > 0 && first < size) {
        CU_ASSERT_EQUAL_FATAL(lq_iscsi_initiator_feed(ini, bytes, first), first);
        bytes += first;
        size -= first;
    }
    CU_ASSERT_EQUAL_FATAL(lq_iscsi_initiator_feed(ini, bytes, size), size);
}

/* A target's PDU with the fields that almost all have; the caller fills in the rest, then sends. */
static inline void begin(uint8_t opcode, uint8_t flags, uint32_t itt)
{
    memset(pdu, 0, 48);
    pdu[0] = opcode;
    pdu[1] = flags;
    put(pdu + 16, itt, 4);
    put(pdu + 24, stat_sn, 4);
    put(pdu + 28, exp_cmd_sn, 4);
    put(pdu + 32, max_cmd_sn, 4);
}

static inline void send(const void *data, uint32_t size)
{
    put(pdu + 5, size, 3);
    uint32_t padded = (size + 3) / 4 * 4;
    if (padded > 0) {
        memset(pdu + 48, 0, padded);
        memcpy(pdu + 48, data, size);
    }
    feed(pdu, 48 + padded);
}

static inline void send_status_pdu(const void *data, uint32_t size)
{
    send(data, size);
    stat_sn++;
}

/* Sends off whatever the initiator has to say. */
static inline void pull(void)
{
    struct lq_slice slices[7];
    uint32_t count;
    while ((count = lq_iscsi_initiator_emit(ini, slices, 7)) > 0) {
        uint32_t sent = 0;
        for (uint32_t i = 0; i < count; i++) {
            CU_ASSERT_FATAL(output_bytes + slices[i].size_bytes <= OUTPUT);
            memcpy(output + output_bytes, slices[i].bytes, slices[i].size_bytes);
            output_bytes += slices[i].size_bytes;
            sent += slices[i].size_bytes;
        }
        lq_iscsi_initiator_sent(ini, sent);
    }
}

/* The initiator's next PDU goes to `pdu`; returns its data length, or -1 when there is none. */
static inline int32_t receive(void)
{
    pull();
    if (output_bytes == 0)
        return -1;
    CU_ASSERT_FATAL(output_bytes >= 48);
    uint32_t data = be(output + 5, 3);
    uint32_t whole = 48 + output[4] * 4U + (data + 3) / 4 * 4;
    CU_ASSERT_FATAL(whole <= output_bytes && whole <= sizeof pdu);
    memcpy(pdu, output, whole);
    output_bytes -= whole;
    memmove(output, output + whole, output_bytes);
    return (int32_t)data;
}

static inline bool next(enum lq_iscsi_initiator_event_kind kind)
{
    return lq_iscsi_initiator_next(ini, &event) && event.kind == kind;
}

static inline bool no_event(void)
{
    return !lq_iscsi_initiator_next(ini, &event);
}

static inline bool error(uint32_t code)
{
    return next(LQ_ISCSI_I_EVENT_PROTOCOL_ERROR) && event.code == code;
}

static inline void make(const struct lq_iscsi_initiator_config *config)
{
    struct lq_arena arena;
    lq_arena_init_measuring(&arena);
    CU_ASSERT_PTR_NULL(lq_iscsi_initiator_make(&arena, config, &env));
    CU_ASSERT_FATAL(arena.used_bytes <= MEMORY);
    uint64_t measured = arena.used_bytes;
    memset(memory, 0xa5, sizeof memory);
    lq_arena_init(&arena, memory, sizeof memory);
    ini = lq_iscsi_initiator_make(&arena, config, &env);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ini);
    CU_ASSERT_EQUAL(arena.used_bytes, measured);
    output_bytes = 0;
}

static inline struct lq_iscsi_initiator_login login_request(void)
{
    return (struct lq_iscsi_initiator_login){.initiator_name = "iqn.2026-11.org.example:i",
                                             .target_name = "iqn.2026-11.org.example:t",
                                             .isid = UINT64_C(0x400001370000),
                                             .cid = 1,
                                             .first_cmd_sn = 0xfffffffe,
                                             .first_itt = 0xfffffff0,
                                             .offer = lq_iscsi_initiator_offer_default};
}

/* A login response with text; the flags hold T, C, CSG and NSG. */
static inline void answer_login(uint8_t flags, uint16_t tsih, const char *text, uint32_t size)
{
    uint8_t request[48];
    memcpy(request, pdu, 48);
    begin(0x23, flags, be(request + 16, 4));
    memcpy(pdu + 8, request + 8, 6);
    put(pdu + 14, tsih, 2);
    send_status_pdu(text, size);
}

#define TEXT(literal) literal, (uint32_t)sizeof(literal) /* with the last NUL */

static const char full_answer[] =
    "HeaderDigest=None\0DataDigest=None\0ErrorRecoveryLevel=0\0MaxRecvDataSegmentLength=8192\0"
    "DefaultTime2Wait=2\0DefaultTime2Retain=20\0MaxConnections=1\0InitialR2T=Yes\0"
    "ImmediateData=Yes\0MaxBurstLength=262144\0FirstBurstLength=65536\0MaxOutstandingR2T=1\0"
    "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes";

/* Logs in; the target answers the operational keys with TEXT. */
static inline void log_in_with(struct lq_iscsi_initiator_login request, const char *text,
                               uint32_t size)
{
    request.skip_security_stage = true;
    stat_sn = 0xffffffff;
    exp_cmd_sn = request.first_cmd_sn;
    max_cmd_sn = exp_cmd_sn + 7;
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
    CU_ASSERT_FATAL(receive() > 0);
    answer_login(0x87, 5, text, size);
    CU_ASSERT_TRUE_FATAL(next(LQ_ISCSI_I_EVENT_LOGGED_IN));
    CU_ASSERT_EQUAL(event.tsih, 5);
}

static inline void log_in(void)
{
    make(&lq_iscsi_initiator_config_default);
    log_in_with(login_request(), TEXT(full_answer));
    CU_ASSERT_TRUE(no_event());
}

/* For writes: InitialR2T=No, bursts of 4096 and 2048, segments of 1024, two R2Ts. */
static inline void log_in_small(void)
{
    static const char text[] =
        "HeaderDigest=None\0DataDigest=None\0ErrorRecoveryLevel=0\0MaxRecvDataSegmentLength=1024\0"
        "DefaultTime2Wait=2\0DefaultTime2Retain=20\0MaxConnections=1\0InitialR2T=No\0"
        "ImmediateData=Yes\0MaxBurstLength=4096\0FirstBurstLength=2048\0MaxOutstandingR2T=2\0"
        "DataPDUInOrder=Yes\0DataSequenceInOrder=Yes";
    make(&lq_iscsi_initiator_config_default);
    struct lq_iscsi_initiator_login request = login_request();
    request.offer.initial_r2t = false;
    request.offer.max_outstanding_r2t = 4;
    log_in_with(request, TEXT(text));
    CU_ASSERT_TRUE(no_event());
}

static const uint8_t read_cdb[10] = {0x28, 0, 0, 0, 0, 9, 0, 0, 2, 0};
static const uint8_t write_cdb[10] = {0x2a, 0, 0, 0, 0, 9, 0, 0, 2, 0};

static uint8_t in_buffer[4096];
static uint8_t out_buffer[16384];

static inline struct lq_iscsi_initiator_command read_command(uint64_t id, uint32_t bytes)
{
    return (struct lq_iscsi_initiator_command){.id = id,
                                               .lun = UINT64_C(0x0001000000000000),
                                               .cdb = read_cdb,
                                               .cdb_bytes = 10,
                                               .read = true,
                                               .expected_in_bytes = bytes,
                                               .in = in_buffer,
                                               .in_bytes = sizeof in_buffer};
}

static inline struct lq_iscsi_initiator_command write_command(uint64_t id, uint32_t bytes)
{
    for (uint32_t i = 0; i < sizeof out_buffer; i++)
        out_buffer[i] = (uint8_t)(i % 251);
    return (struct lq_iscsi_initiator_command){.id = id,
                                               .lun = UINT64_C(0x0001000000000000),
                                               .cdb = write_cdb,
                                               .cdb_bytes = 10,
                                               .write = true,
                                               .expected_out_bytes = bytes,
                                               .out = out_buffer,
                                               .out_bytes = sizeof out_buffer,
                                               .immediate_bytes = LQ_ISCSI_I_ALL,
                                               .unsolicited_bytes = LQ_ISCSI_I_ALL};
}

/* Sends COMMAND and leaves its PDU in `pdu`. */
static inline uint32_t start(struct lq_iscsi_initiator_command command)
{
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_command(ini, &command));
    CU_ASSERT_FATAL(receive() >= 0);
    CU_ASSERT_TRUE(next(LQ_ISCSI_I_EVENT_SENT) && event.id == command.id);
    if (!command.immediate)
        exp_cmd_sn++;
    CU_ASSERT_EQUAL(event.itt, be(pdu + 16, 4));
    return be(pdu + 16, 4);
}

static inline void respond(uint32_t itt, uint8_t status)
{
    begin(0x21, 0x80, itt);
    pdu[3] = status;
    send_status_pdu(NULL, 0);
}

static inline void data_in(uint32_t itt, uint8_t flags, uint32_t data_sn, uint32_t offset,
                           uint32_t size, uint8_t fill)
{
    uint8_t data[2048];
    memset(data, fill, size);
    begin(0x25, flags, itt);
    put(pdu + 20, 0xffffffff, 4);
    put(pdu + 36, data_sn, 4);
    put(pdu + 40, offset, 4);
    send(data, size);
    if ((flags & 1) != 0)
        stat_sn++;
}

static inline void r2t(uint32_t itt, uint32_t ttt, uint32_t r2t_sn, uint32_t offset, uint32_t size)
{
    begin(0x31, 0x80, itt);
    put(pdu + 8, 0x00010000, 4);
    put(pdu + 20, ttt, 4);
    put(pdu + 36, r2t_sn, 4);
    put(pdu + 40, offset, 4);
    put(pdu + 44, size, 4);
    send(NULL, 0);
}

static inline bool has_text(const char *pair)
{
    uint32_t size = be(pdu + 5, 3), length = (uint32_t)strlen(pair) + 1;
    for (uint32_t at = 0; at + length <= size; at++)
        if ((at == 0 || pdu[48 + at - 1] == 0) && memcmp(pdu + 48 + at, pair, length) == 0)
            return true;
    return false;
}

#endif
