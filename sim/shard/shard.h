/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shard: whole SCSI target devices, the engine and all transport endpoints that reach them, on
 * one thread and without locks. The same object files serve the virtual and the live world.
 *
 * Every input enters by lq_shard_input() with an argument that can be written down: the list of
 * inputs and emits is the live record. Output is pulled: after each batch of inputs the world
 * drains lq_shard_next_ready() / lq_shard_emit(). Wire taps are recorded here.
 */
#ifndef LQ_SIM_SHARD_SHARD_H
#define LQ_SIM_SHARD_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/handle.h"
#include "core/base/slice.h"
#include "core/engine.h"
#include "faults/pdu.h"
#include "proto/fc/target.h"
#include "proto/fcoe/station.h"
#include "proto/iscsi/target.h"

struct lq_shard;

/* The PDU tables of the transports that shards serve, for fault rules; NULL ends it. */
extern const struct lq_pdu_table *const lq_shard_pdus[];

/* A frame device: N_Ports of the targets on Ethernet. */
struct lq_shard_frames {
    struct lq_fc_target_config fc;
    struct lq_fcoe_station_config station; /* its ports are those of FC */
};

struct lq_shard_config {
    struct lq_engine_config engine; /* its limits are the shard's */
    struct lq_iscsi_config iscsi;   /* its limits are overwritten with the engine's */
    const struct lq_shard_frames *frames; /* NULL: there is no frame device */
};

/* Carves a shard (NULL from a measuring arena). ENV is the world's and outlives it. */
struct lq_shard *lq_shard_make(struct lq_arena *arena, const struct lq_shard_config *config,
                               struct lq_env *env);

/* For adding stores and units at start, and for looking inside. */
struct lq_engine *lq_shard_engine(struct lq_shard *shard);
struct lq_iscsi_target *lq_shard_iscsi(struct lq_shard *shard);

/* NULL: there is no frame device. */
struct lq_fc_target *lq_shard_fc(struct lq_shard *shard);
struct lq_fcoe_station *lq_shard_station(struct lq_shard *shard);

enum lq_input_kind {
    LQ_INPUT_ACCEPT = 1, /* text, number -> connection handle in result */
    LQ_INPUT_BYTES,      /* connection, bytes -> number of bytes taken */
    LQ_INPUT_SENT,       /* connection, size of what was sent */
    LQ_INPUT_LOST,       /* connection, code enum lq_close */
    LQ_INPUT_STORE_DONE, /* handle of the request, code enum lq_block_status */
    LQ_INPUT_EXPIRE,     /* time has passed the deadline */
    LQ_INPUT_SHUTDOWN,   /* graceful stop begins */
    LQ_INPUT_ADMIN,      /* admin -> refused */
    LQ_INPUT_FRAME,      /* bytes of a whole frame at the frame device */
    LQ_INPUT_FRAME_SENT, /* the emitted frame has been sent, or lost on the way */
    LQ_INPUT_LINK,       /* code 1: the frame device's link is up, 0: down */
    LQ_INPUT_FABRIC      /* code enum lq_fcoe_deed, number: FC_ID */
};

enum { LQ_SHARD_DEVICE = 1 }; /* number of the frame device in records */

enum lq_admin_kind { LQ_ADMIN_ADD = 1, LQ_ADMIN_REMOVE, LQ_ADMIN_RESIZE, LQ_ADMIN_ACCESS };

/* What an administrator does to a LUN. */
struct lq_admin {
    enum lq_admin_kind kind;
    uint16_t target, lun;
    uint32_t store;    /* ADD: number of a store that was added */
    uint64_t nblocks;  /* ADD (0: all of the store), RESIZE */
    bool read_only;    /* ADD, ACCESS */
    char serial[33];   /* ADD: unit serial number */
};

struct lq_input {
    enum lq_input_kind kind;
    uint64_t now_ns;       /* time of the input; never before the one before */
    lq_handle connection;
    lq_handle request;
    uint32_t number;       /* ACCEPT: the world's number of the connection, for records */
    uint32_t portal;       /* ACCEPT: which one, from 0 */
    uint32_t actor;        /* ACCEPT: number of the initiator where the world knows it, else 0 */
    uint32_t code;
    uint32_t size_bytes;   /* of BYTES, FRAME; SENT: how many */
    const uint8_t *bytes;  /* BYTES, FRAME; valid during the call */
    const char *text;      /* ACCEPT: local address */
    const struct lq_admin *admin;
};

struct lq_input_result {
    lq_handle connection;  /* ACCEPT: no handle when refused for want of room */
    uint32_t taken_bytes;  /* BYTES */
    const char *refused;   /* ADMIN: what is wrong, one sentence; NULL: it is done */
};

struct lq_input_result lq_shard_input(struct lq_shard *shard, const struct lq_input *input);

/* Output; see proto/iscsi/target.h for the meaning. */
lq_handle lq_shard_next_ready(struct lq_shard *shard);
uint32_t lq_shard_emit(struct lq_shard *shard, lq_handle connection, struct lq_slice *slices,
                       uint32_t max, enum lq_emit_end *end);
struct lq_span lq_shard_want(struct lq_shard *shard, lq_handle connection);

/* The next frame to be sent at the frame device: see proto/fcoe/station.h. FRAME_SENT has to be the
 * next input then. Returns how many slices, 0: there is none. */
uint32_t lq_shard_emit_frame(struct lq_shard *shard, struct lq_slice slices[LQ_FCOE_FRAME_SLICES]);

/* The earliest deadline of the engine and of all endpoints. */
uint64_t lq_shard_deadline(const struct lq_shard *shard);

#endif
