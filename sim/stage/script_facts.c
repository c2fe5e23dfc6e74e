/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a scenario's actions, from the run's history and nothing else: a sink that keeps
 * one fact a statement, and the marks of each initiator.
 */
#include <string.h>

#include "sim/stage/script_state.h"

static struct lq_script_when when_of(const struct lq_event *event)
{
    return (struct lq_script_when){event->seq, event->time_ns};
}

/* The fact of the request that EVENT of an initiator is about; NULL: not a scenario's. */
static struct lq_script_fact *fact_of(struct lq_script *script, const struct lq_event *event)
{
    uint64_t count = event->serial & ((UINT64_C(1) << LQ_SCRIPT_PLACE_BITS) - 1);
    if (count == 0 || count > script->scenario->statement_count)
        return NULL;
    struct lq_script_fact *fact = &script->facts[count - 1];
    return fact->serial == event->serial ? fact : NULL;
}

static struct lq_script_fact *by_engine_serial(struct lq_script *script, uint64_t serial)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++)
        if (script->facts[i].engine_serial == serial && serial != 0)
            return &script->facts[i];
    return NULL;
}

/* The engine has a number of its own for the request that was sent last with this tag. */
static void tie(struct lq_script *script, const struct lq_event *event)
{
    struct lq_script_fact *newest = NULL;
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        struct lq_script_fact *fact = &script->facts[i];
        if (fact->sent.seq != 0 && fact->nexus == event->nexus && fact->itt == event->tag &&
            (newest == NULL || fact->sent.seq > newest->sent.seq))
            newest = fact;
    }
    if (newest != NULL && newest->engine_serial == 0)
        newest->engine_serial = event->serial;
}

static void mark(struct lq_script *script, const struct lq_event *event,
                 enum lq_script_mark_kind kind)
{
    if (event->actor == 0 || event->actor > LQ_SCN_INITIATORS_MAX || script->is_finishing)
        return; /* the end is the world's own */
    struct lq_script_initiator *initiator = &script->initiators[event->actor - 1];
    uint32_t at = initiator->mark_count;
    if (at == LQ_SCRIPT_MARKS_MAX) /* the last ones count */
        memmove(initiator->marks, initiator->marks + 1,
                --at * sizeof initiator->marks[0]);
    else
        initiator->mark_count++;
    initiator->marks[at] = (struct lq_script_mark){kind, event->code, when_of(event)};
}

/* --- content -------------------------------------------------------------------------------- */

static void keep_content(struct lq_script_fact *fact, const struct lq_event *event)
{
    for (uint32_t i = 0; i < event->nblocks; i++) {
        uint64_t at = event->lba + i - fact->lba;
        if (event->lba + i < fact->lba || at >= LQ_SCRIPT_BLOCKS_MAX)
            continue;
        fact->content[at] = event->value;
        if (at >= fact->content_blocks)
            fact->content_blocks = (uint32_t)at + 1;
    }
}

/* EVENT's blocks that EXPECT is about, by any LUN on the same disk; false: none. */
static bool overlap(const struct lq_script *script, const struct lq_scn_expect *expect,
                    const struct lq_event *event, uint64_t *first, uint64_t *end)
{
    const struct lq_plan *plan = &script->world->plan;
    const struct lq_plan_unit *wanted =
        lq_plan_unit_of(plan, expect->target, (uint64_t)expect->lun << 48);
    const struct lq_plan_unit *unit = lq_plan_unit_of(plan, event->target, event->lun);
    *first = event->lba > expect->lba ? event->lba : expect->lba;
    uint64_t event_end = event->lba + event->nblocks, expect_end = expect->lba + expect->nblocks;
    *end = event_end < expect_end ? event_end : expect_end;
    return unit != NULL && wanted != NULL && unit->store == wanted->store && *first < *end;
}

static void see_block(struct lq_script_stable *stable, const struct lq_scn_expect *expect,
                      const struct lq_event *event, uint64_t lba)
{
    uint64_t at = lba - expect->lba;
    stable->is_read = true;
    if (stable->state[at] == LQ_SCRIPT_UNKNOWN) {
        stable->state[at] = LQ_SCRIPT_SEEN;
        stable->content[at] = event->value;
    } else if (stable->state[at] == LQ_SCRIPT_SEEN && stable->content[at] != event->value &&
               stable->flipped.seq == 0) {
        stable->flipped = when_of(event);
        stable->flipped_lba = lba;
    }
}

/* Reads and writes that were sent after the expectation's event. A block that is written again is
 * followed no longer. */
static void watch_blocks(struct lq_script *script, const struct lq_event *event,
                         const struct lq_script_fact *fact, bool writes)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &script->scenario->statements[i];
        const struct lq_scn_expect *expect = &statement->expect;
        if (statement->kind != LQ_SCN_EXPECT || expect->kind != LQ_SCN_EXPECT_STABLE)
            continue;
        struct lq_script_when after = lq_script_event(script, &expect->after);
        uint64_t lba = 0, end = 0;
        if (after.seq == 0 || fact == NULL || fact->sent.seq < after.seq ||
            !overlap(script, expect, event, &lba, &end))
            continue;
        for (; lba < end; lba++) {
            if (writes)
                script->stable[i].state[lba - expect->lba] = LQ_SCRIPT_WRITTEN;
            else
                see_block(&script->stable[i], expect, event, lba);
        }
    }
}

/* --- what `when' looks for ------------------------------------------------------------------ */

/* A fault fired: by which rules? */
static void strike(struct lq_script *script, const struct lq_event *event)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        struct lq_script_fact *fact = &script->facts[i];
        if (script->scenario->statements[i].kind != LQ_SCN_FAULT ||
            script->rule_of[i].fired == fact->times)
            continue;
        fact->times = (uint32_t)script->rule_of[i].fired;
        fact->ended = when_of(event);
    }
}

static void see_status(struct lq_script *script, const struct lq_event *event)
{
    if (event->actor == 0 || event->actor > LQ_SCN_INITIATORS_MAX)
        return;
    struct lq_script_initiator *initiator = &script->initiators[event->actor - 1];
    initiator->answered = when_of(event);
    initiator->status = event->code;
    initiator->sense = event->detail;
}

/* --- events --------------------------------------------------------------------------------- */

static void on_request(struct lq_script *script, const struct lq_event *event)
{
    struct lq_script_fact *fact = fact_of(script, event);
    if (fact == NULL)
        return;
    switch (event->kind) {
    case LQ_I_COMMAND:
    case LQ_I_TM:
        fact->sent = when_of(event);
        fact->itt = (uint32_t)event->tag;
        fact->cmd_sn = (uint32_t)event->stamp;
        fact->lba = event->lba;
        fact->nblocks = event->nblocks;
        break;
    case LQ_I_WRITE_DATA:
    case LQ_I_READ_DATA:
        keep_content(fact, event);
        watch_blocks(script, event, fact, event->kind == LQ_I_WRITE_DATA);
        break;
    case LQ_I_STATUS:
        fact->ended = when_of(event);
        fact->status = event->code;
        fact->sense = event->detail;
        see_status(script, event);
        break;
    case LQ_I_TM_DONE:
        fact->ended = when_of(event);
        fact->answer = event->code;
        break;
    default:
        fact->gave_up = when_of(event);
        break;
    }
}

static void on_engine(struct lq_script *script, const struct lq_event *event)
{
    if (event->kind == LQ_E_RECEIVED) {
        tie(script, event);
        return;
    }
    struct lq_script_fact *fact = by_engine_serial(script, event->serial);
    if (fact == NULL)
        return;
    if (event->kind == LQ_S_SUBMITTED)
        fact->is_in_store = true;
    else if (event->kind == LQ_S_COMPLETED || !fact->is_in_store)
        fact->fate = when_of(event);
    if (event->kind == LQ_S_COMPLETED)
        fact->is_in_store = false;
}

/* Power is gone: so is what was in the stores. */
static void on_power(struct lq_script *script, const struct lq_event *event)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        struct lq_script_fact *fact = &script->facts[i];
        if (event->code != LQ_POWER_CUT || !fact->is_in_store)
            continue;
        fact->is_in_store = false;
        fact->fate = when_of(event);
    }
}

static void on_event(void *context, const struct lq_event *event)
{
    struct lq_script *script = context;
    script->seq = event->seq;
    switch (event->kind) {
    case LQ_W_POWER:
        on_power(script, event);
        break;
    case LQ_I_LOGGED_IN:
        mark(script, event, LQ_SCRIPT_LOGGED_IN);
        break;
    case LQ_I_LOGIN_FAILED:
        mark(script, event, LQ_SCRIPT_REFUSED);
        break;
    case LQ_I_LOGOUT_DONE:
        mark(script, event, LQ_SCRIPT_LOGGED_OUT);
        break;
    case LQ_W_FAULT:
        strike(script, event);
        break;
    case LQ_I_LOST:
        if (event->code == 0) /* not by its own doing */
            mark(script, event, LQ_SCRIPT_LOST);
        break;
    case LQ_I_COMMAND:
    case LQ_I_WRITE_DATA:
    case LQ_I_READ_DATA:
    case LQ_I_STATUS:
    case LQ_I_GAVE_UP:
    case LQ_I_TM:
    case LQ_I_TM_DONE:
        on_request(script, event);
        break;
    case LQ_E_RECEIVED:
    case LQ_E_REFUSED:
    case LQ_E_ENDED:
    case LQ_S_SUBMITTED:
    case LQ_S_COMPLETED:
        on_engine(script, event);
        break;
    default:
        return;
    }
    lq_script_consider(script);
}

struct lq_history_sink lq_script_sink(struct lq_script *script)
{
    return (struct lq_history_sink){.event = on_event, .context = script};
}

static struct lq_script_when last(const struct lq_script_initiator *initiator,
                                  enum lq_script_mark_kind kind)
{
    for (uint32_t i = initiator->mark_count; i > 0; i--)
        if (initiator->marks[i - 1].kind == kind)
            return initiator->marks[i - 1].when;
    return (struct lq_script_when){0, 0};
}

static struct lq_script_when status_like(const struct lq_script_initiator *initiator,
                                         const struct lq_scn_event *event)
{
    bool is_it = initiator->status == event->status &&
                 (initiator->sense & event->sense_mask) == event->sense;
    return is_it ? initiator->answered : (struct lq_script_when){0, 0};
}

struct lq_script_when lq_script_event(const struct lq_script *script,
                                      const struct lq_scn_event *event)
{
    switch (event->kind) {
    case LQ_SCN_ENDED:
    case LQ_SCN_FIRED:
        return script->facts[event->which].ended;
    case LQ_SCN_SENT:
        return script->facts[event->which].sent;
    case LQ_SCN_FATE_KNOWN:
        return script->facts[event->which].fate;
    case LQ_SCN_LOGIN:
        return last(&script->initiators[event->which], LQ_SCRIPT_LOGGED_IN);
    case LQ_SCN_REFUSED:
        return last(&script->initiators[event->which], LQ_SCRIPT_REFUSED);
    case LQ_SCN_LOGGED_OUT:
        return last(&script->initiators[event->which], LQ_SCRIPT_LOGGED_OUT);
    case LQ_SCN_LOST:
        return last(&script->initiators[event->which], LQ_SCRIPT_LOST);
    case LQ_SCN_GOT:
        return status_like(&script->initiators[event->which], event);
    default:
        return (struct lq_script_when){0, 0};
    }
}
