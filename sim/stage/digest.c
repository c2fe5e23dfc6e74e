/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digests of initiators and of the script. A command or TM function has its statement's serial,
 * so serials stay; when something happened counts only against what an expectation compares it
 * with.
 */
#include "sim/stage/digest.h"

#include "sim/stage/script_state.h"

static void mix_timer(const struct lq_timer *timer, struct lq_digest *digest)
{
    lq_digest_time(digest, lq_timer_is_set(timer) ? timer->node.time_ns : UINT64_MAX);
}

/* --- initiators ----------------------------------------------------------------------------- */

static void mix_command(const struct lq_actor_command *command, struct lq_digest *digest)
{
    lq_digest_two(digest, command->serial, command->place);
    lq_digest_two(digest, command->itt, command->cmd_sn);
    lq_digest_two(digest, command->holds_data, command->abort_asked);
    lq_digest_word(digest, command->late_ns);
    mix_timer(&command->timeout, digest);
    mix_timer(&command->late_data, digest);
}

static void mix_tm(const struct lq_actor_tm *tm, struct lq_digest *digest)
{
    lq_digest_two(digest, tm->serial, tm->is_sent);
    lq_digest_two(digest, tm->function, tm->lun);
    lq_digest_two(digest, tm->referenced_serial, tm->referenced_tag);
    mix_timer(&tm->timeout, digest);
}

void lq_actor_digest(const struct lq_actor *actor, struct lq_digest *digest)
{
    uint64_t commands = 0, tms = 0;
    lq_digest_two(digest, actor->number, actor->state);
    lq_digest_two(digest, actor->connection != NULL, actor->knows_old_session);
    lq_digest_two(digest, actor->logins, actor->outstanding);
    lq_digest_two(digest, actor->stall_after, actor->stall_after == UINT64_MAX ? 0
                                                                              : actor->bytes_out);
    mix_timer(&actor->login_timeout, digest);
    for (uint32_t i = 0; i < LQ_COMMAND_SLOTS; i++) {
        if (actor->commands[i].place == LQ_COMMAND_FREE)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_command(&actor->commands[i], digest);
        lq_digest_end(digest, outer, &commands);
    }
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++) {
        if (!actor->tms[i].in_use)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_tm(&actor->tms[i], digest);
        lq_digest_end(digest, outer, &tms);
    }
    lq_digest_two(digest, commands, tms);
    actor->port->digest(actor, digest);
}

/* --- the script ----------------------------------------------------------------------------- */

static void mix_fact(const struct lq_script_fact *fact, struct lq_digest *digest)
{
    uint64_t bits = (uint64_t)fact->is_begun << 6 | (uint64_t)fact->is_dropped << 5 |
                    (uint64_t)(fact->sent.seq != 0) << 4 | (uint64_t)(fact->ended.seq != 0) << 3 |
                    (uint64_t)(fact->gave_up.seq != 0) << 2 | (uint64_t)(fact->fate.seq != 0) << 1 |
                    fact->is_in_store;
    lq_digest_two(digest, bits, fact->engine_serial != 0);
    lq_digest_two(digest, fact->itt, fact->cmd_sn);
    lq_digest_two(digest, fact->status, fact->sense);
    lq_digest_two(digest, fact->answer, fact->content_blocks);
    for (uint32_t i = 0; i < fact->content_blocks; i++)
        lq_digest_word(digest, fact->content[i]);
}

static bool is_later(struct lq_script_when a, struct lq_script_when b)
{
    return a.seq > b.seq;
}

static void mix_stable(const struct lq_script *script, uint32_t place, struct lq_digest *digest)
{
    const struct lq_scn_expect *expect = &script->scenario->statements[place].expect;
    const struct lq_script_stable *stable = &script->stable[place];
    struct lq_script_when after = lq_script_event(script, &expect->after);
    lq_digest_two(digest, stable->flipped.seq != 0, stable->is_read);
    for (uint32_t i = 0; i < expect->nblocks && i < LQ_SCRIPT_BLOCKS_MAX; i++)
        lq_digest_two(digest, stable->state[i], stable->content[i]);
    for (uint32_t i = 0; i < script->scenario->statement_count; i++)
        if (script->facts[i].sent.seq != 0 && script->facts[i].ended.seq == 0)
            lq_digest_two(digest, i, is_later(script->facts[i].sent, after));
}

/* What happened against the event that an expectation wants it to come after. */
static void mix_expect(const struct lq_script *script, uint32_t place, struct lq_digest *digest)
{
    const struct lq_scn_expect *expect = &script->scenario->statements[place].expect;
    struct lq_script_when after = lq_script_event(script, &expect->after);
    lq_digest_word(digest, after.seq != 0);
    if (expect->kind == LQ_SCN_EXPECT_STABLE)
        mix_stable(script, place, digest);
    if (expect->kind <= LQ_SCN_EXPECT_DATA)
        lq_digest_word(digest, is_later(script->facts[expect->subject].ended, after));
    if (expect->kind == LQ_SCN_EXPECT_KEY || expect->kind == LQ_SCN_EXPECT_FINDS)
        lq_digest_two(digest, script->facts[place].ended.seq != 0,
                      is_later(script->facts[place].ended, after));
    if (expect->kind == LQ_SCN_EXPECT_ANSWERED || expect->kind == LQ_SCN_EXPECT_REJECTED)
        lq_digest_two(digest, script->facts[expect->subject].is_rejected,
                      is_later(script->facts[expect->subject].ended, after));
    if (expect->kind <= LQ_SCN_EXPECT_DATA || expect->kind > LQ_SCN_EXPECT_LOST)
        return;
    const struct lq_script_initiator *initiator = &script->initiators[expect->subject];
    for (uint32_t i = 0; i < initiator->mark_count; i++)
        lq_digest_two(digest, (uint64_t)initiator->marks[i].code << 8 | initiator->marks[i].kind,
                      is_later(initiator->marks[i].when, after));
}

/* Matches count where one of them is meant; a rule that is over strikes no more. */
static void mix_rule(const struct lq_fault_rule *rule, struct lq_digest *digest)
{
    lq_digest_two(digest, rule->fired, rule->is_armed);
    if (!rule->is_armed || rule->until_ns <= digest->now_ns)
        return;
    lq_digest_word(digest, rule->nth != 0 || rule->every != 0 ? rule->matched : 0);
    lq_digest_time(digest, rule->until_ns);
    if (rule->from_ns > digest->now_ns)
        lq_digest_time(digest, rule->from_ns);
}

void lq_script_digest(const struct lq_script *script, struct lq_digest *digest)
{
    const struct lq_scenario *scenario = script->scenario;
    for (uint32_t i = 0; i < script->world->actor_count; i++) {
        const struct lq_script_initiator *initiator = &script->initiators[i];
        lq_digest_two(digest, initiator->free_next, initiator->count);
        for (uint32_t t = 0; t < initiator->count; t++)
            lq_digest_word(digest,
                           initiator->todo[(initiator->first + t) % LQ_SCN_STATEMENTS_MAX]);
    }
    for (uint32_t i = 0; i < scenario->statement_count; i++) {
        if (scenario->statements[i].kind == LQ_SCN_ACTION)
            mix_fact(&script->facts[i], digest);
        else if (scenario->statements[i].kind == LQ_SCN_EXPECT)
            mix_expect(script, i, digest);
        else if (scenario->statements[i].kind == LQ_SCN_FAULT)
            mix_rule(&script->rule_of[i], digest);
    }
}
