/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"
#include "core/base/hash.h"

enum { CACHED = 2 }; /* LUN and store with a write cache */

static uint64_t zeros(void)
{
    static const uint8_t block[BLOCK];
    return lq_hash(0, block, BLOCK);
}

static struct story_command write_of(uint64_t serial, uint64_t lun, uint64_t lba, uint32_t nblocks)
{
    return (struct story_command){.actor = 1,
                                  .nexus = NEXUS_A,
                                  .connection = 1,
                                  .serial = serial,
                                  .lun = lun,
                                  .opcode = 0x2a,
                                  .lba = lba,
                                  .nblocks = nblocks,
                                  .content = 1000 + serial};
}

static struct story_command read_of(uint64_t serial, uint64_t lun, uint64_t lba, uint32_t nblocks)
{
    struct story_command command = write_of(serial, lun, lba, nblocks);
    command.opcode = 0x28;
    command.connection = 2;
    return command;
}

static void begin(void)
{
    story_begin();
    EV(LQ_W_STORE, .code = CACHED, .value = 1000, .nblocks = BLOCK, .detail = 8);
    EV(LQ_W_LUN, .lun = story_lun(CACHED), .code = CACHED, .detail = CACHED, .nblocks = BLOCK,
       .value = 1000, .flags = LQ_F_WRITE_CACHE);
    story_login(1, 1, NEXUS_A);
}

/* The initiator is back, and hears of the restart on both logical units. */
static void come_back(void)
{
    story_login(2, 1, NEXUS_A);
    for (uint64_t lun = 0; lun <= CACHED; lun += CACHED) {
        struct story_command test = write_of(90 + lun, lun, 0, 0);
        test.opcode = 0x00;
        test.connection = 2;
        story_send(&test);
        story_arrive(&test);
        story_enable(&test);
        story_end(&test, 0x02, 0x062900, 0);
    }
}

/* Power fails, comes back, and the initiator with it. */
static void lose_power(void)
{
    EV(LQ_W_POWER, .code = LQ_POWER_CUT);
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_RESET);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    EV(LQ_W_POWER, .code = LQ_POWER_ON, .value = 1);
    come_back();
}

static void synchronize(uint64_t serial, uint64_t lba, uint32_t nblocks)
{
    struct story_command sync = write_of(serial, CACHED, lba, nblocks);
    sync.opcode = 0x35;
    story_send(&sync);
    story_arrive(&sync);
    story_enable(&sync);
    EV(LQ_S_SUBMITTED, .code = CACHED, .detail = 3, .serial = serial, .value = serial);
    EV(LQ_S_COMPLETED, .code = CACHED, .detail = 3, .serial = serial, .value = serial);
    story_end(&sync, 0, 0, 0);
}

/* What is not promised may be lost, in whole or in part, and stays as it was first read. */
static void test_cached_may_be_lost(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 4), r2 = read_of(2, CACHED, 0, 2),
                         r3 = read_of(3, CACHED, 2, 2), r4 = read_of(4, CACHED, 0, 2);
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, zeros());
    story_run(&r3, w1.content);
    story_run(&r4, zeros());
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("DUR-4") == 6);
}

/* WCE 0: GOOD is a promise. */
static void test_write_through_lost(void)
{
    begin();
    struct story_command w1 = write_of(1, 0, 0, 4), r2 = read_of(2, 0, 0, 4);
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, zeros());
    CU_ASSERT(story_breaks("DUR-1"));
    begin();
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, w1.content);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("DUR-1") == 4);
}

static void test_synchronized_lost(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 4), r3 = read_of(3, CACHED, 0, 4);
    story_run(&w1, 0);
    synchronize(2, 0, 0);
    lose_power();
    story_run(&r3, zeros());
    CU_ASSERT(story_breaks("DUR-2"));
}

/* A SYNCHRONIZE CACHE promises its own blocks only, and none written after it was sent. */
static void test_range(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 4), w3 = write_of(3, CACHED, 8, 1),
                         r4 = read_of(4, CACHED, 2, 2), r5 = read_of(5, CACHED, 8, 1),
                         r6 = read_of(6, CACHED, 0, 2);
    story_run(&w1, 0);
    synchronize(2, 0, 2);
    story_run(&w3, 0);
    lose_power();
    story_run(&r4, zeros());
    story_run(&r5, zeros());
    story_run(&r6, w1.content);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("DUR-2") == 2);
}

/* What was found after one loss is there after the next. */
static void test_survivor_lost(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 1), r2 = read_of(2, CACHED, 0, 1),
                         r3 = read_of(3, CACHED, 0, 1);
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, w1.content);
    EV(LQ_W_POWER, .code = LQ_POWER_DISK_RESET, .detail = CACHED);
    story_run(&r3, zeros());
    CU_ASSERT(story_breaks("DUR-3"));
}

/* Two reads without a write between them. */
static void test_flip(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 1), r2 = read_of(2, CACHED, 0, 1),
                         r3 = read_of(3, CACHED, 0, 1);
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, zeros());
    story_run(&r3, w1.content);
    CU_ASSERT(story_breaks("DUR-3"));
}

static void test_torn_block(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 1), r2 = read_of(2, CACHED, 0, 1);
    story_run(&w1, 0);
    lose_power();
    story_run(&r2, 4711);
    CU_ASSERT(story_breaks("DUR-4"));
}

static void test_flush_forgotten(void)
{
    begin();
    struct story_command sync = write_of(1, CACHED, 0, 0);
    sync.opcode = 0x35;
    story_run(&sync, 0);
    CU_ASSERT(story_breaks("DUR-5"));
    begin();
    synchronize(1, 0, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("DUR-5") == 1);
}

/* The first SYNCHRONIZE CACHE failed; the second says GOOD, and the data is gone. */
static void test_silent_loss(void)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 1), s2 = write_of(2, CACHED, 0, 0),
                         r4 = read_of(4, CACHED, 0, 1);
    s2.opcode = 0x35;
    story_run(&w1, 0);
    story_send(&s2);
    story_arrive(&s2);
    story_enable(&s2);
    story_end(&s2, 0x02, 0x030c00, 0);
    synchronize(3, 0, 0);
    lose_power();
    story_run(&r4, zeros());
    CU_ASSERT(story_breaks("DUR-6"));
}

/* A disk alone was reset. Neither 29/07 nor a REQUEST SENSE that finds nothing tells of its cache:
 * then a SYNCHRONIZE CACHE that ends GOOD is a lie. */
static bool is_lie_after(uint8_t opcode, uint32_t status, uint32_t sense)
{
    begin();
    struct story_command w1 = write_of(1, CACHED, 0, 1), test = write_of(2, CACHED, 0, 0),
                         r4 = read_of(4, CACHED, 0, 1);
    test.opcode = opcode;
    r4.connection = 1;
    story_run(&w1, 0);
    EV(LQ_W_POWER, .code = LQ_POWER_DISK_RESET, .detail = CACHED);
    story_send(&test);
    story_arrive(&test);
    story_enable(&test);
    story_end(&test, status, sense, 0);
    synchronize(3, 0, 0);
    story_run(&r4, zeros());
    return story_violations_of("DUR-6") > 0;
}

static void test_loss_untold(void)
{
    CU_ASSERT(is_lie_after(0x00, 0x02, 0x062907));
    CU_ASSERT(is_lie_after(0x03, 0x00, 0));
    CU_ASSERT(!is_lie_after(0x00, 0x02, 0x062904));
}

/* A write from before a crash lands over one from after it. */
static void test_old_write_lands(void)
{
    begin();
    struct story_command w1 = write_of(1, 0, 0, 1), w2 = write_of(2, 0, 0, 1),
                         r3 = read_of(3, 0, 0, 1), r4 = read_of(4, 0, 0, 1);
    w2.connection = 2;
    story_send(&w1);
    story_arrive(&w1);
    story_enable(&w1);
    story_submit(&w1);
    EV(LQ_W_POWER, .code = LQ_POWER_CRASH);
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_RESET);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1);
    story_give_up(&w1);
    EV(LQ_W_POWER, .code = LQ_POWER_ON, .value = 1);
    come_back();
    story_run(&w2, 0);
    story_run(&r3, w2.content);
    story_run(&r4, w1.content);
    CU_ASSERT(story_breaks("DUR-8"));
}

/* The disk lies about a block: nothing there is the target's fault until it is written again. */
static void test_misdirected(void)
{
    begin();
    struct story_command w1 = write_of(1, 0, 0, 1), r2 = read_of(2, 0, 0, 1),
                         w3 = write_of(3, 0, 0, 1), r4 = read_of(4, 0, 0, 1);
    r2.connection = r4.connection = 1;
    story_run(&w1, 0);
    EV(LQ_S_CORRUPTED, .code = 0, .detail = 2, .lba = 0, .nblocks = 1);
    story_run(&r2, 4711);
    story_run(&w3, 0);
    story_run(&r4, w3.content);
    CU_ASSERT(story_is_legal());
    begin();
    story_run(&w1, 0);
    EV(LQ_S_CORRUPTED, .code = 0, .detail = 2, .lba = 0, .nblocks = 1);
    story_run(&w3, 0);
    story_run(&r4, w1.content);
    CU_ASSERT(story_breaks("DATA-1"));
}

static const CU_TestInfo tests[] = {
    {"what is cached may be lost", test_cached_may_be_lost},
    {"write-through lost", test_write_through_lost},
    {"synchronized and lost", test_synchronized_lost},
    {"the range of a SYNCHRONIZE CACHE", test_range},
    {"a survivor lost", test_survivor_lost},
    {"a flip after the loss", test_flip},
    {"a torn block", test_torn_block},
    {"GOOD without a flush", test_flush_forgotten},
    {"loss in silence", test_silent_loss},
    {"a loss that nobody was told of", test_loss_untold},
    {"an old write lands after the restart", test_old_write_lands},
    {"a misdirected write", test_misdirected},
    CU_TEST_INFO_NULL};

int main(void)
{
    return story_main("judges.durable", tests);
}
