/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judges: did a run keep the standards' promises? They read a history (core/base/history.h)
 * and nothing else; the wire they decode with a reader of their own (conformance/wire/).
 *
 * What this is not: part of the engine. It shares no constant, codec or helper with core/ (beyond
 * core/base), proto/, faults/ or sim/, so that an error there is not repeated here.
 *
 * Use: make one judge, attach its sink to a history, run, finish, look at findings; reset and go
 * on with the next seed (memory is kept). Judging is incremental: constant amortised work for each
 * event; findings can be looked at during the run.
 *
 * Who uses it: tools (sim, judge), unit tests.
 */
#ifndef LQ_CONFORMANCE_JUDGES_JUDGE_H
#define LQ_CONFORMANCE_JUDGES_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/digest.h"
#include "core/base/history.h"

/* --- the registry of properties (docs/PROPERTIES.tsv says the same; a test compares) ---------- */

struct lq_property {
    const char *id;       /* stable, never used again for anything else: "TM-2" */
    const char *slug;     /* stable too: "tm-no-late-effect" */
    const char *clause;   /* document, revision and clause it rests on */
    const char *judge;    /* which judge decides it: "data" */
    const char *sentence; /* what must hold */
};

extern const struct lq_property lq_property_table[];
extern const uint32_t lq_property_count;

#define LQ_NO_PROPERTY UINT32_MAX

/* Place of the property of this ID ("TM-2") in the table; LQ_NO_PROPERTY when there is none. */
uint32_t lq_property_find(const char *id);

/* "iscsi" or "fcp" where only that wire can put the property in this place to the test; NULL. */
const char *lq_property_transport(uint32_t property);

/* --- findings --------------------------------------------------------------------------------- */

enum { LQ_PROOF_EVENTS_MAX = 8, LQ_FINDING_TEXT_MAX = 320, LQ_FINDINGS_KEPT = 16 };

/* One broken promise. */
struct lq_finding {
    uint32_t property; /* place in lq_property_table */
    uint64_t time_ns;  /* when it was noticed */
    uint64_t seq;      /* at which record */
    /* The events that prove it, in order of their seq. A PDU is given as an event of kind
     * LQ_EVENT_NONE: connection, tag (initiator task tag), code (opcode byte), detail (enum
     * lq_direction), seq of the tap that completed it. */
    uint32_t proof_count;
    struct lq_event proof[LQ_PROOF_EVENTS_MAX];
    /* The earliest of them: what began it. */
    struct lq_event cause;
    char text[LQ_FINDING_TEXT_MAX]; /* one sentence, NUL-terminated ASCII */
};

/* --- a judge ---------------------------------------------------------------------------------- */

struct lq_judge;

/* A judge for one history; its memory comes from ALLOCATOR, which must outlive it. */
struct lq_judge *lq_judge_make(struct lq_allocator allocator);

void lq_judge_free(struct lq_judge *judge);

/* Forgets the run, keeps the memory: ready for the next history. */
void lq_judge_reset(struct lq_judge *judge);

/* What to attach (lq_history_attach). */
struct lq_history_sink lq_judge_sink(struct lq_judge *judge);

/* The history is complete: judges what can only be judged now. Once for each history. */
void lq_judge_finish(struct lq_judge *judge);

/* All findings so far, and those of the property at place PROPERTY. */
uint64_t lq_judge_violations(const struct lq_judge *judge);
uint64_t lq_judge_violations_of(const struct lq_judge *judge, uint32_t property);

/* How often the property was really put to the test: 0 says that the run proves nothing of it. */
uint64_t lq_judge_exercised(const struct lq_judge *judge, uint32_t property);

/* The findings that are kept, in the order found: the first LQ_FINDINGS_KEPT, of each property the
 * first even beyond that number. NULL past the last. */
const struct lq_finding *lq_judge_finding(const struct lq_judge *judge, uint32_t index);

/* Mixes into DIGEST all that the judge's further findings depend on. */
void lq_judge_digest(struct lq_judge *judge, struct lq_digest *digest);

#endif
