/* SPDX-License-Identifier: Apache-2.0 */
/* The filter in a world without time: what is kept goes on when it is told to, and the digest of
 * what is kept. */
#include "core/base/assert.h"
#include "faults/rules.h"
#include "sim/shard/filter_state.h"

void lq_filter_set_timeless(struct lq_filter *filter, bool is_timeless)
{
    filter->is_timeless = is_timeless;
}

/* --- what waits ----------------------------------------------------------------------------- */

static bool waits(uint64_t until_ns)
{
    return until_ns != 0 && until_ns != UINT64_MAX;
}

/* The moment until which the PLACE-th thing of STREAM waits; NULL: there are not so many. */
static uint64_t *waiting_at(struct stream *stream, uint32_t place)
{
    if (waits(stream->stalled_until_ns) && place-- == 0)
        return &stream->stalled_until_ns;
    LQ_LIST_EACH(link, &stream->aside)
    {
        struct parcel *parcel = LQ_ELEMENT(link, struct parcel, link);
        if (waits(parcel->until_ns) && place-- == 0)
            return &parcel->until_ns;
    }
    return NULL;
}

uint32_t lq_filter_waiting(const struct lq_filter *filter, uint32_t slot,
                           enum lq_direction direction)
{
    uint32_t count = 0;
    while (waiting_at(&filter->connections[slot].streams[direction], count) != NULL)
        count++;
    return count;
}

void lq_filter_let_go(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                      uint32_t place)
{
    uint64_t *until_ns = waiting_at(&filter->connections[slot].streams[direction], place);
    LQ_ASSERT(until_ns != NULL);
    *until_ns = 0;
}

/* --- digest --------------------------------------------------------------------------------- */

/* Of a moment only matters whether it has come, comes when told, or comes with heal; not yet being
 * stalled is having come. */
static uint64_t stage_of(uint64_t until_ns)
{
    return until_ns == 0 ? 0 : waits(until_ns) ? 1 : 2;
}

static uint64_t place_of(const struct lq_filter *filter, const struct lq_fault_rule *rule)
{
    return rule == NULL ? 0 : 1 + (uint64_t)(rule - filter->faults->rules->rules);
}

/* Target transfer tags stay as they are: a PDU is kept for few steps. */
static void mix_parcel(const struct lq_filter *filter, const struct parcel *parcel,
                       struct lq_digest *digest)
{
    lq_digest_two(digest, parcel->size_bytes, parcel->at);
    lq_digest_two(digest, parcel->behind, parcel->overtaken);
    lq_digest_two(digest, stage_of(parcel->until_ns), place_of(filter, parcel->rule));
    lq_digest_bytes(digest, parcel->bytes, parcel->size_bytes);
}

static void mix_parcels(const struct lq_filter *filter, const struct lq_link *list,
                        struct lq_digest *digest)
{
    LQ_LIST_EACH(link, list)
        mix_parcel(filter, LQ_ELEMENT(link, struct parcel, link), digest);
    lq_digest_word(digest, UINT64_MAX); /* where the list ends */
}

static void mix_stream(const struct lq_filter *filter, const struct stream *stream,
                       struct lq_digest *digest)
{
    lq_digest_bytes(digest, stream->header, stream->header_bytes);
    lq_digest_two(digest, stream->header_bytes, stream->held_bytes);
    lq_digest_two(digest, stream->is_holding, stream->ends_login);
    lq_digest_two(digest, stream->rest_bytes, stream->promised_bytes);
    lq_digest_two(digest, stage_of(stream->stalled_until_ns),
                  stream->stalled_until_ns == 0 ? 0 : place_of(filter, stream->stall_rule));
    lq_digest_two(digest, stream->end, stream->collected != NULL);
    if (stream->collected != NULL) {
        lq_digest_two(digest, stream->hit.fault, place_of(filter, stream->hit.rule));
        mix_parcel(filter, stream->collected, digest);
    }
    mix_parcels(filter, &stream->out, digest);
    mix_parcels(filter, &stream->aside, digest);
}

void lq_filter_digest(const struct lq_filter *filter, uint32_t slot, struct lq_digest *digest)
{
    const struct filter_connection *connection = &filter->connections[slot];
    LQ_ASSERT(filter->faults->rules != NULL); /* what strikes by odds is not explored */
    lq_digest_two(digest, connection->is_full_feature, filter->free_count);
    lq_digest_two(digest, connection->header_digest_bytes, connection->data_digest_bytes);
    mix_stream(filter, &connection->streams[LQ_TO_TARGET], digest);
    mix_stream(filter, &connection->streams[LQ_FROM_TARGET], digest);
}
