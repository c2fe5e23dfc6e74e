/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode parameters as initiators that work by themselves change them: mostly to and fro between a
 * few values of one field each, so that no setting stays for long; and now and then they look.
 */
#include "sim/stage/modes.h"

#include <string.h>

#include "core/base/bytes.h"
#include "sim/stage/state.h"

enum { CONTROL_BYTES = 12, CACHING_BYTES = 20 };

uint32_t lq_mode_list(const struct lq_mode_settings *settings, bool is_ten, uint8_t *list)
{
    uint32_t bytes = is_ten ? 8 : 4;
    memset(list, 0, LQ_MODE_LIST_BYTES_MAX);
    uint8_t *control = list + bytes;
    control[0] = 0x0a;
    control[1] = CONTROL_BYTES - 2;
    control[2] = (uint8_t)(settings->tst << 5 | settings->tmf_only << 4 | settings->d_sense << 2);
    control[3] = (uint8_t)(settings->reordering << 4 | settings->qerr << 1);
    control[4] = (uint8_t)(settings->ua_intlck << 4 | settings->swp << 3);
    control[5] = (uint8_t)(settings->tas << 6);
    lq_put_be16(control + 8, 0xffff); /* BUSY TIMEOUT PERIOD: not limited */
    bytes += CONTROL_BYTES;
    if (!settings->has_caching)
        return bytes;
    uint8_t *caching = list + bytes;
    caching[0] = 0x08;
    caching[1] = CACHING_BYTES - 2;
    caching[2] = settings->wce ? 0x04 : 0;
    return bytes + CACHING_BYTES;
}

/* --- at random ------------------------------------------------------------------------------ */

static uint64_t choose(struct lq_actor_command *command, uint64_t which, uint64_t n)
{
    return lq_actor_choose(command->actor, LQ_SITE_MODES, command->serial + (which << 48), n);
}

/* One of 16 asks for what nobody offers. */
static void draw_settings(struct lq_actor_command *command, struct lq_mode_settings *settings)
{
    *settings = (struct lq_mode_settings){.reordering = 1};
    settings->tst = (uint8_t)choose(command, 7, 2);
    settings->qerr = (uint8_t[]){0, 0, 1, 3}[choose(command, 8, 4)];
    settings->tas = choose(command, 9, 2) == 1;
    settings->tmf_only = choose(command, 10, 4) == 1;
    settings->d_sense = choose(command, 1, 3) == 1;
    settings->swp = choose(command, 2, 8) == 1;
    settings->has_caching = choose(command, 3, 2) == 1;
    settings->wce = choose(command, 4, 2) == 1;
    if (choose(command, 5, 16) == 15)
        settings->qerr = 2; /* reserved */
}

static void build(struct lq_actor_command *command, uint8_t opcode, uint32_t bytes)
{
    bool is_ten = opcode >= 0x20;
    command->cdb[0] = opcode;
    command->cdb_bytes = is_ten ? 10 : 6;
    if (is_ten)
        lq_put_be16(command->cdb + 7, (uint16_t)bytes);
    else
        command->cdb[4] = (uint8_t)bytes;
}

bool lq_command_sets_modes(struct lq_actor_command *command)
{
    enum { MODE_SELECT_6 = 0x15, MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a, SENSE_BYTES = 200 };
    uint64_t selects = lq_actor_option(command->actor, LQ_OPT_MODE_SELECTS);
    if (selects == 0)
        return false;
    uint64_t drawn = choose(command, 0, 64);
    if (drawn < selects) {
        struct lq_mode_settings settings;
        bool is_ten = choose(command, 6, 2) == 1;
        draw_settings(command, &settings);
        uint32_t bytes = lq_mode_list(&settings, is_ten, command->out);
        build(command, is_ten ? MODE_SELECT_10 : MODE_SELECT_6, bytes);
        command->cdb[1] = 0x10; /* PF */
        command->expected_out_bytes = command->out_bytes = bytes;
        return true;
    }
    if (drawn >= 2 * selects)
        return false;
    build(command, MODE_SENSE_10, SENSE_BYTES);
    command->cdb[2] = 0x3f;
    command->expected_in_bytes = SENSE_BYTES;
    return true;
}
