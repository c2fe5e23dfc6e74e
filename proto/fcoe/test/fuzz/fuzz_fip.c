/* SPDX-License-Identifier: Apache-2.0 */
/* FIP: any bytes decode within bounds; what was decoded encodes and decodes to the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "proto/fcoe/fip.h"

enum { BYTES_MAX = 4096 };

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lq_fip_message message, again;
    struct lq_fip_vn_port port;
    uint8_t once[BYTES_MAX], twice[BYTES_MAX];
    if (size > sizeof once || lq_fip_decode(&message, data, (uint32_t)size) != LQ_FIP_OK)
        return 0;
    uint32_t position = 0, before = 0;
    while (lq_fip_vn_port_next(&message, &position, &port)) {
        LQ_ASSERT(position > before && position <= message.descriptors.size_bytes);
        before = position;
    }
    memcpy(once, data, size);
    lq_fip_patch(&message, once);
    LQ_ASSERT(memcmp(once, data, size) == 0);
    uint32_t once_bytes = lq_fip_encode(&message, 0, once, sizeof once);
    LQ_ASSERT(once_bytes <= size);
    if (message.present & LQ_FIP_HAS(LQ_FIP_ELP))
        return 0; /* we never send one */
    LQ_ASSERT(lq_fip_decode(&again, once, once_bytes) == LQ_FIP_OK);
    LQ_ASSERT(lq_fip_encode(&again, 0, twice, sizeof twice) == once_bytes);
    LQ_ASSERT(memcmp(once, twice, once_bytes) == 0);
    return 0;
}
