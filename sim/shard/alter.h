/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fault makes of a PDU's bytes: changes in place, and PDUs made up for the purpose. iSCSI's
 * shape is known here and in no other file of the filter.
 *
 * Who uses it: filter.c.
 */
#ifndef LQ_SIM_SHARD_ALTER_H
#define LQ_SIM_SHARD_ALTER_H

#include <stdbool.h>
#include <stdint.h>

#include "faults/pdu.h"

enum {
    LQ_ALTER_MADE_MAX = 128, /* of a PDU that is made up */
    LQ_ALTER_DIGEST_BYTES = 4
};

/* A whole PDU. DIGESTS are what stands behind header and data, 0 or 4 bytes each. */
struct lq_alter_pdu {
    uint8_t *bytes;
    uint32_t size_bytes;
    uint32_t header_digest_bytes, data_digest_bytes;
};

/* Bytes of the PDU behind its header, digests and padding included. */
uint64_t lq_alter_rest_bytes(const uint8_t *header, uint32_t header_digest_bytes,
                             uint32_t data_digest_bytes);

/* Its data segment; NULL when there is none. */
uint8_t *lq_alter_data(const struct lq_alter_pdu *pdu, uint32_t *size_bytes);

/* Flips bit BIT of byte BYTE. */
void lq_alter_flip(struct lq_alter_pdu *pdu, uint32_t byte, uint32_t bit);

/* Leaves the first BYTES of the data segment; lengths and padding follow. */
void lq_alter_truncate(struct lq_alter_pdu *pdu, uint32_t bytes);

/* FIELD of the header gets another value. */
void lq_alter_change(struct lq_alter_pdu *pdu, const struct lq_pdu_field *field,
                     enum lq_pdu_change change, uint64_t value);

/* True when the PDU carries a SCSI status. */
bool lq_alter_has_status(const uint8_t *header);

/*
 * The PDU tells STATUS, with SENSE (key << 16 | ASC << 8 | ASCQ) when that is CHECK CONDITION. A
 * Data-In gives its status to a SCSI Response behind it, put into MADE; returns its size, 0: none.
 * PDU has room for LQ_ALTER_MADE_MAX bytes.
 */
uint32_t lq_alter_answer(struct lq_alter_pdu *pdu, uint32_t status, uint32_t sense,
                         uint8_t made[LQ_ALTER_MADE_MAX]);

/* Digests as they must be for what the PDU says now; needless when it has none. */
void lq_alter_seal(struct lq_alter_pdu *pdu);

/* The same for MADE, a PDU of SIZE_BYTES without digests and additional headers: they are put in
 * where LIKE has them. Returns its size then. */
uint32_t lq_alter_add_digests(const struct lq_alter_pdu *like, uint8_t *made, uint32_t size_bytes);

/* A PDU of DIRECTION that asks for nothing: a NOP of 48 bytes with the numbers that HEADER, a PDU
 * of the same direction, has. */
void lq_alter_nothing(enum lq_pdu_direction direction, const uint8_t *header, uint8_t made[48]);

/* A Login Response that ends the login [RFC 7143 11.13.3]. */
bool lq_alter_ends_login(const uint8_t *header);

#endif
