/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initiator port: the seam between an actor, which speaks of commands, TM functions and
 * sessions, and the protocol that carries them. A const table of functions for each transport; an
 * actor calls nothing else of a protocol's.
 *
 * What a port tells, it tells through the functions of state.h (lq_actor_logged_in,
 * lq_actor_command_done, ...), never from inside a call of this table except turn().
 *
 * What this is not: an endpoint (proto/iscsi/initiator.h), which knows neither actors nor networks.
 * Who uses it: sim/stage. What only one protocol has (raw PDUs, keys), a scenario's script asks of
 * that port's own file.
 */
#ifndef LQ_SIM_STAGE_PORT_H
#define LQ_SIM_STAGE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/history.h"
#include "sim/stage/network.h"

struct lq_actor;

enum { LQ_PORT_ID_BYTES_MAX = 128 };

#define LQ_PORT_ALL UINT32_MAX    /* as much as was negotiated */
#define LQ_PORT_NO_TAG UINT32_MAX /* of no task */

/* A SCSI command. Memory of OUT and IN is the actor's until its end says that it is free. */
struct lq_port_command {
    uint64_t id; /* the actor's name for it, not 0 */
    uint64_t lun;
    const uint8_t *cdb;
    uint32_t cdb_bytes; /* 1..260 */
    enum lq_attribute attribute;
    bool immediate; /* outside the order of commands, where the transport has such a thing */
    bool read, write;
    uint32_t expected_in_bytes, expected_out_bytes;
    const uint8_t *out;
    uint32_t out_bytes;
    uint8_t *in;
    uint32_t in_bytes;
    /* Data-Out that goes without being asked for, as far as the transport may: with the command,
     * and after it; and how long its pieces are at most, 0: as long as may be. */
    uint32_t immediate_bytes, unsolicited_bytes, segment_bytes;
    bool hold_data_out; /* Data-Out waits for release_data() */
};

struct lq_port_tm {
    uint64_t id;
    uint8_t function; /* enum lq_tm_function */
    bool immediate;
    uint64_t lun;
    uint64_t referenced_id; /* a command of this port; 0: the tag and stamp below */
    uint32_t referenced_tag, referenced_stamp;
};

/* The end of a command. */
struct lq_port_end {
    uint64_t id;
    bool has_status;    /* false: the transport could not complete it */
    bool was_lost;      /* without a status: frames were lost for good */
    uint8_t status;     /* SCSI status */
    uint32_t sense;     /* key << 16 | ASC << 8 | ASCQ; 0 without sense */
    bool overflow, underflow;
    uint32_t residual;  /* bytes */
    uint32_t in_bytes;  /* received */
    bool data_out_in_use; /* lq_actor_data_released follows */
};

struct lq_port_ops {
    const char *name;
    /* Takes ACTOR's endpoint from a measuring arena or a real one. */
    void (*carve)(struct lq_actor *actor, struct lq_arena *arena);
    /* ACTOR gets the name of its port and the number of its I_T nexus. */
    void (*take_name)(struct lq_actor *actor);
    /* The canonical TransportID of ACTOR's initiator port [SPC-5 7.6.4], to ID, which has room for
     * LQ_PORT_ID_BYTES_MAX; returns its length. */
    uint32_t (*transport_id)(const struct lq_actor *actor, uint8_t *id);
    /* The relative target port identifier of the port that it logs in to. */
    uint16_t (*target_port)(const struct lq_actor *actor);
    /* A way to the target begins: sets ACTOR's connection. False: there is no room.
     * lq_actor_connected follows. */
    bool (*open)(struct lq_actor *actor);
    /* The login begins; lq_actor_logged_in or lq_actor_login_failed follows. */
    void (*log_in)(struct lq_actor *actor);
    /* Queues a logout; false when that cannot be now. */
    bool (*log_out)(struct lq_actor *actor, uint64_t id);
    /* The endpoint forgets its session and all requests; what it had to tell is not told. */
    void (*lost)(struct lq_actor *actor);
    /* The session goes on over a new connection when nothing is under way: true, then the actor
     * leaves the old one. NULL: there is no such thing. */
    bool (*keep_session)(struct lq_actor *actor);

    /* This end of CONNECTION, which ACTOR has left, is over: told to the target at once, told when
     * all that was sent has arrived, or not told at all. */
    void (*reset)(struct lq_actor *actor, struct lq_connection *connection);
    void (*close)(struct lq_actor *actor, struct lq_connection *connection);
    void (*abandon)(struct lq_actor *actor, struct lq_connection *connection);
    /* The cable is pulled. */
    void (*cut)(struct lq_actor *actor);
    /* ACTOR, which has a connection, may be able to go on: it gets a turn at this instant. */
    void (*mark)(struct lq_actor *actor);
    /* Takes what has arrived, tells it, and sends what can be sent. */
    void (*turn)(struct lq_actor *actor);

    /* Requests: false when there is no room, or no session. */
    bool (*command)(struct lq_actor *actor, const struct lq_port_command *command);
    bool (*task_management)(struct lq_actor *actor, const struct lq_port_tm *tm);
    /* Asks the target something that is no SCSI task: "are you there", immediate or not. */
    bool (*ping)(struct lq_actor *actor, uint64_t id, bool immediate);
    /* Asks for the target's name and addresses. NULL: there is no such thing. */
    bool (*ask_targets)(struct lq_actor *actor, uint64_t id, const char *what);

    /* Held Data-Out of ID goes. */
    void (*release_data)(struct lq_actor *actor, uint64_t id);
    /* Takes back what was not sent: true, and nothing of it remains. */
    bool (*cancel)(struct lq_actor *actor, uint64_t id);
    /* No end is told any more for ID; late answers to it are legal, and it may still send Data-Out
     * (abandon), or it sends none but what is on its way (forget). True: its Data-Out memory is in
     * use until lq_actor_data_released. */
    bool (*give_up)(struct lq_actor *actor, uint64_t id);
    bool (*forget)(struct lq_actor *actor, uint64_t id);

    /* All that the endpoint's future depends on. */
    void (*digest)(const struct lq_actor *actor, struct lq_digest *digest);
};

extern const struct lq_port_ops lq_port_iscsi, lq_port_fcp;

/* Key << 16 | ASC << 8 | ASCQ of fixed or descriptor format [SPC-5 4.4]; 0 without sense. */
uint32_t lq_port_sense(const uint8_t *sense, uint32_t size_bytes);

#endif
