/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of login and text negotiation [RFC 7143 6.1]: key=value pairs, each ended by a NUL byte,
 * and the forms of values.
 *
 * What this is not: it knows no key's meaning (keys.h). Slices point into the caller's text. Used
 * by both endpoints.
 */
#ifndef LQ_PROTO_ISCSI_TEXT_H
#define LQ_PROTO_ISCSI_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

enum {
    LQ_TEXT_KEY_BYTES_MAX = 63,          /* [RFC 7143 6.1] standard-label */
    LQ_TEXT_VALUE_BYTES_MAX = 255,       /* unless the key says otherwise */
    LQ_TEXT_LONG_VALUE_BYTES_MAX = 8192  /* the longest that any key may have */
};

struct lq_text_pair {
    struct lq_slice key, value;
};

enum lq_text_result {
    LQ_TEXT_PAIR,
    LQ_TEXT_END,
    LQ_TEXT_NOT_TERMINATED, /* no NUL byte after the last pair */
    LQ_TEXT_NO_EQUALS,
    LQ_TEXT_BAD_KEY,        /* empty, longer than 63, or a character that no label has */
    LQ_TEXT_VALUE_TOO_LONG
};

/* What is wrong, as part of a sentence: "a pair has no '='". */
const char *lq_text_result_sentence(enum lq_text_result result);

struct lq_text_reader {
    struct lq_slice text;
    uint32_t position;
};

/* Takes the next pair. Runs of NUL bytes between pairs are skipped (some peers pad with them). */
enum lq_text_result lq_text_next(struct lq_text_reader *reader, struct lq_text_pair *pair);

/* Appends pairs; never writes beyond CAPACITY, and remembers that something did not fit. */
struct lq_text_writer {
    uint8_t *bytes;
    uint32_t size_bytes, capacity_bytes;
    bool overflowed;
};

void lq_text_put(struct lq_text_writer *writer, const char *key, const char *value);
void lq_text_put_slices(struct lq_text_writer *writer, struct lq_slice key, struct lq_slice value);
void lq_text_put_number(struct lq_text_writer *writer, const char *key, uint32_t value);

/* KEY=ADDRESS,TAG: TargetAddress [RFC 7143 13.8]. */
void lq_text_put_address(struct lq_text_writer *writer, const char *address, uint16_t tag);

/* A slice over the characters of STRING. */
struct lq_slice lq_text_slice(const char *string);

bool lq_text_equal(struct lq_slice slice, const char *string);

/* A decimal or hexadecimal constant [RFC 7143 6.1] up to 2^32 - 1; false for anything else. */
bool lq_text_to_number(struct lq_slice value, uint32_t *number);

/* "Yes" or "No". */
bool lq_text_to_boolean(struct lq_slice value, bool *boolean);

/*
 * An iSCSI name [RFC 7143 4.2.7] folded to its canonical lower case form with an ending NUL, into
 * 224 bytes. False when it is empty, longer than 223 bytes, or holds a space, a control character
 * or one of those that iSCSI names never have.
 */
bool lq_iscsi_name_fold(struct lq_slice name, char *folded);

#endif
