/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of a run: event records and wire taps in one total order, and their fingerprint.
 *
 * Initiators append what they sent and got (kinds LQ_I_*, which a foreign target's run has too),
 * the engine what it did (LQ_E_*), stores what happened on the medium (LQ_S_*), the world what it
 * planned and broke (LQ_W_*). Judges read histories and nothing else.
 *
 * What this is not: storage. A history numbers and mixes each record and hands it to its sinks
 * (a log, judges, a capture writer), which the program attaches.
 *
 * Names that let records of different authors meet:
 *   nexus   a 64-bit hash of the canonical I_T nexus name (lq_nexus_hash below), the same in an
 *           initiator's and in the engine's records, over reconnections too
 *   tag     initiator task tag of the command or TM function
 *   serial  one number per command and TM function, given by the author: initiators' and the
 *           engine's serials are different spaces; tie them by (nexus, tag), newest first
 *   lun     the 8-byte LUN field as a number, as on the wire
 *   store   number of the store; two LUNs may be on one store
 */
#ifndef LQ_CORE_BASE_HISTORY_H
#define LQ_CORE_BASE_HISTORY_H

#include <stdint.h>

enum lq_event_kind {
    LQ_EVENT_NONE,

    /* --- world --------------------------------------------------------------------------- */
    LQ_W_LUN,    /* by the engine: LUN of TARGET is there from now on; code store number, detail
                    unit number, nblocks block size in bytes, value capacity in blocks. By the
                    world, flags LQ_F_ABSENT: it is not there, but may come */
    LQ_W_BOUND,  /* at start: code enum lq_bound, value its nanoseconds (UINT64_MAX: never) */
    LQ_W_PHASE,  /* code enum lq_phase begins */
    LQ_W_FAULT,  /* a fault fired: code its id, value its subject; connection when it has one. One
                    that struck a PDU at the target's end: tag its initiator task tag, stamp the
                    tag that it has afterwards, detail its opcode, lba how many bytes it had; flags
                    LQ_F_PDU and which of LQ_F_FROM_TARGET, LQ_F_FORGED, LQ_F_STOPS hold */
    LQ_W_ACCEPT, /* the target accepted CONNECTION of initiator ACTOR */
    LQ_W_CLOSE,  /* the target's end of CONNECTION is gone; code enum lq_close */
    LQ_W_STORE,  /* by the engine, at start: code store number, value blocks, nblocks block size,
                    detail write granularity in blocks */
    LQ_W_POWER,  /* code enum lq_power; detail the store's number (LQ_POWER_DISK_RESET); value how
                    often the target has been started before (LQ_POWER_ON) */
    LQ_W_LUN_CHANGED, /* by the engine: LUN of TARGET, code enum lq_lun_change, detail unit number,
                         value its new capacity in blocks, or 1 for read-only */
    LQ_W_ACCOUNT, /* at the end: pool code has value free of lba slots; detail: its name's
                       number (enum lq_pool) */

    /* --- initiators: black box ------------------------------------------------------------- */
    LQ_I_LOGIN,        /* first login PDU of a session sent on CONNECTION; value ISID */
    LQ_I_LOGGED_IN,    /* final login response with success received; value TSIH */
    LQ_I_LOGIN_FAILED, /* code status class << 8 | detail */
    LQ_I_LOST,         /* this initiator sees its connection lost, or drops it itself (code 1) */
    LQ_I_COMMAND,      /* SCSI command sent: lun, tag, serial, stamp CmdSN, code attribute (enum
                       lq_attribute), detail opcode, lba and nblocks of medium commands, value
                       expected data transfer length; flags LQ_F_* */
    LQ_I_WRITE_DATA,   /* follows LQ_I_COMMAND of a write: blocks lba..lba+nblocks-1 carry content
                       value (lq_hash(0, block bytes, block size)); one record per run of blocks
                       with the same content; value 0: what they will have depends on what they
                       had */
    LQ_I_READ_DATA,    /* precedes LQ_I_STATUS of a read that returned data: as above */
    LQ_I_STATUS,  /* final status received: serial, tag; code SCSI status, detail sense key << 16
                       | ASC << 8 | ASCQ (0 without sense), value residual count, flags
                       LQ_F_OVERFLOW or LQ_F_UNDERFLOW */
    LQ_I_GAVE_UP, /* this initiator no longer expects an answer to serial: its connection is
                       gone, or a TM function that aborted it has been answered, or it logged out;
                       code LQ_GAVE_UP_LOST: frames of it were lost for good, and its exchange has
                       been aborted */
    LQ_I_TM,      /* TM function sent: serial, tag its own, value the referenced task tag, code
                       enum lq_tm_function, lun, stamp CmdSN */
    LQ_I_TM_DONE, /* its answer received: serial, code enum lq_tm_answer */
    LQ_I_LOGOUT,  /* logout request (close session) sent */
    LQ_I_LOGOUT_DONE, /* its answer received; code response */
    LQ_I_PROTOCOL, /* this initiator caught the target in a protocol error; code its own number */

    /* --- engine: white box; NEXUS, LUN, TAG, SERIAL, STAMP of the command where it is about one */
    LQ_E_NEXUS_ESTABLISHED, /* connection unset; stamp counts the nexus's establishments */
    LQ_E_NEXUS_LOST,        /* code enum lq_trigger */
    LQ_E_NEXUS_ENDED,       /* the loss has been answered: nothing of it is left but orphans */
    LQ_E_RECEIVED,          /* code attribute, detail opcode, value expected length out or in */
    LQ_E_REFUSED,           /* never entered a task set; code SCSI status */
    LQ_E_ENTERED,           /* entered the task set of its LU (value unit number) */
    LQ_E_ENABLED,           /* began processing */
    LQ_E_HELD,              /* waits for an orphan's fate; lba, nblocks */
    LQ_E_RELEASED,          /* goes on: the orphans that it overlapped have ended */
    LQ_E_ENDED,             /* left the task set: code SCSI status, detail sense as above, or flags
                         LQ_F_ABORTED with code enum lq_trigger and no status */
    LQ_E_DELIVERED,         /* the transport knows its status delivered */
    LQ_E_STATUS_LOST,       /* the transport knows its status lost */
    LQ_E_FREED,             /* its slot is free again */
    LQ_E_TM_RECEIVED,       /* code enum lq_tm_function, value referenced tag; serial its own */
    LQ_E_TM_ANSWERED,    /* code enum lq_tm_answer; flags LQ_F_QUARANTINED when orphans were left */
    LQ_E_AFFECTED,       /* this command is affected by trigger code; value serial of the TM
                         function, 0 for others */
    LQ_E_ORPHANED,       /* its store request goes on as an orphan of store code; lba, nblocks the
                         extent that is quarantined */
    LQ_E_ORPHAN_ENDED,   /* the store answered it */
    LQ_E_ACA,   /* code 1: NEXUS has an ACA condition by LUN, which the CHECK CONDITION of SERIAL
                   (the next record) establishes; 0: not any more */
    LQ_E_MODES, /* mode parameters of LUN from now on: code bytes 2 to 5 of its Control mode page,
                   detail byte 2 of its Caching mode page; nexus and serial of the MODE SELECT, 0:
                   it is new, or was reset */
    LQ_E_UA_ESTABLISHED, /* detail ASC << 8 | ASCQ, for nexus and lun */
    LQ_E_UA_REPORTED,    /* in CHECK CONDITION or REQUEST SENSE data; serial of the command */
    LQ_E_UA_PUT_BACK,    /* its status was lost */
    LQ_E_UA_CLEARED,     /* by the REPORT LUNS of serial; 0: merged into a coarser one */

    /* --- stores: what happened on the medium; code store number, value the request's handle -- */
    LQ_S_SUBMITTED, /* detail the request's operation: 1 read, 2 write, 3 flush, 4 unmap,
                       5 provisioning status; lba, nblocks (0 of a flush: everything); serial of
                       command */
    LQ_S_EFFECT,    /* the medium changed, or was read */
    LQ_S_DURABLE,   /* and is past the volatile cache */
    LQ_S_COMPLETED, /* answered to the engine; stamp: 0 good, 1 medium error, 2 no space, 3 failed,
                       4 what was cached may be lost, 5 the store was reset */
    LQ_S_FATE,      /* power is gone: what of a write was not durable, detail enum lq_fate; lba,
                       nblocks and serial of the write */
    LQ_S_CORRUPTED, /* the medium lies about blocks lba..: no target can help it */

    LQ_EVENT_KINDS
};

enum lq_event_flag {
    LQ_F_IMMEDIATE = 1 << 0, /* immediate command or function (does not advance CmdSN) */
    LQ_F_FUA = 1 << 1,
    LQ_F_OVERFLOW = 1 << 2,
    LQ_F_UNDERFLOW = 1 << 3,
    LQ_F_ABORTED = 1 << 4,
    LQ_F_QUARANTINED = 1 << 5,
    LQ_F_REINSTATES = 1 << 6,   /* LQ_I_LOGIN: this initiator knows its former session to be open */
    LQ_F_MEDIUM_WRITE = 1 << 7, /* LQ_I_COMMAND, LQ_E_RECEIVED: changes blocks of the medium */
    LQ_F_MEDIUM_READ = 1 << 8,
    LQ_F_WRITE_CACHE = 1 << 9,  /* LQ_W_LUN: the caching mode page has WCE 1 */
    LQ_F_PDU = 1 << 10,         /* LQ_W_FAULT: it struck a PDU */
    LQ_F_FROM_TARGET = 1 << 11, /* LQ_W_FAULT: which the target sent */
    LQ_F_FORGED = 1 << 12,      /* LQ_W_FAULT: what arrived was never sent so (it was not merely
                                   lost, late or out of order) */
    LQ_F_ABSENT = 1 << 13,      /* LQ_W_LUN: it is not there, but may come */
    LQ_F_STOPS = 1 << 14,       /* LQ_W_FAULT: all that its sender says behind the PDU waits, too */
    LQ_F_UNFENCED = 1 << 15     /* LQ_W_STORE: what it has been asked by a target that ended can
                                   still land when the next one serves */
};

/* SAM task attributes; every transport maps its own codes to these. */
enum lq_attribute { LQ_SIMPLE, LQ_ORDERED, LQ_HEAD_OF_QUEUE, LQ_ACA };

enum lq_tm_function {
    LQ_TM_ABORT_TASK = 1,
    LQ_TM_ABORT_TASK_SET,
    LQ_TM_CLEAR_ACA,
    LQ_TM_CLEAR_TASK_SET,
    LQ_TM_LOGICAL_UNIT_RESET,
    LQ_TM_TARGET_WARM_RESET,
    LQ_TM_TARGET_COLD_RESET,
    LQ_TM_TASK_REASSIGN,
    LQ_TM_QUERY_TASK,
    LQ_TM_QUERY_TASK_SET,
    LQ_TM_I_T_NEXUS_RESET,
    LQ_TM_QUERY_ASYNCHRONOUS_EVENT,
    LQ_TM_FUNCTIONS
};

/* Answers to TM functions in SAM's terms, and the two that transports tell apart. */
enum lq_tm_answer {
    LQ_TM_COMPLETE,
    LQ_TM_TASK_ABSENT, /* SAM: FUNCTION COMPLETE; iSCSI: decided by RefCmdSN, [RFC 7143 11.6.1] */
    LQ_TM_INCORRECT_LUN,
    LQ_TM_NOT_SUPPORTED,
    LQ_TM_REJECTED,
    LQ_TM_SUCCEEDED
};

/* What ends commands from outside: one row each in the engine's table of triggers. */
enum lq_trigger {
    LQ_TRIGGER_NONE,
    LQ_TRIGGER_ABORT_TASK,
    LQ_TRIGGER_ABORT_TASK_SET,
    LQ_TRIGGER_CLEAR_TASK_SET,
    LQ_TRIGGER_LOGICAL_UNIT_RESET,
    LQ_TRIGGER_TARGET_WARM_RESET,
    LQ_TRIGGER_TARGET_COLD_RESET,
    LQ_TRIGGER_PREEMPT_AND_ABORT, /* by a command; LQ_E_AFFECTED has its serial */
    LQ_TRIGGER_I_T_NEXUS_RESET,
    LQ_TRIGGER_CLEAR_ACA,
    LQ_TRIGGER_QERR,              /* by one that ends with CHECK CONDITION; the same */
    LQ_TRIGGER_NEXUS_LOSS,
    LQ_TRIGGER_LOGOUT,
    LQ_TRIGGER_REINSTATEMENT,
    LQ_TRIGGERS
};

enum { LQ_GAVE_UP_LOST = 1 };

enum lq_lun_change { LQ_LUN_REMOVED = 1, LQ_LUN_RESIZED, LQ_LUN_ACCESS };

enum lq_bound {
    LQ_BOUND_QUARANTINE_AFTER,       /* TM functions and logout */
    LQ_BOUND_LOGIN_QUARANTINE_AFTER, /* nexus loss and reinstatement */
    LQ_BOUND_BUSY_AFTER,
    LQ_BOUND_LIVENESS,     /* after heal everything outstanding ends within this */
    LQ_BOUND_LOGIN_TIMEOUT /* of the target, for a login that stops */
};

enum lq_phase { LQ_PHASE_SAFETY = 1, LQ_PHASE_HEAL, LQ_PHASE_LIVENESS, LQ_PHASE_END };

enum lq_close { LQ_CLOSE_FIN = 1, LQ_CLOSE_RESET, LQ_CLOSE_TIMEOUT, LQ_CLOSE_BY_TARGET };

/* Catastrophes, and the start after them. */
enum lq_power {
    LQ_POWER_CUT = 1,    /* target and stores lost power: caches are gone, and all that was out */
    LQ_POWER_CRASH,      /* the target is gone; stores live, requests in them still land */
    LQ_POWER_DISK_RESET, /* one store lost its cache and failed what was out; the target lives */
    LQ_POWER_ON          /* the target serves again; it remembers nothing but what is stored */
};

/* Of a write that was not durable when its store lost power. */
enum lq_fate { LQ_FATE_KEPT = 1, LQ_FATE_LOST, LQ_FATE_TORN };

enum lq_pool {
    LQ_POOL_TASKS = 1,
    LQ_POOL_TASK_MANAGEMENT,
    LQ_POOL_TRANSPORT_COMMANDS,
    LQ_POOL_SESSIONS, /* free + established sessions that the world still uses */
    LQ_POOL_CONNECTIONS
};

/* Fixed form; unused fields are 0. */
struct lq_event {
    uint64_t time_ns;
    uint64_t seq;        /* given by the history, from 1, without holes */
    uint16_t kind;       /* enum lq_event_kind */
    uint16_t actor;      /* 0: target side or world; 1..: initiator number */
    uint16_t target;     /* number of the SCSI target device */
    uint16_t flags;      /* enum lq_event_flag */
    uint32_t connection; /* number given by the world, from 1; 0: none */
    uint32_t code;
    uint32_t detail;
    uint32_t nblocks;
    uint64_t nexus;
    uint64_t lun;
    uint64_t tag;
    uint64_t serial;
    uint64_t stamp; /* order stamp of the command in its I_T nexus (engine), CmdSN (initiator) */
    uint64_t lba;
    uint64_t value;
};

/* Bytes at the target's end of a connection, as they passed: a tap may cut a PDU anywhere. Or one
 * whole frame at a frame device of the target's, from its destination address on. */
enum lq_direction { LQ_TO_TARGET, LQ_FROM_TARGET };

struct lq_tap {
    uint64_t time_ns;
    uint64_t seq; /* the same numbering as events */
    uint32_t connection; /* of a frame: the device's number, from 1 */
    enum lq_direction direction;
    const uint8_t *bytes; /* valid during the call */
    uint32_t size_bytes;
};

/* Who wants to see the records. Each function may be NULL. A sink must not add records. */
struct lq_history_sink {
    void (*event)(void *context, const struct lq_event *event);
    void (*tap)(void *context, const struct lq_tap *tap);
    void (*frame)(void *context, const struct lq_tap *frame);
    void *context;
};

enum { LQ_HISTORY_SINKS_MAX = 8 };

struct lq_history {
    struct lq_history_sink sinks[LQ_HISTORY_SINKS_MAX];
    uint32_t sink_count;
    uint64_t next_seq;
    uint64_t fingerprint;
    uint64_t event_count;
    uint64_t tap_bytes;
};

void lq_history_init(struct lq_history *history);

/* Attaches SINK; at most LQ_HISTORY_SINKS_MAX. */
void lq_history_attach(struct lq_history *history, struct lq_history_sink sink);

/* Numbers EVENT (its seq), mixes it into the fingerprint and hands it to the sinks. HISTORY may be
 * NULL: nothing is kept. */
void lq_history_add(struct lq_history *history, struct lq_event *event);

/* The same for bytes on the wire. */
void lq_history_tap(struct lq_history *history, uint64_t time_ns, uint32_t connection,
                    enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes);

/* The same for a whole frame at DEVICE. */
void lq_history_frame(struct lq_history *history, uint64_t time_ns, uint32_t device,
                      enum lq_direction direction, const uint8_t *bytes, uint32_t size_bytes);

/* The number that stands for an I_T nexus in records: of the initiator port's canonical
 * TransportID [SPC-5 7.6.4] and the relative target port identifier. */
uint64_t lq_nexus_hash(const uint8_t *transport_id, uint32_t size_bytes, uint16_t target_port);

/* Name of a kind, for logs ("E_ENDED"); "?" for numbers that are none. */
const char *lq_event_kind_name(uint32_t kind);

#endif
