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

enum { LQ_FINDINGS_MAX = LQ_FINDINGS_KEPT + LQ_PROPERTIES };

struct lq_pdu_seen; /* conformance/judges/view.h */

struct lq_judge {
    struct lq_allocator allocator;
    uint64_t now_ns, now_seq; /* of the record that is being judged */
    bool finished;
    uint32_t finding_count;
    uint64_t violation_count;
    uint64_t violations[LQ_PROPERTIES];
    uint64_t exercised[LQ_PROPERTIES];
    struct lq_finding findings[LQ_FINDINGS_MAX];
};

/* One judge. Its functions are called in the order of lq_judge_parts; NULL ones are left out. */
struct lq_judge_part {
    const char *name; /* as in lq_property_table */
    void (*init)(struct lq_judge *judge);  /* once; memory is zeroed */
    void (*free)(struct lq_judge *judge);
    void (*reset)(struct lq_judge *judge); /* before each history */
    void (*event)(struct lq_judge *judge, const struct lq_event *event);
    void (*tap)(struct lq_judge *judge, const struct lq_tap *tap);
    void (*pdu)(struct lq_judge *judge, const struct lq_pdu_seen *pdu);
    void (*finish)(struct lq_judge *judge);
};

extern const struct lq_judge_part *const lq_judge_parts[];
extern const uint32_t lq_judge_part_count;

/* Hands a PDU that a tap completed to every part. */
void lq_judge_pdu(struct lq_judge *judge, const struct lq_pdu_seen *pdu);

struct lq_proof {
    uint32_t count;
    struct lq_event events[LQ_PROOF_EVENTS_MAX]; /* in order of seq, each once */
};

/* Adds EVENT; NULL and unset ones are left out, and what is beyond the room. */
void lq_proof_event(struct lq_proof *proof, const struct lq_event *event);

void lq_convict(struct lq_judge *judge, enum lq_property_place property,
                const struct lq_proof *proof, const struct lq_text *text);

#endif
