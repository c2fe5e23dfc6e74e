/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PR: persistent reservations and RESERVE: who is kept out, and whom that must be told.
 *
 * A request takes effect when the engine's record of its end stands in the history (PREEMPT AND
 * ABORT: when its first victim is affected), and a command is looked at when its request goes to
 * the store, or when it ends without one. CDBs and parameter lists are read from the wire; where
 * they were not all seen, the logical unit's model is unknown and nothing of it is judged until it
 * is empty for sure. Unit attentions are owed through UA.
 */
#include "conformance/judges/data.h"
#include "conformance/judges/digest.h"
#include "conformance/judges/reservation.h"
#include "conformance/judges/ua.h"

#include <string.h>

enum { PR_IN = 0x5e, PR_OUT = 0x5f, CONFLICT = 0x18, TASK_ABORTED = 0x40 };

struct model *reservation_model_of(struct lq_judge *judge, const struct lq_seen_unit *unit)
{
    struct lq_array *models = &state_of(judge)->models;
    while (models->count <= unit->unit)
        model_init(lq_array_add(models, judge->allocator));
    return lq_array_at(models, unit->unit);
}

/* --- convictions ------------------------------------------------------------------------------ */

static void convict(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_seen_task *task, const struct lq_event *cause,
                    const char *what)
{
    struct lq_text text = lq_text_form("command % ", task->serial, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, cause);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->enabled);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, property, &proof, &text);
}

/* --- parameter lists -------------------------------------------------------------------------- */

static struct list *list_of(struct lq_judge *judge, const struct lq_seen_asked *asked)
{
    struct reservation *state = state_of(judge);
    uint32_t *at = lq_map_put(&state->list_of, judge->allocator, asked->index);
    if (*at == LQ_NONE) {
        *at = state->lists.count;
        struct list *list = lq_array_add(&state->lists, judge->allocator);
        list->asked = asked;
        list->have = 0;
    }
    return lq_array_at(&state->lists, *at);
}

static void take_list(struct lq_judge *judge, const struct lq_data_seen *data)
{
    struct list *list = list_of(judge, data->asked);
    if (data->offset > list->have || data->kept_bytes != data->data_bytes ||
        (uint64_t)data->offset + data->data_bytes > LIST_BYTES_MAX)
        return;
    memcpy(list->bytes + data->offset, data->data, data->data_bytes);
    if (data->offset + data->data_bytes > list->have)
        list->have = data->offset + data->data_bytes;
}

/* What TASK, a PERSISTENT RESERVE OUT, asks for. */
static struct request request_of(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct lq_seen_asked *asked = task->asked;
    const struct list *list = list_of(judge, asked);
    uint32_t wanted = lq_wire_be32(asked->cdb + 5);
    struct request request = {.nexus = task->nexus->nexus,
                              .action = (enum action)(asked->cdb[1] & 0x1f),
                              .scope = asked->cdb[2] >> 4,
                              .type = asked->cdb[2] & 0x0f,
                              .list = list->bytes,
                              .list_bytes = wanted,
                              .view = &judge->view};
    request.is_whole = list->have >= wanted && asked->expected_bytes >= wanted;
    if (!request.is_whole || wanted < 24)
        return request;
    request.key = lq_wire_be64(list->bytes);
    request.service_key = lq_wire_be64(list->bytes + 8);
    if (request.action == REGISTER_AND_MOVE) {
        request.unreg = (list->bytes[17] & 2) != 0;
        request.aptpl = (list->bytes[17] & 1) != 0;
    } else {
        request.spec_i_pt = (list->bytes[20] & 8) != 0;
        request.all_tg_pt = (list->bytes[20] & 4) != 0;
        request.aptpl = (list->bytes[20] & 1) != 0;
    }
    return request;
}

/* --- who is told ------------------------------------------------------------------------------ */

static struct lq_seen_nexus *nexus_of(const struct lq_view *view, uint16_t target, uint64_t number)
{
    for (uint32_t i = 0; i < view->nexuses.count; i++) {
        struct lq_seen_nexus *nexus = lq_array_at(&view->nexuses, i);
        if (nexus->nexus == number && nexus->target == target)
            return nexus;
    }
    return NULL;
}

static void owe_news(struct lq_judge *judge, const struct lq_seen_unit *unit,
                     const struct outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->news_count; i++) {
        const struct news *news = &outcome->news[i];
        const struct lq_seen_nexus *nexus = nexus_of(&judge->view, unit->target, news->nexus);
        if (nexus == NULL)
            continue;
        judge->exercised[P_PR_6]++;
        lq_ua_owe(judge, nexus, unit, kind_of(news->code), nexus->is_established,
                  judge->view.event);
    }
}

bool lq_reservation_may_tell(struct lq_judge *judge, const struct lq_seen_unit *unit)
{
    return reservation_model_of(judge, unit)->was_unknown;
}

/* --- PERSISTENT RESERVE OUT ------------------------------------------------------------------- */

struct preempt *reservation_preempt_of(struct lq_judge *judge, uint64_t serial)
{
    uint32_t at = lq_map_get(&state_of(judge)->preempt_of, serial);
    return at == LQ_NONE ? NULL : lq_array_at(&state_of(judge)->preempts, at);
}

static void note_preempt(struct lq_judge *judge, const struct lq_seen_task *task,
                         const struct outcome *outcome)
{
    struct reservation *state = state_of(judge);
    *lq_map_put(&state->preempt_of, judge->allocator, task->serial) = state->preempts.count;
    struct preempt *preempt = lq_array_add(&state->preempts, judge->allocator);
    preempt->serial = task->serial;
    preempt->is_known = !reservation_model_of(judge, task->unit)->is_unknown;
    preempt->count = outcome->preempted_count;
    memcpy(preempt->nexuses, outcome->preempted, sizeof preempt->nexuses);
}

/* TASK has taken effect. */
static void carry_out(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct model *model = reservation_model_of(judge, task->unit);
    struct request request = request_of(judge, task);
    bool is_forged = task->command != NULL &&
                     lq_view_command_forged(&judge->view, task->command) != 0;
    struct outcome outcome = {0};
    if (request.is_whole && request.list_bytes >= 24 && !is_forged)
        model_apply(model, &request, &outcome);
    else
        model->is_unknown = true;
    model->is_doubtful = model->is_doubtful && task->submitted == NULL;
    model->knows_other = false;
    if (!model->is_unknown)
        owe_news(judge, task->unit, &outcome);
    if (request.action == PREEMPT_AND_ABORT)
        note_preempt(judge, task, &outcome);
    model->was_unknown = model->was_unknown || model->is_unknown;
    model->changed = judge->view.event;
}

/* PR-8: its status is what the rules say. */
static void judge_out(struct lq_judge *judge, const struct lq_seen_task *task, uint32_t status)
{
    struct model *model = reservation_model_of(judge, task->unit);
    struct request request = request_of(judge, task);
    if (model->is_unknown || !request.is_whole)
        return;
    if (model->reserver != 0 || model->reserver_is_unknown)
        return; /* PR-7 judges that */
    enum forecast forecast = model_forecast(model, &request);
    judge->exercised[P_PR_8]++;
    if (status == 0 && (forecast == MUST_CONFLICT || forecast == MUST_FAIL))
        convict(judge, P_PR_8, task, model->changed,
                "(PERSISTENT RESERVE OUT) ended GOOD, which its key, its type or who holds what "
                "forbids");
    else if (status == CONFLICT && forecast == MUST_SUCCEED)
        convict(judge, blamed(model, P_PR_8), task, model->changed,
                "(PERSISTENT RESERVE OUT) ended RESERVATION CONFLICT without a conflict");
}

/* --- PR-3: PREEMPT AND ABORT ------------------------------------------------------------------ */

static bool is_of_preempted(const struct preempt *preempt, const struct lq_seen_nexus *nexus)
{
    for (uint32_t i = 0; i < preempt->count; i++)
        if (preempt->nexuses[i] == nexus->nexus)
            return true;
    return false;
}

/* PREEMPTED's command is of those that TASK, a PREEMPT AND ABORT, must have ended. */
static bool should_have_ended(const struct lq_seen_task *preempted,
                              const struct lq_seen_task *task)
{
    if (preempted == task || preempted->entered == NULL || preempted->refused != NULL ||
        preempted->ended != NULL || !lq_same_unit(preempted->unit, task->unit))
        return false;
    bool is_older = preempted->nexus == task->nexus ? (int64_t)(preempted->stamp - task->stamp) < 0
                                                    : true;
    return is_older && task->enabled != NULL && preempted->entered->seq < task->enabled->seq;
}

static void judge_preempted(struct lq_judge *judge, const struct lq_seen_task *task)
{
    const struct preempt *preempt = reservation_preempt_of(judge, task->serial);
    if (preempt == NULL || !preempt->is_known)
        return;
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, i);
        if (nexus->target != task->unit->target || !is_of_preempted(preempt, nexus))
            continue;
        LQ_LIST_EACH(link, &nexus->tasks)
        {
            const struct lq_seen_task *left = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
            if (should_have_ended(left, task))
                convict(judge, P_PR_3, left, task->received,
                        "of a preempted I_T nexus had not ended when the PREEMPT AND ABORT did");
        }
    }
}

/* No late effect: DATA looks at what is read later. */
static void on_status(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_command *command = lq_view_command(&judge->view, event);
    const struct lq_seen_task *task = command == NULL ? NULL : command->task;
    if (task == NULL || task->enabled == NULL || task->unit == NULL || event->code != 0 ||
        lq_view_command_forged(&judge->view, command) != 0)
        return;
    const struct preempt *preempt = reservation_preempt_of(judge, task->serial);
    for (uint32_t i = 0; preempt != NULL && preempt->is_known && i < preempt->count; i++) {
        const struct lq_seen_nexus *nexus =
            nexus_of(&judge->view, task->unit->target, preempt->nexuses[i]);
        if (nexus != NULL && nexus != task->nexus)
            lq_data_fence_preempted(judge, nexus, task, event);
    }
}

static void on_affected(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->code != LQ_TRIGGER_PREEMPT_AND_ABORT)
        return;
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->value);
    const struct lq_seen_task *victim = lq_view_task(&judge->view, event->serial);
    if (task == NULL || task->unit == NULL || task->asked == NULL || victim == NULL ||
        victim->nexus == NULL)
        return;
    if (reservation_preempt_of(judge, task->serial) == NULL)
        carry_out(judge, task);
    const struct preempt *preempt = reservation_preempt_of(judge, task->serial);
    if (preempt == NULL || !preempt->is_known)
        return;
    judge->exercised[P_PR_3]++;
    if (!is_of_preempted(preempt, victim->nexus))
        convict(judge, P_PR_3, victim, task->received,
                "was aborted by a PREEMPT AND ABORT that does not preempt its I_T nexus");
}

/* --- PR-1, PR-2, PR-7: who is kept out -------------------------------------------------------- */

static enum class class_of_task(const struct lq_seen_task *task)
{
    return task->asked == NULL ? NOT_JUDGED : class_of(task->asked->cdb);
}

/* TASK goes on now. */
static void judge_passage(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct model *model = reservation_model_of(judge, task->unit);
    enum class class = class_of_task(task);
    if (class == NOT_JUDGED)
        return;
    if (!model->reserver_is_unknown && model->reserver != 0) {
        judge->exercised[P_PR_7]++;
        if (model_is_reserved_against(model, task->nexus->nexus, class))
            convict(judge, P_PR_7, task, model->changed,
                    "was carried out although another I_T nexus has reserved the logical unit");
    }
    if (model->is_unknown || model->type == 0)
        return;
    if (model_keeps_out(model, task->nexus->nexus, class))
        convict(judge, blamed(model, P_PR_1), task, model->changed,
                "was carried out although a persistent reservation keeps its I_T nexus out");
}

static void judge_conflict(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct model *model = reservation_model_of(judge, task->unit);
    enum class class = class_of_task(task);
    if (class == NOT_JUDGED || model->is_unknown || model->reserver_is_unknown)
        return;
    bool is_reserved = model_is_reserved_against(model, task->nexus->nexus, class);
    judge->exercised[P_PR_1] += !is_reserved;
    judge->exercised[P_PR_2]++;
    if (is_reserved || model_keeps_out(model, task->nexus->nexus, class))
        return;
    /* Where nobody is registered, only RESERVE can be meant. */
    enum lq_property_place usual = model->count == 0 ? P_PR_7 : P_PR_2;
    convict(judge, model->lost != NULL ? P_PR_9 : usual, task, model->changed,
            "ended RESERVATION CONFLICT although nothing keeps its I_T nexus out");
}

/* RESERVE and RELEASE [SPC-2 7.21, 7.16]. */
static void judge_reserve(struct lq_judge *judge, const struct lq_seen_task *task, uint32_t status)
{
    struct model *model = reservation_model_of(judge, task->unit);
    bool is_reserve = task->opcode == 0x16 || task->opcode == 0x56;
    uint64_t nexus = task->nexus->nexus;
    if (status != 0 || (task->asked->cdb[1] & 0x1f) != 0) {
        bool is_free = !model->reserver_is_unknown && model->reserver == 0 && model->count == 0 &&
                       !model->is_unknown;
        if (status == CONFLICT && is_reserve && is_free)
            convict(judge, P_PR_7, task, model->changed,
                    "(RESERVE) ended RESERVATION CONFLICT although nothing is reserved");
        return;
    }
    bool is_others = !model->reserver_is_unknown && model->reserver != 0 &&
                     model->reserver != nexus;
    judge->exercised[P_PR_7]++;
    if (is_reserve && is_others)
        convict(judge, P_PR_7, task, model->changed,
                "(RESERVE) ended GOOD although another I_T nexus has reserved the logical unit");
    if (model->is_unknown || model->count > 0) {
        /* GOOD without effect [SPC-4 5.13.3]; which of both it was, nobody sees. */
        model->reserver_is_unknown =
            model->reserver_is_unknown || model->is_unknown || model->reserver == nexus;
        return;
    }
    if (is_reserve || !is_others) {
        model->reserver_is_unknown = model->reserver_is_unknown && !is_reserve;
        model->reserver = is_reserve ? nexus : 0;
        model->changed = judge->view.event;
    }
}

/* A PERSISTENT RESERVE OUT is aborted while the store has what it changes: it may have changed. */
static void on_save_aborted(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct model *model = reservation_model_of(judge, task->unit);
    model->is_unknown = model->was_unknown = model->is_doubtful = true;
    model->knows_other = false;
}

static void on_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task != NULL && task->opcode == PR_OUT &&
        task->submitted != NULL && task->unit != NULL &&
        ((event->flags & LQ_F_ABORTED) || event->code == TASK_ABORTED))
        on_save_aborted(judge, task);
    if (task == NULL || task->ended != event || task->unit == NULL || task->nexus == NULL ||
        task->asked == NULL || (event->flags & LQ_F_ABORTED))
        return;
    struct model *model = reservation_model_of(judge, task->unit);
    uint32_t opcode = task->asked->cdb[0];
    if (opcode == PR_OUT) {
        bool has_begun = reservation_preempt_of(judge, task->serial) != NULL;
        if (!has_begun)
            judge_out(judge, task, event->code);
        if (event->code == 0 && !has_begun)
            carry_out(judge, task);
        if (event->code == 0)
            judge_preempted(judge, task);
        return;
    }
    if (opcode == 0x16 || opcode == 0x17 || opcode == 0x56 || opcode == 0x57) {
        judge_reserve(judge, task, event->code);
        return;
    }
    if (event->code == CONFLICT)
        judge_conflict(judge, task);
    /* One that had no request: looked at between its beginning and now. */
    bool is_old = model->changed != NULL && task->enabled != NULL &&
                  model->changed->seq > task->enabled->seq;
    if (event->code == 0 && task->submitted == NULL && !is_old)
        judge_passage(judge, task);
    if (event->code == 0 && opcode == PR_IN) {
        struct reservation *state = state_of(judge);
        struct expected *expected = &state->expected[state->expected_count++ % EXPECTED_MAX];
        expected->asked = task->asked;
        expected->model = *model;
        expected->unit = task->unit->unit;
    }
}

static void on_submitted(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    bool begins = task != NULL && task->requests == 1; /* who has begun goes on */
    if (!begins || task->unit == NULL || task->nexus == NULL)
        return;
    judge_passage(judge, task);
    if (task->opcode == PR_OUT && task->asked != NULL) {
        struct model *model = reservation_model_of(judge, task->unit);
        struct request request = request_of(judge, task);
        model_begin_save(model, &request);
    }
}

static void reservation_data(struct lq_judge *judge, const struct lq_data_seen *data)
{
    uint32_t opcode = data->asked->cdb[0];
    if (opcode == PR_OUT && data->direction == LQ_TO_TARGET)
        take_list(judge, data);
    else if (opcode == PR_IN && data->direction == LQ_FROM_TARGET)
        reservation_judge_in(judge, data);
}

/* --- what else happens ------------------------------------------------------------------------ */

/* Each logical unit of TARGET; NULL: there are no more. */
static struct model *next_model(struct lq_judge *judge, uint16_t target, uint32_t *at)
{
    for (; *at < judge->view.units.count; (*at)++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, *at);
        if (unit->unit != *at || unit->target != target)
            continue;
        (*at)++;
        return reservation_model_of(judge, unit);
    }
    return NULL;
}

static void on_nexus_ended(struct lq_judge *judge, const struct lq_event *event)
{
    uint32_t at = 0;
    for (struct model *model; (model = next_model(judge, event->target, &at)) != NULL;) {
        if (model_find(model, event->nexus) != NULL)
            model->shaken = event;
        if (model->reserver != event->nexus)
            continue;
        /* Only a logout must end it; else both are allowed [RFC 7143 4.4.3.2]. */
        bool is_logout = event->code == LQ_TRIGGER_LOGOUT;
        model->reserver = is_logout ? 0 : model->reserver;
        model->reserver_is_unknown = model->reserver_is_unknown || !is_logout;
        model->changed = event;
    }
}

/* I_T NEXUS RESET is a loss, too: what RESERVE gave may end with it, or not. */
static void forget_reserver(struct lq_judge *judge, const struct lq_seen_nexus *nexus,
                            const struct lq_event *event)
{
    uint32_t at = 0;
    for (struct model *model; (model = next_model(judge, nexus->target, &at)) != NULL;) {
        if (model->reserver != nexus->nexus)
            continue;
        model->reserver_is_unknown = true;
        model->changed = event;
    }
}

/* A reset of a logical unit ends what RESERVE gave, and nothing else; a cold one ends all. */
static void on_answered(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL || function->nexus == NULL || event->code != LQ_TM_COMPLETE)
        return;
    if (function->function == LQ_TM_I_T_NEXUS_RESET)
        forget_reserver(judge, function->nexus, event);
    bool is_cold = function->function == LQ_TM_TARGET_COLD_RESET;
    bool is_of_target = is_cold || function->function == LQ_TM_TARGET_WARM_RESET;
    if (!is_of_target && function->function != LQ_TM_LOGICAL_UNIT_RESET)
        return;
    for (uint32_t u = 0; u < judge->view.units.count; u++) {
        const struct lq_seen_unit *unit = lq_array_at(&judge->view.units, u);
        if (unit->unit != u || unit->target != function->nexus->target ||
            !(is_of_target || lq_same_unit(unit, function->unit)))
            continue;
        struct model *model = reservation_model_of(judge, unit);
        const struct lq_event *shaken = model->count > 0 ? event : NULL;
        bool was_unknown = model->was_unknown; /* what was told is still to be reported */
        bool is_unsure = model->is_unknown || model->aptpl_is_unknown;
        if (is_cold && (model->aptpl || is_unsure)) { /* as power on, but that nothing is lost */
            model->generation = 0;
            model->is_unknown = is_unsure;
            was_unknown = was_unknown || is_unsure;
        } else if (is_cold) {
            model_init(model);
        }
        model->was_unknown = was_unknown;
        model->reserver = 0;
        model->reserver_is_unknown = false;
        model->shaken = shaken != NULL && !is_cold ? shaken : model->shaken;
        model->changed = event;
    }
}

static void on_power(struct lq_judge *judge, const struct lq_event *event)
{
    struct lq_array *models = &state_of(judge)->models;
    for (uint32_t i = 0; i < models->count; i++)
        model_lose_power(lq_array_at(models, i), event);
}

/* A logical unit goes, and may come again: it has nothing of what was there before but what
 * persists. What another store keeps of it nobody knows. */
static void on_unit(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    if (unit == NULL)
        return;
    struct model *model = reservation_model_of(judge, unit);
    if (event->kind == LQ_W_LUN_CHANGED) {
        model_lose_power(model, event);
    } else if (!(event->flags & LQ_F_ABSENT)) {
        bool is_elsewhere = model->store != 0 && model->store != event->code + 1;
        model->is_unknown = model->is_unknown || is_elsewhere;
        model->was_unknown = model->was_unknown || is_elsewhere;
        model->store = event->code + 1;
    }
}

/* --- the part --------------------------------------------------------------------------------- */

static void reservation_event(struct lq_judge *judge, const struct lq_event *event)
{
    event = judge->view.event;
    switch (event->kind) {
    case LQ_E_ENDED: on_ended(judge, event); break;
    case LQ_I_STATUS: on_status(judge, event); break;
    case LQ_S_SUBMITTED: on_submitted(judge, event); break;
    case LQ_E_AFFECTED: on_affected(judge, event); break;
    case LQ_E_NEXUS_ENDED: on_nexus_ended(judge, event); break;
    case LQ_E_TM_ANSWERED: on_answered(judge, event); break;
    case LQ_W_POWER:
        if (lq_target_ends(event))
            on_power(judge, event);
        break;
    case LQ_W_LUN: on_unit(judge, event); break;
    case LQ_W_LUN_CHANGED:
        if (event->code == LQ_LUN_REMOVED)
            on_unit(judge, event);
        break;
    default: break;
    }
}

static void reservation_init(struct lq_judge *judge)
{
    struct reservation *state = lq_state_make(judge, LQ_STATE_RESERVATION, sizeof *state);
    lq_array_init(&state->models, sizeof(struct model));
    lq_array_init(&state->lists, sizeof(struct list));
    lq_array_init(&state->preempts, sizeof(struct preempt));
    lq_map_init(&state->list_of);
    lq_map_init(&state->preempt_of);
}

static void reservation_free(struct lq_judge *judge)
{
    struct reservation *state = state_of(judge);
    lq_array_free(&state->models, judge->allocator);
    lq_array_free(&state->lists, judge->allocator);
    lq_array_free(&state->preempts, judge->allocator);
    lq_map_free(&state->list_of, judge->allocator);
    lq_map_free(&state->preempt_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_RESERVATION, sizeof *state);
}

static void reservation_reset(struct lq_judge *judge)
{
    struct reservation *state = state_of(judge);
    lq_array_reset(&state->models);
    lq_array_reset(&state->lists);
    lq_array_reset(&state->preempts);
    lq_map_reset(&state->list_of);
    lq_map_reset(&state->preempt_of);
    state->expected_count = 0;
    memset(state->expected, 0, sizeof state->expected);
}

static const uint16_t kinds[] = {
    LQ_I_STATUS, LQ_E_ENDED, LQ_S_SUBMITTED, LQ_E_AFFECTED, LQ_E_NEXUS_ENDED, LQ_E_TM_ANSWERED,
    LQ_W_POWER, LQ_W_LUN, LQ_W_LUN_CHANGED, LQ_EVENT_NONE};

const struct lq_judge_part lq_reservation_part = {
    .name = "reservation",
    .init = reservation_init,
    .free = reservation_free,
    .reset = reservation_reset,
    .event = reservation_event,
    .kinds = kinds,
    .data = reservation_data,
    .digest = reservation_digest,
};
