/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fcoe/outbox.h"

#include "core/base/assert.h"

void lq_fip_outbox_make(struct lq_fip_outbox *outbox, struct lq_arena *arena, uint32_t max)
{
    *outbox = (struct lq_fip_outbox){
        .frames = lq_arena_take(arena, max, sizeof(struct lq_fip_out), true), .max = max};
}

void lq_fip_outbox_put(struct lq_fip_outbox *outbox, struct lq_ethernet ethernet,
                       const struct lq_fip_message *message, uint32_t padded_bytes)
{
    if (outbox->count == outbox->max) {
        outbox->dropped++;
        return;
    }
    struct lq_fip_out *out = &outbox->frames[(outbox->first + outbox->count++) % outbox->max];
    ethernet.type = LQ_ETHERTYPE_FIP;
    out->size_bytes = lq_ethernet_encode(&ethernet, out->bytes);
    if (padded_bytes > LQ_FIP_BYTES_MAX)
        padded_bytes = LQ_FIP_BYTES_MAX;
    out->size_bytes += lq_fip_encode(message, padded_bytes, out->bytes + out->size_bytes,
                                     LQ_FIP_BYTES_MAX);
}

struct lq_slice lq_fip_outbox_first(const struct lq_fip_outbox *outbox)
{
    if (outbox->count == 0)
        return (struct lq_slice){NULL, 0};
    const struct lq_fip_out *out = &outbox->frames[outbox->first];
    return (struct lq_slice){out->bytes, out->size_bytes};
}

void lq_fip_outbox_take(struct lq_fip_outbox *outbox)
{
    LQ_ASSERT(outbox->count > 0);
    outbox->first = (outbox->first + 1) % outbox->max;
    outbox->count--;
}

void lq_fip_outbox_digest(const struct lq_fip_outbox *outbox, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < outbox->count; i++) {
        const struct lq_fip_out *out = &outbox->frames[(outbox->first + i) % outbox->max];
        lq_digest_bytes(digest, out->bytes, out->size_bytes);
    }
}
