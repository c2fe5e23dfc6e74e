/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operational keys of login and text negotiation [RFC 7143 13] as one table, and a negotiation
 * that follows it. Both roles use it: offer, answer, and take the answer to an offer.
 *
 * What this is not: it knows no login stages and keeps no names; keys whose values are text
 * (names, aliases, SendTargets, CHAP) are recognised and handed back to the caller.
 */
#ifndef LQ_PROTO_ISCSI_KEYS_H
#define LQ_PROTO_ISCSI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/iscsi/text.h"

enum lq_key {
    LQ_KEY_AUTH_METHOD,
    LQ_KEY_HEADER_DIGEST,
    LQ_KEY_DATA_DIGEST,
    LQ_KEY_MAX_CONNECTIONS,
    LQ_KEY_SEND_TARGETS,
    LQ_KEY_TARGET_NAME,
    LQ_KEY_INITIATOR_NAME,
    LQ_KEY_TARGET_ALIAS,
    LQ_KEY_INITIATOR_ALIAS,
    LQ_KEY_TARGET_ADDRESS,
    LQ_KEY_TARGET_PORTAL_GROUP_TAG,
    LQ_KEY_INITIAL_R2T,
    LQ_KEY_IMMEDIATE_DATA,
    LQ_KEY_MAX_RECV_DATA_SEGMENT_LENGTH,
    LQ_KEY_MAX_BURST_LENGTH,
    LQ_KEY_FIRST_BURST_LENGTH,
    LQ_KEY_DEFAULT_TIME2WAIT,
    LQ_KEY_DEFAULT_TIME2RETAIN,
    LQ_KEY_MAX_OUTSTANDING_R2T,
    LQ_KEY_DATA_PDU_IN_ORDER,
    LQ_KEY_DATA_SEQUENCE_IN_ORDER,
    LQ_KEY_ERROR_RECOVERY_LEVEL,
    LQ_KEY_SESSION_TYPE,
    LQ_KEY_TASK_REPORTING,
    LQ_KEY_PROTOCOL_LEVEL,
    LQ_KEY_IF_MARKER,
    LQ_KEY_OF_MARKER,
    LQ_KEY_IF_MARK_INT,
    LQ_KEY_OF_MARK_INT,
    LQ_KEYS /* number of keys; also "no key of the table" */
};

enum lq_key_type {
    LQ_KEY_TEXT,          /* the caller's affair */
    LQ_KEY_BOOLEAN_OR,
    LQ_KEY_BOOLEAN_AND,
    LQ_KEY_NUMBER_MIN,
    LQ_KEY_NUMBER_MAX,
    LQ_KEY_NUMBER_DECLARED, /* each side its own; no answer */
    LQ_KEY_LIST,          /* the first of the offerer's values that the other accepts */
    LQ_KEY_CHOICE_DECLARED, /* one of a list, declared; no answer */
    LQ_KEY_ALWAYS_REJECT  /* obsolete markers [RFC 7143 13.25] */
};

enum lq_key_use {
    LQ_USE_LEADING_LOGIN = 1 << 0, /* LO: login of a session's first connection */
    LQ_USE_OTHER_LOGIN = 1 << 1,   /* login of a later connection */
    LQ_USE_FULL_FEATURE = 1 << 2   /* text negotiation */
};

enum lq_role { LQ_INITIATOR = 1 << 0, LQ_TARGET = 1 << 1 };

struct lq_key_info {
    const char *name;
    uint8_t type;    /* enum lq_key_type */
    uint8_t use;     /* enum lq_key_use */
    uint8_t senders; /* enum lq_role: who may say it first */
    bool irrelevant_in_discovery;
    uint32_t low, high;
    uint32_t initial; /* the value when nothing is said; of lists the place in the list */
    const char *const *choices; /* of lists, ended by NULL */
    uint16_t value_bytes_max;
};

extern const struct lq_key_info lq_keys[LQ_KEYS];

/* The key of NAME (case matters [RFC 7143 6.1]); LQ_KEYS when the table has none such. */
enum lq_key lq_key_find(struct lq_slice name);

/*
 * One negotiation: a login, or a text exchange in full feature phase. Numbers are numbers,
 * booleans 0 and 1; of lists OURS is the set of what we accept (bit n: choice n) and RESULT the
 * place of the choice. MaxRecvDataSegmentLength: OURS is what we declare, RESULT the peer's.
 */
struct lq_negotiation {
    uint8_t role; /* ours, enum lq_role */
    uint8_t use;  /* enum lq_key_use: where we are */
    bool discovery;
    uint32_t received; /* keys that the peer has sent, a bit each */
    uint32_t offered;  /* keys that we sent first */
    uint32_t settled;  /* offered keys that have been answered */
    uint32_t refused;  /* offered keys answered with Reject, Irrelevant or NotUnderstood */
    uint32_t ours[LQ_KEYS];
    uint32_t result[LQ_KEYS];
};

/* A login's negotiation: RESULT is the defaults and OURS accepts nothing but the defaults, until
 * the caller writes what it wants. */
void lq_negotiation_init(struct lq_negotiation *negotiation, enum lq_role role,
                         enum lq_key_use use);

/* A text negotiation in full feature phase begins: results stay, keys may be said anew. */
void lq_negotiation_begin_text(struct lq_negotiation *negotiation);

enum lq_key_result {
    LQ_KEY_DONE,       /* taken, and answered where an answer is due */
    LQ_KEY_IS_TEXT,    /* *KEY's value is text; nothing was answered */
    LQ_KEY_REJECTED,   /* answered "Reject": out of range, no choice in common, or not now */
    LQ_KEY_UNKNOWN,    /* answered "NotUnderstood" */
    LQ_KEY_TWICE,      /* said twice in one negotiation [RFC 7143 6.3]: a protocol error */
    LQ_KEY_TOO_LONG,   /* the value is longer than the key allows */
    LQ_KEY_WRONG_SENDER, /* this role never says the key */
    LQ_KEY_BAD_ANSWER  /* the answer to our offer contradicts it */
};

/* What is wrong, as part of a sentence. */
const char *lq_key_result_sentence(enum lq_key_result result);

/* Takes PAIR from the peer; an answer, when one is due, goes to WRITER. *KEY (may be LQ_KEYS) tells
 * which key it was. */
enum lq_key_result lq_negotiation_receive(struct lq_negotiation *negotiation,
                                          const struct lq_text_pair *pair,
                                          struct lq_text_writer *writer, enum lq_key *key);

/* Says KEY with our value (of lists: all that we accept, in the table's order). Not for text. */
void lq_negotiation_offer(struct lq_negotiation *negotiation, enum lq_key key,
                          struct lq_text_writer *writer);

/*
 * What a side offers, and accepts, for HeaderDigest or DataDigest [RFC 7143 13.1]. A target answers
 * with the first of the initiator's values that it accepts; it speaks first only when it accepts
 * nothing but CRC32C.
 */
enum lq_digest_offer {
    LQ_DIGEST_NONE,          /* None */
    LQ_DIGEST_CRC32C,        /* CRC32C: nothing else will do */
    LQ_DIGEST_PREFER_NONE,   /* None,CRC32C */
    LQ_DIGEST_PREFER_CRC32C, /* CRC32C,None */
    LQ_DIGEST_OFFERS
};

enum { LQ_DIGEST_RESULT_CRC32C = 1 }; /* place of CRC32C in both keys' lists */

/* OFFER as the set of accepted values, for OURS. */
uint32_t lq_digest_accepted(enum lq_digest_offer offer);

/* The default of KEY, not spoken of, would not be what we want: then it must be offered. */
bool lq_negotiation_wants(const struct lq_negotiation *negotiation, enum lq_key key);

/* An offer of ours has not been answered yet. */
bool lq_negotiation_is_waiting(const struct lq_negotiation *negotiation);

#endif
