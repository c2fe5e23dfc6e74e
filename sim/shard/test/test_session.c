/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions end to end: login, discovery, task management, logout, reinstatement, loss. */
#include "core/base/test/unit.h"

#include <string.h>

#include "sim/shard/test/wire.h"

#define SECOND UINT64_C(1000000000)

static uint8_t ones[WIRE_DATA];

static struct wire *ready_wire(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    memset(ones, 1, sizeof ones);
    CU_ASSERT_TRUE_FATAL(wire_login(wire, 0, NULL));
    (void)wire_clear_attentions(wire, 0, 0);
    (void)wire_clear_attentions(wire, 0, 1);
    return wire;
}

static void add_peer(struct wire *wire, uint32_t peer)
{
    CU_ASSERT_TRUE_FATAL(wire_login(wire, peer, NULL));
    (void)wire_clear_attentions(wire, peer, 0);
    (void)wire_clear_attentions(wire, peer, 1);
}

static void nothing_is_left(struct wire *wire, uint32_t sessions)
{
    struct lq_engine_counts counts = lq_engine_counts(lq_shard_engine(wire->shard));
    struct lq_iscsi_counts iscsi = lq_iscsi_counts(lq_shard_iscsi(wire->shard));
    for (uint32_t i = 0; i < WIRE_PEERS; i++)
        CU_ASSERT_EQUAL(wire->peers[i].protocol_errors, 0);
    CU_ASSERT_EQUAL(counts.tasks, counts.tasks_free);
    CU_ASSERT_EQUAL(counts.aborts, counts.aborts_free);
    CU_ASSERT_EQUAL(counts.orphans, 0);
    CU_ASSERT_EQUAL(iscsi.commands, iscsi.commands_free);
    CU_ASSERT_EQUAL(iscsi.sessions - iscsi.sessions_free, sessions);
    CU_ASSERT_EQUAL(iscsi.connections - iscsi.connections_free, sessions);
    CU_ASSERT_TRUE(wire_taps_agree(wire));
}

static bool is_done(struct wire *wire, uint32_t peer, uint64_t id, uint8_t status)
{
    const struct lq_iscsi_initiator_event *done = wire_find(wire, peer,
                                                            LQ_ISCSI_I_EVENT_COMMAND_DONE, id);
    return done != NULL && done->status == status;
}

/* -1: not answered. */
static int tm_answer(struct wire *wire, uint32_t peer, uint64_t id)
{
    const struct lq_iscsi_initiator_event *done = wire_find(wire, peer, LQ_ISCSI_I_EVENT_TM_DONE,
                                                            id);
    return done == NULL ? -1 : (int)done->code;
}

static uint32_t next_sense(struct wire *wire, uint32_t peer, uint32_t lun)
{
    const struct lq_iscsi_initiator_event *done = wire_run(wire, peer, wire_test_unit_ready(lun));
    CU_ASSERT_PTR_NOT_NULL_FATAL(done);
    return done->status == LQ_GOOD ? 0 : wire_sense(done);
}

/* --- login, discovery, simple commands ---------------------------------------------------- */

static void test_login_and_first_commands(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    CU_ASSERT_TRUE_FATAL(wire_login(wire, 0, NULL));
    CU_ASSERT_EQUAL(wire->events[LQ_W_ACCEPT], 1);
    CU_ASSERT_EQUAL(wire->last[LQ_W_ACCEPT].actor, 1);
    CU_ASSERT_EQUAL(wire->last[LQ_W_ACCEPT].connection, wire->peers[0].number);
    CU_ASSERT_NOT_EQUAL(lq_iscsi_initiator_state(wire->peers[0].ini).tsih, 0);
    /* INQUIRY does not report the unit attention of a fresh nexus, the next command does. */
    const struct lq_iscsi_initiator_event *done = wire_run(wire, 0, wire_inquiry(wire, 0, 0));
    CU_ASSERT_TRUE_FATAL(done != NULL && done->status == LQ_GOOD);
    CU_ASSERT_EQUAL(wire->peers[0].in[0], 0); /* a connected block device */
    CU_ASSERT_TRUE(done->underflow && done->in_bytes >= 36);
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0) >> 8, 0x0629);
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0);
    /* READ CAPACITY(10) */
    static const uint8_t cdb[10] = {0x25};
    struct lq_iscsi_initiator_command command = wire_read(wire, 0, 0, 0, 0);
    command.cdb = cdb;
    command.expected_in_bytes = 8;
    done = wire_run(wire, 0, command);
    CU_ASSERT_TRUE_FATAL(done != NULL && done->status == LQ_GOOD);
    static const uint8_t capacity[8] = {0, 0, 7, 255, 0, 0, 2, 0}; /* last LBA, block bytes */
    CU_ASSERT_EQUAL(memcmp(wire->peers[0].in, capacity, 8), 0);
    /* A LUN that is not there. */
    done = wire_run(wire, 0, wire_test_unit_ready(9));
    CU_ASSERT_TRUE(done != NULL && wire_sense(done) == 0x052500);
    nothing_is_left(wire, 1);
}

static void test_login_byte_by_byte(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    wire->segment_bytes = 1;
    CU_ASSERT_TRUE_FATAL(wire_login(wire, 0, NULL));
    (void)wire_clear_attentions(wire, 0, 0);
    nothing_is_left(wire, 1);
}

static void test_login_to_nobody(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    struct lq_iscsi_initiator_login request = {.initiator_name = "iqn.2026-11.org.lunquake:i0",
                                               .target_name = "iqn.2026-11.org.lunquake:no",
                                               .isid = 1,
                                               .offer = lq_iscsi_initiator_offer_default};
    wire_connect(wire, 0);
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(wire->peers[0].ini, &request));
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *failed = wire_find(wire, 0,
                                                              LQ_ISCSI_I_EVENT_LOGIN_FAILED, 0);
    CU_ASSERT_TRUE(failed != NULL && failed->code == 0x0203);
    wire_pass(wire, 60 * SECOND);
    CU_ASSERT_FALSE(wire->peers[0].connected); /* the target closes */
    nothing_is_left(wire, 0);
}

static void test_discovery(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    struct lq_iscsi_initiator_login request = {.initiator_name = "iqn.2026-11.org.lunquake:i0",
                                               .isid = 1,
                                               .offer = lq_iscsi_initiator_offer_default};
    wire_connect(wire, 0);
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(wire->peers[0].ini, &request));
    wire_pump(wire);
    CU_ASSERT_TRUE_FATAL(lq_iscsi_initiator_send_targets(wire->peers[0].ini, 1, "All"));
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *text = wire_find(wire, 0, LQ_ISCSI_I_EVENT_TEXT_DONE, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    static const char expected[] = "TargetName=" WIRE_TARGET "\0TargetAddress=127.0.0.1:3260,1";
    CU_ASSERT_EQUAL_FATAL(text->text.size_bytes, sizeof expected);
    CU_ASSERT_EQUAL(memcmp(text->text.bytes, expected, sizeof expected), 0);
    CU_ASSERT_TRUE(lq_iscsi_initiator_logout(wire->peers[0].ini, 2, 0, 0, true));
    wire_pump(wire);
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_LOGOUT_DONE, 2));
    nothing_is_left(wire, 0);
}

static void test_every_style_of_login(void)
{
    for (uint32_t style = 0; style < 8; style++) {
        struct wire *wire = wire_make(&wire_config_default);
        struct lq_iscsi_initiator_login request = {.initiator_name = "iqn.2026-11.org.lunquake:I0",
                                                   .target_name = WIRE_TARGET,
                                                   .isid = 1,
                                                   .offer = lq_iscsi_initiator_offer_default,
                                                   .more_keys = "InitiatorAlias=me\0X-a=1",
                                                   .more_keys_bytes = 24};
        request.skip_security_stage = (style & 1) != 0;
        request.one_key_per_pdu = (style & 2) != 0;
        request.more_keys_bytes = (style & 4) != 0 ? 24 : 0;
        wire->segment_bytes = 13;
        wire_connect(wire, 0);
        CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(wire->peers[0].ini, &request));
        wire_pump(wire);
        CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_LOGGED_IN, 0));
        nothing_is_left(wire, 1);
    }
}

static void test_nop_both_ways(void)
{
    struct wire *wire = ready_wire();
    CU_ASSERT_TRUE(lq_iscsi_initiator_ping(wire->peers[0].ini, 900, ones, 777, true));
    CU_ASSERT_TRUE(lq_iscsi_initiator_ping(wire->peers[0].ini, 901, NULL, 0, false));
    wire_pump(wire);
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_NOP_DONE, 900));
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_NOP_DONE, 901));
    wire_pass(wire, 100 * SECOND); /* the target asks in its silence, and is answered */
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_NOP_ASKED, 0));
    CU_ASSERT_TRUE(wire->peers[0].connected);
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0);
    nothing_is_left(wire, 1);
}

static void test_silence_ends_the_session(void)
{
    struct wire *wire = ready_wire();
    wire->peers[0].frozen = true; /* the target's NOP-In never arrives */
    wire_pass(wire, 100 * SECOND);
    wire->peers[0].frozen = false;
    wire_pump(wire);
    CU_ASSERT_FALSE(wire->peers[0].connected);
    nothing_is_left(wire, 0);
}

static void test_input_waits_while_answers_are_not_taken(void)
{
    enum { PDUS = 80 };
    struct wire *wire = ready_wire();
    static uint8_t snacks[PDUS][48]; /* each is rejected: ErrorRecoveryLevel is 0 */
    for (uint32_t i = 0; i < PDUS; i++) {
        memset(snacks[i], 0, sizeof snacks[i]);
        snacks[i][0] = 0x50;
        snacks[i][1] = 0x80;
        snacks[i][19] = (uint8_t)i;
        memset(&snacks[i][20], 0xff, 4);
    }
    wire->peers[0].frozen = true;
    CU_ASSERT_TRUE_FATAL(
        lq_iscsi_initiator_raw(wire->peers[0].ini, 0, LQ_ISCSI_I_NO_TAG, snacks[0], sizeof snacks));
    wire_pump(wire);
    uint64_t moved = wire->moved[wire->peers[0].number][LQ_TO_TARGET].bytes;
    uint64_t tapped = wire->tapped[wire->peers[0].number][LQ_TO_TARGET].bytes;
    CU_ASSERT_TRUE(moved < tapped); /* offered and seen, but not taken yet */
    wire->peers[0].frozen = false;
    wire_pump(wire);
    uint32_t rejected = 0;
    const struct lq_iscsi_initiator_event *event;
    while ((event = wire_find(wire, 0, LQ_ISCSI_I_EVENT_REJECTED, 0)) != NULL) {
        CU_ASSERT_EQUAL(event->itt, rejected);
        rejected++;
    }
    CU_ASSERT_EQUAL(rejected, PDUS);
    nothing_is_left(wire, 1); /* with taps of each byte once */
}

/* --- task management ---------------------------------------------------------------------- */

static void test_abort_task_waits_for_the_store(void)
{
    struct wire *wire = ready_wire();
    wire->stores[0].held = true;
    uint64_t write = wire_start(wire, 0, wire_write(0, 0, 2, ones));
    wire_pump(wire);
    uint64_t tm = wire_tm(wire, 0, 1, 0, write);
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), -1);
    wire->stores[0].held = false;
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
    CU_ASSERT_PTR_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, write));
    CU_ASSERT_FALSE(lq_iscsi_initiator_forget(wire->peers[0].ini, write));
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0); /* no unit attention for the issuer */
    nothing_is_left(wire, 1);
}

static void test_abort_task_of_what_is_not_there(void)
{
    struct wire *wire = ready_wire();
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(wire->peers[0].ini);
    struct lq_iscsi_initiator_tm tm = {.id = 500,
                                       .function = 1,
                                       .immediate = true,
                                       .referenced_tag = 0x1234,
                                       .referenced_cmd_sn = state.cmd_sn - 1};
    CU_ASSERT_TRUE(lq_iscsi_initiator_tm(wire->peers[0].ini, &tm));
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, 500), 1); /* below the window [RFC 7143 11.6.1 c] */
    nothing_is_left(wire, 1);
}

static void test_quarantine_answers_and_holds(void)
{
    struct wire *wire = ready_wire();
    wire->stores[0].held = true;
    uint64_t write = wire_start(wire, 0, wire_write(0, 8, 2, ones));
    wire_pump(wire);
    uint64_t tm = wire_tm(wire, 0, 5, 0, 0); /* LOGICAL UNIT RESET */
    wire_pass(wire, 2 * SECOND);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), -1);
    wire_pass(wire, SECOND + SECOND / 100);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
    CU_ASSERT_EQUAL(lq_engine_counts(lq_shard_engine(wire->shard)).orphans, 1);
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0x062903);
    /* What overlaps the orphan is held, then BUSY; after the orphan's end it goes on. */
    uint64_t late = wire_start(wire, 0, wire_read(wire, 0, 0, 9, 1));
    wire_pass(wire, 9 * SECOND);
    CU_ASSERT_FALSE(is_done(wire, 0, late, LQ_BUSY));
    wire_pass(wire, SECOND + SECOND / 100);
    CU_ASSERT_TRUE(is_done(wire, 0, late, LQ_BUSY));
    late = wire_start(wire, 0, wire_read(wire, 0, 0, 9, 1));
    wire_pump(wire);
    wire->stores[0].held = false;
    wire_pump(wire);
    CU_ASSERT_TRUE(is_done(wire, 0, late, LQ_GOOD));
    CU_ASSERT_EQUAL(wire->peers[0].in[0], 1); /* the orphan's data, which landed before */
    CU_ASSERT_FALSE(lq_iscsi_initiator_forget(wire->peers[0].ini, write));
    nothing_is_left(wire, 1);
}

static void test_resets_tell_others(void)
{
    static const struct {
        uint8_t function;
        uint32_t issuer, other; /* sense that each sees next; 0: none */
    } rows[] = {
        {2, 0, 0},               /* ABORT TASK SET: own commands only */
        {4, 0, 0x062f00},        /* CLEAR TASK SET */
        {5, 0x062903, 0x062903}, /* LOGICAL UNIT RESET */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wire *wire = ready_wire();
        add_peer(wire, 1);
        wire->stores[0].held = true;
        uint64_t own = wire_start(wire, 0, wire_write(0, 0, 1, ones));
        uint64_t foreign = wire_start(wire, 1, wire_write(0, 4, 1, ones));
        uint64_t elsewhere = wire_start(wire, 1, wire_write(1, 4, 1, ones));
        wire_pump(wire);
        CU_ASSERT_TRUE(is_done(wire, 1, elsewhere, LQ_GOOD));
        uint64_t tm = wire_tm(wire, 0, rows[i].function, 0, 0);
        wire_pump(wire);
        wire->stores[0].held = false;
        wire_pump(wire);
        CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
        CU_ASSERT_PTR_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_COMMAND_DONE, own));
        CU_ASSERT_EQUAL(is_done(wire, 1, foreign, LQ_GOOD), rows[i].function == 2);
        (void)lq_iscsi_initiator_forget(wire->peers[0].ini, own);
        (void)lq_iscsi_initiator_forget(wire->peers[1].ini, foreign);
        CU_ASSERT_EQUAL(next_sense(wire, 0, 0), rows[i].issuer);
        CU_ASSERT_EQUAL(next_sense(wire, 1, 0), rows[i].other);
        CU_ASSERT_EQUAL(next_sense(wire, 0, 1), 0);
        CU_ASSERT_EQUAL(next_sense(wire, 1, 1), 0);
        nothing_is_left(wire, 2);
    }
}

static void test_target_cold_reset_closes_all(void)
{
    struct wire *wire = ready_wire();
    add_peer(wire, 1);
    uint64_t tm = wire_tm(wire, 0, 7, 0, 0);
    wire_pump(wire);
    wire_pass(wire, 60 * SECOND);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
    CU_ASSERT_FALSE(wire->peers[0].connected || wire->peers[1].connected);
    nothing_is_left(wire, 0);
}

/* A write whose Data-Out was asked for and is held by the initiator. */
static uint64_t start_held_write(struct wire *wire)
{
    struct lq_iscsi_initiator_command write = wire_write(0, 0, 16, ones);
    write.immediate_bytes = write.unsolicited_bytes = 0;
    write.hold_data_out = true;
    uint64_t id = wire_start(wire, 0, write);
    wire_pump(wire);
    CU_ASSERT_PTR_NOT_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_R2T, id));
    return id;
}

static void test_abort_task_set_waits_for_data_that_was_asked_for(void)
{
    struct wire *wire = ready_wire();
    uint64_t id = start_held_write(wire);
    uint64_t tm = wire_tm(wire, 0, 2, 0, 0);
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), -1); /* [RFC 7143 4.2.3.3 b] */
    lq_iscsi_initiator_release_data(wire->peers[0].ini, id);
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
    CU_ASSERT_EQUAL(wire->stores[0].submitted, 0);
    CU_ASSERT_FALSE(lq_iscsi_initiator_forget(wire->peers[0].ini, id));
    nothing_is_left(wire, 1);
}

static void test_abort_task_drops_data_that_was_asked_for(void)
{
    struct wire *wire = ready_wire();
    uint64_t id = start_held_write(wire);
    uint64_t tm = wire_tm(wire, 0, 1, 0, id);
    wire_pump(wire);
    CU_ASSERT_EQUAL(tm_answer(wire, 0, tm), 0);
    CU_ASSERT_TRUE(lq_iscsi_initiator_abandon(wire->peers[0].ini, id));
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0);
    lq_iscsi_initiator_release_data(wire->peers[0].ini, id); /* late, and legal */
    wire_pump(wire);
    CU_ASSERT_EQUAL(wire->stores[0].submitted, 0);
    CU_ASSERT_EQUAL(next_sense(wire, 0, 0), 0);
    (void)lq_iscsi_initiator_forget(wire->peers[0].ini, id);
    nothing_is_left(wire, 1);
}

/* --- the end of sessions ------------------------------------------------------------------ */

static void test_logout_waits_and_closes(void)
{
    struct wire *wire = ready_wire();
    wire->stores[0].held = true;
    (void)wire_start(wire, 0, wire_write(0, 0, 1, ones));
    wire_pump(wire);
    CU_ASSERT_TRUE(lq_iscsi_initiator_logout(wire->peers[0].ini, 800, 0, 0, false));
    wire_pump(wire);
    CU_ASSERT_PTR_NULL(wire_find(wire, 0, LQ_ISCSI_I_EVENT_LOGOUT_DONE, 800));
    wire->stores[0].held = false;
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *done = wire_find(wire, 0, LQ_ISCSI_I_EVENT_LOGOUT_DONE,
                                                            800);
    CU_ASSERT_TRUE(done != NULL && done->code == 0);
    CU_ASSERT_FALSE(wire->peers[0].connected);
    CU_ASSERT_EQUAL(wire->events[LQ_W_CLOSE], 1);
    CU_ASSERT_EQUAL(wire->last[LQ_W_CLOSE].code, LQ_CLOSE_BY_TARGET);
    nothing_is_left(wire, 0);
    CU_ASSERT_TRUE(wire_login(wire, 0, NULL));
}

static void test_reinstatement_replaces_the_session(void)
{
    struct wire *wire = ready_wire();
    uint16_t old = lq_iscsi_initiator_state(wire->peers[0].ini).tsih;
    wire->stores[0].held = true;
    (void)wire_start(wire, 0, wire_write(0, 0, 1, ones));
    wire_pump(wire);
    /* The same initiator port comes anew, on a second connection. */
    struct lq_iscsi_initiator_login request = {.initiator_name = "iqn.2026-11.org.lunquake:i0",
                                               .target_name = WIRE_TARGET,
                                               .isid = wire_isid(0),
                                               .first_cmd_sn = 5,
                                               .offer = lq_iscsi_initiator_offer_default};
    wire_connect(wire, 1);
    CU_ASSERT_PTR_NULL_FATAL(lq_iscsi_initiator_login(wire->peers[1].ini, &request));
    wire_pump(wire);
    wire_pass(wire, SECOND);
    const struct lq_iscsi_initiator_event *in = wire_find(wire, 1, LQ_ISCSI_I_EVENT_LOGGED_IN, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in); /* at once, although the store holds a write */
    CU_ASSERT_NOT_EQUAL(in->tsih, old);
    CU_ASSERT_FALSE(wire->peers[0].connected);
    CU_ASSERT_EQUAL(next_sense(wire, 1, 0), 0x062907);
    wire->stores[0].held = false;
    wire_pump(wire);
    CU_ASSERT_EQUAL(next_sense(wire, 1, 0), 0);
    nothing_is_left(wire, 1);
}

static void test_loss_ends_the_session(void)
{
    for (uint32_t how = LQ_CLOSE_FIN; how <= LQ_CLOSE_TIMEOUT; how++) {
        struct wire *wire = ready_wire();
        struct lq_iscsi_initiator_command write = wire_write(0, 0, 16, ones);
        write.hold_data_out = true;
        write.immediate_bytes = write.unsolicited_bytes = 0;
        (void)wire_start(wire, 0, write);
        (void)wire_start(wire, 0, wire_read(wire, 0, 1, 0, 4));
        wire->stores[1].held = true;
        wire_pump(wire);
        wire_cut(wire, 0, (enum lq_close)how);
        CU_ASSERT_EQUAL(wire->last[LQ_W_CLOSE].code, how);
        wire->stores[1].held = false;
        wire_pump(wire);
        nothing_is_left(wire, 0);
        CU_ASSERT_TRUE(wire_login(wire, 0, NULL));
        CU_ASSERT_EQUAL(next_sense(wire, 0, 1), 0x062907);
    }
}

static void test_shutdown_asks_to_log_out(void)
{
    struct wire *wire = ready_wire();
    add_peer(wire, 1);
    struct lq_input input = {.kind = LQ_INPUT_SHUTDOWN, .now_ns = wire->env.now_ns};
    (void)lq_shard_input(wire->shard, &input);
    wire_pump(wire);
    const struct lq_iscsi_initiator_event *async = wire_find(wire, 0, LQ_ISCSI_I_EVENT_ASYNC, 0);
    CU_ASSERT_PTR_NOT_NULL(async);
    wire_pass(wire, 120 * SECOND);
    CU_ASSERT_FALSE(wire->peers[0].connected || wire->peers[1].connected);
    nothing_is_left(wire, 0);
    CU_ASSERT_FALSE(wire_login(wire, 0, NULL));
    const struct lq_iscsi_initiator_event *failed = wire_find(wire, 0,
                                                              LQ_ISCSI_I_EVENT_LOGIN_FAILED, 0);
    CU_ASSERT_TRUE(failed != NULL && failed->code == 0x0301);
}

static void test_who_never_logs_in_is_closed(void)
{
    struct wire *wire = wire_make(&wire_config_default);
    wire_connect(wire, 0);
    wire_pass(wire, 60 * SECOND);
    CU_ASSERT_FALSE(wire->peers[0].connected);
    nothing_is_left(wire, 0);
}

int main(void)
{
    CU_TestInfo sessions[] = {
        {"login and first commands", test_login_and_first_commands},
        {"login byte by byte", test_login_byte_by_byte},
        {"login to nobody", test_login_to_nobody},
        {"every style of login", test_every_style_of_login},
        {"discovery", test_discovery},
        {"NOP both ways", test_nop_both_ways},
        {"silence ends the session", test_silence_ends_the_session},
        {"input waits while answers are not taken", test_input_waits_while_answers_are_not_taken},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo management[] = {
        {"ABORT TASK waits for the store", test_abort_task_waits_for_the_store},
        {"ABORT TASK of what is not there", test_abort_task_of_what_is_not_there},
        {"quarantine answers and holds", test_quarantine_answers_and_holds},
        {"resets tell others", test_resets_tell_others},
        {"TARGET COLD RESET closes all", test_target_cold_reset_closes_all},
        {"ABORT TASK SET waits for data that was asked for",
         test_abort_task_set_waits_for_data_that_was_asked_for},
        {"ABORT TASK drops data that was asked for", test_abort_task_drops_data_that_was_asked_for},
        CU_TEST_INFO_NULL,
    };
    CU_TestInfo ends[] = {
        {"logout waits and closes", test_logout_waits_and_closes},
        {"reinstatement replaces the session", test_reinstatement_replaces_the_session},
        {"loss ends the session", test_loss_ends_the_session},
        {"shutdown asks to log out", test_shutdown_asks_to_log_out},
        {"who never logs in is closed", test_who_never_logs_in_is_closed},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        {"sessions", NULL, NULL, NULL, NULL, sessions},
        {"task management", NULL, NULL, NULL, NULL, management},
        {"the end of sessions", NULL, NULL, NULL, NULL, ends},
        CU_SUITE_INFO_NULL,
    };
    return lq_unit_run(suites);
}
