/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The iSCSI initiator endpoint [RFC 7143]: one session with one connection, sans-IO: bytes in,
 * bytes out, time as a value.
 *
 * What this is not: a SCSI application client (CDBs and LUNs are the caller's, nothing is retried),
 * nor a judge: it reports what it catches the target in, and goes on where the bytes allow it.
 * Who uses it: the virtual world's initiators; conformance suites for targets.
 *
 * Rules of every call: `now` is env->now_ns, written by the world before. Requests are queued and
 * numbered (CmdSN, initiator task tag) when their PDU is first emitted; that moment is told by a
 * SENT event. Answers are polled with lq_iscsi_initiator_next() after feed, emit, expire and sent.
 * Nothing a target sends is an error of the program.
 *
 * Life: make -> login -> requests -> logout or lost -> login again, any number of times.
 *
 * Ownership: the endpoint lives in the arena. Data-Out and Data-In memory is the caller's; see
 * struct lq_iscsi_initiator_command. ITT, CmdSN and StatSN are the endpoint's.
 */
#ifndef LQ_PROTO_ISCSI_INITIATOR_H
#define LQ_PROTO_ISCSI_INITIATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/arena.h"
#include "core/base/heap.h"
#include "core/base/history.h"
#include "core/base/slice.h"
#include "core/env.h"
#include "proto/iscsi/crc32c.h"
#include "proto/iscsi/keys.h"

struct lq_iscsi_initiator;

enum {
    LQ_ISCSI_I_SENSE_BYTES_MAX = 252, /* [SPC-5 4.5.1] */
    LQ_ISCSI_I_CDB_BYTES_MAX = 260,
    LQ_ISCSI_I_HEADER_BYTES = 48,
    LQ_ISCSI_I_R2T_MAX = 8 /* outstanding R2Ts of a command */
};

#define LQ_ISCSI_I_ALL UINT32_MAX      /* as much as was negotiated */
#define LQ_ISCSI_I_NO_TAG UINT32_C(0xffffffff)

/* --- start -------------------------------------------------------------------------------- */

struct lq_iscsi_initiator_config {
    uint32_t requests_max; /* commands, TM functions, ... known at once, abandoned ones included */
    uint32_t events_max;   /* room for unpolled events; at least 8. Without room nothing is taken
                              in or newly emitted */
    uint32_t output_pdus_max; /* PDUs that are encoded ahead of sent; at least 2 */
    uint32_t raw_bytes_max;   /* unsent bytes of lq_iscsi_initiator_raw, and of NOP-Out data; at
                                 least 64 */
    uint32_t text_bytes_max;  /* longest login or text answer, all its PDUs together, and longest
                                 sense; at least 8192 */
    uint64_t login_timeout_ns;  /* from login to LOGGED_IN; 0: none */
    uint64_t answer_timeout_ns; /* silence of the target while an answer is due; 0: none */
    lq_crc32c_function crc32c;  /* for digests; NULL: lq_crc32c_table */
};

/* 64 requests, 64 events, 16 PDUs, 4 KiB, 16 KiB, no timeouts. */
extern const struct lq_iscsi_initiator_config lq_iscsi_initiator_config_default;

/* Carves an endpoint, idle, from ARENA (NULL from a measuring one). ENV outlives it. */
struct lq_iscsi_initiator *lq_iscsi_initiator_make(struct lq_arena *arena,
                                                   const struct lq_iscsi_initiator_config *config,
                                                   struct lq_env *env);

/* --- login -------------------------------------------------------------------------------- */

/* What is offered [RFC 7143 13]: all of these, and otherwise the RFC's defaults. */
struct lq_iscsi_initiator_offer {
    uint32_t max_recv_data_segment_length; /* declared: 512..2^24-1 */
    uint32_t max_burst_length, first_burst_length;
    uint16_t max_outstanding_r2t; /* at most LQ_ISCSI_I_R2T_MAX */
    bool initial_r2t, immediate_data;
    uint16_t default_time2wait_s, default_time2retain_s;
    enum lq_digest_offer header_digest, data_digest; /* negotiated: NONE or CRC32C */
};

/* The RFC's defaults. */
extern const struct lq_iscsi_initiator_offer lq_iscsi_initiator_offer_default;

struct lq_iscsi_initiator_login {
    const char *initiator_name; /* iSCSI name, at most 223 bytes; copied */
    const char *target_name;    /* NULL: discovery session; copied */
    uint64_t isid;              /* 48 bits */
    uint16_t tsih;              /* 0: new session */
    uint16_t cid;
    uint32_t first_cmd_sn;
    uint32_t first_itt; /* tags count up from here, skipping ffffffffh and tags in use */
    struct lq_iscsi_initiator_offer offer;
    /* Further "key=value" pairs, each ended by a NUL byte, at most 1024 bytes; copied. A key that
     * would be said anyhow is said so instead. Their answers are taken, but not checked. */
    const char *more_keys;
    uint32_t more_keys_bytes;
    /* Names of keys, each ended by a NUL byte, at most 256 bytes, that are not said; copied. */
    const char *without_keys;
    uint32_t without_keys_bytes;
    bool tells_text; /* LOGIN_TEXT events */
    bool skip_security_stage; /* begin with the operational stage */
    bool one_key_per_pdu;     /* legal weirdness: operational keys one by one, T=0 between */
};

/* Begins a session: to be called on an idle endpoint whose connection is open. Returns NULL, or
 * one sentence that says what is wrong with REQUEST; then nothing has begun. */
const char *lq_iscsi_initiator_login(struct lq_iscsi_initiator *initiator,
                                     const struct lq_iscsi_initiator_login *request);

/* --- requests in full feature phase ------------------------------------------------------- */

/*
 * All of them return false, and do nothing, when the endpoint is not in full feature phase or has
 * no room (requests_max, raw_bytes_max); TM functions also when what they refer to is not known or
 * was not sent. ID is the caller's name for the request, unique among the known ones, not 0.
 */

struct lq_iscsi_initiator_command {
    uint64_t id;
    uint64_t lun;       /* the 8-byte field as a number */
    const uint8_t *cdb; /* copied */
    uint32_t cdb_bytes; /* 1..260; longer than 16: extended CDB AHS */
    enum lq_attribute attribute;
    bool immediate; /* sent at once with the CmdSN of the next command, which it does not consume */
    bool read, write; /* the R and W bits; both: bidirectional, read length in an AHS */
    /* Expected data transfer lengths, whatever the CDB says. */
    uint32_t expected_in_bytes, expected_out_bytes;
    /* Data-Out: expected_out_bytes are sent from here (those beyond OUT_BYTES, or all when OUT is
     * NULL, as zeros). Must stay as it is until COMMAND_DONE, or, when that or an abandon says
     * that it is still in use, DATA_RELEASED. */
    const uint8_t *out;
    uint32_t out_bytes;
    /* Data-In is put here; what does not fit is dropped. The caller's again at COMMAND_DONE, and
     * at once when the command is abandoned. NULL: all is dropped. */
    uint8_t *in;
    uint32_t in_bytes;
    /* Unsolicited data, each cut down to what negotiation allows [RFC 7143 13.11, 13.10]. Of a
     * command longer than FirstBurstLength, some but not all of that in Data-Out PDUs is an error,
     * which targets answer with 0B/0C/0D [RFC 7143 11.4.7.2]. */
    uint32_t immediate_bytes;   /* with the command; LQ_ISCSI_I_ALL: as much as possible */
    uint32_t unsolicited_bytes; /* in Data-Out PDUs after it; LQ_ISCSI_I_ALL: likewise */
    uint32_t segment_bytes;     /* data segment of Data-Out PDUs at most; 0: the target's limit */
    /* Data-Out PDUs, unsolicited ones too, wait for lq_iscsi_initiator_release_data. Unsolicited
     * data goes out in the order of commands [RFC 7143 4.2.5.2], so that of later commands waits
     * too. */
    bool hold_data_out;
};

/* A SCSI command. Non-immediate requests go out in the order of these calls, as MaxCmdSN allows. */
bool lq_iscsi_initiator_command(struct lq_iscsi_initiator *initiator,
                                const struct lq_iscsi_initiator_command *command);

struct lq_iscsi_initiator_tm {
    uint64_t id;
    uint8_t function; /* code as on the wire [RFC 7143 11.5.1] */
    bool immediate;
    uint64_t lun;
    uint64_t referenced_id; /* ABORT TASK, QUERY TASK: a request of this endpoint; 0: as below */
    uint32_t referenced_tag;    /* else LQ_ISCSI_I_NO_TAG */
    uint32_t referenced_cmd_sn;
};

/* A task management function. What it aborts stays known until it is answered, abandoned or
 * forgotten: the caller decides. */
bool lq_iscsi_initiator_tm(struct lq_iscsi_initiator *initiator,
                           const struct lq_iscsi_initiator_tm *tm);

/* Logout with REASON [RFC 7143 11.14.1]; CID is for reasons 1 and 2. LOGOUT_DONE, then
 * CLOSE_WANTED. Requests that are queued behind it are not sent any more. */
bool lq_iscsi_initiator_logout(struct lq_iscsi_initiator *initiator, uint64_t id, uint8_t reason,
                               uint16_t cid, bool immediate);

/* NOP-Out that asks for an answer; DATA (at most raw_bytes_max) is copied and the echo is
 * compared. */
bool lq_iscsi_initiator_ping(struct lq_iscsi_initiator *initiator, uint64_t id,
                             const uint8_t *data, uint32_t size_bytes, bool immediate);

/* Text request with SendTargets=WHAT ("All", a target name, or "": this session's target). */
bool lq_iscsi_initiator_send_targets(struct lq_iscsi_initiator *initiator, uint64_t id,
                                     const char *what);

/* Bytes that go out as they are, after what is encoded already (in any state but idle), so with the
 * digests that were negotiated, or without; copied.
 * With ITT other than LQ_ISCSI_I_NO_TAG, PDUs that answer this tag are reported as RAW_ANSWER under
 * ID until it is forgotten; CmdSN and the like are not touched. */
bool lq_iscsi_initiator_raw(struct lq_iscsi_initiator *initiator, uint64_t id, uint32_t itt,
                            const uint8_t *bytes, uint32_t size_bytes);

/* --- what becomes of a request ------------------------------------------------------------ */

/* Lets the Data-Out of command ID go, now and later. Unknown ids are ignored. */
void lq_iscsi_initiator_release_data(struct lq_iscsi_initiator *initiator, uint64_t id);

/* Takes back a request whose PDU has not been encoded: true, and nothing of it remains. */
bool lq_iscsi_initiator_cancel(struct lq_iscsi_initiator *initiator, uint64_t id);

/*
 * No COMMAND_DONE any more for ID, which was sent: its tag stays known, so that late PDUs of it
 * are legal and ignored, and R2Ts of it are still answered, as they must be [RFC 7143 4.2.3.3 a].
 * It is gone after its status, with the session, or by lq_iscsi_initiator_forget; when room is
 * needed the one that was abandoned first is forgotten. Returns true when it has Data-Out memory,
 * which may still be read: DATA_RELEASED follows at its end. Ids that were not sent are ignored.
 */
bool lq_iscsi_initiator_abandon(struct lq_iscsi_initiator *initiator, uint64_t id);

/* Nothing may come for ID any more: a PDU that does is a PROTOCOL_ERROR. Unsolicited data that it
 * owes and Data-Out that is encoded still go out. ID must have been sent; others are ignored.
 * Returns true when that is so: DATA_RELEASED follows. */
bool lq_iscsi_initiator_forget(struct lq_iscsi_initiator *initiator, uint64_t id);

enum lq_iscsi_initiator_place {
    LQ_ISCSI_I_UNKNOWN,
    LQ_ISCSI_I_QUEUED,  /* waits for the command window or for room in the output */
    LQ_ISCSI_I_SENT,    /* its PDU has been encoded; an answer is due */
    LQ_ISCSI_I_ABANDONED
};

struct lq_iscsi_initiator_request {
    enum lq_iscsi_initiator_place place;
    uint32_t itt, cmd_sn; /* when sent */
    bool data_out_waits;  /* unsolicited or asked-for data is held */
};

/* What is known about ID. */
struct lq_iscsi_initiator_request
lq_iscsi_initiator_look(const struct lq_iscsi_initiator *initiator, uint64_t id);

/* --- events ------------------------------------------------------------------------------- */

enum lq_iscsi_initiator_event_kind {
    LQ_ISCSI_I_EVENT_LOGGED_IN = 1, /* tsih */
    LQ_ISCSI_I_EVENT_LOGIN_FAILED,  /* code: status class << 8 | detail; CLOSE_WANTED follows */
    LQ_ISCSI_I_EVENT_LOGIN_TEXT,    /* text: pairs of a login answer; valid until the next feed */
    LQ_ISCSI_I_EVENT_SENT,          /* request id has been encoded: itt, cmd_sn; for commands
                                       out_bytes: unsolicited data of both kinds */
    LQ_ISCSI_I_EVENT_COMMAND_DONE,  /* id; see struct */
    LQ_ISCSI_I_EVENT_DATA_RELEASED, /* id: its Data-Out memory is the caller's again */
    LQ_ISCSI_I_EVENT_R2T,           /* id, offset, size_bytes: the target asks for Data-Out */
    LQ_ISCSI_I_EVENT_TM_DONE,       /* id; code: response [RFC 7143 11.6.1] */
    LQ_ISCSI_I_EVENT_LOGOUT_DONE,   /* id; code: response [RFC 7143 11.15.1] */
    LQ_ISCSI_I_EVENT_NOP_DONE,      /* id: the target answered our NOP-Out */
    LQ_ISCSI_I_EVENT_NOP_ASKED,     /* the target wants an answer, which is queued */
    LQ_ISCSI_I_EVENT_TEXT_DONE,     /* id; text: all pairs, NUL-ended; valid until the next text
                                       request or login */
    LQ_ISCSI_I_EVENT_ASYNC,         /* code: AsyncEvent; lun, header; sense for event 0 */
    LQ_ISCSI_I_EVENT_REJECTED,      /* code: reason; header: of the rejected PDU; itt from there,
                                       id when that is known; a command goes on, any other
                                       request has ended */
    LQ_ISCSI_I_EVENT_RAW_ANSWER,    /* id, header */
    LQ_ISCSI_I_EVENT_PROTOCOL_ERROR, /* code: enum lq_iscsi_initiator_error; itt when it has one */
    LQ_ISCSI_I_EVENT_CLOSE_WANTED,  /* the connection is over for this end: code 0 after logout or
                                       login failure, 1 when login makes no sense, 2 timeout,
                                       3 a digest was wrong: what it covers was discarded, and at
                                       ErrorRecoveryLevel 0 the session with it */
    LQ_ISCSI_I_EVENTS
};

struct lq_iscsi_initiator_event {
    enum lq_iscsi_initiator_event_kind kind;
    uint32_t code;
    uint64_t id;
    uint64_t lun;
    uint32_t itt, cmd_sn;
    uint32_t offset, size_bytes;
    uint16_t tsih;
    /* COMMAND_DONE */
    uint8_t response; /* iSCSI response: 0 completed at target, then status is valid */
    uint8_t status;   /* SCSI status */
    bool overflow, underflow, bidi_overflow, bidi_underflow;
    uint32_t residual, bidi_residual; /* bytes */
    uint32_t in_bytes;  /* Data-In received: the end of the furthest segment */
    uint32_t out_bytes; /* Data-Out encoded until now */
    bool data_out_in_use; /* DATA_RELEASED follows */
    uint32_t sense_bytes; /* at most LQ_ISCSI_I_SENSE_BYTES_MAX; the rest is cut off */
    struct lq_slice text;
    uint8_t header[LQ_ISCSI_I_HEADER_BYTES];
    uint8_t sense[LQ_ISCSI_I_SENSE_BYTES_MAX]; /* set as far as sense_bytes says */
};

/* The next event in order, copied to EVENT; false when there is none. */
bool lq_iscsi_initiator_next(struct lq_iscsi_initiator *initiator,
                             struct lq_iscsi_initiator_event *event);

/* What the target did wrong as this endpoint sees it; of one PDU the first finding is reported.
 * Numbers are kept: records carry them. */
enum lq_iscsi_initiator_error {
    LQ_ISCSI_I_ERROR_NONE,
    LQ_ISCSI_I_ERROR_OPCODE,          /* not an opcode of targets, or not allowed in this phase */
    LQ_ISCSI_I_ERROR_TAG,             /* initiator task tag of nothing that is outstanding */
    LQ_ISCSI_I_ERROR_ANSWER_KIND,     /* this PDU does not answer that kind of request */
    LQ_ISCSI_I_ERROR_STAT_SN,         /* not the next one [RFC 7143 4.2.2.2] */
    LQ_ISCSI_I_ERROR_EXP_CMD_SN,      /* acknowledges what was never sent */
    LQ_ISCSI_I_ERROR_MAX_CMD_SN,      /* below ExpCmdSN-1 [RFC 7143 4.2.2.1] */
    LQ_ISCSI_I_ERROR_SEGMENT_LENGTH,  /* longer than we declared, or not allowed in this PDU */
    LQ_ISCSI_I_ERROR_AHS,             /* additional header segments in a target's PDU */
    LQ_ISCSI_I_ERROR_DATA_SN,         /* Data-In or R2T out of order, or ExpDataSN wrong */
    LQ_ISCSI_I_ERROR_BUFFER_OFFSET,   /* not in order, or beyond the expected length */
    LQ_ISCSI_I_ERROR_DATA_UNASKED,    /* Data-In for a command that does not read */
    LQ_ISCSI_I_ERROR_BURST,           /* a sequence longer than MaxBurstLength, or R2T of 0 bytes */
    LQ_ISCSI_I_ERROR_R2T_UNASKED,     /* R2T for what does not write, beyond its length, or for
                                         bytes that were sent or asked for already */
    LQ_ISCSI_I_ERROR_R2T_OUTSTANDING, /* more than MaxOutstandingR2T */
    LQ_ISCSI_I_ERROR_TARGET_TAG,      /* reserved, or still in use for another sequence */
    LQ_ISCSI_I_ERROR_STATUS_IN_DATA,  /* S without F, or a status that Data-In cannot carry */
    LQ_ISCSI_I_ERROR_RESIDUAL,        /* O and U, or not what was transferred */
    LQ_ISCSI_I_ERROR_SENSE,           /* lengths of the sense data do not fit the segment */
    LQ_ISCSI_I_ERROR_FIELD,           /* another field has a value it must not have */
    LQ_ISCSI_I_ERROR_LOGIN_STAGE,     /* stages, flags, ISID or TSIH of a login response */
    LQ_ISCSI_I_ERROR_LOGIN_KEY,       /* illegal answer to a key, or one never offered */
    LQ_ISCSI_I_ERROR_TEXT,            /* not key=value pairs, or longer than text_bytes_max */
    LQ_ISCSI_I_ERROR_ECHO,            /* NOP-In data is not what the NOP-Out carried */
    LQ_ISCSI_I_ERRORS
};

/* One sentence for the number; "?" for numbers that are none. */
const char *lq_iscsi_initiator_error_text(uint32_t code);

/* --- bytes and time ----------------------------------------------------------------------- */

/* Bytes arrived. Returns how many were taken: fewer when there is no room for events (poll, then
 * offer the rest again). After CLOSE_WANTED everything is taken and dropped. */
uint32_t lq_iscsi_initiator_feed(struct lq_iscsi_initiator *initiator, const uint8_t *bytes,
                                 uint32_t size_bytes);

/* What is to be sent, as at most MAX slices: always the same prefix until sent takes some away.
 * Encodes what is queued as far as there is room. Returns how many slices. */
uint32_t lq_iscsi_initiator_emit(struct lq_iscsi_initiator *initiator, struct lq_slice *slices,
                                 uint32_t max);

/* The first SIZE_BYTES of what was emitted have been sent. */
void lq_iscsi_initiator_sent(struct lq_iscsi_initiator *initiator, uint32_t size_bytes);

/* The connection is gone: the endpoint is idle and knows no request any more. All memory of
 * commands is the caller's again. No events follow; unpolled ones stay. */
void lq_iscsi_initiator_lost(struct lq_iscsi_initiator *initiator);

/* When expire wants to be called; LQ_NEVER when not at all. */
uint64_t lq_iscsi_initiator_deadline(const struct lq_iscsi_initiator *initiator);
void lq_iscsi_initiator_expire(struct lq_iscsi_initiator *initiator);

/* --- looking inside ----------------------------------------------------------------------- */

struct lq_iscsi_initiator_state {
    bool idle, full_feature, closing; /* closing: CLOSE_WANTED has been told */
    uint16_t tsih;
    uint32_t cmd_sn, exp_cmd_sn, max_cmd_sn; /* next CmdSN; the target's last words */
    uint32_t exp_stat_sn;
    uint32_t requests, queued, abandoned; /* known; of these not sent; of these abandoned */
    uint32_t requests_free;
    /* As negotiated. */
    struct lq_iscsi_initiator_offer params;
    uint32_t target_max_recv_data_segment_length;
};

struct lq_iscsi_initiator_state
lq_iscsi_initiator_state(const struct lq_iscsi_initiator *initiator);

/* Mixes in all that the endpoint's future depends on. */
void lq_iscsi_initiator_digest(const struct lq_iscsi_initiator *ini, struct lq_digest *digest);

#endif
