/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUARANTINE: orphans, and who has to wait for them. White box, but the extent of an orphan is
 * worked out anew from its store request and the store's write granularity.
 */
#include "conformance/judges/digest.h"

#define SLACK_NS UINT64_C(500000000)

struct extent {
    uint64_t first, end;
};

struct orphan {
    const struct lq_seen_task *task;
    struct extent extent; /* rounded out */
    uint32_t store;
    bool is_live;
    struct lq_link link;
};

struct held {
    const struct lq_seen_task *task;
    const struct lq_event *since; /* NULL: not held */
    bool is_told;
    struct lq_link link;
};

struct quarantine {
    struct lq_array orphans, held; /* by task */
    struct lq_link live, waiting;  /* waiting: longest first */
};

static struct quarantine *quarantine_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_QUARANTINE];
}

static struct orphan *orphan_of(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct lq_array *array = &quarantine_of(judge)->orphans;
    while (array->count <= task->index)
        lq_list_init(&((struct orphan *)lq_array_add(array, judge->allocator))->link);
    return lq_array_at(array, task->index);
}

static struct held *held_of(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct lq_array *array = &quarantine_of(judge)->held;
    while (array->count <= task->index)
        lq_list_init(&((struct held *)lq_array_add(array, judge->allocator))->link);
    return lq_array_at(array, task->index);
}

/* WRITE(6), (10), (12), (16) and their relatives that change blocks [SBC-4 r22 5]; of a variable
 * length CDB its initiator knows. */
static bool changes_blocks(const struct lq_seen_task *task)
{
    switch (task->opcode) {
    case 0x0a: case 0x2a: case 0xaa: case 0x8a: case 0x2e: case 0xae: case 0x8e:
    case 0x41: case 0x93: case 0x42: case 0x89: case 0x8b:
        return true;
    case 0x7f:
        return task->command != NULL && (task->command->sent->flags & LQ_F_MEDIUM_WRITE) != 0;
    default:
        return false;
    }
}

/* A request for a store does: history.h, LQ_S_SUBMITTED. */
static bool request_changes_blocks(const struct lq_event *request)
{
    enum { WRITE = 2, UNMAP = 4 };
    return request->detail == WRITE || request->detail == UNMAP;
}

static struct extent exact(uint64_t lba, uint32_t nblocks)
{
    return (struct extent){lba, lba + nblocks};
}

/* Rounded out to the store's write granularity; an empty extent stays empty. */
static struct extent rounded(struct lq_judge *judge, uint32_t number, struct extent extent)
{
    const struct lq_seen_store *store =
        lq_view_store(&judge->view, judge->allocator, number);
    uint64_t granule = store == NULL || store->granule == 0 ? 1 : store->granule;
    if (extent.first == extent.end)
        return extent;
    extent.first -= extent.first % granule;
    extent.end += (granule - extent.end % granule) % granule;
    if (store != NULL && store->blocks > 0 && extent.end > store->blocks)
        extent.end = store->blocks;
    return extent;
}

static bool overlap(struct extent a, struct extent b)
{
    return a.first != a.end && b.first != b.end && a.first < b.end && b.first < a.end;
}

/* What TASK does with blocks LBA.. may disturb or see. */
static struct extent reach(struct lq_judge *judge, uint32_t store,
                           const struct lq_seen_task *task, uint64_t lba, uint32_t nblocks)
{
    struct extent extent = exact(lba, nblocks);
    return changes_blocks(task) ? rounded(judge, store, extent) : extent;
}

static void text_extent(struct lq_text *text, struct extent extent)
{
    lq_text_number(text, extent.first);
    lq_text_add(text, "..");
    lq_text_number(text, extent.end - (extent.end > extent.first));
}

static const struct orphan *find_overlap(struct lq_judge *judge, uint32_t store,
                                         struct extent extent)
{
    LQ_LIST_EACH(link, &quarantine_of(judge)->live)
    {
        const struct orphan *orphan = LQ_ELEMENT(link, struct orphan, link);
        if (orphan->store == store && overlap(orphan->extent, extent))
            return orphan;
    }
    return NULL;
}

static void convict_overlap(struct lq_judge *judge, enum lq_property_place property,
                            const struct lq_seen_task *task, const struct orphan *orphan,
                            const struct lq_event *event, const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, "command ");
    lq_text_number(&text, task->serial);
    lq_text_add(&text, what);
    lq_text_number(&text, orphan->task->serial);
    lq_text_add(&text, " (blocks ");
    text_extent(&text, orphan->extent);
    lq_text_add(&text, ") was open");
    struct lq_proof proof = {0};
    lq_proof_event(&proof, orphan->task->submitted);
    lq_proof_event(&proof, orphan->task->orphaned);
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, event);
    lq_convict(judge, property, &proof, &text);
}

static void convict_task(struct lq_judge *judge, enum lq_property_place property,
                         const struct lq_seen_task *task, const struct lq_event *event,
                         const char *what)
{
    struct lq_text text = {0};
    lq_text_add(&text, "command ");
    lq_text_number(&text, task->serial);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->submitted);
    lq_proof_event(&proof, task->ended);
    lq_proof_event(&proof, task->orphaned);
    lq_proof_event(&proof, event);
    lq_convict(judge, property, &proof, &text);
}

/* --- orphans: QUAR-1, QUAR-4, QUAR-5 ---------------------------------------------------------- */

static void on_orphaned(struct lq_judge *judge, struct lq_seen_task *task,
                        const struct lq_event *event)
{
    struct orphan *orphan = orphan_of(judge, task);
    if (orphan->is_live || task->submitted == NULL)
        return;
    const struct lq_event *request = task->submitted;
    orphan->task = task;
    orphan->store = event->code;
    orphan->is_live = true;
    /* One that changes nothing that a command can read keeps its slot, but nobody has to wait for
     * its fate. */
    const struct lq_seen_store *store =
        lq_view_store(&judge->view, judge->allocator, event->code);
    bool is_behind = store != NULL && store->blocks != 0 && request->lba >= store->blocks;
    orphan->extent = request_changes_blocks(request) && !is_behind
                         ? rounded(judge, event->code, exact(request->lba, request->nblocks))
                         : exact(request->lba, 0);
    lq_list_append(&quarantine_of(judge)->live, &orphan->link);
    judge->exercised[P_QUAR_5] += orphan->extent.first != orphan->extent.end;
    struct extent said = exact(event->lba, event->nblocks);
    if (orphan->extent.first != orphan->extent.end &&
        (said.first > orphan->extent.first || said.end < orphan->extent.end))
        convict_task(judge, P_QUAR_5, task, event,
                     " became an orphan whose extent does not cover its rounded request");
}

static void on_orphan_ended(struct lq_judge *judge, struct lq_seen_task *task,
                            const struct lq_event *event)
{
    struct orphan *orphan = orphan_of(judge, task);
    judge->exercised[P_QUAR_4]++;
    if (task->requests_out > 0)
        convict_task(judge, P_QUAR_4, task, event,
                     " ended as an orphan while its request was in the store");
    orphan->is_live = false;
    lq_list_remove(&orphan->link);
}

static void on_freed(struct lq_judge *judge, struct lq_seen_task *task,
                     const struct lq_event *event)
{
    if (orphan_of(judge, task)->is_live)
        convict_task(judge, P_QUAR_4, task, event, " gave back its slot while it was an orphan");
    else if (task->requests_out > 0)
        convict_task(judge, P_QUAR_4, task, event,
                     " gave back its slot while its request was in the store");
}

static void on_submitted(struct lq_judge *judge, struct lq_seen_task *task,
                         const struct lq_event *event)
{
    /* SYNCHRONIZE CACHE covers only writes that have ended. A command of several steps is held at
     * its first, if at all: then nobody can tell that it did not begin before the orphan ended. */
    enum { STATUS = 5 }; /* of provisioning: it may be out of date [SBC-4 r22 5.7] */
    if (lq_list_is_empty(&quarantine_of(judge)->live) || event->nblocks == 0 ||
        task->requests > 1 || event->detail == STATUS)
        return;
    struct extent extent = reach(judge, event->code, task, event->lba, event->nblocks);
    judge->exercised[P_QUAR_1]++;
    const struct orphan *orphan = find_overlap(judge, event->code, extent);
    if (orphan != NULL && orphan->task != task)
        convict_overlap(judge, P_QUAR_1, task, orphan, event,
                        " went to the store while the fate of orphan ");
}

/* --- held commands: QUAR-2 -------------------------------------------------------------------- */

static void judge_overdue(struct lq_judge *judge, struct held *held)
{
    uint64_t bound = judge->view.bounds[LQ_BOUND_BUSY_AFTER];
    if (held->is_told || bound > UINT64_MAX / 2 ||
        judge->now_ns - held->since->time_ns <= bound + SLACK_NS)
        return;
    held->is_told = true;
    convict_task(judge, P_QUAR_2, held->task, held->since,
                 " was held longer than busy_after");
}

static void judge_longest(struct lq_judge *judge)
{
    struct quarantine *quarantine = quarantine_of(judge);
    if (!lq_list_is_empty(&quarantine->waiting))
        judge_overdue(judge, LQ_ELEMENT(quarantine->waiting.next, struct held, link));
}

static void on_held(struct lq_judge *judge, struct lq_seen_task *task,
                    const struct lq_event *event)
{
    struct held *held = held_of(judge, task);
    lq_list_remove(&held->link);
    *held = (struct held){.task = task, .since = event};
    lq_list_init(&held->link);
    lq_list_append(&quarantine_of(judge)->waiting, &held->link);
}

static void held_is_over(struct lq_judge *judge, struct held *held)
{
    judge->exercised[P_QUAR_2]++;
    judge_overdue(judge, held);
    held->since = NULL;
    lq_list_remove(&held->link);
}

static void on_released(struct lq_judge *judge, struct lq_seen_task *task,
                        const struct lq_event *event)
{
    struct held *held = held_of(judge, task);
    if (held->since == NULL || task->unit == NULL)
        return;
    struct extent extent =
        reach(judge, task->unit->store, task, held->since->lba, held->since->nblocks);
    const struct orphan *orphan = find_overlap(judge, task->unit->store, extent);
    if (orphan != NULL)
        convict_overlap(judge, P_QUAR_2, task, orphan, event,
                        " was released while the fate of orphan ");
    held_is_over(judge, held);
}

static void on_ended(struct lq_judge *judge, struct lq_seen_task *task,
                     const struct lq_event *event)
{
    struct held *held = held_of(judge, task);
    if (held->since == NULL)
        return;
    bool has_gone = lq_has_gone_since(task->unit, held->since->seq); /* then it ends at once */
    bool is_aborted = (event->flags & LQ_F_ABORTED) != 0 || event->code == 0x40; /* TASK ABORTED */
    if (!is_aborted && event->code != 0x08 && !has_gone)
        convict_task(judge, P_QUAR_2, task, event, " was held and ended with another status than "
                                                   "BUSY");
    held_is_over(judge, held);
}

/* --- answers: QUAR-3 -------------------------------------------------------------------------- */

static void judge_forgotten(struct lq_judge *judge, const struct lq_seen_task *task,
                            const struct lq_event *answer)
{
    if (task->submitted == NULL)
        return;
    judge->exercised[P_QUAR_3]++;
    if (task->requests_out > 0 && task->orphaned == NULL)
        convict_task(judge, P_QUAR_3, task, answer,
                     " has a request in the store that is no orphan, but its end was answered");
}

static void on_nexus_ended(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_nexus *nexus = lq_view_nexus(&judge->view, event);
    if (nexus == NULL)
        return;
    LQ_LIST_EACH(link, &nexus->tasks)
    judge_forgotten(judge, LQ_ELEMENT(link, struct lq_seen_task, in_nexus), event);
}

static void on_answered(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_function *function =
        lq_view_engine_function(&judge->view, event->serial);
    if (function == NULL || event->code != LQ_TM_COMPLETE ||
        !lq_function_aborts(function->function))
        return;
    for (uint32_t i = 0; i < judge->view.nexuses.count; i++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&judge->view.nexuses, i);
        if (nexus != function->nexus && !lq_function_is_for_all(function->function))
            continue;
        LQ_LIST_EACH(link, &nexus->tasks)
        {
            const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
            if (lq_function_covers_task(function, task))
                judge_forgotten(judge, task, event);
        }
    }
}

/* --- the part --------------------------------------------------------------------------------- */

typedef void (*task_handler)(struct lq_judge *judge, struct lq_seen_task *task,
                             const struct lq_event *event);

static task_handler handler_of(uint32_t kind)
{
    switch (kind) {
    case LQ_E_ORPHANED: return on_orphaned;
    case LQ_E_ORPHAN_ENDED: return on_orphan_ended;
    case LQ_E_FREED: return on_freed;
    case LQ_E_HELD: return on_held;
    case LQ_E_RELEASED: return on_released;
    case LQ_E_ENDED: return on_ended;
    case LQ_S_SUBMITTED: return on_submitted;
    default: return NULL;
    }
}

/* The target is gone, and with it who was held for whom. */
static void forget_all(struct quarantine *quarantine)
{
    LQ_LIST_EACH_SAFE(link, following, &quarantine->live)
    {
        LQ_ELEMENT(link, struct orphan, link)->is_live = false;
        lq_list_remove(link);
    }
    LQ_LIST_EACH_SAFE(link, next, &quarantine->waiting)
    {
        LQ_ELEMENT(link, struct held, link)->since = NULL;
        lq_list_remove(link);
    }
}

static void quarantine_event(struct lq_judge *judge, const struct lq_event *event)
{
    judge_longest(judge);
    event = judge->view.event;
    if (lq_target_ends(event)) {
        forget_all(quarantine_of(judge));
        return;
    }
    if (event->kind == LQ_E_NEXUS_ENDED) {
        on_nexus_ended(judge, event);
        return;
    }
    if (event->kind == LQ_E_TM_ANSWERED) {
        on_answered(judge, event);
        return;
    }
    task_handler handler = handler_of(event->kind);
    struct lq_seen_task *task =
        handler == NULL ? NULL : lq_view_task(&judge->view, event->serial);
    if (task != NULL)
        handler(judge, task, event);
}

static void quarantine_finish(struct lq_judge *judge)
{
    LQ_LIST_EACH(link, &quarantine_of(judge)->waiting)
    judge_overdue(judge, LQ_ELEMENT(link, struct held, link));
}

static void quarantine_init(struct lq_judge *judge)
{
    struct quarantine *quarantine = lq_state_make(judge, LQ_STATE_QUARANTINE, sizeof *quarantine);
    lq_array_init(&quarantine->orphans, sizeof(struct orphan));
    lq_array_init(&quarantine->held, sizeof(struct held));
}

static void quarantine_free(struct lq_judge *judge)
{
    struct quarantine *quarantine = quarantine_of(judge);
    lq_array_free(&quarantine->orphans, judge->allocator);
    lq_array_free(&quarantine->held, judge->allocator);
    lq_state_free(judge, LQ_STATE_QUARANTINE, sizeof *quarantine);
}

static void quarantine_reset(struct lq_judge *judge)
{
    struct quarantine *quarantine = quarantine_of(judge);
    lq_array_reset(&quarantine->orphans);
    lq_array_reset(&quarantine->held);
    lq_list_init(&quarantine->live);
    lq_list_init(&quarantine->waiting);
}

static void quarantine_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        const struct orphan *orphan = orphan_of(judge, task);
        const struct held *held = held_of(judge, task);
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_word(digest, lq_name_of_task(task));
        if (orphan->is_live) {
            lq_digest_two(digest, orphan->extent.first, orphan->extent.end);
            lq_digest_word(digest, orphan->store);
        }
        if (held->since != NULL) {
            lq_digest_time(digest, held->since->time_ns);
            lq_digest_two(digest, held->since->lba, held->since->nblocks);
            lq_digest_word(digest, held->is_told);
        }
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

const struct lq_judge_part lq_quarantine_part = {
    .name = "quarantine",
    .init = quarantine_init,
    .free = quarantine_free,
    .reset = quarantine_reset,
    .event = quarantine_event,
    .finish = quarantine_finish,
    .digest = quarantine_digest,
};
