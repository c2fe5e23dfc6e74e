/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the fabric: fabric.c (ports, frames), fabric_els.c (link services, notifications) and
 * fabric_directory.c (name server). */
#ifndef LQ_PROTO_FC_FABRIC_STATE_H
#define LQ_PROTO_FC_FABRIC_STATE_H

#include "proto/fc/ct.h"
#include "proto/fc/fabric.h"

/* A set of N_Ports, by their place in the table. */
struct lq_port_set {
    uint64_t words[2];
};

/* An RSCN that has been sent and not been accepted, and what changed since. */
struct lq_notice {
    bool is_out;
    uint16_t ox_id;
    uint32_t tries;
    uint64_t deadline_ns;
    struct lq_port_set told, changed;
};

struct lq_fabric_port {
    bool is_here;
    uint32_t link;
    uint64_t port_name, node_name; /* the port name of one that is gone keeps its address */
    uint16_t data_bytes_max;
    bool has_directory_login;
    bool wants_notices; /* SCR */
    uint8_t types[LQ_FC_CT_TYPES_BYTES], features;
    struct lq_notice notice;
};

struct lq_fabric_out {
    struct lq_fc_frame frame;
    uint8_t payload[LQ_FC_PAYLOAD_BYTES_MAX];
};

struct lq_fc_fabric {
    struct lq_fc_fabric_config config;
    struct lq_env *env;
    struct lq_fabric_port *ports;
    struct lq_fabric_out *out; /* a ring of config.frames_max */
    uint32_t out_first, out_count;
    uint16_t next_ox_id;
    struct lq_fc_fabric_counts counts;
};

/* A payload to be sent with the addresses and identifiers of FRAME, in as many frames as it takes.
 * False: there is no room, it is dropped. */
bool lq_fabric_send(struct lq_fc_fabric *fabric, const struct lq_fc_frame *frame,
                    const uint8_t *payload, uint32_t payload_bytes);

/* Addresses, identifiers and bits of a reply to REQUEST, of R_CTL and TYPE. */
struct lq_fc_frame lq_fabric_reply_to(const struct lq_fc_frame *request, uint8_t r_ctl,
                                      uint8_t type);

uint16_t lq_fabric_ox_id(struct lq_fc_fabric *fabric);

/* The N_Port with this address; NULL: none. */
struct lq_fabric_port *lq_fabric_port(struct lq_fc_fabric *fabric, uint32_t fc_id);
uint32_t lq_fabric_address(const struct lq_fc_fabric *fabric, const struct lq_fabric_port *port);

/* Something about PORT has changed: notices go to all others who want them. */
void lq_fabric_changed(struct lq_fc_fabric *fabric, const struct lq_fabric_port *port);

/* Link services to a well-known address, by a port that is here. */
void lq_fabric_els_request(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                           const struct lq_fc_frame *frame);
void lq_fabric_els_reply(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                         const struct lq_fc_frame *frame);
void lq_fabric_notices_expire(struct lq_fc_fabric *fabric);

/* A request to the directory server, by a port that is logged in there. */
void lq_fabric_directory(struct lq_fc_fabric *fabric, struct lq_fabric_port *port,
                         const struct lq_fc_frame *frame);

#endif
