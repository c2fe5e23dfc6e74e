/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of a file but for its world (world.c): title, requires, transport, limits; and
 * what all parts need. One token of look-ahead, no recursion: blocks nest two deep at most.
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

bool lq_scn_take_string(struct lq_scn_parser *parser, uint64_t *value)
{
    const struct lq_scn_token *token = &parser->token;
    bool is_plain = token->kind == LQ_SCN_TOKEN_STRING && token->size_bytes > 0;
    for (uint32_t i = 0; is_plain && i < token->size_bytes; i++)
        is_plain = token->text[i] >= ' ' && token->text[i] <= '~';
    if (!is_plain)
        return lq_scn_fail(parser, "does not fit here", "plain ASCII in double quotes");
    return lq_scn_keep(parser, (const uint8_t *)token->text, token->size_bytes, value) &&
           (lq_scn_advance(parser), true);
}

static bool is_hex(const struct lq_scn_token *token)
{
    bool is_even = token->kind == LQ_SCN_TOKEN_WORD && token->size_bytes % 2 == 0;
    for (uint32_t i = 0; is_even && i < token->size_bytes; i += 2) {
        uint64_t byte = 0;
        is_even = lq_scn_read_hex(token->text + i, 2, &byte);
    }
    return is_even;
}

bool lq_scn_take_hex(struct lq_scn_parser *parser, uint8_t *bytes, uint32_t most,
                     uint32_t *size_bytes)
{
    *size_bytes = 0;
    for (; is_hex(&parser->token); lq_scn_advance(parser)) {
        const struct lq_scn_token *token = &parser->token;
        for (uint32_t i = 0; i < token->size_bytes; i += 2) {
            uint64_t byte = 0;
            (void)lq_scn_read_hex(token->text + i, 2, &byte);
            if (*size_bytes == most)
                return lq_scn_fail(parser, "is too much", "fewer bytes");
            bytes[(*size_bytes)++] = (uint8_t)byte;
        }
    }
    return *size_bytes > 0 ||
           lq_scn_fail(parser, "is no byte", "bytes of two hexadecimal digits each");
}

bool lq_scn_keep(struct lq_scn_parser *parser, const uint8_t *bytes, uint32_t size_bytes,
                 uint64_t *value)
{
    struct lq_scenario *scenario = parser->scenario;
    if (size_bytes > LQ_SCN_POOL_MAX - scenario->pool_bytes)
        return lq_scn_fail(parser, "is too much", "at most 8 KiB of texts and bytes in a scenario");
    memcpy(scenario->pool + scenario->pool_bytes, bytes, size_bytes);
    *value = (uint64_t)scenario->pool_bytes << 32 | size_bytes;
    scenario->pool_bytes += size_bytes;
    return true;
}

bool lq_scn_take_value(struct lq_scn_parser *parser, const struct lq_scn_row *row, uint64_t *value)
{
    *value = 0;
    if (row->unit == LQ_SCN_FLAG)
        return true;
    if (row->unit == LQ_SCN_STRING)
        return lq_scn_take_string(parser, value);
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

bool lq_scn_take_lun(struct lq_scn_parser *parser, uint32_t *target, uint64_t *lun)
{
    const struct lq_scenario *scenario = parser->scenario;
    uint32_t named = lq_scn_find_target(parser, &parser->token);
    if (named < scenario->target_count) {
        *target = named;
        lq_scn_advance(parser);
        if (!lq_scn_need_token(parser, LQ_SCN_TOKEN_SLASH, "/ and the number of the LUN"))
            return false;
    } else if (*target == LQ_SCN_ANY_TARGET && scenario->target_count > 1) {
        return lq_scn_fail(parser, "may be of several targets", "TARGET/N");
    } else if (*target == LQ_SCN_ANY_TARGET) {
        *target = 0;
    }
    return lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LUN], lun);
}

bool lq_scn_take_lun_with_store(struct lq_scn_parser *parser, uint32_t *target, uint64_t *lun)
{
    struct lq_scn_token token = parser->token;
    *target = LQ_SCN_ANY_TARGET;
    if (!lq_scn_take_lun(parser, target, lun))
        return false;
    return *lun < parser->scenario->targets[*target].lun_count ||
           lq_scn_fail_at(parser, &token, "has no disk", "a LUN of the target");
}

/* --- blocks --------------------------------------------------------------------------------- */

/* { SETTING; ... } of ROWS. */
bool lq_scn_parse_settings(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
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
        struct lq_scn_token token = parser->token;
        int row = lq_scn_take_row(parser, rows);
        if (row < 0)
            return lq_scn_fail(parser, "is no setting of this block", expected);
        if (!lq_scn_check_word(parser, &token, rows[row].name))
            return false;
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

static const char *const transports[LQ_SCN_TRANSPORTS] = {[LQ_SCN_OVER_ISCSI] = "iscsi",
                                                          [LQ_SCN_OVER_FCP] = "fcp"};

const char *lq_scenario_transport_name(uint32_t transport)
{
    return transports[transport];
}

const struct lq_pdu_table *lq_scenario_table(const struct lq_pdu_table *const *pdus,
                                             uint32_t transport)
{
    for (; *pdus != NULL; pdus++)
        if (strcmp((*pdus)->transport, transports[transport]) == 0)
            return *pdus;
    return NULL;
}

static void set_transport(struct lq_scn_parser *parser, uint32_t transport)
{
    parser->scenario->transport = transport;
    parser->pdus = lq_scenario_table(parser->tables, transport);
}

/* It decides what may stand behind it. */
static bool parse_transport(struct lq_scn_parser *parser)
{
    const struct lq_scenario *scenario = parser->scenario;
    if (scenario->limits.given != 0 || scenario->store_count > 0 || scenario->target_count > 0 ||
        scenario->swarm.is_given)
        return lq_scn_fail(parser, "comes too late",
                           "the transport before limits, disks, targets and a swarm");
    for (uint32_t i = 0; i < LQ_SCN_TRANSPORTS; i++) {
        if (!lq_scn_take(parser, transports[i]))
            continue;
        set_transport(parser, i);
        return true;
    }
    return lq_scn_fail(parser, "is no transport of this version", "iscsi or fcp");
}

bool lq_scn_check_only(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       uint32_t transport)
{
    if (transport == parser->scenario->transport)
        return true;
    return transport == LQ_SCN_OVER_ISCSI
               ? lq_scn_fail_at(parser, token, "is of iSCSI alone, and this run is over fcp",
                                "`transport iscsi' in the file, or what FCP has, too")
               : lq_scn_fail_at(parser, token, "is of FCP alone, and this run is over iscsi",
                                "`transport fcp' in the file, or what iSCSI has, too");
}

bool lq_scn_check_word(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       const char *name)
{
    for (const struct lq_scn_word *row = lq_scn_only; row->word != NULL; row++)
        if (strcmp(row->word, name) == 0)
            return lq_scn_check_only(parser, token, row->value);
    return true;
}

static bool parse_limits(struct lq_scn_parser *parser)
{
    struct lq_scn_token token = parser->token;
    struct lq_scn_values *limits = &parser->scenario->limits;
    if (!lq_scn_parse_settings(parser, lq_scn_limit_rows, false, limits))
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
             {"swarm", lq_scn_parse_swarm},  {"disk", lq_scn_parse_disk},
             {"target", lq_scn_parse_target}, {"initiator", lq_scn_parse_initiator}};

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
                       "scenario, requires, transport, limits, disk, target, initiator, swarm, or "
                       "`at', `after' or `when', which begin the timeline");
}

/* A seed says all: its world and what happens in it. */
static bool check_swarm(struct lq_scn_parser *parser)
{
    const struct lq_scenario *scenario = parser->scenario;
    if (scenario->limits.given != 0 || scenario->target_count > 0 ||
        scenario->store_count > 0)
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
                           lq_scn_token_is(&parser->token, "after") ||
                           lq_scn_token_is(&parser->token, "when");
        if (is_timeline || parser->token.kind == LQ_SCN_TOKEN_END)
            return check_world(parser) &&
                   (parser->scenario->swarm.is_given || lq_scn_parse_timeline(parser));
        if (!parse_part(parser))
            return false;
    }
}

bool lq_scenario_parse(struct lq_scenario *scenario, const struct lq_pdu_table *const *pdus,
                       enum lq_scn_transport otherwise, const char *text, uint64_t size_bytes,
                       struct lq_scn_problem *problem)
{
    memset(scenario, 0, sizeof *scenario);
    memset(problem, 0, sizeof *problem);
    struct lq_scn_parser parser = {.scenario = scenario, .problem = problem, .tables = pdus};
    set_transport(&parser, (uint32_t)otherwise);
    lq_scn_lexer_init(&parser.lexer, text, size_bytes);
    lq_scn_advance(&parser);
    return parse_file(&parser);
}
