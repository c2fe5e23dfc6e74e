/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the logical unit says that it can do: the opcode table against the tests' own (cdb_table.c),
 * the CDB usage data against what the device server does, and both REPORT SUPPORTED commands byte
 * by byte [SPC-4 6.35, 6.36].
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/test/unit.h"
#include "core/opcodes.h"
#include "core/state.h"
#include "core/test/cdb_table.h"
#include "core/test/plain.h"
#include "core/test/rig.h"

static struct rig rig;

/* --- the table ------------------------------------------------------------------------------- */

/* [SPC-4 4.2.5.1]: the group code says how long a CDB is. */
static uint32_t cdb_bytes_of_group(uint8_t code)
{
    static const uint8_t bytes[8] = {6, 10, 10, 32, 16, 12, 0, 0};
    return bytes[code >> 5];
}

static void check_row(const struct lq_opcode *opcode)
{
    const struct cdb_row *row = cdb_row_find(opcode->code, opcode->service_action);
    if (row == NULL) {
        printf("\n%s is not in the tests' table\n", opcode->name);
        CU_FAIL("a command without a row");
        return;
    }
    CU_ASSERT_EQUAL(opcode->has_service_action, row->service_action != CDB_ANY_ACTION);
    CU_ASSERT_EQUAL(opcode->cdb_bytes, cdb_bytes_of_group(opcode->code));
    CU_ASSERT_EQUAL_FATAL(2 * (size_t)opcode->cdb_bytes, strlen(row->defined));
    for (uint32_t i = 0; i < LQ_OPCODE_CDB_BYTES_MAX; i++) {
        bool is_inside = i < opcode->cdb_bytes;
        uint8_t defined = is_inside ? cdb_byte(row->defined, i) : 0;
        uint8_t needed = is_inside ? cdb_byte(row->needed, i) : 0;
        bool agrees = (opcode->usage[i] & ~defined) == 0 && (needed & ~opcode->usage[i]) == 0;
        if (!agrees)
            printf("\n%s, byte %u: usage %02x, defined %02x, needed %02x\n", opcode->name, i,
                   opcode->usage[i], defined, needed);
        CU_ASSERT_TRUE(agrees);
    }
}

static void every_row_agrees_with_the_standard(void)
{
    const struct lq_opcode *opcode, *before = NULL;
    uint32_t count = 0;
    for (; (opcode = lq_opcode_at(count)) != NULL; count++, before = opcode) {
        check_row(opcode);
        CU_ASSERT_TRUE(before == NULL || before->code < opcode->code ||
                       (before->code == opcode->code && opcode->has_service_action &&
                        before->service_action < opcode->service_action));
    }
    CU_ASSERT_TRUE(count >= 35);
}

/* Its fields are where the usage data says that something is read. */
static void every_field_is_in_use(void)
{
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        const struct lq_cdb_field fields[] = {opcode->lba, opcode->length};
        for (uint32_t f = 0; f < 2; f++)
            for (uint32_t b = 0; b < fields[f].bytes; b++)
                CU_ASSERT_NOT_EQUAL(opcode->usage[fields[f].offset + b], 0);
    }
}

/* --- usage data is true ---------------------------------------------------------------------- */

struct answer {
    enum lq_status status;
    uint32_t sense, bytes, hash;
};

static struct answer answer_of(uint32_t place)
{
    struct rig_command *command = &rig.commands[place];
    while (!command->completed && rig_is_submitted(&rig, place))
        rig_complete(&rig, place);
    CU_ASSERT_TRUE(command->completed);
    struct answer answer = {.status = command->status,
                            .sense = (uint32_t)command->sense_key << 16 |
                                     (uint32_t)command->asc << 8 | command->ascq,
                            .bytes = command->data_in_bytes};
    for (uint32_t i = 0; i < command->data_in_bytes; i++)
        answer.hash = answer.hash * 31 + command->data_in[i];
    return answer;
}

static struct answer send(const struct lq_opcode *opcode, const uint8_t *cdb)
{
    static const uint8_t data[2 * RIG_BLOCK_BYTES];
    bool is_out = opcode->direction == LQ_DIRECTION_OUT;
    uint32_t blocks = opcode->code == 0x89 ? 2 : 1; /* COMPARE AND WRITE */
    return answer_of(rig_send_data(&rig, 0, 0, cdb, opcode->cdb_bytes, data,
                                   is_out ? blocks * RIG_BLOCK_BYTES : 0,
                                   opcode->direction == LQ_DIRECTION_IN ? RIG_BLOCK_BYTES : 0));
}

/* What a plain CDB lacks to be served, or has too much. */
static const struct {
    uint8_t code, byte, value;
} fitting[] = {{0x15, 1, 0x10}, {0x15, 4, 0},    /* MODE SELECT: PF, no list */
               {0x55, 1, 0x10}, {0x55, 8, 0},
               {0x1a, 2, 0x3f}, {0x5a, 2, 0x3f}, /* MODE SENSE: all pages */
               {0x1c, 1, 0x01},                  /* RECEIVE DIAGNOSTIC RESULTS: PCV */
               {0x4d, 2, 0x40}};                 /* LOG SENSE: cumulative values */

static void fit(uint8_t *cdb)
{
    for (uint32_t i = 0; i < sizeof fitting / sizeof fitting[0]; i++)
        if (fitting[i].code == cdb[0])
            cdb[fitting[i].byte] = fitting[i].value;
}

/* SANITIZE wants a list, or none, or a failure before it; and all of the medium would be written
 * for each bit. */
static bool is_refused_plain(const struct lq_opcode *opcode)
{
    return opcode->code == 0x48;
}

/* A bit that is not in the usage data has no effect, or is refused as a field. */
static void try_byte(const struct lq_opcode *opcode, uint32_t byte)
{
    uint8_t cdb[LQ_CDB_BYTES_MAX];
    rig_init(&rig, NULL);
    plain_cdb(opcode, cdb);
    fit(cdb);
    struct answer plain = send(opcode, cdb);
    if ((plain.sense == 0x052400) != is_refused_plain(opcode))
        printf("\n%s: the plain CDB: %06x\n", opcode->name, plain.sense);
    /* else every bit would pass */
    CU_ASSERT_EQUAL(plain.sense == 0x052400, is_refused_plain(opcode));
    for (uint8_t bit = 1; bit != 0; bit = (uint8_t)(bit << 1)) {
        bool selects = opcode->code == 0x7f ? byte == 8 || byte == 9
                                            : opcode->has_service_action && byte == 1 &&
                                                  (bit & 0x1f) != 0; /* another command */
        if ((opcode->usage[byte] & bit) != 0 || selects)
            continue;
        cdb[byte] ^= bit;
        struct answer got = send(opcode, cdb);
        cdb[byte] ^= bit;
        bool is_same = got.status == plain.status && got.sense == plain.sense &&
                       got.bytes == plain.bytes && got.hash == plain.hash;
        if (!is_same && got.sense != 0x052400)
            printf("\n%s, byte %u, bit %02x\n", opcode->name, byte, bit);
        CU_ASSERT_TRUE(is_same || got.sense == 0x052400);
    }
    rig_fini(&rig);
}

static void bits_out_of_use_have_no_effect(void)
{
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++)
        for (uint32_t byte = 1; byte < opcode->cdb_bytes; byte++)
            try_byte(opcode, byte);
}

/* --- REPORT SUPPORTED OPERATION CODES -------------------------------------------------------- */

static const struct rig_command *report(uint8_t options, uint8_t code, uint16_t action,
                                        uint32_t allocated)
{
    uint8_t cdb[12] = {0xa3, 0x0c, options, code};
    lq_put_be16(cdb + 4, action);
    lq_put_be32(cdb + 6, allocated);
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, 12, allocated, 0, 0, 0);
    CU_ASSERT_TRUE(rig.commands[place].completed);
    return &rig.commands[place];
}

static uint32_t sense_of(const struct rig_command *command)
{
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

static bool says(const struct rig_command *command, const void *wanted, uint32_t bytes)
{
    return command->status == LQ_GOOD && command->data_in_bytes == bytes &&
           memcmp(command->data_in, wanted, bytes) == 0;
}

/* All commands: header, then descriptors of 8 bytes, or 20 with timeouts. */
static void all_commands(void)
{
    static const uint8_t options[] = {0, 0x80};
    for (uint32_t o = 0; o < sizeof options; o++) {
        uint8_t rctd = options[o];
        rig_init(&rig, NULL);
        const struct rig_command *command = report(rctd, 0, 0, 8192);
        CU_ASSERT_EQUAL_FATAL(command->status, LQ_GOOD);
        uint32_t size = rctd != 0 ? 20 : 8, count = 0, at = 4;
        CU_ASSERT_EQUAL(lq_get_be32(command->data_in) + 4, command->data_in_bytes);
        for (; at < command->data_in_bytes; at += size, count++) {
            const uint8_t *descriptor = command->data_in + at;
            const struct lq_opcode *opcode = lq_opcode_at(count);
            CU_ASSERT_PTR_NOT_NULL_FATAL(opcode);
            CU_ASSERT_EQUAL(descriptor[0], opcode->code);
            CU_ASSERT_EQUAL(lq_get_be16(descriptor + 2), opcode->service_action);
            CU_ASSERT_EQUAL(descriptor[5], (rctd != 0 ? 2 : 0) | (opcode->has_service_action));
            CU_ASSERT_EQUAL(lq_get_be16(descriptor + 6), cdb_bytes_of_group(descriptor[0]));
            if (rctd != 0) {
                CU_ASSERT_EQUAL(lq_get_be16(descriptor + 8), 10);
                CU_ASSERT_TRUE(lq_get_be32(descriptor + 16) >= 30);
            }
        }
        CU_ASSERT_PTR_NULL(lq_opcode_at(count));
        CU_ASSERT_EQUAL(at, command->data_in_bytes);
        /* a short allocation length cuts, and the length still says all */
        uint32_t whole = command->data_in_bytes;
        command = report(rctd, 0, 0, 9);
        CU_ASSERT_EQUAL(command->data_in_bytes, 9);
        CU_ASSERT_EQUAL(lq_get_be32(command->data_in) + 4, whole);
        rig_fini(&rig);
    }
}

static void one_command(void)
{
    rig_init(&rig, NULL);
    static const uint8_t inquiry[] = {0, 3, 0, 6, 0x12, 0x01, 0xff, 0xff, 0xff, 0x04 /* NACA */};
    const struct rig_command *command = report(1, 0x12, 0, 100);
    CU_ASSERT_EQUAL(command->data_in_bytes, 10);
    CU_ASSERT_EQUAL(memcmp(command->data_in, inquiry, sizeof inquiry), 0);
    /* with its timeouts */
    command = report(0x81, 0x12, 0, 100);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 10 + 12);
    CU_ASSERT_EQUAL(command->data_in[1], 0x83);
    static const uint8_t timeouts[] = {0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30};
    CU_ASSERT_EQUAL(memcmp(command->data_in + 10, timeouts, sizeof timeouts), 0);
    /* by operation code and service action */
    command = report(2, 0x9e, 0x10, 100);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 16);
    CU_ASSERT_EQUAL(command->data_in[1], 3);
    CU_ASSERT_EQUAL(command->data_in[4], 0x9e);
    CU_ASSERT_EQUAL(command->data_in[5], 0x10);
    /* either way */
    CU_ASSERT_EQUAL(report(3, 0x9e, 0x10, 100)->data_in_bytes, 4 + 16);
    CU_ASSERT_EQUAL(report(3, 0x12, 0, 100)->data_in_bytes, 4 + 6);
    rig_fini(&rig);
}

static void one_command_that_is_not_there(void)
{
    rig_init(&rig, NULL);
    static const uint8_t not_supported[] = {0, 1, 0, 0};
    CU_ASSERT_TRUE(says(report(1, 0xff, 0, 100), not_supported, 4));
    CU_ASSERT_TRUE(says(report(0x81, 0xff, 0, 100), not_supported, 4));
    CU_ASSERT_TRUE(says(report(2, 0x9e, 0x1f, 100), not_supported, 4));
    CU_ASSERT_TRUE(says(report(3, 0x9e, 0x1f, 100), not_supported, 4));
    CU_ASSERT_TRUE(says(report(3, 0x12, 1, 100), not_supported, 4));
    CU_ASSERT_TRUE(says(report(3, 0xff, 0, 100), not_supported, 4));
    rig_fini(&rig);
}

/* The wrong option for the command, and reserved ones [SPC-4 t217]. */
static void options_that_are_refused(void)
{
    rig_init(&rig, NULL);
    CU_ASSERT_EQUAL(sense_of(report(1, 0x9e, 0, 100)), 0x052400);
    CU_ASSERT_EQUAL(sense_of(report(1, 0x5f, 0, 100)), 0x052400);
    CU_ASSERT_EQUAL(sense_of(report(2, 0x12, 0, 100)), 0x052400);
    for (uint8_t options = 4; options < 8; options++)
        CU_ASSERT_EQUAL(sense_of(report(options, 0x12, 0, 100)), 0x052400);
    rig_fini(&rig);
}

/* The byte of the CDB that is at fault is named, in both formats [SPC-5 4.4.2.4.2]; elsewhere no
 * field pointer is valid. */
static void the_field_at_fault(void)
{
    static const uint8_t specific[3] = {0xc0, 0, 2};
    rig_init(&rig, NULL);
    CU_ASSERT_EQUAL(memcmp(report(2, 0x12, 0, 100)->sense + 15, specific, 3), 0);
    const uint8_t unknown[10] = {0xff};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, unknown, 10, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].asc, 0x20);
    CU_ASSERT_EQUAL(rig.commands[place].sense[15], 0);
    rig_fini(&rig);
    uint8_t bytes[LQ_SENSE_BYTES_MAX];
    const struct lq_sense sense = {0x05, 0x24, 0x00};
    struct lq_information information = {.cdb_byte = 2};
    static const uint8_t alone[16] = {0x72, 0x05, 0x24, 0, 0, 0, 0, 8, 2, 6, 0, 0, 0xc0, 0, 2, 0};
    CU_ASSERT_EQUAL_FATAL(lq_sense_build(sense, information, true, bytes), sizeof alone);
    CU_ASSERT_EQUAL(memcmp(bytes, alone, sizeof alone), 0);
    information = (struct lq_information){.is_valid = true, .value = 7, .cdb_byte = 2};
    CU_ASSERT_EQUAL_FATAL(lq_sense_build(sense, information, true, bytes), 28);
    CU_ASSERT_EQUAL(bytes[7], 20);
    CU_ASSERT_EQUAL(memcmp(bytes + 20, alone + 8, 8), 0);
}

/* --- REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS ---------------------------------------------- */

static const struct rig_command *report_tmfs(uint8_t repd, uint32_t allocated)
{
    uint8_t cdb[12] = {0xa3, 0x0d, repd};
    lq_put_be32(cdb + 6, allocated);
    return &rig.commands[rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, 12, allocated, 0, 0, 0)];
}

/* What is said to be there is carried out, and nothing else is. */
static void task_management_functions(void)
{
    static const struct {
        enum lq_tm_function function;
        uint8_t byte, bit;
    } bits[] = {
        {LQ_TM_ABORT_TASK, 0, 7},
        {LQ_TM_ABORT_TASK_SET, 0, 6},
        {LQ_TM_CLEAR_ACA, 0, 5},
        {LQ_TM_CLEAR_TASK_SET, 0, 4},
        {LQ_TM_LOGICAL_UNIT_RESET, 0, 3},
        {LQ_TM_QUERY_TASK, 0, 2},
        {LQ_TM_QUERY_TASK_SET, 1, 1},
        {LQ_TM_I_T_NEXUS_RESET, 1, 0},
        {LQ_TM_QUERY_ASYNCHRONOUS_EVENT, 1, 2},
    };
    rig_init(&rig, NULL);
    const struct rig_command *command = report_tmfs(0, 64);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4);
    CU_ASSERT_EQUAL(command->data_in[0] & 0xd8, 0xd8);
    uint8_t said[2] = {command->data_in[0], command->data_in[1]};
    CU_ASSERT_EQUAL(command->data_in[3], 0);
    uint32_t referenced = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 1);
    for (uint32_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        rig.tm_answer = LQ_TM_NOT_SUPPORTED;
        (void)rig_tm(&rig, 0, bits[i].function, 0, referenced);
        CU_ASSERT_EQUAL(rig.tm_answer != LQ_TM_NOT_SUPPORTED,
                        (said[bits[i].byte] >> bits[i].bit & 1) != 0);
    }
    rig_fini(&rig);
}

static void task_management_timeouts(void)
{
    struct lq_engine_config config = rig_config(); /* quarantine after 1 s */
    rig_init(&rig, &config);
    const struct rig_command *command = report_tmfs(0x80, 64);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 16);
    CU_ASSERT_EQUAL(command->data_in[3], 12);
    CU_ASSERT_EQUAL(command->data_in[4], 1);                /* TMFTMOV */
    CU_ASSERT_EQUAL(command->data_in[6] & 0xfb, 0);         /* those that abort take longer */
    CU_ASSERT_EQUAL(lq_get_be32(command->data_in + 8), 20); /* 100 ms each */
    CU_ASSERT_EQUAL(lq_get_be32(command->data_in + 12), 10);
    CU_ASSERT_EQUAL(report_tmfs(0x80, 5)->data_in_bytes, 5);
    CU_ASSERT_EQUAL(sense_of(report_tmfs(0, 3)), 0x052400);
    rig_fini(&rig);
    config.quarantine_after_ns = LQ_DURATION_NEVER; /* then nobody knows */
    rig_init(&rig, &config);
    command = report_tmfs(0x80, 64);
    static const uint8_t unknown[14] = {12};
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 16);
    CU_ASSERT_EQUAL(memcmp(command->data_in + 3, unknown, 13), 0);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every row agrees with the standard", every_row_agrees_with_the_standard},
        {"every field is in use", every_field_is_in_use},
        {"bits out of use have no effect", bits_out_of_use_have_no_effect},
        {"all commands", all_commands},
        {"one command", one_command},
        {"one command that is not there", one_command_that_is_not_there},
        {"options that are refused", options_that_are_refused},
        {"the field at fault", the_field_at_fault},
        {"task management functions", task_management_functions},
        {"task management timeouts", task_management_timeouts},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"what is supported", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
