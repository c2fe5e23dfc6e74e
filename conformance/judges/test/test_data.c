/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"
#include "core/base/hash.h"

static uint64_t zeros(void)
{
    static const uint8_t block[BLOCK];
    return lq_hash(0, block, BLOCK);
}

static struct story_command write_of(uint16_t actor, uint64_t serial, uint64_t lba,
                                     uint32_t nblocks)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
                                  .serial = serial,
                                  .opcode = 0x2a,
                                  .lba = lba,
                                  .nblocks = nblocks,
                                  .content = 1000 + serial};
}

static struct story_command read_of(uint16_t actor, uint64_t serial, uint64_t lba,
                                    uint32_t nblocks)
{
    struct story_command command = write_of(actor, serial, lba, nblocks);
    command.opcode = 0x28;
    return command;
}

static void begin(void)
{
    story_begin();
    story_login(1, 1, NEXUS_A);
    story_login(2, 2, NEXUS_B);
}

/* Sent, arrived, in the store. */
static void start(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
    story_submit(c);
}

static void stop(const struct story_command *c, uint64_t content)
{
    story_complete(c);
    story_end(c, 0, 0, content);
}

static void test_writes_and_reads(void)
{
    begin();
    struct story_command r1 = read_of(1, 1, 10, 4), w2 = write_of(1, 2, 10, 4),
                         r3 = read_of(2, 3, 11, 2), w4 = write_of(2, 4, 11, 1),
                         r5 = read_of(1, 5, 11, 1), r6 = read_of(1, 6, 12, 1);
    story_run(&r1, zeros());
    story_run(&w2, 0);
    story_run(&r3, w2.content);
    story_run(&w4, 0);
    story_run(&r5, w4.content);
    story_run(&r6, w2.content);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("DATA-1") == 4);
    CU_ASSERT(story_exercised("DATA-2") == 8);
}

/* Two writes at once, readers meanwhile: any order, and half of a write, as long as it is one. */
static void test_concurrent(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 0, 2), w2 = write_of(2, 2, 0, 2),
                         r3 = read_of(1, 3, 0, 1), r4 = read_of(2, 4, 1, 1),
                         r5 = read_of(1, 5, 0, 1), r6 = read_of(1, 6, 1, 1),
                         r7 = read_of(2, 7, 0, 1);
    start(&w1);
    start(&w2);
    start(&r3);
    start(&r4);
    stop(&r3, zeros()); /* neither yet */
    stop(&r4, w2.content);
    start(&r7);
    stop(&w1, 0);
    story_run(&r5, w1.content);
    story_run(&r6, w1.content); /* block 1: w2, then w1 */
    stop(&w2, 0);
    stop(&r7, w2.content); /* block 0: w1, then w2, which r7 saw late */
    CU_ASSERT(story_is_legal());
}

static void test_stale_read(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 5, 1);
    story_run(&w1, 0);
    story_run(&r2, zeros());
    CU_ASSERT(story_breaks("DATA-1"));
    CU_ASSERT(story_finding()->cause.kind == LQ_I_COMMAND && story_finding()->cause.serial == 1);
}

/* Once a read has seen w2, no later one sees w1, though w2 has not ended. */
static void test_flip_back(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), w2 = write_of(2, 2, 5, 1),
                         r3 = read_of(1, 3, 5, 1), r4 = read_of(1, 4, 5, 1);
    story_run(&w1, 0);
    start(&w2);
    story_run(&r3, w2.content);
    story_run(&r4, w1.content);
    stop(&w2, 0);
    CU_ASSERT(story_breaks("DATA-1"));
}

/* A long read contradicts two short ones: its value was there before and is gone. */
static void test_long_read_sees_too_old(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), w2 = write_of(1, 2, 5, 1),
                         w3 = write_of(1, 3, 5, 1), r4 = read_of(2, 4, 5, 1);
    story_run(&w1, 0);
    story_run(&w2, 0);
    start(&r4);
    story_run(&w3, 0);
    stop(&r4, w1.content); /* w2 or w3 would be right */
    CU_ASSERT(story_breaks("DATA-1"));
}

static void test_foreign_content(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 6, 1);
    story_run(&w1, 0);
    story_run(&r2, w1.content); /* the neighbour's */
    CU_ASSERT(story_breaks("DATA-2"));
}

static void test_busy_had_effect(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 5, 1);
    story_send(&w1);
    story_arrive(&w1);
    story_enable(&w1);
    story_end(&w1, 0x08, 0, 0);
    story_run(&r2, w1.content);
    CU_ASSERT(story_breaks("DATA-3"));
}

/* A medium error may leave new or old content, but only one of them. */
static void test_medium_error(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 2), r2 = read_of(2, 2, 5, 1),
                         r3 = read_of(2, 3, 6, 1);
    start(&w1);
    story_complete(&w1);
    story_end(&w1, 0x02, 0x030c00, 0);
    story_run(&r2, w1.content);
    story_run(&r3, zeros());
    CU_ASSERT(story_is_legal());
}

static struct story_function abort_of(uint64_t serial, uint64_t referenced)
{
    return (struct story_function){.actor = 1,
                                   .nexus = NEXUS_A,
                                   .connection = 1,
                                   .serial = serial,
                                   .function = LQ_TM_ABORT_TASK,
                                   .referenced = referenced};
}

/* Write 1 hangs in the store, is aborted, answered after the quarantine bound, and lands later. */
static void orphan_write(const struct story_command *w, const struct story_function *f)
{
    start(w);
    story_ask(f);
    story_pass(SECONDS(3) - 100000);
    EV(LQ_E_ENDED, .nexus = w->nexus, .serial = w->serial, .tag = w->serial,
       .flags = LQ_F_ABORTED, .code = LQ_TRIGGER_ABORT_TASK);
    EV(LQ_E_ORPHANED, .nexus = w->nexus, .serial = w->serial, .tag = w->serial, .lba = 0,
       .nblocks = 8);
    story_answer(f, LQ_TM_COMPLETE);
    story_give_up(w);
}

static void orphan_lands(const struct story_command *w)
{
    story_complete(w);
    EV(LQ_E_ORPHAN_ENDED, .nexus = w->nexus, .serial = w->serial, .tag = w->serial, .lba = 0,
       .nblocks = 8);
    EV(LQ_E_FREED, .nexus = w->nexus, .serial = w->serial, .tag = w->serial);
}

static void test_orphan_seen_by_nobody_before(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 5, 1),
                         r3 = read_of(1, 3, 5, 1);
    struct story_function f = abort_of(90, 1);
    orphan_write(&w1, &f);
    /* Read 2 is held until the orphan's fate is known. */
    story_send(&r2);
    story_arrive(&r2);
    story_enable(&r2);
    EV(LQ_E_HELD, .nexus = NEXUS_B, .serial = 2, .tag = 2, .lba = 5, .nblocks = 1);
    orphan_lands(&w1);
    EV(LQ_E_RELEASED, .nexus = NEXUS_B, .serial = 2, .tag = 2);
    story_submit(&r2);
    stop(&r2, w1.content);
    story_run(&r3, w1.content);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("TM-2") == 1);
}

static void test_late_effect_after_abort(void)
{
    /* Black box only: what the engine and the store did is not in this history. */
    story_begin();
    story_login(1, 1, NEXUS_A);
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(1, 2, 5, 1),
                         r3 = read_of(1, 3, 5, 1);
    struct story_function f = abort_of(90, 1);
    story_send(&w1);
    story_arrive(&w1);
    story_ask(&f);
    story_abort(&w1, LQ_TRIGGER_ABORT_TASK);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(&w1);
    story_run(&r2, zeros());
    story_run(&r3, w1.content);
    CU_ASSERT(story_breaks("TM-2"));
}

/* The same through another write: what was written after the answer is overwritten. */
static void test_late_effect_over_new_write(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), w2 = write_of(2, 2, 5, 1),
                         r3 = read_of(2, 3, 5, 1);
    struct story_function f = abort_of(90, 1);
    story_send(&w1);
    story_arrive(&w1);
    story_ask(&f);
    story_abort(&w1, LQ_TRIGGER_ABORT_TASK);
    story_answer(&f, LQ_TM_COMPLETE);
    story_give_up(&w1);
    story_run(&w2, 0);
    story_run(&r3, w1.content);
    CU_ASSERT(story_breaks("TM-2"));
}

/* LUN reset by A: B's older write is fenced too, B's younger one is not. */
static void test_reset_and_others(void)
{
    begin();
    struct story_command w1 = write_of(2, 1, 5, 1), w2 = write_of(2, 2, 6, 1),
                         r3 = read_of(1, 3, 6, 1), r4 = read_of(1, 4, 6, 1),
                         r5 = read_of(1, 5, 5, 1);
    struct story_function f = {.actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 90,
                               .function = LQ_TM_ABORT_TASK_SET};
    start(&w1);
    story_ask(&f);
    start(&w2);
    story_answer(&f, LQ_TM_COMPLETE);
    story_run(&r3, zeros());
    stop(&w2, 0);
    story_run(&r4, w2.content);
    stop(&w1, 0); /* ABORT TASK SET is for the own nexus only */
    story_run(&r5, w1.content);
    CU_ASSERT(story_is_legal());
}

static void relogin(void)
{
    EV(LQ_W_CLOSE, .connection = 1, .actor = 1, .code = LQ_CLOSE_RESET);
    EV(LQ_I_LOST, .connection = 1, .actor = 1, .nexus = NEXUS_A);
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = LQ_TRIGGER_NEXUS_LOSS);
}

static void test_late_effect_after_relogin(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 5, 1),
                         r3 = read_of(2, 3, 5, 1);
    story_send(&w1);
    story_arrive(&w1);
    relogin();
    story_abort(&w1, LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1);
    story_give_up(&w1);
    story_login(3, 1, NEXUS_A);
    story_run(&r2, zeros());
    story_run(&r3, w1.content);
    CU_ASSERT(story_breaks("RI-2"));
}

/* Without a new login nothing says that the write is over: it may land whenever. */
static void test_given_up_write_may_land(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), r2 = read_of(2, 2, 5, 1),
                         r3 = read_of(2, 3, 5, 1);
    story_send(&w1);
    story_arrive(&w1);
    relogin();
    story_abort(&w1, LQ_TRIGGER_NEXUS_LOSS);
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1);
    story_give_up(&w1);
    story_run(&r2, zeros());
    story_run(&r3, w1.content);
    CU_ASSERT(story_is_legal());
}

/* Two writes of one content: reads cannot tell them apart, nothing is concluded. */
static void test_equal_content(void)
{
    begin();
    struct story_command w1 = write_of(1, 1, 5, 1), w2 = write_of(1, 2, 5, 1),
                         w3 = write_of(1, 3, 5, 1), r4 = read_of(2, 4, 5, 1);
    w3.content = w1.content;
    story_run(&w1, 0);
    story_run(&w2, 0);
    story_run(&w3, 0);
    story_run(&r4, w1.content);
    CU_ASSERT(story_is_legal());
}

/* Against an exhaustive search: random little histories of one block. */
enum { OPS = 5 };

struct op {
    bool is_write;
    uint32_t begin, end; /* instants, all different */
    uint32_t value;      /* 0: initial; i + 1: of op i */
};

/* Is there an order of OPS in which every read sees the write before it? Tries all. */
static bool explained(const struct op *ops, uint32_t done, uint32_t value)
{
    /* Depth-first over subsets with an explicit stack. */
    struct {
        uint32_t done, value, next;
    } stack[OPS + 2] = {{done, value, 0}};
    int top = 0;
    while (top >= 0) {
        if (stack[top].done == (1U << OPS) - 1)
            return true;
        uint32_t i = stack[top].next++;
        if (i == OPS) {
            top--;
            continue;
        }
        bool may = !(stack[top].done & 1U << i) &&
                   (ops[i].is_write || ops[i].value == stack[top].value);
        for (uint32_t j = 0; j < OPS && may; j++)
            if (!(stack[top].done & 1U << j) && j != i && ops[j].end < ops[i].begin)
                may = false;
        if (!may)
            continue;
        stack[top + 1].done = stack[top].done | 1U << i;
        stack[top + 1].value = ops[i].is_write ? ops[i].value : stack[top].value;
        stack[top + 1].next = 0;
        top++;
    }
    return false;
}

static uint32_t draw(uint64_t *state, uint32_t n)
{
    *state = lq_mix(*state, 1);
    return (uint32_t)(*state % n);
}

static void make_ops(struct op *ops, uint64_t *state)
{
    uint32_t instants[2 * OPS];
    for (uint32_t i = 0; i < 2 * OPS; i++)
        instants[i] = i / 2;
    for (uint32_t i = 2 * OPS - 1; i > 0; i--) {
        uint32_t j = draw(state, i + 1), t = instants[i];
        instants[i] = instants[j];
        instants[j] = t;
    }
    bool begun[OPS] = {false};
    uint32_t writes[OPS], write_count = 0;
    for (uint32_t i = 0; i < OPS; i++)
        ops[i].is_write = draw(state, 2) != 0;
    for (uint32_t t = 0; t < 2 * OPS; t++) {
        uint32_t i = instants[t];
        if (!begun[i]) {
            begun[i] = true;
            ops[i].begin = t;
            if (ops[i].is_write) {
                ops[i].value = i + 1;
                writes[write_count++] = i + 1;
            }
            continue;
        }
        ops[i].end = t;
        if (!ops[i].is_write)
            ops[i].value = draw(state, 4) == 0 || write_count == 0
                               ? 0
                               : writes[draw(state, write_count)];
    }
}

static void test_against_search(void)
{
    uint64_t state = 12345;
    uint32_t legal = 0, illegal = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        struct op ops[OPS];
        make_ops(ops, &state);
        story_begin();
        for (uint32_t t = 0; t < 2 * OPS; t++) {
            for (uint32_t i = 0; i < OPS; i++) {
                struct story_command c =
                    ops[i].is_write ? write_of(1, i + 1, 7, 1) : read_of(1, i + 1, 7, 1);
                c.connection = 0;
                if (ops[i].begin == t)
                    story_send(&c);
                if (ops[i].end == t)
                    story_status(&c, 0, 0, ops[i].value == 0 ? zeros() : 1000 + ops[i].value);
            }
        }
        bool expected = explained(ops, 0, 0);
        legal += expected;
        illegal += !expected;
        bool found = story_violations() == 0;
        if (found != expected)
            CU_FAIL("the judge and the search disagree");
    }
    CU_ASSERT(legal > 1000 && illegal > 1000);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"writes and reads", test_writes_and_reads},
        {"concurrent", test_concurrent},
        {"stale read", test_stale_read},
        {"flip back", test_flip_back},
        {"long read sees too old", test_long_read_sees_too_old},
        {"foreign content", test_foreign_content},
        {"BUSY had effect", test_busy_had_effect},
        {"medium error", test_medium_error},
        {"orphan seen by nobody before", test_orphan_seen_by_nobody_before},
        {"late effect after abort", test_late_effect_after_abort},
        {"late effect over a new write", test_late_effect_over_new_write},
        {"reset and others", test_reset_and_others},
        {"late effect after relogin", test_late_effect_after_relogin},
        {"given up write may land", test_given_up_write_may_land},
        {"equal content", test_equal_content},
        {"against an exhaustive search", test_against_search},
        CU_TEST_INFO_NULL,
    };
    return story_main("data", tests);
}
