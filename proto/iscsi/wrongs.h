/* SPDX-License-Identifier: Apache-2.0 */
/* The target endpoint's deliberate wrongs: bits of struct lq_wrongs.iscsi, and the table that tells
 * of them. See core/env.h for what a wrong is. */
#ifndef LQ_PROTO_ISCSI_WRONGS_H
#define LQ_PROTO_ISCSI_WRONGS_H

#include "core/env.h"

enum lq_iscsi_wrong {
    LQ_WRONG_STAT_SN_REUSED,
    LQ_WRONG_RESIDUAL_WRONG,
    LQ_WRONG_STALE_DATA_OUT_ACCEPTED,
    LQ_WRONG_LOGOUT_ANSWERED_AT_ONCE,
    LQ_WRONG_MAX_CMD_SN_REGRESSES,
    LQ_WRONG_R2T_BEYOND_BURST,
    LQ_WRONG_DATA_SN_GAP,
    LQ_WRONG_TASK_LEAKED_AT_LOGOUT,
    LQ_WRONG_TWO_STATUSES,
    LQ_WRONG_REINSTATEMENT_KEEPS_OLD_SESSION_TALKING,
    LQ_WRONG_DATA_IN_OFFSET_WRONG,
    LQ_ISCSI_WRONGS
};

extern const struct lq_wrong lq_iscsi_wrongs[LQ_ISCSI_WRONGS];

#endif
