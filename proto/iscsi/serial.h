/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial number arithmetic of 32 bits [RFC 1982], by which CmdSN, StatSN, DataSN and R2TSN are
 * compared [RFC 7143 4.2.2.1]. Used by both endpoints.
 */
#ifndef LQ_PROTO_ISCSI_SERIAL_H
#define LQ_PROTO_ISCSI_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* A comes before B. Of two numbers exactly half the space apart each comes before the other. */
static inline bool lq_sn_before(uint32_t a, uint32_t b)
{
    return (uint32_t)(a - b) >> 31 != 0;
}

/* LOW <= SN <= HIGH; an empty window has HIGH = LOW - 1. */
static inline bool lq_sn_within(uint32_t sn, uint32_t low, uint32_t high)
{
    return !lq_sn_before(sn, low) && !lq_sn_before(high, sn);
}

#endif
