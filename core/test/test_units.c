/* SPDX-License-Identifier: Apache-2.0 */
/* Logical units come, go and change: what initiators learn of it, by SPC-4 and SAM-5. */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

static uint32_t sense_of(uint32_t place)
{
    const struct rig_command *command = &rig.commands[place];
    CU_ASSERT_TRUE(command->completed);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

static const char *add(uint16_t lun, uint32_t store)
{
    return lq_engine_unit_add(
        rig.engine, &(struct lq_unit_config){.lun = lun, .store = &rig.stores[store].store});
}

static void removed_is_told_and_not_there(void)
{
    rig_init(&rig, NULL);
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 1));
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0x052500); /* LOGICAL UNIT NOT SUPPORTED */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x063f0e); /* REPORTED LUNS DATA HAS CHANGED */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    const uint8_t report[12] = {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0};
    uint32_t place = rig_send(&rig, 1, 0, LQ_SIMPLE, report, 12, 64, 0, 0, 0);
    const uint8_t only_lun_0[16] = {0, 0, 0, 8};
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].data_in_bytes, 16);
    CU_ASSERT_EQUAL(memcmp(rig.commands[place].data_in, only_lun_0, 16), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* REPORT LUNS has told it [SPC-4 6.33] */
    CU_ASSERT_STRING_EQUAL(lq_engine_unit_remove(rig.engine, 0, 1), "the LUN is not there");
    rig_fini(&rig);
}

static void commands_of_a_removed_unit_end(void)
{
    rig_init(&rig, NULL);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t waits = rig_write(&rig, 0, LQ_ORDERED, 8, 8, 2);
    uint32_t wants_data = rig_write_waiting(&rig, 0, LQ_SIMPLE, 16, 8);
    uint64_t reset = rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 1, 0);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, reset));
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    CU_ASSERT_EQUAL(sense_of(in_store), 0x0b0800); /* nobody knows what becomes of it */
    CU_ASSERT_EQUAL(sense_of(waits), 0x052500);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 1);
    rig_data_out(&rig, wants_data, 3);
    CU_ASSERT_EQUAL(sense_of(wants_data), 0x052500);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, wants_data));
    rig_complete(&rig, in_store);
    CU_ASSERT_EQUAL(lq_engine_counts(rig.engine).orphans, 0);
    rig_fini(&rig);
}

static void a_reset_that_waits_is_answered(void)
{
    rig_init(&rig, NULL);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint64_t reset = rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, reset));
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    CU_ASSERT_TRUE(rig_tm_answered(&rig, reset));
    CU_ASSERT_FALSE(rig.commands[in_store].completed);
    rig_complete(&rig, in_store);
    rig_fini(&rig);
}

static void a_new_unit_inherits_nothing(void)
{
    rig_init(&rig, NULL);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 1, 0);
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 1));
    CU_ASSERT_PTR_NULL(add(1, 0)); /* on the other one's store */
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0x062900);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0); /* none of the reset */
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 1), 0x063f0e);
    const uint8_t read[10] = {0x28, 0, 0, 0, 0, 4, 0, 0, 1, 0};
    uint32_t theirs = rig_send(&rig, 0, 1, LQ_SIMPLE, read, 10, RIG_BLOCK_BYTES, 0, 0, 0);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, theirs)); /* held: the write may land still */
    rig_complete(&rig, in_store);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, theirs));
    rig_complete(&rig, theirs);
    rig_fini(&rig);
}

static void places_of_units_come_back(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.units = 2;
    rig_init(&rig, &config);
    uint32_t in_store = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    CU_ASSERT_STRING_EQUAL(add(0, 0), "the LUN is in use");
    CU_ASSERT_STRING_EQUAL(add(2, 0), "there are as many logical units as limits.units allows");
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    CU_ASSERT_PTR_NOT_NULL(add(0, 0)); /* its orphan is out, and keeps the place */
    rig_complete(&rig, in_store);
    CU_ASSERT_PTR_NULL(add(0, 0));
    rig_fini(&rig);
}

static void resize(void)
{
    rig_init(&rig, NULL);
    uint32_t first = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    uint32_t waits = rig_write(&rig, 0, LQ_ORDERED, 8, 8, 2);
    CU_ASSERT_PTR_NULL(lq_engine_unit_resize(rig.engine, 0, 0, 8));
    rig_complete(&rig, first);
    CU_ASSERT_EQUAL(sense_of(waits), 0x062a09); /* CAPACITY DATA HAS CHANGED, before all else */
    CU_ASSERT_EQUAL(sense_of(rig_write(&rig, 0, LQ_SIMPLE, 8, 1, 2)), 0x052100);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062a09);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    const uint8_t cdb[10] = {0x25};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, 10, 8, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[3], 7); /* the last block */
    CU_ASSERT_PTR_NULL(lq_engine_unit_resize(rig.engine, 0, 0, 8));
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0); /* nothing has changed */
    CU_ASSERT_STRING_EQUAL(lq_engine_unit_resize(rig.engine, 0, 0, RIG_BLOCKS + 1),
                           "the capacity is beyond the end of the store");
    rig_fini(&rig);
}

static void access(void)
{
    rig_init(&rig, NULL);
    uint32_t first = rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 1);
    CU_ASSERT_PTR_NULL(lq_engine_unit_access(rig.engine, 0, 0, true));
    rig_complete(&rig, first);
    CU_ASSERT_EQUAL(rig.commands[first].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062a01); /* MODE PARAMETERS CHANGED */
    CU_ASSERT_EQUAL(sense_of(rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1)), 0x072700);
    CU_ASSERT_PTR_NULL(lq_engine_unit_access(rig.engine, 0, 0, false));
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062a01);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1)));
    rig_fini(&rig);
}

/* A thin store gets full: everybody hears of it once each time [SBC-3 4.7.3.8]. */
static void threshold(void)
{
    rig_init(&rig, NULL);
    struct lq_store *store = &rig.stores[0].store;
    store->is_thin = true;
    store->soft_threshold_blocks = 3;
    static const uint64_t used[] = {2, 3, 4, 2, 3};
    static const bool is_told[] = {false, true, false, false, true};
    for (uint32_t i = 0; i < sizeof used / sizeof used[0]; i++) {
        uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, i, 1, 1);
        store->pool_used_blocks = used[i];
        rig_complete(&rig, write);
        CU_ASSERT_EQUAL(rig.commands[write].status, LQ_GOOD);
        uint32_t wanted = is_told[i] ? 0x063807 : 0;
        CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), wanted);
        CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), wanted);
    }
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"removed", removed_is_told_and_not_there},
        {"commands of a removed unit", commands_of_a_removed_unit_end},
        {"a reset of a removed unit", a_reset_that_waits_is_answered},
        {"a new unit", a_new_unit_inherits_nothing},
        {"places", places_of_units_come_back},
        {"resize", resize},
        {"access", access},
        {"threshold of a thin store", threshold},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"logical units", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
