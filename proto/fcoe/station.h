/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame device of a shard: what stands between whole Ethernet frames and the N_Ports of the
 * shard's targets. In fabric mode it is an FCF with a fabric of its own, to which these N_Ports are
 * attached without a frame; ENodes find it by FIP. In VN2VN mode each N_Port is a VN_Port on
 * Ethernet, and finds its peers itself [FC-BB-6].
 *
 * What this is not: a socket (sim/live) or a network (sim/virtual). Sans-IO: frames in, frames out,
 * time as a value. What makes no sense is counted and dropped.
 *
 * The station owns addresses: it makes MAC addresses from FC_IDs, encapsulates what the N_Ports
 * emit, and hands them what arrives.
 */
#ifndef LQ_PROTO_FCOE_STATION_H
#define LQ_PROTO_FCOE_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/slice.h"
#include "core/env.h"
#include "proto/fc/fabric.h"
#include "proto/fc/target.h"
#include "proto/fcoe/fcf.h"
#include "proto/fcoe/fcoe.h"
#include "proto/fcoe/vn2vn.h"

struct lq_fcoe_station;

enum {
    LQ_FCOE_FRAME_SLICES = 3, /* of an emitted frame: head, payload, tail */
    LQ_FCOE_VN_PORTS_MAX = 16, /* N_Ports in VN2VN mode */
    LQ_FCOE_MTU = 2500         /* with it, FC frames of all sizes pass */
};

enum lq_fcoe_mode { LQ_FCOE_FABRIC, LQ_FCOE_VN2VN };

struct lq_fcoe_station_config {
    enum lq_fcoe_mode mode;
    uint64_t mac;     /* of the FCF, or of the ENode */
    uint16_t vlan;    /* 0: frames have no tag */
    uint32_t mtu;     /* bytes behind the Ethernet header that the link carries: 302 or more */
    uint32_t port_count; /* the target's N_Ports, all of them, with their names */
    const struct lq_fc_port_config *ports; /* copied */
    struct lq_fcf_config fcf;           /* fabric: its mac, vlan and fabric's name are set here */
    struct lq_fc_fabric_config fabric;
    uint32_t peers_max;         /* VN2VN: peers at once */
    uint32_t fip_frames_max;    /* FIP frames that wait to be sent; at least 4 */
    lq_fc_crc32_function crc32; /* NULL: lq_fc_crc32 */
};

/* Fabric mode, no tag, MTU 2500, 32 peers, 32 FIP frames, and the parts' defaults. No MAC, no
 * names, no ports. */
extern const struct lq_fcoe_station_config lq_fcoe_station_config_default;

/* NULL, or one sentence saying which value of CONFIG is wrong and what is expected. */
const char *lq_fcoe_station_config_check(const struct lq_fcoe_station_config *config);

/* Carves a station, its link down, from ARENA (NULL from a measuring one). ENV and TARGET outlive
 * it; nobody else calls lq_fc_target_attach, _feed, _emit and _sent. */
struct lq_fcoe_station *lq_fcoe_station_make(struct lq_arena *arena,
                                             const struct lq_fcoe_station_config *config,
                                             struct lq_env *env, struct lq_fc_target *target);

/* The Ethernet link comes up or goes down: then all logins are lost (I_T nexus loss). */
void lq_fcoe_station_link(struct lq_fcoe_station *station, bool is_up);

/* A frame arrived, from its destination address on, without FCS. */
void lq_fcoe_station_feed(struct lq_fcoe_station *station, const uint8_t *bytes,
                          uint32_t size_bytes);

/* The next frame to be sent, in up to LQ_FCOE_FRAME_SLICES slices: always the same until sent.
 * Returns how many slices; 0: there is none. Valid until sent, which has to come before any other
 * call that is not a look. */
uint32_t lq_fcoe_station_emit(struct lq_fcoe_station *station,
                              struct lq_slice slices[LQ_FCOE_FRAME_SLICES]);
void lq_fcoe_station_sent(struct lq_fcoe_station *station);

uint64_t lq_fcoe_station_deadline(const struct lq_fcoe_station *station);
void lq_fcoe_station_expire(struct lq_fcoe_station *station);

/* What a script does to a fabric. NUMBER is an FC_ID; 0: all N_Ports behind Ethernet, or of the
 * fabric (NOTIFY). No effect in VN2VN mode. */
enum lq_fcoe_deed {
    LQ_FCOE_CLEAR = 1, /* Clear Virtual Links */
    LQ_FCOE_NOTIFY,    /* RSCN to all who registered, about that N_Port */
    LQ_FCOE_LOG_OUT,   /* the target's N_Ports send it LOGO */
    LQ_FCOE_REFUSE     /* NUMBER of the FLOGIs and FDISCs that come next are refused */
};

void lq_fcoe_station_do(struct lq_fcoe_station *station, enum lq_fcoe_deed deed, uint32_t number);

struct lq_fcoe_station_counts {
    uint64_t frames_in, frames_out;
    uint64_t crc_errors;  /* FCoE frames with a wrong CRC */
    uint64_t malformed;   /* FCoE and FIP frames that make no sense */
    uint64_t not_for_us;  /* other Ethernet types, VLANs, addresses and classes */
    uint64_t strangers;   /* FCoE frames of nobody who is logged in */
    uint64_t undelivered; /* frames of ours whose destination is gone */
};

struct lq_fcoe_station_counts lq_fcoe_station_counts(const struct lq_fcoe_station *station);

/* For looking inside; NULL in VN2VN mode. */
struct lq_fcf *lq_fcoe_station_fcf(struct lq_fcoe_station *station);
struct lq_fc_fabric *lq_fcoe_station_fabric(struct lq_fcoe_station *station);

/* Mixes in all that its future depends on, but for the target. */
void lq_fcoe_station_digest(const struct lq_fcoe_station *station, struct lq_digest *digest);

#endif
