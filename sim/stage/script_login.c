/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of a scenario: what is said besides, and what the target answers, against what is expected
 * of it. */
#include <string.h>

#include "proto/iscsi/text.h"
#include "sim/stage/script_state.h"

static const struct lq_scn_action *login_of(const struct lq_script *script,
                                            const struct lq_actor *actor)
{
    uint32_t place = script->initiators[actor->number - 1].login_or_none;
    return place == 0 ? NULL : &script->scenario->statements[place - 1].action;
}

void lq_script_say(const struct lq_script *script, const struct lq_actor *actor,
                   struct lq_iscsi_initiator_login *login)
{
    const struct lq_scn_action *action = login_of(script, actor);
    login->tells_text = true;
    if (action == NULL)
        return;
    struct lq_slice keys = lq_scn_string(script->scenario, action->keys);
    struct lq_slice without = lq_scn_string(script->scenario, action->without);
    login->more_keys = (const char *)keys.bytes;
    login->more_keys_bytes = keys.size_bytes;
    login->without_keys = (const char *)without.bytes;
    login->without_keys_bytes = without.size_bytes;
    if (actor->discovers)
        login->target_name = NULL;
}

/* --- answers -------------------------------------------------------------------------------- */

static bool is_pair(const struct lq_text_pair *pair, struct lq_slice wanted)
{
    uint32_t key = pair->key.size_bytes, value = pair->value.size_bytes;
    return key + 1 + value + 1 == wanted.size_bytes && wanted.bytes[key] == '=' &&
           memcmp(pair->key.bytes, wanted.bytes, key) == 0 &&
           (value == 0 || memcmp(pair->value.bytes, wanted.bytes + key + 1, value) == 0);
}

static bool has_pair(struct lq_slice text, struct lq_slice wanted)
{
    struct lq_text_reader reader = {text, 0};
    struct lq_text_pair pair;
    while (lq_text_next(&reader, &pair) == LQ_TEXT_PAIR)
        if (is_pair(&pair, wanted))
            return true;
    return false;
}

/* TargetName and the TargetAddress records behind it [RFC 7143 Appendix C]. */
static bool has_target(const struct lq_script *script, struct lq_slice text,
                       const struct lq_scn_expect *expect)
{
    struct lq_text_reader reader = {text, 0};
    struct lq_text_pair pair;
    bool is_target = false;
    uint32_t port = expect->port_or_any == 0 ? 0 : expect->port_or_any - 1;
    struct lq_slice address = lq_text_slice(script->world->addresses[port]);
    while (lq_text_next(&reader, &pair) == LQ_TEXT_PAIR) {
        if (lq_text_equal(pair.key, "TargetName"))
            is_target = lq_text_equal(pair.value, lq_plan_target_names[expect->target]);
        else if (!is_target || !lq_text_equal(pair.key, "TargetAddress"))
            continue;
        else if (pair.value.size_bytes > address.size_bytes &&
                 memcmp(pair.value.bytes, address.bytes, address.size_bytes) == 0 &&
                 pair.value.bytes[address.size_bytes] == ',')
            return true;
        if (is_target && expect->port_or_any == 0)
            return true;
    }
    return false;
}

void lq_script_hear(struct lq_script *script, const struct lq_actor *actor, struct lq_slice text,
                    bool is_discovery)
{
    uint32_t kind = is_discovery ? LQ_SCN_EXPECT_FINDS : LQ_SCN_EXPECT_KEY;
    for (uint32_t i = 0; i < script->scenario->statement_count; i++) {
        const struct lq_scn_statement *statement = &script->scenario->statements[i];
        const struct lq_scn_expect *expect = &statement->expect;
        if (statement->kind != LQ_SCN_EXPECT || expect->kind != kind ||
            expect->subject + 1 != actor->number || !script->has_come[statement->moment] ||
            script->facts[i].ended.seq != 0)
            continue;
        if (is_discovery ? has_target(script, text, expect)
                         : has_pair(text, lq_scn_string(script->scenario, expect->text)))
            script->facts[i].ended =
                (struct lq_script_when){script->seq, script->world->env.now_ns};
    }
    lq_script_consider(script);
}
