/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: lines (script_line.c) say what is told when. Initiators keep lists of what they have been
 * told and work them off in order; the ways to lose a session do not wait in the list.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "sim/stage/admin.h"
#include "sim/stage/script_state.h"

/* Serials of what the world adds by itself (logouts at the end) have a space of their own. */
enum { OWN_STEPS = 1 << 20 }; /* see serial_of in script_action.c */

static const uint64_t LAST_WATCH_NS = 1000000000;

/* --- life ----------------------------------------------------------------------------------- */

struct lq_script *lq_script_make(const struct lq_allocator *allocator)
{
    struct lq_script *script = lq_resize(allocator, NULL, 0, sizeof *script);
    memset(script, 0, sizeof *script);
    return script;
}

void lq_script_free(struct lq_script *script, const struct lq_allocator *allocator)
{
    (void)lq_resize(allocator, script, sizeof *script, 0);
}

/* Faults strike by the odds that a scenario gives them, and who works by itself draws as in a
 * seed's run; all else is benign. Subjects of initiators' draws begin with their number. */
bool lq_script_works(const struct lq_script *script, uint32_t number)
{
    return number > 0 && number <= script->scenario->initiator_count &&
           script->scenario->initiators[number - 1].works;
}

static uint64_t choose(struct lq_choice *choice, uint32_t stream, uint32_t site, uint64_t subject,
                       uint64_t n)
{
    struct lq_script *script = LQ_ELEMENT(choice, struct lq_script, choice);
    bool works = stream == LQ_STREAM_INITIATOR &&
                 lq_script_works(script, (uint32_t)(subject >> 40));
    if (stream != LQ_STREAM_FAULT && !works)
        return 0;
    return lq_choose(script->world->draws, stream, site, subject, n);
}

static uint32_t actor_of(void *context, uint32_t connection)
{
    const struct lq_script *script = context;
    const struct lq_world *world = script->world;
    if (lq_link_of_connection(connection) != 0)
        return lq_link_of_connection(connection); /* an initiator's number is its link's */
    for (uint32_t i = 0; i < world->actor_count; i++) {
        const struct lq_connection *own = world->actors[i].connection;
        if (own != NULL && own->number == connection)
            return i + 1;
    }
    return 0;
}

static uint64_t hash_of_zeros(uint32_t block_bytes)
{
    static const uint8_t zeros[4096] = {0};
    LQ_ASSERT(block_bytes <= sizeof zeros);
    return lq_hash(0, zeros, block_bytes);
}

struct lq_choice *lq_script_begin(struct lq_script *script, struct lq_world *world,
                                  const struct lq_scenario *scenario)
{
    memset(script, 0, sizeof *script);
    script->choice.choose = choose;
    script->world = world;
    script->scenario = scenario;
    script->zeros = hash_of_zeros((uint32_t)world->plan.options[LQ_OPT_BLOCK_BYTES]);
    lq_history_attach(&world->history, lq_script_sink(script));
    return &script->choice;
}

void lq_script_arm(struct lq_script *script)
{
    struct lq_world *world = script->world;
    const struct lq_pdu_table *pdus =
        lq_scenario_table(lq_shard_pdus, script->scenario->transport);
    for (uint32_t i = 0; i < script->scenario->statement_count; i++)
        if (script->scenario->statements[i].kind == LQ_SCN_FAULT)
            script->rule_of[i] =
                lq_scenario_rule(&script->scenario->statements[i].fault, pdus);
    script->rules = (struct lq_fault_rules){.rules = script->rule_of,
                                            .count = script->scenario->statement_count,
                                            .actor_of = actor_of,
                                            .context = script};
    lq_faults_follow(&world->faults, &script->rules, 0);
    for (uint32_t i = 0; i < LQ_PLAN_STORES_MAX; i++) {
        lq_faults_init(&world->disk_faults[i], world->env.choice, &world->history,
                       &world->env.now_ns);
        lq_faults_follow(&world->disk_faults[i], &script->rules, i + 1);
    }
}

bool lq_script_has_pdu_faults(const struct lq_script *script)
{
    for (uint32_t i = 0; i < script->rules.count; i++)
        if (lq_fault_class(script->rule_of[i].fault)->place == LQ_FAULT_PLACE_PDU)
            return true;
    return false;
}

const struct lq_fault_rule *lq_script_rules(const struct lq_script *script)
{
    return script->rule_of;
}

struct lq_faults *lq_script_disk_faults(struct lq_script *script, uint32_t store)
{
    return &script->world->disk_faults[store];
}

void lq_script_disarm(struct lq_script *script)
{
    for (uint32_t i = 0; i < script->rules.count; i++)
        script->rule_of[i].is_armed = false;
}

/* --- statements ----------------------------------------------------------------------------- */

/* Losing or beginning a session happens at its moment: what waits before it never happens. */
static bool jumps_the_queue(uint32_t verb)
{
    return verb == LQ_SCN_VANISH || verb == LQ_SCN_RELOGIN || verb == LQ_SCN_DROP ||
           verb == LQ_SCN_CLOSE;
}

static void drop_todo(struct lq_script *script, struct lq_script_initiator *initiator)
{
    for (; initiator->count > 0; initiator->count--, initiator->first++)
        script->facts[initiator->todo[initiator->first % LQ_SCN_STATEMENTS_MAX]].is_dropped = true;
}

static void give(struct lq_script *script, uint32_t place)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    struct lq_script_initiator *initiator = &script->initiators[action->initiator];
    if (jumps_the_queue(action->verb))
        drop_todo(script, initiator);
    if (initiator->count == LQ_SCN_STATEMENTS_MAX) { /* a `when every' that comes all the time */
        script->facts[place].is_dropped = true;
        return;
    }
    uint32_t at = (initiator->first + initiator->count++) % LQ_SCN_STATEMENTS_MAX;
    initiator->todo[at] = (uint16_t)place;
    lq_script_wake(script, &script->world->actors[action->initiator]);
}

static const uint64_t DOWN_NS = 1000000000;

/* A catastrophe, now; a target that goes down stays so for a second unless it is said. */
static void strike(struct lq_script *script, const struct lq_scn_fault *fault)
{
    struct lq_world *world = script->world;
    if (world->strike == NULL || world->phase != LQ_PHASE_SAFETY)
        return;
    uint32_t store = fault->store_or_all == 0 ? 0 : fault->store_or_all - 1;
    world->strike(world, (enum lq_fault)fault->fault, store,
                  lq_scn_value(&fault->rule, LQ_SCN_BY, DOWN_NS));
}

void lq_script_tell(struct lq_script *script, uint32_t place)
{
    const struct lq_scn_statement *statement = &script->scenario->statements[place];
    switch (statement->kind) {
    case LQ_SCN_ACTION:
        give(script, place);
        break;
    case LQ_SCN_FAULT:
        if (script->world->phase != LQ_PHASE_SAFETY)
            break; /* no fault follows heal */
        script->was_armed[place] = true;
        lq_scenario_arm(&script->rule_of[place], &statement->fault, script->world->env.now_ns);
        break;
    case LQ_SCN_DISARM:
        script->rule_of[statement->rule].is_armed = false;
        break;
    case LQ_SCN_STRIKE:
        strike(script, &statement->fault);
        break;
    case LQ_SCN_HEAL:
        if (script->world->phase == LQ_PHASE_SAFETY)
            lq_world_heal(script->world);
        break;
    case LQ_SCN_CHANGE:
        script->refused[place] = lq_world_change(script->world, &statement->change);
        break;
    case LQ_SCN_FABRIC:
        if (script->world->phase == LQ_PHASE_SAFETY && script->world->fabric != NULL)
            script->refused[place] =
                script->world->fabric(script->world, &statement->fabric);
        break;
    case LQ_SCN_EXPLORE:
        script->is_exploring = script->world->request.explores;
        break;
    default:
        break; /* expectations are looked at in the end */
    }
}

/* What stands in no moment: faults that were added to the file. */
static void tell_from_start(struct lq_script *script)
{
    script->has_come[LQ_SCN_FROM_START] = true;
    for (uint32_t i = 0; i < script->scenario->statement_count; i++)
        if (script->scenario->statements[i].moment == LQ_SCN_FROM_START)
            lq_script_tell(script, i);
}

void lq_script_start(struct lq_script *script)
{
    struct lq_world *world = script->world;
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (world->actors[i].is_scripted)
            world->actors[i].steps = OWN_STEPS;
    tell_from_start(script);
    lq_script_begin_lines(script);
}

/* --- exploring ------------------------------------------------------------------------------ */

bool lq_script_is_exploring(const struct lq_script *script)
{
    return script->is_exploring;
}

void lq_script_begin_exploring(struct lq_script *script)
{
    struct lq_script_line *line = &script->lines[0];
    for (uint32_t i = line->moment; i < script->scenario->moment_count; i++)
        script->moment_ns[i] = script->world->env.now_ns;
    for (uint32_t i = 0; i < script->world->actor_count; i++)
        script->initiators[i].free_next = line->next;
    line->moment = script->scenario->moment_count;
    line->has_begun = false;
    script->is_told = true;
}

/* Place of what INITIATOR is told next; the number of statements when there is nothing. */
static uint32_t free_action(const struct lq_script *script, uint32_t initiator)
{
    const struct lq_scenario *scenario = script->scenario;
    uint32_t place = script->initiators[initiator].free_next;
    for (; place < scenario->statement_count; place++) {
        const struct lq_scn_statement *statement = &scenario->statements[place];
        if (statement->kind == LQ_SCN_ACTION && statement->action.initiator == initiator)
            break;
    }
    return place;
}

bool lq_script_has_next(const struct lq_script *script, uint32_t initiator)
{
    return script->initiators[initiator].count == 0 &&
           free_action(script, initiator) < script->scenario->statement_count;
}

uint32_t lq_script_tell_next(struct lq_script *script, uint32_t initiator)
{
    uint32_t place = free_action(script, initiator);
    script->initiators[initiator].free_next = place + 1;
    give(script, place);
    return place;
}

/* --- initiators ----------------------------------------------------------------------------- */

static bool has_tm(const struct lq_actor *actor)
{
    for (uint32_t i = 0; i < LQ_TM_SLOTS; i++)
        if (actor->tms[i].in_use)
            return true;
    return false;
}

/* Nothing that ACTOR began is under way. */
static bool is_quiet(const struct lq_script *script, const struct lq_actor *actor)
{
    bool is_settled = actor->state == LQ_ACTOR_UP || actor->state == LQ_ACTOR_DOWN ||
                      actor->state == LQ_ACTOR_DONE;
    const struct lq_script_initiator *initiator = &script->initiators[actor->number - 1];
    bool can_go_on = actor->state == LQ_ACTOR_UP && initiator->count > 0;
    return is_settled && !can_go_on && actor->outstanding == 0 && !has_tm(actor) &&
           !lq_script_awaits_raw(script, actor);
}

bool lq_script_is_quiet(const struct lq_script *script)
{
    for (uint32_t i = 0; i < script->world->actor_count; i++)
        if (script->world->actors[i].is_scripted && !is_quiet(script, &script->world->actors[i]))
            return false;
    return true;
}

bool lq_script_is_over(const struct lq_script *script)
{
    if (!script->is_told || script->is_impatient)
        return script->is_told;
    return lq_script_is_quiet(script) && !lq_script_lines_wait(script);
}

static void go_home(struct lq_script *script, struct lq_actor *actor)
{
    if (actor->state == LQ_ACTOR_DOWN) {
        drop_todo(script, &script->initiators[actor->number - 1]);
        actor->state = LQ_ACTOR_DONE;
    } else if (actor->state == LQ_ACTOR_UP && actor->outstanding == 0 && !has_tm(actor)) {
        drop_todo(script, &script->initiators[actor->number - 1]); /* the first can never begin */
        lq_actor_log_out(actor, lq_actor_serial(actor, ++actor->steps));
    }
}

void lq_script_wake(struct lq_script *script, struct lq_actor *actor)
{
    struct lq_script_initiator *initiator = &script->initiators[actor->number - 1];
    while (initiator->count > 0) {
        uint32_t place = initiator->todo[initiator->first % LQ_SCN_STATEMENTS_MAX];
        script->refused[place] = NULL;
        if (!lq_script_act(script, actor, place))
            break;
        if (script->refused[place] == NULL)
            script->facts[place].is_begun = true;
        script->facts[place].times++;
        initiator->first++;
        initiator->count--;
    }
    if (script->is_finishing)
        go_home(script, actor);
}

void lq_script_finish(struct lq_script *script)
{
    struct lq_world *world = script->world;
    script->is_finishing = true;
    lq_script_disarm(script);
    lq_script_end_lines(script);
    for (uint32_t i = 0; i < world->actor_count; i++) {
        struct lq_actor *actor = &world->actors[i];
        if (!actor->is_scripted)
            continue; /* it ends by itself after heal */
        for (uint32_t c = 0; c < LQ_COMMAND_SLOTS; c++)
            if (actor->commands[c].place == LQ_COMMAND_SENT)
                lq_actor_watch(&actor->commands[c], LAST_WATCH_NS);
        lq_actor_heal(actor, 0); /* what was withheld or deserted since heal */
        lq_actor_wake_in(actor, 0);
    }
    world->network->heal(world);
}
