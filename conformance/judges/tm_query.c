/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TM-12: what queries are told must have been so at some moment between the receipt of the function
 * and its answer [SAM-5 r21 7.9 to 7.11]. Called by the judge of TM when a query is answered.
 */
#include "conformance/judges/tm_query.h"

#include "conformance/judges/ua.h"

/* TASK was in a task set from before FUNCTION was received until now: a query must find it. */
static bool was_there_throughout(const struct lq_seen_task *task,
                                 const struct lq_seen_function *function)
{
    return task->entered != NULL && task->refused == NULL && task->ended == NULL &&
           task->entered->seq < function->received->seq;
}

static bool is_named(const struct lq_seen_task *task, const struct lq_seen_function *function)
{
    bool is_of_unit = lq_same_unit(task->unit, function->unit) &&
                      (int64_t)(task->stamp - function->received->stamp) < 0;
    return is_of_unit && (function->function == LQ_TM_QUERY_TASK_SET ||
                          task->tag == function->referenced_tag);
}

/* One that is being aborted may be counted or not. */
static bool is_being_aborted(const struct lq_seen_task *task)
{
    return task->affected != NULL;
}

static void convict(struct lq_judge *judge, const struct lq_seen_function *function,
                    const struct lq_seen_task *task, const struct lq_event *cause, const char *what)
{
    struct lq_text text = lq_text_form("the query of tag % ", function->tag, 0, 0, 0);
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    if (task != NULL) {
        lq_proof_event(&proof, task->received);
        lq_proof_event(&proof, task->entered);
    }
    lq_proof_event(&proof, cause);
    lq_proof_event(&proof, function->received);
    lq_proof_event(&proof, function->answered);
    lq_convict(judge, P_TM_12, &proof, &text);
}

static void judge_tasks(struct lq_judge *judge, const struct lq_seen_function *function,
                        uint32_t answer)
{
    const struct lq_seen_task *found = NULL, *maybe = NULL;
    LQ_LIST_EACH(link, &function->nexus->tasks)
    {
        const struct lq_seen_task *task = LQ_ELEMENT(link, struct lq_seen_task, in_nexus);
        if (!is_named(task, function) || !was_there_throughout(task, function))
            continue;
        maybe = task;
        if (!is_being_aborted(task))
            found = task;
    }
    judge->exercised[P_TM_12] += found != NULL;
    if (answer == LQ_TM_COMPLETE && found != NULL)
        convict(judge, function, found, NULL,
                "was told that nothing is there, but a command was in the task set all the while");
    if (answer == LQ_TM_SUCCEEDED && maybe == NULL)
        convict(judge, function, NULL, NULL,
                "was told that a command is there, but none was in the task set");
}

static void judge_event(struct lq_judge *judge, const struct lq_seen_function *function,
                        uint32_t answer)
{
    const struct place *place = lq_ua_place(judge, function->nexus, function->unit);
    for (uint32_t k = 0; k < KINDS; k++) {
        const struct condition *condition = &place->conditions[k];
        if (!condition->owed || condition->put_back || condition->claimed == 0 ||
            condition->cause->seq > function->received->seq)
            continue;
        judge->exercised[P_TM_12]++;
        if (answer == LQ_TM_COMPLETE)
            convict(judge, function, NULL, condition->cause,
                    "was told that no event is pending, but a unit attention was");
        return;
    }
}

void lq_tm_judge_query(struct lq_judge *judge, const struct lq_seen_function *function,
                       uint32_t answer)
{
    if (function->unit == NULL || !function->unit->is_there ||
        lq_has_gone_since(function->unit, function->received->seq))
        return;
    if (function->function == LQ_TM_QUERY_TASK || function->function == LQ_TM_QUERY_TASK_SET)
        judge_tasks(judge, function, answer);
    else if (function->function == LQ_TM_QUERY_ASYNCHRONOUS_EVENT)
        judge_event(judge, function, answer);
}
