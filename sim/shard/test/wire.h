/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole target and its initiators in one test program: a shard over stores that are memory, and
 * initiator endpoints tied to it byte by byte. Nothing happens but in wire_pump(); time stands
 * still but in wire_pass().
 *
 * What this is not: the virtual world. Bytes take no time, are never lost, and only their
 * segmentation is chosen.
 */
#ifndef LQ_SIM_SHARD_TEST_WIRE_H
#define LQ_SIM_SHARD_TEST_WIRE_H

#include <CUnit/CUnit.h>

#include <stdbool.h>
#include <stdint.h>

#include "proto/iscsi/initiator.h"
#include "sim/shard/shard.h"

enum {
    WIRE_PEERS = 4,
    WIRE_BLOCK_BYTES = 512,
    WIRE_BLOCKS = 2048,
    WIRE_STORES = 2, /* LUN n is store n */
    WIRE_LOG = 256,
    WIRE_CONNECTIONS = 200, /* accepted in one test */
    WIRE_DATA = 65536
};

#define WIRE_TARGET "iqn.2026-11.org.lunquake:t0"

/* A store in memory: requests are done in order by wire_pump, unless they are held. */
struct wire_store {
    struct lq_store store; /* first, so that the seam's pointer is this one's */
    struct lq_link requests;
    uint8_t *blocks;
    bool held;
    uint32_t submitted;
};

struct wire_peer {
    struct lq_iscsi_initiator *ini;
    lq_handle connection;
    bool connected, ready;
    uint32_t number; /* of the connection, for records */
    bool frozen;     /* what the target sends is not taken: it stays in the target */
    bool quiet;      /* its protocol errors are not printed */
    uint64_t next_id;
    struct lq_iscsi_initiator_event log[WIRE_LOG]; /* all events since the last look */
    uint32_t log_count;
    uint32_t protocol_errors;
    uint8_t in[WIRE_DATA];
};

/* What passed on a connection in one direction; hashed byte by byte, so that pieces don't count. */
struct wire_stream {
    uint64_t bytes, hash;
};

struct wire_config {
    struct lq_iscsi_offer target_offer;
    uint32_t requests_max;
    uint64_t quarantine_after_ns, busy_after_ns;
    uint32_t first_stat_sn;
};

extern const struct wire_config wire_config_default;

struct wire {
    struct lq_env env;
    struct lq_history history;
    struct lq_choice_seeded seeded;
    struct lq_shard *shard;
    struct wire_store stores[WIRE_STORES];
    struct wire_peer peers[WIRE_PEERS];
    uint32_t segment_bytes; /* moved at once in either direction; 0: as much as there is */
    bool into_place;        /* bytes go where the shard wants them, as a socket would be read */
    uint32_t next_number;
    struct wire_stream moved[WIRE_CONNECTIONS][2], tapped[WIRE_CONNECTIONS][2];
    uint32_t events[LQ_EVENT_KINDS]; /* records by kind */
    struct lq_event last[LQ_EVENT_KINDS];
};

/* One world at a time; the memory of the last one is used again. */
struct wire *wire_make(const struct wire_config *config);

/* Accepts a connection for PEER. */
void wire_connect(struct wire *wire, uint32_t peer);

/* Both ends lose the connection; HOW is what the target sees. */
void wire_cut(struct wire *wire, uint32_t peer, enum lq_close how);

/* Moves bytes and ends store requests until nothing moves any more. */
void wire_pump(struct wire *wire);

/* Pumps, then lets DURATION pass: to each deadline on the way, then to its end. */
void wire_pass(struct wire *wire, uint64_t duration_ns);

/* The ISID that wire_login uses for PEER. */
uint64_t wire_isid(uint32_t peer);

/* Connects and logs in; true when that worked and nothing was wrong. */
bool wire_login(struct wire *wire, uint32_t peer, const struct lq_iscsi_initiator_offer *offer);

/* The event of KIND for ID (0: any) taken out of PEER's log, NULL when there is none. Valid until
 * the next call on the same peer. */
const struct lq_iscsi_initiator_event *
wire_find(struct wire *wire, uint32_t peer, enum lq_iscsi_initiator_event_kind kind, uint64_t id);

/* Starts a command; returns its id. */
uint64_t wire_start(struct wire *wire, uint32_t peer, struct lq_iscsi_initiator_command command);

/* Starts it and pumps; its COMMAND_DONE, NULL when it did not end. */
const struct lq_iscsi_initiator_event *wire_run(struct wire *wire, uint32_t peer,
                                                struct lq_iscsi_initiator_command command);

/* TM function FUNCTION (iSCSI's code) on LUN, about request REFERENCED or 0; returns its id. */
uint64_t wire_tm(struct wire *wire, uint32_t peer, uint8_t function, uint32_t lun,
                 uint64_t referenced);

/* Commands in their usual forms; data goes to the peer's `in` or comes from OUT. */
struct lq_iscsi_initiator_command wire_test_unit_ready(uint32_t lun);
struct lq_iscsi_initiator_command wire_inquiry(struct wire *wire, uint32_t peer, uint32_t lun);
struct lq_iscsi_initiator_command wire_read(struct wire *wire, uint32_t peer, uint32_t lun,
                                            uint32_t lba, uint32_t nblocks);
struct lq_iscsi_initiator_command wire_write(uint32_t lun, uint32_t lba, uint32_t nblocks,
                                             const uint8_t *out);

/* TEST UNIT READY until all unit attentions of LUN have been told; how many there were. */
uint32_t wire_clear_attentions(struct wire *wire, uint32_t peer, uint32_t lun);

/* True when the shard's taps hold exactly the bytes that were moved. */
bool wire_taps_agree(const struct wire *wire);

/* Sense key << 16 | ASC << 8 | ASCQ of fixed format sense. */
uint32_t wire_sense(const struct lq_iscsi_initiator_event *done);

#endif
