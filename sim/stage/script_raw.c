/* SPDX-License-Identifier: Apache-2.0 */
/* PDUs that a scenario gives byte by byte, and what answers them. */
#include <string.h>

#include "core/base/bytes.h"
#include "sim/stage/script_state.h"

enum { HEADER_BYTES = 48, DATA_BYTES_MAX = 256, ITT = 16, CMD_SN = 24, EXP_STAT_SN = 28 };

static const uint64_t PATIENCE_NS = UINT64_C(5000000000);

/* Where the header ends too early: a tag that nobody else has, and the numbers of now. */
static void fill(uint8_t *header, uint32_t given, const struct lq_actor *actor, uint32_t place)
{
    struct lq_iscsi_initiator_state state = lq_iscsi_initiator_state(actor->endpoint);
    if (given <= ITT)
        lq_put_be32(header + ITT, UINT32_C(0xf0000000) | place);
    if (given <= CMD_SN)
        lq_put_be32(header + CMD_SN, state.cmd_sn);
    if (given <= EXP_STAT_SN)
        lq_put_be32(header + EXP_STAT_SN, state.exp_stat_sn);
}

/* What was answered under TAG is over: another may have it. */
static void free_tag(const struct lq_script *script, struct lq_actor *actor, uint32_t tag)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &script->scenario->statements[i];
        const struct lq_script_fact *fact = &script->facts[i];
        if (statement->kind == LQ_SCN_ACTION && statement->action.verb == LQ_SCN_RAW &&
            statement->action.initiator + 1 == actor->number && fact->ended.seq != 0 &&
            fact->itt == tag)
            (void)lq_iscsi_initiator_forget(actor->endpoint, fact->serial);
    }
}

bool lq_script_send_raw(struct lq_script *script, struct lq_actor *actor, uint32_t place,
                        uint64_t serial)
{
    const struct lq_scn_action *action = &script->scenario->statements[place].action;
    struct lq_slice header = lq_scn_string(script->scenario, action->cdb);
    struct lq_slice data = lq_scn_string(script->scenario, action->content);
    uint8_t pdu[HEADER_BYTES + DATA_BYTES_MAX] = {0};
    memcpy(pdu, header.bytes, header.size_bytes);
    if (data.size_bytes > 0) {
        lq_put_be24(pdu + 5, data.size_bytes);
        memcpy(pdu + HEADER_BYTES, data.bytes, data.size_bytes);
    }
    fill(pdu, header.size_bytes, actor, place);
    uint32_t tag = lq_get_be32(pdu + ITT);
    uint32_t padded = (data.size_bytes + 3) & ~UINT32_C(3);
    free_tag(script, actor, tag);
    if (!lq_iscsi_initiator_raw(actor->endpoint, serial, tag, pdu, HEADER_BYTES + padded))
        return false;
    struct lq_script_fact *fact = &script->facts[place];
    fact->itt = tag;
    fact->sent = (struct lq_script_when){script->seq, script->world->env.now_ns};
    return true;
}

void lq_script_answered(struct lq_script *script, uint64_t serial, bool is_reject, uint32_t reason)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        struct lq_script_fact *fact = &script->facts[i];
        if (fact->serial != serial || fact->ended.seq != 0 ||
            script->scenario->statements[i].action.verb != LQ_SCN_RAW)
            continue;
        fact->ended = (struct lq_script_when){script->seq, script->world->env.now_ns};
        fact->is_rejected = is_reject;
        fact->status = reason;
    }
    lq_script_consider(script);
}

bool lq_script_awaits_raw(const struct lq_script *script, const struct lq_actor *actor)
{
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &script->scenario->statements[i];
        const struct lq_script_fact *fact = &script->facts[i];
        if (statement->kind == LQ_SCN_ACTION && statement->action.verb == LQ_SCN_RAW &&
            statement->action.initiator + 1 == actor->number && fact->sent.seq != 0 &&
            fact->ended.seq == 0 && actor->state == LQ_ACTOR_UP &&
            script->world->env.now_ns < fact->sent.time_ns + PATIENCE_NS)
            return true;
    }
    return false;
}
