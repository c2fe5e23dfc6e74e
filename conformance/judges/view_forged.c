/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view's memory of what the network forged: which tasks of which connections, in which
 * direction. A judge then believes neither side's word about these, and about all others as ever.
 * What was only lost, late or out of order is not forged: nobody was told anything wrong.
 */
#include "conformance/judges/internal.h"

static void note(struct lq_judge *judge, uint32_t connection, uint64_t tag, uint32_t bits)
{
    uint32_t *at = lq_map_put(&judge->view.forged_of, judge->allocator, lq_key(connection, tag));
    *at = (*at == LQ_NONE ? 0 : *at) | bits;
}

static void forged_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (event->kind == LQ_I_PROTOCOL)
        note(judge, event->connection, event->tag, LQ_BROKEN);
    if (event->kind != LQ_W_FAULT || (event->flags & LQ_F_PDU) == 0 ||
        (event->flags & LQ_F_FORGED) == 0)
        return;
    uint32_t bits = (event->flags & LQ_F_FROM_TARGET) != 0 ? LQ_FORGED_FROM_TARGET
                                                           : LQ_FORGED_TO_TARGET;
    note(judge, event->connection, event->tag, bits);
    note(judge, event->connection, event->stamp, bits);
}

uint32_t lq_view_forged(const struct lq_view *view, uint32_t connection, uint64_t tag)
{
    uint32_t bits = lq_map_get(&view->forged_of, lq_key(connection, tag));
    return bits == LQ_NONE ? 0 : bits;
}

uint32_t lq_view_command_forged(const struct lq_view *view, const struct lq_seen_command *command)
{
    return lq_view_forged(view, command->sent->connection, command->sent->tag);
}

struct lq_seen_command *lq_view_command_tagged(const struct lq_view *view,
                                               const struct lq_seen_nexus *nexus, uint64_t tag)
{
    uint32_t index = lq_map_get(&view->command_by_tag, lq_key(nexus->key, tag));
    return index == LQ_NONE ? NULL : lq_array_at(&view->commands, index);
}

struct lq_seen_command *lq_view_command_on(const struct lq_view *view, uint32_t connection,
                                           uint64_t tag)
{
    const struct lq_seen_connection *where = lq_view_connection(view, connection);
    if (where == NULL || where->nexus == NULL)
        return NULL;
    struct lq_seen_command *command = lq_view_command_tagged(view, where->nexus, tag);
    return command != NULL && command->sent->connection == connection ? command : NULL;
}

static void forged_init(struct lq_judge *judge)
{
    lq_map_init(&judge->view.forged_of);
}

static void forged_free(struct lq_judge *judge)
{
    lq_map_free(&judge->view.forged_of, judge->allocator);
}

static void forged_reset(struct lq_judge *judge)
{
    lq_map_reset(&judge->view.forged_of);
}

/* Of open commands: tasks that are over are not asked about again. */
static void forged_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    const struct lq_view *view = &judge->view;
    for (uint32_t i = 0; i < view->nexuses.count; i++) {
        const struct lq_seen_nexus *nexus = lq_array_at(&view->nexuses, i);
        LQ_LIST_EACH(link, &nexus->commands)
            lq_digest_word(digest, lq_view_command_forged(
                                       view, LQ_ELEMENT(link, struct lq_seen_command, in_nexus)));
    }
}

static const uint16_t kinds[] = {LQ_I_PROTOCOL, LQ_W_FAULT, LQ_EVENT_NONE};

const struct lq_judge_part lq_forged_part = {
    .name = "view",
    .init = forged_init,
    .free = forged_free,
    .reset = forged_reset,
    .event = forged_event,
    .kinds = kinds,
    .digest = forged_digest,
};
