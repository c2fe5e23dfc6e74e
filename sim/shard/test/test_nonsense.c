/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole shard against an initiator that sends nonsense, before and after login: no crash, every
 * other initiator is served, and in the end nothing is left of it. What is drawn depends on the
 * seed only.
 */
#include "core/base/test/unit.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/base/hash.h"
#include "sim/shard/test/wire.h"

#define SECOND UINT64_C(1000000000)

enum { SEEDS = 150, PDUS = 80, GOOD_PEER = 0, BAD_PEER = 1, DATA_MAX = 20000 };

static uint64_t state;
static uint32_t next_cmd_sn; /* of the bad initiator, as far as it is honest */

static uint32_t draw(uint32_t n)
{
    state = lq_mix(state, 0x7654321);
    return (uint32_t)(state >> 33) % n;
}

/* Offers BYTES in random pieces until they are taken or the connection is gone. */
static void feed(struct wire *wire, const uint8_t *bytes, uint32_t size)
{
    struct wire_peer *bad = &wire->peers[BAD_PEER];
    uint32_t fed = 0;
    for (int idle = 0; bad->connected && fed < size; idle++) {
        CU_ASSERT_FATAL(idle < 1000); /* output is drained, so input must be taken */
        struct lq_input input = {.kind = LQ_INPUT_BYTES,
                                 .now_ns = wire->env.now_ns,
                                 .connection = bad->connection,
                                 .bytes = bytes + fed,
                                 .size_bytes = 1 + draw(size - fed)};
        uint32_t taken = lq_shard_input(wire->shard, &input).taken_bytes;
        CU_ASSERT_FATAL(taken <= input.size_bytes);
        idle = taken > 0 ? 0 : idle;
        fed += taken;
        wire_pump(wire);
        bad->log_count = 0;
    }
}

static const uint32_t lengths[] = {0,    1,     512,      511,        1024,
                                   4096, 65536, 0xffffff, 0x80000000, 0xffffffff};

static uint32_t draw_length(void)
{
    return lengths[draw(sizeof lengths / sizeof lengths[0])];
}

static void put_random_cdb(uint8_t *cdb)
{
    static const uint8_t opcodes[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x1a, 0x25, 0x28, 0x2a,
                                      0x35, 0x5a, 0x88, 0x8a, 0x91, 0x9e, 0xa0, 0x7f, 0xff};
    for (int i = 1; i < 16; i++)
        cdb[i] = draw(3) == 0 ? (uint8_t)draw(256) : 0;
    cdb[0] = opcodes[draw(sizeof opcodes)];
    cdb[8] = (uint8_t)draw(20);
}

/* A PDU whose fields are plausible one by one; returns its bytes. */
static uint32_t put_random_pdu(struct wire *wire, uint8_t *pdu)
{
    static const uint8_t opcodes[] = {0x00, 0x01, 0x01, 0x01, 0x02, 0x05, 0x05, 0x04,
                                      0x06, 0x10, 0x03, 0x1c, 0x21, 0x3f, 0x01, 0x02};
    struct lq_iscsi_initiator_state ini = lq_iscsi_initiator_state(wire->peers[BAD_PEER].ini);
    memset(pdu, 0, 48);
    pdu[0] = (uint8_t)(opcodes[draw(sizeof opcodes)] | (draw(3) == 0 ? 0x40 : 0));
    pdu[1] = (uint8_t)draw(256);
    if ((pdu[0] & 0x3f) == 2)
        pdu[1] = (uint8_t)(0x80 | draw(14));
    if ((pdu[0] & 0x3f) == 6 && draw(6) != 0)
        pdu[0] = 0x41; /* a logout ends it all */
    pdu[9] = (uint8_t)draw(3);
    lq_put_be32(pdu + 16, draw(20) == 0 ? 0xffffffff : draw(12));
    lq_put_be32(pdu + 20, draw(2) == 0 ? 0xffffffff : draw_length());
    bool is_honest = draw(8) != 0;
    lq_put_be32(pdu + 24, is_honest ? next_cmd_sn : next_cmd_sn + draw(6) - 2);
    lq_put_be32(pdu + 28, draw(4) == 0 ? draw_length() : ini.exp_stat_sn + draw(3));
    for (int at = 32; at < 48; at += 4)
        lq_put_be32(pdu + at, draw_length());
    if ((pdu[0] & 0x3f) == 1) {
        lq_put_be32(pdu + 20, draw_length());
        put_random_cdb(pdu + 32);
    }
    if (draw(10) == 0)
        pdu[draw(48)] ^= (uint8_t)(1 + draw(255));
    if (is_honest && (pdu[0] & 0x40) == 0 && pdu[0] < 0x07 && pdu[0] != 3 && pdu[0] != 5)
        next_cmd_sn++;
    pdu[4] = draw(8) == 0 ? (uint8_t)draw(40) : 0;
    uint32_t data = draw(3) == 0 ? draw(DATA_MAX) : draw(2) * 512;
    if ((pdu[0] & 0x3f) != 1 && (pdu[0] & 0x3f) != 5 && draw(4) != 0)
        data = 0;
    lq_put_be24(pdu + 5, data);
    uint32_t rest = pdu[4] * 4U + (data + 3) / 4 * 4;
    for (uint32_t i = 0; i < rest; i++)
        pdu[48 + i] = (uint8_t)draw(256);
    return 48 + rest;
}

static void connect_bad(struct wire *wire, bool log_in)
{
    if (wire->peers[BAD_PEER].connected)
        wire_cut(wire, BAD_PEER, LQ_CLOSE_RESET);
    wire->peers[BAD_PEER].log_count = 0;
    wire->peers[BAD_PEER].quiet = true; /* what it hears makes no sense either */
    if (!log_in)
        wire_connect(wire, BAD_PEER);
    else
        CU_ASSERT_TRUE_FATAL(wire_login(wire, BAD_PEER, NULL));
    next_cmd_sn = lq_iscsi_initiator_state(wire->peers[BAD_PEER].ini).cmd_sn;
}

/* The good initiator is served whatever the bad one does. It may have been logged out by a TARGET
 * COLD RESET; and a SIMPLE command could wait for an ORDERED one of the bad initiator. */
static void good_peer_is_served(struct wire *wire)
{
    struct wire_peer *good = &wire->peers[GOOD_PEER];
    good->log_count = 0;
    if (!good->connected)
        CU_ASSERT_TRUE_FATAL(wire_login(wire, GOOD_PEER, NULL));
    struct lq_iscsi_initiator_command inquiry = wire_inquiry(wire, GOOD_PEER, 0);
    inquiry.attribute = LQ_HEAD_OF_QUEUE;
    const struct lq_iscsi_initiator_event *done = wire_run(wire, GOOD_PEER, inquiry);
    /* BUSY: the bad initiator has an ACA condition, which goes with its session. */
    CU_ASSERT_TRUE(done != NULL && (done->status == LQ_GOOD || done->status == LQ_BUSY));
    CU_ASSERT_EQUAL(good->protocol_errors, 0);
}

static void nothing_is_left(struct wire *wire)
{
    for (uint32_t i = 0; i < 2; i++)
        if (wire->peers[i].connected)
            wire_cut(wire, i, LQ_CLOSE_FIN);
    wire_pass(wire, 120 * SECOND);
    struct lq_engine_counts counts = lq_engine_counts(lq_shard_engine(wire->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(wire->shard));
    CU_ASSERT_EQUAL(counts.tasks, counts.tasks_free);
    CU_ASSERT_EQUAL(counts.aborts, counts.aborts_free);
    CU_ASSERT_EQUAL(counts.orphans + counts.held, 0);
    CU_ASSERT_EQUAL(iscsi.commands, iscsi.commands_free);
    CU_ASSERT_EQUAL(iscsi.sessions, iscsi.sessions_free);
    CU_ASSERT_EQUAL(iscsi.connections, iscsi.connections_free);
}

static void test_nonsense_after_login(void)
{
    static uint8_t pdu[48 + 40 * 4 + DATA_MAX + 4];
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        state = seed;
        struct wire *wire = wire_make(&wire_config_default);
        CU_ASSERT_TRUE_FATAL(wire_login(wire, GOOD_PEER, NULL));
        for (uint32_t i = 0; i < PDUS; i++) {
            if (!wire->peers[BAD_PEER].connected)
                connect_bad(wire, true);
            uint32_t size = put_random_pdu(wire, pdu);
            wire->stores[draw(2)].held = draw(4) == 0;
            feed(wire, pdu, size);
            if (i % 8 == 0)
                good_peer_is_served(wire);
        }
        wire->stores[0].held = wire->stores[1].held = false;
        nothing_is_left(wire);
    }
}

static void test_nonsense_instead_of_login(void)
{
    static uint8_t pdu[48 + 40 * 4 + DATA_MAX + 4];
    static const char pairs[] = "InitiatorName=iqn.2026-11.org.lunquake:i9\0TargetName=" WIRE_TARGET
                                "\0SessionType=Normal\0AuthMethod=None\0MaxBurstLength=99999\0"
                                "HeaderDigest=CRC32C,None\0InitialR2T=No\0X-odd=1";
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        state = seed;
        struct wire *wire = wire_make(&wire_config_default);
        for (uint32_t i = 0; i < PDUS; i++) {
            if (!wire->peers[BAD_PEER].connected || draw(8) == 0)
                connect_bad(wire, false);
            uint32_t size = put_random_pdu(wire, pdu);
            if (draw(5) != 0) { /* a login request after all, more or less */
                uint32_t text = draw(4) == 0 ? draw(sizeof pairs) : (uint32_t)sizeof pairs;
                static const uint8_t flags[] = {0x81, 0x87, 0x04, 0x00, 0x44, 0x83, 0x80};
                pdu[0] = 0x43;
                pdu[1] = draw(10) == 0 ? (uint8_t)draw(256) : flags[draw(sizeof flags)];
                pdu[2] = draw(20) == 0;
                pdu[3] = 0;
                pdu[4] = 0;
                lq_put_be24(pdu + 5, text);
                memset(pdu + 48, 0, text + 3);
                memcpy(pdu + 48, pairs, text);
                if (draw(3) == 0)
                    pdu[48 + draw(text + 1)] ^= (uint8_t)(1 + draw(255));
                size = 48 + (text + 3) / 4 * 4;
            }
            feed(wire, pdu, size);
            if (i % 16 == 0)
                good_peer_is_served(wire);
        }
        nothing_is_left(wire);
    }
}

static void test_absurd_lengths_take_no_memory(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        state = seed;
        struct wire *wire = wire_make(&wire_config_default);
        connect_bad(wire, draw(2) == 0);
        uint8_t pdu[48] = {0x43, 0x87};
        pdu[0] = (uint8_t)draw(64);
        pdu[4] = 0xff;
        lq_put_be24(pdu + 5, 0xffffff);
        feed(wire, pdu, sizeof pdu);
        static uint8_t junk[4096];
        for (int i = 0; i < 40; i++)
            feed(wire, junk, sizeof junk);
        good_peer_is_served(wire);
        nothing_is_left(wire);
    }
}

int main(void)
{
    CU_TestInfo nonsense[] = {
        {"after login", test_nonsense_after_login},
        {"instead of login", test_nonsense_instead_of_login},
        {"absurd lengths", test_absurd_lengths_take_no_memory},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"nonsense", NULL, NULL, NULL, NULL, nonsense},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
