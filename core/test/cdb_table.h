/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own table of CDBs: made from the standards, not from the engine's. */
#ifndef LQ_CORE_TEST_CDB_TABLE_H
#define LQ_CORE_TEST_CDB_TABLE_H

#include <stdint.h>

enum { CDB_ANY_ACTION = 0xffff };

struct cdb_row {
    uint8_t code;
    uint16_t service_action;
    const char *name;
    /* Two hexadecimal digits for each byte of the CDB: operation code and service action as they
     * are, then in DEFINED every bit that the standard gives a meaning, and in NEEDED those which a
     * device server that has the command cannot do without. */
    const char *defined, *needed;
};

/* NULL when the table does not know the command. */
const struct cdb_row *cdb_row_find(uint8_t code, uint16_t service_action);

/* Byte PLACE of what DIGITS say. */
uint8_t cdb_byte(const char *digits, uint32_t place);

#endif
