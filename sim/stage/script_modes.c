/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's mode parameters: MODE SELECT(10) and MODE SENSE(10) [SPC-5 6.10, 6.15]. */
#include "core/base/bytes.h"
#include "sim/stage/modes.h"
#include "sim/stage/script_state.h"

enum { SENSE_BYTES = 512 };

static uint8_t value(const struct lq_scn_action *action, enum lq_scn_clause which, uint8_t tame)
{
    return (uint8_t)lq_scn_value(&action->clauses, which, tame);
}

static struct lq_mode_settings settings_of(const struct lq_scn_action *action)
{
    return (struct lq_mode_settings){
        .tst = value(action, LQ_SCN_TST, 0),
        .qerr = value(action, LQ_SCN_QERR, 0),
        .reordering = value(action, LQ_SCN_REORDERING, 1),
        .ua_intlck = value(action, LQ_SCN_UA_INTLCK, 0),
        .tas = value(action, LQ_SCN_TAS, 0) != 0,
        .d_sense = value(action, LQ_SCN_D_SENSE, 0) != 0,
        .swp = value(action, LQ_SCN_SWP, 0) != 0,
        .tmf_only = value(action, LQ_SCN_TMF_ONLY, 0) != 0,
        .has_caching = lq_scn_has(&action->clauses, LQ_SCN_WCE),
        .wce = value(action, LQ_SCN_WCE, 0) != 0,
    };
}

bool lq_script_sets_modes(struct lq_actor_command *command, const struct lq_scn_action *action)
{
    if (action->verb == LQ_SCN_MODE_SENSE) {
        command->cdb[0] = 0x5a;
        command->cdb[2] = 0x3f; /* all pages */
        lq_put_be16(command->cdb + 7, SENSE_BYTES);
        command->expected_in_bytes = SENSE_BYTES;
    } else if (action->verb == LQ_SCN_MODE_SELECT) {
        struct lq_mode_settings settings = settings_of(action);
        uint32_t bytes = lq_mode_list(&settings, true, command->out);
        command->cdb[0] = 0x55;
        command->cdb[1] = 0x10; /* PF */
        lq_put_be16(command->cdb + 7, (uint16_t)bytes);
        command->expected_out_bytes = command->out_bytes = bytes;
    } else {
        return false;
    }
    command->cdb_bytes = 10;
    return true;
}
