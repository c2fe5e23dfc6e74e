/* SPDX-License-Identifier: Apache-2.0 */
#include "core/test/plain.h"

#include <string.h>

#include "core/engine.h"

void plain_cdb(const struct lq_opcode *opcode, uint8_t *cdb)
{
    memset(cdb, 0, LQ_CDB_BYTES_MAX);
    cdb[0] = opcode->code;
    if (opcode->code == 0x7f)
        cdb[7] = 0x18, cdb[9] = (uint8_t)opcode->service_action;
    else if (opcode->has_service_action)
        cdb[1] = (uint8_t)opcode->service_action;
    if (opcode->length.bytes > 0)
        cdb[opcode->length.offset + opcode->length.bytes - 1] = opcode->length_rule ==
                                                                        LQ_LENGTH_ALLOCATION
                                                                    ? 0xfc
                                                                    : 1;
}
