/* SPDX-License-Identifier: Apache-2.0 */
/* What the filter's two halves share: filter.c (streams) and filter_act.c (what strikes a PDU and
 * what becomes of it). Nobody else's. */
#ifndef LQ_SIM_SHARD_FILTER_STATE_H
#define LQ_SIM_SHARD_FILTER_STATE_H

#include "core/base/list.h"
#include "faults/pdu.h"
#include "proto/iscsi/pdu.h"
#include "sim/shard/alter.h"
#include "sim/shard/filter.h"

/* A PDU that the filter has to itself. */
struct parcel {
    struct lq_link link;
    uint8_t *bytes; /* config.pdu_bytes */
    uint32_t size_bytes, at; /* AT: given so far */
    uint32_t behind, overtaken; /* set aside until so many have passed; 0: not for them */
    uint64_t until_ns;          /* and at the latest until then */
    const struct lq_fault_rule *rule; /* which keeps it; NULL: none */
    bool is_noticed;            /* that it is due */
};

struct stream {
    enum lq_direction direction;
    uint8_t header[LQ_BHS_BYTES]; /* of the PDU in hand */
    uint32_t header_bytes;
    bool is_holding;         /* its header is ours until it is whole */
    uint32_t held_bytes;     /* of it, the end is still to be given */
    uint64_t rest_bytes;     /* of it behind its header, still to come */
    uint32_t promised_bytes; /* the receiver has seen so many that it did not take: they pass */
    bool ends_login;
    uint64_t pdus;
    struct lq_fault_hit hit; /* on the PDU that is collected */
    struct parcel *collected;
    struct lq_link out, aside; /* parcels */
    uint64_t stalled_until_ns; /* nothing passes before; 0: not stalled */
    const struct lq_fault_rule *stall_rule;
    bool is_noticed;           /* that this is over */
    enum lq_close end; /* the connection ends here */
};

struct filter_connection {
    struct lq_link in_use; /* while it is open */
    uint32_t number;
    bool is_full_feature;
    uint32_t header_digest_bytes, data_digest_bytes;
    struct stream streams[2]; /* by enum lq_direction */
};

struct lq_filter {
    struct lq_filter_config config;
    struct lq_faults *faults;
    const struct lq_pdu_table *table;
    struct filter_connection *connections;
    struct lq_link in_use; /* struct filter_connection */
    struct lq_link free;
    uint32_t free_count;
    bool is_timeless; /* what is kept goes on when it is told to */
};

struct parcel *lq_filter_take(struct lq_filter *filter);
void lq_filter_drop(struct lq_filter *filter, struct parcel *parcel);

/* Is the PDU of STREAM's header struck? The hit is the stream's. */
bool lq_filter_strikes(struct lq_filter *filter, const struct filter_connection *connection,
                       struct stream *stream);

/* PARCEL, whole, gets what the hit says: it is put out, set aside, or dropped. */
void lq_filter_act(struct lq_filter *filter, const struct filter_connection *connection,
                   struct stream *stream, struct parcel *parcel);

#endif
