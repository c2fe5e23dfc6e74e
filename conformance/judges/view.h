/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common view of a history: who is who and what belongs together. Every judge looks things up
 * here; nothing is judged here.
 *
 *   command    as its initiator sees it (LQ_I_*)
 *   task       as the engine sees it (LQ_E_*)
 *   exchange   as the wire shows it (a SCSI Command PDU and what belongs to it)
 *   function   a TM function, all three views in one
 *
 * Command and exchange meet by (I_T nexus, initiator task tag), newest first; task and command
 * too. Records live until the reset; pointers between them are stable. Internal to the judges.
 */
#ifndef LQ_CONFORMANCE_JUDGES_VIEW_H
#define LQ_CONFORMANCE_JUDGES_VIEW_H

#include "conformance/judges/grow.h"
#include "conformance/judges/judge.h"
#include "conformance/wire/reader.h"
#include "core/base/list.h"

/* A PDU on the wire: time and place in the total order; seq 0: did not happen. Several PDUs may be
 * completed by one tap, so they are numbered too. */
struct lq_moment {
    uint64_t time_ns, seq;
    uint64_t number;
};

enum { LQ_ACAS_MAX = 16 };

struct lq_seen_unit { /* a LUN of a target; several may stand for one logical unit */
    uint16_t target;
    uint64_t lun;
    uint32_t store;
    uint32_t unit; /* place of the first record of the same logical unit */
    uint32_t block_bytes;
    uint64_t blocks; /* the most that it can ever have: its store's */
    bool has_write_cache; /* WCE, as the target says it [SBC-3 6.5.5] */
    bool is_there, is_read_only;
    /* Newest of their kind: it came, it went (or was announced to come later), its access changed.
     * It may come again: then it is another logical unit of the same LUN and store. */
    const struct lq_event *added, *removed, *access;
    uint32_t acas; /* I_T nexuses that have an ACA condition by it, and the numbers of those: */
    uint64_t faulted[LQ_ACAS_MAX];
    uint64_t faulted_serial; /* of the command that established the newest */
    const struct lq_event *aca_changed;
    const struct lq_event *modes, *modes_at_first; /* LQ_E_MODES: newest; when it came */
};

struct lq_seen_store {
    uint32_t granule; /* write granularity in blocks; 0: not told */
    uint32_t block_bytes;
    uint64_t blocks;
    bool is_unfenced; /* what a target that ended has asked of it can still land */
};

struct lq_seen_nexus {
    uint64_t key;
    uint64_t nexus;
    uint16_t target, actor;
    uint32_t index;                        /* place in the view's nexuses */
    struct lq_seen_connection *connection; /* of its newest login */
    /* Newest of their kind, NULL when there was none. */
    const struct lq_event *login, *logged_in, *login_failed, *lost, *logout, *logout_done;
    const struct lq_event *established, *loss, *ended; /* LQ_E_NEXUS_* */
    bool is_established;                               /* engine: between established and loss */
    struct lq_link commands; /* struct lq_seen_command: sent, neither answered nor given up */
    struct lq_link tasks;    /* struct lq_seen_task: received, neither freed nor refused */
};

/* What a command asks for, as the wire has it, of either transport. */
struct lq_seen_asked {
    uint32_t index;          /* counts those of iSCSI and of FCP, each from 0 on */
    uint64_t ports;          /* FCP: which two N_Ports; 0: iSCSI */
    uint32_t connection;     /* or frame device */
    uint32_t opcode, tag;    /* of its PDU or frame */
    struct lq_moment request;
    bool is_over;            /* its status has passed */
    uint8_t cdb[16];
    uint32_t expected_bytes; /* Expected Data Transfer Length, FCP_DL */
    struct lq_seen_task *task;
};

struct lq_seen_command {
    const struct lq_event *sent, *status, *gave_up;
    struct lq_seen_nexus *nexus;
    const struct lq_seen_unit *unit; /* NULL: a LUN that is not there */
    struct lq_seen_exchange *exchange;
    struct lq_seen_asked *asked; /* newest; NULL: not seen */
    struct lq_seen_task *task;
    struct lq_seen_task *again; /* the same command, which reached the target once more; newest */
    struct lq_link in_nexus;
    uint32_t index;
};

struct lq_seen_task {
    uint64_t serial, tag, stamp;
    uint32_t index;
    uint32_t attribute, opcode;
    struct lq_seen_nexus *nexus;
    const struct lq_seen_unit *unit;
    struct lq_seen_command *command;
    struct lq_seen_command *copied; /* whose `again' it is, or was; its own command is NULL */
    struct lq_seen_exchange *exchange;
    struct lq_seen_asked *asked;
    const struct lq_event *received, *refused, *entered, *enabled, *ended, *freed;
    const struct lq_event *orphaned, *orphan_ended, *submitted; /* newest */
    const struct lq_event *affected; /* first: something aborts it */
    const struct lq_event *cut; /* its target ended in its middle: nothing more is owed for it */
    uint32_t requests;     /* submitted; a command may need several, one after the other */
    uint32_t requests_out; /* submitted and not completed */
    struct lq_link in_nexus;
};

struct lq_seen_function {
    uint32_t function; /* enum lq_tm_function, equal to the iSCSI codes [RFC 7143 11.5.1] */
    uint64_t lun, tag, referenced_tag;
    struct lq_seen_nexus *nexus; /* NULL: only the wire is known */
    const struct lq_seen_unit *unit;
    struct lq_seen_connection *connection;
    const struct lq_event *sent, *done, *gave_up; /* LQ_I_TM, LQ_I_TM_DONE, LQ_I_GAVE_UP */
    const struct lq_event *received, *answered;   /* LQ_E_TM_* */
    struct lq_moment request, response;           /* PDUs, complete at the target's end */
    uint32_t response_code;
    uint32_t cmd_sn, ref_cmd_sn;
    /* When it was received: each I_T nexus had a task set of its own; TAS was 1. */
    bool is_per_nexus, has_tas;
    bool is_of_others_aca; /* another I_T nexus had an ACA condition, its own had not */
    uint32_t index;
};

struct lq_seen_exchange {
    struct lq_seen_connection *connection;
    uint32_t itt;
    uint32_t index;
    uint64_t lun;
    struct lq_moment request, response; /* SCSI Command; SCSI Response or Data-In with status */
    uint32_t status_count;
    uint32_t status, sense_key, asc, ascq; /* of the first status */
    struct lq_seen_asked asked;
    bool immediate, reads, writes;
    bool came_ahead; /* of a hole in CmdSN: its data may have been dropped, to be asked for */
    uint32_t attribute; /* iSCSI's code */
    uint32_t cmd_sn;
    uint32_t data_bytes;      /* that came with the command */
    bool unsolicited_follows; /* F = 0: unsolicited Data-Out follow */
    const struct lq_seen_unit *unit;
    struct lq_seen_command *command;
    struct lq_seen_task *task;
    struct lq_seen_function *silenced_by; /* its answer has passed: nothing may follow */
    struct lq_link in_connection;         /* while no status has passed */
};

/* What a login agreed on [RFC 7143 13]. */
struct lq_seen_parameters {
    uint32_t initiator_segment_bytes, target_segment_bytes; /* MaxRecvDataSegmentLength */
    uint32_t max_burst, first_burst, max_outstanding_r2t;
    bool initial_r2t, immediate_data, pdu_in_order, sequence_in_order;
    bool header_digest, data_digest;
    bool discovery;
};

enum { LQ_AHEAD_MAX = 1024 }; /* CmdSNs that are kept in mind from a hole on */

/* A connection's wire readers: large, so they go from one connection to the next. */
struct lq_seen_readers {
    struct lq_wire_reader of[2]; /* by enum lq_direction */
    uint32_t next_free;          /* chain of those without a connection; LQ_NONE */
};

struct lq_seen_connection {
    uint32_t number;
    uint32_t index; /* place in the view's connections */
    struct lq_seen_nexus *nexus; /* from LQ_I_LOGIN; NULL in histories without initiators */
    const struct lq_event *accept, *close, *login;
    uint32_t readers; /* from its first bytes to its close; LQ_NONE */
    /* Login on the wire. */
    uint64_t identity; /* of InitiatorName, ISID, TargetName and portal group; 0: not known */
    uint64_t name_hashes[2], isid; /* of the initiator's and the target's name; 0: not told */
    uint32_t portal_group_tag; /* 0: not told */
    uint32_t request_tsih;
    bool full_feature;
    struct lq_moment login_request, login_success; /* newest request that wants an answer */
    struct lq_moment logout_request, logout_response;
    struct lq_moment silent_since; /* a newer session of its nexus has begun */
    /* A header came broken, or requests behind one that ended the login may have been read with the
     * digests that it brought: where the next PDU to the target begins is unknown. */
    bool is_lost;
    bool login_hurried; /* a login request did not wait for the answer of one before */
    uint32_t logout_reason;
    struct lq_seen_parameters parameters;
    struct lq_link exchanges; /* struct lq_seen_exchange: no status yet */
    /* CmdSN as received: the first that has not come, and those that came ahead of it. */
    bool has_cmd_sn;
    uint32_t cmd_sn;
    uint64_t ahead[LQ_AHEAD_MAX / 64]; /* a bit each, by CmdSN */
    /* The window as the target told it, and the requests that came beyond it: the target ignores
     * what is outside of its window, which may be wider by now than it told [RFC 7143 4.2.2.1].
     * Whether it took them is in doubt until ExpCmdSN tells. */
    bool has_window, has_doubt;
    uint32_t max_cmd_sn, first_doubtful, last_doubtful;
};

/* A PDU that has just become complete. */
struct lq_pdu_seen {
    struct lq_seen_connection *connection;
    enum lq_direction direction;
    uint32_t opcode;
    const uint8_t *h;    /* 48 bytes */
    const uint8_t *data; /* KEPT_BYTES of DATA_BYTES */
    uint32_t data_bytes, kept_bytes;
    bool header_broken, data_broken; /* by its digests */
    struct lq_moment at;
    bool is_numbered; /* it takes a place in the order of CmdSN [RFC 7143 4.2.2.1] */
    bool is_beyond;   /* the window that the target told */
    bool came_ahead;  /* of a hole in CmdSN: its turn has not come */
    bool came_again;  /* its CmdSN had been received */
    struct lq_seen_exchange *exchange; /* which it belongs to, NULL when none */
    struct lq_seen_function *function;
};

/* Data of a command that has just passed, of either transport. */
struct lq_data_seen {
    struct lq_seen_asked *asked;
    enum lq_direction direction;
    uint32_t offset, data_bytes;
    const uint8_t *data; /* KEPT_BYTES of them */
    uint32_t kept_bytes;
    uint32_t opcode; /* of its PDU, R_CTL of its frame */
    struct lq_moment at;
};

struct lq_view {
    struct lq_array events; /* struct lq_event: the whole history */
    struct lq_array units, stores, nexuses, connections, readers, commands, tasks, functions,
        exchanges;
    struct lq_map unit_of, nexus_of, connection_of;
    struct lq_map command_of, command_by_tag, task_of;
    struct lq_map function_of, function_by_tag, function_of_engine;
    struct lq_map exchange_of, function_on_wire; /* by (connection, initiator task tag) */
    struct lq_map forged_of;  /* by (connection, initiator task tag): enum lq_forged, bits */
    struct lq_map session_of; /* wire identity -> connection of its newest full feature session */
    uint64_t bounds[8];       /* by enum lq_bound; LQ_NO_BOUND when not told */
    struct lq_wire_crc crc;   /* for all readers */
    uint32_t free_readers;    /* chain by next_free */
    uint64_t pdus;            /* completed so far */
    uint64_t replaced;        /* sessions replaced by a newer one while their connection was open */
    uint64_t heal_ns;         /* UINT64_MAX before */
    uint64_t end_ns;
    const struct lq_event *event; /* the record of now, in the log */
    /* What it is about, so that the judges need not look it up again; NULL when not known. */
    struct lq_seen_task *task;
    struct lq_seen_command *command;
    struct lq_seen_connection *connection; /* made, or asked for, last */
    struct lq_seen_nexus *nexus;           /* the same */
};

#define LQ_NO_BOUND UINT64_MAX

struct lq_judge_part;
extern const struct lq_judge_part lq_view_part, lq_forged_part;
void lq_view_digest(struct lq_judge *judge, struct lq_digest *digest); /* digest.c */

/* What an event is about; NULL when the view does not know it. */
struct lq_seen_nexus *lq_view_nexus(const struct lq_view *view, const struct lq_event *event);
struct lq_seen_command *lq_view_command(const struct lq_view *view, const struct lq_event *event);
struct lq_seen_task *lq_view_task(const struct lq_view *view, uint64_t serial);
struct lq_seen_function *lq_view_function(const struct lq_view *view, const struct lq_event *event);
struct lq_seen_function *lq_view_engine_function(const struct lq_view *view, uint64_t serial);
const struct lq_seen_unit *lq_view_unit(const struct lq_view *view, uint16_t target, uint64_t lun);
struct lq_seen_connection *lq_view_connection(const struct lq_view *view, uint32_t number);
struct lq_seen_store *lq_view_store(struct lq_view *view, struct lq_allocator allocator,
                                    uint32_t number);

/* What the network made of PDUs of a task: who sent them did not send them so. What its command or
 * TM function told one side says nothing about what the other did. */
enum lq_forged {
    LQ_FORGED_TO_TARGET = 1,
    LQ_FORGED_FROM_TARGET = 2,
    LQ_BROKEN = 4 /* its initiator found a protocol error in its PDUs: it has no data that counts */
};

/* Of both names that were told in the login of CONNECTION; 0: none. */
static inline uint64_t lq_names_hash(const struct lq_seen_connection *connection)
{
    return connection->name_hashes[0] + connection->name_hashes[1];
}

/* Bits of enum lq_forged: for PDUs with TAG on CONNECTION; of COMMAND, which was sent. */
uint32_t lq_view_forged(const struct lq_view *view, uint32_t connection, uint64_t tag);
uint32_t lq_view_command_forged(const struct lq_view *view, const struct lq_seen_command *command);

/* The newest command with TAG that was sent on CONNECTION; NULL. */
struct lq_seen_command *lq_view_command_on(const struct lq_view *view, uint32_t connection,
                                           uint64_t tag);

/* The newest command with TAG that was sent through NEXUS; NULL. */
struct lq_seen_command *lq_view_command_tagged(const struct lq_view *view,
                                               const struct lq_seen_nexus *nexus, uint64_t tag);

/* True when UNIT has gone since the record or PDU numbered SEQ. */
static inline bool lq_has_gone_since(const struct lq_seen_unit *unit, uint64_t seq)
{
    return unit != NULL && unit->removed != NULL && unit->removed->seq > seq;
}

static inline bool lq_same_unit(const struct lq_seen_unit *a, const struct lq_seen_unit *b)
{
    return a != NULL && b != NULL && a->unit == b->unit;
}

static inline bool lq_has_aca(const struct lq_seen_unit *unit, const struct lq_seen_nexus *nexus)
{
    for (uint32_t i = 0; i < unit->acas && i < LQ_ACAS_MAX; i++)
        if (unit->faulted[i] == nexus->nexus)
            return true;
    return false;
}

/* What the Control mode page of UNIT says now [SPC-5 r22 7.5.10]. */
static inline bool lq_has_tst_per_nexus(const struct lq_seen_unit *unit)
{
    return unit->modes != NULL && unit->modes->code >> 29 == 1;
}

static inline uint32_t lq_qerr_of(const struct lq_seen_unit *unit)
{
    return unit->modes == NULL ? 0 : unit->modes->code >> 17 & 3;
}

static inline bool lq_has_tas(const struct lq_seen_unit *unit)
{
    return unit->modes != NULL && (unit->modes->code & 0x40) != 0;
}

/* True when FUNCTION ends or clears what it affects (it is none of the queries). */
bool lq_function_aborts(uint32_t function);

/* True when FUNCTION reaches all I_T nexuses. */
bool lq_function_is_for_all(uint32_t function);

/* True when EXCHANGE is of FUNCTION's own session, was there before it, and is in its scope
 * [SAM-5 r21 7.2 to 7.9; RFC 7143 11.5.1]. Needs nothing but the wire. */
bool lq_function_covers(const struct lq_seen_function *function,
                        const struct lq_seen_exchange *exchange);

/* True when TASK was received before FUNCTION and is in its scope; of any I_T nexus. Tasks are
 * known by their LUN: one outlives a unit that is removed, until its data has come. */
bool lq_function_covers_task(const struct lq_seen_function *function,
                             const struct lq_seen_task *task);

/* view_unit.c */
void lq_view_unit_comes(struct lq_judge *judge, const struct lq_event *event);
void lq_view_unit_changes(struct lq_view *view, const struct lq_event *event);
void lq_view_unit_modes(struct lq_view *view, const struct lq_event *event);
void lq_view_unit_aca(struct lq_view *view, const struct lq_event *event);
/* FUNCTION is received, and meets its unit as it is now. */
void lq_view_function_received(struct lq_seen_function *function, const struct lq_event *event);

/* --- shared with view_wire.c and login.c ------------------------------------------------------ */

struct lq_judge;
struct lq_seen_connection *lq_view_connection_make(struct lq_judge *judge, uint32_t number);
/* The readers of CONNECTION, which gets some when it has none. */
struct lq_seen_readers *lq_view_readers(struct lq_judge *judge,
                                        struct lq_seen_connection *connection);
struct lq_seen_function *lq_view_function_make(struct lq_judge *judge);
void lq_view_tap(struct lq_judge *judge, const struct lq_tap *tap);
/* What PDU's CmdSN says of it, before it is taken; the window that it tells, after. */
void lq_view_number(struct lq_pdu_seen *pdu);
void lq_view_window(const struct lq_pdu_seen *pdu);

void lq_parameters_default(struct lq_seen_parameters *parameters);

/* Takes the text of a login PDU of the connection into account. */
void lq_login_text(struct lq_seen_connection *connection, enum lq_direction direction,
                   const uint8_t *text, uint32_t size_bytes);

#endif
