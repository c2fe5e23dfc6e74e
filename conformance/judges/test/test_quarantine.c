/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

static struct story_command command(uint64_t serial, uint32_t opcode, uint64_t lba)
{
    return (struct story_command){.actor = 1,
                                  .nexus = NEXUS_A,
                                  .connection = 1,
                                  .serial = serial,
                                  .opcode = opcode,
                                  .lba = lba,
                                  .nblocks = opcode == 0x35 ? 0 : 1,
                                  .content = serial};
}

static struct story_function abort_of(uint64_t referenced)
{
    return (struct story_function){.actor = 1,
                                   .nexus = NEXUS_A,
                                   .connection = 1,
                                   .serial = 90,
                                   .function = LQ_TM_ABORT_TASK,
                                   .referenced = referenced};
}

static void arrive(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
}

/* The store writes 8 blocks at a time: write 1 of block 13 is an orphan of blocks 8..15. */
static struct story_command begin(uint64_t first, uint32_t nblocks)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    struct story_command w1 = command(1, 0x2a, 13);
    struct story_function f = abort_of(1);
    arrive(&w1);
    story_submit(&w1);
    story_ask(&f);
    story_pass(SECONDS(3) - 100000);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .flags = LQ_F_ABORTED,
       .code = LQ_TRIGGER_ABORT_TASK);
    EV(LQ_E_ORPHANED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .lba = first, .nblocks = nblocks);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(&w1);
    return w1;
}

static void orphan_ends(const struct story_command *w1)
{
    story_complete(w1);
    EV(LQ_E_ORPHAN_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
}

static void hold(const struct story_command *c)
{
    EV(LQ_E_HELD, .nexus = NEXUS_A, .serial = c->serial, .tag = c->serial, .lba = c->lba,
       .nblocks = c->nblocks);
}

static void release(const struct story_command *c)
{
    EV(LQ_E_RELEASED, .nexus = NEXUS_A, .serial = c->serial, .tag = c->serial);
}

static void finish(const struct story_command *c)
{
    story_submit(c);
    story_complete(c);
    story_end(c, 0, 0, 1);
}

/* Reads overlap by the block, writes by the granule; SYNCHRONIZE CACHE is not held. */
static void test_legal(void)
{
    struct story_command w1 = begin(8, 8);
    struct story_command r2 = command(2, 0x28, 8), r3 = command(3, 0x28, 16),
                         w4 = command(4, 0x2a, 8), s5 = command(5, 0x35, 0),
                         w6 = command(6, 0x2a, 9);
    arrive(&r2);
    hold(&r2);
    arrive(&r3);
    story_submit(&r3);
    story_complete(&r3);
    story_engine_ends(&r3, 0x02, 0x031100);
    story_respond(&r3, 0x02, 0x031100);
    story_status(&r3, 0x02, 0x031100, 0);
    story_free(&r3);
    arrive(&s5);
    finish(&s5);
    arrive(&w4);
    hold(&w4);
    story_pass(SECONDS(10));
    story_end(&r2, 0x08, 0, 0);
    arrive(&w6);
    hold(&w6);
    story_end(&w4, 0x08, 0, 0);
    orphan_ends(&w1);
    release(&w6);
    finish(&w6);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("QUAR-1") == 1);
    CU_ASSERT(story_exercised("QUAR-2") == 3);
    CU_ASSERT(story_exercised("QUAR-3") == 1);
    CU_ASSERT(story_exercised("QUAR-4") == 1);
    CU_ASSERT(story_exercised("QUAR-5") == 1);
}

static void test_block_forgotten(void)
{
    struct story_command w1 = begin(8, 8);
    struct story_command r2 = command(2, 0x28, 15);
    arrive(&r2);
    story_submit(&r2);
    orphan_ends(&w1);
    story_complete(&r2);
    story_end(&r2, 0x02, 0x031100, 0);
    CU_ASSERT(story_breaks("QUAR-1"));
}

/* A write of block 16 disturbs 16..23 only; one of block 12 disturbs the orphan's granule. */
static void test_granule(void)
{
    struct story_command w1 = begin(8, 8);
    struct story_command w2 = command(2, 0x2a, 16), w3 = command(3, 0x2a, 12);
    arrive(&w2);
    finish(&w2);
    arrive(&w3);
    story_submit(&w3);
    orphan_ends(&w1);
    story_complete(&w3);
    story_end(&w3, 0, 0, 0);
    CU_ASSERT(story_breaks("QUAR-1"));
}

static void test_held_too_long(void)
{
    struct story_command w1 = begin(8, 8);
    struct story_command r2 = command(2, 0x28, 8);
    arrive(&r2);
    hold(&r2);
    story_pass(SECONDS(11));
    orphan_ends(&w1);
    release(&r2);
    story_submit(&r2);
    story_complete(&r2);
    story_end(&r2, 0x02, 0x031100, 0);
    CU_ASSERT(story_breaks("QUAR-2"));
}

static void test_released_too_early(void)
{
    struct story_command w1 = begin(8, 8);
    struct story_command r2 = command(2, 0x28, 8);
    arrive(&r2);
    hold(&r2);
    release(&r2);
    orphan_ends(&w1);
    story_submit(&r2);
    story_complete(&r2);
    story_end(&r2, 0x02, 0x031100, 0);
    CU_ASSERT(story_breaks("QUAR-2"));
}

static void test_request_forgotten(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    struct story_command w1 = command(1, 0x2a, 13);
    arrive(&w1);
    story_submit(&w1);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .flags = LQ_F_ABORTED,
       .code = LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
    story_give_up(&w1);
    story_complete(&w1);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    CU_ASSERT(story_breaks("QUAR-3"));
}

static void test_slot_freed_too_early(void)
{
    begin(8, 8);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    CU_ASSERT(story_breaks("QUAR-4"));
}

static void test_orphan_ends_before_request(void)
{
    begin(8, 8);
    EV(LQ_E_ORPHAN_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    CU_ASSERT(story_breaks("QUAR-4"));
}

static void test_extent_not_rounded(void)
{
    struct story_command w1 = begin(13, 1);
    orphan_ends(&w1);
    CU_ASSERT(story_breaks("QUAR-5"));
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"legal", test_legal},
        {"block forgotten", test_block_forgotten},
        {"granule", test_granule},
        {"held too long", test_held_too_long},
        {"released too early", test_released_too_early},
        {"request forgotten", test_request_forgotten},
        {"slot freed too early", test_slot_freed_too_early},
        {"orphan ends before its request", test_orphan_ends_before_request},
        {"extent not rounded", test_extent_not_rounded},
        CU_TEST_INFO_NULL,
    };
    return story_main("quarantine", tests);
}
