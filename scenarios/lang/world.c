/* SPDX-License-Identifier: Apache-2.0 */
/* The world of a file: disks, targets with their ports and LUNs, initiators. */
#include <string.h>

#include "scenarios/lang/internal.h"

/* --- disks ---------------------------------------------------------------------------------- */

/* SIZE [{ ... }], into a new store of SCENARIO; TOKEN is what complaints are about. */
static bool take_store(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       struct lq_scn_store *store)
{
    static const struct lq_scn_row capacity = {"disk", LQ_SCN_SIZE, 4096, UINT64_C(1) << 44};
    struct lq_scenario *scenario = parser->scenario;
    store->place = token->place;
    if (!lq_scn_take_value(parser, &capacity, &store->size_bytes))
        return false;
    if (parser->token.kind == LQ_SCN_TOKEN_OPEN &&
        !lq_scn_parse_settings(parser, lq_scn_disk_rows, true, &store->disk))
        return false;
    uint64_t block = lq_scn_block_bytes(store);
    if ((block & (block - 1)) != 0)
        return lq_scn_fail_at(parser, token, "has an odd block size", "512, 1KiB, 2KiB or 4KiB");
    if (store->size_bytes % block != 0)
        return lq_scn_fail_at(parser, token, "has no whole number of blocks",
                              "a multiple of the block size");
    if (block != lq_scn_block_bytes(&scenario->stores[0]))
        return lq_scn_fail_at(parser, token, "has another block size than the first disk",
                              "one block size for all disks of a scenario");
    return true;
}

static struct lq_scn_store *new_store(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->store_count < LQ_SCN_STORES_MAX)
        return &scenario->stores[scenario->store_count++];
    (void)lq_scn_fail(parser, "is one disk too many", "at most 8 in a scenario");
    return NULL;
}

uint32_t lq_scn_find_disk(const struct lq_scn_parser *parser, const struct lq_scn_token *token)
{
    uint32_t i = 0;
    while (i < parser->scenario->store_count &&
           (parser->scenario->stores[i].name[0] == '\0' ||
            !lq_scn_token_is(token, parser->scenario->stores[i].name)))
        i++;
    return i;
}

bool lq_scn_parse_disk(struct lq_scn_parser *parser)
{
    struct lq_scn_token token = parser->token;
    if (parser->scenario->target_count > 0)
        return lq_scn_fail(parser, "comes after a target", "disks with names before all targets");
    if (lq_scn_find_disk(parser, &token) < parser->scenario->store_count)
        return lq_scn_fail(parser, "is there already", "another name");
    struct lq_scn_store *store = new_store(parser);
    return store != NULL &&
           lq_scn_take_name(parser, store->name, sizeof store->name, "the disk's name") &&
           take_store(parser, &token, store);
}

/* --- targets -------------------------------------------------------------------------------- */

uint32_t lq_scn_find_target(const struct lq_scn_parser *parser, const struct lq_scn_token *token)
{
    uint32_t i = 0;
    while (i < parser->scenario->target_count &&
           !lq_scn_token_is(token, parser->scenario->targets[i].name))
        i++;
    return i;
}

/* N [absent] disk SIZE [{ ... }] | N [absent] on DISK */
static bool parse_lun(struct lq_scn_parser *parser, struct lq_scn_target *target)
{
    struct lq_scn_token token = parser->token;
    uint64_t number = 0;
    if (!lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LUN], &number))
        return false;
    if (target->lun_count == LQ_SCN_LUNS_MAX)
        return lq_scn_fail_at(parser, &token, "is one LUN too many", "at most 8 of a target");
    if (number != target->lun_count)
        return lq_scn_fail_at(parser, &token, "is out of order", "LUNs numbered 0, 1, 2 ...");
    struct lq_scn_lun *lun = &target->luns[target->lun_count++];
    lun->place = token.place;
    lun->is_absent = lq_scn_take(parser, "absent");
    if (lq_scn_take(parser, "on")) {
        lun->store = lq_scn_find_disk(parser, &parser->token);
        if (lun->store == parser->scenario->store_count)
            return lq_scn_fail(parser, "is no disk", "the name of one that stands before");
        lq_scn_advance(parser);
        return true;
    }
    if (!lq_scn_take(parser, "disk"))
        return lq_scn_fail(parser, "does not belong here", "disk SIZE or on DISK");
    lun->store = parser->scenario->store_count;
    struct lq_scn_store *store = new_store(parser);
    return store != NULL && take_store(parser, &token, store);
}

static bool parse_port(struct lq_scn_parser *parser, struct lq_scn_target *target)
{
    if (target->port_count == LQ_SCN_PORTS_MAX)
        return lq_scn_fail(parser, "is one port too many", "at most 4 of a target");
    for (uint32_t i = 0; i < target->port_count; i++)
        if (lq_scn_token_is(&parser->token, target->ports[i]))
            return lq_scn_fail(parser, "is there already", "another name");
    return lq_scn_take_name(parser, target->ports[target->port_count++], sizeof target->ports[0],
                            "the port's name");
}

/* Numbers begin where a connection begins, which is before any target is named. */
static bool check_numbers(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                          const struct lq_scn_target *target)
{
    bool begins = lq_scn_has(&target->iscsi, LQ_SCN_FIRST_SN) ||
                  lq_scn_has(&target->iscsi, LQ_SCN_FIRST_TAG);
    return !begins || target == &parser->scenario->targets[0] ||
           lq_scn_fail_at(parser, token, "says where numbers begin",
                          "first-statsn and first-ttt in the first target, for all of them");
}

static bool parse_target_part(struct lq_scn_parser *parser, struct lq_scn_target *target)
{
    struct lq_scn_token token = parser->token;
    if (lq_scn_take(parser, "lun"))
        return parse_lun(parser, target);
    if (lq_scn_take(parser, "port"))
        return parse_port(parser, target);
    if (lq_scn_take(parser, "iscsi"))
        return lq_scn_parse_iscsi(parser, lq_scn_target_iscsi_rows, &target->iscsi) &&
               check_numbers(parser, &token, target);
    return lq_scn_fail(parser, "is no part of a target",
                       "lun N disk SIZE, lun N on DISK, port NAME, iscsi { or }");
}

bool lq_scn_parse_target(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->target_count == LQ_SCN_TARGETS_MAX)
        return lq_scn_fail(parser, "is one target too many", "at most 4");
    if (lq_scn_find_target(parser, &parser->token) < scenario->target_count)
        return lq_scn_fail(parser, "is there already", "another name");
    struct lq_scn_target *target = &scenario->targets[scenario->target_count++];
    target->place = parser->token.place;
    if (!lq_scn_take_name(parser, target->name, sizeof target->name, "the target's name") ||
        !lq_scn_need_token(parser, LQ_SCN_TOKEN_OPEN, "{ with its LUNs"))
        return false;
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (!parse_target_part(parser, target))
            return false;
    }
    if (target->lun_count == 0)
        return lq_scn_fail(parser, "comes before any LUN", "lun 0 disk SIZE");
    lq_scn_advance(parser);
    return true;
}

/* --- initiators ----------------------------------------------------------------------------- */

static bool check_iqn(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                      struct lq_slice name)
{
    bool is_good = name.size_bytes > 4 && name.size_bytes <= LQ_SCN_IQN_MAX &&
                   memcmp(name.bytes, "iqn.", 4) == 0;
    for (uint32_t i = 0; is_good && i < name.size_bytes; i++)
        is_good = name.bytes[i] != '\0' &&
                  strchr("abcdefghijklmnopqrstuvwxyz0123456789.:-", name.bytes[i]) != NULL;
    return is_good ||
           lq_scn_fail_at(parser, token, "has a name that is no iSCSI name",
                          "\"iqn.YYYY-MM.DOMAIN:NAME\" of at most 47 characters");
}

/* What an initiator or a target offers must fit together [RFC 7143 13.14]. */
bool lq_scn_parse_iscsi(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
                        struct lq_scn_values *iscsi)
{
    struct lq_scn_token token = parser->token;
    if (!lq_scn_parse_settings(parser, rows, true, iscsi))
        return false;
    if (lq_scn_has(iscsi, LQ_SCN_FIRST_BURST) && lq_scn_has(iscsi, LQ_SCN_MAX_BURST) &&
        iscsi->values[LQ_SCN_FIRST_BURST] > iscsi->values[LQ_SCN_MAX_BURST])
        return lq_scn_fail_at(parser, &token, "has a first burst above the largest one",
                              "first-burst of at most max-burst");
    return !lq_scn_has(iscsi, LQ_SCN_ISCSI_NAME) ||
           check_iqn(parser, &token,
                     lq_scn_string(parser->scenario, iscsi->values[LQ_SCN_ISCSI_NAME]));
}

static bool parse_link(struct lq_scn_parser *parser, struct lq_scn_values *link)
{
    struct lq_scn_token token = parser->token;
    if (!lq_scn_parse_settings(parser, lq_scn_link_rows, true, link))
        return false;
    uint64_t window = lq_scn_value(link, LQ_SCN_LINK_WINDOW, 1024);
    return (window & (window - 1)) == 0 ||
           lq_scn_fail_at(parser, &token, "has an odd window", "a power of two");
}

/* workload [{ NAME VALUE [of N]; ... }] */
static bool parse_workload(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    initiator->works = true;
    if (parser->token.kind != LQ_SCN_TOKEN_OPEN)
        return true;
    lq_scn_advance(parser);
    for (;;) {
        lq_scn_skip_newlines(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (!lq_scn_take_named(parser, initiator->settings, &initiator->setting_count,
                               LQ_SCN_WORKLOAD_MAX, true))
            return false;
        if (parser->token.kind != LQ_SCN_TOKEN_CLOSE && parser->token.kind != LQ_SCN_TOKEN_NEWLINE)
            return lq_scn_fail(parser, "follows the setting", "; or a new line, or }");
    }
    lq_scn_advance(parser);
    return true;
}

static bool parse_initiator_part(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    if (lq_scn_take(parser, "workload"))
        return parse_workload(parser, initiator);
    if (lq_scn_take(parser, "link"))
        return parse_link(parser, &initiator->link);
    if (lq_scn_take(parser, "iscsi"))
        return lq_scn_parse_iscsi(parser, lq_scn_initiator_iscsi_rows, &initiator->iscsi);
    return lq_scn_fail(parser, "is no setting of an initiator", "workload, link {, iscsi { or }");
}

static bool parse_initiator_block(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    lq_scn_advance(parser);
    for (;;) {
        while (parser->token.kind == LQ_SCN_TOKEN_NEWLINE ||
               parser->token.kind == LQ_SCN_TOKEN_COMMA)
            lq_scn_advance(parser);
        if (parser->token.kind == LQ_SCN_TOKEN_CLOSE)
            break;
        if (!parse_initiator_part(parser, initiator))
            return false;
    }
    lq_scn_advance(parser);
    return true;
}

/* First words of statements, which no initiator and no label may have as a name. */
static bool is_reserved(const struct lq_scn_token *token)
{
    static const char *const words[] = {"at", "after", "heal", "fault", "disarm", "expect",
                                        "zeros", "lba", "when", "every", "fabric"};
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lq_scn_token_is(token, words[i]))
            return true;
    return false;
}

/* -> TARGET [port NAME] */
static bool take_way(struct lq_scn_parser *parser, struct lq_scn_initiator *initiator)
{
    const struct lq_scenario *scenario = parser->scenario;
    if (!lq_scn_need_token(parser, LQ_SCN_TOKEN_ARROW, "-> and its target"))
        return false;
    initiator->target = lq_scn_find_target(parser, &parser->token);
    if (initiator->target == scenario->target_count)
        return lq_scn_fail(parser, "is no target", "the name of a target that stands before");
    lq_scn_advance(parser);
    if (!lq_scn_take(parser, "port"))
        return true;
    const struct lq_scn_target *target = &scenario->targets[initiator->target];
    for (uint32_t i = 0; i < target->port_count; i++) {
        if (!lq_scn_take(parser, target->ports[i]))
            continue;
        initiator->port = i;
        return true;
    }
    return lq_scn_fail(parser, "is no port of this target", "the name of one (`port NAME' in it)");
}

bool lq_scn_parse_initiator(struct lq_scn_parser *parser)
{
    struct lq_scenario *scenario = parser->scenario;
    if (scenario->initiator_count == LQ_SCN_INITIATORS_MAX)
        return lq_scn_fail(parser, "is one initiator too many", "at most 8");
    if (is_reserved(&parser->token))
        return lq_scn_fail(parser, "is a word of the language", "another name");
    if (lq_scn_find_initiator(parser, &parser->token) < scenario->initiator_count)
        return lq_scn_fail(parser, "is there already", "another name");
    struct lq_scn_initiator *initiator = &scenario->initiators[scenario->initiator_count];
    initiator->place = parser->token.place;
    if (!lq_scn_take_name(parser, initiator->name, sizeof initiator->name,
                          "the initiator's name") ||
        !take_way(parser, initiator))
        return false;
    scenario->initiator_count++;
    return parser->token.kind != LQ_SCN_TOKEN_OPEN || parse_initiator_block(parser, initiator);
}
