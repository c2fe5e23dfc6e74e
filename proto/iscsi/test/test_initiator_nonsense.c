/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initiator endpoint against targets that send nonsense: in no run may it crash, hang, lose a
 * slot or tell an event that is none. What is drawn depends on the seed only.
 */
#include "proto/iscsi/test/byte_target.h"

#include "core/base/hash.h"

enum { SEEDS = 400, PDUS = 60 };

static uint64_t state;

static uint32_t draw(uint32_t n)
{
    state = lq_mix(state, 0x1234567);
    return (uint32_t)(state >> 33) % n;
}

static void check_event(void)
{
    CU_ASSERT_FATAL(event.kind >= LQ_ISCSI_I_EVENT_LOGGED_IN && event.kind < LQ_ISCSI_I_EVENTS);
    CU_ASSERT_FATAL(event.sense_bytes <= LQ_ISCSI_I_SENSE_BYTES_MAX);
    if (event.kind == LQ_ISCSI_I_EVENT_PROTOCOL_ERROR)
        CU_ASSERT_STRING_NOT_EQUAL_FATAL(lq_iscsi_initiator_error_text(event.code), "?");
}

/* Feeds by odd pieces, polling when the endpoint wants it. */
static void feed_all(const uint8_t *bytes, uint32_t size)
{
    uint32_t fed = 0;
    for (int idle = 0; fed < size && idle < 3;) {
        uint32_t piece = 1 + draw(size - fed);
        uint32_t taken = lq_iscsi_initiator_feed(ini, bytes + fed, piece);
        CU_ASSERT_FATAL(taken <= piece);
        fed += taken;
        idle = taken == 0 ? idle + 1 : 0;
        while (taken < piece && lq_iscsi_initiator_next(ini, &event))
            check_event();
        if (taken < piece)
            pull(); /* answers to pings must go out */
        output_bytes = 0;
    }
    CU_ASSERT_EQUAL_FATAL(fed, size);
}

/* A PDU whose fields are mostly plausible. */
static void random_pdu(void)
{
    static const uint8_t opcodes[] = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26,
                                      0x31, 0x32, 0x3f, 0x25, 0x31, 0x21, 0x3e};
    static const uint32_t numbers[] = {0, 1, 511, 512, 513, 1024, 4096, 0x7fffffff, 0xffffffff};
    uint8_t opcode = opcodes[draw(sizeof opcodes)];
    uint8_t flags = (uint8_t)draw(256);
    begin(opcode, flags, 0xfffffff0 + draw(12));
    for (int field = 36; field <= 44; field += 4)
        put(pdu + field, numbers[draw(9)], 4);
    put(pdu + 20, draw(3) == 0 ? 0xffffffff : draw(4), 4);
    if (draw(8) == 0)
        pdu[draw(48)] ^= 0x55;
    if (pdu[0] == 0x26 && draw(8) != 0)
        pdu[0] = 0x25; /* a logout response ends it all */
    pdu[4] = draw(10) == 0 ? (uint8_t)draw(256) : 0;
    uint32_t size = draw(3) == 0 ? draw(9000) : draw(70);
    put(pdu + 5, size, 3);
    uint32_t rest = pdu[4] * 4U + (size + 3) / 4 * 4;
    for (uint32_t i = 0; i < rest; i++)
        pdu[48 + i] = (uint8_t)draw(256);
    feed_all(pdu, 48 + rest);
}

static void random_request(uint64_t id)
{
    struct lq_iscsi_initiator_command command = draw(2) == 0 ? read_command(id, draw(5000))
                                                             : write_command(id, draw(9000));
    command.hold_data_out = draw(4) == 0;
    command.in_bytes = draw(4096);
    struct lq_iscsi_initiator_tm tm = {.id = id, .function = (uint8_t)draw(13)};
    tm.immediate = draw(2) == 0;
    tm.referenced_id = draw(3);
    uint32_t ping_bytes = draw(60);
    switch (draw(8)) {
    case 0:
        (void)lq_iscsi_initiator_tm(ini, &tm);
        break;
    case 1:
        (void)lq_iscsi_initiator_ping(ini, id, out_buffer, ping_bytes, draw(2) == 0);
        break;
    case 2:
        (void)lq_iscsi_initiator_abandon(ini, 1 + draw(60));
        break;
    case 3:
        lq_iscsi_initiator_release_data(ini, 1 + draw(60));
        break;
    case 4:
        (void)lq_iscsi_initiator_send_targets(ini, id, "All");
        break;
    default:
        (void)lq_iscsi_initiator_command(ini, &command);
        break;
    }
}

static void run(uint64_t seed)
{
    state = seed;
    struct lq_iscsi_initiator_config config = lq_iscsi_initiator_config_default;
    config.requests_max = 1 + draw(12);
    config.events_max = 8 + draw(8);
    config.output_pdus_max = 2 + draw(4);
    make(&config);
    log_in_with(login_request(), TEXT(full_answer));
    for (uint32_t i = 0; i < PDUS; i++) {
        random_request(1 + i);
        if (draw(3) != 0)
            pull();
        output_bytes = 0;
        random_pdu();
        while (draw(3) != 0 && lq_iscsi_initiator_next(ini, &event))
            check_event();
    }
    lq_iscsi_initiator_lost(ini);
    while (lq_iscsi_initiator_next(ini, &event))
        check_event();
    struct lq_iscsi_initiator_state after = lq_iscsi_initiator_state(ini);
    CU_ASSERT_TRUE(after.idle && after.requests == 0 && after.queued == 0);
    CU_ASSERT_EQUAL(after.requests_free, config.requests_max);
}

static void test_nonsense_in_full_feature_phase(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        run(seed);
}

static void test_nonsense_during_login(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        state = seed;
        make(&lq_iscsi_initiator_config_default);
        struct lq_iscsi_initiator_login request = login_request();
        request.skip_security_stage = draw(2) == 0;
        request.one_key_per_pdu = draw(4) == 0;
        CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(ini, &request));
        for (int i = 0; i < 40; i++) {
            if (receive() < 0)
                break;
            uint8_t text[sizeof full_answer];
            memcpy(text, full_answer, sizeof text);
            text[draw(sizeof text)] ^= 0x15;
            uint8_t flags = draw(2) == 0 ? pdu[1] : (uint8_t)draw(256);
            uint8_t asked[48];
            memcpy(asked, pdu, 48);
            begin(0x23, flags, be(asked + 16, 4));
            memcpy(pdu + 8, asked + 8, 6);
            put(pdu + 14, draw(3), 2);
            uint32_t size = draw(sizeof text);
            put(pdu + 5, size, 3);
            memset(pdu + 48, 0, size + 3);
            memcpy(pdu + 48, text, size);
            feed_all(pdu, 48 + (size + 3) / 4 * 4);
            while (lq_iscsi_initiator_next(ini, &event))
                check_event();
        }
        struct lq_iscsi_initiator_state after = lq_iscsi_initiator_state(ini);
        CU_ASSERT_FALSE(after.idle);
    }
}

int main(void)
{
    CU_TestInfo nonsense[] = {
        {"in full feature phase", test_nonsense_in_full_feature_phase},
        {"during login", test_nonsense_during_login},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"nonsense", NULL, NULL, NULL, NULL, nonsense},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
