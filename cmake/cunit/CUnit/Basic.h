/* SPDX-License-Identifier: Apache-2.0 */

/* The stand-in's runner: see CUnit.h beside it. */
#ifndef LQ_STANDIN_CUNIT_BASIC_H
#define LQ_STANDIN_CUNIT_BASIC_H

#include "CUnit/CUnit.h"

typedef enum { CU_BRM_NORMAL = 0, CU_BRM_SILENT, CU_BRM_VERBOSE } CU_BasicRunMode;

void CU_basic_set_mode(CU_BasicRunMode mode);
/* Runs every test in the order of registration and prints failures and totals on stdout. */
CU_ErrorCode CU_basic_run_tests(void);

#endif
