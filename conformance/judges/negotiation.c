/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEQUENCE, login: every key that was offered is answered once and within the offer
 * [RFC 7143 6.2, 13]; one that no standard defines by its name, and with NotUnderstood unless its
 * vendor may have a meaning for it. Wire only. Text that continues in further PDUs (C bit) is not
 * judged.
 */
#include <string.h>

#include "conformance/judges/digest.h"
#include "conformance/wire/text.h"
#include "core/base/hash.h"

enum result { RESULT_MIN, RESULT_MAX, RESULT_OR, RESULT_AND, RESULT_LIST };

struct key {
    const char *name;
    enum result result;
};

static const struct key keys[] = {
    {"HeaderDigest", RESULT_LIST},        {"DataDigest", RESULT_LIST},
    {"MaxConnections", RESULT_MIN},       {"InitialR2T", RESULT_OR},
    {"ImmediateData", RESULT_AND},        {"MaxBurstLength", RESULT_MIN},
    {"FirstBurstLength", RESULT_MIN},     {"DefaultTime2Wait", RESULT_MAX},
    {"DefaultTime2Retain", RESULT_MIN},   {"MaxOutstandingR2T", RESULT_MIN},
    {"DataPDUInOrder", RESULT_OR},        {"DataSequenceInOrder", RESULT_OR},
    {"ErrorRecoveryLevel", RESULT_MIN},   {"TaskReporting", RESULT_LIST},
    {"iSCSIProtocolLevel", RESULT_MIN},   {"AuthMethod", RESULT_LIST},
};

enum { KEYS = sizeof keys / sizeof keys[0], OFFER_MAX = 64 };

struct offer {
    bool is_offered, is_answered;
    uint32_t length; /* OFFER_MAX + 1: too long to be kept */
    char value[OFFER_MAX];
};

/* Keys that are declared, not negotiated, and those of authentication and of older or other
 * standards: not judged [RFC 7143 12, 13; RFC 3720 A; RFC 7145 6]. */
static const char *const others[] = {
    "InitiatorName", "InitiatorAlias", "TargetName", "TargetAlias", "TargetAddress",
    "TargetPortalGroupTag", "SessionType", "SendTargets", "MaxRecvDataSegmentLength",
    "X#NodeArchitecture", "CHAP_A", "CHAP_I", "CHAP_C", "CHAP_N", "CHAP_R", "KRB_AP_REQ",
    "KRB_AP_REP", "SRP_U", "SRP_GROUP", "SRP_A", "SRP_B", "SRP_M", "SRP_HM", "SRP_N", "SRP_g",
    "SRP_s", "IFMarker", "OFMarker", "IFMarkInt", "OFMarkInt", "RDMAExtensions",
    "InitiatorRecvDataSegmentLength", "TargetRecvDataSegmentLength",
    "MaxOutstandingUnexpectedPDUs", "MaxAHSLength", "TaggedBufferForSolicitedDataOnly",
    "iSERHelloRequired",
};

enum { OTHERS = sizeof others / sizeof others[0], STRANGERS_MAX = 16 };

/* A key that no standard defines. */
struct stranger {
    uint64_t name; /* its hash */
    bool is_answered;
};

struct connection_state {
    bool is_unreadable; /* text in several PDUs */
    uint32_t stranger_count;
    struct stranger strangers[STRANGERS_MAX]; /* that were offered */
    struct offer offers[KEYS];
};

struct negotiation {
    struct lq_array connections;
};

static struct negotiation *negotiation_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_NEGOTIATION];
}

static struct connection_state *state_of(struct lq_judge *judge,
                                         const struct lq_seen_connection *connection)
{
    struct lq_array *array = &negotiation_of(judge)->connections;
    while (array->count <= connection->index)
        lq_array_add(array, judge->allocator);
    return lq_array_at(array, connection->index);
}

static uint32_t find_key(const struct lq_wire_pair *pair)
{
    uint32_t i = 0;
    while (i < KEYS && !lq_wire_key_is(pair, keys[i].name))
        i++;
    return i;
}

static bool is_other(const struct lq_wire_pair *pair)
{
    uint32_t i = 0;
    while (i < OTHERS && !lq_wire_key_is(pair, others[i]))
        i++;
    return i < OTHERS;
}

static bool begins(const struct lq_wire_pair *pair, const char *with)
{
    uint32_t length = (uint32_t)strlen(with);
    return pair->key_length > length && memcmp(pair->key, with, length) == 0;
}

/* Whom a vendor's own key says nothing to, cannot be known from outside [RFC 7143 6.1, 13.25]; but
 * these domains are nobody's, or our own, and have none. */
static bool may_have_a_meaning(const struct lq_wire_pair *pair)
{
    return begins(pair, "X-") && !begins(pair, "X-org.lunquake.") &&
           !begins(pair, "X-com.example.");
}

static void take_offer(struct offer *offer, const struct lq_wire_pair *pair)
{
    offer->is_offered = true;
    offer->length = pair->value_length <= OFFER_MAX ? pair->value_length : OFFER_MAX + 1;
    for (uint32_t i = 0; i < pair->value_length && offer->length <= OFFER_MAX; i++)
        offer->value[i] = pair->value[i];
}

/* [RFC 7143 6.1]: who knows the standard knows its keys; two are younger than the first one. */
static bool may_be_unknown(const struct key *key)
{
    return strcmp(key->name, "TaskReporting") == 0 || strcmp(key->name, "iSCSIProtocolLevel") == 0;
}

/* Reserved answers fit any offer [RFC 7143 6.2]. */
static bool is_reserved(const struct lq_wire_pair *answer)
{
    return lq_wire_value_is(answer, "Reject") || lq_wire_value_is(answer, "Irrelevant") ||
           lq_wire_value_is(answer, "NotUnderstood");
}

static bool fits(const struct offer *offer, enum result result, const struct lq_wire_pair *answer)
{
    struct lq_wire_pair offered = {.value = offer->value, .value_length = offer->length};
    uint32_t offered_number, answered_number;
    if (offer->length > OFFER_MAX || is_reserved(answer))
        return true;
    switch (result) {
    case RESULT_MIN:
    case RESULT_MAX:
        if (!lq_wire_value_number(&offered, &offered_number))
            return true;
        if (!lq_wire_value_number(answer, &answered_number))
            return false;
        return result == RESULT_MIN ? answered_number <= offered_number
                                    : answered_number >= offered_number;
    case RESULT_OR:
        return lq_wire_value_is(&offered, "Yes") ? lq_wire_value_is(answer, "Yes")
                                                 : lq_wire_value_is(answer, "Yes") ||
                                                       lq_wire_value_is(answer, "No");
    case RESULT_AND:
        return lq_wire_value_is(&offered, "No") ? lq_wire_value_is(answer, "No")
                                                : lq_wire_value_is(answer, "Yes") ||
                                                      lq_wire_value_is(answer, "No");
    case RESULT_LIST:
        return lq_wire_list_has(&offered, answer);
    }
    return true;
}

static void convict(struct lq_judge *judge, const struct lq_pdu_seen *pdu, const char *key,
                    const char *what)
{
    struct lq_text text = lq_text_form("connection %: login key ", pdu->connection->number, 0, 0,
                                       0);
    lq_text_add(&text, key);
    lq_text_add(&text, what);
    lq_convict_pdu(judge, P_SEQ_10, pdu, &text);
}

static void take_answer(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                        struct offer *offer, const struct key *key,
                        const struct lq_wire_pair *answer)
{
    judge->exercised[P_SEQ_10]++;
    if (offer->is_answered)
        convict(judge, pdu, key->name, " was answered twice");
    else if (offer->is_offered && !fits(offer, key->result, answer))
        convict(judge, pdu, key->name, " was answered outside of the offer");
    offer->is_answered = true;
}

static void answered_as_strange(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                                const struct key *key, const struct lq_wire_pair *answer)
{
    if (lq_wire_value_is(answer, "NotUnderstood") && !may_be_unknown(key))
        convict(judge, pdu, key->name, ", which the standard defines, was answered NotUnderstood");
}

/* --- keys that no standard defines ------------------------------------------------------------ */

static void take_stranger(struct connection_state *state, const struct lq_wire_pair *pair)
{
    if (is_reserved(pair) || state->stranger_count == STRANGERS_MAX)
        return;
    state->strangers[state->stranger_count++] =
        (struct stranger){lq_hash(0, pair->key, pair->key_length), false};
}

static void judge_stranger(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                           struct connection_state *state, const struct lq_wire_pair *answer)
{
    uint64_t name = lq_hash(0, answer->key, answer->key_length);
    uint32_t i = 0;
    while (i < state->stranger_count && state->strangers[i].name != name)
        i++;
    if (i == state->stranger_count)
        return; /* the target's own offer */
    judge->exercised[P_SEQ_10]++;
    if (state->strangers[i].is_answered)
        convict(judge, pdu, "", "that no standard defines was answered twice");
    else if (!may_have_a_meaning(answer) && !lq_wire_value_is(answer, "NotUnderstood"))
        convict(judge, pdu, "", "that nobody knows was not answered NotUnderstood");
    state->strangers[i].is_answered = true;
}

static void take_pair(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                      struct connection_state *state, const struct lq_wire_pair *pair)
{
    bool is_request = pdu->direction == LQ_TO_TARGET;
    uint32_t key = find_key(pair);
    if (pair->value == NULL || (key == KEYS && is_other(pair)))
        return;
    if (key == KEYS && is_request)
        take_stranger(state, pair);
    else if (key == KEYS)
        judge_stranger(judge, pdu, state, pair);
    else if (is_request)
        take_offer(&state->offers[key], pair);
    else {
        answered_as_strange(judge, pdu, &keys[key], pair);
        take_answer(judge, pdu, &state->offers[key], &keys[key], pair);
    }
}

static void judge_end(struct lq_judge *judge, const struct lq_pdu_seen *pdu,
                      const struct connection_state *state)
{
    for (uint32_t i = 0; i < state->stranger_count; i++)
        if (!state->strangers[i].is_answered)
            convict(judge, pdu, "", "that no standard defines was not answered");
    for (uint32_t i = 0; i < KEYS; i++)
        if (state->offers[i].is_offered && !state->offers[i].is_answered)
            convict(judge, pdu, keys[i].name, " was not answered");
}

static void negotiation_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu)
{
    if (pdu->opcode != LQ_WIRE_LOGIN_REQUEST && pdu->opcode != LQ_WIRE_LOGIN_RESPONSE)
        return;
    struct connection_state *state = state_of(judge, pdu->connection);
    if (lq_wire_continues(pdu->h) || pdu->kept_bytes < pdu->data_bytes)
        state->is_unreadable = true;
    if (state->is_unreadable ||
        (pdu->direction == LQ_FROM_TARGET && lq_wire_login_status(pdu->h) != 0))
        return;
    struct lq_wire_pair pair;
    uint32_t at = 0;
    while (lq_wire_next_pair(pdu->data, pdu->kept_bytes, &at, &pair))
        take_pair(judge, pdu, state, &pair);
    if (pdu->connection->login_success.number == pdu->at.number)
        judge_end(judge, pdu, state);
}

static void negotiation_init(struct lq_judge *judge)
{
    struct negotiation *negotiation =
        lq_state_make(judge, LQ_STATE_NEGOTIATION, sizeof *negotiation);
    lq_array_init(&negotiation->connections, sizeof(struct connection_state));
}

static void negotiation_free(struct lq_judge *judge)
{
    struct negotiation *negotiation = negotiation_of(judge);
    lq_array_free(&negotiation->connections, judge->allocator);
    lq_state_free(judge, LQ_STATE_NEGOTIATION, sizeof *negotiation);
}

static void negotiation_reset(struct lq_judge *judge)
{
    lq_array_reset(&negotiation_of(judge)->connections);
}

/* Of connections that have not logged in yet. */
static void negotiation_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < judge->view.connections.count; i++) {
        const struct lq_seen_connection *connection = lq_array_at(&judge->view.connections, i);
        if (connection->full_feature || connection->close != NULL)
            continue;
        const struct connection_state *state = state_of(judge, connection);
        lq_digest_word(digest, state->is_unreadable);
        for (uint32_t k = 0; k < state->stranger_count; k++)
            lq_digest_two(digest, state->strangers[k].name, state->strangers[k].is_answered);
        for (uint32_t k = 0; k < KEYS; k++) {
            const struct offer *offer = &state->offers[k];
            lq_digest_two(digest, offer->is_offered, offer->is_answered);
            lq_digest_bytes(digest, offer->value,
                            offer->length < OFFER_MAX ? offer->length : OFFER_MAX);
        }
    }
}

const struct lq_judge_part lq_negotiation_part = {
    .name = "sequence",
    .init = negotiation_init,
    .free = negotiation_free,
    .reset = negotiation_reset,
    .pdu = negotiation_pdu,
    .digest = negotiation_digest,
};
