/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/live/crc.h"

#include <stddef.h>

#if defined LQ_HAVE_ISAL
#include <isa-l.h>
#endif

/* --- ISA-L ------------------------------------------------------------------------------------ */

#if defined LQ_HAVE_ISAL
static uint32_t crc_isal(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes)
{
    enum { PIECE_BYTES = 1 << 30 }; /* its lengths are ints */
    while (size_bytes > 0) {
        uint32_t piece = size_bytes < PIECE_BYTES ? size_bytes : PIECE_BYTES;
        crc = ~crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)piece, ~crc);
        bytes += piece;
        size_bytes -= piece;
    }
    return crc;
}
#endif

/* --- choice ----------------------------------------------------------------------------------- */

uint32_t lq_crc_providers(struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX])
{
    uint32_t count = 0;
#if defined LQ_HAVE_ISAL
    providers[count++] = (struct lq_crc_provider){"ISA-L", crc_isal};
#endif
    struct lq_crc_provider processor = lq_crc_processor();
    if (processor.function != NULL)
        providers[count++] = processor;
    providers[count++] = (struct lq_crc_provider){"tables", lq_crc32c_table};
    return count;
}

lq_crc32c_function lq_crc_fastest(void)
{
    struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX];
    lq_crc_providers(providers);
    return providers[0].function;
}
