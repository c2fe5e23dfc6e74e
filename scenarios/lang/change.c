/* SPDX-License-Identifier: Apache-2.0 */
/* TARGET lun N add | remove | resize SIZE | access read-only or read-write */
#include "scenarios/lang/internal.h"

static const struct lq_scn_word kinds[] = {{"add", LQ_SCN_ADD}, {"remove", LQ_SCN_REMOVE},
                                           {"resize", LQ_SCN_RESIZE}, {"access", LQ_SCN_ACCESS},
                                           {NULL, 0}};

static const struct lq_scn_word accesses[] = {{"read-only", LQ_SCN_READ_ONLY},
                                              {"read-write", LQ_SCN_READ_WRITE}, {NULL, 0}};

static bool take_size(struct lq_scn_parser *parser, struct lq_scn_change *change)
{
    static const struct lq_scn_row row = {"resize", LQ_SCN_SIZE, 512, UINT64_C(1) << 44};
    struct lq_scenario *scenario = parser->scenario;
    struct lq_scn_store *store =
        &scenario->stores[scenario->targets[change->target].luns[change->lun].store];
    struct lq_scn_token token = parser->token;
    if (!lq_scn_take_value(parser, &row, &change->value))
        return false;
    if (change->value % lq_scn_block_bytes(store) != 0)
        return lq_scn_fail_at(parser, &token, "has no whole number of blocks",
                              "a multiple of the block size");
    if (change->value > store->most_bytes)
        store->most_bytes = change->value;
    return true;
}

bool lq_scn_parse_change(struct lq_scn_parser *parser, struct lq_scn_change *change)
{
    const struct lq_scenario *scenario = parser->scenario;
    uint64_t lun = 0;
    uint32_t access = 0;
    change->target = lq_scn_find_target(parser, &parser->token);
    lq_scn_advance(parser);
    struct lq_scn_token token = parser->token;
    if (!lq_scn_need(parser, "lun") ||
        !lq_scn_take_value(parser, &lq_scn_clause_rows[LQ_SCN_LUN], &lun))
        return false;
    if (lun >= scenario->targets[change->target].lun_count)
        return lq_scn_fail_at(parser, &token, "is no LUN of this target",
                              "one that it has (`lun N absent disk SIZE' is there later)");
    change->lun = (uint32_t)lun;
    if (!lq_scn_take_coded(parser, kinds, "is nothing that happens to a LUN", &change->kind))
        return false;
    if (change->kind == LQ_SCN_RESIZE)
        return take_size(parser, change);
    if (change->kind != LQ_SCN_ACCESS)
        return true;
    if (!lq_scn_take_coded(parser, accesses, "is no access", &access))
        return false;
    change->value = access;
    return true;
}

void lq_scn_put_change(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_change *change)
{
    lq_scn_put(to, scenario->targets[change->target].name);
    lq_scn_put(to, " lun ");
    lq_scn_put_number(to, change->lun);
    lq_scn_put(to, " ");
    lq_scn_put(to, lq_scn_word_of(kinds, change->kind));
    if (change->kind == LQ_SCN_RESIZE) {
        lq_scn_put(to, " ");
        lq_scn_put_value(to, LQ_SCN_SIZE, change->value);
    } else if (change->kind == LQ_SCN_ACCESS) {
        lq_scn_put(to, " ");
        lq_scn_put(to, lq_scn_word_of(accesses, (uint32_t)change->value));
    }
}
