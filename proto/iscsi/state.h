/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target endpoint's inside, shared by its sources only (target.c, conn.c, output.c, login.c,
 * session.c, command.c, data_out.c, data_in.c, tm.c, message.c, logout.c, text_request.c,
 * transport.c).
 *
 * Who owns what: the target owns all slots. A connection belongs to at most one session and the
 * session to at most one connection (MaxConnections is 1). Commands (SCSI commands, TM functions
 * and requests that wait for a hole in CmdSN) belong to a session from receipt until their answer
 * is out, or until the session ends. Bursts (runs of Data-Out that the peer may send) belong to a
 * command, and as zombies to the session.
 *
 * The engine calls transport.c from inside our calls to it; what that notes is acted upon by
 * lq_tgt_settle(), at the end of every entry point.
 */
#ifndef LQ_PROTO_ISCSI_STATE_H
#define LQ_PROTO_ISCSI_STATE_H

#include "core/base/assert.h"
#include "core/base/heap.h"
#include "core/base/list.h"
#include "proto/iscsi/keys.h"
#include "proto/iscsi/pdu.h"
#include "proto/iscsi/serial.h"
#include "proto/iscsi/target.h"
#include "proto/iscsi/text.h"
#include "proto/iscsi/wrongs.h"

enum {
    LQ_TGT_NOTES = 24,         /* small PDUs that a connection may have waiting */
    LQ_TGT_NOTES_RESERVED = 8, /* of which input leaves so many to what is not its consequence */
    LQ_TGT_BUILT = 64,         /* PDUs of a connection that are built and not sent */
    LQ_TGT_LOGIN_DATA_BYTES = 8192, /* longest data segment before full feature phase */
    LQ_TGT_NAME_SIZE = LQ_ISCSI_NAME_BYTES_MAX + 1,
    LQ_TGT_ADDRESS_SIZE = 256,
    LQ_TGT_EXTRA_CDB_BYTES = LQ_CDB_BYTES_MAX - 16
};

struct lq_tgt_session;
struct lq_tgt_conn;

/* --- output ----------------------------------------------------------------------------------- */

enum lq_tgt_output_kind { LQ_OUT_COMMAND, LQ_OUT_R2T, LQ_OUT_TM, LQ_OUT_NOTE };

/* Something that will become PDUs when the world pulls: a place in a connection's queue. */
struct lq_tgt_output {
    struct lq_link link;
    uint8_t kind; /* enum lq_tgt_output_kind */
};

/* What happens when a note is on its way. */
enum lq_tgt_after {
    LQ_AFTER_NOTHING,
    LQ_AFTER_BUFFER, /* the connection's buffer, which held its data, is free again */
    LQ_AFTER_TEXT,   /* so is its text_out */
    LQ_AFTER_LOGOUT  /* the session is no more */
};

/* A small PDU that is complete but for StatSN, ExpCmdSN and MaxCmdSN. */
struct lq_tgt_note {
    struct lq_tgt_output output;
    struct lq_iscsi_pdu pdu;
    const uint8_t *data; /* pdu.data_bytes of it */
    uint8_t copy[LQ_BHS_BYTES];
    uint8_t after; /* enum lq_tgt_after */
};

/* A PDU that is built and not wholly sent. */
struct lq_tgt_built {
    uint8_t header[LQ_BHS_BYTES + LQ_DIGEST_BYTES];
    uint8_t trailer[3 + LQ_DIGEST_BYTES]; /* padding and data digest */
    uint8_t header_bytes, trailer_bytes;
    const uint8_t *data;
    uint32_t data_bytes;
    struct lq_tgt_note *note;       /* one of the two, or neither (R2T) */
    struct lq_tgt_command *command;
    bool ends_command; /* carries its status: nothing follows */
};

/* --- commands --------------------------------------------------------------------------------- */

/* A run of Data-Out PDUs that the peer may send: the answer to one R2T, or unsolicited data. */
struct lq_tgt_burst {
    struct lq_link link;     /* free list, command's bursts, or session's zombies */
    struct lq_link progress; /* connection's open bursts, the one longest without progress first;
                                target's zombies that nobody waits for, the oldest first */
    struct lq_tgt_session *session;
    struct lq_tgt_output output; /* its R2T */
    struct lq_tgt_command *command; /* NULL: a zombie that nobody waits for */
    uint64_t progress_ns;
    uint32_t itt, ttt; /* TTT LQ_TAG_NONE: unsolicited */
    uint32_t offset, bytes, received;
    uint32_t data_sn; /* of the next Data-Out */
    bool asked;       /* its R2T has been built */
    bool zombie;      /* its command was aborted: what comes is dropped */
};

enum lq_tgt_command_kind {
    LQ_CMD_FREE,
    LQ_CMD_SCSI,
    LQ_CMD_TM,
    LQ_CMD_HELD, /* received ahead of ExpCmdSN, or a TM function that waits for a hole to close */
    LQ_CMD_PLUG  /* nothing but its CmdSN, which an ABORT TASK counts as received */
};

struct lq_tgt_command {
    /* what every command needs */
    struct lq_link link; /* free list, session's commands */
    struct lq_tgt_output output;
    struct lq_tgt_session *session;
    struct lq_tgt_command *hash_next;
    uint32_t index, generation;
    uint32_t itt, cmd_sn;
    uint64_t lun;
    lq_task task;
    uint8_t kind;     /* enum lq_tgt_command_kind */
    uint8_t reserve;  /* enum lq_tgt_reserve: what its slot is charged to */
    bool hashed;      /* can be found by its ITT */
    bool in_window;   /* counted in the session's window_used */
    bool completed;   /* the engine has ended it */
    bool confirm;
    bool terminating; /* aborted; ends when nothing of it is out any more */
    bool awaits_peer; /* terminating, and the peer has open windows to answer */
    bool status_built;
    uint32_t built; /* PDUs built and not sent */
    uint32_t stat_sn;
    uint32_t data_sn; /* next DataSN or R2TSN */

    /* data to the initiator */
    const uint8_t *in;
    uint32_t in_bytes, in_built, in_sequence; /* of the present sequence, built so far */
    uint64_t expected_in_bytes, expected_out_bytes;

    /* data from the initiator */
    uint8_t *window; /* the task's buffer for window_offset; NULL: not asked for */
    uint32_t window_offset, window_bytes;
    uint32_t next_offset; /* next byte to solicit */
    uint32_t filled;      /* bytes received in order, immediate ones included */
    uint32_t open_count;  /* R2Ts made and not answered; terminating: all bursts awaited */
    struct lq_link bursts;
    struct lq_tgt_burst *unsolicited; /* open; NULL: none, or F was seen */
    bool data_failed; /* a sequence error or a broken digest: the command must not end well */
    bool digest_failed; /* it was a digest */
    bool done_told;   /* lq_engine_data_out_received was called for the window */

    /* its end */
    uint8_t status;
    uint32_t residual, bidi_residual;
    bool overflow, underflow, bidi_overflow, bidi_underflow;
    uint32_t sense_segment_bytes; /* SenseLength and sense data [RFC 7143 11.4.7] */
    uint8_t sense_segment[2 + LQ_SENSE_BYTES_MAX];

    /* TM functions */
    uint8_t tm_response, tm_absent_response; /* enum lq_iscsi_tm_response */
    uint32_t tm_information;
    uint64_t deadline_ns; /* awaits_peer: when we stop waiting */
    struct lq_link waiting_link; /* session's commands that await the peer, or target's todo */

    /* held requests: header and the rest of a long CDB */
    struct lq_link held_link;
    uint8_t header[LQ_BHS_BYTES];
    uint8_t extra_cdb[LQ_TGT_EXTRA_CDB_BYTES];
    uint32_t extra_cdb_bytes;
    uint32_t bidi_bytes;
};

enum lq_tgt_reserve { LQ_RESERVE_NONE, LQ_RESERVE_TM, LQ_RESERVE_IMMEDIATE };

/* --- sessions --------------------------------------------------------------------------------- */

enum lq_tgt_session_state {
    LQ_SESSION_FREE,
    LQ_SESSION_WAITING, /* logged in but for its predecessor's end; no nexus yet */
    LQ_SESSION_ACTIVE,
    LQ_SESSION_ENDING,  /* the engine has been told of the loss and has not answered */
    LQ_SESSION_LEAVING  /* it has; statuses and the logout response are on their way */
};

/* What was negotiated [RFC 7143 13]. */
struct lq_tgt_parameters {
    uint32_t max_burst_length, first_burst_length, max_outstanding_r2t;
    uint32_t protocol_level; /* 2: the functions of RFC 7144 are there */
    bool initial_r2t, immediate_data;
};

struct lq_tgt_session {
    uint32_t index, generation;
    uint8_t state; /* enum lq_tgt_session_state */
    bool discovery;
    bool ended;             /* nexus_ended has come */
    bool close_noted;       /* close_all has come: flush and close */
    uint32_t logout_itt;    /* LQ_TAG_NONE: nobody waits for a logout response */
    bool closed_announced;  /* a NOP-In that reopens the window is queued */
    uint8_t reserves_used;  /* bits: 1 << enum lq_tgt_reserve */
    uint8_t end_how;        /* enum lq_trigger */
    uint16_t tsih, cid;
    uint16_t target, portal;
    uint8_t isid[LQ_ISID_BYTES];
    char initiator_name[LQ_TGT_NAME_SIZE];
    struct lq_tgt_conn *conn; /* NULL when it is gone */
    lq_nexus nexus;
    struct lq_tgt_parameters parameters;
    uint32_t exp_cmd_sn, max_cmd_sn;
    uint32_t window_used; /* commands received and not answered */
    struct lq_tgt_command **buckets; /* by ITT; commands_per_session of them */
    struct lq_link commands;
    struct lq_link held;    /* in order of CmdSN; an immediate one before the one of its number */
    struct lq_link zombies; /* bursts of aborted commands */
    uint32_t zombie_count;
    struct lq_link awaiting; /* terminating commands that await the peer, oldest first */
    struct lq_link closed_link; /* target's sessions whose window is shut */
    uint32_t freed_ttt;     /* wrong "stale-data-out-accepted": of the last aborted burst */
    bool has_freed_ttt;
};

/* --- connections ------------------------------------------------------------------------------ */

enum lq_tgt_phase {
    LQ_PHASE_LOGIN,
    LQ_PHASE_WAITING,  /* for the predecessor's end; nothing is taken in */
    LQ_PHASE_FULL,     /* full feature phase */
    LQ_PHASE_LEAVING   /* logout was accepted: what still comes is dropped */
};

enum lq_tgt_closing { LQ_NOT_CLOSING, LQ_CLOSING_FLUSH, LQ_CLOSING_RESET };

/* The parts of a PDU in their order [RFC 7143 11.1]. */
enum lq_tgt_rx {
    LQ_RX_HEADER,
    LQ_RX_AHS,
    LQ_RX_HEADER_DIGEST,
    LQ_RX_DATA,
    LQ_RX_PAD,
    LQ_RX_DATA_DIGEST,
    LQ_RX_PARTS
};

/* A login under way: what its PDUs have said so far. */
struct lq_tgt_login {
    bool started;
    bool named;       /* the first request was complete and accepted */
    bool tag_said;    /* TargetPortalGroupTag */
    bool discovery;
    bool has_name;    /* InitiatorName was given */
    bool has_target;  /* TargetName was given; target is its number, target_count: unknown */
    bool transit;     /* the request being answered had T set */
    uint8_t csg, nsg;
    uint8_t isid[LQ_ISID_BYTES];
    uint16_t tsih, cid, target;
    uint32_t itt, cmd_sn;
    char initiator_name[LQ_TGT_NAME_SIZE];
};

struct lq_tgt_conn {
    uint32_t index, generation;
    bool open;
    struct lq_link free_link;
    struct lq_link ready_link;
    struct lq_heap_node timer;
    uint8_t phase;   /* enum lq_tgt_phase */
    uint8_t closing; /* enum lq_tgt_closing */
    bool blocked;    /* input was held back */
    struct lq_tgt_session *session;
    uint16_t portal;
    char address[LQ_TGT_ADDRESS_SIZE];

    /* time */
    uint64_t accepted_ns, last_input_ns, last_sent_ns, close_by_ns;
    uint64_t ping_sent_ns;
    uint64_t solicit_ns; /* when to ask for an acknowledgement of what is in UNACKNOWLEDGED */
    uint32_t ping_ttt;
    bool pinging;

    /* input */
    uint8_t rx; /* enum lq_tgt_rx */
    uint32_t rx_have;  /* bytes of the present part */
    uint32_t rx_total; /* of the part, the header apart */
    struct lq_iscsi_digests digests; /* from the end of login on */
    uint32_t rx_crc;   /* of the parts that the next digest covers */
    uint8_t rx_digest[LQ_DIGEST_BYTES];
    uint8_t header[LQ_BHS_BYTES];
    uint8_t ahs[LQ_AHS_BYTES_MAX];
    struct lq_iscsi_pdu pdu;
    bool pdu_known;
    bool drop_data;          /* the data segment goes nowhere */
    uint8_t *rx_place;       /* where Data-Out goes; NULL: into buffer, or nowhere */
    struct lq_tgt_burst *rx_burst;
    const uint8_t *data;     /* the segment, when it is complete */
    uint8_t *buffer;         /* for a segment that came in pieces; and NOP-In's echo */
    bool buffer_busy;

    /* output */
    uint32_t stat_sn; /* of the next PDU that carries one */
    uint32_t acknowledged_sn; /* highest ExpStatSN seen */
    uint32_t max_send_bytes; /* the initiator's MaxRecvDataSegmentLength */
    struct lq_link outputs;
    struct lq_link free_notes;
    uint32_t free_note_count;
    struct lq_tgt_note notes[LQ_TGT_NOTES];
    struct lq_tgt_built built[LQ_TGT_BUILT];
    uint32_t built_first, built_count;
    uint32_t sent_bytes; /* of the first built PDU */
    struct lq_link unacknowledged; /* commands with confirm, in order of StatSN */
    struct lq_link open_bursts;

    /* login and text */
    struct lq_tgt_login login;
    struct lq_negotiation negotiation;
    struct lq_negotiation staged; /* a text exchange's, until it is complete */
    bool text_active;  /* a text exchange is under way */
    uint32_t text_itt, text_ttt;
    uint8_t *text_in;
    uint32_t text_in_bytes;
    uint8_t *text_out;
    uint32_t text_out_bytes, text_out_sent;
    bool text_busy; /* a PDU that points into text_out is queued */
};

/* --- the target ------------------------------------------------------------------------------- */

struct lq_iscsi_target {
    struct lq_iscsi_config config;
    struct lq_env *env;
    struct lq_engine *engine;
    char (*names)[LQ_TGT_NAME_SIZE];
    uint32_t *portals_of_target;
    char (*addresses)[LQ_TGT_ADDRESS_SIZE]; /* of portals; NULL: not told */
    struct lq_iscsi_offer *offers;          /* of targets */
    struct lq_tgt_conn *conns;
    struct lq_tgt_session *sessions;
    uint32_t session_slots; /* more than limits.sessions: predecessors that still end */
    struct lq_tgt_command *commands;
    uint32_t command_slots;
    struct lq_tgt_burst *bursts;
    struct lq_link free_conns, free_commands, free_bursts, idle_zombies;
    struct lq_link ready;
    struct lq_link closed_windows; /* sessions */
    struct lq_link todo; /* commands whose Data-Out window is filled; the engine is told next */
    struct lq_heap timers;
    uint32_t general_used; /* command slots that are not charged to a reserve */
    uint32_t free_command_count, free_conn_count;
    uint32_t sessions_used;
    uint32_t text_out_capacity;
    uint32_t buffer_bytes;
    uint64_t order_stamp; /* one counter for all nexuses, so that none ever meets a number twice */
    uint32_t next_ttt;
    uint16_t next_tsih;
    bool nexus_ended_noted;
    bool shutting_down, close_all_noted;
    struct lq_iscsi_counts counts;
};

/* --- target.c --------------------------------------------------------------------------------- */

static inline bool lq_tgt_wrong(const struct lq_iscsi_target *target, enum lq_iscsi_wrong wrong)
{
    return LQ_WRONG(target->env->wrongs.iscsi, wrong) != 0;
}

struct lq_tgt_conn *lq_tgt_conn_of(struct lq_iscsi_target *target, lq_conn handle);

/* Does what the engine's calls have noted. Every entry point ends with it. */
void lq_tgt_settle(struct lq_iscsi_target *target);

void lq_tgt_make_ready(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* CONN has something new to wait for, at TIME_NS at the latest: its timer is not later. */
void lq_tgt_wake_by(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, uint64_t time_ns);

/* --- conn.c ----------------------------------------------------------------------------------- */

/* Closes CONN: with RESET at once (its session ends now), with FLUSH when all is sent. */
void lq_tgt_close(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                  enum lq_tgt_closing how);

/* A time that CONN's timer stood for may have come. */
void lq_tgt_conn_expire(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* --- output.c --------------------------------------------------------------------------------- */

void lq_tgt_queue(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                  struct lq_tgt_output *output);

/* Begins a note: OPCODE, F set, tags as given. Fill in the rest and lq_tgt_note_queue() it. */
struct lq_tgt_note *lq_tgt_note(struct lq_tgt_conn *conn, enum lq_iscsi_opcode opcode,
                                uint32_t itt, uint32_t ttt);
void lq_tgt_note_queue(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                       struct lq_tgt_note *note);

/* Commands that the session could still send: the window's width. */
uint32_t lq_tgt_window(const struct lq_iscsi_target *target, const struct lq_tgt_session *session);

/* The initiator has received all PDUs with StatSN before EXP_STAT_SN. */
void lq_tgt_acknowledge(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                        uint32_t exp_stat_sn);

/* Statuses whose delivery the engine must know stand unacknowledged:
 * CONN's initiator is pinged in a while. */
void lq_tgt_solicit_acknowledgement(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* Forgets everything that CONN had to send. */
void lq_tgt_output_forget(struct lq_tgt_conn *conn);

/* --- login.c, session.c ----------------------------------------------------------------------- */

void lq_tgt_login_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);
void lq_tgt_login_send(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, bool final);
void lq_tgt_login_fail(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                       enum lq_login_status status);

/* Whether the login may join the session that its TSIH names. */
enum lq_login_status lq_tgt_session_check(struct lq_iscsi_target *target,
                                          const struct lq_tgt_conn *conn);

/* All is negotiated: makes the session, after its predecessor's end. The final response goes out
 * then. */
void lq_tgt_session_begin(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* The session's connection is of no use any more: tells the engine, frees what is the session's. */
void lq_tgt_session_end(struct lq_iscsi_target *target, struct lq_tgt_session *session,
                        enum lq_trigger how);

/* The logout response has been sent: nothing of the session is left. */
void lq_tgt_session_left(struct lq_iscsi_target *target, struct lq_tgt_session *session);

/* Acts on nexus_ended. */
void lq_tgt_session_settle(struct lq_iscsi_target *target);

/* --- command.c -------------------------------------------------------------------------------- */

void lq_tgt_numbered_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);
void lq_tgt_advance(struct lq_iscsi_target *target, struct lq_tgt_session *session);
struct lq_tgt_command *lq_tgt_find(const struct lq_iscsi_target *target,
                                   const struct lq_tgt_session *session, uint32_t itt);

/* A slot for a request of SESSION, put into its list (and ITT table when HASHED); NULL: none. */
struct lq_tgt_command *lq_tgt_command_take(struct lq_iscsi_target *target,
                                           struct lq_tgt_session *session,
                                           enum lq_tgt_command_kind kind, uint32_t itt,
                                           bool immediate);
void lq_tgt_command_hash(const struct lq_iscsi_target *target, struct lq_tgt_command *command);
void lq_tgt_command_unhash(const struct lq_iscsi_target *target, struct lq_tgt_command *command);
void lq_tgt_command_free(struct lq_iscsi_target *target, struct lq_tgt_command *command);
/* COMMAND waits for no data any more; what still comes unasked is dropped. */
void lq_tgt_command_drop_bursts(struct lq_iscsi_target *target, struct lq_tgt_command *command);
void lq_tgt_leave_window(struct lq_iscsi_target *target, struct lq_tgt_command *command);
struct lq_tgt_command *lq_tgt_command_of(struct lq_iscsi_target *target, uint64_t cookie);

/* Ends COMMAND by the endpoint itself: it never reaches the engine. */
void lq_tgt_command_fail(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                         uint8_t status, uint8_t key, uint8_t asc, uint8_t ascq);

static inline uint64_t lq_tgt_cookie(const struct lq_tgt_command *command)
{
    return lq_handle_pack((lq_handle){command->index, command->generation});
}

/* --- data_out.c ------------------------------------------------------------------------------- */

/* A Data-Out header has come: finds its place. At its end lq_tgt_data_out_end(). */
void lq_tgt_data_out_begin(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);
void lq_tgt_data_out_end(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* Instead of that when its data digest is wrong: nothing of it is used, and its command ends with
 * CHECK CONDITION once the peer has sent all that it was asked for [RFC 7143 7.8]. */
void lq_tgt_data_out_broken(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);

/* Unsolicited data of COMMAND will follow: BYTES from OFFSET. */
void lq_tgt_expect_unsolicited(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                               uint32_t offset, uint32_t bytes);

/* Asks for the next part of COMMAND's window; when there is none, notes that the engine is to be
 * told. */
void lq_tgt_solicit(struct lq_iscsi_target *target, struct lq_tgt_command *command);

/* terminate_data_transfer */
bool lq_tgt_terminate(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                      bool wait_for_peer);

/* Ends COMMAND if it is terminating and nothing of it is out any more. */
void lq_tgt_terminated(struct lq_iscsi_target *target, struct lq_tgt_command *command);

/* Tells the engine of what has been noted in TODO. */
void lq_tgt_data_out_settle(struct lq_iscsi_target *target);

void lq_tgt_burst_free(struct lq_iscsi_target *target, struct lq_tgt_burst *burst);
void lq_tgt_zombies_free(struct lq_iscsi_target *target, struct lq_tgt_session *session);

/* --- data_in.c -------------------------------------------------------------------------------- */

/* Makes the next PDU of COMMAND and names its data in BUILT. True: nothing more of it for now. */
bool lq_tgt_build_command(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                          struct lq_iscsi_pdu *pdu, struct lq_tgt_built *built);
void lq_tgt_complete(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                     const struct lq_command_complete *complete);

/* --- tm.c ------------------------------------------------------------------------------------- */

/* A TM request is to be carried out: all lower CmdSNs have come, or need not. */
void lq_tgt_tm_deliver(struct lq_iscsi_target *target, struct lq_tgt_command *command,
                       const struct lq_iscsi_pdu *pdu);

/* The CmdSN that a TM request waits for, because of holes below its own: ExpCmdSN when it need not.
 * An ABORT TASK of a hole fills it. */
uint32_t lq_tgt_tm_turn(const struct lq_tgt_session *session, const struct lq_iscsi_pdu *pdu);

/* --- message.c -------------------------------------------------------------------------------- */

void lq_tgt_reject(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                   enum lq_iscsi_reject_reason reason, const uint8_t *header);
void lq_tgt_nop_out(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                    const struct lq_iscsi_pdu *pdu, const uint8_t *data);
void lq_tgt_ping(struct lq_iscsi_target *target, struct lq_tgt_conn *conn);
uint64_t lq_tgt_ping_timeout_ns(const struct lq_iscsi_target *target);
void lq_tgt_announce_window(struct lq_iscsi_target *target, struct lq_tgt_session *session);
void lq_tgt_request_logout(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                           uint16_t within_s);

/* --- logout.c, text_request.c ----------------------------------------------------------------- */

void lq_tgt_logout(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                   const struct lq_iscsi_pdu *pdu, const uint8_t *header);
void lq_tgt_logout_answer(struct lq_iscsi_target *target, struct lq_tgt_conn *conn, uint32_t itt,
                          enum lq_iscsi_logout_response response);
void lq_tgt_text_request(struct lq_iscsi_target *target, struct lq_tgt_conn *conn,
                         const struct lq_iscsi_pdu *pdu, const uint8_t *data,
                         const uint8_t *header);

uint32_t lq_tgt_take_ttt(struct lq_iscsi_target *target, struct lq_tgt_session *session);

/* --- transport.c ------------------------------------------------------------------------------ */

/* The canonical TransportID of an initiator port [SPC-5 7.6.4.6]: folded name and ISID. OUT holds
 * LQ_TRANSPORT_ID_BYTES_MAX; returns its size. */
uint32_t lq_tgt_transport_id(const char *name, const uint8_t *isid, uint8_t *out);

#endif
