/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language: the example of the design as it stands there, parse(print(x)) = x over made
 * scenarios, and no crash on any bytes. What is wrong in a file, and where: bad/.
 */
#include <string.h>

#include "core/base/choice.h"
#include "core/base/history.h"
#include "core/base/test/unit.h"
#include "scenarios/lang/internal.h"
#include "scenarios/lang/scenario.h"
#include "scenarios/lang/test/make_fabric.h"
#include "scenarios/lang/test/make_pdu.h"
#include "scenarios/lang/test/make_swarm.h"
#include "scenarios/lang/test/pdus.h"

enum { TEXT_MAX = 128 * 1024 };

static struct lq_scenario one, two;
static struct lq_scn_problem problem;
static char text_one[TEXT_MAX], text_two[TEXT_MAX];

static const char example[] =
    "scenario \"reinstatement while a write hangs in the store\"\n"
    "requires reinstatement-no-late-write, task-ends-once\n"
    "transport iscsi\n"
    "limits { quarantine after 1s; busy after 60s }\n"
    "\n"
    "target t0 { lun 0 disk 64MiB { cache writeback } }\n"
    "initiator a -> t0\n"
    "initiator b -> t0\n"
    "\n"
    "at 0        a login; b login\n"
    "at +10ms    fault store.hang lun t0/0 for 30s as stuck\n"
    "            a write lba 0 blocks 8 as w1\n"
    "at +100ms   a vanish                        # the cable is pulled: no FIN, no RST\n"
    "at +1s      a relogin                       # same identity: reinstatement\n"
    "            expect a login ok within 2s\n"
    "            a test-unit-ready as t1\n"
    "            expect t1 status CHECK_CONDITION UNIT_ATTENTION 29h/07h\n"
    "            b read lba 0 blocks 8 as r1     # overlaps the orphan: held\n"
    "at 31s      heal                            # the store let go of w1 at 30.01s\n"
    "            expect r1 status GOOD after w1 fate known\n"
    "            expect lba 0 blocks 8 never flips after a.login\n"
    "            expect fault stuck fired once\n";

static bool parse(struct lq_scenario *scenario, const char *text)
{
    return lq_scenario_parse(scenario, pdus, LQ_SCN_OVER_ISCSI, text, strlen(text), &problem);
}

static void test_example(void)
{
    bool parsed = parse(&one, example);
    if (!parsed)
        printf("%u:%u: %s\n", (unsigned)problem.place.line, (unsigned)problem.place.column,
               problem.text);
    CU_ASSERT_TRUE_FATAL(parsed);
    CU_ASSERT_STRING_EQUAL(one.title, "reinstatement while a write hangs in the store");
    CU_ASSERT_EQUAL(one.requires_count, 2);
    CU_ASSERT_EQUAL(one.limits.values[LQ_SCN_QUARANTINE_AFTER], UINT64_C(1000000000));
    CU_ASSERT_EQUAL(one.stores[0].size_bytes, UINT64_C(64) << 20);
    CU_ASSERT_EQUAL(one.stores[0].disk.values[LQ_SCN_CACHE], LQ_SCN_WRITEBACK);
    CU_ASSERT_EQUAL(one.initiator_count, 2);
    CU_ASSERT_EQUAL(one.moment_count, 5);
    CU_ASSERT_EQUAL(one.moments[4].kind, LQ_SCN_AT);
    CU_ASSERT_EQUAL(one.moments[4].time_ns, UINT64_C(31000000000));
    const struct lq_scn_statement *stuck = &one.statements[2];
    CU_ASSERT_EQUAL(stuck->fault.fault, LQ_FAULT_DISK_HANG);
    CU_ASSERT_EQUAL(stuck->fault.store_or_all, 1);
    CU_ASSERT_EQUAL(stuck->place.line, 11);
    CU_ASSERT_EQUAL(stuck->place.column, 13);
    const struct lq_scn_expect *unit_attention = &one.statements[8].expect;
    CU_ASSERT_EQUAL(unit_attention->sense, 0x062907);
    CU_ASSERT_EQUAL(unit_attention->sense_mask, 0xffffff);
    CU_ASSERT_EQUAL(one.statements[11].expect.after.kind, LQ_SCN_FATE_KNOWN);
    CU_ASSERT_EQUAL(one.statements[11].expect.after.which, 3);
    CU_ASSERT_EQUAL(one.statements[12].expect.after.kind, LQ_SCN_LOGIN);
}

/* --- made scenarios ------------------------------------------------------------------------- */

static struct lq_choice_seeded seeded;
static uint64_t drawn;

static uint64_t draw(uint64_t n)
{
    return lq_choose(&seeded.choice, LQ_STREAM_PLAN, 1, ++drawn, n);
}

static uint32_t transport; /* of the scenario that is being made */

/* Scenarios of this transport may say NAME. */
static bool may_say(const char *name)
{
    for (const struct lq_scn_word *row = lq_scn_only; row->word != NULL; row++)
        if (strcmp(row->word, name) == 0)
            return row->value == transport;
    return true;
}

static void make_values(const struct lq_scn_row *rows, uint32_t allowed, uint32_t needed,
                        struct lq_scn_values *values)
{
    for (uint32_t i = 0; rows[i].name != NULL; i++) {
        bool is_needed = (needed & LQ_SCN_BIT(i)) != 0;
        if ((allowed & LQ_SCN_BIT(i)) == 0 || (!is_needed && draw(3) != 1) ||
            !may_say(rows[i].name))
            continue;
        values->given |= LQ_SCN_BIT(i);
        if (rows[i].unit == LQ_SCN_FLAG)
            continue;
        uint64_t range = rows[i].most - rows[i].least;
        values->values[i] = rows[i].least + draw(range == UINT64_MAX ? range : range + 1);
        if (rows[i].unit == LQ_SCN_OR_NEVER && draw(4) == 1)
            values->values[i] = UINT64_MAX;
    }
}

static void make_label(char *label, uint32_t place)
{
    label[0] = (char)('c' + place % 20);
    label[1] = '-';
    label[2] = (char)('0' + place / 20 % 10);
    label[3] = (char)('0' + place / 200);
}

static uint64_t keep_text(struct lq_scenario *made, const char *text, bool with_nul)
{
    uint64_t offset = made->pool_bytes, size = strlen(text) + with_nul;
    memcpy(made->pool + offset, text, (size_t)size);
    made->pool_bytes += (uint32_t)size;
    return offset << 32 | size;
}

static uint64_t keep_bytes(struct lq_scenario *made, uint32_t size)
{
    uint64_t offset = made->pool_bytes;
    for (uint32_t i = 0; i < size; i++)
        made->pool[made->pool_bytes++] = (uint8_t)draw(256);
    return offset << 32 | size;
}

static uint32_t make_store(struct lq_scenario *made, uint64_t block)
{
    struct lq_scn_store *store = &made->stores[made->store_count];
    store->size_bytes = 4096 * (1 + draw(1000));
    make_values(lq_scn_disk_rows, UINT32_MAX, LQ_SCN_BIT(LQ_SCN_BLOCK), &store->disk);
    store->disk.values[LQ_SCN_BLOCK] = block;
    return made->store_count++;
}

static void make_target(struct lq_scenario *made, uint32_t number, uint64_t block)
{
    static const char *const names[] = {"t0", "t1", "t2"}, *const ports[] = {"p", "q", "r"};
    struct lq_scn_target *target = &made->targets[number];
    strcpy(target->name, names[number]);
    target->port_count = (uint32_t)draw(4);
    for (uint32_t i = 0; i < target->port_count; i++)
        strcpy(target->ports[i], ports[i]);
    make_values(lq_scn_target_iscsi_rows, number == 0 ? UINT32_MAX
                                                      : LQ_SCN_BIT(LQ_SCN_FIRST_SN) - 1,
                0, &target->iscsi);
    target->lun_count = 1 + (uint32_t)draw(2);
    for (uint32_t i = 0; i < target->lun_count; i++) {
        bool is_shared = made->stores[0].name[0] != '\0' && draw(2) == 1;
        target->luns[i].store = is_shared ? 0 : make_store(made, block);
    }
}

static void make_initiator(struct lq_scenario *made, uint32_t number)
{
    struct lq_scn_initiator *initiator = &made->initiators[number];
    strcpy(initiator->name, number % 2 == 0 ? "a" : "b");
    initiator->name[1] = (char)('0' + number);
    initiator->target = (uint32_t)draw(made->target_count);
    uint32_t ports = made->targets[initiator->target].port_count;
    initiator->port = ports == 0 ? 0 : (uint32_t)draw(ports);
    initiator->works = number > 0 && draw(4) == 1;
    for (uint64_t count = initiator->works ? draw(3) : 0; count > 0; count--) {
        struct lq_scn_setting *setting = &initiator->settings[initiator->setting_count++];
        strcpy(setting->name, count == 1 ? "writes" : "depth");
        setting->unit = LQ_SCN_NUMBER;
        setting->value = draw(16);
        setting->of = draw(2) == 1 ? 16 : 0;
    }
    make_values(lq_scn_link_rows, UINT32_MAX, 0, &initiator->link);
    if (lq_scn_has(&initiator->link, LQ_SCN_LINK_WINDOW))
        initiator->link.values[LQ_SCN_LINK_WINDOW] = UINT64_C(1024) << draw(7);
    make_values(lq_scn_initiator_iscsi_rows, ~LQ_SCN_BIT(LQ_SCN_ISCSI_NAME), 0,
                &initiator->iscsi);
    if (draw(3) != 1)
        return;
    initiator->iscsi.given |= LQ_SCN_BIT(LQ_SCN_ISCSI_NAME);
    initiator->iscsi.values[LQ_SCN_ISCSI_NAME] = keep_text(made, "iqn.2026-11.org.example:x",
                                                           false);
}

static void make_world(struct lq_scenario *made)
{
    strcpy(made->title, "made");
    made->transport = transport;
    made->requires_count = (uint32_t)draw(3);
    for (uint32_t i = 0; i < made->requires_count; i++)
        strcpy(made->requires[i], i == 0 ? "TM-2" : "task-ends-once");
    make_values(lq_scn_limit_rows, UINT32_MAX, 0, &made->limits);
    uint64_t block = UINT64_C(512) << draw(4);
    for (uint64_t disks = draw(3); disks > 0; disks--)
        strcpy(made->stores[make_store(made, block)].name, disks == 1 ? "d1" : "d2");
    made->target_count = 1 + (uint32_t)draw(3);
    for (uint32_t i = 0; i < made->target_count; i++)
        make_target(made, i, block);
    made->initiator_count = 1 + (uint32_t)draw(LQ_SCN_INITIATORS_MAX);
    for (uint32_t i = 0; i < made->initiator_count; i++)
        make_initiator(made, i);
}

/* What the parser asks of values together. */
static void make_legal(struct lq_scenario *made)
{
    made->limits.values[LQ_SCN_COMMAND_WINDOW] =
        lq_scn_has(&made->limits, LQ_SCN_COMMAND_WINDOW) ? UINT64_C(1) << draw(7) : 0;
    for (uint32_t i = 0; i < made->target_count + made->initiator_count; i++) {
        struct lq_scn_values *iscsi = i < made->target_count
                                          ? &made->targets[i].iscsi
                                          : &made->initiators[i - made->target_count].iscsi;
        uint64_t most = lq_scn_value(iscsi, LQ_SCN_MAX_BURST, UINT64_MAX);
        if (iscsi->values[LQ_SCN_FIRST_BURST] > most)
            iscsi->values[LQ_SCN_FIRST_BURST] = most;
    }
}

/* Any earlier statement that is fit; statement_count when there is none. */
static uint32_t earlier(const struct lq_scenario *made, bool wants_command, bool wants_fault,
                        uint32_t initiator)
{
    for (uint32_t i = 0; i < made->statement_count; i++) {
        const struct lq_scn_statement *statement = &made->statements[i];
        bool is_whose = initiator == UINT32_MAX || statement->action.initiator == initiator;
        uint32_t verb = lq_scn_verb_rows[statement->action.verb].kind;
        bool fits = statement->kind == LQ_SCN_ACTION && statement->label[0] != '\0' &&
                    (!wants_command || (verb == LQ_SCN_COMMAND_VERB && is_whose));
        if ((wants_fault ? statement->kind == LQ_SCN_FAULT : fits) && draw(3) != 1)
            return i;
    }
    return made->statement_count;
}

static bool make_event(const struct lq_scenario *made, bool is_when, struct lq_scn_event *event)
{
    event->kind = LQ_SCN_ENDED + (uint32_t)draw(is_when ? 9 : 8);
    event->which = event->kind >= LQ_SCN_LOGIN
                       ? (uint32_t)draw(made->initiator_count)
                       : earlier(made, false, event->kind == LQ_SCN_FIRED, 0);
    if (event->kind == LQ_SCN_GOT && draw(2) == 1) {
        event->status = 0x02;
        event->sense = 0x062900;
        event->sense_mask = draw(2) == 1 ? 0xffffff : 0xff0000;
        event->sense &= event->sense_mask;
    }
    return event->kind >= LQ_SCN_LOGIN || event->which < made->statement_count;
}

static bool make_action(struct lq_scenario *made, struct lq_scn_statement *statement)
{
    struct lq_scn_action *action = &statement->action;
    statement->kind = LQ_SCN_ACTION;
    action->initiator = (uint32_t)draw(made->initiator_count);
    if (made->initiators[action->initiator].works)
        action->initiator = 0;
    action->verb = (uint32_t)draw(LQ_SCN_VERBS);
    const struct lq_scn_verb_row *row = &lq_scn_verb_rows[action->verb];
    if (!may_say(row->name))
        return false;
    make_values(lq_scn_clause_rows, row->allowed, row->needed, &action->clauses);
    uint64_t block = made->stores[0].disk.values[LQ_SCN_BLOCK];
    if ((row->needed & LQ_SCN_BIT(LQ_SCN_LBA)) != 0) {
        action->clauses.values[LQ_SCN_LBA] = 0;
        action->clauses.values[LQ_SCN_BLOCKS] = 1 + draw(4096 / block);
    }
    bool logs_in = action->verb == LQ_SCN_LOG_IN || action->verb == LQ_SCN_RELOGIN ||
                   action->verb == LQ_SCN_DISCOVER;
    logs_in &= may_say("iscsi");
    if (logs_in && draw(2) == 1)
        action->keys = keep_text(made, "X-a=b", true);
    if (logs_in && draw(3) == 1)
        action->without = keep_text(made, "HeaderDigest", true);
    if (action->verb == LQ_SCN_RAW) {
        action->cdb = keep_bytes(made, 1 + (uint32_t)draw(48));
        if (draw(2) == 1)
            action->content = keep_bytes(made, 1 + (uint32_t)draw(256));
    }
    if (action->verb == LQ_SCN_CDB) {
        action->cdb = keep_bytes(made, 1 + (uint32_t)draw(draw(4) == 1 ? LQ_SCN_CDB_MAX : 16));
        if (draw(3) == 1)
            action->content = keep_bytes(made, 1 + (uint32_t)draw(LQ_SCN_CONTENT_MAX));
    }
    if (row->kind != LQ_SCN_SESSION_VERB && draw(4) != 1)
        make_label(statement->label, made->statement_count);
    if (!row->names_command)
        return true;
    action->subject = earlier(made, true, false, action->initiator);
    return action->subject < made->statement_count;
}

/* A disk that a LUN is on, or a name says, + 1; 0: any. */
static uint32_t draw_disk(const struct lq_scenario *made)
{
    return (uint32_t)draw(made->store_count + 1);
}

static bool make_strike(const struct lq_scenario *made, struct lq_scn_statement *statement)
{
    struct lq_scn_fault *fault = &statement->fault;
    for (uint32_t i = 0; i < made->statement_count; i++)
        if (made->statements[i].kind == LQ_SCN_HEAL)
            return false;
    statement->kind = LQ_SCN_STRIKE;
    fault->fault = LQ_FAULT_POWER_CUT + (uint32_t)draw(3); /* TARGET_CRASH, DISK_RESET */
    if (fault->fault == LQ_FAULT_DISK_RESET) {
        fault->store_or_all = draw_disk(made);
        return fault->store_or_all != 0;
    }
    if (draw(2) == 1) {
        fault->rule.given = 1U << LQ_SCN_BY;
        fault->rule.values[LQ_SCN_BY] = 1 + draw(1000000000);
    }
    return true;
}

static bool make_fault(const struct lq_scenario *made, struct lq_scn_statement *statement)
{
    struct lq_scn_fault *fault = &statement->fault;
    for (uint32_t i = 0; i < made->statement_count; i++)
        if (made->statements[i].kind == LQ_SCN_HEAL)
            return false;
    statement->kind = LQ_SCN_FAULT;
    fault->fault = 1 + (uint32_t)draw(LQ_FAULTS - 1);
    enum lq_fault_place place = lq_fault_class((enum lq_fault)fault->fault)->place;
    if (!is_fault_of(transport, fault->fault, place))
        return false;
    if (place == LQ_FAULT_PLACE_DISK)
        fault->store_or_all = draw_disk(made);
    else if (place != LQ_FAULT_PLACE_WORLD && place != LQ_FAULT_PLACE_FABRIC)
        fault->initiator_or_all = (uint32_t)draw(made->initiator_count + 1);
    make_values(lq_scn_rule_rows, LQ_SCN_BIT(LQ_SCN_NTH) | LQ_SCN_BIT(LQ_SCN_FOR) |
                LQ_SCN_BIT(LQ_SCN_BY) | LQ_SCN_BIT(LQ_SCN_RULE_AFTER) |
                LQ_SCN_BIT(LQ_SCN_RULE_COUNT), 0, &fault->rule);
    if (lq_fault_class((enum lq_fault)fault->fault)->place == LQ_FAULT_PLACE_PDU)
        make_pdu(fault, transport, draw);
    if (draw(2) == 1) {
        fault->rule.given |= LQ_SCN_BIT(LQ_SCN_ODDS) | LQ_SCN_BIT(LQ_SCN_ODDS_IN);
        fault->rule.values[LQ_SCN_ODDS] = 1 + draw(5);
        fault->rule.values[LQ_SCN_ODDS_IN] = 5 + draw(5);
    }
    make_label(statement->label, made->statement_count);
    return true;
}

static bool make_expect(struct lq_scenario *made, struct lq_scn_statement *statement)
{
    struct lq_scn_expect *expect = &statement->expect;
    statement->kind = LQ_SCN_EXPECT;
    expect->kind = (uint32_t)draw(LQ_SCN_EXPECT_REJECTED + 1);
    if ((expect->kind == LQ_SCN_EXPECT_KEY && !may_say("login key")) ||
        (expect->kind == LQ_SCN_EXPECT_FINDS && !may_say("finds")))
        return false;
    bool is_of_raw = expect->kind == LQ_SCN_EXPECT_ANSWERED ||
                     expect->kind == LQ_SCN_EXPECT_REJECTED;
    bool is_of_request = expect->kind <= LQ_SCN_EXPECT_DATA || is_of_raw;
    if (is_of_request)
        expect->subject = earlier(made, false, false, 0);
    else if (expect->kind == LQ_SCN_EXPECT_FIRED)
        expect->subject = earlier(made, false, true, 0);
    else if (expect->kind != LQ_SCN_EXPECT_STABLE)
        expect->subject = (uint32_t)draw(made->initiator_count);
    if (expect->kind == LQ_SCN_EXPECT_STATUS) {
        expect->code = lq_scn_statuses[draw(8)].value;
        if (expect->code == 2 && draw(2) == 1) {
            expect->sense_mask = draw(2) == 1 ? 0xffffff : 0xff0000;
            expect->sense = (lq_scn_sense_keys[draw(13)].value << 16 | 0x2907) &
                            expect->sense_mask;
        }
    } else if (expect->kind == LQ_SCN_EXPECT_ANSWER) {
        expect->code = lq_scn_answers[draw(6)].value;
    } else if (expect->kind == LQ_SCN_EXPECT_DATA) {
        expect->writer_count = 1 + (uint32_t)draw(4);
        for (uint32_t i = 0; i < expect->writer_count; i++) {
            uint32_t writer = earlier(made, true, false, UINT32_MAX);
            expect->writers[i] = writer < made->statement_count ? writer : LQ_SCN_ZEROS;
        }
    } else if (expect->kind == LQ_SCN_EXPECT_FIRED) {
        expect->times = draw(5);
    } else if (expect->kind == LQ_SCN_EXPECT_STABLE) {
        expect->target = (uint32_t)draw(made->target_count);
        expect->lun = (uint32_t)draw(made->targets[expect->target].lun_count);
        expect->nblocks = 1;
    } else if (expect->kind == LQ_SCN_EXPECT_REJECTED && draw(2) == 1) {
        expect->has_code = true;
        expect->code = (uint32_t)draw(256);
    } else if (expect->kind == LQ_SCN_EXPECT_REFUSED && draw(2) == 1) {
        expect->has_code = true;
        expect->code = (uint32_t)draw(65536);
    } else if (expect->kind == LQ_SCN_EXPECT_FINDS) {
        expect->target = (uint32_t)draw(made->target_count);
        expect->port_or_any = (uint32_t)draw(made->targets[expect->target].port_count + 1);
    }
    bool is_timed = expect->kind != LQ_SCN_EXPECT_FIRED && expect->kind != LQ_SCN_EXPECT_STABLE &&
                    expect->kind != LQ_SCN_EXPECT_NOTHING;
    expect->has_within = is_timed && draw(2) == 1;
    expect->within_ns = expect->has_within ? 1 + draw(UINT64_C(3600000000000)) : 0;
    bool has_after = expect->kind == LQ_SCN_EXPECT_STABLE ||
                     (expect->kind != LQ_SCN_EXPECT_FIRED && draw(2) == 1);
    if (has_after && !make_event(made, false, &expect->after))
        return false;
    if (expect->kind == LQ_SCN_EXPECT_KEY)
        expect->text = keep_text(made, "X-a=b", true);
    return expect->subject < made->statement_count || !(is_of_request || expect->kind ==
                                                        LQ_SCN_EXPECT_FIRED);
}

static bool make_statement(struct lq_scenario *made, struct lq_scn_statement *statement)
{
    statement->moment = made->moment_count - 1;
    switch (draw(6)) {
    case 0:
        if (draw(8) != 1)
            return make_action(made, statement);
        statement->kind = LQ_SCN_HEAL;
        return true;
    case 1:
        if (draw(4) == 1 && made->transport == LQ_SCN_OVER_FCP)
            return make_fabric(made, statement, draw);
        return draw(4) == 1 ? make_strike(made, statement) : make_fault(made, statement);
    case 2:
        statement->kind = LQ_SCN_DISARM;
        statement->rule = earlier(made, false, true, 0);
        return statement->rule < made->statement_count;
    case 3:
        return make_expect(made, statement);
    default:
        return make_action(made, statement);
    }
}

static void make_scenario(struct lq_scenario *made, uint64_t seed)
{
    memset(made, 0, sizeof *made);
    lq_choice_seeded_init(&seeded, seed);
    drawn = 0;
    transport = (uint32_t)draw(LQ_SCN_TRANSPORTS);
    if (seed % 8 == 0) {
        memcpy(made->title, "seed", 5);
        made->transport = transport;
        make_swarm(&made->swarm, draw);
        return;
    }
    make_world(made);
    make_legal(made);
    uint32_t whens = 0;
    for (uint32_t i = 0, count = 1 + (uint32_t)draw(40); i < count; i++) {
        if (i == 0 || draw(4) == 1) {
            struct lq_scn_moment *moment = &made->moments[made->moment_count];
            moment->kind = (uint32_t)draw(5);
            if (moment->kind >= LQ_SCN_WHEN && whens++ == LQ_SCN_WHENS_MAX)
                moment->kind = LQ_SCN_AT;
            moment->time_ns = draw(2) == 1 ? 1000000 * draw(90000) : draw(1000000);
            if (moment->kind >= LQ_SCN_AFTER &&
                !make_event(made, moment->kind != LQ_SCN_AFTER, &moment->event)) {
                moment->kind = LQ_SCN_AT;
                memset(&moment->event, 0, sizeof moment->event);
            }
            made->moment_count++;
        }
        struct lq_scn_statement *statement = &made->statements[made->statement_count];
        if (!make_statement(made, statement)) { /* initiator 0 pings */
            memset(statement, 0, sizeof *statement);
            statement->kind = LQ_SCN_ACTION;
            statement->action.verb = LQ_SCN_PING;
            statement->moment = made->moment_count - 1;
        }
        made->statement_count++;
    }
}

static void forget_initiator(struct lq_scn_initiator *initiator)
{
    initiator->place = (struct lq_scn_place){0, 0};
    for (uint32_t i = 0; i < LQ_SCN_WORKLOAD_MAX; i++)
        initiator->settings[i].place = (struct lq_scn_place){0, 0};
}

/* Where things stand in the text does not count. */
static void forget_places(struct lq_scenario *scenario)
{
    memset(scenario->requires_places, 0, sizeof scenario->requires_places);
    scenario->swarm.place = (struct lq_scn_place){0, 0};
    for (uint32_t i = 0; i < LQ_SCN_SETTINGS_MAX; i++)
        scenario->swarm.settings[i].place = (struct lq_scn_place){0, 0};
    for (uint32_t i = 0; i < LQ_SCN_STORES_MAX; i++)
        scenario->stores[i].place = (struct lq_scn_place){0, 0};
    for (uint32_t i = 0; i < LQ_SCN_TARGETS_MAX; i++) {
        scenario->targets[i].place = (struct lq_scn_place){0, 0};
        for (uint32_t lun = 0; lun < LQ_SCN_LUNS_MAX; lun++)
            scenario->targets[i].luns[lun].place = (struct lq_scn_place){0, 0};
    }
    for (uint32_t i = 0; i < LQ_SCN_INITIATORS_MAX; i++)
        forget_initiator(&scenario->initiators[i]);
    for (uint32_t i = 0; i < LQ_SCN_MOMENTS_MAX; i++)
        scenario->moments[i].place = (struct lq_scn_place){0, 0};
    for (uint32_t i = 0; i < LQ_SCN_STATEMENTS_MAX; i++)
        scenario->statements[i].place = (struct lq_scn_place){0, 0};
}

static void test_round_trip(void)
{
    uint64_t wrong = 0, of[LQ_SCN_TRANSPORTS] = {0};
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        make_scenario(&one, seed);
        CU_ASSERT_TRUE_FATAL(lq_scenario_print(&one, text_one, sizeof text_one));
        bool parsed = parse(&two, text_one);
        forget_places(&two);
        bool same = parsed && memcmp(&one, &two, sizeof one) == 0;
        of[one.transport]++;
        if (!same && wrong++ < 3)
            printf("seed %u: %s\n%u:%u: %s\n%s\n", (unsigned)seed,
                   parsed ? "differs" : "refused", (unsigned)problem.place.line,
                   (unsigned)problem.place.column, problem.text, text_one);
    }
    CU_ASSERT(wrong == 0 && of[LQ_SCN_OVER_ISCSI] > 500 && of[LQ_SCN_OVER_FCP] > 500);
    CU_ASSERT_TRUE_FATAL(parse(&one, example));
    CU_ASSERT_TRUE(lq_scenario_print(&one, text_one, sizeof text_one));
    CU_ASSERT_TRUE_FATAL(parse(&two, text_one));
    CU_ASSERT_TRUE(lq_scenario_print(&two, text_two, sizeof text_two));
    CU_ASSERT_STRING_EQUAL(text_one, text_two);
    CU_ASSERT_FALSE(lq_scenario_print(&one, text_one, 100));
}

/* --- any bytes ------------------------------------------------------------------------------ */

static void try_bytes(const char *bytes, uint32_t size)
{
    /* An exact block, so that a sanitizer sees a read beyond its end. */
    char *exact = malloc(size == 0 ? 1 : size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
    memcpy(exact, bytes, size);
    bool parsed = lq_scenario_parse(&one, pdus, LQ_SCN_OVER_ISCSI, exact, size, &problem);
    free(exact);
    if (parsed) {
        CU_ASSERT_TRUE(lq_scenario_print(&one, text_one, sizeof text_one));
        CU_ASSERT_TRUE(parse(&two, text_one));
    } else {
        CU_ASSERT_TRUE(problem.place.line >= 1 && problem.place.column >= 1 &&
                       problem.text[0] != '\0');
    }
}

static void test_any_bytes(void)
{
    static char bytes[4096];
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        lq_choice_seeded_init(&seeded, seed);
        drawn = 0;
        uint32_t size = (uint32_t)draw(200);
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = (char)draw(256);
        try_bytes(bytes, size);
        /* Good text with a few bytes changed, cut, or taken from elsewhere in it. */
        size = sizeof example - 1;
        memcpy(bytes, example, size);
        for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
            uint32_t at = (uint32_t)draw(size), from = (uint32_t)draw(size);
            uint32_t count = 1 + (uint32_t)draw(12);
            uint32_t most = size - (at > from ? at : from);
            if (draw(3) == 0)
                bytes[at] = (char)draw(256);
            else
                memmove(bytes + at, bytes + from, count < most ? count : most);
        }
        if (draw(4) == 1)
            size = (uint32_t)draw(size);
        try_bytes(bytes, size);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"the design's example", test_example},
                           {"parse(print(x)) = x", test_round_trip},
                           {"any bytes", test_any_bytes},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"scenario language", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
