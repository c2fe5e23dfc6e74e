/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts iSCSI PDUs together from the bytes of one direction of a connection, cut anywhere.
 *
 * Lenient: it follows the lengths of any header and judges nothing, but says which digests are
 * wrong. What it is not: the engine's receive path, with which it shares nothing.
 *
 * Who uses it: the judges, tests over foreign captures.
 */
#ifndef LQ_CONFORMANCE_WIRE_READER_H
#define LQ_CONFORMANCE_WIRE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/wire/crc.h"
#include "conformance/wire/pdu.h"

/* Data beyond this is counted but not kept: login and text parameters fit (8192 is the length that
 * a peer may send before it has negotiated more [RFC 7143 13.12]). */
enum { LQ_WIRE_DATA_KEPT = 8192 };

struct lq_wire_reader {
    const struct lq_wire_crc *crc;   /* the owner's */
    bool header_digest, data_digest; /* set by the owner when negotiated; take effect at the next
                                      * PDU */
    bool header_broken, data_broken; /* of a complete PDU: this digest is wrong */
    uint8_t header[LQ_WIRE_HEADER_BYTES];
    uint32_t have_bytes;  /* of the PDU under way, all segments */
    uint32_t total_bytes; /* of the PDU under way, known with its header; 0: not known yet */
    uint32_t data_at;     /* where the data segment begins */
    uint32_t data_bytes;  /* its length without padding */
    uint32_t kept_bytes;  /* of it in data[] */
    uint32_t header_end;  /* where a header digest begins, or would */
    uint32_t data_end;    /* where a data digest begins: behind the padding */
    uint32_t header_crc, data_crc;          /* of what has come of header and data */
    uint32_t header_says, data_says;        /* the digests, as far as they have come */
    uint64_t pdus;        /* completed */
    uint8_t data[LQ_WIRE_DATA_KEPT];
};

/* CRC has been made and outlives the reader. */
void lq_wire_reader_init(struct lq_wire_reader *reader, const struct lq_wire_crc *crc);

/*
 * Takes bytes up to the end of one PDU. Returns how many were taken; *COMPLETE tells that a PDU is
 * complete: header, data_bytes and data hold it until the next call. Call again with the rest.
 */
uint32_t lq_wire_take(struct lq_wire_reader *reader, const uint8_t *bytes, uint32_t size_bytes,
                      bool *complete);

/* Bytes of an incomplete PDU are there. */
static inline bool lq_wire_is_inside(const struct lq_wire_reader *reader)
{
    return reader->have_bytes != 0 && reader->have_bytes != reader->total_bytes;
}

#endif
