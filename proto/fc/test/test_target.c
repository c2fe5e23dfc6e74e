/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint against an initiator made of bytes: logins, commands, data. */
#include "proto/fc/test/target_bench.h"

static void test_login(void)
{
    make_target(NULL);
    send_plogi(0x11);
    CU_ASSERT_TRUE_FATAL(accepted(0x11, 116));
    CU_ASSERT_EQUAL(be(got_payload + 20, 8), TARGET_NAME);
    CU_ASSERT_EQUAL(be(got_payload + 68, 2) & 0x8000, 0x8000);
    CU_ASSERT_EQUAL(be(got_payload + 74, 2), 2112);
    send_prli(0x12, INITIATOR | RETRY | CONFIRM | 0x200);
    CU_ASSERT_TRUE_FATAL(accepted(0x12, 20));
    static const uint8_t page[16] = {0x08, 0, 0x21, 0, [14] = 0x03, 0x92};
    CU_ASSERT_EQUAL(memcmp(got_payload + 4, page, 16), 0);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).nexuses, 1);
    send_prli(0x13, 0x12); /* no initiator: what we are, and no image pair */
    CU_ASSERT_TRUE_FATAL(accepted(0x13, 20));
    CU_ASSERT_EQUAL(got_payload[6], 0x01);
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).nexuses, 0);
    CU_ASSERT_TRUE(silent());
}

static void refuses(int at, uint64_t value, int bytes, uint8_t explanation)
{
    uint8_t plogi[116];
    plogi_payload(plogi);
    put(plogi + at, value, bytes);
    send_els(0x21, plogi, sizeof plogi);
    CU_ASSERT_TRUE(rejected(0x21, 0x03, explanation));
}

static void test_bad_logins(void)
{
    make_target(NULL);
    refuses(68, 0x0800, 2, 0x01); /* class 3 not valid */
    refuses(8, 0x0000, 2, 0x0f);  /* no continuously increasing offset */
    refuses(8, 0x9000, 2, 0x0f);  /* an F_Port */
    refuses(10, 255, 2, 0x07);    /* data field sizes */
    refuses(74, 2116, 2, 0x07);
    refuses(76, 0, 2, 0x09); /* no concurrent sequence */
    refuses(20, 0, 8, 0x0d); /* no name */
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).remotes, 0);
    send_prli(0x22, INITIATOR);
    CU_ASSERT_TRUE(rejected(0x22, 0x09, 0x1e)); /* login required */
    test_unit_ready(0x23);                      /* told by LOGO */
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x22 && got_payload[0] == 0x05);
    send_plogi(0x24);
    CU_ASSERT_TRUE(accepted(0x24, 116));
    test_unit_ready(0x25); /* without process login: PRLO */
    CU_ASSERT_TRUE(pull() && got.r_ctl == 0x22 && got_payload[0] == 0x21);
    uint8_t prli[20] = {0x20, 0x10, 0, 0x14, 0x28, 0, 0x20}; /* another TYPE */
    send_els(0x26, prli, sizeof prli);
    CU_ASSERT_TRUE(rejected(0x26, 0x03, 0x00));
    send_els(0x27, prli, 16); /* cut short */
    CU_ASSERT_TRUE(rejected(0x27, 0x07, 0x00));
    CU_ASSERT_TRUE(silent());
}

static void test_link_services(void)
{
    make_target(NULL);
    log_in(0);
    static const uint8_t rtv[4] = {0x0e}, test[4] = {0x11}, unknown[4] = {0x77};
    static const uint8_t adisc[28] = {0x52}, rls[8] = {0x0f}, rscn[8] = {0x61, 4, 0, 8};
    send_els(0x31, rtv, 4);
    CU_ASSERT_TRUE(accepted(0x31, 16));
    CU_ASSERT(be(got_payload + 4, 4) == 10000 && be(got_payload + 8, 4) == 2000);
    send_els(0x32, adisc, 28);
    CU_ASSERT_TRUE(accepted(0x32, 28));
    CU_ASSERT(be(got_payload + 8, 8) == TARGET_NAME && be(got_payload + 25, 3) == TARGET_ID);
    send_els(0x33, rls, 8);
    CU_ASSERT_TRUE(accepted(0x33, 28));
    send_els(0x34, rscn, 8);
    CU_ASSERT_TRUE(accepted(0x34, 4));
    send_els(0x35, test, 4);
    CU_ASSERT_TRUE(silent());
    send_els(0x36, unknown, 4);
    CU_ASSERT_TRUE(rejected(0x36, 0x0b, 0x00));
    uint8_t echo[1000] = {0x10, 0, 0, 0, 'h', 'i'};
    echo[999] = 0x99;
    send_els(0x37, echo, sizeof echo);
    CU_ASSERT_TRUE(accepted(0x37, 1000));
    CU_ASSERT_EQUAL(memcmp(got_payload + 1, echo + 1, 999), 0);
}

static void test_read(void)
{
    make_target(NULL);
    log_in(0);
    for (uint32_t i = 0; i < 16 * 512; i++)
        ram.blocks[5 * 512 + i] = (uint8_t)(i * 7 + i / 512);
    read_blocks(0x41, 5, 9); /* 4608 bytes: frames of 2112, 2112 and 384 */
    uint16_t rx_id = 0;
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE_FATAL(pull());
        CU_ASSERT(got.r_ctl == 0x01 && got.type == 0x08 && got.ox_id == 0x41);
        CU_ASSERT_EQUAL(got.f_ctl, i == 2 ? 0x880008 : 0x800008);
        CU_ASSERT_EQUAL(got.sof, i == 0 ? 0x2e : 0x36);
        CU_ASSERT_EQUAL(got.eof, i == 2 ? 0x42 : 0x41);
        CU_ASSERT_EQUAL(got.seq_cnt, i);
        CU_ASSERT_EQUAL(got.parameter, i * 2112);
        CU_ASSERT_EQUAL(got.payload_bytes, i == 2 ? 384 : 2112);
        CU_ASSERT_EQUAL(memcmp(got_payload, ram.blocks + 5 * 512 + i * 2112, got.payload_bytes), 0);
        rx_id = got.rx_id;
    }
    CU_ASSERT_TRUE(responded(0x41, 0));
    CU_ASSERT_EQUAL(got.rx_id, rx_id);
    CU_ASSERT_EQUAL(got.f_ctl, 0x980000);
    CU_ASSERT_EQUAL(got_payload[10], 0);
    static const uint8_t read[10] = {0x28, 0, 0, 0, 0, 5, 0, 0, 1, 0};
    send_command(0x42, 0, 2, 600, read, 10); /* FCP_DL is larger than what is read */
    CU_ASSERT_TRUE(pull() && got.payload_bytes == 512);
    CU_ASSERT_TRUE(responded(0x42, 0));
    CU_ASSERT(got_payload[10] == 0x08 && be(got_payload + 12, 4) == 88);
    send_command(0x43, 0, 2, 100, read, 10); /* and smaller */
    CU_ASSERT_TRUE(pull() && got.payload_bytes == 100);
    CU_ASSERT_TRUE(responded(0x43, 0));
    CU_ASSERT(got_payload[10] == 0x04 && be(got_payload + 12, 4) == 412);
    static const uint8_t beyond[10] = {0x28, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    send_command(0x44, 0, 2, 512, beyond, 10);
    CU_ASSERT_TRUE(responded(0x44, 2));
    CU_ASSERT(got_payload[10] == (0x02 | 0x08) && be(got_payload + 12, 4) == 512);
    CU_ASSERT(be(got_payload + 16, 4) >= 18 && got_payload[24 + 2] == 5);
    CU_ASSERT(got_payload[24 + 12] == 0x21);
    CU_ASSERT_TRUE(silent());
}

static void test_write(void)
{
    struct lq_fc_target_config config = lq_fc_target_config_default;
    config.burst_bytes_max = 4096;
    make_target(&config);
    log_in(0);
    write_blocks(0x51, 8, 10); /* 5120 bytes: bursts of 4096 and 1024 */
    CU_ASSERT_TRUE_FATAL(asked(0x51, 0, 4096));
    uint16_t rx_id = got.rx_id;
    send_data(0x51, rx_id, 1, 2048, 2048, 0x22, true); /* out of order */
    CU_ASSERT_TRUE(silent());
    send_data(0x51, rx_id, 0, 0, 2048, 0x11, false);
    CU_ASSERT_TRUE_FATAL(asked(0x51, 4096, 1024));
    send_data(0x51, rx_id, 0, 0, 2048, 0x99, false); /* late, and known already */
    send_data(0x51, (uint16_t)(rx_id + 1), 0, 4096, 1024, 0x99, true); /* of another exchange */
    CU_ASSERT_TRUE(silent());
    send_data(0x51, rx_id, 0, 4096, 1024, 0x33, true);
    CU_ASSERT_TRUE(responded(0x51, 0));
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0x11);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512 + 2047], 0x11);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512 + 2048], 0x22);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512 + 4096], 0x33);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512 + 5119], 0x33);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512 + 5120], 0);
    send_data(0x51, rx_id, 0, 0, 512, 0x99, true); /* after its end */
    CU_ASSERT_TRUE(silent());
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0x11);
}

static void test_bad_data(void)
{
    make_target(NULL);
    log_in(0);
    write_blocks(0x61, 8, 4);
    CU_ASSERT_TRUE_FATAL(asked(0x61, 0, 2048));
    send_data(0x61, got.rx_id, 0, 0, 1024, 1, true); /* the sequence ends too early */
    CU_ASSERT_TRUE(responded(0x61, 2));
    CU_ASSERT((got_payload[10] & 3) == 3 && got_payload[24 + 3] == 0x01);
    CU_ASSERT(got_payload[32 + 2] == 0x0b && got_payload[32 + 12] == 0x4b);
    write_blocks(0x62, 8, 4);
    CU_ASSERT_TRUE_FATAL(asked(0x62, 0, 2048));
    send_data(0x62, got.rx_id, 0, 1024, 2048, 1, true); /* beyond the burst */
    CU_ASSERT_TRUE(responded(0x62, 2));
    CU_ASSERT_EQUAL(got_payload[24 + 3], 0x03);
    CU_ASSERT_EQUAL(ram.blocks[8 * 512], 0);
    write_blocks(0x63, 8, 4);
    CU_ASSERT_TRUE_FATAL(asked(0x63, 0, 2048));
    CU_ASSERT_EQUAL(lq_fc_target_deadline(target), env.now_ns + 30 * SECOND);
    env.now_ns += 30 * SECOND; /* nobody sends */
    lq_fc_target_expire(target);
    CU_ASSERT_TRUE(responded(0x63, 2));
    CU_ASSERT(be(got_payload + 24 + 12, 2) == 0x4b06);
    uint8_t bad[32] = {[9] = 3};
    send(0x06, 0x08, 0x290000, 0x64, 0xffff, bad, sizeof bad); /* no such attribute */
    CU_ASSERT_TRUE(responded(0x64, 0));
    CU_ASSERT((got_payload[10] & 1) == 1 && got_payload[24 + 3] == 0x02);
    send_tm(0x65, 0x12); /* two functions at once */
    CU_ASSERT_TRUE(responded(0x65, 0));
    CU_ASSERT_EQUAL(got_payload[24 + 3], 0x02);
}

static void test_reference_numbers(void)
{
    make_target(NULL);
    log_in(0);
    static const uint8_t tur[6] = {0};
    send_command(0x71, 2, 0, 0, tur, 6);
    send_command(0x73, 3, 0, 0, tur, 6);
    CU_ASSERT_TRUE(silent());
    send_command(0x72, 1, 0, 0, tur, 6);
    CU_ASSERT_TRUE(responded(0x72, 0));
    CU_ASSERT_TRUE(responded(0x71, 0));
    CU_ASSERT_TRUE(responded(0x73, 0));
    send_command(0x74, 2, 0, 0, tur, 6); /* was here already */
    CU_ASSERT_TRUE(silent());
    send_command(0x75, 5, 0, 0, tur, 6);
    CU_ASSERT_TRUE(silent());
    env.now_ns += 10 * SECOND; /* number 4 does not come */
    lq_fc_target_expire(target);
    CU_ASSERT_TRUE(responded(0x75, 8));
    send_command(0x76, 4, 0, 0, tur, 6);
    CU_ASSERT_TRUE(responded(0x76, 0));
    send_command(0x77, 6, 0, 0, tur, 6);
    CU_ASSERT_TRUE(responded(0x77, 0));
    send_tm(0x78, 0x10); /* a reset begins the count anew */
    CU_ASSERT_TRUE(responded(0x78, 0));
    send_command(0x79, 1, 0, 0, tur, 6);
    CU_ASSERT_TRUE(responded(0x79, 2)); /* of the reset */
    send_command(0x7a, 2, 0, 0, tur, 6);
    CU_ASSERT_TRUE(responded(0x7a, 0));
}

static void test_many_exchanges(void)
{
    struct lq_fc_target_config config = lq_fc_target_config_default;
    config.exchanges_max = 32;
    make_target(&config);
    log_in(0);
    ram.holds = true;
    for (uint16_t i = 0; i < 24; i++)
        read_blocks((uint16_t)(0x100 + i), i, 1);
    while (pull()) /* beyond the engine's limit for a nexus, if that is less: TASK SET FULL */
        CU_ASSERT(got.r_ctl == 0x07 && got_payload[11] == 0x28);
    for (uint16_t i = 0; i < 12; i++)
        read_blocks((uint16_t)(0x200 + i), i, 1);
    while (pull())
        CU_ASSERT(got.r_ctl == 0x07 && (got_payload[11] == 0x28 || got_payload[11] == 0x08));
    for (uint16_t i = 0; i < 12; i++) { /* more functions than there is room for have failed */
        send_tm((uint16_t)(0x400 + i), 0x02);
        while (pull())
            CU_ASSERT(got.r_ctl == 0x07 && (got_payload[10] & 1) == 1 && got_payload[27] == 5);
    }
    ram.holds = false;
    while (pull())
        CU_ASSERT(got.r_ctl == 0x07 && got_payload[27] == 0);
    ram.holds = true;
    send_tm(0x300, 0x02); /* ABORT TASK SET has room */
    ram.holds = false;
    CU_ASSERT_TRUE(responded(0x300, 0));
    CU_ASSERT_EQUAL(got_payload[24 + 3], 0);
    CU_ASSERT_TRUE(silent());
    CU_ASSERT_EQUAL(lq_fc_target_counts(target).exchanges, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"login", test_login},
                           {"bad logins", test_bad_logins},
                           {"link services", test_link_services},
                           {"read", test_read},
                           {"write", test_write},
                           {"bad data", test_bad_data},
                           {"reference numbers", test_reference_numbers},
                           {"many exchanges", test_many_exchanges},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "target", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
