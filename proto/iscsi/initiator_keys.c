/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that an initiator offers, as a table: how an offer is written, which answers are legal,
 * and what a target that speaks first is answered.
 */
#include <string.h>

#include "proto/iscsi/initiator_state.h"

/* clang-format off */
const struct key lq_ini_keys[KEYS] = { /* [RFC 7143 13], in the order of sending */
    {"HeaderDigest", NULL, LISTED, HEADER_DIGEST, 0, LQ_DIGEST_OFFERS - 1, false, true},
    {"DataDigest", NULL, LISTED, DATA_DIGEST, 0, LQ_DIGEST_OFFERS - 1, false, true},
    {"ErrorRecoveryLevel", "0", SAME, NO_FIELD, 0, 0, false, false},
    {"MaxRecvDataSegmentLength", NULL, DECLARED, SEGMENT, 512, 0xffffff, false, true},
    {"DefaultTime2Wait", NULL, HIGHEST, TIME2WAIT, 0, 3600, false, false},
    {"DefaultTime2Retain", NULL, LOWEST, TIME2RETAIN, 0, 3600, false, false},
    {"MaxConnections", "1", SAME, NO_FIELD, 0, 0, true, false},
    {"InitialR2T", NULL, OR, INITIAL_R2T, 0, 0, true, false},
    {"ImmediateData", NULL, AND, IMMEDIATE_DATA, 0, 0, true, false},
    {"MaxBurstLength", NULL, LOWEST, MAX_BURST, 512, 0xffffff, true, false},
    {"FirstBurstLength", NULL, LOWEST, FIRST_BURST, 512, 0xffffff, true, false},
    {"MaxOutstandingR2T", NULL, LOWEST, OUTSTANDING_R2T, 1, 65535, true, false},
    {"DataPDUInOrder", "Yes", SAME, NO_FIELD, 0, 0, true, false},
    {"DataSequenceInOrder", "Yes", SAME, NO_FIELD, 0, 0, true, false},
};
/* clang-format on */

uint32_t lq_ini_key_offered(const struct lq_iscsi_initiator_offer *offer, enum key_field field)
{
    switch (field) {
    case NO_FIELD:
        return 0;
    case HEADER_DIGEST:
        return offer->header_digest;
    case DATA_DIGEST:
        return offer->data_digest;
    case INITIAL_R2T:
        return offer->initial_r2t;
    case IMMEDIATE_DATA:
        return offer->immediate_data;
    case SEGMENT:
        return offer->max_recv_data_segment_length;
    case MAX_BURST:
        return offer->max_burst_length;
    case FIRST_BURST:
        return offer->first_burst_length;
    case TIME2WAIT:
        return offer->default_time2wait_s;
    case TIME2RETAIN:
        return offer->default_time2retain_s;
    case OUTSTANDING_R2T:
        return offer->max_outstanding_r2t;
    }
    return 0;
}

static struct lq_iscsi_initiator_offer offer_with(struct lq_iscsi_initiator_offer offer,
                                                  enum key_field field, uint32_t value)
{
    switch (field) {
    case NO_FIELD:
        break;
    case HEADER_DIGEST:
        offer.header_digest = (enum lq_digest_offer)value;
        break;
    case DATA_DIGEST:
        offer.data_digest = (enum lq_digest_offer)value;
        break;
    case INITIAL_R2T:
        offer.initial_r2t = value != 0;
        break;
    case IMMEDIATE_DATA:
        offer.immediate_data = value != 0;
        break;
    case SEGMENT:
        offer.max_recv_data_segment_length = value;
        break;
    case MAX_BURST:
        offer.max_burst_length = value;
        break;
    case FIRST_BURST:
        offer.first_burst_length = value;
        break;
    case TIME2WAIT:
        offer.default_time2wait_s = (uint16_t)value;
        break;
    case TIME2RETAIN:
        offer.default_time2retain_s = (uint16_t)value;
        break;
    case OUTSTANDING_R2T:
        offer.max_outstanding_r2t = (uint16_t)value;
        break;
    }
    return offer;
}

/* What holds from now on; of SEGMENT it is the target's own word. */
static void set_field(struct lq_iscsi_initiator *ini, enum key_field field, uint32_t value)
{
    if (field == SEGMENT)
        ini->target_segment_max = value;
    else
        ini->params = offer_with(ini->params, field, value);
}

static const char *const digest_lists[LQ_DIGEST_OFFERS] = {
    [LQ_DIGEST_NONE] = "None",
    [LQ_DIGEST_CRC32C] = "CRC32C",
    [LQ_DIGEST_PREFER_NONE] = "None,CRC32C",
    [LQ_DIGEST_PREFER_CRC32C] = "CRC32C,None",
};

static bool digest_is_acceptable(uint32_t offer, enum lq_digest_offer digest)
{
    uint32_t place = digest == LQ_DIGEST_CRC32C ? LQ_DIGEST_RESULT_CRC32C : 0;
    return (lq_digest_accepted((enum lq_digest_offer)offer) >> place & 1) != 0;
}

/* The first digest of LIST that OFFER accepts; false when there is none. */
static bool pick_digest(struct lq_slice list, uint32_t offer, uint32_t *digest)
{
    for (uint32_t start = 0, end; start <= list.size_bytes; start = end + 1) {
        end = start;
        while (end < list.size_bytes && list.bytes[end] != ',')
            end++;
        struct lq_slice name = {list.bytes + start, end - start};
        for (*digest = LQ_DIGEST_NONE; *digest <= LQ_DIGEST_CRC32C; ++*digest)
            if (lq_text_equal(name, digest_lists[*digest]) &&
                digest_is_acceptable(offer, (enum lq_digest_offer)*digest))
                return true;
    }
    return false;
}

void lq_ini_key_put(struct lq_text_writer *writer, const struct login *login,
                    const struct key *key)
{
    uint32_t value = lq_ini_key_offered(&login->offer, key->field);
    if (key->literal != NULL)
        lq_text_put(writer, key->name, key->literal);
    else if (key->rule == LISTED)
        lq_text_put(writer, key->name, digest_lists[value]);
    else if (key->rule == OR || key->rule == AND)
        lq_text_put(writer, key->name, value != 0 ? "Yes" : "No");
    else
        lq_text_put_number(writer, key->name, value);
}

bool lq_ini_key_answer(struct lq_iscsi_initiator *ini, const struct key *key,
                       struct lq_slice value)
{
    uint32_t offered = lq_ini_key_offered(&ini->login.offer, key->field);
    uint32_t number;
    bool boolean;
    if (key->rule == SAME)
        return lq_text_equal(value, key->literal);
    if (key->rule == LISTED) {
        bool is_one = memchr(value.bytes, ',', value.size_bytes) == NULL;
        if (!is_one || !pick_digest(value, offered, &number))
            return false;
        set_field(ini, key->field, number);
        return true;
    }
    if (key->rule == OR || key->rule == AND) {
        if (!lq_text_to_boolean(value, &boolean))
            return key->normal_only && lq_text_equal(value, "Irrelevant");
        set_field(ini, key->field, boolean);
        return key->rule == OR ? (offered == 0 || boolean) : (offered != 0 || !boolean);
    }
    if (!lq_text_to_number(value, &number))
        return lq_text_equal(value, "Irrelevant") && key->normal_only;
    if (number < key->low || number > key->high)
        return false;
    set_field(ini, key->field, number);
    return key->rule == DECLARED || (key->rule == LOWEST ? number <= offered : number >= offered);
}

void lq_ini_key_meet(struct lq_iscsi_initiator *ini, const struct key *key, struct lq_slice value)
{
    uint32_t own = lq_ini_key_offered(&ini->login.offer, key->field);
    bool suits = lq_ini_key_answer(ini, key, value);
    if (key->rule == LISTED) { /* a list of theirs is answered by one value of it */
        if (pick_digest(value, own, &own)) {
            set_field(ini, key->field, own);
            ini->login.offer = offer_with(ini->login.offer, key->field, own);
        }
        return;
    }
    if (key->rule == DECLARED && !suits)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
    if (key->rule == DECLARED || key->rule == SAME)
        return;
    if (!suits) /* theirs goes further than ours, or makes no sense: ours holds */
        set_field(ini, key->field, own);
    ini->login.offer = offer_with(ini->login.offer, key->field,
                                  lq_ini_key_offered(&ini->params, key->field));
}

bool lq_ini_digests_are_acceptable(const struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_initiator_offer *offer = &ini->login.offer;
    return digest_is_acceptable(offer->header_digest, ini->params.header_digest) &&
           digest_is_acceptable(offer->data_digest, ini->params.data_digest);
}
