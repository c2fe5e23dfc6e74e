/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/wire/sense.h"

#include <stddef.h>

/* [SPC-5 r22 4.5.3]: additional length in byte 7 counts from byte 8; 13 is ASCQ's place. */
static const char *read_fixed(const uint8_t *bytes, uint32_t size_bytes,
                              struct lq_wire_sense *sense)
{
    sense->key = bytes[2] & 0x0f;
    if (size_bytes > 12)
        sense->asc = bytes[12];
    if (size_bytes > 13)
        sense->ascq = bytes[13];
    if (size_bytes < 8)
        return "fixed format sense is shorter than 8 bytes";
    if (bytes[7] + 8U > size_bytes)
        return "additional sense length goes beyond the data";
    if (size_bytes < 14)
        return "fixed format sense ends before ASC and ASCQ";
    return NULL;
}

/* [SPC-5 r22 4.5.2]: header of 8 bytes, then descriptors, each type, length - 2, body. */
static const char *read_descriptors(const uint8_t *bytes, uint32_t size_bytes,
                                    struct lq_wire_sense *sense)
{
    sense->descriptor_format = true;
    sense->key = bytes[1] & 0x0f;
    sense->asc = size_bytes > 2 ? bytes[2] : 0;
    sense->ascq = size_bytes > 3 ? bytes[3] : 0;
    if (size_bytes < 8)
        return "descriptor format sense is shorter than 8 bytes";
    uint32_t end = bytes[7] + 8U;
    if (end > size_bytes)
        return "additional sense length goes beyond the data";
    uint32_t at = 8;
    while (at < end) {
        if (end - at < 2 || end - at < bytes[at + 1] + 2U)
            return "a sense descriptor goes beyond the additional length";
        at += bytes[at + 1] + 2U;
    }
    return NULL;
}

const char *lq_wire_sense_read(const uint8_t *bytes, uint32_t size_bytes,
                               struct lq_wire_sense *sense)
{
    *sense = (struct lq_wire_sense){0};
    if (size_bytes < 3)
        return "sense data is shorter than 3 bytes";
    uint8_t code = bytes[0] & 0x7f;
    sense->deferred = code == 0x71 || code == 0x73;
    if (code == 0x70 || code == 0x71)
        return read_fixed(bytes, size_bytes, sense);
    if (code == 0x72 || code == 0x73)
        return read_descriptors(bytes, size_bytes, sense);
    return "response code is not 70h to 73h";
}
