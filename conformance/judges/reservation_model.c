/* SPDX-License-Identifier: Apache-2.0 */
/* The reservation judge's model: what each request does, and what each command may. */
#include "conformance/judges/reservation.h"

#include <string.h>

void model_init(struct model *model)
{
    *model = (struct model){0};
}

struct registrant *model_find(struct model *model, uint64_t nexus)
{
    for (uint32_t i = 0; i < model->count; i++)
        if (model->registrants[i].nexus == nexus)
            return &model->registrants[i];
    return NULL;
}

/* --- loss of power [SPC-4 r36f 5.13.5] -------------------------------------------------------- */

void model_begin_save(struct model *model, const struct request *request)
{
    struct outcome outcome;
    struct model after = *model;
    model->knows_other = false;
    if (!model->is_doubtful && !model->is_unknown && request->is_whole) {
        model_apply(&after, request, &outcome);
        model->knows_other = !after.is_unknown;
        model->other_count = after.aptpl ? after.count : 0;
        for (uint32_t i = 0; i < model->other_count; i++)
            model->other_keys[i] = after.registrants[i].key;
    }
    model->is_doubtful = true;
}

void model_lose_power(struct model *model, const struct lq_event *event)
{
    struct model kept = {.was_unknown = model->was_unknown,
                         .aptpl = model->aptpl,
                         .store = model->store,
                         .changed = event,
                         .lost = event};
    if (model->aptpl) {
        kept.count = model->count;
        memcpy(kept.registrants, model->registrants, sizeof kept.registrants);
        kept.type = model->type;
        kept.holder = model->holder;
    }
    bool is_unsure = model->is_unknown || model->aptpl_is_unknown;
    if (model->is_doubtful || is_unsure) {
        kept.knows_other = model->knows_other && !is_unsure;
        kept.aptpl_is_unknown = true;
        kept.other_count = model->other_count;
        memcpy(kept.other_keys, model->other_keys, sizeof kept.other_keys);
        kept.is_unknown = kept.was_unknown = true;
        kept.is_doubtful = !kept.knows_other;
    }
    *model = kept;
}

static bool is_registered(const struct model *model, uint64_t nexus)
{
    for (uint32_t i = 0; i < model->count; i++)
        if (model->registrants[i].nexus == nexus)
            return true;
    return false;
}

/* --- types [SPC-4 t175] ----------------------------------------------------------------------- */

static bool type_is_valid(uint8_t type)
{
    return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

bool type_lets_registrants_in(uint8_t type)
{
    return type >= 5;
}

static bool type_is_for_all(uint8_t type)
{
    return type >= 7;
}

static bool type_is_exclusive(uint8_t type)
{
    return type == 3 || type == 6 || type == 8;
}

bool model_holds(const struct model *model, uint64_t nexus)
{
    if (model->type == 0)
        return false;
    return type_is_for_all(model->type) ? is_registered(model, nexus) : model->holder == nexus;
}

/* --- commands [SPC-4 t65, SBC-4 t13, SPC-2 5.5.1] --------------------------------------------- */

struct range {
    uint8_t first, last; /* operation codes */
    int action;          /* -1: any */
    enum class class;
};

static const struct range ranges[] = {
    {0x12, 0x12, -1, ALWAYS}, {0xa0, 0xa0, -1, ALWAYS}, {0x03, 0x03, -1, ALWAYS},
    {0x25, 0x25, -1, ALWAYS}, {0x9e, 0x9e, 0x10, ALWAYS}, {0x4d, 0x4d, -1, ALWAYS},
    {0xa3, 0xa3, 0x0a, ALWAYS},
    {0x00, 0x00, -1, STATUS}, {0x5e, 0x5e, -1, STATUS},
    {0x08, 0x08, -1, READS}, {0x28, 0x28, -1, READS}, {0xa8, 0xa8, -1, READS},
    {0x88, 0x88, -1, READS}, {0x1a, 0x1a, -1, READS}, {0x5a, 0x5a, -1, READS},
    {0x2f, 0x2f, -1, READS}, {0x8f, 0x8f, -1, READS}, {0xaf, 0xaf, -1, READS},
    {0x34, 0x34, -1, READS}, {0x90, 0x90, -1, READS}, {0x9e, 0x9e, 0x12, READS},
    {0xa3, 0xa3, 0x0c, READS}, {0xa3, 0xa3, 0x0d, READS},
    {0x0a, 0x0a, -1, WRITES}, {0x2a, 0x2a, -1, WRITES}, {0xaa, 0xaa, -1, WRITES},
    {0x8a, 0x8a, -1, WRITES}, {0x35, 0x35, -1, WRITES}, {0x91, 0x91, -1, WRITES},
    {0x2e, 0x2e, -1, WRITES}, {0x8e, 0x8e, -1, WRITES}, {0xae, 0xae, -1, WRITES},
    {0x41, 0x42, -1, WRITES}, {0x93, 0x93, -1, WRITES}, {0x89, 0x89, -1, WRITES},
    {0x8b, 0x8b, -1, WRITES}, {0x9c, 0x9c, -1, WRITES}, {0x04, 0x04, -1, WRITES},
    {0x7f, 0x7f, 0x09, READS}, {0x7f, 0x7f, 0x0a, READS}, {0x7f, 0x7f, -1, WRITES},
    {0x48, 0x48, -1, WRITES}, {0x1d, 0x1d, -1, WRITES}, {0x1c, 0x1c, -1, READS},
    {0x37, 0x37, -1, READS}, {0xb7, 0xb7, -1, READS}, {0xa3, 0xa3, 0x0f, STATUS},
    {0xa4, 0xa4, 0x0f, WRITES}, {0x15, 0x15, -1, WRITES}, {0x55, 0x55, -1, WRITES},
};

/* SERVICE ACTION; of a variable length CDB the lower byte of it. */
static int action_of(const uint8_t *cdb)
{
    return cdb[0] == 0x7f ? cdb[9] : cdb[1] & 0x1f;
}

enum class class_of(const uint8_t *cdb)
{
    for (uint32_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (cdb[0] >= ranges[i].first && cdb[0] <= ranges[i].last &&
            (ranges[i].action < 0 || action_of(cdb) == ranges[i].action))
            return ranges[i].class;
    return NOT_JUDGED;
}

bool model_keeps_out(struct model *model, uint64_t nexus, enum class class)
{
    bool concerns = class == WRITES || (class == READS && type_is_exclusive(model->type));
    if (model->type == 0 || !concerns || model_holds(model, nexus))
        return false;
    return !(type_lets_registrants_in(model->type) && is_registered(model, nexus));
}

bool model_is_reserved_against(const struct model *model, uint64_t nexus, enum class class)
{
    return model->reserver != 0 && model->reserver != nexus &&
           (class == STATUS || class == READS || class == WRITES);
}

/* --- PERSISTENT RESERVE OUT: what must become of it [SPC-4 t66, 5.13.7 to 5.13.11] ------------ */

static bool is_key_known(const struct model *model, uint64_t key)
{
    for (uint32_t i = 0; i < model->count; i++)
        if (model->registrants[i].key == key)
            return true;
    return false;
}

static enum forecast forecast_register(const struct request *request,
                                       const struct registrant *own)
{
    bool is_plain = !request->spec_i_pt && !request->all_tg_pt && !request->aptpl &&
                    request->list_bytes == 24;
    if (request->action == REGISTER && request->key != (own != NULL ? own->key : 0))
        return MUST_CONFLICT;
    if (request->spec_i_pt && (own != NULL || request->action != REGISTER))
        return MUST_FAIL;
    return is_plain ? MUST_SUCCEED : MAY_SUCCEED;
}

static enum forecast forecast_reserve(const struct model *model, const struct request *request)
{
    if (request->scope != 0 || !type_is_valid(request->type))
        return MUST_FAIL;
    if (model->type == 0)
        return MUST_SUCCEED;
    return model_holds(model, request->nexus) && model->type == request->type ? MUST_SUCCEED
                                                                              : MUST_CONFLICT;
}

static enum forecast forecast_release(const struct model *model, const struct request *request)
{
    if (request->scope != 0 || !type_is_valid(request->type))
        return MUST_FAIL;
    bool is_wrong = model_holds(model, request->nexus) && model->type != request->type;
    return is_wrong ? MUST_FAIL : MUST_SUCCEED;
}

/* The reservation goes to who preempts. */
static bool takes_reservation(const struct model *model, const struct request *request)
{
    if (model->type == 0)
        return false;
    if (type_is_for_all(model->type))
        return request->service_key == 0;
    for (uint32_t i = 0; i < model->count; i++)
        if (model->registrants[i].nexus == model->holder)
            return model->registrants[i].key == request->service_key;
    return false;
}

static enum forecast forecast_preempt(const struct model *model, const struct request *request)
{
    if (request->service_key == 0 && !type_is_for_all(model->type))
        return MUST_FAIL;
    if (request->service_key != 0 && !is_key_known(model, request->service_key))
        return MUST_CONFLICT;
    if (takes_reservation(model, request) &&
        (request->scope != 0 || !type_is_valid(request->type)))
        return MUST_FAIL;
    /* Slots for what ends commands may be in use. */
    return request->action == PREEMPT ? MUST_SUCCEED : MAY_SUCCEED;
}

static enum forecast forecast_move(const struct model *model, const struct request *request)
{
    if (model->type == 0 || request->service_key == 0)
        return MUST_FAIL;
    if (type_is_for_all(model->type) || model->holder != request->nexus)
        return MUST_CONFLICT;
    return MAY_SUCCEED; /* the other I_T nexus has to be well named */
}

enum forecast model_forecast(struct model *model, const struct request *request)
{
    const struct registrant *own = model_find(model, request->nexus);
    if (!request->is_whole || request->list_bytes < 24)
        return MUST_FAIL;
    if (request->action == REGISTER || request->action == REGISTER_AND_IGNORE)
        return forecast_register(request, own);
    if (own == NULL)
        return MUST_CONFLICT;
    if (request->action == REPLACE_LOST)
        return MUST_FAIL;
    if (request->key != own->key)
        return MUST_CONFLICT;
    if (request->action == REGISTER_AND_MOVE)
        return forecast_move(model, request);
    if (request->list_bytes != 24 || request->spec_i_pt)
        return MUST_FAIL;
    switch (request->action) {
    case RESERVE: return forecast_reserve(model, request);
    case RELEASE: return forecast_release(model, request);
    case PREEMPT:
    case PREEMPT_AND_ABORT: return forecast_preempt(model, request);
    default: return MUST_SUCCEED; /* CLEAR */
    }
}

/* --- what it does ----------------------------------------------------------------------------- */

static void tell(struct outcome *outcome, const struct request *request, uint64_t nexus,
                 uint32_t code)
{
    if (nexus != request->nexus && outcome->news_count < REGISTRANTS_MAX)
        outcome->news[outcome->news_count++] = (struct news){nexus, code};
}

static void tell_all(const struct model *model, struct outcome *outcome,
                     const struct request *request, uint32_t code)
{
    for (uint32_t i = 0; i < model->count; i++)
        tell(outcome, request, model->registrants[i].nexus, code);
}

static void end_reservation(struct model *model)
{
    model->type = 0;
    model->holder = 0;
}

static void add(struct model *model, uint64_t nexus, uint64_t key)
{
    struct registrant *there = model_find(model, nexus);
    if (there != NULL)
        there->key = key;
    else if (model->count < REGISTRANTS_MAX)
        model->registrants[model->count++] = (struct registrant){nexus, key};
    else
        model->is_unknown = true;
}

static void drop(struct model *model, uint64_t nexus)
{
    struct registrant *there = model_find(model, nexus);
    if (there == NULL)
        return;
    *there = model->registrants[--model->count];
    if (model->holder == nexus || (model->count == 0 && type_is_for_all(model->type)))
        end_reservation(model);
}

static void unregister(struct model *model, const struct request *request,
                       struct outcome *outcome)
{
    bool shares = !type_is_for_all(model->type) && type_lets_registrants_in(model->type) &&
                  model->holder == request->nexus;
    drop(model, request->nexus);
    if (shares)
        tell_all(model, outcome, request, 0x2a04);
}

/* The number of the I_T nexus of the initiator port at ID; through which port of the target is not
 * said, so it must be known through one only. 0: it is not. */
static uint64_t nexus_named(const struct request *request, const uint8_t *id, uint32_t bytes)
{
    enum { PORTS_MAX = 16 };
    uint64_t found = 0;
    for (uint16_t port = 1; port <= PORTS_MAX; port++) {
        uint64_t hash = lq_nexus_hash(id, bytes, port);
        for (uint32_t i = 0; i < request->view->nexuses.count; i++) {
            const struct lq_seen_nexus *nexus = lq_array_at(&request->view->nexuses, i);
            if (nexus->nexus != hash || found == hash)
                continue;
            if (found != 0)
                return 0;
            found = hash;
        }
    }
    return found;
}

/* Every initiator port of the list; each TransportID says how long it is [SPC-4 7.6.4]. */
static void add_listed(struct model *model, const struct request *request)
{
    uint32_t at = 28;
    while (at + 4 <= request->list_bytes) {
        uint32_t bytes = 4 + lq_wire_be16(request->list + at + 2);
        uint64_t nexus = bytes > request->list_bytes - at
                             ? 0
                             : nexus_named(request, request->list + at, bytes);
        /* Whether one that is registered already gets the key is not said. */
        if (nexus == 0 || is_registered(model, nexus)) {
            model->is_unknown = true;
            return;
        }
        add(model, nexus, request->service_key);
        at += bytes;
    }
}

static void apply_register(struct model *model, const struct request *request,
                           struct outcome *outcome)
{
    if (request->all_tg_pt)
        model->is_unknown = true; /* how many ports there are is not known here */
    bool is_there = is_registered(model, request->nexus);
    model->aptpl = request->aptpl;
    model->aptpl_is_unknown = false;
    if (!is_there && request->service_key == 0) {
        model->generation_is_unknown = true; /* whether that counts is open [SPC-4 5.13.5] */
        return;
    }
    model->generation++;
    if (request->service_key == 0) {
        unregister(model, request, outcome);
        return;
    }
    add(model, request->nexus, request->service_key);
    if (request->spec_i_pt)
        add_listed(model, request);
}

static void reserve(struct model *model, const struct request *request)
{
    model->type = request->type;
    model->holder = type_is_for_all(request->type) ? 0 : request->nexus;
}

static void apply_release(struct model *model, const struct request *request,
                          struct outcome *outcome)
{
    if (!model_holds(model, request->nexus))
        return;
    bool shares = type_lets_registrants_in(model->type);
    end_reservation(model);
    if (shares)
        tell_all(model, outcome, request, 0x2a04);
}

static void apply_preempt(struct model *model, const struct request *request,
                          struct outcome *outcome)
{
    bool takes = takes_reservation(model, request);
    uint8_t former = model->type;
    struct model before = *model;
    for (uint32_t i = 0; i < before.count; i++) {
        const struct registrant *registrant = &before.registrants[i];
        if (request->service_key != 0 && registrant->key != request->service_key)
            continue;
        if (request->action == PREEMPT_AND_ABORT)
            outcome->preempted[outcome->preempted_count++] = registrant->nexus;
        if (takes && registrant->nexus == request->nexus)
            continue;
        drop(model, registrant->nexus);
        tell(outcome, request, registrant->nexus, 0x2a05);
    }
    if (!takes)
        return;
    reserve(model, request);
    if (former != request->type)
        tell_all(model, outcome, request, 0x2a04);
}

static void apply_move(struct model *model, const struct request *request)
{
    uint32_t bytes = request->list_bytes - 24;
    if (bytes < 4) {
        model->is_unknown = true;
        return;
    }
    uint16_t port = (uint16_t)lq_wire_be16(request->list + 18);
    uint64_t nexus = lq_nexus_hash(request->list + 24, bytes, port);
    add(model, nexus, request->service_key);
    model->aptpl = request->aptpl;
    model->aptpl_is_unknown = false;
    model->holder = nexus;
    if (request->unreg)
        drop(model, request->nexus);
}

void model_apply(struct model *model, const struct request *request, struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    switch (request->action) {
    case REGISTER:
    case REGISTER_AND_IGNORE:
        apply_register(model, request, outcome);
        return;
    case RESERVE:
        if (model->type == 0)
            reserve(model, request);
        return;
    case RELEASE:
        apply_release(model, request, outcome);
        return;
    case CLEAR: /* of registrations that are not known, who is told is not known either */
        if (!model->is_unknown)
            tell_all(model, outcome, request, 0x2a03);
        model->count = 0;
        end_reservation(model);
        model->generation_is_unknown = model->generation_is_unknown || model->is_unknown;
        model->aptpl_is_unknown = model->aptpl_is_unknown || model->is_unknown;
        model->is_unknown = false;
        break;
    case PREEMPT:
    case PREEMPT_AND_ABORT:
        apply_preempt(model, request, outcome);
        break;
    case REGISTER_AND_MOVE:
        apply_move(model, request);
        break;
    case REPLACE_LOST:
        model->is_unknown = true;
        return;
    }
    model->generation++;
}
