/* SPDX-License-Identifier: Apache-2.0 */
/* expect: what must have happened, or must never happen; read and printed. */
#include "scenarios/lang/internal.h"

/* --- read ----------------------------------------------------------------------------------- */

/* One byte as two digits and "h". */
static bool take_code(struct lq_scn_parser *parser, uint32_t *code)
{
    const struct lq_scn_token *token = &parser->token;
    uint64_t value = 0;
    if (token->kind != LQ_SCN_TOKEN_WORD || token->size_bytes != 3 || token->text[2] != 'h' ||
        !lq_scn_read_hex(token->text, 2, &value))
        return lq_scn_fail(parser, "is no code", "ASCh/ASCQh, such as 29h/07h");
    *code = (uint32_t)value;
    lq_scn_advance(parser);
    return true;
}

static bool is_code(const struct lq_scn_parser *parser)
{
    const struct lq_scn_token *token = &parser->token;
    return token->kind == LQ_SCN_TOKEN_WORD && token->size_bytes == 3 && token->text[2] == 'h';
}

/* AAh/BBh */
static bool take_two_codes(struct lq_scn_parser *parser, uint32_t *codes)
{
    uint32_t high = 0, low = 0;
    if (!take_code(parser, &high))
        return false;
    if (parser->token.kind != LQ_SCN_TOKEN_SLASH)
        return lq_scn_fail(parser, "does not belong here", "/ and the second code");
    lq_scn_advance(parser);
    if (!take_code(parser, &low))
        return false;
    *codes = high << 8 | low;
    return true;
}

static void put_two_codes(struct lq_scn_text *to, uint32_t codes)
{
    lq_scn_put(to, " ");
    lq_scn_put_hex(to, codes >> 8 & 0xff, 2);
    lq_scn_put(to, "h/");
    lq_scn_put_hex(to, codes & 0xff, 2);
    lq_scn_put(to, "h");
}

static bool take_sense(struct lq_scn_parser *parser, uint32_t *sense, uint32_t *sense_mask)
{
    uint32_t key = 0, asc = 0, ascq = 0;
    if (!lq_scn_take_coded(parser, lq_scn_sense_keys, "is no sense key", &key))
        return false;
    *sense = key << 16;
    *sense_mask = 0xff0000;
    const struct lq_scn_token *token = &parser->token;
    if (token->kind != LQ_SCN_TOKEN_WORD || token->size_bytes != 3 || token->text[2] != 'h')
        return true;
    if (!take_code(parser, &asc))
        return false;
    if (parser->token.kind != LQ_SCN_TOKEN_SLASH)
        return lq_scn_fail(parser, "does not belong here", "/ and the ASCQ");
    lq_scn_advance(parser);
    if (!take_code(parser, &ascq))
        return false;
    *sense |= asc << 8 | ascq;
    *sense_mask = 0xffffff;
    return true;
}

bool lq_scn_take_status(struct lq_scn_parser *parser, uint32_t *status, uint32_t *sense,
                        uint32_t *sense_mask)
{
    enum { CHECK_CONDITION = 2 };
    if (!lq_scn_take_coded(parser, lq_scn_statuses, "is no status", status))
        return false;
    bool has_key = parser->token.kind == LQ_SCN_TOKEN_WORD &&
                   !lq_scn_token_is(&parser->token, "within") &&
                   !lq_scn_token_is(&parser->token, "after");
    has_key &= parser->token.kind == LQ_SCN_TOKEN_WORD && *parser->token.text != '+';
    return *status != CHECK_CONDITION || !has_key || take_sense(parser, sense, sense_mask);
}

static bool expect_status(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    expect->kind = LQ_SCN_EXPECT_STATUS;
    return lq_scn_take_status(parser, &expect->code, &expect->sense, &expect->sense_mask);
}

static bool expect_data(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    expect->kind = LQ_SCN_EXPECT_DATA;
    do {
        if (expect->writer_count == LQ_SCN_ALTERNATIVES_MAX)
            return lq_scn_fail(parser, "is one alternative too many", "at most 4");
        uint32_t *writer = &expect->writers[expect->writer_count++];
        *writer = LQ_SCN_ZEROS;
        if (!lq_scn_take(parser, "zeros") && !lq_scn_take_label(parser, LQ_SCN_OF_COMMAND, writer))
            return false;
    } while (lq_scn_take(parser, "or"));
    return true;
}

static bool expect_request(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    if (!lq_scn_take_label(parser, LQ_SCN_OF_REQUEST, &expect->subject))
        return false;
    if (lq_scn_take(parser, "status"))
        return expect_status(parser, expect);
    if (lq_scn_take(parser, "data"))
        return expect_data(parser, expect);
    if (lq_scn_take(parser, "answer")) {
        expect->kind = LQ_SCN_EXPECT_ANSWER;
        return lq_scn_take_coded(parser, lq_scn_answers, "is no answer to a TM function",
                                 &expect->code);
    }
    if (lq_scn_take(parser, "answered")) {
        expect->kind = LQ_SCN_EXPECT_ANSWERED;
        return true;
    }
    if (lq_scn_take(parser, "rejected")) {
        expect->kind = LQ_SCN_EXPECT_REJECTED;
        expect->has_code = is_code(parser);
        return !expect->has_code || take_code(parser, &expect->code);
    }
    expect->kind = LQ_SCN_EXPECT_NOTHING;
    if (lq_scn_take(parser, "nothing"))
        return true;
    return lq_scn_fail(parser, "is nothing that a request can get",
                       "status STATUS, answer ANSWER, data LABEL, answered, rejected or nothing");
}

static bool expect_initiator(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    lq_scn_advance(parser);
    if (lq_scn_take(parser, "login")) {
        expect->kind = LQ_SCN_EXPECT_LOGIN;
        if (lq_scn_take(parser, "ok"))
            return true;
        expect->kind = LQ_SCN_EXPECT_REFUSED;
        if (!lq_scn_take(parser, "refused"))
            return lq_scn_fail(parser, "is no end of a login", "ok or refused");
        expect->has_code = is_code(parser);
        return !expect->has_code || take_two_codes(parser, &expect->code);
    }
    if (lq_scn_take(parser, "logout")) {
        expect->kind = LQ_SCN_EXPECT_LOGOUT;
        return lq_scn_need(parser, "ok");
    }
    struct lq_scn_token token = parser->token;
    if (lq_scn_take(parser, "key"))
        return lq_scn_check_word(parser, &token, "login key") && lq_scn_expect_key(parser, expect);
    if (lq_scn_take(parser, "finds"))
        return lq_scn_check_word(parser, &token, "finds") && lq_scn_expect_finds(parser, expect);
    expect->kind = LQ_SCN_EXPECT_LOST;
    return lq_scn_take(parser, "lost") ||
           lq_scn_fail(parser, "does not belong here",
                       "login ok, login refused, logout ok, lost, key \"NAME=VALUE\" or finds "
                       "TARGET");
}

static bool expect_fault(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    expect->kind = LQ_SCN_EXPECT_FIRED;
    if (!lq_scn_take_label(parser, LQ_SCN_OF_FAULT, &expect->subject) ||
        !lq_scn_need(parser, "fired"))
        return false;
    expect->times = 0;
    if (lq_scn_take(parser, "never"))
        return true;
    expect->times = 1;
    if (lq_scn_take(parser, "once"))
        return true;
    if (!lq_scn_read_value(&parser->token, LQ_SCN_NUMBER, &expect->times))
        return lq_scn_fail(parser, "does not say how often", "once, never or N times");
    lq_scn_advance(parser);
    return lq_scn_need(parser, "times");
}

/* lba N blocks M [lun LUN] never flips */
static bool expect_stable(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    static const struct lq_scn_row blocks = {"blocks", LQ_SCN_NUMBER, 1, 32};
    uint64_t count = 0, lun = 0;
    expect->kind = LQ_SCN_EXPECT_STABLE;
    if (!lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LBA], &expect->lba) ||
        !lq_scn_need(parser, "blocks") || !lq_scn_take_value(parser, &blocks, &count))
        return false;
    struct lq_scn_token token = parser->token;
    if (lq_scn_take(parser, "lun")) {
        if (!lq_scn_take_lun_with_store(parser, &expect->target, &lun))
            return false;
    } else if (parser->scenario->target_count > 1) {
        return lq_scn_fail(parser, "leaves open which LUN is meant", "lun TARGET/N");
    }
    const struct lq_scn_store *store = lq_scn_store_of(parser->scenario, expect->target, lun);
    uint64_t capacity = store->size_bytes / lq_scn_block_bytes(store);
    if (expect->lba >= capacity || count > capacity - expect->lba)
        return lq_scn_fail_at(parser, &token, "follows blocks that are not there",
                              "blocks of a LUN of the target");
    expect->lun = (uint32_t)lun;
    expect->nblocks = (uint32_t)count;
    return lq_scn_need(parser, "never") && lq_scn_need(parser, "flips");
}

static bool take_bounds(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    static const struct lq_scn_row within = {"within", LQ_SCN_DURATION, 1,
                                             UINT64_C(3600000000000)};
    while (parser->token.kind == LQ_SCN_TOKEN_WORD) {
        bool is_timed = expect->kind != LQ_SCN_EXPECT_FIRED &&
                        expect->kind != LQ_SCN_EXPECT_STABLE &&
                        expect->kind != LQ_SCN_EXPECT_NOTHING;
        bool has_after = expect->after.kind != LQ_SCN_NO_EVENT;
        if (is_timed && !expect->has_within && lq_scn_take(parser, "within")) {
            expect->has_within = true;
            if (!lq_scn_take_value(parser, &within, &expect->within_ns))
                return false;
        } else if (expect->kind != LQ_SCN_EXPECT_FIRED && !has_after &&
                   lq_scn_take(parser, "after")) {
            if (!lq_scn_take_event(parser, false, &expect->after))
                return false;
        } else {
            return lq_scn_fail(parser, "does not belong to this expectation",
                               "within DUR, after EVENT or the end of the statement");
        }
    }
    if (expect->kind == LQ_SCN_EXPECT_STABLE && expect->after.kind == LQ_SCN_NO_EVENT)
        return lq_scn_fail(parser, "comes too early", "after EVENT");
    return true;
}

bool lq_scn_parse_expect(struct lq_scn_parser *parser, struct lq_scn_statement *statement)
{
    struct lq_scn_expect *expect = &statement->expect;
    bool is_good = false;
    uint32_t initiator = lq_scn_find_initiator(parser, &parser->token);
    if (lq_scn_take(parser, "fault")) {
        is_good = expect_fault(parser, expect);
    } else if (lq_scn_take(parser, "lba")) {
        is_good = expect_stable(parser, expect);
    } else if (initiator < parser->scenario->initiator_count) {
        expect->subject = initiator;
        is_good = expect_initiator(parser, expect);
    } else {
        is_good = expect_request(parser, expect);
    }
    return is_good && take_bounds(parser, expect);
}

/* --- print ---------------------------------------------------------------------------------- */

static const char *label_of(const struct lq_scenario *scenario, uint32_t place)
{
    return scenario->statements[place].label;
}

void lq_scn_put_status(struct lq_scn_text *to, uint32_t status, uint32_t sense,
                       uint32_t sense_mask)
{
    lq_scn_put(to, " ");
    lq_scn_put(to, lq_scn_word_of(lq_scn_statuses, status));
    if (sense_mask == 0)
        return;
    lq_scn_put(to, " ");
    lq_scn_put(to, lq_scn_word_of(lq_scn_sense_keys, sense >> 16));
    if (sense_mask != 0xffffff)
        return;
    lq_scn_put(to, " ");
    lq_scn_put_hex(to, sense >> 8 & 0xff, 2);
    lq_scn_put(to, "h/");
    lq_scn_put_hex(to, sense & 0xff, 2);
    lq_scn_put(to, "h");
}

const char *lq_scenario_status_name(uint32_t status)
{
    return lq_scn_word_of(lq_scn_statuses, status);
}

const char *lq_scenario_sense_name(uint32_t key)
{
    return lq_scn_word_of(lq_scn_sense_keys, key);
}

static void put_data(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                     struct lq_scn_text *to)
{
    for (uint32_t i = 0; i < expect->writer_count; i++) {
        lq_scn_put(to, i == 0 ? " data " : " or ");
        lq_scn_put(to, expect->writers[i] == LQ_SCN_ZEROS ? "zeros"
                                                          : label_of(scenario, expect->writers[i]));
    }
}

static void put_fired(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                      struct lq_scn_text *to)
{
    lq_scn_put(to, "fault ");
    lq_scn_put(to, label_of(scenario, expect->subject));
    lq_scn_put(to, " fired ");
    if (expect->times > 1) {
        lq_scn_put_number(to, expect->times);
        lq_scn_put(to, " times");
    } else {
        lq_scn_put(to, expect->times == 1 ? "once" : "never");
    }
}

static void put_stable(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                       struct lq_scn_text *to)
{
    lq_scn_put(to, "lba ");
    lq_scn_put_number(to, expect->lba);
    lq_scn_put(to, " blocks ");
    lq_scn_put_number(to, expect->nblocks);
    if (expect->lun != 0 || scenario->target_count > 1) {
        lq_scn_put(to, " lun ");
        lq_scn_put(to, scenario->targets[expect->target].name);
        lq_scn_put(to, "/");
        lq_scn_put_number(to, expect->lun);
    }
    lq_scn_put(to, " never flips");
}

static void put_request(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                        struct lq_scn_text *to)
{
    lq_scn_put(to, label_of(scenario, expect->subject));
    switch (expect->kind) {
    case LQ_SCN_EXPECT_STATUS:
        lq_scn_put(to, " status");
        lq_scn_put_status(to, expect->code, expect->sense, expect->sense_mask);
        return;
    case LQ_SCN_EXPECT_ANSWER:
        lq_scn_put(to, " answer ");
        lq_scn_put(to, lq_scn_word_of(lq_scn_answers, expect->code));
        return;
    case LQ_SCN_EXPECT_DATA:
        put_data(scenario, expect, to);
        return;
    case LQ_SCN_EXPECT_ANSWERED:
        lq_scn_put(to, " answered");
        return;
    case LQ_SCN_EXPECT_REJECTED:
        lq_scn_put(to, " rejected");
        if (!expect->has_code)
            return;
        lq_scn_put(to, " ");
        lq_scn_put_hex(to, expect->code, 2);
        lq_scn_put(to, "h");
        return;
    default:
        lq_scn_put(to, " nothing");
        return;
    }
}

void lq_scn_print_expect(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                         struct lq_scn_text *to)
{
    static const char *const of_initiator[] = {[LQ_SCN_EXPECT_LOGIN] = " login ok",
                                               [LQ_SCN_EXPECT_REFUSED] = " login refused",
                                               [LQ_SCN_EXPECT_LOGOUT] = " logout ok",
                                               [LQ_SCN_EXPECT_LOST] = " lost"};
    lq_scn_put(to, "expect ");
    bool is_of_login = expect->kind == LQ_SCN_EXPECT_KEY || expect->kind == LQ_SCN_EXPECT_FINDS;
    if (expect->kind <= LQ_SCN_EXPECT_DATA || expect->kind == LQ_SCN_EXPECT_ANSWERED ||
        expect->kind == LQ_SCN_EXPECT_REJECTED) {
        put_request(scenario, expect, to);
    } else if (is_of_login) {
        lq_scn_put(to, scenario->initiators[expect->subject].name);
        (expect->kind == LQ_SCN_EXPECT_KEY ? lq_scn_put_key : lq_scn_put_finds)(to, scenario,
                                                                                expect);
    } else if (expect->kind == LQ_SCN_EXPECT_FIRED) {
        put_fired(scenario, expect, to);
    } else if (expect->kind == LQ_SCN_EXPECT_STABLE) {
        put_stable(scenario, expect, to);
    } else {
        lq_scn_put(to, scenario->initiators[expect->subject].name);
        lq_scn_put(to, of_initiator[expect->kind]);
        if (expect->has_code)
            put_two_codes(to, expect->code);
    }
    if (expect->has_within) {
        lq_scn_put(to, " within ");
        lq_scn_put_value(to, LQ_SCN_DURATION, expect->within_ns);
    }
    if (expect->after.kind != LQ_SCN_NO_EVENT) {
        lq_scn_put(to, " after ");
        lq_scn_print_event(scenario, &expect->after, to);
    }
}
