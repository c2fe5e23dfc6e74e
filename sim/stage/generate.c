/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: a command is drawn in independent steps, each named by the command's serial: kind, LUN,
 * extent (mostly in a small hot range, so that commands overlap), CDB, attribute, content. What
 * is deliberately bad about a bad command is one row of a table.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "sim/stage/state.h"

/* --- commands that touch no block ----------------------------------------------------------- */

struct template {
    uint8_t cdb_bytes;
    uint32_t expected_in_bytes;
    uint8_t cdb[16];
};

static const struct template others[] = {
    {6, 0, {0x00}},                                             /* TEST UNIT READY */
    {6, 0, {0x00}},
    {6, 36, {0x12, 0, 0, 0, 36}},                               /* INQUIRY */
    {6, 255, {0x12, 1, 0x00, 0, 255}},                          /* VPD pages */
    {6, 96, {0x12, 1, 0x80, 0, 96}},
    {6, 255, {0x12, 1, 0x83, 0, 255}},
    {6, 64, {0x12, 1, 0xb0, 0, 64}},
    {6, 18, {0x03, 0, 0, 0, 18}},                               /* REQUEST SENSE */
    {6, 252, {0x03, 0, 0, 0, 252}},
    {12, 256, {0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0}},               /* REPORT LUNS */
    {12, 16, {0xa0, 0, 0x02, 0, 0, 0, 0, 0, 0, 16}},
    {6, 192, {0x1a, 0, 0x3f, 0, 192}},                          /* MODE SENSE(6) */
    {6, 64, {0x1a, 0x08, 0x08, 0, 64}},
    {10, 128, {0x5a, 0, 0x0a, 0, 0, 0, 0, 0, 128}},             /* MODE SENSE(10) */
    {10, 255, {0x5a, 0x08, 0x3f, 0, 0, 0, 0, 0, 255}},
    {10, 8, {0x25}},                                            /* READ CAPACITY(10) */
    {16, 32, {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32}}, /* READ CAPACITY(16) */
    {16, 24, {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24}}, /* GET LBA STATUS */
    {16, 56, {0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 56}},
    {6, 64, {0x12, 1, 0xb2, 0, 64}},
    {10, 0, {0x34, 0, 0, 0, 0, 4, 0, 0, 8}},                    /* PRE-FETCH(10) */
    {6, 0, {0x1b, 0, 0, 0, 0x01}},                              /* START STOP UNIT: START */
    {10, 64, {0x37, 0, 0x1d, 0, 0, 0, 0, 0, 64}},               /* READ DEFECT DATA(10) */
    {6, 0, {0x1d, 0x04}},                                       /* SEND DIAGNOSTIC: self-test */
    {12, 12, {0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, 12}},            /* REPORT TIMESTAMP */
    {6, 0, {0x1e}},                                             /* PREVENT ALLOW: allow */
    {10, 0, {0x35}},                                            /* SYNCHRONIZE CACHE(10) */
    {10, 0, {0x35, 0, 0, 0, 0, 4, 0, 0, 8}},
    {16, 0, {0x91}},                                            /* SYNCHRONIZE CACHE(16) */
};

static uint64_t choose(struct lq_actor_command *command, enum lq_actor_site site, uint64_t n)
{
    return lq_actor_choose(command->actor, (uint32_t)site, command->serial, n);
}

static uint64_t option(const struct lq_actor_command *command, enum lq_option option)
{
    return lq_actor_option(command->actor, option);
}

static void generate_other(struct lq_actor_command *command)
{
    uint32_t count = sizeof others / sizeof others[0];
    const struct template *row = &others[choose(command, LQ_SITE_OTHER, count)];
    memcpy(command->cdb, row->cdb, sizeof row->cdb);
    command->cdb_bytes = row->cdb_bytes;
    command->expected_in_bytes = row->expected_in_bytes;
}

/* --- commands on blocks --------------------------------------------------------------------- */

static uint64_t capacity_of(const struct lq_actor_command *command)
{
    const struct lq_plan *plan = &command->actor->world->plan;
    return plan->disks[lq_plan_unit_of(plan, command->actor->target, command->lun)->store].nblocks;
}

/* Mostly a small range that everybody uses; else the beginning or the end of the medium. */
static void draw_extent(struct lq_actor_command *command)
{
    enum { COLD_BLOCKS = 1024, LAST_BLOCKS = 64 };
    uint64_t capacity = capacity_of(command);
    uint64_t bytes = command->actor->world->plan.shard.engine.limits.transfer_bytes_max;
    if (bytes > LQ_COMMAND_BYTES_MAX)
        bytes = LQ_COMMAND_BYTES_MAX;
    uint64_t most = bytes / option(command, LQ_OPT_BLOCK_BYTES);
    if (most > option(command, LQ_OPT_COMMAND_BLOCKS))
        most = option(command, LQ_OPT_COMMAND_BLOCKS);
    if (most > capacity)
        most = capacity;
    command->nblocks = 1 + (uint32_t)choose(command, LQ_SITE_BLOCKS, most);
    uint64_t hot = choose(command, LQ_SITE_HOT, 16);
    uint64_t first = 0, range = option(command, LQ_OPT_HOT_BLOCKS);
    if (hot >= option(command, LQ_OPT_HOT_ODDS)) {
        range = hot == 15 ? LAST_BLOCKS : COLD_BLOCKS;
        first = hot == 15 && capacity > LAST_BLOCKS ? capacity - LAST_BLOCKS : 0;
    }
    if (range > capacity)
        range = capacity;
    command->lba = first + choose(command, LQ_SITE_LBA, range);
    if (command->lba + command->nblocks > capacity)
        command->lba = capacity - command->nblocks;
}

static uint32_t draw_cdb_bytes(struct lq_actor_command *command, uint64_t lba, uint32_t nblocks)
{
    uint64_t size = choose(command, LQ_SITE_CDB_SIZE, 4);
    uint64_t longer = choose(command, LQ_SITE_LONG_CDB, 16);
    if (size == 3 && lba <= 0x1fffff && nblocks > 0 && nblocks <= 255)
        return 6;
    if (longer == 15)
        return 32;
    if (size == 2 || lba > UINT32_MAX)
        return 16;
    return longer == 14 ? 12 : 10;
}

static void build_medium_cdb(struct lq_actor_command *command, bool writes, uint64_t lba,
                             uint32_t nblocks)
{
    static const uint8_t flags[] = {0, 0, 0, 0, 0, 0x08, 0x10, 0x18}; /* FUA, DPO */
    command->cdb_bytes = draw_cdb_bytes(command, lba, nblocks);
    const struct lq_block_form *form =
        lq_block_form_for(writes ? LQ_EFFECT_WRITES : LQ_EFFECT_READS, command->cdb_bytes);
    memset(command->cdb, 0, sizeof command->cdb);
    lq_block_put(form, command->cdb, lba, nblocks);
    if (command->cdb_bytes == 6)
        return;
    uint8_t flag = flags[choose(command, LQ_SITE_CDB_FLAGS, sizeof flags)];
    command->fua = (flag & 0x08) != 0;
    command->cdb[lq_block_flags_at(form)] = flag;
}

/* Content that no other write has: who wrote it, which of its commands, and in which block when
 * each block is to have its own. */
void lq_command_fill(struct lq_actor_command *command)
{
    uint32_t block_bytes = (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    uint32_t nblocks = command->repeats ? 1 : command->nblocks;
    command->content_blocks = choose(command, LQ_SITE_CONTENT, 4) == 1 ? nblocks : 1;
    LQ_ASSERT(nblocks <= LQ_COMMAND_BYTES_MAX / block_bytes);
    command->out_bytes = nblocks * block_bytes;
    for (uint32_t block = 0; block < command->content_blocks; block++) {
        uint8_t *to = command->out + (uint64_t)block * block_bytes;
        for (uint32_t at = 0; at < block_bytes; at += 16) {
            lq_put_be64(to + at, command->serial);
            lq_put_be64(to + at + 8, command->content_blocks > 1 ? command->lba + block : 0);
        }
    }
    for (uint32_t block = command->content_blocks; block < nblocks; block++)
        memcpy(command->out + (uint64_t)block * block_bytes, command->out, block_bytes);
}

static void generate_medium(struct lq_actor_command *command, bool writes)
{
    draw_extent(command);
    build_medium_cdb(command, writes, command->lba, command->nblocks);
    uint32_t bytes = command->nblocks * (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    command->writes_medium = writes;
    command->reads_medium = !writes;
    if (writes) {
        command->expected_out_bytes = bytes;
        lq_command_fill(command);
    } else {
        command->expected_in_bytes = bytes;
    }
}

/* --- commands that verify ------------------------------------------------------------------- */

static uint32_t draw_long_cdb_bytes(struct lq_actor_command *command)
{
    static const uint8_t sizes[] = {10, 12, 16, 32};
    return sizes[choose(command, LQ_SITE_CDB_SIZE, sizeof sizes)];
}

static void generate_write_and_verify(struct lq_actor_command *command)
{
    draw_extent(command);
    command->cdb_bytes = draw_long_cdb_bytes(command);
    const struct lq_block_form *form =
        lq_block_form_for(LQ_EFFECT_WRITES_AND_VERIFIES, command->cdb_bytes);
    lq_block_put(form, command->cdb, command->lba, command->nblocks);
    command->cdb[lq_block_flags_at(form)] = (uint8_t)(choose(command, LQ_SITE_FORM, 2) << 1);
    lq_command_fill(command);
    command->expected_out_bytes = command->out_bytes;
    lq_block_tell(command);
}

/* What COMMAND sends is the content of the block that its actor knows, if it does; true then. */
static bool fill_with_known(struct lq_actor_command *command)
{
    const struct lq_known_block *known = &command->actor->known;
    uint32_t block_bytes = (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    if (!known->is_known || known->lba >= capacity_of(command))
        return false;
    command->lun = known->lun;
    command->lba = known->lba;
    command->nblocks = command->content_blocks = 1;
    command->out_bytes = block_bytes;
    for (uint32_t at = 0; at < block_bytes; at += sizeof known->bytes)
        memcpy(command->out + at, known->bytes, sizeof known->bytes);
    return true;
}

/* VERIFY: of content that nobody has written, or of what a block should hold. */
static void generate_verify(struct lq_actor_command *command)
{
    static const uint8_t bytchk[] = {0x00, 0x02, 0x02, 0x06};
    uint8_t flags = bytchk[choose(command, LQ_SITE_CDB_FLAGS, sizeof bytchk)];
    draw_extent(command);
    if (choose(command, LQ_SITE_KNOWN, 4) == 0 || !fill_with_known(command))
        lq_command_fill(command);
    command->cdb_bytes = draw_long_cdb_bytes(command);
    const struct lq_block_form *form = lq_block_form_for(LQ_EFFECT_VERIFIES, command->cdb_bytes);
    lq_block_put(form, command->cdb, command->lba, command->nblocks);
    command->cdb[lq_block_flags_at(form)] = flags;
    if (flags == 0x06) /* one block for all */
        command->out_bytes = (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    command->expected_out_bytes = flags == 0 ? 0 : command->out_bytes;
    lq_block_tell(command);
}

/* --- COMPARE AND WRITE and ORWRITE ----------------------------------------------------------- */

/* Of one block, mostly of what its actor believes to be there. */
static void generate_compare_and_write(struct lq_actor_command *command)
{
    uint32_t block_bytes = (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    uint8_t *write = command->out + block_bytes;
    draw_extent(command);
    command->nblocks = 1;
    if (choose(command, LQ_SITE_KNOWN, 8) == 0 || !fill_with_known(command))
        lq_command_fill(command);
    for (uint32_t at = 0; at < block_bytes; at += 16) {
        lq_put_be64(write + at, command->serial);
        lq_put_be64(write + at + 8, UINT64_MAX); /* no content of lq_command_fill */
    }
    command->cdb_bytes = 16;
    lq_block_put(lq_block_form_for(LQ_EFFECT_COMPARES_AND_WRITES, 16), command->cdb, command->lba,
                 1);
    command->cdb[1] = choose(command, LQ_SITE_CDB_FLAGS, 8) == 7 ? 0x08 : 0; /* FUA */
    command->out_bytes = command->expected_out_bytes = 2 * block_bytes;
    lq_block_tell(command);
}

/* Of zeros, which must leave everything as it is, or of ones. */
static void generate_orwrite(struct lq_actor_command *command)
{
    draw_extent(command);
    command->cdb_bytes = 16;
    lq_block_put(lq_block_form_for(LQ_EFFECT_ORS, 16), command->cdb, command->lba,
                 command->nblocks);
    command->out_bytes = command->nblocks * (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    memset(command->out, choose(command, LQ_SITE_CONTENT, 4) == 3 ? 0xff : 0, command->out_bytes);
    command->content_blocks = 1;
    command->expected_out_bytes = command->out_bytes;
    lq_block_tell(command);
}

/* --- WRITE SAME and UNMAP -------------------------------------------------------------------- */

static void generate_write_same(struct lq_actor_command *command)
{
    static const uint8_t sizes[] = {10, 16, 16, 32}, all_flags[] = {0x00, 0x00, 0x08, 0x01, 0x09};
    uint8_t flags = all_flags[choose(command, LQ_SITE_CDB_FLAGS, sizeof all_flags)];
    uint64_t capacity = capacity_of(command);
    draw_extent(command);
    if (choose(command, LQ_SITE_KNOWN, 16) == 15) /* more than are written in one step */
        command->nblocks = 200;
    if (command->nblocks > capacity - command->lba)
        command->nblocks = (uint32_t)(capacity - command->lba);
    command->cdb_bytes = sizes[choose(command, LQ_SITE_CDB_SIZE, sizeof sizes)];
    if (command->lba > UINT32_MAX && command->cdb_bytes == 10)
        command->cdb_bytes = 16;
    if (command->cdb_bytes == 10)
        flags &= 0x08;
    const struct lq_block_form *form =
        lq_block_form_for(LQ_EFFECT_WRITES_SAME, command->cdb_bytes);
    lq_block_put(form, command->cdb, command->lba, command->nblocks);
    command->cdb[lq_block_flags_at(form)] = flags;
    command->repeats = true;
    if ((flags & 1) == 0)
        lq_command_fill(command);
    if (flags == 0x08 && choose(command, LQ_SITE_CONTENT, 2) == 1)
        memset(command->out, 0, command->out_bytes);
    command->expected_out_bytes = command->out_bytes;
    lq_block_tell(command);
}

/* One extent, or two that are neighbours of other commands' hot blocks. */
static void generate_unmap(struct lq_actor_command *command)
{
    enum { HEADER_BYTES = 8, DESCRIPTOR_BYTES = 16 };
    uint32_t count = 1 + (uint32_t)choose(command, LQ_SITE_KNOWN, 2);
    draw_extent(command);
    command->out_bytes = HEADER_BYTES + count * DESCRIPTOR_BYTES;
    memset(command->out, 0, command->out_bytes);
    lq_put_be16(command->out, (uint16_t)(command->out_bytes - 2));
    lq_put_be16(command->out + 2, (uint16_t)(count * DESCRIPTOR_BYTES));
    lq_put_be64(command->out + 8, command->lba);
    lq_put_be32(command->out + 16, command->nblocks);
    if (count > 1) {
        lq_put_be64(command->out + 24, choose(command, LQ_SITE_LBA, 64));
        lq_put_be32(command->out + 32, (uint32_t)choose(command, LQ_SITE_BLOCKS, 4));
    }
    command->cdb_bytes = 10;
    command->cdb[0] = 0x42;
    lq_put_be16(command->cdb + 7, (uint16_t)command->out_bytes);
    command->expected_out_bytes = command->out_bytes;
    lq_block_tell(command);
}

/* --- commands with something wrong ---------------------------------------------------------- */

static void bad_opcode(struct lq_actor_command *command)
{
    static const uint8_t codes[] = {0xff, 0x02, 0xc1, 0x7f};
    command->cdb[0] = codes[choose(command, LQ_SITE_BAD_LENGTH, sizeof codes)];
    command->cdb_bytes = 16;
}

static void touch_nothing(struct lq_actor_command *command)
{
    command->lba = 0;
    command->nblocks = 0;
    command->reads_medium = command->writes_medium = false;
}

static void bad_range(struct lq_actor_command *command)
{
    bool writes = choose(command, LQ_SITE_BAD_LENGTH, 2) == 1;
    generate_medium(command, writes);
    build_medium_cdb(command, writes, capacity_of(command) - command->nblocks + 1,
                     command->nblocks);
    touch_nothing(command);
}

static void bad_direction(struct lq_actor_command *command)
{
    bool writes = choose(command, LQ_SITE_BAD_LENGTH, 2) == 1;
    generate_medium(command, writes);
    uint32_t in = command->expected_in_bytes;
    command->expected_in_bytes = command->expected_out_bytes;
    command->expected_out_bytes = in;
    touch_nothing(command);
}

/* Fewer or more bytes expected than the CDB says: whole blocks still move. */
static void bad_length(struct lq_actor_command *command)
{
    bool writes = choose(command, LQ_SITE_IMMEDIATE, 2) == 1;
    generate_medium(command, writes);
    uint32_t block_bytes = (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    uint32_t bytes = command->nblocks * block_bytes;
    uint32_t expected = (uint32_t)choose(command, LQ_SITE_BAD_LENGTH, 2 * bytes);
    if (expected < 8)
        expected = bytes + 4; /* 0 would be no transfer at all, which generate_other covers */
    if (expected < bytes)
        command->nblocks = expected / block_bytes;
    *(writes ? &command->expected_out_bytes : &command->expected_in_bytes) = expected;
    if (command->out_bytes > expected)
        command->out_bytes = expected;
}

static void bad_transfer(struct lq_actor_command *command)
{
    generate_medium(command, false);
    command->lba = 0;
    build_medium_cdb(command, false, 0, 200);
    command->expected_in_bytes = 200 * (uint32_t)option(command, LQ_OPT_BLOCK_BYTES);
    touch_nothing(command);
}

static void bad_lun(struct lq_actor_command *command)
{
    generate_other(command);
    command->lun = (uint64_t)(5 + choose(command, LQ_SITE_BAD_LENGTH, 3)) << 48;
}

static void bad_field(struct lq_actor_command *command)
{
    generate_medium(command, choose(command, LQ_SITE_BAD_LENGTH, 2) == 1);
    if (command->cdb_bytes == 6)
        command->cdb[0] = 0xc1; /* no such command */
    else
        command->cdb[command->cdb[0] == 0x7f ? 10 : 1] |= 0x20; /* RDPROTECT, WRPROTECT */
    touch_nothing(command);
}

static void (*const bad_kinds[])(struct lq_actor_command *command) = {
    bad_opcode, bad_range, bad_direction, bad_length, bad_length, bad_transfer, bad_lun, bad_field};

/* --- all ------------------------------------------------------------------------------------ */

static void draw_attribute(struct lq_actor_command *command)
{
    uint64_t drawn = choose(command, LQ_SITE_ATTRIBUTE, 16);
    uint64_t ordered = option(command, LQ_OPT_ORDERED);
    uint64_t head = option(command, LQ_OPT_HEAD_OF_QUEUE);
    command->attribute = LQ_SIMPLE;
    if (drawn >= 16 - ordered)
        command->attribute = LQ_ORDERED;
    else if (drawn >= 16 - ordered - head)
        command->attribute = LQ_HEAD_OF_QUEUE;
}

/* Mostly READ and WRITE. */
static void generate_block_command(struct lq_actor_command *command, bool writes)
{
    uint64_t form = choose(command, LQ_SITE_FORM, 32);
    if (form == 31 && writes)
        generate_write_and_verify(command);
    else if (form == 31)
        generate_verify(command);
    else if (form == 30 && writes)
        generate_write_same(command);
    else if (form == 29 && writes)
        generate_unmap(command);
    else if (form >= 26 && form < 29 && writes)
        generate_compare_and_write(command);
    else if (form == 25 && writes)
        generate_orwrite(command);
    else
        generate_medium(command, writes);
}

void lq_command_set_naca(struct lq_actor_command *command)
{
    static const uint8_t control_of_group[8] = {5, 9, 9, 0, 15, 11, 0, 0}; /* [SPC-5 4.2.5] */
    uint32_t at = control_of_group[command->cdb[0] >> 5];
    if (at == 0 || at >= command->cdb_bytes || command->long_cdb != NULL)
        return;
    command->cdb[at] |= 0x04;
    command->has_naca = true;
}

static void draw_aca(struct lq_actor_command *command)
{
    uint64_t drawn = choose(command, LQ_SITE_NACA, 64);
    if (drawn < option(command, LQ_OPT_NACA))
        lq_command_set_naca(command);
    if (drawn == 63 && option(command, LQ_OPT_NACA) != 0)
        command->attribute = LQ_ACA;
}

static void generate(struct lq_actor_command *command)
{
    command->lun = choose(command, LQ_SITE_LUN, lq_actor_luns(command->actor)) << 48;
    command->is_immediate = choose(command, LQ_SITE_IMMEDIATE, 64) == 63;
    command->reads_medium = command->writes_medium = command->fua = false;
    command->verifies = command->unmaps = command->repeats = false;
    command->compares = command->is_unknown = false;
    command->lba = 0;
    command->nblocks = command->content_blocks = command->out_bytes = 0;
    command->expected_in_bytes = command->expected_out_bytes = 0;
    memset(command->cdb, 0, sizeof command->cdb);
    draw_attribute(command);
    if (lq_command_reserves(command) || lq_command_sets_modes(command))
        return;
    uint64_t kind = choose(command, LQ_SITE_KIND, 64);
    uint64_t others_from = 64 - option(command, LQ_OPT_OTHERS);
    if (kind >= 64 - option(command, LQ_OPT_BAD)) {
        uint32_t count = sizeof bad_kinds / sizeof bad_kinds[0];
        bad_kinds[choose(command, LQ_SITE_BAD, count)](command);
    } else if (kind >= others_from) {
        generate_other(command);
    } else {
        generate_block_command(command,
                               kind * 16 < others_from * option(command, LQ_OPT_WRITES));
    }
}

void lq_command_generate(struct lq_actor_command *command)
{
    generate(command);
    draw_aca(command);
}
