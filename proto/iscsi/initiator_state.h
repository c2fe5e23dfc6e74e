/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the initiator endpoint share. Internal: only initiator*.c include it.
 *
 *   initiator.c         slots of requests, their life, events, time
 *   initiator_request.c what the caller asks for
 *   initiator_output.c  what goes out, in which order, as which bytes
 *   initiator_input.c   framing, numbers, and the answers of the target
 *   initiator_data.c    Data-Out, Data-In, R2T
 *   initiator_login.c   login and text negotiation
 *   initiator_keys.c    the keys that are offered, and their answers
 *
 * A request has one slot of a fixed table. While a PDU that answers it is legal its slot is found
 * by tag; while the caller may name it, by id. A slot whose request has ended but whose Data-Out is
 * still going out is OWING; then RELEASED until the caller has been told; then free.
 */
#ifndef LQ_PROTO_ISCSI_INITIATOR_STATE_H
#define LQ_PROTO_ISCSI_INITIATOR_STATE_H

#include "core/base/list.h"
#include "proto/iscsi/initiator.h"
#include "proto/iscsi/pdu.h"
#include "proto/iscsi/text.h"

enum {
    EVENTS_PER_STEP = 4, /* that one PDU may cause at most */
    NOP_ANSWERS = 8,
    LOGIN_MORE_BYTES_MAX = 1024,
    LOGIN_WITHOUT_BYTES_MAX = 256,
    LOGIN_REPLY_BYTES = 1024,
    LOGIN_TEXT_BYTES = 4096, /* names, more keys, replies and all offers fit */
    LOGIN_ROUNDS_MAX = 32,
    OUTPUT_HEADER_BYTES = LQ_BHS_BYTES + 248 + 8 + LQ_DIGEST_BYTES /* longest: both AHS types */
};

#define NO_SLOT UINT32_MAX

enum request_kind { COMMAND, TASK_MANAGEMENT, LOGOUT, PING, TEXT, RAW };

enum request_life { FREE, QUEUED, SENT, ABANDONED, OWING, RELEASED };

/* A sequence of Data-Out that was asked for. */
struct window {
    uint32_t ttt, next, end, data_sn;
};

struct request {
    struct lq_link link;       /* free, urgent, queue, abandoned or released list */
    struct lq_link data_link;  /* unsolicited list */
    struct lq_link asked_link; /* asked list */
    uint32_t next_by_tag, next_by_id;
    enum request_kind kind;
    enum request_life life;
    bool has_tag;       /* found by tag */
    bool tell_released; /* DATA_RELEASED is due at the end */
    uint64_t id, lun;
    uint32_t itt, cmd_sn;
    bool immediate;

    /* command */
    bool read, write, hold;
    uint8_t attribute; /* as on the wire */
    uint8_t cdb[LQ_ISCSI_I_CDB_BYTES_MAX];
    uint32_t cdb_bytes;
    uint32_t expected_in_bytes, expected_out_bytes;
    const uint8_t *out;
    uint32_t out_bytes;
    uint8_t *in;
    uint32_t in_bytes;
    uint32_t immediate_max, unsolicited_max, segment_max;
    uint32_t outputs; /* encoded PDUs that point into OUT */
    uint32_t encoded_out_bytes;
    struct window unsolicited;                 /* next == end: nothing owed */
    struct window windows[LQ_ISCSI_I_R2T_MAX]; /* oldest first */
    uint32_t window_count;
    uint32_t asked_end;   /* where the next R2T begins */
    uint32_t exp_data_sn; /* of Data-In and R2T, which share it [RFC 7143 11.8] */
    uint32_t in_next, in_sequence_bytes;
    uint32_t in_end; /* furthest byte of Data-In received */
    bool had_data_in;

    /* others */
    uint8_t function; /* TM function, logout reason */
    uint16_t cid;
    uint32_t referenced_tag, referenced_cmd_sn;
    bool referenced_immediate;
    uint32_t ttt;       /* text: of the answer that is to be continued */
    const uint8_t *raw; /* text or NOP-Out data in the raw buffer */
    uint32_t raw_bytes;
    uint64_t raw_hash;
};

/* A PDU that goes out: header with AHS and digest, then bytes of others, then zeros, then the data
 * digest. */
struct output {
    uint32_t header_bytes;
    uint32_t data_bytes;
    uint32_t zero_bytes; /* Data-Out beyond the caller's memory, and padding */
    uint32_t digest_bytes;
    uint8_t digest[LQ_DIGEST_BYTES];
    uint32_t slot;       /* whose OUT memory DATA is in; NO_SLOT: none */
    bool raw;            /* DATA is in the raw buffer */
    const uint8_t *data;
    uint8_t header[OUTPUT_HEADER_BYTES];
};

struct nop_answer {
    uint64_t lun;
    uint32_t ttt;
};

enum phase { IDLE, LOGIN, FULL_FEATURE, CLOSING };

struct login {
    struct lq_iscsi_initiator_offer offer;
    uint8_t isid[LQ_ISID_BYTES];
    uint16_t tsih, cid;
    uint32_t itt;
    bool discovery, one_key_per_pdu;
    bool pdu_due;     /* a request is to be encoded */
    bool asked_final; /* the request that is out has the T bit */
    bool continuing;  /* the next request only asks for the rest of the answer */
    bool names_sent, more_sent, have_stat_sn;
    uint8_t stage;
    uint32_t next_key; /* of the keys to offer, the first that was not offered yet */
    uint32_t answered; /* bit per key */
    uint32_t rounds;
    bool tells_text, says_auth;
    /* In own_text: who we are, then more_keys; without_keys at its end. */
    uint32_t name_bytes, more_bytes, without_bytes;
    uint32_t reply_bytes;
    uint8_t own_text[LOGIN_MORE_BYTES_MAX + LOGIN_WITHOUT_BYTES_MAX + 600];
    uint8_t replies[LOGIN_REPLY_BYTES]; /* to keys that the target began */
    uint8_t text[LOGIN_TEXT_BYTES];     /* of the request that is out */
    uint64_t deadline_ns;
};

struct lq_iscsi_initiator {
    struct lq_iscsi_initiator_config config;
    struct lq_env *env;
    enum phase phase;
    bool close_untold;
    uint32_t close_code;

    struct request *requests;
    uint32_t *by_tag, *by_id; /* buckets: first slot or NO_SLOT */
    uint32_t bucket_mask;
    struct lq_link free, urgent, queue, abandoned, released;
    struct lq_link unsolicited, asked;
    uint32_t known_count, queued_count, abandoned_count, free_count;
    uint32_t awaited_count; /* sent, not abandoned */
    uint64_t waiting_since_ns;

    uint32_t cmd_sn, next_itt;
    uint32_t exp_cmd_sn, max_cmd_sn; /* the target's */
    uint32_t exp_stat_sn;
    uint16_t tsih;
    bool raw_used, logout_sent, data_turn;
    struct lq_iscsi_initiator_offer params;
    uint32_t target_segment_max;
    struct login login;

    struct output *outputs; /* ring */
    uint32_t output_first, output_count;
    uint32_t output_sent_bytes;                 /* of the first */
    struct nop_answer nop_answers[NOP_ANSWERS]; /* ring */
    uint32_t nop_first, nop_count;
    uint8_t *raw;
    uint32_t raw_used_bytes, raw_references;

    /* input */
    uint8_t header[LQ_BHS_BYTES];
    uint32_t header_bytes;
    bool in_pdu; /* the header is complete */
    bool begun;  /* and its digest right: it is handled */
    struct lq_iscsi_pdu pdu;
    uint32_t ahs_left, header_digest_left, data_left, pad_left, data_digest_left;
    uint32_t crc; /* of what the next digest covers */
    uint8_t digest[LQ_DIGEST_BYTES];
    bool error_told;    /* one for this PDU */
    bool ignored;       /* the rest of this PDU means nothing */
    uint32_t data_slot; /* Data-In: whose it is */
    uint8_t *segment;   /* text_bytes_max */
    uint32_t segment_bytes;
    uint8_t *text; /* collected answer of login or text request; text_bytes_max */
    uint32_t text_bytes;
    uint32_t text_slot; /* the one text request, or NO_SLOT */

    struct lq_iscsi_initiator_event *events; /* ring */
    uint32_t event_first, event_count;
};

/* The place COUNT behind FIRST in a ring of SIZE; COUNT is at most SIZE. */
static inline uint32_t lq_ini_ring(uint32_t first, uint32_t count, uint32_t size)
{
    uint32_t place = first + count;
    return place < size ? place : place - size;
}

/* --- initiator.c -------------------------------------------------------------------------- */

/* The next event's place, with KIND and zeros in it; there must be room. */
struct lq_iscsi_initiator_event *lq_ini_push(struct lq_iscsi_initiator *ini,
                                             enum lq_iscsi_initiator_event_kind kind);
bool lq_ini_has_event_room(const struct lq_iscsi_initiator *ini);

/* PROTOCOL_ERROR, once per PDU. */
void lq_ini_error(struct lq_iscsi_initiator *ini, enum lq_iscsi_initiator_error code);

/* The end: CLOSE_WANTED with CODE, nothing more is taken in or encoded. */
void lq_ini_close(struct lq_iscsi_initiator *ini, uint32_t code);

struct request *lq_ini_by_tag(const struct lq_iscsi_initiator *ini, uint32_t itt);
struct request *lq_ini_by_id(const struct lq_iscsi_initiator *ini, uint64_t id);
uint32_t lq_ini_slot(const struct lq_iscsi_initiator *ini, const struct request *request);

/* Gives REQUEST its tag and makes it SENT. */
void lq_ini_mark_sent(struct lq_iscsi_initiator *ini, struct request *request);
void lq_ini_add_id(struct lq_iscsi_initiator *ini, struct request *request);
void lq_ini_add_tag(struct lq_iscsi_initiator *ini, struct request *request, uint32_t itt);

/* The request is answered, or nothing is expected for it any more. True when its Data-Out memory
 * is still in use. */
bool lq_ini_end(struct lq_iscsi_initiator *ini, struct request *request);

/* Its slot is done with when nothing of it is in use any more. */
void lq_ini_settle(struct lq_iscsi_initiator *ini, struct request *request);

/* --- initiator_request.c ------------------------------------------------------------------ */

/* One reference to the raw buffer is gone; without references its room is free again. */
void lq_ini_raw_drop(struct lq_iscsi_initiator *ini);

/* --- initiator_output.c ------------------------------------------------------------------- */

bool lq_ini_has_output_room(const struct lq_iscsi_initiator *ini);
/* A free place in the output, where there must be room; it is out once lq_ini_output_add is
 * called. */
struct output *lq_ini_output_next(struct lq_iscsi_initiator *ini);
void lq_ini_output_add(struct lq_iscsi_initiator *ini, struct output *output,
                       const struct lq_iscsi_pdu *pdu);

/* --- initiator_data.c --------------------------------------------------------------------- */

/* Encodes one Data-Out PDU when one may go. */
bool lq_ini_encode_data_out(struct lq_iscsi_initiator *ini);
/* Points OUTPUT at SIZE bytes of the command's Data-Out from OFFSET. */
void lq_ini_point_at_out(struct lq_iscsi_initiator *ini, struct output *output,
                         struct request *request, uint32_t offset, uint32_t size);
void lq_ini_owe_unsolicited(struct lq_iscsi_initiator *ini, struct request *request,
                            uint32_t offset, uint32_t end);
void lq_ini_release(struct lq_iscsi_initiator *ini, struct request *request);
void lq_ini_drop_windows(struct lq_iscsi_initiator *ini, struct request *request);
void lq_ini_handle_r2t(struct lq_iscsi_initiator *ini);
void lq_ini_begin_data_in(struct lq_iscsi_initiator *ini);
void lq_ini_take_data_in(struct lq_iscsi_initiator *ini, const uint8_t *bytes, uint32_t size);
void lq_ini_end_data_in(struct lq_iscsi_initiator *ini);

/* --- initiator_input.c -------------------------------------------------------------------- */

/* What a status says, whether it came in a SCSI Response or in Data-In. */
struct ending {
    uint8_t response, status;
    bool overflow, underflow, bidi_overflow, bidi_underflow;
    uint32_t residual, bidi_residual;
    struct lq_slice sense;
};

/* Checks what it says about lengths, and tells COMMAND_DONE. */
void lq_ini_finish_command(struct lq_iscsi_initiator *ini, struct request *request,
                           const struct ending *ending);
void lq_ini_take_stat_sn(struct lq_iscsi_initiator *ini, bool advances);
void lq_ini_take_window(struct lq_iscsi_initiator *ini);

/* --- initiator_keys.c --------------------------------------------------------------------- */

enum key_rule {
    SAME,    /* only what was offered is a legal answer */
    LOWEST,  /* numbers: the answer is at most the offer */
    HIGHEST, /* at least */
    OR,
    AND,     /* booleans */
    LISTED,  /* digests: the answer is one of the offered values */
    DECLARED /* each side says its own */
};

enum key_field {
    NO_FIELD,
    HEADER_DIGEST,
    DATA_DIGEST,
    INITIAL_R2T,
    IMMEDIATE_DATA,
    SEGMENT,
    MAX_BURST,
    FIRST_BURST,
    TIME2WAIT,
    TIME2RETAIN,
    OUTSTANDING_R2T
};

/* A key that is offered: one row each [RFC 7143 13]. */
struct key {
    const char *name, *literal;
    enum key_rule rule;
    enum key_field field;
    uint32_t low, high;
    bool normal_only; /* irrelevant in discovery sessions */
    bool each_login;  /* not only the login of a session's first connection */
};

enum { KEYS = 14 };

extern const struct key lq_ini_keys[KEYS]; /* in the order of sending */

uint32_t lq_ini_key_offered(const struct lq_iscsi_initiator_offer *offer, enum key_field field);
void lq_ini_key_put(struct lq_text_writer *writer, const struct login *login,
                    const struct key *key);

/* Takes an answer to an offer; false when it is illegal. */
bool lq_ini_key_answer(struct lq_iscsi_initiator *ini, const struct key *key,
                       struct lq_slice value);

/* The target began with a key that we have not offered yet: what we offer later is the answer, so
 * it must suit both. */
void lq_ini_key_meet(struct lq_iscsi_initiator *ini, const struct key *key,
                     struct lq_slice value);

/* What was negotiated is within what we offered. */
bool lq_ini_digests_are_acceptable(const struct lq_iscsi_initiator *ini);

/* --- initiator_login.c -------------------------------------------------------------------- */

void lq_ini_encode_login(struct lq_iscsi_initiator *ini);
void lq_ini_handle_login(struct lq_iscsi_initiator *ini);
void lq_ini_handle_text(struct lq_iscsi_initiator *ini);

#endif
