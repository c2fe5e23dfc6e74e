/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of a file: moments, and what happens in each. */
#include <string.h>

#include "scenarios/lang/internal.h"

/* --- labels and events ---------------------------------------------------------------------- */

uint32_t lq_scn_find_label(const struct lq_scenario *scenario, const char *text,
                           uint32_t size_bytes)
{
    uint32_t i = 0;
    for (; i < scenario->statement_count; i++) {
        const char *label = scenario->statements[i].label;
        if (size_bytes > 0 && strlen(label) == size_bytes && memcmp(label, text, size_bytes) == 0)
            break;
    }
    return i;
}

static bool is_command(const struct lq_scn_statement *statement)
{
    return statement->kind == LQ_SCN_ACTION &&
           lq_scn_verb_rows[statement->action.verb].kind == LQ_SCN_COMMAND_VERB;
}

static bool is_request(const struct lq_scn_statement *statement)
{
    return is_command(statement) ||
           (statement->kind == LQ_SCN_ACTION &&
            lq_scn_verb_rows[statement->action.verb].kind >= LQ_SCN_TM_VERB);
}

bool lq_scn_take_label(struct lq_scn_parser *parser, enum lq_scn_label_of of, uint32_t *place)
{
    static const char *const expected[] = {
        [LQ_SCN_OF_COMMAND] = "the label of a command that stands before (`as LABEL')",
        [LQ_SCN_OF_REQUEST] =
            "the label of a command or TM function that stands before (`as LABEL')",
        [LQ_SCN_OF_FAULT] = "the name of a fault that stands before (`as NAME')"};
    const struct lq_scenario *scenario = parser->scenario;
    uint32_t found = scenario->statement_count;
    if (parser->token.kind == LQ_SCN_TOKEN_WORD)
        found = lq_scn_find_label(scenario, parser->token.text, parser->token.size_bytes);
    bool is_good = false;
    if (found < scenario->statement_count) {
        const struct lq_scn_statement *statement = &scenario->statements[found];
        is_good = of == LQ_SCN_OF_COMMAND   ? is_command(statement)
                  : of == LQ_SCN_OF_REQUEST ? is_request(statement)
                                            : statement->kind == LQ_SCN_FAULT;
    }
    if (!is_good)
        return lq_scn_fail(parser, "is unknown here", expected[of]);
    *place = found;
    lq_scn_advance(parser);
    return true;
}

/* INITIATOR.WORD */
static bool take_initiator_event(struct lq_scn_parser *parser, bool is_when,
                                 struct lq_scn_event *event)
{
    struct lq_scn_token name = parser->token, word = parser->token;
    const char *dot = memchr(name.text, '.', name.size_bytes);
    name.size_bytes = (uint32_t)(dot - name.text);
    word.text = dot + 1;
    word.size_bytes -= name.size_bytes + 1;
    event->which = lq_scn_find_initiator(parser, &name);
    for (const struct lq_scn_word *row = lq_scn_initiator_events; row->word != NULL; row++)
        if (lq_scn_token_is(&word, row->word) && (is_when || row->value != LQ_SCN_GOT))
            event->kind = row->value;
    if (event->which == parser->scenario->initiator_count || event->kind == LQ_SCN_NO_EVENT)
        return lq_scn_fail(parser, "is no event",
                           is_when ? "INITIATOR.login, .refused, .logout, .lost or .status STATUS"
                                   : "INITIATOR.login, .refused, .logout or .lost");
    lq_scn_advance(parser);
    return event->kind != LQ_SCN_GOT ||
           lq_scn_take_status(parser, &event->status, &event->sense, &event->sense_mask);
}

bool lq_scn_take_event(struct lq_scn_parser *parser, bool is_when, struct lq_scn_event *event)
{
    const struct lq_scenario *scenario = parser->scenario;
    const struct lq_scn_token *token = &parser->token;
    if (token->kind == LQ_SCN_TOKEN_WORD && memchr(token->text, '.', token->size_bytes) != NULL)
        return take_initiator_event(parser, is_when, event);
    uint32_t found = scenario->statement_count;
    if (token->kind == LQ_SCN_TOKEN_WORD)
        found = lq_scn_find_label(scenario, token->text, token->size_bytes);
    if (found < scenario->statement_count && scenario->statements[found].kind == LQ_SCN_FAULT) {
        *event = (struct lq_scn_event){.kind = LQ_SCN_FIRED, .which = found};
        lq_scn_advance(parser);
        return lq_scn_need(parser, "fired");
    }
    if (found == scenario->statement_count)
        return lq_scn_fail(parser, "is no event",
                           "LABEL of what stands before [sent or fate known], FAULT fired or "
                           "INITIATOR.login");
    if (!lq_scn_take_label(parser, LQ_SCN_OF_REQUEST, &event->which))
        return false;
    event->kind = LQ_SCN_ENDED;
    if (lq_scn_take(parser, "sent"))
        event->kind = LQ_SCN_SENT;
    else if (lq_scn_take(parser, "fate")) {
        event->kind = LQ_SCN_FATE_KNOWN;
        return lq_scn_need(parser, "known");
    }
    return true;
}

bool lq_scn_has_kind(const struct lq_scenario *scenario, uint32_t kind)
{
    for (uint32_t i = 0; i < scenario->statement_count; i++)
        if (scenario->statements[i].kind == kind)
            return true;
    return false;
}

bool lq_scn_take_as(struct lq_scn_parser *parser, struct lq_scn_statement *statement)
{
    struct lq_scn_token token = parser->token;
    if (statement->label[0] != '\0')
        return lq_scn_fail(parser, "is a second label", "one label for a statement");
    if (!lq_scn_take_name(parser, statement->label, sizeof statement->label, "a label"))
        return false;
    uint32_t found = lq_scn_find_label(parser->scenario, token.text, token.size_bytes);
    if (found < parser->scenario->statement_count ||
        lq_scn_find_initiator(parser, &token) < parser->scenario->initiator_count)
        return lq_scn_fail_at(parser, &token, "is there already", "another label");
    if (lq_scn_token_is(&token, "zeros") || lq_scn_token_is(&token, "fault") ||
        lq_scn_token_is(&token, "lba"))
        return lq_scn_fail_at(parser, &token, "is a word of the language", "another label");
    return true;
}

static bool is_end(const struct lq_scn_parser *parser)
{
    return parser->token.kind <= LQ_SCN_TOKEN_NEWLINE;
}

/* --- actions -------------------------------------------------------------------------------- */

static int take_verb(struct lq_scn_parser *parser)
{
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    for (int i = 0; i < LQ_SCN_VERBS; i++) {
        if (lq_scn_take(parser, lq_scn_verb_rows[i].name))
            return i;
        lq_scn_put(&to, i == 0 ? "" : ", ");
        lq_scn_put(&to, lq_scn_verb_rows[i].name);
    }
    (void)lq_scn_fail(parser, "is nothing that an initiator does", expected);
    return -1;
}

/* BYTES [content BYTES]: the CDB as it stands, whatever its group code says [SPC-5 4.2.5.1]. */
static bool take_cdb(struct lq_scn_parser *parser, struct lq_scn_action *action)
{
    uint8_t bytes[LQ_SCN_CDB_MAX];
    uint32_t size = 0;
    if (!lq_scn_take_hex(parser, bytes, LQ_SCN_CDB_MAX, &size) ||
        !lq_scn_keep(parser, bytes, size, &action->cdb))
        return false;
    return !lq_scn_take(parser, "content") ||
           (lq_scn_take_hex(parser, bytes, LQ_SCN_CONTENT_MAX, &size) &&
            lq_scn_keep(parser, bytes, size, &action->content));
}

static bool refuse_clause(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                          const struct lq_scn_verb_row *row)
{
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    for (uint32_t i = 0; i < LQ_SCN_CLAUSES; i++) {
        if ((row->allowed & LQ_SCN_BIT(i)) == 0)
            continue;
        lq_scn_put(&to, lq_scn_clause_rows[i].name);
        lq_scn_put(&to, ", ");
    }
    lq_scn_put(&to, "as LABEL or the end of the statement");
    return lq_scn_fail_at(parser, token, "does not belong to this action", expected);
}

static bool check_extent(struct lq_scn_parser *parser, const struct lq_scn_token *at,
                         const struct lq_scn_action *action)
{
    const struct lq_scenario *scenario = parser->scenario;
    const struct lq_scn_store *store =
        lq_scn_store_of(scenario, scenario->initiators[action->initiator].target,
                        lq_scn_value(&action->clauses, LQ_SCN_LUN, 0));
    bool has_extent = (lq_scn_verb_rows[action->verb].needed & LQ_SCN_BIT(LQ_SCN_LBA)) != 0;
    if (!has_extent)
        return true;
    uint64_t block = lq_scn_block_bytes(&scenario->stores[0]); /* all disks have the same */
    uint64_t lba = action->clauses.values[LQ_SCN_LBA];
    uint64_t count = action->clauses.values[LQ_SCN_BLOCKS];
    if (count * block > LQ_SCN_TRANSFER_MAX)
        return lq_scn_fail_at(parser, at, "moves too much", "at most 16KiB in one command");
    if (store == NULL)
        return true; /* a LUN that is not there is a case like any other */
    uint64_t blocks = lq_scn_most_bytes(store) / block;
    if (lba >= blocks || count > blocks - lba)
        return lq_scn_fail_at(parser, at, "goes beyond the end of the disk",
                              "blocks that are there (`cdb' sends what is wrong)");
    return true;
}

static bool take_own_lun(struct lq_scn_parser *parser, uint32_t initiator, uint64_t *lun)
{
    struct lq_scn_token token = parser->token;
    uint32_t own = parser->scenario->initiators[initiator].target, target = own;
    return lq_scn_take_lun(parser, &target, lun) &&
           (target == own || lq_scn_fail_at(parser, &token, "is not this initiator's target",
                                            "a LUN of its own target"));
}

/* The name of an initiator: its place. */
static bool take_to(struct lq_scn_parser *parser, struct lq_scn_values *clauses)
{
    uint32_t found = lq_scn_find_initiator(parser, &parser->token);
    if (lq_scn_has(clauses, LQ_SCN_TO))
        return lq_scn_fail(parser, "is a second initiator", "one");
    if (found == parser->scenario->initiator_count)
        return lq_scn_fail(parser, "is no initiator", "an initiator of this file");
    clauses->given |= LQ_SCN_BIT(LQ_SCN_TO);
    clauses->values[LQ_SCN_TO] = found;
    lq_scn_advance(parser);
    return true;
}

static bool take_clauses(struct lq_scn_parser *parser, struct lq_scn_statement *statement)
{
    struct lq_scn_action *action = &statement->action;
    const struct lq_scn_verb_row *row = &lq_scn_verb_rows[action->verb];
    while (!is_end(parser)) {
        struct lq_scn_token token = parser->token;
        if (lq_scn_take(parser, "as")) {
            if (!lq_scn_take_as(parser, statement))
                return false;
            continue;
        }
        bool logs_in = action->verb == LQ_SCN_LOG_IN || action->verb == LQ_SCN_RELOGIN ||
                       action->verb == LQ_SCN_DISCOVER;
        if (logs_in && lq_scn_take(parser, "iscsi")) {
            if (!lq_scn_check_word(parser, &token, "iscsi") ||
                !lq_scn_take_login(parser, action))
                return false;
            continue;
        }
        int clause = lq_scn_take_row(parser, lq_scn_clause_rows);
        if (clause < 0 || (row->allowed & LQ_SCN_BIT(clause)) == 0)
            return refuse_clause(parser, &token, row);
        struct lq_scn_values *clauses = &action->clauses;
        if (!lq_scn_check_word(parser, &token, lq_scn_clause_rows[clause].name))
            return false;
        if (clause == LQ_SCN_LUN && !lq_scn_has(clauses, LQ_SCN_LUN)) {
            clauses->given |= LQ_SCN_BIT(LQ_SCN_LUN);
            if (!take_own_lun(parser, action->initiator, &clauses->values[LQ_SCN_LUN]))
                return false;
        } else if (clause == LQ_SCN_TO) {
            if (!take_to(parser, clauses))
                return false;
        } else if (!lq_scn_take_setting(parser, lq_scn_clause_rows, clause, clauses)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < LQ_SCN_CLAUSES; i++)
        if ((row->needed & LQ_SCN_BIT(i)) != 0 && !lq_scn_has(&action->clauses, i))
            return lq_scn_fail(parser, "comes too early", lq_scn_clause_rows[i].name);
    return true;
}

static bool parse_action(struct lq_scn_parser *parser, struct lq_scn_statement *statement)
{
    struct lq_scn_action *action = &statement->action;
    struct lq_scn_token token = parser->token;
    int verb = take_verb(parser);
    if (verb < 0 || !lq_scn_check_word(parser, &token, lq_scn_verb_rows[verb].name))
        return false;
    statement->kind = LQ_SCN_ACTION;
    action->verb = (uint32_t)verb;
    const struct lq_scn_verb_row *row = &lq_scn_verb_rows[verb];
    if (row->names_command) {
        struct lq_scn_token label = parser->token;
        if (!lq_scn_take_label(parser, LQ_SCN_OF_COMMAND, &action->subject))
            return false;
        if (parser->scenario->statements[action->subject].action.initiator != action->initiator)
            return lq_scn_fail_at(parser, &label, "is another initiator's command",
                                  "a command of the same initiator");
    }
    if (verb == LQ_SCN_CDB && !take_cdb(parser, action))
        return false;
    if (verb == LQ_SCN_RAW && !lq_scn_take_raw(parser, action))
        return false;
    if (!take_clauses(parser, statement))
        return false;
    if (row->kind == LQ_SCN_SESSION_VERB && statement->label[0] != '\0')
        return lq_scn_fail_at(parser, &token, "has a label",
                              "labels at commands and TM functions only");
    return check_extent(parser, &token, action);
}

/* --- moments -------------------------------------------------------------------------------- */

static bool take_time(struct lq_scn_parser *parser, struct lq_scn_moment *moment)
{
    struct lq_scn_token token = parser->token;
    bool is_plus = token.kind == LQ_SCN_TOKEN_WORD && *token.text == '+';
    if (is_plus) {
        token.text++;
        token.size_bytes--;
    }
    if (!lq_scn_read_value(&token, LQ_SCN_DURATION, &moment->time_ns) ||
        moment->time_ns > UINT64_C(86400000000000))
        return lq_scn_fail(parser, "is no time", "0, 31s, or +10ms after the moment before; at "
                           "most 24h");
    moment->kind = is_plus ? LQ_SCN_AT_PLUS : LQ_SCN_AT;
    lq_scn_advance(parser);
    return true;
}

/* Takes the first word of a moment, when one stands next. */
static bool take_heading(struct lq_scn_parser *parser, uint32_t *kind)
{
    if (lq_scn_take(parser, "at")) {
        *kind = LQ_SCN_AT;
        return true;
    }
    *kind = LQ_SCN_AFTER;
    if (lq_scn_take(parser, "after"))
        return true;
    if (!lq_scn_take(parser, "when"))
        return false;
    *kind = lq_scn_take(parser, "every") ? LQ_SCN_WHEN_EVERY : LQ_SCN_WHEN;
    return true;
}

/* AT T | AFTER EVENT [+DUR] | WHEN [EVERY] EVENT [+DUR] */
static bool parse_moment(struct lq_scn_parser *parser, uint32_t kind)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->moment_count == LQ_SCN_MOMENTS_MAX)
        return lq_scn_fail(parser, "is one moment too many", "at most 64");
    if (kind >= LQ_SCN_WHEN && lq_scn_has_kind(scenario, LQ_SCN_EXPLORE))
        return lq_scn_fail(parser, "comes after explore", "actions and expectations there");
    uint32_t whens = 0;
    for (uint32_t i = 0; i < scenario->moment_count; i++)
        whens += scenario->moments[i].kind >= LQ_SCN_WHEN;
    if (kind >= LQ_SCN_WHEN && whens == LQ_SCN_WHENS_MAX)
        return lq_scn_fail(parser, "is one `when' too many", "at most 16");
    struct lq_scn_moment *moment = &scenario->moments[scenario->moment_count++];
    moment->place = parser->token.place;
    if (kind == LQ_SCN_AT)
        return take_time(parser, moment);
    if (!lq_scn_take_event(parser, kind >= LQ_SCN_WHEN, &moment->event))
        return false;
    if (parser->token.kind == LQ_SCN_TOKEN_WORD && *parser->token.text == '+' &&
        !take_time(parser, moment))
        return false;
    moment->kind = kind;
    return true;
}

/* The name of a target that is none of an initiator. */
static bool is_change(const struct lq_scn_parser *parser)
{
    const struct lq_scenario *scenario = parser->scenario;
    return lq_scn_find_initiator(parser, &parser->token) == scenario->initiator_count &&
           lq_scn_find_target(parser, &parser->token) < scenario->target_count;
}

static bool parse_statement(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->statement_count == LQ_SCN_STATEMENTS_MAX)
        return lq_scn_fail(parser, "is one statement too many", "at most 192");
    struct lq_scn_statement *statement = &scenario->statements[scenario->statement_count];
    statement->place = parser->token.place;
    statement->moment = scenario->moment_count - 1;
    bool is_good = true;
    bool is_exploring = lq_scn_has_kind(scenario, LQ_SCN_EXPLORE);
    const struct lq_scn_token first = parser->token, *word = &parser->token;
    const struct lq_scn_word *strike = NULL;
    if (is_exploring && (lq_scn_token_is(word, "heal") || lq_scn_token_is(word, "fault") ||
                         lq_scn_token_is(word, "disarm") || lq_scn_token_is(word, "explore") ||
                         lq_scn_token_is(word, "fabric") ||
                         is_change(parser)))
        return lq_scn_fail(parser, "comes after explore", "actions and expectations there");
    if (lq_scn_take(parser, "heal")) {
        statement->kind = LQ_SCN_HEAL;
    } else if (lq_scn_take(parser, "explore")) {
        statement->kind = LQ_SCN_EXPLORE;
    } else if (lq_scn_take(parser, "fault")) {
        is_good = !lq_scn_has_kind(scenario, LQ_SCN_HEAL)
                      ? lq_scn_parse_fault(parser, statement)
                      : lq_scn_fail(parser, "comes after heal", "faults before it");
    } else if (!is_exploring && (strike = lq_scn_take_strike(parser)) != NULL) {
        is_good = lq_scn_parse_strike(parser, statement, strike->value);
    } else if (lq_scn_take(parser, "disarm")) {
        statement->kind = LQ_SCN_DISARM;
        is_good = lq_scn_take_label(parser, LQ_SCN_OF_FAULT, &statement->rule);
    } else if (lq_scn_take(parser, "expect")) {
        statement->kind = LQ_SCN_EXPECT;
        is_good = lq_scn_parse_expect(parser, statement);
    } else if (lq_scn_take(parser, "fabric")) {
        statement->kind = LQ_SCN_FABRIC;
        is_good = lq_scn_check_word(parser, &first, "fabric") &&
                  lq_scn_parse_fabric(parser, &statement->fabric);
    } else if (is_change(parser)) {
        statement->kind = LQ_SCN_CHANGE;
        is_good = lq_scn_parse_change(parser, &statement->change);
    } else {
        uint32_t initiator = lq_scn_find_initiator(parser, &parser->token);
        if (initiator == scenario->initiator_count)
            return lq_scn_fail(parser, "begins no statement of the timeline",
                               "at, after, when, fault, disarm, power-cut, crash, disk-reset, "
                               "fabric, heal, explore, expect or the name of an initiator or a "
                               "target");
        if (scenario->initiators[initiator].works)
            return lq_scn_fail(parser, "works by itself", "an initiator without `workload'");
        lq_scn_advance(parser);
        statement->action.initiator = initiator;
        is_good = parse_action(parser, statement);
    }
    if (!is_good)
        return false;
    scenario->statement_count++;
    return is_end(parser) || lq_scn_fail(parser, "follows the statement", "; or a new line");
}

bool lq_scn_parse_timeline(struct lq_scn_parser *parser)
{
    for (;;) {
        while (parser->token.kind == LQ_SCN_TOKEN_NEWLINE)
            lq_scn_advance(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_END)
            break;
        uint32_t kind = LQ_SCN_AT;
        if (take_heading(parser, &kind)) {
            if (!parse_moment(parser, kind))
                return false;
            continue; /* its first statement may stand in the same line */
        }
        if (!parse_statement(parser))
            return false;
    }
    return parser->scenario->statement_count > 0 ||
           lq_scn_fail(parser, "comes before anything happens", "at 0 and a statement");
}
