/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of FC and FIP and their fields by name [FC-FS-3, FC-LS-2, FCP-4, FC-BB-5], for fault
 * rules; and a frame as rules see it.
 *
 * That is its FC header, then the first bytes of its payload (byteN counts from there), and apart
 * from them the header of FIP: an FC frame has zeros there, a FIP frame in the others.
 *
 * Who uses it: sim/shard's frame filter and scenarios' parser, to whom the table is handed.
 */
#ifndef LQ_PROTO_FCOE_FIELDS_H
#define LQ_PROTO_FCOE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "faults/pdu.h"

enum { LQ_FCOE_VIEW_BYTES = 96 };

extern const struct lq_pdu_table lq_fcoe_pdu_table;

/* Where the payload of an FC frame stands in BYTES, an Ethernet frame, and in *SIZE_BYTES how long
 * it is with its fill bytes; 0: it is none. */
uint32_t lq_fcoe_payload(const uint8_t *bytes, uint32_t size_bytes, uint32_t *payload_bytes);

/* Makes VIEW of the Ethernet frame in BYTES. False: it is neither FCoE nor FIP. */
bool lq_fcoe_view(const uint8_t *bytes, uint32_t size_bytes, uint8_t view[LQ_FCOE_VIEW_BYTES]);

/* Puts VIEW, which was changed, back into its frame; what the frame has no room for is lost. */
void lq_fcoe_unview(const uint8_t view[LQ_FCOE_VIEW_BYTES], uint8_t *bytes, uint32_t size_bytes);

#endif
