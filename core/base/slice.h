/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of bytes that somebody else owns: a slice to read, a span to fill. */
#ifndef LQ_CORE_BASE_SLICE_H
#define LQ_CORE_BASE_SLICE_H

#include <stdint.h>

struct lq_slice {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

struct lq_span {
    uint8_t *bytes;
    uint32_t size_bytes;
};

#endif
