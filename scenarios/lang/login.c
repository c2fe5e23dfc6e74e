/* SPDX-License-Identifier: Apache-2.0 */
/* What a login says besides, in the transport's own block, and what is expected of its answer. */
#include <string.h>

#include "scenarios/lang/internal.h"

enum { KEYS_MAX = 1024, NAMES_MAX = 256, TEXT_MAX = 255 };

/* --- what is said --------------------------------------------------------------------------- */

/* A list of strings, each ended by a NUL. */
struct list {
    uint8_t bytes[KEYS_MAX];
    uint32_t size_bytes, most;
};

static bool take_entry(struct lq_scn_parser *parser, struct list *list, bool is_pair)
{
    const struct lq_scn_token *token = &parser->token;
    bool is_string = token->kind == LQ_SCN_TOKEN_STRING && token->size_bytes > 0 &&
                     token->size_bytes <= TEXT_MAX;
    for (uint32_t i = 0; is_string && i < token->size_bytes; i++)
        is_string = token->text[i] >= ' ' && token->text[i] <= '~';
    const char *equals = is_string ? memchr(token->text, '=', token->size_bytes) : NULL;
    if (!is_string || (equals != NULL) != is_pair || equals == token->text)
        return lq_scn_fail(parser, is_pair ? "is no pair" : "is no name",
                           is_pair ? "\"NAME=VALUE\" of at most 255 characters"
                                   : "\"NAME\" of a key");
    if (token->size_bytes + 1 > list->most - list->size_bytes)
        return lq_scn_fail(parser, "is too much", "at most 1024 characters of keys in a login");
    memcpy(list->bytes + list->size_bytes, token->text, token->size_bytes);
    list->size_bytes += token->size_bytes;
    list->bytes[list->size_bytes++] = '\0';
    lq_scn_advance(parser);
    return true;
}

static bool keep(struct lq_scn_parser *parser, const struct list *list, uint64_t *value)
{
    return list->size_bytes == 0 ||
           lq_scn_keep(parser, list->bytes, list->size_bytes, value);
}

bool lq_scn_take_login(struct lq_scn_parser *parser, struct lq_scn_action *action)
{
    struct list keys = {.most = KEYS_MAX}, without = {.most = NAMES_MAX};
    if (action->keys != 0 || action->without != 0)
        return lq_scn_fail(parser, "is a second block", "one of them");
    if (!lq_scn_need_token(parser, LQ_SCN_TOKEN_OPEN, "{"))
        return false;
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        bool is_pair = lq_scn_take(parser, "key");
        if (!is_pair && !lq_scn_take(parser, "without"))
            return lq_scn_fail(parser, "is nothing that a login says",
                               "key \"NAME=VALUE\", without \"NAME\" or }");
        if (!take_entry(parser, is_pair ? &keys : &without, is_pair))
            return false;
    }
    lq_scn_advance(parser);
    return keep(parser, &keys, &action->keys) && keep(parser, &without, &action->without);
}

static void put_list(struct lq_scn_text *to, const char *word, struct lq_slice list)
{
    for (uint32_t at = 0; at < list.size_bytes;) {
        const char *entry = (const char *)list.bytes + at;
        uint32_t size = (uint32_t)strlen(entry);
        lq_scn_put(to, word);
        lq_scn_put_bytes(to, entry, size);
        lq_scn_put(to, "\";");
        at += size + 1;
    }
}

void lq_scn_put_login(struct lq_scn_text *to, const struct lq_scenario *scenario,
                      const struct lq_scn_action *action)
{
    if (action->keys == 0 && action->without == 0)
        return;
    lq_scn_put(to, " iscsi {");
    put_list(to, " key \"", lq_scn_string(scenario, action->keys));
    put_list(to, " without \"", lq_scn_string(scenario, action->without));
    lq_scn_put(to, " }");
}

/* --- what is expected ----------------------------------------------------------------------- */

bool lq_scn_expect_key(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    struct list pair = {.most = KEYS_MAX};
    expect->kind = LQ_SCN_EXPECT_KEY;
    return take_entry(parser, &pair, true) &&
           lq_scn_keep(parser, pair.bytes, pair.size_bytes, &expect->text);
}

/* TARGET [port NAME] */
bool lq_scn_expect_finds(struct lq_scn_parser *parser, struct lq_scn_expect *expect)
{
    const struct lq_scenario *scenario = parser->scenario;
    expect->kind = LQ_SCN_EXPECT_FINDS;
    expect->target = lq_scn_find_target(parser, &parser->token);
    if (expect->target == scenario->target_count)
        return lq_scn_fail(parser, "is no target", "the name of one");
    lq_scn_advance(parser);
    if (!lq_scn_take(parser, "port"))
        return true;
    const struct lq_scn_target *target = &scenario->targets[expect->target];
    for (uint32_t i = 0; i < target->port_count; i++) {
        if (!lq_scn_take(parser, target->ports[i]))
            continue;
        expect->port_or_any = i + 1;
        return true;
    }
    return lq_scn_fail(parser, "is no port of this target", "the name of one");
}

void lq_scn_put_key(struct lq_scn_text *to, const struct lq_scenario *scenario,
                    const struct lq_scn_expect *expect)
{
    struct lq_slice pair = lq_scn_string(scenario, expect->text);
    lq_scn_put(to, " key \"");
    lq_scn_put_bytes(to, (const char *)pair.bytes, pair.size_bytes - 1);
    lq_scn_put(to, "\"");
}

void lq_scn_put_finds(struct lq_scn_text *to, const struct lq_scenario *scenario,
                      const struct lq_scn_expect *expect)
{
    const struct lq_scn_target *target = &scenario->targets[expect->target];
    lq_scn_put(to, " finds ");
    lq_scn_put(to, target->name);
    if (expect->port_or_any == 0)
        return;
    lq_scn_put(to, " port ");
    lq_scn_put(to, target->ports[expect->port_or_any - 1]);
}
