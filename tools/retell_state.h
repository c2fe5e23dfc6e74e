/* SPDX-License-Identifier: Apache-2.0 */
/* What retell.c (listens) and retell_write.c (tells) share. */
#ifndef LQ_TOOLS_RETELL_STATE_H
#define LQ_TOOLS_RETELL_STATE_H

#include "conformance/wire/reader.h"
#include "tools/retell.h"

enum {
    LQ_TOLD_ACTIONS_MAX = 4096,
    LQ_TOLD_COMMANDS_MAX = 2048,
    LQ_TOLD_CONNECTIONS_MAX = 256, /* by number; what later ones carry is not heard */
    LQ_TOLD_CONTENT = 24, /* of what is no medium's data: a PERSISTENT RESERVE OUT parameter list */
    LQ_TOLD_HELD = 64, /* serials whose Data-Out is withheld, the last ones */
    LQ_TOLD_ACTORS_MAX = LQ_PLAN_NEXUSES_MAX + 1
};

enum lq_told_kind {
    LQ_TOLD_LOGIN,
    LQ_TOLD_RELOGIN,
    LQ_TOLD_STALL, /* a login that stops in its middle */
    LQ_TOLD_LOGOUT,
    LQ_TOLD_VANISH,
    LQ_TOLD_DROP,
    LQ_TOLD_CLOSE,
    LQ_TOLD_PING,
    LQ_TOLD_COMMAND, /* WHICH of the commands */
    LQ_TOLD_TM,
    LQ_TOLD_FAULT, /* FUNCTION is enum lq_fault */
    LQ_TOLD_CHANGE, /* of LUN: FUNCTION is enum lq_lun_change, 0: it comes; VALUE what it becomes */
    LQ_TOLD_HEAL
};

struct lq_told_action {
    enum lq_told_kind kind;
    uint64_t time_ns;  /* as it is told */
    uint64_t sent_ns, heard_ns; /* by the target, as far as it did */
    uint32_t actor;
    uint32_t which;
    uint32_t itt; /* of a command or function */
    bool is_heard;
    bool is_behind_cut;  /* nothing passed any more: it is told only when it was heard */
    uint32_t connection; /* VANISH by a cut cable: when its last byte came; 0: when it is noted */
    uint32_t function; /* TM: enum lq_tm_function */
    uint64_t lun, value;
};

struct lq_told_command {
    uint32_t actor, itt;
    uint64_t nexus, serial;
    uint64_t engine_serial; /* 0: the target has not received it */
    uint64_t sent_ns, heard_ns; /* by the target; until then when it was sent */
    uint64_t lun, lba, expected_bytes;
    uint32_t nblocks, attribute, opcode, flags;
    uint8_t cdb[16];
    bool has_cdb, reads, writes; /* as its PDU has them */
    uint32_t immediate_bytes;
    uint64_t first_data_ns;      /* of the first Data-Out PDU, 0: none came */
    uint8_t content[LQ_TOLD_CONTENT]; /* its first data, when that came with it or in one PDU */
    uint32_t content_bytes;
    bool holds_data;             /* by a fault */
    bool is_named;               /* a TM function names it */
    bool was_in_store;
    uint32_t store;
    uint64_t submitted_ns, completed_ns; /* of its last store request; 0: not */
    uint64_t error;              /* enum lq_block_status that it ended with */
};

/* What an initiator offered in its last login; 0: the default. */
struct lq_told_offer {
    char keys[8][32]; /* as settings of `iscsi { }' */
    uint32_t key_count;
};

struct lq_told_actor {
    bool has_connection, is_logged_in, is_leaving;
    bool vanishes;  /* the fault has struck */
    bool is_cut;    /* its cable is cut, and that is told */
    bool deserted;  /* its next login is a relogin */
    bool stalls;    /* its next login stops */
    struct lq_told_offer offer;
};

struct lq_retelling {
    struct lq_told_action actions[LQ_TOLD_ACTIONS_MAX];
    uint32_t action_count;
    struct lq_told_command commands[LQ_TOLD_COMMANDS_MAX];
    uint32_t command_count;
    struct lq_told_actor actors[LQ_TOLD_ACTORS_MAX];
    uint32_t actor_of[LQ_TOLD_CONNECTIONS_MAX];
    uint32_t doom_of[LQ_TOLD_CONNECTIONS_MAX]; /* enum lq_fault that ends it, 0: none */
    struct lq_wire_crc crc;
    uint64_t last_heard_ns[LQ_TOLD_CONNECTIONS_MAX];
    bool header_digest[LQ_TOLD_CONNECTIONS_MAX], data_digest[LQ_TOLD_CONNECTIONS_MAX];
    struct lq_wire_reader *readers[LQ_TOLD_CONNECTIONS_MAX]; /* to the target; NULL: not yet */
    uint64_t held[LQ_TOLD_HELD];
    uint32_t held_count;
    uint64_t absent; /* LUNs that are not there, a bit each */
    enum lq_phase phase;
};

#endif
