/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: what stands between a shard and the network at the target's end of a connection, and
 * does to PDUs what fault rules say.
 *
 * It follows the byte stream of each direction PDU by PDU. Bytes pass where they are, uncopied,
 * until a rule may strike; then headers are held until they are whole, the rules are asked, and
 * only a PDU that is struck is collected, changed, kept or lost. The shard's taps so show what the
 * target really received and sent. Without such a rule nothing is held and no byte changes.
 *
 * What this is not: a decider (faults) or a network. It draws what by-odds faults leave open from
 * the deciders' choice and records each hit as LQ_W_FAULT.
 *
 * Use: while lq_filter_is_active() says no, move bytes as ever, telling lq_filter_saw() of them.
 * Else offer what has come to lq_filter_next() until it neither eats nor gives; hand on what it
 * gives, and tell lq_filter_passed() how much of that was taken.
 *
 * Who uses it: sim/virtual, sim/live. All memory is carved at start.
 */
#ifndef LQ_SIM_SHARD_FILTER_H
#define LQ_SIM_SHARD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/digest.h"
#include "core/base/history.h"
#include "core/base/slice.h"
#include "faults/faults.h"

struct lq_filter;

/* What may stand around the data of a PDU: header, additional headers, digests, padding. */
enum { LQ_FILTER_AROUND_BYTES = 2048 };

struct lq_filter_config {
    uint32_t connections; /* slots 0.. that its user numbers */
    uint32_t parcels;     /* PDUs that can be kept at once; when there are few, no rule is asked */
    uint32_t pdu_bytes;   /* longest PDU that rules can strike; longer ones pass */
};

/* Carves a filter (NULL from a measuring arena). FAULTS outlives it. */
struct lq_filter *lq_filter_make(struct lq_arena *arena, const struct lq_filter_config *config,
                                 struct lq_faults *faults);

/* The connection in SLOT, numbered NUMBER in records, begins; ends. */
void lq_filter_open(struct lq_filter *filter, uint32_t slot, uint32_t number);
void lq_filter_close(struct lq_filter *filter, uint32_t slot);

/* Which digests PDUs of the full feature phase have; to be told before the first of them passes. */
void lq_filter_digests(struct lq_filter *filter, uint32_t slot, bool of_header, bool of_data);

/* A rule may strike, or something is kept. */
bool lq_filter_is_active(const struct lq_filter *filter, uint32_t slot,
                         enum lq_direction direction);

/* BYTES have passed untouched; of OFFERED_BYTES that the receiver saw, so many were not taken. */
void lq_filter_saw(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                   const uint8_t *bytes, uint32_t size_bytes, uint32_t left_bytes);

struct lq_filter_step {
    struct lq_slice give;  /* to be handed on next */
    uint32_t eaten_bytes;  /* of what came; it is the filter's now. Then nothing is given */
    enum lq_close end;     /* LQ_CLOSE_FIN, LQ_CLOSE_RESET: the connection ends here. 0: goes on */
    bool is_own;           /* what is given is not of what came */
};

/* CAME is what has come from the sender and was neither eaten nor passed: perhaps nothing. */
struct lq_filter_step lq_filter_next(struct lq_filter *filter, uint32_t slot,
                                     enum lq_direction direction, struct lq_slice came);

/* Of what STEP gave TAKEN_BYTES were taken. Returns how many of them were of what came. */
uint32_t lq_filter_passed(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                          const struct lq_filter_step *step, uint32_t taken_bytes);

/* Something of DIRECTION is still to be given, now or later. */
bool lq_filter_keeps(const struct lq_filter *filter, uint32_t slot, enum lq_direction direction);

/* The sender will send nothing more: what waits for others to pass goes on. */
void lq_filter_flush(struct lq_filter *filter, uint32_t slot, enum lq_direction direction);

/* When something that is kept may go on, UINT64_MAX: never; a rule that is disarmed lets it go at
 * once. Then all connections are worth a look. */
uint64_t lq_filter_deadline(const struct lq_filter *filter);

/* They will be looked at now. */
void lq_filter_expire(struct lq_filter *filter);

/* Nothing is kept any more. */
void lq_filter_heal(struct lq_filter *filter);

/* --- exploration ---------------------------------------------------------------------------- */

/* While IS_TIMELESS, time lets nothing go that is kept: lq_filter_let_go() does, at any moment. */
void lq_filter_set_timeless(struct lq_filter *filter, bool is_timeless);

/* How many things of DIRECTION wait for their time: a stream that stands still, PDUs set aside.
 * What stays until heal is none of them. */
uint32_t lq_filter_waiting(const struct lq_filter *filter, uint32_t slot,
                           enum lq_direction direction);

/* The time of the PLACE-th of them has come; its connection is worth a look. */
void lq_filter_let_go(struct lq_filter *filter, uint32_t slot, enum lq_direction direction,
                      uint32_t place);

/* Mixes in all that the future of the PDUs of SLOT depends on (core/base/digest.h). */
void lq_filter_digest(const struct lq_filter *filter, uint32_t slot, struct lq_digest *digest);

#endif
