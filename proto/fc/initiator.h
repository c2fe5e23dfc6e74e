/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Fibre Channel initiator endpoint: one N_Port [FC-FS-3, FC-LS-2], what it asks the directory
 * server [FC-GS-6], and FCP [FCP-4] to one target N_Port at a time. Sans-IO: whole frames in, whole
 * frames out, time as a value. Class 3.
 *
 * What this is not: a SCSI application client (CDBs and LUNs are the caller's, no command is sent
 * twice), a link or FIP, nor a judge: it reports what it catches the target in, and goes on.
 * Who uses it: the virtual world's initiators; conformance suites for targets.
 *
 * Rules of every call: `now` is env->now_ns, written by the world before. Requests are queued and
 * get their OX_ID when their first frame is emitted; that moment is told by a SENT event. Answers
 * are polled with lq_fc_initiator_next() after feed, sent and expire.
 *
 * Life: make -> attach -> (discover) -> login -> requests -> logout, or the target's LOGO or PRLO,
 * or detach -> attach or login again, any number of times.
 *
 * Lost frames: with recovery agreed (RETRY in PRLI) and rec_tov_ns set, a command of which nothing
 * was heard for so long is asked about (REC) and what is missing asked for again (SRR) [FCP-4,
 * error detection and recovery]. Where that does not help, its exchange is aborted and
 * COMMAND_FAILED says so. OX_IDs of aborted exchanges are not used again for R_A_TOV, after which
 * RRQ is sent.
 *
 * Ownership: the endpoint lives in the arena. Data-Out and Data-In memory is the caller's from
 * COMMAND_DONE, COMMAND_FAILED or an abandon on.
 */
#ifndef LQ_PROTO_FC_INITIATOR_H
#define LQ_PROTO_FC_INITIATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/heap.h"
#include "core/base/history.h"
#include "core/base/slice.h"
#include "core/env.h"
#include "proto/fc/frame.h"

struct lq_fc_initiator;

enum {
    LQ_FC_I_SENSE_BYTES_MAX = 252, /* [SPC-5 4.5.1] */
    LQ_FC_I_CDB_BYTES_MAX = 260
};

/* --- start -------------------------------------------------------------------------------- */

struct lq_fc_initiator_config {
    uint64_t port_name, node_name; /* World Wide Names */
    uint32_t requests_max; /* commands, TM functions, ... known at once, aborted ones included */
    uint32_t events_max;   /* room for unpolled events; at least 16. Without room nothing is taken
                              in (frames are dropped, as if lost) */
    uint32_t replies_max;  /* link service frames that wait to be sent; at least 16 */
    uint32_t data_bytes_max; /* largest data field that we take: 256..2112, a multiple of 4 */
    uint16_t first_ox_id; /* ids are taken in turn from first_ox_id on, ox_ids of them (at least */
    uint16_t ox_ids;      /* 8), past FFFEh from 0 again. Without a free one, requests wait */
    uint64_t e_d_tov_ns, r_a_tov_ns; /* [FC-FS-3]: 2 s, 10 s */
    uint64_t rec_tov_ns; /* silence after which a command is asked about [FCP-4, REC_TOV]; 0:
                            never */
    uint32_t tries_max;  /* how often a link service request is sent before it has failed; each
                            waits 2 R_A_TOV [FC-LS-2] */
    bool retry, confirm; /* RETRY and CONFIRMED COMPLETION ALLOWED, said in PRLI */
    bool task_retry_id;  /* TASK RETRY IDENTIFICATION REQUESTED */
};

/* 64 requests, 64 events, 16 replies, 2112 bytes, OX_IDs 1..FFFEh, 2 s, 10 s, 3 s, 3 tries, retry
 * and confirm. No names. */
extern const struct lq_fc_initiator_config lq_fc_initiator_config_default;

/* Carves an endpoint, detached, from ARENA (NULL from a measuring one). ENV outlives it. */
struct lq_fc_initiator *lq_fc_initiator_make(struct lq_arena *arena,
                                             const struct lq_fc_initiator_config *config,
                                             struct lq_env *env);

/* --- link, directory, login --------------------------------------------------------------- */

/* The N_Port has address FC_ID (24 bits, not 0), and frames with data fields of DATA_BYTES_MAX
 * pass its link. Attached already: as after a detach. */
void lq_fc_initiator_attach(struct lq_fc_initiator *initiator, uint32_t fc_id,
                            uint32_t data_bytes_max);

/* Link or address is gone: no login and no request is known any more, all memory of commands is
 * the caller's again. No events follow; unpolled ones stay. */
void lq_fc_initiator_detach(struct lq_fc_initiator *initiator);

/* Registers with the directory server (PLOGI FFFFFCh, RNN_ID, RFT_ID, RFF_ID), asks for state
 * change notification (SCR FFFFFDh) and for the FCP ports (GPN_FT): PORT_FOUND for each but
 * ourselves, then DISCOVERED. What was done already since attach is not done again: only the
 * query is. False: not attached, or a discovery is under way. */
bool lq_fc_initiator_discover(struct lq_fc_initiator *initiator);

struct lq_fc_initiator_login {
    uint32_t fc_id;     /* the target N_Port's address */
    uint64_t port_name; /* that it must have; 0: any */
    bool without_plogi; /* only PRLI: an N_Port login is there (it may be the other side's) */
};

/* PLOGI, then PRLI: LOGGED_IN or LOGIN_FAILED. A login to the same N_Port replaces the one that is
 * there (all its commands are forgotten, as at detach). False: not attached, a login is under way,
 * or another N_Port is logged in. */
bool lq_fc_initiator_login(struct lq_fc_initiator *initiator,
                           const struct lq_fc_initiator_login *login);

/* LOGO, or, PROCESS_ONLY, PRLO: LOGOUT_DONE. All commands are forgotten at once, as at detach.
 * False: not logged in. */
bool lq_fc_initiator_logout(struct lq_fc_initiator *initiator, uint64_t id, bool process_only);

/* --- requests ----------------------------------------------------------------------------- */

/*
 * All of them return false, and do nothing, when there is no process login or no room
 * (requests_max). ID is the caller's name for the request, unique among the known ones, not 0.
 */

struct lq_fc_initiator_command {
    uint64_t id;
    uint64_t lun;       /* the 8-byte field as a number */
    const uint8_t *cdb; /* copied */
    uint32_t cdb_bytes; /* 1..260 */
    enum lq_attribute attribute;
    uint8_t priority; /* 0..15 */
    uint8_t crn;      /* command reference number; 0: none. The caller counts 1..255 per LUN */
    bool read, write; /* RDDATA and WRDATA; both: bidirectional */
    uint32_t expected_in_bytes, expected_out_bytes; /* FCP_DL and FCP_BIDIRECTIONAL_READ_DL */
    /* Data-Out: bytes beyond OUT_BYTES, or all when OUT is NULL, are zeros. */
    const uint8_t *out;
    uint32_t out_bytes;
    /* Data-In is put here; what does not fit is dropped. NULL: all is dropped. */
    uint8_t *in;
    uint32_t in_bytes;
    bool hold_data_out; /* FCP_DATA waits for lq_fc_initiator_release_data */
};

/* A SCSI command. Commands go out in the order of these calls. */
bool lq_fc_initiator_command(struct lq_fc_initiator *initiator,
                             const struct lq_fc_initiator_command *command);

/* A task management function by FCP_CMND: ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET,
 * TARGET WARM RESET (the flag TARGET RESET, obsolete since FCP-3), CLEAR ACA, QUERY TASK SET,
 * QUERY ASYNCHRONOUS EVENT; others: false. TM_DONE. What it aborts stays known until it is
 * abandoned: the caller decides. */
bool lq_fc_initiator_tm(struct lq_fc_initiator *initiator, uint64_t id,
                        enum lq_tm_function function, uint64_t lun);

/* ABORT TASK: ABTS for the exchange of command REFERENCED, which must have been sent; its frames
 * are ignored from now on and it gets no COMMAND_DONE. ABORT_DONE when BA_ACC or BA_RJT has come,
 * or was not to be had. */
bool lq_fc_initiator_abort(struct lq_fc_initiator *initiator, uint64_t id, uint64_t referenced);

/* ECHO with SIZE_BYTES (0..1024) of DATA, copied: ECHO_DONE when the same has come back. */
bool lq_fc_initiator_echo(struct lq_fc_initiator *initiator, uint64_t id, const uint8_t *data,
                          uint32_t size_bytes);

/* A frame that goes out as it is (in any attached state); payload copied. With OX_ID other than
 * LQ_FC_ID_UNASSIGNED, frames that come back for this OX_ID and belong to no request are told as
 * RAW_ANSWER until the next such call. */
bool lq_fc_initiator_raw(struct lq_fc_initiator *initiator, const struct lq_fc_frame *frame);

/* Lets the Data-Out of command ID go, now and later. Unknown ids are ignored. */
void lq_fc_initiator_release_data(struct lq_fc_initiator *initiator, uint64_t id);

/* Takes back a request of which no frame was emitted: true, and nothing of it remains. */
bool lq_fc_initiator_cancel(struct lq_fc_initiator *initiator, uint64_t id);

/* No event any more for ID, which was sent: its exchange is aborted by ABTS [FCP-4, after task
 * management functions and ULP timeouts] and then forgotten. Others are ignored. */
void lq_fc_initiator_abandon(struct lq_fc_initiator *initiator, uint64_t id);

enum lq_fc_initiator_place {
    LQ_FC_I_UNKNOWN,
    LQ_FC_I_QUEUED,  /* no frame of it was emitted */
    LQ_FC_I_SENT,    /* an answer is due */
    LQ_FC_I_ABORTING /* abandoned or aborted: ABTS is not answered yet */
};

struct lq_fc_initiator_request {
    enum lq_fc_initiator_place place;
    uint16_t ox_id, rx_id; /* when sent; LQ_FC_ID_UNASSIGNED: not known */
    bool data_out_waits;   /* data that was asked for is held */
};

/* What is known about ID. */
struct lq_fc_initiator_request
lq_fc_initiator_look(const struct lq_fc_initiator *initiator, uint64_t id);

/* --- events ------------------------------------------------------------------------------- */

enum lq_fc_initiator_event_kind {
    LQ_FC_I_EVENT_PORT_FOUND = 1, /* fc_id, port_name: an FCP port of the directory */
    LQ_FC_I_EVENT_DISCOVERED,     /* code 0; else LS_RJT, CT reject or timeout, as below */
    LQ_FC_I_EVENT_LOGGED_IN,      /* fc_id, port_name; code: word 3 of the PRLI accept's page */
    LQ_FC_I_EVENT_LOGIN_FAILED,   /* fc_id; code: reason << 8 | explanation of LS_RJT;
                                     LQ_FC_I_TIMEOUT, LQ_FC_I_UNFIT: answer of no use to us */
    LQ_FC_I_EVENT_LOGGED_OUT,     /* the target's doing. fc_id; code: its ELS (LOGO, PRLO, PLOGI);
                                     all commands are forgotten, as at detach */
    LQ_FC_I_EVENT_LOGOUT_DONE,    /* id; code 0, or as of LOGIN_FAILED: it is over all the same */
    LQ_FC_I_EVENT_STATE_CHANGED,  /* RSCN. fc_id: affected; code: its address format (0 port,
                                     1 area, 2 domain, 3 fabric) */
    LQ_FC_I_EVENT_SENT,           /* request id: ox_id */
    LQ_FC_I_EVENT_XFER_RDY,       /* id, offset, size_bytes: the target asks for Data-Out */
    LQ_FC_I_EVENT_COMMAND_DONE,   /* id; see struct */
    LQ_FC_I_EVENT_COMMAND_FAILED, /* id; given up after frames were lost: its exchange has been
                                     aborted. code 0: BA_ACC; 1: BA_RJT; 2: no answer to ABTS */
    LQ_FC_I_EVENT_TM_DONE,        /* id; code: RSP_CODE [FCP-4]; LQ_FC_I_TIMEOUT: no answer */
    LQ_FC_I_EVENT_ABORT_DONE,     /* id; code as of COMMAND_FAILED */
    LQ_FC_I_EVENT_ECHO_DONE,      /* id; code 0; else as of LOGIN_FAILED */
    LQ_FC_I_EVENT_RECOVERING,     /* id; code: R_CTL of the information unit asked for by SRR */
    LQ_FC_I_EVENT_RAW_ANSWER,     /* ox_id; header */
    LQ_FC_I_EVENT_PROTOCOL_ERROR, /* code: enum lq_fc_initiator_error; ox_id when it has one */
    LQ_FC_I_EVENTS
};

#define LQ_FC_I_TIMEOUT UINT32_C(0x10000)
#define LQ_FC_I_UNFIT UINT32_C(0x20000)

struct lq_fc_initiator_event {
    enum lq_fc_initiator_event_kind kind;
    uint32_t code;
    uint64_t id;
    uint64_t port_name;
    uint32_t fc_id;
    uint16_t ox_id, rx_id;
    uint32_t offset, size_bytes;
    /* COMMAND_DONE */
    uint8_t rsp_code; /* FCP_RSP_INFO's, 0 without; other than 0: the rest may mean nothing */
    uint8_t status;   /* SCSI status */
    uint16_t retry_delay; /* STATUS QUALIFIER */
    bool overflow, underflow, bidi_overflow, bidi_underflow;
    uint32_t residual, bidi_residual; /* bytes */
    uint32_t in_bytes;    /* Data-In received */
    uint32_t out_bytes;   /* Data-Out sent */
    uint32_t sense_bytes; /* at most LQ_FC_I_SENSE_BYTES_MAX; the rest is cut off */
    uint8_t header[LQ_FC_HEADER_BYTES];
    uint8_t sense[LQ_FC_I_SENSE_BYTES_MAX]; /* set as far as sense_bytes says */
};

/* The next event in order, copied to EVENT; false when there is none. */
bool lq_fc_initiator_next(struct lq_fc_initiator *initiator, struct lq_fc_initiator_event *event);

/* What the target did wrong as this endpoint sees it. Numbers are kept: records carry them. */
enum lq_fc_initiator_error {
    LQ_FC_I_ERROR_NONE,
    LQ_FC_I_ERROR_FRAME,         /* no information unit that a target sends, or too short */
    LQ_FC_I_ERROR_EXCHANGE,      /* of no exchange, or RX_ID changed */
    LQ_FC_I_ERROR_F_CTL,         /* not sent as the Exchange's Responder */
    LQ_FC_I_ERROR_OFFSET,        /* data beyond FCP_DL, or without a relative offset */
    LQ_FC_I_ERROR_DATA_UNASKED,  /* FCP_DATA for a command that does not read */
    LQ_FC_I_ERROR_XFER_RDY,      /* FCP_XFER_RDY for what does not write, of 0 bytes, beyond
                                    FCP_DL, or while another is open */
    LQ_FC_I_ERROR_RESPONSE,      /* lengths of FCP_RSP do not fit, or over and under at once */
    LQ_FC_I_ERROR_RESIDUAL,      /* not what was transferred */
    LQ_FC_I_ERROR_AFTER_ABORT,   /* a frame of an exchange after its BA_ACC */
    LQ_FC_I_ERRORS
};

/* One sentence for the number; "?" for numbers that are none. */
const char *lq_fc_initiator_error_text(uint32_t code);

/* --- frames and time ---------------------------------------------------------------------- */

/* A frame arrived, its CRC being right. The payload is only looked at during the call. */
void lq_fc_initiator_feed(struct lq_fc_initiator *initiator, const struct lq_fc_frame *frame);

/* The next frame to be sent: always the same until sent. False: there is none. The payload is
 * valid until sent, which has to come before any other call that is not a look. */
bool lq_fc_initiator_emit(struct lq_fc_initiator *initiator, struct lq_fc_frame *frame);
void lq_fc_initiator_sent(struct lq_fc_initiator *initiator);

/* When expire wants to be called; LQ_NEVER when not at all. */
uint64_t lq_fc_initiator_deadline(const struct lq_fc_initiator *initiator);
void lq_fc_initiator_expire(struct lq_fc_initiator *initiator);

/* --- looking inside ----------------------------------------------------------------------- */

struct lq_fc_initiator_state {
    bool attached, discovering, logging_in, logged_in;
    uint32_t fc_id, target_fc_id;
    uint64_t target_port_name;
    uint32_t requests, queued, aborting; /* known; of these not sent; of these being aborted */
    uint32_t requests_free;
    uint32_t held_ox_ids; /* not to be used again yet */
    bool retry, confirm;  /* agreed */
};

struct lq_fc_initiator_state lq_fc_initiator_state(const struct lq_fc_initiator *initiator);

/* Mixes in all that the endpoint's future depends on. */
void lq_fc_initiator_digest(const struct lq_fc_initiator *initiator, struct lq_digest *digest);

#endif
