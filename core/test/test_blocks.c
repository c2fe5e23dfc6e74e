/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on blocks: what their CDBs say, and how they end [SBC-4 r22 5]. */
#include <stdio.h>
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

enum { BLOCK = RIG_BLOCK_BYTES, GOOD = 0 };

/* Sends a CDB with DATA, lets the store do what it is asked, and returns the sense (0: GOOD). */
static uint32_t run(const uint8_t *cdb, uint32_t cdb_bytes, const uint8_t *data,
                    uint32_t data_bytes, uint64_t in_bytes)
{
    uint32_t place = rig_send_data(&rig, 0, 0, cdb, cdb_bytes, data, data_bytes, in_bytes);
    for (uint32_t i = 0; i < 64 && !rig.commands[place].completed; i++)
        rig_complete(&rig, place);
    const struct rig_command *command = &rig.commands[place];
    CU_ASSERT_TRUE_FATAL(command->completed);
    CU_ASSERT_EQUAL(command->status, command->sense_key == 0 ? LQ_GOOD : LQ_CHECK_CONDITION);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

struct row {
    uint8_t cdb_bytes, cdb[32];
    uint32_t blocks;   /* of Data-In or Data-Out */
    bool is_out;
    uint32_t sense;    /* 0: GOOD */
};

#define RANGE 0x052100 /* LOGICAL BLOCK ADDRESS OUT OF RANGE */
#define FIELD 0x052400 /* INVALID FIELD IN CDB */

/* The unit has 1,024 blocks (400h), and 128 of them are as much as one command moves. */
static const struct row rows[] = {
    {10, {0x28, 0, 0, 0, 3, 0xff, 0, 0, 1}, 1, false, GOOD},
    {10, {0x28, 0, 0, 0, 4, 0, 0, 0, 1}, 1, false, RANGE},
    {10, {0x28, 0, 0, 0, 4, 0, 0, 0, 0}, 0, false, GOOD}, /* no block, at the end */
    {10, {0x28, 0, 0, 0, 4, 1, 0, 0, 0}, 0, false, RANGE},
    {10, {0x28, 0x20, 0, 0, 0, 0, 0, 0, 1}, 1, false, FIELD}, /* RDPROTECT */
    {12, {0xa8, 0x18, 0, 0, 0, 9, 0, 0, 0, 2}, 2, false, GOOD},
    {12, {0xa8, 0, 0, 0, 0, 0, 0, 1, 0, 0}, 128, false, RANGE},
    {12, {0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 129}, 128, false, FIELD},
    {12, {0xaa, 0x08, 0, 0, 3, 0xfe, 0, 0, 0, 2}, 2, true, GOOD},
    {12, {0xaa, 0, 0, 0, 3, 0xff, 0, 0, 0, 2}, 2, true, RANGE},
    {16, {0x88, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, 1, false, RANGE}, /* 2^32 */
    {16, {0x88, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1, false, RANGE}, /* 2^63 */
    {16, {0x8a, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2}, 2, true, RANGE},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x09, 0x10, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, [31] = 1}, 1,
     false, GOOD},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, [31] = 1}, 1, false,
     RANGE},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x09, 0, 0, 0x80, [31] = 1}, 1, false, RANGE},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x14, 0, 0x09, [31] = 1}, 1, false, FIELD}, /* its length */
    {32, {0x7f, 0x04, 0, 0, 0, 0, 0, 0x18, 0, 0x09, [31] = 1}, 1, false, GOOD}, /* NACA */
    {16, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x09}, 1, false, FIELD}, /* the rest did not come */
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x01, 0x09, [31] = 1}, 1, false, 0x052000},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x0b, 0x08, [19] = 7, [31] = 1}, 1, true, GOOD},
    {10, {0x2f, 0, 0, 0, 0, 0, 0, 4, 0}, 0, false, GOOD}, /* all that there is, in pieces */
    {10, {0x2f, 0, 0, 0, 0, 1, 0, 4, 0}, 0, false, RANGE},
    {10, {0x2f, 0x02, 0, 0, 0, 0, 0, 0, 2}, 2, true, GOOD},
    {10, {0x2f, 0x04, 0, 0, 0, 0, 0, 0, 1}, 1, true, FIELD}, /* BYTCHK 10b */
    {10, {0x2f, 0x06, 0, 0, 0, 0, 0, 2, 0}, 1, true, GOOD},  /* one block for 512 */
    {10, {0x2f, 0x06, 0, 0, 0, 0, 0, 2, 0}, 0, true, FIELD}, /* which does not come */
    {10, {0x2f, 0x02, 0, 0, 0, 0, 0, 0, 129}, 128, true, FIELD},
    {10, {0x2f, 0x40, 0, 0, 0, 0, 0, 0, 1}, 0, false, FIELD}, /* VRPROTECT */
    {16, {0x8f, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2}, 0, false, RANGE},
    {10, {0x2e, 0x02, 0, 0, 0, 5, 0, 0, 2}, 2, true, GOOD},
    {10, {0x2e, 0x06, 0, 0, 0, 5, 0, 0, 2}, 2, true, FIELD},
    {12, {0xae, 0, 0, 0, 3, 0xff, 0, 0, 0, 2}, 2, true, RANGE},
    {10, {0x41, 0, 0, 0, 0, 3, 0, 0, 200}, 1, true, GOOD},
    {10, {0x41, 0, 0, 0, 3, 0xfe, 0, 0, 0}, 1, true, GOOD}, /* to the last block */
    {10, {0x41, 0, 0, 0, 4, 0, 0, 0, 0}, 1, true, RANGE},
    {10, {0x41, 0, 0, 0, 3, 0xfe, 0, 0, 3}, 1, true, RANGE},
    {10, {0x41, 0, 0, 0, 0, 3, 0, 0, 2}, 0, true, FIELD}, /* without its block */
    {10, {0x41, 0, 0, 0, 0, 3, 0, 0, 2}, 2, true, FIELD}, /* with another */
    {16, {0x93, 0x01, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2}, 1, true, FIELD}, /* NDOB, with one */
    {10, {0x41, 0x18, 0, 0, 0, 3, 0, 0, 2}, 1, true, FIELD}, /* ANCHOR */
    {10, {0x41, 0x10, 0, 0, 0, 3, 0, 0, 2}, 1, true, FIELD},
    {10, {0x41, 0x02, 0, 0, 0, 3, 0, 0, 2}, 1, true, FIELD}, /* LBDATA */
    {16, {0x93, 0x01, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 200}, 0, true, GOOD}, /* NDOB */
    {16, {0x93, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, true, GOOD},
    {16, {0x93, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 0}, 1, true, RANGE},
    {32, {0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0, 0x0d, 0x01, [31] = 9}, 0, true, GOOD},
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 1}, 2, true, GOOD},
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 2}, 4, true, RANGE},
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 3, true, FIELD}, /* not all of it */
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4, true, FIELD}, /* more than it */
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65}, 128, true, FIELD}, /* 64 at most */
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, true, GOOD},
    {16, {0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2, true, FIELD},
    {16, {0x8b, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 1}, 1, true, GOOD},
    {16, {0x8b, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 2}, 2, true, RANGE},
    {10, {0x34, 0, 0, 0, 4, 1, 0, 0, 0}, 0, false, RANGE},
    {16, {0x90, 0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 2}, 0, false, RANGE},
    {10, {0x42, 0x01, 0, 0, 0, 0, 0, 0, 24}, 1, true, FIELD}, /* ANCHOR */
    {10, {0x42, 0, 0, 0, 0, 0, 0, 0, 7}, 1, true, 0x051a00},  /* less than a header */
    {10, {0x42, 0, 0, 0, 0, 0, 0, 0, 0}, 0, true, GOOD},
    {10, {0x42, 0, 0, 0, 0, 0, 0, 0, 24}, 1, true, GOOD}, /* an empty list */
    {16, {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 24}, 1, false, RANGE},
    {16, {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 3, 0xff, 0, 0, 0, 24}, 1, false, GOOD},
};

static void cdbs_and_ranges(void)
{
    static const uint8_t zeros[128 * BLOCK];
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        rig_init(&rig, NULL);
        uint32_t bytes = row->blocks * BLOCK;
        uint32_t sense = run(row->cdb, row->cdb_bytes, zeros, row->is_out ? bytes : 0,
                             row->is_out ? 0 : bytes);
        if (sense != row->sense)
            printf("\nrow %u: sense %06x\n", i, sense);
        CU_ASSERT_EQUAL(sense, row->sense);
        rig_fini(&rig);
    }
}

static void verify_compares(void)
{
    uint8_t data[3 * BLOCK];
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 10, 3, 0xa5));
    memset(data, 0xa5, sizeof data);
    const uint8_t all[10] = {0x2f, 0x02, 0, 0, 0, 10, 0, 0, 3};
    const uint8_t one[10] = {0x2f, 0x06, 0, 0, 0, 10, 0, 0, 3};
    const uint8_t too_many[10] = {0x2f, 0x06, 0, 0, 0, 10, 0, 0, 4};
    CU_ASSERT_EQUAL(run(all, 10, data, 3 * BLOCK, 0), GOOD);
    CU_ASSERT_EQUAL(run(one, 10, data, BLOCK, 0), GOOD);
    CU_ASSERT_EQUAL(run(too_many, 10, data, BLOCK, 0), 0x0e1d00); /* MISCOMPARE DURING VERIFY */
    data[3 * BLOCK - 1] = 0;
    CU_ASSERT_EQUAL(run(all, 10, data, 3 * BLOCK, 0), 0x0e1d00);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[10 * BLOCK], 0xa5); /* nothing has changed */
    rig_fini(&rig);
}

/* The 128 blocks that one command may move leave room for 8 (4,096 bytes) to compare with. */
static void verify_of_as_much_as_is_moved(void)
{
    static uint8_t data[128 * BLOCK];
    rig_init(&rig, NULL);
    const uint8_t cdb[10] = {0x2f, 0x02, 0, 0, 0, 0, 0, 0, 128};
    memset(data, 0, sizeof data);
    CU_ASSERT_EQUAL(run(cdb, 10, data, sizeof data, 0), GOOD);
    data[127 * BLOCK] = 1;
    CU_ASSERT_EQUAL(run(cdb, 10, data, sizeof data, 0), 0x0e1d00);
    rig_fini(&rig);
}

static void write_and_verify_is_alone(void)
{
    static const uint8_t data[2 * BLOCK] = {0x77};
    rig_init(&rig, NULL);
    const uint8_t cdb[10] = {0x2e, 0x02, 0, 0, 0, 20, 0, 0, 2};
    uint32_t first = rig_write(&rig, 1, LQ_SIMPLE, 21, 1, 1);
    uint32_t command = rig_send_data(&rig, 0, 0, cdb, 10, data, sizeof data, 0);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, command)); /* block 21 is being written */
    uint32_t behind = rig_read(&rig, 1, LQ_SIMPLE, 20, 1);
    uint32_t beside = rig_read(&rig, 1, LQ_SIMPLE, 22, 1);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, behind)); /* nobody overtakes who waits */
    CU_ASSERT_TRUE(rig_is_submitted(&rig, beside));
    rig_complete(&rig, first);
    CU_ASSERT_TRUE_FATAL(rig_is_submitted(&rig, command));
    rig_complete(&rig, command);
    CU_ASSERT_FALSE(rig.commands[command].completed); /* it reads back what it wrote */
    CU_ASSERT_FALSE(rig_is_submitted(&rig, behind));
    rig_complete(&rig, command);
    CU_ASSERT_TRUE(rig.commands[command].completed);
    CU_ASSERT_EQUAL(rig.commands[command].status, LQ_GOOD);
    CU_ASSERT_TRUE_FATAL(rig_is_submitted(&rig, behind));
    rig_complete(&rig, behind);
    CU_ASSERT_EQUAL(rig.commands[behind].data_in[0], 0x77);
    rig_fini(&rig);
}

static void who_waits_can_be_aborted(void)
{
    static const uint8_t data[2 * BLOCK] = {0x77};
    rig_init(&rig, NULL);
    const uint8_t cdb[10] = {0x2e, 0x02, 0, 0, 0, 20, 0, 0, 2};
    uint32_t first = rig_write(&rig, 1, LQ_SIMPLE, 21, 1, 1);
    uint32_t command = rig_send_data(&rig, 0, 0, cdb, 10, data, sizeof data, 0);
    uint32_t behind = rig_read(&rig, 1, LQ_SIMPLE, 20, 1);
    uint64_t cookie = rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, command);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, cookie));
    CU_ASSERT_TRUE(rig.commands[command].terminated);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, behind)); /* it had waited for that one alone */
    rig_complete(&rig, behind);
    rig_complete(&rig, first);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[20 * BLOCK], 0);
    rig_fini(&rig);
}

/* A command of several steps that is aborted stops before its next one. */
static void abort_stops_between_steps(void)
{
    static const uint8_t data[BLOCK] = {0x77};
    rig_init(&rig, NULL);
    const uint8_t cdb[10] = {0x2e, 0x02, 0, 0, 0, 20, 0, 0, 1};
    uint32_t command = rig_send_data(&rig, 0, 0, cdb, 10, data, sizeof data, 0);
    uint32_t behind = rig_read(&rig, 1, LQ_SIMPLE, 20, 1);
    uint64_t cookie = rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, command);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, cookie));
    uint32_t submitted = rig.stores[0].count;
    rig_complete(&rig, command);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, cookie));
    CU_ASSERT_FALSE(rig.commands[command].completed);
    CU_ASSERT_EQUAL(rig.stores[0].count, submitted + 1); /* the read of the other one */
    CU_ASSERT_TRUE(rig_is_submitted(&rig, behind));
    rig_complete(&rig, behind);
    rig_fini(&rig);
}

/* --- provisioning [SBC-4 r22 4.7, 5.7, 5.35, 5.52] ------------------------------------------- */

static const uint8_t unmap_two[40] = {0, 38, 0, 32, 0, 0, 0, 0,
                                      0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 0,
                                      0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 1, 0, 0, 0, 0};
static const uint8_t unmap_cdb[10] = {0x42, 0, 0, 0, 0, 0, 0, 0, 40};

static void unmap(void)
{
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 8, 8, 0xa5));
    CU_ASSERT_EQUAL(run(unmap_cdb, 10, unmap_two, 40, 0), GOOD);
    static const bool is_zero[8] = {false, false, true, true, false, true, false, false};
    for (uint32_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(rig.stores[0].blocks[(8 + i) * BLOCK] == 0, is_zero[i]);
    const uint8_t status[16] = {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 72};
    uint32_t place = rig_send_data(&rig, 0, 0, status, 16, NULL, 0, 72);
    while (!rig.commands[place].completed)
        rig_complete(&rig, place);
    /* 9 is mapped, 10 and 11 deallocated, 12 mapped, 13 deallocated */
    static const uint8_t expected[72] = {
        0, 0, 0, 68, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,
        0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 1, 1, 0, 0, 0};
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].data_in_bytes, 72);
    CU_ASSERT_EQUAL(memcmp(rig.commands[place].data_in, expected, 72), 0);
    rig_fini(&rig);
}

static void unmap_lists(void)
{
    uint8_t list[40];
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 8, 8, 0xa5));
    memcpy(list, unmap_two, 40);
    list[38 - 3] = 0xff; /* the second: 16,711,681 blocks */
    list[33] = 0xff;
    CU_ASSERT_EQUAL(run(unmap_cdb, 10, list, 40, 0), RANGE);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[10 * BLOCK], 0xa5); /* not the first either */
    memcpy(list, unmap_two, 40);
    list[3] = 31; /* the second is incomplete, and not looked at */
    CU_ASSERT_EQUAL(run(unmap_cdb, 10, list, 40, 0), GOOD);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[10 * BLOCK], 0);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[13 * BLOCK], 0xa5);
    static uint8_t many[8 + 257 * 16] = {0x10, 0x16, 0x10, 0x10};
    const uint8_t cdb[10] = {0x42, 0, 0, 0, 0, 0, 0, 0x10, 0x18};
    CU_ASSERT_EQUAL(run(cdb, 10, many, sizeof many, 0), 0x052600); /* PARAMETER LIST */
    rig_fini(&rig);
}

/* Where nothing is thin provisioned there is no UNMAP, and everything is mapped. */
static void thick_units(void)
{
    static const uint8_t zeros[BLOCK];
    rig_init(&rig, NULL);
    rig.stores[0].store.is_thin = false;
    CU_ASSERT_EQUAL(run(unmap_cdb, 10, unmap_two, 40, 0), 0x052000);
    const uint8_t same[10] = {0x41, 0x08, 0, 0, 0, 3, 0, 0, 2};
    CU_ASSERT_EQUAL(run(same, 10, zeros, BLOCK, 0), FIELD);
    const uint8_t status[16] = {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 24};
    uint32_t place = rig_send_data(&rig, 0, 0, status, 16, NULL, 0, 24);
    const uint8_t expected[24] = {0, 0, 0, 20, 0, 0, 0, 0, [15] = 9, [18] = 3, [19] = 0xf7};
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].data_in_bytes, 24);
    CU_ASSERT_EQUAL(memcmp(rig.commands[place].data_in, expected, 24), 0);
    rig_fini(&rig);
}

static void write_same(void)
{
    uint8_t block[BLOCK];
    rig_init(&rig, NULL);
    memset(block, 0x3c, sizeof block);
    const uint8_t cdb[10] = {0x41, 0x08, 0, 0, 0, 100, 0, 0, 200}; /* UNMAP may, but must not */
    CU_ASSERT_EQUAL(run(cdb, 10, block, BLOCK, 0), GOOD);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[100 * BLOCK - 1], 0);
    for (uint32_t i = 0; i < 200 * BLOCK; i++)
        CU_ASSERT_EQUAL(rig.stores[0].blocks[100 * BLOCK + i], 0x3c);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[300 * BLOCK], 0);
    rig_fini(&rig);
}

/* Attempts to write are told of it first, whatever else is wrong with them [SBC-4 r22 4.12]. */
static void write_protected(void)
{
    static const uint8_t zeros[BLOCK];
    const uint8_t same[10] = {0x41, 0x08, [8] = 1}, anchored[10] = {0x41, 0x18, [8] = 1};
    const uint8_t far_away[10] = {0x2a, 0, 0xff, [8] = 1}, far_read[10] = {0x28, 0, 0xff, [8] = 1};
    rig_init(&rig, NULL);
    rig.stores[0].store.read_only = true;
    CU_ASSERT_EQUAL(run(same, 10, zeros, BLOCK, 0), 0x072700);
    CU_ASSERT_EQUAL(run(same, 10, NULL, 0, 0), 0x072700); /* its block did not come */
    CU_ASSERT_EQUAL(run(anchored, 10, zeros, BLOCK, 0), 0x072700);
    CU_ASSERT_EQUAL(run(far_away, 10, zeros, BLOCK, 0), 0x072700);
    CU_ASSERT_EQUAL(run(far_read, 10, NULL, 0, BLOCK), RANGE);
    rig_fini(&rig);
}

/* --- commands of several steps [SBC-4 r22 5.3, 5.15] ----------------------------------------- */

static void compare_and_write(void)
{
    uint8_t data[4 * BLOCK];
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 30, 2, 0x11));
    const uint8_t cdb[16] = {0x89, [9] = 30, [13] = 2};
    memset(data, 0x11, 2 * BLOCK);
    memset(data + 2 * BLOCK, 0x22, 2 * BLOCK);
    data[BLOCK + 7] = 0x12;
    uint32_t place = rig_send_data(&rig, 0, 0, cdb, 16, data, sizeof data, 0);
    rig_complete(&rig, place);
    const struct rig_command *command = &rig.commands[place];
    CU_ASSERT_EQUAL(command->sense_key << 16 | command->asc << 8 | command->ascq, 0x0e1d00);
    /* VALID, and where the first byte is that differs */
    static const uint8_t expected[7] = {0xf0, 0, 0x0e, 0, 0, 0x02, 0x07};
    CU_ASSERT_EQUAL(memcmp(command->sense, expected, sizeof expected), 0);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[30 * BLOCK], 0x11);
    data[BLOCK + 7] = 0x11;
    CU_ASSERT_EQUAL(run(cdb, 16, data, sizeof data, 0), GOOD);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[30 * BLOCK], 0x22);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[32 * BLOCK - 1], 0x22);
    CU_ASSERT_EQUAL(run(cdb, 16, data, sizeof data, 0), 0x0e1d00); /* and not a second time */
    rig_fini(&rig);
}

static void nothing_comes_in_between(void)
{
    static const uint8_t ones[BLOCK] = {0x0f};
    static const uint8_t list[24] = {0, 22, 0, 16, [15] = 40, [19] = 1};
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 40, 1, 0x30));
    const uint8_t or[16] = {0x8b, [9] = 40, [13] = 1}, unmap_one[10] = {0x42, [8] = 24};
    uint32_t first = rig_send_data(&rig, 0, 0, or, 16, ones, BLOCK, 0);
    uint32_t second = rig_send_data(&rig, 1, 0, or, 16, ones, BLOCK, 0);
    uint32_t third = rig_send_data(&rig, 1, 0, unmap_one, 10, list, sizeof list, 0);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, first));
    rig_complete(&rig, first); /* it has read */
    CU_ASSERT_FALSE(rig_is_submitted(&rig, second));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, third));
    rig_complete(&rig, first); /* and written */
    CU_ASSERT_EQUAL(rig.stores[0].blocks[40 * BLOCK], 0x3f);
    rig_complete(&rig, second);
    rig_complete(&rig, second);
    CU_ASSERT_TRUE(rig.commands[second].completed);
    rig_complete(&rig, third);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[40 * BLOCK], 0);
    rig_fini(&rig);
}

/* Nor when an ACA condition holds it up between its steps. */
static void nothing_comes_in_between_by_aca(void)
{
    static const uint8_t ones[BLOCK] = {0x0f};
    const uint8_t or[16] = {0x8b, [9] = 40, [13] = 1}, unknown[10] = {0x3e, [9] = 0x04 /* NACA */};
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 40, 1, 0x30));
    uint32_t first = rig_send_data(&rig, 0, 0, or, 16, ones, BLOCK, 0);
    rig_send(&rig, 1, 0, LQ_HEAD_OF_QUEUE, unknown, 10, 0, 0, 0, 0);
    rig_complete(&rig, first); /* it has read */
    uint32_t second = rig_write(&rig, 1, LQ_ACA, 40, 1, 0x77);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, second));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, first));
    /* It aborts the command with the ACA attribute: CLEAR ACA [SAM-5 7.4]. */
    CU_ASSERT_TRUE(rig_tm_answered(&rig, rig_tm(&rig, 1, LQ_TM_CLEAR_ACA, 0, 0)));
    CU_ASSERT_FALSE(rig_is_submitted(&rig, second));
    rig_complete(&rig, first); /* and written */
    CU_ASSERT_EQUAL(rig.stores[0].blocks[40 * BLOCK], 0x3f);
    rig_fini(&rig);
}

/* --- the medium [SBC-4 r22 5.8, 5.10, 5.31] -------------------------------------------------- */

static uint32_t simple(uint32_t nexus, uint8_t code, uint8_t byte4)
{
    const uint8_t cdb[6] = {code, 0, 0, 0, byte4, 0};
    const struct rig_command *command =
        &rig.commands[rig_send(&rig, nexus, 0, LQ_SIMPLE, cdb, 6, 0, 0, 0, 0)];
    CU_ASSERT_TRUE(command->completed);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

static void start_and_stop(void)
{
    const uint8_t read[10] = {0x28, [8] = 1}, capacity[10] = {0x25}, prefetch[10] = {0x34};
    rig_init(&rig, NULL);
    uint32_t place = rig_send_data(&rig, 0, 0, prefetch, 10, NULL, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_CONDITION_MET);
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x00), GOOD);     /* STOP */
    CU_ASSERT_EQUAL(simple(1, 0x00, 0), 0x020402);    /* INITIALIZING COMMAND REQUIRED */
    CU_ASSERT_EQUAL(run(read, 10, NULL, 0, BLOCK), 0x020402);
    CU_ASSERT_EQUAL(run(capacity, 10, NULL, 0, 8), GOOD);
    CU_ASSERT_EQUAL(simple(1, 0x1b, 0x01), GOOD);     /* START, by somebody else */
    CU_ASSERT_EQUAL(simple(0, 0x00, 0), GOOD);
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x02), FIELD);    /* LOEJ of what is fixed */
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x40), FIELD);    /* POWER CONDITION 4h is reserved */
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x30), GOOD);     /* STANDBY */
    CU_ASSERT_EQUAL(run(read, 10, NULL, 0, BLOCK), GOOD);
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x00), GOOD);
    (void)rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062903);
    CU_ASSERT_EQUAL(run(read, 10, NULL, 0, BLOCK), GOOD);
    rig_fini(&rig);
}

static void eject_and_prevent(void)
{
    const uint8_t capacity[10] = {0x25};
    rig_init(&rig, NULL);
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    struct lq_unit_config unit = {.store = &rig.stores[0].store, .serial = "RIG",
                                  .removable = true};
    CU_ASSERT_PTR_NULL(lq_engine_unit_add(rig.engine, &unit));
    for (uint32_t i = 0; i < 2; i++)
        while (simple(i, 0x00, 0) != GOOD) /* what it is told of the change */
            continue;
    CU_ASSERT_EQUAL(simple(1, 0x1e, 1), GOOD);        /* PREVENT */
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x02), 0x055302); /* MEDIUM REMOVAL PREVENTED */
    CU_ASSERT_EQUAL(simple(0, 0x1e, 0), GOOD);        /* he had not prevented it */
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x02), 0x055302);
    rig_lose(&rig, 1, LQ_TRIGGER_NEXUS_LOSS);         /* with him goes his prevention */
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x02), GOOD);
    CU_ASSERT_EQUAL(simple(0, 0x00, 0), 0x023a00);    /* MEDIUM NOT PRESENT */
    CU_ASSERT_EQUAL(run(capacity, 10, NULL, 0, 8), 0x023a00);
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x01), 0x023a00);
    CU_ASSERT_EQUAL(simple(0, 0x1b, 0x03), GOOD);     /* load */
    CU_ASSERT_EQUAL(simple(0, 0x00, 0), GOOD);
    CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0) >> 16, 6);
    rig_fini(&rig);
}

/* --- services -------------------------------------------------------------------------------- */

static void check_in(const uint8_t *cdb, uint32_t cdb_bytes, const uint8_t *expected,
                     uint32_t bytes)
{
    const struct rig_command *command =
        &rig.commands[rig_send_data(&rig, 0, 0, cdb, cdb_bytes, NULL, 0, 255)];
    CU_ASSERT_EQUAL(command->status, LQ_GOOD);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, bytes);
    CU_ASSERT_EQUAL(memcmp(command->data_in, expected, bytes), 0);
}

static void defects_and_diagnostics(void)
{
    rig_init(&rig, NULL);
    const uint8_t defects[10] = {0x37, 0, 0x1d, [8] = 255};
    const uint8_t defects_12[12] = {0xb7, 0x15, [9] = 255};
    check_in(defects, 10, (const uint8_t[]){0, 0x1d, 0, 0}, 4);
    check_in(defects_12, 12, (const uint8_t[]){0, 0x15, 0, 0, 0, 0, 0, 0}, 8);
    const uint8_t pages[6] = {0x1c, 1, 0, 0, 255}, no_page[6] = {0x1c, 1, 0x40, 0, 255};
    check_in(pages, 6, (const uint8_t[]){0, 0, 0, 1, 0}, 5);
    CU_ASSERT_EQUAL(run(no_page, 6, NULL, 0, 255), FIELD);
    const uint8_t self_test[6] = {0x1d, 0x04}, background[6] = {0x1d, 0x20};
    const uint8_t both[6] = {0x1d, 0x24}, reserved[6] = {0x1d, 0x60};
    CU_ASSERT_EQUAL(run(self_test, 6, NULL, 0, 0), GOOD);
    CU_ASSERT_EQUAL(run(background, 6, NULL, 0, 0), GOOD);
    CU_ASSERT_EQUAL(run(both, 6, NULL, 0, 0), FIELD);
    CU_ASSERT_EQUAL(run(reserved, 6, NULL, 0, 0), FIELD);
    rig_fini(&rig);
}

static void timestamps(void)
{
    rig_init(&rig, NULL);
    const uint8_t report[12] = {0xa3, 0x0f, [9] = 255}, set[12] = {0xa4, 0x0f, [9] = 12};
    const uint8_t list[12] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0}, cut[12] = {0xa4, 0x0f, [9] = 11};
    rig_wait(&rig, 258 * RIG_MS);
    check_in(report, 12, (const uint8_t[]){0, 10, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0}, 12);
    CU_ASSERT_EQUAL(run(cut, 12, list, 11, 0), 0x051a00);
    CU_ASSERT_EQUAL(run(set, 12, list, 12, 0), GOOD);
    rig_wait(&rig, RIG_MS);
    check_in(report, 12, (const uint8_t[]){0, 10, 2, 0, 1, 2, 3, 4, 5, 7, 0, 0}, 12);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062a10); /* TIMESTAMP CHANGED */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    rig_fini(&rig);
}

/* --- SANITIZE [SBC-4 r22 4.11, 5.30] --------------------------------------------------------- */

static const uint8_t block_erase[10] = {0x48, 0x02}, block_erase_ause[10] = {0x48, 0x22},
                     exit_failure_mode[10] = {0x48, 0x1f};

static void sanitize(void)
{
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 1016, 8, 0x11));
    CU_ASSERT_EQUAL(run(block_erase, 10, NULL, 0, 0), GOOD);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[1023 * BLOCK], 0);
    const uint8_t overwrite[10] = {0x48, 0x01, [8] = 7}, unknown[10] = {0x48, 0x04};
    uint8_t list[7] = {0x81, 0, 0, 3, 'a', 'b', 'c'};
    CU_ASSERT_EQUAL(run(overwrite, 10, list, 7, 0), GOOD);
    for (uint32_t i = 0; i < RIG_BLOCKS * BLOCK; i++)
        CU_ASSERT_EQUAL(rig.stores[0].blocks[i], list[4 + i % BLOCK % 3]);
    list[0] = 0x82; /* two passes, of which the first is inverted */
    CU_ASSERT_EQUAL(run(overwrite, 10, list, 7, 0), GOOD);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[1023 * BLOCK], 'a');
    list[0] = 0x80; /* OVERWRITE COUNT 0 */
    CU_ASSERT_EQUAL(run(overwrite, 10, list, 7, 0), 0x052600);
    list[0] = 0x01;
    list[3] = 0;
    CU_ASSERT_EQUAL(run(overwrite, 10, list, 7, 0), 0x052600);
    CU_ASSERT_EQUAL(run(unknown, 10, NULL, 0, 0), FIELD);
    const uint8_t with_list[10] = {0x48, 0x03, [8] = 7};
    CU_ASSERT_EQUAL(run(with_list, 10, list, 7, 0), FIELD);
    CU_ASSERT_EQUAL(run(exit_failure_mode, 10, NULL, 0, 0), GOOD);
    rig_fini(&rig);
}

/* One that is aborted has failed; what it was told with AUSE says whether that can be left. */
static void try_failure(const uint8_t *cdb, bool can_leave)
{
    const uint8_t read[10] = {0x28, [8] = 1};
    rig_init(&rig, NULL);
    uint32_t place = rig_send_data(&rig, 0, 0, cdb, 10, NULL, 0, 0);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, place));
    CU_ASSERT_EQUAL(simple(1, 0x00, 0), 0x02041b); /* SANITIZE IN PROGRESS */
    CU_ASSERT_EQUAL(run(read, 10, NULL, 0, BLOCK), 0x02041b);
    CU_ASSERT_EQUAL(run(block_erase, 10, NULL, 0, 0), 0x02041b);
    (void)rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, place);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(simple(1, 0x00, 0), 0x033103); /* SANITIZE COMMAND FAILED */
    CU_ASSERT_EQUAL(run(exit_failure_mode, 10, NULL, 0, 0), can_leave ? GOOD : FIELD);
    if (!can_leave) {
        CU_ASSERT_EQUAL(run(block_erase_ause, 10, NULL, 0, 0), FIELD);
        CU_ASSERT_EQUAL(run(block_erase, 10, NULL, 0, 0), GOOD);
    }
    CU_ASSERT_EQUAL(run(read, 10, NULL, 0, BLOCK), GOOD);
    rig_fini(&rig);
}

static void sanitize_fails(void)
{
    try_failure(block_erase, false);
    try_failure(block_erase_ause, true);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"CDBs and ranges", cdbs_and_ranges},
        {"VERIFY compares", verify_compares},
        {"VERIFY of as much as is moved", verify_of_as_much_as_is_moved},
        {"WRITE AND VERIFY is alone", write_and_verify_is_alone},
        {"who waits can be aborted", who_waits_can_be_aborted},
        {"an abort stops a command between its steps", abort_stops_between_steps},
        {"UNMAP and GET LBA STATUS", unmap},
        {"lists of UNMAP", unmap_lists},
        {"units without thin provisioning", thick_units},
        {"WRITE SAME", write_same},
        {"write protected", write_protected},
        {"defects and diagnostics", defects_and_diagnostics},
        {"timestamps", timestamps},
        {"SANITIZE", sanitize},
        {"SANITIZE that fails", sanitize_fails},
        {"COMPARE AND WRITE", compare_and_write},
        {"nothing comes in between", nothing_comes_in_between},
        {"nothing comes in between by ACA", nothing_comes_in_between_by_aca},
        {"START STOP UNIT", start_and_stop},
        {"ejecting and preventing it", eject_and_prevent},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"commands on blocks", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
