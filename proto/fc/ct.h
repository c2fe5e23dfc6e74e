/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Common transport and the directory server's requests [FC-GS-6]: payloads of TYPE 20h.
 *
 * What this is not: a directory. Fields without a name here stay as they came; what was decoded is
 * encoded byte for byte.
 *
 * Who uses it: the initiator endpoint, which asks; the fabric, which answers.
 */
#ifndef LQ_PROTO_FC_CT_H
#define LQ_PROTO_FC_CT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LQ_FC_CT_BYTES_MAX = 2112, /* one frame */
    LQ_FC_CT_PREAMBLE_BYTES = 16,
    LQ_FC_CT_DIRECTORY = 0xfc,   /* GS_Type */
    LQ_FC_CT_NAME_SERVER = 0x02, /* GS_Subtype */
    LQ_FC_CT_NAME_BYTES_MAX = 255
};

/* Command and response codes. */
enum lq_fc_ct_command {
    LQ_FC_CT_GA_NXT = 0x0100,
    LQ_FC_CT_GPN_ID = 0x0112,
    LQ_FC_CT_GNN_ID = 0x0113,
    LQ_FC_CT_GFT_ID = 0x0117,
    LQ_FC_CT_GFF_ID = 0x011f,
    LQ_FC_CT_GID_PN = 0x0121,
    LQ_FC_CT_GID_NN = 0x0131,
    LQ_FC_CT_GID_PT = 0x01a1,
    LQ_FC_CT_GID_FT = 0x0171,
    LQ_FC_CT_GPN_FT = 0x0172,
    LQ_FC_CT_GNN_FT = 0x0173,
    LQ_FC_CT_RPN_ID = 0x0212,
    LQ_FC_CT_RNN_ID = 0x0213,
    LQ_FC_CT_RFT_ID = 0x0217,
    LQ_FC_CT_RSPN_ID = 0x0218,
    LQ_FC_CT_RFF_ID = 0x021f,
    LQ_FC_CT_RSNN_NN = 0x0239,
    LQ_FC_CT_DA_ID = 0x0300,
    LQ_FC_CT_REJECT = 0x8001,
    LQ_FC_CT_ACCEPT = 0x8002
};

/* Reason codes of a reject; explanations of UNABLE. */
enum lq_fc_ct_reason {
    LQ_FC_CT_INVALID_COMMAND = 0x01,
    LQ_FC_CT_LOGICAL_ERROR = 0x03,
    LQ_FC_CT_LOGICAL_BUSY = 0x05,
    LQ_FC_CT_PROTOCOL_ERROR = 0x07,
    LQ_FC_CT_UNABLE = 0x09,
    LQ_FC_CT_NOT_SUPPORTED = 0x0b
};

enum lq_fc_ct_explanation {
    LQ_FC_CT_NO_PORT_ID = 0x01, /* Port_ID not registered */
    LQ_FC_CT_NO_PORT_NAME = 0x02,
    LQ_FC_CT_NO_NODE_NAME = 0x03,
    LQ_FC_CT_NO_FC4_TYPES = 0x07,
    LQ_FC_CT_ACCESS_DENIED = 0x10,
    LQ_FC_CT_DATABASE_EMPTY = 0x12
};

struct lq_fc_ct {
    /* the preamble */
    uint8_t revision;
    uint32_t in_id; /* address of who asked, set by relays */
    uint8_t gs_type, gs_subtype, options;
    uint16_t command;
    uint16_t residual; /* maximum/residual size, in words */
    uint8_t fragment, reason, explanation, vendor;
    uint16_t request; /* the command, or of a reply the request's */
    uint16_t size_bytes; /* of the payload, preamble included */
    /* what stands behind it: those that the request, or its accept, has */
    uint32_t fc_id;
    uint64_t name; /* port name of *PN*, node name of *NN* requests */
    uint8_t type;  /* FC-4 TYPE of *_FT and RFF_ID */
    uint8_t domain, area; /* scope of *_FT */
    uint8_t features;     /* RFF_ID: bit 0 target, bit 1 initiator */
    uint8_t text_bytes; /* RSPN_ID, RSNN_NN: symbolic name's length */
};

/* A request (REQUEST 0), or the reply to one of that command. False: the other of the two, too
 * short, or longer than a frame. */
bool lq_fc_ct_decode(struct lq_fc_ct *ct, uint16_t request, const uint8_t *payload,
                     uint32_t size_bytes);

/* A payload of COMMAND that answers REQUEST (0: it is one), to the directory's name server, of its
 * least size. */
void lq_fc_ct_begin(struct lq_fc_ct *ct, uint16_t command, uint16_t request);

/* Writes preamble and named fields into PAYLOAD, which has ct->size_bytes; other bytes of it stay
 * as they are (the caller clears them, or leaves what came). */
void lq_fc_ct_encode(const struct lq_fc_ct *ct, uint8_t *payload);

/* FC-4 types of RFT_ID, GFT_ID's accept: 32 bytes at this offset; the bit of TYPE [FC-GS-6]. */
enum { LQ_FC_CT_TYPES_OFFSET = 20, LQ_FC_CT_GFT_TYPES_OFFSET = 16, LQ_FC_CT_TYPES_BYTES = 32 };
bool lq_fc_ct_types_has(const uint8_t *types, uint8_t type);
void lq_fc_ct_types_add(uint8_t *types, uint8_t type);

/* Where a symbolic name stands in RSPN_ID and RSNN_NN. */
enum { LQ_FC_CT_RSPN_TEXT_OFFSET = 21, LQ_FC_CT_RSNN_TEXT_OFFSET = 25 };

/* An entry of the list that accepts GPN_FT, GNN_FT (16 bytes each) and GID_FT, GID_PT, GID_NN
 * (4 bytes). */
struct lq_fc_ct_entry {
    bool last;
    uint32_t fc_id;
    uint64_t name; /* 0 in lists without names */
};

/* Bytes of an entry in the accept of REQUEST; 0: it is no list. */
uint32_t lq_fc_ct_entry_bytes(uint16_t request);

/* Entry INDEX of the accept of REQUEST in PAYLOAD; false: beyond its end. */
bool lq_fc_ct_entry_get(uint16_t request, const uint8_t *payload, uint32_t size_bytes,
                        uint32_t index, struct lq_fc_ct_entry *entry);
void lq_fc_ct_entry_put(uint16_t request, uint8_t *payload, uint32_t index,
                        const struct lq_fc_ct_entry *entry);

#endif
