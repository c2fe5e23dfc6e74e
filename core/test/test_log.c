/* SPDX-License-Identifier: Apache-2.0 */
/* Log pages byte by byte [SPC-4 6.7, 6.8, 7.3; SBC-3 6.4]. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

enum { CUMULATIVE = 0x40, DEFAULTS = 0xc0 };

static const struct rig_command *sense(uint8_t control_and_code, uint8_t subpage, uint16_t first,
                                       uint16_t allocated)
{
    uint8_t cdb[10] = {0x4d, 0, control_and_code, subpage};
    lq_put_be16(cdb + 5, first);
    lq_put_be16(cdb + 7, allocated);
    return &rig.commands[rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, 10, allocated, 0, 0, 0)];
}

static uint32_t sense_of(const struct rig_command *command)
{
    CU_ASSERT_TRUE(command->completed);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

static const struct rig_command *select(uint8_t byte_1, uint8_t control_and_code, uint8_t bytes)
{
    static const uint8_t list[16];
    uint8_t cdb[10] = {0x4c, byte_1, control_and_code, [8] = bytes};
    return &rig.commands[rig_send_data(&rig, 0, 0, cdb, 10, list, bytes, 0)];
}

/* The value of counter CODE of a page of counters of 8 bytes; all ones: it is not there. */
static uint64_t counter(uint8_t page, uint16_t code)
{
    const struct rig_command *command = sense((uint8_t)(CUMULATIVE | page), 0, 0, 512);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 7 * 12);
    for (uint32_t at = 4; at < command->data_in_bytes; at += 12)
        if (lq_get_be16(command->data_in + at) == code) {
            CU_ASSERT_EQUAL(command->data_in[at + 3], 8);
            return lq_get_be64(command->data_in + at + 4);
        }
    return UINT64_MAX;
}

static void supported_pages(void)
{
    rig_init(&rig, NULL);
    static const uint8_t pages[] = {0x80, 0,    0,    11,   0x00, 0x02, 0x03, 0x05,
                                    0x0d, 0x0e, 0x11, 0x15, 0x18, 0x19, 0x2f};
    const struct rig_command *command = sense(CUMULATIVE, 0, 0, 255);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, sizeof pages);
    CU_ASSERT_EQUAL(memcmp(command->data_in, pages, sizeof pages), 0);
    /* with subpages: pairs, and SPF */
    command = sense(CUMULATIVE, 0xff, 0, 255);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 2 * 12);
    static const uint8_t head[] = {0xc0, 0xff, 0, 24, 0, 0, 0, 0xff, 0x02, 0};
    CU_ASSERT_EQUAL(memcmp(command->data_in, head, sizeof head), 0);
    /* each that is listed is there, whole and cut off */
    for (uint32_t i = 4; i < sizeof pages; i++) {
        command = sense((uint8_t)(CUMULATIVE | pages[i]), 0, 0, 512);
        CU_ASSERT_EQUAL(command->status, LQ_GOOD);
        CU_ASSERT_EQUAL(command->data_in[0], 0x80 | pages[i]);
        CU_ASSERT_EQUAL(lq_get_be16(command->data_in + 2) + 4u, command->data_in_bytes);
        CU_ASSERT_EQUAL(sense((uint8_t)(CUMULATIVE | pages[i]), 0, 0, 3)->data_in_bytes, 3);
    }
    rig_fini(&rig);
}

static void what_is_refused(void)
{
    rig_init(&rig, NULL);
    CU_ASSERT_EQUAL(sense_of(sense(CUMULATIVE | 0x3e, 0, 0, 64)), 0x052400); /* no such page */
    CU_ASSERT_EQUAL(sense_of(sense(CUMULATIVE | 0x02, 1, 0, 64)), 0x052400); /* nor subpage */
    CU_ASSERT_EQUAL(sense_of(sense(0x02, 0, 0, 64)), 0x052400);              /* thresholds */
    CU_ASSERT_EQUAL(sense_of(sense(CUMULATIVE | 0x02, 0, 7, 64)), 0x052400); /* behind the last */
    const uint8_t saves[10] = {0x4d, 0x01, CUMULATIVE | 0x02, [8] = 64};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, saves, 10, 64, 0, 0, 0);
    CU_ASSERT_EQUAL(sense_of(&rig.commands[place]), 0x052400);
    CU_ASSERT_EQUAL(sense_of(select(0x01, 0, 0)), 0x052400);
    CU_ASSERT_EQUAL(sense_of(select(0x02, 0, 8)), 0x052400); /* PCR with a list */
    CU_ASSERT_EQUAL(sense_of(select(0x02, 0x3e, 0)), 0x052400);
    CU_ASSERT_EQUAL(sense_of(select(0, CUMULATIVE, 8)), 0x052600); /* nothing can be set */
    CU_ASSERT_EQUAL(sense_of(select(0, 0, 0)), 0);                 /* no list is no error */
    rig_fini(&rig);
}

static void commands_are_counted(void)
{
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 0xaa));
    rig_complete(&rig, rig_read(&rig, 1, LQ_SIMPLE, 0, 4));
    rig_complete(&rig, rig_read(&rig, 0, LQ_SIMPLE, 4, 4));
    rig_complete_with(&rig, rig_read(&rig, 0, LQ_SIMPLE, 0, 1), LQ_BLOCK_MEDIUM_ERROR);
    rig_complete_with(&rig, rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1), LQ_BLOCK_MEDIUM_ERROR);
    const struct rig_command *command = sense(CUMULATIVE | 0x19, 0, 1, 512);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 68 + 12 + 12);
    CU_ASSERT_EQUAL(lq_get_be64(command->data_in + 8), 2);  /* READs */
    CU_ASSERT_EQUAL(lq_get_be64(command->data_in + 16), 1); /* WRITEs */
    CU_ASSERT_EQUAL(lq_get_be64(command->data_in + 24), 8); /* blocks received */
    CU_ASSERT_EQUAL(lq_get_be64(command->data_in + 32), 8); /* blocks transmitted */
    CU_ASSERT_EQUAL(counter(0x03, 5), 8 * RIG_BLOCK_BYTES);
    CU_ASSERT_EQUAL(counter(0x03, 6), 1);
    CU_ASSERT_EQUAL(counter(0x02, 5), 8 * RIG_BLOCK_BYTES);
    CU_ASSERT_EQUAL(counter(0x02, 6), 1);
    CU_ASSERT_EQUAL(counter(0x05, 6), 0);
    /* default values are zeros, whatever has been counted */
    command = sense(DEFAULTS | 0x03, 0, 6, 512);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 12);
    CU_ASSERT_EQUAL(lq_get_be64(command->data_in + 8), 0);
    rig_fini(&rig);
}

static void log_select_resets_them(void)
{
    rig_init(&rig, NULL);
    rig_complete(&rig, rig_write(&rig, 0, LQ_SIMPLE, 0, 8, 0xaa));
    CU_ASSERT_NOT_EQUAL(counter(0x02, 5), 0);
    CU_ASSERT_EQUAL(select(0x02, CUMULATIVE, 0)->status, LQ_GOOD);
    CU_ASSERT_EQUAL(counter(0x02, 5), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062a02); /* LOG PARAMETERS CHANGED */
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    rig_fini(&rig);
}

static void power_on_minutes(void)
{
    rig_init(&rig, NULL);
    rig_wait(&rig, 150 * UINT64_C(1000000000));
    const struct rig_command *command = sense(CUMULATIVE | 0x15, 0, 0, 64);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 4 + 12);
    CU_ASSERT_EQUAL(lq_get_be32(command->data_in + 8), 2);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"supported pages", supported_pages},
        {"what is refused", what_is_refused},
        {"commands are counted", commands_are_counted},
        {"LOG SELECT resets them", log_select_resets_them},
        {"power on minutes", power_on_minutes},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"log pages", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
