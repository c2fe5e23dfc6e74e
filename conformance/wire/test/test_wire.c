/* SPDX-License-Identifier: Apache-2.0 */
/* PDUs by hand, from the figures of RFC 7143 clause 11; sense from SPC-5 r22 4.5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include "conformance/wire/reader.h"
#include "conformance/wire/sense.h"
#include "conformance/wire/text.h"
#include "core/base/assert.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

/* A SCSI Response with 5 bytes of data (3 of padding), then an R2T with two words of AHS. */
static const uint8_t stream[] = {
    0x21, 0x82, 0x00, 0x02, 0x00, 0x00, 0x00, 0x05, /* response, underflow, CHECK CONDITION */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x0b,
    0x00, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x0d,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00,
    0x00, 0x03, 0x70, 0x00, 0x06, 0xee, 0xee, 0xee,
    0x31, 0x80, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x07, 0xaa, 0xbb, 0xcc, 0xdd,
    0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x0f,
    0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x11,
    0x00, 0x00, 0x12, 0x00, 0x00, 0x00, 0x34, 0x00,
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
};

static struct lq_wire_reader reader;
static struct lq_wire_crc crc;

static uint32_t crc_of(const uint8_t *bytes, uint32_t size_bytes)
{
    return lq_wire_crc_end(lq_wire_crc_go_on(&crc, lq_wire_crc_begin(), bytes, size_bytes));
}

/* The command of [RFC 7143 A.4] and its header digest. */
static uint8_t command[52] = {
    0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0,
    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
    0x56, 0x3a, 0x96, 0xd9};

/* A PDU with 30 bytes of data and two of padding, all zeros, and their digest. */
static uint8_t padded[48 + 32 + 4] = {[0] = 0x25, [7] = 30, [80] = 0xaa, 0x36, 0x91, 0x8a};

static void check_first(void)
{
    CU_ASSERT(lq_wire_opcode_of(reader.header) == LQ_WIRE_SCSI_RESPONSE);
    CU_ASSERT(lq_wire_status(reader.header) == 2);
    CU_ASSERT(lq_wire_underflow(reader.header) && !lq_wire_overflow(reader.header));
    CU_ASSERT(lq_wire_itt(reader.header) == 0x11223344);
    CU_ASSERT(lq_wire_stat_sn(reader.header) == 10);
    CU_ASSERT(lq_wire_exp_cmd_sn(reader.header) == 11);
    CU_ASSERT(lq_wire_max_cmd_sn(reader.header) == 12);
    CU_ASSERT(lq_wire_data_sn(reader.header) == 13);
    CU_ASSERT(lq_wire_residual(reader.header) == 512);
    CU_ASSERT(reader.data_bytes == 5 && reader.kept_bytes == 5);
    CU_ASSERT(memcmp(reader.data, stream + 48, 5) == 0);
}

static void check_second(void)
{
    CU_ASSERT(lq_wire_opcode_of(reader.header) == LQ_WIRE_R2T);
    CU_ASSERT(lq_wire_ahs_bytes(reader.header) == 8 && reader.data_bytes == 0);
    CU_ASSERT(lq_wire_lun(reader.header) == UINT64_C(0x0001000000000000));
    CU_ASSERT(lq_wire_ttt(reader.header) == 0xaabbccdd);
    CU_ASSERT(lq_wire_buffer_offset(reader.header) == 0x1200);
    CU_ASSERT(lq_wire_desired_bytes(reader.header) == 0x3400);
}

/* Every way to cut the stream in three. */
static void test_cut_anywhere(void)
{
    for (uint32_t a = 0; a <= sizeof stream; a++) {
        for (uint32_t b = a; b <= sizeof stream; b++) {
            const uint32_t cuts[] = {0, a, b, sizeof stream};
            uint32_t pdus = 0;
            lq_wire_reader_init(&reader, &crc);
            for (uint32_t piece = 0; piece < 3; piece++) {
                uint32_t at = cuts[piece];
                while (at < cuts[piece + 1]) {
                    bool complete;
                    at += lq_wire_take(&reader, stream + at, cuts[piece + 1] - at, &complete);
                    if (complete && pdus++ == 0)
                        check_first();
                    else if (complete)
                        check_second();
                }
            }
            CU_ASSERT(pdus == 2 && reader.pdus == 2 && !lq_wire_is_inside(&reader));
        }
    }
}

/* [RFC 7143 A.4]: 32 zeros, ones, bytes that count up and down, and a command PDU. */
static void test_crc(void)
{
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    CU_ASSERT(crc_of(bytes, 32) == 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    CU_ASSERT(crc_of(bytes, 32) == 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    CU_ASSERT(crc_of(bytes, 32) == 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    CU_ASSERT(crc_of(bytes, 32) == 0x113fdb5c);
    CU_ASSERT(crc_of(command, 48) == 0xd9963a56);
    uint32_t state = lq_wire_crc_go_on(&crc, lq_wire_crc_begin(), command, 7);
    state = lq_wire_crc_go_on(&crc, state, command + 7, 41);
    CU_ASSERT(lq_wire_crc_end(state) == 0xd9963a56);
}

/* Reads PDU in two pieces. */
static void read_pdu(const uint8_t *pdu, uint32_t size, uint32_t cut)
{
    bool complete = false;
    lq_wire_reader_init(&reader, &crc);
    reader.header_digest = pdu == command;
    reader.data_digest = pdu == padded;
    uint32_t taken = lq_wire_take(&reader, pdu, cut, &complete);
    CU_ASSERT(taken == cut);
    if (taken < size)
        taken += lq_wire_take(&reader, pdu + taken, size - taken, &complete);
    CU_ASSERT(complete && taken == size);
}

/* Cut anywhere; and every bit in turn turned over, but for those of the lengths. */
static void test_digests(void)
{
    for (uint32_t cut = 0; cut <= sizeof command; cut++) {
        read_pdu(command, sizeof command, cut);
        CU_ASSERT(!reader.header_broken && !reader.data_broken);
    }
    for (uint32_t cut = 0; cut <= sizeof padded; cut++) {
        read_pdu(padded, sizeof padded, cut);
        CU_ASSERT(!reader.header_broken && !reader.data_broken);
    }
    for (uint32_t bit = 64; bit < 8 * sizeof padded; bit++) {
        padded[bit / 8] ^= (uint8_t)(1 << bit % 8);
        read_pdu(padded, sizeof padded, bit % sizeof padded);
        padded[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT(!reader.header_broken && reader.data_broken == (bit >= 48 * 8));
    }
    for (uint32_t bit = 64; bit < 8 * sizeof command; bit++) {
        command[bit / 8] ^= (uint8_t)(1 << bit % 8);
        read_pdu(command, sizeof command, bit % sizeof command);
        command[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT(reader.header_broken && !reader.data_broken);
    }
}

/* Data beyond what is kept is counted, and the next PDU is found behind it. */
static void test_long_data(void)
{
    static uint8_t bytes[48 + 20000 + 48];
    bytes[0] = LQ_WIRE_LOGIN_RESPONSE;
    bytes[5] = 0;
    bytes[6] = 20000 >> 8;
    bytes[7] = 20000 & 0xff;
    memset(bytes + 48, 'x', 20000);
    bytes[48 + 20000] = LQ_WIRE_REJECT;
    lq_wire_reader_init(&reader, &crc);
    bool complete;
    uint32_t taken = lq_wire_take(&reader, bytes, sizeof bytes, &complete);
    CU_ASSERT(complete && taken == 48 + 20000);
    CU_ASSERT(reader.data_bytes == 20000 && reader.kept_bytes == LQ_WIRE_DATA_KEPT);
    taken += lq_wire_take(&reader, bytes + taken, sizeof bytes - taken, &complete);
    CU_ASSERT(complete && lq_wire_opcode_of(reader.header) == LQ_WIRE_REJECT);
}

static void test_text(void)
{
    static const char text[] = "TargetName=iqn.x\0\0Max=0x20\0List=CRC32C,None\0Odd\0Empty=";
    struct lq_wire_pair pair, list, one = {.value = "None", .value_length = 4};
    uint32_t at = 0, number;
    CU_ASSERT(lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &pair));
    CU_ASSERT(lq_wire_key_is(&pair, "TargetName") && lq_wire_value_is(&pair, "iqn.x"));
    CU_ASSERT(!lq_wire_key_is(&pair, "Target") && !lq_wire_value_number(&pair, &number));
    CU_ASSERT(lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &pair));
    CU_ASSERT(lq_wire_value_number(&pair, &number) && number == 32);
    CU_ASSERT(lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &list));
    CU_ASSERT(lq_wire_list_has(&list, &one));
    one.value_length = 3;
    CU_ASSERT(!lq_wire_list_has(&list, &one));
    CU_ASSERT(lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &pair));
    CU_ASSERT(lq_wire_key_is(&pair, "Odd") && pair.value == NULL);
    CU_ASSERT(lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &pair));
    CU_ASSERT(lq_wire_value_is(&pair, ""));
    CU_ASSERT(!lq_wire_next_pair((const uint8_t *)text, sizeof text, &at, &pair));
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        bool is_number;
        uint32_t number;
    } rows[] = {
        {"0", true, 0},           {"4294967295", true, UINT32_MAX}, {"4294967296", false, 0},
        {"0XfF", true, 255},      {"0x", false, 0},                 {"", false, 0},
        {"12a", false, 0},        {"-1", false, 0},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lq_wire_pair pair = {.value = rows[i].text,
                                    .value_length = (uint32_t)strlen(rows[i].text)};
        uint32_t number = 0;
        CU_ASSERT(lq_wire_value_number(&pair, &number) == rows[i].is_number);
        CU_ASSERT(number == rows[i].number || !rows[i].is_number);
    }
}

static void test_sense(void)
{
    static const uint8_t fixed[] = {0x70, 0, 0x06, 0, 0, 0, 0, 10, 0,
                                    0,    0, 0,    0x29, 0x03, 0, 0, 0, 0};
    static const uint8_t descriptors[] = {0x72, 0x05, 0x24, 0x00, 0, 0, 0, 8,
                                          0x02, 0x06, 0,    0,    0, 0, 0, 0};
    struct lq_wire_sense sense;
    CU_ASSERT(lq_wire_sense_read(fixed, sizeof fixed, &sense) == NULL);
    CU_ASSERT(sense.key == 6 && sense.asc == 0x29 && sense.ascq == 3 && !sense.deferred);
    CU_ASSERT(lq_wire_sense_read(fixed, 12, &sense) != NULL);
    CU_ASSERT(lq_wire_sense_read(descriptors, sizeof descriptors, &sense) == NULL);
    CU_ASSERT(sense.key == 5 && sense.asc == 0x24 && sense.descriptor_format);
    CU_ASSERT(lq_wire_sense_read(descriptors, 15, &sense) != NULL);
    uint8_t broken[sizeof descriptors];
    memcpy(broken, descriptors, sizeof broken);
    broken[9] = 7; /* the descriptor goes beyond the end */
    CU_ASSERT(lq_wire_sense_read(broken, sizeof broken, &sense) != NULL);
    broken[0] = 0x7f;
    CU_ASSERT(lq_wire_sense_read(broken, sizeof broken, &sense) != NULL);
    CU_ASSERT(lq_wire_sense_read(broken, 2, &sense) != NULL);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"cut anywhere", test_cut_anywhere}, {"CRC32C", test_crc},
        {"digests", test_digests},
        {"long data", test_long_data},       {"text", test_text},
        {"numbers", test_numbers},           {"sense", test_sense},
        CU_TEST_INFO_NULL,
    };
    lq_wire_crc_init(&crc);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("wire", NULL, NULL);
    for (const CU_TestInfo *test = tests; test->pName != NULL; test++)
        if (suite == NULL || CU_add_test(suite, test->pName, test->pTestFunc) == NULL)
            return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
