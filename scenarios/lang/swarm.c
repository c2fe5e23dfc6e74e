/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seed as a statement: swarm SEED { NAME VALUE; fault NAME ODDS; keep ... }. What the settings
 * are called is the world's: here they have a form only.
 */
#include <string.h>

#include "scenarios/lang/internal.h"

enum { ODDS_MAX = 1000 };

/* --- parse ---------------------------------------------------------------------------------- */

bool lq_scn_take_named(struct lq_scn_parser *parser, struct lq_scn_setting *settings,
                       uint32_t *count, uint32_t most, bool with_of)
{
    static const struct lq_scn_row of = {"of", LQ_SCN_NUMBER, 1, UINT32_MAX};
    struct lq_scn_token token = parser->token;
    if (*count == most)
        return lq_scn_fail(parser, "is one setting too many", "fewer of them");
    struct lq_scn_setting *setting = &settings[*count];
    setting->place = token.place;
    if (!lq_scn_take_name(parser, setting->name, sizeof setting->name,
                          "the name of a setting, or }"))
        return false;
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(settings[i].name, setting->name) == 0)
            return lq_scn_fail_at(parser, &token, "is there already", "each setting at most once");
    enum lq_scn_unit unit = LQ_SCN_NUMBER;
    if (!lq_scn_read_any(&parser->token, &unit, &setting->value))
        return lq_scn_fail(parser, "is no value", "a number, a size, a duration or never");
    setting->unit = (uint32_t)unit;
    ++*count;
    lq_scn_advance(parser);
    uint64_t whole = 0;
    if (with_of && lq_scn_take(parser, "of") && !lq_scn_take_value(parser, &of, &whole))
        return false;
    setting->of = (uint32_t)whole;
    return true;
}

static bool parse_odds(struct lq_scn_parser *parser, struct lq_scn_swarm *swarm)
{
    static const struct lq_scn_row odds = {"odds", LQ_SCN_NUMBER, 0, ODDS_MAX};
    struct lq_scn_token token = parser->token;
    uint32_t fault = 0;
    uint64_t value = 0;
    if (!lq_scn_take_fault(parser, &fault) || !lq_scn_take_value(parser, &odds, &value))
        return false;
    if (swarm->has_odds[fault])
        return lq_scn_fail_at(parser, &token, "has odds already", "each fault at most once");
    swarm->has_odds[fault] = true;
    swarm->odds[fault] = (uint32_t)value;
    return true;
}

/* The whole of TEXT as a number from 1. */
static bool read_step(const char *text, uint32_t size_bytes, uint64_t *step)
{
    struct lq_scn_token token = {.kind = LQ_SCN_TOKEN_WORD, .text = text, .size_bytes = size_bytes};
    return lq_scn_read_value(&token, LQ_SCN_NUMBER, step) && *step > 0 && *step <= UINT32_MAX;
}

/* FIRST..LAST, or one number alone. */
static bool read_range(const struct lq_scn_token *token, struct lq_scn_steps *steps)
{
    if (token->kind != LQ_SCN_TOKEN_WORD)
        return false;
    const char *end = token->text + token->size_bytes, *dots = token->text;
    while (dots < end && *dots != '.')
        dots++;
    uint32_t size = (uint32_t)(dots - token->text);
    if (!read_step(token->text, size, &steps->first))
        return false;
    steps->last = steps->first;
    if (dots == end)
        return true;
    return end - dots > 2 && dots[1] == '.' &&
           read_step(dots + 2, token->size_bytes - size - 2, &steps->last) &&
           steps->first <= steps->last;
}

/* INITIATOR/RANGE; in order, so that there is one way to say it. */
static bool parse_steps(struct lq_scn_parser *parser, struct lq_scn_swarm *swarm)
{
    static const struct lq_scn_row initiator = {"initiator", LQ_SCN_NUMBER, 1,
                                                LQ_SCN_INITIATORS_MAX};
    struct lq_scn_steps steps = {0};
    uint64_t number = 0;
    if (!lq_scn_take_value(parser, &initiator, &number) ||
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_SLASH, "/ and the numbers of steps"))
        return false;
    steps.initiator = (uint32_t)number;
    if (!read_range(&parser->token, &steps))
        return lq_scn_fail(parser, "is no range of steps", "FIRST..LAST or a number, from 1");
    if (swarm->step_count == LQ_SCN_KEPT_MAX)
        return lq_scn_fail(parser, "is one range too many", "at most 512");
    const struct lq_scn_steps *before = swarm->steps;
    if (swarm->step_count > 0)
        before += swarm->step_count - 1;
    if (before->initiator > steps.initiator ||
        (before->initiator == steps.initiator && before->last >= steps.first))
        return lq_scn_fail(parser, "is out of order", "steps after those that stand before");
    swarm->steps[swarm->step_count++] = steps;
    lq_scn_advance(parser);
    return true;
}

/* FAULT/SUBJECT, in hexadecimal digits. */
static bool parse_strike(struct lq_scn_parser *parser, struct lq_scn_swarm *swarm)
{
    struct lq_scn_strike strike = {0};
    if (!lq_scn_take_fault(parser, &strike.fault) ||
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_SLASH, "/ and what it strikes"))
        return false;
    if (parser->token.kind != LQ_SCN_TOKEN_WORD ||
        !lq_scn_read_hex(parser->token.text, parser->token.size_bytes, &strike.subject))
        return lq_scn_fail(parser, "is no subject of a fault", "hexadecimal digits");
    if (swarm->strike_count == LQ_SCN_KEPT_MAX)
        return lq_scn_fail(parser, "is one strike too many", "at most 512");
    swarm->strikes[swarm->strike_count++] = strike;
    lq_scn_advance(parser);
    return true;
}

/* keep step LIST | keep strike LIST */
static bool parse_keep(struct lq_scn_parser *parser, struct lq_scn_swarm *swarm)
{
    bool is_step = lq_scn_take(parser, "step");
    if (!is_step && !lq_scn_take(parser, "strike"))
        return lq_scn_fail(parser, "is nothing to keep", "step INITIATOR/FIRST..LAST or strike "
                           "FAULT/SUBJECT");
    for (;;) {
        if (!(is_step ? parse_steps(parser, swarm) : parse_strike(parser, swarm)))
            return false;
        if (parser->token.kind != LQ_SCN_TOKEN_COMMA)
            return true;
        lq_scn_advance(parser);
        lq_scn_skip_newlines(parser);
    }
}

static bool parse_entry(struct lq_scn_parser *parser, struct lq_scn_swarm *swarm)
{
    if (lq_scn_take(parser, "fault"))
        return parse_odds(parser, swarm);
    if (lq_scn_take(parser, "keep"))
        return parse_keep(parser, swarm);
    return lq_scn_take_named(parser, swarm->settings, &swarm->setting_count, LQ_SCN_SETTINGS_MAX,
                             false);
}

bool lq_scn_parse_swarm(struct lq_scn_parser *parser)
{
    static const struct lq_scn_row seed = {"seed", LQ_SCN_NUMBER, 0, UINT64_MAX};
    struct lq_scn_swarm *swarm = &parser->scenario->swarm;
    if (swarm->is_given)
        return lq_scn_fail(parser, "is a second swarm", "one swarm in a scenario");
    swarm->is_given = true;
    swarm->place = parser->token.place;
    if (!lq_scn_take_value(parser, &seed, &swarm->seed))
        return false;
    if (parser->token.kind != LQ_SCN_TOKEN_OPEN)
        return true;
    lq_scn_advance(parser);
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (!parse_entry(parser, swarm))
            return false;
        if (parser->token.kind != LQ_SCN_TOKEN_CLOSE && parser->token.kind != LQ_SCN_TOKEN_NEWLINE)
            return lq_scn_fail(parser, "follows the setting", "; or a new line, or }");
    }
    lq_scn_advance(parser);
    return true;
}

/* --- print ---------------------------------------------------------------------------------- */

void lq_scn_put_named(struct lq_scn_text *to, const struct lq_scn_setting *setting)
{
    lq_scn_put(to, setting->name);
    lq_scn_put(to, " ");
    lq_scn_put_value(to, (enum lq_scn_unit)setting->unit, setting->value);
    if (setting->of == 0)
        return;
    lq_scn_put(to, " of ");
    lq_scn_put_number(to, setting->of);
}

static void begin_entry(struct lq_scn_text *to, bool *is_open)
{
    lq_scn_put(to, *is_open ? "\n    " : " {\n    ");
    *is_open = true;
}

static void put_steps(const struct lq_scn_swarm *swarm, struct lq_scn_text *to)
{
    for (uint32_t i = 0; i < swarm->step_count; i++) {
        const struct lq_scn_steps *steps = &swarm->steps[i];
        lq_scn_put(to, i == 0 ? "keep step " : ", ");
        lq_scn_put_number(to, steps->initiator);
        lq_scn_put(to, "/");
        lq_scn_put_number(to, steps->first);
        if (steps->last == steps->first)
            continue;
        lq_scn_put(to, "..");
        lq_scn_put_number(to, steps->last);
    }
}

static void put_strikes(const struct lq_scn_swarm *swarm, struct lq_scn_text *to)
{
    for (uint32_t i = 0; i < swarm->strike_count; i++) {
        lq_scn_put(to, i == 0 ? "keep strike " : ", ");
        lq_scn_put(to, lq_fault_class((enum lq_fault)swarm->strikes[i].fault)->name);
        lq_scn_put(to, "/");
        lq_scn_put_hex(to, swarm->strikes[i].subject, 1);
    }
}

void lq_scn_print_swarm(const struct lq_scn_swarm *swarm, struct lq_scn_text *to)
{
    bool is_open = false;
    lq_scn_put(to, "\nswarm ");
    lq_scn_put_number(to, swarm->seed);
    for (uint32_t i = 0; i < swarm->setting_count; i++) {
        begin_entry(to, &is_open);
        lq_scn_put_named(to, &swarm->settings[i]);
    }
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        if (!swarm->has_odds[i])
            continue;
        begin_entry(to, &is_open);
        lq_scn_put(to, "fault ");
        lq_scn_put(to, lq_fault_class((enum lq_fault)i)->name);
        lq_scn_put(to, " ");
        lq_scn_put_number(to, swarm->odds[i]);
    }
    if (swarm->step_count > 0)
        begin_entry(to, &is_open);
    put_steps(swarm, to);
    if (swarm->strike_count > 0)
        begin_entry(to, &is_open);
    put_strikes(swarm, to);
    lq_scn_put(to, is_open ? "\n}\n" : "\n");
}
