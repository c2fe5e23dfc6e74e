/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bench for the target endpoint: an engine that does what the test says and writes down what it
 * was told, and an initiator made of bytes. PDUs are put together and taken apart here from RFC
 * 7143, field by field; no encoder or decoder of the project is used.
 */
#ifndef LQ_PROTO_ISCSI_TEST_TARGET_BENCH_H
#define LQ_PROTO_ISCSI_TEST_TARGET_BENCH_H

#include <CUnit/CUnit.h>

#include <stdint.h>
#include <string.h>

#include "core/base/heap.h"
#include "proto/iscsi/target.h"

#define SECOND UINT64_C(1000000000)
#define TEXT(literal) literal, (uint32_t)sizeof(literal)

enum {
    BENCH_TASKS = 64,
    BENCH_BUFFER = 65536,
    BENCH_CONNECTIONS = 8,
    BENCH_SESSIONS = 4,
    BENCH_SEGMENT = 16384
};

/* --- the engine that does as it is told (target_bench.c) -------------------------------------- */

struct bench_task {
    struct lq_command command; /* pointers in it are stale */
    uint8_t cdb[LQ_CDB_BYTES_MAX];
    uint32_t generation;
    bool live, ended;
    bool delivered, lost, terminated, filled;
    uint32_t filled_bytes;
    uint8_t buffer[BENCH_BUFFER];
};

struct bench_tm {
    struct lq_tm_request request;
};

struct bench {
    struct lq_env env;
    struct lq_iscsi_target *target;
    struct bench_task tasks[BENCH_TASKS];
    uint32_t task_count; /* commands received since the start; the newest is tasks[count - 1] */
    struct bench_tm tms[16];
    uint32_t tm_count;
    uint32_t nexus_count;    /* established since the start */
    uint16_t nexus_target, nexus_target_port; /* of the newest */
    uint32_t nexus_lost_count;
    enum lq_trigger lost_how;
    uint64_t lost_cookie;
    uint8_t transport_id[LQ_TRANSPORT_ID_BYTES_MAX];
    uint32_t transport_id_bytes;
    uint32_t tasks_free;
    bool refuse_nexus;
    bool hold_nexus_end;  /* nexus_ended waits for bench_nexus_ended() */
    bool refuse_commands; /* BUSY, as the engine does without a slot */
    /* What happens to a command when it comes. */
    bool asks_data;   /* receive_data_out for what it expects to send, beyond immediate data */
    bool ends_good;   /* command_complete GOOD at once, with in_bytes of data */
    bool confirm;
    uint32_t in_bytes, in_defined, out_defined;
    bool tm_answers;  /* tm_executed at once with tm_answer */
    enum lq_tm_answer tm_answer;
};

extern struct bench bench;

/* Ends TASK from outside, as a store's completion would. */
void bench_end(struct bench_task *task, enum lq_status status, const uint8_t *sense,
               uint32_t sense_bytes);
bool bench_terminate(struct bench_task *task, bool wait_for_peer);
void bench_tm_executed(struct bench_tm *tm, enum lq_tm_answer answer);
void bench_nexus_ended(void);
struct bench_task *bench_newest(void);

/* --- the initiator made of bytes -------------------------------------------------------------- */

struct peer {
    lq_conn conn;
    bool open;
    enum lq_emit_end end;    /* what the target said last */
    uint8_t out[400000];     /* what the target sent */
    uint32_t out_bytes, out_read;
    uint32_t cmd_sn, exp_stat_sn, itt;
    bool header_digest, data_digest; /* PDUs carry them, both ways */
    bool spoil_header, spoil_data;   /* the next one sent: a bit of the digest is turned over */
    uint8_t pdu[48];         /* being made */
    const uint8_t *got;      /* the PDU taken last: header */
    const uint8_t *data;
    uint32_t data_bytes;
};

extern struct peer peers[BENCH_CONNECTIONS];

/* A target with the bench's limits; TWEAK may change its configuration first. */
void bench_make(void (*tweak)(struct lq_iscsi_config *config));
struct peer *bench_accept(void); /* at portal 0 */
struct peer *bench_accept_at(uint32_t portal, const char *address);
uint32_t be(const uint8_t *p, int bytes);
void put(uint8_t *p, uint32_t value, int bytes);

/* Begins a PDU: opcode byte (with I bit), flags byte; CmdSN and ExpStatSN are the peer's. */
uint8_t *begin(struct peer *peer, uint8_t opcode, uint8_t flags, uint32_t itt);
/* Sends it with a data segment, and lets the target answer. */
void send(struct peer *peer, const void *data, uint32_t data_bytes);
void feed(struct peer *peer, const uint8_t *bytes, uint32_t size_bytes);
/* The next feed comes in two pieces, cut at this byte; 0: in one. */
extern uint32_t bench_cut_at;
/* Lets the target say what it has to say, on all connections. */
void pump(void);
/* Takes the next PDU from the target; false when there is none. */
bool take(struct peer *peer);
/* The same, and it must have this opcode. */
bool take_op(struct peer *peer, uint8_t opcode);
bool has_text(const struct peer *peer, const char *pair);
void lose(struct peer *peer);
void pass(uint64_t duration_ns);

void send_login(struct peer *peer, uint8_t flags, const void *text, uint32_t text_bytes);
/* Logs in with everything in one request; LIKE: more keys. Returns the login status. */
uint32_t login(struct peer *peer, const void *more, uint32_t more_bytes);
struct peer *logged_in(void);

/* A command: FLAGS byte 1 (F 80, R 40, W 20, attribute). Numbered unless immediate. */
uint32_t command(struct peer *peer, uint8_t flags, uint32_t expected, const void *data,
                 uint32_t data_bytes);
void data_out(struct peer *peer, uint8_t flags, uint32_t itt, uint32_t ttt, uint32_t data_sn,
              uint32_t offset, const void *data, uint32_t data_bytes);
uint32_t tm(struct peer *peer, uint8_t function, uint32_t referenced, uint32_t ref_cmd_sn);

#endif
