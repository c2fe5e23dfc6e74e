/* SPDX-License-Identifier: Apache-2.0 */
/* Fibre Channel: whatever decodes encodes to the same bytes, and nothing is read beyond the end.
 * The first byte says what the rest is: a frame, a link service, CT, an information unit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "proto/fc/ct.h"
#include "proto/fc/els.h"
#include "proto/fc/fcp.h"
#include "proto/fc/frame.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void frame(const uint8_t *data, uint32_t size)
{
    struct lq_fc_frame decoded;
    struct lq_slice payload;
    uint8_t header[LQ_FC_HEADER_BYTES];
    if (!lq_fc_frame_decode(&decoded, data, size))
        return;
    lq_fc_frame_encode(&decoded, header);
    LQ_ASSERT(memcmp(header, data, sizeof header) == 0);
    LQ_ASSERT(LQ_FC_HEADER_BYTES + decoded.payload_bytes + lq_fc_frame_fill_bytes(&decoded) ==
              size);
    LQ_ASSERT(lq_fc_frame_crc(&decoded) == lq_fc_crc32(0, data, size));
    if (lq_fc_frame_data(&decoded, &payload))
        LQ_ASSERT(payload.bytes + payload.size_bytes == decoded.payload + decoded.payload_bytes);
}

static void link_service(uint8_t request, const uint8_t *data, uint32_t size)
{
    struct lq_fc_els els;
    struct lq_fc_rscn_page page;
    uint8_t out[LQ_FC_ELS_BYTES_MAX];
    if (!lq_fc_els_decode(&els, request, data, size))
        return;
    LQ_ASSERT(lq_fc_els_encode(&els, out) == size && memcmp(out, data, size) == 0);
    for (uint32_t i = 0; els.command == LQ_FC_ELS_RSCN && lq_fc_rscn_page(&els, i, &page); i++)
        LQ_ASSERT(page.fc_id <= 0xffffff && 8 + i * 4 <= size);
}

static void common_transport(uint16_t request, const uint8_t *data, uint32_t size)
{
    struct lq_fc_ct ct;
    struct lq_fc_ct_entry entry;
    static uint8_t out[LQ_FC_CT_BYTES_MAX];
    if (!lq_fc_ct_decode(&ct, request, data, size))
        return;
    memcpy(out, data, size);
    lq_fc_ct_encode(&ct, out);
    LQ_ASSERT(memcmp(out, data, size) == 0);
    for (uint32_t i = 0; lq_fc_ct_entry_get(ct.request, data, size, i, &entry); i++)
        LQ_ASSERT(entry.fc_id <= 0xffffff);
}

static void information_unit(const uint8_t *data, uint32_t size)
{
    static uint8_t out[LQ_FC_PAYLOAD_BYTES_MAX];
    struct lq_fcp_cmnd cmnd;
    struct lq_fcp_rsp rsp;
    if (lq_fcp_cmnd_decode(&cmnd, data, size)) {
        uint32_t bytes = lq_fcp_cmnd_encode(&cmnd, out);
        LQ_ASSERT(bytes <= size && memcmp(out, data, bytes) == 0);
    }
    if (size <= sizeof out && lq_fcp_rsp_decode(&rsp, data, size)) {
        LQ_ASSERT(lq_fcp_rsp_bytes(&rsp) <= size);
        lq_fcp_rsp_encode(&rsp, out);
        LQ_ASSERT(memcmp(out, data, lq_fcp_rsp_bytes(&rsp)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > 4096)
        return 0;
    uint32_t left = (uint32_t)size - 3;
    switch (data[0] % 4) {
    case 0: frame(data + 3, left); break;
    case 1: link_service(data[1], data + 3, left); break;
    case 2: common_transport((uint16_t)(data[1] << 8 | data[2]), data + 3, left); break;
    default: information_unit(data + 3, left); break;
    }
    return 0;
}
