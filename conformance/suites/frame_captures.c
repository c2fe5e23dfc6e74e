/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign captures of Fibre Channel over Ethernet through the judges' reader: every frame must be
 * one that it understands.
 *
 *     frame_captures FILE...
 *
 * Exit 0: each file has frames, and every FCoE frame of it is whole, its CRC right, and its
 * information unit as long as it says.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/wire/frame.h"
#include "core/base/assert.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

struct counts {
    uint64_t fcoe, fip, other, bad, commands, ready, data, responses, link_services, bad_units;
};

static void count_unit(const struct lq_wire_frame *frame, struct counts *counts)
{
    struct lq_wire_cmnd cmnd;
    struct lq_wire_rsp rsp;
    struct lq_wire_ready ready;
    counts->link_services += frame->type != LQ_WIRE_TYPE_FCP;
    if (frame->type != LQ_WIRE_TYPE_FCP)
        return;
    if (frame->r_ctl == LQ_WIRE_FCP_CMND) {
        counts->commands++;
        counts->bad_units += !lq_wire_cmnd_read(frame, &cmnd);
    } else if (frame->r_ctl == LQ_WIRE_FCP_RSP) {
        counts->responses++;
        counts->bad_units += !lq_wire_rsp_read(frame, &rsp);
    } else if (frame->r_ctl == LQ_WIRE_FCP_XFER_RDY) {
        counts->ready++;
        counts->bad_units += !lq_wire_ready_read(frame, &ready) || ready.burst_bytes == 0;
    } else {
        counts->data += frame->r_ctl == LQ_WIRE_FCP_DATA;
    }
}

static bool run(const char *file, const struct lq_wire_crc32 *crc)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(file, error);
    if (pcap == NULL) {
        fprintf(stderr, "%s: %s\n", file, error);
        return false;
    }
    struct counts counts = {0};
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        struct lq_wire_frame frame;
        lq_wire_frame_read(crc, bytes, header->caplen, &frame);
        counts.fcoe += frame.kind == LQ_WIRE_FCOE;
        counts.fip += frame.kind == LQ_WIRE_FIP;
        counts.other += frame.kind == LQ_WIRE_OTHER;
        counts.bad += frame.fault != LQ_WIRE_FRAME_GOOD;
        if (frame.kind == LQ_WIRE_FCOE && frame.fault == LQ_WIRE_FRAME_GOOD)
            count_unit(&frame, &counts);
    }
    pcap_close(pcap);
    printf("%s: %" PRIu64 " FCoE, %" PRIu64 " FIP, %" PRIu64 " other, %" PRIu64 " bad; %" PRIu64
           " commands, %" PRIu64 " transfer ready, %" PRIu64 " data, %" PRIu64 " responses, %"
           PRIu64
           " link services, %" PRIu64 " bad units\n",
           file, counts.fcoe, counts.fip, counts.other, counts.bad, counts.commands, counts.ready,
           counts.data, counts.responses, counts.link_services, counts.bad_units);
    return counts.fcoe + counts.fip > 0 && counts.bad == 0 && counts.bad_units == 0;
}

int main(int argc, char **argv)
{
    struct lq_wire_crc32 crc;
    bool is_fine = argc > 1;
    lq_wire_crc32_init(&crc);
    for (int i = 1; i < argc; i++)
        is_fine = run(argv[i], &crc) && is_fine;
    return is_fine ? 0 : 1;
}
