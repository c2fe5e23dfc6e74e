/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction is compiled where the compiler knows it, and used where the processor has it. */
#include "sim/machine/crc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined __x86_64__
#include <nmmintrin.h>
#elif defined __aarch64__ && defined __linux__
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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

struct lq_crc_provider lq_crc_processor(void)
{
#if defined __x86_64__
    if (has_sse42())
        return (struct lq_crc_provider){"SSE4.2", crc_sse42};
#elif defined __aarch64__ && defined __linux__
    if (has_armv8())
        return (struct lq_crc_provider){"ARMv8", crc_armv8};
#endif
    return (struct lq_crc_provider){NULL, NULL};
}
