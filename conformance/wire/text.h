/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the text parameters of login and text PDUs: "key=value" pairs, each ended by a NUL
 * [RFC 7143 6.1]. Lenient; judges nothing. Who uses it: the judges.
 */
#ifndef LQ_CONFORMANCE_WIRE_TEXT_H
#define LQ_CONFORMANCE_WIRE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct lq_wire_pair {
    const char *key, *value; /* not NUL-terminated */
    uint32_t key_length, value_length;
};

/* The pair that begins at or after *AT of TEXT; false when there is none. Moves *AT behind it. A
 * pair without '=' has an empty value and value NULL. */
bool lq_wire_next_pair(const uint8_t *text, uint32_t size_bytes, uint32_t *at,
                       struct lq_wire_pair *pair);

bool lq_wire_key_is(const struct lq_wire_pair *pair, const char *key);
bool lq_wire_value_is(const struct lq_wire_pair *pair, const char *value);

/* A decimal or 0x number [RFC 7143 6.1]; false when the value is none or beyond 32 bits. */
bool lq_wire_value_number(const struct lq_wire_pair *pair, uint32_t *number);

/* True when the LIST (values set apart by commas) has the value of PAIR. */
bool lq_wire_list_has(const struct lq_wire_pair *list, const struct lq_wire_pair *pair);

#endif
