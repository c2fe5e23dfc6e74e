/* SPDX-License-Identifier: Apache-2.0 */
/* FCoE: any bytes decode within bounds; what was decoded is encoded byte for byte. The CRC is put
 * right first: nobody guesses one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "proto/fcoe/fcoe.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_crc(uint8_t *bytes, size_t size, uint32_t skip)
{
    static const uint32_t around = LQ_FCOE_HEADER_BYTES + LQ_FCOE_TRAILER_BYTES;
    if (size < skip + around)
        return;
    uint32_t crc = lq_fc_crc32(0, bytes + skip + LQ_FCOE_HEADER_BYTES,
                               (uint32_t)size - skip - around);
    for (uint32_t i = 0; i < LQ_FC_CRC_BYTES; i++)
        bytes[size - LQ_FCOE_TRAILER_BYTES + i] = (uint8_t)(crc >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[LQ_FCOE_BYTES_MAX + 64];
    struct lq_ethernet ethernet;
    struct lq_fcoe fcoe;
    struct lq_fcoe_ends ends;
    if (size > sizeof bytes)
        return 0;
    memcpy(bytes, data, size);
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, (uint32_t)size);
    if (skip == 0)
        return 0;
    mend_crc(bytes, size, skip);
    if (lq_fcoe_decode(&fcoe, bytes + skip, (uint32_t)size - skip, NULL) != LQ_FCOE_OK)
        return 0;
    lq_fcoe_encode(&ethernet, &fcoe, NULL, &ends);
    LQ_ASSERT(ends.head_bytes + fcoe.fc.payload_bytes + ends.tail_bytes == size);
    LQ_ASSERT(memcmp(bytes, ends.head, ends.head_bytes) == 0);
    LQ_ASSERT(memcmp(bytes + ends.head_bytes, fcoe.fc.payload, fcoe.fc.payload_bytes) == 0);
    LQ_ASSERT(memcmp(bytes + size - ends.tail_bytes, ends.tail, ends.tail_bytes) == 0);
    return 0;
}
