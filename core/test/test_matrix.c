/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conflict matrix, whole: every command of the engine's table under every type of reservation
 * by every role, against a table of the tests' own (pr_matrix.c). In both directions: what the
 * standards allow must not conflict, what they don't allow must.
 */
#include <string.h>

#include "core/base/test/unit.h"
#include "core/opcodes.h"
#include "core/test/persist.h"
#include "core/test/pr_matrix.h"

static struct rig rig;

/* Nexus 0 holds, nexus 1 may be registered, nexus 2 never is. */
enum role { HOLDER, REGISTERED, UNREGISTERED, ROLES };

static const uint8_t types[] = {WE, EA, WE_RO, EA_RO, WE_AR, EA_AR};

static bool is_exclusive(uint8_t type)
{
    return type == EA || type == EA_RO || type == EA_AR;
}

/* The column of the tests' table; PR_COLUMNS: allowed, the holder or as good as one. */
static enum pr_column column_of(uint8_t type, enum role role)
{
    bool lets_registrants_in = type != WE && type != EA;
    if (role == HOLDER)
        return PR_COLUMNS;
    if (!lets_registrants_in)
        return is_exclusive(type) ? PR_EA_OTHER : PR_WE_OTHER;
    if (role == REGISTERED)
        return is_exclusive(type) ? PR_EA_REGISTRANT : PR_WE_REGISTRANT;
    return is_exclusive(type) ? PR_EA_STRANGER : PR_WE_STRANGER;
}

/* PERSISTENT RESERVE OUT has a table of its own [SPC-4 t66], and RESERVE and RELEASE their rules
 * [SPC-4 5.13.3]: below. */
static bool has_own_rules(const struct lq_opcode *opcode)
{
    return opcode->code == 0x5f || opcode->code == 0x16 || opcode->code == 0x17 ||
           opcode->code == 0x56 || opcode->code == 0x57;
}

/* Sends the command as plainly as it can be; true when it ends with RESERVATION CONFLICT. */
static bool conflicts(const struct lq_opcode *opcode, uint32_t nexus)
{
    static const uint8_t data[4096];
    uint8_t cdb[LQ_CDB_BYTES_MAX] = {opcode->code};
    if (opcode->code == 0x7f)
        cdb[7] = 0x18, cdb[9] = (uint8_t)opcode->service_action;
    else if (opcode->has_service_action)
        cdb[1] = (uint8_t)opcode->service_action;
    if (opcode->length.bytes > 0) /* one block, or a few bytes */
        cdb[opcode->length.offset + opcode->length.bytes - 1] = opcode->length_rule ==
                                                                        LQ_LENGTH_ALLOCATION
                                                                    ? 64
                                                                    : 1;
    bool is_out = opcode->direction == LQ_DIRECTION_OUT;
    uint32_t place = rig_send_data(&rig, nexus, 0, cdb, opcode->cdb_bytes, data,
                                   is_out ? RIG_BLOCK_BYTES : 0,
                                   opcode->direction == LQ_DIRECTION_IN ? RIG_BLOCK_BYTES : 0);
    while (!rig.commands[place].completed) {
        CU_ASSERT_TRUE_FATAL(rig_is_submitted(&rig, place));
        rig_complete(&rig, place);
    }
    uint32_t answer = persist_answer(&rig, place);
    CU_ASSERT_NOT_EQUAL(answer >> 16, 0x0206); /* no unit attention stands before it */
    return answer == ANSWER_CONFLICT;
}

static void begin(uint8_t type)
{
    rig_init(&rig, NULL);
    CU_ASSERT_EQUAL(persist_out(&rig, 0, OUT_REGISTER, 0, 0, 0xa), ANSWER_GOOD);
    CU_ASSERT_EQUAL(persist_out(&rig, 1, OUT_REGISTER, 0, 0, 0xb), ANSWER_GOOD);
    if (type != 0)
        CU_ASSERT_EQUAL(persist_out(&rig, 0, OUT_RESERVE, type, 0xa, 0), ANSWER_GOOD);
}

static void try_opcode(const struct lq_opcode *opcode)
{
    const struct pr_row *row = pr_row_find(opcode->code, opcode->service_action);
    if (row == NULL) {
        printf("\n%s is not in the tests' table\n", opcode->name);
        CU_FAIL("a command without a row");
        return;
    }
    for (uint32_t t = 0; t < sizeof types; t++) {
        begin(types[t]);
        for (enum role role = HOLDER; role < ROLES; role++) {
            enum pr_column column = column_of(types[t], role);
            bool wanted = column != PR_COLUMNS && row->allowed[column] == 'C';
            bool got = conflicts(opcode, role);
            if (got != wanted)
                printf("\n%s, type %u, role %d\n", opcode->name, types[t], (int)role);
            CU_ASSERT_EQUAL(got, wanted);
        }
        rig_fini(&rig);
    }
}

static void every_command_under_every_reservation(void)
{
    const struct lq_opcode *opcode;
    uint32_t count = 0;
    for (; (opcode = lq_opcode_at(count)) != NULL; count++)
        if (!has_own_rules(opcode))
            try_opcode(opcode);
    CU_ASSERT_TRUE(count >= 45);
}

static void every_command_under_reserve(void)
{
    const struct lq_opcode *opcode;
    for (uint32_t i = 0; (opcode = lq_opcode_at(i)) != NULL; i++) {
        const struct pr_row *row = pr_row_find(opcode->code, opcode->service_action);
        rig_init(&rig, NULL);
        CU_ASSERT_EQUAL(persist_reserve_6(&rig, 0), ANSWER_GOOD);
        if (row != NULL) {
            CU_ASSERT_EQUAL(conflicts(opcode, 1), row->allowed[PR_RESERVE_OTHER] == 'C');
            CU_ASSERT_FALSE(conflicts(opcode, 0));
        } else if (opcode->code == 0x17 || opcode->code == 0x57) { /* GOOD, and no effect */
            CU_ASSERT_FALSE(conflicts(opcode, 1));
            CU_ASSERT_EQUAL(persist_reserve_6(&rig, 1), ANSWER_CONFLICT);
        } else {
            CU_ASSERT_TRUE(conflicts(opcode, 1));
        }
        rig_fini(&rig);
    }
}

/* --- PERSISTENT RESERVE OUT [SPC-4 t66] ------------------------------------------------------ */

enum outcome { GOOD, CONFLICT, BAD_RELEASE, BAD_CDB };

/* By who asks; the reservation is of type WE, WE RO or WE AR. "Same": the same type. */
struct out_row {
    uint8_t action;
    enum outcome holder, registered, registered_all, unregistered;
};

static const struct out_row out_rows[] = {
    {OUT_REGISTER, GOOD, GOOD, GOOD, GOOD},
    {OUT_RESERVE, GOOD, CONFLICT, GOOD, CONFLICT},
    {OUT_RELEASE, GOOD, GOOD, GOOD, CONFLICT},
    {OUT_CLEAR, GOOD, GOOD, GOOD, CONFLICT},
    {OUT_PREEMPT, GOOD, GOOD, GOOD, CONFLICT},
    {OUT_PREEMPT_AND_ABORT, GOOD, GOOD, GOOD, CONFLICT},
    {OUT_REGISTER_AND_IGNORE, GOOD, GOOD, GOOD, GOOD},
    {OUT_REPLACE_LOST, BAD_RELEASE, BAD_RELEASE, BAD_RELEASE, CONFLICT},
};

static const uint32_t answers[] = {ANSWER_GOOD, ANSWER_CONFLICT, ANSWER_SENSE(0x052604),
                                   ANSWER_SENSE(0x052400)};

static void every_action_by_every_role(void)
{
    for (uint32_t r = 0; r < sizeof out_rows / sizeof out_rows[0]; r++)
        for (uint32_t t = 0; t < sizeof types; t++)
            for (enum role role = HOLDER; role < ROLES; role++) {
                const struct out_row *row = &out_rows[r];
                bool is_all = types[t] == WE_AR || types[t] == EA_AR;
                enum outcome wanted = role == HOLDER         ? row->holder
                                      : role == UNREGISTERED ? row->unregistered
                                      : is_all               ? row->registered_all
                                                             : row->registered;
                static const uint64_t keys[ROLES] = {0xa, 0xb, 0};
                begin(types[t]);
                CU_ASSERT_EQUAL(persist_out(&rig, role, row->action, types[t], keys[role], 0xb),
                                answers[wanted]);
                rig_fini(&rig);
            }
}

static void move_by_every_role(void)
{
    for (uint32_t t = 0; t < sizeof types; t++)
        for (enum role role = HOLDER; role < ROLES; role++) {
            static const uint64_t keys[ROLES] = {0xa, 0xb, 0};
            bool is_all = types[t] == WE_AR || types[t] == EA_AR;
            begin(types[t]);
            CU_ASSERT_EQUAL(persist_move(&rig, role, keys[role], 0xc, 0, 1, 7),
                            role == HOLDER && !is_all ? ANSWER_GOOD : ANSWER_CONFLICT);
            rig_fini(&rig);
        }
}

/* Who is not registered gets nowhere, whether something is reserved or not. */
static void unregistered_without_reservation(void)
{
    for (uint8_t action = OUT_RESERVE; action <= OUT_PREEMPT_AND_ABORT; action++) {
        begin(0);
        CU_ASSERT_EQUAL(persist_out(&rig, 2, action, WE, 0, 0xa), ANSWER_CONFLICT);
        rig_fini(&rig);
    }
}

/* --- RESERVE and RELEASE while I_T nexuses are registered [SPC-4 5.13.3] ---------------------- */

static void reserve_beside_persistent_reservations(void)
{
    for (uint32_t t = 0; t < sizeof types; t++)
        for (enum role role = HOLDER; role < ROLES; role++) {
            bool lets_registrants_in = types[t] != WE && types[t] != EA;
            bool is_in = role == HOLDER || (role == REGISTERED && lets_registrants_in);
            begin(types[t]);
            uint32_t wanted = is_in ? ANSWER_GOOD : ANSWER_CONFLICT;
            CU_ASSERT_EQUAL(persist_reserve_6(&rig, role), wanted);
            CU_ASSERT_EQUAL(persist_release_6(&rig, role), wanted);
            /* and it changed nothing */
            CU_ASSERT_EQUAL(rig_attention(&rig, 2, 0), 0);
            rig_fini(&rig);
        }
    begin(0); /* keys, and no reservation: conflict for everybody */
    for (enum role role = HOLDER; role < ROLES; role++)
        CU_ASSERT_EQUAL(persist_reserve_6(&rig, role), ANSWER_CONFLICT);
    rig_fini(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every command under every reservation", every_command_under_every_reservation},
        {"every command under RESERVE", every_command_under_reserve},
        {"every PERSISTENT RESERVE OUT by every role", every_action_by_every_role},
        {"REGISTER AND MOVE by every role", move_by_every_role},
        {"unregistered, nothing reserved", unregistered_without_reservation},
        {"RESERVE beside persistent reservations", reserve_beside_persistent_reservations},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{"reservation conflicts", NULL, NULL, NULL, NULL, tests},
                             CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
