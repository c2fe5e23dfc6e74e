/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fc/wrongs.h"

const struct lq_wrong lq_fc_wrongs[LQ_FC_WRONGS] = {
    [LQ_WRONG_BA_ACC_BEFORE_QUIESCE] = {"ba-acc-before-quiesce", "FRAME-8",
                                        "ABTS is answered before the engine has ended the command"},
    [LQ_WRONG_ABORTED_EXCHANGE_GOES_ON] =
        {"aborted-exchange-goes-on", "FRAME-7",
         "FCP_RSP with TASK ABORTED follows BA_ACC"},
    [LQ_WRONG_FCP_RSP_BEFORE_DATA] = {"fcp-rsp-before-data", "FRAME-6",
                                      "FCP_RSP goes out before the last frame of FCP_DATA"},
    [LQ_WRONG_SRR_FROM_THE_START] = {"srr-from-the-start", "FRAME-12",
                                     "SRR is answered from offset 0, whatever it asked for"},
    [LQ_WRONG_RX_ID_CHANGES] = {"rx-id-changes", "FRAME-2",
                                "FCP_RSP carries another RX_ID than the frames before it"},
    [LQ_WRONG_NOT_AS_RESPONDER] = {"not-as-responder", "FRAME-2",
                                   "FCP_RSP is sent as if by the Exchange's Originator"},
    [LQ_WRONG_SEQ_CNT_STANDS_STILL] = {"seq-cnt-stands-still", "FRAME-3",
                                       "all frames of a sequence have SEQ_CNT 0"},
    [LQ_WRONG_RELATIVE_OFFSET_ZERO] = {"relative-offset-zero", "FRAME-4",
                                       "the last of several frames of FCP_DATA has offset 0"},
    [LQ_WRONG_XFER_RDY_BEYOND_END] = {"xfer-rdy-beyond-end", "FRAME-5",
                                      "FCP_XFER_RDY asks for four bytes more than FCP_DL"},
    [LQ_WRONG_XFER_RDY_TWICE] = {"xfer-rdy-twice", "FRAME-5",
                                 "every 16th FCP_XFER_RDY is sent twice"},
    [LQ_WRONG_MIDDLE_FRAME_ENDS_SEQUENCE] =
        {"middle-frame-ends-sequence", "FRAME-1",
         "frames in the middle of a sequence are delimited by EOFt"},
    [LQ_WRONG_FCP_RESIDUAL_WRONG] = {"fcp-residual-wrong", "FRAME-9",
                                     "a residual is one byte too large"},
    [LQ_WRONG_SENSE_LONGER_THAN_FCP_RSP] = {"sense-longer-than-fcp-rsp", "FRAME-9",
                                            "FCP_SNS_LEN counts four bytes that are not there"},
    [LQ_WRONG_TWO_FCP_RSPS] = {"two-fcp-rsps", "FRAME-6", "every 16th command gets FCP_RSP twice"},
    [LQ_WRONG_LOST_DATA_FRAME_OVERLOOKED] =
        {"lost-data-frame-overlooked", "DATA-2",
         "the end of a sequence of FCP_DATA is taken for the end of its data, whatever was lost"},
    [LQ_WRONG_LINK_SERVICE_ANSWERED_TWICE] = {"link-service-answered-twice", "FRAME-11",
                                              "PRLI gets LS_ACC twice"},
    [LQ_WRONG_PLOGI_KEEPS_EXCHANGES] = {"plogi-keeps-exchanges", "FRAME-7",
                                        "a new PLOGI leaves the exchanges of the old one alone"},
};
