/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/virtual/damage.h"

#include <string.h>

#include "core/base/choice.h"

enum { SITE_HEADER_BYTE = 101, SITE_DATA_BYTE, SITE_BIT };

enum { START_BYTES = 8, HEADER_BYTES = 48, DIGEST_BYTES = 4 };

static uint64_t subject_of(const struct lq_damage *damage, const struct lq_tcp *tcp,
                           enum lq_tcp_side side)
{
    return lq_subject((uint64_t)tcp->number << 1 | (uint64_t)side, damage->pdus);
}

static uint32_t draw(const struct lq_tcp *tcp, uint32_t site, uint64_t subject, uint32_t n)
{
    return (uint32_t)lq_choose(tcp->net->faults->choice, LQ_STREAM_NETWORK, site, subject, n);
}

static bool is_login(uint8_t opcode)
{
    return (opcode & 0x3f) == 0x03 || (opcode & 0x3f) == 0x23;
}

/* The first byte of a PDU: is its header hit? */
static void begin_pdu(struct lq_damage *damage, const struct lq_tcp *tcp, enum lq_tcp_side side,
                      uint8_t opcode, struct lq_iscsi_digests digests)
{
    uint64_t subject = subject_of(damage, tcp, side);
    damage->pdus++;
    damage->hit_at = UINT32_MAX;
    damage->digests = is_login(opcode) ? (struct lq_iscsi_digests){false, false} : digests;
    if (damage->digests.header &&
        lq_fault_fires(tcp->net->faults, LQ_FAULT_NET_DAMAGE_HEADER, subject, tcp->number))
        damage->hit_at = draw(tcp, SITE_HEADER_BYTE, subject, HEADER_BYTES + DIGEST_BYTES);
}

/* Its lengths are known: are its data hit? */
static void measure_pdu(struct lq_damage *damage, const struct lq_tcp *tcp, enum lq_tcp_side side)
{
    const uint8_t *start = damage->start;
    uint32_t data_bytes = (uint32_t)start[5] << 16 | (uint32_t)start[6] << 8 | start[7];
    uint32_t data_at = HEADER_BYTES + 4U * start[4] +
                       (damage->digests.header ? (uint32_t)DIGEST_BYTES : 0);
    bool is_digested = damage->digests.data && data_bytes > 0;
    damage->total_bytes = data_at + ((data_bytes + 3) & ~UINT32_C(3)) +
                          (is_digested ? (uint32_t)DIGEST_BYTES : 0);
    uint64_t subject = subject_of(damage, tcp, side);
    if (is_digested && damage->hit_at == UINT32_MAX &&
        lq_fault_fires(tcp->net->faults, LQ_FAULT_NET_DAMAGE_DATA, subject, tcp->number))
        damage->hit_at =
            data_at + draw(tcp, SITE_DATA_BYTE, subject, damage->total_bytes - data_at);
}

/* The next bytes of the PDU, up to the end of its start or its own; returns how many. */
static uint32_t pass(struct lq_damage *damage, struct lq_tcp *tcp, enum lq_tcp_side side,
                     const uint8_t *bytes, uint32_t size)
{
    bool is_start = damage->have_bytes < START_BYTES;
    uint32_t left = (is_start ? (uint32_t)START_BYTES : damage->total_bytes) - damage->have_bytes;
    uint32_t n = size < left ? size : left;
    if (is_start)
        memcpy(damage->start + damage->have_bytes, bytes, n);
    if (damage->hit_at >= damage->have_bytes && damage->hit_at - damage->have_bytes < n) {
        uint32_t into = damage->hit_at - damage->have_bytes;
        uint32_t bit = draw(tcp, SITE_BIT, subject_of(damage, tcp, side), 8);
        lq_tcp_damage(tcp, side, size - into, (uint8_t)(1U << bit));
    }
    damage->have_bytes += n;
    if (is_start && damage->have_bytes == START_BYTES)
        measure_pdu(damage, tcp, side);
    else if (!is_start && damage->have_bytes == damage->total_bytes)
        damage->have_bytes = 0;
    return n;
}

void lq_damage_written(struct lq_damage *damage, struct lq_tcp *tcp, enum lq_tcp_side side,
                       const uint8_t *bytes, uint32_t size_bytes,
                       struct lq_iscsi_digests digests)
{
    for (uint32_t at = 0; at < size_bytes;) {
        if (damage->have_bytes == 0)
            begin_pdu(damage, tcp, side, bytes[at], digests);
        at += pass(damage, tcp, side, bytes + at, size_bytes - at);
    }
}
