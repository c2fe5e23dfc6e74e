/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine's processor has for CRC32C: its own instruction (SSE4.2, ARMv8). It gives the
 * same values as the tables of proto/iscsi/crc32c.h; a world that is handed it runs the same run.
 *
 * Who uses it: sim/live, the sim subcommand.
 */
#ifndef LQ_SIM_MACHINE_CRC_H
#define LQ_SIM_MACHINE_CRC_H

#include "proto/iscsi/crc32c.h"

struct lq_crc_provider {
    const char *name; /* "ISA-L", "SSE4.2", "ARMv8", "tables" */
    lq_crc32c_function function;
};

/* By the processor's instruction; name and function are NULL where it has none. */
struct lq_crc_provider lq_crc_processor(void);

#endif
