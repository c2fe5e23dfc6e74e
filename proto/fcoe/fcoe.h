/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec of FCoE frames: Ethernet header, FCoE header, FC frame, trailer [FC-BB-5 7.6].
 *
 *     Ethernet 14 (18 with a VLAN tag) | version, reserved 13, SOF | FC header 24 | data field
 *     | CRC 4, least significant byte first | EOF | reserved 3
 *
 * No part says how long the frame is: the trailer is the last eight bytes. The shortest frame is
 * as long as Ethernet's shortest, so that nothing is ever padded. MAC addresses are numbers of 48
 * bits.
 *
 * What this is not: it knows no port and no address; who may send what is the station's.
 */
#ifndef LQ_PROTO_FCOE_FCOE_H
#define LQ_PROTO_FCOE_FCOE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fc/frame.h"

enum {
    LQ_ETHERNET_BYTES = 14,
    LQ_ETHERNET_TAG_BYTES = 4,
    LQ_FCOE_HEADER_BYTES = 14,
    LQ_FCOE_TRAILER_BYTES = 8,
    LQ_FCOE_HEAD_BYTES_MAX = LQ_ETHERNET_BYTES + LQ_ETHERNET_TAG_BYTES + LQ_FCOE_HEADER_BYTES +
                             LQ_FC_HEADER_BYTES,
    LQ_FCOE_TAIL_BYTES_MAX = 3 + LQ_FCOE_TRAILER_BYTES, /* fill bytes and trailer */
    /* The longest frame, tagged. */
    LQ_FCOE_BYTES_MAX = LQ_FCOE_HEAD_BYTES_MAX + LQ_FC_PAYLOAD_BYTES_MAX + LQ_FCOE_TRAILER_BYTES,
    LQ_ETHERTYPE_FCOE = 0x8906,
    LQ_ETHERTYPE_FIP = 0x8914,
    LQ_ETHERTYPE_VLAN = 0x8100
};

/* Group addresses [FC-BB-5 table 20, FC-BB-6]. */
#define LQ_MAC_ALL_FCOE UINT64_C(0x011018010000)
#define LQ_MAC_ALL_ENODES UINT64_C(0x011018010001)
#define LQ_MAC_ALL_FCFS UINT64_C(0x011018010002)
#define LQ_MAC_ALL_VN2VN UINT64_C(0x011018010004)
#define LQ_MAC_GROUP_BIT UINT64_C(0x010000000000)

/* The MAC address of FC_ID under FC_MAP [FC-BB-5 7.8.2]. */
static inline uint64_t lq_fcoe_mac(uint32_t fc_map, uint32_t fc_id)
{
    return (uint64_t)fc_map << 24 | fc_id;
}

struct lq_ethernet {
    uint64_t destination, source;
    uint16_t type;
    bool is_tagged; /* [IEEE 802.1Q] */
    uint16_t tag;   /* priority, DEI and 12 bits of VLAN identifier */
};

/* Returns how many bytes the header has, 0 when BYTES are too short for one. */
uint32_t lq_ethernet_decode(struct lq_ethernet *ethernet, const uint8_t *bytes,
                            uint32_t size_bytes);

/* Returns how many bytes were written: 14 or 18. */
uint32_t lq_ethernet_encode(const struct lq_ethernet *ethernet, uint8_t *bytes);

struct lq_fcoe {
    struct lq_fc_frame fc;
    uint8_t version; /* 4 bits; 0 */
    uint8_t reserved[13]; /* of the header, the first one's upper four bits being the version's */
    uint8_t trailer_reserved[3];
};

enum lq_fcoe_error {
    LQ_FCOE_OK,
    LQ_FCOE_LENGTH,  /* too short, too long, or not of whole words */
    LQ_FCOE_VERSION, /* not 0 */
    LQ_FCOE_FRAME,   /* FC header and data field do not fit together */
    LQ_FCOE_CRC
};

/* lq_fc_crc32, or a faster function of the same values. */
typedef uint32_t (*lq_fc_crc32_function)(uint32_t crc, const uint8_t *bytes, uint32_t size_bytes);

/* Decodes what is behind the Ethernet header; the payload points into BYTES. Any SOF and EOF pass:
 * see lq_fcoe_is_class_3. Anything but OK: it is to be dropped. CRC32 NULL: lq_fc_crc32. */
enum lq_fcoe_error lq_fcoe_decode(struct lq_fcoe *fcoe, const uint8_t *bytes, uint32_t size_bytes,
                                  lq_fc_crc32_function crc32);

/* SOF and EOF of a whole class 3 frame: neither aborted nor invalid [FC-FS-3, frame delimiters]. */
bool lq_fcoe_is_class_3(const struct lq_fc_frame *frame);

/* What goes before and behind the payload. */
struct lq_fcoe_ends {
    uint8_t head[LQ_FCOE_HEAD_BYTES_MAX], tail[LQ_FCOE_TAIL_BYTES_MAX];
    uint32_t head_bytes, tail_bytes;
};

/* Encodes all of a frame but its payload; payload and fill bytes must be of whole words together.
 * CRC32 NULL: lq_fc_crc32. */
void lq_fcoe_encode(const struct lq_ethernet *ethernet, const struct lq_fcoe *fcoe,
                    lq_fc_crc32_function crc32, struct lq_fcoe_ends *ends);

#endif
