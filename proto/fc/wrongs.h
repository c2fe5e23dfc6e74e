/* SPDX-License-Identifier: Apache-2.0 */
/* The Fibre Channel target endpoint's deliberate wrongs: bits of struct lq_wrongs.fc, and the table
 * that tells of them. See core/env.h for what a wrong is. */
#ifndef LQ_PROTO_FC_WRONGS_H
#define LQ_PROTO_FC_WRONGS_H

#include "core/env.h"

enum lq_fc_wrong {
    LQ_WRONG_BA_ACC_BEFORE_QUIESCE,
    LQ_WRONG_ABORTED_EXCHANGE_GOES_ON,
    LQ_WRONG_FCP_RSP_BEFORE_DATA,
    LQ_WRONG_SRR_FROM_THE_START,
    LQ_WRONG_RX_ID_CHANGES,
    LQ_WRONG_NOT_AS_RESPONDER,
    LQ_WRONG_SEQ_CNT_STANDS_STILL,
    LQ_WRONG_RELATIVE_OFFSET_ZERO,
    LQ_WRONG_XFER_RDY_BEYOND_END,
    LQ_WRONG_XFER_RDY_TWICE,
    LQ_WRONG_MIDDLE_FRAME_ENDS_SEQUENCE,
    LQ_WRONG_FCP_RESIDUAL_WRONG,
    LQ_WRONG_SENSE_LONGER_THAN_FCP_RSP,
    LQ_WRONG_TWO_FCP_RSPS,
    LQ_WRONG_LOST_DATA_FRAME_OVERLOOKED,
    LQ_WRONG_LINK_SERVICE_ANSWERED_TWICE,
    LQ_WRONG_PLOGI_KEEPS_EXCHANGES,
    LQ_WRONG_RSCN_LEFT_OUT,
    LQ_WRONG_SRR_FORGOTTEN,
    LQ_WRONG_RX_ID_AT_ONCE,
    LQ_FC_WRONGS
};

extern const struct lq_wrong lq_fc_wrongs[LQ_FC_WRONGS];

#endif
