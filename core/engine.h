/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SCSI target engine: SAM task sets, task management, unit attentions and device servers for
 * block devices behind the SCSI transport protocol services of SAM-5 clause 5.4 and 7.12.
 *
 * What this is not: it knows no transport, no socket, no clock. Transports call lq_engine_*; the
 * engine calls the transport's table. A transport function is called from inside lq_engine_* calls
 * and must only note what it is told: it never calls back into the engine from there.
 *
 * Who uses it: transport endpoints (proto/) and the shard (sim/shard).
 *
 * Ownership: the engine lives in the arena; task slots and their data buffers are the engine's. A
 * transport may read (Data-In) or fill (Data-Out) a buffer from the call that names it until it
 * reports delivery or termination. A transport's cookies mean nothing to the engine.
 */
#ifndef LQ_CORE_ENGINE_H
#define LQ_CORE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/arena.h"
#include "core/base/handle.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/store.h"

struct lq_engine;

typedef lq_handle lq_task;  /* a command that the engine has accepted */
typedef lq_handle lq_nexus; /* an I_T nexus, established or remembered */

enum {
    LQ_CDB_BYTES_MAX = 260, /* [SPC-5 4.2.1]: variable length CDBs */
    LQ_TRANSPORT_ID_BYTES_MAX = 256,
    LQ_SENSE_BYTES_MAX = 96
};

#define LQ_LENGTH_UNKNOWN UINT64_MAX /* the transport carries no expected length */
#define LQ_DURATION_NEVER UINT64_MAX

/* SCSI status codes [SAM-5 5.3.1]. */
enum lq_status {
    LQ_GOOD = 0x00,
    LQ_CHECK_CONDITION = 0x02,
    LQ_CONDITION_MET = 0x04,
    LQ_BUSY = 0x08,
    LQ_RESERVATION_CONFLICT = 0x18,
    LQ_TASK_SET_FULL = 0x28,
    LQ_ACA_ACTIVE = 0x30,
    LQ_TASK_ABORTED = 0x40
};

enum lq_data_direction { LQ_DATA_IN, LQ_DATA_OUT };

/* --- engine to transport --------------------------------------------------------------------- */

/* Send SCSI Command Complete [SAM-5 5.4.2.5]. */
struct lq_command_complete {
    enum lq_status status;
    const uint8_t *sense; /* valid during the call; the transport copies */
    uint32_t sense_bytes;
    /* Data that the command defines, by direction: what a peer of unlimited appetite would have
     * moved. The transport forms its residuals from these and its expected lengths. */
    uint64_t in_bytes_defined, out_bytes_defined;
    /* The engine must learn whether the initiator got this status (it reports a unit attention).
     * Then the task's slot is held until lq_engine_command_delivered or _lost; without it the
     * transport calls lq_engine_command_delivered as soon as status and data have been sent. */
    bool confirm;
};

struct lq_transport {
    const char *name;
    uint8_t protocol_identifier; /* [SPC-5 7.6.1]: 0 FCP, 5 iSCSI */
    /* True when BYTES hold a well-formed TransportID of this protocol [SPC-5 7.6.4]. */
    bool (*transport_id_is_valid)(const uint8_t *bytes, uint32_t size_bytes);
    /* The first TransportID of the SIZE_BYTES at BYTES, in canonical form, to CANONICAL (of
     * LQ_TRANSPORT_ID_BYTES_MAX); returns its length there, and by TAKEN_BYTES how long it was. 0:
     * it is not well-formed, or does not name one initiator port. NULL: initiator ports can't be
     * named by others here (SIP_C [SPC-4 6.15.4] is 0). */
    uint32_t (*transport_id_canonical)(const uint8_t *bytes, uint32_t size_bytes,
                                       uint8_t *canonical, uint32_t *taken_bytes);

    /* Receive Data-Out [SAM-5 5.4.3.3.1]: fetch BYTES from OFFSET of the command's Data-Out into
     * BUFFER (which is for OFFSET), immediate and unsolicited data first; then call
     * lq_engine_data_out_received. Immediate data has been copied already. At most one such window
     * of a command is open. */
    void (*receive_data_out)(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                             uint8_t *buffer);
    /* Send Data-In [SAM-5 5.4.3.2.1]: BYTES at OFFSET of the command's Data-In are at DATA, which
     * stays valid until delivery or termination. Followed by command_complete of the command. */
    void (*send_data_in)(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                         const uint8_t *data);
    /* Terminate Data Transfer [SAM-5 5.4.3.4]: the command has been aborted and gets no status.
     * True: nothing of its buffer is in use any more, its cookie is forgotten. False: a PDU that
     * is half out must be finished, or a window of Data-Out that the peer has been asked for is
     * still open; lq_engine_data_terminated follows, bounded by the transport's own timeouts.
     * WAIT_FOR_PEER: report the end only when the peer has answered every open window (asked for
     * commands of the nexus that issued the TM function [RFC 7143 4.2.3.3]); else windows may be
     * left to dry out with the buffer no longer filled. */
    bool (*terminate_data_transfer)(void *transport, uint64_t cookie, bool wait_for_peer);
    /* Send SCSI Command Complete. */
    void (*command_complete)(void *transport, uint64_t cookie,
                             const struct lq_command_complete *complete);
    /* Task Management Function Executed [SAM-5 7.12.4]. INFORMATION: Additional Response
     * Information, of QUERY ASYNCHRONOUS EVENT [SAM-5 7.9]; 24 bits, 0 of other functions. */
    void (*tm_executed)(void *transport, uint64_t cookie, enum lq_tm_answer answer,
                        uint32_t information);
    /* The answer to lq_engine_nexus_lost: no command of it can do harm any more. */
    void (*nexus_ended)(void *transport, uint64_t cookie);
    /* Asynchronous event for an I_T_L nexus, with sense. True when the transport reports it
     * itself; false: the engine keeps it as a unit attention. May be NULL: false. */
    bool (*asynchronous_event)(void *transport, lq_nexus nexus, uint64_t lun, const uint8_t *sense,
                               uint32_t sense_bytes);
    /* All connections of all sessions to TARGET are to be closed after what is queued has been
     * sent (TARGET COLD RESET [RFC 7143 11.5.1]); nexus losses follow. May be NULL. */
    void (*close_all)(void *transport, uint16_t target);
};

/* --- start ----------------------------------------------------------------------------------- */

struct lq_engine_config {
    struct lq_limits limits;
    uint64_t quarantine_after_ns;       /* TM functions and logout; LQ_DURATION_NEVER waits */
    uint64_t login_quarantine_after_ns; /* nexus loss and reinstatement; 0: at once */
    uint64_t busy_after_ns;             /* how long a command is held for an orphan's fate */
    uint32_t first_generation; /* of handles' slots; virtual worlds start it near its wrap */
    uint32_t incarnation; /* how often this target has been started before: its serials differ */
};

/* 3 s, 0 and 10 s; the limits are the world's to set (lq_limits_live, lq_limits_virtual). */
extern const struct lq_engine_config lq_engine_config_default;

/* Carves an engine from ARENA (NULL from a measuring one). ENV must outlive it. */
struct lq_engine *lq_engine_make(struct lq_arena *arena, const struct lq_engine_config *config,
                                 struct lq_env *env);

/* True when no request of an earlier incarnation of this target can land in STORE any more; else
 * ask again. Nothing is served before. */
bool lq_store_fence(struct lq_store *store, const struct lq_env *env);

/* Makes STORE known and numbers it. False when limits.stores are in use. */
bool lq_engine_store_add(struct lq_engine *engine, struct lq_store *store);

/* TARGET has the ports of relative identifiers 1 to PORTS, at least 1; the most that a transport
 * says holds. Before any nexus is established. */
void lq_engine_target_ports(struct lq_engine *engine, uint16_t target, uint16_t ports);

struct lq_unit_config {
    uint16_t target;        /* SCSI target device, 0.. */
    uint16_t lun;           /* 0..255, peripheral device addressing; flat space up to 16383 */
    struct lq_store *store; /* added before */
    const char *vendor, *product, *revision; /* at most 8, 16, 4 ASCII characters; NULL: ours */
    const char *serial;                      /* unit serial number, at most 32 characters; copied */
    uint64_t nblocks;                        /* capacity; 0: all of the store */
    bool read_only;
    bool removable; /* its medium can be ejected */
};

/*
 * Logical units come and go at any time. Each function returns NULL, or one sentence that names
 * what is wrong or which limit stands against it, and then has done nothing. I_T nexuses that know
 * the target are told by unit attentions [SAM-5 5.14].
 */

/* Adds a logical unit; of one that had its LUN before it has what that kept through loss of power
 * in the same store (core/saved.h), and nothing else. */
const char *lq_engine_unit_add(struct lq_engine *engine, const struct lq_unit_config *config);

/* Removes it. Commands that wait end with LOGICAL UNIT NOT SUPPORTED, commands in the store with
 * ABORTED COMMAND, their requests being orphans of the store, which stays. */
const char *lq_engine_unit_remove(struct lq_engine *engine, uint16_t target, uint16_t lun);

/* Sets its capacity, at most the store's. What begins beyond the end is refused. */
const char *lq_engine_unit_resize(struct lq_engine *engine, uint16_t target, uint16_t lun,
                                  uint64_t nblocks);

/* Write protects it or no longer. Writes that are in the store go on; no other begins. */
const char *lq_engine_unit_access(struct lq_engine *engine, uint16_t target, uint16_t lun,
                                  bool read_only);

/* --- nexus ----------------------------------------------------------------------------------- */

struct lq_nexus_request {
    uint16_t target;
    uint16_t target_port;        /* relative target port identifier */
    const uint8_t *transport_id; /* canonical TransportID of the initiator port; copied */
    uint32_t transport_id_bytes;
    const struct lq_transport *transport;
    void *transport_context;
};

/*
 * An I_T nexus is there [SAM-5 4.6]. The nexus of the same name must not be established now (the
 * endpoint reports its loss first); one that is remembered keeps its unit attentions. Returns no
 * handle when limits.nexuses are all established.
 */
lq_nexus lq_engine_nexus_established(struct lq_engine *engine,
                                     const struct lq_nexus_request *request);

/*
 * The I_T nexus is lost (HOW: LQ_TRIGGER_NEXUS_LOSS), closed by its initiator (LQ_TRIGGER_LOGOUT)
 * or replaced (LQ_TRIGGER_REINSTATEMENT). Its commands are aborted; nexus_ended(COOKIE) is the
 * answer, perhaps before this returns. From then on the engine knows no cookie of this nexus. With
 * LQ_TRIGGER_NEXUS_LOSS and _REINSTATEMENT the transport moves no data of its commands any more
 * and no terminate_data_transfer is called; TM functions that it had under way are not answered.
 * With LQ_TRIGGER_LOGOUT terminate_data_transfer is called, what has been completed may still be
 * delivered (lq_engine_command_delivered, _lost), and open windows end with the answer.
 */
void lq_engine_nexus_lost(struct lq_engine *engine, lq_nexus nexus, enum lq_trigger how,
                          uint64_t cookie);

/* The records' number of NEXUS. */
uint64_t lq_engine_nexus_hash(const struct lq_engine *engine, lq_nexus nexus);

/* --- commands -------------------------------------------------------------------------------- */

/* SCSI Command Received [SAM-5 5.4.2.3]. */
struct lq_command {
    lq_nexus nexus;
    uint64_t lun; /* the 8-byte field as a number */
    uint64_t tag; /* initiator task tag */
    enum lq_attribute attribute;
    uint8_t priority;     /* 0..15 */
    uint64_t order_stamp; /* delivery order in the I_T nexus, rising */
    const uint8_t *cdb;   /* CDB_BYTES, at most LQ_CDB_BYTES_MAX; copied */
    uint32_t cdb_bytes;
    uint64_t expected_in_bytes, expected_out_bytes; /* LQ_LENGTH_UNKNOWN: not carried */
    const uint8_t *immediate; /* Data-Out that came with the command; copied */
    uint32_t immediate_bytes;
    uint32_t unsolicited_bytes; /* Data-Out that will come without being asked for, after it */
    uint64_t cookie;            /* the transport's name for the command */
};

/*
 * Takes a command; it enters its task set now. Returns its handle. No handle: it was refused and
 * answered by command_complete (TASK SET FULL, BUSY) during this call, and must not be reported as
 * delivered. A command that is answered without Data-Out having been asked for gets its
 * unsolicited data drained by the transport.
 */
lq_task lq_engine_command(struct lq_engine *engine, const struct lq_command *command);

/* The Data-Out window that was asked for is filled with BYTES (fewer than asked only when the
 * transport could not get them: the command ends with CHECK CONDITION). Stale TASK: ignored. */
void lq_engine_data_out_received(struct lq_engine *engine, lq_task task, uint32_t bytes);

/* Instead of that, when what arrived cannot be used: nothing of the window is looked at, and the
 * command ends with CHECK CONDITION and this sense. Stale TASK: ignored. */
void lq_engine_data_out_failed(struct lq_engine *engine, lq_task task, uint8_t key, uint8_t asc,
                               uint8_t ascq);

/* The end of a transfer that terminate_data_transfer answered with false. */
void lq_engine_data_terminated(struct lq_engine *engine, lq_task task);

/* Status and data of TASK are out, and arrived as far as this transport can tell (see confirm):
 * its buffer is free again. */
void lq_engine_command_delivered(struct lq_engine *engine, lq_task task);

/* The status of TASK may not have reached the initiator: what it reported is put back. */
void lq_engine_command_lost(struct lq_engine *engine, lq_task task);

/* Commands that NEXUS could still send without being refused: the transport's window. */
uint32_t lq_engine_tasks_free(const struct lq_engine *engine, lq_nexus nexus);

/* --- task management ------------------------------------------------------------------------- */

/* Received Task Management Function [SAM-5 7.12.3]. Commands of the nexus with lower order stamps
 * are affected, and what is in the task set of other nexuses. */
struct lq_tm_request {
    lq_nexus nexus;
    enum lq_tm_function function;
    uint64_t lun;            /* ignored by TARGET RESETs */
    uint64_t tag;            /* initiator task tag of the function itself, for records */
    uint64_t referenced_tag; /* ABORT TASK, QUERY TASK */
    uint64_t order_stamp;
    uint64_t cookie;
};

/* tm_executed(COOKIE) is the answer, perhaps before this returns. */
void lq_engine_task_management(struct lq_engine *engine, const struct lq_tm_request *request);

/* --- stores and time ------------------------------------------------------------------------- */

/* A store has ended the request of HANDLE. Unknown, stale or repeated handles are counted and
 * ignored. */
void lq_engine_store_done(struct lq_engine *engine, lq_handle handle, enum lq_block_status status);

/* When lq_engine_expire wants to be called; LQ_NEVER (core/base/heap.h) when not at all. */
uint64_t lq_engine_deadline(const struct lq_engine *engine);
void lq_engine_expire(struct lq_engine *engine);

/* --- looking inside -------------------------------------------------------------------------- */

struct lq_engine_counts {
    uint32_t tasks, tasks_free;
    uint32_t aborts, aborts_free;
    uint32_t orphans, held;
    uint64_t commands_received, stale_completions;
};

struct lq_engine_counts lq_engine_counts(const struct lq_engine *engine);

/* Store NUMBER, NULL when there is none. */
struct lq_store *lq_engine_store(const struct lq_engine *engine, uint32_t number);

/* Requests that store NUMBER still holds (orphans included). */
uint32_t lq_engine_store_outstanding(const struct lq_engine *engine, uint32_t number);

/* Mixes in all that the engine's future depends on. */
void lq_engine_digest(const struct lq_engine *engine, struct lq_digest *digest);

#endif
