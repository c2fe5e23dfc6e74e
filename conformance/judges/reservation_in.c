/* SPDX-License-Identifier: Apache-2.0 */
/* What PERSISTENT RESERVE IN tells, against the reservation judge's model; and its digest. */
#include "conformance/judges/digest.h"
#include "conformance/judges/reservation.h"

/* --- PR-4, PR-5: what is registered and reserved ---------------------------------------------- */

static void convict_read(struct lq_judge *judge, const struct expected *expected, bool is_less,
                         const struct lq_data_seen *data, const char *what)
{
    struct lq_text text = lq_text_form("PERSISTENT RESERVE IN ", 0, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, expected->model.changed);
    lq_proof_event(&proof, expected->model.shaken);
    const struct lq_seen_asked *asked = data->asked;
    lq_proof_wire(&proof, asked->request, asked->connection, LQ_TO_TARGET, asked->opcode,
                  asked->tag);
    lq_proof_wire(&proof, data->at, asked->connection, data->direction, data->opcode, asked->tag);
    bool is_of_loss = is_less || expected->model.lost != NULL;
    lq_convict(judge, is_of_loss ? blamed(&expected->model, P_PR_4) : P_PR_4, &proof, &text);
}

/* True when the N numbers of 8 bytes at BYTES are KEYS, COUNT of them, in any order. */
static bool are_these(const uint64_t *keys, uint32_t count, const uint8_t *bytes, uint32_t n)
{
    bool is_taken[REGISTRANTS_MAX] = {false};
    if (n != count)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = 0;
        while (k < n && (is_taken[k] || keys[k] != lq_wire_be64(bytes + (size_t)8 * i)))
            k++;
        if (k == n)
            return false;
        is_taken[k] = true;
    }
    return true;
}

/* The same of the registrants' keys. */
static bool are_keys(const struct model *model, const uint8_t *bytes, uint32_t n)
{
    uint64_t keys[REGISTRANTS_MAX];
    for (uint32_t i = 0; i < model->count; i++)
        keys[i] = model->registrants[i].key;
    return are_these(keys, model->count, bytes, n);
}

/* Power was lost while a change was with the store: it is there as a whole, or not at all. */
static void judge_doubtful(struct lq_judge *judge, const struct expected *expected,
                           const struct lq_data_seen *data)
{
    const struct model *model = &expected->model;
    uint32_t n = lq_wire_be32(data->data + 4) / 8;
    if (!model->knows_other || model->lost == NULL || data->data_bytes < 8 + 8 * n)
        return;
    judge->exercised[P_PR_9]++;
    if (!are_keys(model, data->data + 8, n) &&
        !are_these(model->other_keys, model->other_count, data->data + 8, n))
        convict_read(judge, expected, true, data,
                     "tells neither what was registered before the request that was with the "
                     "store when power went, nor what would have been behind it");
}

static void judge_keys(struct lq_judge *judge, const struct expected *expected,
                       const struct lq_data_seen *data)
{
    const struct model *model = &expected->model;
    uint32_t n = lq_wire_be32(data->data + 4) / 8;
    bool is_less = n < model->count;
    if (n != model->count) {
        convict_read(judge, expected, is_less, data, "tells of too many or too few registrations");
        return;
    }
    if (data->data_bytes < 8 + 8 * n)
        return; /* cut by its allocation length */
    if (!are_keys(model, data->data + 8, n)) {
        convict_read(judge, expected, false, data, "does not tell the registered keys");
        return;
    }
    struct model *now = lq_array_at(&state_of(judge)->models, expected->unit);
    if (now->shaken == model->shaken) {
        judge->exercised[P_PR_5] += now->shaken != NULL && n > 0;
        now->shaken = NULL;
    }
    if (now->lost == model->lost) {
        judge->exercised[P_PR_9] += now->lost != NULL && n > 0;
        now->lost = NULL;
    }
}

static void judge_reservation(struct lq_judge *judge, const struct expected *expected,
                              const struct lq_data_seen *data)
{
    const struct model *model = &expected->model;
    bool is_held = lq_wire_be32(data->data + 4) != 0;
    if (is_held != (model->type != 0)) {
        convict_read(judge, expected, !is_held, data,
                     is_held ? "tells of a reservation that is not there"
                             : "tells of no reservation, but there is one");
        return;
    }
    if (!is_held || data->data_bytes < 24)
        return;
    uint64_t key = 0;
    for (uint32_t i = 0; i < model->count; i++)
        if (model->registrants[i].nexus == model->holder)
            key = model->registrants[i].key;
    if ((data->data[21] & 0x0f) != model->type || lq_wire_be64(data->data + 8) != key)
        convict_read(judge, expected, false, data, "tells of a reservation of another key or type");
}

static const struct expected *find_expected(const struct reservation *state,
                                            const struct lq_seen_asked *asked)
{
    for (uint32_t i = 0; i < EXPECTED_MAX; i++)
        if (state->expected[i].asked == asked)
            return &state->expected[i];
    return NULL;
}

void reservation_judge_in(struct lq_judge *judge, const struct lq_data_seen *data)
{
    const struct expected *expected = find_expected(state_of(judge), data->asked);
    if (expected == NULL || data->offset != 0 ||
        data->kept_bytes != data->data_bytes || data->data_bytes < 8)
        return;
    uint32_t action = data->asked->cdb[1] & 0x1f;
    if (expected->model.is_unknown) {
        if (action == 0)
            judge_doubtful(judge, expected, data);
        return;
    }
    judge->exercised[P_PR_4]++;
    if (action != 2 && !expected->model.generation_is_unknown &&
        lq_wire_be32(data->data) != expected->model.generation)
        convict_read(judge, expected, lq_wire_be32(data->data) == 0, data,
                     "tells of another PRGENERATION");
    if (action == 0)
        judge_keys(judge, expected, data);
    else if (action == 1)
        judge_reservation(judge, expected, data);
}

/* --- digest ----------------------------------------------------------------------------------- */

static void mix_model(const struct model *model, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < model->count; i++)
        sum += lq_mix(model->registrants[i].nexus, model->registrants[i].key);
    lq_digest_two(digest, sum, model->count);
    lq_digest_two(digest, (uint64_t)model->was_unknown << 3 |
                              (uint64_t)model->is_unknown << 2 |
                              (uint64_t)model->generation_is_unknown << 1 |
                              model->reserver_is_unknown,
                  model->type);
    lq_digest_two(digest, model->holder, model->generation);
    lq_digest_two(digest, model->reserver, model->shaken != NULL);
    lq_digest_two(digest, (uint64_t)model->aptpl_is_unknown << 4 |
                              (uint64_t)model->aptpl << 3 | (uint64_t)model->is_doubtful << 2 |
                              (uint64_t)model->knows_other << 1 | (model->lost != NULL),
                  model->store);
    for (uint32_t i = 0; model->knows_other && i < model->other_count; i++)
        lq_digest_word(digest, model->other_keys[i]);
}

void reservation_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    const struct reservation *state = state_of(judge);
    for (uint32_t i = 0; i < state->models.count; i++)
        mix_model(lq_array_at(&state->models, i), digest);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) { /* what is under way */
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        if (task->unit == NULL || lq_is_done_with(task))
            continue;
        const struct model *model = reservation_model_of(judge, task->unit);
        const struct preempt *preempt = reservation_preempt_of(judge, task->serial);
        sum += lq_mix(lq_name_of_task(task),
                      (uint64_t)lq_is_later(model->changed, task->enabled) << 1 |
                          (preempt != NULL));
    }
    for (uint32_t i = 0; i < state->lists.count; i++) {
        const struct list *list = lq_array_at(&state->lists, i);
        if (list->asked->task == NULL || lq_is_done_with(list->asked->task))
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_word(digest, lq_name_of_asked(judge, list->asked));
        lq_digest_bytes(digest, list->bytes, list->have);
        lq_digest_end(digest, outer, &sum);
    }
    for (uint32_t i = 0; i < EXPECTED_MAX; i++) {
        const struct expected *expected = &state->expected[i];
        if (expected->asked == NULL || expected->asked->is_over)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_word(digest, lq_name_of_asked(judge, expected->asked));
        mix_model(&expected->model, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}
