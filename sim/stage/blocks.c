/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/blocks.h"

#include <stddef.h>

#include "core/base/assert.h"
#include "sim/stage/state.h"

enum { VARIABLE_LENGTH = 0x7f };

#define FORMS(effect_, ten_, twelve_, sixteen_, action_)                                           \
    {ten_, 0, 10, 2, 4, 7, 2, effect_}, {twelve_, 0, 12, 2, 4, 6, 4, effect_},                     \
        {sixteen_, 0, 16, 2, 8, 10, 4, effect_},                                                   \
        {VARIABLE_LENGTH, action_, 32, 12, 8, 28, 4, effect_}

static const struct lq_block_form forms[] = {
    {0x08, 0, 6, 1, 3, 4, 1, LQ_EFFECT_READS},
    {0x0a, 0, 6, 1, 3, 4, 1, LQ_EFFECT_WRITES},
    FORMS(LQ_EFFECT_READS, 0x28, 0xa8, 0x88, 0x09),
    FORMS(LQ_EFFECT_WRITES, 0x2a, 0xaa, 0x8a, 0x0b),
    FORMS(LQ_EFFECT_VERIFIES, 0x2f, 0xaf, 0x8f, 0x0a),
    FORMS(LQ_EFFECT_WRITES_AND_VERIFIES, 0x2e, 0xae, 0x8e, 0x0c),
};

enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

const struct lq_block_form *lq_block_form_of(const uint8_t *cdb, uint32_t cdb_bytes)
{
    for (uint32_t i = 0; i < FORM_COUNT; i++)
        if (forms[i].opcode == cdb[0] && forms[i].cdb_bytes == cdb_bytes &&
            (cdb[0] != VARIABLE_LENGTH || (cdb[8] == 0 && cdb[9] == forms[i].action)))
            return &forms[i];
    return NULL;
}

const struct lq_block_form *lq_block_form_for(enum lq_block_effect effect, uint32_t cdb_bytes)
{
    uint32_t i = 0;
    while (i < FORM_COUNT && (forms[i].effect != effect || forms[i].cdb_bytes != cdb_bytes))
        i++;
    LQ_ASSERT(i < FORM_COUNT);
    return &forms[i];
}

static void put(uint8_t *to, uint32_t bytes, uint64_t value)
{
    for (uint32_t i = bytes; i > 0; i--, value >>= 8)
        to[i - 1] = (uint8_t)value;
}

static uint64_t take(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

void lq_block_put(const struct lq_block_form *form, uint8_t *cdb, uint64_t lba, uint32_t nblocks)
{
    cdb[0] = form->opcode;
    if (form->opcode == VARIABLE_LENGTH) {
        cdb[7] = (uint8_t)(form->cdb_bytes - 8); /* ADDITIONAL CDB LENGTH */
        cdb[9] = form->action;
    }
    put(cdb + form->lba_at, form->lba_bytes, lba);
    put(cdb + form->count_at, form->count_bytes, nblocks);
}

uint32_t lq_block_flags_at(const struct lq_block_form *form)
{
    return form->cdb_bytes == 32 ? 10 : 1;
}

static bool writes(enum lq_block_effect effect)
{
    return effect == LQ_EFFECT_WRITES || effect == LQ_EFFECT_WRITES_AND_VERIFIES;
}

void lq_block_tell(struct lq_actor_command *command)
{
    const uint8_t *cdb = command->long_cdb != NULL ? command->long_cdb : command->cdb;
    const struct lq_block_form *form = lq_block_form_of(cdb, command->cdb_bytes);
    if (form == NULL)
        return;
    uint32_t block_bytes = (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
    uint8_t flags = form->cdb_bytes == 6 ? 0 : cdb[lq_block_flags_at(form)];
    bool verifies = form->effect == LQ_EFFECT_VERIFIES;
    uint64_t count = take(cdb + form->count_at, form->count_bytes);
    uint32_t moved = (form->effect == LQ_EFFECT_READS ? command->expected_in_bytes
                                                      : command->expected_out_bytes) / block_bytes;
    if (form->cdb_bytes == 6 && count == 0)
        count = 256;
    bool repeats = verifies && (flags >> 1 & 3) == 3; /* BYTCHK */
    if (moved == 0 || count == 0 || (verifies && (flags & 0x06) == 0))
        return;
    command->lba = take(cdb + form->lba_at, form->lba_bytes);
    if (form->cdb_bytes == 6)
        command->lba &= 0x1fffff;
    command->nblocks = moved < count && !repeats ? moved : (uint32_t)count;
    command->repeats = repeats;
    command->fua = (flags & 0x08) != 0 || form->effect == LQ_EFFECT_WRITES_AND_VERIFIES;
    command->writes_medium = writes(form->effect);
    command->reads_medium = !command->writes_medium;
    command->verifies = verifies;
}
