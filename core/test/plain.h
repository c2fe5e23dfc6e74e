/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of the engine's table as plainly as it can be sent. */
#ifndef LQ_CORE_TEST_PLAIN_H
#define LQ_CORE_TEST_PLAIN_H

#include "core/opcodes.h"

/* Writes the CDB, of LQ_CDB_BYTES_MAX: one block, or as many bytes as any answer has. */
void plain_cdb(const struct lq_opcode *opcode, uint8_t *cdb);

#endif
