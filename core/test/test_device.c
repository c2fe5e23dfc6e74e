/* SPDX-License-Identifier: Apache-2.0 */
/* Device servers and unit attentions: answers byte by byte from SPC-4 and SBC-3. */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/rig.h"

static struct rig rig;

static uint32_t send(const uint8_t *cdb, uint32_t bytes, uint64_t expected_in)
{
    return rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, bytes, expected_in, 0, 0, 0);
}

static uint32_t sense_of(uint32_t place)
{
    const struct rig_command *command = &rig.commands[place];
    CU_ASSERT_TRUE(command->completed);
    return (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 | command->ascq;
}

static void inquiry_standard(void)
{
    rig_init(&rig, NULL);
    const uint8_t cdb[6] = {0x12, 0, 0, 0, 255, 0};
    const struct rig_command *command = &rig.commands[send(cdb, 6, 255)];
    CU_ASSERT_EQUAL(command->status, LQ_GOOD);
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 96);
    CU_ASSERT_EQUAL(command->data_in[0], 0x00);
    CU_ASSERT_EQUAL(command->data_in[2], 0x06);
    CU_ASSERT_EQUAL(command->data_in[4], 91);
    CU_ASSERT_EQUAL(memcmp(command->data_in + 8, "LUNQUAKESIMULATED DISK  0001", 28), 0);
    rig_fini(&rig);
}

static void inquiry_of_nothing(void)
{
    rig_init(&rig, NULL);
    const uint8_t inquiry[6] = {0x12, 0, 0, 0, 36, 0};
    uint32_t place = rig_send(&rig, 0, 9, LQ_SIMPLE, inquiry, 6, 36, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[0], 0x7f);
    CU_ASSERT_EQUAL(rig.commands[place].data_in_bytes, 36);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 9), 0x052500); /* LOGICAL UNIT NOT SUPPORTED */
    const uint8_t sense[6] = {0x03, 0, 0, 0, 18, 0};
    place = rig_send(&rig, 0, 9, LQ_SIMPLE, sense, 6, 18, 0, 0, 0);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[2], 0x05);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[12], 0x25);
    rig_fini(&rig);
}

static void inquiry_pages(void)
{
    rig_init(&rig, NULL);
    const uint8_t supported[6] = {0x12, 1, 0x00, 0, 255, 0};
    const struct rig_command *command = &rig.commands[send(supported, 6, 255)];
    const uint8_t expected[] = {0x00, 0x00, 0x00, 0x09, 0x00, 0x80, 0x83,
                                0x86, 0x87, 0x88, 0xb0, 0xb1, 0xb2};
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, sizeof expected);
    CU_ASSERT_EQUAL(memcmp(command->data_in, expected, sizeof expected), 0);
    const uint8_t serial[6] = {0x12, 1, 0x80, 0, 255, 0};
    command = &rig.commands[send(serial, 6, 255)];
    CU_ASSERT_EQUAL(memcmp(command->data_in, "\0\x80\0\3RIG", 7), 0);
    const uint8_t limits[6] = {0x12, 1, 0xb0, 0, 255, 0};
    command = &rig.commands[send(limits, 6, 255)];
    CU_ASSERT_EQUAL(command->data_in_bytes, 64);
    CU_ASSERT_EQUAL(command->data_in[3], 0x3c);
    CU_ASSERT_EQUAL(command->data_in[11], 128); /* 64 KiB in blocks of 512 */
    const uint8_t extended[6] = {0x12, 1, 0x86, 0, 255, 0};
    command = &rig.commands[send(extended, 6, 255)];
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 64);
    CU_ASSERT_EQUAL(command->data_in[3], 0x3c);
    CU_ASSERT_EQUAL(command->data_in[5], 0x07); /* HEADSUP, ORDSUP, SIMPSUP */
    const uint8_t policy[6] = {0x12, 1, 0x87, 0, 255, 0};
    command = &rig.commands[send(policy, 6, 255)];
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 8);
    CU_ASSERT_EQUAL(memcmp(command->data_in, "\0\x87\0\4\x3f\xff\0\0", 8), 0);
    const uint8_t ports[6] = {0x12, 1, 0x88, 0, 255, 0};
    command = &rig.commands[send(ports, 6, 255)];
    static const uint8_t one_port[] = {0, 0x88, 0, 20, 0,    0,    0, 1, 0, 0, 0, 0,
                                       0, 0,    0, 8,  0x51, 0x94, 0, 4, 0, 0, 0, 1};
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, sizeof one_port);
    CU_ASSERT_EQUAL(memcmp(command->data_in, one_port, sizeof one_port), 0);
    const uint8_t characteristics[6] = {0x12, 1, 0xb1, 0, 255, 0};
    command = &rig.commands[send(characteristics, 6, 255)];
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 64);
    CU_ASSERT_EQUAL(command->data_in[5], 0x01); /* does not rotate */
    const uint8_t none[6] = {0x12, 1, 0xc5, 0, 255, 0};
    CU_ASSERT_EQUAL(sense_of(send(none, 6, 255)), 0x052400);
    const uint8_t page_without_evpd[6] = {0x12, 0, 0x80, 0, 255, 0};
    CU_ASSERT_EQUAL(sense_of(send(page_without_evpd, 6, 255)), 0x052400);
    rig_fini(&rig);
}

static void capacity(void)
{
    rig_init(&rig, NULL);
    const uint8_t ten[10] = {0x25};
    const struct rig_command *command = &rig.commands[send(ten, 10, 8)];
    const uint8_t expected[8] = {0, 0, 0x03, 0xff, 0, 0, 0x02, 0x00};
    CU_ASSERT_EQUAL(memcmp(command->data_in, expected, 8), 0);
    const uint8_t sixteen[16] = {0x9e, 0x10, [13] = 32};
    command = &rig.commands[send(sixteen, 16, 32)];
    CU_ASSERT_EQUAL(command->data_in_bytes, 32);
    CU_ASSERT_EQUAL(memcmp(command->data_in + 4, expected, 8), 0);
    const uint8_t other_action[16] = {0x9e, 0x1f, [13] = 32};
    CU_ASSERT_EQUAL(sense_of(send(other_action, 16, 32)), 0x052000);
    rig_fini(&rig);
}

static void luns(void)
{
    rig_init(&rig, NULL);
    const uint8_t cdb[12] = {0xa0, [9] = 64};
    const struct rig_command *command = &rig.commands[send(cdb, 12, 64)];
    const uint8_t expected[24] = {0, 0, 0, 16, [17] = 1};
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 24);
    CU_ASSERT_EQUAL(memcmp(command->data_in, expected, 24), 0);
    const uint8_t too_short[12] = {0xa0, [9] = 8};
    CU_ASSERT_EQUAL(sense_of(send(too_short, 12, 8)), 0x052400);
    rig_fini(&rig);
}

static void mode_pages(void)
{
    rig_init(&rig, NULL);
    const uint8_t all[6] = {0x1a, 0x08, 0x3f, 0, 255, 0};
    const struct rig_command *command = &rig.commands[send(all, 6, 255)];
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 4 + 20 + 12);
    CU_ASSERT_EQUAL(command->data_in[0], 35);
    CU_ASSERT_EQUAL(command->data_in[2], 0x10); /* DPOFUA */
    CU_ASSERT_EQUAL(command->data_in[4], 0x08);
    CU_ASSERT_EQUAL(command->data_in[24], 0x0a);
    CU_ASSERT_EQUAL(command->data_in[27], 0x10); /* unrestricted reordering */
    const uint8_t ten[10] = {0x5a, 0, 0x08, 0, 0, 0, 0, 0, 255, 0};
    command = &rig.commands[send(ten, 10, 255)];
    CU_ASSERT_EQUAL_FATAL(command->data_in_bytes, 8 + 8 + 20);
    CU_ASSERT_EQUAL(command->data_in[7], 8); /* one block descriptor */
    const uint8_t saved[6] = {0x1a, 0, 0xc8, 0, 255, 0};
    CU_ASSERT_EQUAL(sense_of(send(saved, 6, 255)), 0x053900);
    const uint8_t none[6] = {0x1a, 0, 0x11, 0, 255, 0};
    CU_ASSERT_EQUAL(sense_of(send(none, 6, 255)), 0x052400);
    rig_fini(&rig);
}

static void bad_commands(void)
{
    rig_init(&rig, NULL);
    const uint8_t unknown[6] = {0xff};
    CU_ASSERT_EQUAL(sense_of(send(unknown, 6, 0)), 0x052000);
    const uint8_t beyond[10] = {0x28, 0, 0, 0, 0x03, 0xff, 0, 0, 2, 0};
    CU_ASSERT_EQUAL(sense_of(send(beyond, 10, 1024)), 0x052100);
    const uint8_t far[16] = {0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [13] = 1};
    CU_ASSERT_EQUAL(sense_of(send(far, 16, 512)), 0x052100);
    const uint8_t protect[10] = {0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0};
    CU_ASSERT_EQUAL(sense_of(send(protect, 10, 512)), 0x052400);
    const uint8_t cut[6] = {0x28};
    CU_ASSERT_EQUAL(sense_of(send(cut, 6, 512)), 0x052400);
    const uint8_t naca[6] = {0x00, 0, 0, 0, 0, 0x04};
    CU_ASSERT_EQUAL(sense_of(send(naca, 6, 0)), 0); /* ACA is there [SAM-5 5.9] */
    const uint8_t too_much[10] = {0x28, 0, 0, 0, 0, 0, 0, 0, 129, 0};
    CU_ASSERT_EQUAL(sense_of(send(too_much, 10, 129 * 512)), 0x052400);
    rig_fini(&rig);
}

/* Row E32: expected lengths that are not the CDB's. */
static void wrong_lengths(void)
{
    rig_init(&rig, NULL);
    const uint8_t write[10] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, write, 10, 1024, 0, 0, 0);
    CU_ASSERT_EQUAL(sense_of(place), 0x054900); /* a write that expects to read */
    const uint8_t read[10] = {0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    place = rig_send(&rig, 0, 0, LQ_SIMPLE, read, 10, 0, 1024, 0, 0);
    CU_ASSERT_FALSE(rig.commands[place].data_wanted); /* a read that expects to write */
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig.commands[place].data_in_bytes, 0);
    memset(rig.stores[0].blocks, 0x77, 2048);
    place = rig_send(&rig, 0, 0, LQ_SIMPLE, write, 10, 0, 512, 512, 0x11);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    CU_ASSERT_EQUAL(rig.commands[place].out_defined, 1024);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[511], 0x11);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[512], 0x77); /* what did not come is not touched */
    place = rig_send(&rig, 0, 0, LQ_SIMPLE, write, 10, 0, 2048, 2048, 0x22);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[1023], 0x22);
    CU_ASSERT_EQUAL(rig.stores[0].blocks[1024], 0x77);
    place = rig_send(&rig, 0, 0, LQ_SIMPLE, read, 10, 100, 0, 0, 0);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.commands[place].data_in_bytes, 100);
    CU_ASSERT_EQUAL(rig.commands[place].in_defined, 1024);
    place = rig_send(&rig, 0, 0, LQ_SIMPLE, read, 10, LQ_LENGTH_UNKNOWN, LQ_LENGTH_UNKNOWN, 0, 0);
    rig_complete(&rig, place);
    CU_ASSERT_EQUAL(rig.commands[place].data_in_bytes, 1024); /* E07: the CDB is enough */
    rig_fini(&rig);
}

static void short_data_out(void)
{
    rig_init(&rig, NULL);
    uint32_t place = rig_write_waiting(&rig, 0, LQ_SIMPLE, 0, 2);
    lq_engine_data_out_received(rig.engine, rig.commands[place].task, 512);
    CU_ASSERT_EQUAL(sense_of(place), 0x0b0c0d);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, place));
    rig_fini(&rig);
}

static void store_errors(void)
{
    rig_init(&rig, NULL);
    uint32_t read = rig_read(&rig, 0, LQ_SIMPLE, 0, 1);
    rig_complete_with(&rig, read, LQ_BLOCK_MEDIUM_ERROR);
    CU_ASSERT_EQUAL(sense_of(read), 0x031100);
    CU_ASSERT_EQUAL(rig.commands[read].data_in_bytes, 0);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    rig_complete_with(&rig, write, LQ_BLOCK_MEDIUM_ERROR);
    CU_ASSERT_EQUAL(sense_of(write), 0x030c00);
    write = rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    rig_complete_with(&rig, write, LQ_BLOCK_NO_SPACE);
    CU_ASSERT_EQUAL(sense_of(write), 0x072707);
    write = rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    rig_complete_with(&rig, write, LQ_BLOCK_FAILED);
    CU_ASSERT_EQUAL(sense_of(write), 0x044400);
    rig_fini(&rig);
}

static void write_protected(void)
{
    rig_init(&rig, NULL);
    rig.stores[0].store.read_only = true;
    CU_ASSERT_EQUAL(sense_of(rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1)), 0x072700);
    const uint8_t mode[6] = {0x1a, 0x08, 0x3f, 0, 255, 0};
    CU_ASSERT_EQUAL(rig.commands[send(mode, 6, 255)].data_in[2], 0x90);
    rig_fini(&rig);
}

/* --- unit attentions ------------------------------------------------------------------------- */

static void attentions_in_order_of_precedence(void)
{
    rig_init(&rig, NULL);
    uint32_t theirs = rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 2);
    rig_tm(&rig, 0, LQ_TM_CLEAR_TASK_SET, 0, 0);
    rig_complete(&rig, theirs);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0); /* the same again: still one */
    rig_lose(&rig, 1, LQ_TRIGGER_NEXUS_LOSS);
    rig_return(&rig, 1);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062907);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0x062f00);
    CU_ASSERT_EQUAL(rig_attention(&rig, 1, 0), 0);
    rig_fini(&rig);
}

static void exempt_commands(void)
{
    rig_init(&rig, NULL);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    const uint8_t inquiry[6] = {0x12, 0, 0, 0, 36, 0};
    CU_ASSERT_EQUAL(rig.commands[send(inquiry, 6, 36)].status, LQ_GOOD);
    const uint8_t luns_cdb[12] = {0xa0, [9] = 64};
    CU_ASSERT_EQUAL(rig.commands[send(luns_cdb, 12, 64)].status, LQ_GOOD);
    const uint8_t sense[6] = {0x03, 0, 0, 0, 18, 0};
    const struct rig_command *command = &rig.commands[send(sense, 6, 18)];
    CU_ASSERT_EQUAL(command->status, LQ_GOOD);
    CU_ASSERT_EQUAL(command->data_in[2], 0x06);
    CU_ASSERT_EQUAL(command->data_in[12], 0x29);
    CU_ASSERT_EQUAL(command->data_in[13], 0x03);
    CU_ASSERT_TRUE(command->confirm);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0); /* REQUEST SENSE took it */
    rig_fini(&rig);
}

static void a_lost_status_puts_it_back(void)
{
    rig_init(&rig, NULL);
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    uint32_t place = rig_test_unit_ready(&rig, 0, LQ_SIMPLE);
    CU_ASSERT_EQUAL(sense_of(place), 0x062903);
    CU_ASSERT_TRUE(rig.commands[place].confirm);
    lq_engine_command_lost(rig.engine, rig.commands[place].task);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062903);
    /* and when the connection takes it along */
    rig_tm(&rig, 0, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_test_unit_ready(&rig, 0, LQ_SIMPLE);
    rig_lose(&rig, 0, LQ_TRIGGER_NEXUS_LOSS);
    rig_return(&rig, 0);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062903);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062907);
    rig_fini(&rig);
}

/* --- limits ---------------------------------------------------------------------------------- */

/* Six slots, three nexuses: each has at most four, and the last ones are kept for who has none. */
static void full_task_sets_and_busy_targets(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.tasks = 6;
    config.limits.tasks_per_nexus = 4;
    rig_init(&rig, &config);
    CU_ASSERT_EQUAL(lq_engine_tasks_free(rig.engine, rig.nexuses[0]), 4);
    for (uint32_t i = 0; i < 4; i++)
        rig_write(&rig, 0, LQ_SIMPLE, 8 * i, 8, 1);
    CU_ASSERT_EQUAL(lq_engine_tasks_free(rig.engine, rig.nexuses[0]), 0);
    CU_ASSERT_EQUAL(lq_engine_tasks_free(rig.engine, rig.nexuses[1]), 1);
    uint32_t fifth = rig_write(&rig, 0, LQ_SIMPLE, 64, 8, 1);
    CU_ASSERT_EQUAL(rig.commands[fifth].status, LQ_TASK_SET_FULL);
    CU_ASSERT_TRUE(lq_handle_is_none(rig.commands[fifth].task));
    rig_write(&rig, 1, LQ_SIMPLE, 64, 8, 1);
    uint32_t greedy = rig_write(&rig, 1, LQ_SIMPLE, 72, 8, 1);
    CU_ASSERT_EQUAL(rig.commands[greedy].status, LQ_TASK_SET_FULL); /* the last is another's */
    uint32_t last = rig_write(&rig, 2, LQ_SIMPLE, 80, 8, 1);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, last));
    rig_tm(&rig, 2, LQ_TM_LOGICAL_UNIT_RESET, 0, 0); /* has slots of its own */
    rig_wait(&rig, 1000 * RIG_MS);
    CU_ASSERT_EQUAL(rig.tm_answers, 1);
    /* all six are orphans now: nothing is left for anybody */
    uint32_t nothing = rig_write(&rig, 2, LQ_SIMPLE, 80, 8, 1);
    CU_ASSERT_EQUAL(rig.commands[nothing].status, LQ_BUSY);
    rig_fini(&rig);
}

static void limits_are_checked_by_name(void)
{
    struct lq_limits limits = lq_limits_live;
    CU_ASSERT_PTR_NULL(lq_limits_check(&limits));
    CU_ASSERT_PTR_NULL(lq_limits_check(&lq_limits_virtual));
    limits.aborts = 65;
    CU_ASSERT_STRING_EQUAL(lq_limits_check(&limits), "aborts");
    limits = lq_limits_live;
    limits.commands_per_session = 100;
    CU_ASSERT_STRING_EQUAL(lq_limits_check(&limits), "commands_per_session");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"INQUIRY", inquiry_standard},
        {"INQUIRY where nothing is", inquiry_of_nothing},
        {"vital product data", inquiry_pages},
        {"READ CAPACITY", capacity},
        {"REPORT LUNS", luns},
        {"MODE SENSE", mode_pages},
        {"bad commands", bad_commands},
        {"wrong lengths and directions", wrong_lengths},
        {"short Data-Out", short_data_out},
        {"store errors", store_errors},
        {"write protection", write_protected},
        {"attentions by precedence", attentions_in_order_of_precedence},
        {"exempt commands", exempt_commands},
        {"a lost status", a_lost_status_puts_it_back},
        {"TASK SET FULL and BUSY", full_task_sets_and_busy_targets},
        {"limits", limits_are_checked_by_name},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"device servers", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
