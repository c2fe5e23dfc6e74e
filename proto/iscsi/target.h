/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The iSCSI target endpoint [RFC 7143]: portals' connections, login, sessions, and the mapping of
 * their PDUs to the engine's services. Sans-IO: bytes in, bytes out, time as a value.
 *
 * What this is not: a socket, a clock or a SCSI device server. One object serves all targets of a
 * shard. Who uses it: sim/shard.
 *
 * Rules of every call: `now` is env->now_ns, written by the world before. Input is pushed
 * (feed, sent, lost, expire), output is pulled (next_ready, emit). A handle of a connection that
 * has ended is refused by assertion: the world hears of each end (see lq_iscsi_emit) first.
 */
#ifndef LQ_PROTO_ISCSI_TARGET_H
#define LQ_PROTO_ISCSI_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/arena.h"
#include "core/base/handle.h"
#include "core/base/slice.h"
#include "core/engine.h"
#include "proto/iscsi/crc32c.h"
#include "proto/iscsi/keys.h"

typedef lq_handle lq_conn;

struct lq_iscsi_target;

enum { LQ_ISCSI_NAME_BYTES_MAX = 223 }; /* [RFC 7143 4.2.7.2] */

/* What we offer in negotiation [RFC 7143 13]; the defaults are the RFC's unless said. */
struct lq_iscsi_offer {
    uint32_t max_recv_data_segment_length; /* declared; at most limits.segment_bytes_max */
    uint32_t max_burst_length, first_burst_length;
    uint16_t max_outstanding_r2t;
    bool initial_r2t, immediate_data;
    uint16_t default_time2wait_s, default_time2retain_s;
    enum lq_digest_offer header_digest, data_digest; /* of the standard offer: PREFER_NONE */
};

struct lq_iscsi_config {
    struct lq_limits limits;
    uint32_t target_count;
    const char *const *target_names; /* iSCSI names; target i is the engine's target i; copied */
    /* Each portal is a portal group of its own. Portal p of a target is its SCSI target port of
     * relative identifier p + 1 and has tag PORTAL_GROUP_TAG + p [RFC 7143 4.4.1, 13.9]. */
    uint16_t portal_group_tag;
    uint32_t portal_count; /* at least 1 */
    const char *const *portal_addresses; /* as SendTargets gives them, at most 255 characters;
                                            copied. NULL, with one portal: what accept says */
    const uint32_t *portals_of_target; /* target i is behind the first so many portals, at least
                                          1; copied. NULL: behind all */
    struct lq_iscsi_offer offer;
    const struct lq_iscsi_offer *target_offers; /* of target i, once a login has named it; copied.
                                                   NULL: OFFER. None has more R2Ts than
                                                   OFFER */
    uint64_t login_timeout_ns; /* from accept to full feature phase */
    uint64_t data_timeout_ns;  /* a Data-Out window without progress ends the session */
    uint64_t nop_interval_ns;  /* silence after which a NOP-In asks; 0: never */
    uint64_t nop_timeout_ns;   /* an unanswered one ends the session */
    uint32_t first_stat_sn;    /* StatSN of a new connection; worlds start it near its wrap */
    uint32_t first_target_transfer_tag;
    uint16_t first_tsih;       /* 0 is passed over */
    uint32_t first_generation; /* of handles' slots */
    lq_crc32c_function crc32c; /* for digests; NULL: lq_crc32c_table */
};

/* Offer: 256 KiB segments and bursts for live use; 15 s, 30 s, 30 s, 15 s; sequences from 1. */
extern const struct lq_iscsi_config lq_iscsi_config_default;

/* NULL, or one sentence saying which value of CONFIG is wrong and what is expected. */
const char *lq_iscsi_config_check(const struct lq_iscsi_config *config);

/* Carves the endpoint from ARENA (NULL from a measuring one). ENV and ENGINE outlive it. */
struct lq_iscsi_target *lq_iscsi_target_make(struct lq_arena *arena,
                                             const struct lq_iscsi_config *config,
                                             struct lq_env *env, struct lq_engine *engine);

/*
 * A connection was accepted at PORTAL. LOCAL_ADDRESS is its address as SendTargets gives it
 * ("127.0.0.1:3260", "[::1]:3260"), at most 255 characters, copied. No handle when
 * limits.connections are in use: the world closes it.
 */
lq_conn lq_iscsi_accept(struct lq_iscsi_target *target, uint32_t portal,
                        const char *local_address);

/* Bytes arrived. Returns how many were taken; fewer than SIZE_BYTES only when the connection is
 * about to close (the rest is dropped) or holds back because its output is not drained (offer
 * the rest again after the next sent). */
uint32_t lq_iscsi_feed(struct lq_iscsi_target *target, lq_conn conn, const uint8_t *bytes,
                       uint32_t size_bytes);

/* Where the next payload bytes are best put: the rest of a data segment's place in its task's
 * buffer. SIZE_BYTES 0: no preference. Bytes put there are then fed from there. */
struct lq_span lq_iscsi_want(struct lq_iscsi_target *target, lq_conn conn);

/* Connections that have something to emit or an end to tell, each once per turn; no handle when
 * there is none. */
lq_conn lq_iscsi_next_ready(struct lq_iscsi_target *target);

enum lq_emit_end {
    LQ_EMIT_OPEN,        /* the connection goes on */
    LQ_EMIT_CLOSE_FLUSH, /* send what was emitted, then close in order (FIN) */
    LQ_EMIT_CLOSE_RESET  /* close at once, drop what was not sent (RST) */
};

/*
 * What is to be sent on CONN, as at most MAX slices: always the same prefix until lq_iscsi_sent
 * takes some away. END tells whether the connection is over; with LQ_EMIT_CLOSE_FLUSH once all
 * has been sent, with LQ_EMIT_CLOSE_RESET at once. The world then closes and calls lq_iscsi_lost.
 */
uint32_t lq_iscsi_emit(struct lq_iscsi_target *target, lq_conn conn, struct lq_slice *slices,
                       uint32_t max, enum lq_emit_end *end);

/* The first SIZE_BYTES of what was emitted have been sent. */
void lq_iscsi_sent(struct lq_iscsi_target *target, lq_conn conn, uint32_t size_bytes);

/* The connection is gone (peer's FIN or RST, network failure, or our own close): its handle ends.
 * A session whose last connection it was ends with it: I_T nexus loss. */
void lq_iscsi_lost(struct lq_iscsi_target *target, lq_conn conn, enum lq_close how);

/* Graceful stop: every session is asked to log out (Async Message), what is queued is sent, then
 * connections close. New logins get 0301h. */
void lq_iscsi_shutdown(struct lq_iscsi_target *target);

uint64_t lq_iscsi_deadline(const struct lq_iscsi_target *target);
void lq_iscsi_expire(struct lq_iscsi_target *target);

/* Digests that CONN's PDUs carry since its login ended, in both directions. */
struct lq_iscsi_digests {
    bool header, data;
};

struct lq_iscsi_digests lq_iscsi_digests(struct lq_iscsi_target *target, lq_conn conn);

struct lq_iscsi_counts {
    uint32_t connections, connections_free;
    uint32_t sessions, sessions_free;
    uint32_t commands, commands_free; /* transport command slots */
    uint64_t pdus_in, pdus_out, rejects, ignored_out_of_window, logins, reinstatements;
    uint64_t header_digest_errors, data_digest_errors;
};

struct lq_iscsi_counts lq_iscsi_counts(const struct lq_iscsi_target *target);

/* The transport's own table, for those who name it. */
extern const struct lq_transport lq_iscsi_transport;

/* Mixes in all that the future of CONN and its session depends on; and of what belongs to no
 * connection. */
void lq_iscsi_digest_conn(const struct lq_iscsi_target *target, lq_conn conn,
                          struct lq_digest *digest);
void lq_iscsi_digest_rest(const struct lq_iscsi_target *target, struct lq_digest *digest);

#endif
