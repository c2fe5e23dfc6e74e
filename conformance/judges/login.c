/* SPDX-License-Identifier: Apache-2.0 */
/* What a login agreed on, read from the text of both directions [RFC 7143 13]. */
#include "conformance/judges/view.h"
#include "conformance/wire/text.h"
#include "core/base/hash.h"

void lq_parameters_default(struct lq_seen_parameters *parameters)
{
    *parameters = (struct lq_seen_parameters){
        .initiator_segment_bytes = 8192,
        .target_segment_bytes = 8192,
        .max_burst = 262144,
        .first_burst = 65536,
        .max_outstanding_r2t = 1,
        .initial_r2t = true,
        .immediate_data = true,
        .pdu_in_order = true,
        .sequence_in_order = true,
    };
}

enum value_kind { NUMBER_RESULT, BOOLEAN_RESULT, DIGEST_RESULT };

struct result_key {
    const char *key;
    enum value_kind kind;
    size_t offset;
};

/* Keys whose result is what the target says last: an answer is the result of the negotiation, and
 * a target's own offer is answered by the initiator, which comes last then. */
static const struct result_key result_keys[] = {
    {"MaxBurstLength", NUMBER_RESULT, offsetof(struct lq_seen_parameters, max_burst)},
    {"FirstBurstLength", NUMBER_RESULT, offsetof(struct lq_seen_parameters, first_burst)},
    {"MaxOutstandingR2T", NUMBER_RESULT,
     offsetof(struct lq_seen_parameters, max_outstanding_r2t)},
    {"InitialR2T", BOOLEAN_RESULT, offsetof(struct lq_seen_parameters, initial_r2t)},
    {"ImmediateData", BOOLEAN_RESULT, offsetof(struct lq_seen_parameters, immediate_data)},
    {"DataPDUInOrder", BOOLEAN_RESULT, offsetof(struct lq_seen_parameters, pdu_in_order)},
    {"DataSequenceInOrder", BOOLEAN_RESULT,
     offsetof(struct lq_seen_parameters, sequence_in_order)},
    {"HeaderDigest", DIGEST_RESULT, offsetof(struct lq_seen_parameters, header_digest)},
    {"DataDigest", DIGEST_RESULT, offsetof(struct lq_seen_parameters, data_digest)},
};

static void take_result(struct lq_seen_parameters *parameters, const struct lq_wire_pair *pair)
{
    for (uint32_t i = 0; i < sizeof result_keys / sizeof result_keys[0]; i++) {
        const struct result_key *row = &result_keys[i];
        if (!lq_wire_key_is(pair, row->key))
            continue;
        void *place = (char *)parameters + row->offset;
        uint32_t number;
        if (row->kind == NUMBER_RESULT && lq_wire_value_number(pair, &number))
            *(uint32_t *)place = number;
        else if (row->kind == BOOLEAN_RESULT && lq_wire_value_is(pair, "Yes"))
            *(bool *)place = true;
        else if (row->kind == BOOLEAN_RESULT && lq_wire_value_is(pair, "No"))
            *(bool *)place = false;
        else if (row->kind == DIGEST_RESULT)
            *(bool *)place = lq_wire_value_is(pair, "CRC32C");
        return;
    }
}

/* iSCSI names compare case-folded [RFC 7143 4.2.7]. */
static uint64_t name_hash(const struct lq_wire_pair *pair, uint64_t which)
{
    uint64_t hash = lq_mix(which, pair->value_length);
    for (uint32_t i = 0; i < pair->value_length; i++) {
        char c = pair->value[i];
        hash = lq_mix(hash, (uint64_t)(uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    }
    return hash;
}

static void take_initiator_pair(struct lq_seen_connection *connection,
                                const struct lq_wire_pair *pair)
{
    if (pair->value == NULL)
        return;
    /* Said again, as by a request that comes twice, a name is what it was. */
    if (lq_wire_key_is(pair, "InitiatorName"))
        connection->name_hashes[0] = name_hash(pair, 1);
    else if (lq_wire_key_is(pair, "TargetName"))
        connection->name_hashes[1] = name_hash(pair, 2);
    else if (lq_wire_key_is(pair, "SessionType"))
        connection->parameters.discovery = lq_wire_value_is(pair, "Discovery");
}

static void take_target_pair(struct lq_seen_connection *connection,
                             const struct lq_wire_pair *pair)
{
    uint32_t tag;
    if (lq_wire_key_is(pair, "TargetPortalGroupTag") && lq_wire_value_number(pair, &tag))
        connection->portal_group_tag = tag;
}

void lq_login_text(struct lq_seen_connection *connection, enum lq_direction direction,
                   const uint8_t *text, uint32_t size_bytes)
{
    struct lq_wire_pair pair;
    uint32_t at = 0;
    while (lq_wire_next_pair(text, size_bytes, &at, &pair)) {
        if (lq_wire_key_is(&pair, "MaxRecvDataSegmentLength")) {
            lq_wire_value_number(&pair, direction == LQ_TO_TARGET
                                            ? &connection->parameters.initiator_segment_bytes
                                            : &connection->parameters.target_segment_bytes);
            continue;
        }
        if (direction == LQ_TO_TARGET)
            take_initiator_pair(connection, &pair);
        else
            take_target_pair(connection, &pair);
        take_result(&connection->parameters, &pair);
    }
}
