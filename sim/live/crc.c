/* SPDX-License-Identifier: Apache-2.0 */
/* Each way is compiled where its compiler knows it, and listed where its processor has it. */
#include "sim/live/crc.h"

#include <stdbool.h>
#include <string.h>

#if defined LQ_HAVE_ISAL
#include <isa-l.h>
#endif
#if defined __x86_64__
#include <nmmintrin.h>
#elif defined __aarch64__ && defined __linux__
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
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

/* --- instructions ----------------------------------------------------------------------------- */

#if defined __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *bytes,
                                                            uint32_t size_bytes)
{
    uint64_t state = (uint32_t)~crc;
    for (; size_bytes >= 8; size_bytes -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        state = _mm_crc32_u64(state, word);
    }
    for (; size_bytes > 0; size_bytes--)
        state = _mm_crc32_u8((uint32_t)state, *bytes++);
    return ~(uint32_t)state;
}

static bool has_sse42(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}
#elif defined __aarch64__ && defined __linux__
__attribute__((target("+crc"))) static uint32_t crc_armv8(uint32_t crc, const uint8_t *bytes,
                                                          uint32_t size_bytes)
{
    crc = ~crc;
    for (; size_bytes >= 8; size_bytes -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        crc = __crc32cd(crc, word);
    }
    for (; size_bytes > 0; size_bytes--)
        crc = __crc32cb(crc, *bytes++);
    return ~crc;
}

static bool has_armv8(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}
#endif

/* --- choice ----------------------------------------------------------------------------------- */

uint32_t lq_crc_providers(struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX])
{
    uint32_t count = 0;
#if defined LQ_HAVE_ISAL
    providers[count++] = (struct lq_crc_provider){"ISA-L", crc_isal};
#endif
#if defined __x86_64__
    if (has_sse42())
        providers[count++] = (struct lq_crc_provider){"SSE4.2", crc_sse42};
#elif defined __aarch64__ && defined __linux__
    if (has_armv8())
        providers[count++] = (struct lq_crc_provider){"ARMv8", crc_armv8};
#endif
    providers[count++] = (struct lq_crc_provider){"tables", lq_crc32c_table};
    return count;
}

lq_crc32c_function lq_crc_fastest(void)
{
    struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX];
    lq_crc_providers(providers);
    return providers[0].function;
}
