/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec against foreign captures: every FC frame that a Linux initiator and its peers exchanged
 * over FCoE, and every payload with fields, is decoded and encoded again, and must come out as it
 * was; the CRC is the capture's. Arguments: pcap and pcapng files (Ethernet).
 */
#include "core/base/test/unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/fc/ct.h"
#include "proto/fc/els.h"
#include "proto/fc/fcp.h"
#include "proto/fc/frame.h"

enum { FILE_BYTES = 8 << 20, EXCHANGES = 65536 };

static uint8_t file[FILE_BYTES];
static char **names;
static int name_count;
static uint32_t frame_count, els_count, ct_count, cmnd_count, rsp_count, ready_count, basic_count;
static uint8_t els_requests[EXCHANGES];  /* by OX_ID: what its reply answers */
static uint16_t ct_requests[EXCHANGES];

static uint32_t number(const uint8_t *p, uint32_t bytes, bool little)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << (8 * (little ? i : bytes - 1 - i));
    return value;
}

static void look_at_els(const struct lq_fc_frame *frame)
{
    bool replies = frame->r_ctl == LQ_FC_R_CTL_ELS_REPLY;
    uint8_t request = replies ? els_requests[frame->ox_id] : 0;
    struct lq_fc_els els;
    uint8_t out[LQ_FC_ELS_BYTES_MAX];
    CU_ASSERT_TRUE_FATAL(
        lq_fc_els_decode(&els, request, frame->payload, frame->payload_bytes));
    CU_ASSERT_EQUAL(lq_fc_els_encode(&els, out), frame->payload_bytes);
    CU_ASSERT_EQUAL(memcmp(out, frame->payload, frame->payload_bytes), 0);
    if (!replies)
        els_requests[frame->ox_id] = els.command;
    els_count++;
}

static void look_at_ct(const struct lq_fc_frame *frame)
{
    bool replies = frame->r_ctl == LQ_FC_R_CTL_SOLICITED_CONTROL;
    struct lq_fc_ct ct;
    static uint8_t out[LQ_FC_CT_BYTES_MAX];
    CU_ASSERT_TRUE_FATAL(lq_fc_ct_decode(&ct, replies ? ct_requests[frame->ox_id] : 0,
                                         frame->payload, frame->payload_bytes));
    memcpy(out, frame->payload, frame->payload_bytes);
    lq_fc_ct_encode(&ct, out);
    CU_ASSERT_EQUAL(memcmp(out, frame->payload, frame->payload_bytes), 0);
    if (!replies)
        ct_requests[frame->ox_id] = ct.command;
    ct_count++;
}

static void look_at_fcp(const struct lq_fc_frame *frame)
{
    uint8_t out[LQ_FC_PAYLOAD_BYTES_MAX];
    uint32_t size = frame->payload_bytes;
    struct lq_fcp_cmnd cmnd;
    struct lq_fcp_xfer_rdy ready;
    struct lq_fcp_rsp rsp;
    if (frame->r_ctl == LQ_FC_R_CTL_UNSOLICITED_COMMAND) {
        CU_ASSERT_TRUE_FATAL(lq_fcp_cmnd_decode(&cmnd, frame->payload, size));
        CU_ASSERT_EQUAL(lq_fcp_cmnd_encode(&cmnd, out), size);
        cmnd_count++;
    } else if (frame->r_ctl == LQ_FC_R_CTL_DATA_DESCRIPTOR) {
        CU_ASSERT_TRUE_FATAL(lq_fcp_xfer_rdy_decode(&ready, frame->payload, size));
        CU_ASSERT_EQUAL(size, LQ_FCP_XFER_RDY_BYTES);
        lq_fcp_xfer_rdy_encode(&ready, out);
        ready_count++;
    } else if (frame->r_ctl == LQ_FC_R_CTL_COMMAND_STATUS) {
        CU_ASSERT_TRUE_FATAL(lq_fcp_rsp_decode(&rsp, frame->payload, size));
        CU_ASSERT_EQUAL(lq_fcp_rsp_bytes(&rsp), size);
        lq_fcp_rsp_encode(&rsp, out);
        rsp_count++;
    } else {
        CU_ASSERT_EQUAL(frame->r_ctl, LQ_FC_R_CTL_SOLICITED_DATA);
        return;
    }
    CU_ASSERT_EQUAL(memcmp(out, frame->payload, size), 0);
}

static void look_at_basic(const struct lq_fc_frame *frame)
{
    uint8_t out[LQ_FC_BA_ACC_BYTES];
    struct lq_fc_ba_acc acc;
    basic_count++;
    if (frame->r_ctl != LQ_FC_R_CTL_BA_ACC)
        return;
    CU_ASSERT_TRUE_FATAL(lq_fc_ba_acc_decode(&acc, frame->payload, frame->payload_bytes));
    lq_fc_ba_acc_encode(&acc, out);
    CU_ASSERT_EQUAL(memcmp(out, frame->payload, sizeof out), 0);
}

static void look_at_frame(const uint8_t *bytes, uint32_t size, bool has_crc)
{
    struct lq_fc_frame frame;
    uint8_t again[LQ_FC_HEADER_BYTES + LQ_FC_PAYLOAD_BYTES_MAX];
    CU_ASSERT_TRUE_FATAL(lq_fc_frame_decode(&frame, bytes, size));
    lq_fc_frame_encode(&frame, again);
    memcpy(again + LQ_FC_HEADER_BYTES, frame.payload, frame.payload_bytes);
    memcpy(again + LQ_FC_HEADER_BYTES + frame.payload_bytes, frame.fill,
           lq_fc_frame_fill_bytes(&frame));
    CU_ASSERT_EQUAL(LQ_FC_HEADER_BYTES + frame.payload_bytes + lq_fc_frame_fill_bytes(&frame),
                    size);
    CU_ASSERT_EQUAL(memcmp(again, bytes, size), 0);
    if (has_crc)
        CU_ASSERT_EQUAL(lq_fc_frame_crc(&frame), number(bytes + size, 4, true));
    frame_count++;
    if (frame.type == LQ_FC_TYPE_ELS)
        look_at_els(&frame);
    else if (frame.type == LQ_FC_TYPE_CT)
        look_at_ct(&frame);
    else if (frame.type == LQ_FC_TYPE_FCP)
        look_at_fcp(&frame);
    else
        look_at_basic(&frame);
}

/* FCoE [FC-BB-6]: 14 bytes with SOF last, the frame, CRC, EOF and 3 bytes. FIP: the frames within
 * FLOGI, FDISC and LOGO descriptors have neither. */
static void look_at_packet(const uint8_t *p, uint32_t size)
{
    uint32_t ethertype = number(p + 12, 2, false);
    if (ethertype == 0x8906 && size >= 14 + 14 + 24 + 8) {
        CU_ASSERT_FATAL((size - 36) % 4 == 0);
        look_at_frame(p + 28, size - 36, true);
        return;
    }
    for (uint32_t at = 24; ethertype == 0x8914 && at + 4 <= size && p[at + 1] != 0;
         at += p[at + 1] * 4U)
        if (p[at] >= 7 && p[at] <= 9 && at + p[at + 1] * 4U <= size)
            look_at_frame(p + at + 4, p[at + 1] * 4U - 4, false);
}

/* Classic format: a 24 byte header, then packets with 16 bytes before each. */
static void read_pcap(uint32_t size, bool little)
{
    for (uint32_t at = 24; at + 16 <= size;) {
        uint32_t captured = number(file + at + 8, 4, little);
        if (captured > size - at - 16)
            break;
        if (captured >= 14)
            look_at_packet(file + at + 16, captured);
        at += 16 + captured;
    }
}

/* pcapng, little-endian: of its blocks, the enhanced packet blocks (type 6). */
static void read_pcapng(uint32_t size)
{
    for (uint32_t at = 0; at + 12 <= size;) {
        uint32_t type = number(file + at, 4, true), bytes = number(file + at + 4, 4, true);
        if (bytes < 12 || bytes > size - at)
            break;
        uint32_t captured = type == 6 && bytes >= 32 ? number(file + at + 20, 4, true) : 0;
        if (captured >= 14 && captured <= bytes - 32)
            look_at_packet(file + at + 28, captured);
        at += bytes;
    }
}

static void test_files(void)
{
    for (int i = 0; i < name_count; i++) {
        FILE *input = fopen(names[i], "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(input);
        uint32_t size = (uint32_t)fread(file, 1, sizeof file, input);
        fclose(input);
        CU_ASSERT_FATAL(size > 24 && size < sizeof file);
        bool little = file[0] == 0xd4 || file[0] == 0x4d;
        if (file[0] == 0x0a)
            read_pcapng(size);
        else if (little || file[0] == 0xa1)
            read_pcap(size, little);
    }
    printf("%u frames: %u ELS, %u CT, %u FCP_CMND, %u FCP_XFER_RDY, %u FCP_RSP, %u basic ",
           frame_count, els_count, ct_count, cmnd_count, ready_count, rsp_count, basic_count);
    CU_ASSERT(frame_count > 100 && els_count > 0 && cmnd_count > 0 && ready_count > 0 &&
              rsp_count > 0);
}

int main(int argc, char **argv)
{
    names = argv + 1;
    name_count = argc - 1;
    CU_TestInfo tests[] = {{"files", test_files}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{.pName = "captures", .pTests = tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
