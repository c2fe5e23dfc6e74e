/* SPDX-License-Identifier: Apache-2.0 */
/* Link services, CT and FCP information units: bytes written from FC-LS-2, FC-FS-3, FC-GS-6 and
 * FCP-4 field by field; what was decoded is encoded as it was. */
#include "core/base/test/unit.h"

#include <string.h>

#include "proto/fc/ct.h"
#include "proto/fc/els.h"
#include "proto/fc/fcp.h"
#include "proto/fc/frame.h"

static struct lq_fc_els els;

/* Decodes and encodes again, which must give the same. */
static void take(uint8_t request, const uint8_t *payload, uint32_t size)
{
    uint8_t out[LQ_FC_ELS_BYTES_MAX];
    CU_ASSERT_TRUE_FATAL(lq_fc_els_decode(&els, request, payload, size));
    CU_ASSERT_EQUAL_FATAL(lq_fc_els_encode(&els, out), size);
    CU_ASSERT_EQUAL(memcmp(out, payload, size), 0);
}

static const uint8_t plogi[116] = {
    [0] = 0x03, [3] = 0xaa, /* reserved, and kept */
    [4] = 0x20, 0x1f, 0x00, 0x05, 0x88, 0x10, 0x08, 0x3c, 0x00, 0xf0, 0x00, 0x1f, 0, 0, 0x07, 0xd0,
    [20] = 0x21, 0, 0, 1, 2, 3, 4, 5, 0x20, 0, 0, 1, 2, 3, 4, 6,
    [68] = 0x88, 0, 0x12, 0x34, 0x56, 0x78, 0x08, 0x40, 0x00, 0x7f, 0x00, 0x03, 0x00, 0x02,
    [115] = 0xbb};

static void test_login(void)
{
    take(0, plogi, sizeof plogi);
    const struct lq_fc_login *login = &els.u.login;
    CU_ASSERT_EQUAL(els.command, LQ_FC_ELS_PLOGI);
    CU_ASSERT_EQUAL(login->version, 0x201f);
    CU_ASSERT_EQUAL(login->credit, 5);
    CU_ASSERT_EQUAL(login->features, 0x8810);
    CU_ASSERT_EQUAL(login->data_bytes_max, 0x83c);
    CU_ASSERT_EQUAL(login->word2, 0x00f0001f);
    CU_ASSERT_EQUAL(login->e_d_tov, 2000);
    CU_ASSERT_EQUAL(login->port_name, UINT64_C(0x2100000102030405));
    CU_ASSERT_EQUAL(login->node_name, UINT64_C(0x2000000102030406));
    CU_ASSERT_EQUAL(login->class3.service_options, LQ_FC_CLASS_VALID | LQ_FC_CLASS_SEQUENTIAL);
    CU_ASSERT_EQUAL(login->class3.initiator_control, 0x1234);
    CU_ASSERT_EQUAL(login->class3.recipient_control, 0x5678);
    CU_ASSERT_EQUAL(login->class3.data_bytes_max, 2112);
    CU_ASSERT_EQUAL(login->class3.concurrent_sequences, 0x7f);
    CU_ASSERT_EQUAL(login->class3.credit, 3);
    CU_ASSERT_EQUAL(login->class3.open_sequences, 2);
    CU_ASSERT_FALSE(lq_fc_els_decode(&els, 0, plogi, 112));
    uint8_t accept[116];
    memcpy(accept, plogi, sizeof accept);
    accept[0] = 0x02;
    take(LQ_FC_ELS_PLOGI, accept, sizeof accept);
    CU_ASSERT_EQUAL(els.u.login.port_name, UINT64_C(0x2100000102030405));
    static const uint8_t rjt[8] = {1, 0, 0, 0, 0, 0x0b, 0x29, 0x77};
    take(LQ_FC_ELS_PLOGI, rjt, sizeof rjt);
    CU_ASSERT_EQUAL(els.u.rjt.reason, LQ_FC_REASON_NOT_SUPPORTED);
    CU_ASSERT_EQUAL(els.u.rjt.explanation, LQ_FC_EXPLAIN_RESOURCES);
    CU_ASSERT_EQUAL(els.u.rjt.vendor, 0x77);
}

static void test_process_login(void)
{
    static const uint8_t prli[20] = {0x20, 0x10, 0, 0x14, 0x08, 0, 0x20, 0, 0, 0,
                                     0,    0,    0, 0,    0,    0, 0,    0, 0x01, 0xa2};
    take(0, prli, sizeof prli);
    CU_ASSERT_EQUAL(els.u.process.page_bytes, 16);
    CU_ASSERT_EQUAL(els.u.process.payload_bytes, 20);
    CU_ASSERT_EQUAL(els.u.process.type, LQ_FC_TYPE_FCP);
    CU_ASSERT_EQUAL(els.u.process.flags, LQ_FC_PRLI_IMAGE_PAIR);
    CU_ASSERT_EQUAL(els.u.process.parameters, LQ_FCP_RETRY | LQ_FCP_CONFIRM |
                                                  LQ_FCP_INITIATOR_FUNCTION |
                                                  LQ_FCP_READ_XFER_RDY_DISABLED);
    lq_fc_els_begin(&els, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_PRLI);
    els.u.process.type = LQ_FC_TYPE_FCP;
    els.u.process.flags = LQ_FC_PRLI_IMAGE_PAIR | LQ_FC_PRLI_EXECUTED;
    els.u.process.parameters = LQ_FCP_TARGET_FUNCTION | LQ_FCP_READ_XFER_RDY_DISABLED;
    static const uint8_t accept[20] = {0x02, 0x10, 0, 0x14, 0x08, 0, 0x21, 0, 0, 0,
                                       0,    0,    0, 0,    0,    0, 0,    0, 0, 0x12};
    uint8_t out[LQ_FC_ELS_BYTES_MAX];
    CU_ASSERT_EQUAL(lq_fc_els_encode(&els, out), 20);
    CU_ASSERT_EQUAL(memcmp(out, accept, 20), 0);
}

static void test_link_services(void)
{
    static const uint8_t logo[16] = {0x05, 0, 0, 0, 0, 1, 2, 3, 0x20, 1, 2, 3, 4, 5, 6, 7};
    take(0, logo, sizeof logo);
    CU_ASSERT_EQUAL(els.u.logo.fc_id, 0x010203);
    CU_ASSERT_EQUAL(els.u.logo.port_name, UINT64_C(0x2001020304050607));
    static const uint8_t adisc[28] = {0x52, 0, 0, 0, 0,    0,  0, 0xef, 0x21, 1, 2, 3, 4,    5,
                                      6,    7, 0x20, 1, 2, 3, 4, 5,    6,    8, 0, 1, 2, 0xef};
    take(0, adisc, sizeof adisc);
    CU_ASSERT_EQUAL(els.u.adisc.hard_address, 0xef);
    CU_ASSERT_EQUAL(els.u.adisc.port_name, UINT64_C(0x2101020304050607));
    CU_ASSERT_EQUAL(els.u.adisc.node_name, UINT64_C(0x2001020304050608));
    CU_ASSERT_EQUAL(els.u.adisc.fc_id, 0x0102ef);
    static const uint8_t rtv[16] = {0x02, 0, 0, 0, 0, 0, 0x27, 0x10, 0, 0, 0x07, 0xd0, 4, 0, 0, 0};
    take(LQ_FC_ELS_RTV, rtv, sizeof rtv);
    CU_ASSERT_EQUAL(els.u.rtv.r_a_tov, 10000);
    CU_ASSERT_EQUAL(els.u.rtv.e_d_tov, 2000);
    CU_ASSERT_EQUAL(els.u.rtv.qualifier, 0x04000000);
    static const uint8_t rec[12] = {0x13, 0, 0, 0, 0, 1, 2, 3, 0x12, 0x34, 0xab, 0xcd};
    take(0, rec, sizeof rec);
    CU_ASSERT_EQUAL(els.u.exchange.s_id, 0x010203);
    CU_ASSERT_EQUAL(els.u.exchange.ox_id, 0x1234);
    CU_ASSERT_EQUAL(els.u.exchange.rx_id, 0xabcd);
    static const uint8_t rec_acc[24] = {0x02, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd, 0, 1, 2, 3,
                                        0,    4, 5, 6, 0,    1,    0,    2,    0xe0, 0, 0, 0};
    take(LQ_FC_ELS_REC, rec_acc, sizeof rec_acc);
    CU_ASSERT_EQUAL(els.u.rec.originator, 0x010203);
    CU_ASSERT_EQUAL(els.u.rec.responder, 0x040506);
    CU_ASSERT_EQUAL(els.u.rec.fc4_value, 0x10002);
    CU_ASSERT_EQUAL(els.u.rec.e_stat, LQ_FC_E_STAT_RESPONDER | LQ_FC_E_STAT_INITIATIVE |
                                          LQ_FC_E_STAT_COMPLETE);
    static const uint8_t srr[16] = {0x14, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd, 0, 0, 0x10, 0, 5, 0, 0,
                                    0};
    take(0, srr, sizeof srr);
    CU_ASSERT_EQUAL(els.u.srr.ox_id, 0x1234);
    CU_ASSERT_EQUAL(els.u.srr.rx_id, 0xabcd);
    CU_ASSERT_EQUAL(els.u.srr.offset, 4096);
    CU_ASSERT_EQUAL(els.u.srr.r_ctl, LQ_FC_R_CTL_DATA_DESCRIPTOR);
    static const uint8_t scr[8] = {0x62, 0, 0, 0, 0, 0, 0, 3};
    take(0, scr, sizeof scr);
    CU_ASSERT_EQUAL(els.u.scr.function, 3);
    static const uint8_t echo[20] = {0x10, 0, 0, 0, 'a', 'b', 'c'};
    take(0, echo, sizeof echo);
    CU_ASSERT_FALSE(lq_fc_els_decode(&els, 0, echo, 3));
}

static void test_state_change(void)
{
    static const uint8_t rscn[12] = {0x61, 4, 0, 12, 0x04, 1, 2, 3, 0x01, 1, 4, 0};
    struct lq_fc_rscn_page page;
    take(0, rscn, sizeof rscn);
    CU_ASSERT_TRUE(lq_fc_rscn_page(&els, 0, &page));
    CU_ASSERT(page.qualifier == 1 && page.format == 0 && page.fc_id == 0x010203);
    CU_ASSERT_TRUE(lq_fc_rscn_page(&els, 1, &page));
    CU_ASSERT(page.qualifier == 0 && page.format == 1 && page.fc_id == 0x010400);
    CU_ASSERT_FALSE(lq_fc_rscn_page(&els, 2, &page));
    CU_ASSERT_FALSE(lq_fc_rscn_page(&els, UINT32_MAX, &page));
    uint8_t lies[12];
    memcpy(lies, rscn, sizeof lies);
    lies[3] = 0xff; /* says more than there is */
    take(0, lies, sizeof lies);
    CU_ASSERT_FALSE(lq_fc_rscn_page(&els, 2, &page));
    lies[3] = 8;
    take(0, lies, sizeof lies);
    CU_ASSERT_FALSE(lq_fc_rscn_page(&els, 1, &page));
}

static void test_basic(void)
{
    static const uint8_t acc[12] = {0x80, 7, 0, 0, 0x12, 0x34, 0xab, 0xcd, 0, 1, 0xff, 0xff};
    uint8_t out[12];
    struct lq_fc_ba_acc ba_acc;
    CU_ASSERT_TRUE_FATAL(lq_fc_ba_acc_decode(&ba_acc, acc, 12));
    CU_ASSERT(ba_acc.seq_id_valid == 0x80 && ba_acc.seq_id == 7);
    CU_ASSERT(ba_acc.ox_id == 0x1234 && ba_acc.rx_id == 0xabcd);
    CU_ASSERT(ba_acc.low_seq_cnt == 1 && ba_acc.high_seq_cnt == 0xffff);
    lq_fc_ba_acc_encode(&ba_acc, out);
    CU_ASSERT_EQUAL(memcmp(out, acc, 12), 0);
    CU_ASSERT_FALSE(lq_fc_ba_acc_decode(&ba_acc, acc, 11));
    static const uint8_t rjt[4] = {0, 3, 3, 9};
    struct lq_fc_ba_rjt ba_rjt;
    CU_ASSERT_TRUE_FATAL(lq_fc_ba_rjt_decode(&ba_rjt, rjt, 4));
    CU_ASSERT(ba_rjt.reason == LQ_FC_REASON_LOGICAL_ERROR &&
              ba_rjt.explanation == LQ_FC_BA_EXPLAIN_EXCHANGE && ba_rjt.vendor == 9);
    lq_fc_ba_rjt_encode(&ba_rjt, out);
    CU_ASSERT_EQUAL(memcmp(out, rjt, 4), 0);
    CU_ASSERT_FALSE(lq_fc_ba_rjt_decode(&ba_rjt, rjt, 3));
}

static void take_ct(struct lq_fc_ct *ct, uint16_t request, const uint8_t *payload, uint32_t size)
{
    uint8_t out[128];
    CU_ASSERT_TRUE_FATAL(lq_fc_ct_decode(ct, request, payload, size));
    CU_ASSERT_EQUAL_FATAL(ct->size_bytes, size);
    memset(out, 0, sizeof out);
    lq_fc_ct_encode(ct, out);
    CU_ASSERT_EQUAL(memcmp(out, payload, size), 0);
}

static void test_directory(void)
{
    static const uint8_t rnn[28] = {1, 1, 2, 3, 0xfc, 2, 0,    0, 0x02, 0x13, 0, 0, 0, 0,
                                    0, 0, 0, 4, 5,    6, 0x20, 1, 2,    3,    4, 5, 6, 7};
    struct lq_fc_ct ct;
    take_ct(&ct, 0, rnn, sizeof rnn);
    CU_ASSERT(ct.revision == 1 && ct.in_id == 0x010203 && ct.gs_type == 0xfc && ct.gs_subtype == 2);
    CU_ASSERT(ct.command == LQ_FC_CT_RNN_ID && ct.request == LQ_FC_CT_RNN_ID);
    CU_ASSERT(ct.fc_id == 0x040506 && ct.name == UINT64_C(0x2001020304050607));
    static const uint8_t rff[24] = {1, 0, 0, 0, 0xfc, 2, 0, 0, 0x02, 0x1f, 0, 0,
                                    0, 0, 0, 0, 0,    4, 5, 6, 0,    0,    2, 8};
    take_ct(&ct, 0, rff, sizeof rff);
    CU_ASSERT(ct.fc_id == 0x040506 && ct.features == 2 && ct.type == 8);
    static const uint8_t gpn[20] = {1, 0, 0, 0, 0xfc, 2, 0, 0, 0x01, 0x72, 0, 0, 0, 0, 0, 0, 0, 3,
                                    4, 8};
    take_ct(&ct, 0, gpn, sizeof gpn);
    CU_ASSERT(ct.domain == 3 && ct.area == 4 && ct.type == 8);
    CU_ASSERT_FALSE(lq_fc_ct_decode(&ct, 0, gpn, 19));
    CU_ASSERT_FALSE(lq_fc_ct_decode(&ct, 0, gpn, 15));
    static const uint8_t gid_pn[20] = {1, 0, 0, 0, 0xfc, 2, 0, 0, 0x80, 0x02, 0, 0,
                                       0, 0, 0, 0, 0,    4, 5, 6};
    take_ct(&ct, LQ_FC_CT_GID_PN, gid_pn, sizeof gid_pn);
    CU_ASSERT_EQUAL(ct.fc_id, 0x040506);
    static const uint8_t reject[16] = {1, 0, 0, 0, 0xfc, 2, 0, 0, 0x80, 0x01, 0, 0, 0, 9, 7, 1};
    take_ct(&ct, LQ_FC_CT_GPN_FT, reject, sizeof reject);
    CU_ASSERT(ct.command == LQ_FC_CT_REJECT && ct.request == LQ_FC_CT_GPN_FT);
    CU_ASSERT(ct.reason == LQ_FC_CT_UNABLE && ct.explanation == LQ_FC_CT_NO_FC4_TYPES);
    CU_ASSERT_EQUAL(ct.vendor, 1);
}

static void test_directory_lists(void)
{
    static const uint8_t accept[48] = {
        1, 0, 0, 0, 0xfc, 2, 0, 0, 0x80, 0x02, 0, 0, 0, 0, 0, 0,
        0x00, 1, 1, 1, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 1,
        0x80, 1, 1, 2, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 2};
    uint8_t out[48] = {0};
    struct lq_fc_ct_entry entry;
    CU_ASSERT_TRUE(lq_fc_ct_entry_get(LQ_FC_CT_GPN_FT, accept, 48, 0, &entry));
    CU_ASSERT(!entry.last && entry.fc_id == 0x010101 && entry.name == UINT64_C(0x2100000000000001));
    lq_fc_ct_entry_put(LQ_FC_CT_GPN_FT, out, 0, &entry);
    CU_ASSERT_TRUE(lq_fc_ct_entry_get(LQ_FC_CT_GPN_FT, accept, 48, 1, &entry));
    CU_ASSERT(entry.last && entry.fc_id == 0x010102 && entry.name == UINT64_C(0x2100000000000002));
    lq_fc_ct_entry_put(LQ_FC_CT_GPN_FT, out, 1, &entry);
    CU_ASSERT_EQUAL(memcmp(out + 16, accept + 16, 32), 0);
    CU_ASSERT_FALSE(lq_fc_ct_entry_get(LQ_FC_CT_GPN_FT, accept, 48, 2, &entry));
    CU_ASSERT_FALSE(lq_fc_ct_entry_get(LQ_FC_CT_GPN_FT, accept, 47, 1, &entry));
    CU_ASSERT_FALSE(lq_fc_ct_entry_get(LQ_FC_CT_GPN_ID, accept, 48, 0, &entry));
    CU_ASSERT_TRUE(lq_fc_ct_entry_get(LQ_FC_CT_GID_FT, accept, 48, 4, &entry));
    CU_ASSERT(entry.last && entry.fc_id == 0x010102 && entry.name == 0);
    uint8_t types[32] = {0}, fcp_and_ct[32] = {[2] = 0x01, [7] = 0x01}; /* word 0 bit 8, 1 bit 0 */
    lq_fc_ct_types_add(types, 0x08);
    lq_fc_ct_types_add(types, 0x20);
    CU_ASSERT_EQUAL(memcmp(types, fcp_and_ct, 32), 0);
    CU_ASSERT(lq_fc_ct_types_has(types, 0x08) && lq_fc_ct_types_has(types, 0x20));
    CU_ASSERT(!lq_fc_ct_types_has(types, 0x00) && !lq_fc_ct_types_has(types, 0x28));
}

static void take_cmnd(struct lq_fcp_cmnd *cmnd, const uint8_t *payload, uint32_t size)
{
    uint8_t out[LQ_FCP_CMND_BYTES_MAX];
    CU_ASSERT_TRUE_FATAL(lq_fcp_cmnd_decode(cmnd, payload, size));
    CU_ASSERT_EQUAL(lq_fcp_cmnd_encode(cmnd, out), size);
    CU_ASSERT_EQUAL(memcmp(out, payload, size), 0);
    CU_ASSERT_FALSE(lq_fcp_cmnd_decode(cmnd, payload, size - 1));
    CU_ASSERT_TRUE(lq_fcp_cmnd_decode(cmnd, payload, size));
}

static void test_command(void)
{
    struct lq_fcp_cmnd cmnd;
    static const uint8_t read10[32] = {[1] = 1, [8] = 0x2a, 0x1a, 0, 0x02, /* control */
                                       [12] = 0x28, 0, 0, 0, 0x12, 0x34, 0, 0, 8, [30] = 0x10};
    take_cmnd(&cmnd, read10, sizeof read10);
    CU_ASSERT_EQUAL(cmnd.lun, UINT64_C(0x0001000000000000));
    CU_ASSERT_EQUAL(cmnd.crn, 0x2a);
    CU_ASSERT(lq_fcp_attribute(&cmnd) == LQ_FCP_ORDERED && lq_fcp_priority(&cmnd) == 3);
    CU_ASSERT(lq_fcp_reads(&cmnd) && !lq_fcp_writes(&cmnd) && !cmnd.has_bidi_dl);
    CU_ASSERT(cmnd.cdb_bytes == 16 && cmnd.cdb[0] == 0x28 && cmnd.cdb[8] == 8);
    CU_ASSERT_EQUAL(cmnd.dl, 4096);
    /* XDWRITEREAD(32): 16 more bytes of CDB, both directions */
    uint8_t bidi[52] = {[11] = 4 << 2 | 3, [12] = 0x7f, [43] = 0x99, [46] = 0x02, [50] = 0x04};
    take_cmnd(&cmnd, bidi, sizeof bidi);
    CU_ASSERT(cmnd.cdb_bytes == 32 && cmnd.cdb[0] == 0x7f && cmnd.cdb[31] == 0x99);
    CU_ASSERT(cmnd.dl == 512 && cmnd.has_bidi_dl && cmnd.bidi_dl == 1024);
    uint8_t longest[288] = {[11] = 0xff, [279] = 0x77};
    take_cmnd(&cmnd, longest, sizeof longest);
    CU_ASSERT(cmnd.cdb_bytes == 268 && cmnd.cdb[267] == 0x77);
    static const uint8_t reset[32] = {[1] = 3, [10] = 0x10};
    take_cmnd(&cmnd, reset, sizeof reset);
    CU_ASSERT_EQUAL(cmnd.tm_flags, LQ_FCP_LOGICAL_UNIT_RESET);
}

static void test_transfer_ready(void)
{
    static const uint8_t bytes[12] = {0, 0, 0x20, 0, 0, 1, 0, 0, 0xaa, 0, 0, 0xbb};
    uint8_t out[12];
    struct lq_fcp_xfer_rdy ready;
    CU_ASSERT_TRUE_FATAL(lq_fcp_xfer_rdy_decode(&ready, bytes, 12));
    CU_ASSERT(ready.offset == 8192 && ready.burst_bytes == 65536);
    lq_fcp_xfer_rdy_encode(&ready, out);
    CU_ASSERT_EQUAL(memcmp(out, bytes, 12), 0);
    CU_ASSERT_FALSE(lq_fcp_xfer_rdy_decode(&ready, bytes, 11));
}

static void take_rsp(struct lq_fcp_rsp *rsp, const uint8_t *payload, uint32_t size)
{
    uint8_t out[64];
    CU_ASSERT_TRUE_FATAL(lq_fcp_rsp_decode(rsp, payload, size));
    CU_ASSERT_EQUAL_FATAL(lq_fcp_rsp_bytes(rsp), size);
    lq_fcp_rsp_encode(rsp, out);
    CU_ASSERT_EQUAL(memcmp(out, payload, size), 0);
    CU_ASSERT_FALSE(lq_fcp_rsp_decode(rsp, payload, size - 1));
    CU_ASSERT_TRUE(lq_fcp_rsp_decode(rsp, payload, size));
}

static void test_response(void)
{
    struct lq_fcp_rsp rsp;
    static const uint8_t good[24] = {[10] = 0x08, [14] = 0x02, [19] = 7}; /* no sense */
    take_rsp(&rsp, good, sizeof good);
    CU_ASSERT(rsp.flags == LQ_FCP_UNDERFLOW && rsp.status == 0 && rsp.residual == 512);
    static const uint8_t tm[32] = {[10] = 0x01, [23] = 8, [27] = 0x08};
    take_rsp(&rsp, tm, sizeof tm);
    CU_ASSERT(rsp.info_bytes == 8 && rsp.info[3] == LQ_FCP_TM_SUCCEEDED);
    uint8_t sense[50] = {[8] = 0x40, 0x05, 0x13, 0x02, [19] = 18, [23] = 8, [27] = 1,
                         [32] = 0x70, [34] = 0x0b};
    take_rsp(&rsp, sense, sizeof sense);
    CU_ASSERT_EQUAL(rsp.retry_delay, 0x4005);
    CU_ASSERT_EQUAL(rsp.flags, LQ_FCP_INFO_VALID | LQ_FCP_SENSE_VALID | LQ_FCP_CONFIRM_WANTED);
    CU_ASSERT(rsp.status == 2 && rsp.sense_bytes == 18 && rsp.sense == sense + 32);
    static const uint8_t bidi[28] = {[10] = 0xc0, [26] = 4};
    take_rsp(&rsp, bidi, sizeof bidi);
    CU_ASSERT(rsp.has_bidi && rsp.bidi_residual == 1024);
    uint8_t lies[32] = {[10] = 0x02, [16] = 0xff, 0xff, 0xff, 0xff};
    CU_ASSERT_FALSE(lq_fcp_rsp_decode(&rsp, lies, sizeof lies));
    memset(lies + 16, 0, 4);
    lies[10] = 0x01;
    lies[23] = 5; /* FCP_RSP_LEN is 0, 4 or 8 */
    CU_ASSERT_FALSE(lq_fcp_rsp_decode(&rsp, lies, sizeof lies));
}

int main(void)
{
    CU_TestInfo tests[] = {{"login", test_login},
                           {"process login", test_process_login},
                           {"link services", test_link_services},
                           {"state change", test_state_change},
                           {"basic link services", test_basic},
                           {"directory", test_directory},
                           {"directory's lists", test_directory_lists},
                           {"command", test_command},
                           {"transfer ready", test_transfer_ready},
                           {"response", test_response},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "codec", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
