/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fastest CRC32C of this machine: ISA-L's where it was built in, else the processor's own
 * instruction (SSE4.2, ARMv8), else the tables of proto/iscsi/crc32c.h. All give the same values.
 *
 * Who uses it: live targets, the benchmark.
 */
#ifndef LQ_SIM_LIVE_CRC_H
#define LQ_SIM_LIVE_CRC_H

#include "sim/machine/crc.h"

enum { LQ_CRC_PROVIDERS_MAX = 4 };

/* Those that work here, the fastest first, into PROVIDERS; returns how many: at least 1. */
uint32_t lq_crc_providers(struct lq_crc_provider providers[LQ_CRC_PROVIDERS_MAX]);

/* The first of them. */
lq_crc32c_function lq_crc_fastest(void);

#endif
