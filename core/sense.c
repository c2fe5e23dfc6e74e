/* SPDX-License-Identifier: Apache-2.0 */
/* Sense data in both formats [SPC-5 4.4]. */
#include <string.h>

#include "core/base/bytes.h"
#include "core/state.h"

enum {
    FIXED_BYTES = 18,
    HEADER_BYTES = 8,
    INFORMATION_BYTES = 12,
    VALID = 0x80,
    SPECIFIC_BYTES = 8
};

/* Sense key specific data of ILLEGAL REQUEST [SPC-5 4.4.2.4.2]: SKSV, C/D, FIELD POINTER. */
static void put_field_pointer(uint8_t *at, uint8_t cdb_byte)
{
    at[0] = 0x80 | 0x40;
    lq_put_be16(at + 1, cdb_byte);
}

/* [SPC-5 4.4.2] */
static uint32_t build_descriptors(struct lq_sense sense, struct lq_information information,
                                  uint8_t *bytes)
{
    memset(bytes, 0, HEADER_BYTES + INFORMATION_BYTES + SPECIFIC_BYTES);
    bytes[0] = 0x72;
    bytes[1] = sense.key;
    bytes[2] = sense.asc;
    bytes[3] = sense.ascq;
    uint8_t *descriptor = bytes + HEADER_BYTES;
    if (information.is_valid) {
        descriptor[1] = INFORMATION_BYTES - 2;
        descriptor[2] = VALID;
        lq_put_be64(descriptor + 4, information.value);
        descriptor += INFORMATION_BYTES;
    }
    if (information.cdb_byte != 0) {
        descriptor[0] = 0x02;
        descriptor[1] = SPECIFIC_BYTES - 2;
        put_field_pointer(descriptor + 4, information.cdb_byte);
        descriptor += SPECIFIC_BYTES;
    }
    bytes[7] = (uint8_t)(descriptor - bytes - HEADER_BYTES);
    return (uint32_t)(descriptor - bytes);
}

/* [SPC-5 4.4.3]: INFORMATION has room for 32 bits. */
static uint32_t build_fixed(struct lq_sense sense, struct lq_information information,
                            uint8_t *bytes)
{
    memset(bytes, 0, FIXED_BYTES);
    bytes[0] = 0x70;
    bytes[2] = sense.key;
    bytes[7] = FIXED_BYTES - 8;
    bytes[12] = sense.asc;
    bytes[13] = sense.ascq;
    if (information.is_valid && information.value <= UINT32_MAX) {
        bytes[0] |= VALID;
        lq_put_be32(bytes + 3, (uint32_t)information.value);
    }
    if (information.cdb_byte != 0)
        put_field_pointer(bytes + 15, information.cdb_byte);
    return FIXED_BYTES;
}

uint32_t lq_sense_build(struct lq_sense sense, struct lq_information information,
                        bool has_descriptors, uint8_t *bytes)
{
    return has_descriptors ? build_descriptors(sense, information, bytes)
                           : build_fixed(sense, information, bytes);
}
