/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PDUs of iSCSI and their fields by name [RFC 7143 11], for fault rules: data, no code.
 *
 * Who uses it: sim/filter and scenarios' parser, to whom it is handed as a faults/pdu.h table.
 */
#ifndef LQ_PROTO_ISCSI_FIELDS_H
#define LQ_PROTO_ISCSI_FIELDS_H

#include "faults/pdu.h"

extern const struct lq_pdu_table lq_iscsi_pdu_table;

#endif
