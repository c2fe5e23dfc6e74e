/* SPDX-License-Identifier: Apache-2.0 */
/* fault: a class of the catalogue, where, when and how it strikes; read, printed, made a rule. */
#include <string.h>

#include "scenarios/lang/internal.h"

/* --- read ----------------------------------------------------------------------------------- */

/* "store." is another word for "disk.". */
static uint32_t fault_of(const struct lq_scn_token *token)
{
    char name[LQ_SCN_NAME_MAX + 1];
    if (token->kind != LQ_SCN_TOKEN_WORD || token->size_bytes + 1 > sizeof name)
        return LQ_FAULT_NONE;
    memcpy(name, token->text, token->size_bytes);
    name[token->size_bytes] = '\0';
    if (strncmp(name, "store.", 6) == 0) {
        memmove(name + 5, name + 6, token->size_bytes - 6 + 1);
        memcpy(name, "disk.", 5);
    }
    return lq_fault_by_name(name);
}

static bool refuse_fault(struct lq_scn_parser *parser)
{
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        lq_scn_put(&to, i == 1 ? "" : ", ");
        lq_scn_put(&to, lq_fault_class((enum lq_fault)i)->name);
    }
    return lq_scn_fail(parser, "is no fault of the catalogue", expected);
}

bool lq_scn_take_fault(struct lq_scn_parser *parser, uint32_t *fault)
{
    *fault = fault_of(&parser->token);
    if (*fault == LQ_FAULT_NONE)
        return refuse_fault(parser);
    lq_scn_advance(parser);
    return true;
}

static bool take_scope(struct lq_scn_parser *parser, struct lq_scn_fault *fault, bool *taken)
{
    const struct lq_scenario *scenario = parser->scenario;
    enum lq_fault_place place = lq_fault_class((enum lq_fault)fault->fault)->place;
    bool is_disk = place == LQ_FAULT_PLACE_DISK;
    *taken = true;
    if (is_disk && lq_scn_take(parser, "lun")) {
        uint64_t lun = 0;
        uint32_t target = 0;
        if (!lq_scn_take_lun_with_store(parser, &target, &lun))
            return false;
        fault->store_or_all = scenario->targets[target].luns[lun].store + 1;
        return true;
    }
    if (is_disk && lq_scn_take(parser, "disk")) {
        fault->store_or_all = lq_scn_find_disk(parser, &parser->token) + 1;
        if (fault->store_or_all > scenario->store_count)
            return lq_scn_fail(parser, "is no disk", "the name of one that stands before");
        lq_scn_advance(parser);
        return true;
    }
    bool is_of_one = !is_disk && place != LQ_FAULT_PLACE_WORLD && place != LQ_FAULT_PLACE_FABRIC;
    if (is_of_one && lq_scn_take(parser, "initiator")) {
        uint32_t found = lq_scn_find_initiator(parser, &parser->token);
        if (found == scenario->initiator_count)
            return lq_scn_fail(parser, "is no initiator", "the name of one");
        fault->initiator_or_all = found + 1;
        lq_scn_advance(parser);
        return true;
    }
    *taken = false;
    return true;
}

/* Clauses that one class alone has. */
static bool is_allowed(uint32_t fault, int row)
{
    return (row != LQ_SCN_RULE_BEHIND || fault == LQ_FAULT_PDU_REORDER) &&
           (row != LQ_SCN_RULE_BYTES || fault == LQ_FAULT_PDU_TRUNCATE);
}

static bool refuse_clause(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                          enum lq_fault_place place)
{
    static const char when[] = "nth N, every N, odds N in M, count N, after DUR, for DUR, by DUR, "
                               "as NAME";
    char expected[LQ_SCN_PROBLEM_MAX];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    lq_scn_put(&to, place == LQ_FAULT_PLACE_DISK ? "lun LUN, disk NAME, "
                                                : "initiator NAME, ");
    if (place == LQ_FAULT_PLACE_PDU)
        lq_scn_put(&to, "to-target, from-target, pdu KIND, during login or full-feature, where "
                        "FIELD = N, what the class does, ");
    lq_scn_put(&to, when);
    return lq_scn_fail_at(parser, token, "does not belong to this fault", expected);
}

static bool check_rule(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       const struct lq_scn_values *rule)
{
    if (lq_scn_has(rule, LQ_SCN_ODDS) != lq_scn_has(rule, LQ_SCN_ODDS_IN))
        return lq_scn_fail_at(parser, token, "has half of its odds", "odds N in M");
    if (lq_scn_has(rule, LQ_SCN_ODDS) &&
        rule->values[LQ_SCN_ODDS] > rule->values[LQ_SCN_ODDS_IN])
        return lq_scn_fail_at(parser, token, "has odds above 1", "odds N in M with N up to M");
    if (lq_scn_has(rule, LQ_SCN_NTH) && lq_scn_has(rule, LQ_SCN_EVERY))
        return lq_scn_fail_at(parser, token, "has both nth and every", "one of them");
    return true;
}

/* What FAULT needs of a transport is there; TOKEN names it. */
static bool check_transport(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                            uint32_t fault)
{
    switch (lq_fault_class((enum lq_fault)fault)->place) {
    case LQ_FAULT_PLACE_NETWORK:
        return lq_scn_check_only(parser, token, LQ_SCN_OVER_ISCSI);
    case LQ_FAULT_PLACE_FRAME:
    case LQ_FAULT_PLACE_FABRIC:
        return lq_scn_check_only(parser, token, LQ_SCN_OVER_FCP);
    case LQ_FAULT_PLACE_PDU:
        return (parser->pdus != NULL && fault != LQ_FAULT_PDU_RESET && fault != LQ_FAULT_PDU_FIN) ||
               lq_scn_check_only(parser, token, LQ_SCN_OVER_ISCSI);
    default:
        return fault != LQ_FAULT_LOGIN_STALL ||
               lq_scn_check_only(parser, token, LQ_SCN_OVER_ISCSI);
    }
}

bool lq_scn_parse_fault(struct lq_scn_parser *parser, struct lq_scn_statement *statement)
{
    struct lq_scn_token token = parser->token;
    struct lq_scn_fault *fault = &statement->fault;
    statement->kind = LQ_SCN_FAULT;
    if (!lq_scn_take_fault(parser, &fault->fault) ||
        !check_transport(parser, &token, fault->fault))
        return false;
    char label[LQ_SCN_NAME_MAX + 1];
    memcpy(label, statement->label, sizeof label);
    memset(statement->label, 0, sizeof statement->label);
    enum lq_fault_place place = lq_fault_class((enum lq_fault)fault->fault)->place;
    while (parser->token.kind > LQ_SCN_TOKEN_NEWLINE) {
        bool taken = false;
        struct lq_scn_token clause = parser->token;
        if (!take_scope(parser, fault, &taken))
            return false;
        if (taken)
            continue;
        if (place == LQ_FAULT_PLACE_PDU && !lq_scn_take_pdu_clause(parser, fault, &taken))
            return false;
        if (taken)
            continue;
        if (lq_scn_take(parser, "as")) {
            if (!lq_scn_take_as(parser, statement))
                return false;
            continue;
        }
        int row = lq_scn_take_row(parser, lq_scn_rule_rows);
        if (row < 0 || !is_allowed(fault->fault, row))
            return refuse_clause(parser, &clause, place);
        if (!lq_scn_take_setting(parser, lq_scn_rule_rows, row, &fault->rule))
            return false;
    }
    if (statement->label[0] == '\0')
        memcpy(statement->label, label, sizeof label);
    if (statement->label[0] == '\0')
        return lq_scn_fail(parser, "comes before the fault's name", "as NAME");
    return check_rule(parser, &token, &fault->rule) &&
           (place != LQ_FAULT_PLACE_PDU || lq_scn_check_pdu(parser, &token, fault));
}

/* A name for a rule that was given none. */
static void make_label(const struct lq_scenario *scenario, struct lq_scn_statement *statement)
{
    struct lq_scn_text to = lq_scn_text_into(statement->label, sizeof statement->label);
    lq_scn_put(&to, "fault-");
    lq_scn_put_number(&to, (uint64_t)scenario->statement_count + 1);
}

bool lq_scenario_add_fault(struct lq_scenario *scenario, const struct lq_pdu_table *const *pdus,
                           const char *text, uint64_t size_bytes, struct lq_scn_problem *problem)
{
    struct lq_scn_parser parser = {.scenario = scenario, .problem = problem, .tables = pdus,
                                   .pdus = lq_scenario_table(pdus, scenario->transport)};
    memset(problem, 0, sizeof *problem);
    lq_scn_lexer_init(&parser.lexer, text, size_bytes);
    lq_scn_advance(&parser);
    if (scenario->statement_count == LQ_SCN_STATEMENTS_MAX)
        return lq_scn_fail(&parser, "is one fault too many", "at most 192");
    struct lq_scn_statement *statement = &scenario->statements[scenario->statement_count];
    memset(statement, 0, sizeof *statement);
    statement->moment = LQ_SCN_FROM_START;
    make_label(scenario, statement);
    (void)lq_scn_take(&parser, "fault");
    if (!lq_scn_parse_fault(&parser, statement))
        return false;
    if (parser.token.kind != LQ_SCN_TOKEN_END)
        return lq_scn_fail(&parser, "follows the fault", "the end");
    scenario->statement_count++;
    return true;
}

/* --- printed -------------------------------------------------------------------------------- */

/* A disk by its name, else as that of its only LUN. */
static void put_disk(struct lq_scn_text *to, const struct lq_scenario *scenario, uint32_t store)
{
    if (scenario->stores[store].name[0] != '\0') {
        lq_scn_put(to, " disk ");
        lq_scn_put(to, scenario->stores[store].name);
        return;
    }
    for (uint32_t t = 0; t < scenario->target_count; t++) {
        for (uint32_t i = 0; i < scenario->targets[t].lun_count; i++) {
            if (scenario->targets[t].luns[i].store != store)
                continue;
            lq_scn_put(to, " lun ");
            lq_scn_put(to, scenario->targets[t].name);
            lq_scn_put(to, "/");
            lq_scn_put_number(to, i);
        }
    }
}

void lq_scn_print_fault(const struct lq_scenario *scenario, const struct lq_scn_fault *fault,
                        struct lq_scn_text *to)
{
    lq_scn_put(to, "fault ");
    lq_scn_put(to, lq_fault_class((enum lq_fault)fault->fault)->name);
    if (fault->store_or_all != 0)
        put_disk(to, scenario, fault->store_or_all - 1);
    if (fault->initiator_or_all != 0) {
        lq_scn_put(to, " initiator ");
        lq_scn_put(to, scenario->initiators[fault->initiator_or_all - 1].name);
    }
    if (lq_fault_class((enum lq_fault)fault->fault)->place == LQ_FAULT_PLACE_PDU)
        lq_scn_print_pdu(fault, to);
    lq_scn_print_clauses(to, scenario, lq_scn_rule_rows, &fault->rule);
}

/* --- made a rule ---------------------------------------------------------------------------- */

struct lq_fault_rule lq_scenario_rule(const struct lq_scn_fault *fault,
                                      const struct lq_pdu_table *pdus)
{
    struct lq_fault_rule rule = {.fault = (enum lq_fault)fault->fault,
                                 .store_or_all = fault->store_or_all,
                                 .actor_or_all = fault->initiator_or_all,
                                 .nth = lq_scn_value(&fault->rule, LQ_SCN_NTH, 0),
                                 .every = lq_scn_value(&fault->rule, LQ_SCN_EVERY, 0),
                                 .odds = lq_scn_value(&fault->rule, LQ_SCN_ODDS, 0),
                                 .odds_in = lq_scn_value(&fault->rule, LQ_SCN_ODDS_IN, 0),
                                 .count = lq_scn_value(&fault->rule, LQ_SCN_RULE_COUNT, 0),
                                 .by_ns = lq_scn_value(&fault->rule, LQ_SCN_BY, 0),
                                 .until_ns = UINT64_MAX};
    if (lq_fault_class(rule.fault)->place == LQ_FAULT_PLACE_PDU)
        lq_scn_make_pdu_rule(fault, pdus, &rule.pdu);
    return rule;
}

void lq_scenario_arm(struct lq_fault_rule *rule, const struct lq_scn_fault *fault, uint64_t now_ns)
{
    rule->is_armed = true;
    rule->from_ns = now_ns + lq_scn_value(&fault->rule, LQ_SCN_RULE_AFTER, 0);
    if (lq_scn_has(&fault->rule, LQ_SCN_FOR))
        rule->until_ns = rule->from_ns + fault->rule.values[LQ_SCN_FOR];
}

/* --- catastrophes --------------------------------------------------------------------------- */

const struct lq_scn_word lq_scn_strikes[] = {{"power-cut", LQ_FAULT_POWER_CUT},
                                             {"crash", LQ_FAULT_TARGET_CRASH},
                                             {"disk-reset", LQ_FAULT_DISK_RESET},
                                             {NULL, 0}};

/* POWER-CUT [FOR DUR] | CRASH [FOR DUR] | DISK-RESET LUN LUN | DISK-RESET DISK NAME */
bool lq_scn_parse_strike(struct lq_scn_parser *parser, struct lq_scn_statement *statement,
                         uint32_t fault)
{
    struct lq_scn_fault *strike = &statement->fault;
    statement->kind = LQ_SCN_STRIKE;
    strike->fault = fault;
    if (lq_scn_has_kind(parser->scenario, LQ_SCN_HEAL))
        return lq_scn_fail(parser, "comes after heal", "catastrophes before it");
    bool taken = false;
    if (fault == LQ_FAULT_DISK_RESET)
        return take_scope(parser, strike, &taken) &&
               (taken || lq_scn_fail(parser, "does not say which disk", "lun LUN or disk NAME"));
    if (!lq_scn_take(parser, "for"))
        return true;
    if (!lq_scn_read_value(&parser->token, LQ_SCN_DURATION, &strike->rule.values[LQ_SCN_BY]) ||
        strike->rule.values[LQ_SCN_BY] == 0 ||
        strike->rule.values[LQ_SCN_BY] > UINT64_C(3600000000000))
        return lq_scn_fail(parser, "is no time to be down", "a duration such as 100ms, up to 1h");
    strike->rule.given |= LQ_SCN_BIT(LQ_SCN_BY);
    lq_scn_advance(parser);
    return true;
}

const struct lq_scn_word *lq_scn_take_strike(struct lq_scn_parser *parser)
{
    for (const struct lq_scn_word *word = lq_scn_strikes; word->word != NULL; word++)
        if (lq_scn_take(parser, word->word))
            return word;
    return NULL;
}

void lq_scn_print_strike(struct lq_scn_text *to, const struct lq_scenario *scenario,
                         const struct lq_scn_fault *strike)
{
    lq_scn_put(to, lq_scn_word_of(lq_scn_strikes, strike->fault));
    if (strike->store_or_all != 0)
        put_disk(to, scenario, strike->store_or_all - 1);
    if (!lq_scn_has(&strike->rule, LQ_SCN_BY))
        return;
    lq_scn_put(to, " for ");
    lq_scn_put_value(to, LQ_SCN_DURATION, strike->rule.values[LQ_SCN_BY]);
}
