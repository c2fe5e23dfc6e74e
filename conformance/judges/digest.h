/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the judges name things in their digests: numbers that a run gives by counting (sequence
 * numbers, serials of the engine) are left out, and of two moments only the order counts, where a
 * judge asks for it. Internal to the judges.
 */
#ifndef LQ_CONFORMANCE_JUDGES_DIGEST_H
#define LQ_CONFORMANCE_JUDGES_DIGEST_H

#include "conformance/judges/internal.h"
#include "core/base/hash.h"

static inline uint64_t lq_name_of_task(const struct lq_seen_task *task)
{
    return lq_mix(task->nexus == NULL ? UINT64_MAX : task->nexus->index, task->tag);
}

static inline uint64_t lq_name_of_function(const struct lq_seen_function *function)
{
    return lq_mix(function->nexus == NULL ? UINT64_MAX : function->nexus->index, function->tag);
}

static inline uint64_t lq_name_of_exchange(const struct lq_judge *judge,
                                           const struct lq_seen_exchange *exchange)
{
    return lq_mix(lq_map_get(&judge->view.connection_of, exchange->connection->number),
                  exchange->itt);
}

static inline uint64_t lq_name_of_asked(const struct lq_judge *judge,
                                        const struct lq_seen_asked *asked)
{
    return asked->ports != 0 ? lq_mix(asked->ports, asked->tag)
                             : lq_mix(lq_map_get(&judge->view.connection_of, asked->connection),
                                      asked->tag);
}

/* A happened, and B did not before it. */
static inline bool lq_is_later(const struct lq_event *a, const struct lq_event *b)
{
    return a != NULL && (b == NULL || a->seq > b->seq);
}

/* Its initiator still waits for it. */
static inline bool lq_is_awaited(const struct lq_seen_command *command)
{
    return command->status == NULL && command->gave_up == NULL;
}

/* Nothing more will be said of it. */
static inline bool lq_is_done_with(const struct lq_seen_task *task)
{
    bool is_out = task->requests_out > 0 ||
                  (task->orphaned != NULL && task->orphan_ended == NULL);
    return (task->freed != NULL || task->refused != NULL) && !is_out &&
           (task->command == NULL || task->command->status != NULL);
}

#endif
