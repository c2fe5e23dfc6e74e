/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/judges/test/story.h"

static struct story_command command(uint16_t actor, uint64_t serial)
{
    return (struct story_command){.actor = actor,
                                  .nexus = actor == 1 ? NEXUS_A : NEXUS_B,
                                  .connection = actor,
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
    story_login(2, 2, NEXUS_B);
}

static void arrive(const struct story_command *c)
{
    story_send(c);
    story_arrive(c);
    story_enable(c);
}

static void lose(enum lq_trigger how)
{
    EV(LQ_E_NEXUS_LOST, .nexus = NEXUS_A, .stamp = 1, .code = (uint32_t)how);
}

static void end_nexus(enum lq_trigger how)
{
    EV(LQ_E_NEXUS_ENDED, .nexus = NEXUS_A, .stamp = 1, .code = (uint32_t)how);
}

/* A's connection is half open; A comes back on connection 3 while B works. */
static void test_reinstatement(void)
{
    begin();
    struct story_command a1 = command(1, 1), b2 = command(2, 2);
    arrive(&a1);
    story_submit(&a1);
    arrive(&b2);
    EV(LQ_I_LOST, .actor = 1, .nexus = NEXUS_A, .connection = 1, .code = 1);
    story_give_up(&a1);
    lose(LQ_TRIGGER_REINSTATEMENT);
    EV(LQ_E_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .flags = LQ_F_ABORTED,
       .code = LQ_TRIGGER_REINSTATEMENT);
    EV(LQ_E_ORPHANED, .nexus = NEXUS_A, .serial = 1, .tag = 1, .lba = 0, .nblocks = 8);
    end_nexus(LQ_TRIGGER_REINSTATEMENT);
    story_login(3, 1, NEXUS_A);
    EV(LQ_W_CLOSE, .connection = 1, .code = LQ_CLOSE_BY_TARGET);
    story_complete(&a1);
    EV(LQ_E_ORPHAN_ENDED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    EV(LQ_E_FREED, .nexus = NEXUS_A, .serial = 1, .tag = 1);
    story_submit(&b2);
    story_complete(&b2);
    story_end(&b2, 0, 0, 0);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("RI-1") == 1);
    CU_ASSERT(story_exercised("RI-3") == 1);
    CU_ASSERT(story_exercised("RI-5") == 1);
    CU_ASSERT(story_exercised("RI-6") == 1);
}

static void test_old_session_talks(void)
{
    begin();
    lose(LQ_TRIGGER_REINSTATEMENT);
    end_nexus(LQ_TRIGGER_REINSTATEMENT);
    story_login(3, 1, NEXUS_A);
    FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 0xffffffff, .w20 = 5, .w24 = 2, .w28 = 1,
         .w32 = 32);
    CU_ASSERT(story_breaks("RI-1"));
}

static void test_two_sessions(void)
{
    begin();
    EV(LQ_E_NEXUS_ESTABLISHED, .nexus = NEXUS_A, .stamp = 2);
    CU_ASSERT(story_breaks("RI-3"));
}

static void test_disturbs_another(void)
{
    begin();
    struct story_command b1 = command(2, 1);
    arrive(&b1);
    lose(LQ_TRIGGER_NEXUS_LOSS);
    story_abort(&b1, LQ_TRIGGER_NEXUS_LOSS);
    end_nexus(LQ_TRIGGER_NEXUS_LOSS);
    CU_ASSERT(story_breaks("RI-5"));
}

static void test_loss_waits_for_store(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    arrive(&a1);
    story_submit(&a1);
    lose(LQ_TRIGGER_REINSTATEMENT);
    story_pass(SECONDS(5));
    story_complete(&a1);
    story_abort(&a1, LQ_TRIGGER_REINSTATEMENT);
    end_nexus(LQ_TRIGGER_REINSTATEMENT);
    CU_ASSERT(story_breaks("RI-6"));
}

static void test_login_without_answer(void)
{
    begin();
    EV(LQ_W_ACCEPT, .connection = 3, .actor = 1);
    TO(3, .opcode = 0x43, .flags = 0x87, .itt = 1, .w24 = 1, .data = "InitiatorName=x",
       .data_bytes = 16);
    story_pass(SECONDS(10));
    EV(LQ_W_FAULT, .code = 1);
    CU_ASSERT(story_breaks("RI-6"));
}

static void ask_logout(void)
{
    EV(LQ_I_LOGOUT, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 80, .tag = 80);
    TO(1, .opcode = 0x46, .flags = 0x80, .itt = 80, .w24 = 2, .w28 = 2);
    lose(LQ_TRIGGER_LOGOUT);
}

static void answer_logout(void)
{
    FROM(1, .opcode = 0x26, .flags = 0x80, .itt = 80, .w24 = 2, .w28 = 2, .w32 = 33);
    EV(LQ_I_LOGOUT_DONE, .actor = 1, .nexus = NEXUS_A, .connection = 1, .serial = 80);
}

static void test_logout_waits(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    arrive(&a1);
    story_submit(&a1);
    ask_logout();
    story_pass(SECONDS(2));
    story_complete(&a1);
    story_abort(&a1, LQ_TRIGGER_LOGOUT);
    end_nexus(LQ_TRIGGER_LOGOUT);
    answer_logout();
    story_give_up(&a1);
    CU_ASSERT(story_is_legal());
    CU_ASSERT(story_exercised("RI-8") == 1);
}

static void test_logout_at_once(void)
{
    begin();
    struct story_command a1 = command(1, 1);
    arrive(&a1);
    story_submit(&a1);
    ask_logout();
    answer_logout();
    story_complete(&a1);
    story_abort(&a1, LQ_TRIGGER_LOGOUT);
    end_nexus(LQ_TRIGGER_LOGOUT);
    CU_ASSERT(story_breaks("RI-8"));
}

/* A strike excuses no more than it explains: what was lost does not hold up the target, what waits
 * in the network does, until more comes out of it. */
static void test_logout_and_strikes(void)
{
    static const struct {
        uint16_t flags;
        bool is_excused;
    } strikes[] = {{LQ_F_PDU, false},
                   {LQ_F_PDU | LQ_F_FROM_TARGET, false},
                   {LQ_F_PDU | LQ_F_FROM_TARGET | LQ_F_FORGED, false},
                   {LQ_F_PDU | LQ_F_STOPS, false},
                   {LQ_F_PDU | LQ_F_FROM_TARGET | LQ_F_STOPS, true}};
    for (uint32_t i = 0; i < sizeof strikes / sizeof strikes[0]; i++) {
        begin();
        EV(LQ_W_FAULT, .code = 1, .flags = strikes[i].flags, .connection = 1, .tag = 1);
        TO(1, .opcode = 0x06, .flags = 0x80, .itt = 80, .w24 = 1, .w28 = 2);
        story_pass(SECONDS(10));
        EV(LQ_W_FAULT, .code = 1);
        CU_ASSERT(strikes[i].is_excused ? story_is_legal() : story_breaks("RI-6"));
    }
}

/* A ping comes ahead of a hole, which is filled later; the target may have dropped it, and then the
 * logout behind it waits. Not once ExpCmdSN says that the target has it all. */
static void test_logout_behind_a_hole(void)
{
    for (int is_acknowledged = 0; is_acknowledged < 2; is_acknowledged++) {
        begin();
        TO(1, .opcode = 0x00, .flags = 0x80, .itt = 81, .w20 = UINT32_MAX, .w24 = 2, .w28 = 2);
        TO(1, .opcode = 0x00, .flags = 0x80, .itt = 82, .w20 = UINT32_MAX, .w24 = 1, .w28 = 2);
        FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 82, .w20 = UINT32_MAX, .w24 = 2,
             .w28 = 2 + (uint32_t)is_acknowledged, .w32 = 33);
        TO(1, .opcode = 0x06, .flags = 0x80, .itt = 80, .w24 = 3, .w28 = 3);
        story_pass(SECONDS(10));
        EV(LQ_W_FAULT, .code = 1);
        CU_ASSERT(is_acknowledged ? story_breaks("RI-6") : story_is_legal());
    }
}

/* A logout whose CmdSN had been received, as a network that forges makes one, is ignored; of one
 * that comes twice the first is waited for [RFC 7143 4.2.2.1]. */
static void test_logout_outside_of_the_window(void)
{
    for (uint32_t first_sn = 1; first_sn <= 2; first_sn++) {
        begin();
        if (first_sn == 2) {
            TO(1, .opcode = 0x00, .flags = 0x80, .itt = 81, .w20 = UINT32_MAX, .w24 = 1,
               .w28 = 2);
            FROM(1, .opcode = 0x20, .flags = 0x80, .itt = 81, .w20 = UINT32_MAX, .w24 = 2,
                 .w28 = 2, .w32 = 33);
        }
        for (int i = 0; i < 2; i++)
            TO(1, .opcode = 0x06, .flags = 0x80, .itt = 80, .w24 = 1, .w28 = first_sn + 1);
        story_pass(SECONDS(10));
        EV(LQ_W_FAULT, .code = 1);
        CU_ASSERT(first_sn == 1 ? story_breaks("RI-6") : story_is_legal());
    }
}

/* What stands before the answer leaves for seconds, through a network that is slow: the bound
 * counts from its last PDU. It does not from a ping. */
static void test_logout_behind_a_full_output(void)
{
    for (int is_ping = 0; is_ping < 2; is_ping++) {
        begin();
        TO(1, .opcode = 0x01, .flags = 0xc1, .itt = 81, .w20 = 512, .w24 = 1, .w28 = 2,
           .w32 = 0x28000000, .w40 = 1 << 24);
        TO(1, .opcode = 0x06, .flags = 0x80, .itt = 80, .w24 = 2, .w28 = 2);
        story_pass(SECONDS(7));
        if (is_ping)
            FROM(1, .opcode = 0x20, .flags = 0x80, .itt = UINT32_MAX, .w20 = 5, .w24 = 2,
                 .w28 = 3, .w32 = 34);
        else
            FROM(1, .opcode = 0x25, .flags = 0x80, .itt = 81, .w20 = UINT32_MAX, .w28 = 3,
                 .w32 = 34, .data_bytes = 512);
        story_pass(SECONDS(7));
        EV(LQ_W_FAULT, .code = 1);
        CU_ASSERT(is_ping ? story_breaks("RI-6") : story_is_legal());
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"reinstatement", test_reinstatement},
        {"old session talks", test_old_session_talks},
        {"two sessions", test_two_sessions},
        {"disturbs another", test_disturbs_another},
        {"loss waits for the store", test_loss_waits_for_store},
        {"login without answer", test_login_without_answer},
        {"logout waits", test_logout_waits},
        {"logout at once", test_logout_at_once},
        {"logout and strikes", test_logout_and_strikes},
        {"logout behind a hole", test_logout_behind_a_hole},
        {"logout outside of the window", test_logout_outside_of_the_window},
        {"logout behind a full output", test_logout_behind_a_full_output},
        CU_TEST_INFO_NULL,
    };
    return story_main("reinstate", tests);
}
