/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of a file: title, requires, transport, limits, target, initiators; and what both
 * halves need. One token of look-ahead, no recursion: blocks nest two deep at most.
 */
#include <string.h>

#include "scenarios/lang/internal.h"

/* --- tokens and problems -------------------------------------------------------------------- */

void lq_scn_advance(struct lq_scn_parser *parser)
{
    parser->token = lq_scn_lexer_next(&parser->lexer);
}

static void put_found(struct lq_scn_text *to, const struct lq_scn_token *token)
{
    static const char *const names[] = {[LQ_SCN_TOKEN_END] = "the end of the file",
                                        [LQ_SCN_TOKEN_NEWLINE] = "the end of the statement"};
    if (token->kind <= LQ_SCN_TOKEN_NEWLINE) {
        lq_scn_put(to, names[token->kind]);
        return;
    }
    lq_scn_put(to, "`");
    for (uint32_t i = 0; i < token->size_bytes && i < 40; i++) {
        char byte = token->text[i];
        bool is_plain = byte >= ' ' && byte <= '~';
        lq_scn_put_bytes(to, is_plain ? &byte : "?", 1);
    }
    lq_scn_put(to, token->size_bytes > 40 ? "...'" : "'");
}

bool lq_scn_fail_at(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                    const char *wrong, const char *expected)
{
    struct lq_scn_problem *problem = parser->problem;
    bool is_word = token->kind >= LQ_SCN_TOKEN_WORD && token->size_bytes > 0;
    problem->place = token->place;
    uint32_t quotes = token->kind == LQ_SCN_TOKEN_STRING ? 2 : 0;
    problem->width = is_word ? token->size_bytes + quotes : 1;
    struct lq_scn_text to = lq_scn_text_into(problem->text, sizeof problem->text);
    put_found(&to, token);
    lq_scn_put(&to, " ");
    lq_scn_put(&to, wrong);
    lq_scn_put(&to, "; expected ");
    lq_scn_put(&to, expected);
    return false;
}

bool lq_scn_fail(struct lq_scn_parser *parser, const char *wrong, const char *expected)
{
    return lq_scn_fail_at(parser, &parser->token, wrong, expected);
}

bool lq_scn_take(struct lq_scn_parser *parser, const char *word)
{
    if (!lq_scn_token_is(&parser->token, word))
        return false;
    lq_scn_advance(parser);
    return true;
}

bool lq_scn_need(struct lq_scn_parser *parser, const char *word)
{
    return lq_scn_take(parser, word) || lq_scn_fail(parser, "does not belong here", word);
}

bool lq_scn_need_token(struct lq_scn_parser *parser, enum lq_scn_token_kind kind,
                       const char *expected)
{
    if (parser->token.kind != kind)
        return lq_scn_fail(parser, "does not belong here", expected);
    lq_scn_advance(parser);
    return true;
}

void lq_scn_skip_newlines(struct lq_scn_parser *parser)
{
    while (parser->token.kind == LQ_SCN_TOKEN_NEWLINE)
        lq_scn_advance(parser);
}

/* --- what both halves need ------------------------------------------------------------------ */

bool lq_scn_take_name(struct lq_scn_parser *parser, char *name, uint32_t size_bytes,
                      const char *expected)
{
    const struct lq_scn_token *token = &parser->token;
    bool begins_well = token->kind == LQ_SCN_TOKEN_WORD &&
                       (*token->text > '9' || *token->text < '+') && *token->text != ':';
    if (!begins_well)
        return lq_scn_fail(parser, "is no name", expected);
    if (memchr(token->text, '.', token->size_bytes) != NULL)
        return lq_scn_fail(parser, "has a dot", "a name without dots");
    if (token->size_bytes >= size_bytes)
        return lq_scn_fail(parser, "is too long", "a name of at most 31 characters");
    memcpy(name, token->text, token->size_bytes);
    name[token->size_bytes] = '\0';
    lq_scn_advance(parser);
    return true;
}

bool lq_scn_take_value(struct lq_scn_parser *parser, const struct lq_scn_row *row, uint64_t *value)
{
    *value = 0;
    if (row->unit == LQ_SCN_FLAG)
        return true;
    if (!lq_scn_read_value(&parser->token, row->unit, value))
        return lq_scn_fail(parser, "does not fit here", lq_scn_unit_text(row->unit));
    bool is_never = row->unit == LQ_SCN_OR_NEVER && *value == UINT64_MAX;
    if ((*value < row->least || *value > row->most) && !is_never) {
        char range[120];
        struct lq_scn_text to = lq_scn_text_into(range, sizeof range);
        lq_scn_put_value(&to, row->unit, row->least);
        lq_scn_put(&to, " to ");
        lq_scn_put_value(&to, row->unit, row->most);
        return lq_scn_fail(parser, "is out of range", range);
    }
    lq_scn_advance(parser);
    return true;
}

/* How many words of ROW's name stand next, 0 when not all of them do. The lexer looks ahead on a
 * copy. */
static uint32_t words_of(const struct lq_scn_parser *parser, const struct lq_scn_row *row)
{
    struct lq_scn_lexer lexer = parser->lexer;
    struct lq_scn_token token = parser->token;
    const char *name = row->name;
    uint32_t words = 0;
    for (;;) {
        const char *space = strchr(name, ' ');
        uint64_t size = space == NULL ? strlen(name) : (uint64_t)(space - name);
        if (token.kind != LQ_SCN_TOKEN_WORD || token.size_bytes != size ||
            memcmp(token.text, name, token.size_bytes) != 0)
            return 0;
        words++;
        if (space == NULL)
            return words;
        name = space + 1;
        token = lq_scn_lexer_next(&lexer);
    }
}

int lq_scn_take_row(struct lq_scn_parser *parser, const struct lq_scn_row *rows)
{
    int best = -1;
    uint32_t best_words = 0;
    for (int i = 0; rows[i].name != NULL; i++) {
        uint32_t words = words_of(parser, &rows[i]);
        if (words > best_words) {
            best = i;
            best_words = words;
        }
    }
    for (uint32_t i = 0; i < best_words; i++)
        lq_scn_advance(parser);
    return best;
}

bool lq_scn_take_setting(struct lq_scn_parser *parser, const struct lq_scn_row *rows, int row,
                         struct lq_scn_values *values)
{
    if (lq_scn_has(values, (uint32_t)row))
        return lq_scn_fail(parser, "follows what was said before", "each setting at most once");
    values->given |= LQ_SCN_BIT(row);
    return lq_scn_take_value(parser, &rows[row], &values->values[row]);
}

static void put_rows(struct lq_scn_text *to, const struct lq_scn_row *rows)
{
    for (uint32_t i = 0; rows[i].name != NULL; i++) {
        lq_scn_put(to, i == 0 ? "" : ", ");
        lq_scn_put(to, rows[i].name);
    }
}

bool lq_scn_take_coded(struct lq_scn_parser *parser, const struct lq_scn_word *words,
                       const char *what, uint32_t *value)
{
    char expected[300];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    for (uint32_t i = 0; words[i].word != NULL; i++) {
        if (lq_scn_take(parser, words[i].word)) {
            *value = words[i].value;
            return true;
        }
        lq_scn_put(&to, i == 0 ? "" : ", ");
        lq_scn_put(&to, words[i].word);
    }
    return lq_scn_fail(parser, what, expected);
}

uint32_t lq_scn_find_initiator(const struct lq_scn_parser *parser,
                               const struct lq_scn_token *token)
{
    uint32_t i = 0;
    while (i < parser->scenario->initiator_count &&
           !lq_scn_token_is(token, parser->scenario->initiators[i].name))
        i++;
    return i;
}

bool lq_scn_take_lun(struct lq_scn_parser *parser, uint64_t *lun)
{
    if (lq_scn_take(parser, parser->scenario->target.name) &&
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_SLASH, "/ and the number of the LUN"))
        return false;
    return lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LUN], lun);
}

/* --- blocks --------------------------------------------------------------------------------- */

/* { SETTING; ... } of ROWS. */
static bool parse_settings(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
                           bool with_commas, struct lq_scn_values *values)
{
    char expected[300];
    struct lq_scn_text to = lq_scn_text_into(expected, sizeof expected);
    put_rows(&to, rows);
    if (!lq_scn_need_token(parser, LQ_SCN_TOKEN_OPEN, "{"))
        return false;
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        int row = lq_scn_take_row(parser, rows);
        if (row < 0)
            return lq_scn_fail(parser, "is no setting of this block", expected);
        if (!lq_scn_take_setting(parser, rows, row, values))
            return false;
        if (with_commas && parser->token.kind == LQ_SCN_TOKEN_COMMA) {
            lq_scn_advance(parser);
            continue;
        }
        if (parser->token.kind != LQ_SCN_TOKEN_CLOSE && parser->token.kind != LQ_SCN_TOKEN_NEWLINE)
            return lq_scn_fail(parser, "follows the setting", "; or a new line, or }");
    }
    lq_scn_advance(parser);
    return true;
}

/* What an initiator or a target offers must fit together [RFC 7143 13.14]. */
static bool parse_iscsi(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
                        struct lq_scn_values *iscsi)
{
    struct lq_scn_token token = parser->token;
    if (!parse_settings(parser, rows, true, iscsi))
        return false;
    if (lq_scn_has(iscsi, LQ_SCN_FIRST_BURST) && lq_scn_has(iscsi, LQ_SCN_MAX_BURST) &&
        iscsi->values[LQ_SCN_FIRST_BURST] > iscsi->values[LQ_SCN_MAX_BURST])
        return lq_scn_fail_at(parser, &token, "has a first burst above the largest one",
                              "first-burst of at most max-burst");
    return true;
}

static bool parse_lun(struct lq_scn_parser *parser)
{
    static const struct lq_scn_row capacity = {"disk", LQ_SCN_SIZE, 4096, UINT64_C(1) << 44};
    struct lq_scn_target *target = &parser->scenario->target;
    struct lq_scn_token token = parser->token;
    uint64_t number = 0;
    if (!lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LUN], &number))
        return false;
    if (target->lun_count == LQ_SCN_LUNS_MAX)
        return lq_scn_fail_at(parser, &token, "is one LUN too many", "at most 3");
    if (number != target->lun_count)
        return lq_scn_fail_at(parser, &token, "is out of order", "LUNs numbered 0, 1, 2");
    struct lq_scn_lun *lun = &target->luns[target->lun_count++];
    lun->place = token.place;
    if (!lq_scn_need(parser, "disk") || !lq_scn_take_value(parser, &capacity, &lun->size_bytes))
        return false;
    if (parser->token.kind == LQ_SCN_TOKEN_OPEN &&
        !parse_settings(parser, lq_scn_disk_rows, true, &lun->disk))
        return false;
    uint64_t block = lq_scn_value(&lun->disk, LQ_SCN_BLOCK, 512);
    if ((block & (block - 1)) != 0)
        return lq_scn_fail_at(parser, &token, "has an odd block size", "512, 1KiB, 2KiB or 4KiB");
    if (lun->size_bytes % block != 0)
        return lq_scn_fail_at(parser, &token, "has no whole number of blocks",
                              "a multiple of the block size");
    if (block != lq_scn_value(&target->luns[0].disk, LQ_SCN_BLOCK, 512))
        return lq_scn_fail_at(parser, &token, "has another block size than LUN 0",
                              "one block size for all disks of a scenario");
    return true;
}

static bool parse_target(struct lq_scn_parser *parser)
{
    struct lq_scn_target *target = &parser->scenario->target;
    if (target->name[0] != '\0')
        return lq_scn_fail(parser, "is a second target", "one target in a scenario");
    if (!lq_scn_take_name(parser, target->name, sizeof target->name, "the target's name") ||
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_OPEN, "{ with its LUNs"))
        return false;
    for (;;) {
        lq_scn_skip_newlines(parser);
        bool is_good = false;
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (lq_scn_take(parser, "lun"))
            is_good = parse_lun(parser);
        else if (lq_scn_take(parser, "iscsi"))
            is_good = parse_iscsi(parser, lq_scn_target_iscsi_rows, &target->iscsi);
        else
            return lq_scn_fail(parser, "is no part of a target", "lun N disk SIZE, iscsi { or }");
        if (!is_good)
            return false;
    }
    if (target->lun_count == 0)
        return lq_scn_fail(parser, "comes before any LUN", "lun 0 disk SIZE");
    lq_scn_advance(parser);
    return true;
}

static bool parse_iqn(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    const struct lq_scn_token *token = &parser->token;
    bool is_good = token->kind == LQ_SCN_TOKEN_STRING && token->size_bytes <= LQ_SCN_IQN_MAX &&
                   token->size_bytes > 4 && memcmp(token->text, "iqn.", 4) == 0;
    for (uint32_t i = 0; is_good && i < token->size_bytes; i++)
        is_good = token->text[i] != '\0' &&
                  strchr("abcdefghijklmnopqrstuvwxyz0123456789.:-", token->text[i]) != NULL;
    if (!is_good)
        return lq_scn_fail(parser, "is no iSCSI name",
                           "\"iqn.YYYY-MM.DOMAIN:NAME\" of at most 47 characters");
    memcpy(initiator->iqn, token->text, token->size_bytes);
    lq_scn_advance(parser);
    return true;
}

static bool parse_initiator_block(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    static const struct lq_scn_row isid = {"isid", LQ_SCN_NUMBER, 0, UINT64_C(0xffffffff)};
    lq_scn_advance(parser);
    for (;;) {
        while (parser->token.kind == LQ_SCN_TOKEN_NEWLINE ||
               parser->token.kind == LQ_SCN_TOKEN_COMMA)
            lq_scn_advance(parser);
        bool is_good = false;
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (lq_scn_take(parser, "isid")) {
            is_good = lq_scn_take_value(parser, &isid, &initiator->isid);
            initiator->has_isid = true;
        } else if (lq_scn_take(parser, "workload")) {
            is_good = initiator->works = true;
        } else if (lq_scn_take(parser, "name")) {
            is_good = parse_iqn(parser, initiator);
        } else if (lq_scn_take(parser, "iscsi")) {
            is_good = parse_iscsi(parser, lq_scn_initiator_iscsi_rows, &initiator->iscsi);
        } else {
            return lq_scn_fail(parser, "is no setting of an initiator",
                               "isid N, name \"IQN\", workload, iscsi { or }");
        }
        if (!is_good)
            return false;
    }
    lq_scn_advance(parser);
    return true;
}

/* First words of statements, which no initiator and no label may have as a name. */
static bool is_reserved(const struct lq_scn_token *token)
{
    static const char *const words[] = {"at", "after", "heal", "fault", "disarm", "expect",
                                        "zeros", "lba"};
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lq_scn_token_is(token, words[i]))
            return true;
    return false;
}

static bool parse_initiator(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->initiator_count == LQ_SCN_INITIATORS_MAX)
        return lq_scn_fail(parser, "is one initiator too many", "at most 4");
    if (is_reserved(&parser->token))
        return lq_scn_fail(parser, "is a word of the language", "another name");
    if (lq_scn_find_initiator(parser, &parser->token) < scenario->initiator_count)
        return lq_scn_fail(parser, "is there already", "another name");
    struct lq_scn_initiator *initiator = &scenario->initiators[scenario->initiator_count];
    initiator->place = parser->token.place;
    if (!lq_scn_take_name(parser, initiator->name, sizeof initiator->name,
                          "the initiator's name") ||
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_ARROW, "-> and its target"))
        return false;
    if (scenario->target.name[0] == '\0' || !lq_scn_take(parser, scenario->target.name))
        return lq_scn_fail(parser, "is no target", "the name of a target that stands before");
    scenario->initiator_count++;
    return parser->token.kind != LQ_SCN_TOKEN_OPEN || parse_initiator_block(parser, initiator);
}

/* --- the file ------------------------------------------------------------------------------- */

static bool parse_title(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    const struct lq_scn_token *token = &parser->token;
    if (token->kind != LQ_SCN_TOKEN_STRING || token->size_bytes == 0)
        return lq_scn_fail(parser, "is no title", "one in double quotes");
    if (scenario->title[0] != '\0')
        return lq_scn_fail(parser, "is a second title", "one scenario in a file");
    if (token->size_bytes > LQ_SCN_TITLE_MAX)
        return lq_scn_fail(parser, "is too long", "a title of at most 95 characters");
    for (uint32_t i = 0; i < token->size_bytes; i++)
        if (token->text[i] < ' ' || token->text[i] > '~')
            return lq_scn_fail(parser, "has a character that cannot be printed", "plain ASCII");
    memcpy(scenario->title, token->text, token->size_bytes);
    lq_scn_advance(parser);
    return true;
}

static bool parse_requires(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    for (;;) {
        const struct lq_scn_token *token = &parser->token;
        if (token->kind != LQ_SCN_TOKEN_WORD || token->size_bytes > LQ_SCN_SLUG_MAX)
            return lq_scn_fail(parser, "is no property",
                               "an id or a slug of docs/PROPERTIES.tsv, such as task-ends-once");
        if (scenario->requires_count == LQ_SCN_REQUIRES_MAX)
            return lq_scn_fail(parser, "is one property too many", "at most 16");
        uint32_t at = scenario->requires_count++;
        memcpy(scenario->requires[at], token->text, token->size_bytes);
        scenario->requires_places[at] = token->place;
        lq_scn_advance(parser);
        if (parser->token.kind != LQ_SCN_TOKEN_COMMA)
            return true;
        lq_scn_advance(parser);
        lq_scn_skip_newlines(parser);
    }
}

static bool parse_transport(struct lq_scn_parser *parser)
{
    return lq_scn_take(parser, "iscsi") ||
           lq_scn_fail(parser, "is no transport of this version", "iscsi");
}

static bool parse_limits(struct lq_scn_parser *parser)
{
    struct lq_scn_token token = parser->token;
    struct lq_scn_values *limits = &parser->scenario->limits;
    if (!parse_settings(parser, lq_scn_limit_rows, false, limits))
        return false;
    uint64_t window = lq_scn_value(limits, LQ_SCN_COMMAND_WINDOW, 1);
    if ((window & (window - 1)) != 0)
        return lq_scn_fail_at(parser, &token, "has an odd command window", "a power of two");
    return true;
}

static const struct {
    const char *word;
    bool (*parse)(struct lq_scn_parser *parser);
} parts[] = {{"scenario", parse_title},   {"requires", parse_requires},
             {"transport", parse_transport}, {"limits", parse_limits},
             {"swarm", lq_scn_parse_swarm},
             {"target", parse_target},    {"initiator", parse_initiator}};

enum { PARTS = sizeof parts / sizeof parts[0] };

static bool parse_part(struct lq_scn_parser *parser)
{
    for (uint32_t i = 0; i < PARTS; i++) {
        if (!lq_scn_take(parser, parts[i].word))
            continue;
        if (!parts[i].parse(parser))
            return false;
        if (parser->token.kind > LQ_SCN_TOKEN_NEWLINE)
            return lq_scn_fail(parser, "follows the statement", "; or a new line");
        return true;
    }
    return lq_scn_fail(parser, "begins no statement",
                       "scenario, requires, transport, limits, target, initiator, swarm, or `at' "
                       "or `after', which begin the timeline");
}

/* A seed says all: its world and what happens in it. */
static bool check_swarm(struct lq_scn_parser *parser)
{
    const struct lq_scenario *scenario = parser->scenario;
    if (scenario->limits.given != 0 || scenario->target.name[0] != '\0')
        return lq_scn_fail(parser, "comes after a swarm and limits or a target",
                           "swarm alone: its settings say what is in the world");
    return parser->token.kind == LQ_SCN_TOKEN_END ||
           lq_scn_fail(parser, "comes after a swarm", "the end: a seed has no timeline");
}

static bool check_world(struct lq_scn_parser *parser)
{
    if (parser->scenario->title[0] == '\0')
        return lq_scn_fail(parser, "comes before the title", "scenario \"TITLE\" first");
    if (parser->scenario->swarm.is_given)
        return check_swarm(parser);
    if (parser->scenario->initiator_count == 0)
        return lq_scn_fail(parser, "comes before any initiator",
                           "target NAME { lun 0 disk SIZE } and initiator NAME -> TARGET");
    return true;
}

static bool parse_file(struct lq_scn_parser *parser)
{
    for (;;) {
        lq_scn_skip_newlines(parser);
        bool is_timeline = lq_scn_token_is(&parser->token, "at") ||
                           lq_scn_token_is(&parser->token, "after");
        if (is_timeline || parser->token.kind == LQ_SCN_TOKEN_END)
            return check_world(parser) &&
                   (parser->scenario->swarm.is_given || lq_scn_parse_timeline(parser));
        if (!parse_part(parser))
            return false;
    }
}

bool lq_scenario_parse(struct lq_scenario *scenario, const char *text, uint64_t size_bytes,
                       struct lq_scn_problem *problem)
{
    memset(scenario, 0, sizeof *scenario);
    memset(problem, 0, sizeof *problem);
    struct lq_scn_parser parser = {.scenario = scenario, .problem = problem};
    lq_scn_lexer_init(&parser.lexer, text, size_bytes);
    lq_scn_advance(&parser);
    return parse_file(&parser);
}
