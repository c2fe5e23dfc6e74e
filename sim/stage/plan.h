/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a seed means: every option of a run, drawn from tables (swarm testing: each run switches
 * some things off so that others happen more), and the configuration that follows.
 *
 * What this is not: the run. Who uses it: sim/virtual/world, and tools, which print it.
 */
#ifndef LQ_SIM_STAGE_PLAN_H
#define LQ_SIM_STAGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/choice.h"
#include "faults/faults.h"
#include "scenarios/lang/scenario.h"
#include "sim/shard/shard.h"
#include "sim/stage/disk.h"
#include "sim/stage/network.h"

/* One option each: its row says its name, unit and the values it may have. */
enum lq_option {
    LQ_OPT_LUNS,
    LQ_OPT_STORES,
    LQ_OPT_NEXUSES,
    LQ_OPT_SHARED_NAME, /* two nexuses have one initiator name */
    LQ_OPT_LIMITS,      /* 0 normal, 1 small, 2 tiny */
    LQ_OPT_BLOCK_BYTES,
    LQ_OPT_BLOCKS,
    LQ_OPT_PHYSICAL_EXPONENT,
    LQ_OPT_WRITE_GRANULE,
    LQ_OPT_VOLATILE_CACHE,
    LQ_OPT_DISK_LATENCY,
    LQ_OPT_HANG,
    LQ_OPT_QUARANTINE_AFTER,
    LQ_OPT_LOGIN_QUARANTINE_AFTER,
    LQ_OPT_BUSY_AFTER,
    LQ_OPT_LOGIN_TIMEOUT,
    LQ_OPT_DATA_TIMEOUT,
    LQ_OPT_NOP_INTERVAL,
    LQ_OPT_TARGET_SEGMENT,
    LQ_OPT_TARGET_BURST,
    LQ_OPT_TARGET_R2T,
    LQ_OPT_NEAR_WRAP,
    LQ_OPT_NET_LATENCY,
    LQ_OPT_NET_BYTE_TIME, /* sixteenths of a nanosecond */
    LQ_OPT_NET_WINDOW,
    LQ_OPT_DEPTH,
    LQ_OPT_THINK,
    LQ_OPT_HOT_BLOCKS,
    LQ_OPT_HOT_ODDS,   /* of 16 */
    LQ_OPT_COMMAND_BLOCKS,
    LQ_OPT_WRITES,     /* of 16 */
    LQ_OPT_OTHERS,     /* of 64: neither read nor write */
    LQ_OPT_BAD,        /* of 64: commands with something wrong */
    LQ_OPT_TM,         /* of 64 */
    LQ_OPT_RESETS,     /* TM functions that are resets, of 16 */
    LQ_OPT_ORDERED,    /* of 16 */
    LQ_OPT_HEAD_OF_QUEUE, /* of 16 */
    LQ_OPT_COMMAND_TIMEOUT,
    LQ_OPT_NEW_ISID,   /* of 16 logins: under a new name */
    LQ_OPT_DIGESTS,    /* CRC32C is offered for: 1 headers, 2 data, 3 both */
    LQ_OPT_RESERVATIONS, /* of 64 commands: for persistent reservations */
    LQ_OPT_RESERVES,   /* of 64 commands: RESERVE and RELEASE */
    LQ_OPT_NACA,       /* of 64 commands: with NACA, so that ACA follows their faults */
    LQ_OPT_MODE_SELECTS, /* of 64 commands: MODE SELECT, and as many MODE SENSE */
    LQ_OPT_FENCE_WAITS, /* how stores are fenced against a crashed target, see disk.h */
    LQ_OPT_THIN,        /* disks are thin provisioned */
    LQ_OPT_APTPL,       /* of 16 that register: with APTPL */
    LQ_OPTIONS
};

enum lq_option_unit {
    LQ_UNIT_COUNT,
    LQ_UNIT_BYTES,
    LQ_UNIT_BLOCKS,
    LQ_UNIT_TIME,
    LQ_UNIT_OF_16,
    LQ_UNIT_OF_64
};

enum { LQ_OPTION_VALUES_MAX = 8 };

/* The values that an option may have, each as likely as it occurs; the first is the tamest. */
struct lq_plan_option_row {
    const char *name;
    enum lq_option_unit unit;
    uint32_t count;
    uint64_t values[LQ_OPTION_VALUES_MAX];
};

const struct lq_plan_option_row *lq_plan_option_row(enum lq_option option);

enum {
    LQ_PLAN_TARGETS_MAX = 4,
    LQ_PLAN_PORTS_MAX = 4,  /* of a target */
    LQ_PLAN_UNITS_MAX = 32, /* of all targets */
    LQ_PLAN_STORES_MAX = 8,
    LQ_PLAN_NEXUSES_MAX = 8,
    LQ_PLAN_CONNECTIONS_MAX = 64,
    LQ_PLAN_DEPTH_MAX = 16
};

/* What carries commands between initiators and targets. */
enum lq_transport_kind { LQ_OVER_ISCSI = LQ_SCN_OVER_ISCSI, LQ_OVER_FCP = LQ_SCN_OVER_FCP };

/* A LUN of a target; those of one target stand together, numbered from 0. */
struct lq_plan_unit {
    uint16_t target, lun;
    uint32_t store;
    bool is_absent, read_only; /* as it is now: a scenario changes it (sim/stage/admin.h) */
    uint64_t nblocks;          /* capacity; 0: all of the disk */
};

/* An initiator's way to its target, and its own options. */
struct lq_plan_way {
    uint16_t target, port; /* port: from 0 */
    struct lq_tcp_options tcp;
    struct lq_frame_options link; /* over FCP instead of it */
    uint64_t options[LQ_OPTIONS];
};

/* Parts of it point to other parts: it stays where it is. */
struct lq_plan {
    uint64_t seed;
    enum lq_transport_kind transport;
    uint64_t commands;            /* end the safety phase after so many */
    uint64_t options[LQ_OPTIONS];
    uint32_t odds[LQ_FAULTS];     /* of each fault, 0: not armed */

    /* What follows from them. */
    struct lq_shard_config shard;
    struct lq_disk_options disks[LQ_PLAN_STORES_MAX];
    struct lq_tcp_options tcp;
    struct lq_shard_frames frames; /* over FCP: the target's frame device */
    struct lq_fc_port_config fc_ports[LQ_PLAN_TARGETS_MAX * LQ_PLAN_PORTS_MAX];
    struct lq_frame_options link;
    uint64_t fcf_select_ns; /* how long an initiator waits for more FCFs than the first */
    struct lq_plan_unit units[LQ_PLAN_UNITS_MAX];
    uint32_t unit_count;
    struct lq_plan_way ways[LQ_PLAN_NEXUSES_MAX];
    uint32_t ports_of_target[LQ_PLAN_TARGETS_MAX];
    struct lq_iscsi_offer offers[LQ_PLAN_TARGETS_MAX]; /* of a scenario's targets */
    uint64_t tm_timeout_ns;       /* an initiator gives up a session whose TM is unanswered */
    uint64_t login_timeout_ns;    /* and a login */
    uint64_t liveness_ns;         /* after heal everything ends within this */
    uint64_t safety_ns;           /* the safety phase ends after this at the latest */
};

/* Expands SEED into PLAN over TRANSPORT; CHOICE draws as SEED says. */
void lq_plan_make(struct lq_plan *plan, struct lq_choice *choice, enum lq_transport_kind transport,
                  uint64_t seed, uint64_t commands);

/* The world wide name of a target's N_Port, and its relative target port identifier: behind those
 * of its portals. */
uint64_t lq_plan_fcp_name(uint32_t target, uint32_t port);
static inline uint16_t lq_plan_fcp_port(uint32_t port)
{
    return (uint16_t)(LQ_PLAN_PORTS_MAX + 1 + port);
}

/* FAULT can strike in a world of TRANSPORT. */
bool lq_plan_has_fault(enum lq_transport_kind transport, enum lq_fault fault);

/* The frame device of TARGET_COUNT targets, where the plan's transport has one; their ports are in
 * it. */
void lq_plan_derive_frames(struct lq_plan *plan, uint32_t target_count);

/* The tamest value of every option, no fault armed; then whoever calls changes what it likes. */
void lq_plan_tame(struct lq_plan *plan);

/* Makes what follows from the options. */
void lq_plan_derive(struct lq_plan *plan);

/* Name, value and unit of an option as text: at most 80 characters and NUL in TEXT. */
void lq_plan_option_text(const struct lq_plan *plan, enum lq_option option, char text[81]);

/* The unit of LUN (the 8-byte field as a number) of TARGET; NULL: it is not there. */
const struct lq_plan_unit *lq_plan_unit_of(const struct lq_plan *plan, uint32_t target,
                                           uint64_t lun);

/* How many LUNs TARGET has. */
uint32_t lq_plan_luns_of(const struct lq_plan *plan, uint32_t target);

/* iSCSI names of targets, and addresses of portals: port p of every target is behind portal p. */
extern const char *const lq_plan_target_names[LQ_PLAN_TARGETS_MAX];
extern const char *const lq_plan_addresses[LQ_PLAN_PORTS_MAX];

#endif
