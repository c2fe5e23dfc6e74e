/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIP frames that wait to be sent: a ring that owns its bytes. What is put into a full one is
 * dropped, as if lost on the way: FIP repeats itself.
 *
 * Who uses it: all who speak FIP (fcf.h, vn2vn.h, enode.h).
 */
#ifndef LQ_PROTO_FCOE_OUTBOX_H
#define LQ_PROTO_FCOE_OUTBOX_H

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/slice.h"
#include "proto/fcoe/fcoe.h"
#include "proto/fcoe/fip.h"

enum {
    LQ_FIP_FRAME_BYTES_MAX = LQ_ETHERNET_BYTES + LQ_ETHERNET_TAG_BYTES + LQ_FIP_BYTES_MAX,
    /* An FCoE frame's bytes around its data field, as a maximum FCoE size counts them. */
    LQ_FCOE_OVERHEAD_BYTES = LQ_FCOE_HEADER_BYTES + LQ_FC_HEADER_BYTES + LQ_FCOE_TRAILER_BYTES
};

struct lq_fip_out {
    uint32_t size_bytes;
    uint8_t bytes[LQ_FIP_FRAME_BYTES_MAX];
};

struct lq_fip_outbox {
    struct lq_fip_out *frames;
    uint32_t max, first, count;
    uint64_t dropped;
};

/* Carves room for MAX frames. */
void lq_fip_outbox_make(struct lq_fip_outbox *outbox, struct lq_arena *arena, uint32_t max);

/* Encodes MESSAGE with zeros up to PADDED_BYTES behind ETHERNET, whose type is set. */
void lq_fip_outbox_put(struct lq_fip_outbox *outbox, struct lq_ethernet ethernet,
                       const struct lq_fip_message *message, uint32_t padded_bytes);

/* The first frame; without bytes when there is none. Valid until taken. */
struct lq_slice lq_fip_outbox_first(const struct lq_fip_outbox *outbox);
void lq_fip_outbox_take(struct lq_fip_outbox *outbox);

void lq_fip_outbox_digest(const struct lq_fip_outbox *outbox, struct lq_digest *digest);

#endif
