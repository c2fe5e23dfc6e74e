/* SPDX-License-Identifier: Apache-2.0 */
#include "faults/pdu.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"

/* --- tables --------------------------------------------------------------------------------- */

const struct lq_pdu_kind *lq_pdu_kind_by_name(const struct lq_pdu_table *table, const char *name)
{
    for (const struct lq_pdu_kind *kind = table->kinds; kind->name != NULL; kind++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

const struct lq_pdu_kind *lq_pdu_kind_by_code(const struct lq_pdu_table *table, uint32_t code)
{
    for (const struct lq_pdu_kind *kind = table->kinds; kind->name != NULL; kind++)
        if (kind->code == code)
            return kind;
    return NULL;
}

uint32_t lq_pdu_code(const struct lq_pdu_table *table, const uint8_t *header)
{
    return table->code_of != NULL ? table->code_of(header)
                                  : (uint32_t)lq_pdu_get(header, &table->code);
}

const struct lq_pdu_kind *lq_pdu_kind_of(const struct lq_pdu_table *table, const uint8_t *header)
{
    return lq_pdu_kind_by_code(table, lq_pdu_code(table, header));
}

static bool find(const struct lq_pdu_field *fields, const char *name, struct lq_pdu_field *field)
{
    for (; fields != NULL && fields->name != NULL; fields++) {
        if (strcmp(fields->name, name) == 0) {
            *field = *fields;
            return true;
        }
    }
    return false;
}

/* "byte36" */
static bool find_byte(const struct lq_pdu_table *table, const char *name,
                      struct lq_pdu_field *field)
{
    uint32_t number = 0;
    if (strncmp(name, "byte", 4) != 0 || name[4] == '\0')
        return false;
    for (const char *digit = name + 4; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number >= table->header_bytes)
            return false;
        number = number * 10 + (uint32_t)(*digit - '0');
    }
    *field = (struct lq_pdu_field){"byte", (uint16_t)number, 0, 8, false};
    return number < table->header_bytes;
}

bool lq_pdu_field_by_name(const struct lq_pdu_table *table, const struct lq_pdu_kind *kind,
                          const char *name, struct lq_pdu_field *field)
{
    return (kind != NULL && find(kind->fields, name, field)) ||
           find(table->common, name, field) || find_byte(table, name, field);
}

/* --- values --------------------------------------------------------------------------------- */

static uint64_t ones(uint32_t width)
{
    return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static uint32_t bytes_of(const struct lq_pdu_field *field)
{
    uint32_t bits = (uint32_t)field->bit + field->width;
    LQ_ASSERT(field->width > 0 && bits <= 64);
    return (bits + 7) / 8;
}

uint64_t lq_pdu_get(const uint8_t *header, const struct lq_pdu_field *field)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes_of(field); i++)
        value = value << 8 | header[field->byte + i];
    return value >> field->bit & ones(field->width);
}

void lq_pdu_set(uint8_t *header, const struct lq_pdu_field *field, uint64_t value)
{
    uint64_t mask = ones(field->width) << field->bit, bits = value << field->bit & mask;
    for (uint32_t i = bytes_of(field); i > 0; i--) {
        uint8_t *byte = &header[field->byte + i - 1];
        *byte = (uint8_t)((*byte & ~mask) | bits);
        mask >>= 8;
        bits >>= 8;
    }
}

/* --- tests ---------------------------------------------------------------------------------- */

bool lq_pdu_test_holds(const struct lq_pdu_test *test, const uint8_t *header)
{
    uint64_t value = lq_pdu_get(header, &test->field) & test->mask;
    switch ((enum lq_pdu_operator)test->operator) {
    case LQ_PDU_EQUAL:
        return value == test->value;
    case LQ_PDU_NOT_EQUAL:
        return value != test->value;
    case LQ_PDU_LESS:
        return value < test->value;
    case LQ_PDU_GREATER:
        return value > test->value;
    case LQ_PDU_AT_MOST:
        return value <= test->value;
    case LQ_PDU_AT_LEAST:
        return value >= test->value;
    }
    return false;
}

bool lq_pdu_rule_matches(const struct lq_pdu_rule *rule, const struct lq_pdu_seen *pdu)
{
    if ((rule->kind != NULL && rule->kind != pdu->kind) ||
        (rule->direction != LQ_PDU_EITHER && rule->direction != pdu->direction) ||
        (rule->state != LQ_PDU_ANY_STATE && rule->state != pdu->state))
        return false;
    for (uint32_t i = 0; i < rule->test_count; i++)
        if (!lq_pdu_test_holds(&rule->tests[i], pdu->header))
            return false;
    return true;
}
