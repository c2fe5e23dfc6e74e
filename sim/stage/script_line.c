/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines: what is told one statement after another. The first one is the timeline; each `when' is
 * one more, which begins when its event has happened, whatever the others are doing.
 *
 * Method: each line has a timer, which runs one statement each time it fires, so that what a
 * statement sets in motion at its instant has moved before the next one. An expectation with a
 * bound holds the statements behind it in its moment until it is decided.
 */
#include "core/base/assert.h"
#include "sim/stage/script_state.h"

enum { EVERY_MAX = 256 }; /* a `when every' begins so often */

static void timer_fires(struct lq_timer *timer);

static uint64_t now_of(const struct lq_script *script)
{
    return script->world->env.now_ns;
}

static const struct lq_scn_moment *moment_of(const struct lq_script_line *line)
{
    return &line->script->scenario->moments[line->moment];
}

static bool is_when(const struct lq_scn_moment *moment)
{
    return moment->kind == LQ_SCN_WHEN || moment->kind == LQ_SCN_WHEN_EVERY;
}

static void fire_at(struct lq_script_line *line, uint64_t time_ns)
{
    uint64_t now = now_of(line->script);
    lq_queue_at(&line->script->world->queue, &line->timer, time_ns < now ? now : time_ns,
                timer_fires);
}

/* --- patience ------------------------------------------------------------------------------- */

static void patience_ends(struct lq_timer *timer)
{
    struct lq_script *script = LQ_ELEMENT(timer, struct lq_script, patience);
    script->is_impatient = script->is_told = true; /* a moment that has not come never comes */
    script->lines[0].waits = false;
}

static void be_patient(struct lq_script *script, uint64_t duration_ns)
{
    lq_queue_at(&script->world->queue, &script->patience, now_of(script) + duration_ns,
                patience_ends);
}

/* The timeline has been told; now what it set in motion has a while to end. */
static void end_timeline(struct lq_script *script)
{
    uint64_t longest = script->world->patience_ns;
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_expect *expect = &script->scenario->statements[i].expect;
        if (expect->has_within && expect->within_ns > longest)
            longest = expect->within_ns;
    }
    script->is_told = true;
    be_patient(script, longest);
}

/* --- the timeline --------------------------------------------------------------------------- */

/* When the timeline's next moment begins. */
static void await_moment(struct lq_script_line *line)
{
    struct lq_script *script = line->script;
    const struct lq_scn_moment *moment = moment_of(line);
    if (moment->kind == LQ_SCN_AFTER) {
        struct lq_script_when when = lq_script_event(script, &moment->event);
        if (when.seq != 0)
            fire_at(line, when.time_ns + moment->time_ns);
        else if (!line->waits)
            be_patient(script, script->world->patience_ns);
        if (when.seq != 0 && line->waits)
            lq_queue_cancel(&script->world->queue, &script->patience);
        line->waits = when.seq == 0;
        return;
    }
    fire_at(line, moment->time_ns + (moment->kind == LQ_SCN_AT_PLUS ? line->before_ns
                                                                    : script->start_ns));
}

/* Moments one after another, but for those of other lines. */
static void go_on(struct lq_script_line *line)
{
    const struct lq_scenario *scenario = line->script->scenario;
    while (line->moment < scenario->moment_count && is_when(moment_of(line)))
        line->moment++;
    if (line->moment < scenario->moment_count)
        await_moment(line);
    else
        end_timeline(line->script);
}

/* --- when ----------------------------------------------------------------------------------- */

/* Moment MOMENT of the timeline begins (none: the run does): what stands behind it, before the next
 * one, looks out for events from now on. */
static void look_out(struct lq_script *script, uint32_t moment)
{
    const struct lq_scenario *scenario = script->scenario;
    for (uint32_t i = 1; i < script->line_count; i++) {
        struct lq_script_line *line = &script->lines[i];
        uint32_t before = line->moment;
        while (before > 0 && is_when(&scenario->moments[before - 1]))
            before--;
        if (before != moment)
            continue;
        line->waits = true;
        line->seen = script->seq;
    }
}

static void look(struct lq_script_line *line)
{
    const struct lq_scn_moment *moment = moment_of(line);
    if (!line->waits || line->script->is_exploring)
        return;
    struct lq_script_when when = lq_script_event(line->script, &moment->event);
    if (when.seq <= line->seen)
        return;
    line->seen = when.seq;
    line->times++;
    line->waits = moment->kind == LQ_SCN_WHEN_EVERY && line->times < EVERY_MAX;
    if (line->has_begun || lq_timer_is_set(&line->timer))
        line->pending++;
    else
        fire_at(line, when.time_ns + moment->time_ns);
}

/* --- all lines ------------------------------------------------------------------------------ */

static uint32_t first_statement(const struct lq_scenario *scenario, uint32_t moment)
{
    uint32_t i = 0;
    while (i < scenario->statement_count && scenario->statements[i].moment < moment)
        i++;
    return i;
}

static bool has_statement(const struct lq_script_line *line)
{
    const struct lq_scenario *scenario = line->script->scenario;
    return line->next < scenario->statement_count &&
           scenario->statements[line->next].moment == line->moment;
}

/* What stands behind an expectation with a bound, in the same moment, waits until it is decided. */
static bool holds(const struct lq_script *script, uint32_t place)
{
    const struct lq_scn_statement *statement = &script->scenario->statements[place];
    return statement->kind == LQ_SCN_EXPECT && statement->expect.has_within &&
           !lq_script_is_decided(script, place);
}

static void begin_moment(struct lq_script_line *line)
{
    struct lq_script *script = line->script;
    line->has_begun = true;
    line->next = first_statement(script->scenario, line->moment);
    line->before_ns = script->moment_ns[line->moment] = now_of(script);
    script->has_come[line->moment] = true;
    if (line == &script->lines[0])
        look_out(script, line->moment + 1);
}

static void end_moment(struct lq_script_line *line)
{
    line->has_begun = false;
    if (line == &line->script->lines[0]) {
        line->moment++;
        go_on(line);
    } else if (line->pending > 0) {
        line->pending--;
        fire_at(line, 0);
    }
}

static void timer_fires(struct lq_timer *timer)
{
    struct lq_script_line *line = LQ_ELEMENT(timer, struct lq_script_line, timer);
    struct lq_script *script = line->script;
    if (!line->has_begun)
        begin_moment(line);
    line->is_held = false;
    if (has_statement(line))
        lq_script_tell(script, line->next++);
    if (script->is_exploring)
        return; /* the rest is told by lq_script_tell_next */
    if (!has_statement(line)) {
        end_moment(line);
        return;
    }
    line->is_held = holds(script, line->next - 1);
    uint64_t within = script->scenario->statements[line->next - 1].expect.within_ns +
                      script->world->slack_ns;
    fire_at(line, line->is_held ? script->moment_ns[line->moment] + within : 0);
}

void lq_script_consider(struct lq_script *script)
{
    for (uint32_t i = 0; i < script->line_count; i++) {
        struct lq_script_line *line = &script->lines[i];
        if (i == 0 && line->waits)
            await_moment(line);
        else if (i > 0)
            look(line);
        if (line->is_held && lq_script_is_decided(script, line->next - 1)) {
            line->is_held = false;
            fire_at(line, 0);
        }
    }
}

void lq_script_begin_lines(struct lq_script *script)
{
    const struct lq_scenario *scenario = script->scenario;
    script->line_count = 1;
    for (uint32_t i = 0; i < scenario->moment_count; i++)
        if (is_when(&scenario->moments[i]))
            script->lines[script->line_count++].moment = i;
    LQ_ASSERT(script->line_count <= LQ_SCN_WHENS_MAX + 1);
    for (uint32_t i = 0; i < script->line_count; i++) {
        script->lines[i].script = script;
        script->lines[i].timer = (struct lq_timer){.fire = timer_fires};
    }
    script->start_ns = script->lines[0].before_ns = now_of(script);
    script->patience = (struct lq_timer){.fire = patience_ends};
    look_out(script, 0);
    go_on(&script->lines[0]);
}

bool lq_script_lines_wait(const struct lq_script *script)
{
    for (uint32_t i = 1; i < script->line_count; i++) {
        const struct lq_script_line *line = &script->lines[i];
        if (line->has_begun || lq_timer_is_set(&line->timer) || (line->waits && line->times == 0))
            return true;
    }
    return false;
}

void lq_script_end_lines(struct lq_script *script)
{
    struct lq_queue *queue = &script->world->queue;
    for (uint32_t i = 0; i < script->line_count; i++) {
        struct lq_script_line *line = &script->lines[i];
        lq_queue_cancel(queue, &line->timer);
        line->waits = line->is_held = false;
    }
    lq_queue_cancel(queue, &script->patience);
}
