/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the table says what a key is; one function per type parses a value, forms the answer and
 * checks an answer. Nothing here names a single key except the two rules that tie keys together
 * (FirstBurstLength and its neighbours).
 */
#include "proto/iscsi/keys.h"

#include <string.h>

#include "core/base/assert.h"

#define LOGIN_LEADING LQ_USE_LEADING_LOGIN
#define LOGIN_ANY (LQ_USE_LEADING_LOGIN | LQ_USE_OTHER_LOGIN)
#define FULL LQ_USE_FULL_FEATURE
#define BOTH (LQ_INITIATOR | LQ_TARGET)
#define SEGMENT_MAX 0xffffffU

static const char *const digests[] = {"None", "CRC32C", NULL};
static const char *const methods[] = {"None", "CHAP", "SRP", "KRB5", NULL};
static const char *const session_types[] = {"Normal", "Discovery", NULL};
static const char *const reportings[] = {"RFC3720", "ResponseFence", "FastAbort", NULL};

/* clang-format off */
const struct lq_key_info lq_keys[LQ_KEYS] = {
    /* name, type, use, senders, irrelevant in discovery, low, high, initial, choices, value max */
    [LQ_KEY_AUTH_METHOD] = {"AuthMethod", LQ_KEY_LIST, LOGIN_ANY, BOTH,
        false, 0, 0, 0, methods, 255},
    [LQ_KEY_HEADER_DIGEST] = {"HeaderDigest", LQ_KEY_LIST, LOGIN_ANY, BOTH,
        false, 0, 0, 0, digests, 255},
    [LQ_KEY_DATA_DIGEST] = {"DataDigest", LQ_KEY_LIST, LOGIN_ANY, BOTH,
        false, 0, 0, 0, digests, 255},
    [LQ_KEY_MAX_CONNECTIONS] = {"MaxConnections", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        true, 1, 65535, 1, NULL, 255},
    [LQ_KEY_SEND_TARGETS] = {"SendTargets", LQ_KEY_TEXT, FULL, LQ_INITIATOR,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_TARGET_NAME] = {"TargetName", LQ_KEY_TEXT, LOGIN_ANY | FULL, BOTH,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_INITIATOR_NAME] = {"InitiatorName", LQ_KEY_TEXT, LOGIN_ANY, LQ_INITIATOR,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_TARGET_ALIAS] = {"TargetAlias", LQ_KEY_TEXT, LOGIN_ANY | FULL, LQ_TARGET,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_INITIATOR_ALIAS] = {"InitiatorAlias", LQ_KEY_TEXT, LOGIN_ANY | FULL, LQ_INITIATOR,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_TARGET_ADDRESS] = {"TargetAddress", LQ_KEY_TEXT, LOGIN_ANY | FULL, LQ_TARGET,
        false, 0, 0, 0, NULL, 8192},
    [LQ_KEY_TARGET_PORTAL_GROUP_TAG] = {"TargetPortalGroupTag", LQ_KEY_TEXT, LOGIN_ANY, LQ_TARGET,
        false, 0, 65535, 0, NULL, 255},
    [LQ_KEY_INITIAL_R2T] = {"InitialR2T", LQ_KEY_BOOLEAN_OR, LOGIN_LEADING, BOTH,
        true, 0, 1, 1, NULL, 255},
    [LQ_KEY_IMMEDIATE_DATA] = {"ImmediateData", LQ_KEY_BOOLEAN_AND, LOGIN_LEADING, BOTH,
        true, 0, 1, 1, NULL, 255},
    [LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH] = {"MaxRecvDataSegmentLength", LQ_KEY_NUMBER_DECLARED,
        LOGIN_ANY | FULL, BOTH, false, 512, SEGMENT_MAX, 8192, NULL, 255},
    [LQ_KEY_MAX_BURST_LENGTH] = {"MaxBurstLength", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        true, 512, SEGMENT_MAX, 262144, NULL, 255},
    [LQ_KEY_FIRST_BURST_LENGTH] = {"FirstBurstLength", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        true, 512, SEGMENT_MAX, 65536, NULL, 255},
    [LQ_KEY_DEFAULT_TIME2WAIT] = {"DefaultTime2Wait", LQ_KEY_NUMBER_MAX, LOGIN_LEADING, BOTH,
        false, 0, 3600, 2, NULL, 255},
    [LQ_KEY_DEFAULT_TIME2RETAIN] = {"DefaultTime2Retain", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        false, 0, 3600, 20, NULL, 255},
    [LQ_KEY_MAX_OUTSTANDING_R2T] = {"MaxOutstandingR2T", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        true, 1, 65535, 1, NULL, 255},
    [LQ_KEY_DATA_PDU_IN_ORDER] = {"DataPDUInOrder", LQ_KEY_BOOLEAN_OR, LOGIN_LEADING, BOTH,
        true, 0, 1, 1, NULL, 255},
    [LQ_KEY_DATA_SEQUENCE_IN_ORDER] = {"DataSequenceInOrder", LQ_KEY_BOOLEAN_OR, LOGIN_LEADING,
        BOTH, true, 0, 1, 1, NULL, 255},
    [LQ_KEY_ERROR_RECOVERY_LEVEL] = {"ErrorRecoveryLevel", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        false, 0, 2, 0, NULL, 255},
    [LQ_KEY_SESSION_TYPE] = {"SessionType", LQ_KEY_CHOICE_DECLARED, LOGIN_LEADING, LQ_INITIATOR,
        false, 0, 0, 0, session_types, 255},
    [LQ_KEY_TASK_REPORTING] = {"TaskReporting", LQ_KEY_LIST, LOGIN_LEADING, BOTH,
        true, 0, 0, 0, reportings, 255},
    [LQ_KEY_PROTOCOL_LEVEL] = {"iSCSIProtocolLevel", LQ_KEY_NUMBER_MIN, LOGIN_LEADING, BOTH,
        false, 0, 31, 1, NULL, 255},
    [LQ_KEY_IF_MARKER] = {"IFMarker", LQ_KEY_ALWAYS_REJECT, LOGIN_ANY, BOTH,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_OF_MARKER] = {"OFMarker", LQ_KEY_ALWAYS_REJECT, LOGIN_ANY, BOTH,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_IF_MARK_INT] = {"IFMarkInt", LQ_KEY_ALWAYS_REJECT, LOGIN_ANY, BOTH,
        false, 0, 0, 0, NULL, 255},
    [LQ_KEY_OF_MARK_INT] = {"OFMarkInt", LQ_KEY_ALWAYS_REJECT, LOGIN_ANY, BOTH,
        false, 0, 0, 0, NULL, 255},
};
/* clang-format on */

_Static_assert(LQ_KEYS <= 32, "the sets of keys are 32-bit masks");

static uint32_t bit(enum lq_key key)
{
    return UINT32_C(1) << key;
}

enum lq_key lq_key_find(struct lq_slice name)
{
    for (unsigned key = 0; key < LQ_KEYS; key++)
        if (lq_text_equal(name, lq_keys[key].name))
            return (enum lq_key)key;
    return LQ_KEYS;
}

const char *lq_key_result_sentence(enum lq_key_result result)
{
    static const char *const sentences[] = {
        [LQ_KEY_DONE] = "the key was taken",
        [LQ_KEY_IS_TEXT] = "the key's value is text",
        [LQ_KEY_REJECTED] = "the value was rejected",
        [LQ_KEY_UNKNOWN] = "the key is not understood",
        [LQ_KEY_TWICE] = "a key was sent twice in one negotiation",
        [LQ_KEY_TOO_LONG] = "a value is longer than its key allows",
        [LQ_KEY_WRONG_SENDER] = "a key came from the side that never sends it",
        [LQ_KEY_BAD_ANSWER] = "an answer contradicts the offer",
    };
    return sentences[result];
}

void lq_negotiation_init(struct lq_negotiation *negotiation, enum lq_role role,
                         enum lq_key_use use)
{
    *negotiation = (struct lq_negotiation){.role = (uint8_t)role, .use = (uint8_t)use};
    for (unsigned key = 0; key < LQ_KEYS; key++) {
        const struct lq_key_info *info = &lq_keys[key];
        negotiation->result[key] = info->initial;
        negotiation->ours[key] = info->choices != NULL ? UINT32_C(1) << info->initial
                                                       : info->initial;
    }
}

void lq_negotiation_begin_text(struct lq_negotiation *negotiation)
{
    negotiation->use = LQ_USE_FULL_FEATURE;
    negotiation->received = negotiation->offered = 0;
    negotiation->settled = negotiation->refused = 0;
}

/* --- values --------------------------------------------------------------------------------- */

/* Place of NAME among CHOICES, or -1. */
static int find_choice(const char *const *choices, struct lq_slice name)
{
    for (int i = 0; choices[i] != NULL; i++)
        if (lq_text_equal(name, choices[i]))
            return i;
    return -1;
}

/* The first value of LIST that ACCEPTED has, or -1. */
static int first_acceptable(const struct lq_key_info *info, struct lq_slice list,
                            uint32_t accepted)
{
    uint32_t start = 0;
    while (start <= list.size_bytes) {
        uint32_t end = start;
        while (end < list.size_bytes && list.bytes[end] != ',')
            end++;
        int place = find_choice(info->choices, (struct lq_slice){list.bytes + start, end - start});
        if (place >= 0 && ((accepted >> place) & 1U) != 0)
            return place;
        start = end + 1;
    }
    return -1;
}

/* Parses VALUE of a boolean or a number within the key's range. */
static bool parse(const struct lq_key_info *info, struct lq_slice value, uint32_t *number)
{
    if (info->type == LQ_KEY_BOOLEAN_OR || info->type == LQ_KEY_BOOLEAN_AND) {
        bool boolean;
        if (!lq_text_to_boolean(value, &boolean))
            return false;
        *number = boolean;
        return true;
    }
    return lq_text_to_number(value, number) && *number >= info->low && *number <= info->high;
}

/* The result function [RFC 7143 13]. */
static uint32_t combine(uint8_t type, uint32_t theirs, uint32_t ours)
{
    switch (type) {
    case LQ_KEY_BOOLEAN_OR: return theirs | ours;
    case LQ_KEY_BOOLEAN_AND: return theirs & ours;
    case LQ_KEY_NUMBER_MIN: return theirs < ours ? theirs : ours;
    case LQ_KEY_NUMBER_MAX: return theirs > ours ? theirs : ours;
    default: return theirs;
    }
}

static void put_value(struct lq_text_writer *writer, const struct lq_key_info *info,
                      uint32_t value)
{
    if (info->choices != NULL)
        lq_text_put(writer, info->name, info->choices[value]);
    else if (info->type == LQ_KEY_BOOLEAN_OR || info->type == LQ_KEY_BOOLEAN_AND)
        lq_text_put(writer, info->name, value != 0 ? "Yes" : "No");
    else
        lq_text_put_number(writer, info->name, value);
}

uint32_t lq_digest_accepted(enum lq_digest_offer offer)
{
    static const uint8_t accepted[LQ_DIGEST_OFFERS] = {
        [LQ_DIGEST_NONE] = 1 << 0,
        [LQ_DIGEST_CRC32C] = 1 << LQ_DIGEST_RESULT_CRC32C,
        [LQ_DIGEST_PREFER_NONE] = 1 << 0 | 1 << LQ_DIGEST_RESULT_CRC32C,
        [LQ_DIGEST_PREFER_CRC32C] = 1 << 0 | 1 << LQ_DIGEST_RESULT_CRC32C,
    };
    return accepted[offer];
}

/* --- irrelevance [RFC 7143 13, each key's "Irrelevant when"] -------------------------------- */

static bool is_irrelevant(const struct lq_negotiation *n, enum lq_key key)
{
    if (n->discovery && lq_keys[key].irrelevant_in_discovery)
        return true;
    uint32_t both = bit(LQ_KEY_INITIAL_R2T) | bit(LQ_KEY_IMMEDIATE_DATA);
    return key == LQ_KEY_FIRST_BURST_LENGTH && ((n->received | n->settled) & both) == both &&
           n->result[LQ_KEY_INITIAL_R2T] != 0 && n->result[LQ_KEY_IMMEDIATE_DATA] == 0;
}

/* FirstBurstLength must not exceed MaxBurstLength [RFC 7143 13.14]. */
static uint32_t bounded(const struct lq_negotiation *n, enum lq_key key, uint32_t value)
{
    if (key == LQ_KEY_FIRST_BURST_LENGTH && value > n->result[LQ_KEY_MAX_BURST_LENGTH])
        return n->result[LQ_KEY_MAX_BURST_LENGTH];
    return value;
}

/* --- receiving ------------------------------------------------------------------------------ */

/* A value that is no value but a word about the negotiation [RFC 7143 6.2]. */
static bool is_refusal(struct lq_slice value)
{
    return lq_text_equal(value, "Reject") || lq_text_equal(value, "Irrelevant") ||
           lq_text_equal(value, "NotUnderstood");
}

/* The peer answered our offer of KEY. */
static enum lq_key_result take_answer(struct lq_negotiation *n, enum lq_key key,
                                      struct lq_slice value)
{
    const struct lq_key_info *info = &lq_keys[key];
    n->settled |= bit(key);
    if (is_refusal(value)) {
        n->refused |= bit(key);
        return LQ_KEY_DONE;
    }
    if (info->choices != NULL) {
        int place = find_choice(info->choices, value);
        if (place < 0 || ((n->ours[key] >> place) & 1U) == 0)
            return LQ_KEY_BAD_ANSWER;
        n->result[key] = (uint32_t)place;
        return LQ_KEY_DONE;
    }
    uint32_t answer;
    if (!parse(info, value, &answer) ||
        (info->type != LQ_KEY_NUMBER_DECLARED &&
         combine(info->type, answer, n->ours[key]) != answer))
        return LQ_KEY_BAD_ANSWER;
    n->result[key] = answer;
    return LQ_KEY_DONE;
}

static enum lq_key_result reject(const struct lq_key_info *info, struct lq_text_writer *writer)
{
    lq_text_put(writer, info->name, "Reject");
    return LQ_KEY_REJECTED;
}

/* The peer offers or declares KEY. */
static enum lq_key_result take_offer(struct lq_negotiation *n, enum lq_key key,
                                     struct lq_slice value, struct lq_text_writer *writer)
{
    const struct lq_key_info *info = &lq_keys[key];
    if (info->type == LQ_KEY_ALWAYS_REJECT || (info->use & n->use) == 0)
        return reject(info, writer);
    if (is_irrelevant(n, key)) {
        lq_text_put(writer, info->name, "Irrelevant");
        return LQ_KEY_DONE;
    }
    if (info->type == LQ_KEY_LIST) {
        int place = first_acceptable(info, value, n->ours[key]);
        if (place < 0)
            return reject(info, writer);
        n->result[key] = (uint32_t)place;
        put_value(writer, info, (uint32_t)place);
        return LQ_KEY_DONE;
    }
    if (info->type == LQ_KEY_CHOICE_DECLARED) {
        int place = find_choice(info->choices, value);
        if (place < 0)
            return reject(info, writer);
        n->result[key] = (uint32_t)place;
        return LQ_KEY_DONE;
    }
    uint32_t theirs;
    if (!parse(info, value, &theirs))
        return reject(info, writer);
    if (info->type == LQ_KEY_NUMBER_DECLARED) {
        n->result[key] = theirs;
        return LQ_KEY_DONE;
    }
    n->result[key] = bounded(n, key, combine(info->type, theirs, n->ours[key]));
    put_value(writer, info, n->result[key]);
    return LQ_KEY_DONE;
}

enum lq_key_result lq_negotiation_receive(struct lq_negotiation *negotiation,
                                          const struct lq_text_pair *pair,
                                          struct lq_text_writer *writer, enum lq_key *key)
{
    *key = lq_key_find(pair->key);
    if (*key == LQ_KEYS) {
        /* An answer to nothing that we said needs no answer; else the two would never end. */
        if (is_refusal(pair->value))
            return LQ_KEY_DONE;
        lq_text_put_slices(writer, pair->key, lq_text_slice("NotUnderstood"));
        return LQ_KEY_UNKNOWN;
    }
    const struct lq_key_info *info = &lq_keys[*key];
    uint32_t mask = bit(*key);
    bool repeatable = *key == LQ_KEY_TARGET_ADDRESS || *key == LQ_KEY_TARGET_NAME;
    if ((negotiation->received & mask) != 0 &&
        !(repeatable && negotiation->use == LQ_USE_FULL_FEATURE))
        return LQ_KEY_TWICE;
    negotiation->received |= mask;
    if (pair->value.size_bytes > info->value_bytes_max)
        return LQ_KEY_TOO_LONG;
    /* Declared keys have no answer: what the peer says is its own, whatever we said of ours. */
    bool declared = info->type == LQ_KEY_NUMBER_DECLARED && !is_refusal(pair->value);
    if ((negotiation->offered & ~negotiation->settled & mask) != 0 && !declared)
        return take_answer(negotiation, *key, pair->value);
    uint8_t peer = negotiation->role == LQ_TARGET ? LQ_INITIATOR : LQ_TARGET;
    if ((info->senders & peer) == 0)
        return LQ_KEY_WRONG_SENDER;
    if (info->type == LQ_KEY_TEXT) {
        if ((info->use & negotiation->use) == 0)
            return reject(info, writer);
        return LQ_KEY_IS_TEXT;
    }
    return take_offer(negotiation, *key, pair->value, writer);
}

/* --- offering ------------------------------------------------------------------------------- */

/* All accepted values of a list, in the table's order. */
static void put_list(struct lq_text_writer *writer, const struct lq_key_info *info,
                     uint32_t accepted)
{
    uint8_t list[LQ_TEXT_VALUE_BYTES_MAX];
    uint32_t size = 0;
    for (unsigned i = 0; info->choices[i] != NULL; i++) {
        struct lq_slice name = lq_text_slice(info->choices[i]);
        if (((accepted >> i) & 1U) == 0)
            continue;
        LQ_ASSERT(size + 1 + name.size_bytes <= sizeof list);
        if (size != 0)
            list[size++] = ',';
        memcpy(list + size, name.bytes, name.size_bytes);
        size += name.size_bytes;
    }
    lq_text_put_slices(writer, lq_text_slice(info->name), (struct lq_slice){list, size});
}

void lq_negotiation_offer(struct lq_negotiation *negotiation, enum lq_key key,
                          struct lq_text_writer *writer)
{
    const struct lq_key_info *info = &lq_keys[key];
    LQ_ASSERT(info->type != LQ_KEY_TEXT && info->type != LQ_KEY_ALWAYS_REJECT);
    negotiation->offered |= bit(key);
    if (info->type == LQ_KEY_NUMBER_DECLARED || info->type == LQ_KEY_CHOICE_DECLARED)
        negotiation->settled |= bit(key);
    if (info->choices != NULL)
        put_list(writer, info, negotiation->ours[key]);
    else
        put_value(writer, info, negotiation->ours[key]);
}

bool lq_negotiation_wants(const struct lq_negotiation *negotiation, enum lq_key key)
{
    const struct lq_key_info *info = &lq_keys[key];
    /* What the peer declares of itself says nothing of us. */
    bool declared = info->type == LQ_KEY_NUMBER_DECLARED;
    uint32_t spoken = negotiation->offered | (declared ? 0 : negotiation->received);
    if ((spoken & bit(key)) != 0 || (info->use & negotiation->use) == 0 ||
        is_irrelevant(negotiation, key))
        return false;
    switch (info->type) {
    case LQ_KEY_BOOLEAN_OR:
    case LQ_KEY_BOOLEAN_AND:
    case LQ_KEY_NUMBER_MIN:
    case LQ_KEY_NUMBER_MAX:
        return combine(info->type, info->initial, negotiation->ours[key]) != info->initial;
    case LQ_KEY_NUMBER_DECLARED:
        return negotiation->ours[key] != info->initial;
    case LQ_KEY_LIST:
        return ((negotiation->ours[key] >> info->initial) & 1U) == 0;
    default:
        return false;
    }
}

bool lq_negotiation_is_waiting(const struct lq_negotiation *negotiation)
{
    return (negotiation->offered & ~negotiation->settled) != 0;
}
