/* SPDX-License-Identifier: Apache-2.0 */
/* An iSCSI PDU as one line of text for people. */
#ifndef LQ_TOOLS_PDU_TEXT_H
#define LQ_TOOLS_PDU_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* HEADER has 48 bytes; DATA_BYTES is the length of the data segment. Writes at most SIZE bytes, NUL
 * included. */
void lq_pdu_text(const uint8_t *header, uint32_t data_bytes, char *text, size_t size);

#endif
