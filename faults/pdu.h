/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDUs (frames, IUs) as rules see them: kinds and named fields, from a table that each transport's
 * codec hands in; tests of fields; and what a rule changes.
 *
 * What this is not: a codec. Nothing here knows a transport.
 *
 * Who uses it: codecs (their tables), faults/rules, scenarios/lang (names), sim/filter.
 */
#ifndef LQ_FAULTS_PDU_H
#define LQ_FAULTS_PDU_H

#include <stdbool.h>
#include <stdint.h>

enum lq_pdu_direction { LQ_PDU_EITHER, LQ_PDU_TO_TARGET, LQ_PDU_FROM_TARGET };

/* Of the connection that a PDU passes on. */
enum lq_pdu_state { LQ_PDU_ANY_STATE, LQ_PDU_LOGIN, LQ_PDU_FULL_FEATURE };

/* WIDTH bits (1..64) that begin in byte BYTE of the header, most significant first; the last of
 * them is bit BIT (0..7) of its byte. */
struct lq_pdu_field {
    const char *name; /* NULL ends a table */
    uint16_t byte;
    uint8_t bit, width;
    bool counts; /* a sequence number, length or offset: what seeds change a little */
};

struct lq_pdu_kind {
    const char *name; /* NULL ends a table */
    uint32_t code;    /* value of the table's code field, or of its function's */
    uint8_t direction; /* enum lq_pdu_direction */
    const struct lq_pdu_field *fields; /* besides the common ones */
};

struct lq_pdu_table {
    const char *transport; /* as in scenario files */
    uint16_t header_bytes;
    struct lq_pdu_field code, tag;     /* what tells kinds apart; which task a PDU is about */
    uint32_t (*code_of)(const uint8_t *header); /* instead of the field; NULL: there is none */
    bool has_crc;                      /* which a rule may break, besides fields */
    uint16_t injected_bytes_min;       /* fewer are nothing that a rule could inject */
    const struct lq_pdu_field *common; /* of every kind */
    const struct lq_pdu_kind *kinds;
};

/* What tells the kind of HEADER: no two tables have one in common. */
uint32_t lq_pdu_code(const struct lq_pdu_table *table, const uint8_t *header);

/* The kind of NAME, of CODE, or of HEADER; NULL when there is none such. */
const struct lq_pdu_kind *lq_pdu_kind_by_name(const struct lq_pdu_table *table, const char *name);
const struct lq_pdu_kind *lq_pdu_kind_by_code(const struct lq_pdu_table *table, uint32_t code);
const struct lq_pdu_kind *lq_pdu_kind_of(const struct lq_pdu_table *table, const uint8_t *header);

/* The field of NAME in PDUs of KIND (NULL: common fields only), or byte N of the header as
 * "byteN". False when there is none such. */
bool lq_pdu_field_by_name(const struct lq_pdu_table *table, const struct lq_pdu_kind *kind,
                          const char *name, struct lq_pdu_field *field);

/* HEADER must reach to the field's end. What does not fit the field is cut off. */
uint64_t lq_pdu_get(const uint8_t *header, const struct lq_pdu_field *field);
void lq_pdu_set(uint8_t *header, const struct lq_pdu_field *field, uint64_t value);

/* --- tests ---------------------------------------------------------------------------------- */

enum lq_pdu_operator {
    LQ_PDU_EQUAL,
    LQ_PDU_NOT_EQUAL,
    LQ_PDU_LESS,
    LQ_PDU_GREATER,
    LQ_PDU_AT_MOST,
    LQ_PDU_AT_LEAST
};

struct lq_pdu_test {
    struct lq_pdu_field field;
    uint32_t operator;    /* enum lq_pdu_operator */
    uint64_t mask, value; /* (field & mask) OPERATOR value */
};

bool lq_pdu_test_holds(const struct lq_pdu_test *test, const uint8_t *header);

/* --- rules ---------------------------------------------------------------------------------- */

enum { LQ_PDU_TESTS_MAX = 4, LQ_PDU_RAW_MAX = 128 };

enum lq_pdu_change { LQ_PDU_SET_TO, LQ_PDU_PLUS, LQ_PDU_MINUS };

/* Which PDUs a rule matches, and what it does to them; which of the latter counts is up to the
 * rule's class. */
struct lq_pdu_rule {
    const struct lq_pdu_kind *kind; /* NULL: any */
    uint32_t direction;             /* enum lq_pdu_direction */
    uint32_t state;                 /* enum lq_pdu_state */
    struct lq_pdu_test tests[LQ_PDU_TESTS_MAX]; /* all hold */
    uint32_t test_count;

    struct lq_pdu_field field; /* corrupt, replace; no name: not said */
    bool is_data;              /* corrupt: byte DATA_BYTE of the data segment instead */
    bool is_crc;               /* corrupt: the CRC instead */
    uint32_t data_byte;
    uint32_t change;           /* replace: enum lq_pdu_change */
    uint64_t value;
    uint32_t behind;           /* reorder: so many PDUs overtake it */
    uint32_t bytes;            /* truncate: of the data segment that are left */
    uint32_t status, sense;    /* answer: sense as key << 16 | ASC << 8 | ASCQ */
    bool before;               /* inject: RAW goes before the PDU, else behind it */
    uint32_t raw_bytes;
    uint8_t raw[LQ_PDU_RAW_MAX];
};

/* A PDU that stands before the decision. */
struct lq_pdu_seen {
    const struct lq_pdu_table *table;
    const struct lq_pdu_kind *kind; /* NULL: of no kind that the table knows */
    uint32_t direction, state;
    const uint8_t *header; /* table->header_bytes */
};

bool lq_pdu_rule_matches(const struct lq_pdu_rule *rule, const struct lq_pdu_seen *pdu);

#endif
