/* SPDX-License-Identifier: Apache-2.0 */
/* LIVENESS, ACCOUNTING, and the registry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/judges/test/story.h"

static struct story_command command(uint64_t serial)
{
    return (struct story_command){.actor = 1,
                                  .nexus = NEXUS_A,
                                  .connection = 1,
                                  .serial = serial,
                                  .opcode = 0x2a,
                                  .lba = serial,
                                  .nblocks = 1,
                                  .content = serial};
}

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
}

static void heal(void)
{
    EV(LQ_W_PHASE, .code = LQ_PHASE_HEAL);
}

static void end(void)
{
    EV(LQ_W_PHASE, .code = LQ_PHASE_END);
}

static void test_all_is_well(void)
{
    begin();
    struct story_command c = command(1);
    story_run(&c, 0);
    heal();
    EV(LQ_I_LOGOUT, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 2);
    EV(LQ_I_LOGOUT_DONE, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 2);
    for (uint32_t pool = LQ_POOL_TASKS; pool <= LQ_POOL_CONNECTIONS; pool++)
        EV(LQ_W_ACCOUNT, .code = pool, .value = 8, .lba = 8);
    end();
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("LIVE-1") == 1);
    CU_ASSERT(story_exercised("LIVE-3") == 1);
    CU_ASSERT(story_exercised("LIVE-4") == 1);
    CU_ASSERT(story_exercised("ACC-1") == 1);
    CU_ASSERT(story_exercised("ACC-2") == 5);
}

static void test_command_hangs(void)
{
    begin();
    struct story_command c = command(1);
    heal();
    c.connection = 0;
    story_send(&c);
    end();
    CU_ASSERT(story_breaks("LIVE-1"));
}

static void test_command_ends_late(void)
{
    begin();
    struct story_command c = command(1);
    story_send(&c);
    heal();
    story_arrive(&c);
    story_enable(&c);
    story_submit(&c);
    story_complete(&c);
    story_pass(SECONDS(61));
    story_end(&c, 0, 0, 0);
    end();
    CU_ASSERT(story_breaks("LIVE-1"));
}

static void test_function_hangs(void)
{
    begin();
    heal();
    EV(LQ_I_TM, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 5, .tag = 5,
       .code = LQ_TM_ABORT_TASK_SET);
    end();
    CU_ASSERT(story_breaks("LIVE-2"));
}

static void test_login_hangs(void)
{
    begin();
    heal();
    EV(LQ_I_LOGIN, .actor = 2, .nexus = NEXUS_B, .connection = 2);
    end();
    CU_ASSERT(story_breaks("LIVE-3"));
}

static void test_logout_hangs(void)
{
    begin();
    heal();
    EV(LQ_I_LOGOUT, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 2);
    end();
    CU_ASSERT(story_breaks("LIVE-4"));
}

/* REC tells an initiator that its exchange is no more before the unit attention does. */
static void test_given_up_when_ended(void)
{
    begin();
    struct story_command c = command(1);
    c.connection = 0;
    story_send(&c);
    story_arrive(&c);
    EV(LQ_I_GAVE_UP, .actor = 1, .nexus = NEXUS_A, .serial = 1, .code = LQ_GAVE_UP_LOST);
    CU_ASSERT(story_breaks("LIVE-5"));
    begin();
    story_login(2, 2, NEXUS_B);
    story_send(&c);
    story_arrive(&c);
    EV(LQ_E_TM_RECEIVED, .nexus = NEXUS_B, .serial = 9, .tag = 9, .stamp = 9,
       .code = LQ_TM_CLEAR_TASK_SET);
    story_abort(&c, LQ_TRIGGER_CLEAR_TASK_SET);
    EV(LQ_I_GAVE_UP, .actor = 1, .nexus = NEXUS_A, .serial = 1, .code = LQ_GAVE_UP_LOST);
    CU_ASSERT(story_violations() == story_violations_of("TM-3")); /* there was none to a wire */
    CU_ASSERT(story_exercised("LIVE-5") == 1);
}

static void test_given_up_without_cause(void)
{
    begin();
    struct story_command c = command(1);
    c.connection = 0;
    story_send(&c);
    story_give_up(&c);
    CU_ASSERT(story_breaks("LIVE-5"));
}

static void test_slot_leaked(void)
{
    begin();
    struct story_command c = command(1);
    story_send(&c);
    story_arrive(&c);
    story_enable(&c);
    story_submit(&c);
    story_complete(&c);
    story_engine_ends(&c, 0, 0);
    story_respond(&c, 0, 0);
    story_status(&c, 0, 0, 0);
    end();
    CU_ASSERT(story_breaks("ACC-1"));
}

static void test_pool_not_full(void)
{
    begin();
    EV(LQ_W_ACCOUNT, .code = LQ_POOL_SESSIONS, .value = 7, .lba = 8);
    end();
    CU_ASSERT(story_breaks("ACC-2"));
}

static void make_orphan(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
    story_submit(c);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .flags = LQ_F_ABORTED,
       .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_ORPHANED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .lba = 0, .nblocks = 8);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    story_give_up(c);
}

static void test_orphan_for_ever(void)
{
    begin();
    struct story_command c = command(1);
    make_orphan(&c);
    story_complete(&c);
    EV(LQ_E_FREED, .nexus = NEXUS_B, .serial = 99);
    end();
    CU_ASSERT(story_violations() == 2); /* its slot is not back either */
    CU_ASSERT_STRING_EQUAL(lq_property_table[story_finding()->property].id, "ACC-3");
}

/* The store never answered: nobody's fault but the store's. */
static void test_orphan_in_store(void)
{
    begin();
    struct story_command c = command(1);
    make_orphan(&c);
    EV(LQ_W_ACCOUNT, .code = LQ_POOL_TASKS, .value = 7, .lba = 8);
    end();
    CU_ASSERT(story_is_legal());
}

/* The table and docs/PROPERTIES.tsv (id, slug, clause, judge, wrongs) say the same. */
static void test_registry(void)
{
    FILE *file = fopen(LQ_SOURCE_DIR "/docs/PROPERTIES.tsv", "r");
    CU_ASSERT_FATAL(file != NULL);
    char line[1024];
    uint32_t row = 0;
    CU_ASSERT(fgets(line, sizeof line, file) != NULL);
    CU_ASSERT_STRING_EQUAL(line, "id\tslug\tclause\tjudge\twrongs\n");
    for (; fgets(line, sizeof line, file) != NULL; row++) {
        CU_ASSERT_FATAL(row < lq_property_count);
        const struct lq_property *property = &lq_property_table[row];
        char *at = line;
        const char *expected[] = {property->id, property->slug, property->clause,
                                  property->judge};
        for (uint32_t i = 0; i < 4; i++) {
            char *tab = strchr(at, '\t');
            CU_ASSERT_FATAL(tab != NULL);
            *tab = '\0';
            CU_ASSERT_STRING_EQUAL(at, expected[i]);
            at = tab + 1;
        }
        CU_ASSERT(lq_property_find(property->id) == row);
        CU_ASSERT(property->sentence[0] != '\0');
    }
    CU_ASSERT(row == lq_property_count);
    CU_ASSERT(lq_property_find("none") == LQ_NO_PROPERTY);
    fclose(file);
}

/* The first of each property is kept, however many there are of others. */
static void test_findings_are_bounded(void)
{
    begin();
    for (uint32_t i = 0; i < 100; i++) {
        struct story_command c = command(1 + i);
        c.connection = 0;
        story_send(&c);
        story_give_up(&c);
    }
    EV(LQ_W_ACCOUNT, .code = LQ_POOL_SESSIONS, .value = 7, .lba = 8);
    CU_ASSERT(story_violations() == 101);
    CU_ASSERT(story_findings() == LQ_FINDINGS_KEPT + 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"all is well", test_all_is_well},
        {"command hangs", test_command_hangs},
        {"command ends late", test_command_ends_late},
        {"function hangs", test_function_hangs},
        {"login hangs", test_login_hangs},
        {"logout hangs", test_logout_hangs},
        {"given up without a cause", test_given_up_without_cause},
        {"given up when ended", test_given_up_when_ended},
        {"slot leaked", test_slot_leaked},
        {"pool not full", test_pool_not_full},
        {"orphan for ever", test_orphan_for_ever},
        {"orphan in the store", test_orphan_in_store},
        {"registry", test_registry},
        {"findings are bounded", test_findings_are_bounded},
        CU_TEST_INFO_NULL,
    };
    return story_main("liveness, accounting, registry", tests);
}
