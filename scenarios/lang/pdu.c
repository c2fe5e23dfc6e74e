/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fault about PDUs says besides: which PDUs (direction, kind, state, fields) and what it
 * makes of them. Kinds and fields are words of the transport's table; nothing here knows one.
 */
#include <string.h>

#include "core/base/assert.h"
#include "scenarios/lang/internal.h"

static const struct lq_scn_word directions[] = {{"to-target", LQ_PDU_TO_TARGET},
                                                {"from-target", LQ_PDU_FROM_TARGET},
                                                {NULL, 0}};
static const struct lq_scn_word states[] = {{"login", LQ_PDU_LOGIN},
                                            {"full-feature", LQ_PDU_FULL_FEATURE},
                                            {NULL, 0}};
static const struct lq_scn_word operators[] = {{"=", LQ_PDU_EQUAL},     {"!=", LQ_PDU_NOT_EQUAL},
                                               {"<", LQ_PDU_LESS},      {">", LQ_PDU_GREATER},
                                               {"<=", LQ_PDU_AT_MOST},  {">=", LQ_PDU_AT_LEAST},
                                               {NULL, 0}};
static const struct lq_scn_word changes[] = {{"to", LQ_PDU_SET_TO}, {"plus", LQ_PDU_PLUS},
                                             {"minus", LQ_PDU_MINUS}, {NULL, 0}};

enum { CHECK_CONDITION = 2, DATA_BYTES_MAX = 16777215 };

/* --- kinds, fields, numbers ----------------------------------------------------------------- */

static const struct lq_pdu_kind *kind_of(const struct lq_pdu_table *pdus,
                                         const struct lq_scn_pdu *pdu)
{
    return pdu->kind[0] == '\0' ? NULL : lq_pdu_kind_by_name(pdus, pdu->kind);
}

static bool take_word(struct lq_scn_parser *parser, char word[LQ_SCN_FIELD_MAX + 1])
{
    const struct lq_scn_token *token = &parser->token;
    if (token->kind != LQ_SCN_TOKEN_WORD || token->size_bytes > LQ_SCN_FIELD_MAX)
        return false;
    memcpy(word, token->text, token->size_bytes);
    word[token->size_bytes] = '\0';
    return true;
}

static bool take_kind(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    if (pdu->kind[0] != '\0' || pdu->test_count > 0 || pdu->field[0] != '\0')
        return lq_scn_fail(parser, "comes too late", "one kind, before its fields");
    if (take_word(parser, pdu->kind) && kind_of(parser->pdus, pdu) != NULL) {
        lq_scn_advance(parser);
        return true;
    }
    for (const struct lq_pdu_kind *kind = parser->pdus->kinds; kind->name != NULL; kind++) {
        lq_scn_put(&to, kind == parser->pdus->kinds ? "" : ", ");
        lq_scn_put(&to, kind->name);
    }
    return lq_scn_fail(parser, "is no kind of PDU", expected);
}

static void put_fields(struct lq_scn_text *to, const struct lq_pdu_field *fields)
{
    for (; fields->name != NULL; fields++) {
        lq_scn_put(to, fields->name);
        lq_scn_put(to, ", ");
    }
}

static bool refuse_field(struct lq_scn_parser *parser, const struct lq_pdu_kind *kind)
{
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    if (kind != NULL)
        put_fields(&to, kind->fields);
    put_fields(&to, parser->pdus->common);
    lq_scn_put(&to, "byteN");
    if (kind == NULL)
        lq_scn_put(&to, ", or with `pdu KIND' before it one of that kind");
    return lq_scn_fail(parser, "is no field of these PDUs", expected);
}

static bool take_field(struct lq_scn_parser *parser, const struct lq_scn_pdu *pdu,
                       char name[LQ_SCN_FIELD_MAX + 1], struct lq_pdu_field *field)
{
    const struct lq_pdu_kind *kind = kind_of(parser->pdus, pdu);
    if (!take_word(parser, name) || !lq_pdu_field_by_name(parser->pdus, kind, name, field))
        return refuse_field(parser, kind);
    lq_scn_advance(parser);
    return true;
}

/* Decimal, or hexadecimal with an h behind it; at most MOST. */
static bool take_number(struct lq_scn_parser *parser, uint64_t most, uint64_t *number)
{
    const struct lq_scn_token *token = &parser->token;
    bool is_hex = token->kind == LQ_SCN_TOKEN_WORD && token->text[token->size_bytes - 1] == 'h';
    bool is_number = is_hex ? lq_scn_read_hex(token->text, token->size_bytes - 1, number)
                            : lq_scn_read_value(token, LQ_SCN_NUMBER, number);
    if (!is_number)
        return lq_scn_fail(parser, "is no number", "one such as 5 or 28h");
    if (*number > most)
        return lq_scn_fail(parser, "does not fit the field", "a number that does");
    lq_scn_advance(parser);
    return true;
}

static uint64_t most_of(const struct lq_pdu_field *field)
{
    return field->width == 64 ? UINT64_MAX : (UINT64_C(1) << field->width) - 1;
}

/* --- which PDUs ----------------------------------------------------------------------------- */

static bool take_operator(struct lq_scn_parser *parser, uint32_t *operator)
{
    const struct lq_scn_token *token = &parser->token;
    for (const struct lq_scn_word *row = operators; row->word != NULL; row++) {
        if (token->kind != LQ_SCN_TOKEN_OPERATOR || strlen(row->word) != token->size_bytes ||
            memcmp(row->word, token->text, token->size_bytes) != 0)
            continue;
        *operator = row->value;
        lq_scn_advance(parser);
        return true;
    }
    return lq_scn_fail(parser, "compares nothing", "=, !=, <, >, <= or >=, or & and a mask");
}

/* FIELD [& MASK] OPERATOR VALUE */
static bool take_test(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    if (pdu->test_count == LQ_PDU_TESTS_MAX)
        return lq_scn_fail(parser, "is one test too many", "at most 4");
    struct lq_scn_test *test = &pdu->tests[pdu->test_count];
    struct lq_pdu_field field;
    if (!take_field(parser, pdu, test->field, &field))
        return false;
    if (parser->token.kind == LQ_SCN_TOKEN_OPERATOR && *parser->token.text == '&') {
        lq_scn_advance(parser);
        test->has_mask = true;
        if (!take_number(parser, most_of(&field), &test->mask))
            return false;
    }
    if (!take_operator(parser, &test->operator) ||
        !take_number(parser, most_of(&field), &test->value))
        return false;
    pdu->test_count++;
    return true;
}

static bool take_tests(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    if (pdu->test_count > 0)
        return lq_scn_fail(parser, "comes after tests", "`and' between them");
    do {
        if (!take_test(parser, pdu))
            return false;
    } while (lq_scn_take(parser, "and"));
    return true;
}

/* --- what becomes of them ------------------------------------------------------------------- */

/* FIELD to N | plus N | minus N */
static bool take_set(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    struct lq_pdu_field field;
    return take_field(parser, pdu, pdu->field, &field) &&
           lq_scn_take_coded(parser, changes, "changes nothing", &pdu->change) &&
           take_number(parser, most_of(&field), &pdu->value);
}

/* "data12" is byte 12 of the data segment. */
static bool data_byte(const char *name, uint64_t *number)
{
    struct lq_scn_token digits = {.kind = LQ_SCN_TOKEN_WORD, .text = name + 4};
    if (strncmp(name, "data", 4) != 0)
        return false;
    digits.size_bytes = (uint32_t)strlen(name + 4);
    return digits.size_bytes > 0 && lq_scn_read_value(&digits, LQ_SCN_NUMBER, number) &&
           *number <= DATA_BYTES_MAX;
}

static bool is_crc(const char *name)
{
    return strcmp(name, "crc") == 0;
}

/* FIELD | dataN | crc */
static bool take_flipped(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    struct lq_pdu_field field;
    uint64_t number = 0;
    if (take_word(parser, pdu->field) &&
        (data_byte(pdu->field, &number) || (parser->pdus->has_crc && is_crc(pdu->field)))) {
        lq_scn_advance(parser);
        return true;
    }
    return take_field(parser, pdu, pdu->field, &field);
}

/* STATUS [KEY ASCh/ASCQh] */
static bool take_status(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    uint32_t mask = 0;
    pdu->has_status = true;
    return lq_scn_take_status(parser, &pdu->status, &pdu->sense, &mask) &&
           (pdu->status != CHECK_CONDITION || mask == 0xffffff ||
            lq_scn_fail(parser, "comes too early", "KEY ASCh/ASCQh"));
}

/* [before] HEX...: groups of bytes, two digits each */
static bool take_raw(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu)
{
    pdu->before = lq_scn_take(parser, "before");
    uint64_t byte = 0;
    while (parser->token.kind == LQ_SCN_TOKEN_WORD && parser->token.size_bytes % 2 == 0 &&
           !lq_scn_token_is(&parser->token, "as") &&
           lq_scn_read_hex(parser->token.text, 2, &byte)) {
        const struct lq_scn_token *token = &parser->token;
        for (uint32_t i = 0; i < token->size_bytes; i += 2) {
            if (!lq_scn_read_hex(token->text + i, 2, &byte))
                return lq_scn_fail(parser, "is no byte", "two hexadecimal digits for each");
            if (pdu->raw_bytes == LQ_PDU_RAW_MAX)
                return lq_scn_fail(parser, "is too much", "at most 128 bytes");
            pdu->raw[pdu->raw_bytes++] = (uint8_t)byte;
        }
        lq_scn_advance(parser);
    }
    return pdu->raw_bytes > 0 ||
           lq_scn_fail(parser, "is no byte", "bytes of two hexadecimal digits each");
}

/* What a class does, where it must be said: the clause's first word. */
static const struct {
    uint32_t fault;
    const char *word, *form;
    bool is_needed;
    bool (*take)(struct lq_scn_parser *parser, struct lq_scn_pdu *pdu);
} acts[] = {
    {LQ_FAULT_PDU_REPLACE, "set", "set FIELD to N, plus N or minus N", true, take_set},
    {LQ_FAULT_PDU_CORRUPT, "field", "field FIELD", false, take_flipped},
    {LQ_FAULT_PDU_ANSWER, "status", "status STATUS [KEY ASCh/ASCQh]", true, take_status},
    {LQ_FAULT_PDU_INJECT, "hex", "hex [before] BYTES", true, take_raw}};

enum { ACTS = sizeof acts / sizeof acts[0] };

static bool is_said(const struct lq_scn_pdu *pdu)
{
    return pdu->field[0] != '\0' || pdu->has_status || pdu->raw_bytes > 0;
}

bool lq_scn_take_pdu_clause(struct lq_scn_parser *parser, struct lq_scn_fault *fault, bool *taken)
{
    struct lq_scn_pdu *pdu = &fault->pdu;
    *taken = true;
    for (const struct lq_scn_word *row = directions; row->word != NULL; row++) {
        if (!lq_scn_take(parser, row->word))
            continue;
        pdu->direction = row->value;
        return true;
    }
    if (lq_scn_take(parser, "pdu"))
        return take_kind(parser, pdu);
    struct lq_scn_token token = parser->token;
    if (lq_scn_take(parser, "during"))
        return lq_scn_check_word(parser, &token, "during") &&
               lq_scn_take_coded(parser, states, "is no state of a connection", &pdu->state);
    if (lq_scn_take(parser, "where"))
        return take_tests(parser, pdu);
    for (uint32_t i = 0; i < ACTS; i++) {
        if (acts[i].fault != fault->fault || is_said(pdu) || !lq_scn_take(parser, acts[i].word))
            continue;
        return acts[i].take(parser, pdu);
    }
    *taken = false;
    return true;
}

bool lq_scn_check_pdu(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                      const struct lq_scn_fault *fault)
{
    const struct lq_pdu_kind *kind = kind_of(parser->pdus, &fault->pdu);
    if (kind != NULL && fault->pdu.direction != LQ_PDU_EITHER &&
        kind->direction != LQ_PDU_EITHER && kind->direction != fault->pdu.direction)
        return lq_scn_fail_at(parser, token, "names a kind that goes the other way",
                              "the kind alone");
    if (fault->fault == LQ_FAULT_PDU_INJECT && parser->pdus != NULL && fault->pdu.raw_bytes > 0 &&
        fault->pdu.raw_bytes < parser->pdus->injected_bytes_min)
        return lq_scn_fail_at(parser, token, "has too few bytes in `hex'",
                              "a whole FC header, 24 bytes");
    for (uint32_t i = 0; i < ACTS; i++)
        if (acts[i].fault == fault->fault && acts[i].is_needed && !is_said(&fault->pdu))
            return lq_scn_fail_at(parser, token, "does not say what it does", acts[i].form);
    return true;
}

/* --- printed -------------------------------------------------------------------------------- */

static void put_words(struct lq_scn_text *to, const char *word, const char *next)
{
    lq_scn_put(to, " ");
    lq_scn_put(to, word);
    if (next != NULL)
        lq_scn_put(to, " ");
    lq_scn_put(to, next == NULL ? "" : next);
}

static void put_test(struct lq_scn_text *to, const struct lq_scn_test *test, bool is_first)
{
    put_words(to, is_first ? "where" : "and", test->field);
    if (test->has_mask) {
        lq_scn_put(to, " & ");
        lq_scn_put_number(to, test->mask);
    }
    put_words(to, lq_scn_word_of(operators, test->operator), "");
    lq_scn_put_number(to, test->value);
}

static void put_act(struct lq_scn_text *to, const struct lq_scn_fault *fault)
{
    const struct lq_scn_pdu *pdu = &fault->pdu;
    if (pdu->field[0] != '\0' && fault->fault == LQ_FAULT_PDU_CORRUPT)
        put_words(to, "field", pdu->field);
    if (pdu->field[0] != '\0' && fault->fault == LQ_FAULT_PDU_REPLACE) {
        put_words(to, "set", pdu->field);
        put_words(to, lq_scn_word_of(changes, pdu->change), "");
        lq_scn_put_number(to, pdu->value);
    }
    if (pdu->has_status) {
        put_words(to, "status", NULL);
        lq_scn_put_status(to, pdu->status, pdu->sense,
                          pdu->status == CHECK_CONDITION ? 0xffffff : 0);
    }
    if (pdu->raw_bytes > 0)
        put_words(to, "hex", pdu->before ? "before" : NULL);
    for (uint32_t i = 0; i < pdu->raw_bytes; i++) {
        lq_scn_put(to, i % 4 == 0 ? " " : "");
        lq_scn_put_hex(to, pdu->raw[i], 2);
    }
}

void lq_scn_print_pdu(const struct lq_scn_fault *fault, struct lq_scn_text *to)
{
    const struct lq_scn_pdu *pdu = &fault->pdu;
    if (pdu->direction != LQ_PDU_EITHER)
        put_words(to, lq_scn_word_of(directions, pdu->direction), NULL);
    if (pdu->kind[0] != '\0')
        put_words(to, "pdu", pdu->kind);
    if (pdu->state != LQ_PDU_ANY_STATE)
        put_words(to, "during", lq_scn_word_of(states, pdu->state));
    for (uint32_t i = 0; i < pdu->test_count; i++)
        put_test(to, &pdu->tests[i], i == 0);
    put_act(to, fault);
}

/* --- made a rule ---------------------------------------------------------------------------- */

/* Names were looked up when they were read. */
static struct lq_pdu_field field_of(const struct lq_pdu_table *pdus, const struct lq_scn_pdu *pdu,
                                    const char *name)
{
    struct lq_pdu_field field;
    bool is_there = lq_pdu_field_by_name(pdus, kind_of(pdus, pdu), name, &field);
    LQ_ASSERT(is_there);
    return field;
}

void lq_scn_make_pdu_rule(const struct lq_scn_fault *fault, const struct lq_pdu_table *pdus,
                          struct lq_pdu_rule *rule)
{
    const struct lq_scn_pdu *pdu = &fault->pdu;
    *rule = (struct lq_pdu_rule){
        .kind = kind_of(pdus, pdu),
        .direction = pdu->direction,
        .state = pdu->state,
        .test_count = pdu->test_count,
        .change = pdu->change,
        .value = pdu->value,
        .behind = (uint32_t)lq_scn_value(&fault->rule, LQ_SCN_RULE_BEHIND, 1),
        .bytes = (uint32_t)lq_scn_value(&fault->rule, LQ_SCN_RULE_BYTES, 0),
        .status = pdu->status,
        .sense = pdu->sense,
        .before = pdu->before,
        .raw_bytes = pdu->raw_bytes};
    memcpy(rule->raw, pdu->raw, sizeof rule->raw);
    for (uint32_t i = 0; i < pdu->test_count; i++) {
        const struct lq_scn_test *test = &pdu->tests[i];
        rule->tests[i] = (struct lq_pdu_test){
            .field = field_of(pdus, pdu, test->field),
            .operator = test->operator,
            .mask = test->has_mask ? test->mask : UINT64_MAX,
            .value = test->value};
    }
    uint64_t number = 0;
    rule->is_data = fault->fault == LQ_FAULT_PDU_CORRUPT && data_byte(pdu->field, &number);
    rule->data_byte = (uint32_t)number;
    rule->is_crc = fault->fault == LQ_FAULT_PDU_CORRUPT && pdus->has_crc && is_crc(pdu->field);
    if (pdu->field[0] != '\0' && !rule->is_data && !rule->is_crc)
        rule->field = field_of(pdus, pdu, pdu->field);
}
