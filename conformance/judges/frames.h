/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the FRAMES judge share (frames, frames_data, frames_login). */
#ifndef LQ_CONFORMANCE_JUDGES_FRAMES_H
#define LQ_CONFORMANCE_JUDGES_FRAMES_H

#include "conformance/judges/internal.h"
#include "conformance/wire/frame.h"

/* An exchange that an initiator's N_Port has begun with FCP_CMND, as the target's device saw it. */
struct lq_seen_fcp {
    uint32_t remote, local; /* N_Port identifiers: the initiator's, the target's */
    uint16_t ox_id, rx_id;  /* RX_ID: FFFFh until the target says one */
    struct lq_moment begun, response, abort, abort_answer;
    struct lq_wire_cmnd cmnd;
    struct lq_seen_asked *asked;
    bool is_repeated; /* its FCP_CMND came again: what belongs to which copy is open */
    bool is_over;     /* response passed, or aborted */
    struct lq_moment silent_since; /* nothing more of it may come from then on */
    const char *silenced_by;
    bool tells_silence; /* once told */
    /* Sequences from the target. */
    bool in_sequence;
    uint8_t seq_id;
    uint16_t next_count;
    /* Data. */
    uint32_t in_bytes, out_bytes; /* next offset */
    uint32_t asked_bytes;         /* Data-Out asked for: end of the furthest burst */
    uint32_t burst_end;           /* of the open burst; not above out_bytes: none is open */
    bool has_recovered;           /* an SRR was accepted, or data came out of order */
    uint8_t resend_r_ctl; /* of an SRR that was accepted: what has to come next; 0: nothing */
    struct lq_moment resend_since;
    uint32_t resend_offset;
};

/* An N_Port login as the target's device saw it. */
struct lq_seen_port {
    uint32_t remote, local;
    uint64_t port_name; /* the remote's, from its PLOGI or FLOGI; 0: not known */
    const struct lq_seen_nexus *nexus; /* NULL: not looked up, or not there */
    bool has_plogi, has_prli;
};

/* A link service request that waits for its answer. */
struct lq_seen_service {
    uint32_t requester, responder;
    uint16_t ox_id;
    uint8_t command, r_ctl;
    bool is_answered;
    uint64_t detail; /* of SRR: OX_ID << 48 | R_CTL << 32 | offset */
    struct lq_moment at;
};

/* The identity of an aborted exchange. */
struct lq_seen_identity {
    uint32_t remote, local;
    uint16_t ox_id, rx_id;
    struct lq_moment at; /* seq 0: none, or given back */
};

enum { LQ_FRAMES_HELD = 64 };

struct lq_frames_state {
    struct lq_wire_crc32 crc;
    struct lq_array exchanges, ports, services;
    struct lq_array asked; /* struct lq_seen_asked; outlives the target */
    struct lq_map exchange_of, port_of, service_of;
    struct lq_array members, debts; /* frames_fabric.c */
    uint32_t held_next;
    struct lq_seen_identity held[LQ_FRAMES_HELD]; /* newest */
    uint64_t frames; /* seen so far: numbers moments */
};

/* A frame that has just passed. */
struct lq_frame_seen {
    struct lq_wire_frame frame;
    enum lq_direction direction;
    uint32_t device;
    struct lq_moment at;
};

static inline struct lq_frames_state *lq_frames_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_FRAMES];
}

/* Convicts PROPERTY for SEEN; EXCHANGE (or NULL) completes the proof. WHAT is the end of "the
 * target sent IU of exchange N that". */
void lq_frames_convict(struct lq_judge *judge, enum lq_property_place property,
                       const struct lq_frame_seen *seen, const struct lq_seen_fcp *exchange,
                       const char *what);

/* frames_data.c: an information unit of EXCHANGE, from its initiator or from the target. */
void lq_frames_unit_came(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         struct lq_seen_fcp *exchange);
void lq_frames_unit_sent(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         struct lq_seen_fcp *exchange);

void lq_frames_tell_data(struct lq_judge *judge, const struct lq_frame_seen *seen,
                         const struct lq_seen_fcp *exchange);

/* frames_digest.c, and frames_fabric.c for its own */
void lq_frames_state_digest(const struct lq_judge *judge, struct lq_digest *digest);
void lq_frames_fabric_digest(const struct lq_judge *judge, struct lq_digest *digest);

/* frames_login.c: ELS and FC-4 link services; who is logged in. */
void lq_frames_service(struct lq_judge *judge, const struct lq_frame_seen *seen);
struct lq_seen_port *lq_frames_port(struct lq_judge *judge, uint32_t remote, uint32_t local,
                                    bool makes_it);

/* The exchange of that name, newest; NULL. */
struct lq_seen_fcp *lq_frames_exchange(const struct lq_judge *judge, uint32_t remote,
                                       uint32_t local, uint16_t ox_id);

/* All exchanges between the two that are not silent yet: nothing of them may come from now on. */
void lq_frames_silence(struct lq_judge *judge, uint32_t remote, uint32_t local,
                       const struct lq_frame_seen *seen, const char *why);

/* frames_fabric.c: a frame from or to the fabric's well-known addresses; a frame of FIP
 * from the target; an N_Port is answered. */
void lq_frames_fabric(struct lq_judge *judge, const struct lq_frame_seen *seen);
void lq_frames_fabric_links(struct lq_judge *judge, const struct lq_wire_frame *frame);
void lq_frames_fabric_proof(struct lq_judge *judge, const struct lq_frame_seen *seen);
void lq_frames_fabric_init(struct lq_frames_state *state);
void lq_frames_fabric_free(struct lq_judge *judge, struct lq_frames_state *state);
void lq_frames_fabric_forget(struct lq_frames_state *state);

/* The initiator asks about EXCHANGE, or gives it up: what it had asked for must have come. */
void lq_frames_asks_on(struct lq_judge *judge, const struct lq_frame_seen *seen,
                       struct lq_seen_fcp *exchange);

/* The I_T nexus of PORT's login; NULL: nobody has told of it. */
const struct lq_seen_nexus *lq_frames_nexus(const struct lq_judge *judge,
                                            struct lq_seen_port *port);

/* TAG of PORT's I_T nexus is a task that the engine has received and not ended. */
bool lq_frames_task_lives(struct lq_judge *judge, struct lq_seen_port *port, uint64_t tag);

#endif
