/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own matrix of reservation conflicts: made from the standards, not from ours. */
#ifndef LQ_CORE_TEST_PR_MATRIX_H
#define LQ_CORE_TEST_PR_MATRIX_H

#include <stdint.h>

enum { PR_ANY_ACTION = 0xffff };

/* Who asks, while somebody else holds what. */
enum pr_column {
    PR_WE_OTHER,       /* write exclusive; registered or not makes no difference */
    PR_EA_OTHER,       /* exclusive access */
    PR_WE_REGISTRANT,  /* write exclusive, registrants only or all registrants */
    PR_EA_REGISTRANT,  /* exclusive access, registrants only or all registrants */
    PR_WE_STRANGER,    /* the same, not registered */
    PR_EA_STRANGER,
    PR_RESERVE_OTHER,  /* RESERVE by another I_T nexus */
    PR_COLUMNS
};

struct pr_row {
    uint8_t code;
    uint16_t service_action;
    char allowed[PR_COLUMNS + 1];
    const char *name;
};

/* NULL when the table does not know the command. */
const struct pr_row *pr_row_find(uint8_t code, uint16_t service_action);

#endif
