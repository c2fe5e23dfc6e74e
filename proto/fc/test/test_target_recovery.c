/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint against an initiator made of bytes: aborts, ends of a nexus, lost frames,
 * nonsense. */
#include "proto/fc/test/target_bench.h"

static void abts(uint16_t ox_id, uint16_t rx_id)
{
    send(0x81, 0x00, 0x090000, ox_id, rx_id, NULL, 0);
}

static bool ba_acc(uint16_t ox_id)
{
    return pull() && got.r_ctl == 0x84 && got.type == 0 && got.ox_id == ox_id &&
           (got.f_ctl & 0xff0000) == 0x980000 && got.payload_bytes == 12 &&
           be(got_payload + 4, 2) == ox_id && be(got_payload + 6, 2) == got.rx_id &&
           be(got_payload + 8, 4) == 0x0000ffff;
}

static bool ba_rjt(uint16_t ox_id)
{
    return pull() && got.r_ctl == 0x85 && got.ox_id == ox_id && got_payload[1] == 3 &&
           got_payload[2] == 3;
}

static void request(uint8_t command, uint16_t ox_id, uint16_t named, uint16_t rx_id)
{
    uint8_t els[12] = {command};
    put(els + 5, OUR_ID, 3);
    put(els + 8, named, 2);
    put(els + 10, rx_id, 2);
    send_els(ox_id, els, sizeof els);
}

static bool rec_acc(uint16_t ox_id, uint16_t named, uint32_t value, uint32_t e_stat)
{
    return accepted(ox_id, 24) && be(got_payload + 4, 2) == named &&
           be(got_payload + 9, 3) == OUR_ID && be(got_payload + 13, 3) == TARGET_ID &&
           be(got_payload + 16, 4) == value && be(got_payload + 20, 4) == e_stat;
}

static void srr(uint16_t ox_id, uint16_t named, uint16_t rx_id, uint32_t offset, uint8_t r_ctl)
{
    uint8_t els[16] = {0x14, [12] = r_ctl};
    put(els + 4, named, 2);
    put(els + 6, rx_id, 2);
    put(els + 8, offset, 4);
    send(0x32, 0x08, 0x290000, ox_id, 0xffff, els, sizeof els);
}

static bool srr_accepted(uint16_t ox_id)
{
    return pull() && got.r_ctl == 0x33 && got.type == 0x08 && got.ox_id == ox_id &&
           got_payload[0] == 2;
}

static bool srr_rejected(uint16_t ox_id, uint8_t reason, uint8_t explanation)
{
    return pull() && got.r_ctl == 0x33 && got.ox_id == ox_id && got_payload[0] == 1 &&
           got_payload[5] == reason && got_payload[6] == explanation;
}

static void test_abort(void)
{
    make_target(NULL);
    log_in(0);
    write_blocks(0x11, 8, 1);
    CU_ASSERT_TRUE_FATAL(asked(0x11, 0, 512));
    uint16_t rx_id = got.rx_id;
    ram.holds = true;
    send_data(0x11, rx_id, 0, 0, 512, 0x11, true);
    CU_ASSERT_TRUE(silent());
    abts(0x11, rx_id); /* the write is in the store */
    CU_ASSERT_TRUE(silent());
    ram.holds = false;
    CU_ASSERT_TRUE(ba_acc(0x11));
    CU_ASSERT_TRUE(silent()); /* and no status */
    write_blocks(0x11, 8, 1); /* the identity is held */
    CU_ASSERT_TRUE(silent());
    abts(0x11, rx_id); /* asked once more, as if BA_ACC had been lost */
    CU_ASSERT_TRUE(ba_acc(0x11));
    request(0x12, 0x12, 0x11, rx_id); /* RRQ gives it back */
    CU_ASSERT_TRUE(accepted(0x12, 4));
    request(0x12, 0x12, 0x11, rx_id);
    CU_ASSERT_TRUE(rejected(0x12, 0x03, 0x17));
    write_blocks(0x11, 8, 1);
    CU_ASSERT_TRUE_FATAL(asked(0x11, 0, 512));
    CU_ASSERT_NOT_EQUAL(got.rx_id, rx_id);
    send_data(0x11, rx_id, 0, 0, 512, 0x99, true); /* late data of the aborted one */
    CU_ASSERT_TRUE(silent());
    send_data(0x11, got.rx_id, 0, 0, 512, 0x22, true);
    CU_ASSERT_TRUE(responded(0x11, 0));
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0x22);
}

static void test_abort_of_others(void)
{
    make_target(NULL);
    log_in(0);
    abts(0x21, 0x1234);
    CU_ASSERT_TRUE(ba_rjt(0x21));
    abts(0x22, 0xffff); /* its FCP_CMND has not come, and comes too late */
    CU_ASSERT_TRUE(ba_acc(0x22));
    test_unit_ready(0x22);
    CU_ASSERT_TRUE(silent());
    env.now_ns += 10 * SECOND;
    test_unit_ready(0x22); /* after R_A_TOV it is another one */
    CU_ASSERT_TRUE(responded(0x22, 0));
    read_blocks(0x23, 0, 20); /* aborted while its data goes out */
    CU_ASSERT_TRUE_FATAL(pull() && got.r_ctl == 0x01);
    abts(0x23, got.rx_id);
    CU_ASSERT_TRUE(ba_acc(0x23));
    CU_ASSERT_TRUE(silent());
    write_blocks(0x24, 8, 1); /* a reset ends it without a word */
    CU_ASSERT_TRUE_FATAL(asked(0x24, 0, 512));
    uint16_t rx_id = got.rx_id;
    send_tm(0x25, 0x10);
    CU_ASSERT_TRUE(responded(0x25, 0));
    CU_ASSERT(be(got_payload + 20, 4) == 8 && got_payload[24 + 3] == 0);
    send_data(0x24, rx_id, 0, 0, 512, 0x99, true);
    CU_ASSERT_TRUE(silent());
    abts(0x24, rx_id); /* which clears its exchange */
    CU_ASSERT_TRUE(ba_acc(0x24));
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0);
    send_tm(0x26, 0x01);
    CU_ASSERT_TRUE(responded(0x26, 0));
    CU_ASSERT_EQUAL(be(got_payload + 24, 4), 0); /* QUERY TASK SET: nothing is there */
}

/* A function has ended it at once, but it is in the store: ABTS waits for that all the same. */
static void test_abort_after_reset(void)
{
    make_target(NULL);
    log_in(0);
    write_blocks(0x11, 8, 1);
    CU_ASSERT_TRUE_FATAL(asked(0x11, 0, 512));
    uint16_t rx_id = got.rx_id;
    ram.holds = true;
    send_data(0x11, rx_id, 0, 0, 512, 0x11, true);
    send_tm(0x12, 0x10);
    abts(0x11, rx_id);
    CU_ASSERT_TRUE(silent());
    ram.holds = false;
    CU_ASSERT_TRUE(responded(0x12, 0));
    CU_ASSERT_TRUE(ba_acc(0x11));
    CU_ASSERT_TRUE(silent());
    abts(0x11, rx_id);
    CU_ASSERT_TRUE(ba_acc(0x11));
}

static void logo(uint16_t ox_id)
{
    uint8_t els[16] = {0x05};
    put(els + 5, OUR_ID, 3);
    put(els + 8, OUR_NAME, 8);
    send_els(ox_id, els, sizeof els);
}

static void hold_a_write(uint16_t ox_id)
{
    write_blocks(ox_id, 8, 1);
    CU_ASSERT_TRUE_FATAL(asked(ox_id, 0, 512));
    ram.holds = true;
    send_data(ox_id, got.rx_id, 0, 0, 512, 0x11, true);
    CU_ASSERT_TRUE(silent());
}

static void test_logout(void)
{
    static const uint8_t prlo[20] = {0x21, 0x10, 0, 0x14, 0x08};
    make_target(NULL);
    log_in(0);
    hold_a_write(0x31);
    logo(0x32);
    CU_ASSERT_TRUE(silent()); /* the write is in the store */
    logo(0x32);               /* which the same request, delivered twice, does not change */
    CU_ASSERT_TRUE(silent());
    ram.holds = false;
    CU_ASSERT_TRUE(accepted(0x32, 4));
    CU_ASSERT_TRUE(silent());
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
    logo(0x33); /* it is logged out */
    CU_ASSERT_TRUE(accepted(0x33, 4));
    log_in(0);
    hold_a_write(0x34);
    send_els(0x35, prlo, sizeof prlo);
    CU_ASSERT_TRUE(silent());
    ram.holds = false;
    CU_ASSERT_TRUE(accepted(0x35, 20));
    CU_ASSERT_EQUAL(got_payload[6], 0x01);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 1);
    send_prli(0x36, INITIATOR);
    CU_ASSERT_TRUE(accepted(0x36, 20));
}

static void test_replacement(void)
{
    make_target(NULL);
    log_in(0);
    hold_a_write(0x41);
    send_plogi(0x42); /* the nexus is lost: an orphan is left, and nobody waits */
    CU_ASSERT_TRUE(accepted(0x42, 116));
    send_prli(0x43, INITIATOR);
    CU_ASSERT_TRUE(accepted(0x43, 20));
    test_unit_ready(0x41); /* exchanges of before are forgotten: the OX_ID is free */
    CU_ASSERT_TRUE(responded(0x41, 2));
    CU_ASSERT_EQUAL(be(got_payload + 24 + 12, 2), 0x2907);
    ram.holds = false;
    CU_ASSERT_TRUE(silent());
    lq_fc_target_detach(target, 0);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
    test_unit_ready(0x44);
    CU_ASSERT_TRUE(silent());
    lq_fc_target_attach(target, 0, TARGET_ID, 2112);
    log_in(0);
    lq_fc_target_shutdown(target);
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x22 && got_payload[0] == 0x05);
    CU_ASSERT_EQUAL(be(got_payload + 8, 8), TARGET_NAME);
    send_plogi(0x45);
    CU_ASSERT_TRUE(rejected(0x45, 0x05, 0x00));
}

static void test_greeting(void)
{
    make_target(NULL);
    lq_fc_target_greet(target, 0, OUR_ID);
    CU_ASSERT_TRUE_FATAL(pull() && got.r_ctl == 0x22 && got_payload[0] == 0x03);
    CU_ASSERT(got.f_ctl == 0x290000 && got.rx_id == 0xffff && got.payload_bytes == 116);
    uint16_t ox_id = got.ox_id;
    lq_fc_target_greet(target, 0, OUR_ID);
    CU_ASSERT_TRUE(silent());
    send_plogi(0x51); /* ours is the lesser name, so theirs counts */
    CU_ASSERT_TRUE(rejected(0x51, 0x0e, 0x19));
    uint8_t acc[116];
    plogi_payload(acc);
    acc[0] = 0x02;
    send(0x23, 0x01, 0x980000, ox_id, 0xffff, acc, sizeof acc);
    send_prli(0x52, INITIATOR);
    CU_ASSERT_TRUE(accepted(0x52, 20));
    lq_fc_target_forget(target, 0, OUR_ID);
    lq_fc_target_greet(target, 0, OUR_ID);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(pull() && got_payload[0] == 0x03);
        env.now_ns = lq_fc_target_deadline(target);
        lq_fc_target_expire(target);
    }
    CU_ASSERT_TRUE(silent()); /* nobody answers */
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
}

static void test_lost_read(void)
{
    make_target(NULL);
    log_in(RETRY | CONFIRM);
    request(0x13, 0x61, 0x60, 0xffff);
    CU_ASSERT_TRUE(rejected(0x61, 0x03, 0x17)); /* FCP_CMND was lost */
    ram.blocks[3 * 512 + 5] = 0x77;
    ram.holds = true;
    read_blocks(0x62, 0, 8);
    request(0x13, 0x63, 0x62, 0xffff);
    CU_ASSERT_TRUE(rec_acc(0x63, 0x62, 0, 0xc0000000)); /* the target is at work */
    ram.holds = false;
    for (int i = 0; i < 2; i++)
        CU_ASSERT_TRUE(pull() && got.r_ctl == 0x01);
    CU_ASSERT_TRUE(responded(0x62, 0));
    uint16_t rx_id = got.rx_id;
    CU_ASSERT(got_payload[10] == 0x10 && (got.f_ctl & 0xff0000) == 0x890000);
    request(0x13, 0x64, 0x62, rx_id);
    CU_ASSERT_TRUE(rec_acc(0x64, 0x62, 4096, 0x80000000)); /* FCP_CONF is due */
    srr(0x65, 0x62, rx_id, 1024, 0x01);
    CU_ASSERT_TRUE(srr_accepted(0x65));
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x01 && got.parameter == 1024 && got.seq_cnt == 0);
    CU_ASSERT_EQUAL(got_payload[3 * 512 - 1024 + 5], 0x77);
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x01 && got.parameter == 1024 + 2112);
    CU_ASSERT_EQUAL(got.payload_bytes, 4096 - 1024 - 2112);
    CU_ASSERT_TRUE(responded(0x62, 0));
    srr(0x66, 0x62, rx_id, 0, 0x07); /* only the response */
    CU_ASSERT_TRUE(srr_accepted(0x66));
    CU_ASSERT_TRUE(responded(0x62, 0));
    send(0x03, 0x08, 0x190000, 0x62, rx_id, NULL, 0); /* FCP_CONF */
    request(0x13, 0x67, 0x62, rx_id);
    CU_ASSERT_TRUE(rec_acc(0x67, 0x62, 4096, 0xa0000000));
    srr(0x68, 0x62, rx_id, 0, 0x01); /* the data is gone */
    CU_ASSERT_TRUE(srr_rejected(0x68, 0x09, 0x2a));
    srr(0x69, 0x62, rx_id, 0, 0x07); /* the response is not */
    CU_ASSERT_TRUE(srr_accepted(0x69));
    CU_ASSERT_TRUE(responded(0x62, 0));
    CU_ASSERT_TRUE(silent());
    env.now_ns += 9 * SECOND;
    request(0x13, 0x6a, 0x62, rx_id);
    CU_ASSERT_TRUE(rejected(0x6a, 0x03, 0x17));
}

static void test_lost_write(void)
{
    make_target(NULL);
    log_in(RETRY | CONFIRM);
    write_blocks(0x71, 8, 4);
    CU_ASSERT_TRUE_FATAL(asked(0x71, 0, 2048));
    uint16_t rx_id = got.rx_id;
    send_data(0x71, rx_id, 0, 0, 512, 0x11, false); /* and the second frame is lost */
    send_data(0x71, rx_id, 2, 1024, 1024, 0x33, true);
    CU_ASSERT_TRUE(silent());
    request(0x13, 0x72, 0x71, rx_id);
    CU_ASSERT_TRUE(rec_acc(0x72, 0x71, 512, 0x80000000)); /* the initiator's turn */
    srr(0x73, 0x71, rx_id, 4096, 0x05); /* beyond the end */
    CU_ASSERT_TRUE(srr_rejected(0x73, 0x09, 0x2a));
    srr(0x74, 0x71, rx_id, 512, 0x05);
    CU_ASSERT_TRUE(srr_accepted(0x74));
    CU_ASSERT_TRUE(asked(0x71, 512, 1536));
    send_data(0x71, rx_id, 0, 512, 1536, 0x22, true);
    CU_ASSERT_TRUE(responded(0x71, 0));
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0x11);
    CU_ASSERT_EQUAL(ram.blocks[9 * 512], 0x22);
    CU_ASSERT_EQUAL(ram.blocks[12 * 512 - 1], 0x22);
    srr(0x75, 0x71, rx_id, 0, 0x05); /* it is over */
    CU_ASSERT_TRUE(srr_rejected(0x75, 0x09, 0x2a));
    srr(0x76, 0x70, 0xffff, 0, 0x07);
    CU_ASSERT_TRUE(srr_rejected(0x76, 0x03, 0x17));
    request(0x13, 0x77, 0x71, 0xffff); /* the OX_ID's next command, which was lost, is meant */
    CU_ASSERT_TRUE(rejected(0x77, 0x03, 0x17));
    srr(0x78, 0x71, 0xffff, 0, 0x07);
    CU_ASSERT_TRUE(srr_rejected(0x78, 0x03, 0x17));
    request(0x13, 0x79, 0x71, rx_id);
    CU_ASSERT_TRUE(rec_acc(0x79, 0x71, 2048, 0xa0000000));
}

static void test_unconfirmed(void)
{
    make_target(NULL);
    log_in(RETRY | CONFIRM);
    read_blocks(0x81, 0, 1);
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x01);
    CU_ASSERT_TRUE(responded(0x81, 0));
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 1);
    CU_ASSERT_EQUAL(lq_fc_target_deadline(target), env.now_ns + 9 * SECOND);
    test_unit_ready(0x81); /* FCP_CONF was lost, the OX_ID begins another exchange */
    CU_ASSERT_TRUE(responded(0x81, 0));
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 0);
    send_tm(0x82, 0x10);
    CU_ASSERT_TRUE(responded(0x82, 0));
    test_unit_ready(0x83); /* tells of the reset */
    CU_ASSERT_TRUE(responded(0x83, 2));
    CU_ASSERT_EQUAL(got_payload[10] & 0x10, 0x10);
    env.now_ns += 9 * SECOND; /* no FCP_CONF: it may not have arrived */
    lq_fc_target_expire(target);
    test_unit_ready(0x84);
    CU_ASSERT_TRUE(responded(0x84, 2));
    send(0x03, 0x08, 0x190000, 0x84, got.rx_id, NULL, 0);
    test_unit_ready(0x85);
    CU_ASSERT_TRUE(responded(0x85, 0));
}

/* Frames of random bytes and of random changes to good ones: nothing happens but answers. */
static void test_nonsense(void)
{
    static const uint8_t r_ctls[] = {1, 3, 5, 6, 7, 0x22, 0x23, 0x32, 0x33, 0x81, 0x84};
    static const uint8_t types[] = {0, 1, 8, 8, 8, 0x20};
    static const uint8_t commands[] = {3, 5, 0x0e, 0x10, 0x12, 0x13, 0x20, 0x21, 0x52, 0x61};
    uint64_t seed = 1;
    struct lq_digest digest;
    make_target(NULL);
    log_in(RETRY | CONFIRM);
    for (uint32_t round = 0; round < 200000; round++) {
        uint8_t payload[300];
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t x = seed >> 16;
        for (uint32_t i = 0; i < sizeof payload; i++)
            payload[i] = round % 4 == 0 ? (uint8_t)(lq_mix(seed, i)) : 0;
        if (round % 4 == 1)
            payload[x % 300] = (uint8_t)(x >> 20);
        payload[0] = (x & 1) != 0 ? commands[x / 2 % sizeof commands] : payload[0];
        struct lq_fc_frame frame = {.r_ctl = r_ctls[x / 7 % sizeof r_ctls],
                                    .type = types[x / 11 % sizeof types],
                                    .d_id = TARGET_ID,
                                    .s_id = OUR_ID + (uint32_t)(x / 13 % 3),
                                    .f_ctl = (x & 64) != 0 ? 0x290000 : (uint32_t)x & 0xffffff,
                                    .df_ctl = (x & 0x3000) == 0 ? (uint8_t)(x >> 8) : 0,
                                    .seq_cnt = (uint16_t)(x / 17 % 3),
                                    .ox_id = (uint16_t)(x / 19 % 40),
                                    .rx_id = (x & 128) != 0 ? 0xffff : (uint16_t)(x / 23 % 1100),
                                    .parameter = (uint32_t)(x / 29 % 4096),
                                    .payload = payload,
                                    .payload_bytes = (uint32_t)(x / 31 % sizeof payload)};
        lq_fc_target_feed(target, 0, &frame);
        if (round % 8 == 0)
            while (lq_fc_target_emit(target, &(uint32_t){0}, &frame))
                lq_fc_target_sent(target);
        turn();
        env.now_ns += SECOND / 10;
        lq_fc_target_expire(target);
        if (lq_engine_deadline(engine) <= env.now_ns)
            lq_engine_expire(engine);
    }
    lq_digest_init(&digest, env.now_ns);
    lq_fc_target_digest(target, &digest);
    CU_ASSERT_NOT_EQUAL(digest.hash, 0);
    lq_fc_target_detach(target, 0);
    CU_ASSERT_TRUE(silent());
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 0);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
    CU_ASSERT_EQUAL(lq_engine_counts(engine).tasks_free, lq_engine_counts(engine).tasks);
}

int main(void)
{
    CU_TestInfo tests[] = {{"abort", test_abort},
                           {"abort of others", test_abort_of_others},
                           {"abort after reset", test_abort_after_reset},
                           {"logout", test_logout},
                           {"replacement", test_replacement},
                           {"greeting", test_greeting},
                           {"lost read", test_lost_read},
                           {"lost write", test_lost_write},
                           {"unconfirmed", test_unconfirmed},
                           {"nonsense", test_nonsense},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "target", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
