/* SPDX-License-Identifier: Apache-2.0 */
/* The codec: any header decodes within bounds; what was decoded encodes and decodes to the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "proto/iscsi/pdu.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_ahs(const uint8_t *bytes, uint32_t ahs_bytes)
{
    struct lq_iscsi_ahs ahs;
    uint32_t position = 0, before = 0;
    while (lq_iscsi_ahs_next(bytes, ahs_bytes, &position, &ahs) == 1) {
        LQ_ASSERT(position > before && position <= ahs_bytes);
        LQ_ASSERT(ahs.contents.bytes >= bytes &&
                  ahs.contents.bytes + ahs.contents.size_bytes <= bytes + ahs_bytes);
        before = position;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < LQ_BHS_BYTES)
        return 0;
    struct lq_iscsi_pdu pdu;
    uint8_t once[LQ_BHS_BYTES], twice[LQ_BHS_BYTES], patched[LQ_BHS_BYTES];
    memset(&pdu, 0, sizeof pdu);
    if (lq_iscsi_pdu_decode(&pdu, data)) {
        lq_iscsi_pdu_encode(&pdu, once);
        memset(&pdu, 0, sizeof pdu);
        LQ_ASSERT(lq_iscsi_pdu_decode(&pdu, once));
        lq_iscsi_pdu_encode(&pdu, twice);
        LQ_ASSERT(memcmp(once, twice, sizeof once) == 0);
        memcpy(patched, once, sizeof patched);
        lq_iscsi_pdu_patch(&pdu, patched);
        LQ_ASSERT(memcmp(once, patched, sizeof once) == 0);
    }
    uint32_t left = (uint32_t)(size - LQ_BHS_BYTES);
    walk_ahs(data + LQ_BHS_BYTES, left < LQ_AHS_BYTES_MAX ? left : LQ_AHS_BYTES_MAX);
    return 0;
}
