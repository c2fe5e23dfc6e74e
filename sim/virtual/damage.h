/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damage on the wire that TCP's checksum let through: a bit of what a digest covers turns over.
 *
 * It follows the PDUs of one direction of a connection and hits only what is digested, headers or
 * data, so that whoever receives it can know. What this is not: a codec; it knows where lengths
 * stand and which PDUs belong to login. Who uses it: the virtual world.
 */
#ifndef LQ_SIM_VIRTUAL_DAMAGE_H
#define LQ_SIM_VIRTUAL_DAMAGE_H

#include "faults/faults.h"
#include "proto/iscsi/target.h"
#include "sim/virtual/tcp.h"

/* One direction; all zeros when its connection begins. */
struct lq_damage {
    uint64_t pdus; /* begun */
    uint32_t have_bytes, total_bytes; /* of the PDU under way; total: known with eight bytes */
    struct lq_iscsi_digests digests;  /* that it has */
    uint32_t hit_at;                  /* offset of the byte to be hit; UINT32_MAX: none */
    uint8_t start[8];                 /* opcode and lengths [RFC 7143 11.2.1] */
};

/* Nothing that is written from now on is damaged: PDUs need not be followed. */
static inline bool lq_damage_is_over(const struct lq_faults *faults)
{
    return !lq_fault_can_fire(faults, LQ_FAULT_NET_DAMAGE_HEADER) &&
           !lq_fault_can_fire(faults, LQ_FAULT_NET_DAMAGE_DATA);
}

/* SIDE has just written SIZE_BYTES, BYTES, to TCP, where they are damaged if faults say so. DIGESTS
 * are the connection's; PDUs of login have none. */
void lq_damage_written(struct lq_damage *damage, struct lq_tcp *tcp, enum lq_tcp_side side,
                       const uint8_t *bytes, uint32_t size_bytes,
                       struct lq_iscsi_digests digests);

#endif
