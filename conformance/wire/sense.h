/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads sense data, fixed and descriptor format [SPC-5 r22 4.5]. Who uses it: the judges.
 */
#ifndef LQ_CONFORMANCE_WIRE_SENSE_H
#define LQ_CONFORMANCE_WIRE_SENSE_H

#include <stdbool.h>
#include <stdint.h>

struct lq_wire_sense {
    bool deferred, descriptor_format;
    uint8_t key, asc, ascq;
};

/* NULL when BYTES are well-formed sense data; else what is wrong with them, a few words. Key, ASC
 * and ASCQ are filled in as far as they are there. */
const char *lq_wire_sense_read(const uint8_t *bytes, uint32_t size_bytes,
                               struct lq_wire_sense *sense);

#endif
