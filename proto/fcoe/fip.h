/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec of the FCoE Initialization Protocol [FC-BB-5 7.7, FC-BB-6 for VN2VN].
 *
 * A FIP operation is a header and a list of descriptors. One table says where each field lies in
 * which descriptor, one which descriptors an operation has and in which order; decoding and
 * encoding are those tables. What this is not: it knows no state; who may send what when is
 * fcf.h's, vn2vn.h's and enode.h's.
 *
 * What is decoded is a message: the fields by their names, with the descriptors that were there.
 * Unknown descriptors from 128 up are passed over [FC-BB-5 7.7.7.1]. Reserved bits are not kept by
 * a message; lq_fip_patch writes fields into bytes that have them.
 */
#ifndef LQ_PROTO_FCOE_FIP_H
#define LQ_PROTO_FCOE_FIP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/slice.h"

enum {
    LQ_FIP_HEADER_BYTES = 10,
    LQ_FIP_FC4_BYTES = 160,      /* 32 of types and 128 of features */
    LQ_FIP_BYTES_MAX = 2158      /* of an operation, padded: as long as the longest FCoE frame */
};

/* Operation code and subcode as one number [FC-BB-5 table 23, FC-BB-6]. */
enum lq_fip_operation {
    LQ_FIP_SOLICITATION = 0x000101,
    LQ_FIP_ADVERTISEMENT = 0x000102,
    LQ_FIP_LINK_REQUEST = 0x000201, /* FLOGI, FDISC, LOGO */
    LQ_FIP_LINK_REPLY = 0x000202,
    LQ_FIP_KEEP_ALIVE = 0x000301,
    LQ_FIP_CLEAR_LINKS = 0x000302,
    LQ_FIP_VLAN_REQUEST = 0x000401,
    LQ_FIP_VLAN_NOTIFICATION = 0x000402,
    LQ_FIP_PROBE_REQUEST = 0x000501,
    LQ_FIP_PROBE_REPLY = 0x000502,
    LQ_FIP_CLAIM_NOTIFICATION = 0x000503,
    LQ_FIP_CLAIM_RESPONSE = 0x000504,
    LQ_FIP_BEACON = 0x000505
};

enum lq_fip_flag {
    LQ_FIP_FP = 0x8000, /* fabric provided MAC addresses */
    LQ_FIP_SP = 0x4000, /* server provided ones */
    LQ_FIP_REC = 0x0008, /* VN2VN: the address was recorded */
    LQ_FIP_A = 0x0004,  /* available for login */
    LQ_FIP_S = 0x0002,  /* solicited */
    LQ_FIP_F = 0x0001   /* sent by an FCF */
};

/* Descriptors [FC-BB-5 7.7.7.2]. */
enum lq_fip_type {
    LQ_FIP_PRIORITY = 1,
    LQ_FIP_MAC = 2,
    LQ_FIP_FC_MAP = 3,
    LQ_FIP_NAME = 4, /* of the node or switch */
    LQ_FIP_FABRIC = 5,
    LQ_FIP_MAX_FCOE_SIZE = 6,
    LQ_FIP_FLOGI = 7,
    LQ_FIP_FDISC = 8,
    LQ_FIP_LOGO = 9,
    LQ_FIP_ELP = 10,
    LQ_FIP_VN_PORT = 11,
    LQ_FIP_FKA_ADV_PERIOD = 12,
    LQ_FIP_VENDOR = 13,
    LQ_FIP_VLAN = 14,
    LQ_FIP_FC4 = 15,
    LQ_FIP_TYPES
};

#define LQ_FIP_HAS(type) (1U << (type))
#define LQ_FIP_ELS                                                                                 \
    (LQ_FIP_HAS(LQ_FIP_FLOGI) | LQ_FIP_HAS(LQ_FIP_FDISC) | LQ_FIP_HAS(LQ_FIP_LOGO) |               \
     LQ_FIP_HAS(LQ_FIP_ELP))

struct lq_fip_vn_port {
    uint64_t mac;
    uint32_t fc_id;
    uint64_t name;
};

struct lq_fip_message {
    enum lq_fip_operation operation;
    uint16_t flags;
    uint32_t present; /* LQ_FIP_HAS() of each descriptor that is there */
    uint8_t priority;
    uint64_t mac;
    uint32_t fc_map;
    uint64_t name;
    uint16_t vfid;
    uint32_t fabric_fc_map;
    uint64_t fabric_name;
    uint16_t max_fcoe_bytes;
    struct lq_fip_vn_port vn_port; /* the first one */
    uint8_t fka_d;                 /* 1: no keep alives are wanted */
    uint32_t fka_adv_period_ms;
    uint64_t vendor_id;
    uint16_t vlan;       /* the first one; 12 bits */
    struct lq_slice els; /* FC header and payload, no SOF, CRC and EOF; of what was decoded */
    struct lq_slice fc4; /* LQ_FIP_FC4_BYTES */
    /* VN_Ports of a Clear Virtual Links beyond the first: lq_fip_vn_port_next. */
    struct lq_slice descriptors; /* all, of what was decoded */
};

/* What is wrong with bytes: for counters. */
enum lq_fip_error {
    LQ_FIP_OK,
    LQ_FIP_SHORT,      /* less than a header, or than it says */
    LQ_FIP_VERSION,    /* not 1 */
    LQ_FIP_UNKNOWN,    /* operation */
    LQ_FIP_LENGTH,     /* of a descriptor */
    LQ_FIP_DESCRIPTOR, /* one too many, or a critical one that the operation does not have */
    LQ_FIP_MISSING     /* descriptor */
};

/* Decodes the FIP operation at BYTES (behind the Ethernet header; padding may follow). Slices of
 * MESSAGE point into BYTES. Anything but OK: it is to be dropped, and MESSAGE means nothing. */
enum lq_fip_error lq_fip_decode(struct lq_fip_message *message, const uint8_t *bytes,
                                uint32_t size_bytes);

/* The next VN_Port descriptor of what was decoded, from *POSITION (0 at first). */
bool lq_fip_vn_port_next(const struct lq_fip_message *message, uint32_t *position,
                         struct lq_fip_vn_port *vn_port);

/* Encodes MESSAGE with the descriptors that are PRESENT in the order of its operation, and zeros up
 * to PADDED_BYTES. Returns how many bytes; BYTES has room for CAPACITY_BYTES, which must be
 * enough. */
uint32_t lq_fip_encode(const struct lq_fip_message *message, uint32_t padded_bytes, uint8_t *bytes,
                       uint32_t capacity_bytes);

/* Writes MESSAGE's fields into BYTES, which it was decoded from; what is no field stays. */
void lq_fip_patch(const struct lq_fip_message *message, uint8_t *bytes);

/* "Solicitation"; "?" for numbers that are none. */
const char *lq_fip_operation_name(uint32_t operation);

#endif
