/* SPDX-License-Identifier: Apache-2.0 */
/* A PDU byte by byte, in the transport's own block. */
#include "scenarios/lang/internal.h"

enum { HEADER_MAX = 48, DATA_MAX = 256 };

static bool take_header(struct lq_scn_parser *parser, struct lq_scn_action *action)
{
    uint8_t bytes[HEADER_MAX];
    uint32_t size = 0;
    if (action->cdb != 0 || action->content != 0)
        return lq_scn_fail(parser, "comes too late", "one header, before the data");
    return lq_scn_take_hex(parser, bytes, HEADER_MAX, &size) &&
           lq_scn_keep(parser, bytes, size, &action->cdb);
}

static bool take_data(struct lq_scn_parser *parser, struct lq_scn_action *action)
{
    uint8_t bytes[DATA_MAX];
    uint32_t size = 0;
    if (action->cdb == 0 || action->content != 0)
        return lq_scn_fail(parser, "has no place here", "a header, then its data");
    return lq_scn_take_hex(parser, bytes, DATA_MAX, &size) &&
           lq_scn_keep(parser, bytes, size, &action->content);
}

bool lq_scn_take_raw(struct lq_scn_parser *parser, struct lq_scn_action *action)
{
    if (!lq_scn_need(parser, "iscsi") || !lq_scn_need_token(parser, LQ_SCN_TOKEN_OPEN, "{"))
        return false;
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        bool is_good = false;
        if (lq_scn_take(parser, "header"))
            is_good = take_header(parser, action);
        else if (lq_scn_take(parser, "data"))
            is_good = take_data(parser, action);
        else
            return lq_scn_fail(parser, "is no part of a PDU", "header HEX, data HEX or }");
        if (!is_good)
            return false;
    }
    if (action->cdb == 0)
        return lq_scn_fail(parser, "comes too early", "header HEX");
    lq_scn_advance(parser);
    return true;
}

void lq_scn_put_raw(struct lq_scn_text *to, const struct lq_scenario *scenario,
                    const struct lq_scn_action *action)
{
    lq_scn_put(to, " iscsi { header");
    lq_scn_put_hex_bytes(to, lq_scn_string(scenario, action->cdb));
    if (action->content != 0) {
        lq_scn_put(to, "; data");
        lq_scn_put_hex_bytes(to, lq_scn_string(scenario, action->content));
    }
    lq_scn_put(to, " }");
}
