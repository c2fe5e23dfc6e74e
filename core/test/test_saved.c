/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What persists through power loss [SPC-4 5.13.5]: APTPL, the two slots of a record, saves that
 * fail, are torn, aborted or orphaned.
 */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/persist.h"

static struct rig rig;

enum { PENDING_BUSY = 0x08000000 };

/* A fresh rig whose stores have room for records; a fourth nexus reads. */
static void power(void)
{
    rig_power(&rig);
    rig_return(&rig, 3);
    CU_ASSERT_EQUAL(rig_attention(&rig, 3, 0), 0x062900);
}

static void begin(void)
{
    rig_init(&rig, NULL);
    power();
}

static bool keys_are(uint64_t first, uint64_t second)
{
    const uint64_t keys[] = {first, second};
    return persist_keys_are(&rig, keys, first == 0 ? 0 : second == 0 ? 1 : 2);
}

/* The newest command, which must wait for its save. */
static uint32_t waiting(uint32_t answer)
{
    CU_ASSERT_EQUAL(answer, ANSWER_NONE);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, rig.command_count - 1));
    return rig.command_count - 1;
}

static uint32_t saved(uint32_t answer)
{
    uint32_t command = waiting(answer);
    rig_complete(&rig, command);
    return persist_answer(&rig, command);
}

static uint32_t enroll(uint32_t nexus, uint64_t key, uint64_t service_key, uint8_t flags)
{
    return persist_out_list(&rig, nexus, OUT_REGISTER, key, service_key, flags, NULL, 0);
}

static uint32_t out(uint32_t nexus, uint8_t action, uint8_t type, uint64_t key,
                    uint64_t service_key)
{
    return persist_out(&rig, nexus, action, type, key, service_key);
}

/* REPORT CAPABILITIES: PTPL_C, PTPL_A [SPC-4 6.15.4]. */
static void capabilities_are(uint8_t can, uint8_t does)
{
    uint8_t data[8];
    CU_ASSERT_EQUAL(persist_in(&rig, 3, 2, data, sizeof data), 8);
    CU_ASSERT_EQUAL(data[2] & 1, can);
    CU_ASSERT_EQUAL(data[3] & 1, does);
}

static void keeps_with_aptpl(void)
{
    begin();
    capabilities_are(1, 0);
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    capabilities_are(1, 1);
    /* The newest registering says for all; what follows is kept, too. */
    CU_ASSERT_EQUAL(saved(enroll(1, 0, 0xb, APTPL)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(saved(out(0, OUT_RESERVE, WE_RO, 0xa, 0)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, WE_RO, 0xa, 0), ANSWER_GOOD); /* changes nothing */
    CU_ASSERT_EQUAL(persist_generation(&rig), 2);
    power();
    uint64_t key;
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    CU_ASSERT_EQUAL(persist_type(&rig, &key), WE_RO);
    CU_ASSERT_EQUAL(key, 0xa);
    CU_ASSERT_EQUAL(persist_generation(&rig), 0); /* [SPC-4 5.13.5] */
    capabilities_are(1, 1);
    /* They are whose they were. */
    CU_ASSERT_EQUAL(out(1, OUT_RELEASE, WE_RO, 0xb, 0), ANSWER_GOOD); /* not the holder */
    CU_ASSERT_EQUAL(persist_type(&rig, &key), WE_RO);
    CU_ASSERT_EQUAL(saved(out(0, OUT_RELEASE, WE_RO, 0xa, 0)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(saved(out(0, OUT_CLEAR, 0, 0xa, 0)), ANSWER_GOOD);
    power();
    CU_ASSERT_TRUE(keys_are(0, 0));
    rig_fini(&rig);
}

static void forgets_without_aptpl(void)
{
    begin();
    CU_ASSERT_EQUAL(enroll(0, 0, 0xa, 0), ANSWER_GOOD);
    power();
    CU_ASSERT_TRUE(keys_are(0, 0));
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(saved(enroll(1, 0, 0xb, 0)), ANSWER_GOOD); /* switched off, for all */
    capabilities_are(1, 0);
    power();
    CU_ASSERT_TRUE(keys_are(0, 0));
    rig_fini(&rig);
}

/* Where there is no room for records. */
static void refuses_without_a_place(void)
{
    persist_init(&rig, NULL);
    capabilities_are(0, 0);
    CU_ASSERT_EQUAL(enroll(0, 0, 0xa, APTPL), ANSWER_SENSE(0x052600));
    rig_fini(&rig);
}

/* Nothing is in effect before the record is durable, and nothing ever when it is not. */
static void save_that_fails(void)
{
    begin();
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    uint32_t command = waiting(enroll(1, 0, 0xb, APTPL));
    rig_complete_with(&rig, command, LQ_BLOCK_MEDIUM_ERROR);
    CU_ASSERT_EQUAL(persist_answer(&rig, command), ANSWER_SENSE(0x030c00)); /* WRITE ERROR */
    CU_ASSERT_TRUE(keys_are(0xa, 0));
    CU_ASSERT_EQUAL(persist_generation(&rig), 1);
    power();
    CU_ASSERT_TRUE(keys_are(0xa, 0));
    rig_fini(&rig);
}

/* Of the save of two blocks N reach the medium when power goes. */
static void torn_save(void)
{
    enum { MORE = 26 };
    for (uint32_t n = 0; n <= 2; n++) {
        begin();
        uint8_t more[4 + MORE * 8] = {0, 0, 0, MORE * 8}; /* SPEC_I_PT: so many ports more */
        for (uint32_t i = 0; i < MORE; i++)
            persist_name(4 + i, more + 4 + (size_t)8 * i);
        CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
        for (uint32_t i = 0; i < 3; i++) /* more records: each slot has been used */
            CU_ASSERT_EQUAL(saved(enroll(0, 0xa + i, 0xb + i, APTPL)), ANSWER_GOOD);
        uint32_t command =
            waiting(persist_out_list(&rig, 1, OUT_REGISTER, 0, 0x77, SPEC_I_PT | APTPL, more,
                                     sizeof more));
        rig_tear(&rig, command, n);
        power();
        CU_ASSERT_EQUAL(keys_are(0xd, 0), n < 2);
        CU_ASSERT_EQUAL(saved(enroll(2, 0, 0xe, APTPL)), ANSWER_GOOD);
        power();
        CU_ASSERT_EQUAL(keys_are(0xd, 0xe), n < 2);
        rig_fini(&rig);
    }
}

/* One at a time: the second waits, sees what the first did, and is bounded. */
static void saves_wait_for_each_other(void)
{
    begin();
    uint32_t first = waiting(enroll(0, 0, 0xa, APTPL));
    uint32_t second = rig.command_count;
    CU_ASSERT_EQUAL(enroll(1, 0, 0xb, APTPL), ANSWER_NONE);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, second));
    CU_ASSERT_TRUE(keys_are(0, 0)); /* others go on */
    rig_complete(&rig, first);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, second));
    rig_complete(&rig, second);
    CU_ASSERT_EQUAL(persist_answer(&rig, second), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_answer(&rig, first), ANSWER_GOOD);
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    first = waiting(enroll(0, 0xa, 0xc, APTPL));
    second = rig.command_count;
    CU_ASSERT_EQUAL(enroll(1, 0xb, 0xd, APTPL), ANSWER_NONE);
    rig_wait(&rig, 2000 * RIG_MS);
    CU_ASSERT_EQUAL(persist_answer(&rig, second), PENDING_BUSY);
    rig_complete(&rig, first);
    CU_ASSERT_EQUAL(persist_answer(&rig, first), ANSWER_GOOD);
    CU_ASSERT_TRUE(keys_are(0xc, 0xb));
    rig_fini(&rig);
}

/* Aborted while its record is with the store: when the TM function answers, it has had its effect;
 * no other save begins before the store lets go of the record. */
static void aborted_save(void)
{
    begin();
    uint32_t command = waiting(enroll(0, 0, 0xa, APTPL));
    uint64_t cookie = rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, command);
    CU_ASSERT_FALSE(rig_tm_answered(&rig, cookie));
    rig_complete(&rig, command);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, cookie));
    CU_ASSERT_FALSE(rig.commands[command].completed);
    CU_ASSERT_TRUE(keys_are(0xa, 0));

    command = waiting(enroll(1, 0, 0xb, APTPL));
    cookie = rig_tm(&rig, 1, LQ_TM_LOGICAL_UNIT_RESET, 0, 0);
    rig_wait(&rig, 1000 * RIG_MS);
    CU_ASSERT_TRUE(rig_tm_answered(&rig, cookie));
    (void)rig_attention(&rig, 3, 0);
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    (void)rig_attention(&rig, 0, 0);
    uint32_t next = rig.command_count;
    CU_ASSERT_EQUAL(out(0, OUT_RESERVE, EA, 0xa, 0), ANSWER_NONE);
    CU_ASSERT_FALSE(rig_is_submitted(&rig, next));
    rig_complete(&rig, command);
    CU_ASSERT_TRUE(rig_is_submitted(&rig, next));
    rig_complete(&rig, next);
    CU_ASSERT_EQUAL(persist_answer(&rig, next), ANSWER_GOOD);
    power();
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    uint64_t key;
    CU_ASSERT_EQUAL(persist_type(&rig, &key), EA);
    rig_fini(&rig);
}

/* What saves nothing waits for a save that is out, too: that record was laid out without it. */
static void what_saves_nothing_waits(void)
{
    begin();
    CU_ASSERT_EQUAL(enroll(1, 0, 0xb, 0), ANSWER_GOOD);
    uint32_t save = waiting(enroll(0, 0, 0xa, APTPL));
    uint32_t reserve = rig.command_count;
    CU_ASSERT_EQUAL(out(1, OUT_RESERVE, WE, 0xb, 0), ANSWER_NONE);
    rig_complete(&rig, save);
    CU_ASSERT_EQUAL(persist_answer(&rig, save), ANSWER_GOOD);
    rig_complete(&rig, reserve); /* and now it is saved itself */
    CU_ASSERT_EQUAL(persist_answer(&rig, reserve), ANSWER_GOOD);
    power();
    uint64_t key;
    CU_ASSERT_EQUAL(persist_type(&rig, &key), WE);
    rig_fini(&rig);
}

/* An orphan's effect holds, but its record has failed: a command that finds everything as it wants
 * it saves all the same. */
static void orphan_whose_save_fails(void)
{
    begin();
    uint32_t save = waiting(enroll(0, 0, 0xa, APTPL));
    (void)rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, save);
    rig_wait(&rig, 1000 * RIG_MS);
    CU_ASSERT_TRUE(keys_are(0xa, 0));
    rig_complete_with(&rig, save, LQ_BLOCK_MEDIUM_ERROR);
    CU_ASSERT_EQUAL(saved(enroll(0, 0xa, 0xa, APTPL)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(enroll(0, 0xa, 0xa, APTPL), ANSWER_GOOD); /* now it is there */
    power();
    CU_ASSERT_TRUE(keys_are(0xa, 0));
    rig_fini(&rig);
}

/* The last registrations that there is room for: an orphan takes them, what is reserved stays. */
static void orphan_with_the_last_place(void)
{
    struct lq_engine_config config = rig_config();
    config.limits.registrations = 2;
    rig_init(&rig, &config);
    power();
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(saved(out(0, OUT_RESERVE, WE, 0xa, 0)), ANSWER_GOOD);
    uint32_t save = waiting(enroll(1, 0, 0xb, APTPL));
    (void)rig_tm(&rig, 1, LQ_TM_ABORT_TASK, 0, save);
    rig_wait(&rig, 1000 * RIG_MS);
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    uint64_t key;
    CU_ASSERT_EQUAL(persist_type(&rig, &key), WE);
    rig_complete(&rig, save);
    power();
    CU_ASSERT_TRUE(keys_are(0xa, 0xb));
    rig_fini(&rig);
}

/* An ACA condition comes while a record is with the store: the save stays out, others wait; and who
 * aborts the command then finds what has become durable in effect. */
static void save_that_aca_blocks(void)
{
    const uint8_t unknown[10] = {0x3e, [9] = 0x04 /* NACA */};
    for (uint32_t i = 0; i < 2; i++) {
        begin();
        uint32_t save = waiting(enroll(0, 0, 0xa, APTPL));
        rig_send(&rig, 1, 0, LQ_HEAD_OF_QUEUE, unknown, 10, 0, 0, 0, 0);
        rig_complete(&rig, save);
        CU_ASSERT_EQUAL(persist_answer(&rig, save), ANSWER_NONE);
        if (i == 1) {
            CU_ASSERT_TRUE(rig_tm_answered(&rig, rig_tm(&rig, 0, LQ_TM_ABORT_TASK, 0, save)));
        }
        (void)rig_tm(&rig, 1, LQ_TM_CLEAR_ACA, 0, 0);
        if (i == 0) {
            CU_ASSERT_EQUAL(persist_answer(&rig, save), ANSWER_GOOD);
        }
        CU_ASSERT_TRUE(keys_are(0xa, 0));
        CU_ASSERT_EQUAL(saved(enroll(1, 0, 0xb, APTPL)), ANSWER_GOOD); /* nothing is out */
        power();
        CU_ASSERT_TRUE(keys_are(0xa, 0xb));
        rig_fini(&rig);
    }
}

/* PREEMPT AND ABORT saves, then aborts; the aborted command is in the store meanwhile. */
static void preempt_and_abort(void)
{
    begin();
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    CU_ASSERT_EQUAL(saved(enroll(1, 0, 0xb, APTPL)), ANSWER_GOOD);
    uint32_t write = rig_write(&rig, 0, LQ_SIMPLE, 0, 1, 1);
    uint32_t preempt = waiting(out(1, OUT_PREEMPT_AND_ABORT, EA, 0xb, 0xa));
    rig_complete(&rig, preempt);
    CU_ASSERT_FALSE(rig.commands[preempt].completed); /* waits for the write */
    rig_complete(&rig, write);
    CU_ASSERT_FALSE(rig.commands[write].completed);
    CU_ASSERT_EQUAL(persist_answer(&rig, preempt), ANSWER_GOOD);
    CU_ASSERT_EQUAL(rig_attention(&rig, 0, 0), 0x062a05); /* REGISTRATIONS PREEMPTED */
    CU_ASSERT_TRUE(keys_are(0xb, 0));
    power();
    CU_ASSERT_TRUE(keys_are(0xb, 0));
    rig_fini(&rig);
}

/* A LUN that goes and comes again has what it kept; another one has not. */
static void lun_comes_again(void)
{
    begin();
    CU_ASSERT_EQUAL(saved(enroll(0, 0, 0xa, APTPL)), ANSWER_GOOD);
    CU_ASSERT_PTR_NULL(lq_engine_unit_remove(rig.engine, 0, 0));
    struct lq_unit_config unit = {.lun = 5, .store = &rig.stores[0].store};
    CU_ASSERT_PTR_NULL(lq_engine_unit_add(rig.engine, &unit));
    unit.lun = 0;
    CU_ASSERT_PTR_NULL(lq_engine_unit_add(rig.engine, &unit));
    (void)rig_attention(&rig, 3, 0);
    CU_ASSERT_TRUE(keys_are(0xa, 0));
    const uint8_t read_keys[10] = {0x5e, 0, 0, 0, 0, 0, 0, 0, 8};
    uint32_t place = 0;
    for (uint32_t i = 0; i < 3; i++) /* the first two hear of the new unit, and of the other */
        place = rig_send_data(&rig, 3, 5, read_keys, 10, NULL, 0, 8);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_GOOD);
    CU_ASSERT_EQUAL_FATAL(rig.commands[place].data_in_bytes, 8);
    CU_ASSERT_EQUAL(rig.commands[place].data_in[7], 0);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"kept with APTPL", keeps_with_aptpl},
        {"forgotten without APTPL", forgets_without_aptpl},
        {"no place, no APTPL", refuses_without_a_place},
        {"a save that fails has no effect", save_that_fails},
        {"a torn save leaves what was there", torn_save},
        {"one save at a time", saves_wait_for_each_other},
        {"a save that is aborted", aborted_save},
        {"what saves nothing waits", what_saves_nothing_waits},
        {"an orphan whose save fails", orphan_whose_save_fails},
        {"an orphan with the last place", orphan_with_the_last_place},
        {"a save that ACA blocks", save_that_aca_blocks},
        {"PREEMPT AND ABORT saves first", preempt_and_abort},
        {"a LUN that comes again", lun_comes_again},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"records", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
