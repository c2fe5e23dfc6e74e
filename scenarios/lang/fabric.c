/* SPDX-License-Identifier: Apache-2.0 */
/* fabric: what happens to the fabric and to its links, of Fibre Channel alone. */
#include "scenarios/lang/internal.h"

static const struct lq_scn_word kinds[] = {
    {"rscn", LQ_SCN_FABRIC_RSCN},     {"clear", LQ_SCN_FABRIC_CLEAR},
    {"logout", LQ_SCN_FABRIC_LOGOUT}, {"refuse", LQ_SCN_FABRIC_REFUSE},
    {"silent", LQ_SCN_FABRIC_SILENT}, {"link", LQ_SCN_FABRIC_LINK_DOWN},
    {NULL, 0}};

static bool is_end(const struct lq_scn_parser *parser)
{
    return parser->token.kind <= LQ_SCN_TOKEN_NEWLINE;
}

/* [N times], or [N] where there is no word behind it. */
static bool take_times(struct lq_scn_parser *parser, const char *word,
                       struct lq_scn_fabric *fabric)
{
    static const struct lq_scn_row row = {"times", LQ_SCN_NUMBER, 1, 1000};
    fabric->times = 1;
    if (is_end(parser))
        return true;
    return lq_scn_take_value(parser, &row, &fabric->times) &&
           (word == NULL || lq_scn_need(parser, word));
}

static bool take_for(struct lq_scn_parser *parser, bool is_needed, struct lq_scn_fabric *fabric)
{
    static const struct lq_scn_row row = {"for", LQ_SCN_DURATION, 1, UINT64_C(3600000000000)};
    if (!lq_scn_take(parser, "for"))
        return !is_needed || lq_scn_fail(parser, "comes too early", "for DUR");
    return lq_scn_take_value(parser, &row, &fabric->for_ns);
}

/* [INITIATOR] */
static bool take_initiator(struct lq_scn_parser *parser, struct lq_scn_fabric *fabric)
{
    if (is_end(parser))
        return true;
    uint32_t found = lq_scn_find_initiator(parser, &parser->token);
    if (found == parser->scenario->initiator_count)
        return lq_scn_fail(parser, "is no initiator", "the name of one, or nothing: all of them");
    fabric->initiator_or_all = found + 1;
    lq_scn_advance(parser);
    return true;
}

/* NAME down [for DUR] | NAME up: of an initiator, or of all targets, which are one station. */
static bool take_link(struct lq_scn_parser *parser, struct lq_scn_fabric *fabric)
{
    const struct lq_scenario *scenario = parser->scenario;
    uint32_t initiator = lq_scn_find_initiator(parser, &parser->token);
    if (initiator < scenario->initiator_count)
        fabric->initiator_or_all = initiator + 1;
    else if (lq_scn_find_target(parser, &parser->token) == scenario->target_count)
        return lq_scn_fail(parser, "has no link", "the name of an initiator or a target");
    lq_scn_advance(parser);
    if (lq_scn_take(parser, "up")) {
        fabric->kind = LQ_SCN_FABRIC_LINK_UP;
        return true;
    }
    if (!lq_scn_take(parser, "down"))
        return lq_scn_fail(parser, "is nothing that a link does", "up or down");
    return take_for(parser, false, fabric);
}

bool lq_scn_parse_fabric(struct lq_scn_parser *parser, struct lq_scn_fabric *fabric)
{
    if (lq_scn_has_kind(parser->scenario, LQ_SCN_HEAL))
        return lq_scn_fail(parser, "comes after heal", "events of the fabric before it");
    if (!lq_scn_take_coded(parser, kinds, "is nothing that a fabric does", &fabric->kind))
        return false;
    switch (fabric->kind) {
    case LQ_SCN_FABRIC_RSCN:
        return take_times(parser, "times", fabric);
    case LQ_SCN_FABRIC_REFUSE:
        return take_times(parser, NULL, fabric);
    case LQ_SCN_FABRIC_SILENT:
        return take_for(parser, true, fabric);
    case LQ_SCN_FABRIC_LINK_DOWN:
        return take_link(parser, fabric);
    default:
        return take_initiator(parser, fabric);
    }
}

/* --- printed -------------------------------------------------------------------------------- */

static void put_name(struct lq_scn_text *to, const struct lq_scenario *scenario,
                     const struct lq_scn_fabric *fabric)
{
    bool is_link = fabric->kind >= LQ_SCN_FABRIC_LINK_DOWN;
    if (fabric->initiator_or_all == 0 && !is_link)
        return;
    lq_scn_put(to, " ");
    lq_scn_put(to, fabric->initiator_or_all == 0
                       ? scenario->targets[0].name
                       : scenario->initiators[fabric->initiator_or_all - 1].name);
}

void lq_scn_put_fabric(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_fabric *fabric)
{
    bool is_up = fabric->kind == LQ_SCN_FABRIC_LINK_UP;
    lq_scn_put(to, "fabric ");
    lq_scn_put(to, lq_scn_word_of(kinds, is_up ? LQ_SCN_FABRIC_LINK_DOWN : fabric->kind));
    put_name(to, scenario, fabric);
    if (fabric->times > 1) {
        lq_scn_put(to, " ");
        lq_scn_put_number(to, fabric->times);
        lq_scn_put(to, fabric->kind == LQ_SCN_FABRIC_RSCN ? " times" : "");
    }
    if (fabric->kind >= LQ_SCN_FABRIC_LINK_DOWN)
        lq_scn_put(to, is_up ? " up" : " down");
    if (fabric->for_ns == 0)
        return;
    lq_scn_put(to, " for ");
    lq_scn_put_value(to, LQ_SCN_DURATION, fabric->for_ns);
}
