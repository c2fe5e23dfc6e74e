/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a scenario: each expectation against the facts, one function a kind; faults that
 * never fired; statements that never happened.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "sim/stage/print.h"
#include "sim/stage/script_state.h"

static struct lq_print begin(struct lq_script *script, uint32_t place)
{
    LQ_ASSERT(script->unmet_count < LQ_SCRIPT_UNMET_MAX);
    struct lq_unmet *unmet = &script->unmet[script->unmet_count++];
    unmet->place = script->scenario->statements[place].place;
    lq_scenario_print_statement(script->scenario, place, unmet->text);
    struct lq_print print = {unmet->text, sizeof unmet->text, (uint32_t)strlen(unmet->text)};
    lq_print_text(&print, ": ");
    return print;
}

/* False when there is no room to say more. */
static bool has_room(const struct lq_script *script)
{
    return script->unmet_count < LQ_SCRIPT_UNMET_MAX;
}

static void note(struct lq_script *script, uint32_t place, const char *what)
{
    if (!has_room(script))
        return;
    struct lq_print print = begin(script, place);
    lq_print_text(&print, what);
}

static void print_when(struct lq_print *print, const struct lq_script *script,
                       struct lq_script_when when)
{
    lq_print_text(print, " at ");
    lq_print_time(print, when.time_ns - script->start_ns);
}

static void note_at(struct lq_script *script, uint32_t place, const char *what,
                    struct lq_script_when when)
{
    if (!has_room(script))
        return;
    struct lq_print print = begin(script, place);
    lq_print_text(&print, what);
    print_when(&print, script, when);
}

/* --- bounds --------------------------------------------------------------------------------- */

/* WHEN it happened against `within' and `after'; notes what is wrong. */
static void check_bounds(struct lq_script *script, uint32_t place, struct lq_script_when when)
{
    const struct lq_scn_statement *statement = &script->scenario->statements[place];
    const struct lq_scn_expect *expect = &statement->expect;
    uint64_t latest = script->moment_ns[statement->moment] + expect->within_ns +
                      script->world->slack_ns;
    if (expect->has_within && when.time_ns > latest) {
        note_at(script, place, "it happened too late,", when);
        return;
    }
    if (expect->after.kind == LQ_SCN_NO_EVENT)
        return;
    struct lq_script_when after = lq_script_event(script, &expect->after);
    if (after.seq == 0)
        note_at(script, place, "what it should come after never happened; it came", when);
    else if (when.seq < after.seq)
        note_at(script, place, "it happened too early,", when);
}

/* --- requests ------------------------------------------------------------------------------- */

/* Says why there is no end of FACT. */
static void note_no_end(struct lq_script *script, uint32_t place,
                        const struct lq_script_fact *fact)
{
    if (fact->sent.seq == 0)
        note(script, place, "it was never sent");
    else if (fact->gave_up.seq != 0)
        note_at(script, place, "it got nothing, and its initiator gave up", fact->gave_up);
    else
        note_at(script, place, "it got nothing since it was sent", fact->sent);
}

/* NAME, as scenarios write it; VALUE where it has none. */
static void print_name(struct lq_print *print, const char *name, uint32_t value)
{
    if (name[0] != '?') {
        lq_print_text(print, name);
        return;
    }
    lq_print_hex(print, value, 2);
    lq_print_text(print, "h");
}

static void print_status(struct lq_print *print, const struct lq_script *script,
                         const struct lq_script_fact *fact)
{
    lq_print_text(print, "it got status ");
    print_name(print, lq_scenario_status_name(fact->status), fact->status);
    if (fact->sense != 0) {
        lq_print_text(print, " ");
        print_name(print, lq_scenario_sense_name(fact->sense >> 16), fact->sense >> 16);
        lq_print_text(print, " ");
        lq_print_hex(print, fact->sense >> 8 & 0xff, 2);
        lq_print_text(print, "h/");
        lq_print_hex(print, fact->sense & 0xff, 2);
        lq_print_text(print, "h");
    }
    print_when(print, script, fact->ended);
}

static void check_status(struct lq_script *script, uint32_t place,
                         const struct lq_scn_expect *expect, const struct lq_script_fact *fact)
{
    bool is_right = fact->status == expect->code &&
                    (fact->sense & expect->sense_mask) == expect->sense;
    if (fact->ended.seq == 0) {
        note_no_end(script, place, fact);
    } else if (is_right) {
        check_bounds(script, place, fact->ended);
    } else if (has_room(script)) {
        struct lq_print print = begin(script, place);
        print_status(&print, script, fact);
    }
}

static void check_answer(struct lq_script *script, uint32_t place,
                         const struct lq_scn_expect *expect, const struct lq_script_fact *fact)
{
    static const char *const answers[] = {"it was answered complete,",
                                          "it was answered task-absent,",
                                          "it was answered incorrect-lun,",
                                          "it was answered not-supported,",
                                          "it was answered rejected,",
                                          "it was answered succeeded,"};
    if (fact->ended.seq == 0)
        note_no_end(script, place, fact);
    else if (fact->answer == expect->code)
        check_bounds(script, place, fact->ended);
    else
        note_at(script, place, answers[fact->answer], fact->ended);
}

static void check_nothing(struct lq_script *script, uint32_t place,
                          const struct lq_script_fact *fact)
{
    if (fact->sent.seq == 0)
        note(script, place, "it was never sent");
    else if (fact->ended.seq != 0)
        note_at(script, place, "it got an answer", fact->ended);
}

/* Does block LBA of the read have the content that WRITER gave it? */
static bool is_content_of(const struct lq_script *script, uint32_t writer, uint64_t lba,
                          uint64_t content)
{
    if (writer == LQ_SCN_ZEROS)
        return content == script->zeros;
    const struct lq_script_fact *fact = &script->facts[writer];
    return lba >= fact->lba && lba - fact->lba < fact->content_blocks &&
           fact->content[lba - fact->lba] == content;
}

static void check_data(struct lq_script *script, uint32_t place,
                       const struct lq_scn_expect *expect, const struct lq_script_fact *fact)
{
    if (fact->ended.seq == 0) {
        note_no_end(script, place, fact);
        return;
    }
    if (fact->content_blocks == 0 || fact->content_blocks < fact->nblocks) {
        note_at(script, place, "it returned less data than it asked for", fact->ended);
        return;
    }
    for (uint32_t i = 0; i < fact->content_blocks; i++) {
        bool is_known = false;
        for (uint32_t w = 0; w < expect->writer_count && !is_known; w++)
            is_known = is_content_of(script, expect->writers[w], fact->lba + i, fact->content[i]);
        if (is_known)
            continue;
        if (!has_room(script))
            return;
        struct lq_print print = begin(script, place);
        lq_print_text(&print, "block ");
        lq_print_number(&print, fact->lba + i);
        lq_print_text(&print, " had other content");
        print_when(&print, script, fact->ended);
        return;
    }
    check_bounds(script, place, fact->ended);
}

/* --- the rest ------------------------------------------------------------------------------- */

/* The first mark of the initiator that tells, since the moment that PLACE stands in. */
static const struct lq_script_mark *first_mark(const struct lq_script *script, uint32_t place,
                                               uint32_t wanted)
{
    const struct lq_scn_statement *statement = &script->scenario->statements[place];
    const struct lq_script_initiator *initiator = &script->initiators[statement->expect.subject];
    for (uint32_t i = 0; i < initiator->mark_count; i++)
        if (initiator->marks[i].when.time_ns >= script->moment_ns[statement->moment] &&
            (wanted >> initiator->marks[i].kind & 1) != 0)
            return &initiator->marks[i];
    return NULL;
}

enum { LOGIN_ENDS = 1 << LQ_SCRIPT_LOGGED_IN | 1 << LQ_SCRIPT_REFUSED,
       ENDS = 1 << LQ_SCRIPT_REFUSED | 1 << LQ_SCRIPT_LOGGED_OUT | 1 << LQ_SCRIPT_LOST };

/* What an expectation about an initiator looks for, by its kind. */
static const struct mark_row {
    enum lq_script_mark_kind kind;
    uint32_t wanted; /* what decides it, bits */
    const char *otherwise, *nothing;
} mark_rows[] = {[LQ_SCN_EXPECT_LOGIN] = {LQ_SCRIPT_LOGGED_IN, LOGIN_ENDS, "the login was refused",
                                          "no login has ended"},
                 [LQ_SCN_EXPECT_REFUSED] = {LQ_SCRIPT_REFUSED, LOGIN_ENDS, "the login succeeded",
                                            "no login has ended"},
                 [LQ_SCN_EXPECT_LOGOUT] = {LQ_SCRIPT_LOGGED_OUT, 1 << LQ_SCRIPT_LOGGED_OUT, "",
                                           "no logout was answered"},
                 [LQ_SCN_EXPECT_LOST] = {LQ_SCRIPT_LOST, 1 << LQ_SCRIPT_LOST, "",
                                         "its connection was not lost"}};

bool lq_script_is_decided(const struct lq_script *script, uint32_t place)
{
    const struct lq_scn_expect *expect = &script->scenario->statements[place].expect;
    if (expect->kind <= LQ_SCN_EXPECT_DATA || expect->kind == LQ_SCN_EXPECT_ANSWERED ||
        expect->kind == LQ_SCN_EXPECT_REJECTED) {
        const struct lq_script_fact *fact = &script->facts[expect->subject];
        return fact->ended.seq != 0 || fact->gave_up.seq != 0 || fact->is_dropped;
    }
    if (expect->kind == LQ_SCN_EXPECT_KEY || expect->kind == LQ_SCN_EXPECT_FINDS)
        return script->facts[place].ended.seq != 0 || first_mark(script, place, ENDS) != NULL;
    bool is_of_initiator = expect->kind <= LQ_SCN_EXPECT_LOST;
    return !is_of_initiator || first_mark(script, place, mark_rows[expect->kind].wanted) != NULL;
}

static void note_code(struct lq_script *script, uint32_t place, const struct lq_script_mark *mark)
{
    if (!has_room(script))
        return;
    struct lq_print print = begin(script, place);
    lq_print_text(&print, "it was refused with ");
    lq_print_hex(&print, mark->code >> 8 & 0xff, 2);
    lq_print_text(&print, "h/");
    lq_print_hex(&print, mark->code & 0xff, 2);
    lq_print_text(&print, "h at ");
    lq_print_time(&print, mark->when.time_ns);
}

static void check_mark(struct lq_script *script, uint32_t place,
                       const struct lq_scn_expect *expect)
{
    const struct mark_row *row = &mark_rows[expect->kind];
    const struct lq_script_mark *mark = first_mark(script, place, row->wanted);
    if (mark == NULL)
        note(script, place, row->nothing);
    else if (mark->kind != row->kind)
        note_at(script, place, row->otherwise, mark->when);
    else if (expect->has_code && mark->code != expect->code)
        note_code(script, place, mark);
    else
        check_bounds(script, place, mark->when);
}

static void check_fired(struct lq_script *script, uint32_t place,
                        const struct lq_scn_expect *expect)
{
    uint64_t fired = script->rule_of[expect->subject].fired;
    if (fired == expect->times || !has_room(script))
        return;
    struct lq_print print = begin(script, place);
    lq_print_text(&print, "it fired ");
    lq_print_number(&print, fired);
    lq_print_text(&print, fired == 1 ? " time" : " times");
}

/* What was read against what is on the disk in the end. */
static void compare_with_medium(struct lq_script *script, uint32_t place)
{
    const struct lq_scn_expect *expect = &script->scenario->statements[place].expect;
    struct lq_script_stable *stable = &script->stable[place];
    const struct lq_plan_unit *unit = lq_plan_unit_of(&script->world->plan, expect->target,
                                                      (uint64_t)expect->lun << 48);
    if (unit == NULL)
        return;
    const struct lq_disk *disk = &script->world->disks[unit->store];
    uint8_t block[4096];
    LQ_ASSERT(disk->options.block_bytes <= sizeof block);
    for (uint32_t i = 0; i < expect->nblocks; i++) {
        if (stable->state[i] != LQ_SCRIPT_SEEN)
            continue;
        lq_medium_read(&disk->medium, expect->lba + i, 1, block);
        if (lq_hash(0, block, disk->options.block_bytes) == stable->content[i])
            continue;
        stable->flipped = (struct lq_script_when){UINT64_MAX, script->world->env.now_ns};
        stable->flipped_lba = expect->lba + i;
        return;
    }
}

static void check_stable(struct lq_script *script, uint32_t place,
                         const struct lq_scn_expect *expect)
{
    struct lq_script_stable *stable = &script->stable[place];
    if (lq_script_event(script, &expect->after).seq == 0) {
        note(script, place, "what it should come after never happened");
        return;
    }
    if (!stable->is_read) {
        note(script, place, "nobody read these blocks after it");
        return;
    }
    if (stable->flipped.seq == 0)
        compare_with_medium(script, place);
    if (stable->flipped.seq == 0 || !has_room(script))
        return;
    struct lq_print print = begin(script, place);
    lq_print_text(&print, "block ");
    lq_print_number(&print, stable->flipped_lba);
    lq_print_text(&print, " had changed");
    print_when(&print, script, stable->flipped);
}

/* Of a raw PDU. */
static void check_answered(struct lq_script *script, uint32_t place,
                           const struct lq_scn_expect *expect, const struct lq_script_fact *fact)
{
    bool wants_reject = expect->kind == LQ_SCN_EXPECT_REJECTED;
    if (fact->ended.seq == 0) {
        note_no_end(script, place, fact);
    } else if (!wants_reject && fact->is_rejected) {
        note_at(script, place, "it was rejected", fact->ended);
    } else if (wants_reject && !fact->is_rejected) {
        note_at(script, place, "it was answered, and not rejected,", fact->ended);
    } else if (expect->has_code && expect->code != fact->status) {
        if (!has_room(script))
            return;
        struct lq_print print = begin(script, place);
        lq_print_text(&print, "it was rejected for reason ");
        lq_print_hex(&print, fact->status, 2);
        lq_print_text(&print, "h");
    } else {
        check_bounds(script, place, fact->ended);
    }
}

static void check_expect(struct lq_script *script, uint32_t place)
{
    const struct lq_scn_expect *expect = &script->scenario->statements[place].expect;
    const struct lq_script_fact *fact = &script->facts[expect->subject];
    switch (expect->kind) {
    case LQ_SCN_EXPECT_STATUS:
        check_status(script, place, expect, fact);
        return;
    case LQ_SCN_EXPECT_ANSWER:
        check_answer(script, place, expect, fact);
        return;
    case LQ_SCN_EXPECT_NOTHING:
        check_nothing(script, place, fact);
        return;
    case LQ_SCN_EXPECT_DATA:
        check_data(script, place, expect, fact);
        return;
    case LQ_SCN_EXPECT_FIRED:
        check_fired(script, place, expect);
        return;
    case LQ_SCN_EXPECT_STABLE:
        check_stable(script, place, expect);
        return;
    case LQ_SCN_EXPECT_ANSWERED:
    case LQ_SCN_EXPECT_REJECTED:
        check_answered(script, place, expect, fact);
        return;
    case LQ_SCN_EXPECT_KEY:
    case LQ_SCN_EXPECT_FINDS:
        if (script->facts[place].ended.seq != 0)
            check_bounds(script, place, script->facts[place].ended);
        else
            note(script, place, "the target did not say so");
        return;
    default:
        check_mark(script, place, expect);
        return;
    }
}

/* --- what never happened -------------------------------------------------------------------- */

static bool is_expected_never(const struct lq_script *script, uint32_t place)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &script->scenario->statements[i];
        if (statement->kind == LQ_SCN_EXPECT && statement->expect.kind == LQ_SCN_EXPECT_FIRED &&
            statement->expect.subject == place && statement->expect.times == 0)
            return true;
    }
    return false;
}

static void check_statement(struct lq_script *script, uint32_t place)
{
    const struct lq_scn_statement *statement = &script->scenario->statements[place];
    const struct lq_script_fact *fact = &script->facts[place];
    if (script->is_exploring) { /* on some paths a fault strikes, or an action happens, never */
        if (statement->kind == LQ_SCN_EXPECT)
            check_expect(script, place);
        return;
    }
    if (!script->has_come[statement->moment]) {
        note(script, place, "its moment never came");
    } else if (statement->kind == LQ_SCN_FAULT) {
        if (script->rule_of[place].fired == 0 && !is_expected_never(script, place))
            note(script, place, "it never fired");
    } else if (statement->kind == LQ_SCN_STRIKE) {
        if (script->world->strike == NULL)
            note(script, place, "this world cannot do it; the virtual one can");
    } else if (statement->kind == LQ_SCN_CHANGE || statement->kind == LQ_SCN_FABRIC) {
        if (script->refused[place] != NULL)
            note(script, place, script->refused[place]);
    } else if (statement->kind == LQ_SCN_ACTION) {
        if (!fact->is_begun)
            note(script, place, script->refused[place] != NULL ? script->refused[place]
                                                               : "it never happened");
    } else if (statement->kind == LQ_SCN_EXPECT) {
        check_expect(script, place);
    }
}

void lq_script_judge(struct lq_script *script)
{
    script->unmet_count = 0;
    for (uint32_t i = 0; i < script->scenario->statement_count; i++)
        check_statement(script, i);
}

uint32_t lq_script_unmet_count(const struct lq_script *script)
{
    return script->unmet_count;
}

const struct lq_unmet *lq_script_unmet(const struct lq_script *script, uint32_t index)
{
    LQ_ASSERT(index < script->unmet_count);
    return &script->unmet[index];
}
