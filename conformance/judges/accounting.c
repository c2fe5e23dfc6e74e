/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACCOUNTING: at the end everything has come back. White box. Judged only when the world says
 * that the run is over.
 */
#include "conformance/judges/digest.h"

struct accounting {
    bool has_ended;
    const struct lq_event *pools[16]; /* newest LQ_W_ACCOUNT of each pool */
    uint32_t pool_count;
};

static struct accounting *accounting_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_ACCOUNTING];
}

static void accounting_event(struct lq_judge *judge, const struct lq_event *event)
{
    struct accounting *accounting = accounting_of(judge);
    if (event->kind == LQ_W_PHASE)
        accounting->has_ended = event->code == LQ_PHASE_END;
    if (event->kind == LQ_W_ACCOUNT && accounting->pool_count < 16)
        accounting->pools[accounting->pool_count++] = judge->view.event;
}

/* Only a request that the store still has may keep a slot. */
static bool is_in_store(const struct lq_seen_task *task)
{
    return task->cut == NULL && task->orphaned != NULL && task->orphan_ended == NULL &&
           task->requests_out > 0;
}

static void convict_task(struct lq_judge *judge, enum lq_property_place property,
                         const struct lq_seen_task *task, const char *what)
{
    struct lq_text text = lq_text_form("command % (tag %) ", task->serial, task->tag, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, task->received);
    lq_proof_event(&proof, task->entered);
    lq_proof_event(&proof, task->submitted);
    lq_proof_event(&proof, task->ended);
    lq_proof_event(&proof, task->orphaned);
    lq_convict(judge, property, &proof, &text);
}

static void judge_task(struct lq_judge *judge, const struct lq_seen_task *task)
{
    if (task->cut != NULL)
        return; /* its slot ended with its target */
    judge->exercised[P_ACC_1]++;
    judge->exercised[P_ACC_3] += task->orphaned != NULL;
    if (task->orphaned != NULL && task->orphan_ended == NULL && task->requests_out == 0)
        convict_task(judge, P_ACC_3, task, "is an orphan for ever: its request has ended");
    if (task->refused != NULL || is_in_store(task))
        return;
    if (task->ended == NULL)
        convict_task(judge, P_ACC_1, task, "was received and never ended");
    else if (task->freed == NULL)
        convict_task(judge, P_ACC_1, task, "has ended but never gave back its slot");
}

static const char *const pool_names[] = {
    [LQ_POOL_TASKS] = "tasks",
    [LQ_POOL_TASK_MANAGEMENT] = "task management",
    [LQ_POOL_TRANSPORT_COMMANDS] = "transport commands",
    [LQ_POOL_SESSIONS] = "sessions",
    [LQ_POOL_CONNECTIONS] = "connections",
};

static void judge_pool(struct lq_judge *judge, const struct lq_event *pool, uint64_t in_store)
{
    uint64_t may_miss = pool->code == LQ_POOL_TASKS ? in_store : 0;
    judge->exercised[P_ACC_2]++;
    if (pool->value + may_miss == pool->lba)
        return;
    struct lq_text text = {0};
    lq_text_add(&text, "pool of ");
    lq_text_add(&text, pool->code >= 1 && pool->code <= LQ_POOL_CONNECTIONS
                           ? pool_names[pool->code]
                           : "another kind");
    lq_text_add(&text, ": ");
    lq_text_number(&text, pool->value);
    lq_text_add(&text, " of ");
    lq_text_number(&text, pool->lba);
    lq_text_add(&text, " slots are free at the end");
    struct lq_proof proof = {0};
    lq_proof_event(&proof, pool);
    lq_convict(judge, P_ACC_2, &proof, &text);
}

static void accounting_finish(struct lq_judge *judge)
{
    struct accounting *accounting = accounting_of(judge);
    uint64_t in_store = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count && accounting->has_ended; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        in_store += is_in_store(task);
        judge_task(judge, task);
    }
    for (uint32_t i = 0; i < accounting->pool_count; i++)
        judge_pool(judge, accounting->pools[i], in_store);
}

static void accounting_init(struct lq_judge *judge)
{
    lq_state_make(judge, LQ_STATE_ACCOUNTING, sizeof(struct accounting));
}

static void accounting_free(struct lq_judge *judge)
{
    lq_state_free(judge, LQ_STATE_ACCOUNTING, sizeof(struct accounting));
}

static void accounting_reset(struct lq_judge *judge)
{
    *accounting_of(judge) = (struct accounting){0};
}

static void accounting_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    const struct accounting *accounting = accounting_of(judge);
    lq_digest_two(digest, accounting->has_ended, accounting->pool_count);
}

static const uint16_t kinds[] = {LQ_W_PHASE, LQ_W_ACCOUNT, LQ_EVENT_NONE};

const struct lq_judge_part lq_accounting_part = {
    .name = "accounting",
    .init = accounting_init,
    .free = accounting_free,
    .reset = accounting_reset,
    .event = accounting_event,
    .kinds = kinds,
    .finish = accounting_finish,
    .digest = accounting_digest,
};
