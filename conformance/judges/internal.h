/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the judges share among themselves: the object, registration, proofs. Not for others.
 */
#ifndef LQ_CONFORMANCE_JUDGES_INTERNAL_H
#define LQ_CONFORMANCE_JUDGES_INTERNAL_H

#include "conformance/judges/grow.h"
#include "conformance/judges/judge.h"
#include "conformance/judges/property.h"
#include "conformance/judges/text.h"
#include "conformance/judges/view.h"

/* Whose memory is whose. */
enum lq_judge_state {
    LQ_STATE_DATA,
    LQ_STATE_ORDER,
    LQ_STATE_TM,
    LQ_STATE_REINSTATE,
    LQ_STATE_QUARANTINE,
    LQ_STATE_RESERVATION,
    LQ_STATE_UA,
    LQ_STATE_MODES,
    LQ_STATE_FAULTED,
    LQ_STATE_DIGESTS,
    LQ_STATE_SEQUENCE,
    LQ_STATE_TRANSFER,
    LQ_STATE_NEGOTIATION,
    LQ_STATE_CONNECTION,
    LQ_STATE_DURABLE,
    LQ_STATE_LIVENESS,
    LQ_STATE_ACCOUNTING,
    LQ_STATE_FRAMES,
    LQ_JUDGE_STATES
};

enum { LQ_FINDINGS_MAX = LQ_FINDINGS_KEPT + LQ_PROPERTIES };

enum { LQ_JUDGE_PARTS_MAX = 31 };

/* Places in lq_judge_parts of those who hear of something, in their order. */
struct lq_listeners {
    uint8_t count;
    uint8_t parts[LQ_JUDGE_PARTS_MAX];
};

struct lq_judge {
    struct lq_allocator allocator;
    uint64_t now_ns, now_seq; /* of the record that is being judged */
    bool finished;
    uint32_t finding_count;
    uint64_t violation_count;
    uint64_t violations[LQ_PROPERTIES];
    uint64_t exercised[LQ_PROPERTIES];
    struct lq_finding findings[LQ_FINDINGS_MAX];
    struct lq_view view;
    void *state[LQ_JUDGE_STATES]; /* of the parts, by enum lq_judge_state */
    /* By kind of event; of unknown kinds those hear that hear of all. */
    struct lq_listeners events[LQ_EVENT_KINDS];
    struct lq_listeners taps, frames, pdus, datas;
};

/* One judge. Its functions are called in the order of lq_judge_parts; NULL ones are left out. */
struct lq_judge_part {
    const char *name; /* as in lq_property_table */
    void (*init)(struct lq_judge *judge);  /* once; memory is zeroed */
    void (*free)(struct lq_judge *judge);
    void (*reset)(struct lq_judge *judge); /* before each history */
    void (*event)(struct lq_judge *judge, const struct lq_event *event);
    const uint16_t *kinds; /* of events that it hears of, to LQ_EVENT_NONE; NULL: of all */
    void (*tap)(struct lq_judge *judge, const struct lq_tap *tap);
    void (*frame)(struct lq_judge *judge, const struct lq_tap *frame);
    void (*pdu)(struct lq_judge *judge, const struct lq_pdu_seen *pdu);
    /* A PDU to the target that came with a wrong digest: it does not count [RFC 7143 7.8]. */
    void (*broken_pdu)(struct lq_judge *judge, const struct lq_pdu_seen *pdu);
    /* Data-In or Data-Out of a command that is known. */
    void (*data)(struct lq_judge *judge, const struct lq_data_seen *data);
    void (*finish)(struct lq_judge *judge);
    /* Mixes in all that further findings depend on: what it keeps, without what only counts. */
    void (*digest)(struct lq_judge *judge, struct lq_digest *digest);
};

extern const struct lq_judge_part lq_data_part, lq_order_part, lq_tm_part, lq_reinstate_part,
    lq_quarantine_part, lq_reservation_part, lq_ua_part, lq_luns_part,
    lq_modes_part, lq_faulted_part, lq_aca_part,
    lq_digests_part, lq_sequence_part, lq_transfer_part, lq_negotiation_part, lq_connection_part,
    lq_durable_part, lq_liveness_part, lq_accounting_part, lq_frames_part;

extern const struct lq_judge_part *const lq_judge_parts[];
extern const uint32_t lq_judge_part_count;

/* True when EVENT says that the target is gone, with all that it knew. */
static inline bool lq_target_ends(const struct lq_event *event)
{
    return event->kind == LQ_W_POWER &&
           (event->code == LQ_POWER_CUT || event->code == LQ_POWER_CRASH);
}

/* Hands a PDU that a tap completed to every part; as one that does not count when it is one to the
 * target with a wrong digest. */
void lq_judge_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu);

/* Hands data of a command to every part that hears of it. */
void lq_judge_data(struct lq_judge *judge, const struct lq_data_seen *data);

/* Memory for a part's state, zeroed; and back. */
void *lq_state_make(struct lq_judge *judge, enum lq_judge_state which, size_t size_bytes);
void lq_state_free(struct lq_judge *judge, enum lq_judge_state which, size_t size_bytes);

struct lq_proof {
    uint32_t count;
    struct lq_event events[LQ_PROOF_EVENTS_MAX]; /* in order of seq, each once */
};

/* Adds EVENT; NULL and unset ones are left out, and what is beyond the room. */
void lq_proof_event(struct lq_proof *proof, const struct lq_event *event);

/* Adds a PDU as an event of kind LQ_EVENT_NONE (see judge.h); a moment that did not happen is
 * left out. */
void lq_proof_wire(struct lq_proof *proof, struct lq_moment at, uint32_t connection,
                   enum lq_direction direction, uint32_t opcode, uint64_t tag);
void lq_proof_pdu(struct lq_proof *proof, const struct lq_pdu_seen *pdu);

/* Convicts for data of a command. */
void lq_convict_data(struct lq_judge *judge, enum lq_property_place property,
                     const struct lq_data_seen *data, const struct lq_text *text);

/* Convicts for a PDU; the request that it belongs to completes the proof. */
void lq_convict_pdu(struct lq_judge *judge, enum lq_property_place property,
                    const struct lq_pdu_seen *pdu, const struct lq_text *text);

void lq_convict(struct lq_judge *judge, enum lq_property_place property,
                const struct lq_proof *proof, const struct lq_text *text);

#endif
