/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec against byte images written from the figures of RFC 7143 section 11; AHS forms, serial
 * numbers, text pairs and values.
 */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <string.h>

#include "proto/iscsi/pdu.h"
#include "proto/iscsi/serial.h"
#include "proto/iscsi/text.h"

#define LUN 0, 1, 0, 0, 0, 0, 0, 0
#define NO_TAG 0xff, 0xff, 0xff, 0xff
#define ZEROS4 0, 0, 0, 0

/* Decodes IMAGE, encodes what came out, and expects IMAGE again. */
static struct lq_iscsi_pdu round_trip(const uint8_t *image)
{
    struct lq_iscsi_pdu pdu;
    uint8_t again[LQ_BHS_BYTES];
    memset(&pdu, 0xa5, sizeof pdu);
    CU_ASSERT_TRUE(lq_iscsi_pdu_decode(&pdu, image));
    lq_iscsi_pdu_encode(&pdu, again);
    for (int i = 0; i < LQ_BHS_BYTES; i++)
        if (again[i] != image[i]) {
            printf("opcode %02x byte %d: %02x, expected %02x\n", image[0], i, again[i], image[i]);
            CU_FAIL("an image did not survive");
        }
    return pdu;
}

static void test_command_and_response(void)
{
    static const uint8_t command[48] = {
        0x41, 0xe2, 0x07, 0,    2,    0x01, 0x02, 0x03, LUN,  0x11, 0x22, 0x33, 0x44, 0, 0, 2, 0,
        0x80, 0,    0,    0x01, 0x80, 0,    0,    0x02, 0x7f, 1,    2,    3,    4,    5, 6, 7, 8,
        9,    10,   11,   12,   13,   14,   15};
    struct lq_iscsi_pdu pdu = round_trip(command);
    CU_ASSERT_EQUAL(pdu.opcode, LQ_OP_SCSI_COMMAND);
    CU_ASSERT_TRUE(pdu.immediate && pdu.final && pdu.u.command.read && pdu.u.command.write);
    CU_ASSERT_EQUAL(pdu.u.command.attribute, LQ_ISCSI_ORDERED);
    CU_ASSERT_EQUAL(pdu.u.command.priority, 7);
    CU_ASSERT_EQUAL(pdu.ahs_words, 2);
    CU_ASSERT_EQUAL(pdu.data_bytes, 0x010203);
    CU_ASSERT_EQUAL(pdu.lun, UINT64_C(0x0001000000000000));
    CU_ASSERT_EQUAL(pdu.itt, 0x11223344);
    CU_ASSERT_EQUAL(pdu.u.command.expected_bytes, 512);
    CU_ASSERT_EQUAL(pdu.cmd_sn, 0x80000001);
    CU_ASSERT_EQUAL(pdu.exp_stat_sn, 0x80000002);
    CU_ASSERT_EQUAL(pdu.u.command.cdb[0], 0x7f);
    CU_ASSERT_EQUAL(pdu.u.command.cdb[15], 15);

    static const uint8_t response[48] = {
        0x21, 0x9a, 0x01, 0x02, 0, 0, 0, 20, ZEROS4, ZEROS4, 1, 2, 3, 4, 5, 6, 7, 8,
        9,    10,   11,   12,   13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
        29,   30,   31,   32};
    pdu = round_trip(response);
    CU_ASSERT_TRUE(pdu.u.response.bidi_overflow && pdu.u.response.bidi_underflow);
    CU_ASSERT_TRUE(!pdu.u.response.overflow && pdu.u.response.underflow);
    CU_ASSERT_EQUAL(pdu.u.response.response, 1);
    CU_ASSERT_EQUAL(pdu.u.response.status, 2);
    CU_ASSERT_EQUAL(pdu.u.response.snack_tag, 0x05060708);
    CU_ASSERT_EQUAL(pdu.stat_sn, 0x090a0b0c);
    CU_ASSERT_EQUAL(pdu.exp_cmd_sn, 0x0d0e0f10);
    CU_ASSERT_EQUAL(pdu.max_cmd_sn, 0x11121314);
    CU_ASSERT_EQUAL(pdu.u.response.exp_data_sn, 0x15161718);
    CU_ASSERT_EQUAL(pdu.u.response.bidi_residual, 0x191a1b1c);
    CU_ASSERT_EQUAL(pdu.u.response.residual, 0x1d1e1f20);
}

static void test_task_management(void)
{
    static const uint8_t request[48] = {0x42, 0x81, 0, 0, 0,  0,  0,  0,  LUN, 1,  2,
                                        3,    4,    5, 6, 7,  8,  9,  10, 11,  12, 13,
                                        14,   15,   16, 17, 18, 19, 20, 21, 22,  23, 24};
    struct lq_iscsi_pdu pdu = round_trip(request);
    CU_ASSERT_EQUAL(pdu.u.tm.function, LQ_ISCSI_ABORT_TASK);
    CU_ASSERT_EQUAL(pdu.u.tm.referenced_itt, 0x05060708);
    CU_ASSERT_EQUAL(pdu.cmd_sn, 0x090a0b0c);
    CU_ASSERT_EQUAL(pdu.u.tm.ref_cmd_sn, 0x11121314);
    CU_ASSERT_EQUAL(pdu.u.tm.exp_data_sn, 0x15161718);
    static const uint8_t response[48] = {0x22, 0x80, 0xff, 0, 0, 0, 0, 0,  ZEROS4, ZEROS4,
                                         1,    2,    3,    4, ZEROS4, 9, 10, 11, 12, 13, 14,
                                         15,   16,   17,   18, 19, 20};
    pdu = round_trip(response);
    CU_ASSERT_EQUAL(pdu.u.tm_response.response, LQ_TM_RSP_REJECTED);
    CU_ASSERT_EQUAL(pdu.stat_sn, 0x090a0b0c);
}

static void test_data(void)
{
    static const uint8_t out[48] = {0x05, 0x80, 0, 0, 0, 0, 2, 0, LUN, 1, 2, 3, 4, 5, 6, 7, 8,
                                    ZEROS4, 13, 14, 15, 16, ZEROS4, 21, 22, 23, 24, 25, 26, 27,
                                    28, ZEROS4};
    struct lq_iscsi_pdu pdu = round_trip(out);
    CU_ASSERT_EQUAL(pdu.ttt, 0x05060708);
    CU_ASSERT_EQUAL(pdu.exp_stat_sn, 0x0d0e0f10);
    CU_ASSERT_EQUAL(pdu.u.data.data_sn, 0x15161718);
    CU_ASSERT_EQUAL(pdu.u.data.buffer_offset, 0x191a1b1c);
    static const uint8_t in[48] = {0x25, 0xc3, 0,  0x04, 0,  0,  2,  0,  LUN, 1,  2,  3,  4,
                                   5,    6,    7,  8,    9,  10, 11, 12, 13,  14, 15, 16, 17,
                                   18,   19,   20, 21,   22, 23, 24, 25, 26,  27, 28, 29, 30,
                                   31,   32};
    pdu = round_trip(in);
    CU_ASSERT_TRUE(pdu.final && pdu.u.data.acknowledge && pdu.u.data.has_status);
    CU_ASSERT_TRUE(pdu.u.data.underflow && !pdu.u.data.overflow);
    CU_ASSERT_EQUAL(pdu.u.data.status, 4);
    CU_ASSERT_EQUAL(pdu.u.data.residual, 0x1d1e1f20);
    static const uint8_t r2t[48] = {0x31, 0x80, 0,  0,  0,  0,  0,  0,  LUN, 1,  2,  3,  4,
                                    5,    6,    7,  8,  9,  10, 11, 12, 13,  14, 15, 16, 17,
                                    18,   19,   20, 21, 22, 23, 24, 25, 26,  27, 28, 29, 30,
                                    31,   32};
    pdu = round_trip(r2t);
    CU_ASSERT_EQUAL(pdu.u.r2t.r2t_sn, 0x15161718);
    CU_ASSERT_EQUAL(pdu.u.r2t.buffer_offset, 0x191a1b1c);
    CU_ASSERT_EQUAL(pdu.u.r2t.desired_bytes, 0x1d1e1f20);
}

static void test_login(void)
{
    static const uint8_t request[48] = {0x43, 0xc7, 3, 1, 0, 0, 1, 0, 0x40, 1, 2, 3, 4, 5, 0x12,
                                        0x34, 6,    7, 8, 9, 0xab, 0xcd, 0, 0, 10, 11, 12, 13,
                                        14,   15,   16, 17};
    struct lq_iscsi_pdu pdu = round_trip(request);
    CU_ASSERT_TRUE(pdu.final && pdu.u.login.more);
    CU_ASSERT_EQUAL(pdu.u.login.csg, LQ_STAGE_OPERATIONAL);
    CU_ASSERT_EQUAL(pdu.u.login.nsg, LQ_STAGE_FULL_FEATURE);
    CU_ASSERT_EQUAL(pdu.u.login.version_max, 3);
    CU_ASSERT_EQUAL(pdu.u.login.version_min, 1);
    CU_ASSERT_EQUAL(memcmp(pdu.u.login.isid, request + 8, 6), 0);
    CU_ASSERT_EQUAL(pdu.u.login.tsih, 0x1234);
    CU_ASSERT_EQUAL(pdu.u.login.cid, 0xabcd);
    static const uint8_t response[48] = {0x23, 0x81, 0, 0, 0, 0, 0, 0, 0x80, 1, 2, 3, 4, 5, 0,
                                         0,    1,    2, 3, 4, ZEROS4, 9, 10, 11, 12, 13, 14, 15,
                                         16,   17,   18, 19, 20, 0x02, 0x07};
    pdu = round_trip(response);
    CU_ASSERT_EQUAL(pdu.u.login.status, LQ_LOGIN_MISSING_PARAMETER);
    CU_ASSERT_EQUAL(pdu.max_cmd_sn, 0x11121314);
}

static void test_text_logout_nop(void)
{
    static const uint8_t text[48] = {0x04, 0x40, 0, 0, 0, 0, 0, 9, LUN, 1, 2, 3, 4, NO_TAG, 9,
                                     10,   11,   12, 13, 14, 15, 16};
    struct lq_iscsi_pdu pdu = round_trip(text);
    CU_ASSERT_TRUE(!pdu.final && pdu.u.text.more && pdu.ttt == LQ_TAG_NONE);
    static const uint8_t answer[48] = {0x24, 0x80, 0, 0, 0, 0, 0, 9, LUN, 1, 2, 3, 4, NO_TAG, 9,
                                       10,   11,   12, 13, 14, 15, 16, 17, 18, 19, 20};
    pdu = round_trip(answer);
    CU_ASSERT_TRUE(pdu.final && !pdu.u.text.more);
    static const uint8_t logout[48] = {0x46, 0x81, 0, 0, 0, 0, 0, 0, ZEROS4, ZEROS4, 1, 2, 3, 4,
                                       0x12, 0x34, 0, 0, 9, 10, 11, 12, 13, 14, 15, 16};
    pdu = round_trip(logout);
    CU_ASSERT_EQUAL(pdu.u.logout.reason, LQ_LOGOUT_CLOSE_CONNECTION);
    CU_ASSERT_EQUAL(pdu.u.logout.cid, 0x1234);
    static const uint8_t left[48] = {0x26, 0x80, 2, 0, 0, 0, 0, 0, ZEROS4, ZEROS4, 1, 2, 3, 4,
                                     ZEROS4, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                     ZEROS4, 0, 2, 0, 20};
    pdu = round_trip(left);
    CU_ASSERT_EQUAL(pdu.u.logout_response.response, LQ_LOGOUT_NO_RECOVERY);
    CU_ASSERT_EQUAL(pdu.u.logout_response.time2wait_s, 2);
    CU_ASSERT_EQUAL(pdu.u.logout_response.time2retain_s, 20);
    static const uint8_t out[48] = {0x40, 0x80, 0, 0, 0, 0, 0, 0, LUN, NO_TAG, 5, 6, 7, 8, 9, 10,
                                    11,   12,   13, 14, 15, 16};
    pdu = round_trip(out);
    CU_ASSERT_TRUE(pdu.immediate && pdu.itt == LQ_TAG_NONE && pdu.ttt == 0x05060708);
    static const uint8_t in[48] = {0x20, 0x80, 0, 0, 0, 0, 0, 0, LUN, NO_TAG, 5, 6, 7, 8, 9, 10,
                                   11,   12,   13, 14, 15, 16, 17, 18, 19, 20};
    (void)round_trip(in);
}

static void test_the_rest(void)
{
    static const uint8_t snack[48] = {0x10, 0x83, 0, 0, 0, 0, 0, 0, LUN, 1, 2, 3, 4, 5, 6, 7, 8,
                                      ZEROS4, 13, 14, 15, 16, ZEROS4, ZEROS4, 25, 26, 27, 28, 29,
                                      30, 31, 32};
    struct lq_iscsi_pdu pdu = round_trip(snack);
    CU_ASSERT_EQUAL(pdu.u.snack.type, 3);
    CU_ASSERT_EQUAL(pdu.u.snack.beg_run, 0x191a1b1c);
    CU_ASSERT_EQUAL(pdu.u.snack.run_length, 0x1d1e1f20);
    static const uint8_t async[48] = {0x32, 0x80, 0, 0, 0, 0, 0, 20, LUN, NO_TAG, ZEROS4, 9, 10,
                                      11,   12,   13, 14, 15, 16, 17, 18, 19, 20, 2, 7, 0, 1, 0,
                                      2,    0,    3};
    pdu = round_trip(async);
    CU_ASSERT_EQUAL(pdu.u.async.event, LQ_ASYNC_CONNECTION_DROP);
    CU_ASSERT_EQUAL(pdu.u.async.vendor_code, 7);
    CU_ASSERT_EQUAL(pdu.u.async.parameter1, 1);
    CU_ASSERT_EQUAL(pdu.u.async.parameter3, 3);
    static const uint8_t reject[48] = {0x3f, 0x80, 9, 0, 0, 0, 0, 48, ZEROS4, ZEROS4, NO_TAG,
                                       ZEROS4, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                       21, 22, 23, 24};
    pdu = round_trip(reject);
    CU_ASSERT_EQUAL(pdu.u.reject.reason, LQ_REJECT_INVALID_FIELD);
    CU_ASSERT_EQUAL(pdu.u.reject.data_sn, 0x15161718);
    uint8_t vendor[48] = {0x1c};
    CU_ASSERT_FALSE(lq_iscsi_pdu_decode(&pdu, vendor));
    CU_ASSERT_EQUAL(pdu.opcode, 0x1c);
    CU_ASSERT_PTR_NULL(lq_iscsi_opcode_info(0x1c));
    CU_ASSERT_PTR_NULL(lq_iscsi_opcode_info(0x40));
    CU_ASSERT_TRUE(lq_iscsi_opcode_info(0x05)->from_initiator);
    CU_ASSERT_FALSE(lq_iscsi_opcode_info(0x25)->from_initiator);
}

static void test_patch_keeps_what_it_does_not_know(void)
{
    uint8_t image[48], patched[48];
    for (unsigned opcode = 0; opcode < 64; opcode++) {
        if (lq_iscsi_opcode_info((uint8_t)opcode) == NULL)
            continue;
        for (int i = 0; i < 48; i++)
            image[i] = (uint8_t)(0xff - i);
        image[0] = (uint8_t)(0x80 | opcode); /* a reserved bit set */
        image[1] |= 0x80;
        struct lq_iscsi_pdu pdu;
        CU_ASSERT_TRUE(lq_iscsi_pdu_decode(&pdu, image));
        memcpy(patched, image, 48);
        lq_iscsi_pdu_patch(&pdu, patched);
        CU_ASSERT_EQUAL(memcmp(patched, image, 48), 0);
    }
}

/* --- AHS [RFC 7143 11.2.2] -------------------------------------------------------------------- */

static void test_ahs(void)
{
    static const uint8_t image[] = {0, 6, 1, 0, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0, 0, 0, /* CDB */
                                    0, 5, 2, 0, 0,    0,    2,    0};               /* bidi */
    uint8_t built[20];
    CU_ASSERT_EQUAL(lq_iscsi_ahs_put_cdb(built, image + 4, 5), 12);
    CU_ASSERT_EQUAL(lq_iscsi_ahs_put_bidi(built + 12, 512), 8);
    CU_ASSERT_EQUAL(memcmp(built, image, 20), 0);
    uint32_t position = 0;
    struct lq_iscsi_ahs ahs;
    CU_ASSERT_EQUAL(lq_iscsi_ahs_next(image, 20, &position, &ahs), 1);
    CU_ASSERT_EQUAL(ahs.type, LQ_AHS_EXTENDED_CDB);
    CU_ASSERT_EQUAL(ahs.contents.size_bytes, 5);
    CU_ASSERT_EQUAL(ahs.contents.bytes[4], 0xc4);
    CU_ASSERT_EQUAL(lq_iscsi_ahs_next(image, 20, &position, &ahs), 1);
    CU_ASSERT_EQUAL(ahs.type, LQ_AHS_BIDI_READ_LENGTH);
    CU_ASSERT_EQUAL(ahs.contents.size_bytes, 4);
    CU_ASSERT_EQUAL(lq_iscsi_ahs_next(image, 20, &position, &ahs), 0);
    position = 12; /* cut short, zero length */
    CU_ASSERT_EQUAL(lq_iscsi_ahs_next(image, 16, &position, &ahs), -1);
    static const uint8_t empty[4] = {0, 0, 1, 0};
    position = 0;
    CU_ASSERT_EQUAL(lq_iscsi_ahs_next(empty, 4, &position, &ahs), -1);
    CU_ASSERT_EQUAL(lq_iscsi_pad_bytes(0), 0);
    CU_ASSERT_EQUAL(lq_iscsi_pad_bytes(1), 3);
    CU_ASSERT_EQUAL(lq_iscsi_pad_bytes(4), 0);
}

static void test_serial_numbers(void)
{
    CU_ASSERT_TRUE(lq_sn_before(0xffffffff, 0));
    CU_ASSERT_FALSE(lq_sn_before(0, 0xffffffff));
    CU_ASSERT_FALSE(lq_sn_before(7, 7));
    CU_ASSERT_TRUE(lq_sn_within(0, 0xfffffffe, 5));
    CU_ASSERT_TRUE(lq_sn_within(5, 0xfffffffe, 5));
    CU_ASSERT_FALSE(lq_sn_within(6, 0xfffffffe, 5));
    CU_ASSERT_FALSE(lq_sn_within(7, 7, 6)); /* a shut window */
}

/* --- text ------------------------------------------------------------------------------------- */

static enum lq_text_result first_result(const char *text, uint32_t size, struct lq_text_pair *pair)
{
    struct lq_text_reader reader = {{(const uint8_t *)text, size}, 0};
    return lq_text_next(&reader, pair);
}

static void test_text_pairs(void)
{
    static const char text[] = "A=b\0\0\0Key=\0X-org.x=a=b";
    struct lq_text_reader reader = {{(const uint8_t *)text, sizeof text}, 0};
    struct lq_text_pair pair;
    CU_ASSERT_EQUAL(lq_text_next(&reader, &pair), LQ_TEXT_PAIR);
    CU_ASSERT_TRUE(lq_text_equal(pair.key, "A") && lq_text_equal(pair.value, "b"));
    CU_ASSERT_EQUAL(lq_text_next(&reader, &pair), LQ_TEXT_PAIR);
    CU_ASSERT_TRUE(lq_text_equal(pair.key, "Key") && lq_text_equal(pair.value, ""));
    CU_ASSERT_EQUAL(lq_text_next(&reader, &pair), LQ_TEXT_PAIR);
    CU_ASSERT_TRUE(lq_text_equal(pair.key, "X-org.x") && lq_text_equal(pair.value, "a=b"));
    CU_ASSERT_EQUAL(lq_text_next(&reader, &pair), LQ_TEXT_END);
    CU_ASSERT_EQUAL(first_result("A=b", 3, &pair), LQ_TEXT_NOT_TERMINATED);
    CU_ASSERT_EQUAL(first_result("Ab", 3, &pair), LQ_TEXT_NO_EQUALS);
    CU_ASSERT_EQUAL(first_result("=b", 3, &pair), LQ_TEXT_BAD_KEY);
    CU_ASSERT_EQUAL(first_result("A b=c", 6, &pair), LQ_TEXT_BAD_KEY);
    char key[80];
    memset(key, 'k', sizeof key);
    key[63] = '=';
    key[79] = 0;
    CU_ASSERT_EQUAL(first_result(key, 80, &pair), LQ_TEXT_PAIR);
    CU_ASSERT_EQUAL(pair.key.size_bytes, 63);
    key[63] = 'k';
    key[64] = '=';
    CU_ASSERT_EQUAL(first_result(key, 80, &pair), LQ_TEXT_BAD_KEY);
    static char value[8300] = "v=";
    memset(value + 2, 'x', 8192);
    CU_ASSERT_EQUAL(first_result(value, sizeof value, &pair), LQ_TEXT_PAIR);
    value[2 + 8192] = 'x';
    CU_ASSERT_EQUAL(first_result(value, sizeof value, &pair), LQ_TEXT_VALUE_TOO_LONG);
}

static void test_text_values(void)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t number;
    } rows[] = {{"0", true, 0},       {"262144", true, 262144},
                {"00010", true, 10},  {"0x40000", true, 262144},
                {"0XfF", true, 255},  {"4294967295", true, 4294967295},
                {"", false, 0},       {"4294967296", false, 0},
                {"0x", false, 0},     {"-1", false, 0},
                {"12a", false, 0},    {" 1", false, 0},
                {"1~2", false, 0}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t number = 0;
        CU_ASSERT_EQUAL(lq_text_to_number(lq_text_slice(rows[i].text), &number), rows[i].good);
        CU_ASSERT_EQUAL(number, rows[i].number);
    }
    bool boolean;
    CU_ASSERT_TRUE(lq_text_to_boolean(lq_text_slice("Yes"), &boolean) && boolean);
    CU_ASSERT_TRUE(lq_text_to_boolean(lq_text_slice("No"), &boolean) && !boolean);
    CU_ASSERT_FALSE(lq_text_to_boolean(lq_text_slice("yes"), &boolean));
    char folded[224];
    CU_ASSERT_TRUE(lq_iscsi_name_fold(lq_text_slice("IQN.2026-11.org.Example:A"), folded));
    CU_ASSERT_STRING_EQUAL(folded, "iqn.2026-11.org.example:a");
    CU_ASSERT_FALSE(lq_iscsi_name_fold(lq_text_slice(""), folded));
    CU_ASSERT_FALSE(lq_iscsi_name_fold(lq_text_slice("iqn.2026-11,x"), folded));
    char name[225];
    memset(name, 'n', 224);
    name[224] = 0;
    CU_ASSERT_FALSE(lq_iscsi_name_fold(lq_text_slice(name), folded));
    name[223] = 0;
    CU_ASSERT_TRUE(lq_iscsi_name_fold(lq_text_slice(name), folded));
}

static void test_text_writing(void)
{
    uint8_t bytes[64];
    struct lq_text_writer writer = {bytes, 0, 40, false};
    lq_text_put(&writer, "A", "b");
    lq_text_put_number(&writer, "N", 4294967295);
    lq_text_put_address(&writer, "[::1]:3260", 7);
    static const char expected[] = "A=b\0N=4294967295";
    CU_ASSERT_FALSE(memcmp(bytes, expected, sizeof expected));
    CU_ASSERT_TRUE(writer.overflowed); /* "TargetAddress=[::1]:3260,7" needs 27 */
    CU_ASSERT_EQUAL(writer.size_bytes, sizeof expected);
    writer = (struct lq_text_writer){bytes, 0, 27, false};
    lq_text_put_address(&writer, "[::1]:3260", 7);
    CU_ASSERT_FALSE(writer.overflowed);
    CU_ASSERT_STRING_EQUAL((const char *)bytes, "TargetAddress=[::1]:3260,7");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"SCSI Command and Response", test_command_and_response},
        {"task management", test_task_management},
        {"data", test_data},
        {"login", test_login},
        {"text, logout, NOP", test_text_logout_nop},
        {"SNACK, Async Message, Reject, others", test_the_rest},
        {"patch keeps what it does not know", test_patch_keeps_what_it_does_not_know},
        {"AHS", test_ahs},
        {"serial numbers", test_serial_numbers},
        {"text pairs", test_text_pairs},
        {"text values", test_text_values},
        {"text writing", test_text_writing},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"codec", NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
