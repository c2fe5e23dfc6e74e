/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

static struct story_command command(uint64_t serial, enum lq_attribute attribute)
{
    return (struct story_command){.actor = 1,
                                  .nexus = NEXUS_A,
                                  .connection = 1,
                                  .serial = serial,
                                  .opcode = 0x2a,
                                  .attribute = attribute,
                                  .lba = serial,
                                  .nblocks = 1,
                                  .content = serial};
}

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
}

static void arrive(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
}

static void finish(const struct story_command *c)
{
    story_submit(c);
    story_complete(c);
    story_end(c, 0, 0, 0);
}

/* SIMPLE 1 and 2 together, ORDERED 3 after both, SIMPLE 4 after 3, HEAD OF QUEUE 5 at once. */
static void test_legal_order(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), s2 = command(2, LQ_SIMPLE),
                         o3 = command(3, LQ_ORDERED), s4 = command(4, LQ_SIMPLE),
                         h5 = command(5, LQ_HEAD_OF_QUEUE), h6 = command(6, LQ_HEAD_OF_QUEUE);
    arrive(&s1);
    story_enable(&s1);
    arrive(&s2);
    story_enable(&s2);
    arrive(&o3);
    arrive(&s4);
    arrive(&h5);
    story_enable(&h5);
    arrive(&h6);
    story_enable(&h6);
    finish(&h6); /* the order of two of them is open */
    finish(&h5);
    finish(&s2);
    finish(&s1);
    story_enable(&o3);
    finish(&o3);
    story_enable(&s4);
    finish(&s4);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("ORD-1") == 1);
    CU_ASSERT(story_exercised("ORD-2") == 1);
    CU_ASSERT(story_exercised("ORD-3") == 2);
    CU_ASSERT(story_exercised("ORD-4") == 5);
    CU_ASSERT(story_exercised("ORD-5") == 1);
}

static void test_ordered_too_early(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), o2 = command(2, LQ_ORDERED);
    arrive(&s1);
    story_enable(&s1);
    arrive(&o2);
    story_enable(&o2);
    finish(&s1);
    finish(&o2);
    CU_ASSERT(story_breaks("ORD-1"));
    const struct lq_finding *finding = story_finding();
    CU_ASSERT(finding != NULL && finding->cause.kind == LQ_E_ENTERED &&
              finding->cause.serial == 1);
    CU_ASSERT_STRING_EQUAL(finding->text, "ORDERED command 2 was enabled while the older SIMPLE "
                                          "command 1 had not ended");
}

static void test_simple_overtakes(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), o2 = command(2, LQ_ORDERED),
                         s3 = command(3, LQ_SIMPLE);
    arrive(&s1);
    story_enable(&s1);
    arrive(&o2);
    arrive(&s3);
    story_enable(&s3);
    finish(&s1);
    story_enable(&o2);
    finish(&o2);
    finish(&s3);
    CU_ASSERT(story_breaks("ORD-2"));
}

static void test_head_of_queue_waits(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), h2 = command(2, LQ_HEAD_OF_QUEUE);
    arrive(&s1);
    story_enable(&s1);
    arrive(&h2);
    finish(&s1);
    story_enable(&h2);
    finish(&h2);
    CU_ASSERT(story_breaks("ORD-3"));
}

static void test_younger_passes_head_of_queue(void)
{
    begin();
    struct story_command h1 = command(1, LQ_HEAD_OF_QUEUE), s2 = command(2, LQ_SIMPLE);
    arrive(&h1);
    story_enable(&h1);
    arrive(&s2);
    story_enable(&s2);
    finish(&h1);
    finish(&s2);
    CU_ASSERT(story_breaks("ORD-3"));
}

/* The PDU of 1 came first, but 2 entered first: 1 waited for its Data-Out outside. */
static void test_late_entry(void)
{
    begin();
    EV(LQ_I_COMMAND, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 1, .tag = 1,
       .detail = 0x2a, .nblocks = 1, .value = BLOCK, .flags = LQ_F_MEDIUM_WRITE);
    TO(1, .opcode = 0x01, .flags = 0xa1, .itt = 1, .w20 = BLOCK, .w24 = 1, .w28 = 2,
       .w32 = 0x2a000000, .w36 = 0, .w40 = 0x01000000);
    EV(LQ_E_RECEIVED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .stamp = 1, .detail = 0x2a,
       .value = BLOCK);
    EV(LQ_I_COMMAND, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 2, .tag = 2,
       .detail = 0x00);
    TO(1, .opcode = 0x01, .flags = 0x81, .itt = 2, .w24 = 2, .w28 = 2);
    EV(LQ_E_RECEIVED, .nexus = NEXUS_A, .serial = 2, .tag = 2, .stamp = 2);
    EV(LQ_E_ENTERED, .nexus = NEXUS_A, .serial = 2, .tag = 2, .stamp = 2);
    FROM(1, .opcode = 0x31, .flags = 0x80, .itt = 1, .w20 = 7, .w24 = 2, .w28 = 3, .w32 = 34,
         .w40 = 0, .w44 = BLOCK);
    TO(1, .opcode = 0x05, .flags = 0x80, .itt = 1, .w20 = 7, .w28 = 2, .data_bytes = BLOCK);
    EV(LQ_E_ENTERED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .stamp = 1);
    for (uint32_t i = 1; i <= 2; i++) {
        EV(LQ_E_ENABLED, .nexus = NEXUS_A, .serial = i, .tag = i);
        EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = i, .tag = i);
        FROM(1, .opcode = 0x21, .flags = 0x80, .itt = i, .w24 = 1 + i, .w28 = 3, .w32 = 34,
             .w36 = i == 1);
        EV(LQ_I_STATUS, .actor = 1, .nexus = NEXUS_A, .serial = i, .tag = i);
        EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = i, .tag = i);
    }
    CU_ASSERT(story_breaks("ORD-4"));
}

/* Enabled in order as far as the engine says, but the store had the request before. */
static void test_ordered_in_store_too_early(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), o2 = command(2, LQ_ORDERED);
    arrive(&s1);
    story_enable(&s1);
    story_submit(&s1);
    arrive(&o2);
    story_submit(&o2);
    story_complete(&s1);
    story_end(&s1, 0, 0, 0);
    story_enable(&o2);
    story_complete(&o2);
    story_end(&o2, 0, 0, 0);
    CU_ASSERT(story_breaks("ORD-5"));
}

/* An orphan is in no task set: what comes after it need not wait. */
static void test_orphans_do_not_count(void)
{
    begin();
    struct story_command s1 = command(1, LQ_SIMPLE), o2 = command(2, LQ_ORDERED);
    o2.lba = 100;
    arrive(&s1);
    story_enable(&s1);
    story_submit(&s1);
    struct story_function abort = {.actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 90,
                                   .function = LQ_TM_ABORT_TASK, .referenced = 1};
    story_ask(&abort);
    story_pass(SECONDS(3) - 100000);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .flags = LQ_F_ABORTED,
       .code = LQ_TRIGGER_ABORT_TASK);
    EV(LQ_E_ORPHANED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .lba = 0, .nblocks = 8);
    story_answer(&abort, LQ_TM_COMPLETE);
    story_give_up(&s1);
    arrive(&o2);
    story_enable(&o2);
    finish(&o2);
    story_complete(&s1);
    EV(LQ_E_ORPHAN_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .lba = 0, .nblocks = 8);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    CU_ASSERT(story_is_legal());
}

/* SERIAL of a TM function that aborts C. */
static void abort_task(const struct story_command *c, uint64_t serial)
{
    struct story_function f = {.actor = 1,
                               .nexus = NEXUS_A,
                               .connection = 1,
                               .serial = serial,
                               .function = LQ_TM_ABORT_TASK,
                               .referenced = c->serial};
    story_ask(&f);
    story_abort(c, LQ_TRIGGER_ABORT_TASK);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(c);
}

/* An ORDERED command was aborted, and nobody let the next one go on, which is aborted in turn. */
static void wait_behind_aborted(uint64_t duration_ns)
{
    begin();
    struct story_command c1 = command(1, LQ_ORDERED), c2 = command(2, LQ_SIMPLE);
    arrive(&c1);
    story_enable(&c1);
    arrive(&c2);
    abort_task(&c1, 90);
    story_pass(duration_ns);
    abort_task(&c2, 91);
}

static void test_aborted_in_turn(void)
{
    wait_behind_aborted(0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("ORD-6") > 0);
}

static void test_nobody_goes_on(void)
{
    wait_behind_aborted(SECONDS(1));
    CU_ASSERT(story_breaks("ORD-6"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"legal order", test_legal_order},
        {"ordered too early", test_ordered_too_early},
        {"simple overtakes ordered", test_simple_overtakes},
        {"head of queue waits", test_head_of_queue_waits},
        {"younger passes head of queue", test_younger_passes_head_of_queue},
        {"late entry", test_late_entry},
        {"ordered in the store too early", test_ordered_in_store_too_early},
        {"orphans do not count", test_orphans_do_not_count},
        {"aborted in turn", test_aborted_in_turn},
        {"nobody goes on", test_nobody_goes_on},
        CU_TEST_INFO_NULL,
    };
    return story_main("order", tests);
}
