/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command of the table under every way to be wrong about its data: transports that say
 * nothing of lengths and directions (parallel SCSI, SAS), and initiators that say too little, too
 * much or the other direction. The CDB is the truth: what is moved never exceeds what it defines,
 * nor what the initiator has room for.
 */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/test/plain.h"
#include "core/test/rig.h"

static struct rig rig;

struct outcome {
    enum lq_status status;
    uint32_t sense, moved_in, moved_out;
    uint64_t in_defined, out_defined;
};

/* Sends COMMAND plainly, gives it the Data-Out that it asks for, and sees it to its end. */
static struct outcome outcome_of(const struct lq_opcode *opcode, uint64_t expected_in,
                                 uint64_t expected_out, uint32_t immediate)
{
    uint8_t cdb[LQ_CDB_BYTES_MAX];
    rig_init(&rig, NULL);
    plain_cdb(opcode, cdb);
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, opcode->cdb_bytes, expected_in,
                              expected_out, immediate, 0);
    struct rig_command *command = &rig.commands[place];
    struct outcome outcome = {.moved_out = command->data_wanted ? command->data_out_bytes : 0};
    if (command->data_wanted)
        rig_data_out(&rig, place, 0);
    for (uint32_t steps = 0; steps < 16 && rig_is_submitted(&rig, place); steps++)
        rig_complete(&rig, place);
    CU_ASSERT_TRUE(command->completed);
    outcome.status = command->status;
    outcome.sense = (uint32_t)command->sense_key << 16 | (uint32_t)command->asc << 8 |
                    command->ascq;
    outcome.moved_in = command->data_in_bytes;
    outcome.in_defined = command->in_defined;
    outcome.out_defined = command->out_defined;
    rig_fini(&rig);
    return outcome;
}

static bool is_same(struct outcome a, struct outcome b)
{
    return a.status == b.status && a.sense == b.sense && a.moved_in == b.moved_in &&
           a.moved_out == b.moved_out && a.in_defined == b.in_defined &&
           a.out_defined == b.out_defined;
}

/* Data that is no row of blocks: what is too much is as wrong as what is too little. */
static bool is_exact(const struct lq_opcode *opcode)
{
    return opcode->length_rule == LQ_LENGTH_TWICE || opcode->length_rule == LQ_LENGTH_SAME;
}

static void more_than_one_block_or_pair(void)
{
    const struct lq_opcode *opcode;
    uint32_t refused = 0;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        if (!is_exact(opcode))
            continue;
        struct outcome got = outcome_of(opcode, 0, 3 * RIG_BLOCK_BYTES, 0);
        CU_ASSERT_EQUAL(got.sense, 0x052400);
        CU_ASSERT_EQUAL(got.moved_out, 0);
        refused++;
    }
    CU_ASSERT_EQUAL(refused, 4); /* COMPARE AND WRITE; WRITE SAME (10), (16) and (32) */
}

/* A transport that carries no expected lengths gets what one gets that says: as much as you like.
 */
static void no_expected_lengths(void)
{
    const struct lq_opcode *opcode;
    uint32_t moving = 0;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        bool is_out = opcode->direction == LQ_DIRECTION_OUT;
        bool is_in = opcode->direction == LQ_DIRECTION_IN;
        struct outcome unknown = outcome_of(opcode, LQ_LENGTH_UNKNOWN, LQ_LENGTH_UNKNOWN, 0);
        uint64_t most = is_exact(opcode) ? unknown.out_defined : UINT32_MAX;
        struct outcome known = outcome_of(opcode, is_in ? UINT32_MAX : 0, is_out ? most : 0, 0);
        if (!is_same(known, unknown))
            printf("\n%s: status %x and %x, in %u and %u, out %u and %u\n", opcode->name,
                   known.status, unknown.status, known.moved_in, unknown.moved_in, known.moved_out,
                   unknown.moved_out);
        CU_ASSERT_TRUE(is_same(known, unknown));
        moving += unknown.moved_in > 0 || unknown.moved_out > 0;
        /* the direction is the command's alone */
        CU_ASSERT_TRUE(is_in || unknown.moved_in == 0);
        CU_ASSERT_TRUE(is_out || unknown.moved_out == 0);
    }
    CU_ASSERT_TRUE(moving >= 30);
}

/* A command that is not there goes straight to its status. */
static void an_unknown_command_moves_nothing(void)
{
    rig_init(&rig, NULL);
    const uint8_t cdb[10] = {0xff};
    uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, sizeof cdb, LQ_LENGTH_UNKNOWN,
                              LQ_LENGTH_UNKNOWN, 0, 0);
    CU_ASSERT_TRUE(rig.commands[place].completed);
    CU_ASSERT_FALSE(rig.commands[place].data_wanted);
    CU_ASSERT_EQUAL(rig.commands[place].status, LQ_CHECK_CONDITION);
    CU_ASSERT_EQUAL(rig.commands[place].asc, 0x20);
    rig_fini(&rig);
}

/* No side is asked for more than it has room for, or gave; and nothing hangs. */
static void try_lengths(const struct lq_opcode *opcode, uint64_t in, uint64_t out)
{
    uint32_t immediates[] = {0, out < 4096 ? (uint32_t)out : 4096};
    for (uint32_t i = 0; i < 2; i++) {
        struct outcome got = outcome_of(opcode, in, out, immediates[i]);
        bool is_good = got.moved_in <= in && got.moved_out <= out && got.moved_in <= got.in_defined;
        if (!is_good)
            printf("\n%s: expects %u in, %u out; moved %u, %u\n", opcode->name, (unsigned)in,
                   (unsigned)out, got.moved_in, got.moved_out);
        CU_ASSERT_TRUE(is_good);
    }
}

static void wrong_expected_lengths(void)
{
    static const uint64_t lengths[] = {0, 1, 511, 512, 513, 1024, 65536, UINT32_MAX};
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++)
        for (uint32_t a = 0; a < sizeof lengths / sizeof lengths[0]; a++)
            for (uint32_t b = 0; b < sizeof lengths / sizeof lengths[0]; b++)
                try_lengths(opcode, lengths[a], lengths[b]);
}

/* A command with Data-Out that is announced with Data-In only must not change the medium: the
 * data would have to come from nowhere. */
static void the_wrong_direction(void)
{
    const struct lq_opcode *opcode;
    uint32_t refused = 0;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        if (opcode->direction != LQ_DIRECTION_OUT || opcode->medium != LQ_MEDIUM_WRITES)
            continue;
        uint8_t cdb[LQ_CDB_BYTES_MAX];
        rig_init(&rig, NULL);
        memset(rig.stores[0].blocks, 0x5a, sizeof rig.stores[0].blocks);
        plain_cdb(opcode, cdb);
        uint32_t place = rig_send(&rig, 0, 0, LQ_SIMPLE, cdb, opcode->cdb_bytes, RIG_BLOCK_BYTES, 0,
                                  0, 0);
        for (uint32_t steps = 0; steps < 16 && rig_is_submitted(&rig, place); steps++)
            rig_complete(&rig, place);
        CU_ASSERT_TRUE(rig.commands[place].completed);
        CU_ASSERT_EQUAL(rig.commands[place].data_in_bytes, 0);
        bool is_changed = false;
        for (uint32_t at = 0; at < sizeof rig.stores[0].blocks; at++)
            is_changed |= rig.stores[0].blocks[at] != 0x5a;
        if (is_changed)
            printf("\n%s changes the medium\n", opcode->name);
        CU_ASSERT_FALSE(is_changed);
        refused += rig.commands[place].asc == 0x49;
        rig_fini(&rig);
    }
    CU_ASSERT_TRUE(refused >= 3);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"no expected lengths", no_expected_lengths},
        {"more than one block, or pair", more_than_one_block_or_pair},
        {"an unknown command moves nothing", an_unknown_command_moves_nothing},
        {"wrong expected lengths", wrong_expected_lengths},
        {"the wrong direction", the_wrong_direction},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"lengths and directions", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
