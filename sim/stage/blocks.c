/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stage/blocks.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "sim/stage/state.h"

/* Longer ones are not told of; a target may refuse them. */
enum { LQ_BLOCK_SAME_MAX = 65536 };

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
    {0x89, 0, 16, 2, 8, 13, 1, LQ_EFFECT_COMPARES_AND_WRITES},
    {0x8b, 0, 16, 2, 8, 10, 4, LQ_EFFECT_ORS},
    {0x41, 0, 10, 2, 4, 7, 2, LQ_EFFECT_WRITES_SAME},
    {0x93, 0, 16, 2, 8, 10, 4, LQ_EFFECT_WRITES_SAME},
    {VARIABLE_LENGTH, 0x0d, 32, 12, 8, 28, 4, LQ_EFFECT_WRITES_SAME},
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
    return effect != LQ_EFFECT_READS && effect != LQ_EFFECT_VERIFIES;
}

static uint32_t block_bytes_of(const struct lq_actor_command *command)
{
    return (uint32_t)lq_actor_option(command->actor, LQ_OPT_BLOCK_BYTES);
}

/* --- WRITE SAME and UNMAP --------------------------------------------------------------------- */

static uint64_t capacity_of(const struct lq_actor_command *command)
{
    const struct lq_plan *plan = &command->actor->world->plan;
    return plan->disks[lq_plan_unit_of(plan, command->actor->target, command->lun)->store].nblocks;
}

static void tell_same(struct lq_actor_command *command, const struct lq_block_form *form,
                      const uint8_t *cdb)
{
    bool has_no_data = form->opcode != 0x41 && (cdb[lq_block_flags_at(form)] & 1) != 0; /* NDOB */
    uint64_t lba = take(cdb + form->lba_at, form->lba_bytes), capacity = capacity_of(command);
    uint64_t count = take(cdb + form->count_at, form->count_bytes);
    if (count == 0 && lba < capacity)
        count = capacity - lba;
    if (count > LQ_BLOCK_SAME_MAX ||
        (!has_no_data && command->expected_out_bytes < block_bytes_of(command)))
        return;
    if (has_no_data)
        memset(command->out, 0, block_bytes_of(command));
    command->lba = lba;
    command->nblocks = (uint32_t)count;
    command->repeats = command->writes_medium = count > 0;
}

enum { LIST_HEADER_BYTES = 8, DESCRIPTOR_BYTES = 16 };

bool lq_block_unmapped(const struct lq_actor_command *command, uint32_t place, uint64_t *lba,
                       uint32_t *nblocks)
{
    uint64_t end = LIST_HEADER_BYTES + ((uint64_t)place + 1) * DESCRIPTOR_BYTES;
    if (end > command->out_bytes || end - LIST_HEADER_BYTES > take(command->out + 2, 2))
        return false;
    *lba = take(command->out + end - DESCRIPTOR_BYTES, 8);
    *nblocks = (uint32_t)take(command->out + end - DESCRIPTOR_BYTES + 8, 4);
    return true;
}

static void tell_unmap(struct lq_actor_command *command)
{
    command->unmaps = command->writes_medium =
        lq_block_unmapped(command, 0, &command->lba, &command->nblocks);
}

/* --- COMPARE AND WRITE and ORWRITE ------------------------------------------------------------ */

static void tell_compared(struct lq_actor_command *command, const struct lq_block_form *form,
                          const uint8_t *cdb)
{
    uint64_t count = take(cdb + form->count_at, form->count_bytes);
    if (count == 0 || command->expected_out_bytes < 2 * count * block_bytes_of(command))
        return;
    command->lba = take(cdb + form->lba_at, form->lba_bytes);
    command->nblocks = (uint32_t)count;
    command->fua = (cdb[1] & 0x08) != 0;
    command->writes_medium = command->reads_medium = command->verifies = true;
    command->compares = true;
}

/* All bytes of COMMAND's Data-Out are VALUE. */
static bool is_all(const struct lq_actor_command *command, uint8_t value)
{
    for (uint32_t i = 0; i < command->out_bytes; i++)
        if (command->out[i] != value)
            return false;
    return true;
}

static void tell_or(struct lq_actor_command *command, const struct lq_block_form *form,
                    const uint8_t *cdb)
{
    uint64_t count = take(cdb + form->count_at, form->count_bytes);
    command->lba = take(cdb + form->lba_at, form->lba_bytes);
    command->nblocks = command->expected_out_bytes / block_bytes_of(command);
    if (count < command->nblocks)
        command->nblocks = (uint32_t)count;
    command->fua = (cdb[1] & 0x08) != 0;
    command->writes_medium = command->nblocks > 0 && !is_all(command, 0);
    command->is_unknown = command->writes_medium && !is_all(command, 0xff);
}

/* --- all -------------------------------------------------------------------------------------- */

void lq_block_tell(struct lq_actor_command *command)
{
    const uint8_t *cdb = command->long_cdb != NULL ? command->long_cdb : command->cdb;
    const struct lq_block_form *form = lq_block_form_of(cdb, command->cdb_bytes);
    if (cdb[0] == 0x42 && command->cdb_bytes == 10)
        tell_unmap(command);
    if (cdb[0] == 0x48 && capacity_of(command) <= LQ_BLOCK_SAME_MAX) { /* SANITIZE: everything */
        command->lba = 0;
        command->nblocks = (uint32_t)capacity_of(command);
        command->writes_medium = command->is_unknown = true;
    }
    if (form == NULL)
        return;
    if (form->effect == LQ_EFFECT_WRITES_SAME) {
        tell_same(command, form, cdb);
        return;
    }
    if (form->effect == LQ_EFFECT_COMPARES_AND_WRITES) {
        tell_compared(command, form, cdb);
        return;
    }
    if (form->effect == LQ_EFFECT_ORS) {
        tell_or(command, form, cdb);
        return;
    }
    uint8_t flags = form->cdb_bytes == 6 ? 0 : cdb[lq_block_flags_at(form)];
    bool verifies = form->effect == LQ_EFFECT_VERIFIES;
    uint64_t count = take(cdb + form->count_at, form->count_bytes);
    uint32_t moved = (form->effect == LQ_EFFECT_READS ? command->expected_in_bytes
                                                      : command->expected_out_bytes) /
                     block_bytes_of(command);
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
